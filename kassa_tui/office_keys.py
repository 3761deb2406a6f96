"""Which keys of ``till.toml`` an office may set, and what it may set them to: till and office judge by the same.

Rules and what stands on the receipt, and nothing else: never a folder, a device, an address or who sells. What the
office says lies over the file's own value until the office takes it away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kassa_tui.config_checks import TABLES, Check, Wrong, nearest
from kassa_tui.domain.country import COUNTRIES, with_rounding

OF_SHOP = ("address", "phone", "website", "receipt_footer")
"""Keys of ``[shop]`` that only change what a receipt says."""


def _flat(table: str, known: Mapping[str, Check | Mapping[str, Check]]) -> dict[str, Check]:
    found: dict[str, Check] = {}
    for key, check in known.items():
        if callable(check):
            found[f"{table}.{key}"] = check
        else:
            found |= {f"{table}.{key}.{part}": each for part, each in check.items()}
    return found


ALLOWED: Mapping[str, Check] = {
    **{f"shop.{key}": check for key in OF_SHOP if callable(check := TABLES["shop"][key])},
    **_flat("rules", TABLES["rules"]),
}
"""``table.key``, or ``table.key.part``, → its check."""


def is_empty(value: object) -> bool:
    """Whether a value counts as not given, as an empty text does in ``till.toml``."""
    return value is None or (isinstance(value, str) and not value.strip())


def judge(given: Mapping[str, Any], country: str) -> tuple[dict[str, Any], list[tuple[str, Wrong]]]:
    """The good settings as the till uses them, and what is wrong with the others, a key each (lists: an item each).

    ``country`` is ``NL`` or ``BE``. Empty values are left out: nothing is set by them.
    """
    good: dict[str, Any] = {}
    wrong: list[tuple[str, Wrong]] = []
    for key, value in sorted(given.items()):
        if key not in ALLOWED:
            wrong.append((key, Wrong("unknown_key", nearest=nearest(key, ALLOWED))))
        elif not is_empty(value):
            answer = ALLOWED[key](value)
            if key == "rules.rounding" and not isinstance(answer, Wrong):
                answer = _rounding(answer, country)
            wrongs = [answer] if isinstance(answer, Wrong) else answer if isinstance(answer, list) else []
            wrong += [(key + each.at, each) for each in wrongs]
            if not wrongs:
                good[key] = answer
    return good, wrong


def fingerprint(settings: Mapping[str, Any]) -> str:
    """What till and office call these settings: 16 hexadecimal digits over key and value as the office gave them.

    Empty where there are none. SHA-256 over JSON with sorted names, without blanks, in UTF-8.
    """
    import hashlib
    import json

    told = {key: value for key, value in settings.items() if not is_empty(value)}
    if not told:
        return ""
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _rounding(choice: str, country: str) -> str | Wrong:
    try:
        with_rounding(COUNTRIES[country], choice)
    except ValueError:
        choices = COUNTRIES[country].rounding_choices
        return Wrong("not_one_of", given=choice, choices=choices, nearest=nearest(choice, choices))
    return choice
