"""Proposals, orders, transfers and counts: what is reckoned, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.utils import timezone

from kassa_office.catalogue.models import FeedPending, Supplier
from kassa_office.journal.models import Alarm
from kassa_office.sales.models import SkuDay
from kassa_office.stock import counts, demand, ledger, orders, proposals, telling, transfers
from kassa_office.stock.ledger import Note, book
from kassa_office.stock.models import PurchaseOrder, StockMove, StockRule, StockTake, Transfer
from kassa_office.stock.transfers import Wrong
from tests.office.conftest import MakeTill
from tests.office.journals import START, line
from tests.office.stock.shelves import article, branch, push, sold, supplier

NOW = Note("els")


def steady(place: str, sku: str, per_day: Sequence[int], stock: int, days: int = demand.WINDOW) -> None:
    """So many sold on each day of the window, in turn, and so much there now."""
    today, total = timezone.localdate(), 0
    for back in range(1, days + 1):
        qty = per_day[back % len(per_day)]
        total += qty
        sold(place, sku, today - timedelta(days=back), qty)
    before = int((timezone.now() - timedelta(days=days + 2)).timestamp() * 1000)
    book(place, "received", [(sku, stock + total)], Note("els", at=before))
    # The day's totals are there without the sales, so the level is told what they took.
    book(place, "web", [(sku, -total)], Note("els", at=before))


def one(place: str, sku: str) -> proposals.Proposal:
    """What is said of an article."""
    return next(each for each in proposals.proposals(place, all_of_them=True) if each.article.sku == sku)


def test_demand_leaves_out_days_without_stock(office_db: object) -> None:
    branch("B1")
    article("6")
    today = timezone.localdate()
    for back in (1, 2, 3):
        sold("B1", "6", today - timedelta(days=back), 8000)
    # It came in four days ago and has been sold out since yesterday evening: three days count, not fifty-six.
    at = int((timezone.now() - timedelta(days=3)).timestamp() * 1000)
    book("B1", "received", [("6", 24_000)], Note("els", at=at))
    book("B1", "web", [("6", -24_000)], Note("els", at=at - 40 * 86_400_000 * 2))
    found = proposals.read(["B1"])["B1"].demands["6"]
    assert found.mean == 8000.0
    assert found.days == 3


def test_what_is_short_is_proposed_in_packs(office_db: object) -> None:
    branch("B1")
    article("6", pack=6000)
    article("7", pack=6000)
    steady("B1", "6", [5000, 11_000], stock=20_000)
    steady("B1", "7", [5000, 11_000], stock=200_000)
    found = proposals.proposals("B1")
    assert [each.article.sku for each in found] == ["6"]
    assert round(found[0].demand.mean) == 8000
    assert found[0].buy == -(-(found[0].limits.maximum - 20_000) // 6000) * 6000
    assert found[0].cover == 2.5
    assert found[0].runs_out


def test_limits_of_a_person_win(office_db: object) -> None:
    branch("B1")
    article("6")
    steady("B1", "6", [8000], stock=20_000)
    StockRule.objects.create(branch="B1", sku="6", minimum=20_000, maximum=30_000)
    found = one("B1", "6")
    assert (found.limits.fixed, found.buy) == (True, 10_000)
    StockRule.objects.update(minimum=19_000)
    assert one("B1", "6").buy == 0


def test_what_hardly_sells_is_bought_when_it_is_gone(office_db: object) -> None:
    branch("B1")
    article("6", pack=3000)
    today = timezone.localdate()
    sold("B1", "6", today - timedelta(days=5), 1000)
    book("B1", "received", [("6", 1000)], Note("els", at=START - 86_400_000))
    assert one("B1", "6").buy == 0
    book("B1", "corrected", [("6", -1000)], Note("els", at=START - 86_400_000))
    assert one("B1", "6").buy == 3000


def test_stock_that_is_not_kept_is_not_proposed(office_db: object) -> None:
    branch("B1")
    article("6")
    sold("B1", "6", timezone.localdate() - timedelta(days=1), 9000)
    assert proposals.proposals("B1", all_of_them=True) == []


def test_another_branch_comes_first(office_db: object) -> None:
    branch("B1")
    branch("B2")
    article("6", pack=6000)
    StockRule.objects.create(branch="B1", sku="6", minimum=10_000, maximum=40_000)
    StockRule.objects.create(branch="B2", sku="6", minimum=10_000, maximum=20_000)
    book("B1", "received", [("6", 5000)], NOW)
    book("B2", "received", [("6", 30_500)], NOW)
    found = one("B1", "6")
    assert found.move == [("B2", 10_000)]
    assert found.buy == 30_000
    assert one("B2", "6").move == []


def test_what_is_on_its_way_counts(office_db: object) -> None:
    branch("B1")
    branch("B2")
    article("6")
    StockRule.objects.create(branch="B1", sku="6", minimum=10_000, maximum=40_000)
    book("B2", "received", [("6", 6000)], NOW)
    StockRule.objects.create(branch="B2", sku="6", minimum=0, maximum=90_000)
    order = orders.make("B1", "L1", [("6", 20_000)], "els")
    assert one("B1", "6").buy == 40_000
    orders.send(order.number)
    transfer = transfers.make("B2", "B1", [("6", 6000)], "els")
    transfers.send(transfer.number, "els")
    found = one("B1", "6")
    assert (found.on_hand, found.on_order, found.buy) == (0, 26_000, 0)


def test_an_order_is_filled_up_to_what_the_supplier_delivers_at_least(office_db: object) -> None:
    branch("B1")
    supplier("L1", minimum=50_000)
    article("6", cost=100, pack=6000)
    steady("B1", "6", [8000], stock=10_000)
    found = [one("B1", "6")]
    (filled,) = proposals.order_lines(found, Supplier.objects.get())
    assert filled == ("6", 504_000)
    assert found[0].buy < 504_000


def test_an_order_from_draft_to_the_end(make_till: MakeTill) -> None:
    here = make_till("B1")
    article("6", cost=110)
    article("7")
    order = orders.make("B1", "L1", [("6", 24_000), ("7", 6000)], "els")
    assert order.number.startswith("B")
    orders.edit(order.number, [("6", 12_000), ("7", 0), ("nergens", 1000)])
    orders.edit(order.number, [("7", 6000)])
    with pytest.raises(Wrong, match="not_open"):
        orders.receive(order.number, [("6", 1000)], "els")
    orders.send(order.number)
    with pytest.raises(Wrong, match="not_draft"):
        orders.send(order.number)
    with pytest.raises(Wrong, match="not_draft"):
        orders.edit(order.number, [("6", 1000)])
    body = {"order": order.number, "lines": [{"sku": "6", "qty": 5000}]}
    here.book.add("stock.received", body)
    push(here)
    assert orders.refresh() == "1 orders"
    order.refresh_from_db()
    assert (order.state, order.arrived_at is not None) == ("partly", True)
    assert orders.on_order("B1") == {"6": 7000, "7": 6000}
    orders.receive(order.number, [("6", 7000), ("7", 6000)], "els")
    order.refresh_from_db()
    assert order.state == "closed"
    assert [(row.sku, row.ordered, row.received, row.open, row.amount) for row in orders.lines_of(order)] == [
        ("6", 12_000, 12_000, 0, 1320), ("7", 6000, 6000, 0, 0)
    ]  # fmt: skip
    assert ledger.levels(["B1"]) == {("B1", "6"): 12_000, ("B1", "7"): 6000}
    assert orders.refresh() is None


def test_an_order_that_stays_short_is_closed_by_a_person(office_db: object) -> None:
    branch("B1")
    article("6")
    sent, draft = (orders.make("B1", "L1", [("6", 24_000)], "els") for _ in range(2))
    orders.send(sent.number)
    orders.receive(sent.number, [("6", 1000)], "els")
    assert [orders.close(each.number).state for each in (sent, draft)] == ["closed", "cancelled"]
    assert orders.on_order("B1") == {}
    assert [row.number[-4:] for row in PurchaseOrder.objects.order_by("number")] == ["0001", "0002"]
    with pytest.raises(Wrong, match="no_lines"):
        orders.make("B1", "L1", [("6", 0)], "els")


def test_a_suppliers_lead_time_is_measured(office_db: object) -> None:
    branch("B1")
    article("6")
    given = Supplier.objects.get()
    assert orders.deviations() == {}
    for days in (3, 5, 7):
        order = orders.make("B1", "L1", [("6", 1000)], "els")
        now = timezone.now()
        PurchaseOrder.objects.filter(pk=order.pk).update(sent_at=now - timedelta(days=days), arrived_at=now)
    assert round(orders.deviations()[given.code], 6) == 2.0


def test_a_transfer_with_something_lost(office_db: object) -> None:
    branch("B1")
    branch("B2")
    article("6")
    book("B1", "received", [("6", 20_000)], NOW)
    made = transfers.make("B1", "B2", [("6", 8000), ("6", 4000)], "els")
    assert transfers.state_of(made) == "draft"
    with pytest.raises(Wrong, match="not_under_way"):
        transfers.arrive(made.number, [("6", 1000)], "jan")
    transfers.send(made.number, "els")
    assert ledger.levels(["B1", "B2"]) == {("B1", "6"): 8000}
    found = transfers.arrive(made.number, [("6", 10_000)], "jan")
    assert transfers.state_of(found) == "under_way"
    assert [(each.sent, each.arrived, each.open) for each in transfers.lines_of(found)] == [(12_000, 10_000, 2000)]
    assert transfers.state_of(transfers.close(made.number)) == "closed"
    assert ledger.levels(["B1", "B2"]) == {("B1", "6"): 8000, ("B2", "6"): 10_000}
    assert transfers.under_way_to("B2") == {}


def test_a_transfer_that_is_whole_closes_itself(make_till: MakeTill) -> None:
    one_, other = make_till("B1", "K1"), make_till("B2", "K2")
    body = {"number": "K1-V1", "lines": [{"sku": "6", "qty": 3000}]}
    one_.book.add("stock.transfer", {**body, "branch": "B2", "direction": "sent"})
    other.book.add("stock.transfer", {**body, "branch": "B1", "direction": "arrived"})
    push(one_)
    assert transfers.refresh() == "1 transfers of tills, 0 closed"
    found = Transfer.objects.get()
    assert (found.source, found.target, found.made_by, transfers.state_of(found)) == ("B1", "B2", "K1", "under_way")
    assert transfers.under_way_to("B2") == {"6": 3000}
    push(other)
    assert transfers.refresh() == "0 transfers of tills, 1 closed"
    assert transfers.refresh() is None


@pytest.mark.parametrize("lines", [[], [("6", 0)]])
def test_transfers_that_cannot_be(office_db: object, lines: list[tuple[str, int]]) -> None:
    with pytest.raises(Wrong, match="no_lines"):
        transfers.make("B1", "B2", lines, "els")
    with pytest.raises(Wrong, match="same_branch"):
        transfers.make("B1", "B1", [("6", 1000)], "els")


def test_counts_of_two_places_are_one_stock_take(make_till: MakeTill) -> None:
    here = make_till("B1")
    b = here.book
    b.add(
        "stock.received", {"lines": [{"sku": "6", "qty": 20_000}, {"sku": "7", "qty": 5000}, {"sku": "8", "qty": 1000}]}
    )
    b.add("stock.count", {"area": "Winkel", "lines": [{"sku": "6", "qty": 8000}, {"sku": "7", "qty": 5000}]})
    b.sale(line("6", 55, 2000))
    b.add("stock.count", {"area": "Magazijn", "lines": [{"sku": "6", "qty": 9000}],
                          "unknown": [{"code": "99", "qty": 4000}]})  # fmt: skip
    push(here)
    waiting = counts.open_counts(["B1"])
    assert [(each.seq, each.area, each.lines, each.unknown) for each in waiting] == [
        (4, "Magazijn", 1, 1), (2, "Winkel", 2, 0)
    ]  # fmt: skip
    assert [(row.code, row.qty) for row in counts.unknown_codes(["B1"])] == [("99", 4000)]
    keys = [each.key for each in waiting]
    assert [(each.sku, each.expected, each.counted, each.qty) for each in counts.differences("B1", keys)] == [
        ("6", 18_000, 17_000, -1000), ("7", 5000, 5000, 0)
    ]  # fmt: skip
    whole = counts.differences("B1", keys, whole=True)
    assert [(each.sku, each.qty) for each in whole] == [("6", -1000), ("7", 0), ("8", -1000)]
    made = counts.take("B1", keys, "els", whole=True)
    assert ledger.levels(["B1"]) == {("B1", "6"): 17_000, ("B1", "7"): 5000, ("B1", "8"): 0}
    moves = StockMove.objects.filter(till="OFFICE").order_by("sku")
    assert [(row.kind, row.sku, row.qty, row.ref) for row in moves] == [
        ("counted", "6", -1000, made.number), ("counted", "8", -1000, made.number)
    ]  # fmt: skip
    assert counts.open_counts(["B1"]) == []
    assert counts.unknown_codes(["B1"]) == []
    for again in (keys, [], [("B1", "K1", 77)]):
        with pytest.raises(ValueError, match="open counts"):
            counts.take("B1", again, "els")
    assert StockTake.objects.count() == 1


def test_two_stock_takes_in_any_order(make_till: MakeTill) -> None:
    here = make_till("B1")
    b = here.book
    b.add("stock.received", {"lines": [{"sku": "6", "qty": 20_000}]})
    b.add("stock.count", {"lines": [{"sku": "6", "qty": 15_000}]})
    b.sale(line("6", 55, 1000))
    b.add("stock.count", {"lines": [{"sku": "6", "qty": 12_000}]})
    push(here)
    counts.take("B1", [("B1", "K1", 4)], "els")
    assert ledger.levels(["B1"]) == {("B1", "6"): 12_000}
    counts.take("B1", [("B1", "K1", 2)], "els")
    assert ledger.levels(["B1"]) == {("B1", "6"): 12_000}
    assert ledger.level_at("B1", ["6"], b.entries[1].at) == {"6": 15_000}
    assert counts.settle() is None


def test_tills_that_have_not_sent_everything_are_named(make_till: MakeTill) -> None:
    one_, other = make_till("B1", "K1"), make_till("B1", "K2")
    one_.book.sale(line())
    push(one_)
    assert counts.missing_before("B1", START) == ["K2"]
    assert counts.missing_before("B1", 2**53) == ["K1", "K2"]
    assert other.till.code == "K2"


def test_tills_are_told_of_what_changed(office_db: object) -> None:
    branch("B1")
    branch("B2")
    book("B1", "received", [("6", 4000), ("7", 1000)], Note("els", at=START))
    assert telling.tell() == "2 levels"
    assert telling.tell() is None
    book("B2", "received", [("6", 9000)], Note("els", at=START + 5))
    book("B1", "corrected", [("7", 1000)], Note("els", at=START + 7))
    assert telling.tell() == "2 levels"
    told = FeedPending.objects.order_by("id").values_list("scope", "table", "key", "data")
    assert list(told) == [
        ("all", "stock", "B1:6", f'{{"at":{START},"qty":4000}}'),
        ("all", "stock", "B1:7", f'{{"at":{START},"qty":1000}}'),
        ("all", "stock", "B1:7", f'{{"at":{START + 7},"qty":2000}}'),
        ("all", "stock", "B2:6", f'{{"at":{START + 5},"qty":9000}}'),
    ]  # fmt: skip


def test_an_alarm_for_what_runs_out_that_mends_itself(office_db: object) -> None:
    branch("B1")
    article("6")
    steady("B1", "6", [8000], stock=20_000)
    assert proposals.alarm() == "1 branches run out of something"
    row = Alarm.objects.get(code="stock", branch="B1")
    assert (row.facts, row.closed_at) == ({"n": 1, "articles": "6 Artikel 6"}, None)
    order = orders.make("B1", "L1", [("6", 100_000)], "els")
    orders.send(order.number)
    assert proposals.alarm() is None
    assert Alarm.objects.get().closed_at is not None
    assert SkuDay.objects.count() == demand.WINDOW
