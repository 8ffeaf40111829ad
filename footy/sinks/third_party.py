"""Third-party sinks: other packages' targets, found by the entry-point group `footy.sinks` (docs/sinks.md).

Whatever such a sink does wrong costs only itself: it is imported and called in the thread of its own runner.
"""

import contextlib
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from typing import Any

import msgspec

from footy.events.envelope import Envelope
from footy.history.log import Position
from footy.sinks.base import Again, Refused, Sink
from footy.sinks.target_sink import TargetSink
from footy.sinks.targets import Target

log = logging.getLogger("footy.sinks")

GROUP = "footy.sinks"
OpenSink = Callable[[str, Mapping[str, Any]], Sink]
"""An entry point: it takes a target's name and settings; a ValueError says what is wrong with these."""
_CALLED = ("position", "send", "close")


class ThirdPartySink(TargetSink):
    """A sink of another package; the ledger has its position unless it keeps one itself."""

    _opened: Sink | None = None

    def position(self) -> Position | None:
        """Return how far the target is, by its own word if it has one."""
        with self._edge():
            own = self._sink().position()
        return own if own is not None else super().position()

    def send(self, batch: Sequence[Envelope]) -> None:
        """Pass on the events that are for this target."""
        wanted = [one for one in batch if self._wants(one)]
        if wanted:
            with self._edge():
                self._sink().send(wanted)
        self._reached(batch[-1])

    def close(self) -> None:
        """Close the sink and the ledger."""
        if self._opened is not None:
            with contextlib.suppress(Again, Refused), self._edge():
                self._opened.close()
        super().close()

    def _sink(self) -> Sink:
        if self._opened is None:
            self._opened = open_sink(self._target)
        return self._opened

    @contextlib.contextmanager
    def _edge(self) -> Iterator[None]:
        """Turn whatever fails inside into a batch that was not taken."""
        try:
            yield
        except (Again, Refused):
            raise
        except (Exception, SystemExit) as bug:
            log.exception("Sink %s failed", self.name)
            raise Again(f"{type(bug).__name__}, see the log") from None


def open_sink(target: Target) -> Sink:
    """Import the package that has a target's sink, and open it.

    Raises:
        Refused: There is no such package, or it cannot be used; the text says why.
    """
    known = {one.name: one for one in entry_points(group=GROUP)}
    if target.sink not in known:
        there_are = f"there are {', '.join(sorted(known))}" if known else "there are none"
        raise Refused(f"no installed package has a sink {target.sink}; {there_are}")
    try:
        factory: OpenSink = known[target.sink].load()
    except (Exception, SystemExit) as bug:
        log.exception("Sink %s cannot be imported", target.name)
        raise Refused(
            f"{known[target.sink].value} cannot be imported ({type(bug).__name__}: {bug})"
        ) from None
    try:
        sink = factory(target.name, msgspec.json.decode(target.settings))
    except ValueError as wrong:
        raise Refused(f"its settings are wrong: {wrong}") from None
    except (Exception, SystemExit) as bug:
        log.exception("Sink %s cannot be opened", target.name)
        raise Refused(f"{known[target.sink].value} failed ({type(bug).__name__}), see the log") from None
    lacking = [name for name in _CALLED if not callable(getattr(sink, name, None))]
    if lacking:
        raise Refused(f"{known[target.sink].value} returned no sink: it has no {lacking[0]}")
    return sink
