"""Bytes that nobody promised: no parser raises, and none takes longer or more than the bytes themselves."""

from __future__ import annotations

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.hardware.terminals import nexo_crypto, nexo_json, opi_xml, zvt_bytes, zvt_frames
from kassa_tui.hardware.terminals.amounts import cents, moment
from kassa_tui.hardware.terminals.detail import clean, mask, without_numbers
from kassa_tui.hardware.terminals.nexo import _verdict as nexo_verdict
from kassa_tui.hardware.terminals.nexo_crypto import Secret
from kassa_tui.hardware.terminals.opi import _verdict as opi_verdict
from kassa_tui.hardware.terminals.zvt import terminal_state
from kassa_tui.services.ports import CardState

BYTES = st.binary(max_size=400)
ZVT = st.lists(
    st.sampled_from(bytes.fromhex("040f0680842722f0f1f81002031f2f82ff"))
    | st.integers(0, 255),
    max_size=200,
).map(bytes)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["Response", "Result", "ErrorCondition", "AdditionalResponse", "PaymentResult", "POIData",
                         "PaymentResponse", "PaymentReceipt", "OutputContent", "OutputText", "Text", "SecurityTrailer",
                         "NexoBlob", "Nonce", "Hmac", "PaymentInstrumentData", "CardData"]) | st.text(max_size=4),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip
SECRET = Secret("p", "k", 1)


@given(ZVT | BYTES, st.lists(st.integers(0, 400), max_size=5))
def test_zvt_streams(data: bytes, cuts: list[int]) -> None:
    splitter, whole = zvt_bytes.Splitter(), zvt_bytes.Splitter()
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    found = [apdu for start, end in pairwise(edges) for apdu in splitter.feed(data[start:end])]
    assert found == whole.feed(data)
    assert splitter.left == whole.left
    for apdu in found:
        assert zvt_bytes.parse_apdu(apdu.encode()) == apdu


@given(ZVT | BYTES)
def test_zvt_contents(data: bytes) -> None:
    values, left = zvt_bytes.fields(data)
    assert data.endswith(left)
    assert all(isinstance(value, bytes) for value in values.values())
    info = zvt_bytes.status_info(data)
    assert info.amount is None or 0 <= info.amount < 10**12
    assert all(isinstance(value, str) and value for value in info.detail.values())
    assert 0 <= terminal_state(data) <= 255
    assert isinstance(zvt_bytes.print_line(data), str)
    assert zvt_bytes.print_block(data)[0] >= 0
    assert sum(1 for _ in zvt_bytes.tags(data)) <= len(data) * zvt_bytes.MAX_DEPTH


@given(st.binary(max_size=200))
def test_deep_containers(data: bytes) -> None:
    deep = data
    for _ in range(60):
        deep = zvt_bytes.tlv(0x2F, deep)
    assert len(list(zvt_bytes.tags(deep))) >= zvt_bytes.MAX_DEPTH


@given(st.lists(BYTES | ZVT, max_size=4), BYTES, st.integers(0, 600))
def test_serial_frames(apdus: list[bytes], noise: bytes, at: int) -> None:
    clean_stream = b"".join(map(zvt_frames.frame, apdus))
    assert zvt_frames.Deframer().feed(clean_stream) == apdus
    dirty = clean_stream[:at] + noise + clean_stream[at:]
    whole = zvt_frames.Deframer().feed(dirty)
    single = zvt_frames.Deframer()
    assert [event for byte in dirty for event in single.feed(bytes([byte]))] == whole


@given(BYTES | st.text(max_size=200).map(lambda text: f"<a b='{text}'>{text}</a>".encode()))
def test_opi_documents(data: bytes) -> None:
    message = opi_xml.parse(data)
    splitter = opi_xml.Splitter()
    splitter.feed(data)
    assert len(splitter.left) <= len(data)
    if message is not None:
        assert isinstance(opi_verdict(message, 1, "").detail, dict)
        assert opi_xml.parse(opi_xml.device_response(message).encode("utf-8", "replace")) is not None


@given(st.text(max_size=30), st.text(max_size=30))
def test_opi_requests_stay_documents(kind: str, number: str) -> None:
    document = opi_xml.request("CardServiceRequest", kind, number, "1", "001", number, 100)
    assert (
        opi_xml.parse(document.encode("iso-8859-1", "xmlcharrefreplace")) is not None
        or not (kind + number).isprintable()
    )


@given(JSON, BYTES)
def test_nexo_messages(message: object, data: bytes) -> None:
    assert nexo_json.opened(data, SECRET) is None
    assert nexo_json.opened(json.dumps({"SaleToPOIResponse": message}).encode(), SECRET) is None
    assert nexo_crypto.unseal(message, SECRET) is None
    body = message if isinstance(message, dict) else {}
    state = nexo_verdict({"PaymentResponse": body}, "Payment", 1)
    assert isinstance(state, CardState)
    assert state.state != "approved" or body["Response"]["Result"] == "Success"


@given(JSON, st.binary(max_size=64))
def test_sealed_nonsense(message: object, nonce: bytes) -> None:
    sealed = nexo_crypto.seal(json.dumps(message).encode(), SECRET, bytes(16))
    assert nexo_crypto.unseal(sealed, SECRET) == json.dumps(message).encode()
    wrong = {**sealed, "SecurityTrailer": {**sealed["SecurityTrailer"], "Nonce": nonce.hex()}}
    assert nexo_crypto.unseal(wrong, SECRET) is None


@given(st.text(max_size=60))
def test_texts_of_terminals(text: str) -> None:
    assert sum(char in "0123456789" for char in mask(text)) <= 10
    value = cents(text)
    assert value is None or abs(value) < 10**12
    assert moment(text) is None or isinstance(moment(text), int)
    assert all(len(value) <= 80 and value.isprintable() for value in clean({"brand": text, "number": text}).values())
    assert isinstance(nexo_json.additional(text), dict)


@given(st.text("0123456789 -", min_size=12, max_size=40))
def test_no_card_number_survives(text: str) -> None:
    shown = without_numbers(text)
    run = max((len(part) for part in "".join(c if c.isdigit() else " " for c in shown).split()), default=0)
    assert run < 16 or run > 19
