"""Which events a command shows: its flags, read and checked."""

import difflib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from footy.errors import Exit, FootyError
from footy.events.types import DATA
from footy.history.log import Position
from footy.times import LAST_SECOND

MOST_WANTED = 10_000
UNITS_S = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
TIME_TAKES = "takes a time such as 2026-11-23T20:00Z, a time of today such as 20:00, or an age such as 90min"


class QueryError(FootyError):
    """A flag has a value that cannot be used."""

    exit_code = Exit.USAGE


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events are wanted."""

    after: Position | None = None
    since: float | None = None
    """Unix seconds."""
    match_id: str | None = None
    types: tuple[str, ...] = ()
    """All if empty."""
    limit: int | None = None

    @property
    def begins_somewhere(self) -> bool:
        """Check whether a position or a time says where to begin."""
        return self.after is not None or self.since is not None


def position(text: str) -> Position:
    """Read a position.

    Raises:
        QueryError: It is none.
    """
    try:
        return Position.read(text)
    except ValueError:
        raise QueryError(
            f"--after takes a position, the epoch and the sequence of an event, such as 9f3a01c7-1234, "
            f"not {text!r}."
        ) from None


def types(text: str) -> tuple[str, ...]:
    """Read types of events, with commas between.

    Raises:
        QueryError: One of them is none; the nearest is named.
    """
    named = [name.strip().removeprefix("footy.") for name in text.split(",") if name.strip()]
    for name in named:
        if name not in DATA:
            near = difflib.get_close_matches(name, DATA, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(DATA)}."
            raise QueryError(f"{name!r} is no type of event: {hint}")
    if not named:
        raise QueryError("--type takes types of events with commas between, such as goal,red.")
    return tuple(dict.fromkeys(named))


def limit(text: str) -> int:
    """Read a number of events.

    Raises:
        QueryError: It is none, or out of range.
    """
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= MOST_WANTED:
        raise QueryError(f"--limit takes a number from 1 to {MOST_WANTED}, not {text!r}.")
    return int(text)


def time(text: str, zone: Any, now: float, flag: str = "--since") -> float:
    """Read a time or an age; return Unix seconds.

    Args:
        text: An ISO 8601 time, which is one of the operator's zone if it names none; `20:00` of today; or
            an age: `45s`, `90min`, `2h`, `3d`.
        zone: The operator's zone, as pytz has it.
        now: Unix seconds.
        flag: The flag whose value it is.

    Raises:
        QueryError: It is none of these.
    """
    wanted = text.strip()
    if age := re.fullmatch(r"(\d{1,7})\s*(s|min|h|d)", wanted):
        return max(0.0, now - int(age[1]) * UNITS_S[age[2]])
    if re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", wanted):
        today = datetime.fromtimestamp(now, zone)
        wanted = f"{today:%Y-%m-%d}T{wanted.zfill(len(wanted) + (wanted.find(':') == 1))}"
    try:
        read = datetime.fromisoformat(wanted)
        at = (read if read.tzinfo is not None else zone.localize(read)).timestamp()
    except (ValueError, OverflowError):
        at = -1.0
    if not 0 <= at <= LAST_SECOND:
        raise QueryError(f"{flag} {TIME_TAKES}, not {text!r}.")
    return at
