"""The office's own worker from end to end, against simulated shops of all three kinds over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from kassa_office.catalogue import feed
from kassa_office.catalogue.feed_models import FeedRow
from kassa_office.catalogue.models import Price
from kassa_office.journal.proof import prove
from kassa_office.journal.rebuild import rebuild
from kassa_office.sales.models import DayTotal, Sale
from kassa_office.tills.models import Lease
from kassa_office.webshops import asking, worker
from kassa_office.webshops.models import Webshop, WebWish, WishTaken
from kassa_office.webshops.ports import folder_of
from kassa_office.webshops.worker import Desk, Worker
from kassa_tui.storage.database import StorageError
from kassa_tui.storage.web_values import commands
from kassa_tui.sync import webshop_asks
from tests.office.conftest import MakeTill
from tests.office.dump import dump
from tests.office.journals import batch_of, line
from tests.office.stock.shelves import push
from tests.office.webshops.company import Company

KINDS = ("woocommerce", "magento", "prestashop")


@pytest.fixture(params=KINDS)
def shop(request: pytest.FixtureRequest, make_till: MakeTill) -> Iterator[Company]:
    """A company with ten buns on its shelf."""
    made = Company(request.param, make_till())
    made.here.book.open_shift()
    made.receive("6", 10)
    yield made
    made.close()


@pytest.fixture
def woo(make_till: MakeTill) -> Iterator[Company]:
    """The same with a WooCommerce, where the kind does not matter."""
    made = Company("woocommerce", make_till())
    made.here.book.open_shift()
    made.receive("6", 10)
    yield made
    made.close()


def turns(desk: Desk, count: int = 3) -> None:
    """What tills said, and then the shop, a few times."""
    for _ in range(count):
        desk.hear()
        turn = desk.turn()
        assert turn.error is None, turn.error


def row_of(shop: Company, order: str) -> dict[str, Any]:
    """The order as tills are shown it."""
    feed.publish()
    found: dict[str, Any] = json.loads(FeedRow.objects.get(table="weborder", key=f"{shop.code}:{order}").data)
    return found


def test_from_the_checkout_over_the_counter_and_back(shop: Company) -> None:
    with shop.desk() as desk:
        desk.engine.link()
        turns(desk)
        assert shop.clerk.shown("6") == 10
        order = shop.clerk.buy(("6", 2))
        turns(desk)
        assert (shop.lies("6"), shop.clerk.shown("6"), row_of(shop, order)["stage"]) == (10, 8, "prepare")
        assert DayTotal.objects.get(till="WEB", kind="sale").amount == 110
        shop.here.book.sale(line("6", 55, 3000))
        push(shop.here)
        turns(desk)
        assert (shop.lies("6"), shop.clerk.shown("6")) == (7, 5)
        shop.say("weborder.handed_over", order, handed=True)
        turns(desk)
        assert (shop.lies("6"), shop.clerk.shown("6"), row_of(shop, order)["stage"]) == (5, 5, "done")
        assert dict(shop.clerk.orders())[order] in ("completed", "complete", "5")
        line_id = next(each["line"] for each in row_of(shop, order)["lines"] if each["goods"])
        shop.say("weborder.taken_back", order, back=True, restock=True, amount=-55,
                 lines=[{"line": line_id, "qty": 1000}])  # fmt: skip
        turns(desk)
        assert (shop.lies("6"), shop.clerk.shown("6")) == (6, 6)
        status = desk.engine.status()
        assert (status.state, status.waiting, status.failed) == ("ok", 0, 0)
    assert DayTotal.objects.get(till="WEB", kind="sale").amount == 55
    assert {one["till"]: one["complete"] for one in prove()} == {"K1": True, "WEB": True}
    assert rebuild() == {}


def test_an_order_that_was_called_off_leaves_nothing(shop: Company) -> None:
    with shop.desk() as desk:
        desk.engine.link()
        turns(desk, 1)
        order = shop.clerk.buy(("6", 4))
        turns(desk)
        shop.clerk.cancel(order)
        turns(desk)
        assert (shop.lies("6"), shop.clerk.shown("6")) == (10, 10)
    assert DayTotal.objects.get(till="WEB", kind="sale").amount == 0
    assert prove(till="WEB")[0]["complete"]


def test_a_wish_reaches_the_engine_once_also_when_it_comes_late(woo: Company) -> None:
    with woo.desk() as desk:
        desk.engine.link()
        orders = [woo.clerk.buy(("6", 1)) for _ in range(2)]
        turns(desk)
    book = woo.here.book
    book.add("weborder.handed_over", {"channel": "WEB", "order": orders[0], "handed": True})
    book.add("weborder.handed_over", {"channel": "WEB", "order": orders[1], "handed": True})
    book.add("weborder.handed_over", {"channel": "ANDERS", "order": orders[1], "handed": True})
    late, rest = book.entries[-3], book.entries[-2:]
    push(woo.here, batch_of(rest, "K1", high=len(book.entries)))
    with woo.desk() as desk:
        turns(desk)
        assert woo.lies("6") == 9
        push(woo.here, batch_of([late, *rest], "K1", high=len(book.entries)))
        assert desk.hear() is True
        assert desk.hear() is False
        turns(desk)
        assert woo.lies("6") == 8
    assert WebWish.objects.filter(branch="B1").count() == 3
    assert WishTaken.objects.filter(channel="WEB").count() == 2
    before = dump()
    WishTaken.objects.all().delete()
    with woo.desk() as desk:
        desk.hear()
        turns(desk)
        assert woo.lies("6") == 8
        assert {row.state for row in commands(desk.state.con, "done")} == {"done"}
    assert dump() == before


def test_a_wish_that_cannot_be_read_is_passed_over(woo: Company) -> None:
    woo.say("weborder.handed_over", "77", handed=True)
    WebWish.objects.update(body="{")
    with woo.desk() as desk:
        assert desk.hear() is True
        assert desk.hear() is False


def test_a_second_process_hears_who_the_first_is(woo: Company) -> None:
    with woo.desk(), pytest.raises(StorageError) as refused, woo.desk():
        pass
    assert refused.value.code == "channel_running"
    assert "office" in str(refused.value.facts["holder"])
    with woo.desk() as desk:
        assert desk.turn().error is None


def test_what_another_talks_to_is_left_alone(woo: Company) -> None:
    Webshop.objects.update(owner="K1")
    with pytest.raises(StorageError) as refused, woo.desk():
        pass
    assert (refused.value.code, refused.value.facts["owner"]) == ("channel_of_other", "K1")
    found = asking.perform(Webshop.objects.get(), "check", {}, by="marie", seconds=1)
    assert found == {"error": "channel_of_other", "facts": {"owner": "K1"}}
    assert "K1" in asking.refusal(found)


def test_another_machine_waits_for_the_lease(woo: Company) -> None:
    first, second = Worker("WEB", "eerste"), Worker("WEB", "tweede")
    assert first._leased()
    assert not second._leased()
    assert second._other == "eerste"
    assert first._leased()
    first.give_back()
    assert second._leased()
    assert first._must_stop() is False
    first._lease_until = 0
    assert first._must_stop() is True
    Lease.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert first._leased()


def test_what_the_office_cannot_take_in_waits_in_the_journal(woo: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    from kassa_office.tills.port import OfficeForTill
    from kassa_tui.sync.port import OfficeError

    with woo.desk() as desk:
        desk.engine.link()
        with monkeypatch.context() as broken:
            broken.setattr(OfficeForTill, "push", lambda *_: (_ for _ in ()).throw(OfficeError("busy")))
            woo.clerk.buy(("6", 1))
            turn = desk.turn()
            assert turn.error is not None
            assert turn.error.code == "busy"
            assert not Sale.objects.exists()
        turns(desk, 1)
    assert Sale.objects.get().number == "WEB-000001"


def ask(woo: Company, what: str, **facts: Any) -> dict[str, Any]:
    """As a page asks."""
    return asking.perform(woo.webshop, what, facts, by="marie", seconds=20)


def test_who_is_at_work_answers_what_people_ask(woo: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LOOK_SECONDS", 0.05)
    at_work = threading.Event()
    desk_opens = Desk.__init__

    def opened(self: Desk, *args: Any) -> None:
        desk_opens(self, *args)
        at_work.set()

    monkeypatch.setattr(Desk, "__init__", opened)
    thread = Worker("WEB", "office")
    thread.start()
    try:
        assert at_work.wait(30)
        linked = ask(woo, "link")
        assert {each["sku"] for each in linked["linked"]} == {"6", "7"}
        assert ask(woo, "check")["name"] == woo.facts.name
        report = ask(woo, "compare")
        assert report["products"] == 2
        assert woo.clerk.shown("6") == 10
        assert "error" in ask(woo, "maak koffie")
        at_work.clear()
        Webshop.objects.update(buffer=3)
        assert at_work.wait(30)
        assert ask(woo, "compare")["not_taken"] == 0
        assert woo.clerk.shown("6") == 7
    finally:
        thread.stop()
        thread.join(30)
    assert not thread.is_alive()
    assert asking.state_of(asking.status(woo.webshop)).startswith("Goed")


def test_workers_come_and_go_with_their_webshops(woo: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(worker, "AGAIN_SECONDS", 0.05)
    closed, desk_closes = threading.Event(), Desk.close

    def closing(self: Desk) -> None:
        desk_closes(self)
        closed.set()

    stop = threading.Event()
    watching = threading.Thread(target=worker.watch, args=(stop, "office"), daemon=True)
    opened, desk_opens = threading.Event(), Desk.__init__

    def opening(self: Desk, *args: Any) -> None:
        desk_opens(self, *args)
        opened.set()

    monkeypatch.setattr(Desk, "__init__", opening)
    monkeypatch.setattr(Desk, "close", closing)
    watching.start()
    try:
        assert opened.wait(30)
        assert webshop_asks.is_running(folder_of("WEB"))
        Webshop.objects.update(active=False)
        assert closed.wait(30)
        opened.clear()
        Webshop.objects.update(active=True)
        assert opened.wait(30)
    finally:
        stop.set()
        watching.join(30)
    assert not watching.is_alive()
    assert not webshop_asks.is_running(folder_of("WEB"))
    assert Lease.objects.get(name="webshop WEB").until <= timezone.now()


def test_a_command_that_the_shop_refused_is_tried_again(woo: Company) -> None:
    woo.say("weborder.handed_over", "99999", handed=True)
    with woo.desk() as desk:
        turns(desk, 1)
        status = desk.engine.status()
        failed = commands(desk.state.con, "failed")
        assert (status.failed, len(failed)) == (1, 1)
    assert ask(woo, "again", key=failed[0].key) == {"done": True}


def test_keys_that_are_refused_stop_it_until_there_are_others(woo: Company) -> None:
    from kassa_tui.sync.webshops.keyfile import write_keys

    write_keys(worker.key_file("WEB"), {"key": "ck_x", "secret": "cs_x"})
    with woo.desk() as desk:
        turn = desk.turn()
        assert turn.error is not None
        assert desk.engine.status().state == "stopped"
        assert "weigert de sleutel" in asking.state_of(asking.status(woo.webshop))
        asking.renew(woo.webshop, woo.simulated.credentials, by="marie")
        turns(desk, 1)
    assert asking.state_of(asking.status(woo.webshop)).startswith("Goed")


def test_another_price_goes_to_the_shop_where_its_owner_wants_that(
    woo: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    Webshop.objects.filter(till=woo.code).update(prices="push")
    with woo.desk() as desk:
        desk.engine.link()
        turns(desk)
        Price.objects.filter(article="6").update(amount=65)
        turns(desk)
        product = next(iter(desk.engine.connector.products(sku="6")))
        assert product.price == 55
        monkeypatch.setattr(worker, "ARTICLES_SECONDS", 1e-6)
        turns(desk)
        product = next(iter(desk.engine.connector.products(sku="6")))
        assert product.price == 65
