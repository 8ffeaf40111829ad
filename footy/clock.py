"""footy's clock: the machine's time, but steady within a cycle even if the machine's clock is set."""

import time

SET_FROM_S = 1.0
"""Seconds; a smaller step is a normal correction, for example by NTP, not a setting of the clock."""
_UPTIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""On Linux CLOCK_MONOTONIC stops while the machine is suspended, but data keeps ageing."""


class MachineClock:
    """A clock in Unix seconds that runs steadily from one call of `follow` to the next."""

    def __init__(self) -> None:
        self._offset = time.time() - self.uptime()

    def uptime(self) -> float:
        """Return the seconds of a clock that is never set, and that runs while the machine is suspended."""
        return time.clock_gettime(_UPTIME)

    def now(self) -> float:
        """Return Unix seconds, based on the machine's clock at the last call of `follow`."""
        return self.uptime() + self._offset

    def follow(self) -> float:
        """Adopt the machine's clock; return the seconds by which it was set since the last call, or 0."""
        offset = time.time() - self.uptime()
        step, self._offset = offset - self._offset, offset
        return step if abs(step) >= SET_FROM_S else 0.0


CLOCK = MachineClock()
"""The clock of this process."""
