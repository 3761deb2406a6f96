"""A shop with articles and sales, and programs with tokens."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from tests.office.conftest import Databases, MakeTill
from tests.office.journals import Book, journal_of


@dataclass
class Program:
    """Asks the API with a token."""

    text: str
    token: Any

    def ask(self, method: str, path: str, data: Any = None, **headers: str) -> Any:
        """The answer; ``data`` goes as JSON, of a GET as its query."""
        client = Client(headers={"Authorization": f"Bearer {self.text}", **headers})
        if method == "get":
            return client.get(f"/api/rest/{path}", data)
        return getattr(client, method)(f"/api/rest/{path}", data=data, content_type="application/json")

    def get(self, path: str, **query: Any) -> Any:
        """The answer to a GET."""
        return self.ask("get", path, query)

    def all(self, path: str, limit: Any = 100, **query: Any) -> list[Any]:
        """All items of all pages."""
        found: list[Any] = []
        cursor = None
        while True:
            page = self.get(path, limit=limit, **query, **({"cursor": cursor} if cursor else {})).json()
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                return found
            assert len(page["items"]) == limit


MakeProgram = Callable[..., Program]


def program(
    scopes: Collection[str] | None = None, branches: Collection[str] = (), name: str = "webshop", per_minute: int = 6000
) -> Program:
    """A program with all scopes and branches, or these."""
    from kassa_office.api import tokens

    row, text = tokens.make(name, tokens.SCOPES if scopes is None else scopes, branches, "test", per_minute)
    return Program(text, row)


@pytest.fixture
def make_program(office_db: Databases) -> MakeProgram:
    """Makes programs with tokens."""
    return program


@pytest.fixture
def articles(office_db: Databases) -> list[str]:
    """Twelve articles, ``1`` to ``12``."""
    return some_articles()


def some_articles(many: int = 12) -> list[str]:
    """Articles numbered from 1."""
    from kassa_office.catalogue.models import Article, Group

    group, _made = Group.objects.get_or_create(name="Brood", defaults={"vat": "low"})
    skus = [str(number) for number in range(1, many + 1)]
    for sku in skus:
        Article.objects.create(sku=sku, name=f"Artikel {sku}", group=group, vat="low")
    return skus


@pytest.fixture
def shop(make_till: MakeTill, articles: list[str]) -> Book:
    """Till K1 in branch B1 with 60 entries of its journal in; till K2 in branch B2 with 20."""
    return filled_shop(make_till)


def filled_shop(make_till: MakeTill) -> Book:
    """As the fixture ``shop``, in the database of this moment."""
    from kassa_office.tills.port import OfficeForTill

    books = []
    for branch, code, many in (("B1", "K1", 60), ("B2", "K2", 20)):
        here = make_till(branch, code)
        book = journal_of(many, till=code, key=here.signer)
        OfficeForTill(here.till).push(book.batch())
        books.append(book)
    return books[0]
