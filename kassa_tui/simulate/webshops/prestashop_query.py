"""How the simulated PrestaShop reads a question and writes an answer: filters, sorting, JSON as PHP mixes it, XML."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any
from xml.sax.saxutils import escape

from kassa_tui.simulate.webshops.prestashop_fields import Resource

Row = dict[str, Any]
LINK = 'xmlns:xlink="http://www.w3.org/1999/xlink"'
_BRACKETS = re.compile(r"(.*)\[(.*)\](.*)", re.DOTALL)
_INTERVAL = re.compile(r"([\d.:\-\s]+),([\d.:\-\s]+)")


class Refusal(Exception):
    """The webservice says no: status, code of the webservice, words."""

    def __init__(self, status: int, code: int, says: str) -> None:
        super().__init__(f"{status} {code} {says}")
        self.status, self.code, self.says = status, code, says


def select(rows: Sequence[Row], resource: Resource, params: Sequence[tuple[str, str]]) -> list[Row]:
    """What fits, sorted and cut as asked; the newest first where nobody says."""
    asked = dict(params)
    dates = bool(asked.get("date"))
    found = list(reversed(rows))
    for name, text in params:
        if name.startswith("filter[") and name.endswith("]"):
            found = _filtered(found, resource, name[7:-1], text, dates=dates)
    if "sort" in asked:
        _sort(found, resource, asked["sort"])
    if "limit" in asked:
        numbers = [int(part) if part.strip().isdecimal() else 0 for part in asked["limit"].split(",")]
        if len(numbers) > 2:
            raise Refusal(400, 39, 'The "limit" value has to be formed as this example: "5,25" or "10"')
        start, count = numbers if len(numbers) == 2 else (0, numbers[0])
        found = found[start : start + count]
    return found


def _filtered(rows: list[Row], resource: Resource, name: str, text: str, *, dates: bool) -> list[Row]:
    field = resource.fields.get(name)
    if name != "id" and (field is None or (name in ("date_add", "date_upd") and not dates)):
        known = ", ".join(f'"{each}"' for each in ("id", *resource.fields))
        says = f'This filter does not exist. Did you mean: "id"? The full list is: {known}'
        raise Refusal(500, 32, says)
    if text == "":
        raise Refusal(400, 33, f'The filter "{name}" is malformed.')
    if field is not None and field.given:
        raise Refusal(
            400, 34, f'The field "{name}" is dynamic. It is not possible to filter GET query with this field.'
        )
    fits = condition(text)
    return [row for row in rows if any(fits(each) for each in _values(row.get(name)))]


def _values(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else [value]


def condition(text: str) -> Callable[[Any], bool]:
    """What a filter's text means: ``v``, ``[v]``, ``[a|b]``, ``[a,b]``, ``>[v]``, ``%[v]%``."""
    found = _BRACKETS.fullmatch(text)
    if found is None:
        return lambda value: equal(value, text)
    before, inner, after = found.groups()
    if before == "%" or after == "%":
        pattern = re.compile((".*" if before else "") + re.escape(inner) + (".*" if after else ""), re.I | re.S)
        return lambda value: pattern.fullmatch(_text(value)) is not None
    if before in (">", "<", "!"):
        return lambda value: {">": less(inner, value), "<": less(value, inner), "!": not equal(value, inner)}[before]
    if "|" in inner[1:]:
        return _one_of(inner.split("|"))
    interval = _INTERVAL.fullmatch(inner)
    if interval is not None:
        low, high = sorted(interval.groups(), key=lambda each: (_number(each) or 0, each))
        if low.isdecimal() and high.isdecimal():
            first, last = int(low), int(high)
            return lambda value: first <= (value if type(value) is int else _number(value) or 0) <= last
        return lambda value: not less(value, low) and not less(high, value)
    return _one_of([inner])


def _one_of(texts: Sequence[str]) -> Callable[[Any], bool]:
    # Thousands of rows are looked through for every page: whole numbers are compared as such.
    if all(text.isdecimal() for text in texts):
        numbers = {int(text) for text in texts}
        return lambda value: (value if type(value) is int else _number(value)) in numbers
    options = {_folded(text) for text in texts}
    return lambda value: _folded(value) in options


def equal(value: Any, text: str) -> bool:
    """As the database compares: numbers as such, text without case."""
    return bool(_folded(value) == _folded(text))


def less(first: Any, second: Any) -> bool:
    """Likewise."""
    numbers = _number(first), _number(second)
    if numbers[0] is not None and numbers[1] is not None:
        return numbers[0] < numbers[1]
    return _text(first) < _text(second)


def _folded(value: Any) -> Any:
    number = _number(value)
    return _text(value).casefold().rstrip() if number is None else number


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _number(value: Any) -> Decimal | None:
    try:
        found = Decimal(_text(value).strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _sort(rows: list[Row], resource: Resource, text: str) -> None:
    inner = _BRACKETS.fullmatch(text)
    for each in reversed((inner[2] if inner else text).split(",")):
        name, _, direction = each.rpartition("_")
        if direction not in ("ASC", "DESC") or (name != "id" and name not in resource.fields):
            raise Refusal(400, 38, f"Unable to filter by this field. However, these are available: id, {name}")
        if name == "id":
            rows.sort(key=lambda row: int(row["id"]), reverse=direction == "DESC")
            continue
        rows.sort(key=lambda row: (_number(row.get(name)) or 0, _text(row.get(name))), reverse=direction == "DESC")


def fields_asked(resource: Resource, display: str, virtual: Sequence[str]) -> list[str] | None:
    """The fields of ``display=[…]``; None for all."""
    if display == "full":
        return None
    inner = _BRACKETS.fullmatch(display)
    if inner is None:
        raise Refusal(400, 36, "The 'display' syntax is wrong. You can set 'full' or '[field_1,field_2,field_3,...]'.")
    names = [name.strip() for name in inner[2].split(",")]
    for name in names:
        if name != "id" and name not in resource.fields and name not in virtual:
            says = f'Unable to display this field "{name}". However, these are available: '
            raise Refusal(400, 35, says + ", ".join(("id", *resource.fields)))
    return names


def shown(row: Row, names: Sequence[str] | None, resource: Resource, virtual: Mapping[str, str]) -> Row:
    """A row as far as it is asked for."""
    found: Row = {"id": row["id"]} if names is None or "id" in names else {}
    for name in resource.fields:
        if names is None or name in names:
            found[name] = row.get(name)
    for name, value in virtual.items():
        if names is None or name in names:
            found[name] = value
    if names is None:
        found["associations"] = row.get("associations", {})
    return found


def as_json(row: Row, languages: Sequence[int]) -> Row:
    """As PHP says it: numbers now as numbers, now as text; texts in several languages as a list; nothing for none."""
    found: Row = {}
    for name, value in row.items():
        if name == "associations":
            groups = {group: [as_json(each, languages) for each in rows] for group, rows in value.items() if rows}
            if groups:
                found["associations"] = groups
        elif isinstance(value, dict):
            texts = [{"id": str(number), "value": value.get(number, "")} for number in languages]
            found[name] = texts if len(texts) > 1 else texts[0]["value"]
        elif isinstance(value, int) and name != "id" and len(name) % 2:
            found[name] = str(int(value))
        else:
            found[name] = value
    return found


def as_xml(row: Row, resource: Resource, languages: Sequence[int]) -> str:
    """The same as XML."""
    pieces = [f"<{resource.node}>"]
    for name, value in row.items():
        if name == "associations":
            pieces.append(_associations(value, resource))
        elif isinstance(value, dict):
            texts = (f'<language id="{number}">{_cdata(value.get(number, ""))}</language>' for number in languages)
            pieces.append(f"<{name}>{''.join(texts)}</{name}>")
        elif value is None or value == "":
            pieces.append(f"<{name}></{name}>")
        else:
            pieces.append(f'<{name} xlink:href="https://voorbeeld/api/{name}">{_cdata(value)}</{name}>')
    return "".join((*pieces, f"</{resource.node}>"))


def _associations(groups: Mapping[str, Sequence[Row]], resource: Resource) -> str:
    text = ""
    for name, rows in groups.items():
        single = resource.associations.get(name, name[:-1])
        inner = ("".join(f"<{key}>{_cdata(value)}</{key}>" for key, value in row.items()) for row in rows)
        text += f'<{name} nodeType="{single}">{"".join(f"<{single}>{each}</{single}>" for each in inner)}</{name}>'
    return f"<associations>{text}</associations>"


def _cdata(value: Any) -> str:
    return f"<![CDATA[{_text(value).replace(']]>', ']]]]><![CDATA[>')}]]>"


def document(inner: str) -> bytes:
    """A whole answer."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<prestashop {LINK}>\n{inner}\n</prestashop>\n'.encode()


def errors(found: Sequence[tuple[int, str]]) -> str:
    """The shop's errors as XML."""
    each = (f"<error><code>{_cdata(code)}</code><message>{_cdata(says)}</message></error>" for code, says in found)
    return f"<errors>{''.join(each)}</errors>"


def listing(shop: str, url: str, rights: Mapping[str, set[str]]) -> str:
    """What a key may do, as the shop lists it; it says nothing of PATCH."""
    pieces = [f'<api shopName="{escape(shop)}">']
    for name, methods in sorted(rights.items()):
        flags = "".join(
            f' {method.lower()}="{"true" if method in methods else "false"}"'
            for method in ("GET", "PUT", "POST", "DELETE", "HEAD")
        )
        pieces.append(f'<{name} xlink:href="{url}/api/{name}"{flags}><description>{name}</description></{name}>')
    return "".join((*pieces, "</api>"))
