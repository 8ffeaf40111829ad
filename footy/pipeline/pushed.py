"""What pushed parts change in the last snapshot, to be published before the next cycle ends. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from footy.pipeline import report
from footy.record import MatchRecord, Snapshot
from footy.records.order import ordered
from footy.times import moment_text


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
