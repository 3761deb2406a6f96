"""From power on to the log-in, in a virtual machine: what the system and the till take of it.

    KASSA_VMLAB=FOLDER KASSA_VM_IMAGE=till.qcow2 python -m bench.bench_boot [--boots N]

Lab and image are those of ``make vmtest`` (tests/vm/README.md); without them it says so and ends. An emulated processor
says nothing about a till's speed: the shares, and one run beside another, are what counts.
"""

from __future__ import annotations

import argparse
import importlib
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from bench import floors

LOGIN_S = 300.0
UNIT = "kassa-till@tty1.service"
RUNS = 5


def boot(vm_class: Any, image: str) -> tuple[float, float, float, float]:
    """Seconds from power on to the control channel and to the log-in; from the unit's start to its being ready, and
    one bare Python in the machine."""
    vm = vm_class(image, disk="overlay")
    try:
        begun = time.monotonic()
        vm.boot()
        system = time.monotonic() - begun
        vm.wait_for(lambda: "pincode" in vm.screen_text(), LOGIN_S)
        login = time.monotonic() - begun
        vm.wait_for(lambda: vm.run(f"systemctl is-active --quiet {UNIT}", check=False).rc == 0, LOGIN_S)
        names = ("ExecMainStartTimestampMonotonic", "ActiveEnterTimestampMonotonic")
        told = vm.run(f"systemctl show {UNIT} --value " + " ".join(f"-p {name}" for name in names)).out.split()
        started, ready = sorted(int(each) / 1e6 for each in told)
        took = vm.run(f"date +%s.%N; for n in {RUNS * '1 '}; do python3 -I -S -c pass; done; date +%s.%N").out.split()
        bare = (float(took[1]) - float(took[0])) / RUNS
    finally:
        vm.close()
    return system, login, ready - started, bare


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boots", type=int, default=3)
    options = parser.parse_args()
    lab, image = os.environ.get("KASSA_VMLAB", ""), os.environ.get("KASSA_VM_IMAGE", "")
    if not (Path(lab) / "till_vm.py").exists() or not Path(image).is_file():
        print("boot to log-in: no virtual till; KASSA_VMLAB and KASSA_VM_IMAGE name it (tests/vm/README.md)")
        return
    sys.path.insert(0, lab)
    vm_class: Any = importlib.import_module("till_vm").TillVM
    boots = [boot(vm_class, image) for _ in range(options.boots)]
    system, login, till, bare = (statistics.median(each) for each in zip(*boots, strict=True))
    here = statistics.median(floors.boot_once() for _ in range(20))
    print(f"power on -> control channel, of {len(boots)}      {system:8.1f} s")
    print(f"power on -> log-in on the screen           {login:8.1f} s   slowest {max(each[1] for each in boots):.1f} s")
    print(f"the till's program -> ready to sell        {till:8.1f} s   {till / bare:8.1f} x F_boot of the machine")
    print(f"F_boot in the machine {bare * 1e3:.0f} ms, here {here * 1e3:.0f} ms: {bare / here:.0f} times slower")


if __name__ == "__main__":
    main()
