"""The age question: who is old enough today."""

from __future__ import annotations

from datetime import date


def latest_birth_date(today: str, years: int) -> str:
    """ISO date of the youngest customer who has turned ``years`` by ``today``.

    Who was born on 29 February turns on 1 March in other years, as Dutch law counts it (standards 10).
    """
    now = date.fromisoformat(today)
    try:
        return now.replace(year=now.year - years).isoformat()
    except ValueError:
        return date(now.year - years, 2, 28).isoformat()
