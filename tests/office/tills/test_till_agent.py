"""The till's own agent against the real office, in one process: enrolled, filled, sold, restored, replaced."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from kassa_office.catalogue.models import Article, Barcode, Group, Price, VatRate
from kassa_office.journal.models import Entry, Quarantine
from kassa_office.tills import enrolment
from kassa_office.tills.models import Branch, Till, TillCursor, TillState
from kassa_office.tills.office import new_epoch
from kassa_office.tills.port import OfficeForTill
from kassa_tui.storage.journal import verify
from kassa_tui.storage.keys import verify as check
from kassa_tui.storage.shop import Shop as ShopReader
from kassa_tui.sync.agent import Agent
from kassa_tui.sync.enrol import join, take_over
from tests.office.conftest import Databases
from tests.sync.conftest import Clock, Shop

EAN, DAY = "8710400280507", "2026-11-22"


def _office() -> Till:
    branch = Branch.objects.create(code="B1", name="Utrecht")
    for code, rate in (("high", 2100), ("low", 900), ("zero", 0), ("none", 0)):
        VatRate.objects.update_or_create(country="NL", code=code, valid_from="2019-01-01", defaults={"rate": rate})
    group = Group.objects.create(name="Zuivel", vat="low")
    for number in range(30):
        article = Article.objects.create(sku=f"A{number}", name=f"Melk soort {number}", group=group, vat="low")
        Price.objects.create(article=article, valid_from="2026-01-01", amount=100 + number)
    Barcode.objects.create(code=f"0{EAN}", article_id="A7")
    return Till.objects.create(code="K1", branch=branch)


def _enrolled(folder: Path, till: Till, *, replaces: bool = False, at: int = 0) -> tuple[Shop, OfficeForTill]:
    shop = Shop(folder, Clock(at) if at else Clock())
    shop.store().close()
    port = OfficeForTill(till, "127.0.0.1")
    joined = join(shop.config, port, enrolment.issue_code(till, "test", replaces=replaces), "9.9")
    assert (joined.till, joined.branch, joined.replaces) == ("K1", "B1", replaces)
    till.refresh_from_db()
    return shop, OfficeForTill(till)


def _happen(shop: Shop, times: int) -> None:
    """The drawer is opened, in the till's journal."""
    store = shop.store()
    for _ in range(times):
        store.record("drawer", {"reason": "Wisselen", "by": "1"}, "1")
    store.close()


def _round(shop: Shop, port: OfficeForTill) -> Agent:
    agent = shop.agent(port)
    try:
        assert agent.once() is None
        assert not agent.outbox.pending()
    finally:
        agent.close()
    return agent


def _in_office() -> list[int]:
    return sorted(Entry.objects.filter(branch="B1", till="K1").values_list("seq", flat=True))


def test_a_till_from_its_code_to_its_successor(office_db: Databases, tmp_path: Path) -> None:
    till = _office()
    shop, port = _enrolled(tmp_path / "old", till)
    _happen(shop, 5)
    _round(shop, port)
    assert _in_office() == [1, 2, 3, 4, 5]
    reader = ShopReader(shop.data)
    found = reader.find(EAN, DAY)
    assert found is not None
    assert (found.sku, found.price, found.group, found.vat_rate) == ("A7", 107, "Zuivel", 900)
    assert len(reader.search("melk soort", DAY, 50)) == 30

    article = Article.objects.get(sku="A7")
    article.name = "Karnemelk"
    article.save()
    Article.objects.filter(sku="A8").first().delete()  # type: ignore[union-attr]
    _round(shop, port)
    assert [each.sku for each in reader.search("karnemelk", DAY)] == ["A7"]
    assert reader.by_sku("A8", DAY) is None
    assert TillState.objects.get(till=till).waiting == 0

    Entry.objects.filter(branch="B1", till="K1", seq__gt=3).delete()
    TillCursor.objects.filter(till=till).update(next_seq=4, high_seq=3)
    new_epoch()
    shop.clock.go(3600)
    _happen(shop, 1)
    _round(shop, port)
    assert _in_office() == [1, 2, 3, 4, 5, 6]
    assert reader.find(EAN, DAY) is not None
    reader.close()

    new, port = _enrolled(tmp_path / "new", till, replaces=True, at=shop.clock.at + 60_000)
    taken = take_over(new.config, port, new.clock, lambda: f"{new.clock.at:032x}")
    assert taken is not None
    assert (taken.entries, taken.goes_on_at, taken.lost) == (6, 7, 0)
    _happen(new, 2)
    _round(new, port)
    assert _in_office() == list(range(1, 10))
    assert Quarantine.objects.count() == 0
    con = sqlite3.connect(new.data / "till.db")
    assert verify(con, "K1", check) == []
    con.close()
