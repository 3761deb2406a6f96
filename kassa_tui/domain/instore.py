"""Labels of the shop's own scale or counter: the item and its price, weight or count in one EAN-13.

GS1 leaves the numbers 02 and 20-29 to each country and no binding Dutch or Belgian layout is published, so the layout
is configuration. A pattern spells the 13 digits: the prefix in digits, ``I`` for the item, ``V`` for a verifier of the
value, ``P`` price, ``W`` weight or ``N`` pieces, and ``K`` for the check digit. ``:n`` behind it gives the decimals.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kassa_tui.domain.gtin import check_digit, verifier
from kassa_tui.domain.reading import INSTORE, Bad, Code

PRICE, WEIGHT, PIECES = "price", "weight", "pieces"

_PATTERN = re.compile(r"([0-9]{1,9})(I+)(V?)(P+|W+|N+)K(?::([0-9]))?")
_VALUE_OF = {"P": PRICE, "W": WEIGHT, "N": PIECES}
_DECIMALS = {PRICE: 2, WEIGHT: 3, PIECES: 0}
"""Decimals of euro, kilogram and piece in our integers; also what a template has unless it says otherwise."""


@dataclass(frozen=True, slots=True)
class Template:
    """One layout of an in-store EAN-13: prefix, item, perhaps a verifier, value, check digit."""

    prefix: str
    """The leading digits that choose this layout; ``02`` stands for a UPC-A that begins with 2."""
    item_length: int
    verifier: bool
    """Whether a digit before the value verifies it; only values of four or five digits can have one."""
    value: str
    """What the value is: ``price``, ``weight`` or ``pieces``."""
    value_length: int
    decimals: int
    """Decimals of the value: euros with 2 are cents, kilograms with 3 are grams."""


def parse_template(pattern: str) -> Template | Bad:
    """Read a pattern such as ``21IIIIIPPPPPK`` or ``24IIIIIIWWWWK:2``.

    Refused as ``template`` with the facts ``pattern`` and ``reason``: ``letters`` (not in the order prefix, item,
    verifier, value, K), ``length`` (not 13 positions), ``verifier`` (value not of four or five digits), ``decimals``
    (pieces have none, and no value has more decimals than digits).
    """
    text = pattern.strip().upper()
    found = _PATTERN.fullmatch(text)
    if found is None:
        return _refused(pattern, "letters")
    prefix, item, check, value, decimals = found.groups()
    kind = _VALUE_OF[value[0]]
    places = _DECIMALS[kind] if decimals is None else int(decimals)
    if len(text.partition(":")[0]) != 13:
        return _refused(pattern, "length")
    if check and len(value) not in (4, 5):
        return _refused(pattern, "verifier")
    if places > (0 if kind == PIECES else len(value)):
        return _refused(pattern, "decimals")
    return Template(prefix, len(item), bool(check), kind, len(value), places)


def _refused(pattern: str, reason: str) -> Bad:
    return Bad("template", {"pattern": pattern, "reason": reason})


DEFAULT_TEMPLATES = (
    Template("21", 5, False, PRICE, 5, 2),
    Template("22", 4, True, PRICE, 5, 2),
    Template("28", 5, False, WEIGHT, 5, 3),
    Template("23", 6, False, WEIGHT, 4, 3),
    Template("24", 6, False, WEIGHT, 4, 2),
    Template("25", 6, False, WEIGHT, 4, 1),
)
"""Layouts usual on scales sold here: 21 price, 22 price with verifier (German), 28 grams, and 23 to 25 weight with
three, two and one decimal (Nordic). No two share a prefix, so their order does not matter. Prefix 20 is left out: shops
number fixed articles in it, and the British layout ``20IIIIIVPPPPK`` would refuse nine in ten of those."""


def rescale(value: int, decimals: int, wanted: int) -> int:
    """A number of zero or more with so many decimals as one with ``wanted`` decimals, half away from zero."""
    if decimals <= wanted:
        return int(value * 10 ** (wanted - decimals))
    step = int(10 ** (decimals - wanted))
    return (value + step // 2) // step


def measure(code13: str, templates: tuple[Template, ...]) -> Code | Bad | None:
    """Take an EAN-13 apart by the first template with its prefix; None where no template has it.

    ``code13`` has passed its check digit. A wrong verifier is refused as ``verifier`` with the facts ``given``,
    ``expected`` and ``gtin`` (the whole code as 14 digits: perhaps a fixed article in the template's range). A value of
    zero is no value: the till asks, rather than sell for nothing.
    """
    for template in templates:
        if code13.startswith(template.prefix):
            return _measured(code13, template)
    return None


def _measured(code13: str, template: Template) -> Code | Bad:
    start = len(template.prefix)
    head = code13[: start + template.item_length]
    item = head[start:]
    digits = code13[-1 - template.value_length : -1]
    if template.verifier:
        given, expected = int(code13[len(head)]), verifier(digits)
        if expected is not None and given != expected:
            return Bad("verifier", {"given": given, "expected": expected, "gtin": "0" + code13})
    blank = head.ljust(12, "0")
    base = "0" + blank + str(check_digit(blank))
    key = item.lstrip("0") or "0"
    amount = rescale(int(digits), template.decimals, _DECIMALS[template.value]) or None
    return Code(
        INSTORE,
        key,
        tuple(dict.fromkeys((key, item, base))),
        gtin="0" + code13,
        item=item,
        price=amount if template.value == PRICE else None,
        weight=amount if template.value == WEIGHT else None,
        pieces=amount if template.value == PIECES else None,
    )
