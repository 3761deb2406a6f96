"""From a bare Debian image to a till that survives power cuts, in a virtual machine: what no unit test can show.

Started by ``make vmtest``; README.md beside this file says what it needs. Each step is a line, the figures come last;
the exit code is 0 when all held, and also when there is no lab here.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.vm import cuts, plugs
from tests.vm.host import Far
from tests.vm.image import build
from tests.vm.shop import LOGIN_SECONDS, Shop, Steps


def locked_in(shop: Shop) -> None:
    """There is no way from the keyboard to another console or to a restart."""
    vm, steps = shop.vm, shop.steps
    vm.wait_for("systemctl is-active --quiet kassa-backup.timer", LOGIN_SECONDS)
    steps.hold("the till says that it is ready, the timer runs", True)
    vm.type_keys("<ctrl-alt-f2>")
    time.sleep(2)
    steps.hold("no other console", vm.run("fgconsole", check=False).out.strip() == "1")
    vm.type_keys("<ctrl-alt-delete>")
    time.sleep(2)
    steps.hold("no restart from the keyboard", "pincode" in shop.screen())


def night(shop: Shop) -> None:
    """The nightly copy and the doctor after it, each in its own sandbox."""
    vm, report = shop.vm, "/var/lib/kassa/doctor.json"
    vm.run("systemctl start kassa-backup.service", timeout=300)
    vm.wait_for(lambda: vm.run(f"test -s {report}", check=False).rc == 0, LOGIN_SECONDS)
    copies = vm.run("ls /var/lib/kassa/backup").out.split()
    shop.steps.hold("a copy in the night", len(copies) == 1, copies)
    found = json.loads(vm.get(report))["findings"]
    wrong = [each["text"] for each in found if each["state"] == "fail"]
    shop.steps.hold("the doctor in the night sees every device", wrong == [], wrong)


def hang(shop: Shop) -> None:
    """A program that hangs is started again by its watchdog."""
    vm, pid = shop.vm, "systemctl show --property=MainPID --value kassa-till@tty1"
    before = vm.run(pid).out.strip()
    vm.run(f"kill -STOP {before}")
    vm.wait_for(lambda: vm.run(pid).out.strip() not in (before, "0"), LOGIN_SECONDS)
    shop.see("pincode", seconds=LOGIN_SECONDS)
    shop.steps.hold("a till that hangs is started again", True)


def day(shop: Shop, number: int) -> None:
    """All that a till goes through, on one disk."""
    shop.begin()
    shop.steps.hold("boots to the log-in without a person", True, f"{shop.steps.boots[0]:.0f} s")
    shop.vm.screenshot(shop.out / "login.png")
    cuts.ready(shop)
    locked_in(shop)
    plugs.everything(shop)
    shop.vm.screenshot(shop.out / "sold.png")
    found = [int(body["total"]) for body in shop.books()]
    shop.steps.same("all sales are in the books", found, shop.sales)
    cuts.paper(shop)
    night(shop)
    hang(shop)
    code, said = shop.kassa("doctor")
    shop.steps.hold("the doctor is content", code == 0, said[-300:] * code)
    cuts.ready(shop)
    shop.log_in()
    cuts.all_cuts(shop, number)
    shop.vm.screenshot(shop.out / "last.png")
    code, told = shop.kassa("journal verify --json")
    shop.steps.hold("the till itself finds its journal whole", code == 0 and json.loads(told)["ok"], told[:200] * code)


def lab_here() -> str:
    """Folder of the lab; empty where nothing can be tried, which is said."""
    lab = os.environ.get("KASSA_VMLAB", "")
    if not lab or not (Path(lab) / "till_vm.py").exists():
        sys.stdout.write("vmtest: no lab, nothing tried; KASSA_VMLAB names its folder (tests/vm/README.md)\n")
        return ""
    if not shutil.which("qemu-system-x86_64"):
        sys.stdout.write("vmtest: no qemu-system-x86_64 on this machine, nothing tried\n")
        return ""
    return lab


def main() -> int:
    """Run it all, or say why not."""
    lab = lab_here()
    if not lab:
        return 0
    out = Path(os.environ.get("KASSA_VM_OUT") or tempfile.mkdtemp(prefix="kassa-vm-"))
    out.mkdir(parents=True, exist_ok=True)
    sys.path.insert(0, lab)
    vm_class: Any = importlib.import_module("till_vm").TillVM
    steps = Steps()
    given = os.environ.get("KASSA_VM_IMAGE")
    image = Path(given) if given else build(Path(lab), out)
    steps.hold("a till from a bare image", image.exists(), image)
    vm = vm_class(str(image), disk="volatile", cpus=2)
    far = Far(vm)
    shop = Shop(vm, far, steps, out)
    try:
        day(shop, int(os.environ.get("KASSA_VM_CUTS", "20")))
    except Exception as error:  # noqa: BLE001  whatever goes wrong in the machine is a finding
        steps.hold("to the end", False, repr(error))
        sys.stdout.write(shop.screen() + "\n")
        vm.screenshot(out / "failed.png")
    finally:
        sys.stdout.write(steps.table())
        vm.close()
        far.close()
    return 1 if steps.failed else 0


if __name__ == "__main__":
    sys.exit(main())
