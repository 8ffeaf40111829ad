"""What the vendor answered in one cycle."""

import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from footy.mirror.odds_book import OddsBook
from footy.mirror.state import Held
from footy.reference.lookup import Key
from footy.thesports.client import Fetched
from footy.thesports.endpoints import Endpoint
from footy.thesports.errors import (
    VendorError,
)
from footy.thesports.models import Detail


@dataclass(frozen=True, slots=True)
class FullOdds:
    """Odds read in full, cut down to what can matter."""

    quotes: OddsBook
    settled: OddsBook | None = None
    """The same of the rows that are settled, where they are to be compared."""


@dataclass(slots=True)
class Gathered:
    """What came of the calls."""

    answers: dict[Key, Fetched[Any] | VendorError] = field(default_factory=dict)
    """Of the live list and the feeds."""
    details: dict[str, Fetched[Detail] | VendorError] = field(default_factory=dict)
    odds: dict[str, Fetched[FullOdds] | VendorError] = field(default_factory=dict)
    references: dict[Key, Held[Any]] = field(default_factory=dict)
    unconfirmed_refusals: set[Key] = field(default_factory=set)
    """References that were refused by endpoints that did not count as refused yet."""
    failures: dict[Endpoint, Counter[str]] = field(default_factory=dict)
    """Why calls failed, by endpoint: sentence to count."""
    unfinished: bool = False
    """Whether the time was up before all calls for details, odds and names were sent."""
    checks: dict[str, bool] = field(default_factory=dict)
    """The matches chosen for the self-check, in order, and whether one of their calls was made."""

    @property
    def checked(self) -> int:
        """How many matches the self-check has done with; the next one begins with the match after them."""
        return len(list(itertools.takewhile(bool, self.checks.values())))

    refusals: dict[Endpoint, Counter[str]] = field(default_factory=dict)
    """The same of calls that were refused."""

    def feed(self, endpoint: Endpoint) -> Fetched[Any] | None:
        """Give what a feed answered; None where it was not asked, or failed."""
        for key, answer in self.answers.items():
            if key.endpoint is endpoint and isinstance(answer, Fetched):
                return answer
        return None

    def left_out(self) -> Counter[str]:
        """Count what could not be read in the replies of this cycle's feeds, by endpoint and field."""
        return Counter(
            f"{key.endpoint} {path}"
            for key, answer in self.answers.items()
            if isinstance(answer, Fetched)
            for path in answer.left_out
        )

    def failed(self, endpoint: Endpoint) -> bool:
        """Tell whether a feed was asked in vain."""
        return any(
            key.endpoint is endpoint and isinstance(answer, VendorError)
            for key, answer in self.answers.items()
        )
