"""An office for each test: Django on a temporary data folder, with SQLite and, where there is one, PostgreSQL.

A test that takes ``office_db`` (or ``client``, ``make_till``) runs once on each database, each time on an empty one. To
run on one only: ``@pytest.mark.parametrize("office_db", ["sqlite"], indirect=True)``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.office import databases, journals

databases.set_up()

from django.db import connections  # noqa: E402
from django.test import Client  # noqa: E402

from kassa_tui.storage.keys import Signer  # noqa: E402

if TYPE_CHECKING:
    from kassa_office.tills.models import Till

Databases = databases.Databases
VENDORS = databases.available()


@dataclass
class TillHere:
    """A till that the office knows, with what the machine itself would have."""

    till: Till
    signer: Signer
    token: str
    book: journals.Book = field(init=False)

    def __post_init__(self) -> None:
        self.book = journals.Book(self.till.code, self.signer)

    @property
    def headers(self) -> dict[str, str]:
        """What its requests carry, for ``client.post(..., headers=)``."""
        return {"Authorization": f"Bearer {self.token}"}


MakeTill = Callable[..., TillHere]


@pytest.fixture(scope="session")
def databases_of_office() -> Iterator[Databases]:
    """The databases themselves: ``use("postgresql")`` changes over within one test."""
    made = Databases()
    yield made
    connections.close_all()


@pytest.fixture(params=VENDORS)
def office_db(request: pytest.FixtureRequest, databases_of_office: Databases) -> Iterator[Databases]:
    """An empty, migrated database; ``vendor`` says which."""
    yield databases_of_office.use(request.param)
    connections.close_all()


@pytest.fixture
def client(office_db: Databases) -> Client:
    """Django's test client, without anybody logged in."""
    return Client()


@pytest.fixture
def make_till(office_db: Databases) -> MakeTill:
    """Makes an enrolled till: ``make_till("B1", "K1")``; the branch is made where it is not there."""
    return till_here


def till_here(branch: str = "B1", code: str = "K1", number: int = 0) -> TillHere:
    """An enrolled till in the database of this moment; ``number`` chooses its key, else its code does."""
    from kassa_office.tills.models import Branch, Till, TillCursor, TillKey

    place, _ = Branch.objects.get_or_create(code=branch, defaults={"name": f"Filiaal {branch}"})
    token = f"token-{code}"
    hashed = hashlib.sha256(token.encode()).hexdigest()
    key = journals.signer(number or sum(code.encode()))
    till = Till.objects.create(code=code, branch=place, name=f"Kassa {code}", token_hash=hashed)
    TillKey.objects.create(till=till, first=1, public_key=key.public.hex())
    TillCursor.objects.create(till=till)
    return TillHere(till, key, token)


@pytest.fixture
def journal_of() -> Callable[..., journals.Book]:
    """Makes a journal of exactly so many entries: ``journal_of(50, till="K1", key=here.signer)``."""
    return journals.journal_of
