"""Element strings and GS1 Digital Link: measures, dates, batches and coupons out of one code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.domain.barcode import Bad, Code, check_digit, read
from kassa_tui.domain.elements import iso_date

KEY = "08710400280507"
ITEM = "01" + KEY
GS = "\x1d"
GCN = "871234567890" + str(check_digit("871234567890"))


def code(raw: str, *, aliases: str = "", this_year: int = 2026) -> Code:
    reading = read(raw, aliases=aliases, this_year=this_year)
    assert isinstance(reading, Code), reading
    return reading


def bad(raw: str, *, aliases: str = "") -> Bad:
    reading = read(raw, aliases=aliases)
    assert isinstance(reading, Bad), reading
    return reading


WEIGHED = ITEM + "3103001250" + "3922599" + GS + "10AB12"


@pytest.mark.parametrize("symbol", ["]C1", "]e0", "]e1", "]e2", "]d2", "]Q3", "]J1", ""])
def test_a_weighed_item_with_its_price_and_batch(symbol: str) -> None:
    reading = code(symbol + WEIGHED)
    assert (reading.kind, reading.key, reading.gtin, reading.candidates) == ("gtin", KEY, KEY, (KEY,))
    assert (reading.weight, reading.quantity, reading.price, reading.batch) == (1250, 1250, 599, "AB12")


@pytest.mark.parametrize("symbol", ["]e0", ""])
def test_databar_holds_a_gtin_behind_01(symbol: str) -> None:
    assert code(symbol + ITEM).key == KEY


@pytest.mark.parametrize("alias", ["|", "^", "<GS>", "{GS}"])
@pytest.mark.parametrize("symbol", ["]C1", ""])
def test_a_keyboard_scanner_may_send_something_else_for_the_separator(alias: str, symbol: str) -> None:
    reading = code(symbol + WEIGHED.replace(GS, alias), aliases="| ^ <GS> {GS}")
    assert (reading.price, reading.batch) == (599, "AB12")


def test_an_alias_in_front_of_the_item_or_in_a_sku() -> None:
    assert code("10AB12|" + ITEM, aliases="|").batch == "AB12"
    assert code("99|PEER", aliases="|").key == "99|PEER"
    assert code("AB|12", aliases="|").kind == "sku"


def test_a_separator_may_stand_anywhere_between_elements() -> None:
    reading = code("]C1" + GS + ITEM + GS + "10AB12" + GS + GS + "21S1" + GS)
    assert (reading.batch, reading.serial) == ("AB12", "S1")


@pytest.mark.parametrize("tail", ["3100000002", "3103001500", "3105150000"])
def test_net_weight_has_the_decimals_its_identifier_says(tail: str) -> None:
    assert code("]C1" + ITEM + tail).weight == (2000 if tail[3] == "0" else 1500)


def test_weight_finer_than_a_gram_is_rounded_half_up() -> None:
    assert code("]C1" + ITEM + "3104000005").weight == 1
    assert code("]C1" + ITEM + "3105000049").weight == 0


def test_counts_volume_and_price_per_unit() -> None:
    counted = code("]C1" + ITEM + "3012" + GS + "3922599")
    assert (counted.pieces, counted.quantity, counted.price) == (12, 12_000, 599)
    assert code("]C102" + KEY + "376").pieces == 6
    assert code("]C1" + ITEM + "300").pieces is None
    assert code("]C1" + ITEM + "3153000750").volume == 750
    assert code("]C1" + ITEM + "3165000075").volume == 750
    assert code("]C1" + ITEM + "3103000500" + "3952000799").unit_price == 799


@pytest.mark.parametrize(
    ("price", "cents"),
    [("3920" + "5", 500), ("3921" + "55", 550), ("3922" + "5", 5), ("3923" + "5995", 600), ("3929" + "12", 0)],
)
def test_a_price_may_have_fewer_digits_than_decimals(price: str, cents: int) -> None:
    assert code("]C1" + ITEM + "3103001000" + price).price == cents


def test_a_price_with_its_currency_must_be_in_euros() -> None:
    assert code("]C1" + ITEM + "3103001000" + "3932978599").price == 599
    assert bad("]C1" + ITEM + "3103001000" + "3932840599") == Bad("currency", {"given": "840"})


def test_a_price_needs_a_measure_and_may_be_given_once() -> None:
    assert bad("]C1" + ITEM + "3922599") == Bad("measure_missing", {"ai": "3922"})
    both = ITEM + "3103001000" + "3922599" + GS + "3932978599"
    assert bad("]C1" + both) == Bad("not_gs1", {"ai": "3932"})


def test_dates_of_a_perishable() -> None:
    reading = code("]d2" + ITEM + "17261231" + "15261100" + "10L7" + GS + "21X9")
    assert (reading.use_by, reading.best_before) == ("2026-12-31", "2026-11-30")
    assert (reading.batch, reading.serial) == ("L7", "X9")


@pytest.mark.parametrize(
    ("date", "year", "iso"),
    [
        ("260200", 2026, "2026-02-28"),
        ("280200", 2026, "2028-02-29"),
        ("000229", 2026, "2000-02-29"),
        ("760101", 2026, "2076-01-01"),
        ("770101", 2026, "1977-01-01"),
        ("490101", 2098, "2049-01-01"),
        ("480101", 2098, "2148-01-01"),
        ("500101", 2098, "2050-01-01"),
        ("000200", 2098, "2100-02-28"),
        ("261301", 2026, None),
        ("260001", 2026, None),
        ("260230", 2026, None),
        ("260431", 2026, None),
        ("000000", 2026, None),
    ],
)
def test_two_digit_years_and_day_nought(date: str, year: int, iso: str | None) -> None:
    assert iso_date(date, year) == iso


@given(st.integers(1950, 9900), st.integers(0, 99))
def test_a_year_lies_from_49_before_to_50_after(this_year: int, short: int) -> None:
    iso = iso_date(f"{short:02d}0115", this_year)
    assert iso is not None
    assert int(iso[:4]) % 100 == short
    assert -49 <= int(iso[:4]) - this_year <= 50


def test_the_year_of_today_places_the_century() -> None:
    assert code("]C1" + ITEM + "17760115", this_year=2026).use_by == "2076-01-15"
    assert code("]C1" + ITEM + "17760115", this_year=2025).use_by == "1976-01-15"


def test_a_day_that_does_not_exist_is_refused() -> None:
    assert bad("]C1" + ITEM + "17260230") == Bad("date", {"ai": "17", "given": "260230"})
    assert bad("]C1" + ITEM + "15260010") == Bad("date", {"ai": "15", "given": "260010"})


def test_the_check_digit_inside_a_message_is_enforced() -> None:
    wrong: dict[str, str | int] = {"code": "08710400280508", "given": 8, "expected": 7}
    assert bad("]C10108710400280508") == Bad("check_digit", wrong)
    assert bad("https://id.example.nl/01/08710400280508") == Bad("check_digit", wrong)
    assert bad("]C1255" + GCN[:-1] + str((int(GCN[-1]) + 1) % 10)).code == "check_digit"


@pytest.mark.parametrize(
    "message",
    [
        "]C18710400280507",
        "]C1" + ITEM + "1",
        "]C1" + ITEM + "10",
        "]C1" + ITEM + "05ABC",
        "]C1" + ITEM + "3103001",
        "]C1" + ITEM + "3103001000" + "3922599" + "10AB12",
        "]C1" + ITEM + "10" + "A" * 20 + "17261231",
        "]C1" + ITEM + "3922" + "1" * 15 + "10AB",
        "]C1" + ITEM + "10A" + GS + "10B",
        "]C1" + ITEM + "10é",
        "]C1" + ITEM + "3٠٠٠",
        "AB" + GS + "12",
        ITEM + "ZZ",
    ],
)
def test_what_breaks_the_rules_of_element_strings_is_refused(message: str) -> None:
    assert bad(message).code == "not_gs1"


def test_the_same_element_twice_alike_is_one() -> None:
    assert code("]C1" + ITEM + "10A" + GS + "10A").batch == "A"


@pytest.mark.parametrize(("message", "ais"), [("00087104000000000003", "00"), ("10AB12" + GS + "21X", "10 21")])
def test_a_message_without_an_article_is_named_as_such(message: str, ais: str) -> None:
    assert bad("]C1" + message) == Bad("no_item", {"ais": ais})


def test_digits_that_begin_like_an_item_but_are_an_ean_with_add_on() -> None:
    payload = "010871040028"
    reading = code(payload + str(check_digit(payload)) + "12345")
    assert (reading.addon, reading.key) == ("12345", "0" + payload + str(check_digit(payload)))


@pytest.mark.parametrize("symbol", ["]C1", "]Q3", ""])
def test_a_coupon_and_its_value(symbol: str) -> None:
    reading = code(symbol + "255" + GCN + "000123" + GS + "3902150")
    assert (reading.kind, reading.key, reading.coupon, reading.serial) == ("coupon", GCN, GCN, "000123")
    assert (reading.amount, reading.percent, reading.gtin) == (150, None, None)
    percent = code(symbol + "255" + GCN + GS + "39410125")
    assert (percent.percent, percent.serial) == (1250, None)


def test_a_coupon_may_expire() -> None:
    assert code("]C117261231" + "255" + GCN).use_by == "2026-12-31"


@pytest.mark.parametrize(
    "text",
    [
        "(01)08710400280507(3103)001250(3922)599(10)AB12",
        "]Q1(01) 08710400280507 (3103) 001250 (3922) 599 (10) AB12",
    ],
)
def test_the_text_below_a_code_can_be_typed(text: str) -> None:
    reading = code(text)
    assert (reading.key, reading.weight, reading.price, reading.batch) == (KEY, 1250, 599, "AB12")


@pytest.mark.parametrize(
    "text",
    ["(01)", "(01)0871", "(01)08710400280507)(10", "(01)08710400280507(05)1", "(0)1(10)A", "(10)A17261231" + GS + "21"],
)
def test_text_with_parentheses_that_do_not_add_up(text: str) -> None:
    reading = read(text)
    assert isinstance(reading, Bad) or reading.kind == "sku"
    assert isinstance(reading, Code) == (text == "(0)1(10)A")


LINK = "https://id.example.nl/winkel/01/08710400280507/10/AB12/21/S%2F1?17=261200&3103=001250&3922=599&linkType=all"


@pytest.mark.parametrize("symbol", ["", "]Q1", "]Q3", "]d1", "]d2"])
def test_a_digital_link_of_any_host(symbol: str) -> None:
    reading = code(symbol + LINK)
    assert (reading.kind, reading.key, reading.batch, reading.serial) == ("gtin", KEY, "AB12", "S/1")
    assert (reading.use_by, reading.weight, reading.price) == ("2026-12-31", 1250, 599)


@pytest.mark.parametrize(
    "link",
    [
        "http://x/01/8710400280507",
        "HTTPS://ID.EXAMPLE.NL/01/08710400280507",
        "https://x/01/08710400280507/",
        "https://x/01/08710400280507/22/V1/10/A/21/B#top",
        "https://x/01/08710400280507/?utm=1",
        "https://x/a/b/c/01/08710400280507/235/T",
    ],
)
def test_forms_of_a_link_that_name_the_same_article(link: str) -> None:
    assert code(link).key == KEY


@pytest.mark.parametrize(
    "link",
    [
        "https://example.nl/menu",
        "https://",
        "https://[x/01/08710400280507",
        "https://x/01/abc",
        "https://x/01/08710400280507/21/A/10/B",
        "https://x/01/08710400280507/10",
        "https://x/01/%D9%A08710400280507",
        "https://x/01/08710400280507?3103=12",
    ],
)
def test_an_address_that_is_no_digital_link(link: str) -> None:
    assert bad(link).code == "not_gs1"


def test_a_link_to_a_coupon() -> None:
    reading = code(f"https://x/255/{GCN}0042?3902=100")
    assert (reading.kind, reading.coupon, reading.serial, reading.amount) == ("coupon", GCN, "0042", 100)


SAFE = st.text("ABCDEFGHIJ0123456789-/", min_size=1, max_size=20)


@given(st.integers(0, 999_999), st.integers(0, 99_999), SAFE, SAFE)
def test_every_element_comes_back(grams: int, cents: int, batch: str, serial: str) -> None:
    reading = code(f"]C1{ITEM}3103{grams:06d}3922{cents}{GS}10{batch}{GS}21{serial}")
    assert (reading.weight, reading.price, reading.batch, reading.serial) == (grams, cents, batch, serial)
