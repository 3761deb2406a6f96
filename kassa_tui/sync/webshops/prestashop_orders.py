"""PrestaShop's orders into ours: rows, carriage and vouchers as lines that add up, and what stock the shop holds.

An order's own row says its lines and totals; payments, refunds, names and what the customer wrote are looked up for
a page of orders at a time.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from kassa_tui.sync.webshops.amounts import cents, exact, fit, local, rate_of, rounded
from kassa_tui.sync.webshops.base import (
    FEE,
    GOODS,
    SHIPPING,
    OrderPage,
    Permanent,
    WebLine,
    WebOrder,
    WebPayment,
    WebRefund,
    WebRefundLine,
)
from kassa_tui.sync.webshops.prestashop_api import Api, Row, assoc, text_of, truth, whole
from kassa_tui.sync.webshops.prestashop_shop import Known
from kassa_tui.sync.webshops.prestashop_stamp import read_key
from kassa_tui.sync.webshops.rows import read_each

PICKUP_NAMES = ("click and collect", "click & collect", "pick up in-store", "0")
"""Names of the carrier that a fresh shop has for what is picked up; ``0`` is shown as the shop's own name."""
BY_ITEM, BY_LINE = 1, 2
"""How a shop rounds: each piece, each line; else the total."""
CENT = Decimal("0.01")
MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Back:
    """Pieces of a row of an order that were refunded or came back, and that the shop put back on its shelf."""

    refunded: int = 0
    restocked: int = 0


NONE = Back()


@dataclass(frozen=True, slots=True)
class About:
    """What was looked up for some orders."""

    payments: Mapping[str, list[Row]] = field(default_factory=dict)
    """By reference."""
    slips: Mapping[int, list[Row]] = field(default_factory=dict)
    names: Mapping[int, str] = field(default_factory=dict)
    """By customer."""
    notes: Mapping[int, str] = field(default_factory=dict)
    back: Mapping[int, Back] = field(default_factory=dict)
    """By row of an order."""
    left: frozenset[int] = frozenset()
    """Orders that were sent before they came to the state they are in."""


@dataclass(frozen=True, slots=True)
class Part:
    """A line before its cents are settled: exact euros, with VAT and without."""

    line: WebLine
    incl: Decimal
    excl: Decimal


class Orders:
    """Reads orders."""

    def __init__(self, api: Api, known: Known) -> None:
        self.api, self.known = api, known

    def pull(self, since: int, page: int) -> Iterator[OrderPage]:
        """Orders changed since, oldest id first."""
        filters = self.known.since(since)
        extra = [("date", "1")] if filters else []
        cursor, seen = 0, set[int]()
        for found, more in self.api.pages("orders", page, filters=filters, extra=extra):
            cursor = cursor or self.api.now
            seen.update(whole(row.get("id")) for row in found)
            rows = found if more or not filters else [*found, *self._of_slips(filters, seen)]
            about = self._about(rows) if rows else About()
            orders, odd = read_each(rows, lambda row, known=about: web_order(row, self.known, known),  # type: ignore[misc]
                                    lambda row: str(whole(row.get("id")) or ""))  # fmt: skip
            yield OrderPage(orders=orders, cursor=cursor, more=more, odd=odd)

    def get(self, order_id: str) -> WebOrder | None:
        """One order."""
        rows = self.rows(order_id)
        return next(iter(self.read(rows)), None)

    def rows(self, order_id: str) -> list[Row]:
        """The row of one order; none where there is none."""
        return self.api.rows("orders", filters={"id": f"[{order_id}]"}) if whole(order_id) > 0 else []

    def read(self, rows: Sequence[Row]) -> list[WebOrder]:
        """Orders of their rows, with all that is to be looked up besides."""
        about = self._about(rows) if rows else About()
        return [web_order(row, self.known, about) for row in rows]

    def slips(self, ids: Sequence[str]) -> list[Row]:
        """Refunds of these orders; none where the key may not know."""
        return self.api.by("order_slip", "id_order", ids, node="order_slips") if self.api.may("order_slip") else []

    def _of_slips(self, filters: Mapping[str, str], seen: set[int]) -> list[Row]:
        """Orders that were refunded since: a slip of the staff has a date of its own and leaves the order's alone."""
        if not self.api.may("order_slip"):
            return []
        slips = self.api.rows("order_slip", "order_slips", filters=filters, display="[id,id_order]",
                              extra=[("date", "1")])  # fmt: skip
        ids = {whole(slip.get("id_order")) for slip in slips} - seen
        return self.api.by("orders", "id", [str(number) for number in sorted(ids) if number > 0])

    def _about(self, rows: Sequence[Row]) -> About:
        ids = [str(whole(row.get("id"))) for row in rows]
        slips = _grouped(self.slips(ids), "id_order")
        refunded = [
            number for row in rows if self.known.stage(whole(row.get("current_state"))) == "refunded"
            for number in [str(whole(row.get("id")))]
        ]  # fmt: skip
        return About(
            payments=self._payments(rows), slips=slips, names=self._names(rows), notes=self._notes(ids),
            back=self._back(ids), left=self._left(refunded),
        )  # fmt: skip

    def _payments(self, rows: Sequence[Row]) -> dict[str, list[Row]]:
        if not self.api.may("order_payments"):
            return {}
        references = [text_of(row.get("reference"))[:9] for row in rows]
        found: dict[str, list[Row]] = defaultdict(list)
        display = "[id,order_reference,amount,payment_method,transaction_id,date_add]"
        for row in self.api.by("order_payments", "order_reference", references, display=display):
            found[text_of(row.get("order_reference"))].append(row)
        return found

    def _names(self, rows: Sequence[Row]) -> dict[int, str]:
        if not self.api.may("customers"):
            return {}
        ids = [str(whole(row.get("id_customer"))) for row in rows if whole(row.get("id_customer"))]
        found = self.api.by("customers", "id", ids, display="[id,firstname,lastname]")
        return {
            whole(row.get("id")): f"{text_of(row.get('firstname'))} {text_of(row.get('lastname'))}".strip()
            for row in found
        }

    def _notes(self, ids: Sequence[str]) -> dict[int, str]:
        if not self.api.may("messages"):
            return {}
        found: dict[int, list[str]] = defaultdict(list)
        for row in self.api.by("messages", "id_order", ids, display="[id,id_order,id_employee,message,private]"):
            if not truth(row.get("private")) and not whole(row.get("id_employee")):
                found[whole(row.get("id_order"))].append(text_of(row.get("message")))
        return {number: "\n".join(texts) for number, texts in found.items()}

    def _back(self, ids: Sequence[str]) -> dict[int, Back]:
        """Of all orders: what is given back with a voucher, or with nothing, has no slip."""
        if not self.api.may("order_details"):
            return {}
        names = [f"product_quantity_{name}" for name in ("refunded", "return", "reinjected")]
        found = {}
        for row in self.api.by("order_details", "id_order", ids, display=f"[id,{','.join(names)}]"):
            refunded, returned, reinjected = (whole(row.get(name)) for name in names)
            found[whole(row.get("id"))] = Back(refunded + returned, reinjected)
        return found

    def _left(self, ids: Sequence[str]) -> frozenset[int]:
        if not ids or not self.api.may("order_histories"):
            return frozenset()
        rows = self.api.by("order_histories", "id_order", ids, display="[id,id_order,id_order_state]")
        return frozenset(
            whole(row.get("id_order")) for row in rows
            if self.known.find_state(whole(row.get("id_order_state"))).shipped
        )  # fmt: skip


def web_order(row: Row, known: Known, about: About) -> WebOrder:
    """One order of its row. Permanent ``bad_answer`` for what is none."""
    number, state = whole(row.get("id")), whole(row.get("current_state"))
    if number <= 0:
        raise Permanent("bad_answer", {"what": "order", "found": str(row.get("id"))[:40]})
    total = _total(row)
    placed = local(row.get("date_add"), known.zone)
    payments, paid, paid_at = _paid(row, total, known, about)
    carrier = known.carrier(whole(row.get("id_carrier")))
    pickup = carrier is not None and (
        carrier.reference in known.options.pickup_methods or carrier.name.casefold() in PICKUP_NAMES
    )
    return WebOrder(
        id=str(number), number=text_of(row.get("reference")) or str(number), status=str(state),
        stage=known.stage(state), placed_at=placed, modified_at=local(row.get("date_upd"), known.zone),
        paid_at=paid_at, currency=known.currencies.get(whole(row.get("id_currency")), "EUR"), total=cents(total),
        paid=paid, lines=_lines(row, total, known, about), payments=payments,
        refunds=tuple(web_refund(slip, known, about) for slip in about.slips.get(number, ())), pickup=pickup,
        pickup_at=carrier.name if carrier is not None and pickup else "",
        delivery=carrier.reference if carrier is not None else text_of(row.get("id_carrier")),
        customer=about.names.get(whole(row.get("id_customer")), ""), note=about.notes.get(number, ""),
        created_via=text_of(row.get("module")), key=read_key(row.get("gift_message")),
    )  # fmt: skip


def web_refund(slip: Row, known: Known, about: About | None = None) -> WebRefund:
    """One refund of the row of a slip."""
    details = assoc(slip, "order_slip_details")
    incl = _sum(slip, "total_products_tax_incl", "total_shipping_tax_incl")
    lines = tuple(
        WebRefundLine(
            line=text_of(each.get("id_order_detail")), qty=whole(each.get("product_quantity")) * 1000,
            amount=cents(_number(each.get("amount_tax_incl"))),
        )
        for each in details
    )  # fmt: skip
    back = about.back if about is not None else {}
    return WebRefund(
        id=text_of(slip.get("id")), at=local(slip.get("date_add"), known.zone),
        amount=abs(cents(incl or _sum(slip, "amount", "shipping_cost_amount"))), lines=lines,
        restocked=bool(lines) and all(each.qty <= back.get(whole(each.line), NONE).restocked * 1000 for each in lines),
    )  # fmt: skip


def _lines(row: Row, total: Decimal, known: Known, about: About) -> tuple[WebLine, ...]:
    parts = _goods(row, known, about)
    parts += _other(row, "shipping", SHIPPING, known)
    parts += _other(row, "wrapping", FEE, known)
    parts += _discounts(row, parts, known)
    without = _excluding(row, total)
    rest = total - sum((part.incl for part in parts), Decimal(0))
    if abs(rest) > CENT * max(1, len(parts)):
        # Some module put an amount of its own on top, which is in the total and in no field.
        excl = rest - ((total - without) - sum((part.incl - part.excl for part in parts), Decimal(0)))
        rate = _rate(rest, excl, known)
        parts.append(Part(WebLine(id="rest", kind=FEE, amount=0, vat=0, rate=rate), rest, excl))
    amounts = fit([part.incl for part in parts], cents(total))
    vats = fit([part.incl - part.excl for part in parts], cents(total - without))
    return tuple(
        msgspec.structs.replace(part.line, amount=amount, vat=vat)
        for part, amount, vat in zip(parts, amounts, vats, strict=True)
    )


def _goods(row: Row, known: Known, about: About) -> list[Part]:
    number, state, by = (whole(row.get(name)) for name in ("id", "current_state", "round_type"))
    left = known.find_state(state).shipped or known.stage(state) == "done" or number in about.left
    slips: Counter[str] = Counter()
    for slip in about.slips.get(number, ()):
        for each in assoc(slip, "order_slip_details"):
            slips[text_of(each.get("id_order_detail"))] += whole(each.get("product_quantity"))
    found = []
    for each in assoc(row, "order_rows"):
        pieces, key = whole(each.get("product_quantity")), text_of(each.get("id"))
        incl, excl = (_number(each.get(f"unit_price_tax_{kind}")) for kind in ("incl", "excl"))
        back = about.back.get(whole(key), NONE)
        # What was put back has not left: of goods that came back without a slip nothing else says so.
        refunded, away = max(slips[key], back.refunded), max(0, pieces - back.restocked)
        line = WebLine(
            id=key, product=_product(each), sku=text_of(each.get("product_reference")),
            ean=text_of(each.get("product_ean13")), name=text_of(each.get("product_name")), qty=pieces * 1000, amount=0,
            vat=0, rate=_rate(incl * pieces, excl * pieces, known, CENT / 100), kind=GOODS,
            taken=0 if state in known.gone else away * 1000, shipped=away * 1000 if left else 0,
            refunded=min(refunded, max(pieces, 0)) * 1000,
        )  # fmt: skip
        found.append(Part(line, priced(incl, pieces, by), priced(excl, pieces, by)))
    return found


def priced(unit: Decimal, pieces: int, by: int) -> Decimal:
    """What pieces cost in euros, as a shop that rounds in this way adds them up."""
    if by == BY_ITEM:
        return cents(unit) * CENT * pieces
    return cents(unit * pieces) * CENT if by == BY_LINE else unit * pieces


def _product(row: Row) -> str:
    product, variation = whole(row.get("product_id")), whole(row.get("product_attribute_id"))
    return product_id(product, variation) if product else ""


def product_id(product: int, variation: int) -> str:
    """How a product or a variation of it is called in the contract."""
    return f"{product}:{variation}" if variation else str(product)


def _other(row: Row, name: str, kind: str, known: Known) -> list[Part]:
    incl, excl = (_number(row.get(f"total_{name}_tax_{kind}")) for kind in ("incl", "excl"))
    incl = incl or _number(row.get(f"total_{name}"))
    if not incl:
        return []
    excl = excl or incl
    carrier = known.carrier(whole(row.get("id_carrier"))) if kind == SHIPPING else None
    text = carrier.name if carrier is not None else ""
    line = WebLine(id=name, kind=kind, name=text, amount=0, vat=0, rate=_rate(incl, excl, known))
    return [Part(line, incl, excl)]


def _discounts(row: Row, parts: Sequence[Part], known: Known) -> list[Part]:
    incl, excl = (_number(row.get(f"total_discounts_tax_{kind}")) for kind in ("incl", "excl"))
    incl = incl or _number(row.get("total_discounts"))
    if not incl:
        return []
    shares: dict[int, Decimal] = defaultdict(Decimal)
    for part in parts:
        shares[part.line.rate] += part.incl
    found = split(incl, incl - (excl or incl), {rate: share for rate, share in shares.items() if share > 0})
    return [
        Part(WebLine(id=f"discount:{rate}", kind=FEE, amount=0, vat=0, rate=rate), -amount, vat - amount)
        for rate, amount, vat in found
    ]


def split(incl: Decimal, vat: Decimal, shares: Mapping[int, Decimal]) -> list[tuple[int, Decimal, Decimal]]:
    """A voucher by tariff: rate, part with VAT, VAT in it. ``shares`` is what the basket holds of each tariff.

    The shop says only the voucher's amount and VAT. One tariff that explains them is taken; of two the parts follow
    from the sums; where neither can be, it is spread over the basket.
    """

    def factor(rate: int) -> Decimal:
        return Decimal(rate) / (10_000 + rate)

    for rate in shares:
        if abs(incl * factor(rate) - vat) < CENT:
            return [(rate, incl, vat)]
    if len(shares) == 2:
        low, high = sorted(shares)
        part = (vat - incl * factor(low)) / (factor(high) - factor(low))
        if 0 < part < incl:
            return [(low, incl - part, (incl - part) * factor(low)), (high, part, part * factor(high))]
    whole_basket = sum(shares.values())
    if not whole_basket:
        return [(rate_of(rounded(incl * MICRO), rounded(vat * MICRO), (2100, 900, 0)), incl, vat)]
    return [(rate, part := incl * share / whole_basket, part * factor(rate)) for rate, share in shares.items()]


def _paid(row: Row, total: Decimal, known: Known, about: About) -> tuple[tuple[WebPayment, ...], int, int]:
    """Payments, what was paid, and when it was all of it."""
    rows = sorted(about.payments.get(text_of(row.get("reference"))[:9], ()), key=lambda each: whole(each.get("id")))
    module, due, real = text_of(row.get("module")), cents(total), cents(_number(row.get("total_paid_real")))
    payments = [
        WebPayment(
            method=module, title=text_of(each.get("payment_method")), amount=cents(_number(each.get("amount"))),
            ref=text_of(each.get("transaction_id")),
        )
        for each in rows
    ]  # fmt: skip
    paid = max(0, sum(payment.amount for payment in payments))
    at = max((local(each.get("date_add"), known.zone) for each in rows), default=0)
    shared = paid > due and 0 < real <= due
    if shared or (not payments and known.find_state(whole(row.get("current_state"))).paid and due):
        # One cart that became several orders has one reference, and the payments of all of them; and a shop may keep
        # no payments at all, or not show them to us.
        paid = real if 0 < real <= due else due
        payments = [WebPayment(method=module, title=text_of(row.get("payment")), amount=paid)]
        at = at or local(row.get("invoice_date"), known.zone) or local(row.get("date_add"), known.zone)
    return tuple(payments), paid, at if paid and paid >= due else 0


def _total(row: Row) -> Decimal:
    return _number(row.get("total_paid_tax_incl")) or _number(row.get("total_paid"))


def _excluding(row: Row, total: Decimal) -> Decimal:
    return _number(row.get("total_paid_tax_excl")) or total


def _rate(incl: Decimal, excl: Decimal, known: Known, margin: Decimal = CENT) -> int:
    """The tariff of an amount: one of the shop's country where it explains the VAT, else the nearest of any."""
    gross, vat = rounded(incl * MICRO), rounded((incl - excl) * MICRO)
    rate = rate_of(gross, vat, known.known_rates)
    if abs(abs(incl) * rate / (10_000 + rate) - abs(incl - excl)) <= margin:
        return rate
    return rate_of(gross, vat, known.all_rates)


def _number(value: Any) -> Decimal:
    return Decimal(0) if value is None or value == "" else exact(value)


def _sum(row: Row, *names: str) -> Decimal:
    return sum((_number(row.get(name)) for name in names), Decimal(0))


def _grouped(rows: Sequence[Row], name: str) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda each: whole(each.get("id"))):
        found[whole(row.get(name))].append(row)
    return found
