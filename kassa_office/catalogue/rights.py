"""What a role may do in the administration: the owner all, support what keeps tills running, the others mostly look."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from kassa_office.catalogue.fields import field_for
from kassa_office.staff.access import ALL, BOOKKEEPER, MANAGER, OWNER, SUPPORT, audit_few, branches_of, role_of


class ByRole(admin.options.BaseModelAdmin):  # type: ignore[type-arg]
    """Rights by role instead of Django's list of permissions, and form fields in the words of people."""

    may_write: ClassVar[tuple[str, ...]] = (OWNER, SUPPORT)
    may_read: ClassVar[tuple[str, ...]] = ALL
    branch_column: ClassVar[str] = ""
    """Column of the branch: a manager then sees and changes the rows of his own branches only."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the app is in the index."""
        return role_of(request.user) in self.may_read

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether a row may be looked at: one of several branches by the manager of any of them."""
        return role_of(request.user) in self.may_read and self._mine(request, obj, wholly=False)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether a row may be added."""
        return role_of(request.user) in self.may_write

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether a row may be changed."""
        return role_of(request.user) in self.may_write and self._mine(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether a row may be deleted."""
        return role_of(request.user) in self.may_write and self._mine(request, obj)

    def has_import_permission(self, request: HttpRequest) -> bool:
        """A file may name any branch, so only who may change all of them."""
        return role_of(request.user) in self.may_write and branches_of(request.user) is None

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Who may look may take it along."""
        return role_of(request.user) in self.may_read

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows that the user may see."""
        rows = super().get_queryset(request)
        allowed = branches_of(request.user) if self.branch_column else None
        if allowed is None:
            return rows
        return rows.filter(**{f"{self.branch_column}__in": allowed}).distinct()

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row, where the user may see it; that somebody asked for another branch's is recorded."""
        found = super().get_object(request, object_id, from_field)  # type: ignore[misc]
        if found is None and self.branch_column and branches_of(request.user) is not None:
            audit_few(request, "branch.refused", request.user.get_username(), path=request.path[:120])
        return found

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Euros and per cents; a manager chooses among his own branches."""
        return field_for(db_field) or super().formfield_for_dbfield(db_field, request, **kwargs)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A manager must name one of his own branches."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        return self._own_branches(db_field, request, field)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """As for one branch."""
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        return self._own_branches(db_field, request, field)

    def _own_branches(self, db_field: Any, request: HttpRequest, field: Any) -> Any:
        allowed = branches_of(request.user)
        if field is not None and allowed is not None and db_field.name == self.branch_column.partition("__")[0]:
            field.queryset = field.queryset.filter(code__in=allowed)
            field.required = True
        return field

    def _mine(self, request: HttpRequest, row: Model | None, *, wholly: bool = True) -> bool:
        allowed = branches_of(request.user) if self.branch_column else None
        if allowed is None or row is None or not isinstance(row, self.model):
            return True
        branches = self._branches_of_row(row)
        return bool(branches & allowed) and (not wholly or branches <= allowed)

    def _branches_of_row(self, row: Any) -> frozenset[str]:
        value = getattr(row, self.branch_column.partition("__")[0])
        if value is None:
            return frozenset()
        return frozenset([value.pk]) if isinstance(value, Model) else frozenset(one.pk for one in value.all())


class ManagersToo(ByRole):
    """A manager writes here, within his own branches."""

    may_write = (OWNER, SUPPORT, MANAGER)


class NoBooks(ByRole):
    """Of no use to a bookkeeper: people with their PINs, tills with their codes."""

    may_read = tuple(role for role in ALL if role != BOOKKEEPER)


class OwnerOnly(ByRole):
    """Nobody else writes, and managers do not look."""

    may_write = (OWNER,)
    may_read = tuple(role for role in ALL if role != MANAGER)
