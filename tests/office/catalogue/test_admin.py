"""The administration: its pages open and save, under the strict policy, and each role sees and does what is its own."""

from __future__ import annotations

import io
import re
from datetime import date

import pytest
from django.contrib.admin import site
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from openpyxl import Workbook, load_workbook

from kassa_office.catalogue.models import Article, Barcode, Customer, Group, Price, PriceBatch, PriceList
from kassa_office.catalogue.resources import price_of
from kassa_office.commands.setup import make_user
from kassa_office.staff.models import Audit, Employee, Profile, has_pin
from kassa_office.tills.models import Branch, Till
from tests.office.conftest import Databases

LONG_AGO = date(2026, 1, 1)
OURS = {"catalogue", "tills", "staff", "auth"}


def user(role: str, *branches: str) -> Client:
    person = get_user_model().objects.create_user(role, password="x", is_staff=True, is_superuser=role == "owner")
    profile = Profile.objects.create(user=person, role=role)
    profile.branches.set(Branch.objects.filter(code__in=branches))
    found = Client()
    found.force_login(person)
    return found


@pytest.fixture
def shop(office_db: Databases) -> Article:
    for code in ("B1", "B2"):
        Branch.objects.create(code=code, name=f"Filiaal {code}")
        Till.objects.create(code=code.replace("B", "K"), branch_id=code)
    PriceList.objects.create(code="L", name="Lijst")
    made = Article.objects.create(sku="1", name="Brood", group=Group.objects.create(name="Brood"), vat="low")
    Barcode.objects.create(code="04006381333931", article=made)
    Price.objects.create(article=made, valid_from=LONG_AGO, amount=199)
    for code in ("B1", "B2"):
        Price.objects.create(article=made, branch_id=code, valid_from=LONG_AGO, amount=150)
    Employee.objects.create(code="anna", name="Anna", pin_hash="x")
    Customer.objects.create(code="9", name="Jansen")
    return made


def messages(response: object) -> str:
    return " ".join(re.findall(r'<li class="(?:success|warning|error|info)">(.*?)</li>', response.content.decode()))  # type: ignore[attr-defined]


def test_every_page_opens_and_runs_nothing_of_its_own(shop: Article) -> None:
    owner, seen = user("owner"), 0
    for model, admin in site._registry.items():
        if model._meta.app_label not in OURS:
            continue
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pages = [reverse(f"{base}_changelist"), reverse(f"{base}_changelist") + "?q=a"]
        pages += [reverse(f"{base}_add")] if getattr(admin, "may_write", ()) else []
        first = model._default_manager.first()
        pages += [reverse(f"{base}_change", args=[first.pk])] if first else []
        if hasattr(admin, "get_export_formats"):
            pages += [reverse(f"{base}_import"), reverse(f"{base}_export")]
        for page in pages:
            answer = owner.get(page)
            assert answer.status_code == 200, page
            text = answer.content.decode()
            assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
            assert not re.search(r"<script>|\son\w+=|\sstyle=", text), page
            seen += 1
    assert seen > 45


def inlines(**barcodes: str) -> dict[str, str]:
    empty = {f"{name}-{part}": "0" for name in ("barcodes", "prices", "costs") for part in
             ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS")}  # fmt: skip
    return empty | {name.replace("__", "-"): value for name, value in barcodes.items()}


NEW = {"sku": "2", "name": "Melk", "vat": "low", "unit": "each", "kind": "goods", "min_age": "0", "tare": "0",
       "rank": "5", "pack": "12", "active": "on"}  # fmt: skip


def test_an_article_with_code_price_and_cost_is_saved(shop: Article) -> None:
    form = NEW | {"group": str(shop.group_id)} | inlines(
        barcodes__TOTAL_FORMS="1", prices__TOTAL_FORMS="1", costs__TOTAL_FORMS="1",
        barcodes__0__code="40170725", barcodes__0__pieces="1",
        prices__0__valid_from="2026-01-01", prices__0__amount="1,79",
        costs__0__valid_from="2026-01-01", costs__0__amount="0.95",
    )  # fmt: skip
    answer = user("owner").post(reverse("admin:catalogue_article_add"), form)
    assert answer.status_code == 302, answer.context["errors"]
    made = Article.objects.get(sku="2")
    assert (made.pack, price_of(made), made.costs.get().amount) == (12_000, 179, 95)
    assert made.barcodes.get().code == "00000040170725"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"vat": "standaard"}, "De btw-code standaard bestaat niet"),
        ({"deposit_sku": "1"}, "Er is geen statiegeldartikel met dit nummer"),
        ({"barcodes-TOTAL_FORMS": "1", "barcodes-0-code": "4006381333932", "barcodes-0-pieces": "1"},
         "Het controlecijfer van 4006381333932 klopt niet"),
        ({"barcodes-TOTAL_FORMS": "1", "barcodes-0-code": "4006381333931", "barcodes-0-pieces": "1"},
         "Deze code hoort al bij artikel 1 Brood"),
        ({"prices-TOTAL_FORMS": "1", "prices-0-valid_from": "2026-01-01", "prices-0-amount": "duur"},
         "duur is geen bedrag"),
        ({"pack": "veel"}, "veel is geen getal"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_plainly(shop: Article, wrong: dict[str, str], says: str) -> None:
    answer = user("owner").post(
        reverse("admin:catalogue_article_add"), NEW | {"group": str(shop.group_id)} | inlines() | wrong
    )
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert not Article.objects.filter(sku="2").exists()


def test_an_articles_page_saves_as_it_stands(shop: Article) -> None:
    owner, place = user("owner"), reverse("admin:catalogue_article_change", args=["1"])
    code = shop.barcodes.get()
    assert 'value="4006381333931"' in owner.get(place).content.decode()
    form = {**NEW, "name": "Brood wit", "group": str(shop.group_id)} | inlines(
        barcodes__TOTAL_FORMS="1", barcodes__INITIAL_FORMS="1", barcodes__0__id=str(code.pk),
        barcodes__0__article="1", barcodes__0__code="4006381333931", barcodes__0__pieces="6",
    )  # fmt: skip
    assert owner.post(place, form).status_code == 302
    shop.refresh_from_db()
    assert (shop.name, shop.barcodes.get().pieces, shop.barcodes.get().code) == ("Brood wit", 6, "04006381333931")


def test_an_article_is_found_by_what_a_scanner_reads(shop: Article) -> None:
    answer = user("owner").get(reverse("admin:catalogue_article_changelist") + "?q=4006381333931")
    assert "Brood" in answer.content.decode()
    assert answer.context["cl"].result_count == 1


def test_a_round_of_prices_is_released_and_withdrawn(shop: Article) -> None:
    batch = PriceBatch.objects.create(name="Week 50", starts=date(2099, 1, 1))
    Price.objects.create(article=shop, valid_from=batch.starts, amount=99, batch=batch)
    owner, place = user("owner"), reverse("admin:catalogue_pricebatch_changelist")
    answer = owner.post(place, {"action": "release", "_selected_action": [batch.pk]}, follow=True)
    assert "1 prijsronde bijgewerkt" in messages(answer)
    assert PriceBatch.objects.get().released_at is not None
    owner.post(place, {"action": "withdraw", "_selected_action": [batch.pk]})
    assert PriceBatch.objects.get().released_at is None
    assert list(Audit.objects.values_list("act", flat=True)) == ["prices.released", "prices.withdrawn"]


def test_a_pin_is_kept_as_a_hash_and_is_one_persons(shop: Article) -> None:
    owner, place = user("owner"), reverse("admin:staff_employee_add")
    form = {"code": "bas", "name": "Bas", "role": "manager", "pin": "9999", "language": "nl", "active": "on"}
    assert owner.post(place, form).status_code == 302
    assert has_pin(Employee.objects.get(code="bas").pin_hash, "9999")
    answer = owner.post(place, {**form, "code": "piet", "name": "Piet"})
    assert "Deze pincode is al van iemand anders" in answer.content.decode()
    assert "4 tot 8 cijfers" in owner.post(place, {**form, "code": "piet", "pin": "12"}).content.decode()
    assert "Zonder pincode" in owner.post(place, {**form, "code": "piet", "pin": ""}).content.decode()
    assert Employee.objects.count() == 2


def test_a_manager_sees_and_changes_the_prices_of_his_branch_only(shop: Article) -> None:
    manager = user("manager", "B1")
    mine, other = (Price.objects.get(branch=code).pk for code in ("B1", "B2"))
    listed = manager.get(reverse("admin:catalogue_price_changelist")).context["cl"].queryset
    assert [price.pk for price in listed] == [mine]
    form = {"article": "1", "branch": "B1", "valid_from": "2026-01-01", "amount": "1,40"}
    assert manager.post(reverse("admin:catalogue_price_change", args=[mine]), form).status_code == 302
    assert Price.objects.get(pk=mine).amount == 140
    answer = manager.post(reverse("admin:catalogue_price_change", args=[other]), form)
    assert answer.status_code in (302, 403)
    assert Price.objects.get(pk=other).amount == 150
    for branch in ("B2", ""):
        refused = manager.post(
            reverse("admin:catalogue_price_add"), {**form, "branch": branch, "valid_from": "2027-01-01"}
        )
        assert refused.status_code == 200
    assert Price.objects.count() == 3
    assert manager.get(reverse("admin:catalogue_price_import")).status_code == 403
    assert manager.post(reverse("admin:catalogue_article_change", args=["1"]), NEW).status_code == 403
    assert manager.get(reverse("admin:staff_audit_changelist")).status_code == 403


def test_a_bookkeeper_looks_and_changes_nothing(shop: Article) -> None:
    bookkeeper = user("bookkeeper")
    assert bookkeeper.get(reverse("admin:catalogue_article_change", args=["1"])).status_code == 200
    assert bookkeeper.post(reverse("admin:catalogue_article_change", args=["1"]), NEW).status_code == 403
    assert bookkeeper.get(reverse("admin:catalogue_article_add")).status_code == 403
    assert bookkeeper.get(reverse("admin:catalogue_article_export")).status_code == 200
    assert bookkeeper.get(reverse("admin:auth_user_changelist")).status_code == 403


READ = ("article", "group", "vatrate", "supplier", "pricelist", "price", "pricebatch", "reason", "receipttext",
        "customer")  # fmt: skip
NOT_READ = ("staff_employee", "staff_audit", "auth_user", "tills_till", "tills_enrolment")


def test_a_bookkeeper_as_the_command_makes_one_reads_the_books_and_nothing_else(shop: Article) -> None:
    assert make_user("boek", "bookkeeper", [], "een goed wachtwoord") == 0
    client = Client()
    client.force_login(get_user_model().objects.get(username="boek"), "django.contrib.auth.backends.ModelBackend")
    index = client.get("/beheer/").content.decode()
    batch = PriceBatch.objects.create(name="Ronde", starts=LONG_AGO)
    for name in READ:
        assert client.get(reverse(f"admin:catalogue_{name}_changelist")).status_code == 200, name
        assert f"/beheer/catalogue/{name}/" in index, name
        assert client.get(reverse(f"admin:catalogue_{name}_add")).status_code == 403, name
    for name in NOT_READ:
        assert client.get(reverse(f"admin:{name}_changelist")).status_code == 403, name
        assert f"/beheer/{name.replace('_', '/')}/" not in index, name
    assert client.get(reverse("admin:staff_employee_change", args=["anna"])).status_code == 403
    assert client.get(reverse("admin:staff_employee_export")).status_code == 403
    assert client.get(reverse("admin:catalogue_article_import")).status_code == 403
    price = Price.objects.get(branch="B1")
    for path, form in (
        (reverse("admin:catalogue_price_change", args=[price.pk]), {"amount": "1,00"}),
        (reverse("admin:catalogue_price_delete", args=[price.pk]), {"post": "yes"}),
        (reverse("admin:catalogue_pricebatch_changelist"), {"action": "release", "_selected_action": [batch.pk]}),
        (reverse("admin:catalogue_vatrate_add"), {"code": "x"}),
    ):
        client.post(path, form)
    assert Price.objects.get(pk=price.pk).amount == 150
    batch.refresh_from_db()
    assert (batch.released_at, Price.objects.count()) == (None, 3)
    assert client.get("/koppelingen/").status_code == 403


def confirm(client: Client, place: str, name: str, data: bytes, kind: str) -> tuple[str, str]:
    """The preview's text, and the messages after confirming it."""
    preview = client.post(place, {"format": kind, "import_file": SimpleUploadedFile(name, data)})
    assert preview.status_code == 200
    text = preview.content.decode()
    found = preview.context.get("confirm_form")
    if found is None:
        return text, ""
    done = client.post(place.replace("import/", "process_import/"), found.initial, follow=True)
    return text, messages(done)


HEAD = "sku,gtin,name,group,price,vat,unit,deposit,min_age\n"


def test_articles_from_a_file_with_a_preview(shop: Article) -> None:
    owner, place = user("owner"), reverse("admin:catalogue_article_import")
    lines = '1,4006381333931*6,Brood wit,Brood,"2,09",9,each,,\n2,40170725|PLU2,Melk,Zuivel,1.19,9,each,,\n'
    preview, said = confirm(owner, place, "a.csv", (HEAD + lines).encode(), "0")
    assert "Zuivel" in preview
    assert said
    shop.refresh_from_db()
    assert (shop.name, price_of(shop), shop.barcodes.get().pieces) == ("Brood wit", 209, 6)
    melk = Article.objects.get(sku="2")
    assert {code.code for code in melk.barcodes.all()} == {"00000040170725", "PLU2"}
    assert (melk.group.name, melk.vat, price_of(melk)) == ("Zuivel", "low", 119)


def test_wrong_rows_of_a_file_are_named(shop: Article) -> None:
    owner, place = user("owner"), reverse("admin:catalogue_article_import")
    lines = "2,4006381333931,Melk,Zuivel,1.19,9,each,,\n3,4006381333932,Kaas,Zuivel,x,12,each,0.25,\n"
    text, said = confirm(owner, place, "a.csv", (HEAD + lines).encode(), "0")
    assert not said
    for words in ("Code 4006381333931 hoort al bij artikel 1 Brood", "Het controlecijfer van 4006381333932 klopt niet",
                  "x is geen bedrag", "12 is geen btw-tarief; wel 0, 9, 21",
                  "Er is geen statiegeldartikel van € 0,25"):  # fmt: skip
        assert words in text
    assert Article.objects.count() == 1


def test_articles_out_and_in_again_change_nothing(shop: Article) -> None:
    owner = user("owner")
    answer = owner.post(reverse("admin:catalogue_article_export"), {"format": "1", "resource": ""})
    data = b"".join(answer) if answer.streaming else answer.content
    rows = list(load_workbook(io.BytesIO(data)).active.values)
    assert rows[0][:8] == ("sku", "gtin", "name", "group", "price", "vat", "unit", "deposit")
    assert rows[1][:7] == ("1", "4006381333931", "Brood", "Brood", "1,99", "9", "each")
    before = Price.objects.count(), Article.objects.get().changed_at
    confirm(owner, reverse("admin:catalogue_article_import"), "a.xlsx", data, "1")
    assert (Price.objects.count(), Article.objects.get().changed_at) == before


def test_prices_from_a_spreadsheet(shop: Article) -> None:
    book = Workbook()
    for row in (("sku", "price_list", "branch", "valid_from", "price"), ("1", "L", None, date(2099, 1, 1), 1.5),
                ("1", None, "B1", date(2026, 1, 1), 1.25), ("1", None, None, date(2099, 2, 1), 2.5)):  # fmt: skip
        book.active.append(row)
    data = io.BytesIO()
    book.save(data)
    place = reverse("admin:catalogue_price_import")
    _text, said = confirm(user("owner"), place, "p.xlsx", data.getvalue(), "1")
    assert said
    prices = {(price.place, str(price.valid_from)): price.amount for price in Price.objects.all()}
    assert prices == {
        ("all", "2026-01-01"): 199, ("branch:B1", "2026-01-01"): 125, ("branch:B2", "2026-01-01"): 150,
        ("list:L", "2099-01-01"): 150, ("all", "2099-02-01"): 250,
    }  # fmt: skip


def test_staff_and_customers_from_files(shop: Article) -> None:
    owner = user("owner")
    staff = b"code,name,role,pin,language,branches,active\nbas,Bas,manager,9999,nl,B1|B2,ja\n"
    confirm(owner, reverse("admin:staff_employee_import"), "s.csv", staff, "0")
    bas = Employee.objects.get(code="bas")
    assert has_pin(bas.pin_hash, "9999")
    assert {branch.pk for branch in bas.branches.all()} == {"B1", "B2"}
    text, said = confirm(owner, reverse("admin:staff_employee_import"), "s.csv", staff.replace(b"B1|B2", b"B9"), "0")
    assert ("Onbekend filiaal: B9" in text, said) == (True, "")
    people = b"code,name,vat_id,account,business\n9,De Vries,NL1,ja,nee\n10,Smit,,nee,ja\n"
    confirm(owner, reverse("admin:catalogue_customer_import"), "c.csv", people, "0")
    assert list(Customer.objects.values_list("code", "name", "account_allowed", "business")) == [
        ("10", "Smit", False, True), ("9", "De Vries", True, False),
    ]  # fmt: skip


def test_settings_of_a_till_are_keys_with_values(shop: Article) -> None:
    owner, place = user("owner"), reverse("admin:tills_till_change", args=["K1"])
    form = {"branch": "B1", "name": "Voor", "active": "on"}
    assert "kan het kantoor niet instellen" in owner.post(place, {**form, "settings": '{"x": 1}'}).content.decode()
    assert owner.post(place, {**form, "settings": '{"rules.return_days": 14}'}).status_code == 302
    assert Till.objects.get(code="K1").settings == {"rules.return_days": 14}
