"""The vendor of every benchmark: the simulator, in its own process on the loopback interface."""

import time
from collections.abc import Sequence

from thesports_simulator.process import RunningSimulator, launch

START_TIMEOUT_S = 600.0
LATENCY_S = 0.28
"""The real vendor's, as measured."""
ORDERS = ("newest", "oldest")
"""The orders of changes in the feed of odds; the promises hold for both."""


def simulator(
    matches: int, *, latency: float = 0.0, odds: str = "full", speed: float = 1.0, quotas: Sequence[str] = ()
) -> RunningSimulator:
    """Start a simulator that generates all odds before it answers, so that no client waits for them.

    Its clock starts at the time of this machine, and stands still if `speed` is 0. A quota is written as
    `odds/history=120/60`.
    """
    vendor = launch(
        f"--matches={matches}",
        f"--latency={latency}",
        f"--odds={odds}",
        f"--speed={speed}",
        "--prepare",
        *(f"--quota={quota}" for quota in quotas),
        timeout=START_TIMEOUT_S,
    )
    vendor.control.set_clock(set=time.time())
    return vendor
