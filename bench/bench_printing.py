"""Printing as the shop sees it: how soon the drawer and the receipt, and what a bad printer does to a day's receipts.

First a till with a print process of its own sells for cash on a simulated network printer: from the pay key (the act
that ends the sale) to the drawer's pulse and to the first byte of the receipt on the wire, against the floor of a bare
socket's round trip. Then 1,000 receipts go through a slow printer, and 1,000 through one whose line drops, whose paper
runs out, whose cover is opened and that is switched off in the middle of receipts. Counted is what stands on the paper:
every receipt must be there, and none twice without its mark; exits 1 where one is lost or unmarked.

    python -m bench.bench_printing [RECEIPTS]
"""

from __future__ import annotations

import logging
import random
import socket
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from bench.terminal import percentile
from kassa_tui.domain.document import QR, Cut, Document, Row, Text
from kassa_tui.hardware import print_session, printer_talk
from kassa_tui.hardware.escpos_read import read
from kassa_tui.hardware.paper import CutMark, Line
from kassa_tui.hardware.receipt_printer import ReceiptPrinter
from kassa_tui.services import printing
from kassa_tui.services.printing import PrintQueue
from kassa_tui.simulate.printer import BUFFER_BYTES, NetworkPrinter, PrinterSim
from kassa_tui.storage.spool import AGAIN, PrintJob
from kassa_tui.storage.till_store import TillStore

MARK = "HERDRUK"
SALES = 60
FAULTY_SEED = 3
SLOW_BYTE_S = 0.000_02
"""Time to work off a byte: 50 KB a second, a line of 9,600 baud made fifty times faster."""
SLOW_BUFFER = 256
"""Bytes: less than a receipt, so that the printer is busy and takes no more in the middle of each."""
FAULT_EVERY_S = 0.08


def document(job: PrintJob) -> Document:
    """A receipt that can be told from every other."""
    mark = (Text(MARK),) if job.mark == AGAIN else ()
    goods = (Row(name, "2,50") for name in ("Volle melk", "Café crème", "Pindakaas", "Oude kaas"))
    return (*mark, Text(f"Bon {job.seq}", bold=True), *goods, QR(f"K1-{job.seq}"), Text(f"Eind {job.seq}"), Cut())


def store_in(folder: Path) -> TillStore:
    """A till's journal and spool."""
    from kassa_tui.clock import SystemClock, uuid7_source

    return TillStore(folder, "K1", SystemClock(), uuid7_source())


def sell(store: TillStore) -> int:
    """One entry with a job for the printer, on disk when this returns."""
    from kassa_tui.storage.journal import Job

    return store.record("cash", {"move": "in", "amount": 250, "reason": "", "by": ""}, "", [Job("cash")]).seq


def wait_until(reached: Callable[[], bool], seconds: float) -> bool:
    """Whether it came to be so within the time."""
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.0005)
    return True


class Wire(NetworkPrinter):
    """Notes when the pulse came, and when the receipt began."""

    def __init__(self) -> None:
        self.kicked_at = self.began_at = 0.0
        super().__init__()

    def _kick(self) -> None:
        self.kicked_at = time.perf_counter()
        super()._kick()

    def _do(self, length: int) -> None:
        if self._buffer.startswith(b"\x1b@"):
            self.began_at = time.perf_counter()
        super()._do(length)


def round_trip(port: int) -> float:
    """F_wire: seconds of one question to the simulated printer and its answer on a bare socket."""
    times = []
    with socket.create_connection(("127.0.0.1", port)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(200):
            start = time.perf_counter()
            line.sendall(b"\x10\x04\x01")
            line.recv(1)
            times.append(time.perf_counter() - start)
    return percentile(times, 0.5)


def latencies(folder: Path) -> None:
    """From the end of a sale to the drawer and the paper, with the commit itself beside it."""
    sim = Wire()
    floor = round_trip(sim.port)
    store = store_in(folder / "data")
    queue = PrintQueue(
        store, ReceiptPrinter(sim.options | {"profile": "TM-T88V"}, folder / "p"), document, lambda _: None
    )
    kicks, papers, commits = [], [], []
    for _ in range(SALES):
        before, start = sim.kicks, time.perf_counter()
        seq = sell(store)
        committed = time.perf_counter()
        queue.kick()
        queue.wake()
        end = f"Eind {seq}".encode()
        if not sim.wait_for(lambda it, end=end, before=before: it.kicks > before and end in it.paper[-4000:]):  # type: ignore[misc]
            raise SystemExit("a receipt did not come out")
        commits.append(committed - start)
        kicks.append(sim.kicked_at - committed)
        papers.append(sim.began_at - start)
        sim.shut_drawer()
        wait_until(lambda: queue.waiting == 0 and not queue.drawer_seconds(), 5)
    queue.close()
    store.close()
    sim.close()
    # The first sale starts the print process and learns the printer.
    for name, times in (("commit", commits[1:]), ("drawer pulse after the commit", kicks[1:]),
                        ("first byte of the receipt after the pay key", papers[1:])):  # fmt: skip
        print(f"{name:<45} p50 {percentile(times, 0.5) * 1000:6.2f} ms  p95 {percentile(times, 0.95) * 1000:6.2f} ms")
    print(f"{'first sale: receipt, with start and learning':<45}     {papers[0] * 1000:6.0f} ms")
    print(f"{'F_wire, one question and answer':<45} p50 {floor * 1000:6.2f} ms")


def on_paper(sim: PrinterSim) -> tuple[Counter[int], Counter[int]]:
    """Whole prints by number: without the mark, and with it."""
    plain, marked = Counter[int](), Counter[int]()
    lines: list[str] = []
    for item in read(sim.paper, 42).items:
        if isinstance(item, Line):
            lines.append(item.text)
        elif isinstance(item, CutMark):
            ends = [int(line[5:]) for line in lines if line.startswith("Eind ")]
            for number in ends[-1:]:
                (marked if MARK in lines else plain)[number] += 1
            lines = []
    return plain, marked


def trouble_maker(sim: PrinterSim, stop: threading.Event) -> None:
    """A drop, a plug pulled, an empty roll that is changed or a cover that is opened, at bytes that a seed chooses."""
    chance = random.Random(FAULTY_SEED)
    while not stop.wait(FAULT_EVERY_S):
        fault, at = chance.randrange(4), chance.randrange(1, 600)
        if fault == 0:
            sim.set(drop_after=at)
        elif fault == 1:
            sim.set(drop_after=at, drop_forgets=True)
        elif fault == 2:
            sim.set(paper_out_after=at)
            stop.wait(0.05)
        else:
            sim.set(cover_open=True)
            stop.wait(0.05)
        sim.set(paper_out=False, cover_open=False, drop_forgets=fault == 1)
    sim.set(paper_out=False, cover_open=False, drop_after=None, paper_out_after=None)


def through(folder: Path, name: str, receipts: int, faulty: bool) -> bool:
    """So many receipts through a slow or a faulty printer; whether all came out and none twice unmarked."""
    sim = NetworkPrinter(buffer_bytes=BUFFER_BYTES if faulty else SLOW_BUFFER)
    sim.set(byte_seconds=0.0 if faulty else SLOW_BYTE_S)
    store = store_in(folder / "data")
    seqs = [sell(store) for _ in range(receipts)]
    stop = threading.Event()
    maker = threading.Thread(target=trouble_maker, args=(sim, stop), daemon=True)
    start = time.perf_counter()
    queue = PrintQueue(
        store, ReceiptPrinter(sim.options | {"profile": "TM-T88V"}, folder / "p"), document, lambda _: None
    )
    if faulty:
        maker.start()
    while not wait_until(lambda: queue._store.spool(_waiting) == 0, 0.05):
        # Somebody at the printer wants it now; the waits after a failure are not what is measured.
        queue.wake()
    took = time.perf_counter() - start
    stop.set()
    if faulty:
        maker.join()
    queue.close()
    store.close()
    plain, marked = on_paper(sim)
    lost = [seq for seq in seqs if not plain[seq] and not marked[seq]]
    twice = [seq for seq in seqs if plain[seq] > 1]
    once = sum(1 for seq in seqs if plain[seq] == 1 and not marked[seq])
    again = sum(1 for seq in seqs if marked[seq])
    sim.close()
    print(
        f"{name}: {receipts} receipts in {took:.1f} s ({took / receipts * 1000:.1f} ms each), {sim.drops} lines dropped"
    )
    print(f"    once without mark {once}, with mark {again}, twice without mark {len(twice)}, lost {len(lost)}")
    return not lost and not twice


def _waiting(con: object) -> int:
    from kassa_tui.storage.spool import count_waiting

    return count_waiting(con)  # type: ignore[arg-type]


def main(arguments: list[str]) -> int:
    """Print the figures; 1 where a receipt was lost, or came twice without its mark."""
    receipts = int(arguments[0]) if arguments else 1000
    well = True
    # Each failure is logged, and here they are made on purpose.
    logging.getLogger("kassa_tui").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        latencies(Path(folder) / "one")
        well &= through(Path(folder) / "slow", "slow printer", receipts, faulty=False)
        well &= through(Path(folder) / "faulty", "faulty printer", receipts, faulty=True)
    print(f"waits: answer {printer_talk.ANSWER_S} s, job {print_session.JOB_S} s, back-off {printing.BACK_OFF_S} s")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
