"""X, Z and day report: complete also where nothing happened, and in agreement with the figures they are given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui.domain.document import (
    CENTRE,
    LEFT,
    QR,
    RIGHT,
    Barcode,
    Cut,
    Document,
    Feed,
    Logo,
    Row,
    Rule,
    Text,
)
from kassa_tui.domain.shift import report
from kassa_tui.messages import Words
from kassa_tui.services.report_documents import as_text, cash_slip, day_report, x_report, z_report
from tests.services.papers import AT, OFFSET, compiled, config

GOLDEN = Path(__file__).with_name("golden")
DUTCH = Words("nl")
TOTALS = [
    ("sale", "", 3, 7000, 2469, 0), ("vat", "high:2100", 2, 0, 1072, 186), ("vat", "low:900", 3, 0, 1397, 115),
    ("group", "Kruidenier", 5, 7450, 1397, 0), ("group", "Huishoud", 2, 2000, 1072, 0),
    ("tender", "cash", 2, 0, 1469, 0), ("tender", "pin", 1, 0, 1000, 0), ("rounding", "", 1, 0, -1, 0),
    ("hour", "14", 3, 0, 2469, 0), ("staff", "anna", 3, 0, 2469, 0), ("cash", "float", 1, 0, 15_000, 0),
    ("cash", "out", 1, 0, 500, 0), ("cash", "drop", 1, 0, 2000, 0), ("void", "line", 1, 1000, 119, 0),
    ("event", "drawer", 1, 0, 0, 0), ("deposit", "charged", 1, 6000, 90, 0), ("card", "approved", 1, 0, 0, 0),
    ("copy", "", 2, 0, 1234, 0),
]  # fmt: skip


def figures(totals: list[tuple[str, str, int, int, int, int]], **more: Any) -> dict[str, Any]:
    """What `services.shifts` makes of running totals."""
    return report(totals) | {
        "z": 7, "first_receipt": 121, "last_receipt": 123, "opened": AT - 14_400_000, "opened_by": "anna",
        "grand": {"sales": 1_234_567, "returns": 4567, "net": 1_230_000}, "parked": 1, "counted": 13_900,
        "difference": -69, "pieces": {"5000": 2, "2000": 1, "200": 9, "50": 2},
    } | more  # fmt: skip


def made(**more: Any) -> dict[str, Any]:
    return {"at": AT, "offset": OFFSET, "who": "bas", **more}


def rows(document: Document) -> dict[str, str]:
    """Left side → right side, its blanks closed up."""
    return {x.left.strip(): " ".join(x.right.split()) for x in document if isinstance(x, Row)}


@pytest.mark.parametrize("columns", [42, 32])
def test_z_reads_as_kept(columns: int) -> None:
    paper = z_report(figures(TOTALS), config(columns=columns), DUTCH, **made())
    assert as_text(paper, columns) == (GOLDEN / f"z_nl_{columns}.txt").read_text(encoding="utf-8")


def test_z_tells_everything_on_the_checklist() -> None:
    found = rows(z_report(figures(TOTALS), config(), DUTCH, **made()))
    assert found["Z-nummer"] == "7"
    assert found["Kassa"] == "K1"
    assert found["Bonnen"] == "000121 - 000123"
    assert found["Omzet"] == "€ 24,69"
    assert found["21%"] == "8,86 1,86 10,72"
    assert found["Kruidenier"] == "7,450 13,97"
    assert found["Contant"] == "2 14,69"
    assert found["Afrondingsverschillen"] == "-0,01"
    assert found["Statiegeld berekend"] == "1 0,90"
    assert found["Kopieën"] == "2 12,34"
    assert found["Lade open zonder verkoop"] == "1"
    assert found["Hoort in de lade"] == "139,69"
    assert found["2 x € 50,00"] == "100,00"
    assert found["Geteld"] == "139,00"
    assert found["Verschil"] == "-0,69"
    assert found["Netto"] == "12.300,00"


def test_a_shift_in_which_nothing_happened_has_every_line_with_zero() -> None:
    empty = figures([], first_receipt=1, last_receipt=0, counted=None, difference=None, pieces={}, parked=0,
                    grand={"sales": 0, "returns": 0, "net": 0})  # fmt: skip
    full = {*rows(z_report(figures(TOTALS), config(), DUTCH, **made()))}
    found = rows(z_report(empty, config(), DUTCH, **made()))
    own = {"21%", "9%", "Kruidenier", "Huishoud", "anna", "14:00", "Geteld", "Verschil", "2 x € 50,00",
           "1 x € 20,00", "9 x € 2,00", "2 x € 0,50"}  # fmt: skip
    assert full - own <= set(found)
    assert found["Bonnen"] == "geen"
    assert found["Lade open zonder verkoop"] == "0"
    assert found["Retour zonder bon"] == "0 0,00"
    assert "NIET GETELD" in found


def test_events_and_tenders_without_words_are_still_told() -> None:
    odd = [*TOTALS, ("event", "new.thing", 4, 0, 0, 0), ("tender", "cheque", 1, 0, 500, 0)]
    found = rows(z_report(figures(odd), config(), DUTCH, **made()))
    assert found["new.thing"] == "4"
    assert found["cheque"] == "1 5,00"


def test_x_tells_what_ought_to_be_in_the_drawer_only_where_the_count_is_not_blind() -> None:
    assert rows(x_report(figures(TOTALS), config(), DUTCH, **made()))["Hoort in de lade"] == "139,69"
    blind = x_report(figures(TOTALS), config(), DUTCH, expected=False, **made())
    assert "Hoort in de lade" not in rows(blind)
    assert Text("X-RAPPORT", CENTRE, bold=True, tall=True) in blind


def test_day_report_is_of_a_date_and_has_no_z_number() -> None:
    found = rows(day_report(report(TOTALS) | {"date": "2026-11-22"}, config(), DUTCH))
    assert found["Datum"] == "22-11-2026"
    assert found["Omzet"] == "€ 24,69"
    assert "Z-nummer" not in found


def test_reports_of_training_are_marked() -> None:
    for paper in (z_report(figures(TOTALS), config(), DUTCH, **made(training=True)),
                  day_report(report([]) | {"date": "2026-11-22"}, config(), DUTCH, training=True)):  # fmt: skip
        assert any(isinstance(x, Text) and x.text == "TRAINING" and x.tall for x in paper)


def test_cash_slip_tells_who_did_it_and_who_agreed() -> None:
    facts = {"move": "out", "amount": 500, "reason": "Bloemen\x1b", "by": "bas"}
    found = rows(cash_slip(facts, config(), DUTCH, at=AT, offset=OFFSET, who="anna"))
    assert found["Bedrag"] == "€ 5,00"
    assert found["Akkoord"] == "bas"
    assert "Reden: Bloemen" in found
    assert "Handtekening" in found
    own = rows(cash_slip(facts | {"by": "anna"}, config(), DUTCH, at=AT, offset=OFFSET, who="anna"))
    assert "Akkoord" not in own


def test_reports_in_french_say_the_same_numbers(tmp_path: Path) -> None:
    dutch = z_report(figures(TOTALS), config(), DUTCH, **made())
    french = z_report(figures(TOTALS), config(), compiled(tmp_path, "fr"), **made())
    for ours, theirs in zip(dutch, french, strict=True):
        if isinstance(ours, Row) and isinstance(theirs, Row) and "excl." not in ours.right:
            assert ours.right == theirs.right
    assert rows(french)["Chiffre d'affaires"] == "€ 24,69"


def test_as_text_places_every_element() -> None:
    paper: Document = (Logo(), Text("mid", CENTRE), Text("left", LEFT), Text("right", RIGHT), Rule(), Feed(2), Cut(),
                       Row("a", "b"), QR("q"), Barcode("K1-1"), Cut())  # fmt: skip
    assert as_text(paper, 9).split("\n") == [
        "   mid", "left", "    right", "---------", "", "", "- - - - -", "a       b", "   *q*", "  *K1-1*", "",
    ]  # fmt: skip


def test_a_row_folds_beside_its_amount() -> None:
    assert as_text((Row("  een lange omschrijving van iets", "12,34 B"),), 24).splitlines() == [
        "  een lange", "  omschrijving", "  van iets       12,34 B",
    ]  # fmt: skip
    assert as_text((Row("a b", "000 000 000 000 000 000"),), 24).splitlines() == ["a b", " 000 000 000 000 000 000"]


ANY = st.text(st.characters(codec="utf-8"), max_size=60)


@given(left=ANY, right=ANY, columns=st.integers(16, 48))
def test_no_line_is_wider_than_the_paper_and_no_word_is_lost(left: str, right: str, columns: int) -> None:
    shown = as_text((Row(left, right), Text(left)), columns)
    assert all(len(text) <= columns for text in shown.splitlines())
    assert all(char == "\n" or char.isprintable() for char in shown)
    for word in "".join(char if char.isprintable() else " " if char.isspace() else "" for char in left).split(" "):
        assert len(word) > columns // 3 or word in shown
