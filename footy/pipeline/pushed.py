"""What pushed parts change in the last snapshot, to be published before the next cycle ends."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

from footy.clock import CLOCK
from footy.mirror.state import Held, Source, State
from footy.pipeline import report
from footy.record import MatchRecord, Meta, Snapshot
from footy.records.order import ordered
from footy.times import moment_text

T = TypeVar("T")

FIRST_CYCLE = "The first cycle is not over: details, names and odds are still being read"
"""What a snapshot says that a push has published before that."""


@dataclass(frozen=True, slots=True)
class PushedUpdate:
    """A snapshot with what was pushed since the one before."""

    snapshot: Snapshot
    changed: frozenset[str] | None
    """The ids of the matches whose records changed; None if it may be all of them."""
    records: Sequence[MatchRecord]
    """The records of the matches that were pushed."""
    versions: Mapping[str, int] = field(default_factory=dict)
    """As in `CycleResult`."""


OnPush = Callable[[PushedUpdate | None], None]
"""Takes what was pushed, in the thread that owns the state; None if nothing changed since the last one."""


@dataclass(frozen=True, slots=True)
class FirstCycle:
    """What a snapshot needs that is published before the first cycle has ended."""

    before: State
    """The state at its start."""
    meta: Callable[[State, float], Meta]
    """Returns the meta of such a snapshot; `counts` is of no records yet."""


RecordsOf = Callable[[State, float], list[MatchRecord]]
"""Returns the records of a state's wanted matches, published at a time (Unix seconds)."""


class ShownSnapshot:
    """The last snapshot, with what was pushed since. For the thread that owns the state."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._at = 0.0
        self._is_first = True
        """Whether no cycle has ended yet; a push may have published what its first one knows so far."""

    def published(self, snapshot: Snapshot, at: float) -> None:
        """Take the snapshot of a cycle that has ended."""
        self._snapshot, self._at, self._is_first = snapshot, at, False

    def update(
        self, was: State, state: State, records_of: RecordsOf, first: FirstCycle | None
    ) -> PushedUpdate | None:
        """Return the snapshot with the changes of pushed parts; None if they changed nothing.

        Before the first cycle has ended there is no snapshot. Then all that is known is shown once, as soon
        as its live list is there; what has not been read yet is missing, or stale.

        Args:
            was: The state before the parts.
            state: The state with them.
            records_of: Makes the records.
            first: The running cycle, once its live list is there; it counts if it is the first one.
        """
        pushed = {
            match_id: match
            for match_id, match in state.matches.items()
            if match.live.source is Source.PUSH
            and (match_id not in was.matches or match.live is not was.matches[match_id].live)
        }
        if not pushed:
            return None
        at = CLOCK.now()
        if self._snapshot is None:
            if first is None:
                return None
            records = ordered(records_of(_without_old(state, first.before), at))
            meta = first.meta(state, at)
            meta["counts"] = report.counts(records)
            self._snapshot, self._at = {"meta": meta, "matches": records}, at
            changed = [record for record in records if record["match_id"] in pushed]
            return PushedUpdate(self._snapshot, None, changed)
        of_pushed = replace(state, matches=pushed)
        if first is not None and self._is_first:
            of_pushed = _without_old(of_pushed, first.before)
        records = records_of(of_pushed, at)
        if not records:
            return None
        by_id = {record["match_id"]: record for record in records}
        self._snapshot, self._at = with_records(self._snapshot, self._at, by_id, at), at
        return PushedUpdate(self._snapshot, frozenset(by_id), records)


def with_records(
    snapshot: Snapshot, published_before: float, changed: Mapping[str, MatchRecord], published_at: float
) -> Snapshot:
    """Return a snapshot with the records of some matches replaced; all others are only older.

    Args:
        snapshot: The snapshot before.
        published_before: When that was published, in Unix seconds.
        changed: The new records by match id.
        published_at: Unix seconds.
    """
    later_s = published_at - published_before
    known = {record["match_id"] for record in snapshot["matches"]}
    records = [changed.get(record["match_id"]) or _older(record, later_s) for record in snapshot["matches"]]
    if added := [record for match_id, record in changed.items() if match_id not in known]:
        records = ordered([*records, *added])
    meta = snapshot["meta"].copy()
    meta["published_at"] = moment_text(published_at) or ""
    meta["counts"] = report.counts(records)
    return {"meta": meta, "matches": records}


def _older(record: MatchRecord, later_s: float) -> MatchRecord:
    older: dict[str, Any] = cast("dict[str, Any]", record).copy()
    older["data_age_s"] = round(record["data_age_s"] + later_s, 3)
    return cast("MatchRecord", older)


def _without_old(state: State, before: State) -> State:
    """Return a state in which what a restart found on disk, and this cycle has not read yet, is stale."""

    def of_now(held: Held[T], was: Held[T]) -> Held[T]:
        is_old = held is was and held.value is not None
        return Held(held.value, held.fetched_at, Source.STALE) if is_old else held

    matches = {
        match_id: match
        if (was := before.matches.get(match_id)) is None
        else replace(
            match,
            live=of_now(match.live, was.live),
            detail=of_now(match.detail, was.detail),
            odds=of_now(match.odds, was.odds),
        )
        for match_id, match in state.matches.items()
    }
    return replace(state, matches=matches)
