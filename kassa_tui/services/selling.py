"""Putting goods on the ticket: from a code to a line, and what may be done to a line afterwards."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kassa_tui.domain import barcode
from kassa_tui.domain import ticket as tickets
from kassa_tui.domain.age import latest_birth_date
from kassa_tui.domain.catalogue import DEPOSIT, KG, Article
from kassa_tui.domain.money import half_away
from kassa_tui.domain.outcome import Done, Outcome, Refused
from kassa_tui.domain.quantity import ONE
from kassa_tui.domain.ticket import Line
from kassa_tui.domain.vat import OUTSIDE
from kassa_tui.services.till import done, refused

if TYPE_CHECKING:
    from kassa_tui.services.ports import ScaleState
    from kassa_tui.services.till import Till

_FIXED = (tickets.VOUCHER, tickets.WEBORDER)
"""Kinds of line whose amount and number are what they are."""
MAX_LINES = 2000
"""A ticket with more lines is a mistake; it still fits every limit of the journal."""


def scan(till: Till, raw: str, typed: bool = False, weight: ScaleState | None = None) -> Outcome:
    """A code from the scanner or the keyboard: adds what it stands for, or says why not.

    ``weight`` is what the scale says of goods sold by the kilo; a scale that works out the amount has the last word.
    """
    problem = till.changeable()
    if problem is not None:
        return problem
    reading = barcode.read(raw, till.templates, aliases=till.config.rules.scanner_gs_aliases, typed=typed)
    if isinstance(reading, barcode.Bad):
        return Refused(reading.code, reading.facts)
    if reading.kind == barcode.RECEIPT:
        return refused("is_receipt", number=reading.key)
    article = till.catalogue.first(reading.candidates, till.today)
    if article is None and reading.gtin:
        article, reading = till.catalogue.by_code(reading.gtin, till.today), _fixed(reading)
    if article is None:
        return _not_an_article(till, reading.key, raw)
    if reading.use_by and reading.use_by < till.today:
        return refused("expired", name=article.name, date=reading.use_by)
    return _add(till, article, raw, reading, weight)


def add_sku(till: Till, sku: str) -> Outcome:
    """The article with this number, as chosen from a search."""
    problem = till.changeable()
    if problem is not None:
        return problem
    article = till.catalogue.by_sku(sku, till.today)
    if article is None:
        return refused("unknown_code", code=sku)
    return _add(till, article, sku, None)


def quantity(till: Till, thousandths: int) -> Outcome:
    """Hold a quantity for the next item; one that looks like a slip is asked about once."""
    limit = till.config.rules.max_quantity * ONE
    if thousandths > limit and till.asked_quantity != thousandths:
        till.asked_quantity = thousandths
        return refused("big_quantity", quantity=thousandths)
    till.quantity, till.asked_quantity = thousandths, 0
    return done("quantity", quantity=thousandths)


def repeat(till: Till) -> Outcome:
    """Once more the last article."""
    if not till.last_sku or till.ticket is None:
        return refused("nothing_to_repeat")
    article = till.catalogue.by_sku(till.last_sku, till.today)
    if article is None:
        return refused("unknown_code", code=till.last_sku)
    return till.changeable() or _add(till, article, till.last_sku, None)


def ring(till: Till, cents: int, group: str) -> Outcome:
    """Open ring: an amount on a group, by the group's number or name."""
    problem = till.changeable()
    if problem is not None:
        return problem
    found = till.catalogue.group_of(group, till.today)
    if found is None:
        return refused("unknown_group", group=group)
    if cents <= 0:
        return refused("bad_amount", text=str(cents))
    thousandths = till.quantity or ONE
    line = Line(0, tickets.GROUP, found.sku, found.name, found.group, thousandths, "each", cents,
                tickets.gross_of(thousandths, cents), found.vat_code, found.vat_rate, source="group",
                list_price=cents, min_age=found.min_age)  # fmt: skip
    return _append(till, (line,), found.sku)


def void(till: Till, no: int, reason: str = "") -> Outcome:
    """Take a line and its deposits off the ticket."""
    line, allowed = _changeable(till, no), till.permit("void_line")
    if isinstance(line, Refused):
        return line
    if isinstance(allowed, Refused):
        return allowed
    if line.parent and till.ticket and till.ticket.line(line.parent):
        return void(till, line.parent, reason)
    assert till.ticket is not None
    till.open.ticket = tickets.remove(till.ticket, no, reason, allowed, till.clock.now().at, till.open.subtotalled)
    till.open.payment = None
    return done("voided", name=line.name, amount=line.amount)


def set_quantity(till: Till, no: int, thousandths: int) -> Outcome:
    """Make it N; the deposits on the line follow."""
    line = _changeable(till, no)
    if isinstance(line, Refused):
        return line
    if line.origin or line.kind in _FIXED or line.source == "label":
        return refused("quantity_fixed", name=line.name)
    if line.unit != KG and thousandths % ONE:
        return refused("whole_pieces", name=line.name)
    if thousandths > till.config.rules.max_quantity * ONE and till.asked_quantity != thousandths:
        till.asked_quantity = thousandths
        return refused("big_quantity", quantity=thousandths)
    weighed_line = line
    if line.unit == KG:
        allowed = till.permit("typed_weight")
        if isinstance(allowed, Refused):
            return allowed
        weighed_line = replace(line, typed_weight=True, tare=0)
    till.asked_quantity = 0
    assert till.ticket is not None
    sign = -1 if line.quantity < 0 else 1
    changed = [tickets.requantified(weighed_line, sign * thousandths)]
    for child in till.ticket.lines:
        if child.parent == no:
            per_piece = child.quantity // line.quantity if line.quantity else 1
            changed.append(tickets.requantified(child, sign * thousandths * max(per_piece, 1)))
    till.open.ticket, till.open.payment = tickets.swap(till.ticket, *changed), None
    return done("changed", name=line.name, quantity=sign * thousandths)


def price(till: Till, no: int, cents: int, reason: str = "") -> Outcome:
    """Sell a line at another price, within the guard rails of the role."""
    line = _changeable(till, no)
    if isinstance(line, Refused):
        return line
    if line.origin or line.kind in (tickets.DEPOSIT, *_FIXED):
        return refused("price_fixed", name=line.name)
    allowed = till.permit("price_override")
    if isinstance(allowed, Refused):
        return allowed
    floor = half_away(line.list_price * till.config.rules.price_floor[till.allowed_role()], 10_000)
    if cents < floor:
        return refused("needs_approval", permission="price_override", floor=floor)
    if line.list_price and cents > 10 * line.list_price:
        return refused("price_implausible", price=cents, list=line.list_price)
    assert till.ticket is not None
    changed = tickets.repriced(line, cents, allowed, reason)
    till.open.ticket, till.open.payment = tickets.swap(till.ticket, changed), None
    return done("changed", name=line.name, price=cents)


def note(till: Till, text: str, no: int = 0) -> Outcome:
    """A remark on a line, or on the whole ticket."""
    if till.ticket is None:
        return refused("no_ticket")
    clean = "".join(c if c.isprintable() else " " for c in text).strip()[:120]
    line = till.ticket.line(no)
    if no and line is None:
        return refused("no_line", line=no)
    if line is not None:
        till.open.ticket = tickets.swap(till.ticket, replace(line, note=clean))
    else:
        till.open.ticket = replace(till.ticket, note=clean)
    return done("noted", note=clean)


def customer(till: Till, code: str) -> Outcome:
    """Put a customer on the ticket; one that the shop does not know is kept as a reference."""
    problem = till.changeable()
    if problem is not None:
        return problem
    if not code:
        return refused("bad_customer")
    known = till.catalogue.customer(code)
    ticket = till.begin_ticket()
    name = known.name if known else ""
    till.open.ticket = replace(ticket, customer=code[:40], customer_name=name, business=bool(known and known.business))
    till.open.payment = None
    return done("customer", code=code, name=name, known=known is not None)


def age(till: Till, answer: str) -> Outcome:
    """Answer the age question: ``ok`` (document seen), ``evident``, or ``refused``, which takes the goods off."""
    ticket = till.ticket
    wanted = ticket.age_wanted if ticket else 0
    if ticket is None or not wanted:
        return refused("no_age_question")
    if answer not in ("ok", "evident", "refused") or (answer == "evident" and not till.config.rules.age_evident):
        return refused("bad_answer", text=answer)
    if answer != "refused":
        till.open.ticket = replace(ticket, ages=(*ticket.ages, (wanted, answer)))
        return done("age_ok", age=wanted)
    gone = [line for line in ticket.lines if line.min_age >= wanted]
    till.store.record("age.refused", {"age": wanted, "skus": [line.sku for line in gone]}, till.who)
    for line in gone:
        ticket = tickets.remove(ticket, line.no, "age", till.who, till.clock.now().at, till.open.subtotalled)
    till.open.ticket = replace(ticket, ages=(*ticket.ages, (wanted, answer)))
    till.open.payment = None
    return done("age_refused", age=wanted, lines=len(gone))


def find(till: Till, raw: str) -> tuple[Article, barcode.Code | None] | None:
    """The article behind a code or a number, and what else the code says; None where there is no such article."""
    reading = barcode.read(raw, till.templates, aliases=till.config.rules.scanner_gs_aliases, typed=True)
    if isinstance(reading, barcode.Bad):
        article = till.catalogue.by_sku(raw.strip(), till.today)
        return (article, None) if article else None
    article = till.catalogue.first(reading.candidates, till.today)
    return (article, reading) if article else None


def price_check(till: Till, raw: str) -> Outcome:
    """What something costs, without selling it; counted, for auditors ask."""
    if till.person is None:
        return refused("not_logged_in")
    reading = barcode.read(raw, till.templates, aliases=till.config.rules.scanner_gs_aliases, typed=True)
    if isinstance(reading, barcode.Bad):
        return Refused(reading.code, reading.facts)
    article = till.catalogue.first(reading.candidates, till.today)
    if article is None:
        return refused("unknown_code", code=_shown(raw))
    till.store.record("price.check", {"sku": article.sku, "price": article.price}, till.who)
    deposit = till.catalogue.by_sku(article.deposit_sku, till.today) if article.deposit_sku else None
    return done("price_check", sku=article.sku, name=article.name, price=article.price, unit=article.unit,
                group=article.group, stock=article.stock, source=article.price_source,
                deposit=deposit.price if deposit else 0, min_age=article.min_age)  # fmt: skip


def article_lines(till: Till, article: Article, thousandths: int, code: str = "", gross: int | None = None,
                  source: str | None = None, typed_weight: bool = False, tare: int = 0
                  ) -> tuple[Line, ...]:  # fmt: skip
    """The line of an article and, where it has one, its deposit. ``gross`` is a price printed on the label."""
    kind = tickets.DEPOSIT if article.kind == DEPOSIT else tickets.SALE
    amount = tickets.gross_of(thousandths, article.price) if gross is None else gross
    line = Line(0, kind, article.sku, article.name, article.group, thousandths, article.unit, article.price, amount,
                article.vat_code, article.vat_rate, source=source or article.price_source, list_price=article.price,
                code=code, min_age=article.min_age, no_discount=article.no_discount or kind == tickets.DEPOSIT,
                typed_weight=typed_weight, tare=tare)  # fmt: skip
    deposit = till.catalogue.by_sku(article.deposit_sku, till.today) if article.deposit_sku else None
    if deposit is None:
        return (line,)
    pieces = thousandths if article.unit != KG else ONE
    return (line, Line(0, tickets.DEPOSIT, deposit.sku, deposit.name, deposit.group, pieces, "each", deposit.price,
                       tickets.gross_of(pieces, deposit.price), OUTSIDE, 0, list_price=deposit.price,
                       no_discount=True, parent=-1))  # fmt: skip


def weighed(till: Till, article: Article, typed: int | None) -> int | Refused:
    """Thousandths of a kilogram for goods sold by weight; typing one is a permission."""
    if typed is None:
        tare = article.tare if till.tare is None else till.tare
        return refused("weight_needed", sku=article.sku, name=article.name, price=article.price, tare=tare)
    allowed = till.permit("typed_weight")
    return allowed if isinstance(allowed, Refused) else typed


def _add(
    till: Till, article: Article, raw: str, reading: barcode.Code | None, weight: ScaleState | None = None
) -> Outcome:
    lines = goods(till, article, raw, reading, weight)
    return lines if isinstance(lines, Refused) else _append(till, lines, article.sku)


def goods(
    till: Till, article: Article, raw: str, reading: barcode.Code | None, scale: ScaleState | None = None
) -> tuple[Line, ...] | Refused:
    """The lines of an article as it was scanned: what the label says comes first, then what was typed before it."""
    pieces = till.quantity
    labels = pieces // ONE if pieces and pieces % ONE == 0 else 1
    gross = reading.price * labels if reading and reading.price is not None else None
    source, typed_weight, tare = None if gross is None else "label", False, 0
    if pieces and pieces % ONE and reading and (reading.weight or gross is not None):
        return refused("whole_pieces", name=article.name)
    if reading and reading.weight:
        thousandths = reading.weight * labels
    elif gross is not None and article.unit == KG and article.price:
        thousandths = half_away(gross * ONE, article.price) or 1
    elif article.unit == KG and scale is not None:
        thousandths, gross, tare = scale.thousandths, scale.amount, scale.tare
    elif article.unit == KG:
        weight = weighed(till, article, pieces)
        if isinstance(weight, Refused):
            return weight
        thousandths, typed_weight = weight, True
    else:
        thousandths = (pieces or ONE) * article.pack * (reading.pieces or 1 if reading else 1)
        if thousandths % ONE:
            return refused("whole_pieces", name=article.name)
    return article_lines(till, article, thousandths, raw[:80], gross, source, typed_weight, tare)


def _append(till: Till, lines: tuple[Line, ...], sku: str) -> Outcome:
    ticket = till.begin_ticket()
    if len(ticket.lines) + len(lines) > MAX_LINES:
        return refused("too_many_lines", limit=MAX_LINES)
    asked = ticket.age_wanted
    ticket = tickets.add(ticket, *lines)
    till.open.ticket, till.open.payment = ticket, None
    till.last_sku, till.quantity, till.tare = sku, None, None
    first = ticket.lines[-len(lines)]
    facts: dict[str, object] = {"no": first.no, "name": first.name, "amount": first.amount}
    if first.unit == KG and first.source != "label":
        facts |= {"weight": first.quantity, "each": first.unit_price}
    if first.tare:
        facts |= {"whole": first.quantity + first.tare, "tare": first.tare}
    wanted = ticket.age_wanted
    if wanted > asked:
        facts |= {"age": wanted, "born": latest_birth_date(till.today, wanted)}
    return Done("added", facts)


def _changeable(till: Till, no: int) -> Line | Refused:
    problem = till.changeable()
    if problem is not None:
        return problem
    if till.ticket is None:
        return refused("no_ticket")
    line = till.ticket.line(no)
    return line if line is not None else refused("no_line", line=no)


def _fixed(reading: barcode.Code) -> barcode.Code:
    """An in-store code whose item nobody knows may be a whole article number after all: without price or weight."""
    return replace(reading, price=None, weight=None, pieces=None)


def _not_an_article(till: Till, key: str, raw: str) -> Outcome:
    if till.catalogue.customer(key) is not None:
        return customer(till, key)
    return refused("unknown_code", code=_shown(raw))


def _shown(raw: str) -> str:
    return "".join(c for c in raw if c.isprintable())[:40]
