"""A fleet of simulated tills, known to the office, each with a journal that waits to be sent; and what came of it."""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.utils import timezone

from kassa_office.simulate.book import Book, fill
from kassa_office.tills.enrolment import token_hash
from kassa_office.tills.models import Branch, Till, TillCursor, TillKey
from kassa_tui.sync.codec import encode, pack

TILLS_IN_BRANCH = 20
BATCH = 20
"""Entries in one message: what a till gathers while it waits for its turn."""
LOST_PART = 0.1
"""Of the answers, where answers get lost."""
Slice = tuple[int, int]


@dataclass(slots=True)
class SimTill:
    """One till: its row in the office, its token, its journal, and what it will send in which order."""

    till: Till
    token: str
    book: Book
    plan: list[Slice]

    def message(self, part: Slice, epoch: str, now: int) -> bytes:
        """A batch as it goes over the wire, packed with zstd."""
        return pack(encode(self.book.batch(*part, now, epoch)))


@dataclass(slots=True)
class Tally:
    """What was counted while sending."""

    accepted: int = 0
    """Messages answered with acks."""
    entries: int = 0
    """Acked, each time it was sent."""
    refused: int = 0
    """429 and 503."""
    failed: int = 0
    """No answer at all."""
    other: dict[str, int] = field(default_factory=dict)
    """Any other answer, by code: there should be none."""
    statuses: dict[str, int] = field(default_factory=dict)
    """Of the entries: stored, duplicate, quarantined, conflict."""
    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)
    """Seconds from asking to answer, of each message that was accepted."""

    def p99(self) -> float:
        """Seconds that 99 of 100 messages stayed under."""
        waits = sorted(self.waits)
        return waits[min(int(len(waits) * 0.99), len(waits) - 1)] if waits else 0.0

    def add(self, other: Tally) -> None:
        """Another thread's count."""
        self.accepted, self.entries = self.accepted + other.accepted, self.entries + other.entries
        self.refused, self.failed = self.refused + other.refused, self.failed + other.failed
        self.waits += other.waits
        for mine, theirs in ((self.other, other.other), (self.statuses, other.statuses)):
            for name, count in theirs.items():
                mine[name] = mine.get(name, 0) + count


@dataclass(frozen=True, slots=True)
class Manners:
    """How well the tills behave."""

    disorder: bool = False
    replay: bool = False
    lost: bool = False
    """Answers get lost, and the batch comes again."""


def make_fleet(tills: int, sales: int, manners: Manners, seed: int = 1) -> list[SimTill]:
    """So many tills with so many sales each, in branches of twenty; the office knows their keys and tokens."""
    branches = [
        Branch(code=f"SIM{number}", name=f"Simulatie {number}") for number in range(-(-tills // TILLS_IN_BRANCH))
    ]
    Branch.objects.bulk_create(branches, ignore_conflicts=True)
    now = timezone.now()
    at, chance = int(now.timestamp() * 1000) - (sales + 5) * 60_000, random.Random(seed)
    fleet: list[SimTill] = []
    for number in range(tills):
        code, token = f"S{number:05d}", secrets.token_urlsafe(12)
        book = Book(code, Ed25519PrivateKey.generate())
        fill(book, sales, at, chance)
        till = Till(
            code=code, branch=branches[number // TILLS_IN_BRANCH], token_hash=token_hash(token), enrolled_at=now
        )
        fleet.append(SimTill(till, token, book, plan(book.high, manners, chance)))
    Till.objects.bulk_create([each.till for each in fleet], batch_size=1000)
    keys = [TillKey(till=each.till, first=1, public_key=each.book.public_key) for each in fleet]
    TillKey.objects.bulk_create(keys, batch_size=1000)
    TillCursor.objects.bulk_create([TillCursor(till=each.till) for each in fleet], batch_size=1000)
    return fleet


def plan(entries: int, manners: Manners, chance: random.Random) -> list[Slice]:
    """Which entries go in which order: as they come, or shuffled, overlapping, twice, and again after a lost answer."""
    slices = [(first, min(first + BATCH - 1, entries)) for first in range(1, entries + 1, BATCH)]
    if manners.replay:
        slices += [(max(first - chance.randrange(BATCH), 1), last) for first, last in slices]
    if manners.disorder:
        chance.shuffle(slices)
    if not manners.lost:
        return slices
    return [part for each in slices for part in ([each, each] if chance.random() < LOST_PART else [each])]


def turns(fleet: list[SimTill]) -> Iterator[tuple[SimTill, Slice]]:
    """One message of each till after the other, as a working day brings them."""
    for number in range(max((len(each.plan) for each in fleet), default=0)):
        for each in fleet:
            if number < len(each.plan):
                yield each, each.plan[number]
