"""The minutes of a match: which rows are written, and that they come back as they were."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footy.history.minutes import FIELDS, MinuteBlob, MinuteRow, joined, loose, pack, row_of, unpack
from footy.history.odds import BrokenBlobError
from footy.history.tails import MinuteTail
from tests.events.watch import KICK_OFF, money_line, record

START = int(KICK_OFF) - int(KICK_OFF) % 60


class Watch:
    """Sees a match, and writes what the tail says."""

    def __init__(self) -> None:
        self.tail = MinuteTail()
        self.written: dict[int, MinuteBlob] = {}
        self.version = 0

    def see(self, at: float, *, same: bool = False, **fields: Any) -> list[MinuteBlob]:
        self.version += not same
        blobs = self.tail.rows([record(match_id="m", **fields)], {"m": self.version}, START + at)
        self.written |= {blob.minute: blob for blob in blobs}
        return blobs

    def rows(self) -> list[tuple[float, dict[str, Any]]]:
        return [(row.at - START, row.record()) for row in joined(self.written.values())]


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_the_last_read_of_a_minute_is_its_row(watch: Watch) -> None:
    watch.see(5, minute=1, home_corners=1)
    watch.see(45, minute=1, home_corners=2)
    watch.see(65, minute=2, home_corners=2, home_score=1)
    assert [(at, row["minute"], row["home_corners"], row["home_score"]) for at, row in watch.rows()] == [
        (45, 1, 2, 0),
        (65, 2, 2, 1),
    ]


def test_a_minute_in_which_nothing_changed_has_no_row(watch: Watch) -> None:
    half_time: dict[str, Any] = {"status_id": 3, "minute": None, "clock": "HT"}
    watch.see(0, **half_time)
    assert watch.see(65, same=True, **half_time) == []
    assert watch.see(70, **half_time) == []
    [blob] = watch.see(130, **half_time, **money_line(home=1.7))
    assert len(blob.data) < 300
    [(_, first), (at, second)] = watch.rows()
    assert (at, second["current_money_line_home"]) == (130, 1.7)
    assert {name for name in FIELDS if first[name] != second[name]} >= {"current_money_line_home"}


def test_the_minute_of_play_alone_makes_a_row_of_the_minute(watch: Watch) -> None:
    watch.see(0, minute=9)
    assert len(watch.see(62, same=True, minute=9)) == 0
    assert len(watch.see(70, same=True, minute=10)) == 1


def test_only_matches_in_play_have_rows_and_one_when_they_end(watch: Watch) -> None:
    assert watch.see(0, status_id=1, minute=None) == []
    assert len(watch.see(60, status_id=2, minute=1)) == 1
    assert watch.see(80, status_id=2, minute=1, live_source="stale", home_score=5) == []
    [last] = watch.see(120, status_id=8, minute=None, home_score=3)
    assert watch.see(130, status_id=8, minute=None, home_score=4) == []
    assert joined([*watch.written.values()])[-1].record()["home_score"] == 3
    assert last.minute == (START + 120) // 60


def test_a_match_that_was_not_listed_when_it_ended_has_its_last_row_when_it_is_back(watch: Watch) -> None:
    watch.see(0, minute=90)
    assert watch.tail.rows([], {}, START + 60) == []
    [last] = watch.see(180, status_id=8, minute=None, home_score=3)
    assert (last.minute, watch.rows()[-1][1]["home_score"]) == ((START + 180) // 60, 3)


def test_a_match_that_ends_after_a_restart_has_its_last_row(watch: Watch) -> None:
    watch.see(0, minute=90)
    watch.tail = MinuteTail()
    over = record(match_id="m", status_id=8, minute=None, home_score=3)
    [last] = watch.tail.rows([over], {}, START + 60, {"m"})
    assert (last.minute, watch.tail.rows([over], {}, START + 120)) == ((START + 60) // 60, [])


def test_a_row_that_builds_on_none_has_all_values(watch: Watch) -> None:
    watch.see(0, home_score=1, home="Rovers")
    watch.see(60, home_score=2, home="Rovers", minute=10)
    watch.tail.forget()  # a commit failed, or the service was restarted
    watch.written.pop(START // 60 + 1)
    watch.see(120, home_score=2, home="Rovers", minute=11)
    assert [row["home"] for _, row in watch.rows()] == ["Rovers", "Rovers"]


def test_a_clock_that_is_set_back_leaves_whole_rows(watch: Watch) -> None:
    watch.see(600, home_score=1)
    watch.see(120, home_score=2)
    assert [(at, row["home_score"]) for at, row in watch.rows()] == [(120, 2), (600, 1)]


values = st.one_of(st.none(), st.integers(-(2**40), 2**40), st.floats(allow_nan=False), st.text(max_size=9))


changes = st.lists(st.tuples(st.integers(0, len(FIELDS) - 1), values), max_size=12)


@given(changes, st.integers(1, 4))
def test_packed_rows_come_back_exactly(drawn: list[tuple[int, Any]], step: int) -> None:
    now: list[Any] = [None] * len(FIELDS)
    rows = [MinuteRow(7, tuple(now))]
    for minute, (index, value) in enumerate(drawn, start=1):
        now[index] = value
        rows.append(MinuteRow(60 * step * minute + 7, tuple(now)))
    assert unpack(pack(rows)) == rows
    pieces = [loose("m", row, before) for before, row in zip([None, *rows], rows, strict=False)]
    assert joined(pieces) == rows
    packed = MinuteBlob("m", 0, len(rows), pack(rows))
    later = rows[0]._replace(at=99_999)
    assert joined([loose("m", later, None), packed]) == [*rows, later]


def test_bytes_that_are_no_minutes_are_named() -> None:
    row = row_of(record(), START)
    for count in (0, 1):
        for data in (b"", b"\x00", pack([row])[:-3], b"\x93\x00"):
            with pytest.raises(BrokenBlobError):
                joined([MinuteBlob("m", 1, count, data)])


def test_a_field_that_an_older_version_did_not_keep_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = pack([row_of(record(home_score=3), START)])
    monkeypatch.setattr("footy.history.minutes._NAMES", ("home_score", "of_tomorrow"))
    assert unpack(packed)[0].values == (3, None)


def test_every_field_of_a_row_is_one_of_the_record() -> None:
    assert len(FIELDS) > 100
    assert FIELDS["home_score"] is int
    assert (FIELDS["in_play"], FIELDS["current_spread_line"], FIELDS["home"]) == (bool, float, str)
    assert not {"incidents", "data_age_s", "fetched_at", "live_source", "match_id"} & FIELDS.keys()
