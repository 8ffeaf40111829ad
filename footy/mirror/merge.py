"""Merge answers into the state of the moment, and end a cycle. Pure.

`merge` folds one answer, whether or not a cycle requested it, so that an answer in the middle of a cycle is
neither lost nor late. `end_cycle` marks what was not renewed, compares the feeds with the full reads, and
records what failed.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from footy.mirror import changes
from footy.mirror.answers import Answers, FullOdds, OddsChanges
from footy.mirror.feed_health import FeedHealth
from footy.mirror.inputs import CycleInputs
from footy.mirror.odds_book import OddsBook, completed
from footy.mirror.odds_feed import OddsFeed, with_partial_odds
from footy.mirror.pushed import after_list, with_parts
from footy.mirror.state import Held, MatchState, References, Source, State, periods_of
from footy.thesports import endpoints, errors
from footy.thesports.decoders import DetailChanges, LiveList, OddsUpdates
from footy.thesports.endpoints import Endpoint
from footy.thesports.models import Deleted, Detail, LiveMatch
from footy.thesports.push import Pushed
from footy.thesports.request import Answer

T = TypeVar("T")

LATE_S = 5.0
SILENT_INTERVALS = 3
SILENT_AT_LEAST_S = 180.0
"""A match with an unreadable element is kept no longer than a snapshot without a fresh live list."""

OF_THE_ENDPOINT = (errors.QuotaSpentError, errors.RefusedError, errors.StoppedError, errors.ThrottledError)
"""Failures that concern the endpoint, not the match that was requested."""

_NO_DETAIL: Held[Detail] = Held(None, None, Source.MISSING)
_NO_ODDS: Held[OddsBook] = Held(None, None, Source.MISSING)


def merge(  # noqa: C901, PLR0911 - one for each kind of answer
    state: State, answer: Answer[object], answers: Answers, inputs: CycleInputs
) -> State:
    """Return the state with an answer folded in; the same object if the answer changes nothing.

    Args:
        state: The state of the moment.
        answer: An answer, requested by this cycle or not.
        answers: The answers of this cycle so far. A feed does not change what this cycle has read in full,
            because it is unknown which of the two is newer.
        inputs: What merging depends on.
    """
    at = answer.at
    if at is None:
        return state
    match answer.value:
        case LiveList() as listed:
            sent_at = at if answer.sent_at is None else answer.sent_at
            return _with_live_list(state, listed, at, inputs, sent_at)
        case Pushed(parts):
            return with_parts(state, parts)
        case Detail() as detail:
            return _with(state, answer.request.id, detail=Held(detail, at, Source.FRESH))
        case FullOdds(book=book):
            held = state.matches.get(answer.request.id)
            if held is None or _has_lost_all(held.odds, book):
                return state
            before = held.odds.value
            if before is not None and before.partial:
                book = completed(before, book, inputs.early_window)
            return _with(state, answer.request.id, odds=Held(book, at, Source.FRESH))
        case DetailChanges() as reply:
            return _with_changed_details(state, reply, at, answers, inputs)
        case OddsChanges() | OddsUpdates():
            return _with_changed_odds(state, answers, inputs, at, answer.value)
        case Deleted() as deleted:
            gone = frozenset(deleted.match)
            return replace(state, matches=_without(state.matches, gone), deleted=gone, deleted_at=at)
        case _:
            return state


def end_cycle(
    state: State,
    before: State,
    answers: Answers,
    references: References,
    inputs: CycleInputs,
    *,
    wanted: Collection[str] | None = None,
) -> tuple[State, list[str]]:
    """Return the state at the end of a cycle, and a sentence for each difference of a feed from a full read.

    Args:
        state: The state with all answers of the cycle merged.
        before: The state at its start.
        answers: The answers of the cycle.
        references: What the details of the state refer to.
        inputs: What the end of a cycle depends on.
        wanted: The matches that the operator wants; None if all.
    """
    state = with_partial_odds(state, answers, inputs, wanted)
    checks = _check_feeds(state, before, answers, inputs)
    matches = {
        match_id: _with_sources(match_id, match, before.matches.get(match_id), answers, inputs)
        for match_id, match in state.matches.items()
        if match_id not in state.deleted
    }
    state = replace(state, matches=matches, references=references, odds_feed=checks.odds)
    details_feed = checks.details
    live = answers.live()
    if live is not None and live.at is not None:
        details_feed = _started(details_feed, matches, answers, live.at, inputs.vendor_ahead_s)
    state = replace(state, details_feed=details_feed, checked=before.checked + answers.checked)
    return with_failures(state, before, answers, inputs.now), checks.differences


def with_failures(state: State, before: State, answers: Answers, now: float) -> State:
    """Return the state with the failed requests and the changes that feeds only announced."""
    return replace(
        state,
        details_failed_at=_last_failed_at(before.details_failed_at, endpoints.DETAIL, answers, state, now),
        odds_failed_at=_last_failed_at(before.odds_failed_at, endpoints.ODDS, answers, state, now),
        odds_announced=_announced(before, answers),
    )


# The live list.


def _with_live_list(state: State, live: LiveList, at: float, inputs: CycleInputs, sent_at: float) -> State:
    listed = {key: Held(match, at, Source.FRESH) for key, match in live.matches.items()}
    push, newer = after_list(state.push, live.matches, sent_at, at)
    listed |= newer
    for match_id in _silent(state, live, at, inputs.interval_s):
        listed[match_id] = _stale(state.matches[match_id].live)
    matches = {}
    for match_id, element in listed.items():
        if match_id in state.deleted:
            continue
        held = state.matches.get(match_id)
        matches[match_id] = MatchState(
            live=element,
            detail=_NO_DETAIL if held is None else held.detail,
            odds=_NO_ODDS if held is None else held.odds,
            periods=periods_of(element, held),
        )
    return replace(state, matches=matches, fetched_at=at, push=push)


def _silent(state: State, live: LiveList, at: float, interval_s: float) -> list[str]:
    """Return the held matches whose element of the live list could not be read.

    An element without a readable id belongs to one of the held matches that are not on the list. It is
    unknown which of those have left, so as many are kept as there are such elements, the most recent first.
    None is kept for longer than `SILENT_INTERVALS`, or `SILENT_AT_LEAST_S` if that is longer.
    """
    longest = max(SILENT_INTERVALS * interval_s, SILENT_AT_LEAST_S)
    silent = {
        match_id: held.live.fetched_at or 0.0
        for match_id, held in state.matches.items()
        if match_id not in live.matches and at - (held.live.fetched_at or 0.0) < longest
    }
    named = [match_id for match_id in silent if match_id in live.broken]
    absent = sorted(silent.keys() - set(named), key=silent.__getitem__, reverse=True)
    return [*named, *absent[: live.nameless]]


# The feed of details.


def _with_changed_details(
    state: State, reply: DetailChanges, at: float, answers: Answers, inputs: CycleInputs
) -> State:
    feed = _polled_details(state.details_feed, reply, at, inputs.vendor_ahead_s)
    if not feed.trusted:
        return replace(state, details_feed=feed)
    rows = _by_id(reply)
    read = answers.details()
    matches = {
        match_id: match
        if match_id in read or match.detail.value is None
        else replace(match, detail=_updated_detail(match.detail, match.detail.value, rows, at, inputs))
        for match_id, match in state.matches.items()
    }
    return replace(state, matches=matches, details_feed=feed)


def _polled_details(feed: FeedHealth, reply: DetailChanges, at: float, ahead_s: float) -> FeedHealth:
    latest = max((row.updated_at or 0 for row in reply.rows), default=0)
    return feed.polled(at, _at_most_now(latest, at + ahead_s), ahead_s)


def _by_id(reply: DetailChanges) -> dict[str, Detail]:
    """Return the latest row of each match."""
    return {row.id: row for row in sorted(reply.rows, key=_updated_at)}


def _updated_detail(
    held: Held[Detail], detail: Detail, rows: Mapping[str, Detail], at: float, inputs: CycleInputs
) -> Held[Detail]:
    """Return a detail after a reply of the feed: changed, or confirmed unchanged."""
    changed = rows.get(detail.id)
    if changed is not None and _updated_at(changed) < min(_updated_at(detail), at + inputs.vendor_ahead_s):
        changed = None  # an older version: this server lags behind the one that answered before
    return changes.confirmed(held, changed, at)


def _started(
    feed: FeedHealth, matches: Mapping[str, MatchState], answers: Answers, at: float, ahead_s: float
) -> FeedHealth:
    """Start the feed of details from the full reads, if it has not been polled yet.

    Do the same if the feed failed and all matches were read in full instead: the changes it failed to report
    are known now and need no request.
    """
    failed = any(one.request.endpoint is endpoints.DETAIL for one in answers.failed_feeds())
    if feed.latest and not (failed and matches.keys() <= answers.details().keys()):
        return feed
    latest = max(
        (held.detail.value.updated_at or 0 for held in matches.values() if held.detail.value is not None),
        default=0,
    )
    return feed.polled(at, _at_most_now(latest, at + ahead_s), ahead_s) if latest else feed


# The feeds of odds.


def _with_changed_odds(
    state: State, answers: Answers, inputs: CycleInputs, at: float, value: OddsChanges | OddsUpdates
) -> State:
    feed = OddsFeed.of(state, value, at, inputs)
    if not feed.health.trusted:
        return replace(state, odds_feed=feed.health)
    read = answers.read_odds()
    matches = {}
    for match_id, match in state.matches.items():
        updated = None if match_id in read else feed.applied(match_id, match.odds)
        matches[match_id] = match if updated is None else replace(match, odds=updated)
    return replace(state, matches=matches, odds_feed=feed.health)


def _announced(before: State, answers: Answers) -> Mapping[str, tuple[int, bool]]:
    """Return, for each change that a feed only announces, whether the match has been read in full since.

    A full read of the same cycle does not count: it may have been answered before the change, or within the
    same second, which may bring another one.
    """
    read = answers.read_odds()
    known = {one: (at, was_read or one in read) for one, (at, was_read) in before.odds_announced.items()}
    updates, reply = answers.feed(OddsUpdates), answers.feed(OddsChanges)
    named = (
        updates.newest
        if updates is not None
        else changes.unordered(reply, before)
        if reply is not None
        else {}
    )
    if updates is None and not named:
        return known
    return {
        one: known[one] if one in known and known[one][0] == at else (at, False) for one, at in named.items()
    }


def _has_lost_all(held: Held[OddsBook], full: OddsBook) -> bool:
    """Check for an empty odds history of a match that had odds: such an answer is not credible."""
    return held.value is not None and changes.any_rows(held.value) and not changes.any_rows(full)


# The self-check: the values updated by feeds, compared with full reads.


@dataclass(slots=True)
class _Checks:
    details: FeedHealth
    odds: FeedHealth
    differences: list[str]


def _check_feeds(state: State, before: State, answers: Answers, inputs: CycleInputs) -> _Checks:
    checks = _Checks(state.details_feed, state.odds_feed, [])
    _check_details(checks, state, before, answers, inputs)
    _check_odds(checks, state, before, answers, inputs)
    return checks


def _check_details(
    checks: _Checks, state: State, before: State, answers: Answers, inputs: CycleInputs
) -> None:
    watermark = before.details_feed.watermark
    if not (inputs.delta and watermark):
        return
    feed = answers.feed(DetailChanges)
    rows = {} if feed is None else _by_id(feed)
    at = state.details_feed.polled_at or 0.0
    for match_id, full in answers.details().items():
        held = before.matches[match_id].detail if match_id in before.matches else None
        if match_id not in state.matches or held is None or held.value is None:
            continue
        updated = None if feed is None else _updated_detail(held, held.value, rows, at, inputs)
        compared = updated or (held if state.details_feed.trusted else None)
        if compared is None or compared.value is None:
            continue
        agreed = changes.same_detail(compared.value, full, watermark)
        if agreed is not None:
            reported = updated is not None and updated.value != held.value
            checks.details = checks.details.checked(agreed=agreed, reported=reported)
        if agreed is False:
            checks.differences.append(f"match {full.id}: the detail differs from what its feed made")


def _check_odds(checks: _Checks, state: State, before: State, answers: Answers, inputs: CycleInputs) -> None:
    feed = answers.feed(OddsUpdates) or answers.feed(OddsChanges)
    compared = [
        (match_id, match.odds, full.value.settled)
        for match_id, match in before.matches.items()
        if match_id in state.matches
        and match.has_full_odds
        and (full := answers.odds(match_id)) is not None
        and full.value is not None
        and full.value.settled is not None
        and not _has_lost_all(match.odds, full.value.book)
        and match.odds.value is not None
        # A row that could not be read in one of them is no difference.
        and {*match.odds.value.left_out} == {*full.value.book.left_out}
    ]
    if feed is None or not compared:
        return
    odds_feed = OddsFeed.of(before, feed, state.odds_feed.polled_at or 0.0, inputs)
    for match_id, held, settled in compared:
        updated = odds_feed.applied(match_id, held)
        if updated is None or updated.value is None:
            continue
        agreed = changes.same_odds(updated.value, settled, before.odds_feed.watermark)
        checks.odds = checks.odds.checked(agreed=agreed, reported=updated.value != held.value)
        if not agreed:
            checks.differences.append(f"match {match_id}: the odds differ from what their feed made")


# What was not renewed, and what failed.


def _with_sources(
    match_id: str, match: MatchState, was: MatchState | None, answers: Answers, inputs: CycleInputs
) -> MatchState:
    """Return a match with the source set for each part that this cycle has not renewed."""
    live, detail, odds = match.live, match.detail, match.odds
    if was is not None and live is was.live and not _was_just_pushed(live, inputs):
        live = _stale(live)
    if detail.value is None or (was is not None and detail is was.detail):
        full = answers.detail(match_id)
        failed = None if full is None else full.error
        detail = _last_good(
            None if was is None else was.detail, failed, endpoints.DETAIL, endpoints.DETAIL.cadence_s, inputs
        )
    if odds.value is None or (was is not None and odds is was.odds):
        read = answers.odds(match_id)
        lost = read is not None and read.value is not None
        failed = None if read is None else read.error
        cadence_s = (inputs.odds_feed() or endpoints.ODDS).cadence_s
        odds = _last_good(
            None if was is None else was.odds, failed, endpoints.ODDS, cadence_s, inputs, lost=lost
        )
    return MatchState(live, detail, odds, match.periods)


def _was_just_pushed(live: Held[LiveMatch], inputs: CycleInputs) -> bool:
    age = inputs.now - (live.fetched_at or 0.0)
    return live.source is Source.PUSH and age <= inputs.interval_s + LATE_S


def _last_good(
    was: Held[T] | None,
    error: errors.VendorError | None,
    endpoint: Endpoint,
    cadence_s: float,
    inputs: CycleInputs,
    *,
    lost: bool = False,
) -> Held[T]:
    """Return the last good value: cached within its cadence, stale later; a missing one if there is none.

    `lost` is whether an answer was rejected as not credible. Partial odds stay so until they are past their
    time, whether or not the history was requested in vain: they come from the feed.
    """
    failed = error is not None or lost
    if was is not None and was.value is not None:
        partial = isinstance(was.value, OddsBook) and was.value.partial
        age = inputs.now - (was.fetched_at or 0.0)
        in_time = inputs.delta and (partial or not failed) and age <= cadence_s + inputs.interval_s + LATE_S
        of_now = Source.PARTIAL if partial else Source.CACHE
        return Held(was.value, was.fetched_at, of_now if in_time else Source.STALE)
    if not failed and was is not None:
        return was  # no request was made that could change it
    refused = isinstance(error, errors.RefusedError) and (
        error.confirmed_refusal or endpoint not in inputs.available
    )
    return Held(None, None, Source.REFUSED if refused else Source.MISSING)


def _last_failed_at(
    before: Mapping[str, float], endpoint: Endpoint, answers: Answers, state: State, now: float
) -> dict[str, float]:
    """Return when the last request for each match failed; a request that was not sent does not count."""
    failed = {
        one.request.id: now
        for one in answers
        if one.request.endpoint is endpoint
        and one.request.id
        and one.error is not None
        and not isinstance(one.error, OF_THE_ENDPOINT)
        and not errors.is_unsent(one.error)
    }
    return {match_id: at for match_id, at in {**before, **failed}.items() if match_id in state.matches}


def _with(
    state: State, match_id: str, *, detail: Held[Detail] | None = None, odds: Held[OddsBook] | None = None
) -> State:
    """Return the state with a part of a match replaced; unchanged if the match is not in it."""
    match = state.matches.get(match_id)
    if match is None:
        return state
    changed = MatchState(match.live, detail or match.detail, odds or match.odds, match.periods)
    return replace(state, matches={**state.matches, match_id: changed})


def _without(matches: Mapping[str, MatchState], gone: Collection[str]) -> dict[str, MatchState]:
    return {match_id: match for match_id, match in matches.items() if match_id not in gone}


def _stale(held: Held[T]) -> Held[T]:
    """Return a value, marked as stale if there is one."""
    return held if held.value is None else Held(held.value, held.fetched_at, Source.STALE)


def _at_most_now(latest: int, at: float) -> int:
    """Limit the time of a change to its report's: one in the future would hide all others until then."""
    return min(latest, int(at))


def _updated_at(row: Detail) -> int:
    return row.updated_at or 0
