"""Our keys where PrestaShop has no room for one: how a repeated write finds what the first one made.

A cart and the order that comes of it carry the key as the message of a gift that is not wrapped. A refund has numbers
only: its key is in the fourth to sixth decimal of amounts without VAT, where VAT that is divided out leaves anything
anyway and where no rounding to cents can see it.
"""

from __future__ import annotations

import hashlib
import re
from decimal import ROUND_DOWN, Decimal
from typing import Any

PREFIX = "kassa-"
_COARSE, _FINE = Decimal("0.001"), Decimal("0.000001")
_PLAIN = re.compile(r"[^A-Za-z0-9.-]")
_CODED = re.compile(r"_([0-9a-f]{4,6})_")


def write_key(key: str) -> str:
    """The key as a message that can be filtered by: nothing in it means something to a filter."""
    return PREFIX + _PLAIN.sub(lambda found: f"_{ord(found[0]):04x}_", key)


def read_key(message: Any) -> str:
    """The key in a message; empty for a customer's own."""
    text = str(message or "").strip()
    if not text.startswith(PREFIX) or not re.fullmatch(r"[A-Za-z0-9._-]*", text):
        return ""
    return _CODED.sub(lambda found: chr(int(found[1], 16) % 0x110000), text[len(PREFIX) :])


def stamped(amount: Decimal, key: str, which: int) -> Decimal:
    """An amount in euros whose last three of six decimals are those of a key; there are several to spread it over."""
    return amount.quantize(_COARSE, ROUND_DOWN) + _digits(key, which) * _FINE


def has_stamp(amount: Decimal, key: str, which: int) -> bool:
    """Whether an amount has the decimals of a key."""
    return amount.quantize(_FINE) == stamped(amount, key, which)


def _digits(key: str, which: int) -> int:
    # Never 000, which is what an amount has that nobody stamped.
    return 1 + int.from_bytes(hashlib.sha256(f"{which}:{key}".encode()).digest()[:8], "big") % 999
