"""``kassa-office`` as a person types it: a copy made and put back, and what doctor, user and till answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from kassa_office.catalogue.models import Article
from kassa_office.staff.models import Audit
from kassa_office.tills.models import Branch, Till
from kassa_office.tills.office import office
from tests.office.databases import Databases


def kassa_office(db: Databases, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own, on the test's database."""
    return subprocess.run(
        [sys.executable, "-m", "kassa_office", *words],
        env={**db.environ, **more},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_copy_is_put_back_with_a_new_epoch(office_db: Databases, tmp_path: Path) -> None:
    Branch.objects.create(code="B1", name="Voor de kopie")
    before = office().epoch
    made = kassa_office(office_db, "backup", str(tmp_path))
    assert made.returncode == 0, made.stderr
    [copy] = tmp_path.iterdir()
    assert copy.stat().st_mode & 0o077 == 0
    Branch.objects.create(code="B2", name="Na de kopie")
    refused = kassa_office(office_db, "restore", str(copy))
    assert refused.returncode == 4
    assert Branch.objects.count() == 2
    done = kassa_office(office_db, "restore", str(copy), "--yes")
    assert done.returncode == 0, done.stderr
    assert [branch.name for branch in Branch.objects.all()] == ["Voor de kopie"]
    assert office().epoch != before
    assert office().epoch[:8] in done.stdout


def test_what_is_no_copy_is_refused_and_nothing_is_touched(office_db: Databases, tmp_path: Path) -> None:
    Branch.objects.create(code="B1", name="Blijft")
    odd = tmp_path / "foto.jpg"
    odd.write_bytes(b"\xff\xd8" * 500)
    answer = kassa_office(office_db, "restore", str(odd), "--yes")
    assert answer.returncode == 3
    assert "Traceback" not in answer.stderr
    assert kassa_office(office_db, "restore", str(tmp_path / "weg"), "--yes").returncode == 2
    assert Branch.objects.get().name == "Blijft"


def test_a_copy_that_is_cut_off_leaves_what_was(office_db: Databases, tmp_path: Path) -> None:
    Branch.objects.create(code="B1", name="Blijft")
    assert kassa_office(office_db, "backup", str(tmp_path)).returncode == 0
    [copy] = tmp_path.iterdir()
    copy.write_bytes(copy.read_bytes()[: int(copy.stat().st_size * 0.9)])
    answer = kassa_office(office_db, "restore", str(copy), "--yes")
    assert answer.returncode == 3
    assert "Traceback" not in answer.stderr
    assert Branch.objects.get().name == "Blijft"


def test_people_and_tills_are_made_and_odd_words_refused(office_db: Databases) -> None:
    assert kassa_office(office_db, "till", "K1", "--branch", "B1").returncode == 2
    made = kassa_office(office_db, "till", "K1", "--branch", "B1", "--branch-name", "Centrum")
    assert made.returncode == 0, made.stderr
    assert Till.objects.get().branch_id == "B1"
    assert "kassa enrol" in made.stdout
    assert kassa_office(office_db, "till", "k 1", "--branch", "B1").returncode == 2
    weak = kassa_office(office_db, "user", "piet", "--branch", "B1", KASSA_OFFICE_PASSWORD="piet")
    assert weak.returncode == 2
    assert kassa_office(office_db, "user", "piet", KASSA_OFFICE_PASSWORD="zes-paarse-fietsen").returncode == 0
    found = json.loads(kassa_office(office_db, "doctor", "--json").stdout)
    assert {each["code"] for each in found} >= {"database", "disk", "inbox", "people", "secrets", "tls"}
    assert [each["state"] for each in found if each["code"] == "people"] == ["bad"]


def test_a_whole_assortment_is_told_and_then_taken_over(office_db: Databases, tmp_path: Path) -> None:
    head = "sku,name,price,vat,group\n"
    first, whole = tmp_path / "eerst.csv", tmp_path / "geheel.csv"
    first.write_text(head + "".join(f"{n},Artikel {n},1,9,Brood\n" for n in range(1, 31)), "utf-8")
    whole.write_text(head + "1,Artikel 1,1,9,Brood\n", "utf-8")
    assert kassa_office(office_db, "import", str(first)).returncode == 0
    told = kassa_office(office_db, "import", "--whole", str(whole))
    assert told.returncode == 0, told.stderr
    assert "29 artikelen, waarvan 0 met voorraad" in told.stdout
    assert "… en nog 9" in told.stdout
    assert "Er is niets veranderd" in told.stdout
    assert Article.objects.filter(active=True).count() == 30
    done = kassa_office(office_db, "import", "--whole", "--yes", str(whole))
    assert done.stdout == "1 artikelen overgenomen.\n", done.stderr
    assert list(Article.objects.filter(active=True).values_list("sku", flat=True)) == ["1"]
    assert Audit.objects.filter(act="articles.imported").order_by("id").last().facts["whole"] is True  # type: ignore[union-attr]
    assert "Er gaat niets uit de verkoop" in kassa_office(office_db, "import", "--whole", str(whole)).stdout
