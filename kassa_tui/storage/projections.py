"""From journal entries to tables: each kind of entry has one function, run in the entry's own transaction.

The same functions run in ``journal rebuild``, so what they write may depend on the entry and the tables only.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

from kassa_tui.domain.hours import ENTRIES as CLOCKINGS
from kassa_tui.domain.journal import Entry
from kassa_tui.domain.shift import local_date
from kassa_tui.domain.ticket import BESIDE, DEPOSIT, RETURN, VOUCHER, WEBORDER
from kassa_tui.domain.weborder import HANDED_OVER, TAKEN_BACK
from kassa_tui.storage import web_done, web_orders
from kassa_tui.storage.stock import MOVES, moves_of
from kassa_tui.storage.till_schema import LINE_BITS

Facts = dict[str, Any]


@dataclass(slots=True)
class State:
    """The till's counters: one row, kept in memory by the journal and written with each entry that changes it."""

    receipt: int = 0
    """Last receipt number given out."""
    shift: int = 0
    """Number of the open shift (its Z number); 0 when the till is closed."""
    z: int = 0
    """Last Z number given out."""
    last_ticket: str = ""
    """The ticket that ended last: sold, cancelled or parked."""
    grand_sales: int = 0
    """Perpetual turnover in cents, never reset."""
    grand_returns: int = 0
    login_failures: int = 0
    """Wrong PINs since the last good one."""
    login_failed_at: int = 0


_STATE_COLUMNS = [f.name for f in fields(State)]
_counters = attrgetter(*_STATE_COLUMNS)
_READ_STATE = f"select {', '.join(_STATE_COLUMNS)} from state"
_WRITE_STATE = f"update state set {', '.join(f'{name} = ?' for name in _STATE_COLUMNS)}"
_ADD = (
    "insert into total values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do update set "
    "n = n + excluded.n, qty = qty + excluded.qty, amount = amount + excluded.amount, vat = vat + excluded.vat"
)
_SALE = (
    "insert into sale (receipt, seq, at, offset, date, shift, who, ticket, customer, total, lines) "
    "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_LINE = "insert into sale_line values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_RETURNED = "insert into returned values (?, ?, ?) on conflict do update set qty = qty + excluded.qty"


class Sums:
    """Running totals of one entry, gathered before they are written so that each row is touched once."""

    def __init__(self, shift: int, date: str) -> None:
        self._place = (shift, date)
        self._rows: dict[tuple[str, str], list[int]] = {}

    def add(self, kind: str, key: str, n: int = 1, qty: int = 0, amount: int = 0, vat: int = 0) -> None:
        """Add to the total of ``kind`` and ``key``: a count, thousandths, cents, cents of VAT."""
        row = self._rows.setdefault((kind, key), [0, 0, 0, 0])
        row[0] += n
        row[1] += qty
        row[2] += amount
        row[3] += vat

    def __contains__(self, kind: str) -> bool:
        return any(key[0] == kind for key in self._rows)

    def write(self, con: sqlite3.Connection) -> None:
        """Upsert all rows."""
        con.executemany(_ADD, [(*self._place, *key, *row) for key, row in self._rows.items()])


def read_state(con: sqlite3.Connection) -> State:
    """The counters as they stand."""
    return State(*con.execute(_READ_STATE).fetchone())


def project(con: sqlite3.Connection, entry: Entry, facts: Facts, state: State) -> None:
    """Write what ``entry`` changes; ``state`` is changed in place."""
    handler = _HANDLERS.get(entry.kind)
    if handler is None:
        return
    sums, before = Sums(state.shift, local_date(entry.at, entry.offset)), _counters(state)
    handler(con, entry, facts, state, sums)
    sums.write(con)
    after = _counters(state)
    if after != before:
        con.execute(_WRITE_STATE, after)


def _sale(con: sqlite3.Connection, entry: Entry, facts: Facts, state: State, sums: Sums) -> None:
    receipt, lines = facts["no"], facts["lines"]
    state.receipt, state.last_ticket = receipt, facts["ticket"]
    state.grand_sales, state.grand_returns = facts["grand"]["sales"], facts["grand"]["returns"]
    customer = facts.get("customer", {}).get("code", "")
    con.execute(
        _SALE,
        (receipt, entry.seq, entry.at, entry.offset, facts["date"], state.shift, entry.who, facts["ticket"], customer,
         facts["total"], len(lines)),
    )  # fmt: skip
    con.executemany(
        _LINE,
        [
            ((receipt << LINE_BITS) + x["no"], x["kind"], x["sku"], x["group"], x["qty"], x["amount"], x["vat_code"],
             x["rate"], x["vat"]) for x in lines
        ],
    )  # fmt: skip
    back = [(x["origin"], x["origin_line"], -x["qty"]) for x in lines if x.get("origin")]
    if back:
        con.executemany(_RETURNED, back)
    _sale_sums(entry, facts, sums)
    _vouchers(con, facts)
    if "weborder" in sums:
        web_done.project(con, entry, facts)
    for tender in facts["tenders"]:
        if tender["kind"] == "pin" and tender.get("ref"):
            con.execute("update card_payment set used = 1 where id = ?", (tender["ref"],))


def _sale_sums(entry: Entry, facts: Facts, sums: Sums) -> None:
    counted = [x for x in facts["lines"] if x["kind"] not in BESIDE]
    turnover = sum(x["amount"] for x in counted)
    sums.add("sale", "", 1, sum(x["qty"] for x in counted), turnover)
    local_minutes = facts.get("happened", entry.at) // 60_000 + entry.offset
    sums.add("hour", f"{local_minutes // 60 % 24:02d}", 1, 0, turnover)
    sums.add("staff", entry.who, 1, 0, turnover)
    for block in facts["vat"]:
        sums.add("vat", f"{block['code']}:{block['rate']}", 1, 0, block["gross"], block["vat"])
    for x in facts["lines"]:
        _line_sums(x, sums)
    for tender in facts["tenders"]:
        sums.add("tender", tender["kind"], 1, 0, tender["amount"])
    if facts["change"]:
        sums.add("tender", "cash", 0, 0, -facts["change"])
    if facts["rounding"]:
        sums.add("rounding", "", 1, 0, facts["rounding"])
    if facts.get("no_print"):
        sums.add("event", "no.print")
    for void in facts.get("voids", ()):
        sums.add("void", "line", 1, void["qty"], void["amount"])
    if facts.get("discount"):
        sums.add("discount", "ticket", 1, 0, facts["discount"]["amount"])


def _line_sums(line: Facts, sums: Sums) -> None:
    amount, qty = line["amount"], line["qty"]
    if line["kind"] == DEPOSIT:
        sums.add("deposit", "charged" if qty > 0 else "returned", 1, qty, amount)
    elif line["kind"] == VOUCHER:
        sums.add("voucher", "issued", 1, 0, amount)
    elif line["kind"] == WEBORDER:
        sums.add("weborder", "received" if amount >= 0 else "paid_out", 1, 0, amount)
    else:
        sums.add("group", line["group"], 1, qty, amount, line["vat"])
    if line["kind"] == RETURN:
        sums.add("return", "receipt" if line.get("origin") else "free", 1, qty, amount)
    if line.get("discount"):
        sums.add("discount", "line", 1, 0, line["discount"])
    if line["source"] == "override":
        sums.add("override", "price", 1, qty, amount)
    if line.get("typed_weight"):
        sums.add("override", "weight", 1, qty, amount)


def _vouchers(con: sqlite3.Connection, facts: Facts) -> None:
    for x in facts["lines"]:
        if x["kind"] == VOUCHER:
            con.execute(
                "insert into voucher values (?, ?, ?, ?, 0)", (x["code"], facts["number"], x["amount"], x["amount"])
            )
    for tender in facts["tenders"]:
        if tender["kind"] == "voucher":
            detail = tender.get("detail", {})
            if detail.get("foreign"):
                con.execute(
                    "insert into voucher values (?, ?, ?, 0, 1)", (tender["ref"], facts["number"], tender["amount"])
                )
            else:
                # One of another till of the shop stands here with what was taken of it, below zero.
                con.execute("insert into voucher values (?, '', 0, ?, 0)"
                            " on conflict do update set balance = balance + excluded.balance",
                            (tender["ref"], -tender["amount"]))  # fmt: skip


def _shift_open(con: sqlite3.Connection, entry: Entry, facts: Facts, state: State, sums: Sums) -> None:
    state.z = state.shift = facts["z"]
    date = local_date(entry.at, entry.offset)
    con.execute(
        "insert into shift (z, opened_seq, opened_at, opened_date, opened_by, first_receipt) values (?, ?, ?, ?, ?, ?)",
        (facts["z"], entry.seq, entry.at, date, entry.who, state.receipt + 1),
    )
    opening = Sums(facts["z"], date)
    opening.add("cash", "float", 1, 0, facts["float"])
    opening.write(con)


def _shift_close(con: sqlite3.Connection, entry: Entry, facts: Facts, state: State, sums: Sums) -> None:
    con.execute(
        "update shift set closed_seq = ?, closed_at = ?, closed_date = ? where z = ?",
        (entry.seq, entry.at, local_date(entry.at, entry.offset), facts["z"]),
    )
    state.shift = 0


def _count(con: sqlite3.Connection, entry: Entry, facts: Facts, state: State, sums: Sums) -> None:
    con.execute("update shift set counted = ?, count_seq = ? where z = ?", (facts["total"], entry.seq, state.shift))


def _cash(con: sqlite3.Connection, entry: Entry, facts: Facts, state: State, sums: Sums) -> None:
    sums.add("cash", facts["move"], 1, 0, facts["amount"])


def _cancel(con: sqlite3.Connection, entry: Entry, facts: Facts, state: State, sums: Sums) -> None:
    state.last_ticket = facts["ticket"]
    sums.add("void", "ticket", 1, 0, facts["total"])


def _park(con: sqlite3.Connection, entry: Entry, facts: Facts, state: State, sums: Sums) -> None:
    state.last_ticket = facts["ticket"]
    con.execute(
        "insert into parked values (?, ?, ?, ?, ?, ?, ?)",
        (facts["ticket"], facts["place"], entry.at, facts["name"], entry.who, facts["total"],
         json.dumps(facts["draft"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))),
    )  # fmt: skip
    sums.add("event", "park", 1, 0, facts["total"])


def _moved(con: sqlite3.Connection, entry: Entry, facts: Facts, state: State, sums: Sums) -> None:
    con.execute("delete from parked where ticket = ?", (facts["ticket"],))


def _recall(con: sqlite3.Connection, entry: Entry, facts: Facts, state: State, sums: Sums) -> None:
    con.execute("delete from parked where ticket = ?", (facts["ticket"],))
    if state.last_ticket == facts["ticket"]:
        state.last_ticket = ""


def _pending(con: sqlite3.Connection, entry: Entry, facts: Facts, state: State, sums: Sums) -> None:
    con.execute(
        "insert into card_payment values (?, ?, ?, ?, 'pending', '{}', 0)",
        (facts["payment"], facts["ticket"], entry.seq, facts["amount"]),
    )


def _result(con: sqlite3.Connection, entry: Entry, facts: Facts, state: State, sums: Sums) -> None:
    detail = json.dumps(facts.get("detail", {}), ensure_ascii=False, sort_keys=True)
    con.execute(
        "update card_payment set state = ?, detail = ? where id = ?", (facts["state"], detail, facts["payment"])
    )
    sums.add("card", facts["state"])


def _copy(con: sqlite3.Connection, entry: Entry, facts: Facts, state: State, sums: Sums) -> None:
    con.execute("update sale set copies = copies + 1 where receipt = ?", (facts["no"],))
    sums.add("copy", "", 1, 0, facts["total"])


def _login(con: sqlite3.Connection, entry: Entry, facts: Facts, state: State, sums: Sums) -> None:
    state.login_failures = 0


def _login_failed(con: sqlite3.Connection, entry: Entry, facts: Facts, state: State, sums: Sums) -> None:
    state.login_failures += 1
    state.login_failed_at = entry.at
    sums.add("event", "login.failed")


def _restore(con: sqlite3.Connection, entry: Entry, facts: Facts, state: State, sums: Sums) -> None:
    """Go on behind the numbers that were given out after the copy was made."""
    state.receipt, state.z = max(state.receipt, facts.get("receipt", 0)), max(state.z, facts.get("z", 0))


def _stock(con: sqlite3.Connection, entry: Entry, facts: Facts, state: State, sums: Sums) -> None:
    con.executemany(
        "insert into stock_move values (?, ?, ?, ?, ?, ?)",
        [(entry.seq, no, entry.at, *move) for no, move in enumerate(moves_of(entry.kind, facts), 1)],
    )
    con.execute("delete from stock_draft where paper = ?", (facts.get("id", ""),))
    if facts.get("order"):
        con.execute("insert into order_receipt values (?, ?, ?)",
                    (entry.seq, facts["order"], int(bool(facts.get("finished")))))  # fmt: skip


def _clocked(con: sqlite3.Connection, entry: Entry, facts: Facts, state: State, sums: Sums) -> None:
    con.execute("insert into clocking values (?, ?, ?, ?, ?, ?)",
                (entry.seq, entry.at, entry.offset, local_date(entry.at, entry.offset), entry.who,
                 entry.kind.removeprefix("hours.")))  # fmt: skip


def _web_done(con: sqlite3.Connection, entry: Entry, facts: Facts, state: State, sums: Sums) -> None:
    web_done.project(con, entry, facts)


def _web_sale(con: sqlite3.Connection, entry: Entry, facts: Facts, state: State, sums: Sums) -> None:
    """Counts for the day on which it happened in the shop, which may be before it was heard of."""
    day = Sums(state.shift, facts["date"])
    _sale(con, entry, facts, state, day)
    day.write(con)
    web_orders.sold(con, entry, facts)


def _web_order(con: sqlite3.Connection, entry: Entry, facts: Facts, state: State, sums: Sums) -> None:
    web_orders.HANDLERS[entry.kind](con, entry, facts)


def _counted(kind: str) -> Callable[[sqlite3.Connection, Entry, Facts, State, Sums], None]:
    def count(con: sqlite3.Connection, entry: Entry, facts: Facts, state: State, sums: Sums) -> None:
        sums.add("event", kind)

    return count


_COUNTED = (
    "drawer", "drawer.opened", "drawer.left_open", "age.refused", "price.check", "approval", "clock.jump", "report.x",
    "payment.late",
)  # fmt: skip
"""Kinds of which the reports tell only how often they happened."""

_HANDLERS: dict[str, Callable[[sqlite3.Connection, Entry, Facts, State, Sums], None]] = {
    "sale": _sale,
    "shift.open": _shift_open,
    "shift.close": _shift_close,
    "shift.count": _count,
    "cash": _cash,
    "ticket.cancel": _cancel,
    "ticket.park": _park,
    "ticket.recall": _recall,
    "ticket.moved": _moved,
    "payment.pending": _pending,
    "payment.result": _result,
    "receipt.copy": _copy,
    "restore": _restore,
    "till.replaced": _restore,
    "login": _login,
    "login.failed": _login_failed,
    **{kind: _counted(kind) for kind in _COUNTED},
    HANDED_OVER: _web_done,
    TAKEN_BACK: _web_done,
    web_orders.SOLD: _web_sale,
    **dict.fromkeys(web_orders.HANDLERS, _web_order),
    **dict.fromkeys(MOVES, _stock),
    **dict.fromkeys(CLOCKINGS, _clocked),
}
