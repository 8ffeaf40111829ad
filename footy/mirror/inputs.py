"""What planning, merging and the end of a cycle go by, besides the state and the answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from footy.mirror.state import State
from footy.thesports import endpoints
from footy.thesports.endpoints import Endpoint


@dataclass(frozen=True, slots=True)
class CycleInputs:
    """What a cycle may do, and when it is."""

    now: float
    """Unix seconds."""
    interval_s: float
    """From the start of one cycle to the next."""
    delta: bool = True
    """Whether feeds of changes are used."""
    early_window: tuple[int, int] = (0, 0)
    """First and last minute of play of the early price."""
    left: Mapping[Endpoint, int | None] = field(default_factory=dict)
    """Calls left of the quota by endpoint; None, or absent, is no limit."""
    refused: frozenset[Endpoint] = frozenset()
    available: frozenset[Endpoint] = frozenset()
    """Endpoints that have answered and do not count as refused."""
    vendor_ahead_s: float = 0.0
    """The vendor's clock minus ours."""
    short_of_time: bool = False
    """Whether the last cycle ran out of time before all its requests, or this one will."""
    renewals: Mapping[Endpoint, int] = field(default_factory=dict)
    """Endpoints whose rows should be renewed, and since when to request their changes (our time)."""

    page_counts: Mapping[Endpoint, int] = field(default_factory=dict)
    """Pages that a list was found to have, by endpoint."""
    pages_failed: frozenset[Endpoint] = frozenset()
    """Endpoints whose pages have been of no use lately."""

    def details_by_feed(self, state: State) -> bool:
        """Check whether the feed of details supplies their changes."""
        feed = state.details_feed
        is_fed = self.delta and feed.polled_at is not None and endpoints.DETAIL not in self.refused
        return is_fed and feed.trusted

    def without(self, failed: Iterable[Endpoint]) -> "CycleInputs":
        """Return the inputs without feeds that failed in this cycle: their data is requested per match."""
        return replace(self, refused=self.refused | set(failed))

    def odds_feed(self) -> Endpoint | None:
        """Return the feed of odds that the account has; None if it has neither."""
        feeds = (endpoints.ODDS_LIVE, endpoints.ODDS_UPDATE) if self.delta else ()
        return next((feed for feed in feeds if feed not in self.refused), None)

    def odds_by_feed(self, state: State) -> bool:
        """Check whether a feed supplies changes of odds."""
        return state.odds_feed.trusted and self.odds_feed() is not None
