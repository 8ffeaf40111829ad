"""The vendor's push: connected while this instance may ask, its messages collected for the cycles' thread.

Whatever fails here has a name and stops nothing: footy is then what it is without push.
"""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from prometheus_client.core import Metric

from footy.clock import CLOCK
from footy.errors import ConfigError
from footy.mirror.pushed import goes_back_from
from footy.settings import Mode, Settings
from footy.telemetry.metrics import counter, gauge
from footy.thesports.models import LiveScore
from footy.thesports.push import PUSHED, Outcome, Part, Pushed, read_message
from footy.thesports.request import Answer

if TYPE_CHECKING:  # only if it is switched on
    from footy.thesports.push_connection import Broker, PushEndedError

log = logging.getLogger("footy.push")

MISSING = "FOOTY_PUSH=on needs the package paho-mqtt: .venv/bin/pip install -r requirements-mqtt.txt"
"""What is said if the extra `mqtt` is not installed."""
COALESCE_S = 0.25
"""Seconds from one publication of what was pushed to the next."""
FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 60.0
REFUSED_BACKOFF_S = 600.0
STEADY_S = 60.0
"""Seconds after which a connection counts as good, so that the next backoff is short again."""
SILENT_S = 180.0
"""Seconds without a message, while matches are in play, after which a connection is opened anew: of 102 live
matches one changes every second."""
FLOOD_WINDOW_S = 10.0
FLOOD_MESSAGES = 20_000
FLOOD_BYTES = 200_000_000
MOST_PARTS = 50_000
"""A flood: so many messages or bytes in the window, or parts that wait to be published."""
FLOOD_BACKOFF_S = 60.0
MALFORMED_OF = 100
MALFORMED_SHARE = 0.5
"""Share of the last messages that are not readable from which the push counts as malformed."""
STANDBY_LOOK_S = 0.25

State = Literal["connecting", "connected", "standby", "malformed"] | Outcome
STATES: tuple[State, ...] = (
    *("connecting", "connected", "standby", "malformed"),
    *("refused", "unreachable", "silent", "flooding"),
)


@dataclass(frozen=True, slots=True)
class PushStatus:
    """The state of the push."""

    state: State
    since: float
    """Unix seconds."""
    why: str | None = None


class Connection(Protocol):
    """A connection, as in `thesports/push_connection.py`."""

    def run(self, check: Callable[[], None]) -> None:
        """Run until it ends; always raises in the end."""


Connect = Callable[[Callable[[bytes], None], Callable[[], None]], Connection]


def full_jitter(longest_s: float) -> float:
    """Return any time up to the longest backoff, so that not all come back at once."""
    return random.uniform(0.0, longest_s)


class PushFeed:
    """Keeps a connection, and passes on what it says, collected for a quarter of a second.

    Args:
        connect: Returns a new connection for these callbacks.
        may_connect: Whether this instance may ask the vendor; only a leader may.
        jitter: Returns how long to wait, given the longest backoff; `full_jitter` unless a test holds it.
    """

    def __init__(
        self,
        connect: Connect,
        *,
        may_connect: Callable[[], bool] = lambda: True,
        jitter: Callable[[float], float] = full_jitter,
    ) -> None:
        self._connect = connect
        self._receive: Callable[[Answer[object]], None] = lambda _: None
        self._poll: Callable[[], None] = lambda: None
        self._expects_messages: Callable[[], bool] = lambda: False
        self._may_connect = may_connect
        self._jitter = jitter
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self._parts: dict[tuple[str, str, bool], Part] = {}
        """By match, name, and whether it takes back what the part before says."""
        self._tick_at: float | None = None
        self._status = PushStatus("connecting", CLOCK.now())
        self._failures = 0
        self._opened_at = self._heard_at = 0.0
        self._window_from, self._messages_in, self._bytes_in = 0.0, 0, 0
        self._is_flooded = False
        self._readable: deque[bool] = deque(maxlen=MALFORMED_OF)
        self._messages = {"read": 0, "unreadable": 0}
        self._taken = 0
        self._connections = 0
        self._threads = [
            threading.Thread(target=target, name=name, daemon=True)
            for target, name in ((self._listen, "footy-push"), (self._pass_on, "footy-push-parts"))
        ]

    def start(
        self,
        receive: Callable[[Answer[object]], None],
        poll: Callable[[], None] = lambda: None,
        expects_messages: Callable[[], bool] = lambda: False,
    ) -> None:
        """Begin to connect.

        Args:
            receive: Takes answers, from any thread.
            poll: Asks for the live list as soon as possible: messages may have been missed.
            expects_messages: Whether matches are in play.
        """
        self._receive, self._poll, self._expects_messages = receive, poll, expects_messages
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End the connection; return within a second."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(0.5)

    @property
    def status(self) -> PushStatus:
        """Return its state."""
        return self._status

    def tick_in(self, seconds: float) -> None:
        """Pass on an empty answer after some seconds, unless a message comes before."""
        at = time.monotonic() + seconds
        with self._changed:
            if self._tick_at is None or at < self._tick_at:
                self._tick_at = at
                self._changed.notify_all()

    def metrics(self) -> Iterator[Metric]:
        """Yield the metrics; a source, for any thread."""
        state = self._status.state
        words = "1 for how the push stands now, 0 for the other states."
        yield gauge("footy_push_state", words, ("state",), {(one,): one == state for one in STATES})
        words = "Pushed messages since the start, by whether all of them could be read."
        yield counter(
            "footy_push_messages_total",
            words,
            ("outcome",),
            {(outcome,): count for outcome, count in self._messages.items()},
        )
        words = "Pushed parts that were passed on since the start, after those of a quarter of a second."
        yield counter("footy_push_parts_total", words, (), {(): self._taken})
        words = "Connections to the broker since the start."
        yield counter("footy_push_connections_total", words, (), {(): self._connections})

    # The connection's thread.

    def _listen(self) -> None:
        from footy.thesports.push_connection import PushEndedError  # noqa: PLC0415 - only if switched on

        while not self._stopping.is_set():
            if not self._may_connect():
                self._say("standby", None)
                self._stopping.wait(STANDBY_LOOK_S)
                continue
            self._opened_at = 0.0
            try:
                self._connect(self._heard, self._opened).run(self._check)
            except PushEndedError as ended:
                self._ended(ended)
            except Exception as bug:
                log.exception("The push failed")
                self._say("unreachable", type(bug).__name__)
                self._wait(LONGEST_BACKOFF_S)

    def _opened(self) -> None:
        self._connections += 1
        self._opened_at = self._heard_at = self._window_from = time.monotonic()
        self._messages_in = self._bytes_in = 0
        self._is_flooded = False
        self._readable.clear()
        self._say("connected", None)
        self._poll()

    def _heard(self, payload: bytes) -> None:
        now = time.monotonic()
        if now - self._window_from > FLOOD_WINDOW_S:
            self._window_from, self._messages_in, self._bytes_in = now, 0, 0
        self._messages_in += 1
        self._bytes_in += len(payload)
        self._heard_at = now
        if self._messages_in > FLOOD_MESSAGES or self._bytes_in > FLOOD_BYTES:
            self._is_flooded = True
            return
        message = read_message(payload, CLOCK.now())
        is_readable = not message.unreadable
        self._messages["read" if is_readable else "unreadable"] += 1
        self._readable.append(is_readable)
        if message.parts:
            with self._changed:
                for part in message.parts:
                    self._collect(part)
                self._is_flooded |= len(self._parts) > MOST_PARTS
                self._changed.notify_all()

    def _collect(self, part: Part) -> None:
        """Keep a part in place of the one before, but not a score that takes back what that one says.

        It may be an old one that comes late; whoever gets both decides, as without collecting.
        """
        before = self._parts.get((part.match_id, part.name, False))
        key = (part.match_id, part.name, before is not None and _goes_back(before, part))
        self._parts.pop(key, None)  # the newest comes last
        self._parts[key] = part

    def _check(self) -> None:
        from footy.thesports.push_connection import FloodingError, PushEndedError, SilentError  # noqa: PLC0415

        if self._stopping.is_set() or not self._may_connect():
            raise PushEndedError("it is no longer wanted")
        if self._is_flooded:
            raise FloodingError("more messages than matches can have")
        now = time.monotonic()
        if now - self._heard_at > SILENT_S and self._opened_at:
            if self._expects_messages():
                raise SilentError(f"no message for {SILENT_S:.0f} s, while matches are in play")
            self._heard_at = now
        if len(self._readable) == MALFORMED_OF:
            share = self._readable.count(False) / MALFORMED_OF
            if share >= MALFORMED_SHARE:
                self._say("malformed", "most messages cannot be read")
            elif self._status.state == "malformed":
                self._say("connected", None)

    def _ended(self, ended: "PushEndedError") -> None:
        """Note why a connection has ended, and wait before the next one."""
        if self._stopping.is_set() or not self._may_connect():
            return
        if self._opened_at and time.monotonic() - self._opened_at > STEADY_S:
            self._failures = 0
        outcome = ended.outcome
        self._say(outcome, str(ended))
        longest = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2**self._failures)
        self._failures = min(self._failures + 1, 30)
        if outcome == "refused":
            longest = REFUSED_BACKOFF_S
        self._wait(FLOOD_BACKOFF_S if outcome == "flooding" else self._jitter(longest))

    def _wait(self, seconds: float) -> None:
        self._stopping.wait(seconds)

    def _say(self, state: State, why: str | None) -> None:
        """Set its state; log it if it has changed."""
        before = self._status
        if (state, why) == (before.state, before.why):
            return
        self._status = PushStatus(state, CLOCK.now() if state != before.state else before.since, why)
        if why is not None:
            log.warning("Push is %s: %s; the live list is polled as without it", state, why)
        elif state != "connecting":
            log.info("Push is %s", state)

    # The thread that passes on.

    def _pass_on(self) -> None:
        passed_at = 0.0
        while not self._stopping.is_set():
            with self._changed:
                due = passed_at + COALESCE_S if self._parts else self._tick_at
                now = time.monotonic()
                if due is None or due > now:
                    self._changed.wait(None if due is None else due - now)
                    continue
                parts, self._parts = tuple(self._parts.values()), {}
                if self._tick_at is not None and self._tick_at <= now:
                    self._tick_at = None
                passed_at = now
            self._taken += len(parts)
            self._receive(Answer(PUSHED, Pushed(parts), CLOCK.now()))


def _goes_back(before: Part, after: Part) -> bool:
    return (
        isinstance(before.value, LiveScore)
        and isinstance(after.value, LiveScore)
        and goes_back_from(before.value, after.value)
    )


def push_feed(
    settings: Settings, mode: Mode, may_connect: Callable[[], bool] = lambda: True
) -> PushFeed | None:
    """Return the push of an account, not started; None if it is switched off, and in the demo.

    Raises:
        ConfigError: It is switched on, and its package is missing.
    """
    if settings.push == "off" or mode is Mode.DEMO:
        return None
    try:
        from footy.thesports.push_connection import PushConnection  # noqa: PLC0415
    except ModuleNotFoundError:
        raise ConfigError(MISSING) from None
    broker = _broker(settings)
    return PushFeed(lambda heard, opened: PushConnection(broker, heard, opened), may_connect=may_connect)


def _broker(settings: Settings) -> "Broker":
    from footy.thesports.push_connection import Broker  # noqa: PLC0415 - only if it is switched on

    ca_bundle = None if settings.ca_bundle is None else str(settings.ca_bundle)
    return Broker(settings.push_url, settings.user or "", settings.secret_text(), ca_bundle)


def tried(settings: Settings) -> str:
    """Connect once, and return how that went in a few words, for `footy check`."""
    try:
        from footy.thesports.push_connection import PushConnection, PushEndedError  # noqa: PLC0415
    except ModuleNotFoundError:
        return f"FAILED: {MISSING}"
    opened = threading.Event()
    began = time.monotonic()

    def end_if_open() -> None:
        if opened.is_set():
            raise PushEndedError("it works")

    try:
        PushConnection(_broker(settings), lambda _: None, opened.set).run(end_if_open)
    except PushEndedError as ended:
        if not opened.is_set():
            return f"{'REFUSED' if ended.outcome == 'refused' else 'FAILED'}: {ended}"
    return f"ok, {time.monotonic() - began:.2f} s"
