"""What the office set for this till: taken over while nothing lies on the counter, and told to who asks.

The rows of ``setting`` in ``shop.db`` are what the office wants. The running till holds to them from its next ticket on
and leaves a note of it in its folder, which `kassa sync` carries to the office: only who sells by a rule can say so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.config import Problem, under_office
from kassa_tui.office_keys import fingerprint
from kassa_tui.storage.database import StorageError

if TYPE_CHECKING:
    from kassa_tui.config import Config
    from kassa_tui.storage.shop import Shop

NOTE = "office-settings.json"
"""In the data folder, written by the till: what it holds to, and what it could not use."""
MAX_NOTE_BYTES = 50_000


@dataclass(frozen=True, slots=True)
class Held:
    """What the till that runs holds to, or ran last."""

    fingerprint: str = ""
    """Of the settings that hold; empty where there are none."""
    ignored: tuple[str, ...] = ()
    """Keys that the office set and that cannot be used here."""


class Follower:
    """Looks whether the office set something else; cheap enough to be asked at every act."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._seen = -1
        self._given: dict[str, Any] | None = None

    def look(self, config: Config) -> Config:
        """The settings as they are to be from now on; ``config`` itself where nothing changed or cannot be read."""
        try:
            changes = self._shop.changes()
            if changes == self._seen:
                return config
            given = self._shop.settings()
            if not given and self._given and self._shop.settings_due():
                return config
        except StorageError:
            return config
        self._seen = changes
        if given == self._given:
            return config
        self._given = given
        laid, problems = under_office(config, given)
        note(config.till.data, given, laid, problems)
        return laid


def note(folder: Path, given: dict[str, Any], laid: Config, problems: tuple[Problem, ...]) -> None:
    """Leave word of what holds now; a disk that refuses is told of elsewhere."""
    from kassa_tui.services.files import replace

    held = Held(fingerprint({key: given[key] for key in laid.from_office}), ignored(problems))
    if held == read(folder):
        return
    told = {"settings": held.fingerprint, "keys": list(laid.from_office), "ignored": list(held.ignored)}
    try:
        replace(folder / NOTE, (json.dumps(told, ensure_ascii=False) + "\n").encode("utf-8", "replace"))
    except OSError as error:
        import logging

        logging.getLogger("kassa").warning("settings of the office not noted: %s", error)


def read(folder: Path) -> Held:
    """The till's note; nothing where there is none that can be read."""
    path = folder / NOTE
    try:
        if path.stat().st_size > MAX_NOTE_BYTES:
            return Held()
        found = json.loads(path.read_bytes())
        return Held(str(found["settings"]), tuple(str(key) for key in found["ignored"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return Held()


def ignored(problems: tuple[Problem, ...]) -> tuple[str, ...]:
    """The keys that problems are about, each once, without the place in a list."""
    return tuple(dict.fromkeys(problem.key.partition("[")[0] for problem in problems))


def of_folder(config: Config) -> tuple[Config, tuple[Problem, ...]]:
    """The settings with the office's as they stand in ``shop.db`` now, and what of them cannot be used.

    For who looks beside a till; StorageError where ``shop.db`` cannot be read.
    """
    from kassa_tui.storage.shop import SHOP_DB, Shop, is_ready

    if config.office is None or not is_ready(config.till.data / SHOP_DB, config.shop.country):
        return config, ()
    shop = Shop(config.till.data)
    try:
        return under_office(config, shop.settings())
    finally:
        shop.close()
