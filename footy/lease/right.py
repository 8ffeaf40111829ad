"""The right to ask the vendor: it ends by itself, by a clock that counts suspensions."""

from collections.abc import Callable
from math import inf

from footy.clock import CLOCK

SHARE = 0.9
"""Share of the lease, from when its renewal was sent, for which the right lasts. The rest is for the store's
clock, which may run faster, and for what is on its way when the right ends."""


class Right:
    """Until when the vendor may be asked. One thread extends it; any thread asks for what is left.

    Args:
        now: Returns the seconds of a clock that is never set and that counts suspensions; by default footy's.
    """

    def __init__(self, now: Callable[[], float] | None = None) -> None:
        self._now = now or (lambda: CLOCK.uptime())  # noqa: PLW0108 - tests move the clock after this
        self._until = -inf

    def left_s(self) -> float:
        """Return the seconds for which the vendor may still be asked; 0 or less if the right is over."""
        return self._until - self._now()

    def now(self) -> float:
        """Return the time by the right's clock: take it before a renewal is sent."""
        return self._now()

    def renewed(self, sent_at: float, ttl_s: float) -> None:
        """Extend the right: a lease of `ttl_s` seconds was granted to a request sent at `sent_at`."""
        self._until = sent_at + SHARE * ttl_s

    def end(self) -> None:
        """End the right at once."""
        self._until = -inf
