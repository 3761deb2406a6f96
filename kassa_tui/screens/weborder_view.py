"""Web orders at the counter: the list, one order with its lines, handing over, and what comes back."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from kassa_tui.domain.money import euro
from kassa_tui.domain.outcome import Done, Refused
from kassa_tui.domain.quantity import format_quantity
from kassa_tui.domain.shift import local_date, local_time
from kassa_tui.messages import N_
from kassa_tui.screens.amounts import quantity_of
from kassa_tui.screens.base import Choice, Menu, Page
from kassa_tui.screens.ink import ASK, BACK, BAD, BLANK, BOLD, FAINT, SELECT, TEXT, Row
from kassa_tui.screens.text import fit, plain, right
from kassa_tui.services import web_orders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kassa_tui.screens.desk import Desk
    from kassa_tui.storage.web_board import OrderedLine, ShownOrder


def open_order(desk: Desk, text: str) -> bool:
    """Show the order that a scan or a number stands for; whether there is one. More than one is a choice."""
    assert desk.till is not None
    found = web_orders.find(desk.till, text)
    if not found:
        return False
    if len(found) == 1:
        desk.show(OrderView(desk, found[0]))
        return True
    choices: list[tuple[str, Callable[[], object]]] = [
        (f"{one.webshop} {one.number} {one.customer}", partial(desk.show, OrderView(desk, one))) for one in found
    ]
    desk.show(Menu(desk, desk.t("Welke bestelling?"), choices))
    return True


class OrdersView(Page):
    """What may be handed over, ready first; a number or a scan opens any order."""

    keys = ("up", "down", "enter", "back")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        assert desk.till is not None
        self._orders = web_orders.shown(desk.till)
        self._notes = list(_notes(desk))
        """What is the matter with the webshops."""
        self._at = 0

    @property
    def title(self) -> str:
        """How many."""
        return self.desk.t("Webbestellingen: {n}", n=len(self._orders))

    def lines(self, width: int, height: int) -> list[Row]:
        """One row for each."""
        t, notes = self.desk.t, [((fit(f" {note}", width), BAD),) for note in self._notes]
        if not self._orders:
            nothing = t("Er ligt niets klaar; typ of scan het nummer van een bestelling")
            return [*notes, BLANK, (("  " + nothing, FAINT),)]
        head = f" {fit(t('Bestelling'), 14)}{fit(t('Besteld'), 13)}{fit(t('Klant'), width - 62)}"
        head += f"{fit(t('Stand'), 18)}{right(t('Te betalen'), 15)}"
        rows: list[Row] = [*notes, ((fit(head, width), FAINT),)]
        room = height - len(rows)
        top = max(0, min(self._at - room // 2, len(self._orders) - room))
        for index in range(top, min(top + room, len(self._orders))):
            rows.append(((fit(self._row(self._orders[index], width), width), SELECT if index == self._at else TEXT),))
        return rows

    def _row(self, order: ShownOrder, width: int) -> str:
        stage = self.desk.words.kind("web_stage", order.stage)
        if not order.pickup:
            stage = self.desk.t("verzenden")
        due = euro(order.due) if order.due else self.desk.t("betaald")
        return (
            f" {fit(plain(order.number), 14)}{fit(_when(self.desk, order.placed_at), 13)}"
            f"{fit(plain(order.customer), width - 62)}{fit(stage, 18)}{right(due, 15)}"
        )

    def scanned(self, code: str) -> bool:
        """The number or QR code of an order."""
        self._open(code)
        return True

    def act(self, act: str) -> bool:
        """Move, or open the chosen order, or the one whose number was typed."""
        step = {"up": -1, "down": 1, "page_up": -10, "page_down": 10}.get(act)
        if step is not None:
            self._at = max(0, min(self._at + step, len(self._orders) - 1))
        elif act == "enter":
            text = self.take()
            if text:
                self._open(text)
            elif self._orders:
                self.desk.show(OrderView(self.desk, self._orders[self._at]))
        else:
            return super().act(act)
        return True

    def _open(self, text: str) -> None:
        if not open_order(self.desk, text):
            said = self.desk.words.outcome(Refused("web_unknown", {"number": text[:40]}))
            self.desk.tell(said, BAD, "unknown")


class OrderView(Page):
    """One order: what is in it, what is to be paid, and handing it over."""

    keys = ("up", "down", "pay", "return", "back")
    key_words = MappingProxyType({"pay": N_("meegeven"), "return": N_("retour")})

    def __init__(self, desk: Desk, order: ShownOrder) -> None:
        super().__init__(desk)
        self._order, self._top = order, 0

    @property
    def title(self) -> str:
        """Which."""
        return f"{plain(self._order.webshop)} {plain(self._order.number)}"

    def lines(self, width: int, height: int) -> list[Row]:
        """Who, what and how much."""
        t, order = self.desk.t, self._order
        stage = self.desk.words.kind("web_stage", order.stage)
        where = t("afhalen") if order.pickup else t("verzenden")
        paid = t("te betalen {due}", due=euro(order.due)) if order.due else t("betaald")
        rows: list[Row] = [
            (
                (fit(f" {plain(order.customer)}", width - 30), BOLD),
                (right(_when(self.desk, order.placed_at), 29), FAINT),
            ),
            ((fit(f" {stage} ({plain(order.status)}) · {where} {plain(order.pickup_at)}", width), TEXT),),
        ]
        if order.note:
            rows.append(((fit(f" {plain(order.note)}", width), ASK),))
        rows.append(((" " + "─" * (width - 2), FAINT),))
        room = height - len(rows) - 2
        self._top = max(0, min(self._top, len(order.lines) - room))
        rows += [self._row(line, width) for line in order.lines[self._top : self._top + room]]
        rows += [BLANK] * (height - 2 - len(rows))
        total = f"{t('Totaal')} {euro(order.total)}   {paid}"
        return [*rows, (("─" * width, FAINT),), ((right(total, width - 1), BAD if order.due else BOLD),)]

    def _row(self, line: OrderedLine, width: int) -> Row:
        state = self.desk.t("terug {n}", n=format_quantity(line.back)) if line.back else ""
        if not state and line.goods and line.left < line.qty:
            state = self.desk.t("nog {n}", n=format_quantity(line.left)) if line.left else self.desk.t("meegegeven")
        count = format_quantity(line.qty) if line.goods else ""
        text = (
            f" {right(count, 6)} {fit(plain(line.name), width - 46)}{fit(plain(line.sku), 12)}"
            f"{right(euro(line.amount), 12)}  {fit(state, 12)}"
        )
        return ((fit(text, width), TEXT if line.left or not line.goods else FAINT),)

    def act(self, act: str) -> bool:
        """F9 hands over, F8 takes back."""
        if act in ("up", "down"):
            self._top += 1 if act == "down" else -1
        elif act == "pay":
            self._hand_over("")
        elif act == "return":
            self.desk.show(WebReturnView(self.desk, self._order))
        else:
            return super().act(act)
        return True

    def _hand_over(self, age: str) -> None:
        desk = self.desk
        assert desk.till is not None
        outcome = desk.act(web_orders.hand_over, self._order, age)
        if isinstance(outcome, Done):
            desk.home()
            desk.tell(desk.words.outcome(outcome))
        elif outcome.code == "web_age":
            t = desk.t
            years = outcome.facts["age"]
            answers: list[tuple[str, Callable[[], object]]] = [
                (t("Ja, ik heb het gezien"), lambda: self._hand_over("ok")),
                (t("Nee"), lambda: desk.close(self)),
            ]
            text = t("Is de klant {age} jaar of ouder? Vraag om een legitimatie.", age=years)
            desk.show(Choice(desk, t("Leeftijd"), text, answers))


class WebReturnView(Page):
    """What of an order comes back, line by line, and who pays it back."""

    keys = ("up", "down", "enter", "repeat", "pay", "back")
    key_words = MappingProxyType({"enter": N_("aantal terug"), "repeat": N_("alles"), "pay": N_("klaar")})
    head = BACK

    def __init__(self, desk: Desk, order: ShownOrder) -> None:
        super().__init__(desk)
        self._order = order
        self._lines = [line for line in order.lines if line.goods]
        self._picks: dict[str, int] = {}
        self._at = 0

    @property
    def title(self) -> str:
        """Of which order."""
        return self.desk.t("Retour van {number}", number=plain(self._order.number))

    def lines(self, width: int, height: int) -> list[Row]:
        """What may come back, and how much was chosen."""
        t = self.desk.t
        rows: list[Row] = [((fit(" " + t("Kies een regel; typ een aantal, of Enter voor alles ervan"), width), FAINT),)]
        room = height - 3
        top = max(0, min(self._at - room // 2, len(self._lines) - room))
        for index, line in enumerate(self._lines[top : top + room], top):
            most, some = web_orders.returnable(line), self._picks.get(line.line, 0)
            text = (
                f" {right(format_quantity(some) if some else '-', 6)} {t('van')} {fit(format_quantity(most), 6)}"
                f"{fit(plain(line.name), width - 34)}{right(euro(line.amount), 12)}"
            )
            rows.append(((fit(text, width), SELECT if index == self._at else TEXT if most else FAINT),))
        rows += [BLANK] * (height - 2 - len(rows))
        worth = web_orders.worth(self._order, self._picks)
        return [*rows, (("─" * width, FAINT),), ((right(f"{t('Terug')} {euro(worth)}", width - 1), BOLD),)]

    def typed(self, character: str) -> bool:
        """A number of pieces."""
        return (character.isdigit() or character in ",.") and super().typed(character)

    def act(self, act: str) -> bool:
        """Choose, and say when it is all."""
        if act in ("up", "down"):
            self._at = max(0, min(self._at + (1 if act == "down" else -1), len(self._lines) - 1))
        elif act == "enter" and self._lines:
            self._pick(self.take())
        elif act == "repeat":
            self._picks = {line.line: most for line in self._lines if (most := web_orders.returnable(line))}
        elif act == "pay":
            self._ask()
        else:
            return super().act(act)
        return True

    def _pick(self, text: str) -> None:
        line = self._lines[self._at]
        most = web_orders.returnable(line)
        some = quantity_of(self.desk, text) if text else most
        if some is None:
            return
        if some > most:
            self.desk.tell(self.desk.t("Daarvan kan {n} terugkomen", n=format_quantity(most)), BAD, "refused")
        elif some:
            self._picks[line.line] = some
        else:
            self._picks.pop(line.line, None)

    def _ask(self) -> None:
        t, desk = self.desk.t, self.desk
        if not self._picks:
            desk.tell(t("Kies eerst wat terugkomt"), BAD, "refused")
            return
        choices: list[tuple[str, Callable[[], object]]] = [
            (t("Hier uitbetalen, goed voor de schappen"), lambda: self._done(by_shop=False, restock=True)),
            (t("Hier uitbetalen, niet meer te verkopen"), lambda: self._done(by_shop=False, restock=False)),
            (t("De webshop betaalt terug, goed voor de schappen"), lambda: self._done(by_shop=True, restock=True)),
            (t("De webshop betaalt terug, niet meer te verkopen"), lambda: self._done(by_shop=True, restock=False)),
        ]
        desk.show(Menu(desk, t("Wie betaalt het terug?"), choices))

    def _done(self, *, by_shop: bool, restock: bool) -> None:
        desk = self.desk
        outcome = desk.act(web_orders.take_back, self._order, dict(self._picks), by_shop=by_shop, restock=restock)
        if isinstance(outcome, Done):
            desk.home()
            desk.tell(desk.words.outcome(outcome))


def _notes(desk: Desk) -> Iterator[str]:
    """How webshops stand that are not well, in words."""
    from kassa_tui.services.web_standing import standings
    from kassa_tui.weborder_words import WEB_STANDINGS
    from kassa_tui.webshop_words import WEBSHOP_WORDS

    assert desk.till is not None
    for each in standings(desk.till):
        known = WEBSHOP_WORDS.get(each.why)
        said = desk.t(known, **each.facts) if known else desk.words.outcome(Refused(each.why, each.facts))
        yield plain(desk.t(WEB_STANDINGS[each.state], name=each.name, since=_when(desk, each.since),
                           why=said if each.why else "", waiting=each.waiting))  # fmt: skip


def _when(desk: Desk, at: int) -> str:
    """The time of today, else the day and the time."""
    till = desk.till
    if not at or till is None:
        return ""
    offset = till.clock.now().offset
    time = local_time(at, offset)
    return f"{time:%H:%M}" if local_date(at, offset) == till.today else f"{time:%d-%m %H:%M}"
