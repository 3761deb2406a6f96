"""``kassa devices``: what is connected, learning a scanner or keyboard by using it, and forgetting it again."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from kassa_tui.commands.dispatch import Call
from kassa_tui.domain.outcome import Refused
from kassa_tui.failures import DONE, REFUSED, UNREACHED
from kassa_tui.messages import plain
from kassa_tui.services import devices as service

if TYPE_CHECKING:
    from kassa_tui.config import Config, Device
    from kassa_tui.services.ports import Heard, Learning, Plugged

Listen = Callable[[str, Iterable[str], "Callable[[Heard], None]"], "Learning"]


def listen(role: str, taken: Iterable[str], told: Callable[[Heard], None]) -> Learning:
    """Listen to what is plugged in but the serial lines in ``taken``."""
    from kassa_tui.hardware.listening import Listener, plugged_in

    lines = tuple(taken)
    return Listener(role, told, lambda: plugged_in(taken=lines)).start()


def list(call: Call) -> int:
    """Every configured device: where it is, whether it was learned, and how it stands with its rule."""
    config = call.config()
    found = [_facts(each, config) for each in config.devices]
    rows = ["{name:<18}{role:<15}{kind:<12}{place}".format(**each) + _mark(call, each) for each in found]
    call.show(found, "\n".join(rows) or call.t("Er zijn geen apparaten ingesteld"))
    return DONE


def _facts(each: Device, config: Config) -> dict[str, Any]:
    from kassa_tui.services import machine

    places = (each.options.get(key) for key in ("path", "usb", "phys", "host"))
    state = machine.device(each) if each.role != "printer" else None
    return {
        "name": each.name,
        "role": each.role,
        "kind": each.kind,
        "place": " ".join(plain(str(place)) for place in places if place),
        "learned": each.learned,
        "rule": service.rule(each, config.till.data),
        "there": None if state is None else state[0] == machine.OK,
    }


def _mark(call: Call, facts: dict[str, Any]) -> str:
    gone = "  " + call.t("is er niet") if facts["there"] is False else ""
    return gone + ("  " + _rule(call, facts["rule"]) if facts["learned"] else "")


def _rule(call: Call, state: str) -> str:
    from kassa_tui.screens.devices_view import RULES

    return call.t(RULES[state])


def learn(call: Call) -> int:
    """Listen, say who spoke, and keep it when the person wants that."""
    config, role = call.config(), call.args.role
    taken = [str(each.options["path"]) for each in config.devices if each.options.get("path")]
    heard = hear(call, role, taken)
    if heard is None:
        return UNREACHED
    found, layout = heard
    first, further = service.namesakes(config, role, found)
    name = call.args.name or first or further
    table = service.table_of(role, name, found, layout)
    if table is None:
        from kassa_tui.screens.learn import UNFINDABLE

        call.complain(call.t(UNFINDABLE, name=plain(found.name)))
        return REFUSED
    return keep(call, config, table)


def keep(call: Call, config: Config, table: dict[str, Any]) -> int:
    """Write a learned device and, as root, its rule."""
    kept = service.keep(config, table)
    if isinstance(kept, Refused):
        return call.refuse(kept, REFUSED)
    write_rules(kept)
    made = next(each for each in kept.devices if each.name == table["name"])
    call.say(f"{made.name}: {_rule(call, service.rule(made, kept.till.data))}")
    call.say(call.t("Een kassa die draait, gebruikt het na een nieuwe start."))
    return DONE


def forget(call: Call) -> int:
    """Take a learned device away."""
    kept = service.drop(call.config(), call.args.name)
    if isinstance(kept, Refused):
        return call.refuse(kept, REFUSED)
    write_rules(kept)
    call.say(call.t("{name} is vergeten", name=call.args.name))
    return DONE


def write_rules(config: Config) -> None:
    """As root: the files belong to the till, and the rules are written now instead of a moment later."""
    from kassa_tui.services.setup import give_to_owner

    if os.geteuid() != 0:
        return
    give_to_owner(config.till.data)
    if service.WRITER.exists() and config.till.data == service.WATCHED:
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run([service.WRITER], check=False, timeout=60, stdin=subprocess.DEVNULL)


def hear(call: Call, role: str, taken: Iterable[str], read: Callable[[], str] | None = None) -> (
    tuple[Plugged, str] | None
):  # fmt: skip
    """The device that spoke and that the person confirmed, with the layout that it seems to have; None for none."""
    from kassa_tui.screens.learn import ASKS, NOTES

    told: queue.Queue[Heard] = queue.Queue()
    session = listen(role, taken, told.put)
    candidate: tuple[Plugged, str] | None = None
    try:
        call.say(call.t(ASKS[role]))
        if session.closed_to_us():
            call.complain(call.t("Naar sommige apparaten mag de kassa niet luisteren: bel de techniek (groep input)"))
        while True:
            heard = told.get()
            found = session.device(heard.device)
            if heard.code == "ended":
                call.complain(call.t("Er kwam niets: de kassa luistert niet meer"))
                return None
            if heard.code == "sure" and candidate is not None:
                return candidate
            if found is None:
                continue
            if heard.code in NOTES:
                call.say(call.t(NOTES[heard.code], name=plain(found.name)))
                candidate = None
            elif candidate is None:
                candidate = _wanted(call, heard, found, read or sys.stdin.readline)
                if candidate is None:
                    return None
                session.confirm(found.key)
    finally:
        session.close()


def _wanted(call: Call, heard: Heard, found: Plugged, read: Callable[[], str]) -> tuple[Plugged, str] | None:
    """Ask whether this is the one; what the device itself typed on this terminal is thrown away first."""
    call.say(call.t("Dit was: {name}", name=plain(found.name)) + f"  {found.usb}  {plain(found.phys or found.path)}")
    if heard.text:
        call.say(call.t("Gelezen: {code}", code=plain(heard.text)[:60]))
    if sys.stdin.isatty():
        import termios

        termios.tcflush(sys.stdin, termios.TCIFLUSH)
    call.say(call.t("Vastleggen?") + " (j/n)")
    return (found, heard.layout) if read().strip().lower()[:1] in ("j", "y", "o") else None
