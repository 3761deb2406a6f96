"""The one thread that writes ``till.db``: closures in, futures out, in order; it checkpoints when all is quiet."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from kassa_tui.storage.database import StorageError

T = TypeVar("T")

REST_SECONDS = 3.0
"""A till that has written nothing for this long copies its write-ahead log back; never within a sale."""

MANY_ACTS, BRIEF_REST_SECONDS = 250, 0.25
"""After so many acts (some 5 MB of log) a shorter silence will do: between two articles rather than two customers."""

MOST_ACTS = 1000
"""After so many no silence is waited for, only the answer to the last of them; no cashier comes near it. Keeps the log
near 20 MB, and with it the time that opening takes after a crash."""

_Work = tuple[Callable[[], Any], "Future[Any]"]


class Writer:
    """Runs work on its own thread; ``open`` and ``close`` run there too, for a connection belongs to its thread."""

    def __init__(self, open_: Callable[[], object], close: Callable[[], object], rest: Callable[[], object]) -> None:
        self._open, self._close, self._rest = open_, close, rest
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._opened: Future[None] = Future()
        self._thread.start()
        self._opened.result()

    def submit(self, work: Callable[[], T]) -> Future[T]:
        """Queue ``work``; its result or exception arrives in the future."""
        future: Future[T] = Future()
        self._queue.put((work, future))
        return future

    def do(self, work: Callable[[], T]) -> T:
        """Run ``work`` on the writer's thread and wait for it; all that was queued before is on disk then."""
        return self.submit(work).result()

    def stop(self) -> None:
        """Finish what is queued, close, and end; harmless when called again."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(timeout=30)

    def _run(self) -> None:
        try:
            self._open()
        except BaseException as error:  # noqa: BLE001  the opener waits for the outcome, whatever it is
            self._opened.set_exception(error)
            return
        self._opened.set_result(None)
        acts = 0
        while True:
            try:
                item = self._queue.get(timeout=_silence(acts))
            except Empty:
                acts = self._rested()
                continue
            if item is None:
                break
            work, future = item
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001  it belongs to whoever waits for the future
                future.set_exception(error)
            acts += 1
            if acts >= MOST_ACTS:
                acts = self._rested()
        self._close()

    def _rested(self) -> int:
        # What is wrong with the disk is told to whoever writes next; the log keeps everything until then.
        with suppress(StorageError):
            self._rest()
        return 0


def _silence(acts: int) -> float | None:
    """Seconds without work before the log is copied back; None is for ever, for there is nothing to copy."""
    if not acts:
        return None
    return REST_SECONDS if acts < MANY_ACTS else BRIEF_REST_SECONDS
