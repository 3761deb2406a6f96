"""What every view of the till has in common: it draws lines, takes keys in order, and takes scans as scans."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from kassa_tui.screens.ink import ASK, BLANK, BOLD, FAINT, HEAD, SELECT, TEXT, Row
from kassa_tui.screens.text import cells, fit, plain, wrap

if TYPE_CHECKING:
    from kassa_tui.screens.desk import Desk

MAX_ENTRY = 120
"""Characters in the entry line; longer than any code."""


class View:
    """One thing on the screen. The topmost view of the desk gets the keys."""

    overlay = False
    """Drawn over the view below it instead of in its place."""
    keys: tuple[str, ...] = ()
    """Acts that work here, in the order in which the key line shows them."""
    head = HEAD
    """Ink of the header."""
    key_words: Mapping[str, str] = MappingProxyType({})
    """Act → its word in the key line, where the usual one would mislead."""
    secret = False
    """What is typed here is kept nowhere, not even for the helpdesk: a PIN, a customer."""
    midway: tuple[str, ...] = ()
    """Acts on printable keys that mean something after typing has begun."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.entry = ""

    @property
    def title(self) -> str:
        """Shown in the header."""
        return ""

    def lines(self, width: int, height: int) -> list[Row]:
        """The rows between header and entry line."""
        return []

    def entry_row(self, width: int) -> Row:
        """The line in which typing shows."""
        return (("> ", FAINT), (fit(self.entry + "_", width - 2), BOLD))

    def act(self, act: str) -> bool:
        """Do what a key stands for; False where it means nothing here."""
        return False

    def typed(self, character: str) -> bool:
        """Take a printable character; False where it means nothing here."""
        if len(self.entry) >= MAX_ENTRY:
            return False
        self.entry += character
        return True

    def scanned(self, code: str) -> bool:
        """Take a scan; False refuses it with a sound, and nothing is lost or mistaken for typing."""
        return False

    def rub(self) -> bool:
        """Take the last typed character back."""
        if not self.entry:
            return False
        self.entry = self.entry[:-1]
        return True

    def take(self) -> str:
        """What was typed, and clear it."""
        text, self.entry = self.entry.strip(), ""
        return text


class Page(View):
    """A view of its own on top of the counter: Backspace rubs out, Esc closes it."""

    def act(self, act: str) -> bool:
        """What every page has."""
        if act == "correct":
            return self.rub()
        if act == "back":
            self.desk.close(self)
        return act == "back"


class Overlay(View):
    """A box over the view below; what is typed in it shows in it, and nowhere else."""

    overlay = True

    def entry_row(self, width: int) -> Row:
        """Empty: a PIN must not show below its own box."""
        return BLANK

    def leave(self) -> None:
        """Go without an answer; what the message line said about it goes too."""
        self.desk.close(self)
        self.desk.tell("")


class Prompt(Overlay):
    """Asks for one line. Esc leaves; Enter on nothing does nothing unless an empty answer is one."""

    keys: tuple[str, ...] = ("enter", "back")

    def __init__(
        self,
        desk: Desk,
        title: str,
        answer: Callable[[str], object],
        *,
        hint: str = "",
        masked: bool = False,
        empty: bool = False,
        scans: bool = False,
        secret: bool = False,
    ) -> None:
        super().__init__(desk)
        self._title, self._answer, self._hint = title, answer, hint
        self._masked, self._empty, self._scans = masked, empty, scans
        self.secret = masked or secret

    @property
    def title(self) -> str:
        """The question."""
        return self._title

    def lines(self, width: int, height: int) -> list[Row]:
        """A box with the question and what was typed."""
        shown = "*" * len(self.entry) if self._masked else self.entry
        inner = min(64, width - 4)
        body: list[Row] = [((line, TEXT),) for line in wrap(self._hint, inner - 2)] if self._hint else []
        return boxed(self._title, [*body, ((fit("> " + shown + "_", inner - 2), BOLD),)], inner, width, height)

    def act(self, act: str) -> bool:
        """Enter answers, Esc leaves, Backspace rubs out."""
        if act == "back":
            self.leave()
        elif act == "correct":
            return self.rub()
        elif act == "enter":
            if not self.entry.strip() and not self._empty:
                return False
            self.answer(self.take())
        else:
            return False
        return True

    def answer(self, text: str) -> None:
        """Close first: the answer may open the next question."""
        self.desk.close(self)
        self._answer(text)

    def scanned(self, code: str) -> bool:
        """A scan is an answer only where a code is asked for."""
        if self._scans:
            self.answer(code)
        return self._scans


class Menu(Overlay):
    """Numbered choices: a digit chooses at once, arrows and Enter work too."""

    keys = ("enter", "back")

    def __init__(self, desk: Desk, title: str, choices: Sequence[tuple[str, Callable[[], object]]]) -> None:
        super().__init__(desk)
        self._title, self._choices, self._at = title, list(choices), 0

    @property
    def title(self) -> str:
        """What is chosen."""
        return self._title

    def lines(self, width: int, height: int) -> list[Row]:
        """A box with a window on the choices."""
        room = max(height - 2, 3)
        first = max(0, min(self._at - room + 1, len(self._choices) - room))
        inner = min(64, width - 4)
        body: list[Row] = []
        for index in range(max(first, 0), min(len(self._choices), max(first, 0) + room)):
            ink = SELECT if index == self._at else TEXT
            body.append(((fit(f"{self._digit(index)} {plain(self._choices[index][0])}", inner - 2), ink),))
        more = f"  {self._at + 1}/{len(self._choices)}" if len(self._choices) > room else ""
        return boxed(self._title + more, body, inner, width, height)

    def act(self, act: str) -> bool:
        """Move, choose, or leave."""
        if act == "back":
            self.leave()
        elif act in ("up", "down"):
            self._at = (self._at + (1 if act == "down" else -1)) % len(self._choices)
        elif act == "enter":
            self._choose(self._at)
        else:
            return False
        return True

    def typed(self, character: str) -> bool:
        """A digit or letter chooses its line."""
        for index in range(len(self._choices)):
            if self._digit(index) == character.lower():
                self._choose(index)
                return True
        return False

    @staticmethod
    def _digit(index: int) -> str:
        return "123456789abcdefghijklmnopqrstuvwxyz"[index] if index < 35 else " "

    def _choose(self, index: int) -> None:
        self.desk.close(self)
        self._choices[index][1]()


class Sheet(Page):
    """A page to read: a report, a receipt, an explanation. Esc closes it."""

    keys: tuple[str, ...] = ("up", "down", "back")

    def __init__(
        self, desk: Desk, title: str, rows: Sequence[Row], extra: dict[str, Callable[[], object]] | None = None
    ) -> None:
        super().__init__(desk)
        self._title, self._rows, self._top, self._room = title, list(rows), 0, len(rows)
        self._extra = extra or {}
        self.keys = ("up", "down", *self._extra, "back")

    @property
    def title(self) -> str:
        """Name of the page, and how far one has read where it is longer than the screen."""
        if len(self._rows) <= self._room:
            return self._title
        return f"{self._title}  {min(self._top + self._room, len(self._rows))}/{len(self._rows)}"

    def lines(self, width: int, height: int) -> list[Row]:
        """The window on the page."""
        self._room = height
        return self._rows[self._top : self._top + height]

    def act(self, act: str) -> bool:
        """Scroll, leave, or what this page offers besides."""
        step = {"up": -1, "down": 1, "page_up": -self._room, "page_down": self._room}.get(act)
        if step is not None:
            self._top = max(0, min(self._top + step, len(self._rows) - self._room))
        elif act in self._extra:
            self._extra[act]()
        else:
            return super().act(act)
        return True


class Choice(Overlay):
    """A question answered by the first letter of an answer, never by Enter: people press Enter without reading."""

    keys = ("back",)

    def __init__(
        self,
        desk: Desk,
        title: str,
        text: str,
        answers: Sequence[tuple[str, Callable[[], object]]],
    ) -> None:
        super().__init__(desk)
        self._title, self._text, self._answers = title, text, answers

    @property
    def title(self) -> str:
        """The question in a few words."""
        return self._title

    def lines(self, width: int, height: int) -> list[Row]:
        """A box with the question and the letters."""
        inner = min(68, width - 4)
        body: list[Row] = [((line, TEXT),) for part in self._text.split("\n") for line in wrap(part, inner - 2)]
        body.append(BLANK)
        body += [((f" {words[0].upper()} ", ASK), (" " + words, TEXT)) for words, _ in self._answers]
        return boxed(self._title, body, inner, width, height)

    def typed(self, character: str) -> bool:
        """A letter answers."""
        at = lettered((words for words, _ in self._answers), character)
        if at is not None:
            self.desk.close(self)
            self._answers[at][1]()
        return at is not None

    def act(self, act: str) -> bool:
        """Esc leaves without an answer."""
        if act == "back":
            self.leave()
        return act == "back"


def lettered(answers: Iterable[str], character: str) -> int | None:
    """Which answer begins with this letter, in the language that they are in; None where none does."""
    return next((at for at, words in enumerate(answers) if words[:1].lower() == character.lower()), None)


def boxed(title: str, body: Sequence[Row], inner: int, width: int, height: int) -> list[Row]:
    """Rows with a box in the middle; rows outside it are empty, which leaves them to the view below."""
    body = list(body)[: height - 2]
    pad = " " * ((width - inner - 2) // 2)
    top = max((height - len(body) - 2) // 2, 0)
    bar = "─" * inner
    name = fit(f" {title} ", min(cells(title) + 2, inner - 2)) if title else ""
    rows: list[Row] = [BLANK] * top
    rows.append(((pad, TEXT), ("┌─", TEXT), (name, HEAD), (bar[cells(name) + 1 :] + "┐", TEXT)))
    for row in body:
        used = sum(cells(text) for text, _ in row)
        rows.append(((pad + "│ ", TEXT), *row, (" " * max(inner - used - 1, 0) + "│", TEXT)))
    rows.append(((pad + "└" + bar + "┘", TEXT),))
    return rows + [BLANK] * (height - len(rows))
