"""The black box: what it keeps, what it must not, what it costs, and the file for the helpdesk that comes of it."""

from __future__ import annotations

import json
import re
import shutil
import socket
import tarfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui import cli, config
from kassa_tui.blackbox import (
    BEFORE,
    FOLDER,
    MAX_BYTES,
    NOW,
    SCREEN,
    SECONDS,
    TRAFFIC_BYTES,
    TRAFFIC_SHARE,
    BlackBox,
    Recorder,
    applied,
    line,
    read,
)
from kassa_tui.commands.replay import dump
from kassa_tui.notify import READY, Notify
from kassa_tui.screens.base import Prompt
from kassa_tui.screens.login import LoginView
from kassa_tui.services import support
from tests.screens.hand import BREAD_CODE, Hand
from tests.screens.hand import hand as somebody
from tests.screens.hand import make_shop as make_screen_shop
from tests.services.shop_floor import Clock, hands, make_shop


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = 1_000_000.0

    def __call__(self) -> float:
        return self.at


def _rows(*texts: str) -> list[tuple[tuple[str, str], ...]]:
    return [((text, "text"),) for text in texts]


def test_only_changed_rows_are_kept_and_the_screen_comes_back() -> None:
    box = BlackBox(Hands())
    box.screen(_rows("een", "twee", "drie"))
    box.screen(_rows("een", "twee", "drie"))
    box.screen(_rows("een", "TWEE", "drie"))
    _, base, events = box.events()
    assert base == []
    assert [what for _, _, what in events] == [(3, {0: "een", 1: "twee", 2: "drie"}), (3, {1: "TWEE"})]
    screen: list[str] = []
    for event in events:
        screen = applied(screen, event[2])
    assert screen == ["een", "TWEE", "drie"]


def test_what_is_older_than_a_quarter_of_an_hour_goes_but_its_screen_stays() -> None:
    clock = Hands()
    box = BlackBox(clock)
    box.screen(_rows("oud", "blijft"))
    box.key("a")
    clock.at += SECONDS + 1
    box.screen(_rows("nieuw", "blijft"))
    _, base, events = box.events()
    assert base == ["oud", "blijft"]
    assert [event[2] for event in events] == [(2, {0: "nieuw"})]


def test_memory_has_a_bound() -> None:
    box = BlackBox(Hands(), max_bytes=50_000)
    for number in range(5000):
        box.scan(f"{number:013d}")
        box.traffic("scale", "from", bytes(1000))
        box.screen(_rows(*[f"{number} {row}" for row in range(25)]))
    assert box.size <= 50_000
    kept = box.events()[2]
    assert 0 < len(kept) < 200
    assert kept[-1][2][1][24] == "4999 24"


def test_a_secret_is_never_kept() -> None:
    box = BlackBox(Hands())
    box.key("4", secret=True)
    box.scan("12345678", secret=True)
    box.screen(_rows("Pincode: 7391_"), secret="7391")
    text = "".join(map(line, box.events()[2]))
    assert "7391" not in text
    assert "12345678" not in text
    assert "****" in text


def test_traffic_is_cut_and_told_in_full_length() -> None:
    box = BlackBox(Hands())
    box.traffic("scale", "from", b"\x06\x01" * 200)
    box.traffic("printer", "to", b"\x1b@", 4000)
    kept = [what for _, _, what in box.events()[2]]
    assert kept == [("scale", "from", "0601" * (TRAFFIC_BYTES // 2), 400), ("printer", "to", "1b40", 4000)]


def test_a_device_that_talks_much_pushes_no_screen_out() -> None:
    box = BlackBox(Hands())
    box.screen(_rows("Verkopen"))
    for number in range(20_000):
        box.traffic("scale", "from", b"\x02%05d\r" % number)
        if number == 10_000:
            box.scan(BREAD_CODE)
    kept = box.events()[2]
    assert [kind for _, kind, _ in kept[:2]] == [SCREEN, "scan"], "in order, and the oldest is still there"
    assert {kind for _, kind, _ in kept[2:]} == {"device"}
    assert box.size < MAX_BYTES // TRAFFIC_SHARE + 1000
    assert bytes.fromhex(kept[-1][2][2]) == b"\x0219999\r"


def test_traffic_takes_the_memory_that_is_reckoned_for_it() -> None:
    box = BlackBox()
    tracemalloc.start()
    try:
        for number in range(5_000):
            box.traffic("scale", "from", b"%d" % number + bytes(200))
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(box.events()[2]) < 1000
    assert used < MAX_BYTES // TRAFFIC_SHARE


def test_traffic_is_one_append(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes are kept as they are: no copy, no hexadecimal, no text on the thread that scans."""
    box, data = BlackBox(), b"8710400280507\r"
    box.traffic("scanner", "from", data)
    assert box._messages[0][2][2][2] is data
    best = 1.0
    for _ in range(10):
        begun = time.perf_counter()
        for _ in range(200):
            box.traffic("scanner", "from", data)
        best = min(best, (time.perf_counter() - begun) / 200)
    assert best < 10e-6


def test_replay_shows_bytes_with_their_characters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    box = BlackBox(Hands())
    recorder = Recorder(box, tmp_path, every=3600)
    box.traffic("scale", "to", b"W")
    box.traffic("scale", "from", b"\x0201.250\r")
    box.traffic("printer", "to", b"\x1b@\x1bt\x13" + b"*" * 20, 900)
    box.screen(_rows("Wegen"))
    recorder.close()
    assert cli.main(["replay", str(tmp_path / FOLDER / NOW)]) == 0
    shown = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert any(line.endswith("scale <- 1") for line in shown)
    assert any(line.endswith("scale -> 8") for line in shown)
    assert any(re.fullmatch(r"02 30 31 2e 32 35 30 0d +\|\.01\.250\.\|", line) for line in shown)
    assert any(re.fullmatch(r"1b 40 1b 74 13 2a .*\|\.@\.t\.\*{11}\|", line) for line in shown)
    assert "+875" in shown


@given(st.text(), st.integers())
def test_a_dump_takes_anything(data: str, size: int) -> None:
    lines = dump(data, size)
    assert all(line.startswith("      ") for line in lines)


def test_a_scan_costs_next_to_nothing() -> None:
    """The bound is for a slow board under load; on its own a scan with four changed rows takes some 6 µs."""
    box, rows, frames = BlackBox(), _rows(*["regel " * 12] * 25), []
    for number in range(1500):
        rows = list(rows)
        for row in (0, 5 + number % 10, 20, 23):
            rows[row] = ((f"{number} {row}", "text"),)
        frames.append(rows)
    best = 1.0
    for part in range(0, 1500, 100):
        begun = time.perf_counter()
        for frame in frames[part : part + 100]:
            box.scan(BREAD_CODE)
            box.screen(frame)
        best = min(best, (time.perf_counter() - begun) / 100)
    assert best < 10e-6


def test_the_file_grows_by_what_is_new_and_changes_over(tmp_path: Path) -> None:
    clock = Hands()
    box = BlackBox(clock)
    recorder = Recorder(box, tmp_path, every=3600)
    box.screen(_rows("een", "twee"))
    recorder.write()
    size = (tmp_path / FOLDER / NOW).stat().st_size
    recorder.write()
    assert (tmp_path / FOLDER / NOW).stat().st_size == size
    box.scan("123")
    recorder.write()
    assert (tmp_path / FOLDER / NOW).stat().st_size - size < 60
    clock.at += SECONDS + 5
    box.screen(_rows("een", "drie"))
    recorder.close()
    assert [what for _, _, what in read((tmp_path / FOLDER / BEFORE).open())][-1] == "123"
    later = read((tmp_path / FOLDER / NOW).open())
    assert [what for _, kind, what in later if kind == SCREEN] == [(2, {0: "een", 1: "twee"}), (2, {1: "drie"})]


def test_a_full_disk_is_no_reason_to_stop(tmp_path: Path) -> None:
    box = BlackBox(Hands())
    recorder = Recorder(box, tmp_path / "is not there", every=3600)
    box.key("a")
    recorder.write()
    (tmp_path / "is not there").mkdir()
    recorder.close()
    assert [what for _, _, what in read((tmp_path / "is not there" / FOLDER / NOW).open())][-1] == "a"


@given(st.lists(st.text()))
def test_reading_takes_anything(lines: list[str]) -> None:
    assert all(len(event) == 3 for event in read(lines))


def test_half_a_line_is_passed_over() -> None:
    whole = line((1.0, "scan", "123"))
    assert read([whole, whole[:10], '[1,"screen",["x",{}]]', "[]", whole]) == [(1.0, "scan", "123")] * 2


@pytest.fixture
def hand(tmp_path: Path) -> Iterator[Hand]:
    """Somebody at an open till."""
    (tmp_path / "till").mkdir()
    made = somebody(tmp_path / "till", make_screen_shop(tmp_path, "NL")).ready()
    yield made
    made.close()


def test_a_pin_leaves_no_trace_in_the_box(hand: Hand) -> None:
    app = hand.app
    app.desk.views.append(LoginView(app.desk))
    app.strokes([(digit, digit) for digit in "8642"])
    app.desk.views.pop()
    app.desk.show(Prompt(app.desk, "Akkoord", lambda pin: None, masked=True))
    app.strokes([(digit, digit) for digit in "7531"])
    kept = [what for _, kind, what in app.box.events()[2] if kind == "key"]
    assert kept == ["*"] * 8


def test_scans_and_keys_of_a_sale_are_in_the_box(hand: Hand) -> None:
    hand.app.strokes([BREAD_CODE, ("f9", None)])
    kept = [(kind, what) for _, kind, what in hand.app.box.events()[2] if kind in ("scan", "key")]
    assert kept[-2:] == [("scan", BREAD_CODE), ("key", "f9")]


@pytest.mark.parametrize(
    ("text", "hidden"),
    [("Tegoedbon TB1234567890 verzilverd", "1234567890"), ("VISA **** **** **** 4711", "4711"),
     ("pas 4111 1111 1111 1111 geweigerd", "1111"), ("klant Bakkerij Jansen", "Jansen"),
     ("klant bakkerij jan", "bakkerij")],
)  # fmt: skip
def test_a_customer_is_masked(text: str, hidden: str) -> None:
    masked = support.mask(text, support.pieces(["Bakkerij Jansen"]))
    assert hidden.lower() not in masked.lower()
    assert len(masked) == len(text)


@pytest.mark.parametrize("text", ["8710400280507 Krentenbol", "K1-000123 € 12,34", "2026-11-22 18:00:00"])
def test_what_explains_a_fault_is_left(text: str) -> None:
    assert support.mask(text, support.pieces(["Mevrouw De Wit"])) == text


def test_bytes_of_a_card_terminal_are_masked() -> None:
    ascii_card = b"\x02PAN=4111111111111111\x03".hex()
    packed = "0622" + "4111111111111111" + "0f"
    for data in (ascii_card, packed):
        assert "4111111111111111" not in bytes.fromhex(support.traffic(data, ()).replace("*", "0")).decode("latin-1")
        assert "4111111111111111" not in support.traffic(data, ())


@pytest.mark.parametrize("page", ["latin-1", "cp858", "cp437", "cp1252"])
def test_a_name_in_the_bytes_of_a_display_is_masked(page: str) -> None:
    data = "\x1bQAMevrouw Zoë Müller \r".encode(page).hex()
    shown = bytes.fromhex(support.traffic(data, support.pieces(["Zoë Müller"])))
    assert "Müller".encode(page) not in shown
    assert shown.startswith(b"\x1bQAMevrouw ")


def test_a_message_that_was_cut_ends_in_no_name() -> None:
    data = b"\x1bQAKlant Jans".hex()
    assert bytes.fromhex(support.traffic(data, support.pieces(["Jansen"]), 40)) == b"\x1bQAKlant ****"
    assert bytes.fromhex(support.traffic(data, support.pieces(["Jansen"]), 13)) == b"\x1bQAKlant Jans"


def test_a_secret_setting_is_masked() -> None:
    text = 'api_key = "abc"\nname = "De Hoek"\npassword="x"\n'
    assert support.settings(text) == 'api_key = "•••"\nname = "De Hoek"\npassword="•••"\n'


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A till that sold to a customer, with a recording of it."""
    folder = tmp_path_factory.mktemp("sold")
    data = make_shop(folder, "NL")
    till = hands(folder, data)
    till.open_shop("9999")
    till.do("customer 100", "6", "pay cash 5")
    till.close()
    box = BlackBox(Hands())
    recorder = Recorder(box, data, every=3600)
    box.screen(_rows("Verkopen", "klant Bakkerij Jansen", "Krentenbol 0,55"))
    for letter in "jansen":
        box.key(letter)
    box.scan(BREAD_CODE)
    box.screen(_rows("Verkopen", "klant Bakkerij Jans", "Totaal 0,55", "TB1234567890"))
    recorder.close()
    (data / "kassa.log").write_text("klant Bakkerij Jansen niet gevonden\n", "utf-8")
    return folder


def test_the_file_for_the_helpdesk_has_no_customer(sold: Path, tmp_path: Path) -> None:
    made = support.make(config.load(sold / "till.toml"), Clock(), "20261122-120000", tmp_path)
    with tarfile.open(made) as tar:
        files = {name: tar.extractfile(name).read().decode() for name in tar.getnames()}  # type: ignore[union-attr]
    assert set(files) == {"till.toml", "doctor.json", "about.json", "blackbox.jsonl", "kassa.log"}
    everything = "".join(files.values())
    for hidden in ("Jansen", "Bakkerij", "1234567890", '"j"', '"key","s"'):
        assert hidden not in everything, hidden
    assert BREAD_CODE in files["blackbox.jsonl"]
    assert {each["part"] for each in json.loads(files["doctor.json"])} >= {"journal", "till_db", "printer"}


def test_a_till_keeps_few_of_them(sold: Path, tmp_path: Path) -> None:
    shutil.copytree(sold, tmp_path / "sold")
    settings = config.load(tmp_path / "sold" / "till.toml")
    for minute in range(support.KEPT + 2):
        last = support.make(settings, Clock(), f"20261122-1200{minute:02d}")
    kept = sorted(last.parent.iterdir())
    assert len(kept) == support.KEPT
    assert kept[-1] == last


def test_replay_shows_each_screen_with_what_led_to_it(
    sold: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    made = support.make(config.load(sold / "till.toml"), Clock(), "20261122-120000", tmp_path)
    assert cli.main(["replay", str(made)]) == 0
    shown = capsys.readouterr().out
    last = shown.rpartition("== ")[2]
    assert f"scan {BREAD_CODE}" in last
    assert "| Totaal 0,55" in last
    assert "Krentenbol 0,55" not in last
    assert cli.main(["replay", str(made), "--json"]) == 0
    frames: list[Any] = json.loads(capsys.readouterr().out)
    assert frames[-1]["screen"][2] == "Totaal 0,55"


def test_replay_refuses_what_is_no_recording(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "letter.txt").write_text("Geachte helpdesk,\n")
    assert cli.main(["replay", str(tmp_path / "letter.txt")]) == 2
    assert "letter.txt" in capsys.readouterr().err


def test_systemd_hears_that_the_till_is_ready(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        assert Notify({"NOTIFY_SOCKET": str(path)}).tell(READY)
        assert listener.recv(100) == b"READY=1"
    assert not Notify({"NOTIFY_SOCKET": str(path)}).tell(READY)
    assert not Notify({}).tell(READY)


def test_the_bound_is_the_promised_one() -> None:
    assert (MAX_BYTES, SECONDS) == (2_000_000, 900)
