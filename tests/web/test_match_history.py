"""Odds and minutes of a match over the API: what is kept, or not written yet, and what cannot be read."""

import gzip
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footy.history import Commit, odds
from footy.history.archive import Archived, ArchiveState
from footy.history.odds import Kind, OddsBlob, OddsRow
from footy.web import odds_view
from footy.web.odds_view import MOST_ROWS, Rows
from tests.support.prices import kick_off_rows
from tests.support.web import Stage, match

M1 = "m00001"


def of(reply: Any, market: str, bookmaker_id: int) -> Any:
    [found] = [
        one for one in reply["bookmakers"] if (one["market"], one["bookmaker_id"]) == (market, bookmaker_id)
    ]
    return found


def test_each_bookmaker_has_its_opening_early_and_newest_price_and_the_best_is_named(stage: Stage) -> None:
    stage.cycle([match(1, current_spread_line=-0.5)])
    stage.keep_odds(M1, kick_off_rows(time.time()))

    reply = stage.get(f"/api/matches/{M1}/odds").json

    one = of(reply, "money_line", 2)
    assert (one["bookmaker"], one["rows"]) == ("BET365", 5)
    assert one["opening"]["prices"] == {"home": 2.3, "draw": 3.3, "away": 3.1}
    assert (one["opening"]["minute"], one["opening"]["line"]) == (None, None)
    assert (one["early"]["minute"], one["early"]["prices"]["home"]) == (5, 2.2)
    assert (one["now"]["score"], one["now"]["prices"]["home"], one["state"]) == ("1-0", 1.5, "now")
    assert of(reply, "money_line", 3)["best"] == ["home", "draw"], "of those at which one can bet now"
    assert one["best"] == ["away"]
    assert (of(reply, "money_line", 4)["state"], of(reply, "money_line", 4)["best"]) == ("suspended", [])
    assert (of(reply, "money_line", 5)["state"], of(reply, "money_line", 5)["best"]) == ("old", [])
    spread = of(reply, "spread", 2)
    assert (spread["now"]["line"], spread["now"]["prices"]) == (-0.5, {"home": 1.9, "away": 1.95})
    assert spread["best"] == [], "the other bookmaker has another line"
    assert (reply["archive"], reply["whole"], reply["rows"], reply["left_out"]) == (None, False, 13, 0)


def test_every_price_comes_oldest_first_of_what_is_asked_for(stage: Stage) -> None:
    stage.cycle([match(1)])
    stage.keep_odds(M1, kick_off_rows(time.time()))

    [series] = stage.get(f"/api/matches/{M1}/odds?market=money_line&bookmaker=2").json["series"]
    assert series["prices"]["home"] == [2.3, 2.2, 2.2, 1.6, 1.5]
    assert series["suspended"] == [False, False, True, False, False]
    assert series["at"] == sorted(series["at"])
    assert (series["minute"], series["line"]) == ([None, 5, 20, 21, 60], None)
    assert series["score"][2:] == ["0-0", "1-0", "1-0"]
    [lined] = stage.get(f"/api/matches/{M1}/odds?market=spread&bookmaker=2").json["series"]
    assert (lined["line"], lined["prices"]["home"]) == ([-0.25, -0.5], [1.8, 1.9])

    few = stage.get(f"/api/matches/{M1}/odds?limit=3").json
    assert (sum(len(one["at"]) for one in few["series"]), few["left_out"], few["rows"]) == (3, 10, 13)
    none = stage.get(f"/api/matches/{M1}/odds?limit=0").json
    assert (none["series"], len(none["bookmakers"])) == ([], 6)


def test_what_is_not_in_the_log_yet_is_there_too_and_nothing_twice(tmp_path: Path) -> None:
    now = time.time()
    rows = kick_off_rows(now)
    newest = OddsRow(2, "eu", int(now) - 1, "66", 1.4, 4.2, 9.0, 4, 0, "1-0")
    tail = odds.pack(odds.columns_of([newest, rows[0]]))
    stage = Stage(tmp_path, odds_tail=lambda _: [OddsBlob(M1, Kind.CHUNK, 2, now, tail)])
    try:
        stage.cycle([match(1)])
        stage.keep_odds(M1, rows)
        reply = stage.get(f"/api/matches/{M1}/odds").json
        assert (reply["rows"], of(reply, "money_line", 2)["now"]["prices"]["home"]) == (14, 1.4)
    finally:
        stage.close()


def test_the_odds_of_a_match_that_is_over_stay(stage: Stage) -> None:
    stage.cycle([match(1)])
    rows = kick_off_rows(time.time())
    stage.keep_odds(M1, rows)
    stage.cycle([])
    blob = OddsBlob(M1, Kind.ARCHIVE, len(rows), time.time(), odds.pack(odds.columns_of(rows)))
    archived = Archived(M1, ArchiveState.WHOLE, time.time(), 1, rows=len(rows), odds=blob)
    assert stage.log is not None
    stage.log.append(Commit(time.time(), archives=[archived], listed=None))

    reply = stage.get(f"/api/matches/{M1}/odds").json

    assert (reply["rows"], {one["state"] for one in reply["bookmakers"]}) == (13, {None})
    assert not any(one["best"] for one in reply["bookmakers"])
    assert (reply["archive"], reply["whole"], reply["note"]) == ("whole", True, None)


def test_odds_are_compressed_and_not_sent_again(stage: Stage) -> None:
    stage.cycle([match(1)])
    stage.keep_odds(M1, kick_off_rows(time.time()))
    plain = stage.get(f"/api/matches/{M1}/odds")
    zipped = stage.get(f"/api/matches/{M1}/odds", Accept_Encoding="gzip")
    assert gzip.decompress(zipped.body) == plain.body
    assert len(zipped.body) < len(plain.body) / 2
    held = stage.get(f"/api/matches/{M1}/odds", Accept_Encoding="gzip", If_None_Match=zipped.headers["etag"])
    assert (held.status, held.body) == (304, b"")
    stage.keep_odds(M1, kick_off_rows(time.time())[:1], Kind.ARCHIVE)
    assert stage.get(f"/api/matches/{M1}/odds", If_None_Match=plain.headers["etag"]).status == 200


def test_minutes_are_the_fields_asked_for_oldest_first(stage: Stage) -> None:
    stage.cycle([match(1)])
    stage.keep_minutes(match(1), [180, 120, 60], minute=[64, 65, 66], home_corners=[4, 4, 5])

    reply = stage.get(f"/api/matches/{M1}/minutes?fields=minute,home_corners").json

    assert reply["fields"] == {"minute": [64, 65, 66], "home_corners": [4, 4, 5]}
    assert [later - sooner for sooner, later in zip(reply["at"], reply["at"][1:], strict=False)] == [60, 60]
    assert "current_money_line_home" in stage.get(f"/api/matches/{M1}/minutes").json["fields"]
    newest = stage.get(f"/api/matches/{M1}/minutes?fields=minute&limit=1").json
    assert (newest["fields"], newest["left_out"]) == ({"minute": [66]}, 2)


@pytest.mark.parametrize("what", ["odds", "minutes"])
def test_a_match_that_nobody_knows_and_one_of_which_nothing_is_kept(stage: Stage, what: str) -> None:
    stage.cycle([match(1)])
    assert stage.get(f"/api/matches/other/{what}").status == 404
    assert stage.get(f"/api/matches/{'x' * 65}/{what}").status == 404
    reply = stage.get(f"/api/matches/{M1}/{what}").json
    assert (reply.get("series", []), reply.get("at", [])) == ([], [])


def test_without_a_log_nothing_is_kept(tmp_path: Path) -> None:
    stage = Stage(tmp_path, log=False)
    try:
        stage.cycle([match(1)])
        for what in ("odds", "minutes"):
            assert stage.get(f"/api/matches/{M1}/{what}").status == 503
    finally:
        stage.close()


def test_damaged_odds_are_one_sentence(stage: Stage) -> None:
    stage.cycle([match(1)])
    assert stage.log is not None
    stage.log.append(Commit(time.time(), odds=[OddsBlob(M1, Kind.BASE, 1, 1.0, b"nonsense")], listed=None))
    reply = stage.get(f"/api/matches/{M1}/odds")
    assert (reply.status, reply.json) == (503, {"error": "The log of events cannot be read now."})


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("odds?market=corner", "There is no market 'corner'; there are money_line"),
        ("odds?bookmaker=bet365", "whole numbers"),
        ("odds?limit=20001", f"whole numbers from 0 to {MOST_ROWS}"),
        ("minutes?fields=incidents", "not a field that is kept by the minute"),
        ("minutes?limit=1001", "whole numbers from 0 to 1000"),
        ("minutes?market=corners", "Unknown parameter 'market'"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(shared: Stage, query: str, words: str) -> None:
    reply = shared.get(f"/api/matches/{M1}/{query}")
    assert (reply.status, words in reply.json["error"]) == (400, True), reply.body


prices = st.sampled_from([0.0, 0.85, 1.9, 3.25])
rows = st.builds(
    OddsRow,
    bookmaker_id=st.sampled_from([2, 3]),
    market=st.sampled_from(odds.MARKETS),
    at=st.integers(1_700_000_000, 1_700_000_009),
    minute=st.sampled_from(["", "3", "45+", "x"]),
    first=prices,
    line=prices,
    last=prices,
    status_id=st.sampled_from([1, 2, 4, 8]),
    sealed=st.sampled_from([0, 1]),
    score=st.sampled_from(["", "0-0", "1-0"]),
)


@given(st.lists(rows, max_size=40), st.integers(0, 40))
def test_no_price_is_lost_and_the_newest_stay_within_a_limit(sent: list[OddsRow], limit: int) -> None:
    known = Rows.of(odds.columns_of(sent))
    found, left_out = odds_view.series(known, [], [], limit)
    times = sorted(at for one in found for at in one["at"])
    assert times == sorted(row.at for row in sent)[len(sent) - len(times) :]
    assert (len(times), left_out) == (min(limit, len(sent)), max(0, len(sent) - limit))
    for one in found:
        assert one["at"] == sorted(one["at"])
        assert {len(values) for values in one["prices"].values()} == {len(one["at"])}
    table = odds_view.bookmakers(known, (2, 6), match(1), 900.0)
    assert sum(one["rows"] for one in table) == len(sent)
