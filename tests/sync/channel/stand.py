"""An engine with everything around it that it is given: a shelf, articles, a board, a clock that is set by hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kassa_tui.clock import uuid7_source
from kassa_tui.domain.journal import Moment
from kassa_tui.storage import journal, keys, web_orders
from kassa_tui.storage.rebuild import rebuild
from kassa_tui.storage.web_state import WebState
from kassa_tui.sync.channel.channel import Channel
from kassa_tui.sync.channel.engine import Engine
from kassa_tui.sync.channel.ports import Article, ArticleChange, BoardRow, Means, NewArticle
from kassa_tui.sync.channel.settings import Settings
from kassa_tui.sync.webshops.base import Connector


class HandClock:
    """A clock that is set by hand, for the wall and the monotonic one alike."""

    def __init__(self, at: int = 1_761_000_000_000) -> None:
        self.at, self.offset = at, 60
        self.mono = 0

    def now(self) -> Moment:
        return Moment(self.at, self.offset)

    def monotonic_ms(self) -> int:
        return self.mono

    def seconds(self) -> float:
        return self.mono / 1000

    def pass_(self, seconds: int) -> None:
        self.at += seconds * 1000
        self.mono += seconds * 1000


class Shelves:
    """What there is but for web orders, and what web orders moved."""

    def __init__(self) -> None:
        self.base: dict[str, int] = {}
        self.log: list[str] = []
        self.silent = 0
        self.channel: Channel | None = None

    def add(self, sku: str, pieces: int) -> None:
        self.base[sku] = self.base.get(sku, 0) + pieces * 1000
        self.log.append(sku)

    def physical(self, skus: Iterable[str]) -> dict[str, int | None]:
        assert self.channel is not None
        wanted = list(skus)
        moved = web_orders.moved(self.channel.con, wanted)
        return {sku: self.base[sku] + moved.get(sku, 0) if sku in self.base else None for sku in wanted}

    def changed(self, mark: int) -> tuple[set[str] | None, int]:
        return set(self.log[mark:]), len(self.log)

    def silent_seconds(self) -> int:
        return self.silent


class Catalogue:
    """Articles of one price and rate."""

    def __init__(self, *articles: Article) -> None:
        self.articles = {article.sku: article for article in articles}
        self.refuses: dict[str, str] = {}
        """Article → why it is not changed."""

    def by_sku(self, sku: str) -> Article | None:
        return self.articles.get(sku)

    def by_code(self, code: str) -> list[str]:
        return [article.sku for article in self.articles.values() if code in article.codes]

    def all(self) -> Iterator[Article]:
        return iter(self.articles.values())

    def vat_codes(self) -> dict[int, str]:
        return {2100: "high", 900: "low", 0: "zero"}

    def some(self, skus: Iterable[str]) -> Iterator[Article]:
        return (self.articles[sku] for sku in sorted(skus) if sku in self.articles)

    def take_over(self, changes: Sequence[ArticleChange]) -> list[str]:
        answers = []
        for change in changes:
            if change.sku in self.refuses:
                answers.append(self.refuses[change.sku])
                continue
            article = self.articles[change.sku]
            if change.what == "ean":
                article = replace(article, codes=(*article.codes, str(change.value)))
            elif change.what == "price":
                article = replace(article, price=int(change.value))
            else:
                rates = {code: rate for rate, code in self.vat_codes().items()}
                article = replace(article, vat_code=str(change.value), rate=rates[str(change.value)])
            self.articles[change.sku] = article
            answers.append("")
        return answers

    def make(self, new: NewArticle) -> str:
        if new.sku in self.refuses:
            return self.refuses[new.sku]
        rates = {code: rate for rate, code in self.vat_codes().items()}
        self.articles[new.sku] = Article(new.sku, new.name, "Webshop", new.price, new.vat_code, rates[new.vat_code],
                                         "each", new.codes)  # fmt: skip
        return ""


class Wall:
    """What tills are shown."""

    def __init__(self) -> None:
        self.rows: dict[str, BoardRow] = {}
        self.shows: dict[str, int] = {}
        self.delivered = 0

    def orders(self, rows: Sequence[BoardRow]) -> None:
        self.rows.update((row["id"], row) for row in rows)

    def gone(self, ids: Sequence[str]) -> None:
        for order_id in ids:
            self.rows.pop(order_id, None)

    def stock(self, rows: Sequence[tuple[str, int, int]]) -> None:
        self.shows.update((sku, qty) for sku, qty, _ in rows)

    def journal(self) -> None:
        self.delivered += 1


def article(sku: str, *codes: str, rate: int = 900) -> Article:
    return Article(sku, f"Artikel {sku}", "Kaas", 1090, "low" if rate == 900 else "high", rate, "each", codes)


class Stand:
    """Everything together; ``open`` and ``crash`` as often as is wanted."""

    def __init__(self, folder: Path, connector: Connector, settings: Settings | None = None) -> None:
        self.folder, self.connector = folder, connector
        self.settings = settings or Settings("WEB", "Winkeltje", "small", "UTR")
        self.clock, self.shelf, self.wall = HandClock(), Shelves(), Wall()
        self.catalogue = Catalogue(*(article(sku) for sku in ("A", "B", "C")))
        self.key_mark = "1"
        self.renewed: list[Connector] = []
        self.new_id = uuid7_source()
        self.open()

    def open(self) -> None:
        self.channel = Channel.open(self.folder, self.settings.code, self.clock, me="test", new_id=self.new_id)
        self.state = WebState(self.folder)
        self.shelf.channel = self.channel
        renew = (lambda: self.renewed.pop()) if self.renewed else None
        means = Means(self.clock, self.clock.seconds, lambda: 0.5, lambda: self.key_mark, renew)
        self.engine = Engine(self.settings, self.connector, self.channel, self.state, self.shelf, self.catalogue,
                             self.wall, self.wall, means)  # fmt: skip

    def crash(self) -> None:
        """Nothing that is only in memory is kept."""
        self.state._db.close()
        self.channel.close()

    def again(self) -> None:
        self.crash()
        self.open()

    def close(self) -> None:
        self.state.close()
        self.channel.close()

    def entries(self, *kinds: str) -> list[dict[str, Any]]:
        found = journal.read_entries(self.channel.con, self.settings.code)
        return [entry.facts for entry in found if not kinds or entry.kind in kinds]

    def kinds(self) -> list[str]:
        return [entry.kind for entry in journal.read_entries(self.channel.con, self.settings.code)]

    def findings(self) -> set[str]:
        return {found.code for found in self.engine.status().findings}

    def sound(self) -> None:
        """The journal is whole, and the tables are what it says."""
        assert journal.verify(self.channel.con, self.settings.code, keys.verify) == []
        assert rebuild(self.channel.con, self.settings.code).tables == ()

    def booked(self, order_id: str) -> tuple[int, dict[str, int]]:
        """Cents, and of each line thousandths, of all sales of an order."""
        cents, lines = 0, dict[str, int]()
        for sale in self.entries("weborder.sale"):
            if sale["order"] == order_id:
                cents += sale["total"]
                assert sale["total"] == sum(x["amount"] for x in sale["tenders"]) == sum(
                    x["amount"] for x in sale["lines"])  # fmt: skip
                for line in sale["lines"]:
                    lines[line["line"]] = lines.get(line["line"], 0) + line["qty"]
        return cents, {line: qty for line, qty in lines.items() if qty}
