"""WooCommerce's REST API as a road: keys, addresses, refusals, and pages that lose nothing while the shop lives on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kassa_tui.sync.webshops.access import Access, Options
from kassa_tui.sync.webshops.base import Permanent, Transient, Unanswered, Unauthorised
from kassa_tui.sync.webshops.web import Answer, Patience, Web

if TYPE_CHECKING:
    from requests.auth import AuthBase

ROUTE = "/wc/v3"
MAX_PAGE = 100
"""``per_page`` above this is a 400."""
MAX_IDLE_PAGES = 100
"""In a row that bring nothing new: nobody changes that much of a shop while it is read."""
_FATAL = "internal_server_error"
"""WordPress's own word for PHP that died: whether anything was done is not known."""

_MARK = "wp-json/wc/"

_GONE = ("invalid_id", "invalid_parent", "invalid_product_id", "invalid_order_id")

Params = list[tuple[str, Any]]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, oldest id first."""

    rows: list[Row]
    cursor: int
    """The shop's clock at the first page, UTC milliseconds."""
    total: int
    more: bool


@dataclass(slots=True)
class Api:
    """Calls to one shop; the only place that knows how its addresses and keys look."""

    access: Access
    web: Web
    index: Web
    """Without keys: WordPress takes them for a user's on pages that are not WooCommerce's, and refuses."""
    reads: bool = False
    """Whether something was read with these keys: then a 401 on writing is about writing."""

    def get(self, path: str, params: Params | None = None) -> Answer:
        """Read; the answer is JSON with status 200."""
        return self.send("GET", path, params)

    def send(
        self, method: str, path: str, params: Params | None = None, json: Any = None, *, repeat: bool | None = None
    ) -> Answer:
        """One call and its JSON answer, status below 400.

        Raises:
            Permanent: ``refused`` with what the shop says, its code as ``reason`` and its ``status``.
            Unauthorised: ``unauthorised``, or ``forbidden_write`` for a key that may only read.
            Unanswered: a write (``repeat`` is not True) that may have been done.
            Transient: not reached, or a page where JSON should be.
        """
        if method == "PUT" and self.access.options.post_instead_of_put:
            method = "POST"
        safe = method == "GET" if repeat is None else repeat
        try:
            return self._once(method, path, params, json, safe)
        except Unanswered:
            raise
        except Transient as error:
            if error.code != "not_json" and error.facts.get("status") != 500:
                raise
            if not safe:
                raise Unanswered(error.code, error.facts) from error
        # A host's page or a PHP that died, once more and no oftener: the others were repeated below here already.
        self.web.patience.wait(1.0)
        return self._once(method, path, params, json, safe)

    def _once(self, method: str, path: str, params: Params | None, json: Any, safe: bool) -> Answer:
        where, asked = self.address(ROUTE + path, params)
        try:
            answer = self.web.call(method, where, params=asked, json=json, repeat=safe)
        except Unauthorised as error:
            if method != "GET" and self.reads:
                raise Unauthorised("forbidden_write", error.facts) from error
            raise
        found = answer.json()
        if answer.status < 400:
            self.reads = self.reads or method == "GET"
            return answer
        raise refusal(answer.status, found)

    def address(self, route: str, params: Params | None = None) -> tuple[str, Params]:
        """Path and query of a REST route."""
        if self.access.options.plain_permalinks:
            # The shop looks at keys only where its own mark stands in the address, as it is written.
            return f"/index.php?kassa={_MARK}", [("rest_route", route), *(params or ())]
        return "/wp-json" + route, list(params or ())

    def close(self) -> None:
        """Let go of both connections."""
        self.web.close()
        self.index.close()

    def pages(self, path: str, params: Params, size: int) -> Iterator[Page]:
        """All rows by id, each once.

        Each page begins with the last row of the one before it: where that is not there, something before it vanished
        and the rows behind it moved up, so we go back. What changes meanwhile comes by the next pull's overlap.
        """
        size, offset, last, first, cursor, idle = max(2, min(size, MAX_PAGE)), 0, 0, 0, 0, 0
        while True:
            by_id = [("orderby", "id"), ("order", "asc"), ("per_page", size), ("offset", offset)]
            answer = self.get(path, [*params, *by_id])
            cursor, found = cursor or server_time(answer), rows(answer)
            ids = [number(row) for row in found]
            if offset and (not ids or min(ids) > last):
                offset, idle = max(0, offset - size), self._patient(idle)
                continue
            if offset and first == ids[0]:
                raise Permanent("bad_answer", {"what": "offset", "found": str(offset)})
            first, total = first or (ids[0] if ids else 0), _total(answer)
            more = offset + len(found) < total if total is not None else len(found) >= size
            fresh = [row for row in found if number(row) > last]
            yield Page(fresh, cursor, total or 0, more and bool(found))
            if not more or not found or (not fresh and total is not None and offset + size >= total):
                # Rows that a plugin hides from us are counted all the same: the last ones never come.
                return
            idle = 0 if fresh else self._patient(idle)
            last, offset = max(last, *ids), offset + len(found) - 1

    def _patient(self, idle: int) -> int:
        """One more page that brought nothing new; Permanent ``bad_answer`` where that does not end."""
        if idle >= MAX_IDLE_PAGES:
            raise Permanent("bad_answer", {"what": "pages", "found": str(idle)})
        return idle + 1


def connect(access: Access, patience: Patience | None = None) -> Api:
    """A road to the shop; nothing is asked yet."""
    from requests.auth import HTTPBasicAuth

    keys = access.keys()
    key, secret = keys["key"], keys["secret"]
    auth: AuthBase | None = None
    query: Mapping[str, str] = {}
    if not access.https:
        from requests_oauthlib import OAuth1

        # Over http the shop takes nothing but a signature.
        signed = OAuth1(
            key, client_secret=secret, signature_method="HMAC-SHA256",
            signature_type="QUERY" if access.options.keys_in_url else "AUTH_HEADER",
        )  # fmt: skip
        auth = _marked(signed)
    elif access.options.keys_in_url:
        query = {"consumer_key": key, "consumer_secret": secret}
    else:
        auth = HTTPBasicAuth(key, secret)
    # Hosts that cache what they should not have one address for every signed request.
    fresh = {"Cache-Control": "no-cache"}
    web = access.web(patience=patience, auth=auth, query=query, headers=fresh)
    return Api(access, web, access.web(patience=patience, headers=fresh))


def _marked(signed: Callable[[Any], Any]) -> AuthBase:
    """Sign, and write the shop's mark in the address as it was: signing encodes it, which changes nothing signed."""
    from requests.auth import AuthBase

    class Marked(AuthBase):
        def __call__(self, request: Any) -> Any:
            found = signed(request)
            found.url = found.url.replace(quote(_MARK, safe=""), _MARK)
            return found

    return Marked()


def refusal(status: int, found: Any) -> Permanent | Transient:
    """What a status of 400 and above comes to, by the shop's own ``{"code", "message", "data"}``."""
    told = found if isinstance(found, dict) else {}
    reason, says = str(told.get("code") or "")[:80], " ".join(str(told.get("message") or "").split())[:200]
    facts = {"status": status, "reason": reason, "says": says}
    data = told.get("data")
    if isinstance(data, dict) and isinstance(data.get("resource_id"), int):
        facts["other"] = str(data["resource_id"])
    if status >= 500 and reason in ("", _FATAL):
        return Transient("busy", facts)
    if reason in ("product_invalid_sku", "product_invalid_global_unique_id"):
        return Permanent("duplicate_code", facts)
    return Permanent("refused", facts)


def is_gone(error: Permanent) -> bool:
    """Whether the shop says that it has no such order, product or variation (404 on reading, 400 on writing)."""
    reason = str(error.facts.get("reason", ""))
    return error.code == "refused" and reason.endswith(
        ("invalid_id", "invalid_parent", "invalid_product_id", "invalid_order_id")
    )


def server_time(answer: Answer) -> int:
    """The shop's clock as it answered, UTC milliseconds; ours where it does not say."""
    try:
        return int(parsedate_to_datetime(answer.headers.get("Date") or "").timestamp()) * 1000
    except (ValueError, TypeError, OverflowError):
        return int(answer.at) * 1000


def rows(answer: Answer) -> list[Row]:
    """The list that an answer is; Permanent ``bad_answer`` where it is none."""
    found = answer.json()
    if found == {}:
        return []
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise Permanent("bad_answer", {"what": "list", "found": str(found)[:40]})
    return found


def one(answer: Answer) -> Row:
    """The object that an answer is; Permanent ``bad_answer`` where it is none."""
    found = answer.json()
    if not isinstance(found, dict):
        raise Permanent("bad_answer", {"what": "object", "found": str(found)[:40]})
    return found


def number(row: Row, key: str = "id") -> int:
    """An id of the shop, written as a number or as text; 0 for none."""
    found = row.get(key)
    if isinstance(found, bool) or not isinstance(found, (int, str)):
        found = 0
    if isinstance(found, str):
        found = int(found) if found.isascii() and found.isdigit() and len(found) < 19 else 0
    if found < 0 or (key == "id" and not found):
        raise Permanent("bad_answer", {"what": key, "found": str(row.get(key))[:40]})
    return found


def text(row: Row, key: str) -> str:
    """A text of the shop; empty for none."""
    found = row.get(key)
    return str(found) if isinstance(found, (str, int)) and not isinstance(found, bool) else ""


def many(row: Row, key: str) -> list[Row]:
    """The objects of a list in a row; what is none is left out (PHP writes an empty list as it likes)."""
    found = row.get(key)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def inner(row: Row, key: str) -> Row:
    """An object in a row."""
    found = row.get(key)
    return found if isinstance(found, dict) else {}


def own_rates(options: Options) -> dict[str, int]:
    """The owner's rates by the name that the shop's products have for a class: none at all for the standard one."""
    return {"" if name == "standard" else name: rate for name, rate in options.vat_rates.items()}


def meta(row: Row, key: str) -> Any:
    """The last value of a meta field; None for none."""
    found = [each.get("value") for each in many(row, "meta_data") if each.get("key") == key]
    return found[-1] if found else None


def _total(answer: Answer) -> int | None:
    found = answer.headers.get("X-WP-Total", "")
    return int(found) if found.isascii() and found.isdigit() and len(found) < 12 else None
