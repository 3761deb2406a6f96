"""The pages of webshops: how each is, what a person must see to, and the forms to set it up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from kassa_office.dashboard.tables import Column, Link, Table
from kassa_office.dashboard.views.common import NOTHING, answer
from kassa_office.staff.access import BOOKKEEPER, OWNER, SUPPORT, audit, require, role_of
from kassa_office.webshops import asking, reading, words
from kassa_office.webshops.forms import AddForm, KeysForm, SettingsForm
from kassa_office.webshops.hook import new_secret
from kassa_office.webshops.models import OFFICE, Webshop
from kassa_office.webshops.ports import folder_of, move_board
from kassa_office.webshops.reading import Books
from kassa_tui.sync.webshops.base import WebshopError

READERS, WORKERS = (OWNER, BOOKKEEPER, SUPPORT), (OWNER, SUPPORT)
PATIENCE = 20.0
"""Seconds that a page waits for who works on a webshop."""
ACTS = {
    "check": gettext_lazy("Vraag of alles werkt"), "link": gettext_lazy("Producten koppelen"),
    "compare": gettext_lazy("Alles vergelijken"), "resync": gettext_lazy("Alles opnieuw lezen en schrijven"),
}  # fmt: skip
ASKED = (*ACTS, "again")
LINK_SIGNS = {"los": "-", "nieuw": "+"}
"""What a person asks of a link → what stands in the place of an article."""
DIFFERENCES = 200
Rows = list[Sequence[Any]]


@require_GET
@require(*READERS)
def webshops(request: HttpRequest) -> HttpResponse:
    """All of them, and how they are."""
    columns = [Column(_("Webshop")), Column(_("Naam")), Column(_("Soort"), wide=True), Column(_("Filiaal"), wide=True),
               Column(_("Toestand")), Column(_("Open bestellingen"), "count"), Column(_("Te koppelen"), "count"),
               Column(_("Geweigerd"), "count", wide=True)]  # fmt: skip
    rows: Rows = []
    for shop in Webshop.objects.select_related("till__branch"):
        found = asking.status(shop)
        counts = (found.orders, found.ambiguous + found.unknown, found.failed) if found else (None, None, None)
        rows.append((Link(str(shop.till_id), reverse("webshop", args=[shop.till_id])), shop.name,
                     shop.get_kind_display(), str(shop.till.branch), words.standing(shop, found), *counts))  # fmt: skip
    table = Table("webshops", _("Alle webshops"), columns, rows, None, _("Er zijn nog geen webshops."))
    kinds = Webshop.KINDS if role_of(request.user) == OWNER else []
    return answer(request, "webshops/webshops.html", [table], kinds=kinds)


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@require(OWNER)
def add(request: HttpRequest, kind: str) -> HttpResponse:
    """A new webshop: its keys are tried before anything is kept."""
    if kind not in asking.CREDENTIALS:
        raise Http404
    form = AddForm(kind, request.POST or None)
    if request.method == "POST" and form.is_valid():
        made = _added(request, kind, form)
        if made is not None:
            return redirect("webshop", made.till_id)
    return _plain(render(request, "webshops/add.html", {"form": form, "kind": dict(Webshop.KINDS)[kind]}))


def _added(request: HttpRequest, kind: str, form: AddForm) -> Webshop | None:
    given = form.cleaned_data
    try:
        made, facts = asking.add(
            kind, given["url"], form.keys, branch=given["branch"], name=given["name"], code=given["code"],
            by=request.user.get_username(), options=given["options"],
        )  # fmt: skip
    except WebshopError as error:
        form.add_error(None, asking.said(error.code, error.facts))
        return None
    except (ValueError, IntegrityError) as error:
        code = str(error) if isinstance(error, ValueError) else "webshop_twice"
        form.add_error(None, asking.said(code, {"code": given["code"] or given["url"]}))
        return None
    messages.success(request, words.done("check", {"name": facts.name, "version": facts.version}))
    _warn(request, facts.remarks)
    return made


def _warn(request: HttpRequest, remarks: Any) -> None:
    for text in words.remarks(remarks):
        messages.warning(request, text)


@require_http_methods(["GET", "POST"])
@require(*READERS)
def webshop(request: HttpRequest, code: str) -> HttpResponse:
    """One webshop with everything that a person may want to know of it, and the form of its settings."""
    shop, role = _shop(code), role_of(request.user)
    form = SettingsForm(request.POST if request.method == "POST" else None, instance=shop)
    if request.method == "POST":
        if role != OWNER or shop.owner != OFFICE:
            audit(request, "page.refused", refused=True, path=request.path)
            return redirect("webshop", code)
        if form.is_valid():
            return _settled(request, form)
        shop = _shop(code)
    found, books = asking.status(shop), reading.books(folder_of(code), request.GET.get("zoek", "").strip()[:60])
    ours = shop.owner == OFFICE
    tables = _tables(books)
    response = answer(
        request, "webshops/webshop.html", tables, unsold=tables[-1], shop=shop, found=found, ours=ours,
        standing=words.standing(shop, found), report=_report(books),
        findings=[words.noted(each) for each in found.findings] if found else [],
        search=request.GET.get("zoek", ""), links=books.links, offers=[*books.ambiguous, *books.unknown],
        failed=[(each, words.command(each), asking.said(each.error, each.facts)) for each in books.failed],
        form=form if role == OWNER and ours else None, keys=KeysForm(shop.kind) if role == OWNER and ours else None,
        acts=ACTS if role in WORKERS and ours else {}, hooked=role == OWNER and ours and shop.kind == "woocommerce",
    )  # fmt: skip
    response.status_code = 400 if form.is_bound else 200
    return response


def _settled(request: HttpRequest, form: SettingsForm) -> HttpResponse:
    # What every other process writes of the row (a nudge) is left alone.
    shop = form.save(commit=False)
    shop.save(update_fields=[*form.fields])
    if "all_branches" in form.changed_data:
        move_board(shop)
    facts = {name: form.cleaned_data[name] for name in form.changed_data if name != "options"}
    if "options" in form.changed_data:
        facts["options"] = sorted(form.cleaned_data["options"])
    audit(request, "webshop.settled", webshop=str(shop.till_id), **facts)
    messages.success(request, _("Bewaard. Wie met de webshop praat, gaat er zo mee verder."))
    return redirect("webshop", shop.till_id)


def _report(books: Books) -> dict[str, Any]:
    if books.report is None:
        return {}
    at, report = books.report
    return {"at": _time(at), "words": words.done("compare", report)}


def _tables(books: Books) -> list[Table]:
    differences = books.report[1]["differences"] if books.report else []
    return [
        _orders(books),
        Table("verschillen", _("Wat afweek bij de laatste vergelijking"),
              [Column(_("Product")), Column("SKU"), Column(_("Webshop had")), Column(_("Moest zijn"))],
              [(row["product"], row["sku"], _number(row["have"]), _number(row["want"]))
               for row in differences[:DIFFERENCES]], None, _("Niets week af.")),
        _details(books),
        Table("niet-te-koop", _("Artikelen die niet in de webshop staan"), [Column("SKU"), Column(_("Naam"))],
              [(offer.sku, offer.name) for offer in books.unsold], None, _("Er zijn er geen.")),
    ]  # fmt: skip


def _details(books: Books) -> Table:
    found = books.report[1].get("details", []) if books.report else []
    columns = [Column(_("Product")), Column("SKU"), Column(_("Wat")), Column(_("Bij ons")), Column(_("In de webshop"))]
    rows: Rows = [
        (row["product"], row["sku"], words.detail(row["what"]), *(words.value(row["what"], row[name])
                                                                 for name in ("ours", "theirs")))
        for row in found[:DIFFERENCES]
    ]  # fmt: skip
    return Table("gegevens", _("Prijs, btw en streepjescode die verschilden"), columns, rows, None, _("Niets week af."))


def _orders(books: Books) -> Table:
    columns = [Column(_("Bestelling")), Column(_("Geplaatst"), "moment", wide=True), Column(_("Toestand")),
               Column(_("Afhalen"), wide=True), Column(_("Totaal"), "euro"), Column(_("Betaald"), "euro")]  # fmt: skip
    rows: Rows = [
        (number, _time(placed), words.stage(stage, status), _("ja") if pickup else _("nee"), total, paid)
        for number, stage, status, placed, pickup, total, paid in books.orders
    ]  # fmt: skip
    return Table("bestellingen", _("Open bestellingen"), columns, rows, None, _("Er zijn er geen."))


@require_POST
@require(*WORKERS)
def act(request: HttpRequest, code: str) -> HttpResponse:
    """Have something done, by who works on the webshop; what takes longer is done all the same."""
    shop, what = _shop(code), request.POST.get("doe", "")
    if what not in ASKED:
        raise Http404
    facts = {"key": request.POST.get("opdracht", "")[:200]} if what == "again" else {}
    found = _asked(request, shop, what, facts)
    if "error" not in found:
        messages.success(request, words.done(what, found))
        _warn(request, found.get("remarks", ()))
    return redirect("webshop", code)


@require_POST
@require(*WORKERS)
def link(request: HttpRequest, code: str) -> HttpResponse:
    """A person says which article a product is, or that it is none, or has one made of the other."""
    shop, act = _shop(code), request.POST.get("doe", "")
    product = "+" if act == "product" else request.POST.get("product", "")[:80]
    sku = LINK_SIGNS.get(act) or request.POST.get("artikel", "").strip()[:40]
    if not product or not sku or (sku in LINK_SIGNS.values() and act not in LINK_SIGNS):
        messages.error(request, _("Typ het artikelnummer."))
        return redirect("webshop", code)
    found = _asked(request, shop, "link_one", {"product": product, "sku": sku, "by": request.user.get_username()[:40]})
    if found.get("done"):
        messages.success(request, words.linked(act, found))
    elif "error" not in found:
        messages.error(request, asking.said("webshop_no_link", {"product": product, "sku": sku}))
    return redirect("webshop", code)


def _asked(request: HttpRequest, shop: Webshop, what: str, facts: dict[str, Any]) -> dict[str, Any]:
    by = request.user.get_username()
    found = asking.perform(shop, what, facts, by=by, seconds=PATIENCE, leave=True)
    if found.get("error") == "no_answer":
        messages.info(request, _("Wordt gedaan; kijk zo nog eens."))
    elif "error" in found:
        messages.error(request, asking.refusal(found))
    return found


@sensitive_post_parameters()
@require_POST
@require(OWNER)
def keys(request: HttpRequest, code: str) -> HttpResponse:
    """Other keys: kept once the webshop takes them."""
    shop = _ours(code)
    form = KeysForm(shop.kind, request.POST)
    if not form.is_valid():
        messages.error(request, _("Vul elke sleutel in."))
        return redirect("webshop", code)
    try:
        facts = asking.renew(shop, form.keys, by=request.user.get_username())
    except WebshopError as error:
        messages.error(request, asking.said(error.code, error.facts))
        return redirect("webshop", code)
    messages.success(request, words.done("check", {"name": facts.name, "version": facts.version}))
    _warn(request, facts.remarks)
    return redirect("webshop", code)


@require_POST
@require(OWNER)
def secret(request: HttpRequest, code: str) -> HttpResponse:
    """Another secret for webhooks, shown once, with the address that goes with it."""
    shop = _ours(code)
    if shop.kind != "woocommerce":
        raise Http404
    made = new_secret(shop)
    audit(request, "webshop.hook.made", webshop=code)
    address = request.build_absolute_uri(reverse("webshop_hook", args=[code]))
    return _plain(render(request, "webshops/secret.html", {"shop": shop, "secret": made, "address": address}))


def _shop(code: str) -> Webshop:
    found = None if "\0" in code else Webshop.objects.select_related("till__branch").filter(till=code).first()
    if found is None:
        raise Http404
    return found


def _ours(code: str) -> Webshop:
    """One that the office talks to; Http404 for another's."""
    found = _shop(code)
    if found.owner != OFFICE:
        raise Http404
    return found


def _plain(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = NOTHING
    return response


def _time(at: int) -> datetime:
    return datetime.fromtimestamp(at / 1000, UTC)


def _number(value: Any) -> str:
    return "–" if value is None else str(value)
