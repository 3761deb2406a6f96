"""Figures and receipts for whoever asks, without disturbing the till."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.commands.dispatch import Call
from kassa_tui.commands.reading import reading
from kassa_tui.domain.outcome import Refused
from kassa_tui.failures import DONE, MISUSE, REFUSED

if TYPE_CHECKING:
    from kassa_tui.config import Config
    from kassa_tui.domain.document import Document


def report(call: Call) -> int:
    """X, Z or day report."""
    from kassa_tui.services.report_documents import as_text

    config, which = call.config(), call.args.which
    with reading(config) as con:
        if call.args.what == "x":
            found = _x(call, config, con)
        elif call.args.what == "z":
            found = _z(call, config, con, which or "")
        else:
            found = _day(call, config, con, which or "")
    if isinstance(found, Refused):
        return call.refuse(found, REFUSED if found.code == "shift_closed" else MISUSE)
    figures, document = found
    call.show(figures, as_text(document))
    return DONE


def receipt(call: Call) -> int:
    """A receipt as text, as the facts of its sale, or as the picture a printer would make."""
    from kassa_tui.services import books, receipts
    from kassa_tui.services.report_documents import as_text

    config = call.config()
    with reading(config) as con:
        sale = books.sale(con, config.till.id, call.args.number)
    if isinstance(sale, Refused):
        return call.refuse(sale, MISUSE)
    mark = "" if call.args.gift else sale["mark"]
    document = receipts.receipt(sale, config, call.words, mark=mark, gift=call.args.gift)
    if call.args.png:
        _draw(config, document, Path(call.args.png))
        call.say(call.args.png)
        return DONE
    call.show(sale, as_text(document))
    return DONE


Found = tuple[dict[str, Any], "Document"] | Refused


def _x(call: Call, config: Config, con: sqlite3.Connection) -> Found:
    from kassa_tui.clock import SystemClock
    from kassa_tui.services import books, report_documents
    from kassa_tui.storage.projections import read_state

    figures, now = books.x_figures(con, read_state(con)), SystemClock().now()
    if not figures["z"]:
        return Refused("shift_closed", {})
    # Whoever counts blind must not find here what ought to be in the drawer.
    document = report_documents.x_report(
        figures, config, call.words, at=now.at, offset=now.offset, who="", expected=not config.rules.blind_count
    )
    if config.rules.blind_count:
        figures["cash"].pop("expected")
    return figures, document


def _z(call: Call, config: Config, con: sqlite3.Connection, which: str) -> Found:
    from kassa_tui.services import books, report_documents
    from kassa_tui.storage import sales
    from kassa_tui.storage.journal import read_entry

    number = int(which) if which.isascii() and which.isdigit() and len(which) < 10 else 0
    row = sales.shift(con, number)
    figures = books.z_figures(con, config.till.id, number)
    if row is None or row.closed_seq is None or figures is None:
        return Refused("unknown_z", {"z": which})
    entry = read_entry(con, config.till.id, row.closed_seq)
    document = report_documents.z_report(figures, config, call.words, at=entry.at, offset=entry.offset, who=entry.who)
    return figures, document


def _day(call: Call, config: Config, con: sqlite3.Connection, which: str) -> Found:
    from kassa_tui.services import books, report_documents

    try:
        day = date.fromisoformat(which).isoformat()
    except ValueError:
        return Refused("bad_date", {"text": which})
    names = {webshop.code: webshop.name for webshop in config.webshops}
    figures = books.with_channels(books.day_figures(con, day), config.till.data, names)
    return figures, report_documents.day_report(figures, config, call.words)


def _draw(config: Config, document: Document, path: Path) -> None:
    """Through the printer's own bytes and back, so that the picture shows what the paper would."""
    import os

    from kassa_tui import logs
    from kassa_tui.bootstrap import PRINTER_FOLDER, data_folder, printer_options
    from kassa_tui.hardware.escpos_draw import draw_png
    from kassa_tui.hardware.escpos_read import read
    from kassa_tui.hardware.escpos_render import Layout, Renderer
    from kassa_tui.hardware.print_process import layout_of
    from kassa_tui.storage.database import translated

    options = printer_options(config)
    private = data_folder(config) / PRINTER_FOLDER
    if not os.access(private.parent, os.W_OK):
        private = logs.folder(os.environ) / PRINTER_FOLDER
    with translated(path):
        renderer = Renderer(layout_of(options) if options else Layout(), private)
        page = read(renderer.render(document), renderer.columns, {renderer.page: renderer.codec})
        draw_png(page, path)
