"""What the black box keeps of card terminals and receipts: never a card's number, whatever message it stands in."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.domain.document import QR, Barcode, Cut, Row, Text
from kassa_tui.hardware.escpos_render import Layout, Renderer
from kassa_tui.hardware.terminals import hidden
from kassa_tui.hardware.terminals import nexo_json as nexo
from kassa_tui.hardware.terminals import opi_xml as opi
from kassa_tui.hardware.terminals import zvt_bytes as zvt
from kassa_tui.hardware.traffic import without_text

DIGITS = st.text("0123456789", min_size=12, max_size=19).filter(lambda digits: digits[0] in "3456")
COMMANDS = st.sampled_from(
    [zvt.STATUS, zvt.INTERMEDIATE, zvt.COMPLETION, zvt.TERMINAL_ABORT, zvt.PRINT_LINE, zvt.PRINT_BLOCK, zvt.REGISTER,
     zvt.AUTHORISE, zvt.REFUND, 0x0F01, 0x8400, 0x04DB]
)  # fmt: skip
CARD_FIELDS = (0x22, 0x23, 0x24, 0x2D, 0x2E, 0x3C, 0x60, 0x8B, 0xA7, 0xE0)


def packed(digits: str) -> bytes:
    """Two digits a byte, filled up as terminals do."""
    return bytes.fromhex(digits + "f" * (len(digits) % 2))


def absent(card: str, shown: bytes) -> None:
    """No form of the number is there."""
    assert card.encode() not in shown
    assert packed(card)[:6] not in shown
    assert card not in shown.hex()
    assert card not in re.sub(rb"\D", b"", shown).decode()


@given(COMMANDS, DIGITS, st.sampled_from(CARD_FIELDS), st.booleans())
def test_a_card_in_a_field_of_zvt(control: int, card: str, field: int, text: bool) -> None:
    value = card.encode() if text else packed(card)
    data = zvt.encode_fields({0x27: b"\0", 0x04: zvt.bcd(1234, 6), field: value})
    absent(card, hidden.apdu(zvt.Apdu(control, data)))


@given(COMMANDS, DIGITS, st.booleans())
def test_a_card_in_a_container_of_zvt(control: int, card: str, text: bool) -> None:
    value = card.encode() if text else packed(card)
    inside = zvt.tlv(0x60, zvt.tlv(0x5A, value) + zvt.tlv(0x57, value)) + zvt.tlv(0x07, b"KAART " + card.encode())
    absent(card, hidden.apdu(zvt.Apdu(control, zvt.encode_fields({0x27: b"\0"}) + zvt.encode_container(inside))))


@given(st.binary(max_size=300), st.integers(0, 0xFFFF))
def test_any_command_keeps_its_length(data: bytes, control: int) -> None:
    shown = hidden.apdu(zvt.Apdu(control, data))
    assert len(shown) == len(zvt.Apdu(control, data).encode())
    assert shown[:2] == control.to_bytes(2, "big")


def test_what_explains_a_payment_is_left() -> None:
    data = zvt.encode_fields({0x27: b"\0", 0x04: zvt.bcd(1234, 6), 0x29: zvt.bcd(12345678, 4), 0x22: packed("4" * 16)})
    shown = hidden.apdu(zvt.Apdu(zvt.STATUS, data))
    assert shown.startswith(b"\x04\x0f" + bytes([len(data)]) + b"\x27\x00\x04\x00\x00\x00\x00\x12\x34\x29\x12\x34")
    assert shown.endswith(b"\x22**********")


def test_a_password_is_hidden() -> None:
    assert hidden.apdu(zvt.register(123456, service=1)) == b"\x06\x00\x08***\xbe\x09\x78\x03\x01"
    assert hidden.apdu(zvt.end_of_day(123456)) == b"\x06\x50\x03***"


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, bytes]:
    """XML with a card's number somewhere."""
    card = draw(DIGITS)
    spaced = " ".join(re.findall("....?", card))
    forms = [card, spaced, f";{card}=2512201?", f"PAN {card}", f"&#{ord(card[0])};{card[1:]}"]
    parts = draw(st.sampled_from(forms))
    raw = parts if "&#" in parts else escape(parts)
    name = draw(st.sampled_from(["CardPAN", "CardNumber", "Track2", "TotalAmount", "TimeStamp", "RequestID", "Line"]))
    where = draw(st.sampled_from(["attribute", "text", "cdata", "comment", "loose"]))
    middle = {
        "attribute": f"<Tender {name}={quoteattr(parts) if '&#' not in parts else chr(34) + raw + chr(34)}/>",
        "text": f"<{name}>{raw}</{name}>",
        "cdata": f"<{name}><![CDATA[{parts}]]></{name}>",
        "comment": f"<!-- {parts} -->",
        "loose": parts + "<<",
    }[where]
    document = f'<CardServiceResponse RequestType="CardPayment" OverallResult="Success">{middle}</CardServiceResponse>'
    return card, document.encode()


@given(documents(), st.integers(0, 400))
def test_a_card_in_a_document_of_opi(made: tuple[str, bytes], cut: int) -> None:
    card, document = made
    for data in (document, document[cut:], document[:cut]):
        shown = hidden.xml(data)
        absent(card, shown)
        if data is document:
            assert b'OverallResult="Success"' in shown


@given(st.binary(max_size=400))
def test_any_bytes_are_no_trouble(data: bytes) -> None:
    assert isinstance(hidden.xml(data), bytes)
    assert isinstance(hidden.json_text(data), bytes)
    assert len(without_text(data)) == len(data)


def test_a_request_of_ours_is_left_as_it_is() -> None:
    text = opi.request("CardServiceRequest", "CardPayment", "123456789", "1", "001", "2026-11-22T13:19:39", 1234)
    assert hidden.xml(text.encode()) == text.encode()


NAMES = st.sampled_from(
    ["MaskedPan", "PAN", "Text", "AdditionalResponse", "value", "status", "TransactionID", "detail"]
)


@given(DIGITS, NAMES, st.integers(0, 3), st.sampled_from(["text", "number", "name", "list", "form"]))
def test_a_card_in_an_object(card: str, name: str, depth: int, how: str) -> None:
    found: Any = {
        "text": {name: card}, "number": {name: int(card)}, "name": {card: name}, "list": {name: [{"x": card}, card]},
        "form": {name: f"name=Kaart&value={card}&pan={' '.join(card)}"},
    }[how]  # fmt: skip
    for _ in range(depth):
        found = {"SaleToPOIResponse": [found, {"Result": "Success"}]}
    shown = hidden.json_text(json.dumps(found).encode())
    absent(card, shown)
    assert depth == 0 or b'"Result":"Success"' in shown


@given(DIGITS)
def test_what_is_no_object_is_stars(card: str) -> None:
    assert hidden.json_text(b"{" + card.encode()) == b"********"


def test_a_request_to_a_terminal_is_readable() -> None:
    body = {"MessageHeader": nexo.header("Abort", "K1", "0123456789", "S1F2-1"), "AbortRequest": {"AbortReason": "x"}}
    assert json.loads(hidden.json_text(nexo.encode(body))) == body
    assert hidden.number(b"GET /v2/payments/tr_4111111111111111") == b"GET /v2/payments/tr_****************"


@pytest.mark.parametrize("profile", ["TM-T88V", "default", "TM-U220"])
@given(name=st.text("abcdefghijklmnopqrstuvwxyzëüABCDEFGHIJ", min_size=5, max_size=20), card=DIGITS)
def test_a_receipt_keeps_its_commands_and_no_text(
    tmp_path_factory: pytest.TempPathFactory, profile: str, name: str, card: str
) -> None:
    renderer = _renderer(tmp_path_factory, profile)
    document = (Text(name, tall=True), Row(name, "12,34"), Text(card), QR(card), Barcode("K1-000001"), Cut())
    data = renderer.render(document)
    shown = without_text(data)
    assert len(shown) == len(data)
    assert shown[:2] == b"\x1b@"
    absent(card, shown)
    for page in ("cp858", "cp437", "utf-8", "cp1252"):
        for length in range(3, len(name) + 1):
            assert name[:length].encode(page, "replace") not in shown
    assert not re.search(rb"[A-Za-z0-9]{3}", shown), "nothing of two signs is a command's name"


_MADE: dict[str, Renderer] = {}


def _renderer(folders: pytest.TempPathFactory, profile: str) -> Renderer:
    if profile not in _MADE:
        _MADE[profile] = Renderer(Layout(profile=profile, codepage="CP858" if profile == "TM-T88V" else "CP437"),
                                  folders.mktemp("state"))  # fmt: skip
    return _MADE[profile]
