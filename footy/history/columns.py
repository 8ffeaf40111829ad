"""Columns as bytes: delta-coded where it helps, and byte-shuffled, so that zlib finds what repeats. Pure.

The times of neighbouring rows differ little, and prices are small multiples of a hundredth: put together
(byte-shuffled), the upper bytes of such numbers are almost all zero. Decoding is a few calls of C per column,
not of Python per value.
"""

import sys
from array import array
from collections.abc import Sequence
from itertools import accumulate, chain
from operator import sub
from typing import Any, NamedTuple

_WHOLE = "bhiq"
_LIMITS = (("b", 2**7), ("h", 2**15), ("i", 2**31), ("q", 2**63))
_SCALES = (1, 100, 1_000, 10_000)
"""Prices have two to four decimals; as multiples of these they are small whole numbers."""


class Coded(NamedTuple):
    """A column: its number type, its scale (0 if its values are not scaled), and its bytes."""

    kind: str
    scale: int
    content: bytes


def coded_deltas(values: Sequence[int]) -> Coded:
    """Code whole numbers by their differences.

    Raises:
        OverflowError: A difference has more than 64 bits.
    """
    return _coded([*map(sub, values, chain((0,), values))], 1)


def decoded_deltas(column: Coded) -> "array[int]":
    """Return the numbers of `coded_deltas`, of 64 bits."""
    return array("q", [*accumulate(_unshuffled(column, _WHOLE))])


def coded_ints(values: "array[int]") -> Coded:
    """Code whole numbers as they are; decoding takes almost no time."""
    return Coded(values.typecode, 1, _shuffled(values[:]))


def decoded_ints(column: Coded, kind: str) -> "array[int]":
    """Return the numbers of `coded_ints`.

    Raises:
        ValueError: They are of another type than `kind`.
    """
    return _unshuffled(column, kind)


def coded_floats(values: Sequence[float]) -> Coded:
    """Code numbers exactly: as whole numbers if a scale fits all of them, otherwise as they are."""
    for scale in _SCALES:
        try:
            scaled = [round(value * scale) for value in values]
            if all(whole / scale == value for whole, value in zip(scaled, values, strict=True)):
                return _coded(scaled, scale)
        except (OverflowError, ValueError):  # far too large, or not a finite number
            break
    return Coded("d", 0, _shuffled(array("d", values)))


def decoded_floats(column: Coded) -> "array[float]":
    """Return the numbers of `coded_floats`."""
    scale = column.scale
    if not scale:
        return _unshuffled(column, "d")
    return array("d", [whole / scale for whole in _unshuffled(column, _WHOLE)])


def _coded(values: Sequence[int], scale: int) -> Coded:
    """Code whole numbers in the smallest type that all of them fit."""
    least, most = min(values, default=0), max(values, default=0)
    for kind, limit in _LIMITS:
        if -limit <= least and most < limit:
            return Coded(kind, scale, _shuffled(array(kind, values)))
    raise OverflowError("a number has more than 64 bits")


def _shuffled(values: "array[int] | array[float]") -> bytes:
    if sys.byteorder == "big":
        values.byteswap()
    content, size = values.tobytes(), values.itemsize
    return content if size == 1 else b"".join(content[byte::size] for byte in range(size))


def _unshuffled(column: Coded, kinds: str) -> "array[Any]":
    """Return the values in a column's bytes.

    Raises:
        ValueError: They are of none of these types, or not a whole number of values.
    """
    content = column.content
    if column.kind not in kinds:
        raise ValueError("a column of another type")
    values: array[Any] = array(column.kind)
    size = values.itemsize
    if size > 1:
        rows, rest = divmod(len(content), size)
        if rest:
            raise ValueError("a column is cut off")
        together = bytearray(len(content))
        for byte in range(size):
            together[byte::size] = content[byte * rows : (byte + 1) * rows]
        content = bytes(together)
    values.frombytes(content)
    if sys.byteorder == "big":
        values.byteswap()
    return values
