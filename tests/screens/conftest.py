"""One shop for all tests of the screens; each works on a copy of its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.screens.hand import Hand, hand, make_shop


@pytest.fixture(scope="session")
def shop_nl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of a Dutch shop."""
    return make_shop(tmp_path_factory.mktemp("nl"), "NL")


@pytest.fixture(scope="session")
def shop_be(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of a Belgian shop."""
    return make_shop(tmp_path_factory.mktemp("be"), "BE")


@pytest.fixture
def till_at(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Hand]]:
    """Makes a hand at a till with the rules asked for; closed at the end."""
    made: list[Hand] = []

    def make(**settings: Any) -> Hand:
        data = request.getfixturevalue("shop_be" if settings.get("country") == "BE" else "shop_nl")
        folder = tmp_path / str(len(made))
        folder.mkdir()
        made.append(hand(folder, data, **settings))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def at_till(till_at: Callable[..., Hand]) -> Hand:
    """A hand at the till of a Dutch shop, logged in, the shift open."""
    return till_at().ready()
