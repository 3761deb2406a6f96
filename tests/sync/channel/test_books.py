"""Orders in the books: once, whole, to the cent, and by nothing but differences."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.storage import web_orders
from kassa_tui.sync.channel.books import content, local_day
from kassa_tui.sync.channel.refunds import left
from kassa_tui.sync.webshops.base import WebLine, WebOrder, WebRefund, WebRefundLine
from tests.sync.channel.small_shop import PRICE, SmallShop
from tests.sync.channel.stand import Stand, article

SHIPPING = 495


def test_a_paid_order_is_turnover_once_however_often_it_comes(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 2, "2": 1})
    first = stand.engine.turn()
    assert (first.orders, first.sales, first.error) == (1, 1, None)
    for _ in range(3):
        assert stand.engine.turn().orders == 0
    stand.again()
    assert stand.engine.turn().orders == 0
    (sale,) = stand.entries("weborder.sale")
    assert (sale["number"], sale["no"], sale["total"]) == ("WEB-000001", 1, 3 * PRICE + SHIPPING)
    assert sale["tenders"] == [
        {"kind": "web", "amount": sale["total"], "ref": f"tr_{order.id}",
         "detail": {"method": "ideal", "title": "iDEAL"}}]  # fmt: skip
    assert [(x["sku"], x["qty"], x["vat_code"]) for x in sale["lines"]] == [
        ("A", 2000, "low"), ("B", 1000, "low"), ("", 1000, "high")]  # fmt: skip
    assert sum(block["vat"] for block in sale["vat"]) == 3 * 90 + 86
    assert stand.kinds()[-2:] == ["weborder.placed", "weborder.sale"]
    stand.sound()


def test_the_day_of_a_channel_is_counted_as_a_tills(shop: SmallShop, stand: Stand) -> None:
    shop.checkout({"1": 2})
    stand.clock.pass_(3 * 86400)
    stand.engine.turn()
    sql = "select date, kind, key, amount from total where kind in ('sale', 'tender', 'group')"
    rows = stand.channel.con.execute(sql)
    day = local_day(shop.at, "Europe/Amsterdam")
    assert sorted(rows.fetchall()) == [
        (day, "group", "", SHIPPING), (day, "group", "Kaas", 2 * PRICE), (day, "sale", "", 2 * PRICE + SHIPPING),
        (day, "tender", "web", 2 * PRICE + SHIPPING)]  # fmt: skip


def test_an_order_that_is_not_paid_is_no_turnover_until_it_is_or_leaves(shop: SmallShop, stand: Stand) -> None:
    waits, sent = shop.checkout({"1": 1}, paid=False), shop.checkout({"2": 1}, paid=False)
    stand.engine.turn()
    assert stand.entries("weborder.sale") == []
    shop.at += 60_000
    shop.pay(waits)
    shop.ship(sent)
    sent.paid_at = 0
    stand.engine.turn()
    tenders = {sale["order"]: [x["kind"] for x in sale["tenders"]] for sale in stand.entries("weborder.sale")}
    assert tenders == {waits.id: ["web"], sent.id: ["open"]}
    shop.at += 60_000
    sent.paid_at, sent.modified_at = shop.at, shop.at
    stand.engine.turn()
    last = stand.entries("weborder.sale")[-1]
    assert (last["order"], last["lines"], last["total"]) == (sent.id, [], 0)
    assert {x["kind"]: x["amount"] for x in last["tenders"]} == {"web": PRICE + SHIPPING, "open": -PRICE - SHIPPING}
    stand.sound()


def test_cancelling_books_everything_back_and_paying_again_books_it_again(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 2})
    stand.engine.turn()
    shop.at += 1000
    shop.cancel(order)
    stand.engine.turn()
    assert stand.booked(order.id) == (0, {})
    assert "weborder.cancelled" in stand.kinds()
    order.stage = "prepare"
    shop.at += 1000
    order.modified_at = shop.at
    stand.engine.turn()
    assert stand.booked(order.id)[0] == 2 * PRICE + SHIPPING
    sale = stand.entries("weborder.sale")[1]
    assert {line["kind"] for line in sale["lines"]} == {"return"}
    stand.sound()


def test_a_refund_is_booked_on_its_own_day(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 2})
    stand.engine.turn()
    shop.at += 5 * 86_400_000
    shop.refund(order, order.items[0], 1, restock=True)
    stand.engine.turn()
    back = stand.entries("weborder.sale")[-1]
    assert (back["total"], back["date"]) == (-PRICE, local_day(shop.at, "Europe/Amsterdam"))
    assert [(x["qty"], x["amount"], x["vat"], x["kind"]) for x in back["lines"]] == [(-1000, -PRICE, -90, "return")]
    assert stand.channel.journal.state.grand_returns == PRICE
    stand.sound()


def test_no_journal_holds_the_name_of_a_customer(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 1})
    shop.note(order, "Truus van Dam")
    stand.engine.turn()
    text = "".join(row[0] for row in stand.channel.con.execute("select body from journal"))
    assert "Truus" not in text
    assert stand.wall.rows[order.id]["customer"] == "Truus van Dam"
    before = len(stand.kinds())
    shop.at += 1000
    shop.note(order, "Truus van Dam-Bos")
    stand.engine.turn()
    assert len(stand.kinds()) == before
    assert stand.wall.rows[order.id]["customer"] == "Truus van Dam-Bos"


def test_names_are_thrown_away_when_nobody_needs_them_any_more(shop: SmallShop, stand: Stand) -> None:
    done, here = shop.checkout({"1": 1}), shop.checkout({"2": 1})
    shop.ship(done)
    stand.engine.turn()
    shop.at += 91 * 86_400_000
    stand.clock.pass_(91 * 86_400)
    stand.engine.night()
    assert set(stand.state.customers()) == {here.id}
    assert set(stand.wall.rows) == {here.id}
    assert not stand.engine.night_due()


def test_orders_of_before_are_passed_by_unless_they_are_open(shop: SmallShop, stand: Stand) -> None:
    old, held = shop.checkout({"1": 1}), shop.checkout({"2": 1})
    shop.ship(old)
    stand.crash()
    stand.settings = replace(stand.settings, orders_since=shop.at + 1)
    stand.open()
    stand.engine.turn()
    assert [entry["id"] for entry in stand.entries("weborder.placed")] == [held.id]


def test_a_sale_that_the_till_placed_itself_is_not_booked_a_second_time(shop: SmallShop, stand: Stand) -> None:
    shop.checkout({"1": 1}, key="K1-000007")
    assert stand.engine.turn().orders == 0
    assert stand.kinds()[-1] != "weborder.placed"


def test_a_line_without_article_is_turnover_and_a_person_is_told(shop: SmallShop, stand: Stand) -> None:
    shop.product("9", "ONBEKEND", 5)
    order = shop.checkout({"9": 1})
    stand.engine.turn()
    assert stand.booked(order.id)[0] == PRICE + SHIPPING
    assert "unknown_article" in stand.findings()
    assert stand.entries("weborder.sale")[0]["lines"][0]["vat_code"] == "low"


def test_a_rate_that_nobody_knows_lies_outside_and_keeps_its_vat(
    shop: SmallShop, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.sync.channel.small_shop.RATE", 1900)
    shop.checkout({"1": 1})
    stand.engine.turn()
    (sale,) = stand.entries("weborder.sale")
    assert [(x["code"], x["rate"], x["vat"]) for x in sale["vat"]] == [("high", 2100, 86), ("none", 1900, 90)]
    assert {"unknown_rate", "other_rate"} <= stand.findings()


def test_another_currency_is_not_turnover(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 1})
    dollars = msgspec.structs.replace(shop.seen(order), currency="USD")
    stand.engine._importer.take(dollars)
    assert stand.entries("weborder.sale") == []
    assert stand.entries("weborder.placed")[0]["order"]["currency"] == "USD"


def test_a_line_that_is_taken_out_of_an_order_is_booked_back(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 2, "2": 1})
    stand.engine.turn()
    order.items.pop()
    shop.at += 1000
    order.modified_at = shop.at
    stand.engine.turn()
    assert stand.booked(order.id) == (2 * PRICE + SHIPPING, {f"{order.id}-1": 2000, "s": 1000})
    assert stand.entries("weborder.changed")[0]["was"].keys() == {"lines", "total", "modified_at", "paid", "payments"}
    stand.sound()


def test_another_tariff_books_the_old_one_back_whole(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 1})
    seen = shop.seen(order)
    stand.engine._importer.take(seen)
    line = msgspec.structs.replace(seen.lines[0], rate=2100, vat=189)
    stand.engine._importer.take(msgspec.structs.replace(seen, lines=(line, *seen.lines[1:])))
    last = stand.entries("weborder.sale")[-1]
    assert [(x["rate"], x["amount"], x["vat"], x["vat_code"]) for x in last["lines"]] == [
        (900, -PRICE, -90, "low"), (2100, PRICE, 189, "high")]  # fmt: skip


def test_goods_that_the_shop_sends_leave_the_shelf_and_come_back_to_it(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 3})
    stand.engine.turn()
    shop.at += 1000
    shop.ship(order)
    stand.engine.turn()
    assert stand.entries("weborder.shipped")[0]["lines"] == [{"line": f"{order.id}-1", "sku": "A", "qty": 3000}]
    assert stand.shelf.physical(["A"]) == {"A": 7000}
    shop.at += 1000
    shop.refund(order, order.items[0], 1, restock=True)
    stand.engine.turn()
    assert stand.shelf.physical(["A"]) == {"A": 8000}
    assert stand.entries("weborder.returned")[0]["lines"] == [{"line": f"{order.id}-1", "sku": "A", "qty": 1000}]
    assert shop.stock["1"] == 8
    stand.sound()


@pytest.mark.parametrize(("at", "day"), [
    (1_792_879_199_000, "2026-10-24"), (1_792_879_200_000, "2026-10-25"),  # 00:00, summer
    (1_792_969_199_000, "2026-10-25"), (1_792_969_200_000, "2026-10-26"),  # 00:00, winter
])  # fmt: skip
def test_days_begin_and_end_by_the_clock_on_the_wall(shop: SmallShop, stand: Stand, at: int, day: str) -> None:
    """The night of 25 October 2026 has an hour twice: the day has 25 of them."""
    shop.at = at
    shop.checkout({"1": 1})
    stand.engine.turn()
    assert [sale["date"] for sale in stand.entries("weborder.sale")] == [day]


def test_the_hash_is_of_what_the_shop_says_and_of_nothing_about_a_person(shop: SmallShop) -> None:
    order = shop.seen(shop.checkout({"1": 1}))
    same = msgspec.structs.replace(order, customer="X", note="Y", modified_at=order.modified_at + 1)
    assert content(order)[1] == content(same)[1]
    assert content(order)[1] != content(msgspec.structs.replace(order, status="pending"))[1]
    assert "customer" not in content(order)[0]


ORDER_LINES = st.lists(
    st.tuples(st.sampled_from(["goods", "goods", "shipping", "fee"]), st.integers(-500, 5000), st.integers(1, 5)),
    min_size=1, max_size=6,
)  # fmt: skip


@st.composite
def refunded_orders(draw: st.DrawFn) -> WebOrder:
    """Orders with refunds by the line, without lines, and with less or more than their lines."""
    lines = tuple(
        WebLine(id=str(no), kind=kind, amount=amount, vat=amount * 9 // 109, rate=900, qty=qty * 1000)
        for no, (kind, amount, qty) in enumerate(draw(ORDER_LINES))
    )
    total = sum(line.amount for line in lines)
    refunds, rest = [], total
    for no in range(draw(st.integers(0, 3))):
        if rest <= 0:
            break
        amount = draw(st.integers(1, rest))
        parts = draw(st.lists(st.tuples(st.sampled_from(lines), st.integers(0, 5000), st.integers(0, 2)), max_size=3))
        named = tuple(WebRefundLine(line=x.id, amount=cents, qty=qty * 1000) for x, cents, qty in parts)
        refunds.append(WebRefund(id=str(no), at=no + 1, amount=amount, lines=named))
        rest -= amount
    return WebOrder(id="1", number="1", status="x", stage="prepare", placed_at=1, modified_at=1, total=total,
                    lines=lines, refunds=tuple(refunds))  # fmt: skip


@given(refunded_orders())
def test_what_is_left_is_the_order_less_its_refunds_to_the_cent(order: WebOrder) -> None:
    parts, over = left(order)
    refunded = sum(refund.amount for refund in order.refunds)
    assert sum(part.amount for part in parts.values()) == order.total - refunded + over
    assert over >= 0
    for line in order.lines:
        part = parts[line.id]
        assert 0 <= part.qty <= line.qty
        assert min(0, line.amount) <= part.amount <= max(0, line.amount)
        assert abs(part.vat) <= abs(line.vat)


def test_a_refund_of_what_shipping_cost_is_of_shipping() -> None:
    lines = (WebLine(id="1", amount=1000, vat=0, rate=0), WebLine(id="s", kind="shipping", amount=495, vat=0, rate=0))
    order = WebOrder(id="1", number="1", status="x", stage="done", placed_at=1, modified_at=1, total=1495, lines=lines,
                     refunds=(WebRefund(id="r", at=2, amount=495),))  # fmt: skip
    parts, _ = left(order)
    assert (parts["1"].amount, parts["s"].amount) == (1000, 0)


def test_more_given_back_than_there_was_is_said_and_books_nothing_below_zero(shop: SmallShop, stand: Stand) -> None:
    order = shop.checkout({"1": 1})
    shop.refund(order, order.items[0], 1, restock=False, cents=9000)
    stand.engine.turn()
    assert stand.booked(order.id)[0] == 0
    assert "refund_over" in stand.findings()


def test_a_link_made_later_does_not_book_twice(shop: SmallShop, stand: Stand) -> None:
    stand.catalogue.articles["Z"] = article("Z")
    shop.product("9", "ANDERS", 5)
    order = shop.checkout({"9": 2})
    stand.engine.turn()
    assert stand.engine.link_by_hand("9", "Z", "1")
    shop.at += 1000
    shop.refund(order, order.items[0], 1, restock=True)
    stand.engine.turn()
    assert stand.booked(order.id)[0] == PRICE + SHIPPING
    assert {line["sku"] for sale in stand.entries("weborder.sale") for line in sale["lines"]} == {""}
    assert web_orders.lines(stand.channel.con, order.id)[f"{order.id}-1"].sku == "Z"
    stand.sound()
