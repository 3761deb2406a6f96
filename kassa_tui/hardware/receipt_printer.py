"""The services' printer on top of the print process: refusals for results, and paper for the screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from kassa_tui.domain.document import Document
from kassa_tui.domain.outcome import Refused
from kassa_tui.hardware.print_client import PrintProcess, PrintResult
from kassa_tui.hardware.traffic import Tap, nobody
from kassa_tui.services.ports import PrinterSeen

Shown = Callable[[str, bool], None]
"""Takes the text that a printer on the screen put out, and whether it kicked the drawer open."""


class ReceiptPrinter:
    """Renders and delivers in a process of its own, so that a printer that hangs takes nothing with it."""

    def __init__(
        self, options: Mapping[str, object], state_dir: Path, shown: Shown | None = None, tap: Tap = nobody
    ) -> None:
        self._process = PrintProcess(options, state_dir, tap=tap)
        self._shown = shown
        self.seen = PrinterSeen()
        """What the printer told last."""

    def warm(self) -> None:
        """Start the process before the first receipt."""
        self._process.warm()

    def send(self, document: Document) -> Refused | None:
        """Print one document; a refusal says ``doubt`` where part of it may be on paper."""
        return self._result(self._process.send(document))

    def kick(self) -> Refused | None:
        """Open the drawer."""
        return self._result(self._process.kick())

    def look(self) -> Refused | None:
        """Ask the printer how it is."""
        return self._result(self._process.look())

    def close(self) -> None:
        """End the process."""
        self._process.close()

    def _result(self, result: PrintResult) -> Refused | None:
        told = result.seen or {}
        level = told.get("drawer")
        self.seen = PrinterSeen(
            result.seen is not None,
            level if isinstance(level, bool) else None,
            str(told.get("advice", "")),
            result.finished,
        )
        if not result.ok:
            return Refused(result.code, dict(result.facts) | ({"doubt": True} if result.doubt else {}))
        if self._shown is not None and result.data:
            from kassa_tui.hardware.escpos_read import read
            from kassa_tui.hardware.paper import KickMark

            facts = result.facts
            page = read(result.data, int(str(facts["columns"])), {int(str(facts["page"])): str(facts["codec"])})
            self._shown(page.text(), any(isinstance(item, KickMark) for item in page.items))
        return None
