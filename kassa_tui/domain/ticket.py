"""The ticket: what lies on the counter, as an immutable value. Functions return a new ticket."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from kassa_tui.domain.money import allocate, half_away
from kassa_tui.domain.vat import VatBlock, blocks

SALE, DEPOSIT, RETURN, GROUP, VOUCHER, WEBORDER = "sale", "deposit", "return", "group", "voucher", "weborder"
"""Kinds of line. ``voucher`` sells one; ``deposit`` is charged, or given back with a negative quantity; ``weborder`` is
money for an order of a webshop, or back for one, whose goods stand in the books of its channel."""
BESIDE = frozenset({DEPOSIT, VOUCHER, WEBORDER})
"""Kinds that are no turnover."""

PERCENT, AMOUNT = "percent", "amount"


@dataclass(frozen=True, slots=True)
class Discount:
    """A discount as it was given: hundredths of a percent, or cents."""

    kind: str
    value: int
    by: str = ""
    """Staff code of who allowed it."""

    def on(self, cents: int) -> int:
        """Cents off ``cents``, never more than there is, with the sign of ``cents``."""
        there = abs(cents)
        off = half_away(there * self.value, 10_000) if self.kind == PERCENT else self.value
        off = max(0, min(off, there))
        return off if cents >= 0 else -off


@dataclass(frozen=True, slots=True)
class Line:
    """One line; amounts in cents, quantity in thousandths. A line that goes back has a negative quantity."""

    no: int
    """Stays with the line for the life of the ticket; a void leaves a gap."""
    kind: str
    sku: str
    name: str
    group: str
    quantity: int
    unit: str
    unit_price: int
    gross: int
    """Quantity × price, or the price printed on the label; before any discount."""
    vat_code: str
    vat_rate: int
    discount: int = 0
    """Cents off by a discount on this line; negative where the line is."""
    given: Discount | None = None
    source: str = "list"
    """Where the price came from: list, dated label, label (embedded), override, group, receipt."""
    list_price: int = 0
    code: str = ""
    """What was scanned or typed."""
    min_age: int = 0
    no_discount: bool = False
    parent: int = 0
    """Number of the line this deposit belongs to."""
    origin: str = ""
    """Receipt number of the sale that a returned line comes from."""
    origin_line: int = 0
    typed_weight: bool = False
    """The weight was typed, not read from a scale; marked on the receipt."""
    tare: int = 0
    """Thousandths of a kilogram that were taken off on the scale; ``quantity`` is what is left."""
    by: str = ""
    """Staff code of who allowed an override or a return."""
    reason: str = ""
    note: str = ""
    web: str = ""
    """Of a ``weborder`` line the lines of the order that are handed over or come back, as ``WebWish`` writes them."""

    @property
    def amount(self) -> int:
        """Cents after the line's own discount, before its share of a ticket discount."""
        return self.gross - self.discount

    @property
    def discountable(self) -> bool:
        """Whether a discount may touch it. What comes back by receipt already carries the discounts of its sale."""
        return not self.no_discount and self.kind in (SALE, GROUP, RETURN) and not self.origin


@dataclass(frozen=True, slots=True)
class Void:
    """A line taken off again: kept, for corrections are part of the books."""

    sku: str
    name: str
    quantity: int
    amount: int
    reason: str
    by: str
    at: int
    """UTC milliseconds."""
    after_subtotal: bool


@dataclass(frozen=True, slots=True)
class Ticket:
    """An open ticket."""

    id: str
    """UUIDv7 in hexadecimal, drawn with the first act; makes closing idempotent."""
    lines: tuple[Line, ...] = ()
    voids: tuple[Void, ...] = ()
    discount: Discount | None = None
    customer: str = ""
    customer_name: str = ""
    business: bool = False
    note: str = ""
    ages: tuple[tuple[int, str], ...] = ()
    """Age asked → ``ok``, ``evident`` or ``refused``; the birth date itself is never kept."""
    next_no: int = 1
    _amount: int | None = field(default=None, init=False, compare=False, repr=False)
    _oldest: int | None = field(default=None, init=False, compare=False, repr=False)

    @property
    def amount(self) -> int:
        """Cents of all lines before a ticket discount; kept along as lines are added, for it is asked at every scan."""
        if self._amount is None:
            object.__setattr__(self, "_amount", sum(line.gross - line.discount for line in self.lines))
        return self._amount or 0

    @property
    def oldest(self) -> int:
        """The highest age in years that any line asks for."""
        if self._oldest is None:
            object.__setattr__(self, "_oldest", max((line.min_age for line in self.lines), default=0))
        return self._oldest or 0

    def line(self, no: int) -> Line | None:
        """The line with this number."""
        for line in self.lines:
            if line.no == no:
                return line
        return None

    @property
    def age_wanted(self) -> int:
        """The highest age on the ticket that nobody has answered for; 0 when none is open."""
        wanted = self.oldest
        if wanted and any(age >= wanted and answer != "refused" for age, answer in self.ages):
            return 0
        return wanted


@dataclass(frozen=True, slots=True)
class Totals:
    """What a ticket comes to; cents."""

    total: int
    shares: tuple[int, ...]
    """Each line's share of the ticket discount."""
    vat: tuple[VatBlock, ...]

    @property
    def discount(self) -> int:
        """The ticket discount as given."""
        return sum(self.shares)


def gross_of(quantity: int, unit_price: int) -> int:
    """Cents of ``quantity`` thousandths at ``unit_price`` cents, half away from zero."""
    return half_away(quantity * unit_price, 1000)


def add(ticket: Ticket, *lines: Line) -> Ticket:
    """The ticket with lines appended, numbered in turn; a deposit's ``parent`` of -1 means the line before it."""
    numbered = []
    no = ticket.next_no
    for line in lines:
        parent = no - 1 if line.parent < 0 else line.parent
        numbered.append(replace(line, no=no, parent=parent))
        no += 1
    longer = replace(ticket, lines=(*ticket.lines, *numbered), next_no=no)
    object.__setattr__(longer, "_amount", ticket.amount + sum(line.amount for line in numbered))
    object.__setattr__(longer, "_oldest", max([ticket.oldest, *(line.min_age for line in numbered)]))
    return longer


def family(ticket: Ticket, no: int) -> tuple[Line, ...]:
    """A line and the deposits that hang on it; what is voided or counted together."""
    return tuple(line for line in ticket.lines if no and no in (line.no, line.parent))


def remove(ticket: Ticket, no: int, reason: str, by: str, at: int, after_subtotal: bool) -> Ticket:
    """The ticket without a line and its deposits; each taken-off line leaves a :class:`Void`."""
    gone = family(ticket, no)
    voids = tuple(
        Void(line.sku, line.name, line.quantity, line.amount, reason, by, at, after_subtotal) for line in gone
    )
    kept = tuple(line for line in ticket.lines if line not in gone)
    return replace(ticket, lines=kept, voids=(*ticket.voids, *voids))


def swap(ticket: Ticket, *changed: Line) -> Ticket:
    """The ticket with lines of the same numbers replaced."""
    by_no = {line.no: line for line in changed}
    return replace(ticket, lines=tuple(by_no.get(line.no, line) for line in ticket.lines))


def requantified(line: Line, quantity: int) -> Line:
    """The line at another quantity, its discount worked out anew; in proportion where the receipt brought it along."""
    gross = gross_of(quantity, line.unit_price)
    if line.given:
        discount = line.given.on(gross)
    else:
        discount = half_away(line.discount * quantity, line.quantity) if line.discount else 0
    return replace(line, quantity=quantity, gross=gross, discount=discount)


def repriced(line: Line, price: int, by: str, reason: str = "") -> Line:
    """The line at a price of the cashier's making."""
    gross = gross_of(line.quantity, price)
    discount = line.given.on(gross) if line.given else 0
    return replace(line, unit_price=price, gross=gross, discount=discount, source="override", by=by, reason=reason)


def discounted(line: Line, discount: Discount | None) -> Line:
    """The line with this discount in place of any earlier one."""
    off = discount.on(line.gross) if discount else 0
    return replace(line, discount=off, given=discount)


def shares_of(ticket: Ticket) -> tuple[int, ...]:
    """Each line's part of the ticket discount, by largest remainder over the lines that may be discounted."""
    if ticket.discount is None:
        return (0,) * len(ticket.lines)
    weights = [line.amount if line.discountable and line.amount > 0 else 0 for line in ticket.lines]
    return tuple(allocate(ticket.discount.on(sum(weights)), weights))


def total_of(ticket: Ticket) -> int:
    """Cents to pay before cash rounding; what the sell screen shows."""
    return ticket.amount - sum(shares_of(ticket)) if ticket.discount else ticket.amount


def totals(ticket: Ticket) -> Totals:
    """Total, discount shares and VAT blocks of a ticket."""
    shares = shares_of(ticket)
    parts = [
        (line.vat_code, line.vat_rate, line.amount - share) for line, share in zip(ticket.lines, shares, strict=True)
    ]
    return Totals(sum(gross for _, _, gross in parts), shares, blocks(parts))
