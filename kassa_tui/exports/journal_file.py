"""The journal as a file that outlives this program: JSON Lines that anybody can read, and check without us.

The first line tells whose journal it is::

    {"kassa_journal": 1, "till": "K1", "public_key": "<64 hex>", "entries": 1234, "last_hash": "<64 hex>"}

``kassa_journal`` is the version of this format, ``public_key`` the Ed25519 key that signed. Where machines were
replaced, ``public_keys`` has each key with the first ``seq`` that it signed, and the entry ``till.replaced`` goes on at
a number that may leave some out. Each further line is one
entry, in order, without gaps::

    {"till": "K1", "seq": 1, "id": "<32 hex>", "at": 1764000000000, "offset": 60, "who": "1", "kind": "sale",
     "body": "{...}", "prev": "<64 hex>", "hash": "<64 hex>", "signature": "<128 hex>"}

``at`` is UTC milliseconds since 1970, ``offset`` minutes from UTC to the shop's wall clock. ``body`` is a text that
holds a JSON object. ``hash`` is the SHA-256 of the UTF-8 of this object, keys sorted, no blanks, characters as they
are: ``{"at", "body", "format": 1, "id", "kind", "offset", "prev", "seq", "till", "who"}`` with the values of the line;
``signature`` signs the 32 bytes of the hash; ``prev`` is the hash of the entry before, 64 zeros for the first.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from kassa_tui.domain.journal import GENESIS, Entry, canonical, digest_of
from kassa_tui.storage.database import StorageError, sync_file, translated
from kassa_tui.storage.journal import Flaw, Keys, key_at, left_out, read_entries, read_keys

VERSION = 1
Check = Callable[[bytes, bytes, bytes], bool]
"""Public key, hash, signature → whether the signature is the key's."""


def write(con: sqlite3.Connection, till: str, path: Path) -> int:
    """Write the whole journal behind ``con`` to ``path``, complete or not at all; the number of entries.

    One read transaction, so a till that sells meanwhile does not show half.
    """
    fresh = path.with_name(f".{path.name}.new")
    with translated(path):
        con.execute("begin")
        try:
            with fresh.open("w", encoding="utf-8", errors="surrogatepass") as file:
                head = _header(con, till)
                file.write(canonical(head) + "\n")
                for entry in read_entries(con, till):
                    file.write(canonical(fields(entry)) + "\n")
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
            sync_file(path.parent)
        finally:
            con.execute("rollback")
            fresh.unlink(missing_ok=True)
    entries: int = head["entries"]
    return entries


def verify(path: Path, check: Check | None) -> tuple[dict[str, Any], list[Flaw]]:
    """The header of an exported journal, and everything that is wrong with it: none where it is whole and genuine.

    Flaws: ``gap``, ``hash``, ``signature``, ``unreadable`` (a line that is no entry), ``end`` (cut off or lengthened).
    StorageError ``not_a_journal`` where the file does not begin as one.
    """
    with translated(path), path.open("rb") as file:
        header = _parsed_header(path, file.readline())
        entries = (_parsed(line, header["till"]) for line in file)
        return header, _flaws(entries, header, check)


def _flaws(entries: Iterator[Entry | None], header: dict[str, Any], check: Check | None) -> list[Flaw]:
    keys, flaws = _keys(header), list[Flaw]()
    seq, prev, skipped = 0, GENESIS, 0
    for entry in entries:
        seq += 1
        if entry is None:
            flaws.append(Flaw(seq, "unreadable"))
            continue
        if entry.seq > seq and left_out(entry):
            skipped, seq = skipped + entry.seq - seq, entry.seq
        if entry.seq != seq:
            flaws.append(Flaw(seq, "gap"))
            seq = entry.seq
        if entry.prev != prev or digest_of(entry) != entry.hash:
            flaws.append(Flaw(seq, "hash"))
        elif check is not None and not check(key_at(keys, seq), entry.hash, entry.signature):
            flaws.append(Flaw(seq, "signature"))
        prev = entry.hash
    if seq - skipped != header["entries"] or prev.hex() != header["last_hash"]:
        flaws.append(Flaw(seq, "end"))
    return flaws


def _header(con: sqlite3.Connection, till: str) -> dict[str, Any]:
    keys = read_keys(con)
    count = con.execute("select count(*) from journal").fetchone()[0]
    last = con.execute("select hash from journal order by seq desc limit 1").fetchone()
    return {
        "kassa_journal": VERSION,
        "till": till,
        "public_key": keys[-1][1].hex() if keys else "",
        "entries": count,
        "last_hash": (last[0] if last else GENESIS).hex(),
        **({"public_keys": [[first, key.hex()] for first, key in keys]} if len(keys) > 1 else {}),
    }


def _keys(header: dict[str, Any]) -> Keys:
    several = header.get("public_keys")
    if several:
        return [(first, bytes.fromhex(key)) for first, key in several]
    return [(1, bytes.fromhex(header["public_key"]))]


def fields(entry: Entry) -> dict[str, Any]:
    """An entry as a line of the file holds it."""
    return {
        "till": entry.till,
        "seq": entry.seq,
        "id": entry.id,
        "at": entry.at,
        "offset": entry.offset,
        "who": entry.who,
        "kind": entry.kind,
        "body": entry.body,
        "prev": entry.prev.hex(),
        "hash": entry.hash.hex(),
        "signature": entry.signature.hex(),
    }


def _parsed_header(path: Path, line: bytes) -> dict[str, Any]:
    try:
        header: dict[str, Any] = json.loads(line)
        known = header["kassa_journal"] == VERSION
        whole = isinstance(header["entries"], int) and isinstance(header["till"], str)
        bytes.fromhex(header["public_key"] + header["last_hash"])
        whole = whole and all(isinstance(first, int) for first, _ in _keys(header))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StorageError("not_a_journal", {"path": str(path)}) from error
    if not known or not whole:
        raise StorageError("not_a_journal", {"path": str(path)})
    return header


def _parsed(line: bytes, till: str) -> Entry | None:
    try:
        item = json.loads(line.decode("utf-8", "surrogatepass"))
        seq, at, offset = (int(item[name]) for name in ("seq", "at", "offset"))
        entry_id, who, kind, body = (str(item[name]) for name in ("id", "who", "kind", "body"))
        prev, hashed, signature = (bytes.fromhex(item[name]) for name in ("prev", "hash", "signature"))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return Entry(till, seq, entry_id, at, offset, who, kind, body, prev, hashed, signature)
