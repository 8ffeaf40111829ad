"""Rounds: one cycle's asking, in which each answer may call for further calls."""

from collections.abc import Callable, Iterable, Mapping

from footy.mirror.changes import pending, unordered
from footy.mirror.joins import gathered_details, held_details, references_for
from footy.mirror.state import Held, Source, State
from footy.pipeline import plan
from footy.pipeline.fetch import Fetcher
from footy.pipeline.plan import Call, PlanInputs, Value
from footy.records.selection import Selection, Verdict
from footy.reference.lookup import Key, Reference
from footy.thesports import endpoints
from footy.thesports.client import Fetched, LiveList
from footy.thesports.endpoints import Endpoint
from footy.thesports.errors import OutOfTimeError, StoppedError, VendorError
from footy.thesports.models import Detail, LiveMatch
from footy.thesports.quota import Spending

LIVE = Key(endpoints.LIVE)


class Rounds:
    """Asks for the live list, for what does not depend on it, and then for what the answers call for."""

    def __init__(
        self,
        fetcher: Fetcher,
        reference: Reference,
        spending: Spending | None,
        *,
        before: State,
        inputs: PlanInputs,
        selection: Selection,
    ) -> None:
        self._gatherer = fetcher
        self._gathered = fetcher.gathered
        self._reference = reference
        self._spending = spending
        self._before = before
        self._terms = inputs
        self._selection = selection
        self._filtered = not selection.keeps_all
        self._on_live: Callable[[], None] = lambda: None

    def run(self, on_live: Callable[[], None]) -> Fetched[LiveList] | VendorError:
        """Ask until nothing is left to ask or the time is up; `on_live` is called when the list is in."""
        self._on_live = on_live
        ask = self._gatherer
        first = plan.first_round(self._before, self._terms, chosen=self._chosen())
        self._reserve(len({call.key.id for call in first if call.key.id}))
        ask.add(first)
        ask.run(self._on_answer)
        while failed := [feed for feed in self._failed_feeds() if feed not in self._terms.refused]:
            self._terms = self._terms.without(failed)
            ask.add([*plan.fallback_feed(self._before, self._terms), *self._after_live()])
            ask.run(self._on_answer)
        if self._filtered:
            ask.add(self._of_chosen())
            ask.run(self._on_answer)
        if named := self._only_named():
            ask.add(plan.changed_odds(named, self._wanted_ones(), self._before, self._terms))
            ask.run(self._on_answer)
        if self._spending is not None:
            self._spending.settle()
        return self._gathered.answers[LIVE]

    def _listed(self) -> Mapping[str, LiveMatch]:
        answer = self._gathered.answers.get(LIVE)
        return answer.value.matches if isinstance(answer, Fetched) else {}

    def _on_answer(self, call: Call) -> Iterable[Call]:
        if call.key == LIVE:
            self._on_live()
            return self._after_live()
        if call.key.endpoint is endpoints.DELETED:
            self._forget_deleted()
            return ()
        if call.key.endpoint is not endpoints.DETAIL:
            return ()
        if call.value is Value.FEED:
            feed = self._gathered.feed(endpoints.DETAIL)
            rows = [] if feed is None else [row for row in feed.value if row.id in self._before.matches]
        else:
            answer = self._gathered.details.get(call.key.id)
            rows = [answer.value] if isinstance(answer, Fetched) else []
        return [named for row in rows for named in self._named_by(row)]

    def _failed_feeds(self) -> list[Endpoint]:
        """Name the feeds that were asked in vain, for another reason than the time being up."""
        return [
            key.endpoint
            for key, answer in self._gathered.answers.items()
            if key != LIVE
            and isinstance(answer, VendorError)
            and not isinstance(answer, OutOfTimeError | StoppedError)
        ]

    def _only_named(self) -> frozenset[str]:
        """Return the matches whose odds have changed in a way that only reading them in full shows."""
        changes = self._gathered.feed(endpoints.ODDS_LIVE)
        updates = self._gathered.feed(endpoints.ODDS_UPDATE)
        named = unordered(changes.value, self._before) if changes is not None else {}
        named |= dict.fromkeys(changes.unreadable, 0) if changes is not None else {}
        named |= updates.value if updates is not None else {}
        return pending(named, self._before.odds_announced)

    def _forget_deleted(self) -> None:
        answer = self._gathered.feed(endpoints.DELETED)
        if answer is not None:
            keys = [Key(endpoints.TEAM, one) for one in answer.value.team]
            keys += [Key(endpoints.COMPETITION, one) for one in answer.value.competition]
            self._reference.forget(keys, answer.at)

    def _wanted_ones(self) -> dict[str, LiveMatch]:
        """Give the listed matches but those that are deleted, or known not to be wanted."""
        listed = self._listed()
        left_out = self._before.deleted | (self._ruled_out(listed) if self._filtered else frozenset())
        return {match_id: match for match_id, match in listed.items() if match_id not in left_out}

    def _after_live(self) -> list[Call]:
        asked = self._wanted_ones()
        self._reserve(len(asked))
        return plan.after_live_list(asked, self._before, self._terms, filtered=self._filtered)

    def _reserve(self, matches: int) -> None:
        """Write down that so many matches are about to be asked about, retries and all."""
        if self._spending is not None:
            self._spending.reserve(matches)

    def _chosen(self) -> frozenset[str] | None:
        """Return the held matches that the operator is known to want; None if all are wanted."""
        if not self._filtered:
            return None
        held = self._before.matches
        return frozenset(
            match_id
            for match_id, match in held.items()
            if self._selection.judge(match.detail, self._before.references) is Verdict.YES
        )

    def _ruled_out(self, listed: Iterable[str]) -> frozenset[str]:
        """Give the matches that the operator does not want, as far as it is known already."""
        held = self._before.matches
        return frozenset(
            match_id
            for match_id in listed
            if match_id in held
            and held[match_id].detail.value is not None
            and self._selection.judge(held[match_id].detail, self._before.references) is Verdict.NO
        )

    def _named_by(self, detail: Detail) -> list[Call]:
        teams = [] if self._filtered else plan.teams_of(detail)
        return [*plan.competition_of(detail), *teams]

    def _of_chosen(self) -> Iterable[Call]:
        """Teams and odds of the matches of which it can be told by now that they are wanted."""
        details = held_details(self._before) | gathered_details(self._gathered)
        references = references_for(self._reference, self._gathered, self._before, details, self._terms)
        chosen = []
        for match_id in self._listed():
            detail = details.get(match_id)
            held = Held(detail, self._terms.now, Source.FRESH)
            if detail is not None and self._selection.judge(held, references) is Verdict.YES:
                chosen.append(match_id)
                yield from plan.teams_of(detail)
        yield from plan.odds_of(chosen, self._listed(), self._before, self._terms)
