"""A channel's journal from a shell, and what the doctor says of the webshops of a till."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from kassa_tui import cli
from kassa_tui.commands import doctor_webshops
from kassa_tui.storage.channels import channel_folder
from kassa_tui.storage.web_state import WebState
from kassa_tui.sync.channel.channel import Channel
from kassa_tui.sync.webshops.keyfile import write_keys
from tests.services.shop_floor import START, hands, make_shop
from tests.web_books import Noon, book

TABLE = """
[[webshop]]
kind = "woocommerce"
url = "https://winkel.example.nl"
name = "Webwinkel"
code = "WEB"
key_file = "webshop.key"
owner = "K1"
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A till that owns a webshop with two sales in its books."""
    monkeypatch.setenv("KASSA_CONFIG", str(tmp_path / "till.toml"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    make_shop(tmp_path, "NL")
    hands(tmp_path).close()
    with (tmp_path / "till.toml").open("a") as file:
        file.write(TABLE)
    write_keys(tmp_path / "webshop.key", {"key": "ck_1", "secret": "cs_1"})
    book(tmp_path / "data", "WEB", [1000, 2000])
    return tmp_path


def books(shop: Path) -> Path:
    return channel_folder(shop / "data", "WEB") / "till.db"


def remember(shop: Path, **now: Any) -> None:
    state = WebState(channel_folder(shop / "data", "WEB"))
    for name, value in now.items():
        setattr(state.now, name, value)
    state.save()
    state.close()


def findings(shop: Path, at: int = START) -> dict[str, tuple[str, str]]:
    from kassa_tui import config

    found = doctor_webshops.examine(config.load(shop / "till.toml"), Noon(at))
    return {f"{each.part} {each.code}": (each.state, str(each.facts.get("why", ""))) for each in found}


def test_the_journal_of_a_channel_is_verified(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["journal", "verify", "--channel", "WEB"]) == 0
    assert "Journaal van WEB: 2 regels, alles klopt" in capsys.readouterr().out
    con = sqlite3.connect(books(shop))
    con.execute("update journal set body = replace(body, '2000', '2001') where seq = 2")
    con.commit()
    con.close()
    assert cli.main(["journal", "verify", "--channel", "WEB"]) == 1


def test_its_tables_are_made_anew(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["journal", "rebuild", "--channel", "WEB"]) == 0
    con = sqlite3.connect(books(shop))
    con.execute("delete from sale where receipt = 2")
    con.commit()
    con.close()
    capsys.readouterr()
    assert cli.main(["journal", "rebuild", "--channel", "WEB", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [(each["table"], each["gone"], each["new"]) for each in told["tables"]] == [("sale", 0, 1)]
    assert cli.main(["journal", "rebuild", "--channel", "WEB"]) == 0


def test_not_while_its_engine_writes(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    channel = Channel.open(channel_folder(shop / "data", "WEB"), "WEB", Noon())
    try:
        assert cli.main(["journal", "rebuild", "--channel", "WEB"]) != 0
        assert "bezig" in capsys.readouterr().err
        assert cli.main(["journal", "verify", "--channel", "WEB"]) == 0
    finally:
        channel.close()


def test_its_entries_are_shown_and_exported(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["journal", "show", "--channel", "WEB"]) == 0
    assert capsys.readouterr().out.count("weborder.sale") == 2
    assert cli.main(["journal", "export", "--channel", "WEB", str(shop / "web.jsonl")]) == 0
    assert cli.main(["journal", "verify", str(shop / "web.jsonl")]) == 0
    assert "Journaal van WEB" in capsys.readouterr().out


@pytest.mark.parametrize("code", ["WEB2", "../..", "web"])
def test_a_channel_that_is_not_there(shop: Path, capsys: pytest.CaptureFixture[str], code: str) -> None:
    assert cli.main(["journal", "verify", "--channel", code]) == 2
    assert capsys.readouterr().err


def test_a_webshop_that_was_never_spoken_to(shop: Path) -> None:
    assert findings(shop) == {"channel whole": ("ok", ""), "webshop new": ("warn", "")}


def test_one_that_is_well(shop: Path) -> None:
    remember(shop, last_success=START - 30_000)
    assert findings(shop)["webshop ok"] == ("ok", "")


def test_one_that_nobody_asks(shop: Path) -> None:
    remember(shop, last_success=START - 3_600_000)
    assert findings(shop)["webshop silent"] == ("warn", "")


def test_one_that_fails_for_an_hour_and_for_two_days(shop: Path) -> None:
    remember(shop, last_success=START - 7_200_000, failing_since=START - 3_600_000, code="unreachable")
    assert findings(shop)["webshop failing"] == ("warn", "unreachable")
    assert findings(shop, START + 2 * 86_400_000)["webshop failing"] == ("fail", "unreachable")


def test_one_that_refuses_the_keys(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    remember(shop, last_success=START - 7_200_000, failing_since=START, stopped="unauthorised", code="unauthorised")
    assert findings(shop)["webshop stopped"] == ("fail", "unauthorised")
    assert cli.main(["doctor"]) == 1
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "staat stil" in line)
    assert line.startswith("FOUT")
    assert "De webshop weigert de sleutel" in line
    assert "kassa webshop check WEB" in line


def test_keys_that_others_may_read(shop: Path) -> None:
    (shop / "webshop.key").chmod(0o644)
    assert findings(shop)["webshop keys"] == ("fail", "key_open")
    (shop / "webshop.key").unlink()
    assert findings(shop)["webshop keys"] == ("fail", "key_missing")


def test_the_key_that_signs_the_books(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = channel_folder(shop / "data", "WEB") / "till.key"
    key.chmod(0o644)
    assert findings(shop)["channel key_open"] == ("fail", "")
    key.unlink()
    assert findings(shop)["channel key_missing"] == ("fail", "")
    assert cli.main(["doctor"]) == 1
    assert "WEB: " in capsys.readouterr().out


def test_books_that_were_changed(shop: Path) -> None:
    con = sqlite3.connect(books(shop))
    con.execute("update journal set body = replace(body, '2000', '2001') where seq = 2")
    con.commit()
    con.close()
    assert findings(shop)["channel hash"] == ("fail", "")


def test_books_that_are_gone(shop: Path) -> None:
    for path in books(shop).parent.glob("till.db*"):
        path.unlink()
    assert findings(shop)["channel lost"] == ("fail", "")


def test_what_a_person_should_look_at(shop: Path) -> None:
    remember(shop, last_success=START)
    state = WebState(channel_folder(shop / "data", "WEB"))
    state.note("stock_off", "shop", {}, START)
    state.close()
    assert findings(shop)["webshop attention"] == ("warn", "")


def test_the_webshop_of_another_is_none_of_ours(shop: Path) -> None:
    text = (shop / "till.toml").read_text()
    (shop / "till.toml").write_text(text.replace('owner = "K1"', 'owner = "office"'))
    assert findings(shop) == {}
