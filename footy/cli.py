"""The command line: turn flags into settings, call one command, and return its exit code."""

import argparse
import contextlib
import io
import logging
import os
import re
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, get_args

from footy import __version__
from footy.analysis import FORMATS, RESULT_FORMS, TABLE_NAMES, TIME_LIMIT_S
from footy.errors import CannotWriteError, ConfigError, Exit, FootyError
from footy.outputs.console.options import ConsoleOptions, Sort
from footy.outputs.console.selection import fold
from footy.settings import STORE, Loaded, Mode, Settings, load
from footy.telemetry.redaction import Redactor
from footy.thesports.errors import RefusedError, VendorError

if TYPE_CHECKING:
    from footy.analysis.tables import Wanted
    from footy.history.log import Log
    from footy.history.place import LogPlace
    from footy.history.span import Span
    from footy.service.paths import Files

Command = Callable[[argparse.Namespace, Loaded], Exit]
_LONGEST_QUERY_S = 3600.0


def main(argv: Sequence[str] | None = None) -> int:
    """Run footy and return its exit code."""
    _mind_the_terminal()
    parser = _parser()
    if any(_PASSWORD.match(word) for word in (sys.argv[1:] if argv is None else argv)):
        _complain(
            "A password on a command line can be read by every user of this machine: put the address into "
            "FOOTY_STORE in .env, or into a file that FOOTY_STORE_FILE names, or use PGPASSFILE."
        )
        return int(Exit.USAGE)
    arguments = parser.parse_args(argv)
    asks_json = arguments.json and arguments.command != "events"
    if arguments.command != "run" and (arguments.once or arguments.continuous or asks_json):
        parser.error(f"--once, --continuous and --json do not go with {arguments.command}")
    if arguments.command == "simulate":
        return _simulate(arguments)
    loaded: Loaded | None = None
    try:
        overrides = {"FOOTY_MODE": "demo"} if arguments.demo else {}
        _check_console_flags(arguments)
        loaded = load(
            overrides=overrides,
            only_where=arguments.command in _LOOKING_ON,
            needed=STORE if arguments.command in _READING_LOG else (),
        )
        for warning in loaded.warnings:
            _complain(f"warning: {warning}")
        return int(_COMMANDS[arguments.command](arguments, loaded))
    except FootyError as error:
        logging.getLogger("footy").error(str(error))
        _complain(_sentence(error))
        return int(error.exit_code)
    except BrokenPipeError:
        _leave_the_pipe()
        return int(Exit.OK)
    except Exception as bug:
        logging.getLogger("footy").exception("A bug ended footy")
        _complain(f"This is a bug in footy ({type(bug).__name__}){_trace(bug, loaded)}. Please report it.")
        return int(Exit.BUG)


def _mind_the_terminal() -> None:
    """Prepare the standard streams, Ctrl-C and logging for a command.

    Ctrl-C ends the process without a traceback; the service and --once install their own handlers when they
    have something to clean up. A closed stream (`>&-`) is replaced by the null device; otherwise the next
    opened file would get its number. Standard output writes a question mark for a character that its encoding
    lacks. Log entries go to log files only.
    """
    for name in (
        "stdin",
        "stdout",
        "stderr",
    ):  # in numeric order: `open` takes the lowest free number
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(nowhere, "r" if name == "stdin" else "w", encoding="utf-8"))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    if not logging.getLogger().handlers:
        logging.getLogger().addHandler(logging.NullHandler())


def _leave_the_pipe() -> None:
    """Discard the output that is still buffered: its reader has ended, as `head` does."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _trace(bug: Exception, loaded: Loaded | None) -> str:
    """Return a clause that says where the traceback is; without a log, write it to stderr, redacted."""
    logged = any(isinstance(handler, logging.FileHandler) for handler in logging.getLogger().handlers)
    if loaded is not None and logged:
        return f"; its traceback is in {_folder(loaded)}/footy.log"
    if loaded is None:  # the secret is unknown, so it cannot be redacted from the message: leave that out
        sys.stderr.write("".join(traceback.format_tb(bug.__traceback__)))
    else:
        redact = Redactor(loaded.settings.secrets())
        sys.stderr.write(redact("".join(traceback.format_exception(bug))))
    return ""


class _Parser(argparse.ArgumentParser):
    """An argparse parser without abbreviated flags; a usage error is one line and exit code 64."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        self.exit(Exit.USAGE, f"{self.prog}: {message}; see {self.prog} --help.\n")


_EXAMPLES = """\
examples:
  footy --once --demo          one cycle over simulated matches
  footy check                  test the account; names the address to whitelist
  footy --continuous           the service in the foreground, for systemd
  footy start                  the service in the background
  footy --once --json | jq .   one snapshot for a program
  footy events --follow        what happened, and what happens from now on
  footy names premier          the names and ids that the filters accept
  footy export odds -o odds.parquet --since 7d
  footy query "SELECT competition, count(*) FROM matches GROUP BY ALL"

footy writes into the data folder: var in the current folder, or FOOTY_DATA_DIR.
Settings are environment variables, or lines of a file .env in the current
folder. See also the folder docs: operations.md (commands, files, exit codes,
monitoring), configuration.md, record.md (the fields of matches.json).
"""


def _parser() -> argparse.ArgumentParser:
    from thesports_simulator.options import add_arguments  # noqa: PLC0415 - only to parse flags

    parser = _Parser(
        prog="footy",
        description="Live football matches from TheSports, one true record for each.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"footy {__version__}")
    parser.set_defaults(command="run")
    _run_flags(parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=_Parser)
    for name, words in {
        "start": "start the service in the background and wait for its first snapshot",
        "stop": "stop the service",
        "restart": "stop the service, and start it again",
        "status": "show the health of the service and a summary of its last snapshot",
        "health": "print one line about the health of the service; exit 1 if it is not healthy",
        "logs": "follow the log",
        "check": "check whether the account works",
        "names": "list the competitions and countries that the filters accept",
        "events": "show what happened: goals, cards, corrections, prices",
        "match": "show one match: now, its statistics, and what happened in it",
        "serve": "serve the page and the API of a data folder, in a process of its own",
        "alerts": "check, test and backtest the rules of alerts, send a test message, show outcomes",
        "export": "write a table of the history: matches, events, odds, prices or minutes",
        "query": "run a SELECT over these tables",
        "replay": "send events of the log once more to a target, marked as a replay",
        "backup": "write a copy of the log into a file, also while the service runs",
    }.items():
        command = commands.add_parser(name, help=words, description=words)
        command.set_defaults(command=name)
        command.add_argument(
            "--demo",
            action="store_true",
            default=argparse.SUPPRESS,
            help="use the demo instead of the live instance",
        )
        _FLAGS.get(name, _no_flags)(command)
    words = "copy the log of a file into the empty store that FOOTY_STORE names"
    store = commands.add_parser("store", help=words, description=words)
    store.set_defaults(command="store")
    store.add_argument("action", choices=("copy",), help="what to do with the store")
    store.add_argument(
        "file", nargs="?", metavar="FILE", help="the log (default: footy.db in the data folder)"
    )
    schema = commands.add_parser("schema", help="print the JSON Schema of events or of the match record")
    schema.set_defaults(command="schema")
    schema.add_argument("of", choices=("events", "record"), help="of what")
    simulate = commands.add_parser("simulate", help="serve a simulated vendor")
    simulate.set_defaults(command="simulate")
    add_arguments(simulate)
    return parser


def _no_flags(_command: argparse.ArgumentParser) -> None:
    """Add nothing: most commands have no flags of their own."""


def _match_flags(command: argparse.ArgumentParser) -> None:
    command.add_argument("match", metavar="ID|NAME", help="the match's id, or a text in a team's name")


def _replay_flags(command: argparse.ArgumentParser) -> None:
    _span_flags(command)
    command.add_argument(
        "--to", required=True, metavar="NAME", help="the target of alerts.toml that gets them"
    )


def _backup_flags(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", metavar="FILE", help="the new file")


def _names_flags(command: argparse.ArgumentParser) -> None:
    command.add_argument("text", nargs="?", default="", help="list only those that contain this text")


def _status_flags(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--watch", action="store_true", help="keep it up to date on a terminal, until Ctrl-C"
    )


def _health_flags(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--cycles", action="store_true", help="check only whether cycles succeed, not their data"
    )


def _event_flags(command: argparse.ArgumentParser) -> None:
    command.add_argument("--follow", action="store_true", help="go on with what happens from now on")
    command.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="print JSON Lines, an event each"
    )
    command.add_argument("--after", metavar="EPOCH-SEQ", help="only what came after this position")
    command.add_argument(
        "--since", metavar="TIME", help="only what came since 2026-11-23T20:00Z, 20:00 today, or 90min ago"
    )
    command.add_argument("--match", metavar="ID", help="only of this match")
    command.add_argument("--type", metavar="TYPE,…", help="only of these types, such as goal,red")
    command.add_argument(
        "--limit", metavar="N", help="the newest N; with --after or --since the first N from there"
    )


def _span_flags(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--since", metavar="TIME", help="only from 2026-11-23T20:00Z on, from 20:00 today, or from 30d ago"
    )
    command.add_argument("--until", metavar="TIME", help="only before this time")
    command.add_argument("--after", metavar="EPOCH-SEQ", help="only what came after this position")


def _export_flags(command: argparse.ArgumentParser) -> None:
    command.add_argument("table", choices=TABLE_NAMES, help="which table")
    _span_flags(command)
    command.add_argument("--match", metavar="ID", help="only of this match")
    command.add_argument(
        "--format", choices=FORMATS, help="the format; without it as FILE ends, otherwise csv"
    )
    command.add_argument("--partition", choices=("day",), help="a file for each UTC day, in the folder -o")
    command.add_argument(
        "-o", "--output", metavar="FILE", help="the file or folder; without it standard output"
    )


def _query_flags(command: argparse.ArgumentParser) -> None:
    command.add_argument("sql", nargs="?", metavar="SELECT", help="one SELECT or EXPLAIN statement")
    command.add_argument("--list", action="store_true", help="list the tables and their columns")
    _span_flags(command)
    command.add_argument("--match", metavar="ID", help="only of this match")
    command.add_argument(
        "--format", choices=RESULT_FORMS, default="table", help="how the result is printed (default: table)"
    )
    command.add_argument(
        "--timeout",
        type=_seconds,
        metavar="SECONDS",
        default=TIME_LIMIT_S,
        help=f"after how long a query is stopped, up to an hour (default: {TIME_LIMIT_S:g})",
    )


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _LONGEST_QUERY_S:
        raise argparse.ArgumentTypeError(f"takes seconds up to {_LONGEST_QUERY_S:g}, not {text!r}")
    return seconds


def _alert_flags(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "action",
        choices=("check", "test", "send", "outcomes", "backtest"),
        help="check the rules file; test it on the current snapshot; send a test message to a target; "
        "show what became of alerts; show what the rules would have made of the matches that are kept",
    )
    command.add_argument("target", nargs="?", metavar="TARGET", help="with send: the name of a target")
    command.add_argument(
        "--since", metavar="TIME", help="with backtest: matches since then, such as 30d (the default: all)"
    )


_FLAGS: dict[str, Callable[[argparse.ArgumentParser], None]] = {
    "events": _event_flags,
    "match": _match_flags,
    "alerts": _alert_flags,
    "export": _export_flags,
    "query": _query_flags,
    "replay": _replay_flags,
    "backup": _backup_flags,
    "names": _names_flags,
    "status": _status_flags,
    "health": _health_flags,
}


def _run_flags(parser: argparse.ArgumentParser) -> None:
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--once", action="store_true", help="run one cycle in the foreground, and show it")
    how.add_argument("--continuous", action="store_true", help="run a cycle every interval (the default)")
    parser.add_argument("--json", action="store_true", help="with --once: print the snapshot as JSON")
    parser.add_argument(
        "--demo", action="store_true", help="use simulated matches, marked as such everywhere"
    )
    parser.add_argument(
        "--sort", choices=get_args(Sort), help="the order of the matches on the console (default: league)"
    )
    parser.add_argument(
        "--search", metavar="TEXT", help="show only matches whose team, competition or country contains this"
    )


def _check_console_flags(arguments: argparse.Namespace) -> None:
    """Check that `--sort` and `--search` come with a console, and that the search text is not blank."""
    if arguments.search is not None and not fold(arguments.search):
        raise _UsageError("--search takes a text.")
    if (arguments.sort or arguments.search) and (arguments.json or arguments.command != "run"):
        raise _UsageError("--sort and --search go with --once and the service, and not with --json.")


def _run(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    if arguments.json and not arguments.once:
        raise _UsageError("--json goes with --once.")
    console = ConsoleOptions.of(loaded.settings, sort=arguments.sort, search=arguments.search)
    mode = loaded.settings.resolve_mode()
    _say_folder(loaded.settings, mode)
    if arguments.once:
        from footy.service.once import run_or_die_of_signal  # noqa: PLC0415

        return run_or_die_of_signal(
            loaded.settings, mode, loaded.warnings, console=None if arguments.json else console
        )
    from footy.service.daemon import run  # noqa: PLC0415

    return run(loaded.settings, mode, loaded.warnings, console=console)


def _control(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    """Start, stop or restart the service."""
    from footy.service import control  # noqa: PLC0415

    settings, command = loaded.settings, arguments.command
    mode = settings.observed_mode() if command == "stop" else settings.resolve_mode()
    if command != "start":
        control.stop(settings, settings.observed_mode(), _say)
    return Exit.OK if command == "stop" else control.start(settings, mode, _say)


def _observed(loaded: Loaded) -> tuple["Files", bool]:
    """Return the files of the instance that a command looks at, and whether it is the demo."""
    from footy.service.paths import Files  # noqa: PLC0415

    mode = loaded.settings.observed_mode()
    return Files(loaded.settings.folder(mode)), mode is Mode.DEMO


def _status(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    from footy.service.status import lines  # noqa: PLC0415

    files, is_demo = _observed(loaded)
    if loaded.settings.store is not None and not is_demo and not files.heartbeat.exists():
        from footy.service.log_place import leader_health  # noqa: PLC0415

        is_well, line = leader_health(loaded.settings, Mode.LIVE)  # no service has ever run on this machine
        _say(line)
        return Exit.OK if is_well else Exit.UNHEALTHY
    if arguments.watch:
        from footy.service.status_screen import watch  # noqa: PLC0415

        return watch(files, demo=is_demo)
    well, said = lines(files, demo=is_demo)
    for line in said:
        _say(line)
    return Exit.OK if well else Exit.UNHEALTHY


def _health(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    from footy.service.health import health  # noqa: PLC0415

    files, is_demo = _observed(loaded)
    judged = health(files, demo=is_demo, cycles_only=arguments.cycles)
    _say(judged.line)
    return Exit.OK if judged.well else Exit.UNHEALTHY


def _logs(_arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    from footy.service.control import follow_log  # noqa: PLC0415

    return follow_log(loaded.settings, loaded.settings.observed_mode(), _complain)


def _names(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    from footy.service.filter_names import lines  # noqa: PLC0415

    for line in lines(_observed(loaded)[0].cache, arguments.text):
        _say(line)
    return Exit.OK


def _serve(_arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    from footy.service.page import serve  # noqa: PLC0415

    mode = loaded.settings.observed_mode()
    _say_folder(loaded.settings, mode)
    return serve(loaded.settings, mode, _say)


def _events(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    from footy.outputs.console.timeline import Timeline, TimelinePrinter  # noqa: PLC0415
    from footy.service import event_query, event_stream  # noqa: PLC0415
    from footy.service.log_place import log_place  # noqa: PLC0415

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
    printer: event_stream.Printer = event_stream.JsonLines(_write)
    if not arguments.json:
        printer = TimelinePrinter(Timeline(options, demo=mode is Mode.DEMO), sys.stdout, _write)
    print_events = event_stream.follow_events if arguments.follow else event_stream.print_events
    print_events(
        place,
        query,
        printer,
        source=loaded.settings.event_source(mode),
        newest=not arguments.json and arguments.match is None,
    )
    return Exit.OK


def _match(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    from footy.outputs.console.terminal_text import rendered  # noqa: PLC0415
    from footy.service.log_place import log_place  # noqa: PLC0415
    from footy.service.match_view import view  # noqa: PLC0415

    mode = _mode_with_events(loaded.settings)
    place = log_place(loaded.settings, mode)
    options, source = ConsoleOptions.of(loaded.settings), loaded.settings.event_source(mode)
    shown = view(place, arguments.match, options, source, demo=mode is Mode.DEMO)
    _write(rendered(shown, sys.stdout))
    return Exit.OK


def _alerts(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    if (arguments.action == "send") != (arguments.target is not None):
        raise _UsageError("alerts send takes the name of a target, and only that.")
    if arguments.since is not None and arguments.action != "backtest":
        raise _UsageError("--since goes with alerts backtest.")
    from footy.service import alert_commands  # noqa: PLC0415
    from footy.service.app import keep_bugs_scrubbed  # noqa: PLC0415
    from footy.service.paths import Files  # noqa: PLC0415

    settings = loaded.settings
    keep_bugs_scrubbed(settings)
    looks_at_log = arguments.action in {"outcomes", "backtest"}
    mode = _mode_with_events(settings) if looks_at_log else settings.observed_mode()
    files, source = Files(settings.folder(mode)), settings.event_source(mode)
    path = settings.alerts or files.alerts
    if arguments.action == "check":
        return alert_commands.check(path, _say)
    if arguments.action == "test":
        return alert_commands.test_on_snapshot(path, files, _say)
    if arguments.action == "send":
        return alert_commands.send(path, arguments.target, source, _say)
    from footy.service.log_place import log_place  # noqa: PLC0415

    place = log_place(settings, mode)
    if arguments.action == "backtest":
        return _backtest(path, place, arguments.since, settings)
    return alert_commands.show_outcomes(path, files, place, source, _say)


def _backtest(path: Path, place: "LogPlace", since: str | None, settings: Settings) -> Exit:
    from footy.service import event_query  # noqa: PLC0415
    from footy.service.backtest import backtest  # noqa: PLC0415

    zone, now = ConsoleOptions.of(settings).timezone, time.time()
    return backtest(path, place, None if since is None else event_query.time(since, zone, now), _say, now=now)


def _export(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    from footy.service import history_commands  # noqa: PLC0415
    from footy.service.history_store import opened_store  # noqa: PLC0415

    wanted = history_commands.Export(
        arguments.table,
        arguments.format,
        arguments.partition is not None,
        None if arguments.output is None else Path(arguments.output),
    )
    history_commands.check_export(wanted)
    which = _wanted(arguments, loaded, whole_days=wanted.by_day)
    with contextlib.closing(opened_store(loaded.settings, _mode_with_events(loaded.settings))) as store:
        _complain_of_gap(store, which.span)
        history_commands.export(store, which, wanted, _write, _complain)
    return Exit.OK


def _query(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    from footy.analysis.sql import Limits  # noqa: PLC0415
    from footy.service import history_commands  # noqa: PLC0415
    from footy.service.history_store import opened_store  # noqa: PLC0415

    if arguments.list == (arguments.sql is not None):
        raise _UsageError("query takes a SELECT statement, or --list for the tables.")
    if arguments.list:
        history_commands.list_tables(_say)
        return Exit.OK
    which = _wanted(arguments, loaded)
    with contextlib.closing(opened_store(loaded.settings, _mode_with_events(loaded.settings))) as store:
        _complain_of_gap(store, which.span)
        limits = Limits(time_s=arguments.timeout)
        history_commands.query(arguments.sql, store, which, arguments.format, limits, _write, _complain)
    return Exit.OK


def _wanted(arguments: argparse.Namespace, loaded: Loaded, *, whole_days: bool = False) -> "Wanted":
    """Read which rows of the history are wanted."""
    from footy.analysis.tables import Wanted  # noqa: PLC0415

    return Wanted(
        _span(arguments, loaded),
        match_id=arguments.match,
        whole_days=whole_days,
        early_window=loaded.settings.early_window,
        warn=lambda sentence: _complain(f"warning: {sentence}"),
    )


def _replay(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    from footy.service.alert_commands import target_named  # noqa: PLC0415
    from footy.service.app import keep_bugs_scrubbed  # noqa: PLC0415
    from footy.service.paths import Files  # noqa: PLC0415
    from footy.service.replay import replay  # noqa: PLC0415

    settings, span = loaded.settings, _span(arguments, loaded)
    keep_bugs_scrubbed(settings)
    mode = _mode_with_events(settings)
    target = target_named(settings.alerts or Files(settings.folder(mode)).alerts, arguments.to)
    with _opened_log(settings, mode) as log:
        _complain_of_gap(log, span)
        _say(replay(log, span, target, source=settings.event_source(mode)))
    return Exit.OK


def _backup(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    from footy.history.sqlite_log import SqliteLog  # noqa: PLC0415
    from footy.service.backup import back_up  # noqa: PLC0415

    mode = _mode_with_events(loaded.settings)
    if loaded.settings.store is not None and mode is not Mode.DEMO:
        raise _UsageError("The log is in the store: back it up with pg_dump, see docs/store.md.")
    with _opened_log(loaded.settings, mode) as log:
        if not isinstance(log, SqliteLog):
            raise TypeError("only a file is copied")
        _say(back_up(log, Path(arguments.file).absolute()))
    return Exit.OK


def _store(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    from footy.service.log_place import store_address  # noqa: PLC0415
    from footy.service.paths import Files  # noqa: PLC0415

    address = store_address(loaded.settings, Mode.LIVE)
    if address is None:
        raise ConfigError("FOOTY_STORE is not set: set it to the address of the database to copy into.")
    from footy.store.copying import copy  # noqa: PLC0415 - only if there is a store

    path = Path(arguments.file) if arguments.file else Files(loaded.settings.folder(Mode.LIVE)).events
    _say(copy(path, address))
    return Exit.OK


def _opened_log(settings: Settings, mode: Mode) -> "contextlib.closing[Log]":
    """Open the log of an instance for reading; it is closed when the block is left."""
    from footy.service import event_stream  # noqa: PLC0415
    from footy.service.log_place import log_place  # noqa: PLC0415

    place = log_place(settings, mode)
    if settings.events == "off" and not place.exists():
        raise event_stream.NoEventsError("There are no events: FOOTY_EVENTS is off.")
    return contextlib.closing(event_stream.opened(place))


def _span(arguments: argparse.Namespace, loaded: Loaded) -> "Span":
    """Read `--since`, `--until` and `--after`."""
    from footy.history.span import Span  # noqa: PLC0415
    from footy.service import event_query  # noqa: PLC0415

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
        _complain(f"warning: {missing}")


def _mode_with_events(settings: Settings) -> Mode:
    """Return which instance is meant: the demo, and say so, if only that has ever written anything."""
    from footy.service.paths import Files  # noqa: PLC0415

    mode = settings.observed_mode()
    if settings.store is not None:
        return mode
    files, demo = (Files(settings.folder(one)) for one in (mode, Mode.DEMO))
    if any(path.exists() for path in (files.events, files.matches)) or not demo.events.exists():
        return mode
    _complain(f"there are no events yet at {files.events}: these are the demo's, {demo.events}")
    return Mode.DEMO


def _schema(arguments: argparse.Namespace, _loaded: Loaded) -> Exit:
    from footy.service.schemas import schema  # noqa: PLC0415

    _write(schema(arguments.of))
    return Exit.OK


def _check(_arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    from footy.service.account_check import run  # noqa: PLC0415
    from footy.service.app import keep_bugs_scrubbed, upstream  # noqa: PLC0415
    from footy.service.paths import Files  # noqa: PLC0415

    mode = loaded.settings.resolve_mode()
    if mode is Mode.DEMO and loaded.settings.mode is not Mode.DEMO:
        raise ConfigError(
            "There are no credentials to check: set THESPORTS_USER and THESPORTS_SECRET in .env, "
            "or use --demo to check the demo's."
        )
    _say_folder(loaded.settings, mode)
    keep_bugs_scrubbed(loaded.settings)
    with upstream(loaded.settings, mode) as asked:
        return run(loaded.settings, asked, Files(loaded.settings.folder(mode)), _say)


def _simulate(arguments: argparse.Namespace) -> int:
    from thesports_simulator.command import run  # noqa: PLC0415

    return run(arguments)


_COMMANDS: dict[str, Command] = {
    "run": _run,
    **dict.fromkeys(("start", "stop", "restart"), _control),
    "status": _status,
    "health": _health,
    "logs": _logs,
    "check": _check,
    "names": _names,
    "events": _events,
    "match": _match,
    "schema": _schema,
    "serve": _serve,
    "alerts": _alerts,
    "store": _store,
    "export": _export,
    "query": _query,
    "replay": _replay,
    "backup": _backup,
}


_LOOKING_ON = frozenset(
    {"stop", "status", "health", "logs", "names", "events", "match", "schema", "export", "query", "backup"}
)
"""Commands that only need to identify the instance, and so must work even if another setting is wrong."""


_READING_LOG = frozenset({"events", "match", "export", "query", "backup"})
"""Those of them that read the log, and so need to know where it is."""


_PASSWORD = re.compile(r"(?:.*=)?postgres(?:ql)?://(?:[^/?#]*:[^/?#]*@|.*[?&]password=)", re.IGNORECASE)
"""The address of a store with a password in it."""


class _UsageError(FootyError):
    exit_code = Exit.USAGE


def _say(line: str) -> None:
    try:
        print(_printable(line), flush=True)  # noqa: T201 - this is what the command is for
    except BrokenPipeError:
        raise
    except OSError as error:
        _leave_the_pipe()
        raise CannotWriteError(f"The standard output cannot be written ({error.strerror}).") from None


def _write(content: bytes) -> None:
    """Write whole lines to standard output."""
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _leave_the_pipe()
        raise CannotWriteError(f"The standard output cannot be written ({error.strerror}).") from None


def _complain(line: str) -> None:
    # If even this cannot be written, for example on a full disk, only the exit code reports the failure.
    with contextlib.suppress(OSError):
        print(f"footy: {_printable(line)}", file=sys.stderr, flush=True)  # noqa: T201


def _printable(line: str) -> str:
    """Escape control characters: a line may quote the vendor, whose text must not control the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


def _say_folder(settings: Settings, mode: Mode) -> None:
    marks = "demo: simulated matches, " if mode is Mode.DEMO else ""
    _complain(f"{marks}data folder {settings.folder(mode)}")


def _folder(loaded: Loaded) -> str:
    return str(loaded.settings.folder(loaded.settings.observed_mode()))


def _sentence(error: FootyError) -> str:
    """Return an error as the line with which a command ends."""
    words = " ".join(str(error).split())
    if isinstance(error, RefusedError):
        words = f"The vendor refuses: {words} – run bash start.sh check for details"
    elif isinstance(error, VendorError):
        words = f"Live list unavailable: {words}"
    return words if words.endswith((".", "?", "…")) else f"{words}."
