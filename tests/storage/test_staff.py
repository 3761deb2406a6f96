"""Staff and customers: the files they come from, and how they are read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from peewee import SqliteDatabase

from kassa_tui.domain.staff import Person
from kassa_tui.storage.csvread import ImportReport
from kassa_tui.storage.shop_schema import open_shop
from kassa_tui.storage.staff import Customer, StaffMember, customer, staff, staff_member
from kassa_tui.storage.staff_import import import_customers, import_staff

GOOD = "code,name,role,pin\nanna,Anna,cashier,1111\nbas,Bas,manager,9999\n"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[SqliteDatabase]:
    db = open_shop(tmp_path / "shop.db", "NL")
    yield db
    db.close()


def write(db: SqliteDatabase, content: str) -> Path:
    path = Path(str(db.database)).with_name("people.csv")
    path.write_text(content, encoding="utf-8")
    return path


def load(db: SqliteDatabase, content: str) -> ImportReport:
    return import_staff(db, write(db, content), lambda pin: f"hash of {pin}")


def found(report: ImportReport) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.column, problem.code) for problem in report.problems]


def test_staff_is_read_back_with_its_hash(db: SqliteDatabase) -> None:
    assert load(db, GOOD) == ImportReport(people=2)
    assert staff(db) == [
        StaffMember(Person("anna", "Anna", "cashier"), "hash of 1111", True),
        StaffMember(Person("bas", "Bas", "manager"), "hash of 9999", True),
    ]
    assert staff_member(db, "bas") == staff(db)[1]
    assert staff_member(db, "nobody") is None


def test_a_language_may_be_given(db: SqliteDatabase) -> None:
    assert load(db, "code;name;role;pin;language\nluc;Luc;Senior;12345678;FR\nkim;Kim;technician;0000;\n").ok
    assert [member.person for member in staff(db)] == [
        Person("kim", "Kim", "technician", "nl"),
        Person("luc", "Luc", "senior", "fr"),
    ]


def test_who_is_not_in_the_file_has_left_but_is_remembered(db: SqliteDatabase) -> None:
    assert load(db, GOOD).ok
    assert load(db, "code,name,role,pin\nbas,Bas B.,senior,1234\n").ok
    assert [member.person.code for member in staff(db)] == ["bas"]
    assert [(m.person.code, m.active) for m in staff(db, everyone=True)] == [("anna", False), ("bas", True)]
    bas, anna = staff_member(db, "bas"), staff_member(db, "anna")
    assert bas is not None
    assert anna is not None
    assert (bas.person.name, bas.person.role, bas.pin_hash) == ("Bas B.", "senior", "hash of 1234")
    assert anna.person.name == "Anna"
    assert load(db, GOOD).ok
    assert len(staff(db)) == 2


def test_all_problems_at_once_and_nothing_changed_or_hashed(db: SqliteDatabase) -> None:
    assert load(db, GOOD).ok
    before = staff(db, everyone=True)
    content = (
        "code,name,role,pin\n,No code,cashier,1234\nb,,owner,123\nc,C,cashier,123456789\n"
        "d,D,cashier,12a4\ne,E,cashier,1234\ne,E2,cashier,4321\nf,F,cashier,\ng,G,cashier,١٢٣٤\n"
    )
    hashed: list[str] = []

    def hash_pin(pin: str) -> str:
        hashed.append(pin)
        return "x"

    report = import_staff(db, write(db, content), hash_pin)
    assert found(report) == [
        (2, "code", "required"),
        (3, "name", "required"),
        (3, "role", "not_one_of"),
        (3, "pin", "pin_digits"),
        (4, "pin", "pin_digits"),
        (5, "pin", "pin_digits"),
        (6, "pin", "duplicate_pin"),
        (7, "code", "duplicate_code"),
        (8, "pin", "required"),
        (9, "pin", "pin_digits"),
    ]
    assert hashed == []
    assert staff(db, everyone=True) == before
    assert all("123" not in str(problem.facts) for problem in report.problems)


def test_a_hash_that_fails_leaves_the_staff_alone(db: SqliteDatabase) -> None:
    assert load(db, GOOD).ok

    def broken(pin: str) -> str:
        raise RuntimeError(pin)

    with pytest.raises(RuntimeError):
        import_staff(db, write(db, GOOD.replace("Anna", "Eva")), broken)
    assert [member.person.name for member in staff(db)] == ["Anna", "Bas"]


@pytest.mark.parametrize("content", ["", "code,name,role,pin\n", "code,name\na,A\n"])
def test_a_file_without_people_is_refused(db: SqliteDatabase, content: str) -> None:
    assert load(db, GOOD).ok
    assert not load(db, content).ok
    assert len(staff(db)) == 2


def test_customers(db: SqliteDatabase) -> None:
    content = "code,name,vat_id,account,business\nK1,Bakkerij Jansen,NL001234567B01,ja,1\nK2,Mevr. De Vries,,,nee\n"
    assert import_customers(db, write(db, content)) == ImportReport(customers=2)
    assert customer(db, "K1") == Customer("K1", "Bakkerij Jansen", "NL001234567B01", True, True)
    assert customer(db, "K2") == Customer("K2", "Mevr. De Vries")
    assert customer(db, "K3") is None
    assert import_customers(db, write(db, "code,name\nK3,Nieuw\n")).ok
    assert customer(db, "K1") is None
    assert customer(db, "K3") == Customer("K3", "Nieuw")


def test_problems_of_a_customer_file(db: SqliteDatabase) -> None:
    assert import_customers(db, write(db, "code,name\nK1,Klant\n")).ok
    content = "code,name,vat_id,account,business\nK2,,,maybe,\nK3,A," + "9" * 21 + ",,\nK3,B,,,\n"
    report = import_customers(db, write(db, content))
    assert found(report) == [
        (2, "name", "required"),
        (2, "account", "not_yes_or_no"),
        (3, "vat_id", "too_long"),
        (4, "code", "duplicate_code"),
    ]
    assert customer(db, "K1") is not None
