"""A machine breaks, and with it the books of the webshop that it owned: the next one goes on behind the office's."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from kassa_office.journal.models import Entry, Quarantine
from kassa_office.journal.proof import prove
from kassa_office.sales.models import Sale
from kassa_office.tills.models import Till, TillKey
from kassa_office.tills.port import OfficeForTill
from kassa_office.webshops import claims
from kassa_tui.storage.channels import channel_folder
from kassa_tui.storage.database import StorageError
from kassa_tui.storage.journal import verify
from kassa_tui.storage.keys import verify as check
from kassa_tui.storage.rebuild import rebuild
from kassa_tui.storage.takeover import Takeover
from kassa_tui.sync import channel_takeover
from kassa_tui.sync.channel_outbox import ChannelOutbox
from kassa_tui.sync.enrol import take_over
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.webshop_worker import Desk
from tests.office.conftest import Databases
from tests.office.tills.test_till_agent import _enrolled, _happen, _office, _round
from tests.sync.conftest import Shop
from tests.sync.web_till import table
from tests.web_books import book

URL = "https://winkel.example.nl"


@pytest.fixture
def till(office_db: Databases) -> Till:
    """Known to the office."""
    return _office()


def owns(shop: Shop) -> Shop:
    """The till talks to the webshop."""
    shop.belongs_to("https://kantoor.example.nl", table(URL))
    return shop


def sent(shop: Shop, port: OfficeForTill) -> None:
    """All that the webshop's books have goes to the office."""
    outbox = ChannelOutbox(shop.config, port, "9.9", shop.clock)
    try:
        for _ in range(3):
            assert outbox.push() is None
        assert not outbox.pending()
    finally:
        outbox.close()


def replaced(folder: Path, till: Till, before: Shop) -> tuple[Shop, OfficeForTill]:
    """Another machine in its place, with its own journal taken over."""
    new, port = _enrolled(folder, till, replaces=True, at=before.clock.at + 60_000)
    assert take_over(new.config, port, new.clock, lambda: f"{new.clock.at:032x}") is not None
    return owns(new), port


def whole(shop: Shop) -> list[str]:
    """Numbers of the receipts in the webshop's books, which are sound."""
    con = sqlite3.connect(channel_folder(shop.data, "WEB") / "till.db", isolation_level=None)
    try:
        assert verify(con, "WEB", check) == []
        assert rebuild(con, "WEB").tables == ()
        sql = "select body ->> '$.number' from journal where kind = 'weborder.sale' order by seq"
        return [row[0] for row in con.execute(sql)]
    finally:
        con.close()


def test_the_books_of_the_webshop_come_back(till: Till, tmp_path: Path) -> None:
    old, port = _enrolled(tmp_path / "old", till)
    _happen(owns(old), 2)
    _round(old, port)
    book(old.data, "WEB", [1000, 2000, 3000])
    sent(old, port)
    # One more, that the office never heard of.
    book(old.data, "WEB", [4000])

    new, port = replaced(tmp_path / "new", till, old)
    webshop = new.config.webshops[0]
    assert channel_takeover.awaits(new.config, webshop)
    with pytest.raises(StorageError) as refused:
        Desk(new.config, webshop, new.clock)
    assert refused.value.code == "channel_pending"
    assert not (channel_folder(new.data, "WEB") / "till.db").exists()

    sent(new, port)
    assert not channel_takeover.awaits(new.config, webshop)
    assert whole(new) == ["WEB-000001", "WEB-000002", "WEB-000003"]
    # The order that was lost is read again, and gets a number that the office has not seen.
    book(new.data, "WEB", [4000])
    sent(new, port)
    assert whole(new)[-1] == "WEB-000004"
    assert sorted(Sale.objects.filter(till="WEB").values_list("number", "turnover")) == [
        ("WEB-000001", 1000), ("WEB-000002", 2000), ("WEB-000003", 3000), ("WEB-000004", 4000)]  # fmt: skip
    assert Quarantine.objects.count() == 0
    assert [row.first for row in TillKey.objects.filter(till="WEB").order_by("first")] == [1, 4]
    (found,) = prove("WEB")
    assert found["complete"], found


@pytest.mark.parametrize("at", ["claim_channel", "journal", "finish"])
def test_what_stops_on_its_way_is_begun_anew(
    till: Till, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    old, port = _enrolled(tmp_path / "old", till)
    book(owns(old).data, "WEB", [1000, 2000])
    _happen(old, 1)
    _round(old, port)
    sent(old, port)
    new, port = replaced(tmp_path / "new", till, old)

    def broken(*_args: object, **_more: object) -> None:
        raise OfficeError("unreachable")

    with monkeypatch.context() as patch:
        place = Takeover if at == "finish" else OfficeForTill
        patch.setattr(place, at, broken)
        outbox = ChannelOutbox(new.config, port, "9.9", new.clock)
        assert outbox.push() is not None
        assert outbox.pending()
        outbox.close()
    assert channel_takeover.awaits(new.config, new.config.webshops[0])
    sent(new, port)
    assert whole(new) == ["WEB-000001", "WEB-000002"]
    assert Entry.objects.filter(till="WEB", kind="till.replaced").count() == 1


def test_a_till_that_never_broke_begins_at_once(till: Till, tmp_path: Path) -> None:
    shop, port = _enrolled(tmp_path / "one", till)
    _happen(owns(shop), 1)
    assert not channel_takeover.awaits(shop.config, shop.config.webshops[0])
    book(shop.data, "WEB", [1000])
    sent(shop, port)
    assert whole(shop) == ["WEB-000001"]


def test_one_that_waited_long_for_its_books_sends_what_comes_after(
    till: Till, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, port = _enrolled(tmp_path / "old", till)
    book(owns(old).data, "WEB", [1000])
    _happen(old, 1)
    _round(old, port)
    sent(old, port)
    new, port = replaced(tmp_path / "new", till, old)
    outbox = ChannelOutbox(new.config, port, "9.9", new.clock)

    def away(*_args: object) -> None:
        raise OfficeError("unreachable")

    with monkeypatch.context() as patch:
        patch.setattr(OfficeForTill, "journal", away)
        assert outbox.push() is not None
    for _ in range(3):
        assert outbox.push() is None
    book(new.data, "WEB", [2000])
    assert outbox.pending()
    assert outbox.push() is None
    assert not outbox.pending()
    outbox.close()
    assert sorted(Sale.objects.filter(till="WEB").values_list("turnover", flat=True)) == [1000, 2000]


def test_a_key_is_changed_once_for_each_machine_that_a_person_let_in(till: Till, tmp_path: Path) -> None:
    from kassa_tui.sync.wire import SCHEMA, ChannelClaim

    old, port = _enrolled(tmp_path / "old", till)
    _happen(owns(old), 1)
    _round(old, port)
    book(old.data, "WEB", [1000])
    sent(old, port)

    def claim(key: str) -> bool:
        try:
            return port.claim_channel(ChannelClaim(SCHEMA, "WEB", "Webwinkel", "woocommerce", URL, key * 32, True)).ok
        except OfficeError as error:
            return error.code != "channel_taken"

    assert not claim("ab")
    new, port = replaced(tmp_path / "new", till, old)
    sent(new, port)
    assert not claim("cd")
    assert TillKey.objects.filter(till="WEB").count() == 2


def test_another_key_is_taken_from_nobody_else(till: Till, tmp_path: Path) -> None:
    from kassa_tui.sync.wire import SCHEMA, ChannelClaim

    old, port = _enrolled(tmp_path / "old", till)
    book(owns(old).data, "WEB", [1000])
    sent(old, port)
    other = Till.objects.create(code="K2", branch=till.branch)
    claim = ChannelClaim(SCHEMA, "WEB", "Webwinkel", "woocommerce", URL, "ab" * 32, replaces=True)
    answer = claims.claim(other, claim)
    assert (answer.ok, answer.facts) == (False, {"owner": "K1"})
    assert TillKey.objects.filter(till="WEB").count() == 1
