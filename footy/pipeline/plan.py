"""The plan: which requests are worth making, derived from the state. Pure; `fetch` makes the requests.

It serves two strategies. Per match: every cycle requests everything for every match. Delta: a cycle requests
the feeds of changes, and reads a match in full only if it is new, if a feed cannot have reported all its
changes, or in rotation to check the feeds. If a feed is refused or not trusted, its data is requested match
by match.
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
"""A feed is due before its cadence is over, by the smaller of these shares: a cycle may start a bit early."""
RECENT_CYCLES = 2
"""Age of a live list, in cycles, up to which it predicts the next one well enough."""
CHECKS_PER_SLOW_CYCLE = 2
SLOW_CYCLE_S = 30.0
LISTEN_EVERY_S = 25.0
"""Seconds between polls of the odds feed if cycles are further apart than it reaches back."""


def first_round(state: State, inputs: CycleInputs, *, chosen: Collection[str] | None = None) -> list[Request]:
    """Return the requests of the first round: the live list, and what does not depend on it.

    Args:
        state: The current state.
        inputs: What the plan depends on besides the state.
        chosen: The held matches known to pass the filters, or None without filters. For the other matches,
            odds and teams wait as in `after_live_list`.
    """
    requests = [LIVE_LIST]
    if not state.matches:
        return requests
    if not inputs.delta:
        return [*requests, *_incomplete_matches(state, inputs, chosen)] if inputs.short_of_time else requests
    feed = state.details_feed
    if (
        feed.latest
        and endpoints.DETAIL not in inputs.refused
        and _due(endpoints.DETAIL, feed.polled_at, inputs)
    ):
        requests.append(
            Request(endpoints.DETAIL, since=feed.latest - DETAIL_OVERLAP_S, priority=Priority.FEED)
        )
    odds_feed = inputs.odds_feed()
    if odds_feed is not None and _due(odds_feed, state.odds_feed.polled_at, inputs):
        requests.append(Request(odds_feed, priority=Priority.FEED))
    if endpoints.DELETED not in inputs.refused and _due(endpoints.DELETED, state.deleted_at, inputs):
        requests.append(Request(endpoints.DELETED, priority=Priority.FEED))
    requests += [
        Request(endpoint, since=since, priority=Priority.FEED) for endpoint, since in inputs.renewals.items()
    ]
    return [*requests, *_incomplete_matches(state, inputs, chosen), *_checks(state, inputs)]


def _incomplete_matches(state: State, inputs: CycleInputs, chosen: Collection[str] | None) -> list[Request]:
    """Return the requests for matches of the last live list that must be read in full.

    They do not wait for the new list: if the vendor takes half a cycle to answer, they would never be
    requested in time. Return none if the last list is older than `RECENT_CYCLES`, as after a restart: too
    many of its matches may be over.
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
    requests = [COUNTRY_LIST, CATEGORY_LIST]
    requests += details_of(details, held, state, inputs)
    for match_id in sorted(held, key=lambda one: held[one].score.status_id not in IN_PLAY):
        detail = matches[match_id].detail.value
        if detail is not None:
            requests += competition_of(detail)
            requests += teams_of(detail) if match_id in wanted else ()
    return [*requests, *odds_of(wanted, held, state, inputs)]


def fallback_feed(state: State, inputs: CycleInputs) -> list[Request]:
    """Return the request for the feed that replaces one that failed in this cycle."""
    feed = inputs.odds_feed() if state.matches else None
    return [Request(feed, priority=Priority.FEED)] if feed is endpoints.ODDS_UPDATE else []


def after_live_list(
    live: Mapping[str, LiveMatch], state: State, inputs: CycleInputs, *, filtered: bool
) -> list[Request]:
    """Return the requests that follow from the live list.

    Args:
        live: The live matches by id.
        state: The current state.
        inputs: What the plan depends on besides the state.
        filtered: Whether there are filters; if so, odds wait until the competition is known.
    """
    if not live:
        return []
    requests = [COUNTRY_LIST, CATEGORY_LIST]
    asked = {
        match_id: match
        for match_id, match in live.items()
        if _needs_detail(state.matches.get(match_id), state, inputs)
    }
    requests += details_of(asked, live, state, inputs)
    for match_id in live.keys() - asked.keys():
        detail = state.matches[match_id].detail.value
        if detail is not None:
            requests += competition_of(detail)
            requests += () if filtered else teams_of(detail)
    return requests if filtered else [*requests, *odds_of(live, live, state, inputs)]


def details_of(
    wanted: Iterable[str], live: Mapping[str, LiveMatch], state: State, inputs: CycleInputs
) -> list[Request]:
    """Return the requests by id for the details of these matches, if they are listed, up to the quota."""
    chosen = {match_id: live[match_id] for match_id in wanted if match_id in live}
    return [
        Request(endpoints.DETAIL, match_id, priority=Priority.DETAIL)
        for match_id in _in_turn(chosen, state, endpoints.DETAIL, inputs)
    ]


def odds_of(
    wanted: Iterable[str], live: Mapping[str, LiveMatch], state: State, inputs: CycleInputs
) -> list[Request]:
    """Return the requests for the odds of these matches that no feed supplies, up to the quota."""
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
    """Return the requests for the odds of matches that a feed reports as changed without the new prices."""
    listed = {match_id: live[match_id] for match_id in match_ids if match_id in live}
    return [
        Request(endpoints.ODDS, match_id, priority=Priority.ODDS)
        for match_id in _in_turn(listed, state, endpoints.ODDS, inputs)
    ]


def between_cycles(state: State, wanted: Iterable[str], inputs: CycleInputs) -> list[Request]:
    """Return the requests to make between two cycles.

    These are the odds feed, if it does not reach back to the last cycle, and requests that had to wait for
    quota: if the quota's window is as long as the interval, it ends a little after the next cycle begins.
    """
    if not state.matches:
        return []
    requests = []
    feed, polled_at = inputs.odds_feed(), state.odds_feed.polled_at
    if feed is not None and (polled_at is None or inputs.now - polled_at >= LISTEN_EVERY_S / 2):
        requests += [Request(feed, priority=Priority.FEED)] if state.odds_feed.trusted else []
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
        requests += [
            Request(endpoint, one, priority=priority) for one in _in_turn(waiting, state, endpoint, inputs)
        ]
    return requests


def teams_of(detail: Detail) -> list[Request]:
    """Return the requests for the teams that a match detail names."""
    return [
        Request(endpoints.TEAM, team_id, priority=Priority.REFERENCE)
        for team_id in (detail.home_team_id, detail.away_team_id)
        if team_id
    ]


def competition_of(detail: Detail) -> list[Request]:
    """Return the request for the competition that a match detail names; [] if it names none."""
    if not detail.competition_id:
        return []
    return [Request(endpoints.COMPETITION, detail.competition_id, priority=Priority.REFERENCE)]


def _due(endpoint: Endpoint, polled_at: float | None, inputs: CycleInputs) -> bool:
    early_s = min(EARLY_OF_CADENCE * endpoint.cadence_s, EARLY_OF_INTERVAL * inputs.interval_s)
    return polled_at is None or inputs.now - polled_at >= endpoint.cadence_s - early_s


def _needs_detail(held: MatchState | None, state: State, inputs: CycleInputs) -> bool:
    return held is None or held.detail.value is None or not inputs.details_by_feed(state)


def _needs_odds(held: MatchState | None, state: State, inputs: CycleInputs) -> bool:
    if held is None or not held.has_full_odds or not inputs.odds_by_feed(state):
        return True
    return not covers(inputs.now, held.odds.fetched_at, endpoints.ODDS_LIVE.window_s)


def _checks(state: State, inputs: CycleInputs) -> list[Request]:
    """Return the requests that re-read a few matches in full, in rotation, to compare them with the feeds.

    Odds are re-read with the quota left after all matches that need theirs. If that does not cover every
    match chosen, fewer are chosen, so that the rotation skips none.
    """
    most = CHECKS_PER_SLOW_CYCLE if inputs.interval_s >= SLOW_CYCLE_S else 1
    left = inputs.left.get(endpoints.ODDS)
    waiting = sum(_needs_odds(match, state, inputs) for match in state.matches.values())
    spare = most if left is None else max(0, left - waiting)
    with_odds = bool(spare and inputs.odds_by_feed(state) and state.odds_feed.watermark)
    held = sorted(
        match_id
        for match_id, match in state.matches.items()
        if match.detail.value is not None and match.has_full_odds
    )
    requests = []
    for number in range(min(most, len(held), spare if with_odds else most)):
        match_id = held[(state.checked + number) % len(held)]
        if inputs.details_by_feed(state) and state.details_feed.latest:
            requests.append(Request(endpoints.DETAIL, match_id, priority=Priority.CHECK))
        if with_odds:
            watermark = state.odds_feed.watermark
            requests.append(Request(endpoints.ODDS, match_id, priority=Priority.CHECK, watermark=watermark))
    return requests


def _in_turn(
    live: Mapping[str, LiveMatch], state: State, endpoint: Endpoint, inputs: CycleInputs
) -> list[str]:
    """Return the match ids in order of request, cut at the quota: longest wait first, in play preferred.

    A second of waiting weighs four times as much in play, not infinitely, so that no match waits for ever. A
    failed request also resets the wait, so that it does not hold up other matches.
    """

    def weight(match_id: str) -> float:
        age = inputs.now - _last_asked(match_id, state, endpoint)
        return age * (IN_PLAY_WEIGHT if live[match_id].score.status_id in IN_PLAY else 1)

    return sorted(live, key=weight, reverse=True)[: inputs.left.get(endpoint)]


def _last_asked(match_id: str, state: State, endpoint: Endpoint) -> float:
    """Return when a part of a match was last fetched, or its request last failed, in Unix seconds.

    Partial odds come from the feed: their history has not been fetched.
    """
    odds = endpoint is endpoints.ODDS
    held = state.matches.get(match_id)
    part = None if held is None else held.odds if odds else held.detail
    if odds and held is not None and not held.has_full_odds:
        part = None
    failed_at = (state.odds_failed_at if odds else state.details_failed_at).get(match_id, 0.0)
    return max(failed_at, (part.fetched_at or 0.0) if part is not None else 0.0)
