"""A whole simulated evening with every quirk: the events are those that the served lists determine."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from footy.history import opened
from tests.support.event_check import Emitted, differences, emitted
from tests.support.event_oracle import Tale
from tests.support.quirky_evening import Consumer, Evening

PROJECT = Path(__file__).resolve().parents[2]


@dataclass
class Lived:
    """An evening, what a consumer has to emit of it, and what footy emitted."""

    tale: Tale
    events: list[Emitted]

    def ids(self, kind: str) -> set[str]:
        return {one.id.partition(":")[2] for one in self.events if one.type == kind}

    def said(self, kind: str, name: str) -> set[object]:
        return {one.data[name] for one in self.events if one.type == kind}


def lived_through(evening: Evening, folder: Path) -> Lived:
    """Live through an evening; the service restarts at random commits, and now and then before one."""
    log, _ = opened(folder / "footy.db")
    consumer, random, committed = Consumer(evening, log), Random(1), []
    for cycle in evening.cycles:
        fails = random.random() < 0.02
        consumer.run(cycle, fails=fails)
        if not fails:
            committed.append(cycle)
        if fails or random.random() < 0.03:
            consumer.restart()
    events = emitted(log.read)
    log.close()
    return Lived(evening.tale(committed), events)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    evening = Evening(seed=1, matches=30, seconds=16_000, chosen_of=200)
    return lived_through(evening, tmp_path_factory.mktemp("evening"))


def test_the_events_are_those_that_the_served_lists_determine(lived: Lived) -> None:
    assert differences(lived.tale, lived.events) == []


def test_they_are_so_for_a_consumer_that_looks_once_a_minute(tmp_path: Path) -> None:
    lived = lived_through(Evening(seed=2, matches=40, seconds=16_000, slow=True), tmp_path)
    assert differences(lived.tale, lived.events) == []


def test_the_evening_had_all_that_an_evening_can_have(lived: Lived) -> None:
    kinds = {one.type for one in lived.events}
    assert kinds >= {
        *("match_seen", "kickoff", "half_time", "second_half", "extra_time", "penalties", "full_time"),
        *("goal", "goal_detail", "goal_cancelled", "score_corrected", "result", "match_left", "match_back"),
        *("yellow", "second_yellow", "red", "substitution", "penalty_missed", "kick_scored", "var"),
        *("yellow_detail", "substitution_detail", "status"),
    }
    assert lived.ids("full_time") >= {"full_time:1", "full_time:2"}
    assert {8, 10, 11} <= lived.said("status", "status_id")
    assert lived.said("status", "change") >= {"resumed", "corrected"}
    assert lived.said("goal_cancelled", "cause") == {None, "var"}
    assert lived.said("goal", "after_full_time") == lived.said("goal", "late") == {True, False}
    assert any(lived.said("extra_time", "relates") | lived.said("penalties", "relates"))


def consuming(evening: Evening, path: Path) -> "subprocess.Popen[str]":
    options = (path, evening.seed, evening.matches, evening.seconds)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.quirky_evening", *map(str, options)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )


def test_a_consumer_that_is_killed_emits_what_one_emits_that_is_not(tmp_path: Path) -> None:
    evening = Evening(seed=5, matches=8, seconds=9_000)
    path, random = tmp_path / "footy.db", Random(5)
    for length in (random.randint(10, 110) for _ in range(4)):
        with consuming(evening, path) as consumer:
            assert consumer.stdout is not None
            for _ in range(length):
                assert consumer.stdout.readline()
            consumer.kill()
        assert consumer.returncode == -signal.SIGKILL
    with consuming(evening, path) as consumer:
        consumer.communicate()
    assert consumer.returncode == 0
    log, aside = opened(path)
    assert aside is None
    assert differences(evening.tale(evening.cycles), emitted(log.read)) == []
    log.close()
