"""The runner: sends the log's events to one sink, in a thread of its own, from where the target left off."""

import logging
import random
import threading
from collections.abc import Callable, Sequence

from footy.history.log import Log, LogError, Position
from footy.history.reader import Reader
from footy.record import MatchRecord
from footy.sinks.base import Again, Refused, Sink, StateSink, StoppableSink

log = logging.getLogger("footy.sinks")

LOOK_EVERY_S = 1.0
"""Seconds after which a runner looks at the log although nothing woke it."""
FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 60.0
END_WITHIN_S = 1.0
"""Seconds that closing waits for a batch that is on its way."""


def full_jitter(longest_s: float) -> float:
    """Return any time up to the longest backoff: what failed at once does not come back at once."""
    return random.uniform(0.0, longest_s)


class SinkRunner:
    """Sends every event to a sink in order; what the sink does not take now is sent again.

    A slow or broken sink holds up nothing but itself: it reads the log by its own connection, in batches.

    Args:
        sink: The sink; the runner closes it.
        open_log: Opens the log for reading; called in the runner's thread.
        source: The CloudEvents source of the envelopes.
        jitter: Returns how long to wait, given the longest backoff; `full_jitter` unless a test holds it.
    """

    def __init__(
        self,
        sink: Sink,
        open_log: Callable[[], Log],
        *,
        source: str,
        jitter: Callable[[float], float] = full_jitter,
    ) -> None:
        self.name = sink.name
        self._sink = sink
        self._open_log = open_log
        self._source = source
        self._jitter = jitter
        self._stopping = threading.Event()
        self._news = threading.Event()
        self._before: SinkRunner | None = None
        self._opened: Log | None = None
        self._reader: Reader | None = None
        self._failures = 0
        self._problem: str | None = None
        self._thread = threading.Thread(target=self._run, name=f"sink {sink.name}", daemon=True)

    def start(self, after: "SinkRunner | None" = None) -> None:
        """Begin to send, once another runner of the same target has ended: two would break the order."""
        self._before = after
        self._thread.start()

    def show(self, records: Sequence[MatchRecord]) -> None:
        """Hand the newest records to the sink, if it is one of states; return at once."""
        if isinstance(self._sink, StateSink):
            self._sink.show(records)
            self._news.set()

    def wake(self) -> None:
        """Wake the runner: something was committed."""
        self._news.set()

    def close(self) -> None:
        """Stop; wait a second at most for a batch that is on its way."""
        self._stopping.set()
        self._news.set()
        if isinstance(self._sink, StoppableSink):
            self._sink.stop()
        if self._thread.is_alive():
            self._thread.join(END_WITHIN_S)

    def has_ended(self, within_s: float) -> bool:
        """Wait until a runner that was closed has ended; return whether it has."""
        self._thread.join(within_s)
        return not self._thread.is_alive()

    @property
    def problem(self) -> str | None:
        """Return why the sink takes nothing at present, None if it does."""
        return self._problem

    def lag(self, newest: Position) -> int | None:
        """Return the number of events up to the newest one that the target lacks; None if not known yet."""
        reader = self._reader
        position = None if reader is None else reader.position
        if position is None:
            return None
        return newest.sequence - (position.sequence if position.epoch == newest.epoch else 0)

    def _run(self) -> None:
        self._wait_for_the_one_before()
        while not self._stopping.is_set():
            try:
                self._step()
            except Again as again:
                if self._stopping.is_set():
                    break
                self._failed(str(again), again.after_s)
            except Refused as refused:
                self._problem = f"paused: {refused}"
                log.error("Sink %s is paused until the next start: %s", self.name, refused)
                break
            except LogError as error:
                self._close_log()
                self._failed(str(error))
            except Exception as bug:
                log.exception("Sink %s failed", self.name)
                self._failed(type(bug).__name__)
        self._close_log()
        self._sink.close()

    def _wait_for_the_one_before(self) -> None:
        while self._before is not None and not self._stopping.is_set():
            if self._before.has_ended(LOOK_EVERY_S):
                self._before = self._problem = None
            else:
                self._problem = "what was on its way when it was changed has not ended"

    def _step(self) -> None:
        """Send the next batch, or wait for one."""
        self._news.clear()
        if isinstance(self._sink, StateSink):
            self._sink.send_states()
        reader = self._reading()
        batch = reader.batch()
        if batch:
            self._sink.send(batch)
        reader.acknowledge()
        if self._problem is not None:
            log.info("Sink %s takes events again", self.name)
        self._failures, self._problem = 0, None
        if not batch:
            self._news.wait(LOOK_EVERY_S)

    def _reading(self) -> Reader:
        """Return the reader of the log that is there: from where the target is, later from where it was."""
        if self._opened is not None and self._opened.is_replaced():
            self._close_log()
        if self._opened is None:
            self._opened = self._open_log()
        if self._reader is None:
            self._reader = Reader(self._opened, self._sink.position(), source=self._source)
        self._reader.reopened(self._opened)
        return self._reader

    def _close_log(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _failed(self, why: str, after_s: float | None = None) -> None:
        """Note why nothing is taken, logged when it changes, and wait: backoff with full jitter."""
        if why != self._problem:
            log.warning("Sink %s takes nothing and is tried again: %s", self.name, why)
        self._problem = why
        longest = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2**self._failures)
        self._failures = min(self._failures + 1, 30)
        self._stopping.wait(self._jitter(longest) if after_s is None else after_s)
