"""The devices of the virtual till: everything is used, pulled out and put back while the shop goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from kassa_tui.simulate.scale import MOTION, SILENT, STABLE
from tests.vm.image import APPLES, APPLES_PRICE, BREAD, CAN, PRICES
from tests.vm.shop import LOGIN_SECONDS, SCREEN_SECONDS, Shop, euros

TILL = "kassa-till@tty1"
NETWORK = 'kind = "network"\nhost = "10.0.2.2"\nport = {port}'
"""A printer on this machine, as the virtual one sees it."""


class Plug(NamedTuple):
    """One thing that can be pulled out."""

    name: str
    usb: str
    words: str
    """What the status line says about it."""


PLUGS = (
    Plug("scanner", "scanner0", "Scanner niet gevonden"),
    Plug("scale", "usbser0", "Weegschaal niet gevonden"),
    Plug("display", "usbser1", "Klantendisplay niet gevonden"),
)


def everything(shop: Shop) -> None:
    """Scan, weigh, show, print; then each plug out and in, and at last all of them together."""
    fields(shop)
    first_sale(shop)
    weigh(shop)
    # Not before this sale: the very first one makes the printing program ready, and a drawer does not open late.
    shop.wait(lambda: shop.far.printer.kicks)
    shop.steps.hold("the drawer opens", True)
    for plug in PLUGS:
        pull(shop, plug)
    keyboard(shop)
    silence(shop)
    out_of_reach(shop, "serial", lambda: shop.far.cables["printer"].pull(), lambda: shop.far.cables["printer"].push())
    all_at_once(shop)
    change_printer(shop)
    out_of_reach(shop, "network", lambda: shop.vm.link(False), lambda: shop.vm.link(True))


def fields(shop: Shop) -> None:
    """Scans where a PIN, an opening amount or a price is typed."""
    shop.scan_in_vain(BREAD, "at the log-in")
    shop.log_in()
    shop.see("wisselgeld")
    shop.vm.type_keys("10")
    shop.wait(lambda: shop.entry().startswith("10"))
    shop.scan_in_vain(CAN, "in the opening amount")
    shop.vm.type_keys("0,00<enter>")
    shop.see("€ 100,00 in de lade")
    shop.take([BREAD])
    shop.vm.type_keys("<f6>")
    shop.see("Nieuwe prijs")
    shop.vm.type_keys("1")
    shop.wait(lambda: shop.entry().startswith("1"))
    shop.scan_in_vain(CAN, "in a new price")
    shop.vm.type_keys("<esc><esc>")
    shop.gone("Nieuwe prijs")
    shop.vm.type_keys("<f12>")
    shop.see("veilig")
    shop.sold(PRICES[BREAD])


def first_sale(shop: Shop) -> None:
    """The second keyboard scans, the customer reads it, the printer on the serial line has it on paper."""
    shop.take([BREAD, CAN])
    total = PRICES[BREAD] + PRICES[CAN]
    shop.wait(lambda: euros(total) in shop.far.face[1])
    shop.steps.hold("the customer's display shows line and total", "1,19" in shop.far.face[0], shop.far.face)
    shop.pay(total)
    shop.on_paper(shop.far.printer)
    paper = shop.far.printer.paper
    told = all(text in paper for text in (b"Krentenbol", b"Cola", b"Statiegeld", euros(total).encode()))
    shop.steps.hold("the receipt comes out of the serial printer", told)


def weigh(shop: Shop, grams: int = 450) -> None:
    """Goods that first move on the pan; the line is there when they lie still, and on paper after the sale."""
    pan, printer = shop.far.pan, shop.far.printer
    pan.thousandths, pan.state = grams, MOTION
    shop.vm.type_keys(f"{APPLES}<enter>")
    shop.see("weegschaal")
    time.sleep(1)
    shop.steps.hold("goods that move are not sold", f"0,{grams:03}" not in shop.screen())
    pan.state = STABLE
    total = (grams * APPLES_PRICE + 500) // 1000
    shop.see(f"0,{grams:03} Appels", euros(total))
    shop.steps.counts["weighings"] += 1
    before = len(printer.paper)
    shop.pay(total)
    shop.on_paper(printer)
    shop.steps.hold("the weight of the scale is on the receipt", b"0,%03d kg" % grams in printer.paper[before:])
    pan.thousandths = 0


def pull(shop: Shop, plug: Plug) -> None:
    """One plug out: words on the status line, a sale goes on; in again: the words go by themselves, and it works."""
    shop.vm.unplug(plug.usb)
    shop.see(plug.words)
    by_hand(shop, plug.name != "scanner")
    shop.see(plug.words)
    shop.vm.plug(plug.usb)
    began = time.monotonic()
    shop.gone("niet gevonden")
    shop.steps.hold(f"{plug.name}: out with words, sold on, back by itself", True, f"{_since(began)} after the plug")
    shop.steps.counts["plugs"] += 1
    used(shop, plug.name)


def by_hand(shop: Shop, scanner: bool) -> None:
    """A sale with what is left: a code that is scanned or typed, a weight that is typed."""
    codes = [BREAD, CAN]
    if scanner:
        shop.take(codes)
    else:
        for number, code in enumerate(codes, 1):
            shop.vm.type_keys(f"{code}<enter>")
            shop.see_total(sum(PRICES[each] for each in codes[:number]))
    total = sum(PRICES[code] for code in codes)
    shop.vm.type_keys(f"{APPLES}<enter>")
    shop.see("Op de weegschaal")
    shop.vm.type_keys("0,200<enter>")
    total += 50
    shop.see_total(total)
    shop.pay(total)


def used(shop: Shop, name: str) -> None:
    """What came back does its work."""
    if name == "scale":
        weigh(shop, 300)
        return
    shop.take([CAN])
    if name == "display":
        shop.wait(lambda: euros(PRICES[CAN]) in shop.far.face[1])
        shop.steps.hold("the display shows the ticket again", "Cola" in shop.far.face[0], shop.far.face)
    shop.pay(PRICES[CAN])


def keyboard(shop: Shop) -> None:
    """The cashier's own keyboard; nothing says so, for it is the one thing that cannot be told apart from silence."""
    shop.vm.unplug("kbd0")
    shop.take([BREAD])
    shop.vm.plug("kbd0")
    shop.vm.wait_for("test -e /dev/input/by-id/usb-QEMU_QEMU_USB_Keyboard_KBD0-event-kbd", SCREEN_SECONDS)
    shop.pay(PRICES[BREAD])
    shop.steps.hold("keyboard: out, scanned on, and back", True)
    shop.steps.counts["plugs"] += 1


def silence(shop: Shop) -> None:
    """A scale that is switched off behind its plug says so while goods are weighed, and weighs again when it is on."""
    shop.far.pan.state = SILENT
    shop.vm.type_keys(f"{APPLES}<enter>")
    shop.see("antwoordt niet")
    shop.vm.type_keys("<esc>")
    shop.sell([BREAD])
    shop.far.pan.state = STABLE
    shop.gone("antwoordt niet")
    shop.steps.hold("scale: off with words, sold on, and back by itself", True)
    shop.steps.counts["plugs"] += 1
    weigh(shop, 350)


def out_of_reach(shop: Shop, kind: str, off: Callable[[], object], on: Callable[[], object]) -> None:
    """A printer that goes away keeps nobody waiting; every receipt comes out of it later, once."""
    printer = shop.far.printer if kind == "serial" else shop.far.network
    shop.on_paper(printer)
    off()
    for waiting in (1, 2):
        shop.sell([BREAD, CAN])
        shop.see("bon: Printer", f"({waiting} wacht)")
    on()
    began = time.monotonic()
    shop.gone("bon:", LOGIN_SECONDS)
    shop.on_paper(printer)
    shop.steps.hold(f"{kind} printer: away with words, sold on, both receipts later", True, f"{_since(began)} after")
    shop.steps.counts["plugs"] += 1


def all_at_once(shop: Shop) -> None:
    """Every cable out of the wall of the till, and in again."""
    for plug in PLUGS:
        shop.vm.unplug(plug.usb)
    shop.far.cables["printer"].pull()
    shop.see("Scanner niet gevonden")
    by_hand(shop, False)
    for plug in reversed(PLUGS):
        shop.vm.plug(plug.usb)
    shop.far.cables["printer"].push()
    shop.gone("niet gevonden")
    shop.gone("bon:", LOGIN_SECONDS)
    shop.take([BREAD])
    shop.wait(lambda: euros(PRICES[BREAD]) in shop.far.face[1])
    shop.pay(PRICES[BREAD])
    weigh(shop, 500)
    shop.steps.hold("everything out and in at once: scanned, shown, weighed and printed again", True)
    shop.steps.counts["plugs"] += 1


def change_printer(shop: Shop) -> None:
    """Another printer in the settings, on the network; the till is started again for it."""
    shop.on_paper(shop.far.printer)
    settings, now = "/etc/kassa/till.toml", NETWORK.format(port=shop.far.network.port)
    lines = [line for line in shop.vm.get(settings).decode().splitlines() if "ttyS1" not in line and "baud" not in line]
    text = "\n".join(now if line == 'kind = "serial"' else line for line in lines)
    shop.vm.run(f"cat > {settings}; systemctl restart {TILL}", input=text)
    shop.see("Pincode", seconds=LOGIN_SECONDS)
    shop.vm.wait_for(f"systemctl is-active --quiet {TILL}", LOGIN_SECONDS)
    shop.log_in()
    shop.sell([CAN])
    shop.on_paper(shop.far.network)
    shop.steps.hold("the receipt comes out of the network printer", b"Cola" in shop.far.network.paper)


def _since(began: float) -> str:
    return f"{time.monotonic() - began:.0f} s"
