"""The picture of the paper, measured dot by dot."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from kassa_tui.hardware import escpos_draw
from kassa_tui.hardware.escpos_draw import DESK, GAP, INK, MAX_HEIGHT, PAPER, draw, draw_png
from kassa_tui.hardware.escpos_read import read

LEFT_48 = (640 - 576) // 2


def black(picture: Image.Image) -> tuple[int, int, int, int]:
    """Box around everything darker than the desk."""
    box = picture.point(lambda value: 255 if value < 128 else 0).getbbox()
    assert box is not None
    return box


@pytest.mark.parametrize(("columns", "width"), [(48, 640), (42, 576), (32, 448)])
def test_the_picture_is_as_wide_as_the_roll(tmp_path: Path, columns: int, width: int) -> None:
    path = tmp_path / "bon.png"
    draw_png(read(b"\x1b@Melk 1,19\n" + b"\xc4" * columns + b"\n", columns), path)
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        assert picture.size == (width, GAP + 60 + GAP + GAP)
        assert picture.getpixel((0, 0)) == DESK
        assert picture.getpixel((0, GAP)) == PAPER
        left, _, right, _ = black(picture.convert("L"))
    assert right - left == columns * 12
    assert left == (width - columns * 12) // 2


def test_each_character_stands_in_its_cell() -> None:
    for column in (0, 7, 47):
        left, top, right, bottom = black(draw(read(b" " * column + b"M\n", 48)))
        assert LEFT_48 + column * 12 <= left < right <= LEFT_48 + column * 12 + 12
        assert GAP <= top < bottom <= GAP + 24


def test_double_size_is_twice_as_big_and_bold_is_blacker() -> None:
    normal, double, bold = (draw(read(code + b"H\n", 48)) for code in (b"", b"\x1d!\x11", b"\x1bE\x01"))
    small, big = black(normal), black(double)
    assert (big[2] - big[0], big[3] - big[1]) == pytest.approx(
        (2 * (small[2] - small[0]), 2 * (small[3] - small[1])), abs=3
    )
    assert sum(value < 128 for value in bold.tobytes()) > sum(value < 128 for value in normal.tobytes())


def test_styles_leave_their_mark() -> None:
    underlined, inverse = (draw(read(code + b"    \n", 48)) for code in (b"\x1b-\x01", b"\x1dB\x01"))
    assert black(underlined) == (LEFT_48, GAP + 22, LEFT_48 + 48, GAP + 24)
    assert black(inverse) == (LEFT_48, GAP, LEFT_48 + 48, GAP + 24)
    wide = draw(read(b"\x1d!\x10\x1dB\x01  \n", 48))
    assert black(wide) == (LEFT_48, GAP, LEFT_48 + 48, GAP + 24)


def test_alignment_moves_the_line() -> None:
    for align, left in ((b"0", 0), (b"1", 282), (b"2", 564)):
        assert black(draw(read(b"\x1dB\x01\x1ba" + align + b" \n", 48)))[0] == LEFT_48 + left


def test_a_raster_is_drawn_dot_for_dot() -> None:
    picture = draw(read(b"\x1dv0\x00\x01\x00\x02\x00\x81\x18", 48))
    dots = {(x, y) for x in range(8) for y in range(2) if picture.getpixel((LEFT_48 + x, GAP + y)) == INK}
    assert dots == {(0, 0), (7, 0), (3, 1), (4, 1)}
    assert black(picture) == (LEFT_48, GAP, LEFT_48 + 8, GAP + 2)
    assert black(draw(read(b"\x1dv03\x01\x00\x01\x00\x80", 48))) == (LEFT_48, GAP, LEFT_48 + 2, GAP + 2)


def test_a_qr_code_has_its_modules() -> None:
    picture = draw(read(b"\x1d(k\x03\x001C\x04\x1d(k\x06\x001P0hoi\x1d(k\x03\x001Q0", 48))
    assert black(picture) == (LEFT_48, GAP, LEFT_48 + 21 * 4, GAP + 21 * 4)
    finder = picture.crop((LEFT_48, GAP, LEFT_48 + 28, GAP + 28))
    assert [finder.getpixel((x, 14)) == INK for x in range(2, 28, 4)] == [True, False, True, True, True, False, True]


def test_code_128_has_its_bars_and_its_text() -> None:
    codes = b"\x1dw\x02\x1dh\x32\x1dkI\x05{BABC"
    plain, worded = draw(read(codes, 48)), draw(read(b"\x1dH\x02" + codes, 48))
    modules = 11 * 5 + 13
    assert black(plain) == (LEFT_48, GAP, LEFT_48 + modules * 2, GAP + 50)
    bars = "".join("1" if plain.getpixel((LEFT_48 + 2 * at, GAP + 5)) == INK else "0" for at in range(modules))
    # Start B, A, B, C, checksum 1 * 33 + 2 * 34 + 3 * 35 + 104 = 310, 310 % 103 = 1, stop (ISO/IEC 15417).
    assert bars == "11010010000101000110001000101100010001000110110011011001100011101011"
    assert black(worded)[3] > GAP + 50


@pytest.mark.parametrize("data", [b"\x1dk\x02nodigits\0", b"\x1dk\x01123456\0", b"\x1d(k\xfa\x0f1P0" + b"x" * 4087])
def test_a_code_that_cannot_be_is_drawn_as_a_frame(data: bytes) -> None:
    picture = draw(read(data + b"\x1d(k\x03\x001Q0", 48))
    left, top, right, bottom = black(picture)
    assert right - left > 30
    assert picture.getpixel((left, (top + bottom) // 2)) == INK
    assert picture.getpixel((left + 2, (top + bottom) // 2)) == PAPER


def test_a_cut_leaves_a_serrated_edge_and_a_gap() -> None:
    picture = draw(read(b"a\n\x1dV\x00b\n", 48))
    cut = GAP + 30 + 8
    row = [picture.getpixel((x, cut - 1)) for x in range(640)]
    assert row.count(PAPER) > 60
    assert row.count(DESK) > 300
    assert {picture.getpixel((x, cut + GAP // 2)) for x in range(640)} == {DESK}
    assert picture.getpixel((2, cut + GAP + 2)) == PAPER


def test_a_kick_is_a_grey_note_beside_the_paper_s_text() -> None:
    picture = draw(read(b"\x1bp\x00\x32\x64", 48))
    margin = picture.crop((0, GAP, LEFT_48, picture.height - 2 * GAP)).tobytes()
    assert INK + 50 < min(margin) < PAPER - 50
    assert set(picture.crop((LEFT_48, GAP, 640, picture.height - 2 * GAP)).tobytes()) == {PAPER}


def test_the_drawing_stops_somewhere() -> None:
    assert draw(read(b"\x1bd\xff" * 20, 32)).height <= MAX_HEIGHT + GAP


def test_without_dejavu_the_cells_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    for cached in (escpos_draw._font, escpos_draw._font_file, escpos_draw._glyph):
        cached.cache_clear()
    monkeypatch.setattr(escpos_draw, "_font_file", lambda bold: None)
    left, _, right, _ = black(draw(read(b"\x1bE\x01" + b" " * 7 + b"W\n", 48)))
    monkeypatch.undo()
    for cached in (escpos_draw._font, escpos_draw._glyph):
        cached.cache_clear()
    assert LEFT_48 + 84 <= left < right <= LEFT_48 + 96
