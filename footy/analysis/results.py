"""The result of a query as a table for people, as CSV, or as JSON."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import chain, islice
from math import isfinite
from typing import Any

import msgspec

from footy.analysis import ResultForm
from footy.analysis.sql import Result
from footy.analysis.text_files import csv_head, csv_lines

SHOWN = 200
"""Rows of a table for people."""
WIDEST = 60
"""Characters of a cell of such a table."""


def write_result(result: Result, form: ResultForm, write: Callable[[bytes], None]) -> None:
    """Write a result, batch by batch; what is not finite is null."""
    if form == "csv":
        write(csv_head(result.columns))
        for batch in result.batches:
            write(csv_lines([[*map(_csv_value, row)] for row in batch]))
    elif form == "json":
        _write_json(result, write)
    else:
        write(_table(result).encode(errors="replace"))


def _write_json(result: Result, write: Callable[[bytes], None]) -> None:
    """Write an array, an object a line."""
    encode = msgspec.json.Encoder(enc_hook=str, decimal_format="number").encode
    begin = b"[\n"
    for row in chain.from_iterable(result.batches):
        write(begin + encode(dict(zip(result.columns, map(_json_value, row), strict=True))))
        begin = b",\n"
    write(b"[]\n" if begin == b"[\n" else b"\n]\n")


def _json_value(value: Any) -> Any:
    """Return a value as JSON has it: times in ISO 8601, bytes as text, keys as texts."""
    match value:
        case float() | Decimal():
            plain: Any = value if isfinite(value) else None
        case dt.datetime():
            plain = _time(value)
        case bytes():
            plain = value.decode(errors="replace")
        case dict():
            plain = {str(key): _json_value(one) for key, one in value.items()}
        case list() | tuple() | set():
            plain = [_json_value(one) for one in value]
        case int() if not -(2**63) <= value < 2**64:
            plain = str(value)
        case None | str() | int():
            plain = value
        case _:
            plain = str(value)
    return plain


def _time(value: dt.datetime) -> str:
    """Return a time in UTC as `2026-11-23T21:15:37.123Z`, or one without a zone as it is."""
    if value.tzinfo is None:
        return value.isoformat()
    return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def _csv_value(value: Any) -> Any:
    """Return a value as a cell: what has parts as JSON."""
    plain = _json_value(value)
    return msgspec.json.encode(plain).decode() if isinstance(plain, dict | list) else plain


def _table(result: Result) -> str:
    found = [*islice(chain.from_iterable(result.batches), SHOWN + 1)]
    if [*result.columns] == ["explain_key", "explain_value"]:
        return "\n".join(str(row[1]) for row in found)
    rows = [[_cell(value) for value in row] for row in found]
    more = len(rows) > SHOWN
    shown = rows[:SHOWN]
    numeric = [
        all(_is_number(row[place]) for row in shown if row[place]) for place in range(len(result.columns))
    ]
    names = [*map(_cell, result.columns)]
    widths = [max(len(row[place]) for row in [names, *shown]) for place in range(len(numeric))]
    lines = [_line(names, widths, numeric), _line(["─" * one for one in widths], widths, numeric)]
    lines += [_line(row, widths, numeric) for row in shown]
    count = len(shown)
    said = (
        f"the first {SHOWN} rows; --format csv or json has all"
        if more
        else (f"{count} row{'' if count == 1 else 's'}")
    )
    return "\n".join([*lines, f"({said})", ""])


def _line(cells: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    parts: Iterator[str] = (
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, numeric, strict=True)
    )
    return "  ".join(parts).rstrip()


def _cell(value: Any) -> str:
    plain = _csv_value(value)
    if plain is None:
        return ""
    text = str(plain).lower() if isinstance(plain, bool) else str(plain)
    plain_text = "".join(one if one.isprintable() else " " for one in text)
    return plain_text if len(plain_text) <= WIDEST else f"{plain_text[: WIDEST - 1]}…"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
