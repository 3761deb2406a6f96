"""What the till reads of the shop: codes, dated prices and rates, search, groups."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from peewee import SqliteDatabase

from kassa_tui.domain.catalogue import Article
from kassa_tui.storage.articles_import import ImportWords, import_articles
from kassa_tui.storage.catalogue import Catalogue, fold, search_text
from kassa_tui.storage.database import StorageError, open_database
from kassa_tui.storage.prices import put_price
from kassa_tui.storage.shop_schema import VAT_SEED, get_meta, open_shop

TODAY = "2026-11-22"
WORDS = ImportWords(lambda cents: f"Statiegeld € 0,{cents:02d}", "Statiegeld", "Overig")
CSV = """sku,gtin,name,group,price,vat,unit,deposit,min_age,stock
1,,Bananen,Groente & fruit,1.79,9,kg,,,12.5
12,8710400280507|96385074*6,Coca-Cola Zero blik,Frisdrank,1.25,9,each,0.15,,40
13,8710398527653,Chocolade hagelslag,Ontbijt,2.49,9,each,,,
14,PLU-7,Crème fraîche d'Isigny,Zuivel,1.99,9,each,,,-2
15,,Jenever jong 1l,Drank,15.00,21,each,,18,3
16,,Cola light fles,Frisdrank,2.10,9,each,0.25,,
17,,Ijsbergsla,Groente & fruit,0.99,9,each,,,
120,,Oude cola automaat,Frisdrank,99.00,21,each,,,
"""


@pytest.fixture
def db(tmp_path: Path) -> Iterator[SqliteDatabase]:
    db = open_shop(tmp_path / "shop.db", "NL")
    (tmp_path / "articles.csv").write_text(CSV, encoding="utf-8")
    assert import_articles(db, tmp_path / "articles.csv", today=TODAY, words=WORDS).ok
    yield db
    db.close()


@pytest.fixture
def catalogue(db: SqliteDatabase) -> Catalogue:
    return Catalogue(db)


def names(found: list[Article]) -> list[str]:
    return [article.name for article in found]


def test_an_article_comes_whole(catalogue: Catalogue) -> None:
    assert catalogue.by_code("08710400280507", TODAY) == Article(
        sku="12",
        name="Coca-Cola Zero blik",
        group="Frisdrank",
        price=125,
        vat_code="low",
        vat_rate=900,
        deposit_sku="STATIE-0015",
        stock=40_000,
    )
    spirits = catalogue.by_sku("15", TODAY)
    assert spirits is not None
    assert (spirits.min_age, spirits.vat_code, spirits.vat_rate, spirits.stock) == (18, "high", 2100, 3000)
    loose = catalogue.by_sku("1", TODAY)
    assert loose is not None
    assert (loose.unit, loose.stock, loose.deposit_sku) == ("kg", 12_500, None)


def test_a_pack_has_its_pieces(catalogue: Catalogue) -> None:
    pack = catalogue.by_code("00000096385074", TODAY)
    assert pack is not None
    assert (pack.sku, pack.pack) == ("12", 6)


def test_a_key_is_a_code_or_else_an_sku(catalogue: Catalogue) -> None:
    for key, sku in (("PLU-7", "14"), ("14", "14"), ("1", "1"), ("STATIE-0015", "STATIE-0015")):
        found = catalogue.by_code(key, TODAY)
        assert found is not None
        assert found.sku == sku
    assert catalogue.by_code("nothing", TODAY) is None
    assert catalogue.by_code("", TODAY) is None
    assert catalogue.by_sku("PLU-7", TODAY) is None


def test_the_code_of_one_article_goes_before_the_sku_of_another(tmp_path: Path) -> None:
    db = open_shop(tmp_path / "shop.db", "NL")
    (tmp_path / "a.csv").write_text("sku,gtin,name,price,vat\n77,,By SKU,1,9\n78,77,By code,2,9\n")
    assert import_articles(db, tmp_path / "a.csv", today=TODAY, words=WORDS).ok
    found = Catalogue(db).by_code("77", TODAY)
    assert found is not None
    assert found.name == "By code"
    db.close()


def test_one_look_up_is_one_statement(db: SqliteDatabase, catalogue: Catalogue) -> None:
    seen: list[str] = []
    db.connection().set_trace_callback(seen.append)
    catalogue.by_code("08710400280507", TODAY)
    db.connection().set_trace_callback(None)
    assert len(seen) == 1


def test_the_first_known_candidate_wins(catalogue: Catalogue) -> None:
    found = catalogue.first(("2112345000000", "1", "12"), TODAY)
    assert found is not None
    assert found.sku == "1"
    assert catalogue.first(("x", "y"), TODAY) is None
    assert catalogue.first((), TODAY) is None


def test_a_deposit_is_an_article_outside_vat(catalogue: Catalogue) -> None:
    deposit = catalogue.by_sku("STATIE-0025", TODAY)
    assert deposit == Article(
        sku="STATIE-0025",
        name="Statiegeld € 0,25",
        group="Statiegeld",
        price=25,
        vat_code="none",
        vat_rate=0,
        kind="deposit",
        no_discount=True,
    )


def price_on(catalogue: Catalogue, day: str) -> tuple[int, str]:
    found = catalogue.by_sku("12", day)
    assert found is not None
    return found.price, found.price_source


def test_a_dated_price_holds_from_its_first_day_to_its_last(db: SqliteDatabase, catalogue: Catalogue) -> None:
    put_price(db, "12", 99, valid_from="2026-11-20", valid_to="2026-11-24", label="folder 47")
    put_price(db, "12", 135, valid_from="2026-11-01", label="new list")
    assert price_on(catalogue, "2026-10-31") == (125, "list")
    assert price_on(catalogue, "2026-11-19") == (135, "new list")
    assert price_on(catalogue, "2026-11-20") == (99, "folder 47")
    assert price_on(catalogue, "2026-11-24") == (99, "folder 47")
    assert price_on(catalogue, "2026-11-25") == (135, "new list")
    put_price(db, "12", 89, valid_from="2026-11-20", valid_to="2026-11-21", label="mended")
    assert price_on(catalogue, "2026-11-21") == (89, "mended")
    assert price_on(catalogue, "2026-11-22") == (135, "new list")
    found = catalogue.search("coca", "2026-11-20")
    assert [article.price for article in found] == [89]


def test_a_price_change_counts_the_version_on(db: SqliteDatabase, catalogue: Catalogue) -> None:
    before = catalogue.version()
    put_price(db, "12", 99, valid_from="2026-11-20")
    assert catalogue.version() == before + 1


def test_a_date_that_is_none_is_refused_by_the_file(db: SqliteDatabase) -> None:
    with pytest.raises(StorageError):
        put_price(db, "12", 99, valid_from="20 november")


def test_rates_are_dated(db: SqliteDatabase, catalogue: Catalogue) -> None:
    db.execute_sql("insert into vat_rate values ('low', '2028-01-01', 1000)")
    assert catalogue.vat_rate("low", "2027-12-31") == 900
    assert catalogue.vat_rate("low", "2028-01-01") == 1000
    assert catalogue.vat_rate("low", "2018-12-31") is None
    assert catalogue.vat_rate("luxury", TODAY) is None
    assert catalogue.vat_rates("2028-02-01") == {"high": 2100, "low": 1000, "zero": 0, "none": 0}
    late = catalogue.by_sku("1", "2028-01-01")
    early = catalogue.by_sku("1", "1970-01-01")
    assert late is not None
    assert early is not None
    assert (late.vat_rate, early.vat_rate) == (1000, 900)


@pytest.mark.parametrize("country", ["NL", "BE"])
def test_each_country_has_its_rates(tmp_path: Path, country: str) -> None:
    db = open_shop(tmp_path / "shop.db", country)
    assert Catalogue(db).vat_rates(TODAY) == VAT_SEED[country]
    db.close()
    again = open_shop(tmp_path / "shop.db", country)
    assert Catalogue(again).vat_rates(TODAY) == VAT_SEED[country]
    again.close()


def test_a_shop_with_articles_does_not_change_country(db: SqliteDatabase, tmp_path: Path) -> None:
    with pytest.raises(StorageError) as error:
        open_shop(tmp_path / "shop.db", "BE")
    assert error.value.code == "other_country"
    assert get_meta(db, "country") == "NL"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("COLA", ["Coca-Cola Zero blik", "Cola light fles", "Oude cola automaat", "Chocolade hagelslag"]),
        ("creme", ["Crème fraîche d'Isigny"]),
        ("CRÈME FRAI", ["Crème fraîche d'Isigny"]),
        ("disigny", ["Crème fraîche d'Isigny"]),
        ("cola fles", ["Cola light fles"]),
        ("fl co", ["Cola light fles"]),
        ("coca cola", ["Coca-Cola Zero blik"]),
        ("c h", ["Chocolade hagelslag"]),
        ("ij", ["Ijsbergsla"]),
        ("slag", ["Chocolade hagelslag"]),
        ("ola", ["Coca-Cola Zero blik", "Chocolade hagelslag", "Cola light fles", "Oude cola automaat"]),
        ("cola b", ["Coca-Cola Zero blik"]),
        ("nergens", []),
        ("cola nergens", []),
        ("", []),
        ("  -- ", []),
        ('" OR 1', []),
        ("%", []),
        ("99\udcff", []),
        ("q\0" * 30, []),
    ],
)
def test_search(catalogue: Catalogue, text: str, expected: list[str]) -> None:
    found = names(catalogue.search(text, TODAY))
    assert found == expected


def test_words_that_begin_so_come_before_words_that_hold_it(catalogue: Catalogue) -> None:
    assert names(catalogue.search("col", TODAY)) == [
        "Coca-Cola Zero blik",
        "Cola light fles",
        "Oude cola automaat",
        "Chocolade hagelslag",
    ]


def test_digits_find_skus_first(catalogue: Catalogue) -> None:
    assert [article.sku for article in catalogue.search("12", TODAY)] == ["12", "120"]
    assert [article.sku for article in catalogue.search("1l", TODAY)] == ["15"]
    assert [article.sku for article in catalogue.search("STATIE-", TODAY)] == ["STATIE-0015", "STATIE-0025"]


def test_hits_come_by_rank_up_to_the_limit(tmp_path: Path) -> None:
    db = open_shop(tmp_path / "shop.db", "NL")
    lines = [f"A{n:04d},,Koekje nummer {n},1,9" for n in range(3000, 0, -1)]
    (tmp_path / "a.csv").write_text("sku,gtin,name,price,vat\n" + "\n".join(lines))
    assert import_articles(db, tmp_path / "a.csv", today=TODAY, words=WORDS).ok
    found = Catalogue(db).search("koek num", TODAY)
    assert [article.sku for article in found] == [f"A{n:04d}" for n in range(3000, 2983, -1)]
    assert len(Catalogue(db).search("k", TODAY, limit=5)) == 5
    assert [article.sku for article in Catalogue(db).search("koekje 17", TODAY, limit=2)] == ["A1799", "A1798"]
    db.close()


def test_a_search_leaves_nothing_open_behind_it(db: SqliteDatabase, tmp_path: Path) -> None:
    reader = open_database(tmp_path / "shop.db", readonly=True)
    reader.connect()
    Catalogue(reader).search("c", TODAY, limit=1)
    Catalogue(reader).by_code("12", TODAY)
    put_price(db, "12", 1, valid_from="2026-11-20")
    busy, _, _ = db.execute_sql("pragma wal_checkpoint(truncate)").fetchone()
    assert busy == 0
    reader.close()


_COMPARED = st.text(alphabet="abcdekl Éçß'-.7", max_size=12)


@given(st.lists(_COMPARED, min_size=1, max_size=8), _COMPARED)
def test_search_is_what_it_says(tmp_path_factory: pytest.TempPathFactory, shop: list[str], text: str) -> None:
    folder = tmp_path_factory.mktemp("shop")
    rows = [f"S-{chr(65 + n)},Z{name},1,9" for n, name in enumerate(shop)]
    (folder / "a.csv").write_text("sku,name,price,vat\n" + "\n".join(rows), encoding="utf-8")
    db = open_shop(folder / "shop.db", "NL")
    assert import_articles(db, folder / "a.csv", today=TODAY, words=WORDS).ok
    words = fold(text).split()
    expected = set()
    for n, name in enumerate(shop):
        its = search_text("Z" + name.strip())
        if words and all((word in its if len(word) > 2 else f"  {word}" in its) for word in words):
            expected.add(f"S-{chr(65 + n)}")
    assert {article.sku for article in Catalogue(db).search(text, TODAY)} == expected
    db.close()


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Crème brûlée", "creme brulee"),
        ("Coca-Cola 1,5L", "coca cola 1 5l"),
        ("Lay's  Naturel", "lays naturel"),
        ("Straße Øl Łódź Æble", "strasse ol lodz aeble"),
        ("ﬁnesse № 5", "finesse no 5"),
        ("_onder_streep", "onder streep"),
        ("", ""),
    ],
)
def test_fold(name: str, folded: str) -> None:
    assert fold(name) == folded


@given(st.text(max_size=30))
def test_fold_never_fails_and_is_stable(text: str) -> None:
    folded = fold(text)
    assert fold(folded) == folded
    assert "  " not in folded


def test_groups_have_numbers_that_stay(db: SqliteDatabase, catalogue: Catalogue, tmp_path: Path) -> None:
    before = dict(catalogue.groups())
    assert before == {
        1: "Groente & fruit",
        2: "Frisdrank",
        3: "Ontbijt",
        4: "Zuivel",
        5: "Drank",
        6: "Statiegeld",
    }
    (tmp_path / "b.csv").write_text("sku,name,group,price,vat\n1,Wijn,Drank,5,21\n2,Krant,Lectuur,3,9\n")
    assert import_articles(db, tmp_path / "b.csv", today=TODAY, words=WORDS).ok
    assert catalogue.groups() == [(5, "Drank"), (7, "Lectuur")]


def test_a_group_is_an_open_ring_at_its_usual_rate(catalogue: Catalogue) -> None:
    ring = catalogue.group(2, TODAY)
    assert ring == Article(
        sku="GROEP-02", name="Frisdrank", group="Frisdrank", price=0, vat_code="low", vat_rate=900, kind="group"
    )
    spirits = catalogue.group(5, TODAY)
    assert spirits is not None
    assert spirits.vat_rate == 2100
    assert catalogue.group(99, TODAY) is None
