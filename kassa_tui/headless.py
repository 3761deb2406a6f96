"""The till without a screen: ``kassa sell`` reads one act per line and answers each with one line of JSON.

For shops that replay a day, for trainers, for load runs and for tests. Everything goes through the same acts as the
screens, so what holds here holds there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO

from kassa_tui import acts
from kassa_tui.domain import ticket as tickets
from kassa_tui.domain.outcome import Outcome, Refused
from kassa_tui.jsontext import dump
from kassa_tui.services.training import TRAINING_OFF, TRAINING_ON

if TYPE_CHECKING:
    from kassa_tui.services.till import Till

Json = dict[str, Any]

MAX_LINE_BYTES = 65_536
"""Far beyond any act; a longer line is refused without being taken into memory."""


class Session:
    """One run of acts. ``open_`` opens the real till, or with True the one to practise on; ``say`` words an outcome."""

    def __init__(self, open_: Callable[[bool], Till], say: Callable[[Outcome], str]) -> None:
        self._open, self._say = open_, say
        self._real = self.till = open_(False)

    def answer(self, line: str) -> Json:
        """Do what one line says and tell what came of it. Never raises: a fault in the program is an answer too."""
        try:
            outcome = acts.perform(self.till, line)
            self._practise(outcome)
            if isinstance(outcome, Refused):
                return {"ok": False, "code": outcome.code, "facts": dict(outcome.facts), "text": self._say(outcome)}
            ticket = closed_ticket(self.till) if outcome.code == "paid" else open_ticket(self.till)
            return {"ok": True, "outcome": outcome.code, "facts": dict(outcome.facts), "ticket": ticket}
        except Exception:  # one act that fails must not end a shop's day; the log has the trace
            logging.exception("act failed")
            fault = Refused("internal_error", {})
            return {"ok": False, "code": fault.code, "facts": {}, "text": self._say(fault)}

    def run(self, lines: BinaryIO, out: BinaryIO) -> None:
        """Answer every line until the input ends; empty lines and lines that begin with ``#`` are passed over."""
        while raw := lines.readline(MAX_LINE_BYTES):
            if len(raw) == MAX_LINE_BYTES and not raw.endswith(b"\n"):
                out.write(encoded(self._too_long(lines, len(raw))))
                out.flush()
                continue
            line = raw.decode("utf-8", "replace").strip("\ufeff \t\r\n")
            if line and not line.startswith("#"):
                out.write(encoded(self.answer(line)))
                out.flush()

    def close(self) -> None:
        """Write what is left and let go of files and devices."""
        if self.till is not self._real:
            self.till.close()
        self._real.close()

    def _practise(self, outcome: Outcome) -> None:
        """Make the change of till that an act allowed; the real till journals it both ways."""
        real = self._real
        if outcome.code == TRAINING_ON and self.till is real:
            real.store.record("training.on", dict(outcome.facts), real.who)
            self.till = self._open(True)
            self.till.person = real.person
        elif outcome.code == TRAINING_OFF and self.till is not real:
            real.person, practice = self.till.person, self.till
            self.till = real
            practice.close()
            real.store.record("training.off", dict(outcome.facts), real.who)

    def _too_long(self, lines: BinaryIO, length: int) -> Json:
        while piece := lines.readline(MAX_LINE_BYTES):
            length += len(piece)
            if piece.endswith(b"\n"):
                break
        refusal = Refused("too_long", {"length": length, "most": MAX_LINE_BYTES})
        return {"ok": False, "code": refusal.code, "facts": dict(refusal.facts), "text": self._say(refusal)}


def encoded(answer: Json) -> bytes:
    """One line of JSON in UTF-8."""
    return dump(answer).encode() + b"\n"


def open_ticket(till: Till) -> Json:
    """What lies on the counter: ``empty``, ``open``, or ``paying``. Cents and thousandths; discounts are shared out."""
    ticket, payment = till.ticket, till.open.payment
    if ticket is None:
        return _ticket("empty")
    sums = tickets.totals(ticket)
    return _ticket(
        "paying" if payment else "open" if ticket.lines else "empty",
        lines=[
            _line(line.no, line.kind, line.sku, line.name, line.quantity, line.unit, line.unit_price,
                  line.discount + share, line.amount - share, line.vat_rate)
            for line, share in zip(ticket.lines, sums.shares, strict=True)
        ],
        total=sums.total,
        vat=[{"rate": b.rate, "gross": b.gross, "net": b.net, "vat": b.vat} for b in sums.vat],
        payments=[_payment(t.kind, t.amount, t.ref) for t in payment.tenders] if payment else [],
        due=payment.remaining if payment else sums.total,
        rounding=payment.rounding if payment else 0,
        change=payment.change if payment else 0,
    )  # fmt: skip


def closed_ticket(till: Till) -> Json:
    """The sale just closed, as the journal has it."""
    sale = till.last_sale or {}
    return _ticket(
        "closed",
        lines=[
            _line(x["no"], x["kind"], x["sku"], x["name"], x["qty"], x["unit"], x["price"],
                  x["gross"] - x["amount"], x["amount"], x["rate"])
            for x in sale["lines"]
        ],
        total=sale["total"],
        vat=[{key: block[key] for key in ("rate", "gross", "net", "vat")} for block in sale["vat"]],
        payments=[_payment(t["kind"], t["amount"], t.get("ref", "")) for t in sale["tenders"]],
        rounding=sale["rounding"],
        change=sale["change"],
        receipt_number=sale["number"],
    )  # fmt: skip


def _ticket(state: str, **values: Any) -> Json:
    empty: Json = {"state": state, "lines": [], "total": 0, "vat": [], "payments": [], "due": 0, "rounding": 0,
                   "change": 0, "receipt_number": None}  # fmt: skip
    return empty | values


def _line(no: int, kind: str, sku: str, name: str, quantity: int, unit: str, unit_price: int, discount: int,
          amount: int, vat_rate: int) -> Json:  # fmt: skip
    return {"no": no, "sku": sku, "name": name, "quantity": quantity, "unit_price": unit_price, "discount": discount,
            "amount": amount, "vat_rate": vat_rate, "kind": kind, "unit": unit}  # fmt: skip


def _payment(kind: str, amount: int, ref: str) -> Json:
    return {"kind": kind, "amount": amount} | ({"ref": ref} if ref else {})
