"""The command ``kassa-office``: sets the office up, runs it, keeps a copy of it, and looks whether all is well.

Exit codes are those of ``kassa``: 0 done; 1 a check found something wrong; 2 wrong use or configuration; 3 something
could not be reached; 4 refused.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

DONE, WRONG, USAGE, UNREACHABLE, REFUSED = 0, 1, 2, 3, 4

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("kassa_office.commands.setup:init", "maakt het kantoor of brengt het bij: database, sleutels, bestanden"),
    "run": ("kassa_office.commands.serve:run", "het kantoor zelf: webserver en wat het uit zichzelf doet"),
    "demo": ("kassa_office.commands.demo:demo", "een kantoor met twee filialen om mee te oefenen"),
    "user": (
        "kassa_office.commands.setup:user",
        "maakt een gebruiker, of geeft hem een ander wachtwoord of een andere rol",
    ),
    "till": ("kassa_office.commands.setup:till", "maakt een filiaal en een kassa, en de code om die aan te melden"),
    "import": ("kassa_office.commands.setup:import_file", "leest artikelen uit een bestand"),
    "webshop": ("kassa_office.commands.webshop:webshop", "webshops: toevoegen, koppelen, vergelijken, hoe het staat"),
    "backup": ("kassa_office.commands.keep:backup", "schrijft een kopie van het kantoor en controleert die"),
    "restore": ("kassa_office.commands.keep:restore", "zet een kopie terug; de kassa's vullen aan wat er in ontbreekt"),
    "doctor": ("kassa_office.commands.doctor:doctor", "loopt na of alles werkt, en zegt wat te doen"),
    "proof": ("kassa_office.commands.doctor:proof", "ontbreekt er iets? Het bewijs per kassa"),
    "rebuild": ("kassa_office.commands.keep:rebuild", "maakt alle cijfers opnieuw uit de journaals en vergelijkt ze"),
    "simulate": ("kassa_office.simulate.command:simulate", "duizenden kassa's die de echte berichten spreken"),
    "distribute": ("kassa_office.commands.scale:distribute", "de opdrachten die de tabellen over Citus verdelen"),
    "manage": ("kassa_office.commands.setup:manage", "een opdracht van Django"),
}
"""Command → the function ``(arguments) -> exit code`` with its ``arguments(parser)`` beside it, and what it does."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; no traceback reaches the user."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = _parser(words)
    options, rest = parser.parse_known_args(words)
    if rest and options.command != "manage":
        parser.error("onbekend: " + " ".join(rest))
    if options.config:
        os.environ["KASSA_OFFICE_CONFIG"] = options.config
    options.rest = rest
    try:
        return _run(options)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return DONE


def _run(options: argparse.Namespace) -> int:
    from kassa_office.config import OfficeConfigError

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kassa_office.settings")
    try:
        if getattr(options, "prepare", None) is not None:
            options.prepare(options)
        import django

        django.setup()
    except OfficeConfigError as error:
        print(f"office.toml: {error}", file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"kantoor: {error}", file=sys.stderr)
        return USAGE
    from django.db.utils import OperationalError, ProgrammingError

    try:
        return int(options.call(options))
    except (OperationalError, ProgrammingError) as error:
        from django.utils.translation import gettext as _

        first = str(error).strip().splitlines()[0]
        print(_("De database antwoordt niet zoals het moet: %s") % first, file=sys.stderr)
        print(_("Draait ze, en is `kassa-office init` gedaan?"), file=sys.stderr)
        return UNREACHABLE


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kassa-office", description="Het kantoor van Kassa.", epilog="Voorbeeld: kassa-office demo"
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--config", metavar="FILE", help="office.toml; anders $KASSA_OFFICE_CONFIG of /etc/kassa")
    parser.set_defaults(config=None)
    below = parser.add_subparsers(dest="command", required=True, metavar="OPDRACHT")
    asked = next((word for word in words if word in COMMANDS), None)
    for name, (place, says) in COMMANDS.items():
        one = below.add_parser(name, help=says, description=says[0].upper() + says[1:] + ".", parents=[common])
        if name == asked:
            _fill(one, place)
    return parser


def _fill(parser: argparse.ArgumentParser, place: str) -> None:
    """Only the command that was asked for is imported: the others need not even be there."""
    module, function = place.split(":")
    found = import_module(module)
    arguments: Callable[[argparse.ArgumentParser], None] | None = getattr(found, f"{function}_arguments", None)
    if arguments is not None:
        arguments(parser)
    parser.set_defaults(call=getattr(found, function), prepare=getattr(found, f"{function}_prepare", None))


def default_data(folder: Path) -> None:
    """Let the office live in ``folder`` where no ``office.toml`` says otherwise."""
    os.environ.pop("KASSA_OFFICE_CONFIG", None)
    os.environ["KASSA_OFFICE_DATA"] = str(folder)


if __name__ == "__main__":
    sys.exit(main())
