"""Stands in for a connector that could not be made: each question is answered by why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from kassa_tui.sync.webshops.base import WebshopError


class Refusing:
    """A :class:`Connector` whose every method raises the error that it was made with."""

    def __init__(self, error: WebshopError) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        def refuse(*_args: Any, **_more: Any) -> NoReturn:
            raise type(self._error)(self._error.code, self._error.facts)

        return refuse

    def close(self) -> None:
        """There is nothing to let go of."""
