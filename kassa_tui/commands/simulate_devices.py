"""``kassa simulate printer``, ``scale`` and ``display``: on a port or a pseudo-terminal, led by standard input.

Each says what to write in ``till.toml``, shows what it gets, and goes on until it is interrupted.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.commands.simulate import device, say
from kassa_tui.failures import DONE, MISUSE, UNREACHED
from kassa_tui.simulate import display as displays
from kassa_tui.simulate import scale as scales

if TYPE_CHECKING:
    from kassa_tui.commands.dispatch import Call
    from kassa_tui.simulate.printer import PrinterSim

PROTOCOLS: Mapping[str, tuple[str, ...]] = {"scale": scales.KINDS, "display": ("escpos", "cd5220", "dsp800")}
"""Device → what it speaks; the first is what it speaks unasked."""
STATES: Mapping[str, Mapping[str, object]] = {
    "paper out": {"paper_out": True}, "paper low": {"paper_near_end": True},
    "paper in": {"paper_out": False, "paper_near_end": False},
    "cover open": {"cover_open": True}, "cover shut": {"cover_open": False},
    "offline": {"offline": True}, "online": {"offline": False},
    "silent": {"silent": True}, "hang": {"hang": True}, "well": {"silent": False, "hang": False},
}  # fmt: skip
"""What a line on standard input does to a printer."""
WEIGHING = {"stable": scales.STABLE, "unstable": scales.MOTION, "overload": scales.OVERLOAD,
            "under": scales.UNDER_ZERO, "off": scales.SILENT, "on": scales.STABLE}  # fmt: skip
"""And to a scale; a number is a weight in kilograms."""


def simulate(call: Call, interrupted: threading.Event) -> int:
    """Run until interrupted."""
    kind, protocol = call.args.kind, call.args.protocol
    if kind in PROTOCOLS and protocol is not None and protocol not in PROTOCOLS[kind]:
        known = ", ".join(PROTOCOLS[kind])
        call.complain(call.t("{what} kan hier niet; kies uit {known}", what=protocol, known=known))
        return MISUSE
    return {"printer": _printer, "scale": _scale, "display": _display}[kind](call, interrupted)


def _printer(call: Call, ended: threading.Event) -> int:
    from kassa_tui.simulate.printer import DevicePrinter, NetworkPrinter
    from kassa_tui.simulate.roll import Roll, draw

    args, options = call.args, dict[str, Any]()
    folder = Path(args.png) if args.png else None
    made: PrinterSim
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        if args.serial:
            made = serial = DevicePrinter(faults(args))
            options = {"path": serial.path, "baud": 115200}
        else:
            made = network = NetworkPrinter(faults(args), port=args.port)
            options = {"host": "127.0.0.1", "port": network.port}
    except OSError as error:
        call.complain(call.t("Poort {port} is niet vrij: {reason}", port=args.port, reason=error.strerror or ""))
        return UNREACHED
    made.drawer_open = args.drawer_open
    say(call, device("printer", "serial" if args.serial else "network", options))

    def tear() -> None:
        for number, receipt in enumerate(Roll(made, ended.is_set).receipts(), 1):
            say(call, draw(receipt, args.columns, folder, number))

    def watch() -> None:
        seen = 0
        while not ended.is_set():
            made.wait_for(lambda it, seen=seen: it.kicks > seen or ended.is_set(), 1.0)  # type: ignore[misc]
            if made.kicks > seen:
                seen = made.kicks
                say(call, call.t("lade open"))

    return _serve([tear, watch], lambda line: order(made, line), made.close, ended, call)


def faults(args: Any) -> Any:
    """What the options say is the matter with the printer."""
    from kassa_tui.simulate.printer import Faults

    return Faults(
        paper_out=args.paper_out, paper_near_end=args.near_end, cover_open=args.cover_open, silent=args.silent,
        drop_after=args.drop_received, byte_seconds=1 / args.slow if args.slow and args.slow > 0 else 0.0,
    )  # fmt: skip


def order(printer: PrinterSim, line: str) -> bool:
    """Do what a line says; False where it says nothing known."""
    words = " ".join(line.split())
    if words in STATES:
        printer.set(**STATES[words])
    elif words == "drawer open":
        printer.open_drawer()
    elif words == "drawer shut":
        printer.shut_drawer()
    elif words == "off on":
        printer.power_cycle()
    elif found := re.fullmatch(r"drop (\d+)", words):
        printer.set(drop_after=int(found[1]))
    elif found := re.fullmatch(r"slow (\d+)", words):
        printer.set(byte_seconds=1 / int(found[1]) if int(found[1]) else 0.0)
    else:
        return False
    return True


def _scale(call: Call, ended: threading.Event) -> int:
    args = call.args
    weight = thousandths(args.weight)
    if weight is None:
        call.complain(call.t("{given} is geen gewicht in kilogram, zoals 1,250", given=args.weight))
        return MISUSE
    state = (
        scales.SILENT if args.silent
        else scales.OVERLOAD if args.overload
        else scales.MOTION if args.unstable
        else scales.STABLE
    )  # fmt: skip
    kind = args.protocol or PROTOCOLS["scale"][0]
    scale = scales.PtyScale(kind, scales.Pan(weight, state))
    options: dict[str, Any] = {"path": scale.path}
    if kind == "dialog06":
        options["polynomial"] = f"{scale.pan.polynomial:04X}"
    say(call, device("scale", kind, options))
    return _serve([], lambda line: lay(scale.pan, line), scale.unplug, ended, call)


def lay(pan: scales.Pan, line: str) -> bool:
    """Put a weight on the scale, or do to it what a line says; False where it says nothing known."""
    word = line.strip()
    weight = thousandths(word)
    if weight is not None:
        pan.thousandths, pan.state = weight, scales.STABLE
    elif word in WEIGHING:
        pan.state = WEIGHING[word]
    else:
        return False
    return True


def thousandths(text: str) -> int | None:
    """Kilograms as a person types them, up to 99,999; None for what is no weight."""
    found = re.fullmatch(r"(\d{1,2})(?:[.,](\d{1,3}))?", text, re.ASCII)
    return int(found[1]) * 1000 + int((found[2] or "").ljust(3, "0")) if found else None


def _display(call: Call, ended: threading.Event) -> int:
    kind = call.args.protocol or PROTOCOLS["display"][0]
    shown: list[tuple[str, str]] = []

    def seen(lines: tuple[str, str]) -> None:
        if shown != [lines]:
            shown[:] = [lines]
            say(call, face(lines))

    display = displays.PtyDisplay(kind, seen)
    say(call, device("display", kind, {"path": display.path}))
    return _serve([], lambda line: False, display.unplug, ended, call)


def face(lines: tuple[str, str]) -> str:
    """What the customer reads."""
    edge = "+" + "-" * displays.COLUMNS + "+"
    return "\n".join([edge, *(f"|{line}|" for line in lines), edge])


def _serve(
    works: list[Callable[[], None]], heard: Callable[[str], bool], close: Callable[[], None], ended: threading.Event,
    call: Call,
) -> int:  # fmt: skip
    """Work and obey standard input until interrupted."""

    def listen() -> None:
        for line in sys.stdin:
            if line.strip() and not heard(line):
                call.complain(call.t("onbekend: {what}", what=line.strip()[:40]))

    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in (*threads, threading.Thread(target=listen, daemon=True)):
        thread.start()
    try:
        ended.wait()
    finally:
        ended.set()
        close()
        for thread in threads:
            thread.join(2)
    return DONE
