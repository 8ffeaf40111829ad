"""The flags of each command, and what `--help` says of them."""

import argparse
import contextlib
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, NoReturn, get_args

from footy import __version__
from footy.analysis import FORMATS, RESULT_FORMS, TABLE_NAMES, TIME_LIMIT_S
from footy.cli.streams import write
from footy.errors import Exit, FootyError
from footy.outputs.console.options import Sort
from footy.outputs.console.selection import fold
from footy.settings import values

_LONGEST_QUERY_S = 3600.0
_DASHES = re.compile(r"(--[a-z-]+)=--|(-o)--")
"""A flag with `--` for its value, which argparse loses before Python 3.13."""

_ADDRESS_WITH_PASSWORD = re.compile(
    r"(?:.*=)?postgres(?:ql)?://(?:[^/?#]*:[^/?#]*@|.*[?&]password=)", re.IGNORECASE
)


class UsageError(FootyError):
    """Flags that do not go together, or lack something."""

    exit_code = Exit.USAGE


class _Parser(argparse.ArgumentParser):
    """An argparse parser without abbreviated flags; a usage error is one line and exit code 64."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_abbrev=False)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse flags; a value that argparse would lose is a usage error."""
        words: Sequence[str] = sys.argv[1:] if args is None else args
        for found in filter(None, map(_DASHES.fullmatch, takewhile(lambda word: word != "--", words))):
            self.error(f"argument {found[1] or found[2]}: takes a value, not '--'")
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        self.exit(Exit.USAGE, f"{self.prog}: {message}; see {self.prog} --help.\n")

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print help, the version or an error; see `write` for a standard output that cannot be written.

        argparse itself ends in a traceback then (Python 3.11.2) or in exit code 0 (3.11.7), and has no public
        method to override.
        """
        if file is sys.stdout:
            write(message.encode(sys.stdout.encoding, "replace"))
        else:
            with contextlib.suppress(OSError):
                sys.stderr.write(message)


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


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line; `command` is the name of the command."""
    from thesports_simulator.options import add_arguments

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
        "file", nargs="?", metavar="FILE", type=_path, help="the log (default: footy.db in the data folder)"
    )
    schema = commands.add_parser("schema", help="print the JSON Schema of events or of the match record")
    schema.set_defaults(command="schema")
    schema.add_argument("of", choices=("events", "record"), help="of what")
    simulate = commands.add_parser("simulate", help="serve a simulated vendor")
    simulate.set_defaults(command="simulate")
    add_arguments(simulate)
    return parser


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
    command.add_argument("file", metavar="FILE", type=_path, help="the new file")


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
    command.add_argument("--match", metavar="ID", type=_text, help="only of this match")
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
    command.add_argument("--match", metavar="ID", type=_text, help="only of this match")
    command.add_argument(
        "--format", choices=FORMATS, help="the format; without it as FILE ends, otherwise csv"
    )
    command.add_argument("--partition", choices=("day",), help="a file for each UTC day, in the folder -o")
    command.add_argument(
        "-o", "--output", metavar="FILE", type=_path, help="the file or folder; without it standard output"
    )


def _query_flags(command: argparse.ArgumentParser) -> None:
    command.add_argument("sql", nargs="?", metavar="SELECT", help="one SELECT or EXPLAIN statement")
    command.add_argument("--list", action="store_true", help="list the tables and their columns")
    _span_flags(command)
    command.add_argument("--match", metavar="ID", type=_text, help="only of this match")
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


def _text(text: str) -> str:
    """Take a text that the log can be searched for: bytes that are no UTF-8 are in no id."""
    try:
        values.text(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _path(text: str) -> str:
    """Take a path that the system takes, whether anything is there or not."""
    try:
        values.path(Path(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


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


def check_console_flags(arguments: argparse.Namespace) -> None:
    """Check that `--sort` and `--search` come with a console, and that the search text is not blank."""
    if arguments.search is not None and not fold(arguments.search):
        raise UsageError("--search takes a text.")
    if (arguments.sort or arguments.search) and (arguments.json or arguments.command != "run"):
        raise UsageError("--sort and --search go with --once and the service, and not with --json.")


def has_password(words: Iterable[str]) -> bool:
    """Check whether a word is the address of a store with a password in it."""
    return any(_ADDRESS_WITH_PASSWORD.match(word) for word in words)
