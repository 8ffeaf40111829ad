"""Tolerant decoding: leave out only the values that cannot be read, and keep everything around them.

Good replies are decoded directly into typed values, at no extra cost. Only if that fails, a reply is read
again field by field. An unreadable field takes its default; an unreadable list element or dictionary entry is
left out. A required value (a field without a default that may not be None) makes its owner unreadable, too.

A null is unknown, not unreadable. An empty list in place of an object is an empty object: PHP writes it so.
"""

import contextlib
import itertools
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import inspect as types

T = TypeVar("T")

UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError, ValueError)
"""The exceptions that decoders raise for unreadable text."""
DEEPEST = 60
"""Maximum depth of nesting, since decoders recurse; the vendor's replies have at most 7 levels."""
_INTEGER = re.compile(r"\s*([+-]?[0-9]{1,18})\s*")
_DECIMAL = re.compile(r"\s*([+-]?[0-9]{1,15}(?:\.[0-9]{0,15})?)\s*")
_LARGEST = 1e308
TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*["\\]?|[\[\]{}]', re.DOTALL)
"""A text that is cut off is a token, too: looking for others inside it would take minutes."""
_MOST_DIGITS = 30
"""Digits of a number that is read; no type holds one with more."""

LeftOut = tuple[str, ...]
"""Paths of left-out values, such as `incidents[].time`; `[]` is a list element, `{}` a dictionary entry."""


class UnreadableError(ValueError):
    """A value that cannot be read as its type."""


class Decoder(Generic[T]):
    """Decodes JSON text into a type, and leaves out unreadable values."""

    def __init__(self, kind: Any) -> None:
        self._strict = msgspec.json.Decoder(kind).decode
        self._kind = kind

    def __call__(self, text: bytes | msgspec.Raw) -> tuple[T, LeftOut]:
        """Return the value, and what was left out of it.

        Raises:
            ValueError: Nothing is readable; a `msgspec.DecodeError` or `UnreadableError`.
        """
        try:
            return self._strict(text), ()
        except UNREADABLE:
            return salvaged(self._kind, parsed(bytes(text)))


class RowsDecoder(Generic[T]):
    """Decodes a JSON list of rows, and leaves out unreadable rows.

    Rows are structs with a field `left_out`, which names what was left out of the row.
    """

    def __init__(self, kind: Any) -> None:
        self._all = msgspec.json.Decoder(list[kind]).decode
        self._one: Decoder[Any] = Decoder(kind)

    def __call__(self, text: bytes) -> tuple[list[T], LeftOut]:
        """Return the rows, and what was left out of all of them.

        Raises:
            ValueError: The text is not a list.
        """
        try:
            return self._all(text), ()
        except UNREADABLE:
            elements = split(text)
        rows: list[T] = []
        left_out: list[str] = []
        for element in elements:
            try:
                row, of_row = self._one(element)
            except UNREADABLE:
                left_out.append("[]")
                continue
            rows.append(marked(row, of_row))
            left_out += of_row
        return rows, tuple(left_out)


def marked(row: T, left_out: LeftOut) -> T:
    """Return the row with its field `left_out` set."""
    return msgspec.structs.replace(row, left_out=left_out) if left_out else row  # type: ignore[type-var]


_elements_of = msgspec.json.Decoder(list[msgspec.Raw]).decode


def split(text: bytes) -> list[msgspec.Raw]:
    """Return the elements of a JSON list as JSON texts.

    Raises:
        ValueError: The text is not a list.
    """
    try:
        return _elements_of(text)
    except UNREADABLE:
        return _elements_of(repaired(text))


def salvaged(kind: Any, value: Any) -> tuple[Any, LeftOut]:
    """Read a parsed JSON value as a type; return the readable part, and what was left out of it.

    Raises:
        UnreadableError: Nothing is readable.
    """
    left_out: list[str] = []
    return _read(_information(kind), value, "", left_out), tuple(left_out)


def parsed(text: bytes) -> Any:
    """Parse JSON text leniently; a value that no decoder can hold becomes an unreadable value.

    Raises:
        UnreadableError: The text is not JSON.
    """
    try:
        return _parse(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableError(str(error)) from None


def repaired(text: bytes) -> bytes:
    """Return JSON text that strict decoders accept, with unreadable values as objects that fit no type.

    Raises:
        UnreadableError: The text is not JSON.
    """
    return json.dumps(_encodable(parsed(text))).encode()


def _encodable(value: Any) -> Any:
    """Return a parsed value in which texts that cannot be encoded are marked as unreadable."""
    if isinstance(value, str):
        return value if _has_utf8(value) else _NOTHING
    if isinstance(value, list):
        return [_encodable(one) for one in value]
    if isinstance(value, dict):
        return {key: _encodable(one) for key, one in value.items() if _has_utf8(key)}
    return value


def _parse(text: bytes) -> Any:
    return json.loads(
        _flattened(text).decode("utf-8", "surrogateescape"),
        parse_constant=lambda _: _NOTHING,
        parse_float=_finite,
        parse_int=_whole,
        strict=False,  # a text may have control characters that are not escaped
    )


_NO_VALUE = "\0unreadable"
_NOTHING = {_NO_VALUE: None}
"""An unreadable value: an object that fits no type."""


def _finite(text: str) -> Any:
    number = float(text)
    return number if math.isfinite(number) else _NOTHING


def _whole(text: str) -> Any:
    return int(text) if len(text) <= _MOST_DIGITS else _NOTHING


def _flattened(text: bytes) -> bytes:
    """Return the text with values that are nested too deeply replaced by unreadable ones."""
    depth, start, copied = 0, 0, 0
    kept: list[bytes] = []
    for token in TOKENS.finditer(text):
        mark = text[token.start()]
        if mark in b"[{":
            depth += 1
            if depth == DEEPEST:
                start = token.start()
        elif mark in b"]}":
            if depth == DEEPEST:
                kept += (text[copied:start], b'{"\\u0000unreadable":null}')
                copied = token.end()
            depth -= 1
    return b"".join((*kept, text[copied:])) if kept else text


@lru_cache(maxsize=64)
def _information(kind: Any) -> types.Type:
    return types.type_info(kind)


def _read(kind: Any, value: Any, path: str, left_out: list[str]) -> Any:
    """Read a value as a type.

    Raises:
        UnreadableError: The value does not fit the type.
    """
    return _READERS[type(kind)](kind, value, path, left_out)


def _union(kind: types.UnionType, value: Any, path: str, left_out: list[str]) -> Any:
    for one in kind.types:
        with contextlib.suppress(UnreadableError):
            return _read(one, value, path, left_out)
    raise UnreadableError(f"{path} is none of its types")


def _none(_kind: types.NoneType, value: Any, path: str, _left_out: list[str]) -> None:
    if value is not None:
        raise UnreadableError(f"{path} is not null")


def _integer(kind: types.IntType, value: Any, path: str, _left_out: list[str]) -> int:
    """Read an integer; the vendor sends some as text."""
    if isinstance(value, str) and (found := _INTEGER.fullmatch(value)):
        value = int(found[1])
    elif isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not int or not (kind.ge or value) <= value <= (kind.le or value):
        raise UnreadableError(f"{path} is not an integer")
    return value


def _float(_kind: types.FloatType, value: Any, path: str, _left_out: list[str]) -> float:
    if isinstance(value, str) and (found := _DECIMAL.fullmatch(value)):
        value = float(found[1])
    if type(value) not in {int, float} or abs(value) > _LARGEST:
        raise UnreadableError(f"{path} is not a number")
    return float(value)


def _text(kind: types.StrType, value: Any, path: str, _left_out: list[str]) -> str:
    if not isinstance(value, str) or len(value) < (kind.min_length or 0) or not _has_utf8(value):
        raise UnreadableError(f"{path} is not a text")
    return value


def _anything(_kind: types.AnyType, value: Any, _path: str, _left_out: list[str]) -> Any:
    return value


def _raw(_kind: types.RawType, value: Any, _path: str, _left_out: list[str]) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(value).encode())


def _list(kind: types.ListType, value: Any, path: str, left_out: list[str]) -> list[Any]:
    if not isinstance(value, list):
        raise UnreadableError(f"{path or 'the value'} is not a list")
    if kind.max_length is not None and len(value) > kind.max_length:
        raise UnreadableError(f"{path or 'the value'} is longer than it can be")
    read = []
    for one in value:
        with contextlib.suppress(UnreadableError):
            read.append(_part(kind.item_type, one, f"{path}[]", left_out))
    return read


def _dictionary(kind: types.DictType, value: Any, path: str, left_out: list[str]) -> dict[str, Any]:
    read = {}
    for key, one in _object(value, path).items():
        with contextlib.suppress(UnreadableError):
            read[key] = _part(kind.value_type, one if _has_utf8(key) else _NOTHING, f"{path}{{}}", left_out)
    return read


def _struct(kind: types.StructType, value: Any, path: str, left_out: list[str]) -> Any:
    fields: dict[str, Any] = {}
    for field, given in _given(kind, value, path):
        if given is None and not field.required:
            continue  # unknown: the default
        inside = f"{path}.{field.name}" if path else field.name
        try:
            fields[field.name] = _part(field.type, given, inside, left_out)
        except UnreadableError:
            if not field.required:
                continue
            if not isinstance(field.type, types.UnionType) or not field.type.includes_none:
                raise
            fields[field.name] = None
    return kind.cls(**fields)


def _given(kind: types.StructType, value: Any, path: str) -> Iterator[tuple[types.Field, Any]]:
    """Yield each field of a struct with the value sent for it; None if none was sent."""
    if not kind.array_like:
        sent = _object(value, path)
        yield from ((field, sent.get(field.encode_name)) for field in kind.fields)
        return
    if not isinstance(value, list):
        raise UnreadableError(f"{path or 'the value'} is not a list")
    yield from itertools.zip_longest(kind.fields, value[: len(kind.fields)])


def _object(value: Any, path: str) -> dict[str, Any]:
    if value == []:
        return {}
    if not isinstance(value, dict) or _NO_VALUE in value:
        raise UnreadableError(f"{path or 'the value'} is not an object")
    return value


def _has_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_READERS: Mapping[type, Callable[[Any, Any, str, list[str]], Any]] = {
    types.UnionType: _union,
    types.NoneType: _none,
    types.IntType: _integer,
    types.FloatType: _float,
    types.StrType: _text,
    types.AnyType: _anything,
    types.RawType: _raw,
    types.ListType: _list,
    types.VarTupleType: _list,
    types.DictType: _dictionary,
    types.StructType: _struct,
}


def _part(kind: types.Type, value: Any, path: str, left_out: list[str]) -> Any:
    """Read a part of a value; if it is unreadable, record the whole part as left out.

    Raises:
        UnreadableError: The part is unreadable.
    """
    before = len(left_out)
    try:
        return _read(kind, value, path, left_out)
    except UnreadableError:
        left_out[before:] = [path]
        raise
