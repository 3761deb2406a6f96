"""The office over HTTP: :class:`OfficePort` as a till's client.

Nothing of the machine's environment has a say: no proxy but the configured one, no ``netrc``, no other certificates. No
redirect is followed, every call ends within its time, and no answer is read beyond its bound; whatever is not a message
of ours (a proxy's page, half an answer) is an :class:`OfficeError`, never a guess.
"""

from __future__ import annotations

import logging
import os
import ssl
import time
from collections.abc import Callable, Mapping
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from kassa_tui.storage.database import StorageError
from kassa_tui.sync.codec import WireError, decode, encode, pack, unpack
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.wire import (
    MAX_BODY_BYTES,
    MAX_FEED_ROWS,
    PATH,
    Answer,
    Batch,
    BatchAnswer,
    ChannelClaim,
    Enrol,
    Enrolled,
    FeedPage,
    Heartbeat,
    HeartbeatAnswer,
    Hold,
    JournalPage,
    Message,
    ParkedTicket,
    Problem,
    ReceiptFound,
    SnapshotInfo,
    Voucher,
)

if TYPE_CHECKING:
    import requests

TOKEN_FILE = "office.token"
CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 10.0, 30.0, 120.0
"""To a connection; between two pieces of an answer; for a whole answer, however it trickles."""
MAX_WAIT_SECONDS = 3600
"""The longest ``Retry-After`` that is believed."""
MIN_PACKED_BYTES = 400
"""Smaller bodies go as they are."""
_PIECE = 1 << 16
_STATUS = {401: "unauthorised", 403: "forbidden", 404: "unknown", 409: "claimed", 410: "cursor_gone", 413: "too_large",
           429: "busy", 502: "busy", 503: "busy", 504: "busy"}  # fmt: skip
"""Codes for answers that are no Problem of ours."""

M = TypeVar("M")
log = logging.getLogger("kassa.sync")


def read_token(folder: Path) -> str:
    """The till's token; StorageError ``token_missing``, ``token_open`` (others may read it) or ``token_bad``."""
    path = folder / TOKEN_FILE
    try:
        mode = path.stat().st_mode
        token = path.read_text("ascii").strip()
    except FileNotFoundError as error:
        raise StorageError("token_missing", {"path": str(path)}) from error
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError("token_bad", {"path": str(path)}) from error
    if mode & 0o077:
        raise StorageError("token_open", {"path": str(path)})
    if not token or not token.isprintable() or " " in token:
        raise StorageError("token_bad", {"path": str(path)})
    return token


def write_token(folder: Path, token: str) -> None:
    """Keep the token where only the till may read it, on disk before this returns."""
    path = folder / TOKEN_FILE
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(token + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


class OfficeClient:
    """One connection to one office; for use on one thread."""

    def __init__(
        self,
        url: str,
        till: str,
        token: str = "",
        *,
        ca_file: Path | None = None,
        proxy: str | None = None,
        timeouts: tuple[float, float, float] = (CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        import requests

        self._base, self._till, self._token = url.rstrip("/") + PATH, quote(till, safe=""), token
        self._timeouts, self._clock = timeouts, clock
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = _authorities(ca_file)
        self._session.proxies = {"http": proxy, "https": proxy} if proxy else {}
        self._session.headers.clear()

    def close(self) -> None:
        """Let go of the connection."""
        self._session.close()

    def enrol(self, request: Enrol) -> Enrolled:
        """Become a till of the office."""
        return self._post("/enrol", request, Enrolled, token=False)

    def push(self, batch: Batch) -> BatchAnswer:
        """Send journal entries."""
        return self._post(f"/tills/{self._till}/journal", batch, BatchAnswer)

    def feed(self, cursor: int, limit: int = MAX_FEED_ROWS) -> FeedPage:
        """Changes after ``cursor``."""
        return self._get(f"/feed?cursor={cursor}&limit={limit}", FeedPage)

    def snapshot(self) -> SnapshotInfo:
        """Which snapshot there is."""
        return self._get("/snapshot", SnapshotInfo)

    def snapshot_bytes(self, sha256: str, start: int = 0) -> bytes:
        """A piece of the snapshot's file; empty behind its end."""
        stop = start + MAX_BODY_BYTES - 1
        headers = {"Range": f"bytes={start}-{stop}", "Accept-Encoding": "identity"}
        status, body = self._call("GET", f"/snapshot/{quote(sha256, safe='')}", None, headers, ok=(200, 206, 416))
        if status == 416:
            return b""
        # A proxy that knows no ranges sends all of it from the beginning.
        return body if status == 206 or not start else body[start:]

    def heartbeat(self, beat: Heartbeat) -> HeartbeatAnswer:
        """Say how the till is."""
        return self._post(f"/tills/{self._till}/heartbeat", beat, HeartbeatAnswer)

    def journal(self, after: int) -> JournalPage:
        """The till's own journal after ``after``."""
        return self._get(f"/tills/{self._till}/journal?after={after}", JournalPage)

    def receipt(self, number: str) -> ReceiptFound:
        """A receipt of any till."""
        return self._get(f"/receipts/{quote(number, safe='')}", ReceiptFound)

    def parked(self) -> list[ParkedTicket]:
        """Tickets set aside at this branch."""
        return self._get("/parked", list[ParkedTicket])

    def claim(self, ticket: str) -> ParkedTicket:
        """Take a parked ticket over."""
        return self._post(f"/parked/{quote(ticket, safe='')}/claim", Answer(ok=True), ParkedTicket)

    def voucher(self, number: str) -> Voucher:
        """A voucher's balance."""
        return self._get(f"/vouchers/{quote(number, safe='')}", Voucher)

    def hold(self, request: Hold) -> Answer:
        """Set an amount of a voucher aside."""
        return self._post(f"/vouchers/{quote(request.number, safe='')}/hold", request, Answer)

    def claim_channel(self, request: ChannelClaim) -> Answer:
        """Be the one that talks to a webshop."""
        return self._post(f"/channels/{quote(request.code, safe='')}", request, Answer)

    def of_channel(self, code: str) -> OfficeClient:
        """The same connection and token for the journal of a channel that this till owns."""
        other = copy(self)
        other._till = quote(code, safe="")
        return other

    def _get(self, path: str, kind: type[M]) -> M:
        return self._read(self._call("GET", path, None, {})[1], kind)

    def _post(self, path: str, message: Message, kind: type[M], *, token: bool = True) -> M:
        body = encode(message)
        headers = {"Content-Type": "application/json"}
        if len(body) > MAX_BODY_BYTES:
            raise OfficeError("too_large", {"bytes": len(body)})
        if len(body) >= MIN_PACKED_BYTES:
            body, headers["Content-Encoding"] = pack(body), "zstd"
        return self._read(self._call("POST", path, body, headers, token=token)[1], kind)

    def _read(self, body: bytes, kind: type[M]) -> M:
        try:
            return decode(body, kind)
        except WireError as error:
            code = "other_schema" if error.code == "other_schema" else "bad_answer"
            raise OfficeError(code, {"detail": error.detail[:120]}) from error

    def _call(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], *,
        token: bool = True, ok: tuple[int, ...] = (200, 201),
    ) -> tuple[int, bytes]:  # fmt: skip
        import requests
        import urllib3

        sent = {"Accept": "application/json", "Accept-Encoding": "zstd, gzip", "User-Agent": "kassa", **headers}
        if token:
            sent["Authorization"] = f"Bearer {self._token}"
        until = self._clock() + self._timeouts[2]
        try:
            with self._session.request(
                method, self._base + path, data=body, headers=sent, timeout=self._timeouts[:2], allow_redirects=False,
                stream=True,
            ) as answer:  # fmt: skip
                data = self._body(answer, until)
                if answer.status_code in ok:
                    return answer.status_code, data
                raise _problem(answer.status_code, answer.headers, data)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise self._lost(error) from error

    def _body(self, answer: requests.Response, until: float) -> bytes:
        """The whole answer, unpacked; never more than the bound, never longer than it may take."""
        found = bytearray()
        # ``raw`` as it came: requests' own decoding has no bound. What breaks off shows as a length that does not fit.
        while piece := answer.raw.read1(_PIECE, decode_content=False):
            found += piece
            if len(found) > MAX_BODY_BYTES:
                raise OfficeError("bad_answer", {"detail": "too large"})
            if self._clock() > until:
                raise OfficeError("timeout", {})
        told = answer.headers.get("Content-Length", "")
        if told.isdigit() and int(told) != len(found):
            raise OfficeError("bad_answer", {"detail": "cut off"})
        try:
            return unpack(bytes(found), answer.headers.get("Content-Encoding", "").strip().lower())
        except WireError as error:
            raise OfficeError("bad_answer", {"detail": error.code}) from error

    def _lost(self, error: Exception) -> OfficeError:
        import requests
        import urllib3

        text = str(error).replace(self._token, "***") if self._token else str(error)
        if isinstance(error, requests.exceptions.SSLError) or _caused_by(error, ssl.SSLCertVerificationError):
            code = "certificate"
        elif isinstance(error, (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError)) or _caused_by(
            error, TimeoutError
        ):
            code = "timeout"
        elif isinstance(error, urllib3.exceptions.ProtocolError):
            code = "bad_answer"
        else:
            code = "unreachable"
        log.info("office: %s: %s", code, text[:300])
        return OfficeError(code, {"detail": text[:120]})


def _authorities(ca_file: Path | None) -> str | bool:
    """What to verify certificates with: the shop's own authority, else the system's, else those requests brings."""
    if ca_file is not None:
        if not ca_file.is_file():
            raise OfficeError("certificate", {"detail": str(ca_file)})
        return str(ca_file)
    system = ssl.get_default_verify_paths().openssl_cafile
    return system if system and os.path.exists(system) else True


def _problem(status: int, headers: Mapping[str, str], body: bytes) -> OfficeError:
    wait = _wait(headers.get("Retry-After", ""))
    if 300 <= status < 400:
        return OfficeError("redirect", {"to": headers.get("Location", "")[:120]})
    try:
        problem = decode(body, Problem)
    except WireError:
        code = _STATUS.get(status, "fault" if status >= 500 else "bad_answer")
        return OfficeError(code, {"status": status}, wait)
    return OfficeError(problem.code[:40], {**problem.facts, "status": status}, wait)


def _wait(text: str) -> int:
    """Seconds of a ``Retry-After``, written as a number or as a date."""
    if text.strip().isdigit():
        return min(int(text.strip()[:6]), MAX_WAIT_SECONDS)
    if not text:
        return 0
    from email.utils import parsedate_to_datetime

    try:
        seconds = int(parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0
    return max(0, min(seconds, MAX_WAIT_SECONDS))


def _caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        reason: Any = getattr(error, "reason", None)
        if isinstance(error, kind) or isinstance(reason, kind):
            return True
        inner = next((each for each in getattr(error, "args", ()) if isinstance(each, BaseException)), None)
        error = error.__cause__ or error.__context__ or inner
    return False
