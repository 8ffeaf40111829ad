"""`footy replay`: events of the log once more to a target, marked as a replay.

The target's own place in the log is not touched: what the service sends goes on as if nothing had been sent.
"""

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from math import inf
from pathlib import Path

from msgspec.structs import replace as replaced

from footy.errors import Exit, FootyError
from footy.events.envelope import Envelope, all_enveloped
from footy.history.log import Log, Position, StoredEvent
from footy.history.span import Span, events_in
from footy.sinks.base import Again, Refused, Sink
from footy.sinks.ledger import Ledger
from footy.sinks.registry import SinkOptions, sink_of
from footy.sinks.runner import FIRST_BACKOFF_S
from footy.sinks.targets import Target

PATIENCE_S = 60.0
"""Seconds for which a target that takes nothing is tried again."""
BATCH = 500
"""Events sent at once, as by the service."""


class NotReplayedError(FootyError):
    """The target did not take all events."""

    exit_code = Exit.UNAVAILABLE


def replay(
    log: Log,
    span: Span,
    target: Target,
    *,
    source: str,
    patience_s: float = PATIENCE_S,
    sleep: Callable[[float], object] = time.sleep,
) -> str:
    """Send the events of a span to a target; return the line that says how many, and up to where.

    Messages have no greatest age here, for all events are old.

    Args:
        log: The log.
        span: Which events.
        target: The target; it gets the types of events that it always gets.
        source: The CloudEvents source of the envelopes.
        patience_s: Seconds without progress after which it is given up.
        sleep: Waits for so many seconds.

    Raises:
        NotReplayedError: The target did not take all of them; the text has the position to go on from.
        LogError: The log cannot be read.
    """
    epoch = log.extent().epoch
    sent, at = 0, Position(epoch, span.begin(log.extent())[0])
    with tempfile.TemporaryDirectory(prefix="footy-") as folder:
        ledger = Path(folder) / "sent.db"
        sink = sink_of(replace(target, max_age_s=inf), SinkOptions(source, ledger=ledger), None)
        try:
            for part in _parts(log, span):
                why = _refusal(sink, _marked(part, epoch, source), patience_s, sleep)
                if why is not None:
                    raise NotReplayedError(
                        f"The target {target.name} took the events up to {_position(ledger, target) or at}"
                        f" (go on with --after), and then nothing: {why}"
                    )
                sent, at = sent + len(part), Position(epoch, part[-1].sequence)
        finally:
            sink.close()
        counts = _counts(ledger, target)
    lost = ", ".join(f"{counts[one]} {one}" for one in ("refused", "unknown") if counts.get(one))
    line = f"Replayed to {target.name}: {sent} events, up to {at}"
    if lost:
        raise NotReplayedError(f"{line}; of its messages {lost}")
    return line


def _parts(log: Log, span: Span) -> Iterator[list[StoredEvent]]:
    for events in events_in(log, span):
        left = iter(events)
        yield from iter(lambda left=left: list(islice(left, BATCH)), [])  # type: ignore[misc]


def _marked(events: Sequence[StoredEvent], epoch: str, source: str) -> list[Envelope]:
    return [replaced(one, footyreplay=True) for one in all_enveloped(events, epoch=epoch, source=source)]


def _refusal(
    sink: Sink, batch: list[Envelope], patience_s: float, sleep: Callable[[float], object]
) -> str | None:
    """Send a batch, for some time again if the target takes nothing now; return why it was not taken."""
    waited, backoff_s = 0.0, FIRST_BACKOFF_S
    while True:
        try:
            sink.send(batch)
        except Again as again:
            wait_s = backoff_s if again.after_s is None else again.after_s
            if waited + wait_s > patience_s:
                return str(again)
            sleep(wait_s)
            waited, backoff_s = waited + wait_s, 2 * backoff_s
        except Refused as refused:
            return str(refused)
        else:
            return None


def _position(path: Path, target: Target) -> Position | None:
    with contextlib.closing(Ledger(path, target.name)) as ledger:
        return ledger.position()


def _counts(path: Path, target: Target) -> dict[str, int]:
    with contextlib.closing(Ledger(path, target.name)) as ledger:
        return ledger.counts()
