"""The simulated printer itself: commands found in any pieces, answers in their time, faults as real printers have."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.domain.document import QR, Barcode, Cut, Document, Row, Rule, Text
from kassa_tui.hardware.escpos_render import Layout, Renderer
from kassa_tui.simulate.escpos_tokens import token_length
from kassa_tui.simulate.printer import NetworkPrinter

DOCUMENT: Document = (Text("Café", tall=True), Row("a", "1"), Rule(), QR("https://x.nl"), Barcode("K1-000001"), Cut())


@pytest.fixture
def printer() -> Iterator[NetworkPrinter]:
    made = NetworkPrinter()
    yield made
    made.close()


@pytest.fixture
def line(printer: NetworkPrinter) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", printer.port), 10) as made:
        made.settimeout(10)
        yield made


@pytest.mark.parametrize("profile", ["TM-T88V", "default", "simple", "TM-U220"])
def test_a_receipt_is_cut_into_its_commands_and_none_is_cut_in_two(tmp_path: Path, profile: str) -> None:
    data = Renderer(Layout(profile=profile, codepage="CP437"), tmp_path / "state").render(DOCUMENT)
    at, commands = 0, []
    while at < len(data):
        length = token_length(data, at)
        assert length, data[at:]
        for short in range(1, length):
            assert token_length(data[: at + short], at) is None
        commands.append(data[at : at + length])
        at += length
    assert commands[0] == b"\x1b@"
    assert all(len(each) == 1 for each in commands if each[0] >= 0x20)
    assert commands[-1][:1] in (b"\x1d", b"\n", b"\x1b")


@pytest.mark.parametrize(
    "command",
    [
        b"\x1b@", b"\x1b!\x10", b"\x1bp\x00\x32\x64", b"\x1b*\x00\x02\x00ab", b"\x1b*\x21\x02\x00abcdef",
        b"\x1bD\x08\x10\x00",
        b"\x1dV\x00", b"\x1dVA\x06", b"\x1dk\x04AB\x00", b"\x1dk\x49\x02AB", b"\x1dv0\x00\x01\x00\x02\x00ab",
        b"\x1d(k\x03\x001Q0", b"\x1d8L\x02\x00\x00\x00ab", b"\x1c.", b"\x1c(A\x01\x00a", b"\x10\x04\x01",
        b"\x10\x14\x01\x00\x01",
        b"a", b"\n", b"\x00",
    ],
)  # fmt: skip
def test_the_length_of_each_command(command: bytes) -> None:
    assert token_length(command + b"xyz", 0) == len(command)


@given(st.binary(min_size=1))
def test_any_bytes_have_an_end_or_want_more(data: bytes) -> None:
    length = token_length(data, 0)
    assert length is None or 1 <= length <= len(data)


def test_a_question_is_answered_ahead_of_the_work(printer: NetworkPrinter, line: socket.socket) -> None:
    printer.set(paper_out=True, cover_open=True, cutter_error=True, paper_near_end=True)
    line.sendall(b"Bon\n\x1dr\x01" + b"".join(bytes((0x10, 4, n)) for n in (1, 2, 3, 4)))
    answers = b""
    while len(answers) < 4:
        answers += line.recv(4)
    assert answers == b"\x1a\x76\x1a\x7e"
    assert printer.paper == b""
    printer.set(paper_out=False, cover_open=False, cutter_error=False)
    assert line.recv(1) == b"\x0c"
    assert printer.paper == b"Bon\n\x1dr\x01"


def test_a_question_in_two_pieces_and_one_within_a_picture(printer: NetworkPrinter, line: socket.socket) -> None:
    line.sendall(b"\x10")
    assert printer.wait_for(lambda it: it.received == 1)
    line.sendall(b"\x04\x01")
    assert line.recv(1) == b"\x12"
    printer.open_drawer()
    picture = b"\x1dv0\x00\x03\x00\x01\x00\x10\x04\x01"
    line.sendall(picture)
    assert line.recv(1) == b"\x16"
    assert printer.wait_for(lambda it: it.paper == picture)


def test_who_is_it(printer: NetworkPrinter, line: socket.socket) -> None:
    line.sendall(b"\x1dI\x01")
    assert line.recv(1) == b"\x20"


def test_the_drawer_opens_in_its_turn_or_at_once(printer: NetworkPrinter, line: socket.socket) -> None:
    printer.set(paper_out=True)
    line.sendall(b"\x1bp\x00\x32\x64\x10\x04\x01")
    assert line.recv(1) == b"\x1a"
    assert printer.kicks == 0
    line.sendall(b"\x10\x14\x01\x00\x01\x10\x04\x01")
    assert line.recv(1) == b"\x1e"
    assert printer.kicks == 1


def test_a_full_buffer_is_taken_no_further(line: socket.socket, printer: NetworkPrinter) -> None:
    printer.set(offline=True)
    line.settimeout(0.2)
    with pytest.raises(TimeoutError):
        line.sendall(bytes(8_000_000))
    assert len(printer._buffer) < 4096 + 512
    printer.set(offline=False)
    assert printer.wait_for(lambda it: len(it.paper) > 8192)


@pytest.mark.parametrize("after", [1, 5, 9])
def test_the_line_is_dropped_after_so_many_bytes(printer: NetworkPrinter, line: socket.socket, after: int) -> None:
    printer.set(drop_after=after)
    line.sendall(b"0123456789")
    with contextlib.suppress(ConnectionError):
        assert line.recv(1) == b""
    assert printer.wait_for(lambda it: len(it.paper) == after)
    assert (printer.received, printer.drops) == (after, 1)


def test_switched_off_it_forgets(printer: NetworkPrinter, line: socket.socket) -> None:
    printer.set(offline=True)
    line.sendall(b"0123456789")
    assert printer.wait_for(lambda it: it.received == 10)
    printer.power_cycle()
    printer.set(offline=False)
    assert (printer.paper, bytes(printer._buffer), printer.drops) == (b"", b"", 1)
