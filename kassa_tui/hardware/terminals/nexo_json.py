"""nexo Retailer messages as Adyen's local Terminal API has them (standards 7.4). Pure; nothing raises."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any
from urllib.parse import parse_qsl

from kassa_tui.hardware.terminals import nexo_crypto
from kassa_tui.hardware.terminals.amounts import euros
from kassa_tui.hardware.terminals.nexo_crypto import Secret
from kassa_tui.services.ports import CardRequest

PROTOCOL = "3.0"
SERVICE_CHARS = 10
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MARK = "\u0001"
_METHODS = {
    "Contactless": "contactless", "Tapped": "contactless", "ICC": "chip", "SynchronousICC": "chip",
    "MagStripe": "stripe",
}  # fmt: skip
_VERIFICATIONS = {
    "OnlinePIN": "pin", "OfflinePIN": "pin", "SignatureCapture": "signature", "PaperSignature": "signature",
    "Bypass": "none", "NoCVM": "none", "ConsumerDeviceCVM": "device", "CDCVM": "device",
}  # fmt: skip


def service_id(text: str) -> str:
    """Ten characters that follow from a text, unique for as long as it matters (48 hours)."""
    number, chars = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"), ""
    for _ in range(SERVICE_CHARS):
        number, digit = divmod(number, len(_ALPHABET))
        chars += _ALPHABET[digit]
    return chars


def header(category: str, sale: str, service: str, poi: str) -> dict[str, Any]:
    """A ``MessageHeader``."""
    return {
        "ProtocolVersion": PROTOCOL, "MessageClass": "Service", "MessageCategory": category, "MessageType": "Request",
        "SaleID": sale, "ServiceID": service, "POIID": poi,
    }  # fmt: skip


def amount(cents: int) -> str:
    """An amount for `encode`, which writes it as a number."""
    return f"{_MARK}{euros(cents)}{_MARK}"


def payment(request: CardRequest, stamp: str, currency: str = "EUR") -> dict[str, Any]:
    """A ``PaymentRequest``; with a negative amount a refund without reference."""
    body: dict[str, Any] = {
        "SaleData": {"SaleTransactionID": {"TransactionID": request.payment, "TimeStamp": stamp}},
        "PaymentTransaction": {
            "AmountsReq": {"Currency": currency, "RequestedAmount": amount(abs(request.amount))},
        },
    }
    if request.amount < 0:
        body["PaymentData"] = {"PaymentType": "Refund"}
    return body


def reversal(request: CardRequest, stamp: str) -> dict[str, Any]:
    """A ``ReversalRequest`` of the payment that `CardRequest.origin` tells of."""
    original = {"TransactionID": request.origin["transaction"], "TimeStamp": request.origin["stamp"]}
    return {
        "OriginalPOITransaction": {"POITransactionID": original},
        "ReversalReason": "MerchantCancel",
        "ReversedAmount": amount(abs(request.amount)),
        "SaleData": {"SaleTransactionID": {"TransactionID": request.payment, "TimeStamp": stamp}},
    }


def reference(category: str, sale: str, service: str) -> dict[str, Any]:
    """A ``MessageReference``."""
    return {"MessageCategory": category, "SaleID": sale, "ServiceID": service}


def encode(message: Any) -> bytes:
    """JSON in which amounts are numbers with two decimals."""
    text = json.dumps(message, ensure_ascii=True, separators=(",", ":"))
    mark = json.dumps(_MARK)[1:-1]
    return text.replace(f'"{mark}', "").replace(f'{mark}"', "").encode()


def sealed(category: str, head: dict[str, Any], body: dict[str, Any], secret: Secret, nonce: bytes) -> bytes:
    """A request as it travels."""
    plain = encode({"SaleToPOIRequest": {"MessageHeader": head, f"{category}Request": body}})
    return encode({"SaleToPOIRequest": {"MessageHeader": head, **nexo_crypto.seal(plain, secret, nonce)}})


def opened(data: bytes, secret: Secret, which: str = "SaleToPOIResponse") -> dict[str, Any] | None:
    """The message inside a sealed one; None where it is broken or was sealed with another secret."""
    outer = _decoded(data)
    plain = nexo_crypto.unseal(part(outer, which), secret)
    message = part(_decoded(plain), which) if plain is not None else {}
    return message or None


def _decoded(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8"), parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None


def part(message: Any, *path: str) -> dict[str, Any]:
    """The object at a path of names; empty where there is none."""
    for name in path:
        message = message.get(name) if isinstance(message, dict) else None
    return message if isinstance(message, dict) else {}


def word(message: Any, *path: str) -> str:
    """The text or number at a path of names; empty where there is none. Of a list the first."""
    value = part(message, *path[:-1]).get(path[-1])
    if isinstance(value, list):
        value = value[0] if value else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def additional(text: str) -> dict[str, str]:
    """``AdditionalResponse``: form-encoded pairs, or a JSON object in base64."""
    try:
        inner = _decoded(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        inner = None
    if isinstance(inner, dict):
        pairs = {**inner, **part(inner, "additionalData")}
        return {str(key): str(value) for key, value in pairs.items() if isinstance(value, str | int)}
    try:
        return dict(parse_qsl(text, max_num_fields=1000))
    except ValueError:
        return {}


def card_detail(body: dict[str, Any]) -> dict[str, str]:
    """What a ``PaymentResponse`` tells about card and transaction."""
    more = additional(word(body, "Response", "AdditionalResponse"))
    result = part(body, "PaymentResult")
    card = part(result, "PaymentInstrumentData", "CardData")
    return {
        "brand": word(card, "PaymentBrand") or more.get("cardType", ""),
        "number": word(card, "MaskedPan") or more.get("maskedPan", ""),
        "authorisation": word(result, "PaymentAcquirerData", "ApprovalCode") or more.get("authCode", ""),
        "method": _METHODS.get(word(card, "EntryMode"), ""),
        "verification": _VERIFICATIONS.get(word(result, "AuthenticationMethod"), ""),
        "transaction": word(body, "POIData", "POITransactionID", "TransactionID"),
        "stamp": word(body, "POIData", "POITransactionID", "TimeStamp"),
        "reference": more.get("pspReference", ""),
    }


def receipt(body: dict[str, Any], qualifier: str = "CustomerReceipt") -> list[str]:
    """Lines of a receipt in a response: each is form-encoded ``name`` and ``value``."""
    receipts = body.get("PaymentReceipt")
    lines = []
    for document in receipts if isinstance(receipts, list) else ():
        texts = part(document, "OutputContent").get("OutputText")
        if word(document, "DocumentQualifier") != qualifier or not isinstance(texts, list):
            continue
        for text in texts:
            pairs = additional(word(text, "Text"))
            lines.append(f"{pairs.get('name', '')}  {pairs.get('value', '')}".strip())
    return lines
