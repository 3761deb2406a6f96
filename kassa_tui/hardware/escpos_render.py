"""A document as one ESC/POS byte string.

python-escpos knows the dialects and is slow at them (0.6 ms for twenty lines, 45 ms for a QR code as an image), so it
writes each command once, when the renderer is built, and a receipt is put together from those pieces and from text in
the forced code page. A receipt then goes to the printer in one write.
"""

from __future__ import annotations

import io
from bisect import bisect_left
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from kassa_tui.domain.document import CENTRE, LEFT, QR, RIGHT, Barcode, Cut, Document, Feed, Logo, Row, Rule, Text
from kassa_tui.hardware.charset import Charset, UnknownCodepage
from kassa_tui.hardware.escpos_load import load

DOTS_PER_COLUMN = 12
"""Width of a character of font A."""
QR_DOTS = 4
"""Side of one QR module in dots: half a millimetre at 203 dpi, which a phone reads from worn paper. Codes too wide for
the paper shrink to three dots, then two, and are printed as text beyond that: a printer would print nothing."""
QR_QUIET_MODULES = 8
BARCODE_MAX_BYTES = 255
BARCODE_HEIGHT = 64
"""Dots: 8 mm at 203 dpi."""
KICK_UNIT_MS = 2
MAX_FEED = 255

Style = tuple[str, bool, bool]
"""Alignment, bold, double height and width."""
_PLAIN: Style = LEFT, False, False
_CENTRED: Style = CENTRE, False, False
_ALIGN = {LEFT: "left", CENTRE: "center", RIGHT: "right"}
_IMAGE_COMMANDS = ("bitImageRaster", "graphics", "bitImageColumn")


@dataclass(frozen=True, slots=True)
class Layout:
    """How one printer prints."""

    profile: str = "default"
    """Name in python-escpos' printer database, e.g. ``TM-T88V``."""
    codepage: str = "CP858"
    """The one code page all text is printed in; CP858 is Western European with the euro sign."""
    logo: Path | None = None
    width_px: int | None = None
    """Printable dots across, no more than the profile's; None takes those, or 12 a column where it does not say."""
    columns: int | None = None
    """Characters of font A across; None takes the profile's."""
    cut: str = "FULL"
    """``FULL`` or ``PART``; a printer that knows one of them does that one, a printer without a knife only feeds."""
    double_byte: bool = False
    """The printer starts in a Chinese two-byte mode, in which ``é`` and the letter after it are one character."""


class UnknownProfile(ValueError):
    """No such printer in python-escpos' database."""

    def __init__(self, name: str, nearest: str = "") -> None:
        super().__init__(f"unknown printer profile {name!r}")
        self.name = name
        self.nearest = nearest


class Renderer:
    """Documents to bytes for one printer. Holds one python-escpos object: for one thread at a time."""

    def __init__(self, layout: Layout, private_dir: Path) -> None:
        """Learn the printer's dialect; raises `UnknownProfile`, `UnknownCodepage` or what `load` raises.

        ``private_dir`` keeps python-escpos' cache. A logo that cannot be read is left out, its reason in
        ``logo_error``: paper without a logo is better than no paper.
        """
        self._printer = _printer(load(private_dir), layout.profile)
        profile = self._printer.profile
        self._features: dict[str, bool] = profile.profile_data["features"]
        self.columns: int = layout.columns or profile.get_columns("a")
        known = [width for width in (layout.width_px, _profile_width(profile)) if width]
        self.width_px = min(known, default=self.columns * DOTS_PER_COLUMN)
        self._image_command = next((name for name in _IMAGE_COMMANDS if self._features.get(name)), None)
        self.page, self._charset, self._start = self._code_page(layout)
        self.codec = self._charset.codec
        self._styles = {
            (align, bold, tall): self._captured(partial(_set_style, align=align, bold=bold, tall=tall))
            for align in _ALIGN
            for bold in (False, True)
            for tall in (False, True)
        }
        self._qr_capacity = _qr_capacity()
        self._qr_frames: dict[int, tuple[bytes, bytes]] = {}
        self.logo_error: str | None = None
        rule = _PLAIN, self._charset.encode("─" * self.columns) + b"\n"
        cut = _PLAIN, self._captured(lambda p: p.cut(mode=layout.cut))
        logo = _CENTRED, self._logo_bytes(layout.logo) if layout.logo else b""
        self._writers: dict[type, Callable[[Any], tuple[Style, bytes]]] = {
            Row: self._row,
            Text: self._text,
            Rule: lambda _: rule,
            Feed: lambda feed: (_PLAIN, b"\n" * max(0, min(feed.lines, MAX_FEED))),
            Logo: lambda _: logo,
            QR: lambda code: (_CENTRED, self._qr(code.data)),
            Barcode: lambda code: (_CENTRED, self._barcode(code.data)),
            Cut: lambda _: cut,
        }

    def render(self, document: Document) -> bytes:
        """The whole document, from initialising the printer on. No text in it can raise or become a command."""
        out = [self._start]
        style, writers = _PLAIN, self._writers
        for element in document:
            wanted, data = writers[type(element)](element)
            if wanted != style and data:
                out.append(self._styles[wanted])
                style = wanted
            out.append(data)
        return b"".join(out)

    def kick(self, pin: int = 2, on_ms: int = 100, off_ms: int = 200) -> bytes:
        """The pulse that opens the drawer on connector pin 2 or 5; times up to 510 ms. Raises ValueError."""
        pulses = on_ms // KICK_UNIT_MS, off_ms // KICK_UNIT_MS
        if pin not in (2, 5) or not all(0 < pulse <= 255 for pulse in pulses):
            raise ValueError(f"no such pulse: pin {pin}, {on_ms} ms on, {off_ms} ms off")
        sequence = (0x1B, ord("p"), 0 if pin == 2 else 1, *pulses)
        return self._captured(lambda p: p.cashdraw(sequence))

    def kick_at_once(self, pin: int = 2, on_ms: int = 100) -> bytes:
        """The same pulse as a real-time command (DLE DC4), which does not wait its turn; in steps of 100 ms."""
        return b"\x10\x14\x01" + bytes((0 if pin == 2 else 1, max(1, min(8, round(on_ms / 100)))))

    @property
    def codepages(self) -> dict[int, str]:
        """The printer's code page numbers and their Python codecs, for whoever reads the bytes back."""
        return _codepages(self._printer.profile)

    def _text(self, text: Text) -> tuple[Style, bytes]:
        width = self.columns // 2 if text.tall else self.columns
        return (text.align, text.bold, text.tall), self._charset.encode(text.text)[:width] + b"\n"

    def _row(self, row: Row) -> tuple[Style, bytes]:
        width = self.columns // 2 if row.tall else self.columns
        left, right = self._charset.encode(row.left), self._charset.encode(row.right)
        if len(left) + len(right) < width:
            line = left + right.rjust(width - len(left)) + b"\n"
        else:
            line = b"\n".join(wrap_row(left, right[:width], width)) + b"\n"
        return (LEFT, row.bold, row.tall), line

    def _qr(self, data: str) -> bytes:
        """The QR code, drawn by the printer where it can; as text where it cannot be a QR code on this paper."""
        try:
            version = bisect_left(self._qr_capacity, len(data.encode("utf-8"))) + 1
        except UnicodeEncodeError:
            return self._plain(data)
        dots = min(QR_DOTS, self.width_px // (17 + 4 * version + QR_QUIET_MODULES))
        native = self._features.get("qrCode")
        if not data or version > len(self._qr_capacity) or dots < 2 or not (native or self._image_command):
            return self._plain(data)
        if native:
            return self._native_qr(data.encode("utf-8"), dots)
        picture = {"impl": self._image_command}
        return self._captured(lambda p: p.qr(data, size=dots, image_arguments=picture))

    def _native_qr(self, data: bytes, dots: int) -> bytes:
        """GS ( k as python-escpos writes it for another text, with this text and its length put in its place."""
        if dots not in self._qr_frames:
            before, _, after = self._captured(lambda p: p.qr("@", size=dots, native=True)).partition(b"\x04\x001P0@")
            # An empty line above and below is the quiet zone; the printer adds none.
            self._qr_frames[dots] = b"\n" + before, after + b"\n"
        before, after = self._qr_frames[dots]
        return b"%b%b1P0%b%b" % (before, (len(data) + 3).to_bytes(2, "little"), data, after)

    def _barcode(self, data: str) -> bytes:
        code = code128(data) if data.isascii() and data.isprintable() else ""
        module = min(3, self.width_px // code128_modules(code))
        hard = self._features.get("barcodeB")
        if not code or len(code) > BARCODE_MAX_BYTES or module < 2 or not (hard or self._image_command):
            return self._plain(data)
        if not hard:
            return self._drawn_barcode(data, module)
        options = {"height": BARCODE_HEIGHT, "width": module, "function_type": "B", "align_ct": False}
        return self._captured(lambda p: p.barcode(code, "CODE128", **options))

    def _drawn_barcode(self, data: str, module: int) -> bytes:
        """As an image of whole dots; python-escpos' own goes by way of millimetres and lays the text over the bars."""
        from barcode import Code128
        from PIL import Image

        (bars,) = Code128(data).build()
        picture = Image.new("L", (len(bars), 1))
        picture.putdata([0 if bar == "1" else 255 for bar in bars])
        size = len(bars) * module, BARCODE_HEIGHT
        drawn = picture.resize(size, Image.Resampling.NEAREST)
        return self._captured(lambda p: p.image(drawn, impl=self._image_command)) + self._plain(data)

    def _plain(self, data: str) -> bytes:
        """Data no code can hold, over as many lines as it takes: it can still be typed."""
        text = self._charset.encode(data)
        return b"".join(text[at : at + self.columns] + b"\n" for at in range(0, len(text), self.columns))

    def _code_page(self, layout: Layout) -> tuple[int, Charset, bytes]:
        """The page's number in the profile, its characters, and the bytes that begin each document."""
        pages = {name.upper(): codec for name, codec in _page_codecs(self._printer.profile).items()}
        name = layout.codepage.upper()
        if name not in pages:
            raise UnknownCodepage(layout.codepage, next(iter(get_close_matches(name, pages, 1, 0.4)), ""))
        charset = Charset(pages[name])

        def begin(printer: Any) -> None:
            printer.hw("INIT")
            # After INIT python-escpos would still believe in the page before it and send nothing.
            printer.magic.encoding = None
            printer.charcode(name)
            if layout.double_byte:
                printer._raw(b"\x1c.")

        return int(self._printer.profile.get_code_pages()[name]), charset, self._captured(begin)

    def _logo_bytes(self, path: Path) -> bytes:
        from PIL import Image

        if self._image_command is None:
            self.logo_error = "logo_unsupported"
            return b""
        try:
            with Image.open(path) as source:
                picture = source.convert("RGBA")
        # Pillow raises ValueError and SyntaxError on some broken files, and its own error on a decompression bomb.
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            self.logo_error = "logo_unreadable"
            return b""
        picture.thumbnail((self.width_px, self.width_px))
        return self._captured(lambda p: p.image(picture, impl=self._image_command))

    def _captured(self, act: Callable[[Any], None]) -> bytes:
        """What python-escpos writes for one act; what it prints to the console stays off the till's screen."""
        self._printer.clear()
        with redirect_stdout(io.StringIO()):
            act(self._printer)
        output: bytes = self._printer.output
        return output


def wrap_row(left: bytes, right: bytes, width: int) -> list[bytes]:
    """A row too long for one line: the left side folded at spaces beside the right side's column, amount last.

    The folded lines keep the indent of the first. Where the right side leaves less than a third of the paper, the left
    side takes the full width and the right side a line of its own.
    """
    room = width - len(right) - 1
    lines = _fold(left, room if room * 3 >= width else width)
    gap = width - len(lines[-1]) - len(right)
    if gap > 0:
        return [*lines[:-1], lines[-1] + b" " * gap + right]
    return [*lines, right.rjust(width)]


def _fold(text: bytes, width: int) -> list[bytes]:
    rest = text.strip(b" ")
    indent = b" " * min(len(text) - len(text.lstrip(b" ")), width // 3)
    room = width - len(indent)
    lines = []
    while len(rest) > room:
        cut = rest.rfind(b" ", 0, room + 1)
        if cut <= 0:
            cut = room
        lines.append(indent + rest[:cut].rstrip(b" "))
        rest = rest[cut:].lstrip(b" ")
    return [*lines, indent + rest]


def code128(data: str) -> str:
    """Printable ASCII in the printer's Code 128 notation: pairs of digits in set C, everything else in set B."""
    if len(data) < 4 or not data.isdigit():
        return "{B" + data.replace("{", "{{") if data else ""
    pairs = "".join(chr(int(data[at : at + 2])) for at in range(0, len(data) - 1, 2))
    return "{C" + pairs + ("{B" + data[-1] if len(data) % 2 else "")


def code128_modules(code: str) -> int:
    """Width of `code128` output in modules of one dot or more, quiet zones included."""
    single = code.replace("{{", "_")
    symbols = len(single) - single.count("{")
    # A symbol has 11 modules, and so has the checksum; the stop has 13 and the two quiet zones 20.
    return 11 * (symbols + 1) + 33


def _qr_capacity() -> list[int]:
    """Bytes that fit in QR versions 1 to 40 at level L (ISO/IEC 18004): the mode takes 4 bits, the length 8 or 16."""
    from qrcode.constants import ERROR_CORRECT_L
    from qrcode.util import BIT_LIMIT_TABLE

    limits = BIT_LIMIT_TABLE[ERROR_CORRECT_L]
    return [(limits[version] - 4 - (8 if version < 10 else 16)) // 8 for version in range(1, 41)]


def _printer(dummy: Any, profile: str) -> Any:
    try:
        return dummy(profile=profile)
    except KeyError as error:
        from escpos.capabilities import CAPABILITIES

        raise UnknownProfile(
            profile, next(iter(get_close_matches(profile, CAPABILITIES["profiles"], 1, 0.4)), "")
        ) from error


def _profile_width(profile: Any) -> int | None:
    width = profile.profile_data["media"].get("width", {}).get("pixels")
    return width if isinstance(width, int) else None


def _page_codecs(profile: Any) -> dict[str, str]:
    """The profile's code pages that Python can encode: name to codec."""
    from escpos.codepages import CodePages

    codecs = {name: CodePages.get_encoding(name).get("python_encode") for name in profile.get_code_pages()}
    return {name: codec for name, codec in codecs.items() if codec}


def _codepages(profile: Any) -> dict[int, str]:
    codecs = _page_codecs(profile)
    return {int(number): codecs[name] for number, name in profile.codePages.items() if name in codecs}


def _set_style(printer: Any, align: str, bold: bool, tall: bool) -> None:
    """The size first: the command for it also switches bold off."""
    printer.set(align=_ALIGN[align], bold=bold, normal_textsize=True, double_width=tall, double_height=tall)
