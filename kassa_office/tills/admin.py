"""Branches and tills, what is set for each till, and the codes by which a machine becomes one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kassa_office.catalogue.admin import Fixed
from kassa_office.catalogue.rights import ByRole, NoBooks
from kassa_office.staff.access import OWNER, SUPPORT
from kassa_office.tills import rollout_words
from kassa_office.tills.models import Branch, Enrolment, Till
from kassa_office.tills.rollout import Fault
from kassa_tui.office_keys import is_empty, judge


@admin.register(Branch)
class BranchAdmin(ByRole, Fixed):
    """Branches."""

    branch_column = "code"
    list_display = ("code", "name", "city", "country", "price_list", "active")
    list_filter = ("active", "country", "price_list")
    search_fields = ("code", "name", "city")
    fixed = ("code",)

    def _branches_of_row(self, row: Any) -> frozenset[str]:
        return frozenset([row.pk])


class TillForm(forms.ModelForm):  # type: ignore[type-arg]
    """Settings are keys of ``till.toml`` with their values; the same as are rolled out."""

    class Meta:
        model = Till
        fields = ("code", "branch", "name", "active", "settings")

    def clean_settings(self) -> dict[str, Any]:
        """An object of keys that an office may set, each with a value that the till will take."""
        given = self.cleaned_data["settings"] or {}
        if not isinstance(given, dict):
            raise ValidationError(_('Zo: {"rules.return_days": 14, "shop.receipt_footer": ["Tot ziens"]}'))
        branch = self.cleaned_data.get("branch")
        wrong = judge(given, branch.country if branch else "NL")[1]
        if wrong:
            faults = [Fault(each.code, facts={"key": key, **each.facts}) for key, each in wrong]
            raise ValidationError([rollout_words.fault(fault) for fault in faults])
        return {key: value for key, value in given.items() if not is_empty(value)}


@admin.register(Till)
class TillAdmin(NoBooks, Fixed):
    """Tills."""

    form = TillForm
    branch_column = "branch"
    list_display = ("code", "branch", "name", "active", "enrolled_at")
    list_filter = ("active", "branch")
    search_fields = ("code", "name")
    readonly_fields = ("enrolled_at",)
    fixed = ("code",)
    actions = ("new_code",)

    @admin.action(description=gettext_lazy("Aanmeldcode maken"), permissions=["change"])
    def new_code(self, request: HttpRequest, tills: QuerySet[Till]) -> None:
        """A code for each chosen till, shown once; one that is enrolled already is replaced by the new machine."""
        from kassa_office.tills.enrolment import issue_code

        for till in tills.filter(webshop=None):
            code = issue_code(till, request.user.get_username(), replaces=till.enrolled_at is not None)
            self.message_user(request, _("Code voor %(till)s: %(code)s") % {"till": till.code, "code": code})


@admin.register(Enrolment)
class EnrolmentAdmin(ByRole, admin.ModelAdmin):  # type: ignore[type-arg]
    """Codes that were given out; the codes themselves are nowhere."""

    may_read = (OWNER, SUPPORT)
    may_write = ()
    list_display = ("till", "made_by", "made_at", "expires_at", "used_at", "replaces")
    list_filter = ("till__branch",)
