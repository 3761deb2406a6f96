"""What the pages of the stock share: branches, quantities as people type them, refusals in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

from kassa_office.catalogue import checks
from kassa_office.catalogue.models import Article, Barcode
from kassa_office.dashboard.figures import visible
from kassa_office.dashboard.tables import Link
from kassa_office.staff.access import MANAGER, OWNER, branches_of, check_branch, role_of
from kassa_office.tills.models import Branch

Rows = list[Sequence[Any]]
"""Of a table."""
WRITERS = (OWNER, MANAGER)
"""Who may move stock; the others look."""
_QUANTITY = re.compile(r"(-?)(\d{1,7})(?:[.,](\d{1,3}))?", re.ASCII)

REFUSALS = {
    "same_branch": N_("Kies twee verschillende filialen."),
    "no_lines": N_("Vul bij minstens één artikel een aantal in."),
    "not_draft": N_("Dit is al verstuurd."),
    "not_open": N_("Deze bestelling staat niet meer open."),
    "not_under_way": N_("Deze zending is niet onderweg."),
    "unknown_article": N_("Dit artikel is er niet."),
    "bad_quantity": N_("Dit is geen aantal."),
    "counts_gone": N_("Deze tellingen zijn al verwerkt."),
}
KINDS = {
    "sale": N_("verkocht"), "return": N_("retour"), "received": N_("ontvangen"), "counted": N_("geteld"),
    "sent": N_("verstuurd"), "arrived": N_("aangekomen"), "wasted": N_("afgeschreven"),
    "corrected": N_("verbeterd"), "web": N_("verkocht in de webshop"),
}  # fmt: skip
STATES = {
    "draft": ("off", N_("concept")), "sent": ("warn", N_("verstuurd")), "partly": ("warn", N_("deels ontvangen")),
    "closed": ("ok", N_("klaar")), "cancelled": ("off", N_("vervallen")), "under_way": ("warn", N_("onderweg")),
}  # fmt: skip


def refuse(request: HttpRequest, code: str) -> None:
    """Say why not, on the next page."""
    messages.error(request, _(REFUSALS[code]))


def thousandths(text: str) -> int | None:
    """``12``, ``0,450`` or ``-3`` in thousandths; None where it is no quantity."""
    found = _QUANTITY.fullmatch(text.strip())
    if found is None:
        return None
    value = int(found[2]) * 1000 + int((found[3] or "").ljust(3, "0"))
    return -value if found[1] else value


def quantities(posted: QueryDict, prefix: str = "qty-") -> list[tuple[str, int]] | None:
    """Article and thousandths of the fields ``qty-SKU`` that were filled in; None where one is no quantity."""
    found = []
    for name, text in posted.items():
        if name.startswith(prefix) and isinstance(text, str) and text.strip():
            value = thousandths(text)
            if value is None:
                return None
            found.append((name.removeprefix(prefix), value))
    return found


def branches(request: HttpRequest) -> dict[str, str]:
    """Code → name of the branches the user may see."""
    codes = visible(branches_of(request.user))
    return dict(Branch.objects.filter(code__in=codes).values_list("code", "name"))


def one_branch(request: HttpRequest, given: str, known: dict[str, str]) -> str:
    """The branch asked for, else the first; PermissionDenied for another's."""
    if given:
        check_branch(request, given)
    return given if given in known else next(iter(known), "")


def all_names() -> dict[str, str]:
    """Code → name of every branch: one may send to another's."""
    return dict(Branch.objects.filter(active=True).values_list("code", "name"))


def may_write(request: HttpRequest) -> bool:
    """Whether to show buttons."""
    return role_of(request.user) in WRITERS


def article_of(text: str) -> Article | None:
    """By number or barcode."""
    text = text.strip()
    found = Article.objects.filter(sku=text).first()
    if found is None and text:
        try:
            code = checks.barcode(text)
        except Exception:  # noqa: BLE001  whatever is wrong with it, it is no barcode of ours
            return None
        barcode = Barcode.objects.filter(code=code).select_related("article").first()
        found = barcode.article if barcode else None
    return found


def article_names(skus: Iterable[str]) -> dict[str, str]:
    """Number → name."""
    return dict(Article.objects.filter(sku__in=set(skus)).values_list("sku", "name"))


def article_link(sku: str, branch: str = "") -> Link:
    """To the ledger of an article."""
    from django.urls import reverse

    url = reverse("stock_article", args=[sku])
    return Link(sku, f"{url}?filiaal={branch}" if branch else url)


def state(code: str) -> Any:
    """How an order or a transfer stands."""
    from kassa_office.dashboard.tables import State

    level, words = STATES[code]
    return State(level, _(words))
