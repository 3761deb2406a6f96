"""What the keys of the sell view ask before they act: prices, discounts, weights, customers, parked tickets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from kassa_tui.domain.money import euro
from kassa_tui.domain.outcome import Done, Refused
from kassa_tui.domain.ticket import Discount, total_of
from kassa_tui.messages import N_
from kassa_tui.screens.amounts import amount_of, quantity_of
from kassa_tui.screens.base import Choice, Menu, Prompt, Sheet
from kassa_tui.screens.ink import BAD, BLANK, BOLD, TEXT, Row
from kassa_tui.screens.text import plain
from kassa_tui.services import cards, checkout, discounts, history, parking, selling, weighing
from kassa_tui.storage import sales

if TYPE_CHECKING:
    from kassa_tui.screens.desk import Desk
    from kassa_tui.screens.sell import SellView
    from kassa_tui.services.ports import ScaleState

AGE_ANSWERS = {"ok": N_("J gezien"), "evident": N_("E duidelijk ouder"), "refused": N_("N geweigerd")}
"""Answer to the question for an age → its words; their first letter, in the language that shows, gives it."""


def search(view: SellView) -> None:
    """The search view, with what was typed so far."""
    from kassa_tui.screens.search import SearchView

    view.desk.show(SearchView(view.desk, view.take()))


def customer(view: SellView) -> None:
    """A customer's number, or any reference."""
    text = view.take()
    if text:
        view.desk.act(selling.customer, text)
        return
    t = view.desk.t
    view.desk.show(
        Prompt(view.desk, t("Klant"), lambda code: view.desk.act(selling.customer, code),
               hint=t("Klantnummer, klantenkaart of een naam"), scans=True, secret=True)
    )  # fmt: skip


def park(view: SellView) -> None:
    """Set aside, under the name that was typed."""
    view.desk.act(parking.park, view.take())


def recall(view: SellView) -> None:
    """The only parked ticket at once; of several, a choice."""
    desk, text = view.desk, view.take()
    assert desk.till is not None
    if desk.till.office is not None:
        from kassa_tui.screens import elsewhere

        elsewhere.recall(desk, text)
        return
    if text.isdigit():
        desk.act(parking.recall, int(text))
        return
    rows = sales.parked(desk.till.store.read)
    if len(rows) < 2 or desk.till.ticket is not None:
        desk.act(parking.recall, None)
        return
    choices: list[tuple[str, Callable[[], object]]] = []
    for row in rows:
        label = f"P{row.place}  {plain(row.name)}  {euro(row.total)}"
        choices.append((label, partial(desk.act, parking.recall, row.place)))
    desk.show(Menu(desk, desk.t("Geparkeerde bonnen"), choices))


def ask_price(view: SellView) -> None:
    """A new price for the chosen line."""
    desk, no = view.desk, view.selected

    def answer(text: str) -> None:
        cents = amount_of(desk, text)
        if cents is not None:
            desk.act(selling.price, no, cents)

    desk.show(Prompt(desk, desk.t("Nieuwe prijs"), answer, hint=_name(view, no)))


def ask_discount(view: SellView) -> None:
    """A discount on the line or on the whole ticket."""
    desk, no = view.desk, view.selected
    t = desk.t

    def ask(function: Callable[[Discount], object], title: str) -> None:
        def answer(text: str) -> None:
            given = discounts.parse_discount(text)
            if given is None:
                desk.tell(t("{text} is geen korting: typ 10% of 5,00", text=plain(text)), BAD, "refused")
            else:
                function(given)

        desk.show(Prompt(desk, title, answer, hint=t("Percentage met %, of een bedrag; 0 haalt de korting weg")))

    desk.show(
        Menu(desk, t("Korting"), [
            (t("op de regel: {name}", name=_name(view, no)),
             lambda: ask(lambda given: desk.act(discounts.on_line, no, given), t("Korting op de regel"))),
            (t("op de hele bon"),
             lambda: ask(lambda given: desk.act(discounts.on_ticket, given), t("Korting op de bon"))),
        ])
    )  # fmt: skip


def ask_weight(view: SellView, code: str, facts: Mapping[str, Any]) -> None:
    """Goods by the kilo: the scale is asked where there is one; a weight that is typed is marked so."""
    desk = view.desk
    assert desk.till is not None

    def answer(text: str) -> None:
        thousandths = quantity_of(desk, text)
        if thousandths is not None and desk.till is not None:
            desk.till.quantity = thousandths
            desk.act(selling.scan, code, True)
            desk.till.quantity = None

    if desk.till.scale is not None:
        from kassa_tui.screens.weigh import WeighPrompt

        prompt = WeighPrompt(desk, desk.till.scale, code, facts, answer)
        desk.show(prompt)
        prompt.ask()
        return
    hint = f"{plain(str(facts['name']))}  {euro(int(facts['price']))}/kg"
    desk.show(Prompt(desk, desk.t("Gewicht in kg, bijvoorbeeld 0,450"), answer, hint=hint))


def void_with_reason(view: SellView, no: int) -> None:
    """Take a chosen line off; why is one key."""
    desk, t = view.desk, view.desk.t
    reasons = [t("Klant bedenkt zich"), t("Verkeerd aangeslagen"), t("Prijs klopt niet"), t("Beschadigd")]
    choices: list[tuple[str, Callable[[], object]]] = [
        (reason, partial(desk.act, selling.void, no, reason)) for reason in reasons
    ]
    desk.show(Menu(desk, t("Waarom gaat {name} van de bon?", name=_name(view, no)), choices))


def why(view: SellView) -> None:
    """Where the amount of the chosen line comes from."""
    desk, t = view.desk, view.desk.t
    if not view.chosen() or desk.till is None:
        return
    outcome = desk.till.act(history.why, view.selected)
    f = outcome.facts
    if not isinstance(outcome, Done):
        return
    source = SOURCE_WORDS.get(str(f["source"]))
    rows: list[Row] = [
        ((f"  {plain(f['name'])}", BOLD),),
        BLANK,
        ((f"  {t('Artikelnummer')}: {plain(f['sku'])}   {t('Groep')}: {plain(f['group'])}", TEXT),),
        ((f"  {t('Prijs')}: {euro(f['price'])}  ({t(source) if source else plain(str(f['source']))})", TEXT),),
    ]
    if f["list_price"] != f["price"]:
        who = t("{price}, veranderd door {who}", price=euro(f["list_price"]), who=_who(desk, str(f["by"])))
        rows.append(((f"  {t('Normale prijs')}: {who}", TEXT),))
    if f["discount"]:
        rows.append(((f"  {t('Korting')}: {euro(f['discount'])}", TEXT),))
    if f["no_discount"]:
        rows.append(((f"  {t('Op dit artikel mag geen korting')}", TEXT),))
    if f["deposit"]:
        rows.append(((f"  {t('Statiegeld')}: {euro(f['deposit'])}", TEXT),))
    rows.append(((f"  {t('Btw')}: {f['rate'] // 100} %", TEXT),))
    if f["origin"]:
        rows.append(((f"  {t('Komt terug van bon')} {f['origin']}", TEXT),))
    if f["min_age"]:
        rows.append(((f"  {t('Vanaf')} {f['min_age']} {t('jaar')}", TEXT),))
    rows += _stock(desk, str(f["sku"]), str(f["unit"]))
    desk.show(Sheet(desk, t("Waarom deze prijs"), rows))


def _stock(desk: Desk, sku: str, unit: str) -> list[Row]:
    """What each branch has of an article, and how old that news is."""
    from kassa_tui.screens.stock_menu import told_of

    found = desk.till.catalogue.in_branches([sku]).get(sku, []) if desk.till else []
    return [((f"  {desk.t('Voorraad')}: {told_of(desk, one, unit)}", TEXT),) for one in found]


def note(view: SellView) -> None:
    """A remark on the whole ticket."""
    desk = view.desk
    text = view.take()
    if text:
        desk.act(selling.note, text)
    else:
        desk.show(Prompt(desk, desk.t("Notitie op de bon"), lambda text: desk.act(selling.note, text)))


def check(view: SellView) -> None:
    """What something costs, without selling it."""
    desk = view.desk
    text = view.take()
    if text:
        desk.act(selling.price_check, text)
        return
    desk.show(Prompt(desk, desk.t("Prijs vragen"), lambda code: desk.act(selling.price_check, code),
                     hint=desk.t("Scan of typ een artikel"), scans=True))  # fmt: skip


def card(desk: Desk, amount: int | None = None) -> None:
    """Start a card payment: on disk first, then the terminal."""

    def ask_terminal(done: Done) -> None:
        if done.code == "card_started" and desk.till is not None:
            cards.ask(desk.till, desk.host.card_told)

    desk.act_then(ask_terminal, cards.start, amount)


def receipt_scanned(view: SellView, number: str) -> None:
    """A receipt was scanned while selling: return from it, or look at it."""
    from kassa_tui.screens.history_view import show_sale
    from kassa_tui.screens.return_view import open_receipt

    desk = view.desk
    desk.show(
        Choice(desk, desk.t("Bon {number}", number=number), desk.t("Wat wilt u met deze bon?"), [
            (desk.t("Retour nemen"), lambda: open_receipt(desk, number)),
            (desk.t("Bekijken"), lambda: show_sale(desk, number)),
        ])
    )  # fmt: skip


def return_goods(view: SellView) -> None:
    """Goods come back."""
    from kassa_tui.screens.return_view import ReturnView

    view.desk.show(ReturnView(view.desk))


def functions(view: SellView) -> None:
    """The menu of everything that is not selling."""
    from kassa_tui.screens.functions import show_functions

    show_functions(view.desk)


def drawer(view: SellView) -> None:
    """Open the drawer without a sale."""
    from kassa_tui.screens.functions import ask_drawer

    ask_drawer(view.desk)


def copy(view: SellView) -> None:
    """The last receipt once more."""
    till = view.desk.till
    outcome = view.desk.act(history.reprint)
    if isinstance(outcome, Done) and till is not None and till.last_sale is not None:
        till.last_sale["no_print"] = False


def gift(view: SellView) -> None:
    """The last receipt without prices."""
    view.desk.act(history.reprint, "", True)


def voucher(view: SellView) -> None:
    """Sell a voucher, or give one for what the customer is owed."""
    from kassa_tui.services import vouchers

    desk, text = view.desk, view.take()
    if text:
        cents = amount_of(desk, text)
        if cents is not None:
            desk.act(vouchers.issue, cents)
        return
    if desk.till and desk.till.ticket and total_of(desk.till.ticket) < 0:
        desk.act(vouchers.issue, None)
        return

    def answer(text: str) -> None:
        cents = amount_of(desk, text)
        if cents is not None:
            desk.act(vouchers.issue, cents)

    desk.show(Prompt(desk, desk.t("Tegoedbon verkopen: welk bedrag?"), answer))


def account(view: SellView) -> None:
    """On the customer's account."""
    view.desk.act(checkout.account, None)


def tare(view: SellView) -> None:
    """The weight of the packing, before what is weighed in it."""
    desk, text = view.desk, view.take()
    thousandths = weighing.parse_tare(text)
    if thousandths is None:
        desk.tell(desk.words.outcome(Refused("bad_tare", {"text": text or "–"})), BAD, "refused")
    else:
        desk.act(weighing.tare, thousandths)


def zero(view: SellView) -> None:
    """The empty scale to zero; it tells in its own time how that went."""
    desk = view.desk
    scale = desk.till.scale if desk.till else None

    def told(state: ScaleState) -> None:
        if state.code == "scale_zeroed":
            desk.tell(desk.words.outcome(Done(state.code)))
        elif state.final:
            desk.tell(desk.words.outcome(Refused(state.code, {"device": "scale"})), BAD, "refused")

    if scale is None:
        desk.tell(desk.words.outcome(Refused("scale_none")), BAD, "refused")
    else:
        scale.zero(lambda state: desk.host.later(lambda: told(state)))


def _who(desk: Desk, code: str) -> str:
    """Name of somebody by staff code."""
    people = desk.till.people.everybody() if desk.till else []
    return next((plain(person.name) for person in people if person.code == code), code)


def _name(view: SellView, no: int) -> str:
    ticket = view.desk.till.ticket if view.desk.till else None
    line = ticket.line(no) if ticket else None
    return plain(line.name) if line else ""


SOURCE_WORDS = {
    "list": N_("de gewone prijs"),
    "label": N_("staat op het etiket"),
    "override": N_("aan de kassa veranderd"),
    "group": N_("aangeslagen op de groep"),
    "receipt": N_("betaald op de oude bon"),
}

ACTS: dict[str, Callable[[SellView], None]] = {
    "search": search, "customer": customer, "park": park, "recall": recall, "return": return_goods,
    "functions": functions, "why": why, "note": note, "check": check, "drawer": drawer, "copy": copy,
    "gift": gift, "voucher": voucher, "account": account, "tare": tare, "zero": zero,
}  # fmt: skip
