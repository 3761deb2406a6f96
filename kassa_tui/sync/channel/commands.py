"""What the shop must be told: kept until it is done, looked for before it is done again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from kassa_tui.storage import web_orders
from kassa_tui.storage.web_state import WebState
from kassa_tui.storage.web_values import Command
from kassa_tui.sync.channel import books, counter_acts
from kassa_tui.sync.channel.channel import Channel
from kassa_tui.sync.channel.counter_acts import Said
from kassa_tui.sync.channel.details import COMMAND, Details
from kassa_tui.sync.channel.importing import Importer, Linked
from kassa_tui.sync.channel.settings import Settings
from kassa_tui.sync.channel.sold import counter_sale
from kassa_tui.sync.webshops.base import (
    Connector,
    CounterSale,
    Permanent,
    RefundWish,
    Transient,
    WebshopError,
)

STUBBORN = 5
"""Tries after which a command no longer holds up those behind it."""
DETAILS_AT_ONCE = 50
"""Products that are told in one turn."""
HANDED, BACK, PAID = "handed_over", "taken_back", "paid"


@dataclass(frozen=True, slots=True)
class Worked:
    """What came of the commands that waited."""

    done: int
    failed: int
    error: WebshopError | None = None
    more: bool = False
    """There is more to do at once."""


class Commander:
    """Takes what tills say, and tells the shop."""

    def __init__(
        self, settings: Settings, channel: Channel, state: WebState, linked: Linked,
        importer: Importer, details: Details, now: Callable[[], int], stopped: Callable[[], bool],
    ) -> None:  # fmt: skip
        self._stopped = stopped
        self._settings, self._channel, self._state, self._linked = settings, channel, state, linked
        self._importer, self._details, self._now = importer, details, now

    def said(self, key: str, what: str, said: dict[str, Any], at: int) -> bool:
        """A till's word: booked now where the order is known; False where it was said before."""
        kind = BACK if what == BACK else HANDED
        fresh = self._state.put_command(key, kind, {"what": what, "at": at, **said}, at)
        command = self._state.command(key)
        if command is not None and command.state == "waiting":
            self._local(command)
        return fresh

    def work(self, connector: Connector) -> Worked:
        """Do what waits; a passing trouble ends the round, unless one command alone has it.

        Of prices, VAT and codes, which may be those of a whole assortment, some at a time: orders do not wait for them.
        """
        done = failed = 0
        trouble: WebshopError | None = None
        waiting = self._state.waiting()
        details = [command for command in waiting if command.kind == COMMAND]
        urgent = [command for command in waiting if command.kind != COMMAND]
        for command in [*urgent, *details[:DETAILS_AT_ONCE]]:
            if self._stopped():
                break
            try:
                self._do(connector, command)
                done += 1
            except Transient as error:
                self._state.command_failed(command.key, error.code, error.facts)
                if command.tries < STUBBORN:
                    return Worked(done, failed, error)
                trouble = error
            except Permanent as error:
                self._state.command_ended(command.key, self._now(), error.code, error.facts)
                about = {"kind": command.kind, "order": str(command.body.get("order", "")),
                         "product": str(command.body.get("product", "")), "error": error.code}  # fmt: skip
                # What a kind of shop cannot do at all is said once.
                key = command.kind if error.code == "not_supported" else command.key
                self._state.note("command_failed", key, about, self._now())
                failed += 1
        return Worked(done, failed, trouble, len(details) > DETAILS_AT_ONCE)

    def sold(self, body: Mapping[str, Any], at: int) -> bool:
        """A sale of a till, to be placed in the shop; False where it is not."""
        sale = counter_sale(body, at, lambda sku: next(iter(self._linked.by_sku.get(sku, ())), ""))
        if sale is None:
            return False
        facts = {"order": sale.key, "sale": msgspec.to_builtins(sale)}
        return self._state.put_command(f"place:{sale.key}", "place", facts, at)

    def queue_ack(self, order_id: str, key: str) -> None:
        """Have the shop told that an order is done."""
        if self._settings.acknowledge:
            self._state.put_command(f"{key}:ack", "ack", {"order": order_id, "step": "done"}, self._now())

    def _do(self, connector: Connector, command: Command) -> None:
        body = command.body
        if command.kind in (HANDED, BACK):
            if not self._local(command):
                self._fetch(connector, body["order"])
                if not self._local(command):
                    raise Permanent("unknown_order", {"order": body["order"]})
            return
        if command.kind == "ack":
            self._ack(connector, command)
        elif command.kind == "refund":
            self._refund(connector, command)
        elif command.kind == "place":
            self._place(connector, msgspec.convert(body["sale"], CounterSale))
        else:
            self._details.bring(connector, body["product"])
        self._state.command_ended(command.key, self._now())
        self._state.clear("command_failed", [command.key])

    def _local(self, command: Command) -> bool:
        """Book what a till did, once; False where the order is not in the books yet."""
        body = command.body
        row = web_orders.order(self._channel.con, body["order"])
        if row is None:
            return False
        case = self._importer.case(books.stored(row))
        said = Said(
            command.key, body["order"], body["at"], body.get("lines"), body.get("received", 0), body.get("before"),
            body.get("paid_out", 0), body.get("restock", False),
        )  # fmt: skip
        self._book(case, said, body["what"])
        with self._state.together():
            self._state.command_ended(command.key, self._now())
            if body.get("amount"):
                restock = counter_acts.never_left(case, said)
                wish = counter_acts.refund_wish(case, said, body["amount"], pay_out=body["pay_out"], restock=restock)
                facts = {"order": said.order, "wish": msgspec.to_builtins(wish)}
                self._state.put_command(f"{command.key}:refund", "refund", facts, self._now())
            if body["what"] == HANDED and counter_acts.all_gone(self._importer.case(case.order)):
                self.queue_ack(said.order, said.key)
        return True

    def _book(self, case: books.Case, said: Said, what: str) -> None:
        if not web_orders.has_key(self._channel.con, said.key):
            make = {HANDED: counter_acts.handed_over, BACK: counter_acts.taken_back}.get(what, counter_acts.received)
            self._importer.record(make(case, said), case)

    def _fetch(self, connector: Connector, order_id: str) -> None:
        order = connector.order(order_id)
        if order is None:
            raise Permanent("unknown_order", {"order": order_id})
        self._importer.take(order)

    def _ack(self, connector: Connector, command: Command) -> None:
        order_id = command.body["order"]
        order = connector.order(order_id)
        if order is None:
            raise Permanent("unknown_order", {"order": order_id})
        self._importer.take(order)
        if order.stage in books.ENDED:
            facts = {"number": order.number, "stage": order.stage}
            self._state.note("handed_over_ended", order_id, facts, self._now())
        elif order.stage != "done" and counter_acts.all_gone(self._importer.case(order)):
            # Had the order grown meanwhile, the shop would take for gone what is still here.
            self._importer.take(connector.acknowledge(order_id, command.body["step"]))

    def _refund(self, connector: Connector, command: Command) -> None:
        wish = msgspec.convert(command.body["wish"], RefundWish)
        booked = connector.refund(command.body["order"], wish)
        if booked.amount != wish.amount:
            facts = {"order": command.body["order"], "ours": wish.amount, "theirs": booked.amount}
            self._state.note("refunded_otherwise", command.key, facts, self._now())
        self._fetch(connector, command.body["order"])

    def _place(self, connector: Connector, sale: CounterSale) -> None:
        products = [line.product for line in sale.lines if line.product]
        # The shop lowers its own number, whether its answer arrives or not.
        self._state.forget_levels(products)
        order = connector.place(sale)
        self._state.forget_levels(products)
        if order.total != sale.total:
            facts = {"number": sale.key, "ours": sale.total, "theirs": order.total}
            self._state.note("placed_otherwise", sale.key, facts, self._now())
