"""Made-up values: what is missing is filled and marked, and nothing else is touched."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from footy.mirror.periods import Periods
from footy.mirror.state import MatchState, References, State
from footy.provenance import Held, Source
from footy.records.mock import filled
from footy.service.app import App, running_app
from footy.service.paths import Files
from footy.settings import Mode, load
from footy.thesports.models import Competition, Detail, LiveMatch, LiveScore, SideScore, Team
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator

WINDOW = (2, 6)
GUIDE = "Falling back to mock data"
ENRICHING = ("match/recent/list", "odds/history", "team/additional/list", "competition/additional/list")


def lacking(source: Source) -> Held[Any]:
    return Held(None, None, source)


def fresh(value: Any) -> Held[Any]:
    return Held(value, 1.0, Source.FRESH)


LIVE = fresh(LiveMatch("m1", LiveScore("m1", 2, SideScore(), SideScore())))
DETAIL = fresh(Detail("m1", home_team_id="h", away_team_id="a", competition_id="c"))
WHOLE = References(
    {"h": fresh(Team("h", name="Home")), "a": fresh(Team("a", name="Away"))},
    {"c": fresh(Competition("c", name="League", country_id="n"))},
    fresh({}),
    fresh({}),
)


@pytest.mark.parametrize("source", [Source.NONE, Source.REFUSED, Source.STALE, Source.FRESH])
def test_only_what_is_missing_is_made_up(source: Source, caplog: pytest.LogCaptureFixture) -> None:
    matches = {"m1": MatchState(LIVE, lacking(source), lacking(source))}
    references = References({"h": lacking(source)}, {"c": lacking(source)}, lacking(source), lacking(source))

    assert filled(matches, references, WINDOW) == (matches, references)
    assert caplog.messages == []


def test_a_missing_detail_names_teams_and_a_competition_that_are_made_up_too() -> None:
    matches, references = filled(
        {"m1": MatchState(LIVE, lacking(Source.MISSING), fresh({}))}, References(), WINDOW
    )

    detail = matches["m1"].detail
    assert detail.value is not None
    assert (detail.source, detail.fetched_at) == (Source.MOCK, None)
    named = [references.teams[one or ""] for one in (detail.value.home_team_id, detail.value.away_team_id)]
    assert [one.source for one in named] == [Source.MOCK, Source.MOCK]
    assert all(one.value is not None and (one.value.name or "").startswith("Mock team") for one in named)
    assert references.competitions[detail.value.competition_id or ""].source is Source.MOCK
    assert matches["m1"].odds == fresh({})


def test_what_was_seen_of_a_match_stays_with_it() -> None:
    seen = Periods(1000, 4000.0)
    matches, _ = filled(
        {"m1": MatchState(LIVE, lacking(Source.MISSING), fresh({}), seen)}, References(), WINDOW
    )
    assert matches["m1"].periods == seen


def test_what_a_real_detail_names_keeps_its_id_and_gets_a_name_that_says_it_is_made_up() -> None:
    teams = {"h": lacking(Source.MISSING), "a": WHOLE.teams["a"]}
    _, references = filled(
        {"m1": MatchState(LIVE, DETAIL, fresh({}))},
        References(teams, WHOLE.competitions, lacking(Source.MISSING), WHOLE.categories),
        WINDOW,
    )

    assert references.teams == {"h": Held(Team("h", name="Mock team h"), None, Source.MOCK), "a": teams["a"]}
    assert references.competitions == WHOLE.competitions
    assert references.countries.source is Source.MOCK
    assert [(key, row.name) for key, row in (references.countries.value or {}).items()] == [
        ("n", "Mock country n")
    ]


def test_made_up_odds_are_the_same_in_every_cycle() -> None:
    given = {"m1": MatchState(LIVE, DETAIL, lacking(Source.MISSING))}

    first, again = (filled(given, WHOLE, WINDOW)[0]["m1"].odds for _ in range(2))

    assert first == again
    assert (first.source, first.fetched_at) == (Source.MOCK, None)


def test_each_cycle_says_once_how_much_of_it_is_made_up(caplog: pytest.LogCaptureFixture) -> None:
    filled({"m1": MatchState(LIVE, DETAIL, lacking(Source.MISSING))}, WHOLE, WINDOW)

    assert caplog.messages == [f"{GUIDE}: 1 values are made up and marked mock"]


# --- against the simulator


@pytest.fixture(scope="module")
def vendor() -> Iterator[RunningSimulator]:
    with start(matches=4, odds="light", speed=0) as simulator:
        yield simulator


def settings_for(vendor: RunningSimulator, **more: str) -> Any:
    given = {
        "THESPORTS_USER": vendor.user,
        "THESPORTS_SECRET": vendor.secret,
        "FOOTY_BASE_URL": vendor.base_url,
        "FOOTY_RATE_LIMITS": "off",
        "FOOTY_ATTEMPTS": "1",
    }
    return load(given | more, Path("absent")).settings


def sources(snapshot: Any) -> set[str]:
    return {
        value for record in snapshot["matches"] for name, value in record.items() if name.endswith("_source")
    }


def cycle(app: App, state: State) -> tuple[State, Any]:
    outcome = app.pipeline.run(state, 1)
    return outcome.state, outcome.snapshot


def test_nothing_is_made_up_unless_the_operator_asks_for_it(
    vendor: RunningSimulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    vendor.control.set_faults(*(f"http500@{one}" for one in ENRICHING))
    with running_app(settings_for(vendor), Mode.LIVE, Files(tmp_path)) as app:
        _, snapshot = cycle(app, State())

    assert "missing" in sources(snapshot)
    assert "mock" not in sources(snapshot) | set(json.dumps(snapshot).lower().split('"'))
    assert GUIDE not in caplog.text


def test_what_is_made_up_is_marked_and_kept_out_of_all_that_is_held(
    vendor: RunningSimulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    files = Files(tmp_path)
    vendor.control.set_faults(*(f"http500@{one}" for one in (*ENRICHING, "country/list")))
    asked_for = settings_for(vendor, FOOTY_FALLBACK="stale,mock")
    with running_app(asked_for, Mode.LIVE, files) as app:
        state, snapshot = cycle(app, State())

        assert sources(snapshot) == {"fresh", "mock", "none"}
        assert {record["live_source"] for record in snapshot["matches"]} == {"fresh"}
        assert not snapshot["meta"]["complete"]
        assert all(record["odds_fetched_at"] is None for record in snapshot["matches"])
        assert caplog.text.count(GUIDE) == 1
        held = [part for one in state.matches.values() for part in (one.detail, one.odds)]
        assert {part.source for part in held} == {Source.MISSING}
        app.checkpoint.save(state, at_once=True)
    for kept in tmp_path.iterdir():
        assert b"mock" not in kept.read_bytes().lower(), kept.name

    vendor.control.clear_faults()
    with running_app(asked_for, Mode.LIVE, files) as app:
        _, snapshot = cycle(app, app.checkpoint.load())
    assert snapshot["meta"]["complete"]
    assert "Mock" not in json.dumps(snapshot)


def test_the_live_list_itself_is_never_made_up(vendor: RunningSimulator, tmp_path: Path) -> None:
    vendor.control.set_faults("http500@match/detail_live")
    asked_for = settings_for(vendor, FOOTY_FALLBACK="stale,mock")
    with running_app(asked_for, Mode.LIVE, Files(tmp_path)) as app:
        outcome = app.pipeline.run(State(), 1)

    assert outcome.snapshot is None
    assert outcome.error is not None
