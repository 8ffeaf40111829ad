"""A value with its provenance: where it came from, and when."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Source(StrEnum):
    """Where a value came from, as in the record's `…_source` fields."""

    FRESH = "fresh"
    """Asked this cycle, or known unchanged by a feed this cycle."""
    CACHE = "cache"
    """Within its time to live."""
    PARTIAL = "partial"
    """Odds that a feed told of, and whose history has not been read yet."""
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


def shifted(held: Held[T], step_s: float) -> Held[T]:
    """Return a value whose time has moved with the machine's clock, which was set by so many seconds."""
    return held if held.fetched_at is None else Held(held.value, held.fetched_at + step_s, held.source)
