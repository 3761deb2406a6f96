"""The example and the guide to the configuration: they show every key there is, and the example is accepted."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

from kassa_tui import config
from kassa_tui.config_checks import KINDS, OPTIONS, TABLES

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "config" / "till.toml.example"
GUIDE = (ROOT / "docs" / "configuration.md").read_text("utf-8")
VALUES = {
    "shop": config.Shop,
    "till": config.Till,
    "rules": config.Rules,
    "office": config.Office,
    "webshop": config.Webshop,
}


def test_every_key_is_a_field_and_every_field_a_key() -> None:
    assert {name: set(table) for name, table in TABLES.items()} == {
        name: {field.name for field in fields(value)} for name, value in VALUES.items()
    }
    assert {option for kinds in KINDS.values() for kind in kinds.values() for option in kind} == set(OPTIONS)


def uncommented() -> str:
    """The example with all settings on that are off: lines that begin with ``#`` and no space."""
    return re.sub(r"(?m)^#(?=[^\s#])", "", EXAMPLE.read_text("utf-8"))


def test_the_example_is_accepted_as_it_is_and_with_everything_on(tmp_path: Path) -> None:
    found = config.load(EXAMPLE)
    assert [device.role for device in found.devices] == ["printer", "scanner", "drawer", "card_terminal"]
    path = tmp_path / "till.toml"
    path.write_text(uncommented(), "utf-8")
    everything = config.load(path)
    assert {device.role for device in everything.devices} == set(KINDS)
    assert everything.office is not None
    assert len(everything.webshops) == 1


def test_the_example_shows_every_key() -> None:
    raw: dict[str, Any] = tomllib.loads(uncommented())
    raw["webshop"] = raw["webshop"][0]
    assert {name: set(raw[name]) for name in TABLES} == {name: set(table) for name, table in TABLES.items()}
    for name in ("discount_limit", "price_floor"):
        assert set(raw["rules"][name]) == {"cashier", "senior", "manager"}
    assert {option for device in raw["device"] for option in device} == {"role", "kind", *OPTIONS}
    words = set(re.findall(r"\w+", EXAMPLE.read_text("utf-8")))
    shown = {(device["role"], device["kind"]) for device in raw["device"]}
    assert all((role, kind) in shown or kind in words for role, kinds in KINDS.items() for kind in kinds)


def test_the_rules_in_the_example_are_the_defaults() -> None:
    assert config.load(EXAMPLE).rules == config.Rules()


def test_the_guide_has_every_key() -> None:
    sections = dict(re.findall(r"(?ms)^## `\[+(\w+)\]+`\n(.*?)(?=^## )", GUIDE))
    for name, table in TABLES.items():
        assert [
            key for key in table if f"`{key}`" not in sections[name] and f"rules.{key}]" not in sections[name]
        ] == []
    device = sections["device"]
    assert [option for option in OPTIONS if f"| `{option}` |" not in device] == []


def test_the_guide_has_the_defaults_of_the_rules_and_options() -> None:
    told = dict(re.findall(r"(?m)^\| `(\w+)` \| .* \| ([^|]+) \|$", GUIDE.partition("## `[office]`")[0]))
    defaults = {field.name: getattr(config.Rules(), field.name) for field in fields(config.Rules)}
    for kinds in KINDS["printer"], KINDS["drawer"], {"evdev": KINDS["scanner"]["evdev"]}:
        for options in kinds.values():
            defaults.update(options)
    stated = {key: value for key, value in defaults.items() if isinstance(value, str | int) and value != ""}
    assert {key: re.findall(r"[\w]+", told[key])[0] for key in stated} == {
        key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in stated.items()
    }


def test_the_guide_names_the_options_of_each_kind() -> None:
    paper = set(re.findall(r"`(\w+)`", GUIDE.partition("Paper options are")[2].partition("\n")[0]))
    rows = re.findall(r"(?m)^\| (\w+) \| (`[^|]+) \| ([^|]+) \|$", GUIDE)
    told = {
        (role, kind): set(re.findall(r"`(\w+)`", options)) | (paper if "paper options" in options else set())
        for role, kinds, options in rows
        for kind in re.findall(r"`(\w+)`", kinds)
    }
    assert told == {(role, kind): set(options) for role, kinds in KINDS.items() for kind, options in kinds.items()}
