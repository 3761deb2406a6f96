"""Clockings of the tills, one row each; who worked when is reckoned from them where it is asked for."""

from __future__ import annotations

from kassa_office.journal.bodies import Facts, cut
from kassa_office.journal.projection import Costs, Here, Kind
from kassa_office.journal.writing import CLOCKING, Gathered
from kassa_tui.domain.hours import ENTRIES


def _clocked(gathered: Gathered, here: Here, facts: Facts, costs: Costs) -> None:
    entry, who = here.entry, cut(here.entry.who, 40)
    kind = entry.kind.removeprefix("hours.")
    gathered.add(CLOCKING, (*here.key, entry.at, entry.offset, kind, who, "", "", who))


KINDS: dict[str, Kind] = {kind: Kind(Facts, _clocked) for kind in ENTRIES}
