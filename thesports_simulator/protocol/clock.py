"""The server's clock, which may run faster than the world outside, jump and stand still."""

import time


class ServerClock:
    """Unix time as the simulated vendor has it; `speed` seconds of it pass in each real one."""

    def __init__(self, epoch: float, *, speed: float = 1.0) -> None:
        self._shown = epoch
        self._since = time.monotonic()
        self.speed = speed

    def now(self) -> float:
        """Server time in unix seconds."""
        return self._shown + (time.monotonic() - self._since) * self.speed

    def advance(self, seconds: float) -> None:
        """Jumps ahead, or back where negative."""
        self._shown = self.now() + seconds
        self._since = time.monotonic()

    def run_at(self, speed: float) -> None:
        """Goes on from here at another speed; 0 stands still."""
        self.advance(0)
        self.speed = speed
