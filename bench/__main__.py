"""Every benchmark in turn, to its end: ``python -m bench``, or a few by name, ``python -m bench printing screen``.

With ``KASSA_BENCH_QUICK=1`` in the environment a short run: small shops, few rounds, nothing that takes minutes. Tills
with a long past are made once, in ``$KASSA_BENCH_CACHE``, else ``$XDG_CACHE_HOME/kassa-bench``. The exit code is 1
where a benchmark failed or lost something; the others are run all the same.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

CACHE = "{cache}"
RUNS: dict[str, tuple[str, str | None]] = {
    "receipt": ("", ""),
    "screen": ("", "--rounds 20 --keys 1000"),
    "devices": ("", "--rounds 20 --sales 10 --idle 5"),
    "printing": ("1000", "100"),
    "catalogue": ("", "--articles 30000"),
    "store": (
        f"--cache {CACHE}",
        f"--cache {CACHE} --sizes 10,1000 --articles 20000 --rounds 60 --verified 1000 --rebuilt 1000",
    ),
    "ingest": ("", "--tickets 600"),
    "dashboard": ("", "--shape 8x3x60x46 --rounds 5"),
    "sync": ("", "--articles 5000 --rounds 40 --entries 1000"),
    "feed": ("", "--articles 5000"),
    "fleet": ("", "--tills 300 --load 50 --window 30"),
    "endurance": ("", "--articles 20000 --sales 2000 --lines 100 --seconds 10"),
    "webshop": ("", "--orders 300 --articles 300"),
    "instructions": ("", None),
    "boot": ("", None),
}
"""Benchmark → its arguments, and those of a short run; None is left out of that."""


def cache() -> Path:
    """Folder of what is too dear to make for each run."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(os.environ.get("KASSA_BENCH_CACHE") or os.path.join(base, "kassa-bench"))


def main(names: list[str]) -> int:
    """Run them."""
    quick, failed = os.environ.get("KASSA_BENCH_QUICK", "") not in ("", "0"), []
    unknown = [name for name in names if name not in RUNS]
    if unknown:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(RUNS)}")
        return 2
    begun = time.monotonic()
    for name in names or RUNS:
        words = RUNS[name][quick]
        if words is None:
            continue
        print(f"\n== {name} == {'(short) ' if quick else ''}load {os.getloadavg()[0]:.1f}", flush=True)
        arguments = [str(cache()) if word == CACHE else word for word in words.split()]
        done = subprocess.run([sys.executable, "-m", f"bench.bench_{name}", *arguments], check=False)
        if done.returncode:
            failed.append(name)
            print(f"{name} ended with {done.returncode}", flush=True)
    print(f"\n{time.monotonic() - begun:.0f} s   failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
