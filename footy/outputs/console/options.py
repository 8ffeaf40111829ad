"""The operator's options for the console."""

from dataclasses import dataclass
from datetime import tzinfo
from typing import Literal, Self

import pytz

from footy.settings import Settings

OddsFormat = Literal["american", "decimal", "hongkong"]
Sort = Literal["league", "kickoff", "movement"]


@dataclass(frozen=True, slots=True)
class ConsoleOptions:
    """The matches that the console shows, their order, and the format of prices and times."""

    odds_format: OddsFormat
    timezone: tzinfo
    statuses: frozenset[int]
    """Status ids of the matches that are shown."""
    price_max_age_s: float
    """Age in seconds at which the newest price of a match in play is old."""
    sort: Sort = "league"
    search: str = ""
    """Only matches with this text in the name of a team, competition or country; empty shows all."""

    @classmethod
    def of(cls, settings: Settings, *, sort: Sort | None = None, search: str | None = None) -> Self:
        """Return the options that these settings and flags describe."""
        return cls(
            odds_format=settings.odds_format,
            timezone=pytz.timezone(settings.timezone),
            statuses=frozenset(settings.statuses),
            price_max_age_s=settings.price_max_age,
            sort=sort or "league",
            search=search or "",
        )
