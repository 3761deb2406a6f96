"""The process that renders and delivers, so that python-escpos and Pillow weigh on it and not on the till.

    python -m kassa_tui.hardware.print_process OPTIONS STATE_DIR

``OPTIONS`` is the printer's table of the configuration as JSON. Each line on standard input is a request
``{"id": n, "document": [...], "kick": false, "copies": 1}`` and each is answered by one line on standard output:
``{"id": n, "ok": true}``, with ``"bytes"`` (base64) and how to read them where the transport is the screen, or
``{"id": n, "ok": false, "code": "...", "facts": {...}}``. The process ends when its input does.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from kassa_tui.hardware.charset import UnknownCodepage
from kassa_tui.hardware.escpos_load import UnsafeFolder
from kassa_tui.hardware.escpos_render import Layout, Renderer, UnknownProfile
from kassa_tui.hardware.printer import CONFIG, PrinterError, ScreenTransport, make_transport
from kassa_tui.hardware.wire import BadDocument, from_json

Serve = Callable[[Mapping[str, object]], dict[str, object]]
REQUEST = "print_request"
"""Code of a request that is not one."""
FAILED = "print_failed"
"""Code of a fault in this program."""
MAX_COPIES = 10
COLUMNS = range(8, 129)
WIDTHS = range(64, 4097)


class Station:
    """One printer: its renderer and its transport."""

    def __init__(self, options: Mapping[str, object], state_dir: Path) -> None:
        """Raises `PrinterError` ``printer_config`` naming the option, its value, and the nearest name that exists."""
        layout = layout_of(options)
        self._transport = make_transport(options)
        try:
            self._renderer = Renderer(layout, state_dir)
        except UnknownProfile as error:
            raise _config("profile", error.name, error.nearest) from error
        except UnknownCodepage as error:
            raise _config("codepage", error.name, error.nearest) from error
        except (UnsafeFolder, OSError) as error:
            raise _config("state_dir", str(state_dir)) from error
        try:
            self._kick = self._renderer.kick(
                _whole(options, "drawer_pin", 2, range(2, 6)),
                _whole(options, "drawer_on_ms", 100, range(2, 511)),
                _whole(options, "drawer_off_ms", 200, range(2, 511)),
            )
        except ValueError as error:
            raise _config("drawer_pin", options.get("drawer_pin")) from error

    def serve(self, request: Mapping[str, object]) -> dict[str, object]:
        """Deliver what one request asks for, the drawer's pulse as a job of its own ahead of the paper.

        Raises `PrinterError` or `BadDocument`, the latter before anything is delivered.
        """
        document = from_json(request.get("document", []))
        copies, kick = request.get("copies", 1), request.get("kick", False)
        if type(copies) is not int or not 1 <= copies <= MAX_COPIES or type(kick) is not bool:
            raise BadDocument("copies or kick")
        paper = self._renderer.render(document) * copies if document else b""
        if kick:
            self._transport.deliver(self._kick)
        if paper:
            self._transport.deliver(paper)
        return self._delivered()

    def _delivered(self) -> dict[str, object]:
        """A good answer; the screen's says how to read the bytes: columns, code page number and Python codec."""
        renderer, facts = self._renderer, dict[str, object]()
        reply: dict[str, object] = {"ok": True}
        if renderer.logo_error:
            facts["logo"] = renderer.logo_error
        if isinstance(self._transport, ScreenTransport):
            facts |= {"columns": renderer.columns, "page": renderer.page, "codec": renderer.codec}
            reply["bytes"] = base64.b64encode(self._transport.take()).decode("ascii")
        return reply | {"facts": facts} if facts else reply


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


def answer(line: bytes, serve: Serve) -> dict[str, object]:
    """The answer to one line of input, whatever it holds."""
    number: object = None
    try:
        request = json.loads(line)
        if not isinstance(request, dict):
            raise BadDocument("a request is an object")
        number = request.get("id")
        return {"id": number} | serve(request)
    except PrinterError as error:
        return {"id": number, "ok": False, "code": error.code, "facts": error.facts}
    except (ValueError, RecursionError) as error:
        return {"id": number, "ok": False, "code": REQUEST, "facts": {"error": str(error)[:200]}}
    except Exception as error:  # noqa: BLE001 - one bad receipt must not take the printer away from the next
        sys.excepthook(type(error), error, error.__traceback__)
        return {"id": number, "ok": False, "code": FAILED, "facts": {"error": f"{type(error).__name__}: {error}"[:200]}}


def run(requests: BinaryIO, answers: BinaryIO, serve: Serve) -> None:
    """Answer line by line until the input ends."""
    for line in requests:
        answers.write(json.dumps(answer(line, serve), default=str).encode() + b"\n")
        answers.flush()


def main(arguments: list[str]) -> int:
    """Serve requests until the input ends; 2 where it was started wrongly."""
    if len(arguments) != 2:
        sys.stderr.write(str(__doc__))
        return 2
    # What a library prints goes to the log: standard output belongs to the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        options = json.loads(arguments[0])
        if not isinstance(options, dict):
            raise _config("options", arguments[0])
        serve: Serve = Station(options, Path(arguments[1])).serve
    except (ValueError, PrinterError) as error:
        failure = error if isinstance(error, PrinterError) else _config("options", arguments[0])
        serve = _always(failure)
    run(sys.stdin.buffer, answers, serve)
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
