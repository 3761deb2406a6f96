"""``kassa webshop``: adding, checking, linking, comparing, beside the agent that works on it and without one."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kassa_tui import cli, config
from kassa_tui.clock import SystemClock
from kassa_tui.failures import MISUSE, REFUSED, UNREACHED
from kassa_tui.sync import webshop_worker
from kassa_tui.sync.webshop_asks import ask, is_running
from kassa_tui.sync.webshop_worker import Worker, folder_of
from kassa_tui.sync.webshops.keyfile import read_keys
from tests.services.shop_floor import write_config
from tests.sync.web_till import BREAD, COLA, WebTill


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebTill]:
    """A till and its webshop, on whose channel nobody worked yet."""
    monkeypatch.setenv("KASSA_CONFIG", str(tmp_path / "till.toml"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(webshop_worker, "LOOK_SECONDS", 0.05)
    made = WebTill(tmp_path)
    yield made
    made.close()


@pytest.fixture(params=["alone", "beside"])
def asked(shop: WebTill, request: pytest.FixtureRequest) -> Iterator[WebTill]:
    """With and without a process that works on the webshop."""
    if request.param == "alone":
        yield shop
        return
    worker = Worker(shop.config, shop.config.webshops[0], SystemClock(), lambda: None)
    worker.start()
    folder = folder_of(shop.config, shop.config.webshops[0])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        assert "error" not in ask(folder, "link", {"report": True}, 20)
        assert is_running(folder)
        yield shop
    finally:
        worker.stop()
        worker.join(20)


def told(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    """What a command answers as JSON."""
    capsys.readouterr()
    found = cli.main(["webshop", *words, "--json"])
    said = capsys.readouterr()
    assert found == code, said
    return json.loads(said.out) if said.out else None


def bare(shop: WebTill) -> None:
    """No webshop in the settings."""
    write_config(shop.folder)
    (shop.folder / "webshop.key").unlink()


def typed(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def test_adding_asks_for_the_keys_tries_them_and_keeps_them_to_itself(
    shop: WebTill, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bare(shop)
    keys = dict(shop.shop.credentials)
    typed(monkeypatch, keys["key"], keys["secret"])
    assert cli.main(["webshop", "add", "woocommerce", shop.shop.url, "--name", "Webwinkel"]) == 0
    (made,) = config.load(shop.folder / "till.toml").webshops
    assert (made.code, made.name, made.url, made.owner) == ("WEB", "Webwinkel", shop.shop.url, "K1")
    assert made.key_file is not None
    assert made.key_file.stat().st_mode & 0o777 == 0o600
    assert read_keys(made.key_file) == keys
    said = capsys.readouterr()
    assert "kassa webshop link WEB" in said.out
    for text in (said.out, said.err, (shop.folder / "till.toml").read_text()):
        assert not any(secret in text for secret in keys.values())


def test_keys_that_are_refused_are_not_kept(
    shop: WebTill, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bare(shop)
    before = (shop.folder / "till.toml").read_text()
    typed(monkeypatch, "ck_verkeerd", "cs_verkeerd")
    assert cli.main(["webshop", "add", "woocommerce", shop.shop.url]) == REFUSED
    assert "De webshop weigert de sleutel" in capsys.readouterr().err
    assert (shop.folder / "till.toml").read_text() == before
    assert not list(shop.folder.glob("*.key"))


def test_a_code_is_given_once(
    shop: WebTill, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed(monkeypatch, "ck", "cs")
    assert cli.main(["webshop", "add", "woocommerce", shop.shop.url, "--code", "WEB"]) == MISUSE
    assert "Er is al een webshop WEB" in capsys.readouterr().err


def test_checking_says_who_the_shop_is(asked: WebTill, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "check", "WEB", code=1)
    assert found["currency"] == "EUR"
    assert [remark[0] for remark in found["remarks"]] == ["no_https"]


def test_linking_and_what_is_left_to_say(asked: WebTill, capsys: pytest.CaptureFixture[str]) -> None:
    asked.clerk.shop.product("anders", name="Iets anders")
    dry = told(capsys, "link", "WEB", "--dry")
    assert [row["sku"] for row in dry["linked"]] == [BREAD, COLA]
    found = told(capsys, "link", "WEB")
    assert [(row["sku"], row["how"]) for row in found["linked"]] == [(BREAD, "sku"), (COLA, "sku")]
    assert [row["sku"] for row in found["unknown"]] == ["anders"]
    product = found["unknown"][0]["id"]
    assert told(capsys, "link", "WEB", product, "9") == {"done": True}
    assert told(capsys, "link", "WEB")["kept"] == 3
    assert told(capsys, "link", "WEB", product, "-") == {"done": True}
    assert cli.main(["webshop", "link", "WEB", product, "geen"]) == REFUSED
    assert "Dat kan niet" in capsys.readouterr().err


def test_comparing_puts_right_what_differs(asked: WebTill, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "link", "WEB")
    first = told(capsys, "compare", "WEB")
    assert (first["linked"], asked.clerk.shown(BREAD)) == (2, 40)
    asked.clerk.shop.books.products[int(asked.clerk.products[BREAD])].stock -= 7
    found = told(capsys, "compare", "WEB")
    assert (found["different"], found["fixed"]) == (1, 1)
    assert asked.clerk.shown(BREAD) == 40
    assert told(capsys, "compare", "WEB")["different"] == 0


def test_reading_everything_again_books_nothing_twice(asked: WebTill, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "link", "WEB")
    asked.clerk.buy((BREAD, 2))
    told(capsys, "resync", "WEB")
    told(capsys, "resync", "WEB")
    assert len(asked.entries("weborder.sale")) == 1
    assert asked.clerk.shown(BREAD) == 38


def test_how_it_stands_asks_nobody(shop: WebTill, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "status")[0]["state"] == "new"
    told(capsys, "link", "WEB")
    requests: list[str] = []
    shop.shop.server.faults = lambda request: requests.append(request.path)
    (found,) = told(capsys, "status")
    assert (found["state"], found["links"], requests) == ("ok", 2, [])
    assert cli.main(["webshop", "status"]) == 0
    assert "gekoppeld 2" in capsys.readouterr().out


def test_keys_that_are_refused_later_are_said(shop: WebTill, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "link", "WEB")
    shop.keys({"key": "ck_oud", "secret": "cs_oud"})
    assert cli.main(["webshop", "check", "WEB"]) == REFUSED
    capsys.readouterr()
    assert cli.main(["webshop", "status"]) == 1
    said = capsys.readouterr().out
    assert "Staat stil" in said
    assert "nieuwe sleutels" in said
    shop.keys(dict(shop.shop.credentials))
    assert told(capsys, "check", "WEB", code=1)["currency"] == "EUR"
    assert told(capsys, "status")[0]["state"] == "ok"


def test_a_shop_that_is_away(shop: WebTill, capsys: pytest.CaptureFixture[str]) -> None:
    shop.shop.close()
    assert cli.main(["webshop", "check", "WEB"]) == UNREACHED
    assert "niet bereikbaar" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["check", "link", "compare", "resync"])
def test_a_webshop_that_is_not_there_or_not_ours(shop: WebTill, capsys: pytest.CaptureFixture[str], what: str) -> None:
    assert cli.main(["webshop", what, "WEB9"]) == MISUSE
    assert "WEB9" in capsys.readouterr().err
    text = (shop.folder / "till.toml").read_text()
    (shop.folder / "till.toml").write_text(text.replace('owner = "K1"', 'owner = "office"'))
    assert cli.main(["webshop", what, "WEB"]) == REFUSED
    assert "office" in capsys.readouterr().err


def test_once_without_an_office(shop: WebTill, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "link", "WEB")
    shop.clerk.buy((BREAD, 1))
    assert cli.main(["sync", "--once"]) == 0
    assert "bestellingen 1" in capsys.readouterr().out
    assert len(shop.entries("weborder.sale")) == 1
