"""A shop to measure with: a data folder with a catalogue, staff and a scanner that is a FIFO."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from itertools import cycle, islice
from pathlib import Path

SHOP = """
[shop]
name = "Buurtwinkel De Hoek"
country = "NL"
[till]
id = "K1"
data = "data"
[rules]
auto_lock_seconds = 0
"""
DEVICES = """
[[device]]
role = "printer"
kind = "file"
path = "receipts.bin"
[[device]]
role = "scanner"
kind = "pipe"
path = "scanner"
[[device]]
role = "card_terminal"
kind = "standalone"
"""

DEMO = Path(__file__).parents[1] / "kassa_tui" / "data"


def make_shop(folder: Path, articles: Path | None = None) -> int:
    """Make the folder; the number of articles."""
    (folder / "till.toml").write_text(SHOP + DEVICES)
    os.mkfifo(folder / "scanner")
    kassa = str(Path(sys.executable).with_name("kassa"))
    config = ["--config", str(folder / "till.toml")]
    for words in (["init"], ["import", "articles", str(articles or DEMO / "demo_articles.csv")],
                  ["import", "staff", str(DEMO / "demo_staff.csv")]):  # fmt: skip
        subprocess.run([kassa, *words, *config], check=True, stdout=subprocess.DEVNULL)
    with sqlite3.connect(folder / "data" / "shop.db") as con:
        count: int = con.execute("select count(*) from article").fetchone()[0]
    return count


def codes_of(folder: Path, count: int) -> list[str]:
    """GTIN-13 codes of articles that ask nothing (no age, no weight), over and over until there are enough."""
    with sqlite3.connect(folder / "data" / "shop.db") as con:
        rows = con.execute(
            "select substr(k.code, 2) from code k join article a on a.id = k.article where length(k.code) = 14"
            " and k.code like '0%' and a.min_age = 0 and a.unit = 'each' and a.deposit_sku is null limit 5000"
        ).fetchall()
    return list(islice(cycle(row[0] for row in rows), max(count, 0)))
