"""`footy events`, `match` and `schema`, as real processes over a log that is written meanwhile."""

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from footy.errors import Exit
from tests.support.evening import TOWN, Evening, write_busy_evening
from tests.support.place import SECRET, Place, complaints, wait_until


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Place(tmp_path, THESPORTS_USER="someone", THESPORTS_SECRET=SECRET) as place:
        place.files.folder.mkdir()
        yield place


@pytest.fixture
def evening(place: Place) -> Place:
    write_busy_evening(place.files.events)
    return place


def envelopes(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


class Following:
    """`footy events --follow`, and what it has printed so far."""

    def __init__(self, place: Place, *arguments: str) -> None:
        self.out = place.folder / "out.jsonl"
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "footy", "events", "--follow", "--json", *arguments],
                cwd=place.folder,
                env=place.environment,
                stdout=out,
                stderr=subprocess.PIPE,
            )

    def wait_for(self, count: int) -> list[str]:
        wait_until(lambda: len(self.out.read_bytes().splitlines()) >= count)
        return [one["id"] for one in envelopes(self.out.read_text())]

    def end(self, number: signal.Signals = signal.SIGINT) -> bytes:
        self.process.send_signal(number)
        return self.process.communicate(timeout=10)[1]


# --- events


def test_all_that_is_kept_is_json_lines_and_the_rest_after_a_position(evening: Place) -> None:
    whole = evening.run("events", "--json")
    assert (whole.returncode, whole.stderr) == (Exit.OK, "")
    all_of_it = envelopes(whole.stdout)
    assert [int(one["sequence"]) for one in all_of_it] == list(range(1, len(all_of_it) + 1))
    assert {one["source"] for one in all_of_it} == {"urn:footy:live"}
    tenth = all_of_it[9]
    rest = evening.run("events", "--json", "--after", f"{tenth['footyepoch']}-{tenth['sequence']}")
    assert envelopes(rest.stdout) == all_of_it[10:]
    some = evening.run("events", "--json", "--match", TOWN, "--type", "goal,goal_cancelled", "--limit", "2")
    assert [one["type"] for one in envelopes(some.stdout)] == ["footy.goal", "footy.goal"]
    assert envelopes(some.stdout)[-1]["data"]["number"] == 2


def test_a_terminal_gets_the_newest_and_where_to_go_on(evening: Place) -> None:
    shown = evening.run("events", "--limit", "3").stdout.splitlines()
    assert shown[0].startswith("── Mon 2026-11-23 EST ──")
    assert shown[3].endswith("result          Town 2 – 1 City · HT 1–1")
    assert shown[5].startswith("The newest 3 events · --limit, --since and --after show others")


def test_a_position_of_another_log_is_one_gap_first(evening: Place) -> None:
    first, second, *_ = envelopes(evening.run("events", "--json", "--after", "00000000-7").stdout)
    assert first["type"] == "footy.gap"
    assert (first["data"]["first"], first["sequence"]) == ("00000000-7", "0" * 16)
    assert second["type"] == "footy.service_started"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["events", "--type", "yelow"], "'yelow' is no type of event: did you mean yellow?"),
        (["events", "--after", "7"], "--after takes a position"),
        (["events"], "There is no log of events yet at "),
        (["events", "--follow"], "There is no log of events yet at "),
        (["match", "Town"], "No match fits 'Town'"),
        (["schema", "odds"], "invalid choice: 'odds'"),
        (["--once", "events"], "do not go with events"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence_and_64(place: Place, arguments: list[str], words: str) -> None:
    finished = place.run(*arguments)
    [line] = complaints(finished)
    assert words in line
    assert (finished.returncode, finished.stdout) == (Exit.USAGE, "")


def test_a_log_of_a_newer_version_and_one_that_is_none_are_73(evening: Place) -> None:
    with closing(sqlite3.connect(evening.files.events)) as connection:
        connection.execute("PRAGMA user_version = 99")
    newer = evening.run("events")
    assert (newer.returncode, newer.stdout) == (Exit.CANNOT_WRITE, "")
    assert "a newer version of footy" in complaints(newer)[0]
    for file in evening.files.folder.glob("footy.db*"):
        file.write_bytes(b"nothing of ours" * 500)
    broken = evening.run("events")
    assert (broken.returncode, broken.stdout) == (Exit.CANNOT_WRITE, "")
    [line] = complaints(broken)
    assert "file is not a database" in line


def test_where_only_a_demo_has_run_its_events_are_shown_and_said_to_be(place: Place) -> None:
    place.demo_files.folder.mkdir()
    write_busy_evening(place.demo_files.events)
    shown = place.run("events")
    assert "these are the demo's" in shown.stderr
    assert " DEMO ──" in shown.stdout
    told = envelopes(place.run("events", "--demo", "--json", "--limit", "1").stdout)
    assert told[0]["source"] == "urn:footy:demo"


def test_following_goes_on_over_restarts_and_another_log_with_one_gap(place: Place) -> None:
    path = place.files.events
    with Evening(path) as evening:
        evening.see(a={})
    following = Following(place)
    assert following.wait_for(1) == ["a:match_seen"]
    with Evening(path) as evening:
        evening.see(a={"home_score": 1})
        assert following.wait_for(2)[1:] == ["a:goal:home:1"]
    path.rename(path.with_name("footy.db.broken"))
    for suffix in ("-wal", "-shm"):
        path.with_name(f"footy.db{suffix}").unlink(missing_ok=True)
    with Evening(path) as evening:
        evening.see(b={})
        ids = following.wait_for(4)
        assert ids[2].startswith("footy:gap:")
        assert ids[3] == "b:match_seen"
        evening.log.begin_epoch()
        evening.see(b={"home_score": 1})
        ids = following.wait_for(7)
    assert [one.partition(":")[2].partition(":")[0] for one in ids[4:]] == ["gap", "match_seen", "goal"]
    assert following.end() == b""
    assert following.process.returncode == -signal.SIGINT
    assert following.out.read_bytes().endswith(b"}\n")


def test_following_from_a_position_ends_after_so_many_events(evening: Place) -> None:
    following = Following(evening, "--since", "2026-11-23T00:00Z", "--limit", "4")
    assert following.process.wait(timeout=20) == Exit.OK
    assert len(following.wait_for(4)) == 4
    following.process.communicate()


def test_following_ends_when_its_reader_has_gone(evening: Place) -> None:
    command = f"'{sys.executable}' -m footy events --follow --json | head -n 1; exit ${{PIPESTATUS[0]}}"
    finished = evening.run_program("bash", "-c", command)
    assert (finished.returncode, finished.stderr) == (Exit.OK, "")
    assert len(finished.stdout.splitlines()) == 1


def test_a_full_disk_behind_the_output_is_73(evening: Place) -> None:
    finished = evening.run_program("bash", "-c", f"'{sys.executable}' -m footy events --json > /dev/full")
    assert finished.returncode == Exit.CANNOT_WRITE
    assert "No space left on device" in complaints(finished)[0]


# --- match


def test_a_match_that_is_over_is_shown_from_the_log(evening: Place) -> None:
    shown = evening.run("match", "tOWn").stdout
    assert "• [Finished] Town 2 – 1 City · HT 1–1" in shown
    assert "! goal cancelled  1 – 0 · takes back away goal 1 · by VAR" in shown
    assert "Rovers" not in shown
    assert evening.run("match", TOWN).stdout == shown


def test_a_name_that_fits_several_matches_lists_them(evening: Place) -> None:
    shown = evening.run("match", "o").stdout.splitlines()
    assert shown[0] == '3 matches fit "o"; show one by its id:'
    assert shown[1] == f"  {TOWN}  2026-11-23  Town – City"


# --- schema


def test_the_schemas_are_printed(place: Place) -> None:
    assert json.loads(place.run("schema", "events").stdout)["$id"] == "urn:footy:schema:1:events"
    assert json.loads(place.run("schema", "record").stdout)["$id"] == "urn:footy:schema:record:2"
