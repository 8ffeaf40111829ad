"""What every store promises of odds, minutes and archives: a base class for the tests of each."""

from abc import ABC, abstractmethod
from typing import Any

import pytest

from footy.events.detector import Detector
from footy.events.sighting import EventRules
from footy.history import minutes, odds
from footy.history.archive import Archived, ArchiveState, all_entries, match_minutes, match_odds
from footy.history.log import Commit
from footy.history.minutes import MinuteBlob, loose, row_of
from footy.history.odds import Kind, OddsBlob, OddsRow, columns_of
from tests.events.watch import KICK_OFF, record
from tests.history.log_contract import cycle


def odds_row(at: int = int(KICK_OFF), first: float = 1.95, **changes: Any) -> OddsRow:
    values = {"line": 0.5, "last": 1.85, "status_id": 2, "sealed": 0, "score": "0-0", **changes}
    return OddsRow(values.pop("bookmaker_id", 2), values.pop("market", "asia"), at, "5", first, **values)


def blob(match_id: str, kind: Kind, *rows: OddsRow) -> OddsBlob:
    columns = columns_of(rows)
    return OddsBlob(match_id, kind, columns.rows, KICK_OFF, odds.pack(columns))


def chunk(match_id: str, *rows: OddsRow) -> OddsBlob:
    return blob(match_id, Kind.CHUNK, *rows)


def minute(match_id: str, at: float, **changes: Any) -> MinuteBlob:
    return loose(match_id, row_of(record(match_id=match_id, **changes), at), None)


def archived(match_id: str, *rows: OddsRow, state: ArchiveState = ArchiveState.WHOLE) -> Archived:
    return Archived(
        *(match_id, state, KICK_OFF + 1000, 1),
        rows=len(rows),
        odds=blob(match_id, Kind.ARCHIVE, *rows),
        minutes=None,
    )


def over(match_id: str, at: float = KICK_OFF) -> Commit:
    """Return what a cycle writes in which this match ends."""
    detector = Detector(EventRules())
    cycle(detector, at - 10, record(match_id=match_id, status_id=4))
    return cycle(detector, at, record(match_id=match_id, status_id=8))


class ArchiveContract(ABC):
    """Tests that a store's own test class inherits."""

    @pytest.fixture
    @abstractmethod
    def log(self) -> Any:
        """Return an empty log that is an archive too."""

    def test_chunks_are_joined_in_the_order_of_the_vendor(self, log: Any) -> None:
        log.append(cycle(Detector(EventRules()), KICK_OFF, record(match_id="a"), record(match_id="b")))
        first, second, third = (odds_row(int(KICK_OFF) + step, 1.9 + step / 100) for step in range(3))
        log.append(Commit(KICK_OFF, odds=[chunk("a", first), chunk("b", third)]))
        log.append(Commit(KICK_OFF, odds=[chunk("a", second, first)]))
        found = match_odds(log, "a")
        assert [*odds.rows_of(found.columns)] == [second, first]
        assert (found.state, found.is_whole) == (None, False)

    def test_a_base_takes_the_place_of_the_base_before_and_of_no_chunk(self, log: Any) -> None:
        log.append(cycle(Detector(EventRules()), KICK_OFF, record(match_id="a")))
        rows = [odds_row(int(KICK_OFF) + step, 1.9 + step / 100) for step in range(4)]
        log.append(Commit(KICK_OFF, odds=[blob("a", Kind.BASE, rows[0])]))
        log.append(Commit(KICK_OFF, odds=[chunk("a", rows[3], rows[2])]))
        log.append(Commit(KICK_OFF, odds=[blob("a", Kind.BASE, rows[2], rows[1], rows[0])]))
        assert [one.kind for one in log.odds_blobs("a")] == [Kind.CHUNK, Kind.BASE]
        assert [*odds.rows_of(match_odds(log, "a").columns)] == rows[::-1]

    def test_an_archive_takes_the_place_of_all_that_was_written(self, log: Any) -> None:
        log.append(over("a"))
        rows = [odds_row(int(KICK_OFF) + step) for step in range(3)]
        log.append(Commit(KICK_OFF, odds=[blob("a", Kind.BASE, rows[0]), chunk("a", rows[2], rows[1])]))
        log.append(Commit(KICK_OFF, minutes=[minute("a", KICK_OFF), minute("a", KICK_OFF + 60)]))
        packed = MinuteBlob("a", 5, 2, minutes.pack(match_minutes(log, "a")))
        log.append(Commit(KICK_OFF, archives=[archived("a", *rows[::-1])._replace(minutes=packed)]))
        found = match_odds(log, "a")
        assert ([*odds.rows_of(found.columns)], found.state, found.is_whole) == (rows[::-1], "whole", True)
        assert [one.kind for one in log.odds_blobs("a")] == [Kind.ARCHIVE]
        assert log.minute_blobs("a") == [packed]
        assert [row.at for row in match_minutes(log, "a")] == [KICK_OFF, KICK_OFF + 60]

    def test_a_minute_is_written_once_and_the_last_read_of_it_counts(self, log: Any) -> None:
        log.append(cycle(Detector(EventRules()), KICK_OFF, record(match_id="a")))
        log.append(Commit(KICK_OFF, minutes=[minute("a", KICK_OFF), minute("b", KICK_OFF)]))
        log.append(Commit(KICK_OFF, minutes=[minute("a", KICK_OFF + 20, home_score=1)]))
        log.append(Commit(KICK_OFF, minutes=[minute("a", KICK_OFF + 60, home_score=2)]))
        rows = match_minutes(log, "a")
        assert [(row.at - KICK_OFF, row.record()["home_score"]) for row in rows] == [(20, 1), (60, 2)]

    def test_a_match_waits_from_ten_minutes_after_its_end_until_it_is_archived(self, log: Any) -> None:
        log.append(over("a"))
        assert log.due(KICK_OFF + 599, 10) == []
        [due] = log.due(KICK_OFF + 600, 10)
        assert due == ("a", KICK_OFF, 0, None)
        failed = Archived("a", ArchiveState.WAITING, KICK_OFF + 600, 1, KICK_OFF + 1200, note="no answer")
        log.append(Commit(KICK_OFF, archives=[failed]))
        assert log.due(KICK_OFF + 1199, 10) == []
        [due] = log.due(KICK_OFF + 1200, 10)
        assert (due.tries, due.note) == (1, "no answer")
        assert (log.entry("a").archive, log.entry("a").note) == ("waiting", "no answer")
        log.append(Commit(KICK_OFF, archives=[archived("a", odds_row())]))
        assert log.due(KICK_OFF + 10_000, 10) == []
        assert (log.entry("a").archive, log.entry("a").rows) == ("whole", 1)

    def test_a_match_that_left_the_list_waits_two_hours_later(self, log: Any) -> None:
        detector = Detector(EventRules())
        log.append(cycle(detector, KICK_OFF, record(match_id="a"), record(match_id="b")))
        log.append(cycle(detector, KICK_OFF + 10, record(match_id="b")))
        assert log.due(KICK_OFF + 7000, 10) == []
        assert [one.match_id for one in log.due(KICK_OFF + 8000, 10)] == ["a"]
        assert log.waiting() == 0
        log.append(cycle(detector, KICK_OFF + 8000, record(match_id="b", home_score=3)))
        assert log.waiting() == 1

    def test_the_newest_matches_come_first(self, log: Any) -> None:
        for number, match_id in enumerate("acb"):
            log.append(over(match_id, KICK_OFF + 100 * number))
        assert [one.match_id for one in log.due(KICK_OFF + 5000, 2)] == ["b", "c"]

    def test_a_match_that_goes_on_waits_for_another_archive(self, log: Any) -> None:
        detector = Detector(EventRules())
        log.append(cycle(detector, KICK_OFF, record(match_id="a", status_id=8)))
        log.append(Commit(KICK_OFF, archives=[archived("a", odds_row())]))
        log.append(cycle(detector, KICK_OFF + 900, record(match_id="a", status_id=5)))
        assert log.entry("a").archive is None
        later = odds_row(int(KICK_OFF) + 900)
        log.append(Commit(KICK_OFF + 900, odds=[chunk("a", later)]))
        assert [*odds.rows_of(match_odds(log, "a").columns)] == [later, odds_row()]
        log.append(cycle(detector, KICK_OFF + 2000, record(match_id="a", status_id=8)))
        assert [one.match_id for one in log.due(KICK_OFF + 3000, 10)] == ["a"]

    def test_nothing_is_written_of_an_unknown_match(self, log: Any) -> None:
        parts: dict[str, Any] = {"odds": [chunk("gone", odds_row())], "minutes": [minute("gone", KICK_OFF)]}
        log.append(Commit(KICK_OFF, archives=[archived("gone", odds_row())], **parts))
        assert (log.entry("gone"), log.odds_blobs("gone"), log.minute_blobs("gone")) == (None, [], [])

    def test_nothing_is_added_to_an_archive(self, log: Any) -> None:
        log.append(over("a"))
        log.append(Commit(KICK_OFF, archives=[archived("a", odds_row())]))
        later = odds_row(int(KICK_OFF) + 60)
        log.append(Commit(KICK_OFF, odds=[blob("a", Kind.BASE, later, odds_row()), chunk("a", later)]))
        assert [one.kind for one in log.odds_blobs("a")] == [Kind.ARCHIVE]

    def test_entries_come_in_pages_by_the_time_of_their_last_change(self, log: Any) -> None:
        for number, match_id in enumerate("cab"):
            log.append(over(match_id, KICK_OFF + 1000 * number))
        first, second, third = all_entries(log)
        assert [first.id, second.id, third.id] == ["c", "a", "b"]
        assert (first.competition, first.home, first.status_id) == ("Premier League", "Town", 8)
        assert (first.home_score, first.ended_at, first.archive) == (0, KICK_OFF, "waiting")
        assert [one.id for one in log.entries(after=(first.last, first.id), limit=1)] == ["a"]
        assert [one.id for one in all_entries(log, since=KICK_OFF + 500, until=KICK_OFF + 1500)] == ["a"]
