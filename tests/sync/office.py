"""A small office that keeps its word, for the till's side of the wire: in one process, and over real HTTP.

It stores, acks, dedupes and forgets as the protocol says, and can be told to fail in every way that a network or an
office can.
"""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kassa_tui.storage.feed_sums import row_hash, tables, written
from kassa_tui.sync.codec import WireError, decode, encode, pack, unpack
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.wire import (
    MAX_BODY_BYTES,
    MAX_FEED_ROWS,
    PATH,
    SCHEMA,
    Ack,
    Answer,
    Batch,
    BatchAnswer,
    Enrol,
    Enrolled,
    Entry,
    FeedPage,
    Heartbeat,
    HeartbeatAnswer,
    Hold,
    JournalPage,
    ParkedTicket,
    Problem,
    ReceiptFound,
    Row,
    SnapshotInfo,
    TillKey,
    Voucher,
)

TOKEN = "geheim-token-1"
CODE = "7F3K-9QXM"
CHUNK = 4096


class Office:
    """The office as a port: what a till's client is judged by."""

    def __init__(self, till: str = "K1", branch: str = "F1") -> None:
        self.till, self.branch = till, branch
        self.epoch, self.now = "e" * 32, 1_790_000_000_000
        self.entries: dict[int, Entry] = {}
        self.claimed = 0
        self.batches: list[Batch] = []
        self.beats: list[Heartbeat] = []
        self.rows: list[Row] = []
        self.floor = 0
        """Cursors below this are gone."""
        self.odd: dict[int, str] = {}
        """Entries that are not simply stored: seq → ``quarantined`` or ``conflict``."""
        self.poison: set[int] = set()
        """Entries whose message is not understood at all."""
        self.key = Ed25519PrivateKey.generate()
        self.keys: list[TillKey] = []
        self.codes = {CODE}
        self.replaces = False
        self.receipt = 0
        self.packed = b""
        self.unpacked = 0
        self.snapshot_cursor = 0
        self.pull_snapshot = False
        self.summed = False
        """Whether pages tell the sums of its rows; not where its snapshot holds other ones."""
        self.before: Callable[[str], object] = lambda what: None
        """Called with the name of each method before it does anything."""
        self.after: Callable[[str], object] = lambda what: None
        """Called when it has done everything, before it answers."""

    @property
    def next(self) -> int:
        """First entry that is not here."""
        seq = 1
        while seq in self.entries:
            seq += 1
        return seq

    def restore(self, upto: int, epoch: str = "f" * 32) -> None:
        """As an office restored from a backup of when it had ``upto`` entries."""
        self.entries = {seq: entry for seq, entry in self.entries.items() if seq <= upto}
        self.epoch = epoch

    def put(self, table: str, key: str, **data: Any) -> None:
        """Tell the tills of a thing."""
        self.rows = [row for row in self.rows if (row.table, row.id) != (table, key)]
        self.rows.append(Row(seq=self.cursor + 1, table=table, id=key, op="put", data=data))

    def drop(self, table: str, key: str) -> None:
        """Tell the tills that a thing is gone."""
        self.rows = [row for row in self.rows if (row.table, row.id) != (table, key)]
        self.rows.append(Row(seq=self.cursor + 1, table=table, id=key, op="del"))

    @property
    def cursor(self) -> int:
        """The feed's last number."""
        return max((row.seq for row in self.rows), default=self.floor)

    def keep_snapshot(self, database: Path) -> None:
        """Have this file as the snapshot."""
        data = database.read_bytes()
        self.unpacked, self.packed = len(data), zstandard.ZstdCompressor(level=3).compress(data)
        self.snapshot_cursor = self.cursor

    def enrol(self, request: Enrol) -> Enrolled:
        """Become a till."""
        self.before("enrol")
        if request.code not in self.codes:
            raise OfficeError("code_used")
        self.codes.discard(request.code)
        high = max([*self.entries, self.claimed], default=0)
        self.keys.append(TillKey(high + 1 if self.keys else 1, request.public_key))
        public = self.key.public_key().public_bytes_raw().hex()
        receipt = self.receipt if self.replaces else 0
        high = high if self.replaces else 0
        self.after("enrol")
        return Enrolled(
            SCHEMA, self.epoch, self.now, self.till, self.branch, TOKEN, public, self.replaces, high, receipt
        )

    def push(self, batch: Batch) -> BatchAnswer:
        """Take a batch in."""
        self.before("push")
        if any(entry.seq in self.poison for entry in batch.entries):
            raise OfficeError("bad_message")
        self.batches.append(batch)
        self.claimed = max(self.claimed, batch.high)
        acks = [self._take(entry) for entry in batch.entries]
        self.after("push")
        return BatchAnswer(SCHEMA, self.epoch, self.now, acks, self.next)

    def _take(self, entry: Entry) -> Ack:
        if entry.seq in self.odd:
            if self.odd[entry.seq] == "quarantined":
                self.entries.setdefault(entry.seq, entry)
            return Ack(entry.seq, self.odd[entry.seq], "hash")  # type: ignore[arg-type]
        have = self.entries.setdefault(entry.seq, entry)
        if have is entry:
            return Ack(entry.seq, "stored")
        return Ack(entry.seq, "duplicate" if have.hash == entry.hash else "conflict")

    def feed(self, cursor: int, limit: int = MAX_FEED_ROWS) -> FeedPage:
        """Changes after a cursor."""
        self.before("feed")
        if cursor and cursor < self.floor:
            raise OfficeError("cursor_gone")
        rows = [row for row in self.rows if row.seq > cursor]
        more, rows = len(rows) > limit, rows[:limit]
        sums = self.sums() if self.summed and not more else {}
        return FeedPage(SCHEMA, self.epoch, self.now, rows, rows[-1].seq if more else self.cursor, more, sums)

    def sums(self) -> dict[str, str]:
        """Table → count and checksum of what is live."""
        found: dict[str, list[int]] = {table: [] for table in tables()}
        for row in self.rows:
            hashed = row_hash(row.table, row.id, row.data) if row.op == "put" else None
            if hashed is not None:
                found.setdefault(row.table, []).append(hashed)
        return {table: written(len(hashes), sum(hashes)) for table, hashes in found.items()}

    def snapshot(self) -> SnapshotInfo:
        """The file there is."""
        self.before("snapshot")
        if not self.packed:
            raise OfficeError("unknown")
        digest = hashlib.sha256(self.packed)
        return SnapshotInfo(SCHEMA, self.epoch, self.snapshot_cursor, len(self.packed), self.unpacked,
                            digest.hexdigest(), self.key.sign(digest.digest()).hex())  # fmt: skip

    def snapshot_bytes(self, sha256: str, start: int = 0) -> bytes:
        """A small piece of it, so that there are many."""
        self.before("snapshot_bytes")
        return self.packed[start : start + CHUNK]

    def heartbeat(self, beat: Heartbeat) -> HeartbeatAnswer:
        """How the till is."""
        self.before("heartbeat")
        self.beats.append(beat)
        self.claimed, self.receipt = max(self.claimed, beat.high), max(self.receipt, beat.receipt)
        return HeartbeatAnswer(SCHEMA, self.epoch, self.now, self.next, self.cursor, "", self.pull_snapshot)

    def journal(self, after: int) -> JournalPage:
        """The till's own journal."""
        self.before("journal")
        found = [self.entries[seq] for seq in sorted(self.entries) if seq > after][:50]
        return JournalPage(SCHEMA, self.epoch, found, self.keys, max([*self.entries, self.claimed], default=0))

    def receipt_of(self, number: str) -> ReceiptFound:
        """Nothing is known here."""
        raise OfficeError("unknown", {"number": number})

    def parked(self) -> list[ParkedTicket]:
        """One ticket."""
        return [ParkedTicket("t1", "K2", 1, "Jan", "2", 5, 1250)]

    def claim(self, ticket: str) -> ParkedTicket:
        """Takes it over."""
        if ticket != "t1":
            raise OfficeError("gone")
        return ParkedTicket("t1", "K2", 1, "Jan", "2", 5, 1250, {"lines": []})

    def voucher(self, number: str) -> Voucher:
        """Always twenty euros."""
        return Voucher(number, 2000)

    def hold(self, request: Hold) -> Answer:
        """Up to that."""
        return Answer(request.amount <= 2000, "" if request.amount <= 2000 else "too_little")


STATUS = {"unauthorised": 401, "forbidden": 403, "unknown": 404, "gone": 410, "cursor_gone": 410, "code_used": 409,
          "bad_message": 400, "too_large": 413, "busy": 503}  # fmt: skip
Reply = tuple[int, dict[str, str], bytes]


class Server:
    """The office on a port of this machine."""

    def __init__(self, office: Office, certificate: tuple[Path, Path] | None = None) -> None:
        self.office = office
        self.instead: list[Reply | Callable[[BaseHTTPRequestHandler], object]] = []
        """What the next requests get in place of an answer."""
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 20

            def do_GET(self) -> None:
                server.answer(self)

            def do_POST(self) -> None:
                server.answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.port = self._http.server_address[1]
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self.port}"
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        """No more."""
        self._http.shutdown()
        self._http.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """One request."""
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        self.requests.append((request.command, request.path, dict(request.headers.items())))
        if self.instead:
            what = self.instead.pop(0)
            if callable(what):
                what(request)
                return
            send(request, *what)
            return
        try:
            send(request, *self._answered(request, body))
        except OfficeError as error:
            headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
            send(request, STATUS.get(error.code, 500), headers, encode(Problem(error.code, error.facts)))
        except WireError as error:
            send(request, 400, {}, encode(Problem("bad_message", {"detail": error.code})))

    def _answered(self, request: BaseHTTPRequestHandler, packed: bytes) -> Reply:
        path, _, query = request.path.removeprefix(PATH).partition("?")
        body = unpack(packed, request.headers.get("Content-Encoding", ""))
        asked = dict(pair.split("=") for pair in query.split("&") if "=" in pair)
        if path == "/enrol":
            return message(self.office.enrol(decode(body, Enrol)))
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise OfficeError("unauthorised")
        if path.startswith("/snapshot/"):
            start = int(request.headers["Range"].removeprefix("bytes=").partition("-")[0])
            return 206, {"Content-Type": "application/octet-stream"}, self.office.snapshot_bytes(path[10:], start)
        return message(self._port(path, body, asked))

    def _port(self, path: str, body: bytes, asked: dict[str, str]) -> Any:
        office, till = self.office, f"/tills/{self.office.till}"
        if path == f"{till}/journal" and body:
            return office.push(decode(body, Batch))
        if path == f"{till}/journal":
            return office.journal(int(asked["after"]))
        if path == f"{till}/heartbeat":
            return office.heartbeat(decode(body, Heartbeat))
        if path == "/feed":
            return office.feed(int(asked["cursor"]), int(asked["limit"]))
        if path == "/snapshot":
            return office.snapshot()
        if path == "/parked":
            return office.parked()
        if path.startswith("/parked/"):
            return office.claim(path.split("/")[2])
        if path.startswith("/receipts/"):
            return office.receipt_of(path.split("/")[2])
        if path.endswith("/hold"):
            return office.hold(decode(body, Hold))
        if path.startswith("/vouchers/"):
            return office.voucher(path.split("/")[2])
        raise OfficeError("forbidden", {"path": path})


def message(answer: Any) -> Reply:
    """An answer as the office packs it."""
    return 200, {"Content-Type": "application/json", "Content-Encoding": "zstd"}, pack(encode(answer))


def send(request: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes) -> None:
    """Answer a request."""
    request.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)


def page(text: str, status: int = 200) -> Reply:
    """What a hotel's network would rather show."""
    return status, {"Content-Type": "text/html"}, text.encode()


def seqs(entries: Iterable[Entry]) -> list[int]:
    """Their numbers."""
    return [entry.seq for entry in entries]


def facts(entry: Entry) -> dict[str, Any]:
    """An entry's body."""
    found: dict[str, Any] = json.loads(entry.body)
    return found


assert MAX_BODY_BYTES > CHUNK
