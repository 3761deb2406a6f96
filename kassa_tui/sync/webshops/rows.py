"""The orders of a page, each read by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from kassa_tui.sync.webshops.base import OddOrder, Permanent, WebOrder

Row = TypeVar("Row")


def read_each(
    rows: Iterable[Row], read: Callable[[Row], WebOrder], name: Callable[[Row], str]
) -> tuple[tuple[WebOrder, ...], tuple[OddOrder, ...]]:  # fmt: skip
    """Orders, and those that are not as they should be.

    Where none can be read the shop speaks another language than we do: that is for a person, and the error is raised.
    """
    orders, odd = list[WebOrder](), list[OddOrder]()
    last: Permanent | None = None
    for row in rows:
        try:
            orders.append(read(row))
        except Permanent as error:
            if error.code != "bad_answer":
                raise
            odd.append(OddOrder(id=name(row), facts=error.facts))
            last = error
    if last is not None and (not orders or any(not each.id for each in odd)):
        raise last
    return tuple(orders), tuple(odd)
