"""The runner: sends the log's events to one sink, in a thread of its own, from where the target left off."""

import logging
import random
import threading
from collections.abc import Callable

from footy.history.log import Log, LogError
from footy.history.reader import Reader
from footy.sinks.base import Again, Refused, Sink

log = logging.getLogger("footy.sinks")

LOOK_EVERY_S = 0.5
"""Seconds after which a waiting runner looks whether it shall end; news wake it at once."""
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
        news: The log that the service writes, which wakes its readers.
        open_log: Opens the log for reading; called in the runner's thread.
        source: The CloudEvents source of the envelopes.
        jitter: Returns how long to wait, given the longest backoff; `full_jitter` unless a test holds it.
    """

    def __init__(
        self,
        sink: Sink,
        news: Log,
        open_log: Callable[[], Log],
        *,
        source: str,
        jitter: Callable[[float], float] = full_jitter,
    ) -> None:
        self.name = sink.name
        self._sink = sink
        self._news = news
        self._open_log = open_log
        self._source = source
        self._jitter = jitter
        self._stopping = threading.Event()
        self._reader: Reader | None = None
        self._failures = 0
        self._problem: str | None = None
        self._thread = threading.Thread(target=self._run, name=f"sink {sink.name}", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def close(self) -> None:
        """Stop; wait a second at most for a batch that is on its way."""
        self._stopping.set()
        self._news.wake()
        if self._thread.is_alive():
            self._thread.join(END_WITHIN_S)

    @property
    def problem(self) -> str | None:
        """Return why the sink takes nothing at present, None if it does."""
        return self._problem

    @property
    def lag(self) -> int | None:
        """Return how many events the target does not have yet, None before its position is known.

        Raises:
            LogError: The log cannot be read.
        """
        reader = self._reader
        position = None if reader is None else reader.position
        if position is None:
            return None
        extent = self._news.extent()
        return extent.newest - (position.sequence if position.epoch == extent.epoch else 0)

    def _run(self) -> None:
        opened: Log | None = None
        while not self._stopping.is_set():
            try:
                if opened is None:
                    opened = self._open_log()
                self._send(self._reading(opened))
            except Again as again:
                self._failed(str(again), again.after_s)
            except Refused as refused:
                self._problem = f"paused: {refused}"
                log.error("Sink %s is paused until the next start: %s", self.name, refused)
                break
            except LogError as error:
                if opened is not None:
                    opened.close()
                    opened = None
                self._failed(str(error))
            except Exception as bug:
                log.exception("Sink %s failed", self.name)
                self._failed(type(bug).__name__)
        if opened is not None:
            opened.close()
        self._sink.close()

    def _reading(self, opened: Log) -> Reader:
        """Return the reader of this log: from where the target is, later from where it was itself."""
        if self._reader is None:
            self._reader = Reader(opened, self._sink.position(), source=self._source)
        self._reader.reopened(opened)
        return self._reader

    def _send(self, reader: Reader) -> None:
        """Send the next batch, or wait for one."""
        batch = reader.batch()
        if batch:
            self._sink.send(batch)
        reader.acknowledge()
        if not batch:
            reached = reader.position.sequence if reader.position is not None else 0
            self._news.wait(reached, LOOK_EVERY_S)
        elif self._problem is not None:
            log.info("Sink %s takes events again", self.name)
        self._failures, self._problem = 0, None

    def _failed(self, why: str, after_s: float | None = None) -> None:
        """Note why nothing is taken, logged when it changes, and wait: backoff with full jitter."""
        if why != self._problem:
            log.warning("Sink %s takes nothing and is tried again: %s", self.name, why)
        self._problem = why
        longest = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2**self._failures)
        self._failures = min(self._failures + 1, 30)
        self._stopping.wait(self._jitter(longest) if after_s is None else after_s)
