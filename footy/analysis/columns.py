"""Columns: what a table's values are, and the few forms in which a batch holds them. Pure.

A batch holds thousands of rows column by column, because millions must pass. What repeats is kept once.
"""

from array import array
from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from math import isfinite
from typing import Any, Literal, NamedTuple

from footy.times import LAST_SECOND, moment_text

Kind = Literal["text", "short", "int", "bigint", "float", "bool", "second", "moment"]
"""`short` has 16 bits, `int` 32, `bigint` 64.
`second` and `moment` are times in Unix seconds: whole ones of the vendor's
clock, and with milliseconds of footy's own."""

TIMES = frozenset({"second", "moment"})
_CODES = {"short": "h", "int": "i", "bigint": "q", "float": "d", "second": "q", "moment": "q"}
_MILLI = 1000


class Column(NamedTuple):
    """A column of a table."""

    name: str
    kind: Kind
    words: str
    """What it means, in a few words."""


class Numbers(NamedTuple):
    """Numbers, with a byte for each: 0 if it is not known. Numbers that are all known have no bytes."""

    values: "array[int] | array[float]"
    known: bytes | None = None


class Runs(NamedTuple):
    """Values that repeat: each with the number of rows in a row that have it."""

    parts: Sequence[tuple[Any, int]]


Values = Sequence[Any] | Numbers | Runs
"""A column of a batch: its values, where None is an unknown one; times are Unix seconds."""


class Batch(NamedTuple):
    """Some rows of a table."""

    day: str
    """The UTC day to which all of them belong, such as `2026-11-26`: no batch has rows of two."""
    rows: int
    columns: Sequence[Values]


def objects(values: Values) -> Iterable[Any]:
    """Return the values as Python has them, with None for an unknown one."""
    if isinstance(values, Runs):
        return chain.from_iterable(repeat(value, count) for value, count in values.parts)
    if isinstance(values, Numbers):
        if values.known is None:
            return values.values
        pairs = zip(values.values, values.known, strict=True)
        return [value if known else None for value, known in pairs]
    return values


def numbers(kind: Kind, values: Values) -> Numbers:
    """Return a column of numbers or times in the form for Arrow; a moment becomes whole milliseconds.

    What is no such number (not finite, or with too many bits) is not known.
    """
    code = _CODES[kind]
    if isinstance(values, Numbers) and values.values.typecode == code and kind != "moment":
        return values
    if isinstance(values, Runs):
        return _joined([(numbers(kind, [value]), count) for value, count in values.parts], code)
    found = objects(values)
    if kind == "moment":
        found = [None if one is None or not isfinite(one) else int(one * _MILLI) for one in found]
    items = [*found]
    known = bytes([one is not None for one in items])
    try:
        filled = array(code, [0 if one is None else one for one in items])
    except (OverflowError, TypeError):
        items = [one if _fits(code, one) else None for one in items]
        known = bytes([one is not None for one in items])
        filled = array(code, [0 if one is None else one for one in items])
    if code == "d" and not all(map(isfinite, filled)):
        known = (
            bytes(map(isfinite, filled))
            if 0 not in known
            else bytes([was and isfinite(one) for was, one in zip(known, filled, strict=True)])
        )
    return Numbers(filled, known if 0 in known else None)


def _joined(parts: Sequence[tuple[Numbers, int]], code: str) -> Numbers:
    filled: Any = array(code)
    for one, count in parts:
        filled.extend(one.values * count)
    if all(one.known is None for one, _ in parts):
        return Numbers(filled)
    return Numbers(filled, b"".join((one.known or b"\1") * count for one, count in parts))


def _fits(code: str, value: Any) -> bool:
    try:
        array(code, [value])
    except (OverflowError, TypeError):
        return False
    return True


def flags(values: Values, rows: int) -> tuple[bytes, bytes | None]:
    """Return a column of bools as bytes, 1 for true, and the bytes that say which are known (None: all)."""
    if isinstance(values, bytes):  # is this form already
        return values, None
    found = [*objects(values)]
    known = bytes([one is not None for one in found])
    return bytes(map(bool, found)), known if rows and 0 in known else None


def time_text(kind: Kind, value: float | None) -> str | None:
    """Return a time as ISO 8601 in UTC; None if it is unknown, or in no year that has four digits."""
    text = moment_text(value) if value is not None and abs(value) <= LAST_SECOND else None
    return text if text is None or kind == "moment" else f"{text[:19]}Z"
