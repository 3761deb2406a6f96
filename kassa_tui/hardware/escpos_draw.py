"""A picture of the paper, for a technician without a printer, for the manual and for tests.

Everything drawn comes from a `Page`, that is from the printer's bytes. One pixel is one printer dot.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from kassa_tui.hardware.paper import (
    CENTRE,
    DOTS_PER_COLUMN,
    RIGHT,
    BarMark,
    CutMark,
    Item,
    KickMark,
    Line,
    Page,
    Picture,
    QRMark,
    Space,
    Style,
)

MARGIN = 32
"""Dots of white paper at the least left and right of what can be printed: 48 columns make 640 dots, 80 mm."""
CELL_HEIGHT = 24
FONT_PIXELS = 20
"""Size at which DejaVu Sans Mono is 12 pixels a character."""
MAX_HEIGHT = 60_000
"""Dots (7.5 m of paper) beyond which the drawing stops: bytes from elsewhere may ask for any length."""
MAX_WORDS = 48
"""Characters of a bar code's text that are drawn."""
TOOTH = 8
GAP = 24
PAPER, INK, GREY, DESK = 255, 0, 150, 225

_FOLDERS = (
    "/usr/share/fonts/truetype/dejavu",
    "/usr/share/fonts/dejavu",
    "/usr/share/fonts/TTF",
    "/usr/share/fonts/dejavu-sans-mono-fonts",
    "/usr/local/share/fonts/dejavu",
)
_BAR_KINDS = {"code128", "gs1_128", "ean13", "ean8", "upca", "code39", "itf", "codabar"}

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def draw_png(page: Page, path: Path) -> None:
    """Write the page as a greyscale PNG; raises OSError where the file cannot be written."""
    draw(page).save(path, format="PNG")


def draw(page: Page) -> Image.Image:
    """The paper on a grey desk: (columns * 12 + margins) dots wide, torn off straight where there is no cut."""
    sheet = _Sheet(page.columns)
    for item in page.items:
        if sheet.y > MAX_HEIGHT:
            break
        sheet.add(item)
    return sheet.finished()


class _Sheet:
    """Drawings in the order of the paper; the canvas is made when its height is known."""

    def __init__(self, columns: int) -> None:
        self._printable = columns * DOTS_PER_COLUMN
        # The next whole 2 mm of paper, as rolls are cut.
        self.width = -(-(self._printable + 2 * MARGIN) // 16) * 16
        self._left = (self.width - self._printable) // 2
        self.y = GAP
        self._drawn: list[tuple[Image.Image, int, int]] = []
        self._cuts: list[int] = []
        self._notes_end = 0

    def add(self, item: Item) -> None:
        match item:
            case Line():
                self._line(item)
            case Space():
                self.y += item.dots
            case Picture():
                self._put(_raster(item), item.align)
            case QRMark():
                self._put(_qr(item), item.align)
            case BarMark():
                self._put(_bars(item), item.align)
            case CutMark():
                self.y += TOOTH
                self._cuts.append(self.y)
                self.y += GAP + 2 * TOOTH
            case KickMark():
                self._note(f"kick {item.pin}")

    def finished(self) -> Image.Image:
        ends_with_cut = bool(self._cuts) and self.y == self._cuts[-1] + GAP + 2 * TOOTH
        end = self._cuts[-1] if ends_with_cut else max(self.y, self._notes_end) + GAP
        canvas = Image.new("L", (self.width, min(end, MAX_HEIGHT) + GAP), DESK)
        pen = ImageDraw.Draw(canvas)
        top = GAP // 2
        for cut in [*self._cuts, end]:
            if cut > top:
                pen.rectangle((0, top, self.width, cut), fill=PAPER)
                top = cut + GAP
        for cut in self._cuts:
            self._teeth(pen, cut)
        for drawing, x, y in self._drawn:
            canvas.paste(INK, (x, y), drawing)
        return canvas

    def _teeth(self, pen: ImageDraw.ImageDraw, y: int) -> None:
        """The serrated edge the knife leaves above the gap."""
        for x in range(0, self.width, TOOTH):
            pen.polygon([(x, y + 1), (x + TOOTH, y + 1), (x + TOOTH // 2, y + 1 - TOOTH)], fill=DESK)

    def _line(self, line: Line) -> None:
        x = self._x(line.dots, line.align)
        tallest = max(span.style.high for span in line.spans) * CELL_HEIGHT
        for span in line.spans:
            style = span.style
            base = self.y + tallest - style.high * CELL_HEIGHT
            for char in span.text:
                if char != " " or style.inverse or style.underline:
                    self._drawn.append((_glyph(char, style), x, base))
                x += style.cell
        self.y += max(line.spacing, tallest + 6 if tallest > CELL_HEIGHT else 0)

    def _put(self, drawing: Image.Image, align: int) -> None:
        self._drawn.append((drawing, self._x(drawing.width, align), self.y))
        self.y += drawing.height

    def _note(self, words: str) -> None:
        """A word up the left margin, in grey: nothing of it is on the paper."""
        font = _font(False, 13)
        box = ImageDraw.Draw(Image.new("L", (1, 1))).textbbox((0, 0), words, font=font)
        mask = Image.new("L", (int(box[2]) + 2, 18), 0)
        ImageDraw.Draw(mask).text((1, 0), words, fill=INK + 255 - GREY, font=font)
        top = max(self.y, self._notes_end)
        self._drawn.append((mask.rotate(90, expand=True), 4, top))
        self._notes_end = top + mask.width + 6

    def _x(self, width: int, align: int) -> int:
        spare = max(0, self._printable - width)
        return self._left + {CENTRE: spare // 2, RIGHT: spare}.get(align, 0)


@cache
def _font_file(bold: bool) -> Path | None:
    """A monospaced font of the system, or the one that comes with python-barcode (regular only)."""
    name = "DejaVuSansMono-Bold.ttf" if bold else "DejaVuSansMono.ttf"
    places = [Path(folder, name) for folder in _FOLDERS]
    if not bold:
        import barcode

        places.append(Path(barcode.__file__).parent / "fonts" / name)
    return next((place for place in places if place.is_file()), None)


@cache
def _font(bold: bool, size: int) -> Font:
    path = _font_file(bold) or _font_file(False)
    return ImageFont.truetype(path, size) if path else ImageFont.load_default(size)


@lru_cache(maxsize=1024)
def _glyph(char: str, style: Style) -> Image.Image:
    """One character as a mask exactly as wide and high as its cell, whatever the font makes of it."""
    width, height = DOTS_PER_COLUMN * style.high, CELL_HEIGHT * style.high
    mask = Image.new("L", (width, height), 0)
    pen = ImageDraw.Draw(mask)
    font = _font(style.bold, FONT_PIXELS * style.high)
    if char > "~" and "─" <= char <= "╬":
        _box(pen, char, width, height, font)
    else:
        at = (round((width - pen.textlength(char, font=font)) / 2), round(height * 0.79))
        stroke = 1 if style.bold and _font_file(True) is None else 0
        pen.text(at, char, fill=255, font=font, anchor="ls", stroke_width=stroke)
    if style.underline:
        pen.rectangle((0, height - 2, width, height - 1), fill=255)
    if style.inverse:
        mask = Image.eval(mask, lambda value: 255 - value)
    return mask if width == style.cell else mask.resize((style.cell, height))


def _box(pen: ImageDraw.ImageDraw, char: str, width: int, height: int, font: Font) -> None:
    """The two plain lines join from cell to cell; the rest of the box characters comes from the font."""
    if char == "─":
        pen.rectangle((0, height // 2 - 1, width, height // 2), fill=255)
    elif char == "│":
        pen.rectangle((width // 2 - 1, 0, width // 2, height), fill=255)
    else:
        pen.text((0, round(height * 0.79)), char, fill=255, font=font, anchor="ls")


def _raster(picture: Picture) -> Image.Image:
    bits = Image.frombytes("1", (picture.width, picture.height), picture.rows)
    size = picture.width * picture.scale[0], min(picture.height * picture.scale[1], MAX_HEIGHT)
    return bits.convert("L").resize(size, Image.Resampling.NEAREST)


def _qr(mark: QRMark) -> Image.Image:
    """The code itself; data that no QR code holds is drawn as an empty frame, as a printer prints nothing."""
    from qrcode.constants import ERROR_CORRECT_H, ERROR_CORRECT_L, ERROR_CORRECT_M, ERROR_CORRECT_Q
    from qrcode.exceptions import DataOverflowError
    from qrcode.main import QRCode

    levels = (ERROR_CORRECT_L, ERROR_CORRECT_M, ERROR_CORRECT_Q, ERROR_CORRECT_H)
    code = QRCode(border=0, error_correction=levels[mark.level])
    code.add_data(mark.data)
    try:
        code.make()
    # qrcode says so in two ways, by version and by size.
    except (DataOverflowError, ValueError):
        return _frame(160, 160)
    modules = code.get_matrix()
    drawing = Image.new("L", (len(modules), len(modules)), 0)
    drawing.putdata([255 if dark else 0 for row in modules for dark in row])
    return drawing.resize((len(modules) * mark.dots,) * 2, Image.Resampling.NEAREST)


def _frame(width: int, height: int) -> Image.Image:
    drawing = Image.new("L", (width, height), 0)
    ImageDraw.Draw(drawing).rectangle((0, 0, width - 1, height - 1), outline=255)
    return drawing


def _bars(mark: BarMark) -> Image.Image:
    """Bars and, where asked, the text above or below them, a character a cell."""
    code, text = _modules(mark), mark.text[:MAX_WORDS]
    width = len(code) * mark.module
    bars = Image.new("L", (max(1, len(code)), 1), 0)
    bars.putdata([255 if module == "1" else 0 for module in code])
    words = len(text) * DOTS_PER_COLUMN
    above, below = (CELL_HEIGHT + 4 if mark.words & side else 0 for side in (1, 2))
    drawing = Image.new("L", (max(width, words, 1), above + mark.height + below), 0)
    left = (drawing.width - width) // 2
    if code:
        drawing.paste(bars.resize((width, mark.height), Image.Resampling.NEAREST), (left, above))
    else:
        drawing.paste(_frame(drawing.width, mark.height), (0, above))
    for top in [*([0] if above else []), *([above + mark.height + 2] if below else [])]:
        for at, char in enumerate(text):
            drawing.paste(_glyph(char, Style()), ((drawing.width - words) // 2 + at * DOTS_PER_COLUMN, top))
    return drawing


def _modules(mark: BarMark) -> str:
    """The bars as ones and noughts; empty where the data is none of this kind of code."""
    import barcode
    from barcode.errors import BarcodeError

    if mark.kind not in _BAR_KINDS or not 0 < len(mark.text) <= 255:
        return ""
    try:
        built: list[str] = barcode.get_barcode_class(mark.kind)(mark.text).build()
    # python-barcode checks some kinds itself and stumbles over the data of others.
    except (BarcodeError, ValueError, KeyError, IndexError, RuntimeError):
        return ""
    return "".join(char if char in "01" else "1" for char in built[0])
