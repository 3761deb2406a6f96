"""XML as PrestaShop's webservice takes and gives it: bodies that say what we mean, answers that can do us no harm.

Bodies are XML only (JSON is not understood there). Answers are read as JSON, save the list of what a key may do, whole
rows that are sent back, and the errors of a shop that could not find out what we wanted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from kassa_tui.sync.webshops.base import Permanent, Transient

MAX_XML_BYTES = 4 << 20
"""A whole product with thousands of combinations is a tenth of this."""
MAX_DEPTH = 32
MAX_NODES = 200_000
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Field = str | int | Mapping[str, str]
"""A field's text; of one in several languages the text by id of the language."""
Rows = Mapping[str, tuple[str, Sequence[Mapping[str, str | int]]]]
"""Associations: ``cart_rows`` → (``cart_row``, its rows)."""


def document(node: str, fields: Mapping[str, Field], rows: Rows | None = None) -> bytes:
    """The body that creates or changes one thing; never more than one, which the shop refuses."""
    root = ElementTree.Element("prestashop")
    thing = ElementTree.SubElement(root, node)
    for name, value in fields.items():
        _field(thing, name, value)
    if rows:
        associations = ElementTree.SubElement(thing, "associations")
        for name, (single, found) in rows.items():
            group = ElementTree.SubElement(associations, name)
            for each in found:
                row = ElementTree.SubElement(group, single)
                for key, value in each.items():
                    _field(row, key, value)
    made: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return made


def _field(parent: ElementTree.Element, name: str, value: Field) -> None:
    element = ElementTree.SubElement(parent, name)
    if isinstance(value, Mapping):
        for language, text in value.items():
            ElementTree.SubElement(element, "language", {"id": language}).text = clean(text)
    else:
        element.text = clean(str(value))


def clean(text: str) -> str:
    """Without the characters that XML cannot hold in any way of writing."""
    return _ILLEGAL.sub("", text)


class _Refused(Exception):
    pass


def parse(body: bytes) -> ElementTree.Element:
    """The root of an answer.

    Documents that define entities or types, go too deep or are too large are not read; nothing outside the document
    ever is. Raises Transient ``not_json`` for what is no XML (a page of the host), Permanent ``too_large``.
    """
    if len(body) > MAX_XML_BYTES:
        raise Permanent("too_large", {"bytes": MAX_XML_BYTES})
    builder, depth, nodes = ElementTree.TreeBuilder(), 0, 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth, nodes
        depth, nodes = depth + 1, nodes + 1
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            raise _Refused
        builder.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name)

    def refuse(*_: Any) -> None:
        raise _Refused

    reader = expat.ParserCreate()
    reader.StartElementHandler, reader.EndElementHandler = start, end
    reader.CharacterDataHandler = builder.data
    reader.StartDoctypeDeclHandler = reader.EntityDeclHandler = refuse
    try:
        reader.Parse(body, True)
        return builder.close()
    except (expat.ExpatError, _Refused, AssertionError, ValueError, LookupError) as error:
        # Expat raises ValueError and LookupError for encodings that it does not know.
        begins = body[:80].decode("utf-8", "replace").strip()
        raise Transient("not_json", {"begins": begins}) from error


def fields_of(thing: ElementTree.Element) -> dict[str, Field]:
    """What a thing consists of, to send back; associations are left out, which leaves them as they are."""
    found: dict[str, Field] = {}
    for child in thing:
        if child.tag == "associations":
            continue
        languages = [each for each in child if each.tag == "language"]
        if languages:
            found[child.tag] = {each.get("id", ""): each.text or "" for each in languages}
        else:
            found[child.tag] = child.text or ""
    return found


def errors_of(body: bytes) -> tuple[tuple[int, str], ...]:
    """The shop's own errors in an answer, code and words; nothing where it says none, as a page of the host."""
    text = body.lstrip()[:1]
    try:
        found = _json_errors(json.loads(body)) if text == b"{" else _xml_errors(body) if text == b"<" else []
    except (ValueError, RecursionError, Transient, Permanent):
        return ()
    return tuple((_number(code), " ".join(str(says or "").split())[:200]) for code, says in found)


def _json_errors(content: Any) -> list[tuple[Any, Any]]:
    errors = content.get("errors") if isinstance(content, dict) else None
    given = errors if isinstance(errors, list) else []
    return [(each.get("code"), each.get("message")) for each in given if isinstance(each, dict)]


def _xml_errors(body: bytes) -> list[tuple[Any, Any]]:
    return [(each.findtext("code"), each.findtext("message")) for each in parse(body).iter("error")]


def _number(text: Any) -> int:
    try:
        return int(str(text)[:9])
    except ValueError:
        return 0
