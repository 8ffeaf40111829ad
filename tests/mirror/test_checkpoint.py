from pathlib import Path

import msgspec
import pytest
import time_machine

from footy.mirror.checkpoint import NAME, SAVE_EVERY_S, TRUSTED_S, VERSION, Checkpoint
from footy.mirror.feed_health import FeedHealth
from footy.mirror.odds_book import KeyRows, OddsBook
from footy.mirror.periods import UNSEEN
from footy.mirror.state import Held, Source, State
from footy.thesports.models import OddsRow
from tests.pipeline.test_truth import watched
from tests.support.states import match_state

WINDOW = (2, 6)
ASKED = "http://127.0.0.1:1/v1/football"


def saved(folder: Path) -> tuple[Checkpoint, State]:
    with watched(folder) as watch:
        watch.cycle()
    file = Checkpoint(folder / NAME, ASKED, WINDOW)
    file.save(watch.state)
    return file, watch.state


def test_a_state_comes_back_as_it_was_but_for_the_reference_data(tmp_path: Path) -> None:
    file, state = saved(tmp_path)
    again = file.load()
    assert again.matches == state.matches
    assert again.details_feed == state.details_feed
    assert len(again.matches) == 30
    assert not again.references.teams


def test_what_was_seen_of_a_match_s_periods_comes_back(tmp_path: Path) -> None:
    file, state = saved(tmp_path)
    seen = {match_id: held.periods for match_id, held in state.matches.items()}
    assert {periods.first_half_at is None for periods in seen.values()} == {False, True}
    assert {match_id: held.periods for match_id, held in file.load().matches.items()} == seen


def test_a_state_saved_before_periods_were_held_is_read_without_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, state = saved(tmp_path)
    content = msgspec.msgpack.decode((tmp_path / NAME).read_bytes())
    for held in content["state"]["matches"].values():
        del held["periods"]
    (tmp_path / NAME).write_bytes(msgspec.msgpack.encode(content))
    caplog.clear()
    again = file.load()
    assert again.matches.keys() == state.matches.keys()
    assert {held.periods for held in again.matches.values()} == {UNSEEN}
    assert caplog.messages == []


def test_the_direction_of_the_feed_outlives_a_restart(tmp_path: Path) -> None:
    file = Checkpoint(tmp_path / NAME, ASKED, WINDOW)
    for newest_first in (True, False, None):
        file.save(State(odds_feed=FeedHealth(newest_first=newest_first)), at_once=True)
        assert file.load().odds_feed.newest_first is newest_first


def test_a_state_from_before_the_direction_was_kept_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file, state = saved(tmp_path)
    content = msgspec.msgpack.decode((tmp_path / NAME).read_bytes())
    for feed in ("details_feed", "odds_feed"):
        del content["state"][feed]["newest_first"]
    (tmp_path / NAME).write_bytes(msgspec.msgpack.encode(content))
    caplog.clear()
    again = file.load()
    assert again.matches == state.matches
    assert again.odds_feed.newest_first is None
    assert not caplog.records


def test_partial_odds_are_still_partial_after_a_restart(tmp_path: Path) -> None:
    file = Checkpoint(tmp_path / NAME, ASKED, WINDOW)
    rows = KeyRows(OddsRow(1, "3", 1.0, 0.5, 0.9, 4, 0, "0-0"))
    odds = Held(OddsBook(spread={2: rows}, partial=True), 1.0, Source.PARTIAL)
    state = State({"a": match_state("a", odds=odds)})
    file.save(state, at_once=True)
    assert file.load().matches == state.matches


@pytest.mark.parametrize("version", [VERSION - 1, VERSION + 1])
def test_a_state_of_a_version_that_knows_partial_odds_otherwise_is_left_without_a_word(
    tmp_path: Path, version: int, caplog: pytest.LogCaptureFixture
) -> None:
    file = Checkpoint(tmp_path / NAME, ASKED, WINDOW)
    file.save(State({"a": match_state("a")}), at_once=True)
    content = msgspec.msgpack.decode((tmp_path / NAME).read_bytes())
    (tmp_path / NAME).write_bytes(msgspec.msgpack.encode(content | {"version": version}))
    assert file.load() == State()
    assert not caplog.records


def test_a_restart_asks_only_for_what_has_changed(tmp_path: Path) -> None:
    with watched(tmp_path) as watch:
        watch.cycle()
        watch.app.checkpoint.save(watch.state)
        watch.wait(20)
        watch.state = watch.app.checkpoint.load()
        snapshot = watch.cycle()
        assert not watch.falsehoods(snapshot["matches"])
        assert snapshot["meta"]["complete"]
        assert snapshot["meta"]["requests"] <= 10


def test_after_a_longer_stop_the_odds_are_read_again(tmp_path: Path) -> None:
    with watched(tmp_path) as watch:
        watch.cycle()
        watch.app.checkpoint.save(watch.state)
        watch.wait(600)
        watch.state = watch.app.checkpoint.load()
        snapshot = watch.cycle()
        assert not watch.falsehoods(snapshot["matches"])
        assert snapshot["meta"]["complete"]


def test_a_state_that_is_too_old_broken_or_of_another_version_is_left(tmp_path: Path) -> None:
    file, state = saved(tmp_path)
    with time_machine.travel(0) as clock:
        file.save(state, now=0, at_once=True)
        clock.shift(TRUSTED_S - 10)
        assert file.load().matches
        clock.shift(20)
        assert file.load() == State()
    content = (tmp_path / NAME).read_bytes()
    for broken in (
        b"",
        b"\xff" * 100,
        content[: len(content) // 2],
        content.replace(b"version\x01", b"version\x02"),
    ):
        (tmp_path / NAME).write_bytes(broken)
        assert file.load() == State()


def test_odds_cut_down_for_another_window_are_not_taken(tmp_path: Path) -> None:
    saved(tmp_path)
    assert Checkpoint(tmp_path / NAME, ASKED, (3, 8)).load() == State()


def test_the_state_of_another_server_is_not_taken(tmp_path: Path) -> None:
    saved(tmp_path)
    assert Checkpoint(tmp_path / NAME, "http://127.0.0.1:2/v1/football", WINDOW).load() == State()


def test_a_state_is_saved_now_and_then_not_every_time(tmp_path: Path) -> None:
    file = Checkpoint(tmp_path / NAME, ASKED, WINDOW)
    file.save(State(checked=1), now=1000)
    file.save(State(checked=2), now=1000 + SAVE_EVERY_S / 2)
    with time_machine.travel(1010):
        assert file.load().checked == 1
        file.save(State(checked=3), now=1000 + SAVE_EVERY_S)
        file.save(State(checked=4), now=1005, at_once=True)
        assert file.load().checked == 4


def test_a_folder_that_cannot_be_written_costs_only_the_warm_start(tmp_path: Path) -> None:
    Checkpoint(tmp_path / "absent" / NAME, ASKED, WINDOW).save(State())
