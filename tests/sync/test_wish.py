"""The version that the office wants: from the heartbeat into the file that root's updater reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from kassa_tui.sync import wish
from kassa_tui.sync.wire import Heartbeat, HeartbeatAnswer
from tests.sync.conftest import Shop
from tests.sync.office import Office


def test_a_wish_comes_and_goes(tmp_path: Path) -> None:
    wish.put(tmp_path, "0.3.0", "0.2.0")
    path = tmp_path / wish.WISHES
    assert path.read_bytes() == b"0.3.0\n"
    made = path.stat().st_mtime_ns
    wish.put(tmp_path, "0.3.0", "0.2.0")
    assert path.stat().st_mtime_ns == made, "the same wish is not a new one"
    assert wish.asked(tmp_path) == "0.3.0"
    wish.put(tmp_path, "0.3.0", "0.3.0")
    assert not path.exists()
    wish.put(tmp_path, "0.4.0", "0.3.0")
    wish.put(tmp_path, "", "0.3.0")
    assert wish.asked(tmp_path) == ""


@pytest.mark.parametrize("odd", ["../x", "v1", "1/2", "1 2", "1\n2", "1" * 41, "٣.0", "1;rm", ""])
def test_what_is_no_version_is_not_passed_on(tmp_path: Path, odd: str) -> None:
    wish.put(tmp_path, odd, "0.2.0")
    assert not (tmp_path / wish.WISHES).exists()
    (tmp_path / wish.WISHES).write_text(odd)
    assert wish.asked(tmp_path) == ""


def test_a_folder_that_refuses_stops_nothing(tmp_path: Path) -> None:
    wish.put(tmp_path / "gone", "0.3.0", "0.2.0")
    assert not (tmp_path / "gone").exists()


class Wanting(Office):
    """An office that wants a version."""

    wanted = "10.0"

    def heartbeat(self, beat: Heartbeat) -> HeartbeatAnswer:
        """Wants it."""
        answer = super().heartbeat(beat)
        answer.desired_version = self.wanted
        return answer


def test_the_agent_leaves_it_and_takes_it_away(shop: Shop) -> None:
    office = Wanting()
    agent = shop.agent(office)  # type: ignore[arg-type]
    assert agent.once() is None
    assert wish.asked(shop.data) == "10.0"
    assert agent.state.now.latest_version == "10.0"
    office.wanted = ""
    assert agent.once() is None
    assert wish.asked(shop.data) == ""
    assert agent.state.now.latest_version == ""
    agent.close()
