"""Articles from the contract's CSV file into the office, many at once: all of a file or nothing of it.

The file goes through the till's own reader into a ``shop.db`` that nobody sees, so that till and office refuse and
accept the same files. What came through is laid beside what the office has, and only what differs is written. Articles
that the file does not name stay as they are, unless it is said to be the whole assortment. Its stock is left alone: in
the office stock follows from movements.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kassa_office.catalogue import feed
from kassa_office.catalogue.bulk import now, upsert
from kassa_office.catalogue.models import SKU_CHARS, Article, Barcode, Group, Price
from kassa_office.catalogue.problems import lines_of
from kassa_office.catalogue.timeline import Dated, own
from kassa_office.stock.models import StockLevel
from kassa_office.tills.models import Branch
from kassa_tui.storage.articles_import import ImportWords
from kassa_tui.storage.articles_import import import_articles as read_articles
from kassa_tui.storage.csvread import Problems
from kassa_tui.storage.shop_schema import open_shop

BATCH = 5_000
COLUMNS = ("name", "group_id", "vat", "unit", "kind", "deposit_sku", "min_age", "no_discount", "rank", "tare", "active")
_NEW = ("supplier_sku", "pack")
"""Columns of which the file says nothing: a new article has their usual values, an old one keeps its own."""
_ROWS = """select a.id, a.sku, a.name, g.name, a.price, a.vat, a.unit, a.kind, coalesce(a.deposit_sku, ''), a.min_age,
a.no_discount, a.tare, (select json_group_array(json_array(code, pieces)) from code where article = a.id)
from article a join article_group g on g.id = a.group_id order by a.id"""


class ImportProblem(Exception):
    """A file that was not taken over; ``lines`` say what is wrong with it, line by line, in words."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


@dataclass(slots=True)
class _Taken:
    """What was written so far."""

    day: date
    whole: bool = False
    """The file is all that is sold."""
    named: set[str] = field(default_factory=set)
    """SKUs of the whole file."""
    rows: int = 0
    changed: list[str] = field(default_factory=list)
    """SKUs that the tills must hear of."""
    new: int = 0
    gone: list[str] = field(default_factory=list)
    """SKUs that are not sold any more."""
    problems: Problems = field(default_factory=Problems)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file that is the whole assortment would do."""

    rows: int
    """Articles in the file."""
    new: int
    changed: int
    """Of those that there are."""
    gone: list[tuple[str, str]]
    """Number and name of what would not be sold any more."""
    stocked: int
    """How many of these have a stock somewhere."""


def import_articles(path: Path | str, *, country: str | None = None, whole: bool = False) -> int:
    """Take the file over; returns the number of articles in it. ImportProblem, and then nothing has changed.

    ``country`` gives the VAT codes for the file's percentages, the office's own where it is not said. With ``whole``
    articles that the file does not name are not sold any more.
    """
    with _scratch(path, country) as scratch, transaction.atomic():
        taken = _merged(scratch, whole=whole)
        feed.touch("article", [*taken.changed, *taken.gone])
        feed.touch_all("group")
    feed.sequence()
    return taken.rows


def preview(path: Path | str, *, country: str | None = None) -> Preview:
    """What :func:`import_articles` with ``whole`` would do; nothing has changed afterwards. ImportProblem."""
    with _scratch(path, country) as scratch, transaction.atomic():
        taken = _merged(scratch, whole=True)
        names: dict[str, str] = {}
        stocked = 0
        for some in (taken.gone[start : start + BATCH] for start in range(0, len(taken.gone), BATCH)):
            names.update(Article.objects.filter(sku__in=some).values_list("sku", "name"))
            levels = StockLevel.objects.filter(branch__in=list(Branch.objects.values_list("code", flat=True)))
            stocked += levels.filter(sku__in=some).exclude(qty=0).values("sku").distinct().count()
        transaction.set_rollback(True)
    gone = [(sku, names[sku]) for sku in sorted(taken.gone)]
    return Preview(taken.rows, taken.new, len(taken.changed) - taken.new, gone, stocked)


@contextmanager
def _scratch(path: Path | str, country: str | None) -> Iterator[Path]:
    """The file as the till's reader has it."""
    from django.conf import settings

    with tempfile.TemporaryDirectory(prefix="kassa-import-") as folder:
        scratch = Path(folder) / "shop.db"
        _read(Path(path), scratch, country or settings.OFFICE.country)
        yield scratch


def _merged(scratch: Path, *, whole: bool) -> _Taken:
    taken = _Taken(timezone.localdate(), whole)
    _merge(scratch, taken)
    if taken.problems.count:
        raise ImportProblem(lines_of(taken.problems.report().problems))
    return taken


def _read(path: Path, scratch: Path, country: str) -> None:
    words = ImportWords(
        deposit_name=lambda cents: _("Statiegeld € %s") % f"{cents // 100},{cents % 100:02d}",
        deposit_group=_("Statiegeld"),
        other_group=_("Overig"),
    )
    db = open_shop(scratch, country)
    try:
        db.execute_sql("pragma synchronous=off")
        report = read_articles(db, path, today=timezone.localdate().isoformat(), words=words)
    finally:
        db.close()
    if not report.ok:
        lines = lines_of(report.problems)
        if report.problem_count > len(lines):
            lines.append(_("… en nog %d") % (report.problem_count - len(lines)))
        raise ImportProblem(lines)


def _merge(scratch: Path, taken: _Taken) -> None:
    con = sqlite3.connect(scratch)
    try:
        con.execute("pragma synchronous=off")
        con.execute("create index of_article on code (article)")
        groups = _groups(con)
        taken.named = {sku for (sku,) in con.execute("select sku from article")}
        rows = con.execute(_ROWS)
        while some := list(islice(rows, BATCH)):
            _batch(some, groups, taken)
        if taken.whole:
            active = Article.objects.filter(active=True).values_list("sku", flat=True)
            taken.gone = [sku for sku in active.iterator() if sku not in taken.named]
            for start in range(0, len(taken.gone), BATCH):
                Article.objects.filter(sku__in=taken.gone[start : start + BATCH]).update(active=False)
    finally:
        con.close()


def _groups(con: sqlite3.Connection) -> dict[str, int]:
    """Name → number of the groups that the file has; those that are new are made."""
    wanted = dict(con.execute("select name, vat from article_group where active"))
    there = set(Group.objects.filter(name__in=wanted).values_list("name", flat=True))
    Group.objects.bulk_create([Group(name=name, vat=vat) for name, vat in wanted.items() if name not in there])
    return dict(Group.objects.filter(name__in=wanted).values_list("name", "id"))


def _batch(some: Sequence[tuple[Any, ...]], groups: dict[str, int], taken: _Taken) -> None:
    import json

    skus = [row[1] for row in some]
    changed: set[str] = set()
    before = {row[0]: row[1:] for row in Article.objects.filter(sku__in=skus).values_list("sku", *COLUMNS)}
    moment = now()
    articles, codes, prices = [], {}, {}
    for line, sku, name, group, price, vat, unit, kind, deposit, age, fixed, tare, its_codes in some:
        values = (name, groups[group], vat, unit, kind, deposit, age, bool(fixed), line, tare, True)
        if len(sku) > SKU_CHARS:
            taken.problems.add(line, "sku", "too_long", limit=SKU_CHARS, found=len(sku))
        was = before.get(sku)
        taken.new += was is None
        if was != values:
            articles.append((sku, *values, moment, "", 1000))
            # Another place in the order alone is nothing that the tills hear of.
            if was is None or (*was[:8], *was[9:]) != (*values[:8], *values[9:]):
                changed.add(sku)
        codes[sku], prices[sku] = dict(json.loads(its_codes)), price
    taken.rows += len(some)
    if taken.problems.count:
        return
    upsert("catalogue_article", ("sku", *COLUMNS, "changed_at", *_NEW), ("sku",), articles, keep=_NEW)
    changed |= _codes(codes, {row[1]: row[0] for row in some}, taken) | _prices(prices, taken.day)
    taken.changed += [sku for sku in skus if sku in changed]


def _codes(wanted: dict[str, dict[str, int]], lines: dict[str, int], taken: _Taken) -> set[str]:
    """Let each article have the codes of its line; the SKUs whose codes were others."""
    mine = {code: sku for sku, codes in wanted.items() for code in codes}
    for code, sku in _owners(list(mine)):
        # Within the file codes were found to be of one article each, so one that moved from a line to another may; and
        # where the file is all there is, no article outside it needs a code.
        if mine[code] != sku and sku not in taken.named and not taken.whole:
            taken.problems.add(lines[mine[code]], "gtin", "code_in_use", code=code, sku=sku)
    had: dict[str, dict[str, int]] = {}
    for sku, code, pieces in Barcode.objects.filter(article__in=wanted).values_list("article", "code", "pieces"):
        had.setdefault(sku, {})[code] = pieces
    changed = {sku for sku, codes in wanted.items() if codes != had.get(sku, {})}
    if taken.problems.count or not changed:
        return changed
    if had:
        Barcode.objects.filter(article__in=changed & had.keys()).delete()
    rows = [(code, sku, n) for sku, codes in wanted.items() if sku in changed for code, n in codes.items()]
    upsert("catalogue_barcode", ("code", "article_id", "pieces"), ("code",), rows)
    return changed


def _owners(codes: list[str]) -> Iterator[tuple[str, str]]:
    for start in range(0, len(codes), BATCH):
        yield from Barcode.objects.filter(code__in=codes[start : start + BATCH]).values_list("code", "article")


def _prices(wanted: dict[str, int], day: date) -> set[str]:
    """Let each article cost for all what its line says, from today on; the SKUs that cost something else."""
    had: dict[str, list[Dated]] = {}
    general = Price.objects.released().filter(article__in=wanted, place="all").order_by()
    for sku, start, until, amount, label in general.values_list(
        "article_id", "valid_from", "valid_to", "amount", "label"
    ):
        had.setdefault(sku, []).append(Dated(start, until, amount, label))
    changed = set()
    for sku, cents in wanted.items():
        base = own(had.get(sku, ()), day)
        if base is None or base.amount != cents:
            changed.add(sku)
    rows = [(sku, "all", day, cents, None, "", None) for sku, cents in wanted.items() if sku in changed]
    columns = ("article_id", "place", "valid_from", "amount", "valid_to", "label", "batch_id")
    upsert("catalogue_price", columns, ("article_id", "place", "valid_from"), rows)
    return changed
