"""Flatten, compared with the oracle in every field: real matches, moved times, mutated replies."""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footy.pipeline.board import Held, HeldMatch, References, Source
from footy.pipeline.flatten import Flattener, flatten
from footy.pipeline.prices import PriceRules, digest
from footy.record import MatchRecord, field_names
from footy.thesports.payloads import Competition, Country, Detail, LiveMatch, Odds, Team
from tests.capture import MOMENT, PRESENT, Replies, needs_capture, real_or_written, replies, written
from tests.pipeline import oracle
from tests.pipeline.oracle import Picture

RULES = PriceRules(bookmakers=oracle.ORDER, early_window=(2, 6), max_age_s=900)
MISSING: Held[Any] = Held(None, None, Source.MISSING)


def decoded(row: Any, kind: Any) -> Any:
    return msgspec.json.decode(json.dumps(row).encode(), type=kind)


def fresh(value: Any, at: float = MOMENT) -> Held[Any]:
    return MISSING if value is None else Held(value, at, Source.FRESH)


def held(picture: Picture) -> tuple[HeldMatch, References]:
    """A picture as the board holds it."""
    detail = picture.detail and decoded(picture.detail, Detail)
    quotes = None
    if picture.odds is not None:
        quotes = digest(decoded(picture.odds, Odds), picture.window)
    match = HeldMatch(
        fresh(decoded(picture.live, LiveMatch), picture.live_at),
        fresh(detail, picture.detail_at),
        fresh(quotes, picture.odds_at),
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
        field: (record.get(field), expected.get(field))
        for field in {*record, *expected}
        if json.dumps(record.get(field), sort_keys=True) != json.dumps(expected.get(field), sort_keys=True)
    }


MATCHES = sorted(replies().live) if PRESENT else []


@needs_capture
@pytest.mark.parametrize("match_id", MATCHES)
@pytest.mark.parametrize("later", [0, 400, 880, 950, 4000, -3000])
def test_a_captured_match_reads_as_the_contract_says(match_id: str, later: float) -> None:
    picture = pictured(replies(), match_id)
    picture = replace(
        picture,
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


def mutate(draw: st.DrawFn, body: dict[str, Any]) -> None:
    """Change one place of the body to something else of the same JSON type, or null it, or leave it out."""
    part = draw(st.sampled_from([part for part, rows in body.items() if rows]))
    paths = [(part, *path) for path in places(body[part]) if path[-1] not in REQUIRED]
    path = draw(st.sampled_from(paths))
    parent: Any = body
    for key in path[:-1]:
        parent = parent[key]
    key, node = path[-1], parent[path[-1]]
    if isinstance(parent, dict) and draw(st.integers(0, 4)) == 0:
        nullable = path[0] in {"live", "detail"} or (path[0] != "odds" and len(path) > 2)
        if nullable and draw(st.booleans()):
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
        parent[draw(st.sampled_from(["x", "007", "99", "-1", "\u00b2", "", "9" * 18, "9" * 19]))] = node


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


@st.composite
def mutated(draw: st.DrawFn, match_id: str | None = None) -> Picture:
    """A match whose replies were changed in a few places, each to another value of the same JSON type."""
    picture = pictured(ROWS, match_id or draw(st.sampled_from(sorted(ROWS.live))))
    body: dict[str, Any] = {
        "live": picture.live,
        "detail": picture.detail,
        "odds": thinned(picture.odds),
        "teams": picture.teams,
        "competitions": picture.competitions,
        "countries": picture.countries,
    }
    body = deepcopy({part: rows for part, rows in body.items() if draw(st.integers(0, 9)) or part == "live"})
    for _ in range(draw(st.integers(1, 6))):
        mutate(draw, body)
    score = body["live"]["score"]
    score[1] = max(-(2**63), min(score[1], 2**63 - 1))
    return replace(
        picture,
        live=body["live"],
        detail=body.get("detail"),
        odds=body.get("odds"),
        teams=body.get("teams") or {},
        competitions=body.get("competitions") or {},
        countries=body.get("countries"),
        live_at=picture.live_at + draw(st.integers(-8000, 8000)),
        odds_at=picture.odds_at + draw(st.integers(-8000, 8000)),
    )


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


@unhurried
@given(st.lists(mutated(min(ROWS.live)), min_size=2, max_size=5))
def test_what_is_remembered_of_a_match_never_shows_in_its_next_record(pictures: list[Picture]) -> None:
    flattener = Flattener(RULES)
    handed_out = []
    for picture in pictures:
        match, references = held(picture)
        record = flattener.record(match, references, picture.published_at)
        assert differences(record, dict(flatten(match, references, RULES, picture.published_at))) == {}
        handed_out.append((record, deepcopy(record)))
    assert all(record == as_it_was for record, as_it_was in handed_out)
