"""From the spool to the paper, on a thread of its own: no sale waits for a printer.

A job is in the spool since the transaction of its sale, and is done only when the printer took it. One that failed
before its first byte went out waits and comes out as if nothing had been; one that failed later is in doubt: it comes
out with the word for a second print, unless the printer says meanwhile that it has finished it after all. The drawer is
not in the spool: it opens ahead of any paper or not at all, for a drawer that springs open minutes later is an open
drawer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kassa_tui.domain.document import CENTRE, Document, Text
from kassa_tui.domain.outcome import Refused
from kassa_tui.services.drawer import REMIND_S, DrawerWatch
from kassa_tui.services.ports import TellingPrinter
from kassa_tui.storage import spool
from kassa_tui.storage.database import StorageError
from kassa_tui.storage.journal import read_entry
from kassa_tui.storage.spool import AGAIN, PrintJob

if TYPE_CHECKING:
    import sqlite3

    from kassa_tui.config import Config
    from kassa_tui.domain.journal import Entry
    from kassa_tui.messages import Words
    from kassa_tui.services.ports import Printer
    from kassa_tui.storage.till_store import TillStore

Compose = Callable[[PrintJob], Document | None]

OK = "ok"
FAILED = "print_failed"
"""Code of a document that could not be made."""
HOPELESS = (FAILED, "print_request")
"""Refusals of a document rather than of the moment: after a few tries the job makes way for the next."""
HOPELESS_TRIES = 3
BACK_OFF_S = (1, 2, 4, 8, 16, 30)
"""Waits after the first, second, … failure in a row; the last one holds from then on."""
AT_HAND = (
    "printer_paper_out", "printer_cover_open", "printer_offline", "printer_error", "printer_busy", "printer_silent",
)  # fmt: skip
"""Troubles of a printer that somebody is standing at, who wants to see at once that it prints again."""
AT_HAND_S = 2
KICK_SECONDS = 10
"""A drawer that could not be opened for so long is not opened any more."""
CLOSE_SECONDS = 5


class PrintQueue:
    """Prints what waits in the spool, in order, and opens the drawer.

    ``state``, ``waiting``, ``advice`` and `drawer_seconds` are for a status line, and may be read from any thread.
    """

    def __init__(self, store: TillStore, printer: Printer, compose: Compose, told: Callable[[str], None]) -> None:
        """Begins at once with what waits from before. ``compose`` makes the document of a job, or None where there is
        nothing to print. ``told`` gets the new ``state`` whenever it changes, on the print thread."""
        self._store, self._printer, self._compose, self._told = store, printer, compose, told
        self.state = OK
        """``ok``, or the code of what is wrong."""
        self.waiting = 0
        """Jobs that are not printed yet."""
        self.advice = ""
        """Code of what the printer wants done and that stops nothing yet: paper nearly out."""
        self._teller = printer if isinstance(printer, TellingPrinter) else None
        self._drawer = DrawerWatch()
        self._doubtful = 0
        """Job that was refused last with part of it perhaps on paper."""
        self._woken = threading.Condition()
        self._call = self._closing = self._abandoned = False
        self._kick_asked: float | None = None
        self._kick_failed = False
        self._failures = 0
        self._printed = 0
        """Job that came out of the printer last, whether or not the spool could be told."""
        self._thread = threading.Thread(target=self._run, name="printing", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look at the spool now, also in the middle of a wait after a failure."""
        with self._woken:
            self._call = True
            self._woken.notify()

    def kick(self) -> None:
        """Open the drawer, ahead of any receipt."""
        with self._woken:
            self._kick_asked = time.monotonic()
            self._woken.notify()

    def drawer_seconds(self) -> int | None:
        """For how long the drawer has been open; None when it is shut, or has no switch."""
        return self._drawer.seconds(time.monotonic())

    def drawer_forgotten(self) -> bool:
        """It has been open for so long that somebody should be reminded."""
        return (self.drawer_seconds() or 0) >= REMIND_S

    def drop_waiting(self) -> int:
        """Print nothing of what waits, by a person's decision; how many jobs that were."""
        dropped: int = self._store.spool(spool.drop_all)
        self.wake()
        return dropped

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Stop after the job at hand; what waits stays in the spool. A printer that hangs is left behind."""
        with self._woken:
            self._closing = True
            self._woken.notify()
        if self._thread.is_alive():
            self._thread.join(seconds)
            self._abandoned = self._thread.is_alive()

    def _run(self) -> None:
        try:
            while self._next():
                pass
        finally:
            self._printer.close()

    def _next(self) -> bool:
        """Wait for work and do one piece of it; False when closing."""
        if self._take_kick():
            self._open_drawer()
            return not self._closing
        try:
            printed = self._print_one()
        except StorageError as error:
            printed = False
            self._went_wrong(error.code)
        if printed and not self._closing:
            return True
        pause = self._pause()
        until = None if pause is None else time.monotonic() + pause
        while not self._called(until):
            self._glance()
        return not self._closing

    def _called(self, until: float | None) -> bool:
        """Wait until somebody calls or it is time for the next try; False where the drawer is to be looked at."""
        now = time.monotonic()
        glance = self._drawer.next_look(now)
        left = None if until is None else max(0.0, until - now)
        wait = min((each for each in (left, glance) if each is not None), default=None)
        with self._woken:
            if self._closing or self._woken.wait_for(self._has_call, wait) or wait is None or wait == left:
                self._call = False
                return True
        return False

    def _glance(self) -> None:
        if self._teller is None or self._doubtful:
            # The look that may find the job printed belongs to the job.
            return
        if self._asked(self._teller.look) is None or self._teller.seen.answers:
            self._saw()
        else:
            # A printer that cannot be asked has no lamp either.
            self._drawer = DrawerWatch()

    def _saw(self) -> None:
        """Take in what the printer told with its last answer."""
        if self._teller is None:
            return
        seen = self._teller.seen
        self.advice = seen.advice
        event = self._drawer.saw(seen.drawer, time.monotonic())
        if event is None or self._abandoned:
            return
        try:
            if event.kind == "drawer.opened":
                self._store.record("drawer.opened", {}, "")
            else:
                self._store.record("drawer.left_open", {"seconds": event.seconds}, "")
        except StorageError as error:
            _log().warning("the drawer was open, and the journal could not be told: %r", error)

    def _has_call(self) -> bool:
        return self._call or self._closing or self._kick_asked is not None

    def _pause(self) -> float | None:
        """Seconds until the next try; None is until somebody calls."""
        if not self._failures or (self._kick_failed and not self.waiting):
            return None
        wait = BACK_OFF_S[min(self._failures, len(BACK_OFF_S)) - 1]
        return min(wait, AT_HAND_S) if self.state in AT_HAND else wait

    def _take_kick(self) -> bool:
        with self._woken:
            asked, self._kick_asked = self._kick_asked, None
        return asked is not None and time.monotonic() - asked <= KICK_SECONDS

    def _open_drawer(self) -> None:
        refusal = self._asked(self._printer.kick)
        self._kick_failed = refusal is not None
        if refusal is None:
            if self._teller is not None and self._teller.seen.answers:
                self._drawer.kicked(time.monotonic())
            self._saw()
            return
        self._went_wrong(refusal.code, refusal.facts)

    def _print_one(self) -> bool:
        """Print the oldest job; whether to go straight on."""
        jobs = self._store.spool(spool.waiting, 1)
        if not jobs or self._closing:
            self._count()
            # A drawer that did not open is the printer's trouble, and lasts until something works.
            if not self._kick_failed and not self._closing:
                self._recovered()
            return False
        job = jobs[0]
        if job.id == self._printed:
            # It was printed, and the disk refused to hear of it: that must not print it twice.
            self._store.spool(spool.done, job.id)
            return True
        if job.id == self._doubtful and self._teller is not None:
            refusal = self._asked(self._teller.look)
            if refusal is not None or self._teller.seen.finished:
                return self._ended(job, refusal)
        document = self._composed(job)
        if document is None:
            self._store.spool(spool.drop, job.id)
            return True
        self._store.spool(spool.sending, job.id)
        refusal = self._asked(lambda: self._printer.send(document))
        if self._abandoned:
            # The store may be closed by now; the job stays as sent halfway, and is printed again with its mark.
            return False
        return self._ended(job, refusal)

    def _asked(self, act: Callable[[], Refused | None]) -> Refused | None:
        try:
            return act()
        except Exception as error:  # noqa: BLE001  a fault in a driver must not end all printing
            _log().exception("the printer's driver failed")
            return Refused("printer_crashed", {"reason": type(error).__name__})

    def _ended(self, job: PrintJob, refusal: Refused | None) -> bool:
        self._saw()
        self._doubtful = 0
        if refusal is None:
            self._printed, self._kick_failed = job.id, False
            self._store.spool(spool.done, job.id)
            self._recovered()
            return True
        if refusal.code in HOPELESS and job.tries + 1 >= HOPELESS_TRIES:
            _log().error("job %d (entry %d) cannot be printed: %s %r", job.id, job.seq, refusal.code, refusal.facts)
            self._store.spool(spool.drop, job.id)
            return True
        doubt = refusal.facts.get("doubt") is True
        self._doubtful = job.id if doubt else 0
        self._store.spool(spool.failed, job.id, refusal.code, doubt)
        self._went_wrong(refusal.code, refusal.facts)
        return False

    def _composed(self, job: PrintJob) -> Document | None:
        """The document; None where it cannot be made, which must not keep the next receipt from the printer."""
        try:
            return self._compose(job)
        except StorageError as error:
            if error.code != "no_entry":
                raise
            _log().error("job %d has no entry %d", job.id, job.seq)
        except Exception:  # noqa: BLE001  the next receipt is not to wait for this one
            _log().exception("job %d (entry %d) could not be composed", job.id, job.seq)
        return None

    def _went_wrong(self, code: str, facts: Any = None) -> None:
        self._failures += 1
        self._count()
        if self.state == OK:
            _log().warning("printing failed: %s %r", code, facts)
        self._change(code)

    def _recovered(self) -> None:
        if self.state != OK:
            _log().info("printing works again")
        self._failures = 0
        self._count()
        self._change(OK)

    def _count(self) -> None:
        try:
            self.waiting = self._store.spool(spool.count_waiting)
        except StorageError as error:
            _log().debug("spool not readable: %r", error)

    def _change(self, state: str) -> None:
        if state == self.state:
            return
        self.state = state
        try:
            self._told(state)
        except Exception:  # noqa: BLE001  a screen that is closing must not end all printing
            _log().exception("nobody took the printer's state")


def compose_job(
    store: TillStore, config: Callable[[], Config], words: Words, training: bool = False
) -> Compose:  # fmt: skip
    """The composer of a till: reads a job's entry through the writer's thread and makes its paper.

    ``config`` tells the settings of the moment, for the office may change what stands on a receipt.
    """

    def compose(job: PrintJob) -> Document | None:
        entry = store.spool(_read, store.till, job.seq)
        return document_of(entry, job, config(), words, training)

    return compose


def document_of(entry: Entry, job: PrintJob, config: Config, words: Words, training: bool = False) -> Document | None:
    """The paper that a job asks for; None for an entry that has none."""
    # Imported by the first paper, on the print thread: the till's first frame does not wait for it.
    from kassa_tui.services import receipts, report_documents

    facts = entry.facts
    if entry.kind == "sale":
        sale = facts | {"at": entry.at, "offset": entry.offset, "who": entry.who}
        return receipts.receipt(sale, config, words, mark=job.mark, gift=job.what == "gift", training=training)
    made: dict[str, Any] = {"at": entry.at, "offset": entry.offset, "who": entry.who, "training": training}
    head = (Text(words.t("HERDRUK"), CENTRE, bold=True, tall=True),) if job.mark == AGAIN else ()
    if entry.kind == "shift.close":
        return head + report_documents.z_report(facts, config, words, **made)
    if entry.kind == "report.x":
        expected = not config.rules.blind_count
        return head + report_documents.x_report(facts, config, words, expected=expected, **made)
    if entry.kind == "terminal.slip":
        return head + report_documents.terminal_slip(facts, config, words, **made)
    if entry.kind == "cash":
        return head + report_documents.cash_slip(facts, config, words, **made)
    return None


def _read(con: sqlite3.Connection, till: str, seq: int) -> Entry:
    return read_entry(con, till, seq)


def _log() -> Any:
    """Imported late: a till that prints without trouble never needs it."""
    import logging

    return logging.getLogger(__name__)
