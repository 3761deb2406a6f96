"""What keeps the way to several machines open, held against the models and against what is really executed."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, models
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from kassa_office.commands.scale import BY, FIRST, distributed, key_of, reference, statements
from kassa_office.facts import fact_models
from kassa_office.journal.proof import prove
from kassa_office.staff.models import Profile
from tests.office.api.conftest import MakeProgram, articles, make_program, shop
from tests.office.conftest import Databases, MakeTill
from tests.office.journals import Book, journal_of
from tests.office.scale.statements import recorded, unscoped

__all__ = ["articles", "make_program", "shop"]
"""Fixtures of the API's tests, used here too."""
TABLES = sorted(model._meta.db_table for model in distributed())


def test_every_fact_is_spread_and_all_lie_together() -> None:
    assert {model._meta.db_table for model in fact_models()} <= set(TABLES)
    found = statements(16)
    assert f"SELECT create_distributed_table('{FIRST}', 'branch', shard_count => 16);" in found
    for table in set(TABLES) - {FIRST}:
        assert f"SELECT create_distributed_table('{table}', 'branch', colocate_with => '{FIRST}');" in found
    spread = [line for line in found if "distributed" in line]
    assert FIRST in spread[0]
    assert found[0].startswith("CREATE EXTENSION")


def test_master_data_comes_after_what_it_refers_to() -> None:
    order = [model._meta.db_table for model in reference()]
    assert order.index("catalogue_pricelist") < order.index("tills_branch") < order.index("tills_till")
    assert order.index("catalogue_article") < order.index("catalogue_price")
    assert not set(order) & set(TABLES)


@pytest.mark.parametrize("model", list(distributed()), ids=lambda model: model._meta.db_table)
def test_keys_begin_with_the_branch_and_nothing_is_drawn_from_a_sequence(model: type[models.Model]) -> None:
    assert key_of(model)[0] == BY
    branch = next(field for field in model._meta.local_fields if field.attname in (BY, "branch_id"))
    assert branch.db_type(connection) == "varchar(16)"
    for index in (*model._meta.indexes, *model._meta.constraints):
        assert tuple(index.fields)[:1] == (BY,), index
    for field in model._meta.local_fields:
        assert not isinstance(field, models.AutoField | models.BigAutoField), field
        assert not isinstance(field, models.ForeignKey), field
        assert not field.unique or field.primary_key, field
    assert not model._meta.related_objects


@pytest.mark.parametrize(
    ("sql", "wrong"),
    [
        ("SELECT a FROM sale WHERE branch = 'B1'", set()),
        ('SELECT a FROM "sale" WHERE ("sale"."branch" IN (%s) AND day > %s) ORDER BY at', set()),
        ("SELECT branch FROM sale", {"sale"}),
        ("SELECT a FROM sale WHERE day = %s ORDER BY branch", {"sale"}),
        ("SELECT 1 FROM tills_till WHERE code IN (SELECT till FROM sale)", {"sale"}),
        ("SELECT 1 FROM (SELECT till FROM sale WHERE branch = %s) x", set()),
        ("SELECT 1 FROM sale s JOIN sale_line l ON l.seq = s.seq WHERE s.branch = %s", {"sale", "sale_line"}),
        ("SELECT 1 FROM sale s JOIN sale_line l ON l.branch = s.branch AND l.seq = s.seq WHERE s.branch = %s", set()),
        ("INSERT INTO sale (branch, till) VALUES (%s, %s)", set()),
        ("INSERT INTO sale (till) VALUES (%s)", {"sale"}),
        ("UPDATE sale SET branch = %s WHERE till = %s", {"sale"}),
        ("DELETE FROM sale", {"sale"}),
        ("SELECT 1 FROM wholesale WHERE a = 1", set()),
        ("PRAGMA table_info(sale)", set()),
    ],
)  # fmt: skip
def test_the_reader_of_statements_finds_what_is_wrong(sql: str, wrong: set[str]) -> None:
    assert unscoped(sql, TABLES) == wrong


def _wrong(executed: list[str]) -> list[str]:
    return [sql for sql in executed if unscoped(sql, TABLES)]


def test_taking_a_journal_in_and_proving_it(make_till: MakeTill) -> None:
    here, other = make_till("B1", "K1"), make_till("B2", "K2")
    from kassa_office.tills.port import OfficeForTill

    with recorded() as executed:
        for each in (here, other):
            book = journal_of(120, till=each.till.code, key=each.signer)
            port = OfficeForTill(each.till)
            port.push(book.batch(1, 60))
            port.push(book.batch(90, 120))
            port.push(book.batch(40, 120))
            port.journal(0)
            port.parked()
        assert all(finding["complete"] for finding in prove())
    assert any("journal_entry" in sql for sql in executed)
    assert _wrong(executed) == []


def _addresses(resolver: URLResolver, before: str = "") -> list[str]:
    found: list[str] = []
    for entry in resolver.url_patterns:
        text = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            found += _addresses(entry, text)
        elif isinstance(entry, URLPattern) and not re.search(r"[<(^]", text):
            found.append("/" + text)
    return found


def test_every_page_names_the_branch(client: Client, make_till: MakeTill, office_db: Databases) -> None:
    from kassa_office.tills.port import OfficeForTill

    for branch, code in (("B1", "K1"), ("B2", "K2")):
        here = make_till(branch, code)
        OfficeForTill(here.till).push(journal_of(120, till=code, key=here.signer).batch())
    user = get_user_model().objects.create_superuser("baas", password="x")
    Profile.objects.create(user=user, role="owner")
    client.force_login(user)
    pages = [page for page in _addresses(get_resolver()) if not page.startswith(("/beheer/", "/api/v1/"))]
    wrong: dict[str, list[str]] = {}
    reached = 0
    for page in pages:
        with recorded() as executed:
            answer = client.get(page)
        reached += answer.status_code == 200
        if found := _wrong(executed):
            wrong[page] = found
    assert reached > 3, pages
    assert wrong == {}


def test_the_api_names_the_branch(shop: Book, make_program: MakeProgram) -> None:
    program = make_program()
    sale = next(entry for entry in shop.entries if entry.kind == "sale").facts["number"]
    asked = (
        "branches", "articles", "turnover", "customers", "branches/B1/tills", "branches/B1/sales",
        f"branches/B1/sales/{sale}", "branches/B1/z-reports", "branches/B1/stock", "branches/B1/stock/moves",
    )  # fmt: skip
    with recorded() as executed:
        reached = [path for path in asked if program.get(path).status_code == 200]
    assert len(reached) > 7, reached
    assert any("FROM sale" in sql.replace('"', "") for sql in executed)
    assert _wrong(executed) == []


def test_rebuilding_and_the_regular_jobs(make_till: MakeTill) -> None:
    from kassa_office import jobs
    from kassa_office.journal.rebuild import rebuild
    from kassa_office.tills.port import OfficeForTill

    for branch, code in (("B1", "K1"), ("B2", "K2")):
        here = make_till(branch, code)
        OfficeForTill(here.till).push(journal_of(120, till=code, key=here.signer).batch())
    with recorded() as executed:
        assert rebuild() == {}
        for job in jobs.JOBS:
            jobs.run_one(job, "test")
    assert any("DELETE FROM sale_line" in sql for sql in executed)
    assert _wrong(executed) == []
