"""The envelope of an event: CloudEvents 1.0 in JSON, with the position in the log."""

from collections.abc import Iterable
from functools import cache

import msgspec

from footy.events.types import DATA, Event, MatchData

SOURCE = "urn:footy:live"
SCHEMA = 1
"""Version of the event schemas; it increases only if a field changes its meaning, type or name."""

_encode = msgspec.json.Encoder().encode


class Envelope(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """An event as it is sent, with the field names of CloudEvents."""

    specversion: str
    id: str
    source: str
    type: str
    """`footy.` and the event's type."""
    time: str
    """When footy saw it. The order of events is that of `sequence`, not of this field."""
    datacontenttype: str
    dataschema: str
    sequence: str
    """The position in the log, 16 digits; without gaps when written."""
    footyepoch: str
    """The epoch of the log, 8 hex digits; sequences of different epochs cannot be compared."""
    data: msgspec.Raw
    subject: str | None = None
    """The match's id; absent for an operational event."""
    footyreplay: bool = False
    """Whether `footy replay` sent it, once more; absent otherwise."""


@cache  # of a few types; an envelope is made in less than a microsecond
def schema_name(kind: str) -> str:
    """Return the name of the JSON Schema of a type's data."""
    return f"urn:footy:schema:{SCHEMA}:{kind}"


@cache
def _type_name(kind: str) -> str:
    return f"footy.{kind}"


def enveloped(
    *,
    event_id: str,
    kind: str,
    match_id: str | None,
    seen_at: str,
    data: bytes,
    sequence: int,
    epoch: str,
    source: str = SOURCE,
) -> Envelope:
    """Return the envelope of an event, from its parts in the log.

    Args:
        event_id: The event's id.
        kind: The event's type, without `footy.`.
        match_id: The match's id; None for an operational event.
        seen_at: When footy saw it, as in `data`.
        data: The event's data as JSON.
        sequence: The position in the log, from 1.
        epoch: The log's epoch, 8 hex digits.
        source: The CloudEvents source, a URI.
    """
    return Envelope(
        "1.0",
        event_id,
        source,
        _type_name(kind),
        seen_at,
        "application/json",
        schema_name(kind),
        str(sequence).zfill(16),
        epoch,
        msgspec.Raw(data),
        match_id,
    )


def all_enveloped(
    events: Iterable[tuple[int, str, str, str | None, str, bytes]], *, epoch: str, source: str = SOURCE
) -> list[Envelope]:
    """Return the envelopes of a batch of events, each as the log keeps it.

    As `enveloped`, but half a microsecond an event faster, for readers of millions.

    Args:
        events: Sequence, id, type, match, `seen_at` and data of each.
        epoch: The log's epoch.
        source: The CloudEvents source.
    """
    raw = msgspec.Raw
    return [
        Envelope(
            "1.0",
            event_id,
            source,
            _type_name(kind),
            seen_at,
            "application/json",
            schema_name(kind),
            str(sequence).zfill(16),
            epoch,
            raw(data),
            match_id,
        )
        for sequence, event_id, kind, match_id, seen_at, data in events
    ]


def data_json(event: Event) -> bytes:
    """Return the data of an event as JSON."""
    return _encode(event.data)


def envelope(event: Event, *, sequence: int, epoch: str, source: str = SOURCE) -> Envelope:
    """Return the envelope of an event at its position in the log."""
    return enveloped(
        event_id=event.id,
        kind=event.type,
        match_id=event.data.match_id if isinstance(event.data, MatchData) else None,
        seen_at=event.data.seen_at,
        data=data_json(event),
        sequence=sequence,
        epoch=epoch,
        source=source,
    )


def event_in(one: Envelope) -> Event | None:
    """Return the event in an envelope; None if its type, or what it says, is of a newer version."""
    return event_of(one.id, one.type.removeprefix("footy."), one.data)


def event_of(event_id: str, kind: str, data: bytes | msgspec.Raw) -> Event | None:
    """Return an event by its parts; None as above."""
    try:
        return Event(event_id, kind, msgspec.json.decode(data, type=DATA[kind]))
    except (KeyError, msgspec.ValidationError):
        return None


def envelope_json(one: Envelope) -> bytes:
    """Return an envelope as one line of JSON, without the line's end."""
    return _encode(one)
