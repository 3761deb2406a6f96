"""The command line as a person types it: commands, options, help with an example, and what is said of a slip."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from difflib import get_close_matches
from gettext import NullTranslations
from typing import Any, NoReturn

from kassa_tui.commands.failures import MISUSE
from kassa_tui.messages import N_, Words

Add = Callable[[argparse.ArgumentParser, Words], object]

_SLIPS = (
    (r"the following arguments are required: (?P<what>.*)", N_("er ontbreekt iets: {what}")),
    (r"unrecognized arguments: (?P<what>.*)", N_("onbekend: {what}[; bedoeld wordt misschien {nearest}]")),
    (
        r"argument (?P<name>[^:]*): invalid choice: '(?P<what>.*)' \(choose from (?P<known>.*)\)",
        N_("{what} kan hier niet; kies uit {known}[; bedoeld wordt misschien {nearest}]"),
    ),
    (r"argument (?P<name>[^:]*): expected .*", N_("achter {name} hoort iets")),
    (r"argument (?P<name>[^:]*): invalid int value: '(?P<what>.*)'", N_("{name}: {what} is geen heel getal")),
    (r"argument (?P<name>[^:]*): not allowed with argument (?P<what>.*)", N_("{name} kan niet samen met {what}")),
)
"""What argparse says → what we say."""


class Parser(argparse.ArgumentParser):
    """argparse in our words."""

    words = Words("nl")

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and how it should be; the exit code for wrong use."""
        self.print_usage(sys.stderr)
        self.exit(MISUSE, f"{self.prog}: {self._said(message)}\n")

    def _said(self, message: str) -> str:
        for pattern, said in _SLIPS:
            found = re.fullmatch(pattern, message, re.DOTALL)
            if found:
                facts: dict[str, Any] = found.groupdict()
                known = re.findall(r"'([^']*)'", facts.get("known", "")) or list(self._option_string_actions)
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
    parser = _parser(Parser, "kassa", spoken.t("De kassa van de winkel."), "kassa demo", spoken)
    _common(parser, spoken, json=False)
    parser.set_defaults(run="about:help", parser=parser)
    commands = parser.add_subparsers(title=spoken.t("opdrachten"), metavar="OPDRACHT", parser_class=Parser)
    for name, run, says, example, add in COMMANDS:
        command = commands.add_parser(name, **_texts(f"kassa {name}", spoken.t(says), example, spoken))
        _dress(command, spoken)
        _common(command, spoken)
        command.set_defaults(run=run)
        if add is not None:
            add(command, spoken)
    return parser.parse_args(argv)


def _parser(kind: type[Parser], prog: str, says: str, example: str, spoken: Words) -> Parser:
    parser = kind(**_texts(prog, says, example, spoken))
    _dress(parser, spoken)
    return parser


def _texts(prog: str, says: str, example: str, spoken: Words) -> dict[str, Any]:
    epilog = f"{spoken.t('voorbeeld:')}\n  {example}"
    return {"prog": prog, "description": says, "help": says, "epilog": epilog, "formatter_class": Formatter,
            "add_help": False}  # fmt: skip


def _dress(parser: argparse.ArgumentParser, spoken: Words) -> None:
    parser._positionals.title = spoken.t("wat")
    parser._optionals.title = spoken.t("keuzes")
    parser.add_argument("-h", "--help", action="help", help=spoken.t("deze uitleg"))


def _common(parser: argparse.ArgumentParser, spoken: Words, json: bool = True) -> None:
    says = spoken.t("de instellingen; anders $KASSA_CONFIG, anders /etc/kassa/till.toml")
    parser.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS, help=says)


_ = NullTranslations
