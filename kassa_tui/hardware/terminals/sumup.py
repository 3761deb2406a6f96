"""SumUp's Solo through its cloud (standards 7.5): send a checkout to a reader, look at it until it ends.

Our payment id goes along as foreign transaction id, under which the transaction is found again after a crash.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kassa_tui.hardware.terminals.amounts import cents, euros
from kassa_tui.hardware.terminals.cloud import REFUSALS, Account, Pace, encode, part, word
from kassa_tui.hardware.terminals.detail import approved, refused, unknown
from kassa_tui.hardware.terminals.errors import (
    ABORTED,
    BUSY,
    CLOSED,
    DECLINED,
    GARBLED,
    NEEDS_ORIGINAL,
    NOT_FOUND,
    OTHER_AMOUNT,
    TIMEOUT,
    UNREACHABLE,
    UNSUPPORTED,
    TerminalError,
)
from kassa_tui.hardware.traffic import Tap, nobody
from kassa_tui.services.ports import CardRequest, CardState

if TYPE_CHECKING:
    from kassa_tui.hardware.terminals.port import Say
    from kassa_tui.hardware.terminals.wake import Wake

URL = "https://api.sumup.com"
SETTLE_S = 90.0
"""A reader begins within 60 seconds or never."""
_CHECKOUT_ENDS = {"failed": DECLINED, "cancelled": ABORTED}
_ENDS = {"SUCCESSFUL": "approved", "PAID_OUT": "approved", "FAILED": DECLINED, "CANCELLED": ABORTED}
_STATES = {"WAITING_FOR_CARD": "present_card", "WAITING_FOR_PIN": "enter_pin", "WAITING_FOR_SIGNATURE": "busy"}
_METHODS = {"CONTACTLESS": "contactless", "CONTACTLESS_MAGSTRIPE": "contactless", "CHIP": "chip",
            "MAGSTRIPE": "stripe", "MAGSTRIPE_FALLBACK": "stripe"}  # fmt: skip
_VERIFICATIONS = {"none": "none", "offline pin": "pin", "online pin": "pin", "pin": "pin", "signature": "signature",
                  "cdcvm": "device", "device": "device"}  # fmt: skip


class SumUpDriver:
    """One reader of one merchant."""

    def __init__(
        self, merchant: str, reader: str, key_file: Path, url: str = URL, pace: Pace | None = None, tap: Tap = nobody
    ) -> None:
        self._merchant, self._pace = merchant, pace or Pace(settle=SETTLE_S)
        self._account = Account(url, key_file, ("api_key", "affiliate_app", "affiliate_key"), self._pace, tap)
        self._reader = f"/v0.1/merchants/{quote(merchant, '')}/readers/{quote(reader, '')}"
        self._transactions = f"/v2.1/merchants/{quote(merchant, '')}/transactions"

    def pay(self, request: CardRequest, say: Say, wake: Wake) -> CardState:
        """Send a checkout and follow it; money back is a refund of a known transaction."""
        if request.amount < 0:
            return self._refund(request, wake)
        say("present_card")
        keys = self._account.keys()
        body = {
            "total_amount": {"currency": "EUR", "minor_unit": 2, "value": request.amount},
            "description": f"Kassa {request.payment}",
            "affiliate": {
                "app_id": keys["affiliate_app"],
                "key": keys["affiliate_key"],
                "foreign_transaction_id": request.payment,
            },
        }
        made = self._account.order(f"{self._reader}/checkout", wake, encode(body))
        return self._follow(word(made.body, "data", "checkout_id"), request, say, wake)

    def ask(self, request: CardRequest, wake: Wake) -> CardState:
        """The transaction with our id; none long after, with the reader at rest, means that nothing was done."""
        if request.amount < 0:
            return unknown(UNSUPPORTED) if request.origin.get("transaction") else refused(NEEDS_ORIGINAL)
        state = self._transaction(request, wake)
        if state is not None:
            return state
        settled = request.at and time.time() * 1000 - request.at > self._pace.settle * 1000
        reader = self._account.call("GET", f"{self._reader}/status", wake)
        at_rest = reader.good and word(reader.body, "data", "state") in ("IDLE", "")
        return refused(NOT_FOUND) if settled and at_rest else unknown(NOT_FOUND)

    def look(self, wake: Wake) -> None:
        """The reader's own state."""
        reader = self._account.look(f"{self._reader}/status", wake)
        if word(reader.body, "data", "status") == "OFFLINE":
            raise TerminalError(UNREACHABLE, {"reason": "OFFLINE"})

    def end_of_day(self, say: Say, wake: Wake) -> CardState:
        """The cloud has no day to close."""
        return refused(UNSUPPORTED)

    def reprint(self, say: Say, wake: Wake) -> CardState:
        """The cloud sends no receipts."""
        return refused(UNSUPPORTED)

    def close(self) -> None:
        """Nothing is kept open between requests."""

    def _follow(self, checkout: str, request: CardRequest, say: Say, wake: Wake) -> CardState:
        until, stopped = time.monotonic() + self._pace.whole, False
        while (state := self._look(checkout, request, say, wake)) is None:
            if wake.closing:
                raise TerminalError(CLOSED, sent=True)
            if not stopped and (wake.stop or time.monotonic() > until):
                stopped, until = True, time.monotonic() + self._pace.call
                self._account.try_("POST", f"{self._reader}/terminate", wake)
            elif time.monotonic() > until:
                raise TerminalError(TIMEOUT, sent=True)
            (wake.rest if stopped else wake.wait)(self._pace.poll)
        return state

    def _look(self, checkout: str, request: CardRequest, say: Say, wake: Wake) -> CardState | None:
        """How it ended; None while it goes on."""
        if checkout:
            seen = self._account.try_("GET", f"{self._reader}/checkout/{quote(checkout, '')}", wake)
            status = word(seen.body, "data", "status") if seen is not None and seen.good else ""
            if status in _CHECKOUT_ENDS and seen is not None:
                return refused(_CHECKOUT_ENDS[status], word(seen.body, "data", "payment_failure_reason"))
        try:
            state = self._transaction(request, wake)
        except TerminalError:
            return None
        if state is not None and state.detail.get("code") != BUSY:
            return state
        reader = self._account.try_("GET", f"{self._reader}/status", wake)
        say(_STATES.get(word(reader.body, "data", "state") if reader is not None else "", "busy"))
        return None

    def _transaction(self, request: CardRequest, wake: Wake) -> CardState | None:
        """What the transaction with our id says; None where there is none."""
        found = self._account.call("GET", f"{self._transactions}?foreign_transaction_id={quote(request.payment)}", wake)
        if found.status == 404:
            return None
        if not found.good:
            raise TerminalError(GARBLED, {"reason": f"HTTP {found.status}"})
        return _state(found.body, request)

    def _refund(self, request: CardRequest, wake: Wake) -> CardState:
        original = request.origin.get("transaction", "")
        if not original:
            return refused(NEEDS_ORIGINAL)
        path = f"/v1.0/merchants/{quote(self._merchant, '')}/payments/{quote(original, '')}/refunds"
        # The only amount that SumUp wants as a decimal number.
        body = f'{{"amount":{euros(-request.amount)}}}'.encode()
        answer = self._account.order(path, wake, body, refusals=(*REFUSALS, 409))
        return approved({"transaction": word(answer.body, "id") or original})


def _state(transaction: dict[str, Any], request: CardRequest) -> CardState:
    status = word(transaction, "simple_status") or word(transaction, "status")
    end = _ENDS.get(status)
    if end is None:
        return unknown(BUSY if status == "PENDING" else GARBLED, status)
    if end != "approved":
        return refused(end, status)
    card = part(transaction, "card")
    detail = {
        "brand": word(card, "type"),
        "number": f"************{word(card, 'last_4_digits')}" if word(card, "last_4_digits") else "",
        "authorisation": word(transaction, "auth_code"),
        "method": _METHODS.get(word(transaction, "entry_mode").upper().replace(" ", "_"), ""),
        "verification": _VERIFICATIONS.get(word(transaction, "verification_method").lower(), ""),
        "terminal": word(transaction, "device_info", "name"),
        "transaction": word(transaction, "id"),
        "reference": word(transaction, "transaction_code"),
    }
    charged = cents(word(transaction, "amount"))
    if charged != request.amount:
        return unknown(OTHER_AMOUNT, word(transaction, "amount"), detail)
    return approved(detail)
