"""An older copy put back: numbers that were given out are never given out again, and the journal says so."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from kassa_tui import cli
from kassa_tui.storage import generations
from kassa_tui.storage.rebuild import rebuild
from tests.services.shop_floor import hands, make_shop


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A till that sold three, was copied, and sold four more in two shifts."""
    monkeypatch.setenv("KASSA_CONFIG", str(tmp_path / "till.toml"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    make_shop(tmp_path, "NL")
    sell(tmp_path, "open-shift 100", *["6", "pay cash"] * 3)
    assert cli.main(["backup", str(tmp_path / "usb")]) == 0
    sell(tmp_path, *["6", "pay cash"] * 2, "login 9999", "close-shift", "open-shift 100", *["6", "pay cash"] * 2)
    return tmp_path


def sell(folder: Path, *lines: str) -> dict[str, Any]:
    h = hands(folder)
    try:
        return h.do("login 1111", *lines)
    finally:
        h.close()


def restore(shop: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str, str]:
    (archive,) = (shop / "usb").iterdir()
    capsys.readouterr()
    code = cli.main(["restore", str(archive), *more])
    return (code, *capsys.readouterr())


def entered(shop: Path) -> dict[str, Any]:
    """The body of the entry about it; the tables must follow from the journal."""
    con = sqlite3.connect(shop / "data" / "till.db", isolation_level=None)
    assert rebuild(con, "K1").tables == ()
    (row,) = con.execute("select body from journal where kind = 'restore'").fetchall()
    con.close()
    found: dict[str, Any] = json.loads(row[0])
    return found


def test_numbers_go_on_behind_those_that_were_given_out(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = restore(shop, capsys, "--force")
    assert (code, "de volgende bon wordt K1-000008" in out) == (0, True)
    assert (entered(shop)["receipt"], entered(shop)["z"]) == (7, 2)
    assert sell(shop, "6", "pay cash")["ticket"]["receipt_number"] == "K1-000008"
    assert sell(shop, "login 9999", "close-shift", "open-shift 0")["facts"]["z"] == 3
    assert cli.main(["journal", "verify"]) == 0


def test_articles_that_came_as_a_whole_are_put_aside_as_one_file(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, archived = shop / "data", shop / "data" / "shop.db"
    generations.exchange(archived, Path(shutil.copyfile(archived, data / "fresh.db")))
    con = sqlite3.connect(archived, isolation_level=None)
    con.execute("update article set name = 'Van het kantoor'")
    con.close()
    assert sell(shop, "6")["ticket"]["lines"][0]["name"] == "Van het kantoor"
    assert restore(shop, capsys, "--force")[0] == 0
    assert not archived.is_symlink()
    assert [path.name for path in data.glob("shop-*")] == []
    (replaced,) = data.glob("replaced-*/shop.db")
    con = sqlite3.connect(replaced)
    assert con.execute("select distinct name from article").fetchall() == [("Van het kantoor",)]
    con.close()
    assert sell(shop, "6")["ticket"]["lines"][0]["name"] != "Van het kantoor"


def test_what_was_put_aside_earlier_is_asked_too(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    aside = shop / "data" / "replaced-20260101-000000"
    aside.mkdir()
    for path in (shop / "data").glob("till.db*"):
        path.rename(aside / path.name)
    assert restore(shop, capsys)[0] == 0
    assert entered(shop)["receipt"] == 7


def test_where_nobody_knows_the_operator_tells(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path in (shop / "data").glob("till.db*"):
        path.unlink()
    (shop / "data" / "till.db").write_bytes(b"geen database" * 100)
    code, _, err = restore(shop, capsys, "--force")
    assert (code, "--next-receipt" in err, "4 of hoger" in err) == (2, True, True)
    code, _, err = restore(shop, capsys, "--force", "--next-receipt", "3")
    assert (code, "al gebruikt" in err) == (2, True)
    assert restore(shop, capsys, "--force", "--next-receipt", "8710400280507")[0] == 2
    assert restore(shop, capsys, "--force", "--next-receipt", "8")[0] == 0
    assert entered(shop)["receipt"] == 7
    assert sell(shop, "6", "pay cash")["ticket"]["receipt_number"] == "K1-000008"


def test_a_number_that_is_known_to_be_used_is_refused(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = restore(shop, capsys, "--force", "--next-receipt", "5")
    assert (code, "--next-receipt 8 of hoger" in err) == (2, True)
    assert sell(shop, "6", "pay cash")["ticket"]["receipt_number"] == "K1-000008"


def test_what_waited_for_the_printer_is_in_doubt(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert restore(shop, capsys, "--force")[0] == 0
    con = sqlite3.connect(shop / "data" / "till.db")
    assert con.execute("select distinct mark from spool where state != 'done'").fetchall() == [("again",)]
    con.close()
    assert not (shop / "data" / "till.key").stat().st_mode & 0o077
