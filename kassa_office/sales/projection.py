"""What sales, shifts and tickets of a till come to in the office; the same figures that the till keeps itself."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable
from typing import Any

from kassa_office.journal import bodies
from kassa_office.journal.bodies import cut, storable
from kassa_office.journal.projection import Costs, Here, Kind, Projector, worth
from kassa_office.journal.writing import (
    DAY_TOTAL,
    PAYMENT,
    RETURNED,
    SALE,
    SALE_LINE,
    Z_REPORT,
    Gathered,
)
from kassa_office.webshops.projection import wishes
from kassa_tui.domain.tender import CASH
from kassa_tui.domain.tender import VOUCHER as BY_VOUCHER
from kassa_tui.domain.ticket import BESIDE, DEPOSIT, RETURN, WEBORDER
from kassa_tui.domain.ticket import SALE as GOODS

Amounts = tuple[int, int, int, int, int, int]
NONE: Amounts = (0, 0, 0, 0, 0, 0)
NOT_SOLD = (0, 0, 0, 0)
MOVING = frozenset((GOODS, RETURN))
"""Kinds of line that change the stock."""
ONLINE = "web"
"""Kind of a line that was sold, or taken back, in a webshop: turnover, and no movement of stock."""
WATCHED = frozenset(("return", "void", "override", "discount", "event", "copy"))
"""Counted by person as well."""


class Day:
    """Adds to the totals of one till's day."""

    def __init__(self, gathered: Gathered, here: Here) -> None:
        self._sums, self._place = gathered.sums[DAY_TOTAL.name], (here.branch, here.day, here.entry.till)
        self._who = here.entry.who

    def add(
        self, kind: str, key: str = "", n: int = 1, qty: int = 0, amount: int = 0, vat: int = 0, cost: int = 0,
        costed: int = 0,
    ) -> None:  # fmt: skip
        """A count, thousandths, cents, cents of VAT, cents of cost, and the net cents that the cost stands against."""
        place = (*self._place, kind, key[:80])
        have = self._sums.get(place)
        if have is None:
            self._sums[place] = [n, qty, amount, vat, cost, costed]
        else:
            have[0] += n
            have[1] += qty
            have[2] += amount
            have[3] += vat
            have[4] += cost
            have[5] += costed
        if kind in WATCHED:
            self.add("who", f"{kind}:{key}:{self._who}", n, qty, amount, vat, cost, costed)


def _sale(gathered: Gathered, here: Here, sale: bodies.Sale, costs: Costs) -> None:
    if sale.training:
        return
    _settled(gathered, here, sale, costs, "till")
    if any(line.kind == WEBORDER for line in sale.lines):
        wishes(gathered, here)


def sold_online(gathered: Gathered, here: Here, sale: bodies.Sale, costs: Costs) -> None:
    """A sale of a webshop's channel, of the day that it was paid or left, however late we hear of it; its goods leave
    the shelf by entries of their own."""
    for line in sale.lines:
        if line.kind in MOVING and line.sku:
            # What was sold lowers the level wherever it is counted; here that is done by what is shipped.
            gathered.level(here.branch, line.sku[:40], line.qty, here.entry.at)
    of_day = Here(here.branch, sale.date if is_day(sale.date) else here.day, here.entry)
    _settled(gathered, of_day, sale, costs, cut(sale.webshop or here.entry.till, 20), sale.happened)


def is_day(text: str) -> bool:
    """Whether this is an ISO date."""
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _settled(gathered: Gathered, here: Here, sale: bodies.Sale, costs: Costs, channel: str, happened: int = 0) -> None:
    entry, day = here.entry, Day(gathered, here)
    at = happened or entry.at
    counted = _lines(gathered, here, sale, costs, day, online=channel != "till")
    n, qty, turnover, vat, cost, costed = counted
    discount = sum(line.discount for line in sale.lines) + (sale.discount.amount if sale.discount else 0)
    customer = cut(sale.customer.code, 40) if sale.customer else ""
    gathered.add(
        SALE,
        (*here.key, cut(sale.number, 24), at, entry.offset, sale.shift, entry.who, cut(sale.ticket, 40), customer,
         channel, sale.total, turnover, len(sale.lines), discount, sale.rounding),
    )  # fmt: skip
    day.add("sale", "", n, qty, turnover, vat, cost, costed)
    day.add("hour", f"{(at // 60_000 + entry.offset) // 60 % 24:02d}", n, 0, turnover, vat, cost, costed)
    day.add("staff", entry.who, n, 0, turnover, vat, cost, costed)
    for block in sale.vat:
        day.add("vat", f"{block.code}:{block.rate}", 1, 0, block.gross, block.vat)
    _paid(gathered, here, sale, day)
    if sale.no_print:
        day.add("event", "no.print")
    for void in sale.voids:
        day.add("void", "line", 1, void.qty, void.amount)
    if sale.discount:
        day.add("discount", "ticket", 1, 0, sale.discount.amount)


def _lines(
    gathered: Gathered, here: Here, sale: bodies.Sale, costs: Costs, day: Day, *, online: bool = False
) -> Amounts:  # fmt: skip
    """The lines' own rows and totals; what of them is turnover. Slices cut to the columns' widths."""
    (branch, till, seq, date), at, rows = here.key, here.entry.at, gathered.facts[SALE_LINE.name]
    prices, sold = costs.on(date), gathered.sold.setdefault((branch, date), {})
    groups = gathered.groups.setdefault((branch, date, till), {})
    all_qty = turnover = all_vat = all_cost = costed = 0
    for line in sale.lines:
        kind, sku, group, qty, amount, vat = line.kind, line.sku[:40], line.group[:80], line.qty, line.amount, line.vat
        goods = sku and kind in MOVING
        price = prices.get(sku) if goods else None
        known = None if price is None else worth(price, qty)
        shown = ONLINE if online and goods else kind[:10]
        rows.append(
            (branch, till, seq, date, line.no, shown, sku, group, qty, amount, line.vat_code[:12], line.rate, vat,
             known)
        )  # fmt: skip
        cost, against = (0, 0) if known is None else (known, amount - vat)
        if kind in BESIDE:
            _beside(gathered, line, day, date)
        else:
            all_qty, turnover, all_vat = all_qty + qty, turnover + amount, all_vat + vat
            all_cost, costed = all_cost + cost, costed + against
            n, q, a, v, c, d = groups.get(group, NONE)
            groups[group] = (n + 1, q + qty, a + amount, v + vat, c + cost, d + against)
        if goods:
            q, a, c, newest = sold.get(sku, NOT_SOLD)
            sold[sku] = (q + qty, a + amount, c + cost, at if at > newest else newest)
        if kind == RETURN or line.origin or line.discount or line.source == "override" or line.typed_weight:
            _remarkable(gathered, line, day, online)
    return 1, all_qty, turnover, all_vat, all_cost, costed


def _beside(gathered: Gathered, line: bodies.Line, day: Day, date: str) -> None:
    """What is no turnover: deposits, vouchers that were sold, and money for web orders."""
    if line.kind == DEPOSIT:
        day.add("deposit", "charged" if line.qty > 0 else "returned", 1, line.qty, line.amount)
        return
    if line.kind == WEBORDER:
        day.add("weborder", "received" if line.amount >= 0 else "paid_out", 1, 0, line.amount)
        return
    day.add("voucher", "issued", 1, 0, line.amount)
    if line.code:
        gathered.voucher(line.code[:40], issued=line.amount, issued_on=int(date.replace("-", "")))


def _remarkable(gathered: Gathered, line: bodies.Line, day: Day, online: bool) -> None:
    """Returns, discounts and prices or weights that a person gave."""
    if line.origin:
        gathered.sum(RETURNED, (line.origin[:24], line.origin_line), -line.qty)
    if line.kind == RETURN:
        how = ONLINE if online else "receipt" if line.origin else "free"
        day.add("return", how, 1, line.qty, line.amount)
    if line.discount:
        day.add("discount", "line", 1, 0, line.discount)
    if line.source == "override":
        day.add("override", "price", 1, line.qty, line.amount)
    if line.typed_weight:
        day.add("override", "weight", 1, line.qty, line.amount)


def _paid(gathered: Gathered, here: Here, sale: bodies.Sale, day: Day) -> None:
    for no, tender in enumerate(sale.tenders, 1):
        gathered.add(PAYMENT, (*here.key, no, cut(tender.kind, 20), tender.amount, cut(tender.ref, 80)))
        day.add("tender", tender.kind, 1, 0, tender.amount)
        if tender.kind == BY_VOUCHER and tender.ref:
            number = cut(tender.ref, 40)
            gathered.voucher(number, spent=tender.amount, foreign=bool(tender.detail.get("foreign")))
            gathered.settled.append((number, cut(sale.ticket, 40)))
    if sale.change:
        gathered.add(PAYMENT, (*here.key, len(sale.tenders) + 1, CASH, -sale.change, ""))
        day.add("tender", CASH, 0, 0, -sale.change)
    if sale.rounding:
        day.add("rounding", "", 1, 0, sale.rounding)


def _skus(sale: bodies.Sale) -> Iterable[str]:
    return {line.sku[:40] for line in sale.lines}


def _shift_open(gathered: Gathered, here: Here, facts: bodies.ShiftOpen, costs: Costs) -> None:
    Day(gathered, here).add("cash", "float", 1, 0, facts.float)


def _shift_close(gathered: Gathered, here: Here, facts: bodies.ShiftClose, costs: Costs) -> None:
    entry, difference = here.entry, facts.difference or 0
    gathered.add(
        Z_REPORT,
        (*here.key, facts.z, entry.at, entry.offset, entry.who, facts.turnover, facts.counted, difference, entry.body),
    )
    day = Day(gathered, here)
    day.add("z", "closed", 1, 0, facts.turnover)
    if facts.counted is not None:
        day.add("z", "counted", 1, 0, facts.counted)
    if difference:
        day.add("z", "off", 1, 0, difference)


def _cash(gathered: Gathered, here: Here, facts: bodies.Cash, costs: Costs) -> None:
    Day(gathered, here).add("cash", facts.move, 1, 0, facts.amount)


def _cancel(gathered: Gathered, here: Here, facts: bodies.Cancel, costs: Costs) -> None:
    Day(gathered, here).add("void", "ticket", 1, 0, facts.total)


def _copy(gathered: Gathered, here: Here, facts: bodies.Cancel, costs: Costs) -> None:
    Day(gathered, here).add("copy", "", 1, 0, facts.total)


def _card(gathered: Gathered, here: Here, facts: bodies.CardResult, costs: Costs) -> None:
    Day(gathered, here).add("card", facts.state)


def _park(gathered: Gathered, here: Here, facts: bodies.Park, costs: Costs) -> None:
    entry, draft = here.entry, json.dumps(storable(facts.draft), sort_keys=True)
    gathered.parked.append(
        (cut(facts.ticket, 40), here.branch, entry.till, entry.seq, facts.place, cut(facts.name, 80), entry.who,
         entry.at, facts.total, draft, 1, "")
    )  # fmt: skip
    Day(gathered, here).add("event", "park", 1, 0, facts.total)


def _recall(gathered: Gathered, here: Here, facts: bodies.Recall, costs: Costs) -> None:
    gathered.parked.append((cut(facts.ticket, 40), "", "", 0, 0, "", "", -1, 0, "{}", -1, ""))


def _event(kind: str) -> Projector:
    def count(gathered: Gathered, here: Here, facts: Any, costs: Costs) -> None:
        Day(gathered, here).add("event", kind)

    return count


def _nothing(gathered: Gathered, here: Here, facts: Any, costs: Costs) -> None:
    """Kept in the journal; nothing is counted of it."""


_EVENTS = (
    "login.failed", "drawer", "drawer.opened", "drawer.left_open", "age.refused", "price.check", "approval",
    "clock.jump", "report.x", "payment.late",
)  # fmt: skip
_KEPT = (
    "login", "logout", "shift.count", "payment.pending", "terminal.slip", "restore", "training.on", "training.off",
    "training", "ticket.moved", "device.learned", "device.forgotten",
)  # fmt: skip

KINDS: dict[str, Kind] = {
    "sale": Kind(bodies.Sale, _sale, _skus),
    "shift.open": Kind(bodies.ShiftOpen, _shift_open),
    "shift.close": Kind(bodies.ShiftClose, _shift_close),
    "cash": Kind(bodies.Cash, _cash),
    "ticket.cancel": Kind(bodies.Cancel, _cancel),
    "ticket.park": Kind(bodies.Park, _park),
    "ticket.recall": Kind(bodies.Recall, _recall),
    "receipt.copy": Kind(bodies.Cancel, _copy),
    "payment.result": Kind(bodies.CardResult, _card),
    **{kind: Kind(bodies.Facts, _event(kind)) for kind in _EVENTS},
    **{kind: Kind(bodies.Facts, _nothing) for kind in _KEPT},
}
