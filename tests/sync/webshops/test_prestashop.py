"""PrestaShop keeps the contract of all webshops: as installed, an old one, and one behind a difficult host."""

from __future__ import annotations

from pathlib import Path
from ssl import SSLContext
from typing import Any

import pytest

from kassa_tui.simulate.webshops.server import Fault
from kassa_tui.sync.webshops.base import RefundWish, Unanswered
from tests.sync.webshops.contract import Contract, Stand, sold
from tests.sync.webshops.prestashop_stand import PrestaStand


class PrestaContract(Contract):
    """What all stands of PrestaShop have in common."""

    site: dict[str, Any] = {}  # noqa: RUF012
    options: dict[str, Any] = {}  # noqa: RUF012

    def make(self, *, context: SSLContext | None = None, ca_file: Path | None = None, **options: Any) -> Stand:
        stand = PrestaStand(context=context, ca_file=ca_file, site=self.site, **{**self.options, **options})
        self.settle(stand)
        return stand

    def settle(self, stand: PrestaStand) -> None:
        """What is peculiar to the shop's host."""

    def spoil_keys(self, stand: Stand) -> None:
        assert isinstance(stand, PrestaStand)
        stand.shop.webservice.key = "X" * 32

    def last_write_of_place(self, stand: Stand, fault: Fault, product: str) -> None:
        # Before the order come a customer, an address and a cart.
        stand.on_write(fault, skip=3)
        with pytest.raises(Unanswered):
            stand.connector.place(sold(product))

    def test_a_refund_is_booked_once(self, stand: Stand) -> None:
        """A credit slip moves no stock: the goods are put back by the stock that is written next."""
        product = stand.product("A1", stock=10, price=1000)
        order_id = stand.buy((product, 3))
        stand.finish(order_id)
        stand.connector.check()
        wish = RefundWish(key="K1-000124", amount=1000, lines=(self.refund_line(stand, order_id),), restock=True,
                          reason="Te oud")  # fmt: skip
        first = stand.connector.refund(order_id, wish)
        assert (first.amount, first.restocked) == (1000, False)
        assert stand.connector.refund(order_id, wish) == first
        assert (stand.refunds(order_id), stand.shown(product)) == (1, 7)
        order = stand.connector.order(order_id)
        assert order is not None
        assert (order.lines[0].refunded, order.refunds) == (1000, (first,))


class TestPrestaShop(PrestaContract):
    """8.1 as it is installed."""


class TestPrestaShop17(PrestaContract):
    """Before PATCH: whole rows are sent back."""

    site = {"version": "1.7.8.11"}  # noqa: RUF012


class TestDifficultHost(PrestaContract):
    """In a folder, far away, with shared stock; the host strips the header and lets nothing through but POST."""

    site = {"folder": "/winkel", "timezone": "America/New_York", "shared_stock": True}  # noqa: RUF012
    options = {"keys_in_url": True}  # noqa: RUF012

    def settle(self, stand: PrestaStand) -> None:
        stand.shop.webservice.strips_authorization = True
        stand.shop.webservice.blocked = ("PUT", "PATCH", "DELETE")
