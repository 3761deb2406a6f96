"""What the office refuses with, a till has words for: read from the source of both sides."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any, cast

import pytest

import kassa_office
from kassa_office.tills import enrolment
from kassa_office.tills.models import Till
from kassa_office.tills.views import STATUS
from kassa_tui.commands import sync as commands
from kassa_tui.domain.outcome import Refused
from kassa_tui.failures import REFUSED, UNREACHED
from kassa_tui.messages import words
from kassa_tui.office_words import OFFICE_WHY
from kassa_tui.services.office import WHY, why
from kassa_tui.sync import codec
from kassa_tui.sync.port import PERMANENT, OfficeError
from kassa_tui.sync.schedule import MOST_WAIT_SECONDS, PERSON_SECONDS, wait
from kassa_tui.sync.wire import Enrol
from tests.office.conftest import MakeTill

HERE = Path(kassa_office.__file__).parent
PASSING = {"locked"}
"""Refusals of an enrolment that time mends."""


def raised_in(path: Path, error: str = "OfficeError") -> set[str]:
    """First arguments of each ``OfficeError(...)`` in a module; one that is passed on is a ``WireError``'s code."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == error:
            first = node.args[0]
            if isinstance(first, ast.Constant):
                found.add(str(first.value))
            else:
                assert ast.unparse(first) == "error.code", f"{path.name}:{node.lineno}"
    return found


ENROLMENT = sorted(raised_in(Path(enrolment.__file__)))


def test_every_code_that_the_office_sends_has_words_and_a_status() -> None:
    sent = {code for path in HERE.rglob("*.py") for code in raised_in(path)}
    sent |= raised_in(Path(codec.__file__), "WireError")
    assert len(sent) > 15
    assert sent - set(STATUS) <= {"fault"}
    assert (sent | set(STATUS)) - WHY <= {"fault"}
    assert set(OFFICE_WHY) == WHY | {"fault"}
    assert len(ENROLMENT) == 8


class Said:
    """Stands for the command line: keeps what is said."""

    class args:
        run = "kassa_tui.commands.sync:enrol"

    def __init__(self) -> None:
        self.told: list[tuple[Refused, int]] = []

    def refuse(self, outcome: Refused, code: int) -> int:
        self.told.append((outcome, code))
        return code


@pytest.mark.parametrize("code", ENROLMENT)
def test_a_refused_enrolment_says_what_to_do_and_is_not_tried_for_ever(code: str) -> None:
    said = Said()
    assert commands._office_refused(cast("Any", said), OfficeError(code, {"till": "K1"}, 60)) == REFUSED
    texts = {language: words(language).outcome(said.told[0][0]) for language in ("nl", "fr", "en")}
    spoken = words("nl")
    assert texts["nl"].startswith("Kantoor: ")
    assert texts["nl"] != spoken.outcome(Refused("office_failed", {"why": "fault"}))
    assert any(word in texts["nl"] for word in ("vraag", "kijk", "bel", "probeer", "moet")), "what is to be done"
    assert "{" not in "".join(texts.values())
    assert (code in PERMANENT) == (code not in PASSING)
    if code in PERMANENT:
        assert PERSON_SECONDS * 0.75 <= wait(1, OfficeError(code), lambda: 0.0) <= MOST_WAIT_SECONDS


def test_what_only_passes_is_not_a_refusal() -> None:
    said = Said()
    assert commands._office_refused(cast("Any", said), OfficeError("unreachable")) == UNREACHED
    assert why("of a later office") == "fault"


def test_a_till_that_is_out_of_use_is_not_enrolled(make_till: MakeTill) -> None:
    till = make_till("B1", "K1").till
    code = enrolment.issue_code(till, "els")
    Till.objects.filter(code="K1").update(active=False)
    with pytest.raises(OfficeError) as refused:
        enrolment.enrol(Enrol(1, code, "ab" * 32, "K1"), "10.0.0.1")
    assert refused.value.code == "inactive"
    Till.objects.filter(code="K1").update(active=True)
    assert enrolment.enrol(Enrol(1, code, "ab" * 32, "K1"), "10.0.0.1").till == "K1"
