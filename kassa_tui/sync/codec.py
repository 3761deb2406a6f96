"""From messages to compressed bytes and back; what comes from outside is bounded before it is read."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TypeVar

import msgspec
import zstandard

from kassa_tui.domain.journal import Entry as JournalEntry
from kassa_tui.sync.wire import MAX_BODY_BYTES, OLDEST_SCHEMA, SCHEMA, Entry, Message

LEVEL = 3
"""Of zstd: measured on journals, a higher one costs more time than it saves bytes."""


class WireError(Exception):
    """A message that cannot be read.

    ``code`` is ``too_large``, ``bad_encoding``, ``bad_message`` or ``other_schema``.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail = code, detail


M = TypeVar("M")


def encode(message: Message | Sequence[Message]) -> bytes:
    """JSON bytes of a message."""
    return msgspec.json.encode(message)


def decode(data: bytes, kind: type[M]) -> M:
    """A message of ``kind``; WireError ``bad_message``, or ``other_schema`` for a version that is not read here."""
    try:
        message = msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError("bad_message", str(error)) from error
    schema = getattr(message, "schema", SCHEMA)
    if schema < OLDEST_SCHEMA:
        raise WireError("other_schema", str(schema))
    return message


def pack(data: bytes) -> bytes:
    """Compress with zstd."""
    return zstandard.ZstdCompressor(level=LEVEL).compress(data)


def unpack(data: bytes, encoding: str, limit: int = MAX_BODY_BYTES) -> bytes:
    """Undo ``Content-Encoding`` (``zstd``, ``gzip``, ``identity`` or empty), stopping at ``limit`` bytes.

    WireError ``too_large`` or ``bad_encoding``.
    """
    if encoding in ("", "identity"):
        if len(data) > limit:
            raise WireError("too_large", str(len(data)))
        return data
    try:
        if encoding == "zstd":
            with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=False) as reader:
                out = reader.read(limit + 1)
        elif encoding == "gzip":
            out = _gunzip(data, limit)
        else:
            raise WireError("bad_encoding", encoding[:40])
    except (zstandard.ZstdError, OSError, EOFError, ValueError) as error:
        raise WireError("bad_encoding", str(error)) from error
    if len(out) > limit:
        raise WireError("too_large", f"> {limit}")
    return bytes(out)


def _gunzip(data: bytes, limit: int) -> bytes:
    stream = zlib.decompressobj(wbits=31)
    try:
        out = stream.decompress(data, limit + 1)
    except zlib.error as error:
        raise WireError("bad_encoding", str(error)) from error
    if len(out) <= limit and not stream.eof:
        raise WireError("bad_encoding", "cut off")
    return out


def to_wire(entry: JournalEntry) -> Entry:
    """An entry of a till's journal as it travels."""
    return Entry(
        seq=entry.seq,
        id=entry.id,
        at=entry.at,
        offset=entry.offset,
        who=entry.who,
        kind=entry.kind,
        body=entry.body,
        prev=entry.prev.hex(),
        hash=entry.hash.hex(),
        signature=entry.signature.hex(),
    )


def from_wire(entry: Entry, till: str) -> JournalEntry:
    """The entry as the journal has it; WireError ``bad_message`` where a hash is no hash."""
    try:
        prev, hashed, signature = (bytes.fromhex(text) for text in (entry.prev, entry.hash, entry.signature))
        if len(prev) != 32 or len(hashed) != 32 or len(signature) != 64 or len(bytes.fromhex(entry.id)) != 16:
            raise ValueError("length")
    except ValueError as error:
        raise WireError("bad_message", f"entry {entry.seq}: {error}") from error
    return JournalEntry(
        till, entry.seq, entry.id, entry.at, entry.offset, entry.who, entry.kind, entry.body, prev, hashed, signature
    )
