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
from kassa_office.catalogue.rights import ByRole
from kassa_office.staff.access import OWNER, SUPPORT
from kassa_office.tills.models import Branch, Enrolment, Till


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
    """Settings are keys of ``till.toml`` with their values."""

    class Meta:
        model = Till
        fields = ("code", "branch", "name", "active", "settings")

    def clean_settings(self) -> dict[str, Any]:
        """An object whose keys name a table and a key in it."""
        given = self.cleaned_data["settings"] or {}
        fine = isinstance(given, dict) and all(
            all(key.partition(".")) and isinstance(value, str | int | bool | list) for key, value in given.items()
        )
        if not fine:
            raise ValidationError(_('Zo: {"rules.login_delay_seconds": 5, "shop.language": "nl"}'))
        return dict(given)


@admin.register(Till)
class TillAdmin(ByRole, Fixed):
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

        for till in tills:
            code = issue_code(till, request.user.get_username(), replaces=till.enrolled_at is not None)
            self.message_user(request, _("Code voor %(till)s: %(code)s") % {"till": till.code, "code": code})


@admin.register(Enrolment)
class EnrolmentAdmin(ByRole, admin.ModelAdmin):  # type: ignore[type-arg]
    """Codes that were given out; the codes themselves are nowhere."""

    may_read = (OWNER, SUPPORT)
    may_write = ()
    list_display = ("till", "made_by", "made_at", "expires_at", "used_at", "replaces")
    list_filter = ("till__branch",)
