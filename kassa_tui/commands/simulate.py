"""``kassa simulate``: a device that is a program, for whoever connects a till to one; here the PIN terminals."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kassa_tui.commands.dispatch import Call
from kassa_tui.domain.money import euro
from kassa_tui.failures import DONE, MISUSE, UNREACHED
from kassa_tui.simulate.behaviour import APPROVE, CANCEL, DECLINE, FINISH, UNKNOWN, Behaviour, Charge
from kassa_tui.simulate.terminals import start

MAX_NUMBER = 900_000
"""Of a transaction at its first: six digits in every protocol."""


def simulate(call: Call) -> int:
    """Run until interrupted; says what to write in ``till.toml``, and each transaction."""
    import tempfile

    args = call.args
    if args.kind in ("printer", "scale", "display"):
        from kassa_tui.commands import simulate_devices

        with interruption() as interrupted:
            return simulate_devices.simulate(call, interrupted)
    if args.kind in ("woocommerce", "magento", "prestashop"):
        from kassa_tui.commands import simulate_webshop

        with interruption() as interrupted:
            return simulate_webshop.simulate(call, interrupted)
    if args.serial and args.kind != "zvt":
        call.complain(call.t("--serial kan alleen bij zvt en printer"))
        return MISUSE
    # Under a folder that only this user may read: keys are left in it.
    with interruption() as interrupted, tempfile.TemporaryDirectory(prefix="kassa-simulate-") as scratch:
        folder = Path(args.dir) if args.dir else Path(scratch)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            terminal, options = start(
                args.kind, behaviour(args), folder, args.port, serial=args.serial, call_back=args.call_back
            )
        except OSError as error:
            call.complain(call.t("Poort {port} is niet vrij: {reason}", port=args.port, reason=error.strerror or ""))
            return UNREACHED
        # A terminal goes on counting where it was when it was switched off.
        terminal.books.number = int(time.time()) % MAX_NUMBER
        terminal.books.told = lambda charge: say(call, _line(call, charge))
        say(call, device("card_terminal", args.kind, options) + "\n")
        try:
            interrupted.wait()
        finally:
            terminal.close()
    return DONE


def behaviour(args: Any) -> Behaviour:
    """What the options ask for."""
    return Behaviour(
        end=DECLINE if args.decline else UNKNOWN if args.unknown else APPROVE,
        by_amount=args.by_amount, dwell_s=args.dwell_ms / 1000, hang=args.hang, twice=args.twice,
        drop_sent=args.drop_sent, drop_received=args.drop_received, on_drop=CANCEL if args.cancel else FINISH,
    )  # fmt: skip


def device(role: str, kind: str, options: dict[str, Any]) -> str:
    """The ``[[device]]`` with which a till finds the device."""
    lines = ["[[device]]", f'role = "{role}"', f'kind = "{kind}"']
    lines += [
        f"{name} = {value if isinstance(value, int) else json.dumps(str(value))}" for name, value in options.items()
    ]
    return "\n".join(lines) + "\n"


def say(call: Call, text: str) -> None:
    """At once, also to a pipe: somebody may wait for it."""
    call.say(text)
    sys.stdout.flush()


def _line(call: Call, charge: Charge) -> str:
    state = call.words.kind("card_state", "approved" if charge.ok else "refused")
    return f"{charge.number}  {euro(charge.amount)}  {state}  {charge.reference}".rstrip()


@contextmanager
def interruption() -> Iterator[threading.Event]:
    """Set by Ctrl+C or SIGTERM, both heeded before a word is said: whoever reads it may interrupt at once."""
    ended = threading.Event()
    before = {number: signal.signal(number, lambda *_: ended.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
