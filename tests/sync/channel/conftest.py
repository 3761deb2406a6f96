"""A shop with three products, and an engine beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sync.channel.small_shop import SmallConnector, SmallShop
from tests.sync.channel.stand import Stand


@pytest.fixture
def shop() -> SmallShop:
    """Three products that are the articles A, B and C."""
    made = SmallShop()
    for product, sku in (("1", "A"), ("2", "B"), ("3", "C")):
        made.product(product, sku, 0)
    return made


@pytest.fixture
def connector(shop: SmallShop) -> SmallConnector:
    """The road to it."""
    return SmallConnector(shop)


@pytest.fixture
def stand(tmp_path: Path, connector: SmallConnector) -> Iterator[Stand]:
    """An engine, linked, with ten pieces of each article."""
    made = Stand(tmp_path / "webshops" / "WEB", connector)
    for sku in ("A", "B", "C"):
        made.shelf.add(sku, 10)
    made.engine.link()
    assert made.engine.turn().error is None
    yield made
    made.close()
