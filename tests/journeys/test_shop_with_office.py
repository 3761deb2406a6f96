"""Two tills and their office, for real: what they share, what each does alone, and that nothing gets lost."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.journeys.shop_with_office import WAIT_S, Demo, Seller


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, made once."""
    made = Demo(tmp_path_factory.mktemp("shop"))
    yield made
    made.stop()


@pytest.fixture
def tills(demo: Demo) -> Iterator[tuple[Seller, Seller]]:
    """K1 and K2, open."""
    both = Seller(demo, "K1"), Seller(demo, "K2")
    yield both
    for till in both:
        till.close()


def all_in(demo: Demo) -> str:
    """The proof, once nothing is on its way any more."""
    until = time.monotonic() + WAIT_S
    while "NIET COMPLEET" in (said := demo.proof()) or not _confirmed(demo):
        assert time.monotonic() < until, said
    return said


def _confirmed(demo: Demo) -> bool:
    statuses = (demo.run("kassa_tui", "sync", "--status", "--config", demo.config(till)) for till in ("K1", "K2"))
    return all("Alles is bij het kantoor" in status.stdout for status in statuses)


def test_a_parked_ticket_is_taken_up_at_the_other_till(demo: Demo, tills: tuple[Seller, Seller]) -> None:
    one, two = tills
    one.does("3 * 6", "park mevrouw Jansen")
    found = two.until("recall K1 1", lambda answer: answer["ok"])
    assert found["outcome"] == "recalled_from"
    assert found["facts"]["till"] == "K1"
    assert found["ticket"]["total"] == 165
    moved = one.no("recall 1")
    assert (moved["code"], moved["facts"]["till"]) == ("ticket_moved", "K2")
    assert one.no("recall")["code"] == "nothing_parked"
    assert two.does("pay cash 10")["facts"]["total"] == 165
    assert "compleet" in all_in(demo)


def test_a_ticket_that_comes_back_to_its_own_till(tills: tuple[Seller, Seller]) -> None:
    one, two = tills
    one.does("6", "park")
    two.until("recall K1 1", lambda answer: answer["ok"])
    two.does("6", "park")
    # K1 still has its first version; what K2 made of it is what counts.
    found = one.until("recall 1", lambda answer: answer.get("code") != "ticket_moved")
    if not found["ok"]:
        found = one.until("recall K2 1", lambda answer: answer["ok"])
    assert found["ticket"]["total"] == 110
    one.does("pay cash 5")


def test_goods_of_another_tills_receipt_come_back_once(tills: tuple[Seller, Seller]) -> None:
    one, two = tills
    number = one.does("3 * 6", "pay cash 10")["facts"]["receipt_number"]
    first = two.until(f"return {number} 1 2", lambda answer: answer["ok"])
    assert first["facts"]["amount"] == -110
    two.does("pay cash")
    assert two.no(f"return {number} 1 2")["code"] == "too_many_returned"
    # The other till hears of it by way of the office only, its own receipt or not.
    assert two.does(f"return {number} 1 1")["facts"]["amount"] == -55
    two.does("pay cash")
    assert two.no(f"return {number}")["code"] == "already_returned"
    assert two.no("return K1-999999")["code"] == "unknown_receipt"


def test_a_voucher_of_one_till_pays_at_the_other_and_never_twice(tills: tuple[Seller, Seller]) -> None:
    one, two = tills
    voucher = one.does("issue-voucher 5")["facts"]["number"]
    one.does("pay cash 5")
    paid = two.until("6", lambda answer: answer["ok"])
    assert paid["ticket"]["total"] == 55
    two.until(f"pay voucher {voucher}", lambda answer: answer["ok"])
    # 4.45 is left, and the till that issued it knows so.
    one.does("10 * 6")
    left = one.until(f"pay voucher {voucher}", lambda answer: answer["ok"])
    assert left["facts"]["due"] == 550 - 445
    one.does("pay cash")
    two.does("6")
    assert two.until(f"pay voucher {voucher}", lambda answer: True)["code"] == "voucher_used"
    two.does("pay cash")


def test_without_the_office_each_sells_on_and_says_what_it_cannot_do(demo: Demo, tills: tuple[Seller, Seller]) -> None:
    one, two = tills
    number = one.does("6", "pay cash 1")["facts"]["receipt_number"]
    voucher = one.does("issue-voucher 5")["facts"]["number"]
    one.does("pay cash 5")
    all_in(demo)
    demo.plug("k", "eruit")
    began = time.monotonic()
    assert two.no("recall K1 1")["code"] == "parked_offline"
    assert two.no(f"return {number}")["code"] == "return_offline"
    two.does("6")
    assert two.no(f"pay voucher {voucher}")["code"] == "voucher_offline"
    assert time.monotonic() - began < 3 * 1.5 + 2
    two.does("pay cash 1")
    one.does("2 * 6", "park", "recall", f"pay voucher {voucher}")
    sold = [till.does("6", "pay cash 1")["facts"]["receipt_number"] for till in tills]
    assert all(sold)
    demo.plug("k", "weer in")
    assert all_in(demo).count("compleet") == 4


def test_everything_is_pulled_and_the_books_are_equal(demo: Demo, tills: tuple[Seller, Seller]) -> None:
    one, two = tills
    demo.plug("1", "eruit")
    one.does("6", "pay cash 1")
    two.does("6", "pay cash 1")
    assert one.no("recall K2 1")["code"] == "parked_offline"
    demo.plug("k", "eruit")
    demo.plug("1", "weer in")
    one.does("6", "pay cash 1")
    demo.plug("k", "weer in")
    assert all_in(demo).count("compleet") == 4
    for till in tills:
        till.close()
    for name in ("K1", "K2"):
        for what in ("verify", "rebuild"):
            done = demo.run("kassa_tui", "journal", what, "--config", demo.config(name))
            assert done.returncode == 0, done.stdout + done.stderr
    office = ("kassa_office", "rebuild", "--check", "--config", str(demo.folder / "demo" / "office.toml"))
    assert demo.run(*office).returncode == 0
