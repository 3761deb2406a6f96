"""How the till stands with the office, without asking the network: what waits, since when, why, and who must act.

The agent keeps ``sync.db``; this looks at it and at the till's own counters, a few microseconds each time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kassa_tui.domain.outcome import Done, Outcome, Refused
from kassa_tui.domain.shift import local_date, local_time
from kassa_tui.storage.sync_state import State, SyncReader

if TYPE_CHECKING:
    from kassa_tui.services.till import Till

LATE_MS = 5 * 60_000
"""An agent that has said nothing for so long does not run; an office unheard of for so long is told on the screen."""
SKEW_MS = 2 * 60_000
"""Clocks further apart than this are told: times on receipts would be wrong."""
NOBODY, TECHNICIAN, OFFICE = "", "technician", "office"
ACTORS = {
    "unauthorised": OFFICE, "forbidden": OFFICE, "inactive": OFFICE, "code_used": OFFICE, "code_unknown": OFFICE,
    "code_expired": OFFICE, "till_taken": OFFICE, "channel_taken": OFFICE, "other_till": TECHNICIAN,
    "bad_key": TECHNICIAN,
    "certificate": TECHNICIAN, "redirect": TECHNICIAN,
    "other_schema": TECHNICIAN, "token_missing": TECHNICIAN, "token_open": TECHNICIAN, "token_bad": TECHNICIAN,
}  # fmt: skip
"""Who must act on a code; for all others time mends it."""
WHY = frozenset({
    "unreachable", "timeout", "certificate", "bad_answer", "redirect", "unauthorised", "forbidden", "code_used",
    "inactive", "code_unknown", "code_expired", "till_taken", "channel_taken", "other_till", "bad_key", "too_often",
    "bad_encoding",
    "gone", "claimed", "has_tenders", "method", "range",
    "other_schema", "busy", "fault", "too_large", "bad_message", "unknown", "cursor_gone", "snapshot_bad",
    "snapshot_newer", "disk_full", "locked",
})  # fmt: skip
"""Codes with words of their own; the rest is ``fault``."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything there is to tell, as of one look."""

    state: State
    at: int
    """UTC milliseconds of the look."""
    offset: int
    """Minutes from UTC to the shop's wall clock."""
    entries: int
    """Not answered for by the office."""
    receipts: int
    oldest: int
    """When the first entry that waits was made; 0 where none waits."""
    stuck: tuple[int, ...] = ()
    conflicts: tuple[int, ...] = ()
    quarantined: tuple[int, ...] = ()

    @property
    def agent_runs(self) -> bool:
        """Whether the agent said so lately."""
        return abs(self.at - self.state.agent) < LATE_MS

    @property
    def differs_still(self) -> bool:
        """Whether the catalogue is not the office's though all of it came again."""
        state = self.state
        return bool(state.differs) and not state.snapshot and state.snapshot_at >= state.differs_at

    @property
    def actor(self) -> str:
        """Who must act: ``office``, ``technician`` or nobody."""
        if self.conflicts or self.quarantined or self.state.trouble or self.differs_still:
            return OFFICE
        return TECHNICIAN if not self.agent_runs or self.stuck else ACTORS.get(self.state.code, NOBODY)


class OfficeWatch:
    """Looks for one data folder; on one thread."""

    def __init__(self, folder: Path) -> None:
        self._reader = SyncReader(folder)

    def look(self, con: sqlite3.Connection, at: int, offset: int) -> Standing:
        """How it stands, with ``con`` reading ``till.db``."""
        found = self._reader.read()
        state, aside = found or (State(), [])
        high = con.execute("select coalesce(max(seq), 0) from journal").fetchone()[0]
        receipt = con.execute("select receipt from state").fetchone()[0]
        first = con.execute("select at from journal where seq > ? order by seq limit 1", (state.acked,)).fetchone()
        by = {status: tuple(seq for seq, its, _ in aside if its == status) for status in
              ("stuck", "conflict", "quarantined")}  # fmt: skip
        return Standing(
            state=state,
            at=at,
            offset=offset,
            entries=max(high - state.acked, 0) + len(by["stuck"]),
            receipts=max(receipt - state.acked_receipt, 0),
            oldest=first[0] if first else 0,
            stuck=by["stuck"],
            conflicts=by["conflict"],
            quarantined=by["quarantined"],
        )

    def close(self) -> None:
        """Let go of the file."""
        self._reader.close()


def standing(till: Till, watch: OfficeWatch) -> Standing:
    """For the till that runs."""
    moment = till.clock.now()
    return watch.look(till.store.read, moment.at, moment.offset)


def line(now: Standing) -> tuple[Outcome, bool]:
    """The one line for the screen, and whether it is trouble."""
    state = now.state
    if not now.agent_runs:
        return Refused("office_no_agent", _waiting(now)), True
    away = state.failing_since and now.at - state.failing_since >= LATE_MS
    if ACTORS.get(state.code) and state.failing_since:
        return Refused("office_act", {**_waiting(now), "why": why(state.code)}), True
    if away:
        told = {**_waiting(now), **_since(now, state.failing_since)}
        return Refused("office_away_one" if now.receipts == 1 else "office_away", told), True
    if now.conflicts or now.stuck or state.trouble:
        return Refused("office_look", {"n": len(now.conflicts) + len(now.stuck)}), True
    if abs(state.skew) > SKEW_MS:
        return clock_words(state.skew), True
    minutes = max(now.at - state.last_success, 0) // 60_000
    if not state.last_success:
        return Done("office_not_yet"), False
    if minutes < 2:
        return Done("office_now"), False
    return (Done("office_minutes", {"minutes": minutes}) if minutes < 120
            else Done("office_hours", {"hours": minutes // 60})), False  # fmt: skip


def clock_words(skew: int) -> Refused:
    """The till's clock against the office's."""
    return Refused("office_clock_ahead" if skew > 0 else "office_clock_behind", {"minutes": abs(skew) // 60_000})


def report(now: Standing) -> Iterator[tuple[Outcome, bool]]:
    """All of it, a line each, and whether it is trouble: what waits, since when, why, who must act."""
    state = now.state
    if now.entries:
        yield Done("office_waits", {"entries": now.entries, **_waiting(now), **_since(now, now.oldest)}), False
    else:
        yield Done("office_all_in", {"seq": state.acked}), False
    if state.last_success:
        yield Done("office_last", _since(now, state.last_success)), False
    if not now.agent_runs:
        yield Refused("office_no_agent"), True
    if state.failing_since:
        yield Refused("office_why", {"why": why(state.code), **_since(now, state.failing_since)}), True
    if state.next_try > now.at:
        yield Done("office_next", {"seconds": (state.next_try - now.at) // 1000}), False
    yield from _odd(now)
    if abs(state.skew) > SKEW_MS:
        yield clock_words(state.skew), True
    yield from _catalogue(now)
    if now.actor == OFFICE:
        yield Done("office_actor_office"), False
    elif now.actor == TECHNICIAN:
        yield Done("office_actor_technician"), False
    else:
        yield Done("office_actor_nobody"), False


def _odd(now: Standing) -> Iterator[tuple[Outcome, bool]]:
    if now.stuck:
        yield Refused("office_stuck", {"n": len(now.stuck), "seq": now.stuck[0]}), True
    if now.conflicts:
        yield Refused("office_conflict", {"n": len(now.conflicts), "seq": now.conflicts[0]}), True
    if now.quarantined:
        yield Refused("office_quarantined", {"n": len(now.quarantined), "seq": now.quarantined[0]}), True
    if now.state.trouble:
        yield Refused("office_ahead"), True


def _catalogue(now: Standing) -> Iterator[tuple[Outcome, bool]]:
    state = now.state
    if state.feed_code:
        yield Refused("office_feed_why", {"why": why(state.feed_code), **_since(now, state.feed_since)}), True
    if state.snapshot:
        yield Done("office_snapshot"), False
    elif state.feed_at:
        yield Done("office_feed", _since(now, state.feed_at)), False
    for table in state.differs.split():
        yield Refused("office_differs_still" if now.differs_still else "office_differs", {"what": table}), True
    if state.feed_refused:
        yield Refused("office_feed_refused", {"n": state.feed_refused}), True


def facts(now: Standing) -> dict[str, Any]:
    """For ``--json``."""
    state = now.state
    return {
        "entries": now.entries, "receipts": now.receipts, "oldest": now.oldest, "acked": state.acked,
        "epoch": state.epoch, "agent_runs": now.agent_runs, "last_success": state.last_success,
        "failing_since": state.failing_since, "code": state.code, "next_try": state.next_try, "who": now.actor,
        "skew_ms": state.skew, "cursor": state.cursor, "office_cursor": state.office_cursor,
        "feed_code": state.feed_code, "feed_refused": state.feed_refused, "snapshot": state.snapshot,
        "differs": state.differs.split(), "stuck": list(now.stuck), "conflicts": list(now.conflicts),
        "quarantined": list(now.quarantined), "trouble": state.trouble, "latest_version": state.latest_version,
    }  # fmt: skip


def _waiting(now: Standing) -> dict[str, Any]:
    return {"receipts": now.receipts}


def _since(now: Standing, at: int) -> dict[str, str]:
    """``14:02`` today, else with the day."""
    time = local_time(at, now.offset).strftime("%H:%M")
    today, day = local_date(now.at, now.offset), local_date(at, now.offset)
    return {"since": time if day == today else f"{day[8:]}-{day[5:7]} {time}"}


def why(code: str) -> str:
    """The code whose words say what is wrong."""
    return code if code in WHY else "fault"
