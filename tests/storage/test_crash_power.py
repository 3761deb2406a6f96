"""The power goes while the disk still writes: of a sale's transaction only a part arrives, cut at any byte."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.journeys import evidence
from tests.services.shop_floor import CASHIER, Hands, hands, make_shop

HEADER, FRAME = 32, 24 + 2048
"""Bytes of the write-ahead log: before the first frame, and of a frame with its page."""


def test_a_sale_cut_short_on_disk_is_absent_with_its_ticket_back(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    make_shop(shop, "NL")
    till = hands(shop)
    till.open_shop()
    till.do("7", "pay cash 5", "2 * 7", "9", "pay pin 2")
    till.till.store.flush()
    log = shop / "data" / "till.db-wal"
    before = log.stat().st_size
    till.do("pay cash 10")
    till.till.store.flush()
    whole = log.read_bytes()
    assert (before - HEADER) % FRAME == (len(whole) - HEADER) % FRAME == 0
    cuts = [at + more for at in range(before, len(whole), FRAME) for more in (0, 1, 24, 1500)]
    assert len(cuts) > 20
    for number, cut in enumerate([*cuts, len(whole)]):
        folder = tmp_path / str(number)
        shutil.copytree(shop, folder, ignore=shutil.ignore_patterns("*-shm", "*-wal"))
        (folder / "data" / log.name).write_bytes(whole[:cut])
        assert reopened(folder) == (cut == len(whole)), cut
        shutil.rmtree(folder)
    till.close()


def test_rubbish_behind_the_last_commit_is_not_taken_for_a_sale(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    make_shop(shop, "NL")
    till = hands(shop)
    till.open_shop()
    till.do("7", "pay cash 5", "2 * 7", "9", "pay pin 2")
    till.till.store.flush()
    log = shop / "data" / "till.db-wal"
    before = log.stat().st_size
    till.do("pay cash 10")
    till.till.store.flush()
    whole = bytearray(log.read_bytes())
    for number, at in enumerate(range(before, len(whole), FRAME // 2 + 7)):
        folder = tmp_path / str(number)
        shutil.copytree(shop, folder, ignore=shutil.ignore_patterns("*-shm", "*-wal"))
        damaged = whole.copy()
        damaged[at] ^= 0xFF
        (folder / "data" / log.name).write_bytes(damaged)
        assert not reopened(folder), at
        shutil.rmtree(folder)
    till.close()


def reopened(folder: Path) -> bool:
    """Whether the sale is there after all; where it is not its ticket is, and it is sold now. Judges the books."""
    evidence.check(folder / "data")
    till: Hands = hands(folder)
    till.do(f"login {CASHIER}")
    there = till.till.store.state.receipt == 2
    if there:
        assert till.till.ticket is None
    else:
        lying = till.do("show")["ticket"]
        assert [(x["sku"], x["quantity"]) for x in lying["lines"] if x["kind"] == "sale"] == [("7", 2000), ("9", 1000)]
        assert [(each["kind"], each["amount"]) for each in lying["payments"]] == [("pin", 200)]
        assert till.do("pay cash 10")["ticket"]["receipt_number"] == "K1-000002"
    till.close()
    sold = evidence.check(folder / "data")
    assert [sale["total"] for sale in sold] == [116, 2 * 116 + 349]
    return there
