"""The demo's vendor: a simulator that starts at a random time of an evening, and is restarted if it dies."""

import logging
import random
import time
from types import TracebackType
from typing import Self

from footy.errors import FootyError
from thesports_simulator.process import RunningSimulator, SimulatorError
from thesports_simulator.process import start as start_simulator

log = logging.getLogger(__name__)

EVENING_S = 3 * 3600
"""A demo starts at a random moment of this many seconds, so that two demos differ."""
FIRST_PAUSE_S, LAST_PAUSE_S = 2.0, 60.0
"""Shortest and longest pause after a failed start, in seconds; it doubles with each failure."""


class DemoVendor:
    """A simulator in its own process, which ends with the context."""

    def __init__(self) -> None:
        """Start the simulator.

        Raises:
            FootyError: The simulator could not be started.
        """
        self._epoch = int(time.time()) - random.randrange(EVENING_S)
        self._try_at = 0.0
        self._pause_s = FIRST_PAUSE_S
        try:
            self.simulator = self._start(port=0)
        except SimulatorError as error:
            raise FootyError(f"The demo could not start: {error}") from None
        log.info("The demo's simulator is PID %d", self.simulator.pid)

    def revive(self) -> None:
        """Restart the simulator if it has died, with the same world and at the same address."""
        if self.simulator.is_running or time.monotonic() < self._try_at:
            return
        self._try_at = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, LAST_PAUSE_S)
        try:
            again = self._start(port=self.simulator.port)
        except SimulatorError as error:
            log.warning("The demo's simulator has died and does not start again: %s", error)
            return
        self.simulator.stop()
        self.simulator, self._pause_s = again, FIRST_PAUSE_S
        log.warning("The demo's simulator had died; another one is PID %d", again.pid)

    def _start(self, *, port: int) -> RunningSimulator:
        simulator = start_simulator(options=[f"--epoch={self._epoch}", f"--port={port}"])
        simulator.control.set_clock(set=time.time())
        return simulator

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.simulator.stop()
