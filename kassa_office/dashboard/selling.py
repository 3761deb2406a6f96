"""What sells: articles by turnover, over any days, out of pieces that are remembered for as long as they are true.

A year of articles is a million rows. So it is put together from months, days, and what came in today; of each piece
that lies in the past the outcome is kept on the disk, under a name made of what all sales of that piece come to
(number, quantity, turnover, VAT, cost, read from few rows each time). A sale that comes in late changes that, and with
it the name: the piece is added up anew. A rebuild forgets them all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

from django.core.cache import caches
from django.db.models import QuerySet, Sum

from kassa_office.catalogue.models import Article
from kassa_office.dashboard.figures import SUMS, fetched, today
from kassa_office.dashboard.spans import ONE, parts
from kassa_office.facts import next_month
from kassa_office.journal.writing import ALL
from kassa_office.sales.models import DayTotal, MonthTotal, SkuDay, SkuMonth
from kassa_office.tills.office import office

STORE = "remembered"
KEPT = 400 * 86_400
"""Seconds."""
Sold = dict[str, tuple[int, int, int]]
"""Article → thousandths, cents, cents of cost."""


@dataclass(slots=True)
class Seller:
    """An article and what was sold of it."""

    sku: str
    sold: int = 0
    value: int = 0
    bought: int = 0
    name: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A whole month, or one day, to add up or to take off; past."""

    by_month: bool
    sign: int
    first: date
    last: date


def sellers(branches: Collection[str], first: date, last: date) -> list[Seller]:
    """All articles that were sold, most turnover first."""
    now, codes = today(), sorted(branches)
    found: Sold = {}
    if not codes:
        return []
    if first < now:
        found = _past(codes, list(pieces(first, min(last, now - ONE), now)))
    if last >= now:
        _merge(found, 1, _days(codes, max(first, now), last))
    rows = [Seller(sku, *sums) for sku, sums in found.items() if any(sums)]
    return sorted(rows, key=lambda one: (-one.value, one.sku))


def best_sellers(branches: Collection[str], first: date, last: date, limit: int = 50) -> list[Seller]:
    """Articles by turnover, with their names and groups."""
    best = sellers(branches, first, last)[:limit]
    known = Article.objects.filter(sku__in=[one.sku for one in best])
    names = {sku: (name, group) for sku, name, group in known.values_list("sku", "name", "group__name")}
    for one in best:
        one.name, one.group = names.get(one.sku) or ("", "")
        one.group = one.group or ""
    return best


def pieces(first: date, last: date, now: date) -> Iterator[Piece]:
    """``first`` to ``last``, which is before ``now``: what lasts in months, else day by day; so of this month."""
    begun = now.replace(day=1)
    if last >= begun:
        yield from _each_day(1, max(first, begun), last)
        last = begun - ONE
    for part in parts(first, last):
        if part.by_month:
            yield Piece(True, part.sign, part.first, next_month(part.first) - ONE)
        else:
            yield from _each_day(part.sign, part.first, part.last)


def _each_day(sign: int, first: date, last: date) -> Iterator[Piece]:
    for back in range((last - first).days + 1):
        day = first + timedelta(days=back)
        yield Piece(False, sign, day, day)


def _past(branches: list[str], wanted: list[Piece]) -> Sold:
    """The pieces together: the months, and the days, each lot as a whole where none of it changed."""
    proofs, epoch, found = _proofs(branches, wanted), office().epoch, Sold()

    def name(*lot: Piece) -> str:
        return sha256(repr((epoch, branches, [(piece, proofs[piece]) for piece in lot])).encode()).hexdigest()

    for by_month in (True, False):
        lot = [piece for piece in wanted if piece.by_month == by_month]
        if lot:
            _merge(found, 1, _together(branches, lot, name))
    return found


def _together(branches: list[str], lot: list[Piece], name: Callable[..., str]) -> Sold:
    """Out of what is remembered of them all, else of each, else of nothing."""
    store, found = caches[STORE], Sold()
    whole: Sold | None = store.get(name(*lot))
    if whole is not None:
        return whole
    names = {piece: name(piece) for piece in lot}
    known: dict[str, Sold] = store.get_many(names.values())
    for piece in lot:
        sold = known.get(names[piece])
        if sold is None:
            sold = _of(branches, piece)
            store.set(names[piece], sold, KEPT)
        _merge(found, piece.sign, sold)
    if len(lot) > 1 or lot[0].sign < 0:
        store.set(name(*lot), found, KEPT)
    return found


def _merge(found: Sold, sign: int, sold: Sold) -> None:
    if not found and sign > 0:
        found.update(sold)
        return
    for sku, (qty, amount, cost) in sold.items():
        a, b, c = found.get(sku, (0, 0, 0))
        found[sku] = a + sign * qty, b + sign * amount, c + sign * cost


def _proofs(branches: list[str], wanted: Iterable[Piece]) -> dict[Piece, tuple[int, ...]]:
    """What all sales of each piece come to."""
    wanted = list(wanted)
    by_month = _sales(MonthTotal, branches, [piece for piece in wanted if piece.by_month])
    by_day = _sales(DayTotal, branches, [piece for piece in wanted if not piece.by_month])
    found = {}
    for piece in wanted:
        rows = by_month if piece.by_month else by_day
        within = [sums for day, sums in rows.items() if piece.first <= day <= piece.last]
        found[piece] = tuple(sum(column) for column in zip(*within, strict=True))
    return found


def _sales(model: type[DayTotal | MonthTotal], branches: list[str], wanted: list[Piece]) -> dict[date, tuple[int, ...]]:
    """Day, or first of a month → all sums of the branches' sales; of the days that the pieces lie in."""
    found: dict[date, tuple[int, ...]] = {}
    for first, last in _runs(wanted):
        rows = model.objects.filter(branch__in=branches, kind=f"{ALL}sale", day__gte=first, day__lte=last).order_by()
        for day, *sums in rows.values_list("day").annotate(**{f"f_{name}": Sum(name) for name in SUMS}):
            found[day] = tuple(map(int, sums))
    return found


def _runs(wanted: list[Piece]) -> Iterator[tuple[date, date]]:
    """Neighbouring pieces as one stretch of days."""
    begin = end = None
    for piece in sorted(wanted, key=lambda piece: piece.first):
        if begin and end and piece.first <= end + ONE:
            end = max(end, piece.last)
            continue
        if begin and end:
            yield begin, end
        begin, end = piece.first, piece.last
    if begin and end:
        yield begin, end


def _of(branches: list[str], piece: Piece) -> Sold:
    if piece.by_month:
        return _sums(SkuMonth.objects.filter(branch__in=branches, day=piece.first))
    return _days(branches, piece.first, piece.last)


def _days(branches: list[str], first: date, last: date) -> Sold:
    return _sums(SkuDay.objects.filter(branch__in=branches, day__gte=first, day__lte=last))


def _sums(rows: QuerySet[Any]) -> Sold:
    summed = rows.order_by().values_list("sku").annotate(q=Sum("qty"), a=Sum("amount"), c=Sum("cost"))
    return {sku: (int(qty), int(amount), int(cost)) for sku, qty, amount, cost in fetched(summed)}
