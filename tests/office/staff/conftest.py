"""Users of each role, and one client for each."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import pytest
from django.test import Client

from tests.office.conftest import Databases

PASSWORD = "een goed wachtwoord"
LogIn = Callable[..., Client]


def make_user(role: str, branches: Collection[str] = (), name: str = "") -> Any:
    """A user with a role, as ``kassa-office user`` makes one."""
    from kassa_office.commands import setup
    from kassa_office.tills.models import Branch

    for code in branches:
        Branch.objects.get_or_create(code=code, defaults={"name": code})
    assert setup.make_user(name or role, role, list(branches), PASSWORD) == 0
    from django.contrib.auth.models import User

    return User.objects.get(username=name or role)


@pytest.fixture
def log_in(office_db: Databases) -> LogIn:
    """A client that is logged in: ``log_in("manager", ["B1"])``."""

    def enter(role: str, branches: Collection[str] = (), name: str = "") -> Client:
        client = Client()
        client.force_login(make_user(role, branches, name), "django.contrib.auth.backends.ModelBackend")
        return client

    return enter
