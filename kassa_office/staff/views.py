"""Logging in, with a second step for who has set one up, and one's own account."""

from __future__ import annotations

from base64 import b32encode
from typing import Any

import segno
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.contrib.auth.views import LoginView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from django_otp import devices_for_user, match_token, user_has_device
from django_otp import login as otp_login
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from kassa_office.staff.access import audit, audit_few, owes_second_factor, require, role_of
from kassa_office.staff.models import OFFICE_ROLES, Profile

RECOVERY_CODES = 8


class LoginForm(AuthenticationForm):
    """Name and password, with words of this house."""

    error_messages = {  # noqa: RUF012
        "invalid_login": gettext_lazy("Deze naam en dit wachtwoord horen niet bij elkaar."),
        "inactive": gettext_lazy("Deze gebruiker mag niet meer inloggen."),
    }


class Login(LoginView):
    """First step; who has a second one goes there."""

    template_name = "account/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = False

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Logged in, and on to the second step where there is one."""
        response = super().form_valid(form)
        user = form.get_user()
        audit(self.request, "login")
        if user_has_device(user):
            query = urlencode({"next": self.get_success_url()})
            return redirect(f"{reverse('second_step')}?{query}")
        profile = Profile.objects.filter(user=user).first()
        if profile is not None:
            _speak(response, profile.language)
        return response

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Recorded: repeated failures lock the name for a quarter of an hour."""
        audit_few(self.request, "login.refused", name=str(form.data.get("username", ""))[:150])
        return super().form_invalid(form)


def admin_login(request: HttpRequest) -> HttpResponseBase:
    """Where the administration sends whom it does not let in: to the log-in, or, logged in already, away."""
    if request.user.is_authenticated and not owes_second_factor(request):
        audit(request, "admin.refused", refused=True)
        raise PermissionDenied
    step = "second_step" if request.user.is_authenticated else "login"
    return redirect(f"{reverse(step)}?{urlencode({'next': _next(request)})}")


def second_step(request: HttpRequest) -> HttpResponse:
    """The code from the telephone, or one of the recovery codes."""
    if not request.user.is_authenticated:
        return redirect("login")
    if request.method == "POST":
        device = match_token(request.user, str(request.POST.get("code", "")).replace(" ", "")[:20])
        if device is not None:
            otp_login(request, device)
            # What could be seen of the session before the second step is worth nothing after it.
            request.session.cycle_key()
            return HttpResponseRedirect(_next(request))
        audit(request, "second_step.refused", refused=True)
        messages.error(request, _("Deze code klopt niet, of is te oud. Na enkele keren moet u even wachten."))
    return render(request, "account/second_step.html", {"next": _next(request)})


@require()
def account(request: HttpRequest) -> HttpResponse:
    """Who I am here, and what I can set."""
    roles = dict(OFFICE_ROLES)
    profile = Profile.objects.filter(user_id=request.user.pk or 0).first()
    facts: dict[str, Any] = {
        "role": roles.get(role_of(request.user), role_of(request.user)),
        "branches": list(profile.branches.all()) if profile else [],
        "second": user_has_device(request.user),
        "languages": settings.LANGUAGES,
    }
    return render(request, "account/account.html", facts)


@sensitive_post_parameters()
@require()
def password(request: HttpRequest) -> HttpResponse:
    """Choose another password."""
    form = PasswordChangeForm(request.user, request.POST or None)  # type: ignore[arg-type]
    if request.method == "POST" and form.is_valid():
        update_session_auth_hash(request, form.save())
        audit(request, "password.changed")
        messages.success(request, _("Uw wachtwoord is gewijzigd."))
        return redirect("account")
    return render(request, "account/password.html", {"form": form})


@require()
def second_factor(request: HttpRequest) -> HttpResponse:
    """Set up a telephone as the second step, or let it go; the recovery codes are shown once."""
    user: Any = request.user
    if user_has_device(user):
        if request.method == "POST" and request.POST.get("remove"):
            for device in devices_for_user(user):
                device.delete()
            audit(request, "second_factor.removed")
            messages.success(request, _("De tweede stap is uitgezet."))
            return redirect("account")
        return render(request, "account/second_factor.html", {"there": True})
    device, _made = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": "telefoon"})
    if request.method == "POST":
        if device.verify_token(str(request.POST.get("code", "")).replace(" ", "")[:10]):
            device.confirmed = True
            device.save()
            otp_login(request, device)
            audit(request, "second_factor.set")
            return render(request, "account/second_factor.html", {"codes": _recovery(user)})
        messages.error(request, _("Deze code klopt niet. Staat de klok van uw telefoon gelijk?"))
    drawn = segno.make(device.config_url, error="m").svg_inline(scale=4, dark="#000", light="#fff", omitsize=False)
    key = b32encode(device.bin_key).decode("ascii").rstrip("=")
    return render(request, "account/second_factor.html", {"drawn": drawn, "key": key})


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Speak another language from now on."""
    chosen = str(request.POST.get("language", ""))
    response = HttpResponseRedirect(_next(request))
    if chosen in dict(settings.LANGUAGES):
        _speak(response, chosen)
        if request.user.is_authenticated:
            Profile.objects.filter(user=request.user).update(language=chosen)
    return response


def _recovery(user: Any) -> list[str]:
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name="herstel", confirmed=True)
    codes = [StaticToken.random_token() for _n in range(RECOVERY_CODES)]
    for code in codes:
        device.token_set.create(token=code)
    return codes


def _speak(response: HttpResponse, code: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, code, max_age=365 * 86400, samesite="Lax", httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return "/"
