"""What kicks off soon, from the vendor's plan of the day."""

from typing import Any

from footy.mirror.state import Held, References, Source
from footy.records.selection import Selection
from footy.records.tonight import AHEAD_S, upcoming
from footy.thesports.decoders import Diary, reader
from footy.thesports.endpoints import DIARY
from footy.thesports.envelope import judge
from footy.thesports.models import Competition, Country, Detail
from footy.thesports.request import Request
from footy.times import second_text

NOW = 1_800_000_000
KNOWN = References(
    competitions={"cup": Held(Competition("cup", "The Cup", country_id="wal"), 1.0, Source.CACHE)},
    countries=Held({"wal": Country("wal", "Wales")}, 1.0, Source.CACHE),
)


def row(match_id: str, in_s: int = 3600, **more: Any) -> Detail:
    given: dict[str, Any] = {
        "home_team_id": "h",
        "away_team_id": "a",
        "competition_id": "cup",
        "status_id": 1,
    }
    return Detail(match_id, match_time=NOW + in_s, neutral=0, **(given | more))


def plan(*rows: Detail) -> Diary:
    return Diary(list(rows), {"h": " Town ", "a": "City"}, {"league": "A League"})


def ids(diary: Diary, **wanted: Any) -> list[str]:
    found = upcoming(diary, KNOWN, NOW, Selection.of(**wanted), fetched_at=NOW)
    return [fixture["match_id"] for fixture in found]


def test_a_fixture_has_names_and_the_country_where_the_competition_is_known() -> None:
    [first, second] = upcoming(
        plan(row("m2", 7200, competition_id="league", away_team_id="?"), row("m1")),
        KNOWN,
        NOW,
        Selection(),
        fetched_at=NOW,
    )
    assert first == {
        "match_id": "m1",
        "kickoff_at": second_text(NOW + 3600),
        "competition_id": "cup",
        "competition": "The Cup",
        "country": "Wales",
        "home_id": "h",
        "home": "Town",
        "away_id": "a",
        "away": "City",
        "neutral": False,
    }
    assert (second["competition"], second["country"], second["away"]) == ("A League", None, None)


def test_only_what_kicks_off_in_the_next_twelve_hours_counts() -> None:
    rows = [
        row("began", 0),
        row("soon", 1),
        row("last", AHEAD_S),
        row("late", AHEAD_S + 1),
        row("cancelled", status_id=12),
        Detail("no time", status_id=1),
    ]
    assert ids(plan(*rows)) == ["soon", "last"]


def test_the_operators_filters_hold_for_fixtures_too() -> None:
    diary = plan(row("cup"), row("league", competition_id="league"), row("?", competition_id="?"))
    assert ids(diary, competitions=["a league"]) == ["league"]
    assert ids(diary, countries=["Wales"]) == ["cup"]
    assert ids(diary, countries=["England"]) == []


def test_a_reply_keeps_its_names_beside_its_rows() -> None:
    def read(extra: bytes) -> Diary:
        body = b'{"code":0,"results":[{"id":"m","match_time":5,"home_team_id":7},{"id":9}]%b}' % extra
        value, left_out = reader(Request(DIARY, start=5))(judge(DIARY, body))
        assert isinstance(value, Diary)
        assert left_out
        return value

    names = read(b',"results_extra":{"team":[{"id":"t","name":"Town"},{"id":1}],"competition":null,"x":1}')
    assert ([one.id for one in names.rows], names.teams, names.competitions) == (["m"], {"t": "Town"}, {})
    assert read(b"").teams == {}
    assert read(b',"results_extra":[]').teams == {}
