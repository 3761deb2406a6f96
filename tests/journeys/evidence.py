"""What must hold of a till's files, whatever happened to the till: asked of the files, not of the program that wrote
them, and added up here by other means than the program's own."""

from __future__ import annotations

import json
import re
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from kassa_tui.hardware.escpos_read import read
from kassa_tui.hardware.paper import BarMark, CutMark, KickMark
from kassa_tui.storage import keys
from kassa_tui.storage.database import backup, file_uri, open_database
from kassa_tui.storage.journal import verify
from kassa_tui.storage.rebuild import rebuild
from kassa_tui.storage.till_schema import PROJECTIONS

Facts = dict[str, Any]
COLUMNS = 42
NUMBER = re.compile(r"\w+-\d{6}")
REPRINT = "HERDRUK"
NO_TURNOVER = ("deposit", "voucher")


class Paper(NamedTuple):
    """One delivery to the printer."""

    text: str
    receipts: tuple[str, ...]
    """Receipt numbers in its bar codes."""
    whole: bool
    """It was cut off at the end, as every finished paper is."""
    again: bool
    """It says that it may be the second."""
    kicks: int


def looking(folder: Path) -> sqlite3.Connection:
    """``till.db`` for reading, as it lies there."""
    return sqlite3.connect(file_uri(folder / "till.db"), uri=True)


def entries(folder: Path, kind: str = "") -> list[Facts]:
    """Bodies of the journal's entries in order, each with its ``kind``."""
    with closing(looking(folder)) as con:
        rows = con.execute("select kind, body from journal where ? in ('', kind) order by seq", (kind,))
        return [json.loads(body) | {"kind": each} for each, body in rows]


def check(folder: Path, till: str = "K1") -> list[Facts]:
    """The journal verifies with its signatures, the tables follow from it, and numbers have no gap; the sales."""
    with tempfile.TemporaryDirectory() as name:
        copy = backup(folder / "till.db", Path(name) / "till.db")
        db = open_database(copy)
        db.connect()
        try:
            con: sqlite3.Connection = db.connection()
            assert verify(con, till, keys.verify) == []
            before = tables(con)
            assert rebuild(con, till).tables == ()
            assert tables(con) == before
            assert con.execute("select max(seq), count(*) from journal").fetchone() == (
                (n := con.execute("select count(*) from journal").fetchone()[0]) or None, n,
            )  # fmt: skip
        finally:
            db.close()
    sold = entries(folder, "sale")
    assert [sale["number"] for sale in sold] == [f"{till}-{n:06d}" for n in range(1, len(sold) + 1)]
    assert len({sale["ticket"] for sale in sold}) == len(sold)
    for sale in sold:
        check_sale(sale)
    return sold


def check_sale(sale: Facts) -> None:
    """One sale adds up: lines, VAT, and what was paid for it."""
    assert sum(line["amount"] for line in sale["lines"]) == sale["total"]
    assert sum(tender["amount"] for tender in sale["tenders"]) == sale["total"] + sale["rounding"] + sale["change"]
    by_rate: Counter[int] = Counter()
    for line in sale["lines"]:
        if line["kind"] not in NO_TURNOVER:
            by_rate[line["rate"]] += line["vat"]
    for block in sale["vat"]:
        if block["code"] != "none":
            assert block["gross"] == block["net"] + block["vat"]
            by_rate[block["rate"]] -= block["vat"]
    assert not any(by_rate.values())


def tables(con: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """All projections, sorted."""
    return {table: sorted(con.execute(f"select * from {table}"), key=repr) for table in PROJECTIONS}


def check_shifts(folder: Path) -> list[Facts]:
    """Every Z equals what its shift's entries add up to, one by one; the Z reports."""
    found, fold = [], Counter[str]()
    for entry in entries(folder):
        kind = entry["kind"]
        if kind == "shift.open":
            fold = Counter(expected=entry["float"])
        elif kind == "sale":
            fold.update(_of_sale(entry))
        elif kind == "cash":
            fold["expected"] += entry["amount"] if entry["move"] == "in" else -entry["amount"]
        elif kind == "shift.close":
            assert _of_report(entry) == {key: value for key, value in fold.items() if value}
            found.append(entry)
    return found


def _of_sale(sale: Facts) -> Counter[str]:
    sums: Counter[str] = Counter(receipts=1, rounding=sale["rounding"], expected=-sale["change"])
    sums["tender cash"] -= sale["change"]
    for line in sale["lines"]:
        if line["kind"] not in NO_TURNOVER:
            sums["turnover"] += line["amount"]
            sums[f"vat {line['rate']}"] += line["vat"]
    for tender in sale["tenders"]:
        sums[f"tender {tender['kind']}"] += tender["amount"]
        sums["expected"] += tender["amount"] if tender["kind"] == "cash" else 0
    return sums


def _of_report(report: Facts) -> Facts:
    found = {name: report[name] for name in ("receipts", "turnover", "rounding")}
    found["expected"] = report["cash"]["expected"]
    found |= {f"tender {kind}": row["amount"] for kind, row in report["tenders"].items()}
    for block in report["vat"]:
        found[f"vat {block['rate']}"] = found.get(f"vat {block['rate']}", 0) + block["vat"]
    return {key: value for key, value in found.items() if value}


def papers(folder: Path) -> list[Paper]:
    """Every delivery to the printer, in order."""
    return [paper(path.read_bytes()) for path in sorted(folder.glob("*.bin"))]


def paper(data: bytes) -> Paper:
    """What a printer made of these bytes."""
    page = read(data, COLUMNS)
    text = page.text()
    return Paper(
        text,
        tuple(item.text for item in page.items if isinstance(item, BarMark) and NUMBER.fullmatch(item.text)),
        any(isinstance(item, CutMark) for item in page.items),
        REPRINT in text,
        sum(isinstance(item, KickMark) for item in page.items),
    )


def check_printed(found: list[Paper], numbers: list[str]) -> Counter[str]:
    """Each receipt was printed whole; where it was begun more than once, all but the first say so. The second prints.

    A paper that was cut short carries no number, for that stands at its end.
    """
    first, marked = Counter[str](), Counter[str]()
    for each in found:
        if each.whole:
            (marked if each.again else first).update(each.receipts)
    assert {number: count for number, count in first.items() if count > 1} == {}
    assert set(first) | set(marked) == set(numbers)
    return marked
