"""Articles, customers, stock, sales and reports over the REST API; whose they are, and how often one may ask."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client

from kassa_office.api.limits import wait_for
from kassa_office.api.models import ApiToken
from kassa_office.catalogue.models import Article, Barcode, FeedRow
from kassa_office.catalogue.models import Price as PriceRow
from kassa_office.sales.models import Payment, Sale, SaleLine, ZReport
from kassa_office.staff.models import Audit
from kassa_office.stock.models import StockLevel, StockMove
from tests.office.api.conftest import MakeProgram
from tests.office.conftest import Databases, MakeTill
from tests.office.journals import Book

WIDE = {"from": "2026-11-01", "to": "2026-12-31"}


def test_an_article_is_made_read_changed_and_its_tills_hear_of_it(make_program: MakeProgram, articles: Any) -> None:
    web = make_program()
    given = {"name": "Krentenbol", "group": "Brood", "vat": "low", "barcodes": [{"code": "8710391937046"}]}
    made = web.ask("put", "articles/KB1", given)
    assert made.status_code == 201, made.content
    assert made.json()["barcodes"] == [{"code": "8710391937046", "pieces": 1}]
    assert Barcode.objects.get().code == "08710391937046"
    assert web.ask("put", "articles/KB1/prices/all/2026-01-01", {"amount": 125}).status_code == 201
    assert FeedRow.objects.filter(unit="KB1", table="article").exists()
    changed = web.ask("patch", "articles/KB1", {"name": "Krentenbol groot"}, **{"If-Match": made["ETag"]})
    assert (changed.status_code, changed.json()["name"]) == (200, "Krentenbol groot")
    assert changed.json()["barcodes"] == made.json()["barcodes"]
    late = web.ask("patch", "articles/KB1", {"name": "x"}, **{"If-Match": made["ETag"]})
    assert (late.status_code, late.json()["code"]) == (412, "changed")
    again = web.ask("get", "articles/KB1", **{"If-None-Match": changed["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert [row["sku"] for row in web.get("articles", barcode="8710391937046").json()["items"]] == ["KB1"]
    acts = list(Audit.objects.filter(user="api:webshop").order_by("id").values_list("act", flat=True))
    assert acts == ["article.made", "price.set", "article.changed"]


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"group": "Kaas"}, 409, "unknown_value"),
        ({"vat": "half"}, 409, "invalid"),
        ({"barcodes": [{"code": "8710391937045"}]}, 409, "invalid"),
        ({"min_age": "18"}, 422, "bad_value"),
        ({"price": 100}, 422, "bad_value"),
        ({"name": "a\u0000b"}, 422, "bad_value"),
        ({"name": ""}, 422, "bad_value"),
    ],
)
def test_what_is_wrong_with_an_article_is_said_and_nothing_changes(
    make_program: MakeProgram, articles: Any, given: dict[str, Any], status: int, code: str
) -> None:
    answer = make_program().ask("patch", "articles/1", given)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert Article.objects.get(sku="1").name == "Artikel 1"
    assert not Barcode.objects.exists()


def test_prices_by_day_and_whose_they_are(make_program: MakeProgram, make_till: MakeTill, articles: Any) -> None:
    make_till("B1", "K1")
    make_till("B2", "K2")
    web, one = make_program(), make_program(branches=["B1"], name="one shop")
    assert web.ask("put", "articles/1/prices/all/2027-01-01", {"amount": 250}).status_code == 201
    assert web.ask("put", "articles/1/prices/all/2027-01-01", {"amount": 275}).status_code == 200
    assert one.ask("put", "articles/1/prices/branch:B1/2027-01-01", {"amount": 240}).status_code == 201
    assert one.ask("put", "articles/1/prices/all/2027-01-01", {"amount": 1}).json()["code"] == "all_branches"
    assert one.ask("put", "articles/1/prices/branch:B2/2027-01-01", {"amount": 1}).json()["code"] == "branch"
    assert web.ask("put", "articles/1/prices/branch:B2/2027-01-01", {"amount": 260}).status_code == 201
    before = web.ask("put", "articles/1/prices/all/2027-02-01", {"amount": 250, "valid_to": "2027-01-01"})
    assert before.json()["code"] == "invalid"
    assert {row["place"] for row in one.get("articles/1/prices").json()} == {"all", "branch:B1"}
    assert one.ask("delete", "articles/1/prices/branch:B2/2027-01-01").status_code == 403
    assert one.ask("delete", "articles/1/prices/branch:B1/2027-01-01").status_code == 204
    kept = dict(PriceRow.objects.values_list("place", "amount"))
    assert kept == {"all": 275, "branch:B2": 260}
    assert one.ask("patch", "articles/1", {"name": "mine"}).json()["code"] == "all_branches"


def test_customers_and_groups(make_program: MakeProgram, articles: Any) -> None:
    web = make_program()
    assert web.ask("put", "customers/C1", {"name": "Jansen", "email": "jan@example.nl"}).status_code == 201
    assert web.ask("put", "customers/C1", {"name": "Jansen & Zn"}).json()["email"] == ""
    assert web.ask("patch", "customers/C1", {"email": "geen adres"}).status_code == 422
    assert [row["name"] for row in web.all("customers")] == ["Jansen & Zn"]
    made = web.ask("post", "groups", {"name": "Kaas", "vat": "low"})
    assert made.status_code == 201
    assert web.ask("post", "groups", {"name": "Kaas", "vat": "low"}).status_code == 409
    assert web.ask("put", f"groups/{made.json()['id']}", {"name": "Zuivel", "vat": "low"}).status_code == 200
    assert [row["name"] for row in web.get("groups").json()] == ["Brood", "Zuivel"]


def test_movements_are_taken_once(make_program: MakeProgram, make_till: MakeTill, articles: Any) -> None:
    make_till("B1", "K1")
    web = make_program()
    given = {"id": "order-2026-1", "kind": "web", "lines": [{"sku": "1", "qty": 2000}], "ref": "W1"}
    first, second = (web.ask("post", "branches/B1/stock/moves", given) for _turn in range(2))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert StockLevel.objects.get(branch="B1", sku="1").qty == -2000
    other = web.ask("post", "branches/B1/stock/moves", {**given, "lines": [{"sku": "1", "qty": 3000}]})
    assert (other.status_code, other.json()["code"]) == (409, "id_used")
    for lines, code in (([{"sku": "no"}], "unknown_value"), ([{"sku": "1", "qty": -1000}], "quantity")):
        bad = {"id": f"again-{code}", "kind": "received", "lines": [{"qty": 1000, **line} for line in lines]}
        assert web.ask("post", "branches/B1/stock/moves", bad).json()["code"] == code
    assert StockMove.objects.count() == 1
    today = StockMove.objects.get().day
    moves = web.all("branches/B1/stock/moves", **{"from": str(today), "to": str(today)})
    assert [(row["till"], row["kind"], row["qty"], row["who"]) for row in moves] == [
        ("OFFICE", "web", -2000, "api:webshop")
    ]
    assert [row["qty"] for row in web.all("branches/B1/stock")] == [-2000]


def test_sales_are_as_the_till_made_them(make_program: MakeProgram, shop: Book) -> None:
    web = make_program()
    found = web.all("branches/B1/sales", limit=7, **WIDE)
    assert len(found) == Sale.objects.filter(branch="B1").count() == sum(one.kind == "sale" for one in shop.entries)
    whole = web.get(f"branches/B1/sales/{found[0]['number']}").json()
    key = {"branch": "B1", "till": "K1", "seq": found[0]["seq"]}
    lines = SaleLine.objects.filter(**key)
    assert sum(line["amount"] for line in whole["items"]) == sum(line.amount for line in lines) == whole["total"]
    assert sum(block["gross"] for block in whole["vat"]) == whole["total"]
    assert sum(block["vat"] for block in whole["vat"]) == sum(line.vat for line in lines)
    assert sum(one["amount"] for one in whole["payments"]) == whole["total"] + whole["rounding"]
    assert len(whole["payments"]) == Payment.objects.filter(**key).count()
    assert web.get("branches/B1/sales/K2-000001").status_code == 404


def test_turnover_and_z_are_those_of_the_pages(make_program: MakeProgram, shop: Book) -> None:
    from kassa_office.dashboard import figures

    web = make_program()
    told = web.get("turnover", by="group", branch="B1", **WIDE).json()
    whole = figures.total(["B1"], date(2026, 11, 1), date(2026, 12, 31))
    assert (told["amount"], told["vat"], told["tickets"]) == (whole.amount, whole.vat, whole.n)
    assert sum(row["amount"] for row in told["rows"]) == whole.amount != 0
    assert told["branches"] == ["B1"]
    assert web.get("turnover", **WIDE).json()["amount"] > whole.amount
    assert len(web.all("branches/B1/z-reports", limit=1, **WIDE)) == ZReport.objects.filter(branch="B1").count() > 0
    (till,) = web.get("branches/B1/tills").json()
    assert (till["code"], till["entries"], till["missing"]) == ("K1", 60, 0)
    assert web.get("turnover", **{"from": "2020-01-01", "to": "2026-01-01"}).json()["code"] == "period"


def test_a_token_sees_its_own_branches_and_no_others(make_program: MakeProgram, shop: Book) -> None:
    one = make_program(branches=["B1"])
    assert [row["code"] for row in one.get("branches").json()] == ["B1"]
    assert one.get("turnover", **WIDE).json()["branches"] == ["B1"]
    foreign = Sale.objects.filter(branch="B2").first()
    assert foreign is not None
    paths = ["sales", f"sales/{foreign.number}", "stock", "tills", "stock/moves", "z-reports"]
    for path in [f"branches/B2/{path}" for path in paths] + ["turnover?branch=B2", "branches/B9/sales"]:
        answer = one.get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "branch"), path
    assert one.get(f"branches/B1/sales/{foreign.number}").status_code == 404
    assert Audit.objects.filter(user="api:webshop", act="api.branch", refused=True).count() == 8


@pytest.mark.parametrize("text", ["", "kassa_wrong", "kassa_\u00e9"])
def test_who_shows_no_token_hears_nothing(make_program: MakeProgram, text: str) -> None:
    make_program()
    answer = Client(headers={"Authorization": f"Bearer {text}"} if text else {}).get("/api/rest/branches")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorised")
    assert answer["WWW-Authenticate"] == "Bearer"
    assert Audit.objects.filter(act="api.token", refused=True).count() == (1 if text else 0)


def test_scopes_and_revoked_tokens(make_program: MakeProgram, articles: Any) -> None:
    from kassa_office.api.tokens import revoke

    reader = make_program(["articles:read"])
    assert reader.get("articles").status_code == 200
    for method, path in (
        ("get", "customers"),
        ("put", "articles/1"),
        ("get", "turnover"),
        ("get", "branches/B1/stock"),
    ):
        answer = reader.ask(method, path, {})
        assert (answer.status_code, answer.json()["code"]) == (403, "scope")
    assert ApiToken.objects.get().used_at is not None
    revoke(reader.token, "test")
    assert reader.get("articles").status_code == 401
    assert reader.text not in str(ApiToken.objects.values().get())


def test_who_asks_too_often_waits(make_program: MakeProgram) -> None:
    eager = make_program(per_minute=12)
    answers = [eager.get("branches") for _turn in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 429, 429]
    assert 1 <= int(answers[2]["Retry-After"]) <= 5
    assert make_program(name="other", per_minute=12).get("branches").status_code == 200


def test_a_rate_is_kept_over_any_minute(office_db: Databases) -> None:
    folder, went = office_db.data / "limits-test", 0
    (folder / "k").unlink(missing_ok=True)
    for tenth in range(600):
        went += wait_for(folder, "k", 30, 1000 + tenth / 10) == 0
    assert 30 <= went <= 36
    assert wait_for(folder, "k", 30, 10) <= 2 * 60 / 30


def test_other_ways_and_addresses(make_program: MakeProgram) -> None:
    web = make_program()
    assert web.ask("delete", "branches").status_code == 405
    for path in ("/api/rest/nothing", "/api/", "/api/rest/articles/"):
        answer = Client().get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown")
    assert Client().post("/api/x", "{}", content_type="application/json").status_code == 404
    broken = Client(headers={"Authorization": f"Bearer {web.text}"}).put(
        "/api/rest/articles/1", "{", "application/json"
    )
    assert (broken.status_code, broken.json()["code"]) == (400, "bad_message")


@pytest.mark.parametrize(
    ("path", "query", "code", "names"),
    [
        ("branches/B1/sales", {"form": "2026-11-21"}, "unknown_query", ["form"]),
        ("articles", {"grp": "1", "naam": "x", "limit": "5"}, "unknown_query", ["grp", "naam"]),
        ("branches", {"limit": "5"}, "unknown_query", ["limit"]),
        ("branches/B1/hours", {"limit": ["1", "2"]}, "query_twice", ["limit"]),
        ("turnover", {"asked": "x"}, "unknown_query", ["asked"]),
    ],
)
def test_names_that_a_resource_does_not_know_are_refused(
    shop: Book, make_program: MakeProgram, path: str, query: dict[str, Any], code: str, names: list[str]
) -> None:
    answer = make_program().get(path, **query)
    assert (answer.status_code, answer.json()["code"], answer.json()["facts"]["names"]) == (400, code, names)


def test_a_list_may_stand_there_more_than_once_and_a_write_takes_no_query(
    shop: Book, make_program: MakeProgram
) -> None:
    asking = make_program()
    assert asking.get("turnover", branch=["B1", "B2"]).status_code == 200
    refused = asking.ask("put", "customers/77?notify=yes", {"name": "Jansen"})
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_query")
    assert asking.get("customers/77").status_code == 404
    assert make_program([], name="niets").get("articles", onzin="1").status_code == 403
