"""Mollie's and SumUp's clouds with a terminal each, as far as a till sees them."""

from __future__ import annotations

import json
import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

from kassa_tui.hardware.terminals import nexo_json as nexo
from kassa_tui.hardware.terminals.amounts import cents, euros
from kassa_tui.simulate.behaviour import DECLINE, UNKNOWN, Behaviour, Books
from kassa_tui.simulate.web import Asked, WebSimulator

KEY = "test_simulated"
OPEN, PAID, FAILED, CANCELED = "open", "paid", "failed", "canceled"


@dataclass(slots=True)
class Order:
    """A payment that the cloud was asked for."""

    number: str
    reference: str
    amount: int
    at: float
    looks: int
    state: str = OPEN
    refunds: list[dict[str, Any]] = field(default_factory=list)


class _Cloud(ABC):
    """Orders that end after some looks at them, and the web in front."""

    def __init__(self, behaviour: Behaviour | None, port: int) -> None:
        self.behaviour, self.books = behaviour or Behaviour(), Books()
        self.orders: list[Order] = []
        self._lock = threading.RLock()
        self.web = WebSimulator(self.behaviour, self._respond, port)
        self.port, self.url, self.meter = self.web.port, self.web.url, self.web.meter

    def close(self) -> None:
        """Switch it off."""
        self.web.close()

    def _respond(self, asked: Asked) -> tuple[int, Any] | None:
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            return 401, {"status": 401, "title": "Unauthorized Request", "detail": "Invalid API key"}
        try:
            body = json.loads(asked.body) if asked.body else {}
        except ValueError:
            return 422, {"detail": "not JSON"}
        with self._lock:
            told = self.answer(asked, body)
        if asked.method != "POST":
            return told
        if self.behaviour.late is not None:
            self.behaviour.late.wait()
        if self.behaviour.hang:
            return None
        return (200, self.behaviour.garbage) if self.behaviour.garbage else told

    @abstractmethod
    def answer(self, asked: Asked, body: Any) -> tuple[int, Any]:
        """What the cloud says."""

    def begin(self, number: str, reference: str, amount: int) -> Order:
        """Take an order."""
        order = Order(number, reference, amount, time.time(), self.behaviour.looks)
        self.orders.append(order)
        return order

    def look(self, order: Order) -> Order:
        """Look at it; the customer goes on while nobody looks."""
        if order.state != OPEN:
            return order
        order.looks -= 1
        ending = self.behaviour.ending(order.amount)
        if order.looks < 0 and ending != UNKNOWN and time.time() - order.at >= self.behaviour.dwell_s:
            order.state = FAILED if ending == DECLINE else PAID
            self.books.add(order.amount, order.reference, ok=order.state == PAID)
        return order

    def cancel(self, order: Order) -> None:
        """Stop it, if it is not too late; a cloud that never tells does not stop either."""
        if order.state == OPEN and self.behaviour.ending(order.amount) != UNKNOWN:
            order.state = CANCELED

    def find(self, number: str) -> Order | None:
        """An order by the cloud's number."""
        return next((order for order in self.orders if order.number == number), None)


class MollieSimulator(_Cloud):
    """``/v2/payments``."""

    def __init__(self, behaviour: Behaviour | None = None, *, port: int = 0) -> None:
        self._idempotent: dict[str, Order] = {}
        super().__init__(behaviour, port)

    def answer(self, asked: Asked, body: Any) -> tuple[int, Any]:
        """The payments API."""
        parts = [unquote(part) for part in asked.path.strip("/").split("/")]
        if parts[:2] == ["v2", "terminals"] and parts[2:] == ["term_sim"]:
            return 200, {"resource": "terminal", "id": "term_sim", "status": "active"}
        if parts[:2] != ["v2", "payments"]:
            return 404, {"status": 404, "title": "Not Found"}
        if len(parts) == 2:
            return self._create(asked, body) if asked.method == "POST" else self._list(asked)
        order = self.find(parts[2])
        if order is None:
            return 404, {"status": 404, "title": "Not Found"}
        if len(parts) == 4:
            return self._refunds(order, asked, body)
        if asked.method == "DELETE":
            self.cancel(order)
            return 200, self._payment(order)
        return 200, self._payment(self.look(order))

    def _create(self, asked: Asked, body: Any) -> tuple[int, Any]:
        key = asked.headers.get("idempotency-key", "")
        if key in self._idempotent:
            return 201, self._payment(self._idempotent[key])
        amount = cents(body.get("amount", {}).get("value", ""))
        if not amount or body.get("method") != "pointofsale" or not str(body.get("terminalId", "")).startswith("term_"):
            return 422, {"status": 422, "title": "Unprocessable Entity", "detail": "amount, method or terminal"}
        order = self.begin(f"tr_sim{len(self.orders) + 1:04}", body["metadata"]["payment"], amount)
        self._idempotent[key] = order
        return 201, self._payment(order)

    def _list(self, asked: Asked) -> tuple[int, Any]:
        query = parse_qs(asked.query)
        newest = [self._payment(self.look(order)) for order in reversed(self.orders)]
        start = next((at + 1 for at, payment in enumerate(newest) if [payment["id"]] == query.get("from")), 0)
        page = newest[start : start + int(query.get("limit", ["50"])[0])]
        return 200, {"count": len(page), "_embedded": {"payments": page}}

    def _refunds(self, order: Order, asked: Asked, body: Any) -> tuple[int, Any]:
        if asked.method == "GET":
            return 200, {"count": len(order.refunds), "_embedded": {"refunds": order.refunds[::-1]}}
        amount = cents(body["amount"]["value"]) or 0
        if self.behaviour.ending(amount) == DECLINE:
            return 422, {"status": 422, "detail": "The amount is higher than the maximum"}
        self.books.add(-amount, body["metadata"]["payment"])
        refund = {"id": f"re_sim{self.books.number:04}", "status": "pending", "metadata": body["metadata"],
                  "createdAt": _iso(time.time())}  # fmt: skip
        order.refunds.append(refund)
        return 201, refund

    def _payment(self, order: Order) -> dict[str, Any]:
        payment: dict[str, Any] = {
            "resource": "payment", "id": order.number, "status": order.state, "createdAt": _iso(order.at),
            "amount": {"currency": "EUR", "value": euros(order.amount)}, "metadata": {"payment": order.reference},
        }  # fmt: skip
        if order.state == PAID:
            payment["details"] = {
                "terminalId": "term_sim", "cardLabel": "Maestro", "maskedNumber": "************4771",
                "receipt": {"authorizationCode": "123456", "cardReadMethod": "contactless",
                            "cardVerificationMethod": "online-pin"},
            }  # fmt: skip
        return payment


class SumUpSimulator(_Cloud):
    """Readers and transactions."""

    def __init__(self, behaviour: Behaviour | None = None, *, port: int = 0) -> None:
        super().__init__(behaviour, port)

    def answer(self, asked: Asked, body: Any) -> tuple[int, Any]:
        """The readers and transactions API."""
        parts = [unquote(part) for part in asked.path.strip("/").split("/")]
        if "readers" in parts:
            return self._reader(asked, parts[parts.index("readers") + 2 :], body)
        if parts[-1] == "transactions":
            wanted = parse_qs(asked.query).get("foreign_transaction_id", [""])[0]
            order = next((order for order in self.orders if order.reference == wanted), None)
            if order is None or self.look(order).state == OPEN:
                return 404, {"title": "Resource not found"}
            return 200, nexo.encode(self._transaction(order))
        if parts[-1] == "refunds":
            return self._refund(parts[-2], body)
        return 404, {"title": "Resource not found"}

    def _reader(self, asked: Asked, parts: list[str], body: Any) -> tuple[int, Any]:
        open_order = next((order for order in self.orders if order.state == OPEN), None)
        if parts == ["checkout"]:
            if open_order is not None:
                return 422, {"errors": {"detail": "The device is busy", "type": "READER_BUSY"}}
            total = body["total_amount"]
            number = f"checkout-{len(self.orders) + 1}"
            self.begin(number, body["affiliate"]["foreign_transaction_id"], int(total["value"]))
            return 201, {"data": {"client_transaction_id": f"client-{number}", "checkout_id": number}}
        if parts == ["terminate"]:
            if open_order is not None:
                self.cancel(open_order)
            return 204, b""
        if parts == ["status"]:
            state = "IDLE" if open_order is None else "WAITING_FOR_CARD"
            return 200, {"data": {"status": "ONLINE", "state": state}}
        order = self.find(parts[-1]) if parts[:1] == ["checkout"] else None
        if order is None:
            return 404, {"title": "Resource not found"}
        status = {OPEN: "pending", PAID: "successful", FAILED: "failed", CANCELED: "cancelled"}[self.look(order).state]
        reason = "DECLINED" if status == "failed" else None
        return 200, {"data": {"checkout_id": order.number, "status": status, "payment_failure_reason": reason}}

    def _refund(self, transaction: str, body: Any) -> tuple[int, Any]:
        order = next((order for order in self.orders if f"txn-{order.number}" == transaction), None)
        amount = cents(body.get("amount", "")) or 0
        if order is None or self.behaviour.ending(amount) == DECLINE:
            return 409, {"title": "Conflict"} if order is not None else {"title": "Resource not found"}
        self.books.add(-amount, transaction)
        return 201, {"id": f"refund-{self.books.number}"}

    @staticmethod
    def _transaction(order: Order) -> dict[str, Any]:
        status = {PAID: "SUCCESSFUL", FAILED: "FAILED", CANCELED: "CANCELLED"}[order.state]
        return {
            "id": f"txn-{order.number}", "transaction_code": "TSIM1", "foreign_transaction_id": order.reference,
            "amount": nexo.amount(order.amount),
            "currency": "EUR", "simple_status": status, "auth_code": "123456", "entry_mode": "CONTACTLESS",
            "verification_method": "online PIN", "card": {"type": "MAESTRO", "last_4_digits": "4771"},
        }  # fmt: skip


def _iso(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(at))
