"""Mollie's terminals through its cloud (standards 7.5): make a payment for a terminal, look at it until it ends.

The payment's id is the idempotency key and stands in the metadata, so a payment whose answer never came is found again
in the list of payments instead of being made twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kassa_tui.hardware.terminals.amounts import cents, euros, moment
from kassa_tui.hardware.terminals.cloud import Account, Pace, encode, part, word
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

URL = "https://api.mollie.com"
PAGE, PAGES = 250, 8
"""Payments in one page of the list, and pages that are looked through for a lost one."""
CLOCK_SLACK_MS = 300_000
_ENDS = {"paid": "approved", "failed": DECLINED, "canceled": ABORTED, "expired": ABORTED}
_REFUNDED = ("queued", "pending", "processing", "refunded")
_METHODS = {
    "chip": "chip", "contactless": "contactless", "near-field-communication": "contactless", "nfc": "contactless",
    "magnetic-stripe": "stripe",
}  # fmt: skip
_VERIFICATIONS = {
    "no-cvm-required": "none", "none": "none", "online-pin": "pin", "offline-pin": "pin", "signature": "signature",
    "signature-and-online-pin": "pin", "online-pin-and-signature": "pin", "consumer-device": "device",
}  # fmt: skip


class MollieDriver:
    """One terminal (``term_…``)."""

    def __init__(
        self, terminal: str, key_file: Path, url: str = URL, pace: Pace | None = None, tap: Tap = nobody
    ) -> None:
        self._terminal, self._pace = terminal, pace or Pace()
        self._account = Account(url, key_file, ("api_key",), self._pace, tap)

    def pay(self, request: CardRequest, say: Say, wake: Wake) -> CardState:
        """Make a payment and follow it; money back is a refund of a known payment."""
        if request.amount < 0:
            return self._refund(request, wake)
        say("present_card")
        body = {
            "amount": {"currency": "EUR", "value": euros(request.amount)},
            "description": f"Kassa {request.payment}",
            "method": "pointofsale",
            "terminalId": self._terminal,
            "metadata": {"payment": request.payment},
        }
        made = self._account.order("/v2/payments", wake, encode(body), request.payment)
        number = word(made.body, "id")
        if not number:
            raise TerminalError(GARBLED, sent=True)
        return self._follow(number, made.body, request, say, wake)

    def ask(self, request: CardRequest, wake: Wake) -> CardState:
        """Find the payment in the list of all."""
        back = request.amount < 0
        if back and not request.origin.get("transaction"):
            return refused(NEEDS_ORIGINAL)
        path = f"/v2/payments/{quote(request.origin['transaction'], '')}/refunds" if back else "/v2/payments"
        covered = False
        for entry in self._list(path, "refunds" if back else "payments", wake):
            if word(entry, "metadata", "payment") == request.payment:
                return _refund_state(entry, request) if back else _state(entry, request)
            made = moment(word(entry, "createdAt"))
            if made is not None and made < request.at - CLOCK_SLACK_MS:
                covered = True
                break
        else:
            covered = True
        settled = request.at and time.time() * 1000 - request.at > self._pace.settle * 1000
        return refused(NOT_FOUND) if covered and settled else unknown(NOT_FOUND)

    def look(self, wake: Wake) -> None:
        """The terminal as the cloud knows it."""
        terminal = self._account.look(f"/v2/terminals/{quote(self._terminal, '')}", wake)
        if word(terminal.body, "status") == "inactive":
            raise TerminalError(UNREACHABLE, {"reason": "inactive"})

    def end_of_day(self, say: Say, wake: Wake) -> CardState:
        """The cloud has no day to close."""
        return refused(UNSUPPORTED)

    def reprint(self, say: Say, wake: Wake) -> CardState:
        """The cloud sends no receipts."""
        return refused(UNSUPPORTED)

    def close(self) -> None:
        """Nothing is kept open between requests."""

    def _follow(self, number: str, last: dict[str, Any], request: CardRequest, say: Say, wake: Wake) -> CardState:
        """Look at a payment until it ends; stop it where the cashier or the clock wants that."""
        path, until, stopped = f"/v2/payments/{quote(number, '')}", time.monotonic() + self._pace.whole, False
        state = _state(last, request)
        while state.state == "unknown" and state.detail.get("code") == BUSY:
            if wake.closing:
                raise TerminalError(CLOSED, sent=True)
            if not stopped and (wake.stop or time.monotonic() > until):
                stopped, until = True, time.monotonic() + self._pace.call
                self._account.try_("DELETE", path, wake)
            elif time.monotonic() > until:
                raise TerminalError(TIMEOUT, sent=True)
            (wake.rest if stopped else wake.wait)(self._pace.poll)
            seen = self._account.try_("GET", path, wake)
            if seen is not None and seen.good:
                state = _state(seen.body, request)
        return state

    def _refund(self, request: CardRequest, wake: Wake) -> CardState:
        original = request.origin.get("transaction", "")
        if not original:
            return refused(NEEDS_ORIGINAL)
        body = {
            "amount": {"currency": "EUR", "value": euros(-request.amount)},
            "description": f"Kassa {request.payment}",
            "metadata": {"payment": request.payment},
        }
        path = f"/v2/payments/{quote(original, '')}/refunds"
        return _refund_state(self._account.order(path, wake, encode(body), request.payment).body, request)

    def _list(self, path: str, name: str, wake: Wake) -> Iterator[dict[str, Any]]:
        """Entries of a list, newest first. Raises where a page does not come; ends silently only at the end."""
        start = ""
        for _ in range(PAGES):
            answer = self._account.call("GET", f"{path}?limit={PAGE}{start}", wake)
            entries = part(answer.body, "_embedded").get(name)
            if not answer.good or not isinstance(entries, list):
                raise TerminalError(GARBLED, {"reason": f"HTTP {answer.status}"})
            yield from (entry for entry in entries if isinstance(entry, dict))
            if len(entries) < PAGE or not word(entries[-1], "id"):
                return
            start = f"&from={quote(word(entries[-1], 'id'), '')}"
        raise TerminalError(NOT_FOUND)


def _state(payment: dict[str, Any], request: CardRequest) -> CardState:
    """What a payment object says."""
    end = _ENDS.get(word(payment, "status"))
    detail = _detail(payment)
    if end is None:
        return unknown(BUSY, word(payment, "status"))
    if end != "approved":
        return refused(end, word(payment, "details", "failureReason") or word(payment, "status"))
    if cents(word(payment, "amount", "value")) != request.amount:
        return unknown(OTHER_AMOUNT, word(payment, "amount", "value"), detail)
    return approved(detail)


def _refund_state(refund: dict[str, Any], request: CardRequest) -> CardState:
    status = word(refund, "status")
    if status in _REFUNDED:
        return approved({"transaction": word(refund, "id")})
    return refused(DECLINED, status) if status in ("failed", "canceled") else unknown(GARBLED, status)


def _detail(payment: dict[str, Any]) -> dict[str, str]:
    details = part(payment, "details")
    receipt = part(details, "receipt")
    return {
        "brand": word(details, "cardLabel"),
        "number": word(details, "maskedNumber") or _last(word(details, "cardNumber")),
        "authorisation": word(receipt, "authorizationCode"),
        "method": _METHODS.get(word(receipt, "cardReadMethod"), ""),
        "verification": _VERIFICATIONS.get(word(receipt, "cardVerificationMethod"), ""),
        "terminal": word(details, "terminalId") or word(payment, "terminalId"),
        "transaction": word(payment, "id"),
    }


def _last(digits: str) -> str:
    return f"************{digits[-4:]}" if digits else ""
