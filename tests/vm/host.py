"""The far ends of the till's plugs, on this machine: scale, customer's display and printers that speak real bytes."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import tty
from collections.abc import Callable
from typing import Any

from kassa_tui.simulate.display import PtyDisplay
from kassa_tui.simulate.printer import DevicePrinter, NetworkPrinter
from kassa_tui.simulate.scale import Pan, PtyScale

LOOK_S = 0.2
PIECE = 4096


class Cable:
    """From a simulator's pseudo-terminal to a serial port of the machine; found again after every start of it."""

    def __init__(self, path: str, port: Callable[[], str]) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._handle)
        self._port, self._in, self._ended = port, True, False
        self._thread = threading.Thread(target=self._run, name="cable", daemon=True)
        self._thread.start()

    def pull(self) -> None:
        """What either side says is lost."""
        self._in = False

    def push(self) -> None:
        """It carries again."""
        self._in = True

    def close(self) -> None:
        """For good."""
        self._ended = True
        self._thread.join(5)
        os.close(self._handle)

    def _run(self) -> None:
        while not self._ended:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
                line.connect(self._port())
                self._carry(line)
            # The machine is off; its port comes back under the same name.
            select.select([], [], [], LOOK_S)

    def _carry(self, line: socket.socket) -> None:
        while not self._ended:
            ready = select.select([line.fileno(), self._handle], [], [], LOOK_S)[0]
            if self._handle in ready:
                self._pass(os.read(self._handle, PIECE), line.send)
            if line.fileno() in ready:
                data = line.recv(PIECE)
                if not data:
                    return
                self._pass(data, lambda piece: os.write(self._handle, piece))

    def _pass(self, data: bytes, write: Callable[[bytes], int]) -> None:
        while data and self._in:
            data = data[write(data) :]


class Far:
    """Everything that hangs on the till."""

    def __init__(self, vm: Any) -> None:
        self.pan = Pan()
        self.face = ("", "")
        """What the customer reads."""
        self.scale = PtyScale("toledo8217", self.pan)
        self.display = PtyDisplay("cd5220", self._seen)
        self.printer, self.network = DevicePrinter(), NetworkPrinter()
        self.cables = {
            "scale": Cable(self.scale.path, lambda: str(vm.sock("usbser0"))),
            "display": Cable(self.display.path, lambda: str(vm.sock("usbser1"))),
            "printer": Cable(self.printer.path, lambda: str(vm.sock("com2"))),
        }

    def _seen(self, lines: tuple[str, str]) -> None:
        self.face = lines

    def paper(self) -> bytes:
        """What came out of both printers."""
        return self.printer.paper + self.network.paper

    def close(self) -> None:
        """Everything off."""
        for cable in self.cables.values():
            cable.close()
        for each in (self.scale, self.display):
            each.unplug()
        self.printer.close()
        self.network.close()
