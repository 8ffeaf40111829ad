"""Flatten, compared with the oracle in every field: real matches, moved times, mutated replies."""

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footy.mirror.odds_book import KeyRows, OddsBook, digest
from footy.mirror.periods import Periods
from footy.mirror.state import MatchState, References
from footy.provenance import Held, Source
from footy.record import MatchRecord, field_names
from footy.records.flatten import Flattener
from footy.records.prices import PriceRules
from footy.thesports.models import Competition, Country, Detail, LiveMatch, Odds, OddsRow, Team
from footy.thesports.tolerant import Decoder, marked
from tests.support import oracle
from tests.support.capture import MOMENT, PRESENT, Replies, needs_capture, real_or_written, replies, written
from tests.support.oracle import Picture
from tests.support.states import match_state, playing

RULES = PriceRules(bookmakers=oracle.ORDER, early_window=(2, 6), max_age_s=900)
MISSING: Held[Any] = Held(None, None, Source.MISSING)


def decoded(row: Any, kind: Any) -> Any:
    """A row as it is read: with the mark of what could not be."""
    decode: Decoder[Any] = Decoder(kind)
    value, left_out = decode(json.dumps(row).encode())
    return marked(value, left_out) if hasattr(value, "left_out") else value


def fresh(value: Any, at: float = MOMENT) -> Held[Any]:
    return MISSING if value is None else Held(value, at, Source.FRESH)


def held(picture: Picture) -> tuple[MatchState, References]:
    """A picture as the state holds it."""
    detail = picture.detail and decoded(picture.detail, Detail)
    quotes = None
    if picture.odds is not None:
        quotes = digest(decoded(picture.odds, Odds), picture.window)
    match = MatchState(
        fresh(decoded(picture.live, LiveMatch), picture.live_at),
        fresh(detail, picture.detail_at),
        fresh(quotes, picture.odds_at),
        Periods(first_half_at=picture.first_half_at),
    )
    countries = picture.countries
    if countries is not None:
        countries = {key: decoded(row, Country) for key, row in countries.items()}
    references = References(
        teams={key: fresh(decoded(row, Team)) for key, row in picture.teams.items()},
        competitions={key: fresh(decoded(row, Competition)) for key, row in picture.competitions.items()},
        countries=fresh(countries),
    )
    return match, references


def flatten(match: MatchState, references: References, rules: PriceRules, published_at: float) -> MatchRecord:
    """One record, with nothing remembered."""
    return Flattener(rules).record(match, references, published_at)


def flattened(picture: Picture) -> MatchRecord:
    match, references = held(picture)
    rules = PriceRules(picture.order, picture.window, picture.max_age)
    return flatten(match, references, rules, picture.published_at)


def pictured(rows: Replies, match_id: str) -> Picture:
    """One match of some replies with only what joins to it, at the capture's moment."""
    detail = rows.details.get(match_id)
    pointed_at = {value for value in (detail or {}).values() if isinstance(value, str)}
    competitions = {key: row for key, row in rows.competitions.items() if key in pointed_at}
    country_ids = {row["country_id"] for row in competitions.values()}
    return Picture(
        live=rows.live[match_id],
        detail=detail,
        odds=rows.odds.get(match_id),
        teams={key: row for key, row in rows.teams.items() if key in pointed_at},
        competitions=competitions,
        countries={key: row for key, row in rows.countries.items() if key in country_ids},
        live_at=MOMENT,
        detail_at=MOMENT - 20.5,
        odds_at=MOMENT - 1.004,
        published_at=MOMENT + 0.75,
    )


def differences(record: Any, expected: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Fields that differ in value or in type: (the record's, the oracle's)."""
    return {
        field: (told, true)
        for field in {*record, *expected}
        if not is_same(told := record.get(field), true := expected.get(field))
    }


def is_same(told: Any, true: Any) -> bool:
    """Tell whether two values are one in JSON, where 1, 1.0 and true differ."""
    if type(told) is type(true) and isinstance(told, str | int | None):
        return bool(told == true)
    return json.dumps(told, sort_keys=True) == json.dumps(true, sort_keys=True)


MATCHES = sorted(replies().live) if PRESENT else []


@needs_capture
@pytest.mark.parametrize("match_id", MATCHES)
@pytest.mark.parametrize("later", [0, 400, 880, 950, 4000, -3000])
@pytest.mark.parametrize("seen", [False, True])
def test_a_captured_match_reads_as_the_contract_says(match_id: str, later: float, seen: bool) -> None:
    picture = pictured(replies(), match_id)
    picture = replace(
        picture,
        first_half_at=picture.detail["match_time"] + 24 if seen and picture.detail else None,
        live_at=picture.live_at + later,
        odds_at=picture.odds_at + later,
        published_at=picture.published_at + later,
    )
    assert differences(flattened(picture), oracle.record(picture)) == {}


@needs_capture
@pytest.mark.parametrize("window", [(1, 3), (45, 45), (40, 50), (90, 120), (7, 7)])
def test_other_windows_and_orders_of_bookmakers_choose_as_the_contract_says(window: tuple[int, int]) -> None:
    for match_id in MATCHES[::5]:
        picture = replace(pictured(replies(), match_id), window=window, order=(22, 8, 3), max_age=120)
        assert differences(flattened(picture), oracle.record(picture)) == {}


@needs_capture
def test_no_captured_match_has_a_text_that_stands_for_not_knowing() -> None:
    for match_id in MATCHES:
        texts = json.dumps(flattened(pictured(replies(), match_id)))
        assert "nknown" not in texts
        assert '""' not in texts


@pytest.mark.parametrize("match_id", ["m1", "m2", "m3"])
def test_a_written_match_reads_as_the_contract_says(match_id: str) -> None:
    picture = pictured(written(), match_id)
    assert differences(flattened(picture), oracle.record(picture)) == {}


@pytest.mark.parametrize("match_id", ["m1", "m2", "m3"])
def test_a_record_is_what_its_contract_declares_field_by_field_in_order(match_id: str) -> None:
    record = flattened(pictured(written(), match_id))
    assert tuple(record) == field_names(MatchRecord)
    msgspec.convert(record, MatchRecord, strict=True)
    assert msgspec.json.decode(msgspec.json.encode(record)) == record


WORDS = [
    "",
    " ",
    "x",
    "Unknown",
    " Padded ",
    "0",
    "5",
    "-3",
    "45+",
    "midfield",
    "07",
    "1000",
    "\u00b2",
    "\u0663",
    "\u2028",
]
WEATHERS = [
    *("16°C", "-0°C", "61°F", "17 °c", "abc°C", "°C", "-40℉", "1e5°C"),
    *("11.m/s", ".5m/s", "36km/h", "20mph", "-1m/s", "fast", "0.3m/s", "120 km/h"),
    *("62%", "140%", "-5%", "62", "55.5%", "759mmHg", "1013hPa", "1000 mbar", "29.92inHg", "0mmHg", "9" * 30),
]
NUMBERS = [*range(-3, 46), 60, 100, 136, 2**31, 2**63 - 1, 2**63, -(2**63), 2**70, 10**400]
PRICES = [0.0, -0.0, -1.5, 1.0, 1.32, 1.0001, 2.0, 2.345, 0.925, 1e-9, 1e15, 1e300, -1e300, 5e-324, 0.00004]

numbers = st.sampled_from(NUMBERS) | st.integers(int(MOMENT) - 6000, int(MOMENT) + 100)
prices = st.sampled_from(PRICES) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.sampled_from([*WORDS, *WEATHERS]) | st.text(max_size=8)
REQUIRED = frozenset({"id", "score", "type"})
"""Without these a row is none."""


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value at which something can change."""
    if path:
        yield path
    items: Any = ()
    if isinstance(node, dict):
        items = node.items()
    elif isinstance(node, list):
        items = enumerate(node)
    for key, child in items:
        yield from places(child, (*path, key))


def is_tuple(node: list[Any]) -> bool:
    """A score or a price row: its elements have meanings, so none can be left out."""
    return len(node) in {6, 8} and any(isinstance(element, str) for element in node)


# Each is made once: hypothesis checks a strategy that is made anew for each draw each time.
booleans = st.booleans()
one_in_five, one_in_ten = st.integers(0, 4), st.integers(0, 9)
mutations = st.integers(1, 6)
bookmakers = st.sampled_from(["x", "007", "99", "-1", "\u00b2", "", "9" * 18, "9" * 19])
seconds = st.integers(-8000, 8000)
first_halves = st.none() | st.integers(int(MOMENT) - 9000, int(MOMENT))


def mutate(draw: st.DrawFn, body: dict[str, Any]) -> None:
    """Change one place of the body to something else of the same JSON type, or null it, or leave it out."""
    part = draw(st.sampled_from([part for part, rows in body.items() if rows]))
    paths = [(part, *path) for path in places(body[part]) if path[-1] not in REQUIRED]
    path = draw(st.sampled_from(paths))
    parent: Any = body
    for key in path[:-1]:
        parent = parent[key]
    key, node = path[-1], parent[path[-1]]
    if isinstance(parent, dict) and draw(one_in_five) == 0:
        nullable = path[0] in {"live", "detail"} or (path[0] != "odds" and len(path) > 2)
        if nullable and draw(booleans):
            parent[key] = None
        else:
            del parent[key]
    elif isinstance(node, bool) or node is None:
        pass
    elif isinstance(node, int):
        parent[key] = draw(numbers)
    elif isinstance(node, float):
        parent[key] = draw(prices)
    elif isinstance(node, str):
        parent[key] = draw(texts)
    elif isinstance(node, list) and not is_tuple(node):
        parent[key] = deepcopy(draw(st.sampled_from([[], node[:1], node[1:], node[::-1], node + node])))
    elif path[0] == "odds" and len(path) == 2:
        parent[draw(bookmakers)] = node


def thinned(odds: dict[str, Any] | None) -> dict[str, Any] | None:
    """A few bookmakers with a few rows each: the newest, some of the early window, the oldest."""
    if odds is None:
        return None
    return {
        key: {
            market: rows[:2] + [row for row in rows if row[1] in {"2", "5", "6", "7"}][:2] + rows[-1:]
            for market, rows in markets.items()
        }
        for key, markets in list(odds.items())[::3]
    }


ROWS = real_or_written()
match_ids = st.sampled_from(sorted(ROWS.live))


def changed(draw: st.DrawFn, picture: Picture) -> Picture:
    """Change the times of arrival, and the replies in a few places, each to a value of the same JSON type."""
    body: dict[str, Any] = {
        "live": picture.live,
        "detail": picture.detail,
        "odds": thinned(picture.odds),
        "teams": picture.teams,
        "competitions": picture.competitions,
        "countries": picture.countries,
    }
    body = deepcopy({part: rows for part, rows in body.items() if draw(one_in_ten) or part == "live"})
    for _ in range(draw(mutations)):
        mutate(draw, body)
    score = body["live"]["score"]
    score[1] = max(1 - 2**63, min(score[1], 2**63 - 1))
    return replace(
        picture,
        live=body["live"],
        detail=body.get("detail"),
        odds=body.get("odds"),
        teams=body.get("teams") or {},
        competitions=body.get("competitions") or {},
        countries=body.get("countries"),
        live_at=picture.live_at + draw(seconds),
        odds_at=picture.odds_at + draw(seconds),
        first_half_at=draw(first_halves),
    )


@st.composite
def mutated(draw: st.DrawFn, match_id: str | None = None) -> Picture:
    """A match with a few values changed."""
    return changed(draw, pictured(ROWS, match_id or draw(match_ids)))


unhurried = settings(
    max_examples=250,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@unhurried
@given(mutated())
def test_whatever_the_values_of_a_reply_nothing_is_raised_and_nothing_invented(picture: Picture) -> None:
    record = flattened(picture)
    assert differences(record, oracle.record(picture)) == {}
    msgspec.convert(record, MatchRecord, strict=True)
    msgspec.json.encode(record)


OF_TIME = {"minute", "clock", "fetched_at", "detail_fetched_at", "odds_fetched_at", "data_age_s"}


def test_a_version_stays_as_long_as_nothing_changes_and_never_comes_back() -> None:
    flattener = Flattener(RULES)
    versions = []
    for goals in (0, 0, 1, 1, 0):
        picture = Picture(live(4, [goals]), None, None, {}, {}, None, MOMENT, MOMENT, MOMENT, MOMENT)
        match, references = held(picture)
        flattener.records({"m1": match}, references, MOMENT)
        versions.append(flattener.versions()["m1"])
    flattener.records({}, references, MOMENT)
    assert flattener.versions() == {}
    flattener.records({"m1": match}, references, MOMENT)
    versions.append(flattener.versions()["m1"])
    assert versions[0] == versions[1] < versions[2] == versions[3] < versions[4] < versions[5]


@pytest.mark.parametrize("part", ["live", "detail", "odds", "source", "home", "away", "competition"])
def test_each_part_that_changes_makes_another_version(part: str) -> None:
    flattener, versions = Flattener(RULES), []
    price = OddsRow(int(MOMENT), "5", 2.0, 3.0, 4.0, 2, 0, "0-0")
    for changed in ("", part):
        note = "Moved" if changed == "detail" else None
        detail = Detail(id="a", home_team_id="h", away_team_id="w", competition_id="c", note=note)
        source = Source.STALE if changed == "source" else Source.FRESH
        match = match_state(
            "a",
            live=fresh(playing("a", 4 if changed == "live" else 2)),
            detail=Held(detail, MOMENT, source),
            odds=fresh(OddsBook({2: KeyRows(price)} if changed == "odds" else {})),
        )
        sides = (("h", "home"), ("w", "away"))
        teams = {one: fresh(Team(id=one, name="Other" if changed == side else "Town")) for one, side in sides}
        cup = fresh(Competition(id="c", name="Cup" if changed == "competition" else "League"))
        flattener.records({"a": match}, References(teams, {"c": cup}, MISSING, MISSING), MOMENT)
        versions.append(flattener.versions()["a"])
    assert versions[0] != versions[1]


@unhurried
@given(
    st.lists(
        st.tuples(mutated(min(ROWS.live)), st.sampled_from([0.0, 0.0, 90.0, -600.0, 3600.5])),
        min_size=2,
        max_size=5,
    )
)
def test_what_is_remembered_of_a_match_never_shows_in_its_next_record(
    pictures: list[tuple[Picture, float]],
) -> None:
    flattener = Flattener(RULES)
    handed_out = []
    of_version: dict[int, dict[str, Any]] = {}
    for picture, offset in pictures:
        match, references = held(picture)
        record, anew = (
            one.record(match, references, picture.published_at, clock_offset_s=offset)
            for one in (flattener, Flattener(RULES))
        )
        assert differences(record, dict(anew)) == {}
        handed_out.append((record, deepcopy(record)))
        timeless = {field: value for field, value in record.items() if field not in OF_TIME}
        assert of_version.setdefault(flattener.versions()[record["match_id"]], timeless) == timeless
    assert all(record == as_it_was for record, as_it_was in handed_out)


def live(
    status_id: int = 4,
    home: Sequence[int | None] = (),
    away: Sequence[int | None] = (),
    **values: Any,
) -> dict[str, Any]:
    """A live element whose scores are given as far as they matter."""
    sides = [[*side, *[0] * (7 - len(side))] for side in (home, away)]
    row = {"id": "m1", "score": ["m1", status_id, *sides, 0, ""], "stats": [], "incidents": []}
    return row | values


def shown(row: dict[str, Any], detail: dict[str, Any] | None = None, **values: Any) -> Any:
    """The record of a match of which little is held."""
    picture = Picture(row, detail, None, {}, {}, None, MOMENT, MOMENT, MOMENT, MOMENT)
    return flattened(replace(picture, **values))


def pair(record: Any, what: str) -> tuple[Any, Any]:
    return record[f"home_{what}"], record[f"away_{what}"]


class TestScore:
    def test_the_score_is_that_of_regular_time(self) -> None:
        assert pair(shown(live(4, [2, 1, 0, 3, 7], [1, 0, 1, 2, 4])), "score") == (2, 1)

    @pytest.mark.parametrize(("home", "away"), [(3, 2), (0, 2), (3, 0)])
    def test_where_either_side_has_a_score_after_extra_time_both_are_shown_so(
        self, home: int, away: int
    ) -> None:
        record = shown(live(5, [0, 0, 0, 0, 0, home], [0, 0, 0, 0, 0, away]))
        assert pair(record, "score") == pair(record, "score_et") == (home, away)

    def test_without_extra_time_there_is_no_score_of_it(self) -> None:
        assert pair(shown(live(4, [2], [1])), "score_et") == (None, None)

    @pytest.mark.parametrize("status_id", [1, 9, 12, 13])
    def test_before_play_there_is_no_score(self, status_id: int) -> None:
        assert pair(shown(live(status_id)), "score") == (None, None)
        assert pair(shown(live(status_id, [1])), "score") == (1, 0)

    @pytest.mark.parametrize("status_id", [1, 9, 12, 13])
    @pytest.mark.parametrize(
        "sign",
        [
            {"incidents": [{"type": 11, "position": 0, "time": 45}]},
            {"stats": [{"type": 23, "home": 0, "away": 3}]},
            {"home": [0, 0, 1]},
            {"away": [0, 0, 0, 1]},
            {"home": [0, 0, 0, 0, 2]},
            {"away": [0, 1]},
            {"home": [0, 0, 0, 0, 0, 0, 4]},
        ],
    )
    def test_a_sign_of_play_makes_0_0_a_score(self, status_id: int, sign: dict[str, Any]) -> None:
        assert pair(shown(live(status_id, **sign)), "score") == (0, 0)

    @pytest.mark.parametrize(
        "nothing",
        [{"stats": [{"type": 23, "home": 0, "away": 0}]}, {"home": [0, 0, 0, 0, -1]}, {"incidents": None}],
    )
    def test_counters_of_0_and_without_data_are_no_sign_of_play(self, nothing: dict[str, Any]) -> None:
        assert pair(shown(live(13, **nothing)), "score") == (None, None)

    def test_a_match_broken_off_after_a_half_time_of_0_0_has_a_score_beside_it(self) -> None:
        record = shown(live(13, incidents=[{"type": 11, "position": 0, "time": 45}]))
        assert pair(record, "score") == pair(record, "score_ht") == (0, 0)

    @pytest.mark.parametrize(("home", "away"), [(1, 1), (0, 2), (3, 0)])
    def test_a_score_after_extra_time_below_that_of_regular_time_is_not_shown(
        self, home: int, away: int
    ) -> None:
        record = shown(live(5, [2, 0, 0, 0, 0, home], [1, 0, 0, 0, 0, away]))
        assert pair(record, "score") == (2, 1)
        assert pair(record, "score_et") == (home, away)

    @pytest.mark.parametrize("status_id", [0, 2, 3, 4, 5, 6, 7, 8, 10, 11])
    def test_in_play_and_after_it_0_0_is_a_score(self, status_id: int) -> None:
        assert pair(shown(live(status_id)), "score") == (0, 0)

    @pytest.mark.parametrize("status_id", [3, 4, 5, 6, 7, 8])
    def test_from_the_break_on_there_is_a_half_time_score(self, status_id: int) -> None:
        assert pair(shown(live(status_id, [2, 1])), "score_ht") == (1, 0)

    @pytest.mark.parametrize("status_id", [1, 2, 9, 12, 14])
    def test_before_the_break_there_is_none(self, status_id: int) -> None:
        whistle = [{"type": 11, "position": 0, "time": 45}]
        assert pair(shown(live(status_id, [2, 1], incidents=whistle)), "score_ht") == (None, None)

    @pytest.mark.parametrize("status_id", [0, 10, 11, 13])
    def test_in_a_match_broken_off_it_takes_the_whistle(self, status_id: int) -> None:
        whistle = [{"type": 11, "position": 0, "time": 45}]
        assert pair(shown(live(status_id, [2, 1])), "score_ht") == (None, None)
        assert pair(shown(live(status_id, [2, 1], incidents=whistle)), "score_ht") == (1, 0)

    def test_a_shoot_out_has_its_own_score_from_its_start(self) -> None:
        assert pair(shown(live(7)), "score_pens") == (0, 0)
        assert pair(shown(live(8, [1, 0, 0, 0, 0, 0, 4], [1, 0, 0, 0, 0, 0, 0])), "score_pens") == (4, 0)
        assert pair(shown(live(4, [1])), "score_pens") == (None, None)

    def test_what_a_short_list_of_scores_lacks_is_not_known(self) -> None:
        row = live(4)
        row["score"][2:4] = [[2], []]
        record = shown(row)
        assert pair(record, "score") == (2, None)
        assert pair(record, "score_ht") == pair(record, "corners") == (None, None)

    def test_a_negative_score_is_no_score(self) -> None:
        assert pair(shown(live(4, [-1, 0, 0, 0, 0, -1], [1])), "score") == (None, 1)


class TestCounters:
    STATS: ClassVar = [{"type": 23, "home": 5, "away": 0}, {"type": 25, "home": 60, "away": 40}]

    def test_a_match_without_statistics_and_with_six_zeros_is_not_covered(self) -> None:
        record = shown(live(4, [1], [2], stats=[{"type": 21, "home": 0, "away": 0}]))
        assert record["has_stats"] is False
        for what in ("red_cards", "yellow_cards", "corners"):
            assert pair(record, what) == (None, None)

    def test_one_counter_that_is_not_0_says_that_somebody_counts(self) -> None:
        record = shown(live(4, [0, 0, 0, 0, 1]))
        assert record["has_stats"] is False
        assert pair(record, "corners") == (1, 0)
        assert pair(record, "red_cards") == (0, 0)

    def test_a_counter_marked_as_no_data_says_that_the_others_are_data(self) -> None:
        record = shown(live(4, [0, 0, 0, 0, -1], [0, 0, 0, 0, -1]))
        assert pair(record, "corners") == (None, None)
        assert pair(record, "yellow_cards") == (0, 0)

    @pytest.mark.parametrize("unknown", [None, 2**63])
    def test_a_counter_that_is_not_known_does_not_make_a_0_of_the_others(self, unknown: int | None) -> None:
        picture = Picture(
            live(4, [0, 0, unknown], [0, 0]), None, None, {}, {}, None, MOMENT, MOMENT, MOMENT, MOMENT
        )
        record = flattened(picture)
        assert differences(record, oracle.record(picture)) == {}
        for what in ("red_cards", "yellow_cards", "corners"):
            assert pair(record, what) == (None, None)

    def test_with_statistics_zeros_are_zeros(self) -> None:
        record = shown(live(4, stats=self.STATS))
        assert record["has_stats"] is True
        assert pair(record, "corners") == (0, 0)
        assert pair(record, "attacks") == (5, 0)
        assert pair(record, "possession") == (60, 40)

    def test_a_statistic_that_is_absent_is_not_known(self) -> None:
        assert pair(shown(live(4, stats=self.STATS)), "penalties") == (None, None)

    def test_possession_of_nobody_is_not_known(self) -> None:
        stats = [self.STATS[0], {"type": 25, "home": 0, "away": 0}]
        assert pair(shown(live(4, stats=stats)), "possession") == (None, None)


class TestDetail:
    def test_empty_and_zero_stand_for_not_known(self) -> None:
        detail = {
            "id": "m1",
            "season_id": "",
            "venue_id": "",
            "note": " ",
            "match_time": 0,
            "ended": 0,
            "home_position": "",
            "away_position": "5",
            "round": {"stage_id": "", "round_num": 0, "group_num": 2},
            "environment": {"weather": 0},
        }
        record = shown(live(), detail)
        for field in (
            "season_id",
            "stage_id",
            "venue_id",
            "note",
            "kickoff_at",
            "ended_at",
            "round",
            "weather_id",
        ):
            assert record[field] is None
        assert (record["group"], record["away_position"], record["home_position"]) == (2, 5, None)

    @pytest.mark.parametrize(("value", "neutral"), [(1, True), (0, False), (None, None), (7, None)])
    def test_neutral_ground_is_a_flag_or_not_known(self, value: int | None, neutral: bool | None) -> None:
        assert shown(live(), {"id": "m1", "neutral": value})["neutral"] is neutral
        assert shown(live(), {"id": "m1"})["neutral"] is None

    @pytest.mark.parametrize("status_id", [5, 6])
    def test_extra_time_is_known_from_the_live_score_alone(self, status_id: int) -> None:
        assert shown(live(status_id))["extra_time"] is True
        assert shown(live(8, [1, 0, 0, 0, 0, 1]))["extra_time"] is True

    def test_extra_time_is_not_known_where_nothing_says_so(self) -> None:
        assert shown(live(4))["extra_time"] is None
        assert shown(live(4), {"id": "m1"})["extra_time"] is False
        assert shown(live(8), {"id": "m1", "has_ot": 1})["extra_time"] is True
        unread = Detail(id="m1", left_out=("has_ot",))
        match = MatchState(fresh(decoded(live(8), LiveMatch)), fresh(unread), MISSING)
        assert flatten(match, References(), RULES, MOMENT)["extra_time"] is None

    def test_the_aggregate_is_told_as_sent(self) -> None:
        record = shown(live(), {"id": "m1", "agg_score": [3, 2]})
        assert (record["aggregate_home"], record["aggregate_away"]) == (3, 2)
        record = shown(live(), {"id": "m1", "agg_score": [3]})
        assert (record["aggregate_home"], record["aggregate_away"]) == (3, None)


SOURCES = ("detail", "odds", "home", "away", "competition", "country")


class TestSources:
    DETAIL = Detail(id="m1", competition_id="c1", home_team_id="t1", away_team_id="t2")
    LIVE = decoded(live(), LiveMatch)

    def record(
        self, detail: Held[Any], references: References | None = None, odds: Held[Any] = MISSING
    ) -> dict[str, Any]:
        match = MatchState(fresh(self.LIVE), detail, odds)
        return dict(flatten(match, references or References(), RULES, MOMENT))

    def sources(self, *args: Any) -> dict[str, str]:
        record = self.record(*args)
        return {what: record[f"{what}_source"] for what in SOURCES}

    def test_what_names_them_is_missing_so_they_are_missing(self) -> None:
        assert self.sources(MISSING) == dict.fromkeys(SOURCES, "missing")

    def test_where_the_account_lacks_the_details_all_that_hangs_on_them_is_refused(self) -> None:
        refused: Held[Any] = Held(None, None, Source.REFUSED)
        assert self.sources(refused, None, refused) == dict.fromkeys(SOURCES, "refused")

    def test_what_the_vendor_does_not_name_is_none(self) -> None:
        nameless = fresh(Detail(id="m1", competition_id="", home_team_id=""))
        assert self.sources(nameless) == {
            "detail": "fresh",
            "odds": "missing",
            "home": "none",
            "away": "none",
            "competition": "none",
            "country": "none",
        }

    def test_what_has_an_id_that_could_not_be_read_is_missing(self) -> None:
        unread = Detail(id="m1", away_team_id="", left_out=("home_team_id", "competition_id"))
        found = self.sources(fresh(unread))
        assert (found["home"], found["away"]) == ("missing", "none")
        assert (found["competition"], found["country"]) == ("missing", "missing")

    def test_a_country_with_an_id_that_could_not_be_read_is_not_taken_for_the_category(self) -> None:
        league = Competition(id="c1", category_id="49vjxm8ghgr6odg", left_out=("country_id",))
        record = self.record(fresh(self.DETAIL), References(competitions={"c1": fresh(league)}))
        assert (record["country_id"], record["country"]) == (None, None)
        assert (record["category_id"], record["country_source"]) == ("49vjxm8ghgr6odg", "missing")

    def test_a_team_or_competition_not_held_is_missing(self) -> None:
        found = self.sources(fresh(self.DETAIL))
        assert {found[what] for what in ("home", "away", "competition", "country")} == {"missing"}

    def test_each_part_tells_its_own_source(self) -> None:
        references = References(
            teams={
                "t1": Held(Team(id="t1", name="Town"), 1.0, Source.CACHE),
                "t2": Held(Team(id="t2", name="City"), 1.0, Source.MOCK),
            },
            competitions={
                "c1": Held(Competition(id="c1", name="League", country_id="n1"), 1.0, Source.STALE)
            },
            countries=Held({"n1": Country(id="n1", name="Wales")}, 1.0, Source.CACHE),
        )
        detail = Held(self.DETAIL, MOMENT - 90, Source.STALE)
        record = self.record(detail, references, Held(OddsBook(), MOMENT - 5, Source.FRESH))
        assert {what: record[f"{what}_source"] for what in SOURCES} == {
            "detail": "stale",
            "odds": "fresh",
            "home": "cache",
            "away": "mock",
            "competition": "stale",
            "country": "cache",
        }
        assert (record["home"], record["country"], record["data_age_s"]) == ("Town", "Wales", 90)

    @pytest.mark.parametrize("source", [Source.MISSING, Source.REFUSED])
    def test_a_competition_that_is_not_held_leaves_its_country_unknown_for_the_same_reason(
        self, source: Source
    ) -> None:
        references = References(competitions={"c1": Held(None, None, source)})
        record = self.record(fresh(self.DETAIL), references)
        assert record["competition_source"] == record["country_source"] == source.value
        assert (record["competition_id"], record["competition"], record["country"]) == ("c1", None, None)

    @pytest.mark.parametrize("source", [Source.MISSING, Source.REFUSED])
    def test_without_the_country_list_the_country_has_its_id_alone(self, source: Source) -> None:
        league = Competition(id="c1", country_id="n1", category_id="49vjxm8ghgr6odg")
        references = References(competitions={"c1": fresh(league)}, countries=Held(None, None, source))
        record = self.record(fresh(self.DETAIL), references)
        assert (record["country_id"], record["country"], record["country_source"]) == (
            "n1",
            None,
            source.value,
        )

    def test_a_country_that_the_list_lacks_is_missing(self) -> None:
        league = Competition(id="c1", country_id="n9", category_id="49vjxm8ghgr6odg")
        references = References(competitions={"c1": fresh(league)}, countries=fresh({}))
        record = self.record(fresh(self.DETAIL), references)
        assert (record["country"], record["country_source"]) == (None, "missing")

    def test_the_account_s_own_category_list_goes_before_the_six_known_ids(self) -> None:
        cup = Competition(id="c1", country_id="", category_id="kp3glrw7hwqdyjv")
        own = References(
            competitions={"c1": fresh(cup)},
            categories=fresh({"kp3glrw7hwqdyjv": Country(id="kp3glrw7hwqdyjv", name=" World ")}),
        )
        assert self.record(fresh(self.DETAIL), own)["country"] == "World"
        known = References(competitions={"c1": fresh(cup)})
        assert self.record(fresh(self.DETAIL), known)["country"] == "International"

    def test_the_age_is_that_of_the_oldest_part_held_and_never_negative(self) -> None:
        match = MatchState(fresh(self.LIVE, MOMENT - 2), fresh(self.DETAIL, MOMENT - 61.5), MISSING)
        record = flatten(match, References(), RULES, MOMENT)
        assert record["data_age_s"] == 61.5
        assert record["odds_fetched_at"] is None
        assert flatten(match, References(), RULES, MOMENT - 3600)["data_age_s"] == 0.0

    def test_empty_odds_are_fresh(self) -> None:
        record = self.record(MISSING, None, fresh(OddsBook()))
        assert (record["odds_source"], record["current_spread_line"]) == ("fresh", None)


class TestFlattener:
    def matches(self, *ids: str) -> dict[str, MatchState]:
        return {
            key: MatchState(fresh(decoded(live() | {"id": key}, LiveMatch)), MISSING, MISSING) for key in ids
        }

    def test_it_forgets_the_matches_that_are_no_longer_there(self) -> None:
        flattener = Flattener(RULES)
        assert len(flattener.records(self.matches("a", "b", "c"), References(), MOMENT)) == 3
        flattener.records(self.matches("c"), References(), MOMENT)
        assert list(flattener._remembered) == ["c"]

    def test_a_match_without_its_live_element_has_no_record(self) -> None:
        nothing = MatchState(MISSING, MISSING, MISSING)
        assert Flattener(RULES).records({"a": nothing}, References(), MOMENT) == []
        with pytest.raises(ValueError, match="no record"):
            flatten(nothing, References(), RULES, MOMENT)

    def test_what_is_unchanged_is_not_flattened_again(self) -> None:
        flattener, matches = Flattener(RULES), self.matches("a")
        [first] = flattener.records(matches, References(), MOMENT)
        [second] = flattener.records(matches, References(), MOMENT + 5)
        assert second["incidents"] is first["incidents"]
        assert (first["data_age_s"], second["data_age_s"]) == (0.0, 5.0)


class TestVendorsClock:
    """The vendor's times are compared with arrivals by the vendor's clock, which may not be the machine's."""

    STARTED = int(MOMENT) - 600

    def record(self, flattener: Flattener, clock_offset_s: float) -> Any:
        odds = {
            "2": {"eu": [[int(MOMENT) - 850, "5", 1.5, 4.0, 6.0, 2, 0, "0-0"]]},
            "3": {"eu": [[int(MOMENT) - 10, "10", 1.4, 4.2, 6.5, 2, 0, "0-0"]]},
        }
        row = live(2)
        row["score"][4] = self.STARTED
        match, references = held(Picture(row, None, odds, {}, {}, None, MOMENT, MOMENT, MOMENT, MOMENT))
        [record] = flattener.records({"m1": match}, references, MOMENT, clock_offset_s=clock_offset_s)
        return record

    @pytest.mark.parametrize(
        ("clock_offset_s", "minute", "bookmaker"), [(0.0, 11, 2), (120.0, 13, 3), (-120.0, 9, 2)]
    )
    def test_minute_and_age_of_a_price_count_by_the_vendor_s_clock(
        self, clock_offset_s: float, minute: int, bookmaker: int
    ) -> None:
        record = self.record(Flattener(RULES), clock_offset_s)
        assert record["minute"] == minute
        assert record["current_money_line_bookmaker_id"] == bookmaker

    def test_the_times_at_which_footy_fetched_are_told_by_its_own_clock(self) -> None:
        plain, shifted = (self.record(Flattener(RULES), offset) for offset in (0.0, 120.0))
        for field in ("fetched_at", "odds_fetched_at", "data_age_s"):
            assert shifted[field] == plain[field]

    def test_a_changed_offset_renews_a_choice_that_is_remembered(self) -> None:
        flattener = Flattener(RULES)
        chosen = [
            self.record(flattener, offset)["current_money_line_bookmaker_id"]
            for offset in (0.0, 120.0, 0.0, -30.0)
        ]
        assert chosen == [2, 3, 2, 2]


class TestScoreOfAPrice:
    """A price is of now only at the score that the record shows."""

    ODDS: ClassVar = {
        "2": {"eu": [[int(MOMENT) - 40, "60", 1.3, 4.5, 9.0, 4, 0, "1-0"]]},
        "3": {"eu": [[int(MOMENT) - 60, "60", 1.4, 4.2, 6.5, 4, 0, "2-0"]]},
    }

    def test_a_goal_renews_the_choice_while_the_odds_are_the_same_object(self) -> None:
        flattener, chosen = Flattener(RULES), []
        held_odds = fresh(digest(decoded(self.ODDS, Odds), (2, 6)))
        for goals in (1, 2, 3, 1):
            match = MatchState(fresh(decoded(live(4, [goals]), LiveMatch)), MISSING, held_odds)
            record = flattener.record(match, References(), MOMENT)
            chosen.append((record["current_money_line_bookmaker_id"], record["current_money_line_outdated"]))
        assert chosen == [(2, False), (3, False), (2, True), (2, False)]

    def test_in_extra_time_the_score_of_120_minutes_counts(self) -> None:
        record = shown(live(5, [1, 0, 0, 0, 0, 2], [0] * 7), odds=self.ODDS)
        assert record["current_money_line_bookmaker_id"] == 3
        assert record["current_money_line_outdated"] is False

    def test_in_a_shoot_out_its_penalties_do_not_count(self) -> None:
        record = shown(live(7, [1, 0, 0, 0, 0, 2, 3], [0] * 7), odds=self.ODDS)
        assert record["current_money_line_bookmaker_id"] == 3
        assert record["current_money_line_outdated"] is False

    def test_before_play_the_score_is_not_known_and_so_is_whether_a_price_is_outdated(self) -> None:
        record = shown(live(1), odds={"2": {"eu": [[int(MOMENT) - 40, "", 1.3, 4.5, 9.0, 1, 0, "0-0"]]}})
        assert (record["home_score"], record["current_money_line_outdated"]) == (None, None)

    @needs_capture
    def test_an_open_captured_price_of_before_the_last_goal_says_so_and_no_other_does(self) -> None:
        said = []
        for match_id in MATCHES:
            record: Any = flattened(pictured(replies(), match_id))
            score = f"{record['home_score']}-{record['away_score']}"
            for price in ("current_money_line", "current_spread", "current_over_under"):
                if record["in_play"] and record[f"{price}_sealed"] is False and record[f"{price}_in_play"]:
                    assert record[f"{price}_outdated"] is (record[f"{price}_score"] != score)
                    said.append(record[f"{price}_outdated"])
        assert set(said) == {False, True}


class TestPredecessor:
    """What the version before this one got wrong."""

    def record(self, match_id: str) -> Any:
        return flattened(pictured(written(), match_id))

    def test_1_the_score_is_not_the_last_of_the_seven_numbers_nor_their_sum(self) -> None:
        assert pair(self.record("m1"), "score") == (1, 0)
        assert pair(self.record("m2"), "score") == (2, 2)
        assert pair(self.record("m2"), "score_pens") == (4, 3)

    def test_2_names_come_through_and_no_name_is_made_up(self) -> None:
        record = self.record("m1")
        assert (record["home"], record["away"], record["competition"]) == (
            "Example Town",
            "Example City",
            "League",
        )
        bare = shown(live())
        assert (bare["home"], bare["away"], bare["competition"]) == (None, None, None)

    def test_3_the_minute_is_a_minute_of_play_not_the_kick_off_epoch(self) -> None:
        record = self.record("m1")
        assert (record["minute"], record["clock"]) == (71, "71'")

    def test_4a_hong_kong_odds_are_not_taken_for_decimal_nor_decimal_for_american(self) -> None:
        record = self.record("m1")
        assert (record["early_spread_home"], record["early_spread_home_american"]) == (1.9, -111)
        assert (record["current_money_line_home"], record["current_money_line_home_american"]) == (1.32, -313)

    def test_4b_a_bookmaker_without_an_early_price_does_not_hide_another_s(self) -> None:
        now = int(MOMENT)
        odds = {
            "2": {"bs": [[now, "40", 0.8, 2.5, 1.0, 2, 0, "0-0"]]},
            "22": {"bs": [[now - 900, "4", 0.9, 2.5, 0.9, 2, 0, "0-0"]]},
        }
        record = shown(live(), odds=odds)
        assert (record["early_over_under_bookmaker"], record["early_over_under_minute"]) == ("Pinnacle", 4)

    def test_4c_a_suspended_price_says_so(self) -> None:
        assert self.record("m1")["current_money_line_sealed"] is True

    def test_5_incidents_wind_weather_and_pressure_are_read(self) -> None:
        record = self.record("m1")
        assert [incident["type"] for incident in record["incidents"]][:3] == [
            "Yellow card",
            "Substitution",
            "Goal",
        ]
        assert (record["wind_ms"], record["wind"], record["weather"]) == (
            11.0,
            "Strong breeze",
            "Partly cloudy",
        )
        assert (record["pressure_mmhg"], record["pressure_inhg"], record["pressure_hpa"]) == (
            759.0,
            29.88,
            1011.9,
        )

    def test_6_an_international_competition_has_its_category_for_a_country(self) -> None:
        record = self.record("m2")
        assert (record["country"], record["country_id"], record["country_source"]) == (
            "International",
            None,
            "none",
        )
