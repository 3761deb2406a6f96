"""The webshops: one contract and three connectors that keep it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kassa_tui.sync.webshops.access import Access
    from kassa_tui.sync.webshops.base import Connector
    from kassa_tui.sync.webshops.web import Patience


def connect(access: Access, patience: Patience | None = None) -> Connector:
    """The connector for this kind of webshop; Permanent ``bad_credentials``. Nothing is sent yet."""
    from importlib import import_module

    made: Connector = import_module(f"kassa_tui.sync.webshops.{access.kind}").make(access, patience)
    return made
