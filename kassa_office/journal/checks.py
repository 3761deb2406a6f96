"""Whether an entry can be believed: its hash, its till's signature, and whether a database can hold it at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from json.encoder import encode_basestring as _quoted

import msgspec

from kassa_office.journal import signatures
from kassa_office.journal.projection import day_of
from kassa_tui.domain.journal import FORMAT, Entry
from kassa_tui.sync import wire

MAX_SEQ = 2**53
MAX_AT = 253_370_764_800_000
"""UTC milliseconds of the year 9999; days have four-digit years."""
MAX_OFFSET = 16 * 60
"""Minutes; no shop's wall is further from UTC."""
WHO_CHARS = KIND_CHARS = 40

Keys = Sequence[tuple[int, str]]
"""First ``seq`` and public key (hexadecimal), in order of ``seq``."""


@dataclass(slots=True)
class Checked:
    """An entry as it was sent, with what is wrong with it."""

    sent: wire.Entry
    code: str = ""
    """Empty, ``unreadable``, ``hash``, ``signature`` or ``other_till``; signatures are known last."""
    entry: Entry | None = None
    """Where it can be kept at all."""
    day: str = ""
    """ISO, on the shop's wall."""

    @property
    def raw(self) -> str:
        """The entry as JSON, in characters that every database holds."""
        return json.dumps(msgspec.to_builtins(self.sent))

    @property
    def claimed_hash(self) -> str:
        """The hash it was sent with, or one of all of it where that is none."""
        said = self.sent.hash.lower()
        good = len(said) == 64 and set(said) <= set("0123456789abcdef")
        return said if good else sha256(self.raw.encode()).hexdigest()


class Signing:
    """The signatures of a batch, verified meanwhile: who needs to know asks :meth:`settle`."""

    def __init__(self, checked: Sequence[Checked], keys: Keys) -> None:
        self._checked = checked
        self._pending = signatures.Pending(
            [(_key(each.entry.seq, keys), each.entry.signature, each.entry.hash) for each in checked if each.entry]
        )

    def settle(self) -> bool:
        """Mark those whose signature does not hold; whether there were any that had not been marked yet."""
        marked = False
        for each, holds in zip(self._checked, self._pending.result(), strict=True):
            if not holds and not each.code:
                each.code = "signature"
                marked = True
        return marked


def check(entries: Iterable[wire.Entry], till: str) -> list[Checked]:
    """Look at each entry of a batch of ``till``; not at its signature."""
    return [_check(sent, till) for sent in entries]


def _check(sent: wire.Entry, till: str) -> Checked:
    entry = _entry(sent, till)
    if entry is None:
        return Checked(sent, "unreadable")
    code = "" if quick_digest(entry) == entry.hash else "hash"
    return Checked(sent, code, entry, day_of(entry.at, entry.offset))


def signing(checked: Iterable[Checked], keys: Keys, known: Callable[[int], bytes | None]) -> Signing:
    """Begin to verify signatures. What ``known`` has under its number and hash is not proved again."""
    new = [each for each in checked if each.entry and not each.code and known(each.entry.seq) != each.entry.hash]
    return Signing(new, keys)


def _entry(sent: wire.Entry, till: str) -> Entry | None:
    """The entry where every database can hold it; None otherwise."""
    if not (0 < sent.seq < MAX_SEQ and 0 <= sent.at < MAX_AT and -MAX_OFFSET <= sent.offset <= MAX_OFFSET):
        return None
    if len(sent.who) > WHO_CHARS or len(sent.kind) > KIND_CHARS or len(sent.id) != 32:
        return None
    if "\0" in sent.body or "\0" in sent.who or "\0" in sent.kind:
        return None
    try:
        prev, hashed, signature = (bytes.fromhex(text) for text in (sent.prev, sent.hash, sent.signature))
        if (len(prev), len(hashed), len(signature), len(bytes.fromhex(sent.id))) != (32, 32, 64, 16):
            return None
        f"{sent.body}{sent.who}{sent.kind}".encode()
    except ValueError:
        return None
    return Entry(till, sent.seq, sent.id, sent.at, sent.offset, sent.who, sent.kind, sent.body, prev, hashed, signature)


def quick_digest(entry: Entry) -> bytes:
    """As :func:`kassa_tui.domain.journal.digest_of`, without building a dictionary for each entry."""
    text = (
        f'{{"at":{entry.at},"body":{_quoted(entry.body)},"format":{FORMAT},"id":{_quoted(entry.id)},'
        f'"kind":{_quoted(entry.kind)},"offset":{entry.offset},"prev":"{entry.prev.hex()}","seq":{entry.seq},'
        f'"till":{_quoted(entry.till)},"who":{_quoted(entry.who)}}}'
    )
    return sha256(text.encode()).digest()


def signed(entry: Entry, keys: Keys) -> bool:
    """Whether the key that the till had at this ``seq`` signed it."""
    return signatures.holds(_key(entry.seq, keys), entry.signature, entry.hash)


def _key(seq: int, keys: Keys) -> str:
    """The key of that time; empty where there was none."""
    public = ""
    for first, key in keys:
        if first <= seq:
            public = key
    return public
