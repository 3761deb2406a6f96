"""A nexo terminal as Adyen's local API has it: sealed JSON over HTTPS, under a certificate of its own authority."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kassa_tui.hardware.terminals import nexo_json as nexo
from kassa_tui.hardware.terminals.amounts import cents, euros
from kassa_tui.hardware.terminals.nexo_crypto import Secret, seal
from kassa_tui.simulate.behaviour import DECLINE, UNKNOWN, Behaviour, Books, Charge
from kassa_tui.simulate.web import Asked, WebSimulator

if TYPE_CHECKING:
    import ssl

POI = "P400Plus-123456789"
SECRET = Secret("simulated passphrase", "simulator", 1)


class NexoSimulator:
    """Answers on ``/nexo``. With ``folder`` it speaks TLS and leaves ``ca.pem`` and ``key.toml`` there for the till."""

    def __init__(self, behaviour: Behaviour | None = None, *, port: int = 0, folder: Path | None = None,
                 poi: str = POI) -> None:  # fmt: skip
        self.behaviour, self.books, self.poi = behaviour or Behaviour(), Books(), poi
        self.heard: list[str] = []
        """Category of every request, in order."""
        self._answers: dict[str, dict[str, Any]] = {}
        """``ServiceID`` of a payment → its response."""
        self._running: set[str] = set()
        self._aborted: set[str] = set()
        self._changed = threading.Condition()
        context = None if folder is None else tls(folder, poi)
        if folder is not None:
            write_key(folder / "key.toml")
        self.web = WebSimulator(self.behaviour, self._respond, port, context)
        self.port, self.url, self.meter = self.web.port, self.web.url, self.web.meter

    def close(self) -> None:
        """Switch it off."""
        self.web.close()

    def _respond(self, asked: Asked) -> tuple[int, Any] | None:
        message = nexo.opened(asked.body, SECRET, "SaleToPOIRequest") if asked.path == "/nexo" else None
        if message is None:
            return 401, {}
        category = nexo.word(message, "MessageHeader", "MessageCategory")
        self.heard.append(category)
        body = nexo.part(message, f"{category}Request")
        answer = self._answer(category, nexo.part(message, "MessageHeader"), body)
        if answer is None:
            return None
        if self.behaviour.garbage and category == "Payment":
            return 200, self.behaviour.garbage
        return 200, self._sealed(message["MessageHeader"], category, answer)

    def _sealed(self, head: dict[str, Any], category: str, answer: dict[str, Any]) -> bytes:
        head = {**head, "MessageType": "Response"}
        plain = nexo.encode({"SaleToPOIResponse": {"MessageHeader": head, f"{category}Response": answer}})
        return json.dumps({"SaleToPOIResponse": {"MessageHeader": head, **seal(plain, SECRET, os.urandom(16))}},
                          separators=(",", ":")).encode()  # fmt: skip

    def _answer(self, category: str, head: dict[str, Any], body: dict[str, Any]) -> dict[str, Any] | None:
        if category in ("Payment", "Reversal"):
            return self._pay(category, nexo.word(head, "ServiceID"), body)
        if category == "TransactionStatus":
            return self._status(body)
        if category == "Abort":
            with self._changed:
                self._aborted.add(nexo.word(body, "MessageReference", "ServiceID"))
                self._changed.notify_all()
            return _result("Success")
        if category == "Reconciliation":
            done = self.books.charged()
            total = {"TransactionType": "Debit", "TransactionCount": len(done),
                     "TransactionAmount": nexo.amount(sum(done))}  # fmt: skip
            return {**_result("Success"), "TransactionTotals": [
                {"PaymentInstrumentType": "Card", "CardBrand": "maestro", "PaymentTotals": [total]}]}  # fmt: skip
        return _result("Failure", "UnavailableService")

    def _pay(self, category: str, service: str, body: dict[str, Any]) -> dict[str, Any] | None:
        if service in self._answers:
            return self._answers[service]
        wanted = cents(nexo.word(body, "PaymentTransaction", "AmountsReq", "RequestedAmount")) or 0
        if category == "Reversal" or nexo.word(body, "PaymentData", "PaymentType") == "Refund":
            wanted = -(cents(nexo.word(body, "ReversedAmount")) or wanted)
        ending = self.behaviour.ending(abs(wanted))
        self._running.add(service)
        if self.behaviour.late is not None:
            self.behaviour.late.wait()
        with self._changed:
            aborted = self._changed.wait_for(lambda: service in self._aborted, self.behaviour.dwell_s)
        if aborted:
            answer = _result("Failure", "Aborted")
        elif ending == DECLINE:
            self.books.add(wanted, service, ok=False)
            answer = _result("Failure", "Refusal")
        else:
            answer = approval(self.books.add(wanted, service))
        self._answers[service] = answer
        self._running.discard(service)
        if self.behaviour.hang:
            return None
        return _result("Partial") if ending == UNKNOWN else answer

    def _status(self, body: dict[str, Any]) -> dict[str, Any]:
        asked = nexo.part(body, "MessageReference")
        service = nexo.word(asked, "ServiceID") or next(reversed(self._answers), "")
        if service in self._running:
            return _result("Failure", "InProgress")
        if service not in self._answers or self.behaviour.end == UNKNOWN:
            return _result("Failure", "UnreachableHost" if self.behaviour.end == UNKNOWN else "NotFound")
        category = nexo.word(asked, "MessageCategory") or "Payment"
        return {
            **_result("Success"),
            "MessageReference": asked,
            "RepeatedMessageResponse": {
                "MessageHeader": {"MessageCategory": category, "ServiceID": service},
                "RepeatedResponseMessageBody": {f"{category}Response": self._answers[service]},
            },
        }


def approval(charge: Charge) -> dict[str, Any]:
    """The response to an approved payment or reversal."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(charge.at // 1000))
    text = "&".join(f"{name}={quote(value)}" for name, value in (("name", "Totaal"), ("value", euros(charge.amount))))
    return {
        "Response": {"Result": "Success", "AdditionalResponse": "pspReference=PSP123&cardType=maestro"},
        "POIData": {"POITransactionID": {"TransactionID": f"SIM{charge.number:06}", "TimeStamp": stamp}},
        "PaymentResult": {
            "PaymentInstrumentData": {
                "CardData": {"PaymentBrand": "maestro", "MaskedPan": "673400 **** 4771", "EntryMode": ["Contactless"]}
            },
            "AuthenticationMethod": ["OnlinePIN"],
            "AmountsResp": {"AuthorizedAmount": nexo.amount(abs(charge.amount))},
            "PaymentAcquirerData": {"ApprovalCode": "123456"},
        },
        "PaymentReceipt": [
            {"DocumentQualifier": "CustomerReceipt", "OutputContent": {"OutputText": [{"Text": text}]}},
        ],
    }


def write_key(path: Path) -> None:
    """The simulator's passphrase as the till wants it."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(f'passphrase = "{SECRET.passphrase}"\nkey_identifier = "{SECRET.identifier}"\n'
                   f"key_version = {SECRET.version}\n")  # fmt: skip


def tls(folder: Path, poi: str) -> ssl.SSLContext:
    """A context with a fresh certificate for ``poi``; the authority behind it is left in ``ca.pem``."""
    import datetime
    import ssl

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
             for text in ("Simulated root", f"{poi}.test.terminal.adyen.com")]  # fmt: skip
    now = datetime.datetime.now(datetime.UTC)
    for which, path in ((0, folder / "ca.pem"), (1, folder / "terminal.pem")):
        certificate = (
            x509.CertificateBuilder().subject_name(names[which]).issuer_name(names[0])
            .public_key(keys[which].public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(1)).not_valid_after(now + datetime.timedelta(30))
            .add_extension(x509.BasicConstraints(ca=which == 0, path_length=None), critical=True)
            .sign(keys[0], hashes.SHA256())
        )  # fmt: skip
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = keys[1].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    handle = os.open(folder / "terminal.key", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "terminal.pem", folder / "terminal.key")
    return context


def _result(result: str, error: str = "") -> dict[str, Any]:
    return {"Response": {"Result": result, **({"ErrorCondition": error} if error else {})}}
