"""Each page of the office with ten million tickets behind it: how long the server takes, on SQLite and on PostgreSQL.

A company of 50 branches with 6 tills each and two years behind it (46 tickets a till and day make 10,074,000) is made
in the database as ingest would have left it (:mod:`bench.big_office`). Then each page is asked for, logged in, through
all of Django, as often as ``--rounds`` says. The first time nothing is remembered (articles of past months and days
are, on the disk, for as long as their sums hold); before each tenth time that follows, a sale of yesterday comes in
late at a branch, so that what it changes is added up anew. Beside it the floor: the log-in page, which asks the
database nothing. The columns: milliseconds of the first time, of the middle one, of the 95th of a hundred; then what of
that is work, the processor's time of this process and of its database, in the middle and at the 95th, which others on
the machine lengthen little; statements to the database the first time, size of the answer, load of the machine.

    python -m bench.bench_dashboard [--rounds 40] [--shape 50x6x730x46] [--database postgresql://…] [--keep FOLDER]

``--keep`` makes the company once and uses it again, with ``--database`` in that database itself; ``--find WORD`` asks
for some of the pages only. The exit code is 1 where a page took longer than it may.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.terminal import percentile

LIMIT_MS = 100.0
LATE = 10
"""Requests of one page between which something comes in late."""
Page = tuple[str, str, dict[str, str]]


def main() -> int:
    """Fill, ask, print; 1 where a page took longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--shape", default="50x6x730x46", help="branches, tills of each, days, tickets a day")
    parser.add_argument("--database", default="", help="empty for SQLite and, where there is a server, PostgreSQL too")
    parser.add_argument("--keep", type=Path, help="folder of a company to make once and use again")
    parser.add_argument("--find", default="", help="part of a page's name")
    parser.add_argument("--only", action="store_true", help="one database, in this process")
    options = parser.parse_args()
    if options.only or options.keep:
        return _one(options)
    words = [sys.executable, "-m", "bench.bench_dashboard", "--only", *sys.argv[1:]]
    if options.database:
        return subprocess.run(words, check=False).returncode
    failed = 0
    for url in ["", *_server()]:
        failed |= subprocess.run([*words, "--database", url], check=False).returncode
    return failed


def _server() -> list[str]:
    """A PostgreSQL to make a database on, where the environment names one."""
    return [os.environ["KASSA_TEST_POSTGRES"]] if os.environ.get("KASSA_TEST_POSTGRES") else []


def _one(options: argparse.Namespace) -> int:
    if options.keep:
        return _measure(options, options.keep, options.database)
    folder = Path(tempfile.mkdtemp(prefix="kassa-bench-office-"))
    url, name = options.database, f"kassa_bench_{os.getpid()}"
    try:
        if url:
            _psql(url, f'CREATE DATABASE "{name}"')
            server, mark, query = url.partition("?")
            url = f"{server.rpartition('/')[0]}/{name}{mark}{query}"
        return _measure(options, folder, url)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if url:
            from django.db import connections

            connections.close_all()
            _psql(options.database, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _psql(url: str, sql: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as con:
        con.execute(sql.encode())


def _set_up(folder: Path, url: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "data" / "static").mkdir(parents=True, exist_ok=True)
    config = f'data = "{folder / "data"}"\n' + (f'database = "{url}"\n' if url else "")
    (folder / "office.toml").write_text(config, "utf-8")
    os.environ |= {"KASSA_OFFICE_CONFIG": str(folder / "office.toml"),
                   "DJANGO_SETTINGS_MODULE": "kassa_office.settings"}  # fmt: skip
    import django
    from django.conf import settings

    django.setup()
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}  # fmt: skip
    settings.LOGGING_CONFIG = None
    import_module(settings.ROOT_URLCONF)  # all that is measured, before the long filling


def _company(options: argparse.Namespace, folder: Path) -> None:
    """Make it, where it was not made before for this day."""
    from django.core.management import call_command
    from django.db import connection

    from bench.big_office import Shape, fill

    mark, today = folder / "made", date.today()
    call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    if mark.exists():
        if mark.read_text("utf-8") != f"{options.shape} {today}":
            raise SystemExit(f"{folder} is another company, or of another day: throw it away")
        return
    shape = Shape(*map(int, options.shape.split("x")))
    begun = time.monotonic()
    rows = fill(shape, today, lambda text: None)
    _owner()
    mark.write_text(f"{options.shape} {today}", "utf-8")
    print(f"{connection.vendor}: {shape.branches} branches, {shape.branches * shape.tills} tills,"
          f" {shape.all_tickets:,} tickets, {rows:,} rows of totals, made in {time.monotonic() - begun:.0f} s",
          flush=True)  # fmt: skip


def _measure(options: argparse.Namespace, folder: Path, url: str) -> int:
    _set_up(folder, url)
    _company(options, folder)
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client

    _freshen()
    import_module("kassa_office.wsgi")  # as a server starts
    client, anonymous, slow = Client(), Client(), 0
    client.force_login(User.objects.get(username="bench"), "django.contrib.auth.backends.ModelBackend")
    print(f"{connection.vendor:36} {'first':>7} {'p50':>7} {'p95':>7} {'work50':>7} {'work95':>7} {'queries':>8}"
          f" {'KB':>5}  load")  # fmt: skip
    for label, path, headers in _pages(options.shape):
        if options.find not in label:
            continue
        client_of = anonymous if path == "/inloggen/" else client
        queries, size = _look(client_of, path, headers)
        times, work = _ask(client_of, path, headers, options.rounds)
        p95 = percentile(times[1:], 0.95)
        slow += p95 > LIMIT_MS
        note = f"  over {LIMIT_MS:.0f}" if p95 > LIMIT_MS else ""
        shown = [times[0], percentile(times[1:], 0.5), p95, percentile(work[1:], 0.5), percentile(work[1:], 0.95)]
        print(f"{label:36} {' '.join(f'{each:7.1f}' for each in shown)} {queries:8} {size / 1000:5.0f}"
              f"  {os.getloadavg()[0]:.1f}{note}", flush=True)  # fmt: skip
    return 1 if slow else 0


def _ask(client: Any, path: str, headers: dict[str, str], rounds: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each time, and those of the processor's in it."""
    _forget()
    times, work = [], []
    for turn in range(rounds + 1):
        if turn and turn % LATE == 0:
            _come_late()
        start, worked = time.perf_counter(), _worked()
        response = client.get(path, headers=headers)
        times.append(1000 * (time.perf_counter() - start))
        work.append(1000 * (_worked() - worked))
        assert response.status_code == 200, (path, response.status_code)
    return times, work


def _worked() -> float:
    """Seconds of the processor's that this process took, and the server's for this connection where it runs here."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return time.process_time()
    connection.ensure_connection()
    there = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    return time.process_time() + (int(there.read_text("ascii").split()[0]) / 1e9 if there.exists() else 0.0)


def _look(client: Any, path: str, headers: dict[str, str]) -> tuple[int, int]:
    """Statements to the database, with nothing remembered, and bytes of the answer."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    _forget()
    with CaptureQueriesContext(connection) as seen:
        response = client.get(path, headers=headers)
    assert response.status_code == 200, (path, response.status_code)
    return len(seen), len(response.content)


def _forget() -> None:
    from django.core.cache import caches

    for name in caches.settings:
        caches[name].clear()


def _come_late() -> None:
    """What ingest adds for one sale."""
    from kassa_office.journal.writing import DAY_TOTAL, Gathered

    gathered, day = Gathered(), (date.today() - timedelta(days=1)).isoformat()
    for kind, key in (("sale", ""), ("hour", "12"), ("staff", "s1"), ("tender", "pin"), ("vat", "low:900")):
        gathered.sum(DAY_TOTAL, ("B01", day, "K7", kind, key), 1, 1000, 199, 16, 0, 0)
    gathered.sold["B01", day] = {"31": (1000, 199, 0, 0)}
    gathered.write()


def _pages(shape: str) -> list[Page]:
    _branches, tills, days, _tickets = map(int, shape.split("x"))
    today, live = date.today(), {"HX-Request": "true"}
    found: list[Page] = [
        ("(floor: log-in page)", "/inloggen/", {}),
        ("vandaag", "/", {}), ("vandaag, what htmx asks for", "/", live), ("vandaag, one branch", "/?filiaal=B01", {}),
    ]  # fmt: skip
    for kind in ("branch", "till", "hour", "group", "vat", "tender", "staff", "day"):
        found.append((f"omzet, this year by {kind}", f"/omzet/?periode=jaar&per={kind}", {}))
    return found + _tables(today) + _stock(f"/z/B01/K{tills + 1}/{days - 1}/", today)


def _tables(today: date) -> list[Page]:
    first, last = today - timedelta(days=today.day + 380), today - timedelta(days=today.day - 2)
    return [
        ("omzet, today by till", "/omzet/?per=till", {}),
        ("omzet, this month by group", "/omzet/?periode=maand&per=group", {}),
        ("omzet, this month by day", "/omzet/?periode=maand&per=day", {}),
        ("omzet, 382 odd days by group", f"/omzet/?van={first}&tot={last}&per=group", {}),
        ("omzet, all of it by branch", f"/omzet/?van={today - timedelta(days=1094)}&tot={today}&per=branch", {}),
        ("omzet, one till this year by hour", "/omzet/?periode=jaar&kassa=K1&per=hour", {}),
        ("omzet, this year by branch, CSV", "/omzet/?periode=jaar&tabel=omzet&bestand=csv", {}),
        ("omzet, this year by till, XLSX", "/omzet/?periode=jaar&per=till&tabel=omzet&bestand=xlsx", {}),
        ("artikelen, today", "/artikelen/?periode=vandaag", {}), ("artikelen, this week", "/artikelen/", {}),
        ("artikelen, this month", "/artikelen/?periode=maand", {}),
        ("artikelen, this year", "/artikelen/?periode=jaar", {}),
        ("artikelen, this year, one branch", "/artikelen/?periode=jaar&filiaal=B01", {}),
        ("bijzonderheden, this week", "/bijzonderheden/?periode=week", {}),
        ("bijzonderheden, this year", "/bijzonderheden/?periode=jaar", {}),
        ("z, this week", "/z/", {}), ("z, this month", "/z/?periode=maand", {}),
        ("z, this year", "/z/?periode=jaar", {}),
    ]  # fmt: skip


def _stock(one_z: str, today: date) -> list[Page]:
    return [
        ("one z", one_z, {}),
        ("meldingen", "/meldingen/", {}),
        ("kassas", "/kassas/", {}), ("one till", "/kassas/K1/", {}), ("uitrol", "/kassas/uitrol/", {}),
        ("volledig", "/volledig/", {}), ("volledig, one branch", "/volledig/?filiaal=B01", {}),
        ("volledig, one till today", f"/volledig/K1/?dag={today}", {}), ("logboek", "/logboek/", {}),
        ("voorraad", "/voorraad/?filiaal=B01", {}), ("voorraad, searched", "/voorraad/?filiaal=B01&zoek=nummer+29", {}),
        ("voorraad, under the minimum", "/voorraad/?filiaal=B01&toon=kort", {}),
        ("voorraad, one article", "/voorraad/artikel/31/?filiaal=B01", {}),
        ("voorraad, one article everywhere", "/voorraad/artikel/31/", {}),
        ("voorstellen", "/voorraad/voorstellen/?filiaal=B01", {}),
        ("bestellingen", "/voorraad/bestellingen/", {}), ("one order", "/voorraad/bestellingen/B000001/", {}),
        ("overboekingen", "/voorraad/overboekingen/", {}),
        ("one transfer", "/voorraad/overboekingen/O000001/", {}),
        ("tellingen", "/voorraad/tellingen/?filiaal=B01", {}), ("koppelingen", "/koppelingen/", {}),
        ("account", "/account/", {}),
    ]  # fmt: skip


def _freshen() -> None:
    """As if every till had been heard just now, but three that fell silent, and of five something waits."""
    from django.utils import timezone

    from kassa_office.tills.models import TillCursor, TillState

    now = timezone.now()
    TillCursor.objects.update(received_at=now)
    TillState.objects.update(at=now, waiting=0, turnover_waiting=0)
    silent = [f"K{n}" for n in (11, 12, 13)]
    TillCursor.objects.filter(till__in=silent).update(received_at=now - timedelta(hours=3))
    TillState.objects.filter(till__in=silent).update(at=now - timedelta(hours=3))
    waiting = [f"K{n}" for n in range(21, 26)]
    TillState.objects.filter(till__in=waiting).update(waiting=3, turnover_waiting=4250)


def _owner() -> None:
    from django.contrib.auth.models import User

    from kassa_office.staff.models import Profile

    user = User.objects.create_user("bench", is_staff=True)
    Profile.objects.create(user=user, role="owner")


if __name__ == "__main__":
    sys.exit(main())
