"""``[[webshop]]`` of ``till.toml``: one webshop, and the tables of them all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kassa_tui.config_reader import Reader


@dataclass(frozen=True, slots=True)
class Webshop:
    """One ``[[webshop]]``."""

    kind: str
    """``woocommerce``, ``magento`` or ``prestashop``."""
    url: str
    name: str
    """Told apart by this on screens."""
    code: str = "WEB"
    """Of its channel: told apart by this in journals and numbers, as a till is."""
    key_file: Path | None = None
    """File with the credentials; they never stand in ``till.toml``."""
    owner: str = "office"
    """Who talks to the webshop: ``office``, or the id of the one till that does."""
    ca_file: Path | None = None
    """PEM of an authority that signs the webshop's certificate; None is the system's."""
    proxy: str | None = None
    poll_seconds: int = 30
    """Between two looks at its orders."""
    orders: bool = True
    """Whether its orders come into the books."""
    orders_since: str = ""
    """Local date; orders of before that are passed by, unless they were still open. Empty: the day it was added."""
    acknowledge: bool = True
    """Whether it is told what became of an order at the counter."""
    stock: bool = True
    """Whether it is told what there is."""
    buffer: int = 0
    """Units that it is not told of."""
    buffer_max: int = 5
    """Units by which that grows at most while a till is silent."""
    buffer_silent_minutes: int = 30
    """Of silence for each unit."""
    prices: str = "no"
    """``push`` (ours to it), ``pull`` (its to us) or ``no``."""
    vat: str = "no"
    """The same of VAT."""
    eans: str = "no"
    """The same of barcodes."""
    vat_classes: Mapping[str, str] = field(default_factory=dict)
    """VAT code to the webshop's own class, where the rate alone does not tell."""
    sale_as_order: bool = False
    """Whether sales of the counter are put into it as orders."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What cannot be asked of it, by kind: `kassa_tui.sync.webshops.access.Options`."""


def read_webshops(reader: Reader, raw: Any) -> list[dict[str, Any]]:
    """The good values of each; what is wrong is reported."""
    webshops, seen = [], dict[tuple[str, str], str]()
    for where, table in reader.tables("webshop", raw):
        webshop = reader.table("webshop", table, where)
        pulled = [key for key in ("prices", "vat", "eans") if webshop.get(key) == "pull"]
        for key in pulled:
            # Two that say otherwise would change an article to and fro.
            first = seen.setdefault((key, "pull"), where)
            if first != where:
                reader.report(f"{where}.{key}", "duplicate", other=f"{first}.{key}")
        for key in ("name", "code"):
            first = seen.setdefault((key, webshop.get(key, "WEB" if key == "code" else where)), where)
            if first != where:
                reader.report(f"{where}.{key}", "duplicate", other=f"{first}.{key}")
        webshops.append(webshop)
    return webshops
