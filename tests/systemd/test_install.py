"""``systemd/install`` on a tree of its own: what it writes, that it does so once, and what uninstalling leaves."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source import ROOT

INSTALL = ROOT / "systemd" / "install"
Said = subprocess.CompletedProcess[str]


def install(root: Path, *words: str) -> Said:
    """Run the script on a tree."""
    command = [sys.executable, str(INSTALL), "--root", str(root), "--no-packages", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def _tree(root: Path) -> dict[str, str]:
    """Every path with what it is: a link's target, a file's content, a folder's rights."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = "-> " + os.readlink(path)
        elif path.is_file():
            found[name] = f"{stat.S_IMODE(path.stat().st_mode):o} {path.read_bytes()!r}"
        else:
            found[name] = f"{stat.S_IMODE(path.stat().st_mode):o}/"
    return found


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A machine like a Raspberry Pi after a first install, without the program."""
    root = tmp_path_factory.mktemp("machine")
    (root / "boot" / "firmware").mkdir(parents=True)
    (root / "boot" / "firmware" / "cmdline.txt").write_text("console=tty1 root=PARTUUID=1-02 loglevel=7 rootwait\n")
    (root / "etc" / "default").mkdir(parents=True)
    (root / "etc" / "default" / "grub").write_text("GRUB_TIMEOUT=5\n")
    done = install(root, "--no-program")
    assert done.returncode == 0, done.stderr
    return root


def test_the_till_starts_by_itself(fresh: Path) -> None:
    units = fresh / "etc" / "systemd" / "system"
    wanted = units / "multi-user.target.wants" / "kassa-till@tty1.service"
    assert os.readlink(wanted) == "/etc/systemd/system/kassa-till@.service"
    assert (units / "kassa-till@.service").read_bytes() == (ROOT / "systemd" / "kassa-till@.service").read_bytes()
    assert os.readlink(units / "multi-user.target.wants" / "kassa-sync.service").endswith("kassa-sync.service")
    assert os.readlink(units / "timers.target.wants" / "kassa-backup.timer").endswith("kassa-backup.timer")


def test_devices_that_are_learned_get_their_rules(fresh: Path) -> None:
    units = fresh / "etc" / "systemd" / "system"
    wanted = units / "paths.target.wants" / "kassa-devices.path"
    assert os.readlink(wanted) == "/etc/systemd/system/kassa-devices.path"
    assert "PathChanged=/var/lib/kassa/devices.request" in (units / "kassa-devices.path").read_text()
    assert "ExecStart=/opt/kassa/bin/kassa-devices\n" in (units / "kassa-devices.service").read_text()
    assert stat.S_IMODE((fresh / "opt/kassa/bin/kassa-devices").stat().st_mode) == 0o755


def test_a_version_that_the_office_wants_is_taken_by_root(fresh: Path) -> None:
    units = fresh / "etc" / "systemd" / "system"
    assert os.readlink(units / "paths.target.wants" / "kassa-update.path") == "/etc/systemd/system/kassa-update.path"
    assert os.readlink(units / "timers.target.wants" / "kassa-update.timer").endswith("kassa-update.timer")
    assert "PathChanged=/var/lib/kassa/version.request" in (units / "kassa-update.path").read_text()
    assert "ExecStart=/opt/kassa/bin/kassa-update\n" in (units / "kassa-update.service").read_text()
    assert stat.S_IMODE((fresh / "opt/kassa/bin/kassa-update").stat().st_mode) == 0o755
    assert stat.S_IMODE((fresh / "opt/kassa/wheels").stat().st_mode) == 0o755


@pytest.mark.parametrize("unit", ["ctrl-alt-del.target", "autovt@.service", "getty@tty1.service", "getty@tty6.service"])
def test_no_way_out_by_the_keyboard(fresh: Path, unit: str) -> None:
    assert os.readlink(fresh / "etc" / "systemd" / "system" / unit) == "/dev/null"
    assert "NAutoVTs=0\nReserveVT=0" in (fresh / "etc/systemd/logind.conf.d/kassa.conf").read_text()
    assert "kernel.sysrq = 0" in (fresh / "etc/sysctl.d/90-kassa.conf").read_text()


def test_drivers_are_loaded_before_the_till(fresh: Path) -> None:
    drivers = (fresh / "etc/modules-load.d/kassa.conf").read_text().splitlines()
    assert {"usbserial", "cdc_acm"} <= set(drivers)


def test_books_and_settings_are_not_for_everybody(fresh: Path) -> None:
    tree = _tree(fresh)
    for folder in ("var/lib/kassa", "var/lib/kassa/backup", "etc/kassa", "etc/kassa/keys"):
        assert tree[folder] == "750/"
    assert tree["opt/kassa/bin/kassa"].startswith("755 ")
    assert tree["usr/local/bin/kassa"] == "-> /opt/kassa/bin/kassa"


def test_the_boot_is_silent_and_keeps_its_own_words(fresh: Path) -> None:
    words = (fresh / "boot/firmware/cmdline.txt").read_text().split()
    assert words[:3] == ["console=tty1", "root=PARTUUID=1-02", "rootwait"]
    assert {"quiet", "loglevel=3", "consoleblank=0", "logo.nologo"} <= set(words)
    assert "loglevel=7" not in words
    assert "GRUB_TIMEOUT=0" in (fresh / "etc/default/grub.d/90-kassa.cfg").read_text()


def test_a_second_time_changes_nothing(fresh: Path) -> None:
    before = _tree(fresh)
    done = install(fresh, "--no-program")
    assert "0 wijzigingen" in done.stdout
    assert _tree(fresh) == before


def test_what_somebody_changed_is_put_right(fresh: Path) -> None:
    rules, own = fresh / "etc/udev/rules.d/69-kassa-base.rules", fresh / "etc/udev/rules.d/70-kassa.rules"
    assert own.read_bytes() == (ROOT / "config/udev/70-kassa.rules").read_bytes()
    rules.write_text("# weg\n")
    own.write_text("# van deze winkel\n")
    done = install(fresh, "--no-program")
    assert "bestand /etc/udev/rules.d/69-kassa-base.rules" in done.stdout
    assert "1 wijzigingen" in done.stdout
    assert rules.read_bytes() == (ROOT / "config/udev/69-kassa-base.rules").read_bytes()
    assert own.read_text() == "# van deze winkel\n", "names for one shop's devices are the technician's"


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    done = install(tmp_path, "--dry-run", "--no-program")
    assert done.returncode == 0
    assert "zou bestand /etc/systemd/system/kassa-till@.service" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_may_provision_is_added_once(tmp_path: Path) -> None:
    for name, key in (("one", "ab" * 32), ("two", "cd" * 32), ("again", "ab" * 32)):
        (tmp_path / name).write_text(key + "\n")
        assert install(tmp_path / "root", "--no-program", "--trust", str(tmp_path / name)).returncode == 0
    kept = tmp_path / "root/etc/kassa/keys/provision.pub"
    assert kept.read_text().split() == ["ab" * 32, "cd" * 32]
    (tmp_path / "bad").write_text("no key")
    assert install(tmp_path / "root", "--no-program", "--trust", str(tmp_path / "bad")).returncode == 1
    assert kept.read_text().split() == ["ab" * 32, "cd" * 32]


def test_uninstalling_leaves_the_data(tmp_path: Path) -> None:
    (tmp_path / "boot/firmware").mkdir(parents=True)
    (tmp_path / "boot/firmware/cmdline.txt").write_text("root=/dev/mmcblk0p2 rootwait\n")
    assert install(tmp_path, "--no-program").returncode == 0
    books, settings = tmp_path / "var/lib/kassa/till.db", tmp_path / "etc/kassa/till.toml"
    books.write_bytes(b"books")
    (tmp_path / "etc/udev/rules.d/71-kassa-learned.rules").write_text("# learned\n")
    settings.write_text("[till]\n")
    done = subprocess.run(
        [str(ROOT / "systemd" / "uninstall"), "--root", str(tmp_path)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    left = [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*")) if not path.is_dir()]
    assert [name for name in left if "kassa" in name] == ["etc/kassa/till.toml", "var/lib/kassa/till.db"]
    assert (tmp_path / "boot/firmware/cmdline.txt").read_text() == "root=/dev/mmcblk0p2 rootwait\n"
    assert not (tmp_path / "etc/systemd/system/ctrl-alt-del.target").is_symlink()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may install")
def test_the_machine_itself_needs_root() -> None:
    done = subprocess.run([sys.executable, str(INSTALL), "--no-program"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "root" in done.stderr
