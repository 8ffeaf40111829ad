"""The state: all that is held per live match, each part with when it arrived and how it was come by.

It is the only memory between cycles: an explicit value, handed into a cycle and returned by it.
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
    """What is held of one live match."""

    live: Held[LiveMatch]
    detail: Held[Detail]
    odds: Held[OddsBook]
    periods: Periods = UNSEEN


@dataclass(frozen=True, slots=True)
class References:
    """What match details point at, by id; an id that is not here is unknown."""

    teams: Mapping[str, Held[Team]] = field(default_factory=dict)
    competitions: Mapping[str, Held[Competition]] = field(default_factory=dict)
    countries: Held[Mapping[str, Country]] = field(default_factory=lambda: Held(None, None, Source.MISSING))
    categories: Held[Mapping[str, Country]] = field(default_factory=lambda: Held(None, None, Source.MISSING))


@dataclass(frozen=True, slots=True)
class State:
    """All that is held between cycles."""

    matches: Mapping[str, MatchState] = field(default_factory=dict)
    references: References = field(default_factory=References)
    fetched_at: float | None = None
    """Unix seconds when the live list was last read; None before the first."""
    details_feed: FeedHealth = field(default_factory=FeedHealth)
    odds_feed: FeedHealth = field(default_factory=FeedHealth)
    deleted: frozenset[str] = frozenset()
    """Matches that the vendor has taken out."""
    deleted_at: float = 0.0
    """Unix seconds when that was last asked."""
    details_failed_at: Mapping[str, float] = field(default_factory=dict)
    odds_failed_at: Mapping[str, float] = field(default_factory=dict)
    """Unix seconds when a match's part was last asked for in vain, by match id."""
    odds_announced: Mapping[str, tuple[int, bool]] = field(default_factory=dict)
    """By match id the vendor's time of the newest change that a feed only named, and whether the match has
    been read in full since. `odds/update` names all, `odds/live` those in no known order."""
    checked: int = 0
    """How many matches have been compared in full, for the rotation."""

    def shifted(self, step_s: float) -> "State":
        """Return what is held with its times moved by so many seconds, as the machine's clock was.

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
                    replace(match.periods, first_half_over_at=_moved(over[key], step_s)),
                )
                for key, match in self.matches.items()
            },
            references=References(
                {key: shifted(one, step_s) for key, one in self.references.teams.items()},
                {key: shifted(one, step_s) for key, one in self.references.competitions.items()},
                shifted(self.references.countries, step_s),
                shifted(self.references.categories, step_s),
            ),
            fetched_at=_moved(self.fetched_at, step_s),
            details_feed=self.details_feed.shifted(step_s),
            odds_feed=self.odds_feed.shifted(step_s),
            deleted_at=self.deleted_at and self.deleted_at + step_s,
            details_failed_at={key: at + step_s for key, at in self.details_failed_at.items()},
            odds_failed_at={key: at + step_s for key, at in self.odds_failed_at.items()},
        )


def _moved(moment: float | None, step_s: float) -> float | None:
    return None if moment is None else moment + step_s
