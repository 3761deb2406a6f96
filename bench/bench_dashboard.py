"""Each page of the office with ten million tickets behind it: how long the server takes, on SQLite and on PostgreSQL.

The totals of 20 branches with 3 tills over three years go into the tables as an ingest would leave them (153 tickets a
till and day make 10,052,100 tickets), with articles by day for the last quarter and by month before. Then each page is
asked for, logged in, through all of Django. Beside it the floor: the log-in page, which asks the database nothing.

    python -m bench.bench_dashboard [--rounds 30] [--days 1095] [--database postgresql://…]
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.terminal import percentile

BRANCHES, TILLS, TICKETS = 20, 3, 153
GROUPS, STAFF, SKUS, SOLD = 20, 4, 3000, 400
SKU_DAYS = 92
LIMIT_MS = 100.0
Row = tuple[Any, ...]


def main() -> int:
    """Fill, ask, print; 1 where a page took longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--days", type=int, default=1095)
    parser.add_argument("--database", default="", help="empty for SQLite and, where there is a server, PostgreSQL too")
    parser.add_argument("--only", action="store_true", help="one database, in this process")
    options = parser.parse_args()
    if options.only:
        return _one(options)
    failed = 0
    words = [sys.executable, "-m", "bench.bench_dashboard", "--only", "--rounds", str(options.rounds)]
    for url in [options.database] if options.database else ["", *_server()]:
        failed |= subprocess.run([*words, "--days", str(options.days), "--database", url], check=False).returncode
    return failed


def _server() -> list[str]:
    """A PostgreSQL to make a database on, where the environment names one."""
    return [os.environ["KASSA_TEST_POSTGRES"]] if os.environ.get("KASSA_TEST_POSTGRES") else []


def _one(options: argparse.Namespace) -> int:
    folder = Path(tempfile.mkdtemp(prefix="kassa-bench-office-"))
    url, name = options.database, f"kassa_bench_{os.getpid()}"
    try:
        if url:
            _psql(url, f'CREATE DATABASE "{name}"')
            url = url.rpartition("/")[0] + f"/{name}"
        config = f'data = "{folder / "data"}"\n' + (f'database = "{url}"\n' if url else "")
        (folder / "office.toml").write_text(config, "utf-8")
        os.environ |= {"KASSA_OFFICE_CONFIG": str(folder / "office.toml"),
                       "DJANGO_SETTINGS_MODULE": "kassa_office.settings"}  # fmt: skip
        return _measure(options)
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


def _measure(options: argparse.Namespace) -> int:
    import django
    from django.conf import settings

    django.setup()
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}  # fmt: skip
    settings.LOGGING_CONFIG = None
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client

    import_module(settings.ROOT_URLCONF)  # all that is measured, before the long filling
    call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
    begun = time.monotonic()
    rows = _fill(options.days)
    print(f"{connection.vendor}: {BRANCHES * TILLS * options.days * TICKETS:,} tickets, {rows:,} rows of totals,"
          f" filled in {time.monotonic() - begun:.0f} s", flush=True)  # fmt: skip
    client = Client()
    client.force_login(_owner(), "django.contrib.auth.backends.ModelBackend")
    slow = 0
    anonymous = Client()
    print(f"{'page':34} {'first':>8} {'p50 ms':>8} {'p95 ms':>8} {'cpu p50':>8}   load {os.getloadavg()[0]:.1f}")
    for label, path, headers in _pages():
        first, times, cpu = _ask(anonymous if path == "/inloggen/" else client, path, headers, options.rounds)
        p95 = percentile(times, 0.95)
        slow += p95 > LIMIT_MS
        note = f"  over {LIMIT_MS:.0f}" if p95 > LIMIT_MS else ""
        print(f"{label:34} {first:8.1f} {percentile(times, 0.5):8.1f} {p95:8.1f} {percentile(cpu, 0.5):8.1f}{note}",
              flush=True)  # fmt: skip
    return 1 if slow else 0


def _ask(client: Any, path: str, headers: dict[str, str], rounds: int) -> tuple[float, list[float], list[float]]:
    """Milliseconds of the first time, of each other time, and the processor's of this process (not the database's)."""
    times, cpu = [], []
    for _round in range(rounds + 1):
        start, worked = time.perf_counter(), time.process_time()
        response = client.get(path, headers=headers)
        times.append(1000 * (time.perf_counter() - start))
        cpu.append(1000 * (time.process_time() - worked))
        assert response.status_code == 200, (path, response.status_code)
    return times[0], times[1:], cpu[1:]


def _pages() -> Iterator[tuple[str, str, dict[str, str]]]:
    yield "(floor: log-in page)", "/inloggen/", {}
    yield "vandaag", "/", {}
    yield "vandaag, what htmx asks for", "/", {"HX-Request": "true"}
    for kind in ("branch", "till", "hour", "group", "vat", "tender", "staff"):
        yield f"omzet, this year by {kind}", f"/omzet/?periode=jaar&per={kind}", {}
    today = date.today()
    first, last = today - timedelta(days=today.day + 380), today - timedelta(days=today.day - 2)
    yield "omzet, 382 odd days by group", f"/omzet/?van={first}&tot={last}&per=group", {}
    yield "omzet, three years by branch", f"/omzet/?van={today - timedelta(days=1094)}&tot={today}&per=branch", {}
    yield "omzet, this month by day", "/omzet/?periode=maand&per=day", {}
    yield "omzet, this year by day", "/omzet/?periode=jaar&per=day", {}
    yield "artikelen, today", "/artikelen/?periode=vandaag", {}
    yield "artikelen, this week", "/artikelen/?periode=week", {}
    yield "artikelen, this month", "/artikelen/?periode=maand", {}
    yield "artikelen, this year", "/artikelen/?periode=jaar", {}
    yield "bijzonderheden, this week", "/bijzonderheden/?periode=week", {}
    yield "bijzonderheden, this year", "/bijzonderheden/?periode=jaar", {}
    yield "z, this month", "/z/?periode=maand", {}
    for label, path in (("meldingen", "/meldingen/"), ("kassas", "/kassas/"), ("one till", "/kassas/K1/"),
                        ("volledig", "/volledig/"), ("logboek", "/logboek/")):  # fmt: skip
        yield label, path, {}


def _fill(days: int) -> int:
    from django.db import connection, transaction
    from django.utils import timezone

    from kassa_office.journal.writing import DAY_TOTAL, MONTH_TOTAL, SKU_DAY, SKU_MONTH, Z_REPORT, insert
    from kassa_office.tills.models import Branch, Till, TillCursor, TillState

    now, chance, today = timezone.now(), random.Random(1), date.today()
    places = [Branch(code=f"B{n:02d}", name=f"Filiaal {n}") for n in range(BRANCHES)]
    Branch.objects.bulk_create(places)
    tills = [Till(code=f"K{n + 1}", branch=places[n // TILLS], token_hash=f"{n}", enrolled_at=now)
             for n in range(BRANCHES * TILLS)]  # fmt: skip
    Till.objects.bulk_create(tills)
    TillCursor.objects.bulk_create([TillCursor(till=till, next_seq=9, high_seq=8, claimed_seq=8, received_at=now)
                                    for till in tills])  # fmt: skip
    devices = [{"role": "printer", "state": "ok"}]
    TillState.objects.bulk_create([TillState(till=till, at=now, z=9, version="0.1.0", disk_free=10**10, devices=devices)
                                   for till in tills])  # fmt: skip
    count, months = 0, dict[Row, list[int]]()
    for back in range(days - 1, -1, -1):
        day = today - timedelta(days=back)
        month, rows = day.replace(day=1).isoformat(), []
        for till in tills:
            for kind, key, *amounts in _till_day(chance):
                rows.append((till.branch_id, day.isoformat(), till.code, kind, key, *amounts))
                have = months.setdefault((till.branch_id, month, till.code, kind, key), [0] * 6)
                for place, amount in enumerate(amounts):
                    have[place] += amount
        reports = [(till.branch_id, till.code, back + 1, day.isoformat(), back + 1, 0, 0, "s1", 1000, 1000, 0, "{}")
                   for till in tills]  # fmt: skip
        with transaction.atomic():
            insert(DAY_TOTAL, rows)
            insert(Z_REPORT, reports)
        count += len(rows)
    with transaction.atomic():
        insert(MONTH_TOTAL, [(*key, *amounts) for key, amounts in months.items()])
    count += len(months) + _fill_skus(days, chance, SKU_DAY, SKU_MONTH)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return count


def _fill_skus(days: int, chance: random.Random, by_day: Any, by_month: Any) -> int:
    from django.db import transaction

    from kassa_office.journal.writing import insert

    today, count = date.today(), 0
    months = sorted({(today - timedelta(days=n)).replace(day=1) for n in range(days)})
    with transaction.atomic():
        for month in months:
            rows = [(f"B{n:02d}", f"{sku}", month.isoformat(), 9000, 1900, 900)
                    for n in range(BRANCHES) for sku in range(SKUS)]  # fmt: skip
            insert(by_month, rows)
            count += len(rows)
        for back in range(min(days, SKU_DAYS)):
            day = (today - timedelta(days=back)).isoformat()
            rows = [(f"B{n:02d}", f"{sku}", day, 3000, 700, 300)
                    for n in range(BRANCHES) for sku in chance.sample(range(SKUS), SOLD)]  # fmt: skip
            insert(by_day, rows)
            count += len(rows)
    return count


def _till_day(chance: random.Random) -> Iterator[tuple[Any, ...]]:
    """Kind, key, and the six sums of one till on one day."""
    amount = chance.randrange(80_000, 240_000)
    each = (TICKETS, TICKETS * 3000, amount, amount // 12, amount // 2, amount * 11 // 12)
    yield ("sale", "", *each)
    parts = {"hour": [f"{hour:02d}" for hour in range(8, 20)], "group": [f"Groep {n}" for n in range(GROUPS)],
             "staff": [f"s{n}" for n in range(STAFF)], "vat": ["high:2100", "low:900", "none:0"],
             "tender": ["cash", "pin", "voucher"]}  # fmt: skip
    for kind, keys in parts.items():
        for key in keys:
            yield (kind, key, *(value // len(keys) for value in each))
    for kind, key in (("return", "receipt"), ("void", "line"), ("discount", "line"), ("event", "drawer"),
                      ("override", "price")):  # fmt: skip
        yield (kind, key, 3, 0, 900, 0, 0, 0)
        yield ("who", f"{kind}:{key}:s{chance.randrange(STAFF)}", 3, 0, 900, 0, 0, 0)


def _owner() -> Any:
    from django.contrib.auth.models import User

    from kassa_office.staff.models import Profile

    user = User.objects.create_user("bench", is_staff=True)
    Profile.objects.create(user=user, role="owner")
    return user


if __name__ == "__main__":
    sys.exit(main())
