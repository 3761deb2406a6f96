"""Figures as they are written in the Low Countries, whatever language the words around them are in.

``€ 1.234,56``, ``12,3 %``, ``22-11-2026``, ``14:02``. Blanks that must not break are no-break spaces.
"""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

BLANK = "\u00a0"
MINUS = "-"
GIGA, MEGA = 1_000_000_000, 1_000_000


def whole(number: int) -> str:
    """``1.234``."""
    return f"{number:,}".replace(",", ".")


def decimal(number: int, scale: int, places: int = 2) -> str:
    """An integer of so many hundredths, thousandths … (``scale`` 100, 1000) with ``places`` decimals."""
    unit = 10**places
    rounded = (abs(number) * unit * 2 + scale) // (2 * scale)
    sign = MINUS if number < 0 and rounded else ""
    return f"{sign}{whole(rounded // unit)}" + (f",{rounded % unit:0{places}d}" if places else "")


def euro(cents: int | None) -> str:
    """``€ 1.234,56``; empty for what is not known."""
    return "" if cents is None else f"€{BLANK}{decimal(cents, 100)}"


def euros(cents: int | None) -> str:
    """Whole euros: ``€ 1.235``."""
    return "" if cents is None else f"€{BLANK}{decimal(cents, 100, 0)}"


def share(hundredths: int | None) -> str:
    """``12,3 %`` of hundredths of a percent."""
    return "" if hundredths is None else f"{decimal(hundredths, 100, 1)}{BLANK}%"


def change(hundredths: int | None) -> str:
    """``+12,3 %``."""
    return "" if hundredths is None else ("+" if hundredths > 0 else "") + share(hundredths)


def quantity(thousandths: int | None) -> str:
    """``12`` or ``0,375``."""
    if thousandths is None:
        return ""
    return decimal(thousandths, 1000, 0 if thousandths % 1000 == 0 else 3)


def rate(hundredths: int) -> str:
    """A VAT rate: ``21 %``, ``5,5 %``."""
    text = decimal(hundredths, 100)
    return f"{text.rstrip('0').rstrip(',')}{BLANK}%"


def day(value: date | None) -> str:
    """``22-11-2026``."""
    return "" if value is None else f"{value.day:02d}-{value.month:02d}-{value.year:04d}"


def weekday(value: date) -> str:
    """``zondag``."""
    names = (_("maandag"), _("dinsdag"), _("woensdag"), _("donderdag"), _("vrijdag"), _("zaterdag"), _("zondag"))
    return names[value.weekday()]


def short_day(value: date) -> str:
    """``zo 22-11-2026``."""
    names = (_("ma"), _("di"), _("wo"), _("do"), _("vr"), _("za"), _("zo"))
    return f"{names[value.weekday()]} {day(value)}"


def local(at: datetime) -> datetime:
    """A time on the wall of the office."""
    return at.astimezone(ZoneInfo(settings.OFFICE.timezone))


def clock(at: datetime | None) -> str:
    """``14:02``, with the date where it is not today's."""
    if at is None:
        return ""
    then, now = local(at), datetime.now(ZoneInfo(settings.OFFICE.timezone))
    return f"{then:%H:%M}" if then.date() == now.date() else f"{day(then.date())} {then:%H:%M}"


def moment(at: datetime | None) -> str:
    """``22-11-2026 14:02``."""
    return "" if at is None else f"{day(local(at).date())} {local(at):%H:%M}"


def wall(at: int, offset: int) -> str:
    """A till's own wall clock: UTC milliseconds, minutes from UTC."""
    from kassa_tui.domain.shift import local_time

    try:
        then = local_time(at, offset)
    except OverflowError:
        return ""
    return f"{day(then.date())} {then:%H:%M}"


def size(count: int) -> str:
    """``12,3 GB`` of bytes."""
    if count >= GIGA:
        return f"{decimal(count, GIGA, 1)}{BLANK}GB"
    return f"{decimal(count, MEGA, 0)}{BLANK}MB"


def growth(now: int, before: int) -> int | None:
    """Hundredths of a percent by which ``now`` is more than ``before``; None where there is nothing to compare with."""
    return round(10_000 * (now - before) / before) if before > 0 else None
