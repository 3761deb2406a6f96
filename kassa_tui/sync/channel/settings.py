"""What a shop's owner settled about a webshop, as far as the engine has to know; keys and addresses it never sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Way = Literal["no", "push", "pull"]
"""Ours go to the shop, the shop's come to us, or neither."""
UNIT = 1000
"""Thousandths of one piece."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One webshop."""

    code: str
    """Of the channel, as a till's: ``WEB``."""
    name: str = ""
    """What people call the shop."""
    kind: str = ""
    """``woocommerce``, ``magento``, ``prestashop``."""
    branch: str = ""
    """Whose shelf it sells from."""
    zone: str = "Europe/Amsterdam"
    """Where days of turnover begin and end."""
    country: str = "NL"
    stock: bool = True
    """Whether the shop is told what there is."""
    orders: bool = True
    """Whether its orders are taken in."""
    orders_since: int = 0
    """UTC milliseconds: orders placed before are passed by, unless they are still open."""
    buffer: int = 0
    """Pieces that the shop is told less than there are."""
    buffer_max: int = 0
    """Pieces by which ``buffer`` grows at most while a till is silent."""
    buffer_silent_minutes: int = 15
    """Of silence for each further piece."""
    sale_as_order: bool = False
    """Whether counter sales are placed in the shop as orders."""
    prices: Way = "no"
    vat: Way = "no"
    eans: Way = "no"
    vat_classes: Mapping[str, str] = field(default_factory=dict)
    """Our VAT code to the shop's class, where the rate alone does not tell."""
    acknowledge: bool = True
    """Whether the shop is told that an order was handed over."""
    poll_seconds: int = 45
    board_days: int = 60
    """Days that an order that is done stays on the tills, for goods that are brought back."""
    reread_days: int = 30
    """Orders of so many days are read again each night: not every change moves the time of an order."""
    clean_days: int = 90
    """Days after which names and notes of orders that are done are thrown away."""
    stock_per_turn: int = 500
    """Products written in one turn at most, so that orders do not wait for a slow shop."""
