"""Merge: the new state, from the one before and what was gathered. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from footy.mirror.answers import FullOdds, Gathered
from footy.mirror.changes import (
    AHEAD_S,
    any_rows,
    by_match,
    confirmed,
    covers,
    lists_newest_first,
    pending,
    same_detail,
    same_quotes,
    unordered,
    with_changes,
)
from footy.mirror.feed_health import FeedHealth
from footy.mirror.odds_book import OddsBook
from footy.mirror.periods import UNSEEN, Periods
from footy.mirror.state import Held, MatchState, References, Source, State
from footy.pipeline.plan import PlanInputs
from footy.thesports import endpoints
from footy.thesports.client import Fetched, LiveList, PriceChange
from footy.thesports.endpoints import Endpoint
from footy.thesports.errors import (
    BadBodyError,
    OutOfTimeError,
    QuotaSpentError,
    RefusedError,
    StoppedError,
    ThrottledError,
    VendorError,
)
from footy.thesports.models import Detail, LiveMatch

T = TypeVar("T")

LATE_S = 5.0
SILENT_INTERVALS = 3
SILENT_AT_LEAST_S = 180.0
"""A match whose element cannot be read is shown no longer than a snapshot without a fresh list would be."""


OF_THE_ENDPOINT = (QuotaSpentError, RefusedError, StoppedError, ThrottledError)
"""Failures that have nothing to do with what was asked for."""


@dataclass(slots=True)
class _Feeds:
    """What the feeds said in this cycle, and what comparing them with full reads shows."""

    inputs: PlanInputs
    early_window: tuple[int, int]
    details: FeedHealth
    odds: FeedHealth
    details_at: float | None = None
    odds_at: float | None = None
    changed_details: Mapping[str, Detail] = field(default_factory=dict)
    changed_odds: Mapping[str, list[PriceChange]] = field(default_factory=dict)
    newest_first: bool | None = None
    """Whether they are listed so; a difference that is found puts only the replies to come in doubt."""
    pending_odds: frozenset[str] = frozenset()
    """Matches of which only is known that their odds have changed, or of which that cannot be believed."""
    named_odds: Mapping[str, int] | None = None
    """By match the vendor's time of the newest change of odds that only reading in full shows; None if none
    was named."""
    differences: list[str] = field(default_factory=list)


def merged(
    live: Fetched[LiveList] | None,
    before: State,
    gathered: Gathered,
    references: References,
    inputs: PlanInputs,
    early_window: tuple[int, int],
) -> tuple[State, list[str]]:
    """Give the new state, and a sentence for each match in which a feed and a full read disagree.

    Without a live list the matches are those that were, their live values as stale.
    """
    feeds = _polled(before, gathered, inputs, early_window)
    settled_details = before.details_feed.watermark
    settled_odds = before.odds_feed.watermark
    listed: dict[str, Held[LiveMatch]] = {}
    if live is not None:
        listed = {key: Held(match, live.at, Source.FRESH) for key, match in live.value.matches.items()}
    unheard = before.matches if live is None else _unheard(live, before, inputs)
    listed |= {match_id: _old(before.matches[match_id].live) for match_id in unheard}
    matches: dict[str, MatchState] = {}
    for match_id, match in listed.items():
        held = before.matches.get(match_id)
        matches[match_id] = MatchState(
            live=match,
            detail=_detail(feeds, held, gathered.details.get(match_id), settled_details),
            odds=_odds(feeds, match_id, held, gathered.odds.get(match_id), settled_odds),
            periods=_periods(match, held),
        )
    deleted = gathered.feed(endpoints.DELETED)
    gone = frozenset(deleted.value.match) if deleted is not None else before.deleted
    state = State(
        matches={match_id: held for match_id, held in matches.items() if match_id not in gone},
        references=references,
        fetched_at=before.fetched_at if live is None else live.at,
        details_feed=feeds.details if live is None else _up_to(feeds, matches, gathered, live.at),
        odds_feed=feeds.odds,
        details_failed_at=_last_failed_at(before.details_failed_at, gathered.details, matches, inputs),
        odds_failed_at=_last_failed_at(before.odds_failed_at, gathered.odds, matches, inputs),
        odds_announced=_announced(before, gathered, feeds),
        deleted=gone,
        deleted_at=deleted.at if deleted is not None else before.deleted_at,
        checked=before.checked + gathered.checked,
    )
    return state, feeds.differences


def _unheard(live: Fetched[LiveList], before: State, inputs: PlanInputs) -> list[str]:
    """Name the held matches whose element of the live list could not be read.

    Where even its id could not be, it is one of those that are not on the list; which of them has left, and
    which is still there, nobody can tell. So as many as such elements are kept. Neither is kept for long.
    """
    longest = max(SILENT_INTERVALS * inputs.interval_s, SILENT_AT_LEAST_S)
    unheard = {
        match_id: held.live.fetched_at or 0.0
        for match_id, held in before.matches.items()
        if match_id not in live.value.matches and live.at - (held.live.fetched_at or 0.0) < longest
    }
    named = [match_id for match_id in unheard if match_id in live.value.broken]
    absent = sorted(unheard.keys() - set(named), key=unheard.__getitem__, reverse=True)
    return [*named, *absent[: live.value.nameless]]


def merged_between_cycles(
    before: State, gathered: Gathered, inputs: PlanInputs, early_window: tuple[int, int]
) -> State:
    """Give the state after what was asked between two cycles; what was not, or in vain, is as it was."""
    feeds = _polled(before, gathered, inputs, early_window)
    matches = {}
    for match_id, held in before.matches.items():
        detail, odds = gathered.details.get(match_id), gathered.odds.get(match_id)
        matches[match_id] = MatchState(
            held.live,
            _detail(feeds, held, detail, 0) if isinstance(detail, Fetched) else held.detail,
            _odds(feeds, match_id, held, odds, 0)
            if isinstance(odds, Fetched)
            else _fed_odds(feeds, match_id, held.odds) or held.odds,
            held.periods,
        )
    return replace(
        before,
        matches=matches,
        odds_feed=feeds.odds,
        details_failed_at=_last_failed_at(before.details_failed_at, gathered.details, matches, inputs),
        odds_failed_at=_last_failed_at(before.odds_failed_at, gathered.odds, matches, inputs),
        odds_announced=_announced(before, gathered, feeds),
    )


def _announced(before: State, gathered: Gathered, feeds: _Feeds) -> Mapping[str, tuple[int, bool]]:
    """Note of each change that a feed only names whether the match has been read in full since.

    A reading of the same cycle does not count: it may have been answered before, or in the second that the
    change is of and that is not over.
    """
    read = {one for one, answer in gathered.odds.items() if isinstance(answer, Fetched)}
    known = {one: (at, was_read or one in read) for one, (at, was_read) in before.odds_announced.items()}
    if feeds.named_odds is None:
        return known
    return {
        one: known[one] if one in known and known[one][0] == at else (at, False)
        for one, at in feeds.named_odds.items()
    }


def _last_failed_at(
    before: Mapping[str, float],
    answers: Mapping[str, Fetched[Any] | VendorError],
    matches: Mapping[str, MatchState],
    inputs: PlanInputs,
) -> dict[str, float]:
    """Note which matches were asked for in vain; what was never sent has still its turn to come."""
    failed = {
        match_id: inputs.now
        for match_id, answer in answers.items()
        if isinstance(answer, VendorError)
        and not isinstance(answer, OF_THE_ENDPOINT)
        and not (isinstance(answer, OutOfTimeError) and not answer.was_sent)
    }
    return {match_id: at for match_id, at in {**before, **failed}.items() if match_id in matches}


def _old(held: Held[T]) -> Held[T]:
    """Give a value that could not be asked for, as stale."""
    return held if held.value is None else Held(held.value, held.fetched_at, Source.STALE)


def _periods(live: Held[LiveMatch], held: MatchState | None) -> Periods:
    """Return what was seen of a match's periods, its live element included."""
    seen = UNSEEN if held is None else held.periods
    if live.value is None or live.fetched_at is None:
        return seen
    score = live.value.score
    return seen.after(score.status_id, score.period_started_at, live.fetched_at)


def _polled(before: State, gathered: Gathered, inputs: PlanInputs, early_window: tuple[int, int]) -> _Feeds:
    feeds = _Feeds(inputs, early_window, before.details_feed, before.odds_feed)
    ahead_s = inputs.vendor_ahead_s
    details = gathered.feed(endpoints.DETAIL)
    if details is not None:
        feeds.details_at = details.at
        feeds.changed_details = {row.id: row for row in sorted(details.value, key=_updated_at)}
        latest = max((row.updated_at or 0 for row in details.value), default=0)
        feeds.details = feeds.details.polled(details.at, _believable(latest, details.at + ahead_s), ahead_s)
    changes = gathered.feed(endpoints.ODDS_LIVE)
    if changes is not None:
        feeds.odds_at = changes.at
        listed = changes.value.listed
        latest = max((change.row.at for change in listed), default=0)
        feeds.changed_odds = by_match(changes.value, before)
        feeds.pending_odds = frozenset(
            change.match_id for change in listed if change.row.at > changes.at + ahead_s + AHEAD_S
        ).union(changes.unreadable)
        feeds.newest_first = lists_newest_first(changes.value.directions, before.odds_feed.newest_first)
        feeds.odds = feeds.odds.polled(changes.at, _believable(latest, changes.at + ahead_s), ahead_s)
        feeds.odds = replace(feeds.odds, newest_first=feeds.newest_first)
        if tied := unordered(changes.value, before):
            feeds.named_odds = tied
            feeds.pending_odds |= pending(tied, before.odds_announced)
    updates = gathered.feed(endpoints.ODDS_UPDATE)
    if updates is not None:
        feeds.odds_at = updates.at
        feeds.named_odds = updates.value
        feeds.pending_odds = pending(updates.value, before.odds_announced)
        feeds.odds = feeds.odds.polled(updates.at, 0, ahead_s)
    return feeds


def _believable(latest: int, at: float) -> int:
    """Bound the time of a change by when it was told: one from the future would hide those until then."""
    return min(latest, int(at))


def _updated_at(row: Detail) -> int:
    return row.updated_at or 0


def _up_to(feeds: _Feeds, matches: Mapping[str, MatchState], gathered: Gathered, at: float) -> FeedHealth:
    """Start the feed of details from what has been read in full, where it has not been heard yet.

    So too where it failed and all matches were read in full instead: what it could not tell is known by now,
    and need not be asked for again.
    """
    feed, ahead_s = feeds.details, feeds.inputs.vendor_ahead_s
    if feed.latest and not (gathered.failed(endpoints.DETAIL) and _all_read(matches, gathered)):
        return feed
    latest = max(
        (held.detail.value.updated_at or 0 for held in matches.values() if held.detail.value is not None),
        default=0,
    )
    return feed.polled(at, _believable(latest, at + ahead_s), ahead_s) if latest else feed


def _all_read(matches: Mapping[str, MatchState], gathered: Gathered) -> bool:
    return all(isinstance(gathered.details.get(match_id), Fetched) for match_id in matches)


def _detail(
    feeds: _Feeds, held: MatchState | None, full: Fetched[Detail] | VendorError | None, watermark: int
) -> Held[Detail]:
    before = held.detail if held is not None else None
    fed: Held[Detail] | None = None
    if before is not None and before.value is not None and feeds.details_at is not None:
        changed = feeds.changed_details.get(before.value.id)
        if changed is not None and _updated_at(changed) < min(
            _updated_at(before.value), feeds.details_at + feeds.inputs.vendor_ahead_s
        ):
            changed = None  # an older state: what answered lags behind what answered before
        fed = confirmed(before, changed, feeds.details_at)
    if not isinstance(full, Fetched):
        trusted = fed if feeds.details.trusted else None
        return trusted or _kept(before, full, endpoints.DETAIL, endpoints.DETAIL.cadence_s, feeds.inputs)
    compared = fed or (before if feeds.details.trusted else None)
    if compared is not None and compared.value is not None and feeds.inputs.delta and watermark:
        agreed = same_detail(compared.value, full.value, watermark)
        if agreed is not None:
            feeds.details = feeds.details.checked(agreed=agreed, told=_is_told(fed, before))
        if agreed is False:
            feeds.differences.append(f"match {full.value.id}: the detail differs from what its feed made")
    return Held(full.value, full.at, Source.FRESH)


def _odds(
    feeds: _Feeds,
    match_id: str,
    held: MatchState | None,
    full: Fetched[FullOdds] | VendorError | None,
    watermark: int,
) -> Held[OddsBook]:
    before = held.odds if held is not None else None
    fed = _fed_odds(feeds, match_id, before)
    if isinstance(full, Fetched) and _is_unhappened(before, full.value.quotes):
        full = BadBodyError("a history that had rows does not become one without")
    if not isinstance(full, Fetched):
        trusted = fed if feeds.odds.trusted else None
        told_by = feeds.inputs.odds_feed() or endpoints.ODDS
        return trusted or _kept(before, full, endpoints.ODDS, told_by.cadence_s, feeds.inputs)
    compared = fed.value if fed is not None else None
    if compared is not None and full.value.settled is not None:
        agreed = same_quotes(compared, full.value.settled, watermark)
        feeds.odds = feeds.odds.checked(agreed=agreed, told=_is_told(fed, before))
        if not agreed:
            feeds.differences.append(f"match {match_id}: the odds differ from what their feed made")
    return Held(full.value.quotes, full.at, Source.FRESH)


def _is_told(fed: Held[T] | None, before: Held[T] | None) -> bool:
    return fed is not None and before is not None and fed.value != before.value


def _is_unhappened(before: Held[OddsBook] | None, full: OddsBook) -> bool:
    return before is not None and before.value is not None and any_rows(before.value) and not any_rows(full)


def _fed_odds(feeds: _Feeds, match_id: str, before: Held[OddsBook] | None) -> Held[OddsBook] | None:
    """Give the odds as the feed makes them; None where it cannot have told of all changes."""
    if before is None or before.value is None or feeds.odds_at is None or match_id in feeds.pending_odds:
        return None
    if not covers(feeds.odds_at, before.fetched_at, endpoints.ODDS_LIVE.window_s):
        return None
    changes = feeds.changed_odds.get(match_id)
    if not changes:
        return Held(before.value, feeds.odds_at, Source.FRESH)
    quotes = with_changes(before.value, changes, feeds.early_window, newest_first=feeds.newest_first)
    return Held(quotes, feeds.odds_at, Source.FRESH)


def _kept(
    before: Held[T] | None, error: VendorError | Any, endpoint: Endpoint, cadence_s: float, inputs: PlanInputs
) -> Held[T]:
    """Give the last good value: within its cadence as it is, later as stale; else nothing."""
    if before is not None and before.value is not None:
        age = inputs.now - (before.fetched_at or 0.0)
        in_time = inputs.delta and error is None and age <= cadence_s + inputs.interval_s + LATE_S
        return Held(before.value, before.fetched_at, Source.CACHE if in_time else Source.STALE)
    if error is None and before is not None:
        return before  # nothing was asked that could tell otherwise
    refused = isinstance(error, RefusedError) and (
        error.confirmed_refusal or endpoint not in inputs.available
    )
    return Held(None, None, Source.REFUSED if refused else Source.MISSING)
