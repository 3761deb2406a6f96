"""The customer's receipt: what must stand on it, for the Netherlands and Belgium, on wide and narrow paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.domain import ticket as tickets
from kassa_tui.domain.country import ALL_TENDERS, with_rounding
from kassa_tui.domain.document import CENTRE, Barcode, Cut, Document, Logo, Row, Text
from kassa_tui.domain.ticket import Discount
from kassa_tui.domain.vat import OUTSIDE
from kassa_tui.messages import Words
from kassa_tui.services.receipts import paper_columns, receipt
from kassa_tui.services.report_documents import as_text
from tests.services.papers import (
    BE,
    CASH,
    NL,
    PIN,
    PINNED,
    VOUCHER,
    Tender,
    compiled,
    config,
    deposit,
    goods,
    line,
    sale,
)  # fmt: skip

GOLDEN = Path(__file__).with_name("golden")
DUTCH = Words("nl")

FULL: dict[str, Any] = {
    "tenders": (Tender(PIN, 1000, "p1", PINNED), Tender(CASH, 2000)),
    "discount": Discount(tickets.PERCENT, 500, "bas"),
    "customer": "K77",
    "customer_name": "Mevr. De Vries",
    "note": "Graag bezorgen",
}


def lines_of(document: Document, columns: int = 42) -> list[str]:
    return [text.strip() for text in as_text(document, columns).splitlines()]


def flemish(tmp_path: Path) -> Words:
    """Belgian Dutch from a catalogue compiled for this test."""
    return compiled(tmp_path, "nl_BE")


@pytest.mark.parametrize("columns", [42, 32])
def test_dutch_receipt_reads_as_kept(columns: int) -> None:
    paper = receipt(sale(**FULL), config(columns=columns), DUTCH)
    assert as_text(paper, columns) == (GOLDEN / f"receipt_nl_{columns}.txt").read_text(encoding="utf-8")


def test_belgian_receipt_reads_as_kept(tmp_path: Path) -> None:
    basket = (
        line("Pistolets", 43, 4000, vat_rate=600),
        line("Jupiler 24 x 25 cl", 1799, vat_code="standard", vat_rate=2100),
        deposit("Leeggoed bak", 450),
    )
    paper = receipt(sale(*basket, country=BE, customer="BE0123456749"), config("BE"), flemish(tmp_path), mark="1")
    assert as_text(paper) == (GOLDEN / "receipt_be_42.txt").read_text(encoding="utf-8")


def test_everything_a_simplified_invoice_needs_is_there() -> None:
    shown = "\n".join(lines_of(receipt(sale(**FULL), config(), DUTCH)))
    for fact in ("De Gouden Ster", "Dorpsstraat 12", "KvK 12345678", "NL123456782B01", "22-11-2026 14:05",
                 "K1-000123", "Kassa K1", "anna", "9%", "21%", "Wisselgeld"):  # fmt: skip
        assert fact in shown


def test_rows_above_the_total_add_up_to_it() -> None:
    facts = sale(**FULL)
    paper = receipt(facts, config(), DUTCH)
    end = next(at for at, element in enumerate(paper) if isinstance(element, Row) and element.tall)
    amounts = [row.right.split()[0] for row in paper[:end] if isinstance(row, Row) and "," in row.right]
    cents = [int(amount.replace(",", "").replace(".", "")) for amount in amounts]
    assert sum(cents) == facts["total"]


def test_the_amount_of_the_vat_table_and_what_lies_outside_it_is_the_total() -> None:
    facts = sale(**FULL)
    outside = sum(x["amount"] for x in facts["lines"] if x["vat_code"] == OUTSIDE)
    assert sum(block["gross"] for block in facts["vat"]) + outside == facts["total"]
    shown = lines_of(receipt(facts, config(), DUTCH))
    assert any(text.startswith("Buiten de btw") and text.endswith("0,90") for text in shown)


def test_weight_lines_show_weight_and_price_per_kilogram() -> None:
    shown = lines_of(receipt(sale(line("Tomaten", 179, 450, unit="kg", typed_weight=True)), config(), DUTCH))
    at = shown.index("Tomaten")
    assert shown[at + 1].startswith("0,450 kg x € 1,79/kg")
    assert shown[at + 1].endswith("0,81 B")
    assert shown[at + 2] == "gewicht ingetypt"


def test_a_price_of_the_cashiers_making_is_not_told_to_the_customer() -> None:
    made = line("Kaarsen", 500, source="override", list_price=799, by="bas", reason="beschadigd")
    plain = line("Kaarsen", 500)
    assert receipt(sale(made), config(), DUTCH) == receipt(sale(plain), config(), DUTCH)


def test_dutch_cash_rounding_shows_both_amounts() -> None:
    rounded = with_rounding(NL, "cash")
    shown = lines_of(receipt(sale(line("Brood", 1234), country=rounded), config(rounding="cash"), DUTCH))
    assert any(text.startswith("TOTAAL") and text.endswith("12,34") for text in shown)
    assert any(text.startswith("Afronding") and text.endswith("0,01") for text in shown)
    assert any(text.startswith("Te betalen") and text.endswith("12,35") for text in shown)


def test_rounding_every_tender_is_announced_also_where_nothing_was_rounded() -> None:
    belgian = with_rounding(BE, ALL_TENDERS)
    facts = sale(line("Brood", 1235), tenders=(Tender(PIN, 1235),), country=belgian)
    announced = "Het totaalbedrag wordt altijd afgerond"
    assert announced in lines_of(receipt(facts, config("BE", rounding=ALL_TENDERS), DUTCH))
    assert announced not in lines_of(receipt(facts, config("BE"), DUTCH))


def test_no_rounding_rows_where_nothing_was_rounded() -> None:
    shown = lines_of(receipt(sale(line("Brood", 1234)), config(), DUTCH))
    assert not any(text.startswith(("Afronding", "Te betalen")) for text in shown)


def back(origin: str = "K1-000042") -> tickets.Line:
    return line("Koffie", 499, -1000, kind=tickets.RETURN, origin=origin, origin_line=2, by="bas")


def marks(document: Document) -> list[str]:
    """What stands big in the middle, in order, beside the shop's name."""
    return [x.text for x in document if isinstance(x, Text) and x.tall and x.align == CENTRE][1:]


def test_a_return_names_the_receipt_it_comes_from_and_is_marked_twice() -> None:
    paper = receipt(sale(back(), tenders=(Tender(CASH, -499),)), config(), DUTCH)
    shown = lines_of(paper)
    assert shown[shown.index("van bon K1-000042") - 1].startswith("Retour: Koffie")
    assert marks(paper) == ["RETOUR", "RETOUR"]


def test_an_exchange_the_customer_pays_for_is_no_return_but_its_line_is() -> None:
    paper = receipt(sale(back(), line("Thee", 899)), config(), DUTCH)
    assert marks(paper) == []
    assert any(text.startswith("Retour: Koffie") for text in lines_of(paper))


@pytest.mark.parametrize(
    ("options", "big", "small"),
    [
        ({"mark": "2"}, "KOPIE 2", None),
        ({"mark": "again"}, "HERDRUK", "Tweede afdruk na een storing"),
        ({"training": True}, "TRAINING", "GEEN GELDIGE BON"),
        ({"pro_forma": True}, "PRO FORMA", "GEEN GELDIGE BON"),
        ({"gift": True}, "RUILBON", None),
    ],
)
def test_marks_stand_at_top_and_bottom(options: dict[str, Any], big: str, small: str | None) -> None:
    paper = receipt(sale(), config(), DUTCH, **options)
    texts = [element.text for element in paper if isinstance(element, Text)]
    assert texts.count(big) == 2
    first_line = next(at for at, x in enumerate(paper) if isinstance(x, Row))
    assert any(isinstance(x, Text) and x.text == big for x in paper[:first_line])
    assert small is None or texts.count(small) == 2


def test_a_sale_made_in_training_is_marked_without_being_asked() -> None:
    assert marks(receipt(sale(extra={"training": True}), config(), DUTCH)) == ["TRAINING", "TRAINING"]


def test_marks_fit_narrow_paper_in_every_language(tmp_path: Path) -> None:
    for language in ("nl", "nl_BE", "fr", "en"):
        words = DUTCH if language == "nl" else compiled(tmp_path, language)
        paper = receipt(sale(), config(columns=32, shop_name="Ster"), words, mark="again", training=True,
                        pro_forma=True)  # fmt: skip
        assert all(len(mark) <= 16 for mark in marks(paper))


def test_gift_receipt_tells_goods_and_no_amount() -> None:
    paper = receipt(sale(**FULL), config(), DUTCH, gift=True)
    shown = as_text(paper)
    assert "Cola blikje 33 cl" in shown
    assert "Statiegeld" not in shown
    assert "€" not in shown
    assert not any(cents in shown for cents in ("0,89", "5,34", "18,59", "De Vries", "Maestro"))
    assert Barcode("K1-000123") in paper


def test_a_pro_forma_needs_no_number_and_no_tenders() -> None:
    facts = sale()
    for key in ("number", "no", "tenders", "change", "rounding"):
        del facts[key]
    paper = receipt(facts, config(), DUTCH, pro_forma=True)
    assert not any(isinstance(element, Barcode) for element in paper)
    assert marks(paper) == ["PRO FORMA", "PRO FORMA"]


def test_a_voucher_given_out_can_be_scanned_and_tells_how_long_it_holds() -> None:
    issued = line("Tegoedbon", 2500, kind=tickets.VOUCHER, code="TB1234567897", vat_code=OUTSIDE, vat_rate=0)
    paper = receipt(sale(issued), config(voucher_days=365), DUTCH)
    assert Barcode("TB1234567897") in paper
    shown = lines_of(paper)
    assert "Geldig tot en met 22-11-2027" in shown
    assert shown.count("€ 25,00") == 1
    assert not any(text.startswith("Geldig") for text in lines_of(receipt(sale(issued), config(), DUTCH)))


def test_tenders_are_named_and_a_voucher_by_its_number() -> None:
    facts = sale(line("Brood", 1234), tenders=(Tender(VOUCHER, 1000, "TB1234567897"), Tender(CASH, 500)))
    shown = lines_of(receipt(facts, config(), DUTCH))
    assert any(text.startswith("Tegoedbon TB1234567897") and text.endswith("€ 10,00") for text in shown)
    assert any(text.startswith("Wisselgeld") and text.endswith("€ 2,66") for text in shown)


def test_a_terminal_that_stands_alone_printed_its_own_slip() -> None:
    facts = sale(line("Brood", 1234), tenders=(Tender(PIN, 1234, "p1", (("terminal", "stand-alone"),)),))
    assert "stand-alone" not in as_text(receipt(facts, config(), DUTCH))


def test_what_a_terminal_tells_beyond_our_words_is_printed_too() -> None:
    facts = sale(line("Brood", 1234), tenders=(Tender(PIN, 1234, "p1", (("AID", "A0000000043060"),)),))
    assert any(x == Row("  AID", "A0000000043060") for x in receipt(facts, config(), DUTCH))


def test_vat_letters_are_the_countrys_and_a_second_rate_gets_its_own() -> None:
    facts = sale(line("Brood", 109), line("Kaars", 121, vat_code="high", vat_rate=2100))
    assert any(isinstance(x, Row) and x.right == "1,09 B" for x in receipt(facts, config(), DUTCH))
    old = line("Brood van toen", -106, 1000, kind=tickets.RETURN, vat_rate=600)
    both = receipt(sale(line("Brood", 1090), old), config(), DUTCH)
    letters = {x.left[0] for x in both if isinstance(x, Row) and x.left.endswith("%")}
    assert letters == {"B", "E"}


def test_a_note_on_a_line_is_printed_below_it() -> None:
    shown = lines_of(receipt(sale(line("Taart", 1500, note="met naam Noor")), config(), DUTCH))
    assert shown[shown.index("met naam Noor") - 1].startswith("Taart")


def test_logo_first_barcode_and_cut_last() -> None:
    paper = receipt(sale(), config(), DUTCH)
    assert isinstance(paper[0], Logo)
    assert isinstance(paper[-1], Cut)
    assert paper[-2] == Barcode("K1-000123")


@pytest.mark.parametrize(
    ("options", "columns"),
    [({"columns": 48}, 48), ({"width_px": 384}, 32), ({"profile": "default"}, 42), ({"profile": "POS-5890"}, 32)],
)
def test_text_is_folded_at_the_papers_width(options: dict[str, Any], columns: int) -> None:
    from dataclasses import replace
    from types import MappingProxyType

    from kassa_tui.config import Device

    shop = replace(config(), devices=(Device("printer", "file", MappingProxyType(options)),))
    assert paper_columns(shop) == columns


def test_a_long_name_of_the_shop_is_folded_not_cut() -> None:
    name = "Biologische Streekwinkel en Kaasmakerij De Zonnehoeve"
    paper = receipt(sale(), config(columns=32, shop_name=name), DUTCH)
    texts = [x for x in paper if isinstance(x, Text) and x.bold]
    assert " ".join(x.text for x in texts) == name
    assert all(len(x.text) <= 32 and not x.tall for x in texts)


HOSTILE = st.text(st.characters(codec="utf-8"), max_size=80) | st.sampled_from(
    ["\x1b[2J\x1b[H", "[red]x[/]", "{0}{name}", "\x1bp\x00\xff\xff", "€" * 60, "\u202edrib", "a\nb\r\nc", ""]
)


@given(name=HOSTILE, note=HOSTILE, customer=HOSTILE, columns=st.sampled_from([32, 42]))
def test_product_text_stays_text(name: str, note: str, customer: str, columns: int) -> None:
    facts = sale(line(name, 119, 2000, note=note), note=note, customer="K1", customer_name=customer)
    shown = as_text(receipt(facts, config(columns=columns), DUTCH), columns)
    assert all(char == "\n" or char.isprintable() for char in shown)
    assert all(len(text) <= columns for text in shown.splitlines())
    assert "2 x € 1,19" in shown


def test_the_basket_of_these_tests_has_a_bit_of_everything() -> None:
    assert {x.kind for x in goods()} == {tickets.SALE, tickets.DEPOSIT}
    assert any(x.typed_weight for x in goods())
    assert any(x.given for x in goods())
