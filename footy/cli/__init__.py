"""The command line: turn flags into settings, call one command, and return its exit code."""

import argparse
import logging
import sys
import traceback
from collections.abc import Callable, Sequence

from footy.cli import commands, log_commands
from footy.cli.arguments import build_parser, check_console_flags, has_password
from footy.cli.streams import complain, discard_output, set_up_streams
from footy.errors import Exit, FootyError
from footy.settings import STORE, Loaded, load
from footy.telemetry.redaction import Redactor
from footy.thesports.errors import RefusedError, VendorError

Command = Callable[[argparse.Namespace, Loaded], Exit]

_LOOKING_ON = frozenset(
    {"stop", "status", "health", "logs", "names", "events", "match", "schema", "export", "query", "backup"}
)
"""Commands that only need to identify the instance, and so must work even if another setting is wrong."""

_READING_LOG = frozenset({"events", "match", "export", "query", "backup"})
"""Those of them that read the log, and so need to know where it is."""

_COMMANDS: dict[str, Command] = {
    "run": commands.run,
    **dict.fromkeys(("start", "stop", "restart"), commands.control),
    "status": commands.status,
    "health": commands.health,
    "logs": commands.logs,
    "check": commands.check,
    "names": commands.names,
    "events": log_commands.events,
    "match": log_commands.match,
    "schema": commands.schema,
    "serve": commands.serve,
    "alerts": log_commands.alerts,
    "store": log_commands.store,
    "export": log_commands.export,
    "query": log_commands.query,
    "replay": log_commands.replay,
    "backup": log_commands.backup,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run footy and return its exit code."""
    set_up_streams()
    parser = build_parser()
    if has_password(sys.argv[1:] if argv is None else argv):
        complain(
            "A password on a command line can be read by every user of this machine: put the address into "
            "FOOTY_STORE in .env, or into a file that FOOTY_STORE_FILE names, or use PGPASSFILE."
        )
        return int(Exit.USAGE)
    loaded: Loaded | None = None
    try:
        arguments = parser.parse_args(argv)
        asks_json = arguments.json and arguments.command != "events"
        if arguments.command != "run" and (arguments.once or arguments.continuous or asks_json):
            parser.error(f"--once, --continuous and --json do not go with {arguments.command}")
        if arguments.command == "simulate":
            return commands.simulate(arguments)
        overrides = {"FOOTY_MODE": "demo"} if arguments.demo else {}
        check_console_flags(arguments)
        loaded = load(
            overrides=overrides,
            only_where=arguments.command in _LOOKING_ON,
            needed=STORE if arguments.command in _READING_LOG else (),
        )
        for warning in loaded.warnings:
            complain(f"warning: {warning}")
        return int(_COMMANDS[arguments.command](arguments, loaded))
    except FootyError as error:
        logging.getLogger("footy").error(str(error))
        sentence = _sentence(error)
        complain(sentence if loaded is None else Redactor(loaded.settings.secrets()).whole(sentence))
        return int(error.exit_code)
    except BrokenPipeError:
        discard_output()
        return int(Exit.OK)
    except Exception as bug:
        logging.getLogger("footy").exception("A bug ended footy")
        complain(f"This is a bug in footy ({type(bug).__name__}){_trace(bug, loaded)}. Please report it.")
        return int(Exit.BUG)


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
