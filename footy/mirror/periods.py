"""The observed periods of a match."""

from dataclasses import dataclass, replace

from footy.thesports.codes import (
    FIRST_HALF,
    PAST_FIRST_HALF,
)
from footy.times import is_time


@dataclass(frozen=True, slots=True)
class Periods:
    """The periods of a match, as observed while it was held. None means not observed."""

    first_half_at: int | None = None
    """Start of the first half, in Unix seconds by the vendor's clock."""
    first_half_over_at: float | None = None
    """Unix seconds by our clock when the match was first seen past its first half, which ended by then."""

    def after(self, status_id: int, period_started_at: int | None, arrived_at: float) -> "Periods":
        """Return the periods after another live element; the same object if nothing has changed.

        The period start sent during the first half is the start of that half, unless the match has been past
        it before: then the status is temporarily wrong, and the start belongs to another period.
        """
        if self.first_half_over_at is not None:
            return self
        if status_id in PAST_FIRST_HALF:
            return replace(self, first_half_over_at=arrived_at)
        if status_id == FIRST_HALF and period_started_at != self.first_half_at and is_time(period_started_at):
            return replace(self, first_half_at=period_started_at)
        return self


UNSEEN = Periods()
