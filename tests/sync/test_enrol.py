"""Becoming a till: with a code, with articles, and in the place of a machine that broke."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from kassa_tui.exports import journal_file
from kassa_tui.storage.database import StorageError
from kassa_tui.storage.journal import verify
from kassa_tui.storage.keys import verify as check
from kassa_tui.storage.rebuild import rebuild
from kassa_tui.storage.till_store import TAKEOVER_FILE, TillStore
from kassa_tui.sync.enrol import join, put_office, take_over
from kassa_tui.sync.office_client import TOKEN_FILE, read_token
from kassa_tui.sync.port import OfficeError
from tests.sync.conftest import Clock, Shop, sale
from tests.sync.office import CODE, TOKEN, Office, Server, facts
from tests.sync.test_agent import _kassa
from tests.sync.test_feed import DAY, _catalogue

Serve = Callable[..., Server]


def _push(shop: Shop, office: Office) -> None:
    agent = shop.agent(office)  # type: ignore[arg-type]
    assert agent.once() is None
    agent.close()


def _enrolled(shop: Shop, office: Office) -> None:
    assert join(shop.config, office, CODE, "9.9").till == "K1"  # type: ignore[arg-type]


@pytest.fixture
def broken(shop: Shop, office: Office) -> Shop:
    """A till that sold twelve times, of which the office has nine, and whose machine is gone."""
    _enrolled(shop, office)
    shop.sell(9)
    _push(shop, office)
    shop.sell(3)
    office.claimed, office.receipt = 12, 12
    office.codes.add(CODE)
    office.replaces = True
    return shop


def _replace(folder: Path, office: Office, clock: Clock) -> Shop:
    new = Shop(folder, clock)
    new.store().close()
    join(new.config, office, CODE, "9.9")  # type: ignore[arg-type]
    return new


def _take(shop: Shop, office: Office) -> object:
    return take_over(shop.config, office, shop.clock, lambda: f"{shop.clock.at:032x}")  # type: ignore[arg-type]


def _verified(shop: Shop) -> int:
    con = sqlite3.connect(shop.data / "till.db", isolation_level=None)
    try:
        assert verify(con, shop.till, check) == []
        assert rebuild(con, shop.till).tables == ()
        return int(con.execute("select count(*) from journal").fetchone()[0])
    finally:
        con.close()


def test_a_code_gives_token_branch_and_key_once(shop: Shop, office: Office) -> None:
    _enrolled(shop, office)
    assert read_token(shop.data) == TOKEN
    assert (shop.data / TOKEN_FILE).stat().st_mode & 0o777 == 0o600
    with pytest.raises(OfficeError) as refused:
        join(shop.config, office, CODE, "9.9")  # type: ignore[arg-type]
    assert refused.value.code == "code_used"


def test_a_code_of_another_till_is_refused(shop: Shop, office: Office) -> None:
    office.till = "K7"
    with pytest.raises(StorageError) as refused:
        join(shop.config, office, CODE, "9.9")  # type: ignore[arg-type]
    assert refused.value.code == "other_till_code"
    assert not (shop.data / TOKEN_FILE).exists()


def test_a_till_that_sold_alone_sends_all_of_it(shop: Shop, office: Office) -> None:
    shop.sell(5)
    _enrolled(shop, office)
    _push(shop, office)
    assert sorted(office.entries) == [1, 2, 3, 4, 5]


def test_a_new_machine_goes_on_where_the_old_one_was(broken: Shop, office: Office, tmp_path: Path) -> None:
    new = _replace(tmp_path / "new", office, Clock(broken.clock.at + 1000))
    with pytest.raises(StorageError) as refused:
        new.store()
    assert refused.value.code == "takeover_pending"
    taken = _take(new, office)
    assert (taken.entries, taken.goes_on_at, taken.receipt, taken.lost) == (9, 13, 12, 3)  # type: ignore[attr-defined]
    new.sell(2)
    assert _verified(new) == 12
    _push(new, office)
    assert sorted(office.entries) == [*range(1, 10), 13, 14, 15]
    replaced = facts(office.entries[13])
    assert (replaced["from"], replaced["receipt"], replaced["missing"]) == (13, 12, [10, 12])
    assert [facts(office.entries[seq])["number"] for seq in (14, 15)] == ["K1-000013", "K1-000014"]
    assert facts(office.entries[14])["grand"]["sales"] == 10 * 55


def test_nothing_lost_leaves_nothing_out(broken: Shop, office: Office, tmp_path: Path) -> None:
    _push(broken, office)
    new = _replace(tmp_path / "new", office, Clock(broken.clock.at + 1000))
    taken = _take(new, office)
    assert (taken.entries, taken.goes_on_at, taken.lost) == (12, 13, 0)  # type: ignore[attr-defined]
    assert "missing" not in _last(new)
    assert _verified(new) == 13


def _last(shop: Shop) -> dict[str, object]:
    con = sqlite3.connect(shop.data / "till.db")
    try:
        found: dict[str, object] = json.loads(
            con.execute("select body from journal order by seq desc limit 1").fetchone()[0]
        )
        return found
    finally:
        con.close()


def test_a_machine_can_be_replaced_again_and_again(broken: Shop, office: Office, tmp_path: Path) -> None:
    clock = Clock(broken.clock.at)
    for turn in range(3):
        clock.go(1000)
        new = _replace(tmp_path / f"new{turn}", office, clock)
        _take(new, office)
        new.sell(2)
        _push(new, office)
        office.claimed += 1
        office.codes.add(CODE)
    assert _verified(new) == 9 + 3 * 3
    con = sqlite3.connect(new.data / "till.db")
    journal_file.write(con, "K1", tmp_path / "k1.jsonl")
    con.close()
    header, flaws = journal_file.verify(tmp_path / "k1.jsonl", check)
    assert flaws == []
    assert [first for first, _ in header["public_keys"]] == [1, 13, 17, 21]
    lines = (tmp_path / "k1.jsonl").read_text("utf-8").splitlines()
    (tmp_path / "cut.jsonl").write_text("\n".join(lines[:4] + lines[5:]), "utf-8")
    assert {flaw.code for flaw in journal_file.verify(tmp_path / "cut.jsonl", check)[1]} >= {"gap"}


def test_a_cut_out_entry_still_shows(broken: Shop, office: Office, tmp_path: Path) -> None:
    new = _replace(tmp_path / "new", office, Clock(broken.clock.at + 1000))
    _take(new, office)
    con = sqlite3.connect(new.data / "till.db", isolation_level=None)
    con.execute("delete from journal where seq = 9")
    assert {flaw.code for flaw in verify(con, "K1", check)} == {"hash"}
    con.execute("delete from journal where seq = 5")
    assert (5, "gap") in {(flaw.seq, flaw.code) for flaw in verify(con, "K1", check)}
    con.close()


@pytest.mark.parametrize("what", ["body", "signature", "key", "order"])
def test_a_journal_that_is_not_the_old_machines_is_not_taken(
    broken: Shop, office: Office, tmp_path: Path, what: str
) -> None:
    entry = office.entries[4]
    if what == "body":
        entry.body = entry.body.replace('"total":55', '"total":54')
    elif what == "signature":
        entry.signature = office.entries[3].signature
    elif what == "key":
        office.keys[0].public_key = "ab" * 32
    else:
        office.entries[4], office.entries[5] = office.entries[5], office.entries[4]
    new = _replace(tmp_path / "new", office, Clock(broken.clock.at + 1000))
    with pytest.raises((StorageError, OfficeError)) as refused:
        _take(new, office)
    assert getattr(refused.value, "code", "") in ("journal_broken", "bad_answer")
    assert (new.data / TAKEOVER_FILE).exists(), "nothing is sold before it is right"


def test_a_takeover_that_breaks_off_begins_again(broken: Shop, office: Office, tmp_path: Path) -> None:
    new = _replace(tmp_path / "new", office, Clock(broken.clock.at + 1000))
    real, calls = office.journal, [0]

    def break_off(after: int) -> object:
        calls[0] += 1
        if calls[0] == 2:
            raise OfficeError("unreachable")
        return real(after)

    office.journal = break_off  # type: ignore[method-assign, assignment]
    with pytest.raises(OfficeError):
        _take(new, office)
    with pytest.raises(StorageError):
        TillStore(new.data, "K1", new.clock, lambda: "0" * 32)
    _take(new, office)
    assert _verified(new) == 10
    assert _take(new, office) is None


def test_a_machine_that_sold_itself_cannot_become_another(broken: Shop, office: Office, tmp_path: Path) -> None:
    used = Shop(tmp_path / "used", Clock())
    used.sell(1)
    with pytest.raises(StorageError) as refused:
        join(used.config, office, CODE, "9.9")  # type: ignore[arg-type]
    assert refused.value.code == "till_has_entries"
    assert not (used.data / TOKEN_FILE).exists()


def test_open_shift_and_parked_tickets_come_along(shop: Shop, office: Office, tmp_path: Path) -> None:
    _enrolled(shop, office)
    store = shop.store()
    store.record("shift.open", {"z": 1, "float": 10_000}, "1")
    store.record_sale(sale("a" * 32), "1", [])
    store.record("ticket.park", {"ticket": "t9", "place": 1, "name": "Jan", "total": 99, "draft": {"lines": []}}, "1")
    store.close()
    _push(shop, office)
    office.replaces = True
    office.codes.add(CODE)
    new = _replace(tmp_path / "new", office, Clock(shop.clock.at + 5000))
    _take(new, office)
    store = new.store()
    assert (store.state.shift, store.state.receipt) == (1, 1)
    assert store.read.execute("select ticket, name from parked").fetchall() == [("t9", "Jan")]
    store.close()


def test_the_office_goes_into_the_settings_or_is_said(shop: Shop) -> None:
    path = shop.folder / "till.toml"
    assert put_office(path, {"url": "https://kantoor.example"}) == ""
    assert shop.config.office is not None
    assert shop.config.office.url == "https://kantoor.example"
    assert not list(shop.folder.glob(".till*"))


def test_kassa_enrol_does_all_of_it(shop: Shop, office: Office, serve: Serve, tmp_path: Path) -> None:
    office.keep_snapshot(_catalogue(tmp_path / "s", 40))
    server = serve(office)
    wrong = _kassa(shop, "enrol", server.url, "--code", "FOUT")
    assert (wrong.returncode, "al gebruikt of verlopen" in wrong.stderr) == (4, True)
    done = _kassa(shop, "enrol", server.url, "--code", CODE)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Aangemeld: kassa K1, filiaal F1" in done.stdout
    assert shop.config.office is not None
    con = sqlite3.connect(shop.data / "shop.db")
    assert con.execute("select count(*) from article").fetchone() == (40,)
    con.close()
    again = _kassa(shop, "enrol", server.url)
    assert again.returncode == 2
    assert DAY
