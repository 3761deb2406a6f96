"""What WooCommerce sends of its own accord, for the office: a nudge to look, and never more than that.

Webhooks come late, twice or not at all; what they say is not read but asked.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Literal

import msgspec

from kassa_tui.sync.webshops.base import Value

MAX_BODY_BYTES = 4 << 20
"""Of an order with hundreds of lines; more is not read."""


class Nudge(Value, frozen=True, kw_only=True):
    """What came."""

    code: Literal["ok", "ping", "bad_signature", "bad_body"]
    """``ping``: the shop tries the address, unsigned: to be answered with 200 and forgotten. Only with ``ok`` is there
    anything to look at; the others are refused."""
    resource: str = ""
    """``order``, ``product`` …"""
    event: str = ""
    """``created``, ``updated``, ``deleted``, ``restored``."""
    id: str = ""
    """The shop's own, of the order or product."""
    delivery: str = ""
    """The shop's own id of this sending."""


def webhook(headers: Mapping[str, str], body: bytes, secret: str) -> Nudge:
    """Judge one request by the raw body it came with; names of headers in any case."""
    told = {name.lower(): value.strip() for name, value in headers.items()}
    signature = told.get("x-wc-webhook-signature", "")
    if not signature and body.startswith(b"webhook_id=") and body[11:].strip().isdigit() and len(body) < 64:
        return Nudge(code="ping", id=body[11:].strip().decode("ascii"))
    if not signed(body, signature, secret):
        return Nudge(code="bad_signature")
    resource, _, event = told.get("x-wc-webhook-topic", "").partition(".")
    return _read(body, resource, event, told.get("x-wc-webhook-delivery-id", ""))


def signed(body: bytes, signature: str, secret: str) -> bool:
    """Whether the shop that shares this secret signed these bytes."""
    if not secret or len(body) > MAX_BODY_BYTES:
        return False
    wanted = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest())
    return hmac.compare_digest(wanted, signature.encode("utf-8", "replace"))


def _read(body: bytes, resource: str, event: str, delivery: str) -> Nudge:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Nudge(code="bad_body", delivery=delivery)
    id_ = found.get("id", found.get("arg")) if isinstance(found, dict) else None
    if isinstance(id_, bool) or not isinstance(id_, (int, str)):
        return Nudge(code="bad_body", resource=resource, event=event, delivery=delivery)
    return Nudge(code="ok", resource=resource, event=event, id=str(id_)[:40], delivery=delivery)
