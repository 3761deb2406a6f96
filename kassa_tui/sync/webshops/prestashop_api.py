"""PrestaShop's webservice as calls: rows that are read as JSON, changes that are written as XML, errors that are ours.

What hosts and versions differ in is settled here and nowhere else: whether PATCH is known and allowed (else the whole
row is sent back by PUT), whether a firewall lets writes through (else by POST with ``ps_method``), where the key goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from kassa_tui.sync.webshops.access import Access
from kassa_tui.sync.webshops.base import Permanent, Transient, Unanswered, Unauthorised
from kassa_tui.sync.webshops.prestashop_xml import Field, Rows, document, errors_of, fields_of, parse
from kassa_tui.sync.webshops.web import AGAIN, Answer, Patience

Row = dict[str, Any]
Params = list[tuple[str, str]]

BATCH = 100
"""Ids in one filter: an address stays below what the strictest hosts take."""
READ_ONLY: Mapping[str, tuple[str, ...]] = {"products": ("manufacturer_name", "quantity", "position_in_category")}
"""What a shop gives and does not take back (400 code 93, or 500 and nothing written)."""
BAD_METHOD, NOT_ALLOWED, NO_RESOURCE = 23, 25, 26
NO_ID, ID_GIVEN, NOT_WRITABLE, SHOP_CLOSED = 90, 91, 93, 22
MOST_DROPPED = 12
_NOT_WRITABLE = re.compile(r'parameter "(\w+)" not writable', re.IGNORECASE)
_NO_RIGHT = re.compile(rf'(?:"code":\s*"?|<code>\s*(?:<!\[CDATA\[)?){NO_RESOURCE}\b')
"""A refusal's code in either format, also where the refusal is cut off behind it."""
_AGAIN_SECONDS = 1.0


class Api:
    """The webservice of one shop; on one thread."""

    def __init__(self, access: Access, patience: Patience | None = None) -> None:
        key = access.keys()["key"]
        auth, query = None, {}
        if access.options.keys_in_url:
            query = {"ws_key": key}
        else:
            from requests.auth import HTTPBasicAuth

            auth = HTTPBasicAuth(key, "")
        self.options = access.options
        self.web = access.web("/api", patience=patience, auth=auth, query=query, secrets=_shapes(key))
        self.base = access.base
        self.now = 0
        """The shop's clock at its latest answer, UTC milliseconds."""
        self.version = ""
        self.allowed: dict[str, dict[str, bool]] = {}
        """By resource and method what the key may do, as far as the shop said; see :meth:`permissions`."""
        self._tunnel = access.options.post_instead_of_put
        self._whole: set[str] = set()

    def permissions(self) -> str:
        """Ask what the key may do; the shop's name. A shop that is switched off says so."""
        answer = self._call("GET", "/", [], again=AGAIN - {503})
        if answer.status == 503:
            if any(code == SHOP_CLOSED for code, _ in errors_of(answer.body)):
                self._fail(answer)
            answer = self._call("GET", "/", [])
        if answer.status != 200:
            self._fail(answer)
        try:
            root = parse(answer.body)
        except Transient:
            self.web.patience.wait(_AGAIN_SECONDS)
            root = parse(self._call("GET", "/", []).body)
        top = root.find("api")
        if top is None:
            raise Permanent("bad_answer", {"what": "api", "found": root.tag[:40]})
        self.allowed = {
            each.tag: {name.upper(): text == "true" for name, text in each.attrib.items() if text in ("true", "false")}
            for each in top
        }
        return top.get("shopName") or top.get("shop_name") or ""

    def may(self, resource: str, method: str = "GET") -> bool | None:
        """Whether the key may; None where the shop did not say (none says PATCH)."""
        if not self.allowed:
            self.permissions()
        if resource not in self.allowed:
            return False
        return self.allowed[resource].get(method)

    def probe(self, method: str, resource: str, node: str) -> bool:
        """Whether a write would be let through, by one that is refused before anything is done.

        A change without an id, a new thing with one: the shop looks at the key first and at the body next.
        """
        try:
            answer = self._send(method, f"/{resource}", document(node, {"id": 1} if method == "POST" else {}))
        except Unauthorised:
            return False
        return answer.status != 405

    def rows(
        self, resource: str, node: str = "", *, filters: Mapping[str, str] | None = None, display: str = "full",
        limit: str = "", extra: Sequence[tuple[str, str]] = (),
    ) -> list[Row]:  # fmt: skip
        """What fits, oldest id first; ``node`` is the name of the list in the answer."""
        params: Params = [("display", display), ("sort", "[id_ASC]"), ("output_format", "JSON")]
        params += [(f"filter[{name}]", text) for name, text in (filters or {}).items()]
        if limit:
            params.append(("limit", limit))
        return self._rows(f"/{resource}", [*params, *extra, *self._shop()], node or resource)

    def by(self, resource: str, name: str, values: Sequence[str], *, node: str = "", display: str = "full",
           extra: Sequence[tuple[str, str]] = ()) -> list[Row]:  # fmt: skip
        """All whose field is one of these."""
        found: list[Row] = []
        wanted = list(dict.fromkeys(value for value in values if value))
        for first in range(0, len(wanted), BATCH):
            text = "|".join(wanted[first : first + BATCH])
            found += self.rows(resource, node, filters={name: f"[{text}]"}, display=display, extra=extra)
        return found

    def pages(
        self, resource: str, size: int, *, filters: Mapping[str, str] | None = None, display: str = "full",
        extra: Sequence[tuple[str, str]] = (),
    ) -> Iterator[tuple[list[Row], bool]]:  # fmt: skip
        """Page by page, and whether there are more; at least one.

        Goes on behind the last id rather than by a count, so that what is deleted meanwhile makes none be missed.
        """
        after = 0
        while True:
            behind = {"id": f"[{after + 1},2147483647]"} if after else {}
            found = self.rows(resource, filters={**(filters or {}), **behind}, display=display, limit=f"{size + 1}",
                              extra=extra)  # fmt: skip
            page, more = found[:size], len(found) > size
            last = max((whole(row.get("id")) for row in page), default=0)
            # A shop that knows no interval of ids would send the same page for ever.
            more = more and last > after
            yield page, more
            if not more:
                return
            after = last

    def create(self, resource: str, node: str, fields: Mapping[str, Field], rows: Rows | None = None, *,
               extra: Sequence[tuple[str, str]] = ()) -> Row:  # fmt: skip
        """A new thing, as the shop answers it. Unanswered: look for it first."""
        body = document(node, fields, rows)
        params: Params = [("output_format", "JSON"), *extra, *self._shop()]
        answer = self._call("POST", f"/{resource}", params, body)
        if answer.status not in (200, 201):
            if answer.status >= 500 and not errors_of(answer.body):
                raise Unanswered("busy", {"status": answer.status})
            self._fail(answer)
        try:
            return one(answer, node, resource)
        except Transient as error:
            raise Unanswered(error.code, error.facts) from error

    def change(self, resource: str, node: str, number: str, fields: Mapping[str, Field], *,
               row: Mapping[str, Field] | None = None, repeat: bool = True, whole: bool = True) -> Row:  # fmt: skip
        """Change only these fields of one thing, as the shop answers it; ``{}`` where it answers nothing of use.

        ``row`` is the whole thing as just read, for shops that know no PATCH; without it, it is read. Without
        ``whole`` nothing is written there: an order that is sent back would be brought to its state once more.
        """
        path = f"/{resource}/{number}"
        if not whole or not (self.options.put_instead_of_patch or resource in self._whole):
            answer = self._send("PATCH", path, document(node, {"id": number, **fields}), repeat=repeat)
            if answer.status != 405 or not whole:
                return self._changed(answer, node, resource, repeat=repeat)
            self._whole.add(resource)
        return self._put(resource, node, number, fields, row or self.whole_row(resource, number), repeat=repeat)

    def whole_row(self, resource: str, number: str) -> dict[str, Field]:
        """A thing with all its fields, as XML gives it; JSON leaves some out. Permanent ``refused`` where none is."""
        answer = self._call("GET", f"/{resource}/{number}", self._shop())
        if answer.status != 200:
            self._fail(answer)
        thing = next(iter(parse(answer.body)), None)
        if thing is None or thing.findtext("id", "").strip() != number:
            raise Permanent("bad_answer", {"what": resource, "found": number})
        return fields_of(thing)

    def _put(self, resource: str, node: str, number: str, fields: Mapping[str, Field], row: Mapping[str, Field], *,
             repeat: bool) -> Row:  # fmt: skip
        kept = {name: text for name, text in row.items() if name not in READ_ONLY.get(resource, ())}
        for name, text in fields.items():
            old = kept.get(name)
            kept[name] = {**old, **text} if isinstance(old, Mapping) and isinstance(text, Mapping) else text
        for _ in range(MOST_DROPPED):
            answer = self._send("PUT", f"/{resource}/{number}", document(node, kept), repeat=repeat)
            refused = [says for code, says in errors_of(answer.body) if code == NOT_WRITABLE]
            named = _NOT_WRITABLE.search(refused[0]) if answer.status == 400 and refused else None
            if named is None or named[1] not in kept or named[1] in fields:
                break
            del kept[named[1]]
        return self._changed(answer, node, resource, repeat=repeat)

    def _changed(self, answer: Answer, node: str, resource: str, *, repeat: bool) -> Row:
        if answer.status not in (200, 201):
            if answer.status >= 500 and not errors_of(answer.body):
                raise (Transient if repeat else Unanswered)("busy", {"status": answer.status})
            self._fail(answer)
        try:
            return one(answer, node, resource)
        except Transient:
            return {}

    def _send(self, method: str, path: str, body: bytes, *, repeat: bool = True) -> Answer:
        """A write that may be asked for by its own name, or by POST where the host lets nothing else through."""
        params: Params = [("output_format", "JSON"), *self._shop()]
        if not self._tunnel or method == "POST":
            try:
                answer = self._once_more(method, path, params, body, repeat=repeat)
                if method == "POST" or answer.status not in (405, 501) or errors_of(answer.body):
                    return answer
            except Transient as error:
                if error.code != "blocked" or method == "POST":
                    raise
            self._tunnel = True
        return self._once_more("POST", path, [*params, ("ps_method", method)], body, repeat=repeat)

    def _once_more(self, method: str, path: str, params: Params, body: bytes, *, repeat: bool) -> Answer:
        answer = self._call(method, path, params, body, repeat=repeat)
        # An answer that was cut in its head is one without a body.
        if repeat and ((answer.status == 500 and not errors_of(answer.body)) or not answer.body.strip()):
            self.web.patience.wait(_AGAIN_SECONDS)
            answer = self._call(method, path, params, body, repeat=repeat)
        return answer

    def _rows(self, path: str, params: Params, node: str) -> list[Row]:
        try:
            return self._read(path, params, node)
        except Transient as error:
            # A page of some cache, or a 500 without a word, is asked for once more.
            if error.code not in ("not_json", "busy") or error.facts.get("status") not in (200, 500):
                raise
        self.web.patience.wait(_AGAIN_SECONDS)
        return self._read(path, params, node)

    def _read(self, path: str, params: Params, node: str) -> list[Row]:
        answer = self._call("GET", path, params)
        if answer.status != 200:
            if answer.status >= 500 and not errors_of(answer.body):
                raise Transient("busy", {"status": answer.status})
            self._fail(answer)
        return rows_of(answer, node)

    def _call(self, method: str, path: str, params: Params, body: bytes | None = None, *, repeat: bool | None = None,
              again: frozenset[int] = AGAIN) -> Answer:  # fmt: skip
        headers = {"Content-Type": "text/xml; charset=utf-8"} if body is not None else {"Accept": "*/*"}
        try:
            answer = self.web.call(method, path, params=params, data=body, headers=headers, repeat=repeat, again=again)
        except Permanent as error:
            if error.code != "redirect":
                raise
            raise Permanent("redirect", {"to": wanted(str(error.facts.get("to", "")))}) from error
        except Unauthorised as error:
            # The key is good and has no right at all to this one thing: other roads may be open.
            says = str(error.facts.get("says", ""))
            if not _NO_RIGHT.search(says):
                raise
            told = "; ".join(text for _, text in errors_of(says.encode())) or says
            raise Unauthorised("forbidden_write", {**error.facts, "says": told}) from error
        told = answer.headers.get("Access-Time", "")
        self.now = int(told) * 1000 if told.isdecimal() and len(told) < 12 else int(answer.at * 1000)
        self.version = answer.headers.get("PSWS-Version", "")[:20] or self.version
        return answer

    def _shop(self) -> Params:
        return [("id_shop", str(self.options.shop_id))] if self.options.shop_id else []

    def _fail(self, answer: Answer) -> None:
        """Raise what an answer says that is not what was asked for."""
        found = errors_of(answer.body)
        says = "; ".join(text for _, text in found) or f"HTTP {answer.status}"
        for secret in self.web.secrets:
            says = says.replace(secret, "***")
        facts = {"status": answer.status, "says": says[:200]}
        if answer.status == 405:
            raise Unauthorised("forbidden_write", facts)
        if not found and answer.status < 500 and answer.status not in (400, 404):
            answer.json()
        raise Permanent("refused", facts)


def wanted(target: str) -> str:
    """The address that a shop calls its own, of where it sent us."""
    try:
        parts = urlsplit(target)
    except ValueError:
        return target
    path = re.split(r"/(?:api|index\.php)(?:/|$)", parts.path, maxsplit=1)[0]
    return f"{parts.scheme}://{parts.netloc}{path}".rstrip("/") if parts.netloc else target


def rows_of(answer: Answer, node: str) -> list[Row]:
    """The rows of an answer: ``{"orders": [...]}``, ``[]`` for none, an object by number where PHP left gaps.

    Nothing at all is not none: an answer that was cut in its head looks like that. Transient ``not_json``.
    """
    content = answer.json()
    if content == [] or content == {}:
        return []
    if isinstance(content, dict) and node in content:
        content = content[node]
    elif isinstance(content, dict):
        raise Permanent("bad_answer", {"what": node, "found": ", ".join(map(str, content))[:40]})
    if isinstance(content, dict):
        content = list(content.values()) if all(name.isdecimal() for name in content) else [content]
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise Permanent("bad_answer", {"what": node, "found": str(content)[:40]})
    return content


def one(answer: Answer, node: str, resource: str) -> Row:
    """The one thing of an answer, ``{"order": {...}}``; ``{}`` where there is none. Transient ``not_json``."""
    content = answer.json()
    found = content.get(node, content.get(resource)) if isinstance(content, dict) else None
    if isinstance(found, list):
        found = found[0] if found else None
    return found if isinstance(found, dict) else {}


def whole(value: Any) -> int:
    """A whole number that is a number or a text, as PHP has it; 0 for anything else."""
    text = str(value).strip() if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else 0


def text_of(value: Any, language: int = 0) -> str:
    """A text, of one in several languages that of ``language``, else the first that is not empty."""
    if isinstance(value, list):
        rows = [row for row in value if isinstance(row, dict)]
        rows.sort(key=lambda row: whole(row.get("id")) != language)
        return next((text for row in rows if (text := text_of(row.get("value")))), "")
    if isinstance(value, bool) or value is None or isinstance(value, dict):
        return ""
    return str(value).strip()


def truth(value: Any) -> bool:
    """A flag, ``"1"``, 1 or true."""
    return value is True or str(value).strip() == "1"


def assoc(row: Row, name: str) -> list[Row]:
    """The rows of an association; none where it is empty, which the shop leaves out."""
    associations = row.get("associations")
    found = associations.get(name) if isinstance(associations, dict) else None
    if isinstance(found, dict):
        found = list(found.values())
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _shapes(key: str) -> tuple[str, ...]:
    from base64 import b64encode

    return (b64encode(f"{key}:".encode()).decode(),)
