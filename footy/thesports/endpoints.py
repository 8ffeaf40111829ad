"""The endpoint table: what the vendor offers, in what shape, how often, and for how long it holds.

Rates and windows are the vendor's own, from its endpoint pages (2026).
"""

from dataclasses import dataclass
from typing import Literal

PAGE_ROWS = 1000
"""The vendor's fixed page; a full one means that there may be more."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many calls of one endpoint in so many seconds."""

    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One of the vendor's endpoints; its path under the base address is also its name everywhere."""

    path: str
    title: str
    results: Literal["list", "object"]
    """The JSON type of `results` in a reply."""
    quota: RateLimit | None = None
    """What the vendor enforces."""
    cadence_s: float = 0.0
    """How often it is worth asking again for the same thing."""
    window_s: float = 0.0
    """Of a feed: how far back a reply tells of changes."""
    max_body: int = 32 * 2**20
    """Bytes, decompressed, above which a reply cannot be genuine."""

    def __str__(self) -> str:
        """Return the path."""
        return self.path


LIVE = Endpoint("match/detail_live", "live matches", "list", cadence_s=2)
DETAIL = Endpoint("match/recent/list", "match details", "list", cadence_s=60)
ODDS = Endpoint("odds/history", "odds", "object", quota=RateLimit(120, 60))
TEAM = Endpoint("team/additional/list", "teams", "list", cadence_s=60)
COMPETITION = Endpoint("competition/additional/list", "competitions", "list", cadence_s=60)
COUNTRIES = Endpoint("country/list", "countries", "list", cadence_s=86400)
CATEGORIES = Endpoint("category/list", "categories", "list", cadence_s=86400)

ODDS_LIVE = Endpoint("odds/live", "odds changes", "object", cadence_s=3, window_s=60)
ODDS_UPDATE = Endpoint("odds/update", "matches with odds changes", "list", cadence_s=3, window_s=60)
DELETED = Endpoint("deleted", "deletions", "object", cadence_s=300, window_s=86400)

ENDPOINTS = {
    endpoint.path: endpoint
    for endpoint in (
        LIVE,
        DETAIL,
        ODDS,
        TEAM,
        COMPETITION,
        COUNTRIES,
        CATEGORIES,
        ODDS_LIVE,
        ODDS_UPDATE,
        DELETED,
    )
}

ADDRESS_PROBE = Endpoint("ip/demo", "the caller's address", "object")
"""Lies beside the football endpoints, one level up; works without credentials."""
