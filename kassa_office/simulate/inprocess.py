"""Simulated tills that ask the office within this process: the messages are real, the line is not."""

from __future__ import annotations

import heapq
import random
import threading
import time
from collections.abc import Iterable, Iterator
from itertools import count

from django.db import InterfaceError, OperationalError, connections

from kassa_office.simulate.fleet import SimTill, Slice, Tally, turns
from kassa_office.tills.port import OfficeForTill
from kassa_office.tills.views import BUSY_SECONDS
from kassa_tui.sync.codec import decode, unpack
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.schedule import turn, wait
from kassa_tui.sync.wire import Batch

QUEUE = 256
"""Requests that may wait in the modelled office; the next is refused. Of the order of what a server's workers hold."""


def send(each: SimTill, part: Slice, tally: Tally) -> None:
    """One message: packed, unpacked, taken in; counted. OperationalError where the database is busy."""
    raw = each.message(part, "", int(time.time() * 1000))
    answer = OfficeForTill(each.till).push(decode(unpack(raw, "zstd"), Batch), raw, "zstd")
    tally.accepted += 1
    tally.entries += len(answer.acks)
    for ack in answer.acks:
        tally.statuses[ack.status] = tally.statuses.get(ack.status, 0) + 1


def load(fleet: list[SimTill], threads: int, seconds: float) -> Tally:
    """Everything the tills have, from so many threads at once, for so long at most (0: to the end)."""
    work, lock, tally = turns(fleet), threading.Lock(), Tally()
    began = time.perf_counter()
    until = began + seconds if seconds else float("inf")
    mine = [Tally() for _ in range(threads)]
    runners = [threading.Thread(target=_work, args=(work, lock, until, each)) for each in mine]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()
    for each in mine:
        tally.add(each)
    tally.seconds = time.perf_counter() - began
    return tally


def _work(work: Iterator[tuple[SimTill, Slice]], lock: threading.Lock, until: float, tally: Tally) -> None:
    again: list[tuple[SimTill, Slice]] = []
    while time.perf_counter() < until:
        with lock:
            each = again.pop() if again else next(work, None)
        if each is None:
            break
        began = time.perf_counter()
        try:
            send(*each, tally)
            tally.waits.append(time.perf_counter() - began)
        except (OperationalError, InterfaceError):
            tally.refused += 1
            again.append(each)
    connections.close_all()


def storm(fleet: list[SimTill], window: float, slots: bool, seed: int = 1) -> Tally:
    """All tills come back at once with their first message, each as its own program would.

    The work of the office is real and measured; the clock between is not: it goes on by what each message took. With
    ``slots`` a till sends at its turn in ``window`` seconds, else within five. What is refused (the office's queue is
    full) comes again after the till's own wait. ``seconds`` and ``waits`` are of that clock.
    """
    chance, order, tally = random.Random(seed), count(), Tally()
    starts = ((turn(each.till.code, int(window)) if slots else chance.random() * 5.0, each) for each in fleet)
    events = [(at, next(order), each, at, 0) for at, each in starts]
    heapq.heapify(events)
    free_at, waiting = 0.0, list[float]()
    busy = OfficeError("busy", retry_after=BUSY_SECONDS)
    while events:
        at, _, each, asked, tries = heapq.heappop(events)
        while waiting and waiting[0] <= at:
            heapq.heappop(waiting)
        if len(waiting) >= QUEUE:
            tally.refused += 1
            again = at + wait(tries + 1, busy, chance.random)
            heapq.heappush(events, (again, next(order), each, again, tries + 1))
            continue
        began = time.perf_counter()
        send(each, each.plan[0], tally)
        free_at = max(free_at, at) + (time.perf_counter() - began)
        heapq.heappush(waiting, free_at)
        tally.waits.append(free_at - asked)
    tally.seconds = free_at
    return tally


def remaining(fleet: Iterable[SimTill]) -> Tally:
    """What the tills have beyond their first message, so that the proof has all of it."""
    rest, tally = 0.0, Tally()
    for each in fleet:
        for part in each.plan[1:]:
            began = time.perf_counter()
            send(each, part, tally)
            rest += time.perf_counter() - began
    tally.seconds = rest
    return tally
