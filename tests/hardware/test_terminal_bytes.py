"""The bytes of each terminal protocol against the tables of the standards, to the last byte."""

from __future__ import annotations

import base64
import json
import time

import pytest

from kassa_tui.hardware.terminals import nexo_crypto, nexo_json, opi_xml, zvt_bytes, zvt_frames
from kassa_tui.hardware.terminals.amounts import cents, euros, moment
from kassa_tui.hardware.terminals.detail import clean, judge, mask, slip
from kassa_tui.hardware.terminals.nexo import named
from kassa_tui.hardware.terminals.nexo_crypto import Secret
from kassa_tui.hardware.terminals.opi import request_number
from kassa_tui.hardware.terminals.zvt import moment as zvt_moment
from kassa_tui.hardware.terminals.zvt import terminal_state
from kassa_tui.services.ports import CardRequest

TLV = bytes.fromhex("26040A0206D3")

COMMANDS = [
    (zvt_bytes.Apdu(0x8000), "800000", "1002 800000 1003 F51F"),
    (
        zvt_bytes.register(0, config=0xB6, service=1),
        "06 00 08 000000 B6 0978 0301",
        "1002 06 00 08 000000 B6 0978 0301 1003 B29E",
    ),
    (
        zvt_bytes.register(0, config=0xB6, service=1, container=TLV),
        "06 00 10 000000 B6 0978 0301 06 06 26040A0206D3",
        "1002 06 00 1010 000000 B6 0978 0301 06 06 26040A0206D3 1003 B431",
    ),
    (
        zvt_bytes.authorise(1000, None),
        "06 01 07 04 000000001000",
        "1002 06 01 07 04 00000000 1010 00 1003 6291",
    ),
    (
        zvt_bytes.authorise(1234),
        "06 01 0A 04 000000001234 49 0978",
        "1002 06 01 0A 04 000000001234 49 0978 1003 B091",
    ),
    (
        zvt_bytes.refund(0, 500),
        "06 31 0A 000000 04 000000000500",
        "1002 06 31 0A 000000 04 000000000500 1003 1FF1",
    ),
    (zvt_bytes.reversal(0, 8), "06 30 06 000000 87 0008", "1002 06 30 06 000000 87 0008 1003 DA7B"),
    (zvt_bytes.end_of_day(0), "06 50 03 000000", "1002 06 50 03 000000 1003 FB37"),
    (zvt_bytes.Apdu(zvt_bytes.ABORT), "06 B0 00", "1002 06 B0 00 1003 43F3"),
    (zvt_bytes.Apdu(zvt_bytes.STATUS_ENQUIRY), "05 01 00", "1002 05 01 00 1003 1006"),
]
"""Command, its bytes over TCP, and over a serial line: every vector of the standards."""

APPROVED = (
    "27 00 0C 231355 0D 1029 0E 9999 22 F0F8 EEEEEEEEEEEE4771 A0 01 29 00000006 87 0008 0B 000000 8A 06"
    " 8B F1F1 4D41535445524341524400"
)
"""The receive example: approved 23:13:55 on 29-10, receipt 0008, card 06."""


@pytest.mark.parametrize(("apdu", "plain", "framed"), COMMANDS)
def test_a_zvt_command_is_these_bytes(apdu: zvt_bytes.Apdu, plain: str, framed: str) -> None:
    assert apdu.encode() == bytes.fromhex(plain)
    assert zvt_bytes.parse_apdu(bytes.fromhex(plain)) == apdu
    assert zvt_bytes.parse_apdu(bytes.fromhex(plain) + b"\0") is None
    assert zvt_frames.frame(apdu.encode()) == bytes.fromhex(framed)
    assert zvt_frames.Deframer().feed(bytes.fromhex(framed)) == [apdu.encode()]


def test_every_vector_comes_out_of_one_stream_of_single_bytes() -> None:
    splitter, deframer = zvt_bytes.Splitter(), zvt_frames.Deframer()
    apdus = [apdu for apdu, _, _ in COMMANDS]
    stream = b"".join(apdu.encode() for apdu in apdus)
    assert [found for byte in stream for found in splitter.feed(bytes([byte]))] == apdus
    assert splitter.left == b""
    framed = b"".join(zvt_frames.frame(apdu.encode()) + b"\x06" for apdu in apdus)
    events = [event for byte in framed for event in deframer.feed(bytes([byte]))]
    assert events == [part for apdu in apdus for part in (apdu.encode(), zvt_frames.TAKEN)]
    assert not deframer.inside


@pytest.mark.parametrize("size", [0, 1, 0xFE, 0xFF, 0x100, 654, 0xFFFF])
def test_lengths_of_a_zvt_command(size: int) -> None:
    apdu = zvt_bytes.Apdu(0x06D3, b"x" * size)
    assert zvt_bytes.parse_apdu(apdu.encode()) == apdu
    if size == 654:
        assert apdu.encode()[:5] == bytes.fromhex("06D3FF8E02")


def test_status_information_of_the_example() -> None:
    info = zvt_bytes.status_info(bytes.fromhex(APPROVED))
    assert info.left == b""
    assert (info.result, info.time, info.date, info.receipt) == (0, "231355", "1029", "0008")
    assert info.detail == {"brand": "MASTERCARD", "number": "************4771", "terminal": "00000006",
                           "transaction": "000000"}  # fmt: skip
    assert mask(info.detail["number"]) == "************4771"


def test_fields_keep_what_they_cannot_read() -> None:
    assert zvt_bytes.fields(bytes.fromhex("2700FF0102")) == ({0x27: b"\0"}, b"\xff\x01\x02")
    assert zvt_bytes.fields(bytes.fromhex("0400")) == ({}, b"\x04\x00")
    assert zvt_bytes.fields(b"") == ({}, b"")


@pytest.mark.parametrize(
    ("tag", "value"),
    [(0x22, b"\x67" * 8), (0x3C, b"text" * 30), (0x8B, b"Visa\0"), (0x60, b"\x01" * 100),
     (0x06, b"\x1f\x10\x01\x02" * 60), (0x04, b"\0\0\0\0\x12\x34"), (0x3B, b"12345678"), (0x2A, b"M" * 15)],
)  # fmt: skip
def test_a_field_is_read_as_it_is_written(tag: int, value: bytes) -> None:
    assert zvt_bytes.fields(zvt_bytes.encode_fields({tag: value, 0x27: b"\0"})) == ({tag: value, 0x27: b"\0"}, b"")


@pytest.mark.parametrize("size", [0, 0x7F, 0x80, 0xFF, 0x100, 0x1234])
def test_tags_of_every_length(size: int) -> None:
    value = b"v" * size
    assert list(zvt_bytes.tags(zvt_bytes.tlv(0x1F10, value) + zvt_bytes.tlv(0x07, b"x"))) == [
        (0x1F10, value), (0x07, b"x"),
    ]  # fmt: skip


def test_tags_inside_containers() -> None:
    inside = zvt_bytes.tlv(0x1F10, b"\x03") + zvt_bytes.tlv(0x1F12, b"\x01")
    info = zvt_bytes.status_info(zvt_bytes.encode_fields({0x27: b"\0", 0x06: zvt_bytes.tlv(0x2F, inside)}))
    assert info.detail == {"verification": "pin", "method": "chip"}


def test_zvt_text_to_print() -> None:
    assert zvt_bytes.print_line(b"\x40Betr\x84g") == "Beträg"
    assert zvt_bytes.print_line(b"\xff\x03") == ""
    assert zvt_bytes.print_line(b"") == ""
    block = zvt_bytes.tlv(0x1F07, b"\x02") + zvt_bytes.tlv(
        0x25, zvt_bytes.tlv(0x09, b"\x40") + zvt_bytes.tlv(0x07, b"AA")
    )
    assert zvt_bytes.print_block(zvt_bytes.encode_container(block)) == (2, ["AA"])


@pytest.mark.parametrize(
    ("data", "state"),
    [(b"", 0), (b"\0", 0), (b"\x9c", 0x9C), (b"\x19\xdc", 0xDC), (bytes.fromhex("190029000000 06"), 0)],
)
def test_the_state_in_a_completion(data: bytes, state: int) -> None:
    assert terminal_state(data) == state


@pytest.mark.parametrize(
    "spoil", [lambda f: f[:-1] + bytes([f[-1] ^ 1]), lambda f: f[:4] + bytes([f[4] ^ 0x40]) + f[5:]]
)
def test_a_damaged_frame_is_bad_and_the_next_one_good(spoil: object) -> None:
    good = zvt_frames.frame(zvt_bytes.authorise(1234).encode())
    bad = spoil(good)  # type: ignore[operator]
    assert zvt_frames.Deframer().feed(bad + good) == [zvt_frames.BAD, zvt_bytes.authorise(1234).encode()]


def test_a_frame_that_begins_inside_another() -> None:
    good = zvt_frames.frame(b"\x06\xb0\x00")
    assert zvt_frames.Deframer().feed(good[:4] + good) == [zvt_frames.BAD, b"\x06\xb0\x00"]


@pytest.mark.parametrize(
    ("date", "clock", "near", "found"),
    [("1029", "231355", (2026, 10, 29, 23, 13, 55), True), ("1231", "235959", (2027, 1, 1, 0, 0, 5), True),
     ("0101", "000005", (2026, 12, 31, 23, 59, 59), True), ("0229", "120000", (2027, 3, 1, 12, 0, 0), False),
     ("", "", (2026, 1, 1, 0, 0, 0), False), ("1399", "120000", (2026, 1, 1, 0, 0, 0), False)],
)  # fmt: skip
def test_a_zvt_time_is_in_the_nearest_year(date: str, clock: str, near: tuple[int, ...], found: bool) -> None:
    at = int(time.mktime((*near, 0, 0, -1))) * 1000  # type: ignore[arg-type]
    told = zvt_moment(date, clock, at)
    assert (told is not None and abs(told - at) < 60_000) == found


def test_an_opi_payment_is_this_document() -> None:
    document = opi_xml.request("CardServiceRequest", "CardPayment", "20544", "1", "001", "2026-11-22T13:19:39", 3950)
    assert document == (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n'
        '<CardServiceRequest xmlns="http://www.nrf-arts.org/IXRetail/namespace" RequestType="CardPayment" '
        'ApplicationSender="KASSA" POPID="001" WorkstationID="1" RequestID="20544">\n'
        "  <POSdata><POSTimeStamp>2026-11-22T13:19:39</POSTimeStamp></POSdata>\n"
        '  <TotalAmount Currency="EUR">39.50</TotalAmount>\n</CardServiceRequest>'
    )
    framed = opi_xml.framed(document)
    assert int.from_bytes(framed[:4], "big") == len(framed) - 4 == len(document)
    message = opi_xml.parse(framed[4:])
    assert message is not None
    assert (message.tag, message.kind, message.request) == ("CardServiceRequest", "CardPayment", "20544")


def test_an_opi_reversal_names_the_original() -> None:
    document = opi_xml.request("CardServiceRequest", "PaymentReversal", "1", "1", "001", "x", stan="000123")
    message = opi_xml.parse(document.encode("iso-8859-1"))
    assert message is not None
    assert message.attribute("OriginalTransaction", "STAN") == "000123"


def test_opi_documents_come_out_of_single_bytes() -> None:
    splitter = opi_xml.Splitter()
    stream = opi_xml.framed("<a/>") + opi_xml.framed("<b>é€</b>")
    found = [document for byte in stream for document in splitter.feed(bytes([byte]))]
    assert found == [b"<a/>", "<b>é&#8364;</b>".encode("iso-8859-1")]
    assert splitter.left == b""
    assert splitter.feed(b"\xff\xff\xff\xff") == []
    assert splitter.broken


def test_a_device_request_is_answered_with_its_own_numbers() -> None:
    asked = opi_xml.parse(
        b'<DeviceRequest xmlns="http://www.nrf-arts.org/IXRetail/namespace" RequestType="Output" RequestID="7" '
        b'WorkstationID="1"><Output OutDeviceTarget="CashierDisplay"><TextLine Row="1">Kaart</TextLine></Output>'
        b'<Output OutDeviceTarget="PrinterReceipt"><TextLine>a</TextLine><TextLine>b</TextLine></Output>'
        b"</DeviceRequest>"
    )
    assert asked is not None
    assert opi_xml.output(asked) == [("CashierDisplay", ["Kaart"]), ("PrinterReceipt", ["a", "b"])]
    answer = opi_xml.parse(opi_xml.device_response(asked).encode())
    assert answer is not None
    assert (answer.tag, answer.kind, answer.request, answer.result) == ("DeviceResponse", "Output", "7", "Success")
    assert [out.attrib for out in answer.root] == [
        {"OutDeviceTarget": "CashierDisplay", "OutResult": "Success"},
        {"OutDeviceTarget": "PrinterReceipt", "OutResult": "Success"},
    ]


@pytest.mark.parametrize(
    "data",
    [b"", b"<a", b"<a><b></a>", b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
     b'<?xml version="1.0" encoding="nope"?><a/>', b"\xff\xfe\x00", b"<a>" * 30_000],
)  # fmt: skip
def test_what_is_no_document_is_none(data: bytes) -> None:
    assert opi_xml.parse(data) is None


@pytest.mark.parametrize(
    ("text", "word"),
    [("Kaart aanbieden", "present_card"), ("Voer PIN in", "enter_pin"), ("Verwijder uw kaart", "remove_card"),
     ("...", "busy")],
)  # fmt: skip
def test_what_a_terminal_shows_in_our_words(text: str, word: str) -> None:
    assert opi_xml.shown_state([text]) == word


def test_keys_of_the_nexo_vector() -> None:
    keys = nexo_crypto.derive("mysecret")
    assert keys.mac.hex() == "9f296e600173cfaf9f732185435283774d0c78fb23f7c1803412548aad280add"
    assert keys.cipher.hex() == "ec0feceaf1ac9e88931c92735842cf0d743308abda9de7d957a70ef0c92d3fe8"
    assert keys.iv.hex() == "12a8e88027cb7dd6803bfced0ab21ffc"


@pytest.mark.parametrize("plain", [b"", b"x", b"y" * 16, b'{"SaleToPOIRequest":{}}', bytes(range(256))])
def test_a_sealed_message_opens_with_its_secret_only(plain: bytes) -> None:
    secret = Secret("mysecret", "till", 2)
    sealed = nexo_crypto.seal(plain, secret, bytes(range(16)))
    trailer = sealed["SecurityTrailer"]
    assert (trailer["AdyenCryptoVersion"], trailer["KeyIdentifier"], trailer["KeyVersion"]) == (1, "till", 2)
    assert nexo_crypto.unseal(sealed, secret) == plain
    assert nexo_crypto.unseal(sealed, Secret("other", "till", 2)) is None
    blob = bytearray(base64.b64decode(sealed["NexoBlob"]))
    blob[0] ^= 1
    assert nexo_crypto.unseal({**sealed, "NexoBlob": base64.b64encode(bytes(blob)).decode()}, secret) is None


def test_a_nexo_payment_as_it_travels() -> None:
    secret, request = Secret("mysecret", "till", 1), CardRequest("p-1", 1099)
    head = nexo_json.header("Payment", "K1", nexo_json.service_id("p-1"), "P400Plus-123456789")
    data = nexo_json.sealed("Payment", head, nexo_json.payment(request, "2026-11-22T13:19:39.000Z"), secret, bytes(16))
    outer = json.loads(data)["SaleToPOIRequest"]
    assert set(outer) == {"MessageHeader", "NexoBlob", "SecurityTrailer"}
    plain = nexo_crypto.unseal(outer, secret)
    assert plain is not None
    assert b'"RequestedAmount":10.99}' in plain
    inner = nexo_json.opened(data, secret, "SaleToPOIRequest")
    assert inner is not None
    assert inner["MessageHeader"] == {
        "ProtocolVersion": "3.0", "MessageClass": "Service", "MessageCategory": "Payment", "MessageType": "Request",
        "SaleID": "K1", "ServiceID": nexo_json.service_id("p-1"), "POIID": "P400Plus-123456789",
    }  # fmt: skip
    amounts = inner["PaymentRequest"]["PaymentTransaction"]["AmountsReq"]
    assert amounts == {"Currency": "EUR", "RequestedAmount": "10.99"}


def test_numbers_of_a_payment_are_always_the_same() -> None:
    assert nexo_json.service_id("p-1") == nexo_json.service_id("p-1") != nexo_json.service_id("p-2")
    assert len(nexo_json.service_id("p-1")) == 10
    assert request_number("p-1", 0) == request_number("p-1", 0) != request_number("p-1", 1)
    assert request_number("p-1", 0).isdecimal()


@pytest.mark.parametrize(
    ("name", "fine"),
    [("legacy-terminal-certificate.test.terminal.adyen.com", True), ("p400plus-1.live.terminal.adyen.com", True),
     ("P400Plus-2.live.terminal.adyen.com", False), ("P400Plus-1.live.terminal.adyen.com.evil.nl", False), ("", False)],
)  # fmt: skip
def test_whose_certificate_is_trusted(name: str, fine: bool) -> None:
    assert named({"subject": ((("commonName", name),),)}, "P400Plus-1") == fine


def test_additional_response_in_both_forms() -> None:
    assert nexo_json.additional("pspReference=X1&cardType=visa%20debit") == {
        "pspReference": "X1",
        "cardType": "visa debit",
    }
    packed = base64.b64encode(b'{"additionalData":{"pspReference":"X2"}}').decode()
    assert nexo_json.additional(packed)["pspReference"] == "X2"


@pytest.mark.parametrize(
    ("text", "value"),
    [("39.50", 3950), ("39.5", 3950), ("39", 3900), ("-1.05", -105), ("10.990", 1099), ("10.995", None), ("1e3", None),
     ("", None), ("٣.٥٠", None), ("1234567890.00", None)],
)  # fmt: skip
def test_amounts_without_floats(text: str, value: int | None) -> None:
    assert cents(text) == value
    if value is not None:
        assert cents(euros(value)) == value


def test_moments() -> None:
    assert moment("2026-11-22T13:19:39+00:00") == moment("2026-11-22T14:19:39+01:00") == 1_795_353_579_000
    assert moment("2026-11-22T13:19:39.000Z") == 1_795_353_579_000
    assert moment("yesterday") is None


@pytest.mark.parametrize(
    ("number", "shown"),
    [("5413330089010434", "541333******0434"), ("EEEEEEEEEEEE4771", "************4771"),
     ("673400XXXXXXXXX4771", "673400*********4771"),
     ("6734 00** **** 4771", "673400******4771"), ("4771", "4771"), ("123456", "**3456"),
     ("12345678", "****5678"),
     ("1" * 25, "***************1111"), ("", ""), ("٤٤٤٤٤٤٤٤٤٤٤٤٤٤٤٤", "****************")],
)  # fmt: skip
def test_card_numbers_are_masked_again(number: str, shown: str) -> None:
    assert mask(number) == shown
    assert sum(char.isdigit() for char in shown) <= 10


def test_what_a_terminal_tells_is_made_safe() -> None:
    told = clean({"brand": "Visa\x1b[31m", "number": "5413330089010434", "reason": "card 5413 3300 8901 0434 expired",
                  "terminal": None, "method": "", "slip": "a\nPAN 5413330089010434\n\x07b"})  # fmt: skip
    assert told == {"brand": "Visa [31m", "number": "541333******0434", "reason": "card 541333******0434 expired",
                    "slip": "a\nPAN 541333******0434\n b"}  # fmt: skip
    assert slip(["", "x", ""]) == "x"


HOUR = 3_600_000
NOW = 1_795_353_579_000


@pytest.mark.parametrize(
    ("before", "after", "amount", "at", "number", "state"),
    [
        ((), (), 1234, NOW, "9", "approved"),
        ((), (), 1234, NOW + 60_000, "9", "approved"),
        (("9",), (), 1234, NOW - 1000, "9", "refused"),
        (("9", "8"), (), 1234, NOW - 60_000, "9", "refused"),
        (("9",), (), 1234, NOW + 1000, "9", "unknown"),
        (("8", "9"), (), 1234, NOW - 1000, "9", "unknown"),
        (("9",), (), 1234, None, "9", "unknown"),
        ((), ("9",), 1234, NOW, "9", "unknown"),
        ((), (), 999, NOW, "9", "unknown"),
        ((), (), 1234, NOW - HOUR, "9", "unknown"),
        ((), (), 1234, NOW + HOUR, "9", "unknown"),
        ((), (), 1234, NOW - 13 * HOUR, "9", "refused"),
        ((), (), 1234, None, "9", "unknown"),
        ((), (), 1234, NOW, "", "unknown"),
        ((), (), None, NOW, "9", "unknown"),
    ],
)
def test_what_a_last_transaction_says(
    before: tuple[str, ...], after: tuple[str, ...], amount: int | None, at: int | None, number: str, state: str
) -> None:
    request = CardRequest("p", 1234, NOW, before, after)
    assert judge(request, amount, at, {"transaction": number}).state == state
    assert judge(CardRequest("p", 1234), amount, at, {"transaction": number}).state == "unknown"
