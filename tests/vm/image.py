"""A till from a bare image: what is put on the disk, and the settings of a shop with everything plugged in."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PIN, BREAD, CAN, APPLES = "9999", "8710400280507", "5449000000996", "44"
PRICES = {BREAD: 55, CAN: 134}
"""Cents, with deposit."""
APPLES_PRICE = 249
"""Cents a kilogram."""
SCANNER = "/dev/input/by-id/usb-QEMU_QEMU_USB_Keyboard_SCANNER0-event-kbd"
SCALE = "/dev/serial/by-id/usb-QEMU_QEMU_USB_SERIAL_SCALE0-if00-port0"
DISPLAY = "/dev/serial/by-id/usb-QEMU_QEMU_USB_SERIAL_POLE0-if00-port0"
SERIAL_PRINTER = 'kind = "serial"\npath = "/dev/ttyS1"\nbaud = 38400'
ANSWERS = f"""
[shop]
name = "Proefwinkel"
country = "NL"
[till]
id = "K1"
data = "/var/lib/kassa"
[[device]]
role = "printer"
{SERIAL_PRINTER}
[[device]]
role = "drawer"
kind = "printer"
[[device]]
role = "scanner"
kind = "evdev"
path = "{SCANNER}"
[[device]]
role = "scale"
kind = "toledo8217"
path = "{SCALE}"
[[device]]
role = "display"
kind = "cd5220"
path = "{DISPLAY}"
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
{APPLES},,Appels Elstar,Fruit,2.49,9,kg,,,
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
    bare = Path(tempfile.gettempdir()) / "kassa-vm-bare"
    command = [str(lab / "build_image.sh"), "-b", str(bare), "-c", f"{source}=/opt/kassa-src", "-x", PROVISION]
    subprocess.run([*command, "-s", "4G", str(image)], check=True)
    return image


def _pip(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", *words], check=True)
