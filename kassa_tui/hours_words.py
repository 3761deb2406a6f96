"""The Dutch words of clocking in and out."""

from __future__ import annotations

from kassa_tui.marking import N_

HOURS_WORDS: dict[str, str] = {
    "hours_twice": N_("{name} heeft dit net al geklokt"),
    "hours_practice": N_("Bij het oefenen wordt niet geklokt"),
}
"""Codes of refusals."""

HOURS_DONE: dict[str, str] = {
    "hours_person": N_("{name}: {state:hours_state}"),
    "hours_clocked": N_("{name}: {kind:hours_kind} om {time}[, gewerkt {worked}]"),
}
"""Codes of what was done."""

HOURS_KINDS: dict[str, dict[str, str]] = {
    "hours_kind": {
        "in": N_("ingeklokt"),
        "out": N_("uitgeklokt"),
        "break_start": N_("pauze begonnen"),
        "break_end": N_("pauze klaar"),
    },
    "hours_state": {
        "in": N_("aan het werk"),
        "out": N_("niet ingeklokt op deze kassa"),
        "break_start": N_("pauze"),
    },
}
"""What was clocked, and what somebody is doing as far as one till knows."""
