"""F10: everything at the till that is not selling."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from kassa_tui.screens import elsewhere
from kassa_tui.screens.amounts import amount_of
from kassa_tui.screens.base import Choice, Menu, Prompt, Sheet
from kassa_tui.screens.ink import BAD, TEXT, Row
from kassa_tui.screens.text import plain
from kassa_tui.services import access, parking, shifts

if TYPE_CHECKING:
    from kassa_tui.screens.desk import Desk

Choices = list[tuple[str, Callable[[], object]]]


def show_functions(desk: Desk) -> None:
    """The menu, in groups by use."""
    t = desk.t
    choices: Choices = [
        (t("Bonnen bekijken en kopie"), lambda: _history(desk)),
        (t("X-rapport"), lambda: x_report(desk)),
        (t("Lade tellen en kassa afsluiten (Z)"), lambda: _count(desk)),
        (t("Geld in de lade"), lambda: cash_move(desk, "in")),
        (t("Geld uit de lade"), lambda: cash_move(desk, "out")),
        (t("Afromen naar de kluis"), lambda: cash_move(desk, "drop")),
        (t("Lade openen"), lambda: ask_drawer(desk)),
        (t("Bon laten vervallen"), lambda: ask_cancel(desk)),
        (t("Emballage terug"), lambda: _empties(desk)),
        (t("Tegoedbon: saldo vragen"), lambda: _balance(desk)),
        (t("Voorraad"), lambda: _stock(desk)),
        *_web_orders(desk),
        (t("Artikelgroepen"), lambda: show_groups(desk)),
        (t("Apparaten en wachtende bonnen"), lambda: show_devices(desk)),
        *_office(desk),
        *_terminal_services(desk),
        (t("Rapport van een eerdere Z"), lambda: ask_z(desk)),
        (t("Dagrapport"), lambda: ask_day(desk)),
        (t("Oefenen aan of uit"), lambda: desk.host.training()),
        (t("In- en uitklokken, mijn uren"), lambda: _hours(desk)),
        (t("Afmelden"), lambda: desk.act(access.logout)),
        (t("Programma afsluiten"), lambda: ask_quit(desk)),
        (t("Bestand voor de helpdesk maken"), lambda: desk.host.support()),
    ]
    desk.show(Menu(desk, t("Functies"), choices))


def _web_orders(desk: Desk) -> Choices:
    """Where the shop has a webshop, or was told of an order of one."""
    from kassa_tui.services import web_orders

    if desk.till is None or not web_orders.wanted(desk.till):
        return []

    def show() -> None:
        from kassa_tui.screens.weborder_view import OrdersView

        desk.show(OrdersView(desk))

    return [(desk.t("Webbestellingen"), show)]


def x_report(desk: Desk) -> None:
    """On paper and on the screen."""
    desk.act_then(lambda done: show_report(desk, desk.t("X-rapport"), done.facts["seq"]), shifts.x_report)


def show_report(desk: Desk, title: str, seq: int) -> None:
    """A report from its journal entry, the same document as on paper."""
    from kassa_tui.services.printing import document_of
    from kassa_tui.services.report_documents import as_text
    from kassa_tui.storage.spool import PrintJob

    till = desk.till
    assert till is not None
    job = PrintJob(0, seq, "report", "", 0, "")
    document = document_of(till.store.entry(seq), job, till.config, desk.shop_words, till.training)
    rows: list[Row] = [(("   " + plain(line), TEXT),) for line in as_text(document or ()).splitlines()]
    desk.show(Sheet(desk, title, rows))


def ask_z(desk: Desk) -> None:
    """A Z report of before, by its number."""

    def answer(text: str) -> None:
        seq = shifts.z_seq(desk.till, int(text)) if desk.till and text.isdigit() and len(text) < 10 else None
        if seq is None:
            desk.tell(desk.t("Er is geen Z {z}", z=plain(text)))
        else:
            show_report(desk, f"Z {int(text)}", seq)

    desk.show(Prompt(desk, desk.t("Nummer van de Z"), answer))


def ask_day(desk: Desk) -> None:
    """A day over all its shifts; Enter is today."""
    till = desk.till
    assert till is not None

    def answer(text: str) -> None:
        from kassa_tui.services.report_documents import as_text, day_report

        day = _date_of(text) if text else till.today
        if day is None:
            desk.tell(desk.t("{text} is geen datum: typ 22-11-2026", text=plain(text)), BAD, "refused")
            return
        document = day_report(shifts.day_figures(till, day), till.config, desk.shop_words, training=till.training)
        rows: list[Row] = [(("   " + plain(line), TEXT),) for line in as_text(document).splitlines()]
        desk.show(Sheet(desk, desk.t("Dagrapport"), rows))

    desk.show(Prompt(desk, desk.t("Welke dag? Enter is vandaag"), answer, empty=True))


def _date_of(text: str) -> str | None:
    """ISO date from 22-11-2026 or 2026-11-22; None where it is neither."""
    from datetime import date

    parts = text.split("-")
    if len(parts) == 3 and len(parts[2]) == 4:
        parts.reverse()
    try:
        return date.fromisoformat("-".join(part.zfill(2) for part in parts)).isoformat()
    except ValueError:
        return None


def cash_move(desk: Desk, kind: str) -> None:
    """An amount and why."""
    t = desk.t
    titles = {"in": t("Geld in de lade"), "out": t("Geld uit de lade"), "drop": t("Afromen naar de kluis")}

    def amount(text: str) -> None:
        cents = amount_of(desk, text)
        if cents is None:
            return
        drop = kind == "drop"
        title = t("Nummer van de zak of een opmerking; Enter als er geen is") if drop else t("Waarvoor?")
        desk.show(
            Prompt(desk, title, lambda why: desk.act(shifts.move, kind, cents, why), hint=titles[kind], empty=drop)
        )

    desk.show(Prompt(desk, titles[kind] + ": " + t("welk bedrag?"), amount))


def ask_drawer(desk: Desk) -> None:
    """Why the drawer opens without a sale."""
    t = desk.t
    reasons = [t("Wisselen"), t("Wisselgeld bijvullen"), t("Bon of munt vergeten"), t("Controle")]
    choices: Choices = [(reason, partial(desk.act, shifts.drawer, reason)) for reason in reasons]
    desk.show(Menu(desk, t("Waarom gaat de lade open?"), choices))


def ask_cancel(desk: Desk) -> None:
    """Why the whole ticket goes."""
    t = desk.t
    reasons = [t("Klant ziet ervan af"), t("Klant kan niet betalen"), t("Verkeerd aangeslagen"), t("Test")]
    choices: Choices = [(reason, partial(desk.act, parking.cancel, reason)) for reason in reasons]
    desk.show(Menu(desk, t("Waarom vervalt de bon?"), choices))


def show_groups(desk: Desk) -> None:
    """Numbers of the groups, for an open ring."""
    assert desk.till is not None
    rows: list[Row] = [((f"  {number:>4}  {plain(name)}", TEXT),) for number, name in desk.till.catalogue.groups()]
    hint: Row = (("  " + desk.t("Aanslaan op een groep: bedrag @ nummer, bijvoorbeeld 1,49@3"), TEXT),)
    desk.show(Sheet(desk, desk.t("Artikelgroepen"), [hint, (), *rows]))


def show_devices(desk: Desk) -> None:
    """Each device in words, and what waits to be printed."""
    from kassa_tui.screens.devices_view import DevicesView

    till, t = desk.till, desk.t
    assert till is not None
    desk.show(DevicesView(desk))
    queue = till.printing
    if queue is not None and queue.waiting and queue.state != "ok":
        desk.show(
            Choice(desk, t("Bonprinter"), t("Er wachten bonnen op de printer."), [
                (t("Opnieuw proberen"), queue.wake),
                (t("Weggooien: deze bonnen hoeven niet meer"), queue.drop_waiting),
            ])
        )  # fmt: skip


def ask_quit(desk: Desk) -> None:
    """End the program; nothing is lost, but a kiosk starts it again."""
    desk.show(
        Choice(desk, desk.t("Afsluiten"), desk.t("Het programma stopt. Een open bon blijft bewaard."), [
            (desk.t("Stoppen"), desk.host.quit),
        ])
    )  # fmt: skip


def _terminal_services(desk: Desk) -> Choices:
    """What a connected PIN terminal does besides paying."""
    from kassa_tui.screens.counter import Counter

    counter, terminal = desk.views[0], desk.till.terminal if desk.till else None
    if terminal is None or terminal.stand_alone or not isinstance(counter, Counter) or counter.pay is None:
        return []
    pay = counter.pay
    return [
        (desk.t("Pinautomaat: dag afsluiten"), lambda: pay.service("end_of_day")),
        (desk.t("Pinautomaat: laatste bon"), lambda: pay.service("reprint")),
    ]


def _office(desk: Desk) -> Choices:
    """How it stands with the office, for a till that belongs to one."""
    from kassa_tui.screens.office_view import show_office

    return [] if desk.office is None else [(desk.t("Kantoor"), lambda: show_office(desk))]


def _history(desk: Desk) -> None:
    from kassa_tui.screens.history_view import HistoryView

    desk.show(HistoryView(desk))


def _count(desk: Desk) -> None:
    from kassa_tui.screens.count import CountView

    desk.show(CountView(desk))


def _stock(desk: Desk) -> None:
    from kassa_tui.screens.stock_menu import show_stock

    show_stock(desk)


def _hours(desk: Desk) -> None:
    from kassa_tui.screens.hours_view import ask_who

    ask_who(desk)


def _empties(desk: Desk) -> None:
    from kassa_tui.screens.return_view import ask_empties

    ask_empties(desk)


def _balance(desk: Desk) -> None:
    desk.show(Prompt(desk, desk.t("Nummer van de tegoedbon"), lambda number: elsewhere.balance(desk, number),
                     scans=True))  # fmt: skip
