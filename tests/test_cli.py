"""``kassa`` from a shell: exit codes, words instead of tracebacks, and the first sign of life."""

from __future__ import annotations

import json
import logging
import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kassa_tui import bootstrap, cli, config, logs
from kassa_tui.commands import dispatch
from kassa_tui.commands.doctor import FOUND, PARTS, SOMETIMES
from tests.services.shop_floor import MANAGER, hands, make_shop, write_config

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A home of its own, Dutch, and the root logger left as it was."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LC_ALL", "nl_NL.UTF-8")
    for name in ("XDG_STATE_HOME", "XDG_DATA_HOME", "KASSA_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    handlers, level, raising = logging.root.handlers[:], logging.root.level, logging.raiseExceptions
    yield
    for handler in logging.root.handlers[:]:
        if handler not in handlers:
            handler.close()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    logging.raiseExceptions = raising


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A till with two sales and a closed shift."""
    folder = tmp_path_factory.mktemp("made")
    data = make_shop(folder, "NL")
    till = hands(folder, data)
    till.open_shop(MANAGER)
    till.do("6", "7", "pay cash 5", "9", "pay pin", "count 50=2", "close-shift")
    till.close()
    return folder


@pytest.fixture
def shop(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a copy of that till, named in the environment."""
    import shutil

    folder = tmp_path / "shop"
    shutil.copytree(made, folder)
    monkeypatch.setenv("KASSA_CONFIG", str(folder / "till.toml"))
    return folder


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a command."""
    try:
        code = cli.main(list(argv))
    except SystemExit as ended:
        code = int(ended.code or 0)
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    return code, said.out, said.err


def data(capsys: pytest.CaptureFixture[str], *argv: str) -> Any:
    """What a command prints as JSON."""
    code, out, err = run(capsys, *argv, "--json")
    assert code == 0, err
    return json.loads(out)


COMMANDS = (
    "demo", "till", "sell", "init", "import", "report", "receipt", "journal", "backup", "restore", "doctor", "version",
    "journal verify", "journal rebuild", "journal show", "journal export",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, out, _ = run(capsys, *command.split(), "--help")
    assert code == 0
    assert "gebruik: kassa " + command in out
    assert "voorbeeld:\n" in out
    assert "kassa " + command.split()[0] in out.partition("voorbeeld:")[2]
    assert "--config FILE" in out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), "er ontbreekt iets"),
        (("recept", "1"), "bedoeld wordt misschien receipt"),
        (("receipt",), "er ontbreekt iets: NUMBER"),
        (("report", "q"), "kies uit x, z, day"),
        (("doctor", "--jsn"), "--json"),
        (("journal",), "er ontbreekt iets"),
        (("journal", "show", "--from", "x"), "x is geen heel getal"),
        (("journal", "show", "--from"), "achter --from hoort iets"),
    ],
)
def test_wrong_use_is_2_and_says_how(capsys: pytest.CaptureFixture[str], argv: tuple[str, ...], said: str) -> None:
    code, out, err = run(capsys, *argv)
    assert (code, out) == (2, "")
    assert said in err
    assert "gebruik: kassa" in err


def test_wrong_configuration_names_file_key_and_nearest(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "till.toml"
    path.write_text('[shop]\nname = "x"\ncontry = "NL"\n[till]\nid = "K1"\ndata = "d"\n')
    code, _, err = run(capsys, "init", "--config", str(path))
    assert code == 2
    assert f"{path}: shop.contry: " in err
    assert "country" in err
    assert run(capsys, "--config", str(tmp_path / "nergens.toml"), "doctor")[0] == 2


def test_init_and_import_are_safe_to_repeat(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = str(write_config(tmp_path))
    assert run(capsys, "init", "--config", path)[0] == 0
    key = (tmp_path / "data" / "till.key").read_bytes()
    assert run(capsys, "init", "--config", path)[0] == 0
    assert (tmp_path / "data" / "till.key").read_bytes() == key
    packaged = str(bootstrap.DATA / "demo_articles.csv")
    taken = data(capsys, "import", "articles", packaged, "--config", path)
    assert (taken["articles"], taken["problems"]) == (2027, [])
    broken = tmp_path / "broken.csv"
    broken.write_text("sku,name,price,vat\n1,Brood,x,9\n2,,1.00,8\n")
    code, _, err = run(capsys, "import", "articles", str(broken), "--config", path)
    assert code == 2
    for part in ("regel 2: price", "regel 3: name", "regel 3: vat", "niets overgenomen"):
        assert part in err
    loaded = config.load(Path(path))
    from kassa_tui.storage.shop import Shop

    articles = Shop(loaded.till.data)
    assert articles.count() > 2027
    articles.close()


def test_reports_and_receipts(capsys: pytest.CaptureFixture[str], shop: Path) -> None:
    z = data(capsys, "report", "z", "1")
    assert (z["turnover"], z["receipts"], z["counted"]) == (55 + 101 + 349, 2, 10_000)
    assert data(capsys, "report", "day", "2026-11-21")["turnover"] == z["turnover"]
    assert data(capsys, "report", "day", "2026-11-20")["turnover"] == 0
    assert "€ 5,05" in run(capsys, "report", "z", "1")[1]
    assert run(capsys, "report", "z", "2")[0] == 2
    assert run(capsys, "report", "day", "gisteren")[0] == 2
    assert run(capsys, "report", "x")[0] == 4
    assert data(capsys, "receipt", "1")["number"] == "K1-000001"
    text = run(capsys, "receipt", "K1-000001")[1]
    assert "Krentenbol" in text
    assert "1,71" in text
    assert "1,71" not in run(capsys, "receipt", "1", "--gift")[1]
    code, _, err = run(capsys, "receipt", "K1-000009")
    assert (code, "Onbekend: bon K1-000009" in err) == (2, True)


def test_a_receipt_as_a_picture(capsys: pytest.CaptureFixture[str], shop: Path, tmp_path: Path) -> None:
    assert run(capsys, "receipt", "1", "--png", str(tmp_path / "bon.png"))[0] == 0
    assert (tmp_path / "bon.png").read_bytes().startswith(b"\x89PNG")
    assert run(capsys, "receipt", "1", "--png", "/nergens/bon.png")[0] == 2


def test_the_journal_is_verified_shown_and_exported(
    capsys: pytest.CaptureFixture[str], shop: Path, tmp_path: Path
) -> None:
    assert data(capsys, "journal", "verify") == {"till": "K1", "entries": 8, "ok": True, "flaws": []}
    shown = run(capsys, "journal", "show", "--from", "3", "--to", "4")[1].splitlines()
    assert [line.split()[0] for line in shown] == ["3", "4"]
    first = json.loads(run(capsys, "journal", "show", "--to", "1", "--json")[1])
    assert (first["seq"], first["kind"], first["prev"]) == (1, "login", "0" * 64)
    target = tmp_path / "k1.jsonl"
    assert run(capsys, "journal", "export", str(target))[0] == 0
    assert run(capsys, "journal", "verify", str(target))[0] == 0
    target.write_text(target.read_text("utf-8").replace('"kind":"sale"', '"kind":"sael"', 1), "utf-8")
    code, out, _ = run(capsys, "journal", "verify", str(target))
    assert (code, "journaal 3: " in out) == (1, True)
    target.write_text("iets anders\n")
    assert run(capsys, "journal", "verify", str(target))[0] == 2


def tamper(folder: Path, *statements: str) -> None:
    """Change a till's database behind its back."""
    import sqlite3

    con = sqlite3.connect(folder / "data" / "till.db")
    for statement in statements:
        con.execute(statement)
    con.commit()
    con.close()


def test_what_was_changed_is_found(capsys: pytest.CaptureFixture[str], shop: Path) -> None:
    assert run(capsys, "journal", "rebuild")[0] == 0
    tamper(shop, "update sale set total = 0 where receipt = 1")
    code, out, _ = run(capsys, "journal", "rebuild")
    assert (code, "sale: 1 weg, 1 nieuw" in out) == (1, True)
    assert run(capsys, "journal", "rebuild")[0] == 0
    tamper(shop, "update journal set who = '1' where seq = 5")
    assert run(capsys, "journal", "verify")[0] == 1
    assert run(capsys, "journal", "rebuild")[0] == 1
    code, out, _ = run(capsys, "doctor")
    assert (code, "FOUT" in out) == (1, True)


def test_the_doctor_finds_each_trouble(capsys: pytest.CaptureFixture[str], shop: Path) -> None:
    def states() -> dict[str, str]:
        code, out, _ = run(capsys, "doctor", "--json")
        found = json.loads(out)
        assert code == (0 if found["ok"] else 1)
        assert all(each["text"] and each["text"] != each["code"] for each in found["findings"])
        return {each["part"]: f"{each['state']} {each['code']}" for each in found["findings"]}

    well = states()
    assert set(well) - set(SOMETIMES) == set(PARTS)
    assert {part for part, state in well.items() if not state.startswith("ok")} == {"printer", "spool"}
    tamper(shop, "update journal set at = at + 3600000000000 where seq = 8")
    assert states()["clock"] == "fail behind"
    (shop / "data" / "till.key").chmod(0o644)
    assert states()["key"] == "fail key_open"
    (shop / "data" / "till.key").unlink()
    assert states()["key"] == "fail key_missing"
    (shop / "data" / "shop.db").write_bytes(b"geen database" * 100)
    assert states()["shop_db"] == "fail not_a_database"
    with (shop / "till.toml").open("a") as file:
        file.write('[[device]]\nrole = "printer"\nkind = "network"\nhost = "127.0.0.1"\nport = 9\n')
        file.write('[[device]]\nrole = "printer"\nkind = "usb"\npath = "/dev/nergens"\n')
    assert states()["printer"] == "fail printer_unreachable"


def test_the_example_configuration_is_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "doctor", "--config", str(ROOT / "config" / "till.toml.example"))
    assert "till.toml.example" in out
    assert code == 0
    assert all(key.split()[0] in PARTS | SOMETIMES for key in FOUND)


def test_a_backup_comes_back(capsys: pytest.CaptureFixture[str], shop: Path, tmp_path: Path) -> None:
    archive = data(capsys, "backup", str(tmp_path / "usb"), "--with-key")["file"]
    assert Path(archive).stat().st_mode & 0o077 == 0
    assert [path.name for path in (tmp_path / "usb").iterdir()] == [Path(archive).name]
    till = hands(shop)
    till.do("login 1111")
    till.close()
    code, _, err = run(capsys, "restore", archive)
    assert (code, "zouden verkopen verdwijnen" in err) == (4, True)
    assert run(capsys, "journal", "verify", "--json")[1].count('"entries": 9') == 1
    assert data(capsys, "restore", archive, "--force")["seq"] == 8
    assert data(capsys, "journal", "verify")["entries"] == 9
    last = run(capsys, "journal", "show", "--from", "9")[1]
    assert "restore" in last
    assert len(list((shop / "data").glob("replaced-*/till.db"))) == 1
    fresh = write_config(tmp_path, data="fresh")
    assert run(capsys, "restore", archive, "--config", str(fresh))[0] == 0
    assert data(capsys, "report", "z", "1", "--config", str(fresh))["turnover"] == 505


def test_a_backup_that_is_not_whole_or_not_ours_is_refused(
    capsys: pytest.CaptureFixture[str], shop: Path, tmp_path: Path
) -> None:
    archive = Path(data(capsys, "backup", str(tmp_path / "usb"))["file"])
    fresh = str(write_config(tmp_path, data="fresh"))
    assert run(capsys, "restore", str(archive), "--config", fresh)[0] == 4
    assert not (tmp_path / "fresh" / "till.db").exists()
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    assert run(capsys, "restore", str(archive))[0] == 2
    archive.write_bytes(b"\0" * 4000)
    assert run(capsys, "restore", str(archive))[0] == 2
    assert run(capsys, "restore", str(tmp_path / "nergens.tar.gz"))[0] == 2
    archive.write_bytes(whole)
    (shop / "till.toml").write_text((shop / "till.toml").read_text().replace('"K1"', '"K2"'))
    code, _, err = run(capsys, "restore", str(archive))
    assert (code, "K1" in err) == (2, True)
    tamper(shop, "update journal set who = 'x' where seq = 2")
    assert run(capsys, "backup", str(tmp_path / "usb2"))[0] == 1
    assert list((tmp_path / "usb2").iterdir()) == []


def test_reading_goes_on_beside_a_till_and_a_second_till_does_not(
    capsys: pytest.CaptureFixture[str], shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = hands(shop)
    try:
        till.do("login 1111", "open-shift 50", "6", "pay cash")
        assert data(capsys, "report", "x")["turnover"] == 55
        assert data(capsys, "journal", "verify")["ok"] is True
        assert run(capsys, "receipt", "3")[0] == 0
        assert run(capsys, "backup", str(shop / "usb"))[0] == 0
        for command in (("sell",), ("journal", "rebuild"), ("restore", str(next((shop / "usb").iterdir())))):
            code, _, err = run(capsys, *command)
            assert (code, f"proces {os.getpid()}" in err) == (4, True), command
        assert run(capsys, "import", "staff", str(shop / "staff.csv"))[0] == 0
        till.do("6", "pay cash")
    finally:
        till.close()


def test_what_nobody_foresaw_is_a_line_and_a_log(
    capsys: pytest.CaptureFixture[str], shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(call: object) -> int:
        raise ZeroDivisionError("deling")

    monkeypatch.setattr("kassa_tui.commands.about.version", broken)
    code, out, err = run(capsys, "version")
    assert (code, out) == (1, "")
    assert len(err.splitlines()) == 1
    assert "ZeroDivisionError" in err
    assert "Traceback" in Path(err.rpartition("zie ")[2].strip()).read_text("utf-8")


def test_the_language_of_the_shell() -> None:
    assert dispatch.language({"LANG": "fr_BE.UTF-8"}) == "fr"
    assert dispatch.language({"LANG": "fr_FR", "LC_ALL": "nl_BE.UTF-8"}) == "nl_BE"
    assert dispatch.language({"LANG": "C.UTF-8"}) == "nl"
    assert dispatch.language({}) == "nl"


def test_logs_never_reach_the_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = logs.start(tmp_path / "log")
    logging.getLogger("somebody").warning("let op €")
    assert path == tmp_path / "log" / "kassa.log"
    assert "let op €" in path.read_text("utf-8")
    assert logs.location() == str(path)
    assert logs.start(Path("/proc/nergens")) is None
    logging.getLogger("somebody").warning("nergens")
    assert logs.location() == ""
    assert capsys.readouterr().err == ""


KASSA = [sys.executable, "-m", "kassa_tui"]


def test_as_a_program(shop: Path, tmp_path: Path) -> None:
    script = "login 9999\nopen-shift 10,00\n6\nnergens\npay cash 1\ncafé\n"
    done = subprocess.run([*KASSA, "sell"], input=script.encode(), capture_output=True, cwd=tmp_path, env=environment())
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, b"")
    assert [answer["ok"] for answer in answers] == [True, True, True, False, True, False]
    assert answers[4]["ticket"]["receipt_number"] == "K1-000003"
    assert answers[5]["text"] == "Onbekend: café"
    shown = subprocess.run(
        f"{sys.executable} -m kassa_tui journal show | head -n 1", shell=True, capture_output=True, env=environment()
    )
    assert (shown.stdout.count(b"\n"), shown.stderr) == (1, b"")


def test_a_till_needs_a_terminal(shop: Path) -> None:
    done = subprocess.run([*KASSA, "till"], stdin=subprocess.DEVNULL, capture_output=True, env=environment())
    assert (done.returncode, done.stdout) == (2, b"")
    assert "kassa sell" in done.stderr.decode()


def test_the_first_sign_of_life_comes_before_the_program() -> None:
    """Whatever is imported after the first line cannot hold it up: here there is nothing to import at all."""
    main = (
        "import sys; sys.path.insert(0, sys.argv[1]); import kassa_tui.cli as c; "
        "heavy = {'textual', 'argparse', 'peewee', 'tomllib', 'gettext'} & set(sys.modules); "
        "sys.modules['kassa_tui.commands.dispatch'] = None; assert not heavy, heavy; c.main(['till'])"
    )
    parent, child = pty.openpty()
    started = subprocess.Popen([sys.executable, "-c", main, str(ROOT)], stdin=child, stdout=child, stderr=child)
    os.close(child)
    seen = b""
    while b"\n" not in seen and select.select([parent], [], [], 20)[0]:
        seen += os.read(parent, 1000)
    started.kill()
    started.wait()
    os.close(parent)
    assert seen.decode().startswith("Kassa start …")


def environment() -> dict[str, str]:
    """That of the test, and where the program is."""
    return os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
