"""Documents through JSON and back."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.domain.document import CENTRE, LEFT, QR, RIGHT, Barcode, Cut, Element, Feed, Logo, Row, Rule, Text
from kassa_tui.hardware.wire import BadDocument, from_json, to_json

TEXTS = st.text(st.characters())
ELEMENTS: st.SearchStrategy[Element] = st.one_of(
    st.builds(Text, TEXTS, st.sampled_from([LEFT, CENTRE, RIGHT]), st.booleans(), st.booleans()),
    st.builds(Row, TEXTS, TEXTS, st.booleans(), st.booleans()),
    st.builds(Feed, st.integers()),
    st.builds(Barcode, TEXTS),
    st.builds(QR, TEXTS),
    st.sampled_from([Rule(), Logo(), Cut()]),
)


@given(st.lists(ELEMENTS))
def test_every_document_comes_back(elements: list[Element]) -> None:
    document = tuple(elements)
    assert from_json(json.loads(json.dumps(to_json(document)))) == document


def test_the_shape_of_the_json() -> None:
    assert to_json((Row("a", "b", bold=True), Cut())) == [
        {"kind": "row", "left": "a", "right": "b", "bold": True, "tall": False}, {"kind": "cut"},
    ]  # fmt: skip
    assert from_json([{"kind": "text", "text": "a"}]) == (Text("a"),)


JSON: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["kind", "text", "left", "align", "x"]), inner),
)
KIND = {"kind": st.sampled_from(["text", "row", "feed", "cut", "fax"])}


@given(JSON | st.lists(st.fixed_dictionaries(KIND, optional={"text": JSON, "lines": JSON, "align": JSON})))
def test_anything_else_is_a_bad_document(value: object) -> None:
    try:
        document = from_json(value)
    except BadDocument:
        return
    assert all(type(part) in (Text, Feed, Cut) for part in document)


@pytest.mark.parametrize(
    "part",
    [
        None, "text", {}, {"kind": "fax"}, {"kind": ["text"]}, {"kind": "text"}, {"kind": "text", "text": 1},
        {"kind": "text", "text": "a", "bold": 1}, {"kind": "feed", "lines": True}, {"kind": "cut", "x": 1},
        {"kind": "text", "text": "a", "align": "middle"},
    ],
)  # fmt: skip
def test_a_part_that_is_no_element_is_refused(part: object) -> None:
    with pytest.raises(BadDocument):
        from_json([part])


def test_the_till_s_side_imports_no_printer_library() -> None:
    code = (
        "import sys; import kassa_tui.hardware.print_client;"
        "heavy = {'escpos', 'PIL', 'qrcode', 'barcode', 'yaml', 'textual', 'peewee'};"
        "print(sorted(heavy & {name.partition('.')[0] for name in sys.modules}))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert run.stdout == "[]\n"
