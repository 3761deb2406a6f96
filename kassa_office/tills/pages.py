"""Pages of the fleet: what is rolled out to which tills, and the machines that are or become a till."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kassa_office.dashboard.tables import Column, Link, Table
from kassa_office.dashboard.views.common import NOTHING, answer
from kassa_office.staff.access import OWNER, SUPPORT, audit, check_branch, require
from kassa_office.tills import rollout as rolling
from kassa_office.tills import rollout_words
from kassa_office.tills.enrolment import VALID, issue_code, revoke
from kassa_office.tills.models import Rollout, RolloutTill, Till, TillKey


class RolloutForm(forms.Form):
    """What goes to whom."""

    name = forms.CharField(label=gettext_lazy("Naam"), max_length=80)
    settings = forms.CharField(
        label=gettext_lazy("Instellingen, zoals in till.toml: rules.return_days = 14"), required=False, max_length=8000,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
    )  # fmt: skip
    version = forms.CharField(label=gettext_lazy("Of: versie van het programma"), required=False, max_length=40)
    stages = forms.CharField(
        label=gettext_lazy("Stappen, een per regel: kassa's of een percentage"), max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}), initial="5%\n25%\n100%",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """One thing at a time; ``kind``, ``body`` and ``plan`` as they are kept."""
        found: dict[str, Any] = super().clean() or {}
        settings, version = found.get("settings", ""), found.get("version", "")
        if bool(settings) == bool(version):
            raise forms.ValidationError(_("Geef instellingen of een versie, een van de twee."))
        kind = Rollout.VERSION if version else Rollout.SETTINGS
        body, faults = ({"version": version}, []) if version else rolling.read_settings(settings)
        plan, more = rolling.read_stages(found.get("stages", ""))
        faults = [*faults, *more] or rolling.faults_of(kind, body)
        if faults:
            raise forms.ValidationError([rollout_words.fault(fault) for fault in faults])
        return {**found, "kind": kind, "body": body, "plan": plan}


@require_http_methods(["GET", "HEAD", "POST"])
@require(OWNER, SUPPORT)
def rollouts(request: HttpRequest) -> HttpResponse:
    """All roll-outs, and the form for another."""
    form = RolloutForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        user = request.user.get_username()
        made = rolling.make(given["name"], given["kind"], given["body"], given["plan"], user)
        if isinstance(made, Rollout):
            return redirect("rollout", made.pk)
        for fault in made:
            form.add_error(None, rollout_words.fault(fault))
    columns = [Column(_("Uitrol")), Column(_("Wat")), Column(_("Toestand")), Column(_("Gemaakt"), "moment"),
               Column(_("Door"), wide=True)]  # fmt: skip
    lines = [
        (Link(row.name, f"{row.pk}/"), "; ".join(f"{name} = {value}" for name, value in rollout_words.body(row)),
         rollout_words.standing(row), row.made_at, row.made_by) for row in Rollout.objects.all()[:200]
    ]  # fmt: skip
    table = Table("uitrol", _("Uitrol"), columns, lines, None, _("Er is nog niets uitgerold."))
    return answer(request, "tills/rollouts.html", [table], form=form)


@require_safe
@require(OWNER, SUPPORT)
def rollout(request: HttpRequest, number: int) -> HttpResponse:
    """One roll-out: its stages, and how far each till is that it reached."""
    found = get_object_or_404(Rollout, pk=number)
    now = timezone.now()
    reached = RolloutTill.objects.filter(rollout=found).select_related("till__state", "till__branch")
    lines = [
        (Link(row.till_id, f"/kassas/{row.till_id}/"), row.till.branch.name, str(row.stage + 1), row.at,
         rollout_words.till_state(rolling.obstacle(found, row.till, getattr(row.till, "state", None), now)))
        for row in reached.order_by("stage", "till")
    ]  # fmt: skip
    columns = [Column(_("Kassa")), Column(_("Filiaal")), Column(_("Stap")), Column(_("Gegeven"), "moment"),
               Column(_("Toestand"))]  # fmt: skip
    table = Table("kassas", _("Kassa's"), columns, lines, None, _("Nog geen kassa heeft dit gekregen."))
    following = found.stage < len(found.stages)
    return answer(
        request, "tills/rollout.html", [table], rollout=found, standing=rollout_words.standing(found),
        body=rollout_words.body(found), stages=[rollout_words.stage(each) for each in found.stages],
        following=rolling.targets(found, found.stage) if following and not found.finished_at else [],
        last=not following, obstacles=[] if found.finished_at else
        [rollout_words.fault(fault) for fault in rolling.obstacles(found, now)],
    )  # fmt: skip


@require_POST
@require(OWNER, SUPPORT)
def decide(request: HttpRequest, number: int) -> HttpResponse:
    """Go on, hold, take up again or take back, as the button says."""
    get_object_or_404(Rollout, pk=number)
    wanted, user = request.POST.get("besluit", ""), request.user.get_username()
    if wanted == "verder":
        seen = request.POST.get("stap", "")
        for fault in rolling.advance(number, user, int(seen) if seen.isascii() and seen.isdigit() else -1):
            messages.error(request, rollout_words.fault(fault))
    elif wanted in ("stil", "hervat"):
        rolling.pause(number, user, wanted == "stil")
    elif wanted == "terug":
        left = rolling.undo(number, user)
        messages.success(request, _("Elke kassa krijgt terug wat zij had."))
        if left:
            messages.warning(request, _("Intussen anders ingesteld en zo gelaten: %s") % ", ".join(left))
    return redirect("rollout", number)


@require_POST
@require(OWNER, SUPPORT)
def new_code(request: HttpRequest, code: str) -> HttpResponse:
    """A code by which a machine becomes this till, shown once; in place of the old one where there was one."""
    till = _till(request, code)
    replaces = TillKey.objects.filter(till=till).exists()
    made = issue_code(till, request.user.get_username(), replaces=replaces)
    facts = {
        "till": till, "made": f"{made[:5]}-{made[5:]}", "replaces": replaces,
        "hours": int(VALID.total_seconds() // 3600), "address": request.build_absolute_uri("/").rstrip("/"),
    }  # fmt: skip
    response = render(request, "tills/code.html", facts)
    response["Cache-Control"] = NOTHING
    return response


@require_POST
@require(OWNER, SUPPORT)
def withdraw(request: HttpRequest, code: str) -> HttpResponse:
    """The machine is this till no longer: its token and every code that was not used stop working."""
    till = _till(request, code)
    revoke(till)
    audit(request, "till.revoked", till=till.code)
    said = _("Kassa %s komt er niet meer in. Wat zij nog niet stuurde, blijft op die machine.") % till
    messages.success(request, said)
    return redirect("till", till.code)


def _till(request: HttpRequest, code: str) -> Till:
    # A webshop's channel is no machine.
    till = get_object_or_404(Till, code=code, webshop=None)
    check_branch(request, till.branch_id)
    return till
