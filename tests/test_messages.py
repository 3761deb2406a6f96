"""Words: every code the program can answer has them, in every language, and no fact can become more than text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

import kassa_tui
from kassa_tui import message_words
from kassa_tui.config import Problem
from kassa_tui.domain.outcome import Done, Refused
from kassa_tui.domain.staff import PERMISSIONS, ROLES
from kassa_tui.message_words import DONE_WORDS, FLAW_WORDS, IMPORT_WORDS, KIND_WORDS, PROBLEM_WORDS, WORDS
from kassa_tui.messages import LANGUAGES, LOCALE, Words, plain, show_percent, words
from kassa_tui.storage.csvread import ImportProblem
from kassa_tui.storage.journal import Flaw
from tests.services.papers import compiled

SOURCE = Path(kassa_tui.__file__).parent
DUTCH = Words("nl")
MSGIDS = sorted(
    {text for table in (WORDS, DONE_WORDS, PROBLEM_WORDS, IMPORT_WORDS, FLAW_WORDS) for text in table.values()}
)

CALLS = {
    "refused": (WORDS, 0), "Refused": (WORDS, 0), "Bad": (WORDS, 0), "StorageError": (WORDS, 0),
    "PrinterError": (WORDS, 0), "PrintResult": (WORDS, 1),
    "ScaleState": (WORDS, 0),
    "DeviceError": (WORDS, 0), "Notice": (WORDS, 0), "done": (DONE_WORDS, 0), "Done": (DONE_WORDS, 0),
    "Wrong": (PROBLEM_WORDS, 0), "Problem": (PROBLEM_WORDS, 2), "report": (PROBLEM_WORDS, 1),
    "BadCell": (IMPORT_WORDS, 0), "add": (IMPORT_WORDS, 2), "warn": (IMPORT_WORDS, 2), "_once": (IMPORT_WORDS, 5),
    "Flaw": (FLAW_WORDS, 1),
}  # fmt: skip
"""What makes a coded answer → the table its words are in, and which argument is the code."""

ONLY_IN = {"add": ("csvread.py", "articles_import.py"), "warn": ("csvread.py", "articles_import.py"),
           "report": ("config.py", "keymap.py")}  # fmt: skip
"""Calls whose names mean something else elsewhere."""

ENDS = ("weighed", "scale_zeroed", "")
"""What a scale tells that is no refusal."""

CODE_TABLES = ("_CODES", "_OS_CODES")
"""Dictionaries whose values are codes of refusals."""

Found = Iterator[tuple[dict[str, str], str, str]]


def codes() -> Found:
    """Table, code and place of everything in the source that answers with a code."""
    for path in sorted(SOURCE.rglob("*.py")):
        if path.parent == SOURCE / "simulate" / "webshops":
            # These speak for other programs, in those programs' own codes.
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = dict(_constants(tree))
        for node in ast.walk(tree):
            for table, value in _coded(node, path.name):
                for code in _values(value, constants):
                    if code in ENDS and table is WORDS:
                        continue
                    yield table, code, f"{path.name}:{getattr(node, 'lineno', 0)}"


def _coded(node: ast.AST, file: str) -> Iterator[tuple[dict[str, str], ast.expr]]:
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args) if name in CALLS:
            table, place = CALLS[name]
            if len(args) > place and file in ONLY_IN.get(name, (file,)):
                yield table, args[place]
        case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value="code"), default]):
            yield WORDS, default
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict(values=values)) if name in CODE_TABLES:
            yield from ((WORDS, value) for value in values)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get"), args=[_, default]) if (
            name in CODE_TABLES
        ):
            yield WORDS, default
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in ("REQUEST", "FAILED"):
            yield WORDS, value
        case ast.Assign(targets=[ast.Attribute(attr="logo_error")], value=value):
            yield WORDS, value


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))):
                yield name, text
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                for target, value in zip(names, values, strict=False):
                    if isinstance(target, ast.Name) and isinstance(value, ast.Constant):
                        yield target.id, str(value.value)


def _values(value: ast.expr, constants: dict[str, str]) -> Iterator[str]:
    """The codes an expression may have, as far as it says so itself."""
    match value:
        case ast.Constant(value=str(code)):
            yield code
        case ast.IfExp(body=body, orelse=orelse):
            yield from (*_values(body, constants), *_values(orelse, constants))
        case ast.Name(id=name) if name in constants:
            yield constants[name]


def test_every_code_has_words() -> None:
    found = list(codes())
    assert len(found) > 150
    assert [(code, place) for table, code, place in found if code not in table] == []


@pytest.mark.parametrize("name", ["WORDS", "DONE_WORDS", "PROBLEM_WORDS", "IMPORT_WORDS", "FLAW_WORDS"])
def test_no_words_without_a_code(name: str) -> None:
    table = getattr(message_words, name)
    assert table.keys() - {code for its, code, _ in codes() if its is table} == set()


def test_permissions_and_roles_have_words() -> None:
    assert KIND_WORDS["permission"].keys() == PERMISSIONS.keys()
    assert KIND_WORDS["role"].keys() == set(ROLES)


def test_what_the_contract_promises_to_show() -> None:
    assert DUTCH.outcome(Refused("unknown_code", {"code": "8710400280507"})) == "Onbekend: 8710400280507"
    assert DUTCH.outcome(Done("paid", {"receipt_number": "K1-000123", "total": 1})) == "K1-000123 veilig"
    assert DUTCH.outcome(Done("due", {"due": 1234})) == "Te betalen: € 12,34"


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Refused("implausible_tender", {"given": 50_000, "due": 1234}),
         "€ 500,00 ontvangen bij € 12,34? Nog eens om te bevestigen"),
        (Refused("needs_approval", {"permission": "ticket_discount"}), "Akkoord nodig: korting op de bon"),
        (Refused("big_quantity", {"quantity": 99_000}), "99 stuks? Nog eens om te bevestigen"),
        (Refused("expired", {"name": "Melk", "date": "2026-11-21"}),
         "Melk is over de datum (21-11-2026): niet verkopen"),
        (Refused("no_discount", {"name": ""}), "Geen korting mogelijk"),
        (Refused("which_parked", {"places": [1, 3]}), "Welke bon? Geparkeerd: 1, 3"),
        (Refused("printer_timeout", {}), "Printer antwoordt niet: papier op of klep open?"),
        (Refused("damaged", {}), "Database beschadigd: bel de techniek"),
        (Refused("locked", {"path": "/x.db"}), "Database bezet door een ander programma: /x.db"),
        (Done("locked"), "Kassa op slot"),
        (Done("changed", {"name": "Brood", "quantity": 450}), "Brood: nu 0,450"),
        (Done("changed", {"name": "Brood", "price": 199}), "Brood: nu € 1,99"),
        (Done("added", {"no": 1, "name": "Brood", "amount": 199}), "Brood  € 1,99"),
        (Done("added", {"name": "Wijn", "amount": 599, "age": 18, "born": "2008-11-22"}),
         "Wijn  € 5,99  Leeftijd 18+: geboren op of voor 22-11-2008?"),
        (Done("price_check", {"name": "Kaas", "price": 1299, "unit": "kg", "deposit": 0}), "Kaas: € 12,99/kg"),
        (Done("shift_closed_z", {"z": 7, "difference": 0}), "Kassa gesloten, Z 7: verschil € 0,00"),
        (Done("shift_closed_z", {"z": 7, "difference": None}), "Kassa gesloten, Z 7"),
        (Done("cash_moved", {"move": "drop", "amount": 500}), "Afgeroomd naar de kluis: € 5,00"),
        (Refused("no_such_code_here", {"a": 1}), "no_such_code_here"),
        (Refused("is_receipt", {}), "Dit is bon ?: kies retour om er iets van terug te nemen"),
    ],
)  # fmt: skip
def test_outcomes_in_dutch(outcome: Done | Refused, text: str) -> None:
    assert DUTCH.outcome(outcome) == text


def test_problems_of_files_say_where() -> None:
    problem = Problem("till.toml", "shop.cuntry", "unknown_key", {"nearest": "country"})
    assert DUTCH.problem(problem) == "till.toml: shop.cuntry: onbekende naam; bedoeld wordt misschien country"
    broken = Problem("till.toml", "", "not_toml", {"line": 0, "column": 0, "detail": "x"})
    assert DUTCH.problem(broken) == "till.toml: geen geldig TOML: x"
    cell = ImportProblem(3, "price", "not_an_amount", {"value": "gratis"})
    assert DUTCH.import_problem(cell) == "regel 3: price: gratis is geen bedrag"
    assert DUTCH.import_problem(ImportProblem(0, "", "empty_file")) == "het bestand is leeg"
    assert DUTCH.flaw(Flaw(12, "gap")) == "journaal 12: hier ontbreekt iets"


def test_one_and_many() -> None:
    assert DUTCH.n("{n} regel", "{n} regels", 1) == "1 regel"
    assert DUTCH.n("{n} regel", "{n} regels", 3, extra="x") == "3 regels"


@pytest.mark.parametrize(
    ("hundredths", "text"), [(900, "9 %"), (2100, "21 %"), (550, "5,5 %"), (525, "5,25 %"), (0, "0 %"), (1000, "10 %")]
)
def test_percentages(hundredths: int, text: str) -> None:
    assert show_percent(hundredths) == text


@given(
    st.text(st.characters(codec="utf-8")) | st.sampled_from(["{code}", "[{code}]", "{0!r}", "\x1b[31m", "%s", "a\nb"])
)
def test_facts_are_text_and_nothing_else(fact: str) -> None:
    shown = DUTCH.outcome(Refused("unknown_code", {"code": fact}))
    assert shown == f"Onbekend: {plain(fact)}" or (not fact and shown == "Onbekend: ")
    assert shown.isprintable()


@given(st.sampled_from(MSGIDS), st.dictionaries(st.sampled_from(
    ["amount", "due", "given", "name", "date", "places", "quantity", "permission", "price", "z", "path"]),
    st.none() | st.integers() | st.text(max_size=8) | st.lists(st.integers(), max_size=3) | st.booleans()))  # fmt: skip
def test_odd_facts_never_raise(msgid: str, facts: dict[str, Any]) -> None:
    assert DUTCH.t(msgid, **facts).isprintable()


def test_codes_make_words_for_every_fact_of_the_wrong_type() -> None:
    assert DUTCH.outcome(Refused("too_much", {"due": "veel"})) == "Te veel: er staat veel open"
    assert DUTCH.outcome(Refused("expired", {"name": "Melk", "date": "morgen"})).startswith(
        "Melk is over de datum (morgen)"
    )


def catalogue(name: str) -> Catalog:
    with (LOCALE / name).open("rb") as file:
        return read_po(file)


def template() -> Catalog:
    return catalogue("kassa.pot")


def texts(of: Catalog) -> Iterator[tuple[Any, Any]]:
    """Text → translation, without the header; both are tuples where there is a plural."""
    return ((message.id, message.string) for message in of if message.id)


def places(text: str) -> set[str]:
    return set(re.findall(r"\{[^}]*\}", text))


def each(value: str | Iterable[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_catalogue_is_complete(language: str) -> None:
    its = catalogue(f"{language}/LC_MESSAGES/kassa.po")
    done = {each(key)[0] for key, value in texts(its) if all(each(value))}
    assert {each(key)[0] for key, _ in texts(template())} - done == set()
    assert [message.id for message in its if message.id and message.fuzzy] == []


@pytest.mark.parametrize("language", ["nl_BE", "fr", "en"])
def test_translations_keep_their_places_and_optional_parts(language: str) -> None:
    wrong = []
    for key, value in texts(catalogue(f"{language}/LC_MESSAGES/kassa.po")):
        for translated in filter(None, each(value)):
            if places(translated) != places(each(key)[-1]) or translated.count("[") != each(key)[-1].count("["):
                wrong.append(translated)
    assert wrong == []


@pytest.mark.parametrize("language", ["nl_BE", "fr", "en"])
def test_catalogue_has_nothing_that_the_template_lacks(language: str) -> None:
    known = {key for key, _ in texts(template())}
    assert {key for key, _ in texts(catalogue(f"{language}/LC_MESSAGES/kassa.po"))} <= known


def test_template_holds_the_texts_of_receipts_reports_and_codes() -> None:
    keywords = {"N_": None, "t": None, "n": (1, 2)}
    found = {message for _, _, message, _, _ in extract_from_dir(SOURCE / "services", keywords=keywords)}
    for file in ("messages.py", "message_words.py"):
        found |= {message[1] for message in extract_from_file("python", SOURCE / file, keywords=keywords)}
    known = {key for key, _ in texts(template())}
    assert found - known == set()
    assert len(found) > 300


def test_belgian_dutch_speaks_of_kassaticket_and_bancontact(tmp_path: Path) -> None:
    flemish = compiled(tmp_path, "nl_BE")
    assert flemish.outcome(Refused("unknown_receipt", {"number": "K1-1"})) == "Onbekend: kassaticket K1-1"
    assert flemish.kind("tender", "pin") == "Bancontact"
    assert flemish.outcome(Done("due", {"due": 1234})) == "Te betalen: € 12,34"


def test_french_and_english(tmp_path: Path) -> None:
    assert compiled(tmp_path, "fr").outcome(Done("due", {"due": 1234})) == "À payer : € 12,34"
    assert compiled(tmp_path, "en").outcome(Done("shift_closed_z", {"z": 7, "difference": -5})) == \
        "Till closed, Z 7: difference € -0,05"  # fmt: skip


@pytest.mark.parametrize("content", [None, b"", b"garbage that is no catalogue", b"\xde\x12\x04\x95"])
def test_a_missing_or_broken_catalogue_leaves_dutch(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        path = tmp_path / "fr" / "LC_MESSAGES" / "kassa.mo"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    assert Words("fr", tmp_path).outcome(Done("due", {"due": 1234})) == "Te betalen: € 12,34"


def test_words_are_kept_per_language() -> None:
    assert [words(language).language for language in LANGUAGES] == list(LANGUAGES)
    assert words("nl") is words("nl")
    assert words("klingon").outcome(Done("drawer_opened")) == "Lade open"
