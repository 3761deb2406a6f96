"""The channels of webshops in a copy of the till: complete, put back, and no number of theirs given out twice."""

from __future__ import annotations

import os
import sqlite3
import tarfile
from pathlib import Path
from typing import Any

import pytest

from kassa_tui import cli
from kassa_tui.domain.journal import Moment
from kassa_tui.storage.channels import channel_folder
from kassa_tui.storage.journal import verify as flaws_of
from kassa_tui.storage.keys import verify
from kassa_tui.storage.rebuild import rebuild
from kassa_tui.storage.web_state import WebState
from kassa_tui.sync.channel.channel import Channel
from tests.services.shop_floor import START, hands, make_shop
from tests.web_books import book


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A till with a webshop of two sales, copied, after which the webshop sold three more."""
    monkeypatch.setenv("KASSA_CONFIG", str(tmp_path / "till.toml"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    make_shop(tmp_path, "NL")
    hands(tmp_path).close()
    book(tmp_path / "data", "WEB", [1000, 2000])
    remember(tmp_path, "before")
    assert cli.main(["backup", str(tmp_path / "usb")]) == 0
    book(tmp_path / "data", "WEB", [3000, 4000, 5000])
    remember(tmp_path, "after")
    return tmp_path


def remember(shop: Path, what: str) -> None:
    state = WebState(channel_folder(shop / "data", "WEB"))
    state.write("replace into state values ('mark', ?)", [(f'"{what}"',)])
    state.close()


def remembered(shop: Path) -> Any:
    con = sqlite3.connect(channel_folder(shop / "data", "WEB") / "webshop.db")
    try:
        return con.execute("select value from state where key = 'mark'").fetchone()[0]
    finally:
        con.close()


def archive(shop: Path) -> Path:
    (found,) = (shop / "usb").iterdir()
    return found


def numbers(shop: Path) -> list[int]:
    con = sqlite3.connect(channel_folder(shop / "data", "WEB") / "till.db", isolation_level=None)
    try:
        assert flaws_of(con, "WEB", verify) == []
        assert rebuild(con, "WEB").tables == ()
        return [row[0] for row in con.execute("select receipt from sale order by receipt")]
    finally:
        con.close()


def test_an_archive_holds_the_channels(shop: Path) -> None:
    with tarfile.open(archive(shop)) as tar:
        names = set(tar.getnames())
    assert names == {"manifest.json", "till.db", "shop.db", "webshops/WEB/till.db", "webshops/WEB/webshop.db"}


def test_the_keys_go_along_on_request_alone(shop: Path) -> None:
    assert cli.main(["backup", str(shop / "usb2"), "--with-key"]) == 0
    (found,) = (shop / "usb2").iterdir()
    with tarfile.open(found) as tar:
        assert {"till.key", "webshops/WEB/till.key"} <= set(tar.getnames())


def test_a_channel_that_sold_since_is_not_taken_back_unasked(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["restore", str(archive(shop))]) != 0
    assert "er zouden verkopen verdwijnen" in capsys.readouterr().err
    assert numbers(shop) == [1, 2, 3, 4, 5]
    assert remembered(shop) == '"after"'


def test_numbers_of_a_channel_go_on_behind_those_given_out(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["restore", str(archive(shop)), "--force"]) == 0
    assert "de volgende bon wordt WEB-000006" in capsys.readouterr().out
    assert remembered(shop) == '"before"'
    book(shop / "data", "WEB", [6000])
    assert numbers(shop) == [1, 2, 6]
    (aside,) = (shop / "data").glob("replaced-*")
    kept = sqlite3.connect(aside / "webshops" / "WEB" / "till.db")
    assert kept.execute("select count(*) from sale").fetchone() == (5,)
    kept.close()


def test_onto_a_new_machine_with_the_keys(shop: Path, tmp_path: Path) -> None:
    assert cli.main(["backup", str(shop / "usb2"), "--with-key"]) == 0
    (found,) = (shop / "usb2").iterdir()
    (shop / "data").rename(shop / "old")
    assert cli.main(["restore", str(found)]) == 0
    assert numbers(shop) == [1, 2, 3, 4, 5]
    assert not (channel_folder(shop / "data", "WEB") / "till.key").stat().st_mode & 0o077


def test_without_the_key_of_the_channel_nothing_is_put_back(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (channel_folder(shop / "data", "WEB") / "till.key").unlink()
    assert cli.main(["restore", str(archive(shop)), "--force"]) != 0
    assert "webshops/WEB" in capsys.readouterr().err
    assert not list((shop / "data").glob("replaced-*"))


def test_a_copy_of_before_the_webshop_leaves_its_channel_alone(shop: Path) -> None:
    folder = channel_folder(shop / "data", "WEB")
    folder.rename(shop / "aside")
    assert cli.main(["backup", str(shop / "usb2")]) == 0
    (shop / "aside").rename(folder)
    (found,) = (shop / "usb2").iterdir()
    assert cli.main(["restore", str(found)]) == 0
    assert numbers(shop) == [1, 2, 3, 4, 5]
    assert remembered(shop) == '"after"'


def test_not_while_somebody_works_on_the_channel(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    channel = Channel.open(channel_folder(shop / "data", "WEB"), "WEB", StillClock())
    try:
        assert cli.main(["restore", str(archive(shop)), "--force"]) != 0
    finally:
        channel.close()
    assert "bezig" in capsys.readouterr().err
    assert numbers(shop) == [1, 2, 3, 4, 5]


def test_a_channel_that_cannot_be_read_wants_its_number_told(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    books = channel_folder(shop / "data", "WEB") / "till.db"
    for path in books.parent.glob("till.db*"):
        path.unlink()
    books.write_bytes(b"geen database" * 100)
    assert cli.main(["restore", str(archive(shop)), "--force"]) == 2
    assert "WEB-3 of hoger" in capsys.readouterr().err
    assert cli.main(["restore", str(archive(shop)), "--force", "--next-receipt", "WEB-6"]) == 0
    book(shop / "data", "WEB", [6000])
    assert numbers(shop) == [1, 2, 6]


def test_a_channel_that_was_tampered_with_is_neither_copied_nor_put_back(shop: Path) -> None:
    books = channel_folder(shop / "data", "WEB") / "till.db"
    con = sqlite3.connect(books)
    con.execute("update journal set body = replace(body, '2000', '2001') where kind = 'weborder.sale'")
    con.commit()
    con.close()
    assert cli.main(["backup", str(shop / "usb2")]) != 0
    assert not list((shop / "usb2").glob("*.tar.gz"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_puts_back_is_the_tills_own(shop: Path) -> None:
    os.chown(shop / "data", 1234, 1234)
    assert cli.main(["restore", str(archive(shop)), "--force"]) == 0
    assert {path.stat().st_uid for path in (shop / "data").rglob("*")} == {1234}


def test_names_that_lead_elsewhere_are_left_where_they_are(shop: Path) -> None:
    bad = shop / "bad.tar.gz"
    with tarfile.open(archive(shop)) as old, tarfile.open(bad, "w:gz") as new:
        for item in old:
            new.addfile(item, old.extractfile(item))
        odd = tarfile.TarInfo("webshops/../../till.db")
        new.addfile(odd)
    assert cli.main(["restore", str(bad), "--force"]) == 0
    assert not (shop / "till.db").exists()
    assert numbers(shop) == [1, 2]


class StillClock:
    """Stands still."""

    def now(self) -> Moment:
        return Moment(START, 60)

    def monotonic_ms(self) -> int:
        return 0
