"""Articles from files: all of a file or nothing, and what is wrong with it in words."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from kassa_office.catalogue import demo, feed, importing
from kassa_office.catalogue.checks import barcode, shown
from kassa_office.catalogue.importing import ImportProblem, import_articles
from kassa_office.catalogue.models import Article, Barcode, CostPrice, Group, Price
from kassa_office.catalogue.resources import price_of
from kassa_office.catalogue.timeline import Dated, dated, own
from kassa_office.staff.models import Employee, has_pin
from kassa_office.stock.ledger import Note, book
from kassa_office.tills.models import Branch, Till
from kassa_tui.services.access import verify_pin
from tests.office.conftest import Databases, MakeTill

GOOD = """sku;gtin;name;group;price;vat;unit;deposit;min_age;stock
1;87104000|4006381333931*6;Brood;Brood;2,49;9;each;;;12
2;;Cola;Fris;1.05;9;each;0,15;;
3;;Bier;Drank;1,50;21;each;0,10;18;
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "articles.csv"
    path.write_text(text, "utf-8")
    return path


def test_a_file_becomes_articles_codes_prices_and_deposits(office_db: Databases, tmp_path: Path) -> None:
    text = GOOD.replace("87104000|", "")
    assert import_articles(write(tmp_path, text)) == 5
    cola = Article.objects.get(sku="2")
    assert (cola.group.name, cola.vat, cola.deposit_sku, price_of(cola)) == ("Fris", "low", "STATIE-0015", 105)
    assert Barcode.objects.get().pieces == 6
    assert shown(Barcode.objects.get().code) == "4006381333931"
    deposit = Article.objects.get(sku="STATIE-0010")
    assert (deposit.kind, deposit.name, price_of(deposit)) == ("deposit", "Statiegeld € 0,10", 10)
    assert Group.objects.get(name="Drank").vat == "high"


def test_wrong_lines_are_named_and_nothing_is_taken_over(office_db: Databases, tmp_path: Path) -> None:
    with pytest.raises(ImportProblem) as wrong:
        import_articles(write(tmp_path, GOOD + "4;;Wijn;Drank;x;12;each;;;\n1;;Nog eens;Brood;1;9;each;;;\n"))
    assert wrong.value.lines == [
        "regel 2, kolom gtin: het controlecijfer van 87104000 klopt niet",
        "regel 5, kolom price: x is geen bedrag",
        "regel 5, kolom vat: 12 is geen btw-tarief; wel 0 9 21",
    ]
    assert not Article.objects.exists()
    assert not Group.objects.exists()


def test_a_code_of_an_article_outside_the_file(office_db: Databases, tmp_path: Path) -> None:
    group = Group.objects.create(name="Oud")
    old = Article.objects.create(sku="99", name="Oud", group=group, vat="low")
    Barcode.objects.create(code="04006381333931", article=old)
    with pytest.raises(ImportProblem) as wrong:
        import_articles(write(tmp_path, GOOD.replace("87104000|", "")))
    assert wrong.value.lines == ["regel 2, kolom gtin: code 04006381333931 hoort al bij artikel 99"]
    assert Article.objects.count() == 1


def test_the_same_file_again_is_no_news(make_till: MakeTill, tmp_path: Path) -> None:
    till = make_till("B1", "K1").till
    path = write(tmp_path, GOOD.replace("87104000|", ""))
    import_articles(path)
    first = feed.office_seq()
    import_articles(path)
    assert feed.office_seq() == first
    lines = GOOD.replace("87104000|", "").splitlines()
    write(tmp_path, "\n".join([lines[0], lines[3], lines[2], lines[1].replace("2,49", "2,59")]))
    import_articles(path)
    rows = feed.page(till, first).rows
    assert [(row.table, row.id, row.data.get("price")) for row in rows] == [("article", "1", 259)]


def test_codes_may_move_from_line_to_line(
    office_db: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 1)
    head = "sku,gtin,name,price,vat\n"
    import_articles(write(tmp_path, head + "1,40063813,A,1,9\n2,4006381333931,B,1,9\n".replace("40063813,", ",")))
    import_articles(write(tmp_path, head + "1,4006381333931,A,1,9\n2,,B,1,9\n"))
    assert Barcode.objects.get().article_id == "1"


def test_the_whole_assortment(make_till: MakeTill, tmp_path: Path) -> None:
    till = make_till("B1", "K1").till
    import_articles(write(tmp_path, GOOD.replace("87104000|", "")))
    first = feed.office_seq()
    import_articles(write(tmp_path, "sku,name,price,vat,group\n2,Cola,1.05,9,Fris\n"), whole=True)
    assert set(Article.objects.filter(active=True).values_list("sku", flat=True)) == {"2"}
    gone = {row.id for row in feed.page(till, first).rows if row.op == "del"}
    assert gone == {"1", "3", "STATIE-0015", "STATIE-0010"}


def test_a_whole_file_is_shown_first_and_changes_nothing(office_db: Databases, tmp_path: Path) -> None:
    import_articles(write(tmp_path, GOOD.replace("87104000|", "")))
    Branch.objects.create(code="B1", name="B1")
    book("B1", "received", [("1", 12_000)], Note("els"))
    seq = feed.head()
    path = write(tmp_path, "sku,gtin,name,price,vat,group\n2,,Cola zero,1.05,9,Fris\n9,4006381333931,Nieuw,1,9,Fris\n")
    found = importing.preview(path)
    assert (found.rows, found.new, found.changed, found.stocked) == (2, 1, 1, 1)
    assert [sku for sku, _name in found.gone] == ["1", "3", "STATIE-0010", "STATIE-0015"]
    assert (feed.head(), Article.objects.filter(active=True).count()) == (seq, 5)
    assert Barcode.objects.get().article_id == "1"
    assert import_articles(path, whole=True) == 2
    assert (Barcode.objects.get().article_id, Article.objects.get(sku="1").active) == ("9", False)
    assert importing.preview(path) == importing.Preview(2, 0, 0, [], 0)
    with pytest.raises(ImportProblem):
        importing.preview(write(tmp_path, GOOD))


def test_the_demo_company(office_db: Databases) -> None:
    assert demo.fill() == 2031
    assert demo.fill() == 2031
    seq = feed.office_seq()
    till = Till.objects.get(code="K3")
    assert {row.table for row in feed.page(till, 0, 1000).rows} >= {"branch", "article"}
    demo.fill()
    assert feed.office_seq() == seq
    assert has_pin(Employee.objects.get(code="bas").pin_hash, "9999")
    assert verify_pin(Employee.objects.get(code="anna").pin_hash, "1111")
    cost, price = CostPrice.objects.get(article="1").amount, Price.objects.get(article="1", place="all").amount
    assert 0 < cost < price


@pytest.mark.parametrize(
    ("text", "stored", "printed"),
    [
        ("4006381333931", "04006381333931", "4006381333931"),
        ("40170725", "00000040170725", "40170725"),
        ("0012345678905", "00012345678905", "0012345678905"),
        ("PLU7", "PLU7", "PLU7"),
        ("123", "123", "123"),
    ],
)
def test_forms_of_a_code(text: str, stored: str, printed: str) -> None:
    assert barcode(text) == stored
    assert shown(stored) == printed


def test_the_price_of_an_article_and_what_lies_over_it() -> None:
    day = date(2026, 6, 1)
    old, base = Dated(date(2026, 1, 1), None, 100), Dated(date(2026, 5, 1), None, 110)
    over = Dated(date(2026, 4, 1), date(2026, 12, 31), 90)
    now_, later = Dated(date(2026, 5, 20), date(2026, 6, 10), 80), Dated(date(2026, 9, 1), None, 120)
    past = Dated(date(2026, 5, 2), date(2026, 5, 3), 70)
    prices = [old, base, over, now_, later, past]
    assert own(prices, day) == base
    assert dated(prices, day, base.start) == [now_, later]
    assert dated([old, base, later], day) == [base, later]
    assert own([later, now_], day) is None
