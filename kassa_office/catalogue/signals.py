"""Every change of master data that is made one by one reaches the feed from here; bulk changes say so themselves.

``QuerySet.update`` and ``bulk_create`` send no signals: who uses them on master data calls :func:`feed.touch`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save

from kassa_office.catalogue import feed
from kassa_office.catalogue.models import (
    Article,
    Barcode,
    Customer,
    Group,
    Price,
    PriceBatch,
    Reason,
    ReceiptText,
    VatRate,
)
from kassa_office.catalogue.rows import every_key
from kassa_office.staff.models import Employee
from kassa_office.stock.models import PurchaseOrder
from kassa_office.tills.models import Branch, Till

KEYS: dict[type[Model], tuple[str, Callable[[Any], str]]] = {
    Article: ("article", lambda row: row.sku),
    Barcode: ("article", lambda row: row.article_id),
    Price: ("article", lambda row: row.article_id),
    Group: ("group", lambda row: str(row.pk)),
    VatRate: ("vat_rate", lambda row: row.code),
    Customer: ("customer", lambda row: row.code),
    Reason: ("reason", lambda row: f"{row.what}:{row.code}"),
    ReceiptText: ("text", lambda row: str(row.pk)),
    Employee: ("staff", lambda row: row.code),
    Branch: ("branch", lambda row: row.code),
    Till: ("setting", lambda row: row.code),
    PurchaseOrder: ("order", lambda row: row.number),
}
"""Model → what its rows in the feed are made from, and the key of it."""


def connect() -> None:
    """Listen; called once, when Django is ready."""
    for model in KEYS:
        pre_save.connect(_before, sender=model, dispatch_uid=f"feed-before-{model.__name__}")
        post_save.connect(_after, sender=model, dispatch_uid=f"feed-save-{model.__name__}")
        post_delete.connect(_after, sender=model, dispatch_uid=f"feed-delete-{model.__name__}")
    post_save.connect(_batch, sender=PriceBatch, dispatch_uid="feed-batch")
    m2m_changed.connect(_people, sender=Employee.branches.through, dispatch_uid="feed-people")


def _before(sender: type[Model], instance: Any, raw: bool = False, **_rest: Any) -> None:
    """What the row was before may be another thing: a barcode of another article, a branch with another price list."""
    if instance._state.adding or instance.pk is None:
        return
    was = sender._default_manager.filter(pk=instance.pk).first()
    if was is None:
        return
    name, key = KEYS[sender]
    if key(was) != key(instance):
        feed.touch(name, [key(was)])
    if isinstance(was, Branch):
        _moved_branch(was, instance)
    elif isinstance(was, Till) and was.branch_id != instance.branch_id:
        feed.renumber_scope(f"till:{instance.code}")


def _moved_branch(was: Branch, now: Branch) -> None:
    if was.price_list_id != now.price_list_id or was.country != now.country:
        feed.renumber_scope(f"branch:{now.code}")
    if was.country != now.country:
        feed.touch("vat_rate", every_key("vat_rate"))


def _after(sender: type[Model], instance: Any, created: bool = False, update_fields: Any = None, **_rest: Any) -> None:
    # What changes by the day without being master data: a token, the day somebody enrolled.
    if sender is Till and update_fields and "settings" not in update_fields and "branch" not in update_fields:
        return
    name, key = KEYS[sender]
    feed.touch(name, [key(instance)])
    if sender is Branch and created:
        feed.touch("vat_rate", every_key("vat_rate"))


def _batch(sender: type[Model], instance: PriceBatch, **_rest: Any) -> None:
    feed.touch("article", instance.price_set.order_by().values_list("article", flat=True).distinct())


def _people(action: str, instance: Any, reverse: bool, pk_set: set[Any] | None, **_rest: Any) -> None:
    if not action.startswith("post_") and action != "pre_clear":
        return
    if not reverse:
        feed.touch("staff", [instance.pk])
    elif action == "pre_clear":
        feed.touch("staff", list(instance.employee_set.values_list("pk", flat=True)))
    else:
        feed.touch("staff", list(pk_set or ()))
