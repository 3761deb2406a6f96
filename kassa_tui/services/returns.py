"""Taking goods back: by receipt at what was paid, or without one by permission; never twice for the same line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from kassa_tui.domain import ticket as tickets
from kassa_tui.domain.catalogue import DEPOSIT, KG
from kassa_tui.domain.money import half_away
from kassa_tui.domain.outcome import Outcome, Refused
from kassa_tui.domain.quantity import ONE
from kassa_tui.domain.ticket import Line
from kassa_tui.domain.vat import OUTSIDE
from kassa_tui.services import selling
from kassa_tui.services.till import done, refused
from kassa_tui.storage import sales

if TYPE_CHECKING:
    from kassa_tui.domain.barcode import Code
    from kassa_tui.domain.catalogue import Article
    from kassa_tui.services.till import Till


def find(till: Till, number: str) -> dict[str, Any] | Refused:
    """The sale behind a receipt number of this till, or of one that the office told.

    With ``left``: line number → thousandths still returnable.
    """
    shop, _, digits = number.strip().upper().rpartition("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 12:
        return refused("unknown_receipt", number=number)
    if shop and shop != till.config.till.id:
        elsewhere = till.elsewhere.get(number.strip().upper())
        if elsewhere is None:
            return refused("other_till", number=number, till=shop)
        return _left(till, dict(elsewhere), dict(elsewhere["back"]))
    row = sales.sale(till.store.read, int(digits))
    if row is None:
        return refused("unknown_receipt", number=number)
    facts = till.store.entry(row.seq).facts
    return _left(till, facts, sales.returned(till.store.read, facts["number"]))


def _left(till: Till, facts: dict[str, Any], back: dict[int, int]) -> dict[str, Any] | Refused:
    """The sale with what is still returnable, the ticket at hand counted."""
    days = till.config.rules.return_days
    if days and (date.fromisoformat(till.today) - date.fromisoformat(facts["date"])).days > days:
        return refused("return_too_late", number=facts["number"], date=facts["date"], days=days)
    for line in till.ticket.lines if till.ticket else ():
        if line.origin == facts["number"]:
            back[line.origin_line] = back.get(line.origin_line, 0) - line.quantity
    facts["left"] = {
        x["no"]: x["qty"] - back.get(x["no"], 0)
        for x in facts["lines"]
        if x["qty"] > 0 and x["kind"] not in (tickets.VOUCHER, tickets.WEBORDER)
    }
    return facts


def by_receipt(till: Till, number: str, no: int | None = None, thousandths: int | None = None) -> Outcome:
    """Take back a whole receipt, one of its lines, or some pieces of a line, deposits with them."""
    problem = till.changeable()
    if problem is not None:
        return problem
    allowed = till.permit("return_receipt")
    if isinstance(allowed, Refused):
        return allowed
    sale = find(till, number)
    if isinstance(sale, Refused):
        return sale
    wanted = [x for x in sale["lines"] if sale["left"].get(x["no"], 0) > 0 and no in (None, x["no"], x.get("parent"))]
    if not wanted:
        known = no is None or any(x["no"] == no for x in sale["lines"])
        return refused("already_returned" if known else "no_line", number=sale["number"], line=no or 0)
    lines = []
    for x in wanted:
        amount = _pieces(x, sale["left"][x["no"]], wanted[0], no, thousandths)
        if amount is None:
            return refused("too_many_returned", number=sale["number"], left=sale["left"][x["no"]])
        lines.append(_back(x, amount, sale, allowed))
    ticket = tickets.add(till.begin_ticket(), *lines)
    till.open.ticket, till.open.payment = ticket, None
    return done("returned", number=sale["number"], lines=len(lines), amount=sum(line.gross for line in lines))


def article_back(till: Till, code: str, reason: str = "") -> Outcome:
    """Take an article back without its receipt, at today's price; deposits alone need no such permission."""
    problem = till.changeable()
    if problem is not None:
        return problem
    found = selling.find(till, code)
    if found is None:
        return refused("unknown_code", code=code)
    return goods_back(till, found[0], code, found[1], reason)


def goods_back(till: Till, article: Article, code: str, reading: Code | None, reason: str = "") -> Outcome:
    """Take back what a code stands for: the weight or price on its label, the pieces in its pack."""
    if article.kind == DEPOSIT:
        return deposit_back(till, article.sku)
    allowed = till.permit("return_no_receipt")
    if isinstance(allowed, Refused):
        return allowed
    lines = selling.goods(till, article, code, reading)
    if isinstance(lines, Refused):
        return lines
    back = tuple(_mirror(line, allowed, reason) for line in lines)
    ticket = tickets.add(till.begin_ticket(), *back)
    till.open.ticket, till.open.payment, till.quantity = ticket, None, None
    return done("returned", number="", lines=len(back), amount=sum(line.gross for line in back))


def deposit_back(till: Till, code: str) -> Outcome:
    """Pay back the deposit of empties: by the deposit's own code, or that of the article it belongs to."""
    problem = till.changeable()
    if problem is not None:
        return problem
    allowed = till.permit("deposit_return")
    if isinstance(allowed, Refused):
        return allowed
    found = selling.find(till, code)
    article = found[0] if found else None
    if article is not None and article.kind != DEPOSIT:
        article = till.catalogue.by_sku(article.deposit_sku, till.today) if article.deposit_sku else None
    if article is None:
        return refused("no_deposit", code=code)
    pieces = till.quantity or ONE
    if pieces % ONE:
        return refused("whole_pieces", name=article.name)
    line = Line(0, tickets.DEPOSIT, article.sku, article.name, article.group, -pieces, "each", article.price,
                -tickets.gross_of(pieces, article.price), OUTSIDE, 0, list_price=article.price, no_discount=True,
                by=allowed)  # fmt: skip
    ticket = tickets.add(till.begin_ticket(), line)
    till.open.ticket, till.open.payment, till.quantity = ticket, None, None
    return done("deposit_back", name=article.name, amount=line.gross)


def _pieces(x: dict[str, Any], left: int, first: dict[str, Any], no: int | None, wanted: int | None) -> int | None:
    """Thousandths of this line that go back; a deposit goes back in step with its goods."""
    if wanted is None or no is None:
        return left
    if x["no"] != no:
        wanted = half_away(wanted * x["qty"], first["qty"])
        return min(wanted, left)
    return wanted if wanted <= left and (x["unit"] == KG or wanted % ONE == 0) else None


def _back(x: dict[str, Any], thousandths: int, sale: dict[str, Any], by: str) -> Line:
    """The line that undoes part of a sold one: what was paid, split so that all parts add up to it exactly."""
    before = x["qty"] - sale["left"][x["no"]]
    paid = half_away(x["amount"] * (before + thousandths), x["qty"]) - half_away(x["amount"] * before, x["qty"])
    kind = tickets.DEPOSIT if x["kind"] == tickets.DEPOSIT else tickets.RETURN
    return Line(0, kind, x["sku"], x["name"], x["group"], -thousandths, x["unit"], x["price"], -paid, x["vat_code"],
                x["rate"], source="receipt", list_price=x["price"], no_discount=True, origin=sale["number"],
                origin_line=x["no"], by=by)  # fmt: skip


def _mirror(line: Line, by: str, reason: str) -> Line:
    kind = line.kind if line.kind == tickets.DEPOSIT else tickets.RETURN
    return replace(line, kind=kind, quantity=-line.quantity, gross=-line.gross, by=by, reason=reason, min_age=0)
