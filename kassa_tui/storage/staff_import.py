"""Staff and customers from CSV files: each file is the whole list, and is taken over entirely or not at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from peewee import SqliteDatabase

from kassa_tui.domain.staff import ROLES
from kassa_tui.storage.csvread import BadCell, ImportReport, Problems, choice, read_rows, words
from kassa_tui.storage.database import translated

STAFF_COLUMNS = ("code", "name", "role", "pin", "language")
CUSTOMER_COLUMNS = ("code", "name", "vat_id", "account", "business")

LANGUAGES = ("nl", "fr", "en")
MAX_CODE_CHARS = 32
MAX_NAME_CHARS = 80
MAX_VAT_ID_CHARS = 20

_YES = ("1", "yes", "ja", "oui", "true", "j", "y")
_NO = ("0", "no", "nee", "non", "false", "n", "")

_PUT_STAFF = """insert into staff (code, name, role, pin_hash, language, active) values (?, ?, ?, ?, ?, 1)
on conflict (code) do update set name = excluded.name, role = excluded.role, pin_hash = excluded.pin_hash,
language = excluded.language, active = 1"""


def import_staff(db: SqliteDatabase, path: Path | str, hash_pin: Callable[[str], str]) -> ImportReport:
    """Replace the staff of the shop ``db`` by the file ``path``: ``code,name,role,pin`` and, if given, ``language``.

    Who is not in the file can no longer log in, but keeps name and role for old receipts. A PIN has 4 to 8 digits and
    belongs to one person; weak ones are the shop's own choice. ``hash_pin`` makes the text that is stored, and runs
    only when the whole file is good. Problems name the PIN's line, never the PIN.
    """
    problems, people = Problems(), []
    codes: dict[str, int] = {}
    pins: dict[str, int] = {}
    role, language = choice(*ROLES), choice(*LANGUAGES, default=LANGUAGES[0])
    for line, cells in read_rows(path, STAFF_COLUMNS, STAFF_COLUMNS[:4], problems):
        code = problems.cell(line, "code", words(MAX_CODE_CHARS), cells[0], "")
        name = problems.cell(line, "name", words(MAX_NAME_CHARS), cells[1], "")
        its_role = problems.cell(line, "role", role, cells[2], "")
        pin = problems.cell(line, "pin", _pin, cells[3], "")
        its_language = problems.cell(line, "language", language, cells[4], "")
        _once(problems, codes, line, "code", code, "duplicate_code")
        _once(problems, pins, line, "pin", pin, "duplicate_pin")
        people.append((code, name, its_role, pin, its_language))
    if problems.count:
        return problems.report()
    rows = [(code, name, its_role, hash_pin(pin), spoken) for code, name, its_role, pin, spoken in people]
    with translated(db.database), db.atomic():
        db.execute_sql("update staff set active = 0")
        db.connection().executemany(_PUT_STAFF, rows)
    return ImportReport(people=len(rows), warnings=tuple(problems.warnings))


def import_customers(db: SqliteDatabase, path: Path | str) -> ImportReport:
    """Replace the customers of the shop ``db`` by the file ``path``: ``code,name,vat_id,account,business``.

    The last three may be missing; ``account`` and ``business`` are yes or no, in Dutch, French or English.
    """
    problems, rows = Problems(), []
    codes: dict[str, int] = {}
    for line, cells in read_rows(path, CUSTOMER_COLUMNS, CUSTOMER_COLUMNS[:2], problems):
        code = problems.cell(line, "code", words(MAX_CODE_CHARS), cells[0], "")
        name = problems.cell(line, "name", words(MAX_NAME_CHARS), cells[1], "")
        vat_id = problems.cell(line, "vat_id", words(MAX_VAT_ID_CHARS), cells[2], "") if cells[2] else ""
        account = problems.cell(line, "account", _yes, cells[3], False)
        business = problems.cell(line, "business", _yes, cells[4], False)
        _once(problems, codes, line, "code", code, "duplicate_code")
        rows.append((code, name, vat_id, int(account), int(business)))
    if problems.count:
        return problems.report()
    with translated(db.database), db.atomic():
        db.execute_sql("delete from customer")
        db.connection().executemany("insert into customer values (?, ?, ?, ?, ?)", rows)
    return ImportReport(customers=len(rows), warnings=tuple(problems.warnings))


def _once(problems: Problems, seen: dict[str, int], line: int, column: str, value: str, code: str) -> None:
    first = seen.setdefault(value, line)
    if value and first != line:
        problems.add(line, column, code, first_line=first)


def _pin(text: str) -> str:
    if not text:
        raise BadCell("required")
    if not text.isascii() or not text.isdigit() or not 4 <= len(text) <= 8:
        raise BadCell("pin_digits", least=4, most=8)
    return text


def _yes(text: str) -> bool:
    word = text.casefold()
    if word in _YES:
        return True
    if word not in _NO:
        raise BadCell("not_yes_or_no", value=text[:40])
    return False
