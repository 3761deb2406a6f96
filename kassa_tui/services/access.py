"""Who is at the till: PINs, waiting after wrong ones, locking, and a manager's approval in place."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kassa_tui.domain.outcome import Outcome
from kassa_tui.domain.staff import Person
from kassa_tui.services.till import done, refused

if TYPE_CHECKING:
    from kassa_tui.services.till import Till


class People:
    """The staff, found by PIN. A PIN once proven is remembered under a key that dies with the process, so that the
    next switch is instant while the stored hash stays slow to guess."""

    def __init__(self, read: Callable[[], Sequence[tuple[Person, str]]], verify: Callable[[str, str], bool]) -> None:
        self._read, self._verify = read, verify
        self._key = os.urandom(32)
        self._known: dict[bytes, tuple[str, str]] = {}

    def by_pin(self, pin: str) -> Person | None:
        """The person with this PIN, or None."""
        tag = hashlib.blake2b(pin.encode(), key=self._key, digest_size=16).digest()
        staff = self._read()
        remembered = self._known.get(tag)
        for person, hashed in staff:
            if remembered == (person.code, hashed):
                return person
        for person, hashed in staff:
            if self._verify(hashed, pin):
                self._known[tag] = (person.code, hashed)
                return person
        return None

    def everybody(self) -> list[Person]:
        """All who may log in."""
        return [person for person, _ in self._read()]


def hash_pin(pin: str) -> str:
    """Argon2id of a PIN, for storage; a few ms and 1 MiB. A PIN has too few values for any
    hash to hide it from who has the file; more memory would only stay with a till on a small board."""
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=6, memory_cost=1024, parallelism=1).hash(pin)


def verify_pin(hashed: str, pin: str) -> bool:
    """Whether ``pin`` is the one behind ``hashed``."""
    from argon2 import PasswordHasher
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        return PasswordHasher().verify(hashed, pin)
    except (VerificationError, InvalidHashError):
        return False


def login(till: Till, pin: str) -> Outcome:
    """Put the person with this PIN at the till; the open ticket stays on the counter."""
    wait = waiting_seconds(till)
    if wait:
        return refused("login_wait", seconds=wait)
    person = till.people.by_pin(pin)
    if person is None:
        till.store.record("login.failed", {}, "")
        return refused("wrong_pin")
    till.store.record("login", {"name": person.name, "role": person.role}, person.code)
    till.person, till.locked = person, False
    return done("logged_in", name=person.name, role=person.role, language=person.language, shift=till.shift)


def logout(till: Till) -> Outcome:
    """Leave the till; an open ticket waits for whoever comes next."""
    if till.person is None:
        return refused("not_logged_in")
    till.store.record("logout", {}, till.who)
    till.person, till.locked = None, False
    return done("logged_out")


def lock(till: Till) -> Outcome:
    """Lock the till; what the customer may see stays on the screen."""
    if till.person is None:
        return refused("not_logged_in")
    till.locked = True
    return done("locked")


def approve(till: Till, pin: str) -> Outcome:
    """A manager's PIN for the one act that was refused; the cashier stays logged in."""
    wanted = till.waiting_for_approval()
    if wanted is None:
        return refused("nothing_to_approve")
    wait = waiting_seconds(till)
    if wait:
        return refused("login_wait", seconds=wait)
    person = till.people.by_pin(pin)
    if person is None:
        till.store.record("login.failed", {}, till.who)
        return refused("wrong_pin")
    if not person.may("approve") or not person.may(str(wanted.facts.get("permission", ""))):
        return refused("may_not_approve", name=person.name)
    return till.approved_by(person)


def waiting_seconds(till: Till) -> int:
    """Seconds to wait before another PIN is looked at: after the third wrong one, doubling to a bound."""
    rules, state = till.config.rules, till.store.state
    over = state.login_failures - rules.login_delay_after
    if over < 0:
        return 0
    delay: int = min(rules.login_delay_seconds * 2 ** min(over, 12), rules.login_delay_max_seconds)
    passed = (till.clock.now().at - state.login_failed_at) // 1000
    return max(delay - passed, 0) if passed >= 0 else delay
