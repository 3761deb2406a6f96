"""Staff of the shops, and what a user of the office may see."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

TILL_ROLES = [
    ("cashier", _("caissière")),
    ("senior", _("eerste kracht")),
    ("manager", _("bedrijfsleider")),
    ("technician", _("technicus")),
]
LANGUAGES = [("nl", "Nederlands"), ("fr", "Français"), ("en", "English")]
OFFICE_ROLES = [
    ("owner", _("eigenaar")),
    ("bookkeeper", _("boekhouder")),
    ("manager", _("filiaalleider")),
    ("support", _("ondersteuning")),
]


def hash_pin(pin: str) -> str:
    """Argon2id of a PIN, with the same cost as on a till, which has to check it; ValidationError."""
    if not (pin.isascii() and pin.isdigit() and 4 <= len(pin) <= 8):
        raise ValidationError(_("Een pincode heeft 4 tot 8 cijfers."))
    return PasswordHasher(time_cost=6, memory_cost=1024, parallelism=1).hash(pin)


def has_pin(pin_hash: str, pin: str) -> bool:
    """Whether ``pin`` is the one behind the hash."""
    try:
        return PasswordHasher().verify(pin_hash, pin)
    except (VerificationError, InvalidHashError):
        return False


class Employee(models.Model):
    """Somebody who works at tills."""

    code = models.CharField(_("code"), primary_key=True, max_length=40)
    name = models.CharField(_("naam"), max_length=80)
    role = models.CharField(_("rol"), max_length=10, choices=TILL_ROLES, default="cashier")
    pin_hash = models.CharField(max_length=200, editable=False)
    """Argon2id; the PIN itself is nowhere."""
    language = models.CharField(_("taal"), max_length=5, default="nl", choices=LANGUAGES)
    branches = models.ManyToManyField("tills.Branch", blank=True, verbose_name=_("filialen"))
    """None: all."""
    active = models.BooleanField(_("in dienst"), default=True)

    class Meta:
        ordering = ("code",)
        verbose_name, verbose_name_plural = _("medewerker"), _("medewerkers")

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    def set_pin(self, pin: str) -> None:
        """Keep the hash of a PIN of 4 to 8 digits; ValidationError where it is none."""
        self.pin_hash = hash_pin(pin)


class Profile(models.Model):
    """What a user of the office is, and which branches he may see."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="profile")
    role = models.CharField(_("rol"), max_length=10, choices=OFFICE_ROLES, default="manager")
    branches = models.ManyToManyField("tills.Branch", blank=True, verbose_name=_("filialen"))
    """For a ``manager`` these only; for other roles all, whatever stands here."""
    language = models.CharField(_("taal"), max_length=5, default="nl")


class Audit(models.Model):
    """Who did what in the office, and what was refused. Appended to only."""

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    user = models.CharField(max_length=150)
    """Name of the user, the till, or the token."""
    address = models.CharField(max_length=45, blank=True)
    act = models.CharField(max_length=60)
    facts = models.JSONField(default=dict)
    refused = models.BooleanField(default=False)
