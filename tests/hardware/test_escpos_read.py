"""The reader against bytes written by hand from Epson's command reference, and against any bytes at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.hardware.escpos_draw import draw
from kassa_tui.hardware.escpos_read import code128_text, read, turn_columns
from kassa_tui.hardware.paper import (
    BarMark,
    CutMark,
    Item,
    KickMark,
    Line,
    Picture,
    QRMark,
    Space,
    Span,
    Style,
    Unknown,
)

PLAIN = Style()
QR_HOI = b"\x1d(k\x03\x001C\x05\x1d(k\x03\x001E1\x1d(k\x06\x001P0hoi\x1d(k\x03\x001Q0"


def line(text: str, align: int = 0, spacing: int = 30, **style: bool | int) -> Line:
    return Line((Span(text, Style(**style)),), align, spacing)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("data", "items"),
    [
        (b"", ()),
        (b"a\nb", (line("a"), line("b"))),
        (b"a\r\n\n", (line("a"), Space(30))),
        (b"\xd5\x1bt\x13\xd5\n", (Line((Span("╒", PLAIN), Span("€", PLAIN)), 0, 30),)),
        (b"\x1bE\x01a\x1bE\x00b\n", (Line((Span("a", Style(bold=True)), Span("b", PLAIN)), 0, 30),)),
        (b"\x1b!\xb9a\n", (line("a", small=True, bold=True, wide=2, high=2, underline=True),)),
        (b"\x1d!\x12a\x1b@b\n", (line("b"),)),
        (b"\x1d!\x12a\n\x1b@b\n", (line("a", wide=2, high=3), line("b"))),
        (b"\x1b-1a\n\x1b-0\x1dB\x01b\n\x1bM\x01\x1dB\x00c", (
            line("a", underline=True), line("b", inverse=True), line("c", small=True))),
        (b"\x1ba\x01a\x1ba\x02\nb\n", (line("a", 1), line("b", 1))),
        (b"\x1ba2a\n", (line("a", 2),)),
        (b"\x1b3\x18a\n\x1b2b\n", (line("a", spacing=24), line("b"))),
        (b"a\x1bd\x03b\x1bJ\x64", (line("a"), Space(60), line("b"), Space(70))),
        (b"\x1bd\x02", (Space(60),)),
        (b"a\tb\n", (Line((Span("a", PLAIN), Span(" " * 7, PLAIN), Span("b", PLAIN)), 0, 30),)),
        (b"\x1bp\x00\x32\x64\x1bp1\x01\x02", (KickMark(2, 100, 200), KickMark(5, 2, 4))),
        (b"\x10\x14\x01\x01\x02", (KickMark(5, 200, 200),)),
        (b"a\x1dV\x00", (line("a"), CutMark(False))),
        (b"\x1dVB\x00\x1dV1\x1bi\x1bm", (CutMark(True),) * 4),
        (b"\x1dVA\x40", (Space(64), CutMark(False))),
        (b"\x1dv0\x00\x01\x00\x02\x00\xf0\x0f", (Picture(8, 2, b"\xf0\x0f", 0),)),
        (b"\x1ba\x01\x1dv03\x01\x00\x01\x00\xf0", (Picture(8, 1, b"\xf0", 1, (2, 2)),)),
        (b"\x1d(L\x0b\x000p0\x01\x011\x04\x00\x01\x00\xa0\x1d(L\x02\x0002", (Picture(4, 1, b"\xa0", 0),)),
        (b"\x1d8L\x0b\x00\x00\x000p0\x01\x021\x04\x00\x01\x00\xa0\x1d(L\x02\x000\x02", (
            Picture(4, 1, b"\xa0", 0, (1, 2)),)),
        (b"\x1b*\x01\x02\x00\x80\x01\na", (Picture(2, 8, b"\x80" + b"\0" * 6 + b"\x40", 0, (1, 3)), line("a"))),
        (b"\x1b*!\x01\x00\x80\x00\x01\n", (Picture(1, 24, b"\x80" + b"\0" * 22 + b"\x80", 0),)),
        (QR_HOI, (QRMark(b"hoi", 5, 1, 0),)),
        (b"\x1dk\x028712345678906\0a", (BarMark("ean13", "8712345678906", 162, 3, 0, 0), line("a"))),
        (b"\x1dh\x40\x1dw\x02\x1dH\x02\x1dkI\x04{B{{", (BarMark("code128", "{", 64, 2, 2, 0),)),
        (b"\x1c.\x1bR\x00\x1b \x00\x10\x04\x01\x1bD\x08\x10\x00\x1b$\x01\x00a", (line("a"),)),
    ],
)  # fmt: skip
def test_a_command_does_what_the_reference_says(data: bytes, items: tuple[Item, ...]) -> None:
    page = read(data, 42)
    assert (page.items, page.unknown) == (items, ())


def test_a_full_line_prints_itself() -> None:
    assert read(b"abcdefg\n", 5).items == (line("abcde"), line("fg"))
    assert read(b"abcde\nf\n", 5).items == (line("abcde"), line("f"))
    assert read(b"\x1d!\x10abc\n", 5).items == (line("ab", wide=2), line("c", wide=2))
    assert read(b"\x1d!\x70a", 5).items == (line("a", wide=8),)
    assert read(b"\x1bM\x01abcdefgh\n", 6).items == (line("abcdefgh", small=True),)


@pytest.mark.parametrize(
    ("data", "unknown", "text"),
    [
        (b"\x1bz1\n", [Unknown(0, b"\x1bz")], "1"),
        (b"a\x07b\n", [Unknown(1, b"\x07")], "ab"),
        (b"a\x1b", [Unknown(1, b"\x1b")], "a"),
        (b"\x1b\x1bE\x01a\n", [Unknown(0, b"\x1b")], "a"),
        (b"\x1bp\x00", [Unknown(0, b"\x1bp\x00")], ""),
        (b"\x1bt\xfaa\n", [Unknown(0, b"\x1bt\xfa")], "a"),
        (b"\x1dv0\x00\x01\x00\x03\x00\xff\xff", [Unknown(0, b"\x1dv0\x00\x01\x00\x03\x00\xff\xff")], "[8x2]"),
        (b"\x1dv12345a", [Unknown(0, b"\x1dv")], "12345a"),
        (b"\x1d(k\xff\xff1P0hoi", [Unknown(0, b"\x1d(k\xff\xff1P0hoi")], ""),
        (b"\x1d(A\x02\x00\x00\x02a", [Unknown(0, b"\x1d(A\x02\x00\x00\x02")], "a"),
        (b"\x1d*\x01\x01abcdefghx", [Unknown(0, b"\x1d*\x01\x01abcdefgh")], "x"),
        (b"\x1dk\x20a", [Unknown(0, b"\x1dk\x20")], "a"),
        (b"\x1b*\x07\x01\x00a", [Unknown(0, b"\x1b*\x07\x01\x00")], "a"),
        (b"\x1dVz", [Unknown(0, b"\x1dVz")], ""),
    ],
)
def test_what_it_does_not_know_is_recorded(data: bytes, unknown: list[Unknown], text: str) -> None:
    page = read(data, 42)
    assert list(page.unknown) == unknown
    assert page.text() == text


def test_the_page_as_text() -> None:
    data = b"\x1ba\x01mid\n\x1ba\x02right\n\x1ba\x00\x1d!\x11\x1ba\x01AB\n\x1b@\n" + QR_HOI
    data += b"\x1dkI\x05{B123\x1bp\x00\x01\x01\x1dV\x00"
    assert read(data, 20).text().split("\n") == [
        "        mid", "               right", "        AB", "", "[QR hoi]", "[|| 123 ||]", "[kick 2]", "-" * 20,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"{B12{C\x0c\x22{BA", "121234A"), (b"{A{1x", "x"), (b"{B{{{{", "{{"), (b"12", "12"), (b"{", "{"), (b"", ""),
    ],
)  # fmt: skip
def test_code_128_notation(data: bytes, text: str) -> None:
    assert code128_text(data) == text


def test_columns_become_rows() -> None:
    assert turn_columns(b"\xc0\x80", 2, 1) == b"\xc0\x80" + b"\0" * 6
    assert turn_columns(b"", 0, 3) == b""


COMMANDS = st.sampled_from(
    [b"\x1b", b"\x1d", b"\x1c", b"\x10", b"\x1b@", b"\x1b!", b"\x1b*", b"\x1b*!", b"\x1dk", b"\x1dkI", b"\x1dv0",
     b"\x1dV", b"\x1d(k", b"\x1d(L", b"\x1d8L", b"\x1b3", b"\x1bd", b"\x1d!", b"\x1bt", b"\x1bD", b"\n", b"\t",
     b"1P0", b"\x031Q0"]
)  # fmt: skip
BYTES = st.lists(COMMANDS | st.binary(max_size=9)).map(b"".join)


@given(BYTES | st.binary(), st.integers(-1, 64))
def test_no_bytes_raise(data: bytes, columns: int) -> None:
    page = read(data, columns)
    assert isinstance(page.text(), str)
    recorded = sum(len(part.data) for part in page.unknown)
    assert recorded <= len(data)
    assert all(data[part.offset : part.offset + len(part.data)] == part.data for part in page.unknown)


@given(BYTES)
def test_any_page_can_be_drawn(data: bytes) -> None:
    assert draw(read(data, 32)).width == 448
