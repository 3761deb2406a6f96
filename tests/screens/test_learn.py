"""The devices on the screen: how they are, learning one by using it, forgetting it; and the keyboard that stays."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence

import pytest

from kassa_tui.config import Device
from kassa_tui.domain.outcome import Refused
from kassa_tui.hardware.registry import State
from kassa_tui.services import devices
from kassa_tui.services.ports import Heard, Plugged
from tests.screens.hand import MANAGER, Hand
from tests.screens.test_devices import device

XENON = Plugged("event7", "Xenon 1900\x1b[2J", "0c2e:0b61", "usb-2/input0")
BOARD = Plugged("event3", "Cherry", "046a:0011", "usb-1/input0")
PAD = Plugged("event5", "Pad", "05a4:9837", "usb-3/input0", twin=True)
EAN = "8710400280507"
WEDGE = device("scanner", "wedge")


class Session:
    """One time of listening, as the test wants it."""

    def __init__(self, role: str, taken: tuple[str, ...], told: Callable[[Heard], None]) -> None:
        self.role, self.taken, self.told = role, taken, told
        self.confirmed, self.closed, self.shut = list[str](), 0, False

    def device(self, key: str) -> Plugged | None:
        """One of three."""
        return next((each for each in (XENON, BOARD, PAD) if each.key == key), None)

    def closed_to_us(self) -> bool:
        """As told."""
        return self.shut

    def confirm(self, key: str) -> None:
        """Keep it."""
        self.confirmed.append(key)

    def close(self) -> None:
        """Count it."""
        self.closed += 1


class Fleet:
    """Stands for the devices of the till."""

    def __init__(self) -> None:
        self.sessions = list[Session]()
        self.adopted = list[tuple[Device, ...]]()
        self.now: tuple[State, ...] = ()

    def learn(self, role: str, taken: Iterable[str], told: Callable[[Heard], None]) -> Session:
        """Keep it."""
        self.sessions.append(Session(role, tuple(taken), told))
        return self.sessions[-1]

    def adopt(self, settings: Iterable[Device], anew: str = "") -> None:
        """Keep them."""
        self.adopted.append(tuple(settings))

    def states(self) -> Sequence[State]:
        """As told."""
        return self.now


class At:
    """A hand at the devices, with what they hear."""

    def __init__(self, hand: Hand) -> None:
        self.hand, self.fleet = hand, Fleet()
        hand.desk.learns = self.fleet

    @property
    def session(self) -> Session:
        """The last one."""
        return self.fleet.sessions[-1]

    def open(self, letter: str = "") -> At:
        """The list of devices, and a letter."""
        self.hand.press("functions")
        found = re.search(r"(\S) Apparaten en wachtende bonnen", self.hand.text())
        assert found
        self.hand.type(found[1] + letter)
        return self

    def hear(self, code: str, plugged: Plugged = XENON, **facts: object) -> At:
        """The listener tells something."""
        self.session.told(Heard(code, plugged.key, **facts))  # type: ignore[arg-type]
        return self

    def scan(self) -> At:
        """The scanner reads something, as the listener has it and as the terminal has it."""
        self.hand.scan(EAN)
        return self.hear("scan", text=EAN, layout="us")

    @property
    def text(self) -> str:
        """The screen without the breaks between its lines."""
        return " ".join(self.hand.text().split())

    def kinds(self) -> list[str]:
        """Kinds of entries in the journal."""
        rows = self.hand.till.store.read.execute("select kind from journal order by seq").fetchall()
        return [row[0] for row in rows]


@pytest.fixture
def at(till_at: Callable[..., Hand]) -> Callable[..., At]:
    def make(settings: str = WEDGE, pin: str = MANAGER) -> At:
        return At(till_at(rules="\n" + settings).ready(pin))

    return make


def test_the_device_that_spoke_is_named_and_kept(at: Callable[..., At]) -> None:
    here = at().open("s")
    assert here.session.role == "scanner"
    assert "Scan nu iets" in here.text
    here.scan()
    assert "Dit was: Xenon 1900[2J" in here.text
    assert "Maker en product: 0c2e:0b61" in here.text
    assert "Poort: usb-2/input0" in here.text
    assert f"Gelezen: {EAN}" in here.text
    here.hand.type("v")
    assert here.session.confirmed == ["event7"]
    assert not (here.hand.till.config.till.data / "devices.toml").exists(), "not before it is sure"
    here.hear("sure")
    assert "Scanner vastgelegd als scanner" in here.hand.desk.message
    assert "de udev-regel is niet geschreven" in here.hand.desk.message
    (scanner,) = here.hand.till.config.devices_of("scanner")
    assert (scanner.kind, scanner.options["usb"], scanner.learned) == ("evdev", "0c2e:0b61", True)
    assert here.fleet.adopted[-1] == here.hand.till.config.devices
    assert here.session.closed == 1
    assert "device.learned" in here.kinds()
    assert here.hand.till.ticket is None, "what was scanned while learning is no article"


def test_a_further_scanner_beside_the_first(at: Callable[..., At]) -> None:
    here = at().open("s").scan()
    here.hand.type("e")
    here.hear("sure")
    assert [each.name for each in here.hand.till.config.devices_of("scanner")] == ["scanner", "scanner-2"]


def test_a_cashier_needs_a_manager_and_the_journal_has_both(at: Callable[..., At]) -> None:
    here = at(pin="1111").open("s")
    assert here.fleet.sessions == []
    assert "Akkoord nodig" in here.text
    here.hand.enter(MANAGER)
    here.scan()
    here.hand.type("v")
    here.hear("sure")
    row = here.hand.till.store.read.execute("select who, body from journal order by seq desc limit 1").fetchone()
    assert (row[0], json.loads(row[1])["by"], json.loads(row[1])["place"]) == ("1", "2", "0c2e:0b61")


def test_never_while_practising(at: Callable[..., At]) -> None:
    here = at()
    here.hand.till.training = True
    here.open("s")
    assert here.fleet.sessions == []
    assert "oefenstand" in here.hand.desk.message


@pytest.mark.parametrize(
    ("code", "words"),
    [("typed", "Dat werd getypt"), ("by_hand", "dat is een toetsenbord"), ("no_end", "geen Enter achter")],
)
def test_what_is_no_scanner_is_said_in_words(at: Callable[..., At], code: str, words: str) -> None:
    here = at().open("s").hear(code, BOARD)
    assert words in here.text
    assert "Scan nu iets" in here.text
    here.scan()
    assert words not in here.text


def test_the_keyboard_of_the_attendant_is_not_bound_by_confirming_with_it(at: Callable[..., At]) -> None:
    here = at().open("s").hear("scan", BOARD, text=EAN)
    here.hand.type("v")
    here.hear("by_hand", BOARD)
    assert "Als scanner zou u het kwijt zijn" in here.text
    here.hear("sure", BOARD)
    assert here.hand.till.config.devices_of("scanner")[0].kind == "wedge"
    assert here.fleet.adopted == []


def test_keys_of_the_device_itself_do_nothing_on_the_screen(at: Callable[..., At]) -> None:
    here = at().open("t")
    here.hand.press("cash", "enter", "functions", "lock", "help").type("1q")
    assert "Druk op een toets van het toetsenbord dat u wilt leren" in here.text
    here.hand.press("back")
    assert "Druk op een toets van" not in here.text
    assert here.session.closed == 1


def test_nobody_comes(at: Callable[..., At]) -> None:
    here = at().open("s")
    here.session.told(Heard("ended"))
    assert "luistert niet meer" in here.hand.desk.message
    assert here.session.closed == 1


def test_the_till_locks_itself_meanwhile(at: Callable[..., At]) -> None:
    here = at().open("s")
    here.hand.app.act("lock")
    here.scan()
    assert here.session.closed == 1
    assert "Dit was" not in here.text


def test_a_scan_by_a_road_that_works_already(at: Callable[..., At]) -> None:
    here = at().open("s")
    here.hand.scan("5449000000996")
    assert "Gelezen als toetsen of door een scanner die al werkt: 5449000000996" in here.text
    here.session.shut = True
    assert "mag de kassa niet luisteren" in here.text


def test_again(at: Callable[..., At]) -> None:
    here = at().open("s").scan()
    here.hear("scan", PAD, text="1234")
    assert "Dit was: Pad" in here.text
    assert "herkend aan zijn poort" in here.text
    here.hand.type("o")
    assert "Scan nu iets" in here.text
    here.hear("sure", PAD)
    assert here.fleet.adopted == []


def test_a_keyboard_and_what_its_keys_do(at: Callable[..., At]) -> None:
    here = at().open("t").hear("keys", PAD, keys=("KEY_F13",))
    assert "Toets: KEY_F13" in here.text
    here.hear("keys", BOARD, keys=("KEY_V",))
    assert "Dit was: Pad" in here.text
    here.hand.type("v")
    here.hear("sure", PAD)
    assert "Druk op een toets die iets anders moet doen" in here.text
    here.hear("keys", BOARD, keys=("KEY_B",))
    assert "Wat doet" not in here.text
    here.hear("keys", PAD, keys=("KEY_F13",))
    assert "Wat doet KEY_F13?" in here.text
    words = here.hand.desk.t("pin")
    while f" {words} " not in _chosen(here.hand):
        here.hand.press("down")
    here.hand.press("enter")
    here.hear("keys", PAD, keys=("600",)).hand.type("1").enter("6")
    assert "KEY_F13: pin" in here.text
    assert "600: 6 + Enter" in here.text
    here.hand.type("k")
    (pad,) = here.hand.till.config.devices_of("keyboard")
    assert (pad.options["usb"], pad.options["phys"]) == ("05a4:9837", "usb-3/input0")
    assert pad.options["keys"].read_text().splitlines()[2:] == ["[acts]", 'KEY_F13 = "pin"', "", "[text]",
                                                               '600 = "6\\n"']  # fmt: skip


def _chosen(hand: Hand) -> str:
    return "".join(text for row in hand.rows() for text, ink in row if ink == "select")


def test_forgotten(at: Callable[..., At]) -> None:
    here = at().open("s").scan()
    here.hand.type("v")
    here.hear("sure")
    here.hand.press("back")
    here.open().hand.press("down").type("v")
    assert "wordt niet meer gebruikt" in here.text
    here.hand.type("v")
    assert here.hand.till.config.devices_of("scanner")[0].kind == "wedge"
    assert here.kinds()[-1] == "device.forgotten"
    assert here.fleet.adopted[-1] == here.hand.till.config.devices
    assert devices.drop(here.hand.till.config, "scanner").code == "device_not_learned"  # type: ignore[union-attr]


def test_how_the_devices_are(at: Callable[..., At]) -> None:
    here = at(WEDGE + device("scanner", "evdev", usb="0c2e:0b61"))
    missing = Refused("device_missing", {"device": "scanner"})
    here.hand.desk.devices = (State("scanner", "evdev", None, "scanner-2", 1_795_262_400.0, missing),)
    here.open()
    assert "leest als toetsenbord" in here.text
    assert re.search(r"scanner-2 +evdev +in orde", here.hand.text())
    here.hand.press("down", "down", "down")
    assert "Waar: 0c2e:0b61" in here.text
    assert "Zo sinds" in here.text
    assert "Laatste storing: Scanner niet gevonden" in here.text
    here.hand.desk.devices = (State("scanner", "evdev", missing, "scanner-2", 1.0, missing),)
    assert "Scanner niet gevonden: zit de stekker erin" in here.text
    assert "Laatste storing" not in here.text
    here.hand.press("up", "back")
    assert "Apparaten" not in here.hand.desk.top.title


def test_without_devices_nothing_can_be_learned(at: Callable[..., At]) -> None:
    here = at("")
    here.hand.desk.learns = None
    here.open()
    assert "Scanner leren" not in here.text
    here.hand.type("s")
    assert here.fleet.sessions == []
