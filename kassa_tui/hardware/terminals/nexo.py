"""nexo Retailer as Adyen's local Terminal API: one sealed POST per message to the terminal itself (standards 7.4).

The certificate's chain is verified against Adyen's root and its name against Adyen's pattern; a host name of the shop's
own network is never in it. ``ServiceID`` follows from the payment's id, so the question after a crash finds it.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.hardware.terminals import hidden, secrets
from kassa_tui.hardware.terminals import nexo_json as nexo
from kassa_tui.hardware.terminals.amounts import cents
from kassa_tui.hardware.terminals.detail import approved, refused, slip, unknown
from kassa_tui.hardware.terminals.errors import (
    ABORTED,
    BUSY,
    DECLINED,
    GARBLED,
    KEY_FILE,
    NOT_FOUND,
    OTHER_AMOUNT,
    UNSUPPORTED,
    TerminalError,
)
from kassa_tui.hardware.terminals.nexo_crypto import Secret
from kassa_tui.hardware.terminals.web import Server
from kassa_tui.hardware.traffic import FROM, TO, Tap, nobody
from kassa_tui.services.ports import CardRequest, CardState

if TYPE_CHECKING:
    import ssl

    from kassa_tui.hardware.terminals.port import Say
    from kassa_tui.hardware.terminals.wake import Wake

PORT = 8443
PATH = "/nexo"
PAY_S, BRIEF_S = 150.0, 15.0
"""The terminal gives up by itself after 120 seconds; other messages are answered at once."""
REMEMBERED_MS = 48 * 3_600_000
"""How long a terminal knows a ``ServiceID``."""
SETTLE_S = 5.0
"""After which a payment that the terminal does not know is none that is still on its way to it."""
_ERRORS = {"Aborted": ABORTED, "Cancel": ABORTED, "Busy": BUSY, "NotFound": NOT_FOUND, "NotAllowed": UNSUPPORTED,
           "MessageFormat": UNSUPPORTED, "UnavailableService": UNSUPPORTED}  # fmt: skip


class NexoDriver:
    """One terminal (``poi``: model and serial number) for one till (``sale``)."""

    def __init__(
        self, url: str, poi: str, sale: str, key_file: Path, ca_file: Path | None, *, pay_s: float = PAY_S,
        brief_s: float = BRIEF_S, settle_s: float = SETTLE_S, random: Callable[[int], bytes] = os.urandom,
        tap: Tap = nobody,
    ) -> None:  # fmt: skip
        self._tap = tap
        self._url, self._poi, self._sale, self._key_file, self._ca_file = url, poi, sale, key_file, ca_file
        self._pay_s, self._brief_s, self._settle_s, self._random = pay_s, brief_s, settle_s, random

    def pay(self, request: CardRequest, say: Say, wake: Wake) -> CardState:
        """``Payment``, or for money back ``Reversal`` of a known payment, else an unreferenced refund."""
        category, body = self._order(request)
        service = nexo.service_id(request.payment)
        say("present_card")
        answer = self._call(category, service, body, self._pay_s, wake, lambda: self._abort(category, service, wake))
        return _verdict(answer, category, abs(request.amount))

    def ask(self, request: CardRequest, wake: Wake) -> CardState:
        """``TransactionStatus`` of this very message."""
        category, _ = self._order(request)
        service = nexo.service_id(request.payment)
        body = {**_RECEIPTS, "MessageReference": nexo.reference(category, self._sale, service)}
        answer = self._call("TransactionStatus", self._fresh(), body, self._brief_s, wake)
        status = nexo.part(answer, "TransactionStatusResponse")
        error = nexo.word(status, "Response", "ErrorCondition")
        if nexo.word(status, "Response", "Result") == "Success":
            repeated = nexo.part(status, "RepeatedMessageResponse")
            head = nexo.part(repeated, "MessageHeader")
            if nexo.word(head, "ServiceID") not in ("", service):
                return unknown(NOT_FOUND)
            return _verdict(nexo.part(repeated, "RepeatedResponseMessageBody"), category, abs(request.amount))
        age_ms = time.time() * 1000 - request.at
        if error == "NotFound" and self._settle_s * 1000 <= age_ms <= REMEMBERED_MS:
            return refused(NOT_FOUND)
        return unknown(BUSY if error == "InProgress" else _ERRORS.get(error, GARBLED), error)

    def look(self, wake: Wake) -> None:
        """The last receipt once more, of which only matters that it can be read with our keys."""
        self._call("TransactionStatus", self._fresh(), dict(_RECEIPTS), self._brief_s, wake)

    def end_of_day(self, say: Say, wake: Wake) -> CardState:
        """``Reconciliation`` of what this till did."""
        say("busy")
        body = {"ReconciliationType": "SaleReconciliation"}
        answer = self._call("Reconciliation", self._fresh(), body, self._brief_s, wake)
        done = nexo.part(answer, "ReconciliationResponse")
        if nexo.word(done, "Response", "Result") != "Success":
            return _refusal(done)
        totals = done.get("TransactionTotals")
        return approved({"slip": slip(_totals(totals if isinstance(totals, list) else []))})

    def reprint(self, say: Say, wake: Wake) -> CardState:
        """The receipt of the terminal's last transaction."""
        say("busy")
        answer = self._call("TransactionStatus", self._fresh(), dict(_RECEIPTS), self._brief_s, wake)
        status = nexo.part(answer, "TransactionStatusResponse")
        if nexo.word(status, "Response", "Result") != "Success":
            return _refusal(status)
        body = nexo.part(status, "RepeatedMessageResponse", "RepeatedResponseMessageBody", "PaymentResponse")
        return approved({"slip": slip(nexo.receipt(body))})

    def close(self) -> None:
        """Nothing is kept open between messages."""

    def _order(self, request: CardRequest) -> tuple[str, dict[str, Any]]:
        stamp = _stamp()
        if request.amount < 0 and request.origin.get("transaction") and request.origin.get("stamp"):
            return "Reversal", nexo.reversal(request, stamp)
        return "Payment", nexo.payment(request, stamp)

    def _abort(self, category: str, service: str, wake: Wake) -> None:
        body = {"AbortReason": "MerchantAbort", "MessageReference": nexo.reference(category, self._sale, service)}
        try:
            self._post("Abort", self._fresh(), body, self._brief_s, wake)
        except TerminalError:
            # The payment ends by itself, and its own answer says how.
            return

    def _call(
        self, category: str, service: str, body: dict[str, Any], seconds: float, wake: Wake,
        on_stop: Callable[[], None] | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Send, and open the answer to exactly this message."""
        data, secret = self._post(category, service, body, seconds, wake, on_stop)
        answer = nexo.opened(data, secret)
        self._tell(FROM, answer or {}, len(data))
        if answer is None or nexo.word(answer, "MessageHeader", "ServiceID") != service:
            raise TerminalError(GARBLED, sent=True)
        return answer

    def _post(
        self, category: str, service: str, body: dict[str, Any], seconds: float, wake: Wake,
        on_stop: Callable[[], None] | None = None,
    ) -> tuple[bytes, Secret]:  # fmt: skip
        keys = secrets.read(self._key_file, ("passphrase", "key_identifier", "key_version"))
        if not keys["key_version"].isdecimal():
            raise TerminalError(KEY_FILE, {"reason": "key_version"})
        secret = Secret(keys["passphrase"], keys["key_identifier"], int(keys["key_version"]))
        head = nexo.header(category, self._sale, service, self._poi)
        data = nexo.sealed(category, head, body, secret, self._random(16))
        server = Server(self._url, self._context, lambda certificate: named(certificate, self._poi))
        self._tell(TO, {"MessageHeader": head, f"{category}Request": body}, len(data))
        reply = server.call("POST", PATH, {"Content-Type": "application/json"}, data, seconds, wake, on_stop)
        if reply.status != 200:
            raise TerminalError(GARBLED, {"reason": f"HTTP {reply.status}"}, sent=True)
        return reply.body, secret

    def _tell(self, direction: str, message: dict[str, Any], size: int) -> None:
        """Tell the black box of a message as it was before it was sealed, without what is in it about a card."""
        if self._tap is not nobody:
            self._tap(direction, hidden.json_text(nexo.encode(message)), size)

    def _context(self) -> ssl.SSLContext:
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        try:
            context.load_verify_locations(self._ca_file)
        except (OSError, ssl.SSLError, TypeError) as error:
            raise TerminalError(KEY_FILE, {"reason": "ca_file"}) from error
        return context

    def _fresh(self) -> str:
        return nexo.service_id(self._random(16).hex())


_RECEIPTS: dict[str, Any] = {"ReceiptReprintFlag": True, "DocumentQualifier": ["CashierReceipt", "CustomerReceipt"]}


def named(certificate: dict[str, Any], poi: str) -> bool:
    """Whether a certificate is of this terminal, or of one from before each had its own."""
    names = [value for parts in certificate.get("subject", ()) for key, value in parts if key == "commonName"]
    names += [value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"]
    pattern = rf"(legacy-terminal-certificate|{re.escape(poi)})\.(test|live)\.terminal\.adyen\.com"
    return any(re.fullmatch(pattern, str(name), re.IGNORECASE) for name in names)


def _verdict(answer: dict[str, Any], category: str, wanted: int) -> CardState:
    body = nexo.part(answer, f"{category}Response")
    result = nexo.word(body, "Response", "Result")
    if result == "Failure":
        error = nexo.word(body, "Response", "ErrorCondition")
        return unknown(BUSY, error) if error == "InProgress" else _refusal(body)
    detail = {**nexo.card_detail(body), "slip": slip(nexo.receipt(body))}
    charged = nexo.word(body, "PaymentResult", "AmountsResp", "AuthorizedAmount")
    charged = charged or nexo.word(body, "ReversedAmount")
    if result != "Success":
        return unknown(OTHER_AMOUNT if result == "Partial" else GARBLED, result, detail)
    if charged and cents(charged) != wanted:
        return unknown(OTHER_AMOUNT, charged, detail)
    return approved(detail)


def _refusal(body: dict[str, Any]) -> CardState:
    error = nexo.word(body, "Response", "ErrorCondition")
    more = nexo.additional(nexo.word(body, "Response", "AdditionalResponse"))
    reason = more.get("refusalReason") or more.get("message") or error
    return refused(_ERRORS.get(error, DECLINED), reason)


def _totals(totals: list[Any]) -> list[str]:
    lines = []
    for total in totals:
        for payment in total.get("PaymentTotals", ()) if isinstance(total, dict) else ():
            words = (nexo.word(total, "PaymentInstrumentType"), nexo.word(total, "CardBrand"),
                     nexo.word(payment, "TransactionType"), nexo.word(payment, "TransactionCount"),
                     nexo.word(payment, "TransactionAmount"))  # fmt: skip
            lines.append(" ".join(filter(None, words)))
    return lines


def _stamp() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
