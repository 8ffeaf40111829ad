"""Incidents: cards, substitutions, missed penalties, kicks of the shoot-out and video reviews.

The counters of cards and corners swap sides (events.md, first point), so only the list yields events.
Incidents are edited and inserted (second point), so minute, player and position do not identify one: it gets
a number when it is first seen, and later it is matched by similarity.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from footy.events.details import MAX_COUNTED, completed, renamed, same_person
from footy.events.emitted import Count, Emitted, IncidentState, Missing, Person, counted
from footy.events.goal_incidents import side_of
from footy.events.sighting import Sighting
from footy.events.types import INCIDENT_TYPES, Event, SideName
from footy.record import IncidentRecord

NEAR_MIN = 2
"""Maximum shift in minutes at which incidents match without a common player (events.md, Similarity)."""
WITHDRAWN_AFTER_S = 60.0
"""Seconds that an incident must be missing before it is withdrawn (events.md, `withdrawn`)."""
OVERRULES = frozenset({2, 10})
"""Results of a video review that cancel a goal: goal cancelled, original decision changed."""

_VIDEO = 28
_KICKS = frozenset({29, 30})
_SUBSTITUTION = 9

Pens = tuple[int | None, int | None]
"""The goals of both sides in the shoot-out."""
Group = tuple[int, SideName | None]
"""The type and side of incidents."""
Criterion = Callable[[IncidentState, IncidentState], int | None]
"""Returns how far apart two incidents are, from 0; None if they do not meet it."""


class Listed(NamedTuple):
    """An incident in the list that is an event."""

    place: int
    """Its position in the list."""
    state: IncidentState
    """Its features; number, event and time are not set yet."""

    @property
    def group(self) -> Group:
        """Return its type and side."""
        return self.state.type_id, self.state.side


def listed_incidents(incidents: Iterable[IncidentRecord]) -> list[Listed]:
    """Return the incidents of a list that are events, in list order."""
    return [
        _listed(place, incident)
        for place, incident in enumerate(incidents)
        if incident["type_id"] in INCIDENT_TYPES
    ]


def _listed(place: int, incident: IncidentRecord) -> Listed:
    state = IncidentState(
        incident["type_id"] or 0,
        side_of(incident),
        0,
        None,
        0.0,
        minute=incident["minute"],
        player=Person(incident["player_id"], incident["player"]),
        player_in=Person(incident["player_in_id"], incident["player_in"]),
        player_out=Person(incident["player_out_id"], incident["player_out"]),
        pens=(incident["home_pens"], incident["away_pens"]) if incident["type_id"] in _KICKS else None,
        var_reason_id=incident["var_reason_id"] or None,  # 0 is unknown
        var_result_id=incident["var_result_id"] or None,
        reason=incident["reason"],
        var_reason=incident["var_reason"],
        var_result=incident["var_result"],
    )
    return Listed(place, state)


def baseline(listed: Iterable[Listed], emitted: Emitted, now: float) -> Emitted:
    """Return the state at the first known list: its incidents are numbered, but not emitted."""
    counts = emitted.counts
    states: list[IncidentState] = []
    for one in listed:
        number, counts = _next_number(counts, one)
        states.append(replace(one.state, number=number, at=now))
    return replace(emitted, incidents=tuple(states), counts=counts)


def _next_number(counts: Mapping[str, int], one: Listed) -> Count:
    type_id, side = one.group
    return counted(counts, f"{INCIDENT_TYPES[type_id]}:{side or 'none'}")


class Matches(NamedTuple):
    """The listed incidents that were seen before, and those that are missing."""

    same: dict[int, int]
    """Position among the known incidents, by position among the listed ones."""
    missing: list[int]
    """Positions among the known incidents."""


def match(known: Sequence[IncidentState], listed: Sequence[Listed]) -> Matches:
    """Match the listed incidents with the known ones."""
    same: dict[int, int] = {}
    missing: list[int] = []
    for group in dict.fromkeys([*((one.type_id, one.side) for one in known), *(one.group for one in listed)]):
        before = [place for place, one in enumerate(known) if (one.type_id, one.side) == group]
        now = [place for place, one in enumerate(listed) if one.group == group]
        for first, second in _pairs(known, listed, before, now, _OF_ONE_SIDE):
            same[second] = first
            before.remove(first)
            now.remove(second)
        missing += before
    for second, one in enumerate(listed):
        if second in same or one.state.type_id == _VIDEO:
            continue
        # Only a review may be of neither side: of another incident the side is unknown, which is no change.
        before = [
            place
            for place in missing
            if known[place].type_id == one.state.type_id
            and (one.state.side is None or (known[place].side is None and known[place].id is None))
        ]
        for first, _ in _pairs(known, listed, before, [second], _SIMILAR):
            same[second] = first
            missing.remove(first)
    return Matches(same, missing)


def _pairs(
    known: Sequence[IncidentState],
    listed: Sequence[Listed],
    before: Sequence[int],
    now: Sequence[int],
    criteria: Sequence[Criterion],
) -> list[tuple[int, int]]:
    """Return pairs, most similar first: those that meet the first criterion before those of the next."""
    left, right = dict.fromkeys(before), dict.fromkeys(now)
    pairs: list[tuple[int, int]] = []
    for distance in criteria:
        candidates = sorted(
            (apart, number, other, first, second)
            for number, first in enumerate(left)
            for other, second in enumerate(right)
            if (apart := distance(known[first], listed[second].state)) is not None
        )
        for _, _, _, first, second in candidates:
            if first in left and second in right:
                pairs.append((first, second))
                del left[first], right[second]
    return pairs


def _minutes_apart(one: IncidentState, other: IncidentState) -> int:
    return 0 if one.minute is None or other.minute is None else abs(one.minute - other.minute)


def _players(one: IncidentState, other: IncidentState) -> bool | None:
    """Check whether both name the same player in any role; False if a role has different ones, else None."""
    parts = (
        same_person(one.player, other.player),
        same_person(one.player_in, other.player_in),
        same_person(one.player_out, other.player_out),
    )
    if True in parts:
        return True
    return False if False in parts else None


def _if_equal(one: IncidentState, other: IncidentState) -> int | None:
    same = (one.minute, one.pens, one.player, one.player_in, one.player_out) == (
        other.minute,
        other.pens,
        other.player,
        other.player_in,
        other.player_out,
    )
    return 0 if same else None


def _if_same_player(one: IncidentState, other: IncidentState) -> int | None:
    return _minutes_apart(one, other) if _players(one, other) else None


def _if_near(one: IncidentState, other: IncidentState) -> int | None:
    apart = _minutes_apart(one, other)
    return apart if apart <= NEAR_MIN and _players(one, other) is None else None


def _if_not_another(one: IncidentState, other: IncidentState) -> int | None:
    return 0 if _players(one, other) is None else None


def _always(_one: IncidentState, _other: IncidentState) -> int | None:
    return 0


_SIMILAR: tuple[Criterion, ...] = (_if_equal, _if_same_player, _if_near)
"""Equal; same player; nearest minute, with no other player named (events.md, Similarity)."""
_OF_ONE_SIDE: tuple[Criterion, ...] = (*_SIMILAR, _if_not_another, _always)
"""Those, then list order, with no other player named; list order."""


def detected(
    emitted: Emitted, listed: Sequence[Listed], sighting: Sighting, *, complete: bool
) -> tuple[Emitted, list[tuple[int, Event]], list[Event]]:
    """Return the state after a list of incidents, its events with their positions, and withdrawals.

    Args:
        emitted: The state, with an earlier list.
        listed: The incidents that are events.
        sighting: The current sighting.
        complete: Whether no incident was left out of the list, so that absent ones count as missing.
    """
    known = emitted.incidents or ()
    found = match(known, listed)
    states: dict[int, IncidentState] = dict(enumerate(known))
    counts = emitted.counts
    new: list[IncidentState] = []
    events: list[tuple[int, Event]] = []
    for place, one in enumerate(listed):
        if place in found.same:
            before = found.same[place]
            states[before], event = _edited(states[before], one, emitted, sighting)
        else:
            number, counts = _next_number(counts, one)
            state, event = _first_seen(one, number, emitted, sighting)
            new.append(state)
        if event is not None:
            events.append((one.place, event))
    withdrawals: list[Event] = []
    for place in found.missing if complete else ():
        state = _missed(states[place], sighting)
        if _is_withdrawn(state, sighting):
            del states[place]
            if state.id is not None:
                withdrawals.append(_withdrawal(state, emitted, sighting))
        else:
            states[place] = state
    after = (*states.values(), *new)
    if after == known:
        return emitted, [], withdrawals
    return replace(emitted, incidents=after, counts=counts), events, withdrawals


def _first_seen(
    one: Listed, number: int, emitted: Emitted, sighting: Sighting
) -> tuple[IncidentState, Event]:
    kind = INCIDENT_TYPES[one.state.type_id]
    state = replace(one.state, number=number, at=sighting.now)
    event = sighting.event(kind, state.side, number, **_fields(state, emitted, sighting))
    return replace(state, id=event.id), event


def _edited(
    state: IncidentState, one: Listed, emitted: Emitted, sighting: Sighting
) -> tuple[IncidentState, Event | None]:
    """Return an incident as listed now, and a detail event if something became known or changed."""
    seen = one.state
    now = replace(
        state,
        minute=state.minute if seen.minute is None else seen.minute,
        player=completed(state.player, seen.player),
        player_in=completed(state.player_in, seen.player_in),
        player_out=completed(state.player_out, seen.player_out),
        pens=_completed_pens(state.pens, seen.pens),
        reason=seen.reason or state.reason,
        missing=None,
    )
    if seen.var_reason_id is not None:
        now = replace(now, var_reason_id=seen.var_reason_id, var_reason=seen.var_reason)
    if seen.var_result_id is not None:
        now = replace(now, var_result_id=seen.var_result_id, var_result=seen.var_result)
    if now.var_result_id != state.var_result_id:
        now = replace(now, at=sighting.now)
    names = not _named(state) and _named(now)
    if state.id is None or not _is_news(state, now) or (state.counted >= MAX_COUNTED and not names):
        return now, None
    now = replace(now, details=state.details + 1, counted=state.counted + (not names))
    kind = INCIDENT_TYPES[state.type_id]
    fields = _fields(now, emitted, sighting) | {"relates": state.id}
    return now, sighting.event(f"{kind}_detail", state.side, state.number, now.details, **fields)


def _named(state: IncidentState) -> bool:
    return bool(state.player or state.player_in or state.player_out)


def _is_news(state: IncidentState, now: IncidentState) -> bool:
    return (
        renamed(state.player, now.player)
        or renamed(state.player_in, now.player_in)
        or renamed(state.player_out, now.player_out)
        or (state.var_reason_id, state.var_result_id) != (now.var_reason_id, now.var_result_id)
    )


def _completed_pens(known: Pens | None, seen: Pens | None) -> Pens | None:
    if known is None or seen is None:
        return seen or known
    return known[0] if seen[0] is None else seen[0], known[1] if seen[1] is None else seen[1]


def _missed(state: IncidentState, sighting: Sighting) -> IncidentState:
    missing = state.missing or Missing(sighting.now, None)
    missing = Missing(missing.since, sighting.first_polled(missing.polled_at))
    return state if missing == state.missing else replace(state, missing=missing)


def _is_withdrawn(state: IncidentState, sighting: Sighting) -> bool:
    missing = state.missing
    return (
        missing is not None
        and sighting.confirms(missing.polled_at)
        and sighting.now - missing.since >= WITHDRAWN_AFTER_S
    )


def _withdrawal(state: IncidentState, emitted: Emitted, sighting: Sighting) -> Event:
    kind = INCIDENT_TYPES[state.type_id]
    # A number is withdrawn only once: an incident that returns gets the next number.
    return sighting.event(
        "withdrawn",
        *(kind, state.side, state.number, 1),
        withdrawn=kind,
        side=state.side,
        number=state.number,
        score=emitted.score,
        relates=state.id,
    )


def _fields(state: IncidentState, emitted: Emitted, sighting: Sighting) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "side": state.side,
        "number": state.number,
        "score": emitted.score,
        "minute": sighting.minute if state.minute is None else state.minute,
    }
    if state.type_id == _SUBSTITUTION:
        return fields | {
            "player_in_id": state.player_in.id,
            "player_in": state.player_in.name,
            "player_out_id": state.player_out.id,
            "player_out": state.player_out.name,
            "reason": state.reason,
        }
    fields |= {"player_id": state.player.id, "player": state.player.name}
    if state.type_id in _KICKS:
        home, away = state.pens or (None, None)
        return fields | {"home_pens": home, "away_pens": away}
    if state.type_id == _VIDEO:
        return fields | {"var_reason": state.var_reason, "var_result": state.var_result}
    return fields | {"reason": state.reason}


def overruled(emitted: Emitted, listed: Iterable[Listed], now: float) -> dict[SideName, float]:
    """Return by side when the newest decision of the video assistant referee against a goal arrived.

    A decision that is listed for the first time arrives now. As long as no list counts, as in a match first
    seen after full time, it is not known when one arrived.
    """
    newest: dict[SideName, float] = {}
    if emitted.incidents is None:
        return newest
    known = [one for one in emitted.incidents if one.type_id == _VIDEO]
    current = [one for one in listed if one.state.type_id == _VIDEO]
    same = match(known, current).same
    for place, one in enumerate(current):
        side, result = one.group[1], one.state.var_result_id
        if side is None or result not in OVERRULES:
            continue
        before = known[same[place]] if place in same else None
        at = before.at if before is not None and before.var_result_id == result else now
        newest[side] = max(newest.get(side, at), at)
    return newest
