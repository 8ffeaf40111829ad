"""The fields that rules may name, with their types: those of the record, and those of events."""

import difflib
import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from footy.events.prices import OUTCOMES
from footy.events.types import DATA, MatchData
from footy.record import MatchRecord

_LISTED = 60
"""Names that a sentence still lists."""
Kind = Literal["number", "text", "flag", "list"]

_KINDS: Mapping[Any, Kind] = {int: "number", float: "number", str: "text", bool: "flag"}
_OWN = frozenset({"alert", "alert_settled"})
"""Types of events that come from rules, and so make none fire."""
_OF_MARKETS = tuple(dict.fromkeys(name for outcomes in OUTCOMES.values() for name in outcomes))


class Field(NamedTuple):
    """A field that a rule may name."""

    kind: Kind
    values: tuple[str, ...] = ()
    """All values that it can have; empty if that is not known."""


def _arms(hint: Any) -> list[Any]:
    """Return the types of an annotation, without None."""
    if get_origin(hint) in {Union, types.UnionType}:
        return [one for one in get_args(hint) if one is not type(None)]
    return [hint]


def _field(hint: Any) -> Field:
    arms = _arms(hint)
    if len(arms) == 1 and get_origin(arms[0]) is Literal:
        return Field("text", get_args(arms[0]))
    kinds = {_KINDS.get(one, "list") for one in arms}
    return Field(kinds.pop() if len(kinds) == 1 else "list")


def _flat(name: str, hint: Any) -> Iterator[tuple[str, Field]]:
    """Yield a field of an event; `before.home`, … if it has fields of its own."""
    [arm, *_] = _arms(hint)
    if isinstance(arm, type) and issubclass(arm, msgspec.Struct):
        for inner, inner_hint in get_type_hints(arm).items():
            yield from _flat(f"{name}.{inner}", inner_hint)
    elif get_origin(arm) is dict:
        yield from ((f"{name}.{outcome}", Field("number")) for outcome in _OF_MARKETS)
    else:
        yield name, _field(hint)


RECORD: Mapping[str, Field] = {name: _field(hint) for name, hint in get_type_hints(MatchRecord).items()}
"""The fields of the record."""

EVENTS: Mapping[str, Mapping[str, Field]] = {
    kind: {
        name: field
        for own, hint in get_type_hints(data).items()
        if own not in RECORD
        for name, field in _flat(own, hint)
    }
    for kind, data in DATA.items()
    if issubclass(data, MatchData) and kind not in _OWN
}
"""The fields of events that the record lacks, by type of event; those of a field are named with a dot."""

EVENT: Mapping[str, Field] = {
    "event": Field("text", tuple(EVENTS)),
    **{name: field for fields in EVENTS.values() for name, field in fields.items()},
}
"""The fields of all events, and `event`, the type."""


def event_fields(kind: str, data: MatchData) -> dict[str, Any]:
    """Return the fields of an event as rules name them."""
    found: dict[str, Any] = {"event": kind}
    _flatten(msgspec.to_builtins(data), "", found)
    return found


def _flatten(fields: Mapping[str, Any], before: str, found: dict[str, Any]) -> None:
    for name, value in fields.items():
        if isinstance(value, dict):
            _flatten(value, f"{before}{name}.", found)
        else:
            found[f"{before}{name}"] = value


def near(name: Any, known: Sequence[str]) -> str:
    """Return which known name is meant, or what there is, as a clause."""
    found = difflib.get_close_matches(str(name), known, n=1)
    if found:
        return f"did you mean {found[0]}?"
    if len(known) < _LISTED:
        return f"there are {', '.join(known)}"
    return "docs/record.md and docs/events.md list all"
