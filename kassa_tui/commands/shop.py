"""Setting a till up: its files, its articles, its people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.commands.dispatch import Call
from kassa_tui.domain.outcome import Refused
from kassa_tui.failures import DONE, MISUSE, REFUSED

if TYPE_CHECKING:
    from kassa_tui.storage.csvread import ImportProblem, ImportReport


def init(call: Call) -> int:
    """Data folder, databases and key."""
    from kassa_tui import bootstrap

    config = call.config()
    bootstrap.init(config)
    call.say(call.t("Klaar: kassa {till} in {folder}", till=config.till.id, folder=config.till.data))
    return DONE


def take_over(call: Call) -> int:
    """A CSV file into ``shop.db``; with a fault in it everything stays as it was, and every fault is named."""
    from kassa_tui import bootstrap

    config = call.config()
    if config.office is not None and not call.args.force:
        from kassa_tui.sync.office_client import TOKEN_FILE

        if (config.till.data / TOKEN_FILE).exists():
            return call.refuse(Refused("office_owns"), REFUSED)
    report = bootstrap.import_file(config, call.args.what, Path(call.args.file))
    for warning in report.warnings:
        call.complain(call.t("let op: {what}", what=call.words.import_problem(warning)))
    if not report.ok:
        _faults(call, report)
        return MISUSE
    call.show(_facts(report), _taken(call, report))
    return DONE


def _faults(call: Call, report: ImportReport) -> None:
    for problem in report.problems:
        call.complain(f"{call.args.file}: {call.words.import_problem(problem)}")
    unlisted = report.problem_count - len(report.problems)
    if unlisted:
        call.complain(call.t("en nog {n} fouten", n=unlisted))
    call.complain(call.t("niets overgenomen"))
    if call.json:
        call.show(_facts(report), "")


def _taken(call: Call, report: ImportReport) -> str:
    if call.args.what == "articles":
        return call.t("{articles} artikelen, {codes} codes, {deposits} soorten statiegeld", articles=report.articles,
                      codes=report.codes, deposits=report.deposits)  # fmt: skip
    if call.args.what == "staff":
        return call.t("{people} medewerkers", people=report.people)
    return call.t("{customers} klanten", customers=report.customers)


def _facts(report: ImportReport) -> dict[str, Any]:
    return {
        "ok": report.ok,
        "articles": report.articles,
        "codes": report.codes,
        "deposits": report.deposits,
        "people": report.people,
        "customers": report.customers,
        "problem_count": report.problem_count,
        "problems": [_problem(problem) for problem in report.problems],
        "warnings": [_problem(warning) for warning in report.warnings],
    }


def _problem(problem: ImportProblem) -> dict[str, Any]:
    return {"line": problem.line, "column": problem.column, "code": problem.code, "facts": dict(problem.facts)}
