"""Batches as Arrow data, by nanoarrow: for Parquet, for SQL, and for notebooks."""

import io
from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, chain, repeat
from typing import Any

import nanoarrow
from nanoarrow import ipc

from footy.analysis.columns import Batch, Column, Kind, Runs, Values, flags, numbers, objects
from footy.analysis.tables import Store, Table, Wanted

_TYPES: dict[Kind, Any] = {
    "text": nanoarrow.string(),
    "short": nanoarrow.int16(),
    "int": nanoarrow.int32(),
    "bigint": nanoarrow.int64(),
    "float": nanoarrow.float64(),
    "bool": nanoarrow.bool_(),
    "second": nanoarrow.timestamp("s", "UTC"),
    "moment": nanoarrow.timestamp("ms", "UTC"),
}
_DIGITS = bytes.maketrans(b"\0\1", b"01")


def schema(columns: Sequence[Column]) -> Any:
    """Return the Arrow schema of a table; every column may have nulls."""
    return nanoarrow.struct({one.name: _TYPES[one.kind] for one in columns})


def arrow_array(columns: Sequence[Column], batch: Batch) -> Any:
    """Return a batch as an Arrow array of structs."""
    children = [
        _column(column.kind, values, batch.rows)
        for column, values in zip(columns, batch.columns, strict=True)
    ]
    return nanoarrow.c_array_from_buffers(
        schema(columns), batch.rows, [None], null_count=0, children=children
    )


def arrow_table(table: Table, store: Store, wanted: Wanted) -> Any:
    """Return all that is wanted of a table as one Arrow table, in chunks."""
    chunks = [arrow_array(table.columns, batch) for batch in table.batches(store, wanted)]
    return nanoarrow.Array.from_chunks(chunks or [arrow_array(table.columns, nothing(table.columns))])


def nothing(columns: Sequence[Column]) -> Batch:
    """Return a batch without rows, so that a table without any has its columns."""
    return Batch("", 0, [[] for _ in columns])


def _column(kind: Kind, values: Values, rows: int) -> Any:
    if kind == "text":
        return _text_column(values, rows)
    if kind == "bool":
        bits, known = flags(values, rows)
        content: Any = _bits(bits)
    else:
        content, known = numbers(kind, values)
    validity = None if known is None else _bits(known)
    nulls = 0 if known is None else known.count(0)
    return nanoarrow.c_array_from_buffers(_TYPES[kind], rows, [validity, content], null_count=nulls)


def _text_column(values: Values, rows: int) -> Any:
    parts = values.parts if isinstance(values, Runs) else [(one, 1) for one in objects(values)]
    coded = [(None if text is None else str(text).encode(errors="replace"), count) for text, count in parts]
    content = b"".join([(text or b"") * count for text, count in coded])
    offsets = array("i", [0])
    if isinstance(values, Runs):
        for text, count in coded:
            size, start = len(text or b""), offsets[-1]
            offsets.extend(
                range(start + size, start + size * (count + 1), size) if size else repeat(start, count)
            )
    else:
        offsets = array("i", accumulate((len(text or b"") for text, _ in coded), initial=0))
    known = b"".join([bytes([text is not None]) * count for text, count in coded])
    nulls = known.count(0)
    return nanoarrow.c_array_from_buffers(
        _TYPES["text"], rows, [_bits(known) if nulls else None, offsets, content], null_count=nulls
    )


def _bits(each: bytes) -> bytes:
    """Return a bit for each byte, the first one lowest. One big number is faster than a loop."""
    if not each:
        return b""
    return int(each[::-1].translate(_DIGITS), 2).to_bytes((len(each) + 7) // 8, "little")


class Stream:
    """A table as a stream of Arrow batches, made while it is read: any number of times, one at a time.

    nanoarrow has no streams that Python fills, but it reads Arrow's stream format from a file: this is one.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        batches: Callable[[], Iterator[Batch]],
        *,
        through: Callable[[Iterator[bytes]], Iterator[bytes]] = iter,
    ) -> None:
        """Prepare a stream.

        Args:
            columns: The batches' columns.
            batches: Begins a run over the batches.
            through: What the stream's bytes pass on their way to the reader, such as a queue that a thread
                fills. The first part is the schema: to read it makes no batch.
        """
        self._columns = columns
        self._batches = batches
        self._through = through

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Begin to read: the Arrow PyCapsule interface."""
        parts = self._through(_parts(self._columns, self._batches()))
        return ipc.InputStream.from_readable(_Joined(parts)).__arrow_c_stream__(requested_schema)


def with_failure_noted(batches: Iterator[Batch], failed: list[BaseException]) -> Iterator[Batch]:
    """Yield batches, and note the error that ends them."""
    try:
        yield from batches
    except (Exception, KeyboardInterrupt) as error:
        failed.append(error)
        raise


def _parts(columns: Sequence[Column], batches: Iterator[Batch]) -> Iterator[bytes]:
    """Yield Arrow's stream format: the schema with an empty batch, each batch, the end."""
    buffer = io.BytesIO()
    writer = ipc.StreamWriter.from_writable(buffer)
    for batch in chain([nothing(columns)], batches):
        writer.write_array(arrow_array(columns, batch))
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    writer.close()
    yield buffer.getvalue()


class _Joined(io.RawIOBase):
    """Parts to be read as one file."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        while not self._left:
            part = next(self._parts, None)
            if part is None:
                return 0
            self._left = memoryview(part)
        size = min(len(target), len(self._left))
        memoryview(target).cast("B")[:size] = self._left[:size]
        self._left = self._left[size:]
        return size
