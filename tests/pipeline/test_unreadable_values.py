"""A value that cannot be read costs nothing but itself, at every depth of every reply."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footy.mirror.checkpoint import Checkpoint
from footy.mirror.odds_book import digest
from footy.mirror.state import MatchState, References, State
from footy.provenance import Held, Source
from footy.record import MatchRecord
from footy.records.flatten import Flattener
from footy.records.prices import PriceRules
from footy.thesports import endpoints
from footy.thesports.decoders import read_live, read_odds_changes, read_reference, read_row
from footy.thesports.envelope import judge
from footy.thesports.errors import VendorError
from footy.thesports.models import Detail, Odds
from footy.thesports.request import Request
from footy.thesports.tolerant import Decoder
from tests.support import capture
from tests.support.cases import by_id, case, needs_cases

WINDOW = (2, 6)
MATCH, OTHER = "match0000000001", "match0000000002"
ODD: list[Any] = [None, True, "x", "", -1.5, 7, [], {}, [[]], {"": 0}, 10**30]


@needs_cases
class TestCases:
    def test_a_match_whose_counters_are_null_is_published_without_a_score(self, tmp_path: Path) -> None:
        with case("01", tmp_path) as footy:
            records = by_id(footy.run())
        assert records[MATCH]["status"] == "Interrupted"
        assert records[MATCH]["home_score"] is records[MATCH]["away_score"] is None
        assert records[MATCH]["home"] == "Home One"
        assert (records[OTHER]["home_score"], records[OTHER]["away_score"]) == (2, 2)

    def test_an_empty_list_for_the_environment_costs_the_weather_alone(self, tmp_path: Path) -> None:
        with case("03a", tmp_path) as footy:
            snapshot = footy.run()
        record = by_id(snapshot)[MATCH]
        assert (record["home"], record["away"], record["competition"]) == ("Home One", "Away One", "Serie A")
        assert record["kickoff_at"] is not None
        assert (record["weather"], record["temperature_c"]) == (None, None)
        assert (snapshot["meta"]["complete"], snapshot["meta"]["problems"]) == (True, [])

    def test_an_empty_list_is_no_odds(self, tmp_path: Path) -> None:
        with case("03b", tmp_path) as footy:
            snapshot = footy.run()
        assert by_id(snapshot)[MATCH]["odds_source"] == "fresh"
        assert by_id(snapshot)[MATCH]["current_money_line_home"] is None
        assert (snapshot["meta"]["complete"], snapshot["meta"]["problems"]) == (True, [])

    def test_an_odd_entry_of_an_unlisted_match_costs_the_odds_feed_nothing_else(self, tmp_path: Path) -> None:
        with case("04a", tmp_path) as footy:
            snapshot = footy.run(2)
        record = by_id(snapshot)[MATCH]
        assert record["current_money_line_home"] == 1.4
        assert record["odds_source"] == "fresh"
        assert not snapshot["meta"]["complete"]
        assert snapshot["meta"]["problems"] == [
            "Unreadable values of the vendor left out: 1 (odds/live {}[] 1)"
        ]

    def test_a_row_without_prices_costs_no_other_bookmaker(self, tmp_path: Path) -> None:
        with case("04b", tmp_path) as footy:
            snapshot = footy.run()
        record = by_id(snapshot)[MATCH]
        assert record["current_money_line_bookmaker"] == record["current_spread_bookmaker"] == "BET365"
        assert record["current_money_line_home"] == 1.5
        assert snapshot["meta"]["problems"] == [
            "Unreadable values of the vendor left out: 1 (odds/history {}.eu[] 1)"
        ]

    def test_what_is_left_out_of_a_value_counts_as_long_as_the_value_is_shown(self, tmp_path: Path) -> None:
        with case("04b", tmp_path) as footy:
            footy.run(3)
        assert [snapshot["meta"]["complete"] for snapshot in footy.snapshots] == [False] * 3

    def test_a_byte_order_mark_is_skipped(self, tmp_path: Path) -> None:
        with case("10", tmp_path) as footy:
            snapshot = footy.run()
        assert (snapshot["matches"], snapshot["meta"]["complete"]) == ([], True)

    def test_an_entry_that_cannot_be_read_has_its_match_read_in_full(self, tmp_path: Path) -> None:
        with case("04a", tmp_path) as footy:
            feed = footy.answers["odds/live"]["results"]["2"]
            feed[0][2][2] = "1.40,,7.00,0"
            history = footy.answers[f"odds/history?uuid={MATCH}"]["results"]["2"]["eu"]
            history.insert(0, [feed[0][2][0], "26", 1.4, 4.2, 7.0, 2, 0, "1-0"])
            snapshot = footy.run(2)
        assert by_id(snapshot)[MATCH]["current_money_line_home"] == 1.4


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value within a reply."""
    if path:
        yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield from places(one, (*path, key))


def replaced(reply: Any, path: tuple[Any, ...], odd: Any) -> Any:
    changed = json.loads(json.dumps(reply))  # a deep copy would share what the reply shares
    owner = changed
    for key in path[:-1]:
        owner = owner[key]
    owner[path[-1]] = odd
    return changed


def text(value: Any) -> bytes:
    return json.dumps(value).encode()


ROWS = capture.replies() if capture.PRESENT else capture.written()
LIVE, DETAILS, ODDS = ROWS.live, ROWS.details, ROWS.odds
IDS = sorted(set(LIVE) & set(DETAILS))
odd_values = st.sampled_from(ODD)


def flattened(live: Any, detail: Any, odds: Any) -> MatchRecord | None:
    """Read and flatten one match; None if its live element cannot be read."""
    listed, _ = read_live(text([live]), {})
    if not listed.matches:
        return None
    [match] = listed.matches.values()
    decode: Decoder[Odds] = Decoder(Odds)
    prices, left_out = decode(text(odds))
    row = read_row(Detail, text([detail]), match.id, endpoints.DETAIL)
    held = [
        Held(part, capture.MOMENT, Source.FRESH) for part in (match, row, digest(prices, WINDOW, left_out))
    ]
    rules = PriceRules((2, 3), WINDOW, 900.0)
    return Flattener(rules).record(MatchState(*held), References(), capture.MOMENT)  # type: ignore[arg-type]


def touched_by(field: str, path: tuple[Any, ...]) -> bool:
    """Whether a field of the record may depend on what is at a path of the live element."""
    top, *rest = path
    match top:
        case "stats":
            numbers = ("shots", "attacks", "possession", "penalties", "cards", "corners")
            # A score of 0-0 before play counts only beside statistics.
            of_score = {"has_stats", "home_score", "away_score"}
            return field in of_score or any(word in field for word in numbers)
        case "incidents":
            return field.startswith("incidents") or field.endswith("_ht")
        case "score" if rest and rest[0] == 4:
            return field in {"minute", "clock", "period_started_at"}
        case "score" if rest and rest[0] in {2, 3}:
            words = ("score", "cards", "corners", "extra_time", "outdated", "current_")
            return any(word in field for word in words)
        case "score" | "id":
            return True
    return False


@given(st.data())
def test_an_odd_value_in_a_live_element_changes_only_what_comes_from_it(
    data: st.DataObject,
) -> None:
    match_id = data.draw(st.sampled_from(IDS))
    live, detail = LIVE[match_id], DETAILS[match_id]
    path = data.draw(st.sampled_from(sorted(places(live), key=str)))
    before = flattened(live, detail, {})
    after = flattened(replaced(live, path, data.draw(odd_values)), detail, {})
    strict = path in {("id",), ("score",), ("score", 0), ("score", 1)}
    if after is None or before is None:
        assert strict
        return
    changed = {field for field in before if before[field] != after[field]}  # type: ignore[literal-required]
    assert {field for field in changed if not touched_by(field, path)} == set()


def test_a_list_of_incidents_that_is_longer_than_any_can_be_is_none() -> None:
    live = LIVE[IDS[0]] | {"incidents": [{"type": 3, "position": 1, "time": 5}] * 20_000}
    record = flattened(live, DETAILS[IDS[0]], {})
    assert record is not None
    assert (record["incidents"], record["incidents_complete"]) == (None, False)


@pytest.mark.parametrize("number", [2**63, -(2**63), 10**30])
def test_a_number_that_no_reader_could_hold_is_left_out_and_costs_no_checkpoint(
    number: int, tmp_path: Path
) -> None:
    match_id = next(one for one in IDS if LIVE[one]["incidents"])
    live = replaced(LIVE[match_id], ("incidents", 0, "time"), number)
    [match] = read_live(text([live]), {})[0].matches.values()
    assert match.left_out == ("incidents[].time",)
    record = flattened(live, {**DETAILS[match_id], "environment": {"weather": number}}, {})
    assert record is not None
    assert (record["incidents"] or [])[0]["minute"] is record["weather_id"] is None

    missing: Held[Any] = Held(None, None, Source.MISSING)
    state = State({match_id: MatchState(Held(match, capture.MOMENT, Source.FRESH), missing, missing)})
    kept = Checkpoint(tmp_path / "state", "", WINDOW)
    kept.save(state)
    assert kept.load().matches == state.matches


@given(st.data())
def test_an_odd_value_inside_an_incident_costs_no_other_incident(data: st.DataObject) -> None:
    match_id = data.draw(st.sampled_from([one for one in IDS if LIVE[one]["incidents"]]))
    live = LIVE[match_id]
    number = data.draw(st.integers(0, len(live["incidents"]) - 1))
    key = data.draw(st.sampled_from(sorted(live["incidents"][number])))
    odd = data.draw(odd_values)
    before = flattened(live, DETAILS[match_id], {})
    after = flattened(replaced(live, ("incidents", number, key), odd), DETAILS[match_id], {})
    assert before is not None
    assert after is not None
    was, now = before["incidents"] or [], after["incidents"] or []
    if after["incidents_complete"]:
        assert was[:number] + was[number + 1 :] == now[:number] + now[number + 1 :]
        odd_ones = {name for name in was[number] if was[number][name] != now[number][name]}  # type: ignore[literal-required]
        # A code and its name, or a score and that of the shoot-out. What an incident tells goes by its type.
        assert key == "type" or len(odd_ones) <= 4
    else:
        assert key == "type"
        assert was[:number] + was[number + 1 :] == now


@given(st.data())
def test_an_odd_value_in_a_detail_changes_only_what_comes_from_it(data: st.DataObject) -> None:
    match_id = data.draw(st.sampled_from(IDS))
    detail = DETAILS[match_id]
    path = data.draw(st.sampled_from(sorted((one for one in places(detail) if one[0] != "id"), key=str)))
    whole = read_row(Detail, text([detail]), match_id, endpoints.DETAIL)
    row = read_row(Detail, text([replaced(detail, path, data.draw(odd_values))]), match_id, endpoints.DETAIL)
    assert row is not None
    changed = {name for name in Detail.__struct_fields__ if getattr(whole, name) != getattr(row, name)} - {
        "left_out"
    }
    assert changed <= {path[0]}
    assert {left_out.partition(".")[0] for left_out in row.left_out} <= {path[0]}


@given(st.data())
def test_an_odd_value_in_the_odds_costs_at_most_its_row(data: st.DataObject) -> None:
    match_id = data.draw(st.sampled_from(sorted(one for one in ODDS if ODDS[one])))
    odds = {
        key: {name: rows[:6] for name, rows in markets.items()}
        for key, markets in list(ODDS[match_id].items())[:3]
    }
    path = data.draw(st.sampled_from(sorted(places(odds), key=str)))
    decode: Decoder[Odds] = Decoder(Odds)
    whole, _ = decode(text(odds))
    read, left_out = decode(text(replaced(odds, path, data.draw(odd_values))))
    company, market, number = (*path, None, None)[:3]
    for key in whole:
        for name in ("eu", "asia", "bs", "cr"):
            rows = getattr(whole[key], name)
            if key != company or market not in {None, name}:
                assert getattr(read[key], name) == rows
            elif number is not None and key in read:
                kept = [row for at, row in enumerate(rows) if at != number]
                now = getattr(read[key], name)
                assert [row for row in now if row in kept] == kept
                assert len(now) in {len(rows), len(rows) - 1}
                assert len(now) == len(rows) or left_out == (f"{{}}.{name}[]",)


@given(st.data())
def test_an_odd_value_in_the_odds_feed_costs_at_most_its_entry(data: st.DataObject) -> None:
    feed = {
        "2": [
            ["m1", "eu", [100, "3", "1.5,4.0,6.5,0", 2], "1-0"],
            ["m2", "bs", [99, "", "0.9,2.5,0.9,1", 1], ""],
        ],
        "3": [["m1", "asia", [98, "2", 0.9, -0.5, 0.95, 2, 0], "0-0"]],
    }
    path = data.draw(st.sampled_from(sorted(places(feed), key=str)))
    whole = read_odds_changes(text(feed))[0].listed
    changes, left_out = read_odds_changes(text(replaced(feed, path, data.draw(odd_values))))
    read, unreadable = changes.listed, changes.unreadable
    lost = 1 if len(path) > 1 else len(feed[path[0]])
    assert len([change for change in whole if change not in read]) <= lost
    assert unreadable <= {"m1", "m2"} or path[2:] == [0]
    assert left_out or len(read) == len(whole) or len(path) == 1


@pytest.mark.parametrize("packed", [[100, None, "1.5,4.0,6.5,0", 2], [100, None, 1.5, 4.0, 6.5, 2, 0]])
def test_a_minute_that_is_null_in_the_odds_feed_costs_no_price(packed: list[Any]) -> None:
    read, left_out = read_odds_changes(text({"2": [["m1", "eu", packed, "1-0"]]}))
    [row] = [change.row for change in read.listed]
    assert (row.minute, row.first, row.last, left_out) == (None, 1.5, 6.5, ())


def test_values_of_an_entry_do_not_take_the_place_of_one_that_cannot_be_read() -> None:
    entry = ["m1", "eu", [100, "5", 1.5, {}, 6.5, 2, 0, 1], "1-0"]
    read, left_out = read_odds_changes(text({"2": [entry]}))
    assert (read.listed, sorted(read.unreadable), left_out) == ([], ["m1"], ("{}[]",))


@given(st.data(), st.sampled_from(["teams", "competitions", "countries"]))
def test_an_odd_value_in_a_reference_row_costs_at_most_its_field(data: st.DataObject, kind: str) -> None:
    rows = getattr(ROWS, kind)
    row_id = data.draw(st.sampled_from(sorted(rows)))
    field = data.draw(st.sampled_from(sorted(rows[row_id])))
    endpoint, key = {
        "teams": (endpoints.TEAM, row_id),
        "competitions": (endpoints.COMPETITION, row_id),
        "countries": (endpoints.COUNTRIES, ""),
    }[kind]
    request = Request(endpoint, key)
    whole: Any = read_reference(request, text([rows[row_id]]))
    try:
        read: Any = read_reference(
            Request(endpoint, key), text([{**rows[row_id], field: data.draw(odd_values)}])
        )
    except VendorError:
        assert field == "id"
        return
    if not key:
        whole, read = whole[row_id], next(iter(read.values()), None)
        if read is None or field == "id":
            assert field == "id"
            return
    names = set(type(whole).__struct_fields__) - {"left_out"}
    assert {name for name in names if getattr(whole, name) != getattr(read, name)} <= {field}


@pytest.mark.parametrize(
    "odd", [b"NaN", b"Infinity", b"1e400", b"9" * 5000, b'"\\ud800"', b'"\xff"', b"[" * 900 + b"]" * 900]
)
def test_a_value_that_is_no_json_costs_nothing_but_itself(odd: bytes) -> None:
    good = LIVE[IDS[0]]
    incident = {"type": 1, "position": 1, "time": 5, "player_name": "Placeholder"}
    element = text({**good, "incidents": [incident]}).replace(b'"Placeholder"', odd)
    listed, _ = read_live(b"[" + element + b"," + text({**LIVE[IDS[1]]}) + b"]", {})
    assert list(listed.matches) == IDS[:2]
    match = listed.matches[IDS[0]]
    assert match.left_out == ("incidents[].player_name",)
    assert match.incidents is not None
    assert (match.incidents[0].time, match.incidents[0].player_name) == (5, None)


@pytest.mark.parametrize("blank", ["\n", "\t", "\r", "\x1f"])
def test_a_control_character_in_a_text_costs_nothing(blank: str) -> None:
    good = LIVE[IDS[0]]
    said = {"time": "5'", "data": f"5'Goal{blank}by nobody", "position": 1}
    incident = {"type": 1, "position": 1, "time": 5, "player_name": f"Example{blank}Striker"}
    sent = text({**good, "incidents": [incident], "tlive": [said]})
    element = sent.replace(json.dumps(blank)[1:-1].encode(), blank.encode())
    assert element != sent
    reply = b'{"code":0,"results":[' + element + b"," + text(LIVE[IDS[1]]) + b"]}"
    listed, _ = read_live(judge(endpoints.LIVE, reply), {})
    assert list(listed.matches) == IDS[:2]
    assert listed.matches[IDS[0]] == read_live(text([json.loads(sent)]), {})[0].matches[IDS[0]]
