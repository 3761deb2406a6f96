"""A terminal for the practice till: the real driver in front of a simulated terminal, so that practice shows what
happens at the counter and no card is ever charged."""

from __future__ import annotations

import time
from pathlib import Path

from kassa_tui.hardware.terminals.make import driver
from kassa_tui.hardware.terminals.opi import LISTEN_PORT
from kassa_tui.hardware.terminals.port import TerminalPort
from kassa_tui.simulate.behaviour import Behaviour
from kassa_tui.simulate.terminals import Simulator, start

DWELL_S = 0.8
"""Between two states: long enough to read them."""
MAX_NUMBER = 900_000
_LEFT_OUT = {"port": 0, "baud": 9600, "password": "000000", "currency": 978, "listen_port": LISTEN_PORT,
             "workstation": "1"}  # fmt: skip


class PracticeTerminal(TerminalPort):
    """Switches its simulator off when it is let go of."""

    def __init__(self, kind: str, till: str, folder: Path) -> None:
        behaviour = Behaviour(by_amount=True, dwell_s=DWELL_S)
        self._simulator: Simulator
        self._simulator, options = start(kind, behaviour, folder, call_back=_free_port() if kind == "opi" else 0)
        # It goes on counting where it was: a number from the day before is another payment's.
        self._simulator.books.number = int(time.time()) % MAX_NUMBER
        super().__init__(driver(kind, _LEFT_OUT | options, till))

    def close(self) -> None:
        """Let go of both."""
        super().close()
        self._simulator.close()


def practice(kind: str, till: str, folder: Path) -> PracticeTerminal:
    """A terminal of this kind that charges nobody: amounts that end in 13 are refused, in 31 unknown."""
    return PracticeTerminal(kind, till, folder)


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
