"""OPI as bytes (standards 7.3): four bytes of length, the highest first, and an XML document. Pure; nothing raises."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from kassa_tui.hardware.terminals.amounts import euros

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

NAMESPACE = "http://www.nrf-arts.org/IXRetail/namespace"
HEAD = '<?xml version="1.0" encoding="ISO-8859-1"?>\n'
ENCODING = "iso-8859-1"
MAX_MESSAGE = 1 << 20
CUSTOMER_SLIP, MERCHANT_SLIP = "PrinterReceipt", "Printer"

_FORBIDDEN = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_STATES = (
    (re.compile(r"verwijder|uitnemen|neem .*kaart|remove|retire", re.I), "remove_card"),
    (re.compile(r"pin", re.I), "enter_pin"),
    (re.compile(r"kaart|card|carte", re.I), "present_card"),
)
_METHODS = (("contactless", "contactless|nfc|ctls|proximity"), ("chip", "chip|icc|emv"), ("stripe", "mag|stripe|swipe"))
_VERIFICATIONS = (("device", "device|cdcvm|mobile"), ("signature", "sign"), ("none", "^no|none"), ("pin", "pin"))


@dataclass(slots=True)
class Splitter:
    """Cuts a stream of bytes, however it arrives, into documents."""

    broken: bool = False
    """A length that cannot be; nothing after it can be read."""
    _left: bytes = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The documents that are complete now."""
        self._left += data
        found: list[bytes] = []
        while not self.broken and len(self._left) >= 4:
            size = int.from_bytes(self._left[:4], "big")
            if not 0 < size <= MAX_MESSAGE:
                self.broken, self._left = True, b""
            elif len(self._left) < 4 + size:
                break
            else:
                found.append(self._left[4 : 4 + size])
                self._left = self._left[4 + size :]
        return found

    @property
    def left(self) -> bytes:
        """Bytes of a document that is not complete."""
        return self._left


def framed(document: str) -> bytes:
    """A document with its length."""
    data = document.encode(ENCODING, "xmlcharrefreplace")
    return len(data).to_bytes(4, "big") + data


@dataclass(frozen=True, slots=True)
class Message:
    """A document as far as a till cares."""

    tag: str
    """``CardServiceResponse``, ``DeviceRequest`` …"""
    kind: str
    """``RequestType``."""
    request: str
    """``RequestID``."""
    result: str
    """``OverallResult``; empty in a request."""
    root: Element = field(repr=False, compare=False)

    def text(self, path: str) -> str:
        """Text of the first element with this path, as ``Tender/TotalAmount``."""
        found = self.root.find(path)
        return (found.text or "").strip() if found is not None else ""

    def attribute(self, path: str, name: str) -> str:
        """Attribute of the first element with this path; of the document itself where the path is ``.``."""
        found = self.root if path == "." else self.root.find(path)
        return found.get(name, "").strip() if found is not None else ""


def parse(data: bytes) -> Message | None:
    """One document; None where it is not one, or defines entities."""
    from xml.etree import ElementTree

    if _FORBIDDEN.search(data):
        return None
    try:
        root = ElementTree.fromstring(data)
    # An encoding that Python does not know is a LookupError, one that does not fit a ValueError.
    except (ElementTree.ParseError, LookupError, ValueError, RecursionError):
        return None
    for element in root.iter():
        element.tag = str(element.tag).rpartition("}")[2]
    return Message(
        root.tag, root.get("RequestType", ""), root.get("RequestID", ""), root.get("OverallResult", ""), root
    )  # fmt: skip


def request(
    tag: str, kind: str, number: str, workstation: str, pop: str, stamp: str, amount: int | None = None,
    currency: str = "EUR", stan: str = "",
) -> str:  # fmt: skip
    """A ``CardServiceRequest`` or ``ServiceRequest``; ``stamp`` is local time as ``2026-11-22T13:19:39``, the amount in
    cents."""
    head = {
        "xmlns": NAMESPACE, "RequestType": kind, "ApplicationSender": "KASSA", "POPID": pop,
        "WorkstationID": workstation, "RequestID": number,
    }  # fmt: skip
    body = f"  <POSdata><POSTimeStamp>{escape(stamp)}</POSTimeStamp></POSdata>\n"
    if stan:
        body += f"  <OriginalTransaction STAN={quoteattr(stan)}/>\n"
    if amount is not None:
        body += f"  <TotalAmount Currency={quoteattr(currency)}>{euros(amount)}</TotalAmount>\n"
    return f"{HEAD}<{tag}{_attributes(head)}>\n{body}</{tag}>"


def device_response(asked: Message, result: str = "Success") -> str:
    """The answer to a ``DeviceRequest``: every output done, or no input given."""
    head = {
        "xmlns": NAMESPACE, "RequestType": asked.kind, "ApplicationSender": "KASSA",
        "WorkstationID": asked.attribute(".", "WorkstationID"), "RequestID": asked.request,
        "POPID": asked.attribute(".", "POPID"), "OverallResult": result,
    }  # fmt: skip
    body = "".join(
        f"  <Output{_attributes({'OutDeviceTarget': out.get('OutDeviceTarget', ''), 'OutResult': 'Success'})}/>\n"
        for out in asked.root.findall("Output")
    ) + "".join(
        f"  <Input{_attributes({'InDeviceTarget': given.get('InDeviceTarget', ''), 'InResult': result})}/>\n"
        for given in asked.root.findall("Input")
    )
    return f"{HEAD}<DeviceResponse{_attributes({k: v for k, v in head.items() if v})}>\n{body}</DeviceResponse>"


def output(asked: Message) -> list[tuple[str, list[str]]]:
    """What a ``DeviceRequest`` wants shown or printed: device and lines."""
    return [
        (out.get("OutDeviceTarget", ""), ["".join(line.itertext()) for line in out.findall("TextLine")])
        for out in asked.root.findall("Output")
    ]


def shown_state(lines: Iterable[str]) -> str:
    """Our word for what a terminal shows the cashier."""
    text = " ".join(lines)
    return next((state for pattern, state in _STATES if pattern.search(text)), "busy")


def card_detail(answer: Message) -> dict[str, str]:
    """What a ``CardServiceResponse`` tells about card and transaction."""
    where = "Tender/Authorisation"
    return {
        "brand": answer.attribute(where, "CardCircuit") or answer.text("CardValue/CardCircuit"),
        "number": answer.attribute(where, "CardPAN") or answer.text("CardValue/CardPAN"),
        "authorisation": answer.attribute(where, "ApprovalCode"),
        "method": _word(_METHODS, answer.text("PrivateData/CardTechnologyType")),
        "verification": _word(_VERIFICATIONS, answer.text("PrivateData/CardVerificationMethod")),
        "terminal": answer.attribute("Terminal", "TerminalID"),
        "transaction": answer.attribute("Terminal", "STAN"),
    }


def error_text(answer: Message) -> str:
    """Why not, in the terminal's words."""
    return " ".join(
        filter(None, (answer.text("PrivateData/ErrorText"), answer.text("PrivateData/ErrorCode"), answer.result))
    )


def _word(table: tuple[tuple[str, str], ...], text: str) -> str:
    return next((word for word, pattern in table if text and re.search(pattern, text, re.I)), "")


def _attributes(values: dict[str, str]) -> str:
    return "".join(f" {name}={quoteattr(_legal(value))}" for name, value in values.items())


def _legal(text: str) -> str:
    return "".join(char for char in text if char.isprintable())
