"""GS1 element strings: GS1-128, DataBar, DataMatrix and QR messages, printed ``(01)...`` text, and GS1 Digital Link.

biip splits a message into its elements; what the elements mean to a till is decided here. Three things are not left
to biip 5.2: its dates depend on the clock, its decimals are wrong where a value has fewer digits than decimals, and a
missing separator behind an element that must have one goes unnoticed. It is imported on first use: 0.1 s that a shop
with plain EAN codes never pays.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from kassa_tui.domain.gtin import check_digit, passes
from kassa_tui.domain.instore import rescale
from kassa_tui.domain.reading import COUPON, GTIN, Bad, Code, Reading

if TYPE_CHECKING:
    from collections.abc import Callable

GS = "\x1d"
"""Group separator: what scanners send for the FNC1 that ends an element of variable length."""

EURO = "978"
"""ISO 4217 number of the euro."""

_MARKED = re.compile(r"(?:\([0-9]{2,4}\)[^()]+)+")
_MARK = re.compile(r"\(([0-9]{2,4})\)([^()]+)")
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

Elements: TypeAlias = "list[tuple[str, str]]"
"""Application identifier and data, in the order of the code."""


def element_string(text: str, this_year: int) -> Reading:
    """Read a message such as ``0108710400280507 3103001250 10AB12`` (without spaces; GS behind variable elements)."""
    return _read(lambda: _split(text), this_year)


def marked(text: str, this_year: int) -> Reading:
    """Read the text printed under a code: identifiers in parentheses, ``(01)08710400280507(10)AB12``."""
    return _read(lambda: _split_marked(text), this_year)


def digital_link(uri: str, this_year: int) -> Reading:
    """Read a GS1 Digital Link of any host and path prefix. The address is never opened."""
    return _read(lambda: _split_link(uri), this_year)


def _read(split: Callable[[], Elements], this_year: int) -> Reading:
    from biip import ParseError

    try:
        elements = split()
    # Beside its own error biip lets through ValueError (of urlsplit) and ArithmeticError (of Decimal).
    except (ParseError, ValueError, ArithmeticError):
        return Bad("not_gs1")
    values: dict[str, str] = {}
    for ai, value in elements:
        if not value.isascii() or values.setdefault(ai, value) != value:
            return Bad("not_gs1", {"ai": ai})
    return _meaning(values, this_year)


def _split(text: str) -> Elements:
    from biip import ParseConfig
    from biip.gs1_element_strings import GS1ElementString

    config = ParseConfig(gs1_element_strings_verify_date=False)
    elements: Elements = []
    rest = text.strip(GS)
    while rest:
        element = GS1ElementString.extract(rest, config=config)
        elements.append((element.ai.ai, element.value))
        rest = rest[len(element) :]
        if rest and element.ai.separator_required and rest[0] != GS:
            raise ValueError("separator missing")
        rest = rest.lstrip(GS)
    return elements


def _split_marked(text: str) -> Elements:
    # biip's own reader of this form skips whatever stands between two elements.
    compact = "".join(text.split())
    if _MARKED.fullmatch(compact) is None:
        raise ValueError("not of the form (AI)data")
    elements: Elements = []
    for ai, value in _MARK.findall(compact):
        single = _split(ai + value)
        if [found for found, _ in single] != [ai]:
            raise ValueError("not one element")
        elements += single
    return elements


def _split_link(uri: str) -> Elements:
    from biip import ParseConfig
    from biip.gs1_digital_link_uris import GS1DigitalLinkURI

    path, mark, query = uri.partition("#")[0].partition("?")
    config = ParseConfig(gs1_element_strings_verify_date=False)
    # A slash at the end of the path is usual on the web, and an odd number of parts to biip.
    link = GS1DigitalLinkURI.parse(path.rstrip("/") + mark + query, config=config)
    return [(element.ai.ai, element.value) for element in link.element_strings]


def _meaning(values: dict[str, str], this_year: int) -> Reading:
    dates: dict[str, str | None] = {}
    for ai in ("17", "15"):
        given = values.get(ai)
        dates[ai] = iso_date(given, this_year) if given is not None else None
        if given is not None and dates[ai] is None:
            return Bad("date", {"ai": ai, "given": given})
    number = values.get("01") or values.get("02")
    if number is None:
        return _coupon(values, dates["17"])
    if not passes(number):
        expected = check_digit(number[:-1])
        return Bad("check_digit", {"code": number, "given": int(number[-1]), "expected": expected})
    price = _price(values)
    if isinstance(price, Bad):
        return price
    pieces = values.get("30") or values.get("37")
    return Code(
        GTIN,
        number,
        (number,),
        gtin=number,
        price=price,
        weight=_scaled(values, "310", 3),
        pieces=int(pieces) or None if pieces else None,
        volume=_volume(values),
        unit_price=_scaled(values, "395", 2),
        use_by=dates["17"],
        best_before=dates["15"],
        batch=values.get("10"),
        serial=values.get("21"),
    )


def _coupon(values: dict[str, str], use_by: str | None) -> Reading:
    number = values.get("255")
    if number is None:
        return Bad("no_item", {"ais": " ".join(values)})
    coupon, serial = number[:13], number[13:]
    if not passes(coupon):
        expected = check_digit(coupon[:-1])
        return Bad("check_digit", {"code": coupon, "given": int(coupon[-1]), "expected": expected})
    return Code(
        COUPON,
        coupon,
        (coupon,),
        use_by=use_by,
        serial=serial or None,
        coupon=coupon,
        amount=_scaled(values, "390", 2),
        percent=_scaled(values, "394", 2),
    )


def _price(values: dict[str, str]) -> int | Bad | None:
    """The line price of AI 392n (own currency) or 393n (currency named); it needs a measure to be the price of."""
    plain, named = _one_of(values, "392"), _one_of(values, "393")
    if plain is None and named is None:
        return None
    if plain and named:
        return Bad("not_gs1", {"ai": named[0]})
    ai, value = plain or named or ("", "")
    if not any(key == "30" or key[:2] in ("31", "32", "35", "36") for key in values):
        return Bad("measure_missing", {"ai": ai})
    if named:
        currency, value = value[:3], value[3:]
        if currency != EURO:
            return Bad("currency", {"given": currency})
    return rescale(int(value), int(ai[3]), 2)


def _volume(values: dict[str, str]) -> int | None:
    litres = _scaled(values, "315", 3)
    return litres if litres is not None else _scaled(values, "316", 6)


def _one_of(values: dict[str, str], family: str) -> tuple[str, str] | None:
    """The element of a family such as 310n, whose last digit counts the decimals."""
    return next((item for item in values.items() if len(item[0]) == 4 and item[0].startswith(family)), None)


def _scaled(values: dict[str, str], family: str, wanted: int) -> int | None:
    found = _one_of(values, family)
    return None if found is None else rescale(int(found[1]), int(found[0][3]), wanted)


def iso_date(yymmdd: str, this_year: int) -> str | None:
    """A GS1 date as ``YYYY-MM-DD``: day 00 is the last of the month; None where no such day exists.

    The century is the one that brings the year within 49 years before and 50 years after ``this_year``
    (GS1 General Specifications 7.12).
    """
    short, month, day = int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:6])
    ahead = short - this_year % 100
    century = this_year // 100 + (-1 if ahead >= 51 else 1 if ahead <= -50 else 0)
    year = 100 * century + short
    if not 1 <= month <= 12 or not 1 <= year <= 9999:
        return None
    last = 28 if month == 2 and (year % 4 or (year % 100 == 0 and year % 400)) else _DAYS[month - 1]
    return f"{year:04d}-{month:02d}-{day or last:02d}" if day <= last else None
