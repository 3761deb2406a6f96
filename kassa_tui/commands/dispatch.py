"""From words on the command line to a command and its exit code; the one place where errors end."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kassa_tui import logs
from kassa_tui.failures import DONE, exit_code, explain
from kassa_tui.messages import LANGUAGES, Words, words

if TYPE_CHECKING:
    from argparse import Namespace

    from kassa_tui.config import Config
    from kassa_tui.domain.outcome import Outcome

INTERRUPTED = 130
"""What a shell expects after Ctrl+C."""


class Call:
    """One command being run: its arguments, its words, and where its answers go."""

    def __init__(self, args: Namespace, spoken: Words) -> None:
        self.args, self.words = args, spoken

    def config(self) -> Config:
        """The configuration that was asked for; from here on the shop's language is spoken. Raises ConfigError."""
        from kassa_tui import config

        loaded = config.load(config.find(getattr(self.args, "config", None), os.environ))
        self.words = words(loaded.shop.language)
        if loaded.till.data.is_dir():
            logs.start(loaded.till.data)
        return loaded

    def t(self, message: str, **facts: Any) -> str:
        """Translated text."""
        return self.words.t(message, **facts)

    @property
    def json(self) -> bool:
        """Whether data is wanted as JSON."""
        return bool(getattr(self.args, "json", False))

    def say(self, text: str) -> None:
        """A line for the person."""
        sys.stdout.write(text if text.endswith("\n") else text + "\n")

    def show(self, data: Any, text: str) -> None:
        """Data: as JSON where that was asked for, else as text."""
        if self.json:
            from kassa_tui.jsontext import dump

            text = dump(data, indent=1)
        self.say(text)

    def complain(self, text: str) -> None:
        """A line on standard error."""
        sys.stderr.write(f"kassa: {text}\n")

    def refuse(self, outcome: Outcome, code: int) -> int:
        """Say why not, and give back the exit code."""
        self.complain(self.words.outcome(outcome))
        return code


def dispatch(argv: list[str]) -> int:
    """Parse, run, and turn whatever is raised into words and an exit code."""
    from kassa_tui.commands.parser import parse

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    logs.start(logs.folder(os.environ))
    spoken = words(language(os.environ))
    args = parse(argv, spoken)
    call = Call(args, spoken)
    module, _, function = args.run.partition(":")
    try:
        code: int = getattr(import_module(f"kassa_tui.commands.{module}"), function)(call)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has seen enough (`| head`); nothing more is written, not even by the interpreter at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  the last stop: nobody is shown a traceback
        for line in explain(error, call.words):
            call.complain(line)
        return exit_code(error)
    return code


def language(environ: Mapping[str, str]) -> str:
    """The language of the shell, where we speak it; else Dutch."""
    name = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    name = name.partition(".")[0]
    return next((known for known in (name, name[:2]) if known in LANGUAGES), "nl")
