"""The pages, by Django's own client: what they say, who may see it, and what a file holds."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from kassa_office.dashboard import figures, formats
from kassa_office.dashboard.downloads import as_csv, as_xlsx
from kassa_office.dashboard.tables import Column, State, Table
from kassa_office.journal.models import Alarm, Quarantine
from kassa_office.sales.models import ZReport
from kassa_office.staff.models import Audit, Employee
from kassa_office.tills.models import TillCursor, TillState
from tests.office.conftest import TillHere
from tests.office.dashboard.conftest import MakeUser, send
from tests.office.journals import line

COMPANYWIDE = ["/webshops/", "/logboek/"]
"""Not a manager's."""
PAGES = ["/", "/omzet/", "/artikelen/", "/bijzonderheden/", "/z/", "/meldingen/", "/kassas/", "/volledig/",
         *COMPANYWIDE]  # fmt: skip
KINDS = ["branch", "till", "day", "hour", "group", "vat", "tender", "staff"]
Company = dict[str, TillHere]


@pytest.fixture
def owner(client: Client, make_user: MakeUser) -> Client:
    client.force_login(make_user("marie", "owner"), "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def manager(client: Client, company: Company, make_user: MakeUser) -> Client:
    """May see B1 only."""
    client.force_login(make_user("piet", "manager", ["B1"]), "django.contrib.auth.backends.ModelBackend")
    return client


def text(client: Client, path: str, status: int = 200, **headers: str) -> str:
    response = client.get(path, headers=headers)
    assert response.status_code == status, (path, response.status_code)
    return response.content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_nobody_sees_anything_without_logging_in(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert response["Location"].startswith("/inloggen/")


@pytest.mark.parametrize("path", PAGES)
def test_pages_of_an_empty_office(owner: Client, path: str) -> None:
    page = text(owner, path)
    assert 'aria-current="page"' in page
    assert "style=" not in page
    assert "<script>" not in page


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("office_db", ["sqlite"], indirect=True)
def test_figures_are_written_the_same_in_each_language(
    owner: Client, company: Company, path: str, language: str
) -> None:
    page = text(owner, path, accept_language=language)
    assert f'<html lang="{language}">' in page
    if path in ("/", "/omzet/"):
        assert formats.euro(figures.total(["B1"], figures.today(), figures.today()).amount) in page


def test_today(owner: Client, company: Company) -> None:
    page = text(owner, "/")
    total = figures.total(["B1", "B2"], figures.today(), figures.today())
    assert total.amount == 6 * 12_345 + 3 * 110 - 3 * 55
    assert formats.euro(total.amount) in page
    assert "alles binnen" in page
    assert "Filiaal B2" in page


def test_today_is_not_made_again_while_nothing_changed(owner: Client, company: Company) -> None:
    first = owner.get("/", headers={"HX-Request": "true"})
    etag = first["ETag"]
    assert f'data-etag="{etag[1:-1]}"' in first.content.decode().replace("&quot;", "")
    assert "<html" not in first.content.decode()
    again = owner.get("/", headers={"HX-Request": "true", "If-None-Match": etag})
    assert again.status_code == 304 or _minute_passed(owner, etag)
    here = company["K1"]
    here.book.sale(line("6", 99))
    send(here, len(here.book.entries))
    changed = owner.get("/", headers={"HX-Request": "true", "If-None-Match": etag})
    assert changed.status_code == 200
    assert changed["ETag"] != etag


def _minute_passed(client: Client, etag: str) -> bool:
    """The clock on the page moved between the two requests: then the next two are within one minute."""
    fresh = client.get("/", headers={"HX-Request": "true"})["ETag"]
    assert fresh != etag
    return client.get("/", headers={"HX-Request": "true", "If-None-Match": fresh}).status_code == 304


@pytest.mark.parametrize("kind", KINDS)
def test_turnover_adds_up_whatever_it_is_divided_by(owner: Client, company: Company, kind: str) -> None:
    page = text(owner, f"/omzet/?periode=vandaag&per={kind}")
    rows = figures.by(kind, ["B1", "B2"], figures.today(), figures.today())
    assert rows
    for row in rows:
        assert formats.euro(row.amount) in page
    assert formats.euro(sum(row.amount for row in rows)) in page


def test_turnover_of_one_branch_and_one_till(owner: Client, company: Company) -> None:
    today = figures.today()
    assert formats.euro(figures.total(["B2"], today, today).amount) in text(owner, "/omzet/?filiaal=B2")
    page = text(owner, "/omzet/?kassa=K2&per=till")
    assert formats.euro(figures.total(["B1"], today, today, "K2").amount) in page
    assert formats.euro(figures.total(["B1"], today, today, "K1").amount) not in page


def test_exceptions_in_words(owner: Client, company: Company) -> None:
    Employee.objects.create(code="anna", name="Anna de Vries", pin_hash="")
    page = text(owner, "/bijzonderheden/?periode=vandaag")
    for words in ("Retour met bon", "Lade geopend zonder verkoop", "Anna de Vries (anna)"):
        assert words in page


def test_z_reports(owner: Client, company: Company) -> None:
    before = (figures.today() - timedelta(days=7)).isoformat()
    page = text(owner, f"/z/?van={before}&tot={before}")
    assert "K1 Z1" in page
    assert formats.euro(-150) in page
    detail = text(owner, "/z/B1/K1/1/")
    for part in (formats.euro(9_150), formats.euro(5_000), "contant", "9\u00a0%", formats.euro(-150)):
        assert part in detail
    assert owner.get("/z/B1/K1/99/").status_code == 404


def test_a_z_that_is_not_as_it_should_be_is_still_a_page(owner: Client, company: Company) -> None:
    for body in ("[]", "{", '{"cash": 3, "vat": {"a": 1}, "tenders": [1], "pieces": {"x": "y"}}'):
        ZReport.objects.filter(branch="B1", till="K1").update(body=body)
        assert "K1 Z1" in text(owner, "/z/B1/K1/1/")


def test_best_sellers(owner: Client, company: Company) -> None:
    page = text(owner, "/artikelen/?periode=vandaag")
    assert formats.euro(6 * 12_345 - 3 * 55) in page
    assert formats.euro(330) in page


def test_the_fleet_says_in_words_how_each_till_is(owner: Client, company: Company) -> None:
    TillState.objects.create(
        till=company["K1"].till, at=timezone.now(), version="1.2.3", skew_ms=240_000, waiting=3,
        turnover_waiting=31_000, z=2, disk_free=50_000_000,
        doctor={"at": 1_795_262_400_000, "disk": "fail too_low", "clock": "ok set"},
        devices=[{"role": "printer", "kind": "usb", "state": "printer_paper_out"}],
    )  # fmt: skip
    for page in (text(owner, "/kassas/"), text(owner, "/kassas/K1/")):
        for words in ("papier op", "4 min voor", "3 regels", "1.2.3", "50\u00a0MB vrij"):
            assert words in page
    assert 'class="state bad"' in text(owner, "/kassas/")
    assert "too_low" in text(owner, "/kassas/K1/")
    assert "3 regels nog onderweg" in text(owner, "/")


def test_a_silent_till_is_told_with_what_it_usually_sells(owner: Client, company: Company) -> None:
    long_ago = timezone.now() - timedelta(hours=30)
    TillCursor.objects.filter(till="K3").update(received_at=long_ago)
    TillState.objects.create(till=company["K3"].till, at=long_ago, z=2, waiting=1, turnover_waiting=31_000)
    page = text(owner, "/")
    assert "K3 sinds" in page
    assert "€\u00a0310" in page
    assert "binnen" in page


def test_proof(owner: Client, company: Company) -> None:
    assert "compleet" in text(owner, "/volledig/")
    day = figures.today().isoformat()
    page = text(owner, f"/volledig/K1/?dag={day}")
    assert "Compleet: er ontbreekt niets" in page
    assert formats.euro(12_345 + 110 - 55) in page
    assert Audit.objects.filter(act="proof.made", facts__till="K1").count() == 1
    assert "het hele journaal" in text(owner, "/volledig/K1/?alles")


def test_a_gap_is_seen(owner: Client, company: Company) -> None:
    from kassa_office.journal import ingest
    from kassa_tui.sync.codec import encode

    here = company["K2"]
    for _n in range(3):
        here.book.sale(line("6", 100))
    last = len(here.book.entries)
    batch = here.book.batch(last, last)
    ingest.push(here.till, batch, encode(batch), "identity")
    assert "K2: 2 regels ontbreken ertussen" in text(owner, "/")
    assert "niet compleet" in text(owner, "/volledig/")
    assert "Niet compleet" in text(owner, f"/volledig/K2/?dag={formats.local(timezone.now()).date()}&alles")
    assert "ontbreken regels" in text(owner, "/meldingen/")


def test_closing_an_alarm(owner: Client, company: Company) -> None:
    now = timezone.now()
    alarm = Alarm.objects.create(code="silent", branch="B1", till="K1", first_at=now, last_at=now,
                                 facts={"since": now.isoformat()})  # fmt: skip
    assert "laat niets meer horen" in text(owner, "/meldingen/")
    assert '<b class="count">1</b>' in text(owner, "/meldingen/")
    assert owner.get(f"/meldingen/{alarm.pk}/sluiten/").status_code == 405
    assert owner.post(f"/meldingen/{alarm.pk}/sluiten/").status_code == 302
    alarm.refresh_from_db()
    assert alarm.closed_by == "marie"
    assert Audit.objects.get(act="alarm.closed").facts["till"] == "K1"


def test_forms_want_their_token(company: Company, make_user: MakeUser) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_user("marie", "owner"), "django.contrib.auth.backends.ModelBackend")
    now = timezone.now()
    alarm = Alarm.objects.create(code="silent", branch="B1", till="K1", first_at=now, last_at=now)
    assert strict.post(f"/meldingen/{alarm.pk}/sluiten/").status_code == 403
    alarm.refresh_from_db()
    assert alarm.closed_at is None


def test_quarantine_is_shown_as_text_and_decided_by_the_owner(owner: Client, company: Company) -> None:
    row = Quarantine.objects.create(branch="B1", till="K1", seq=77, hash="a" * 64, code="hash",
                                    received_at=timezone.now(),
                                    raw='{"seq": 77, "body": "<script>alert(1)</script>"}')  # fmt: skip
    page = text(owner, "/meldingen/")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert(1)" not in page
    assert owner.post(f"/meldingen/apart/{row.pk}/", {"besluit": "weglaten"}).status_code == 302
    row.refresh_from_db()
    assert (row.decision, row.decided_by) == ("dismissed", "marie")
    assert Audit.objects.filter(act="quarantine.dismissed").count() == 1


@pytest.mark.parametrize(
    "path",
    ["/?filiaal=B2", "/omzet/?filiaal=B2", "/omzet/?filiaal=B1&filiaal=B2", "/omzet/?kassa=K3",
     "/artikelen/?filiaal=B2", "/bijzonderheden/?kassa=K3", "/z/?filiaal=B2", "/z/B2/K3/1/", "/kassas/?filiaal=B2",
     "/kassas/K3/", "/kassas/ZZ/",
     "/volledig/?filiaal=B2", "/volledig/K3/", "/omzet/?filiaal=B2&tabel=omzet&bestand=csv", "/logboek/", "/webshops/",
     "/webshops/WEB/"],
)  # fmt: skip
def test_another_branch_is_refused_and_recorded(manager: Client, path: str) -> None:
    assert manager.get(path).status_code == 403
    record = Audit.objects.get(refused=True)
    assert (record.user, record.act.endswith(".refused")) == ("piet", True)


@pytest.mark.parametrize("path", [path for path in PAGES if path not in COMPANYWIDE])
def test_a_manager_sees_nothing_of_another_branch(manager: Client, company: Company, path: str) -> None:
    now = timezone.now()
    Alarm.objects.create(code="silent", branch="B2", till="K3", first_at=now, last_at=now)
    Alarm.objects.create(code="unknown_kind", matter="vreemd", first_at=now, last_at=now)
    Quarantine.objects.create(branch="B2", till="K3", seq=77, hash="b" * 64, code="hash", received_at=now, raw="geheim")
    # A token is any letters: it may well hold the name of a till.
    page = re.sub(r'(X-CSRFToken": |csrfmiddlewaretoken" value=)"[^"]*"', "", text(manager, path))
    for word in ("Filiaal B2", "K3", "geheim", "vreemd", formats.euro(3 * 12_345 + 110 - 55), 'class="count"'):
        assert word not in page
    assert "K1" in page or "Filiaal B1" in page or path in ("/artikelen/", "/meldingen/", "/z/")


def test_a_manager_closes_and_decides_nothing_of_another(manager: Client, company: Company) -> None:
    now = timezone.now()
    theirs = Alarm.objects.create(code="silent", branch="B2", till="K3", first_at=now, last_at=now)
    company_wide = Alarm.objects.create(code="unknown_kind", matter="x", first_at=now, last_at=now)
    row = Quarantine.objects.create(
        branch="B1", till="K1", seq=77, hash="c" * 64, code="hash", received_at=now, raw="{}"
    )
    for path in (f"/meldingen/{theirs.pk}/sluiten/", f"/meldingen/{company_wide.pk}/sluiten/",
                 f"/meldingen/apart/{row.pk}/"):  # fmt: skip
        assert manager.post(path, {"besluit": "weglaten"}).status_code == 403
    assert Alarm.objects.filter(closed_at=None).count() == 2
    assert Quarantine.objects.get().decision == ""


def test_a_user_without_a_role_sees_nothing(client: Client, company: Company, make_user: MakeUser) -> None:
    user = make_user("leeg", "manager")
    user.profile.delete()
    client.force_login(type(user).objects.get(pk=user.pk), "django.contrib.auth.backends.ModelBackend")
    assert {client.get(path).status_code for path in PAGES} == {403}


def test_every_table_can_be_downloaded(owner: Client, company: Company) -> None:
    wanted = {"/": ["filialen"], "/omzet/": ["omzet"], "/artikelen/": ["artikelen", "groepen"], "/z/": ["z-rapporten"],
              "/bijzonderheden/": ["soorten", "medewerkers", "kassas"], "/meldingen/": ["open", "gesloten"],
              "/kassas/": ["kassas"], "/volledig/": ["volledig", "dagen"], "/logboek/": ["logboek"],
              "/z/B1/K1/1/": ["kas", "btw"], "/volledig/K1/": ["bewijs", "afwijkingen"]}  # fmt: skip
    for path, names in wanted.items():
        for name in names:
            for kind, start in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK")):
                response = owner.get(path, {"tabel": name, "bestand": kind})
                assert response.status_code == 200, (path, name)
                assert response.content.startswith(start)
                assert f'.{kind}"' in response["Content-Disposition"]
    assert owner.get("/omzet/?tabel=anders&bestand=csv").status_code == 404
    assert owner.get("/omzet/?tabel=omzet&bestand=exe").status_code == 404


@pytest.mark.parametrize("office_db", ["sqlite"], indirect=True)
def test_a_file_has_the_figures(owner: Client, company: Company) -> None:
    total = figures.total(["B1", "B2"], figures.today(), figures.today())
    content = owner.get("/omzet/?tabel=omzet&bestand=csv").content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(content), delimiter=";"))
    assert rows[-1][1] == f"{total.amount / 100:.2f}".replace(".", ",")
    assert [row[1] for row in rows[1:-1]] == ["370,90", "370,90"] or len(rows) == 4
    sheet = load_workbook(io.BytesIO(owner.get("/omzet/?tabel=omzet&bestand=xlsx").content)).active
    assert sheet is not None
    assert sheet.cell(sheet.max_row, 2).value == total.amount / 100


@pytest.mark.parametrize("evil", ["=1+1", "+31 6", "-2", "@SUM(A1)", "\t=1", "\r=1", " =1", "=cmd|' /C calc'!A0"])
def test_text_is_never_a_formula(evil: str) -> None:
    table = Table("x", "Tabel", [Column("Naam"), Column("Bedrag", "euro")], [(evil, -150), (State("ok", evil), None)])
    rows = list(csv.reader(io.StringIO(as_csv(table).decode("utf-8-sig")), delimiter=";"))
    assert rows[1][0] == f"'{evil}"
    assert rows[1][1] == "-1,50"
    sheet = load_workbook(io.BytesIO(as_xlsx(table))).active
    assert sheet is not None
    assert sheet["A2"].data_type == "s"
    assert sheet["A2"].value.strip("\t\r\n ") == evil.strip("\t\r\n ")
    assert sheet["B2"].value == -1.5


def test_odd_characters_do_not_break_a_file() -> None:
    table = Table("x", "a/b[c]:d*e?" * 5, [Column("Naam")], [("nul \0 half \ud800 <b>",), (None,)])
    assert b"PK" in as_xlsx(table)[:4]
    assert "half" in as_csv(table).decode("utf-8-sig")
    assert "&lt;b&gt;" in table.html()


def test_names_are_data(owner: Client, company: Company) -> None:
    branch = company["K1"].till.branch
    branch.name = "<img src=x onerror=alert(1)>"
    branch.save()
    for path in PAGES:
        assert "<img src=x" not in text(owner, path)


def test_the_policy_is_strict(owner: Client, company: Company) -> None:
    policy = owner.get("/")["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert owner.get("/")["Cache-Control"] == "private, no-store"
