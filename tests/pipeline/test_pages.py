"""Pages or ids: the choice as a table, and the pages of a list one after the other."""

from dataclasses import replace

import pytest
from msgspec import structs

from footy.mirror.inputs import CycleInputs
from footy.pipeline import pages
from footy.pipeline.pages import AGAIN_S, REACH_S, Allowance, End, KnownLists, Listing
from footy.thesports.decoders import Page
from footy.thesports.endpoints import COMPETITION, DETAIL, PAGE_ROWS, TEAM, Endpoint
from footy.thesports.request import Priority, Request
from tests.support.slow_vendor import Following, Vendor

NOW = 1_800_000_000.0
INPUTS = CycleInputs(now=NOW, interval_s=60, vendor_ahead_s=5)
PLENTY = Allowance(left_s=48, answer_s=0.28, workers=30)
WANTED = frozenset(f"w{number}" for number in range(50))


@pytest.mark.parametrize(
    ("endpoint", "missing", "inputs", "allowance", "by_page"),
    [
        # How many are missing: a page is worth four requests by id.
        (DETAIL, 1, {}, {}, False),
        (DETAIL, 12, {}, {}, False),
        (DETAIL, 13, {}, {}, True),
        (DETAIL, 1000, {}, {}, True),
        (COMPETITION, 12, {}, {}, False),
        (COMPETITION, 13, {}, {}, True),
        (TEAM, 204, {}, {}, False),
        (TEAM, 320, {}, {}, False),
        (TEAM, 321, {}, {}, True),
        # How many pages there have been before.
        (DETAIL, 30, {"page_counts": {DETAIL: 8}}, {}, False),
        (DETAIL, 33, {"page_counts": {DETAIL: 8}}, {}, True),
        (DETAIL, 1000, {"page_counts": {DETAIL: 9}}, {}, False),
        (TEAM, 41, {"page_counts": {TEAM: 9}}, {}, True),
        # What the account and the quota allow.
        (DETAIL, 1000, {"refused": frozenset({DETAIL})}, {}, False),
        (DETAIL, 1000, {"refused": frozenset({TEAM})}, {}, True),
        (DETAIL, 1000, {"pages_failed": frozenset({DETAIL})}, {}, False),
        (DETAIL, 1000, {"left": {DETAIL: 3}}, {}, False),
        (DETAIL, 1000, {"left": {DETAIL: 4}}, {}, True),
        # How much time is left: half of it, or no more than by id.
        (DETAIL, 20, {}, {"left_s": 1.6}, False),
        (DETAIL, 60, {}, {"left_s": 1.6}, False),
        (DETAIL, 61, {}, {"left_s": 1.6}, True),
        (DETAIL, 20, {}, {"left_s": 1.7}, True),
        (DETAIL, 20, {}, {"answer_s": 0, "left_s": 1.6}, True),
        (TEAM, 321, {}, {"answer_s": 9}, True),
        (TEAM, 321, {}, {"answer_s": 9, "workers": 100}, False),
    ],
)
def test_many_missing_rows_are_read_by_page_and_few_by_id(
    endpoint: Endpoint,
    missing: int,
    inputs: dict[str, object],
    allowance: dict[str, float],
    by_page: bool,
) -> None:
    given = replace(INPUTS, **inputs)  # type: ignore[arg-type]
    assert pages.by_page(endpoint, missing, replace(PLENTY, **allowance), given) is by_page  # type: ignore[arg-type]


def page(first: int, *, size: int = PAGE_ROWS, latest: int = 0) -> Page:
    """Return a page with ids from `first` on."""
    return Page([], size, latest, tuple(str(number) for number in range(first, first + size)))


def walk(*answers: tuple[Page | None, int], since: int | None = None, wanted: int = 50) -> Listing:
    """Read pages in their order, each of which brings so many wanted rows."""
    listing = Listing(DETAIL, frozenset(sorted(WANTED)[:wanted]), 8, since)
    for number, (answer, count) in enumerate(answers, start=1):
        listing, _ = listing.requests(PLENTY)
        listing = listing.after(number, answer, sorted(listing.wanted)[:count])
    return listing


@pytest.mark.parametrize(
    ("listing", "end", "wanted"),
    [
        (walk((page(0), 10)), None, 40),
        (walk((page(0), 10), (page(1000), 40)), End.FOUND, 0),
        (walk((page(0), 10), (page(1000), 36)), End.FEW, 4),
        (walk((page(0), 10), (page(1000, size=999), 10)), End.LAST, 30),
        (walk((page(0), 10), (page(1000, size=0), 0)), End.LAST, 40),
        (walk((page(0, size=0), 0)), End.EMPTY, 50),
        (walk((None, 0)), End.FAILED, 50),
        (walk((page(0), 10), (None, 0)), End.FAILED, 40),
        (walk((page(0), 10), (page(0), 0)), End.STUCK, 40),
        (walk((page(0), 10), (page(500), 10)), None, 30),
        (walk(*((page(1000 * number), 1) for number in range(8))), End.LONG, 42),
        # Along the changes.
        (walk((page(0, latest=200), 10), since=100), None, 40),
        (walk((page(0, latest=100), 10), since=100), End.STUCK, 40),
        (walk((page(0, latest=200), 10), (page(500, latest=200), 10), since=100), End.STUCK, 30),
        (walk((page(0, size=7, latest=200), 7), since=100), End.LAST, 43),
        (walk((page(0, size=0), 0), since=100), End.EMPTY, 50),
    ],
)
def test_the_end_of_a_list_is_known_whatever_its_pages_are(
    listing: Listing, end: End | None, wanted: int
) -> None:
    assert listing.end is end
    assert len(listing.wanted) == wanted
    assert (listing.requests(PLENTY)[1] == []) is (end is not None)


def test_details_are_walked_along_their_changes_one_page_at_a_time() -> None:
    listing, (first,) = pages.listing(DETAIL, WANTED, INPUTS).requests(PLENTY)
    assert first == Request(DETAIL, since=int(NOW) + 5 - REACH_S, page=1)
    assert (first.priority, first.within_s) == (Priority.PAGE, 12)
    assert listing.requests(PLENTY)[1] == []
    _, (second,) = listing.after(1, page(0, latest=int(NOW) - 60), []).requests(PLENTY)
    assert second == Request(DETAIL, since=int(NOW) - 60, page=2)


def test_the_more_pages_have_arrived_the_more_are_requested_at_once() -> None:
    listing = pages.listing(TEAM, WANTED, INPUTS)
    asked = []
    for number in range(1, 5):
        listing, requests = listing.requests(PLENTY)
        asked.append([request.page for request in requests])
        listing = listing.after(number, page(1000 * number), [])
    assert asked == [[1], [2, 3], [4, 5], [6, 7]]


def test_pages_beyond_the_last_one_that_arrive_first_end_nothing() -> None:
    listing = pages.listing(TEAM, WANTED, INPUTS)
    for number in (1, 2, 3):
        listing = listing.requests(PLENTY)[0].after(number, page(1000 * number), [])
    listing, requests = listing.requests(PLENTY)
    assert [request.page for request in requests] == [6, 7]
    for number in (7, 6):
        listing = listing.after(number, page(0, size=0), [])
    assert (listing.last, listing.end) == (5, None)
    listing = listing.after(4, page(4000), []).after(5, page(5000), [])
    assert (listing.end, listing.pages) == (End.LAST, 5)


def test_a_page_that_arrives_after_the_end_changes_nothing() -> None:
    ended = walk((None, 0))
    assert ended.after(2, page(0), ["w1"]) is ended


def test_a_quota_limits_the_pages() -> None:
    assert pages.listing(DETAIL, WANTED, replace(INPUTS, left={DETAIL: 5})).most == 5


def test_later_cycles_know_the_number_of_pages_and_leave_useless_ones_alone_for_a_while() -> None:
    known = KnownLists().after(
        [
            walk((page(0), 10), (page(1000, size=9), 1)),
            replace(walk((page(0), 10), (page(0), 0)), endpoint=TEAM),
            replace(walk((page(0), 50)), endpoint=COMPETITION),
        ],
        100.0,
    )
    assert known.page_counts == {DETAIL: 2}
    assert known.failed_lately(99 + AGAIN_S) == {TEAM}
    assert known.failed_lately(100 + AGAIN_S) == set()


def test_the_log_is_told_what_the_pages_brought() -> None:
    assert walk((page(0), 10), (page(1000), 40)).sentence() == (
        "Match details: 50 of 50 found on 2 pages; nothing is left"
    )
    assert walk((None, 0)).sentence() == (
        "Match details: 0 of 50 found on 0 pages; a page failed; the rest is read by id"
    )


class Partly(Vendor):
    """A vendor of whose pages some rows cannot be read in full."""

    def _page(self, request: Request) -> Page:
        page = super()._page(request)
        if request.endpoint is DETAIL:
            page.rows[::4] = [structs.replace(row, left_out=("note",)) for row in page.rows[::4]]
        return page


def test_a_row_that_a_page_has_only_in_part_is_read_by_id() -> None:
    service = Following(Partly(40, lambda _endpoint: 0.3), 60, delta=True)
    service.cycle()
    assert not service.lacking()
    by_id = [one for endpoint, one in service.asked if endpoint is DETAIL and one]
    assert len(by_id) == 10
    details = [match.detail.value for match in service.state.matches.values()]
    assert [one for one in details if one is None or one.left_out] == []


def test_odds_do_not_wait_for_pages_and_names_do() -> None:
    service = Following(Vendor(40, lambda endpoint: 3.0 if endpoint is DETAIL else 0.3), 60, delta=True)
    service.cycle()
    asked = [endpoint for endpoint, _ in service.asked]
    assert asked.index(TEAM) > 40 + asked.index(DETAIL)
    assert [one for endpoint, one in service.asked if endpoint is COMPETITION] == [""]
    assert not service.lacking()
