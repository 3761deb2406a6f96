"""Learned devices: kept beside ``till.toml``, judged as it is, asked for as rules, and forgotten again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kassa_tui import config
from kassa_tui.domain.outcome import Refused
from kassa_tui.hardware.keyboard_evdev import Press, read_key_map
from kassa_tui.services import devices
from kassa_tui.services.ports import Plugged
from tests.systemd.test_devices_rules import PROGRAM

SHOP = '[shop]\nname = "De Hoek"\ncountry = "NL"\n[till]\nid = "K1"\ndata = "data"\n'
WEDGE = '[[device]]\nrole = "scanner"\nkind = "wedge"\n'
XENON = Plugged("/dev/input/event7", "Xenon", "0c2e:0b61", "usb-0000:00:14.0-2/input0")


@pytest.fixture
def shop(tmp_path: Path) -> config.Config:
    return load(tmp_path, WEDGE)


def load(folder: Path, text: str) -> config.Config:
    (folder / "data").mkdir(exist_ok=True)
    path = folder / "till.toml"
    path.write_text(SHOP + text)
    return config.load(path)


def again(shop: config.Config) -> config.Config:
    """As the next start reads it."""
    return config.load(shop.path)


def kept(shop: config.Config, plugged: Plugged = XENON, name: str = "scanner", role: str = "scanner") -> config.Config:
    table = devices.table_of(role, name, plugged)
    assert table is not None
    found = devices.keep(shop, table)
    assert not isinstance(found, Refused), found
    return found


def test_a_learned_scanner_takes_the_place_of_its_namesake(shop: config.Config) -> None:
    kept(shop)
    (scanner,) = again(shop).devices
    assert (scanner.name, scanner.kind, scanner.options["usb"], scanner.learned) == (
        "scanner", "evdev", "0c2e:0b61", True,
    )  # fmt: skip
    assert scanner.options["phys"] is None, "it may be moved to another port"
    assert (shop.till.data / "devices.toml").stat().st_mode & 0o777 == 0o640


def test_a_second_one_stands_beside_it_and_each_can_be_forgotten(shop: config.Config) -> None:
    found = kept(kept(shop), Plugged("e", "Other", "05e0:1200"), "scanner-2")
    assert [each.name for each in again(shop).devices] == ["scanner", "scanner-2"]
    assert devices.namesakes(found, "scanner", Plugged("x", "New", "1111:2222")) == ("scanner", "scanner-3")
    assert devices.namesakes(found, "scanner", Plugged("x", "Other", "05e0:1200")) == ("scanner-2", "")
    left = devices.drop(found, "scanner")
    assert not isinstance(left, Refused)
    assert [(each.name, each.kind) for each in again(shop).devices] == [("scanner", "wedge"), ("scanner-2", "evdev")]
    devices.drop(left, "scanner-2")
    assert not (shop.till.data / "devices.toml").exists()
    assert again(shop).devices == shop.devices
    assert devices.drop(shop, "scanner") == Refused("device_not_learned", {"name": "scanner"})


@pytest.mark.parametrize(
    ("plugged", "role", "table"),
    [
        (XENON, "scanner", {"usb": "0c2e:0b61"}),
        (Plugged("e", "x", "0c2e:0b61", "usb-2/input0", twin=True), "scanner",
         {"usb": "0c2e:0b61", "phys": "usb-2/input0"}),
        (Plugged("e", "x", "", "isa0060/serio0/input0"), "keyboard", {"phys": "isa0060/serio0/input0"}),
        (Plugged("e", "x", path="/dev/serial/by-id/usb-1"), "scanner", {"path": "/dev/serial/by-id/usb-1"}),
        (Plugged("e", "x", path="/dev/serial/by-id/usb-1"), "keyboard", None),
        (Plugged("e", "x"), "scanner", None),
    ],
)  # fmt: skip
def test_how_it_is_found_again(shop: config.Config, plugged: Plugged, role: str, table: dict[str, str] | None) -> None:
    found = devices.table_of(role, role, plugged)
    if table is None or found is None:
        assert found is table
        return
    assert {key: found[key] for key in ("usb", "phys", "path") if key in found} == table
    assert not isinstance(devices.keep(shop, found), Refused)


def test_nothing_wrong_is_written(shop: config.Config) -> None:
    kept(shop)
    before = (shop.till.data / "devices.toml").read_bytes()
    for change in ({"usb": "mouse"}, {"layout": "xx"}, {"name": "Scanner 1"}, {"name": "drawer\n"}, {"colour": "red"}):
        table = {**(devices.table_of("scanner", "scanner", XENON) or {}), **change}
        wrong = devices.keep(shop, table)
        assert isinstance(wrong, Refused)
        assert wrong.code == "device_rejected"
    # The same plug under two names.
    wrong = devices.keep(shop, {**(devices.table_of("scanner", "scanner-2", XENON) or {})})
    assert isinstance(wrong, Refused)
    assert (shop.till.data / "devices.toml").read_bytes() == before
    assert sorted(path.name for path in shop.till.data.iterdir()) == ["devices.request", "devices.toml"]


def test_a_wrong_file_is_named_with_its_key(shop: config.Config) -> None:
    path = shop.till.data / "devices.toml"
    for text, key in (('[[device]]\nrole = "scanner"\nkind = "evdev"\n', "device[1].path"), ("[till]\n", "till"),
                      ('[[device]]\nname = "scanner"\nrole = "keyboard"\nkind = "evdev"\nusb = "0c2e:0b61"\n',
                       "device.scanner"), ("x", "")):  # fmt: skip
        path.write_text(text)
        with pytest.raises(config.ConfigError) as caught:
            again(shop)
        assert [(problem.file, problem.key) for problem in caught.value.problems] == [(str(path), key)]


def test_names_of_devices(tmp_path: Path) -> None:
    found = load(tmp_path, WEDGE + '[[device]]\nrole = "card_terminal"\nkind = "demo"\n[[device]]\nname = "kelder"\n'
                 'role = "scanner"\nkind = "pipe"\npath = "/tmp/x"\n')  # fmt: skip
    assert [each.name for each in found.devices] == ["scanner", "card-terminal", "kelder"]
    with pytest.raises(config.ConfigError):
        load(tmp_path, WEDGE + '[[device]]\nname = "scanner"\nrole = "drawer"\nkind = "none"\n')


def test_the_request_is_what_the_program_of_root_accepts(shop: config.Config) -> None:
    kept(kept(shop), Plugged("e", "Pad", "05a4:9837", "usb-3/input0", twin=True), "keyboard", "keyboard")
    data = (shop.till.data / "devices.request").read_bytes()
    assert PROGRAM.judge(data) == [
        {"name": "scanner", "usb": "0c2e:0b61", "phys": ""},
        {"name": "keyboard", "usb": "05a4:9837", "phys": "usb-3/input0"},
    ]
    devices.drop(again(shop), "keyboard")
    assert len(PROGRAM.judge((shop.till.data / "devices.request").read_bytes())) == 1


def test_a_port_with_odd_signs_is_asked_for_without(shop: config.Config) -> None:
    found = kept(shop, Plugged("e", "Pad", "05A4:9837".lower(), 'usb"*', twin=True))
    assert json.loads(devices.request(found.devices))["devices"] == [
        {"name": "scanner", "usb": "05a4:9837", "phys": ""}
    ]
    lonely = kept(shop, Plugged("e", "Pad", "", "usb*"))
    assert json.loads(devices.request(lonely.devices))["devices"] == []


def test_how_it_stands_with_the_rule(shop: config.Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rules, watch = tmp_path / "71.rules", tmp_path / "kassa-devices.path"
    monkeypatch.setattr(devices, "RULES", rules)
    monkeypatch.setattr(devices, "WATCH", watch)
    (wedge,) = shop.devices
    (scanner,) = kept(shop).devices
    data = shop.till.data
    assert (devices.rule(wedge, data), devices.rule(scanner, data)) == ("", "not_written")
    watch.touch()
    assert devices.rule(scanner, data) == "not_written", "it looks in another folder"
    monkeypatch.setattr(devices, "WATCHED", data)
    assert devices.rule(scanner, data) == "asked"
    assert PROGRAM.main(str(data), str(rules), lambda words, **how: None) == 0
    assert devices.rule(scanner, data) == "written"
    rules.write_text(rules.read_text().replace("0b61", "0b62"))
    assert devices.rule(scanner, data) == "asked"


def test_keys_of_a_learned_keyboard(shop: config.Config) -> None:
    table = devices.table_of("keyboard", "keyboard", Plugged("e", "Pad", "05a4:9837"), "be")
    assert table is not None
    found = devices.keep(shop, table, {"KEY_F13": ("acts", "pin"), "600": ("text", "6\n")})
    assert not isinstance(found, Refused)
    pad = again(shop).devices[1]
    assert (pad.options["layout"], pad.options["keys"]) == ("be", shop.till.data / "keys-keyboard.toml")
    assert read_key_map(pad.options["keys"], ("pin",)) == {183: Press("act", "pin"), 600: Press("text", "6\n")}
    devices.drop(found, "keyboard")
    assert not (shop.till.data / "keys-keyboard.toml").exists()
