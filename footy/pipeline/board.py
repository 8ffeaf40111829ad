"""The board: all that is held per live match, each part with when it arrived and how it was come by.

It is the only memory between cycles: an explicit value, handed into a cycle and returned by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from footy.pipeline.prices import Quotes
from footy.thesports.payloads import Competition, Country, Detail, LiveMatch, Team

T = TypeVar("T")


class Source(StrEnum):
    """How a value was come by, as in the record's `…_source` fields."""

    FRESH = "fresh"
    """Asked this cycle, or known unchanged by a feed this cycle."""
    CACHE = "cache"
    """Within its time to live."""
    STALE = "stale"
    """The last good value, past its time to live because asking failed."""
    MISSING = "missing"
    """Asking failed, or what names it is missing, and nothing was held."""
    NONE = "none"
    """The vendor names nothing to ask for."""
    REFUSED = "refused"
    """The account lacks the endpoint."""
    MOCK = "mock"
    """Made up, only where the operator switched that on."""


@dataclass(frozen=True, slots=True)
class Held(Generic[T]):
    """A value with its provenance; `value` is None exactly where nothing is known."""

    value: T | None
    fetched_at: float | None
    """Unix seconds when it was last read, or last confirmed unchanged; None where nothing is held."""
    source: Source


@dataclass(frozen=True, slots=True)
class HeldMatch:
    """What is held of one live match."""

    live: Held[LiveMatch]
    detail: Held[Detail]
    odds: Held[Quotes]


@dataclass(frozen=True, slots=True)
class References:
    """What match details point at, by id; an id that is not here is unknown."""

    teams: Mapping[str, Held[Team]] = field(default_factory=dict)
    competitions: Mapping[str, Held[Competition]] = field(default_factory=dict)
    countries: Held[Mapping[str, Country]] = field(default_factory=lambda: Held(None, None, Source.MISSING))
    categories: Held[Mapping[str, Country]] = field(default_factory=lambda: Held(None, None, Source.MISSING))


@dataclass(frozen=True, slots=True)
class Board:
    """All that is held between cycles."""

    matches: Mapping[str, HeldMatch] = field(default_factory=dict)
    references: References = field(default_factory=References)
