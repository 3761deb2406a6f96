"""``kassa-office webshop``, as a technician types it."""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kassa_office.commands.webshop import REFUSED, UNREACHED, USAGE, WRONG, webshop, webshop_arguments
from kassa_office.webshops.asking import kept_keys
from kassa_office.webshops.models import Webshop
from kassa_tui.simulate.webshops.clerk import Goods
from kassa_tui.sync.webshops.keyfile import write_keys
from tests.office.conftest import MakeTill
from tests.office.stock.shelves import branch
from tests.office.webshops.company import Company, make

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(office_db: object, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command with these words: its code, what it said, and what it complained of."""

    def run(*words: str) -> tuple[int, str, str]:
        parser = argparse.ArgumentParser()
        webshop_arguments(parser)
        code = webshop(parser.parse_args(words))
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def woo(make_till: MakeTill) -> Iterator[Company]:
    """A webshop of which nothing is linked yet."""
    made = Company("woocommerce", make_till())
    yield made
    made.close()


def test_adding_asks_for_the_keys(run: Run, woo: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    url, keys = woo.simulated.url, list(woo.simulated.credentials.values())
    Webshop.objects.all().delete()
    woo.webshop.till.delete()
    monkeypatch.setattr("sys.stdin", io.StringIO("ck_x\ncs_x\n"))
    code, _out, err = run("add", "woocommerce", url)
    assert (code, "weigert de sleutel" in err) == (UNREACHED, True)
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(keys)))
    code, out, err = run("add", "woocommerce", url, "--name", "Webwinkel", "--branch", "B1")
    assert (code, err) == (0, "")
    assert "WEB  Webwinkel: Kaaswinkel" in out
    assert list(kept_keys("WEB").values()) == keys
    assert not any(key in out for key in keys)


def test_keys_come_out_of_a_file_that_is_closed_to_others(run: Run, woo: Company, tmp_path: Path) -> None:
    path = tmp_path / "sleutels"
    write_keys(path, woo.simulated.credentials)
    url = woo.simulated.url.replace("127.0.0.1", "localhost")
    path.chmod(0o644)
    assert "chmod 600" in run("add", "woocommerce", url, "--keys", str(path), "--code", "SHOP")[2]
    assert run("add", "woocommerce", woo.simulated.url, "--keys", str(path))[0] in (USAGE, UNREACHED)
    assert Webshop.objects.count() == 1


@pytest.mark.parametrize("words", [
    ("add",), ("add", "shopify", "https://x.example.nl"), ("add", "magento", "https://x.example.nl", "--branch", "B7"),
    ("add", "magento", "https://x.example.nl"), ("check",), ("check", "NIETS"), ("link", "WEB9"),
])  # fmt: skip
def test_what_is_not_understood(run: Run, words: tuple[str, ...]) -> None:
    branch("B1"), branch("B2")
    code, _out, err = run(*words)
    assert (code, bool(err)) == (USAGE, True)
    assert not Webshop.objects.exists()


def test_from_linking_to_comparing(run: Run, woo: Company) -> None:
    woo.receive("6", 10)
    woo.clerk.fill([Goods("VREEMD", "Vreemd", 100, 900, 1)])
    code, out, _err = run("link", "WEB", "--dry")
    assert (code, "nu gekoppeld 2" in out, "VREEMD" in out) == (0, True, True)
    assert json.loads(run("link", "WEB", "--json")[1])["products"] == 3
    product = woo.clerk.products["VREEMD"]
    assert run("link", "WEB", product, "-")[1] == "Dat kan niet.\n"
    assert run("link", "WEB", product, "7")[1] == "Gekoppeld.\n"
    code, out, _err = run("compare", "WEB")
    assert "Producten 3, gekoppeld 3" in out
    assert woo.clerk.shown("6") == 10
    order = woo.clerk.buy(("6", 1))
    code, out, _err = run("resync", "WEB", "--json")
    assert (json.loads(out)["orders"], order) == (1, order)
    assert run("check", "WEB")[0] == WRONG  # it has no https, and says so
    code, out, _err = run("status")
    assert code == 0
    assert "WEB  Kaaswinkel (woocommerce): Goed" in out
    assert json.loads(run("status", "--json")[1])[0]["links"] == 3


def test_what_stands_still_is_told(run: Run, woo: Company) -> None:
    from kassa_office.webshops.worker import key_file

    write_keys(key_file("WEB"), {"key": "ck_x", "secret": "cs_x"})
    code, _out, err = run("check", "WEB")
    assert (code, "weigert de sleutel" in err) == (REFUSED, True)
    code, out, _err = run("status")
    assert (code, "Staat stil" in out) == (WRONG, True)


def test_a_webshop_of_a_till_is_the_tills(run: Run) -> None:
    make("WEB", owner="K1")
    code, _out, err = run("resync", "WEB")
    assert (code, "K1" in err) == (REFUSED, True)
    assert "hiermee praat K1" in run("status")[1]


def test_no_code_for_a_machine_is_made_of_a_channel(office_db: object, capsys: pytest.CaptureFixture[str]) -> None:
    from kassa_office.commands.setup import till, till_arguments

    make("WEB")
    parser = argparse.ArgumentParser()
    till_arguments(parser)
    assert till(parser.parse_args(["WEB", "--branch", "B1"])) == 4
    assert "webshop" in capsys.readouterr().err
