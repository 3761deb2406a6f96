"""What codes are in words: divisions, what is out of the ordinary, what is not in yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_
from django.utils.translation import ngettext

from kassa_office.dashboard import formats
from kassa_office.dashboard.truth import Missing, Truth
from kassa_office.staff.models import Employee
from kassa_office.tills.models import Branch
from kassa_office.webshops.models import Webshop

DIVISIONS = {
    "branch": N_("filiaal"), "till": N_("kassa"), "day": N_("dag"), "hour": N_("uur"), "group": N_("groep"),
    "vat": N_("btw-tarief"), "tender": N_("betaalwijze"), "staff": N_("medewerker"),
}  # fmt: skip
TENDERS = {
    "cash": N_("contant"), "pin": N_("pin"), "voucher": N_("cadeaubon"), "account": N_("op rekening"),
    "web": N_("in de webshop betaald"), "open": N_("webshop, nog te betalen"),
}  # fmt: skip
BESIDE = {
    "deposit:charged": N_("Statiegeld gerekend"), "deposit:returned": N_("Statiegeld teruggegeven"),
    "voucher:issued": N_("Cadeaubonnen verkocht"), "weborder:received": N_("Aan de kassa betaald voor webbestellingen"),
    "weborder:paid_out": N_("Aan de kassa uitbetaald van webbestellingen"), "rounding:": N_("Afronding op vijf cent"),
}  # fmt: skip
EXCEPTIONS: dict[tuple[str, str], str] = {
    ("return", "receipt"): N_("Retour met bon"),
    ("return", "free"): N_("Retour zonder bon"),
    ("return", "web"): N_("Retour van een webbestelling"),
    ("void", "line"): N_("Regel van de bon gehaald"),
    ("void", "ticket"): N_("Hele bon afgebroken"),
    ("override", "price"): N_("Prijs met de hand gezet"),
    ("override", "weight"): N_("Gewicht met de hand getypt"),
    ("discount", "line"): N_("Korting op een regel"),
    ("discount", "ticket"): N_("Korting op de hele bon"),
    ("copy", ""): N_("Bon nog eens afgedrukt"),
    ("event", "drawer"): N_("Lade geopend zonder verkoop"),
    ("event", "drawer.opened"): N_("Lade ging open zonder dat de kassa dat deed"),
    ("event", "drawer.left_open"): N_("Lade stond langer dan twee minuten open"),
    ("event", "age.refused"): N_("Verkoop geweigerd om leeftijd"),
    ("event", "price.check"): N_("Prijs gevraagd zonder verkoop"),
    ("event", "park"): N_("Bon weggezet"),
    ("event", "login.failed"): N_("Verkeerde pincode"),
    ("event", "no.print"): N_("Geen bon gewild"),
    ("event", "payment.late"): N_("Pinbetaling achteraf anders dan beslist"),
    ("event", "approval"): N_("Toestemming van een ander gegeven"),
    ("event", "clock.jump"): N_("Klok van de kassa versprong"),
    ("event", "report.x"): N_("Tussenstand (X) afgedrukt"),
}
QUIET = frozenset((("event", "price.check"), ("event", "park"), ("event", "no.print"), ("event", "report.x")))
"""Everyday; shown last."""
VAT_CODES = {"high": N_("hoog"), "low": N_("laag"), "none": N_("geen btw"), "zero": N_("nul")}


def beside(key: str) -> str:
    """One sort of what is paid and is no turnover."""
    return _(BESIDE[key]) if key in BESIDE else key


def exception(kind: str, key: str) -> str:
    """One sort of what is out of the ordinary."""
    known = EXCEPTIONS.get((kind, key))
    return _(known) if known else _("Overig: %s") % " ".join(part for part in (kind, key) if part)


def tender(kind: str) -> str:
    """A means of payment."""
    return _(TENDERS[kind]) if kind in TENDERS else kind


def vat(key: str) -> str:
    """``high:2100`` → ``21 % (hoog)``."""
    code, _sep, rate = key.rpartition(":")
    if not rate.isdigit():
        return key
    name = _(VAT_CODES[code]) if code in VAT_CODES else code
    return f"{formats.rate(int(rate))} ({name})"


def hour(key: str) -> str:
    """``14`` → ``14:00 – 15:00``."""
    return f"{int(key):02d}:00 – {int(key) + 1:02d}:00" if key.isdigit() else key


def day(key: str) -> str:
    """An ISO date as it is written here."""
    try:
        return formats.short_day(date.fromisoformat(key))
    except ValueError:
        return key


def staff() -> dict[str, str]:
    """Code → name of everybody who works or worked at tills."""
    return dict(Employee.objects.values_list("code", "name"))


def person(code: str, names: Mapping[str, str]) -> str:
    """Somebody at a till; the till itself where nobody was there."""
    if not code:
        return _("de kassa zelf")
    return f"{names[code]} ({code})" if code in names else code


def namer(kind: str) -> Callable[[str], str]:
    """Turns the keys of a division into words."""
    if kind == "branch":
        branches = dict(Branch.objects.values_list("code", "name"))
        return lambda key: f"{branches[key]} ({key})" if branches.get(key) else key
    if kind == "till":
        shops = dict(Webshop.objects.values_list("till_id", "name"))
        return lambda key: f"{key} {shops[key]}" if key in shops else key
    if kind == "staff":
        names = staff()
        return lambda key: person(key, names)
    if kind == "group":
        return lambda key: key or _("zonder groep")
    return {"day": day, "hour": hour, "vat": vat, "tender": tender}.get(kind, str)


def missing(one: Missing) -> str:
    """What is not in from one till: ``K3 sinds 14:02 stil, ± € 310``."""
    facts = {"till": one.till, "since": formats.clock(one.since), "n": formats.whole(one.entries)}
    if one.code == "never":
        text = _("%(till)s nog nooit gehoord") % facts
    elif one.code == "gap":
        text = ngettext("%(till)s: %(n)s regel ontbreekt ertussen", "%(till)s: %(n)s regels ontbreken ertussen",
                        one.entries) % facts  # fmt: skip
    elif one.code == "silent":
        text = _("%(till)s sinds %(since)s stil") % facts
    else:
        text = ngettext("%(till)s: %(n)s regel nog onderweg", "%(till)s: %(n)s regels nog onderweg",
                        one.entries) % facts  # fmt: skip
    if not one.amount:
        return text
    sign = "± " if one.guess > one.turnover else ""
    return f"{text}, {sign}{formats.euros(one.amount)}"


def mark(found: Truth, turnover: int | None, most: int = 2) -> str:
    """The truth mark beside a figure: ``99,4 % binnen; K3 sinds 14:02 stil, ± € 310``; no share without turnover."""
    if found.complete:
        return _("alles binnen")
    part = None if turnover is None else found.share(turnover)
    texts = [] if part is None or part == 10_000 else [_("%s binnen") % formats.share(part)]
    by_weight = sorted(found.missing, key=lambda one: (-one.amount, one.till))
    texts += [missing(one) for one in by_weight[:most]]
    if len(by_weight) > most:
        more = len(by_weight) - most
        texts.append(ngettext("en nog %d kassa", "en nog %d kassa's", more) % more)
    if found.quarantined:
        texts.append(ngettext("%d regel apart gezet", "%d regels apart gezet", found.quarantined) % found.quarantined)
    return "; ".join(texts)


def level(found: Truth) -> str:
    """How bad that is: ``ok``, ``warn``, ``bad``."""
    if found.complete:
        return "ok"
    serious = found.quarantined or any(one.code in ("gap", "silent", "never") for one in found.missing)
    return "bad" if serious else "warn"
