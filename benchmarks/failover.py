"""A takeover: how long nobody asks, who asked when, and whether an event is lost or there twice."""

import argparse
import os
import signal
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import chart, report
from tests.support.place import wait_until
from tests.support.postgres import scratch_store
from tests.support.two_machines import WORKERS, Machine, Machines, two_machines

ROUNDS, TTL_S, QUICK_TTL_S = 2, 10.0, 2.0
STEP_S, QUICK_STEP_S, SPEED = 450.0, 10.0, 15.0
"""How far the simulated evening goes on between two faults, in seconds, and how much faster than real time:
so slowly that the feeds of changes, which reach back for a minute, miss nothing between two cycles."""
LONGER_S = 2.0
"""What a takeover may take beside the lease's time."""
WITHIN_S = 120.0
INTRO = """\
Two services with one PostgreSQL and one account, a lease of {ttl:g} s, a cycle every 2 s; the simulator's own
log says who asked, and when. Before each fault {step:g} s of the evening go by at {speed:g} times their pace.
*Takeover*: from the fault, or from the former leader's last call if that is later, to the first call of the
next leader. *Late calls*: those of the former leader after the first call of the next one. The events in the
log are compared with those that follow from the lists that the simulator served."""


@dataclass(frozen=True, slots=True)
class Takeover:
    """One takeover, as the simulator saw it."""

    fault: str
    seconds: float
    late_calls: int
    first_calls: int
    """Calls of the next leader's first cycle."""


def main(argv: Sequence[str]) -> int:
    """Run the benchmark; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks failover", description=__doc__)
    report.add_arguments(parser)
    options = parser.parse_args(argv)
    ttl_s, step_s, rounds = (QUICK_TTL_S, QUICK_STEP_S, 1) if options.quick else (TTL_S, STEP_S, ROUNDS)
    faults = [*FAULTS][: 2 if options.quick else None] * rounds
    with (
        tempfile.TemporaryDirectory() as folder,
        scratch_store() as address,
        two_machines(Path(folder), address, ttl_s=ttl_s) as machines,
    ):
        found = _evening(machines, faults, step_s)
        wrong = machines.differences()
        events = len(machines.events())
    return report.publish(_report(found, wrong, events, ttl_s, step_s), options, argv)


def _kill(leader: Machine) -> None:
    leader.signal(signal.SIGKILL)


def _stop(leader: Machine) -> None:
    leader.signal(signal.SIGSTOP)


def _cut(leader: Machine) -> None:
    leader.store.cut()


def _end(leader: Machine) -> None:
    leader.signal(signal.SIGTERM)


FAULTS: dict[str, Callable[[Machine], None]] = {
    "kill -9": _kill,
    "SIGSTOP": _stop,
    "no way to the store": _cut,
    "a clean stop": _end,
}


def _evening(machines: Machines, faults: Sequence[str], step_s: float) -> list[Takeover]:
    leader, other = machines.one, machines.other
    leader.start()
    leader.wait_for("leader")
    found = []
    for fault in faults:
        if not other.is_running:
            other.start()
        other.wait_for("standby")
        machines.goes_on_at(SPEED, step_s, leader)
        newest = machines.calls()[-1]["seq"]
        at = time.monotonic()
        FAULTS[fault](leader)
        wait_until(lambda on=other, after=newest: machines.lists_after(on, after) >= 2, WITHIN_S)  # type: ignore[misc]
        if fault == "SIGSTOP":
            os.kill(leader.process.pid, signal.SIGCONT)
        if fault == "no way to the store":
            leader.store.mend()
        if fault == "a clean stop":
            leader.process.wait(WITHIN_S)
        found.append(_takeover(machines, fault, at, newest, leader, other))
        leader, other = other, leader
    machines.goes_on_at(SPEED, step_s, leader)
    return found


def _takeover(
    machines: Machines, fault: str, at: float, newest: int, former: Machine, leader: Machine
) -> Takeover:
    calls = [one for one in machines.calls() if one["seq"] > newest]
    first = next(one for one in calls if one["from"] == leader.address)
    of_former = [one["sent"] for one in calls if one["from"] == former.address]
    last = max([at, *(sent for sent in of_former if sent < first["sent"])])
    lists = machines.lists(leader)
    second = [one["seq"] for one in lists if one["seq"] >= first["seq"]][1]
    cycle = [one for one in calls if one["from"] == leader.address and one["seq"] < second]
    late = sum(sent > first["sent"] for sent in of_former)
    return Takeover(fault, first["sent"] - last, late, len(cycle))


def _report(
    found: Sequence[Takeover], wrong: Sequence[str], events: int, ttl_s: float, step_s: float
) -> report.Report:
    names = list(dict.fromkeys(one.fault for one in found))
    of = {name: [one for one in found if one.fault == name] for name in names}
    rows = [
        (
            name,
            str(len(some)),
            f"{max(one.seconds for one in some):.1f}",
            str(max(one.late_calls for one in some)),
            str(max(one.first_calls for one in some)),
        )
        for name, some in of.items()
    ]
    slowest, late = max(one.seconds for one in found), max(one.late_calls for one in found)
    most = max(one.first_calls for one in found)
    return report.Report(
        name="failover",
        title="A takeover",
        intro=INTRO.format(ttl=ttl_s, step=step_s, speed=SPEED),
        tables=[
            report.Table(
                "The slowest takeover after each fault",
                ("", "takeovers", "seconds", "late calls", "calls of the first cycle"),
                rows,
            )
        ],
        checks=[
            report.Check(
                "seconds of a takeover",
                f"≤ {ttl_s + LONGER_S:g}",
                f"{slowest:.1f}",
                slowest <= ttl_s + LONGER_S,
            ),
            report.Check("late calls", f"≤ {WORKERS}, one a worker", str(late), late <= WORKERS),
            report.Check("calls of the first cycle", "≤ 8", str(most), most <= 8),
            report.Check(
                f"of {events} events, those missing, invented, twice or different",
                "0",
                str(len(wrong)),
                not wrong,
            ),
        ],
        picture=chart.bars(
            "Seconds until the next leader asks",
            chart.Axis("seconds"),
            names,
            [("slowest", [max(one.seconds for one in some) for some in of.values()])],
        ),
        caption="Seconds until the next leader asks, by fault",
    )
