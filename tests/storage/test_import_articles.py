"""The articles file: what is taken, what is refused and where, and that a refused file changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from peewee import SqliteDatabase

from kassa_tui.storage.articles_import import ImportWords, import_articles
from kassa_tui.storage.catalogue import Catalogue
from kassa_tui.storage.csvread import MAX_PROBLEMS, ImportReport
from kassa_tui.storage.prices import put_price
from kassa_tui.storage.shop_schema import open_shop

TODAY = "2026-11-22"
WORDS = ImportWords(lambda cents: f"Statiegeld {cents}", "Statiegeld", "Overig")
HEADER = "sku,gtin,name,group,price,vat,unit,deposit,min_age,stock\n"
GOOD = HEADER + "1,8710400280507,Melk,Zuivel,1.29,9,each,,,4\n"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[SqliteDatabase]:
    db = open_shop(tmp_path / "shop.db", "NL")
    yield db
    db.close()


def load(db: SqliteDatabase, content: str | bytes) -> ImportReport:
    path = Path(str(db.database)).with_name("articles.csv")
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return import_articles(db, path, today=TODAY, words=WORDS)


def found(report: ImportReport) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.column, problem.code) for problem in report.problems]


def everything(db: SqliteDatabase) -> list[object]:
    tables = ("article", "code", "article_run", "article_group", "price", "meta", "staff")
    return [db.execute_sql(f"select * from {table} order by 1").fetchall() for table in tables]


def names_of_tables(db: SqliteDatabase) -> set[str]:
    return {row[0] for row in db.execute_sql("select name from sqlite_schema").fetchall()}


def test_a_good_file(db: SqliteDatabase) -> None:
    report = load(db, HEADER + "1,8710400280507|PLU,Melk,Zuivel,1.29,9,each,0.15,,4\n2,,Kaas,Zuivel,13.50,9,kg,,,\n")
    assert report == ImportReport(articles=2, codes=2, deposits=1)
    assert report.ok


def test_semicolons_decimal_commas_byte_order_mark_and_windows_lines(db: SqliteDatabase) -> None:
    header = "\ufeffSKU;Name ;Price;VAT;deposit;stock"
    rows = (header, '1;"Kaas; jong";13,5;9,0;0,15;2,250', "", ";;;;;", "2;Tas;1;21%;;", "")
    assert load(db, "\r\n".join(rows)).ok
    cheese = Catalogue(db).by_sku("1", TODAY)
    bag = Catalogue(db).by_sku("2", TODAY)
    assert cheese is not None
    assert bag is not None
    assert (cheese.name, cheese.price, cheese.vat_code, cheese.deposit_sku, cheese.stock, cheese.group) == (
        "Kaas; jong",
        1350,
        "low",
        "STATIE-0015",
        2250,
        "Overig",
    )
    assert (bag.price, bag.vat_code) == (100, "high")


def test_columns_in_any_order_and_unknown_ones_named(db: SqliteDatabase) -> None:
    report = load(db, "vat,colour,price,name,sku,\n9,red,1.29,Melk,1,\n")
    assert report.ok
    assert [(w.line, w.column, w.code) for w in report.warnings] == [(1, "colour", "unknown_column")]
    milk = Catalogue(db).by_sku("1", TODAY)
    assert milk is not None
    assert milk.name == "Melk"


def test_all_problems_at_once_with_line_and_column(db: SqliteDatabase) -> None:
    rows = [
        ",8710400280507,No number,G,1.00,9,each,,,",
        "2,8710400280508,Wrong check digit,G,1.00,9,each,,,",
        "3,871040028,Length of no code,G,1.00,9,each,,,",
        "4,,,G,-1.00,7,dozen,0.155,soon,many",
        "5,,Exponent,G,1e3,9,each,,,",
        "6,,Three decimals,G,1.005,9,each,,,",
        "7,,No price,G,,,each,,,",
        "8,,Too dear,G,100000.00,9,each,,100,1.2345",
        "9,,Euro sign,G,€ 1,9,each,,,",
        "10,,Unquoted comma,G,1,25,9,each,,,",
        "11,,Too short,G",
        "STATIE-0015,,Own deposit,G,0.15,0,each,,,",
        "13," + "x" * 49 + "," + "n" * 201 + "," + "g" * 61 + ",1.00,9,each,,,",
        "14,96385074*0,No pieces,G,1.00,9,each,,,",
    ]
    report = load(db, HEADER + "\n".join(rows))
    assert found(report) == [
        (2, "sku", "required"),
        (3, "gtin", "check_digit"),
        (4, "gtin", "code_length"),
        (5, "name", "required"),
        (5, "price", "negative"),
        (5, "vat", "vat_unknown"),
        (5, "unit", "not_one_of"),
        (5, "deposit", "too_many_decimals"),
        (5, "min_age", "not_an_age"),
        (5, "stock", "not_a_quantity"),
        (6, "price", "not_an_amount"),
        (7, "price", "too_many_decimals"),
        (8, "price", "not_an_amount"),
        (8, "vat", "required"),
        (9, "price", "too_large"),
        (9, "min_age", "not_an_age"),
        (9, "stock", "not_a_quantity"),
        (10, "price", "not_an_amount"),
        (11, "", "cell_count"),
        (12, "", "cell_count"),
        (13, "sku", "sku_reserved"),
        (14, "gtin", "too_long"),
        (14, "name", "too_long"),
        (14, "group", "too_long"),
        (15, "gtin", "pieces"),
    ]
    facts = {(p.line, p.column): p.facts for p in report.problems}
    assert facts[5, "vat"] == {"value": "7", "allowed": "0 9 21"}
    assert facts[3, "gtin"] == {"code": "8710400280508"}
    assert facts[11, ""] == {"expected": 10, "found": 11}
    assert report.problem_count == len(report.problems)
    assert not report.ok


def test_a_belgian_shop_has_belgian_rates(tmp_path: Path) -> None:
    db = open_shop(tmp_path / "shop.db", "BE")
    assert load(db, "sku,name,price,vat\n1,Brood,2,6\n2,Maaltijd,9,12\n3,Tas,1,21\n4,Krant,2,0\n").ok
    vats = [row[0] for row in db.execute_sql("select vat from article order by id").fetchall()]
    assert vats == ["low", "middle", "standard", "zero"]
    assert found(load(db, "sku,name,price,vat\n1,Brood,2,9\n")) == [(2, "vat", "vat_unknown")]
    db.close()


def test_duplicates_name_both_lines(db: SqliteDatabase) -> None:
    rows = ["1,8710400280507,A,,1,9", "2,PLU|96385074,B,,1,9", "1,,C,,1,9", "4,PLU,D,,1,9", "5,8710400280507,E,,1,9"]
    report = load(db, "sku,gtin,name,group,price,vat\n" + "\n".join(rows))
    assert [(p.line, p.column, p.code, p.facts["first_line"]) for p in report.problems] == [
        (4, "sku", "duplicate_sku", 2),
        (5, "gtin", "duplicate_code", 3),
        (6, "gtin", "duplicate_code", 2),
    ]


def test_one_gtin_in_two_spellings_is_a_warning_and_stays_with_the_first(db: SqliteDatabase) -> None:
    report = load(db, "sku,gtin,name,price,vat\n1,96385074,A,1,9\n2,0000096385074,B,1,9\n")
    assert report.ok
    assert [(w.line, w.code, w.facts["first_line"]) for w in report.warnings] == [(3, "same_gtin", 2)]
    kept = Catalogue(db).by_code("00000096385074", TODAY)
    assert kept is not None
    assert kept.sku == "1"


def test_the_same_code_twice_in_one_cell_is_one_code(db: SqliteDatabase) -> None:
    assert load(db, "sku,gtin,name,price,vat\n1,96385074|96385074| |0000096385074,A,1,9\n").codes == 1


def test_an_upc_e_is_kept_as_the_scanner_sends_it(db: SqliteDatabase) -> None:
    assert load(db, "sku,gtin,name,price,vat\n1,04252614,A,1,9\n").ok
    assert Catalogue(db).by_code("00042100005264", TODAY) is not None


def test_an_sku_that_is_a_gtin_is_found_by_it(db: SqliteDatabase) -> None:
    assert load(db, "sku,name,price,vat\n8710400280507,Melk,1,9\n").ok
    assert Catalogue(db).by_code("08710400280507", TODAY) is not None


def test_problems_are_listed_up_to_a_hundred_and_counted(db: SqliteDatabase) -> None:
    report = load(db, HEADER + "".join(f"{n},,Melk,G,x,9,each,,,\n" for n in range(250)))
    assert len(report.problems) == MAX_PROBLEMS
    assert report.problem_count == 250


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", [(0, "", "empty_file")]),
        (b"\xef\xbb\xbf", [(0, "", "empty_file")]),
        (HEADER.encode(), [(0, "", "no_rows")]),
        (HEADER.encode() + b"\n,,,,,,,,,\n\n", [(0, "", "no_rows")]),
        (b"sku,name,price,vat,SKU\n1,A,1,9,1\n", [(1, "sku", "duplicate_column")]),
        (b"name,price\nA,1\n", [(1, "sku", "column_missing"), (1, "vat", "column_missing")]),
        (b"\0\0\0\0\n\0\n", [(1, name, "column_missing") for name in ("sku", "name", "price", "vat")]),
        (GOOD.encode("utf-16"), [(1, "", "not_utf8")]),
        (b"sku,name,price,vat\n1,Caf\xe9,1,9\n2,B,1,9\n3,Cr\xe8me,1,9\n", [(2, "", "not_utf8"), (4, "", "not_utf8")]),
        (b'sku,name,price,vat\n1,"A,1,9\n2,B,1,9\n3,C"",x,9\n', [(2, "", "quotes"), (4, "price", "not_an_amount")]),
        (b'sku,name,price,vat\n1,"A\nB",1,9\n', [(2, "", "quotes"), (3, "", "cell_count")]),
        (b"sku,name,price,vat\n1,A\0B,1,9\n", [(2, "name", "unprintable")]),
        (b"sku,name,price,vat\n1,A\x1b[2JB,1,9\n", [(2, "name", "unprintable")]),
        ("sku,name,price,vat\n1,A\u202eB,1,9\n".encode(), [(2, "name", "unprintable")]),
        (b"sku,name,price,vat\r1,A,1,9\r", [(1, "vat", "column_missing")]),
        (
            b"sku,name,price,vat\n1," + b"x" * 5_000_000 + b",1,9\n2,B,z,9\n",
            [(2, "", "line_too_long"), (3, "price", "not_an_amount")],
        ),
        (b"x" * 5_000_000, [(1, "", "line_too_long")]),
        (b'"' * 999, [(1, "", "quotes")]),
    ],
)
def test_hostile_files(db: SqliteDatabase, content: bytes, expected: list[tuple[int, str, str]]) -> None:
    assert load(db, GOOD).ok
    before = everything(db)
    report = load(db, content)
    assert found(report)[: len(expected)] == expected
    assert report.problem_count >= len(expected)
    assert report.articles == 0
    assert everything(db) == before


def test_inch_marks_and_invisible_characters_of_web_pages_are_taken(db: SqliteDatabase) -> None:
    assert load(db, 'sku,name,price,vat\n1,Pizza 12" groot,1,9\n2,"TV ""32""",1,21\n3,Brie\u00a0de\u00adMeaux,1,9\n').ok
    assert [row[0] for row in db.execute_sql("select name from article order by id").fetchall()] == [
        'Pizza 12" groot',
        'TV "32"',
        "Brie deMeaux",
    ]


def test_a_file_that_cannot_be_read(db: SqliteDatabase, tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.csv", tmp_path):
        report = import_articles(db, path, today=TODAY, words=WORDS)
        assert found(report) == [(0, "", "file_unreadable")]


_LINES = st.lists(st.text(alphabet='0123456789,;|"*. \x00\r\né€eE-', max_size=60) | st.binary(max_size=40), max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(_LINES)
def test_no_bytes_make_it_raise_or_import_half(db: SqliteDatabase, lines: list[str | bytes]) -> None:
    raw = [line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line for line in lines]
    report = load(db, b"sku,gtin,name,price,vat\n" + b"\n".join(raw))
    assert report.ok == (report.problems == ())
    assert report.ok or report.articles == 0


def test_the_file_is_the_whole_catalogue_and_the_rest_stays(db: SqliteDatabase) -> None:
    assert load(db, GOOD).ok
    put_price(db, "1", 99, valid_from="2026-11-01", label="actie")
    db.execute_sql("insert into staff values ('a', 'Anna', 'cashier', 'hash', 'nl', 1)")
    db.execute_sql("insert into customer values ('k1', 'Klant', '', 0, 0)")
    assert load(db, HEADER + "2,,Kaas,Zuivel,5,9,kg,,,\n").ok
    catalogue = Catalogue(db)
    assert catalogue.by_sku("1", TODAY) is None
    assert catalogue.by_code("08710400280507", TODAY) is None
    assert catalogue.search("melk", TODAY) == []
    assert [article.name for article in catalogue.search("kaas", TODAY)] == ["Kaas"]
    assert load(db, GOOD).ok
    back = catalogue.by_sku("1", TODAY)
    assert back is not None
    assert (back.price, back.price_source) == (99, "actie")
    assert db.execute_sql("select count(*) from staff").fetchone() == (1,)
    assert db.execute_sql("select count(*) from customer").fetchone() == (1,)
    assert catalogue.version() == 4


def test_nothing_is_left_behind(db: SqliteDatabase) -> None:
    tables = {name for name in names_of_tables(db) if not name.startswith("article_sku")}
    for _ in range(3):
        assert load(db, GOOD).ok
        assert not load(db, GOOD + "1,,Again,G,1,9,each,,,\n").ok
    assert {name for name in names_of_tables(db) if not name.startswith("article_sku")} == tables
    assert sum(name.startswith("article_sku") for name in names_of_tables(db)) == 1
    assert db.execute_sql("pragma integrity_check").fetchone() == ("ok",)
