"""What the shop is told of stock: absolute, exact after each quiet turn, and nothing more often than it must."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from kassa_tui.storage.web_state import WebState
from kassa_tui.sync.webshops.base import Permanent, StockWant, StockWritten
from tests.sync.channel.small_shop import SmallConnector, SmallShop
from tests.sync.channel.stand import Stand, article


def _settings(stand: Stand, **changes: object) -> None:
    stand.crash()
    stand.settings = replace(stand.settings, **changes)  # type: ignore[arg-type]
    stand.open()
    stand.engine.turn()


def test_only_what_differs_is_written(shop: SmallShop, stand: Stand, connector: SmallConnector) -> None:
    assert shop.stock == {"1": 10, "2": 10, "3": 10}
    connector.asked.clear()
    assert (stand.engine.turn().read, connector.asked) == (0, ["pull"])
    stand.shelf.add("A", -1)
    turn = stand.engine.turn()
    assert (turn.read, turn.written, shop.stock["1"]) == (1, 1, 9)
    assert stand.wall.shows["A"] == 9000


def test_ten_counter_sales_and_ten_web_orders_at_once(shop: SmallShop, stand: Stand) -> None:
    stand.shelf.add("A", 90)
    stand.engine.turn()
    for _ in range(10):
        shop.checkout({"1": 1})
        stand.shelf.add("A", -1)
    stand.engine.turn()
    assert shop.stock["1"] == 80


def test_an_order_between_reading_and_writing_is_put_right_by_the_next_turn(
    shop: SmallShop, stand: Stand, connector: SmallConnector
) -> None:
    stand.shelf.add("A", -1)

    def land(name: str, moment: str) -> bool:
        if (name, moment) == ("push", "ask"):
            connector.fault = lambda name, moment: False
            shop.checkout({"1": 2})
        return False

    connector.fault = land
    stand.engine.turn()
    assert shop.stock["1"] == 9
    # As it happens, a piece came in: the number that was last written looks right, and is not.
    stand.shelf.add("A", 2)
    stand.engine.turn()
    assert shop.stock["1"] == 9 == 10 - 1 - 2 + 2
    assert stand.engine.status().state == "ok"


def test_a_lost_answer_to_a_write_is_asked_after(shop: SmallShop, stand: Stand, connector: SmallConnector) -> None:
    stand.shelf.add("A", -3)
    faults = {("push", "answer")}
    connector.fault = lambda name, moment: (name, moment) in faults and faults.pop() != ("", "")
    assert stand.engine.turn().error is not None
    stand.clock.pass_(10)
    turn = stand.engine.turn()
    assert (turn.error, turn.read, turn.written, shop.stock["1"]) == (None, 1, 0, 7)


def test_a_lost_answer_is_asked_after_also_where_the_old_number_is_right_again(
    shop: SmallShop, stand: Stand, connector: SmallConnector
) -> None:
    stand.shelf.add("A", -3)
    faults = {("push", "answer")}
    connector.fault = lambda name, moment: (name, moment) in faults and faults.pop() != ("", "")
    stand.engine.turn()
    stand.shelf.add("A", 3)
    stand.clock.pass_(10)
    assert (stand.engine.turn().written, shop.stock["1"]) == (1, 10)


def test_the_buffer_is_kept_back_and_grows_while_a_till_is_silent(shop: SmallShop, stand: Stand) -> None:
    _settings(stand, buffer=2, buffer_max=3, buffer_silent_minutes=15)
    assert shop.stock["1"] == 8
    for silent, shows in ((899, 8), (900, 7), (10 * 3600, 5), (0, 8)):
        stand.shelf.silent = silent
        stand.engine.turn()
        assert shop.stock["1"] == shows


def test_sold_more_than_there_is_shows_nothing_and_is_said(shop: SmallShop, stand: Stand) -> None:
    shop.checkout({"1": 12})
    stand.engine.turn()
    assert shop.stock["1"] == 0
    (found,) = [x for x in stand.engine.status().findings if x.code == "oversold"]
    assert found.facts == {"sku": "A", "qty": 2000}
    stand.shelf.add("A", 5)
    stand.engine.turn()
    assert shop.stock["1"] == 3
    assert "oversold" not in stand.findings()


def test_weighed_goods_are_rounded_down_for_a_shop_that_knows_whole_pieces(shop: SmallShop, stand: Stand) -> None:
    stand.shelf.base["A"] = 4_700
    stand.shelf.log.append("A")
    stand.engine.turn()
    assert shop.stock["1"] == 4


def test_what_the_shop_does_not_take_is_said_once_and_not_tried_for_ever(
    shop: SmallShop, stand: Stand, connector: SmallConnector
) -> None:
    shop.deaf.add("1")
    shop.product("4", "D", None)
    stand.catalogue.articles["D"] = article("D")
    stand.shelf.add("D", 5)
    stand.shelf.add("A", -1)
    stand.engine.link_by_hand("4", "D", "1")
    stand.engine.turn()
    assert {"not_taken", "not_managed"} <= stand.findings()
    connector.asked.clear()
    stand.engine.turn()
    assert connector.asked == ["pull"]
    shop.deaf.clear()
    stand.engine.compare()
    assert "not_taken" not in stand.findings()
    assert shop.stock["1"] == 9


def test_products_of_one_article_each_show_all_of_it(shop: SmallShop, stand: Stand) -> None:
    shop.product("1b", "A-XL", 0)
    assert stand.engine.link_by_hand("1b", "A", "1")
    stand.engine.turn()
    shop.checkout({"1b": 1})
    stand.engine.turn()
    assert (shop.stock["1"], shop.stock["1b"]) == (9, 9)


def test_an_article_of_which_nobody_knows_the_stock_is_left_alone(shop: SmallShop, stand: Stand) -> None:
    stand.catalogue.articles["E"] = article("E")
    shop.product("5", "E", 33)
    stand.engine.link_by_hand("5", "E", "1")
    stand.engine.turn()
    assert shop.stock["5"] == 33


def test_a_shop_that_keeps_orders_apart_is_told_what_lies_there(tmp_path: object, stand: Stand) -> None:
    shop = SmallShop(reserves=True)
    shop.product("1", "A", 0)
    stand.crash()
    stand.connector = SmallConnector(shop)
    stand.open()
    stand.engine.turn()
    order = shop.checkout({"1": 3})
    stand.engine.turn()
    assert shop.stock["1"] == 10
    _settings(stand, acknowledge=False)
    stand.engine.handed_over("K1:1", order.id, shop.at)
    stand.engine.turn()
    # Not yet sent by the shop's own word: less than this, and it could not be sent any more.
    assert (shop.stock["1"], stand.shelf.physical(["A"])) == (10, {"A": 7000})
    shop.at += 1000
    shop.ship(order)
    stand.engine.turn()
    assert shop.stock["1"] == 7


def test_a_big_shop_is_brought_up_to_date_over_several_turns(tmp_path: object, shop: SmallShop, stand: Stand) -> None:
    for no in range(250):
        shop.product(f"p{no}", f"S{no}", 0)
        stand.catalogue.articles[f"S{no}"] = article(f"S{no}")
        stand.shelf.add(f"S{no}", no + 1)
    stand.crash()
    stand.settings = replace(stand.settings, stock_per_turn=100)
    stand.open()
    assert len(stand.engine.link().linked) == 250
    turns = [stand.engine.turn() for _ in range(4)]
    assert [(turn.written, turn.more) for turn in turns] == [(100, True), (100, True), (50, False), (0, False)]
    assert all(shop.stock[f"p{no}"] == no + 1 for no in range(250))


def test_killed_between_orders_and_stock_the_shop_is_put_right_all_the_same(
    shop: SmallShop, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a piece came in meanwhile, so that the number to show is the one last written."""
    shop.checkout({"1": 1})
    shop.stock["1"] = 10
    monkeypatch.setattr(stand.engine._stocker, "turn", lambda connector: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        stand.engine.turn()
    stand.shelf.add("A", 1)
    shop.stock["1"] = 9
    stand.again()
    stand.engine.turn()
    assert shop.stock["1"] == 10


def test_without_its_notes_the_engine_finds_everything_again(shop: SmallShop, stand: Stand) -> None:
    stand.engine.link_by_hand("3", "B", "7")
    order = shop.checkout({"1": 1})
    stand.engine.turn()
    stand.state.close()
    stand.channel.close()
    (stand.folder / "webshop.db").unlink()
    stand.open()
    before = len(stand.kinds())
    assert stand.engine.turn().error is None
    assert len(stand.kinds()) == before
    assert {x.product: (x.sku, x.how, x.by) for x in stand.state.links().values()} == {
        "1": ("A", "sku", ""), "2": ("B", "sku", ""), "3": ("B", "person", "7")}  # fmt: skip
    assert stand.state.customer(order.id) == ("J. Klant", "")


def test_a_refused_number_is_one_products_own_matter(shop: SmallShop, stand: Stand) -> None:
    class Picky(SmallConnector):
        def push_stock(self, wants: Sequence[StockWant]) -> list[StockWritten]:
            done = super().push_stock([want for want in wants if want.product != "2"])
            found = {answer.product: answer for answer in done}
            refused = StockWritten(product="2", code="refused", detail="nee")
            return [found.get(want.product, refused) for want in wants]

    stand.crash()
    stand.connector = Picky(shop)
    stand.open()
    stand.shelf.add("A", -1)
    stand.shelf.add("B", -1)
    turn = stand.engine.turn()
    assert (turn.error, shop.stock["1"], shop.stock["2"]) == (None, 9, 10)
    assert "refused" in stand.findings()


def test_a_deleted_product_is_found_by_the_compare(shop: SmallShop, stand: Stand) -> None:
    del shop.stock["2"], shop.skus["2"]
    shop.stock["1"] = 4
    shop.product("9", "C-NIEUW", 1)
    report = stand.engine.compare()
    assert (report.gone, report.different, report.fixed, report.unknown) == (1, 1, 1, 1)
    assert [(x.product, x.want, x.have) for x in report.differences] == [("1", 10_000, 4_000)]
    assert "product_gone" in stand.findings()
    assert stand.kinds()[-1] == "webshop.compared"
    assert stand.entries("webshop.compared")[0]["different"] == 1
    assert set(stand.state.links()) == {"1", "3"}
    shop.product("2", "B", 1)
    stand.engine.compare()
    assert set(stand.state.links()) == {"1", "2", "3"}
    assert shop.stock["2"] == 10
    assert "product_gone" not in stand.findings()


def test_a_shop_that_refuses_stock_still_gives_its_orders(shop: SmallShop, stand: Stand) -> None:
    from tests.sync.channel.small_shop import Refusing

    stand.crash()
    stand.connector = Refusing(shop, "stock", Permanent("refused", {"says": "nee"}))
    stand.open()
    stand.shelf.add("A", -1)
    shop.checkout({"2": 1})
    turn = stand.engine.turn()
    assert (turn.orders, turn.error is not None and turn.error.code) == (1, "refused")
    status = stand.engine.status()
    assert (status.state, status.why, status.who) == ("failing", "refused", "shop")


def test_the_notes_survive_a_state_of_another_version(stand: Stand) -> None:
    stand.state._con.execute("insert into state values ('from_the_future', '1'), ('cursor', '\"x\"')"
                             " on conflict do update set value = excluded.value")  # fmt: skip
    stand.crash()
    stand.state = WebState(stand.folder)
    assert stand.state.now.cursor == 0
    stand.state.close()
    stand.open()
