"""The feed: each change of the catalogue, in an order in which no reader can skip one.

A change is written down as *pending* in the transaction that makes it: nothing is lost, and writers do not wait for
one another. Numbers are given afterwards by :func:`sequence`, one at a time under the lock of the office's row, in the
transaction that makes the rows visible. So whoever has read up to a number has seen everything below it; a plain
sequence would not do, because transactions do not commit in the order in which they drew their numbers.

Of one thing only the last change is kept. Live rows and tombstones together are what the tills know, so what has
changed is found by comparing, and a change that changes nothing goes nowhere.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
from django.db import connection, transaction
from django.db.models import Max, Q
from django.utils import timezone

from kassa_office.api import events
from kassa_office.catalogue import numbering
from kassa_office.catalogue.models import FeedFloor, FeedPending, FeedRow, FeedWalk, Price
from kassa_office.catalogue.numbering import canonical
from kassa_office.catalogue.rows import BUILDERS
from kassa_office.tills.models import Branch, Office, Till
from kassa_office.tills.office import office
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.wire import MAX_FEED_ROWS, SCHEMA, FeedPage, Row

KEEP_DAYS = 400
"""Tombstones live longer than thirteen months: a till that was off for a year still hears what is gone."""
WALK_DAYS = 7
"""So long a till may take to read the feed from its beginning."""
TOO_MANY = 50_000
"""Rows behind: a snapshot costs the till and the office less than so many pages."""
PAGE_BYTES = 4 << 20
MANY = 5_000
"""Keys touched at once: beyond it all of their kind are compared, which is one line instead of so many."""
SLOW = "stock"
"""Changes with each sale; waits for :func:`publish_stock`, so that a thing sold a hundred times is told once."""
QUICK = ~Q(table=SLOW)


def put(scope: str, table: str, key: str, data: dict[str, Any]) -> None:
    """Tell the tills in ``scope`` of a thing; part of the caller's transaction, and holds no lock.

    Nobody sees it before it has its number: soon after the commit, of ``stock`` within minutes.
    """
    FeedPending.objects.create(op="put", scope=scope, table=table, key=key, data=canonical(data))


def put_many(scope: str, table: str, rows: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Tell of many things of one table, key and data each; as :func:`put` otherwise."""
    FeedPending.objects.bulk_create(
        [FeedPending(op="put", scope=scope, table=table, key=key, data=canonical(data)) for key, data in rows],
        batch_size=1000,
    )


def drop(scope: str, table: str, key: str) -> None:
    """Tell the tills in ``scope`` that a thing is gone; otherwise as :func:`put`."""
    FeedPending.objects.create(op="del", scope=scope, table=table, key=key, data="")


def touch(name: str, keys: Iterable[str]) -> None:
    """The rows of these keys of one of :data:`rows.BUILDERS` may have changed, or be gone: they are made anew."""
    wanted = list(dict.fromkeys(keys))
    if name == "article":
        events.articles_changed(wanted)
    if len(wanted) > MANY:
        wanted = [numbering.EVERY]
    FeedPending.objects.bulk_create(
        [FeedPending(op="touch", scope="", table=name, key=key, data="") for key in wanted], batch_size=1000
    )
    if wanted:
        transaction.on_commit(partial(sequence, wait=False), robust=True)


def touch_all(*names: str) -> None:
    """Compare everything of these kinds, all kinds where none is named, with what the tills were told."""
    for name in names or BUILDERS:
        touch(name, [numbering.EVERY])


def renumber_scope(scope: str) -> None:
    """Whoever reads ``scope`` needs a snapshot: it does not hold what it held. A branch got another price list."""
    FeedPending.objects.create(op="floor", scope=scope, table="", key="", data="")
    transaction.on_commit(partial(sequence, wait=False), robust=True)


def sequence(*, wait: bool = True, slow: bool = False) -> int:
    """Give pending changes their numbers; returns how many rows changed.

    Without ``wait`` nothing is done where somebody else is at it or where all of a kind must be compared: the request
    of a till has better things to do. With ``slow`` the stock too.
    """
    changed = 0
    while True:
        waiting = FeedPending.objects.all() if slow else FeedPending.objects.filter(QUICK)
        if not wait:
            waiting = waiting.exclude(key=numbering.EVERY)
        if not waiting.exists():
            return changed
        done = numbering.step(waiting, wait=wait)
        if done is None:
            return changed
        changed += done


def publish() -> str | None:
    """The job: numbers for whatever waits, but the stock."""
    changed = sequence()
    return f"{changed} rows" if changed else None


def publish_stock() -> str | None:
    """The job: numbers for what the stock has become."""
    changed = sequence(slow=True)
    return f"{changed} rows" if changed else None


def head() -> int:
    """The feed's last number, everything that waits included where nobody else is at it."""
    sequence(wait=False)
    return office_seq()


def office_seq() -> int:
    """The feed's last number as it is."""
    found = Office.objects.filter(id=1).values_list("feed_seq", flat=True).first()
    return office().feed_seq if found is None else found


def scopes_of(branch: Branch, till: str = "") -> list[str]:
    """What tills of a branch hear, and one till of it."""
    scopes = ["all", f"branch:{branch.code}"]
    if branch.price_list_id:
        scopes.append(f"list:{branch.price_list_id}")
    return [*scopes, f"till:{till}"] if till else scopes


def page(till: Till, cursor: int, limit: int = MAX_FEED_ROWS) -> FeedPage:
    """What changed for a till after ``cursor``; after 0 everything there is.

    OfficeError ``cursor_gone`` where the feed does not reach back so far, where so much changed that a snapshot is the
    shorter way, or where the cursor is of another time (an office that was restored). Never for 0 and the pages that
    follow: a till that cannot read the snapshot can always begin there.
    """
    sequence(wait=False)
    # The counter first: rows that come between the two questions have higher numbers, and wait for the next page.
    last = office_seq()
    scopes = scopes_of(till.branch, till.code)
    lowest = floor(scopes)
    walk = FeedWalk(till=till.code, begun=last) if cursor == 0 else _walk(till, cursor, lowest)
    if walk is None and (not lowest <= cursor <= last or _far_behind(scopes, cursor, last)):
        raise OfficeError("cursor_gone", {"cursor": cursor, "head": last})
    limit = max(1, min(limit, MAX_FEED_ROWS))
    rows, more = _read(scopes, cursor, last, limit)
    sums: dict[str, str] = {}
    if more and walk is not None:
        walk.cursor = rows[-1].seq
        walk.save()
    if not more:
        sums = numbering.sums(scopes)
        if office_seq() != last:
            sums = {}
    now = time.time_ns() // 1_000_000
    return FeedPage(SCHEMA, office().epoch, now, rows, rows[-1].seq if more else last, more, sums)


def _walk(till: Till, cursor: int, lowest: int) -> FeedWalk | None:
    """The till's walk from the beginning, where ``cursor`` is one of its pages; a page may be asked for again."""
    return FeedWalk.objects.filter(till=till.code, cursor__gte=cursor, begun__gte=lowest).first()


def floor(scopes: list[str]) -> int:
    """The oldest cursor from which the feed of these scopes is whole."""
    found = FeedFloor.objects.filter(scope__in=scopes).aggregate(Max("seq"))["seq__max"]
    return int(found or 0)


def renew(scope: str) -> None:
    """Give the live rows of a scope new numbers: a till that loads a snapshot has those of its own still to come."""
    with transaction.atomic():
        mark = numbering.lock(wait=True)
        assert mark is not None
        for row in FeedRow.objects.filter(scope=scope, op="put").order_by("seq"):
            mark.feed_seq += 1
            FeedRow.objects.filter(unit=row.unit, table=row.table, key=row.key, scope=scope).update(seq=mark.feed_seq)
        mark.save(update_fields=["feed_seq"])


def new_day() -> str | None:
    """The job: make anew what begins or ends these days. Tills know the days themselves; what is over goes away."""
    today = timezone.localdate()
    lately = (today - timedelta(days=3), today)
    turned = Price.objects.filter(Q(valid_from__range=lately) | Q(valid_to__range=lately))
    touch("article", turned.order_by().values_list("article", flat=True).distinct())
    return publish()


def prune() -> str | None:
    """The job: forget tombstones that are old enough, and raise the floor past them."""
    old = FeedRow.objects.filter(op="del", at__lt=timezone.now() - timedelta(days=KEEP_DAYS))
    with transaction.atomic():
        highest = old.aggregate(Max("seq"))["seq__max"]
        if highest is None:
            return None
        count, _each = old.filter(seq__lte=highest).delete()
        FeedFloor.objects.update_or_create(scope="all", defaults={"seq": highest})
        FeedWalk.objects.filter(at__lt=timezone.now() - timedelta(days=WALK_DAYS)).delete()
    return f"{count} tombstones"


_ONE = """select * from (select seq, "table", "key", op, data from feed_row
where scope = %s and seq > %s and seq <= %s order by seq limit %s) as part"""


def _read(scopes: list[str], cursor: int, last: int, limit: int) -> tuple[list[Row], bool]:
    """Rows of all scopes by number, each scope along its own index; and whether there are more."""
    sql = " union all ".join([_ONE] * len(scopes)) + " order by seq limit %s"
    values: list[str | int] = []
    for scope in scopes:
        values += [scope, cursor, last, limit + 1]
    with connection.cursor() as cursor_:
        cursor_.execute(sql, [*values, limit + 1])
        found = cursor_.fetchall()
    rows: list[Row] = []
    size = 0
    for seq, table, key, op, data in found[:limit]:
        size += len(data) + 100
        if rows and size > PAGE_BYTES:
            return rows, True
        rows.append(Row(seq, table, key, op, msgspec.json.decode(data) if data else {}))
    return rows, len(found) > limit


def _far_behind(scopes: list[str], cursor: int, last: int) -> bool:
    if last - cursor <= TOO_MANY:
        return False
    return FeedRow.objects.filter(scope__in=scopes, seq__gt=cursor)[: TOO_MANY + 1].count() > TOO_MANY
