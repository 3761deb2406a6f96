"""Clocking in and out at the till: who it is, what is written, and one's own hours."""

from __future__ import annotations

import json
import sqlite3

from kassa_tui.domain.hours import BREAK_END, BREAK_START, IN, OUT
from kassa_tui.services import access, hours
from kassa_tui.storage.rebuild import rebuild
from kassa_tui.storage.till_store import TILL_DB
from tests.services.conftest import OpenTill
from tests.services.shop_floor import CASHIER, MANAGER, MINUTE, Hands

HOUR = 60 * MINUTE


def clocked(h: Hands) -> list[tuple[str, str, dict[str, object]]]:
    """Kind, person and facts of the entries."""
    rows = h.till.store.read.execute("select kind, who, body from journal where kind like 'hours.%' order by seq")
    return [(kind, who, json.loads(body)) for kind, who, body in rows]


def clock(h: Hands, kind: str, who: str = "1", name: str = "Anna") -> str:
    """Clock, an hour later; code of the outcome."""
    code = h.till.act(hours.clock, who, name, kind).code
    h.clock.at += HOUR
    return code


def test_somebody_is_known_by_pin_and_nobody_is_logged_in(open_till: OpenTill) -> None:
    h = open_till()
    found = h.till.act(hours.identify, CASHIER)
    assert (found.code, found.facts["person"], found.facts["state"]) == ("hours_person", "1", OUT)
    assert h.till.person is None
    assert h.till.act(hours.identify, "0000").code == "wrong_pin"
    assert h.till.store.state.login_failures == 1
    for _ in range(5):
        last = h.till.act(hours.identify, "0000")
    assert last.code == "login_wait"
    assert h.till.act(hours.identify, CASHIER).code == "login_wait"


def test_the_cashier_stays_when_somebody_else_clocks(open_till: OpenTill) -> None:
    h = open_till().open_shop()
    person = h.till.act(hours.identify, MANAGER).facts
    assert h.till.act(hours.clock, person["person"], person["name"], IN).code == "hours_clocked"
    assert h.till.who == "1"
    assert clocked(h) == [("hours.in", "9", {"name": person["name"]})]


def test_a_day_is_four_entries_and_says_what_was_worked(open_till: OpenTill) -> None:
    h = open_till()
    for kind in (IN, BREAK_START, BREAK_END):
        assert clock(h, kind) == "hours_clocked"
    assert hours.state(h.till, "1") == IN
    done = h.till.act(hours.clock, "1", "Anna", OUT)
    assert done.facts["worked"] == "2:00"
    assert [kind for kind, _who, _facts in clocked(h)] == [
        "hours.in", "hours.break_start", "hours.break_end", "hours.out"
    ]  # fmt: skip
    (day,) = hours.own(h.till, "1")
    ((begin, end, spell),) = day.spells
    assert (day.minutes, spell.rested(), end > begin) == (120, 60, True)
    assert hours.own(h.till, "9") == []


def test_the_same_twice_at_once_is_refused_and_what_the_till_cannot_know_is_not(open_till: OpenTill) -> None:
    h = open_till()
    assert h.till.act(hours.clock, "1", "Anna", OUT).code == "hours_clocked"
    assert h.till.act(hours.clock, "1", "Anna", OUT).code == "hours_twice"
    assert h.till.act(hours.clock, "9", "Els", OUT).code == "hours_clocked"
    h.clock.at += MINUTE
    assert h.till.act(hours.clock, "1", "Anna", OUT).facts.get("worked") is None
    assert [spell.missing for day in hours.own(h.till, "1") for *_times, spell in day.spells] == ["in", "in"]


def test_only_this_week_and_the_last(open_till: OpenTill) -> None:
    h = open_till()
    for _ in range(4):
        clock(h, IN)
        clock(h, OUT)
        h.clock.at += 7 * 24 * HOUR - 2 * HOUR
    clock(h, IN)
    assert len(hours.own(h.till, "1")) == 2


def test_practice_clocks_nothing(open_till: OpenTill) -> None:
    h = open_till()
    h.till.training = True
    assert h.till.act(hours.identify, CASHIER).code == "hours_practice"
    assert h.till.act(hours.clock, "1", "Anna", IN).code == "hours_practice"
    assert clocked(h) == []


def test_a_rebuild_gives_the_same_clockings(open_till: OpenTill) -> None:
    h = open_till()
    h.till.act(access.login, CASHIER)
    clock(h, IN)
    clock(h, OUT)
    path = h.till.store.folder / TILL_DB
    h.close()
    con = sqlite3.connect(path)
    try:
        before = con.execute("select * from clocking order by seq").fetchall()
        assert [row[4:] for row in before] == [("1", "in"), ("1", "out")]
        con.execute("update clocking set kind = 'in'")
        con.commit()
        assert [table.table for table in rebuild(con, "K1").tables] == ["clocking"]
        assert con.execute("select * from clocking order by seq").fetchall() == before
    finally:
        con.close()
