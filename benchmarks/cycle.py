"""Cycles of footy, cold, warm and steady, beside three peers on the same simulator.

Every client runs in a process of its own, the repetitions of all of them in turn.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from rich.console import Console

from benchmarks import child, report, upstream
from benchmarks.clients.meter import Lap
from benchmarks.cycle_report import Plan, report_of
from thesports_simulator.process import RunningSimulator

SIZES = (50, 102, 500, 1000, 2000)
PEER_SIZES = (50, 102, 500)
PEER_PACKAGES = ("aiohttp", "dlt")
EXIT_UNAVAILABLE = 69
NEW_AT = 102
"""The size at which the benchmark waits for cycles with a new match; larger worlds always have some."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One lap, with the number of matches of its simulator."""

    size: int
    lap: Lap


def main(argv: Sequence[str]) -> int:
    """Measure, print and write; return 1 if a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks cycle", description=__doc__)
    report.add_arguments(parser)
    parser.add_argument(
        "--sizes", type=_numbers, help="matches, such as 50,102 (default 50,102,500,1000,2000)"
    )
    parser.add_argument(
        "--peer-sizes", type=_numbers, help="those at which peers run too (default 50,102,500)"
    )
    parser.add_argument("--no-peers", action="store_true", help="footy alone")
    parser.add_argument("--repeat", type=int, help="cold and warm cycles and peers, so often (default 3)")
    parser.add_argument("--cycles", type=int, help="steady cycles at least (default 12)")
    parser.add_argument(
        "--interval", type=float, help="seconds between steady cycles (default 5, 2 with --quick)"
    )
    parser.add_argument("--latency", type=float, help=f"seconds until a reply (default {upstream.LATENCY_S})")
    options = parser.parse_args(argv)
    plan = _plan(options)
    missing = [name for name in PEER_PACKAGES if plan.peer_sizes and find_spec(name) is None]
    if missing:  # reported now, not by a peer's traceback after some minutes
        remedy = "pip install -r requirements-bench.txt, or give --no-peers"
        print(f"The peers need {' and '.join(missing)}: {remedy}.", file=sys.stderr)
        return EXIT_UNAVAILABLE
    laps = [measured for size in plan.sizes for measured in _at_size(size, plan)]
    return report.publish(report_of(plan, [(one.size, one.lap) for one in laps]), options, argv)


def _plan(options: argparse.Namespace) -> Plan:
    quick = options.quick
    sizes = options.sizes or ((6,) if quick else SIZES)
    peers = () if options.no_peers else options.peer_sizes or (sizes if quick else PEER_SIZES)
    return Plan(
        sizes=sizes,
        peer_sizes=tuple(size for size in peers if size in sizes),
        repeat=options.repeat or (1 if quick else 3),
        cycles=options.cycles or (2 if quick else 12),
        settling=1 if quick else 3,
        interval=options.interval or (2 if quick else 5),
        latency=(0.02 if quick else upstream.LATENCY_S) if options.latency is None else options.latency,
    )


def _at_size(size: int, plan: Plan) -> Iterator[Measured]:
    console = Console(stderr=True)
    console.print(f"{size} matches: making up their odds …", highlight=False)
    with upstream.simulator(size, latency=plan.latency) as simulator:
        for client, task in _tasks(size, plan):
            console.print(f"{size} matches: {client} {task.get('strategy', '')} …", highlight=False)
            laps = child.ask(f"benchmarks.clients.{client}", address(simulator) | task)
            yield from (Measured(size, Lap(**lap)) for lap in laps)


def _tasks(size: int, plan: Plan) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the clients to run, each with its task."""
    for _ in range(plan.repeat):
        yield "footy_cycles", {"strategy": "per-match"}
        if size in plan.peer_sizes:
            yield "two_phase", {}
            yield "rest_source", {}
            if size == min(plan.peer_sizes):
                yield "sequential", {}
    waits_for_new = size == NEW_AT
    yield (
        "footy_cycles",
        {
            "strategy": "delta",
            "interval": plan.interval,
            "settling": plan.settling,
            "cycles": plan.cycles,
            "with_new": 3 if waits_for_new else 0,
            "most": 8 * plan.cycles if waits_for_new else plan.cycles,
        },
    )


def address(simulator: RunningSimulator) -> dict[str, Any]:
    """Return the address and the credentials of a simulator, as values for JSON."""
    return {
        "user": simulator.user,
        "secret": simulator.secret,
        "base_url": simulator.base_url,
        "host": simulator.host,
        "port": simulator.port,
    }


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(part) for part in text.split(",")))
