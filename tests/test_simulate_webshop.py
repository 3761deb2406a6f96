"""``kassa simulate woocommerce`` led by standard input, with the real connector at it; and ``kassa demo --webshop``."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from kassa_tui.commands.webshop_demo import MARK
from kassa_tui.sync.webshops import connect
from kassa_tui.sync.webshops.access import Access, Options
from kassa_tui.sync.webshops.keyfile import read_keys
from tests.test_simulate_devices import Simulated

ARTICLES = """sku,gtin,name,group,price,vat,unit,deposit,min_age,stock
6,8710400280507,Krentenbol,Brood,0.55,9,each,,,5
7,,Cola,Fris,1.01,21,each,0.15,,3
1,,Bananen,Groente,1.79,9,kg,,,
"""
WAIT_SECONDS = 60.0
KINDS = ("woocommerce", "magento", "prestashop")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Simulated]]:
    """Starts the command, and ends it."""
    made: list[Simulated] = []
    (tmp_path / "artikelen.csv").write_text(ARTICLES)

    def begin(kind: str) -> Simulated:
        made.append(Simulated(kind, "--dir", str(tmp_path), "--articles", str(tmp_path / "artikelen.csv")))
        return made[-1]

    yield begin
    assert [each.end() for each in made] == [0] * len(made)


def table(simulated: Simulated) -> dict[str, str]:
    """What it says to write in ``till.toml``; the keys stand behind it as remarks."""
    text = "\n".join(simulated.until(lambda line: line.startswith("# order ")))
    (found,) = tomllib.loads(text)["webshop"]
    return dict(found)


def access(tmp_path: Path, found: dict[str, str]) -> Access:
    """The way to it for a till that has the table and the file."""
    return Access(found["kind"], found["url"], read_keys(tmp_path / "webshop.key"), None, None, Options())  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_what_it_says_and_writes_is_all_that_a_till_needs(
    start: Callable[..., Simulated], tmp_path: Path, kind: str
) -> None:
    simulated = start(kind)
    found = table(simulated)
    assert found["kind"] == kind
    assert (tmp_path / "webshop.key").stat().st_mode & 0o777 == 0o600
    connector = connect(access(tmp_path, found))
    try:
        assert connector.check().currency == "EUR"
        products = [product for page in connector.pull_products() for product in page.products]
        assert sorted(product.sku for product in products) == ["6", "7"]
        simulated.say("order 6=2 7")
        told = simulated.until(lambda line: re.match(r"\d+  ", line))[-1]
        number = told.split()[0]
        (order,) = [order for page in connector.pull_orders(0) for order in page.orders]
        assert sorted((line.sku, line.qty) for line in order.lines if line.kind == "goods") == [
            ("6", 2000),
            ("7", 1000),
        ]
        assert order.pickup
        simulated.say("stock 6")
        assert simulated.until(lambda line: line.startswith("6  "))[-1] == "6  3"
        simulated.say("orders")
        assert simulated.until(lambda line: line.startswith(f"{number}  "))
        simulated.say("order 6=9")
        assert "dat kan niet" in simulated.until(lambda line: "dat kan niet" in line)[-1]
        simulated.say("koekje")
        assert simulated.until(lambda line: "onbekend" in line)
    finally:
        connector.close()


def test_a_fault_that_is_asked_for_happens_once(start: Callable[..., Simulated]) -> None:
    simulated = start("woocommerce")
    url = table(simulated)["url"] + "/wp-json/wc/v3/products"
    well = requests.get(url, timeout=10).status_code
    simulated.say("down")
    simulated.until(lambda line: line == "down")
    assert [requests.get(url, timeout=10).status_code for _ in range(2)] == [503, well]


def test_the_page_for_people(start: Callable[..., Simulated]) -> None:
    url = table(start("woocommerce"))["url"]
    assert "Krentenbol" in requests.get(url + "/", timeout=10).text
    answer = requests.post(f"{url}/winkel", data={"sku": "6"}, timeout=10, allow_redirects=False)
    assert answer.status_code == 303
    assert answer.text.strip() in requests.get(url + "/", timeout=10).text
    assert requests.post(f"{url}/winkel", data={"sku": "geen"}, timeout=10).status_code == 409


def test_the_demo_without_a_terminal_sells_on_both_sides(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    command = [sys.executable, "-m", "kassa_tui", "demo", "--webshop", "woocommerce", "--data", str(folder)]
    env = os.environ | {"LC_ALL": "nl_NL.UTF-8", "XDG_STATE_HOME": str(tmp_path / "state")}
    demo = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=env)
    try:
        assert demo.stdout is not None
        url = re.search(r"http://[0-9.:]+/", demo.stdout.readline())
        assert url
        number = requests.post(f"{url[0]}winkel", data={"sku": "6"}, timeout=10, allow_redirects=False).text.strip()
        assert number in _listed(folder, env, lambda text: number in text)
    finally:
        demo.send_signal(signal.SIGTERM)
        assert demo.wait(WAIT_SECONDS) == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(url[0], timeout=5)


def _listed(folder: Path, env: dict[str, str], right: Callable[[str], bool]) -> str:
    """What the till says of its web orders, once it is right."""
    until, text = time.monotonic() + WAIT_SECONDS, ""
    while time.monotonic() < until and not right(text):
        command = [sys.executable, "-m", "kassa_tui", "sell", "--config", str(folder / "till.toml")]
        lines = "login 1111\nweborder list\n"
        text = subprocess.run(command, input=lines, capture_output=True, text=True, env=env, check=False).stdout
    return text


def test_a_folder_that_is_not_the_demos_is_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "van-mij"
    folder.mkdir()
    (folder / "brief.txt").write_text("lief dagboek")
    command = [sys.executable, "-m", "kassa_tui", "demo", "--webshop", "woocommerce", "--data", str(folder)]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert [path.name for path in folder.iterdir()] == ["brief.txt"]
    assert MARK not in os.listdir(folder)
