"""Somebody at the till in the machine: looks at its screen, types, scans, and reads its books afterwards."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kassa_tui.simulate.printer import PrinterSim
from tests.vm.host import Far
from tests.vm.image import PIN, PRICES

LOGIN_SECONDS, SCREEN_SECONDS = 300.0, 120.0
KEY_SECONDS, SCAN_SECONDS = 0.04, 20.0
"""Between two keys of the scanner, of which the machine's keyboard keeps 16 and loses some where this machine is busy;
and until somebody scans again."""
REFUSALS = ("telt hier niet mee", "Niet goed gelezen", "Verkeerde pincode")
"""What is said to a code that has no place; the last by the log-in, to the end of a code whose beginning was typed
before the till had taken the scanner for itself."""
TRIES = 4
COPY = "rm -f /run/copy.db; sqlite3 'file:/var/lib/kassa/till.db?mode=ro' '.backup /run/copy.db'"
"""A copy as of one moment, taken beside a till that sells; its judge is the program on this machine."""
BOOKS = '[shop]\nname = "Proefwinkel"\ncountry = "NL"\n[till]\nid = "K1"\ndata = "books"\n'


class Steps:
    """What held and what did not, and the figures of the run."""

    def __init__(self) -> None:
        self.failed, self._begun = 0, time.monotonic()
        self.boots: list[float] = []
        """Seconds from power on to the log-in."""
        self.counts = {
            "scans": 0,
            "refused": 0,
            "misread": 0,
            "weighings": 0,
            "sales": 0,
            "cuts": 0,
            "plugs": 0,
            "lost": 0,
        }

    def hold(self, what: str, right: bool, more: object = "") -> None:
        """One line."""
        self.failed += not right
        mark = "ok  " if right else "FAIL"
        sys.stdout.write(f"{mark} {time.monotonic() - self._begun:6.0f}s {what} {more}\n")
        sys.stdout.flush()

    def same(self, what: str, found: object, expected: object) -> None:
        """One line for two things that must be equal."""
        self.hold(what, found == expected, "" if found == expected else f"{found!r}, expected {expected!r}")

    def table(self) -> str:
        """The figures of the run."""
        boots = sorted(self.boots)
        middle = boots[len(boots) // 2] if boots else 0.0
        rows = [("boots to the log-in", len(boots))]
        if boots:
            rows += [("  seconds, least / median / most", f"{boots[0]:.0f} / {middle:.0f} / {boots[-1]:.0f}")]  # type: ignore[list-item]
        rows += [(name, number) for name, number in self.counts.items()]
        return "".join(f"{name:<34}{number}\n" for name, number in rows)


class Shop:
    """Somebody at the till."""

    def __init__(self, vm: Any, far: Far, steps: Steps, out: Path) -> None:
        self.vm, self.far, self.steps, self.out = vm, far, steps, out
        self.sales: list[int] = []
        """Totals of what was sold according to the screen, which said that it is safe."""
        self._rows = self._columns = 0
        (out / "books").mkdir(exist_ok=True)
        (out / "books.toml").write_text(BOOKS, "utf-8")

    def screen(self) -> str:
        """What is on the screen now, from the kernel's own buffer and without starting a program for it."""
        cells = self.vm.get("/dev/vcsu1").decode("utf-32-le", "replace")
        if self._rows * self._columns != len(cells):
            # Early in a boot the console is of another size.
            self._rows, self._columns = self.vm.get("/dev/vcsa1")[:2]
        rows, columns = self._rows, self._columns
        return "\n".join(cells[row * columns : (row + 1) * columns].rstrip() for row in range(rows))

    def wait(self, ready: Callable[[], object], seconds: float = SCREEN_SECONDS) -> None:
        """Until it is so."""
        self.vm.wait_for(ready, seconds, 0.2)

    def see(self, *texts: str, seconds: float = SCREEN_SECONDS) -> str:
        """Wait until the screen shows all of these; the screen."""
        shown = ""

        def look() -> bool:
            nonlocal shown
            shown = self.screen()
            return all(text in shown for text in texts)

        self.wait(look, seconds)
        return shown

    def gone(self, text: str, seconds: float = SCREEN_SECONDS) -> str:
        """Wait until the screen shows this no more; the screen."""
        self.wait(lambda: text not in self.screen(), seconds)
        return self.screen()

    def begin(self) -> None:
        """From power on to the log-in, without a person."""
        began = time.monotonic()
        self.vm.boot()
        self.see("pincode", seconds=LOGIN_SECONDS)
        self.steps.boots.append(time.monotonic() - began)

    def log_in(self) -> None:
        """As the manager."""
        self.vm.type_keys(f"{PIN}<enter>")
        self.gone("pincode")

    def scan(self, code: str) -> None:
        """With the second keyboard."""
        self.vm.scan(code, gap=KEY_SECONDS)
        self.steps.counts["scans"] += 1

    def scan_in_vain(self, code: str, where: str) -> None:
        """A scan where none counts: refused aloud, and not a digit of it in the entry line."""
        before = self.entry()
        refused = any(self._said_after(code) for _ in range(TRIES))
        self.steps.counts["refused"] += refused
        self.steps.same(
            f"a scan {where} is refused and does not become typing", (refused, self.entry()), (True, before)
        )

    def _said_after(self, code: str) -> bool:
        self.scan(code)
        until = time.monotonic() + SCAN_SECONDS
        while time.monotonic() < until:
            if any(words in self.screen() for words in REFUSALS):
                return True
        self.steps.counts["misread"] += 1
        return False

    def entry(self) -> str:
        """What stands in the line that is typed in."""
        return entry(self.screen())

    def total(self) -> int | None:
        """Cents on the ticket that is open on the screen; None where none is to be seen."""
        return total(self.screen())

    def see_total(self, cents: int) -> None:
        """Wait until the open ticket comes to this."""
        self.wait(lambda: self.total() == cents)

    def take(self, codes: list[str]) -> None:
        """Scan goods, each seen on the ticket before the next; a code that arrived with a gap is refused, and again."""
        for number, code in enumerate(codes, 1):
            wanted = sum(PRICES[each] for each in codes[:number])
            for _ in range(TRIES):
                self.scan(code)
                if self._arrived(wanted):
                    break
                self.steps.counts["misread"] += 1
            self.see_total(wanted)

    def _arrived(self, wanted: int) -> bool:
        """Whether the line came; where a key was lost, the code is refused, or goes on with the next one."""
        until = time.monotonic() + SCAN_SECONDS
        while time.monotonic() < until:
            shown = self.screen()
            if total(shown) == wanted:
                return True
            if "Onbekend" in shown:
                self.vm.type_keys("<esc>")
                self.gone("Onbekend")
                return False
            time.sleep(0.2)
        return False

    def pay(self, total: int) -> None:
        """Cash, to the cent; done when the screen says that it is safe."""
        self.vm.type_keys("<f12>")
        self.see("veilig")
        self.sold(total)

    def on_paper(self, printer: PrinterSim) -> None:
        """Wait until the receipt of the newest sale came out of this printer."""
        wanted = receipt(len(self.sales))
        self.wait(lambda: wanted in printer.paper)

    def sold(self, total: int) -> None:
        """The screen said so."""
        self.sales.append(total)
        self.steps.counts["sales"] += 1
        # A hand shuts the drawer.
        self.far.printer.shut_drawer()
        self.far.network.shut_drawer()

    def sell(self, codes: list[str]) -> None:
        """A whole sale by the second keyboard."""
        self.take(codes)
        self.pay(sum(PRICES[code] for code in codes))

    def kassa(self, words: str) -> tuple[int, str]:
        """A command of the program in the machine, as its user."""
        done = self.vm.run(f"runuser -u kassa -- /opt/kassa/bin/kassa {words}", timeout=240, check=False)
        return done.rc, done.out

    def books(self) -> list[dict[str, Any]]:
        """Bodies of the sales in the machine's journal, of which every hash and signature was looked at."""
        self.vm.run(COPY)
        (self.out / "books" / "till.db").write_bytes(self.vm.get("/run/copy.db"))
        told = json.loads(self._here("journal", "verify", "--json"))
        self.steps.hold("the journal is whole", told["ok"], told["flaws"] or f"{told['entries']} entries")
        entries = [json.loads(line) for line in self._here("journal", "show", "--json").splitlines()]
        bodies = [json.loads(each["body"]) if isinstance(each["body"], str) else each["body"]
                  for each in entries if each["kind"] == "sale"]  # fmt: skip
        numbers = [str(body["number"]) for body in bodies]
        gapless = [int(number.rpartition("-")[2]) for number in numbers] == list(range(1, len(numbers) + 1))
        self.steps.hold("the receipt numbers are gapless", gapless, "" if gapless else numbers)
        return bodies

    def _here(self, *words: str) -> str:
        command = [sys.executable, "-m", "kassa_tui", *words, "--config", str(self.out / "books.toml")]
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=120).stdout


def entry(shown: str) -> str:
    """What stands in the line that is typed in, of a question in a frame too, without its cursor."""
    lines = [line.strip(" │") for line in shown.splitlines()]
    typed = [line for line in lines if line.startswith((">", "Pincode:"))]
    return typed[-1].partition(" ")[2].rstrip(" _") if typed else ""


def total(shown: str) -> int | None:
    """Cents of the open ticket on a screen; a paid one has its total elsewhere."""
    found = re.search(r"^ Totaal +€ (\d+),(\d\d)$", shown, re.MULTILINE)
    return int(found[1]) * 100 + int(found[2]) if found else None


def receipt(number: int) -> bytes:
    """How a receipt's number stands on paper, once for each receipt."""
    return b"Bon K1-%06d" % number


def euros(cents: int) -> str:
    """As on the screen."""
    return f"{cents // 100},{cents % 100:02}"
