"""CSV files from people's spreadsheets: read line by line, every fault named by line and column, none of them fatal.

A record is one line. A line break inside quotes is refused: names are printed on one line anyway, and a quote that is
never closed is then reported where it stands instead of swallowing what follows.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, TypeVar

from kassa_tui.storage.database import Facts

T = TypeVar("T")

MAX_PROBLEMS = 100
"""Problems listed; more are counted only. Nobody mends a file from a longer list."""

MAX_LINE_BYTES = 65_536
"""Far beyond any article; what is longer is not a line of such a file, and is not taken into memory."""

MAX_CENTS = 9_999_999
"""Largest price in a file: € 99.999,99."""

_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\ufeff"))
_SPACES = dict.fromkeys(map(ord, "\t\u00a0\u202f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))), " ")
_AMOUNT = re.compile(r"(\d{1,9})(?:[.,](\d{1,2}))?", re.ASCII)
_DECIMAL = re.compile(r"-?\d+[.,]\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class ImportProblem:
    """One thing wrong with a file; ``code`` and ``facts`` make the words."""

    line: int
    """From 1, which is the header; 0 is the file itself."""
    column: str
    """Its name in the header; empty where the whole line is meant."""
    code: str
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did; with problems it changed nothing at all."""

    articles: int = 0
    codes: int = 0
    deposits: int = 0
    """Deposit articles made for the amounts in the file."""
    people: int = 0
    customers: int = 0
    problems: tuple[ImportProblem, ...] = ()
    """By line, at most MAX_PROBLEMS."""
    warnings: tuple[ImportProblem, ...] = ()
    problem_count: int = 0
    """All problems, listed or not."""

    @property
    def ok(self) -> bool:
        """Whether the file was taken over."""
        return not self.problem_count


class BadCell(Exception):
    """A cell that cannot be read; caught where its line and column are known."""

    def __init__(self, code: str, /, **facts: str | int) -> None:
        super().__init__(code)
        self.code: str = code
        self.facts: dict[str, str | int] = facts


class Problems:
    """Collects what is wrong with one file."""

    def __init__(self) -> None:
        self.listed: list[ImportProblem] = []
        self.warnings: list[ImportProblem] = []
        self.count = 0

    def add(self, line: int, column: str, code: str, /, **facts: str | int) -> None:
        """Note a problem; beyond the first MAX_PROBLEMS they are counted."""
        self.count += 1
        if len(self.listed) < MAX_PROBLEMS:
            self.listed.append(ImportProblem(line, column, code, facts))

    def warn(self, line: int, column: str, code: str, /, **facts: str | int) -> None:
        """Note what is odd and yet taken over; beyond the first MAX_PROBLEMS nothing is noted."""
        if len(self.warnings) < MAX_PROBLEMS:
            self.warnings.append(ImportProblem(line, column, code, facts))

    def cell(self, line: int, column: str, read: Callable[[str], T], text: str, otherwise: T) -> T:
        """``read(text)``; where the cell is bad, a problem, and ``otherwise`` to go on with."""
        try:
            return read(text)
        except BadCell as bad:
            self.add(line, column, bad.code, **bad.facts)
            return otherwise

    def report(self) -> ImportReport:
        """The refusal: what is wrong, and nothing done."""
        listed = tuple(sorted(self.listed, key=lambda problem: problem.line))
        return ImportReport(problems=listed, warnings=tuple(self.warnings), problem_count=self.count)


def read_rows(
    path: Path | str, columns: Sequence[str], required: Sequence[str], problems: Problems
) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells in the order of ``columns``; a column that the file lacks reads as empty.

    Faults of the file, its header and its lines go to ``problems`` and the line is left out. Cells are stripped.
    """
    try:
        file = Path(path).open("rb")  # noqa: SIM115  closed below, around the generator's yields
    except OSError as error:
        problems.add(0, "", "file_unreadable", path=str(path), reason=error.strerror or "")
        return
    with file:
        lines = _lines(file, problems)
        first = next(lines, None)
        if first is None:
            if not problems.count:
                problems.add(0, "", "empty_file")
            return
        separator = ";" if first[1].count(";") > first[1].count(",") else ","
        order = _header(first, separator, columns, required, problems)
        if order is not None:
            yield from _rows(lines, separator, order, columns, problems)


def _rows(
    lines: Iterator[tuple[int, str]],
    separator: str,
    order: list[int],
    columns: Sequence[str],
    problems: Problems,
) -> Iterator[tuple[int, list[str]]]:
    width = order.pop()
    any_row = False
    for line, text in lines:
        cells = _split(line, text, separator, problems)
        if cells is None or not any(cells):
            continue
        any_row = True
        # Not even one empty cell more: an unquoted decimal comma would shift price and VAT without a word.
        if len(cells) != width:
            problems.add(line, "", "cell_count", expected=width, found=len(cells))
            continue
        cells = [cells[at].strip() if at >= 0 else "" for at in order]
        if text.isprintable() or _printable(line, cells, columns, problems):
            yield line, cells
    if not any_row and not problems.count:
        problems.add(0, "", "no_rows")


def _printable(line: int, cells: list[str], columns: Sequence[str], problems: Problems) -> bool:
    fine = True
    for column, cell in zip(columns, cells, strict=True):
        for char in cell:
            if not char.isprintable():
                problems.add(line, column, "unprintable", char=f"U+{ord(char):04X}")
                fine = False
                break
    return fine


def _lines(file: BinaryIO, problems: Problems) -> Iterator[tuple[int, str]]:
    number = 0
    while raw := file.readline(MAX_LINE_BYTES):
        number += 1
        if number == 1:
            if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
                problems.add(1, "", "not_utf8", found="utf-16")
                return
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        if len(raw) == MAX_LINE_BYTES and not raw.endswith(b"\n"):
            problems.add(number, "", "line_too_long", limit=MAX_LINE_BYTES)
            while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
            continue
        try:
            text = raw.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            problems.add(number, "", "not_utf8", at=error.start + 1, byte=f"0x{raw[error.start]:02X}")
            continue
        if not text.isprintable():
            text = text.translate(_SPACES).translate(_INVISIBLE)
        if text:
            yield number, text


def _split(line: int, text: str, separator: str, problems: Problems) -> list[str] | None:
    if '"' not in text:
        return text.split(separator)
    with suppress(csv.Error):
        return next(csv.reader([text], delimiter=separator, strict=True))
    problems.add(line, "", "quotes")
    return None


def _header(
    first: tuple[int, str], separator: str, columns: Sequence[str], required: Sequence[str], problems: Problems
) -> list[int] | None:
    """Place in the line of each of ``columns``, -1 for one that is not there, then the number of cells in a line."""
    line, text = first
    names = _split(line, text, separator, problems)
    if names is None:
        return None
    names = [name.strip().casefold() for name in names]
    before = problems.count
    for at, name in enumerate(names):
        if not name:
            continue
        if name in names[:at]:
            problems.add(line, name, "duplicate_column")
        elif name not in columns:
            problems.warn(line, name[:40], "unknown_column", known=" ".join(columns))
    for name in required:
        if name not in names:
            problems.add(line, name, "column_missing", found=" ".join(names)[:200])
    if problems.count > before:
        return None
    return [*(names.index(name) if name in names else -1 for name in columns), len(names)]


@lru_cache(maxsize=8192)
def amount(text: str) -> int:
    """Cents of ``1,79``, ``1.79`` or ``2``; BadCell where it is no amount, negative, or finer than a cent."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        if text.startswith("-"):
            raise BadCell("negative", value=text[:40])
        if _DECIMAL.fullmatch(text):
            raise BadCell("too_many_decimals", value=text[:40], decimals=2)
        raise BadCell("not_an_amount", value=text[:40])
    cents = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))
    if cents > MAX_CENTS:
        raise BadCell("too_large", value=text[:40], limit=MAX_CENTS)
    return cents


def words(limit: int) -> Callable[[str], str]:
    """A reader of text that must be there, of at most ``limit`` characters."""

    def read(text: str) -> str:
        if not text:
            raise BadCell("required")
        if len(text) > limit:
            raise BadCell("too_long", limit=limit, found=len(text))
        return text

    return read


def choice(*known: str, default: str = "") -> Callable[[str], str]:
    """A reader of one of ``known`` words, in any case; ``default`` stands for an empty cell."""

    def read(text: str) -> str:
        word = text.casefold() or default
        if word not in known:
            raise BadCell("not_one_of", value=text[:40], known=" ".join(known))
        return word

    return read
