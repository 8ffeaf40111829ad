"""The vendor of every benchmark: footy's simulator, in its own process on the loopback interface."""

import time

from thesports_simulator.process import RunningSimulator, launch

START_TIMEOUT_S = 600.0
LATENCY_S = 0.28
"""The real vendor's, as measured."""
ORDERS = ("newest", "oldest")
"""Which change may stand first in the feed of odds: what is claimed of it holds for both."""


def simulator(
    matches: int, *, latency: float = 0.0, odds: str = "full", speed: float = 1.0
) -> RunningSimulator:
    """Start a simulator whose odds are all made up before it answers, so that no client waits for that.

    Its clock shows the time of this machine, or stands still at it where `speed` is 0.
    """
    vendor = launch(
        f"--matches={matches}",
        f"--latency={latency}",
        f"--odds={odds}",
        f"--speed={speed}",
        "--prepare",
        timeout=START_TIMEOUT_S,
    )
    vendor.control.set_clock(set=time.time())
    return vendor
