"""F10, Voorraad: which paper, about what, and what there is of an article here and elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from kassa_tui.domain.outcome import Done
from kassa_tui.domain.quantity import format_quantity
from kassa_tui.domain.shift import local_date, local_time
from kassa_tui.screens.base import Menu, Prompt, Sheet
from kassa_tui.screens.ink import BLANK, BOLD, TEXT, Row
from kassa_tui.screens.stock_view import TITLES, StockView
from kassa_tui.screens.text import fit, plain, right
from kassa_tui.services import stock

if TYPE_CHECKING:
    from kassa_tui.screens.desk import Desk
    from kassa_tui.services.stock import Paper
    from kassa_tui.storage.purchases import Order
    from kassa_tui.storage.stock import BranchStock

_ORDER = re.compile(r"B\d\d-\d{4,}", re.IGNORECASE)
Choices = list[tuple[str, Callable[[], object]]]


def show_stock(desk: Desk) -> None:
    """Papers that wait come first."""
    t, till = desk.t, desk.till
    assert till is not None
    choices: Choices = [
        (_label(desk, paper), partial(_open, desk, stock.resume, paper)) for paper in stock.papers(till)
    ]
    choices += [
        (t("Voorraad van een artikel"), lambda: _ask_level(desk)),
        (t("Tellen"), lambda: _ask_area(desk, "count")),
        (t("Ontvangen van een leverancier"), lambda: _choose_order(desk, "receive")),
        (t("Naar een ander filiaal sturen"), lambda: _ask_branch(desk, "send")),
        (t("Van een ander filiaal ontvangen"), lambda: _ask_branch(desk, "arrive")),
        (t("Afschrijven"), lambda: _ask_reason(desk, "waste")),
        (t("Voorraad verbeteren"), lambda: _ask_reason(desk, "correct")),
    ]
    desk.show(Menu(desk, t("Voorraad"), choices))


def told_of(desk: Desk, one: BranchStock, unit: str) -> str:
    """``Markt 12 · 14:02``: what a branch has, and how old that news is."""
    return _told(desk, one.name, one.qty, one.at, unit)


def level_sheet(desk: Desk, done: Done) -> None:
    """What there is of an article, branch by branch."""
    facts = done.facts
    rows: list[Row] = [
        ((f"  {plain(facts['name'])}", BOLD),),
        BLANK,
        ((f"  {fit(desk.t('Hier'), 30)}{right(format_quantity(facts['quantity'], facts['unit']), 10)}", BOLD),),
    ]
    for one in facts["branches"]:
        count = right(format_quantity(one["quantity"], facts["unit"]), 10)
        rows.append(((f"  {fit(plain(one['name']), 30)}{count}   {_age(desk, one['at'])}", TEXT),))
    desk.show(Sheet(desk, desk.t("Voorraad"), rows))


def _begin(desk: Desk, kind: str, head: dict[str, str]) -> None:
    _open(desk, stock.begin, kind, head)


def _open(desk: Desk, function: Callable[..., Any], *args: Any) -> None:
    desk.act_then(lambda done: desk.show(_view(desk, done.facts["paper"])), function, *args)


def _view(desk: Desk, paper: Paper) -> StockView:
    """Beside the order that it receives, where that is known."""
    from kassa_tui.screens.receive_view import ReceiveView
    from kassa_tui.services.purchases import order_of

    order = order_of(desk.till, paper) if desk.till is not None else None
    return StockView(desk, paper) if order is None else ReceiveView(desk, paper, order)


def _ask_area(desk: Desk, kind: str) -> None:
    title = desk.t("Waar wordt geteld? Enter is de hele winkel")
    desk.show(Prompt(desk, title, lambda area: _begin(desk, kind, {"area": area}), empty=True))


def _choose_order(desk: Desk, kind: str) -> None:
    """Of the orders that are still to come, where the office told of any."""
    assert desk.till is not None
    orders = stock.open_orders(desk.till)
    if not orders:
        _ask_order(desk, kind)
        return
    choices: Choices = [
        (_order_label(desk, one), partial(_begin, desk, kind, {"order": one.number, "supplier": one.supplier}))
        for one in orders
    ]
    choices.append((desk.t("Een andere bestelling, of zonder"), lambda: _ask_order(desk, kind)))
    desk.show(Menu(desk, desk.t("Welke bestelling is er gekomen?"), choices))


def _order_label(desk: Desk, order: Order) -> str:
    """``B26-0001  Bakkerij Jansen  24-11  5 regels open``."""
    day = f"{order.expected[8:]}-{order.expected[5:7]}" if order.expected else ""
    lines = desk.words.n("{n} regel open", "{n} regels open", order.open_lines)
    return f"{fit(plain(order.number), 10)} {fit(plain(order.supplier), 22)} {fit(day, 6)} {lines}"


def _ask_order(desk: Desk, kind: str) -> None:
    def answer(text: str) -> None:
        number = text.upper() if _ORDER.fullmatch(text) else ""
        _begin(desk, kind, {"order": number, "supplier": "" if number else text})

    hint = desk.t(
        "Het nummer van de bestelling, als dat op de pakbon staat, of de leverancier; Enter als geen van beide"
    )
    desk.show(Prompt(desk, desk.t("Bestelling of leverancier"), answer, hint=hint, empty=True, scans=True))


def _ask_branch(desk: Desk, kind: str) -> None:
    t, till = desk.t, desk.till
    assert till is not None
    title = t("Naar welk filiaal?") if kind == "send" else t("Van welk filiaal?")
    choose = partial(_ask_number if kind == "arrive" else _to_branch, desk, kind)
    branches = till.catalogue.other_branches()
    if not branches:
        desk.show(Prompt(desk, title, choose))
        return
    choices: Choices = [(f"{code}  {name}", partial(choose, code)) for code, name in branches]
    desk.show(Menu(desk, title, choices))


def _to_branch(desk: Desk, kind: str, branch: str) -> None:
    _begin(desk, kind, {"branch": branch})


def _ask_number(desk: Desk, kind: str, branch: str) -> None:
    def answer(number: str) -> None:
        _begin(desk, kind, {"branch": branch, "number": number.upper()})

    hint = desk.t("Het nummer dat het andere filiaal op de zending schreef, bijvoorbeeld K1-V3")
    desk.show(Prompt(desk, desk.t("Nummer van de zending"), answer, hint=hint, scans=True))


def _ask_reason(desk: Desk, kind: str) -> None:
    t, till = desk.t, desk.till
    assert till is not None
    own = {
        "waste": [t("Bedorven of over datum"), t("Kapot"), t("Eigen gebruik"), t("Gestolen")],
        "correct": [t("Verkeerd geteld"), t("Verkeerd geboekt"), t("Gevonden")],
    }
    texts: Sequence[str] = till.catalogue.reasons("waste" if kind == "waste" else "stock") or own[kind]
    choices: Choices = [(text, partial(_begin, desk, kind, {"reason": text})) for text in texts]
    desk.show(Menu(desk, t("Waarom?"), choices))


def _ask_level(desk: Desk) -> None:
    def answer(code: str) -> None:
        desk.act_then(lambda done: level_sheet(desk, done), stock.level, code)

    desk.show(Prompt(desk, desk.t("Voorraad van een artikel"), answer, hint=desk.t("Scan of typ een artikel"),
                     scans=True))  # fmt: skip


def _label(desk: Desk, paper: Paper) -> str:
    about = next((text for text in paper.head.values() if text), "")
    lines = desk.words.n("{n} regel", "{n} regels", len(paper.lines))
    return f"{desk.t('Verder')}: {desk.t(TITLES[paper.kind])} {plain(about)} ({lines})"


def _told(desk: Desk, name: str, qty: int, at: int, unit: str) -> str:
    return " ".join(filter(None, (plain(name), format_quantity(qty, unit), _age(desk, at))))


def _age(desk: Desk, at: int) -> str:
    """``· 14:02`` of today, else the day."""
    till = desk.till
    if not at or till is None:
        return ""
    offset = till.clock.now().offset
    time = local_time(at, offset)
    return f"· {time:%H:%M}" if local_date(at, offset) == till.today else f"· {time:%d-%m}"
