"""Documents to bytes, as a table of bytes and through the reader, which shares no code with the renderer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kassa_tui.domain.document import (
    CENTRE,
    LEFT,
    QR,
    RIGHT,
    Barcode,
    Cut,
    Document,
    Element,
    Feed,
    Logo,
    Row,
    Rule,
    Text,
)
from kassa_tui.hardware.charset import UnknownCodepage
from kassa_tui.hardware.escpos_load import UnsafeFolder
from kassa_tui.hardware.escpos_read import read
from kassa_tui.hardware.escpos_render import Layout, Renderer, UnknownProfile, code128, wrap_row
from kassa_tui.hardware.paper import BarMark, CutMark, KickMark, Line, Page, Picture, QRMark, Space

START = b"\x1b@\x1bt\x13"
PLAIN = b"\x1b!\x00\x1b!\x00\x1b!\x00\x1bE\x00\x1ba\x00"
CENTRED = PLAIN[:-1] + b"\x01"
LOUD = b"\x1b!\x00\x1b!\x00\x1b!0\x1bE\x01\x1ba\x01"
HOSTILE = [
    "Cable [/b] 5m", "\x1b@", "\x1dV\x00", "\x1bp\x00\x19\xfa", "🍵😀", "שלום \u202e123", "x" * 200, "中文", "\n\n",
]  # fmt: skip


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("state") / "private"


@pytest.fixture(scope="module")
def renderer(state: Path) -> Renderer:
    return Renderer(Layout(profile="TM-T88V"), state)


def page(renderer: Renderer, *document: Element) -> Page:
    found = read(renderer.render(document), renderer.columns, renderer.codepages)
    assert found.unknown == ()
    return found


@pytest.mark.parametrize(
    ("document", "printed"),
    [
        ((), b""),
        ((Text("Dag €"),), b"Dag \xd5\n"),
        ((Text("x" * 50),), b"x" * 42 + b"\n"),
        ((Text("Bon", CENTRE, bold=True, tall=True), Text("b")), LOUD + b"Bon\n" + PLAIN + b"b\n"),
        ((Text("y" * 50, CENTRE, bold=True, tall=True),), LOUD + b"y" * 21 + b"\n"),
        ((Row("Melk", "1,19"),), b"Melk" + b" " * 34 + b"1,19\n"),
        ((Row("n" * 38, "1,19"),), b"n" * 37 + b"\n" + b"n" + b" " * 37 + b"1,19\n"),
        ((Rule(),), b"\xc4" * 42 + b"\n"),
        ((Feed(3), Feed(0), Feed(-1)), b"\n\n\n"),
        ((Logo(),), b""),
        ((Cut(),), b"\x1bd\x06\x1dV\x00"),
        (
            (QR("hoi"),),
            CENTRED + b"\n\x1d(k\x04\x001A2\x00\x1d(k\x03\x001C\x04\x1d(k\x03\x001E0\x1d(k\x06\x001P0hoi"
            b"\x1d(k\x03\x001Q0\n",
        ),
        ((Barcode("A{1"),), CENTRED + b"\x1dh@\x1dw\x03\x1df\x00\x1dH\x02\x1dkI\x06{BA{{1"),
    ],
)
def test_an_element_has_its_bytes(renderer: Renderer, document: Document, printed: bytes) -> None:
    assert renderer.render(document) == START + printed


def test_the_drawer_has_bytes_of_its_own(renderer: Renderer) -> None:
    assert renderer.kick() == b"\x1bp\x002d"
    assert renderer.kick(5, on_ms=510, off_ms=2) == b"\x1bp\x01\xff\x01"
    assert read(renderer.kick(5, 100, 300), 42).items == (KickMark(5, 100, 300),)


@pytest.mark.parametrize("pulse", [(3, 100, 100), (2, 0, 100), (2, 100, 512), (2, 1, 1)])
def test_a_pulse_no_printer_makes_is_refused(renderer: Renderer, pulse: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="no such pulse"):
        renderer.kick(*pulse)


@pytest.mark.parametrize("name", HOSTILE)
def test_product_text_is_never_a_command(renderer: Renderer, name: str) -> None:
    items = page(renderer, Row(name, "1,00"), Text(name), Barcode(name), Text(name, RIGHT, True, True)).items
    assert {type(item) for item in items} <= {Line, Space, BarMark}
    assert all(item.text.isprintable() for item in items if isinstance(item, Line | BarMark))


ALIGNS = st.sampled_from([LEFT, CENTRE, RIGHT])
ELEMENTS: st.SearchStrategy[Element] = st.one_of(
    st.builds(Text, st.text(), ALIGNS, st.booleans(), st.booleans()),
    st.builds(Row, st.text(), st.text(max_size=60), st.booleans(), st.booleans()),
    st.builds(Rule),
    st.builds(Feed, st.integers(-5, 400)),
    st.builds(Logo),
    st.builds(Barcode, st.text(max_size=60) | st.from_regex(r"[ -~]{0,60}", fullmatch=True)),
    st.builds(QR, st.text(max_size=400)),
    st.builds(Cut),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ELEMENTS, max_size=8), st.sampled_from(["TM-T88V", "POS-5890", "RP-F10-58mm"]))
def test_any_document_is_rendered_and_understood(state: Path, elements: list[Element], profile: str) -> None:
    made = RENDERERS.setdefault(profile, Renderer(Layout(profile=profile), state))
    found = read(made.render(tuple(elements)), made.columns, made.codepages)
    assert found.unknown == ()
    assert not any(isinstance(item, KickMark) for item in found.items)
    # No knife, no cut: the POS-5890 is torn off by hand.
    cuts = sum(isinstance(item, CutMark) for item in found.items)
    assert cuts == (0 if profile == "POS-5890" else elements.count(Cut()))
    assert all(item.dots <= made.columns * 12 for item in found.items if isinstance(item, Line))


RENDERERS: dict[str, Renderer] = {}


@given(st.text("ab c", max_size=90), st.text("0123456789,", max_size=41), st.sampled_from([16, 21, 42, 48]))
def test_a_row_keeps_its_words_and_its_amount(left: str, right: str, width: int) -> None:
    name, amount = left.encode(), right.encode()[:width]
    lines = wrap_row(name, amount, width)
    assert all(len(line) <= width for line in lines)
    assert lines[-1].endswith(amount)
    assert b"".join(lines).replace(b" ", b"") == name.replace(b" ", b"") + amount


@pytest.mark.parametrize(
    ("left", "right", "lines"),
    [
        ("Volkoren speltcrackers", "12,49", ["Volkoren", "speltcrackers  12,49"]),
        ("  2 x Volkoren brood", "12,49", ["  2 x Volkoren", "  brood        12,49"]),
        ("Korting", "1.234.567.890,00", ["Korting", "    1.234.567.890,00"]),
    ],
)
def test_a_long_row_folds_beside_its_amount(left: str, right: str, lines: list[str]) -> None:
    assert wrap_row(left.encode(), right.encode(), 20) == [line.encode() for line in lines]


def test_text_reads_back_as_it_was_written(renderer: Renderer) -> None:
    document = (Text("De Gouden Ster", CENTRE, True, True), Row("Café", "€ 2,95"), Text("Tot ziens", RIGHT), Cut())
    first, second, third, *_ = page(renderer, *document).items
    assert isinstance(first, Line)
    assert (first.text, first.align, first.spans[0].style.bold, first.spans[0].style.high) == (
        "De Gouden Ster", 1, True, 2,
    )  # fmt: skip
    assert isinstance(second, Line)
    assert (second.text, second.spans[0].style.bold) == ("Café" + " " * 32 + "€ 2,95", False)
    assert isinstance(third, Line)
    assert (third.text, third.align) == ("Tot ziens", 2)


@pytest.mark.parametrize("data", ["hoi", "BCD\n002\n1\nSCT", "€ één 中文", "x" * 2000, "\x1b@\x1dV\x00"])
def test_a_qr_code_reads_back(state: Path, data: str) -> None:
    renderer = Renderer(Layout(profile="TM-T20II"), state)
    (mark,) = [item for item in page(renderer, QR(data)).items if isinstance(item, QRMark)]
    assert mark.text == data
    assert mark.level == 0


@pytest.mark.parametrize(("size", "dots"), [(17, 4), (500, 4), (1800, 3), (2900, 2)])
def test_a_qr_code_shrinks_to_the_paper(renderer: Renderer, size: int, dots: int) -> None:
    marks = [item for item in page(renderer, QR("x" * size)).items if isinstance(item, QRMark)]
    assert [mark.dots for mark in marks] == [dots]


@pytest.mark.parametrize("data", ["x" * 3000, "a\ud800b"])
def test_what_no_qr_code_holds_is_printed_as_text(renderer: Renderer, data: str) -> None:
    items = page(renderer, QR(data)).items
    assert "".join(item.text for item in items if isinstance(item, Line)) == data.replace("\ud800", "")
    assert all(isinstance(item, Line) for item in items)


@pytest.mark.parametrize(
    ("data", "module"), [("8712345678906", 3), ("123", 3), ("Bon 000123", 3), ("{A{{", 3), ("1" * 33, 2), ("a b-~", 3)]
)
def test_a_bar_code_reads_back(renderer: Renderer, data: str, module: int) -> None:
    (mark,) = page(renderer, Barcode(data)).items
    assert isinstance(mark, BarMark)
    assert (mark.kind, mark.text, mark.module, mark.words, mark.align) == ("code128", data, module, 2, 1)


@pytest.mark.parametrize("data", ["x" * 40, "café", "a\nb"])
def test_what_no_bar_code_holds_is_printed_as_text(renderer: Renderer, data: str) -> None:
    items = page(renderer, Barcode(data)).items
    assert "".join(item.text for item in items if isinstance(item, Line)) == data.replace("\n", " ")


def test_digits_take_half_the_width() -> None:
    assert code128("123456") == "{C\x0c\x22\x38"
    assert code128("12345") == "{C\x0c\x22{B5"
    assert code128("") == ""


def test_a_printer_without_codes_gets_them_as_images(state: Path) -> None:
    renderer = Renderer(Layout(profile="POS-5890"), state)
    items = page(renderer, Barcode("Bon 12"), QR("hoi")).items
    bars, code = (item for item in items if isinstance(item, Picture))
    # 303 dots of bars (start, six characters, checksum, stop), padded to whole bytes.
    assert (bars.width, bars.height) == (304, 64)
    assert (code.width, code.height) == (96, (21 + 2) * 4)
    assert "Bon 12" in [item.text for item in items if isinstance(item, Line)]


def test_a_logo_is_printed_dot_for_dot_and_no_wider_than_the_paper(state: Path, tmp_path: Path) -> None:
    small, wide = tmp_path / "small.png", tmp_path / "wide.png"
    picture = Image.new("RGBA", (16, 2), (0, 0, 0, 0))
    picture.putpixel((0, 0), (0, 0, 0, 255))
    picture.putpixel((15, 1), (0, 0, 0, 255))
    picture.save(small)
    Image.new("L", (2000, 100), 0).save(wide)
    (mark,) = page(Renderer(Layout(profile="TM-T88V", logo=small), state), Logo()).items
    assert mark == Picture(16, 2, b"\x80\x00\x00\x01", 1)
    (mark,) = page(Renderer(Layout(profile="TM-T88V", logo=wide), state), Logo()).items
    assert isinstance(mark, Picture)
    assert (mark.width, mark.height) == (512, 26)


def test_a_logo_that_cannot_be_read_is_left_out(state: Path, tmp_path: Path) -> None:
    broken = tmp_path / "logo.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    for path in (broken, tmp_path / "none.png", tmp_path):
        renderer = Renderer(Layout(logo=path), state)
        assert renderer.logo_error == "logo_unreadable"
        assert renderer.render((Logo(),)) == START


@pytest.mark.parametrize(
    ("layout", "start"),
    [
        (Layout(profile="NT-5890K"), b"\x1b@\x1bt\x35"),
        (Layout(codepage="cp850"), b"\x1b@\x1bt\x02"),
        (Layout(double_byte=True), b"\x1b@\x1bt\x13\x1c."),
    ],
)
def test_each_document_forces_the_code_page(state: Path, layout: Layout, start: bytes) -> None:
    renderer = Renderer(layout, state)
    assert renderer.render(()) == start
    assert renderer.render(()) == start


def test_a_partial_cut(state: Path) -> None:
    assert Renderer(Layout(cut="PART"), state).render((Cut(),)).endswith(b"\x1dV\x01")


def test_an_unknown_profile_names_the_nearest(state: Path) -> None:
    with pytest.raises(UnknownProfile) as refused:
        Renderer(Layout(profile="TM-T88"), state)
    assert (refused.value.name, refused.value.nearest) == ("TM-T88", "TM-T88V")


def test_an_unknown_code_page_names_the_nearest(state: Path) -> None:
    with pytest.raises(UnknownCodepage) as refused:
        Renderer(Layout(codepage="CP8588"), state)
    assert (refused.value.name, refused.value.nearest) == ("CP8588", "CP858")


def test_the_library_prints_nothing(renderer: Renderer, capsys: pytest.CaptureFixture[str]) -> None:
    renderer.render((Barcode("123"), QR("x"), Cut()))
    assert capsys.readouterr() == ("", "")


LOAD = """
import logging, os, sys, tempfile
from pathlib import Path
from kassa_tui.hardware.escpos_load import load
private = Path(sys.argv[1])
name, left = load(private).__name__, os.listdir(tempfile.gettempdir())
print(name, logging.root.handlers, left, tempfile.mkdtemp.__name__)
"""


def test_importing_the_library_leaves_no_folder_and_no_log_handler(tmp_path: Path) -> None:
    scratch, private = tmp_path / "scratch", tmp_path / "private"
    scratch.mkdir()
    for spoiled in (False, True):
        if spoiled:
            (pickle,) = private.glob("*.pickle")
            pickle.write_bytes(b"\x80\x02}half")
        run = subprocess.run(
            [sys.executable, "-c", LOAD, str(private)], capture_output=True, text=True, timeout=60, check=True,
            env={"TMPDIR": str(scratch), "PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        assert (run.stdout, run.stderr) == ("Dummy [] [] mkdtemp\n", "")
    assert private.stat().st_mode & 0o777 == 0o700


def test_a_folder_others_can_write_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kassa_tui.hardware.escpos_load import load

    tmp_path.chmod(0o777)
    monkeypatch.delitem(sys.modules, "escpos.printer", raising=False)
    with pytest.raises(UnsafeFolder):
        load(tmp_path)
    assert list(tmp_path.iterdir()) == []
