"""Tokens: made once and shown once, kept as a hash; with scopes, branches and a rate."""

from __future__ import annotations

import hashlib
import math
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from kassa_office.api.limits import wait_for
from kassa_office.api.models import ApiToken
from kassa_office.api.problems import Refused
from kassa_office.staff.access import audit, audit_few
from kassa_office.tills.models import Branch

SCOPES = (
    "articles:read", "articles:write", "stock:read", "stock:write", "sales:read", "reports:read", "customers:read",
    "customers:write", "hours:read",
)  # fmt: skip
PREFIX = "kassa_"
USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Caller:
    """The program that asks."""

    token: ApiToken
    branches: frozenset[str] | None
    """Codes; None is all."""

    def may(self, scope: str) -> bool:
        """Whether the token has a scope."""
        return scope in self.token.scopes

    @property
    def name(self) -> str:
        """As it stands in the record."""
        return f"api:{self.token.name}"


def make(
    name: str, scopes: Collection[str], branches: Collection[str], by: str, per_minute: int = 120
) -> tuple[ApiToken, str]:
    """A token and its text, which is nowhere else."""
    text = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = ApiToken.objects.create(
            name=name, token_hash=hashed(text), scopes=[scope for scope in SCOPES if scope in scopes], made_by=by[:150],
            per_minute=per_minute,
        )  # fmt: skip
        token.branches.set(Branch.objects.filter(code__in=branches))
    return token, text


def hashed(text: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


class Scope(HttpBearer):
    """Lets a program in whose token has a scope; ``Authorization: Bearer kassa_…``."""

    def __init__(self, *scopes: str) -> None:
        super().__init__()
        self.scopes = scopes

    def __call__(self, request: HttpRequest) -> Caller:
        """The caller; Refused."""
        found: Caller | None = super().__call__(request)
        if found is None:
            raise Refused(401, "unauthorised")
        return found

    def authenticate(self, request: HttpRequest, token: str) -> Caller:
        """Who shows the token, whether it still holds, whether it may, and not too often."""
        row = ApiToken.objects.filter(token_hash=hashed(token.strip())).prefetch_related("branches").first()
        if row is None or row.revoked_at is not None:
            audit_few(request, "api.token", path=request.path[:120])
            raise Refused(401, "unauthorised")
        wait = wait_for(settings.OFFICE.data / "limits", row.token_hash[:32], row.per_minute)
        if wait:
            raise Refused(429, "too_often", {"per_minute": row.per_minute}, retry_after=max(1, math.ceil(wait)))
        _used(row)
        places = frozenset(branch.pk for branch in row.branches.all())
        caller = Caller(row, places or None)
        if not any(caller.may(scope) for scope in self.scopes):
            audit_few(request, "api.scope", caller.name, path=request.path[:120], scope=self.scopes[0])
            raise Refused(403, "scope", {"needed": list(self.scopes)})
        return caller


def revoke(token: ApiToken, by: str) -> None:
    """From now on it is worth nothing; it stays in the list."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
    audit(by, "api.token.revoked", name=token.name)


def _used(row: ApiToken) -> None:
    now = timezone.now()
    if row.used_at is None or now - row.used_at > USED_EVERY:
        ApiToken.objects.filter(pk=row.pk).update(used_at=now)
