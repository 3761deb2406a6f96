"""The one place where a till is put together from its parts; everything else is given what it needs.

What is heavy (database, keys, devices) is imported where it is used, so that the screen is there first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from kassa_tui.config import Config, Device
    from kassa_tui.hardware.registry import Devices, Hears
    from kassa_tui.hardware.traffic import Traffic
    from kassa_tui.keymap import KeyMap
    from kassa_tui.services.device_states import Publisher
    from kassa_tui.services.machine import Found
    from kassa_tui.services.messenger import Messenger
    from kassa_tui.services.ports import CardTerminal, Printer
    from kassa_tui.services.showing import Customer
    from kassa_tui.services.till import Till
    from kassa_tui.storage.csvread import ImportReport
    from kassa_tui.storage.journal import Clock

DATA = Path(__file__).with_name("data")
TRAINING_FOLDER = "training"
"""Below the data folder: the journal of the practice till, which counts for nothing."""
PRACTICE_PREFIX, MAX_ID_CHARS = "OEF", 8
"""Before the till's id in the numbers of practice receipts."""
PRINTER_FOLDER = "printer"
"""Below the data folder, private: what the print process keeps."""
TERMINAL_FOLDER = "terminal"
"""Below the practice till's data folder: keys of the terminal that is a program."""
CONFIG_FILE = "till.toml"


class Screen(Protocol):
    """Who shows the paper of a printer that is drawn on the screen."""

    def printed(self, text: str, kicked: bool) -> None:
        """A job's text and whether the drawer was opened; called on the print thread."""


def demo_folder(environ: Mapping[str, str]) -> Path:
    """Where the demo shop lives: ``$XDG_DATA_HOME/kassa-demo``, else ``~/.local/share/kassa-demo``."""
    base = environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
    return Path(base) / "kassa-demo"


def prepare(options: Mapping[str, str | None], *, demo: bool = False) -> Config:
    """The configuration that ``--config`` or ``--data`` name, logging begun in its data folder; with ``demo`` the shop
    is made where it is not.

    ConfigError with every problem, StorageError where the demo's files cannot be made.
    """
    from kassa_tui import config as configuration
    from kassa_tui import logs

    if demo:
        folder = options.get("--data")
        path = (Path(folder) if folder else demo_folder(os.environ)) / CONFIG_FILE
        _demo_config(path)
    else:
        path = configuration.find(options.get("--config"), os.environ)
    config = configuration.load(path)
    logs.start(config.till.data)
    if demo:
        _demo_shop(config)
    return config


def key_map(config: Config) -> KeyMap:
    """The keys of the till: those of a ``keys.toml`` beside the configuration, else the usual ones."""
    from kassa_tui.keymap import beside, load_keys

    return load_keys(beside(config.path))


def data_folder(config: Config, training: bool = False) -> Path:
    """Folder of the till's databases and key."""
    return config.till.data / TRAINING_FOLDER if training else config.till.data


def init(config: Config) -> None:
    """Make the data folder, both databases and the till's key where they are not; safe to repeat.

    StorageError where one of them cannot be made or does not belong to the others.
    """
    from kassa_tui.storage import till_store

    folder = _made(data_folder(config))
    till_store.create(folder)
    make_shop(config)


def make_shop(config: Config) -> None:
    """Make ``shop.db`` or bring it up to date, and leave one that is as it should be alone: somebody may be writing it.

    StorageError ``other_country`` where the configuration names another country than the articles were imported for.
    """
    from kassa_tui.storage.shop import SHOP_DB, is_ready
    from kassa_tui.storage.shop_schema import open_shop

    path = _made(data_folder(config)) / SHOP_DB
    if not is_ready(path, config.shop.country):
        open_shop(path, config.shop.country).close()


def import_file(config: Config, what: str, path: Path) -> ImportReport:
    """Take over a CSV file of ``articles``, ``staff`` or ``customers`` into ``shop.db``, entirely or not at all.

    A till that runs goes on selling and sees the change at its next scan.
    """
    from kassa_tui.clock import SystemClock
    from kassa_tui.domain.shift import local_date
    from kassa_tui.messages import words
    from kassa_tui.services.access import hash_pin
    from kassa_tui.storage import articles_import, staff_import
    from kassa_tui.storage.shop import SHOP_DB
    from kassa_tui.storage.shop_schema import STOCK_AT, open_shop, set_meta

    db = open_shop(_made(data_folder(config)) / SHOP_DB, config.shop.country)
    try:
        if what == "staff":
            return staff_import.import_staff(db, path, hash_pin)
        if what == "customers":
            return staff_import.import_customers(db, path)
        spoken, now = words(config.shop.language), SystemClock().now()
        names = articles_import.ImportWords(
            deposit_name=lambda cents: spoken.t("Statiegeld {amount:euro}", amount=cents),
            deposit_group=spoken.t("Statiegeld"),
            other_group=spoken.t("Overig"),
        )
        report = articles_import.import_articles(db, path, today=local_date(now.at, now.offset), words=names)
        if report.ok:
            # From here on sales count down from the stock that the file gives.
            set_meta(db, STOCK_AT, str(now.at))
        return report
    finally:
        db.close()


def open_till(
    config: Config,
    *,
    training: bool = False,
    printer: Printer | None = None,
    screen: Screen | None = None,
    clock: Clock | None = None,
    new_id: Callable[[], str] | None = None,
    traffic: Traffic | None = None,
) -> Till:
    """The till of ``config``, or the one to practise on, open for selling on this thread; made where it is not yet.

    Prints on ``printer``, else on the configured one; a printer drawn on the screen needs the ``screen``. ``traffic``
    is told what goes over the lines to printer and card terminal. StorageError, ``till_running`` among them.
    """
    from kassa_tui.clock import SystemClock, uuid7_source
    from kassa_tui.services.access import People, verify_pin
    from kassa_tui.services.till import Till
    from kassa_tui.storage.shop import Shop
    from kassa_tui.storage.till_store import TillStore

    clock, new_id = clock or SystemClock(), new_id or uuid7_source()
    config = _practice(config) if training else config
    store = TillStore(_made(data_folder(config, training)), config.till.id, clock, new_id)
    shop: Shop | None = None
    try:
        make_shop(config)
        shop = Shop(data_folder(config))
        till = Till(config, store, shop, People(shop.people, verify_pin), clock, new_id, training=training)
    except BaseException:
        if shop is not None:
            shop.close()
        store.close()
        raise
    till.office = None if training else _messenger(config)
    till.terminal = _terminal(config, data_folder(config, training), training, traffic)
    printer = printer or make_printer(config, data_folder(config, training), screen, traffic)
    if printer is not None:
        _print(till, printer)
    return till


def _messenger(config: Config) -> Messenger | None:
    """Who asks the office for this till; None where there is none."""
    from kassa_tui.services.messenger import Messenger

    return Messenger(data_folder(config)) if config.office is not None else None


def printer_options(config: Config) -> dict[str, Any] | None:
    """The first printer's options as the print process takes them, the drawer's with them; None without a printer."""
    device, drawer = config.device("printer"), config.device("drawer")
    if device is None:
        return None
    options = {name: value for name, value in device.options.items() if value is not None}
    options |= {"kind": device.kind, "cut": str(options.get("cut", "FULL")).lower()}
    for name in ("path", "logo"):
        if name in options:
            options[name] = str(options[name])
    options.setdefault("logo", None if config.shop.logo is None else str(config.shop.logo))
    if drawer is not None and drawer.kind == "printer":
        options |= {f"drawer_{name}": drawer.options[name] for name in ("pin", "on_ms", "off_ms", "sensor")}
    return options


def make_printer(
    config: Config, folder: Path, screen: Screen | None = None, traffic: Traffic | None = None
) -> Printer | None:
    """The configured printer; None where there is none, or it is one on a screen that is not there."""
    from kassa_tui.hardware.receipt_printer import ReceiptPrinter
    from kassa_tui.hardware.traffic import tap_of

    options = printer_options(config)
    if options is None or (options["kind"] == "screen" and screen is None):
        return None
    shown = None if screen is None else screen.printed
    return ReceiptPrinter(options, folder / PRINTER_FOLDER, shown, tap_of(traffic, "printer"))


def _print(till: Till, printer: Printer) -> None:
    from kassa_tui.messages import words
    from kassa_tui.services.printing import PrintQueue, compose_job

    compose = compose_job(till.store, lambda: till.config, words(till.config.shop.language), till.training)
    till.printing = PrintQueue(till.store, printer, compose, lambda state: None)


def make_devices(config: Config, hears: Hears, traffic: Traffic | None = None) -> Devices:
    """The configured scanners, keyboards, scale and display, not yet started; ``hears`` and ``traffic`` are called on
    their threads."""
    from kassa_tui.hardware.registry import make
    from kassa_tui.keymap import DEFAULT

    return make(config.devices, hears, DEFAULT, traffic)


class _Unheard:
    """Nobody listens: for a scale alone, which tells who asked it."""

    def scanned(self, code: str) -> None:
        """Nothing."""

    def scan_broken(self) -> None:
        """Nothing."""

    def pressed(self, presses: object) -> None:
        """Nothing."""

    def device_told(self, role: str, trouble: object) -> None:
        """Nothing: whoever weighs is told then."""


def make_scale(config: Config) -> Devices | None:
    """The configured scale alone, not yet started; None where there is none."""
    from kassa_tui.hardware.registry import make

    scales = [device for device in config.devices if device.role == "scale"]
    return make(scales, _Unheard(), ()) if scales else None


def make_customer(config: Config, devices: Devices) -> Customer | None:
    """Who keeps the customer's display up to date; None without one."""
    from kassa_tui.messages import words
    from kassa_tui.services.showing import Customer

    return Customer(devices.display, words(config.shop.language)) if devices.display is not None else None


def make_publisher(config: Config) -> Publisher:
    """Who tells ``kassa doctor`` how the devices are that this till holds."""
    from kassa_tui.services.device_states import Publisher

    terminal = config.device("card_terminal")
    connected = terminal is not None and terminal.kind not in ("standalone", "demo")
    return Publisher(data_folder(config), terminal.kind if terminal is not None and connected else "")


def try_device(device: Device, config: Config) -> Found | None:
    """Whether a device that is no printer works: opened and asked as the till does, and let go of again. Only for when
    no till runs on this configuration. None where there is nothing to try."""
    from kassa_tui.hardware.checks import check
    from kassa_tui.services import device_findings

    if device.role == "drawer":
        return None
    return device_findings.tried(device, *check(device, config.till.id))


def _practice(config: Config) -> Config:
    """The till's settings under another id: a practice receipt must not have the number of a real one."""
    from dataclasses import replace

    return replace(config, till=replace(config.till, id=(PRACTICE_PREFIX + config.till.id)[:MAX_ID_CHARS]))


def _terminal(config: Config, folder: Path, training: bool, traffic: Traffic | None) -> CardTerminal | None:
    from kassa_tui.hardware.terminals.make import make
    from kassa_tui.hardware.traffic import tap_of

    device = config.device("card_terminal")
    if device is None:
        return None
    if training and device.kind not in ("standalone", "demo"):
        from kassa_tui.simulate.practice import practice

        # Nobody's card is charged for practice: the same kind of terminal, as a program.
        return practice(device.kind, config.till.id, _made(folder / TERMINAL_FOLDER))
    return make(device.kind, device.options, config.till.id, tap_of(traffic, device.role))


def _made(folder: Path) -> Path:
    from kassa_tui.storage.database import translated

    with translated(folder):
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    return folder


def _demo_config(path: Path) -> None:
    from kassa_tui.storage.database import translated

    if not path.exists():
        with translated(path):
            _made(path.parent)
            fresh = path.with_name(f".{path.name}.new")
            fresh.write_bytes((DATA / "demo.toml").read_bytes())
            fresh.replace(path)


def _demo_shop(config: Config) -> None:
    """Articles and staff, once; what the shop changed since then stays."""
    from kassa_tui.storage.shop import Shop

    make_shop(config)
    shop = Shop(data_folder(config))
    try:
        articles, people = shop.version() == 0, not shop.people()
    finally:
        shop.close()
    if articles:
        import_file(config, "articles", DATA / "demo_articles.csv")
    if people:
        import_file(config, "staff", DATA / "demo_staff.csv")
