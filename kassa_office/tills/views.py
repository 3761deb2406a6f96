"""The tills' side of the office over HTTP: who asks is checked first, then how much is said, then what.

No answer is anything but a message of the wire; no fault of ours shows more than a code.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, close_old_connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from kassa_office.staff.access import address_of, audit
from kassa_office.staff.models import Audit
from kassa_office.tills import enrolment
from kassa_office.tills.models import Till
from kassa_office.tills.port import OfficeForTill
from kassa_tui.sync.codec import WireError, decode, encode, pack, unpack
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.wire import (
    MAX_BODY_BYTES,
    MAX_FEED_ROWS,
    Batch,
    ChannelClaim,
    Enrol,
    Heartbeat,
    Hold,
    Message,
    Problem,
)

log = logging.getLogger(__name__)

STATUS = {
    "unauthorised": 401, "forbidden": 403, "inactive": 403, "too_large": 413, "bad_message": 400,
    "bad_encoding": 415, "other_schema": 400, "busy": 503, "cursor_gone": 410, "code_used": 409, "code_unknown": 404,
    "code_expired": 410, "other_till": 409, "till_taken": 409, "bad_key": 400, "locked": 429, "unknown": 404,
    "gone": 410, "claimed": 409, "has_tenders": 409, "channel_taken": 409, "method": 405, "range": 416,
}  # fmt: skip
"""HTTP status of each code; 400 for any other."""
BUSY_SECONDS = 5
MAX_ENROL_BYTES = 16 << 10
MAX_NUMBER = 2**63 - 1
NOTED, NOTED_WITHIN = 20, timedelta(minutes=15)
"""Refusals of one kind and address that are recorded."""
MIN_PACKED_BYTES = 1000
"""Smaller answers go as they are."""

M = TypeVar("M", bound=Message)
View = Callable[..., HttpResponseBase]


def answers(*methods: str) -> Callable[[View], View]:
    """A view for these methods whose every end is a message; errors are Problems."""

    def wrap(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def whole(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                if request.method not in methods:
                    return problem(OfficeError("method", {"allowed": list(methods)}))
                return view(request, *args, **kwargs)
            except OfficeError as refused:
                return problem(refused)
            except WireError as error:
                return problem(OfficeError(error.code, {"detail": _ascii(error.detail)}))
            except UnreadablePostError:
                return problem(OfficeError("bad_message", {"detail": "cut off"}))
            except (OperationalError, InterfaceError) as error:
                log.warning("busy: %s", error)
                close_old_connections()
                return problem(OfficeError("busy", retry_after=BUSY_SECONDS))
            except Exception:
                log.exception("%s %s", request.method, request.path)
                return problem(OfficeError("fault"), status=500)

        return whole

    return wrap


def problem(error: OfficeError, status: int = 0) -> HttpResponse:
    """The answer to what was refused."""
    answer = _json(encode(Problem(error.code, error.facts)), status or STATUS.get(error.code, 400))
    if error.retry_after:
        answer["Retry-After"] = str(error.retry_after)
    return answer


def for_till(view: View) -> View:
    """Gives the view the port of the till whose token the request shows; a till in the path must be that one."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, till: str | None = None, **kwargs: Any) -> HttpResponseBase:
        asking = authenticate(request)
        port = OfficeForTill(asking, address_of(request))
        if till is not None and till != asking.code:
            # A channel's journal comes through the till that talks to its webshop, and nothing else of it does.
            try:
                port = port.of_channel(till) if view.__name__ == journal.__name__ else _refuse(asking)
            except OfficeError:
                _note(request, "till.other", till=asking.code)
                raise
        return view(request, port, *args, **kwargs)

    return checked


def authenticate(request: HttpRequest) -> Till:
    """The till whose token this is; OfficeError ``unauthorised`` or ``inactive``."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise OfficeError("unauthorised")
    hashed = enrolment.token_hash(token.strip())
    till = Till.objects.select_related("branch").filter(token_hash=hashed).first()
    if till is None or not hmac.compare_digest(till.token_hash, hashed):
        _note(request, "till.token")
        raise OfficeError("unauthorised")
    if not (till.active and till.branch.active):
        _note(request, "till.inactive", till=till.code)
        raise OfficeError("inactive", {"till": till.code})
    return till


def _refuse(asking: Till) -> OfficeForTill:
    raise OfficeError("forbidden", {"till": asking.code})


def _note(request: HttpRequest, act: str, **facts: str) -> None:
    """Record what was refused; of one address no more than can be read."""
    recent = Audit.objects.filter(at__gt=timezone.now() - NOTED_WITHIN, act=act, address=address_of(request))
    if recent[:NOTED].count() < NOTED:
        audit(request, act, refused=True, path=_ascii(request.path), **facts)


def read(request: HttpRequest, kind: type[M], limit: int = MAX_BODY_BYTES) -> tuple[M, bytes, str]:
    """The request's message, its body as it came, and in what encoding; nothing is read in that is too large."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > limit:
        raise OfficeError("too_large", {"most": limit})
    encoding = request.headers.get("Content-Encoding", "").strip().lower() or "identity"
    raw = request.body
    return decode(unpack(raw, encoding, limit), kind), raw, encoding


def tell(request: HttpRequest, message: Message | list[Any]) -> HttpResponse:
    """A message as the answer, packed where that is worth it and understood."""
    data = encode(message)
    if len(data) < MIN_PACKED_BYTES or "zstd" not in request.headers.get("Accept-Encoding", ""):
        return _json(data)
    answer = _json(pack(data))
    answer["Content-Encoding"] = "zstd"
    answer["Vary"] = "Accept-Encoding"
    return answer


@answers("POST")
def enrol(request: HttpRequest) -> HttpResponseBase:
    """POST /enrol."""
    message, _, _ = read(request, Enrol, MAX_ENROL_BYTES)
    return tell(request, enrolment.enrol(message, address_of(request)))


@answers("GET", "POST")
@for_till
def journal(request: HttpRequest, port: OfficeForTill) -> HttpResponseBase:
    """POST and GET /tills/{till}/journal."""
    if request.method == "GET":
        return tell(request, port.journal(_number(request, "after")))
    batch, raw, encoding = read(request, Batch)
    return tell(request, port.push(batch, raw, encoding))


@answers("POST")
@for_till
def channel(request: HttpRequest, port: OfficeForTill, code: str) -> HttpResponseBase:
    """POST /channels/{code}."""
    message = read(request, ChannelClaim, MAX_ENROL_BYTES)[0]
    if message.code != code:
        raise OfficeError("bad_message", {"detail": "code"})
    return tell(request, port.claim_channel(message))


@answers("POST")
@for_till
def heartbeat(request: HttpRequest, port: OfficeForTill) -> HttpResponseBase:
    """POST /tills/{till}/heartbeat."""
    return tell(request, port.heartbeat(read(request, Heartbeat)[0]))


@answers("GET")
@for_till
def feed(request: HttpRequest, port: OfficeForTill) -> HttpResponseBase:
    """GET /feed?cursor=&limit=."""
    return tell(request, port.feed(_number(request, "cursor"), _number(request, "limit", MAX_FEED_ROWS)))


@answers("GET")
@for_till
def snapshot(request: HttpRequest, port: OfficeForTill) -> HttpResponseBase:
    """GET /snapshot."""
    return tell(request, port.snapshot())


@answers("GET", "HEAD")
@for_till
def snapshot_file(request: HttpRequest, port: OfficeForTill, sha256: str) -> HttpResponseBase:
    """GET /snapshot/{sha256}, whole or from a byte on."""
    from kassa_office.catalogue.models import Snapshot

    files = Snapshot.objects.filter(branch=port.till.branch_id, sha256=_name(sha256))
    size = files.values_list("size", flat=True).first()
    if size is None:
        raise OfficeError("unknown", {"sha256": sha256})
    tag = f'"{sha256}"'
    answer: HttpResponseBase
    if request.headers.get("If-None-Match") == tag:
        answer = HttpResponse(status=304)
    else:
        answer = _piece(request, port, sha256, size)
    answer["ETag"], answer["Accept-Ranges"] = tag, "bytes"
    answer["Cache-Control"] = "private, max-age=86400"
    return answer


def _piece(request: HttpRequest, port: OfficeForTill, sha256: str, size: int) -> HttpResponseBase:
    wanted = _range(request.headers.get("Range", ""))
    if wanted is None:
        whole = StreamingHttpResponse(_pieces(port, sha256, size), content_type="application/octet-stream")
        whole["Content-Length"] = str(size)
        return whole
    start, last = wanted
    if start >= size or last < start:
        past = problem(OfficeError("range", {"size": size}))
        past["Content-Range"] = f"bytes */{size}"
        return past
    data = port.snapshot_bytes(sha256, start)[: last - start + 1]
    part = HttpResponse(data, status=206, content_type="application/octet-stream")
    part["Content-Range"] = f"bytes {start}-{start + len(data) - 1}/{size}"
    return part


def _pieces(port: OfficeForTill, sha256: str, size: int) -> Iterator[bytes]:
    done = 0
    while done < size:
        piece = port.snapshot_bytes(sha256, done)
        if not piece:
            return
        done += len(piece)
        yield piece


def _range(header: str) -> tuple[int, int] | None:
    """First and last byte of the one range asked for; None where the whole is wanted, or the header is another's."""
    unit, _, span = header.partition("=")
    first, dash, last = span.strip().partition("-")
    if unit.strip() != "bytes" or not dash or not _digits(first) or (last and not _digits(last)):
        return None
    return int(first), int(last) if last else MAX_NUMBER


@answers("GET")
@for_till
def receipt(request: HttpRequest, port: OfficeForTill, number: str) -> HttpResponseBase:
    """GET /receipts/{number}."""
    return tell(request, port.receipt(_name(number)))


@answers("GET")
@for_till
def parked(request: HttpRequest, port: OfficeForTill) -> HttpResponseBase:
    """GET /parked."""
    return tell(request, list(port.parked()))


@answers("POST")
@for_till
def claim(request: HttpRequest, port: OfficeForTill, ticket: str) -> HttpResponseBase:
    """POST /parked/{ticket}/claim."""
    return tell(request, port.claim(_name(ticket)))


@answers("GET")
@for_till
def voucher(request: HttpRequest, port: OfficeForTill, number: str) -> HttpResponseBase:
    """GET /vouchers/{number}."""
    return tell(request, port.voucher(_name(number)))


@answers("POST")
@for_till
def hold(request: HttpRequest, port: OfficeForTill, number: str) -> HttpResponseBase:
    """POST /vouchers/{number}/hold."""
    message = read(request, Hold, MAX_ENROL_BYTES)[0]
    if message.number != number:
        raise OfficeError("bad_message", {"detail": "number"})
    _name(message.number), _name(message.ticket)
    if abs(message.amount) > 10**12:
        raise OfficeError("bad_message", {"detail": "amount"})
    return tell(request, port.hold(message))


@answers("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
def nothing(request: HttpRequest, rest: str) -> HttpResponseBase:
    """Any other address."""
    raise OfficeError("unknown", {"path": _ascii(rest)})


def _number(request: HttpRequest, name: str, default: int = 0) -> int:
    text = request.GET.get(name, str(default))
    if not _digits(text) or int(text) > MAX_NUMBER:
        raise OfficeError("bad_message", {"detail": name})
    return int(text)


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20


def _name(text: str) -> str:
    """A number or name out of the path, as databases can look it up."""
    if "\0" in text or len(text) > 100:
        raise OfficeError("unknown")
    return text


def _ascii(text: str) -> str:
    return text[:120].encode("ascii", "backslashreplace").decode().replace("\0", "")


def _json(data: bytes, status: int = 200) -> HttpResponse:
    answer = HttpResponse(data, status=status, content_type="application/json")
    answer["Cache-Control"] = "no-store"
    return answer
