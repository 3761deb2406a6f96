"""The one place where a till is put together from its parts; everything else is given what it needs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kassa_tui.config import Config
    from kassa_tui.services.ports import Printer
    from kassa_tui.services.till import Till
    from kassa_tui.storage.journal import Clock

TRAINING_FOLDER = "training"
"""Below the data folder: the journal of the practice till, which counts for nothing."""


def data_folder(config: Config, training: bool = False) -> Path:
    """Folder of the till's databases and key."""
    return config.till.data / TRAINING_FOLDER if training else config.till.data


def init(config: Config) -> None:
    """Make the data folder, both databases and the till's key where they are not; safe to repeat.

    StorageError where one of them cannot be made or does not belong to the others.
    """
    from kassa_tui.storage import till_store
    from kassa_tui.storage.database import translated

    folder = data_folder(config)
    with translated(folder):
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    till_store.create(folder)
    make_shop(config)


def make_shop(config: Config) -> None:
    """Make ``shop.db`` or bring it up to date; StorageError ``other_country`` where the country was changed."""
    from kassa_tui.storage.shop import SHOP_DB
    from kassa_tui.storage.shop_schema import open_shop

    open_shop(data_folder(config) / SHOP_DB, config.shop.country).close()


def open_till(
    config: Config,
    *,
    training: bool = False,
    printer: Printer | None = None,
    clock: Clock | None = None,
    new_id: Callable[[], str] | None = None,
) -> Till:
    """The till of ``config``, or the one to practise on, open for selling on this thread; made where it is not yet.

    With a ``printer`` its receipts are printed from the spool. StorageError, ``till_running`` among them.
    """
    from kassa_tui.clock import SystemClock, uuid7_source
    from kassa_tui.services.access import People, verify_pin
    from kassa_tui.services.till import Till
    from kassa_tui.storage.database import translated
    from kassa_tui.storage.shop import Shop
    from kassa_tui.storage.till_store import TillStore

    clock, new_id = clock or SystemClock(), new_id or uuid7_source()
    folder = data_folder(config, training)
    with translated(folder):
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    store = TillStore(folder, config.till.id, clock, new_id)
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
    return till
