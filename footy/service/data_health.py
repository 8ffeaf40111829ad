"""Check whether most matches in play have their data: which kinds are missing or old, and since when."""

import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from footy.mirror.state import MatchState, References, Source
from footy.pipeline.cycle import CycleResult
from footy.record import Degradation, MatchRecord
from footy.records.flatten import competition_of
from footy.service.health import degradation_text
from footy.thesports.codes import IN_PLAY
from footy.times import moment_text

log = logging.getLogger(__name__)

LACKING = frozenset({Source.MISSING.value, Source.STALE.value, Source.MOCK.value})
"""Sources of missing or old data. `refused` is not one: data outside the account's plan is no failure."""

Since = Mapping[tuple[str, str], float]
"""By kind and match id: the time since when that kind of data has been missing or old (monotonic seconds)."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A live match after a cycle."""

    match_id: str
    in_play: bool
    lacks: tuple[str, ...]
    """Kinds of data that are missing or old: `details`, `odds`, `names`."""


def shown(outcome: CycleResult) -> list[Shown]:
    """Return the matches of a cycle, including those left out because their competition is unknown."""
    records = [] if outcome.snapshot is None else outcome.snapshot["matches"]
    references = outcome.state.references
    undecided = [_undecided(one, held, references) for one, held in outcome.undecided.items()]
    return [*map(_recorded, records), *undecided]


def _recorded(record: MatchRecord) -> Shown:
    lacks = []
    if record["detail_source"] in LACKING:
        lacks.append("details")
    if record["odds_source"] in LACKING:
        lacks.append("odds")
    names = (record["home_source"], record["away_source"], record["competition_source"])
    if not LACKING.isdisjoint(names):
        lacks.append("names")
    return Shown(record["match_id"], record["in_play"], tuple(lacks))


def _undecided(match_id: str, held: MatchState, references: References) -> Shown:
    in_play = held.live.value is not None and held.live.value.score.status_id in IN_PLAY
    sources = {"details": held.detail.source, "names": competition_of(held.detail, references).source}
    return Shown(match_id, in_play, tuple(kind for kind, source in sources.items() if source in LACKING))


def lacking_since(matches: Iterable[Shown], before: Since, now: float) -> Since:
    """Return since when each kind of each match's data has been missing or old without interruption."""
    return {
        (kind, match.match_id): before.get((kind, match.match_id), now)
        for match in matches
        for kind in match.lacks
    }


def degradations(
    matches: Iterable[Shown], since: Since, *, now: float, wall: float, longest_s: float
) -> list[Degradation]:
    """Return the kinds of data that most matches in play have lacked for longer than is allowed.

    Args:
        matches: All live matches.
        since: As `lacking_since` returns it.
        now: The current time, in monotonic seconds.
        wall: The same moment in Unix seconds.
        longest_s: Longest time that a kind may be missing or old for most matches, in seconds.
    """
    playing = [match for match in matches if match.in_play]
    found: list[Degradation] = []
    for kind in ("details", "odds", "names"):
        starts = sorted(since[kind, match.match_id] for match in playing if kind in match.lacks)
        if len(starts) <= len(playing) / 2:
            continue
        most_s = now - starts[len(playing) // 2]  # since this match, more than half lack it
        if most_s > longest_s:
            at = moment_text(wall - most_s) or ""
            found.append({"kind": kind, "matches": len(starts), "in_play": len(playing), "since": at})
    return found


class DataWatch:
    """Checks the data of each cycle, and logs when its health changes."""

    def __init__(self, longest_s: float) -> None:
        """Set the longest time, in seconds, that most matches in play may lack a kind of data."""
        self.degraded: list[Degradation] = []
        self.lacking: Mapping[str, int] = {}
        """By kind of data, in how many matches in play it is missing or old."""
        self._longest_s = longest_s
        self._since: Since = {}

    def judge(self, outcome: CycleResult) -> None:
        """Check a cycle that has just ended."""
        matches, now, wall = shown(outcome), time.monotonic(), time.time()
        self._since = lacking_since(matches, self._since, now)
        self.lacking = Counter(kind for match in matches if match.in_play for kind in match.lacks)
        before = {one["kind"] for one in self.degraded}
        self.degraded = degradations(matches, self._since, now=now, wall=wall, longest_s=self._longest_s)
        if new := [one for one in self.degraded if one["kind"] not in before]:
            log.error("Health is degraded: %s", degradation_text(new, wall))
        elif before and not self.degraded:
            log.info("Health is no longer degraded")
