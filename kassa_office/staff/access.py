"""Who may see and do what in the office, and the record of it.

A user has one role. ``manager`` sees his own branches, every other role all of them. A superuser without a profile is
an owner. What is refused is recorded as well as what was done.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from kassa_office.staff.models import Audit, Profile

OWNER, BOOKKEEPER, MANAGER, SUPPORT = "owner", "bookkeeper", "manager", "support"
ALL = (OWNER, BOOKKEEPER, MANAGER, SUPPORT)

NOTED, NOTED_WITHIN = 20, timedelta(minutes=15)
"""Refusals of one kind and address that are recorded."""

User = AbstractBaseUser | AnonymousUser
P = ParamSpec("P")
R = TypeVar("R", bound=HttpResponseBase)


def role_of(user: User) -> str:
    """The user's role; empty for somebody who has none."""
    if not user.is_authenticated:
        return ""
    try:
        profile: Profile = user.profile  # type: ignore[attr-defined]
    except Profile.DoesNotExist:
        return OWNER if getattr(user, "is_superuser", False) else ""
    return profile.role


def branches_of(user: User) -> frozenset[str] | None:
    """Codes of the branches whose figures the user may see; None is all of them."""
    role = role_of(user)
    if role in (OWNER, BOOKKEEPER, SUPPORT):
        return None
    if role == MANAGER:
        return frozenset(user.profile.branches.values_list("code", flat=True))  # type: ignore[union-attr]
    return frozenset()


def may_see(user: User, branch: str) -> bool:
    """Whether one branch is among the user's."""
    allowed = branches_of(user)
    return allowed is None or branch in allowed


def require(*roles: str) -> Callable[[Callable[..., R]], Callable[..., HttpResponseBase]]:
    """A view for some roles; without any, for every role. Who is not logged in goes to the log-in, others are refused.

    A user who has set up a second factor must have shown it in this session.
    """

    def wrap(view: Callable[..., R]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated or owes_second_factor(request):
                return to_login(request)
            if role_of(request.user) not in (roles or ALL):
                audit(request, "page.refused", refused=True, path=request.path)
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return checked

    return wrap


def to_login(request: HttpRequest) -> HttpResponseBase:
    """To the step of logging in that is still to be done, and back from there."""
    step = "second_step" if request.user.is_authenticated else "login"
    query = urlencode({"next": request.get_full_path()})
    return redirect(f"{reverse(step)}?{query}")


def check_branch(request: HttpRequest, branch: str) -> None:
    """PermissionDenied, and a line in the record, where the branch is not the user's."""
    if not may_see(request.user, branch):
        audit(request, "branch.refused", refused=True, branch=branch, path=request.path)
        raise PermissionDenied


def audit(source: HttpRequest | str, act: str, *, refused: bool = False, **facts: Any) -> None:
    """Record an act: of the user behind a request, or of a named till, token or command."""
    if isinstance(source, str):
        user, address = source, ""
    else:
        user, address = source.user.get_username() if source.user.is_authenticated else "", address_of(source)
    Audit.objects.create(user=user[:150], address=address, act=act, facts=facts, refused=refused)


def audit_few(request: HttpRequest, act: str, who: str = "", **facts: Any) -> None:
    """Record a refusal that anybody can cause: of one kind and address no more than can be read."""
    address = address_of(request)
    recent = Audit.objects.filter(at__gt=timezone.now() - NOTED_WITHIN, act=act, address=address)
    if recent[:NOTED].count() < NOTED:
        plain = {key: _plain(value) for key, value in facts.items()}
        Audit.objects.create(user=_plain(who)[:150], address=address, act=act, facts=plain, refused=True)


def address_of(request: HttpRequest) -> str:
    """The client's address, as far as the configured number of reverse proxies can be believed."""
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    proxies = settings.OFFICE.proxies
    if proxies and len(forwarded) >= proxies:
        return forwarded[-proxies][:45]
    return str(request.META.get("REMOTE_ADDR", ""))[:45]


def owes_second_factor(request: HttpRequest) -> bool:
    """Whether a second step was set up and not taken in this session."""
    from django_otp import user_has_device

    return user_has_device(request.user) and not request.user.is_verified()  # type: ignore[union-attr]


def _plain(value: Any) -> Any:
    """Text as every database can keep it."""
    return value.encode("ascii", "backslashreplace").decode().replace("\0", "") if isinstance(value, str) else value
