"""What the technician wrote in ``till.toml``, as checked values: nothing behind this module meets a wrong setting.

Every problem is reported at once, each with the key it is about and the nearest valid name, because the person who
edits the file is on the phone with a shop that cannot open. Only the standard library is used.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kassa_tui import config_checks as checks
from kassa_tui.config_reader import ConfigError as ConfigError
from kassa_tui.config_reader import Problem as Problem
from kassa_tui.config_reader import Reader
from kassa_tui.config_reader import read_toml as read_toml
from kassa_tui.config_webshop import Webshop as Webshop
from kassa_tui.config_webshop import read_webshops
from kassa_tui.domain.country import COUNTRIES, with_rounding
from kassa_tui.domain.staff import DISCOUNT_LIMIT, PRICE_FLOOR
from kassa_tui.office_keys import judge

SYSTEM_FILE = Path("/etc/kassa/till.toml")
LEARNED_FILE = "devices.toml"
"""In the data folder: the devices that were learned at the till, laid over those of ``till.toml``."""
LANGUAGE_OF = {"NL": "nl", "BE": "nl_BE"}
"""Language of a shop that does not say."""


@dataclass(frozen=True, slots=True)
class Shop:
    """``[shop]``: who sells, as printed on every receipt."""

    name: str
    country: str
    """``NL`` or ``BE``: rounding, cash limit and VAT rates follow from it."""
    language: str
    """``nl``, ``nl_BE``, ``fr`` or ``en``; the country's where the file does not say."""
    address: tuple[str, ...] = ()
    """Lines."""
    vat_id: str | None = None
    """With country letters, without spaces or dots; its check digits are right."""
    coc: str | None = None
    """Number in the trade register (KvK, KBO)."""
    branch: str | None = None
    """The shop's own number or name for this branch."""
    phone: str | None = None
    website: str | None = None
    receipt_footer: tuple[str, ...] = ()
    """Lines under every receipt."""
    logo: Path | None = None
    """PNG picture above every receipt."""


@dataclass(frozen=True, slots=True)
class Till:
    """``[till]``: which till this is."""

    id: str
    """1–8 capitals or digits, the first a capital; begins every receipt number."""
    data: Path
    """Folder of the databases and the till's key."""


@dataclass(frozen=True, slots=True)
class Device:
    """One ``[[device]]``."""

    role: str
    """A key of `config_checks.KINDS`."""
    kind: str
    """A key of ``KINDS[role]``."""
    options: Mapping[str, Any] = field(hash=False)
    """Every option of the kind, None where neither file nor default gives one; ``path`` and ``logo`` are Paths."""
    name: str = field(default="", compare=False)
    """Told apart by this: as the file says, else the role, with a number from the second of a role on."""
    learned: bool = field(default=False, compare=False)
    """It stands in `LEARNED_FILE`, and can be forgotten at the till."""


@dataclass(frozen=True, slots=True)
class Rules:
    """``[rules]``: how this shop wants its till to behave."""

    rounding: str | None = None
    """``off``, ``cash`` or ``all``, as `domain.country.with_rounding` takes it; None is the country's own."""
    amount_entry: str = "cents"
    """``cents``: 2000 is € 20,00; ``euros``: 20 is."""
    max_quantity: int = 24
    """Pieces; more is asked about once."""
    quantity_seconds: int = 30
    """A typed quantity is forgotten after this; 0 is never."""
    print_receipt: str = "always"
    """``always``, ``ask`` or ``never``."""
    return_days: int = 0
    """Days after the sale in which goods are taken back; 0 is without end."""
    auto_lock_seconds: int = 300
    """Without a key or a scan; 0 is never."""
    lock_after_sale: bool = False
    blind_count: bool = True
    """The drawer is counted without seeing what should be in it."""
    drawer_warning: int = 0
    """Cents in the drawer from which the till advises to take some out; 0 is never."""
    age_evident: bool = True
    """Whether "evidently older" is an answer to the question for an age."""
    templates: tuple[str, ...] | None = None
    """Patterns for `domain.instore.parse_template`, each valid; None is `domain.instore.DEFAULT_TEMPLATES`."""
    scanner_gs_aliases: str = ""
    """What a keyboard scanner sends in place of the group separator, divided by spaces: ``| ^ <GS>``."""
    voucher_days: int = 0
    """Days a voucher is valid; 0 is without end."""
    voucher_offline_cents: int = 0
    """Cents taken on a voucher of another till while the office cannot be asked; 0 is nothing."""
    cash_out_limit: int = 0
    """Cents that may be taken out of the drawer in one go; 0 is without limit."""
    discount_limit: Mapping[str, int] = field(default_factory=lambda: MappingProxyType(DISCOUNT_LIMIT), hash=False)
    """Role → largest discount in hundredths of a percent; every role of `domain.staff` is there."""
    price_floor: Mapping[str, int] = field(default_factory=lambda: MappingProxyType(PRICE_FLOOR), hash=False)
    """Role → lowest price in hundredths of a percent of the list price; every role is there."""
    login_delay_after: int = 3
    """checks.Wrong PINs in a row before the till makes people wait."""
    login_delay_seconds: int = 5
    """First wait; each next one is twice as long."""
    login_delay_max_seconds: int = 300


@dataclass(frozen=True, slots=True)
class Office:
    """``[office]``: where the journal goes and the articles come from."""

    url: str
    ca_file: Path | None = None
    """PEM of an authority that signs the office's certificate; None is the system's."""
    proxy: str | None = None
    """URL."""
    branch: str | None = None
    """Code of this branch in the office."""


@dataclass(frozen=True, slots=True)
class Config:
    """All of ``till.toml``."""

    shop: Shop
    till: Till
    devices: tuple[Device, ...]
    """In the order of the file, those that were learned in the place of their namesakes or behind."""
    rules: Rules
    office: Office | None
    """None: the till stands alone."""
    webshops: tuple[Webshop, ...]
    path: Path
    """The file itself, absolute."""
    own: tuple[Shop, Rules] | None = None
    """As the file has them, where settings of the office lie over them."""
    from_office: tuple[str, ...] = ()
    """Keys, as ``rules.return_days``, whose values are the office's."""

    def devices_of(self, role: str) -> tuple[Device, ...]:
        """The devices with this role, in the order of the file."""
        return tuple(device for device in self.devices if device.role == role)

    def device(self, role: str) -> Device | None:
        """The first device with this role."""
        return next(iter(self.devices_of(role)), None)


def find(option: str | None, environ: Mapping[str, str]) -> Path:
    """The file to load: ``--config``, else ``$KASSA_CONFIG``, else ``/etc/kassa/till.toml``."""
    return Path(option or environ.get("KASSA_CONFIG") or SYSTEM_FILE)


def load(path: Path, learned: Path | None = None) -> Config:
    """Read and check the whole file, and what was learned at the till; raises `ConfigError` with every problem.

    Relative paths are taken from the folder of the file they are in, and an empty text counts as not given.
    ``learned`` is read in place of the `LEARNED_FILE` in the data folder.
    """
    path = path.absolute()
    raw = read_toml(path)
    reader = Reader(path)
    reader.unknown("", raw, (*checks.TABLES.keys() - {"webshop"}, "device", "webshop"))
    shop = _shop(reader, raw.get("shop", {}))
    till = reader.table("till", raw.get("till", {}))
    devices = _devices(reader, raw.get("device", []))
    if learned is None and "data" in till:
        learned = till["data"] / LEARNED_FILE
    devices, wrong = (devices, []) if learned is None else _layered(devices, learned)
    reader.problems += wrong
    rules = _rules(reader, raw.get("rules", {}), shop.get("country"))
    office = reader.table("office", raw["office"]) if "office" in raw else None
    webshops = read_webshops(reader, raw.get("webshop", []))
    if reader.problems:
        raise ConfigError(tuple(reader.problems))
    return Config(
        shop=Shop(**shop),
        till=Till(**till),
        devices=devices,
        rules=Rules(**rules),
        office=None if office is None else Office(**office),
        webshops=tuple(Webshop(**webshop) for webshop in webshops),
        path=path,
    )


def under_office(config: Config, given: Mapping[str, Any]) -> tuple[Config, tuple[Problem, ...]]:
    """The settings with those of the office, ``table.key`` → value, laid over what the file itself says.

    Only what `office_keys` allows, each by itself: what is wrong is left out and comes back as a problem.
    """
    good, wrong = judge(given, config.shop.country)
    shop, rules = config.own or (config.shop, config.rules)
    new_shop, new_rules = dict[str, Any](), dict[str, Any]()
    for key, value in good.items():
        table, name, *part = key.split(".")
        if part:
            new_rules[name] = {**new_rules.get(name, getattr(rules, name)), part[0]: value}
        else:
            (new_shop if table == "shop" else new_rules)[name] = value
    for name in ("discount_limit", "price_floor"):
        if name in new_rules:
            new_rules[name] = MappingProxyType(new_rules[name])
    laid = replace(
        config, shop=replace(shop, **new_shop), rules=replace(rules, **new_rules), own=(shop, rules) if good else None,
        from_office=tuple(good),
    )  # fmt: skip
    return laid, tuple(Problem("", key, each.code, each.facts) for key, each in wrong)


def _shop(reader: Reader, raw: Any) -> dict[str, Any]:
    shop = reader.table("shop", raw)
    country = shop.get("country")
    if country and "vat_id" in shop:
        given = shop["vat_id"]
        shop["vat_id"] = checks.vat_id(country, given)
        if shop["vat_id"] is None:
            reader.report("shop.vat_id", "bad_vat_id", given=given, country=country)
    return {"language": LANGUAGE_OF.get(country or ""), **shop}


def _rules(reader: Reader, raw: Any, country: str | None) -> dict[str, Any]:
    rules = reader.table("rules", raw)
    if country and "rounding" in rules:
        try:
            with_rounding(COUNTRIES[country], rules["rounding"])
        except ValueError:
            choices = COUNTRIES[country].rounding_choices
            given = rules["rounding"]
            reader.report(
                "rules.rounding", "not_one_of", given=given, choices=choices, nearest=checks.nearest(given, choices)
            )
    for key, usual in (("discount_limit", DISCOUNT_LIMIT), ("price_floor", PRICE_FLOOR)):
        if key in rules:
            rules[key] = MappingProxyType({**usual, **rules[key]})
    return rules


def _devices(reader: Reader, raw: Any) -> tuple[Device, ...]:
    devices, names = list[Device](), dict[str, str]()
    for where, table in reader.tables("device", raw):
        device = _device(reader, where, table)
        if device is None:
            continue
        devices.append(device if device.name else replace(device, name=usual_name(device.role, names)))
        first = names.setdefault(devices[-1].name, where)
        if first != where:
            reader.report(f"{where}.name", "duplicate", other=f"{first}.name")
    _apart(reader, [(f"device[{no}]", device) for no, device in enumerate(devices, 1)])
    return tuple(devices)


def usual_name(role: str, taken: Iterable[str]) -> str:
    """``scanner``, ``scanner-2``, …: the first that is free."""
    base = role.replace("_", "-")
    return next(name for no in range(1, 1000) if (name := base if no == 1 else f"{base}-{no}") not in taken)


def free_name(config: Config, role: str) -> str:
    """What a further device of this role would be called."""
    return usual_name(role, [device.name for device in config.devices])


def _apart(reader: Reader, devices: Iterable[tuple[str, Device]]) -> None:
    """Report every device that is in the same place as one before it."""
    places: dict[tuple[Any, ...], str] = {}
    for where, device in devices:
        place = tuple(device.options.get(key) for key in checks.PLACE)
        first = places.setdefault((device.role, *place), where)
        if first != where:
            reader.report(where, "duplicate", other=first)


def _layered(devices: tuple[Device, ...], path: Path) -> tuple[tuple[Device, ...], list[Problem]]:
    """The devices with the learned ones laid over them, and what is wrong with the latter.

    None where the file is not there, or lies in a folder that is closed to who asks: only the till's user learns.
    """
    try:
        raw = read_toml(path)
    except ConfigError as error:
        reason = error.problems[0].facts.get("reason")
        closed = reason == "EACCES" and not os.access(path.parent, os.X_OK)
        return devices, [] if closed or reason in ("ENOENT", "ENOTDIR") else list(error.problems)
    reader = Reader(path)
    reader.unknown("", raw, ("device",))
    learned = {each.name: replace(each, learned=True) for each in _devices(reader, raw.get("device", []))}
    known = {device.name: device.role for device in devices}
    for name, each in learned.items():
        if known.get(name, each.role) != each.role:
            reader.report(f"device.{name}", "duplicate", other=f"till.toml: {name}")
    found = [learned.pop(device.name, device) for device in devices]
    found += learned.values()
    if not reader.problems:
        _apart(reader, [(device.name, device) for device in found])
    return tuple(found), reader.problems


def _device(reader: Reader, where: str, raw: Any) -> Device | None:
    """One device with all its options; None where it has no usable role and kind."""
    before = len(reader.problems)
    if not isinstance(raw, dict):
        reader.values(where, raw, {})
        return None
    given = dict(raw)
    role, kind, name = (given.pop(key, "") for key in ("role", "kind", "name"))
    kinds = checks.KINDS.get(role, {}) if isinstance(role, str) else {}
    known = {"role": checks.one_of(*checks.KINDS), "kind": checks.one_of(*kinds) if kinds else checks.text_line}
    given_name = {"role": role, "kind": kind, "name": name}
    named = reader.values(where, given_name, {**known, "name": checks.DEVICE_NAME}, known)
    if not isinstance(kind, str) or kind not in kinds:
        reader.unknown(f"{where}.", given, checks.OPTIONS)
        return None
    defaults = kinds[kind]
    needed = [option for option, default in defaults.items() if default is ...]
    options = {**defaults, **reader.values(where, given, {name: checks.OPTIONS[name] for name in defaults}, needed)}
    if len(reader.problems) == before:
        for key, wrong in checks.device_wrongs(kind, options):
            reader.report(f"{where}.{key}", wrong.code, **wrong.facts)
    name = named.get("name", "")
    return Device(role, kind, MappingProxyType(options), name) if len(reader.problems) == before else None
