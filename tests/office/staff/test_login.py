"""Logging in: the second step, the lock after failures, and what an attacker might try on the way."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth import SESSION_KEY
from django.test import Client
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from kassa_office.staff.models import Audit
from tests.office.conftest import Databases
from tests.office.staff.conftest import PASSWORD, LogIn, make_user


def enter(client: Client, name: str = "owner", word: str = PASSWORD, **more: str) -> Any:
    """What the form's answer is."""
    return client.post("/inloggen/", {"username": name, "password": word, **more})


def code_of(device: TOTPDevice) -> str:
    """What the telephone shows."""
    return f"{totp(device.bin_key):06d}"


@pytest.fixture
def owner(office_db: Databases) -> Any:
    return make_user("owner")


@pytest.fixture
def device(owner: Any) -> TOTPDevice:
    return TOTPDevice.objects.create(user=owner, name="telefoon", confirmed=True)


def test_in_and_out(owner: Any, client: Client) -> None:
    shown = client.get("/account/")
    assert (shown.status_code, shown["Location"]) == (302, "/inloggen/?next=%2Faccount%2F")
    assert enter(client, next="/account/")["Location"] == "/account/"
    assert client.get("/account/").status_code == 200
    assert client.get("/uitloggen/").status_code == 405
    assert client.post("/uitloggen/")["Location"] == "/inloggen/"
    assert client.get("/account/").status_code == 302
    assert Audit.objects.filter(act="login", user="owner").count() == 1


def test_five_wrong_passwords_lock_for_a_quarter_of_an_hour_in_words(owner: Any, client: Client) -> None:
    answers = [enter(client, word="fout") for _turn in range(6)]
    assert [one.status_code for one in answers] == [200] * 4 + [429] * 2
    assert "kwartier" in answers[4].content.decode()
    assert answers[4]["Retry-After"] == "900"
    assert enter(client).status_code == 429
    assert SESSION_KEY not in client.session
    assert enter(Client(REMOTE_ADDR="10.0.0.9")).status_code == 302
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=14))
    assert enter(client).status_code == 429
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    assert enter(client).status_code == 302
    assert Audit.objects.filter(act="login.locked", refused=True).exists()


def test_an_unknown_name_is_told_nothing_else_than_a_wrong_password(owner: Any, client: Client) -> None:
    wrong, unknown = enter(client, word="fout"), enter(client, name="niemand", word="fout")
    texts = [re.search(r'class="note error"[^>]*>([^<]*)', one.content.decode()) for one in (wrong, unknown)]
    assert texts[0] is not None
    assert texts[1] is not None
    assert texts[0].group(1) == texts[1].group(1)


def test_refusals_fill_no_disk(owner: Any) -> None:
    for number in range(30):
        enter(Client(), name=f"naam{number}", word="fout")
    assert Audit.objects.filter(act="login.refused").count() == 20


def test_the_session_of_before_is_not_that_of_after(owner: Any, device: TOTPDevice, client: Client) -> None:
    client.get("/inloggen/")
    planted = client.session
    planted["mark"] = "planted"
    planted.save()
    before = str(planted.session_key)
    client.cookies["sessionid"] = before
    enter(client)
    between = str(client.session.session_key)
    client.post("/inloggen/code/", {"code": code_of(device)})
    after = str(client.session.session_key)
    assert len({before, between, after}) == 3
    for old in (before, between):
        other = Client()
        other.cookies["sessionid"] = old
        assert other.get("/account/").status_code == 302


def test_the_second_step_is_asked_everywhere(owner: Any, device: TOTPDevice, client: Client) -> None:
    assert enter(client, next="/account/?x=1&y=2")["Location"] == "/inloggen/code/?next=%2Faccount%2F%3Fx%3D1%26y%3D2"
    for path in ("/account/", "/koppelingen/", "/beheer/", "/account/wachtwoord/", "/account/tweede-stap/"):
        answer = client.get(path, follow=True)
        assert answer.redirect_chain[-1][0].startswith("/inloggen/code/?next="), path
    wrong = client.post("/inloggen/code/", {"code": "000000"})
    assert (wrong.status_code, client.get("/account/").status_code) == (200, 302)
    device.refresh_from_db()
    device.throttle_reset()
    right = client.post("/inloggen/code/?next=%2Faccount%2F", {"code": code_of(device)})
    assert right["Location"] == "/account/"
    assert client.get("/account/").status_code == 200
    assert Audit.objects.filter(act="second_step.refused", refused=True).count() == 1


def test_codes_cannot_be_guessed_in_a_row_nor_used_twice(owner: Any, device: TOTPDevice, client: Client) -> None:
    enter(client)
    client.post("/inloggen/code/", {"code": "000000"})
    client.post("/inloggen/code/", {"code": "000001"})
    assert client.post("/inloggen/code/", {"code": code_of(device)}).status_code == 200
    device.refresh_from_db()
    device.throttle_reset()
    used = code_of(device)
    assert client.post("/inloggen/code/", {"code": used}).status_code == 302
    other = Client()
    enter(other)
    assert other.post("/inloggen/code/", {"code": used}).status_code == 200


def test_setting_the_second_step_up_and_a_recovery_code(owner: Any, client: Client) -> None:
    enter(client)
    page = client.get("/account/tweede-stap/")
    assert "<svg" in page.content.decode()
    made = TOTPDevice.objects.get()
    assert not made.confirmed
    assert "klopt niet" in client.post("/account/tweede-stap/", {"code": "000000"}).content.decode()
    made.refresh_from_db()
    made.throttle_reset()
    done = client.post("/account/tweede-stap/", {"code": code_of(made)})
    codes = re.findall(r"<li><code>([a-z0-9]+)</code>", done.content.decode())
    assert len(codes) == 8
    assert client.get("/account/").status_code == 200
    for expected in (302, 200):
        other = Client()
        enter(other)
        assert other.post("/inloggen/code/", {"code": codes[0]}).status_code == expected
    client.post("/account/tweede-stap/", {"remove": "1"})
    assert not TOTPDevice.objects.exists()
    acts = set(Audit.objects.values_list("act", flat=True))
    assert {"second_factor.set", "second_factor.removed"} <= acts


@pytest.mark.parametrize(
    "away", ["https://evil.example/", "//evil.example/", "/\\evil.example", "http:evil.example", "javascript:alert(1)"]
)
def test_nobody_is_sent_elsewhere(owner: Any, device: TOTPDevice, client: Client, away: str) -> None:
    first = enter(client, next=away)
    assert "evil" not in first["Location"]
    assert "javascript" not in first["Location"]
    shown = client.get("/inloggen/code/", {"next": away})
    assert "evil" not in shown.content.decode()
    assert client.post("/inloggen/code/", {"code": code_of(device), "next": away})["Location"] == "/"
    assert client.post("/taal/", {"language": "fr", "next": away})["Location"] == "/"
    assert "evil" not in client.get("/beheer/login/", {"next": away}, follow=True).content.decode()


def test_who_may_no_more_is_out_at_once(log_in: LogIn) -> None:
    from django.contrib.auth.models import User

    client = log_in("support")
    assert client.get("/account/").status_code == 200
    User.objects.update(is_active=False)
    assert client.get("/account/").status_code == 302


def test_another_password_ends_the_other_sessions(owner: Any, client: Client) -> None:
    other = Client()
    enter(client)
    enter(other)
    given = {"old_password": PASSWORD, "new_password1": "een heel ander woord", "new_password2": "een heel ander woord"}
    assert client.post("/account/wachtwoord/", given).status_code == 302
    assert client.get("/account/").status_code == 200
    assert other.get("/account/").status_code == 302
