"""The tables: what each holds, and how its rows come out of a store, in batches and in order of time."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from footy.analysis.columns import Batch, Column
from footy.history.archive import MatchEntry, all_entries
from footy.history.place import KeptLog
from footy.history.span import Span
from footy.times import unix_seconds

DAY_S = 86_400


Store = KeptLog
"""A log with its archive, wherever they are."""
_ALL = Span()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows are wanted."""

    span: Span = _ALL
    match_id: str | None = None
    """Only of this match; of all if None."""
    whole_days: bool = False
    """Every UTC day with a row in the span, from its first row to its last."""
    early_window: tuple[int, int] = (2, 6)
    """First and last minute of play of an early price: FOOTY_EARLY_WINDOW."""
    warn: Callable[[str], None] = lambda _: None
    """Is told in a sentence what cannot be read, and so is left out."""


class Bulk(NamedTuple):
    """The rows of a table with the vendor's own numbers; SQL computes the table's columns from them."""

    columns: Sequence[Column]
    batches: Callable[[Store, Wanted], Iterator[Batch]]
    select: str
    """The columns of the table as SQL over these."""


class Table(NamedTuple):
    """A table of the history."""

    name: str
    words: str
    """What a row is."""
    columns: Sequence[Column]
    batches: Callable[[Store, Wanted], Iterator[Batch]]
    bulk: Bulk | None = None
    """None if the batches themselves cost little."""


def day_of(moment: float) -> str:
    """Return the UTC day of a time, such as `2026-11-26`."""
    try:
        return dt.datetime.fromtimestamp(moment, dt.UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return "1970-01-01"


def day_start(moment: float) -> float:
    """Return the beginning of the UTC day of a time."""
    return moment // DAY_S * DAY_S


def after_time(store: Store, span: Span) -> float | None:
    """Return the time of the event at the span's position; None if the log cannot tell, or there is none."""
    after, missing = span.begin(store.extent())
    if span.after is None or missing is not None or after == 0:
        return None
    events = store.read(after - 1, 1)
    return unix_seconds(events[0].seen_at) if events and events[0].sequence == after else None


def entries_of(store: Store, wanted: Wanted) -> list[MatchEntry]:
    """Return the matches that are wanted, the one seen first at the head.

    A match belongs to the UTC day on which it was seen first. It is wanted if it was seen before `until`, and
    has changed, or was archived, at or after `since` and the position.
    """
    if wanted.match_id is not None:
        entry = store.entry(wanted.match_id)
        found = [] if entry is None else [entry]
    else:
        found = [*all_entries(store, until=wanted.span.until)]
    found.sort(key=lambda one: (one.first, one.id))
    since = max(wanted.span.since or 0.0, after_time(store, wanted.span) or 0.0)
    changed = [one for one in found if max(one.last, one.archived_at or 0.0) >= since]
    if not wanted.whole_days:
        return changed
    days = {day_of(one.first) for one in changed}
    if wanted.span.until is not None:  # the last day is to be whole, too
        found = sorted(all_entries(store), key=lambda one: (one.first, one.id))
    return [one for one in found if day_of(one.first) in days]
