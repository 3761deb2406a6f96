"""A till with a journal, and an office for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from kassa_tui import config as configuration
from kassa_tui.config import Config
from kassa_tui.domain.journal import Moment
from kassa_tui.storage.shop_schema import open_shop
from kassa_tui.storage.till_store import TillStore
from kassa_tui.sync.agent import Agent, Means
from kassa_tui.sync.port import OfficePort
from tests.sync.office import Office, Server


class Clock:
    """Time by argument."""

    def __init__(self, at: int = 1_790_000_000_000) -> None:
        self.at = at
        self.mono = 0.0

    def now(self) -> Moment:
        """Now, in the Dutch summer."""
        return Moment(self.at, 120)

    def monotonic_ms(self) -> int:
        """Runs along."""
        return int(self.mono * 1000)

    def monotonic(self) -> float:
        """The same in seconds."""
        return self.mono

    def go(self, seconds: float) -> None:
        """Let time pass."""
        self.at += int(seconds * 1000)
        self.mono += seconds


class Shop:
    """One till's folder, configuration and journal."""

    def __init__(self, folder: Path, clock: Clock, till: str = "K1") -> None:
        self.folder, self.clock, self.till = folder, clock, till
        folder.mkdir(parents=True, exist_ok=True)
        self.data = folder / "data"
        self._write()
        self.ids = (f"{n:032x}" for n in count(1))

    def _write(self, office: str = "") -> None:
        text = (f'[shop]\nname = "Proef"\ncountry = "NL"\n[till]\nid = "{self.till}"\ndata = "{self.data}"\n'
                f'[[device]]\nrole = "printer"\nkind = "screen"\n{office}')  # fmt: skip
        (self.folder / "till.toml").write_text(text, "utf-8")

    def belongs_to(self, url: str, extra: str = "") -> Config:
        """With ``[office]``."""
        self._write(f'[office]\nurl = "{url}"\n{extra}')
        return self.config

    @property
    def config(self) -> Config:
        """As written."""
        return configuration.load(self.folder / "till.toml")

    def store(self) -> TillStore:
        """The till's journal, for writing."""
        return TillStore(self.data, self.till, self.clock, lambda: next(self.ids))

    def sell(self, entries: int = 1, size: int = 10) -> None:
        """Journal some sales, as much of them as the projections need."""
        store = self.store()
        try:
            for _ in range(entries):
                store.record_sale(sale(next(self.ids), size), "1", [])
        finally:
            store.close()

    def agent(self, port: OfficePort, **means: object) -> Agent:
        """Carries its journal to ``port``."""
        open_shop(self.data / "shop.db", "NL").close()
        given = {"monotonic": self.clock.monotonic, "random": lambda: 0.5, "version": "9.9", **means}
        return Agent(self.config, port, Means(self.clock, **given))  # type: ignore[arg-type]


def sale(ticket: str, size: int = 10) -> dict[str, object]:
    """The body of a small sale, before its number."""
    line = {"no": 1, "kind": "goods", "sku": "6", "name": "x" * size, "group": "Brood", "qty": 1000, "amount": 55,
            "vat_code": "low", "rate": 900, "vat": 5, "source": "list"}  # fmt: skip
    return {"ticket": ticket, "date": "2026-09-21", "total": 55, "lines": [line], "change": 0, "rounding": 0,
            "vat": [{"code": "low", "rate": 900, "gross": 55, "vat": 5}],
            "tenders": [{"kind": "cash", "amount": 55}]}  # fmt: skip


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


@pytest.fixture
def shop(tmp_path: Path, clock: Clock) -> Shop:
    """Till K1, without entries."""
    made = Shop(tmp_path / "k1", clock)
    made.store().close()
    return made


@pytest.fixture
def office() -> Office:
    """An office."""
    return Office()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Puts an office on a port."""
    made: list[Server] = []

    def start(office: Office, certificate: tuple[Path, Path] | None = None) -> Server:
        made.append(Server(office, certificate))
        return made[-1]

    yield start
    for each in made:
        each.close()
