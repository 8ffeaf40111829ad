"""What the vendor answered in one cycle."""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar, cast

from footy.mirror.odds_book import OddsBook
from footy.thesports import endpoints
from footy.thesports.decoders import LiveList, PriceChange
from footy.thesports.errors import RefusedError, is_unsent
from footy.thesports.models import Detail
from footy.thesports.request import LIVE_LIST, Answer, Priority, Request

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FullOdds:
    """Odds read in full, reduced to the rows that can matter."""

    book: OddsBook
    settled: OddsBook | None = None
    """The same for the rows before the request's watermark; None if there is no comparison with the feed."""


@dataclass(frozen=True, slots=True)
class OddsChanges:
    """A reply of `odds/live`."""

    listed: list[PriceChange]
    """In the vendor's order."""
    directions: frozenset[bool]
    """The directions in which its series run, see `changes.directions`."""
    unreadable: frozenset[str] = frozenset()
    """Ids of matches with an unreadable change."""


@dataclass(slots=True)
class Answers:
    """The last answer to each request of a cycle."""

    by_request: dict[Request, Answer[object]] = field(default_factory=dict)
    checks: dict[str, bool] = field(default_factory=dict)
    """Ids of the matches chosen for the self-check, in order, and whether each was requested."""

    def add(self, answer: Answer[object]) -> None:
        """Record an answer, but no failure of a self-check: the value to compare is still held.

        A page is not recorded either: each row that is wanted of it is an answer of its own, and what it does
        not bring is requested by id.
        """
        request, error = answer.request, answer.error
        if request.page:
            return
        if request.priority is Priority.CHECK:
            if not is_unsent(error):
                self.checks[request.id] = True
            if error is not None:
                return
        self.by_request[request] = answer

    def __iter__(self) -> Iterator[Answer[object]]:
        """Yield the answers in the order in which they were first recorded."""
        return iter(self.by_request.values())

    def live(self) -> Answer[LiveList] | None:
        """Return the answer to the live list, or its error; None if there is no answer yet."""
        return self._answer(LIVE_LIST, LiveList)

    def detail(self, match_id: str) -> Answer[Detail] | None:
        """Return the detail of a match read in full, or the error; None if it was not requested."""
        return self._answer(Request(endpoints.DETAIL, match_id), Detail)

    def odds(self, match_id: str) -> Answer[FullOdds] | None:
        """Return the odds of a match read in full, or the error; None if they were not requested."""
        return self._answer(Request(endpoints.ODDS, match_id), FullOdds)

    def feed(self, kind: type[T]) -> T | None:
        """Return a feed's value, selected by its type; None if the feed was not requested or failed."""
        values = (one.value for one in self if one.request.priority is Priority.FEED)
        return next((value for value in values if isinstance(value, kind)), None)

    def failed_feeds(self) -> list[Answer[object]]:
        """Return the answers of the feeds that failed."""
        return [one for one in self if one.request.priority is Priority.FEED and one.error is not None]

    def details(self) -> dict[str, Detail]:
        """Return the details that were read one by one, by match id."""
        return {
            one.request.id: one.value
            for one in self
            if isinstance(one.value, Detail) and one.request.endpoint is endpoints.DETAIL
        }

    def read_odds(self) -> set[str]:
        """Return the matches whose odds were read in full."""
        return {one.request.id for one in self if isinstance(one.value, FullOdds)}

    def is_unconfirmed_refusal(self, request: Request) -> bool:
        """Check whether a request was refused although its endpoint did not yet count as refused."""
        answer = self.by_request.get(request)
        error = None if answer is None else answer.error
        return isinstance(error, RefusedError) and not error.confirmed_refusal

    def left_out(self) -> Counter[str]:
        """Count the unreadable values in the replies of this cycle's feeds, by endpoint and field."""
        return Counter(
            f"{one.request.endpoint} {path}"
            for one in self
            if one.request.priority is Priority.FEED
            for path in one.left_out
        )

    @property
    def checked(self) -> int:
        """Number of matches that the self-check has finished; the next one starts after them."""
        return len(list(itertools.takewhile(bool, self.checks.values())))

    def _answer(self, request: Request, kind: type[T]) -> Answer[T] | None:
        answer = self.by_request.get(request)
        if answer is None or not (answer.value is None or isinstance(answer.value, kind)):
            return None
        return cast("Answer[T]", answer)
