"""The endpoint table: paths, shapes, quotas, update rates and windows.

Rates and windows come from the vendor's endpoint pages (2026).
"""

from dataclasses import dataclass
from typing import Literal

PAGE_ROWS = 1000
"""The vendor's fixed page; a full one means that there may be more."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A limit on the calls of an endpoint per window of time."""

    calls: int
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Endpoint:
    """One of the vendor's endpoints; its path under the base address is also its name everywhere.

    Each is made once, below, and equals only itself: it is part of the key of every request.
    """

    path: str
    title: str
    results: Literal["list", "object"]
    """The JSON type of `results` in a reply."""
    quota: RateLimit | None = None
    """The limit that the vendor enforces."""
    cadence_s: float = 0.0
    """Seconds after which it is worth repeating a request."""
    window_s: float = 0.0
    """Of a feed: seconds into the past that a reply covers."""
    with_names: bool = False
    """Whether a reply has the names that its rows refer to beside them, in `results_extra`."""
    may_lack_results: bool = False
    """Whether a reply without `results` says that there is nothing."""
    max_body: int = 32 * 2**20
    """Maximum size of a decompressed body, in bytes; a larger one cannot be genuine."""

    def __str__(self) -> str:
        """Return the path."""
        return self.path


LIVE = Endpoint("match/detail_live", "live matches", "list", cadence_s=2)
DETAIL = Endpoint("match/recent/list", "match details", "list", cadence_s=60)
FINAL = Endpoint(
    "match/live/history", "final states", "object", quota=RateLimit(120, 60), may_lack_results=True
)
ODDS = Endpoint("odds/history", "odds", "object", quota=RateLimit(120, 60))
TEAM = Endpoint("team/additional/list", "teams", "list", cadence_s=60)
COMPETITION = Endpoint("competition/additional/list", "competitions", "list", cadence_s=60)
COUNTRIES = Endpoint("country/list", "countries", "list", cadence_s=86400)
CATEGORIES = Endpoint("category/list", "categories", "list", cadence_s=86400)

ODDS_LIVE = Endpoint("odds/live", "odds changes", "object", cadence_s=3, window_s=60)
ODDS_UPDATE = Endpoint("odds/update", "matches with odds changes", "list", cadence_s=3, window_s=60)
DIARY = Endpoint("match/diary", "fixtures", "list", cadence_s=600, with_names=True)
DELETED = Endpoint("deleted", "deletions", "object", cadence_s=300, window_s=86400)

ENDPOINTS = {
    endpoint.path: endpoint
    for endpoint in (
        LIVE,
        DETAIL,
        FINAL,
        ODDS,
        TEAM,
        COMPETITION,
        COUNTRIES,
        CATEGORIES,
        ODDS_LIVE,
        ODDS_UPDATE,
        DELETED,
        DIARY,
    )
}

ADDRESS_PROBE = Endpoint("ip/demo", "the caller's address", "object")
"""Its path is one level above the football endpoints; it needs no credentials."""
