"""Counting, receiving, sending and writing off: a paper that fills up scan by scan and is booked as one journal entry.

A paper is on disk from its first scan, line by line, and waits there until it is booked or thrown away, whatever
happens to the power meanwhile. Booking it and taking it off the disk is one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kassa_tui.domain import barcode
from kassa_tui.domain.catalogue import KG, Article
from kassa_tui.domain.outcome import Outcome, Refused
from kassa_tui.domain.quantity import ONE
from kassa_tui.services.till import done, refused
from kassa_tui.storage import channels, stock
from kassa_tui.storage.database import StorageError

if TYPE_CHECKING:
    from kassa_tui.services.till import Till
    from kassa_tui.storage.purchases import Order

Json = dict[str, Any]

KINDS: dict[str, tuple[str, str]] = {
    "count": (stock.COUNT, "stock_count"),
    "receive": (stock.RECEIVED, "stock_move"),
    "send": (stock.TRANSFER, "stock_move"),
    "arrive": (stock.TRANSFER, "stock_move"),
    "waste": (stock.WASTE, "stock_correct"),
    "correct": (stock.CORRECT, "stock_correct"),
}
"""Kind of paper → kind of the journal entry, and the permission it takes."""
KEEPS_UNKNOWN = ("count", "receive")
"""Kinds on which a code that nobody knows is kept, for the office to find out."""
MAX_PIECES = 100_000 * ONE
MAX_LINES = 20_000


@dataclass(frozen=True, slots=True)
class Line:
    """An article on a paper, or a code that nobody knows."""

    sku: str
    """Empty for an unknown code."""
    code: str
    """As it was scanned or typed."""
    name: str
    unit: str
    qty: int

    @property
    def key(self) -> str:
        """One line for each article, and for each unknown code."""
        return self.sku or f"?{self.code}"


@dataclass(slots=True)
class Paper:
    """A count, a delivery, a transfer, a loss, in the making."""

    id: str
    kind: str
    head: dict[str, str]
    """What it is about: ``area``, ``order``, ``supplier``, ``branch``, ``number``, ``reason``."""
    by: str
    """Who was allowed to begin it."""
    lines: dict[str, Line] = field(default_factory=dict)
    """By key; the line touched last stands last."""
    lost: bool = False
    """A change did not reach the disk: the next to be written is the whole paper."""

    @property
    def known(self) -> list[Line]:
        """Lines with an article."""
        return [line for line in self.lines.values() if line.sku]

    @property
    def unknown(self) -> list[Line]:
        """Codes that nobody knows."""
        return [line for line in self.lines.values() if not line.sku]


def begin(till: Till, kind: str, head: dict[str, str]) -> Outcome:
    """Begin a paper; it is in ``facts["paper"]``."""
    allowed = permitted(till, kind)
    if isinstance(allowed, Refused):
        return allowed
    problem = _head_problem(till, kind, head)
    if problem is not None:
        return problem
    clean = {name: _clean(text) for name, text in head.items()}
    paper = Paper(till.new_id(), kind, clean, allowed)
    _keep(till, paper, _whole(paper))
    return done("stock_begun", kind=kind, paper=paper)


def resume(till: Till, paper: Paper) -> Outcome:
    """Go on with a paper of before."""
    allowed = permitted(till, paper.kind)
    if isinstance(allowed, Refused):
        return allowed
    paper.by = allowed
    return done("stock_begun", kind=paper.kind, paper=paper)


def permitted(till: Till, kind: str) -> str | Refused:
    """Staff code of who allows a paper of this kind."""
    if till.person is None or till.locked:
        return refused("not_logged_in")
    return till.permit(KINDS[kind][1])


def papers(till: Till) -> list[Paper]:
    """Those that wait to be booked, oldest first."""
    till.store.flush()
    return [paper for key, deltas in stock.drafts(till.store.read).items() if (paper := _folded(key, deltas))]


def add(till: Till, paper: Paper, raw: str, thousandths: int | None = None) -> Outcome:
    """A code from the scanner or the keyboard, and how many of it; one more without a number."""
    reading = barcode.read(raw, till.templates, aliases=till.config.rules.scanner_gs_aliases, typed=True)
    if isinstance(reading, barcode.Bad):
        article = till.catalogue.by_sku(raw.strip(), till.today)
        if article is None:
            return Refused(reading.code, reading.facts)
        return _count(till, paper, article, raw, thousandths or ONE * article.pack)
    article = till.catalogue.first(reading.candidates, till.today)
    if article is None:
        return _odd(till, paper, reading.key, thousandths or ONE)
    if article.unit == KG:
        times = thousandths if thousandths and reading.weight else ONE
        qty = reading.weight * times // ONE if reading.weight else thousandths
        return _count(till, paper, article, raw, qty) if qty else refused("stock_weight", name=article.name)
    if thousandths and thousandths % ONE:
        return refused("whole_pieces", name=article.name)
    return _count(till, paper, article, raw, (thousandths or ONE) * article.pack * (reading.pieces or 1))


def add_sku(till: Till, paper: Paper, sku: str, thousandths: int | None = None) -> Outcome:
    """The article with this number, as chosen from a search."""
    article = till.catalogue.by_sku(sku, till.today)
    if article is None:
        return refused("unknown_code", code=sku)
    if article.unit == KG and not thousandths:
        return refused("stock_weight", name=article.name)
    return _count(till, paper, article, sku, thousandths or ONE)


def put(till: Till, paper: Paper, key: str, thousandths: int) -> Outcome:
    """Make it so many; 0 takes the line off."""
    line = paper.lines.get(key)
    if line is None:
        return refused("no_line", line=key)
    if line.unit != KG and thousandths % ONE:
        return refused("whole_pieces", name=line.name)
    if abs(thousandths) > MAX_PIECES:
        return refused("stock_too_many", quantity=thousandths)
    if not thousandths and paper.kind != "count":
        return remove(till, paper, key)
    paper.lines[key] = Line(line.sku, line.code, line.name, line.unit, thousandths)
    _keep(till, paper, {"put": [_json(paper.lines[key])]})
    return done("stock_set", name=line.name or line.code, quantity=thousandths)


def remove(till: Till, paper: Paper, key: str) -> Outcome:
    """Take a line off."""
    line = paper.lines.pop(key, None)
    if line is None:
        return refused("no_line", line=key)
    _keep(till, paper, {"gone": [key]})
    return done("stock_removed", name=line.name or line.code)


def throw_away(till: Till, paper: Paper) -> Outcome:
    """Forget a paper; nothing of it was booked."""
    till.store.stock_draft(paper.id, {}).result()
    return done("stock_thrown", kind=paper.kind)


def book(till: Till, paper: Paper, *, finished: bool = False) -> Outcome:
    """Into the journal with it; on disk when this returns, and the paper is gone.

    ``finished`` says of an order that nothing more of it is to come.
    """
    if till.person is None or till.locked:
        return refused("not_logged_in")
    if not paper.lines and not finished:
        return refused("stock_empty")
    body = _body(till, paper) | ({"finished": True} if finished and paper.head.get("order") else {})
    till.store.record(KINDS[paper.kind][0], body, till.who)
    return done("stock_booked", kind=paper.kind, lines=len(paper.known), unknown=len(paper.unknown),
                number=body.get("number", ""))  # fmt: skip


def open_orders(till: Till) -> list[Order]:
    """Purchase orders of this branch that are still to come, as far as this till knows."""
    return till.catalogue.orders(till.store.read, till.config.till.id)


def here(till: Till, sku: str) -> int | None:
    """What there is of an article in this branch, thousandths: as the office told, and what happened here since, at
    the till and for the orders of its webshops."""
    told = till.catalogue.own_stock(sku)
    try:
        return channels.level(till.store.read, till.channels, sku, told)
    except StorageError:
        # A webshop's books that cannot be read are for the doctor; what the till itself knows is still true.
        return stock.level(till.store.read, sku, told)


def level(till: Till, raw: str) -> Outcome:
    """What there is of something, here and in each branch."""
    if till.person is None:
        return refused("not_logged_in")
    reading = barcode.read(raw, till.templates, aliases=till.config.rules.scanner_gs_aliases, typed=True)
    if isinstance(reading, barcode.Bad):
        return Refused(reading.code, reading.facts)
    article = till.catalogue.first(reading.candidates, till.today)
    if article is None:
        return refused("unknown_code", code=_clean(raw))
    branches = till.catalogue.in_branches([article.sku]).get(article.sku, [])
    own = here(till, article.sku)
    own = article.stock if own is None else own
    if own is None and not branches:
        return refused("unknown_stock", name=article.name)
    told = [{"branch": one.branch, "name": one.name, "quantity": one.qty, "at": one.at}
            for one in branches if not one.own]  # fmt: skip
    return done("stock_level", sku=article.sku, name=article.name, unit=article.unit, quantity=own or 0, branches=told)


def _count(till: Till, paper: Paper, article: Article, code: str, thousandths: int) -> Outcome:
    line = Line(article.sku, _clean(code), article.name, article.unit, thousandths)
    problem = _put_last(till, paper, line)
    if problem is not None:
        return problem
    total = paper.lines[line.key].qty
    facts = {} if total == thousandths else {"total": total}
    return done("stock_added", name=article.name, quantity=thousandths, key=line.key, **facts)


def _odd(till: Till, paper: Paper, code: str, thousandths: int) -> Outcome:
    shown = _clean(code)
    if paper.kind not in KEEPS_UNKNOWN:
        return refused("unknown_code", code=shown)
    line = Line("", shown, "", "each", thousandths)
    problem = _put_last(till, paper, line)
    return problem or done("stock_unknown", code=shown, quantity=paper.lines[line.key].qty, key=line.key)


def _put_last(till: Till, paper: Paper, line: Line) -> Refused | None:
    before = paper.lines.get(line.key)
    total = line.qty + (before.qty if before else 0)
    if abs(total) > MAX_PIECES:
        return refused("stock_too_many", quantity=total)
    if before is None and len(paper.lines) >= MAX_LINES:
        return refused("too_many_lines", limit=MAX_LINES)
    paper.lines.pop(line.key, None)
    paper.lines[line.key] = Line(line.sku, line.code, line.name, line.unit, total)
    _keep(till, paper, {"put": [_json(paper.lines[line.key])]})
    return None


def _head_problem(till: Till, kind: str, head: dict[str, str]) -> Refused | None:
    if kind in ("send", "arrive"):
        branches = till.catalogue.other_branches()
        if not head.get("branch") or (branches and head["branch"] not in dict(branches)):
            return refused("unknown_branch", code=head.get("branch", ""))
        if kind == "arrive" and not head.get("number"):
            return refused("stock_number_needed")
    if kind in ("waste", "correct") and not head.get("reason"):
        return refused("reason_needed")
    return None


def _body(till: Till, paper: Paper) -> Json:
    lines: list[Json] = [{"sku": line.sku, "qty": line.qty} for line in paper.known]
    body: Json = {"id": paper.id, "by": paper.by, **paper.head, "lines": lines}
    if paper.kind in KEEPS_UNKNOWN:
        body["unknown"] = [{"code": line.code, "qty": line.qty} for line in paper.unknown]
    if paper.kind == "count":
        for found, line in zip(lines, paper.known, strict=True):
            expected = here(till, line.sku)
            found |= {"code": line.code} | ({} if expected is None else {"expected": expected})
    elif paper.kind == "send":
        number = f"{till.config.till.id}-V{stock.sent_so_far(till.store.read) + 1}"
        body |= {"direction": stock.SENT, "number": number}
    elif paper.kind == "arrive":
        body["direction"] = stock.ARRIVED
    elif paper.kind == "receive" and paper.head.get("order"):
        order = next((one for one in open_orders(till) if one.number == paper.head["order"]), None)
        for found in lines if order else ():
            found["expected"] = order.still_open(found["sku"]) if order else 0
    return body


def _keep(till: Till, paper: Paper, delta: Json) -> None:
    if paper.lost:
        delta, paper.lost = _whole(paper), False

    def on_disk(future: Future[None]) -> None:
        error = future.exception()
        paper.lost = paper.lost or error is not None
        till.trouble = "" if error is None else getattr(error, "code", "disk_trouble")

    till.store.stock_draft(paper.id, delta).add_done_callback(on_disk)


def _whole(paper: Paper) -> Json:
    begin = {"kind": paper.kind, "head": paper.head, "by": paper.by}
    return {"begin": begin, "put": [_json(line) for line in paper.lines.values()]}


def _json(line: Line) -> list[Any]:
    return [line.sku, line.code, line.name, line.unit, line.qty]


def _folded(key: str, deltas: Iterable[Json]) -> Paper | None:
    """The paper that its changes add up to; None where its beginning did not reach the disk."""
    paper: Paper | None = None
    for delta in deltas:
        if "begin" in delta:
            paper = Paper(key, **delta["begin"])
        if paper is None:
            continue
        for item in delta.get("put", ()):
            line = Line(*item)
            paper.lines.pop(line.key, None)
            paper.lines[line.key] = line
        for gone in delta.get("gone", ()):
            paper.lines.pop(gone, None)
    return paper


def _clean(text: str) -> str:
    return "".join(c for c in text if c.isprintable()).strip()[:60]
