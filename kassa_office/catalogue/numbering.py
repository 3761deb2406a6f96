"""Numbers for the feed: pending changes become rows, one writer at a time, under the lock of the office's row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

import msgspec
from django.db import connection, transaction
from django.db.models import QuerySet

from kassa_office.catalogue.bulk import now, upsert
from kassa_office.catalogue.models import FeedFloor, FeedPending, FeedRow, FeedSum
from kassa_office.catalogue.rows import BUILDERS, TABLES, every_key
from kassa_office.tills.models import Office
from kassa_office.tills.office import office
from kassa_tui.storage.feed_sums import MODULUS, row_hash, tables, written

EVERY = "*"
CHUNK = 2_000
"""Pending changes, or keys compared, in one transaction: a reader waits for no more."""

Key = tuple[str, str, str, str]
"""unit, table, key, scope."""


class Change(NamedTuple):
    """A row that is to become so; empty ``data`` is a tombstone."""

    key: Key
    data: str
    was: str
    """Its data before; empty where it was gone."""


_ENCODER = msgspec.json.Encoder(order="sorted")


def canonical(data: dict[str, Any]) -> str:
    """The one text of a row's data: JSON with sorted names, without blanks."""
    return _ENCODER.encode(data).decode()


def lock(*, wait: bool) -> Office | None:
    """The office's row, locked until the transaction ends; None where another has it and ``wait`` is false."""
    office()
    skip = not wait and connection.features.has_select_for_update_skip_locked
    return Office.objects.select_for_update(skip_locked=skip).filter(id=1).first()


def step(waiting: QuerySet[FeedPending], *, wait: bool) -> int | None:
    """Number the first of ``waiting``; how many rows changed, None where another process is at it."""
    with transaction.atomic():
        mark = lock(wait=wait)
        if mark is None:
            return None
        pending = list(waiting.order_by("id")[:CHUNK])
        wholes = [one for one in pending if one.key == EVERY]
        few = [one for one in pending if one.key != EVERY]
        changed = _write(mark, _changes(few)) if few else 0
        for one in few:
            if one.op == "floor":
                mark.feed_seq += 1
                FeedFloor.objects.update_or_create(scope=one.scope, defaults={"seq": mark.feed_seq})
        mark.save(update_fields=["feed_seq"])
        FeedPending.objects.filter(id__in=[one.pk for one in few]).delete()
    for name in dict.fromkeys(one.table for one in wholes):
        changed += compare(name)
    FeedPending.objects.filter(id__in=[one.pk for one in wholes]).delete()
    return changed


def compare(name: str) -> int:
    """Compare everything of one kind with what the tills were told, chunk by chunk; how many rows changed."""
    changed, keys = 0, every_key(name)
    while chunk := list(islice(keys, CHUNK)):
        changed += _compared(name, chunk)
    told = FeedRow.objects.filter(table=TABLES[name][0], op="put").order_by().values_list("unit", flat=True).distinct()
    # Only what is gone from the tables is still to be looked at.
    left = set(told.iterator()).difference(every_key(name))
    ordered = sorted(left)
    for start in range(0, len(ordered), CHUNK):
        changed += _compared(name, ordered[start : start + CHUNK])
    return changed


def _compared(name: str, keys: list[str]) -> int:
    with transaction.atomic():
        mark = lock(wait=True)
        assert mark is not None
        changed = _write(mark, _made(name, keys))
        mark.save(update_fields=["feed_seq"])
    return changed


def _changes(pending: Sequence[FeedPending]) -> list[Change]:
    """What pending changes come to: of several of one thing the last."""
    touched: dict[str, dict[str, None]] = {}
    said: dict[Key, str] = {}
    for one in pending:
        if one.op == "touch":
            touched.setdefault(one.table, {})[one.key] = None
        elif one.op != "floor":
            said[one.key, one.table, one.key, one.scope] = one.data
    changes = [change for name in BUILDERS if name in touched for change in _made(name, list(touched[name]))]
    known = _told(tuple({key[1] for key in said}), [key[0] for key in said])
    for key, data in said.items():
        was = known.get(key)
        if was != data:
            changes.append(Change(key, data, was or ""))
    return changes


def _made(name: str, keys: Sequence[str]) -> list[Change]:
    known = _told(TABLES[name], keys)
    wanted = {
        (made.unit, made.table, made.key, made.scope): canonical(made.data) for made in BUILDERS[name](list(keys))
    }
    gone = [Change(key, "", was) for key, was in known.items() if was and key not in wanted]
    return gone + [Change(key, data, known.get(key, "")) for key, data in wanted.items() if known.get(key) != data]


def _told(tables: Sequence[str], units: Sequence[str]) -> dict[Key, str]:
    """What the tills were told of these: row → data, empty for a tombstone."""
    found: dict[Key, str] = {}
    with connection.cursor() as cursor:
        for start in range(0, len(units), CHUNK):
            some = units[start : start + CHUNK]
            marks, names = ", ".join(["%s"] * len(some)), ", ".join(["%s"] * len(tables))
            cursor.execute(
                'select unit, "table", "key", scope, data from feed_row '
                f'where unit in ({marks}) and "table" in ({names})',
                [*some, *tables],
            )
            found.update({(unit, table, key, scope): data for unit, table, key, scope, data in cursor.fetchall()})
    return found


_COLUMNS = ("unit", "table", "key", "scope", "seq", "op", "data", "at")


def _write(mark: Office, changes: Iterable[Change]) -> int:
    """Number the changes and write them: what is gone before what is there, for one thing may have moved scope."""
    ordered = sorted(changes, key=lambda change: bool(change.data))
    moment = now()
    values = []
    sums: dict[tuple[str, str], list[int]] = {}
    for change in ordered:
        mark.feed_seq += 1
        unit, table, key, scope = change.key
        values.append((unit, table, key, scope, mark.feed_seq, "put" if change.data else "del", change.data, moment))
        counted = sums.setdefault((scope, table), [0, 0])
        for data, sign in ((change.was, -1), (change.data, 1)):
            hashed = row_hash(table, key, msgspec.json.decode(data)) if data else None
            if hashed is not None:
                counted[0] += sign
                counted[1] += sign * hashed
    upsert("feed_row", _COLUMNS, _COLUMNS[:4], values)
    for (scope, table), (count, total) in sums.items():
        _add_sum(scope, table, count, total)
    return len(values)


def _add_sum(scope: str, table: str, count: int, total: int) -> None:
    held = FeedSum.objects.filter(scope=scope, table=table).first()
    if held is None:
        held = FeedSum(scope=scope, table=table, rows=0, total="0")
    held.rows += count
    held.total = f"{(int(held.total, 16) + total) % MODULUS:016x}"
    held.save()


def sums(scopes: Sequence[str]) -> dict[str, str]:
    """Table → number and checksum of all live rows in these scopes, ``COUNT:HEX``; of a table without rows too."""
    found: dict[str, list[int]] = {table: [0, 0] for table in tables()}
    for table, rows, total in FeedSum.objects.filter(scope__in=scopes).values_list("table", "rows", "total"):
        counted = found.setdefault(table, [0, 0])
        counted[0] += rows
        counted[1] += int(total, 16)
    return {table: written(rows, total) for table, (rows, total) in sorted(found.items())}
