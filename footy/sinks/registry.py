"""The sinks that are switched on; another one is a few lines here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from footy.history.log import Log

if TYPE_CHECKING:  # what is switched off is not imported
    from footy.sinks.base import Sink
    from footy.sinks.runner import SinkRunner


@dataclass(frozen=True, slots=True)
class SinkOptions:
    """What the operator wants of sinks."""

    source: str
    """FOOTY_SOURCE: the CloudEvents source of the envelopes."""
    jsonl: Path | None = None
    """The folder of the JSON Lines files; None if FOOTY_JSONL is off."""
    keep_days: float = 90.0
    """FOOTY_HISTORY_DAYS: how long these files are kept."""


class Sinks:
    """The sinks of a service, each with its runner; none costs nothing."""

    def __init__(self, runners: "tuple[SinkRunner, ...]" = ()) -> None:
        self._runners = runners

    def __iter__(self) -> "Iterator[SinkRunner]":
        return iter(self._runners)

    @property
    def problem(self) -> str | None:
        """Return why a sink takes nothing at present, None if all of them do."""
        troubled = (one for one in self._runners if one.problem is not None)
        return next((f"the sink {one.name} takes nothing: {one.problem}" for one in troubled), None)

    def wake(self) -> None:
        """Let them look at the log now: something was committed."""
        for runner in self._runners:
            runner.wake()

    def close(self) -> None:
        """Stop them all."""
        for runner in self._runners:
            runner.close()


def open_sinks(options: SinkOptions, open_log: Callable[[], Log]) -> Sinks:
    """Start the sinks that are switched on.

    Args:
        options: What the operator wants.
        open_log: Opens the log for reading, each time that it is called.
    """
    wanted = list(_wanted(options))
    if not wanted:
        return Sinks()
    from footy.sinks.runner import SinkRunner  # noqa: PLC0415 - only if there is a sink

    runners = tuple(SinkRunner(sink, open_log, source=options.source) for sink in wanted)
    for runner in runners:
        runner.start()
    return Sinks(runners)


def _wanted(options: SinkOptions) -> "Iterator[Sink]":
    if options.jsonl is not None:
        from footy.sinks.jsonl import JsonlSink  # noqa: PLC0415 - only if it is switched on

        yield JsonlSink(options.jsonl, keep_days=options.keep_days)
