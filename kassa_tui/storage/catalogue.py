"""The till's reading side of ``shop.db``: the article behind a code, the articles behind a few letters, today's rates.

A look-up is one prepared statement; nothing is kept in memory, so a till that runs sees a new catalogue, price or rate
at its next scan. Building the SQL anew each time would cost ten times the look-up itself.
"""

from __future__ import annotations

import json
import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kassa_tui.domain.catalogue import GROUP, Article

if TYPE_CHECKING:
    from peewee import SqliteDatabase

SEARCH_CHARS = 40
"""Characters of a search that count; nobody types more to find an article."""

SCAN_ROWS = 4000
"""Candidates read at most for one search, so that words which hardly exclude anything cannot hold up the till."""

COMMON = 4
"""A run of letters that so many times more articles have than the rarest one is left out of the match: to read its
list would take longer than to compare the candidates that it excludes. Measured at 800,000 articles: with 2 the
slowest searches take 10 ms, with 4 one, with 12 two."""

RAREST = 3
"""Runs of each word that are matched: the rest of them would exclude little more."""

MANY, WIDER = 1000, 10
"""One run alone that so many articles have is matched together with the next rarest, up to so many times as common:
to step through that one's list is cheaper than to look at every article. Halves the slowest search."""

GROUP_SKU = "GROEP-{:02d}"
"""SKU under which an amount typed on a group is sold."""

# Newest price and rate that have begun. A till whose clock stands before the first rate (no battery) takes the
# oldest rate instead of none.
_COLUMNS = """
a.sku, a.name, g.name, coalesce(p.price, a.price), a.vat, v.rate, a.unit, a.kind, a.deposit_sku, a.min_age,
a.no_discount, coalesce(p.label, 'list'), a.stock"""
_DATED = """
cross join article_group g on g.id = a.group_id
cross join vat_rate v on v.code = a.vat and v.valid_from = coalesce(
    (select max(valid_from) from vat_rate where code = a.vat and valid_from <= :today),
    (select min(valid_from) from vat_rate where code = a.vat))
left join price p on p.sku = a.sku and p.valid_from = (
    select valid_from from price where sku = a.sku and valid_from <= :today and (valid_to is null or valid_to >= :today)
    order by valid_from desc limit 1)"""

BY_CODE = f"""
select {_COLUMNS}, k.pieces, a.tare from (
    select article, pieces from code where code = :key
    union all select id, 1 from article where sku = :key limit 1) k
cross join article a on a.id = k.article {_DATED}"""
BY_SKU = f"select {_COLUMNS}, 1, a.tare from article a {_DATED} where a.sku = :key"
# The candidates come by rank; whatever is joined to them keeps that order.
BY_NAME = f"""
select {_COLUMNS}, 1, a.tare from (
    select rowid from article_find where article_find match :query order by rowid limit {SCAN_ROWS}) f
cross join article a on a.id = f.rowid {_DATED}
where {{parts}} limit :limit"""
RUNS = """
select run.value, coalesce(articles, 0) from json_each(?) run left join article_run on article_run.run = run.value"""
BY_SKU_START = f"""
select {_COLUMNS}, 1, a.tare from article a {_DATED}
where a.sku >= :start and a.sku < :start || char(1114111) order by a.sku limit :limit"""
_RATE = "select rate from vat_rate where code = ? and valid_from <= ? order by valid_from desc limit 1"

_LETTERS = str.maketrans({"æ": "ae", "ø": "o", "đ": "d", "ł": "l", "œ": "oe", "ı": "i", "þ": "th", "ð": "d"})
_APOSTROPHES = str.maketrans("", "", "'’‘`´ʼ")
_PLAIN = str.maketrans({chr(n): chr(n).lower() if chr(n).isalnum() else " " for n in range(128)} | {"'": "", "`": ""})
_ACCENTS = re.compile("[\u0300-\u036f]+")
_BREAKS = re.compile(r"[\W_]+")


class Catalogue:
    """Articles, groups and rates of the ``shop.db`` that ``db`` is connected to.

    ``today`` is the local date in ISO form for which prices and rates must hold.
    """

    def __init__(self, db: SqliteDatabase) -> None:
        self._opened = db

    @property
    def _db(self) -> SqliteDatabase:
        return self._opened

    def by_code(self, key: str, today: str) -> Article | None:
        """The article with this GTIN-14 or other code, or else with this SKU; ``pack`` is the code's pieces."""
        row = self._db.execute_sql(BY_CODE, {"key": key, "today": today}).fetchone()
        return None if row is None else _article(row)

    def by_sku(self, sku: str, today: str) -> Article | None:
        """The article with this SKU."""
        row = self._db.execute_sql(BY_SKU, {"key": sku, "today": today}).fetchone()
        return None if row is None else _article(row)

    def first(self, candidates: tuple[str, ...], today: str) -> Article | None:
        """The article of the first candidate key that is known."""
        for key in candidates:
            found = self.by_code(key, today)
            if found is not None:
                return found
        return None

    def search(self, text: str, today: str, limit: int = 17) -> list[Article]:
        """The best articles by rank with every word of ``text``, whatever its accents and case.

        Articles in which every word begins with what was typed come first, then those that hold it anywhere, for
        which three letters are needed. What holds a digit is looked for among the SKUs before all.
        """
        # Half a character from a terminal is no text to SQLite.
        text = text.strip()[:SEARCH_CHARS].encode("utf-8", "ignore").decode()
        found: dict[str, Article] = {}
        if any(map(str.isdigit, text)):
            for row in self._db.execute_sql(BY_SKU_START, {"start": text, "today": today, "limit": limit}).fetchall():
                found[row[0]] = _article(row)
        words = _words(text)
        begins = tuple(f"  {word}" for word in words)
        anywhere = tuple(word if len(word) > 2 else f"  {word}" for word in words)
        for parts in dict.fromkeys((begins, anywhere)):
            if len(found) < limit:
                for row in self._named(parts, today, limit):
                    found.setdefault(row[0], _article(row))
        return list(found.values())[:limit]

    def _named(self, parts: tuple[str, ...], today: str, limit: int) -> list[tuple[Any, ...]]:
        wanted = [_runs(part) for part in parts]
        asked = json.dumps([run for runs in wanted for run in runs])
        known: dict[str, int] = dict(self._db.execute_sql(RUNS, (asked,)).fetchall())
        if not known:
            return []
        query = " AND ".join([f'"{run}"' for run in _telling(wanted, known)])
        values = {f"part{n}": part for n, part in enumerate(parts)}
        sql = _by_name(len(parts))
        values |= {"query": query, "today": today, "limit": limit}  # type: ignore[dict-item]
        return self._db.execute_sql(sql, values).fetchall()  # type: ignore[no-any-return]

    def groups(self) -> list[tuple[int, str]]:
        """Number and name of the groups in use, by number."""
        return list(self._db.execute_sql("select id, name from article_group where active order by id").fetchall())

    def group(self, number: int, today: str) -> Article | None:
        """An open ring on a group: no price of its own, and the VAT that most of the group's articles have."""
        sql = "select name, vat from article_group where id = ? and active"
        row = self._db.execute_sql(sql, (number,)).fetchone()
        rate = None if row is None else self.vat_rate(row[1], today)
        if row is None or rate is None:
            return None
        return Article(GROUP_SKU.format(number), row[0], row[0], 0, row[1], rate, kind=GROUP)

    def vat_rate(self, code: str, date: str) -> int | None:
        """Rate on ``date`` in hundredths of a percent; None for an unknown code, or before its first rate."""
        row = self._db.execute_sql(_RATE, (code, date)).fetchone()
        return None if row is None else int(row[0])

    def vat_rates(self, date: str) -> dict[str, int]:
        """Code → rate in hundredths of a percent, all that hold on ``date``."""
        sql = "select code, rate, max(valid_from) from vat_rate where valid_from <= ? group by code"
        return {code: rate for code, rate, _ in self._db.execute_sql(sql, (date,)).fetchall()}

    def version(self) -> int:
        """Counts the changes of the catalogue and its prices; 0 where nothing was ever imported."""
        row = self._db.execute_sql("select value from meta where key = 'catalogue_version'").fetchone()
        return 0 if row is None else int(row[0])


def _article(row: tuple[Any, ...]) -> Article:
    return Article(*row[:10], row[10] == 1, *row[11:])  # type: ignore[call-arg]


def fold(text: str) -> str:
    """Letters and digits as they are compared: lower case, no accents, anything else as one space between words."""
    return " ".join(_words(text))


def _words(text: str) -> list[str]:
    if text.isascii():
        return text.translate(_PLAIN).split()
    parts = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES)).casefold().translate(_LETTERS)
    return _BREAKS.sub(" ", _ACCENTS.sub("", parts)).split()


def search_text(name: str) -> str:
    """What the search table is given for a name: two spaces before each word.

    The runs of three characters then say where words begin, too: ``"  c"`` is a word with c, ``" co"`` one with co.
    """
    return "  " + "  ".join(_words(name))


@lru_cache(maxsize=SEARCH_CHARS)
def _by_name(parts: int) -> str:
    return BY_NAME.format(parts=" and ".join(f"instr(a.find, :part{n})" for n in range(parts)))


def _telling(wanted: list[list[str]], known: dict[str, int]) -> list[str]:
    """The runs to match, of those of each word: what excludes most for the least reading."""
    rarest, *others = sorted(known, key=known.__getitem__)
    most = known[rarest] * COMMON
    told = [run for runs in wanted for run in sorted(runs, key=known.__getitem__)[:RAREST] if known[run] <= most]
    if len(told) == 1 and others and known[rarest] >= MANY and known[others[0]] <= known[rarest] * WIDER:
        return [rarest, others[0]]
    return list(dict.fromkeys(told))


def _runs(part: str) -> list[str]:
    """The runs of three characters in ``part``."""
    # Two spaces and a letter say less than one space and two letters, where there are two.
    start = 1 if part.startswith("  ") and len(part) > 3 else 0
    return [part[i : i + 3] for i in range(start, len(part) - 2)]
