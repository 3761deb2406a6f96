"""Bytes back to paper: an interpreter of ESC/POS that shares nothing with the renderer.

It answers what a printer would have printed for exactly these bytes, for the screen printer, for reprints shown in the
till and for tests. It follows Epson's command reference. A command it does not know is recorded and skipped, one cut
off at the end is recorded, and no byte string raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from kassa_tui.hardware.paper import (
    DOTS_PER_COLUMN,
    DOTS_PER_LINE,
    BarMark,
    CutMark,
    Item,
    KickMark,
    Line,
    Page,
    Picture,
    QRMark,
    Space,
    Span,
    Style,
    Unknown,
)

EPSON_CODEPAGES = {
    0: "cp437", 2: "cp850", 3: "cp860", 4: "cp863", 5: "cp865", 13: "cp857", 14: "cp737", 15: "iso8859_7",
    16: "cp1252", 17: "cp866", 18: "cp852", 19: "cp858", 33: "cp775", 34: "cp855", 35: "cp861", 36: "cp862",
    38: "cp869", 39: "iso8859_2", 40: "iso8859_15", 45: "cp1250", 46: "cp1251", 47: "cp1253", 48: "cp1254",
}  # fmt: skip
"""Numbers of ESC t on Epson printers; others number the same pages otherwise (`Renderer.codepages`)."""

_TEXT = re.compile(rb"[\x20-\x7e\x80-\xff]+")
_TAB = 8
_LEADS = b"\x10\x1b\x1c\x1d"
_BARCODES = ("upca", "", "ean13", "ean8", "code39", "itf", "codabar", "", "code128", "gs1_128")
_SKIPPED = {
    b"\x1b": {b"R": 1, b" ": 1, b"+": 1, b"A": 1, b"c": 2, b"{": 1, b"=": 1, b"V": 1, b"r": 1, b"S": 0, b"L": 0,
              b"$": 2, b"\\": 2, b"T": 1, b"W": 8, b"u": 1, b"v": 0, b"B": 2, b"K": 1, b"U": 1, b"%": 1, b"?": 1,
              b"e": 1, b"\x0c": 0},
    b"\x1d": {b"f": 1, b"b": 1, b"|": 1, b"P": 2, b"L": 2, b"W": 2, b"a": 1, b"r": 1, b"I": 1, b"T": 1, b"$": 2,
              b"\\": 2, b"^": 3, b":": 0, b"/": 1},
    b"\x1c": {b".": 0, b"&": 0, b"!": 1, b"-": 1, b"S": 2, b"C": 1, b"W": 1, b"p": 2},
    b"\x10": {b"\x04": 1, b"\x05": 1},
}  # fmt: skip
"""Commands that leave no trace on a plain receipt, with the number of bytes that follow them."""


def read(data: bytes, columns: int, codepages: Mapping[int, str] = EPSON_CODEPAGES) -> Page:
    """What a printer of so many columns of font A makes of the bytes."""
    reader = _Reader(data, max(1, columns), codepages)
    reader.run()
    return Page(reader.columns, tuple(reader.items), tuple(reader.unknown))


class _Reader:
    def __init__(self, data: bytes, columns: int, codepages: Mapping[int, str]) -> None:
        self.columns = columns
        self.items: list[Item] = []
        self.unknown: list[Unknown] = []
        self._data = data
        self._at = 0
        self._start = 0
        self._codepages = codepages
        self._commands = self._table()
        self._reset()

    def _table(self) -> dict[bytes, tuple[int, Callable[[bytes], object]]]:
        """Commands with a fixed number of bytes after their name."""
        return {
            b"\x1b@": (0, lambda _: self._reset()),
            b"\x1b!": (1, self._mode),
            b"\x1bE": (1, lambda n: self._restyle(bold=bool(n[0] & 1))),
            b"\x1bG": (1, lambda n: self._restyle(bold=bool(n[0] & 1))),
            b"\x1b-": (1, lambda n: self._restyle(underline=n[0] % 48 in (1, 2))),
            b"\x1bM": (1, lambda n: self._restyle(small=n[0] % 48 == 1)),
            b"\x1ba": (1, self._justify),
            b"\x1bt": (1, self._page),
            b"\x1bd": (1, lambda n: self._feed(n[0] * self._spacing)),
            b"\x1bJ": (1, lambda n: self._feed(n[0])),
            b"\x1b2": (0, lambda _: self._space(DOTS_PER_LINE)),
            b"\x1b3": (1, lambda n: self._space(n[0])),
            b"\x1bp": (3, lambda n: self._kick(n[0], n[1] * 2, n[2] * 2)),
            b"\x10\x14": (3, lambda n: self._kick(n[1], n[2] * 100, n[2] * 100) if n[0] == 1 else None),
            b"\x1bi": (0, lambda _: self._cut(True)),
            b"\x1bm": (0, lambda _: self._cut(True)),
            b"\x1bD": (0, lambda _: self._until_nul()),
            b"\x1b*": (3, self._strip),
            b"\x1d!": (1, lambda n: self._restyle(wide=(n[0] >> 4 & 7) + 1, high=(n[0] & 7) + 1)),
            b"\x1dB": (1, lambda n: self._restyle(inverse=bool(n[0] & 1))),
            b"\x1dh": (1, lambda n: self._bars.update(height=max(1, n[0]))),
            b"\x1dw": (1, lambda n: self._bars.update(module=min(6, max(1, n[0])))),
            b"\x1dH": (1, lambda n: self._bars.update(words=n[0] % 48 & 3)),
            b"\x1dk": (1, self._barcode),
            b"\x1dv": (6, self._raster),
            b"\x1dV": (1, self._knife),
            b"\x1d(": (3, lambda n: self._block(n[:1], n[1] | n[2] << 8)),
            b"\x1c(": (3, lambda n: self._block(b"", n[1] | n[2] << 8)),
            b"\x1d8": (5, lambda n: self._block(n[:1], int.from_bytes(n[1:], "little"))),
            b"\x1d*": (2, lambda n: self._unknown_after(n[0] * n[1] * 8)),
        }

    def run(self) -> None:
        while self._at < len(self._data):
            self._start = self._at
            if found := _TEXT.match(self._data, self._at):
                self._at = found.end()
                self._write(found[0].decode(self._codec, "replace"))
                continue
            byte = self._take(1)
            if byte in (b"\n", b"\x0c"):
                self._line_feed()
            elif byte == b"\t":
                used = sum(len(span.text) for span in self._spans)
                self._write(" " * (_TAB - used % _TAB))
            elif byte in _LEADS:
                self._command(byte + self._take(1))
            elif byte != b"\r":
                self._note()
        self._flush()

    def _take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        self._at += len(taken)
        return taken

    def _note(self) -> None:
        self.unknown.append(Unknown(self._start, self._data[self._start : self._at]))

    def _command(self, name: bytes) -> None:
        skipped = _SKIPPED[name[:1]].get(name[1:])
        if skipped is not None:
            if len(self._take(skipped)) < skipped:
                self._note()
            return
        if name not in self._commands:
            # A lead byte followed by another lead byte: the second begins a command of its own.
            if name[1:] and name[1:] in _LEADS:
                self._at -= 1
            self._note()
            return
        length, act = self._commands[name]
        arguments = self._take(length)
        if len(arguments) < length:
            self._note()
        else:
            act(arguments)

    def _reset(self) -> None:
        """ESC @ also throws away what stands in the line buffer."""
        self._spans: list[Span] = []
        self._used = 0
        self._after_strip = False
        self._style = Style()
        self._align = 0
        self._spacing = DOTS_PER_LINE
        self._codec = self._codepages.get(0, "cp437")
        self._bars = {"height": 162, "module": 3, "words": 0}
        self._qr = {"dots": 3, "level": 0}
        self._qr_data = b""
        self._graphics: Picture | None = None

    def _write(self, text: str) -> None:
        """Characters into the line buffer; a full line prints itself."""
        limit, cell = self.columns * DOTS_PER_COLUMN, self._style.cell
        self._after_strip = False
        while text:
            room = (limit - self._used) // cell
            if room <= 0 and self._spans:
                self._flush()
                continue
            piece, text = text[: max(1, room)], text[max(1, room) :]
            self._used += len(piece) * cell
            self._spans.append(Span(piece, self._style))

    def _flush(self) -> bool:
        """Print what is in the line buffer; False where it is empty."""
        if not self._spans:
            return False
        self.items.append(Line(tuple(self._spans), self._align, self._spacing))
        self._spans, self._used = [], 0
        return True

    def _line_feed(self) -> None:
        if not self._flush() and not self._after_strip:
            self.items.append(Space(self._spacing))
        self._after_strip = False

    def _feed(self, dots: int) -> None:
        """ESC d and ESC J print the buffer first; its line is the first of the feed."""
        spare = dots - self._spacing if self._flush() else dots
        if spare > 0:
            self.items.append(Space(spare))

    def _space(self, dots: int) -> None:
        self._spacing = dots

    def _restyle(self, **change: bool | int) -> None:
        self._style = replace(self._style, **change)  # type: ignore[arg-type]

    def _mode(self, n: bytes) -> None:
        bits = n[0]
        self._style = replace(
            self._style, small=bool(bits & 1), bold=bool(bits & 8), high=2 if bits & 16 else 1,
            wide=2 if bits & 32 else 1, underline=bool(bits & 128),
        )  # fmt: skip

    def _justify(self, n: bytes) -> None:
        """Obeyed at the beginning of a line only."""
        if n[0] % 48 <= 2 and not self._spans:
            self._align = n[0] % 48

    def _page(self, n: bytes) -> None:
        if n[0] in self._codepages:
            self._codec = self._codepages[n[0]]
        else:
            self._note()

    def _kick(self, connector: int, on_ms: int, off_ms: int) -> None:
        self.items.append(KickMark(5 if connector % 48 == 1 else 2, on_ms, off_ms))

    def _cut(self, partial: bool) -> None:
        self._flush()
        self.items.append(CutMark(partial))

    def _knife(self, n: bytes) -> None:
        """GS V m, or GS V m n with a feed to the knife first."""
        if n[0] in (0, 1, 48, 49):
            self._cut(n[0] % 48 == 1)
        elif n[0] in (65, 66, 97, 98, 103, 104) and (feed := self._take(1)):
            self._feed(feed[0])
            self._cut(n[0] in (66, 98, 104))
        else:
            self._note()

    def _until_nul(self) -> bytes:
        end = self._data.find(b"\0", self._at)
        taken = self._take((len(self._data) if end < 0 else end) - self._at)
        self._at += end >= 0
        return taken

    def _unknown_after(self, count: int) -> None:
        self._take(count)
        self._note()

    def _barcode(self, m: bytes) -> None:
        """GS k: old form up to a NUL, new form with a length."""
        if m[0] <= 6:
            data, number = self._until_nul(), m[0]
        elif 65 <= m[0] <= 79 and (length := self._take(1)):
            data, number = self._take(length[0]), m[0] - 65
        else:
            self._note()
            return
        kind = _BARCODES[number] if number < len(_BARCODES) else ""
        text = code128_text(data) if kind in ("code128", "gs1_128") else data.decode("latin-1")
        self._flush()
        self.items.append(BarMark(kind, text, align=self._align, **self._bars))

    def _raster(self, n: bytes) -> None:
        """GS v 0 m xL xH yL yH and the rows."""
        across, down, double = n[2] | n[3] << 8, n[4] | n[5] << 8, n[1] % 48
        if n[0] != 48:
            self._at = self._start + 2
            self._note()
            return
        self._picture(across * 8, down, self._take(across * down), (1 + (double & 1), 1 + (double >> 1 & 1)))

    def _picture(self, width: int, height: int, rows: bytes, scale: tuple[int, int]) -> None:
        picture = whole_rows(width, height, rows, self._align, scale)
        if picture is None or picture.height < height:
            self._note()
        if picture is not None:
            self._flush()
            self.items.append(picture)

    def _strip(self, n: bytes) -> None:
        """ESC * m nL nH: columns of 8 or 24 dots, top bit first; the line feed after it moves down by the strip."""
        mode, across = n[0], n[1] | n[2] << 8
        if mode not in (0, 1, 32, 33):
            self._note()
            return
        tall = 3 if mode >= 32 else 1
        columns = self._take(across * tall)
        scale = (1 if mode & 1 else 2, 1 if tall == 3 else 3)
        self._picture(across, 8 * tall, turn_columns(columns, across, tall), scale)
        self._after_strip = True

    def _block(self, name: bytes, length: int) -> None:
        """GS ( X pL pH and GS 8 L p1-p4: a command with its length in front."""
        body = self._take(length)
        if len(body) < length:
            self._note()
        elif name == b"k" and body[:1] == b"1" and len(body) > 1:
            self._qr_function(body[1], body[2:])
        elif name == b"L" and len(body) > 1:
            self._graphics_function(body[1], body[2:])
        else:
            self._note()

    def _qr_function(self, function: int, body: bytes) -> None:
        if function == 67 and body:
            self._qr["dots"] = min(16, max(1, body[0]))
        elif function == 69 and body:
            self._qr["level"] = body[0] % 48 & 3
        elif function == 80:
            self._qr_data = body[1:]
        elif function == 81:
            self._flush()
            if self._qr_data:
                self.items.append(QRMark(self._qr_data, align=self._align, **self._qr))
        elif function != 65:
            self._note()

    def _graphics_function(self, function: int, body: bytes) -> None:
        """Function 112 stores a raster, function 50 (or 2) prints it."""
        if function == 112 and len(body) >= 8:
            width, height = body[4] | body[5] << 8, body[6] | body[7] << 8
            scale = (2 if body[1] == 2 else 1, 2 if body[2] == 2 else 1)
            self._graphics = whole_rows(width, height, body[8:], self._align, scale)
        elif function in (2, 50) and self._graphics is not None:
            self._flush()
            self.items.append(replace(self._graphics, align=self._align))
        else:
            self._note()


def whole_rows(width: int, height: int, rows: bytes, align: int, scale: tuple[int, int]) -> Picture | None:
    """The picture as far as its data reaches; None where there is not one whole row."""
    stride = (width + 7) // 8
    present = min(height, len(rows) // stride) if stride else 0
    return Picture(width, present, rows[: present * stride], align, scale) if present else None


def turn_columns(columns: bytes, across: int, tall: int) -> bytes:
    """Column data (``tall`` bytes a column) as rows; columns that are missing at the end stay white."""
    stride = (across + 7) // 8
    rows = bytearray(stride * 8 * tall)
    for at, byte in enumerate(columns):
        if byte:
            x, top = at // tall, at % tall * 8
            for bit in range(8):
                if byte & 0x80 >> bit:
                    rows[(top + bit) * stride + x // 8] |= 0x80 >> x % 8
    return bytes(rows)


def code128_text(data: bytes) -> str:
    """What Code 128 in the printer's notation says: ``{A``, ``{B``, ``{C`` choose a set, ``{{`` is a brace.

    Function characters (``{1`` to ``{4``) say nothing; the shift (``{S``) changes no character of this notation.
    """
    text, at, pairs = [], 0, False
    while at < len(data):
        if data[at : at + 1] == b"{" and at + 1 < len(data):
            mark = data[at + 1 : at + 2]
            pairs = mark == b"C" if mark in (b"A", b"B", b"C") else pairs
            text.append("{" if mark == b"{" else "")
            at += 2
        else:
            text.append(f"{data[at]:02d}" if pairs else chr(data[at]))
            at += 1
    return "".join(text)
