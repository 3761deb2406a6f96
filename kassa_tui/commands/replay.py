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
    _, kind, what = event
    if kind == "device":
        name, direction, data, size = what
        return plain(f"   {name} {direction} {size}: {data}")
    return plain(f"   {kind} {what}")


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
