"""Tables as files: CSV as a Dutch spreadsheet reads it, and XLSX with real numbers.

Text that came from somebody else stays text: a spreadsheet runs what begins with ``=``, ``+``, ``-`` or ``@`` as a
formula. In CSV such a cell gets an apostrophe in front, in XLSX the cell says itself that it is text.
"""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime
from typing import Any

from django.http import HttpResponse

from kassa_office.dashboard import formats
from kassa_office.dashboard.tables import TEXT, Cell, Column, Drawing, Link, State, Table, plain

FORMATS = ("csv", "xlsx")
RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udfff]")
SCALE = {"euro": (100, 2, "#,##0.00"), "difference": (100, 2, "#,##0.00"), "qty": (1000, 3, '#,##0.###'),
         "share": (10_000, 4, "0.0%"), "change": (10_000, 4, "0.0%"), "hours": (1440, 4, "[h]:mm")}  # fmt: skip
"""Kind → what one is divided by, decimals, a spreadsheet's number format."""
TYPES = {"csv": "text/csv; charset=utf-8", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def file_of(table: Table, kind: str, name: str) -> HttpResponse:
    """The table to download; ``kind`` is one of FORMATS."""
    content = as_csv(table) if kind == "csv" else as_xlsx(table)
    response = HttpResponse(content, content_type=TYPES[kind])
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name)
    response["Content-Disposition"] = f'attachment; filename="{safe}.{kind}"'
    response["Cache-Control"] = "private, no-store"
    return response


def as_csv(table: Table) -> bytes:
    """UTF-8 with its mark, semicolons, decimal commas; percentages in hundredths without sign, dates ISO."""
    columns = _columns(table)
    file = io.StringIO()
    writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
    writer.writerow([guarded(column.label) for _place, column in columns])
    for row in _rows(table):
        writer.writerow([_csv(row[place], column.kind) for place, column in columns])
    return file.getvalue().encode("utf-8-sig", "replace")


def guarded(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    text = CONTROL.sub("\ufffd", text)
    return f"'{text}" if text.lstrip(" \u00a0").startswith(RISKY) or text.startswith(RISKY) else text


def as_xlsx(table: Table) -> bytes:
    """One sheet with numbers as numbers."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    columns = _columns(table)
    book = Workbook(write_only=True)
    sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", table.caption)[:31] or "Kassa")
    for place, (_at, column) in enumerate(columns):
        sheet.column_dimensions[chr(65 + place)].width = 14 if column.kind != TEXT else 26
    sheet.freeze_panes = "A2"

    def cell(value: Any, number_format: str = "", bold: bool = False) -> Any:
        made = WriteOnlyCell(sheet, value=value)
        if isinstance(value, str):
            made.data_type = "s"
            made.quotePrefix = value.startswith(RISKY)
        if number_format:
            made.number_format = number_format
        if bold:
            made.font = Font(bold=True)
        return made

    sheet.append([cell(CONTROL.sub("\ufffd", column.label), bold=True) for _at, column in columns])
    for row in table.rows:
        sheet.append([cell(*_xlsx(row[at], column.kind)) for at, column in columns])
    if table.total is not None:
        sheet.append([cell(*_xlsx(table.total[at], column.kind), bold=True) for at, column in columns])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _columns(table: Table) -> list[tuple[int, Column]]:
    """Those that hold more than drawings."""
    drawn = {place for row in table.rows[:1] for place, cell in enumerate(row) if isinstance(cell, Drawing)}
    return [(place, column) for place, column in enumerate(table.columns) if place not in drawn]


def _rows(table: Table) -> list[Any]:
    return [*table.rows, *([table.total] if table.total is not None else [])]


def _is_words(cell: Cell, kind: str) -> bool:
    return kind == TEXT or isinstance(cell, str | State | Link | Drawing)


def _csv(cell: Cell, kind: str) -> str:
    if cell is None:
        return ""
    if _is_words(cell, kind):
        return guarded(plain(cell, kind))
    if kind in ("share", "change"):
        return formats.decimal(cell, 100).replace(".", "")
    if kind == "hours":
        return plain(cell, kind)
    if kind in SCALE:
        scale, places, _shown = SCALE[kind]
        return formats.decimal(cell, scale, places).replace(".", "")
    if kind == "moment":
        return f"{formats.local(cell):%Y-%m-%d %H:%M}"
    return str(cell)


def _xlsx(cell: Cell, kind: str) -> tuple[Any, str]:
    if cell is None:
        return None, ""
    if _is_words(cell, kind):
        return CONTROL.sub("\ufffd", plain(cell, kind)), ""
    if kind in SCALE:
        scale, _places, shown = SCALE[kind]
        return cell / scale, shown
    if isinstance(cell, datetime):
        return formats.local(cell).replace(tzinfo=None), "dd-mm-yyyy hh:mm"
    return cell, "dd-mm-yyyy" if kind == "day" else ""
