"""What goes up: everything, once, in order, whatever the office or the line does meanwhile."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kassa_tui.sync.outbox import BATCH_BYTES
from kassa_tui.sync.port import OfficeError
from tests.sync.conftest import Clock, Shop
from tests.sync.office import Office, seqs

HIGH = 30


def _deliver(shop: Shop, office: Office, rounds: int = 40) -> None:
    """Rounds until nothing waits, each a minute after the other."""
    agent = shop.agent(office)  # type: ignore[arg-type]
    try:
        for _ in range(rounds):
            if agent.once() is None and not agent.outbox.pending():
                return
            shop.clock.go(60)
    finally:
        agent.close()
    raise AssertionError("not delivered")


def test_every_entry_arrives_once_and_in_order(shop: Shop, office: Office) -> None:
    shop.sell(HIGH)
    _deliver(shop, office)
    assert seqs(office.entries.values()) == list(range(1, HIGH + 1))
    assert [seqs(batch.entries) for batch in office.batches] == [list(range(1, HIGH + 1))]
    assert office.batches[0].high == HIGH
    assert office.beats[-1].waiting == 0


def test_nothing_is_sent_twice_without_need(shop: Shop, office: Office) -> None:
    shop.sell(3)
    _deliver(shop, office)
    shop.sell(2)
    _deliver(shop, office)
    assert [seqs(batch.entries) for batch in office.batches] == [[1, 2, 3], [4, 5]]


def test_a_lost_answer_sends_again_and_counts_the_duplicate(shop: Shop, office: Office) -> None:
    shop.sell(5)
    lost = iter([True, True])

    def lose(what: str) -> None:
        if what == "push" and next(lost, False):
            raise OfficeError("timeout")

    office.after = lose
    _deliver(shop, office)
    assert len(office.batches) == 3
    assert seqs(office.entries.values()) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("status", ["quarantined", "conflict"])
def test_what_the_office_will_not_count_is_told_and_holds_up_nothing(shop: Shop, office: Office, status: str) -> None:
    shop.sell(6)
    office.odd = {3: status}
    _deliver(shop, office)
    assert set(office.entries) >= {1, 2, 4, 5, 6}
    agent = shop.agent(office)  # type: ignore[arg-type]
    try:
        assert agent.state.aside() == [(3, status, "hash")]
        assert not agent.outbox.pending()
        sent = len(office.batches)
        assert agent.once() is None
        assert len(office.batches) == sent, "it is not offered over and over"
    finally:
        agent.close()


def test_poison_is_found_set_aside_and_offered_again_when_the_office_has_learned(shop: Shop, office: Office) -> None:
    shop.sell(20)
    office.poison = {7, 13}
    _deliver(shop, office)
    assert set(office.entries) == set(range(1, 21)) - {7, 13}
    agent = shop.agent(office)  # type: ignore[arg-type]
    try:
        assert [seq for seq, _, _ in agent.state.aside("stuck")] == [7, 13]
        assert agent.outbox.waiting().entries == 2
        office.poison = set()
        assert agent.once() is None
        assert agent.state.aside() == []
    finally:
        agent.close()
    assert set(office.entries) == set(range(1, 21))


def test_an_office_restored_from_a_backup_is_filled_again(shop: Shop, office: Office) -> None:
    shop.sell(20)
    _deliver(shop, office)
    office.restore(8)
    shop.sell(2)
    _deliver(shop, office)
    assert set(office.entries) == set(range(1, 23))


def test_an_office_set_back_without_a_new_epoch_is_believed_once(shop: Shop, office: Office) -> None:
    shop.sell(20)
    _deliver(shop, office)
    office.restore(8, office.epoch)
    _deliver(shop, office)
    assert set(office.entries) == set(range(1, 21))


def test_an_office_that_keeps_asking_for_what_it_has_gets_no_flood(shop: Shop, office: Office) -> None:
    shop.sell(5)
    _deliver(shop, office)
    office.entries.pop(3)
    office.odd = {3: "stored"}
    office.batches.clear()
    for _ in range(10):
        _deliver(shop, office)
    assert len(office.batches) <= 3


def test_a_lost_sync_db_costs_nothing(shop: Shop, office: Office) -> None:
    shop.sell(12)
    _deliver(shop, office)
    for path in shop.data.glob("sync.db*"):
        path.unlink()
    shop.sell(1)
    office.batches.clear()
    _deliver(shop, office)
    assert [seqs(batch.entries) for batch in office.batches] == [[13]]


def test_a_till_set_back_by_an_old_copy_is_told(shop: Shop, office: Office, tmp_path: Any) -> None:
    shop.sell(10)
    _deliver(shop, office)
    other = Shop(tmp_path / "old", Clock())
    other.sell(4)
    agent = other.agent(office)  # type: ignore[arg-type]
    try:
        agent.once()
        assert agent.state.now.trouble == "office_ahead"
    finally:
        agent.close()


def test_batches_are_bounded_in_bytes(shop: Shop, office: Office) -> None:
    shop.sell(8, size=300_000)
    _deliver(shop, office)
    sizes = [sum(len(entry.body) for entry in batch.entries) for batch in office.batches]
    assert len(office.entries) == 8
    assert max(sizes) <= BATCH_BYTES


def test_turnover_and_receipts_that_wait_are_known(shop: Shop, office: Office) -> None:
    shop.sell(4)
    agent = shop.agent(office)  # type: ignore[arg-type]
    try:
        assert (agent.outbox.waiting().turnover, agent.outbox.waiting().receipts) == (220, 4)
        assert agent.once() is None
        assert (agent.outbox.waiting().turnover, agent.outbox.waiting().receipts) == (0, 0)
        assert (office.beats[0].turnover, office.beats[0].waiting, office.beats[0].receipt) == (220, 4, 4)
    finally:
        agent.close()


def test_memory_is_bounded_however_much_waits(shop: Shop, office: Office) -> None:
    shop.sell(120, size=100_000)
    agent = shop.agent(office)  # type: ignore[arg-type]
    office.after = lambda what: office.batches.clear()
    try:
        tracemalloc.start()
        kept = 0
        while agent.outbox.pending():
            assert agent._push(1) is None
            for entry in office.entries.values():
                entry.body = ""
            kept = max(kept, tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
        agent.close()
    assert len(office.entries) == 120
    assert kept < 12 * BATCH_BYTES


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    st.lists(
        st.sampled_from(["sell", "push", "lose", "refuse", "restore", "forget", "odd", "poison"]),
        min_size=4,
        max_size=20,
    )
)
def test_whatever_happens_everything_arrives(tmp_path_factory: pytest.TempPathFactory, acts: list[str]) -> None:
    """Any order of sales, failures, restored offices and lost notes: in the end the office has the whole journal."""
    clock, office = Clock(), Office()
    shop = Shop(tmp_path_factory.mktemp("till"), clock)
    shop.sell(1)
    fail: list[str] = []

    def after(what: str) -> None:
        if what == "push" and fail:
            raise OfficeError(fail.pop())

    office.after = after
    for act in acts:
        match act:
            case "sell":
                shop.sell(3)
            case "lose":
                fail.append("timeout")
            case "refuse":
                fail.append("unauthorised")
            case "restore":
                office.restore(len(office.entries) // 2, f"{len(office.batches):032x}")
            case "forget":
                for path in shop.data.glob("sync.db*"):
                    path.unlink()
            case "odd":
                office.odd[len(office.entries) + 2] = "quarantined"
            case "poison":
                office.poison.add(len(office.entries) + 1)
            case _:
                agent = shop.agent(office)  # type: ignore[arg-type]
                agent.once()
                agent.close()
                clock.go(1000)
    fail.clear()
    office.poison.clear()
    _deliver(shop, office)
    store = shop.store()
    high = store.read.execute("select max(seq) from journal").fetchone()[0]
    store.close()
    assert set(office.entries) == set(range(1, high + 1))
