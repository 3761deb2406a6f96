"""A till that owns a webshop, the webshop itself over HTTP, and whoever works on it; time goes by for all at once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from kassa_tui import config
from kassa_tui.simulate.webshops import woocommerce
from kassa_tui.simulate.webshops.clerk import Goods, WooClerk
from kassa_tui.storage.channels import channel_folder
from kassa_tui.storage.journal import verify as flaws_of
from kassa_tui.storage.keys import verify
from kassa_tui.storage.rebuild import rebuild
from kassa_tui.sync.webshop_worker import Desk
from kassa_tui.sync.webshops.keyfile import write_keys
from tests.services.shop_floor import MINUTE, START, Clock, Hands, hands, make_shop
from tests.services.test_stock import told

BREAD, COLA = "6", "7"


def table(url: str, **more: Any) -> str:
    """``[[webshop]]`` of ``till.toml``."""
    given = {"kind": "woocommerce", "url": url, "name": "Webwinkel", "code": "WEB", "key_file": "webshop.key",
             "owner": "K1", "orders_since": "2026-11-01", **more}  # fmt: skip
    return "[[webshop]]\n" + "".join(f"{name} = {_toml(value)}\n" for name, value in given.items())


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {json.dumps(each)}" for name, each in value.items()) + " }"
    return json.dumps(value)


class WebTill:
    """All of it."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder, self.settings, self.clock = folder, settings, Clock()
        make_shop(folder, "NL")
        self.shop = woocommerce.start(clock=lambda: self.clock.at / 1000)
        self.clerk = WooClerk(self.shop)
        self.clerk.fill([Goods(BREAD, "Krentenbol", 55, 900, 5, "8710400280507"), Goods(COLA, "Cola", 101, 900, 5)])
        self.keys(dict(self.shop.credentials))
        self.h: Hands | None = None
        self.desk: Desk | None = None
        with self.at_till() as h:
            h.open_shop()
            told(h, ("B1", BREAD, 40_000, START - MINUTE), ("B1", COLA, 96_000, START - MINUTE))

    @property
    def toml(self) -> str:
        """What stands in ``till.toml`` about the webshop."""
        return table(self.shop.url, **self.settings)

    @property
    def config(self) -> config.Config:
        """As loaded."""
        return config.load(self.folder / "till.toml")

    def keys(self, keys: dict[str, str]) -> None:
        """Write the file with the keys."""
        write_keys(self.folder / "webshop.key", keys)

    def at_till(self) -> closing[Hands]:
        """Somebody at the till, for a while."""
        h = hands(self.folder, rules=self.toml, clock=self.clock)
        h.do("login 1111")
        return closing(h)

    def do(self, *lines: str) -> dict[str, Any]:
        """Type lines at the till."""
        with self.at_till() as h:
            return h.do(*lines)

    def work(self, turns: int = 2) -> Desk:
        """So many turns of the one that works on the webshop, some time after each other."""
        desk = self.working()
        for _ in range(turns):
            self.clock.pass_(MINUTE)
            desk.hear()
            turn = desk.turn()
            assert turn.error is None, turn.error
        return desk

    def working(self) -> Desk:
        """The one that works on it, begun where it was not."""
        if self.desk is None:
            self.desk = Desk(self.config, self.config.webshops[0], self.clock)
        return self.desk

    def rest(self) -> None:
        """The one that works on it ends."""
        if self.desk is not None:
            self.desk.close()
            self.desk = None

    def entries(self, kind: str) -> list[dict[str, Any]]:
        """Facts of the entries of a kind in the channel's journal, which is whole."""
        con = sqlite3.connect(channel_folder(self.folder / "data", "WEB") / "till.db", isolation_level=None)
        try:
            assert flaws_of(con, "WEB", verify) == []
            rows = con.execute("select body from journal where kind = ? order by seq", (kind,))
            return [json.loads(row[0]) for row in rows]
        finally:
            con.close()

    def sound(self) -> None:
        """Every table follows from the journal."""
        con = sqlite3.connect(channel_folder(self.folder / "data", "WEB") / "till.db", isolation_level=None)
        try:
            assert rebuild(con, "WEB").tables == ()
        finally:
            con.close()

    def close(self) -> None:
        """The end."""
        self.rest()
        self.shop.close()


def web_till(folder: Path, **settings: Any) -> Iterator[WebTill]:
    """For a fixture: linked, and its stock told."""
    made = WebTill(folder, **settings)
    try:
        made.working().engine.link()
        made.work()
        yield made
    finally:
        made.close()
