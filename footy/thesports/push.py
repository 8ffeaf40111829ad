"""Read the vendor's push messages: parts of live elements, as they change.

A message is a JSON list of `{"id": …, part: …}`; the parts are laid out as in `match/detail_live`.
The commentary (`tlive`) is not held, so it is not read.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec

from footy.thesports import endpoints
from footy.thesports.envelope import BYTE_ORDER_MARK
from footy.thesports.models import Incident, Incidents, LiveScore, StatRow, Stats
from footy.thesports.request import Priority, Request
from footy.thesports.tolerant import UNREADABLE, Decoder, LeftOut, split

TOPIC = "thesports/football/match/v1"
LARGEST = 1_000_000
"""Bytes of a message; a larger one cannot be genuine: a real one has 30 kB at most."""

PartName = Literal["score", "stats", "incidents"]
PartValue = LiveScore | list[StatRow] | list[Incident]

Outcome = Literal["refused", "unreachable", "silent", "flooding"]
"""How a connection to the broker can end."""

PUSHED = Request(endpoints.LIVE, "push", priority=Priority.FEED)
"""The request of every pushed answer, because each answer has one. It is never sent."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a match's live element, as a message says it."""

    match_id: str
    name: PartName
    value: PartValue
    at: float
    """When it arrived, in Unix seconds."""
    left_out: LeftOut = ()


@dataclass(frozen=True, slots=True)
class Pushed:
    """The newest parts of some messages, in the order of their arrival; it may be empty."""

    parts: tuple[Part, ...] = ()


class Message(NamedTuple):
    """What a message says."""

    parts: list[Part]
    unreadable: int
    """Number of elements or parts that could not be read."""


class _Element(msgspec.Struct, frozen=True):
    id: str
    score: LiveScore | None = None
    stats: Stats | None = None
    incidents: Incidents | None = None


_all = msgspec.json.Decoder(list[_Element]).decode
_one: Decoder[_Element] = Decoder(_Element)
_NAMES: tuple[PartName, ...] = ("score", "stats", "incidents")


def read_message(payload: bytes, at: float) -> Message:
    """Read a message that arrived at this time (Unix seconds); what is unreadable costs only itself."""
    if len(payload) > LARGEST:
        return Message([], 1)
    payload = payload.removeprefix(BYTE_ORDER_MARK)
    read: list[tuple[_Element, LeftOut]]
    try:
        read, unreadable = [(one, ()) for one in _all(payload)], 0
    except UNREADABLE:
        read, unreadable = _salvaged(payload)
    parts: list[Part] = []
    for element, left_out in read:
        for name in _NAMES:
            value = getattr(element, name)
            if value is None:
                unreadable += name in left_out
            elif not element.id or (
                isinstance(value, LiveScore) and value.match_id not in {None, element.id}
            ):
                unreadable += 1
            else:
                of_part = tuple(one for one in left_out if one.startswith(name))
                parts.append(Part(element.id, name, value, at, of_part))
    return Message(parts, unreadable)


def _salvaged(payload: bytes) -> tuple[list[tuple[_Element, LeftOut]], int]:
    try:
        elements = split(payload)
    except UNREADABLE:
        return [], 1
    read: list[tuple[_Element, LeftOut]] = []
    for element in elements:
        try:
            read.append(_one(element))
        except UNREADABLE:
            continue
    return read, len(elements) - len(read)
