"""What the doctor says of the webshops that this till owns: their books, their keys, and how each stands."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.marking import N_

if TYPE_CHECKING:
    from kassa_tui.commands.dispatch import Call
    from kassa_tui.config import Config, Webshop
    from kassa_tui.services.health import Finding
    from kassa_tui.storage.journal import Clock
    from kassa_tui.sync.channel.status import Status

FAILING_MS = 86_400_000
"""So long a shop may fail before it is more than something to look at."""

PARTS = {"channel": N_("Boeken van de webshop"), "webshop": N_("Webshop")}
FOUND = {
    "channel whole": N_("{code}: {entries} regels, de keten klopt"),
    "channel hash": N_("{code}: regel {seq} is veranderd ({flaws} fouten): kassa journal verify --channel {code}, en"
                       " bel de techniek"),
    "channel gap": N_("{code}: er ontbreekt iets bij regel {seq} ({flaws} fouten): kassa journal verify --channel"
                      " {code}, en bel de techniek"),
    "channel key": N_("{code}: de openbare sleutel ontbreekt: kassa restore met de laatste reservekopie"),
    "channel key_missing": N_("{code}: {path} ontbreekt: zet de sleutel terug (kassa restore, kopie met sleutel)"),
    "channel key_open": N_("{code}: anderen kunnen {path} lezen: chmod 600 {path}"),
    "channel lost": N_("{code}: {path} is weg, de sleutel is er nog: kassa restore met de laatste reservekopie"),
    "webshop new": N_("{name}: nog niet gesproken: loopt kassa sync?"),
    "webshop ok": N_("{name}: goed, {links} producten gekoppeld"),
    "webshop silent": N_("{name}: sinds {since} heeft niemand hem iets gevraagd: loopt kassa sync?"),
    "webshop failing": N_("{name}: lukt niet sinds {since}. {why}"),
    "webshop stopped": N_("{name}: staat stil sinds {since}. {why}; daarna: kassa webshop check {code}"),
    "webshop attention": N_("{name}:[ {failed:some} geweigerd,][ {ambiguous:some} onduidelijk,]"
                            "[ {notes:some} opgemerkt,] zie kassa webshop status"),
    "webshop keys": N_("{name}: {why}"),
}  # fmt: skip


def examine(config: Config, clock: Clock) -> Iterator[Finding]:
    """Part by part, webshop by webshop; nothing is changed and nobody is asked."""
    from kassa_tui.services.health import FAIL, Finding
    from kassa_tui.storage.channels import channel_folder
    from kassa_tui.storage.database import StorageError

    for webshop in config.webshops:
        if webshop.owner != config.till.id:
            continue
        folder = channel_folder(config.till.data, webshop.code)
        yield from _keys(webshop)
        try:
            yield from _books(folder, webshop.code)
        except StorageError as error:
            yield Finding("channel", FAIL, error.code, {"code": webshop.code, **error.facts})
        try:
            yield _stands(config, webshop, folder, clock.now().at)
        except StorageError as error:
            yield Finding("channel", FAIL, error.code, {"code": webshop.code, **error.facts})


def spoken(call: Call, finding: Finding) -> dict[str, Any]:
    """The facts of a finding with codes and times put into words."""
    from kassa_tui.domain.outcome import Refused
    from kassa_tui.webshop_words import WEBSHOP_WORDS

    facts = dict(finding.facts)
    code, about = facts.get("why"), facts.get("about", {})
    if code:
        known = WEBSHOP_WORDS.get(code)
        facts["why"] = call.t(known, **about) if known else call.words.outcome(Refused(code, about))
    if facts.get("since"):
        facts["since"] = _when(facts["since"])
    return facts


def _keys(webshop: Webshop) -> Iterator[Finding]:
    from kassa_tui.services.health import FAIL, Finding
    from kassa_tui.sync.webshop_worker import access_of
    from kassa_tui.sync.webshops.base import WebshopError

    try:
        access_of(webshop)
    except WebshopError as error:
        facts = {"code": webshop.code, "name": webshop.name, "why": error.code, "about": dict(error.facts)}
        yield Finding("webshop", FAIL, "keys", facts)


def _books(folder: Path, code: str) -> Iterator[Finding]:
    """The chain without its signatures, as of the till's own journal, and the key that signs it."""
    from kassa_tui.services.health import FAIL, OK, Finding
    from kassa_tui.storage.database import open_database, quick_check, translated
    from kassa_tui.storage.journal import verify
    from kassa_tui.storage.keys import KEY_FILE, load_key
    from kassa_tui.storage.till_store import TILL_DB

    path, facts = folder / TILL_DB, {"code": code}
    if not path.exists():
        if (folder / KEY_FILE).exists():
            yield Finding("channel", FAIL, "lost", {**facts, "path": str(path)})
        return
    load_key(folder / KEY_FILE)
    quick_check(path)
    db = open_database(path, readonly=True)
    try:
        db.connect()
        with translated(path):
            con: sqlite3.Connection = db.connection()
            flaws = verify(con, code, None)
            entries = con.execute("select count(*) from journal").fetchone()[0]
    finally:
        db.close()
    if flaws:
        yield Finding("channel", FAIL, flaws[0].code, {**facts, "seq": flaws[0].seq, "flaws": len(flaws)})
    else:
        yield Finding("channel", OK, "whole", {**facts, "entries": entries})


def _stands(config: Config, webshop: Webshop, folder: Path, now: int) -> Finding:
    from kassa_tui.services.health import FAIL, OK, WARN, Finding
    from kassa_tui.sync.channel.status import read_status
    from kassa_tui.sync.webshop_worker import settings_of

    found = read_status(folder, settings_of(config, webshop, 0), now)
    facts: dict[str, Any] = {"code": webshop.code, "name": webshop.name}
    if found is None or found.state == "new":
        return Finding("webshop", WARN, "new", facts)
    if found.state in ("failing", "stopped"):
        lasting = found.state == "stopped" or now - found.since > FAILING_MS
        return Finding("webshop", FAIL if lasting else WARN, found.state,
                       {**facts, "since": found.since, "why": found.why, "about": found.facts})  # fmt: skip
    if found.state == "silent":
        return Finding("webshop", WARN, "silent", {**facts, "since": found.last_success})
    facts |= _counts(found)
    if found.failed or found.ambiguous or found.findings:
        return Finding("webshop", WARN, "attention", facts)
    return Finding("webshop", OK, "ok", facts)


def _counts(found: Status) -> dict[str, int]:
    return {"links": found.links, "failed": found.failed, "ambiguous": found.ambiguous, "notes": len(found.findings)}


def _when(at: int) -> str:
    from kassa_tui.clock import SystemClock
    from kassa_tui.domain.shift import local_date, local_time

    offset = SystemClock().now().offset
    return f"{local_date(at, offset)} {local_time(at, offset):%H:%M}"
