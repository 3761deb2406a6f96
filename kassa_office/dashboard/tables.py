"""A table of figures, once: shown on a page, and downloaded as CSV or XLSX with the same columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from kassa_office.dashboard import formats
from kassa_tui.domain.hours import hours

TEXT = "text"
SHOWN: dict[str, Callable[[Any], str]] = {
    TEXT: str,
    "euro": formats.euro,
    "difference": formats.euro,
    "count": formats.whole,
    "qty": formats.quantity,
    "share": formats.share,
    "change": formats.change,
    "day": formats.day,
    "moment": formats.moment,
    "hours": hours,
}
"""Kind of column → how a value is written. Cents, numbers, thousandths, hundredths of a percent, dates, times, minutes
worked."""
NUMBERS = frozenset(("euro", "difference", "count", "qty", "share", "change", "hours"))


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading and what kind of value stands under it."""

    label: str
    kind: str = TEXT
    wide: bool = False
    """Left out on a telephone."""


@dataclass(frozen=True, slots=True)
class State:
    """A cell that says how something is: ``ok``, ``warn``, ``bad`` or ``off``, in words."""

    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A cell that leads somewhere."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A cell with a drawing made by this program; not in files."""

    svg: SafeString


Cell = Any
"""Of the column's kind, or a :class:`State`, :class:`Link`, :class:`Drawing`; None is empty."""


@dataclass(slots=True)
class Table:
    """Columns and rows; ``name`` tells the tables of one page apart in addresses and names of files."""

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    total: Sequence[Cell] | None = None
    empty: str = ""
    """What is said where there are no rows."""
    downloads: list[tuple[str, str]] = field(default_factory=list)
    """Name of a format, address."""
    note: str = ""
    """What is said under it."""

    def html(self) -> SafeString:
        """As a page shows it. Every text is escaped here."""
        if not self.rows:
            caption = f'<p class="caption">{escape(self.caption)}</p>'
            return mark_safe(f'{caption}<p class="soft">{escape(self.empty)}</p>')
        classes = [_class(column) for column in self.columns]
        head = "".join(
            f'<th scope="col"{kind}>{escape(column.label)}</th>'
            for column, kind in zip(self.columns, classes, strict=True)
        )
        body = "".join(f"<tr>{self._row(row, classes)}</tr>" for row in self.rows)
        foot = f'<tr class="total">{self._row(self.total, classes)}</tr>' if self.total is not None else ""
        return mark_safe(
            f'<div class="scroll" tabindex="0" role="group" aria-label="{escape(self.caption)}"><table>'
            f"<caption>{escape(self.caption)}{self._links()}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
            + (f"<tfoot>{foot}</tfoot>" if foot else "")
            + "</table></div>"
            + (f'<p class="soft">{escape(self.note)}</p>' if self.note else "")
        )

    def _links(self) -> str:
        links = "".join(f' <a href="{escape(url)}">{escape(name)}</a>' for name, url in self.downloads)
        return f'<span class="downloads">{links}</span>' if links else ""

    def _row(self, row: Sequence[Cell], classes: Sequence[str]) -> str:
        cells = []
        for place, (cell, column, kind) in enumerate(zip(row, self.columns, classes, strict=True)):
            tag = "th" if place == 0 else "td"
            scope = ' scope="row"' if place == 0 else ""
            cells.append(f"<{tag}{scope}{kind}>{_html(cell, column.kind)}</{tag}>")
        return "".join(cells)


def plain(cell: Cell, kind: str) -> str:
    """A cell in words."""
    if cell is None or isinstance(cell, Drawing):
        return ""
    if isinstance(cell, State | Link):
        return cell.text
    return SHOWN[kind](cell) if not isinstance(cell, str) else cell


def _html(cell: Cell, kind: str) -> str:
    if isinstance(cell, Drawing):
        return str(cell.svg)
    if isinstance(cell, State):
        return f'<span class="state {cell.level}">{escape(cell.text)}</span>'
    if isinstance(cell, Link):
        return f'<a href="{escape(cell.url)}">{escape(cell.text)}</a>'
    if kind == "change" and cell and isinstance(cell, int):
        return f'<span class="{"up" if cell > 0 else "down"}">{formats.change(cell)}</span>'
    if kind == "difference" and cell and isinstance(cell, int):
        return f'<span class="{"warn-text" if cell > 0 else "bad-text"}">{formats.euro(cell)}</span>'
    return escape(plain(cell, kind))


def _class(column: Column) -> str:
    names = (["n"] if column.kind in NUMBERS else []) + (["wide"] if column.wide else [])
    return f' class="{" ".join(names)}"' if names else ""
