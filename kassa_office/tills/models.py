"""Branches, tills, their keys and tokens, and how each till said it is."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from kassa_office.facts import CODE_CHARS


class Branch(models.Model):
    """One shop of the company."""

    code = models.CharField(_("code"), primary_key=True, max_length=CODE_CHARS)
    name = models.CharField(_("naam"), max_length=80)
    street = models.CharField(_("straat en nummer"), max_length=120, blank=True)
    postcode = models.CharField(_("postcode"), max_length=12, blank=True)
    city = models.CharField(_("plaats"), max_length=80, blank=True)
    country = models.CharField(_("land"), max_length=2, default="NL", choices=[("NL", "Nederland"), ("BE", "België")])
    timezone = models.CharField(_("tijdzone"), max_length=40, default="Europe/Amsterdam")
    price_list = models.ForeignKey(
        "catalogue.PriceList", models.PROTECT, null=True, blank=True, verbose_name=_("prijslijst")
    )
    active = models.BooleanField(_("in gebruik"), default=True)

    class Meta:
        ordering = ("code",)
        verbose_name, verbose_name_plural = _("filiaal"), _("filialen")

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Till(models.Model):
    """One till. Its id is unique in the company and stays with its journal for good."""

    code = models.CharField(_("kassa"), primary_key=True, max_length=8)
    branch = models.ForeignKey(Branch, models.PROTECT, related_name="tills", verbose_name=_("filiaal"))
    name = models.CharField(_("naam"), max_length=80, blank=True)
    active = models.BooleanField(_("in gebruik"), default=True)
    token_hash = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    """SHA-256 of the token the till shows; empty until it is enrolled."""
    enrolled_at = models.DateTimeField(_("aangemeld op"), null=True, editable=False)
    settings = models.JSONField(_("instellingen"), default=dict, blank=True)
    """Keys of ``till.toml`` that the office sets for this till: table.key → value."""
    wanted_version = models.CharField(_("gewenste versie"), max_length=40, blank=True, editable=False)
    """Program version that it is to run, as a roll-out says; empty for the one it runs."""

    class Meta:
        ordering = ("code",)
        verbose_name, verbose_name_plural = _("kassa"), _("kassa's")

    def __str__(self) -> str:
        return self.code


class TillKey(models.Model):
    """A public key of a till and from which entry on it signs; a replaced machine brings a new one."""

    till = models.ForeignKey(Till, models.CASCADE, related_name="keys")
    first = models.BigIntegerField()
    public_key = models.CharField(max_length=64)
    host = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("till", "first"), name="till_key_first"),)


class Enrolment(models.Model):
    """A code that makes one machine into one till, once."""

    code_hash = models.CharField(max_length=64, unique=True, editable=False)
    till = models.ForeignKey(Till, models.CASCADE, related_name="enrolments", verbose_name=_("kassa"))
    made_by = models.CharField(_("gemaakt door"), max_length=150)
    made_at = models.DateTimeField(_("gemaakt op"), auto_now_add=True)
    expires_at = models.DateTimeField(_("geldig tot"))
    used_at = models.DateTimeField(_("gebruikt op"), null=True, editable=False)
    replaces = models.BooleanField(_("vervangt een machine"), default=False)

    class Meta:
        verbose_name, verbose_name_plural = _("aanmeldcode"), _("aanmeldcodes")


Place = tuple[str, list[str], int, int]
"""Of a journal here: till, branches under which it is kept, first number that is missing, last one that is here."""


class TillCursor(models.Model):
    """How far a till's journal is here. The one row that an ingest locks, so that one till is taken in in turn."""

    till = models.OneToOneField(Till, models.CASCADE, primary_key=True, related_name="cursor")
    next_seq = models.BigIntegerField(default=1)
    """First ``seq`` that is not here; everything before it is."""
    high_seq = models.BigIntegerField(default=0)
    """Highest ``seq`` here."""
    claimed_seq = models.BigIntegerField(default=0)
    """Highest ``seq`` the till ever said it has."""
    last_at = models.BigIntegerField(default=0)
    """Time of the newest entry here, UTC milliseconds."""
    received_at = models.DateTimeField(null=True)
    """When the till last sent something."""
    branches = models.JSONField(default=list)
    """Branches under which its entries are kept: more than one where it was moved."""

    @property
    def place(self) -> Place:
        """How far it is."""
        return self.till_id, self.branches, self.next_seq, self.high_seq


class TillState(models.Model):
    """What the till's last heartbeat said."""

    till = models.OneToOneField(Till, models.CASCADE, primary_key=True, related_name="state")
    at = models.DateTimeField()
    """By the office's clock."""
    version = models.CharField(max_length=40, blank=True)
    skew_ms = models.BigIntegerField(default=0)
    """The till's clock minus the office's."""
    waiting = models.BigIntegerField(default=0)
    oldest = models.BigIntegerField(default=0)
    turnover_waiting = models.BigIntegerField(default=0)
    """Cents of sales that are not in yet, as the till says."""
    receipt = models.BigIntegerField(default=0)
    z = models.BigIntegerField(default=0)
    cursor = models.BigIntegerField(default=0)
    disk_free = models.BigIntegerField(default=0)
    devices = models.JSONField(default=list)
    doctor = models.JSONField(default=dict)
    settings = models.CharField(max_length=64, blank=True)
    """Fingerprint of the office's settings that the till holds to."""


class Rollout(models.Model):
    """Settings or a program version on their way to the tills, some tills at a time."""

    SETTINGS, VERSION = "settings", "version"

    name = models.CharField(_("naam"), max_length=80)
    kind = models.CharField(_("soort"), max_length=8, choices=[(SETTINGS, _("instellingen")), (VERSION, _("versie"))])
    body = models.JSONField()
    """Of settings: ``table.key`` → value, an empty text takes the office's value away. Of a version: ``version``."""
    stages = models.JSONField()
    """For each stage a list of till codes, or a whole number: so many percent of all tills, those before included."""
    stage = models.SmallIntegerField(default=0)
    """Stages that were let go; 0 is none yet."""
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    """When somebody saw that all of it arrived, or took it back."""
    undone = models.BooleanField(default=False)

    class Meta:
        ordering = ("-id",)


class RolloutTill(models.Model):
    """A till that a roll-out reached, and what it had before."""

    rollout = models.ForeignKey(Rollout, models.CASCADE, related_name="reached")
    till = models.ForeignKey(Till, models.CASCADE, related_name="+")
    stage = models.SmallIntegerField()
    at = models.DateTimeField()
    former = models.JSONField(default=dict)
    """Of settings: key → value, null where the office had set none. Of a version: ``version``, as it ran."""

    class Meta:
        constraints = (models.UniqueConstraint(fields=("rollout", "till"), name="rollout_till"),)


class Office(models.Model):
    """This office's own marks: one row."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    epoch = models.CharField(max_length=32)
    """New for every database that was made or restored: a till that knows another one sends again what it must."""
    private_key = models.BinaryField()
    """Ed25519 seed that signs snapshots."""
    feed_seq = models.BigIntegerField(default=0)
    """Last number given out in the feed; taken under this row's lock."""
    office_seq = models.BigIntegerField(default=0)
    """Last ``seq`` of stock movements made in the office."""


class Lease(models.Model):
    """Which process of the office does one of the regular jobs, and until when it may take for it."""

    name = models.CharField(max_length=40, primary_key=True)
    holder = models.CharField(max_length=80)
    until = models.DateTimeField()
