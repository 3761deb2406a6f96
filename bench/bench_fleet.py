"""The office under a fleet: an ordinary day's supply, a badly behaved one, and all tills coming back at once.

Everything goes through ``kassa-office simulate``, which proves at the end that nothing is missing: exits 1 where it is.

    python -m bench.bench_fleet [--tills N] [--load N] [--window SECONDS]
"""

from __future__ import annotations

import argparse
import subprocess
import sys


def simulate(title: str, *words: str) -> int:
    """One run, its table on the screen; its exit code."""
    print(f"\n{title}: kassa-office simulate {' '.join(words)}", flush=True)
    return subprocess.run([sys.executable, "-m", "kassa_office", "simulate", *words], check=False).returncode


def main() -> int:
    """All of them; 1 where something was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tills", type=int, default=10_000, help="that reconnect")
    parser.add_argument("--load", type=int, default=1_000, help="tills that send on an ordinary day")
    parser.add_argument("--window", type=float, default=600.0)
    given = parser.parse_args()
    load = ("--tills", str(given.load))
    storm = ("--tills", str(given.tills), "--storm", "--sales", "1", "--window", str(given.window))
    runs = (
        ("in one process", load),
        ("out of order, twice, answers lost", (*load, "--disorder", "--replay", "--lost")),
        ("over HTTP", (*load, "--http")),
        ("reconnect storm, modelled clock", storm),
    )
    return max(simulate(title, *words) for title, words in runs)


if __name__ == "__main__":
    sys.exit(main())
