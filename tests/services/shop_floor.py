"""A small shop that the tests of acts share: its articles, its people, its clock, and somebody who types."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kassa_tui import bootstrap, config
from kassa_tui.clock import uuid7_source
from kassa_tui.domain.journal import Moment
from kassa_tui.headless import Session
from kassa_tui.messages import words
from kassa_tui.services.till import Till

START = 1_795_262_400_000
"""21 November 2026, 12:00 UTC."""
MINUTE = 60_000

CASHIER, SENIOR, MANAGER, TECHNICIAN = "1111", "2222", "9999", "7777"

_ARTICLES = """sku,gtin,name,group,price,vat,unit,deposit,min_age,stock
1,,Bananen,Groente,1.79,{low},kg,,,
6,8710400280507,Krentenbol,Brood,0.55,{low},each,,,40
7,5449000000996,Cola,Fris,1.01,{low},each,0.15,,96
8,87000009*6,Sixpack,Fris,0.99,{low},each,,,
9,,Kaarsen,Non-food,3.49,21,each,,,22
14,,Jenever,Drank,14.99,21,each,,18,12
15,,Kratten,Drank,16.99,21,each,3.90,16,12
30,,Televisie,Non-food,2999.99,21,each,,,1
31,,Krasje,Non-food,5.00,0,each,,18,
"""
_STAFF = """code,name,role,pin
1,Anna,cashier,1111
2,Sem,senior,2222
9,Bas,manager,9999
7,Tom,technician,7777
"""
_CUSTOMERS = """code,name,vat_id,account,business
100,Bakkerij Jansen,,yes,yes
101,Mevrouw De Wit,,no,no
"""


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at, self.offset, self.mono = START, 60, 0

    def now(self) -> Moment:
        """Where it stands."""
        return Moment(self.at, self.offset)

    def monotonic_ms(self) -> int:
        """How far it was moved."""
        return self.mono

    def pass_(self, milliseconds: int) -> None:
        """Time goes by."""
        self.at += milliseconds
        self.mono += milliseconds


class Hands:
    """Types lines and reads answers."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self.session, self.clock = session, clock

    @property
    def till(self) -> Till:
        """The till that is being worked on."""
        return self.session.till

    def type(self, *lines: str) -> dict[str, Any]:
        """Type lines; the last answer."""
        answer: dict[str, Any] = {}
        for line in lines:
            answer = self.session.answer(line)
        return answer

    def do(self, *lines: str) -> dict[str, Any]:
        """Type lines that must all succeed; the last answer."""
        answer: dict[str, Any] = {}
        for line in lines:
            answer = self.session.answer(line)
            assert answer["ok"], (line, answer)
        return answer

    def refused(self, line: str) -> str:
        """Type a line that must be refused; the code."""
        answer = self.session.answer(line)
        assert not answer["ok"], (line, answer)
        assert answer["text"], answer
        assert answer["text"] != answer["code"], answer
        return str(answer["code"])

    def open_shop(self, pin: str = CASHIER, amount: str = "100") -> Hands:
        """Log in and open the shift."""
        self.do(f"login {pin}", f"open-shift {amount}")
        return self

    def close(self) -> None:
        """End the run."""
        self.session.close()


def write_config(folder: Path, country: str = "NL", rules: str = "", data: str = "data") -> Path:
    """A ``till.toml`` without devices."""
    path = folder / "till.toml"
    shop = f'[shop]\nname = "De Hoek"\ncountry = "{country}"\n'
    path.write_text(f'{shop}[till]\nid = "K1"\ndata = "{data}"\n[rules]\n{rules}\n', "utf-8")
    return path


def make_shop(folder: Path, country: str) -> Path:
    """The data folder of a new till of this shop."""
    low = "9" if country == "NL" else "6"
    loaded = config.load(write_config(folder, country))
    bootstrap.init(loaded)
    for what, text in (("articles", _ARTICLES.format(low=low)), ("staff", _STAFF), ("customers", _CUSTOMERS)):
        path = folder / f"{what}.csv"
        path.write_text(text, "utf-8")
        report = bootstrap.import_file(loaded, what, path)
        assert report.ok, report.problems
    return loaded.till.data


def hands(
    folder: Path, data: Path | None = None, country: str = "NL", rules: str = "", clock: Clock | None = None
) -> Hands:
    """Somebody at a till in ``folder``; its files are copied from ``data`` where it has none."""
    path = write_config(folder, country, rules)
    if data is not None and not (folder / "data").exists():
        shutil.copytree(data, folder / "data")
    loaded, clock = config.load(path), clock or Clock()
    ids: Callable[[], str] = uuid7_source(lambda: clock.at)

    def open_(training: bool) -> Till:
        return bootstrap.open_till(loaded, training=training, clock=clock, new_id=ids)

    return Hands(Session(open_, words(loaded.shop.language).outcome), clock)
