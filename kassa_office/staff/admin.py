"""Staff with their PINs, the users of the office with their roles, and the record of who did what."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group as Permissions
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kassa_office.catalogue.admin import Files, Fixed
from kassa_office.catalogue.rights import ByRole, ManagersToo, NoBooks, OwnerOnly
from kassa_office.staff.access import OWNER, audit
from kassa_office.staff.models import Audit, Employee, Profile, has_pin
from kassa_office.staff.resources import EmployeeResource


class EmployeeForm(forms.ModelForm):  # type: ignore[type-arg]
    """A PIN goes in and is never shown."""

    pin = forms.CharField(
        label=gettext_lazy("pincode"),
        required=False,
        max_length=8,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "inputmode": "numeric"}),
        help_text=gettext_lazy("4 tot 8 cijfers; leeg laat haar zoals ze was."),
    )

    class Meta:
        model = Employee
        fields = ("code", "name", "role", "language", "branches", "active")

    def clean(self) -> dict[str, Any]:
        """A PIN is one person's: the till knows who it is by the PIN alone."""
        given = super().clean() or self.cleaned_data
        pin = given.get("pin")
        if pin:
            try:
                self.instance.set_pin(pin)
            except ValidationError as error:
                raise ValidationError({"pin": error.messages}) from error
            if _taken(pin, self.instance.pk, given.get("branches") or ()):
                raise ValidationError({"pin": _("Deze pincode is al van iemand anders in dit filiaal.")})
        elif given.get("active") and not self.instance.pin_hash:
            raise ValidationError({"pin": _("Zonder pincode kan niemand inloggen.")})
        return given


def _taken(pin: str, code: str | None, branches: Any) -> bool:
    """Whether somebody who may stand at the same till has this PIN."""
    mine = {branch.pk for branch in branches}
    others = Employee.objects.filter(active=True).exclude(pin_hash="").exclude(code=code or "")
    for other in others.prefetch_related("branches"):
        theirs = {branch.pk for branch in other.branches.all()}
        if (not mine or not theirs or mine & theirs) and has_pin(other.pin_hash, pin):
            return True
    return False


@admin.register(Employee)
class EmployeeAdmin(ManagersToo, NoBooks, Files, Fixed):
    """Who works at the tills; a manager's own branches only."""

    resource_classes = (EmployeeResource,)
    form = EmployeeForm
    fields = ("code", "name", "role", "pin", "language", "branches", "active")
    branch_column = "branches"
    list_display = ("code", "name", "role", "language", "active")
    list_filter = ("active", "role", "branches")
    search_fields = ("code", "name")
    filter_horizontal = ("branches",)
    fixed = ("code",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """A new PIN is written down, not which."""
        super().save_model(request, obj, form, change)
        if form.cleaned_data.get("pin"):
            audit(request, "pin.changed", employee=obj.code)


class ProfileInline(OwnerOnly, admin.StackedInline):  # type: ignore[type-arg]
    """Role and branches of a user of the office."""

    model = Profile
    may_read = (OWNER,)
    filter_horizontal = ("branches",)
    can_delete = False


admin.site.unregister(User)
admin.site.unregister(Permissions)


@admin.register(User)
class OfficeUserAdmin(OwnerOnly, UserAdmin):  # type: ignore[type-arg]
    """Users of the office; what they may follows from their role alone."""

    may_read = (OWNER,)
    inlines = (ProfileInline,)
    list_display = ("username", "first_name", "last_name", "email", "is_active", "last_login")
    list_filter = ("is_active", "profile__role")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (gettext_lazy("Persoon"), {"fields": ("first_name", "last_name", "email")}),
        (gettext_lazy("Toegang"), {"fields": ("is_active", "is_staff", "is_superuser")}),
    )

    def get_inlines(self, request: HttpRequest, obj: Any = None) -> Any:
        """Once there is a user."""
        return self.inlines if obj else ()


@admin.register(Audit)
class AuditAdmin(ByRole, admin.ModelAdmin):  # type: ignore[type-arg]
    """The record; nobody writes in it by hand."""

    may_read = (OWNER,)
    may_write = ()
    list_display = ("at", "user", "act", "refused", "address", "facts")
    list_filter = ("refused", "act", "at")
    search_fields = ("user", "act", "address")
