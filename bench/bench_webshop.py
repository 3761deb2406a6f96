"""A webshop's channel at work on a simulated WooCommerce: the first import, a whole catalogue's stock, and the poll.

``python -m bench.bench_webshop [--orders N] [--articles N] [--minutes N]``. The shop runs in a process of its own, on
this machine. The floor of each figure is the same requests, as many bytes there and back, one after the other to a
server with nothing behind it, in the same run.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from kassa_tui.clock import SystemClock
from kassa_tui.storage import web_orders
from kassa_tui.storage.web_state import WebState
from kassa_tui.sync.channel.channel import Channel
from kassa_tui.sync.channel.engine import Engine, Turn
from kassa_tui.sync.channel.ports import Article, ArticleChange, BoardRow, Means, NewArticle
from kassa_tui.sync.channel.settings import Settings
from kassa_tui.sync.webshops.access import Access
from kassa_tui.sync.webshops.woocommerce import make

POLLS = 20
LATER = -1
"""Told to the shop: an hour passes there."""
SPAWN = multiprocessing.get_context("fork")


def serve(pipe: Connection) -> None:
    """The shop: as many products and orders as it is told."""
    from kassa_tui.simulate.webshops.woocommerce import start

    ahead = 0
    made = start(clock=lambda: time.time() + ahead)
    products = [made.shop.product(f"S{no}", stock=0).id for no in range(pipe.recv())]
    pipe.send((made.url, dict(made.credentials)))
    while (wanted := pipe.recv()) is not None:
        if wanted == LATER:
            ahead += 3600
        for no in range(max(wanted, 0)):
            product = products[no % len(products)]
            made.shop.checkout((product, 1), shipping=495)
        pipe.send(len(products))
    made.close()


class Bare(BaseHTTPRequestHandler):
    """Answers ``/N`` with N bytes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b"x" * int(self.path[1:])
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = _answer

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


def bare(pipe: Connection) -> None:
    """The server with nothing behind it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bare)
    pipe.send(server.server_address[1])
    server.serve_forever()


class World:
    """Shelf, articles, board and delivery, as little as can be."""

    def __init__(self, count: int) -> None:
        self.all_of = {f"S{no}": Article(f"S{no}", f"Artikel {no}", "Groep", 1499, "low", 900, "each")
                       for no in range(count)}  # fmt: skip
        self.fresh: set[str] = set()
        self.pieces = 100
        self.channel: Channel | None = None

    def physical(self, skus: Iterable[str]) -> dict[str, int | None]:
        """As many of each, less what web orders moved."""
        assert self.channel is not None
        wanted = list(skus)
        moved = web_orders.moved(self.channel.con, wanted)
        return {sku: self.pieces * 1000 + moved.get(sku, 0) for sku in wanted}

    def changed(self, mark: int) -> tuple[set[str] | None, int]:
        """What was said to be."""
        found, self.fresh = self.fresh, set()
        return found, mark + 1

    def silent_seconds(self) -> int:
        """Never silent."""
        return 0

    def by_sku(self, sku: str) -> Article | None:
        """One."""
        return self.all_of.get(sku)

    def by_code(self, code: str) -> list[str]:
        """None has one."""
        return []

    def some(self, skus: Iterable[str]) -> Iterator[Article]:
        """Some."""
        return (self.all_of[sku] for sku in skus if sku in self.all_of)

    def take_over(self, changes: Sequence[ArticleChange]) -> list[str]:
        """Nothing is."""
        return ["articles_of_office"] * len(changes)

    def make(self, new: NewArticle) -> str:
        """Nothing is."""
        return "articles_of_office"

    def all(self) -> Iterator[Article]:
        """All."""
        return iter(self.all_of.values())

    def vat_codes(self) -> dict[int, str]:
        """The Dutch ones."""
        return {2100: "high", 900: "low", 0: "zero"}

    def orders(self, rows: Sequence[BoardRow]) -> None:
        """Shown to nobody."""

    def gone(self, ids: Sequence[str]) -> None:
        """Nobody saw them."""

    def stock(self, rows: Sequence[tuple[str, int, int]]) -> None:
        """Shown to nobody."""

    def journal(self) -> None:
        """Sent to nobody."""


class Asked:
    """Every request of a stretch: method, bytes there, bytes back."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, int, int]] = []

    @contextmanager
    def recording(self) -> Iterator[None]:
        """Note what plain requests does meanwhile."""
        import requests

        plain = requests.Session.request

        def noted(session: requests.Session, method: str, url: str, **options: Any) -> requests.Response:
            answer = plain(session, method, url, **options)
            self.rows.append((method, len(options.get("data") or b""), int(answer.headers.get("Content-Length") or 0)))
            return answer

        self.rows = []
        requests.Session.request = noted  # type: ignore[method-assign,assignment]
        try:
            yield
        finally:
            requests.Session.request = plain  # type: ignore[method-assign]

    def floor(self, port: int) -> float:
        """Seconds of the same with nothing behind."""
        import requests

        session = requests.Session()
        session.trust_env = False
        begun = time.monotonic()
        for method, sent, back in self.rows:
            data = b"x" * sent if sent else None
            assert len(session.request(method, f"http://127.0.0.1:{port}/{back}", data=data).content) == back
        return time.monotonic() - begun


class Bench:
    """An engine between a shop and a bare server."""

    def __init__(self, folder: Path, articles: int, shop: Connection, port: int) -> None:
        shop.send(articles)
        url, credentials = shop.recv()
        self.world, self.port, self.asked = World(articles), port, Asked()
        settings = Settings("WEB", "Webwinkel", "woocommerce", "B1", stock_per_turn=articles)
        self.poll_seconds = settings.poll_seconds
        self.channel = Channel.open(folder, "WEB", SystemClock(), me="bench")
        self.world.channel = self.channel
        self.state = WebState(folder)
        means = Means(SystemClock(), time.monotonic, lambda: 0.5)
        self.engine = Engine(settings, make(Access("woocommerce", url, credentials)), self.channel, self.state,
                             self.world, self.world, self.world, self.world, means)  # fmt: skip

    def timed(self, what: str, work: Callable[[], Any]) -> Any:
        """Do it, and print it beside its floor."""
        with self.asked.recording():
            wall, cpu = time.monotonic(), time.process_time()
            found = work()
            wall, cpu = time.monotonic() - wall, time.process_time() - cpu
        if isinstance(found, Turn) and found.error is not None:
            raise SystemExit(f"{what}: {found.error}")
        floor = self.asked.floor(self.port)
        print(f"{what:44} {len(self.asked.rows):5} requests {wall:8.2f} s {cpu:7.2f} s cpu; floor {floor:6.2f} s = "
              f"{wall / floor:5.1f} x", flush=True)  # fmt: skip
        return found

    def measure(self, orders: int, shop: Connection) -> None:
        """Print the table."""
        articles = len(self.world.all_of)
        linked = self.timed(f"{articles} products linked", self.engine.link)
        assert len(linked.linked) == articles
        turn = self.timed(f"stock of {articles} articles, all different", self.engine.turn)
        assert turn.written == articles, turn
        shop.send(orders)
        shop.recv()
        turn = self.timed(f"first import of {orders} orders, and their stock", self.engine.turn)
        assert turn.sales == orders, turn
        turn = self.timed(f"all {orders} read again, nothing new", lambda: self.engine.reread(1))
        assert turn == 0
        report = self.timed(f"compare of {articles} articles", self.engine.compare)
        assert report.different == 0, report
        self.polls(shop)

    def polls(self, shop: Connection) -> None:
        """What a minute of nothing and a minute of selling cost this process."""
        # Orders of the last two minutes come with every poll: those of before have grown old.
        shop.send(LATER)
        shop.recv()
        self.engine.turn()
        for what, sold in (("nothing sold", 0), ("five articles sold between two polls", 5)):
            wall, cpu, made = time.monotonic(), time.process_time(), 0
            with self.asked.recording():
                for no in range(POLLS):
                    if sold:
                        self.world.pieces -= 1
                        self.world.fresh = {f"S{(no * sold + each) % len(self.world.all_of)}" for each in range(sold)}
                    turn = self.engine.turn()
                    assert turn.error is None, turn.error
            cpu, wall, made = time.process_time() - cpu, time.monotonic() - wall, len(self.asked.rows)
            minute = 60 / self.poll_seconds / POLLS
            print(f"a minute of polling, {what}: {made * minute:.1f} requests, {cpu * minute * 1000:.0f} ms cpu, "
                  f"{wall / POLLS * 1000:.0f} ms a poll", flush=True)  # fmt: skip


def main() -> None:
    """Read the arguments, start both servers, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--articles", type=int, default=10_000)
    options = parser.parse_args()
    (shop, far), (ready, other) = SPAWN.Pipe(), SPAWN.Pipe()
    processes = [SPAWN.Process(target=serve, args=(far,), daemon=True),
                 SPAWN.Process(target=bare, args=(other,), daemon=True)]  # fmt: skip
    for process in processes:
        process.start()
    print(f"load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="kassa-bench-") as name:
        bench = Bench(Path(name) / "WEB", options.articles, shop, ready.recv())
        bench.measure(options.orders, shop)
        bench.engine.close()
        bench.state.close()
        bench.channel.close()
    for process in processes:
        process.terminate()


if __name__ == "__main__":
    main()
