"""A till's settings from somebody who may give them: signed, dated, on a stick or on a sheet of QR codes.

The body is the answers of ``kassa setup`` as compressed JSON; Ed25519 signs its hash together with our mark, so that no
other signature of the same key can pass for one of these. It is signed, not secret: whoever has the file can read it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

MARK = b"kassa-provision-1\0"
VERSION = 1
LINE_CHARS = 400
"""Of one QR code: capitals and digits only, so that a code of this size stays readable from paper (version 12, M)."""
MAX_BODY_BYTES = 200_000
_LINE = re.compile(r"KASSA1-([A-Z2-7]{8})-(\d{1,3})-(\d{1,3})-([A-Z2-7]+)")
_KEY_BYTES, _SIGNATURE_BYTES = 32, 64

Sign = Callable[[bytes], bytes]
Verify = Callable[[bytes, bytes, bytes], bool]


class Trouble(NamedTuple):
    """Why a parcel is not taken."""

    code: str
    """``not_ours`` (no parcel at all) · ``incomplete`` (``missing``: numbers of codes, ``of``) · ``mixed`` (codes of
    two parcels) · ``no_trust`` (no key is known here) · ``other_key`` (``key``) · ``tampered`` · ``expired``
    (``until``) · ``too_early`` (``made``) · ``too_new`` (``version``)."""
    facts: Any = None


class Parcel(NamedTuple):
    """What was received, not believed yet."""

    body: bytes
    """As it was signed."""
    key: bytes
    signature: bytes


class Contents(NamedTuple):
    """What a parcel says, once it is believed."""

    answers: dict[str, Any]
    made: int
    """UTC milliseconds; so is ``until``."""
    until: int
    by: str


def pack(answers: dict[str, Any], made: int, until: int, by: str, key: bytes, sign: Sign) -> Parcel:
    """Sign the answers; good from ``made`` to ``until``."""
    told = {"version": VERSION, "made": made, "until": until, "by": by, "answers": answers}
    body = zlib.compress(json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode(), 9)
    return Parcel(body, key, sign(digest(body)))


def digest(body: bytes) -> bytes:
    """What is signed."""
    return hashlib.sha256(MARK + body).digest()


def to_file(parcel: Parcel) -> str:
    """The parcel as a file on a stick."""
    facts = {"kassa_provision": VERSION, "key": parcel.key.hex(), "signature": parcel.signature.hex(),
             "body": base64.b64encode(parcel.body).decode()}  # fmt: skip
    return json.dumps(facts, indent=1) + "\n"


def to_lines(parcel: Parcel, size: int = LINE_CHARS) -> list[str]:
    """The parcel as lines for QR codes, in any order good to be read again."""
    raw = parcel.key + parcel.signature + parcel.body
    name = base64.b32encode(hashlib.sha256(raw).digest())[:8].decode()
    text = base64.b32encode(raw).decode().rstrip("=")
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    return [f"KASSA1-{name}-{number}-{len(pieces)}-{piece}" for number, piece in enumerate(pieces, 1)]


def received(text: str) -> Parcel | Trouble:
    """The parcel in a file's text: the file itself, or the lines of its QR codes in any order, doubles too."""
    lines = [match for line in text.split("\n") if (match := _LINE.fullmatch(line.strip().upper()))]
    return _from_lines(lines) if lines else _from_file(text)


def _from_file(text: str) -> Parcel | Trouble:
    try:
        facts = json.loads(text)
        if facts["kassa_provision"] != VERSION:
            return Trouble("too_new", {"version": facts["kassa_provision"]})
        body = base64.b64decode(facts["body"], validate=True)
        return _sized(body, bytes.fromhex(facts["key"]), bytes.fromhex(facts["signature"]))
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError):
        return Trouble("not_ours")


def _from_lines(lines: Sequence[re.Match[str]]) -> Parcel | Trouble:
    if len({(line[1], line[3]) for line in lines}) > 1:
        return Trouble("mixed")
    of = int(lines[0][3])
    pieces = {int(line[2]): line[4] for line in lines}
    missing = [number for number in range(1, of + 1) if number not in pieces]
    if missing:
        return Trouble("incomplete", {"missing": missing, "of": of})
    text = "".join(pieces[number] for number in range(1, of + 1))
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error:
        return Trouble("tampered")
    if base64.b32encode(hashlib.sha256(raw).digest())[:8].decode() != lines[0][1]:
        return Trouble("tampered")
    ends = _KEY_BYTES + _SIGNATURE_BYTES
    return _sized(raw[ends:], raw[:_KEY_BYTES], raw[_KEY_BYTES:ends])


def _sized(body: bytes, key: bytes, signature: bytes) -> Parcel | Trouble:
    right = len(key) == _KEY_BYTES and len(signature) == _SIGNATURE_BYTES and len(body) <= MAX_BODY_BYTES
    return Parcel(body, key, signature) if right else Trouble("not_ours")


def opened(parcel: Parcel, trusted: Iterable[bytes], now: int, verify: Verify) -> Contents | Trouble:
    """What the parcel says, if a key that is trusted here signed it and the time is right.

    Nothing of the body is looked at before its signature was found right. A parcel made tomorrow is refused too: one of
    the two clocks is wrong, and then its end means nothing.
    """
    known = list(trusted)
    if not known:
        return Trouble("no_trust")
    if parcel.key not in known:
        return Trouble("other_key", {"key": parcel.key.hex()[:16]})
    if not verify(parcel.key, digest(parcel.body), parcel.signature):
        return Trouble("tampered")
    try:
        unpacker = zlib.decompressobj()
        told = json.loads(unpacker.decompress(parcel.body, MAX_BODY_BYTES * 10))
        version, made, until = int(told["version"]), int(told["made"]), int(told["until"])
        contents = Contents(dict(told["answers"]), made, until, str(told["by"]))
    except (ValueError, KeyError, TypeError, zlib.error, RecursionError):
        return Trouble("not_ours")
    if version != VERSION:
        return Trouble("too_new", {"version": version})
    if now > until:
        return Trouble("expired", {"until": until})
    return Trouble("too_early", {"made": made}) if made > now + 86_400_000 else contents


def keys(text: str) -> list[bytes]:
    """Public keys, one a line in hexadecimal; lines that are none are passed over."""
    return [bytes.fromhex(word) for word in text.split() if re.fullmatch(r"[0-9a-fA-F]{64}", word)]
