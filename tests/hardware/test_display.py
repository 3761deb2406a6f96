"""Customer displays: the bytes of each language, what a customer reads, and that nobody waits for them."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.hardware.charset import Charset
from kassa_tui.hardware.display_device import PAUSE_S, DisplayDevice, SerialSurface, TextSurface, text_frame
from kassa_tui.hardware.display_protocols import LANGUAGES, fitted
from kassa_tui.hardware.serial_line import SerialLine
from kassa_tui.hardware.supervisor import Bell, DeviceError
from kassa_tui.services.ports import Showing
from kassa_tui.simulate.display import DisplaySimulator, PtyDisplay
from tests.hardware.device_bench import WAIT_S, FarEnd, Kept, Watch

UPPER, LOWER = b"Krentenbol      0,55", b"Totaal          3,50"
BREAD = Showing(("Krentenbol", "0,55"), ("Totaal", "3,50"))


@pytest.mark.parametrize(
    ("kind", "begin", "frame"),
    [
        ("escpos", "1b40 1b7413 1f01 1f4300 0c", b"\x1f$\x01\x01" + UPPER + b"\x1f$\x01\x02" + LOWER),
        ("cd5220", "1b40 1b7413 1b11 1b5f00 0c", b"\x1bQA" + UPPER + b"\r\x1bQB" + LOWER + b"\r"),
        ("dsp800", "04012517 040143315817", b"\x04\x01P1\x17" + UPPER + b"\x04\x01PE\x17" + LOWER),
    ],
)
def test_bytes(kind: str, begin: str, frame: bytes) -> None:
    assert LANGUAGES[kind].begin(19) == bytes.fromhex(begin)
    assert LANGUAGES[kind].frame(UPPER, LOWER) == frame
    seen = DisplaySimulator(kind)
    for value in LANGUAGES[kind].begin(19) + frame * 2:
        seen.hear(bytes((value,)))
    assert seen.lines == (UPPER.decode(), LOWER.decode())
    assert seen.unknown == b""


@pytest.mark.parametrize(
    ("left", "right", "line"),
    [
        ("Krentenbol", "0,55", "Krentenbol      0,55"),
        ("Waldkornbrood heel gesneden", "2,95", "Waldkornbrood h 2,95"),
        ("Welkom", "", "Welkom              "),
        ("Een naam van precies", "", "Een naam van precies"),
        ("", "12,00", "               12,00"),
        ("Alles", "1.234.567.890.123.456.789", "1.234.567.890.123.45"),
        ("0,450 kg x 1,79", "0,81", "0,450 kg x 1,79 0,81"),
    ],
)
def test_the_amount_stays_whole(left: str, right: str, line: str) -> None:
    assert fitted((left.encode(), right.encode()), 20).decode() == line


@given(st.text(max_size=40), st.text(max_size=30), st.integers(16, 40))
def test_no_text_whatever_commands_a_display(left: str, right: str, columns: int) -> None:
    encode = Charset("cp858").encode
    line = fitted((encode(left), encode(right)), columns)
    assert len(line) == columns
    assert min(line) >= 0x20
    frame = text_frame(Showing((left, right), lines=((right, left),) * 3, title=left), columns, 12)
    assert len(frame) == 11
    assert all(len(row) <= columns and (not row or row.isprintable()) for row in frame)


class Pole:
    """A display on a line, seen from its front."""

    def __init__(self, kind: str) -> None:
        self.kind, self.faces = kind, Kept()
        self.end = PtyDisplay(kind, self.faces)
        self.device = DisplayDevice(SerialSurface(SerialLine(self.end.path, 9600, "8N1"), kind, "CP858", 20), _at_once)
        self.watch = Watch("display", self.device)
        self.watch.works()

    def shows(self, upper: str, lower: str) -> None:
        """Wait until it does."""
        self.faces.until(lambda told: told[-1] == (f"{upper:<20}", f"{lower:<20}"))

    def replace(self) -> None:
        """Another one in the same place."""
        self.end = PtyDisplay(self.kind, self.faces)
        self.device._surface._line.path = self.end.path  # type: ignore[attr-defined]

    def close(self) -> None:
        """End."""
        assert self.watch.close()
        self.end.unplug()


def _at_once(bell: Bell, seconds: float) -> None:
    assert seconds == PAUSE_S


@pytest.fixture(params=sorted(LANGUAGES))
def pole(request: pytest.FixtureRequest) -> Iterator[Pole]:
    made = Pole(request.param)
    yield made
    made.close()


def test_a_customer_reads_it(pole: Pole) -> None:
    pole.device.show(BREAD)
    pole.shows("Krentenbol      0,55", "Totaal          3,50")
    pole.device.show(Showing(("Crème brûlée € ☃", "3,95"), ("Totaal", "7,45")))
    pole.shows("Crème brûlée €  3,95", "Totaal          7,45")


def test_unplugged_and_plugged_in_again_it_shows_the_newest(pole: Pole) -> None:
    pole.device.show(BREAD)
    pole.shows("Krentenbol      0,55", "Totaal          3,50")
    pole.end.unplug()
    assert pole.watch.fails() == "device_missing"
    pole.device.show(Showing(("Welkom", "")))
    pole.replace()
    pole.watch.again()
    pole.watch.works(2)
    pole.shows("Welkom", "")


def test_what_a_display_says_is_passed_over(pole: Pole) -> None:
    os.write(pole.end.far, b"\x00\xff noise \r\n" * 20)
    pole.device.show(BREAD)
    pole.shows("Krentenbol      0,55", "Totaal          3,50")
    assert pole.watch.supervisor.trouble is None


class SlowGlass:
    """A surface that draws when the test lets it."""

    def __init__(self) -> None:
        self.drawn, self.go, self.closed = Kept(), threading.Semaphore(0), 0

    def open(self) -> None:
        """Always there."""
        self.closed = 0

    def handle(self) -> int | None:
        """Nothing to watch."""
        return None

    def listen(self) -> None:
        """Nothing to hear."""
        raise AssertionError

    def draw(self, showing: Showing) -> None:
        """Slowly."""
        self.drawn(showing.upper[0])
        assert self.go.acquire(timeout=WAIT_S)

    def close(self) -> None:
        """Count."""
        self.closed += 1


def test_a_slow_display_gets_the_newest_and_holds_nobody_up() -> None:
    glass, pauses = SlowGlass(), Kept()
    device = DisplayDevice(glass, lambda bell, seconds: pauses(seconds))
    watch = Watch("display", device)
    watch.works()
    device.show(Showing(("1", "")))
    glass.drawn.wait()
    for number in range(2, 500):
        device.show(Showing((str(number), "")))
    glass.go.release()
    assert glass.drawn.wait(2) == ["1", "499"]
    glass.go.release()
    assert pauses.wait(2) == [PAUSE_S, PAUSE_S]
    device.show(Showing(("499", "")))
    device.show(Showing(("500", "")))
    glass.drawn.until(lambda told: told[-1] == "500")
    glass.go.release()
    assert watch.close()
    assert glass.drawn.told == ["1", "499", "500"]
    assert glass.closed == 1


@pytest.mark.parametrize("kind", sorted(LANGUAGES))
def test_closed_twice_and_before_it_was_opened(kind: str) -> None:
    end, stop = FarEnd(), Bell()
    device = DisplayDevice(SerialSurface(SerialLine(end.path, 9600, "8N1"), kind, "CP858", 20, b"\x02\x05C1\x03"))
    device.close()
    device.open(stop)
    began = b"\x02\x05C1\x03" + LANGUAGES[kind].begin(19)
    assert end.read(len(began)) == began
    device.close()
    device.close()
    stop.ring()
    device.open(stop)
    device.run(stop)
    device.close()
    end.unplug()


@pytest.mark.parametrize("codepage", ["CP999", "utf-8", "CP1251"])
def test_a_page_that_a_display_has_not(codepage: str) -> None:
    surface = SerialSurface(SerialLine("/dev/kassa-none", 9600, "8N1"), "escpos", codepage, 20)
    with pytest.raises(DeviceError) as caught:
        surface.open()
    assert (caught.value.code, caught.value.facts["option"]) == ("device_config", "codepage")


def test_a_display_that_takes_nothing_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kassa_tui.hardware.serial_line.WRITE_SECONDS", 0.02)
    end = FarEnd()
    line = SerialLine(end.path, 9600, "8N1")
    line.open()
    with pytest.raises(DeviceError) as caught:
        line.write(b"x" * 1_000_000)
    line.close()
    end.unplug()
    assert caught.value.code == "device_silent"


GOODS = Showing(("Krentenbol", "0,55"), ("Totaal", "1,36"), (("Bananen  0,450 kg x 1,79", "0,81"),
                                                             ("Krentenbol", "0,55")), "De Hoek")  # fmt: skip
FRAME = [
    "De Hoek", "", "Bananen  0,450 kg x 1,79            0,81", "Krentenbol                          0,55", "", "",
    "─" * 40, "Krentenbol                          0,55", "Totaal                              1,36",
]  # fmt: skip


def test_a_frame_of_a_larger_screen() -> None:
    assert text_frame(GOODS, 40, 10) == FRAME
    assert text_frame(GOODS, 40, 7) == [*FRAME[:2], FRAME[3], *FRAME[6:]]
    assert text_frame(GOODS, 40, 6) == [*FRAME[:2], *FRAME[6:]]
    assert text_frame(GOODS, 40, 3) == [*FRAME[:2], *FRAME[6:]]


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "customer.txt"
    surface = TextSurface(path, 40)
    surface.open()
    surface.draw(GOODS)
    assert path.read_text("utf-8").splitlines()[-2:] == FRAME[-2:]
    surface.draw(BREAD)
    surface.close()
    surface.close()
    assert path.read_text("utf-8").count("\n") == 23
    assert [each.name for each in tmp_path.iterdir()] == ["customer.txt"]


def test_a_fifo_that_nobody_reads_and_one_that_somebody_does(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    device = DisplayDevice(TextSurface(path, 40), _at_once)
    watch = Watch("display", device)
    assert watch.fails() == "device_missing"
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    watch.again()
    watch.works()
    os.set_blocking(reader, True)
    device.show(GOODS)
    assert _frame(reader).splitlines()[-2:] == FRAME[-2:]
    os.close(reader)
    device.show(BREAD)
    assert watch.fails() == "device_missing"
    assert watch.close()


def test_a_full_fifo_passes_frames_over(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    surface = TextSurface(path, 40)
    surface.open()
    for _ in range(1000):
        surface.draw(GOODS)
    surface.close()
    os.close(reader)
    assert surface.handle() is None


def _frame(reader: int) -> str:
    got = b""
    while not got.endswith(b"\f"):
        got += os.read(reader, 1)
    return got[:-1].decode()


def test_another_terminal(tmp_path: Path) -> None:
    far, near = pty.openpty()
    tty.setraw(near)
    fcntl.ioctl(near, termios.TIOCSWINSZ, struct.pack("HHHH", 10, 40, 0, 0))
    surface = TextSurface(Path(os.ttyname(near)), 40)
    surface.open()
    surface.draw(GOODS)
    wanted = ("\x1b[?25l\x1b[H\x1b[2J" + "\r\n".join(FRAME)).encode()
    assert os.read(far, 4096) == wanted
    surface.close()
    os.close(far)
    os.close(near)


@pytest.mark.parametrize("place", ["none/customer.txt", "."])
def test_a_place_where_nothing_can_be_shown(tmp_path: Path, place: str) -> None:
    with pytest.raises(DeviceError) as caught:
        TextSurface(tmp_path / place, 40).open()
    assert caught.value.code == "device_missing"


@given(st.sampled_from(sorted(LANGUAGES)), st.lists(st.binary(max_size=30), max_size=8))
def test_a_simulated_display_takes_any_bytes(kind: str, pieces: list[bytes]) -> None:
    display = DisplaySimulator(kind)
    for piece in pieces:
        display.hear(piece)
    assert [len(line) for line in display.lines] == [20, 20]
