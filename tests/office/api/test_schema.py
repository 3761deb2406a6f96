"""The API keeps to its own description, whatever it is asked: schemathesis against the WSGI application."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from tests.office.api.conftest import Program, filled_shop, program, some_articles
from tests.office.conftest import VENDORS, Databases, till_here

EXAMPLES = {"sqlite": 10, "postgresql": 4}
"""Of each operation and each way."""


def operations() -> list[tuple[str, str]]:
    """Path and method of everything that can be asked."""
    from kassa_office.api.rest import api

    paths: dict[str, dict[str, Any]] = api.get_openapi_schema()["paths"]
    return [(path, method) for path, methods in paths.items() for method in methods]


@pytest.fixture(scope="module", params=VENDORS)
def asking(request: pytest.FixtureRequest, databases_of_office: Databases) -> Program:
    """A program with every scope, in an office with sales."""
    databases_of_office.use(request.param)
    some_articles()
    filled_shop(till_here)
    return program(per_minute=10**9)


@pytest.fixture(scope="module")
def described(asking: Program) -> Any:
    """The description as the office serves it."""
    from kassa_office.wsgi import application

    return schemathesis.openapi.from_wsgi("/api/openapi.json", application)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
@pytest.mark.parametrize(("path", "method"), operations())
def test_every_answer_is_as_described(described: Any, asking: Program, path: str, method: str, mode: Any) -> None:
    operation, asked = described[path][method], []
    if mode is GenerationMode.NEGATIVE and path.endswith(("/branches", "/groups")) and method == "get":
        pytest.skip("takes nothing that could be wrong")

    @settings(
        max_examples=EXAMPLES[connection.vendor],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        known = {"Authorization": f"Bearer {asking.text}"}
        answer = case.call(headers=known)
        asked.append(answer.status_code)
        case.validate_response(answer, headers=known)

    ask()
    assert asked
    assert all(status < 500 for status in asked)
