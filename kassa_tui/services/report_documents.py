"""X, Z and day reports and the slips of the drawer, as documents; and any document as plain text.

The Z holds everything on the only public checklist there is (standards 1.3): what did not happen stands there as 0, and
the perpetual totals are never reset. The figures come from the journal; nothing is worked out here but sums of rows.
"""

from __future__ import annotations

from typing import Any

from kassa_tui.config import Config
from kassa_tui.domain.document import (
    CENTRE,
    QR,
    RIGHT,
    Barcode,
    Cut,
    Document,
    Element,
    Feed,
    Logo,
    Row,
    Rule,
    Text,
)
from kassa_tui.domain.money import euro, format_amount
from kassa_tui.domain.quantity import format_quantity
from kassa_tui.messages import N_, Words, plain, show_date, show_percent
from kassa_tui.services.receipts import centred, moment, paper_columns, shop_head, vat_heading, vat_row

Figures = dict[str, Any]

_NONE = {"n": 0, "qty": 0, "amount": 0}

_EVENTS = {
    "drawer": N_("Lade open zonder verkoop"),
    "drawer.opened": N_("Lade open buiten de kassa om"),
    "drawer.left_open": N_("Lade bleef openstaan"),
    "payment.late": N_("Pin liep anders af dan beslist"),
    "age.refused": N_("Leeftijd geweigerd"),
    "price.check": N_("Prijs gevraagd"),
    "park": N_("Bonnen geparkeerd"),
    "login.failed": N_("Verkeerde pincodes"),
    "approval": N_("Akkoord gegeven"),
    "clock.jump": N_("Klok versprongen"),
    "report.x": N_("X-rapporten"),
    "no.print": N_("Verkopen zonder bon"),
}
_CARDS = {
    "approved": N_("Pin goedgekeurd"),
    "refused": N_("Pin geweigerd"),
    "unknown": N_("Pin onbekend"),
}
_COUNTED: tuple[tuple[str, str, str], ...] = (
    ("returns", "receipt", N_("Retour met bon")),
    ("returns", "free", N_("Retour zonder bon")),
    ("discounts", "line", N_("Korting op regels")),
    ("discounts", "ticket", N_("Korting op bonnen")),
    ("overrides", "price", N_("Prijs veranderd")),
    ("overrides", "weight", N_("Gewicht ingetypt")),
    ("voids", "line", N_("Regels weggehaald")),
    ("voids", "ticket", N_("Bonnen vervallen")),
)
_OUTSIDE: tuple[tuple[str, str, str], ...] = (
    ("deposits", "charged", N_("Statiegeld berekend")),
    ("deposits", "returned", N_("Statiegeld terugbetaald")),
    ("vouchers", "issued", N_("Tegoedbonnen uitgegeven")),
    ("weborders", "received", N_("Ontvangen voor webbestellingen")),
    ("weborders", "paid_out", N_("Terugbetaald voor webbestellingen")),
)


def x_report(
    figures: Figures, config: Config, words: Words, *, at: int, offset: int, who: str,
    expected: bool = True, training: bool = False,
) -> Document:  # fmt: skip
    """Where the open shift stands (`services.shifts.x_figures`). Without ``expected`` it does not tell what ought to be
    in the drawer, for a count that is to be blind."""
    title = words.t("X-RAPPORT")
    parts = [*_head(title, config, words, training), *_shift(figures, config, words, at, offset, who)]
    return (*parts, *_body(figures, words), *_cash(figures, words, expected), *_grand(figures, words), Cut())


def z_report(
    figures: Figures, config: Config, words: Words, *, at: int, offset: int, who: str, training: bool = False
) -> Document:
    """The close of a shift: the body of its ``shift.close`` entry."""
    title = words.t("Z-RAPPORT {z}", z=figures["z"])
    parts = [*_head(title, config, words, training), *_shift(figures, config, words, at, offset, who)]
    cash = [*_cash(figures, words, True), *_count(figures, words)]
    return (*parts, *_body(figures, words), *cash, *_grand(figures, words), Text(title, CENTRE, True), Cut())


def day_report(figures: Figures, config: Config, words: Words, *, training: bool = False) -> Document:
    """A local date over all its shifts (`services.shifts.day_figures`)."""
    parts = _head(words.t("DAGRAPPORT"), config, words, training)
    parts += [Row(words.t("Datum"), show_date(figures["date"])), Row(words.t("Kassa"), config.till.id)]
    return (*parts, *_body(figures, words), *_cash(figures, words, False), *_channels(figures, words), Cut())


def cash_slip(
    facts: Figures, config: Config, words: Words, *, at: int, offset: int, who: str, training: bool = False
) -> Document:
    """Money put in or taken out, with room for a signature: the body of a ``cash`` entry."""
    parts = _head(words.kind("move", facts["move"]), config, words, training)
    parts += [
        Row(words.t("Kassa"), config.till.id),
        Row(words.t("Medewerker"), plain(who)),
        Row(words.t("Tijd"), moment(at, offset)),
        Rule(),
        Row(words.t("Bedrag"), euro(facts["amount"]), bold=True, tall=True),
    ]
    if facts.get("reason"):
        parts.append(Row(words.t("Reden: {reason}", reason=facts["reason"]), ""))
    if facts.get("by") and facts["by"] != who:
        parts.append(Row(words.t("Akkoord"), plain(facts["by"])))
    return (*parts, Feed(3), Rule(), Row(words.t("Handtekening"), ""), Cut())


def terminal_slip(
    facts: Figures, config: Config, words: Words, *, at: int, offset: int, who: str, training: bool = False
) -> Document:
    """What the PIN terminal wanted printed, in its own words: the body of a ``terminal.slip`` entry."""
    parts = _head(words.t("PINAUTOMAAT"), config, words, training)
    parts += [Row(words.t("Tijd"), moment(at, offset)), Rule()]
    return (*parts, *(Text(plain(line)) for line in facts["lines"]), Cut())


def as_text(document: Document, columns: int = 42) -> str:
    """A document as plain lines for a terminal or a file: no styles, no escape sequences, nothing wider than
    ``columns`` but a barcode's data. A cut in the middle is a dashed line; a logo is left out."""
    lines: list[str] = []
    for at, element in enumerate(document):
        match element:
            case Text(text, align):
                lines.append(_aligned(plain(text)[:columns], align, columns))
            case Row(left, right):
                lines += _row_lines(plain(left), plain(right)[:columns], columns)
            case Rule():
                lines.append("-" * columns)
            case Feed(count):
                lines += [""] * count
            case Barcode(data) | QR(data):
                lines.append(_aligned(f"*{plain(data)}*", CENTRE, columns))
            case Cut() if at < len(document) - 1:
                lines.append(("- " * columns)[:columns].rstrip())
            case Cut() | Logo():
                pass
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _head(title: str, config: Config, words: Words, training: bool) -> list[Element]:
    width = paper_columns(config)
    parts = [*shop_head(config, words, width), *centred([title], width // 2, bold=True, tall=True)]
    if training:
        parts += [Text(words.t("TRAINING"), CENTRE, True, True), Text(words.t("GEEN GELDIG RAPPORT"), CENTRE, True)]
    return [*parts, Feed()]


def _shift(figures: Figures, config: Config, words: Words, at: int, offset: int, who: str) -> list[Element]:
    first, last = figures["first_receipt"], figures["last_receipt"]
    numbers = f"{first:06d} - {last:06d}" if last >= first else words.t("geen")
    opened = moment(figures["opened"], offset) if figures["opened"] else "-"
    return [
        Row(words.t("Kassa"), config.till.id),
        Row(words.t("Z-nummer"), str(figures["z"])),
        Row(words.t("Geopend"), plain(f"{opened} {figures['opened_by']}".strip())),
        Row(words.t("Gemaakt"), plain(f"{moment(at, offset)} {who}".strip())),
        Row(words.t("Bonnen"), numbers),
    ]


def _body(figures: Figures, words: Words) -> list[Element]:
    return [
        *_turnover(figures, words),
        *_groups(figures, words),
        *_tenders(figures, words),
        *_rows(words.t("Buiten de omzet"), figures, _OUTSIDE, words),
        *_rows(words.t("Kortingen en correcties"), figures, _COUNTED, words),
        *_prints(figures, words),
        *_events(figures, words),
        *_table(words.t("Per medewerker"), figures["staff"], words),
        *_table(words.t("Per uur"), {f"{hour}:00": row for hour, row in figures["hours"].items()}, words),
    ]


def _channels(figures: Figures, words: Words) -> list[Element]:
    """Each webshop by itself, and all with the till."""
    parts: list[Element] = []
    for each in figures.get("channels", ()):
        parts += [Rule(), _heading(plain(words.t("Webshop {name} ({code})", name=each["name"], code=each["code"])))]
        if "unread" in each:
            parts.append(Text(words.t("Niet te lezen: bel de techniek")))
            continue
        parts += _turnover(each, words)[1:]
        parts += [_counted(words.kind("tender", kind), row) for kind, row in each["tenders"].items()]
    if "together" in figures:
        parts += [Rule(), _heading(words.t("Kassa en webshops samen")), *_turnover(figures["together"], words)[1:]]
    return parts


def _turnover(figures: Figures, words: Words) -> list[Element]:
    rows: list[Element] = [
        Rule(),
        Row(words.t("Omzet"), euro(figures["turnover"]), bold=True, tall=True),
        Row(words.t("Aantal bonnen"), str(figures["receipts"])),
        Rule(),
        vat_heading(words),
    ]
    rows += [vat_row(show_percent(x["rate"]).replace(" ", ""), x["net"], x["vat"], x["gross"]) for x in figures["vat"]]
    net, vat, gross = (sum(x[key] for x in figures["vat"]) for key in ("net", "vat", "gross"))
    return [*rows, vat_row(words.t("Som"), net, vat, gross)]


def _groups(figures: Figures, words: Words) -> list[Element]:
    rows = [
        Row(plain(name) or words.t("Zonder naam"), f"{format_quantity(row['qty'])} {_money(row['amount'])}")
        for name, row in figures["groups"].items()
    ]
    return [Rule(), _heading(words.t("Omzet per groep")), *(rows or [_nothing(words)])]


def _tenders(figures: Figures, words: Words) -> list[Element]:
    tenders = {kind: figures["tenders"].get(kind, _NONE) for kind in ("cash", "pin", "voucher", "account")}
    tenders |= figures["tenders"]
    rows = [_counted(words.kind("tender", kind), row) for kind, row in tenders.items()]
    cards = [Row(words.t(label), str(figures["cards"].get(state, _NONE)["n"])) for state, label in _CARDS.items()]
    rounding = Row(words.t("Afrondingsverschillen"), format_amount(figures["rounding"]))
    return [Rule(), _heading(words.t("Ontvangen")), *rows, rounding, *cards]


def _table(heading: str, table: Figures, words: Words) -> list[Element]:
    rows: list[Element] = [_counted(name or words.t("Zonder naam"), row) for name, row in table.items()]
    return [Rule(), _heading(heading), *(rows or [_nothing(words)])]


def _rows(heading: str, figures: Figures, entries: tuple[tuple[str, str, str], ...], words: Words) -> list[Element]:
    # A Z of before a kind was known has no figures of it, and a shop without webshops wants no lines about them.
    told = [(label, figures.get(table, {}).get(key, _NONE), table) for table, key, label in entries]
    rows = [_counted(words.t(label), row) for label, row, table in told if table != "weborders" or row["n"]]
    return [Rule(), _heading(heading), *rows]


def _prints(figures: Figures, words: Words) -> list[Element]:
    """Receipts that are no sales. Pro formas and training receipts are counted in a journal of their own, if at all."""
    kinds = (
        (words.t("Kopieën"), figures["copies"]),
        (words.t("Pro-formabonnen"), figures.get("pro_formas", _NONE)),
        (words.t("Oefenbonnen"), figures.get("trainings", _NONE)),
    )
    return [_counted(label, row) for label, row in kinds]


def _events(figures: Figures, words: Words) -> list[Element]:
    others = sorted(figures["events"].keys() - _EVENTS.keys())
    events = {event: figures["events"].get(event, _NONE) for event in (*_EVENTS, *others)}
    rows: list[Element] = [
        Row(words.t(_EVENTS[event]) if event in _EVENTS else plain(event), str(row["n"]))
        for event, row in events.items()
    ]
    if "parked" in figures:
        rows.append(Row(words.t("Nu geparkeerd"), str(figures["parked"])))
    return [Rule(), _heading(words.t("Gebeurtenissen")), *rows]


def _cash(figures: Figures, words: Words, expected: bool) -> list[Element]:
    cash = figures["cash"]
    rows: list[Element] = [
        Row(words.t("Begin in de lade"), _money(cash["float"])),
        Row(words.t("In de lade gelegd"), _money(cash["in"])),
        Row(words.t("Uit de lade genomen"), _money(-cash["out"])),
        Row(words.t("Afgeroomd naar de kluis"), _money(-cash["drop"])),
        Row(words.t("Contant ontvangen"), _money(cash["taken"])),
    ]
    if expected:
        rows.append(Row(words.t("Hoort in de lade"), _money(cash["expected"]), bold=True))
    return [Rule(), _heading(words.t("Kasgeld")), *rows]


def _count(figures: Figures, words: Words) -> list[Element]:
    if figures["counted"] is None:
        return [Row(words.t("NIET GETELD"), "", bold=True)]
    pieces = sorted(((int(value), number) for value, number in figures["pieces"].items()), reverse=True)
    rows: list[Element] = [Row(f"  {number} x {euro(value)}", _money(number * value)) for value, number in pieces]
    rows.append(Row(words.t("Geteld"), _money(figures["counted"]), bold=True))
    return [*rows, Row(words.t("Verschil"), _money(figures["difference"]), bold=True)]


def _grand(figures: Figures, words: Words) -> list[Element]:
    grand = figures["grand"]
    return [
        Rule(),
        _heading(words.t("Totalen sinds het begin")),
        Row(words.t("Verkocht"), _money(grand["sales"])),
        Row(words.t("Retour"), _money(grand["returns"])),
        Row(words.t("Netto"), _money(grand["net"])),
        Rule(),
    ]


def _heading(text: str) -> Text:
    return Text(text, bold=True)


def _counted(label: str, row: Figures) -> Row:
    return Row(plain(label), f"{row['n']} {_money(row['amount'])}")


def _nothing(words: Words) -> Row:
    return _counted(words.t("geen"), _NONE)


def _money(cents: int) -> str:
    """An amount wide enough that the counts before it stand in a column."""
    return f"{format_amount(cents):>9}"


def _aligned(text: str, align: str, columns: int) -> str:
    return text.center(columns) if align == CENTRE else text.rjust(columns) if align == RIGHT else text


def _row_lines(left: str, right: str, columns: int) -> list[str]:
    """Like the printer: the left side folds beside the right one, which stands on the last line."""
    if len(left) + len(right) < columns:
        return [left + right.rjust(columns - len(left))]
    room = columns - len(right) - 1
    lines = _fold(left, room if room * 3 >= columns else columns)
    gap = columns - len(lines[-1]) - len(right)
    return [*lines[:-1], lines[-1] + " " * gap + right] if gap > 0 else [*lines, right.rjust(columns)]


def _fold(text: str, width: int) -> list[str]:
    from textwrap import wrap

    indent = " " * min(len(text) - len(text.lstrip(" ")), width // 3)
    lines = wrap(text.strip(), width - len(indent), break_on_hyphens=False)
    return [indent + line for line in lines] or [""]
