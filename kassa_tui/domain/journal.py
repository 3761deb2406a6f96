"""The journal's entry: one thing that happened, in a form that cannot be changed without showing.

The hash covers the canonical JSON of the whole entry and the hash before it; the till's key signs the hash.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

FORMAT = 1
GENESIS = bytes(32)
"""Hash before the first entry."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A time as the clock gave it."""

    at: int
    """UTC milliseconds since 1970."""
    offset: int
    """Local time minus UTC, minutes."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a till's journal."""

    till: str
    seq: int
    """Gapless from 1; the order of things, whatever the clock said."""
    id: str
    """UUIDv7 in hexadecimal."""
    at: int
    offset: int
    who: str
    """Staff code; empty where the till acted by itself."""
    kind: str
    body: str
    """Canonical JSON object."""
    prev: bytes
    hash: bytes
    signature: bytes

    @property
    def facts(self) -> dict[str, Any]:
        """The body as a dictionary."""
        loaded: dict[str, Any] = json.loads(self.body)
        return loaded


def canonical(value: Any) -> str:
    """JSON with sorted keys, no blanks, characters as they are: one spelling for one value."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(till: str, seq: int, entry_id: str, moment: Moment, who: str, kind: str, body: str, prev: bytes) -> bytes:
    """SHA-256 over the entry without its signature. ``body`` is already canonical and goes in as a string."""
    head = {
        "at": moment.at,
        "body": body,
        "format": FORMAT,
        "id": entry_id,
        "kind": kind,
        "offset": moment.offset,
        "prev": prev.hex(),
        "seq": seq,
        "till": till,
        "who": who,
    }
    return sha256(canonical(head).encode("utf-8", "surrogatepass")).digest()


def digest_of(entry: Entry) -> bytes:
    """The hash that an entry ought to have."""
    moment = Moment(entry.at, entry.offset)
    return digest(entry.till, entry.seq, entry.id, moment, entry.who, entry.kind, entry.body, entry.prev)
