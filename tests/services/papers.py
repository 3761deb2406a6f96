"""Sales and configurations that the tests of paper share."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kassa_tui.config import Config, Device, Rules, Shop
from kassa_tui.config import Till as TillTable
from kassa_tui.domain import ticket as tickets
from kassa_tui.domain.country import BE, NL, Country
from kassa_tui.domain.sale import sale_body
from kassa_tui.domain.tender import CASH, PIN, VOUCHER, Payment, Tender, begin, pay_cash, pay_exact
from kassa_tui.domain.ticket import DEPOSIT, Discount, Line, Ticket, total_of
from kassa_tui.domain.vat import OUTSIDE
from kassa_tui.messages import LOCALE, Words

AT = int(datetime(2026, 11, 22, 13, 5, tzinfo=UTC).timestamp() * 1000)
OFFSET = 60


def config(country: str = "NL", columns: int | None = None, **changes: Any) -> Config:
    """A shop; ``changes`` are rules, or fields of the shop behind ``shop_``."""
    shop = {key.removeprefix("shop_"): value for key, value in changes.items() if key.startswith("shop_")}
    rules = {key: value for key, value in changes.items() if not key.startswith("shop_")}
    if country == "BE":
        base = {"name": "Buurtwinkel Peeters", "address": ("Kerkstraat 8", "9000 Gent"), "vat_id": "BE0123456749",
                "coc": "0123.456.749", "language": "nl_BE"}  # fmt: skip
    else:
        base = {"name": "De Gouden Ster", "address": ("Dorpsstraat 12", "1234 AB Ons Dorp"), "vat_id": "NL123456782B01",
                "coc": "12345678", "language": "nl", "receipt_footer": ("Ruilen binnen 14 dagen met deze bon",
                                                                        "Tot ziens!")}  # fmt: skip
    options = MappingProxyType({"columns": columns, "width_px": None, "profile": "default"})
    printer = Device("printer", "screen", options)
    return Config(
        shop=Shop(**{"country": country, **base, **shop}),
        till=TillTable("K1", Path("/var/lib/kassa")),
        devices=(printer,),
        rules=Rules(**rules),
        office=None,
        webshops=(),
        path=Path("/etc/kassa/till.toml"),
    )


def line(name: str, price: int, quantity: int = 1000, **changes: Any) -> Line:
    """A line of goods at the Dutch low rate."""
    values: dict[str, Any] = {
        "kind": tickets.SALE, "sku": "1", "group": "Kruidenier", "unit": "each", "vat_code": "low", "vat_rate": 900,
        "list_price": price, **changes,
    }  # fmt: skip
    given = values.pop("given", None)
    made = Line(0, name=name, quantity=quantity, unit_price=price, gross=tickets.gross_of(quantity, price), **values)
    return tickets.discounted(made, given) if given else made


def deposit(name: str, price: int, quantity: int = 1000) -> Line:
    """A deposit; with a negative quantity it is paid back."""
    return line(name, price, quantity, kind=DEPOSIT, vat_code=OUTSIDE, vat_rate=0, no_discount=True)


def goods() -> tuple[Line, ...]:
    """A basket with a bit of everything that is sold."""
    return (
        line("Halfvolle melk 1 l", 119),
        line("Cola blikje 33 cl", 89, 6000),
        deposit("Statiegeld blikje", 15, 6000),
        line("Tomaten los", 179, 450, unit="kg", typed_weight=True),
        line("Schrijfblok A4 gelinieerd met een hele lange naam", 349, 2000, vat_code="high", vat_rate=2100,
             given=Discount(tickets.PERCENT, 1000, "bas")),
        line("Kaarsen", 500, source="override", list_price=799, by="bas", vat_code="high", vat_rate=2100),
    )  # fmt: skip


def sale(
    *lines: Line,
    tenders: tuple[Tender, ...] = (),
    country: Country = NL,
    number: int = 123,
    extra: dict[str, Any] | None = None,
    **head: Any,
) -> dict[str, Any]:
    """The facts of a sale as the journal keeps them; without tenders it is paid in cash, exactly."""
    ticket = tickets.add(Ticket("t1"), *(lines or goods()))
    for key, value in head.items():
        ticket = _with(ticket, key, value)
    payment = begin(total_of(ticket), country, ticket.business)
    for tender in tenders or (Tender(CASH, 0),):
        given = None if not tenders else tender.amount
        taken = pay_cash(payment, given, country) if tender.kind == CASH else pay_exact(payment, tender)
        assert isinstance(taken, Payment), taken
        payment = taken
    assert payment.settled
    body = sale_body(ticket, payment, shift=1, date="2026-11-22", opened=AT - 60_000)
    body |= {"no": number, "number": f"K1-{number:06d}", "at": AT, "offset": OFFSET, "who": "anna"}
    return body | (extra or {})


def _with(ticket: Ticket, key: str, value: Any) -> Ticket:
    from dataclasses import replace

    return replace(ticket, **{key: value})


def compiled(folder: Path, language: str) -> Words:
    """The words of a language from its catalogue as it stands in the source, compiled below ``folder``."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    source = LOCALE / language / "LC_MESSAGES" / "kassa.po"
    target = folder / language / "LC_MESSAGES" / "kassa.mo"
    target.parent.mkdir(parents=True)
    with source.open("rb") as po, target.open("wb") as mo:
        write_mo(mo, read_po(po))
    return Words(language, folder)


PINNED = (("authorisation", "004217"), ("brand", "Maestro"), ("number", "************1234"))
__all__ = ["AT", "BE", "CASH", "NL", "OFFSET", "PIN", "PINNED", "VOUCHER", "Tender"]
