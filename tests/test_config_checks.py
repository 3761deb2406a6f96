"""The checks of single keys: VAT numbers, and that no value whatever makes a check raise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.config_checks import OPTIONS, TABLES, nearest, vat_id


@pytest.mark.parametrize(
    ("country", "given_id", "number"),
    [
        ("NL", "NL004495445B01", "NL004495445B01"),
        ("NL", "nl 0044.95.445.b01", "NL004495445B01"),
        ("NL", "004495445B01", "NL004495445B01"),
        ("NL", "NL002455799B11", "NL002455799B11"),
        ("NL", "NL004495446B01", None),
        ("NL", "NL000000000B00", None),
        ("NL", "NL4495445B01", None),
        ("NL", "BE0428759497", None),
        ("BE", "BE 0428.759.497", "BE0428759497"),
        ("BE", "BE0428759498", None),
        ("BE", "BE2428759497", None),
        ("BE", "BE428759497", None),
        ("BE", "", None),
    ],
)
def test_vat_ids(country: str, given_id: str, number: str | None) -> None:
    assert vat_id(country, given_id) == number


@given(st.integers(0, 99_999_999))
def test_a_belgian_number_has_one_right_ending(first: int) -> None:
    head = f"{first % 20_000_000:08}"
    right = [tail for tail in range(1, 98) if vat_id("BE", f"BE{head}{tail:02}")]
    assert right == [97 - int(head) % 97]


JSON = st.recursive(
    st.text(max_size=8) | st.integers(-10, 10**6) | st.booleans(), lambda inner: st.lists(inner, max_size=3)
)


@given(st.sampled_from(sorted(TABLES)), st.data())
def test_no_value_of_a_known_key_raises_out_of_its_check(table: str, data: st.DataObject) -> None:
    for check in TABLES[table].values():
        if callable(check):
            value = check(data.draw(JSON))
            assert value is not None
    option = OPTIONS[data.draw(st.sampled_from(sorted(OPTIONS)))]
    assert option(data.draw(JSON)) is not None


@pytest.mark.parametrize(
    ("name", "found"), [("netwrk", "network"), ("NETWORK", "network"), ("zzz", ""), ("", ""), (19200, "9600")]
)
def test_the_nearest_name(name: object, found: str) -> None:
    assert nearest(name, ("file", "network", 9600)) == found
