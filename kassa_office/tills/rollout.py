"""Settings and program versions on their way to the tills: a few first, then more, and back where it is no good.

Each stage is let go by a person, and not before every till that was reached is heard, well, and has what it was given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from kassa_office.staff.access import audit
from kassa_office.tills.heartbeat import SILENT_OPEN
from kassa_office.tills.models import Rollout, RolloutTill, Till, TillState
from kassa_tui.office_keys import fingerprint, is_empty, judge
from kassa_tui.sync.wire import VERSION_SHAPE

MAX_STAGES, MAX_KEYS = 20, 60
_VERSION = re.compile(VERSION_SHAPE, re.ASCII)


class Fault(NamedTuple):
    """Why something is not done, or what stands in the way of it."""

    code: str
    """Of a body: ``not_toml``, ``nothing``, ``too_many``, ``version``, ``overlap`` (``name``), and those of
    `config_checks` with ``key``. Of stages: ``stages``, ``stage`` (``given``), ``unknown_till``, ``twice``.
    Of tills: ``silent``, ``doctor``, ``ignored``, ``not_taken``, ``not_fit``. Of the whole: ``paused``, ``over``,
    ``moved``."""
    till: str = ""
    facts: Mapping[str, Any] = {}


def read_settings(text: str) -> tuple[dict[str, Any], list[Fault]]:
    """Settings as in ``till.toml``, ``rules.return_days = 14`` or below ``[rules]``: flat, and what is wrong."""
    import tomllib

    try:
        tables = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        return {}, [Fault("not_toml", facts={"detail": str(error)[:200]})]
    found = dict(_flat("", tables))
    if not found:
        return {}, [Fault("nothing")]
    return found, [Fault("too_many", facts={"most": MAX_KEYS})] if len(found) > MAX_KEYS else []


def _flat(where: str, table: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(f"{where}{key}.", value)
        else:
            yield f"{where}{key}", value


def read_stages(text: str) -> tuple[list[list[str] | int], list[Fault]]:
    """Stages a line each: till codes, or a percentage; ``100%`` behind them where the last line is less than all."""
    stages: list[list[str] | int] = []
    faults: list[Fault] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        percent = re.fullmatch(r"([0-9]{1,3}) ?%", line, re.ASCII)
        if percent and 1 <= int(percent[1]) <= 100:
            stages.append(int(percent[1]))
        elif percent or not re.fullmatch(r"[A-Z0-9]{1,8}(?:[ ,;]+[A-Z0-9]{1,8})*", line.upper(), re.ASCII):
            faults.append(Fault("stage", facts={"given": line[:60]}))
        else:
            stages.append(re.split(r"[ ,;]+", line.upper()))
    if not 1 <= len(stages) <= MAX_STAGES and not faults:
        faults.append(Fault("stages", facts={"most": MAX_STAGES}))
    return stages, faults or _of_stages(stages)


def _of_stages(stages: list[list[str] | int]) -> list[Fault]:
    named = [code for stage in stages if isinstance(stage, list) for code in stage]
    known = set(Till.objects.filter(code__in=named).values_list("code", flat=True))
    faults = [Fault("unknown_till", code) for code in dict.fromkeys(named) if code not in known]
    return faults + [Fault("twice", code) for code in dict.fromkeys(named) if named.count(code) > 1]


def faults_of(kind: str, body: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with what is to be rolled out, in any country that has a branch."""
    if kind == Rollout.VERSION:
        fine = _VERSION.fullmatch(str(body.get("version", "")))
        return [*([] if fine else [Fault("version")]), *_overlaps(kind, body)]
    countries = sorted(set(Till.objects.filter(active=True).values_list("branch__country", flat=True))) or ["NL"]
    found = {(key, wrong.code): Fault(wrong.code, facts={"key": key, **wrong.facts})
             for country in countries for key, wrong in judge(body, country)[1]}  # fmt: skip
    return [*found.values(), *_overlaps(kind, body)]


def _overlaps(kind: str, body: Mapping[str, Any]) -> list[Fault]:
    """Another roll-out of the same thing that is not over: nobody could tell what a till has of which."""
    return [
        Fault("overlap", facts={"name": other.name})
        for other in Rollout.objects.filter(kind=kind, finished_at=None)
        if kind == Rollout.VERSION or set(other.body) & set(body)
    ]


def make(
    name: str, kind: str, body: Mapping[str, Any], stages: list[list[str] | int], by: str
) -> Rollout | list[Fault]:
    """A roll-out that has not begun; or why not."""
    faults = faults_of(kind, body)
    if faults:
        return faults
    with transaction.atomic():
        made = Rollout.objects.create(name=name[:80], kind=kind, body=dict(body), stages=stages, made_by=by[:150])
        audit(by, "rollout.made", name=made.name, kind=kind, body=dict(body), stages=stages)
    return made


def obstacles(rollout: Rollout, now: datetime | None = None) -> list[Fault]:
    """What is the matter with the tills that were reached; nothing where each has what it was given and is well."""
    now = now or timezone.now()
    reached = RolloutTill.objects.filter(rollout=rollout).select_related("till__state").order_by("till")
    found = (obstacle(rollout, row.till, getattr(row.till, "state", None), now) for row in reached if _counts(row.till))
    return [fault for fault in found if fault]


def obstacle(rollout: Rollout, till: Till, state: TillState | None, now: datetime) -> Fault | None:
    """What is the matter with one till, the gravest first; None where it is well and has it."""
    if state is None or now - state.at > SILENT_OPEN:
        return Fault("silent", till.code, {"since": None if state is None else state.at.isoformat()})
    doctor = state.doctor if isinstance(state.doctor, dict) else {}
    bad = sorted(str(part) for part, said in doctor.items() if str(said).partition(" ")[0] == "fail")
    if bad:
        return Fault("doctor", till.code, {"parts": bad})
    if rollout.kind == Rollout.VERSION:
        wanted = rollout.body["version"]
        return None if state.version == wanted else Fault("not_taken", till.code, {"version": state.version})
    if str(doctor.get("settings", "")).startswith("warn ignored "):
        return Fault("ignored", till.code, {"keys": doctor["settings"].removeprefix("warn ignored ")})
    return None if state.settings == fingerprint(till.settings) else Fault("not_taken", till.code)


def _counts(till: Till) -> bool:
    """Nobody waits for a till that is out of use."""
    return till.active and bool(till.token_hash)


def targets(rollout: Rollout, stage: int) -> list[str]:
    """Codes of the tills that a stage would reach now, ``stage`` counted from 0; those before it left out."""
    reached = set(RolloutTill.objects.filter(rollout=rollout).values_list("till", flat=True))
    tills = Till.objects.filter(active=True, branch__active=True).exclude(token_hash="")
    codes = sorted(tills.values_list("code", flat=True))
    wanted = rollout.stages[stage]
    if isinstance(wanted, list):
        return [code for code in codes if code in wanted and code not in reached]
    # The same tills however often one looks, and for another roll-out others.
    codes.sort(key=lambda code: sha256(f"{rollout.pk}:{code}".encode()).digest())
    share = -(-len(codes) * wanted // 100)
    rest = [code for code in codes if code not in reached]
    return sorted(rest[: max(0, share - (len(codes) - len(rest)))])


def advance(number: int, by: str, seen: int) -> list[Fault]:
    """Let the next stage go, or finish behind the last; or what stands in the way. ``seen``: the stage a person saw."""
    with transaction.atomic():
        rollout = Rollout.objects.select_for_update().get(pk=number)
        faults = _not_now(rollout, seen) or obstacles(rollout)
        if not faults and rollout.stage < len(rollout.stages):
            faults = _let_go(rollout)
        if not faults:
            last = rollout.stage >= len(rollout.stages)
            rollout.started_at = rollout.started_at or timezone.now()
            rollout.finished_at = timezone.now() if last else None
            rollout.stage += 0 if last else 1
            rollout.save()
            audit(by, "rollout.finished" if last else "rollout.advanced", name=rollout.name, stage=rollout.stage)
    if faults:
        audit(by, "rollout.advanced", refused=True, name=rollout.name,
              why=[f"{fault.till} {fault.code}".strip() for fault in faults][:20])  # fmt: skip
    return faults


def _not_now(rollout: Rollout, seen: int) -> list[Fault]:
    if rollout.finished_at:
        return [Fault("over")]
    if rollout.stage != seen:
        return [Fault("moved")]
    return [Fault("paused")] if rollout.paused_at else []


def _let_go(rollout: Rollout) -> list[Fault]:
    """Give the next stage's tills what they are to have; nothing where it does not fit one of them."""
    codes = targets(rollout, rollout.stage)
    tills = list(Till.objects.select_for_update(of=("self",)).select_related("branch").filter(code__in=codes))
    if rollout.kind == Rollout.SETTINGS:
        wrong = [Fault("not_fit", till.code, {"key": key}) for till in tills
                 for key, _why in judge(rollout.body, till.branch.country)[1]]  # fmt: skip
        if wrong:
            return wrong
    versions = dict(TillState.objects.filter(till__in=codes).values_list("till", "version"))
    for till in tills:
        former = _given(rollout, till, versions.get(till.code, ""))
        RolloutTill.objects.create(
            rollout=rollout, till=till, stage=rollout.stage, at=timezone.now(), former=former
        )  # fmt: skip
    return []


def _given(rollout: Rollout, till: Till, runs: str) -> dict[str, Any]:
    """Give one till what it is to have; what it had."""
    if rollout.kind == Rollout.VERSION:
        former = {"version": till.wanted_version or runs}
        till.wanted_version = "" if runs == rollout.body["version"] else rollout.body["version"]
        till.save(update_fields=["wanted_version"])
        return former
    former = {key: till.settings.get(key) for key in rollout.body}
    _set(till, rollout.body)
    return former


def _set(till: Till, values: Mapping[str, Any]) -> None:
    """Settings of a till, those with an empty value taken away; the feed hears of it by the signal of the save."""
    merged = {**till.settings, **values}
    till.settings = {key: value for key, value in merged.items() if not is_empty(value)}
    till.save(update_fields=["settings"])


def pause(number: int, by: str, paused: bool) -> None:
    """Hold the next stage back, or no longer; what was let go goes on."""
    with transaction.atomic():
        changed = Rollout.objects.filter(pk=number, finished_at=None, paused_at__isnull=paused).update(
            paused_at=timezone.now() if paused else None
        )
        if changed:
            name = Rollout.objects.values_list("name", flat=True).get(pk=number)
            audit(by, "rollout.paused" if paused else "rollout.resumed", name=name)


def undo(number: int, by: str) -> list[str]:
    """Give every till back what it had, where nobody gave it something else since; codes of those left as they are."""
    with transaction.atomic():
        rollout = Rollout.objects.select_for_update().get(pk=number)
        if rollout.undone:
            return []
        left = [row.till_id for row in _reached(rollout) if not _restored(rollout, row)]
        rollout.undone, rollout.finished_at = True, rollout.finished_at or timezone.now()
        rollout.save()
        audit(by, "rollout.undone", name=rollout.name, left=left)
    return left


def _reached(rollout: Rollout) -> list[RolloutTill]:
    rows = RolloutTill.objects.select_for_update(of=("self", "till")).filter(rollout=rollout)
    return list(rows.select_related("till").order_by("till"))


def _restored(rollout: Rollout, row: RolloutTill) -> bool:
    till = row.till
    if rollout.kind == Rollout.VERSION:
        runs = TillState.objects.filter(till=till).values_list("version", flat=True).first() or ""
        if rollout.body["version"] != (till.wanted_version or runs):
            return False
        former = str(row.former.get("version", ""))
        till.wanted_version = "" if former == runs else former
        till.save(update_fields=["wanted_version"])
        return True
    ours = {key: was for key, was in row.former.items() if _same(till.settings.get(key), rollout.body.get(key))}
    _set(till, ours)
    return len(ours) == len(row.former)


def _same(now: Any, given: Any) -> bool:
    return now == given or (is_empty(now) and is_empty(given))
