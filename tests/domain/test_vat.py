"""VAT out of gross prices: the worked examples of the rule, and what must hold of any ticket."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kassa_tui.domain.vat import OUTSIDE, VatBlock, blocks, line_vat, vat_of
from tests.domain import model

RATED = [("high", 2100), ("low", 900), ("be_low", 600), ("be_mid", 1200), ("zero", 0), ("export", 0), (OUTSIDE, 0)]
PARTS = st.lists(
    st.tuples(st.sampled_from(RATED), st.integers(-200_000, 200_000)).map(lambda p: (p[0][0], p[0][1], p[1])),
    max_size=15,
)


@pytest.mark.parametrize(
    ("gross", "rate", "vat", "net"),
    [
        (1234, 900, 102, 1132),
        (1000, 2100, 174, 826),
        (10000, 1200, 1071, 8929),
        (10000, 600, 566, 9434),
        (5, 2100, 1, 4),
        (-1234, 900, -102, -1132),
        (990, 2100, 172, 818),
        (99, 2100, 17, 82),
        (500, 0, 0, 500),
    ],
)
def test_vat_out_of_gross(gross: int, rate: int, vat: int, net: int) -> None:
    assert vat_of(gross, rate) == vat
    assert blocks([("x", rate, gross)]) == (VatBlock("x", rate, gross, net, vat),)


def test_ten_of_99_cents_are_taxed_per_ticket_and_never_per_line() -> None:
    ten = [("high", 2100, 99)] * 10
    assert sum(vat_of(99, 2100) for _ in ten) == 170
    assert blocks(ten) == (VatBlock("high", 2100, 990, 818, 172),)
    assert line_vat(ten) == [18, 18, 17, 17, 17, 17, 17, 17, 17, 17]


def test_a_refund_mirrors_its_sale() -> None:
    sale, refund = [("low", 900, 1234), ("high", 2100, 99)], [("low", 900, -1234), ("high", 2100, -99)]
    assert [block.vat for block in blocks(sale)] == [17, 102]
    assert [block.vat for block in blocks(refund)] == [-17, -102]
    assert line_vat(refund) == [-102, -17]


def test_a_mixed_ticket_has_a_block_per_rate_and_none_for_deposits() -> None:
    parts = [("low", 900, 534), (OUTSIDE, 0, 90), ("high", 2100, 1000), ("low", 900, 700), ("zero", 0, 300)]
    assert blocks(parts) == (
        VatBlock("high", 2100, 1000, 826, 174),
        VatBlock("low", 900, 1234, 1132, 102),
        VatBlock("zero", 0, 300, 300, 0),
    )
    assert line_vat(parts) == [44, 0, 174, 58, 0]


def test_one_code_at_two_rates_makes_two_blocks() -> None:
    """Goods that come back keep the rate of their sale, also after the rate has changed."""
    found = blocks([("lodging", 2100, 12100), ("lodging", 900, -10900)])
    assert [(block.code, block.rate, block.vat) for block in found] == [("lodging", 2100, 2100), ("lodging", 900, -900)]


def test_an_exchange_leaves_each_line_its_own_vat() -> None:
    assert line_vat([("high", 2100, 1002), ("high", 2100, -999)]) == [174, -173]
    assert line_vat([("high", 2100, 1000), ("high", 2100, -1000)]) == [174, -174]


def test_nothing_has_no_vat() -> None:
    assert blocks([]) == ()
    assert line_vat([]) == []
    assert line_vat([(OUTSIDE, 0, 25)]) == [0]


@given(st.integers(), st.integers(0, 10_000))
def test_vat_of_is_exact_and_mirrored(gross: int, rate: int) -> None:
    assert vat_of(gross, rate) == model.half_up(model.exact_vat(gross, Fraction(rate, 100)))
    assert vat_of(-gross, rate) == -vat_of(gross, rate)


@given(PARTS)
@example([("high", 2100, 5), ("high", 2100, 5), ("high", 2100, -10)])
@example([("high", 2100, 3)] * 9 + [("high", 2100, -27)])
def test_lines_and_blocks_of_any_ticket_agree(parts: list[tuple[str, int, int]]) -> None:
    found = blocks(parts)
    vats = line_vat(parts)
    inside = [(code, rate, gross) for code, rate, gross in parts if code != OUTSIDE]
    assert sum(block.gross for block in found) == sum(gross for _, _, gross in inside)
    assert sum(block.vat for block in found) == sum(vats)
    assert [(block.code, block.rate) for block in found] == sorted(
        {(code, rate) for code, rate, _ in inside}, key=lambda key: (-key[1], key[0])
    )
    for block in found:
        assert block.gross == block.net + block.vat
        mine = [
            vat for vat, (code, rate, _) in zip(vats, parts, strict=True) if (code, rate) == (block.code, block.rate)
        ]
        assert sum(mine) == block.vat


@given(PARTS)
def test_a_line_keeps_its_own_vat_to_within_a_cent(parts: list[tuple[str, int, int]]) -> None:
    for vat, (code, rate, gross) in zip(line_vat(parts), parts, strict=True):
        exact = model.exact_vat(gross, Fraction(rate, 100)) if code != OUTSIDE else Fraction(0)
        assert abs(vat - exact) < 1
        assert vat * gross >= 0


@given(st.lists(st.integers(1, 50_000), min_size=1, max_size=15), st.sampled_from([600, 900, 1200, 2100]))
def test_every_line_of_a_refund_mirrors_the_line_of_its_sale(amounts: list[int], rate: int) -> None:
    sale = line_vat([("x", rate, cents) for cents in amounts])
    assert line_vat([("x", rate, -cents) for cents in amounts]) == [-vat for vat in sale]
