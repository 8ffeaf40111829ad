"""The minutes of a match: what its record showed, minute by minute of the clock. Pure.

A row is kept for each minute in which a value changed while the match was in play, and for the one in which
it ended. Rows are written one by one, each with what differs from the one before; after the match they are
packed together.
"""

import types
import zlib
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from footy.history.odds import BrokenBlobError
from footy.record import MatchRecord

Value = int | float | bool | str | None

_LEFT_OUT = (
    *("_american", "_source", "_logo", "_bookmaker", "fetched_at", "data_age_s"),
    *("match_id", "incidents", "incidents_complete"),
)
"""Endings of the fields that are not kept: other fields tell the same, or they are about the reading."""
_SOURCE_OF_ODDS = "odds_source"
"""Whether prices were of now: alerts do not use those that were not, live or in a backtest."""
_MOMENTS = tuple(
    f"{moment}_{market}_{field}"
    for moment in ("early", "current")
    for market in ("money_line", "spread", "over_under", "corners")
    for field in ("at", "score")
)
"""When and at which score a price was made: the odds have that, and it is a third of the bytes of a row."""


def _type_of(hint: Any) -> type:
    arms = get_args(hint) if get_origin(hint) in {Union, types.UnionType} else (hint,)
    [kind] = [one for one in arms if one is not type(None)]
    return kind  # type: ignore[no-any-return]


FIELDS: Mapping[str, type] = {
    name: _type_of(hint)
    for name, hint in get_type_hints(MatchRecord).items()
    if name == _SOURCE_OF_ODDS or not (name.endswith(_LEFT_OUT) or name in _MOMENTS)
}
"""The fields of a row with their types, in the record's order; every value may be None."""

_NAMES = tuple(FIELDS)
_values = itemgetter(*_NAMES)
_VERSION = 1
_LEVEL = 6
_SECONDS = 60


class MinuteRow(NamedTuple):
    """The values of a match in a minute of the clock, as they were read last in it."""

    at: int
    """When they were read, in Unix seconds."""
    values: tuple[Value, ...]
    """In the order of `FIELDS`."""

    def record(self) -> dict[str, Value]:
        """Return the values by field."""
        return dict(zip(_NAMES, self.values, strict=True))

    @property
    def minute(self) -> int:
        """The minute of the clock: Unix seconds divided by 60."""
        return self.at // _SECONDS


class MinuteBlob(NamedTuple):
    """One row, or packed rows, as the log keeps them."""

    match_id: str
    minute: int
    """That of the first row."""
    rows: int
    """Number of packed rows; 0 for a single row, which may build on the one before."""
    data: bytes


class _Packed(msgspec.Struct, array_like=True):
    version: int
    names: list[str]
    at: list[int]
    columns: list[list[Value] | Value]
    """Per field its values; the value alone if it is the same in all rows."""


class _Loose(msgspec.Struct, array_like=True):
    at: int
    changed: dict[str, Value]
    whole: bool
    """Whether these are all values, and not only those that differ from the row before."""


_encode = msgspec.msgpack.Encoder().encode
_packed = msgspec.msgpack.Decoder(_Packed).decode
_loose = msgspec.msgpack.Decoder(_Loose).decode


def row_of(record: Mapping[str, Any], at: float) -> MinuteRow:
    """Return the row of a record that was read at a time (Unix seconds)."""
    return MinuteRow(int(at), _values(record))


def loose(match_id: str, row: MinuteRow, before: MinuteRow | None) -> MinuteBlob:
    """Return a single row as it is written; `before` is the row of an earlier minute, None if not known."""
    if before is None:
        changed = row.record()
    else:
        pairs = zip(_NAMES, row.values, before.values, strict=True)
        changed = {name: value for name, value, was in pairs if value != was}
    return MinuteBlob(match_id, row.minute, 0, _encode(_Loose(row.at, changed, before is None)))


def pack(rows: Sequence[MinuteRow]) -> bytes:
    """Return rows as bytes, oldest first."""
    columns: list[list[Value] | Value] = []
    for column in zip(*(row.values for row in rows), strict=True):
        is_constant = all(value == column[0] for value in column)
        columns.append(column[0] if is_constant else [*column])
    ats = [row.at for row in rows]
    packed = _Packed(_VERSION, [*_NAMES], ats, columns)
    return zlib.compress(_encode(packed), _LEVEL)


def unpack(data: bytes) -> list[MinuteRow]:
    """Return the rows in bytes; a field that an older version did not keep is None.

    Raises:
        BrokenBlobError: They are no packed rows.
    """
    try:
        packed = _packed(zlib.decompress(data))
        if packed.version != _VERSION:
            raise BrokenBlobError(f"minutes packed in version {packed.version}, which is not known")
        by_name = dict(zip(packed.names, packed.columns, strict=True))
        count = len(packed.at)
        columns: list[Sequence[Value]] = []
        for name in _NAMES:
            column = by_name.get(name)
            columns.append(column if isinstance(column, list) else [column] * count)
        rows = zip(*columns, strict=True)
        return [MinuteRow(at, values) for at, values in zip(packed.at, rows, strict=True)]
    except (zlib.error, msgspec.MsgspecError, ValueError) as error:
        raise BrokenBlobError(f"no packed minutes: {error}") from None


def joined(blobs: Iterable[MinuteBlob]) -> list[MinuteRow]:
    """Return all rows of a match, oldest first; of one minute the row that was written last.

    Raises:
        BrokenBlobError: A blob is damaged.
    """
    rows: dict[int, MinuteRow] = {}
    last: MinuteRow | None = None
    for blob in sorted(blobs, key=lambda one: one.minute):
        for row in unpack(blob.data) if blob.rows else [_tightened(blob.data, last)]:
            rows[row.minute] = last = row
    return [rows[minute] for minute in sorted(rows)]


def _tightened(data: bytes, before: MinuteRow | None) -> MinuteRow:
    """Return the row of a single one, with the values that it has from the row before."""
    try:
        found = _loose(data)
    except msgspec.MsgspecError as error:
        raise BrokenBlobError(f"no minute: {error}") from None
    known = {} if found.whole or before is None else before.record()
    values = {**known, **found.changed}
    return MinuteRow(found.at, tuple(values.get(name) for name in _NAMES))
