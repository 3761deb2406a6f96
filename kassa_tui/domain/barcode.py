"""One road from what a scanner or a cashier sends to what the shop looks up.

Every code passes here once: plain article numbers on a short path of a few microseconds, element strings and web
addresses through biip. No text makes it raise; what cannot be sold by is a ``Bad`` with the reason.
"""

from __future__ import annotations

import re
from dataclasses import replace

from kassa_tui.domain.gtin import (
    check_digit,
    expand_upce,
    gtin14,
    isbn13,
    issn13,
    passes,
    plain_digits,
    verifier,
    verifier4,
    verifier5,
)
from kassa_tui.domain.instore import DEFAULT_TEMPLATES, Template, measure, parse_template
from kassa_tui.domain.reading import COUPON, GTIN, INSTORE, RECEIPT, REFUND, SKU, Bad, Code, Reading

__all__ = [
    "COUPON",
    "DEFAULT_TEMPLATES",
    "GTIN",
    "INSTORE",
    "RECEIPT",
    "REFUND",
    "SKU",
    "Bad",
    "Code",
    "Reading",
    "Template",
    "check_digit",
    "expand_upce",
    "gtin14",
    "parse_template",
    "read",
    "verifier",
    "verifier4",
    "verifier5",
]

MAX_SKU_CHARS = 48
"""A SKU longer than the longest GS1-128 message is not one a shop keeps."""
MAX_CODE_CHARS = 1024
"""The longest web address in a QR code that is worth reading at a till; it bounds the work of one scan."""
PIVOT_YEAR = 2026
"""Year about which two-digit years are placed when the caller names none: holds for dates of 1977 to 2076."""

GS = "\x1d"

_EDGES = "".join(map(chr, (*range(33), *range(0x7F, 0xA1), *range(0x2000, 0x2010), 0x2028, 0x2029, 0xFEFF)))
"""White space and control characters, cut off either end."""
_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_ELEMENT_IDS = frozenset(("]C1", "]e0", "]e1", "]e2", "]d2", "]Q3", "]J1"))
"""Symbols that hold element strings: GS1-128, DataBar and composites, GS1 DataMatrix, GS1 QR, GS1 DotCode."""
_UPC_ID, _ADDON2_ID, _ADDON5_ID, _WITH_ADDON_ID, _EAN8_ID = "]E0", "]E1", "]E2", "]E3", "]E4"

_RECEIPT = re.compile(r"[A-Z0-9]{1,8}-[0-9]{6,}")
_MARKED_FIRST = re.compile(r"\([0-9]{2,4}\)")
_ITEM_FIRST = re.compile(r"0[12]([0-9]{14})")
_COUPON_FIRST = re.compile(r"255([0-9]{13})")
_ISSN = re.compile(r"[0-9]{4}-[0-9]{3}[0-9X]")
_ISBN_PARTS = re.compile(r"[0-9][0-9 -]{7,15}[0-9X]")


def read(
    raw: str,
    templates: tuple[Template, ...] = (),
    *,
    aliases: str = "",
    typed: bool = False,
    this_year: int = PIVOT_YEAR,
) -> Reading:
    """What a scanned or typed text stands for. Never raises for any text.

    ``templates`` are the shop's in-store layouts. ``aliases`` are the texts a keyboard scanner sends in place of the
    group separator, divided by spaces: ``"| ^ <GS>"``. ``typed`` says that a person typed it, who may write spaces, an
    ISBN of ten characters, or hyphens in an ISBN or ISSN. ``this_year`` places the years of expiry dates.

    Refusals: ``empty``; ``too_long`` (``length``, ``most``); ``unreadable`` (``length``); ``check_digit`` (``code``,
    ``given``, ``expected``); ``verifier`` (``given``, ``expected``, ``gtin``); ``not_gs1`` (perhaps ``ai``);
    ``no_item`` (``ais``: a GS1 message that names no article); ``date`` (``ai``, ``given``); ``currency`` (``given``);
    ``measure_missing`` (``ai``: a price without what it is the price of); ``addon_alone`` (``addon``).
    """
    if len(raw) <= 14 and raw.isdigit() and raw.isascii():
        return _digits(raw, templates, typed)
    text = raw.strip(_EDGES)
    if not text:
        return Bad("empty")
    if len(text) > MAX_CODE_CHARS:
        return Bad("too_long", {"length": len(text), "most": MAX_CODE_CHARS})
    symbol = text[:3] if _AIM.match(text) else ""
    body = text[3:].strip(_EDGES) if symbol else text
    if not body:
        return Bad("empty")
    if symbol[:2] == "]E":
        return _retail(symbol, body, templates)
    reading = _gs1(body, symbol, aliases, this_year)
    if reading is not None:
        return _labelled(reading, templates)
    return _digits(body, templates, typed) if plain_digits(body) else _other(body, templates, typed)


def _digits(text: str, templates: tuple[Template, ...], typed: bool) -> Reading:
    """A text of digits alone: eight or more must be an article number with the right check digit."""
    length = len(text)
    if length == 13:
        return _ean13(text, templates)
    if length < 8:
        return Code(SKU, text, (text,))
    if length == 12:
        return _ean13("0" + text, templates, text)
    if length == 8:
        return _short(text, upce_first=False)
    if length == 14:
        return _gtin14(text, templates)
    if length in (15, 18):
        return _with_addon(text, 13)
    book = isbn13(text) if typed else None
    return _ean13(book, ()) if book else Bad("unreadable", {"length": length})


def _wrong_check(text: str) -> Bad:
    return Bad("check_digit", {"code": text, "given": int(text[-1]), "expected": check_digit(text[:-1])})


def _ean13(text: str, templates: tuple[Template, ...], seen: str = "") -> Reading:
    """Thirteen digits; ``seen`` is what was scanned where that differs by its leading zero."""
    if not passes(text):
        return _wrong_check(seen or text)
    found = measure(text, templates) if templates else None
    if found is not None:
        return found
    key = "0" + text
    if text[0] == "9":
        # 99 and 981-983 are coupons, 980 is a refund slip (GS1 prefix list).
        if text[1] == "9" or text[:3] in ("981", "982", "983"):
            return Code(COUPON, key, (key,), gtin=key, coupon=text)
        if text[:3] == "980":
            return Code(REFUND, key, (key,), gtin=key)
    return Code(GTIN, key, (key,), gtin=key)


def _gtin14(text: str, templates: tuple[Template, ...]) -> Reading:
    if text[0] == "0":
        return _ean13(text[1:], templates, text)
    return Code(GTIN, text, (text,), gtin=text) if passes(text) else _wrong_check(text)


def _short(text: str, *, upce_first: bool) -> Reading:
    """Eight digits: an EAN-8, or a UPC-E where the scanner did not expand it."""
    upca = expand_upce(text)
    if passes(text) and not (upce_first and upca):
        key = "000000" + text
    elif upca:
        key = "00" + upca
    else:
        return _wrong_check(text)
    return Code(GTIN, key, (key,), gtin=key)


def _with_addon(text: str, length: int) -> Reading:
    reading = _ean13(text[:length].zfill(13), (), text[:length])
    return replace(reading, addon=text[length:]) if isinstance(reading, Code) else reading


def _retail(symbol: str, body: str, templates: tuple[Template, ...]) -> Reading:
    """EAN and UPC symbols, named by the scanner; an add-on may follow as a message of its own."""
    main, mark, addon = body.partition(_ADDON2_ID if _ADDON2_ID in body else _ADDON5_ID)
    text = main.strip(_EDGES) + addon.strip(_EDGES)
    length = len(text)
    if not plain_digits(text):
        return Bad("unreadable", {"length": len(body)})
    if symbol in (_ADDON2_ID, _ADDON5_ID) and length in (2, 5):
        return Bad("addon_alone", {"addon": text})
    if symbol == _WITH_ADDON_ID or mark:
        base = {14: 12, 15: 13, 17: 12, 18: 13}.get(length)
        return _with_addon(text, base) if base else Bad("unreadable", {"length": length})
    if length == 8:
        return _short(text, upce_first=symbol == _UPC_ID)
    if symbol == _EAN8_ID or length < 8:
        return Bad("unreadable", {"length": length})
    return _digits(text, templates, typed=False)


def _gs1(body: str, symbol: str, aliases: str, this_year: int) -> Reading | None:
    """The reading of a body that is GS1 data by its symbol or by its looks; None where it is something else."""
    start = body[:8].lower()
    if start.startswith(("http://", "https://")):
        from kassa_tui.domain.elements import digital_link

        return digital_link(body, this_year)
    if _MARKED_FIRST.match(body):
        from kassa_tui.domain.elements import marked

        return marked(body, this_year)
    message = body
    for alias in aliases.split():
        message = message.replace(alias, GS)
    if symbol in _ELEMENT_IDS or GS in body or _looks_gs1(message):
        from kassa_tui.domain.elements import element_string

        return element_string(message, this_year)
    if message != body and plain_digits(message[:2]):
        from kassa_tui.domain.elements import element_string

        # An alias may also be part of a SKU, so a failure here settles nothing.
        reading = element_string(message, this_year)
        return reading if isinstance(reading, Code) else None
    return None


def _looks_gs1(message: str) -> bool:
    """Whether a text from a scanner that names no symbol begins as an item or a coupon with a right check digit."""
    message = message.lstrip(GS)
    if plain_digits(message) and len(message) in (18, 15) and passes(message[:13]):
        return False
    found = _ITEM_FIRST.match(message) or _COUPON_FIRST.match(message)
    return found is not None and passes(found[1])


def _labelled(reading: Reading, templates: tuple[Template, ...]) -> Reading:
    """A GTIN from an element string that gives no measure may itself be a label of the shop's own."""
    if not isinstance(reading, Code) or reading.gtin is None or reading.gtin[0] != "0":
        return reading
    if (reading.price, reading.weight, reading.pieces) != (None, None, None):
        return reading
    found = measure(reading.gtin[1:], templates)
    if not isinstance(found, Code):
        return found or reading
    return replace(
        found,
        use_by=reading.use_by,
        best_before=reading.best_before,
        batch=reading.batch,
        serial=reading.serial,
    )


def _other(text: str, templates: tuple[Template, ...], typed: bool) -> Reading:
    """A text with more in it than digits: a number as a person writes it, a receipt, or a SKU as it is."""
    if len(text) > MAX_SKU_CHARS:
        return Bad("too_long", {"length": len(text), "most": MAX_SKU_CHARS})
    if not text.isprintable():
        return Bad("unreadable", {"length": len(text)})
    written = _written(text, templates) if typed else None
    if written is not None:
        return written
    capitals = text.upper()
    if text.isascii() and _RECEIPT.fullmatch(capitals):
        return Code(RECEIPT, capitals, (capitals,))
    return Code(SKU, text, (text,))


def _written(text: str, templates: tuple[Template, ...]) -> Reading | None:
    """A number as printed below a code or on a title page, spaces and hyphens and all."""
    compact = text.replace(" ", "").upper()
    if plain_digits(compact):
        return _digits(compact, templates, typed=True)
    number = issn13(compact.replace("-", "")) if _ISSN.fullmatch(compact) else None
    if number is None and _ISBN_PARTS.fullmatch(text.upper()):
        bare = compact.replace("-", "")
        whole = gtin14(bare) if len(bare) == 13 and bare.startswith(("978", "979")) else None
        number = whole[1:] if whole else isbn13(bare)
    if number is None:
        return None
    # What was typed stays a candidate: one SKU in eleven of that shape passes the check too.
    key = "0" + number
    return Code(GTIN, key, (key, text), gtin=key)
