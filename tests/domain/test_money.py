"""Rounding, dividing and spelling money."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kassa_tui.domain.money import MAX_CENTS, allocate, apportion, euro, format_amount, half_away, parse_amount
from tests.domain import model
from tests.domain.strategies import SCRIBBLE

CENTS = st.integers(-MAX_CENTS, MAX_CENTS)
WEIGHTS = st.lists(st.integers(0, 500_000), max_size=12)


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [
        (20124, 10, 2012),
        (20125, 10, 2013),
        (-20125, 10, -2013),
        (-20124, 10, -2012),
        (5, -10, -1),
        (-5, -10, 1),
        (0, 7, 0),
        (1, 2, 1),
        (-1, 2, -1),
        (1, 3, 0),
        (2, 3, 1),
    ],
)
def test_half_goes_away_from_zero(numerator: int, denominator: int, rounded: int) -> None:
    assert half_away(numerator, denominator) == rounded


@given(st.integers(), st.integers().filter(bool))
def test_half_away_is_exact(numerator: int, denominator: int) -> None:
    assert half_away(numerator, denominator) == model.half_up(Fraction(numerator, denominator))


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (-100, [-1, -1, -1], [-34, -33, -33]),
        (100, [-1, -1, -1], [34, 33, 33]),
        (1000, [1999, 499, 250], [727, 182, 91]),
        (5, [0, 0, 3], [0, 0, 5]),
        (5, [3, -2], [15, -10]),
        (0, [1, 2], [0, 0]),
        (7, [0, 0], [0, 0]),
        (7, [2, -2], [0, 0]),
        (7, [], []),
    ],
)
def test_allocate_examples(total: int, weights: list[int], parts: list[int]) -> None:
    assert allocate(total, weights) == parts


@given(CENTS, WEIGHTS | st.lists(CENTS, max_size=12))
@example(1, [1, 1, 1, -2])
def test_allocate_adds_up_within_a_cent_each_and_mirrors(total: int, weights: list[int]) -> None:
    parts = allocate(total, weights)
    whole = sum(weights)
    assert len(parts) == len(weights)
    assert sum(parts) == (total if whole else 0)
    for part, weight in zip(parts, weights, strict=True):
        exact = Fraction(total * weight, whole) if whole else Fraction(0)
        assert abs(part - exact) < 1
        assert weight or not part
    assert allocate(-total, weights) == [-part for part in parts]
    assert allocate(-total, [-weight for weight in weights]) == [-part for part in parts]


@given(st.integers(0, MAX_CENTS), WEIGHTS)
def test_allocate_gives_to_who_is_furthest_behind(total: int, weights: list[int]) -> None:
    assert allocate(total, weights) == model.spread(total, weights)


@given(st.lists(CENTS, min_size=1, max_size=12), st.integers(1, 20_000))
def test_apportion_keeps_each_part_within_a_cent_of_its_own_fraction(numerators: list[int], denominator: int) -> None:
    total = model.half_up(Fraction(sum(numerators), denominator))
    parts = apportion(total, numerators, denominator)
    assert sum(parts) == total
    for part, numerator in zip(parts, numerators, strict=True):
        assert abs(part - Fraction(numerator, denominator)) < 1


@pytest.mark.parametrize(
    ("text", "cents"),
    [
        ("12,34", 1234),
        ("12.34", 1234),
        ("20,", 2000),
        ("20.", 2000),
        ("20", 2000),
        ("0", 0),
        ("1,5", 150),
        ("-2", -200),
        ("007", 700),
        ("0,05", 5),
        ("-0,05", -5),
        ("999999,99", MAX_CENTS),
        ("1.234,56", 123456),
        ("-1.234,5", -123450),
        ("999.999,99", MAX_CENTS),
        ("12.345,", 1234500),
    ],
)
def test_amounts_as_people_type_them(text: str, cents: int) -> None:
    assert parse_amount(text) == cents


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        ",",
        ".",
        ",5",
        "--5",
        "+5",
        "5-",
        "1,234",
        "1.234",
        "1,2,3",
        "1.23.456,00",
        "1.2345,00",
        "1,234.56",
        "12,3a",
        "1e3",
        " 5",
        "5 ",
        "5\n",
        "1_000",
        "²",
        "٣",
        "٣,٥٠",
        "8710400123456",
        "1000000,00",
        "999999,995",
    ],
)
def test_what_is_no_amount(text: str) -> None:
    assert parse_amount(text) is None
    assert parse_amount(text, cents_entry=True) is None


def test_a_million_is_a_slip_of_the_hand() -> None:
    assert parse_amount("1000000") is None
    assert parse_amount("100000000", cents_entry=True) is None


@pytest.mark.parametrize(
    ("text", "cents"),
    [("2000", 2000), ("5", 5), ("20,", 2000), ("20,00", 2000), ("-150", -150), ("99999999", MAX_CENTS)],
)
def test_digits_alone_are_cents_where_the_shop_wants_it(text: str, cents: int) -> None:
    assert parse_amount(text, cents_entry=True) == cents


@given(SCRIBBLE, st.booleans())
@example("1" * 5000, True)
def test_parse_amount_never_raises_and_never_passes_the_limit(text: str, cents_entry: bool) -> None:
    cents = parse_amount(text, cents_entry=cents_entry)
    assert cents is None or abs(cents) <= MAX_CENTS


@pytest.mark.parametrize(
    ("cents", "text"),
    [
        (0, "0,00"),
        (5, "0,05"),
        (-5, "-0,05"),
        (1234, "12,34"),
        (-1234, "-12,34"),
        (99999, "999,99"),
        (100000, "1.000,00"),
        (123456789, "1.234.567,89"),
        (-100000, "-1.000,00"),
    ],
)
def test_amounts_as_we_write_them(cents: int, text: str) -> None:
    assert format_amount(cents) == text
    assert euro(cents) == f"€ {text}"


@given(CENTS, st.booleans())
def test_an_amount_we_write_is_one_we_read(cents: int, cents_entry: bool) -> None:
    assert parse_amount(format_amount(cents), cents_entry=cents_entry) == cents


@given(st.integers(0, MAX_CENTS))
def test_cents_entry_reads_its_own_digits(cents: int) -> None:
    assert parse_amount(str(cents), cents_entry=True) == cents
