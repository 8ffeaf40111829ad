"""The health of a feed of changes: what it has reported, and whether it can be trusted."""

from dataclasses import dataclass, replace

DISTRUST_AFTER = 3
"""Number of differences, without `FORGIVE_AFTER` agreements between them, that ends the trust in a feed."""
TRUST_AGAIN_AFTER = 200
"""Successive agreements that restore the trust. `TOLD_BEFORE_TRUST` of them have to be on a change."""
TOLD_BEFORE_TRUST = 20
"""Agreements on a change that the feed reported: a silent feed agrees on everything unchanged."""
SETTLED_S = 60
"""Seconds before a reply up to which it is complete: vendors may be late, and clocks differ."""
FORGIVE_AFTER = 50
"""Successive agreements after which earlier differences no longer count."""


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """The health of one feed of changes."""

    polled_at: float | None = None
    """Unix seconds of the last good reply."""
    latest: int = 0
    """Vendor's time of the latest change it reported."""
    differences: int = 0
    agreements: int = 0
    """Number of successive agreements since the last difference."""
    told: int = 0
    """Number of those agreements that were on a change that the feed reported."""
    trusted: bool = True
    newest_first: bool | None = None
    """For `odds/live`: whether it lists the newest change of a series first; None while unknown."""

    ahead_s: float = 0.0
    """Seconds that the vendor's clock was ahead of ours at the last good reply."""

    @property
    def watermark(self) -> int:
        """Vendor's time before which every change is reported, or never will be; 0 before the first reply.

        It advances with each reply, so that the self-check detects a feed that has fallen silent.
        """
        if self.polled_at is None:
            return self.latest
        return max(self.latest, int(self.polled_at + self.ahead_s) - SETTLED_S)

    def polled(self, at: float, latest: int, ahead_s: float = 0.0) -> "FeedHealth":
        """Return the health after a good reply."""
        return replace(self, polled_at=at, latest=max(self.latest, latest), ahead_s=ahead_s)

    def shifted(self, step_s: float) -> "FeedHealth":
        """Return the health with its time shifted, after the machine's clock was set by `step_s` seconds."""
        if self.polled_at is None:
            return self
        return replace(self, polled_at=self.polled_at + step_s, ahead_s=self.ahead_s - step_s)

    def checked(self, *, agreed: bool, reported: bool) -> "FeedHealth":
        """Return the health after one comparison of the feed's result with a full read.

        Args:
            agreed: Whether they are the same.
            reported: Whether the feed has just reported a change of the compared value.
        """
        if not agreed:
            differences = self.differences + 1
            return replace(
                self,
                differences=differences,
                agreements=0,
                told=0,
                trusted=self.trusted and differences < DISTRUST_AFTER,
                newest_first=None,  # the vendor may have reversed the list without a reply that showed it
            )
        agreements, times_told = self.agreements + 1, self.told + reported
        if not self.trusted and agreements >= TRUST_AGAIN_AFTER and times_told >= TOLD_BEFORE_TRUST:
            return replace(self, differences=0, agreements=0, told=0, trusted=True)
        if self.trusted and agreements >= FORGIVE_AFTER:
            return replace(self, differences=0, agreements=0, told=0)
        return replace(self, agreements=agreements, told=times_told)
