"""Who talks to which webshop: one node for each, written down here, and a second one told who the first is."""

from __future__ import annotations

import re
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from kassa_office.staff.access import audit
from kassa_office.tills.enrolment import keep_key, so_far
from kassa_office.tills.models import Till, TillKey
from kassa_office.webshops.models import OFFICE, Webshop
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.wire import Answer, ChannelClaim

CODE = re.compile(r"[A-Z][A-Z0-9]{0,7}")
KEY = re.compile(r"[0-9a-f]{64}")


def claim(till: Till, request: ChannelClaim) -> Answer:
    """A till says that it is the one that talks to a webshop; OfficeError ``channel_taken`` where another does."""
    if not CODE.fullmatch(request.code) or not KEY.fullmatch(request.public_key):
        raise OfficeError("bad_message", {"detail": "code or public_key"})
    if request.kind not in dict(Webshop.KINDS) or not 0 < len(request.url) <= 300 or not 0 < len(request.name) <= 80:
        raise OfficeError("bad_message", {"detail": "kind, url or name"})
    with transaction.atomic():
        found = Webshop.objects.select_for_update(of=("self",)).select_related("till").filter(till=request.code).first()
        other = found or Webshop.objects.filter(url=_plain(request.url)).first()
        if other is not None and (other.owner != till.code or other.till_id != request.code):
            return _taken(till, request, other.owner)
        if found is None:
            if Till.objects.filter(code=request.code).exists():
                return _taken(till, request, request.code)
            found = make(request.code, request.kind, request.url, request.name, till.branch_id, owner=till.code)
        if request.replaces:
            return Answer(True, facts=_goes_on(till, found.till, request.public_key))
        _sign(found.till, request.public_key)
    return Answer(True)


def _goes_on(till: Till, channel: Till, public_key: str) -> dict[str, int]:
    """The key of the machine that took the owner's place signs what comes behind all that there is; how far that is.

    Once for each replacement that a person gave a code for. OfficeError ``channel_taken``.
    """
    high, receipt = so_far(channel)
    last = TillKey.objects.filter(till=channel).order_by("-first").first()
    if last is not None and last.public_key != public_key:
        machine = TillKey.objects.filter(till=till).order_by("-first").first()
        if machine is None or machine.first == 1 or machine.at <= last.at:
            # A person's code made the machine the till's; without a new one there is no new key.
            raise OfficeError("channel_taken", {"owner": channel.code, "why": "key"})
    if keep_key(channel, public_key, high, replaces=True, host=""):
        audit(till.code, "webshop.replaced", channel=channel.code, high=high)
    return {"high": high, "receipt": receipt}


def make(code: str, kind: str, url: str, name: str, branch: str, *, owner: str = OFFICE, **more: Any) -> Webshop:
    """A webshop and the till that its channel is. IntegrityError where the code or the address is another's."""
    made = Till.objects.create(code=code, branch_id=branch, name=name)
    more.setdefault("orders_since", timezone.localdate())
    return Webshop.objects.create(till=made, kind=kind, url=_plain(url), name=name, owner=owner, **more)


def channel_of(till: Till, code: str) -> Till:
    """The channel whose journal this till sends; OfficeError ``forbidden`` where it is not its own."""
    found = Webshop.objects.select_related("till__branch").filter(till=code, owner=till.code).first()
    if found is None:
        raise OfficeError("forbidden", {"till": till.code})
    return found.till


def sign(webshop: Webshop, public_key: str) -> None:
    """The key that signs a channel of the office's own."""
    _sign(webshop.till, public_key)


def _sign(channel: Till, public_key: str) -> None:
    """The first key signs from the beginning; another one comes with a machine that replaces the owner's, or not."""
    last = TillKey.objects.filter(till=channel).order_by("-first").first()
    if last is None:
        try:
            with transaction.atomic():
                last = TillKey.objects.create(till=channel, first=1, public_key=public_key)
        except IntegrityError:
            last = TillKey.objects.get(till=channel, first=1)
    if last.public_key != public_key:
        raise OfficeError("channel_taken", {"owner": channel.code, "why": "key"})


def _taken(till: Till, request: ChannelClaim, owner: str) -> Answer:
    audit(till.code, "webshop.claim", refused=True, channel=request.code, owner=owner)
    return Answer(False, "channel_taken", {"owner": owner})


def _plain(url: str) -> str:
    return url.strip().rstrip("/")
