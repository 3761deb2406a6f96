"""The agent's ear for the till: real sockets, an office that answers, refuses, or keeps silent."""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kassa_tui.services.messenger import OFFLINE, SOCKET, Messenger, Told
from kassa_tui.sync.counter import Counter
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.wire import Answer, Hold, ParkedTicket, ReceiptFound, Voucher


class Port:
    """As much of the office as is asked at a counter."""

    def __init__(self) -> None:
        self.error: OfficeError | None = None
        self.balance, self.others = 500, 0
        self.held: list[Hold] = []

    def _may(self) -> None:
        if self.error is not None:
            raise self.error

    def parked(self) -> list[ParkedTicket]:
        """One."""
        self._may()
        return [ParkedTicket("t1", "K2", 1, "Jansen", "1", 5, 110)]

    def claim(self, ticket: str) -> ParkedTicket:
        """With its draft."""
        self._may()
        return ParkedTicket(ticket, "K2", 1, "Jansen", "1", 5, 110, {"put": []})

    def receipt(self, number: str) -> ReceiptFound:
        """As journaled."""
        self._may()
        return ReceiptFound(number, "K2", "B1", 4, "{}", {"1": 1000})

    def voucher(self, number: str) -> Voucher:
        """Its balance."""
        self._may()
        return Voucher(number, self.balance)

    def hold(self, request: Hold) -> Answer:
        """As much as is free."""
        self.held.append(request)
        free = self.balance - self.others
        if request.amount > free:
            return Answer(False, "too_little", {"balance": free})
        return Answer(True)


@pytest.fixture
def port() -> Port:
    """An office that is there."""
    return Port()


@pytest.fixture
def counter(tmp_path: Path, port: Port) -> Iterator[Counter]:
    """Listening in a folder whose name is longer than a socket's may be."""
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    made = Counter(folder, lambda: port)  # type: ignore[arg-type,return-value]
    made.start()
    yield made
    made.close()


@pytest.fixture
def till(counter: Counter, tmp_path: Path) -> Messenger:
    """Who asks."""
    return Messenger(tmp_path / ("x" * 120))


def test_each_question_has_its_answer(till: Messenger) -> None:
    assert till.ask_now({"ask": "parked"}).data[0]["till"] == "K2"
    assert till.ask_now({"ask": "claim", "ticket": "t1"}).data["draft"] == {"put": []}
    found = till.ask_now({"ask": "receipt", "number": "K2-1"}).data
    assert (found["receipt"]["returned"], found["acked"]) == ({"1": 1000}, 0)
    assert till.ask_now({"ask": "voucher", "number": "TB1"}).data["balance"] == 500


def test_an_amount_is_held_up_to_what_there_is(till: Messenger, port: Port) -> None:
    question: dict[str, Any] = {"ask": "hold", "number": "TB1", "ticket": "t1", "amount": 700}
    assert till.ask_now(question).data == {"held": 500, "foreign": False, "issued": ""}
    port.others = 200
    assert till.ask_now(question).data["held"] == 300
    port.others = 500
    assert till.ask_now(question).data["held"] == 0
    assert till.ask_now(question | {"amount": 0}).data["held"] == 0
    assert port.held[-1].amount == 0


def test_the_offices_no_is_not_silence(till: Messenger, port: Port) -> None:
    port.error = OfficeError("claimed", {"till": "K3"})
    told = till.ask_now({"ask": "claim", "ticket": "t1"})
    assert (told.code, told.facts, told.ok) == ("claimed", {"till": "K3"}, False)


@pytest.mark.parametrize("code", ["unreachable", "timeout", "unauthorised", "fault", "bad_answer"])
def test_whatever_else_it_says_is(till: Messenger, port: Port, code: str) -> None:
    port.error = OfficeError(code)
    assert till.ask_now({"ask": "parked"}).code == OFFLINE


def test_what_is_no_question_ends_nothing(till: Messenger, counter: Counter) -> None:
    assert till.ask_now({"ask": "geld"}).code == "unknown"
    assert till.ask_now({"what": 1}).code == OFFLINE
    assert till.ask_now({"ask": "claim", "ticket": "x" * 5000}).code == OFFLINE
    assert counter.answer(b"\xff\n").code == "bad_question"
    assert till.ask_now({"ask": "parked"}).ok


def test_nobody_listens(tmp_path: Path) -> None:
    assert Messenger(tmp_path).ask_now({"ask": "parked"}) == Told()
    assert Messenger(tmp_path / "nowhere").ask_now({"ask": "parked"}) == Told()


def test_an_agent_that_hangs_costs_no_more_than_the_limit(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(tmp_path / SOCKET))
        deaf.listen()
        began = time.monotonic()
        assert Messenger(tmp_path, 0.2).ask_now({"ask": "parked"}).code == OFFLINE
        assert 0.15 < time.monotonic() - began < 5


def test_the_answer_comes_on_another_thread(till: Messenger) -> None:
    told: queue.Queue[tuple[Told, int]] = queue.Queue()
    till.ask({"ask": "parked"}, lambda answer: told.put((answer, threading.get_ident())))
    answer, thread = told.get(timeout=10)
    assert answer.ok
    assert thread != threading.get_ident()


def test_the_socket_is_the_tills_alone_and_goes_with_the_agent(counter: Counter, tmp_path: Path) -> None:
    path = tmp_path / ("x" * 120) / SOCKET
    assert path.stat().st_mode & 0o077 == 0
    counter.close()
    assert not path.exists()
