"""Words for people: Dutch sentences in the source, French, English and Belgian Dutch in catalogues.

The Dutch text is the message id, so a till without catalogues speaks Dutch. A text has places for facts, ``{name}`` or
``{name:kind}``, where the kind says how to write it: ``{due:euro}`` is ``€ 12,34``. What stands in square brackets is
left out where a fact in it is missing or empty. Facts are data: braces and brackets in them mean nothing, and control
characters do not get through.
"""

from __future__ import annotations

import gettext
import re
import struct
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from kassa_tui.domain.money import euro, format_amount
from kassa_tui.domain.outcome import Done, Outcome
from kassa_tui.domain.quantity import format_quantity
from kassa_tui.marking import N_

__all__ = ["LANGUAGES", "LOCALE", "N_", "Words", "plain", "words"]

LANGUAGES = ("nl", "nl_BE", "fr", "en")
LOCALE = Path(__file__).with_name("locale")
DOMAIN = "kassa"
MISSING = "?"
"""Stands where a fact that a text needs was not given."""

_PLACE = re.compile(r"\{(\w+)(?::(\w+))?\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*\{[^\[\]]*)\]")


def _tables() -> Any:
    """The words of all codes; read with the first of them, for the first frame needs none."""
    from kassa_tui import message_words

    return message_words


def plain(text: str) -> str:
    """``text`` on one line without anything a terminal or printer would obey; blanks of any kind become a space."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else " " if char.isspace() else "" for char in text)


class Words:
    """The words of one language."""

    def __init__(self, language: str, folder: Path = LOCALE) -> None:
        """A catalogue that is missing or broken leaves Dutch."""
        self.language = language
        self._catalogue = _catalogue(language, folder)

    def t(self, msgid: str, /, **facts: Any) -> str:
        """The text of ``msgid`` with its facts filled in."""
        return self._filled(self._catalogue.gettext(msgid), facts)

    def n(self, singular: str, plural: str, n: int, /, **facts: Any) -> str:
        """The text for ``n`` of something; ``{n}`` in it is the number."""
        return self._filled(self._catalogue.ngettext(singular, plural, n), {"n": n, **facts})

    def outcome(self, outcome: Outcome) -> str:
        """What an act answered, in words; a code without words is shown as it is."""
        table = _tables().DONE_WORDS if isinstance(outcome, Done) else _tables().WORDS
        return self._coded(table, outcome.code, outcome.facts)

    def problem(self, problem: Any) -> str:
        """One `config.Problem`: file, key, and what is wrong with it."""
        text = self._coded(_tables().PROBLEM_WORDS, problem.code, problem.facts)
        return self._placed(": ", (problem.file, problem.key), text)

    def import_problem(self, problem: Any) -> str:
        """One `storage.csvread.ImportProblem`: line, column, and what is wrong there."""
        line = self.t("regel {line}", line=problem.line) if problem.line else ""
        text = self._coded(_tables().IMPORT_WORDS, problem.code, problem.facts)
        return self._placed(": ", (line, problem.column), text)

    def flaw(self, flaw: Any) -> str:
        """One `storage.journal.Flaw`."""
        return self._coded(_tables().FLAW_WORDS, flaw.code, {"seq": flaw.seq})

    def kind(self, kind: str, name: str) -> str:
        """The word for a name of ours: a permission, a role, a means of payment; an unknown name as it is."""
        msgid = _tables().KIND_WORDS[kind].get(name)
        return plain(name) if msgid is None else self._catalogue.gettext(msgid) if msgid else ""

    def _coded(self, table: Mapping[str, str], code: str, facts: Mapping[str, Any]) -> str:
        msgid = table.get(code)
        return plain(code) if msgid is None else self._filled(self._catalogue.gettext(msgid), facts)

    def _placed(self, between: str, places: Iterable[str], text: str) -> str:
        return between.join([*(plain(place) for place in places if place), text])

    def _filled(self, template: str, facts: Mapping[str, Any]) -> str:
        if "{" not in template:
            return template
        pieces = _OPTIONAL.split(template)
        # Of the pieces every second one stood in brackets.
        for at, piece in enumerate(pieces):
            pieces[at] = self._piece(piece, facts, optional=at % 2 == 1)
        return "".join(pieces)

    def _piece(self, piece: str, facts: Mapping[str, Any], optional: bool) -> str:
        empty = False

        def fill(place: re.Match[str]) -> str:
            nonlocal empty
            value = facts.get(place[1])
            text = "" if value is None else self._written(value, place[2] or "")
            empty = empty or not text
            return text if text or value is not None else MISSING

        filled = _PLACE.sub(fill, piece)
        return "" if optional and empty else filled

    def _written(self, value: Any, kind: str) -> str:
        if kind in _tables().KIND_WORDS:
            return self.kind(kind, str(value))
        write = _WRITERS.get(kind)
        try:
            return plain(str(value)) if write is None else write(value)
        except (TypeError, ValueError, AttributeError):
            return plain(str(value))


@lru_cache(maxsize=len(LANGUAGES))
def words(language: str) -> Words:
    """The words of a language: ``nl``, ``nl_BE``, ``fr`` or ``en``; any other is Dutch."""
    return Words(language)


def show_date(iso: str) -> str:
    """``2026-11-22`` as ``22-11-2026``."""
    year, month, day = iso.split("-")
    return plain(f"{day}-{month}-{year}")


def show_percent(hundredths: int) -> str:
    """``900`` as ``9 %``, ``550`` as ``5,5 %``."""
    return format_amount(hundredths).removesuffix(",00").rstrip("0" if hundredths % 100 else "") + " %"


def show_list(values: Iterable[Any]) -> str:
    """Values one after the other."""
    return ", ".join(plain(str(value)) for value in values)


_WRITERS: dict[str, Callable[[Any], str]] = {
    "euro": euro,
    "more": lambda cents: euro(cents) if cents else "",
    "some": lambda number: str(number) if number else "",
    "qty": format_quantity,
    "kg": lambda thousandths: format_quantity(thousandths, "kg"),
    "date": show_date,
    "percent": show_percent,
    "list": show_list,
}
"""Kind of a place → how it is written; ``more`` and ``some`` are money and numbers of which 0 counts as nothing."""


def _catalogue(language: str, folder: Path) -> gettext.NullTranslations:
    if language == "nl" or language not in LANGUAGES:
        return gettext.NullTranslations()
    path = folder / language / "LC_MESSAGES" / f"{DOMAIN}.mo"
    try:
        with path.open("rb") as file:
            return gettext.GNUTranslations(file)
    except (OSError, ValueError, LookupError, struct.error) as error:
        import logging

        logging.getLogger(__name__).warning("no %s texts, Dutch instead: %r", language, error)
        return gettext.NullTranslations()
