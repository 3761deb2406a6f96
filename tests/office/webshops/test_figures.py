"""What a channel's journal comes to in the office, by hand-made entries in the shape that the engine journals."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kassa_office.journal import ingest
from kassa_office.journal.models import Entry, Quarantine
from kassa_office.journal.proof import prove
from kassa_office.journal.rebuild import rebuild
from kassa_office.sales.models import DayTotal, Payment, Sale, SaleLine, SkuDay
from kassa_office.stock.models import StockLevel, StockMove
from kassa_office.tills import shared
from kassa_office.webshops import claims
from kassa_office.webshops.models import WebWish
from kassa_tui.domain.weborder import WebWish as Wish
from kassa_tui.domain.weborder import wish_of, written
from kassa_tui.sync.codec import encode
from tests.office.conftest import VENDORS, Databases, MakeTill, TillHere, till_here
from tests.office.dump import dump
from tests.office.journals import Book, batch_of, line, signer
from tests.office.stock.shelves import branch, push

KEY = signer(77)


class Channel(Book):
    """A channel's journal."""

    def __init__(self) -> None:
        super().__init__("WEB", KEY, who="")

    def order(self, no: int, kind: str = "weborder.placed") -> None:
        """An order as first seen."""
        self.add(kind, {"id": str(no), "number": f"10{no}", "branch": "B1", "order": {"id": str(no)}, "hash": "x"})

    def sold(
        self, *lines: tuple[str, int, int], web: int | None = None, open_: int = 0, date: str = "", happened: int = 0
    ) -> None:  # fmt: skip
        """A sale of (sku, pieces, cents of all) at 9 %; below zero it goes back. Of a day before where that is said."""
        self.receipt += 1
        rows: list[dict[str, Any]] = []
        for no, (sku, pieces, cents) in enumerate(lines, 1):
            vat = round(cents * 9 / 109)
            rows.append({
                "no": no, "kind": "sale" if cents >= 0 else "return", "sku": sku, "name": sku, "group": "Brood",
                "qty": pieces * 1000, "unit": "each", "price": 55, "gross": cents, "amount": cents, "vat_code": "low",
                "rate": 900, "vat": vat, "source": "web", "web_kind": "goods" if sku else "shipping", "line": str(no),
            })  # fmt: skip
        total, vat = sum(row["amount"] for row in rows), sum(row["vat"] for row in rows)
        paid = total - open_ if web is None else web
        tenders = [{"kind": "web", "amount": paid, "ref": "tr_1"}] if paid else []
        tenders += [{"kind": "open", "amount": open_}] if open_ else []
        plus = sum(max(row["amount"], 0) for row in rows)
        self.grand = (self.grand[0] + plus, self.grand[1] + plus - total)
        self.add("weborder.sale", {
            "lines": rows, "ticket": f"t{self.receipt}", "shift": 0, "date": date, "opened": self.at,
            "happened": happened or self.at, "total": total, "rounding": 0, "change": 0, "tenders": tenders,
            "branch": "B1",
            "vat": [{"code": "low", "rate": 900, "gross": total, "net": total - vat, "vat": vat}], "channel": "WEB",
            "webshop": "Webwinkel", "order": "1", "web_number": "101", "no": self.receipt,
            "number": f"WEB-{self.receipt:06d}", "grand": {"sales": self.grand[0], "returns": self.grand[1]},
        })  # fmt: skip

    def moved(self, kind: str, *lines: tuple[str, int]) -> None:
        """Goods left the shelf, or came back to it."""
        rows = [{"line": str(no), "sku": sku, "qty": pieces * 1000} for no, (sku, pieces) in enumerate(lines, 1)]
        self.add(kind, {"id": "1", "number": "101", "branch": "B1", "lines": rows})


def story() -> Channel:
    """Two orders: one sold, sent and partly given back; one with shipping costs, half of it to be paid yet."""
    book = Channel()
    book.order(1)
    book.sold(("6", 3, 165))
    book.moved("weborder.shipped", ("6", 3), ("", 2))
    book.order(2)
    book.sold(("7", 1, 1499), ("", 1, 495), web=1000, open_=994)
    book.order(1, "weborder.changed")
    book.sold(("6", -1, -55))
    book.moved("weborder.returned", ("6", 1))
    book.add("weborder.cancelled", {"id": "2", "number": "102", "branch": "B1"})
    book.add("webshop.linked", {"product": "10", "sku": "6", "how": "sku", "by": ""})
    book.add("webshop.compared", {"products": 2, "different": 0})
    return book


def opened() -> Any:
    """The office's own webshop WEB in B1, with the key that signs."""
    branch("B1")
    made = claims.make("WEB", "woocommerce", "https://winkel.example.nl", "Webwinkel", "B1")
    claims.sign(made, KEY.public.hex())
    return made.till


def take(till: Any, book: Book, places: list[int]) -> None:
    """Some entries come in."""
    batch = batch_of([book.entries[place] for place in places], book.till, high=len(book.entries))
    statuses = {ack.status for ack in ingest.push(till, batch, encode(batch), "identity").acks}
    assert statuses <= {"stored", "duplicate"}, statuses


@pytest.fixture
def told(office_db: Databases) -> Channel:
    """The story is in."""
    book = story()
    take(opened(), book, list(range(len(book.entries))))
    return book


def day(kind: str, key: str = "", till: str = "WEB") -> tuple[int, int, int]:
    """Number, amount and VAT of a day's total."""
    row = DayTotal.objects.get(branch="B1", till=till, kind=kind, key=key)
    return row.n, row.amount, row.vat


def test_turnover_vat_and_payments(told: Channel) -> None:
    assert day("sale") == (3, 165 + 1994 - 55, 14 + 165 - 5)
    assert day("vat", "low:900")[1:] == (2104, 174)
    assert day("tender", "web")[1] == 165 + 1000 - 55
    assert day("tender", "open")[1] == 994
    assert day("return", "web") == (1, -55, 0)
    assert set(Sale.objects.values_list("channel", "number")) == {("Webwinkel", f"WEB-00000{n}") for n in (1, 2, 3)}
    assert set(Payment.objects.filter(branch="B1").values_list("kind", "amount")) == {
        ("web", 165), ("web", 1000), ("open", 994), ("web", -55)
    }  # fmt: skip
    assert set(SaleLine.objects.filter(branch="B1", sku="6").values_list("kind", flat=True)) == {"web"}


@pytest.mark.parametrize(("date", "counted"), [
    ("2025-11-19", "2025-11-19"), ("", ""), ("2025-13-40", ""), ("gisteren", ""),
])  # fmt: skip
def test_a_sale_counts_on_the_day_it_was_paid_however_late_we_hear_of_it(
    office_db: Databases, date: str, counted: str
) -> None:
    book = Channel()
    book.order(1)
    book.sold(("6", 1, 165), date=date, happened=1_763_591_400_000)
    till = opened()
    take(till, book, [0, 1])
    today = str(Entry.objects.get(till="WEB", seq=2).day)
    day_ = counted or today
    assert [str(row.day) for row in Sale.objects.filter(till="WEB")] == [day_]
    assert [str(row.day) for row in SkuDay.objects.filter(branch="B1")] == [day_]
    totals = [(str(row.day), row.kind, row.key) for row in DayTotal.objects.filter(till="WEB")]
    assert (day_, "sale", "") in totals
    assert {at for at, kind, _ in totals} == {day_}
    assert [key for _, kind, key in totals if kind == "hour"] == ["23"]
    receipt = shared.receipt(till, "WEB-000001")
    assert (receipt.till, json.loads(receipt.body)["total"]) == ("WEB", 165)
    assert rebuild() == {}
    (found,) = prove("WEB")
    assert found["complete"]


def test_what_was_asked_for_counts_and_only_what_left_moves_stock(told: Channel) -> None:
    assert {row.sku: (row.qty, row.amount) for row in SkuDay.objects.filter(branch="B1")} == {
        "6": (2000, 110), "7": (1000, 1499),
    }  # fmt: skip
    moves = list(StockMove.objects.filter(branch="B1").order_by("seq").values_list("kind", "sku", "qty"))
    assert moves == [("web", "6", -3000), ("web", "6", 1000)]


def test_the_level_is_the_sum_of_the_ledger(told: Channel) -> None:
    for sku, wanted in (("6", -2000), ("7", 0)):
        level = StockLevel.objects.filter(branch="B1", sku=sku).values_list("qty", flat=True).first() or 0
        moved = sum(StockMove.objects.filter(branch="B1", sku=sku).values_list("qty", flat=True))
        assert level == moved == wanted, sku


def test_rebuilt_tables_are_the_same(told: Channel) -> None:
    before = dump("web_wish")
    assert rebuild() == {}
    assert dump("web_wish") == before


def test_the_proof_knows_the_channel(told: Channel) -> None:
    (one,) = prove(till="WEB")
    assert one["complete"], one
    assert (one["receipts"], one["sales"], one["turnover"]) == ([1, 3], 3, 2104)


def test_a_number_that_was_left_out_shows(office_db: Databases) -> None:
    book = Channel()
    book.sold(("6", 1, 55))
    book.receipt += 1
    book.sold(("6", 1, 55))
    take(opened(), book, [0, 1])
    (one,) = prove(till="WEB")
    assert one["receipts_missing"] == [[2, 2]]
    assert not one["complete"]


@settings(max_examples=8)
@given(order=st.permutations(range(len(story().entries))), cut=st.integers(1, 10))
def test_any_delivery_gives_the_same_tables(databases_of_office: Databases, order: list[int], cut: int) -> None:
    found = []
    for vendor in VENDORS:
        for places in (list(range(len(order))), order):
            databases_of_office.use(vendor)
            book, till = story(), opened()
            take(till, book, places[:cut])
            take(till, book, places[cut - 1 :])
            found.append(dump("web_wish"))
    assert all(each == found[0] for each in found)
    assert len(found[0]["sale"]) == 3


def test_what_is_signed_with_another_key_is_set_apart(office_db: Databases) -> None:
    till, book = opened(), Channel()
    book.signer = signer(78)
    book.sold(("6", 1, 55))
    batch = book.batch()
    ingest.push(till, batch, encode(batch), "identity")
    assert Quarantine.objects.get().code == "signature"
    assert not Sale.objects.exists()


WISHES: list[tuple[dict[str, Any], Wish]] = [
    ({"channel": "WEB", "order": "12", "handed": True}, Wish("WEB", "12", handed=True)),
    ({"channel": "WEB", "order": "12", "back": True, "restock": True, "amount": -55, "by_shop": True,
      "lines": [{"line": "1", "qty": 1000}]},
     Wish("WEB", "12", back=True, restock=True, amount=-55, by_shop=True, lines={"1": 1000})),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "wish"), WISHES)
def test_what_a_till_did_to_an_order_waits_for_the_channel(
    make_till: MakeTill, facts: dict[str, Any], wish: Wish
) -> None:
    here = make_till()
    here.book.add("weborder.taken_back" if wish.back else "weborder.handed_over", facts)
    assert push(here) == ["stored"]
    row = WebWish.objects.get(branch="B1")
    assert (row.channel, row.till, wish_of(json.loads(row.body))) == ("WEB", "K1", wish)
    assert rebuild() == {}
    WebWish.objects.filter(branch="B1").delete()
    assert rebuild() == {"web_wish": 1}
    assert WebWish.objects.filter(branch="B1").count() == 1


def paid(here: TillHere, cents: int = 1000, web: str | None = None) -> None:
    """A ticket on which an order is paid for and fetched, with a bun."""
    wish = Wish("WEB", "12", handed=True, amount=cents)
    money = line("", cents, kind="weborder", vat_code="none", vat_rate=0, group="", code=wish.ref)
    here.book.sale(line("6"), money)
    entry = here.book.entries.pop()
    facts = json.loads(entry.body)
    assert facts["lines"][1]["kind"] == "weborder"
    facts["lines"][1]["web"] = written(wish) if web is None else web
    here.book.at -= 60_000
    here.book.add("sale", facts)


def test_money_at_the_counter_is_no_turnover_and_reaches_the_channel(make_till: MakeTill) -> None:
    here = make_till()
    paid(here)
    assert push(here) == ["stored"]
    assert day("sale", till="K1") == (1, 55, 5)
    assert day("weborder", "received", till="K1")[1] == 1000
    assert day("tender", "cash", till="K1")[1] == 1055
    wish = wish_of(json.loads(WebWish.objects.get(branch="B1").body))
    assert (wish.handed, wish.amount, wish.order) == (True, 1000, "12")
    assert prove(till="K1")[0]["complete"]
    assert StockLevel.objects.get(branch="B1", sku="6").qty == -1000


@pytest.mark.parametrize("web", ["", "{", "[1]", '{"channel": 1}', '{"channel": "WEB", "order": "1", "lines": 3}',
                                 '{"channel": "WEB", "order": "1", "paid": 1e999}'])  # fmt: skip
def test_a_wish_that_cannot_be_read_holds_up_nothing(make_till: MakeTill, web: str) -> None:
    here = make_till()
    paid(here, web=web)
    here.book.add("drawer", {"reason": "wissel"})
    assert push(here) == ["stored", "stored"]
    assert day("sale", till="K1")[1] == 55
    assert not WebWish.objects.filter(branch="B1").exists()


@pytest.mark.parametrize("facts", [{"channel": "WEB"}, {"channel": "WEB", "order": "1", "lines": [{"line": 1}]},
                                   {"channel": "WEB", "order": "1", "amount": 10**15}])  # fmt: skip
def test_a_hand_over_that_cannot_be_read_is_looked_at_by_a_person(make_till: MakeTill, facts: dict[str, Any]) -> None:
    here = make_till()
    here.book.add("weborder.handed_over", facts)
    here.book.add("drawer", {"reason": "wissel"})
    assert "stored" in push(here)
    assert not WebWish.objects.filter(branch="B1").exists()
    assert prove(till="K1")[0]["quarantine"] == 1


def test_a_training_sale_wishes_nothing(office_db: Databases) -> None:
    here = till_here()
    paid(here)
    facts = json.loads(here.book.entries.pop().body)
    here.book.add("sale", {**facts, "training": True})
    push(here)
    assert not WebWish.objects.filter(branch="B1").exists()
