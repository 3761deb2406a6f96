"""The open ticket on disk: the changes of each act, small enough to write after every scan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from typing import Any

from kassa_tui.domain.tender import Tender
from kassa_tui.domain.ticket import Discount, Line, Ticket, Void

Json = dict[str, Any]

_LINE = tuple(f.name for f in fields(Line))
_VOID = tuple(f.name for f in fields(Void))
_HEAD = ("customer", "customer_name", "business", "note", "next_no")


def delta(old: Ticket | None, new: Ticket, tenders: tuple[Tender, ...] | None = None, opened: int = 0) -> Json:
    """What turns ``old`` into ``new``: changed lines, numbers gone, new voids, and the rest where it differs."""
    had = len(old.lines) if old else 0
    if old is None or new.lines[:had] == old.lines:  # the usual act: lines were added, none changed
        found: Json = {"put": [line_json(line) for line in new.lines[had:]]}
    else:
        before, kept = {id(line) for line in old.lines}, {line.no for line in new.lines}
        found = {"put": [line_json(line) for line in new.lines if id(line) not in before]}
        gone = [line.no for line in old.lines if line.no not in kept]
        if gone:
            found["gone"] = gone
    if old is None:
        found["opened"] = opened
    known = len(old.voids) if old else 0
    if len(new.voids) > known:
        found["voids"] = [[getattr(void, name) for name in _VOID] for void in new.voids[known:]]
    head = {name: getattr(new, name) for name in _HEAD if old is None or getattr(old, name) != getattr(new, name)}
    if old is None or old.ages != new.ages:
        head["ages"] = [list(pair) for pair in new.ages]
    if (old.discount if old else None) != new.discount:
        head["discount"] = _discount_json(new.discount)
    if head:
        found["head"] = head
    if tenders is not None:
        found["tenders"] = [[t.kind, t.amount, t.ref, [list(pair) for pair in t.detail]] for t in tenders]
    return found


def snapshot(ticket: Ticket, opened: int) -> Json:
    """The whole ticket as one change from nothing."""
    return delta(None, ticket, None, opened)


def fold(ticket_id: str, changes: Iterable[Json]) -> tuple[Ticket, tuple[Tender, ...], int]:
    """The ticket that a series of changes adds up to, the tenders taken on it, and when it was opened."""
    lines: dict[int, Line] = {}
    ticket, opened = Ticket(ticket_id), 0
    voids: list[Void] = []
    tenders: tuple[Tender, ...] = ()
    for change in changes:
        if "opened" in change:  # a ticket from its beginning: whatever was written of it before is in it
            lines, ticket, voids, tenders = {}, Ticket(ticket_id), [], ()
        for item in change.get("put", ()):
            line = line_from(item)
            lines[line.no] = line
        for no in change.get("gone", ()):
            lines.pop(no, None)
        voids += [Void(*item) for item in change.get("voids", ())]
        head = dict(change.get("head", {}))
        if "ages" in head:
            head["ages"] = tuple((age, answer) for age, answer in head["ages"])
        if "discount" in head:
            head["discount"] = _discount_from(head["discount"])
        ticket = replace(ticket, **head)
        opened = change.get("opened", opened)
        if "tenders" in change:
            tenders = tuple(
                Tender(kind, amount, ref, tuple((k, v) for k, v in detail))
                for kind, amount, ref, detail in change["tenders"]
            )
    return replace(ticket, lines=tuple(lines[no] for no in sorted(lines)), voids=tuple(voids)), tenders, opened


def line_json(line: Line) -> Json:
    """A line without its empty fields."""
    found: Json = {name: value for name in _LINE if (value := getattr(line, name))}
    if line.given:
        found["given"] = _discount_json(line.given)
    return found


def line_from(item: Json) -> Line:
    """The line that :func:`line_json` wrote."""
    values = {**_EMPTY, **item}
    values["given"] = _discount_from(item.get("given"))
    return Line(**values)


_EMPTY: Json = {"kind": "", "sku": "", "name": "", "group": "", "quantity": 0, "unit": "each", "unit_price": 0,
                "gross": 0, "vat_code": "", "vat_rate": 0, "source": ""}  # fmt: skip


def _discount_json(discount: Discount | None) -> list[Any] | None:
    return [discount.kind, discount.value, discount.by] if discount else None


def _discount_from(item: list[Any] | None) -> Discount | None:
    return Discount(*item) if item else None
