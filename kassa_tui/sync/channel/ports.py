"""What the engine must be given: where stock and articles are known, and who must be told of orders.

A till's agent answers from ``till.db`` and ``shop.db``, the office from its own tables. Quantities are thousandths,
amounts cents, rates hundredths of a percent, times UTC milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypedDict


@dataclass(frozen=True, slots=True)
class Article:
    """What a till sells."""

    sku: str
    name: str
    group: str
    price: int
    """Cents with VAT, of one piece or one kilogram."""
    vat_code: str
    rate: int
    unit: str
    """``each`` or ``kg``."""
    codes: tuple[str, ...] = ()
    """Barcodes."""


@dataclass(frozen=True, slots=True)
class ArticleChange:
    """What of an article is to be as the shop has it."""

    sku: str
    what: Literal["price", "vat", "ean"]
    value: int | str
    """Cents with VAT, a VAT code, or a barcode to have besides those it has."""


@dataclass(frozen=True, slots=True)
class NewArticle:
    """An article that only the shop had so far; sold by the piece."""

    sku: str
    name: str
    price: int
    vat_code: str
    codes: tuple[str, ...] = ()


class BoardLine(TypedDict):
    """One line of an order as tills are shown it."""

    line: str
    """The shop's own id of the line; what :meth:`Engine.handed_over` and :meth:`Engine.taken_back` want."""
    sku: str
    """Empty where no article belongs to it."""
    name: str
    qty: int
    amount: int
    left: int
    """Thousandths that are still here, to be handed over or sent."""
    back: int
    """Thousandths that were brought back or refunded so far."""
    goods: int
    """0 for shipping and fees, 1 for goods."""


class BoardRow(TypedDict):
    """An order as tills are shown it; its lines come to its total."""

    channel: str
    webshop: str
    id: str
    number: str
    stage: str
    """As :data:`kassa_tui.sync.webshops.base.Stage`."""
    status: str
    """The shop's own word."""
    pickup: bool
    pickup_at: str
    customer: str
    note: str
    placed_at: int
    modified_at: int
    total: int
    """What the order costs, refunds not taken off."""
    paid: int
    """What was paid for it in the shop and at tills, less what was given back."""
    due: int
    """What is still to be paid; 0 and up."""
    lines: list[BoardLine]


class Shelf(Protocol):
    """What lies on the shelf that the webshop sells from."""

    def physical(self, skus: Iterable[str]) -> dict[str, int | None]:
        """Thousandths there; ``weborder.shipped`` and ``.returned`` are reckoned in. None where nobody knows."""

    def changed(self, mark: int) -> tuple[set[str] | None, int]:
        """Articles whose stock changed since ``mark`` (0: the beginning) and the mark for next time; None: any."""

    def silent_seconds(self) -> int:
        """How long the till has been silent of which nothing was heard longest; 0 where all is known at once."""


class Articles(Protocol):
    """The catalogue."""

    def by_sku(self, sku: str) -> Article | None:
        """The article, as sold now."""

    def by_code(self, code: str) -> list[str]:
        """SKUs of the articles with this barcode; more than one is for a person to choose."""

    def all(self) -> Iterator[Article]:
        """Every article that is sold."""

    def some(self, skus: Iterable[str]) -> Iterator[Article]:
        """These, as far as they are sold, with their barcodes."""

    def vat_codes(self) -> dict[int, str]:
        """VAT rate in force → its code, for lines whose article is not known."""

    def take_over(self, changes: Sequence[ArticleChange]) -> list[str]:
        """Change articles; empty for each that was done, else why not: ``articles_of_office``, ``price_dated``,
        ``code_of_other``, ``unknown_sku``, ``article_invalid``."""

    def make(self, new: NewArticle) -> str:
        """Add an article; why not (also ``sku_taken``), empty where it was done."""


class Board(Protocol):
    """What tills are shown. Telling the same twice does no harm."""

    def orders(self, rows: Sequence[BoardRow]) -> None:
        """Orders that are new or other than before."""

    def gone(self, ids: Sequence[str]) -> None:
        """Orders that need not be shown any more."""

    def stock(self, rows: Sequence[tuple[str, int, int]]) -> None:
        """What the shop shows: article, thousandths, when."""


class Deliver(Protocol):
    """Who wants the channel's journal."""

    def journal(self) -> None:
        """There are new entries. Must not fail for want of a line: they stay in the journal."""


class Clock(Protocol):
    """Wall-clock time and one that never goes back, as the journal wants them."""

    def now(self) -> Any:
        """A :class:`kassa_tui.domain.journal.Moment`."""

    def monotonic_ms(self) -> int:
        """Milliseconds from any start."""


@dataclass(frozen=True, slots=True)
class Means:
    """Time and chance, so that tests have their own; and what tells that the keys of the shop are others."""

    clock: Clock
    monotonic: Callable[[], float]
    """Seconds."""
    random: Callable[[], float]
    key_mark: Callable[[], str] = lambda: ""
    """Something that changes when the file with the shop's keys does."""
    renew: Callable[[], Any] | None = None
    """A connector with the keys as they are now; None: the one there is goes on."""
    stopped: Callable[[], bool] = lambda: False
    """Whether the process wants to end: asked between two requests that take long."""
