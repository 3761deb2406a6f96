"""How a webshop is reached and what its owner settled about it: the same two values for all three kinds of shop.

Secrets are in here and nowhere else; neither value shows them when it is printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, urlsplit

from kassa_tui.sync.webshops.base import Permanent, Stage
from kassa_tui.sync.webshops.web import Patience, Web

if TYPE_CHECKING:
    from requests.auth import AuthBase

Kind = Literal["woocommerce", "magento", "prestashop"]

CREDENTIALS: Mapping[Kind, tuple[tuple[str, ...], ...]] = {
    "woocommerce": (("key", "secret"),),
    "magento": (("consumer_key", "consumer_secret", "token", "token_secret"), ("bearer",)),
    "prestashop": (("key",),),
}
"""By kind the sets of credentials, any one of which will do; the first that is complete is used."""

VAT_RATES: Mapping[str, tuple[int, ...]] = {"NL": (2100, 900, 0), "BE": (2100, 1200, 600, 0)}
"""Hundredths of a percent that a country knows; where a shop names no rate, the nearest is meant."""


@dataclass(frozen=True, slots=True)
class Options:
    """What cannot be asked of a shop, or its owner wants otherwise; the defaults suit a shop as it is installed."""

    keys_in_url: bool = False
    """Keys behind the address, for hosts that strip the Authorization header; they end up in the host's log."""
    plain_permalinks: bool = False
    """WordPress without readable addresses: ``/?rest_route=/wc/v3/…``."""
    post_instead_of_put: bool = False
    """For hosts that block PUT, PATCH and DELETE: the same by POST."""
    put_instead_of_patch: bool = False
    """PrestaShop before 8.0, or a key without the right to PATCH: whole rows are sent back."""
    ean_field: str = ""
    """Where EANs are, unless at the shop's own place: WooCommerce meta key (``_ean``), Magento attribute (``ean``)."""
    store: str = ""
    """Magento: code of the store view that is read; empty: ``all``."""
    sources: tuple[str, ...] = ()
    """Magento: the MSI sources that are ours; the first is written, empty: ``default``."""
    legacy_stock: bool = False
    """Magento: without MSI, by the stock item of the product."""
    price_includes_tax: bool | None = None
    """Whether prices of products have VAT in them; None: as the shop says, and where it does not, that they have."""
    vat_rates: Mapping[str, int] = field(default_factory=dict)
    """The shop's tax class to hundredths of a percent; over what the shop says itself."""
    country: str = "NL"
    """Whose VAT rates (:data:`VAT_RATES`) are tried where a shop names none, and whose tax is in prices."""
    pickup_methods: tuple[str, ...] = ()
    """Codes of delivery (PrestaShop: id_reference of carriers) that mean picked up, besides the shop's own."""
    statuses: Mapping[str, Stage] = field(default_factory=dict)
    """The shop's own status to what it means to us; over the table of the connector."""
    steps: Mapping[str, str] = field(default_factory=dict)
    """Our step (``ready``, ``done`` …) to the shop's own status for it (PrestaShop: id of an order state)."""
    notes_to_customer: bool = True
    """Whether the customer is mailed the note that goes with a step; otherwise it is for the staff."""
    sale_status: str = "completed"
    """WooCommerce: the status of a counter sale that is placed as an order; a plugin's own spares the owner mails."""
    payment_module: str = ""
    """PrestaShop: the installed payment module that counter sales are booked under."""
    customer_id: int = 0
    """PrestaShop: the customer of counter sales; 0: one is made."""
    language_id: int = 0
    """PrestaShop: 0: the shop's default."""
    country_id: int = 0
    """PrestaShop: whose tax is in prices; 0: the shop's default country."""
    shop_id: int = 0
    """PrestaShop: in a multistore; 0: the shop's default."""

    @property
    def known_rates(self) -> tuple[int, ...]:
        """Rates to choose among, hundredths of a percent, the shop's own classes first."""
        rates = VAT_RATES.get(self.country, ()) or tuple({rate for each in VAT_RATES.values() for rate in each})
        return tuple(dict.fromkeys((*self.vat_rates.values(), *rates)))


@dataclass(frozen=True, slots=True)
class Access:
    """Address, keys and settings of one webshop."""

    kind: Kind
    url: str
    """As the shop calls itself, scheme and folder included; redirects are not followed."""
    credentials: Mapping[str, str] = field(repr=False)
    ca_file: Path | None = None
    proxy: str | None = field(default=None, repr=False)
    options: Options = field(default_factory=Options)

    @property
    def base(self) -> str:
        """The address without a slash at its end."""
        return self.url.strip().rstrip("/")

    @property
    def https(self) -> bool:
        """Whether the line is encrypted."""
        return urlsplit(self.base).scheme.lower() == "https"

    def keys(self) -> dict[str, str]:
        """The credentials to use, without blanks around them.

        Raises:
            Permanent: ``bad_credentials`` with the fields that are missing or cannot be (``url`` is one of them).
        """
        _address(self.base)
        given = {name: str(text).strip() for name, text in self.credentials.items()}
        sets = CREDENTIALS[self.kind]
        for names in sets:
            if all(given.get(name) for name in names):
                found = {name: given[name] for name in names}
                if wrong := [name for name, text in found.items() if not (text.isascii() and text.isprintable())]:
                    raise Permanent("bad_credentials", {"fields": wrong})
                return found
        raise Permanent("bad_credentials", {"fields": [name for name in sets[0] if not given.get(name)]})

    def web(
        self, path: str = "", *, patience: Patience | None = None, auth: AuthBase | None = None,
        query: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None, secrets: Sequence[str] = (),
    ) -> Web:  # fmt: skip
        """The road to ``path`` of this shop; every credential, and ``secrets`` besides, is kept out of its errors."""
        hidden = [*self.keys().values(), *secrets]
        return Web(
            self.base + path, auth=auth, query=query or {}, headers=headers or {}, ca_file=self.ca_file,
            proxy=self.proxy, patience=patience or Patience(),
            secrets=tuple(dict.fromkeys(form for text in hidden for form in (text, quote(text, safe="")))),
        )  # fmt: skip


def _address(url: str) -> None:
    try:
        parts = urlsplit(url)
        fit = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fit = False
    # Keys in the address itself would end up in every log.
    if not fit or "@" in parts.netloc or parts.query or parts.fragment:
        raise Permanent("bad_credentials", {"fields": ["url"]})
