"""Hours: clockings of the tills, corrections that overwrite nothing, the pages, and other programs."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from django.test import Client

from kassa_office.hours import book
from kassa_office.hours.book import Wrong
from kassa_office.hours.models import Clocking
from kassa_office.journal.rebuild import rebuild
from kassa_office.staff.models import Audit, Employee
from kassa_tui.domain.hours import IN, OUT
from tests.office.api.conftest import program
from tests.office.conftest import MakeTill, TillHere
from tests.office.dump import dump
from tests.office.journals import START
from tests.office.stock.shelves import branch, push
from tests.office.stock.test_pages import as_user, page_of

HOUR = 3_600_000
DAY = date(2026, 11, 20)
FRIDAY_9 = START - 28 * HOUR
"""20 November 2026, 9:00 on the wall."""
WEEK = "van=2026-11-16&tot=2026-11-22"


def clocked(here: TillHere, hour: float, kind: str, who: str = "1") -> None:
    """Somebody clocks on the Friday, so many hours after nine."""
    here.book.at = FRIDAY_9 + int(hour * HOUR) - 60_000
    here.book.add(f"hours.{kind}", {"name": "Anna"}, who)


def spells(employee: str = "") -> list[tuple[str, date, int, str, bool]]:
    """Person, day, minutes, what is missing, and whether it was corrected."""
    rows = book.worked(["B1"], date(2026, 11, 16), date(2026, 11, 22), employee)
    return [(one.employee, one.day, one.minutes, one.spell.missing, one.corrected) for one in rows]


def at(text: str) -> datetime:
    """A time of the Friday."""
    return datetime.fromisoformat(f"2026-11-20T{text}")


@pytest.fixture
def two(make_till: MakeTill) -> tuple[TillHere, TillHere]:
    """Two tills of B1; Anna came at K1, rested at K2, went at K2; Bas forgot to clock out."""
    one, other = make_till("B1", "K1"), make_till("B1", "K2")
    Employee.objects.create(code="1", name="Anna")
    Employee.objects.create(code="2", name="=Bas<b>")
    clocked(one, 0, "in")
    clocked(one, 1, "in", "2")
    clocked(other, 3, "break_start")
    clocked(other, 3.5, "break_end")
    clocked(other, 8, "out")
    return one, other


def test_clockings_of_several_tills_are_one_day(two: tuple[TillHere, TillHere]) -> None:
    one, other = two
    assert push(other) == ["stored"] * 3
    assert spells() == [("1", DAY, 0, "in", False)]
    push(one)
    assert push(other) == ["duplicate"] * 3
    assert spells() == [("1", DAY, 450, "", False), ("2", DAY, 0, "out", False)]
    assert [each.employee for each in book.forgotten(["B1"], DAY, DAY)] == ["2"]
    before = dump()
    assert rebuild() == {}
    assert dump() == before


def test_a_night_belongs_to_the_day_it_began(make_till: MakeTill) -> None:
    here = make_till("B1", "K1")
    clocked(here, 13, "in")
    clocked(here, 21, "out")
    push(here)
    assert spells() == [("1", DAY, 480, "", False)]
    assert book.worked(["B1"], date(2026, 11, 21), date(2026, 11, 21)) == []


def test_a_correction_is_a_row_more_and_survives_a_rebuild(two: tuple[TillHere, TillHere]) -> None:
    for here in two:
        push(here)
    first = book.correct("B1", "2", OUT, at("17:00"), "els", "vergeten")
    assert spells("2") == [("2", DAY, 420, "", True)]
    second = book.correct("B1", "2", OUT, at("16:30"), "els", "was eerder", book.name_of(first))
    assert spells("2") == [("2", DAY, 390, "", True)]
    assert Clocking.objects.filter(employee="2").count() == 3
    with pytest.raises(Wrong, match="gone"):
        book.undo("B1", book.name_of(first), "els", "nog eens")
    book.undo("B1", book.name_of(second), "els", "toch niet")
    assert spells("2") == [("2", DAY, 0, "out", False)]
    before = dump()
    assert rebuild() == {}
    assert dump() == before
    assert [(row.who, row.reason, row.replaces) for row in Clocking.objects.filter(till="OFFICE").order_by("seq")] == [
        ("els", "vergeten", ""), ("els", "was eerder", book.name_of(first)), ("els", "toch niet", book.name_of(second))
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "when", "reason", "replaces", "code"),
    [
        ("lunch", at("17:00"), "x", "", "unknown_kind"), ("out", at("17:00"), "  ", "", "reason_needed"),
        ("out", datetime(2999, 1, 1), "x", "", "no_time"), ("out", datetime(2026, 3, 29, 2, 30), "x", "", "no_time"),
        ("out", at("17:00"), "x", "K9/1", "gone"), ("out", at("17:00"), "x", "onzin", "gone"),
        ("out", at("17:00"), "x", "K1/1", "gone"), ("in", datetime(2026, 11, 18, 9), "x", "K1/2", "too_far"),
    ],
)  # fmt: skip
def test_corrections_that_cannot_be(
    two: tuple[TillHere, TillHere], kind: str, when: datetime, reason: str, replaces: str, code: str
) -> None:
    push(two[0])
    with pytest.raises(Wrong, match=code):
        book.correct("B1", "2", kind, when, "els", reason, replaces)
    assert Clocking.objects.filter(till="OFFICE").count() == 0


def test_the_page_shows_totals_and_what_was_forgotten(two: tuple[TillHere, TillHere]) -> None:
    for here in two:
        push(here)
    client = as_user("bookkeeper")
    page = page_of(client, f"/uren/?{WEEK}")
    assert "Anna" in page
    assert "7:30" in page
    assert "1 keer klokken vergeten" in page
    assert "niet uitgeklokt" in page
    assert "<b>" not in page.partition("urenstaat")[2].replace('<b class="count">', "")
    csv = client.get(f"/uren/?{WEEK}&tabel=urenstaat&bestand=csv").content.decode("utf-8-sig").splitlines()
    assert csv[1] == "1;Anna;2026-11-20;09:00;17:00;0:30;7:30;B1;"
    assert csv[2].startswith("2;'=Bas<b>;2026-11-20;10:00;;;;B1;")
    assert client.get(f"/uren/?{WEEK}&tabel=uren&bestand=xlsx").content[:2] == b"PK"
    assert "Week terug" in page


def test_a_manager_corrects_within_his_branches_and_others_do_not(two: tuple[TillHere, TillHere]) -> None:
    push(two[0])
    branch("B2")
    path = "/uren/B1/2/2026-11-20/"
    form = {"doe": "erbij", "dag": "2026-11-20", "tijd": "17:00", "wat": "out", "waarom": "vergeten"}
    assert as_user("manager", "B2").get(path).status_code == 403
    assert as_user("support").get("/uren/").status_code == 403
    assert as_user("bookkeeper").post(path, form).status_code == 302
    assert Clocking.objects.filter(till="OFFICE").count() == 0
    assert "Verbeteren" not in page_of(as_user("bookkeeper", "B1"), path)
    client = as_user("manager", "B1")
    assert client.post(path, {**form, "waarom": ""}, follow=True).content.decode().count("Schrijf erbij waarom") == 1
    assert "Verbeterd" in client.post(path, form, follow=True).content.decode()
    assert spells("2") == [("2", DAY, 420, "", True)]
    row = book.name_of(Clocking.objects.get(till="OFFICE"))
    client.post(path, {**form, "doe": "anders", "regel": row, "tijd": "18:00", "waarom": "later"})
    assert spells("2") == [("2", DAY, 480, "", True)]
    client.post(path, {"doe": "vervalt", "regel": "K1/2", "waarom": "was er niet"})
    page = page_of(client, path)
    assert "was er niet" in page
    assert row in page
    assert client.post(path, {**form, "doe": "niets"}).status_code == 404
    assert client.get("/uren/B1/niemand/2026-11-20/").status_code == 404
    assert client.get("/uren/B1/2/2026-13-41/").status_code == 404
    assert Audit.objects.filter(act="hours.corrected").count() == 3


def test_other_programs_read_hours_of_their_branches(two: tuple[TillHere, TillHere]) -> None:
    for here in two:
        push(here)
    branch("B2")
    book.correct("B1", "2", IN, at("10:30"), "els", "te vroeg", "K1/2")
    asking = program(["hours:read"], ["B1"])
    items = asking.all("branches/B1/hours", limit=2, **{"from": "2026-11-20", "to": "2026-11-20"})
    assert [(x["till"], x["seq"], x["kind"], x["employee"]) for x in items[:2]] == [
        ("K1", 1, "in", "1"), ("K1", 2, "in", "2")
    ]  # fmt: skip
    assert (len(items), items[-1]["till"], items[-1]["replaces"], items[-1]["reason"]) == (
        6, "OFFICE", "K1/2", "te vroeg"
    )  # fmt: skip
    query = {"from": "2026-11-20", "to": "2026-11-20"}
    worked = asking.get("branches/B1/hours/worked", **query).json()["items"]
    assert [(x["employee"], x["minutes"], x["break_minutes"], x["missing"], x["corrected"]) for x in worked] == [
        ("1", 450, 30, "", False), ("2", 0, 0, "out", True)
    ]  # fmt: skip
    only = asking.get("branches/B1/hours", **query, employee="1").json()["items"]
    assert {x["employee"] for x in only} == {"1"}
    long = asking.get("branches/B1/hours/worked", **{"from": "2026-01-01", "to": "2026-11-20"})
    assert (long.status_code, long.json()["code"]) == (409, "period")
    assert asking.get("branches/B2/hours").status_code == 403
    assert program(["sales:read"], name="kassa").get("branches/B1/hours").json()["code"] == "scope"


def test_who_is_not_logged_in_sees_no_hours(client: Client) -> None:
    assert client.get("/uren/").status_code == 302
