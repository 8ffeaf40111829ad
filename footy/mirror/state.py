"""The state: the data of every live match, each part with its arrival time and its source.

A cycle takes it and returns it; it is all that is kept of matches from one cycle to the next.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from footy.mirror.feed_health import FeedHealth
from footy.mirror.odds_book import OddsBook
from footy.mirror.periods import UNSEEN, Periods
from footy.provenance import Held, Source, shifted
from footy.thesports.models import Competition, Country, Detail, LiveMatch, Team

__all__ = ["Held", "MatchState", "References", "Source", "State"]


@dataclass(frozen=True, slots=True)
class MatchState:
    """The held data of one live match."""

    live: Held[LiveMatch]
    detail: Held[Detail]
    odds: Held[OddsBook]
    periods: Periods = UNSEEN

    @property
    def has_full_odds(self) -> bool:
        """Whether the odds history has been read; if not, there may still be prices from a feed."""
        return self.odds.value is not None and not self.odds.value.partial


@dataclass(frozen=True, slots=True)
class References:
    """The reference data of match details, by id; an absent id is unknown."""

    teams: Mapping[str, Held[Team]] = field(default_factory=dict)
    competitions: Mapping[str, Held[Competition]] = field(default_factory=dict)
    countries: Held[Mapping[str, Country]] = field(default_factory=lambda: Held(None, None, Source.MISSING))
    categories: Held[Mapping[str, Country]] = field(default_factory=lambda: Held(None, None, Source.MISSING))


@dataclass(frozen=True, slots=True)
class State:
    """All data held between cycles."""

    matches: Mapping[str, MatchState] = field(default_factory=dict)
    references: References = field(default_factory=References)
    fetched_at: float | None = None
    """Unix seconds when the live list was last read; None before the first."""
    details_feed: FeedHealth = field(default_factory=FeedHealth)
    odds_feed: FeedHealth = field(default_factory=FeedHealth)
    deleted: frozenset[str] = frozenset()
    """Ids of matches that the vendor has deleted."""
    deleted_at: float = 0.0
    """Unix seconds of the last reply about deletions."""
    details_failed_at: Mapping[str, float] = field(default_factory=dict)
    odds_failed_at: Mapping[str, float] = field(default_factory=dict)
    """Time of the last failed request for a match's part, in Unix seconds, by match id."""
    odds_announced: Mapping[str, tuple[int, bool]] = field(default_factory=dict)
    """By match id, the vendor's time of the newest change that a feed only announced, and whether the match
    has been read in full since. `odds/update` only announces; `odds/live` does if the order is unknown."""
    checked: int = 0
    """Number of matches that the self-check has compared, for the rotation."""

    def shifted(self, step_s: float) -> "State":
        """Return the state with its times shifted, after the machine's clock was set by `step_s` seconds.

        The vendor's own times stay.
        """
        over = {key: match.periods.first_half_over_at for key, match in self.matches.items()}
        return replace(
            self,
            matches={
                key: MatchState(
                    shifted(match.live, step_s),
                    shifted(match.detail, step_s),
                    shifted(match.odds, step_s),
                    replace(match.periods, first_half_over_at=_shifted_time(over[key], step_s)),
                )
                for key, match in self.matches.items()
            },
            references=References(
                {key: shifted(one, step_s) for key, one in self.references.teams.items()},
                {key: shifted(one, step_s) for key, one in self.references.competitions.items()},
                shifted(self.references.countries, step_s),
                shifted(self.references.categories, step_s),
            ),
            fetched_at=_shifted_time(self.fetched_at, step_s),
            details_feed=self.details_feed.shifted(step_s),
            odds_feed=self.odds_feed.shifted(step_s),
            deleted_at=self.deleted_at and self.deleted_at + step_s,
            details_failed_at={key: at + step_s for key, at in self.details_failed_at.items()},
            odds_failed_at={key: at + step_s for key, at in self.odds_failed_at.items()},
        )


def _shifted_time(moment: float | None, step_s: float) -> float | None:
    return None if moment is None else moment + step_s
