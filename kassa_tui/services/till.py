"""The till: what lies open on the counter, and one road for every act on it.

Screens and scripts call ``till.act(function, …)``; the functions live in the sibling modules. An act answers an
Outcome, never raises for what a user or a disk does, and leaves the open ticket's change on its way to the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from kassa_tui.config import Config
from kassa_tui.domain import tender as paying
from kassa_tui.domain.country import COUNTRIES, Country, with_rounding
from kassa_tui.domain.outcome import Done, Outcome, Refused
from kassa_tui.domain.shift import local_date
from kassa_tui.domain.staff import Person
from kassa_tui.domain.ticket import Ticket
from kassa_tui.services import draft
from kassa_tui.services.office_settings import Follower
from kassa_tui.storage import sales
from kassa_tui.storage.channels import Channels
from kassa_tui.storage.database import StorageError
from kassa_tui.storage.till_store import TillStore

if TYPE_CHECKING:
    from kassa_tui.domain.instore import Template
    from kassa_tui.services.access import People
    from kassa_tui.services.messenger import Messenger
    from kassa_tui.services.ports import CardTerminal, Scale
    from kassa_tui.services.printing import PrintQueue
    from kassa_tui.storage.journal import Clock
    from kassa_tui.storage.shop import Shop

P = ParamSpec("P")

_APPROVAL_OPEN = ("wrong_pin", "login_wait", "may_not_approve")
"""A manager who mistypes may try again: what waits for approval goes on waiting."""


@dataclass(slots=True)
class CardPayment:
    """A card payment under way or in doubt."""

    id: str
    amount: int
    state: str
    """``pending``, or ``unknown``: nobody knows whether the card was charged."""


@dataclass(slots=True)
class Open:
    """Everything about the ticket at hand."""

    ticket: Ticket | None = None
    payment: paying.Payment | None = None
    card: CardPayment | None = None
    opened: int = 0
    """UTC milliseconds of the ticket's first act."""
    subtotalled: bool = False
    """Paying has begun once; a void from here on is marked so."""


class Till:
    """One till with its people, catalogue, journal and devices."""

    tare: int | None = None
    """Thousandths of a kilogram to take off the next weighing instead of the article's own; used once."""
    last_sku = ""
    asked_quantity = 0
    channels: Channels
    """The books of the webshops that this till talks to."""
    office: Messenger | None = None
    """Who asks the office; None for a till that stands alone, and for practice."""
    elsewhere: Mapping[str, dict[str, Any]] = MappingProxyType({})
    """Receipts of other tills that the office told, by number, for this ticket; ``back`` is what returned."""

    def __init__(
        self,
        config: Config,
        store: TillStore,
        catalogue: Shop,
        people: People,
        clock: Clock,
        new_id: Callable[[], str],
        *,
        training: bool = False,
    ) -> None:
        self.config, self.store, self.catalogue, self.people = config, store, catalogue, people
        self.clock, self.new_id, self.training, self.channels = clock, new_id, training, Channels(store.folder)
        self.country: Country = with_rounding(COUNTRIES[config.shop.country], config.rules.rounding)
        self.templates: tuple[Template, ...] = _templates(config)
        self.printing: PrintQueue | None = None
        self.terminal: CardTerminal | None = None
        self.scale: Scale | None = None
        self.person: Person | None = None
        self.locked = False
        self.open = Open()
        self.quantity: int | None = None
        """Typed before the item, thousandths; used once."""
        self.last_sale: dict[str, Any] | None = None
        """Facts of the sale just closed, until the next ticket begins."""
        self.last_tender: tuple[str, int] | None = None
        """A tender that was asked about once; the same again is meant."""
        self.trouble = ""
        """Code of what is wrong with the disk; empty when all is well."""
        self.settles_itself = True
        """Each act sends its change to the disk; a screen does so after it has painted."""
        self._saved: tuple[Ticket | None, tuple[paying.Tender, ...] | None] = (None, None)
        """The ticket and its tenders as they are on disk, or on their way."""
        self._lost = False
        """A change did not reach the disk: the next to be written is the whole ticket."""
        self._approver: Person | None = None
        self._retry: tuple[Callable[[], Outcome], Refused] | None = None
        self._follower = None if config.office is None or training else Follower(catalogue)
        self._follow_office()
        self._recover()

    @property
    def ticket(self) -> Ticket | None:
        """The open ticket."""
        return self.open.ticket

    @property
    def shift(self) -> int:
        """Z number of the open shift, 0 when closed."""
        return self.store.state.shift

    @property
    def today(self) -> str:
        """Local ISO date."""
        moment = self.clock.now()
        return local_date(moment.at, moment.offset)

    @property
    def who(self) -> str:
        """Staff code of the person at the till, empty when nobody is."""
        return self.person.code if self.person else ""

    def act(self, function: Callable[Concatenate[Till, P], Outcome], *args: P.args, **kwargs: P.kwargs) -> Outcome:
        """Do something. What the disk refuses comes back as Refused; the open ticket's change is kept."""
        if self.open.ticket is None:
            self._follow_office()
        try:
            outcome = function(self, *args, **kwargs)
        except StorageError as error:
            self.trouble = error.code
            outcome = Refused(error.code, error.facts)
        if isinstance(outcome, Refused) and outcome.code == "needs_approval":
            self._retry = (lambda: self.act(function, *args, **kwargs), outcome)
        elif self._approver is None and outcome.code not in _APPROVAL_OPEN:
            self._retry = None
        if self.settles_itself:
            self.settle()
        return outcome

    def permit(self, permission: str) -> str | Refused:
        """Staff code of who allows this: the person at the till, or whoever gave approval for this one act."""
        if self._approver is not None:
            return self._approver.code
        if self.person is not None and self.person.may(permission):
            return self.person.code
        return Refused("needs_approval", {"permission": permission})

    def allowed_role(self) -> str:
        """Role whose limits hold for this act."""
        person = self._approver or self.person
        return person.role if person else "cashier"

    def waiting_for_approval(self) -> Refused | None:
        """The refusal that a manager may lift, if one is open."""
        return self._retry[1] if self._retry else None

    def approved_by(self, person: Person) -> Outcome:
        """Do the refused act once more with ``person``'s rights; it is journaled with both names."""
        if self._retry is None:
            return Refused("nothing_to_approve")
        retry, refusal = self._retry
        self.store.record("approval", {"permission": refusal.facts.get("permission", ""), "by": person.code}, self.who)
        self._approver = person
        try:
            outcome = retry()
        finally:
            self._approver, self._retry = None, None
        if outcome.code == "needs_approval":
            # Beyond this person's limits too; somebody else may still allow it.
            self._retry = (retry, refusal)
            return Refused("may_not_approve", {"name": person.name})
        return outcome

    def settle(self) -> None:
        """Send what changed of the open ticket on its way to the disk; behind the paint, where there is a screen."""
        ticket, tenders = self.open.ticket, self._tenders()
        lost, self._lost = self._lost, False
        before, kept = (None, None) if lost else self._saved
        if ticket is None or (ticket is before and tenders == kept):
            return
        old = before if before is not None and before.id == ticket.id else None
        change = draft.delta(old, ticket, tenders if old is None or tenders != kept else None, self.open.opened)
        self._saved = (ticket, tenders)
        self.store.draft(ticket.id, change).add_done_callback(self._on_disk)

    def ready(self) -> Refused | None:
        """Why nothing can be sold now, or None."""
        if self.person is None or self.locked:
            return Refused("not_logged_in")
        if not self.shift:
            return Refused("shift_closed")
        return None

    def changeable(self) -> Refused | None:
        """Why the lines may not change now: nobody who may sell, closed, or money on the counter; or None."""
        if self.open.card is not None:
            return self.ready() or Refused("card_unresolved")
        if self.open.payment is not None and self.open.payment.tenders:
            return self.ready() or Refused("paying")
        problem = self.ready()
        if problem is None:
            allowed = self.permit("sell")
            problem = allowed if isinstance(allowed, Refused) else None
        return problem

    def begin_ticket(self) -> Ticket:
        """The open ticket, or a new one."""
        if self.open.ticket is None:
            self.open = Open(Ticket(self.new_id()), opened=self.clock.now().at)
            self.last_sale = None
        assert self.open.ticket is not None
        return self.open.ticket

    def end_ticket(self) -> None:
        """Nothing lies on the counter any more."""
        self.open = Open()
        self.quantity, self.tare, self.last_tender = None, None, None
        self.elsewhere = {}

    def restore(self, ticket_id: str, changes: list[dict[str, Any]]) -> None:
        """Put a ticket back on the counter from its changes, with tenders and card payments in doubt."""
        ticket, tenders, opened = draft.fold(ticket_id, changes)
        self.open = Open(ticket, opened=opened or self.clock.now().at)
        cards = sales.card_payments(self.store.read, ticket_id)
        if tenders or cards:
            self._restore_payment(ticket, tenders, cards)

    def close(self) -> None:
        """Write what is left and let go of files and devices."""
        if self.terminal is not None:
            self.terminal.close()
        if self.printing:
            self.printing.close()
        self.store.close()
        self.catalogue.close()
        self.channels.close()

    def _restore_payment(self, ticket: Ticket, tenders: tuple[paying.Tender, ...], cards: list[sales.CardRow]) -> None:
        from kassa_tui.domain.ticket import total_of

        payment = paying.begin(total_of(ticket), self.country, ticket.business)
        known = {tender.ref for tender in tenders if tender.kind == paying.PIN}
        for tender in tenders:
            payment = self.retake(payment, tender)
        for card in cards:
            if card.state == "approved" and card.id not in known:
                detail = tuple(sorted(card.detail.items()))
                payment = self.retake(payment, paying.Tender(paying.PIN, card.amount, card.id, detail))
            elif card.state in ("pending", "unknown"):
                self.open.card = CardPayment(card.id, card.amount, "unknown")
        self.open.payment, self.open.subtotalled = payment, True

    def retake(self, payment: paying.Payment, tender: paying.Tender) -> paying.Payment:
        """The payment with a tender taken on it once before; one that no longer fits is left out."""
        if tender.kind == paying.CASH:
            business = bool(self.ticket and self.ticket.business)
            again = paying.pay_cash(payment, tender.amount, self.country, business)
        else:
            again = paying.pay_exact(payment, tender)
        return payment if isinstance(again, Refused) else again

    def _follow_office(self) -> None:
        """Hold to what the office sets, from here on; never in the middle of a ticket."""
        laid = self._follower.look(self.config) if self._follower else self.config
        if laid is not self.config:
            self.config = laid
            self.country = with_rounding(COUNTRIES[laid.shop.country], laid.rules.rounding)
            self.templates = _templates(laid)

    def _recover(self) -> None:
        ticket_id, changes = self.store.drafts()
        if changes:
            self.restore(ticket_id, changes)
            self._saved = (self.open.ticket, self._tenders())

    def _tenders(self) -> tuple[paying.Tender, ...] | None:
        return self.open.payment.tenders if self.open.payment else None

    def _on_disk(self, future: Any) -> None:
        error = future.exception()
        self._lost = self._lost or error is not None
        self.trouble = "" if error is None else getattr(error, "code", "disk_trouble")


def _templates(config: Config) -> tuple[Template, ...]:
    """The shop's in-store labels; the configuration has checked its patterns."""
    from kassa_tui.domain.instore import DEFAULT_TEMPLATES, Template, parse_template

    if config.rules.templates is None:
        return DEFAULT_TEMPLATES
    parsed = (parse_template(pattern) for pattern in config.rules.templates)
    return tuple(template for template in parsed if isinstance(template, Template))


def done(code: str, /, **facts: Any) -> Done:
    """A Done with its facts as keywords."""
    return Done(code, facts)


def refused(code: str, /, **facts: Any) -> Refused:
    """A Refused with its facts as keywords."""
    return Refused(code, facts)
