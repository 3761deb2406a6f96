"""The process that renders and delivers, so that python-escpos and Pillow weigh on it and not on the till.

    python -m kassa_tui.hardware.print_process OPTIONS STATE_DIR

``OPTIONS`` is the printer's table of the configuration as JSON. Each line on standard input is a request
``{"id": n, "document": [...], "kick": false, "look": false, "copies": 1}`` and each is answered by one
line on standard output: ``{"id": n, "ok": true}``, with ``"bytes"`` (base64) and how to read them where the
transport is the screen, with ``"seen"`` where the printer tells how it is, with ``"finished"`` where a look asked for
it, or ``{"id": n, "ok": false, "code": "...", "facts": {...}, "doubt": true}``, the last where paper may have come
out. A line ``{"sending": true}`` goes ahead of the answer when the first byte of paper goes out, and lines
``{"traffic": ["to", "1040…", 3]}`` tell what went over the printer's line, without the text of receipts. The process
ends when its input does.
"""

from __future__ import annotations

import base64
import json
import os
import select
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from kassa_tui.hardware.charset import UnknownCodepage
from kassa_tui.hardware.escpos_load import UnsafeFolder
from kassa_tui.hardware.escpos_render import Layout, Renderer, UnknownProfile
from kassa_tui.hardware.print_session import AUTO, LEVELS, OFF, REQUIRED, Session
from kassa_tui.hardware.printer import CONFIG, PrinterError, Road, ScreenTransport, make_transport
from kassa_tui.hardware.printer_memory import Memory
from kassa_tui.hardware.traffic import HEAD_BYTES, TO, Tap, nobody, without_text
from kassa_tui.hardware.wire import BadDocument, from_json

Serve = Callable[[Mapping[str, object]], dict[str, object]]
Told = Callable[[], dict[str, object]]
IDLE_S = 2.0
"""A line that nobody asked anything for so long is given back: another till may print on the same printer."""
REQUEST = "print_request"
"""Code of a request that is not one."""
FAILED = "print_failed"
"""Code of a fault in this program."""
MAX_COPIES = 10
TRAFFIC_ROOM = 32_768
"""Bytes of traffic told with one request: less than a pipe holds, so that telling it never waits for the till."""
COLUMNS = range(8, 129)
WIDTHS = range(64, 4097)


class Station:
    """One printer: its renderer and its transport, with a session where the printer can answer."""

    def __init__(
        self, options: Mapping[str, object], state_dir: Path, sending: Callable[[], object] = lambda: None,
        tap: Tap = nobody,
    ) -> None:  # fmt: skip
        """``sending`` is called before the first byte of a job goes out, ``tap`` with what goes over the line. Raises
        `PrinterError` ``printer_config`` naming the option, its value, and the nearest name that exists."""
        layout = layout_of(options)
        self._transport, self._sending, self._tap = make_transport(options), sending, tap
        try:
            self._renderer = Renderer(layout, state_dir)
        except UnknownProfile as error:
            raise _config("profile", error.name, error.nearest) from error
        except UnknownCodepage as error:
            raise _config("codepage", error.name, error.nearest) from error
        except (UnsafeFolder, OSError) as error:
            raise _config("state_dir", str(state_dir)) from error
        on_ms = _whole(options, "drawer_on_ms", 100, range(2, 511))
        pin = _whole(options, "drawer_pin", 2, range(2, 6))
        try:
            self._kick = self._renderer.kick(pin, on_ms, _whole(options, "drawer_off_ms", 200, range(2, 511)))
        except ValueError as error:
            raise _config("drawer_pin", options.get("drawer_pin")) from error
        self._kick_at_once = self._renderer.kick_at_once(pin, on_ms)
        self._session = self._session_of(options, state_dir)

    def serve(self, request: Mapping[str, object]) -> dict[str, object]:
        """Deliver what one request asks for, the drawer's pulse as a job of its own ahead of the paper.

        Raises `PrinterError` or `BadDocument`, the latter before anything is delivered.
        """
        document = from_json(request.get("document", []))
        copies, flags = request.get("copies", 1), [request.get(name, False) for name in ("kick", "look")]
        if type(copies) is not int or not 1 <= copies <= MAX_COPIES or not all(type(flag) is bool for flag in flags):
            raise BadDocument("copies, kick or look")
        kick, look = flags
        paper = self._renderer.render(document) * copies if document else b""
        if kick:
            self._open_drawer()
        if paper:
            self._print(paper)
        finished = bool(look and self._session and self._session.look())
        return self._delivered() | ({"finished": finished} if look else {})

    def rest(self) -> None:
        """Let others have the printer while there is nothing to do, unless it still has a job of ours."""
        if self._session and not self._session.pending:
            self._session.close()

    @property
    def busy(self) -> bool:
        """Whether `rest` would let go of something."""
        return self._session is not None and self._session.open and not self._session.pending

    def _open_drawer(self) -> None:
        if self._session:
            self._session.kick(self._kick, self._kick_at_once)
        else:
            self._deliver(self._kick)

    def _print(self, paper: bytes) -> None:
        if self._session:
            self._session.print(paper)
        else:
            self._sending()
            self._deliver(paper)

    def _deliver(self, data: bytes) -> None:
        if not isinstance(self._transport, ScreenTransport):
            self._tap(TO, data[:HEAD_BYTES], len(data))
        self._transport.deliver(data)

    def _session_of(self, options: Mapping[str, object], state_dir: Path) -> Session | None:
        mode, sensor = options.get("status", AUTO), options.get("drawer_sensor", AUTO)
        if mode not in (AUTO, REQUIRED, OFF):
            raise _config("status", mode)
        if sensor not in LEVELS:
            raise _config("drawer_sensor", sensor)
        if not isinstance(self._transport, Road):
            return None
        memory = Memory(state_dir, self._transport.key())
        return Session(self._transport, memory, str(mode), str(sensor), lambda: self._sending(), self._tap)

    def _delivered(self) -> dict[str, object]:
        """A good answer; the screen's says how to read the bytes: columns, code page number and Python codec."""
        renderer, facts = self._renderer, dict[str, object]()
        reply: dict[str, object] = {"ok": True, **self.told()}
        if renderer.logo_error:
            facts["logo"] = renderer.logo_error
        if isinstance(self._transport, ScreenTransport):
            facts |= {"columns": renderer.columns, "page": renderer.page, "codec": renderer.codec}
            reply["bytes"] = base64.b64encode(self._transport.take()).decode("ascii")
        return reply | {"facts": facts} if facts else reply

    def told(self) -> dict[str, object]:
        """What the printer told of itself, for any answer; nothing where it never does."""
        seen = self._session.seen if self._session else None
        return {"seen": seen._asdict()} if seen else {}


def layout_of(options: Mapping[str, object]) -> Layout:
    """The layout in a printer's options; raises `PrinterError` ``printer_config``."""
    logo, cut = options.get("logo"), options.get("cut", "full")
    double_byte, default = options.get("double_byte", False), Layout()
    if logo is not None and (not isinstance(logo, str) or "\0" in logo):
        raise _config("logo", logo)
    if cut not in ("full", "part"):
        raise _config("cut", cut)
    if type(double_byte) is not bool:
        raise _config("double_byte", double_byte)
    return Layout(
        profile=_name(options, "profile", default.profile),
        codepage=_name(options, "codepage", default.codepage),
        logo=Path(logo) if logo else None,
        width_px=_whole(options, "width_px", 0, WIDTHS) or None,
        columns=_whole(options, "columns", 0, COLUMNS) or None,
        cut=str(cut).upper(),
        double_byte=double_byte,
    )


def answer(line: bytes, serve: Serve, told: Told = dict) -> dict[str, object]:
    """The answer to one line of input, whatever it holds."""
    number: object = None
    try:
        request = json.loads(line)
        if not isinstance(request, dict):
            raise BadDocument("a request is an object")
        number = request.get("id")
        return {"id": number} | serve(request)
    except PrinterError as error:
        reply = {"id": number, "ok": False, "code": error.code, "facts": error.facts, **told()}
        return reply | ({"doubt": True} if error.doubt else {})
    except (ValueError, RecursionError) as error:
        return {"id": number, "ok": False, "code": REQUEST, "facts": {"error": str(error)[:200]}}
    except Exception as error:  # noqa: BLE001 - one bad receipt must not take the printer away from the next
        sys.excepthook(type(error), error, error.__traceback__)
        return {"id": number, "ok": False, "code": FAILED, "facts": {"error": f"{type(error).__name__}: {error}"[:200]}}


def run(requests: Iterable[bytes], answers: BinaryIO, serve: Serve, told: Told = dict) -> None:
    """Answer line by line until the input ends."""
    for line in requests:
        answers.write(json.dumps(answer(line, serve, told), default=str).encode() + b"\n")
        answers.flush()


class _Requests:
    """Lines of a pipe; ``idle`` is called where none comes for a while."""

    def __init__(self, handle: int, busy: Callable[[], bool], idle: Callable[[], object]) -> None:
        self._handle, self._busy, self._idle = handle, busy, idle

    def __iter__(self) -> Iterator[bytes]:
        kept = b""
        while True:
            *lines, kept = kept.split(b"\n")
            yield from lines
            if self._busy() and not select.select([self._handle], [], [], IDLE_S)[0]:
                self._idle()
            piece = os.read(self._handle, 1 << 16)
            if not piece:
                return
            kept += piece


class Teller:
    """Tells the till what goes over the printer's line, as long as there is room for it."""

    def __init__(self, answers: BinaryIO) -> None:
        self._answers, self._room = answers, TRAFFIC_ROOM

    def afresh(self, serve: Serve) -> Serve:
        """``serve`` with all the room for each request."""

        def served(request: Mapping[str, object]) -> dict[str, object]:
            self._room = TRAFFIC_ROOM
            return serve(request)

        return served

    def __call__(self, direction: str, data: bytes, size: int) -> None:
        """A `Tap`."""
        shown = without_text(data) if direction == TO else data
        line = f'{{"traffic": ["{direction}", "{shown.hex()}", {size}]}}\n'.encode()
        self._room -= len(line)
        if self._room >= 0:
            self._answers.write(line)
            self._answers.flush()


def main(arguments: list[str]) -> int:
    """Serve requests until the input ends; 2 where it was started wrongly."""
    if len(arguments) != 2:
        sys.stderr.write(str(__doc__))
        return 2
    # What a library prints goes to the log: standard output belongs to the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def sending() -> None:
        answers.write(b'{"sending": true}\n')
        answers.flush()

    try:
        options = json.loads(arguments[0])
        if not isinstance(options, dict):
            raise _config("options", arguments[0])
        teller = Teller(answers)
        station = Station(options, Path(arguments[1]), sending, teller)
    except (ValueError, PrinterError) as error:
        run(
            sys.stdin.buffer,
            answers,
            _always(error if isinstance(error, PrinterError) else _config("options", arguments[0])),
        )
        return 0
    requests = _Requests(0, lambda: station.busy, station.rest)
    run(requests, answers, teller.afresh(station.serve), station.told)
    return 0


def _always(failure: PrinterError) -> Serve:
    """A printer that is wrong in the configuration answers each request with what is wrong."""

    def refuse(_request: Mapping[str, object]) -> dict[str, object]:
        raise failure

    return refuse


def _config(option: str, value: object, nearest: str = "") -> PrinterError:
    facts = {"option": option, "value": value}
    return PrinterError(CONFIG, facts | ({"nearest": nearest} if nearest else {}))


def _name(options: Mapping[str, object], option: str, default: str) -> str:
    value = options.get(option, default)
    if isinstance(value, str) and value:
        return value
    raise _config(option, value)


def _whole(options: Mapping[str, object], option: str, default: int, allowed: range) -> int:
    value = options.get(option, default)
    if type(value) is int and (value in allowed or value == default):
        return value
    raise _config(option, value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
