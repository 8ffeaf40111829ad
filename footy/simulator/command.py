"""The command line: `python -m footy.simulator`, and what `footy simulate` mounts."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from footy.simulator.account import Account
from footy.simulator.capture import CaptureError, CaptureSource
from footy.simulator.clock import ServerClock
from footy.simulator.endpoints import NAMES, Endpoints
from footy.simulator.faults import FaultError, Mischief
from footy.simulator.quota import Turnstile, parse_quota
from footy.simulator.serve import heed_signals, serve
from footy.simulator.vendor import Manners, Vendor
from footy.simulator.world import World, WorldOptions
from footy.simulator.world_source import WorldSource

if TYPE_CHECKING:
    from footy.simulator.source import Source

EXIT_USAGE = 64
EXIT_CANNOT_LISTEN = 73


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the simulator's options to a parser."""
    listen = parser.add_argument_group("listening")
    listen.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    listen.add_argument("--port", type=int, default=0, help="port to listen on; 0 takes a free one (default)")
    listen.add_argument(
        "--exit-with-parent", action="store_true", help="end with standard input; ignore Ctrl-C"
    )
    world = parser.add_argument_group("world")
    world.add_argument(
        "--matches", type=_count, default=49, help="matches listed at a time (default %(default)s)"
    )
    world.add_argument("--seed", type=int, default=1, help="the world's seed (default %(default)s)")
    world.add_argument("--epoch", type=int, help="unix second at which the world opens (default: now)")
    world.add_argument(
        "--speed", type=_not_negative, default=1.0, help="server seconds in a real one (default 1)"
    )
    world.add_argument(
        "--odds", choices=("full", "light"), default="full", help="size of the odds (default full)"
    )
    world.add_argument(
        "--prepare", action="store_true", help="make up all odds before listening, not on demand"
    )
    world.add_argument(
        "--capture", type=Path, metavar="DIR", help="repeat the replies recorded in a folder instead"
    )
    replies = parser.add_argument_group("replies")
    replies.add_argument(
        "--latency", type=_not_negative, default=0.0, help="seconds until a reply (default 0)"
    )
    replies.add_argument(
        "--jitter", type=_not_negative, default=0.0, help="up to so many seconds more (default 0)"
    )
    replies.add_argument("--no-gzip", action="store_true", help="never compress a reply")
    replies.add_argument(
        "--odds-live-form",
        choices=("text", "values"),
        default="text",
        help="inner form of odds/live (default text)",
    )
    replies.add_argument(
        "--fault", action="append", default=[], metavar="NAME[=ARGUMENT][:RATE][xCOUNT][@ENDPOINT]",
        help="let replies go wrong; repeatable, see docs/simulator.md",
    )  # fmt: skip
    account = parser.add_argument_group("account")
    account.add_argument("--user", help="user to accept (default: THESPORTS_USER, else any)")
    account.add_argument("--secret", help="secret to accept (default: THESPORTS_SECRET, else any)")
    account.add_argument(
        "--allow-ip", action="append", metavar="ADDRESS", help="answer only this address; repeatable"
    )
    account.add_argument("--refuse-ip", action="store_true", help="answer no address")
    account.add_argument(
        "--plan", type=_plan, metavar="ENDPOINT,…", help="endpoints that the account has (default: all)"
    )
    account.add_argument(
        "--quota",
        action="append",
        type=_quota,
        default=[],
        metavar="ENDPOINT=COUNT/SECONDS",
        help="calls let through",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a simulator until SIGTERM, SIGINT or, where asked for, its parent's end; returns the exit code."""
    parser = _Parser(prog="footy simulate", description=__doc__)
    add_arguments(parser)
    return run(parser.parse_args(argv))


class _Parser(argparse.ArgumentParser):
    """A parser whose refusals have the exit code that footy's commands use."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def run(options: argparse.Namespace) -> int:
    """Runs a simulator with parsed options.

    Returns:
        0 after a stop, 64 for options that make no sense together, 73 where it cannot listen.
    """
    heed_signals(exit_with_parent=options.exit_with_parent)
    try:
        serve(
            _vendor(options), host=options.host, port=options.port, exit_with_parent=options.exit_with_parent
        )
    except (CaptureError, FaultError) as error:
        return _complain(str(error), EXIT_USAGE)
    except OSError as error:
        return _complain(
            f"cannot listen on {options.host}:{options.port}: {error.strerror}", EXIT_CANNOT_LISTEN
        )
    return 0


def _complain(message: str, code: int) -> int:
    print(f"simulator: {message}", file=sys.stderr)  # noqa: T201 - a command's place to say so
    return code


def _vendor(options: argparse.Namespace) -> Vendor:
    now = time.time()
    epoch = int(now) if options.epoch is None else options.epoch
    source: Source
    identity = {"epoch": epoch, "seed": options.seed, "matches": options.matches, "odds": options.odds}
    if options.capture:
        source = CaptureSource(options.capture, now=epoch)
        identity = {"epoch": epoch, "capture_moment": source.moment}
    else:
        world = WorldOptions(epoch=epoch, matches=options.matches, seed=options.seed, odds=options.odds)
        source = WorldSource(World(world))
        if options.prepare:
            source.prepare(epoch)
    allowed = [] if options.refuse_ip else options.allow_ip
    account = Account(
        user=options.user or os.environ.get("THESPORTS_USER", ""),
        secret=options.secret or os.environ.get("THESPORTS_SECRET", ""),
        turnstile=Turnstile(dict(options.quota)),
        plan=options.plan or frozenset(NAMES),
        addresses=None if allowed is None else frozenset(allowed),
    )
    endpoints = Endpoints(source)
    endpoints.odds_form = options.odds_live_form
    # The world opens at the whole second, as the real clock shows it, unless it was given another time.
    clock = ServerClock(now if options.epoch is None else epoch, speed=options.speed)
    manners = Manners(latency=options.latency, jitter=options.jitter, gzip=not options.no_gzip)
    return Vendor(
        clock=clock,
        account=account,
        endpoints=endpoints,
        manners=manners,
        mischief=Mischief(options.fault, seed=options.seed),
        seed=options.seed,
        identity=identity,
    )


def _checked(check: Callable[[float], bool], what: str) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = float(text)
        if not check(value):
            raise argparse.ArgumentTypeError(f"{text} is not {what}")
        return value

    return parse


_not_negative = _checked(lambda value: 0 <= value < float("inf"), "0 or more")


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= 5_000:
        raise argparse.ArgumentTypeError(f"{text} is not from 1 to 5000")
    return count


def _plan(text: str) -> frozenset[str]:
    plan = frozenset(text.split(","))
    if unknown := sorted(plan - set(NAMES)):
        raise argparse.ArgumentTypeError(f"no such endpoint: {', '.join(unknown)}")
    return plan


def _quota(text: str) -> Any:
    try:
        return parse_quota(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
