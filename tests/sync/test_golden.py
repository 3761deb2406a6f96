"""The messages in bytes: what this program writes, what an older one wrote, and what a newer one may write.

Each ``golden/NAME.json`` is the message as it goes over the wire. Its older twin has only what the first version
needed, its newer one has fields and tables that nobody here knows.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kassa_tui.sync import wire
from kassa_tui.sync.codec import WireError, decode, encode

GOLDEN = Path(__file__).with_name("golden")
ENTRY = wire.Entry(7, "0" * 31 + "7", 1_790_000_000_000, 120, "1", "drawer", '{"reason":"Ché"}', "aa" * 32, "bb" * 32,
                   "cc" * 64)  # fmt: skip
MESSAGES: dict[str, wire.Message] = {
    "batch": wire.Batch(1, "K1", 5, 9, [ENTRY], "e" * 32, "0.2.0"),
    "batch_answer": wire.BatchAnswer(
        1, "e" * 32, 6, [wire.Ack(7, "stored"), wire.Ack(8, "quarantined", "hash")], 8, 1, "0.3.0"
    ),
    "feed_page": wire.FeedPage(
        1, "e" * 32, 6,
        [wire.Row(3, "article", "A1", "put", {"name": "Melk", "group": 3, "vat": "low", "codes": [["871", 1]]}),
         wire.Row(4, "article", "A2", "del")],
        4, True, {"article": "1:00000000000000ff"},
    ),
    "snapshot_info": wire.SnapshotInfo(1, "e" * 32, 4, 100, 200, "dd" * 32, "ee" * 64),
    "enrol": wire.Enrol(1, "7F3K-9QXM", "ff" * 32, "K1", "0.2.0", "kassa1"),
    "enrolled": wire.Enrolled(1, "e" * 32, 6, "K1", "F1", "token", "ff" * 32, True, 12, 8),
    "heartbeat": wire.Heartbeat(
        1, "K1", 5, "0.2.0", 9, 2, "e" * 32, 4, 8, 3, 1250, 4, 10**9,
        [wire.DeviceState("printer", "usb", "printer_paper_out", 3, {"path": "/dev/usb/lp0"})], {"disk": "warn low"},
        "1c572eb5be34375d",
    ),
    "heartbeat_answer": wire.HeartbeatAnswer(1, "e" * 32, 6, 8, 4, "0.3.0", True),
    "journal_page": wire.JournalPage(1, "e" * 32, [ENTRY], [wire.TillKey(1, "ff" * 32)], 12),
    "receipt_found": wire.ReceiptFound("K1-000001", "K1", "F1", 7, "{}", {"1": 1000}),
    "parked_ticket": wire.ParkedTicket("t1", "K2", 1, "Jan", "2", 5, 1250, {"lines": []}),
    "voucher": wire.Voucher("TB1", 2000, True, "2026-11-21"),
    "hold": wire.Hold("TB1", "t1", 500),
    "channel_claim": wire.ChannelClaim(1, "WEB", "Webwinkel", "woocommerce", "https://winkel.example", "ff" * 32),
    "answer": wire.Answer(False, "too_little", {"balance": 100}),
    "problem": wire.Problem("cursor_gone", {"head": 9}),
}  # fmt: skip
OPTIONAL = {
    "batch": {"epoch", "version"}, "batch_answer": {"oldest_schema", "latest_version"}, "feed_page": {"more", "sums"},
    "enrol": {"till", "version", "host"}, "enrolled": {"replaces", "high", "receipt"},
    "heartbeat": {"epoch", "oldest", "receipt", "z", "turnover", "cursor", "disk_free", "devices", "doctor",
                  "settings"},
    "heartbeat_answer": {"desired_version", "pull_snapshot"}, "receipt_found": {"returned"},
    "parked_ticket": {"draft"}, "voucher": {"foreign", "issued"}, "answer": {"code", "facts"}, "problem": {"facts"},
}  # fmt: skip
"""What an older program left out: fields that came with a default, and must keep one."""


def _golden(name: str, written: bytes) -> bytes:
    path = GOLDEN / f"{name}.json"
    if os.environ.get("KASSA_WRITE_GOLDEN") == "1":
        path.write_bytes(written + b"\n")
    return path.read_bytes().rstrip(b"\n")


@pytest.mark.parametrize("name", MESSAGES)
def test_what_is_written_stays_the_same(name: str) -> None:
    message = MESSAGES[name]
    golden = _golden(name, encode(message))
    assert encode(message) == golden
    assert decode(golden, type(message)) == message


def test_every_message_has_a_golden_one() -> None:
    parts = {"Entry", "Ack", "Row", "DeviceState", "TillKey", "Message"}
    kinds = {name for name, kind in vars(wire).items() if isinstance(kind, type) and issubclass(kind, wire.Message)}
    assert {type(message).__name__ for message in MESSAGES.values()} == kinds - parts


@pytest.mark.parametrize("name", MESSAGES)
def test_an_older_message_is_read_with_what_it_has(name: str) -> None:
    kind = type(MESSAGES[name])
    found: dict[str, Any] = json.loads((GOLDEN / f"{name}.json").read_bytes())
    for field in OPTIONAL.get(name, ()):
        found.pop(field, None)
    read = decode(json.dumps(found).encode(), kind)
    defaults = {field.name: field for field in msgspec.structs.fields(kind)}
    for field in OPTIONAL.get(name, ()):
        told = defaults[field]
        usual = told.default if told.default is not msgspec.NODEFAULT else told.default_factory()
        assert getattr(read, field) == usual
    for field in found:
        short = {**found}
        short.pop(field)
        with pytest.raises(WireError):
            decode(json.dumps(short).encode(), kind)


def _newer(value: Any) -> Any:
    if isinstance(value, dict):
        return {**{key: _newer(each) for key, each in value.items()}, "field_of_later": {"deep": [1, None]}}
    return [_newer(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", MESSAGES)
def test_a_newer_message_is_read_without_what_nobody_knows(name: str) -> None:
    """Fields of a later version, at every level; in free data (rows, facts) they are simply data."""
    kind = type(MESSAGES[name])
    found = json.loads((GOLDEN / f"{name}.json").read_bytes())
    free = {"data", "facts", "sums", "draft", "doctor", "returned"}
    newer = {key: each if key in free else _newer(each) for key, each in found.items()}
    if name == "feed_page":
        for row, was in zip(newer["rows"], found["rows"], strict=True):
            row["data"] = was.get("data", {})
    if name == "heartbeat":
        newer["devices"][0]["facts"] = found["devices"][0]["facts"]
    assert decode(json.dumps({**newer, "schema": 1, "later": True}).encode(), kind) == MESSAGES[name]


@pytest.mark.parametrize(
    "data", [b"", b"null", b"[]", b"{", b"\xff\xfe", b'{"schema":"1"}', b"[" * 100_000, b'{"schema":0}']
)
def test_what_is_no_message_is_refused(data: bytes) -> None:
    with pytest.raises(WireError):
        decode(data, wire.BatchAnswer)


def test_a_version_that_is_not_read_any_more_is_told() -> None:
    old = json.loads((GOLDEN / "heartbeat_answer.json").read_bytes()) | {"schema": wire.OLDEST_SCHEMA - 1}
    with pytest.raises(WireError) as refused:
        decode(json.dumps(old).encode(), wire.HeartbeatAnswer)
    assert refused.value.code == "other_schema"
