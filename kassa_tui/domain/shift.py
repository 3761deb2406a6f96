"""The shift: the drawer's money and the X and Z reports that come out of the running totals (standards 1.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

Total = tuple[str, str, int, int, int, int]
"""One running total: kind, key, count, thousandths, cents, cents of VAT."""

DENOMINATIONS = (50_000, 20_000, 10_000, 5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1)
"""Euro notes and coins in cents."""

EVENTS = ("drawer", "age.refused", "price.check", "park", "login.failed", "no.print")
"""Kinds of event that a report counts, also where there was none."""

MOVES = ("in", "out", "drop")
"""Money put in, taken out, and skimmed to the safe."""


def local_date(at: int, offset: int) -> str:
    """ISO date on the shop's wall of UTC milliseconds ``at``, ``offset`` minutes from UTC."""
    return local_time(at, offset).date().isoformat()


def local_time(at: int, offset: int) -> datetime:
    """The shop's wall-clock time, without zone."""
    return (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=at, minutes=offset)).replace(tzinfo=None)


def report(totals: Iterable[Total]) -> dict[str, Any]:
    """Everything a shift came to, from its running totals; nothing that did not happen is missing, it is 0.

    Cents throughout. ``cash.expected`` is what ought to be in the drawer: float, moves, cash taken less change.
    """
    rows: dict[tuple[str, str], list[int]] = {}
    for kind, key, n, qty, amount, vat in totals:
        row = rows.setdefault((kind, key), [0, 0, 0, 0])
        for i, value in enumerate((n, qty, amount, vat)):
            row[i] += value
    sale = rows.get(("sale", ""), [0, 0, 0, 0])
    tenders = _keyed(rows, "tender")
    cash = {move: rows.get(("cash", move), [0, 0, 0, 0])[2] for move in ("float", *MOVES)}
    taken = tenders.get("cash", {"n": 0, "amount": 0})["amount"]
    return {
        "receipts": sale[0],
        "turnover": sale[2],
        "vat": _vat(rows),
        "groups": _keyed(rows, "group"),
        "staff": _keyed(rows, "staff"),
        "hours": _keyed(rows, "hour"),
        "tenders": tenders,
        "rounding": rows.get(("rounding", ""), [0, 0, 0, 0])[2],
        "deposits": _with_zero(_keyed(rows, "deposit"), "charged", "returned"),
        "vouchers": _with_zero(_keyed(rows, "voucher"), "issued"),
        "returns": _with_zero(_keyed(rows, "return"), "receipt", "free"),
        "discounts": _with_zero(_keyed(rows, "discount"), "line", "ticket"),
        "overrides": _with_zero(_keyed(rows, "override"), "price", "weight"),
        "voids": _with_zero(_keyed(rows, "void"), "line", "ticket"),
        "copies": _one(rows, "copy"),
        "cards": _keyed(rows, "card"),
        "events": _with_zero(_keyed(rows, "event"), *EVENTS),
        "cash": {**cash, "taken": taken, "expected": expected_cash(cash, taken)},
    }


def expected_cash(cash: Mapping[str, int], taken: int) -> int:
    """Cents that ought to be in the drawer."""
    return cash["float"] + cash["in"] - cash["out"] - cash["drop"] + taken


def count_total(pieces: Mapping[int, int]) -> int:
    """Cents of counted notes and coins, denomination in cents → pieces."""
    return sum(denomination * number for denomination, number in pieces.items())


def _keyed(rows: Mapping[tuple[str, str], list[int]], kind: str) -> dict[str, dict[str, int]]:
    return {key: {"n": row[0], "qty": row[1], "amount": row[2]} for (k, key), row in sorted(rows.items()) if k == kind}


def _one(rows: Mapping[tuple[str, str], list[int]], kind: str) -> dict[str, int]:
    row = rows.get((kind, ""), [0, 0, 0, 0])
    return {"n": row[0], "qty": row[1], "amount": row[2]}


def _with_zero(found: dict[str, dict[str, int]], *keys: str) -> dict[str, dict[str, int]]:
    return {key: found.get(key, {"n": 0, "qty": 0, "amount": 0}) for key in (*keys, *(set(found) - set(keys)))}


def _vat(rows: Mapping[tuple[str, str], list[int]]) -> list[dict[str, Any]]:
    found = []
    for (kind, key), row in rows.items():
        if kind == "vat":
            code, _, rate = key.partition(":")
            found.append({"code": code, "rate": int(rate), "gross": row[2], "vat": row[3], "net": row[2] - row[3]})
    return sorted(found, key=lambda block: -block["rate"])
