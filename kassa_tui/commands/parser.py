"""The command line as a person types it: commands, options, help with an example, and what is said of a slip."""

from __future__ import annotations

import argparse
import re
import sys
from difflib import get_close_matches
from typing import Any, ClassVar, NoReturn

from kassa_tui.commands.parser_parts import Add, Group, number
from kassa_tui.commands.parser_parts import as_json as _json
from kassa_tui.commands.parser_webshop import WEBSHOP
from kassa_tui.failures import MISUSE
from kassa_tui.messages import N_, Words

_SLIPS = (
    (r"the following arguments are required: (?P<what>.*)", N_("er ontbreekt iets: {what}")),
    (r"unrecognized arguments: (?P<what>.*)", N_("onbekend: {what}[; bedoeld wordt misschien {nearest}]")),
    (
        r"argument (?P<name>[^:]*): invalid choice: '(?P<what>.*)' \(choose from (?P<known>.*)\)",
        N_("{what} kan hier niet; kies uit {known}[; bedoeld wordt misschien {nearest}]"),
    ),
    (r"argument (?P<name>[^:]*): expected .*", N_("achter {name} hoort iets")),
    (r"argument (?P<name>[^:]*): invalid \w+ value: '(?P<what>.*)'", N_("{name}: {what} is geen heel getal")),
    (r"argument (?P<name>[^:]*): not allowed with argument (?P<what>.*)", N_("{name} kan niet samen met {what}")),
)
"""What argparse says → what we say."""


class Parser(argparse.ArgumentParser):
    """argparse in our words."""

    words = Words("nl")
    options: ClassVar[set[str]] = set()
    """Every option of every command, for a guess at what was meant."""

    def add_argument(self, *names: Any, **how: Any) -> argparse.Action:
        """As argparse has it, and remembered."""
        self.options.update(name for name in names if name.startswith("--"))
        return super().add_argument(*names, **how)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and how it should be; the exit code for wrong use."""
        self.print_usage(sys.stderr)
        self.exit(MISUSE, f"{self.prog}: {self._said(message)}\n")

    def _said(self, message: str) -> str:
        for pattern, said in _SLIPS:
            found = re.fullmatch(pattern, message, re.DOTALL)
            if found:
                facts: dict[str, Any] = found.groupdict()
                known = re.findall(r"'([^']*)'", facts.get("known", "")) or sorted(self.options)
                given = str(facts.get("what", "")).split()[:1]
                facts["nearest"] = next((near for word in given for near in get_close_matches(word, known, 1, 0.5)), "")
                facts["known"] = ", ".join(known)
                return self.words.t(said, **facts)
        return message


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help whose own few words are translated too."""

    words = Words("nl")

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        """The usage line, begun in the person's language."""
        super().add_usage(usage, actions, groups, self.words.t("gebruik:") + " " if prefix is None else prefix)


def parse(argv: list[str], spoken: Words) -> argparse.Namespace:
    """The arguments of one command; ``run`` in them is ``module:function`` below ``kassa_tui.commands``.

    Wrong use ends the program with exit code 2 and help with 0, as SystemExit.
    """
    Parser.words = Formatter.words = spoken
    parser = Parser(prog="kassa", **_texts(spoken.t("De kassa van de winkel."), "kassa demo", spoken))
    _dress(parser, spoken)
    commands = parser.add_subparsers(title=spoken.t("opdrachten"), metavar="OPDRACHT", required=True)
    for name, run, says, example, add in COMMANDS:
        _command(commands, f"kassa {name}", name, run, spoken.t(says), example, add, spoken)
    return parser.parse_args(argv)


def _command(
    commands: Any, prog: str, name: str, run: str, says: str, example: str, add: Add | None, spoken: Words
) -> None:
    command = commands.add_parser(name, prog=prog, help=says, **_texts(says, example, spoken))
    _dress(command, spoken)
    command.set_defaults(run=run)
    if add is not None:
        add(command, spoken)


def _texts(says: str, example: str, spoken: Words) -> dict[str, Any]:
    epilog = f"{spoken.t('voorbeeld:')}\n  {example}"
    return {"description": says, "epilog": epilog, "formatter_class": Formatter, "add_help": False}


def _dress(parser: argparse.ArgumentParser, spoken: Words) -> None:
    parser._positionals.title = spoken.t("wat")
    parser._optionals.title = spoken.t("keuzes")
    parser.add_argument("-h", "--help", action="help", help=spoken.t("deze uitleg"))
    says = spoken.t("de instellingen; anders $KASSA_CONFIG, anders /etc/kassa/till.toml")
    parser.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS, help=says)


def _demo(parser: argparse.ArgumentParser, spoken: Words) -> None:
    parser.add_argument("--data", metavar="DIR", help=spoken.t("map van de demowinkel"))
    parser.add_argument("--webshop", choices=("woocommerce", "magento", "prestashop"),
                        help=spoken.t("met een nagebootste webshop erbij"))  # fmt: skip


def _import(parser: argparse.ArgumentParser, spoken: Words) -> None:
    parser.add_argument("what", choices=("articles", "staff", "customers"), help=spoken.t("wat erin staat"))
    parser.add_argument("file", metavar="FILE", help=spoken.t("CSV-bestand"))
    parser.add_argument("--force", action="store_true", help=spoken.t("ook als de artikelen van het kantoor komen"))
    _json(parser, spoken)


def _sync(parser: argparse.ArgumentParser, spoken: Words) -> None:
    parser.add_argument("--once", action="store_true", help=spoken.t("een ronde, en dan klaar"))
    parser.add_argument("--status", action="store_true", help=spoken.t("laten zien wat er wacht, en waarom"))
    _json(parser, spoken)


def _enrol(parser: argparse.ArgumentParser, spoken: Words) -> None:
    parser.add_argument("url", metavar="URL", help=spoken.t("adres van het kantoor"))
    says = spoken.t("code van het kantoor; zonder gaat een overname verder")
    parser.add_argument("--code", default="", metavar="CODE", help=says)
    parser.add_argument("--ca", metavar="FILE", help=spoken.t("PEM van wie het certificaat van het kantoor gaf"))
    _json(parser, spoken)


def _report(parser: argparse.ArgumentParser, spoken: Words) -> None:
    parser.add_argument("what", choices=("x", "z", "day"), help=spoken.t("x: de open dienst; z N; day JJJJ-MM-DD"))
    parser.add_argument("which", nargs="?", metavar="N|DATE", help=spoken.t("nummer van de Z, of een datum"))
    _json(parser, spoken)


def _receipt(parser: argparse.ArgumentParser, spoken: Words) -> None:
    parser.add_argument("number", metavar="NUMBER", help=spoken.t("bonnummer, K1-000123 of 123"))
    parser.add_argument("--png", metavar="FILE", help=spoken.t("als plaatje, zoals de printer het maakt"))
    parser.add_argument("--gift", action="store_true", help=spoken.t("ruilbon, zonder prijzen"))
    _json(parser, spoken)


def _journal(parser: argparse.ArgumentParser, spoken: Words) -> None:
    _group(parser, spoken, "journal", JOURNAL)


def _group(parser: argparse.ArgumentParser, spoken: Words, group: str, its: Group) -> None:
    commands = parser.add_subparsers(title=spoken.t("opdrachten"), metavar="OPDRACHT", required=True)
    for name, says, example, add in its:
        _command(commands, f"kassa {group} {name}", name, f"{group}:{name}", spoken.t(says), example, add, spoken)


def _doctor(parser: argparse.ArgumentParser, spoken: Words) -> None:
    parser.add_argument("--print", action="store_true", help=spoken.t("ook op papier: proefbon, lade, scanner"))
    parser.add_argument("--save", action="store_true", help=spoken.t("ook in doctor.json in de map met data"))
    _json(parser, spoken)


def _setup(parser: argparse.ArgumentParser, spoken: Words) -> None:
    parser.add_argument("--answers", metavar="FILE", help=spoken.t("bestand met de antwoorden, in plaats van vragen"))
    parser.add_argument("--till", metavar="ID", help=spoken.t("naam van deze kassa, in plaats van die in het bestand"))


def _devices(parser: argparse.ArgumentParser, spoken: Words) -> None:
    _group(parser, spoken, "devices", DEVICES)


def _learn(parser: argparse.ArgumentParser, spoken: Words) -> None:
    parser.add_argument("role", choices=("scanner", "keyboard"), help=spoken.t("wat er geleerd wordt"))
    parser.add_argument("--name", default="", metavar="NAME", help=spoken.t("naam; anders die van de eerste"))


def _forget(parser: argparse.ArgumentParser, spoken: Words) -> None:
    parser.add_argument("name", metavar="NAME", help=spoken.t("naam uit kassa devices list"))


def _provision(parser: argparse.ArgumentParser, spoken: Words) -> None:
    _group(parser, spoken, "provision", PROVISION)


def _make(parser: argparse.ArgumentParser, spoken: Words) -> None:
    parser.add_argument("answers", metavar="ANSWERS", help=spoken.t("bestand met de antwoorden van kassa setup"))
    parser.add_argument("file", metavar="FILE", help=spoken.t("bestand"))
    parser.add_argument("--key", required=True, metavar="FILE", help=spoken.t("geheime sleutel om mee te tekenen"))
    parser.add_argument("--till", metavar="ID", help=spoken.t("naam van deze kassa, in plaats van die in het bestand"))
    parser.add_argument("--by", default="", metavar="NAME", help=spoken.t("wie dit gaf"))
    parser.add_argument("--days", type=int, default=14, metavar="N", help=spoken.t("zo lang is het goed"))
    parser.add_argument("--qr", metavar="DIR", help=spoken.t("ook als QR-codes in deze map"))
    _json(parser, spoken)


def _key(parser: argparse.ArgumentParser, spoken: Words) -> None:
    _file(parser, spoken)
    _json(parser, spoken)


def _update(parser: argparse.ArgumentParser, spoken: Words) -> None:
    _group(parser, spoken, "update", UPDATE)


def _new_version(parser: argparse.ArgumentParser, spoken: Words) -> None:
    parser.add_argument("source", metavar="DIR", help=spoken.t("map met de wheels van de nieuwe versie"))
    parser.add_argument("--base", default="/opt/kassa", metavar="DIR", help=spoken.t("map met de versies"))
    parser.add_argument("--hours", type=int, default=12, metavar="N", help=spoken.t("zo lang op rust wachten"))
    parser.add_argument("--idle", type=int, default=15, metavar="N", help=spoken.t("minuten zonder handeling is rust"))


def _webshop(parser: argparse.ArgumentParser, spoken: Words) -> None:
    _group(parser, spoken, "webshop", WEBSHOP)


def _support(parser: argparse.ArgumentParser, spoken: Words) -> None:
    parser.add_argument(
        "dir", nargs="?", metavar="DIR", help=spoken.t("map voor het bestand; anders in de map met data")
    )
    _json(parser, spoken)


def _simulate(parser: argparse.ArgumentParser, spoken: Words) -> None:
    t = spoken.t
    kinds = ("zvt", "opi", "nexo", "mollie", "sumup", "printer", "scale", "display", "woocommerce", "magento",
             "prestashop")  # fmt: skip
    parser.add_argument("kind", choices=kinds, help=t("soort pinautomaat, of een ander apparaat"))
    parser.add_argument("--port", type=int, default=0, metavar="N", help=t("poort; anders een vrije"))
    says = t("op een seriële lijn in plaats van een poort (zvt, printer)")
    parser.add_argument("--serial", action="store_true", help=says)
    parser.add_argument("--call-back", type=int, default=4102, metavar="N", help=t("poort van de kassa (opi)"))
    parser.add_argument("--dir", metavar="DIR", help=t("map voor sleutels en certificaten; anders een tijdelijke"))
    parser.add_argument("--decline", action="store_true", help=t("weigert elke betaling"))
    parser.add_argument("--unknown", action="store_true", help=t("zegt nooit hoe een betaling afliep"))
    parser.add_argument("--by-amount", action="store_true", help=t("bedragen op 13 weigeren, op 31 onbekend"))
    parser.add_argument("--dwell-ms", type=int, default=800, metavar="N", help=t("milliseconden tussen twee stappen"))
    parser.add_argument("--hang", action="store_true", help=t("neemt de opdracht aan en zwijgt dan"))
    parser.add_argument("--twice", action="store_true", help=t("zegt alles twee keer"))
    parser.add_argument("--drop-sent", type=int, metavar="N", help=t("verbreekt een keer na N bytes naar de kassa"))
    parser.add_argument("--drop-received", type=int, metavar="N", help=t("verbreekt een keer na N bytes van de kassa"))
    parser.add_argument("--cancel", action="store_true", help=t("een verbroken betaling gaat niet door"))
    _simulated_printer(parser, spoken)
    protocols = ("toledo8217", "mtsics", "nci", "adam", "dialog06", "escpos", "cd5220", "dsp800")
    parser.add_argument("--protocol", choices=protocols, help=t("wat de weegschaal of het display spreekt"))
    parser.add_argument("--weight", metavar="KG", default="0", help=t("gewicht in kilogram (scale)"))
    parser.add_argument("--unstable", action="store_true", help=t("het gewicht komt niet tot rust (scale)"))
    parser.add_argument("--overload", action="store_true", help=t("te zwaar (scale)"))
    parser.add_argument("--articles", metavar="FILE", help=t("artikelen van de webshop; anders die van de demowinkel"))
    parser.add_argument("--verbose", action="store_true", help=t("elk verzoek laten zien (webshop)"))


def _simulated_printer(parser: argparse.ArgumentParser, spoken: Words) -> None:
    t = spoken.t
    parser.add_argument("--png", metavar="DIR", help=t("elke bon als plaatje in deze map (printer)"))
    parser.add_argument("--columns", type=int, default=42, metavar="N", help=t("tekens op een regel (printer)"))
    parser.add_argument("--paper-out", action="store_true", help=t("zonder papier (printer)"))
    parser.add_argument("--near-end", action="store_true", help=t("het papier is bijna op (printer)"))
    parser.add_argument("--cover-open", action="store_true", help=t("met open deksel (printer)"))
    parser.add_argument("--drawer-open", action="store_true", help=t("met open lade (printer)"))
    parser.add_argument("--silent", action="store_true", help=t("antwoordt nooit (printer, scale)"))
    parser.add_argument("--slow", type=int, metavar="N", help=t("drukt N bytes per seconde af (printer)"))


def _verify(parser: argparse.ArgumentParser, spoken: Words) -> None:
    says = spoken.t("een uitgevoerd journaal; anders dat van de kassa")
    parser.add_argument("file", nargs="?", metavar="FILE", help=says)
    _json(parser, spoken)


def _show(parser: argparse.ArgumentParser, spoken: Words) -> None:
    parser.add_argument("--from", dest="first", type=int, default=1, metavar="N", help=spoken.t("vanaf regel N"))
    parser.add_argument("--to", dest="last", type=int, metavar="N", help=spoken.t("tot en met regel N"))
    _json(parser, spoken)


def _file(parser: argparse.ArgumentParser, spoken: Words) -> None:
    parser.add_argument("file", metavar="FILE", help=spoken.t("bestand"))


def _backup(parser: argparse.ArgumentParser, spoken: Words) -> None:
    parser.add_argument("dir", metavar="DIR", help=spoken.t("map voor de reservekopie"))
    parser.add_argument("--with-key", action="store_true", help=spoken.t("met de sleutel van de kassa: bewaar veilig"))
    _json(parser, spoken)


def _restore(parser: argparse.ArgumentParser, spoken: Words) -> None:
    _file(parser, spoken)
    parser.add_argument("--force", action="store_true", help=spoken.t("ook als daarmee verkopen verdwijnen"))
    parser.add_argument("--next-receipt", type=number, action="append", default=[], metavar="N|WEB-N",
                        help=spoken.t("nummer van de volgende bon, als de kassa dat niet weet"))  # fmt: skip
    _json(parser, spoken)


def _of_channel(add: Add) -> Add:
    def both(parser: argparse.ArgumentParser, spoken: Words) -> None:
        add(parser, spoken)
        parser.add_argument("--channel", default="", metavar="CODE", help=spoken.t("dat van een webshop: WEB"))

    return both


JOURNAL: Group = (
    ("verify", N_("Keten en handtekeningen nalopen."), "kassa journal verify --channel WEB", _of_channel(_verify)),
    ("rebuild", N_("Alle tabellen opnieuw uit het journaal maken en vergelijken."), "kassa journal rebuild",
     _of_channel(_json)),
    ("show", N_("Het journaal laten zien."), "kassa journal show --from 100 --to 120", _of_channel(_show)),
    ("export", N_("Het journaal als JSON Lines wegschrijven."), "kassa journal export k1.jsonl", _of_channel(_file)),
)  # fmt: skip
PROVISION: Group = (
    ("key", N_("Een sleutelpaar maken om kassa's mee in te richten."), "kassa provision key kantoor.key", _key),
    ("trust", N_("Een openbare sleutel vertrouwen."), "kassa provision trust kantoor.pub", _file),
    (
        "make",
        N_("Een inrichting tekenen, als bestand en als QR-codes."),
        "kassa provision make antwoorden.toml k7.kassa --key kantoor.key --till K7 --qr blad",
        _make,
    ),
    (
        "apply",
        N_("Een getekende inrichting overnemen; - leest gescande codes."),
        "kassa provision apply /media/usb",
        _file,
    ),
)
DEVICES: Group = (
    ("list", N_("Alle apparaten, waar ze zitten en of ze geleerd zijn."), "kassa devices list --json", _json),
    (
        "learn",
        N_("Een scanner of toetsenbord leren door het te gebruiken."),
        "sudo kassa devices learn scanner",
        _learn,
    ),
    ("forget", N_("Een geleerd apparaat vergeten."), "sudo kassa devices forget scanner", _forget),
)
UPDATE: Group = (
    (
        "apply",
        N_("De nieuwe versie in gebruik nemen als er niet verkocht wordt, en terug als hij niet goed is."),
        "sudo kassa update apply /media/usb/wheels",
        _new_version,
    ),
)
COMMANDS: tuple[tuple[str, str, str, str, Add | None], ...] = (
    ("demo", "till:demo", N_("De demowinkel: kassa, artikelen en mensen om mee te oefenen."), "kassa demo", _demo),
    ("till", "till:till", N_("De kassa op dit scherm."), "kassa till --config /etc/kassa/till.toml", None),
    ("sell", "till:sell", N_("De kassa zonder scherm: een handeling per regel, een JSON-antwoord per regel."),
     "printf 'login 1111\\nopen-shift 100\\n6\\npay cash\\n' | kassa sell", None),
    ("init", "shop:init", N_("Map, databases en sleutel maken; nog eens kan geen kwaad."), "kassa init", None),
    ("import", "shop:take_over", N_("Artikelen, medewerkers of klanten overnemen uit een CSV-bestand."),
     "kassa import articles artikelen.csv", _import),
    ("report", "reports:report", N_("X-, Z- of dagrapport."), "kassa report day 2026-11-22", _report),
    ("receipt", "reports:receipt", N_("Een bon als tekst of plaatje."), "kassa receipt K1-000123 --png bon.png",
     _receipt),
    ("journal", "", N_("Het journaal: nalopen, opnieuw opbouwen, laten zien, wegschrijven."), "kassa journal verify",
     _journal),
    ("backup", "backup:backup", N_("Een gecontroleerde reservekopie, ook terwijl de kassa draait."),
     "kassa backup /media/usb", _backup),
    ("restore", "backup:restore", N_("Een reservekopie terugzetten."),
     "kassa restore /media/usb/kassa-K1-20261122-180000.tar.gz", _restore),
    ("enrol", "sync:enrol", N_("Deze kassa aanmelden bij het kantoor, ook in de plaats van een oude."),
     "kassa enrol https://kantoor.example --code 7F3K-9QXM-2WLP", _enrol),
    ("sync", "sync:sync", N_("Het journaal naar het kantoor brengen en de artikelen ophalen."), "kassa sync --status",
     _sync),
    ("doctor", "doctor:doctor", N_("Nakijken of alles in orde is, en wat eraan te doen."), "kassa doctor",
     _doctor),
    ("setup", "setup:setup", N_("De kassa inrichten met een paar vragen, en elk antwoord proberen."), "kassa setup",
     _setup),
    ("devices", "", N_("Apparaten: lijst, leren door doen, vergeten."), "kassa devices list", _devices),
    ("provision", "", N_("Kassa's inrichten met een getekend bestand of QR-codes."),
     "kassa provision apply /media/usb", _provision),
    ("webshop", "", N_("Webshops: toevoegen, koppelen, vergelijken, en hoe het ermee staat."), "kassa webshop status",
     _webshop),
    ("update", "", N_("Een nieuwe versie van het programma."), "sudo kassa update apply /media/usb/wheels", _update),
    ("support", "support:support", N_("Een bestand voor de helpdesk maken, zonder gegevens van klanten."),
     "kassa support /media/usb", _support),
    ("replay", "replay:replay", N_("De schermen uit een bestand voor de helpdesk een voor een laten zien."),
     "kassa replay kassa-support-K1-20261122-180000.tar.gz", _key),
    ("simulate", "simulate:simulate", N_("Een apparaat dat een programma is, om een kassa mee te proberen."),
     "kassa simulate zvt --port 20007 --by-amount", _simulate),
    ("version", "about:version", N_("De versie van dit programma."), "kassa version", _json),
)  # fmt: skip
"""Name, what runs it, what it does, an example, and its own arguments."""
