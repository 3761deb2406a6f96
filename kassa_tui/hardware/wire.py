"""Documents as JSON, between the till and its print process and in the print spool.

Imports nothing but the document's values, so that the till's own process stays small.
"""

from __future__ import annotations

from dataclasses import fields

from kassa_tui.domain.document import CENTRE, LEFT, QR, RIGHT, Barcode, Cut, Document, Element, Feed, Logo, Row, Rule
from kassa_tui.domain.document import Text as TextElement

_KINDS: dict[str, type[Element]] = {
    "text": TextElement, "row": Row, "rule": Rule, "feed": Feed, "logo": Logo, "barcode": Barcode, "qr": QR, "cut": Cut,
}  # fmt: skip
_NAMES = {kind: name for name, kind in _KINDS.items()}
_TYPES = {kind: {field.name: str(field.type) for field in fields(kind)} for kind in _KINDS.values()}
_CHECKS = {"str": str, "bool": bool, "int": int}


class BadDocument(ValueError):
    """JSON that is not a document."""


def to_json(document: Document) -> list[dict[str, object]]:
    """A list of objects, each with its ``kind`` and the fields of that element."""
    return [
        {"kind": _NAMES[type(element)]} | {name: getattr(element, name) for name in _TYPES[type(element)]}
        for element in document
    ]


def from_json(value: object) -> Document:
    """The document `to_json` was given; fields left out take their defaults. Raises `BadDocument`."""
    if not isinstance(value, list):
        raise BadDocument("a document is a list")
    return tuple(_element(part) for part in value)


def _element(part: object) -> Element:
    if not isinstance(part, dict) or not isinstance(part.get("kind"), str) or part["kind"] not in _KINDS:
        raise BadDocument(f"not an element: {part!r:.80}")
    kind = _KINDS[part["kind"]]
    given = {name: value for name, value in part.items() if name != "kind"}
    for name, value in given.items():
        if name not in _TYPES[kind] or type(value) is not _CHECKS[_TYPES[kind][name]]:
            raise BadDocument(f"no such field of {part['kind']}: {name!r:.80}")
    if given.get("align", LEFT) not in (LEFT, CENTRE, RIGHT):
        raise BadDocument(f"no such alignment: {given['align']!r:.80}")
    try:
        return kind(**given)
    except TypeError as error:
        raise BadDocument(f"a field is missing from {part['kind']}") from error
