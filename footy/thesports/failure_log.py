"""Decide which failed attempts are logged in full, and sum up the rest of a cycle in one line."""

import threading
from collections import Counter
from collections.abc import Collection

from footy.thesports.endpoints import Endpoint
from footy.thesports.errors import RefusedError, VendorError


class FailureLog:
    """Counts failed attempts from the end of one cycle to the next; safe to use from every thread.

    In a cycle, the first failure with a given endpoint, outcome and attempt number is logged in full. In
    later cycles that outcome of the endpoint is not, until the endpoint does not fail in a cycle. So an
    outage is one line per cycle, however many calls fail.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Endpoint, set[str]] = {}
        """Outcomes that were logged in earlier cycles."""
        self._attempts: set[tuple[Endpoint, str, int]] = set()
        self._reasons: dict[tuple[Endpoint, str], Counter[str]] = {}
        self._in_full: Counter[tuple[Endpoint, str]] = Counter()

    def note(self, endpoint: Endpoint, error: VendorError, attempt: int) -> bool:
        """Count a failed attempt (numbers start at 1); return whether to log it in full."""
        what = (endpoint, error.outcome)
        with self._lock:
            in_full = (
                error.outcome not in self._known.get(endpoint, ()) and (*what, attempt) not in self._attempts
            )
            self._attempts.add((*what, attempt))
            self._reasons.setdefault(what, Counter())[str(error)] += 1
            self._in_full[what] += in_full
        return in_full

    def end_cycle(self, not_in_plan: Collection[Endpoint] = ()) -> str | None:
        """Return a sentence that sums up the cycle's failures; None if all of them were logged in full.

        Args:
            not_in_plan: Endpoints that the account lacks; their refusals are left out.
        """
        with self._lock:
            reasons, in_full = self._reasons, self._in_full
            self._attempts, self._reasons, self._in_full = set(), {}, Counter()
            known: dict[Endpoint, set[str]] = {}
            for endpoint, outcome in reasons:
                known.setdefault(endpoint, self._known.get(endpoint, set())).add(outcome)
            self._known = known
        by_endpoint: dict[Endpoint, Counter[str]] = {}
        rest = 0
        for (endpoint, outcome), counted in reasons.items():
            if outcome != RefusedError.outcome or endpoint not in not_in_plan:
                by_endpoint.setdefault(endpoint, Counter()).update(counted)
                rest += counted.total() - in_full[endpoint, outcome]
        if not rest:
            return None
        totals = Counter({endpoint: counted.total() for endpoint, counted in by_endpoint.items()})
        times = "once" if totals.total() == 1 else f"{totals.total()} times"
        parts = [
            f"{endpoint} {total} ({by_endpoint[endpoint].most_common(1)[0][0]})"
            for endpoint, total in totals.most_common()
        ]
        return f"API call failed {times} in this cycle: {', '.join(parts)}"
