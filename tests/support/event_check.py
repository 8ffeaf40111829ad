"""What is wrong with the events of a log, by what the oracle says a consumer has to emit."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from itertools import groupby, pairwise
from typing import Any, NamedTuple

import msgspec

from tests.support.event_oracle import INCIDENT, SIDE, Element, Tale, counted

PEOPLE = ("player", "player_in", "player_out")
SAID = ("kind", *PEOPLE, "assist", "var_reason", "var_result")

MILLISECOND, ROUNDING_S = 0.001, 1e-6
"""Times in events are truncated to milliseconds."""


class Emitted(NamedTuple):
    """An event as it is in the log."""

    sequence: int
    id: str
    type: str
    data: Any


def emitted(read: Callable[[int, int], Sequence[Any]]) -> list[Emitted]:
    """Return all events of a log, given its `read(after, limit)`."""
    found: list[Emitted] = []
    while rows := read(found[-1].sequence if found else 0, 5_000):
        found += [Emitted(row.sequence, row.id, row.type, msgspec.json.decode(row.data)) for row in rows]
    return found


def differences(tale: Tale, events: Sequence[Emitted], *, beside: Collection[str] = ()) -> list[str]:
    """Say in a sentence each what is missing, invented, twice, wrong or out of order.

    `beside` are types of events that the oracle knows nothing of: they only have to be there once.
    """
    told = [one for one in events if one.type not in beside]
    return [
        *_of_the_sequence(events),
        *_of_the_list(tale, [one for one in told if not one.type.endswith("_detail")]),
        *_of_the_details(tale, told),
    ]


def _of_the_sequence(events: Sequence[Emitted]) -> Iterator[str]:
    if [one.sequence for one in events] != list(range(1, len(events) + 1)):
        yield "the sequence has a gap"
    yield from (f"{key}: it is there {n} times" for key, n in Counter(e.id for e in events).items() if n > 1)
    known: set[str] = set()
    for one in events:
        relates = one.data.get("relates")
        if relates is not None and relates not in known:
            yield f"{one.id}: it relates to {relates}, which was not emitted before"
        known.add(one.id)


def _of_the_list(tale: Tale, events: Sequence[Emitted]) -> Iterator[str]:
    by_id = {one.id: one for one in events}
    wanted = {one.id for one in tale.told}
    yield from (f"{one.id}: it is missing" for one in tale.told if one.id not in by_id)
    yield from (f"{one.id}: it is invented" for one in events if one.id not in wanted)
    for told in tale.told:
        if told.id not in by_id:
            continue
        data = by_id[told.id].data
        for name, value in told.says.items():
            if _plain(data[name]) != value:
                yield f"{told.id}: {name} is {data[name]}, not {value}"
        if not -ROUNDING_S < told.at - _moment(data["seen_at"]) < MILLISECOND + ROUNDING_S:
            yield f"{told.id}: seen_at is {data['seen_at']}, not {told.at}"
    ours: dict[str, list[str]] = {}
    theirs: dict[str, list[str]] = {}
    for event in events:
        ours.setdefault(event.id.split(":")[0], []).append(event.id)
    for told in tale.told:
        theirs.setdefault(told.id.split(":")[0], []).append(told.id)
    for match_id, ids in theirs.items():
        if in_order(ids) != in_order(ours.get(match_id, [])):
            yield f"{match_id}: the order of its events is not the contract's"


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _plain(value: Any) -> Any:
    """Return a value of an event as the oracle has it."""
    if isinstance(value, dict):
        return (value["home"], value["away"])
    return tuple(value) if isinstance(value, list) else value


def in_order(ids: Sequence[str]) -> list[str]:
    """Return ids in order, but those sorted whose order among each other the oracle does not know."""
    kinds = set(INCIDENT.values())
    ordered: list[str] = []
    for kind, run in groupby(ids, key=lambda one: one.split(":")[1]):
        together = list(run)
        # Of goals that count again, the running score is known only if their incidents may be used again.
        again = kind == "goal" and any(one.count(":") == 4 for one in together)
        ordered += sorted(together) if again else together
    runs = groupby(ordered, key=lambda one: one.split(":")[1] in kinds)
    return [one for is_incident, run in runs for one in (sorted(run) if is_incident else list(run))]


def _of_the_details(tale: Tale, events: Sequence[Emitted]) -> Iterator[str]:
    """Say where details tell nothing new, or do not come to what was listed at last."""
    said: dict[str, dict[str, Any]] = {}
    for one in events:
        now = {name: one.data.get(name) for name in SAID}
        if not one.type.endswith("_detail"):
            said[one.id] = now
        elif one.data["relates"] not in said:
            yield f"{one.id}: it relates to {one.data['relates']}"
        else:
            was = said[one.data["relates"]]
            if was == now or any(now[name] is None and was[name] is not None for name in SAID):
                yield f"{one.id}: it says {now} after {was}"
            said[one.data["relates"]] = now
    for match_id, last in tale.last.items():
        before = counted(tale.first[match_id])
        for kind in counted(last):
            if not before[kind]:
                yield from _unnamed(match_id, kind, last, said)
        yield from _without_scorer(match_id, last, said, events)


def _unnamed(match_id: str, kind: str, last: Element, said: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Say whom the last list names in incidents of a kind and side, and the events do not."""
    type_, side = kind.split(":")
    for field in PEOPLE:
        vendor = {"player": "player", "player_in": "in_player", "player_out": "out_player"}[field]
        listed = Counter(
            one[f"{vendor}_name"]
            for one in last["incidents"]
            if INCIDENT.get(one["type"]) == type_
            and SIDE.get(one["position"], "none") == side
            and f"{vendor}_name" in one
        )
        told = Counter(now[field] for key, now in said.items() if key.startswith(f"{match_id}:{kind}:"))
        if lost := listed - told:
            yield f"{match_id}: the {field} of {kind} is not told: {dict(lost)}"


def _without_scorer(
    match_id: str, last: Element, said: dict[str, dict[str, Any]], events: Sequence[Emitted]
) -> Iterator[str]:
    """Say of which goals the last list has the scorer by its running score, and the events have another."""
    cancelled = {one.data["relates"]: one for one in events if one.type == "goal_cancelled"}
    at = {one.id: _moment(one.data["seen_at"]) for one in events}
    for one in last["incidents"]:
        side = SIDE.get(one["position"])
        if one["type"] not in {1, 8, 17} or "player_name" not in one or f"{side}_score" not in one:
            continue
        number = one[f"{side}_score"]
        same = [
            other
            for other in last["incidents"]
            if other["type"] in {1, 8, 17}
            and SIDE.get(other["position"]) == side
            and other.get(f"{side}_score", number) == number
        ]
        key = f"{match_id}:goal:{side}:{number}"
        goals = [key, *(f"{key}:{generation}" for generation in range(2, 20))]
        for before, goal in pairwise(["", *goals]):
            if goal not in said or goal in cancelled or same != [one]:
                continue
            # A goal that was cancelled may have left its incident behind, unless it was the same goal.
            gone = cancelled.get(before)
            recovered = (
                gone is not None
                and gone.data["cause"] is None
                and at[goal] - at[gone.id] <= 180
                and said[before]["player"] == one["player_name"]
            )
            if (goal == key or recovered) and said[goal]["player"] != one["player_name"]:
                yield f"{goal}: the player is {said[goal]['player']}, not {one['player_name']}"
