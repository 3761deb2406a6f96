"""Turns that go wrong, keys that are refused, and who may work on a channel."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kassa_tui.exports import journal_file
from kassa_tui.storage import keys
from kassa_tui.storage.database import StorageError
from kassa_tui.sync.channel.channel import Channel
from kassa_tui.sync.channel.lanes import Lane
from kassa_tui.sync.channel.status import read_status
from kassa_tui.sync.webshops.base import Permanent, Transient, Unauthorised
from tests.sync.channel.small_shop import Refusing, SmallConnector, SmallShop
from tests.sync.channel.stand import HandClock, Stand


def test_a_shop_that_is_away_is_waited_for_ever_longer(stand: Stand, connector: SmallConnector) -> None:
    connector.fault = lambda name, moment: True
    asked = []
    for _ in range(40):
        before = len(connector.asked)
        stand.engine.turn()
        asked.append(len(connector.asked) - before)
        stand.clock.pass_(10)
    assert 3 < sum(asked) < 15
    status = stand.engine.status()
    assert (status.state, status.why, status.who) == ("failing", "unreachable", "shop")
    assert status.next_try > stand.clock.at - 300_000
    connector.fault = lambda name, moment: False
    stand.clock.pass_(301)
    assert stand.engine.turn().error is None
    assert (stand.engine.status().state, stand.engine.status().since) == ("ok", 0)


def test_refused_keys_stop_everything_until_there_are_others(shop: SmallShop, stand: Stand) -> None:
    stand.crash()
    stand.connector = Refusing(shop, "pull", Unauthorised("unauthorised", {"status": 401}))
    stand.open()
    assert isinstance(stand.engine.turn().error, Unauthorised)
    stand.again()
    before = len(stand.connector.asked)
    stand.clock.pass_(86_400)
    assert isinstance(stand.engine.turn().error, Unauthorised)
    assert len(stand.connector.asked) == before
    status = stand.engine.status()
    assert (status.state, status.why, status.who, status.facts) == ("stopped", "unauthorised", "keys", {"status": 401})
    with pytest.raises(Unauthorised):
        stand.engine.compare()
    good = SmallConnector(shop)
    stand.renewed, stand.key_mark = [good], "2"
    stand.again()
    assert stand.engine.turn().error is None
    assert "pull" in good.asked
    assert stand.engine.status().state == "ok"


def test_a_person_may_say_that_it_is_well_again(shop: SmallShop, stand: Stand) -> None:
    stand.crash()
    bad = Refusing(shop, "pull", Unauthorised("unauthorised"))
    stand.connector = bad
    stand.open()
    stand.engine.turn()
    bad.name = ""
    stand.engine.retry()
    assert stand.engine.turn().error is None


def test_the_cursor_waits_for_the_last_page(shop: SmallShop, stand: Stand, connector: SmallConnector) -> None:
    was = stand.state.now.cursor
    for _ in range(7):
        shop.checkout({"1": 1})
    shop.at += 3_600_000
    calls = iter([False, False, True])
    connector.fault = lambda name, moment: name == "pull" and moment == "ask" and next(calls, False)
    turn = stand.engine.turn()
    assert (turn.orders, stand.state.now.cursor) == (6, was)
    stand.clock.pass_(301)
    assert stand.engine.turn().orders == 1
    assert stand.state.now.cursor == shop.at


def test_what_the_shop_should_see_to_is_a_finding_until_it_has(stand: Stand, connector: SmallConnector) -> None:
    assert "no_https" in stand.findings()
    plain = connector.check
    connector.check = lambda: type(plain())(name="Winkeltje")  # type: ignore[method-assign]
    stand.clock.pass_(7 * 3600)
    stand.engine.turn()
    assert "no_https" not in stand.findings()


def test_one_process_works_on_a_channel_and_says_who_it_is(stand: Stand, tmp_path: Path) -> None:
    with pytest.raises(StorageError) as refused:
        Channel.open(stand.folder, "WEB", HandClock(), me="K2")
    assert refused.value.code == "channel_running"
    assert str(refused.value.facts["holder"]).endswith(" test")
    with pytest.raises(StorageError) as refused:
        Channel.open(tmp_path / "other", "WEB", HandClock(), me="K1", owner="office")
    assert (refused.value.code, refused.value.facts["owner"]) == ("channel_of_other", "office")
    stand.crash()
    with pytest.raises(StorageError) as refused:
        Channel.open(stand.folder, "WEB2", HandClock())
    assert (refused.value.code, refused.value.facts["found"]) == ("channel_other", "WEB")
    stand.open()


def test_the_journal_of_a_channel_is_exported_as_a_tills(shop: SmallShop, stand: Stand, tmp_path: Path) -> None:
    shop.checkout({"1": 1})
    stand.engine.turn()
    path = tmp_path / "web.jsonl"
    journal_file.write(stand.channel.con, "WEB", path)
    header, flaws = journal_file.verify(path, keys.verify)
    assert (header["till"], flaws) == ("WEB", [])
    assert (stand.folder / "till.key").stat().st_mode & 0o077 == 0


def test_the_status_is_read_beside_the_engine(shop: SmallShop, stand: Stand, tmp_path: Path) -> None:
    shop.checkout({"1": 1})
    stand.engine.turn()
    found = read_status(stand.folder, stand.settings, stand.clock.at)
    assert found == stand.engine.status()
    assert found is not None
    assert (found.orders, found.links, found.shop_name, found.state) == (1, 3, "Winkeltje", "ok")
    assert read_status(tmp_path / "none", stand.settings, 0) is None
    later = read_status(stand.folder, stand.settings, stand.clock.at + 3_600_000)
    assert later is not None
    assert (later.state, later.since) == ("silent", found.last_success)
    json.dumps(found.facts)


def test_no_order_is_asked_for_where_orders_are_not_wanted(shop: SmallShop, stand: Stand) -> None:
    from dataclasses import replace

    stand.crash()
    stand.settings = replace(stand.settings, orders=False, stock=False)
    stand.open()
    shop.checkout({"1": 1})
    stand.shelf.add("A", 3)
    turn = stand.engine.turn()
    assert (turn.orders, turn.read, turn.error) == (0, 0, None)


def test_the_board_is_filled_anew_on_demand(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 1})
    stand.engine.turn()
    stand.wall.rows.clear()
    assert stand.engine.refresh_board() == 1
    assert stand.wall.rows[order.id]["stage"] == "prepare"


def test_entries_are_handed_on_when_there_are_some(shop: SmallShop, stand: Stand) -> None:
    stand.engine.turn()
    before = stand.wall.delivered
    stand.engine.turn()
    assert stand.wall.delivered == before
    shop.checkout({"1": 1})
    stand.engine.turn()
    assert stand.wall.delivered == before + 1


def test_lanes_wait_longer_each_time_and_what_the_shop_asks_for() -> None:
    lane = Lane()
    waits = [lane.failed(0.0, 0.0, lambda: 0.999) for _ in range(9)]
    assert waits == sorted(waits)
    assert (waits[0] < 5, waits[-1] <= 300) == (True, True)
    assert lane.failed(0.0, 600.0, lambda: 0.0) == 600.0
    assert not lane.open(599.0)
    lane.worked()
    assert lane.open(0.0)


@pytest.mark.parametrize("error", [Transient("not_json", {"status": 200}), Permanent("bad_answer", {"what": "x"})])
def test_an_order_page_that_cannot_be_read_is_shown_and_tried_again(
    shop: SmallShop, stand: Stand, error: Exception
) -> None:
    stand.crash()
    bad = Refusing(shop, "pull", error)
    stand.connector = bad
    stand.open()
    turn = stand.engine.turn()
    assert turn.error is error
    bad.name = ""
    stand.clock.pass_(301)
    assert stand.engine.turn().error is None
