"""From a bare Debian image to a till that survives power cuts, in a virtual machine: what no unit test can show.

Started by ``make vmtest``; README.md beside this file says what it needs. Each step is a line; the exit code is 0 when
all held, and also when there is no lab here.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PIN, BREAD, CAN = "9999", "8710400280507", "5449000000996"
SCANNER = "/dev/input/by-id/usb-QEMU_QEMU_USB_Keyboard_SCANNER0-event-kbd"
ANSWERS = f"""
[shop]
name = "Proefwinkel"
country = "NL"
[till]
id = "K1"
data = "/var/lib/kassa"
[[device]]
role = "printer"
kind = "file"
path = "/var/lib/kassa/paper.bin"
[[device]]
role = "scanner"
kind = "evdev"
path = "{SCANNER}"
[rules]
auto_lock_seconds = 0
[[staff]]
code = "1"
name = "Anna"
role = "manager"
pin = "{PIN}"
"""
ARTICLES = f"""sku,gtin,name,group,price,vat,unit,deposit,min_age,stock
6,{BREAD},Krentenbol,Brood,0.55,9,each,,,
17,{CAN},Cola,Fris,1.19,9,each,0.15,,
"""
PROVISION = """
cd /opt/kassa-src
SYSTEMD_OFFLINE=1 ./systemd/install --no-packages --wheelhouse wheels
kassa setup --answers answers.toml || test $? -eq 1
kassa import articles articles.csv
chown -R kassa:kassa /var/lib/kassa
kassa doctor || true
rm -rf /opt/kassa-src/wheels
"""
LOGIN_SECONDS, SCREEN_SECONDS = 300.0, 60.0


class Steps:
    """What held and what did not."""

    def __init__(self) -> None:
        self.failed, self._begun = 0, time.monotonic()

    def hold(self, what: str, right: bool, more: object = "") -> None:
        """One line."""
        self.failed += not right
        mark = "ok  " if right else "FAIL"
        sys.stdout.write(f"{mark} {time.monotonic() - self._begun:6.0f}s {what} {more}\n")
        sys.stdout.flush()


def build(lab: Path, out: Path) -> Path:
    """An image with the till on it."""
    source = out / "source"
    shutil.rmtree(source, ignore_errors=True)
    ignored = shutil.ignore_patterns("__pycache__")
    for name in ("systemd", "config", "kassa_tui"):
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "setup.py", "constraints.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    (source / "answers.toml").write_text(ANSWERS, "utf-8")
    (source / "articles.csv").write_text(ARTICLES, "utf-8")
    given = os.environ.get("KASSA_VM_WHEELS")
    if given:
        shutil.copytree(given, source / "wheels")
    _pip("wheel", "--quiet", "--no-deps", "-w", str(source / "wheels"), str(source))
    if not given:
        pins = str(ROOT / "constraints.txt")
        _pip("wheel", "--quiet", "-c", pins, "-w", str(source / "wheels"), f"{source}[scanners]")
    image = out / "till.qcow2"
    command = [str(lab / "build_image.sh"), "-c", f"{source}=/opt/kassa-src", "-x", PROVISION, "-s", "4G", str(image)]
    subprocess.run(command, check=True)
    return image


def _pip(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", *words], check=True)


class Shop:
    """Somebody at the till in the machine."""

    def __init__(self, vm: Any, steps: Steps) -> None:
        self.vm, self.steps = vm, steps

    def see(self, text: str, seconds: float = SCREEN_SECONDS) -> None:
        """Wait until the screen shows this."""
        self.vm.wait_for(lambda: text in self.vm.screen_text(), seconds)

    def begin(self) -> None:
        """From power on to the log-in, without a person."""
        self.vm.boot()
        self.see("pincode", LOGIN_SECONDS)

    def log_in(self) -> None:
        """As the manager."""
        self.vm.type_keys(f"{PIN}<enter>")
        self.vm.wait_for(lambda: "pincode" not in self.vm.screen_text(), SCREEN_SECONDS)

    def kassa(self, words: str) -> tuple[int, str]:
        """A command of the program, as its user."""
        done = self.vm.run(f"runuser -u kassa -- /opt/kassa/bin/kassa {words}", timeout=180, check=False)
        return done.rc, done.out

    def sales(self) -> list[int]:
        """Totals of the sales in the journal, which must be whole."""
        code, told = self.kassa("journal verify --json")
        self.steps.hold(
            "the journal is whole", code == 0 and json.loads(told)["ok"], told.strip()[:200] if code else ""
        )
        _, lines = self.kassa("journal show --json")
        entries = [json.loads(line) for line in lines.splitlines() if line.startswith("{")]
        return [_total(entry) for entry in entries if entry["kind"] == "sale"]

    def sell(self, codes: list[str]) -> None:
        """Scan with the second keyboard and take cash; done when the screen says that it is safe."""
        for code in codes:
            self.vm.scan(code)
            time.sleep(1)
        self.vm.type_keys("<f12>")
        self.see("veilig")


def _total(entry: dict[str, Any]) -> int:
    body = entry["body"]
    facts = json.loads(body) if isinstance(body, str) else body
    return int(facts["total"])


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
    shop.see("pincode", LOGIN_SECONDS)
    shop.steps.hold("a till that hangs is started again", True)


def day(shop: Shop, out: Path, cuts: int) -> None:
    """Boot, sell, and cut the power at moments that a seed chooses."""
    chance, steps, vm = random.Random(7), shop.steps, shop.vm
    began = time.monotonic()
    shop.begin()
    steps.hold("boots to the log-in without a person", True, f"{time.monotonic() - began:.0f} s")
    vm.screenshot(out / "login.png")
    ready = "systemctl is-active --quiet kassa-till@tty1 && systemctl is-active --quiet kassa-backup.timer"
    vm.wait_for(lambda: vm.run(ready, check=False).rc == 0, SCREEN_SECONDS)
    steps.hold("the till says that it is ready, the timer runs", True)
    vm.type_keys("<ctrl-alt-f2>")
    time.sleep(2)
    steps.hold("no other console", vm.run("fgconsole", check=False).out.strip() == "1")
    vm.type_keys("<ctrl-alt-delete>")
    time.sleep(2)
    steps.hold("no restart from the keyboard", "pincode" in vm.screen_text())
    shop.log_in()
    shop.see("wisselgeld")
    vm.type_keys("100,00<enter>")
    shop.see("Scan of typ")
    shop.sell([BREAD, CAN])
    vm.screenshot(out / "sold.png")
    done = shop.sales()
    steps.hold("a sale by the second keyboard", done == [189], done)
    for number in range(1, cuts + 1):
        done = cut(shop, done, number, chance)
    vm.screenshot(out / "last.png")
    night(shop)
    hang(shop)
    code, said = shop.kassa("doctor")
    steps.hold("the doctor is content", code == 0, said[-300:] if code else "")


def cut(shop: Shop, done: list[int], number: int, chance: random.Random) -> list[int]:
    """A finished sale, a begun one, the plug; what was finished is there, and what was begun stands on the screen."""
    codes = [chance.choice((BREAD, CAN)) for _ in range(chance.randint(1, 3))]
    shop.sell(codes)
    done = [*done, sum(134 if code == CAN else 55 for code in codes)]
    shop.vm.scan(BREAD)
    shop.see("Krentenbol", 20)
    time.sleep(2)
    shop.vm.power_cut(keep=chance.random(), seed=number)
    shop.begin()
    found = shop.sales()
    shop.steps.hold(f"power cut {number}: no finished sale is lost", found == done, f"{len(found)} sales")
    shop.log_in()
    shop.see("Krentenbol")
    shop.steps.hold(f"power cut {number}: the open ticket is back", True)
    shop.vm.type_keys("<f12>")
    shop.see("veilig")
    return [*done, 55]


def main() -> int:
    """Run it all, or say why not."""
    lab = os.environ.get("KASSA_VMLAB", "")
    if not lab or not (Path(lab) / "till_vm.py").exists():
        sys.stdout.write("vmtest: no lab, nothing tried; KASSA_VMLAB names its folder (tests/vm/README.md)\n")
        return 0
    if not shutil.which("qemu-system-x86_64"):
        sys.stdout.write("vmtest: no qemu-system-x86_64 on this machine, nothing tried\n")
        return 0
    out = Path(os.environ.get("KASSA_VM_OUT") or tempfile.mkdtemp(prefix="kassa-vm-"))
    out.mkdir(parents=True, exist_ok=True)
    sys.path.insert(0, lab)
    vm_class: Any = importlib.import_module("till_vm").TillVM
    steps = Steps()
    given = os.environ.get("KASSA_VM_IMAGE")
    image = Path(given) if given else build(Path(lab), out)
    steps.hold("a till from a bare image", image.exists(), image)
    vm = vm_class(str(image), disk="volatile")
    try:
        day(Shop(vm, steps), out, int(os.environ.get("KASSA_VM_CUTS", "20")))
    except Exception as error:  # noqa: BLE001  whatever goes wrong in the machine is a finding
        steps.hold("to the end", False, repr(error))
        sys.stdout.write(vm.screen_text() + "\n")
        vm.screenshot(out / "failed.png")
    finally:
        vm.close()
    return 1 if steps.failed else 0


if __name__ == "__main__":
    sys.exit(main())
