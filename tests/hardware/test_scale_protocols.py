"""What scales say, byte by byte, and that no bytes whatever disturb a parser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.hardware import scale_dialog06 as dialog
from kassa_tui.hardware.scale_dialog06 import Challenge, Status, Weighed
from kassa_tui.hardware.scale_protocols import (
    EMPTY,
    FAULT,
    MOTION,
    OVERLOAD,
    PROTOCOLS,
    UNDER_ZERO,
    UNIT,
    Answer,
    Notice,
    Weight,
    kilograms,
)

TABLE: list[tuple[str, bytes, Answer | None, bytes]] = [
    ("toledo8217", b"\x02 01.250\r", Weight(1250), b""),
    ("toledo8217", b"\x0201.250\r", Weight(1250), b""),
    ("toledo8217", b"\x0201.250N\r", Weight(1250, net=True), b""),
    ("toledo8217", b"\x0200.000\r", Weight(0), b""),
    ("toledo8217", b"\x02?\x41\r", Notice(MOTION), b""),
    ("toledo8217", b"\x02?\x42\r", Notice(OVERLOAD), b""),
    ("toledo8217", b"\x02?\x44\r", Notice(UNDER_ZERO), b""),
    ("toledo8217", b"\x02?\x50\r", Notice(EMPTY), b""),
    ("toledo8217", b"\x02?\x40\r", Notice(FAULT), b""),
    ("toledo8217", b"\x02?\x43\r", Notice(OVERLOAD), b""),
    ("toledo8217", b"\x02?\x0d\r", Notice(UNDER_ZERO), b""),  # the status is a carriage return itself
    ("toledo8217", b"\x02?\x02\r", Notice(OVERLOAD), b""),  # or a start
    ("toledo8217", b"1.2\r\x02\x0201.250\rrest", Weight(1250), b"rest"),
    ("toledo8217", b"\x0201.2", None, b"\x0201.2"),
    ("toledo8217", b"\x02?\x41", None, b"\x02?\x41"),
    ("toledo8217", b"\x0201,2x\r", None, b""),
    ("toledo8217", b"noise", None, b""),
    ("mtsics", b"S S     1.250 kg\r\n", Weight(1250), b""),
    ("mtsics", b"S D     1.250 kg\r\n", Weight(1250, stable=False), b""),
    ("mtsics", b"S S   1250.0 g\r\n", Weight(1250), b""),
    ("mtsics", b"S S    -0.050 kg\r\n", Notice(UNDER_ZERO), b""),
    ("mtsics", b"S S     2.756 lb\r\n", Notice(UNIT), b""),
    ("mtsics", b"S I\r\n", Notice(MOTION), b""),
    ("mtsics", b"S +\r\n", Notice(OVERLOAD), b""),
    ("mtsics", b"S -\r\n", Notice(UNDER_ZERO), b""),
    ("mtsics", b"ES\r\n", Notice(FAULT), b""),
    ("mtsics", b'I4 A "0123"\r\nS S     0.002 kg\r\nS', Weight(2), b"S"),
    ("mtsics", b"S S     1.2", None, b"S S     1.2"),
    ("nci", b"\n01.250KG\r\nS00\r\x03", Weight(1250), b""),
    ("nci", b"\n0001.25KG\r\n00\r\x03", Weight(1250), b""),
    ("nci", b"\n01.250KG\r\nS0p0\r\x03", Weight(1250), b""),
    ("nci", b"\n01.250KG\r\nS10\r\x03", Notice(MOTION), b""),
    ("nci", b"\n00.000KG\r\nS20\r\x03", Weight(0), b""),
    ("nci", b"\n01.250KG\r\nS01\r\x03", Notice(UNDER_ZERO), b""),
    ("nci", b"\n01.250KG\r\nS02\r\x03", Notice(OVERLOAD), b""),
    ("nci", b"\n01.250KG\r\nS40\r\x03", Notice(FAULT), b""),
    ("nci", b"\n01.250KG\r\nS08\r\x03", Notice(FAULT), b""),
    ("nci", b"\n02.756LB\r\nS00\r\x03", Notice(UNIT), b""),
    ("nci", b"\nS20\r\x03", Notice(EMPTY), b""),
    ("nci", b"\nS00\r\x03", Notice(FAULT), b""),
    ("nci", b"\n?\r\x03", Notice(FAULT), b""),
    ("nci", b"\xff\x03zz\n01.250KG\r\nS00\r\x03\n", Weight(1250), b"\n"),
    ("nci", b"\n01.250KG\r\nS0", None, b"\n01.250KG\r\nS0"),
    ("adam", b"GS       1.250 kg\r\n", Weight(1250), b""),
    ("adam", b"1.25kg\r\n", Weight(1250), b""),
    ("adam", b"ST,GS   1250g\r\n", Weight(1250), b""),
    ("adam", b"GS      -0.010 kg\r\n", Notice(UNDER_ZERO), b""),
    ("adam", b"GS       2.756 lb\r\n", Notice(UNIT), b""),
    ("adam", b"Date 1\r\n  0.450kg\r\nmore", Weight(450), b"more"),
    ("adam", b"  0.450k", None, b"  0.450k"),
]


@pytest.mark.parametrize(("kind", "data", "answer", "rest"), TABLE)
def test_answers(kind: str, data: bytes, answer: Answer | None, rest: bytes) -> None:
    assert PROTOCOLS[kind].parse(data) == (answer, rest)


@pytest.mark.parametrize(("kind", "data", "answer", "rest"), [row for row in TABLE if row[2] is not None])
def test_answers_that_arrive_in_pieces(kind: str, data: bytes, answer: Answer, rest: bytes) -> None:
    buffer, found = b"", []
    for at in range(len(data)):
        got, buffer = PROTOCOLS[kind].parse(buffer + data[at : at + 1])
        found += [got] if got is not None else []
    assert found == [answer]
    assert buffer == (rest if kind != "toledo8217" else b"")


@pytest.mark.parametrize(
    ("kind", "baud", "framing", "request_"),
    [("toledo8217", 9600, "7E1", b"W"), ("mtsics", 9600, "8N1", b"SI\r\n"), ("nci", 9600, "7E1", b"W\r"),
     ("adam", 4800, "8N1", b"P\r\n")],
)  # fmt: skip
def test_how_they_are_asked(kind: str, baud: int, framing: str, request_: bytes) -> None:
    protocol = PROTOCOLS[kind]
    assert (protocol.baud, protocol.framing, protocol.request) == (baud, framing, request_)


@pytest.mark.parametrize(
    ("number", "unit", "thousandths"),
    [
        ("01.250", "kg", 1250), ("1,25", "KG", 1250), ("1.2505", "kg", 1251), ("1.2504", "kg", 1250), ("3", "kg", 3000),
        ("450", "g", 450), ("450.5", "g", 451), ("- 0.010", "kg", -10), ("1.", "kg", 1000), ("1.2.3", "kg", None),
        ("", "kg", None), (".", "kg", None), ("1", "lb", None), ("٣", "kg", None),
    ],
)  # fmt: skip
def test_kilograms(number: str, unit: str, thousandths: int | None) -> None:
    assert kilograms(number, unit) == thousandths


NOISE = st.lists(
    st.binary(max_size=30) | st.sampled_from([data for _, data, _, _ in TABLE])
    | st.sampled_from([b"\x02", b"\r\n", b"\x03", b"\n", b"?", b"\x02?", b"\r"]), max_size=12,
)  # fmt: skip


@given(st.sampled_from(sorted(PROTOCOLS)), NOISE)
def test_no_bytes_whatever_make_a_parser_raise_or_swell(kind: str, pieces: list[bytes]) -> None:
    buffer = b""
    for piece in pieces:
        answer, buffer = PROTOCOLS[kind].parse(buffer + piece)
        assert answer is None or isinstance(answer, Weight | Notice)
        assert not isinstance(answer, Weight) or answer.thousandths >= 0
        assert answer is not None or len(buffer) <= 256


@given(st.sampled_from(sorted(PROTOCOLS)), st.sampled_from([b"\x02", b"\r\n", b"\x03", b"\n", b"\x02?"]))
def test_thousands_of_marks_in_one_go_are_read_in_one_go(kind: str, mark: bytes) -> None:
    answer, rest = PROTOCOLS[kind].parse(mark * 5000)
    assert not isinstance(answer, Weight)
    assert len(rest) < len(mark) * 5000


RESULT = bytes.fromhex("023032 1b33 1b3031323530 1b303030323939 1b303030333734 03")


@pytest.mark.parametrize(
    ("data", "record", "rest"),
    [
        (RESULT, Weighed(1250, 299, 374), b""),
        (b"\x06", b"\x06", b""),
        (b"\x15\x04", b"\x15", b"\x04"),
        (b"\x0209\x1b20\x03", Status("20"), b""),
        (b"\x0211\x1b2A5\x03", Challenge("2", (10, 5)), b""),
        (b"\x0211\x1b1\x03", Challenge("1"), b""),
        (b"\x0211\x1b0\x03", Challenge("0"), b""),
        (b"\xff?" + RESULT + b"\x06", Weighed(1250, 299, 374), b"\x06"),
        (RESULT.replace(b"\x1b3\x1b", b"\x1b0\x1b"), Status("10"), b""),
        (b"\x0209\x1b2", None, b"\x0209\x1b2"),
        (b"\x0299\x1b20\x03", None, b""),
        (b"noise", None, b""),
    ],
)
def test_records_of_dialog_06(data: bytes, record: dialog.Record | None, rest: bytes) -> None:
    assert dialog.parse(data) == (record, rest)
    buffer, found = b"", []
    for at in range(len(data)):
        got, buffer = dialog.parse(buffer + data[at : at + 1])
        found += [got] if got is not None else []
    assert found[:1] == ([record] if record is not None else [])


@given(
    st.lists(st.binary(max_size=30) | st.sampled_from([RESULT, b"\x0209\x1b20\x03", b"\x02", b"\x02" * 99]), max_size=9)
)
def test_no_bytes_whatever_make_dialog_06_raise(pieces: list[bytes]) -> None:
    buffer = b""
    for piece in pieces:
        record, buffer = dialog.parse(buffer + piece)
        assert record is None or isinstance(record, bytes | Weighed | Status | Challenge)


@pytest.mark.parametrize(
    ("price", "tare", "text", "record"),
    [
        (299, 0, b"", bytes.fromhex("04023031 1b 303030323939 1b 03")),
        (299, 50, b"", b"\x04\x0203\x1b000299\x1b0050\x03"),
        (299, 0, b"Bananen", b"\x04\x0204\x1b000299\x1bBananen      \x03"),
        (299, 50, b"Rode kool, gesneden", b"\x04\x0205\x1b000299\x1b0050\x1bRode kool, ge\x03"),
    ],
)
def test_orders_of_dialog_06(price: int, tare: int, text: bytes, record: bytes) -> None:
    assert dialog.price_record(price, tare, text) == record


def test_the_remainder_is_that_of_a_division_by_hand() -> None:
    # x^16 + x^12 + x^5 + 1 over one bit: the polynomial itself; over the two bytes "12": the CRC everybody knows.
    assert dialog.remainder(1, 0x1021) == 0x1021
    assert dialog.remainder(0x3132, 0x1021) == 0x20B5
    assert dialog.remainder(0, 0x1021) == 0


def test_the_proof_is_made_of_the_number_before_it_is_turned() -> None:
    assert dialog.proof(0x3132, 0x1021, (0, 0)) == b"\x04\x0210\x1b313220B5\x03"
    assert dialog.proof(0x3132, 0x1021, (4, 8)) == b"\x04\x0210\x1b1323B520\x03"


@given(st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.integers(0, 15), st.integers(0, 15))
def test_the_proof_holds_for_who_takes_it_apart(number: int, polynomial: int, left: int, right: int) -> None:
    record = dialog.proof(number, polynomial, (left, right))
    turned, kept = int(record[5:9], 16), int(record[9:13], 16)
    assert ((turned | turned << 16) >> left) & 0xFFFF == number
    rest = number << 16
    for bit in range(31, 15, -1):
        if rest >> bit & 1:
            rest ^= (0x10000 | polynomial) << (bit - 16)
    assert ((kept | kept << 16) >> (16 - right)) & 0xFFFF == rest


class Script:
    """A scale that expects these bytes and gives these answers; what is left over fails the test."""

    def __init__(self, *steps: bytes | dialog.Record | None) -> None:
        self.left = list(steps)

    def write(self, data: bytes) -> None:
        """The next step must be these bytes."""
        assert self.left
        assert data == self.left.pop(0)

    def read_record(self) -> dialog.Record | None:
        """The next step is an answer."""
        return self.left.pop(0)


ORDER = dialog.price_record(299)
ENQ, STATUS, EOT, ACK, NAK = b"\x04\x05", b"\x04\x0208\x03", b"\x04", b"\x06", b"\x15"
PROOF = b"\x04\x0210\x1b1323B520\x03"
OK, ASKED, RIGHT, FALSE = Weighed(1250, 299, 374), Challenge("2", (4, 8)), Challenge("1"), Challenge("0")

FLOWS: list[tuple[tuple[bytes | dialog.Record | None, ...], Weighed | Notice]] = [
    ((ORDER, ACK, ENQ, OK, EOT), OK),
    ((ORDER, ACK, ENQ, NAK, STATUS, Status("20"), EOT), Notice("scale_motion")),
    ((ORDER, ACK, ENQ, Status("32"), EOT), Notice("scale_overload")),
    ((ORDER, NAK, STATUS, Status("11"), EOT), Notice("scale_fault")),
    ((ORDER, ACK, ENQ, NAK, STATUS, Status("21"), EOT), Notice("scale_unmoved")),
    ((ORDER, ACK, ENQ, NAK, STATUS, Status("30"), EOT), Notice("scale_empty")),
    ((ORDER, ACK, ENQ, NAK, STATUS, Status("31"), EOT), Notice("scale_under_zero")),
    ((ORDER, ACK, ENQ, NAK, STATUS, Status("00"), EOT), Notice("scale_motion")),
    ((ORDER, ASKED, EOT, PROOF, ACK, ENQ, RIGHT, EOT, ORDER, ACK, ENQ, OK, EOT), OK),
    ((ORDER, ACK, ENQ, ASKED, EOT, PROOF, ACK, ENQ, RIGHT, EOT, ORDER, ACK, ENQ, OK, EOT), OK),
    ((ORDER, ASKED, EOT, PROOF, ACK, ENQ, FALSE, EOT), Notice("scale_unproven")),
    ((ORDER, ASKED, EOT, PROOF, NAK, STATUS, Status("10"), EOT), Notice("scale_fault")),
    ((ORDER, None), Notice("device_silent")),
    ((ORDER, ACK, ENQ, None), Notice("device_silent")),
    ((ORDER, ACK, ENQ, Weighed(1250, 199, 249), EOT), Notice("scale_fault")),
    ((ORDER, *(ACK, ENQ) * 12), Notice("scale_fault")),
]


@pytest.mark.parametrize(("steps", "end"), FLOWS)
def test_flows_of_dialog_06(steps: tuple[bytes | dialog.Record | None, ...], end: Weighed | Notice) -> None:
    script = Script(*steps)
    assert dialog.Dialog06(0x1021, lambda: 0x3132).weigh(script, 299) == end
    assert script.left == []


def test_without_the_makers_secret_the_first_question_ends_it() -> None:
    script = Script(ORDER, ASKED, EOT)
    assert dialog.Dialog06(None, lambda: 0x3132).weigh(script, 299) == Notice("scale_unproven")
    assert script.left == []


@pytest.mark.parametrize(("price", "tare"), [(0, 0), (1_000_000, 0), (-1, 0), (299, 10_000), (299, -1)])
def test_what_dialog_06_has_no_room_for(price: int, tare: int) -> None:
    assert dialog.Dialog06(None, lambda: 0).weigh(Script(), price, tare) == Notice("scale_fault")


ANSWERS: st.SearchStrategy[Callable[[], dialog.Record | None]] = st.sampled_from(
    [lambda: None, lambda: ACK, lambda: NAK, lambda: OK, lambda: ASKED, lambda: RIGHT, lambda: FALSE,
     lambda: Status("77")]
)  # fmt: skip


@given(st.lists(ANSWERS, min_size=20, max_size=20))
def test_dialog_06_ends_whatever_the_scale_says(answers: list[Callable[[], dialog.Record | None]]) -> None:
    class Mad:
        def write(self, data: bytes) -> None:
            assert data

        def read_record(self) -> dialog.Record | None:
            return answers.pop(0)()

    assert isinstance(dialog.Dialog06(0x1021, lambda: 7).weigh(Mad(), 299), Weighed | Notice)
