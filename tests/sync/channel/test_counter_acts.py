"""What tills do to web orders: in the books at once, to the shop as soon as it answers, and never twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from kassa_tui.domain.weborder import WebWish
from kassa_tui.sync.webshops.base import Permanent, RefundWish, WebRefund
from tests.sync.channel.small_shop import PRICE, Refusing, SmallConnector, SmallShop
from tests.sync.channel.stand import Stand

SHIPPING = 495


def _lost(connector: SmallConnector, *faults: tuple[str, str]) -> None:
    left = list(faults)

    def fault(name: str, moment: str) -> bool:
        if left and left[0] == (name, moment):
            left.pop(0)
            return True
        return False

    connector.fault = fault


def test_handing_over_books_at_once_and_tells_the_shop(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 2})
    stand.engine.turn()
    assert [(x["left"], x["back"], x["goods"]) for x in stand.wall.rows[order.id]["lines"]] == [(2000, 0, 1), (0, 0, 0)]
    assert stand.engine.handed_over("K1:5", order.id, shop.at)
    assert not stand.engine.handed_over("K1:5", order.id, shop.at)
    assert stand.shelf.physical(["A"]) == {"A": 8000}
    assert stand.wall.rows[order.id]["lines"][0]["left"] == 0
    (shipped,) = stand.entries("weborder.shipped")
    line = {"line": f"{order.id}-1", "qty": 2000}
    assert (shipped["key"], shipped["handed"], shipped["lines"]) == ("K1:5", [line], [{**line, "sku": "A"}])
    assert stand.engine.turn().commands == 1
    assert (order.stage, shop.stock["1"]) == ("done", 8)
    assert stand.engine.turn().written == 0
    stand.sound()


def test_handing_over_in_parts_tells_the_shop_with_the_last(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 3})
    stand.engine.turn()
    line = f"{order.id}-1"
    stand.engine.handed_over("K1:1", order.id, shop.at, {line: 1000})
    stand.engine.turn()
    assert shop.seen(order).stage == "prepare"
    assert stand.wall.rows[order.id]["lines"][0]["left"] == 2000
    stand.engine.handed_over("K2:9", order.id, shop.at)
    stand.engine.turn()
    assert shop.seen(order).stage == "done"
    assert [x["lines"][0]["qty"] for x in stand.entries("weborder.shipped")] == [1000, 2000]
    assert shop.stock["1"] == 7


@pytest.mark.parametrize("moment", ["ask", "answer"])
def test_a_lost_answer_to_the_hand_over_is_looked_after(
    shop: SmallShop, stand: Stand, connector: SmallConnector, moment: str
) -> None:
    order = shop.checkout({"1": 1})
    stand.engine.turn()
    stand.engine.handed_over("K1:1", order.id, shop.at)
    _lost(connector, ("acknowledge", moment))
    assert stand.engine.turn().error is not None
    stand.again()
    connector.asked.clear()
    stand.clock.pass_(400)
    assert stand.engine.turn().error is None
    assert connector.asked.count("acknowledge") == (1 if moment == "ask" else 0)
    assert connector.asked.index("order") < 3
    assert (order.stage, stand.engine.status().waiting) == ("done", 0)


def test_an_order_that_grew_meanwhile_is_not_called_done(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 1}, paid=False)
    stand.engine.turn()
    shop.edit(order, order.items[0], 2)
    stand.engine.handed_over("K1:1", order.id, shop.at)
    stand.engine.turn()
    assert [order.stage, shop.stock["1"], stand.shelf.physical(["A"])] == ["unpaid", 8, {"A": 9000}]
    stand.engine.handed_over("K1:2", order.id, shop.at)
    stand.engine.turn()
    assert (order.stage, shop.stock["1"], stand.shelf.physical(["A"])) == ("done", 8, {"A": 8000})


def test_goods_given_out_that_the_shop_had_just_put_back_are_gone(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 2})
    stand.engine.turn()
    shop.refund(order, order.items[0], 1, restock=True)
    stand.engine.handed_over("K1:1", order.id, shop.at)
    for _ in range(2):
        shop.at += 1000
        stand.engine.turn()
    assert (shop.stock["1"], stand.shelf.physical(["A"])) == (8, {"A": 8000})
    shop.refund(order, order.items[0], 1, restock=True)
    stand.engine.turn()
    assert (shop.stock["1"], stand.shelf.physical(["A"])) == (9, {"A": 9000})


def test_what_is_sent_in_parts_and_handed_over_for_the_rest_leaves_once(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 3})
    order.items[0].shipped = 1
    stand.engine.turn()
    assert stand.wall.rows[order.id]["lines"][0]["left"] == 2000
    stand.engine.handed_over("K1:1", order.id, shop.at)
    stand.engine.turn()
    assert [x["lines"][0]["qty"] for x in stand.entries("weborder.shipped")] == [1000, 2000]
    assert (order.stage, shop.stock["1"], stand.shelf.physical(["A"])) == ("done", 7, {"A": 7000})


def test_an_order_that_the_channel_has_not_heard_of_is_fetched(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 1})
    stand.engine.handed_over("K1:1", order.id, shop.at)
    assert stand.entries("weborder.shipped") == []
    stand.engine.turn()
    stand.engine.turn()
    assert (order.stage, len(stand.entries("weborder.shipped"))) == ("done", 1)


def test_an_order_that_the_shop_does_not_know_is_a_persons_matter(shop: SmallShop, stand: Stand) -> None:
    stand.engine.handed_over("K1:1", "404", shop.at)
    turn = stand.engine.turn()
    assert turn.error is None
    assert stand.engine.status().failed == 1
    assert "command_failed" in stand.findings()
    assert stand.engine.try_again("K1:1")
    assert stand.engine.status().waiting == 1


def test_money_taken_at_the_till_is_not_counted_as_the_shops_too(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 1}, paid=False)
    total = PRICE + SHIPPING
    stand.engine.turn()
    assert stand.wall.rows[order.id]["due"] == total
    stand.engine.wish("K1:1:1", shop.at, WebWish("WEB", order.id, handed=True, amount=total))
    assert stand.wall.rows[order.id]["due"] == 0
    stand.engine.turn()
    stand.engine.turn()
    assert order.paid_at
    assert [sale["tenders"] for sale in stand.entries("weborder.sale")] == [[{"kind": "open", "amount": total}]]
    assert stand.entries("weborder.paid") == [
        {"id": order.id, "number": f"W{order.id}", "branch": "UTR", "key": "K1:1:1", "received": total}]  # fmt: skip
    stand.sound()


def test_money_alone_is_noted_and_the_goods_stay(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 1}, paid=False)
    stand.engine.turn()
    stand.engine.wish("K1:1:1", shop.at, WebWish("WEB", order.id, amount=500))
    assert (stand.wall.rows[order.id]["due"], stand.wall.rows[order.id]["paid"]) == (PRICE + SHIPPING - 500, 500)
    assert stand.shelf.physical(["A"]) == {"A": 10_000}
    assert stand.entries("weborder.sale") == []


def test_goods_that_come_back_lie_on_the_shelf_and_the_shop_notes_the_refund(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 3})
    stand.engine.turn()
    shop.ship(order)
    shop.at += 1000
    order.modified_at = shop.at
    stand.engine.turn()
    line = f"{order.id}-1"
    stand.engine.taken_back("K1:4", order.id, {line: 1000}, PRICE, pay_out=False, restock=True)
    assert stand.shelf.physical(["A"]) == {"A": 8000}
    for _ in range(2):
        assert stand.engine.turn().error is None
    ((key, made),) = order.refunds
    assert (key, made.amount, made.restocked, shop.stock["1"]) == ("K1:4", PRICE, False, 8)
    last = stand.entries("weborder.sale")[-1]
    assert (last["total"], last["tenders"]) == (-PRICE, [{"kind": "open", "amount": -PRICE}])
    assert stand.wall.rows[order.id]["paid"] == 2 * PRICE + SHIPPING
    stand.sound()


def test_a_refund_by_the_shops_own_provider_is_the_shops_money(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 1})
    stand.engine.turn()
    shop.ship(order)
    stand.engine.turn()
    stand.engine.wish("K1:4", shop.at, WebWish("WEB", order.id, lines={f"{order.id}-1": 1000}, back=True, restock=True,
                                               amount=-PRICE, by_shop=True))  # fmt: skip
    stand.engine.turn()
    last = stand.entries("weborder.sale")[-1]
    assert [(x["kind"], x["amount"]) for x in last["tenders"]] == [("web", -PRICE)]


def test_goods_that_are_not_sold_again_stay_off_the_shelf(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 1})
    stand.engine.turn()
    shop.ship(order)
    stand.engine.turn()
    stand.engine.taken_back("K1:4", order.id, {f"{order.id}-1": 1000}, PRICE, pay_out=False, restock=False)
    stand.engine.turn()
    assert (stand.shelf.physical(["A"]), shop.stock["1"]) == ({"A": 9000}, 9)
    (entry,) = stand.entries("weborder.returned")
    assert (entry["lines"], entry["kept_off"]) == ([], [{"line": f"{order.id}-1", "qty": 1000}])


def test_goods_given_up_before_they_left_go_back_in_the_shop(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 2})
    stand.engine.turn()
    stand.engine.taken_back("K1:4", order.id, {f"{order.id}-1": 1000}, PRICE, pay_out=True, restock=True)
    stand.engine.turn()
    assert (order.refunds[0][1].restocked, shop.stock["1"], stand.shelf.physical(["A"])) == (True, 9, {"A": 10_000})
    shop.at += 1000
    shop.ship(order)
    stand.engine.turn()
    assert (shop.stock["1"], stand.shelf.physical(["A"])) == (9, {"A": 9000})


@pytest.mark.parametrize("moment", ["ask", "answer"])
def test_a_refund_whose_answer_was_lost_is_not_made_twice(
    shop: SmallShop, stand: Stand, connector: SmallConnector, moment: str
) -> None:
    order = shop.checkout({"1": 1})
    shop.ship(order)
    stand.engine.turn()
    stand.engine.taken_back("K1:4", order.id, {f"{order.id}-1": 1000}, PRICE, pay_out=False, restock=True)
    _lost(connector, ("refund", moment))
    assert stand.engine.turn().error is not None
    stand.again()
    for _ in range(2):
        stand.clock.pass_(400)
        stand.engine.turn()
    assert len(order.refunds) == 1
    assert stand.booked(order.id) == (SHIPPING, {"s": 1000})


def test_handing_over_what_was_called_off_is_said(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 1})
    stand.engine.turn()
    shop.cancel(order)
    stand.engine.handed_over("K1:1", order.id, shop.at)
    stand.engine.turn()
    assert "handed_over_ended" in stand.findings()
    assert stand.booked(order.id) == (0, {})
    assert (stand.shelf.physical(["A"]), shop.stock["1"]) == ({"A": 9000}, 9)


def test_a_command_that_is_refused_does_not_hold_up_the_others(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 1})
    stand.engine.turn()
    stand.crash()
    stand.connector = Refusing(shop, "acknowledge", Permanent("refused", {"says": "nee"}))
    stand.open()
    stand.engine.handed_over("K1:1", order.id, shop.at)
    turn = stand.engine.turn()
    assert (turn.error, turn.commands) == (None, 0)
    status = stand.engine.status()
    assert (status.failed, status.waiting, status.state) == (1, 0, "ok")


def _sale(number: str = "K1-000012", qty: int = 2000) -> dict[str, object]:
    line = {"kind": "sale", "sku": "A", "name": "Kaas", "qty": qty, "amount": qty * PRICE // 1000,
            "gross": qty * PRICE // 1000, "vat": qty * 90 // 1000, "rate": 900}  # fmt: skip
    return {"number": number, "lines": [line], "tenders": [{"kind": "pin", "amount": line["amount"]}]}


@pytest.mark.parametrize("moment", ["ask", "answer"])
def test_a_counter_sale_becomes_one_order_and_no_turnover(
    shop: SmallShop, stand: Stand, connector: SmallConnector, moment: str
) -> None:
    assert not stand.engine.sold(_sale(), shop.at)
    stand.crash()
    stand.settings = replace(stand.settings, sale_as_order=True)
    stand.open()
    stand.shelf.add("A", -2)
    assert stand.engine.sold(_sale(), shop.at)
    assert not stand.engine.sold(_sale(), shop.at)
    assert not stand.engine.sold(_sale("K1-000013", -1000), shop.at)
    _lost(connector, ("place", moment))
    for _ in range(4):
        stand.clock.pass_(400)
        stand.engine.turn()
    assert [order.key for order in shop.orders.values()] == ["K1-000012"]
    assert (shop.stock["1"], stand.entries("weborder.placed")) == (8, [])


def test_a_sale_that_the_shop_reckons_otherwise_is_told(shop: SmallShop, stand: Stand) -> None:
    stand.crash()
    stand.settings = replace(stand.settings, sale_as_order=True)
    stand.open()
    body: dict[str, Any] = _sale()
    line = body["lines"][0]
    stand.engine.sold({**body, "lines": [{**line, "amount": line["amount"] - 1}]}, shop.at)
    stand.engine.turn()
    told = [found.facts for found in stand.engine.status().findings if found.code == "placed_otherwise"]
    assert told == [{"number": "K1-000012", "ours": 2 * PRICE - 1, "theirs": 2 * PRICE}]


def test_a_refund_that_the_shop_books_otherwise_is_told(
    shop: SmallShop, stand: Stand, connector: SmallConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = shop.checkout({"1": 2})
    stand.engine.turn()
    shop.ship(order)
    stand.engine.turn()
    plain = connector.refund

    def cent_less(order_id: str, wish: RefundWish) -> WebRefund:
        found = plain(order_id, wish)
        return msgspec.structs.replace(found, amount=found.amount - 1)

    monkeypatch.setattr(connector, "refund", cent_less)
    stand.engine.taken_back("k1", order.id, {order.items[0].id: 1000}, PRICE, pay_out=False, restock=True)
    stand.engine.turn()
    told = [found.facts for found in stand.engine.status().findings if found.code == "refunded_otherwise"]
    assert told == [{"order": order.id, "ours": PRICE, "theirs": PRICE - 1}]


def test_goods_that_were_given_out_have_left_whatever_the_shop_takes_out_of_the_order(
    shop: SmallShop, stand: Stand
) -> None:
    order = shop.checkout({"1": 1, "2": 1}, paid=False)
    stand.engine.turn()
    lines = {f"{order.id}-1": 1000, f"{order.id}-2": 1000}
    shop.edit(order, order.items[0], 0)
    stand.engine.handed_over("K1:1", order.id, shop.at, lines)
    stand.engine.handed_over("K2:1", order.id, shop.at, lines)
    for _ in range(3):
        stand.clock.pass_(400)
        stand.engine.turn()
    assert stand.shelf.physical(["A", "B"]) == {"A": 9000, "B": 9000}
    assert (shop.stock["1"], shop.stock["2"]) == (9, 9)
    stand.sound()
