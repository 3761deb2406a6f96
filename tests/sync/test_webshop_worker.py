"""A till that owns a webshop, and a simulated WooCommerce over HTTP: what happens on one side shows on the other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kassa_tui.services import shifts
from kassa_tui.simulate.webshops.server import Fault
from kassa_tui.storage.database import StorageError
from kassa_tui.storage.shop_schema import open_shop
from kassa_tui.sync.webshop_worker import Desk, Worker, Workers, owned
from tests.services.shop_floor import MINUTE
from tests.sync.web_till import BREAD, COLA, WebTill, web_till


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[WebTill]:
    """A till and its webshop."""
    yield from web_till(tmp_path)


def status(shop: WebTill, order: str) -> str:
    return dict(shop.clerk.orders())[order]


def test_a_sale_lowers_what_the_webshop_shows(shop: WebTill) -> None:
    assert (shop.clerk.shown(BREAD), shop.clerk.shown(COLA)) == (40, 96)
    shop.do("6", "6", "6", "pay cash")
    shop.work()
    assert (shop.clerk.shown(BREAD), shop.clerk.shown(COLA)) == (37, 96)


def test_an_order_is_booked_and_lies_ready_at_the_till(shop: WebTill) -> None:
    order = shop.clerk.buy((BREAD, 2))
    shop.work()
    (booked,) = shop.entries("weborder.sale")
    assert (booked["number"], booked["total"], booked["tenders"][0]["kind"]) == ("WEB-000001", 110, "web")
    answer = shop.do("weborder list")
    (shown,) = answer["facts"]["orders"]
    assert (shown["id"], shown["due"], shown["lines"][0]["sku"]) == (order, 0, BREAD)
    assert shop.clerk.shown(BREAD) == 38


def test_a_hand_over_completes_the_order_and_takes_it_off_the_shelf_once(shop: WebTill) -> None:
    order = shop.clerk.buy((BREAD, 2))
    shop.work()
    shop.do(f"weborder hand {order}")
    shop.rest()
    shop.work(3)
    assert status(shop, order) == "completed"
    assert [entry["lines"][0]["qty"] for entry in shop.entries("weborder.shipped")] == [2000]
    assert shop.clerk.shown(BREAD) == 38
    assert shop.do("stock 6")["facts"]["quantity"] == 38_000
    assert shop.do("weborder list")["facts"]["orders"] == []
    shop.sound()


def test_what_is_paid_at_the_till_is_turnover_of_the_webshop_alone(shop: WebTill) -> None:
    order = shop.clerk.buy((BREAD, 2), paid=False)
    shop.work()
    assert shop.entries("weborder.sale") == []
    shop.do(f"weborder hand {order}", "pay cash")
    shop.work(3)
    (booked,) = shop.entries("weborder.sale")
    assert (booked["total"], [tender["kind"] for tender in booked["tenders"]]) == (110, ["open"])
    assert status(shop, order) == "completed"
    with shop.at_till() as h:
        figures = shifts.day_figures(h.till, h.till.today)
    assert (figures["turnover"], figures["weborders"]["received"]["amount"]) == (0, 110)
    assert (figures["channels"][0]["turnover"], figures["together"]["turnover"]) == (110, 110)


def test_what_comes_back_and_is_paid_out_is_given_back_in_the_shop_and_on_the_shelf(shop: WebTill) -> None:
    order = shop.clerk.buy((BREAD, 2))
    shop.work()
    shop.do(f"weborder hand {order}")
    shop.work(3)
    line = shop.do(f"weborder {order}")["facts"]["orders"][0]["lines"][0]["line"]
    shop.do("login 9999", f"weborder back {order} here {line}=1", "pay cash")
    shop.work(3)
    (refund,) = shop.clerk.shop.books.orders[int(order)].refunds
    assert refund.amount * 100 == 55
    sales = shop.entries("weborder.sale")
    assert [entry["total"] for entry in sales] == [110, -55]
    assert shop.clerk.shown(BREAD) == 39
    assert shop.do("stock 6")["facts"]["quantity"] == 39_000
    shop.work(3)
    assert len(shop.entries("weborder.sale")) == 2
    shop.sound()


def test_a_lost_answer_and_a_restart_in_between_double_nothing(shop: WebTill) -> None:
    order = shop.clerk.buy((BREAD, 2))
    shop.work()
    shop.do(f"weborder hand {order}", "6", "pay cash")
    left = [Fault("lost"), Fault("drop"), Fault("lost")]
    shop.shop.server.faults = lambda asked: left.pop() if left and asked.method != "GET" else None
    for _ in range(8):
        shop.clock.pass_(5 * MINUTE)
        desk = shop.working()
        desk.hear()
        desk.turn()
        shop.rest()
    assert left == []
    shop.work(3)
    assert status(shop, order) == "completed"
    assert shop.clerk.shown(BREAD) == 37
    assert len(shop.entries("weborder.sale")) == len(shop.entries("weborder.shipped")) == 1


def test_keys_that_are_refused_stop_everything_until_there_are_others(shop: WebTill) -> None:
    right = dict(shop.shop.credentials)
    shop.rest()
    shop.keys({"key": right["key"], "secret": "cs_verkeerd"})
    desk = shop.working()
    shop.clock.pass_(MINUTE)
    turn = desk.turn()
    assert turn.error is not None
    assert desk.engine.status().state == "stopped"
    asked: list[str] = []
    shop.shop.server.faults = lambda request: asked.append(request.path)
    shop.clock.pass_(60 * MINUTE)
    assert desk.turn().error is not None
    assert asked == []
    shop.keys(right)
    shop.clerk.buy((COLA, 1))
    shop.work()
    assert desk.engine.status().state == "ok"
    assert asked
    assert len(shop.entries("weborder.sale")) == 1


def test_shop_db_that_is_another_file_shows_the_orders_again(shop: WebTill) -> None:
    order = shop.clerk.buy((BREAD, 1))
    shop.work()
    for path in (shop.folder / "data").glob("shop.db*"):
        path.unlink()
    open_shop(shop.folder / "data" / "shop.db", "NL").close()
    shop.work(1)
    db = open_shop(shop.folder / "data" / "shop.db", "NL")
    try:
        assert db.execute_sql("select id from web_order").fetchall() == [(order,)]
    finally:
        db.close()


def test_two_at_once_are_refused_with_the_name_of_the_first(shop: WebTill) -> None:
    with pytest.raises(StorageError) as refused:
        Desk(shop.config, shop.config.webshops[0], shop.clock)
    assert refused.value.code == "channel_running"
    assert "K1" in str(refused.value.facts["holder"])


def test_a_webshop_of_another_is_left_alone(tmp_path: Path) -> None:
    made = WebTill(tmp_path, owner="K2")
    try:
        assert owned(made.config) == []
        assert Workers(made.config, made.clock).all == []
        with pytest.raises(StorageError) as refused:
            made.working()
        assert refused.value.code == "channel_of_other"
        assert refused.value.facts["owner"] == "K2"
    finally:
        made.close()


def test_a_counter_sale_as_an_order_in_the_webshop(tmp_path: Path) -> None:
    for shop in web_till(tmp_path, sale_as_order=True):
        before = len(shop.clerk.orders())
        shop.do("6", "6", "pay cash")
        shop.work(3)
        shop.rest()
        shop.work(2)
        assert len(shop.clerk.orders()) == before + 1
        assert shop.clerk.shown(BREAD) == 38
        assert shop.entries("weborder.sale") == []


def test_a_worker_on_its_own_thread(shop: WebTill) -> None:
    shop.rest()
    order, heard = shop.clerk.buy((BREAD, 2)), threading.Event()
    worker = Worker(shop.config, shop.config.webshops[0], shop.clock, heard.set)
    worker.start()
    try:
        assert heard.wait(20)
    finally:
        worker.stop()
        worker.join(20)
    assert not worker.is_alive()
    assert [entry["order"]["id"] for entry in shop.entries("weborder.placed")] == [order]
