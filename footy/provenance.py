"""A value with its provenance: its source, and when it was fetched."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Source(StrEnum):
    """Where a value came from, as in the record's `…_source` fields."""

    FRESH = "fresh"
    """Fetched in this cycle, or confirmed as unchanged by a feed in this cycle."""
    CACHE = "cache"
    """Cached, within its time to live."""
    PARTIAL = "partial"
    """Odds reported by a feed, for a match whose odds history has not been read yet."""
    STALE = "stale"
    """The last good value, past its time to live because the request failed."""
    MISSING = "missing"
    """Unknown: the request failed or its id is unknown, and there is no earlier value."""
    PUSH = "push"
    """Live elements only: the part that changed last was pushed since the last list."""
    NONE = "none"
    """The vendor gives no id to request."""
    REFUSED = "refused"
    """The account lacks the endpoint."""
    MOCK = "mock"
    """Made up, which the operator must have switched on."""


@dataclass(frozen=True, slots=True)
class Held(Generic[T]):
    """A value with its provenance; `value` is None only if nothing is known."""

    value: T | None
    fetched_at: float | None
    """When it was last fetched or confirmed as unchanged, in Unix seconds; None if there is no value."""
    source: Source


def shifted(held: Held[T], step_s: float) -> Held[T]:
    """Return the value with its time shifted by `step_s` seconds, as the machine's clock was."""
    return held if held.fetched_at is None else Held(held.value, held.fetched_at + step_s, held.source)
