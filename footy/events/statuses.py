"""The status: periods from kick-off to full time, and all other changes of a match's status."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from msgspec.structs import replace

from footy.events.emitted import Emitted, counted
from footy.events.sighting import Sighting
from footy.events.types import Event

FINISHED = 8
CANCELLED = 12
ABANDONED = frozenset({11, 12})
"""Statuses in which a match will not be finished: cut in half, cancelled."""
IN_PLAY = frozenset({2, 3, 4, 5, 6, 7})
_EXTRA_TIMES = frozenset({5, 6})

_RANKS: Mapping[int, int] = {0: 0, 1: 0, 9: 0, 12: 0, 13: 0, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 5, 8: 6}
"""How far a match has come, by status. 10 and 11 keep the rank from before (events.md, Periods)."""
_PERIODS: Mapping[int, str] = {
    1: "kickoff",
    2: "half_time",
    3: "second_half",
    4: "extra_time",
    5: "penalties",
    6: "full_time",
}
_STARTS = frozenset({"kickoff", "second_half", "extra_time", "penalties"})
_ENDED = 6


class Change(NamedTuple):
    """A change of the status and its event; `type` is None if nothing is emitted."""

    type: str | None
    rank: int
    change: Literal["resumed", "corrected"] | None = None
    relates: str | None = None

    @property
    def starts_play(self) -> bool:
        """Check whether a period starts, so that its event precedes those of the period."""
        return self.type in _STARTS


def rank_of(status_id: int, rank: int = 0) -> int:
    """Return the rank of a status; `rank` if the status has none."""
    return _RANKS.get(status_id, rank)


def change_to(emitted: Emitted, status_id: int) -> Change | None:
    """Return the change from the emitted status to this one; None if they are equal."""
    was, rank = emitted.status_id, emitted.rank
    if status_id == was:
        return None
    reached = rank_of(status_id, rank)
    if {status_id, was} == _EXTRA_TIMES:
        return Change(None, rank)
    # 8 can become 5 or 7 (events.md, fifth point): it was the end of regular or extra time only.
    if rank == _ENDED and was == FINISHED and status_id in {5, 6, 7}:
        return Change(_PERIODS[reached], reached, relates=emitted.full_time_event)
    if reached > rank:
        return Change(_PERIODS[reached], reached)
    return _other(emitted, status_id, reached)


def _other(emitted: Emitted, status_id: int, reached: int) -> Change:
    """Return a change that is not a new period.

    It is neither `resumed` nor `corrected` between statuses before play, or if a match is cancelled.
    """
    was, rank = emitted.status_id, emitted.rank
    if status_id == CANCELLED:
        return Change("status", rank)
    if reached == rank and status_id in _RANKS and rank > 0:
        return Change("status", rank, "resumed")
    if reached < rank and (was in IN_PLAY or was == FINISHED):
        return Change("status", rank, "corrected", emitted.period_event)
    return Change("status", rank)


def changed(
    emitted: Emitted, change: Change, sighting: Sighting, vendor_at: str | None = None
) -> tuple[Emitted, list[Event]]:
    """Return the state after a change of the status, and its event."""
    status_id = sighting.status_id
    ended_at = None
    if status_id == FINISHED:
        ended_at = sighting.now if emitted.ended_at is None else emitted.ended_at
    after = replace(emitted, status_id=status_id, rank=change.rank, ended_at=ended_at)
    if change.type is None:
        return after, []
    key: tuple[str | int, ...]
    fields: dict[str, object] = {"previous_status_id": emitted.status_id, "relates": change.relates}
    if change.type == "status":
        number, counts = counted(emitted.counts, f"status:{status_id}")
        key = (status_id, number)
        fields |= {"status": sighting.status, "change": change.change}
    else:
        number, counts = counted(emitted.counts, change.type)
        key = (number,)
    event = sighting.event(change.type, *key, score=emitted.score, vendor_at=vendor_at, **fields)
    full_time = event.id if change.type == "full_time" else emitted.full_time_event
    after = replace(after, counts=counts, period_event=event.id, full_time_event=full_time)
    return after, [event]
