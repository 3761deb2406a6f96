"""``kassa-office simulate``: thousands of tills with real keys and journals, on an office made for the occasion."""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from kassa_office.simulate.fleet import SimTill, Tally

Row = tuple[str, ...]


def simulate_arguments(parser: argparse.ArgumentParser) -> None:
    """How many, how badly behaved, and by which road."""
    parser.add_argument("--tills", type=int, default=1000, metavar="N")
    parser.add_argument("--sales", type=int, default=3, metavar="N", help="bonnen per kassa")
    parser.add_argument(
        "--seconds", type=float, default=0.0, metavar="S", help="hoogstens zo lang; 0 is tot alles er is"
    )
    parser.add_argument("--http", action="store_true", help="over HTTP, met een eigen server op deze machine")
    parser.add_argument("--url", metavar="URL", help="een kantoor dat al draait, op dezelfde database")
    parser.add_argument("--storm", action="store_true", help="alle kassa's komen tegelijk terug, met en zonder beurten")
    parser.add_argument("--window", type=float, default=600.0, metavar="S", help="waarover de beurten verdeeld zijn")
    parser.add_argument("--disorder", action="store_true", help="door elkaar")
    parser.add_argument("--replay", action="store_true", help="alles twee keer, half over elkaar heen")
    parser.add_argument("--lost", action="store_true", help="een op de tien antwoorden raakt weg")
    parser.add_argument("--lines", type=int, default=8, metavar="N", help="zoveel kassa's tegelijk aan het woord")
    parser.add_argument("--database", default="", metavar="URL", help="postgresql://…; anders SQLite in een eigen map")
    parser.epilog = "Voorbeeld: kassa-office simulate --tills 10000 --storm"


def simulate_prepare(options: argparse.Namespace) -> None:
    """An office of its own in a folder that goes afterwards; with ``--url`` the one that is configured."""
    options.folder = None
    if options.url:
        return
    options.folder = Path(tempfile.mkdtemp(prefix="kassa-simulate-"))
    path = options.folder / "office.toml"
    database = f'database = "{options.database}"\n' if options.database else ""
    path.write_text(f'data = "office"\n{database}', "utf-8")
    os.environ["KASSA_OFFICE_CONFIG"] = str(path)


def simulate(options: argparse.Namespace) -> int:
    """Send, print what was counted, and prove that all of it is there; 1 where something is missing."""
    try:
        return _simulate(options)
    finally:
        if options.folder is not None:
            shutil.rmtree(options.folder, ignore_errors=True)


def _simulate(options: argparse.Namespace) -> int:
    from django.core.management import call_command

    from kassa_office.simulate.fleet import Manners, make_fleet
    from kassa_office.tills.models import Till

    call_command("migrate", verbosity=0, interactive=False)
    if Till.objects.exists():
        print(_("Dit kantoor heeft al kassa's: simuleren doet u op een leeg kantoor."), file=sys.stderr)
        return 4
    began = time.perf_counter()
    manners = Manners(options.disorder, options.replay, options.lost)
    storms = (True, False) if options.storm else (None,)
    fleet = make_fleet(options.tills * len(storms), options.sales, manners)
    print(_("%(tills)d kassa's met samen %(entries)d regels, gemaakt in %(seconds).0f s")
          % {"tills": len(fleet), "entries": sum(each.book.high for each in fleet),
             "seconds": time.perf_counter() - began}, flush=True)  # fmt: skip
    found: list[tuple[str, Tally, int]] = []
    complete: list[SimTill] = []
    for number, slots in enumerate(storms):
        some = fleet[number * options.tills : (number + 1) * options.tills]
        name = _("beurten") if slots else _("zonder beurten") if options.storm else _("aanvoer")
        found.append((name, *_sent(options, some, slots)))
        complete += some if not options.seconds else []
    _table(found)
    return _proved(complete)


def _sent(options: argparse.Namespace, fleet: list[SimTill], slots: bool | None) -> tuple[Tally, int]:
    """What was counted, and the office's memory in bytes."""
    from kassa_office.simulate import inprocess, overhttp

    def over(url: str) -> Tally:
        if slots is None:
            return overhttp.load(fleet, url, options.lines, options.seconds)
        return overhttp.storm(fleet, url, options.window, slots)

    if options.url:
        return over(options.url), 0
    if options.http:
        with overhttp.served(options.folder) as server:
            return over(server.url), server.memory()
    if slots is None:
        tally = inprocess.load(fleet, options.lines, options.seconds)
    else:
        tally = inprocess.storm(fleet, options.window, slots)
    return tally, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _table(found: list[tuple[str, Tally, int]]) -> None:
    head = (_("wat"), _("aangenomen"), _("geweigerd"), _("geen antwoord"), _("duur"), _("regels/s"), _("p99"),
            _("geheugen"))  # fmt: skip
    rows: list[Row] = [head]
    for name, tally, memory in found:
        rate = tally.entries / tally.seconds if tally.seconds else 0
        counts = (f"{tally.accepted}", f"{tally.refused}", f"{tally.failed}", f"{tally.seconds:.1f} s", f"{rate:.0f}")
        rows.append((name, *counts, f"{tally.p99() * 1000:.0f} ms", f"{memory >> 20} MiB" if memory else "–"))
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    for row in rows:
        print("  ".join(text.rjust(width) if at else text.ljust(width)
                        for at, (text, width) in enumerate(zip(row, widths, strict=True))))  # fmt: skip
    for name, tally, _memory in found:
        statuses = ", ".join(f"{status} {count}" for status, count in sorted(tally.statuses.items()))
        odd = "".join(f", HTTP {code}: {count}" for code, count in sorted(tally.other.items()))
        print(f"{name}: {statuses}{odd}", flush=True)


def _proved(fleet: list[SimTill]) -> int:
    """Whether the office can show that everything that was journaled is there."""
    from kassa_office.journal.proof import prove, words_of

    missing = 0
    for each in fleet:
        finding = prove(each.till.code)[0]
        if not finding["complete"] or finding["last"] != each.book.high:
            missing += 1
            if missing <= 10:
                print(words_of(finding), file=sys.stderr)
    if fleet:
        told = {"tills": len(fleet), "missing": missing}
        print(_("Bewijs: van %(tills)d kassa's is bij %(missing)d iets niet compleet.") % told)
    return 1 if missing else 0
