"""The instance that the page and the API show: its files and its health."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from footy.events.envelope import SOURCE
from footy.history.odds import OddsBlob
from footy.history.place import LogPlace

HEARTBEAT, MATCHES, LOG, FIXTURES = "heartbeat.json", "matches.json", "footy.db", "fixtures.json"
"""The files of the data folder that are read."""


class Watched(Protocol):
    """The files of an instance, watched by one thread."""

    look_every_s: float
    """Seconds between two looks if nothing wakes the thread."""

    def start(self, wake: Callable[[], None]) -> None:
        """Begin to watch; `wake` may be called from any thread when something is new."""
        ...

    def renew(self) -> frozenset[str]:
        """Look, and return the names of the files whose value may have changed."""
        ...

    def value(self, name: str) -> Any:
        """Return the content of a file at the last look; None if there was none."""
        ...

    def close(self) -> None:
        """Stop watching."""
        ...


class Judged(NamedTuple):
    """How an instance is, with one line for people."""

    well: bool
    line: str


def no_tail(_match_id: str) -> Sequence[OddsBlob]:
    """Return no odds: another process knows only those in the log."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One instance in its data folder, and how to ask about it. The functions may block for milliseconds."""

    folder: Path
    mode: str
    """`live` or `demo`."""
    interval_s: float
    stale_after_s: Callable[[float], float]
    """The age of the last success from which on an instance with this interval is stale."""
    price_max_age_s: float
    timezone: str
    odds_format: str
    cycles: Callable[[], Judged]
    """Judges the process and its cycles: for `/healthz`."""
    ready: Callable[[], Judged]
    """Judges the data too: for `/readyz`."""
    quota_left: Callable[[], Mapping[str, int]] = field(default=dict)
    """Calls left of each endpoint that has a quota; empty if this process does not know."""
    metrics: Callable[[], tuple[bytes, str]] | None = None
    """Returns what `/metrics` answers, with its content type; None if there is nothing to count."""
    early_window: tuple[int, int] = (2, 6)
    """First and last minute of play of an early price, both included."""
    odds_tail: Callable[[str], Sequence[OddsBlob]] = no_tail
    """Returns the odds of a match that are known, but not in the log yet, in order; from any thread."""
    source: str = SOURCE
    """The CloudEvents source of the events."""
    place: LogPlace | None = None
    """Where the log is; None for the data folder."""
    watched: Callable[[], Watched] | None = None
    """Returns the files, if they are not those of the data folder."""
    watches_snapshot: bool = False
    """Read `matches.json` as it is replaced: another process writes it."""
