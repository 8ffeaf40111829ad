"""Fold pushed parts into the state, and compare them with the polled list. Pure.

The poll stays the truth: a list that was requested after a part arrived replaces it, an earlier one does not.
A push that the poll contradicts costs its trust, as with the feeds; without trust nothing pushed is shown.
"""

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from footy.mirror.state import Held, PartKey, PushedPart, PushHealth, Source, State, periods_of
from footy.thesports.codes import IN_PLAY
from footy.thesports.models import LiveMatch, LiveScore, SideScore
from footy.thesports.push import Part, PartName, PartValue

SETTLED_S = 15.0
"""Seconds after which a polled list that still differs from a part contradicts it. Until then the rest of the
messages may be on their way, or the list of a server that lags behind."""
RANKS: Mapping[int, int] = {2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 5, 8: 6}
"""How far a match has come, by status (events.md); the statuses before play have 0."""
_ENDED = 8
_KEEP_RANK = frozenset({10, 11})


def with_parts(state: State, parts: tuple[Part, ...]) -> State:
    """Return the state with pushed parts folded in; the same object if they change nothing.

    A part of an unknown match is dropped, as is one that the newest list was requested after. A score that
    goes back waits for the next list: messages carry no time, so it may be an old one that comes late.
    """
    push = state.push
    held_parts, doubted = dict(push.parts), dict(push.doubted)
    matches = dict(state.matches)
    for part in parts:
        match = matches.get(part.match_id)
        if match is None or part.at <= push.listed_from:
            continue
        key = (part.match_id, part.name)
        live = match.live.value
        goes_back = (
            live is not None and isinstance(part.value, LiveScore) and goes_back_from(live.score, part.value)
        )
        if goes_back:
            doubted[key] = part.at
            continue
        doubted.pop(key, None)
        held_parts[key] = PushedPart(part.value, part.at, left_out=part.left_out)
        if push.health.trusted and live is not None:
            after = with_part(live, part.name, part.value, part.left_out)
            if after != live:
                held = Held(after, _as_of(part.name, part.at, match.live.fetched_at), Source.PUSH)
                matches[part.match_id] = replace(match, live=held, periods=periods_of(held, match))
    if held_parts == push.parts and doubted == push.doubted:
        return state
    return replace(state, matches=matches, push=replace(push, parts=held_parts, doubted=doubted))


def goes_back_from(before: LiveScore, after: LiveScore) -> bool:
    """Check whether a score takes back a goal, or a status that the match has reached.

    8 can become 5 or 7: it was the end of regular time only.
    """
    was, now = before.status_id, after.status_id
    is_back = RANKS.get(now, 0) < RANKS.get(was, 0) and now not in _KEEP_RANK
    if is_back and not (was == _ENDED and now in {5, 6, 7}):
        return True
    return any(
        (getattr(new, column) or 0) < (getattr(old, column) or 0)
        for old, new in ((before.home, after.home), (before.away, after.away))
        for column in ("goals", "extra_time", "shoot_out")
    )


def with_part(live: LiveMatch, name: PartName, value: PartValue, left_out: tuple[str, ...]) -> LiveMatch:
    """Return a live element with one part replaced."""
    marks = tuple(one for one in live.left_out if not one.startswith(name)) + left_out
    return msgspec.structs.replace(live, **{name: value, "left_out": marks})


def after_list(
    push: PushHealth, listed: Mapping[str, LiveMatch], sent_at: float, at: float
) -> tuple[PushHealth, dict[str, Held[LiveMatch]]]:
    """Return the health after a list, and the elements of it that later parts have changed meanwhile.

    Args:
        push: What was pushed since the lists before.
        listed: The elements of the list.
        sent_at: When the list was requested; parts that arrived later than that are newer than it.
        at: When it arrived.
    """
    health, parts = push.health, dict[PartKey, PushedPart]()
    elements: dict[str, Held[LiveMatch]] = {}
    for key, one in push.parts.items():
        match_id, name = key
        polled = listed.get(match_id)
        if polled is None:
            continue
        if one.at > sent_at:
            parts[key] = one
            if health.trusted:
                held = elements.get(match_id)
                element = polled if held is None or held.value is None else held.value
                after = with_part(element, name, one.value, one.left_out)
                as_of = _as_of(name, one.at, at if held is None else held.fetched_at)
                elements[match_id] = Held(after, as_of, Source.PUSH)
        elif {*one.left_out} != {path for path in polled.left_out if path.startswith(name)}:
            continue  # what could not be read in one of them contradicts nothing
        elif _agree(name, one.value, polled):
            health = health.checked(agreed=True, reported=True)
        elif one.differs_since is None:
            parts[key] = replace(one, differs_since=at)
        elif at - one.differs_since < SETTLED_S:
            parts[key] = one
        else:
            health = health.checked(agreed=False, reported=True)
    doubted = {key: then for key, then in push.doubted.items() if then > sent_at and key[0] in listed}
    return PushHealth(parts, doubted, health, max(push.listed_from, sent_at)), elements


def _as_of(name: PartName, at: float, before: float | None) -> float | None:
    """Return the time of an element after one of its parts was pushed: that of its score.

    Another part says nothing of the score, whose message may be lost, or wait for the list.
    """
    return at if name == "score" else before


def _agree(name: PartName, pushed: PartValue, polled: LiveMatch) -> bool:
    """Compare a pushed part with the polled one; counters swap sides once a match is not in play."""
    shown = getattr(polled, name)
    in_play = polled.score.status_id in IN_PLAY
    if isinstance(pushed, LiveScore) and not in_play:
        return _without_counters(pushed) == _without_counters(shown)
    if name == "stats":
        return not in_play or _by_type(pushed) == _by_type(shown or [])
    return bool(pushed == (shown or type(pushed)()) if isinstance(pushed, list) else pushed == shown)


def _without_counters(score: LiveScore) -> tuple[object, ...]:
    def goals(side: SideScore) -> tuple[int | None, ...]:
        return side.goals, side.extra_time, side.shoot_out

    return score.status_id, goals(score.home), goals(score.away)


def _by_type(rows: object) -> dict[int, object]:
    return {row.type: row for row in rows} if isinstance(rows, list) else {}
