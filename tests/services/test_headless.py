"""The shape of ``kassa sell``: one JSON line per act, whatever the line."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kassa_tui import acts
from kassa_tui.domain.outcome import Outcome
from kassa_tui.headless import MAX_LINE_BYTES, Session
from kassa_tui.jsontext import dump
from kassa_tui.services.till import Till
from tests.services.conftest import OpenTill
from tests.services.shop_floor import Hands

TICKET = ["state", "lines", "total", "vat", "payments", "due", "rounding", "change", "receipt_number"]
LINE = ["no", "sku", "name", "quantity", "unit_price", "discount", "amount", "vat_rate", "kind", "unit"]


def run(session: Session, text: bytes) -> list[bytes]:
    """The lines of output for an input."""
    out = io.BytesIO()
    session.run(io.BytesIO(text), out)
    return out.getvalue().splitlines(keepends=True)


def test_an_open_ticket_has_the_promised_shape(at_till: Hands) -> None:
    at_till.do("2 * 6", "7")
    answer = at_till.do("discount 1 10%")
    assert list(answer) == ["ok", "outcome", "facts", "ticket"]
    ticket = answer["ticket"]
    assert list(ticket) == TICKET
    assert [list(line) for line in ticket["lines"]] == [LINE] * 3
    assert ticket["state"] == "open"
    assert ticket["total"] == 99 + 101 + 15 == ticket["due"]
    assert ticket["vat"] == [{"rate": 900, "gross": 200, "net": 183, "vat": 17}]
    assert ticket["receipt_number"] is None
    first = {key: ticket["lines"][0][key] for key in ("no", "sku", "quantity", "unit_price", "discount", "amount")}
    assert first == {"no": 1, "sku": "6", "quantity": 2000, "unit_price": 55, "discount": 11, "amount": 99}


def test_a_paid_ticket_is_the_finished_sale(at_till: Hands) -> None:
    at_till.do("6", "7", "pay cash 1")
    assert at_till.do("show")["ticket"]["state"] == "paying"
    ticket = at_till.do("pay cash 5")["ticket"]
    assert ticket["state"] == "closed"
    assert ticket["receipt_number"] == "K1-000001"
    assert ticket["total"] == 171
    assert ticket["change"] == 100 + 500 - 171
    assert ticket["payments"] == [{"kind": "cash", "amount": 100}, {"kind": "cash", "amount": 500}]
    assert ticket["due"] == 0
    assert sum(line["amount"] for line in ticket["lines"]) == ticket["total"]
    empty = at_till.do("show")["ticket"]
    assert empty == {"state": "empty", "lines": [], "total": 0, "vat": [], "payments": [], "due": 0, "rounding": 0,
                     "change": 0, "receipt_number": None}  # fmt: skip


def test_a_refusal_has_code_facts_and_words(at_till: Hands) -> None:
    answer = at_till.type("999999")
    assert answer == {"ok": False, "code": "unknown_code", "facts": {"code": "999999"}, "text": "Onbekend: 999999"}


def test_lines_in_lines_out(open_till: OpenTill) -> None:
    text = "\ufefflogin 1111\r\n\n# opening\n  open-shift 50,00  \n6\npay cash\n".encode()
    lines = run(open_till().session, text)
    answers = [json.loads(line) for line in lines]
    assert [answer["outcome"] for answer in answers] == ["logged_in", "shift_opened", "added", "paid"]
    assert all(line.endswith(b"\n") for line in lines)
    assert lines[2].startswith(b'{"ok":true,"outcome":"added",')


def test_each_answer_is_flushed(at_till: Hands) -> None:
    class Out(io.BytesIO):
        flushed: list[int]

        def flush(self) -> None:
            self.flushed = [*getattr(self, "flushed", []), self.getvalue().count(b"\n")]

    out = Out()
    at_till.session.run(io.BytesIO(b"6\n7\nshow\n"), out)
    assert out.flushed == [1, 2, 3]


def test_bytes_that_are_no_text_and_lines_without_end(at_till: Hands) -> None:
    lines = run(at_till.session, b"caf\xff\n" + b"9" * (3 * MAX_LINE_BYTES) + b"\n6\n")
    answers = [json.loads(line) for line in lines]
    assert answers[0]["facts"] == {"code": "caf\ufffd"}
    assert answers[1]["code"] == "too_long"
    assert answers[1]["facts"]["length"] == 3 * MAX_LINE_BYTES + 1
    assert answers[2]["outcome"] == "added"
    assert len(answers) == 3


def test_a_fault_in_an_act_is_an_answer(at_till: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(till: Till, words: list[str]) -> Outcome:
        raise ZeroDivisionError

    monkeypatch.setitem(acts.ACTS, "show", ("", broken))
    answer = at_till.type("show")
    assert answer["code"] == "internal_error"
    assert "techniek" in answer["text"]
    assert at_till.do("6")["outcome"] == "added"


def test_nothing_that_a_terminal_obeys_is_printed(at_till: Hands) -> None:
    line = "scan \x1b[2J\x9b31m\u202e evil\x07"
    for raw in run(at_till.session, line.encode() + b"\n"):
        assert raw.decode().rstrip("\n").isprintable()
    assert json.loads(dump({"a": "\x9b\u202e\x07é🍌"})) == {"a": "\x9b\u202e\x07é🍌"}


WORDS = st.one_of(
    st.sampled_from([*acts.ACTS, "6", "7", "14", "1", "K1-000001", "2 *", "0,450 *"]),
    st.sampled_from(["cash", "pin", "voucher", "account", "10%", "ticket", "ok", "refused", "unknown", "on", "off"]),
    st.integers(-3, 99_999).map(str),
    st.text(max_size=12),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(st.lists(WORDS, max_size=4).map(" ".join), max_size=12))
def test_no_line_breaks_the_till(lines: list[str], at_till: Hands) -> None:
    for line in lines:
        answer = at_till.session.answer(line)
        assert answer.get("code") != "internal_error", line
        assert answer["ok"] or answer["text"] != answer["code"], answer
        assert json.loads(dump(answer)) == answer or "facts" in answer
    ticket = at_till.session.answer("show")["ticket"]
    assert sum(line["amount"] for line in ticket["lines"]) == ticket["total"]
