"""Setting an office up: its database, its users, its branches and tills, its articles."""

from __future__ import annotations

import argparse
import getpass
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from kassa_office.catalogue.importing import Preview

NAMED = 20
"""Articles that a preview names; the others are counted."""
CODE = re.compile(r"[A-Z][A-Z0-9]{0,7}")
ROLES = ("owner", "bookkeeper", "manager", "support")


def init_arguments(parser: argparse.ArgumentParser) -> None:
    """``--owner NAME`` makes the first user; the password comes from $KASSA_OFFICE_PASSWORD or is asked."""
    parser.add_argument("--owner", metavar="NAAM", help="maakt de eerste gebruiker, met alle rechten")
    parser.epilog = "Voorbeeld: kassa-office init --owner marie"


def init(options: argparse.Namespace) -> int:
    """Bring the database up to date, gather the static files, make the office's own marks; safe to repeat."""
    from django.core.management import call_command

    from kassa_office.tills.office import office

    call_command("migrate", verbosity=0, interactive=False)
    call_command("collectstatic", verbosity=0, interactive=False)
    mark = office()
    print(_("Het kantoor is er: database bijgewerkt, kenmerk %s.") % mark.epoch[:8])
    return make_user(options.owner, "owner", []) if options.owner else 0


def user_arguments(parser: argparse.ArgumentParser) -> None:
    """``user NAME --role ROLE --branch CODE …``."""
    parser.add_argument("name", metavar="NAAM")
    parser.add_argument("--role", choices=ROLES, default="manager")
    parser.add_argument("--branch", action="append", default=[], metavar="CODE", help="filiaal van een filiaalleider")
    parser.epilog = "Voorbeeld: kassa-office user piet --role manager --branch CENTRUM"


def user(options: argparse.Namespace) -> int:
    """Make a user or change one."""
    return make_user(options.name, options.role, options.branch)


def make_user(name: str, role: str, branches: list[str], password: str | None = None) -> int:
    """A user with a role; exit code 2 where the password is too weak or a branch is not there."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError
    from django.db import transaction

    from kassa_office.staff.access import audit
    from kassa_office.staff.models import Profile
    from kassa_office.tills.models import Branch

    unknown = set(branches) - set(Branch.objects.filter(code__in=branches).values_list("code", flat=True))
    if unknown:
        print(_("Onbekend filiaal: %s") % ", ".join(sorted(unknown)), file=sys.stderr)
        return 2
    password = password or os.environ.get("KASSA_OFFICE_PASSWORD") or getpass.getpass(_("Wachtwoord: "))
    with transaction.atomic():
        person, made = get_user_model().objects.get_or_create(username=name)
        try:
            validate_password(password, person)
        except ValidationError as error:
            transaction.set_rollback(True)
            print("\n".join(error.messages), file=sys.stderr)
            return 2
        person.set_password(password)
        # Everybody gets at the administration; what he sees and changes there follows from his role.
        person.is_staff, person.is_superuser = True, role == "owner"
        person.save()
        profile, _made = Profile.objects.get_or_create(user=person)
        profile.role = role
        profile.save()
        profile.branches.set(Branch.objects.filter(code__in=branches))
        audit("kassa-office", "user.made" if made else "user.changed", name=name, role=role)
    print(_("Gebruiker %(name)s is er, als %(role)s.") % {"name": name, "role": role})
    return 0


def till_arguments(parser: argparse.ArgumentParser) -> None:
    """``till K3 --branch CENTRUM [--branch-name NAME] [--replace]``."""
    parser.add_argument("code", metavar="KASSA")
    parser.add_argument("--branch", required=True, metavar="CODE")
    parser.add_argument("--branch-name", metavar="NAAM", help="maakt het filiaal, waar dat er nog niet is")
    parser.add_argument("--replace", action="store_true", help="een nieuwe machine neemt deze kassa over")
    parser.epilog = "Voorbeeld: kassa-office till K3 --branch CENTRUM"


def till(options: argparse.Namespace) -> int:
    """Make a till where it is not, and a code that makes one machine into it."""
    from kassa_office.tills.enrolment import issue_code
    from kassa_office.tills.models import Branch, Till

    if not CODE.fullmatch(options.code):
        print(_("Een kassa heet K1, K2 …: een hoofdletter, dan hoogstens zeven letters of cijfers."), file=sys.stderr)
        return 2
    if options.branch_name:
        Branch.objects.get_or_create(code=options.branch, defaults={"name": options.branch_name})
    branch = Branch.objects.filter(code=options.branch).first()
    if branch is None:
        print(_("Onbekend filiaal: %s. Met --branch-name wordt het gemaakt.") % options.branch, file=sys.stderr)
        return 2
    found, _made = Till.objects.get_or_create(code=options.code, defaults={"branch": branch})
    if found.branch_id != branch.code:
        print(_("Kassa %(till)s staat in filiaal %(branch)s.") % {"till": found.code, "branch": found.branch_id},
              file=sys.stderr)  # fmt: skip
        return 4
    if hasattr(found, "webshop"):
        print(_("%s is het kanaal van een webshop, en geen kassa.") % found.code, file=sys.stderr)
        return 4
    code = issue_code(found, "kassa-office", replaces=options.replace)
    from django.conf import settings

    print(_("Code voor %(till)s: %(code)s") % {"till": found.code, "code": code})
    print(_("Op de kassa: kassa enrol %(url)s --code %(code)s") % {"url": settings.OFFICE.url, "code": code})
    return 0


def import_file_arguments(parser: argparse.ArgumentParser) -> None:
    """``import FILE.csv [--whole [--yes]]``."""
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument("--whole", action="store_true", help="het bestand is alles; wat er niet in staat vervalt")
    parser.add_argument("--yes", action="store_true", help="met --whole: doe het; anders wordt het alleen getoond")
    parser.epilog = "Voorbeeld: kassa-office import articles.csv"


def import_file(options: argparse.Namespace) -> int:
    """Take articles over from a CSV file, entirely or not at all; with ``--whole`` it is first told what goes."""
    from kassa_office.catalogue.importing import ImportProblem, import_articles, preview
    from kassa_office.staff.access import audit

    try:
        if options.whole and not options.yes:
            return _told(preview(options.file))
        taken = import_articles(options.file, whole=options.whole)
    except ImportProblem as problem:
        print("\n".join(problem.lines), file=sys.stderr)
        return 2
    except OSError as error:
        print(f"{options.file}: {error.strerror}", file=sys.stderr)
        return 2
    audit("kassa-office", "articles.imported", file=options.file.name[:200], rows=taken, whole=options.whole)
    print(_("%d artikelen overgenomen.") % taken)
    return 0


def _told(found: Preview) -> int:
    """What a whole file would do, in words; 0, for nothing is wrong."""
    print(_("Het bestand heeft %(rows)d artikelen: %(new)d nieuw, %(changed)d gewijzigd.")
          % {"rows": found.rows, "new": found.new, "changed": found.changed})  # fmt: skip
    if found.gone:
        print(_("Niet in het bestand, en dus uit de verkoop: %(gone)d artikelen, waarvan %(stocked)d met voorraad.")
              % {"gone": len(found.gone), "stocked": found.stocked})  # fmt: skip
        print("\n".join(f"  {sku}  {name}" for sku, name in found.gone[:NAMED]))
        if len(found.gone) > NAMED:
            print("  " + _("… en nog %d") % (len(found.gone) - NAMED))
    else:
        print(_("Er gaat niets uit de verkoop."))
    print(_("Er is niets veranderd. Met --yes wordt het gedaan."))
    return 0


def manage_arguments(parser: argparse.ArgumentParser) -> None:
    """Everything after ``manage`` goes to Django."""
    parser.add_argument("words", nargs="*")


def manage(options: argparse.Namespace) -> int:
    """One of Django's own commands."""
    from django.core.management import execute_from_command_line

    execute_from_command_line(["kassa-office manage", *options.words, *options.rest])
    return 0
