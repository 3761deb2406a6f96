"""Codes as scanners and cashiers send them: what they stand for, and why they are refused."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.domain.barcode import (
    DEFAULT_TEMPLATES,
    MAX_CODE_CHARS,
    MAX_SKU_CHARS,
    Bad,
    Code,
    Template,
    check_digit,
    expand_upce,
    gtin14,
    parse_template,
    read,
)
from kassa_tui.domain.gtin import isbn13, issn13, passes

EAN = "8710400280507"
KEY = "08710400280507"


def code(raw: str, templates: tuple[Template, ...] = (), *, aliases: str = "", typed: bool = False) -> Code:
    reading = read(raw, templates, aliases=aliases, typed=typed)
    assert isinstance(reading, Code), reading
    return reading


def bad(raw: str, templates: tuple[Template, ...] = (), *, aliases: str = "", typed: bool = False) -> Bad:
    reading = read(raw, templates, aliases=aliases, typed=typed)
    assert isinstance(reading, Bad), reading
    return reading


def payloads(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=length, max_size=length)


@pytest.mark.parametrize(
    ("digits", "key"),
    [
        (EAN, KEY),
        ("96385074", "00000096385074"),
        ("042100005264", "00042100005264"),
        ("0042100005264", "00042100005264"),
        ("18710400280504", "18710400280504"),
        (KEY, KEY),
        ("04252614", "00042100005264"),
        ("9780306406157", "09780306406157"),
    ],
)
def test_every_length_of_gtin_becomes_fourteen_digits(digits: str, key: str) -> None:
    reading = code(digits)
    assert (reading.kind, reading.key, reading.gtin, reading.candidates) == ("gtin", key, key, (key,))
    assert reading.quantity is None


@pytest.mark.parametrize(
    ("digits", "given_digit", "expected"),
    [("8710400280508", 8, 7), ("96385075", 5, 4), ("042100005265", 5, 4), ("18710400280505", 5, 4)],
)
def test_a_wrong_check_digit_is_refused_with_the_right_one(digits: str, given_digit: int, expected: int) -> None:
    assert bad(digits) == Bad("check_digit", {"code": digits, "given": given_digit, "expected": expected})


@given(st.sampled_from((7, 11, 12, 13)).flatmap(payloads))
def test_the_check_digit_makes_a_gtin_and_no_other_digit_does(payload: str) -> None:
    right = check_digit(payload)
    assert gtin14(payload + str(right)) == (payload + str(right)).zfill(14)
    assert [digit for digit in range(10) if passes(payload + str(digit))] == [right]
    assert [gtin14(payload + str(digit)) for digit in range(10) if digit != right] == [None] * 9


@pytest.mark.parametrize("text", ["", "123", "87104002805O7", "٨٧١٠٤٠٠٢٨٠٥٠٧", "871040028050", "87104002805070"])
def test_what_is_no_gtin_has_no_normal_form(text: str) -> None:
    assert gtin14(text) is None


def test_a_check_digit_is_computed_over_digits_only() -> None:
    assert check_digit("871040028050") == 7
    assert check_digit("9638507") == 4
    with pytest.raises(ValueError, match="digits only"):
        check_digit("12a")


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("04252614", "042100005264"),
        ("01234505", "012000003455"),
        ("01234531", "012300000451"),
        ("01234543", "012340000053"),
        ("01234558", "012345000058"),
    ],
)
def test_upc_e_is_expanded_by_its_last_digit(short: str, long: str) -> None:
    assert expand_upce(short) == long


@pytest.mark.parametrize("text", ["24252614", "04252615", "0425261", "0425261x", ""])
def test_what_is_no_upc_e_is_not_expanded(text: str) -> None:
    assert expand_upce(text) is None


def test_eight_digits_are_an_ean8_unless_the_scanner_names_a_upc() -> None:
    both = next(
        text for text in (f"{n:08d}" for n in range(1_000_000)) if passes(text) and expand_upce(text) is not None
    )
    upca = expand_upce(both)
    assert upca is not None
    assert code(both).key == both.zfill(14)
    assert code("]E4" + both).key == both.zfill(14)
    assert code("]E0" + both).key == upca.zfill(14)
    assert code("]E096385074").key == "00000096385074"


@pytest.mark.parametrize("digits", ["1", "007", "4011", "1234567"])
def test_up_to_seven_digits_are_a_number_of_the_shop_as_typed(digits: str) -> None:
    reading = code(digits)
    assert (reading.kind, reading.key, reading.gtin) == ("sku", digits, None)


@pytest.mark.parametrize("digits", ["123456789", "0306406152", "12345678901", "1234567890123456", "1" * 17, "1" * 600])
def test_a_number_of_no_known_length_is_refused(digits: str) -> None:
    assert bad(digits) == Bad("unreadable", {"length": len(digits)})


@pytest.mark.parametrize("text", ["K1-000123", "k1-000123", " K1-000123\r\n", "]C0K1-000123", "]Q1k1-000123"])
def test_a_receipt_number_is_recognised_in_either_case(text: str) -> None:
    reading = code(text)
    assert (reading.kind, reading.key, reading.candidates) == ("receipt", "K1-000123", ("K1-000123",))


@pytest.mark.parametrize(
    "text", ["K1-00012", "KASSA1234-000123", "K1-000123a", "ß-000123", "KAAS-48+", "appel", "A B", "(x)"]
)
def test_any_other_text_is_a_sku_as_it_stands(text: str) -> None:
    reading = code(text)
    assert (reading.kind, reading.key, reading.candidates) == ("sku", text, (text,))


@pytest.mark.parametrize("text", ["", " ", "\r\n", "\x1d", "\x00\t\x1b", "]C1", "]E0 \n", "\ufeff"])
def test_nothing_is_empty(text: str) -> None:
    assert bad(text) == Bad("empty")


def test_length_is_limited() -> None:
    assert code("x" * MAX_SKU_CHARS).kind == "sku"
    assert bad("x" * (MAX_SKU_CHARS + 1)).facts == {"length": MAX_SKU_CHARS + 1, "most": MAX_SKU_CHARS}
    assert bad("1" * 10_000) == Bad("too_long", {"length": 10_000, "most": MAX_CODE_CHARS})
    assert code(" " * 10_000 + EAN).key == KEY


@pytest.mark.parametrize("text", ["ab\x1b[31mcd", "a\x00b", "a\u202eb", "a\ud800b", "ab\ncd"])
def test_text_that_could_disturb_a_terminal_is_refused(text: str) -> None:
    assert bad(text).code == "unreadable"


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ("]E0" + EAN, KEY),
        ("]E0042100005264", "00042100005264"),
        ("]E496385074", "00000096385074"),
        ("]I118710400280504", "18710400280504"),
        ("]C0" + EAN, KEY),
        ("]d1" + EAN, KEY),
        ("]Q1" + EAN, KEY),
        ("]A0" + EAN + "\r", KEY),
        ("\t" + EAN + "\x03\r\n", KEY),
    ],
)
def test_the_symbology_identifier_is_no_part_of_the_code(raw: str, key: str) -> None:
    assert code(raw).key == key


@pytest.mark.parametrize(
    ("raw", "key", "addon"),
    [
        ("977031784700105", "09770317847001", "05"),
        ("978030640615751999", "09780306406157", "51999"),
        ("]E3977031784700105", "09770317847001", "05"),
        ("]E3978030640615751999", "09780306406157", "51999"),
        ("]E304210000526412", "00042100005264", "12"),
        ("]E304210000526412345", "00042100005264", "12345"),
        ("]E09770317847001]E105", "09770317847001", "05"),
        ("]E09780306406157]E251999", "09780306406157", "51999"),
    ],
)
def test_press_and_books_carry_an_add_on(raw: str, key: str, addon: str) -> None:
    reading = code(raw)
    assert (reading.kind, reading.key, reading.addon) == ("gtin", key, addon)


def test_an_add_on_does_not_excuse_a_wrong_check_digit() -> None:
    assert bad("977031784700205").facts == {"code": "9770317847002", "given": 2, "expected": 1}
    assert bad("]E105") == Bad("addon_alone", {"addon": "05"})
    assert bad("]E251999") == Bad("addon_alone", {"addon": "51999"})
    assert bad("]E3" + EAN).code == "unreadable"
    assert bad("]E0abc").code == "unreadable"
    assert bad("]E4" + EAN).code == "unreadable"


def test_fourteen_digits_are_a_gtin_unless_the_scanner_names_an_add_on() -> None:
    assert bad("04210000526412").facts == {"code": "04210000526412", "given": 2, "expected": 7}


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ("0306406152", "09780306406157"),
        ("080442957X", "09780804429573"),
        ("080442957x", "09780804429573"),
        ("0-306-40615-2", "09780306406157"),
        ("978-0-306-40615-7", "09780306406157"),
        ("978-0306406157", "09780306406157"),
        ("978 0 306 40615 7", "09780306406157"),
        ("0317-8471", "09770317847001"),
        ("8 710400 280507", KEY),
    ],
)
def test_a_person_may_write_a_number_as_it_is_printed(raw: str, key: str) -> None:
    assert code(raw, typed=True).key == key


def test_a_typed_number_with_letters_or_hyphens_is_also_looked_up_as_typed() -> None:
    assert code("080442957x", typed=True).candidates == ("09780804429573", "080442957x")
    assert code("0306406153X", typed=True).kind == "sku"
    assert code("0804429579X", typed=True).kind == "sku"
    assert code("0317-8472", typed=True).kind == "sku"
    assert bad("0306406153", typed=True).code == "unreadable"
    assert bad("8 710400 280508", typed=True).code == "check_digit"


def test_a_scanner_never_writes_an_isbn_of_ten() -> None:
    assert code("080442957X").kind == "sku"
    assert bad("0306406152").code == "unreadable"


def test_old_book_and_press_numbers_become_their_barcode() -> None:
    assert isbn13("0306406152") == "9780306406157"
    assert isbn13("0306406153") is None
    assert issn13("03178471") == "9770317847001"
    assert issn13("03178472") is None


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ("990123456789", "coupon"),
        ("981123456789", "coupon"),
        ("983123456789", "coupon"),
        ("980123456789", "refund"),
        ("977123456789", "gtin"),
        ("952123456789", "gtin"),
        ("201234567890", "gtin"),
    ],
)
def test_the_prefix_tells_coupons_and_refund_slips_from_articles(payload: str, kind: str) -> None:
    digits = payload + str(check_digit(payload))
    reading = code(digits)
    assert (reading.kind, reading.key) == (kind, "0" + digits)
    assert reading.coupon == (digits if kind == "coupon" else None)


def test_a_template_may_claim_refund_slips() -> None:
    slip = parse_template("980IIIIPPPPPK")
    assert isinstance(slip, Template)
    digits = "980123400350"
    reading = code(digits + str(check_digit(digits)), (slip,))
    assert (reading.kind, reading.key, reading.price) == ("instore", "1234", 350)


def test_a_plain_code_does_not_load_the_gs1_library() -> None:
    program = (
        "import sys; from kassa_tui.domain.barcode import DEFAULT_TEMPLATES, read\n"
        f"codes = ['{EAN}', '96385074', '042100005264', '2112345004990', 'K1-000123', ']E0{EAN}']\n"
        "kinds = [read(code, DEFAULT_TEMPLATES).kind for code in codes]\n"
        "print(*kinds, 'biip' in sys.modules)\n"
        f"read(']C101{KEY}')\n"
        "print('biip' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["gtin", "gtin", "gtin", "instore", "receipt", "gtin", "False", "True"]


ANY_TEXT = (
    st.text() | st.text(st.characters()) | st.text("0123456789]CEedQ013IJ-()|\x1d /:?=&%<GS>ntphABX.", max_size=80)
)
STARTS = [
    "]C1",
    "]C101" + KEY,
    "]Q1https://",
    "https://x/01/" + KEY,
    "(01)" + KEY,
    "01" + KEY,
    "]E0",
    "]E3",
    "21",
    "http://[",
    "]d1",
]


@given(st.sampled_from(["", *STARTS]), ANY_TEXT, st.booleans(), st.sampled_from(["", "|", "| <GS> {GS} ^", "0"]))
def test_no_text_makes_it_raise(start: str, text: str, typed: bool, aliases: str) -> None:
    reading = read(start + text, DEFAULT_TEMPLATES, aliases=aliases, typed=typed)
    if isinstance(reading, Code):
        assert reading.candidates[0] == reading.key
        assert reading.key.isprintable()
        assert reading.gtin is None or gtin14(reading.gtin) == reading.gtin
    else:
        assert reading.code.isidentifier()


@given(
    st.sampled_from(["\x00", "\x1b", "\x1d", "1", "9", "(", "]", "é", "\ud800", "01", "10A"]),
    st.sampled_from(["", *STARTS]),
)
def test_no_length_makes_it_raise(unit: str, start: str) -> None:
    assert isinstance(read(start + unit * 10_000, DEFAULT_TEMPLATES), Code | Bad)


@given(payloads(12))
def test_every_digit_wrong_is_noticed(payload: str) -> None:
    digits = payload + str(check_digit(payload))
    for place in range(13):
        changed = digits[:place] + str((int(digits[place]) + 1) % 10) + digits[place + 1 :]
        assert bad(changed).code == "check_digit"
