"""The real till with a scanner, a scale and a display on lines: weighs, scans, shows, survives losing them all."""

from __future__ import annotations

import os
import pty
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from kassa_tui import bootstrap, config
from kassa_tui.simulate.display import PtyDisplay
from kassa_tui.simulate.scale import PtyScale
from tests.hardware.device_bench import Kept
from tests.journeys.counter import ENTER, F12, Counter

ARTICLES = """sku,gtin,name,group,price,vat,unit,deposit,min_age,stock
1,,Bananen,Groente,1.79,9,kg,,,
6,8710400280507,Krentenbol,Brood,0.55,9,each,,,40
"""
STAFF = "code,name,role,pin\n1,Bas,manager,9999\n"
FOUR = """
[[device]]
role = "scale"
kind = "toledo8217"
path = "{scale}"
[[device]]
role = "display"
kind = "escpos"
path = "{pole}"
[[device]]
role = "scanner"
kind = "serial"
path = "{scanner}"
[[device]]
role = "scanner"
kind = "evdev"
usb = "ffff:fffe"
"""


class Bench:
    """Far ends of all the lines."""

    def __init__(self) -> None:
        self.faces = Kept()
        self.scale, self.pole = PtyScale("toledo8217"), PtyDisplay("escpos", self.faces)
        self.far, self._near = pty.openpty()
        tty.setraw(self._near)
        self.scanner = os.ttyname(self._near)

    def shows(self, upper: str, lower: str) -> None:
        """Wait until the customer reads it."""
        self.faces.until(lambda told: told[-1] == (f"{upper:<20}", f"{lower:<20}"))

    def unplug(self) -> None:
        """Everything at once; harmless when called again."""
        self.scale.unplug()
        self.pole.unplug()
        if self.far >= 0:
            far, self.far = self.far, -1
            os.close(far)
            os.close(self._near)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.unplug()


def test_a_till_with_devices(tmp_path: Path, bench: Bench) -> None:
    path = tmp_path / "till.toml"
    devices = FOUR.format(scale=bench.scale.path, pole=bench.pole.path, scanner=bench.scanner)
    path.write_text(f'[shop]\nname = "De Hoek"\ncountry = "NL"\n[till]\nid = "K1"\ndata = "data"\n{devices}', "utf-8")
    loaded = config.load(path)
    bootstrap.init(loaded)
    for what, text in (("articles", ARTICLES), ("staff", STAFF)):
        (tmp_path / f"{what}.csv").write_text(text, "utf-8")
        assert bootstrap.import_file(loaded, what, tmp_path / f"{what}.csv").ok
    counter = Counter(tmp_path)
    try:
        counter.enter()
        bench.shows("De Hoek", "Welkom")
        counter.see("Scanner niet gevonden")
        os.write(bench.far, b"8710400280507\r\n")
        counter.see("Krentenbol")
        bench.shows("Krentenbol      0,55", "Totaal          0,55")
        counter.type("1" + ENTER)
        counter.see("Op de weegschaal", "Leg het artikel op de weegschaal")
        bench.scale.pan.thousandths = 450
        counter.until(lambda screen: "Op de weegschaal" not in screen and "Bananen" in screen, "weighed")
        counter.wait_for_lines(2)
        bench.unplug()
        counter.see("Weegschaal niet gevonden")
        counter.type("6" + ENTER)
        counter.wait_for_lines(3)
        counter.type(F12)
        counter.wait_for("select count(*) from sale", 1)
        assert counter.asked("select total from sale") == 55 + 81 + 55
        os.kill(counter.pid, 15)
        assert counter.ended() == 0
    finally:
        counter.quit()
