"""What must be in the books of an order, and the entries that bring them there from what is in them.

Pure: an order as the shop has it, the rows that the journal came to, and articles go in; entries come out. Because only
the difference is booked, importing an order twice books nothing twice, and one missed is made up for later.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from kassa_tui.domain.journal import canonical
from kassa_tui.domain.money import half_away
from kassa_tui.domain.ticket import RETURN, SALE
from kassa_tui.domain.vat import OUTSIDE
from kassa_tui.storage import web_orders
from kassa_tui.storage.web_orders import LineRow, OrderRow
from kassa_tui.sync.channel.ports import Article
from kassa_tui.sync.channel.refunds import NOTHING, Part, left
from kassa_tui.sync.channel.settings import Settings
from kassa_tui.sync.webshops.base import GOODS, WebLine, WebOrder, WebPayment

Body = dict[str, Any]
Act = tuple[str, Body]

ENDED = ("cancelled", "refunded")
ONGOING = ("prepare", "ready", "done")
EURO = "EUR"


@dataclass(frozen=True, slots=True)
class Case:
    """An order, what the books have of it, and what is needed to book it."""

    settings: Settings
    order: WebOrder
    row: OrderRow | None
    rows: Mapping[str, LineRow]
    article: Callable[[str, str], Article | None]
    """Product and SKU of the shop to our article."""
    vat_codes: Mapping[int, str]
    findings: list[tuple[str, Body]] = field(default_factory=list)
    """Codes and facts of what a person should see to."""

    def line(self, line_id: str) -> LineRow | None:
        """What the books have of a line."""
        return self.rows.get(line_id)


def content(order: WebOrder) -> tuple[Body, str]:
    """The order as it is journaled, without what is about a person, and a hash of it without its time."""
    kept = msgspec.structs.replace(
        order, customer="", note="", refunds=tuple(msgspec.structs.replace(x, reason="") for x in order.refunds)
    )
    body: Body = msgspec.to_builtins(kept)
    text = canonical({name: value for name, value in body.items() if name != "modified_at"})
    return body, sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def stored(row: OrderRow) -> WebOrder:
    """The order as it is in the books."""
    return msgspec.convert(json.loads(row.body), WebOrder)


def acts(case: Case) -> list[Act]:
    """Everything that must be journaled about an order that is new or other than before."""
    found = [_said(case)]
    was = case.row.stage if case.row else ""
    found += moves(case)
    if case.order.stage == "cancelled" and was != "cancelled":
        found.append((web_orders.CANCELLED, names(case)))
    return found + sale(case)


def names(case: Case) -> Body:
    """Which order an entry is about."""
    return {"id": case.order.id, "number": case.order.number, "branch": case.settings.branch}


def _said(case: Case) -> Act:
    body, hashed = content(case.order)
    for line, facts in zip(case.order.lines, body["lines"], strict=True):
        if article := case.article(line.product, line.sku):
            facts["article"] = article.sku
    facts = {**names(case), "webshop": case.settings.name, "order": body, "hash": hashed}
    if case.row is None:
        return web_orders.PLACED, facts
    was = json.loads(case.row.body)
    facts["was"] = {name: was.get(name) for name in {*was, *body} if was.get(name) != body.get(name)}
    return web_orders.CHANGED, facts


def shipped_now(order: WebOrder, line: WebLine) -> int:
    """Thousandths that are not here any more by the shop's word."""
    return 0 if web_orders.waits(order.stage, order.pickup) else line.shipped


def gone_now(order: WebOrder, line: WebLine, row: LineRow | None) -> int:
    """Thousandths of a line that left the shelf by the word of shop or till, whether they came back or not.

    What a till gave out has left, also where the shop takes it out of the order afterwards.
    """
    return max(0, min(line.qty, shipped_now(order, line)), row.handed if row else 0)


def moves(case: Case) -> list[Act]:
    """Goods that left the shelf or lie on it again."""
    gone, back = list[Body](), list[Body]()
    for line in case.order.lines:
        if line.kind != GOODS:
            continue
        row = case.line(line.id)
        change = _away(case.order, line, row) - (row.gone if row else 0)
        if change > 0:
            article = case.article(line.product, line.sku)
            gone.append({"line": line.id, "sku": article.sku if article else "", "qty": change})
        elif change < 0:
            back.append({"line": line.id, "sku": row.gone_sku if row else "", "qty": -change})
    there = {line.id for line in case.order.lines}
    back += [{"line": row.line, "sku": row.gone_sku, "qty": came} for row in case.rows.values()
             if row.line not in there and (came := row.gone - max(0, row.handed - row.back)) > 0]  # fmt: skip
    kinds = ((web_orders.SHIPPED, gone), (web_orders.RETURNED, back))
    return [(kind, {**names(case), "lines": lines}) for kind, lines in kinds if lines]


def _away(order: WebOrder, line: WebLine, row: LineRow | None) -> int:
    """Thousandths of a line that are not on the shelf: what left, less what the shop or a till put back.

    What a shop says it put back before a till gave the goods out, it put back on paper only.
    """
    gone = min(shipped_now(order, line), line.qty - min(line.qty, _restocked(order, line.id, 0)))
    if row is not None and row.handed:
        gone = max(gone, row.handed - _restocked(order, line.id, row.handed_at + 1))
    return max(0, gone - (row.back if row else 0))


def _restocked(order: WebOrder, line_id: str, since: int) -> int:
    parts = (part for refund in order.refunds if refund.restocked and refund.at >= since for part in refund.lines)
    return sum(abs(part.qty) for part in parts if part.line == line_id)


def due(case: Case) -> bool:
    """Whether an order is turnover: it was paid, or left, or was booked before."""
    order = case.order
    if order.currency != EURO or order.stage in ENDED:
        return False
    if case.row is not None and case.row.sales:
        return True
    if order.paid_at or (order.stage in ONGOING and order.paid >= order.total):
        return True
    return order.stage == "done" or any(gone_now(order, line, case.line(line.id)) for line in order.lines)


def target(case: Case) -> dict[str, Part]:
    """What must be booked of each line, all sales of the order together."""
    if not due(case):
        return {}
    found, over = left(case.order)
    if over:
        case.findings.append(("refund_over", {"number": case.order.number, "amount": over}))
    return found


def money(case: Case, total: int) -> tuple[int, int]:
    """Of ``total`` cents what the shop was paid, and what is open or went through a till."""
    order, row = case.order, case.row
    if not due(case):
        return 0, total
    refunded = sum(refund.amount for refund in order.refunds)
    web = paid_in_shop(order, row) - max(0, refunded - (row.paid_out if row else 0))
    return web, total - web


def paid_in_shop(order: WebOrder, row: OrderRow | None) -> int:
    """What the shop was paid, less what a till was and the shop then noted as paid."""
    paid = order.paid or (order.total if order.paid_at else 0)
    if row is None or not row.received:
        return paid
    before = min(row.paid_before, paid)
    return before + max(0, paid - before - row.received)


def sale(case: Case) -> list[Act]:
    """The one ``weborder.sale`` that brings the books to the target; none where they are there."""
    wanted = target(case)
    lines = list(_lines(case, wanted))
    total = sum(line["amount"] for line in lines)
    web, unpaid = money(case, sum(part.amount for part in wanted.values()))
    row = case.row
    web, unpaid = web - (row.web if row else 0), unpaid - (row.open if row else 0)
    if not lines and not web and not unpaid:
        return []
    if case.order.currency != EURO:
        case.findings.append(("other_currency", {"number": case.order.number, "currency": case.order.currency}))
    count = row.sales if row else 0
    happened = _happened(case)
    body = {
        **names(case),
        "lines": [{"no": no, **line} for no, line in enumerate(lines, 1)],
        "ticket": ticket(case.settings.code, case.order.id, count + 1),
        "shift": 0, "date": local_day(happened, case.settings.zone), "opened": case.order.placed_at,
        "happened": happened, "total": total, "rounding": 0, "change": 0,
        "tenders": _tenders(case.order.payments, web, unpaid), "vat": _blocks(lines),
        "channel": case.settings.code, "webshop": case.settings.name, "order": case.order.id,
        "web_number": case.order.number,
    }  # fmt: skip
    del body["number"], body["id"]
    return [(web_orders.SOLD, body)]


def ticket(code: str, order_id: str, count: int) -> str:
    """The same for the same sale of the same order, whoever books it how often."""
    return sha256(f"{code}\n{order_id}\n{count}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def local_day(at: int, zone: str) -> str:
    """The local date of UTC milliseconds."""
    return datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(zone)).date().isoformat()


def _happened(case: Case) -> int:
    order, row = case.order, case.row
    if row is None or not row.sales:
        return order.paid_at or order.modified_at
    known = {refund.id for refund in stored(row).refunds}
    fresh = [refund.at for refund in order.refunds if refund.id not in known and refund.at]
    return max(fresh) if fresh else order.modified_at


def _lines(case: Case, wanted: Mapping[str, Part]) -> Iterator[Body]:
    for line in case.order.lines:
        yield from _difference(case, line, wanted.get(line.id, NOTHING))
    there = {line.id for line in case.order.lines}
    for row in case.rows.values():
        if row.line not in there and (row.booked_qty or row.booked_amount or row.booked_vat):
            yield _line(row, json.loads(row.booked_as), Part(-row.booked_qty, -row.booked_amount, -row.booked_vat))


def _difference(case: Case, line: WebLine, part: Part) -> Iterator[Body]:
    row = case.line(line.id)
    booked = Part(row.booked_qty, row.booked_amount, row.booked_vat) if row else NOTHING
    if part == booked:
        return
    goods_as = json.loads(row.booked_as) if row and row.booked_as and booked != NOTHING else None
    if goods_as and goods_as[3] != line.rate and part != NOTHING:
        # Another tariff: what was booked under the old one goes back whole.
        yield _line(line, goods_as, Part(-booked.qty, -booked.amount, -booked.vat))
        booked, goods_as = NOTHING, None
    change = Part(part.qty - booked.qty, part.amount - booked.amount, part.vat - booked.vat)
    yield _line(line, goods_as or _booked_as(case, line), change)


def _booked_as(case: Case, line: WebLine) -> list[Any]:
    """Article, group, VAT code and rate under which a line is turnover."""
    article = case.article(line.product, line.sku) if line.kind == GOODS else None
    number = case.order.number
    if article is None and line.kind == GOODS:
        case.findings.append(("unknown_article", {"number": number, "name": line.name, "sku": line.sku}))
    if article is not None and article.rate == line.rate:
        code = article.vat_code
    else:
        if article is not None and line.vat:
            case.findings.append(("other_rate", {"number": number, "sku": article.sku, "rate": line.rate}))
        code = case.vat_codes.get(line.rate, OUTSIDE)
        if code == OUTSIDE and line.amount:
            case.findings.append(("unknown_rate", {"number": number, "name": line.name, "rate": line.rate}))
    return [article.sku if article else "", article.group if article else "", code, line.rate]


def _line(line: WebLine | LineRow, goods_as: list[Any], part: Part) -> Body:
    sku, group, code, rate = goods_as
    back = part.qty < 0 or (part.qty == 0 and part.amount < 0)
    price = half_away(abs(part.amount) * 1000, abs(part.qty)) if part.qty else abs(part.amount)
    return {
        "kind": RETURN if back else SALE, "sku": sku, "name": line.name or line.kind, "group": group,
        "qty": part.qty, "unit": "each", "price": price, "gross": part.amount, "amount": part.amount,
        "vat_code": code, "rate": rate, "vat": part.vat, "source": "web", "web_kind": line.kind,
        "line": line.id if isinstance(line, WebLine) else line.line,
    }  # fmt: skip


def _blocks(lines: list[Body]) -> list[Body]:
    """VAT blocks by the shop's own VAT, not worked out anew: the customer has the shop's invoice."""
    sums: dict[tuple[int, str], list[int]] = {}
    for line in lines:
        have = sums.setdefault((line["rate"], line["vat_code"]), [0, 0])
        have[0] += line["amount"]
        have[1] += line["vat"]
    return [
        {"code": code, "rate": rate, "gross": gross, "net": gross - vat, "vat": vat}
        for (rate, code), (gross, vat) in sorted(sums.items(), key=lambda item: (-item[0][0], item[0][1]))
        if code != OUTSIDE or vat
    ]


def _tenders(payments: tuple[WebPayment, ...], web: int, unpaid: int) -> list[Body]:
    found: list[Body] = []
    if web:
        tender: Body = {"kind": "web", "amount": web}
        if payments:
            # Of several the last: what came before it was not enough, or failed.
            paid = payments[-1]
            tender["detail"] = {"method": paid.method, "title": paid.title}
            if paid.ref:
                tender["ref"] = paid.ref
        found.append(tender)
    if unpaid:
        found.append({"kind": "open", "amount": unpaid})
    return found
