"""A simulated webshop that runs, and what a till must be told to find it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from kassa_tui.simulate.webshops.server import Shop, ShopServer

AnyShop = TypeVar("AnyShop", bound=Shop)


@dataclass(frozen=True, slots=True)
class Simulated(Generic[AnyShop]):
    """A shop behind its server."""

    kind: str
    server: ShopServer
    shop: AnyShop
    credentials: Mapping[str, str]

    @property
    def url(self) -> str:
        """Where it is."""
        return self.server.url

    @property
    def lines(self) -> str:
        """The lines of a till's configuration; the keys go into a file of their own (:attr:`key_lines`)."""
        return f'[[webshop]]\nkind = "{self.kind}"\nurl = "{self.url}"\n'

    @property
    def key_lines(self) -> str:
        """The lines of the file with the keys."""
        return "".join(f'{name} = "{text}"\n' for name, text in self.credentials.items())

    def close(self) -> None:
        """Switch it off; the shop keeps what it has."""
        self.server.close()
