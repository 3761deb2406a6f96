"""A Magento shop that is a program: signed requests, sources and reservations, answers as the real one writes them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import ssl
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from email.utils import formatdate
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from kassa_tui.simulate.web import Asked
from kassa_tui.simulate.webshops import magento_json as shown
from kassa_tui.simulate.webshops.magento_call import Call
from kassa_tui.simulate.webshops.magento_documents import Memo
from kassa_tui.simulate.webshops.magento_goods import Goods, Refusal, Source
from kassa_tui.simulate.webshops.magento_rest import route
from kassa_tui.simulate.webshops.magento_sales import Sales
from kassa_tui.simulate.webshops.server import Faults, Reply, ShopServer
from kassa_tui.simulate.webshops.simulated import Simulated

KEYS: Mapping[str, str] = {
    "consumer_key": "simck0123456789abcdef0123456789a", "consumer_secret": "simcs0123456789abcdef0123456789a",
    "token": "simat0123456789abcdef0123456789a", "token_secret": "simts0123456789abcdef0123456789a",
}  # fmt: skip
NOT_YOURS = "The consumer isn't authorized to access %resources."
STORES = ("all", "default", "")
PICKUP_SOURCE = "winkel"
OPTIONS = {"sources": [PICKUP_SOURCE]}
"""Of a shop whose goods lie where customers come for them, as :class:`MagentoClerk` has them."""
_ESCAPED = re.compile("%[0-9A-Fa-f]{2}")
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class MagentoShop:
    """One shop, kept in memory."""

    def __init__(
        self, *, msi: bool = True, version: str = "2.4.7", clock: Callable[[], float] = time.time,
        keys: Mapping[str, str] = KEYS, bearer: bool = False,
    ) -> None:  # fmt: skip
        self._clock, self.keys, self.bearer = clock, dict(keys), bearer
        self.ahead = 0.0
        """Seconds that the shop's clock was put on."""
        self.version = version
        self.goods = Goods(self.now, msi=msi)
        self.goods.sources[PICKUP_SOURCE] = Source(PICKUP_SOURCE, "Winkel", pickup=True)
        self.sales = Sales(self.goods, self.now)
        self.sales.refunds_amounts = not version.startswith(("2.0", "2.1", "2.2", "2.3"))
        self.currency = "EUR"
        self.denied: set[str] = set()
        """Rights that the keys were not given."""
        self.refused_skus: set[str] = set()
        """SKUs whose stock cannot be saved, for whatever reason of the shop's own."""
        self.decodes_addresses = False
        """Some versions sign the address with ``/`` and its like decoded, so that a caller's signature never fits."""
        self.refuses_slashes = False
        """The host in front of it knows no address with an encoded slash, and says so with a page."""
        self.words: dict[str, str] = {}
        """Its messages in another language: by what they say in English."""
        self.memos_without_comments = False
        """As some versions list them."""
        self.paid_back: list[tuple[int, Decimal]] = []
        """Orders and amounts that went back by way of the payment's provider."""
        self._nonces: set[str] = set()

    @property
    def repeats_last_page(self) -> bool:
        """Past the end old versions give the last page over again."""
        return tuple(int(each) for each in self.version.split(".")[:3]) <= (2, 3, 4)

    def now(self) -> int:
        """Its clock, UTC milliseconds."""
        return int((self._clock() + self.ahead) * 1000)

    def respond(self, asked: Asked) -> Reply:
        """One request."""
        if self.refuses_slashes and "%2F" in asked.path:
            return Reply(404, b"<html><body>404 Not Found</body></html>", kind="text/html")
        try:
            with self.goods.lock:
                status, body = self._answer(asked)
        except Refusal as error:
            status, body = error.status, _error(error)
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
            status, body = 400, {"message": "Invalid type for value. Verify and try again."}
        headers = {"Date": formatdate(self.now() / 1000, usegmt=True)}
        if status >= 400:
            for english, other in self.words.items():
                body["message"] = body["message"].replace(english, other)
        kind = "text/plain; charset=UTF-8" if isinstance(body, bytes) else "application/json; charset=utf-8"
        return Reply(status, body if isinstance(body, bytes) else _ENCODER.encode(body), headers, kind)

    def memo_row(self, memo: Memo) -> dict[str, Any]:
        """A credit memo in a list."""
        return shown.memo(memo) | ({"comments": []} if self.memos_without_comments else {})

    def _answer(self, asked: Asked) -> tuple[int, Any]:
        if asked.path == "/magento_version":
            return 200, f"Magento/{'.'.join(self.version.split('.')[:2])} (Community)".encode()
        head, found, rest = asked.path.partition("/V1/")
        store = head.removeprefix("/rest").strip("/")
        if not found or not head.startswith("/rest") or store not in STORES:
            return 404, {"message": "Request does not match any route."}
        known = route(asked.method, rest, msi=self.goods.msi)
        if known is None:
            return 404, {"message": "Request does not match any route."}
        right, names, act = known
        if right in self.denied or not self._signed(asked):
            return 401, {"message": NOT_YOURS, "parameters": {"resources": right}}
        body = self._body(asked)
        return 200, act(Call(self, store or "default", tuple(map(unquote, names)), asked.query, body))

    def _body(self, asked: Asked) -> Mapping[str, Any]:
        if not asked.body:
            return {}
        try:
            found = msgspec.json.decode(asked.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Refusal("Decoding error: Syntax error") from error
        if not isinstance(found, dict):
            raise Refusal("Decoding error")
        return found

    def _signed(self, asked: Asked) -> bool:
        head = asked.headers.get("authorization", "")
        scheme, _, rest = head.partition(" ")
        if scheme == "Bearer":
            return self.bearer and hmac.compare_digest(rest, self.keys["token"])
        if scheme != "OAuth":
            return False
        given = {unquote(name.strip()): unquote(value.strip().strip('"'))
                 for name, _, value in (each.partition("=") for each in rest.split(","))}  # fmt: skip
        nonce = given.get("oauth_nonce", "")
        if given.get("oauth_signature_method") != "HMAC-SHA256" or not nonce or nonce in self._nonces:
            return False
        ours = self.keys["consumer_key"], self.keys["token"]
        if (given.get("oauth_consumer_key"), given.get("oauth_token")) != ours:
            return False
        right = any(hmac.compare_digest(given.get("oauth_signature", ""), self._signature(asked, given, line))
                    for line in ("http", "https"))  # fmt: skip
        if right:
            self._nonces.add(nonce)
        return right

    def _signature(self, asked: Asked, given: Mapping[str, str], line: str) -> str:
        said = [(name, value) for name, value in given.items() if name not in ("oauth_signature", "realm")]
        # As Magento does, which leaves a plus what it is.
        query = (each.partition("=") for each in asked.query.split("&") if each)
        params = [*((unquote(name), unquote(value)) for name, _, value in query), *said]
        # In natural order, [2] before [10], where the standard says byte by byte.
        pairs = sorted(((_enc(name), _enc(value)) for name, value in params), key=lambda pair: _natural(pair[0]))
        listed = "&".join(f"{name}={value}" for name, value in pairs)
        path = _ESCAPED.sub(_decoded, asked.path) if self.decodes_addresses else asked.path
        url = f"{line}://{asked.headers.get('host', '')}{path}"
        base = "&".join((asked.method, _enc(url), _enc(listed)))
        key = f"{_enc(self.keys['consumer_secret'])}&{_enc(self.keys['token_secret'])}"
        return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()).decode()


def _decoded(found: re.Match[str]) -> str:
    told = unquote(found[0])
    return told if told in ":@&=+$,/;%" else found[0]


def _natural(told: str) -> list[tuple[int, str]]:
    """What a text is sorted by where its numbers count as numbers."""
    return [(int(each) if each.isdigit() else 0, each) for each in re.split(r"(\d+)", told)]


def _enc(told: str) -> str:
    return quote(told, safe="-._~")


def _error(error: Refusal) -> dict[str, Any]:
    found: dict[str, Any] = {"message": error.message}
    if isinstance(error.parameters, Mapping) and "errors" in error.parameters:
        return found | {"errors": error.parameters["errors"]}
    return found if error.parameters is None else found | {"parameters": error.parameters}


def start(
    port: int = 0, *, faults: Faults | None = None, context: ssl.SSLContext | None = None, host: str = "127.0.0.1",
    told: Callable[[Asked, int], object] | None = None, **options: Any,
) -> Simulated[MagentoShop]:  # fmt: skip
    """A shop on a port of this machine; ``options`` of :class:`MagentoShop`."""
    shop = MagentoShop(**options)
    server = ShopServer(shop, port, faults=faults, context=context, host=host, told=told)
    keys = {"bearer": shop.keys["token"]} if shop.bearer else shop.keys
    return Simulated("magento", server, shop, keys, OPTIONS)
