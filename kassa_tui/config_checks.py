"""What each key of ``till.toml`` may hold, as data: table by table and, for devices, kind by kind.

A check takes the value TOML gave and answers the value to use, or what is wrong with it as a code and facts. Checks
know nothing of files and of each other; what depends on two keys is judged where the file is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from kassa_tui.domain.country import ALL_TENDERS, CASH_ONLY, COUNTRIES, OFF


class Wrong:
    """What a check answers instead of a value."""

    __slots__ = ("at", "code", "facts")

    def __init__(self, code: str, at: str = "", **facts: Any) -> None:
        self.code, self.at, self.facts = code, at, facts


Check = Callable[[Any], Any]
"""Takes a value from the file; answers the value to use, a `Wrong`, or a list of them (``at`` is then the place)."""

_TYPE_NAMES = {str: "text", bool: "true_or_false", int: "whole_number", list: "list", dict: "table", float: "decimal"}


def type_name(value: object) -> str:
    """What a TOML value is, as problems call it."""
    return _TYPE_NAMES.get(type(value), "date_or_time")


def wrong_type(expected: str, found: object) -> Wrong:
    """What to answer where a value is of another kind than expected."""
    return Wrong("wrong_type", expected=expected, found=type_name(found))


def nearest(name: object, names: Iterable[object]) -> str:
    """The valid name that was probably meant, or an empty text."""
    from difflib import get_close_matches

    known = {str(valid).lower(): str(valid) for valid in names}
    return next((known[match] for match in get_close_matches(str(name).lower(), known, 1, 0.5)), "")


def text_line(value: Any) -> Any:
    """One line of text without blanks around it, or what is wrong with it."""
    if not isinstance(value, str):
        return wrong_type("text", value)
    # Receipts, terminals and system calls all act on control characters, and no setting needs one.
    if any(char < " " or "\x7f" <= char < "\xa0" for char in value):
        return Wrong("wrong_type", expected="text", found="control_character")
    return value.strip()


def _lines(value: Any) -> Any:
    lines = value.strip("\r\n").splitlines() if isinstance(value, str) else value
    if not isinstance(lines, list):
        return wrong_type("text_or_list", value)
    texts = [text_line(line) for line in lines]
    wrong = [Wrong(text.code, f"[{no}]", **text.facts) for no, text in enumerate(texts, 1) if isinstance(text, Wrong)]
    return wrong or tuple(texts)


def _flag(value: Any) -> Any:
    return value if isinstance(value, bool) else wrong_type("true_or_false", value)


def _whole(least: int, most: int, unit: int = 1) -> Check:
    def check(value: Any) -> Any:
        if type(value) is not int:
            return wrong_type("whole_number", value)
        if not least <= value <= most:
            return Wrong("out_of_range", given=value, least=least, most=most)
        return value * unit

    return check


def one_of(*choices: str | int) -> Check:
    """A check for a value that has to be one of these."""

    def check(value: Any) -> Any:
        if type(value) is not type(choices[0]):
            return wrong_type(_TYPE_NAMES[type(choices[0])], value)
        if value not in choices:
            return Wrong("not_one_of", given=value, choices=choices, nearest=nearest(value, choices))
        return value

    return check


def _matching(pattern: str, expected: str) -> Check:
    shape = re.compile(pattern)

    def check(value: Any) -> Any:
        text = text_line(value)
        if isinstance(text, Wrong) or shape.fullmatch(text):
            return text
        return Wrong("wrong_type", expected=expected, found=text)

    return check


def _path(value: Any) -> Any:
    text = text_line(value)
    return text if isinstance(text, Wrong) else Path(text)


def vat_id(country: str, given: str) -> str | None:
    """The VAT number with its country letters and nothing else, or None where it cannot be right (standards 3.3).

    A Dutch number passes the 11-test over its nine digits (a company, an older sole trader) or the modulus 97 over the
    whole, letters counted from A = 10 (a sole trader since 2020); the last two digits of a Belgian one are 97 less the
    remainder of the first eight.
    """
    number = re.sub(r"[\s.-]", "", given).upper()
    if number[:1].isdigit():
        number = country + number
    digits = number[2:]
    if country == "BE":
        right = re.fullmatch("BE[01][0-9]{9}", number) and (int(digits[:8]) + int(digits[8:])) % 97 == 0
    else:
        right = re.fullmatch("NL[0-9]{9}B[0-9]{2}", number) and (_passes_11(digits[:9]) or _passes_97(number))
    return number if right else None


def _passes_11(nine: str) -> bool:
    weighed = sum(weight * int(digit) for weight, digit in zip((9, 8, 7, 6, 5, 4, 3, 2, -1), nine, strict=True))
    return int(nine) > 0 and weighed % 11 == 0


def _passes_97(number: str) -> bool:
    return int("".join(str(int(char, 36)) for char in number)) % 97 == 1


def _templates(value: Any) -> Any:
    from kassa_tui.domain.instore import Template, parse_template

    patterns = _lines(value) if isinstance(value, list) else wrong_type("list", value)
    if not isinstance(patterns, tuple):
        return patterns
    wrong, prefixes = [], list[str]()
    for no, pattern in enumerate(patterns, 1):
        template = parse_template(pattern)
        prefix = template.prefix if isinstance(template, Template) else ""
        # The first layout with the prefix is taken, so a later one behind the same digits is never reached.
        hidden = next((at for at, earlier in enumerate(prefixes, 1) if earlier and prefix.startswith(earlier)), 0)
        if not isinstance(template, Template):
            wrong.append(Wrong("bad_template", f"[{no}]", **template.facts))
        elif hidden:
            wrong.append(Wrong("duplicate", f"[{no}]", other=f"rules.templates[{hidden}]"))
        prefixes.append(prefix)
    return wrong or patterns


def _names(value: Any) -> Any:
    names = _lines(value) if isinstance(value, list) else wrong_type("list", value)
    return names if isinstance(names, list | Wrong) else tuple(name for name in names if name)


def _each(check: Check) -> Check:
    """A check of a table whose keys are the webshop's own words, each value by ``check``."""

    def judge(value: Any) -> Any:
        if not isinstance(value, dict):
            return wrong_type("table", value)
        found = {name: check(each) for name, each in value.items()}
        wrong = [Wrong(each.code, f".{name}", **each.facts) for name, each in found.items() if isinstance(each, Wrong)]
        return wrong or found

    return judge


def _date(value: Any) -> Any:
    from datetime import date, datetime

    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if not isinstance(value, str):
        return wrong_type("date_or_time", value)
    try:
        return date.fromisoformat(value.strip()).isoformat()
    except ValueError:
        return wrong_type("date_or_time", value)


_URL = _matching(r"https?://[^\s/?#@]+(?:[/?#]\S*)?", "url")
_SECONDS, _DAYS, _CENTS = _whole(0, 86_400), _whole(0, 36_500), _whole(0, 100_000_000)
_PERCENT, _NUMBER = _whole(0, 100, unit=100), _whole(0, 10**9)
_LIMITS: Mapping[str, Check] = dict.fromkeys(("cashier", "senior", "manager"), _PERCENT)

TABLES: Mapping[str, Mapping[str, Check | Mapping[str, Check]]] = {
    "shop": {
        "name": text_line,
        "country": one_of(*COUNTRIES),
        "language": one_of("nl", "nl_BE", "fr", "en"),
        "address": _lines,
        "vat_id": text_line,
        "coc": text_line,
        "branch": text_line,
        "phone": text_line,
        "website": text_line,
        "receipt_footer": _lines,
        "logo": _path,
    },
    "till": {"id": _matching("[A-Z][A-Z0-9]{0,7}", "till_id"), "data": _path},
    "rules": {
        "rounding": one_of(OFF, CASH_ONLY, ALL_TENDERS),
        "amount_entry": one_of("cents", "euros"),
        "max_quantity": _whole(1, 9999),
        "quantity_seconds": _SECONDS,
        "return_days": _DAYS,
        "print_receipt": one_of("always", "ask", "never"),
        "auto_lock_seconds": _SECONDS,
        "lock_after_sale": _flag,
        "blind_count": _flag,
        "drawer_warning": _CENTS,
        "age_evident": _flag,
        "templates": _templates,
        "scanner_gs_aliases": text_line,
        "voucher_days": _DAYS,
        "voucher_offline_cents": _CENTS,
        "cash_out_limit": _CENTS,
        "discount_limit": _LIMITS,
        "price_floor": _LIMITS,
        "login_delay_after": _whole(1, 100),
        "login_delay_seconds": _whole(1, 3600),
        "login_delay_max_seconds": _whole(1, 86_400),
    },
    "office": {"url": _URL, "ca_file": _path, "proxy": _URL, "branch": text_line},
    "webshop": {
        "kind": one_of("woocommerce", "magento", "prestashop"),
        "url": _URL,
        "name": text_line,
        "code": _matching("[A-Z][A-Z0-9]{0,7}", "till_id"),
        "key_file": _path,
        "owner": _matching("office|[A-Z][A-Z0-9]{0,7}", "office_or_till_id"),
        "ca_file": _path,
        "proxy": _URL,
        "poll_seconds": _whole(10, 3600),
        "orders": _flag,
        "orders_since": _date,
        "acknowledge": _flag,
        "stock": _flag,
        "buffer": _whole(0, 1000),
        "buffer_max": _whole(0, 10_000),
        "buffer_silent_minutes": _whole(1, 100_000),
        "prices": one_of("no", "push", "pull"),
        "vat": one_of("no", "push", "pull"),
        "eans": one_of("no", "push", "pull"),
        "vat_classes": _each(text_line),
        "sale_as_order": _flag,
        "options": {
            "keys_in_url": _flag,
            "plain_permalinks": _flag,
            "post_instead_of_put": _flag,
            "put_instead_of_patch": _flag,
            "ean_field": text_line,
            "store": text_line,
            "sources": _names,
            "legacy_stock": _flag,
            "price_includes_tax": _flag,
            "vat_rates": _each(_PERCENT),
            "country": one_of(*COUNTRIES),
            "pickup_methods": _names,
            "statuses": _each(one_of("unpaid", "prepare", "ready", "done", "cancelled", "refunded", "unknown")),
            "steps": _each(text_line),
            "notes_to_customer": _flag,
            "sale_status": text_line,
            "payment_module": text_line,
            "customer_id": _NUMBER,
            "language_id": _NUMBER,
            "country_id": _NUMBER,
            "shop_id": _NUMBER,
        },
    },
}
"""Table → key → its check. Keys are the fields of the value of that name."""
NEEDED = {"shop": ("name", "country"), "till": ("id", "data"), "office": ("url",), "webshop": ("kind", "url", "name")}
"""Table → keys it cannot do without."""

DEVICE_NAME: Check = _matching(r"[a-z][a-z0-9-]{0,23}", "identifier")
"""Name of a device: also that of a link under ``/dev/kassa``."""
OPTIONS: Mapping[str, Check] = {
    "path": _path,
    "host": text_line,
    "port": _whole(1, 65_535),
    "timeout_s": _whole(1, 60),
    "baud": one_of(1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200),
    "framing": one_of("8N1", "8N2", "8E1", "8O1", "7N1", "7E1", "7O1", "7E2", "7O2"),
    "profile": text_line,
    "codepage": text_line,
    "columns": _whole(16, 100),
    "width_px": _whole(100, 2000),
    "logo": _path,
    "cut": one_of("FULL", "PART"),
    "double_byte": _flag,
    "layout": one_of("us", "be", "fr", "de"),
    "usb": _matching(r"[0-9a-fA-F]{4}:[0-9a-fA-F]{4}", "usb_id"),
    "phys": text_line,
    "keys": _path,
    "polynomial": _matching(r"[0-9a-fA-F]{4}", "four_hex_digits"),
    "scale_text": _flag,
    "start": _matching(r"(?:[0-9a-fA-F]{2} ?)+", "hex_bytes"),
    "pin": one_of(2, 5),
    "on_ms": _whole(2, 510),
    "off_ms": _whole(2, 510),
    "sensor": one_of("auto", "high", "low", "none"),
    "status": one_of("auto", "required", "off"),
    "password": _matching("[0-9]{6}", "six_digits"),
    "currency": _whole(1, 999),
    "listen_port": _whole(1, 65_535),
    "workstation": _matching("[0-9A-Za-z]{1,16}", "identifier"),
    "terminal": _matching(r"[0-9A-Za-z_.-]{1,64}", "identifier"),
    "merchant": _matching(r"[0-9A-Za-z_.-]{1,64}", "identifier"),
    "key_file": _path,
    "ca_file": _path,
    "url": _URL,
}
"""Option of a device → its check: an option means the same on every kind that has it."""
_PAPER = {
    "profile": "default",
    "codepage": "CP858",
    "columns": None,
    "width_px": None,
    "logo": None,
    "cut": "FULL",
    "double_byte": False,
}
_LINE = {"path": ..., "baud": 9600, "framing": "8N1"}
_PROTOCOL_LINE = {"path": ..., "baud": None, "framing": None}
_DISPLAY = {**_LINE, "codepage": "CP858", "columns": 20, "start": None}
_INPUT = {"path": None, "usb": None, "phys": None, "layout": "us"}

KINDS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "printer": {
        "file": {"path": ..., **_PAPER},
        "network": {"host": ..., "port": 9100, "timeout_s": 3, "status": "auto", **_PAPER},
        "usb": {"path": ..., "status": "auto", **_PAPER},
        "serial": {**_LINE, "status": "auto", **_PAPER},
        "screen": _PAPER,
    },
    "scanner": {"pipe": {"path": ...}, "wedge": {}, "evdev": _INPUT, "serial": _LINE},
    "keyboard": {"evdev": {**_INPUT, "keys": None}},
    "display": {"escpos": _DISPLAY, "cd5220": _DISPLAY, "dsp800": _DISPLAY, "screen": {"path": ..., "columns": 40}},
    "scale": {
        **dict.fromkeys(("toledo8217", "mtsics", "nci", "adam"), _PROTOCOL_LINE),
        "dialog06": {**_PROTOCOL_LINE, "polynomial": None, "scale_text": False},
    },
    "drawer": {"printer": {"pin": 2, "on_ms": 100, "off_ms": 200, "sensor": "auto"}, "none": {}},
    "card_terminal": {
        "standalone": {},
        "demo": {},
        "zvt": {"host": None, "port": 20_007, "path": None, "baud": 9600, "password": "000000", "currency": 978},
        "opi": {"host": ..., "port": 4100, "listen_port": 4102, "workstation": "1"},
        "nexo": {"host": ..., "port": 8443, "terminal": ..., "key_file": ..., "ca_file": ...},
        "mollie": {"terminal": ..., "key_file": ..., "url": None},
        "sumup": {"merchant": ..., "terminal": ..., "key_file": ..., "url": None},
    },
}
"""Role → kind → option → default; ``...`` is an option that must be given."""

PLACE = ("path", "usb", "phys", "host", "port", "pin", "terminal")
"""Options that say where a device is: no two of a role may have all of them alike."""


def device_wrongs(kind: str, options: Mapping[str, Any]) -> list[tuple[str, Wrong]]:
    """What is wrong with a device's options together, each with the option that it is about.

    An input device needs one way to be found, and its event number is none: that changes with every plug. A ZVT
    terminal hangs on the network or on a line.
    """
    if kind == "zvt" and not (options["host"] or options["path"]):
        return [("host", Wrong("missing"))]
    if kind != "evdev":
        return []
    path = options["path"]
    if not (path or options["usb"] or options["phys"]):
        return [("path", Wrong("missing"))]
    if path and re.fullmatch(r"event\d+", path.name):
        return [("path", Wrong("event_number", given=str(path)))]
    return []
