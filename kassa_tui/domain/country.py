"""What differs between the Netherlands and Belgium, as data: rounding, cash limits, words.

Sources: standards 4.1 and 4.2. A fact there marked as unproven is a field here, so that a shop can set it otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

OFF, CASH_ONLY, ALL_TENDERS = "off", "cash", "all"
"""Cash rounding: none, on the part settled in cash, or on the total whatever the tender (a Belgian choice)."""


@dataclass(frozen=True, slots=True)
class Country:
    """Rules of one country."""

    code: str
    rounding: str
    """Default of cash rounding to 5 cents: voluntary in NL, obligatory in BE."""
    rounding_choices: tuple[str, ...]
    round_from: int
    """Smallest amount in cents that is rounded: in Belgium only above 5 cents."""
    cash_limit: int
    """Cents of cash on one sale that may not be reached (NL) or passed (BE)."""
    cash_limit_inclusive: bool
    """True where the limit itself is already forbidden (NL: € 3,000 and more)."""
    business_rounds: bool
    """Whether a sale to a business is rounded too; Belgium rounds for consumers only."""

    def cash_allowed(self, cents: int) -> bool:
        """Whether this much cash, taken together on one sale, may be accepted."""
        return cents < self.cash_limit if self.cash_limit_inclusive else cents <= self.cash_limit


NL = Country("NL", OFF, (OFF, CASH_ONLY), 1, 300_000, True, True)
BE = Country("BE", CASH_ONLY, (CASH_ONLY, ALL_TENDERS), 6, 300_000, False, False)
COUNTRIES = {"NL": NL, "BE": BE}


def with_rounding(country: Country, choice: str | None) -> Country:
    """The country's rules with the shop's own choice of rounding; ValueError where the law leaves no such choice."""
    if choice is None:
        return country
    if choice not in country.rounding_choices:
        raise ValueError(choice)
    return replace(country, rounding=choice)


def round5(cents: int) -> int:
    """To the nearest 5 cents, mirrored for refunds: 1,2 → 0; 3,4 → 5; 6,7 → 5; 8,9 → 10."""
    rounded = (abs(cents) + 2) // 5 * 5
    return rounded if cents >= 0 else -rounded
