"""Simulated printers and the till's end of them in this process, for the tests of printing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kassa_tui.domain.document import QR, Cut, Document, Row, Text
from kassa_tui.hardware.escpos_read import read
from kassa_tui.hardware.print_client import PrintProcess, PrintResult
from kassa_tui.hardware.print_process import Station, answer
from kassa_tui.hardware.receipt_printer import ReceiptPrinter
from kassa_tui.simulate.printer import Faults, NetworkPrinter, PrinterSim

BON: Document = (Text("Bon K1-000001"), Row("Brood", "2,50"), QR("K1"), Cut())
PROFILE = {"profile": "TM-T88V"}


@contextmanager
def network(faults: Faults | None = None, **options: Any) -> Iterator[NetworkPrinter]:
    printer = NetworkPrinter(faults, **options)
    try:
        yield printer
    finally:
        printer.close()


def text_of(printer: PrinterSim) -> str:
    """What stands on the paper."""
    return read(printer.paper, 42).text()


class NearProcess(PrintProcess):
    """The print process without a process: the same requests and answers."""

    def __init__(self, options: dict[str, object], state: Path) -> None:
        super().__init__(options, state)
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.station = Station({**PROFILE, **options}, state)
        self.results: list[PrintResult] = []

    def _ask(self, request: dict[str, object], timeout_s: float) -> PrintResult:
        line = json.dumps({"id": 1} | request).encode()
        reply = answer(line, self.station.serve, self.station.told)
        result = self._result(json.loads(json.dumps(reply)))
        self.results.append(result)
        return result


class NearPrinter(ReceiptPrinter):
    """The services' printer on a `NearProcess`."""

    def __init__(self, options: dict[str, object], state: Path) -> None:
        super().__init__(options, state)
        self.near = NearProcess(options, state)
        self._process = self.near

    def close(self) -> None:
        super().close()
        if self.near.station._session:
            self.near.station._session.close()
