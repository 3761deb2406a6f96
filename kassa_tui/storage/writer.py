"""The one thread that writes ``till.db``: closures in, futures out, in order; it checkpoints when all is quiet."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

REST_SECONDS = 3.0
"""A till that has written nothing for this long copies its write-ahead log back; never within a sale."""

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
        dirty = False
        while True:
            try:
                item = self._queue.get(timeout=REST_SECONDS if dirty else None)
            except Empty:
                dirty = False
                self._rest()
                continue
            if item is None:
                break
            work, future = item
            dirty = True
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001  it belongs to whoever waits for the future
                future.set_exception(error)
        self._close()
