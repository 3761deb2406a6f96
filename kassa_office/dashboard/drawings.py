"""Small drawings made here: bars in a table. SVG attributes only, so that the strictest policy lets them through."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.safestring import mark_safe

from kassa_office.dashboard.tables import Drawing

WIDTH, HEIGHT = 96, 22


def spark(values: Sequence[int], before: Sequence[int] = ()) -> Drawing:
    """A bar for each value, with a paler one behind it for what it is compared with."""
    top = max([*values, *before, 1])
    step = WIDTH / max(len(values), 1)
    bars = []
    for series, name in ((before, "before"), (values, "now")):
        for place, value in enumerate(series):
            tall = round(HEIGHT * max(value, 0) / top, 1)
            if tall:
                left = round(place * step + (0 if name == "before" else step * 0.2), 1)
                wide = round(step * (0.95 if name == "before" else 0.55), 1)
                bars.append(f'<rect class="{name}" x="{left}" y="{HEIGHT - tall}" width="{wide}" height="{tall}"/>')
    return _svg("".join(bars))


def bar(value: int, top: int) -> Drawing:
    """One bar as long as its part of the greatest."""
    wide = round(WIDTH * max(value, 0) / top, 1) if top > 0 else 0
    return _svg(f'<rect class="now" x="0" y="6" width="{wide}" height="10"/>')


def _svg(inner: str) -> Drawing:
    return Drawing(
        mark_safe(
            f'<svg class="bars" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">'
            f"{inner}</svg>"
        )
    )
