"""Who may log in at this till, and the customers it knows by their code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kassa_tui.domain.staff import Person

if TYPE_CHECKING:
    from peewee import SqliteDatabase

_STAFF = "select code, name, role, language, pin_hash, active from staff"
_CUSTOMER = "select code, name, vat_id, account_allowed, business from customer where code = ?"


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A person with what the log-in needs."""

    person: Person
    pin_hash: str
    """Argon2id text; the PIN itself is stored nowhere."""
    active: bool
    """False for who left: their name stays for old receipts."""


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer with a code of their own."""

    code: str
    name: str
    vat_id: str = ""
    account_allowed: bool = False
    """May buy on account."""
    business: bool = False
    """Buys as a business: other rules of rounding and invoicing hold."""


def staff(db: SqliteDatabase, *, everyone: bool = False) -> list[StaffMember]:
    """The staff who may log in, by code; with ``everyone`` also who left."""
    rows = db.execute_sql(f"{_STAFF} {'' if everyone else 'where active'} order by code").fetchall()
    return [_member(*row) for row in rows]


def staff_member(db: SqliteDatabase, code: str) -> StaffMember | None:
    """The member of staff with this code, active or not."""
    row = db.execute_sql(f"{_STAFF} where code = ?", (code,)).fetchone()
    return None if row is None else _member(*row)


def customer(db: SqliteDatabase, code: str) -> Customer | None:
    """The customer with this code."""
    row = db.execute_sql(_CUSTOMER, (code,)).fetchone()
    return None if row is None else Customer(row[0], row[1], row[2], bool(row[3]), bool(row[4]))


def _member(code: str, name: str, role: str, language: str, pin_hash: str, active: int) -> StaffMember:
    return StaffMember(Person(code, name, role, language), pin_hash, bool(active))
