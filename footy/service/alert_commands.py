"""`footy alerts`: check the rules file, test it on the snapshot, send a test message, show outcomes."""

import dataclasses
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence, Sized
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from footy.alerts.evaluate import usable
from footy.alerts.logic import Scene
from footy.alerts.outcomes import Outcomes, outcomes
from footy.alerts.rules import Rule, Rules, RulesError, load
from footy.alerts.wording import text
from footy.errors import ConfigError, Exit, FootyError
from footy.events.envelope import Envelope, envelope, event_in
from footy.events.sighting import PLAYED
from footy.events.types import Alert, Event
from footy.history.place import LogPlace
from footy.history.reader import Reader
from footy.plain_text import harmless
from footy.service.match_view import SNAPSHOT
from footy.sinks.base import Again, Refused
from footy.sinks.ledger import Ledger
from footy.sinks.registry import MISSING, SinkOptions, sink_of
from footy.sinks.targets import Target
from footy.sinks.third_party import open_sink
from footy.telemetry.redaction import Redactor
from footy.times import moment_text

if TYPE_CHECKING:
    from footy.sinks.store_ledger import StoreLedger

Say = Callable[[str], None]
MARK = "TEST: this is no alert, but a message of footy alerts send"
_TYPES = ("alert", "alert_settled")


class NotDeliveredError(FootyError):
    """A test message did not arrive."""

    exit_code = Exit.UNAVAILABLE


class NothingYetError(FootyError):
    """There is no snapshot or log yet."""

    exit_code = Exit.UNAVAILABLE


class _Snapshot(msgspec.Struct):
    """The records of a snapshot file."""

    matches: list[dict[str, Any]]


def check(path: Path, say: Say) -> Exit:
    """Check the rules file, and say all that is wrong with it."""
    try:
        rules = load(path)
        redact = Redactor()
        redact.learn(rules.secrets)
        wrong = [redact(one) for one in _unusable(path, rules.targets)]
    except RulesError as error:
        rules, wrong = Rules(), list(error.sentences)
    for sentence in [*wrong, *(f"warning: {one}" for one in rules.warnings)]:
        say(sentence)
    if wrong:
        return Exit.CONFIG
    for rule in rules.rules:
        to = f" → {', '.join(rule.to)}" if rule.to else ""
        say(f"rule {rule.name}: {rule.when.source}{to}")
    for target in rules.targets:
        events = "all events" if target.events is None else ", ".join(target.events)
        say(f"target {target.name}: {target.kind}, {events}")
    say(f"{path}: {_many(rules.rules, 'rule')} and {_many(rules.targets, 'target')}, nothing wrong")
    return Exit.OK


def _many(things: Sized, word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def _unusable(path: Path, targets: tuple[Target, ...]) -> Iterator[str]:
    """Yield a sentence for each target that no installed package can send to."""
    yield from _unknown_services(path, targets)
    for target in targets:
        if target.kind == "sink":
            try:
                open_sink(target).close()
            except Refused as refused:
                yield f"{path}: target {target.name}, sink: {refused}."
            except Exception as bug:  # noqa: BLE001 - of another package
                yield f"{path}: target {target.name}, sink: it cannot be closed ({type(bug).__name__})."


def _unknown_services(path: Path, targets: tuple[Target, ...]) -> Iterator[str]:
    """Yield a sentence for each service that apprise does not know."""
    services = [one for one in targets if one.kind == "notify"]
    if not services:
        return
    try:
        from footy.sinks.notify import service  # noqa: PLC0415 - only if there is such a target
    except ModuleNotFoundError:
        raise ConfigError(MISSING) from None
    for target in services:
        if service(target.url, target.timeout_s) is None:
            scheme = target.url.partition("://")[0]
            yield (
                f"{path}: target {target.name}, notify: no service takes this address that begins with "
                f"{scheme}://; https://appriseit.com/services lists them."
            )


def test_on_snapshot(path: Path, place: LogPlace, say: Say) -> Exit:
    """Say for every rule and match of the snapshot whether it fires, and which term says no."""
    rules = load(path)
    records = _records(place)
    for rule in rules.rules:
        say(f"{rule.name}: {rule.when.source}")
        if rule.on_events:
            say("  asks for events, which a snapshot has none of")
            continue
        for record in records:
            say(f"  {_verdict(rule, record)}")
    return Exit.OK


def _records(place: LogPlace) -> list[dict[str, Any]]:
    """Return the newest records: of the data folder, or of the leader if there is a store."""
    try:
        snapshot = place.published(SNAPSHOT)
        if snapshot is None:
            raise NothingYetError(f"There is no snapshot in {place.where} yet: start footy first")
        return msgspec.json.decode(snapshot, type=_Snapshot).matches
    except (OSError, msgspec.DecodeError) as error:
        raise NothingYetError(f"{SNAPSHOT} in {place.where} cannot be read: {error}") from None


def _verdict(rule: Rule, record: dict[str, Any]) -> str:
    teams = f"{harmless(record['home'])} – {harmless(record['away'])}"
    if record["live_source"] not in PLAYED:
        return f"no   {teams}: the record is not fresh, its source is {record['live_source']}"
    refusal = rule.when.refusal(Scene(usable(record)))
    if refusal is not None:
        return f"no   {teams}: {refusal}"
    lasting = f", if it lasts {rule.for_s:g} s" if rule.for_s else ""
    return f"YES  {teams}{lasting}: {text(rule.say, usable(record))}"


def target_named(path: Path, name: str) -> Target:
    """Return a target of the rules file.

    Raises:
        RulesError: There is none of this name, or the file is wrong.
    """
    targets = {one.name: one for one in load(path).targets}
    if name not in targets:
        raise RulesError([f"{name} is no target of {path}; there are {', '.join(targets) or 'none'}."])
    return targets[name]


def send(path: Path, name: str, source: str, say: Say) -> Exit:
    """Send a marked test message to a target.

    Raises:
        NotDeliveredError: It did not arrive, or nobody knows.
    """
    target = dataclasses.replace(target_named(path, name), events=None)
    with tempfile.TemporaryDirectory(prefix="footy-") as folder:
        options = SinkOptions(source, ledger=Path(folder) / "sent.db")
        sink = sink_of(target, options, None)
        try:
            sink.send([_test_message(source, name)])
        except (Again, Refused) as error:
            raise NotDeliveredError(f"The target {name} took nothing: {error}") from None
        finally:
            sink.close()
        counts = _counts(options, target)
    if counts.keys() <= {"sent"}:
        say(f"The target {name} took the test message")
        return Exit.OK
    why = "it is not known whether it arrived" if "unknown" in counts else "it was refused"
    raise NotDeliveredError(f"The test message to {name}: {why}")


def _counts(options: SinkOptions, target: Target) -> dict[str, int]:
    if not isinstance(options.ledger, Path):
        return {}
    ledger = Ledger(options.ledger, target.name)
    try:
        return ledger.counts()
    finally:
        ledger.close()


def _test_message(source: str, name: str) -> Envelope:
    now = time.time()
    data = Alert(
        match_id="test",
        competition=None,
        country=None,
        home=None,
        away=None,
        status_id=0,
        minute=None,
        clock=None,
        late=False,
        relates=None,
        seen_at=moment_text(now) or "",
        vendor_at=None,
        score=None,
        rule="test",
        text=MARK,
        to=(name,),
        price=None,
        event=None,
        unseen_s=0.0,
    )
    event = Event(f"test:alert:test:{round(now * 1000)}", "alert", data)
    return envelope(event, sequence=0, epoch="00000000", source=source)


def show_outcomes(ledger: "Ledger | StoreLedger | None", place: LogPlace, source: str, say: Say) -> Exit:
    """Say what became of the alerts in the log, by rule, and of the messages, by target.

    Args:
        ledger: Of the messages; None if there have been none. It is closed.
        place: The log.
        source: Of the events.
        say: Takes each line.
    """
    found = outcomes(_alerts(place, source))
    if not found:
        say(f"There are no alerts in {place.shown}")
    else:
        for line in outcome_table(found):
            say(line)
    for line in _messages(ledger):
        say(line)
    return Exit.OK


def outcome_table(found: Sequence[Outcomes]) -> Iterator[str]:
    """Yield the lines of a table of outcomes, a row for each rule."""
    rows = [_HEAD, *map(_row, found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield "  ".join(cells).rstrip()


_HEAD = ("rule", "alerts", "won", "lost", "void", "open", "rate", "95 %", "break-even", "yield")


def _row(one: Outcomes) -> tuple[str, ...]:
    interval = one.interval
    return (
        one.rule,
        *(str(number) for number in (one.fired, one.won, one.lost, one.void, one.open)),
        _percent(one.rate),
        "–" if interval is None else f"{100 * interval[0]:.0f}–{100 * interval[1]:.0f} %",
        _percent(one.break_even),
        "–" if one.gain is None else f"{100 * one.gain:+.1f} %",
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _alerts(place: LogPlace, source: str) -> Iterator[Event]:
    """Yield the alerts and their outcomes in the log.

    Raises:
        NothingYetError: There is no log.
    """
    if not place.exists():
        raise NothingYetError(f"There are no events at {place.shown} yet: start footy first")
    log = place.read()
    try:
        reader = Reader(log, source=source, types=_TYPES)
        while batch := reader.batch():
            reader.acknowledge()
            yield from (event for event in map(event_in, batch) if event is not None)
    finally:
        log.close()


def _messages(ledger: "Ledger | StoreLedger | None") -> Iterator[str]:
    """Yield a line for each target with what became of its messages."""
    if ledger is None:
        return
    words = {"too_old": "too old", "unknown": "sent or not, unknown"}
    try:
        counts = ledger.all_counts()
    except Again as again:
        yield f"It is not known what became of the messages: {again}"
        return
    finally:
        ledger.close()
    for target, of_target in counts.items():
        states = ", ".join(f"{of_target[state]} {words.get(state, state)}" for state in sorted(of_target))
        yield f"messages to {target}: {states}"
