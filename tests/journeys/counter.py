"""Somebody at the real till: ``kassa till`` on a terminal of 80 by 25, keys written to it, its screen read back."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pyte

from bench.terminal import Terminal
from tests.house.source import ROOT
from tests.journeys import evidence

WAIT_S = 20.0
"""Longest wait for something that happens at once; only a failing test waits so long."""
COLUMNS, ROWS = 80, 25
ENTER, ESC, BACKSPACE = "\r", "\x1b", "\x7f"
F1, F4, F5, F6, F7, F8, F9, F10, F11, F12 = (
    "\x1bOP", "\x1bOS", "\x1b[15~", "\x1b[17~", "\x1b[18~", "\x1b[19~", "\x1b[20~", "\x1b[21~", "\x1b[23~", "\x1b[24~",
)  # fmt: skip
DOWN, DELETE = "\x1b[B", "\x1b[3~"
PIN_MANAGER, MANAGER = "9999", "Bas"


class Counter:
    """A till in a terminal."""

    def __init__(self, folder: Path, before: str = "", env: Mapping[str, str] | None = None) -> None:
        """Begins at once; ``folder`` has the ``till.toml``. ``before`` is Python that its process runs first."""
        self.folder, self.data = folder, folder / "data"
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        start = f"import sys\n{before}\nfrom kassa_tui.cli import main\nsys.exit(main(sys.argv[1:]))"
        argv = [sys.executable, "-c", start, "till", "--config", str(folder / "till.toml")]
        paths = {"PYTHONPATH": str(ROOT), "HOME": str(folder)}
        self._terminal = Terminal(argv, COLUMNS, ROWS, {**paths, **(env or {})})
        self.pid = self._terminal.process.pid

    def type(self, keys: str) -> None:
        """Write keys in one piece, as a program or a scanner does; what the till answers is read meanwhile."""
        self._terminal.write(keys.encode())

    def look(self, wait_s: float = 0.0) -> bool:
        """Take in what the till has written; whether there was any."""
        data = self._terminal.read(wait_s)
        self._stream.feed(data)
        self._terminal.seen = self._terminal.seen[-2000:]
        return bool(data)

    @property
    def screen(self) -> str:
        """What stands on the screen."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    def see(self, *texts: str) -> str:
        """Wait until all of these are on the screen; the screen."""
        return self.until(lambda screen: all(text in screen for text in texts), repr(texts))

    def until(self, seen: Callable[[str], bool], what: str = "") -> str:
        """Wait until the screen is as it should be."""
        deadline = time.monotonic() + WAIT_S
        while not seen(screen := self.screen):
            if time.monotonic() > deadline:
                raise AssertionError(f"not seen: {what}\n{screen}")
            if not self.look(0.5) and self._terminal.process.poll() is not None:
                raise AssertionError(f"the till has ended; not seen: {what}\n{screen}")
        return screen

    def enter(self, amount: str = "100") -> None:
        """Log in as the manager, and open the shift where it is closed."""
        self.see("Pincode", "De Hoek")
        self.type(PIN_MANAGER + ENTER)
        screen = self.until(lambda screen: MANAGER in screen.split("\n", 1)[0] and "Pincode" not in screen, MANAGER)
        if "De kassa is gesloten" in screen:
            self.type(amount + ENTER)
            self.until(lambda screen: "De kassa is gesloten" not in screen, "the shift is open")

    def asked(self, sql: str) -> Any:
        """The one value that a question to the till's own files has for an answer."""
        with closing(evidence.looking(self.data)) as con:
            row = con.execute(sql).fetchone()
            return row[0] if row else None

    def wait_for(self, sql: str, value: Any) -> None:
        """Wait until the till's files say so, reading its screen meanwhile."""
        deadline = time.monotonic() + WAIT_S
        while (found := self.asked(sql)) != value:
            assert time.monotonic() < deadline, (sql, found, value, self.screen)
            self.look(0.02)

    def wait_for_lines(self, number: int, wait_s: float = WAIT_S) -> None:
        """Wait until so many lines of the open ticket are on disk."""
        deadline = time.monotonic() + wait_s
        while (found := len(self.on_disk())) != number:
            assert time.monotonic() < deadline, (found, number, self.screen)
            self.look(0.02)

    def on_disk(self) -> list[dict[str, Any]]:
        """Lines of the open ticket as they are on disk, by number."""
        lines: dict[int, dict[str, Any]] = {}
        with closing(evidence.looking(self.data)) as con:
            open_ticket = "select body from draft where ticket != (select last_ticket from state) order by n"
            for (body,) in con.execute(open_ticket):
                change = json.loads(body)
                lines.update((line["no"], line) for line in change.get("put", ()))
                for no in change.get("gone", ()):
                    lines.pop(no, None)
        return [lines[no] for no in sorted(lines)]

    def pull_the_plug(self) -> None:
        """The power goes."""
        os.kill(self.pid, signal.SIGKILL)
        self._terminal.process.wait()
        self._terminal.close()

    def ended(self) -> int:
        """Wait until it has ended by itself; the exit code."""
        return self._terminal.process.wait(WAIT_S)

    def hang_up(self) -> int:
        """The terminal goes away; the exit code."""
        os.close(self._terminal.fd)
        return self._terminal.process.wait(WAIT_S)

    def quit(self) -> None:
        """Whatever state it is in, it is gone after this."""
        if self._terminal.process.poll() is None:
            self._terminal.process.kill()
            self._terminal.process.wait()
        try:
            os.close(self._terminal.fd)
        except OSError:
            return
