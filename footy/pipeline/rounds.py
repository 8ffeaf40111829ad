"""The rounds of requests of one cycle; an answer may lead to further requests."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from footy.mirror.answers import OddsChanges
from footy.mirror.changes import pending, unordered
from footy.mirror.inputs import CycleInputs
from footy.mirror.joins import held_details, references_for
from footy.mirror.state import Held, Source, State
from footy.pipeline import pages, plan
from footy.pipeline.fetch import Fetcher
from footy.pipeline.pages import Allowance, Listing
from footy.records.selection import Selection, Verdict
from footy.reference.lookup import Lookup
from footy.thesports import endpoints
from footy.thesports.decoders import DetailChanges, OddsUpdates, Page
from footy.thesports.endpoints import Endpoint
from footy.thesports.errors import OutOfTimeError, StoppedError
from footy.thesports.models import Deleted, Detail, LiveMatch
from footy.thesports.quota import Quota
from footy.thesports.request import LIVE_LIST, Answer, Priority, Request

log = logging.getLogger(__name__)

FEW = 12
"""Number of missing rows up to which they are read by id, without a word in the log."""


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
        self.listings: dict[Endpoint, Listing] = {}
        """The lists of which pages were requested in this cycle."""
        self._held_back: dict[Request, None] = {}
        """Requests for names, which wait for the details: then it is known how many there are."""
        self._updated_at: dict[str, int] = {}
        """The vendor's time of the last change, by id of the matches whose detail a page has brought."""

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
        self.quota.save()

    def _request(self, requests: Iterable[Request]) -> Iterator[Answer[object]]:
        """Make these requests and their follow-ups, and yield the answers."""
        self.fetcher.add(self._planned(requests))
        for answer in self.fetcher.run():
            if answer.request.page:
                yield from self._rows_of(answer)
            else:
                self.fetcher.add(self._planned(self._follow_up(answer)))
                yield answer

    # By page or by id.

    def _planned(self, requests: Iterable[Request]) -> list[Request]:
        """Return these requests, but where many rows are missing, the pages that bring them."""
        planned: list[Request] = []
        names: list[Request] = []
        for request in requests:
            (names if request.priority is Priority.REFERENCE else planned).append(request)
        details = [
            request
            for request in planned
            if request.priority is Priority.DETAIL and not self._holds_detail(request.id)
        ]
        if (by_page := self._by_page(endpoints.DETAIL, details)) is not None:
            replaced = set(details)
            planned = [*by_page, *(request for request in planned if request not in replaced)]
        return [*planned, *self._names(names)] if names else planned

    def _names(self, requests: Iterable[Request]) -> list[Request]:
        """Return the requests for names that are not in memory, by page if that is better."""
        if self._is_listing(endpoints.DETAIL):
            self._held_back |= dict.fromkeys(requests)
            return []
        unknown = self.lookup.unknown(requests)
        planned: list[Request] = []
        for endpoint in (endpoints.COMPETITION, endpoints.TEAM):
            of_endpoint = [request for request in unknown if request.endpoint is endpoint]
            if len(of_endpoint) <= FEW and not self._is_listing(endpoint):
                planned += of_endpoint
                continue
            missing = [request for request in of_endpoint if not self.lookup.is_kept(request)]
            by_page = self._by_page(endpoint, missing)
            kept = set(of_endpoint).difference(missing)
            planned += of_endpoint if by_page is None else [*by_page, *kept]
        return planned

    def _by_page(self, endpoint: Endpoint, requests: list[Request]) -> list[Request] | None:
        """Return the requests for pages that are to replace requests by id; None if these are better."""
        if not requests:
            return None
        if self._is_listing(endpoint):
            listing = self.listings[endpoint]
            added = replace(listing, wanted=listing.wanted | {request.id for request in requests})
            self.listings[endpoint] = added
            return []
        wanted = {request.id for request in requests}
        if endpoint is endpoints.DETAIL:  # a quota may have cut the requests
            wanted |= {one for one in self._wanted() if not self._holds_detail(one)}
        if endpoint in self.listings:
            return None
        title = endpoint.title.capitalize()
        if not pages.by_page(endpoint, len(wanted), self._allowance(endpoint), self.inputs):
            if len(wanted) > FEW:
                log.info("%s: %d are missing; reading them by id", title, len(wanted))
            return None
        log.info("%s: %d are missing; reading them by page", title, len(wanted))
        return self._next_pages(pages.listing(endpoint, wanted, self.inputs))

    def _next_pages(self, listing: Listing) -> list[Request]:
        self.listings[listing.endpoint], requests = listing.requests(self._allowance(listing.endpoint))
        listed = any(one.end is None for one in self.listings.values())
        self.fetcher.way = "by page" if listed else "by id"
        return requests

    def _allowance(self, endpoint: Endpoint) -> Allowance:
        fetcher = self.fetcher
        return Allowance(fetcher.left_s(), fetcher.answer_s(endpoint), fetcher.workers)

    def _is_listing(self, endpoint: Endpoint) -> bool:
        listing = self.listings.get(endpoint)
        return listing is not None and listing.end is None

    def _holds_detail(self, match_id: str) -> bool:
        held = self.before.matches.get(match_id)
        return held is not None and held.detail.value is not None

    def _rows_of(self, answer: Answer[object]) -> Iterator[Answer[object]]:
        """Yield the wanted rows of a page as answers to requests by id; plan the next pages, or the rest."""
        request, page = answer.request, answer.value if isinstance(answer.value, Page) else None
        listing = self.listings[request.endpoint]
        taken: set[str] = set()
        if page is not None and listing.end is None:
            for row in self._wanted_rows(listing, page, answer.at or self.inputs.now):
                taken.add(row.request.id)
                self._answers.add(row)
                self.fetcher.add(self._planned(self._follow_up(row)))
                yield row
        self._after_page(listing.after(request.page, page, taken & listing.wanted))

    def _wanted_rows(self, listing: Listing, page: Page, at: float) -> Iterator[Answer[object]]:
        if listing.endpoint is endpoints.DETAIL:
            for row in sorted(page.rows, key=lambda one: one.updated_at or 0):
                updated_at = row.updated_at or 0
                is_newer = updated_at > self._updated_at.get(row.id, updated_at)
                if (row.id in listing.wanted or is_newer) and not row.left_out:
                    self._updated_at[row.id] = updated_at
                    yield Answer(Request(endpoints.DETAIL, row.id), row, at)
            return
        for row_id, text in zip(page.ids, page.rows, strict=True):
            if row_id is not None and row_id in listing.wanted:
                taken = self.lookup.take(Request(listing.endpoint, row_id), text, at)
                if taken is not None:
                    yield taken

    def _after_page(self, listing: Listing) -> None:
        """Plan what follows from a page: the next ones, or the end of the list and the rest by id."""
        endpoint, was_open = listing.endpoint, self._is_listing(listing.endpoint)
        self.fetcher.add(self._next_pages(listing))
        if listing.end is None or not was_open:
            return
        log.info("%s", listing.sentence())
        if endpoint is endpoints.DETAIL:
            held = {one: match.live.value for one, match in self.before.matches.items() if match.live.value}
            listed = self._listed() or held
            self.fetcher.add(plan.details_of(listing.wanted, listed, self.before, self.inputs))
            held_back, self._held_back = self._held_back, {}
            self.fetcher.add(self._names(held_back))
        else:
            self.fetcher.add(
                Request(endpoint, one, priority=Priority.REFERENCE) for one in sorted(listing.wanted)
            )

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
