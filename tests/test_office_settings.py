"""What the office sets: which keys, how they lie over the file, when the till takes them, and who hears of it."""

from __future__ import annotations

import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kassa_tui import cli, config
from kassa_tui.config import under_office
from kassa_tui.office_keys import ALLOWED, fingerprint, judge
from kassa_tui.services import office_settings
from kassa_tui.storage.shop import SHOP_DB, parsed
from kassa_tui.storage.shop_feed import LOADED, apply_page
from kassa_tui.storage.shop_schema import open_shop, set_meta
from kassa_tui.sync.heartbeat import condition
from kassa_tui.sync.wire import Row
from tests.services.shop_floor import Hands, hands, make_shop, write_config

OFFICE = 'max_quantity = 5\n[office]\nurl = "https://kantoor.example"'


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A shop's folder."""
    make_shop(tmp_path, "NL")
    return tmp_path


def office_sets(shop: Path, **settings: object) -> None:
    """The agent takes over what the office set; None takes it away."""
    db = open_shop(shop / "data" / SHOP_DB, "NL")
    rows = [
        Row(1, "setting", key.replace("__", "."), "del" if value is None else "put", {"value": value})
        for key, value in settings.items()
    ]
    applied = apply_page(db, rows, "e" * 32, 1)
    db.close()
    assert applied.refused == ()


def at_work(shop: Path) -> Hands:
    return hands(shop, rules=OFFICE)


@pytest.mark.parametrize(
    "key", ["till.data", "till.id", "office.url", "shop.name", "shop.vat_id", "shop.logo", "shop.country", "device",
            "rules", "rules.discount_limit", "webshop.key_file", "rules.unknown", ""],
)  # fmt: skip
def test_folders_devices_addresses_and_names_are_not_the_offices(key: str) -> None:
    good, wrong = judge({key: "x"}, "NL")
    assert good == {}
    assert [(each, why.code) for each, why in wrong] == [(key, "unknown_key")]


def test_what_lies_over_the_file_and_what_is_left_out(shop: Path) -> None:
    own = config.load(write_config(shop, rules="max_quantity = 5"))
    laid, problems = under_office(own, {
        "rules.max_quantity": 7, "rules.return_days": "30", "shop.receipt_footer": ["Tot ziens", "Kom weer"],
        "rules.discount_limit.cashier": 15, "rules.rounding": "all", "till.data": "/tmp", "rules.voucher_days": "",
    })  # fmt: skip
    assert (laid.rules.max_quantity, laid.rules.return_days) == (7, 0)
    assert laid.shop.receipt_footer == ("Tot ziens", "Kom weer")
    assert laid.rules.discount_limit["cashier"] == 1500
    assert laid.rules.discount_limit["manager"] == own.rules.discount_limit["manager"]
    assert isinstance(laid.rules.discount_limit, MappingProxyType)
    assert {(problem.key, problem.code) for problem in problems} == {
        ("rules.return_days", "wrong_type"), ("rules.rounding", "not_one_of"), ("till.data", "unknown_key")
    }  # fmt: skip
    assert laid.till == own.till
    again, _ = under_office(laid, {"rules.return_days": 3})
    assert (again.rules.max_quantity, again.shop.receipt_footer) == (5, own.shop.receipt_footer)
    back, _ = under_office(again, {})
    assert (back.rules, back.shop, back.own, back.from_office) == (own.rules, own.shop, None, ())


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=6,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(sorted(ALLOWED)) | st.text(max_size=20), _JSON, max_size=6))
def test_whatever_an_office_says_is_judged_and_never_breaks_a_till(given_: dict[str, Any]) -> None:
    good, wrong = judge(given_, "BE")
    named = {key.partition("[")[0] for key, _ in wrong}
    assert not good.keys() & named
    assert good.keys() <= ALLOWED.keys()
    assert len(fingerprint(given_)) in (0, 16)


def test_the_till_takes_it_between_two_tickets(shop: Path) -> None:
    till = at_work(shop).open_shop()
    till.do("6")
    office_sets(shop, rules__max_quantity=12)
    assert till.till.config.rules.max_quantity == 5
    till.do("pay cash", "6")
    assert till.till.config.rules.max_quantity == 12
    till.do("pay cash")
    office_sets(shop, rules__max_quantity=None)
    till.do("6", "pay cash")
    assert till.till.config.rules.max_quantity == 5
    till.close()


def test_rounding_and_labels_change_with_it(shop: Path) -> None:
    till = at_work(shop)
    before = till.till.country
    other = next(choice for choice in before.rounding_choices if choice != before.rounding)
    office_sets(shop, rules__rounding=other, rules__templates=["29IIIIIWWWWWK"])
    till.open_shop()
    assert till.till.country.rounding == other
    assert [template.prefix for template in till.till.templates] == ["29"]
    till.close()


def test_a_snapshot_does_not_take_the_settings_away(shop: Path) -> None:
    office_sets(shop, rules__max_quantity=12)
    till = at_work(shop).open_shop()
    db = open_shop(shop / "data" / SHOP_DB, "NL")
    db.execute_sql("delete from setting")
    set_meta(db, LOADED, "1")
    till.do("6", "pay cash")
    assert till.till.config.rules.max_quantity == 12
    apply_page(db, [], "e" * 32, 2)
    db.close()
    till.do("6", "pay cash")
    assert till.till.config.rules.max_quantity == 5
    till.close()


def test_a_till_that_starts_has_it_at_once_and_leaves_word(shop: Path) -> None:
    office_sets(shop, rules__return_days=14, rules__max_quantity=0, till__data="/tmp")
    till = at_work(shop)
    assert till.till.config.rules.return_days == 14
    assert till.till.config.rules.max_quantity == 5
    held = office_settings.read(shop / "data")
    assert held == office_settings.Held(fingerprint({"rules.return_days": 14}), ("rules.max_quantity", "till.data"))
    *_rest, doctor, settings = condition(shop / "data")
    assert doctor["settings"] == "warn ignored rules.max_quantity till.data"
    assert settings == held.fingerprint
    till.close()


def test_without_an_office_and_for_practice_nothing_of_it_holds(shop: Path) -> None:
    office_sets(shop, rules__max_quantity=12)
    alone = hands(shop, rules="max_quantity = 5").open_shop()
    alone.do("6", "pay cash")
    assert alone.till.config.rules.max_quantity == 5
    assert not (shop / "data" / office_settings.NOTE).exists()
    alone.close()


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"settings": 1}', "[" * 60_000])
def test_a_note_that_cannot_be_read_is_none(shop: Path, text: str) -> None:
    (shop / office_settings.NOTE).write_text(text)
    assert office_settings.read(shop) == office_settings.Held()


def test_a_setting_that_is_no_json_stays_text() -> None:
    assert parsed("{") == "{"
    assert parsed("[1, 2]") == [1, 2]


def test_doctor_and_status_say_which_are_the_offices(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work(shop).close()
    office_sets(shop, rules__return_days=14, rules__max_quantity=0)
    monkeypatch.setenv("KASSA_CONFIG", str(shop / "till.toml"))
    cli.main(["doctor", "--json"])
    found = [each for each in json.loads(capsys.readouterr().out)["findings"] if each["part"] == "settings"]
    assert [(each["state"], each["code"]) for each in found] == [("ok", "held"), ("warn", "ignored")]
    assert "rules.return_days" in found[0]["text"]
    assert "rules.max_quantity" in found[1]["text"]
    assert cli.main(["sync", "--status"]) == 0
    told = capsys.readouterr().out
    assert "Van het kantoor: rules.return_days" in told
    assert "rules.max_quantity: 0 ligt niet tussen 1 en 9999" in told
