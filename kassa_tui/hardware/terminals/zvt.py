"""ZVT 700: register, pay, and read what the terminal says until it is done (standards 7.2).

Each operation opens the line, registers and closes the line again, so a terminal that was switched off and on is found
again and nothing of an earlier operation is taken for this one's. A payment is approved only by status information with
result 0 and the right amount *and* the completion behind it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kassa_tui.hardware.terminals import zvt_bytes as zvt
from kassa_tui.hardware.terminals.detail import approved, judge, refused, slip, unknown
from kassa_tui.hardware.terminals.errors import (
    ABORTED,
    BUSY,
    DECLINED,
    GARBLED,
    OTHER_AMOUNT,
    UNSUPPORTED,
    TerminalError,
)
from kassa_tui.hardware.terminals.zvt_line import Line, SerialLine, TcpLine, Timers
from kassa_tui.hardware.traffic import Tap, nobody
from kassa_tui.services.ports import CardRequest, CardState

if TYPE_CHECKING:
    from kassa_tui.hardware.terminals.port import Say
    from kassa_tui.hardware.terminals.wake import Wake

PORT = 20_007
CLASSES = (0x04, 0x05, 0x06, 0x08, 0x0F, 0x80, 0x84)
"""Classes of everything that a terminal may send."""
REFUSED = range(0x8401, 0x8500)
AT_WORK = (0x9C, 0xDC)
"""Terminal states in which a payment may still be under way: please wait, card inserted."""
MERCHANT_RECEIPT = 1
SILENT = zvt.CONFIG & ~zvt.INTERMEDIATES


@dataclass(slots=True)
class _Heard:
    """What a terminal said during one command."""

    infos: list[zvt.StatusInfo] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    end: int = 0
    """``06 0F`` completion or ``06 1E`` abort."""
    code: int = 0
    """Error of an abort, or the terminal's state in a completion."""


class ZvtDriver:
    """Over TCP (``host``, ``port``) or over a serial line (``path``, ``baud``)."""

    def __init__(
        self, *, host: str = "", port: int = PORT, path: str = "", baud: int = 9600, password: int = 0,
        currency: int = zvt.EURO, timers: Timers | None = None, tap: Tap = nobody,
    ) -> None:  # fmt: skip
        self._timers = timers or Timers()
        self._password, self._currency = password, currency
        self._open: Callable[[], Line]
        if host:
            self._open = lambda: TcpLine(host, port, self._timers, tap)
        else:
            self._open = lambda: SerialLine(path, baud, self._timers, tap)

    def pay(self, request: CardRequest, say: Say, wake: Wake) -> CardState:
        """Pay (06 01) or give back (06 31)."""
        give_back = request.amount < 0
        order = (
            zvt.refund(self._password, -request.amount, self._currency)
            if give_back
            else zvt.authorise(request.amount, self._currency)
        )
        with closing(self._open()) as line:
            self._register(line, wake, zvt.CONFIG)
            if wake.stop:
                return refused(ABORTED)
            say("present_card")
            heard = self._command(line, wake, order, say, money=True)
        return _verdict(heard, abs(request.amount))

    def ask(self, request: CardRequest, wake: Wake) -> CardState:
        """Status (05 01), and where the terminal is at rest its last receipt (06 20). Never pays again."""
        with closing(self._open()) as line:
            if self._state(line, wake) in AT_WORK:
                return unknown(BUSY)
            self._register(line, wake, SILENT)
            heard = self._command(line, wake, zvt.repeat_receipt(self._password), None, brief=True)
        info = heard.infos[-1] if heard.infos else None
        if info is None or heard.end != zvt.COMPLETION:
            return unknown(UNSUPPORTED, detail={"slip": slip(heard.lines)})
        told = judge(request, info.amount, moment(info.date, info.time, request.at), _detail(info, heard))
        return refused(DECLINED, _reason(info, info.result)) if info.result and told.state == "approved" else told

    def look(self, wake: Wake) -> None:
        """Status (05 01)."""
        with closing(self._open()) as line:
            if self._state(line, wake) in AT_WORK:
                raise TerminalError(BUSY)

    def end_of_day(self, say: Say, wake: Wake) -> CardState:
        """06 50; totals are on the slip."""
        return self._service(zvt.end_of_day(self._password), say, wake)

    def reprint(self, say: Say, wake: Wake) -> CardState:
        """06 20."""
        return self._service(zvt.repeat_receipt(self._password), say, wake)

    def close(self) -> None:
        """Nothing is kept open between operations."""

    def _service(self, order: zvt.Apdu, say: Say, wake: Wake) -> CardState:
        with closing(self._open()) as line:
            self._register(line, wake, zvt.CONFIG)
            say("busy")
            heard = self._command(line, wake, order, say)
        detail = {"slip": slip(heard.lines)}
        if heard.end == zvt.COMPLETION:
            return approved(detail)
        return refused(DECLINED, f"{heard.code:02X}", detail)

    def _register(self, line: Line, wake: Wake, config: int) -> None:
        order = zvt.register(self._password, self._currency, config, zvt.NO_SERVICE_MENU)
        heard = self._command(line, wake, order, None, brief=True)
        if heard.end != zvt.COMPLETION:
            raise TerminalError(DECLINED, {"reason": f"06 00: {heard.code:02X}"})

    def _state(self, line: Line, wake: Wake) -> int:
        """What the terminal is at (05 01); some complete at once, without the positive answer first."""
        line.send(zvt.Apdu(zvt.STATUS_ENQUIRY), wake)
        while True:
            said = self._receive(line, wake, self._timers.answer, stoppable=False)
            if said is not None and said.control in REFUSED and said.control != zvt.MORE_TIME:
                raise TerminalError(BUSY, {"reason": f"{said.control:04X}"})
            if said is not None and said.control not in (*REFUSED, 0x8000, 0x8400):
                line.send(_OK, wake)
            if said is not None and said.control in (zvt.COMPLETION, zvt.TERMINAL_ABORT):
                return terminal_state(said.data) if said.control == zvt.COMPLETION else AT_WORK[0]

    def _command(
        self, line: Line, wake: Wake, order: zvt.Apdu, say: Say | None, *, money: bool = False, brief: bool = False
    ) -> _Heard:  # fmt: skip
        """Send a command and hear the terminal out. With ``money`` an error from here on leaves doubt; ``brief`` is for
        commands that nobody has to act on, which neither last nor are stopped."""
        try:
            line.send(order, wake, once=money)
            refusal = self._accepted(line, wake)
        except TerminalError as error:
            raise error.after_sending() if money else error from error
        if refusal is not None:
            code = UNSUPPORTED if refusal.control == zvt.NOT_SUPPORTED else DECLINED
            raise TerminalError(code, {"reason": f"{refusal.control:04X}"})
        try:
            return self._hear_out(line, wake, say, brief)
        except TerminalError as error:
            raise error.after_sending() if money else error from error

    def _accepted(self, line: Line, wake: Wake) -> zvt.Apdu | None:
        """Wait for the positive answer; the refusal where there is one. Whatever else comes first belongs to something
        earlier."""
        while True:
            said = self._receive(line, wake, self._timers.answer, stoppable=False)
            if said is None or said.control in (0x8000, 0x8400):
                return None
            if said.control in REFUSED and said.control != zvt.MORE_TIME:
                return said
            if said.control not in REFUSED:
                line.send(_OK, wake)

    def _hear_out(self, line: Line, wake: Wake, say: Say | None, brief: bool) -> _Heard:
        heard, stopped = _Heard(), brief
        patience = self._timers.answer if brief else self._timers.whole
        while True:
            said = self._receive(line, wake, patience, stoppable=not stopped)
            if said is None:
                # The terminal answers this with 80 00 00 and ends what it does with 06 1E.
                stopped = True
                line.send(zvt.Apdu(zvt.ABORT), wake)
                continue
            if said.control >> 8 in (0x80, 0x84):
                continue
            line.send(_OK, wake)
            if _note(heard, said, say):
                return heard

    def _receive(self, line: Line, wake: Wake, seconds: float, *, stoppable: bool) -> zvt.Apdu | None:
        said = line.receive(time.monotonic() + seconds, wake, stoppable=stoppable)
        if said is not None and said.control >> 8 not in CLASSES:
            raise TerminalError(GARBLED, {"reason": f"{said.control:04X}"})
        return said


_OK = zvt.Apdu(0x8000)


def _note(heard: _Heard, said: zvt.Apdu, say: Say | None) -> bool:
    """Keep what was said; whether it was the end."""
    if said.control == zvt.INTERMEDIATE and say is not None:
        say(zvt.INTERMEDIATE_STATES.get(said.data[0] if said.data else -1, "busy"))
    elif said.control == zvt.STATUS:
        heard.infos.append(zvt.status_info(said.data))
    elif said.control == zvt.PRINT_LINE:
        heard.lines.append(zvt.print_line(said.data))
    elif said.control == zvt.PRINT_BLOCK:
        kind, lines = zvt.print_block(said.data)
        heard.lines += lines if kind != MERCHANT_RECEIPT else []
    elif said.control in (zvt.COMPLETION, zvt.TERMINAL_ABORT):
        heard.end = said.control
        heard.code = terminal_state(said.data) if said.control == zvt.COMPLETION else (said.data or b"\0")[0]
        return True
    return False


def terminal_state(data: bytes) -> int:
    """The state in a completion: the byte before the fields, or field 19, or 0 where it tells none."""
    found, left = zvt.fields(data)
    if 0x19 in found:
        return found[0x19][0]
    return data[0] if left == data and data else 0


def _verdict(heard: _Heard, amount: int) -> CardState:
    info = heard.infos[-1] if heard.infos else None
    if heard.end == zvt.TERMINAL_ABORT:
        if info is not None and info.result == 0:
            # It said yes, and then broke off: only its own books know.
            return unknown(GARBLED, f"{heard.code:02X}", _detail(info, heard))
        code = heard.code if heard.code or info is None else info.result or 0
        return refused(ABORTED if code == zvt.ABORTED_CODE else DECLINED, _reason(info, code))
    if info is None or info.result is None:
        return unknown(GARBLED)
    if info.result:
        return refused(DECLINED, _reason(info, info.result))
    if info.amount not in (None, amount):
        return unknown(OTHER_AMOUNT, str(info.amount), _detail(info, heard))
    return approved(_detail(info, heard))


def _reason(info: zvt.StatusInfo | None, code: int) -> str:
    text = info.detail.get("reason", "") if info else ""
    return f"{text} ({code:02X})" if text else f"{code:02X}"


def _detail(info: zvt.StatusInfo, heard: _Heard) -> dict[str, str]:
    detail = {key: value for key, value in info.detail.items() if key != "reason"}
    return {**detail, "slip": slip(heard.lines)} if heard.lines else detail


def moment(date: str, clock: str, near: int) -> int | None:
    """UTC milliseconds of the terminal's MMDD and HHMMSS, in the year that brings it nearest to ``near``; None where
    they are no time."""
    if len(date) != 4 or len(clock) != 6:
        return None
    year = time.localtime(near / 1000).tm_year
    found = []
    for guess in (year - 1, year, year + 1):
        try:
            fields = time.strptime(f"{guess}{date}{clock}", "%Y%m%d%H%M%S")
            found.append(int(time.mktime(fields)) * 1000)
        except (ValueError, OverflowError):
            continue
    return min(found, key=lambda at: abs(at - near), default=None)
