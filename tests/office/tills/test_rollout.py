"""Rolling out: a few tills first, on only where each is heard, well and has it, and back to what each had."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from kassa_office.catalogue import feed
from kassa_office.staff.models import Audit
from kassa_office.tills import enrolment, heartbeat
from kassa_office.tills import rollout as rolling
from kassa_office.tills.models import Branch, Rollout, RolloutTill, Till, TillState
from kassa_tui.office_keys import fingerprint
from kassa_tui.storage.shop_feed import apply_page
from kassa_tui.storage.shop_schema import open_shop
from kassa_tui.sync.heartbeat import condition
from kassa_tui.sync.wire import Heartbeat, HeartbeatAnswer
from tests.office.conftest import MakeTill, TillHere
from tests.services.shop_floor import hands, make_shop

Fleet = dict[str, TillHere]
DAYS = {"rules.return_days": 14}


@pytest.fixture
def fleet(make_till: MakeTill) -> Fleet:
    """Ten tills in two branches, all heard a moment ago."""
    made = {f"K{n}": make_till("B1" if n < 6 else "B2", f"K{n}") for n in range(1, 11)}
    for code in made:
        beat(code)
    return made


def beat(code: str, **said: Any) -> HeartbeatAnswer:
    """A till is heard; it holds to its settings where nothing else is said."""
    till = Till.objects.select_related("branch").get(code=code)
    said = {"version": "0.1.0", "settings": fingerprint(till.settings), **said}
    return heartbeat.beat(till, Heartbeat(1, code, int(timezone.now().timestamp() * 1000), high=0, waiting=0, **said))


def made(body: dict[str, Any], *stages: list[str] | int, kind: str = "settings") -> Rollout:
    """A roll-out that is fine."""
    found = rolling.make("Proef", kind, body, list(stages), "els")
    assert isinstance(found, Rollout), found
    return found


def go(rollout: Rollout, seen: int) -> list[tuple[str, str]]:
    """Press the button; what stands in the way."""
    return [(fault.till, fault.code) for fault in rolling.advance(rollout.pk, "els", seen)]


def given() -> list[str]:
    """Tills that the setting was given to."""
    return sorted(till.code for till in Till.objects.all() if till.settings.get("rules.return_days") == 14)


def test_a_setting_reaches_its_tills_stage_by_stage_and_through_the_feed(fleet: Fleet) -> None:
    rollout = made(DAYS, ["K1"], 30, 100)
    assert go(rollout, 0) == []
    assert given() == ["K1"]
    feed.sequence()
    told = {row.id: row.data for row in feed.page(fleet["K1"].till, 0).rows if row.table == "setting"}
    assert told == {"rules.return_days": {"value": 14}}
    assert [row for row in feed.page(fleet["K2"].till, 0).rows if row.table == "setting"] == []
    assert go(rollout, 1) == [("K1", "not_taken")]
    beat("K1")
    assert go(rollout, 1) == []
    assert len(given()) == 3
    assert "K1" in given()
    for code in given():
        beat(code)
    assert go(rollout, 2) == []
    assert len(given()) == 10
    assert len(go(rollout, 3)) == 7
    for code in fleet:
        beat(code)
    assert go(rollout, 3) == []
    rollout.refresh_from_db()
    assert rollout.finished_at is not None
    assert go(rollout, 3) == [("", "over")]
    acts = list(Audit.objects.filter(act__startswith="rollout").order_by("id").values_list("act", "refused"))
    assert acts[:3] == [("rollout.made", False), ("rollout.advanced", False), ("rollout.advanced", True)]
    assert acts[-2:] == [("rollout.finished", False), ("rollout.advanced", True)]


@pytest.mark.parametrize(
    ("what", "code"),
    [("silent", "silent"), ("never", "silent"), ("doctor", "doctor"), ("ignored", "ignored"), ("older", "not_taken")],
)
def test_what_keeps_the_next_stage_back(fleet: Fleet, what: str, code: str) -> None:
    rollout = made(DAYS, ["K1", "K2"], 100)
    assert go(rollout, 0) == []
    beat("K1")
    beat("K2")
    if what == "silent":
        TillState.objects.filter(till="K2").update(at=timezone.now() - timedelta(minutes=16))
    elif what == "never":
        TillState.objects.filter(till="K2").delete()
    elif what == "doctor":
        beat("K2", doctor={"at": 1, "disk": "fail full", "clock": "warn x"})
    elif what == "ignored":
        beat("K2", doctor={"settings": "warn ignored rules.return_days"})
    else:
        beat("K2", settings="")
    assert go(rollout, 1) == [("K2", code)]
    assert given() == ["K1", "K2"]
    Till.objects.filter(code="K2").update(active=False)
    assert go(rollout, 1) == [], "nobody waits for a till that is out of use"


def test_percentages_are_shares_of_all_and_the_same_tills_each_time(fleet: Fleet) -> None:
    rollout = made(DAYS, 1, 55, 100)
    first = rolling.targets(rollout, 0)
    assert (len(first), first) == (1, rolling.targets(rollout, 0))
    go(rollout, 0)
    assert len(rolling.targets(rollout, 1)) == 5
    other = made({"rules.voucher_days": 5}, 50)
    assert rolling.targets(other, 0) != sorted(first + rolling.targets(rollout, 1))[:5]
    Till.objects.filter(code__in=["K8", "K9"]).update(token_hash="")
    assert len(rolling.targets(rollout, 2)) <= 8


def test_back_gives_each_till_what_it_had(fleet: Fleet) -> None:
    Till.objects.filter(code="K2").update(settings={"rules.return_days": 5, "rules.max_quantity": 9})
    rollout = made({"rules.return_days": 14, "rules.max_quantity": ""}, ["K1", "K2", "K3"])
    go(rollout, 0)
    assert Till.objects.get(code="K2").settings == {"rules.return_days": 14}
    Till.objects.filter(code="K3").update(settings={"rules.return_days": 60})
    assert rolling.undo(rollout.pk, "els") == ["K3"]
    assert Till.objects.get(code="K1").settings == {}
    assert Till.objects.get(code="K2").settings == {"rules.return_days": 5, "rules.max_quantity": 9}
    assert Till.objects.get(code="K3").settings == {"rules.return_days": 60}
    rollout.refresh_from_db()
    assert (rollout.undone, rollout.finished_at is None) == (True, False)
    assert rolling.undo(rollout.pk, "els") == []
    assert Audit.objects.filter(act="rollout.undone").count() == 1


def test_a_version_is_wanted_until_it_runs_and_goes_back(fleet: Fleet) -> None:
    rollout = made({"version": "0.2.0"}, ["K1"], 100, kind="version")
    assert beat("K1").desired_version == ""
    go(rollout, 0)
    assert beat("K1").desired_version == "0.2.0"
    assert beat("K2").desired_version == ""
    assert go(rollout, 1) == [("K1", "not_taken")]
    assert beat("K1", version="0.2.0").desired_version == ""
    assert beat("K1", version="0.3.0").desired_version == "", "a technician's own change is not undone"
    assert beat("K1", version="0.2.0").desired_version == ""
    assert go(rollout, 1) == []
    assert beat("K2").desired_version == "0.2.0"
    rolling.undo(rollout.pk, "els")
    assert beat("K1", version="0.2.0").desired_version == "0.1.0"
    assert beat("K2").desired_version == ""
    assert beat("K1", version="0.1.0").desired_version == ""


def test_a_real_till_takes_it_and_says_so(fleet: Fleet, tmp_path: Path) -> None:
    data = make_shop(tmp_path, "NL")
    rollout = made({"rules.max_quantity": 7, "shop.receipt_footer": ["Tot ziens, Ché"]}, ["K1"], 100)
    assert go(rollout, 0) == []
    feed.sequence()
    page = feed.page(fleet["K1"].till, 0)
    db = open_shop(data / "shop.db", "NL")
    apply_page(db, [row for row in page.rows if row.table == "setting"], page.epoch, page.cursor)
    db.close()
    beat("K1", settings=condition(data)[3])
    assert go(rollout, 1) == [("K1", "not_taken")], "it is there, but nobody sells by it yet"
    till = hands(tmp_path, rules='[office]\nurl = "https://kantoor.example"').open_shop()
    till.do("6", "pay cash")
    assert till.till.config.shop.receipt_footer == ("Tot ziens, Ché",)
    till.close()
    _disk, _devices, doctor, settings = condition(data)
    beat("K1", settings=settings, doctor=doctor)
    assert go(rollout, 1) == []


def test_two_people_one_stage_and_a_pause(fleet: Fleet) -> None:
    rollout = made(DAYS, ["K1"], ["K2"], ["K3"])
    assert go(rollout, 0) == []
    beat("K1")
    assert go(rollout, 0) == [("", "moved")]
    assert given() == ["K1"]
    rolling.pause(rollout.pk, "els", paused=True)
    assert go(rollout, 1) == [("", "paused")]
    rolling.pause(rollout.pk, "els", paused=False)
    assert go(rollout, 1) == []
    assert given() == ["K1", "K2"]


def test_only_what_a_till_would_take_is_rolled_out(fleet: Fleet) -> None:
    assert [fault.code for fault in rolling.faults_of("settings", {"till.data": "/x", "rules.return_days": -1})] == [
        "out_of_range", "unknown_key"]  # fmt: skip
    assert [fault.code for fault in rolling.faults_of("version", {"version": "../1"})] == ["version"]
    Branch.objects.filter(code="B2").update(country="BE")
    choices = [fault.code for fault in rolling.faults_of("settings", {"rules.rounding": "all"})]
    assert choices == ["not_one_of"], "in one of the two countries it cannot be"
    made(DAYS, 100)
    assert [fault.code for fault in rolling.faults_of("settings", DAYS)] == ["overlap"]
    assert rolling.faults_of("settings", {"rules.voucher_days": 3}) == []
    made({"version": "1.0"}, 100, kind="version")
    assert [fault.code for fault in rolling.faults_of("version", {"version": "2.0"})] == ["overlap"]


def test_settings_are_written_as_on_the_till() -> None:
    text = 'shop.receipt_footer = ["Tot ziens"]\n[rules]\nreturn_days = 14\n[rules.discount_limit]\ncashier = 10\n'
    flat = {"shop.receipt_footer": ["Tot ziens"], "rules.return_days": 14, "rules.discount_limit.cashier": 10}
    assert rolling.read_settings(text) == (flat, [])
    for odd, code in (("x", "not_toml"), ("", "nothing"), ("[" * 5000, "not_toml"),
                      ("\n".join(f"k{n} = 1" for n in range(61)), "too_many")):  # fmt: skip
        assert [fault.code for fault in rolling.read_settings(odd)[1]] == [code]


def test_stages_are_codes_or_percentages(fleet: Fleet) -> None:
    assert rolling.read_stages("k1, K2\n\n25 %\n100%") == ([["K1", "K2"], 25, 100], [])
    for text, code in (("K1\nK1", "twice"), ("K99", "unknown_till"), ("0%", "stage"), ("101%", "stage"), ("", "stages"),
                       ("K1 <b>", "stage"), ("100%\n" * 21, "stages")):  # fmt: skip
        assert [fault.code for fault in rolling.read_stages(text)[1]] == [code], text


def test_a_till_that_is_moved_out_between_two_stages_is_left_out(fleet: Fleet) -> None:
    rollout = made(DAYS, ["K1", "K2"], 100)
    Till.objects.filter(code="K2").update(active=False)
    assert go(rollout, 0) == []
    assert list(RolloutTill.objects.values_list("till", flat=True)) == ["K1"]


def test_withdrawing_a_machine(fleet: Fleet) -> None:
    till = fleet["K1"].till
    enrolment.issue_code(till, "els")
    enrolment.revoke(till)
    assert not till.enrolments.exists()
    Till.objects.update(enrolled_at=timezone.now() - timedelta(days=9))
    TillState.objects.update(at=timezone.now() - timedelta(days=9))
    found = heartbeat.find_silent()
    assert found is not None
    assert "K1," not in found
