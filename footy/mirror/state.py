"""The state: the data of every live match, each part with its arrival time and its source.

A cycle takes it and returns it; it is all that is kept of matches from one cycle to the next.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from footy.mirror.feed_health import FeedHealth
from footy.mirror.odds_book import OddsBook
from footy.mirror.periods import UNSEEN, Periods
from footy.provenance import Held, Source, shifted
from footy.thesports.models import Competition, Country, Detail, LiveMatch, Team
from footy.thesports.push import PartName

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
class PushedPart:
    """A part of a live element as it was pushed last, until a later list confirms or contradicts it."""

    value: Any
    """A `PartValue`."""
    at: float
    """When it arrived, in Unix seconds."""
    differs_since: float | None = None
    """When a list that was requested later first differed from it; None if none has."""
    left_out: tuple[str, ...] = ()


PartKey = tuple[str, PartName]
"""The id of a match, and the name of a part of its live element."""


@dataclass(frozen=True, slots=True)
class PushHealth:
    """What was pushed since the last list, and whether pushes can be trusted."""

    parts: Mapping[PartKey, PushedPart] = field(default_factory=dict)
    doubted: Mapping[PartKey, float] = field(default_factory=dict)
    """When a score arrived that goes back, by its part; the next list decides."""
    health: FeedHealth = field(default_factory=FeedHealth)
    listed_from: float = 0.0
    """When the newest list was requested, in Unix seconds: what was pushed before is older than it."""

    def shifted(self, step_s: float) -> "PushHealth":
        """Return it with its times shifted, after the machine's clock was set by `step_s` seconds."""
        return PushHealth(
            {
                key: replace(one, at=one.at + step_s, differs_since=_shifted_time(one.differs_since, step_s))
                for key, one in self.parts.items()
            },
            {key: at + step_s for key, at in self.doubted.items()},
            self.health,
            self.listed_from and self.listed_from + step_s,
        )


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
    push: PushHealth = field(default_factory=PushHealth)
    """What was pushed; a restart begins with nothing."""

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
            push=self.push.shifted(step_s),
        )


def _shifted_time(moment: float | None, step_s: float) -> float | None:
    return None if moment is None else moment + step_s


def periods_of(live: Held[LiveMatch], held: MatchState | None) -> Periods:
    """Return the observed periods of a match, with its live element taken into account."""
    seen = UNSEEN if held is None else held.periods
    if live.value is None or live.fetched_at is None:
        return seen
    score = live.value.score
    return seen.after(score.status_id, score.period_started_at, live.fetched_at)
