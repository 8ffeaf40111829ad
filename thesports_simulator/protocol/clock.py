"""The server's clock: it can run faster than real time, jump and stop."""

import time


class ServerClock:
    """Unix time of the simulated vendor; `speed` seconds of it pass in each real second."""

    def __init__(self, epoch: float, *, speed: float = 1.0) -> None:
        self._shown = epoch
        self._since = time.monotonic()
        self.speed = speed

    def now(self) -> float:
        """Return the server time in unix seconds."""
        return self._shown + (time.monotonic() - self._since) * self.speed

    def advance(self, seconds: float) -> None:
        """Move the clock ahead, or back if negative."""
        self._shown = self.now() + seconds
        self._since = time.monotonic()

    def run_at(self, speed: float) -> None:
        """Continue at another speed; 0 stops the clock."""
        self.advance(0)
        self.speed = speed
