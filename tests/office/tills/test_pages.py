"""The pages of the fleet: who may, what they do, and that codes are shown once."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone

from kassa_office.staff.models import Audit
from kassa_office.tills.models import Enrolment, Rollout, Till
from kassa_tui.office_keys import fingerprint
from kassa_tui.sync.wire import Heartbeat
from tests.office.conftest import MakeTill, TillHere
from tests.office.dashboard.conftest import MakeUser, make_user

__all__ = ["make_user"]
BACKEND = "django.contrib.auth.backends.ModelBackend"
FORM = {"name": "Retour", "settings": "rules.return_days = 14", "version": "", "stages": "K1\n100%"}


@pytest.fixture
def tills(make_till: MakeTill) -> dict[str, TillHere]:
    return {"K1": make_till("B1", "K1"), "K2": make_till("B2", "K2")}


@pytest.fixture
def support(client: Client, make_user: MakeUser, tills: dict[str, TillHere]) -> Client:
    client.force_login(make_user("sam", "support"), BACKEND)
    return client


def page(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, path
    assert response["Cache-Control"] == "private, no-store"
    found = response.content.decode()
    assert "style=" not in found
    assert "<script>" not in found
    return found


@pytest.mark.parametrize("role", ["manager", "bookkeeper"])
def test_only_owner_and_support_roll_out_and_make_codes(
    client: Client, make_user: MakeUser, tills: dict[str, TillHere], role: str
) -> None:
    client.force_login(make_user("piet", role, ["B1"]), BACKEND)
    Rollout.objects.create(name="x", kind="settings", body={}, stages=[100], made_by="els")
    number = Rollout.objects.get().pk
    for path in ("/kassas/uitrol/", f"/kassas/uitrol/{number}/"):
        assert client.get(path).status_code == 403
    for path in (f"/kassas/uitrol/{number}/besluit/", "/kassas/K1/code/", "/kassas/K1/intrekken/"):
        assert client.post(path, {"besluit": "terug"}).status_code == 403
    shown = client.get("/kassas/K1/").content.decode()
    assert "/kassas/K1/code/" not in shown
    assert not Enrolment.objects.exists()
    assert Till.objects.get(code="K1").token_hash


def test_nobody_without_logging_in(client: Client, tills: dict[str, TillHere]) -> None:
    for path in ("/kassas/uitrol/", "/kassas/uitrol/1/"):
        assert client.get(path).status_code == 302
    assert client.post("/kassas/K1/code/").status_code == 302
    assert not Enrolment.objects.exists()


def test_a_roll_out_from_form_to_the_end(support: Client) -> None:
    assert "/kassas/uitrol/" in page(support, "/kassas/")
    assert "Er is nog niets uitgerold." in page(support, "/kassas/uitrol/")
    made = support.post("/kassas/uitrol/", FORM)
    number = Rollout.objects.get().pk
    assert (made.status_code, made["Location"]) == (302, f"/kassas/uitrol/{number}/")
    path = f"/kassas/uitrol/{number}/"
    first = page(support, path)
    assert "nog niet begonnen" in first
    assert Till.objects.get(code="K1").settings == {}
    support.post(path + "besluit/", {"besluit": "verder", "stap": "0"})
    assert Till.objects.get(code="K1").settings == {"rules.return_days": 14}
    assert Till.objects.get(code="K2").settings == {}
    told = page(support, path)
    assert "K1: niet gehoord sinds haar aanmelding" in told
    assert " disabled" in told
    refused = support.post(path + "besluit/", {"besluit": "verder", "stap": "1"}, follow=True).content.decode()
    assert "niet gehoord" in refused
    _beat("K1")
    assert "overgenomen" in page(support, path)
    support.post(path + "besluit/", {"besluit": "stil"})
    assert "staat stil" in page(support, path)
    support.post(path + "besluit/", {"besluit": "hervat"})
    support.post(path + "besluit/", {"besluit": "verder", "stap": "1"})
    assert Till.objects.get(code="K2").settings == {"rules.return_days": 14}
    support.post(path + "besluit/", {"besluit": "terug"})
    assert {str(till.settings) for till in Till.objects.all()} == {"{}"}
    assert "teruggedraaid" in page(support, path)
    assert "Retour" in page(support, "/kassas/uitrol/")
    assert set(Audit.objects.filter(user="sam").values_list("act", flat=True)) == {
        "rollout.made", "rollout.advanced", "rollout.paused", "rollout.resumed", "rollout.undone"}  # fmt: skip


def _beat(code: str) -> None:
    from kassa_office.tills import heartbeat

    till = Till.objects.select_related("branch").get(code=code)
    heartbeat.beat(till, Heartbeat(1, code, int(timezone.now().timestamp() * 1000), "1", 0, 0,
                                   settings=fingerprint(till.settings)))  # fmt: skip


@pytest.mark.parametrize(
    ("given", "said"),
    [({"settings": "till.data = '/x'"}, "till.data kan het kantoor niet instellen"),
     ({"settings": "rules.return_days = '<b>'"}, "niet de goede soort"),
     ({"settings": "rules.print_receipt = '<b>'"}, "&lt;b&gt; kan hier niet"),
     ({"settings": "rules.return_days"}, "niet te lezen"),
     ({"settings": ""}, "een van de twee"), ({"version": "0.2.0"}, "een van de twee"),
     ({"settings": "", "version": "x"}, "geen versie"), ({"stages": "K9"}, "Kassa K9 is er niet"),
     ({"stages": "veel"}, "VEEL is er niet"), ({"stages": "120%"}, "120% is geen stap")],
)  # fmt: skip
def test_what_a_form_is_told(support: Client, given: dict[str, str], said: str) -> None:
    told = support.post("/kassas/uitrol/", {**FORM, **given}).content.decode()
    assert said in told
    assert not Rollout.objects.exists()


def test_a_code_is_shown_once_and_replaces_a_machine(support: Client) -> None:
    assert "Vervangen" in page(support, "/kassas/K1/")
    shown = support.post("/kassas/K1/code/")
    assert shown["Cache-Control"] == "private, no-store"
    text = shown.content.decode()
    code = re.search(r'value="([A-Z2-9]{5}-[A-Z2-9]{5})"', text)
    assert code
    assert f"--code {code[1]}" in text
    made = Enrolment.objects.get()
    assert (made.till_id, made.replaces, made.made_by) == ("K1", True, "sam")
    assert code[1].replace("-", "") not in page(support, "/kassas/K1/")
    Till.objects.create(code="K7", branch_id="B1")
    assert "Code maken" in page(support, "/kassas/K7/")
    support.post("/kassas/K7/code/")
    assert Enrolment.objects.get(till="K7").replaces is False
    assert support.get("/kassas/K7/code/").status_code == 405


def test_a_withdrawn_machine_is_not_let_in(support: Client, tills: dict[str, TillHere]) -> None:
    asked = Client().get("/api/v1/feed?cursor=0", headers=tills["K1"].headers)
    assert asked.status_code == 200
    told = support.post("/kassas/K1/intrekken/", follow=True).content.decode()
    assert "komt er niet meer in" in told
    assert "nog niet aangemeld" in told
    assert Client().get("/api/v1/feed?cursor=0", headers=tills["K1"].headers).status_code == 401
    assert Audit.objects.get(act="till.revoked").facts == {"till": "K1"}
    assert support.post("/kassas/K99/intrekken/").status_code == 404
