"""Staff as files: the columns of ``staff.csv``, and branches. PINs go in and never come out."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from import_export import fields, widgets

from kassa_office.catalogue.resources import Resource, YesWidget
from kassa_office.staff.models import Employee, hash_pin
from kassa_office.tills.models import Branch


class BranchesWidget(widgets.ManyToManyWidget):  # type: ignore[misc]
    """Codes of branches, divided by a bar; empty is all."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        """The branches; one that is not there is refused."""
        codes = [part.strip() for part in str(value or "").split("|") if part.strip()]
        found = Branch.objects.filter(code__in=codes)
        unknown = set(codes) - {branch.code for branch in found}
        if unknown:
            raise ValueError(_("Onbekend filiaal: %s") % ", ".join(sorted(unknown)))
        return found


class EmployeeResource(Resource):
    """Staff by their code."""

    branches = fields.Field("branches", "branches", widget=BranchesWidget(Branch, separator="|", field="code"))
    active = fields.Field("active", "active", widget=YesWidget(), default=True)

    class Meta(Resource.Meta):
        model = Employee
        import_id_fields = ("code",)
        fields = ("code", "name", "role", "language", "branches", "active")

    def import_instance(self, instance: Any, row: Any, **kwargs: Any) -> None:
        """With the PIN, where the file has one."""
        super().import_instance(instance, row, **kwargs)
        pin = str(row.get("pin") or "").strip()
        if pin:
            try:
                instance.pin_hash = hash_pin(pin)
            except ValidationError as error:
                raise ValidationError({"pin": error.messages}) from error

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        """A new PIN is a change."""
        if instance.pin_hash != original.pin_hash:
            return False
        return bool(super().skip_row(instance, original, row, import_validation_errors))
