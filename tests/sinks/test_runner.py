"""The runner of a sink: every event in order, whatever the sink and the log do."""

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from footy.events.envelope import Envelope
from footy.history.log import LogError, Position
from footy.history.sqlite_log import opened_for_reading
from footy.sinks import runner as runner_module
from footy.sinks.base import Again, Refused
from footy.sinks.registry import SinkOptions, Sinks
from footy.sinks.runner import SinkRunner
from tests.sinks.sink_contract import SOURCE
from tests.support.evening import Evening, busy_evening, started
from tests.support.place import wait_until

PATIENCE_S = 60.0


class Target:
    """A sink that keeps what it gets; a test can let it fail, and can wait for what happens to it."""

    name = "target"

    def __init__(self, position: Position | None = None) -> None:
        self.batches: list[list[Envelope]] = []
        self.failures: list[Exception] = []
        self.closed = threading.Event()
        self._position = position
        self._changed = threading.Condition()

    def position(self) -> Position | None:
        return self._position

    def send(self, batch: Sequence[Envelope]) -> None:
        with self._changed:
            failure = self.failures.pop(0) if self.failures else None
            if failure is None:
                self.batches.append(list(batch))
            self._changed.notify_all()
        if failure is not None:
            raise failure

    def close(self) -> None:
        self.closed.set()

    @property
    def ids(self) -> list[str]:
        return [one.id for batch in self.batches for one in batch]

    def wait_for(self, count: int) -> list[str]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.ids) >= count, PATIENCE_S), len(self.ids)
        return self.ids


class Pauses(list[float]):
    """How long the runner would have waited at most, each time; it waits no time at all."""

    def __call__(self, longest: float) -> float:
        self.append(longest)
        return 0.0


@pytest.fixture
def evening(tmp_path: Path) -> Iterator[Evening]:
    with Evening(tmp_path / "footy.db") as evening:
        evening.see(a={}, b={})
        yield evening


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


Run = Callable[..., SinkRunner]


@pytest.fixture
def run(evening: Evening, pauses: Pauses) -> Iterator[Run]:
    running: list[SinkRunner] = []

    def run(
        target: Target, open_log: Callable[[], object] = lambda: opened_for_reading(evening.path)
    ) -> SinkRunner:
        runner = SinkRunner(target, open_log, source=SOURCE, jitter=pauses)  # type: ignore[arg-type]
        running.append(runner)
        runner.start()
        return runner

    yield run
    for one in running:
        one.close()


def test_all_that_is_kept_comes_first_and_then_each_commit(evening: Evening, run: Run) -> None:
    target = Target()
    runner = run(target)
    assert target.wait_for(2) == ["a:match_seen", "b:match_seen"]
    evening.see(a={"home_score": 1})
    runner.wake()
    assert target.wait_for(3)[2] == "a:goal:home:1"
    assert [one.source for batch in target.batches for one in batch] == [SOURCE] * 3
    newest = Position(evening.log.extent().epoch, 3)
    wait_until(lambda: runner.lag(newest) == 0)
    assert (runner.lag(newest._replace(sequence=10)), runner.problem) == (7, None)
    assert runner.lag(Position("00000000", 10)) == 10


def test_a_target_with_a_position_gets_what_is_newer(evening: Evening, run: Run) -> None:
    target = Target(Position(evening.log.extent().epoch, 1))
    run(target)
    assert target.wait_for(1) == ["b:match_seen"]


def test_a_position_of_another_log_is_one_gap(evening: Evening, run: Run) -> None:
    target = Target(Position("00000000", 7))
    runner = run(target)
    assert [one.partition(":")[0] for one in target.wait_for(3)] == ["footy", "a", "b"]
    evening.see(a={"home_score": 1})
    runner.wake()
    assert sum("gap" in one for one in target.wait_for(4)) == 1


def test_batches_are_small(run: Run, evening: Evening) -> None:
    evening.note(*(started(number) for number in range(1, 1200)))
    target = Target()
    run(target)
    ids = target.wait_for(1201)
    assert len(set(ids)) == len(ids)
    assert max(len(batch) for batch in target.batches) == 500


def test_what_is_not_taken_is_sent_again_after_a_backoff(
    run: Run, pauses: Pauses, caplog: pytest.LogCaptureFixture
) -> None:
    target = Target()
    target.failures = [Again("disk full")] * 9
    runner = run(target)
    assert target.wait_for(2) == ["a:match_seen", "b:match_seen"]
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    wait_until(lambda: runner.problem is None)
    told = [one.getMessage() for one in caplog.records]
    assert told == ["Sink target takes nothing and is tried again: disk full"]


def test_a_target_may_say_when_to_come_again(run: Run, pauses: Pauses) -> None:
    target = Target()
    target.failures = [Again("busy", 0.01)]
    run(target)
    target.wait_for(2)
    assert pauses == []


def test_a_refusal_pauses_and_says_so(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    target = Target()
    target.failures = [Refused("410 Gone")]
    runner = run(target)
    assert target.closed.wait(PATIENCE_S)
    assert runner.problem == "paused: 410 Gone"
    assert runner.lag(Position("00000000", 1)) is None
    assert [one.getMessage() for one in caplog.records] == [
        "Sink target is paused until the next start: 410 Gone"
    ]


def test_a_bug_in_a_sink_costs_no_event_and_no_other_sink(run: Run, pauses: Pauses) -> None:
    target, other = Target(), Target()
    target.failures = [ZeroDivisionError()]
    run(target)
    run(other)
    assert target.wait_for(2) == other.wait_for(2)
    assert len(pauses) == 1


def test_a_log_that_cannot_be_read_is_opened_again(run: Run, tmp_path: Path) -> None:
    attempts = []

    def open_log() -> object:
        attempts.append(1)
        if len(attempts) == 1:
            raise LogError("The log cannot be opened")
        log = opened_for_reading(tmp_path / "footy.db")
        if len(attempts) == 2:
            log.close()
        return log

    target = Target()
    run(target, open_log)
    assert target.wait_for(2) == ["a:match_seen", "b:match_seen"]
    assert len(attempts) == 3


def test_a_log_that_is_replaced_is_one_gap(run: Run, tmp_path: Path) -> None:
    target = Target()
    runner = run(target)
    target.wait_for(2)
    (tmp_path / "footy.db").rename(tmp_path / "footy.db.broken")
    with Evening(tmp_path / "footy.db") as anew:
        anew.see(c={})
        runner.wake()
        ids = target.wait_for(4)
    assert ids[2].startswith("footy:gap:")
    assert ids[3:] == ["c:match_seen"]


@pytest.mark.usefixtures("evening")
def test_a_runner_ends_although_its_sink_is_waiting_to_try_again(tmp_path: Path) -> None:
    target = Target()
    target.failures = [Again("disk full", 3600.0)]
    runner = SinkRunner(target, lambda: opened_for_reading(tmp_path / "footy.db"), source=SOURCE)
    runner.start()
    wait_until(lambda: runner.problem is not None)
    runner.close()
    assert target.closed.wait(PATIENCE_S)


def test_the_jitter_is_full() -> None:
    drawn = [runner_module.full_jitter(8.0) for _ in range(200)]
    assert 0.0 <= min(drawn) < 1.0
    assert 7.0 < max(drawn) <= 8.0


# --- which sinks there are


def test_a_sink_that_is_switched_off_has_no_thread(evening: Evening) -> None:
    before = threading.active_count()
    sinks = Sinks(SinkOptions(SOURCE), lambda: evening.log)
    sinks.start()
    assert (list(sinks), threading.active_count()) == ([], before)
    sinks.close()


def test_json_lines_are_written_while_the_service_runs(tmp_path: Path) -> None:
    path, folder = tmp_path / "footy.db", tmp_path / "events"
    with Evening(path) as evening:
        sinks = Sinks(SinkOptions(SOURCE, jsonl=folder), lambda: opened_for_reading(path))
        sinks.start()
        evening.see(a={})
        [runner] = sinks
        sinks.wake()
        wait_until(lambda: runner.lag(Position(evening.log.extent().epoch, 1)) == 0)
        sinks.close()
    [file] = folder.iterdir()
    busy_evening(path)
    with Evening(path) as evening:
        sinks = Sinks(SinkOptions(SOURCE, jsonl=folder), lambda: opened_for_reading(path))
        sinks.start()
        newest = evening.log.extent().newest
        wait_until(lambda: len(file.read_bytes().splitlines()) == newest)
        sinks.close()
