"""The time that footy goes by: the machine's, but even within a cycle, whatever is done to its clock."""

import time

SET_FROM_S = 1.0
"""A clock that is kept right is moved by less."""
_UPTIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Linux stops CLOCK_MONOTONIC while the machine sleeps; what is held ages all the same."""


class MachineClock:
    """Unix seconds that go on evenly from one call of `follow` to the next."""

    def __init__(self) -> None:
        self._offset = time.time() - self.uptime()

    def uptime(self) -> float:
        """Return seconds on a clock that nobody sets, and that goes on while the machine sleeps."""
        return time.clock_gettime(_UPTIME)

    def now(self) -> float:
        """Return Unix seconds, by the machine's clock as it was when it was last followed."""
        return self.uptime() + self._offset

    def follow(self) -> float:
        """Follow the machine's clock; return by how many seconds it was set meanwhile, 0 if it was not."""
        offset = time.time() - self.uptime()
        step, self._offset = offset - self._offset, offset
        return step if abs(step) >= SET_FROM_S else 0.0


CLOCK = MachineClock()
"""The clock of this process."""
