"""The archivist: what an answer comes to, what it leaves to the cycles, and a whole evening of archives."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from footy.clock import CLOCK
from footy.history import odds
from footy.history.archive import Archived, ArchiveState, Due, match_minutes, match_odds
from footy.history.log import Commit
from footy.history.minutes import loose, row_of
from footy.history.odds import Kind, OddsBlob, OddsColumns, OddsRow, columns_of, rows_of
from footy.history.sqlite_log import SqliteLog, opened, opened_for_reading
from footy.mirror.answers import OddsChanges
from footy.mirror.state import State
from footy.service import archivist as module
from footy.service.app import App, running_app
from footy.service.archivist import (
    LAST_PAUSE_S,
    MOST_ARCHIVES,
    MOST_BLOBS,
    MOST_KEPT,
    SPARED,
    TRIED_FOR_S,
    Archivist,
    Known,
    outcome,
)
from footy.service.paths import Files
from footy.settings import Mode, load
from footy.thesports import endpoints
from footy.thesports.client import Client
from footy.thesports.decoders import PriceChange
from footy.thesports.errors import BadBodyError, RefusedError, TimedOutError, VendorCodeError
from footy.thesports.models import Markets
from footy.thesports.models import OddsRow as VendorRow
from footy.thesports.request import Answer, Request
from tests.events.watch import KICK_OFF, record
from tests.history.archive_contract import over
from tests.support.archived_evening import ArchivedEvening, live_through, wait_for_archives
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator

NOW = KICK_OFF + 3600
ASKED = Request(endpoints.ODDS, "m")
NOTHING = Known(columns_of([]))


def row(at: int, price: float = 1.9, **changes: Any) -> VendorRow:
    values: dict[str, Any] = {"status_id": 2, "sealed": 0} | changes
    return VendorRow(int(KICK_OFF) + at, "5", price, 3.2, 4.0, score="0-0", **values)


def known(*rows: VendorRow, bookmaker_id: int = 2) -> Known:
    return Known(
        columns_of(
            [OddsRow(bookmaker_id, "eu", one.at, "5", *(one.first, 3.2, 4.0), 2, 0, "0-0") for one in rows]
        )
    )


def answered(*rows: VendorRow, left_out: tuple[str, ...] = (), **companies: Markets) -> Answer[object]:
    return Answer(ASKED, {"2": Markets(eu=[*rows])} | companies if rows else {}, NOW, left_out=left_out)


def due(tries: int = 0) -> Due:
    return Due("m", KICK_OFF, tries, None)


def kept(archived: Archived) -> OddsColumns:
    assert archived.odds is not None
    return odds.unpack(archived.odds.data)


def test_all_rows_of_a_whole_answer_are_kept_in_its_order() -> None:
    found = outcome(due(), answered(row(20), row(20, 2.0), row(10)), known(row(10)), NOW)
    assert (found.state, found.rows, found.left_out, found.note, found.tries) == ("whole", 3, 0, None, 1)
    assert [(one.at - KICK_OFF, one.first) for one in rows_of(kept(found))] == [
        (20, 1.9),
        (20, 2.0),
        (10, 1.9),
    ]


def test_a_match_that_never_had_odds_is_empty_and_says_so() -> None:
    found = outcome(due(), answered(), NOTHING, NOW)
    assert (found.state, found.rows, found.note) == ("empty", 0, "The vendor has no odds of this match")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (answered(), "The answer lacks 1 series of prices that had been seen"),
        (answered(row(1)), "The answer has 1 rows, and 3 had been seen"),
        (
            answered(*(row(at) for at in range(9)), left_out=("{}.eu[]",)),
            "1 values of the answer cannot be read",
        ),
        (
            answered(*(row(at) for at in range(9)), row(2**70)),
            "1 values of the answer cannot be read",
        ),
        (
            answered(*(row(at) for at in range(9)), x2=Markets(eu=[row(1)])),
            "1 values of the answer cannot be read",
        ),
    ],
)
def test_half_an_answer_is_asked_for_again_and_believed_the_third_time(
    answer: Answer[object], words: str
) -> None:
    before = known(row(100), row(101), row(102))
    for tries in (0, 1):
        found = outcome(due(tries), answer, before, NOW)
        assert (found.state, found.note, found.odds) == ("waiting", words, None)
        assert found.next_at == NOW + 600 * 2**tries
    last = outcome(due(2), answer, before, NOW)
    assert (last.state, last.note) == ("partial", words)
    assert {one.at for one in rows_of(kept(last))} >= {int(KICK_OFF) + at for at in (100, 101, 102)}


@pytest.mark.parametrize(
    "error",
    [
        TimedOutError("no answer within 10 s"),
        BadBodyError("the body is no JSON"),
        VendorCodeError("the vendor answers code 100003"),
        RefusedError("the account lacks odds/history", "endpoint", confirmed_refusal=True),
    ],
)
def test_a_failure_is_noted_and_tried_again_ever_later(error: Exception) -> None:
    pauses = []
    for tries in range(12):
        found = outcome(due(tries), Answer(ASKED, error=error), NOTHING, NOW)  # type: ignore[arg-type]
        assert (found.state, found.note, found.tries) == ("waiting", str(error), tries + 1)
        pauses.append(found.next_at - NOW)
    assert pauses[:3] == [600, 1200, 2400]
    assert pauses[-1] == LAST_PAUSE_S


# With a vendor over a real socket, and a log in a file.


@pytest.fixture(scope="module")
def vendor() -> Iterator[RunningSimulator]:
    with start(matches=8, odds="light", speed=0) as simulator:
        yield simulator


class Service:
    """An archivist with a log whose matches are over."""

    def __init__(self, app: App, path: Path, match_ids: list[str]) -> None:
        self.app = app
        self.log, _ = opened(path)
        for match_id in match_ids:
            self.log.append(over(match_id, CLOCK.now() - 1000))
        self.archivist = Archivist(Client(app.transport), lambda: opened_for_reading(path))

    def read(self) -> None:
        """Read what is due, and write it."""
        self.archivist.ask(20.0)
        assert self.archivist._asked is not None
        self.archivist._asked.result(30)
        self.write()

    def write(self) -> Commit:
        commit = self.archivist.added(Commit(CLOCK.now(), listed=None), [], {}, State())
        self.log.append(commit)
        self.archivist.written(commit)
        return commit

    def states(self) -> dict[str, str | None]:
        return {one.id: one.archive for one in self.log.entries()}


@pytest.fixture
def ids(vendor: RunningSimulator) -> list[str]:
    """Matches that have odds."""
    world, at = vendor.world(), int(vendor.control.clock()["now"])
    return [one for one in world.live_ids(at) if world.odds(one, at)][:4]


@pytest.fixture
def service(vendor: RunningSimulator, tmp_path: Path, ids: list[str]) -> Iterator[Service]:
    vendor.control.clear_faults()
    vendor.control.reset()
    settings = load(
        {
            "THESPORTS_USER": vendor.user,
            "THESPORTS_SECRET": vendor.secret,
            "FOOTY_BASE_URL": vendor.base_url,
            "FOOTY_BACKOFF": "0.01",
            "FOOTY_TIMEOUT": "1",
        },
        Path("absent"),
    ).settings
    with running_app(settings, Mode.LIVE, Files(tmp_path)) as app:
        service = Service(app, tmp_path / "footy.db", ids)
        yield service
        app.transport.stop()
        service.archivist.close()
        service.log.close()


def test_all_that_wait_are_read_once_each(service: Service, vendor: RunningSimulator, ids: list[str]) -> None:
    service.read()
    assert service.states() == dict.fromkeys(ids, "whole")
    service.read()
    assert vendor.control.stats()["requests"]["odds/history"] == len(ids)
    text = {str(one): one for one in service.archivist.metrics()}
    assert any("footy_archive_waiting" in one and "value=0" in one for one in text)
    [counts] = [one for one in service.archivist.metrics() if one.name == "footy_archive_reads"]
    assert {one.labels["state"]: one.value for one in counts.samples if "state" in one.labels}["whole"] == 4


def test_an_archive_that_is_not_written_yet_is_not_read_again(
    service: Service, vendor: RunningSimulator, ids: list[str]
) -> None:
    for _ in range(2):
        service.archivist.ask(20.0)
        assert service.archivist._asked is not None
        service.archivist._asked.result(30)
    assert vendor.control.stats()["requests"]["odds/history"] == len(ids)
    service.archivist.added(Commit(CLOCK.now()), [], {}, State())  # and the log fails
    assert len(service.write().archives) == len(ids)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("http503", "HTTP status 503"),
        ("html", "not the JSON expected"),
        ("truncated", "the connection broke before the reply was whole"),
        ("results_swapped", "results are not a JSON object"),
        ("hang", "time"),
        ("code100003", "100003"),
    ],
)
def test_a_vendor_that_fails_leaves_a_match_waiting_with_the_reason(
    service: Service, vendor: RunningSimulator, fault: str, words: str
) -> None:
    vendor.control.set_faults(f"{fault}@odds/history")
    service.archivist.ask(2.0)
    assert service.archivist._asked is not None
    service.archivist._asked.result(30)
    service.write()
    vendor.control.clear_faults()
    entries = service.log.entries()
    assert {one.archive for one in entries} == {"waiting"}
    notes = [one.note for one in entries if one.note]
    assert notes
    assert all(words in note for note in notes), notes
    assert not any(vendor.secret in note for note in notes)


def test_an_account_that_lacks_the_endpoint_is_not_asked_for_every_match(
    service: Service, vendor: RunningSimulator
) -> None:
    vendor.control.set_faults("err_url@odds/history")
    for _ in range(6):
        service.read()
    assert vendor.control.stats()["requests"]["odds/history"] <= 6
    assert set(service.states().values()) == {"waiting"}
    assert any(one.note and "not authorized" in one.note for one in service.log.entries())


def test_calls_are_left_to_the_cycles(service: Service, vendor: RunningSimulator) -> None:
    quota = service.app.transport.quota
    while (quota.left(endpoints.ODDS) or 0) > SPARED + 2:
        quota.take(endpoints.ODDS)
    service.read()
    assert vendor.control.stats()["requests"]["odds/history"] == 2
    service.archivist._lacking = 50
    service.read()
    assert vendor.control.stats()["requests"]["odds/history"] == 2


def test_a_match_of_a_month_ago_is_given_up_without_a_call(
    service: Service, vendor: RunningSimulator, ids: list[str]
) -> None:
    service.log.append(over("old", CLOCK.now() - TRIED_FOR_S - 100))
    service.read()
    entry = service.log.entry("old")
    assert entry is not None
    assert (entry.archive, entry.note) == (
        "lost",
        "Not read within 29 days of its end: they were not asked for",
    )
    assert vendor.control.stats()["requests"]["odds/history"] == len(ids)


def test_the_minutes_of_a_match_are_packed_with_its_odds(service: Service, ids: list[str]) -> None:
    rows = [row_of(record(match_id=ids[0], home_score=at), KICK_OFF + 60 * at) for at in range(5)]
    pieces = [loose(ids[0], one, before) for before, one in zip([None, *rows], rows, strict=False)]
    service.log.append(Commit(KICK_OFF, minutes=pieces, listed=None))
    service.read()
    [blob] = service.log.minute_blobs(ids[0])
    assert (blob.rows, match_minutes(service.log, ids[0])) == (5, rows)


def test_damaged_rows_do_not_keep_a_match_from_its_archive(service: Service, ids: list[str]) -> None:
    service.log.append(
        Commit(KICK_OFF, odds=[OddsBlob(ids[0], Kind.CHUNK, 3, KICK_OFF, b"damage")], listed=None)
    )
    service.read()
    assert service.states()[ids[0]] == "whole"


# What is collected of running matches.


def reply(*changes: PriceChange) -> OddsChanges:
    return OddsChanges([*changes], frozenset())


def test_replies_and_full_reads_become_chunks_and_one_base(service: Service) -> None:
    archivist = service.archivist
    archivist.added(Commit(NOW), [record(match_id="m")], {}, State())
    archivist.take_changes(
        reply(PriceChange("m", 2, "eu", row(30)), PriceChange("other", 2, "eu", row(30))), NOW
    )
    archivist.read("m", {"2": Markets(eu=[row(20), row(10)])})
    archivist.read("m", {"2": Markets(eu=[row(20), row(10)])})
    written = archivist.rest(Commit(NOW))
    assert sorted((blob.match_id, blob.kind, blob.rows) for blob in written.odds) == [
        ("m", 0, 1),
        ("m", 1, 2),
    ]


def test_what_is_not_written_yet_can_be_read_until_it_is(service: Service) -> None:
    archivist = service.archivist
    archivist.added(Commit(NOW), [record(match_id="m")], {}, State())
    archivist.read("m", {"2": Markets(eu=[row(20), row(10)])})
    archivist.take_changes(
        reply(PriceChange("m", 2, "eu", row(30)), PriceChange("other", 2, "eu", row(30))), NOW
    )
    for _ in range(2):  # to look takes nothing away
        tail = archivist.odds_tail("m")
        assert [(blob.match_id, blob.kind, blob.rows) for blob in tail] == [("m", 1, 2), ("m", 0, 1)]
    assert archivist.odds_tail("nobody") == []
    service.write()
    assert [blob.kind for blob in archivist.odds_tail("m")] == [0], "the base is in the log by now"
    assert archivist.rest(Commit(NOW)).odds == archivist.odds_tail("m")


def test_a_gap_of_the_feed_makes_every_match_need_a_full_read_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(CLOCK, "uptime", lambda: now)
    archivist = service.archivist
    archivist.take_changes(reply(), NOW)
    archivist.read("m", {"2": Markets(eu=[row(10)])})
    archivist._packing.submit(int).result(10)
    for seconds, bases in ((50.0, 1), (60.0, 2)):
        now += seconds
        archivist.take_changes(reply(), NOW)
        archivist.read("m", {"2": Markets(eu=[row(10)])})
        archivist._packing.submit(int).result(10)
        assert len(archivist._blobs) == bases


def test_a_cycle_writes_only_so_much_and_a_full_disk_does_not_fill_the_memory(service: Service) -> None:
    archivist = service.archivist
    blob = OddsBlob("m", Kind.CHUNK, 1, NOW, b"")
    archivist._blobs = [blob._replace(rows=number) for number in range(MOST_KEPT + 100)]
    archivist._archives = {
        str(number): Archived(str(number), ArchiveState.EMPTY, NOW, 1) for number in range(30)
    }
    for _ in range(3):  # the log fails
        commit = archivist.added(Commit(NOW), [], {}, State())
        assert (len(commit.odds), len(commit.archives)) == (len(archivist._blobs) // 2, 15)
    assert len(archivist._blobs) == MOST_KEPT
    assert commit.odds[0].rows == 100
    archivist.written(commit)
    assert (len(archivist._blobs), len(archivist._archives)) == (MOST_KEPT // 2, 15)
    while len(archivist._blobs) > MOST_BLOBS:
        archivist.written(archivist.added(Commit(NOW), [], {}, State()))
    commit = archivist.added(Commit(NOW), [], {}, State())
    assert len(commit.odds) == len(archivist._blobs)
    assert len(commit.archives) <= MOST_ARCHIVES


def test_minutes_build_on_nothing_after_a_commit_that_failed(service: Service) -> None:
    archivist = service.archivist
    seen: list[Any] = [record(match_id="m", home_corners=1)]
    archivist.added(Commit(NOW), seen, {}, State())
    commit = archivist.added(Commit(NOW + 60), [record(match_id="m", home_corners=2)], {}, State())
    [blob] = commit.minutes
    assert b"Premier League" in blob.data
    archivist.written(commit)
    [later] = archivist.added(Commit(NOW + 120), [record(match_id="m", home_corners=3)], {}, State()).minutes
    assert b"Premier League" not in later.data


def test_replies_that_come_faster_than_they_are_packed_are_left_to_a_full_read(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_REPLIES", 0)
    archivist = service.archivist
    archivist._listed = frozenset({"m"})
    archivist._based = {"m": CLOCK.uptime()}
    archivist._feed_read_at = CLOCK.uptime()
    archivist.take_changes(reply(PriceChange("m", 2, "eu", row(30))), NOW)
    assert archivist._based == {}
    assert archivist.rest(Commit(NOW)).odds == []


def test_after_an_evening_every_archive_equals_what_was_served(tmp_path: Path) -> None:
    """With an hour of outage, restarts of which every other one is a kill, and the quirks of the vendor."""
    with (
        start(matches=8, odds="light", speed=0, seed=5) as vendor,
        ArchivedEvening(vendor, tmp_path) as evening,
    ):
        for _ in live_through(evening, 11_000, seed=2, steps=(20, 600, 600), restarts=3):
            pass
        assert wait_for_archives(evening) == []
        wrong, whole = evening.differences()
        assert (wrong, evening.starts) == ([], 4)
        assert whole >= 4
        log: SqliteLog = evening.reading()
        with_odds = [one for one in log.entries() if one.archive == "whole" and one.rows]
        assert with_odds
        assert any(len(match_minutes(log, one.id)) > 3 for one in with_odds)
        assert match_odds(log, with_odds[0].id).columns.rows == with_odds[0].rows
        log.close()
