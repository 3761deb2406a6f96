"""Tills for the tests of acts: made once, copied for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.services.shop_floor import Clock, Hands, hands, make_shop

OpenTill = Callable[..., Hands]


@pytest.fixture(scope="session")
def new_shops(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Country → the data folder of a new till."""
    return {country: make_shop(tmp_path_factory.mktemp(f"shop{country}"), country) for country in ("NL", "BE")}


@pytest.fixture
def open_till(tmp_path: Path, new_shops: dict[str, Path]) -> Iterator[OpenTill]:
    """Opens the till of this test, with rules as lines of TOML; again after ``close`` it is the same till."""
    opened: list[Hands] = []

    def open_(country: str = "NL", rules: str = "", clock: Clock | None = None) -> Hands:
        opened.append(hands(tmp_path, new_shops[country], country, rules, clock))
        return opened[-1]

    yield open_
    for each in opened:
        each.close()


@pytest.fixture
def at_till(open_till: OpenTill) -> Hands:
    """The cashier at the Dutch till, shift open with € 100."""
    return open_till().open_shop()
