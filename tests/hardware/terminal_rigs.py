"""A terminal of every kind with its simulator, on patience so short that a test of silence is over at once."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kassa_tui.hardware.terminals.cloud import Pace
from kassa_tui.hardware.terminals.mollie import MollieDriver
from kassa_tui.hardware.terminals.nexo import NexoDriver
from kassa_tui.hardware.terminals.opi import OpiDriver, Patience
from kassa_tui.hardware.terminals.port import Driver, TerminalPort
from kassa_tui.hardware.terminals.sumup import SumUpDriver
from kassa_tui.hardware.terminals.zvt import ZvtDriver
from kassa_tui.hardware.terminals.zvt_line import Timers
from kassa_tui.services.ports import CardRequest, CardState
from kassa_tui.simulate import cloud, nexo, opi, zvt
from kassa_tui.simulate.behaviour import Behaviour

KINDS = ("zvt", "zvt-serial", "opi", "nexo", "nexo-tls", "mollie", "sumup")
WAIT_S = 20.0
"""Longest wait for an end; only a failing test waits so long."""
SHORT_S = 0.25


class Told:
    """Takes what a terminal tells and waits for the end."""

    def __init__(self) -> None:
        self.states: list[CardState] = []
        self._changed = threading.Condition()

    def __call__(self, state: CardState) -> None:
        with self._changed:
            self.states.append(state)
            self._changed.notify_all()

    def wait(self, wanted: Callable[[CardState], bool] = lambda state: state.final) -> CardState:
        """The first state that is wanted: the end, unless said otherwise."""

        def found() -> CardState | None:
            return next(filter(wanted, self.states), None)

        with self._changed:
            assert self._changed.wait_for(lambda: found() is not None, WAIT_S), self.states
            state = found()
        assert state is not None
        return state

    @property
    def ends(self) -> list[CardState]:
        """Every end that was told; there is to be one."""
        return [state for state in self.states if state.final]


@dataclass
class Rig:
    """A terminal in front of its simulator."""

    kind: str
    folder: Path
    behaviour: Behaviour = field(default_factory=Behaviour)
    ask_after_s: tuple[float, ...] = (0.0, 0.02, 0.05)
    short_s: float = SHORT_S
    whole_s: float = 10.0
    """Patience while a customer is busy."""
    settle_s: float = 0.0
    """After which what a terminal does not know never was."""

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.behaviour.answer_s = self.short_s
        self.listen_port = free_port() if self.kind == "opi" else 0
        self.simulator: Any = self._simulator()
        self.port = TerminalPort(self.driver(), self.ask_after_s)
        self.before: list[str] = []
        self._number = 0

    @property
    def books(self) -> Any:
        """The simulator's books."""
        return self.simulator.books

    def driver(self) -> Driver:
        """A driver as after a restart of the till."""
        simulator, kind = self.simulator, self.kind
        timers = Timers(
            connect=2.0, character=self.short_s / 3, frame=self.short_s, answer=self.short_s, whole=self.whole_s
        )
        if kind == "zvt":
            return ZvtDriver(host="127.0.0.1", port=simulator.port, timers=timers)
        if kind == "zvt-serial":
            return ZvtDriver(path=simulator.path, timers=timers)
        if kind == "opi":
            patience = Patience(connect=2.0, message=1.0, brief=self.short_s, whole=self.whole_s, settle=self.settle_s)
            return OpiDriver("127.0.0.1", simulator.port, self.listen_port, patience=patience)
        if kind.startswith("nexo"):
            return NexoDriver(simulator.url, nexo.POI, "K1", self.folder / "key.toml", self.folder / "ca.pem",
                              pay_s=self.whole_s, brief_s=self.short_s, settle_s=self.settle_s)  # fmt: skip
        pace = Pace(poll=0.01, call=min(self.whole_s, 1.0), whole=self.whole_s, settle=self.settle_s)
        if kind == "mollie":
            return MollieDriver("term_sim", self.folder / "key.toml", simulator.url, pace)
        return SumUpDriver("MSIM", "rdr_sim", self.folder / "key.toml", simulator.url, pace)

    def request(self, amount: int = 1234, origin: dict[str, str] | None = None) -> CardRequest:
        """A payment as the till has just written it down."""
        self._number += 1
        at = int(time.time() * 1000)
        return CardRequest(f"payment-{self._number:04}", amount, at, tuple(self.before), (), origin or {})

    def pay(self, amount: int = 1234, origin: dict[str, str] | None = None) -> tuple[CardRequest, CardState, Told]:
        """Pay and wait for the end."""
        request, told = self.request(amount, origin), Told()
        self.port.pay(request, told)
        end = told.wait()
        self.before.insert(0, end.detail.get("transaction", ""))
        return request, end, told

    def ask(self, request: CardRequest) -> CardState:
        """Ask what became of it, as after a restart."""
        told = Told()
        port = TerminalPort(self.driver())
        try:
            port.status(request, told)
            return told.wait()
        finally:
            port.close()

    def close(self) -> None:
        """Switch everything off."""
        self.port.close()
        self.simulator.close()

    def _simulator(self) -> Any:
        behaviour, kind = self.behaviour, self.kind
        (self.folder / "key.toml").touch(0o600)
        (self.folder / "key.toml").write_text(
            f'api_key = "{cloud.KEY}"\naffiliate_app = "kassa"\naffiliate_key = "k"\n'
            f'passphrase = "{nexo.SECRET.passphrase}"\nkey_identifier = "simulator"\nkey_version = 1\n'
        )
        if kind in ("zvt", "zvt-serial"):
            return zvt.ZvtSimulator(behaviour, serial=kind == "zvt-serial")
        if kind == "opi":
            return opi.OpiSimulator(behaviour, call_back=self.listen_port)
        if kind.startswith("nexo"):
            return nexo.NexoSimulator(behaviour, folder=self.folder if kind == "nexo-tls" else None)
        return cloud.MollieSimulator(behaviour) if kind == "mollie" else cloud.SumUpSimulator(behaviour)


_ports = itertools.count(os.getpid() % 1000 * 10)


def free_port() -> int:
    """A port that nobody listens on, and that the system gives to nobody's outgoing connection in between."""
    while True:
        port = 20_000 + next(_ports) % 12_000
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
