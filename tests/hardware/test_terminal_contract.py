"""What holds for every PIN terminal, whatever it speaks: one end is told, and it is the truth or *unknown*."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kassa_tui.hardware.terminals.errors import CODES
from kassa_tui.services.ports import CardRequest, CardState
from kassa_tui.simulate.behaviour import CANCEL, DECLINE, UNKNOWN, Behaviour
from tests.hardware.terminal_rigs import KINDS, WAIT_S, Rig, Told

NAMELESS = ("zvt", "zvt-serial")
"""These know no name of ours for a payment, and recognise it by what came before."""
Make = Callable[..., Rig]


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Makes rigs of one kind, and switches them off."""
    rigs: list[Rig] = []

    def made(behaviour: Behaviour | None = None, **options: float) -> Rig:
        folder = tmp_path / str(len(rigs))
        rigs.append(Rig(request.param, folder, behaviour or Behaviour(), **options))  # type: ignore[arg-type]
        return rigs[-1]

    yield made
    for rig in rigs:
        rig.close()


def checked(told: Told, payment: str) -> CardState:
    """The one end, after checking all that was told."""
    end = told.wait()
    assert [state.payment for state in told.states] == [payment] * len(told.states)
    assert len(told.ends) == 1
    assert end.detail.get("code", CODES[0]) in CODES
    digits = sum(char.isdigit() for char in end.detail.get("number", ""))
    assert digits <= 10
    return end


def asked_until_known(rig: Rig, request: CardRequest, end: CardState) -> CardState:
    """What the terminal says in the end, as a patient cashier hears it."""
    for _ in range(20):
        if end.state != "unknown":
            break
        # On a serial line what was not heard is said again; whoever asks on and on never lets it end.
        threading.Event().wait(2 * rig.short_s if rig.kind == "zvt-serial" else 0.01)
        end = rig.ask(request)
    return end


def test_approved(make: Make) -> None:
    rig = make()
    request, end, told = rig.pay(1234)
    assert checked(told, request.payment) is end
    assert end.state == "approved"
    assert rig.books.charged() == [1234]
    known = {key: end.detail[key] for key in ("authorisation", "method", "verification")}
    assert known == {"authorisation": "123456", "method": "contactless", "verification": "pin"}
    assert end.detail["number"].endswith("4771")
    assert "*" in end.detail["number"]
    assert end.detail["brand"].lower() == "maestro"
    assert end.detail["transaction"]
    assert told.states[0].state == "present_card"
    assert rig.ask(request).state == "approved"
    assert rig.books.charged() == [1234]


def test_refused(make: Make) -> None:
    rig = make(Behaviour(end=DECLINE))
    request, end, told = rig.pay(1299)
    assert checked(told, request.payment).state == "refused"
    assert end.detail["code"] == "declined"
    assert rig.books.charged() == []
    assert rig.ask(request).state in ("refused", "unknown")


def test_stopped_by_the_cashier(make: Make) -> None:
    rig = make(Behaviour(dwell_s=5.0, looks=10_000))
    request, told = rig.request(), Told()
    rig.port.pay(request, told)
    told.wait(lambda state: state.state == "present_card")
    rig.port.abort()
    assert checked(told, request.payment).state == "refused"
    assert told.states[-1].detail["code"] == "aborted"
    assert rig.books.charged() == []


def test_stopping_when_nothing_is_under_way(make: Make) -> None:
    rig = make()
    rig.port.abort()
    assert rig.pay()[1].state == "approved"
    rig.port.abort()
    assert rig.pay()[1].state == "approved"


def test_a_terminal_that_hangs_is_unknown_until_it_is_asked(make: Make) -> None:
    rig = make(whole_s=0.3, settle_s=60.0)
    rig.pay(500)
    rig.behaviour.hang = True
    request, end, told = rig.pay(1234)
    assert checked(told, request.payment) is end
    rig.behaviour.hang = False
    end = asked_until_known(rig, request, end)
    assert end.state == "approved"
    assert rig.books.charged() == [500, 1234]


def test_a_terminal_that_answers_late(make: Make) -> None:
    late = threading.Event()
    rig = make(whole_s=0.3, settle_s=60.0)
    rig.pay(500)
    rig.behaviour.late = late
    request, end, told = rig.pay(1234)
    assert checked(told, request.payment) is end
    late.set()
    rig.behaviour.late = None
    end = asked_until_known(rig, request, end)
    assert end.state == "approved"
    assert rig.books.charged() == [500, 1234]
    assert len(told.ends) == 1


def test_a_terminal_that_never_tells_stays_unknown(make: Make) -> None:
    rig = make(Behaviour(end=UNKNOWN), whole_s=0.4)
    request, end, told = rig.pay(1231)
    assert checked(told, request.payment) is end
    assert end.state == "unknown"
    assert rig.ask(request).state == "unknown"


def test_a_terminal_that_says_everything_twice(make: Make) -> None:
    rig = make(Behaviour(twice=True))
    for amount in (1234, 1234, 777):
        request, end, told = rig.pay(amount)
        assert checked(told, request.payment) is end
        assert end.state == "approved"
    assert rig.books.charged() == [1234, 1234, 777]


@pytest.mark.parametrize(
    "garbage",
    [b"\x00" * 64, bytes(range(256)), b"\x04\x0f\xff\xff\xff", b"HTTP/1.1 200 OK\r\n\r\n", b"\0\0\0\x08<a><b/>",
     b'{"SaleToPOIResponse":{}}'],
    ids=["zeros", "all-bytes", "endless-length", "http", "broken-xml", "unsealed"],
)  # fmt: skip
def test_garbage_in_place_of_the_result(make: Make, garbage: bytes) -> None:
    rig = make(whole_s=1.0, short_s=0.2)
    rig.pay(500)
    rig.behaviour.garbage = garbage
    request, end, told = rig.pay(1234)
    assert checked(told, request.payment) is end
    rig.behaviour.garbage = b""
    if end.state == "unknown":
        end = rig.ask(request)
    assert end.state in ("approved", "unknown")
    assert (end.state == "approved") <= (1234 in rig.books.charged())


def test_nobody_there(make: Make) -> None:
    rig = make()
    rig.simulator.close()
    request, end, told = rig.pay()
    assert checked(told, request.payment) is end
    if rig.kind == "zvt-serial":
        # The port is there, and silent: whoever pulled the plug may have done so after the card was charged.
        assert end.state in ("refused", "unknown")
    else:
        assert (end.state, end.detail["code"]) == ("refused", "unreachable")
    assert rig.ask(request).state == "unknown"


def test_two_payments_at_once(make: Make) -> None:
    rig = make(Behaviour(dwell_s=5.0, looks=10_000))
    first, second = Told(), Told()
    one, two = rig.request(1000), rig.request(2000)
    rig.port.pay(one, first)
    first.wait(lambda state: state.state == "present_card")
    rig.port.pay(two, second)
    assert second.wait().detail["code"] == "busy"
    rig.port.abort()
    assert checked(first, one.payment).state == "refused"


def test_closed_twice_and_in_the_middle(make: Make) -> None:
    rig = make(Behaviour(dwell_s=30.0, looks=10_000))
    request, told = rig.request(), Told()
    rig.port.pay(request, told)
    told.wait(lambda state: state.state == "present_card")
    rig.port.close()
    rig.port.close()
    assert checked(told, request.payment).state in ("unknown", "refused")
    later, asked = Told(), Told()
    rig.port.pay(request, later)
    rig.port.status(request, asked)
    assert later.wait().state == "refused"
    assert asked.wait().state == "unknown"


def test_a_fresh_port_closes(make: Make) -> None:
    rig = make()
    rig.port.close()
    told = Told()
    rig.port.end_of_day(told)
    assert told.wait().detail == {"code": "closed"}


def test_money_back(make: Make) -> None:
    rig = make()
    detail = dict(rig.pay(1234)[1].detail)
    _, end, told = rig.pay(-500, detail)
    assert len(told.ends) == 1
    assert end.state == "approved"
    assert rig.books.charged() == [1234, -500]


def test_money_back_that_is_refused(make: Make) -> None:
    rig = make()
    detail = dict(rig.pay(1234)[1].detail)
    rig.behaviour.end = DECLINE
    assert rig.pay(-500, detail)[1].state == "refused"
    assert rig.books.charged() == [1234]


def test_money_back_without_the_payment(make: Make) -> None:
    rig = make()
    _, end, _ = rig.pay(-500)
    if rig.kind in ("mollie", "sumup"):
        assert (end.state, end.detail["code"]) == ("refused", "needs_original")
    else:
        assert end.state == "approved"
        assert rig.books.charged() == [-500]


def test_end_of_day_and_the_last_receipt(make: Make) -> None:
    rig = make()
    rig.pay(1234)
    for service, words in ((rig.port.end_of_day, "12.34"), (rig.port.reprint, "12.34")):
        told = Told()
        service(told)
        end = told.wait()
        if rig.kind in ("mollie", "sumup"):
            assert (end.state, end.detail["code"]) == ("refused", "unsupported")
        else:
            assert end.state == "approved"
            assert words in end.detail["slip"]
    assert rig.books.charged() == [1234]


def test_asked_about_a_payment_that_never_arrived(make: Make) -> None:
    rig = make()
    paid, end, _ = rig.pay(1234)
    lost = rig.request(1234)
    if rig.kind == "opi":
        # It repeats its last message, which is another payment's, and known from before.
        assert end.detail["transaction"] in lost.before
    if rig.kind.startswith("nexo") or rig.kind in ("mollie", "sumup", "opi", *NAMELESS):
        assert rig.ask(lost).state == "refused"
    assert rig.ask(paid).state in ("approved", "refused", "unknown")
    assert rig.books.charged() == [1234]


def test_a_later_payment_hides_an_earlier_one_or_not_but_is_never_taken_for_it(make: Make) -> None:
    rig = make()
    lost = rig.request(1234)
    _, end, _ = rig.pay(1234)
    hidden = CardRequest(lost.payment, 1234, lost.at, (), (end.detail["transaction"],))
    assert rig.ask(hidden).state in ("unknown", "refused")
    assert rig.ask(hidden).state == ("unknown" if rig.kind in (*NAMELESS, "opi") else "refused")


def test_a_line_cut_while_the_customer_pays_and_the_terminal_gives_up(make: Make) -> None:
    rig = make()
    if rig.kind not in (*NAMELESS, "opi"):
        pytest.skip("requests are whole or not there")
    rig.pay(500)
    rig.behaviour.on_drop, rig.behaviour.drop_sent = CANCEL, rig.simulator.meter.sent + 22
    request, end, told = rig.pay(1234)
    assert checked(told, request.payment) is end
    assert rig.books.charged() == [500]
    assert end.state in ("refused", "unknown")


def test_a_screen_that_is_gone_does_not_end_the_terminal(make: Make) -> None:
    rig = make()

    over = threading.Event()

    def broken(state: CardState) -> None:
        if state.final:
            over.set()
        raise RuntimeError(state.state)

    rig.port.pay(rig.request(), broken)
    assert over.wait(WAIT_S)
    assert rig.pay(700)[1].state == "approved"
    assert rig.books.charged() == [1234, 700]
