"""Numbers of keys as the Linux kernel gives them, and what each types on the keyboard layouts that scanners imitate.

A scanner that plays a keyboard sends positions, not characters: the same code reads differently on each layout, so the
table must be that of the layout the scanner is set to. Numbers as in ``linux/input-event-codes.h``.
"""

from __future__ import annotations

EV_SYN, EV_KEY = 0, 1
SYN_DROPPED = 3
DOWN, REPEATED = 1, 2

ENTER, KP_ENTER, TAB, SPACE, F8 = 28, 96, 15, 57, 66
GS_KEY = 27
"""Pressed with Ctrl it is the group separator on the layouts of every country."""
SHIFT, CTRL, ALT, ALT_GR, CAPS_LOCK = (42, 54), (29, 97), 56, 100, 58
SILENT = (69, 70, 58, 125, 126)
"""NumLock, ScrollLock, CapsLock and the logo keys: some scanners press them around a code."""

KEYPAD: dict[int, str] = {
    82: "0", 79: "1", 80: "2", 81: "3", 75: "4", 76: "5", 77: "6", 71: "7", 72: "8", 73: "9",
    55: "*", 74: "-", 78: "+", 83: ".", 98: "/", 117: "=", 121: ",",
}  # fmt: skip
"""Key of a numeric pad → its character."""

NAMED: dict[int, str] = {
    1: "escape", 14: "backspace", 15: "tab", 28: "enter", 96: "enter", 102: "home", 103: "up", 104: "pageup",
    105: "left", 106: "right", 107: "end", 108: "down", 109: "pagedown", 110: "insert", 111: "delete",
    **{58 + number: f"f{number}" for number in range(1, 11)}, 87: "f11", 88: "f12",
    **{170 + number: f"f{number}" for number in range(13, 25)},
}  # fmt: skip
"""Key that types nothing → its name in ``keys.toml``."""

_POSITIONS = ((41, *range(2, 14)), tuple(range(16, 28)), (*range(30, 41), 43), (86, *range(44, 54)))
"""The four rows of keys that type, from left to right."""

_ROWS: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "us": (
        ("`1234567890-=", "qwertyuiop[]", "asdfghjkl;'\\", "<zxcvbnm,./"),
        ("~!@#$%^&*()_+", "QWERTYUIOP{}", 'ASDFGHJKL:"|', ">ZXCVBNM<>?"),
    ),
    "de": (
        ("^1234567890ß´", "qwertzuiopü+", "asdfghjklöä#", "<yxcvbnm,.-"),
        ('°!"§$%&/()=?`', "QWERTZUIOPÜ*", "ASDFGHJKLÖÄ'", ">YXCVBNM;:_"),
        ("  ²³   {[]}\\ ", "@ €        ~", " " * 12, "|      µ   "),
    ),
    "fr": (
        ("²&é\"'(-è_çà)=", "azertyuiop^$", "qsdfghjklmù*", "<wxcvbn,;:!"),
        (" 1234567890°+", "AZERTYUIOP¨£", "QSDFGHJKLM%µ", ">WXCVBN?./§"),
        ("  ~#{[|`\\^@]}", "  €         ", " " * 12, " " * 11),
    ),
    "be": (
        ("²&é\"'(§è!çà)-", "azertyuiop^$", "qsdfghjklmùµ", "<wxcvbn,;:="),
        ("³1234567890°_", "AZERTYUIOP¨*", "QSDFGHJKLM%£", ">WXCVBN?./+"),
        (" |@#  ^  {}  ", "  €       []", "          ´`", "\\         ~"),
    ),
}
"""Layout → its rows plain, with shift, with AltGr; a blank types nothing."""

Layout = tuple[dict[int, str], dict[int, str], dict[int, str]]
"""Key → character: plain, with shift, with AltGr."""


def _level(rows: tuple[str, str, str, str]) -> dict[int, str]:
    pairs = (pair for codes, row in zip(_POSITIONS, rows, strict=True) for pair in zip(codes, row, strict=True))
    return {code: char for code, char in pairs if char != " "} | {SPACE: " "}


def _layout(levels: tuple[tuple[str, str, str, str], ...]) -> Layout:
    plain, shifted, *rest = (_level(rows) for rows in levels)
    return plain, shifted, rest[0] if rest else {}


LAYOUTS: dict[str, Layout] = {name: _layout(levels) for name, levels in _ROWS.items()}

_LETTERS = {f"KEY_{char.upper()}": code for code, char in LAYOUTS["us"][0].items() if char.isalnum()}
_SIGNS = {
    "MINUS": 12, "EQUAL": 13, "LEFTBRACE": 26, "RIGHTBRACE": 27, "SEMICOLON": 39, "APOSTROPHE": 40, "GRAVE": 41,
    "BACKSLASH": 43, "COMMA": 51, "DOT": 52, "SLASH": 53, "SPACE": 57, "102ND": 86,
    "KPASTERISK": 55, "KPMINUS": 74, "KPPLUS": 78, "KPDOT": 83, "KPENTER": 96, "KPSLASH": 98, "KPEQUAL": 117,
    "KPPLUSMINUS": 118, "KPCOMMA": 121, "KPLEFTPAREN": 179, "KPRIGHTPAREN": 180,
    "NUMLOCK": 69, "SCROLLLOCK": 70, "CAPSLOCK": 58, "SYSRQ": 99, "PAUSE": 119, "MENU": 139, "CALC": 140,
    "PROG1": 148, "PROG2": 149, "PROG3": 202, "PROG4": 203, "HOMEPAGE": 172, "MAIL": 155, "BACK": 158, "FORWARD": 159,
    "PRINT": 210, "SEARCH": 217, "ENTER": 28, "ESC": 1, "BACKSPACE": 14, "TAB": 15,
}  # fmt: skip
KEY_NUMBERS: dict[str, int] = {
    **_LETTERS,
    **{f"KEY_{name}": code for name, code in _SIGNS.items()},
    **{f"KEY_KP{char}": code for code, char in KEYPAD.items() if char.isdigit()},
    **{f"KEY_{name.upper()}": code for code, name in NAMED.items() if name not in ("enter", "escape")},
}
"""The kernel's name of a key → its number; a key without a name here is given by its number."""


_KEY_NAMES = {number: name for name, number in KEY_NUMBERS.items()}


def key_name(number: int) -> str:
    """The kernel's name of a key, or its number in digits."""
    return _KEY_NAMES.get(number, str(number))


def key_number(name: str) -> int | None:
    """Number of a key by the kernel's name (``KEY_KPPLUS``) or in digits; None where there is no such key."""
    if name.isascii() and name.isdigit():
        return int(name) if int(name) < 0x300 else None
    return KEY_NUMBERS.get(name.upper())
