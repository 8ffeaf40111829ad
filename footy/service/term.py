"""A term: a time in which this process runs the cycles."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from footy.telemetry.metrics import Source

if TYPE_CHECKING:
    from footy.service.store_of_term import StoreOfTerm

LOOK_ROUND_EVERY_S = 2.0
_SHORTEST_LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Term:
    """Until this process is stopped; with a lease also until that is over."""

    began_at: float
    """In Unix seconds."""
    right_left_s: Callable[[], float] | None = None
    """Returns the seconds for which the vendor may still be asked; None without a lease."""

    store: "StoreOfTerm | None" = field(default=None, repr=False)
    """What this process writes into the store; None without one."""
    note: Callable[[], None] = lambda: None
    """Notes who leads; the service calls it regularly."""
    sources: tuple[Source, ...] = ()
    """Metrics of the lease."""

    @property
    def is_over(self) -> bool:
        """Whether the lease is over; never without one."""
        return self.right_left_s is not None and self.right_left_s() <= 0

    @property
    def look_s(self) -> float:
        """Return the seconds until the service should look round again."""
        if self.right_left_s is None:
            return LOOK_ROUND_EVERY_S
        return min(LOOK_ROUND_EVERY_S, max(_SHORTEST_LOOK_S, self.right_left_s()))
