"""What must be known of a PrestaShop before its orders and products mean anything, asked once and kept.

Order states, clock, language, currency, country and taxes are the shop's own settings; ids of states are only what a
fresh installation has, so they are looked up by the name of their setting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from kassa_tui.sync.webshops.amounts import exact, naive, rounded
from kassa_tui.sync.webshops.base import Permanent, ShopFacts, Stage, VatClass
from kassa_tui.sync.webshops.prestashop_api import Api, Row, text_of, truth, whole

STATES: Mapping[str, tuple[int, Stage]] = {
    "PS_OS_CHEQUE": (1, "unpaid"),
    "PS_OS_PAYMENT": (2, "prepare"),
    "PS_OS_PREPARATION": (3, "prepare"),
    "PS_OS_SHIPPING": (4, "done"),
    "PS_OS_DELIVERED": (5, "done"),
    "PS_OS_CANCELED": (6, "cancelled"),
    "PS_OS_REFUND": (7, "refunded"),
    "PS_OS_ERROR": (8, "cancelled"),
    "PS_OS_OUTOFSTOCK_PAID": (9, "prepare"),
    "PS_OS_BANKWIRE": (10, "unpaid"),
    "PS_OS_WS_PAYMENT": (11, "prepare"),
    "PS_OS_OUTOFSTOCK_UNPAID": (12, "unpaid"),
    "PS_OS_COD_VALIDATION": (13, "unpaid"),
}
"""Settings that hold the id of an order state: what it is in a fresh installation, and what it means to us."""
SETTINGS = (*STATES, "PS_TIMEZONE", "PS_CURRENCY_DEFAULT", "PS_COUNTRY_DEFAULT", "PS_LANG_DEFAULT",
            "PS_STOCK_MANAGEMENT", "PS_ROUND_TYPE", "PS_CUSTOMER_GROUP", "PS_HOME_CATEGORY")  # fmt: skip
OVERLAP_MS, OCTOBER_OVERLAP_MS = 120_000, 7_200_000
"""How far before the cursor is asked; two hours around the night in which an hour of the shop's clock comes twice."""
AROUND = timedelta(hours=3)
FAR = "2100-01-01 00:00:00"
OLD = (1, 7)
"""Before that, the webservice lacks too much."""
_READS = ("orders", "order_states", "configurations", "products", "combinations", "stock_availables")
_WANTED = ("order_payments", "order_details", "order_slip", "carriers", "currencies", "taxes", "tax_rules",
           "tax_rule_groups")  # fmt: skip
_SALES = ("customers", "addresses", "carts")


@dataclass(frozen=True, slots=True)
class State:
    """An order state of the shop."""

    id: int
    name: str = ""
    paid: bool = False
    shipped: bool = False


@dataclass(frozen=True, slots=True)
class Carrier:
    """A way of delivery. The shop gives it a new id with every change; ``reference`` stays."""

    id: int
    reference: str
    name: str
    deleted: bool = False
    active: bool = True


class Known:
    """One shop's settings; read when they are first needed, forgotten by :meth:`forget`."""

    def __init__(self, api: Api) -> None:
        self.api, self.options = api, api.options
        self._unknown: set[tuple[str, int]] = set()
        """States and carriers that were looked up and are not there, as those of long ago."""

    def forget(self) -> None:
        """Ask anew for everything."""
        for name in ("settings", "states", "carriers", "currencies", "taxes", "own_rates", "rates", "replaced", "zone"):
            self.__dict__.pop(name, None)
        self._unknown.clear()
        self.api.allowed = {}

    @cached_property
    def settings(self) -> dict[str, str]:
        """The shop's settings by name; the first that is not empty where shops of a multistore have their own."""
        rows = self.api.rows("configurations", filters={"name": f"[{'|'.join(SETTINGS)}]"}, display="[name,value]")
        found: dict[str, str] = {}
        for row in rows:
            name, value = text_of(row.get("name")), text_of(row.get("value"))
            if name and value:
                found.setdefault(name, value)
        return found

    @cached_property
    def zone(self) -> ZoneInfo:
        """By whose clock the shop's times are written."""
        name = self.settings.get("PS_TIMEZONE") or "Europe/Amsterdam"
        try:
            return ZoneInfo(name)
        except (ValueError, OSError) as error:
            raise Permanent("bad_answer", {"what": "PS_TIMEZONE", "found": name[:40]}) from error

    @cached_property
    def states(self) -> dict[int, State]:
        """All order states."""
        rows = self.api.rows("order_states", display="[id,name,paid,shipped]")
        return {
            whole(row.get("id")): State(
                whole(row.get("id")), text_of(row.get("name"), self.language), truth(row.get("paid")),
                truth(row.get("shipped")),
            )
            for row in rows
        }  # fmt: skip

    @cached_property
    def carriers(self) -> dict[int, Carrier]:
        """All ways of delivery, those that were replaced too; none where the key may not know."""
        if not self.api.may("carriers"):
            return {}
        rows = self.api.rows("carriers", display="[id,id_reference,name,deleted,active]")
        found = [
            Carrier(whole(row.get("id")), text_of(row.get("id_reference")), text_of(row.get("name"), self.language),
                    truth(row.get("deleted")), truth(row.get("active")))
            for row in rows
        ]  # fmt: skip
        return {each.id: each for each in found}

    @cached_property
    def currencies(self) -> dict[int, str]:
        """ISO codes; none where the key may not know."""
        if not self.api.may("currencies"):
            return {}
        rows = self.api.rows("currencies", display="[id,iso_code]")
        return {whole(row.get("id")): text_of(row.get("iso_code")) for row in rows}

    @cached_property
    def taxes(self) -> dict[int, int]:
        """All taxes of the shop, of any country: hundredths of a percent by id; none where the key may not know."""
        if not self.api.may("taxes"):
            return {}
        rows = self.api.rows("taxes", display="[id,rate]")
        return {whole(row.get("id")): rounded(exact(row.get("rate"), "rate") * 100) for row in rows}

    @cached_property
    def own_rates(self) -> dict[str, int]:
        """Tax rules group → hundredths of a percent in the shop's country, as far as the shop says."""
        found: dict[str, int] = {}
        if self.taxes and self.api.may("tax_rules"):
            rules = self.api.rows("tax_rules", display="[id,id_tax_rules_group,id_country,id_state,id_tax]")
            for row in rules:
                rate = self.taxes.get(whole(row.get("id_tax")))
                if rate is not None and whole(row.get("id_country")) == self.country and not whole(row.get("id_state")):
                    found.setdefault(text_of(row.get("id_tax_rules_group")), rate)
        return {"0": 0, **found}

    @cached_property
    def rates(self) -> dict[str, int]:
        """The same as the owner says or else the shop."""
        return {**self.own_rates, **self.options.vat_rates}

    @cached_property
    def replaced(self) -> frozenset[str]:
        """Tax rules groups that are no more to be given to a product; none where the key may not know.

        The shop keeps a group that is changed as it was, with its rules, for the sake of old orders.
        """
        if not self.api.may("tax_rule_groups"):
            return frozenset()
        rows = self.api.rows("tax_rule_groups", display="[id,name,active,deleted]")
        gone = [row for row in rows if truth(row.get("deleted")) or not truth(row.get("active"))]
        return frozenset(text_of(row.get("id")) for row in gone)

    def charged(self, group: str) -> int | None:
        """What customers pay for a group, by the shop's tariff before the owner's word; None where nobody says."""
        return self.own_rates.get(group, self.rates.get(group))

    def classes(self) -> tuple[VatClass, ...]:
        """Tax rules groups still in use; "none at all" only where no group has a tariff of nothing."""
        used = {name: rate for name, rate in self.rates.items() if name not in self.replaced}
        named = {name: rate for name, rate in used.items() if name != "0"}
        found = named if 0 in named.values() else used
        return tuple(VatClass(name=name, rate=rate) for name, rate in found.items())

    @property
    def known_rates(self) -> tuple[int, ...]:
        """Rates to choose among first: those of the shop's country."""
        return tuple(dict.fromkeys((*self.rates.values(), *self.options.known_rates)))

    @property
    def all_rates(self) -> tuple[int, ...]:
        """Rates to choose among where none of those fits, as for what was sent abroad."""
        return tuple(dict.fromkeys((*self.known_rates, *self.taxes.values())))

    def in_all_languages(self, words: str) -> dict[str, str]:
        """A text for each language of the shop; where the key may not know them, for that of names."""
        rows = self.api.rows("languages", display="[id]") if self.api.may("languages") else []
        found = [text_of(row.get("id")) for row in rows] or [str(self.language or 1)]
        return dict.fromkeys(found, words)

    @property
    def language(self) -> int:
        """Id of the language of names."""
        return self.options.language_id or whole(self.settings.get("PS_LANG_DEFAULT"))

    @property
    def country(self) -> int:
        """Id of the country whose tax is in prices."""
        return self.options.country_id or whole(self.settings.get("PS_COUNTRY_DEFAULT"))

    @property
    def currency(self) -> int:
        """Id of the shop's own currency."""
        return whole(self.settings.get("PS_CURRENCY_DEFAULT"))

    @property
    def counts_stock(self) -> bool:
        """Whether the shop keeps stock at all."""
        return self.settings.get("PS_STOCK_MANAGEMENT", "1") != "0"

    def state(self, name: str) -> int:
        """Id of the order state that a setting names."""
        return whole(self.settings.get(name)) or STATES[name][0]

    @property
    def gone(self) -> tuple[int, ...]:
        """States in which the shop has given back what an order took."""
        return self.state("PS_OS_CANCELED"), self.state("PS_OS_ERROR")

    def find_state(self, number: int) -> State:
        """A state; one that is new since they were read is looked up."""
        if number not in self.states and ("state", number) not in self._unknown:
            self._unknown.add(("state", number))
            self.__dict__.pop("states", None)
        return self.states.get(number) or State(number)

    def carrier(self, number: int) -> Carrier | None:
        """A way of delivery; one that is new since they were read is looked up."""
        if number and number not in self.carriers and ("carrier", number) not in self._unknown:
            self._unknown.add(("carrier", number))
            self.__dict__.pop("carriers", None)
        return self.carriers.get(number)

    def stage(self, number: int) -> Stage:
        """What an order state means: the owner's word, the shop's settings, the flags of the state."""
        state = self.find_state(number)
        for name in (str(number), state.name):
            if name in self.options.statuses:
                return self.options.statuses[name]
        if str(number) == self.options.steps.get("ready"):
            return "ready"
        for setting, (_, stage) in STATES.items():
            if number == self.state(setting):
                return stage
        return "done" if state.shipped else "prepare" if state.paid else "unknown"

    def since(self, at: int) -> dict[str, str]:
        """The filter for what changed since; to be asked with ``date=1``. Both ends belong to it."""
        if at <= 0:
            return {}
        moment = datetime.fromtimestamp(at // 1000, UTC)
        before, after = ((moment + shift).astimezone(self.zone).utcoffset() for shift in (-AROUND, AROUND))
        falls_back = before is not None and after is not None and before > after
        start = at - (OCTOBER_OVERLAP_MS if falls_back else OVERLAP_MS)
        return {"date_upd": f"[{naive(max(start, 0), self.zone, ' ')},{FAR}]"}

    def facts(self) -> ShopFacts:
        """Ask everything anew and say what a person should see to; changes nothing."""
        self.forget()
        name = self.api.permissions()
        wanted = (*_READS, *_WANTED, *(_SALES if self.options.payment_module else ()))
        remarks = [("read_refused", {"what": each}) for each in wanted if not self.api.may(each)]
        if any(fact["what"] in _READS for _, fact in remarks):
            # Nothing of use can be asked then; the owner must first see to the key.
            return ShopFacts(name=name, version=self.api.version, now=self.api.now, remarks=tuple(remarks))
        remarks += [("write_refused", {"what": each}) for each in self._writes_refused()]
        iso = self.currencies.get(self.currency, "EUR")
        return ShopFacts(
            name=name, version=self.api.version, timezone=self.zone.key, currency=iso, now=self.api.now,
            vat_classes=self.classes(),
            remarks=(*self._remarks(iso), *remarks),
        )  # fmt: skip

    def _writes_refused(self) -> list[str]:
        refused = [
            resource
            for resource, node in (("stock_availables", "stock_available"), ("products", "product"))
            if not any(self.api.probe(method, resource, node) for method in ("PATCH", "PUT"))
        ]
        if not self.api.probe("POST", "order_histories", "order_history") and not self.api.probe(
            "PATCH", "orders", "order"
        ):
            refused.append("order_histories")
        if not (self.api.may("order_slip", "POST") and self.api.probe("POST", "order_slip", "order_slip")):
            refused.append("order_slip")
        if self.options.payment_module:
            refused += [each for each in (*_SALES, "orders") if not self.api.may(each, "POST")]
        return refused

    def _remarks(self, iso: str) -> list[tuple[str, Row]]:
        found: list[tuple[str, Row]] = []
        if self.api.base.lower().startswith("http:"):
            found.append(("no_https", {}))
        if self.options.keys_in_url:
            found.append(("keys_in_url", {}))
        if iso != "EUR":
            found.append(("other_currency", {"currency": iso}))
        version = tuple(whole(part) for part in self.api.version.split(".")[:2])
        if self.api.version and version < OLD:
            found.append(("old_version", {"version": self.api.version, "needed": "1.7"}))
        if not self.counts_stock:
            found.append(("stock_off", {}))
        return found
