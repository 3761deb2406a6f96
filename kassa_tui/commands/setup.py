"""``kassa setup``: from a few questions, or a file with the answers, to a till that has been tried."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.commands.devices import keep
from kassa_tui.commands.dispatch import Call
from kassa_tui.failures import DONE, MISUSE, REFUSED, WRONG

if TYPE_CHECKING:
    from kassa_tui.config import Config

STAMP = "%Y%m%d-%H%M%S"


def setup(call: Call) -> int:
    """Ask or read, judge, write, make the books, take the people over, and look at the whole."""
    from kassa_tui import config as configuration

    path = configuration.find(getattr(call.args, "config", None), os.environ).absolute()
    learned: list[dict[str, Any]] = []
    if call.args.answers:
        answers = configuration.read_toml(Path(call.args.answers))
    else:
        from kassa_tui.commands.questions import Interview

        interview = Interview(call, path)
        asked, learned = interview.run(), interview.learned
        if asked is None:
            call.complain(call.t("gestopt, er is niets geschreven"))
            return REFUSED
        answers = asked
    if call.args.till:
        answers["till"] = {**answers.get("till", {}), "id": call.args.till}
    return establish(call, answers, path, learned)


def establish(call: Call, answers: dict[str, Any], path: Path, learned: Iterable[dict[str, Any]] = ()) -> int:
    """Make the till that these answers describe, with the devices that were learned; nothing is written where an answer
    is wrong."""
    from kassa_tui.services import setup as service

    found = service.judged(answers, path)
    if isinstance(found, tuple):
        for problem in found:
            call.complain(call.words.problem(problem))
        call.complain(call.t("er is niets geschreven"))
        return MISUSE
    other = service.changes_till(answers, path)
    if other:
        call.complain(call.t("deze kassa is {here} en heeft al verkocht; hij kan geen {given} worden: geef een andere "
                             "map voor de data", here=other[0], given=other[1]))  # fmt: skip
        return REFUSED
    old = service.put(answers, path, time.strftime(STAMP))
    call.say(call.t("Geschreven: {path}[; de vorige staat in {old}]", path=path, old=old or ""))
    config = call.config()
    wrong = _books(call, config, service.staff_csv(answers))
    for table in learned:
        wrong = wrong or keep(call, config, table)
    return wrong or _look(call)


def _books(call: Call, config: Config, staff: str) -> int:
    """Folder, databases and key, and the people of the shop."""
    from kassa_tui import bootstrap
    from kassa_tui.services.setup import give_to_owner

    bootstrap.init(config)
    try:
        if not staff:
            return DONE
        with tempfile.TemporaryDirectory(prefix=".setup-", dir=config.till.data) as folder:
            path = Path(folder) / "staff.csv"
            path.write_text(staff, "utf-8")
            report = bootstrap.import_file(config, "staff", path)
        for problem in report.problems:
            call.complain(call.words.import_problem(problem))
        if report.ok:
            call.say(call.t("{people} medewerkers", people=report.people))
        return DONE if report.ok else MISUSE
    finally:
        give_to_owner(config.till.data)


def _look(call: Call) -> int:
    from kassa_tui.commands.doctor import doctor

    call.args.json = call.args.print = call.args.save = False
    return WRONG if doctor(call) else DONE
