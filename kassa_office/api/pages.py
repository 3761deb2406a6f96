"""The page of the links with other programs: their tokens, and the webhooks to them. For the owner alone."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from kassa_office.api import events, guard, tokens, webhooks
from kassa_office.api.models import ApiToken, Delivery, Webhook
from kassa_office.staff.access import OWNER, audit, require
from kassa_office.tills.models import Branch

SHOWN = 100
"""Deliveries on the page of a webhook."""
SCOPES = [
    ("articles:read", gettext_lazy("artikelen lezen")),
    ("articles:write", gettext_lazy("artikelen en prijzen veranderen")),
    ("stock:read", gettext_lazy("voorraad lezen")),
    ("stock:write", gettext_lazy("voorraad boeken")),
    ("sales:read", gettext_lazy("verkopen lezen")),
    ("reports:read", gettext_lazy("omzet en Z-rapporten lezen")),
    ("customers:read", gettext_lazy("klanten lezen")),
    ("customers:write", gettext_lazy("klanten veranderen")),
]
EVENTS = [
    (events.SALE, gettext_lazy("een verkoop is binnen")),
    (events.Z, gettext_lazy("een kassa is afgesloten")),
    (events.STOCK_LOW, gettext_lazy("er raakt iets op")),
    (events.ARTICLE, gettext_lazy("een artikel of prijs is veranderd")),
    (events.ALARM, gettext_lazy("er is een melding")),
]
STATES = {
    "waiting": gettext_lazy("wacht"),
    "taken": gettext_lazy("aangenomen"),
    "failed": gettext_lazy("opgegeven"),
    "superseded": gettext_lazy("ingehaald"),
}
PROBLEMS = {
    "address": gettext_lazy("het adres is van het eigen netwerk"),
    "timeout": gettext_lazy("geen antwoord binnen de tijd"),
    "tls": gettext_lazy("het certificaat deugt niet"),
    "connection": gettext_lazy("geen verbinding"),
}
FAULTS = {
    "address": gettext_lazy("Dit is geen volledig webadres."),
    "https": gettext_lazy("Het adres moet met https:// beginnen."),
    "private": gettext_lazy("Dit adres is van het eigen netwerk; dat mag alleen met webhook_private in office.toml."),
}


def _boxes(choices: Any, label: Any) -> Any:
    return forms.MultipleChoiceField(label=label, choices=choices, widget=forms.CheckboxSelectMultiple)


class TokenForm(forms.Form):
    """What a program may."""

    name = forms.CharField(label=gettext_lazy("Naam van het programma"), max_length=80)
    scopes = _boxes(SCOPES, gettext_lazy("Mag"))
    branches = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Filialen; geen is alle"), queryset=Branch.objects.none(), required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    per_minute = forms.IntegerField(
        label=gettext_lazy("Vragen per minuut"), min_value=1, max_value=6000, initial=120, required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["branches"].queryset = Branch.objects.all()  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        """A name is given once, to a token that was revoked too: the record refers to it."""
        name = str(self.cleaned_data["name"])
        if ApiToken.objects.filter(name=name).exists():
            raise forms.ValidationError(_("Deze naam is al gebruikt."))
        return name


class WebhookForm(forms.Form):
    """Where to, and what."""

    url = forms.CharField(label=gettext_lazy("Adres"), max_length=400, widget=forms.URLInput)
    events = _boxes(EVENTS, gettext_lazy("Laat weten"))
    branches = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Filialen; geen is alle"), queryset=Branch.objects.none(), required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["branches"].queryset = Branch.objects.all()  # type: ignore[attr-defined]

    def clean_url(self) -> str:
        """An address on the internet, over TLS."""
        url = str(self.cleaned_data["url"]).strip()
        fault = guard.fault_of(url, private=settings.OFFICE.webhook_private)
        if fault:
            raise forms.ValidationError(FAULTS[fault])
        return url


@require_safe
@require(OWNER)
def links(request: HttpRequest) -> HttpResponse:
    """All tokens and webhooks, and the forms for another."""
    return _links(request, TokenForm(), WebhookForm())


@require_POST
@require(OWNER)
def make_token(request: HttpRequest) -> HttpResponse:
    """Make a token; its text is on the answer to this and nowhere else."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _links(request, form, WebhookForm(), 422)
    given = form.cleaned_data
    row, text = tokens.make(
        given["name"], given["scopes"], [branch.pk for branch in given["branches"]], request.user.get_username(),
        given["per_minute"] or 120,
    )  # fmt: skip
    audit(request, "api.token.made", name=row.name, scopes=row.scopes)
    return _secret(request, row.name, text)


@require_POST
@require(OWNER)
def revoke_token(request: HttpRequest, number: int) -> HttpResponse:
    """From now on it is worth nothing."""
    row = get_object_or_404(ApiToken, pk=number)
    tokens.revoke(row, request.user.get_username())
    messages.success(request, _("De toegangssleutel van %s is ingetrokken.") % row.name)
    return redirect("links")


@require_POST
@require(OWNER)
def make_webhook(request: HttpRequest) -> HttpResponse:
    """Make a webhook; its secret is on the answer to this and on no page after."""
    form = WebhookForm(request.POST)
    if not form.is_valid():
        return _links(request, TokenForm(), form, 422)
    given = form.cleaned_data
    with transaction.atomic():
        row = Webhook.objects.create(
            url=given["url"], events=given["events"], secret=webhooks.new_secret(), made_by=request.user.get_username()
        )
        row.branches.set(given["branches"])
        audit(request, "webhook.made", url=row.url, events=row.events)
    return _secret(request, row.url, row.secret)


@require_safe
@require(OWNER)
def webhook(request: HttpRequest, number: int) -> HttpResponse:
    """What became of its last deliveries."""
    row = get_object_or_404(Webhook, pk=number)
    found = row.deliveries.order_by("-made_at", "-id")[:SHOWN]
    lines = [(one, STATES.get(one.state, one.state), PROBLEMS.get(one.problem, "")) for one in found]
    return render(request, "api/webhook.html", {"hook": row, "deliveries": lines, "names": _named(row.events, EVENTS)})


@require_POST
@require(OWNER)
def change_webhook(request: HttpRequest, number: int) -> HttpResponse:
    """``on``, ``off``, ``remove``; ``replay`` of one delivery (``delivery``) or of all that were given up."""
    row, act = get_object_or_404(Webhook, pk=number), str(request.POST.get("act", ""))
    if act in ("on", "off"):
        webhooks.switch(row, on=act == "on", by=request.user.get_username())
    elif act == "remove":
        row.delete()
    elif act == "replay":
        chosen: Any = Delivery.objects.filter(webhook=row)
        wanted = str(request.POST.get("delivery", ""))[:40].replace("\0", "")
        sent = webhooks.replay(chosen.filter(pk=wanted) if wanted else chosen.filter(state="failed"))
        messages.success(request, _("%d berichten gaan opnieuw.") % sent)
    else:
        return redirect("webhook", number=number)
    audit(request, f"webhook.{act}", url=row.url)
    return redirect("links") if act == "remove" else redirect("webhook", number=number)


def _links(request: HttpRequest, token: TokenForm, hook: WebhookForm, status: int = 200) -> HttpResponse:
    rows = ApiToken.objects.prefetch_related("branches")
    hooks = Webhook.objects.prefetch_related("branches")
    facts = {
        "tokens": [(row, _named(row.scopes, SCOPES)) for row in rows],
        "hooks": [(row, _named(row.events, EVENTS)) for row in hooks],
        "token_form": token,
        "hook_form": hook,
    }
    return render(request, "api/links.html", facts, status=status)


def _secret(request: HttpRequest, name: str, text: str) -> HttpResponse:
    answer = render(request, "api/secret.html", {"name": name, "text": text})
    answer["Cache-Control"] = "no-store"
    return answer


def _named(codes: list[str], words: Any) -> list[str]:
    known = dict(words)
    return [str(known.get(code, code)) for code in codes]
