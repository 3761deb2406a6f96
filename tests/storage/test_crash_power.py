"""The power goes while the disk still writes: of a sale's transaction only a part arrives, cut at any byte."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.journeys import evidence
from tests.services.shop_floor import CASHIER, Hands, hands, make_shop

LOG = "till.db-wal"
HEADER, FRAME = 32, 24 + 2048
"""Bytes of the write-ahead log: before the first frame, and of a frame with its page."""


def test_a_sale_cut_short_on_disk_is_absent_with_its_ticket_back(tmp_path: Path) -> None:
    shop, before, whole = sold(tmp_path)
    assert (before - HEADER) % FRAME == (len(whole) - HEADER) % FRAME == 0
    cuts = [at + more for at in range(before, len(whole), FRAME) for more in (0, 1, 24, 1500)]
    assert len(cuts) > 20
    for number, cut in enumerate([*cuts, len(whole)]):
        assert reopened(shop, tmp_path / str(number), whole[:cut]) == (cut == len(whole)), cut


def test_rubbish_where_a_sale_was_being_written_is_not_taken_for_one(tmp_path: Path) -> None:
    shop, before, whole = sold(tmp_path)
    for number, at in enumerate(range(before, len(whole), FRAME // 2 + 7)):
        damaged = bytearray(whole)
        damaged[at] ^= 0xFF
        assert not reopened(shop, tmp_path / str(number), bytes(damaged)), at


def sold(tmp_path: Path) -> tuple[Path, int, bytes]:
    """A till as it lies on disk right after its second sale; the length of the log before that sale, and the log.

    Copied at once: a till at rest writes its log back into the database.
    """
    shop, copy = tmp_path / "shop", tmp_path / "copy"
    shop.mkdir()
    make_shop(shop, "NL")
    till = hands(shop)
    till.open_shop()
    till.do("7", "pay cash 5", "2 * 7", "9", "pay pin 2")
    till.till.store.flush()
    before = (shop / "data" / LOG).stat().st_size
    till.do("pay cash 10")
    till.till.store.flush()
    shutil.copytree(shop, copy)
    till.close()
    return copy, before, (copy / "data" / LOG).read_bytes()


def reopened(shop: Path, folder: Path, log: bytes) -> bool:
    """With this log, whether the sale is there; where it is not its ticket is, and it is sold now. Judges the books."""
    shutil.copytree(shop, folder, ignore=shutil.ignore_patterns("*-shm", "*-wal"))
    (folder / "data" / LOG).write_bytes(log)
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
    assert [sale["total"] for sale in evidence.check(folder / "data")] == [116, 2 * 116 + 349]
    shutil.rmtree(folder)
    return there
