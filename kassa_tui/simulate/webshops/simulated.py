"""A simulated webshop that runs, and what a till must be told to find it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from kassa_tui.simulate.webshops.server import Shop, ShopServer

AnyShop = TypeVar("AnyShop", bound=Shop)


@dataclass(frozen=True, slots=True)
class Simulated(Generic[AnyShop]):
    """A shop behind its server."""

    kind: str
    server: ShopServer
    shop: AnyShop
    credentials: Mapping[str, str]
    options: Mapping[str, Any] = field(default_factory=dict)
    """What its owner must say of it: as ``[webshop.options]``."""

    @property
    def url(self) -> str:
        """Where it is."""
        return self.server.url

    @property
    def lines(self) -> str:
        """The lines of a till's configuration; the keys go into a file of their own (:attr:`key_lines`)."""
        own = "".join(f"{name} = {json.dumps(value)}\n" for name, value in self.options.items())
        more = f"[webshop.options]\n{own}" if own else ""
        return f'[[webshop]]\nkind = "{self.kind}"\nurl = "{self.url}"\n{more}'

    @property
    def key_lines(self) -> str:
        """The lines of the file with the keys."""
        return "".join(f'{name} = "{text}"\n' for name, text in self.credentials.items())

    def close(self) -> None:
        """Switch it off; the shop keeps what it has."""
        self.server.close()
