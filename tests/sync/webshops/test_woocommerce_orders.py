"""Orders of a WooCommerce shop: money to the cent, counter sales, refunds, steps, and webhooks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.simulate.webshops.server import Fault
from kassa_tui.sync.webshops.access import Options
from kassa_tui.sync.webshops.base import (
    CounterSale,
    Permanent,
    RefundWish,
    SoldLine,
    StockWant,
    Unanswered,
    WebOrder,
    WebRefundLine,
)
from kassa_tui.sync.webshops.woocommerce_orders import REST_LINE, order_of
from kassa_tui.sync.webshops.woocommerce_refunds import refund_body
from kassa_tui.sync.webshops.woocommerce_webhook import webhook
from tests.sync.webshops.conftest import Make
from tests.sync.webshops.contract import pulled, sold
from tests.sync.webshops.test_woocommerce import WooStand
from tests.sync.webshops.test_woocommerce_traps import WooListing

SECRET = "geheim"


def read(stand: WooStand, order: str) -> WebOrder:
    found = stand.connector.order(order)
    assert found is not None
    return found


class TestMoney:
    """Lines add up to the total, whatever the shop rounded where."""

    def test_shipping_is_a_line_with_its_own_tariff(self, shop: Make) -> None:
        stand = shop()
        made = stand.shop.checkout((int(stand.product("A1")), 2), shipping=495, note="Bel aan")
        order = read(stand, str(made.id))
        assert [(line.kind, line.amount, line.vat, line.rate) for line in order.lines] == [
            ("goods", 2998, 248, 900), ("shipping", 495, 86, 2100),
        ]  # fmt: skip
        assert (order.total, order.paid, order.note, order.customer) == (3493, 3493, "Bel aan", "Jo Klant")
        assert (order.payments[0].method, order.payments[0].ref) == ("ideal", f"tr_{made.id}")

    @given(st.lists(st.tuples(st.integers(1, 99_999), st.integers(1, 9), st.sampled_from([2100, 900, 0])),
                    min_size=1, max_size=6))  # fmt: skip
    def test_the_lines_of_any_basket_add_up(self, basket: list[tuple[int, int, int]]) -> None:
        from zoneinfo import ZoneInfo

        from kassa_tui.simulate.webshops.woocommerce import WooShop
        from kassa_tui.simulate.webshops.woocommerce_json import order_json

        shop = WooShop(clock=lambda: 1_795_000_000.0)
        made = shop.checkout(*((shop.product(f"A{no}", price=price, stock=None, rate=rate).id, qty)
                               for no, (price, qty, rate) in enumerate(basket)))  # fmt: skip
        for places in (2, 6):
            order = order_of(order_json(made, shop.books, ZoneInfo("UTC"), places), [], Options())
            goods = [line for line in order.lines if line.kind == "goods"]
            assert sum(line.amount for line in order.lines) == order.total
            assert REST_LINE not in [line.id for line in order.lines]
            for line, (price, qty, rate) in zip(goods, basket, strict=True):
                assert line.rate == rate
                assert abs(line.amount - price * qty) <= 1
                assert abs(line.vat - price * qty * rate / (10_000 + rate)) <= 1.5

    def test_what_a_plugin_took_off_the_total_is_a_line_of_its_own(self) -> None:
        row = {"id": 7, "status": "processing", "total": "5.00", "total_tax": "0.83", "line_items": [
            {"id": 1, "product_id": 3, "quantity": 1, "total": "9.17", "total_tax": "0.83", "taxes": []}]}  # fmt: skip
        order = order_of(row, [], Options())
        assert [(line.id, line.amount, line.vat, line.rate) for line in order.lines] == [
            ("1", 1000, 83, 900), (REST_LINE, -500, 0, 0),
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("country", "vat", "rate"), [("NL", "0.83", 900), ("BE", "0.60", 600), ("FR", "0.83", 900)]
    )
    def test_a_rate_that_is_not_said_is_the_nearest_that_is_known(self, country: str, vat: str, rate: int) -> None:
        row = {"id": 7, "total": "10.00", "total_tax": vat, "line_items": [
            {"id": 1, "total": f"{10 - float(vat):.2f}", "total_tax": vat}]}  # fmt: skip
        assert order_of(row, [], Options(country=country)).lines[0].rate == rate

    @pytest.mark.parametrize(
        ("taxes", "rate"),
        [([(1, ""), (2, "0.83")], 900), ([(1, "0"), (2, "0.83")], 900), ([(1, "0.60"), (2, "0.23")], 3000),
         ([(2, "0")], 900), ([], 900)],
    )  # fmt: skip
    def test_the_lines_own_rates_count_and_not_all_that_are_listed(
        self, taxes: list[tuple[int, str]], rate: int
    ) -> None:
        row = {"id": 7, "total": "10.00", "total_tax": "0.83",
               "tax_lines": [{"id": 1, "rate_id": 1, "rate_percent": 21}, {"id": 2, "rate_id": 2, "rate_percent": 9}],
               "line_items": [{"id": 1, "total": "9.17", "total_tax": "0.83",
                               "taxes": [{"id": id_, "total": total} for id_, total in taxes]}]}  # fmt: skip
        assert order_of(row, [], Options()).lines[0].rate == rate

    @pytest.mark.parametrize("rate_id", [0, "AVATAX-NL", None])
    def test_a_rate_of_a_plugin_may_have_any_id(self, rate_id: Any) -> None:
        line = {"id": 1, "product_id": 3, "quantity": 1, "total": "9.17", "total_tax": "0.83",
                "taxes": [{"id": rate_id, "total": "0.83"}]}  # fmt: skip
        row = {"id": 7, "total": "10.00", "total_tax": "0.83", "line_items": [line],
               "tax_lines": [{"id": 2, "rate_id": 5, "rate_percent": 21}]}  # fmt: skip
        assert order_of(row, [], Options()).lines[0].rate == 900
        wish = RefundWish(key="K1-1", amount=1000, lines=(WebRefundLine(line="1", qty=1000, amount=1000),))
        found = refund_body(row, wish)["line_items"][0]
        assert found["refund_tax"] == [{"id": rate_id, "refund_total": "0.830000"}]

    def test_the_owners_word_on_a_class_goes_before_the_shops(self) -> None:
        row = {"id": 7, "total": "10.00", "total_tax": "0.83", "line_items": [
            {"id": 1, "tax_class": "boeken", "total": "9.17", "total_tax": "0.83"}]}  # fmt: skip
        assert order_of(row, [], Options(vat_rates={"boeken": 600})).lines[0].rate == 600

    def test_cash_on_delivery_is_not_paid_and_to_be_prepared(self, shop: Make) -> None:
        stand = shop()
        made = stand.shop.checkout((int(stand.product("A1")), 1), method="cod")
        order = read(stand, str(made.id))
        assert (order.stage, order.paid, order.paid_at, order.payments) == ("prepare", 0, 0, ())

    @pytest.mark.parametrize("method", ["local_pickup", "pickup_location", "dhl_parcelshop"])
    def test_every_way_of_picking_up(self, shop: Make, method: str) -> None:
        stand = shop(pickup_methods=("dhl_parcelshop",))
        made = stand.shop.checkout((int(stand.product("A1")), 1), pickup=method)
        order = read(stand, str(made.id))
        assert (order.pickup, order.delivery) == (True, method)
        assert order.pickup_at == ("Winkel" if method == "pickup_location" else "Afhalen")

    @pytest.mark.parametrize(
        ("status", "stage"),
        [("pending", "unpaid"), ("on-hold", "unpaid"), ("processing", "prepare"), ("completed", "done"),
         ("cancelled", "cancelled"), ("failed", "cancelled"), ("refunded", "refunded"), ("trash", "cancelled"),
         ("lok-afhalen", "unknown")],
    )  # fmt: skip
    def test_what_a_status_means(self, shop: Make, status: str, stage: str) -> None:
        stand = shop()
        order = stand.buy((stand.product("A1"), 1), paid=False)
        stand.mark(order, status)
        found = read(stand, order)
        assert (found.status, found.stage) == (status, stage)


class TestCounterSale:
    """A sale of the till as an order in the shop."""

    def test_without_six_places_it_comes_a_cent_out(self, shop: Make) -> None:
        stand = shop()
        product = stand.product("A1", price=1499, stock=10)
        line = {"product_id": int(product), "quantity": 2, "total": "27.50"}
        _, short = WooListing(stand).call("POST", "/orders", {}, {"line_items": [line]})
        assert short["total"] == "29.97"
        order = stand.connector.place(sold(product, 2, amount=2998))
        assert json.loads(stand.asked()[-1].body)["line_items"][0]["total"] == "27.504587"
        assert (order.total, order.lines[0].vat) == (2998, 248)

    @given(amount=st.integers(1, 50_000), off=st.integers(0, 500), rate=st.sampled_from([2100, 900, 0]))
    def test_any_amount_comes_out_to_the_cent(self, amount: int, off: int, rate: int) -> None:
        from kassa_tui.simulate.webshops.woocommerce import WooShop
        from kassa_tui.sync.webshops.woocommerce_products import Tariffs
        from kassa_tui.sync.webshops.woocommerce_sale import sale_body

        shop = WooShop(clock=lambda: 1_795_000_000.0)
        product = shop.product("A1", price=100, stock=None, rate=2100)
        tariffs = Tariffs(rates={"": 2100, "reduced-rate": 900, "zero-rate": 0})
        sale = sold(str(product.id), 1, amount=amount, gross=amount + off, rate=rate)
        made = shop.orders.create(sale_body(sale, tariffs, Options()))
        assert abs(int(made.total * 100) - amount) <= (1 if rate else 0)

    def test_it_looks_like_a_sale_and_mails_no_customer(self, shop: Make) -> None:
        stand = shop()
        product = stand.product("A1", price=1499, stock=10)
        order = stand.connector.place(sold(product, 2, amount=2500, gross=2998))
        made = stand.shop.books.orders[int(order.id)]
        assert (made.status, made.payment_method, made.created_via, made.transaction) == (
            "completed", "pos_pin", "till", "K1-000123",
        )  # fmt: skip
        assert (made.billing["company"], made.mails) == ("K1-000123", ["admin"])
        assert made.items[0].subtotal > made.items[0].total
        assert (order.created_via, order.paid, order.lines[0].shipped) == ("till", 2500, 2000)

    def test_what_the_shop_does_not_have_and_what_was_weighed_are_fees(self, shop: Make) -> None:
        stand = shop()
        product = stand.product("A1", price=1499, stock=10)
        lines = (
            SoldLine(name="Inpakken", qty=1000, amount=250, gross=250, vat=43, rate=2100),
            SoldLine(product=product, name="Kaas 0,750 kg", qty=750, amount=1124, gross=1124, vat=93, rate=900),
            SoldLine(name="Statiegeld", qty=1000, amount=25, gross=25, vat=0, rate=1234),
        )
        order = stand.connector.place(CounterSale(key="K1-7", at=0, total=1399, lines=lines))
        assert [(line.kind, line.name, line.amount, line.rate) for line in order.lines] == [
            ("fee", "Inpakken", 250, 2100), ("fee", "Kaas 0,750 kg", 1124, 900), ("fee", "Statiegeld", 25, 0),
        ]  # fmt: skip
        assert (order.total, stand.shown(product)) == (1399, 10)

    def test_a_free_line_is_a_fee_because_the_shop_wants_a_product(self, shop: Make) -> None:
        stand = shop()
        status, told = WooListing(stand).call("POST", "/orders", {}, {"line_items": [{"name": "Los", "quantity": 1}]})
        assert (status, told["message"]) == (400, "Product ID or SKU is required.")

    @pytest.mark.parametrize(("qty", "amount"), [(-1, -1499), (-1, 0), (0, 0), (1, -100)])
    def test_goods_taken_back_are_no_order(self, shop: Make, qty: int, amount: int) -> None:
        stand = shop()
        product = stand.product("A1", stock=10)
        with pytest.raises(Permanent) as error:
            stand.connector.place(sold(product, qty, amount=amount))
        assert error.value.code == "not_supported"
        assert (stand.orders(), stand.writes(), stand.shown(product)) == (0, 0, 10)

    def test_a_negative_quantity_would_be_taken_for_nothing(self, shop: Make) -> None:
        stand = shop()
        product = stand.product("A1", stock=10)
        body = {"status": "completed", "line_items": [{"product_id": int(product), "quantity": -1}]}
        _, made = WooListing(stand).call("POST", "/orders", {}, body)
        assert (made["total"], stand.shown(product)) == ("0.00", 11)

    @pytest.mark.parametrize("storage", ["hpos", "posts"])
    @pytest.mark.parametrize("version", ["9.9.5", "8.2.0"])
    def test_it_is_found_by_its_key_alone(self, shop: Make, storage: str, version: str) -> None:
        stand = shop(shop={"storage": storage, "version": version})
        product = stand.product("A1", stock=100)
        for key in ("K1-0001231", "XK1-000123", "K1-000123", "K1-000124"):
            stand.connector.place(sold(product, key=key))
        found = stand.connector.find("K1-000123")
        assert found is not None
        assert found.key == "K1-000123"
        assert stand.connector.find("K1-00012") is None

    def test_it_is_found_where_searching_does_not(self, shop: Make) -> None:
        stand = shop()
        placed = stand.connector.place(sold(stand.product("A1"), key="K1-000123"))
        stand.shop.books.orders[int(placed.id)].billing.clear()
        stand.shop.books.orders[int(placed.id)].transaction = ""
        found = stand.connector.find("K1-000123")
        assert found is not None
        assert found.id == placed.id

    def test_it_is_found_behind_sixty_later_ones(self, shop: Make) -> None:
        stand = shop()
        product = stand.shop.product("A1", stock=None)
        body = {"created_via": "till", "line_items": [{"product_id": product.id, "quantity": 1}]}
        placed = stand.connector.place(sold(str(product.id), key="K1-000123"))
        for _ in range(60):
            stand.shop.orders.create(body)
        found = stand.connector.find("K1-000123")
        assert found is not None
        assert found.id == placed.id

    def test_a_sale_that_the_shop_made_by_half_is_finished(self, shop: Make) -> None:
        stand = shop()
        product = stand.product("A1", stock=10)
        bring = stand.shop.orders._bring
        stand.shop.orders._bring = lambda order, body: None  # type: ignore[method-assign]
        stand.on_write(Fault("lost"))
        with pytest.raises(Unanswered):
            stand.connector.place(sold(product))
        assert stand.shown(product) == 10
        stand.shop.orders._bring = bring  # type: ignore[method-assign]
        order = stand.connector.place(sold(product))
        assert (order.stage, order.lines[0].taken, stand.shown(product), stand.orders()) == ("done", 1000, 9, 1)

    def test_the_status_can_be_one_that_mails_nobody(self, shop: Make) -> None:
        stand = shop(sale_status="kassa", statuses={"kassa": "done"})
        stand.shop.books.statuses.append("kassa")
        order = stand.connector.place(sold(stand.product("A1")))
        assert (order.status, order.stage) == ("kassa", "done")

    def test_a_product_that_is_gone_is_refused_with_the_shops_words(self, shop: Make) -> None:
        stand = shop()
        product = stand.product("A1")
        stand.remove(product)
        with pytest.raises(Permanent) as error:
            stand.connector.place(sold(product))
        assert (error.value.code, error.value.facts["says"]) == ("refused", "Product ID or SKU is required.")


class TestRefunds:
    """Money back."""

    def make(self, stand: WooStand) -> tuple[str, str, str]:
        """Product, order and line of three pieces of 14.99."""
        product = stand.product("A1", stock=10)
        order = stand.buy((product, 3))
        stand.finish(order)
        return product, order, read(stand, order).lines[0].id

    def test_the_tax_goes_with_its_rate(self, shop: Make) -> None:
        stand = shop()
        product, order, line = self.make(stand)
        wish = RefundWish(key="K1-9", amount=1499, lines=(WebRefundLine(line=line, qty=1000, amount=1499),),
                          restock=True, reason="Stuk")  # fmt: skip
        refund = stand.connector.refund(order, wish)
        body = json.loads(stand.asked()[-1].body)
        assert stand.asked()[-1].method == "POST"
        assert (body["amount"], body["api_refund"], body["api_restock"]) == ("14.99", False, True)
        assert body["line_items"] == [
            {"id": int(line), "quantity": 1, "refund_total": "13.752294",
             "refund_tax": [{"id": 2, "refund_total": "1.237706"}]}
        ]  # fmt: skip
        assert (refund.reason, refund.lines[0].line, refund.lines[0].qty) == ("Stuk [K1-9]", line, 1000)
        assert stand.shown(product) == 8
        found = read(stand, order)
        assert (found.lines[0].taken, found.lines[0].refunded, found.stage) == (2000, 1000, "done")
        assert [(each.amount, each.restocked) for each in found.refunds] == [(1499, True)]

    def test_all_of_it_makes_the_order_refunded(self, shop: Make) -> None:
        stand = shop()
        product, order, _ = self.make(stand)
        stand.connector.refund(order, RefundWish(key="K1-9", amount=4497))
        found = read(stand, order)
        assert (found.stage, found.lines[0].shipped, found.lines[0].taken) == ("refunded", 3000, 3000)
        assert stand.shown(product) == 7

    def test_a_provider_pays_only_what_it_took(self, shop: Make) -> None:
        stand = shop()
        _, order, _ = self.make(stand)
        assert stand.connector.refund(order, RefundWish(key="K1-9", amount=100, pay_out=True)).amount == 100
        assert stand.shop.books.orders[int(order)].refunds[0].paid_back
        placed = stand.connector.place(sold(stand.product("B2")))
        with pytest.raises(Permanent) as error:
            stand.connector.refund(placed.id, RefundWish(key="K1-10", amount=100, pay_out=True))
        assert error.value.facts["status"] == 500
        assert stand.waits == []
        assert stand.connector.refund(placed.id, RefundWish(key="K1-10", amount=100)).amount == 100

    def test_a_refund_without_our_mark_yet_is_known_by_its_reason(self, shop: Make) -> None:
        stand = shop()
        _, order, _ = self.make(stand)
        stand.connector.refund(order, RefundWish(key="K1-9", amount=100))
        stand.shop.books.orders[int(order)].refunds[0].meta.clear()
        stand.connector.refund(order, RefundWish(key="K1-9", amount=100))
        assert stand.refunds(order) == 1
        stand.connector.refund(order, RefundWish(key="1-9", amount=100))
        assert stand.refunds(order) == 2

    def test_the_staffs_own_refunds_say_what_they_put_back(self, shop: Make) -> None:
        stand = shop()
        product, order, line = self.make(stand)
        stand.give_back(order, product, 1, restock=True)
        stand.give_back(order, product, 1, restock=False)
        found = read(stand, order)
        assert [(each.amount, each.restocked) for each in found.refunds] == [(1499, True), (1499, False)]
        assert (found.lines[0].refunded, found.lines[0].taken, line) == (2000, 2000, found.lines[0].id)

    @pytest.mark.parametrize("restock", [True, False])
    def test_what_was_refunded_before_it_was_completed_never_left(self, shop: Make, restock: bool) -> None:
        stand = shop()
        product = stand.product("A1", stock=10)
        order = stand.buy((product, 3))
        stand.go(60)
        stand.give_back(order, product, 1, restock=restock)
        assert read(stand, order).lines[0].shipped == 0
        stand.go(60)
        stand.finish(order)
        assert (read(stand, order).lines[0].shipped, read(stand, order).lines[0].refunded) == (2000, 1000)
        stand.go(60)
        stand.give_back(order, product, 1, restock=restock)
        assert (read(stand, order).lines[0].shipped, read(stand, order).lines[0].refunded) == (2000, 2000)

    def test_a_status_of_refunded_gives_no_goods_back(self, shop: Make) -> None:
        stand = shop()
        product, order, _ = self.make(stand)
        stand.mark(order, "refunded")
        found = read(stand, order)
        assert [(each.amount, each.restocked, each.lines) for each in found.refunds] == [(4497, False, ())]
        assert (found.lines[0].taken, stand.shown(product)) == (3000, 7)

    @pytest.mark.parametrize("order", ["987654", "x", ""])
    def test_no_order_no_refund(self, shop: Make, order: str) -> None:
        stand = shop()
        with pytest.raises(Permanent) as error:
            stand.connector.refund(order, RefundWish(key="K1-9", amount=100))
        assert error.value.code == "unknown_order"


class TestSteps:
    """From the web to the counter."""

    def test_ready_is_a_note_to_the_customer_and_a_mark(self, shop: Make) -> None:
        stand = shop()
        order = stand.buy((stand.product("A1"), 1), pickup=True)
        for _ in range(2):
            found = stand.connector.acknowledge(order, "ready", note="U kunt het ophalen")
            assert (found.status, found.stage) == ("processing", "ready")
        made = stand.shop.books.orders[int(order)]
        assert [(each["note"], each["customer_note"]) for each in made.notes] == [("U kunt het ophalen", True)]
        assert stand.connector.acknowledge(order, "prepare").stage == "ready"
        assert stand.connector.acknowledge(order, "done").stage == "done"

    def test_a_note_whose_answer_was_lost_is_not_mailed_twice(self, shop: Make) -> None:
        stand = shop(notes_to_customer=False)
        order = stand.buy((stand.product("A1"), 1), pickup=True)
        stand.on_write(Fault("lost"))
        with pytest.raises(Unanswered):
            stand.connector.acknowledge(order, "ready", note="Klaar")
        assert stand.connector.acknowledge(order, "ready", note="Klaar").stage == "ready"
        assert [each["customer_note"] for each in stand.shop.books.orders[int(order)].notes] == [False]

    def test_a_plugins_status_is_used_where_the_owner_says(self, shop: Make) -> None:
        stand = shop(steps={"ready": "klaar"}, statuses={"klaar": "ready"})
        stand.shop.books.statuses.append("klaar")
        order = stand.buy((stand.product("A1"), 1))
        found = stand.connector.acknowledge(order, "ready")
        assert (found.status, found.stage) == ("klaar", "ready")
        count = stand.writes()
        assert stand.connector.acknowledge(order, "ready").status == "klaar"
        assert stand.writes() == count

    def test_a_status_that_the_shop_does_not_know_is_refused(self, shop: Make) -> None:
        stand = shop(steps={"ready": "klaar"})
        order = stand.buy((stand.product("A1"), 1))
        with pytest.raises(Permanent) as error:
            stand.connector.acknowledge(order, "ready")
        assert (error.value.code, error.value.facts["status"]) == ("refused", 400)

    def test_what_was_called_off_is_not_handed_over(self, shop: Make) -> None:
        stand = shop()
        product = stand.product("A1", stock=10)
        order = stand.buy((product, 1))
        stand.cancel(order)
        with pytest.raises(Permanent) as error:
            stand.connector.acknowledge(order, "done")
        assert (error.value.code, error.value.facts) == ("refused", {"says": "cancelled"})
        assert stand.shown(product) == 10

    def test_putting_goes_by_post_where_a_host_blocks_it(self, shop: Make) -> None:
        stand = shop(post_instead_of_put=True)
        order = stand.buy((stand.product("A1"), 1))
        assert stand.connector.acknowledge(order, "shipped").stage == "done"
        assert {each.method for each in stand.asked()} == {"GET", "POST"}


class TestWebhook:
    """What the shop sends by itself."""

    def test_a_signed_order_is_a_nudge(self, shop: Make) -> None:
        stand = shop()
        order = stand.buy((stand.product("A1"), 1))
        headers, body = stand.shop.webhook(int(order), SECRET)
        for each in (headers, {name.lower(): value for name, value in headers.items()}):
            found = webhook(each, body, SECRET)
            assert (found.code, found.resource, found.event, found.id) == ("ok", "order", "updated", order)
            assert found.delivery

    def test_the_first_ping_is_not_signed(self) -> None:
        found = webhook({"Content-Type": "application/x-www-form-urlencoded"}, b"webhook_id=1", SECRET)
        assert (found.code, found.id) == ("ping", "1")

    @pytest.mark.parametrize("change", ["body", "signature", "secret", "none", "no_secret", "ping_too"])
    def test_what_is_not_signed_is_not_believed(self, shop: Make, change: str) -> None:
        stand = shop()
        headers, body = stand.shop.webhook(int(stand.buy((stand.product("A1"), 1))), SECRET)
        secret = {"secret": "ander", "no_secret": ""}.get(change, SECRET)
        if change == "body":
            body = body.replace(b"processing", b"cancelled")
        if change == "signature":
            headers["X-WC-Webhook-Signature"] = "é" + headers["X-WC-Webhook-Signature"][1:]
        if change == "none":
            del headers["X-WC-Webhook-Signature"]
        if change == "ping_too":
            body = b"webhook_id=1&id=7"
        assert webhook(headers, body, secret).code == "bad_signature"

    @given(st.dictionaries(st.sampled_from(["X-WC-Webhook-Signature", "X-WC-Webhook-Topic", "X"]), st.text()),
           st.binary(max_size=200), st.text(max_size=20))  # fmt: skip
    def test_whatever_comes_is_judged(self, headers: dict[str, str], body: bytes, secret: str) -> None:
        assert webhook(headers, body, secret).code in ("ping", "bad_signature")

    @given(st.binary(max_size=200))
    def test_whatever_is_signed_is_read(self, body: bytes) -> None:
        import base64
        import hashlib
        import hmac

        signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
        found = webhook({"X-WC-Webhook-Signature": signature, "X-WC-Webhook-Topic": "order.created"}, body, SECRET)
        assert found.code in ("ok", "bad_body")


def test_the_shop_and_the_counter_sell_the_same_piece(shop: Make) -> None:
    stand = shop()
    product = stand.product("A1", stock=3)
    stand.connector.place(sold(product, 2, amount=2998))
    order = stand.buy((product, 1))
    assert stand.shown(product) == 0
    found, _ = pulled(stand)
    assert sorted(each.created_via for each in found.values()) == ["store-api", "till"]
    assert stand.connector.push_stock([StockWant(product=product, qty=0)])[0].code == ""
    assert found[order].lines[0].taken == 1000
