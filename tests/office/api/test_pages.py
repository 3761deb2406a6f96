"""The page of the links: tokens and webhooks made, shown once, and taken away."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from kassa_office.api.models import ApiToken, Delivery, Webhook
from kassa_office.staff.models import Audit
from tests.office.api.conftest import Program
from tests.office.conftest import Databases, MakeTill
from tests.office.staff.conftest import make_user


@pytest.fixture
def owner(office_db: Databases) -> Client:
    client = Client()
    client.force_login(make_user("owner"), "django.contrib.auth.backends.ModelBackend")
    return client


def _secret(page: str) -> str:
    found = re.search(r'class="secret" value="([^"]+)"', page)
    assert found is not None
    return found.group(1)


def test_a_token_is_shown_once_and_works_until_it_is_revoked(owner: Client, make_till: MakeTill) -> None:
    make_till("B1", "K1")
    given = {"name": "boekhouding", "scopes": ["sales:read", "reports:read"], "branches": ["B1"], "per_minute": "60"}
    made = owner.post("/koppelingen/sleutel/", given)
    text = _secret(made.content.decode())
    assert made["Cache-Control"] == "no-store"
    row = ApiToken.objects.get()
    assert (row.scopes, [one.pk for one in row.branches.all()], row.per_minute) == (
        ["sales:read", "reports:read"],
        ["B1"],
        60,
    )
    program = Program(text, row)
    assert program.get("branches/B1/sales").status_code == 200
    page = owner.get("/koppelingen/").content.decode()
    assert "boekhouding" in page
    assert text not in page
    assert owner.post("/koppelingen/sleutel/", given).status_code == 422
    assert owner.post(f"/koppelingen/sleutel/{row.pk}/intrekken/").status_code == 302
    assert program.get("branches/B1/sales").status_code == 401
    assert "ingetrokken" in owner.get("/koppelingen/").content.decode()
    assert {"api.token.made", "api.token.revoked"} <= set(Audit.objects.values_list("act", flat=True))


def test_a_webhook_is_made_switched_replayed_and_removed(owner: Client) -> None:
    for url in ("http://shop.example/", "https://10.0.0.1/", "shop"):
        assert owner.post("/koppelingen/webhook/", {"url": url, "events": ["z.closed"]}).status_code == 422
    made = owner.post("/koppelingen/webhook/", {"url": "https://shop.example/kassa", "events": ["z.closed"]})
    assert _secret(made.content.decode()).startswith("whsec_")
    hook = Webhook.objects.get()
    from kassa_office.api import events

    assert events.emit("z.closed", "B1", {"z": 7}) == 1
    one = Delivery.objects.get()
    Delivery.objects.update(state="failed", tries=9, status=500)
    page = owner.get(f"/koppelingen/webhook/{hook.pk}/").content.decode()
    assert "opgegeven" in page
    assert hook.secret not in page
    change = f"/koppelingen/webhook/{hook.pk}/doen/"
    owner.post(change, {"act": "replay", "delivery": one.pk})
    assert Delivery.objects.get().state == "waiting"
    owner.post(change, {"act": "off"})
    assert not Webhook.objects.get().active
    assert events.emit("z.closed", "B1", {}) == 0
    owner.post(change, {"act": "on"})
    assert Webhook.objects.get().active
    assert owner.post(change, {"act": "remove"})["Location"] == "/koppelingen/"
    assert not Delivery.objects.exists()


def test_the_documentation_and_its_description(client: Client) -> None:
    page = client.get("/api/docs").content.decode()
    assert page.count("<script src=") == 2
    assert "swagger-ui-bundle" in page
    told = client.get("/api/openapi.json").json()
    assert "cents" in told["info"]["description"]
    assert "/api/rest/branches/{branch}/sales" in told["paths"]
