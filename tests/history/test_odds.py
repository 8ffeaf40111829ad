"""Rows of odds as bytes: exact, small, and joined from what was written piece by piece."""

import json
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footy.history.odds import (
    MARKETS,
    BrokenBlobError,
    Kind,
    OddsBlob,
    OddsColumns,
    OddsRow,
    columns_of,
    columns_of_series,
    joined,
    pack,
    rows_of,
    united,
    unpack,
)
from footy.thesports.models import Odds
from tests.support.capture import PRESENT, replies

prices = st.one_of(
    st.integers(0, 5000).map(lambda cents: cents / 100),
    st.floats(allow_nan=False, allow_infinity=False, width=64),
)
rows = st.builds(
    OddsRow,
    bookmaker_id=st.integers(0, 30),
    market=st.sampled_from(MARKETS),
    at=st.integers(-(2**40), 2**40),
    minute=st.sampled_from([None, "", "1", "45+", "midfield", "120"]),
    first=prices,
    line=prices,
    last=prices,
    status_id=st.integers(0, 20),
    sealed=st.integers(0, 2),
    score=st.sampled_from(["", "0-0", "10-2", "x"]),
)


def row(at: int = 0, **changes: Any) -> OddsRow:
    values: dict[str, Any] = {"bookmaker_id": 2, "market": "eu", "minute": "", "first": 1.9, "line": 3.2}
    values |= {"last": 4.0, "status_id": 1, "sealed": 0, "score": "0-0"} | changes
    return OddsRow(at=1_748_450_000 + at, **values)


def blob(kind: Kind, *rows: OddsRow) -> OddsBlob:
    columns = columns_of(rows)
    return OddsBlob("m", kind, columns.rows, 0.0, pack(columns))


@given(st.lists(rows, max_size=40))
def test_rows_come_back_exactly(listed: list[OddsRow]) -> None:
    columns = columns_of(listed)
    assert unpack(pack(columns)) == columns
    assert sorted(map(repr, rows_of(columns))) == sorted(map(repr, listed))
    for series in columns.series:
        key = series.bookmaker_id, MARKETS[series.market]
        expected = [one for one in listed if (one.bookmaker_id, one.market) == key]
        assert [*rows_of(columns)][series.start : series.stop] == expected


@given(st.binary(max_size=60), st.integers(0, 200))
def test_damaged_bytes_are_named_and_never_read_as_other_rows(noise: bytes, place: int) -> None:
    rows = columns_of([row(at) for at in range(20)])
    good = pack(rows)
    place %= len(good)
    for broken in (noise, good[:place], good[:place] + noise[:1] + good[place + 1 :]):
        try:
            assert unpack(broken) == rows  # some bits of zlib's own head mean nothing
        except BrokenBlobError:
            continue


def test_what_no_genuine_row_has_is_left_out_and_nothing_else() -> None:
    odd = (
        row(2**70),
        row(status_id=70_000),
        row(sealed=-(2**20)),
        row(minute="9" * 100),
        row(score="1" * 100),
        row(market="unknown"),
        row(bookmaker_id=2**40),
    )
    assert [*rows_of(columns_of([*odd, row(5), row(4)]))] == [row(5), row(4)]
    many = [row(number, score=f"{number}-0") for number in range(70_000)]
    assert 60_000 < columns_of(many).rows < 70_000


def test_prices_of_any_size_are_kept() -> None:
    strange = [row(first=1e300, line=-0.123456789, last=1e-9), row(first=12345678.91)]
    assert [*rows_of(unpack(pack(columns_of(strange))))] == strange


def test_rows_that_a_feed_repeats_are_there_once_in_the_order_of_time() -> None:
    base = blob(Kind.BASE, row(30), row(20), row(20, first=2.0), row(10))
    first, second = blob(Kind.CHUNK, row(40), row(30)), blob(Kind.CHUNK, row(50), row(40), row(35))
    found = [*rows_of(joined([first, base, second]))]
    assert found == [row(50), row(40), row(35), row(30), row(20), row(20, first=2.0), row(10)]


def test_of_one_second_the_row_that_came_last_is_the_newest() -> None:
    first, second = blob(Kind.CHUNK, row(40, first=1.5)), blob(Kind.CHUNK, row(40, first=1.7))
    assert [one.first for one in rows_of(joined([first, second]))] == [1.7, 1.5]


def test_a_row_that_was_made_twice_stays_twice() -> None:
    archive = blob(Kind.ARCHIVE, row(20), row(20), row(10))
    assert [*rows_of(joined([archive]))] == [row(20), row(20), row(10)]
    assert [*rows_of(joined([archive, blob(Kind.CHUNK, row(20), row(15))]))] == [
        *(row(20), row(20), row(15), row(10))
    ]


def test_nothing_written_is_no_rows() -> None:
    assert (joined([]).rows, united([]).rows, columns_of([]).series) == (0, 0, ())
    assert unpack(pack(columns_of([]))).rows == 0


@pytest.mark.parametrize("seed", range(5))
def test_pieces_in_any_number_give_the_same_rows_as_the_whole(seed: int) -> None:
    chance = random.Random(seed)
    made = [
        row(at, bookmaker_id=chance.choice([2, 3]), market=chance.choice(MARKETS), first=chance.random())
        for at in sorted(chance.sample(range(5000), 300), reverse=True)
    ]
    pieces, left = [], made[::-1]
    while left:
        count = chance.randint(1, 60)
        again = made[len(left) :][: chance.randint(0, 9)]
        pieces.append(blob(Kind.CHUNK, *left[:count][::-1], *again))
        left = left[count:]
    assert sorted(rows_of(joined(pieces)), key=repr) == sorted(made, key=repr)
    for series in joined(pieces).series:
        ats = joined(pieces).at[series.start : series.stop]
        assert list(ats) == sorted(ats, reverse=True)


@pytest.mark.skipif(not PRESENT, reason="the captured replies are not on this machine")
def test_the_odds_of_real_matches_take_four_bytes_a_row_and_come_back_exactly() -> None:
    size = count = 0
    for odds in replies().odds.values():
        columns = decoded_columns(odds)
        packed = pack(columns)
        size, count = size + len(packed), count + columns.rows
        shown: dict[str, dict[str, list[Any]]] = {}
        for one in rows_of(unpack(packed)):
            shown.setdefault(str(one.bookmaker_id), {}).setdefault(one.market, []).append([*one[2:]])
        assert shown == odds
    assert size / count < 4.5


def decoded_columns(odds: Any) -> OddsColumns:
    decoded = msgspec.json.decode(json.dumps(odds), type=Odds)
    return columns_of_series(
        {
            (int(company), market): getattr(markets, market)
            for company, markets in decoded.items()
            for market in MARKETS
        }
    )
