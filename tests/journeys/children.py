"""What a forked till does: sell line by line, or one sale that dies where it is told to."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kassa_tui import bootstrap, cli, config
from kassa_tui.domain.document import Document
from kassa_tui.domain.outcome import Refused
from kassa_tui.hardware.print_process import Station
from kassa_tui.hardware.printer import FileTransport, PrinterError
from kassa_tui.hardware.wire import to_json
from kassa_tui.headless import Session
from kassa_tui.messages import words
from kassa_tui.services.till import Till
from kassa_tui.storage import spool
from tests.journeys.nursery import WAIT_S, Job

# The heavy ones, once for all children.
import kassa_tui.commands.till  # isort: skip
import kassa_tui.services.receipts
import kassa_tui.services.report_documents
import kassa_tui.storage.till_store  # noqa: F401


def die(*_: object) -> None:
    """As a till dies whose plug is pulled."""
    os.kill(os.getpid(), signal.SIGKILL)


class PaperPrinter:
    """A printer in this process: each delivery becomes a file in ``folder``. ``at`` is called between its steps."""

    def __init__(self, folder: Path, at: Callable[[str], object] = lambda _: None) -> None:
        folder.mkdir(exist_ok=True)
        self._at = at
        self._station = Station({"kind": "file", "path": str(folder)}, folder.parent / "printing")
        self._station._transport = HalfTransport(folder, at)

    def send(self, document: Document) -> Refused | None:
        """Print."""
        self._at("sending")
        return self._served({"document": to_json(document)}, "sent")

    def kick(self) -> Refused | None:
        """Open the drawer."""
        return self._served({"kick": True}, "kicked")

    def close(self) -> None:
        """Nothing is held."""

    def _served(self, request: dict[str, Any], step: str) -> Refused | None:
        try:
            self._station.serve(request)
        except PrinterError as error:
            return Refused(error.code, error.facts)
        self._at(step)
        return None


class HalfTransport(FileTransport):
    """Lets a job be cut short: the first half of the paper comes out, then ``at("half")``."""

    def __init__(self, folder: Path, at: Callable[[str], object]) -> None:
        super().__init__(folder)
        self._at, self._kicks = at, 16

    def deliver(self, data: bytes) -> None:
        """A pulse to the drawer is short, and has no half."""
        if len(data) > self._kicks and self._at("cut in half?"):
            super().deliver(data[: len(data) // 2])
            self._at("half")
        super().deliver(data)


def sell(job: Job) -> None:
    """``kassa sell``, as from a shell; a printer only in this process."""
    papers = job.get("papers")
    if papers:
        bootstrap.make_printer = lambda *_: PaperPrinter(Path(papers))
    os._exit(cli.main(["sell", "--config", job["config"]]))


def crash(job: Job) -> None:
    """Open the till, do ``before``, then each of ``acts``, telling when it is on disk; die at a ``statement`` of the
    writing connection counted from there, or at a ``point`` of printing. Waits for the paper, and tells how many
    statements there were."""
    at = job.get("point", "")
    armed: list[bool] = []

    def step(name: str) -> bool:
        if armed and name == at:
            die()
        return name == "cut in half?" and at == "half" and bool(armed)

    session = open_session(Path(job["config"]), PaperPrinter(Path(job["papers"]), step))
    till = session.till
    for line in job["before"]:
        _ok(session.answer(line))
    till.store.flush()
    counter = _Statements(job.get("statement", 0))
    till.store._writer.do(lambda: till.store._con.set_trace_callback(counter))
    armed.append(True)
    _hook(till, step)
    for line in job["acts"]:
        _ok(session.answer(line))
        till.store.flush()
        os.write(1, b"done\n")
    deadline = time.monotonic() + WAIT_S
    while spool.count_waiting(till.store.read) and time.monotonic() < deadline:
        time.sleep(0.001)
    session.close()
    os.write(1, f"{counter.seen}\n".encode())


class _Statements:
    """Counts what SQLite begins to run, and dies at the one with its number."""

    def __init__(self, last: int) -> None:
        self.seen, self._last = 0, last

    def __call__(self, sql: str) -> None:
        self.seen += 1
        if self.seen == self._last:
            die()


def _hook(till: Till, step: Callable[[str], object]) -> None:
    """Steps between the sale on disk and the paper that are nobody's statement."""
    queue, store = till.printing, till.store
    assert queue is not None
    kick, run = queue.kick, store.spool

    def kicking() -> None:
        step("committed")
        kick()

    def spooling(act: Callable[..., Any], *args: Any) -> Any:
        found = run(act, *args)
        if act is spool.done:
            step("done")
        return found

    queue.kick, store.spool = kicking, spooling  # type: ignore[method-assign]


def open_session(path: Path, printer: PaperPrinter | None = None, **parts: Any) -> Session:
    """The till of a configuration, to be typed at."""
    loaded = config.load(path)

    def open_(training: bool) -> Till:
        return bootstrap.open_till(loaded, training=training, printer=printer, **parts)

    return Session(open_, words(loaded.shop.language).outcome)


def _ok(answer: dict[str, Any]) -> None:
    if not answer["ok"]:
        raise RuntimeError(str(answer))


def statement(con: sqlite3.Connection, sql: str) -> int:
    """The one number that a question has for an answer."""
    return int(con.execute(sql).fetchone()[0])


JOBS: dict[str, Callable[[Job], object]] = {"sell": sell, "crash": crash}
