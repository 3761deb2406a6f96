"""Money, quantities, times and keys as shops write them."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.sync.webshops import amounts
from kassa_tui.sync.webshops.base import Permanent
from kassa_tui.sync.webshops.keyfile import read_keys, write_keys

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.mark.parametrize(
    ("given_", "cents"),
    [("14.99", 1499), ("27.504587", 2750), (14.99, 1499), ("14,99", 1499), ("-0.005", -1), ("0.005", 1), (3, 300),
     (" 12.00 ", 1200), ("1e2", 10_000)],
)  # fmt: skip
def test_amounts_become_cents_half_away_from_zero(given_: object, cents: int) -> None:
    assert amounts.cents(given_) == cents


@pytest.mark.parametrize("given_", ["", "abc", None, True, [], {}, "NaN", "Infinity", "1e99", "12.3.4"])
def test_what_is_no_amount_is_said_so(given_: object) -> None:
    with pytest.raises(Permanent) as refused:
        amounts.cents(given_)
    assert refused.value.code == "bad_answer"


@given(st.lists(st.decimals(min_value=-1000, max_value=1000, places=6), min_size=1, max_size=20))
def test_lines_add_up_to_the_total_and_none_is_far_from_its_own(parts: list[Decimal]) -> None:
    total = amounts.rounded(sum(parts, Decimal(0)) * 100)
    fitted = amounts.fit(parts, total)
    assert sum(fitted) == total
    assert all(abs(cents - part * 100) <= 1 for cents, part in zip(fitted, parts, strict=True))


def test_a_total_that_is_off_is_spread_over_the_lines() -> None:
    assert amounts.fit([Decimal("1.00"), Decimal("2.00")], 305) == [103, 202]
    assert amounts.fit([], 5) == []


@given(st.integers(-10_000_000, 10_000_000), st.sampled_from([0, 600, 900, 1200, 2100]))
def test_a_price_without_vat_comes_back_to_the_cent(gross: int, rate: int) -> None:
    net = Decimal(amounts.net(gross, rate))
    assert amounts.rounded(net * (10_000 + rate) / 100) == gross
    assert int(net.as_tuple().exponent) >= -6


@pytest.mark.parametrize(
    ("gross", "vat", "rate"),
    [(2998, 248, 900), (12_100, 2100, 2100), (55, 5, 900), (1000, 0, 0), (0, 0, 0), (106, 6, 600)],
)
def test_the_tariff_is_found_from_an_amount(gross: int, vat: int, rate: int) -> None:
    assert amounts.rate_of(gross, vat, (2100, 1200, 900, 600, 0)) == rate


def test_times_of_a_shop_are_its_own_clock() -> None:
    def at(text: str) -> datetime:
        return datetime.fromtimestamp(amounts.local(text, AMSTERDAM) / 1000, UTC)

    assert at("2026-07-01 12:00:00") == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert at("2026-11-22T12:00:00") == datetime(2026, 11, 22, 11, tzinfo=UTC)
    # In the hour that comes twice the first is meant: more is asked for, not less.
    assert at("2026-10-25 02:30:00") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert amounts.utc("2026-11-22T12:00:00") - amounts.local("2026-11-22T12:00:00", AMSTERDAM) == 3_600_000
    assert [amounts.utc(text) for text in ("", None, "0000-00-00 00:00:00")] == [0, 0, 0]
    with pytest.raises(Permanent):
        amounts.utc("gisteren")


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)))
def test_a_moment_is_written_and_read_again(moment: datetime) -> None:
    at = int(moment.replace(tzinfo=UTC, microsecond=0).timestamp() * 1000)
    assert amounts.utc(amounts.naive(at)) == at
    assert amounts.utc(amounts.naive(at, sep=" ")) == at


@given(st.dictionaries(st.sampled_from(["key", "secret", "token"]), st.text(st.characters(codec="ascii"), max_size=60)))
def test_keys_are_kept_for_one_pair_of_eyes(tmp_path_factory: pytest.TempPathFactory, keys: dict[str, str]) -> None:
    path = tmp_path_factory.mktemp("keys") / "webshop.key"
    write_keys(path, keys)
    assert path.stat().st_mode & 0o077 == 0
    assert read_keys(path) == keys


def test_keys_that_others_can_read_are_not_used(tmp_path: Path) -> None:
    path = tmp_path / "webshop.key"
    with pytest.raises(Permanent) as missing:
        read_keys(path)
    write_keys(path, {"key": "x"})
    os.chmod(path, 0o644)
    with pytest.raises(Permanent) as seen:
        read_keys(path)
    path.write_bytes(b"\xff\xfe = ")
    os.chmod(path, 0o600)
    with pytest.raises(Permanent) as odd:
        read_keys(path)
    assert [found.value.code for found in (missing, seen, odd)] == ["key_missing", "key_open", "key_bad"]
