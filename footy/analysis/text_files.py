"""Rows as lines: CSV, in which no cell acts as a formula, and JSON Lines."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import isfinite
from typing import Any

import msgspec

from footy.analysis.columns import TIMES, Batch, Column, Kind, objects, time_text

_BEGIN_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""What a cell begins with that spreadsheets take for a formula (OWASP, CSV Injection)."""

Lines = Callable[[Batch], bytes]
"""Returns a batch as lines."""


def harmless_cell(text: str) -> str:
    """Return a text as a cell that no spreadsheet takes for a formula: with an apostrophe before it."""
    return f"'{text}" if text.startswith(_BEGIN_FORMULA) else text


def csv_head(names: Sequence[str]) -> bytes:
    """Return the line with the names of the columns."""
    return csv_lines([names])


def csv_lines(rows: Iterable[Sequence[Any]]) -> bytes:
    """Return rows as lines; None is an empty cell, and a text is harmless."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([map(_cell, row) for row in rows])
    return text.getvalue().encode(errors="replace")


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return harmless_cell(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def csv_batch(columns: Sequence[Column]) -> Lines:
    """Return a function that writes batches of a table as CSV, without the head."""
    kinds = [one.kind for one in columns]
    return lambda batch: csv_lines(_rows(kinds, batch))


def json_batch(columns: Sequence[Column]) -> Lines:
    """Return a function that writes batches of a table as JSON Lines."""
    kinds, names = [one.kind for one in columns], [one.name for one in columns]
    encode = msgspec.json.Encoder().encode_lines

    def lines(batch: Batch) -> bytes:
        return encode([dict(zip(names, row, strict=True)) for row in _rows(kinds, batch)])

    return lines


def _rows(kinds: Sequence[Kind], batch: Batch) -> Iterator[tuple[Any, ...]]:
    columns = [_plain(kind, objects(values)) for kind, values in zip(kinds, batch.columns, strict=True)]
    return zip(*columns, strict=True)


def _plain(kind: Kind, values: Iterable[Any]) -> Iterable[Any]:
    if kind in TIMES:
        return [time_text(kind, one) for one in values]
    if kind == "float":
        return [one if one is None or isfinite(one) else None for one in values]
    if kind == "bool":
        return [None if one is None else bool(one) for one in values]
    return values
