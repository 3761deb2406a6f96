"""Quantities in thousandths."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kassa_tui.domain.quantity import ONE, format_quantity, parse_quantity
from tests.domain.strategies import SCRIBBLE


@pytest.mark.parametrize(
    ("text", "thousandths"),
    [
        ("3", 3000),
        ("0,450", 450),
        ("0.45", 450),
        (",5", 500),
        ("2,", 2000),
        ("9999", 9999000),
        ("9999,999", 9999999),
        ("0,001", 1),
        ("01", 1000),
    ],
)
def test_quantities_as_people_type_them(text: str, thousandths: int) -> None:
    assert parse_quantity(text) == thousandths


@pytest.mark.parametrize(
    "text",
    ["", ",", ".", "0", "0,000", "-3", "+3", "1,2345", "10000", "8710400", "1,2,3", "3x", "1e3", " 3", "3\n", "²", "٣"],
)
def test_what_is_no_quantity(text: str) -> None:
    assert parse_quantity(text) is None


@pytest.mark.parametrize("barcode", ["8710400123456", "87104000", "012345678905"])
def test_a_barcode_is_never_a_quantity(barcode: str) -> None:
    assert parse_quantity(barcode) is None


@given(SCRIBBLE)
@example("1" * 5000)
def test_parse_quantity_never_raises_and_is_positive(text: str) -> None:
    thousandths = parse_quantity(text)
    assert thousandths is None or 0 < thousandths < 10_000 * ONE


@pytest.mark.parametrize(
    ("thousandths", "unit", "text"),
    [
        (3000, "each", "3"),
        (450, "kg", "0,450"),
        (1000, "kg", "1,000"),
        (1500, "each", "1,500"),
        (-2000, "each", "-2"),
        (-450, "kg", "-0,450"),
        (0, "each", "0"),
        (1234000, "each", "1234"),
    ],
)
def test_quantities_as_we_write_them(thousandths: int, unit: str, text: str) -> None:
    assert format_quantity(thousandths, unit) == text


@given(st.integers(1, 9_999_999), st.sampled_from(["each", "kg"]))
def test_a_quantity_we_write_is_one_we_read(thousandths: int, unit: str) -> None:
    assert parse_quantity(format_quantity(thousandths, unit)) == thousandths
    assert format_quantity(-thousandths, unit) == "-" + format_quantity(thousandths, unit)
