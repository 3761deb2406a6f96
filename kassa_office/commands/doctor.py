"""Whether the office is well, and whether anything of the tills is missing."""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

LOW_DISK_BYTES = 2 << 30
INBOX_MINUTES = 10
BACKUP_DAYS = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    code: str
    state: str
    """``ok``, ``warn`` or ``bad``."""
    text: str
    advice: str = ""


def doctor_arguments(parser: argparse.ArgumentParser) -> None:
    """``doctor [--json]``."""
    parser.add_argument("--json", action="store_true")
    parser.epilog = "Voorbeeld: kassa-office doctor"


def doctor(options: argparse.Namespace) -> int:
    """Look at everything; 1 where something is wrong."""
    found = list(findings())
    if options.json:
        print(json.dumps([asdict(finding) for finding in found], ensure_ascii=False, indent=1))
    else:
        marks = {"ok": "  ", "warn": "? ", "bad": "! "}
        for finding in found:
            print(f"{marks[finding.state]}{finding.text}")
            if finding.advice and finding.state != "ok":
                print(f"    {finding.advice}")
    return 1 if any(finding.state == "bad" for finding in found) else 0


def findings() -> Iterator[Finding]:
    """Each check in its turn; one that fails itself is a finding too."""
    for check in _CHECKS:
        try:
            yield check()
        except Exception as error:  # noqa: BLE001 - a check that cannot be made is what the doctor has to tell
            yield Finding(check.__name__.strip("_"), "bad", f"{check.__name__.strip('_')}: {error}")


def _database() -> Finding:
    from django.core.management import call_command
    from django.db import connection

    try:
        call_command("migrate", check_unapplied=True, verbosity=0, interactive=False)
    except SystemExit:
        return Finding("database", "bad", _("De database is van een oudere versie."), _("Doe `kassa-office init`."))
    return Finding("database", "ok", _("Database: %s, bijgewerkt") % connection.vendor)


def _disk() -> Finding:
    from django.conf import settings

    free = shutil.disk_usage(settings.OFFICE.data).free
    state = "ok" if free > LOW_DISK_BYTES else "bad"
    return Finding("disk", state, _("Schijf: %.1f GB vrij") % (free / 2**30), _("Maak ruimte."))


def _inbox() -> Finding:
    from django.utils import timezone

    from kassa_office.journal.models import Inbox

    since = timezone.now() - timedelta(minutes=INBOX_MINUTES)
    left = Inbox.objects.filter(done_at__isnull=True, received_at__lt=since).count()
    return Finding(
        "inbox",
        "bad" if left else "ok",
        _("Ontvangen en nog niet verwerkt: %d") % left,
        _("Draait `kassa-office run`? Het logboek zegt waarom een pakket blijft liggen."),
    )


def _alarms() -> Finding:
    from kassa_office.journal.models import Alarm

    waiting = Alarm.objects.filter(closed_at__isnull=True).count()
    return Finding(
        "alarms", "warn" if waiting else "ok", _("Open meldingen: %d") % waiting, _("Bekijk ze op de pagina Meldingen.")
    )


def _quarantine() -> Finding:
    from kassa_office.journal.models import Quarantine

    waiting = Quarantine.objects.filter(decided_at__isnull=True).count()
    return Finding(
        "quarantine",
        "bad" if waiting else "ok",
        _("In quarantaine: %d") % waiting,
        _("Deze regels tellen nergens mee tot iemand beslist: pagina Meldingen."),
    )


def _secrets() -> Finding:
    from django.conf import settings

    path = settings.OFFICE.data / "secret.key"
    if path.stat().st_mode & 0o077:
        return Finding("secrets", "bad", _("Geheime sleutel: leesbaar voor anderen"), f"chmod 600 {path}")
    return Finding("secrets", "ok", _("Geheime sleutel: alleen voor het kantoor leesbaar"))


def _tls() -> Finding:
    from django.conf import settings

    local = any(part in settings.OFFICE.url for part in ("//127.", "//localhost", "//[::1]"))
    fine = settings.OFFICE.secure or local
    return Finding(
        "tls",
        "ok" if fine else "bad",
        _("Adres: %s") % settings.OFFICE.url,
        _("Zonder https lezen anderen op het net mee. Zet er een webserver met certificaat voor."),
    )


def _people() -> Finding:
    from django.contrib.auth import get_user_model
    from django_otp import user_has_device

    owners = list(get_user_model().objects.filter(is_superuser=True, is_active=True))
    if not owners:
        return Finding("people", "bad", _("Er is geen eigenaar."), _("Doe `kassa-office init --owner NAAM`."))
    bare = [person.get_username() for person in owners if not user_has_device(person)]
    return Finding(
        "people",
        "warn" if bare else "ok",
        _("Eigenaren zonder tweede stap bij het inloggen: %s") % ", ".join(bare) if bare else _("Inloggen: in orde"),
        _("Stel die in op de pagina Mijn account."),
    )


_CHECKS: tuple[Callable[[], Finding], ...] = (_database, _disk, _inbox, _alarms, _quarantine, _secrets, _tls, _people)


def proof_arguments(parser: argparse.ArgumentParser) -> None:
    """``proof [--till K1] [--day DATE] [--json]``."""
    parser.add_argument("--till", metavar="KASSA")
    parser.add_argument("--day", metavar="JJJJ-MM-DD")
    parser.add_argument("--json", action="store_true")
    parser.epilog = "Voorbeeld: kassa-office proof --till K1"


def proof(options: argparse.Namespace) -> int:
    """Is anything missing? Each till with what is here, what is not, and whether chain and totals hold; 1 where not."""
    from kassa_office.journal.proof import prove, words_of

    found: list[dict[str, Any]] = prove(till=options.till, day=options.day)
    if options.json:
        print(json.dumps(found, ensure_ascii=False, indent=1, default=str))
    else:
        for one in found:
            print(words_of(one))
    return 0 if all(one["complete"] for one in found) else 1
