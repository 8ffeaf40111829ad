"""What was seen of the periods of a match."""

from dataclasses import dataclass, replace

from footy.thesports.codes import (
    FIRST_HALF,
    PAST_FIRST_HALF,
)
from footy.times import is_time


@dataclass(frozen=True, slots=True)
class Periods:
    """What was seen of a match's periods while it was held. None means not seen."""

    first_half_at: int | None = None
    """Unix seconds by the vendor's clock when the first half began."""
    first_half_over_at: float | None = None
    """Unix seconds by our clock when the match was first seen past its first half, which ended no later."""

    def after(self, status_id: int, period_started_at: int | None, arrived_at: float) -> "Periods":
        """Return what is known after another live element; the same object if that is the same.

        The start that is sent in the first half is its start, but not if the match has been past it before:
        then the status went wrong for a moment, and the start is that of another period.
        """
        if self.first_half_over_at is not None:
            return self
        if status_id in PAST_FIRST_HALF:
            return replace(self, first_half_over_at=arrived_at)
        if status_id == FIRST_HALF and period_started_at != self.first_half_at and is_time(period_started_at):
            return replace(self, first_half_at=period_started_at)
        return self


UNSEEN = Periods()
