"""What became of alerts: how many were won, how sure that is, and what betting on them would have brought."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from footy.events.types import Alert, AlertSettled, Event

Z95 = 1.959963984540054
"""The normal deviate of a two-sided 95 % interval."""


@dataclass(slots=True)
class Outcomes:
    """The alerts of a rule."""

    rule: str
    fired: int = 0
    won: int = 0
    lost: int = 0
    void: int = 0
    prices_won: list[float] = field(default_factory=list)
    """Decimal odds of those that were won and had a price."""
    prices_lost: list[float] = field(default_factory=list)

    @property
    def open(self) -> int:
        """Return the number of alerts without an outcome."""
        return self.fired - self.won - self.lost - self.void

    @property
    def rate(self) -> float | None:
        """Return the share that was won of those won or lost."""
        decided = self.won + self.lost
        return self.won / decided if decided else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return the 95 % interval of that rate."""
        return wilson(self.won, self.won + self.lost)

    @property
    def break_even(self) -> float | None:
        """Return the rate at which betting the same stake at these prices would neither win nor lose."""
        prices = [*self.prices_won, *self.prices_lost]
        return len(prices) / sum(prices) if prices else None

    @property
    def gain(self) -> float | None:
        """Return the yield: what the same stake on each would have brought, as a share of all stakes."""
        bets = len(self.prices_won) + len(self.prices_lost)
        return (sum(self.prices_won) - bets) / bets if bets else None


def wilson(won: int, decided: int) -> tuple[float, float] | None:
    """Return the 95 % score interval of a rate (E. B. Wilson, 1927), from 0 to 1; None without a decision."""
    if not decided:
        return None
    rate, square = won / decided, Z95**2
    centre = (rate + square / (2 * decided)) / (1 + square / decided)
    half = Z95 / (1 + square / decided) * math.sqrt(rate * (1 - rate) / decided + square / (4 * decided**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def outcomes(events: Iterable[Event]) -> list[Outcomes]:
    """Return the outcomes of the alerts among events, by rule; the events are in the order of the log."""
    found: dict[str, Outcomes] = {}
    for event in events:
        data = event.data
        if isinstance(data, Alert):
            found.setdefault(data.rule, Outcomes(data.rule)).fired += 1
        elif isinstance(data, AlertSettled):
            _settle(found.setdefault(data.rule, Outcomes(data.rule)), data)
    return [found[rule] for rule in sorted(found)]


def _settle(of_rule: Outcomes, data: AlertSettled) -> None:
    if data.outcome == "void":
        of_rule.void += 1
        return
    prices = of_rule.prices_won if data.outcome == "won" else of_rule.prices_lost
    if data.outcome == "won":
        of_rule.won += 1
    else:
        of_rule.lost += 1
    if data.price is not None:
        prices.append(data.price)
