"""Numbers of the office's own papers: orders, transfers, stock-takes."""

from __future__ import annotations

from django.db.models import Model
from django.utils import timezone

from kassa_office.tills.models import Office
from kassa_office.tills.office import office


def new_number(model: type[Model], letter: str) -> str:
    """The next of ``B26-0001``, ``B26-0002`` …; in the caller's transaction, under the lock of the office's row."""
    office()
    Office.objects.select_for_update().get(id=1)
    start = f"{letter}{timezone.localdate():%y}-"
    known = model._default_manager.filter(pk__startswith=start).values_list("pk", flat=True)
    last = max((int(str(number)[len(start) :]) for number in known if str(number)[len(start) :].isdigit()), default=0)
    return f"{start}{last + 1:04d}"
