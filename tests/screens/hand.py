"""A hand at the till: presses keys by what they do, types, scans, and reads the screen as text.

The desk is the application's own, without its terminal; the till behind it is a real one, on a folder of its own, with
a clock that stands still.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.keys import _character_to_key

from kassa_tui import bootstrap, config
from kassa_tui.app import KassaApp
from kassa_tui.clock import uuid7_source
from kassa_tui.domain.document import Document
from kassa_tui.domain.outcome import Refused
from kassa_tui.messages import words
from kassa_tui.screens.ink import Row
from kassa_tui.services.report_documents import as_text
from tests.services.shop_floor import Clock

if TYPE_CHECKING:
    from kassa_tui.services.till import Till

CASHIER, MANAGER, FRENCH, ENGLISH = "1111", "9999", "3333", "4444"
WAIT_S = 10.0
"""Longest wait for something that happens at once; only a failing test waits so long."""

SHOP = """
[shop]
name = {name}
country = "{country}"
[till]
id = "K1"
data = "data"
[[device]]
role = "card_terminal"
kind = "{terminal}"
[rules]
{rules}
"""

STAFF = """code,name,role,pin,language
1,Anna,cashier,1111,nl
2,Bas,manager,9999,nl
3,Chloé,cashier,3333,fr
4,Dave,cashier,4444,en
"""

ARTICLES = """sku,gtin,name,group,price,vat,unit,deposit,min_age,stock
1,,Bananen,Groente & fruit,1.79,{low},kg,,,
6,8710400280507,Krentenbol,Brood & gebak,0.55,{low},each,,,40
7,,Waldkornbrood heel,Brood & gebak,2.95,{low},each,,,25
10,,Bos tulpen,Bloemen & planten,4.95,{low},each,,,20
14,,"Jonge jenever 0,7 l",Bier & wijn,14.99,21,each,,18,12
16,,"Krat pils 24 x 0,3 l",Bier & wijn,16.99,21,each,3.90,16,14
17,5449000000996,"Energydrank blik 0,25 l",Frisdrank & sappen,1.19,{low},each,0.15,,96
30,,Televisie,Non-food,2999.99,21,each,,,1
"""
CUSTOMERS = """code,name,vat_id,account,business
100,Bakkerij Jansen,,yes,yes
101,Mevrouw De Wit,,no,no
"""
BREAD, BREAD_CODE, CAN, CAN_CODE, GIN, CRATE, BANANAS = "6", "8710400280507", "17", "5449000000996", "14", "16", "1"


class Paper:
    """A printer that keeps its paper; the desk shows it as that of a printer on the screen."""

    def __init__(self) -> None:
        self.sheets: list[str] = []
        self.state: Refused | None = None
        self.app: FrozenApp | None = None
        self._changed = threading.Condition()

    def send(self, document: Document) -> Refused | None:
        """Print, unless it was told not to."""
        if self.state is None:
            text = as_text(document)
            if self.app is not None:
                self.app.printed(text, False)
            with self._changed:
                self.sheets.append(text)
                self._changed.notify_all()
        return self.state

    def kick(self) -> Refused | None:
        """Open the drawer."""
        if self.app is not None and self.state is None:
            self.app.printed("", True)
        return self.state

    def close(self) -> None:
        """Nothing to let go of."""

    def wait(self, sheets: int) -> list[str]:
        """Everything printed, once that many sheets are."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.sheets) >= sheets, WAIT_S), self.sheets
            return list(self.sheets)


class FrozenApp(KassaApp):
    """The application without a terminal: its clock stands still, its sounds are kept, threads are heard at once."""

    def __init__(self) -> None:
        super().__init__({})
        self.sounds: list[str] = []
        self.ended: int | None = None

    def clock(self) -> str:
        """Half past one."""
        return "13:30"

    def sound(self, sound: str) -> None:
        """Keep it."""
        self.sounds.append(sound)

    def quit(self) -> None:
        """Keep that it was asked for."""
        self.ended = 0

    def _from_thread(self, work: object) -> None:
        assert callable(work)
        work()


class Hand:
    """Somebody at one till."""

    def __init__(self, till: Till, clock: Clock, paper: Paper) -> None:
        self.clock, self.paper, self.app = clock, paper, FrozenApp()
        self.desk = self.app.desk
        paper.app = self.app
        self.desk.shop_words = words(till.config.shop.language)
        self.desk.words = self.desk.shop_words
        self.app.use(till)

    @property
    def till(self) -> Till:
        """The till on the desk."""
        assert self.desk.till is not None
        return self.desk.till

    def press(self, *acts: str) -> Hand:
        """Press the key of each act."""
        for act in acts:
            name = self.desk.keymap.keys(act)[0]
            self.desk.key(name, _sign(name))
        return self

    def key(self, *names: str) -> Hand:
        """Press keys by their own names."""
        for name in names:
            self.desk.key(name, _sign(name))
        return self

    def type(self, text: str) -> Hand:
        """Type characters."""
        for character in text:
            self.desk.key(_character_to_key(character), character)
        return self

    def enter(self, text: str) -> Hand:
        """Type and Enter."""
        return self.type(text).press("enter")

    def scan(self, *codes: str) -> Hand:
        """Scan codes."""
        for code in codes:
            self.desk.scan(code)
        return self

    def login(self, pin: str = CASHIER) -> Hand:
        """Log in."""
        return self.enter(pin)

    def ready(self, pin: str = CASHIER) -> Hand:
        """Log in and open the shift."""
        self.login(pin)
        if not self.till.shift:
            self.enter("150")
        assert self.till.shift, self.desk.message
        return self

    def sell(self, *entries: str) -> Hand:
        """Type articles, each with Enter."""
        for entry in entries:
            self.enter(entry)
        return self

    def rows(self, width: int = 80, height: int = 25) -> list[Row]:
        """The screen."""
        return self.desk.rows(width, height)

    def text(self, width: int = 80, height: int = 25) -> str:
        """The screen as text; what a row leaves open at its end is left out."""
        return "\n".join("".join(part for part, _ in row).rstrip() for row in self.rows(width, height)) + "\n"

    def close(self) -> None:
        """End."""
        for till in (self.app.real_till, self.desk.till):
            if till is not None:
                till.close()


def _sign(name: str) -> str | None:
    """The character that a key types; None for keys that type none."""
    from kassa_tui.keymap import SIGNS

    return name if len(name) == 1 else SIGNS.get(name)


def cells(row: Row) -> int:
    """Cells that a row takes."""
    return sum(cell_len(text) for text, _ in row)


def write_config(
    folder: Path,
    country: str = "NL",
    rules: str = "",
    terminal: str = "standalone",
    name: str = "Buurtwinkel De Hoek",
) -> config.Config:
    """The ``till.toml`` of a till in ``folder``."""
    path = folder / "till.toml"
    shop = SHOP.format(country=country, rules=rules, terminal=terminal, name=json.dumps(name, ensure_ascii=False))
    path.write_text(shop, "utf-8")
    return config.load(path)


def make_shop(folder: Path, country: str = "NL", articles: str = ARTICLES) -> Path:
    """The data folder of a new till."""
    loaded = write_config(folder, country)
    bootstrap.init(loaded)
    lists = {"articles": articles.format(low="9" if country == "NL" else "6"), "staff": STAFF, "customers": CUSTOMERS}
    for what, text in lists.items():
        path = folder / f"{what}.csv"
        path.write_text(text, "utf-8")
        report = bootstrap.import_file(loaded, what, path)
        assert report.ok, report.problems
    return loaded.till.data


def hand(
    folder: Path,
    data: Path,
    *,
    country: str = "NL",
    rules: str = "",
    terminal: str = "standalone",
    prints: bool = False,
    name: str = "Buurtwinkel De Hoek",
) -> Hand:
    """Somebody at a till in ``folder`` with a copy of the files in ``data``."""
    loaded, clock, paper = write_config(folder, country, rules, terminal, name), Clock(), Paper()
    if not (folder / "data").exists():
        shutil.copytree(data, folder / "data")
    ids = uuid7_source(lambda: clock.at)
    till = bootstrap.open_till(loaded, clock=clock, new_id=ids, printer=paper if prints else None)
    return Hand(till, clock, paper)


def numbered(text: str) -> Sequence[str]:
    """Lines with their numbers, for a failing comparison."""
    return [f"{number:2} {line}" for number, line in enumerate(text.splitlines(), 1)]
