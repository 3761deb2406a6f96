"""Questions and answers on the line to a printer, and how a line begins after one that was cut off.

A job that was cut off may leave the printer in the middle of a command, which then takes what comes next for its data:
the beginning of the next receipt, or a question, which as a command's length would make it thousands of bytes longer.
So the next line begins with as many NUL bytes as that command can still want; alone they print nothing. And answers
bear no name: the answer behind the job that was cut off may come on the next line, and must not be taken for that of
the next job.
"""

from __future__ import annotations

import time

from kassa_tui.hardware.printer import PrinterError, Road
from kassa_tui.hardware.printer_line import Line
from kassa_tui.hardware.printer_status import FENCE, Answers, question
from kassa_tui.hardware.traffic import HEAD_BYTES, TO, Tap, nobody

ANSWER_S = 0.5
"""Longest wait for an answer; a printer on a slow line takes a twentieth of it."""
QUIET_S = 0.2
"""Two answers that stand next to each other in the printer come closer than this."""
UNKNOWN_OWED, MOST_OWED = 3, 20
"""Answers that a print process before this one may have left behind; and more than that are never reckoned with."""
FIRST_NULS = 512
"""Longer than any command of a receipt but a picture; where it is not enough the next try has twice as many."""


class Talk:
    """The line, opened when it is needed; raises `PrinterError` and nothing else."""

    def __init__(self, road: Road, tap: Tap = nobody) -> None:
        self._road, self._tap = road, tap
        self._line: Line | None = None
        self._answers = Answers()
        self.clean = False
        """The printer is not in the middle of a command; of a print process before this one nobody knows."""
        self._nuls = self._nuls_sent = FIRST_NULS
        self._asked = self._before = 0
        """Questions behind a job on this line; answers that came before the last of them."""
        self._owed = UNKNOWN_OWED
        """Answers that may still come of lines before this one."""

    @property
    def held(self) -> bool:
        """There is a line."""
        return self._line is not None

    @property
    def came(self) -> int:
        """Answers to what was sent since `expect`."""
        return self._answers.fences - self._before

    def open(self) -> Line:
        """The line; a new one begins with the bytes that end a command that was cut off."""
        if self._line is None:
            self._line = self._road.open()
            self._line.tap = self._tap
            if self._nuls:
                self.write(bytes(self._nuls))
                self._nuls = 0
        return self._line

    def close(self, lost: bool = False) -> None:
        """Let go; of a line that was ``lost`` nobody knows how much of its beginning arrived."""
        line, self._line = self._line, None
        self._owed += max(0, self._asked - self._answers.fences)
        self._asked, self._before, self._answers = 0, 0, Answers()
        if lost and not self.clean:
            self._nuls = self._nuls_sent
        if line is not None:
            line.close()

    def ask(self, number: int) -> int | None:
        """The answer to DLE EOT; None where there is none in time."""
        line = self.open()
        self._answers.take(line.read())
        self._answers.states.clear()
        deadline = time.monotonic() + ANSWER_S
        self.write(question(number), deadline)
        while not self._answers.states:
            if time.monotonic() >= deadline:
                return None
            self.hear(deadline)
        return self._answers.states.popleft()

    def hear(self, until: float, writing: bool = False) -> None:
        """Wait for something to come, or for room to write."""
        line = self.open()
        line.wait(writing, until - time.monotonic())
        self._answers.take(line.read())

    def write(self, data: bytes, deadline: float | None = None) -> bool:
        """A few bytes; whether all of them went by then. A printer that takes none shows by its silence, too."""
        line, rest = self.open(), memoryview(data)
        until = deadline or time.monotonic() + ANSWER_S
        while rest and time.monotonic() < until:
            rest = rest[line.write(rest) :]
            if rest:
                self.hear(until, writing=True)
        return not rest

    def expect(self, count: int) -> None:
        """So many questions behind a job are about to be sent; what was answered before is not about them."""
        self._asked += count
        self._before = self._answers.fences

    def expected(self, count: int, deadline: float) -> bool:
        """Whether so many answers came by then."""
        while self.came < count and time.monotonic() < deadline:
            self.hear(deadline)
        return self.came >= count

    def cut_off(self, count: int) -> None:
        """The printer may be in the middle of a command that wants so many bytes yet."""
        self.clean, self._nuls, self._nuls_sent = False, count, count

    def clear(self, fence: bool, deadline: float) -> bool:
        """Make sure that the beginning of this line ended what was cut off, and that no older answer is to come.

        Where so many older ones may still come, two more than that are asked for at once: when as many have come, at
        least two are ours, and ours come together. False where they do not come in time: the printer is still at the
        job before, or the beginning was too short.
        """
        wanted = min(self._owed, MOST_OWED) + 2 if fence else 0
        self.expect(wanted)
        self.write(FENCE * wanted, deadline)
        if not self.expected(wanted, deadline):
            self.cut_off(2 * self._nuls_sent)
            self.close()
            return False
        while wanted and self.expected(self.came + 1, time.monotonic() + QUIET_S):
            pass
        self.clean, self._owed = True, 0
        return True

    def deliver(self, data: bytes) -> None:
        """To a printer that answers nothing: no line is held."""
        self._tap(TO, data[:HEAD_BYTES], len(data))
        try:
            self._road.deliver(bytes(self._nuls) + data)
        except PrinterError as error:
            if error.doubt:
                self.cut_off(len(data))
            raise
        self._nuls = 0
