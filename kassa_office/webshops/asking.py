"""What people ask of a webshop, on a page or a command line, and the answers in words."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, tzinfo
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

from kassa_office.dashboard import formats
from kassa_office.staff.access import audit
from kassa_office.tills.models import Branch
from kassa_office.webshops import claims
from kassa_office.webshops.models import OFFICE, Webshop
from kassa_office.webshops.options import checked
from kassa_office.webshops.ports import folder_of
from kassa_office.webshops.worker import Desk, key_file, options_of, settings_of
from kassa_tui.messages import words
from kassa_tui.storage.database import StorageError
from kassa_tui.sync import webshop_asks
from kassa_tui.sync.channel.status import Status, read_status
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.webshops import connect
from kassa_tui.sync.webshops.access import Access, Options
from kassa_tui.sync.webshops.base import ShopFacts, WebshopError
from kassa_tui.sync.webshops.keyfile import read_keys, write_keys
from kassa_tui.sync.webshops.web import Patience
from kassa_tui.webshop_words import WEBSHOP_REFUSED, WEBSHOP_STATES, WEBSHOP_WORDS

CREDENTIALS: dict[str, tuple[str, ...]] = {
    "woocommerce": ("key", "secret"),
    "magento": ("consumer_key", "consumer_secret", "token", "token_secret"),
    "prestashop": ("key",),
}
"""Kind → what its owner must hand over."""
QUICKLY = Patience(tries=2, timeouts=(5.0, 15.0, 20.0))
"""While a person waits at a page."""
WHO = {
    "shop": N_("Te doen: door wie de webshop draaiende houdt"),
    "keys": N_("Te doen: in de webshop nieuwe sleutels maken of hun rechten herstellen, en ze hier invullen"),
    "settings": N_("Te doen: adres en bijzonderheden van deze webshop nakijken"),
}
"""Who must act, at the office."""
HOOK_SECRET = "webhook_secret"
"""Name, in the file with keys, of what a WooCommerce signs its webhooks with."""
Facts = dict[str, Any]

log = logging.getLogger(__name__)


def said(code: str, facts: Mapping[str, Any] | None = None) -> str:
    """The words of a code, in the language of the page."""
    known = WEBSHOP_WORDS | WEBSHOP_REFUSED
    return translated(known.get(code, code), **(facts or {}))


def state_of(found: Status | None) -> str:
    """How a webshop stands, and who must act."""
    if found is None:
        return translated(WEBSHOP_STATES["new"])
    moment = partial(when, zone=timezone.get_current_timezone())
    times = {"since": moment(found.since) if found.since else "", "last": moment(found.last_success)
             if found.last_success else "-"}  # fmt: skip
    lines = [translated(WEBSHOP_STATES[found.state], **times)]
    if found.why:
        lines.append(said(found.why, found.facts))
    if found.who in WHO:
        lines.append(_(WHO[found.who]))
    return ". ".join(line.rstrip(".") for line in lines)


def when(at: int, zone: tzinfo) -> str:
    """UTC milliseconds on the office's wall."""
    return formats.moment(datetime.fromtimestamp(at / 1000, zone))


def translated(text: str, **facts: Any) -> str:
    """A text of the till's, in the language of the page."""
    language = (translation.get_language() or "nl")[:2]
    return words(language if language in ("nl", "fr", "en") else "nl").t(text, **facts)


def status(webshop: Webshop) -> Status | None:
    """How it stands; None before it was first looked at, and of one that a till talks to."""
    if webshop.owner != OFFICE:
        return None
    try:
        at = int(timezone.now().timestamp() * 1000)
        return read_status(folder_of(str(webshop.till_id)), settings_of(webshop), at)
    except StorageError as error:
        log.warning("webshop %s: %s %s", webshop.till_id, error.code, error.facts)
        return None


def add(
    kind: str, url: str, keys: Mapping[str, str], *, branch: Branch, name: str = "", code: str = "", by: str,
    options: Mapping[str, Any] | None = None,
) -> tuple[Webshop, ShopFacts]:  # fmt: skip
    """Try the keys and keep them, and make the webshop. WebshopError; ValueError ``webshop_twice`` or ``bad_code``."""
    code = code or free_code()
    if not claims.CODE.fullmatch(code):
        raise ValueError("bad_code")
    if Webshop.objects.filter(url=url.strip().rstrip("/")).exists() or taken(code):
        raise ValueError("webshop_twice")
    given = Options(**checked(options or {})[0])
    facts = tried(Access(kind, url, dict(keys), None, None, given))  # type: ignore[arg-type]
    write_keys(key_file(code), keys)
    title = (name or facts.name or code)[:80]
    with transaction.atomic():
        made = claims.make(code, kind, url, title, branch.code, options=dict(options or {}))
    audit(by, "webshop.added", code=code, kind=kind, url=url[:200])
    return made, facts


def tried(access: Access) -> ShopFacts:
    """Who the webshop says that it is; WebshopError."""
    connector = connect(access, QUICKLY)
    try:
        return connector.check()
    finally:
        connector.close()


def renew(webshop: Webshop, keys: Mapping[str, str], *, by: str) -> ShopFacts:
    """Try other keys, and keep them where they are taken; WebshopError. Who is at work picks them up by itself."""
    code = str(webshop.till_id)
    facts = tried(Access(webshop.kind, webshop.url, dict(keys), None, None,  # type: ignore[arg-type]
                         Options(**options_of(webshop))))  # fmt: skip
    kept = {name: text for name, text in kept_keys(code).items() if name == HOOK_SECRET}
    write_keys(key_file(code), {**keys, **kept})
    audit(by, "webshop.keys", code=code)
    return facts


def kept_keys(code: str) -> dict[str, str]:
    """What is in the file with keys; nothing where it cannot be read."""
    try:
        return read_keys(key_file(code))
    except WebshopError:
        return {}


def taken(code: str) -> bool:
    """Whether a till or a webshop has this code."""
    from kassa_office.tills.models import Till

    return Till.objects.filter(code=code).exists()


def free_code() -> str:
    """``WEB``, or the first number behind it that nobody has."""
    return next(code for code in ("WEB", *(f"WEB{number}" for number in range(2, 999))) if not taken(code))


def perform(
    webshop: Webshop, what: str, facts: Facts, *, by: str, seconds: float, leave: bool = False
) -> Facts:  # fmt: skip
    """Have something done: by the process that works on the channel, else here. The answer, or ``error``.

    ``leave``: what is not answered in ``seconds`` (``no_answer``) is done all the same when that process comes to it.
    """
    if webshop.owner != OFFICE:
        return {"error": "channel_of_other", "facts": {"owner": webshop.owner}}
    code = str(webshop.till_id)
    told = {name: str(value)[:80] for name, value in facts.items()}
    audit(by, f"webshop.{what}", code=code, asked=told)
    folder = folder_of(code)
    try:
        if webshop_asks.is_running(folder):
            return webshop_asks.ask(folder, what, facts, seconds, leave=leave)
        desk = Desk(code)
        try:
            desk.hear()
            return webshop_asks.perform(desk, what, facts)
        finally:
            desk.close()
    except (StorageError, OfficeError) as error:
        return {"error": error.code, "facts": error.facts}


def refusal(found: Facts) -> str:
    """Why not, in words; empty where it went well."""
    return said(str(found["error"]), found.get("facts")) if "error" in found else ""
