"""The pages of the stock: who may see and do what, what a form does, and the papers that come out."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from kassa_office.staff.models import Audit
from kassa_office.stock import ledger, orders, transfers
from kassa_office.stock.ledger import Note, book
from kassa_office.stock.models import PurchaseOrder, StockMove, StockRule, StockTake, Transfer
from kassa_office.tills.models import Branch
from tests.office.conftest import MakeTill
from tests.office.stock.shelves import article, branch, push, supplier

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response

HOSTILE = '=1+1<script>"&'


def as_user(role: str, *places: str) -> Client:
    """A browser with somebody of this role logged in."""
    from django.contrib.auth.models import User

    from kassa_office.staff.models import Profile

    user = User.objects.create_user(f"{role}{''.join(places)}", password="een-lang-wachtwoord-7")
    Profile.objects.create(user=user, role=role).branches.set(Branch.objects.filter(code__in=places))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def shop(office_db: object) -> None:
    """Two branches, a supplier, two articles, some stock."""
    branch("B1")
    branch("B2")
    supplier(minimum=5000, customer_number="K-77")
    article("6", cost=110, name="Krentenbol", pack=6000, supplier_sku="LV-6")
    article("7", cost=50, name=HOSTILE)
    book("B1", "received", [("6", 20_000), ("7", -500)], Note("els", "begin"))
    book("B2", "received", [("6", 90_000)], Note("els"))


def text(response: Response) -> str:
    """A page that is there."""
    assert response.status_code == 200, response.status_code
    return response.content.decode()


def page_of(client: Client, path: str) -> str:
    """A page."""
    return text(client.get(path))


@pytest.mark.usefixtures("shop")
def test_levels_are_searched_filtered_and_taken_along() -> None:
    client = as_user("owner")
    page = page_of(client, "/voorraad/?filiaal=B1")
    assert "Krentenbol" in page
    assert "<script>&quot;" not in page.replace("&lt;script&gt;", "")
    assert "=1+1&lt;script&gt;" in page
    assert "Krentenbol" not in page_of(client, "/voorraad/?filiaal=B1&toon=negatief")
    assert "Krentenbol" in page_of(client, "/voorraad/?filiaal=B1&zoek=krent")
    assert "Krentenbol" in page_of(client, "/voorraad/?filiaal=B1&zoek=code-6")
    StockRule.objects.create(branch="B1", sku="6", minimum=20_000, maximum=40_000)
    short = page_of(client, "/voorraad/?filiaal=B1&toon=kort")
    assert ("Krentenbol" in short, "=1+1" in short) == (True, False)
    csv = client.get("/voorraad/?filiaal=B1&tabel=voorraad&bestand=csv").content.decode("utf-8-sig").splitlines()
    assert csv[1].startswith("6;Krentenbol;Brood;20,000;20,000;40,000;")
    assert csv[2].startswith("7;\"'=1+1<script>")
    assert client.get("/voorraad/?filiaal=B1&tabel=voorraad&bestand=xlsx").content[:2] == b"PK"


@pytest.mark.usefixtures("shop")
def test_the_ledger_of_an_article_and_booking_by_hand() -> None:
    client = as_user("manager", "B1")
    assert "begin" in page_of(client, "/voorraad/artikel/6/?filiaal=B1")
    for what, qty, level in (("received", "12", 32_000), ("wasted", "2", 30_000), ("corrected", "-1", 29_000),
                             ("counted", "25,5", 25_500), ("counted", "25,5", 25_500)):  # fmt: skip
        posted = {"filiaal": "B1", "wat": what, "aantal": qty, "waarom": "proef"}
        assert client.post("/voorraad/artikel/6/boeken/", posted).status_code == 302
        assert ledger.levels(["B1"], ["6"]) == {("B1", "6"): level}
    assert "Dit is geen aantal" in page_of_refused(client, {"filiaal": "B1", "wat": "received", "aantal": "veel"})
    assert client.post("/voorraad/artikel/6/boeken/", {"filiaal": "B1", "wat": "web", "aantal": "1"}).status_code == 404
    kinds = list(StockMove.objects.filter(branch="B1", sku="6").order_by("seq").values_list("kind", flat=True))
    assert kinds == ["received", "received", "wasted", "corrected", "counted"]
    assert Audit.objects.filter(act="stock.moved").count() == 5
    assert client.get("/voorraad/artikel/nergens/").status_code == 404
    assert client.get("/voorraad/artikel/6/?van=gisteren").status_code == 200


def page_of_refused(client: Client, posted: dict[str, str]) -> str:
    """What is said after a form."""
    return text(client.post("/voorraad/artikel/6/boeken/", posted, follow=True))


@pytest.mark.usefixtures("shop")
def test_limits_are_set_and_let_go() -> None:
    client = as_user("manager", "B1")
    for low, high in (("10", "40"), ("12", "48")):
        client.post("/voorraad/artikel/6/grenzen/", {"filiaal": "B1", "minimum": low, "maximum": high})
    assert list(StockRule.objects.values_list("minimum", "maximum")) == [(12_000, 48_000)]
    client.post("/voorraad/artikel/6/grenzen/", {"filiaal": "B1", "minimum": "9", "maximum": "8"})
    assert StockRule.objects.get().minimum == 12_000
    client.post("/voorraad/artikel/6/grenzen/", {"filiaal": "B1", "minimum": "", "maximum": ""})
    assert not StockRule.objects.exists()


@pytest.mark.usefixtures("shop")
def test_from_a_proposal_to_goods_on_the_shelf() -> None:
    client = as_user("manager", "B1")
    StockRule.objects.create(branch="B1", sku="6", minimum=20_000, maximum=120_000)
    StockRule.objects.create(branch="B2", sku="6", minimum=1000, maximum=40_000)
    page = page_of(client, "/voorraad/voorstellen/?filiaal=B1")
    assert "Krentenbol" in page
    assert "50 Filiaal B2" in page
    response = client.post("/voorraad/voorstellen/klaarzetten/", {"filiaal": "B1", "artikel": ["6"]}, follow=True)
    order, transfer = PurchaseOrder.objects.get(), Transfer.objects.get()
    assert order.number in text(response)
    assert [(line.sku, line.ordered) for line in orders.lines_of(order)] == [("6", 54_000)]
    assert [(line.sku, line.planned) for line in transfers.lines_of(transfer)] == [("6", 50_000)]
    change = f"/voorraad/bestellingen/{order.number}/wijzig/"
    client.post(change, {"doe": "bewaren", "qty-6": "60", "artikel": "code-7", "aantal": "4"})
    client.post(change, {"doe": "versturen", "qty-6": "48", "qty-7": "4"})
    page = page_of(client, f"/voorraad/bestellingen/{order.number}/")
    assert "verstuurd" in page
    client.post(change, {"doe": "ontvangen", "qty-6": "48", "qty-7": ""})
    client.post(change, {"doe": "ontvangen", "qty-6": "x"})
    order.refresh_from_db()
    assert order.state == "partly"
    client.post(change, {"doe": "sluiten"})
    order.refresh_from_db()
    assert order.state == "closed"
    assert ledger.levels(["B1"], ["6"]) == {("B1", "6"): 68_000}
    assert "Er zijn geen bestellingen" in page_of(client, "/voorraad/bestellingen/")
    assert order.number in page_of(client, "/voorraad/bestellingen/?staat=alle")


@pytest.mark.usefixtures("shop")
def test_an_order_on_paper() -> None:
    client = as_user("owner")
    order = orders.make("B1", "L1", [("6", 12_000), ("7", 2500)], "els")
    path = f"/voorraad/bestellingen/{order.number}/"
    rows = client.get(f"{path}?papier=csv").content.decode("utf-8-sig").splitlines()
    assert rows[1] == f"{order.number};K-77;LV-6;6;Krentenbol;12;each;2 x 6"
    assert ';"\'=1+1<script>""&";2,500;each;' in rows[2]
    pdf = client.get(f"{path}?papier=pdf")
    assert (pdf["Content-Type"], pdf.content[:5], pdf.content.count(b"/Type /Page\n") > 0) == (
        "application/pdf", b"%PDF-", True
    )  # fmt: skip
    printed = page_of(client, f"{path}?papier=druk")
    assert "K-77" in printed
    assert "<script>" not in printed.split("<main", 1)[1]
    assert len(io.BytesIO(pdf.content).getvalue()) > 1000
    assert "onder het minste orderbedrag" in page_of(client, path)


@pytest.mark.usefixtures("shop")
def test_a_transfer_seen_from_both_ends() -> None:
    here, there = as_user("manager", "B1"), as_user("manager", "B2")
    here.post("/voorraad/overboekingen/nieuw/", {"van": "B1", "naar": "B2", "artikel": "6", "aantal": "5"})
    number = Transfer.objects.get().number
    path, change = f"/voorraad/overboekingen/{number}/", f"/voorraad/overboekingen/{number}/wijzig/"
    assert "Versturen" not in page_of(there, path)
    assert there.post(change, {"doe": "versturen"}).status_code == 403
    here.post(change, {"doe": "bewaren", "qty-6": "8"})
    here.post(change, {"doe": "versturen"})
    assert here.post(change, {"doe": "aankomst", "qty-6": "8"}).status_code == 403
    assert there.post(change, {"doe": "aankomst", "qty-6": "7"}).status_code == 302
    assert "onderweg" in page_of(here, path)
    assert there.post(change, {"doe": "sluiten"}).status_code == 403
    here.post(change, {"doe": "sluiten"})
    assert ledger.levels(["B1", "B2"], ["6"]) == {("B1", "6"): 12_000, ("B2", "6"): 97_000}
    assert number not in page_of(here, "/voorraad/overboekingen/")
    assert number in page_of(there, "/voorraad/overboekingen/?staat=alle")


def test_counts_are_compared_and_taken(make_till: MakeTill) -> None:
    here = make_till("B1")
    article("6", name="Krentenbol")
    here.book.add("stock.received", {"lines": [{"sku": "6", "qty": 20_000}]})
    here.book.add("stock.count", {"area": "Winkel", "lines": [{"sku": "6", "qty": 18_000}],
                                  "unknown": [{"code": "99<b>", "qty": 1000}]})  # fmt: skip
    push(here)
    client = as_user("manager", "B1")
    page = page_of(client, "/voorraad/tellingen/")
    assert "Winkel" in page
    assert "99&lt;b&gt;" in page
    csv = client.get("/voorraad/tellingen/?tabel=verschillen&bestand=csv").content.decode("utf-8-sig").splitlines()
    assert csv[1] == "6;Krentenbol;20,000;18,000;-2,000"
    posted = {"filiaal": "B1", "telling": ["K1:2"]}
    done = client.post("/voorraad/tellingen/verwerken/", posted)
    assert done.status_code == 302
    assert "Krentenbol" in page_of(client, done["Location"])
    assert ledger.levels(["B1"]) == {("B1", "6"): 18_000}
    assert "al verwerkt" in text(client.post("/voorraad/tellingen/verwerken/", posted, follow=True))
    assert StockTake.objects.count() == 1


@pytest.mark.usefixtures("shop")
def test_nobody_reaches_into_another_branch() -> None:
    order = orders.make("B1", "L1", [("6", 12_000)], "els")
    transfer = transfers.make("B1", "B1x", [("6", 1000)], "els")
    StockTake.objects.create(number="T26-0001", branch="B1", made_by="els")
    stranger = as_user("manager", "B2")
    for path in ("/voorraad/?filiaal=B1", "/voorraad/artikel/6/?filiaal=B1", "/voorraad/voorstellen/?filiaal=B1",
                 "/voorraad/bestellingen/?filiaal=B1", f"/voorraad/bestellingen/{order.number}/",
                 f"/voorraad/bestellingen/{order.number}/?papier=pdf", f"/voorraad/overboekingen/{transfer.number}/",
                 "/voorraad/tellingen/?filiaal=B1", "/voorraad/tellingen/T26-0001/", "/voorraad/tellingen/T9/",
                 "/voorraad/bestellingen/B9/"):  # fmt: skip
        assert stranger.get(path).status_code == 403, path
    for path, posted in (
        ("/voorraad/artikel/6/boeken/", {"filiaal": "B1", "wat": "received", "aantal": "1"}),
        ("/voorraad/artikel/6/grenzen/", {"filiaal": "B1", "minimum": "1", "maximum": "2"}),
        ("/voorraad/voorstellen/klaarzetten/", {"filiaal": "B1", "artikel": "6"}),
        ("/voorraad/bestellingen/nieuw/", {"filiaal": "B1", "leverancier": "L1", "artikel": "6", "aantal": "1"}),
        (f"/voorraad/bestellingen/{order.number}/wijzig/", {"doe": "versturen"}),
        ("/voorraad/overboekingen/nieuw/", {"van": "B1", "naar": "B2", "artikel": "6", "aantal": "1"}),
        (f"/voorraad/overboekingen/{transfer.number}/wijzig/", {"doe": "versturen"}),
        ("/voorraad/tellingen/verwerken/", {"filiaal": "B1", "telling": "K1:1"}),
    ):  # fmt: skip
        assert stranger.post(path, posted).status_code == 403, path
    assert Audit.objects.filter(act="branch.refused", refused=True).count() == 19
    assert "Filiaal B1" not in page_of(stranger, "/voorraad/")
    assert order.number not in page_of(stranger, "/voorraad/bestellingen/?staat=alle")
    assert ledger.levels(["B1"], ["6"]) == {("B1", "6"): 20_000}
    order.refresh_from_db()
    assert order.state == "draft"


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("role", ["bookkeeper", "support"])
def test_who_looks_only_cannot_book(role: str) -> None:
    client = as_user(role)
    page = page_of(client, "/voorraad/artikel/6/?filiaal=B1")
    assert "Krentenbol" in page
    assert 'name="aantal"' not in page
    posted = {"filiaal": "B1", "wat": "received", "aantal": "1"}
    assert client.post("/voorraad/artikel/6/boeken/", posted).status_code == 403
    assert ledger.levels(["B1"], ["6"]) == {("B1", "6"): 20_000}


@pytest.mark.usefixtures("shop")
def test_who_is_not_logged_in_goes_to_the_log_in_and_forms_need_their_token() -> None:
    for path in ("/voorraad/", "/voorraad/voorstellen/", "/voorraad/bestellingen/", "/voorraad/overboekingen/",
                 "/voorraad/tellingen/", "/voorraad/artikel/6/"):  # fmt: skip
        response = Client().get(path)
        assert (response.status_code, response["Location"].startswith("/inloggen/")) == (302, True)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = as_user("owner").cookies
    posted = {"filiaal": "B1", "wat": "received", "aantal": "1"}
    assert strict.post("/voorraad/artikel/6/boeken/", posted).status_code == 403
    assert ledger.levels(["B1"], ["6"]) == {("B1", "6"): 20_000}
