"""The commands over the log: events, alerts, exports, queries, copies."""

import argparse
import contextlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from footy.cli.arguments import UsageError
from footy.cli.streams import complain, say, undone_by_signals, write
from footy.errors import ConfigError, Exit, LockedError
from footy.outputs.console.options import ConsoleOptions
from footy.settings import Loaded, Mode, Settings

if TYPE_CHECKING:
    from footy.analysis.tables import Wanted
    from footy.history.log import Log
    from footy.history.place import LogPlace
    from footy.history.span import Span


def events(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    """Show what happened, and go on with it if asked to."""
    from footy.outputs.console.timeline import Timeline, TimelinePrinter
    from footy.service import event_query, event_stream
    from footy.service.log_place import log_place

    options = ConsoleOptions.of(loaded.settings)
    query = event_query.EventQuery(
        after=None if arguments.after is None else event_query.position(arguments.after),
        since=None
        if arguments.since is None
        else event_query.time(arguments.since, options.timezone, time.time()),
        match_id=arguments.match,
        types=() if arguments.type is None else event_query.types(arguments.type),
        limit=None if arguments.limit is None else event_query.limit(arguments.limit),
    )
    mode = _mode_with_events(loaded.settings)
    place = log_place(loaded.settings, mode)
    if loaded.settings.events == "off" and not place.exists():
        raise event_stream.NoEventsError("There are no events: FOOTY_EVENTS is off.")
    printer: event_stream.Printer = event_stream.JsonLines(write)
    if not arguments.json:
        printer = TimelinePrinter(Timeline(options, demo=mode is Mode.DEMO), sys.stdout, write)
    print_events = event_stream.follow_events if arguments.follow else event_stream.print_events
    print_events(
        place,
        query,
        printer,
        source=loaded.settings.event_source(mode),
        newest=not arguments.json and arguments.match is None,
    )
    return Exit.OK


def match(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    """Show one match."""
    from footy.outputs.console.terminal_text import rendered
    from footy.service.log_place import log_place
    from footy.service.match_view import view

    mode = _mode_with_events(loaded.settings)
    place = log_place(loaded.settings, mode)
    options, source = ConsoleOptions.of(loaded.settings), loaded.settings.event_source(mode)
    shown = view(place, arguments.match, options, source, demo=mode is Mode.DEMO)
    write(rendered(shown, sys.stdout))
    return Exit.OK


def alerts(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    """Check, test and backtest the rules of alerts, send a test message, or show outcomes."""
    if (arguments.action == "send") != (arguments.target is not None):
        raise UsageError("alerts send takes the name of a target, and only that.")
    if arguments.since is not None and arguments.action != "backtest":
        raise UsageError("--since goes with alerts backtest.")
    from footy.service import alert_commands
    from footy.service.app import keep_bugs_scrubbed
    from footy.service.paths import Files

    settings = loaded.settings
    keep_bugs_scrubbed(settings)
    looks_at_log = arguments.action in {"outcomes", "backtest"}
    mode = _mode_with_events(settings) if looks_at_log else settings.observed_mode()
    files, source = Files(settings.folder(mode)), settings.event_source(mode)
    path = settings.alerts or files.alerts
    if arguments.action == "check":
        return alert_commands.check(path, say)
    if arguments.action == "send":
        return alert_commands.send(path, arguments.target, source, say)
    from footy.service.log_place import log_place, message_ledger

    place = log_place(settings, mode)
    if arguments.action == "test":
        return alert_commands.test_on_snapshot(path, place, say)
    if arguments.action == "backtest":
        return _backtest(path, place, arguments.since, settings)
    return alert_commands.show_outcomes(message_ledger(settings, mode), place, source, say)


def _backtest(path: Path, place: "LogPlace", since: str | None, settings: Settings) -> Exit:
    from footy.service import event_query
    from footy.service.backtest import backtest

    zone, now = ConsoleOptions.of(settings).timezone, time.time()
    return backtest(path, place, None if since is None else event_query.time(since, zone, now), say, now=now)


def export(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    """Write a table of the history."""
    from footy.service import history_commands
    from footy.service.history_store import opened_store

    wanted = history_commands.Export(
        arguments.table,
        arguments.format,
        arguments.partition is not None,
        None if arguments.output is None else Path(arguments.output),
    )
    history_commands.check_export(wanted)
    which = _wanted(arguments, loaded, whole_days=wanted.by_day)
    opened = opened_store(loaded.settings, _mode_with_events(loaded.settings))
    with undone_by_signals(), contextlib.closing(opened) as store:
        _complain_of_gap(store, which.span)
        history_commands.export(store, which, wanted, write, complain)
    return Exit.OK


def query(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    """Run a SELECT over the tables of the history, or list these."""
    from footy.analysis.sql import Limits
    from footy.service import history_commands
    from footy.service.history_store import opened_store

    if arguments.list == (arguments.sql is not None):
        raise UsageError("query takes a SELECT statement, or --list for the tables.")
    if arguments.list:
        history_commands.list_tables(say)
        return Exit.OK
    which = _wanted(arguments, loaded)
    with contextlib.closing(opened_store(loaded.settings, _mode_with_events(loaded.settings))) as store:
        _complain_of_gap(store, which.span)
        limits = Limits(time_s=arguments.timeout)
        history_commands.query(arguments.sql, store, which, arguments.format, limits, write, complain)
    return Exit.OK


def replay(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    """Send events of the log once more."""
    from footy.service.alert_commands import target_named
    from footy.service.app import keep_bugs_scrubbed
    from footy.service.paths import Files
    from footy.service.replay import replay as replayed

    settings, span = loaded.settings, _span(arguments, loaded)
    keep_bugs_scrubbed(settings)
    mode = _mode_with_events(settings)
    target = target_named(settings.alerts or Files(settings.folder(mode)).alerts, arguments.to)
    with _opened_log(settings, mode) as log:
        _complain_of_gap(log, span)
        say(replayed(log, span, target, source=settings.event_source(mode)))
    return Exit.OK


def backup(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    """Copy the log into a file."""
    from footy.history.sqlite_log import SqliteLog
    from footy.service.backup import back_up

    mode = _mode_with_events(loaded.settings)
    if loaded.settings.store is not None and mode is not Mode.DEMO:
        raise UsageError("The log is in the store: back it up with pg_dump, see docs/store.md.")
    with _opened_log(loaded.settings, mode) as log:
        if not isinstance(log, SqliteLog):
            raise TypeError("only a file is copied")
        say(back_up(log, Path(arguments.file).absolute()))
    return Exit.OK


def store(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    """Copy the log of a file into the store."""
    from footy.service.lock import running_owner
    from footy.service.log_place import store_address
    from footy.service.paths import Files

    address = store_address(loaded.settings, Mode.LIVE)
    if address is None:
        raise ConfigError("FOOTY_STORE is not set: set it to the address of the database to copy into.")
    from footy.store.copying import copy

    path = Path(arguments.file) if arguments.file else Files(loaded.settings.folder(Mode.LIVE)).events
    if (running := running_owner(Files(path.absolute().parent))) is not None:
        pid = running[0].pid
        raise LockedError(
            f"footy runs (PID: {pid}), and what it goes on writing would be missing: stop it first."
        )
    say(copy(path, address))
    return Exit.OK


def _wanted(arguments: argparse.Namespace, loaded: Loaded, *, whole_days: bool = False) -> "Wanted":
    """Read which rows of the history are wanted."""
    from footy.analysis.tables import Wanted

    return Wanted(
        _span(arguments, loaded),
        match_id=arguments.match,
        whole_days=whole_days,
        early_window=loaded.settings.early_window,
        warn=lambda sentence: complain(f"warning: {sentence}"),
    )


def _span(arguments: argparse.Namespace, loaded: Loaded) -> "Span":
    """Read `--since`, `--until` and `--after`."""
    from footy.history.span import Span
    from footy.service import event_query

    zone, now = ConsoleOptions.of(loaded.settings).timezone, time.time()
    since, until = (
        None if text is None else event_query.time(text, zone, now, flag)
        for flag, text in (("--since", arguments.since), ("--until", arguments.until))
    )
    return Span(since, until, None if arguments.after is None else event_query.position(arguments.after))


def _complain_of_gap(log: "Log", span: "Span") -> None:
    """Say if events after `--after` are missing."""
    _, missing = span.begin(log.extent())
    if missing is not None:
        complain(f"warning: {missing}")


def _opened_log(settings: Settings, mode: Mode) -> "contextlib.closing[Log]":
    """Open the log of an instance for reading; it is closed when the block is left."""
    from footy.service import event_stream
    from footy.service.log_place import log_place

    place = log_place(settings, mode)
    if settings.events == "off" and not place.exists():
        raise event_stream.NoEventsError("There are no events: FOOTY_EVENTS is off.")
    return contextlib.closing(event_stream.opened(place))


def _mode_with_events(settings: Settings) -> Mode:
    """Return which instance is meant: the demo, and say so, if only that has ever written anything."""
    from footy.service.paths import Files, check_readable

    mode = settings.observed_mode()
    if settings.store is not None:
        return mode
    check_readable(Files(settings.folder(mode)))
    files, demo = (Files(settings.folder(one)) for one in (mode, Mode.DEMO))
    if any(path.exists() for path in (files.events, files.matches)) or not demo.events.exists():
        return mode
    complain(f"there are no events yet at {files.events}: these are the demo's, {demo.events}")
    return Mode.DEMO
