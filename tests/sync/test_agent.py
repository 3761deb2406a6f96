"""The agent: when it tries, how it waits, what it tells, and that it ends when told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kassa_tui.domain.outcome import Refused
from kassa_tui.messages import Words
from kassa_tui.services import office as standing
from kassa_tui.storage.database import StorageError
from kassa_tui.sync import night
from kassa_tui.sync.office_client import write_token
from kassa_tui.sync.port import OfficeError
from kassa_tui.sync.schedule import (
    BEAT,
    LONG_OUTAGE_SECONDS,
    MOST_WAIT_SECONDS,
    NIGHT,
    PULL,
    TURNS_SECONDS,
    WATCH,
    turn,
    wait,
)
from tests.sync.conftest import Clock, Shop
from tests.sync.office import Office, Server, seqs

DUTCH = Words("nl")
MINUTE, DAY = 60, 86_400


def _down(office: Office, code: str = "unreachable", retry_after: int = 0) -> None:
    def refuse(what: str) -> None:
        raise OfficeError(code, retry_after=retry_after)

    office.before = refuse


def _up(office: Office) -> None:
    office.before = lambda what: None


def _line(shop: Shop) -> str:
    watch, store = standing.OfficeWatch(shop.data), shop.store()
    moment = shop.clock.now()
    told, _ = standing.line(watch.look(store.read, moment.at, moment.offset))
    watch.close()
    store.close()
    return DUTCH.outcome(told)


def _report(shop: Shop) -> list[str]:
    watch, store = standing.OfficeWatch(shop.data), shop.store()
    moment = shop.clock.now()
    told = [DUTCH.outcome(each) for each, _ in standing.report(watch.look(store.read, moment.at, moment.offset))]
    watch.close()
    store.close()
    return told


@pytest.mark.parametrize("tries", range(1, 30))
def test_waits_double_up_to_a_quarter_of_an_hour_and_never_are_nothing(tries: int) -> None:
    error = OfficeError("unreachable")
    bound = min(5 * 2 ** (tries - 1), MOST_WAIT_SECONDS)
    assert wait(tries, error, lambda: 0.0) == 1.0
    assert wait(tries, error, lambda: 0.999999) == pytest.approx(bound, rel=1e-3)
    assert wait(tries, OfficeError("busy", retry_after=120), lambda: 0.0) == 120
    assert wait(tries, OfficeError("unauthorised"), lambda: 0.0) >= 600


def test_turns_are_spread_and_stay_the_same() -> None:
    turns = [turn(f"K{n}") for n in range(10_000)]
    assert turns == [turn(f"K{n}") for n in range(10_000)]
    busiest = max(sum(1 for each in turns if second <= each < second + 10) for second in range(0, TURNS_SECONDS, 10))
    assert busiest < 2 * 10_000 * 10 / TURNS_SECONDS


def test_half_a_year_alone_then_everything_arrives(shop: Shop, office: Office) -> None:
    shop.sell(3)
    agent = shop.agent(office)  # type: ignore[arg-type]
    assert agent.once() is None
    calls = 0

    def refuse(what: str) -> None:
        nonlocal calls
        calls += 1
        raise OfficeError("unreachable")

    office.before = refuse
    since = shop.clock.at
    for _ in range(4 * 3600):
        agent.work({WATCH, BEAT, PULL})
        shop.clock.go(1)
    assert 2 * 16 < calls < 2 * 50, "no busy loop, and it does not give up"
    for _week in range(26):
        shop.sell(30)
        for _ in range(7 * 4):
            agent.work({WATCH, BEAT, PULL})
            shop.clock.go(DAY / 4)
    assert agent.state.now.failing_since == since
    assert calls > 26 * 7 * 4
    _up(office)
    sent = 0
    while agent.outbox.pending() and sent < 10_000:
        agent.work({WATCH, BEAT})
        shop.clock.go(1)
        sent += 1
    assert seqs(office.entries.values()) == list(range(1, 3 + 26 * 30 + 1))
    assert all(len(batch.entries) <= 500 for batch in office.batches)
    assert agent.state.now.failing_since == 0
    agent.close()


def test_after_a_long_outage_each_till_waits_for_its_turn(shop: Shop, office: Office) -> None:
    shop.sell(1)
    agent = shop.agent(office)  # type: ignore[arg-type]
    _down(office)
    agent.work({WATCH})
    shop.clock.go(LONG_OUTAGE_SECONDS + 1000)
    _up(office)
    agent.work({WATCH})
    assert (len(office.beats), len(office.batches)) == (1, 0), "it says that it is back, and waits"
    shop.clock.go(turn("K1") - 1)
    agent.work({WATCH})
    assert office.batches == []
    shop.clock.go(2)
    agent.work({WATCH})
    assert len(office.batches) == 1
    agent.close()


def test_after_a_short_one_it_goes_at_once(shop: Shop, office: Office) -> None:
    shop.sell(1)
    agent = shop.agent(office)  # type: ignore[arg-type]
    _down(office)
    agent.work({WATCH})
    shop.clock.go(MINUTE)
    _up(office)
    agent.work({WATCH})
    assert len(office.batches) == 1
    agent.close()


def test_what_the_office_asked_for_is_waited_out(shop: Shop, office: Office) -> None:
    shop.sell(1)
    agent = shop.agent(office)  # type: ignore[arg-type]
    _down(office, "busy", 300)
    agent.work({WATCH})
    _up(office)
    shop.clock.go(299)
    agent.work({WATCH, BEAT})
    assert office.batches == []
    shop.clock.go(10)
    agent.work({WATCH})
    assert len(office.batches) == 1
    agent.close()


def test_a_feed_that_fails_does_not_hold_up_the_journal(shop: Shop, office: Office) -> None:
    agent = shop.agent(office)  # type: ignore[arg-type]

    def refuse(what: str) -> None:
        if what in ("feed", "snapshot"):
            raise OfficeError("fault")

    office.before = refuse
    shop.sell(2)
    for _ in range(5):
        agent.work({WATCH, BEAT, PULL})
        shop.clock.go(1)
    assert len(office.entries) == 2
    assert (agent.state.now.code, agent.state.now.feed_code) == ("", "fault")
    agent.close()


@pytest.mark.parametrize(
    ("code", "who", "words"),
    [
        ("unauthorised", "office", "niet meer herkend"),
        ("forbidden", "office", "mag dit niet"),
        ("certificate", "technician", "certificaat"),
        ("redirect", "technician", "stuurt door"),
        ("other_schema", "technician", "versies"),
        ("unreachable", "", "onbereikbaar sinds 16:13"),
        ("bad_answer", "", "onbereikbaar sinds 16:13"),
    ],
)
def test_what_is_wrong_is_told_in_words_with_who_must_act(
    shop: Shop, office: Office, code: str, who: str, words: str
) -> None:
    shop.sell(12)
    agent = shop.agent(office)  # type: ignore[arg-type]
    _down(office, code)
    for _ in range(20):
        agent.work({WATCH, BEAT})
        shop.clock.go(MINUTE)
    agent.work({BEAT})
    agent.close()
    assert words in _line(shop)
    assert "12 bonnen wachten" in _line(shop)
    watch, store = standing.OfficeWatch(shop.data), shop.store()
    now = watch.look(store.read, shop.clock.at, 120)
    watch.close()
    store.close()
    assert now.actor == who
    assert (now.entries, now.receipts) == (12, 12)
    told = "\n".join(_report(shop))
    assert "Er wachten 12 regels, 12 bonnen" in told
    assert f"Sinds 16:13 lukt het niet: {DUTCH.kind('office_why', code)}" in told


def test_when_all_is_well_it_says_so_quietly(shop: Shop, office: Office) -> None:
    shop.sell(1)
    agent = shop.agent(office)  # type: ignore[arg-type]
    assert agent.once() is None
    assert _line(shop) == "kantoor bij"
    shop.clock.go(3 * MINUTE)
    assert _line(shop) == "kantoor 3 min geleden"
    assert "Alles is bij het kantoor, tot en met regel 1" in _report(shop)
    shop.clock.go(10 * MINUTE)
    assert "kassa sync draait niet" in _line(shop)
    agent.close()


@pytest.mark.parametrize(("hours", "words"), [(2, "120 minuten voor"), (-3, "180 minuten achter"), (0, "kantoor bij")])
def test_a_clock_that_is_off_is_told(shop: Shop, office: Office, hours: int, words: str) -> None:
    office.now = shop.clock.at - hours * 3_600_000
    agent = shop.agent(office)  # type: ignore[arg-type]
    assert agent.once() is None
    agent.close()
    assert words in _line(shop)


def test_a_clock_that_jumps_stops_nothing(shop: Shop, office: Office) -> None:
    agent = shop.agent(office)  # type: ignore[arg-type]
    _down(office)
    agent.work({WATCH, BEAT})
    shop.clock.at += 10 * 365 * DAY * 1000
    shop.clock.mono += 20
    _up(office)
    shop.sell(1)
    agent.work({WATCH})
    shop.clock.go(TURNS_SECONDS)
    agent.work({WATCH})
    assert len(office.entries) == 1
    shop.clock.at -= 20 * 365 * DAY * 1000
    shop.sell(1)
    shop.clock.mono += 1
    agent.work({WATCH})
    assert len(office.entries) == shop.store().read.execute("select max(seq) from journal").fetchone()[0]
    agent.close()


def test_one_agent_for_a_folder_and_the_second_says_who(shop: Shop, office: Office) -> None:
    agent = shop.agent(office)  # type: ignore[arg-type]
    with pytest.raises(StorageError) as refused:
        shop.agent(office)  # type: ignore[arg-type]
    assert (
        DUTCH.outcome(Refused(refused.value.code, refused.value.facts))
        == f"kassa sync draait al (proces {os.getpid()})"
    )
    agent.close()
    shop.agent(office).close()  # type: ignore[arg-type]


def test_the_till_is_never_written_and_can_sell_meanwhile(shop: Shop, office: Office) -> None:
    store = shop.store()
    agent = shop.agent(office)  # type: ignore[arg-type]
    changes = store.read.execute("pragma data_version").fetchone()
    assert agent.once() is None
    assert store.read.execute("pragma data_version").fetchone() == changes
    store.record("drawer", {"reason": "x", "by": "1"}, "1")
    assert agent.once() is None
    assert len(office.entries) == 1
    agent.close()
    store.close()


def test_the_heartbeat_tells_how_the_till_is(shop: Shop, office: Office) -> None:
    (shop.data / "doctor.json").write_text(
        json.dumps({"at": 5, "findings": [{"part": "disk", "state": "warn", "code": "low"}, "x"]}), "utf-8"
    )
    agent = shop.agent(office)  # type: ignore[arg-type]
    assert agent.once() is None
    beat = office.beats[-1]
    assert beat.doctor == {"at": 5, "disk": "warn low"}
    assert beat.disk_free > 0
    assert beat.version == "9.9"
    (shop.data / "doctor.json").write_text("[no json", "utf-8")
    assert agent.once() is None
    assert office.beats[-1].doctor == {}
    agent.close()


def test_the_nightly_copy_is_made_where_nobody_made_one(shop: Shop, office: Office, tmp_path: Path) -> None:
    made = tmp_path / "copied"
    script = f"import pathlib; pathlib.Path({str(made)!r}).touch()"
    shop.clock.at = 1_790_000_000_000 // (DAY * 1000) * DAY * 1000
    agent = shop.agent(office, backup=lambda: [sys.executable, "-c", script])  # type: ignore[arg-type]
    agent.work({NIGHT})
    assert vars(agent)["_copy"] is None, "not at two in the morning"
    shop.clock.go(2.5 * 3600)
    agent.work({NIGHT})
    assert vars(agent)["_copy"].wait(20) == 0
    agent.work({NIGHT})
    assert made.exists()
    agent.close()
    assert night.command(shop.config, shop.clock.at) is not None
    folder = shop.data / "backup"
    folder.mkdir()
    fresh = folder / "kassa-K1-x.tar.gz"
    fresh.touch()
    os.utime(fresh, (shop.clock.at / 1000 - 3600,) * 2)
    assert night.command(shop.config, shop.clock.at) is None


def test_a_sale_is_up_within_two_seconds(shop: Shop, office: Office) -> None:
    """With the real schedule and the real clock; what is waited for is the office, not a number of seconds."""
    arrived = threading.Event()
    office.after = lambda what: arrived.set() if what == "push" else None
    begun: list[float] = []

    def work() -> None:
        agent = shop.agent(office, monotonic=time.monotonic)  # type: ignore[arg-type]
        agents.append(agent)
        ready.set()
        try:
            agent.run()
        finally:
            agent.close()

    agents, ready = list[object](), threading.Event()
    running = threading.Thread(target=work)
    running.start()
    assert ready.wait(10)
    begun.append(time.monotonic())
    shop.sell(1)
    assert arrived.wait(10)
    took = time.monotonic() - begun[0]
    agents[0].stop()  # type: ignore[attr-defined]
    running.join(10)
    assert not running.is_alive()
    assert took < 4.0


Serve = Callable[..., Server]


def _kassa(shop: Shop, *words: str, **how: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kassa_tui", *words, "--config", str(shop.folder / "till.toml")]
    environment = {**os.environ, "XDG_STATE_HOME": str(shop.folder / "state"), "LANG": "C"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, **how)  # type: ignore[call-overload, no-any-return]


def test_kassa_sync_once_and_status(shop: Shop, office: Office, serve: Serve) -> None:
    server = serve(office)
    none = _kassa(shop, "sync", "--once")
    assert (none.returncode, "kassa enrol" in none.stderr) == (2, True)
    shop.belongs_to(server.url)
    bare = _kassa(shop, "sync", "--once")
    assert (bare.returncode, "nog niet aangemeld" in bare.stderr) == (4, True)
    write_token(shop.data, "geheim-token-1")
    office.put("group", "1", name="Brood", vat="low")
    store = shop.store()
    store.record("drawer", {"reason": "x", "by": "1"}, "1")
    store.close()
    done = _kassa(shop, "sync", "--once")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Alles is bij het kantoor, tot en met regel 1" in done.stdout
    told = json.loads(_kassa(shop, "sync", "--status", "--json").stdout)
    assert (told["entries"], told["acked"], told["code"]) == (0, 1, "")
    forced = _kassa(shop, "import", "articles", "x.csv")
    assert (forced.returncode, "komen van het kantoor" in forced.stderr) == (4, True)
    server.close()
    away = _kassa(shop, "sync", "--once")
    assert (away.returncode, "niet te bereiken" in away.stderr) == (3, True)
    assert "geheim-token" not in (shop.data / "kassa.log").read_text("utf-8")


def test_sigterm_ends_it_within_seconds(shop: Shop, office: Office, serve: Serve) -> None:
    over, asked = threading.Event(), threading.Event()

    def hang(what: str) -> None:
        asked.set()
        over.wait(5)

    office.before = hang
    server = serve(office)
    shop.belongs_to(server.url)
    write_token(shop.data, "geheim-token-1")
    command = [sys.executable, "-m", "kassa_tui", "sync", "--config", str(shop.folder / "till.toml")]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ, "XDG_STATE_HOME": str(shop.folder)})
    try:
        assert asked.wait(30)
        assert os.getpriority(os.PRIO_PROCESS, running.pid) == 10, "the till goes before"
        running.send_signal(signal.SIGTERM)
        over.set()
        assert running.wait(15) == 0
        assert running.stderr is not None
        assert running.stderr.read() == b""
    finally:
        running.kill()
        running.wait()


def test_clock_is_in_the_afternoon() -> None:
    assert Clock().now().offset == 120
