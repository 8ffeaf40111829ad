"""Names ahead of need: what is asked next as a table, and the catalogue that it fills."""

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import time_machine

from footy.provenance import Source
from footy.reference.catalogue import Catalogue, Standing
from footy.reference.lookup import Lookup
from footy.reference.prefetch import ANEW_S, HALT_S, OVERLAP_S, Prefetch, advanced, next_request
from footy.telemetry.counters import Counters
from footy.thesports.client import Client
from footy.thesports.decoders import Page
from footy.thesports.endpoints import CATEGORIES, COMPETITION, COUNTRIES, PAGE_ROWS, TEAM, RateLimit
from footy.thesports.request import Request
from footy.thesports.retry_budget import RetryBudget
from footy.thesports.transport import Transport
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator

DAY = 86_400
NOW = 1_800_000_000.0
TTL_S = dict.fromkeys((TEAM, COMPETITION, COUNTRIES, CATEGORIES), float(DAY))
DONE = Standing(page=0, started_at=NOW - 2 * DAY, confirmed_at=NOW - DAY)
READING = Standing(page=7, started_at=NOW - 400)
A_PAGE = Request(TEAM, page=7)
CHANGES = Request(TEAM, since=1000, page=1)


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (Standing(), Request(TEAM, page=1)),
        (READING, Request(TEAM, page=7)),
        (replace(READING, started_at=NOW - ANEW_S), Request(TEAM, page=1)),
        (replace(READING, started_at=NOW + 60), Request(TEAM, page=1)),
        (DONE, Request(TEAM, since=int(NOW) - DAY + 7 - OVERLAP_S, page=1)),
        (replace(DONE, confirmed_at=NOW - DAY / 4), Request(TEAM, since=int(NOW) - DAY // 4 - 293, page=1)),
        (replace(DONE, confirmed_at=NOW - DAY / 4 + 1), None),
        (replace(DONE, cursor=77, walk_at=NOW - 60), Request(TEAM, since=77, page=1)),
        (replace(DONE, started_at=NOW - ANEW_S), Request(TEAM, page=1)),
        (Standing(halted_until=NOW + 1), None),
        (Standing(halted_until=NOW), Request(TEAM, page=1)),
        (Standing(halted_until=NOW + HALT_S + 1), Request(TEAM, page=1)),
    ],
)
def test_all_pages_are_asked_for_once_and_then_what_has_changed(
    standing: Standing, expected: Request | None
) -> None:
    assert next_request(TEAM, standing, NOW, DAY, 7) == expected


@pytest.mark.parametrize(
    ("standing", "request_", "size", "latest", "is_new", "expected"),
    [
        (READING, A_PAGE, 1000, 0, True, replace(READING, page=8)),
        (READING, A_PAGE, 990, 0, True, replace(READING, page=8)),
        (READING, A_PAGE, 0, 0, False, replace(READING, page=0, confirmed_at=NOW - 400)),
        (READING, A_PAGE, 1000, 0, False, None),
        (replace(READING, page=1), A_PAGE, 0, 0, False, None),
        (DONE, CHANGES, 3, 1500, True, replace(DONE, confirmed_at=NOW)),
        (DONE, CHANGES, 0, 0, False, replace(DONE, confirmed_at=NOW)),
        (DONE, CHANGES, PAGE_ROWS, 1500, True, replace(DONE, cursor=1500, walk_at=NOW)),
        (DONE, CHANGES, PAGE_ROWS, 1000, True, None),
        (
            replace(DONE, cursor=1000, walk_at=NOW - 60),
            CHANGES,
            3,
            1500,
            True,
            replace(DONE, confirmed_at=NOW - 60),
        ),
    ],
)
def test_each_page_brings_the_catalogue_further_or_is_of_no_use(
    standing: Standing, request_: Request, size: int, latest: int, is_new: bool, expected: Standing | None
) -> None:
    page = Page([], size, latest)
    assert advanced(standing, request_, page, NOW, is_new=is_new) == expected


def test_a_row_is_as_old_as_what_is_known_of_it(tmp_path: Path) -> None:
    with closing(Catalogue(tmp_path / "catalogue.sqlite")) as catalogue:
        catalogue.keep(TEAM, {"a": b'{"id":"a"}', "b": b'{"id":"b"}'}, 100.0, READING)
        catalogue.keep(TEAM, {"b": b'{"id":"b","name":"B"}'}, 300.0, replace(DONE, confirmed_at=200.0))
        found = {one: catalogue.read(Request(TEAM, one)) for one in "abc"}
        assert (found["a"] and found["a"].received_at) == 200.0
        assert (found["b"] and found["b"].received_at) == 300.0
        assert (found["b"] and found["b"].results) == b'[{"id":"b","name":"B"}]'
        assert found["c"] is None
        assert catalogue.read(Request(COMPETITION, "a")) is None


def test_what_is_taken_out_is_gone_at_once_and_from_the_file_later(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.sqlite"
    with closing(Catalogue(path)) as catalogue:
        catalogue.keep(TEAM, {"a": b"{}", "b": b"{}"}, 100.0, READING)
        catalogue.drop([Request(TEAM, "a")])
        assert catalogue.read(Request(TEAM, "a")) is None
        catalogue.keep(TEAM, {}, 100.0, READING)
    with closing(Catalogue(path)) as catalogue:
        assert catalogue.read(Request(TEAM, "a")) is None
        assert catalogue.read(Request(TEAM, "b")) is not None


def test_a_catalogue_that_is_no_database_is_made_anew_with_one_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "catalogue.sqlite"
    path.write_bytes(b"this is no database, and long enough to be taken for one" * 20)
    with closing(Catalogue(path)) as catalogue:
        assert catalogue.read(Request(TEAM, "a")) is None
        catalogue.keep(TEAM, {"a": b"{}"}, 100.0, READING)
        assert catalogue.read(Request(TEAM, "a")) is not None
    assert [one.getMessage().partition(" (")[0] for one in caplog.records] == [
        f"The catalogue {path} was corrupt"
    ]


def test_a_catalogue_that_cannot_be_opened_is_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with closing(Catalogue(tmp_path / "absent" / "catalogue.sqlite")) as catalogue:
        for _ in range(3):
            assert catalogue.read(Request(TEAM, "a")) is None
            assert catalogue.standing(TEAM) is None
    assert len(caplog.records) == 1
    assert caplog.records[0].getMessage().endswith("; going on without it")


def test_one_caller_waits_for_a_locked_catalogue_and_the_others_do_without_it(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.sqlite"
    with closing(Catalogue(path)) as catalogue:
        catalogue.keep(TEAM, {"a": b"{}"}, 100.0, READING)
    with closing(Catalogue(path)) as catalogue:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("BEGIN EXCLUSIVE")
            assert catalogue.read(Request(TEAM, "a")) is None
            other.execute("COMMIT")
        assert catalogue.read(Request(TEAM, "a")) is None
        catalogue._retry_at = 0.0  # as some seconds later
        assert catalogue.read(Request(TEAM, "a")) is not None


class Ahead:
    """A prefetch and a lookup at a simulator, whose clock and ours stand still and are moved together."""

    def __init__(self, simulator: RunningSimulator, folder: Path, clock: Any) -> None:
        self.simulator = simulator
        self.world = simulator.world()
        self.clock = clock
        self.path = folder / "catalogue.sqlite"
        self.start()

    def start(self) -> None:
        """Start a process's part of it, with what an earlier one has left on disk."""
        self.transport = Transport(
            base_url=self.simulator.base_url,
            credentials={"user": self.simulator.user, "secret": self.simulator.secret},
            counters=Counters(),
        )
        self.client = Client(self.transport)
        self.catalogue = Catalogue(self.path)
        self.prefetch = Prefetch(self.client, self.catalogue, TTL_S)
        self.lookup = Lookup(self.client, None, TTL_S, self.transport.vendor_clock, self.catalogue)

    def stop(self) -> None:
        self.transport.close()
        self.catalogue.close()

    def wait(self, seconds: float) -> None:
        self.simulator.control.advance(seconds)
        self.clock.shift(seconds)

    def steps(self, count: int) -> None:
        """Run steps a minute apart."""
        for _ in range(count):
            self.prefetch.step(30)
            self.wait(60)

    def asked(self) -> list[tuple[str, str | None, bool]]:
        """Return what was asked since the last look: endpoint, page, and whether it was for changes."""
        replies = self.simulator.control.log(getattr(self, "_seen", 0))
        self._seen = replies[-1]["seq"] if replies else getattr(self, "_seen", 0)
        return [(one["endpoint"].split("/")[0], one.get("page"), "time" in one) for one in replies]


@contextmanager
def ahead(folder: Path, matches: int = 150) -> Iterator[Ahead]:
    with (
        start(matches=matches, odds="light", speed=0) as simulator,
        time_machine.travel(simulator.control.clock()["now"], tick=False) as clock,
    ):
        made = Ahead(simulator, folder, clock)
        try:
            yield made
        finally:
            made.stop()


def test_the_catalogue_is_completed_page_by_page_over_restarts_and_then_kept_up(tmp_path: Path) -> None:
    with ahead(tmp_path) as names:
        names.steps(3)
        names.stop()
        names.start()
        names.steps(3)
        assert names.asked() == [
            ("competition", "1", False),
            ("competition", "2", False),
            ("team", "1", False),
            ("team", "2", False),
            ("team", "3", False),
        ]
        # A new match needs no call for its names, in this process or a later one.
        names.stop()
        names.start()
        now = int(time.time())
        rows = [names.world.detail_row(one, now) for one in names.world.live_ids(now)[:20]]
        ids = [row[side] for row in rows if row for side in ("home_team_id", "away_team_id")]
        for team_id in ids:
            answer = names.lookup.ask(Request(TEAM, team_id), RetryBudget(time.monotonic() + 9))
            assert answer.value is not None
            assert answer.source is Source.CACHE
            assert getattr(answer.value, "name", "") == (names.world.team(team_id, now) or {})["name"]
        assert names.asked() == []
        # Then only what has changed is asked for, a few times a day.
        for _ in range(4):
            names.wait(DAY / 4)
            names.steps(2)
        changes = names.asked()
        assert {one[2] for one in changes} == {True}
        assert len(changes) == 8
        later = names.lookup.ask(Request(TEAM, ids[0]), RetryBudget(time.monotonic() + 9))
        assert time.time() - (later.at or 0) < DAY / 4 + 600
        assert names.asked() == []


@pytest.mark.parametrize("fault", ["pages_stuck", "pages_empty", "pages_refused", "code100003"])
def test_a_list_that_is_of_no_use_is_left_alone_with_one_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    with ahead(tmp_path, 20) as names, caplog.at_level(logging.INFO, "footy.reference"):
        names.simulator.control.set_faults(f"{fault}@team/additional/list")
        names.steps(8)
        said = [one.getMessage() for one in caplog.records if one.name == "footy.reference.prefetch"]
        assert (
            len([one for one in said if one.startswith("The list of teams is not fetched in advance")]) == 1
        )
        assert len([one for one in names.asked() if one[0] == "team"]) <= 2
        # By id all is as ever.
        names.simulator.control.clear_faults()
        uuid = names.world.live_ids(int(time.time()))[0]
        row = names.world.detail_row(uuid, int(time.time())) or {}
        answer = names.lookup.ask(Request(TEAM, row["home_team_id"]), RetryBudget(time.monotonic() + 9))
        assert answer.value is not None


def test_a_failure_is_tried_again_a_minute_later_and_the_third_one_ends_it(tmp_path: Path) -> None:
    with ahead(tmp_path, 20) as names:
        names.simulator.control.set_faults("http500x1@competition/additional/list")
        names.steps(3)
        assert names.asked() == [("competition", "1", False)] * 2 + [("competition", "2", False)]
        names.simulator.control.set_faults("http500@team/additional/list")
        names.steps(6)
        assert names.asked() == [("team", "1", False)] * 3


def test_no_request_is_made_more_than_once_a_minute_or_shortly_before_a_cycle(tmp_path: Path) -> None:
    with ahead(tmp_path, 20) as names:
        assert not names.prefetch.is_due(0.9)
        assert names.prefetch.is_due(1.0)
        for _ in range(5):
            names.prefetch.step(30)
        assert names.asked() == [("competition", "1", False), ("team", "1", False)]
        assert not names.prefetch.is_due(30)
        names.wait(60)
        assert names.prefetch.is_due(30)


def test_a_step_ends_at_once_when_footy_stops(tmp_path: Path) -> None:
    with ahead(tmp_path, 20) as names:
        names.transport.stop()
        names.prefetch.step(30)
        assert names.asked() == []
        assert names.catalogue.standing(COMPETITION) == Standing()


def test_a_quota_that_is_nearly_spent_is_left_to_the_cycles(tmp_path: Path) -> None:
    with ahead(tmp_path, 20) as names:
        limits = {TEAM.path: RateLimit(10, 60), COMPETITION.path: RateLimit(11, 60)}
        names.transport.quota._limits = limits  # as FOOTY_RATE_LIMITS would set them
        names.steps(1)
        assert names.asked() == [("competition", "1", False)]
