"""Messages of card terminals with everything taken out that might be about a card or a customer.

Not what looks like a card's number is hidden, but all that is not known to be harmless: fields, elements and names that
stand in no list here are stars. Pure; never raises; a message that cannot be read is stars from end to end.
"""

from __future__ import annotations

import json
import re
from typing import Any

from kassa_tui.hardware.terminals import zvt_bytes as zvt

STAR = b"*"
MOST_STARS = 8
"""In place of one value: how long it was is nobody's business either."""
MAX_DEPTH = 40

SHOWN_FIELDS = frozenset((0x02, 0x03, 0x04, 0x05, 0x0B, 0x0C, 0x0D, 0x19, 0x27, 0x29, 0x49, 0x87, 0x88, 0x8A, 0x8C,
                          0xA0, 0xAA))  # fmt: skip
"""ZVT: amount, numbers, times, result, terminal, currency, receipt, kind of card."""
_FIELDS_AT = {zvt.AUTHORISE: (0, 0), zvt.STATUS: (0, 0), zvt.REGISTER: (3, 6), zvt.REFUND: (3, 3),
              zvt.REVERSAL: (3, 3), zvt.REPEAT_RECEIPT: (3, 3), zvt.END_OF_DAY: (3, 3)}  # fmt: skip
"""Command → bytes of a password, and where the fields begin."""
_CODES = {zvt.COMPLETION: 1, zvt.TERMINAL_ABORT: 1, zvt.INTERMEDIATE: 2, zvt.PRINT_LINE: 1}
"""Command → bytes of a code at its beginning; behind them there may be text."""

SHOWN_XML = frozenset((
    b"version", b"encoding", b"xmlns", b"RequestType", b"RequestID", b"WorkstationID", b"POPID", b"OverallResult",
    b"ApplicationSender", b"OutDeviceTarget", b"OutResult", b"InDeviceTarget", b"InResult", b"Currency", b"TimeStamp",
    b"STAN", b"TerminalID", b"CardCircuit", b"TotalAmount", b"POSTimeStamp", b"ErrorCode",
))  # fmt: skip
"""OPI: attributes, and elements with their text."""
SHOWN_JSON = frozenset((
    "ProtocolVersion", "MessageClass", "MessageCategory", "MessageType", "SaleID", "ServiceID", "POIID", "Result",
    "ErrorCondition", "TransactionID", "TimeStamp", "Currency", "RequestedAmount", "AuthorizedAmount",
    "ReversedAmount", "PaymentType", "ReversalReason", "AbortReason", "ReconciliationType", "DocumentQualifier",
    "EntryMode", "AuthenticationMethod", "PaymentBrand", "id", "status", "code", "title", "currency", "value",
    "minor_unit", "state", "method", "terminalId", "createdAt", "payment", "foreign_transaction_id", "checkout_id",
    "client_transaction_id", "transaction_code", "timestamp", "count", "failureReason",
))  # fmt: skip
"""nexo, Mollie, SumUp: names whose value is shown."""

_NUMBER = re.compile(rb"\d(?:[ ./_=-]?\d){11,}")
"""No harmless value has twelve digits in a row, and no card has fewer."""
_TOKEN = re.compile(rb"<[^<>]*>|[^<]+|<")
_TAG = re.compile(rb"<\??/?([A-Za-z_][\w:.-]*)((?:\s+[A-Za-z_][\w:.-]*\s*=\s*(?:\"[^\"]*\"|'[^']*'))*)\s*[/?]?>")
_ATTRIBUTE = re.compile(rb"([A-Za-z_][\w:.-]*)(\s*=\s*)(\"[^\"]*\"|'[^']*')")
_PRINTED = re.compile(rb"\S")
_NAME = re.compile(r"[A-Za-z_][A-Za-z_:.-]{0,39}")


def apdu(command: zvt.Apdu) -> bytes:
    """A ZVT command as it travels, its length unchanged."""
    data, control = command.data, command.control
    if control in _FIELDS_AT:
        secret, start = _FIELDS_AT[control]
        shown = STAR * len(data[:secret]) + data[secret:start] + _fields(data[start:])
    else:
        code = _CODES.get(control, 0)
        shown = data[:code] + STAR * len(data[code:])
    return zvt.Apdu(control, shown).encode()


def _fields(data: bytes) -> bytes:
    out, at = b"", 0
    while at < len(data) and (bounds := zvt.bounds(data, at)) is not None:
        end = bounds[1]
        shown = data[at] in SHOWN_FIELDS
        out += data[at:end] if shown else data[at : at + 1] + STAR * (end - at - 1)
        at = end
    return out + STAR * (len(data) - at)


def xml(data: bytes) -> bytes:
    """A document of OPI."""
    out, element = [], b""
    for token in _TOKEN.findall(data):
        tag = _TAG.fullmatch(token)
        if tag is not None:
            element = b"" if token.startswith((b"</", b"<?")) or token.endswith(b"/>") else tag[1]
            out.append(_ATTRIBUTE.sub(_attribute, token))
        elif element in SHOWN_XML and b"&" not in token:
            out.append(token)
        else:
            element = b""
            out.append(_PRINTED.sub(STAR, token))
    return number(b"".join(out))


def _attribute(found: re.Match[bytes]) -> bytes:
    name, equals, value = found.groups()
    shown = name in SHOWN_XML and b"&" not in value
    return bytes(found[0]) if shown else name + equals + value[:1] + STAR * min(len(value) - 2, MOST_STARS) + value[-1:]


def json_text(data: bytes) -> bytes:
    """An object of nexo or of a cloud."""
    try:
        found = json.loads(data.decode("utf-8"), parse_float=str, parse_constant=str)
        text = json.dumps(_value(found, False, MAX_DEPTH), separators=(",", ":"))
    except (ValueError, RecursionError):
        return STAR * min(len(data), MOST_STARS)
    return number(text.encode())


def _value(value: Any, shown: bool, depth: int) -> Any:
    if depth and isinstance(value, dict):
        return {_name(key): _value(each, key in SHOWN_JSON, depth - 1) for key, each in value.items()}
    if depth and isinstance(value, list):
        return [_value(each, shown, depth - 1) for each in value]
    if value is None or isinstance(value, bool) or (shown and isinstance(value, str | int)):
        return value
    return "*" * min(len(str(value)), MOST_STARS)


def _name(key: str) -> str:
    """Names with digits or of other signs are nobody's names."""
    return key if key in SHOWN_JSON or _NAME.fullmatch(key) else "*"


def number(data: bytes) -> bytes:
    """Without anything as long as a card's number."""
    return _NUMBER.sub(lambda found: STAR * len(found[0]), data)
