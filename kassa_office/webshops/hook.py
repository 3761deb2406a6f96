"""Where a WooCommerce tells that something changed. It is a nudge: what it says is not read, the engine asks.

Everything that is not signed by the shop is refused alike, so that nobody learns which webshops there are.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from kassa_office.staff.access import address_of, audit_few
from kassa_office.webshops.asking import HOOK_SECRET, kept_keys
from kassa_office.webshops.claims import CODE
from kassa_office.webshops.models import OFFICE, Webshop
from kassa_office.webshops.worker import key_file
from kassa_tui.sync.webshops.keyfile import write_keys
from kassa_tui.sync.webshops.woocommerce_webhook import MAX_BODY_BYTES, webhook

BAD_PER_ADDRESS, GOOD_PER_SHOP, WITHIN_SECONDS = 30, 600, 60
"""Requests that are judged in one minute; the rest is sent away unread."""
NUDGE = timedelta(seconds=1)
ANSWER = {"ok": 200, "ping": 200, "bad_signature": 403, "bad_body": 400}


@csrf_exempt
@require_POST
def receive(request: HttpRequest, code: str) -> HttpResponse:
    """200 for what the shop signed and for its trial of the address; 400, 403, 413, 429 otherwise."""
    address = f"haak-slecht:{address_of(request)}"
    shop = f"haak:{code if CODE.fullmatch(code) else '-'}"
    if cache.get(address, 0) >= BAD_PER_ADDRESS or _count(shop) > GOOD_PER_SHOP:
        return HttpResponse(status=429)
    status = _judged(request, code)
    if status >= 400:
        _count(address)
        audit_few(request, "webshop.hook", who=code, path=request.path[:120], status=status)
    return HttpResponse(status=status)


def _judged(request: HttpRequest, code: str) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > MAX_BODY_BYTES:
        return 413
    known = Webshop.objects.filter(till=code, kind="woocommerce", owner=OFFICE)
    found = known.first() if CODE.fullmatch(code) else None
    secret = kept_keys(code).get(HOOK_SECRET, "") if found else ""
    if found is None or not secret:
        return 403
    try:
        nudge = webhook(dict(request.headers), request.body, secret)
    except UnreadablePostError:
        return 400
    if nudge.code == "ok":
        now = timezone.now()
        if found.nudged_at is None or now - found.nudged_at > NUDGE:
            Webshop.objects.filter(till=code).update(nudged_at=now)
    return ANSWER[nudge.code]


def _count(key: str) -> int:
    """How often in this minute, this time included; of this process alone."""
    cache.add(key, 0, WITHIN_SECONDS)
    try:
        return int(cache.incr(key))
    except ValueError:
        return 1


def new_secret(webshop: Webshop) -> str:
    """Another secret for the webhooks of a webshop; the one before it no longer holds."""
    made, code = secrets.token_urlsafe(32), str(webshop.till_id)
    write_keys(key_file(code), {**kept_keys(code), HOOK_SECRET: made})
    return made
