"""The commands over the service and its files: each turns flags into one call, and returns an exit code."""

import argparse
from typing import TYPE_CHECKING

from footy.cli.arguments import UsageError
from footy.cli.streams import complain, say, say_folder, say_verdict, write
from footy.errors import ConfigError, Exit
from footy.outputs.console.options import ConsoleOptions
from footy.settings import Loaded, Mode

if TYPE_CHECKING:
    from footy.service.paths import Files


def run(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    """Run one cycle, or the service in the foreground."""
    if arguments.json and not arguments.once:
        raise UsageError("--json goes with --once.")
    console = ConsoleOptions.of(loaded.settings, sort=arguments.sort, search=arguments.search)
    mode = loaded.settings.resolve_mode()
    say_folder(loaded.settings, mode)
    if arguments.once:
        from footy.service.once import run_or_die_of_signal

        return run_or_die_of_signal(
            loaded.settings, mode, loaded.warnings, console=None if arguments.json else console
        )
    from footy.service import daemon

    return daemon.run(loaded.settings, mode, loaded.warnings, console=console)


def control(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    """Start, stop or restart the service."""
    from footy.service import control

    settings, command = loaded.settings, arguments.command
    mode = settings.observed_mode() if command == "stop" else settings.resolve_mode()
    if command != "start":
        control.stop(settings, settings.observed_mode(), say)
    return Exit.OK if command == "stop" else control.start(settings, mode, say)


def status(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    """Show the health of the service and its last snapshot."""
    from footy.service.status import lines

    files, is_demo = _observed(loaded)
    if loaded.settings.store is not None and not is_demo and not files.heartbeat.exists():
        from footy.service.log_place import leader_health

        is_well, line = leader_health(loaded.settings, Mode.LIVE)  # no service has ever run on this machine
        say_verdict([line])
        return Exit.OK if is_well else Exit.UNHEALTHY
    if arguments.watch:
        from footy.service.status_screen import watch

        return watch(files, demo=is_demo)
    well, said = lines(files, demo=is_demo)
    say_verdict(said)
    return Exit.OK if well else Exit.UNHEALTHY


def health(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    """Print one line about the health of the service."""
    from footy.service.health import health as judge

    files, is_demo = _observed(loaded)
    judged = judge(files, demo=is_demo, cycles_only=arguments.cycles)
    say_verdict([judged.line])
    return Exit.OK if judged.well else Exit.UNHEALTHY


def logs(_arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    """Follow the log."""
    from footy.service.control import follow_log
    from footy.service.paths import check_readable

    check_readable(_observed(loaded)[0])
    return follow_log(loaded.settings, loaded.settings.observed_mode(), complain)


def names(arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    """List the names that the filters accept."""
    from footy.service.filter_names import lines

    for line in lines(_observed(loaded)[0].cache, arguments.text):
        say(line)
    return Exit.OK


def serve(_arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    """Serve the page of a data folder."""
    from footy.service import page

    mode = loaded.settings.observed_mode()
    say_folder(loaded.settings, mode)
    return page.serve(loaded.settings, mode, say)


def check(_arguments: argparse.Namespace, loaded: Loaded) -> Exit:
    """Test the account."""
    from footy.service import account_check
    from footy.service.app import keep_bugs_scrubbed, upstream
    from footy.service.paths import Files

    mode = loaded.settings.resolve_mode()
    if mode is Mode.DEMO and loaded.settings.mode is not Mode.DEMO:
        raise ConfigError(
            "There are no credentials to check: set THESPORTS_USER and THESPORTS_SECRET in .env, "
            "or use --demo to check the demo's."
        )
    say_folder(loaded.settings, mode)
    keep_bugs_scrubbed(loaded.settings)
    with upstream(loaded.settings, mode) as asked:
        return account_check.run(loaded.settings, asked, Files(loaded.settings.folder(mode)), say)


def schema(arguments: argparse.Namespace, _loaded: Loaded) -> Exit:
    """Print a JSON Schema."""
    from footy.service import schemas

    write(schemas.schema(arguments.of))
    return Exit.OK


def simulate(arguments: argparse.Namespace) -> int:
    """Serve a simulated vendor."""
    from thesports_simulator import command

    return command.run(arguments)


def _observed(loaded: Loaded) -> tuple["Files", bool]:
    """Return the files of the instance that a command looks at, and whether it is the demo."""
    from footy.service.paths import Files

    mode = loaded.settings.observed_mode()
    return Files(loaded.settings.folder(mode)), mode is Mode.DEMO
