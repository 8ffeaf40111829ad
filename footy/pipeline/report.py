"""The meta of a snapshot: counts, completeness and problems."""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from footy.mirror.answers import Answers
from footy.mirror.odds_book import OddsBook
from footy.mirror.state import MatchState, References, Source, State
from footy.record import Counts, MatchRecord
from footy.records.selection import Selected, Selection, misspelt
from footy.thesports import endpoints
from footy.thesports.codes import CATEGORIES
from footy.thesports.decoders import LiveList, Reference
from footy.thesports.endpoints import Endpoint
from footy.thesports.errors import RefusedError, StoppedError
from footy.thesports.models import Competition, Detail, LiveMatch, Team

log = logging.getLogger(__name__)

MOST_FIELDS_NAMED = 3
"""Number of fields named in the sentence about unreadable values."""
_Row = LiveMatch | Detail | OddsBook | Team | Competition
"""A value that lists the unreadable parts left out of it."""
UNSETTLED = frozenset(one.value for one in (Source.MISSING, Source.STALE, Source.PARTIAL, Source.MOCK))
"""Sources that make a snapshot incomplete."""


@dataclass(frozen=True, slots=True)
class Description:
    """Completeness, counts and problems of a snapshot."""

    complete: bool
    counts: Counts
    problems: list[str]


def description(
    answers: Answers,
    state: State,
    selected: Selected,
    records: Sequence[MatchRecord],
    not_in_plan: Collection[Endpoint],
    lasting: Iterable[str],
) -> Description:
    """Describe a snapshot from its cycle's answers and the state; log the unreadable live matches.

    `lasting` are the problems that no request of this cycle caused.
    """
    unreadable = answers.left_out() + left_out(selected.wanted.values(), state.references)
    unsettled = unsettled_values(records)
    problems = [
        *request_problems(answers, state, selected, not_in_plan),
        *unreadable_values(unreadable),
    ]
    if unsettled and not problems:
        problems += of_earlier_cycles(unsettled, not_in_plan)
    live = answers.live()
    is_whole = live is not None and live.value is not None and not live.value.broken
    complete = is_whole and not (unsettled or selected.undecided or unreadable)
    return Description(complete=complete, counts=counts(records), problems=[*problems, *lasting])


def request_problems(
    answers: Answers, state: State, selected: Selected, not_in_plan: Collection[Endpoint]
) -> list[str]:
    """Return a sentence for each failure of this cycle; log the sentences about unreadable live matches."""
    live = answers.live()
    if live is None or live.value is None:
        failed = f"Live list unavailable: {None if live is None else live.error}"
        return [failed, *failures(answers, [endpoints.LIVE, *not_in_plan])]
    problems = [f"Live match {name} could not be read: {why}" for name, why in live.value.broken.items()]
    for sentence in problems:
        log.warning(sentence)
    problems += failures(answers, not_in_plan)
    if deleted := len(live.value.matches.keys() & state.deleted):
        problems.append(f"live matches: {deleted} left out: the vendor lists them, but as deleted too")
    if waiting := _waiting_for_odds(answers, live.value, selected.wanted):
        partial = waiting[Source.PARTIAL]
        some = f", {partial} of them with some prices" if partial else ""
        problems.append(f"odds: {waiting.total()} waiting for quota{some}")
    return problems


def failures(answers: Answers, ignored: Collection[Endpoint] = ()) -> list[str]:
    """Return one plain sentence for each endpoint whose requests failed, then for each with unsent ones.

    Refusals by the endpoints in `ignored`, which the account lacks, do not count: `footy status` names them.
    """
    failed: dict[tuple[Endpoint, bool], Counter[str]] = {}
    refused: dict[Endpoint, Counter[str]] = {}
    for answer in answers:
        error, endpoint = answer.error, answer.request.endpoint
        if error is None or isinstance(error, StoppedError):
            continue
        if isinstance(error, RefusedError):
            if endpoint not in ignored:
                refused.setdefault(endpoint, Counter())[str(error)] += 1
        elif endpoint is not endpoints.LIVE or endpoints.LIVE not in ignored:
            failed.setdefault((endpoint, error.was_sent), Counter())[str(error)] += 1
    for endpoint, reasons in refused.items():
        failed.setdefault((endpoint, True), Counter()).update(reasons)
    return [
        f"{endpoint.title}: {reasons.total()} {'failed' if was_sent else 'not asked for'}: {_most(reasons)}"
        for (endpoint, was_sent), reasons in sorted(failed.items(), key=lambda one: not one[0][1])
    ]


def _most(reasons: Counter[str]) -> str:
    (most, _), *_ = reasons.most_common(1)
    return most


def _waiting_for_odds(answers: Answers, live: LiveList, wanted: Mapping[str, MatchState]) -> Counter[Source]:
    """Count the matches whose odds are old, partial or missing and were not requested, by source."""
    return Counter(
        match.odds.source
        for match_id, match in wanted.items()
        if match_id in live.matches
        and match.odds.source in {Source.STALE, Source.MISSING, Source.PARTIAL}
        and answers.odds(match_id) is None
    )


def of_earlier_cycles(unsettled: int, not_in_plan: Collection[Endpoint]) -> list[str]:
    """Return a sentence about values that are missing, old or partial although nothing failed now."""
    lost = f"; not in the account's plan: {', '.join(map(str, not_in_plan))}" if not_in_plan else ""
    return [f"Missing, old or partial from an earlier cycle: {unsettled} values{lost}"]


def selection_problems(state: State, selected: Selected, selection: Selection) -> list[str]:
    """Return a sentence if the operator's filters may have left out too much."""
    if selected.undecided:
        sentence = (
            f"Left out: {len(selected.undecided)} live matches of which it could not be told "
            "whether they are wanted (FOOTY_COMPETITIONS, FOOTY_COUNTRIES)"
        )
        return [sentence]
    if state.matches and not selected.wanted:
        settings = " and ".join(selection.settings())
        return [
            f"None of the {len(state.matches)} live matches listed is wanted: {settings} left out all of them"
        ]
    return []


def misspelt_names(selection: Selection, known: Iterable[Reference], references: References) -> list[str]:
    """Return a sentence for each filter that seems misspelt."""
    competitions = {one.id: one.name or "" for one in known if isinstance(one, Competition)}
    places: dict[str, str] = {}
    if references.countries.value is not None:
        rows = {**references.countries.value, **(references.categories.value or {})}
        places = {**CATEGORIES, **{one: row.name or "" for one, row in rows.items()}}
    return misspelt(selection, competitions, places)


def unsettled_values(records: Iterable[MatchRecord]) -> int:
    """Count the values that are stale, missing, partial or made up."""
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
    """Count the unreadable parts of the held values, by endpoint and field."""
    values: list[tuple[Endpoint, _Row | None]] = []
    for match in matches:
        values.append((endpoints.LIVE, match.live.value))
        values.append((endpoints.DETAIL, match.detail.value))
        values.append((endpoints.ODDS, match.odds.value))
    values += ((endpoints.TEAM, one.value) for one in references.teams.values())
    values += ((endpoints.COMPETITION, one.value) for one in references.competitions.values())
    return Counter(
        f"{endpoint} {path}" for endpoint, value in values if value is not None for path in value.left_out
    )


def unreadable_values(found: Counter[str]) -> list[str]:
    """Return one sentence on how many values were unreadable and which fields most often; [] if none."""
    if not found:
        return []
    shown = ", ".join(f"{name} {count}" for name, count in found.most_common(MOST_FIELDS_NAMED))
    more = "" if len(found) <= MOST_FIELDS_NAMED else f" and {len(found) - MOST_FIELDS_NAMED} other fields"
    return [f"Unreadable values of the vendor left out: {found.total()} ({shown}{more})"]


def counts(records: Collection[MatchRecord]) -> Counts:
    """Return how many records there are, how many are in play, and how many have each status."""
    status = Counter(record["status_id"] for record in records)
    return {
        "live": len(records),
        "in_play": sum(record["in_play"] for record in records),
        "status": {str(status_id): status[status_id] for status_id in sorted(status)},
    }
