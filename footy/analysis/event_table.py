"""The table of events: a row for each, with what most types have in columns, and all of it as JSON."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import msgspec

from footy.analysis.columns import Batch, Column
from footy.analysis.tables import Store, Table, Wanted, after_time, day_of, day_start
from footy.history.log import StoredEvent
from footy.history.span import Span, events_in
from footy.times import unix_seconds

COLUMNS = (
    Column("epoch", "text", "the log's epoch; with `sequence` the position"),
    Column("sequence", "bigint", "the number of the event in the log: the order of events"),
    Column("id", "text", "the event's id"),
    Column("type", "text", "its type, such as `goal`"),
    Column("match_id", "text", "the match; null for an event without one"),
    Column("seen_at", "moment", "when footy saw it"),
    Column("vendor_at", "moment", "when it happened by the vendor's clock"),
    Column("late", "bool", "whether it happened while footy was not looking"),
    Column("relates", "text", "the id of the event that it corrects or completes"),
    Column("competition", "text", "the competition's name"),
    Column("country", "text", "its country"),
    Column("home", "text", "the home team"),
    Column("away", "text", "the away team"),
    Column("status_id", "int", "the match's status"),
    Column("minute", "int", "the minute of play"),
    Column("clock", "text", "the clock as people read it"),
    Column("home_score", "int", "the home side's goals, after the event"),
    Column("away_score", "int", "the away side's"),
    Column("side", "text", "`home` or `away`"),
    Column("number", "int", "the number of the goal or incident among those of its side"),
    Column("kind", "text", "of a goal: `goal`, `penalty` or `own_goal`"),
    Column("player_id", "text", "the player of a goal, a card, a kick"),
    Column("player", "text", "the player's name"),
    Column("market", "text", "of a price: `money_line`, `spread`, `over_under` or `corners`"),
    Column("data", "text", "all data of the event as JSON: see events.md"),
)


class _Score(msgspec.Struct):
    home: int | None = None
    away: int | None = None


class _Data(msgspec.Struct):
    """What the columns show of an event's data; the others of its fields are in `data` alone."""

    vendor_at: str | None = None
    late: bool | None = None
    relates: str | None = None
    competition: str | None = None
    country: str | None = None
    home: str | None = None
    away: str | None = None
    status_id: int | None = None
    minute: int | None = None
    clock: str | None = None
    score: _Score | None = None
    side: str | None = None
    number: int | None = None
    kind: str | None = None
    player_id: str | None = None
    player: str | None = None
    market: str | None = None


class _After(msgspec.Struct):
    after: _Score | None = None


_NOTHING = _Data()
_data = msgspec.json.Decoder(_Data).decode
_after = msgspec.json.Decoder(_After).decode


def _batches(store: Store, wanted: Wanted) -> Iterator[Batch]:
    epoch = store.extent().epoch
    span = _whole_days(store, wanted.span) if wanted.whole_days else wanted.span
    newest_day = ""
    for events in events_in(store, span, match_id=wanted.match_id):
        rows = [_row(epoch, one) for one in events]
        moments = [row[5] or 0.0 for row in rows]
        days = []
        for moment in moments:  # if the clock was set back, the order of the log is kept
            newest_day = max(newest_day, day_of(moment))
            days.append(newest_day)
        for day, group in groupby(zip(days, rows, strict=True), key=lambda one: one[0]):
            of_day = [row for _, row in group]
            yield Batch(day, len(of_day), [*zip(*of_day, strict=True)])


def _whole_days(store: Store, span: Span) -> Span:
    since = max(span.since or 0.0, after_time(store, span) or 0.0)
    until = None if span.until is None else -day_start(-span.until)
    return Span(day_start(since) if since else None, until)


def _row(epoch: str, one: StoredEvent) -> tuple[Any, ...]:
    try:
        data = _data(one.data)
    except msgspec.DecodeError:
        data = _NOTHING
    score = data.score or _score_after(one)
    return (
        *(epoch, one.sequence, one.id, one.type, one.match_id),
        *(_seconds(one.seen_at), _seconds(data.vendor_at), data.late, data.relates),
        *(data.competition, data.country, data.home, data.away),
        *(data.status_id, data.minute, data.clock, score.home, score.away),
        *(data.side, data.number, data.kind, data.player_id, data.player, data.market),
        one.data.decode(errors="replace"),
    )


def _score_after(one: StoredEvent) -> _Score:
    """Return the score after a goal or a correction of one."""
    try:
        return _after(one.data).after or _Score()
    except msgspec.DecodeError:
        return _Score()


def _seconds(text: str | None) -> float | None:
    try:
        return None if text is None else unix_seconds(text)
    except ValueError:
        return None


EVENTS = Table("events", "an event of the log", COLUMNS, _batches)
