"""What shops live through: full disks, lost keys, hanging printers, wrong clocks, broken files.

The till goes on, or says in words why it cannot; the exit code tells a script; nothing that was sold is lost.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.house.source import ROOT
from tests.journeys import evidence
from tests.journeys.counter import ENTER, F12, WAIT_S, Counter
from tests.journeys.test_day import euro
from tests.services.shop_floor import MANAGER, MINUTE, hands, make_shop, write_config

UNLIMITED = resource.RLIM_INFINITY
OPENING = (f"login {MANAGER}", "open-shift 100")
SMALL_DISK = """
from kassa_tui.storage import till_store
whole = till_store.open_database
def small(path, **options):
    db = whole(path, **options)
    if path.name == "till.db" and not options.get("readonly"):
        db._pragmas.append(("max_page_count", path.stat().st_size // 2048 + 12))
    return db
till_store.open_database = small
"""
"""A till whose database may grow by a dozen pages."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A till with an open shift and one sale."""
    folder = tmp_path_factory.mktemp("made")
    make_shop(folder, "NL")
    till = hands(folder)
    till.do(*OPENING, "9", "pay cash 5")
    till.close()
    return folder


@pytest.fixture
def shop(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    folder = tmp_path / "shop"
    shutil.copytree(made, folder)
    write_config(folder, rules="auto_lock_seconds = 0")
    return folder


@pytest.fixture
def open_till(shop: Path) -> Iterator[Callable[[], Counter]]:
    """Starts the till of the shop on a terminal."""
    tills: list[Counter] = []

    def open_() -> Counter:
        tills.append(Counter(shop))
        return tills[-1]

    yield open_
    for each in tills:
        each.quit()


def kassa(shop: Path, *words: str, typed: str = "", before: str = "") -> tuple[int, list[dict[str, Any]], str]:
    """Run the program: exit code, answers where it gives JSON, and what it complains of."""
    start = f"import sys\n{before}\nfrom kassa_tui.cli import main\nsys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", start, *words, "--config", str(shop / "till.toml")], input=typed.encode(),
        capture_output=True, timeout=WAIT_S, env=environment(shop),
    )  # fmt: skip
    complaint = done.stderr.decode()
    assert "Traceback" not in complaint
    assert all(line.startswith("kassa: ") for line in complaint.splitlines())
    answers = [json.loads(line) for line in done.stdout.splitlines()] if words[0] == "sell" else []
    return done.returncode, answers, complaint


def environment(shop: Path) -> dict[str, str]:
    """A shell of its own, in Dutch."""
    return os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "HOME": str(shop), "LC_ALL": "nl_NL.UTF-8"}


class Typist:
    """``kassa sell`` that is answered line by line."""

    def __init__(self, shop: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "kassa_tui", "sell", "--config", str(shop / "till.toml")], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, env=environment(shop),
        )  # fmt: skip
        self.pid = self._process.pid

    def type(self, line: str) -> dict[str, Any]:
        """One act and its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def kill(self) -> None:
        """The power goes."""
        self._process.kill()
        self._process.communicate()

    def end(self) -> int:
        """Its exit code."""
        self._process.communicate(timeout=WAIT_S)
        return self._process.returncode


def fill_the_disk(pid: int, shop: Path) -> None:
    """From here on no file of this process grows: its log of the database is as long as it may be."""
    longest = max(path.stat().st_size for path in (shop / "data").iterdir() if path.name.startswith("till.db-wal"))
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (longest, UNLIMITED))


def make_room(pid: int) -> None:
    """The disk has room again."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (UNLIMITED, UNLIMITED))


def test_a_full_disk_refuses_the_sale_and_keeps_the_ticket(shop: Path) -> None:
    till = Typist(shop)
    for line in (OPENING[0], "9", "2 * 7"):
        assert till.type(line)["ok"]
    fill_the_disk(till.pid, shop)
    refused = till.type("pay cash 10")
    assert not refused["ok"]
    assert refused["code"] in ("disk_full", "io_error")
    assert "schijf" in refused["text"].lower()
    assert till.type("show")["ticket"]["total"] == 349 + 2 * 116
    assert till.type("6")["code"] == "paying"
    make_room(till.pid)
    paid = till.type("pay cash")
    assert paid["ok"], paid
    assert paid["ticket"]["receipt_number"] == "K1-000002"
    assert till.end() == 0
    assert [sale["total"] for sale in evidence.check(shop / "data")] == [349, 349 + 2 * 116]


def test_a_database_that_cannot_grow_keeps_all_it_has(shop: Path) -> None:
    lines = "".join("9\npay cash\n" for _ in range(60))
    code, answers, _ = kassa(shop, "sell", typed=OPENING[0] + "\n" + lines, before=SMALL_DISK)
    assert code == 0
    refused = [answer for answer in answers if not answer["ok"]]
    # The sale that was refused stays paid on the counter, so that nothing can be added to it.
    assert refused[0]["code"] == "disk_full"
    assert {answer["code"] for answer in refused} == {"disk_full", "paying"}
    assert "vol" in refused[0]["text"]
    paid = [answer["ticket"]["receipt_number"] for answer in answers if answer.get("outcome") == "paid"]
    assert 2 < len(paid) < 60
    assert [sale["number"] for sale in evidence.check(shop / "data")][1:] == paid
    code, answers, _ = kassa(shop, "sell", typed=f"{OPENING[0]}\nshow\npay cash\n")
    # Since the disk was full nothing could be written of the ticket either, so it may have begun before that.
    assert answers[1]["ticket"]["total"] % 349 == 0
    assert len(evidence.check(shop / "data")) == 1 + len(paid) + (1 if answers[2]["ok"] else 0)


def test_a_full_disk_shows_on_the_screen_until_there_is_room(shop: Path, open_till: Callable[[], Counter]) -> None:
    till = open_till()
    till.enter()
    till.type(f"9{ENTER}")
    till.wait_for_lines(1)
    fill_the_disk(till.pid, shop)
    till.type(f"6{ENTER}")
    till.until(lambda screen: euro(404) in screen and "schijf" in screen.lower(), "the trouble in words")
    till.type(F12)
    till.until(lambda screen: "Te betalen" in screen and screen.lower().count("schijf") == 2, "it is not sold")
    assert till.asked("select max(receipt) from sale") == 1
    make_room(till.pid)
    till.type(F12)
    till.until(lambda screen: "K1-000002" in screen and "schijf" not in screen.lower(), "sold, and all is well")
    assert [sale["total"] for sale in evidence.check(till.data)] == [349, 404]


def test_what_a_full_disk_refused_of_the_open_ticket_is_written_when_there_is_room(shop: Path) -> None:
    till = Typist(shop)
    for line in (OPENING[0], "9", "6"):
        assert till.type(line)["ok"]
    fill_the_disk(till.pid, shop)
    for line in ("2 * 7", "void 2", "6"):
        assert till.type(line)["ok"]
    make_room(till.pid)
    assert till.type("9")["ok"]
    lying = till.type("show")["ticket"]
    assert till.type("price-check 6")["ok"]
    till.kill()
    code, answers, _ = kassa(shop, "sell", typed=f"{OPENING[0]}\nshow\npay cash\n")
    assert code == 0
    assert answers[1]["ticket"] == lying
    assert answers[2]["ticket"]["total"] == 2 * 349 + 2 * 116 + 55
    sold = evidence.check(shop / "data")
    assert len(sold[-1]["voids"]) == 1


def test_a_folder_that_may_not_be_written(shop: Path) -> None:
    code, answers, said = kassa(shop, "sell", typed="9\n", before="import os\nos.access = lambda *_: False")
    assert (code, answers) == (4, [])
    assert str(shop / "data" / "till.db") in said


def test_a_lost_key_is_not_made_anew(shop: Path) -> None:
    (shop / "data" / "till.key").unlink()
    code, answers, said = kassa(shop, "sell", typed="login 9999\n")
    assert (code, answers) == (4, [])
    assert str(shop / "data" / "till.key") in said
    assert not (shop / "data" / "till.key").exists()
    assert kassa(shop, "journal", "verify")[0] == 0


def test_a_lost_key_is_told_on_the_terminal(shop: Path, open_till: Callable[[], Counter]) -> None:
    (shop / "data" / "till.key").unlink()
    till = open_till()
    till.see("till.key")
    assert till.ended() == 4


@pytest.mark.parametrize("name", ["till.db", "shop.db"])
def test_a_database_of_a_newer_program(shop: Path, name: str) -> None:
    with sqlite3.connect(shop / "data" / name) as con:
        con.execute("pragma user_version = 99")
    code, answers, said = kassa(shop, "sell", typed="9\n")
    assert (code, answers) == (4, [])
    assert name in said
    assert "nieuwere kassa" in said


def test_a_second_till_says_who_is_first(shop: Path, open_till: Callable[[], Counter]) -> None:
    first = open_till()
    first.enter()
    code, answers, said = kassa(shop, "sell", typed="9\n")
    assert (code, answers) == (4, [])
    assert f"proces {first.pid}" in said
    second = open_till()
    second.see(f"proces {first.pid}")
    assert second.ended() == 4
    first.type(f"9{ENTER}{F12}")
    first.see("K1-000002", "veilig")


def test_a_printer_that_hangs_holds_up_no_sale_and_loses_no_receipt(
    shop: Path, open_till: Callable[[], Counter]
) -> None:
    os.mkfifo(shop / "printer")
    with (shop / "till.toml").open("a") as file:
        file.write('[[device]]\nrole = "printer"\nkind = "file"\npath = "printer"\n')
    pipe = os.open(shop / "printer", os.O_RDWR | os.O_NONBLOCK)
    try:
        full = b""
        while (size := stuffed(pipe)) > 0:
            full += b"\0" * size
        till = open_till()
        till.enter()
        for number in range(2, 7):
            till.type(f"9{ENTER}{F12}")
            till.see(f"K1-{number:06d}", "veilig")
        till.see("bon: Printer antwoordt niet")
        paper = bytearray()
        while till.asked("select count(*) from spool where state != 'done'"):
            till.look(0.02)
            paper += drained(pipe)
        paper += drained(pipe)
        till.until(lambda screen: "bon: " not in screen, "the printer is well")
    finally:
        os.close(pipe)
    found = evidence.paper(bytes(paper[len(full) :]))
    assert found.receipts == tuple(f"K1-{number:06d}" for number in range(1, 7))
    assert not found.again
    evidence.check(till.data)


def stuffed(pipe: int) -> int:
    """Bytes that still went into the pipe."""
    for size in (4096, 1):
        try:
            return os.write(pipe, b"\0" * size)
        except BlockingIOError:
            continue
    return 0


def drained(pipe: int) -> bytes:
    """What is in the pipe now."""
    try:
        return os.read(pipe, 1 << 20)
    except BlockingIOError:
        return b""


def test_a_clock_that_is_set_back_is_written_down_and_selling_goes_on(shop: Path) -> None:
    till = hands(shop)
    till.do(OPENING[0], "9", "pay cash")
    till.clock.at -= 90 * MINUTE
    till.do("9", "pay cash", "6", "pay cash")
    till.clock.at += 400 * MINUTE
    till.do("6", "pay cash", "count 50=2", "close-shift")
    till.close()
    sold = evidence.check(shop / "data")
    assert [sale["total"] for sale in sold] == [349, 349, 349, 55, 55]
    jumps = evidence.entries(shop / "data", "clock.jump")
    assert [jump["drift"] // MINUTE for jump in jumps] == [-90, 400]
    (z,) = evidence.check_shifts(shop / "data")
    assert z["receipts"] == 5


def test_a_till_that_wakes_up_in_the_past_sells_all_the_same(shop: Path) -> None:
    till = hands(shop)
    till.clock.at -= 48 * 60 * MINUTE
    till.do(OPENING[0], "9", "pay cash")
    till.close()
    assert len(evidence.check(shop / "data")) == 2
    assert [jump["drift"] // MINUTE for jump in evidence.entries(shop / "data", "clock.jump")] == [-48 * 60]


MALFORMED = (
    b"", b"sku,gtin\n", b"sku,name,price,vat\n1,\xff\xfe,1.00,9\n", b"\0" * 5000,
    b'sku,name,price,vat\n"1,Brood,1.00,9\n',
    b"sku,name,price,vat\n1,Brood,1.00,9\n1,Kaas,2.00,9\n2,Melk,-3,9\n3,Bier,abc,21\n4,Thee,1.00,77\n",
)  # fmt: skip


@pytest.mark.parametrize("what", ["articles", "staff"])
@pytest.mark.parametrize("text", MALFORMED, ids=range(len(MALFORMED)))
def test_a_broken_file_is_refused_as_a_whole(
    shop: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, what: str, text: bytes
) -> None:
    from kassa_tui import cli

    monkeypatch.setenv("HOME", str(shop))
    before = contents(shop / "data" / "shop.db")
    path = shop / "broken.csv"
    path.write_bytes(text)
    assert cli.main(["import", what, str(path), "--config", str(shop / "till.toml")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert str(path) in said.err
    assert "niets overgenomen" in said.err
    assert contents(shop / "data" / "shop.db") == before


def contents(path: Path) -> dict[str, list[Any]]:
    """All that is in a database, table by table."""
    with closing(sqlite3.connect(path)) as con:
        plain = "select name from pragma_table_list where type = 'table' and schema = 'main'"
        return {name: con.execute(f"select * from {name}").fetchall() for (name,) in con.execute(plain).fetchall()}


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('country = "NL"', 'country = "NK"', "shop.country"),
        ('id = "K1"', "id = 1", "till.id"),
        ("[till]", "[till", "till.toml"),
        ('id = "K1"', 'id = "K1"\nidd = "K2"', "till.idd"),
    ],
)
def test_a_broken_configuration_is_named(shop: Path, old: str, new: str, named: str) -> None:
    path = shop / "till.toml"
    path.write_text(path.read_text().replace(old, new))
    code, answers, said = kassa(shop, "sell", typed="9\n")
    assert (code, answers) == (2, [])
    assert named in said
    assert str(path) in said


def test_a_broken_configuration_is_told_on_the_terminal(shop: Path, open_till: Callable[[], Counter]) -> None:
    path = shop / "till.toml"
    path.write_text(path.read_text().replace("auto_lock_seconds", "auto_luck_seconds"))
    till = open_till()
    till.see("auto_luck_seconds", "auto_lock_seconds")
    assert till.ended() == 2
