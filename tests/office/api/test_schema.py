"""The API keeps to its own description, whatever it is asked: schemathesis against the WSGI application."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from tests.office.api.conftest import Program, filled_shop, program, some_articles
from tests.office.conftest import Databases, till_here

EXAMPLES = 25


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def asking(request: pytest.FixtureRequest, databases_of_office: Databases) -> Iterator[Program]:
    """A program with every scope, in an office with sales."""
    from tests.office.conftest import VENDORS

    if request.param not in VENDORS:
        pytest.skip("no PostgreSQL here")
    databases_of_office.use(request.param)
    some_articles()
    filled_shop(till_here)
    yield program(per_minute=10**9)


@pytest.fixture(scope="module")
def description(asking: Program) -> Any:
    """The OpenAPI description as the office serves it."""
    from kassa_office.wsgi import application

    return schemathesis.openapi.from_wsgi("/api/openapi.json", application)


schema = schemathesis.pytest.from_fixture("description")


@schema.parametrize()
@settings(
    max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
def test_every_answer_is_as_described(case: Any, asking: Program) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {asking.text}"})
