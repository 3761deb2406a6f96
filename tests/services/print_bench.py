"""A till's store with a printer that does as it is told, for the tests of printing."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from kassa_tui.domain.document import Document
from kassa_tui.domain.journal import Moment
from kassa_tui.domain.outcome import Refused
from kassa_tui.messages import Words
from kassa_tui.services import printing
from kassa_tui.services.printing import PrintQueue, compose_job
from kassa_tui.storage import spool
from kassa_tui.storage.journal import Job
from kassa_tui.storage.spool import PrintJob
from kassa_tui.storage.till_store import TillStore
from tests.services.papers import AT, OFFSET, config, line, sale

WAIT_S = 10.0
"""Longest wait for something that happens at once; only a failing test waits so long."""


class Clock:
    def now(self) -> Moment:
        return Moment(AT, OFFSET)

    def monotonic_ms(self) -> int:
        return 0


class FakePrinter:
    """Says what it was told to say, and keeps what it printed. Every call is an event a test can wait for."""

    def __init__(self) -> None:
        self.answers: list[Refused | Exception | None] = []
        self.done: list[Any] = []
        self.closed = threading.Event()
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self._changed = threading.Condition()

    def send(self, document: Document) -> Refused | None:
        return self._said(document)

    def kick(self) -> Refused | None:
        return self._said("kick")

    def close(self) -> None:
        self.closed.set()

    def _said(self, what: Any) -> Refused | None:
        self.entered.set()
        assert self.gate.wait(WAIT_S)
        answer = self.answers.pop(0) if self.answers else None
        with self._changed:
            self.done.append((what, answer))
            self._changed.notify_all()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def wait_for(self, calls: int) -> list[Any]:
        """What was asked of it, once it was asked so often."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.done) >= calls, WAIT_S), self.done
            return [what for what, _ in self.done]


class Told:
    """Collects the states that the queue tells, and waits for one."""

    def __init__(self) -> None:
        self.states: list[str] = []
        self._changed = threading.Condition()

    def __call__(self, state: str) -> None:
        with self._changed:
            self.states.append(state)
            self._changed.notify_all()

    def wait_for(self, *states: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: tuple(self.states) == states, WAIT_S), self.states


class Bench:
    """A store with a printer; ``queue()`` begins to print."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ids = iter(f"{n:032x}" for n in range(1, 10_000))
        self.store = self.reopened()
        self.printer, self.told = FakePrinter(), Told()
        self.queues: list[PrintQueue] = []

    def reopened(self) -> TillStore:
        return TillStore(self.folder, "K1", Clock(), lambda: next(self.ids))

    def queue(self, compose: printing.Compose | None = None) -> PrintQueue:
        composed = compose or compose_job(self.store, config, Words("nl"))
        queue = PrintQueue(self.store, self.printer, composed, self.told)
        self.queues.append(queue)
        return queue

    def sell(self, name: str = "Brood", jobs: tuple[Job, ...] = (Job("receipt"),)) -> int:
        body = sale(line(name, 250))
        for key in ("no", "number", "at", "offset", "who"):
            del body[key]
        body["ticket"] = next(self.ids)
        return self.store.record_sale(body, "anna", jobs).seq

    def waiting(self) -> list[PrintJob]:
        found: list[PrintJob] = self.store.spool(spool.waiting)
        return found

    def settled(self, queue: PrintQueue) -> None:
        """Stop the queue, so that all it did is in the spool."""
        queue.close(WAIT_S)
        assert self.printer.closed.wait(WAIT_S)
