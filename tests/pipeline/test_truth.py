"""An hour of the simulated world: each published value equals the world's at its own `…_fetched_at`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine

from footy.mirror.state import State
from footy.record import MatchRecord
from footy.service.app import App, running_app
from footy.service.paths import Files
from footy.settings import Mode, load
from tests.support import oracle
from tests.support.harness import Known, false_fields, told
from tests.support.liar import Lie, lying, reply, truth
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator
from thesports_simulator.world import feeds

HOUR = 3600


class Watched:
    """A pipeline and a world whose clocks stand still together, and are moved together."""

    def __init__(self, simulator: RunningSimulator, app: App, clock: Any) -> None:
        self.simulator = simulator
        self.world = simulator.world()
        self.app = app
        self._clock = clock
        self.state = State()
        self.cycles = 0
        self._known = Known(self.world)

    def wait(self, seconds: int) -> None:
        self.simulator.control.advance(seconds)
        self._clock.shift(seconds)

    def listen(self) -> None:
        self.state = self.app.pipeline.listen(self.state)

    def cycle(self) -> dict[str, Any]:
        self.cycles += 1
        outcome = self.app.pipeline.run(self.state, self.cycles)
        self.state = outcome.state
        assert outcome.snapshot is not None
        assert outcome.error is None
        return dict(outcome.snapshot)

    def falsehoods(self, records: list[MatchRecord]) -> list[str]:
        """Name the fields that differ from what the world was when they were fetched."""
        return [sentence for record in records for _, sentence in false_fields(record, self._truth(record))]

    def _truth(self, record: MatchRecord) -> dict[str, Any]:
        live_at, detail_at, odds_at = (
            datetime.fromisoformat(at).timestamp() if at else 0.0
            for at in (record["fetched_at"], record["detail_fetched_at"], record["odds_fetched_at"])
        )
        match_id, now = record["match_id"], int(time.time())
        live = self._known.live(match_id, int(live_at))
        detail = self._known.detail(match_id, int(detail_at)) if detail_at else None
        assert live is not None
        ids = [detail["home_team_id"], detail["away_team_id"]] if detail else []
        competition_id = detail["competition_id"] if detail else ""
        return oracle.record(
            oracle.Picture(
                live=live,
                detail=detail,
                odds=self._known.odds(match_id, int(odds_at)) if odds_at else None,
                teams={one: self._known.team(one, now) for one in ids},
                competitions={competition_id: self._known.competition(competition_id, now)},
                countries=self._known.countries,
                live_at=live_at,
                detail_at=detail_at,
                odds_at=odds_at,
                published_at=now,
                told=told(self.state, record),
            )
        )


@contextmanager
def watched(
    folder: Path, *, interval: float = 60, options: tuple[str, ...] = (), through: Lie = truth, **more: str
) -> Iterator[Watched]:
    with start(matches=30, odds="light", speed=0, options=options) as simulator, lying(simulator) as liar:
        liar.lie = through
        base_url = simulator.base_url if through is truth else liar.base_url
        with beside(simulator, folder, interval=interval, FOOTY_BASE_URL=base_url, **more) as watch:
            yield watch


@contextmanager
def beside(simulator: RunningSimulator, folder: Path, *, interval: float, **more: str) -> Iterator[Watched]:
    """Run a fresh pipeline beside a simulator that stands still at whatever time it has come to."""
    settings = load(
        {
            "THESPORTS_USER": simulator.user,
            "THESPORTS_SECRET": simulator.secret,
            "FOOTY_BASE_URL": simulator.base_url,
            "FOOTY_RATE_LIMITS": "off",
            "FOOTY_INTERVAL": str(interval),
            **more,
        },
        Path("absent"),
    ).settings
    with (
        time_machine.travel(simulator.control.clock()["now"], tick=False) as clock,
        running_app(settings, Mode.LIVE, Files(folder)) as app,
    ):
        yield Watched(simulator, app, clock)


def test_an_hour_of_cycles_a_minute_apart_tells_only_what_was_true(tmp_path: Path) -> None:
    with watched(tmp_path) as watch:
        known: set[str] = set()
        for minute in range(HOUR // 60):
            snapshot = watch.cycle()
            listed = {record["match_id"] for record in snapshot["matches"]}
            assert not watch.falsehoods(snapshot["matches"])
            assert snapshot["meta"]["complete"], snapshot["meta"]["problems"]
            if minute > 0:
                assert snapshot["meta"]["requests"] <= 8 + 5 * len(listed - known)
            known = listed
            for pause in (25, 25, 10):
                watch.wait(pause)
                if pause == 25:
                    watch.listen()
        assert watch.state.odds_feed.differences == 0
        assert watch.state.details_feed.differences == 0


@pytest.mark.parametrize("interval", [2, 5])
def test_fast_cycles_tell_only_what_was_true(tmp_path: Path, interval: int) -> None:
    with watched(tmp_path, interval=interval) as watch:
        for _ in range(100):
            snapshot = watch.cycle()
            assert not watch.falsehoods(snapshot["matches"])
            assert snapshot["meta"]["complete"], snapshot["meta"]["problems"]
            for record in snapshot["matches"]:
                now = time.time()
                assert now - _at(record["fetched_at"]) <= interval
                assert now - _at(record["odds_fetched_at"]) <= 3 + interval
                assert now - _at(record["detail_fetched_at"]) <= 60 + interval
            watch.wait(interval)


@pytest.mark.parametrize(("interval", "pauses"), [(5, (5,)), (60, (20, 20, 20))])
def test_where_only_changed_matches_are_named_each_change_is_read_and_hardly_twice(
    tmp_path: Path, interval: int, pauses: tuple[int, ...]
) -> None:
    with watched(tmp_path, interval=interval) as watch:
        control = watch.simulator.control
        control.set_faults("err_url@odds/live")
        watch.cycle()
        told, asked, cycles = set(), 0, 40
        for _ in range(cycles):
            for pause in pauses:
                watch.wait(pause)
                told |= {
                    (row["id"], row["update_time"])
                    for row in feeds.odds_update(watch.world, int(time.time()))
                }
                watch.listen()
            control.reset()
            snapshot = watch.cycle()
            asked += control.stats()["requests"].get("odds/history", 0)
            assert not watch.falsehoods(snapshot["matches"])
            assert snapshot["meta"]["complete"], snapshot["meta"]["problems"]
            assert all(
                time.time() - _at(one["odds_fetched_at"]) <= 3 + interval for one in snapshot["matches"]
            )
        assert told
        assert asked <= 2 * len(told) + 2 * cycles
        assert interval > 5 or asked < cycles * len(snapshot["matches"]) / 2


def _at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize("silent", ["odds/live", "match/recent/list?time="])
def test_a_feed_that_falls_silent_is_found_out(tmp_path: Path, silent: str) -> None:
    def emptied(path: str, body: bytes) -> list[bytes]:
        if not path.startswith(silent):
            return [reply(body)]
        return [reply(b'{"code":0,"results":%b}' % (b"{}" if silent == "odds/live" else b"[]"))]

    with watched(tmp_path, interval=60, through=emptied) as watch:
        for _ in range(HOUR // 60):
            watch.cycle()
            watch.wait(30)
            watch.listen()
            watch.wait(30)
        feed = watch.state.odds_feed if silent == "odds/live" else watch.state.details_feed
        assert feed.differences > 0
