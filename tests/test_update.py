"""The next version of the program: made beside the old one, taken into use in rest, and back when it is no good."""

from __future__ import annotations

import base64
import hashlib
import os
import stat
import zipfile
from pathlib import Path

import pytest

from kassa_tui import cli
from kassa_tui.services import update
from kassa_tui.services.update import MARK, Rest, Trouble
from tests.services.shop_floor import hands, make_shop

MINUTE = 60_000


def version(folder: Path, number: str, doctor: int = 0) -> Path:
    """An environment whose ``kassa doctor`` ends with this code."""
    (folder / "bin").mkdir(parents=True)
    program = folder / "bin" / "kassa"
    program.write_text(f"#!/bin/sh\necho version {number} $1\nexit {doctor}\n")
    program.chmod(0o755)
    (folder / "VERSION").write_text(number + "\n")
    return folder


def wheel(folder: Path, number: str) -> Path:
    """A wheel of a program that has nothing but a name and a command."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"kassa-{number}.dist-info"
    files = {
        "kassa_made_up.py": f"def main():\n    print('version {number}')\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: kassa\nVersion: {number}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": "[console_scripts]\nkassa = kassa_made_up:main\n",
    }
    record = "".join(f"{name},sha256={_hash(text)},{len(text)}\n" for name, text in files.items())
    path = folder / f"kassa-{number}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": record + f"{info}/RECORD,,\n"}.items():
            archive.writestr(name, text)
    return path


def test_a_version_that_stands_there_is_itself(base: Path) -> None:
    assert update.stage(base / "2.0", base) == "2.0"
    assert isinstance(update.stage(base / update.CURRENT, base), str)
    (base / "2.0" / MARK).unlink()
    (base / "2.0" / "VERSION").unlink()
    assert isinstance(update.stage(base / "2.0", base), Trouble)


def _hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A machine with version 1.0 in use and 2.0 beside it."""
    for number in ("1.0", "2.0"):
        assert update.stage(version(tmp_path / f"new-{number}", number), tmp_path / "opt") == number
    update.switch(tmp_path / "opt", "1.0")
    return tmp_path / "opt"


def test_a_version_is_known_by_its_wheel(tmp_path: Path) -> None:
    wheel(tmp_path, "2.3.4")
    assert update.version_of(tmp_path) == "2.3.4"
    wheel(tmp_path, "2.3.5")
    assert update.version_of(tmp_path) == Trouble("two_versions", {"found": ["2.3.4", "2.3.5"]})
    assert update.version_of(tmp_path / "nowhere") == Trouble("no_version", {"path": str(tmp_path / "nowhere")})


def test_wheels_become_an_environment_where_it_stays(tmp_path: Path) -> None:
    wheel(tmp_path / "stick", "3.0")
    base = tmp_path / "opt"
    assert update.stage(tmp_path / "stick", base) == "3.0"
    update.switch(base, "3.0")
    assert update.run([str(base / "current" / "bin" / "kassa")]) == (0, "version 3.0")
    shebang = (base / "3.0" / "bin" / "kassa").read_text().splitlines()[0]
    assert str(base / "3.0") in shebang, "not by the link: a running till keeps its own files"


def test_half_a_version_does_not_count(tmp_path: Path) -> None:
    wheel(tmp_path / "stick", "3.0")

    def broken(words: object) -> tuple[int, str]:
        (tmp_path / "opt" / "3.0").mkdir(parents=True, exist_ok=True)
        return 1, "no space left on device"

    assert update.stage(tmp_path / "stick", tmp_path / "opt", broken) == Trouble(
        "not_built", {"said": "no space left on device"})  # fmt: skip
    assert not (tmp_path / "opt" / "3.0").exists()
    (tmp_path / "opt" / "3.0").mkdir()
    assert update.change(tmp_path / "opt", "3.0", lambda place: "", lambda: "") == Trouble(
        "not_here", {"version": "3.0"})  # fmt: skip


def test_a_good_version_comes_into_use(base: Path) -> None:
    asked: list[Path] = []

    def fit(place: Path) -> str:
        asked.append(place)
        return ""

    assert update.change(base, "2.0", fit, lambda: "") is None
    assert (update.in_use(base), asked) == ("2.0", [base / "2.0"])
    assert os.readlink(base / "current") == "2.0"


def test_a_version_whose_doctor_objects_goes_and_the_till_is_not_touched(base: Path) -> None:
    restarts: list[str] = []

    def restart() -> str:
        restarts.append(update.in_use(base))
        return ""

    found = update.change(base, "2.0", lambda place: "database_newer", restart)
    assert found == Trouble("not_fit", {"said": "database_newer", "version": "2.0", "back": "1.0"})
    assert (update.in_use(base), restarts) == ("1.0", [])


def test_a_version_that_does_not_stay_up_goes_and_the_old_one_starts(base: Path) -> None:
    seen: list[str] = []

    def restart() -> str:
        seen.append(update.in_use(base))
        return "failed" if seen == ["2.0"] else ""

    found = update.change(base, "2.0", lambda place: "", restart)
    assert isinstance(found, Trouble)
    assert (found.code, seen, update.in_use(base)) == ("not_fit", ["2.0", "1.0"], "1.0")


def test_only_the_two_newest_stay(base: Path) -> None:
    (base / "bin").mkdir()
    update.switch(base, "2.0")
    assert update.prune(base, ["1.0"]) == []
    (base / "0.9").mkdir()
    (base / "0.9" / MARK).touch()
    assert update.prune(base, ["1.0"]) == ["0.9"]
    assert sorted(path.name for path in base.iterdir()) == ["1.0", "2.0", "bin", "current"]


@pytest.mark.parametrize(
    ("rest", "minutes", "idle"),
    [(Rest(False, False, 0), 0, True), (Rest(True, False, 0), 14, False), (Rest(True, False, 0), 15, True),
     (Rest(True, True, 0), 600, False), (Rest(False, True, 0), 600, False)],
)  # fmt: skip
def test_rest_is_a_closed_till_or_a_long_silence(rest: Rest, minutes: int, idle: bool) -> None:
    assert update.is_idle(rest, minutes * MINUTE) is idle


def test_waiting_ends_when_the_ticket_is_paid_or_the_night_is_over() -> None:
    seen = iter([Rest(True, True, 0), Rest(True, True, 0), Rest(False, False, 0)])
    pauses: list[float] = []
    assert update.wait_idle(lambda: next(seen), lambda: 0, pauses.append, 1, 15)
    assert pauses == [30, 30]
    clock = [0]

    def pause(seconds: float) -> None:
        clock[0] += int(seconds * 1000)

    assert not update.wait_idle(lambda: Rest(True, True, 0), lambda: clock[0], pause, 1, 15)
    assert clock[0] == 3_600_000


def test_what_a_till_does_is_read_beside_it(tmp_path: Path) -> None:
    data = make_shop(tmp_path, "NL")
    path = data / "till.db"
    assert update.rest(tmp_path / "none.db") == Rest(False, False, 0)
    till = hands(tmp_path, data)
    try:
        till.do("login 9999")
        assert (update.rest(path).shift_open, update.rest(path).ticket_open) == (False, False)
        till.do("open-shift 100", "6")
        till.session.till.store.flush()
        assert (update.rest(path).shift_open, update.rest(path).ticket_open) == (True, True)
        till.do("pay cash 1")
        till.session.till.store.flush()
        assert (update.rest(path).shift_open, update.rest(path).ticket_open) == (True, False)
        assert update.rest(path).last_at > 0
    finally:
        till.close()


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a command."""
    code = cli.main(list(argv))
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.parametrize(("doctor", "code", "used"), [(0, 0, "2.0"), (1, 1, "1.0")])
def test_the_command_goes_over_or_stays(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    doctor: int,
    code: int,
    used: str,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("kassa_tui.commands.update.UNIT", "kassa-till-that-is-not-here@tty1.service")
    monkeypatch.setattr("kassa_tui.commands.update.USER", "nobody-of-that-name")
    make_shop(tmp_path, "NL")
    monkeypatch.setenv("KASSA_CONFIG", str(tmp_path / "till.toml"))
    base = tmp_path / "opt"
    assert run(capsys, "update", "apply", str(version(tmp_path / "one", "1.0")), "--base", str(base))[0] == 0
    found, out, err = run(capsys, "update", "apply", str(version(tmp_path / "two", "2.0", doctor)), "--base", str(base))
    assert (found, update.in_use(base)) == (code, used)
    assert ("1.0" in err) is bool(doctor)
    assert "2.0" in out + err
    again = run(capsys, "update", "apply", str(tmp_path / "one"), "--base", str(base))[1]
    assert ("al in gebruik" in again) is bool(doctor)
    assert stat.S_ISLNK((base / "current").lstat().st_mode)
