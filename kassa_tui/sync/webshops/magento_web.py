"""Magento's REST: signed requests, searches page by page, and errors in the shop's own words.

Magento answers a key that is wrong, one that may not, and none at all alike (401), writes its messages with the gaps
still open (``%resources``), and past the last page gives nothing or, up to 2.3.4, the last page again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import msgspec

from kassa_tui.sync.webshops.access import Access
from kassa_tui.sync.webshops.amounts import exact
from kassa_tui.sync.webshops.base import Permanent, Transient, Unanswered, Unauthorised
from kassa_tui.sync.webshops.web import Answer, Patience, Web

Row = Mapping[str, Any]
Filter = tuple[str, str, str]
"""Field, condition (``eq``, ``in``, ``gt`` …), value."""

ALL = "all"
"""The store in which values for every store view are written; one of their own would hide them."""
MAX_SAYS = 300
MAX_SKUS, MAX_QUERY = 50, 2500
"""Of one question: so many SKUs, and so many characters of them; hosts cut addresses off at 8,000."""
MAX_SINGLES = 9
"""SKUs of one question that are filters of their own: a tenth filter is signed in another order by Magento."""
_AWKWARD = frozenset(":@&=+$,/;%")
_GAP = re.compile(r"%(\w+)")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search."""

    rows: tuple[Row, ...]
    total: int
    at: int
    """The shop's clock, UTC milliseconds."""
    more: bool = False


class Rest:
    """Magento's own manners on top of :class:`Web`."""

    def __init__(self, access: Access, patience: Patience | None = None) -> None:
        keys = access.keys()
        headers = {"Authorization": f"Bearer {keys['bearer']}"} if "bearer" in keys else {}
        self.web: Web = access.web(patience=patience, auth=None if headers else _signed(keys), headers=headers)
        self.read_store = access.options.store or ALL
        self._reads = False

    def get(self, path: str, params: Iterable[tuple[str, str]] = (), *, store: str = ALL) -> Any:
        """What is at ``path`` (behind ``/V1/``), None where it is not there.

        Permanent ``refused`` where the shop says no, or knows no such route.
        """
        return self._read(path, params, store)[0]

    def send(self, method: str, path: str, body: Any, *, repeat: bool = False) -> Any:
        """Write; Permanent ``refused`` with the shop's words and the status, also for what is not there."""
        found, answer = self._asked(method, ALL, path, [], body, repeat)
        if answer.status >= 400:
            raise refused(answer)
        return found

    def may(self, path: str, body: Any) -> bool | None:
        """Whether the keys may post there, asked with a body that the shop refuses; None: it has no such route."""
        try:
            answer = self._call("POST", ALL, path, [], body, True)
        except Unauthorised:
            return False
        return None if missing(answer) else True

    def search(
        self, path: str, groups: Sequence[Sequence[Filter]] = (), *, size: int, page: int = 1, sort: str = "entity_id",
        fields: str = "", store: str = ALL,
    ) -> Page:  # fmt: skip
        """One page of what fits one filter of every group."""
        found, answer = self._read(path, criteria(groups, size, page, sort, fields), store)
        if answer.status == 404:
            # A search that finds nothing says so otherwise: the shop does not know the route.
            raise refused(answer)
        if not isinstance(found, Mapping):
            raise Permanent("bad_answer", {"what": path, "found": str(found)[:40]})
        total = found.get("total_count")
        listed = rows(found.get("items"))
        return Page(
            listed, total if isinstance(total, int) and total >= 0 else len(listed), clock(answer),
            isinstance(total, int) and page * size < total,
        )  # fmt: skip

    def pages(
        self, path: str, groups: Sequence[Sequence[Filter]] = (), *, size: int, sort: str = "entity_id",
        name: Callable[[Row], str] = lambda row: text(row, "entity_id"), fields: str = "", store: str = ALL,
    ) -> Iterator[Page]:  # fmt: skip
        """All pages. What was there before does not come again, and a page that brings nothing new is the last."""
        seen: set[str] = set()
        number = 0
        while True:
            number += 1
            found = self.search(path, groups, size=size, page=number, sort=sort, fields=fields, store=store)
            names = [name(row) or _whole(row) for row in found.rows]
            fresh = tuple(row for row, each in zip(found.rows, names, strict=True) if each not in seen)
            seen.update(names)
            more = found.more and bool(fresh)
            yield Page(fresh, found.total, found.at, more)
            if not more:
                return

    def walk(
        self, path: str, groups: Sequence[Sequence[Filter]] = (), *, size: int, column: str = "entity_id",
        fields: str = "", store: str = ALL,
    ) -> Iterator[Page]:  # fmt: skip
        """All rows by their number, each page from behind the last of the one before it.

        What is deleted meanwhile then moves none past us, and no version comes by a page that is not there.
        """
        last = count = 0
        while True:
            behind: list[Sequence[Filter]] = [[("entity_id", "gt", str(last))]] if last else []
            found = self.search(path, [*groups, *behind], size=size, fields=fields, store=store)
            fresh = tuple(row for row in found.rows if _number(row, column) > last)
            last = max((_number(row, column) for row in fresh), default=last)
            more = found.more and bool(fresh)
            yield Page(fresh, count + found.total, found.at, more)
            count += len(fresh)
            if not more:
                return

    def by_sku(self, path: str, skus: Iterable[str], more: Sequence[Sequence[Filter]] = (), *, sort: str = "sku",
               fields: str = "", store: str = ALL) -> list[Row]:  # fmt: skip
        """All rows of these SKUs, in questions that no host finds too long."""
        found: list[Row] = []
        for some in portions(skus):
            asked = [sku_filters(some), *more]
            for page in self.pages(path, asked, size=200, sort=sort, name=_whole, fields=fields, store=store):
                found += page.rows
        return found

    def _read(self, path: str, params: Iterable[tuple[str, str]], store: str) -> tuple[Any, Answer]:
        found, answer = self._asked("GET", store, path, list(params), None, True)
        if answer.status < 400:
            return found, answer
        if answer.status != 404 or missing(answer):
            raise refused(answer)
        return None, answer

    def _asked(
        self, method: str, store: str, path: str, params: list[tuple[str, str]], body: Any, safe: bool
    ) -> tuple[Any, Answer]:
        """The answer as JSON, asked for twice where it was a page of the host or a fault of the shop, no oftener."""
        for turn in (1, 2):
            answer = self._call(method, store, path, params, body, safe)
            try:
                found = answer.json()
            except Transient as error:
                if not safe:
                    raise Unanswered(error.code, error.facts) from error
                if turn == 2:
                    raise
            else:
                if answer.status != 500 or not safe or turn == 2:
                    return found, answer
            self.web.patience.wait(1.0)
        raise AssertionError("no try was made")

    def _call(self, method: str, store: str, path: str, params: list[tuple[str, str]], body: Any, safe: bool) -> Answer:
        try:
            answer = self.web.call(method, f"/rest/{quote(store, safe='')}/V1/{path}", params=params, json=body,
                                   repeat=safe)  # fmt: skip
        except Unauthorised as error:
            told = says(str(error.facts.get("says", "")).encode())
            code = "forbidden_write" if method != "GET" and self._reads else error.code
            raise Unauthorised(code, error.facts | {"says": told}) from error
        self._reads = self._reads or method == "GET"
        return answer


def _signed(keys: Mapping[str, str]) -> Any:
    from requests_oauthlib import OAuth1

    return OAuth1(keys["consumer_key"], keys["consumer_secret"], keys["token"], keys["token_secret"],
                  signature_method="HMAC-SHA256")  # fmt: skip


def _whole(row: Row) -> str:
    return msgspec.json.encode(row).decode()


def criteria(groups: Sequence[Sequence[Filter]], size: int, page: int, sort: str, fields: str) -> list[tuple[str, str]]:
    """A search as query parameters; always sorted, as otherwise pages overlap."""
    asked: list[tuple[str, str]] = []
    for group, filters in enumerate(groups):
        for no, (field, condition, value) in enumerate(filters):
            start = f"searchCriteria[filter_groups][{group}][filters][{no}]"
            asked += [(f"{start}[field]", field), (f"{start}[value]", value), (f"{start}[condition_type]", condition)]
    asked += [("searchCriteria[sortOrders][0][field]", sort), ("searchCriteria[sortOrders][0][direction]", "ASC")]
    asked += [("searchCriteria[pageSize]", str(size)), ("searchCriteria[currentPage]", str(page))]
    return [*asked, ("fields", f"{fields},total_count")] if fields else asked


def sku_filters(skus: Sequence[str]) -> list[Filter]:
    """One of these SKUs; those with a comma one by one, as it parts the values of a list."""
    plain = [sku for sku in skus if "," not in sku]
    return [("sku", "in", ",".join(plain))] * bool(plain) + [("sku", "eq", sku) for sku in skus if "," in sku]


def portions(skus: Iterable[str]) -> Iterator[list[str]]:
    """SKUs in lots that fit an address."""
    some: list[str] = []
    length = singles = 0
    for sku in skus:
        alone = "," in sku
        size = len(quote(sku, safe="")) + (90 if alone else 3)
        if some and (len(some) == MAX_SKUS or length + size > MAX_QUERY or (alone and singles == MAX_SINGLES)):
            yield some
            some, length, singles = [], 0, 0
        some.append(sku)
        length += size
        singles += alone
    if some:
        yield some


def in_path(sku: str) -> str:
    """A SKU as a part of an address, slashes and all."""
    return quote(sku, safe="")


def awkward(sku: str) -> bool:
    """Whether a SKU has characters that many shops cannot take in an address.

    Some versions look at the signature of the address with these decoded, and then refuse it as if the keys were
    wrong; and some hosts refuse an encoded slash.
    """
    return not _AWKWARD.isdisjoint(sku)


def number(value: str) -> msgspec.Raw:
    """A number for a body, digit by digit as it is written here."""
    return msgspec.Raw(value.encode())


def quantity(thousandths: int) -> msgspec.Raw:
    """A quantity for a body."""
    return number(f"{Decimal(thousandths) / 1000:f}")


def clock(answer: Answer) -> int:
    """The shop's clock as it answered, UTC milliseconds; this machine's where the shop does not say."""
    from email.utils import parsedate_to_datetime

    try:
        return int(parsedate_to_datetime(answer.headers.get("Date", "")).timestamp() * 1000)
    except (ValueError, TypeError, OverflowError):
        return int(answer.at * 1000)


def missing(answer: Answer) -> bool:
    """Whether the shop does not know the route at all (a module that is off), rather than what was asked for."""
    return answer.status == 404 and "match any route" in says(answer.body)


def refused(answer: Answer) -> Permanent:
    """The shop's no, in its words."""
    return Permanent("refused", {"status": answer.status, "says": says(answer.body)})


def says(body: bytes) -> str:
    """An error of Magento in words: gaps filled, and the several errors of one answer behind each other."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _short(body[:MAX_SAYS].decode("utf-8", "replace"))
    if not isinstance(found, Mapping):
        return _short(str(found))
    told = [_filled(each) for each in (found, *rows(found.get("errors")))]
    return _short(" ".join(each for each in told if each))


def _filled(error: Row) -> str:
    given = error.get("parameters")
    if isinstance(given, Mapping):
        values = {str(name): value for name, value in given.items()}
    else:
        values = {str(no): value for no, value in enumerate(given, 1)} if isinstance(given, list) else {}

    def fill(gap: re.Match[str]) -> str:
        value = values.get(gap[1], gap[0])
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

    return _GAP.sub(fill, text(error, "message"))


def _short(told: str) -> str:
    return " ".join(told.split())[:MAX_SAYS]


def rows(value: Any) -> tuple[Row, ...]:
    """The objects of a list; none for null and for whatever else is no list."""
    return tuple(each for each in value if isinstance(each, Mapping)) if isinstance(value, list) else ()


def _number(row: Row, column: str) -> int:
    told = text(row, column)
    return int(told) if told.isascii() and told.isdigit() and len(told) < 19 else 0


def part(row: Row, name: str) -> Row:
    """An object within an object; empty where there is none."""
    found = row.get(name)
    return found if isinstance(found, Mapping) else {}


def text(row: Row, name: str) -> str:
    """A text, a number as text; empty for null and for what is neither."""
    found = row.get(name)
    return str(found).strip() if isinstance(found, (str, int, float)) and not isinstance(found, bool) else ""


def amount(row: Row, name: str) -> Decimal:
    """A number in whatever shape; 0 for null. Permanent ``bad_answer`` for what is none."""
    found = row.get(name)
    return Decimal(0) if found is None or found == "" else exact(found, name)
