"""The command line options of `python -m thesports_simulator` and `footy simulate`."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from thesports_simulator.messages import MessageFaultError, parse_fault
from thesports_simulator.protocol.endpoints import NAMES
from thesports_simulator.protocol.quota import parse_quota

EARLIEST, LATEST = 946_684_800, 4_102_444_800
"""The years in which a world may open, in Unix seconds: its calendar has dates before and after them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the simulator's options to a parser."""
    listen = parser.add_argument_group("listening")
    listen.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    listen.add_argument(
        "--port", type=_port, default=0, help="port to listen on; 0 takes a free one (default)"
    )
    listen.add_argument(
        "--exit-with-parent", action="store_true", help="end with standard input; ignore Ctrl-C"
    )
    world = parser.add_argument_group("world")
    world.add_argument(
        "--matches", type=_count, default=49, help="matches listed at a time (default %(default)s)"
    )
    world.add_argument("--seed", type=int, default=1, help="the world's seed (default %(default)s)")
    world.add_argument("--epoch", type=_epoch, help="unix second at which the world opens (default: now)")
    world.add_argument(
        "--speed", type=_not_negative, default=1.0, help="server seconds in a real one (default 1)"
    )
    world.add_argument(
        "--odds",
        choices=("full", "light", "busy"),
        default="full",
        help="size of the odds, or how often they change (default full)",
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
    replies.add_argument("--no-date", action="store_true", help="send no Date header")
    replies.add_argument(
        "--odds-live-form",
        choices=("text", "values"),
        default="text",
        help="inner form of odds/live (default text)",
    )
    replies.add_argument(
        "--odds-live-order",
        choices=("newest", "oldest"),
        default="newest",
        help="which change stands first in odds/live (default newest)",
    )
    replies.add_argument(
        "--fault", action="append", default=[], metavar="NAME[=ARGUMENT][:RATE][xCOUNT][@ENDPOINT]",
        help="let replies go wrong; repeatable, see docs/simulator.md",
    )  # fmt: skip
    push = parser.add_argument_group("push")
    push.add_argument(
        "--mqtt", metavar="URL", help="publish changes to this broker (default: FOOTY_SIMULATE_MQTT)"
    )
    push.add_argument(
        "--push-fault",
        action="append",
        type=_message_fault,
        default=[],
        metavar="NAME[:RATE]",
        help="let published messages go wrong; repeatable, see docs/simulator.md",
    )
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


def _checked(check: Callable[[float], bool], what: str) -> Callable[[str], float]:
    def parse(text: str) -> float:
        value = float(text)
        if not check(value):
            raise argparse.ArgumentTypeError(f"{text} is not {what}")
        return value

    return parse


_not_negative = _checked(lambda value: 0 <= value < float("inf"), "0 or more")


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to 65535")
    return port


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= 5_000:
        raise argparse.ArgumentTypeError(f"{text} is not from 1 to 5000")
    return count


def _epoch(text: str) -> int:
    epoch = int(text)
    if not EARLIEST <= epoch <= LATEST:
        raise argparse.ArgumentTypeError(f"{text} is not from {EARLIEST} to {LATEST}: 2000 to 2100")
    return epoch


def _plan(text: str) -> frozenset[str]:
    plan = frozenset(text.split(","))
    if unknown := sorted(plan - set(NAMES)):
        raise argparse.ArgumentTypeError(f"no such endpoint: {', '.join(unknown)}")
    return plan


def _message_fault(text: str) -> tuple[str, float]:
    try:
        return parse_fault(text)
    except MessageFaultError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _quota(text: str) -> Any:
    try:
        endpoint, quota = parse_quota(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if endpoint not in NAMES:
        raise argparse.ArgumentTypeError(f"no such endpoint: {endpoint}")
    return endpoint, quota
