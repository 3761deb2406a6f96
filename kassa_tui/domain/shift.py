"""The shift: the drawer's money and the X and Z reports that come out of the running totals (standards 1.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

Total = tuple[str, str, int, int, int, int]
"""One running total: kind, key, count, thousandths, cents, cents of VAT."""

Kinds = dict[str, dict[str, tuple[int, int, int, int]]]
"""Kind → key → count, thousandths, cents, cents of VAT."""

NOTHING = (0, 0, 0, 0)

DENOMINATIONS = (50_000, 20_000, 10_000, 5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1)
"""Euro notes and coins in cents."""

EVENTS = (
    "drawer", "drawer.opened", "drawer.left_open", "age.refused", "price.check", "park", "login.failed", "no.print",
    "payment.late",
)  # fmt: skip
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
    kinds: Kinds = {}
    for kind, key, n, qty, amount, vat in totals:
        rows = kinds.setdefault(kind, {})
        have = rows.get(key, NOTHING)
        rows[key] = (have[0] + n, have[1] + qty, have[2] + amount, have[3] + vat)
    sale, moves = kinds.get("sale", {}).get("", NOTHING), kinds.get("cash", {})
    tenders = _keyed(kinds, "tender")
    cash = {move: moves.get(move, NOTHING)[2] for move in ("float", *MOVES)}
    taken = tenders.get("cash", {"n": 0, "amount": 0})["amount"]
    return {
        "receipts": sale[0],
        "turnover": sale[2],
        "vat": _vat(kinds),
        "groups": _keyed(kinds, "group"),
        "staff": _keyed(kinds, "staff"),
        "hours": _keyed(kinds, "hour"),
        "tenders": tenders,
        "rounding": kinds.get("rounding", {}).get("", NOTHING)[2],
        "deposits": _with_zero(_keyed(kinds, "deposit"), "charged", "returned"),
        "vouchers": _with_zero(_keyed(kinds, "voucher"), "issued"),
        "weborders": _with_zero(_keyed(kinds, "weborder"), "received", "paid_out"),
        "returns": _with_zero(_keyed(kinds, "return"), "receipt", "free"),
        "discounts": _with_zero(_keyed(kinds, "discount"), "line", "ticket"),
        "overrides": _with_zero(_keyed(kinds, "override"), "price", "weight"),
        "voids": _with_zero(_keyed(kinds, "void"), "line", "ticket"),
        "copies": _one(kinds, "copy"),
        "cards": _keyed(kinds, "card"),
        "events": _with_zero(_keyed(kinds, "event"), *EVENTS),
        "cash": {**cash, "taken": taken, "expected": expected_cash(cash, taken)},
    }


def expected_cash(cash: Mapping[str, int], taken: int) -> int:
    """Cents that ought to be in the drawer."""
    return cash["float"] + cash["in"] - cash["out"] - cash["drop"] + taken


def count_total(pieces: Mapping[int, int]) -> int:
    """Cents of counted notes and coins, denomination in cents → pieces."""
    return sum(denomination * number for denomination, number in pieces.items())


def _keyed(kinds: Kinds, kind: str) -> dict[str, dict[str, int]]:
    found = kinds.get(kind)
    return {key: {"n": row[0], "qty": row[1], "amount": row[2]} for key, row in sorted(found.items())} if found else {}


def _one(kinds: Kinds, kind: str) -> dict[str, int]:
    row = kinds.get(kind, {}).get("", NOTHING)
    return {"n": row[0], "qty": row[1], "amount": row[2]}


def _with_zero(found: dict[str, dict[str, int]], *keys: str) -> dict[str, dict[str, int]]:
    return {key: {"n": 0, "qty": 0, "amount": 0} for key in keys if key not in found} | found


def _vat(kinds: Kinds) -> list[dict[str, Any]]:
    found = []
    for key, (_, _, gross, vat) in kinds.get("vat", {}).items():
        code, _, rate = key.partition(":")
        found.append({"code": code, "rate": int(rate), "gross": gross, "vat": vat, "net": gross - vat})
    return sorted(found, key=lambda block: -block["rate"])
