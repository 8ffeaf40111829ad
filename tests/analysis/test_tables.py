"""The tables: what their rows are, and which of them a span has."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from footy.analysis import FORMATS, TABLE_NAMES
from footy.analysis.all_tables import TABLES
from footy.analysis.columns import objects
from footy.analysis.export import to_file
from footy.analysis.match_tables import ODDS
from footy.analysis.parquet import group_rows
from footy.analysis.tables import Wanted, day_of
from footy.history import odds
from footy.history.archive import all_entries
from footy.history.log import Commit, Extent, Position
from footy.history.odds import MARKETS, Kind, OddsBlob, columns_of
from footy.history.span import Span
from footy.history.sqlite_log import SqliteLog, opened, opened_for_reading
from footy.records.price_table import price_rows, public_prices
from footy.thesports.codes import BOOKMAKERS
from footy.times import unix_seconds
from tests.events.watch import KICK_OFF
from tests.support.evening import Evening
from tests.support.history import BAY, BAY_ROWS, ROVERS, START, TOWN, TOWN_ROWS, archived, row


def rows(store: Any, table: str, **wanted: Any) -> list[dict[str, Any]]:
    found = TABLES[table]
    names = [one.name for one in found.columns]
    return [
        dict(zip(names, values, strict=True))
        for batch in found.batches(store, Wanted(**wanted))
        for values in zip(*map(objects, batch.columns), strict=True)
    ]


def test_the_names_that_flags_take_are_those_of_the_tables() -> None:
    assert [*TABLES] == [*TABLE_NAMES]
    assert set(FORMATS) == {"parquet", "csv", "jsonl"}


@pytest.mark.parametrize("table", TABLE_NAMES)
def test_each_column_has_a_name_of_its_own_that_sql_takes_and_its_meaning(table: str) -> None:
    columns = TABLES[table].columns
    assert len({one.name for one in columns}) == len(columns)
    assert not {one.name for one in columns} & {"at", "order", "group by", "select"}
    assert all(one.words for one in columns)


def test_a_match_has_its_result_and_what_became_of_its_odds(store: SqliteLog) -> None:
    town, bay, rovers = (
        next(one for one in rows(store, "matches") if one["match_id"] == match_id)
        for match_id in (TOWN, BAY, ROVERS)
    )
    assert (town["home"], town["away"], town["home_score"], town["away_score"]) == ("Town", "City", 2, 1)
    assert (town["status"], town["home_score_ht"], town["away_score_ht"]) == ("Finished", 1, 1)
    assert (town["has_result"], rovers["has_result"]) == (True, False)
    assert (town["archive"], town["odds_rows"], bay["odds_rows"]) == ("whole", len(TOWN_ROWS), len(BAY_ROWS))
    assert (rovers["archive"], rovers["odds_rows"], rovers["ended_at"]) == (None, None, None)


def test_events_have_their_score_and_all_their_data(store: SqliteLog) -> None:
    found = rows(store, "events")
    assert [one["sequence"] for one in found] == [*range(1, store.extent().newest + 1)]
    goal = next(one for one in found if one["id"] == f"{TOWN}:goal:home:1")
    assert (goal["home_score"], goal["away_score"], goal["side"], goal["number"]) == (1, 0, "home", 1)
    moved = next(one for one in found if one["type"] == "price_moved")
    assert (moved["market"], moved["home_score"]) == ("money_line", 0)
    assert moved["seen_at"] == unix_seconds(store.read(moved["sequence"] - 1, 1)[0].seen_at)
    assert moved["data"] == store.read(moved["sequence"] - 1, 1)[0].data.decode()
    started = found[0]
    assert (started["type"], started["match_id"], started["home"]) == ("service_started", None, None)


def test_odds_are_every_row_with_public_prices_the_oldest_first(store: SqliteLog) -> None:
    found = rows(store, "odds", match_id=TOWN)
    markets = ("money_line", "spread", "over_under", "corners")
    want = []
    for number, market in enumerate(MARKETS):
        for one in reversed([one for one in TOWN_ROWS if one.market == market]):
            quote = public_prices(number, one.first, one.line, one.last)
            want.append(
                {
                    "match_id": TOWN,
                    "market": markets[number],
                    "bookmaker_id": one.bookmaker_id,
                    "bookmaker": BOOKMAKERS.get(one.bookmaker_id),
                    "set_at": one.at,
                    "status_id": one.status_id,
                    "suspended": bool(one.sealed),
                    **{
                        name if name == "line" else f"{name}_price": one
                        for name, one in quote._asdict().items()
                    },
                }
            )
    shown = [{name: one[name] for name in want[0]} for one in found]
    assert shown == want
    assert [(one["minute"], one["home_score"], one["away_score"]) for one in found] == [
        *[(None, None, None)] * 2, (4, 0, 0), (45, 1, 1), (52, 1, 0),
        *[(None, None, None)] * 2, (5, 0, 0),
        *[(None, None, None)] * 2,
        (45, 2, 1),
    ]  # fmt: skip
    assert found[3]["home_price"] is None, "a price of 0 is no price"
    assert found[6]["line"] == -0.5, "the home side gives half a goal"
    assert found[8]["under_price"] is None
    assert rows(store, "odds", match_id=BAY)[0]["home_score"] is None


def test_prices_are_those_of_the_price_table(store: SqliteLog) -> None:
    want = [
        {name: getattr(one, name) for name in one.__struct_fields__}
        for one in price_rows(TOWN, columns_of(TOWN_ROWS), (2, 6))
    ]
    assert rows(store, "prices", match_id=TOWN) == want
    assert len(want) == 4
    later = rows(store, "prices", match_id=TOWN, early_window=(5, 5))
    assert [one["early_at"] for one in later] == [None, START + 300, None, None]


def test_minutes_are_the_rows_of_each_match_in_order(store: SqliteLog) -> None:
    first, second = rows(store, "minutes")
    assert (first["read_at"], first["minute"], first["temperature_c"]) == (START + 61, 2, 11.5)
    assert (second["read_at"], second["current_money_line_home"]) == (START + 130, 1.8)
    assert "current_money_line_at" not in second  # the odds have that
    assert (first["match_id"], first["home"], first["kickoff_at"]) == (TOWN, "Town", START)


def test_blobs_that_are_damaged_cost_their_match_and_are_named(tmp_path: Path, store: SqliteLog) -> None:
    log, _ = opened(tmp_path / "data" / "footy.db")
    log.append(Commit(KICK_OFF, odds=[OddsBlob(ROVERS, Kind.CHUNK, 5, KICK_OFF, b"nonsense")]))
    log.close()
    said: list[str] = []
    found = rows(store, "odds", warn=said.append)
    assert {one["match_id"] for one in found} == {TOWN, BAY}
    [sentence] = said
    assert sentence.startswith(f"The odds of the match {ROVERS} cannot be read, and are left out: ")


# --- which rows


def test_a_span_has_the_events_seen_in_it(store: SqliteLog) -> None:
    since, until = KICK_OFF + 600, KICK_OFF + 1800
    found = rows(store, "events", span=Span(since, until))
    assert found
    assert [one["sequence"] for one in found] == [
        one["sequence"] for one in rows(store, "events") if since <= one["seen_at"] < until
    ]


def test_a_span_has_the_matches_that_changed_or_were_archived_since(store: SqliteLog) -> None:
    ids = {one.id: one for one in all_entries(store)}
    assert {one["match_id"] for one in rows(store, "matches", span=Span(since=ids[TOWN].last))} == {TOWN, BAY}
    assert rows(store, "matches", span=Span(since=KICK_OFF + 9001)) == []
    assert rows(store, "matches", span=Span(until=ids[TOWN].first)) == []
    assert len(rows(store, "odds", span=Span(since=KICK_OFF + 9000))) == len(TOWN_ROWS) + len(BAY_ROWS)


def test_after_a_position_come_later_events_and_the_matches_that_changed_since(store: SqliteLog) -> None:
    extent = store.extent()
    middle = next(one for one in rows(store, "events") if one["type"] == "result")
    span = Span(after=Position(extent.epoch, middle["sequence"]))
    found = rows(store, "events", span=span)
    assert [one["sequence"] for one in found] == [*range(middle["sequence"] + 1, extent.newest + 1)]
    changed = {one["match_id"] for one in rows(store, "matches", span=span)}
    assert {one["match_id"] for one in found if one["match_id"]} <= changed
    other = Span(after=Position("00000000", 5))
    assert len(rows(store, "events", span=other)) == extent.newest
    assert len(rows(store, "matches", span=other)) == 3


def test_what_is_missing_after_a_position_is_said() -> None:
    extent = Extent("9f3a01c7", 100, 50)
    assert Span().begin(extent) == (0, None)
    assert Span(after=Position("9f3a01c7", 60)).begin(extent) == (60, None)
    after, said = Span(after=Position("9f3a01c7", 20)).begin(extent)
    assert (after, said) == (
        20,
        (
            "The events from 9f3a01c7-21 to 9f3a01c7-50 are no longer kept: "
            "what follows begins with the oldest event that is kept."
        ),
    )
    for lost in (Position("00000000", 5), Position("9f3a01c7", 101)):
        after, said = Span(after=lost).begin(extent)
        assert (after, (said or "").partition(":")[0]) == (0, f"The position {lost} is not in this log")


def test_whole_days_have_every_row_of_each_day_in_the_span(tmp_path: Path) -> None:
    path = tmp_path / "footy.db"
    with Evening(path, now=KICK_OFF) as evening:
        for day in range(3):
            evening.look_away(86_400, **{f"m{day}": {"home_score": 0}})
            evening.look_away(3600, **{f"m{day}": {"home_score": 1}})
            evening.leave(f"m{day}")
    store = opened_for_reading(path)
    last = datetime.fromtimestamp(KICK_OFF + 3 * 86_400, UTC).timestamp()
    span = Span(since=last - 86_400 + 3700 + 3600)
    days: list[str] = [batch.day for batch in batches(store, "events", span=span, whole_days=True)]
    events = rows(store, "events", span=span, whole_days=True)
    assert {day_of(one["seen_at"]) for one in events} == set(days)
    whole = [one for one in rows(store, "events") if day_of(one["seen_at"]) in days]
    assert events == whole
    matches = rows(store, "matches", span=span, whole_days=True)
    assert {day_of(one["first_seen_at"]) for one in matches}
    every = rows(store, "matches")
    kept = {day_of(one["first_seen_at"]) for one in matches}
    assert matches == [one for one in every if day_of(one["first_seen_at"]) in kept]
    store.close()


def batches(store: Any, table: str, **wanted: Any) -> Iterator[Any]:
    return TABLES[table].batches(store, Wanted(**wanted))


def test_a_clock_that_was_set_back_begins_no_earlier_day_again(tmp_path: Path) -> None:
    path = tmp_path / "footy.db"
    with Evening(path, now=KICK_OFF) as evening:
        evening.look_away(0, a={})
        evening.look_away(86_400, a={"home_score": 1})
        evening.look_away(-86_400, a={"home_score": 2})
    store = opened_for_reading(path)
    days = [batch.day for batch in batches(store, "events")]
    assert days == sorted(set(days))
    store.close()


def test_an_empty_log_has_empty_tables(tmp_path: Path) -> None:
    log, _ = opened(tmp_path / "footy.db")
    assert [rows(log, table) for table in TABLE_NAMES] == [[]] * 5
    log.close()


def test_packed_rows_are_what_was_packed() -> None:
    assert [*odds.rows_of(odds.unpack(odds.pack(columns_of(TOWN_ROWS))))] == [*TOWN_ROWS]


def test_the_database_converts_prices_exactly_as_the_record_does(tmp_path: Path) -> None:
    """Parquet and SQL compute them from the vendor's numbers; CSV and notebooks get them from here."""
    import polars as pl

    numbers = [
        *(step / 100 for step in range(-3, 3000)),
        *(step / 1000 for step in range(4000)),
        *(step / 8 for step in range(-40, 40)),
        *(0.83333, 1.00005, 0.99995, 1e300, -0.0, float("inf"), float("nan")),
    ]
    rows_of_market = [
        row(market, START + place, first, numbers[-1 - place], numbers[place // 2])
        for market in MARKETS
        for place, first in enumerate(numbers)
    ]
    with Evening(tmp_path / "footy.db") as evening:
        evening.see(0, m={})
        evening.log.append(Commit(KICK_OFF, archives=[archived("m", tuple(rows_of_market))]))
        here = rows(evening.log, "odds")
        to_file(ODDS, evening.log, Wanted(), "parquet", tmp_path / "odds.parquet")
    there = pl.read_parquet(tmp_path / "odds.parquet").drop("set_at").to_dicts()
    assert there == [{name: value for name, value in one.items() if name != "set_at"} for one in here]
    assert len(there) == len(rows_of_market)


def test_a_group_of_a_file_is_the_smaller_the_more_a_row_has() -> None:
    sizes = {name: group_rows(one.columns) for name, one in TABLES.items()}
    assert sizes["minutes"] < sizes["events"] < sizes["prices"]
    assert all(size % 2048 == 0 for size in sizes.values())
