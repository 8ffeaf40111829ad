"""Typed calls: what is read, and that anything unlike it is a named error of as little as possible."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footy.thesports import endpoints
from footy.thesports.client import Client
from footy.thesports.decoders import (
    DetailChanges,
    LiveList,
    Page,
    ReferenceChanges,
    read_live,
    read_odds_changes,
    read_reference,
    read_row,
)
from footy.thesports.errors import BadBodyError, NoSuchRowError, RefusedError, TimedOutError, VendorError
from footy.thesports.models import Detail, StatRow, Team
from footy.thesports.request import LIVE_LIST, Request
from tests.support.wire import Server, Talk, answer, asking, budget, reply, results_of

SIDE = [1, 0, 0, 2, 5, 0, 0]
MATCH = {
    "id": "m1",
    "score": ["m1", 4, SIDE, SIDE, 1_748_450_000, ""],
    "stats": [{"type": 21, "home": 3, "away": 2}],
    "incidents": [{"type": 1, "position": 1, "time": 12, "home_score": 1, "away_score": 0}],
    "tlive": [{"time": "7'", "data": "7' - first corner", "position": 1}],
}
DETAIL = {"id": "m1", "home_team_id": "t1", "match_time": 1_748_450_000, "updated_at": 1_748_450_100}
ODDS_ROW = [1_748_450_000, "12", 1.5, 4.0, 6.5, 2, 0, "1-0"]
ODDS = {"2": {"eu": [ODDS_ROW]}}
CHANGE = ["m1", "eu", [1_748_450_000, "12", "1.5,4.0,6.5,0", 2], "1-0"]
NESTED = b"[" * 3000 + b"]" * 3000

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=9,
)


def live_match(match_id: str, **changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(MATCH), "id": match_id, "score": [match_id, *MATCH["score"][1:]], **changes}


def text(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.fixture
def client(server: Server) -> Iterator[Client]:
    with asking(server.url) as transport:
        yield Client(transport)


def says(server: Server, results: Any) -> None:
    server.script = answer(reply(results_of(results)))


CALLS: dict[str, tuple[Request | None, Any]] = {
    "live": (LIVE_LIST, [MATCH]),
    "detail": (Request(endpoints.DETAIL, "m1"), [DETAIL]),
    "final": (Request(endpoints.FINAL, "m1"), MATCH),
    "odds": (Request(endpoints.ODDS, "m1"), ODDS),
    "details since": (Request(endpoints.DETAIL, since=5), [DETAIL]),
    "references since": (Request(endpoints.TEAM, since=5), [{"id": "t"}]),
    "reference": (Request(endpoints.TEAM, "t1"), [{"id": "t1"}]),
    "odds changes": (Request(endpoints.ODDS_LIVE), {"2": [CHANGE]}),
    "odds updates": (Request(endpoints.ODDS_UPDATE), [{"id": "m1", "company_id": 2}]),
    "deleted": (Request(endpoints.DELETED), {"match": ["m1"]}),
    "address": (None, {"request_ip": "203.0.113.7"}),
}
each_call = pytest.mark.parametrize(("request_", "good"), CALLS.values(), ids=CALLS.keys())


def ask(client: Client, request: Request | None) -> Any:
    """Ask, return the value and raise the error of the answer; without a request ask for the address."""
    if request is None:
        return client.address(budget())
    answered = client.ask(request, budget())
    if answered.error is not None:
        raise answered.error
    return answered.value


def live(client: Client) -> LiveList:
    found: LiveList = ask(client, LIVE_LIST)
    return found


class TestEveryRequest:
    @each_call
    def test_a_good_answer_is_read(
        self, server: Server, client: Client, request_: Request | None, good: Any
    ) -> None:
        says(server, good)
        ask(client, request_)

    @each_call
    def test_nesting_without_end_in_a_field_that_is_not_read_is_no_bug(
        self, server: Server, client: Client, request_: Request | None, good: Any
    ) -> None:
        nested = (
            text(good)[:-1]
            + b","
            + (b'{"id":"m2","x":%b}]' if isinstance(good, list) else b'"x":%b}') % NESTED
        )
        server.script = answer(reply(b'{"code":0,"results":' + nested + b"}"))
        try:
            ask(client, request_)
        except VendorError as error:
            assert str(error).isprintable()  # noqa: PT017 - what is nested is left out

    @each_call
    def test_bytes_that_are_no_text_are_no_bug(
        self, server: Server, client: Client, request_: Request | None, good: Any
    ) -> None:
        server.script = answer(
            reply(results_of(good).replace(b'"m1"', b'"\xff\xfe"').replace(b'".', b'"\xff'))
        )
        try:
            ask(client, request_)
        except VendorError as error:
            assert str(error).isprintable()  # noqa: PT017 - a call that does not read the text may succeed

    @pytest.fixture(scope="class")
    @staticmethod
    def asked() -> Iterator[tuple[Server, Client]]:
        with Server(answer(reply())) as server, asking(server.url) as transport:
            yield server, Client(transport)

    @each_call
    @given(any_json)
    @settings(max_examples=30)
    def test_no_results_are_a_bug(
        self, asked: tuple[Server, Client], request_: Request | None, good: Any, results: Any
    ) -> None:
        del good
        server, client = asked
        says(server, results)
        try:
            ask(client, request_)
        except VendorError as error:
            assert str(error)  # noqa: PT017 - some of it is good


class TestFinal:
    def test_it_is_an_element_of_the_live_list(self, server: Server, client: Client) -> None:
        says(server, MATCH)
        found = ask(client, Request(endpoints.FINAL, "m1"))
        says(server, [MATCH])
        assert found == live(client).matches["m1"]

    @pytest.mark.parametrize("nothing", [{}, [], None])
    def test_an_empty_one_says_that_nothing_is_kept(
        self, server: Server, client: Client, nothing: Any
    ) -> None:
        says(server, nothing)
        with pytest.raises(NoSuchRowError):
            ask(client, Request(endpoints.FINAL, "m1"))

    @pytest.mark.parametrize("other", [live_match("m2"), live_match("m1", score=["m2", 8]), {"id": "m1"}, 7])
    def test_another_match_or_none_is_a_failed_attempt(
        self, server: Server, client: Client, other: Any
    ) -> None:
        says(server, other)
        with pytest.raises(BadBodyError):
            ask(client, Request(endpoints.FINAL, "m1"))


class TestLive:
    def test_matches_come_in_the_vendors_order(self, server: Server, client: Client) -> None:
        says(server, [live_match(name) for name in "cab"])
        found = live(client)
        assert list(found.matches) == ["c", "a", "b"]
        assert (found.broken, found.nameless) == ({}, 0)
        assert found.matches["a"].score.status_id == 4

    def test_an_empty_list_is_believed(self, server: Server, client: Client) -> None:
        says(server, [])
        assert live(client).matches == {}

    @pytest.mark.parametrize(
        "changes",
        [
            {"score": None},
            {"score": []},
            {"score": ["m2", "4th", SIDE, SIDE, 0, ""]},
            {"score": ["m2", 4.5, SIDE, SIDE, 0, ""]},
            {"score": ["m2", True, SIDE, SIDE, 0, ""]},
            {"score": ["another", 4, SIDE, SIDE, 0, ""]},
        ],
        ids=str,
    )
    def test_a_broken_element_takes_no_other_with_it(
        self, server: Server, client: Client, changes: dict[str, Any]
    ) -> None:
        says(server, [live_match("m1"), live_match("m2", **changes), live_match("m3")])
        found = live(client)
        assert list(found.matches) == ["m1", "m3"]
        assert list(found.broken) == ["m2"]
        assert found.broken["m2"]
        assert found.nameless == 0

    @pytest.mark.parametrize(
        ("changes", "path"),
        [
            ({"score": ["m2", 4, [1, "x"], SIDE, 0, ""]}, "score.home.half_time"),
            ({"score": ["m2", 4, {}, SIDE, 0, ""]}, "score.home"),
            ({"score": ["m2", 4, SIDE, "0-1", 0, ""]}, "score.away"),
            ({"score": ["m2", 4, SIDE, SIDE, "soon", ""]}, "score.period_started_at"),
            ({"score": [7, 4, SIDE, SIDE, 0, ""]}, "score.match_id"),
            ({"stats": {}}, "stats"),
            ({"stats": [{"type": "x", "home": 3, "away": 2}]}, "stats[]"),
            ({"stats": [{"home": 3, "away": 2}]}, "stats[]"),
            ({"stats": [{"type": 21, "home": [], "away": 2}]}, "stats[].home"),
            ({"incidents": ["goal"]}, "incidents[]"),
            ({"incidents": [None]}, "incidents[]"),
            ({"incidents": [{"type": 1, "time": "12'"}]}, "incidents[].time"),
            ({"incidents": [{"type": 1, "player_name": 7}]}, "incidents[].player_name"),
        ],
        ids=str,
    )
    def test_a_value_that_cannot_be_read_is_left_out_alone_and_named(
        self, server: Server, client: Client, changes: dict[str, Any], path: str
    ) -> None:
        says(server, [live_match("m1"), live_match("m2", **changes), live_match("m3")])
        found = live(client)
        assert list(found.matches) == ["m1", "m2", "m3"]
        assert (found.broken, found.nameless) == ({}, 0)
        assert found.matches["m2"].left_out == (path,)
        assert found.matches["m1"].left_out == found.matches["m3"].left_out == ()

    @pytest.mark.parametrize(
        "changes",
        [
            {"score": ["m2", 4, SIDE, None, 0, ""]},
            {"score": ["m2", 4]},
            {"score": [None, 4, SIDE, SIDE, None, None]},
            {"stats": None},
            {"incidents": None},
            {"stats": [{"type": "21", "home": "3", "away": 2.0}]},
        ],
        ids=str,
    )
    def test_what_is_unknown_or_a_number_sent_as_text_is_not_unreadable(
        self, server: Server, client: Client, changes: dict[str, Any]
    ) -> None:
        says(server, [live_match("m2", **changes)])
        found = live(client)
        assert found.matches["m2"].left_out == ()
        if changes.get("stats"):
            assert found.matches["m2"].stats == [StatRow(21, 3, 2)]

    def test_an_unreadable_field_is_counted_each_time_and_logged_once_a_day(
        self, server: Server, client: Client, caplog: pytest.LogCaptureFixture
    ) -> None:
        for minute in ("12'", "13'", "13'", "14'"):
            says(server, [live_match("m1", incidents=[{"type": 1, "time": minute}])])
            live(client)
        assert client.transport.counters.values_left_out == {("match/detail_live", "incidents[].time"): 3}
        [line] = [one.getMessage() for one in caplog.records if "unreadable" in one.getMessage()]
        assert line == (
            "API value unreadable: match/detail_live incidents[].time; others today are only counted"
        )

    @pytest.mark.parametrize("element", [None, 7, "m2", [], {}, {"id": 7}, {"id": ""}, {"id": "x" * 999}])
    def test_one_without_an_id_is_told_by_its_number(
        self, server: Server, client: Client, element: Any
    ) -> None:
        says(server, [live_match("m1"), element])
        found = live(client)
        assert list(found.matches) == ["m1"]
        assert list(found.broken) == ["element 2"]
        assert found.nameless == 1

    def test_a_list_of_which_nothing_can_be_read_is_not_believed(
        self, server: Server, client: Client
    ) -> None:
        says(server, [live_match("m1", score=7), 7])
        with pytest.raises(BadBodyError, match="no match that can be read"):
            live(client)

    def test_of_duplicates_the_first_that_can_be_read_counts(self, server: Server, client: Client) -> None:
        late = live_match("m1", score=["m1", 8, SIDE, SIDE, 0, ""])
        says(server, [live_match("m1", score=7), live_match("m1"), late, live_match("m1", stats=7)])
        found = live(client)
        assert found.matches["m1"].score.status_id == 4
        assert found.broken == {}

    def test_an_unchanged_element_is_the_same_object_and_a_changed_one_is_not(
        self, server: Server, client: Client
    ) -> None:
        says(server, [live_match("m1"), live_match("m2")])
        before = live(client).matches
        says(server, [live_match("m2", stats=[]), live_match("m1")])
        after = live(client).matches
        assert after["m1"] is before["m1"]
        assert after["m2"] is not before["m2"]

    @given(st.lists(any_json | st.builds(live_match, st.text(max_size=3), stats=any_json), max_size=5))
    @settings(max_examples=50)
    def test_no_list_is_a_bug_and_every_element_is_accounted_for(self, elements: list[Any]) -> None:
        found, known = read_live(text(elements), {})
        assert len(found.matches) + len(found.broken) <= len(elements)
        assert set(found.matches).isdisjoint(found.broken)
        assert read_live(text(elements), known)[0] == found


class TestRefusedAddress:
    def test_the_address_that_the_vendor_sees_is_named(self, server: Server, client: Client) -> None:
        def refuse(talk: Talk) -> None:
            known = "/ip/demo" in talk.target
            talk.say(reply(results_of({"request_ip": "203.0.113.7"}) if known else b'{"err":"IP is not a"}'))

        server.script = refuse
        with pytest.raises(
            RefusedError, match=r"the address to have whitelisted is 203\.0\.113\.7"
        ) as refused:
            live(client)
        assert refused.value.what == "address"

    def test_where_it_cannot_be_told_the_refusal_stands(self, server: Server, client: Client) -> None:
        server.script = answer(reply(b'{"err":"IP is not authorized to access"}'))
        with pytest.raises(RefusedError, match="this address is not authorized") as refused:
            live(client)
        assert "whitelisted" not in str(refused.value)

    @pytest.mark.parametrize(
        "results", [{}, {"request_ip": ""}, {"request_ip": 7}, {"request_ip": "x" * 999}]
    )
    def test_an_answer_without_an_address_is_a_broken_body(
        self, server: Server, client: Client, results: Any
    ) -> None:
        says(server, results)
        with pytest.raises(BadBodyError):
            client.address(budget())


class TestRow:
    def test_the_row_that_was_asked_for_is_found_among_others(self) -> None:
        rows = text([{"id": "t2", "name": "B"}, {"id": "t1", "name": "A"}])
        row = read_row(Team, rows, "t1", endpoints.TEAM)
        assert row is not None
        assert row.name == "A"

    def test_no_row_is_a_named_error_that_is_not_asked_again(self, server: Server, client: Client) -> None:
        says(server, [])
        for endpoint in (endpoints.TEAM, endpoints.DETAIL):
            with pytest.raises(NoSuchRowError, match=f"{endpoint} has no row for t1") as error:
                ask(client, Request(endpoint, "t1"))
            assert not error.value.retryable
        assert len(server.requests) == 2
        assert client.transport.counters.error_rate() == 0

    def test_another_ones_row_is_not_taken_for_it(self) -> None:
        with pytest.raises(BadBodyError, match="answered another id than m1"):
            read_row(Detail, text([{**DETAIL, "id": "m2"}]), "m1", endpoints.DETAIL)

    @pytest.mark.parametrize(
        ("field", "value"), [("home_team_id", 7), ("match_time", "soon"), ("match_time", 1.5), ("round", 3)]
    )
    def test_a_field_of_a_wrong_type_is_left_out_alone_and_named(self, field: str, value: Any) -> None:
        row = read_row(Detail, text([{**DETAIL, field: value}]), "m1", endpoints.DETAIL)
        whole = read_row(Detail, text([DETAIL]), "m1", endpoints.DETAIL)
        assert whole is not None
        assert row == msgspec.structs.replace(whole, **{field: None}, left_out=(field,))

    @pytest.mark.parametrize("match_id", [None, 7, "", []])
    def test_a_row_without_its_id_is_none(self, match_id: Any) -> None:
        with pytest.raises(BadBodyError, match="answered a value of a wrong type"):
            read_row(Detail, text([{**DETAIL, "id": match_id}]), "m1", endpoints.DETAIL)

    def test_countries_and_categories_come_by_id(self) -> None:
        rows = text([{"id": "c1", "name": "England"}, {"id": "c2"}])
        for endpoint in (endpoints.COUNTRIES, endpoints.CATEGORIES):
            found: Any = read_reference(Request(endpoint), rows)
            assert (found["c1"].name, found["c2"].name) == ("England", None)

    @given(any_json, st.sampled_from([endpoints.TEAM, endpoints.COMPETITION, endpoints.COUNTRIES]))
    def test_no_reference_row_is_a_bug(self, rows: Any, endpoint: endpoints.Endpoint) -> None:
        try:
            read_reference(Request(endpoint, "t1"), text(rows))
        except VendorError as error:
            assert str(error)  # noqa: PT017 - an empty list of countries is good


class TestPriceChanges:
    def test_both_packings_are_the_same_row(self) -> None:
        values = [*CHANGE[:2], [1_748_450_000, "12", 1.5, 4.0, 6.5, 2, 0], "1-0"]
        changes, left_out = read_odds_changes(text({"2": [CHANGE, values]}))
        (first, second), unreadable = changes.listed, changes.unreadable
        assert (unreadable, left_out) == (frozenset(), ())
        assert first == second
        assert (first.match_id, first.bookmaker_id, first.market) == ("m1", 2, "eu")
        assert (first.row.first, first.row.line, first.row.last, first.row.sealed) == (1.5, 4.0, 6.5, 0)

    @pytest.mark.parametrize(
        "packed",
        [
            ["1748450000", 12, "1.5, 4.0, 6.5, 0", "2"],
            [1_748_450_000, "12", "1.5", "4.0", "6.5", "2", "0"],
            [1_748_450_000, 12, 1.5, 4, 6.5, 2, 0],
        ],
    )
    def test_numbers_may_be_sent_as_texts_and_the_minute_as_a_number(self, packed: list[Any]) -> None:
        changes, left_out = read_odds_changes(text({"2": [CHANGE, [*CHANGE[:2], packed, "1-0"]]}))
        assert left_out == ()
        assert changes.listed[1] == changes.listed[0]

    @pytest.mark.parametrize(
        "packed",
        [
            [],
            [1],
            [1, "12"],
            [1, "12", "1.5,4.0,6.5", 2],
            [1, "12", "1.5,4.0,6.5,0"],
            [1, "12", "1.5,x,6.5,0", 2],
            [1, "12", "nan,4.0,6.5,0", 2],
            [1, "12", "1.5,inf,6.5,0", 2],
            [1, "12", "1.5,4.0,6.5,0", "x"],
            [1, 12.5, "1.5,4.0,6.5,0", 2],
            ["", "12", "1.5,4.0,6.5,0", 2],
            [1, "12", 1.5, 4.0, 6.5, 2],
            [1, "12", 1.5, 4.0, 6.5, 2, 0, 0],
            [1, "12", 1.5, 4.0, 10**400, 2, 0],
        ],
    )
    def test_an_entry_packed_otherwise_is_left_out_alone_and_its_match_is_named(
        self, packed: list[Any]
    ) -> None:
        feed = {"2": [["m2", "eu", packed, "1-0"], CHANGE], "3": [CHANGE]}
        changes, left_out = read_odds_changes(text(feed))
        assert [(change.match_id, change.bookmaker_id) for change in changes.listed] == [("m1", 2), ("m1", 3)]
        assert (changes.unreadable, left_out) == (frozenset({"m2"}), ("{}[]",))

    @pytest.mark.parametrize("company", ["", "x", "-2", "²", "2.0", "9" * 19])
    def test_a_bookmaker_without_a_number_is_left_out(self, company: str) -> None:
        assert read_odds_changes(text({company: [CHANGE]}))[0].listed == []


class TestSince:
    def test_pages_are_read_until_one_is_not_full(self, server: Server, client: Client) -> None:
        rows = [{"id": f"m{number}", "updated_at": 100 + number} for number in range(2500)]

        def page(talk: Talk) -> None:
            since = int(talk.target.partition("time=")[2].partition("&")[0])
            talk.say(reply(results_of([row for row in rows if int(str(row["updated_at"])) >= since][:1000])))

        server.script = page
        found: DetailChanges = ask(client, Request(endpoints.DETAIL, since=50))
        assert {row.id for row in found.rows} == {row["id"] for row in rows}
        changed: ReferenceChanges = ask(client, Request(endpoints.TEAM, since=50))
        assert {json.loads(row)["id"] for row in changed.rows} == {row["id"] for row in rows}

    def test_a_full_page_of_one_moment_is_not_taken_for_all(self, server: Server, client: Client) -> None:
        says(server, [{"id": f"m{number}", "updated_at": 50} for number in range(1000)])
        for endpoint in (endpoints.DETAIL, endpoints.TEAM):
            with pytest.raises(BadBodyError, match="too many changes"):
                ask(client, Request(endpoint, since=50))


class TestPages:
    """A page is optional: what it would bring can be asked for by id."""

    def test_a_page_is_its_rows_with_their_ids_and_latest_change(
        self, server: Server, client: Client
    ) -> None:
        says(server, [DETAIL, {**DETAIL, "id": "m2", "updated_at": 1_748_450_300, "note": []}])
        page = client.ask(Request(endpoints.DETAIL, since=7, page=3), budget()).value
        assert isinstance(page, Page)
        assert page.ids == ("m1", "m2")
        assert (page.size, page.latest) == (2, 1_748_450_300)
        assert [bool(row.left_out) for row in page.rows] == [False, True]

    def test_a_page_of_names_is_the_vendors_text_row_by_row(self, server: Server, client: Client) -> None:
        says(server, [{"id": "t1", "name": "A"}, {"name": "B"}])
        page = client.ask(Request(endpoints.TEAM, page=3), budget()).value
        assert isinstance(page, Page)
        assert page.ids == ("t1", None)
        assert [json.loads(row)["name"] for row in page.rows] == ["A", "B"]

    def test_a_page_is_asked_for_by_its_number_and_a_walk_by_its_time(self) -> None:
        assert Request(endpoints.TEAM, page=3).parameters == {"page": "3"}
        assert Request(endpoints.DETAIL, since=7, page=3).parameters == {"time": "7"}

    def test_a_page_that_fails_is_not_tried_again(self, server: Server, client: Client) -> None:
        server.script = answer(reply(b"", status="500 X"))
        spent = budget()
        assert client.ask(Request(endpoints.TEAM, page=1), spent).error is not None
        assert (spent.attempts, spent.retries) == (1, 0)

    def test_a_page_is_waited_for_no_longer_than_it_may_take(self, server: Server, client: Client) -> None:
        server.script = Talk.hang
        error = client.ask(Request(endpoints.TEAM, page=1, within_s=0.2), budget()).error
        assert isinstance(error, TimedOutError)
        assert "within 0.2 s" in str(error)

    def test_refused_pages_say_nothing_of_what_is_asked_for_by_id(
        self, server: Server, client: Client
    ) -> None:
        server.script = answer(reply(b'{"err":"URL is not authorized to access"}'))
        for number in range(1, 6):
            answered = client.ask(Request(endpoints.TEAM, page=number), budget())
            assert isinstance(answered.error, RefusedError)
        assert not client.transport.breaker.is_refused(endpoints.TEAM)
        says(server, [{"id": "t1", "name": "A"}])
        assert client.ask(Request(endpoints.TEAM, "t1"), budget()).value is not None
