"""Shops that a test makes as it wants them, and that are cleared away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.sync.webshops.test_woocommerce import WooStand

Make = Callable[..., WooStand]


@pytest.fixture
def shop() -> Iterator[Make]:
    """Makes stands, and clears them away."""
    made: list[WooStand] = []

    def start(**given: Any) -> WooStand:
        made.append(WooStand(**given))
        return made[-1]

    yield start
    for each in made:
        each.close()
