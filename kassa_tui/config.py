"""What the technician wrote in ``till.toml``, as checked values: nothing behind this module meets a wrong setting.

Every problem is reported at once, each with the key it is about and the nearest valid name, because the person who
edits the file is on the phone with a shop that cannot open. Only the standard library is used.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kassa_tui import config_checks as checks
from kassa_tui.domain.country import COUNTRIES, with_rounding
from kassa_tui.domain.staff import DISCOUNT_LIMIT, PRICE_FLOOR

SYSTEM_FILE = Path("/etc/kassa/till.toml")
LANGUAGE_OF = {"NL": "nl", "BE": "nl_BE"}
"""Language of a shop that does not say."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in one file."""

    file: str
    key: str
    """Where, as ``shop.country`` or ``device[2].path`` (counted from 1); empty where the whole file is meant."""
    code: str
    """``not_found`` (``reason``: an errno name) · ``not_toml`` (``line``, ``column``: 0 where unknown, ``detail``) ·
    ``unknown_key`` (``nearest``) · ``wrong_type`` (``expected``, ``found``) · ``not_one_of`` (``given``, ``choices``,
    ``nearest``) · ``missing`` · ``out_of_range`` (``given``, ``least``, ``most``) · ``bad_vat_id`` (``given``,
    ``country``) · ``bad_template`` (``pattern``, ``reason``) · ``duplicate`` (``other``: the key it repeats).
    ``nearest`` is empty where no valid name comes close."""
    facts: Mapping[str, Any]


class ConfigError(Exception):
    """The file cannot be used; ``problems`` says everything that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{p.file}: {p.key}: {p.code} {dict(p.facts)}" for p in problems))
        self.problems = problems


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
class Webshop:
    """One ``[[webshop]]``."""

    kind: str
    """``woocommerce``, ``magento`` or ``prestashop``."""
    url: str
    name: str
    """Told apart by this on screens and in the journal."""
    key_file: Path | None = None
    """File with the credentials; they never stand in ``till.toml``."""
    owner: str = "office"
    """Who talks to the webshop: ``office``, or the id of the one till that does."""


@dataclass(frozen=True, slots=True)
class Config:
    """All of ``till.toml``."""

    shop: Shop
    till: Till
    devices: tuple[Device, ...]
    """In the order of the file."""
    rules: Rules
    office: Office | None
    """None: the till stands alone."""
    webshops: tuple[Webshop, ...]
    path: Path
    """The file itself, absolute."""

    def devices_of(self, role: str) -> tuple[Device, ...]:
        """The devices with this role, in the order of the file."""
        return tuple(device for device in self.devices if device.role == role)

    def device(self, role: str) -> Device | None:
        """The first device with this role."""
        return next(iter(self.devices_of(role)), None)


def find(option: str | None, environ: Mapping[str, str]) -> Path:
    """The file to load: ``--config``, else ``$KASSA_CONFIG``, else ``/etc/kassa/till.toml``."""
    return Path(option or environ.get("KASSA_CONFIG") or SYSTEM_FILE)


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; raises `ConfigError` with ``not_found`` or ``not_toml``."""
    import tomllib

    data = b""
    try:
        data = path.read_bytes()
        return tomllib.loads(data.decode("utf-8-sig"))
    except OSError as error:
        reason = errno.errorcode.get(error.errno or 0, "")
        raise ConfigError((Problem(str(path), "", "not_found", {"reason": reason}),)) from error
    # Beside its own error tomllib raises plain ValueError (a number too long) and RecursionError (brackets too deep).
    except (ValueError, RecursionError) as error:
        if "\0" in str(path):
            raise ConfigError((Problem(str(path), "", "not_found", {"reason": "EINVAL"}),)) from error
        line, column = _position(error, data)
        detail = str(error).partition(" (at ")[0]
        facts = {"line": line, "column": column, "detail": detail}
        raise ConfigError((Problem(str(path), "", "not_toml", facts),)) from error


def _position(error: Exception, data: bytes) -> tuple[int, int]:
    """Line and column, counted from 1, where the file stops being TOML; zeros where the error does not tell."""
    if found := re.search(r"\(at line (\d+), column (\d+)\)", str(error)):
        return int(found[1]), int(found[2])
    if isinstance(error, UnicodeDecodeError):
        before = data[: error.start].decode("utf-8", "replace")
    elif "(at end of document)" in str(error):
        before = data.decode("utf-8", "replace")
    else:
        return 0, 0
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def load(path: Path) -> Config:
    """Read and check the whole file; raises `ConfigError` with every problem in it.

    Relative paths in it are taken from its own folder, and an empty text counts as not given.
    """
    path = path.absolute()
    raw = read_toml(path)
    reader = _Reader(path)
    reader.unknown("", raw, (*checks.TABLES.keys() - {"webshop"}, "device", "webshop"))
    shop = _shop(reader, raw.get("shop", {}))
    till = reader.table("till", raw.get("till", {}))
    devices = _devices(reader, raw.get("device", []))
    rules = _rules(reader, raw.get("rules", {}), shop.get("country"))
    office = reader.table("office", raw["office"]) if "office" in raw else None
    webshops = _webshops(reader, raw.get("webshop", []))
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


class _Reader:
    """Applies checks to tables and gathers what they object to."""

    def __init__(self, path: Path) -> None:
        self.file = str(path)
        self.folder = path.parent
        self.problems: list[Problem] = []

    def report(self, key: str, code: str, **facts: Any) -> None:
        self.problems.append(Problem(self.file, key, code, facts))

    def unknown(self, where: str, raw: Mapping[str, Any], names: Iterable[str]) -> None:
        """Report every key of ``raw`` that is none of ``names``."""
        names = tuple(names)
        for key in raw:
            if key not in names:
                self.report(where + key, "unknown_key", nearest=checks.nearest(key, names))

    def table(self, name: str, raw: Any, where: str = "") -> dict[str, Any]:
        """The good values of one of `TABLES`."""
        return self.values(where or name, raw, checks.TABLES[name], checks.NEEDED.get(name, ()))

    def values(self, where: str, raw: Any, known: Mapping[str, Any], needed: Iterable[str] = ()) -> dict[str, Any]:
        """The good values among ``raw``, whose keys are those of ``known``; the rest is reported."""
        if not isinstance(raw, dict):
            self._judge(where, checks.wrong_type("table", raw))
            return {}
        self.unknown(f"{where}.", raw, known)
        values: dict[str, Any] = {}
        for key, check in known.items():
            given = raw.get(key, "")
            if isinstance(given, str) and not given.strip():
                if key in needed:
                    self.report(f"{where}.{key}", "missing")
            elif isinstance(check, Mapping):
                values[key] = self.values(f"{where}.{key}", given, check)
            elif self._judge(f"{where}.{key}", value := check(given)):
                values[key] = self.folder / value if isinstance(value, Path) else value
        return values

    def _judge(self, key: str, value: Any) -> bool:
        """Whether a check's answer is a value; reports it where it is not."""
        wrongs = [value] if isinstance(value, checks.Wrong) else value if isinstance(value, list) else []
        for wrong in wrongs:
            self.report(key + wrong.at, wrong.code, **wrong.facts)
        return not wrongs

    def tables(self, name: str, raw: Any) -> list[tuple[str, Any]]:
        """The tables of ``[[name]]``, each with what it is called in a problem."""
        if not isinstance(raw, list):
            self._judge(name, checks.wrong_type("list_of_tables", raw))
            return []
        return [(f"{name}[{no}]", table) for no, table in enumerate(raw, 1)]


def _shop(reader: _Reader, raw: Any) -> dict[str, Any]:
    shop = reader.table("shop", raw)
    country = shop.get("country")
    if country and "vat_id" in shop:
        given = shop["vat_id"]
        shop["vat_id"] = checks.vat_id(country, given)
        if shop["vat_id"] is None:
            reader.report("shop.vat_id", "bad_vat_id", given=given, country=country)
    return {"language": LANGUAGE_OF.get(country or ""), **shop}


def _rules(reader: _Reader, raw: Any, country: str | None) -> dict[str, Any]:
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


def _webshops(reader: _Reader, raw: Any) -> list[dict[str, Any]]:
    webshops, names = [], dict[str, str]()
    for where, table in reader.tables("webshop", raw):
        webshop = reader.table("webshop", table, where)
        first = names.setdefault(webshop.get("name", where), where)
        if first != where:
            reader.report(f"{where}.name", "duplicate", other=f"{first}.name")
        webshops.append(webshop)
    return webshops


def _devices(reader: _Reader, raw: Any) -> tuple[Device, ...]:
    devices, places = [], dict[tuple[Any, ...], str]()
    for where, table in reader.tables("device", raw):
        device = _device(reader, where, table)
        if device is None:
            continue
        devices.append(device)
        options = device.options
        place = tuple(options.get(key) for key in checks.PLACE)
        first = places.setdefault((device.role, *place), where)
        if first != where:
            reader.report(where, "duplicate", other=first)
    return tuple(devices)


def _device(reader: _Reader, where: str, raw: Any) -> Device | None:
    """One device with all its options; None where it has no usable role and kind."""
    before = len(reader.problems)
    if not isinstance(raw, dict):
        reader.values(where, raw, {})
        return None
    given = dict(raw)
    role, kind = given.pop("role", ""), given.pop("kind", "")
    kinds = checks.KINDS.get(role, {}) if isinstance(role, str) else {}
    known = {"role": checks.one_of(*checks.KINDS), "kind": checks.one_of(*kinds) if kinds else checks.text_line}
    reader.values(where, {"role": role, "kind": kind}, known, known)
    if not isinstance(kind, str) or kind not in kinds:
        reader.unknown(f"{where}.", given, checks.OPTIONS)
        return None
    defaults = kinds[kind]
    needed = [option for option, default in defaults.items() if default is ...]
    options = {**defaults, **reader.values(where, given, {name: checks.OPTIONS[name] for name in defaults}, needed)}
    if len(reader.problems) == before:
        for key, wrong in checks.device_wrongs(kind, options):
            reader.report(f"{where}.{key}", wrong.code, **wrong.facts)
    return Device(role, kind, MappingProxyType(options)) if len(reader.problems) == before else None
