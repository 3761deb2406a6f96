"""The journal of the till, or of a webshop, from a shell: is it whole, what is in it, what follows from it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.commands.dispatch import Call
from kassa_tui.commands.reading import books_of, reading
from kassa_tui.failures import DONE, WRONG

if TYPE_CHECKING:
    from kassa_tui.domain.journal import Entry
    from kassa_tui.storage.journal import Flaw
    from kassa_tui.storage.rebuild import Differences

SHOWN_FLAWS = 100
"""Flaws that are named; a journal with more is broken throughout."""


def verify(call: Call) -> int:
    """Chain and signatures of the till's journal, or of an exported one; 1 where something is wrong."""
    from kassa_tui.exports import journal_file
    from kassa_tui.storage import journal, keys

    if call.args.file:
        header, flaws = journal_file.verify(Path(call.args.file), keys.verify)
        return _judged(call, str(header["till"]), header["entries"], flaws)
    config, channel = call.config(), call.args.channel
    whose = channel or config.till.id
    with reading(config, channel) as con:
        flaws = journal.verify(con, whose, keys.verify)
        entries = con.execute("select count(*) from journal").fetchone()[0]
    return _judged(call, whose, entries, flaws)


def rebuild(call: Call) -> int:
    """Every table made anew from the journal; 1 where one was not what the journal says."""
    from kassa_tui.storage import journal
    from kassa_tui.storage.database import open_database, quick_check
    from kassa_tui.storage.rebuild import rebuild as made_anew
    from kassa_tui.storage.till_store import CHANNEL_LOCK, LOCK_FILE, Lock

    config, channel = call.config(), call.args.channel
    whose, path = channel or config.till.id, books_of(config, channel)
    quick_check(path)
    lock, db = Lock(path.parent, CHANNEL_LOCK if channel else LOCK_FILE), open_database(path)
    try:
        db.connect()
        con: sqlite3.Connection = db.connection()
        flaws = journal.verify(con, whose, None)
        if flaws:
            return _judged(call, whose, 0, flaws)
        differences = made_anew(con, whose)
    finally:
        db.close()
        lock.release()
    return _compared(call, differences)


def show(call: Call) -> int:
    """Entries, one a line; with --json as in an exported journal."""
    from kassa_tui.exports.journal_file import fields
    from kassa_tui.jsontext import dump
    from kassa_tui.storage.journal import read_entries

    config, channel = call.config(), call.args.channel
    with reading(config, channel) as con:
        for entry in read_entries(con, channel or config.till.id, max(call.args.first, 1), call.args.last):
            call.say(dump(fields(entry)) if call.json else _line(entry))
    return DONE


def export(call: Call) -> int:
    """The whole journal as JSON Lines."""
    from kassa_tui.exports import journal_file

    config, channel = call.config(), call.args.channel
    with reading(config, channel) as con:
        entries = journal_file.write(con, channel or config.till.id, Path(call.args.file))
    call.say(call.t("{n} regels in {file}", n=entries, file=call.args.file))
    return DONE


def _judged(call: Call, till: str, entries: int, flaws: list[Flaw]) -> int:
    facts: dict[str, Any] = {
        "till": till,
        "entries": entries,
        "ok": not flaws,
        "flaws": [{"seq": flaw.seq, "code": flaw.code} for flaw in flaws],
    }
    text = "\n".join(call.words.flaw(flaw) for flaw in flaws[:SHOWN_FLAWS])
    if len(flaws) > SHOWN_FLAWS:
        text += "\n" + call.t("en nog {n} fouten", n=len(flaws) - SHOWN_FLAWS)
    call.show(facts, text or call.t("Journaal van {till}: {n} regels, alles klopt", till=till, n=entries))
    return WRONG if flaws else DONE


def _compared(call: Call, differences: Differences) -> int:
    facts = {
        "entries": differences.entries,
        "ok": not differences.tables,
        "tables": [
            {"table": table.table, "gone": table.gone, "new": table.new, "rows": [[s, *row] for s, row in table.shown]}
            for table in differences.tables
        ],
    }
    lines = [call.t("{n} regels gelezen", n=differences.entries)]
    for table in differences.tables:
        lines.append(call.t("{table}: {gone} weg, {new} nieuw", table=table.table, gone=table.gone, new=table.new))
        lines += [f"  {sign} {_plain_row(row)}" for sign, row in table.shown]
    if not differences.tables:
        lines.append(call.t("Alle tabellen waren gelijk aan het journaal"))
    call.show(facts, "\n".join(lines))
    return WRONG if differences.tables else DONE


def _plain_row(row: tuple[object, ...]) -> str:
    from kassa_tui.messages import plain

    return plain(" | ".join(str(value) for value in row))


def _line(entry: Entry) -> str:
    from kassa_tui.domain.shift import local_time
    from kassa_tui.messages import plain

    when = local_time(entry.at, entry.offset).isoformat(" ", "seconds")
    return plain(f"{entry.seq:>7} {when} {entry.who or '-':>4} {entry.kind:<16} {entry.body}")
