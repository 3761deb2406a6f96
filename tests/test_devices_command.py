"""``kassa devices`` and the same within ``kassa setup``: list, learn by doing, forget."""

from __future__ import annotations

import io
import json
import logging
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from kassa_tui import cli, config
from kassa_tui.commands import devices as command
from kassa_tui.commands.dispatch import Call
from kassa_tui.commands.questions import Interview
from kassa_tui.messages import words
from kassa_tui.services import devices as service
from kassa_tui.services.ports import Heard, Plugged

SHOP = ('[shop]\nname = "De Hoek"\ncountry = "NL"\n[till]\nid = "K1"\ndata = "data"\n'
        '[[device]]\nrole = "scanner"\nkind = "wedge"\n')  # fmt: skip
XENON = Plugged("event7", "Xenon", "0c2e:0b61", "usb-2/input0")
SCAN = Heard("scan", "event7", "8710400280507", "be")
SURE = Heard("sure", "event7")


class Script:
    """A listener that tells what a test wrote down, the last of it once the person has confirmed."""

    def __init__(self, *heard: Heard, device: Plugged = XENON) -> None:
        self.heard, self.closed, self.taken = heard, 0, list[str]()
        self._device = device

    def __call__(self, role: str, taken: Iterable[str], told: Callable[[Heard], None]) -> Script:
        self.taken, self._told = list(taken), told
        for each in self.heard:
            told(each)
        return self

    def device(self, key: str) -> Plugged | None:
        """The one there is."""
        return self._device if key == self._device.key else None

    def closed_to_us(self) -> bool:
        """Something is."""
        return True

    def confirm(self, key: str) -> None:
        """It is the right one."""
        self._told(Heard("sure", key))

    def close(self) -> None:
        """Count it."""
        self.closed += 1


@pytest.fixture(autouse=True)
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A till without systemd, Dutch, and the root logger left as it was."""
    path = tmp_path / "till.toml"
    path.write_text(SHOP)
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LC_ALL", "nl_NL.UTF-8")
    monkeypatch.setenv("KASSA_CONFIG", str(path))
    monkeypatch.setattr(service, "RULES", tmp_path / "71.rules")
    handlers, level = logging.root.handlers[:], logging.root.level
    yield path
    for handler in logging.root.handlers[:]:
        if handler not in handlers:
            handler.close()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *argv: str, typed: str = ""
) -> tuple[int, str, str]:
    """Exit code, output and errors of a command."""
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    code = cli.main(["devices", *argv])
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return code, said.out, said.err


def test_learned_listed_and_forgotten(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    script = Script(SCAN)
    monkeypatch.setattr(command, "listen", script)
    code, out, err = run(capsys, monkeypatch, "learn", "scanner", typed="j\n")
    assert code == 0
    assert "groep input" in err
    assert "Gelezen: 8710400280507" in out
    assert "de udev-regel is niet geschreven" in out
    assert script.closed == 1
    (scanner,) = config.load(shop).devices
    assert (scanner.kind, scanner.options["usb"], scanner.options["layout"]) == ("evdev", "0c2e:0b61", "be")
    code, out, _ = run(capsys, monkeypatch, "list", "--json")
    assert json.loads(out) == [
        {"name": "scanner", "role": "scanner", "kind": "evdev", "place": "0c2e:0b61", "learned": True,
         "rule": "not_written", "there": False},
    ]  # fmt: skip
    assert "is er niet" in run(capsys, monkeypatch, "list")[1]
    assert run(capsys, monkeypatch, "forget", "scanner")[0] == 0
    assert config.load(shop).devices[0].kind == "wedge"
    assert run(capsys, monkeypatch, "forget", "scanner")[0] == 4


def test_the_name_is_judged(shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "listen", Script(SCAN))
    assert run(capsys, monkeypatch, "learn", "scanner", "--name", "../x", typed="j\n")[0] == 4
    assert run(capsys, monkeypatch, "learn", "scanner", "--name", "kelder", typed="j\n")[0] == 0
    assert [each.name for each in config.load(shop).devices] == ["scanner", "kelder"]


@pytest.mark.parametrize(
    ("heard", "typed", "words_"),
    [
        ((SCAN,), "n\n", "Vastleggen?"), ((SCAN,), "", "Vastleggen?"), ((Heard("ended"),), "j\n", "luistert niet meer"),
        ((Heard("typed", "event7"), Heard("ended")), "j\n", "Dat werd getypt"),
        ((Heard("scan", "gone", "1234"), Heard("ended")), "j\n", "luistert niet meer"),
    ],
)  # fmt: skip
def test_nothing_is_kept_without_a_yes(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, heard: tuple[Heard, ...],
    typed: str, words_: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(command, "listen", Script(*heard))
    code, out, err = run(capsys, monkeypatch, "learn", "scanner", typed=typed)
    assert code == 3
    assert words_ in out + err
    assert list((shop.parent / "data").glob("devices*")) == []


def test_a_device_that_nothing_tells_from_others(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "listen", Script(SCAN, device=Plugged("event7", "Nameless")))
    code, _, err = run(capsys, monkeypatch, "learn", "scanner", typed="j\n")
    assert code == 4
    assert "andere poort" in err


def test_setup_offers_to_learn_the_scanner(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "listen", Script(SCAN))
    typed = iter(["De Hoek", "NL", "", "", "K1", str(tmp_path / "data"), "geen", "geen", "leren", "j", "geen", ""])
    spoken = Call(Namespace(), words("nl"))
    interview = Interview(spoken, tmp_path / "new.toml", lambda: next(typed) + "\n")
    answers = interview.run()
    capsys.readouterr()
    assert answers is not None
    assert answers.get("device", []) == []
    assert interview.learned == [
        {"name": "scanner", "role": "scanner", "kind": "evdev", "usb": "0c2e:0b61", "layout": "be"}
    ]
