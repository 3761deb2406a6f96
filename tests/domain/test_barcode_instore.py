"""Labels of the shop's own: templates, verifiers, and the value in the code."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.domain.barcode import (
    DEFAULT_TEMPLATES,
    Bad,
    Code,
    Template,
    check_digit,
    parse_template,
    read,
    verifier,
    verifier4,
    verifier5,
)
from kassa_tui.domain.instore import rescale


def template(pattern: str) -> Template:
    parsed = parse_template(pattern)
    assert isinstance(parsed, Template), parsed
    return parsed


def label(payload: str, *patterns: str) -> Code | Bad:
    return read(payload + str(check_digit(payload)), tuple(map(template, patterns)))


@pytest.mark.parametrize(
    ("value", "digit"), [("2875", 9), ("14685", 6), ("00499", 8), ("0499", 8), ("0000", 0), ("00000", 0)]
)
def test_verifiers_of_the_general_specifications(value: str, digit: int) -> None:
    assert verifier(value) == digit
    assert (verifier4 if len(value) == 4 else verifier5)(value) == digit


@pytest.mark.parametrize("value", ["", "123", "123456", "12a4", "١٢٣٤"])
def test_no_verifier_is_known_for_other_values(value: str) -> None:
    assert verifier(value) is None


@given(st.integers(0, 99_999), st.integers(0, 4), st.integers(1, 9))
def test_a_verifier_notices_any_single_digit(value: int, place: int, change: int) -> None:
    digits = f"{value:05d}"
    other = digits[:place] + str((int(digits[place]) + change) % 10) + digits[place + 1 :]
    assert verifier5(digits) != verifier5(other)


@given(st.integers(0, 9_999), st.integers(0, 3), st.integers(1, 9))
def test_a_short_verifier_notices_any_single_digit(value: int, place: int, change: int) -> None:
    digits = f"{value:04d}"
    other = digits[:place] + str((int(digits[place]) + change) % 10) + digits[place + 1 :]
    assert verifier4(digits) != verifier4(other)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("21IIIIIPPPPPK", Template("21", 5, False, "price", 5, 2)),
        ("22IIIIVPPPPPK", Template("22", 4, True, "price", 5, 2)),
        ("20IIIIIVPPPPK", Template("20", 5, True, "price", 4, 2)),
        ("28IIIIIWWWWWK", Template("28", 5, False, "weight", 5, 3)),
        ("23IIIIIIWWWWK", Template("23", 6, False, "weight", 4, 3)),
        (" 24iiiiiiwwwwk:2 ", Template("24", 6, False, "weight", 4, 2)),
        ("26IIIIVNNNNNK", Template("26", 4, True, "pieces", 5, 0)),
    ],
)
def test_a_pattern_spells_the_label(pattern: str, expected: Template) -> None:
    assert parse_template(pattern) == expected


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("", "letters"),
        ("IIIIIIIPPPPPK", "letters"),
        ("21IIIIIPPPPPP", "letters"),
        ("21PPPPPIIIIIK", "letters"),
        ("21IIIIIPPWWWK", "letters"),
        ("٢١IIIIIPPPPPK", "letters"),
        ("21IIIIPPPPPK", "length"),
        ("21IIIIIIPPPPPK", "length"),
        ("21IIIIIIVPPPK", "verifier"),
        ("26IIIIINNNNNK:1", "decimals"),
        ("23IIIIIIWWWWK:5", "decimals"),
    ],
)
def test_a_pattern_that_cannot_be_is_refused(pattern: str, reason: str) -> None:
    assert parse_template(pattern) == Bad("template", {"pattern": pattern, "reason": reason})


@given(st.text() | st.text("0123456789IVPWNK:", max_size=16))
def test_no_pattern_makes_it_raise(pattern: str) -> None:
    parsed = parse_template(pattern)
    if isinstance(parsed, Template):
        assert len(parsed.prefix) + parsed.item_length + parsed.verifier + parsed.value_length == 12
    else:
        assert parsed.code == "template"


def test_the_default_layouts_do_not_overlap() -> None:
    prefixes = [one.prefix for one in DEFAULT_TEMPLATES]
    assert prefixes == ["21", "22", "28", "23", "24", "25"]
    assert all(len(one.prefix) + one.item_length + one.verifier + one.value_length == 12 for one in DEFAULT_TEMPLATES)


def test_a_price_label() -> None:
    reading = read("2112345004990", DEFAULT_TEMPLATES)
    assert isinstance(reading, Code)
    assert (reading.kind, reading.key, reading.item, reading.price) == ("instore", "12345", "12345", 499)
    assert reading.candidates == ("12345", "02112345000008")
    assert reading.gtin == "02112345004990"
    assert reading.quantity is None


def test_a_price_label_with_verifier() -> None:
    reading = read("2212348004994", DEFAULT_TEMPLATES)
    assert isinstance(reading, Code)
    assert (reading.key, reading.price) == ("1234", 499)
    blank = "221234000000"
    assert reading.candidates == ("1234", "0" + blank + str(check_digit(blank)))


def test_a_british_label_is_read_where_the_shop_says_so() -> None:
    reading = read("2012345804999", (template("20IIIIIVPPPPK"),))
    assert isinstance(reading, Code)
    assert (reading.key, reading.price) == ("12345", 499)
    untouched = read("2012345804999", DEFAULT_TEMPLATES)
    assert isinstance(untouched, Code)
    assert (untouched.kind, untouched.key) == ("gtin", "02012345804999")


def test_a_weight_label() -> None:
    reading = read("2812345012505", DEFAULT_TEMPLATES)
    assert isinstance(reading, Code)
    assert (reading.key, reading.weight, reading.quantity, reading.price) == ("12345", 1250, 1250, None)


@pytest.mark.parametrize(("prefix", "grams"), [("23", 1234), ("24", 12_340), ("25", 123_400)])
def test_the_nordic_prefix_gives_the_decimals(prefix: str, grams: int) -> None:
    payload = prefix + "000042" + "1234"
    reading = read(payload + str(check_digit(payload)), DEFAULT_TEMPLATES)
    assert isinstance(reading, Code)
    assert (reading.key, reading.weight) == ("42", grams)
    blank = prefix + "0000420000"
    assert reading.candidates == ("42", "000042", "0" + blank + str(check_digit(blank)))


def test_a_piece_label_with_verifier() -> None:
    value = "00012"
    reading = label(f"261234{verifier5(value)}{value}", "26IIIIVNNNNNK")
    assert isinstance(reading, Code)
    assert (reading.key, reading.pieces, reading.quantity) == ("1234", 12, 12_000)


@given(st.integers(0, 9999), st.integers(0, 99_999), st.integers(0, 9))
def test_only_the_right_verifier_is_taken(item: int, cents: int, digit: int) -> None:
    value = f"{cents:05d}"
    payload = f"22{item:04d}{digit}{value}"
    reading = label(payload, "22IIIIVPPPPPK")
    expected = verifier5(value)
    if digit == expected:
        assert isinstance(reading, Code)
        assert reading.price == (cents or None)
    else:
        whole = "0" + payload + str(check_digit(payload))
        assert reading == Bad("verifier", {"given": digit, "expected": expected, "gtin": whole})


def test_a_label_without_value_asks_rather_than_gives_away() -> None:
    reading = label("211234500000", "21IIIIIPPPPPK")
    assert isinstance(reading, Code)
    assert (reading.key, reading.price, reading.quantity) == ("12345", None, None)


def test_an_item_of_zeros_is_still_an_item() -> None:
    reading = label("210000000499", "21IIIIIPPPPPK")
    assert isinstance(reading, Code)
    assert reading.candidates[:2] == ("0", "00000")


def test_the_check_digit_comes_before_the_template() -> None:
    assert read("2112345004991", DEFAULT_TEMPLATES) == Bad(
        "check_digit", {"code": "2112345004991", "given": 1, "expected": 0}
    )


def test_the_first_template_that_fits_decides() -> None:
    special, general = "211IIIIWWWWWK", "21IIIIIPPPPPK"
    first = label("211234500499", special, general)
    second = label("211234500499", general, special)
    assert isinstance(first, Code)
    assert isinstance(second, Code)
    assert (first.key, first.weight, first.price) == ("2345", 499, None)
    assert (second.key, second.weight, second.price) == ("12345", None, 499)


def test_a_upc_label_is_found_under_its_leading_zero() -> None:
    payload = "21234500499"
    reading = read(payload + str(check_digit(payload)), (template("02IIIIIPPPPPK"),))
    assert isinstance(reading, Code)
    assert (reading.key, reading.price) == ("12345", 499)


def test_fourteen_digits_and_databar_hold_the_same_label() -> None:
    for raw in ("02112345004990", "]e00102112345004990"):
        reading = read(raw, DEFAULT_TEMPLATES)
        assert isinstance(reading, Code)
        assert (reading.kind, reading.key, reading.price) == ("instore", "12345", 499)


def test_an_element_string_keeps_its_batch_and_its_own_measure() -> None:
    dated = read("]e0010211234500499017261200", DEFAULT_TEMPLATES)
    assert isinstance(dated, Code)
    assert (dated.kind, dated.use_by) == ("instore", "2026-12-31")
    weighed = read("]e001021123450049903103001250", DEFAULT_TEMPLATES)
    assert isinstance(weighed, Code)
    assert (weighed.kind, weighed.weight, weighed.price) == ("gtin", 1250, None)
    payload = "0221234700499"
    wrong = read("]e001" + payload + str(check_digit(payload)), DEFAULT_TEMPLATES)
    assert isinstance(wrong, Bad)
    assert wrong.code == "verifier"


@given(st.integers(0, 10**15), st.integers(0, 9), st.integers(0, 6))
def test_rescaling_rounds_half_away_from_zero(value: int, decimals: int, wanted: int) -> None:
    result = rescale(value, decimals, wanted)
    error = abs(result * 10**decimals - value * 10**wanted)
    assert 2 * error <= 10**decimals
    assert rescale(5, 1, 0) == 1
