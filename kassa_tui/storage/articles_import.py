"""Articles from a CSV file: the file is the whole catalogue.

What the file does not name is not sold any more; groups keep their numbers, and staff, customers and dated prices
stay as they are. The order of the file is the order in which a search shows its hits. All problems of a file are
reported together, and a file with a problem changes nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from peewee import SqliteDatabase

from kassa_tui.domain.catalogue import DEPOSIT, EACH, GOODS, KG
from kassa_tui.domain.gtin import expand_upce, gtin14
from kassa_tui.domain.vat import OUTSIDE
from kassa_tui.storage.catalogue import Catalogue, search_text
from kassa_tui.storage.catalogue_build import BATCH_ROWS, ArticleRow, CatalogueBuild, CodeRow, building
from kassa_tui.storage.csvread import BadCell, ImportReport, Problems, amount, choice, read_rows, words

COLUMNS = ("sku", "gtin", "name", "group", "price", "vat", "unit", "deposit", "min_age", "stock", "tare")
REQUIRED = ("sku", "name", "price", "vat")

MAX_SKU_CHARS = 48
MAX_CODE_CHARS = 48
"""The longest GS1-128 message; the scanner's road refuses longer texts too."""
MAX_NAME_CHARS = 200
MAX_GROUP_CHARS = 60
MAX_AGE = 99
MAX_STOCK = 9_999_999
"""Pieces or kilograms either way."""
MAX_PIECES = 9999
MAX_TARE_GRAMS = 9999
"""As much as a scale that is told the tare has digits for."""

DEPOSIT_SKU = "STATIE-{:04d}"
"""SKU of the deposit of so many cents; the import keeps these SKUs for itself."""
_RESERVED = re.compile(r"(STATIE|GROEP)-\d+", re.ASCII | re.IGNORECASE)

_NO_CODES: tuple[tuple[str, int, int], ...] = ()
_RATE = re.compile(r"(\d{1,2})(?:[.,](\d{1,2}))? ?%?", re.ASCII)
_STOCK = re.compile(r"(-?)(\d{1,7})(?:[.,](\d{1,3}))?", re.ASCII)
_CODE = re.compile(r"(.*\S) *\* *(\d{1,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ImportWords:
    """The words that an import needs and no file holds; the caller knows the shop's language."""

    deposit_name: Callable[[int], str]
    """Name of the deposit article of so many cents."""
    deposit_group: str
    other_group: str
    """Group of an article whose own is not given."""


def import_articles(db: SqliteDatabase, path: Path | str, *, today: str, words: ImportWords) -> ImportReport:
    """Replace the catalogue of the shop ``db`` by the file ``path``; VAT must be a rate of ``today``.

    ``gtin`` holds codes divided by ``|``; a code of eight digits or more must be a GTIN with its check digit, and
    ``CODE*6`` is the code of a pack of six. A code that two articles share is refused; where only its normal form is
    the same (an EAN-8 written once with 8 and once with 13 digits), the first article keeps it, and a warning names
    both. An article without a code whose SKU is a GTIN is found by that.
    A till that reads ``db`` meanwhile has the old catalogue until the new one is complete.
    StorageError where the database itself fails; what is wrong with the file is in the report.
    """
    problems = Problems()
    with building(db) as build:
        reader = _Articles(db, build, problems, today, words)
        for line, cells in read_rows(path, COLUMNS, REQUIRED, problems):
            reader.row(line, cells)
        reader.deposits()
        reader.flush()
        _duplicates(build, problems)
        if problems.count:
            return problems.report()
        codes = build.finish()
        build.exchange(reader.groups_in_use())
    return ImportReport(
        articles=reader.articles,
        codes=codes,
        deposits=len(reader.deposit_cents),
        warnings=tuple(problems.warnings),
    )


def _duplicates(build: CatalogueBuild, problems: Problems) -> None:
    for sku, first, line in build.same_skus():
        problems.add(line, "sku", "duplicate_sku", sku=sku, first_line=first)
    for code, first, line, alike in build.same_codes():
        if alike:
            problems.add(line, "gtin", "duplicate_code", code=code, first_line=first)
        else:
            problems.warn(line, "gtin", "same_gtin", code=code, first_line=first)


class _Articles:
    """Turns lines into rows and hands them on in batches. The id of an article is its line, and so its rank."""

    def __init__(
        self, db: SqliteDatabase, build: CatalogueBuild, problems: Problems, today: str, names: ImportWords
    ) -> None:
        self.articles = 0
        self.deposit_cents: set[int] = set()
        self._build, self._problems, self._names = build, problems, names
        self._batch: list[ArticleRow] = []
        self._codes: list[CodeRow] = []
        self._last_line = 0
        self._groups: dict[str, int] = dict(db.execute_sql("select name, id from article_group").fetchall())
        self._used: Counter[tuple[str, str]] = Counter()
        self._vat = _vat_reader(Catalogue(db).vat_rates(today))
        self._name, self._unit = words(MAX_NAME_CHARS), choice(EACH, KG, default=EACH)
        self._group = words(MAX_GROUP_CHARS)

    def row(self, line: int, cells: list[str]) -> None:
        """Read one line; its problems are noted, and a line with one is left out."""
        cell, before = self._problems.cell, self._problems.count
        sku = cell(line, "sku", _sku, cells[0], "")
        codes = cell(line, "gtin", _codes, cells[1], _NO_CODES)
        name = cell(line, "name", self._name, cells[2], "")
        group = cell(line, "group", self._group, cells[3] or self._names.other_group, "")
        price = cell(line, "price", amount, cells[4], 0)
        vat = cell(line, "vat", self._vat, cells[5], "")
        unit = cell(line, "unit", self._unit, cells[6], EACH)
        deposit = cell(line, "deposit", _deposit, cells[7], 0)
        age = cell(line, "min_age", _age, cells[8], 0)
        stock = cell(line, "stock", _stock, cells[9], None)
        tare = cell(line, "tare", _tare, cells[10], 0)
        if self._problems.count > before:
            return
        self.articles += 1
        self._last_line = line
        deposit_sku = DEPOSIT_SKU.format(deposit) if deposit else None
        if deposit:
            self.deposit_cents.add(deposit)
        number = self._group_number(group, vat)
        find = search_text(name)
        self._batch.append((line, sku, name, number, price, vat, unit, GOODS, deposit_sku, age, 0, stock, tare, find))
        self._codes += [(code, line, pieces, written) for code, pieces, written in codes or _own_code(sku)]
        if len(self._batch) >= BATCH_ROWS:
            self.flush()

    def _group_number(self, group: str, vat: str) -> int:
        self._used[group, vat] += 1
        number = self._groups.get(group)
        if number is None:
            number = self._groups[group] = max(self._groups.values(), default=0) + 1
        return number

    def deposits(self) -> None:
        """Make the article of each deposit that was met, behind all others."""
        for cents in sorted(self.deposit_cents):
            self._last_line += 1
            group = self._group_number(self._names.deposit_group, OUTSIDE)
            sku, name = DEPOSIT_SKU.format(cents), self._names.deposit_name(cents)
            self._batch.append(
                (self._last_line, sku, name, group, cents, OUTSIDE, EACH, DEPOSIT, None, 0, 1, None, 0,
                 search_text(name))
            )  # fmt: skip

    def flush(self) -> None:
        """Hand over what was read so far."""
        self._build.add(self._batch, self._codes)
        self._batch, self._codes = [], []

    def groups_in_use(self) -> dict[str, tuple[int, str]]:
        """Group name → its number and the VAT code that most of its articles have."""
        rarest_first = reversed(self._used.most_common())
        return {group: (self._groups[group], vat) for (group, vat), _ in rarest_first}


def _sku(text: str) -> str:
    if not text:
        raise BadCell("required")
    if len(text) > MAX_SKU_CHARS:
        raise BadCell("too_long", limit=MAX_SKU_CHARS, found=len(text))
    if text[:1] in "SsGg" and _RESERVED.fullmatch(text):
        raise BadCell("sku_reserved", sku=text)
    return text


def _codes(text: str) -> tuple[tuple[str, int, int], ...]:
    if not text:
        return ()
    if "|" not in text and "*" not in text:
        return ((_key(text), 1, len(text)),)
    return tuple(_code(part.strip()) for part in text.split("|") if part.strip())


def _code(text: str) -> tuple[str, int, int]:
    match = _CODE.fullmatch(text)
    code, pieces = (match[1], int(match[2])) if match else (text, 1)
    if not 0 < pieces <= MAX_PIECES:
        raise BadCell("pieces", code=text[:MAX_CODE_CHARS], limit=MAX_PIECES)
    return _key(code), pieces, len(code)


def _key(code: str) -> str:
    if len(code) > MAX_CODE_CHARS:
        raise BadCell("too_long", limit=MAX_CODE_CHARS, found=len(code))
    if not code.isdigit() or not code.isascii() or len(code) < 8:
        return code
    gtin = gtin14(code)
    if gtin is None and len(code) == 8:
        upca = expand_upce(code)
        gtin = upca and "00" + upca
    if gtin is None:
        raise BadCell("check_digit" if len(code) in (8, 12, 13, 14) else "code_length", code=code)
    return gtin


def _own_code(sku: str) -> tuple[tuple[str, int, int], ...]:
    gtin = gtin14(sku)
    return ((gtin, 1, len(sku)),) if gtin else ()


def _vat_reader(rates: dict[str, int]) -> Callable[[str], str]:
    """A reader of a percentage, giving the code of the rate; what lies outside VAT cannot be written as one."""
    codes = {rate: code for code, rate in rates.items() if code != OUTSIDE}
    allowed = " ".join(_percent(rate) for rate in sorted(codes))

    @lru_cache(maxsize=256)
    def read(text: str) -> str:
        if not text:
            raise BadCell("required")
        match = _RATE.fullmatch(text)
        code = codes.get(int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))) if match else None
        if code is None:
            raise BadCell("vat_unknown", value=text[:40], allowed=allowed)
        return code

    return read


def _percent(rate: int) -> str:
    whole, part = divmod(rate, 100)
    return f"{whole}.{part:02d}" if part else str(whole)


def _deposit(text: str) -> int:
    return amount(text) if text else 0


@lru_cache(maxsize=256)
def _age(text: str) -> int:
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 3 or int(text) > MAX_AGE:
        raise BadCell("not_an_age", value=text[:40], limit=MAX_AGE)
    return int(text)


@lru_cache(maxsize=256)
def _tare(text: str) -> int:
    """Whole grams, which are thousandths of a kilogram."""
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 4:
        raise BadCell("not_a_tare", value=text[:40], limit=MAX_TARE_GRAMS)
    return int(text)


@lru_cache(maxsize=8192)
def _stock(text: str) -> int | None:
    if not text:
        return None
    match = _STOCK.fullmatch(text)
    if match is None:
        raise BadCell("not_a_quantity", value=text[:40], decimals=3, limit=MAX_STOCK)
    thousandths = int(match[2]) * 1000 + int((match[3] or "").ljust(3, "0"))
    return -thousandths if match[1] else thousandths
