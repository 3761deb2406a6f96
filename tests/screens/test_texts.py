"""The catalogues keep up with the sources, and a translated text fits where there is little room."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from kassa_tui.domain.age import latest_birth_date
from kassa_tui.messages import LANGUAGES, LOCALE, Words
from kassa_tui.screens import count, login, pay, return_view, sell, sell_acts
from kassa_tui.screens.base import View
from kassa_tui.screens.desk import KEY_WORDS
from kassa_tui.screens.help import KEYS
from kassa_tui.screens.text import cells

SOURCE = LOCALE.parent
KEYWORDS = {"N_": None, "t": None, "n": (1, 2)}
KEY_WORD_CELLS, HELP_CELLS, MENU_CELLS = 14, 64, 60
AT_80 = 79


def catalogue(language: str) -> Catalog:
    """The texts of a language as they stand in the source."""
    with (LOCALE / language / "LC_MESSAGES" / "kassa.po").open("rb") as file:
        return read_po(file)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Words]:
    """Every language, compiled from the source."""
    folder = tmp_path_factory.mktemp("locale")
    for language in LANGUAGES[1:]:
        path = folder / language / "LC_MESSAGES" / "kassa.mo"
        path.parent.mkdir(parents=True)
        compiled = BytesIO()
        write_mo(compiled, catalogue(language))
        path.write_bytes(compiled.getvalue())
    return {language: Words(language, folder) for language in LANGUAGES}


def test_every_text_of_the_sources_is_in_the_template() -> None:
    found = {text for _, _, text, _, _ in extract_from_dir(SOURCE, keywords=KEYWORDS)}
    with (LOCALE / "kassa.pot").open("rb") as file:
        known = {message.id for message in read_po(file) if message.id}
    assert len(found) > 600
    assert found - known == set(), "pybabel extract and update, then translate; CONTRIBUTING.md has the commands"
    assert known - found == set()


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_a_catalogue_has_the_texts_of_the_template(language: str) -> None:
    with (LOCALE / "kassa.pot").open("rb") as file:
        known = {message.id for message in read_po(file)}
    assert {message.id for message in catalogue(language)} == known


def _parts(translated: object) -> tuple[object, ...]:
    """The translation, or each of its plural forms."""
    return tuple(translated) if isinstance(translated, tuple | list) else (translated,)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_everything_is_translated(language: str) -> None:
    missing = [message.id for message in catalogue(language) if message.id and not all(_parts(message.string))]
    assert missing == []
    assert not [message.id for message in catalogue(language) if message.fuzzy and message.id]


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_of_the_key_line_are_short(language: str, spoken: Mapping[str, Words]) -> None:
    views: set[type[View]] = {
        View,
        login.LoginView,
        count.CountView,
        pay.PayView,
        return_view.ReturnView,
        return_view.ReceiptView,
    }
    own = {word for view in views for word in view.key_words.values()}
    shown = {word: spoken[language].t(word) for word in {*KEY_WORDS.values(), *own}}
    assert {word: text for word, text in shown.items() if cells(text) > KEY_WORD_CELLS} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_help_fits(language: str, spoken: Mapping[str, Words]) -> None:
    shown = [spoken[language].t(words) for words in KEYS.values()]
    assert [text for text in shown if cells(text) > HELP_CELLS] == []


def _menu_texts() -> set[str]:
    """Texts that stand in a list of choices: first elements of pairs, and items of ``reasons``."""
    found = set()
    for name in ("functions.py", "sell_acts.py", "return_view.py", "pay.py", "count.py"):
        for node in ast.walk(ast.parse((SOURCE / "screens" / name).read_text("utf-8"))):
            match node:
                case ast.Tuple(elts=[first, *_]):
                    found.add(_translated(first))
                case ast.Assign(targets=[ast.Name(id="reasons")], value=ast.List(elts=items)):
                    found |= set(map(_translated, items))
    return found - {""}


def _translated(node: ast.expr) -> str:
    match node:
        case ast.Call(func=ast.Name(id="t") | ast.Attribute(attr="t"), args=[ast.Constant(value=str(text))]):
            return text
    return ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_choices_fit_their_box(language: str, spoken: Mapping[str, Words]) -> None:
    texts = _menu_texts()
    assert {"X-rapport", "Klant bedenkt zich", "Sluiten en Z afdrukken", "Kapot of bedorven"} <= texts
    shown = {text: spoken[language].t(text) for text in texts}
    assert {text: words for text, words in shown.items() if cells(words) > MENU_CELLS} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_question_for_an_age_fits(language: str, spoken: Mapping[str, Words]) -> None:
    words = spoken[language]
    born = "-".join(reversed(latest_birth_date("2026-11-22", 18).split("-")))
    question = words.t("{age}+: geboren op of vóór {born}?", age=18, born=born)
    assert cells("  ".join([question, *map(words.t, sell_acts.AGE_ANSWERS.values())])) <= AT_80


def _choices() -> list[list[str]]:
    """Texts of the answers of every question that is answered by a letter."""
    found = []
    for path in sorted((SOURCE / "screens").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="Choice"), args=[*_, ast.List(elts=answers)]):
                    found.append([_translated(answer.elts[0]) for answer in answers if isinstance(answer, ast.Tuple)])
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_begin_with_letters_of_their_own(language: str, spoken: Mapping[str, Words]) -> None:
    asked = [*_choices(), *(list(answers.values()) for answers in (
        sell_acts.AGE_ANSWERS, pay.CARD_ANSWERS, pay.DOUBT_ANSWERS))]  # fmt: skip
    assert len(asked) >= 8
    for answers in asked:
        assert all(answers), answers
        letters = [spoken[language].t(text)[0].lower() for text in answers]
        assert len(set(letters)) == len(letters), (letters, answers)
        assert all(letter.isascii() and letter.isalpha() for letter in letters), letters
    assert spoken[language].t(sell._PRINT)[0].isascii()


@pytest.mark.parametrize(
    ("language", "yes", "no"), [("nl", "J", "N"), ("nl_BE", "J", "N"), ("fr", "O", "N"), ("en", "Y", "N")]
)
def test_yes_and_no_are_the_language_s_own(language: str, yes: str, no: str, spoken: Mapping[str, Words]) -> None:
    for answers in (pay.CARD_ANSWERS, pay.DOUBT_ANSWERS):
        assert spoken[language].t(answers["approved"])[0] == yes
        assert spoken[language].t(answers["refused"])[0] == no
    assert spoken[language].t(sell_acts.AGE_ANSWERS["ok"])[0] == yes


def test_compiled_catalogues_are_up_to_date(spoken: Mapping[str, Words]) -> None:
    missing = [path for path in Path(LOCALE).glob("*/LC_MESSAGES/kassa.po") if not path.with_suffix(".mo").exists()]
    assert missing == []
    for language in LANGUAGES[1:]:
        shipped = Words(language)
        for message in catalogue(language):
            if isinstance(message.id, str) and message.id:
                assert shipped._catalogue.gettext(message.id) == spoken[language]._catalogue.gettext(message.id)
