"""What a snapshot says of itself: counts, completeness and problems."""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from footy.mirror.answers import Gathered
from footy.mirror.state import Held, MatchState, References, Source
from footy.record import MatchRecord
from footy.thesports import endpoints
from footy.thesports.endpoints import Endpoint


def problems(gathered: Gathered, not_in_plan: Collection[Endpoint] = ()) -> list[str]:
    """Return one plain sentence for each endpoint whose calls failed.

    That what the account lacks is refused is no problem: `footy status` names it.
    """
    failures = {endpoint: Counter(reasons) for endpoint, reasons in gathered.failures.items()}
    for endpoint, reasons in gathered.refusals.items():
        if endpoint not in not_in_plan:
            failures.setdefault(endpoint, Counter()).update(reasons)
    sentences = []
    for endpoint, reasons in failures.items():
        (most, _), *_ = reasons.most_common(1)
        was_asked = not most.startswith(("the quota", "the cycle's time"))
        verb = "failed" if was_asked else "not asked for"
        sentences.append(f"{endpoint.title}: {reasons.total()} {verb}: {most}")
    return sentences


MOST_FIELDS_NAMED = 3
"""In the sentence about values that could not be read."""


UNSETTLED = frozenset({Source.MISSING.value, Source.STALE.value, Source.MOCK.value})
"""Sources that make a snapshot incomplete."""


def unsettled_values(records: Iterable[MatchRecord]) -> int:
    """Count the values that are stale, missing or made up."""
    return sum(
        source in UNSETTLED
        for record in records
        for source in (
            record["live_source"],
            record["detail_source"],
            record["odds_source"],
            record["home_source"],
            record["away_source"],
            record["competition_source"],
            record["country_source"],
        )
    )


def left_out(matches: Iterable[MatchState], references: References) -> Counter[str]:
    """Count what could not be read of the values that are held, by endpoint and field."""
    held: list[tuple[Endpoint, Held[Any]]] = []
    for match in matches:
        held += ((endpoints.LIVE, match.live), (endpoints.DETAIL, match.detail), (endpoints.ODDS, match.odds))
    held += ((endpoints.TEAM, one) for one in references.teams.values())
    held += ((endpoints.COMPETITION, one) for one in references.competitions.values())
    return Counter(
        f"{endpoint} {path}"
        for endpoint, one in held
        if one.value is not None and one.value.left_out
        for path in one.value.left_out
    )


def unreadable_values(found: Counter[str]) -> list[str]:
    """Say in one sentence how many values could not be read, and which most; nothing if there are none."""
    if not found:
        return []
    shown = ", ".join(f"{name} {count}" for name, count in found.most_common(MOST_FIELDS_NAMED))
    more = "" if len(found) <= MOST_FIELDS_NAMED else f" and {len(found) - MOST_FIELDS_NAMED} other fields"
    return [f"Unreadable values of the vendor left out: {found.total()} ({shown}{more})"]


def statuses(records: Iterable[MatchRecord]) -> dict[str, int]:
    """Return how many records have each status, by its number as text."""
    counts = Counter(record["status_id"] for record in records)
    return {str(status_id): counts[status_id] for status_id in sorted(counts)}
