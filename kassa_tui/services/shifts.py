"""The shift: opening with a float, money in and out, the blind count, X at any time, and Z at the close."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kassa_tui.domain.outcome import Outcome, Refused
from kassa_tui.domain.shift import DENOMINATIONS, MOVES, count_total
from kassa_tui.services import books, parking
from kassa_tui.services.till import done, refused
from kassa_tui.storage import sales
from kassa_tui.storage.journal import Job

if TYPE_CHECKING:
    from kassa_tui.services.till import Till

_MOVE_PERMISSION = {"in": "cash_move", "out": "cash_move", "drop": "safe_drop"}


def open_shift(till: Till, float_cents: int) -> Outcome:
    """Open the till with this much in the drawer."""
    if till.person is None or till.locked:
        return refused("not_logged_in")
    if till.shift:
        return refused("shift_is_open", z=till.shift)
    if float_cents < 0:
        return refused("bad_amount", text=str(float_cents))
    allowed = till.permit("open_shift")
    if isinstance(allowed, Refused):
        return allowed
    z = till.store.state.z + 1
    till.store.record("shift.open", {"z": z, "float": float_cents}, till.who)
    return done("shift_opened", z=z, float=float_cents)


def move(till: Till, kind: str, cents: int, reason: str) -> Outcome:
    """Put money in the drawer, take it out, or skim it to the safe (``in``, ``out``, ``drop``)."""
    problem = till.ready()
    if problem is not None:
        return problem
    if kind not in MOVES or cents <= 0:
        return refused("bad_amount", text=str(cents))
    if not reason.strip() and kind != "drop":
        return refused("reason_needed")
    allowed = till.permit(_MOVE_PERMISSION[kind])
    if isinstance(allowed, Refused):
        return allowed
    limit = till.config.rules.cash_out_limit
    if kind == "out" and limit and cents > limit and till.allowed_role() != "manager":
        return refused("needs_approval", permission="cash_move", limit=limit)
    body = {"move": kind, "amount": cents, "reason": reason.strip()[:80], "by": allowed}
    entry = till.store.record("cash", body, till.who, [Job("cash")])
    _drawer(till)
    return done("cash_moved", move=kind, amount=cents, seq=entry.seq)


def drawer(till: Till, reason: str) -> Outcome:
    """Open the drawer without a sale: a permission, with a reason, never inside a ticket."""
    problem = till.ready()
    if problem is not None:
        return problem
    if till.ticket is not None and till.ticket.lines:
        return refused("ticket_open")
    if not reason.strip():
        return refused("reason_needed")
    allowed = till.permit("no_sale")
    if isinstance(allowed, Refused):
        return allowed
    till.store.record("drawer", {"reason": reason.strip()[:80], "by": allowed}, till.who)
    _drawer(till)
    return done("drawer_opened")


def count(till: Till, pieces: Mapping[int, int]) -> Outcome:
    """Count the drawer: denomination in cents → pieces. Blind: what ought to be there is not told."""
    problem = till.ready()
    if problem is not None:
        return problem
    bad = [value for value in pieces if value not in DENOMINATIONS or not 0 <= pieces[value] < 100_000]
    if bad:
        return refused("bad_denomination", value=bad[0])
    allowed = till.permit("close_shift")
    if isinstance(allowed, Refused):
        return allowed
    total = count_total(pieces)
    till.store.record("shift.count", {"pieces": {str(k): v for k, v in pieces.items() if v}, "total": total}, till.who)
    facts: dict[str, Any] = {"total": total}
    if not till.config.rules.blind_count and till.person and till.person.may("see_expected"):
        facts["expected"] = x_figures(till)["cash"]["expected"]
    return done("counted", **facts)


def x_figures(till: Till) -> dict[str, Any]:
    """The open shift so far, from the running totals."""
    return books.x_figures(till.store.read, till.store.state)


def x_report(till: Till) -> Outcome:
    """Print and show where the shift stands; closes nothing."""
    problem = till.ready()
    if problem is not None:
        return problem
    allowed = till.permit("x_report")
    if isinstance(allowed, Refused):
        return allowed
    figures = x_figures(till)
    entry = till.store.record("report.x", figures, till.who, [Job("report")])
    _wake(till)
    return done("x_report", seq=entry.seq, report=figures)


def close_shift(till: Till) -> Outcome:
    """Close the shift: always succeeds. An open ticket is parked, a difference is written down, the Z is printed."""
    if till.person is None or till.locked:
        return refused("not_logged_in")
    if not till.shift:
        return refused("shift_closed")
    allowed = till.permit("close_shift")
    if isinstance(allowed, Refused):
        return allowed
    if till.ticket is not None and till.ticket.lines:
        parking.set_aside(till)
    till.end_ticket()
    figures = x_figures(till)
    row = sales.shift(till.store.read, till.shift)
    counted = row.counted if row else None
    body = figures | {
        "counted": counted,
        "difference": None if counted is None else counted - figures["cash"]["expected"],
        "pieces": till.store.entry(row.count_seq).facts["pieces"] if row and row.count_seq else {},
    }
    entry = till.store.record("shift.close", body, till.who, [Job("report")])
    till.store.rest()
    _wake(till)
    return done("shift_closed_z", z=body["z"], seq=entry.seq, counted=counted, difference=body["difference"])


def z_figures(till: Till, z: int) -> dict[str, Any] | None:
    """A Z report as it was made; None where there is none."""
    return books.z_figures(till.store.read, till.config.till.id, z)


def z_seq(till: Till, z: int) -> int | None:
    """Number of the journal entry that closed shift ``z``; None where it is open or never was."""
    row = sales.shift(till.store.read, z)
    return row.closed_seq if row else None


def day_figures(till: Till, date: str) -> dict[str, Any]:
    """All that happened on a local date, over every shift that touched it, and in the webshops this till talks to."""
    names = {webshop.code: webshop.name for webshop in till.config.webshops}
    return books.with_channels(books.day_figures(till.store.read, date), till.store.folder, names)


def _drawer(till: Till) -> None:
    if till.printing is not None:
        till.printing.kick()
    _wake(till)


def _wake(till: Till) -> None:
    if till.printing is not None:
        till.printing.wake()
