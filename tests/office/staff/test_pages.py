"""Every address of the site: who may come there, what its answer carries, and what no other site can make it do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver

from kassa_office.staff.access import ALL
from kassa_office.staff.models import Audit
from tests.office.conftest import Databases, MakeTill
from tests.office.staff.conftest import LogIn, make_user

OPEN = (
    "inloggen/",
    "inloggen/code/",
    "uitloggen/",
    "taal/",
    "beheer/login/",
    "beheer/logout/",
    "api/docs",
    "api/openapi.json",
    "webshops/1/haak/",
)
"""What anybody may ask for: logging in and out, the language, the API's description, which holds no figures, and the
address where a webshop nudges, which looks at its signature."""
OWNERS = ("koppelingen/",)
VALUES = {"number": "1", "branch": "B1", "till": "K1", "sku": "1", "object_id": "1", "app_label": "catalogue"}
"""What stands for a part of an address; ``1`` for any other."""
PART = re.compile(r"<(?:[a-z]+:)?([a-z0-9_]+)>")


def addresses() -> list[str]:
    """Every address pattern of the site as one plain path, but for the tills' and the programs' APIs."""
    return sorted({path for path in _walk(get_resolver(), "") if not path.startswith(("api/v1/", "api/rest/"))})


def _walk(resolver: URLResolver, before: str) -> Iterator[str]:
    for one in resolver.url_patterns:
        here = before + PART.sub(lambda part: VALUES.get(part.group(1), "1"), _plain(str(one.pattern)))
        if isinstance(one, URLResolver):
            yield from _walk(one, here)
        elif isinstance(one, URLPattern) and not any(sign in here for sign in "(?^$*"):
            yield here


def _plain(pattern: str) -> str:
    named = re.sub(r"\(\?P<([a-z_]+)>[^()]*(\([^()]*\))?[^()]*\)", lambda part: f"<{part.group(1)}>", pattern)
    return named.removeprefix("^").removesuffix("$").replace("\\Z", "")


PATHS = addresses()
PRIVATE = [path for path in PATHS if path not in OPEN and not path.startswith("api/")]


def test_the_walk_finds_the_site() -> None:
    assert {
        "account/",
        "koppelingen/",
        "koppelingen/webhook/1/",
        "beheer/",
        "beheer/catalogue/article/1/change/",
    } <= set(PATHS)
    assert len(PATHS) > 60
    assert set(OPEN) <= set(PATHS)


@pytest.mark.parametrize("office_db", ["sqlite"], indirect=True)
def test_who_is_not_logged_in_gets_to_the_log_in_and_nowhere_else(client: Client) -> None:
    wrong = []
    for path in PRIVATE:
        for ask in (client.get, client.post):
            answer = ask(f"/{path}")
            away = answer.headers.get("Location", "")
            sent = answer.status_code in (301, 302) and away.startswith(("/inloggen/", "/beheer/login/", f"/{path}/"))
            if not sent and answer.status_code not in (404, 405):
                wrong.append((path, answer.status_code, away))
    assert not wrong


@pytest.mark.parametrize("office_db", ["sqlite"], indirect=True)
@pytest.mark.parametrize("role", [role for role in ALL if role != "owner"])
def test_the_owners_pages_are_the_owners(log_in: LogIn, role: str) -> None:
    user = log_in(role, ["B1"])
    for path in PRIVATE:
        if path.startswith(OWNERS):
            answers = {user.get(f"/{path}").status_code, user.post(f"/{path}").status_code}
            assert answers <= {403, 405}, path
            assert 403 in answers, path
    assert Audit.objects.filter(act="page.refused", user=role, refused=True).count() >= 5


@pytest.mark.parametrize("office_db", ["sqlite"], indirect=True)
@pytest.mark.parametrize("role", ALL)
def test_no_page_fails_for_any_role(log_in: LogIn, role: str) -> None:
    user = log_in(role, ["B1"])
    for path in PRIVATE:
        answer = user.get(f"/{path}")
        assert answer.status_code in (200, 301, 302, 400, 403, 404, 405), (path, answer.status_code)
        if answer.status_code == 302:
            assert not answer["Location"].startswith("/inloggen/"), path


@pytest.mark.parametrize("office_db", ["sqlite"], indirect=True)
def test_a_user_without_a_role_sees_nothing(office_db: Databases) -> None:
    user = make_user("support")
    user.profile.delete()
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    for path in PRIVATE:
        if not path.startswith("beheer/"):
            assert client.get(f"/{path}").status_code in (403, 404, 405), path
    rows = client.get("/beheer/")
    assert "catalogue" not in rows.content.decode()


@pytest.mark.parametrize("office_db", ["sqlite"], indirect=True)
def test_the_administration_is_closed_to_who_has_no_business_there(log_in: LogIn) -> None:
    user = log_in("manager", ["B1"])
    get_user_model().objects.update(is_staff=False)
    answer = user.get("/beheer/", follow=True)
    assert answer.status_code == 403
    assert Audit.objects.filter(act="admin.refused", refused=True).count() == 1


def test_a_manager_does_not_get_at_another_branch(log_in: LogIn, make_till: MakeTill) -> None:
    from kassa_office.tills.models import Till

    make_till("B1", "K1")
    make_till("B2", "K2")
    manager = log_in("manager", ["B1"])
    assert manager.get("/beheer/tills/branch/B1/change/").status_code == 200
    for path in ("tills/branch/B2/change/", "tills/till/K2/change/"):
        answer = manager.get(f"/beheer/{path}")
        assert answer.status_code in (302, 403, 404), path
        assert "Kassa K2" not in answer.content.decode()
    assert Audit.objects.filter(act="branch.refused", user="manager", refused=True).count() == 2
    manager.get("/beheer/")
    assert "branch/B2/" not in manager.get("/beheer/tills/branch/").content.decode()
    manager.post("/beheer/tills/till/K2/change/", {"name": "van mij", "branch": "B1"})
    assert Till.objects.get(code="K2").name == "Kassa K2"


def _policy(answer: Any) -> dict[str, list[str]]:
    parts = [part.split() for part in answer.headers["Content-Security-Policy"].split(";")]
    return {part[0]: part[1:] for part in parts if part}


@pytest.mark.parametrize("office_db", ["sqlite"], indirect=True)
def test_every_answer_has_its_headers(log_in: LogIn, office_db: Databases) -> None:
    owner, anybody = log_in("owner"), Client(raise_request_exception=False)
    answers = [owner.get(f"/{path}") for path in PATHS]
    answers += [anybody.get("/nothing-here"), anybody.get("/", HTTP_HOST="evil.example"), anybody.get("/api/v1/feed")]
    answers += [anybody.get("/api/rest/branches"), anybody.get("/static/office/office.css")]
    for answer in answers:
        path = answer.request["PATH_INFO"]
        policy = _policy(answer)
        assert policy["default-src"] == ["'self'"], path
        assert policy["object-src"] == policy["frame-ancestors"] == policy["base-uri"] == ["'none'"], path
        for name in ("script-src", "style-src"):
            assert all(one == "'self'" or one.startswith("'nonce-") for one in policy[name]), path
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert answer.headers["Referrer-Policy"] == "same-origin", path
        assert "camera=()" in answer.headers["Permissions-Policy"], path
        if "static" not in path and answer.status_code != 400:
            assert answer.headers["X-Frame-Options"] == "DENY", path


@pytest.mark.parametrize("office_db", ["sqlite"], indirect=True)
def test_no_page_needs_what_the_policy_forbids(log_in: LogIn, office_db: Databases) -> None:
    """No inline script, style or handler, and nothing from another host."""
    owner, looked = log_in("owner"), 0
    for path in PATHS:
        answer = owner.get(f"/{path}")
        if answer.status_code != 200 or "html" not in answer.headers["Content-Type"]:
            continue
        text, looked = answer.content.decode(), looked + 1
        assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text), path
        assert not re.search(r"<[^>]*\sstyle\s*=", text), path
        for tag in re.findall(r"<script\b[^>]*>", text):
            assert "src=" in tag or "nonce=" in tag or "application/json" in tag, (path, tag)
        for tag in re.findall(r"<(?:script|link|img|iframe)\b[^>]*>", text):
            assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", tag), (path, tag)
    assert looked > 20


@pytest.mark.parametrize("office_db", ["sqlite"], indirect=True)
def test_a_form_from_elsewhere_changes_nothing(log_in: LogIn, office_db: Databases) -> None:
    user, taken = log_in("owner"), []
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = user.cookies
    for path in PATHS:
        if path.startswith("api/"):
            continue
        answer = strict.post(f"/{path}", {"act": "on"})
        if answer.status_code not in (403, 404, 405):
            taken.append((path, answer.status_code))
    # Django's administration ends a page of its own catch-all with a slash before it looks at the form.
    assert not [one for one in taken if one[1] not in (301, 302) or not one[0].startswith("beheer/")], taken
    page = strict.post("/koppelingen/sleutel/", {"name": "x"})
    assert page.status_code == 403
    assert "stond te lang open" in page.content.decode()
    assert Audit.objects.filter(act="csrf.refused", refused=True).exists()


@pytest.mark.parametrize("office_db", ["sqlite"], indirect=True)
def test_faults_are_told_in_words(log_in: LogIn, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, manager = log_in("owner"), log_in("manager", ["B1"])
    assert "Niet gevonden" in owner.get("/nothing-here").content.decode()
    assert "Geen toegang" in manager.get("/koppelingen/").content.decode()
    assert "klopt niet" in Client().get("/", HTTP_HOST="evil.example").content.decode()

    def broken(*_anything: Any, **_more: Any) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr("kassa_office.staff.views.role_of", broken)
    owner.raise_request_exception = False
    answer = owner.get("/account/")
    assert answer.status_code == 500
    assert "Storing" in answer.content.decode()
    assert "secret of the house" not in answer.content.decode()
    assert _policy(answer)["default-src"] == ["'self'"]


def test_cookies_and_transport() -> None:
    from kassa_office import config

    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.CSRF_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == settings.CSRF_COOKIE_SAMESITE == "Lax"
    assert settings.SESSION_COOKIE_SECURE == settings.CSRF_COOKIE_SECURE == settings.OFFICE.secure
    assert config.OfficeConfig(None, settings.OFFICE.data, url="https://kantoor.example").secure


@pytest.mark.parametrize("office_db", ["sqlite"], indirect=True)
def test_over_tls_browsers_are_told_to_stay_there(client: Client) -> None:
    with override_settings(SECURE_HSTS_SECONDS=31_536_000):
        assert client.get("/inloggen/", secure=True)["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize("office_db", ["sqlite"], indirect=True)
def test_what_is_the_users_own_stays_in_his_browser(log_in: LogIn) -> None:
    assert "private" in log_in("owner").get("/account/")["Cache-Control"]
    assert admin.site.has_permission.__name__ == "_may_administer"
