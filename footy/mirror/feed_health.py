"""What is known of a feed of changes, and whether it can be trusted."""

from dataclasses import dataclass, replace

DISTRUST_AFTER = 3
"""Differences, without enough agreement between them, after which a feed is not trusted."""
TRUST_AGAIN_AFTER = 200
"""Successive agreements after which it is,"""
TOLD_BEFORE_TRUST = 20
"""if so many of them were on a change that it told of: one that is silent agrees with all that stays."""
SETTLED_S = 60
"""What is so much older than a reply has been told by it: vendors may be late, and clocks differ."""
FORGIVE_AFTER = 50
"""Successive agreements after which earlier differences no longer count."""


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """What is known of one feed of changes."""

    polled_at: float | None = None
    """Unix seconds of its last good reply."""
    latest: int = 0
    """Vendor's time of the latest change it told of."""
    differences: int = 0
    agreements: int = 0
    """Successive ones, since the last difference."""
    told: int = 0
    """Those of them, while it is not trusted, on a change that it told of."""
    trusted: bool = True
    newest_first: bool | None = None
    """Of `odds/live`: whether it lists the newest change of a series first; None while that is not known."""

    ahead_s: float = 0.0
    """How far the vendor's clock was ahead of ours at its last good reply."""

    @property
    def watermark(self) -> int:
        """Vendor's time before which every change has been told, or never will be; 0 where it was not heard.

        It goes on with each reply, so that a feed that has fallen silent is found wrong.
        """
        if self.polled_at is None:
            return self.latest
        return max(self.latest, int(self.polled_at + self.ahead_s) - SETTLED_S)

    def polled(self, at: float, latest: int, ahead_s: float = 0.0) -> "FeedHealth":
        """Note a good reply."""
        return replace(self, polled_at=at, latest=max(self.latest, latest), ahead_s=ahead_s)

    def shifted(self, step_s: float) -> "FeedHealth":
        """Move the time of the last reply with the machine's clock, which was set by so many seconds."""
        if self.polled_at is None:
            return self
        return replace(self, polled_at=self.polled_at + step_s, ahead_s=self.ahead_s - step_s)

    def checked(self, *, agreed: bool, told: bool) -> "FeedHealth":
        """Note one comparison of what the feed made with what was read in full.

        Args:
            agreed: Whether they are the same.
            told: Whether the feed has just told of a change to what is compared.
        """
        if not agreed:
            differences = self.differences + 1
            return replace(
                self,
                differences=differences,
                agreements=0,
                told=0,
                trusted=self.trusted and differences < DISTRUST_AFTER,
                newest_first=None,  # the vendor may have turned the list round, and no reply shown it
            )
        agreements, times_told = self.agreements + 1, self.told + told
        if not self.trusted and agreements >= TRUST_AGAIN_AFTER and times_told >= TOLD_BEFORE_TRUST:
            return replace(self, differences=0, agreements=0, told=0, trusted=True)
        if self.trusted and agreements >= FORGIVE_AFTER:
            return replace(self, differences=0, agreements=0, told=0)
        return replace(self, agreements=agreements, told=times_told)
