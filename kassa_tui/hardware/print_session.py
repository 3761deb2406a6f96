"""A job on its way through a printer that answers: sent only when the printer is well, done only when it says so.

What is certain decides how a job that failed comes back. Before its first byte the printer has nothing of it: it waits
and comes out as if nothing had been. From the first byte on there is doubt, and it stays *pending* for as long as the
line holds: the printer goes on by itself once it has paper, answers behind the job, and the job was printed once and
needs no mark. Only when the line is lost, or the printer is well again and yet does not answer within the time the
job takes (it was switched off and forgot its buffer), is the job given up, and printed again with its mark.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import NamedTuple

from kassa_tui.hardware.printer import REFUSED, TIMEOUT, UNREACHABLE, PrinterError, Road
from kassa_tui.hardware.printer_line import Line
from kassa_tui.hardware.printer_memory import Memory
from kassa_tui.hardware.printer_status import ERROR as ERROR_CAUSE
from kassa_tui.hardware.printer_status import (
    FENCE,
    OFFLINE,
    PAPER,
    PRINTER,
    Status,
    advice,
    status_of,
    trouble,
)
from kassa_tui.hardware.printer_talk import Talk
from kassa_tui.hardware.traffic import TO, Tap, nobody

SILENT = "printer_silent"
BUSY = "printer_busy"
FORGOT = "printer_forgot"

LOST = (REFUSED, UNREACHABLE, TIMEOUT)
"""The line is gone."""
AUTO, REQUIRED, OFF = "auto", "required", "off"
"""Whether the printer must answer: found out, always, or it is never asked."""
LEVELS = {"auto": None, "none": None, "high": True, "low": False}
"""How the drawer's switch reads when the drawer is open."""

FENCE_TRY_S = 1.0
SILENT_JOBS = 3
"""Deliveries without an answer after which a printer that never answered is asked no more."""
MISSED = 3
"""Times that one of the questions may stay unanswered before it is left out."""
STEP_S = 0.3
"""From one question to the next while a job is under way."""
JOB_S = 7.0
"""Longest time that one request takes for its job; a slow printer is asked again later."""
LOOK_S = 1.0
PATIENCE_S, LINES_PER_S = 10.0, 3
"""A printer that is well and has all of a job has answered behind it within this and the time for its lines."""
OPENING_S = 2.0
"""After a kick a drawer has sprung open."""


class _Job:
    """What is under way."""

    def __init__(self, data: bytes, fence: bool) -> None:
        self.data = data
        self.rest = memoryview(data + FENCE if fence else data)
        self.fence = fence
        self.patience = PATIENCE_S + data.count(b"\n") / LINES_PER_S
        self.well_since: float | None = None
        self.bad = 0
        """Questions in a row answered with trouble. One alone may be a picture's dots that the printer took for one."""


class Seen(NamedTuple):
    """What the printer told last."""

    drawer: bool | None
    """Open, shut, or nobody knows."""
    advice: str
    """Code of what will keep the next job, or of paper that is nearly out; empty when all is well."""


class Session:
    """One printer with answers; raises `PrinterError` and nothing else."""

    def __init__(
        self, road: Road, memory: Memory, mode: str = AUTO, sensor: str = "auto",
        sending: Callable[[], object] = lambda: None, tap: Tap = nobody,
    ) -> None:  # fmt: skip
        """``sending`` is called before the first byte of a job goes out; ``tap`` hears what goes over the line."""
        self._road, self._memory, self._mode, self._sending, self._tap = road, memory, mode, sending, tap
        self._sensor = sensor
        self._talk = Talk(road, tap)
        self._job: _Job | None = None
        self._silent = 0
        self._missed = dict.fromkeys((OFFLINE, ERROR_CAUSE, PAPER), 0)
        self._status: Status | None = None
        self._kicked: tuple[float, bool] | None = None
        """When, and the level of the pin before."""

    @property
    def pending(self) -> bool:
        """A job is in the printer, and may yet come out."""
        return self._job is not None

    @property
    def asks(self) -> bool:
        """Whether the printer is asked at all."""
        return self._mode != OFF and (
            self._mode == REQUIRED or self._memory.answers or self._silent < SILENT_JOBS
        )  # fmt: skip

    @property
    def open(self) -> bool:
        """A line is held."""
        return self._talk.held

    @property
    def seen(self) -> Seen | None:
        """None where the printer never told."""
        if self._status is None:
            return None
        level = LEVELS[self._sensor]
        if level is None and self._sensor == "auto":
            level = self._memory.open_level
        drawer = None if level is None else self._status.drawer_high is level
        return Seen(drawer, advice(self._status))

    def print(self, data: bytes) -> None:
        """Print a job. Returns when it came out, or, from a printer that never answers, when it took all of it."""
        deadline = time.monotonic() + JOB_S
        if self._job is not None:
            self._talk.cut_off(len(self._job.data))
            self.close()
        if not self._prepared(deadline):
            self._sending()
            self._talk.deliver(data)
            return
        self._job = _Job(data, bool(self._memory.fence))
        self._talk.expect(int(self._job.fence))
        self._sending()
        self._finish(deadline)

    def kick(self, pulse: bytes, at_once: bytes) -> None:
        """Open the drawer: ``pulse`` waits its turn in the buffer, ``at_once`` is a real-time command.

        A printer that does not work off its buffer would open the drawer minutes later.
        """
        if not (self.asks and self._memory.answers):
            self._tap(TO, pulse, len(pulse))
            self._road.deliver(pulse)
            return
        if self._job is not None and self._job.rest:
            raise PrinterError(BUSY, self._facts())
        # A line with a job on it is not given up for the drawer.
        status = self._asked(only_first=True) if self.pending else self._asked_anew(only_first=True)
        if status is None:
            raise PrinterError(SILENT, self._facts())
        self._kicked = time.monotonic(), status.drawer_high
        if not self._talk.write(at_once if status.offline or self.pending else pulse):
            raise PrinterError(SILENT, self._facts())

    def look(self) -> bool:
        """Ask how it goes; whether the job that was pending has come out since."""
        if self._job is not None:
            self._finish(time.monotonic() + LOOK_S)
            return True
        if self.asks and self._memory.answers and self._asked_anew() is None:
            self._gone()
            raise PrinterError(SILENT, self._facts())
        return False

    def close(self) -> None:
        """Let go of the line, and with it of a job that is pending."""
        self._job = None
        self._talk.close()

    def _prepared(self, deadline: float) -> bool:
        """Whether the printer is ready for a job, of which it has nothing yet; False where it never answers."""
        try:
            if not self._ready():
                return False
            if not self._talk.clean and not self._talk.clear(bool(self._memory.fence), deadline):
                raise PrinterError(BUSY, self._facts())
        except PrinterError as error:
            if error.code in LOST:
                self._gone()
            raise
        return True

    def _ready(self) -> bool:
        """Whether the printer answers and is well."""
        if not self.asks:
            self.close()
            return False
        status = self._asked_anew()
        if status is None:
            self._gone()
            if self._mode == REQUIRED or self._memory.answers:
                raise PrinterError(SILENT, self._facts())
            self._silent += 1
            return False
        self._memory.answered()
        code = trouble(status)
        if code:
            self.close()
            raise PrinterError(code, self._facts(status))
        if self._memory.fence is None:
            self._try_fence()
        return True

    def _try_fence(self) -> None:
        """With an empty buffer the answer comes at once, or never."""
        self._talk.expect(1)
        self._talk.write(FENCE)
        self._memory.fenced(self._talk.expected(1, time.monotonic() + FENCE_TRY_S))

    def _finish(self, deadline: float) -> None:
        """Carry the job on until then. What fails from here on leaves it in doubt."""
        size = len(self._job.data) if self._job else 0
        try:
            self._carry(max(deadline, time.monotonic() + STEP_S))
        except PrinterError as error:
            if not error.facts.get("pending"):
                self._talk.cut_off(size)
                self._gone()
            raise PrinterError(error.code, error.facts, doubt=True) from error
        self._job = None
        # It is printed; what the printer has to say now is for the next one.
        with contextlib.suppress(PrinterError):
            self._asked()

    def _carry(self, deadline: float) -> None:
        job, line = self._job, self._talk.open()
        assert job is not None
        ask_at = time.monotonic() + STEP_S
        while not self._done(job, line):
            now = time.monotonic()
            if now >= deadline:
                raise PrinterError(BUSY if job.well_since else SILENT, self._facts(pending=True))
            # A question between the bytes of a command would be taken for the command's own.
            if not job.rest and now >= ask_at:
                self._judge(job)
                ask_at = time.monotonic() + STEP_S
            elif job.rest:
                job.rest = job.rest[line.write(job.rest) :]
                self._talk.hear(min(deadline, now + STEP_S), writing=bool(job.rest))
            else:
                self._talk.hear(min(deadline, ask_at))

    def _done(self, job: _Job, line: Line) -> bool:
        """Everything is out; and the printer answered behind it, or, where it does not do that, is well."""
        if job.rest:
            return False
        if job.fence:
            return self._talk.came > 0
        return line.unsent() == 0 and job.well_since is not None

    def _judge(self, job: _Job) -> None:
        status = self._asked()
        if status is None:
            return
        code = trouble(status)
        if not code:
            job.bad = 0
            job.well_since = job.well_since or time.monotonic()
            if time.monotonic() - job.well_since > job.patience:
                raise PrinterError(FORGOT, self._facts())
            return
        job.well_since = None
        job.bad += 1
        if job.bad > 1:
            raise PrinterError(code, self._facts(status, pending=True))

    def _asked_anew(self, only_first: bool = False) -> Status | None:
        """On a line that was held, or a new one where that was lost meanwhile; None is no answer."""
        if self._talk.held:
            try:
                status = self._asked(only_first)
            except PrinterError:
                status = None
            if status is not None:
                return status
            self.close()
        self._talk.open()
        try:
            return self._asked(only_first)
        except PrinterError:
            self._gone()
            raise

    def _gone(self) -> None:
        """What it told before holds no longer."""
        self._job, self._status = None, None
        self._talk.close(lost=True)

    def _asked(self, only_first: bool = False) -> Status | None:
        """How the printer is: one question, one answer, one after the other, for answers bear no number."""
        first = self._talk.ask(PRINTER)
        if first is None:
            return None
        found = {PRINTER: first}
        # A printer that is on-line has no cause for being off-line.
        more = () if only_first else (OFFLINE, ERROR_CAUSE, PAPER) if status_of(found).offline else (PAPER,)
        for number in more:
            answer = self._talk.ask(number) if self._missed[number] < MISSED else None
            self._missed[number] = 0 if answer is not None else self._missed[number] + 1
            if answer is not None:
                found[number] = answer
        status = status_of(found)
        if not only_first:
            self._status = status
        elif self._status is not None:
            self._status = self._status._replace(drawer_high=status.drawer_high)
        self._learn(status.drawer_high)
        return status

    def _learn(self, high: bool) -> None:
        if self._kicked is None:
            return
        at, before = self._kicked
        if time.monotonic() - at > OPENING_S:
            self._kicked = None
        elif high is not before:
            self._kicked = None
            self._memory.level_changed(high)

    def _facts(self, status: Status | None = None, pending: bool = False) -> dict[str, object]:
        """Of a refusal; ``pending`` is a job that may yet come out."""
        facts: dict[str, object] = {"printer": self._road.key()}
        if status is not None and status.error:
            facts["cause"] = status.error
        return facts | ({"pending": True} if pending else {})
