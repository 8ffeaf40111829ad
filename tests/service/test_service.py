"""The service as a process: its lock, its signals, its cycles, its start in the background."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest
from apscheduler.events import EVENT_JOB_MAX_INSTANCES

from footy.errors import Exit
from footy.service import control, schedule, stop_signal
from footy.service.instance_metrics import CycleFigures
from footy.service.lock import owner
from tests.support.place import SECRET, WITHIN_S, Place, complaints, family, gone, heartbeat, wait_until
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator

PROMISED_S = 2.0
SIGNALS = [signal.SIGTERM, signal.SIGINT]


@pytest.fixture(scope="module")
def vendor() -> Iterator[RunningSimulator]:
    with start(matches=4, odds="light", secret=SECRET) as simulator:
        yield simulator


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Place(tmp_path) as place:
        yield place


@pytest.fixture
def live(place: Place, vendor: RunningSimulator) -> Place:
    place.ask(vendor)
    return place


def log(place: Place) -> str:
    return place.files.log.read_text(encoding="utf-8")


def ended(service: "subprocess.Popen[str]") -> int:
    """Give the exit code of a service that was told to stop.

    A busy machine may take its time over it; whatever would wait for something else waits far longer.
    """
    return service.wait(timeout=WITHIN_S)


# --- a service in the foreground


def test_a_service_publishes_at_once_and_writes_what_people_grep(live: Place) -> None:
    service = live.begin_service()

    assert json.loads(live.files.matches.read_bytes())["meta"]["cycle"] == 1
    wait_until(lambda: "Sleep time: " in log(live))
    written = log(live)
    for words in ("STEP 1a – LIVE FETCH: ", "STEP 1b – ENRICH: ", "STEP 2 – FLATTEN: ", "STEP 7 – FILTER: "):
        assert words in written
    assert "TOTAL CYCLE TIME: " in written
    assert f"footy starts: PID {service.pid}, mode live" in written
    assert SECRET not in written


def test_a_service_runs_cycle_after_cycle(live: Place) -> None:
    live.set(FOOTY_INTERVAL=2)
    service = live.begin_service("--continuous")

    wait_until(lambda: heartbeat(live.files, service.pid)["cycle"] >= 2)

    assert heartbeat(live.files)["last_error"] is None


def test_a_service_prints_nothing_where_nobody_watches(live: Place) -> None:
    service = live.begin_service()

    service.terminate()
    out, said = service.communicate(timeout=60)

    assert out == ""
    assert said == f"footy: data folder {live.files.folder}\n"


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_the_service_with_0_and_leaves_no_pid_file(live: Place, number: signal.Signals) -> None:
    service = live.begin_service()

    service.send_signal(number)

    assert ended(service) == Exit.OK
    assert not live.files.pid.exists()
    assert [line for line in log(live).splitlines() if line.endswith("INFO    footy: footy stops")]


@pytest.mark.parametrize("fault", ["hang", "drip"])
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_ends_the_service_over_30_replies_that_never_end(
    place: Place, number: signal.Signals, fault: str
) -> None:
    faults = [f"{fault}@match/recent/list", f"{fault}@odds/history"]
    patient = "import sys, footy.service.stop_signal as d; d.STOP_WITHIN_S = 600; from footy.cli import main"
    with start(matches=40, odds="light", secret=SECRET, faults=faults) as vendor:
        place.ask(vendor)
        place.set(FOOTY_TIMEOUT=300, FOOTY_INTERVAL=600)
        service = place.begin_python("-c", f"{patient}; sys.exit(main([]))")
        wait_until(lambda: vendor.control.stats()["in_flight"] >= 30)

        service.send_signal(number)

        assert ended(service) == Exit.OK


def test_whatever_hangs_has_to_end_in_time_for_the_two_seconds_that_are_promised() -> None:
    assert (
        stop_signal.STOP_WITHIN_S <= PROMISED_S - 0.5
    )  # which the process's own end and a busy machine may take


def test_a_signal_ends_the_service_that_is_still_starting(place: Place) -> None:
    script = (
        "import sys, time, footy.service.app as assembly\n"
        "assembly.start_simulator = lambda: time.sleep(600)\n"
        "from footy.cli import main\nsys.exit(main(['--demo']))"
    )
    service = place.begin_python("-c", script)
    wait_until(place.demo_files.heartbeat.exists)

    service.terminate()

    assert ended(service) == Exit.OK
    assert not place.demo_files.pid.exists()


def test_the_demo_ends_with_its_simulator(place: Place) -> None:
    service = place.begin_service("--demo", files=place.demo_files)
    processes = family(service)
    assert len(processes) == 2

    service.terminate()

    assert ended(service) == Exit.OK
    wait_until(lambda: gone(processes))


def test_the_demos_simulator_ends_even_after_kill_9(place: Place) -> None:
    service = place.begin_service("--demo", files=place.demo_files)
    processes = family(service)

    service.kill()

    wait_until(lambda: gone(processes))


# --- cycles that go wrong


def test_a_cycle_that_raises_is_logged_counted_as_failed_and_the_next_one_runs(live: Place) -> None:
    live.set(FOOTY_INTERVAL=5)
    script = (
        "import sys; from footy.pipeline.cycle import Pipeline; real = Pipeline.run\n"
        "def run(self, state, number, **more):\n"
        "    if number == 1: raise ZeroDivisionError('a bug of the tests')\n"
        "    return real(self, state, number, **more)\n"
        "Pipeline.run = run\n"
        "from footy.cli import main\nsys.exit(main([]))"
    )
    service = live.begin_python("-c", script)

    wait_until(lambda: heartbeat(live.files)["cycle"] == 1)
    beat = heartbeat(live.files)
    assert (beat["last_error"], beat["last_success_at"]) == ("cycle 1 failed: ZeroDivisionError", None)
    wait_until(lambda: heartbeat(live.files)["cycle"] == 2)
    beat = heartbeat(live.files)
    assert beat["last_error"] is None
    assert beat["last_success_at"] is not None
    assert "Cycle 1 failed\nTraceback (most recent call last):" in log(live)
    assert "a bug of the tests" in log(live)
    service.terminate()
    assert complaints_of(service) == []


def complaints_of(service: "subprocess.Popen[str]") -> list[str]:
    out, said = service.communicate(timeout=60)
    return complaints(subprocess.CompletedProcess([], service.returncode, out, said))


def test_a_live_list_that_fails_is_an_unhealthy_service_that_goes_on(place: Place) -> None:
    with start(matches=2, odds="light", secret=SECRET, faults=["http500@match/detail_live"]) as vendor:
        place.ask(vendor)
        place.set(FOOTY_INTERVAL=2, FOOTY_ATTEMPTS=1)
        place.begin_service()
        assert "no cycle has succeeded" in place.run("health").stdout
        assert "HTTP status 500" in heartbeat(place.files)["last_error"]

        vendor.control.clear_faults()

        wait_until(lambda: heartbeat(place.files)["last_success_at"] is not None)
        assert place.run("health").returncode == Exit.OK


def test_what_is_due_while_a_cycle_still_runs_is_skipped_and_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING", logger="footy")
    go_on, began = threading.Event(), []

    class Slow:
        def __call__(self) -> None:
            began.append(time.monotonic())
            go_on.wait(10)

        def listen(self) -> None:
            pass

    figures = CycleFigures(0.1)
    scheduler = schedule.scheduled(Slow(), 0.1, count_skipped=figures.count_skipped)  # type: ignore[arg-type]
    wait_until(lambda: any("A cycle was skipped" in message for message in caplog.messages))
    assert len(began) == 1
    go_on.set()
    wait_until(lambda: len(began) > 1)
    scheduler.shutdown()

    assert any(
        message.startswith("A cycle was skipped: the one before still runs (1 ")
        for message in caplog.messages
    )
    skipped = sum(message.startswith("A cycle was skipped") for message in caplog.messages)
    assert figures.count_skipped() == skipped + 1


def test_with_a_slow_vendor_of_whom_all_is_said_skipped_cycles_are_no_warnings(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", logger="footy")
    go_on = threading.Event()

    class Slow:
        def __call__(self) -> None:
            go_on.wait(10)

        def listen(self) -> None:
            pass

    scheduler = schedule.scheduled(Slow(), 0.1, lambda: True)  # type: ignore[arg-type]
    wait_until(lambda: any("A cycle was skipped" in message for message in caplog.messages))
    go_on.set()
    scheduler.shutdown()

    levels = {one.levelname for one in caplog.records if one.getMessage().startswith("A cycle was skipped")}
    assert levels == {"DEBUG"}


def test_a_hearing_that_waits_behind_a_long_cycle_is_no_skipped_cycle(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("WARNING", logger="footy")
    monkeypatch.setattr(schedule, "LISTEN_EVERY_S", 0.05)
    go_on = threading.Event()
    dropped: list[object] = []

    class Long:
        def __call__(self) -> None:
            go_on.wait(10)

        def listen(self) -> None:
            pass

    scheduler = schedule.scheduled(Long(), 3600)  # type: ignore[arg-type]
    scheduler.add_listener(dropped.append, EVENT_JOB_MAX_INSTANCES)
    wait_until(lambda: len(dropped) > 2)
    go_on.set()
    scheduler.shutdown()

    assert not any("skipped" in message for message in caplog.messages if message.startswith("A cycle"))


# --- one owner


def test_a_second_service_ends_with_75_and_names_the_first(live: Place) -> None:
    first = live.begin_service()

    second = live.run()

    assert second.returncode == Exit.LOCKED
    [line] = complaints(second)
    assert line == f"footy: Another footy is already running here: PID {first.pid} holds {live.files.lock}."
    assert first.poll() is None


def test_once_beside_a_service_ends_with_75_and_touches_nothing(live: Place) -> None:
    first = live.begin_service()
    before = live.files.heartbeat.read_bytes()

    single = live.run("--once")

    assert single.returncode == Exit.LOCKED
    assert single.stdout == ""
    assert f"PID {first.pid} holds" in single.stderr
    assert live.files.heartbeat.read_bytes() == before


def test_two_services_that_start_at_once_are_one(live: Place) -> None:
    both = [live.begin(), live.begin()]

    wait_until(lambda: any(one.poll() is not None for one in both))
    [ended] = [one for one in both if one.poll() is not None]
    [runs] = [one for one in both if one is not ended]

    assert ended.returncode == Exit.LOCKED
    assert f"PID {runs.pid} holds" in ended.communicate()[1]
    wait_until(lambda: heartbeat(live.files, runs.pid)["cycle"])


def test_after_kill_9_a_service_starts_as_ever(live: Place) -> None:
    first = live.begin_service()
    first.kill()
    first.wait()
    assert live.files.pid.exists()
    assert live.run("health").stdout.startswith("Pipeline is not running")

    second = live.begin_service()

    assert live.run("health").stdout.startswith(f"Pipeline is running (PID: {second.pid})")


# --- in the background


def test_start_waits_for_the_first_snapshot(live: Place) -> None:
    started = live.run("start")

    assert started.returncode == Exit.OK
    running = owner(live.files)
    assert running is not None
    assert started.stdout == (
        f"footy is running (PID: {running.pid}) – data folder {live.files.folder}\n"
        f"First snapshot: {live.files.matches}\n"
    )
    assert live.files.matches.exists()
    assert live.run("health").returncode == Exit.OK


def test_a_second_start_says_that_it_runs(live: Place) -> None:
    live.run("start")
    first = owner(live.files)
    assert first is not None

    second = live.run("start")

    assert second.returncode == Exit.OK
    assert second.stdout.startswith(f"footy is already running (PID: {first.pid})")
    assert owner(live.files) == first


def test_two_starts_at_once_leave_one_service_and_agree_on_it(live: Place) -> None:
    words = (sys.executable, "-m", "footy", "start")  # fresh ones, so that a service is known by its words
    both = [live.begin_program(*words), live.begin_program(*words)]

    said = [one.communicate(timeout=30)[0] for one in both]

    assert [one.returncode for one in both] == [Exit.OK, Exit.OK]
    running = owner(live.files)
    assert running is not None
    assert all(f"running (PID: {running.pid})" in words for words in said), said
    ours = str(live.folder)
    services = [
        process
        for process in psutil.process_iter()
        if "--continuous" in _words_of(process) and _folder_of(process) == ours
    ]
    assert [process.pid for process in services] == [running.pid]


def _words_of(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _folder_of(process: psutil.Process) -> str:
    try:
        return process.cwd()
    except psutil.Error:
        return ""


def test_a_start_beside_a_single_cycle_waits_for_it(place: Place) -> None:
    with start(matches=1, odds="light", secret=SECRET, latency=0.5) as vendor:
        place.ask(vendor)
        single = place.begin("--once")
        wait_until(place.files.pid.exists)

        started = place.run("start")

        assert single.wait(timeout=60) == Exit.OK
        running = owner(place.files)
        assert running is not None
        assert running.pid != single.pid
        assert f"footy is running (PID: {running.pid})" in started.stdout


def test_a_start_that_fails_prints_the_last_line_and_has_its_exit_code(live: Place) -> None:
    live.files.log.mkdir(parents=True)

    started = live.run("start")

    assert started.returncode == Exit.CANNOT_WRITE
    assert started.stdout == f"footy: The log file {live.files.log} cannot be written (Is a directory).\n"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (73, "footy ended with exit code 73 and wrote nothing to"),
        (-9, "footy was ended by signal 9 before its first snapshot."),
    ],
)
def test_a_service_that_ended_without_a_word_is_told_of_all_the_same(
    place: Place, code: int, words: str
) -> None:
    said: list[str] = []

    control._ended(place.files, code, said.append)

    assert said[0].startswith(words)


def test_a_start_without_a_snapshot_in_time_says_why_and_leaves_it_trying(live: Place) -> None:
    live.set(FOOTY_BASE_URL="http://127.0.0.1:9/v1/football", FOOTY_BACKOFF="0.05")
    patience = "import footy.service.control as b; b.FIRST_SNAPSHOT_S = 6; from footy.cli import main"

    started = live.run_python("-c", f"{patience}; raise SystemExit(main(['start']))")

    assert started.returncode == Exit.OK
    assert "has published no snapshot yet: live list unavailable" in started.stdout
    assert "no connection" in started.stdout
    assert live.run("health").stdout.startswith("Pipeline is stale: no cycle has succeeded")


def test_stop_ends_it_all(place: Place) -> None:
    place.run("start", "--demo")
    running = owner(place.demo_files)
    assert running is not None
    processes = [psutil.Process(running.pid), *psutil.Process(running.pid).children()]
    assert len(processes) == 2

    stopped = place.run("stop")

    where = f"(demo) – data folder {place.demo_files.folder}"
    assert stopped.stdout == f"footy (PID: {running.pid}) stopped {where}\n"
    assert gone(processes)
    assert place.run("health", "--demo").returncode == Exit.UNHEALTHY
    assert place.run("stop").stdout.startswith("footy is not running")


def test_stop_kills_what_does_not_listen(live: Place) -> None:
    deaf = "import signal, time; from pathlib import Path\n"
    deaf += "from footy.service.lock import *; from footy.service.paths import *\n"
    deaf += "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    deaf += f"folder = Path({str(live.files.folder)!r}); prepare_folder(folder)\n"
    deaf += "with locked(Files(folder), Role.SERVICE): time.sleep(600)"
    service = live.begin_python("-c", deaf)
    wait_until(live.files.pid.exists)
    impatience = "import footy.service.control as b; b.TERM_S = 0.3; from footy.cli import main"

    stopped = live.run_python("-c", f"{impatience}; raise SystemExit(main(['stop']))")

    assert stopped.stdout.startswith(f"footy (PID: {service.pid}) did not stop within 0 s and was killed")
    assert service.wait(timeout=5) == -signal.SIGKILL


def test_restart_is_another_process(live: Place) -> None:
    live.run("start")
    first = owner(live.files)
    assert first is not None

    restarted = live.run("restart")

    second = owner(live.files)
    assert second is not None
    assert second.pid != first.pid
    assert restarted.stdout.splitlines()[0].startswith(f"footy (PID: {first.pid}) stopped")
    assert restarted.stdout.splitlines()[1].startswith(f"footy is running (PID: {second.pid})")


def test_a_service_outlives_the_terminal_it_was_started_from(live: Place) -> None:
    starter = live.begin("start")
    starter.communicate(timeout=30)
    running = owner(live.files)
    assert running is not None

    assert os.getsid(running.pid) == running.pid


# --- what is said about it


def test_health_and_status_of_nothing(place: Place) -> None:
    for command in ("health", "status"):
        said = place.run(command)
        assert said.returncode == Exit.UNHEALTHY
        assert said.stdout.startswith("Pipeline is not running (demo)")
    assert not place.files.folder.exists()


def test_health_of_a_live_instance_names_the_demo_that_runs_in_its_place(live: Place) -> None:
    demo = live.begin_service("--demo", files=live.demo_files)
    words = f"Pipeline is not running, only a demo in demo/ (PID: {demo.pid})"

    for command in ("health", "status"):
        said = live.run(command)
        assert said.returncode == Exit.UNHEALTHY
        assert said.stdout.splitlines()[0] == f"{words} – data folder {live.files.folder}"
    assert live.run("health", "--demo").returncode == Exit.OK


FIGURES = ["Cycles", "Calls", "Quota left", "Data age", "Process"]


def test_the_status_tells_of_the_last_snapshot(live: Place) -> None:
    service = live.begin_service()

    said = live.run("status")

    assert said.returncode == Exit.OK
    first, snapshot, matches, requests, *figures = said.stdout.splitlines()
    assert first == f"Pipeline is running (PID: {service.pid}) – data folder {live.files.folder}"
    assert snapshot.startswith("Snapshot: cycle 1, ")
    assert matches.startswith("Matches: 4 from the live list, ")
    assert requests.startswith("Requests: ")
    assert [line.partition(":")[0] for line in figures] == FIGURES


def test_a_heartbeat_that_got_old_is_stale_and_exits_with_1(live: Place) -> None:
    live.begin_service()
    beat = json.loads(live.files.heartbeat.read_bytes())
    live.files.heartbeat.write_bytes(msgspec.json.encode(beat | {"last_success_at": "2025-06-15T12:00:00Z"}))

    said = live.run("health")

    assert said.returncode == Exit.UNHEALTHY
    assert said.stdout.startswith("Pipeline is stale: the last success is ")


def test_data_that_most_matches_lack_is_degraded_but_for_whoever_asks_about_cycles(place: Place) -> None:
    hasty = "import footy.service.health as i; i.STALE_AT_LEAST_S = i.STALE_INTERVALS = 1; import footy.cli"
    with start(matches=4, odds="light", secret=SECRET, speed=0, faults=["http500@odds/history"]) as vendor:
        place.ask(vendor)
        place.set(FOOTY_INTERVAL=2, FOOTY_ATTEMPTS=1)
        service = place.begin_python("-c", f"{hasty}; footy.cli.main([])")
        wait_until(lambda: heartbeat(place.files, service.pid).get("degraded"))

        words = r"odds missing or old for \d of \d matches in play for \d+ s \(PID: \d+\)"
        for command in ("health", "status"):
            said = place.run(command)
            assert said.returncode == Exit.UNHEALTHY
            assert re.match(f"Pipeline is degraded: {words}", said.stdout), said.stdout
        said = place.run("health", "--cycles")
        assert (said.returncode, said.stdout[:19]) == (Exit.OK, "Pipeline is running")
        vendor.control.clear_faults()
        wait_until(lambda: heartbeat(place.files, service.pid)["degraded"] == [])
        assert place.run("health").returncode == Exit.OK


def test_what_the_vendor_says_does_not_steer_the_terminal(live: Place) -> None:
    service = live.begin_service()
    beat = json.loads(live.files.heartbeat.read_bytes())
    old = {"last_success_at": "2025-06-15T12:00:00Z", "last_error": "gone\n\x1b[2Jfor good"}
    live.files.heartbeat.write_bytes(msgspec.json.encode(beat | old))

    said = live.run("health").stdout

    assert f"last error: gone\\n\\x1b[2Jfor good (PID: {service.pid})" in said


def test_logs_show_the_demos_where_only_a_demo_has_run_and_say_so(live: Place) -> None:
    live.demo_files.folder.mkdir(parents=True)
    live.demo_files.log.write_text("a line of the demo\n", encoding="utf-8")

    def first_line() -> str:
        following = live.begin("logs")
        assert following.stdout is not None
        line = following.stdout.readline()
        following.terminate()
        said.append(following.communicate(timeout=5)[1])
        return line

    said: list[str] = []
    assert first_line() == "a line of the demo\n"
    live.files.log.write_text("a live line\n", encoding="utf-8")
    assert first_line() == "a live line\n"
    assert said == [
        f"footy: there is no log yet at {live.files.log}: this is the demo's, {live.demo_files.log}\n",
        "",
    ]


def test_a_setting_that_got_wrong_keeps_nobody_from_a_service_that_runs(live: Place) -> None:
    service = live.begin_service()
    live.set(FOOTY_INTERVAL="abc", FOOTY_TIMEZONE="Nowhere")
    warning = "footy: warning: FOOTY_INTERVAL is 'abc' but takes a number; FOOTY_TIMEZONE"
    for command in ("health", "status"):
        said = live.run(command)
        assert said.returncode == Exit.OK
        assert said.stdout.startswith(f"Pipeline is running (PID: {service.pid})")
        [line] = said.stderr.splitlines()
        assert line.startswith(warning)
        assert line.endswith("; footy would not start with that.")
    following = live.begin("logs")
    assert following.stdout is not None
    assert "footy starts" in following.stdout.readline()

    stopped = live.run("stop")

    assert stopped.returncode == Exit.OK
    assert stopped.stdout.startswith(f"footy (PID: {service.pid}) stopped")
    following.terminate()
    following.wait(timeout=5)


def test_logs_follow_the_log(live: Place) -> None:
    service = live.begin_service()
    following = live.begin("logs")
    assert following.stdout is not None
    assert "footy starts" in following.stdout.readline()

    service.terminate()
    service.wait(timeout=60)

    assert any("footy stops" in line for line in iter(following.stdout.readline, ""))
    following.terminate()
    following.wait(timeout=5)


def test_a_demo_whose_simulator_dies_goes_on_with_another_one(place: Place) -> None:
    place.set(FOOTY_INTERVAL=2)
    service = place.begin_service("--demo", files=place.demo_files)
    [simulator] = psutil.Process(service.pid).children()
    before = {match["match_id"] for match in json.loads(place.demo_files.matches.read_bytes())["matches"]}

    simulator.kill()
    wait_until(lambda: "another one is PID" in place.demo_files.log.read_text())
    again = heartbeat(place.demo_files)["last_success_at"]
    wait_until(lambda: heartbeat(place.demo_files)["last_success_at"] != again)

    snapshot = json.loads(place.demo_files.matches.read_bytes())
    after = {match["match_id"] for match in snapshot["matches"]}
    assert len(before & after) > len(before) / 2
    service.terminate()
    assert service.wait(timeout=5) == Exit.OK


def test_two_demos_do_not_begin_at_the_same_moment(place: Place) -> None:
    first, second = (
        {
            match["match_id"]: match["minute"]
            for match in json.loads(place.run("--once", "--demo", "--json").stdout)["matches"]
        }
        for _ in range(2)
    )
    assert first != second
