"""The agent's ear for the till beside it: what somebody at the counter wants to know of the office this moment.

The till never touches the network. It writes one question into a Unix socket in the data folder, and gets one answer
from here, or gives up after its own limit. One question at a time, each with little patience: who asks stands with a
customer.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from kassa_tui.services.messenger import SOCKET
from kassa_tui.storage.sync_state import SyncReader
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.wire import Answer, Hold

if TYPE_CHECKING:
    from kassa_tui.sync.port import OfficePort

TIMEOUTS = (0.7, 1.0, 1.3)
"""Seconds: to a connection, between two pieces of an answer, for all of it. The till itself waits 1.5."""
MAX_QUESTION_BYTES = 4096
TALK_SECONDS = 2.0
LOOK_SECONDS = 0.5
"""Between two looks whether to end."""

log = logging.getLogger("kassa.sync")


class Question(msgspec.Struct):
    """What the till asks; ``ask`` names it, the others are what it is about."""

    ask: str
    """``parked``, ``claim``, ``receipt``, ``voucher`` or ``hold``."""
    number: str = ""
    """Of a receipt or a voucher."""
    ticket: str = ""
    amount: int = 0
    """Cents to hold at most."""


class Reply(msgspec.Struct):
    """The answer; an empty ``code`` means that ``data`` is what was asked for."""

    code: str = ""
    facts: dict[str, Any] = {}
    data: Any = None


class Counter:
    """Listens on a thread of its own from `start` to `close`; ``connect`` makes a port that is as impatient."""

    def __init__(self, folder: Path, connect: Callable[[], OfficePort]) -> None:
        self._folder, self._connect = folder, connect
        self._port: OfficePort | None = None
        self._state = SyncReader(folder)
        self._stop = threading.Event()
        self._listener: socket.socket | None = None
        self._thread = threading.Thread(target=self._run, name="counter", daemon=True)

    def start(self) -> None:
        """Begin to listen; where that cannot be, the till is told that the office cannot be asked."""
        path = self._folder / SOCKET
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            path.unlink(missing_ok=True)
            before = os.umask(0o177)
            try:
                _named(self._folder, listener.bind)
            finally:
                os.umask(before)
            listener.listen(8)
            listener.settimeout(LOOK_SECONDS)
        except OSError as error:
            log.warning("nobody at the counter can ask the office: %s", error)
            listener.close()
            return
        self._listener = listener
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(TALK_SECONDS + sum(TIMEOUTS))
        if self._listener is not None:
            self._listener.close()
            (self._folder / SOCKET).unlink(missing_ok=True)

    def _run(self) -> None:
        assert self._listener is not None
        while not self._stop.is_set():
            try:
                caller, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            with caller:
                try:
                    self._talk(caller)
                except OSError as error:
                    log.info("counter: %s", error)
        self._state.close()

    def _talk(self, caller: socket.socket) -> None:
        caller.settimeout(TALK_SECONDS)
        said = bytearray()
        while not said.endswith(b"\n"):
            piece = caller.recv(MAX_QUESTION_BYTES)
            said += piece
            if not piece or len(said) > MAX_QUESTION_BYTES:
                return
        caller.sendall(msgspec.json.encode(self.answer(bytes(said))) + b"\n")

    def answer(self, said: bytes) -> Reply:
        """The answer to one question; never raises."""
        try:
            question = msgspec.json.decode(said, type=Question)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Reply("bad_question")
        try:
            if self._port is None:
                self._port = self._connect()
            return Reply(data=self._ask(self._port, question))
        except OfficeError as error:
            return Reply(error.code, error.facts)
        except Exception:  # whatever goes wrong here, the till must hear that it did
            log.exception("counter: %s", question.ask)
            return Reply("fault")

    def _ask(self, port: OfficePort, question: Question) -> Any:
        if question.ask == "parked":
            return port.parked()
        if question.ask == "claim":
            return port.claim(question.ticket)
        if question.ask == "receipt":
            # What the office knows of this till's own returns is counted up to here; the till adds what came later.
            found = self._state.read()
            acked = found[0].acked if found else 0
            return {"receipt": port.receipt(question.number), "acked": acked}
        if question.ask == "voucher":
            return port.voucher(question.number)
        if question.ask == "hold":
            return _held(port, question)
        raise OfficeError("unknown", {"ask": question.ask[:20]})


def _held(port: OfficePort, question: Question) -> dict[str, Any]:
    """Set aside what there is, up to what is asked."""
    if question.amount <= 0:
        port.hold(Hold(question.number, question.ticket, 0))
        return {"held": 0, "foreign": False}
    found = port.voucher(question.number)
    wanted = min(found.balance, question.amount)
    for _ in range(2):
        if wanted <= 0:
            break
        answer: Answer = port.hold(Hold(question.number, question.ticket, wanted))
        if answer.ok:
            return {"held": wanted, "foreign": found.foreign, "issued": found.issued}
        # Another till was quicker with a part of it.
        wanted = min(int(answer.facts.get("balance", 0)), wanted - 1)
    return {"held": 0, "foreign": found.foreign}


def _named(folder: Path, use: Callable[[str], None]) -> None:
    """Use the socket's name by way of the folder's descriptor: the name of a socket may not be long."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        use(f"/proc/self/fd/{handle}/{SOCKET}")
    finally:
        os.close(handle)
