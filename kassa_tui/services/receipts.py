"""The customer's receipt out of the facts of a sale: nothing is worked out again, so a copy says what the sale said.

What has to stand on it: standards 3.3 (Dutch simplified invoice), 4.1 (Belgium shows the total and the rounded amount)
and 8 (training, copies and pro formas marked as such).
"""

from __future__ import annotations

from datetime import date, timedelta
from textwrap import wrap
from typing import Any

from kassa_tui.config import Config
from kassa_tui.domain.country import ALL_TENDERS, COUNTRIES, with_rounding
from kassa_tui.domain.document import CENTRE, Barcode, Cut, Document, Element, Feed, Logo, Row, Rule, Text
from kassa_tui.domain.money import euro, format_amount
from kassa_tui.domain.quantity import ONE, format_quantity
from kassa_tui.domain.shift import local_time
from kassa_tui.domain.tender import ACCOUNT, PIN, VOUCHER
from kassa_tui.domain.ticket import BESIDE, DEPOSIT, PERCENT, RETURN
from kassa_tui.domain.ticket import VOUCHER as VOUCHER_LINE
from kassa_tui.domain.vat import OUTSIDE
from kassa_tui.messages import N_, Words, plain, show_percent
from kassa_tui.storage.spool import AGAIN

Sale = dict[str, Any]

WIDE, NARROW = 42, 32
"""Columns of 80 and 58 mm paper. Text that would be cut is folded at the columns the configuration names."""

LETTERS = {
    "NL": {"high": "A", "low": "B", "zero": "C"},
    "BE": {"standard": "A", "middle": "B", "low": "C", "zero": "D"},
}
"""Country → VAT code → its letter, the same on every receipt; the Belgian ones as in standards 8."""

_SPARE_LETTERS = "EFGHIJKLMNOPQRSTUVWXYZ"
_CARD_FACTS = (
    ("brand", N_("Kaart")),
    ("number", N_("Kaartnummer")),
    ("method", N_("Gelezen")),
    ("verification", N_("Controle")),
    ("authorisation", N_("Autorisatie")),
    ("terminal", N_("Terminal")),
    ("transaction", N_("Transactie")),
)
_CARD_KINDS = {"method": "card_method", "verification": "card_verification"}
"""Fact of a card payment → kind of the word for its value."""
_CARD_UNSAID = ("code", "reason", "slip", "stamp", "reference")
"""What a terminal tells for the till and its journal alone."""
_STAND_ALONE = "stand-alone"


def receipt(
    sale: Sale,
    config: Config,
    words: Words,
    *,
    mark: str = "",
    training: bool = False,
    gift: bool = False,
    pro_forma: bool = False,
) -> Document:
    """The receipt of a sale: the body of its journal entry with the entry's ``at``, ``offset`` and ``who``.

    ``mark`` is that of its print job: empty for the receipt itself, the number of a copy, or `AGAIN` for any of these
    that may be on paper already, which then says so instead of its number. ``gift`` leaves out every amount.
    ``pro_forma`` takes a ticket that is not sold, so it may lack number and tenders.
    """
    marks = _marks(sale, words, mark, training or bool(sale.get("training")), gift, pro_forma)
    width = paper_columns(config)
    parts: list[Element] = [*shop_head(config, words, width), *marks, *([Feed()] if marks else [])]
    parts += [*_when(sale, config, words), Rule()]
    if gift:
        parts += _gift_lines(sale, words)
    else:
        letters = _letters(sale.get("vat", ()), LETTERS[config.shop.country])
        for line in sale["lines"]:
            parts += _line(line, letters, words)
        parts += _totals(sale, config, words)
        parts += _paid(sale, words)
        parts += _vat_table(sale, letters, words)
        parts += _customer(sale, words)
        parts += _vouchers(sale, config, words)
    parts += [Feed(), *centred(config.shop.receipt_footer, width), *marks]
    if sale.get("number"):
        parts += [Feed(), Barcode(sale["number"])]
    return (*parts, Cut())


def paper_columns(config: Config) -> int:
    """Columns at which centred text is folded: the printer's where the configuration tells them, else those that fit
    every paper. Only the renderer knows the printer's own profile, and it cuts what is too long."""
    device = config.device("printer")
    options = device.options if device else {}
    if options.get("columns"):
        return int(options["columns"])
    if options.get("width_px"):
        return int(options["width_px"]) // 12
    return WIDE if options.get("profile", "default") == "default" else NARROW


def shop_head(config: Config, words: Words, width: int) -> list[Element]:
    """Who sells: logo, name, address, numbers of the trade register and for VAT."""
    shop = config.shop
    tall = len(shop.name) <= width // 2
    lines: list[str | None] = [*shop.address, shop.phone, shop.website]
    if shop.coc:
        lines.append(words.t("KvK {number}", number=shop.coc))
    if shop.vat_id:
        lines.append(words.t("Btw-id {number}", number=shop.vat_id))
    name = centred((shop.name,), width // 2 if tall else width, bold=True, tall=tall)
    return [Logo(), *name, *centred([line for line in lines if line], width), Feed()]


def centred(lines: tuple[str, ...] | list[str], width: int, *, bold: bool = False, tall: bool = False) -> list[Element]:
    """Lines in the middle of the paper, folded where they are longer than it."""
    return [Text(piece, CENTRE, bold, tall) for line in lines for piece in (wrap(plain(line), width) if line else [""])]


def moment(at: int, offset: int) -> str:
    """``22-11-2026 14:05``: local date and time."""
    return f"{local_time(at, offset):%d-%m-%Y %H:%M}"


def vat_row(label: str, net: int, vat: int, gross: int) -> Row:
    """One line of the VAT table; three amounts that fit narrow paper beside a letter and a rate."""
    return Row(label, f"{format_amount(net):>8} {format_amount(vat):>8} {format_amount(gross):>8}")


def vat_heading(words: Words) -> Row:
    """The line above the VAT table."""
    columns = (words.t("excl."), words.t("btw"), words.t("incl."))
    return Row(words.t("Btw"), " ".join(f"{column:>8}" for column in columns))


def _marks(sale: Sale, words: Words, mark: str, training: bool, gift: bool, pro_forma: bool) -> list[Element]:
    """What kind of paper this is, big: it stands at the top and at the bottom."""
    big, small = [], []
    if training:
        big.append(words.t("TRAINING"))
    if pro_forma:
        big.append(words.t("PRO FORMA"))
    if training or pro_forma:
        small.append(words.t("GEEN GELDIGE BON"))
    if gift:
        big.append(words.t("RUILBON"))
    elif _goes_back(sale):
        big.append(words.t("RETOUR"))
    if mark.isdecimal():
        big.append(words.t("KOPIE {number}", number=int(mark)))
    if mark == AGAIN:
        big.append(words.t("HERDRUK"))
        small.append(words.t("Tweede afdruk na een storing"))
    marks: list[Element] = [Text(text, CENTRE, bold=True, tall=True) for text in big]
    marks += [Text(text, CENTRE, bold=True) for text in small]
    return marks


def _goes_back(sale: Sale) -> bool:
    """Whether the shop pays: money out, or an even exchange in which nothing was sold."""
    amounts = [line["amount"] for line in sale["lines"]]
    return bool(sale["total"] < 0 or (any(amount < 0 for amount in amounts) and not any(x > 0 for x in amounts)))


def _when(sale: Sale, config: Config, words: Words) -> list[Element]:
    who = words.t("Medewerker {code}", code=sale["who"]) if sale.get("who") else ""
    number = words.t("Bon {number}", number=sale["number"]) if sale.get("number") else ""
    return [
        Row(number, moment(sale["at"], sale["offset"])),
        Row(words.t("Kassa {till}", till=config.till.id), plain(who)),
    ]


def _line(line: Sale, letters: dict[tuple[str, int], str], words: Words) -> list[Element]:
    amount = _amount(line["gross"], letters.get((line["vat_code"], line["rate"]), " "))
    name = _name(line, words)
    times = _times(line, words)
    rows: list[Element] = [Row(name, ""), Row(f"  {times}", amount)] if times else [Row(name, amount)]
    if line.get("tare"):
        rows.append(Row("  " + words.t("netto, tarra {tare} kg", tare=format_quantity(line["tare"], "kg")), ""))
    if line.get("typed_weight"):
        rows.append(Row("  " + words.t("gewicht ingetypt"), ""))
    if line.get("origin"):
        rows.append(Row("  " + words.t("van bon {number}", number=line["origin"]), ""))
    if line.get("discount"):
        rows.append(Row("  " + _discount_name(words.t("korting"), line.get("given")), _amount(-line["discount"])))
    if line.get("note"):
        rows.append(Row("  " + plain(line["note"]), ""))
    return rows


def _name(line: Sale, words: Words) -> str:
    name = plain(line["name"])
    if line["kind"] == RETURN or (line["kind"] == DEPOSIT and line["qty"] < 0):
        return words.t("Retour: {name}", name=name)
    if line["kind"] == VOUCHER_LINE:
        return words.t("Tegoedbon {number}", number=line["code"])
    return name


def _times(line: Sale, words: Words) -> str:
    """How the amount came about; nothing where it is one piece at its price."""
    quantity, price = line["qty"], euro(line["price"])
    if line["unit"] == "kg":
        return words.t("{weight} kg x {price}/kg", weight=format_quantity(quantity, "kg"), price=price)
    if abs(quantity) == ONE:
        return ""
    return f"{format_quantity(quantity)} x {price}"


def _discount_name(name: str, given: Sale | None) -> str:
    return f"{name} {show_percent(given['value'])}" if given and given["kind"] == PERCENT else name


def _amount(cents: int, letter: str = " ") -> str:
    """An amount in the column of amounts, with room for the VAT letter behind it."""
    return f"{format_amount(cents)} {letter}"


def _letters(blocks: Any, usual: dict[str, str]) -> dict[tuple[str, int], str]:
    """VAT code and rate → letter. A second rate of one code (a return from before a change) gets its own letter."""
    found: dict[tuple[str, int], str] = {}
    spare = iter(_SPARE_LETTERS)
    for block in blocks:
        letter = usual.get(block["code"], "")
        found[block["code"], block["rate"]] = letter if letter and letter not in found.values() else next(spare, "*")
    return found


def _totals(sale: Sale, config: Config, words: Words) -> list[Element]:
    parts: list[Element] = []
    discount = sale.get("discount")
    if discount and discount["amount"]:
        parts.append(Row(_discount_name(words.t("Korting op de bon"), discount), _amount(-discount["amount"])))
    parts += [Rule(), Row(words.t("TOTAAL"), euro(sale["total"]), bold=True, tall=True)]
    rounding = sale.get("rounding", 0)
    if rounding:
        parts.append(Row(words.t("Afronding"), format_amount(rounding)))
        parts.append(Row(words.t("Te betalen"), euro(sale["total"] + rounding), bold=True))
    if with_rounding(COUNTRIES[config.shop.country], config.rules.rounding).rounding == ALL_TENDERS:
        parts.append(Row(words.t("Het totaalbedrag wordt altijd afgerond"), ""))
    return parts


def _paid(sale: Sale, words: Words) -> list[Element]:
    parts: list[Element] = []
    for tender in sale.get("tenders", ()):
        ref = tender.get("ref", "") if tender["kind"] in (VOUCHER, ACCOUNT) else ""
        parts.append(Row(plain(f"{words.kind('tender', tender['kind'])} {ref}".strip()), euro(tender["amount"])))
        if tender["kind"] == PIN:
            parts += _card(tender.get("detail", {}), words)
    if sale.get("change"):
        parts.append(Row(words.t("Wisselgeld"), euro(sale["change"]), bold=True))
    return parts


def _card(detail: dict[str, str], words: Words) -> list[Element]:
    """What the terminal told: what we have a word for first, then the rest as it came."""
    if detail.get("terminal") == _STAND_ALONE:
        return []
    said = {
        key: words.kind(_CARD_KINDS[key], value) if key in _CARD_KINDS else value
        for key, value in detail.items()
        if value and key not in _CARD_UNSAID
    }
    known = [(words.t(label), said[key]) for key, label in _CARD_FACTS if key in said]
    rest = [(key, value) for key, value in said.items() if key not in dict(_CARD_FACTS)]
    return [Row(f"  {plain(label)}", plain(str(value))) for label, value in (*known, *rest)]


def _vat_table(sale: Sale, letters: dict[tuple[str, int], str], words: Words) -> list[Element]:
    blocks = sale.get("vat", ())
    if not blocks:
        return []
    rows: list[Element] = [Rule(), vat_heading(words)]
    for x in blocks:
        letter = letters[x["code"], x["rate"]]
        rows.append(vat_row(f"{letter} {show_percent(x['rate']).replace(' ', '')}", x["net"], x["vat"], x["gross"]))
    if len(blocks) > 1:
        net, vat, gross = (sum(x[key] for x in blocks) for key in ("net", "vat", "gross"))
        rows.append(vat_row(words.t("Som"), net, vat, gross))
    outside = sum(line["amount"] for line in sale["lines"] if line["vat_code"] == OUTSIDE)
    if outside:
        rows.append(Row(words.t("Buiten de btw"), format_amount(outside)))
    return rows


def _customer(sale: Sale, words: Words) -> list[Element]:
    rows: list[Element] = []
    customer = sale.get("customer")
    if customer:
        rows.append(Row(words.t("Klant {code}[ {name}]", code=customer["code"], name=customer.get("name", "")), ""))
    if sale.get("note"):
        rows.append(Row(plain(sale["note"]), ""))
    return [Rule(), *rows] if rows else []


def _vouchers(sale: Sale, config: Config, words: Words) -> list[Element]:
    """A voucher given out: the number to scan when it comes back, its worth, and how long the shop takes it."""
    parts: list[Element] = []
    days = config.rules.voucher_days
    for line in sale["lines"]:
        if line["kind"] != VOUCHER_LINE:
            continue
        parts += [Rule(), Text(words.t("TEGOEDBON"), CENTRE, bold=True, tall=True)]
        parts += [Text(euro(line["gross"]), CENTRE, bold=True, tall=True), Barcode(line["code"])]
        if days:
            last = (date.fromisoformat(sale["date"]) + timedelta(days)).isoformat()
            parts.append(Text(words.t("Geldig tot en met {date:date}", date=last), CENTRE))
    return parts


def _gift_lines(sale: Sale, words: Words) -> list[Element]:
    """Goods without prices: no deposits, vouchers or returns, which say nothing to who gets the present."""
    rows: list[Element] = [
        Row(plain(line["name"]), f"{format_quantity(line['qty'], line['unit'])}{' kg' if line['unit'] == 'kg' else ''}")
        for line in sale["lines"]
        if line["qty"] > 0 and line["kind"] not in BESIDE
    ]
    return [*rows, Rule(), Row(words.t("Ruilen kan met deze bon"), "")]
