"""Who may in: keys by Basic or in the query over https, and nothing but an OAuth 1.0a signature over http."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote

from kassa_tui.simulate.web import Asked
from kassa_tui.simulate.webshops.woocommerce_books import Refused

MARK = "wp-json/wc/"
AUTH_ERROR, CANNOT_VIEW = "woocommerce_rest_authentication_error", "woocommerce_rest_cannot_view"


@dataclass(slots=True)
class Keys:
    """A pair of keys, and what it may."""

    key: str
    secret: str
    may_write: bool = True
    https: bool = False
    """Whether the shop is reached over https."""
    strips_header: bool = False
    """A host that takes the Authorization header away."""
    nonces: set[str] = field(default_factory=set)

    def admit(self, asked: Asked) -> None:
        """Let the request in; :class:`Refused` with 401 otherwise."""
        if MARK not in f"{asked.path}?{asked.query}":
            # Elsewhere keys are not looked at, whatever route is asked for.
            raise Refused(CANNOT_VIEW, "Sorry, you cannot list resources.", 401)
        header = "" if self.strips_header else asked.headers.get("authorization", "")
        query = dict(parse_qsl(asked.query, keep_blank_values=True))
        key, proven = self._by_key(header, query) if self.https else self._by_signature(asked, header, query)
        if key != self.key:
            raise Refused(CANNOT_VIEW, "Sorry, you cannot list resources.", 401)
        if not proven:
            what = (
                "Consumer secret is invalid."
                if self.https
                else "Invalid signature - provided signature does not match."
            )
            raise Refused(AUTH_ERROR, what, 401)
        if asked.method != "GET" and not self.may_write:
            raise Refused(AUTH_ERROR, "The API key provided does not have write permissions.", 401)

    def _by_key(self, header: str, query: dict[str, str]) -> tuple[str, bool]:
        if header.startswith("Basic "):
            key, _, secret = base64.b64decode(header[6:]).decode().partition(":")
            return key, hmac.compare_digest(secret, self.secret)
        return query.get("consumer_key", ""), hmac.compare_digest(query.get("consumer_secret", ""), self.secret)

    def _by_signature(self, asked: Asked, header: str, query: dict[str, str]) -> tuple[str, bool]:
        given = dict(query)
        if header.startswith("OAuth "):
            for part in header[6:].split(","):
                name, _, value = part.strip().partition("=")
                given[unquote(name)] = unquote(value.strip('"'))
        signature = given.pop("oauth_signature", "")
        nonce = given.get("oauth_nonce", "")
        if not signature or not nonce or given.get("oauth_signature_method") != "HMAC-SHA256":
            return "", False
        if nonce in self.nonces:
            return given.get("oauth_consumer_key", ""), False
        self.nonces.add(nonce)
        url = f"http://{asked.headers.get('host', '')}{asked.path if asked.path != '/' else ''}"
        pairs = sorted((quote(name, safe="~"), quote(value, safe="~")) for name, value in given.items())
        text = "&".join(f"{name}={value}" for name, value in pairs)
        base = "&".join((asked.method, quote(url, safe="~"), quote(text, safe="~")))
        made = hmac.new(f"{quote(self.secret, safe='~')}&".encode(), base.encode(), hashlib.sha256).digest()
        wanted = base64.b64encode(made).decode()
        return given.get("oauth_consumer_key", ""), hmac.compare_digest(wanted, signature)
