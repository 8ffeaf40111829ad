"""The sinks that are switched on, and the operator's targets; another one is a few lines here."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from footy.errors import ConfigError
from footy.history.log import Log, LogError, Position

if TYPE_CHECKING:  # what is switched off is not imported
    from footy.record import MatchRecord
    from footy.sinks.base import Sink
    from footy.sinks.ledger import Ledger
    from footy.sinks.mqtt import MqttTarget
    from footy.sinks.runner import SinkRunner
    from footy.sinks.store_ledger import StoreLedger
    from footy.sinks.target_sink import TargetSink
    from footy.sinks.targets import Target

MISSING = "Messages need the package apprise: .venv/bin/pip install -r requirements-alerts.txt"
"""What is said if the extra `alerts` is not installed."""


MQTT_MISSING = "FOOTY_MQTT needs the package paho-mqtt: .venv/bin/pip install -r requirements-mqtt.txt"
"""What is said if the extra `mqtt` is not installed."""


@dataclass(frozen=True, slots=True)
class SinkOptions:
    """What the operator wants of sinks."""

    source: str
    """FOOTY_SOURCE: the CloudEvents source of the envelopes."""
    jsonl: Path | None = None
    """The folder of the JSON Lines files; None if FOOTY_JSONL is off."""
    keep_days: float = 90.0
    """FOOTY_HISTORY_DAYS: how long these files are kept."""
    mqtt: "MqttTarget | None" = None
    """FOOTY_MQTT: the operator's broker; None if there is none."""
    ledger: Path | Callable[[str], "StoreLedger"] | None = None
    """The file that has what became of messages, or what returns a target's ledger in a store; None if there
    can be no targets."""


class Sinks:
    """The sinks of a service, each with its runner; none costs nothing.

    Args:
        options: What the operator wants.
        open_log: Opens the log for reading, each time that it is called.
    """

    def __init__(self, options: SinkOptions, open_log: Callable[[], Log]) -> None:
        self._options = options
        self._open_log = open_log
        self._runners: tuple[SinkRunner, ...] = ()
        self._of_targets: dict[Target, SinkRunner] = {}
        self._ended: dict[str, SinkRunner] = {}
        """By the name of its target; it may still be busy with what was on its way."""
        self._trouble: str | None = None

    def __iter__(self) -> "Iterator[SinkRunner]":
        return iter((*self._runners, *self._of_targets.values()))

    @property
    def problem(self) -> str | None:
        """Return why a sink takes nothing at present, None if all of them do."""
        troubled = (one for one in self if one.problem is not None)
        found = next((f"the sink {one.name} takes nothing: {one.problem}" for one in troubled), None)
        return self._trouble or found

    def show(self, records: "Sequence[MatchRecord]") -> None:
        """Hand the newest records to the sinks of states; return at once."""
        for runner in self:
            runner.show(records)

    def wake(self) -> None:
        """Wake all runners: something was committed."""
        for runner in self:
            runner.wake()

    def start(self) -> None:
        """Start the sinks that run as long as the service."""
        self._runners = tuple(self._started(sink) for sink in _wanted(self._options, self._listed))

    def use(self, targets: "Sequence[Target]") -> None:
        """Run the sinks of these targets: start the new ones, and stop those that are no longer wanted."""
        for target in self._of_targets.keys() - {*targets}:
            self._ended[target.name] = self._of_targets.pop(target)
            self._ended[target.name].close()
        self._trouble = None
        for target in targets:
            if target in self._of_targets:
                continue
            try:
                # Where the log ends now: what is committed next is for a new target already.
                sink = sink_of(target, self._options, self._newest())
            except ConfigError as error:
                self._trouble = str(error)
            else:
                sink.begin()
                self._of_targets[target] = self._started(sink, self._ended.pop(target.name, None))

    def close(self) -> None:
        """Stop them all."""
        for runner in self:
            runner.close()

    def _started(self, sink: "Sink", after: "SinkRunner | None" = None) -> "SinkRunner":
        from footy.sinks.runner import SinkRunner  # noqa: PLC0415 - only if there is a sink

        runner = SinkRunner(sink, self._open_log, source=self._options.source)
        runner.start(after)
        return runner

    def _newest(self) -> Position | None:
        """Return where the log ends; None if it cannot be read: a new target then gets all that is kept."""
        with contextlib.suppress(LogError), contextlib.closing(self._open_log()) as log:
            extent = log.extent()
            return Position(extent.epoch, extent.newest)
        return None

    def _listed(self) -> frozenset[str]:
        """Return the matches that were listed last; none if the log cannot be read."""
        with contextlib.suppress(LogError), contextlib.closing(self._open_log()) as log:
            return log.listed()
        return frozenset()


def _wanted(options: SinkOptions, listed: Callable[[], frozenset[str]]) -> "Iterator[Sink]":
    if options.jsonl is not None:
        from footy.sinks.jsonl import JsonlSink  # noqa: PLC0415 - only if it is switched on

        yield JsonlSink(options.jsonl, keep_days=options.keep_days)
    if options.mqtt is not None:
        from footy.sinks.mqtt import NAME, MqttSink  # noqa: PLC0415 - as above

        yield MqttSink(options.mqtt, _ledger_of(NAME, options, durable=False), listed())


def _ledger_of(name: str, options: SinkOptions, *, durable: bool) -> "Ledger | StoreLedger":
    """Return a target's ledger, in the file or in the store."""
    from footy.sinks.ledger import Ledger  # noqa: PLC0415 - only if there is a target

    if options.ledger is None:
        raise ConfigError("There is no ledger for targets")
    if isinstance(options.ledger, Path):
        return Ledger(options.ledger, name, durable=durable)
    return options.ledger(name)


def mqtt_target(
    url: str | None, user: str | None, password: str, ca_bundle: Path | None
) -> "MqttTarget | None":
    """Return the operator's broker; None if there is no address.

    Raises:
        ConfigError: The package is missing.
    """
    if url is None:
        return None
    try:
        from footy.sinks.mqtt import MqttTarget  # noqa: PLC0415 - only if it is switched on
    except ModuleNotFoundError:
        raise ConfigError(MQTT_MISSING) from None
    return MqttTarget(url, user, password, None if ca_bundle is None else str(ca_bundle))


def sink_of(target: "Target", options: SinkOptions, begin: Position | None) -> "TargetSink":
    """Return the sink of a target.

    Args:
        target: The target.
        options: What the operator wants; it names the ledger.
        begin: Where a new target begins; None to give it all events that are kept.

    Raises:
        ConfigError: A package is missing.
    """
    ledger = _ledger_of(target.name, options, durable=target.kind not in {"webhook", "sink"})
    if target.kind == "webhook":
        from footy.sinks.webhook import WebhookSink  # noqa: PLC0415 - only if there is one

        return WebhookSink(target, ledger, begin)
    if target.kind == "command":
        from footy.sinks.command import CommandSink  # noqa: PLC0415 - only if there is one

        return CommandSink(target, ledger, begin)
    if target.kind == "sink":
        from footy.sinks.third_party import ThirdPartySink  # noqa: PLC0415 - only if there is one

        return ThirdPartySink(target, ledger, begin)
    try:
        from footy.sinks.notify import NotifySink  # noqa: PLC0415 - only if there is one
    except ModuleNotFoundError:
        raise ConfigError(MISSING) from None
    return NotifySink(target, ledger, begin)
