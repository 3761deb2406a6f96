"""``kassa replay``: the screens of a support file one after the other, with the keys and scans that led to each."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.commands.dispatch import Call
from kassa_tui.failures import DONE, MISUSE
from kassa_tui.messages import plain

if TYPE_CHECKING:
    from kassa_tui.blackbox import Event
    from kassa_tui.services.support import Frame


ROW_BYTES = 16
ARROWS = {"to": "<-", "from": "->"}
"""To the device, and from it, seen from the till: the device stands on the left."""


def replay(call: Call) -> int:
    """On a terminal a frame per Enter; into a pipe all of them."""
    from kassa_tui.services.support import frames, recording

    try:
        shown = frames(recording(Path(call.args.file)))
    except ValueError:
        call.complain(call.t("{file} is geen bestand voor de helpdesk", file=call.args.file))
        return MISUSE
    if call.json:
        call.show([_facts(frame) for frame in shown], "")
    elif os.isatty(0) and os.isatty(1):
        _step(call, shown)
    else:
        for number, frame in enumerate(shown, 1):
            call.say(page(frame, number, len(shown)))
    return DONE


def page(frame: Frame, number: int, of: int) -> str:
    """One frame as text: what happened, then the screen in a box."""
    at, screen, events = frame
    head = f"== {number}/{of}  {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(at))}.{int(at * 1000) % 1000:03d}"
    width = max([len(line) for line in screen], default=0)
    rows = [f"| {plain(line):<{width}} |" for line in screen]
    return "\n".join(
        [head, *map(_happened, events), "+" + "-" * (width + 2) + "+", *rows, "+" + "-" * (width + 2) + "+"]
    )


def _happened(event: Event) -> str:
    at, kind, what = event
    if kind == "device" and isinstance(what, list | tuple) and len(what) == 4 and type(what[3]) is int:
        name, direction, data, size = what
        head = f"   {_clock(at)}  {name} {ARROWS.get(direction, direction)} {size}"
        return "\n".join([plain(head), *dump(str(data), size)])
    return plain(f"   {_clock(at)}  {kind} {what}")


def _clock(at: float) -> str:
    return f"{time.strftime('%H:%M:%S', time.localtime(at))}.{int(at * 1000) % 1000:03d}"


def dump(data: str, size: int) -> list[str]:
    """Bytes as rows of hexadecimal with the characters beside them; what was hidden is a star in both. A last row says
    how many of the ``size`` bytes were not kept."""
    pairs = [data[at : at + 2] for at in range(0, len(data), 2)]
    rows = [pairs[at : at + ROW_BYTES] for at in range(0, len(pairs), ROW_BYTES)]
    lines = [f"      {plain(' '.join(row)):<{ROW_BYTES * 3 - 1}}  |{''.join(map(_char, row))}|" for row in rows]
    return lines + ([f"      +{size - len(pairs)}"] if size > len(pairs) else [])


def _char(pair: str) -> str:
    if "*" in pair:
        return "*"
    try:
        value = int(pair, 16)
    except ValueError:
        return "?"
    return chr(value) if 0x20 <= value < 0x7F else "."


def _facts(frame: Frame) -> dict[str, Any]:
    at, screen, events = frame
    return {"at": at, "screen": screen, "events": [[when, kind, what] for when, kind, what in events]}


def _step(call: Call, shown: list[Frame]) -> None:
    at = 0
    while 0 <= at < len(shown):
        sys.stdout.write("\033[H\033[2J" + page(shown[at], at + 1, len(shown)) + "\n")
        call.say(call.t("Enter verder, t terug, een nummer, s stoppen"))
        typed = sys.stdin.readline()
        word = typed.strip()
        if not typed or word == "s":
            return
        at = (
            int(word) - 1
            if word.isdigit() and 0 < int(word) <= len(shown)
            else max(at - 1, 0)
            if word == "t"
            else at + 1
        )
