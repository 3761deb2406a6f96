"""How a machine becomes a till: by a code that a person made in the office, that works once and not for long."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from kassa_office.staff.access import audit
from kassa_office.staff.models import Audit
from kassa_office.tills.models import Enrolment, Till, TillCursor, TillKey, TillState
from kassa_office.tills.office import office, public_key
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.wire import SCHEMA, Enrol, Enrolled

ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Characters that are never taken for one another, in any type and any hand."""
CODE_CHARS = 10
VALID = timedelta(hours=24)
FAILURES, WITHIN = 10, timedelta(minutes=15)
"""From one address; then it is not listened to until the oldest of them is so long ago."""
REFUSED = "enrol.refused"


def issue_code(till: Till, by: str, replaces: bool = False) -> str:
    """A new code for a till; older ones that were not used stop working. ``replaces``: for a machine in place of one.

    The code is told here and kept as a hash.
    """
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_CHARS))
    with transaction.atomic():
        Enrolment.objects.filter(till=till, used_at=None).delete()
        Enrolment.objects.create(
            code_hash=_hash(code), till=till, made_by=by[:150], expires_at=timezone.now() + VALID, replaces=replaces
        )
        audit(by, "enrol.code", till=till.code, replaces=replaces)
    return code


@transaction.atomic
def revoke(till: Till) -> None:
    """Let the till's machine in no longer; codes that were not used stop working too."""
    Enrolment.objects.filter(till=till, used_at=None).delete()
    till.token_hash = ""
    till.save(update_fields=["token_hash"])


def enrol(request: Enrol, address: str) -> Enrolled:
    """Make the machine that shows a code a till, and tell it its token.

    OfficeError: ``locked`` after too many wrong codes; ``code_unknown``, ``code_used``, ``code_expired``;
    ``other_till`` where the machine is set up as another till; ``inactive`` where the till or its branch is out of use;
    ``bad_key``; ``till_taken`` where the till has a journal by another key and the code does not replace it.
    """
    _not_locked(address)
    try:
        return _enrol(request)
    except OfficeError as refused:
        Audit.objects.create(
            user="", address=address[:45], act=REFUSED, refused=True, facts={"code": refused.code}
        )  # fmt: skip
        raise


@transaction.atomic
def _enrol(request: Enrol) -> Enrolled:
    code = "".join(request.code.upper().split()).replace("-", "")
    found = Enrolment.objects.select_for_update().filter(code_hash=_hash(code)).first()
    if found is None:
        raise OfficeError("code_unknown")
    if found.used_at is not None:
        raise OfficeError("code_used")
    if found.expires_at <= timezone.now():
        raise OfficeError("code_expired")
    till = Till.objects.select_related("branch").select_for_update(of=("self",)).get(code=found.till_id)
    if request.till and request.till != till.code:
        raise OfficeError("other_till", {"till": till.code})
    if not till.active or not till.branch.active:
        raise OfficeError("inactive", {"till": till.code})
    public = request.public_key.lower()
    if len(public) != 64 or not set(public) <= set("0123456789abcdef"):
        raise OfficeError("bad_key")
    high, receipt = so_far(till)
    replaces = keep_key(till, public, high, found.replaces, request.host)
    token = secrets.token_urlsafe(32)
    till.token_hash, till.enrolled_at = token_hash(token), timezone.now()
    till.save(update_fields=["token_hash", "enrolled_at"])
    found.used_at = timezone.now()
    found.save(update_fields=["used_at"])
    audit(till.code, "enrol", host=_plain(request.host), replaces=replaces)
    mark = office()
    return Enrolled(
        SCHEMA, mark.epoch, int(timezone.now().timestamp() * 1000), till.code, till.branch_id, token, public_key(),
        replaces, high, receipt,
    )  # fmt: skip


def so_far(till: Till) -> tuple[int, int]:
    """Highest entry and receipt number that the till, on whichever machine, ever said it had."""
    TillCursor.objects.bulk_create([TillCursor(till=till)], ignore_conflicts=True)
    cursor = TillCursor.objects.select_for_update().get(till=till)
    state = TillState.objects.filter(till=till).first()
    return max(cursor.high_seq, cursor.claimed_seq), max(state.receipt if state else 0, _last_receipt(till, cursor))


def _last_receipt(till: Till, cursor: TillCursor) -> int:
    from kassa_office.sales.models import Sale

    last = (
        Sale.objects.filter(branch__in=cursor.branches, till=till.code)
        .order_by("-seq").values_list("number", flat=True).first()
    )  # fmt: skip
    digits = (last or "").rpartition("-")[2]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else 0


def keep_key(till: Till, public: str, high: int, replaces: bool, host: str) -> bool:
    """Note the key and from where it signs; whether the machine takes over a journal."""
    last = TillKey.objects.filter(till=till).order_by("-first").first()
    if last is not None and last.public_key == public:
        return False
    if last is not None and high and not replaces:
        raise OfficeError("till_taken", {"till": till.code})
    taken_over = bool(replaces and high)
    TillKey.objects.update_or_create(
        till=till, first=high + 1 if taken_over else 1, defaults={"public_key": public, "host": _plain(host)}
    )
    return taken_over


def _not_locked(address: str) -> None:
    since = timezone.now() - WITHIN
    refused = Audit.objects.filter(at__gt=since, act=REFUSED, address=address[:45]).order_by("-at")
    times = list(refused.values_list("at", flat=True)[:FAILURES])
    if len(times) >= FAILURES:
        wait = int((times[-1] + WITHIN - timezone.now()).total_seconds()) + 1
        raise OfficeError("locked", {"seconds": wait}, retry_after=max(wait, 1))


def token_hash(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _hash(code: str) -> str:
    return hashlib.sha256(b"enrol\0" + code.encode("utf-8", "replace")).hexdigest()


def _plain(host: str) -> str:
    return "".join(each for each in host if each.isprintable()).encode("utf-8", "replace").decode()[:120]
