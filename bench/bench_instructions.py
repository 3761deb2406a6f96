"""Instructions per scan, counted by valgrind: the same on a busy machine as on a quiet one.

The till runs twice in a pty, with N and with 3 N scans; the difference is what 2 N scans cost, start-up left out.
Says so and ends where valgrind is not installed.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from bench.shop import codes_of, make_shop
from bench.terminal import Terminal

SCANS = 40
AIM = 3_500_000


def run(folder: Path, scans: int) -> int:
    """Instructions of one whole run with so many scans."""
    log = folder / f"grind-{scans}.txt"
    grind = ["valgrind", "--tool=cachegrind", "--cache-sim=no", f"--log-file={log}", "--cachegrind-out-file=/dev/null"]
    till = [sys.executable, str(Path(sys.executable).with_name("kassa")), "till", "--config", str(folder / "till.toml")]
    terminal = Terminal([*grind, *till])
    terminal.until(b"Pincode", 300)
    terminal.write(b"9999\r")
    terminal.until(b"Bas", 300)
    terminal.drain(5)
    if b"wisselgeld" in terminal.seen:
        terminal.write(b"150,00\r")
        terminal.drain(5)
    fifo = os.open(folder / "scanner", os.O_WRONLY)
    for code in codes_of(folder, scans):
        os.write(fifo, code.encode() + b"\n")
        terminal.drain(0.6)
    os.close(fifo)
    terminal.process.send_signal(signal.SIGTERM)
    end = time.monotonic() + 120
    while terminal.process.poll() is None and time.monotonic() < end:
        terminal.read(0.2)
    terminal.close()
    found = re.search(r"I\s+refs:\s+([\d,]+)", log.read_text())
    if found is None:
        raise SystemExit(f"valgrind said: {log.read_text()[-500:]}")
    return int(found[1].replace(",", ""))


def main() -> None:
    """Print the figure beside its aim."""
    if shutil.which("valgrind") is None:
        print("instructions per scan: valgrind is not installed")
        return
    with tempfile.TemporaryDirectory(prefix="kassa-bench-") as name:
        folder = Path(name)
        make_shop(folder)
        few = run(folder, SCANS)
        many = run(folder, 3 * SCANS)
    each = (many - few) / (2 * SCANS)
    print(f"instructions per scan: {each / 1e6:.2f} M   (aim {AIM / 1e6:.1f} M; idle ticks of the clock included)")


if __name__ == "__main__":
    main()
