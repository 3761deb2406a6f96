"""The wire over HTTP: who may ask, how much may be said, and that no answer is anything but a message."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from typing import Any

import msgspec
import pytest
import zstandard
from django.core.handlers.wsgi import WSGIRequest
from django.db import OperationalError
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from kassa_office.catalogue.models import Snapshot
from kassa_office.journal import ingest
from kassa_office.journal.models import Entry, Inbox, Quarantine
from kassa_office.staff.models import Audit
from kassa_office.tills.port import OfficeForTill
from kassa_tui.sync.codec import decode, encode, pack, to_wire
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.wire import MAX_BODY_BYTES, Batch, BatchAnswer, Problem
from tests.office.conftest import VENDORS, Databases, MakeTill, TillHere, till_here
from tests.office.journals import Book, batch_of, journal_of, line

JOURNAL = "/api/v1/tills/K1/journal"


def post(client: Client, path: str, body: bytes, token: str = "token-K1", **headers: str) -> Any:
    """A request as a till makes it."""
    sent = {"Authorization": f"Bearer {token}", **{name.replace("_", "-"): text for name, text in headers.items()}}
    return client.post(path, body, content_type="application/json", headers=sent)


def problem(answer: Any) -> str:
    """The code of an answer that must be a Problem."""
    assert answer["Content-Type"] == "application/json"
    return decode(answer.content, Problem).code


def code(answer: Any, status: int) -> str:
    """The code of a Problem with this status."""
    assert answer.status_code == status, answer.content
    return problem(answer)


@pytest.mark.parametrize("encoding", ["zstd", "gzip", "identity", ""])
def test_a_batch_in_every_encoding(client: Client, make_till: MakeTill, encoding: str) -> None:
    here = make_till()
    body = encode(journal_of(10, key=here.signer).batch())
    packed = {"zstd": pack, "gzip": gzip.compress}.get(encoding, bytes)(body)
    headers = {"Content_Encoding": encoding} if encoding else {}
    answer = post(client, JOURNAL, packed, **headers)
    assert answer.status_code == 200
    read = decode(answer.content, BatchAnswer)
    assert (read.next, len(read.acks)) == (11, 10)
    assert bytes(Inbox.objects.get().body) == packed


def test_large_answers_are_packed_where_that_is_understood(client: Client, make_till: MakeTill) -> None:
    here = make_till()
    body = encode(journal_of(60, key=here.signer).batch())
    answer = post(client, JOURNAL, body, Accept_Encoding="zstd, gzip")
    assert answer["Content-Encoding"] == "zstd"
    assert len(decode(zstandard.ZstdDecompressor().decompressobj().decompress(answer.content), BatchAnswer).acks) == 60
    assert "Content-Encoding" not in post(client, JOURNAL, body)


def test_no_csrf_token_is_asked_and_no_cookie_given(office_db: Databases, make_till: MakeTill) -> None:
    here = make_till()
    strict = Client(enforce_csrf_checks=True)
    answer = post(strict, JOURNAL, encode(journal_of(3, key=here.signer).batch()))
    assert answer.status_code == 200
    assert not answer.cookies


@pytest.mark.parametrize("token", ["", "x", "token-K2", "token-K1 ", "é\udcff", "a" * 5000])
def test_bad_tokens_are_refused_and_recorded(client: Client, make_till: MakeTill, token: str) -> None:
    make_till()
    headers = {"Authorization": f"Bearer {token}".encode("utf-8", "replace").decode("latin-1")}
    answer = client.post(JOURNAL, b"{}", content_type="application/json", headers=headers)
    if token.strip() == "token-K1":
        assert code(answer, 400) == "bad_message"
        return
    assert code(answer, 401) == "unauthorised"
    assert Audit.objects.filter(act="till.token", refused=True).count() == (1 if token else 0)


def test_a_flood_of_bad_tokens_fills_no_disk(client: Client, make_till: MakeTill) -> None:
    make_till()
    for turn in range(25):
        assert code(post(client, JOURNAL, b"{}", token=f"guess{turn}"), 401) == "unauthorised"
    assert Audit.objects.filter(act="till.token").count() == 20


@pytest.mark.parametrize("header", ["", "Basic dG9rZW4tSzE=", "token-K1", "Bearer"])
def test_no_token_at_all(client: Client, make_till: MakeTill, header: str) -> None:
    make_till()
    answer = client.get("/api/v1/feed", headers={"Authorization": header} if header else {})
    assert code(answer, 401) == "unauthorised"


def test_a_till_that_is_out_of_use(client: Client, make_till: MakeTill) -> None:
    here = make_till()
    here.till.active = False
    here.till.save()
    assert code(post(client, JOURNAL, b"{}"), 403) == "inactive"
    here.till.active = True
    here.till.save()
    here.till.branch.active = False
    here.till.branch.save()
    assert code(post(client, JOURNAL, b"{}"), 403) == "inactive"


def test_another_tills_journal(client: Client, make_till: MakeTill) -> None:
    here, other = make_till("B1", "K1"), make_till("B2", "K2")
    body = encode(journal_of(3, "K2", other.signer).batch())
    assert code(post(client, "/api/v1/tills/K2/journal", body), 403) == "forbidden"
    assert code(post(client, JOURNAL, body), 403) == "forbidden"
    assert code(client.get("/api/v1/tills/K2/journal", headers=here.headers), 403) == "forbidden"
    assert code(post(client, "/api/v1/tills/K2/heartbeat", b"{}"), 403) == "forbidden"
    assert Audit.objects.filter(act="till.other", refused=True).count() == 4
    assert Entry.objects.count() == Inbox.objects.count() == 0


def test_what_is_too_large_is_refused_before_it_is_read(
    client: Client, make_till: MakeTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_till()

    def unread(request: WSGIRequest) -> bytes:
        raise AssertionError("read")

    monkeypatch.setattr(WSGIRequest, "body", property(unread))
    answer = client.generic(
        "POST", JOURNAL, b"x", content_type="application/json", CONTENT_LENGTH=str(MAX_BODY_BYTES + 1),
        headers={"Authorization": "Bearer token-K1"},
    )  # fmt: skip
    assert code(answer, 413) == "too_large"


@pytest.mark.parametrize("encoding", ["zstd", "gzip"])
def test_a_bomb_is_not_unpacked(client: Client, make_till: MakeTill, encoding: str) -> None:
    make_till()
    zeros = bytes(1 << 20)
    if encoding == "zstd":
        bomb = zstandard.ZstdCompressor().compress(zeros * 64)
    else:
        packer = zlib.compressobj(9, wbits=31)
        bomb = b"".join(packer.compress(zeros) for _ in range(64)) + packer.flush()
    assert len(bomb) < 100_000
    assert code(post(client, JOURNAL, bomb, Content_Encoding=encoding), 413) == "too_large"
    assert Inbox.objects.count() == 0


def test_too_many_entries(client: Client, make_till: MakeTill) -> None:
    here = make_till()
    here.book.add("login", {})
    batch = here.book.batch()
    batch.entries *= 501
    assert code(post(client, JOURNAL, pack(encode(batch)), Content_Encoding="zstd"), 413) == "too_large"


@pytest.mark.parametrize(
    ("body", "headers", "status", "wanted"),
    [
        (b"", {}, 400, "bad_message"),
        (b"[]", {}, 400, "bad_message"),
        (b"\xff\xfe", {}, 400, "bad_message"),
        (b"[" * 100_000, {}, 400, "bad_message"),
        (b'{"schema":0,"till":"K1","now":1,"high":1,"entries":[]}', {}, 400, "other_schema"),
        (b'{"schema":1,"till":"K1","now":"1","high":1,"entries":[]}', {}, 400, "bad_message"),
        (b"{}", {"Content_Encoding": "br"}, 415, "bad_encoding"),
        (b"{}", {"Content_Encoding": "zstd"}, 415, "bad_encoding"),
        (gzip.compress(b"{}" * 100, mtime=0)[:-4], {"Content_Encoding": "gzip"}, 415, "bad_encoding"),
    ],
)
def test_what_is_no_message(
    client: Client, make_till: MakeTill, body: bytes, headers: dict[str, str], status: int, wanted: str
) -> None:
    make_till()
    assert code(post(client, JOURNAL, body, **headers), status) == wanted


@pytest.mark.parametrize(
    ("method", "path", "status", "wanted"),
    [
        ("GET", "/api/v1/enrol", 405, "method"),
        ("DELETE", JOURNAL, 405, "method"),
        ("GET", "/api/v1/nothing/here", 404, "unknown"),
        ("GET", f"{JOURNAL}?after=-1", 400, "bad_message"),
        ("GET", f"{JOURNAL}?after=٣", 400, "bad_message"),
        ("GET", "/api/v1/feed?cursor=99999999999999999999999", 400, "bad_message"),
        ("GET", "/api/v1/feed?cursor=1&limit=x", 400, "bad_message"),
        ("GET", "/api/v1/snapshot/%00", 404, "unknown"),
        ("GET", "/api/v1/receipts/%00", 404, "unknown"),
        ("GET", "/api/v1/vouchers/" + "9" * 300, 404, "unknown"),
    ],
)
def test_addresses_that_lead_nowhere(
    client: Client, make_till: MakeTill, method: str, path: str, status: int, wanted: str
) -> None:
    here = make_till()
    assert code(client.generic(method, path, headers=here.headers), status) == wanted


def test_a_busy_database_asks_to_come_back(
    client: Client, make_till: MakeTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = make_till()

    def busy(*_: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(ingest, "take", busy)
    answer = post(client, JOURNAL, encode(journal_of(2, key=here.signer).batch()))
    assert code(answer, 503) == "busy"
    assert int(answer["Retry-After"]) > 0


def test_a_fault_of_ours_tells_nothing(client: Client, make_till: MakeTill, monkeypatch: pytest.MonkeyPatch) -> None:
    here = make_till()

    def broken(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(ingest, "take", broken)
    answer = post(client, JOURNAL, encode(journal_of(2, key=here.signer).batch()))
    assert code(answer, 500) == "fault"
    assert b"secret" not in answer.content


def test_the_snapshot_in_pieces(client: Client, make_till: MakeTill, office_db: Databases) -> None:
    here, other = make_till("B1", "K1"), make_till("B2", "K2")
    data = os.urandom(1000)
    folder = office_db.data / "snapshots"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "b1.db.zst").write_bytes(data)
    digest = "ab" * 32
    Snapshot.objects.create(branch="B1", cursor=1, file="b1.db.zst", size=1000, unpacked=2000, sha256=digest,
                            signature="", made_at="2026-11-21T12:00:00Z")  # fmt: skip
    path = f"/api/v1/snapshot/{digest}"
    whole = client.get(path, headers=here.headers)
    assert b"".join(whole.streaming_content) == data  # type: ignore[attr-defined]
    assert whole["ETag"] == f'"{digest}"'
    part = client.get(path, headers={**here.headers, "Range": "bytes=100-299"})
    assert (part.status_code, part.content, part["Content-Range"]) == (206, data[100:300], "bytes 100-299/1000")
    assert client.get(path, headers={**here.headers, "Range": "bytes=900-"}).content == data[900:]
    past = client.get(path, headers={**here.headers, "Range": "bytes=1000-"})
    assert (code(past, 416), past["Content-Range"]) == ("range", "bytes */1000")
    assert client.get(path, headers={**here.headers, "If-None-Match": f'"{digest}"'}).status_code == 304
    assert code(client.get(path, headers=other.headers), 404) == "unknown"


def test_the_port_itself_refuses_another_till(make_till: MakeTill) -> None:
    here, other = make_till("B1", "K1"), make_till("B1", "K2")
    with pytest.raises(OfficeError) as refused:
        OfficeForTill(here.till).push(journal_of(2, "K2", other.signer).batch())
    assert refused.value.code == "forbidden"
    assert OfficeForTill(other.till).push(journal_of(2, "K2", other.signer).batch()).next == 3


_ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(2**80), 2**80), st.text(max_size=5), st.just([]),
    st.just({}), st.just("\0"), st.just("é" * 200), st.just(10**400), st.just(1.5), st.lists(st.integers(), max_size=2),
)  # fmt: skip
_NAMES = ["lines", "tenders", "vat", "total", "number", "no", "shift", "ticket", "customer", "draft", "z", "float",
          "turnover", "difference", "counted", "amount", "move", "state", "sku", "qty", "place", "name", "rounding",
          "change", "discount", "voids", "to", "order"]  # fmt: skip
_KINDS = ["sale", "cash", "shift.open", "shift.close", "ticket.park", "ticket.recall", "ticket.cancel", "receipt.copy",
          "payment.result", "stock.count", "stock.received", "stock.transfer", "stock.waste", "stock.correct", "drawer",
          "verzonnen"]  # fmt: skip


def _with_odd(book: Book, kind: str, places: list[tuple[str, Any]], deep: bool) -> None:
    book.sale(line(), line("7", 100))
    body = json.loads(book.entries.pop().body)
    for name, value in places:
        target = body["lines"][0] if deep and body.get("lines") and isinstance(body["lines"], list) else body
        if isinstance(target, dict):
            target[name] = value
    book.add(kind, json.dumps(body, sort_keys=True))


@settings(max_examples=15)
@given(
    kind=st.sampled_from(_KINDS), deep=st.booleans(),
    places=st.lists(st.tuples(st.sampled_from(_NAMES), _ODD), max_size=5),
)  # fmt: skip
@pytest.mark.parametrize("vendor", VENDORS)
def test_odd_facts_in_signed_entries(
    databases_of_office: Databases, vendor: str, kind: str, deep: bool, places: list[tuple[str, Any]]
) -> None:
    here = _fresh(databases_of_office, vendor)
    _with_odd(here.book, kind, places, deep)
    here.book.sale()
    answer = post(Client(), JOURNAL, encode(here.book.batch()))
    assert answer.status_code == 200, answer.content
    read = decode(answer.content, BatchAnswer)
    assert {ack.status for ack in read.acks} <= {"stored", "quarantined"}
    assert (read.acks[1].status, read.next) == ("stored", 3)
    assert Entry.objects.filter(branch="B1").count() == 2


_FIELDS = ["seq", "id", "at", "offset", "who", "kind", "body", "prev", "hash", "signature"]
_TEXTS = st.sampled_from(["", "\0", "x" * 300, "é", "٣", "00" * 32, "zz" * 32, "00" * 64, "a b" * 20])
_INTS = st.sampled_from([0, -1, 2**31, 2**53, 2**63, -(2**63), 10**30, 10**400, 253_370_764_800_000, 32_768])


@settings(max_examples=15)
@given(
    changes=st.dictionaries(st.sampled_from(_FIELDS), st.one_of(_TEXTS, _INTS), min_size=1, max_size=4),
    top=st.dictionaries(st.sampled_from(["now", "high", "epoch", "version"]), st.one_of(_TEXTS, _INTS), max_size=2),
)
@pytest.mark.parametrize("vendor", VENDORS)
def test_odd_entries(databases_of_office: Databases, vendor: str, changes: dict[str, Any], top: dict[str, Any]) -> None:
    here = _fresh(databases_of_office, vendor)
    here.book.sale()
    here.book.sale()
    body = msgspec.to_builtins(here.book.batch())
    body["entries"][0].update(changes)
    body.update(top)
    answer = post(Client(), JOURNAL, json.dumps(body).encode())
    if answer.status_code == 400:
        assert problem(answer) == "bad_message"
        return
    assert answer.status_code == 200, answer.content
    read = decode(answer.content, BatchAnswer)
    assert read.acks[1].status == "stored"
    assert read.acks[0].status in ("quarantined", "stored", "duplicate", "conflict")
    assert Entry.objects.filter(branch="B1").count() + Quarantine.objects.count() >= 2


def _fresh(databases: Databases, vendor: str) -> TillHere:
    if databases.vendor == vendor:
        databases.reset()
    else:
        databases.use(vendor)
    return till_here()


def test_entries_of_any_shape_at_all(client: Client, make_till: MakeTill) -> None:
    here = make_till()
    here.book.sale()
    good = to_wire(here.book.entries[0])
    values: list[Any] = [None, 1, "x", [], {}, {**msgspec.to_builtins(good), "seq": None}]
    for value in values:
        body = {"schema": 1, "till": "K1", "now": 1, "high": 1, "entries": [value]}
        assert code(post(client, JOURNAL, json.dumps(body).encode()), 400) == "bad_message"
    assert decode(post(client, JOURNAL, encode(batch_of([], "K1", high=0))).content, BatchAnswer).next == 1
    assert decode(encode(here.book.batch()), Batch).till == "K1"
