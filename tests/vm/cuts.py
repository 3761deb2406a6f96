"""Power cuts in the middle of work: what the screen called safe is in the books, the open ticket is on the screen."""

from __future__ import annotations

import random
import re
import time
from dataclasses import dataclass

from tests.vm.image import BREAD, CAN, PRICES
from tests.vm.shop import SCREEN_SECONDS, Shop, entry, receipt, total

MOMENTS = ("half a code", "a scan", "at rest", "in an amount", "F12", "printing")
"""Where the plug is pulled: each comes as often as the others, in an order that a seed chooses."""
REST_S = 2.0
AGAIN = b"HERDRUK"
CUT = b"\x1dV"
"""Ends a receipt on paper."""


@dataclass(slots=True)
class Open:
    """What stood open when the plug was pulled."""

    codes: list[str]
    sure: int
    """So many of the codes must be back; the line that was being scanned may be lost."""
    may_be_sold: bool = False
    """Cash was asked for, and the screen had not yet said that it is safe."""

    def totals(self) -> set[int]:
        """What the ticket may come to, in cents."""
        return {sum(PRICES[code] for code in self.codes[:count]) for count in range(self.sure, len(self.codes) + 1)}


def all_cuts(shop: Shop, cuts: int, seed: int = 7) -> None:
    """So many in a row, each with a real start of the machine after it."""
    chance = random.Random(seed)
    moments: list[str] = []
    while len(moments) < cuts:
        moments += chance.sample(MOMENTS, len(MOMENTS))
    for number, moment in enumerate(moments[:cuts], 1):
        shop.sell(_goods(chance))
        left = _work(shop, moment, chance)
        shop.vm.power_cut(keep=chance.random(), seed=number)
        # The same plug: the printer forgets what it had not printed.
        shop.far.network.power_cycle()
        shop.steps.counts["cuts"] += 1
        _after(shop, left, f"cut {number} ({moment})")
    paper(shop)


def _goods(chance: random.Random) -> list[str]:
    return [chance.choice((BREAD, CAN)) for _ in range(chance.randint(1, 3))]


def _work(shop: Shop, moment: str, chance: random.Random) -> Open:
    """Work until just before the plug is pulled."""
    codes, vm = _goods(chance), shop.vm
    shop.take(codes)
    if moment == "half a code":
        vm.scan(BREAD[: chance.randint(2, 12)], suffix="")
        return Open(codes, len(codes))
    if moment == "a scan":
        shop.scan(CAN)
        time.sleep(chance.uniform(0, 0.8))
        return Open([*codes, CAN], len(codes))
    if moment == "at rest":
        time.sleep(REST_S)
    elif moment == "in an amount":
        vm.type_keys("<f6>")
        shop.see("Nieuwe prijs")
        vm.type_keys("2")
        shop.wait(lambda: shop.entry().startswith("2"))
        shop.scan_in_vain(CAN, "in a new price")
    elif moment == "F12":
        vm.type_keys("<f12>")
        time.sleep(chance.uniform(0, 0.6))
        return Open(codes, len(codes), may_be_sold=True)
    else:
        shop.pay(sum(PRICES[code] for code in codes))
        time.sleep(chance.uniform(0, 3))
        return Open([], 0)
    return Open(codes, len(codes))


def _after(shop: Shop, left: Open, name: str) -> None:
    """Boot, look into the books, log in and finish the ticket that is back."""
    steps, whole = shop.steps, sum(PRICES[code] for code in left.codes)
    shop.begin()
    # So early that the till may not have taken the scanner for itself yet.
    shop.scan_in_vain(BREAD, "at the log-in")
    ready(shop)
    found = [int(body["total"]) for body in shop.books()]
    sold = left.may_be_sold and found == [*shop.sales, whole]
    if sold:
        shop.sold(whole)
    steps.counts["lost"] += len([1 for at, total in enumerate(shop.sales) if found[at : at + 1] != [total]])
    steps.hold(f"{name}: no finished sale is lost", found == shop.sales, f"{len(found)} sales")
    shop.log_in()
    shown = shop.see(" Totaal ")
    shown = _settled(shop, shown)
    may = {0} if sold else left.totals()
    back = total(shown)
    steps.hold(f"{name}: the open ticket is back", back in may, f"{back} of {sorted(may)}" if back not in may else back)
    clean = entry(shown) == "" and not re.search(r"\d{8}", shown.partition(" Totaal ")[2])
    steps.hold(f"{name}: nothing stands in the line that is typed in", clean, "" if clean else shown[-400:])
    if back:
        shop.pay(back)


def ready(shop: Shop) -> None:
    """The till behind the log-in is open, its devices are taken."""
    shop.vm.wait_for("systemctl is-active --quiet kassa-till@tty1", SCREEN_SECONDS)


def _settled(shop: Shop, shown: str) -> str:
    """The screen once it no longer changes."""
    while (later := shop.screen()) != shown:
        shown = later
    return shown


def paper(shop: Shop) -> None:
    """Every receipt came out; one that may have come out twice says so."""
    shop.gone("bon:")
    shop.on_paper(shop.far.network)
    (shop.out / "paper.bin").write_bytes(shop.far.paper())
    sheets = shop.far.paper().split(CUT)
    missing, twice = [], []
    for number in range(1, len(shop.sales) + 1):
        mine = [sheet for sheet in sheets if receipt(number) in sheet]
        if not any(b"TOTAAL" in _after_number(sheet, number) for sheet in mine):
            missing.append(number)
        unmarked = sum(sheet.count(receipt(number)) for sheet in mine) - sum(AGAIN in sheet for sheet in mine)
        if unmarked > 1:
            twice.append(number)
    again = sum(sheet.count(AGAIN) for sheet in sheets)
    shop.steps.same("every receipt is on paper", missing, [])
    shop.steps.same(f"none twice without a mark ({again} are marked)", twice, [])


def _after_number(sheet: bytes, number: int) -> bytes:
    """A receipt from its number on; where it was cut off, without the next one on the same sheet."""
    return sheet.rpartition(receipt(number))[2].partition(b"Bon K1-")[0]
