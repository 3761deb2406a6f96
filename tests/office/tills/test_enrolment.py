"""Enrolling a machine, replacing it, and hearing how it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from kassa_office.journal.ingest import push
from kassa_office.journal.models import Alarm
from kassa_office.staff.models import Audit
from kassa_office.tills import enrolment, heartbeat
from kassa_office.tills.models import Branch, Enrolment, Till, TillCursor, TillKey, TillState
from kassa_office.tills.office import office
from kassa_tui.sync.codec import decode, encode
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.wire import DeviceState, Enrol, Enrolled, Heartbeat, HeartbeatAnswer, Problem
from tests.office.conftest import Databases, MakeTill
from tests.office.journals import journal_of, signer

KEY = signer(77).public.hex()


@pytest.fixture
def new_till(office_db: Databases) -> Till:
    """A till without a machine."""
    branch = Branch.objects.create(code="B1", name="Centrum")
    return Till.objects.create(code="K1", branch=branch)


def refused(request: Enrol, address: str = "10.0.0.1") -> str:
    """The code of an enrolment that must be refused."""
    with pytest.raises(OfficeError) as error:
        enrolment.enrol(request, address)
    return error.value.code


def test_a_machine_becomes_a_till_over_http(new_till: Till, client: Client) -> None:
    code = enrolment.issue_code(new_till, "els")
    typed = f"{code[:5].lower()} {code[5:]}"
    body = encode(Enrol(1, typed, KEY, "K1", "0.2.0", "kassa-voor"))
    answer = client.post("/api/v1/enrol", body, content_type="application/json")
    enrolled = decode(answer.content, Enrolled)
    assert (enrolled.till, enrolled.branch, enrolled.replaces, enrolled.high) == ("K1", "B1", False, 0)
    assert (enrolled.epoch, len(enrolled.office_key)) == (office().epoch, 64)
    key = TillKey.objects.get()
    assert (key.first, key.public_key, key.host) == (1, KEY, "kassa-voor")
    again = client.post("/api/v1/enrol", body, content_type="application/json")
    assert (again.status_code, decode(again.content, Problem).code) == (409, "code_used")
    beat = encode(Heartbeat(1, "K1", enrolled.now, "0.2.0", 0, 0))
    headers = {"Authorization": f"Bearer {enrolled.token}"}
    heard = client.post("/api/v1/tills/K1/heartbeat", beat, content_type="application/json", headers=headers)
    assert decode(heard.content, HeartbeatAnswer).next == 1
    kept = Till.objects.get()
    assert enrolled.token not in (kept.token_hash, str(kept.settings))
    assert code not in Enrolment.objects.get().code_hash


def test_codes_that_do_not_work(new_till: Till) -> None:
    first = enrolment.issue_code(new_till, "els")
    second = enrolment.issue_code(new_till, "els")
    assert len(set(second) & set("01OIL")) == 0
    assert len(second) == 10
    assert refused(Enrol(1, first, KEY)) == "code_unknown"
    assert refused(Enrol(1, "", KEY)) == "code_unknown"
    assert refused(Enrol(1, "\0\ud800", KEY)) == "code_unknown"
    assert refused(Enrol(1, second, KEY, "K9")) == "other_till"
    assert refused(Enrol(1, second, "zz")) == "bad_key"
    Enrolment.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert refused(Enrol(1, second, KEY)) == "code_expired"
    assert Till.objects.get().token_hash == ""


def test_guessing_locks_the_address_and_no_other(new_till: Till) -> None:
    code = enrolment.issue_code(new_till, "els")
    for turn in range(enrolment.FAILURES):
        assert refused(Enrol(1, f"GUESS{turn}", KEY)) == "code_unknown"
    assert refused(Enrol(1, code, KEY)) == "locked"
    with pytest.raises(OfficeError) as error:
        enrolment.enrol(Enrol(1, code, KEY), "10.0.0.1")
    assert 0 < error.value.retry_after <= 900
    assert enrolment.enrol(Enrol(1, code, KEY), "10.0.0.2").till == "K1"
    Audit.objects.filter(act=enrolment.REFUSED).update(at=timezone.now() - timedelta(minutes=16))
    assert refused(Enrol(1, code, KEY)) == "code_used"


def test_a_machine_takes_the_place_of_another(make_till: MakeTill) -> None:
    here = make_till()
    book = journal_of(30, key=here.signer)
    batch = book.batch(1, 20, high=25)
    push(here.till, batch, encode(batch), "identity")
    heartbeat.beat(here.till, Heartbeat(1, "K1", 0, "x", 28, 8, receipt=19, z=1))
    plain = enrolment.issue_code(here.till, "els")
    assert refused(Enrol(1, plain, KEY)) == "till_taken"
    code = enrolment.issue_code(here.till, "els", replaces=True)
    enrolled = enrolment.enrol(Enrol(1, code, KEY), "")
    assert (enrolled.replaces, enrolled.high, enrolled.receipt) == (True, 28, 19)
    assert list(TillKey.objects.order_by("first").values_list("first", "public_key")) == [
        (1, here.signer.public.hex()),
        (29, KEY),
    ]
    assert Till.objects.get().token_hash != here.till.token_hash
    once_more = enrolment.issue_code(here.till, "els", replaces=True)
    enrolment.enrol(Enrol(1, once_more, signer(78).public.hex()), "")
    assert TillKey.objects.get(first=29).public_key == signer(78).public.hex()


def test_the_same_machine_may_come_again(make_till: MakeTill) -> None:
    here = make_till()
    batch = journal_of(5, key=here.signer).batch()
    push(here.till, batch, encode(batch), "identity")
    code = enrolment.issue_code(here.till, "els")
    assert enrolment.enrol(Enrol(1, code, here.signer.public.hex()), "").replaces is False
    assert TillKey.objects.count() == 1


def test_a_heartbeat_is_kept(make_till: MakeTill) -> None:
    here = make_till()
    now = int(timezone.now().timestamp() * 1000)
    device = DeviceState("receipt", "network", "paper_out", now, {"text": "a\0b"})
    beat = Heartbeat(1, "K1", now, "0.2.0", 7, 7, oldest=now, receipt=3, z=2, turnover=1250, cursor=9, disk_free=10**15,
                     devices=[device], doctor={"clock": "ok", "big": 10**30})  # fmt: skip
    answer = heartbeat.beat(here.till, beat)
    assert (answer.next, answer.pull_snapshot) == (1, True)
    state = TillState.objects.get()
    assert (state.waiting, state.turnover_waiting, state.z, state.version) == (7, 1250, 2, "0.2.0")
    assert state.devices[0]["facts"] == {"text": "a\ufffdb"}
    assert TillCursor.objects.get().claimed_seq == 7
    assert heartbeat.beat(here.till, Heartbeat(1, "K1", 10**30, "x" * 90, 10**30, -(10**30))).next == 1
    assert TillCursor.objects.get().claimed_seq == 7


def test_a_clock_that_is_wrong_is_told_until_it_is_right(make_till: MakeTill) -> None:
    here = make_till()
    now = int(timezone.now().timestamp() * 1000)
    heartbeat.beat(here.till, Heartbeat(1, "K1", now + 3_600_000, "x", 0, 0))
    alarm = Alarm.objects.get(code="clock")
    assert alarm.closed_at is None
    assert 3_500_000 < alarm.facts["skew_ms"] < 3_700_000
    heartbeat.beat(here.till, Heartbeat(1, "K1", int(timezone.now().timestamp() * 1000), "x", 0, 0))
    assert Alarm.objects.get(code="clock").closed_at is not None


def test_a_till_that_falls_silent(make_till: MakeTill) -> None:
    tills = [make_till("B1", code) for code in ("K1", "K2", "K3")]
    Till.objects.update(enrolled_at=timezone.now() - timedelta(days=9))
    for here, shift in zip(tills, (1, 0, 1), strict=True):
        heartbeat.beat(here.till, Heartbeat(1, here.till.code, 0, "x", 0, 0, z=shift))
    assert heartbeat.find_silent() is None
    TillState.objects.update(at=timezone.now() - timedelta(minutes=20))
    Till.objects.filter(code="K3").update(active=False)
    assert heartbeat.find_silent() == "silent: K1"
    assert Alarm.objects.get(code="silent").till == "K1"
    TillState.objects.update(at=timezone.now() - timedelta(hours=80))
    assert heartbeat.find_silent() == "silent: K1, K2"
    heartbeat.beat(tills[0].till, Heartbeat(1, "K1", 0, "x", 0, 0))
    assert set(Alarm.objects.filter(code="silent", closed_at=None).values_list("till", flat=True)) == {"K2"}
    Till.objects.filter(code="K2").update(active=False)
    heartbeat.find_silent()
    assert not Alarm.objects.filter(code="silent", closed_at=None).exists()
