"""`footy events`: what happened, printed from the log; with `--follow` also what happens while one looks."""

import contextlib
import os
import select
import stat
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from footy.errors import Exit, FootyError
from footy.events.envelope import Envelope, envelope_json
from footy.history.log import Log, LogError, NewerLogError, Position
from footy.history.place import LogPlace
from footy.history.reader import MOST, Reader
from footy.service.event_query import EventQuery

SHOWN = 50
"""Events shown on a terminal if nothing says how many, as lines by `footy logs`."""
LOOK_EVERY_S = 0.1
UNREADABLE_FOR_S = 10.0
"""Seconds for which following goes on although the log cannot be read: it may be about to be replaced."""


class NoEventsError(FootyError):
    """There is no log of events to read."""

    exit_code = Exit.USAGE


class Printer(Protocol):
    """Shows events to the user of a command."""

    def show(self, batch: Sequence[Envelope]) -> None:
        """Print events."""
        ...

    def end(self, shown: int, position: Position, *, more: bool) -> None:
        """Print what is to be said after the last event.

        Args:
            shown: How many were printed.
            position: Where to go on.
            more: There may be others before.
        """
        ...


class JsonLines:
    """Prints envelopes, a line each, and nothing else.

    Args:
        write: Writes to standard output, and flushes it.
    """

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write

    def show(self, batch: Sequence[Envelope]) -> None:
        """Print events."""
        self._write(b"".join([envelope_json(one) + b"\n" for one in batch]))

    def end(self, shown: int, position: Position, *, more: bool) -> None:
        """Print nothing."""


def opened(place: LogPlace) -> Log:
    """Open the log of events for reading.

    Raises:
        NoEventsError: There is none yet.
        LogError: It cannot be opened.
    """
    if not place.exists():
        raise NoEventsError(f"There is no log of events yet at {place.shown}: start footy first.")
    return place.read()


def print_events(place: LogPlace, query: EventQuery, printer: Printer, *, source: str, newest: bool) -> None:
    """Print the events that are there.

    Args:
        place: Where the log is.
        query: Which events are wanted.
        printer: Prints them.
        source: The CloudEvents source of the envelopes.
        newest: If nothing says where to begin, print the newest of them, not all.

    Raises:
        NoEventsError: There is no log yet.
        LogError: It cannot be read.
    """
    with contextlib.closing(opened(place)) as log:
        reader = _reader(log, query, source)
        begun = _print_newest(reader, query, printer, newest=newest)
        shown = _print_rest(reader, printer, query.limit) if begun is None else begun
        more = begun is not None and begun == (query.limit or SHOWN)
        printer.end(shown, reader.position or Position(log.extent().epoch, 0), more=more)


def follow_events(place: LogPlace, query: EventQuery, printer: Printer, *, source: str, newest: bool) -> None:
    """Print the events that are there and those that come, until the reader of standard output goes.

    A log that is replaced, such as by the service after the file was damaged, is opened again. Arguments and
    errors are those of `print_events`; from a position or a time on it ends after `limit` events.
    """
    log = opened(place)
    try:
        reader = _reader(log, query, source)
        begun = _print_newest(reader, query, printer, newest=newest) is not None
        left = None if begun else query.limit
        unreadable_since: float | None = None
        while left is None or left > 0:
            try:
                if log.is_replaced() or unreadable_since is not None:
                    log = _reopened(log, place)
                    reader.reopened(log)
                printed = _print_rest(reader, printer, left)
                left = None if left is None else left - printed
                unreadable_since = None
            except NewerLogError:
                raise
            except LogError:
                now = time.monotonic()
                unreadable_since = now if unreadable_since is None else unreadable_since
                if now - unreadable_since > UNREADABLE_FOR_S:
                    raise
            if reader_is_gone(LOOK_EVERY_S):
                break
    finally:
        log.close()


def _reader(log: Log, query: EventQuery, source: str) -> Reader:
    return Reader(
        log,
        query.after,
        source=source,
        match_id=query.match_id,
        types=query.types,
        since=query.since,
    )


def _print_newest(reader: Reader, query: EventQuery, printer: Printer, *, newest: bool) -> int | None:
    """Print the newest events if these are wanted, and return how many; None if it begins elsewhere."""
    if query.begins_somewhere or (query.limit is None and not newest):
        return None
    batch = reader.newest(query.limit or SHOWN)
    if batch:
        printer.show(batch)
    return len(batch)


def _print_rest(reader: Reader, printer: Printer, most: int | None) -> int:
    """Print what comes until there is nothing new; return how many events, without gaps."""
    printed = 0
    while most is None or printed < most:
        batch = reader.batch(MOST if most is None else min(MOST, most - printed))
        if batch:
            printer.show(batch)
        reader.acknowledge()
        if not batch:
            break
        printed += sum(one.type != "footy.gap" for one in batch)
    return printed


def _reopened(log: Log, place: LogPlace) -> Log:
    opened = place.read()
    log.close()
    return opened


def reader_is_gone(within_s: float) -> bool:
    """Wait for the end of the reader of standard output; return whether it ended within these seconds."""
    kind = os.fstat(1).st_mode
    if not (stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind)):
        time.sleep(within_s)
        return False
    watched = select.poll()
    watched.register(1, 0)  # no event but an error or the end is waited for
    return bool(watched.poll(within_s * 1000))
