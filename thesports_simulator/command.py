"""The command line of the simulator: `python -m thesports_simulator`; `footy simulate` calls it too."""

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from thesports_simulator.capture import CaptureError, CaptureSource
from thesports_simulator.control import Control
from thesports_simulator.faults import FaultError, FaultInjector
from thesports_simulator.messages import Messages
from thesports_simulator.options import add_arguments
from thesports_simulator.protocol.account import Account
from thesports_simulator.protocol.clock import ServerClock
from thesports_simulator.protocol.endpoints import NAMES, Endpoints
from thesports_simulator.protocol.quota import QuotaWindow
from thesports_simulator.serve import handle_signals, serve
from thesports_simulator.vendor import ReplyOptions, Vendor
from thesports_simulator.world.world import World, WorldOptions
from thesports_simulator.world_source import WorldSource

if TYPE_CHECKING:
    from thesports_simulator.protocol.source import Source

__all__ = ["add_arguments", "main", "run"]

EXIT_USAGE = 64
EXIT_CANNOT_LISTEN = 73


def main(argv: Sequence[str] | None = None) -> int:
    """Run a simulator until a signal, or its parent's end if asked for; return the exit code."""
    parser = _Parser(
        prog="footy simulate", description="Serve a simulated vendor over a world of live matches."
    )
    add_arguments(parser)
    return run(parser.parse_args(argv))


class _Parser(argparse.ArgumentParser):
    """A parser with the exit code for usage errors that footy's commands use."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def run(options: argparse.Namespace) -> int:
    """Run a simulator with parsed options.

    Returns:
        0 after a stop, 64 for a usage error, 73 if it cannot listen.
    """
    handle_signals(exit_with_parent=options.exit_with_parent)
    try:
        vendor = _vendor(options)
        with contextlib.ExitStack() as publishing:
            _publish(vendor, options, publishing)
            serve(
                Control(vendor),
                host=options.host,
                port=options.port,
                exit_with_parent=options.exit_with_parent,
            )
    except (CaptureError, FaultError, _PushError) as error:
        return _fail(str(error), EXIT_USAGE)
    except OSError as error:
        return _fail(f"cannot listen on {options.host}:{options.port}: {error.strerror}", EXIT_CANNOT_LISTEN)
    return 0


class _PushError(Exception):
    """The world cannot be published."""


def _publish(vendor: Vendor, options: argparse.Namespace, closing: contextlib.ExitStack) -> None:
    """Publish the world's changes to a broker, if one is given, until the context ends."""
    url = options.mqtt or os.environ.get("FOOTY_SIMULATE_MQTT", "")
    if not url:
        return
    source = vendor.endpoints.source
    if not isinstance(source, WorldSource):
        raise _PushError("a capture does not change, so there is nothing to publish")
    try:
        from thesports_simulator.publisher import Publisher  # noqa: PLC0415 - only if there is a broker
    except ModuleNotFoundError:
        raise _PushError(
            "publishing needs the package paho-mqtt: pip install -r requirements-mqtt.txt"
        ) from None
    messages = Messages(source.world, dict(options.push_fault), seed=options.seed)
    account = vendor.account
    try:
        publisher = Publisher(url, account.user, account.secret, messages, vendor.clock)
    except ValueError as error:
        raise _PushError(str(error)) from None
    publisher.start()
    closing.callback(publisher.close)


def _fail(message: str, code: int) -> int:
    print(f"simulator: {message}", file=sys.stderr)  # noqa: T201 - a command reports errors here
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
        quota=QuotaWindow(dict(options.quota)),
        plan=options.plan or frozenset(NAMES),
        addresses=None if allowed is None else frozenset(allowed),
    )
    endpoints = Endpoints(source)
    endpoints.odds_form = options.odds_live_form
    endpoints.odds_order = options.odds_live_order
    # The world begins at a whole second; the clock starts at the real time unless --epoch sets another.
    clock = ServerClock(now if options.epoch is None else epoch, speed=options.speed)
    reply_options = ReplyOptions(
        latency=options.latency, jitter=options.jitter, gzip=not options.no_gzip, date=not options.no_date
    )
    return Vendor(
        clock=clock,
        account=account,
        endpoints=endpoints,
        reply_options=reply_options,
        faults=FaultInjector(options.fault, seed=options.seed),
        seed=options.seed,
        identity=identity,
    )
