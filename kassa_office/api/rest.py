"""The REST API as one: for webshops, bookkeeping and whatever else a shop has, at ``/api/rest/``."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import conditional_page, require_safe
from ninja import NinjaAPI

from kassa_office.api import articles, customers, hours, problems, reports, sales, stock
from kassa_office.api.problems import Refused, refused
from kassa_office.api.queries import known_only

TEXT = """Amounts are whole **cents**, VAT included unless said. Quantities are whole **thousandths**: 1000 is one piece
or one kilogram. VAT rates are hundredths of a percent. Times are UTC; days are those on the shop's wall.

Ask with `Authorization: Bearer kassa_…`; the owner makes tokens under *Koppelingen*. A question that is refused is
answered with a Problem: its `code` never changes. After 429 and 503, wait as `Retry-After` says.

A name in the query that the resource does not know is refused with 400 `unknown_query`, which names it and those that
are known; one that stands there twice, where one value is meant, with 400 `query_twice`."""

api = NinjaAPI(title="Kassa", version="1", description=TEXT, docs_url=None, openapi_url="openapi.json",
               urls_namespace="rest")  # fmt: skip
problems.handle(api)
api.add_decorator(conditional_page, mode="view")
api.add_decorator(known_only, mode="operation")
for router in (reports.places, articles.router, customers.router, stock.router, sales.router, reports.router,
               hours.router):  # fmt: skip
    api.add_router("/rest", router)


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The API's documentation, to read and to try; nothing on the page comes from elsewhere."""
    return render(request, "api/docs.html")


def nothing(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Any other address below ``/api/``."""
    return refused(request, Refused(404, "unknown"))
