"""A reply of an odds feed: update known odds, and start partial ones for matches without odds. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from footy.mirror import changes
from footy.mirror.answers import Answers, OddsChanges
from footy.mirror.feed_health import FeedHealth
from footy.mirror.inputs import CycleInputs
from footy.mirror.odds_book import OddsBook
from footy.mirror.state import Held, MatchState, Source, State
from footy.thesports import endpoints
from footy.thesports.decoders import OddsUpdates, PriceChange

_NOTHING_TOLD = OddsBook(partial=True)


@dataclass(frozen=True, slots=True)
class OddsFeed:
    """A reply of an odds feed, related to the matches of a state."""

    at: float
    health: FeedHealth
    """The feed's health after this reply."""
    changed: Mapping[str, list[PriceChange]]
    unordered: frozenset[str]
    """Matches with changes that only `odds/history` can put in order."""
    unclear: frozenset[str]
    """Matches with changes that are announced without prices, unreadable or not credible."""
    early_window: tuple[int, int]

    @classmethod
    def of(cls, state: State, value: OddsChanges | OddsUpdates, at: float, inputs: CycleInputs) -> "OddsFeed":
        """Relate a reply that arrived at `at` (Unix seconds) to the matches of a state."""
        feed, ahead_s = state.odds_feed, inputs.vendor_ahead_s
        if isinstance(value, OddsUpdates):
            named = changes.pending(value.newest, state.odds_announced)
            return cls(at, feed.polled(at, 0, ahead_s), {}, frozenset(), named, inputs.early_window)
        latest = max((change.row.at for change in value.listed), default=0)
        newest_first = changes.lists_newest_first(value.directions, feed.newest_first)
        # A time in the future would hide all other changes until then.
        polled = feed.polled(at, min(latest, int(at + ahead_s)), ahead_s)
        unbelievable = {
            change.match_id for change in value.listed if change.row.at > at + ahead_s + changes.AHEAD_S
        }
        return cls(
            at,
            replace(polled, newest_first=newest_first),
            changes.by_match(value, state),
            changes.pending(changes.unordered(value, state), state.odds_announced),
            value.unreadable | unbelievable,
            inputs.early_window,
        )

    def applied(self, match_id: str, held: Held[OddsBook]) -> Held[OddsBook] | None:
        """Return known odds updated by the feed; None if it may not have reported all changes."""
        if held.value is None or match_id in self.unclear:
            return None
        if not changes.covers(self.at, held.fetched_at, endpoints.ODDS_LIVE.window_s):
            return None
        if held.value.partial:
            return self._extended(match_id, held.value)
        if match_id in self.unordered:
            return None
        rows = self.changed.get(match_id)
        if not rows:
            return Held(held.value, self.at, Source.FRESH)
        newest_first = self.health.newest_first
        book = changes.with_changes(held.value, rows, self.early_window, newest_first=newest_first)
        return Held(book, self.at, Source.FRESH)

    def begun(self, match_id: str) -> Held[OddsBook] | None:
        """Return the partial odds of a match without odds; None if the feed has no price."""
        return None if match_id in self.unclear else self._extended(match_id, _NOTHING_TOLD)

    def _extended(self, match_id: str, book: OddsBook) -> Held[OddsBook] | None:
        """Return a partial book with the reply's changes; None if none is known to be the newest."""
        rows, newest_first = self.changed.get(match_id, []), self.health.newest_first
        book = changes.with_certain_changes(book, rows, self.early_window, newest_first=newest_first)
        return Held(book, self.at, Source.PARTIAL) if changes.any_rows(book) else None


def with_partial_odds(
    state: State, answers: Answers, inputs: CycleInputs, wanted: Collection[str] | None = None
) -> State:
    """Return the state with the odds feed's changes of this cycle, for matches without an odds history.

    A partial book that the feed cannot extend, because it does not reach back far enough, begins anew. None
    begins if the account lacks the odds history, since no history would ever take its place.

    Args:
        state: The state with all answers of the cycle merged.
        answers: The answers of the cycle.
        inputs: What merging depends on.
        wanted: The matches that the operator wants; None if all.
    """
    reply, at = answers.feed(OddsChanges), state.odds_feed.polled_at
    if reply is None or at is None or not state.odds_feed.trusted or endpoints.ODDS in inputs.refused:
        return state
    lacking = {
        match_id
        for match_id, match in state.matches.items()
        if _begins(match, at) and (wanted is None or match_id in wanted)
    }
    listed = [change for change in reply.listed if change.match_id in lacking]
    if not listed:
        return state
    feed = OddsFeed.of(state, replace(reply, listed=listed), at, inputs)
    matches = dict(state.matches)
    for match_id in feed.changed:
        begun = feed.begun(match_id)
        if begun is not None:
            matches[match_id] = replace(matches[match_id], odds=begun)
    return replace(state, matches=matches)


def _begins(match: MatchState, at: float) -> bool:
    """Check whether a reply of the feed begins a match's odds: none are held that it could extend."""
    odds = match.odds
    return odds.value is None or (
        odds.value.partial and not changes.covers(at, odds.fetched_at, endpoints.ODDS_LIVE.window_s)
    )
