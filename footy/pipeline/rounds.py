"""The rounds of requests of one cycle; an answer may lead to further requests."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from footy.mirror.answers import OddsChanges
from footy.mirror.changes import pending, unordered
from footy.mirror.inputs import CycleInputs
from footy.mirror.joins import held_details, references_for
from footy.mirror.state import Held, Source, State
from footy.pipeline import plan
from footy.pipeline.fetch import Fetcher
from footy.records.selection import Selection, Verdict
from footy.reference.lookup import Lookup
from footy.thesports import endpoints
from footy.thesports.decoders import DetailChanges, OddsUpdates
from footy.thesports.endpoints import Endpoint
from footy.thesports.errors import OutOfTimeError, StoppedError
from footy.thesports.models import Deleted, Detail, LiveMatch
from footy.thesports.quota import Quota
from footy.thesports.request import LIVE_LIST, Answer, Request


@dataclass
class Rounds:
    """Requests the live list, what does not depend on it, and then what the answers make necessary."""

    fetcher: Fetcher
    lookup: Lookup
    quota: Quota
    before: State
    inputs: CycleInputs
    selection: Selection

    def __post_init__(self) -> None:
        self._answers = self.fetcher.answers
        self._filtered = not self.selection.keeps_all

    def run(self) -> Iterator[Answer[object]]:
        """Yield the answers until no request is left or the time is up."""
        # 1. The live list, and what does not depend on it.
        first = plan.first_round(self.before, self.inputs, chosen=self._chosen())
        self.quota.reserve(len({request.id for request in first if request.id}))
        yield from self._request(first)
        # 2. A substitute for each feed that failed.
        while failed := [feed for feed in self._failed_feeds() if feed not in self.inputs.refused]:
            self.inputs = self.inputs.without(failed)
            yield from self._request([*plan.fallback_feed(self.before, self.inputs), *self._after_live()])
        # 3. With filters: what is requested only for matches that the operator wants.
        if self._filtered:
            yield from self._request(self._teams_and_odds())
        # 4. Changed odds whose new value only a full read shows.
        if named := self._announced_odds():
            wanted = self._wanted()
            yield from self._request(plan.changed_odds(named, wanted, self.before, self.inputs))
        self.quota.settle()

    def _request(self, requests: Iterable[Request]) -> Iterator[Answer[object]]:
        """Make these requests and their follow-ups, and yield the answers."""
        self.fetcher.add(requests)
        for answer in self.fetcher.run():
            self.fetcher.add(self._follow_up(answer))
            yield answer

    def _follow_up(self, answer: Answer[object]) -> Iterable[Request]:
        """Return the requests that follow from an answer."""
        if answer.request == LIVE_LIST:
            return self._after_live()
        match answer.value:
            case Deleted() as deleted:
                keys = [Request(endpoints.TEAM, one) for one in deleted.team]
                keys += [Request(endpoints.COMPETITION, one) for one in deleted.competition]
                self.lookup.forget(keys, answer.at or self.inputs.now)
                return ()
            case DetailChanges(rows):
                held = (row for row in rows if row.id in self.before.matches)
                return [named for row in held for named in self._references_of(row)]
            case Detail() as row:
                return self._references_of(row)
            case _:
                return ()

    def _listed(self) -> Mapping[str, LiveMatch]:
        answer = self._answers.live()
        return {} if answer is None or answer.value is None else answer.value.matches

    def _failed_feeds(self) -> list[Endpoint]:
        """Return the feeds that failed, except for lack of time or because footy stops."""
        return [
            one.request.endpoint
            for one in self._answers.failed_feeds()
            if not isinstance(one.error, OutOfTimeError | StoppedError)
        ]

    def _announced_odds(self) -> frozenset[str]:
        """Return the matches with changed odds whose new value only a full read shows."""
        changes, updates = self._answers.feed(OddsChanges), self._answers.feed(OddsUpdates)
        named: dict[str, int] = {}
        if changes is not None:
            named |= unordered(changes, self.before) | dict.fromkeys(changes.unreadable, 0)
        if updates is not None:
            named |= updates.newest
        return pending(named, self.before.odds_announced)

    def _wanted(self) -> dict[str, LiveMatch]:
        """Return the listed matches without those that are deleted or known to be filtered out."""
        listed = self._listed()
        left_out = self.before.deleted | (self._ruled_out(listed) if self._filtered else frozenset())
        return {match_id: match for match_id, match in listed.items() if match_id not in left_out}

    def _after_live(self) -> list[Request]:
        wanted = self._wanted()
        self.quota.reserve(len(wanted))
        return plan.after_live_list(wanted, self.before, self.inputs, filtered=self._filtered)

    def _chosen(self) -> frozenset[str] | None:
        """Return the held matches known to pass the filters; None if there are no filters."""
        if not self._filtered:
            return None
        return frozenset(self._with_verdict(self.before.matches, Verdict.YES))

    def _ruled_out(self, listed: Iterable[str]) -> frozenset[str]:
        """Return the listed matches known to fail the filters."""
        held = self.before.matches
        known = (one for one in listed if one in held and held[one].detail.value is not None)
        return frozenset(self._with_verdict(known, Verdict.NO))

    def _with_verdict(self, match_ids: Iterable[str], verdict: Verdict) -> Iterator[str]:
        """Yield the ids of those held matches that get this verdict from the filters."""
        for match_id in match_ids:
            detail = self.before.matches[match_id].detail
            if self.selection.judge(detail, self.before.references) is verdict:
                yield match_id

    def _references_of(self, detail: Detail) -> list[Request]:
        teams = [] if self._filtered else plan.teams_of(detail)
        return [*plan.competition_of(detail), *teams]

    def _teams_and_odds(self) -> Iterable[Request]:
        """Yield the requests for teams and odds of the matches now known to pass the filters."""
        details = held_details(self.before) | self._answers.details()
        references = references_for(self.lookup, self._answers, self.before.references, details, self.inputs)
        chosen = []
        for match_id in self._listed():
            detail = details.get(match_id)
            held = Held(detail, self.inputs.now, Source.FRESH)
            if detail is not None and self.selection.judge(held, references) is Verdict.YES:
                chosen.append(match_id)
                yield from plan.teams_of(detail)
        yield from plan.odds_of(chosen, self._listed(), self.before, self.inputs)
