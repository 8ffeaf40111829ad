"""The plan: what is worth asking for, decided from what is known. Pure; `fetch` does the asking.

Two strategies share it. Per match, everything is asked for every match in every cycle. Delta asks the feeds
of changes, and for a match in full only where it is new, where a feed cannot have told of all its changes,
and in rotation to check the feeds. What a feed tells that is refused or not trusted is asked per match.
"""

from collections.abc import Collection, Iterable, Mapping

from footy.mirror.changes import DETAIL_OVERLAP_S, covers
from footy.mirror.inputs import CycleInputs
from footy.mirror.state import MatchState, State
from footy.thesports import endpoints
from footy.thesports.codes import IN_PLAY
from footy.thesports.endpoints import Endpoint
from footy.thesports.models import Detail, LiveMatch
from footy.thesports.request import CATEGORY_LIST, COUNTRY_LIST, LIVE_LIST, Priority, Request

IN_PLAY_WEIGHT = 4
EARLY_OF_CADENCE, EARLY_OF_INTERVAL = 0.1, 0.25
"""A feed is due by the lesser of these before its cadence is over: a cycle may come a little early."""
RECENT_CYCLES = 2
"""A live list that is this old says well enough what is on the next one."""
CHECKS_PER_SLOW_CYCLE = 2
SLOW_CYCLE_S = 30.0
LISTEN_EVERY_S = 25.0
"""Between cycles further apart than the odds feed reaches back, it is heard this often."""


def first_round(state: State, inputs: CycleInputs, *, chosen: Collection[str] | None = None) -> list[Request]:
    """Return the calls of the first round: the live list, and what does not depend on it.

    Args:
        state: What is held.
        inputs: What may be done.
        chosen: The held matches that are known to be wanted, where only some competitions are; for the
            others, odds and teams wait as in `after_live_list`.
    """
    calls = [LIVE_LIST]
    if not state.matches:
        return calls
    if not inputs.delta:
        return [*calls, *_incomplete_matches(state, inputs, chosen)] if inputs.short_of_time else calls
    feed = state.details_feed
    if (
        feed.latest
        and endpoints.DETAIL not in inputs.refused
        and _due(endpoints.DETAIL, feed.polled_at, inputs)
    ):
        calls.append(Request(endpoints.DETAIL, since=feed.latest - DETAIL_OVERLAP_S, priority=Priority.FEED))
    odds_feed = inputs.odds_feed()
    if odds_feed is not None and _due(odds_feed, state.odds_feed.polled_at, inputs):
        calls.append(Request(odds_feed, priority=Priority.FEED))
    if endpoints.DELETED not in inputs.refused and _due(endpoints.DELETED, state.deleted_at, inputs):
        calls.append(Request(endpoints.DELETED, priority=Priority.FEED))
    calls += [
        Request(endpoint, since=since, priority=Priority.FEED) for endpoint, since in inputs.renewals.items()
    ]
    return [*calls, *_incomplete_matches(state, inputs, chosen), *_checks(state, inputs)]


def _incomplete_matches(state: State, inputs: CycleInputs, chosen: Collection[str] | None) -> list[Request]:
    """Return the calls for matches that were listed before and of which something is to be read in full.

    Were they left until the list is in, a vendor who takes half a cycle to answer would never be asked for
    them in time. Of a list that is older than that, as after a restart, too many matches may be over.
    """
    if inputs.now - (state.fetched_at or 0.0) > RECENT_CYCLES * inputs.interval_s:
        return []
    matches = state.matches
    held = {one: match.live.value for one, match in matches.items() if match.live.value is not None}
    wanted = held if chosen is None else {one: live for one, live in held.items() if one in chosen}
    details = {
        one: live
        for one, live in held.items()
        if matches[one].detail.value is None or (one in wanted and not inputs.details_by_feed(state))
    }
    calls = [COUNTRY_LIST, CATEGORY_LIST]
    calls += [
        Request(endpoints.DETAIL, match_id, priority=Priority.DETAIL)
        for match_id in _in_turn(details, state, endpoints.DETAIL, inputs)
    ]
    for match_id in sorted(held, key=lambda one: held[one].score.status_id not in IN_PLAY):
        detail = matches[match_id].detail.value
        if detail is not None:
            calls += competition_of(detail)
            calls += teams_of(detail) if match_id in wanted else ()
    return [*calls, *odds_of(wanted, held, state, inputs)]


def fallback_feed(state: State, inputs: CycleInputs) -> list[Request]:
    """Return the feed that stands in for one that has failed in this cycle."""
    feed = inputs.odds_feed() if state.matches else None
    return [Request(feed, priority=Priority.FEED)] if feed is endpoints.ODDS_UPDATE else []


def after_live_list(
    live: Mapping[str, LiveMatch], state: State, inputs: CycleInputs, *, filtered: bool
) -> list[Request]:
    """Return the calls that the live list makes worth it.

    Args:
        live: The live matches by id.
        state: What is held.
        inputs: What may be done.
        filtered: Whether only some competitions are wanted; then odds wait until the competition is known.
    """
    if not live:
        return []
    calls = [COUNTRY_LIST, CATEGORY_LIST]
    asked = {
        match_id: match
        for match_id, match in live.items()
        if _needs_detail(state.matches.get(match_id), state, inputs)
    }
    calls += [
        Request(endpoints.DETAIL, match_id, priority=Priority.DETAIL)
        for match_id in _in_turn(asked, state, endpoints.DETAIL, inputs)
    ]
    for match_id in live.keys() - asked.keys():
        detail = state.matches[match_id].detail.value
        if detail is not None:
            calls += competition_of(detail)
            calls += () if filtered else teams_of(detail)
    return calls if filtered else [*calls, *odds_of(live, live, state, inputs)]


def odds_of(
    wanted: Iterable[str], live: Mapping[str, LiveMatch], state: State, inputs: CycleInputs
) -> list[Request]:
    """Return the calls for the odds of these matches, where no feed will do and as far as the quota goes."""
    chosen = {
        match_id: live[match_id]
        for match_id in wanted
        if _needs_odds(state.matches.get(match_id), state, inputs)
    }
    watermark = state.odds_feed.watermark or None
    return [
        Request(endpoints.ODDS, match_id, priority=Priority.ODDS, watermark=watermark)
        for match_id in _in_turn(chosen, state, endpoints.ODDS, inputs)
    ]


def changed_odds(
    match_ids: Iterable[str], live: Mapping[str, LiveMatch], state: State, inputs: CycleInputs
) -> list[Request]:
    """Return the calls for the odds of matches that a feed says have changed, without saying how."""
    listed = {match_id: live[match_id] for match_id in match_ids if match_id in live}
    return [
        Request(endpoints.ODDS, match_id, priority=Priority.ODDS)
        for match_id in _in_turn(listed, state, endpoints.ODDS, inputs)
    ]


def between_cycles(state: State, wanted: Iterable[str], inputs: CycleInputs) -> list[Request]:
    """Return the calls that help the next cycle before it begins.

    They are the odds feed, where it does not reach back to the last cycle, and what had to wait for a quota:
    a window is over a little later than a cycle begins that is as long as it.
    """
    if not state.matches:
        return []
    calls = []
    feed, polled_at = inputs.odds_feed(), state.odds_feed.polled_at
    if feed is not None and (polled_at is None or inputs.now - polled_at >= LISTEN_EVERY_S / 2):
        calls += [Request(feed, priority=Priority.FEED)] if state.odds_feed.trusted else []
    for endpoint, priority, needed in (
        (endpoints.DETAIL, Priority.DETAIL, _needs_detail),
        (endpoints.ODDS, Priority.ODDS, _needs_odds),
    ):
        if inputs.left.get(endpoint) is None or endpoint in inputs.refused:
            continue
        waiting = {
            match_id: live
            for match_id in wanted
            if (live := state.matches[match_id].live.value) is not None
            and needed(state.matches[match_id], state, inputs)
            and _last_asked(match_id, state, endpoint) < (state.fetched_at or 0.0)
        }
        calls += [
            Request(endpoint, one, priority=priority) for one in _in_turn(waiting, state, endpoint, inputs)
        ]
    return calls


def teams_of(detail: Detail) -> list[Request]:
    """Return the calls for the teams that a match detail names."""
    return [
        Request(endpoints.TEAM, team_id, priority=Priority.REFERENCE)
        for team_id in (detail.home_team_id, detail.away_team_id)
        if team_id
    ]


def competition_of(detail: Detail) -> list[Request]:
    """Return the call for the competition that a match detail names."""
    if not detail.competition_id:
        return []
    return [Request(endpoints.COMPETITION, detail.competition_id, priority=Priority.REFERENCE)]


def _due(endpoint: Endpoint, polled_at: float | None, inputs: CycleInputs) -> bool:
    early_s = min(EARLY_OF_CADENCE * endpoint.cadence_s, EARLY_OF_INTERVAL * inputs.interval_s)
    return polled_at is None or inputs.now - polled_at >= endpoint.cadence_s - early_s


def _needs_detail(held: MatchState | None, state: State, inputs: CycleInputs) -> bool:
    return held is None or held.detail.value is None or not inputs.details_by_feed(state)


def _needs_odds(held: MatchState | None, state: State, inputs: CycleInputs) -> bool:
    if held is None or held.odds.value is None or not inputs.odds_by_feed(state):
        return True
    return not covers(inputs.now, held.odds.fetched_at, endpoints.ODDS_LIVE.window_s)


def _checks(state: State, inputs: CycleInputs) -> list[Request]:
    """Return the calls that re-read a few matches in full, in rotation, to compare them with the feeds.

    Odds are re-read with what the quota leaves when all that wait for theirs have been served. If that is
    less than a call for each match chosen, fewer are: the rotation leaves out none.
    """
    most = CHECKS_PER_SLOW_CYCLE if inputs.interval_s >= SLOW_CYCLE_S else 1
    left = inputs.left.get(endpoints.ODDS)
    waiting = sum(_needs_odds(match, state, inputs) for match in state.matches.values())
    spare = most if left is None else max(0, left - waiting)
    with_odds = bool(spare and inputs.odds_by_feed(state) and state.odds_feed.watermark)
    held = sorted(
        match_id
        for match_id, match in state.matches.items()
        if match.detail.value is not None and match.odds.value is not None
    )
    calls = []
    for number in range(min(most, len(held), spare if with_odds else most)):
        match_id = held[(state.checked + number) % len(held)]
        if inputs.details_by_feed(state) and state.details_feed.latest:
            calls.append(Request(endpoints.DETAIL, match_id, priority=Priority.CHECK))
        if with_odds:
            watermark = state.odds_feed.watermark
            calls.append(Request(endpoints.ODDS, match_id, priority=Priority.CHECK, watermark=watermark))
    return calls


def _in_turn(
    live: Mapping[str, LiveMatch], state: State, endpoint: Endpoint, inputs: CycleInputs
) -> list[str]:
    """Order the matches: in play first, then those not asked for longest, and cut at the quota.

    A second weighs four times as much in play, not infinitely, so that no match waits for ever; and what is
    asked for in vain goes to the end of the line, so that it keeps no other waiting.
    """

    def weight(match_id: str) -> float:
        age = inputs.now - _last_asked(match_id, state, endpoint)
        return age * (IN_PLAY_WEIGHT if live[match_id].score.status_id in IN_PLAY else 1)

    return sorted(live, key=weight, reverse=True)[: inputs.left.get(endpoint)]


def _last_asked(match_id: str, state: State, endpoint: Endpoint) -> float:
    """Return when a part of a match was last had, or asked for in vain, in Unix seconds."""
    odds = endpoint is endpoints.ODDS
    held = state.matches.get(match_id)
    part = None if held is None else held.odds if odds else held.detail
    tried = (state.odds_failed_at if odds else state.details_failed_at).get(match_id, 0.0)
    return max(tried, (part.fetched_at or 0.0) if part is not None else 0.0)
