"""Selling by weight from the till: tares of articles and of hands, zero, and what the receipt says of it."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from types import SimpleNamespace

import pytest

from kassa_tui import bootstrap
from kassa_tui.commands import till as command
from kassa_tui.config import load
from kassa_tui.domain.ticket import Line
from kassa_tui.messages import words
from kassa_tui.services import draft, weighing
from kassa_tui.services.ports import ScaleState
from kassa_tui.services.receipts import receipt
from kassa_tui.services.report_documents import as_text
from kassa_tui.simulate.scale import Pan, PtyScale
from tests.services.papers import config, line, sale
from tests.services.shop_floor import Hands

Tell = Callable[[ScaleState], None]


class Pans:
    """A scale with so much on it, which takes the tare off as scales do."""

    def __init__(self, thousandths: int = 462, code: str = "weighed") -> None:
        self.thousandths, self.code = thousandths, code
        self.asked: list[tuple[int, str, int]] = []

    def weigh(self, price: int, name: str, tell: Tell, tare: int = 0) -> None:
        self.asked.append((price, name, tare))
        tell(ScaleState("scale_motion"))
        tell(ScaleState(self.code, True, self.thousandths - tare, tare=tare))

    def zero(self, tell: Tell) -> None:
        tell(ScaleState("scale_zeroed" if self.thousandths < 20 else "scale_zero_refused", True))

    def cancel(self) -> None:
        raise AssertionError


@pytest.fixture
def weighs(at_till: Hands) -> Hands:
    at_till.till.scale = Pans()
    return at_till


def with_tare(h: Hands, grams: str = "12") -> None:
    """The bananas lie in a bag."""
    path = h.till.config.path.with_name("nieuw.csv")
    path.write_text(f"sku,name,price,vat,unit,tare\n1,Bananen,12.90,9,kg,{grams}\n6,Krentenbol,0.55,9,each,\n", "utf-8")
    report = bootstrap.import_file(h.till.config, "articles", path)
    assert report.ok, report.problems


def only(h: Hands) -> Line:
    assert h.till.ticket is not None
    (found,) = h.till.ticket.lines
    return found


def test_the_tare_of_the_article_is_taken_off_and_kept(weighs: Hands) -> None:
    with_tare(weighs)
    facts = weighs.do("weigh 1")["facts"]
    assert (facts["weight"], facts["whole"], facts["tare"], facts["amount"]) == (450, 462, 12, 581)
    assert (only(weighs).quantity, only(weighs).tare, only(weighs).gross) == (450, 12, 581)
    assert draft.line_from(draft.line_json(only(weighs))) == only(weighs)
    weighs.do("pay cash")
    assert weighs.till.last_sale is not None
    (sold,) = weighs.till.last_sale["lines"]
    assert (sold["qty"], sold["tare"], sold["amount"]) == (450, 12, 581)
    assert "typed_weight" not in sold


def test_a_tare_by_hand_goes_before_that_of_the_article_and_is_used_once(weighs: Hands) -> None:
    with_tare(weighs)
    scale = weighs.till.scale
    assert isinstance(scale, Pans)
    assert weighs.do("tare 0,062")["facts"] == {"tare": 62}
    weighs.do("weigh 1", "weigh 1", "tare 0", "weigh 1")
    assert scale.asked == [(1290, "Bananen", 62), (1290, "Bananen", 12), (1290, "Bananen", 0)]


def test_weighing_without_an_article_only_tells(weighs: Hands) -> None:
    assert weighs.do("weigh")["facts"] == {"weight": 462, "whole": None, "tare": None}
    assert weighs.do("tare 0,012", "weigh")["facts"] == {"weight": 450, "whole": 462, "tare": 12}
    assert weighs.till.ticket is None


def test_zero(weighs: Hands) -> None:
    assert weighs.refused("zero") == "scale_zero_refused"
    weighs.till.scale = Pans(4)
    assert weighs.do("zero")["outcome"] == "scale_zeroed"


@pytest.mark.parametrize("text", ["10", "9,9999", "x", "-1", ".", "0,012 kg"])
def test_what_is_no_tare(weighs: Hands, text: str) -> None:
    assert weighs.refused(f"tare {text}") in ("bad_tare", "bad_act")
    assert weighing.parse_tare(text) is None
    assert weighs.till.tare is None


def test_why_there_is_no_weight(at_till: Hands) -> None:
    assert at_till.refused("weigh 1") == "scale_none"
    assert at_till.refused("zero") == "scale_none"
    for code in ("scale_overload", "scale_under_zero", "scale_motion", "scale_below_tare"):
        at_till.till.scale = Pans(code=code)
        assert at_till.refused("weigh 1") == code
        assert at_till.refused("weigh") == code
    at_till.till.scale = Pans()
    assert at_till.refused("weigh 6") == "not_by_weight"
    assert at_till.refused("weigh 4711") == "unknown_code"
    assert at_till.till.ticket is None
    at_till.do("lock")
    assert at_till.refused("weigh 1") == "not_logged_in"
    assert at_till.refused("tare 0,1") == "not_logged_in"


def test_a_weight_that_is_typed_over_a_weighed_one_has_no_tare(weighs: Hands) -> None:
    with_tare(weighs)
    weighs.do("weigh 1")
    weighs.type("set 1 0,500", "approve 9999")
    assert (only(weighs).quantity, only(weighs).tare, only(weighs).typed_weight) == (500, 0, True)


@pytest.mark.parametrize("grams", ["12,5", "x", "12345", "-3"])
def test_a_tare_in_the_catalogue_is_whole_grams(at_till: Hands, grams: str) -> None:
    path = at_till.till.config.path.with_name("nieuw.csv")
    path.write_text(f"sku;name;price;vat;unit;tare\n1;Bananen;12.90;9;kg;{grams}\n", "utf-8")
    report = bootstrap.import_file(at_till.till.config, "articles", path)
    assert [(problem.line, problem.column, problem.code) for problem in report.problems] == [(2, "tare", "not_a_tare")]


def test_the_receipt_tells_net_weight_price_and_tare() -> None:
    weighed = line("Kaas jong", 1290, 450, unit="kg", tare=12)
    shown = as_text(receipt(sale(weighed), config(), words("nl")))
    assert "0,450 kg x € 12,90/kg" in shown
    assert "netto, tarra 0,012 kg" in shown
    assert "5,81" in shown
    without = as_text(receipt(sale(line("Kaas jong", 1290, 450, unit="kg")), config(), words("nl")))
    assert "tarra" not in without


def test_kassa_sell_has_the_configured_scale(
    at_till: Hands, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    at_till.close()
    far = PtyScale("mtsics", Pan(450))
    path = at_till.till.config.path
    path.write_text(path.read_text() + f'[[device]]\nrole = "scale"\nkind = "mtsics"\npath = "{far.path}"\n')
    loaded = load(path)
    stdin = SimpleNamespace(buffer=io.BytesIO(b"login 1111\nweigh 1\nweigh\n"))
    monkeypatch.setattr(sys, "stdin", stdin)
    call = SimpleNamespace(config=lambda: loaded, words=words("nl"))
    assert command.sell(call) == 0  # type: ignore[arg-type]
    far.unplug()
    answers = capsysbinary.readouterr().out.decode().splitlines()
    assert ['"weight":450' in answer for answer in answers] == [False, True, True]
