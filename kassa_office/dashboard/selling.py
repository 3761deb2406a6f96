"""What sells: articles by turnover, over any days, out of pieces that are remembered for as long as they are true.

A year of articles is a million rows. So it is put together from months, days, and what came in today; of each piece
that lies in the past the outcome is kept on the disk, under a name made of what all sales of that piece come to
(number, quantity, turnover, VAT, cost, read from few rows each time). A sale that comes in late changes that, and with
it the name: the piece is added up anew. A rebuild forgets them all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

from django.core.cache import caches
from django.db import connection
from django.db.models import Sum

from kassa_office.catalogue.models import Article
from kassa_office.dashboard.figures import SUMS, today
from kassa_office.dashboard.spans import ONE, parts
from kassa_office.facts import next_month
from kassa_office.journal.writing import ALL
from kassa_office.sales.models import DayTotal, MonthTotal, SkuDay, SkuMonth
from kassa_office.tills.office import office

STORE = "remembered"
KEPT = 400 * 86_400
"""Seconds; two years side by side need no longer."""
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
    """Days to add up or to take off, all of them past."""

    kind: str
    """``month``, ``day``, or ``begun`` for the days of this month before today."""
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
    """``first`` to ``last``, which is before ``now``: what lasts in months, else day by day."""
    begun = now.replace(day=1)
    if last >= begun:
        start = max(first, begun)
        if start == begun and last == now - ONE and (now - begun).days > 7:
            yield Piece("begun", 1, begun, last)
        else:
            yield from _each_day(1, start, last)
        last = begun - ONE
    for part in parts(first, last):
        if part.by_month:
            yield Piece("month", part.sign, part.first, next_month(part.first) - ONE)
        else:
            yield from _each_day(part.sign, part.first, part.last)


def _each_day(sign: int, first: date, last: date) -> Iterator[Piece]:
    for back in range((last - first).days + 1):
        day = first + timedelta(days=back)
        yield Piece("day", sign, day, day)


def _past(branches: list[str], wanted: list[Piece]) -> Sold:
    """The pieces together, out of what is remembered of them all or of each."""
    proofs = _proofs(branches, wanted)
    epoch, store = office().epoch, caches[STORE]

    def name(of: object) -> str:
        return sha256(repr((epoch, branches, of)).encode()).hexdigest()

    whole = name([(piece, proofs[piece]) for piece in wanted])
    found: Sold | None = store.get(whole)
    if found is None:
        found, names = {}, {piece: name((piece, proofs[piece])) for piece in wanted}
        known = store.get_many(names.values()) if len(wanted) > 1 else {}
        for piece in wanted:
            sold = known.get(names[piece])
            if sold is None:
                sold = _of(branches, piece)
                store.set(names[piece], sold, KEPT)
            _merge(found, piece.sign, sold)
        store.set(whole, found, 86_400)
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
    by_month = _sales(MonthTotal, branches, [piece for piece in wanted if piece.kind == "month"])
    by_day = _sales(DayTotal, branches, [piece for piece in wanted if piece.kind != "month"])
    found = {}
    for piece in wanted:
        rows = by_month if piece.kind == "month" else by_day
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
    if piece.kind == "day":
        return _days(branches, piece.first, piece.last)
    rows = SkuMonth.objects.filter(branch__in=branches, day=piece.first).order_by()
    if piece.kind == "month":
        summed = rows.values_list("sku").annotate(q=Sum("qty"), a=Sum("amount"), c=Sum("cost"))
        return {sku: (int(qty), int(amount), int(cost)) for sku, qty, amount, cost in summed}
    return _begun(branches, piece)


def _begun(branches: list[str], piece: Piece) -> Sold:
    """This month less what is not past, in one statement: nothing can come in between."""
    places = ", ".join(["%s"] * len(branches))
    sql = f"""SELECT sku, sum(qty), sum(amount), sum(cost) FROM (
        SELECT sku, qty, amount, cost FROM sku_month WHERE branch IN ({places}) AND day = %s
        UNION ALL SELECT sku, -qty, -amount, -cost FROM sku_day WHERE branch IN ({places}) AND day > %s AND day < %s
        ) s GROUP BY sku"""
    with connection.cursor() as cursor:
        until = next_month(piece.first)
        cursor.execute(sql, [*branches, piece.first, *branches, piece.last, until])
        return {sku: (int(qty), int(amount), int(cost)) for sku, qty, amount, cost in cursor.fetchall()}


def _days(branches: list[str], first: date, last: date) -> Sold:
    rows = SkuDay.objects.filter(branch__in=branches, day__gte=first, day__lte=last).order_by()
    summed = rows.values_list("sku").annotate(q=Sum("qty"), a=Sum("amount"), c=Sum("cost"))
    return {sku: (int(qty), int(amount), int(cost)) for sku, qty, amount, cost in summed}
