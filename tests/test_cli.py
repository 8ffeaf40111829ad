"""The command line, as real processes over real sockets: what is printed, and with which code it ends."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from footy.errors import Exit
from footy.service.paths import Files
from tests.support.place import SECRET, Finished, Place, complaints, wait_until
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator


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


def assert_fails_plainly(finished: Finished, code: Exit, words: str) -> None:
    """One clear line, the right code, no traceback, no secret."""
    [line] = complaints(finished)
    assert line.startswith("footy")
    assert words in line
    assert finished.returncode == code
    assert finished.stdout == ""
    assert SECRET not in finished.stderr


# --- one cycle


def test_once_shows_the_matches_and_leaves_the_snapshot(live: Place) -> None:
    finished = live.run("--once")

    assert finished.returncode == Exit.OK
    assert complaints(finished) == []
    assert finished.stderr == f"footy: data folder {live.files.folder}\n"
    snapshot = json.loads(live.files.matches.read_bytes())
    assert len(snapshot["matches"]) == 4
    assert snapshot["meta"]["mode"] == "live"
    shown = [match["home"] in finished.stdout for match in snapshot["matches"] if match["in_play"]]
    assert shown
    assert all(shown)
    beat = json.loads(live.files.heartbeat.read_bytes())
    assert (beat["cycle"], beat["last_error"]) == (1, None)
    assert beat["last_success_at"] >= beat["last_attempt_at"]


def test_once_leaves_no_pid_file_and_no_half_file(live: Place) -> None:
    live.run("--once")

    assert not live.files.pid.exists()
    assert list(live.files.folder.glob(".*")) == []


def test_once_json_prints_the_snapshot_and_nothing_else(live: Place) -> None:
    finished = live.run("--once", "--json")

    assert finished.returncode == Exit.OK
    assert finished.stdout == live.files.matches.read_text(encoding="utf-8")
    assert complaints(finished) == []


@pytest.mark.parametrize("flags", ["--once", "--once --json", "--help", "events --help", "--version"])
def test_a_reader_that_has_gone_is_no_failure(live: Place, flags: str) -> None:
    command = f"'{sys.executable}' -m footy {flags} | true; exit ${{PIPESTATUS[0]}}"

    finished = live.run_program("bash", "-c", command)

    assert finished.returncode == Exit.OK
    assert complaints(finished) == []


@pytest.mark.parametrize("command", ["status", "health"])
def test_a_reader_that_has_gone_makes_nothing_healthy(live: Place, command: str) -> None:
    script = f"set -o pipefail; {{ sleep 0.2; '{sys.executable}' -m footy {command}; }} | true"

    finished = live.run_program("bash", "-c", script)

    assert finished.returncode == Exit.UNHEALTHY
    assert complaints(finished) == []


@pytest.mark.parametrize(
    "flags",
    [
        ["--once"],
        ["--once", "--json"],
        ["health"],
        ["check"],
        ["--help"],
        ["events", "--help"],
        ["--version"],
    ],
)
def test_a_full_disk_behind_the_standard_output_is_73(live: Place, flags: list[str]) -> None:
    finished = live.run_program("bash", "-c", f"'{sys.executable}' -m footy {' '.join(flags)} > /dev/full")

    assert_fails_plainly(finished, Exit.CANNOT_WRITE, "No space left on device")


def test_a_full_disk_behind_the_standard_error_leaves_the_exit_code(live: Place) -> None:
    live.set(FOOTY_INTERVAL=0)

    finished = live.run_program("bash", "-c", f"'{sys.executable}' -m footy --once 2> /dev/full")

    assert finished.returncode == Exit.CONFIG


def test_once_sorts_and_searches_what_is_shown_and_writes_all(live: Place) -> None:
    whole = live.run("--once", "--sort", "kickoff")
    matches = json.loads(live.files.matches.read_bytes())["matches"]
    [one, *others] = [match for match in matches if match["in_play"]]
    found = live.run("--once", "--search", one["home"].upper())

    assert "sorted by kick-off" in whole.stdout
    assert all(match["home"] in whole.stdout for match in [one, *others])
    assert one["home"] in found.stdout
    assert not any(match["home"] in found.stdout for match in others)
    assert len(json.loads(live.files.matches.read_bytes())["matches"]) == len(matches)


def test_in_play_is_not_what_the_operator_has_shown(live: Place) -> None:
    live.set(FOOTY_STATUSES="8")
    shown = live.run("--once").stdout
    snapshot = json.loads(live.files.matches.read_bytes())
    in_play = sum(match["in_play"] for match in snapshot["matches"])

    assert in_play > 0
    assert snapshot["meta"]["counts"]["in_play"] == in_play
    assert f"4 from the live list · {in_play} in play · " in shown


def test_the_demo_says_what_it_is_and_keeps_to_its_own_folder(place: Place) -> None:
    finished = place.run("--once")

    assert finished.stdout.startswith("DEMO – simulated matches")
    assert finished.stderr == f"footy: demo: simulated matches, data folder {place.demo_files.folder}\n"
    assert json.loads(place.demo_files.matches.read_bytes())["meta"]["mode"] == "demo"
    assert [path.name for path in place.files.folder.iterdir()] == ["demo"]


def test_the_demo_is_to_be_had_beside_credentials(live: Place) -> None:
    finished = live.run("--once", "--demo", "--json")

    assert json.loads(finished.stdout)["meta"]["mode"] == "demo"


def test_settings_come_from_the_env_file_of_the_current_folder(
    place: Place, vendor: RunningSimulator
) -> None:
    lines = [f"THESPORTS_USER={vendor.user}", f"THESPORTS_SECRET='{SECRET}'", "FOOTY_DATA_DIR=kept here"]
    lines += [f"FOOTY_BASE_URL={vendor.base_url}"]
    (place.folder / ".env").write_text("\n".join(lines), encoding="utf-8")

    finished = place.run("--once")

    assert finished.returncode == Exit.OK
    assert Files(place.folder / "kept here").matches.exists()


def test_a_second_once_starts_warm(live: Place) -> None:
    cold = json.loads(live.run("--once", "--json").stdout)

    warm = json.loads(live.run("--once", "--json").stdout)

    assert warm["meta"]["requests"] < cold["meta"]["requests"]
    assert [match["match_id"] for match in warm["matches"]] == [
        match["match_id"] for match in cold["matches"]
    ]


# --- wrong usage


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--frobnicate"], "unrecognized arguments: --frobnicate"),
        (["--onc"], "unrecognized arguments: --onc"),
        (["dance"], "invalid choice: 'dance'"),
        (["--once", "--continuous"], "not allowed with argument"),
        (["--once", "--sort", "goals"], "invalid choice: 'goals'"),
        (["--once", "--search", " "], "--search takes a text"),
        (["--once", "--json", "--search", "a"], "not with --json"),
        (["--sort", "movement", "status"], "--sort and --search go with --once and the service"),
        (["--json"], "--json goes with --once"),
        (["simulate", "--matches", "0"], "argument --matches"),
        (["start", "now"], "unrecognized arguments: now"),
        (["events", "--since=--"], "argument --since: takes a value, not '--'"),
        (["export", "odds", "-o--"], "argument -o: takes a value, not '--'"),
        (["events", "--match=\udcff"], "argument --match: takes text in UTF-8"),
        (["query", "SELECT 1", "--match=\udcff"], "argument --match: takes text in UTF-8"),
        (["backup", "x" * 300], "argument FILE: takes a path that is not too long"),
        (["export", "odds", "-o", "x" * 300], "argument -o/--output: takes a path that is not too long"),
        (["export", "odds", "-o", "~nobody-of-this-name/x"], "there is no home folder for its ~"),
    ],
)
def test_a_wrong_command_line_is_one_line_and_64(place: Place, arguments: list[str], words: str) -> None:
    assert_fails_plainly(place.run(*arguments), Exit.USAGE, words)


def test_the_log_before_there_is_one_is_64(place: Place) -> None:
    assert_fails_plainly(place.run("logs"), Exit.USAGE, "There is no log yet")


def test_the_version_is_told(place: Place) -> None:
    assert place.run("--version").stdout.startswith("footy 0.")


# --- wrong settings


def test_a_wrong_value_names_the_variable_what_it_got_and_what_it_takes(place: Place) -> None:
    place.set(FOOTY_INTERVAL=0)

    assert_fails_plainly(place.run("--once"), Exit.CONFIG, "FOOTY_INTERVAL is '0' but takes a number")


@pytest.mark.parametrize("command", ["stop", "status", "health", "logs"])
def test_a_command_that_cannot_know_which_folder_is_meant_is_78(place: Place, command: str) -> None:
    place.set(FOOTY_MODE="liev")

    assert_fails_plainly(place.run(command), Exit.CONFIG, "FOOTY_MODE is 'liev' but takes")


@pytest.mark.parametrize("command", ["start", "check", "--continuous", "restart"])
def test_a_wrong_value_ends_what_needs_it_with_78(place: Place, command: str) -> None:
    place.set(FOOTY_INTERVAL="abc")

    assert_fails_plainly(place.run(command), Exit.CONFIG, "FOOTY_INTERVAL is 'abc' but takes a number")


@pytest.mark.parametrize("command", ["--once", "start", "check", "--continuous", "restart"])
def test_one_credential_without_the_other_is_78(place: Place, command: str) -> None:
    place.set(THESPORTS_SECRET=SECRET)

    assert_fails_plainly(place.run(command), Exit.CONFIG, "THESPORTS_USER is not set")


def test_a_secret_that_was_not_copied_whole_is_78(place: Place) -> None:
    place.set(THESPORTS_USER="someone", THESPORTS_SECRET="cut")

    assert_fails_plainly(place.run("--once"), Exit.CONFIG, "THESPORTS_SECRET takes at least 8 characters")


def test_credentials_that_got_lost_are_78_and_no_demo(live: Place) -> None:
    live.run("--once")
    for name in ("THESPORTS_USER", "THESPORTS_SECRET"):
        del live.environment[name]

    assert_fails_plainly(live.run("--once"), Exit.CONFIG, "has been live")
    assert_fails_plainly(live.run("start"), Exit.CONFIG, "has been live")
    assert not live.demo_files.folder.exists()


def test_an_env_file_that_is_a_folder_is_78(live: Place) -> None:
    (live.folder / ".env").mkdir()

    assert_fails_plainly(live.run("--once"), Exit.CONFIG, "is not a file")


def test_an_env_file_that_is_no_text_is_78(live: Place) -> None:
    (live.folder / ".env").write_bytes(b"\xff\xfe\x00")

    assert_fails_plainly(live.run("--once"), Exit.CONFIG, "it is not UTF-8 text")


def test_a_misspelt_variable_is_a_warning_and_the_run_goes_on(live: Place) -> None:
    live.set(FOOTY_INTERVALL=30)

    finished = live.run("--once")

    assert finished.returncode == Exit.OK
    [line] = complaints(finished)
    assert "FOOTY_INTERVALL" in line
    assert "did you mean FOOTY_INTERVAL?" in line
    assert "FOOTY_INTERVALL" in live.files.log.read_text(encoding="utf-8")


# --- the vendor


def test_an_account_that_is_refused_is_77(live: Place) -> None:
    live.set(THESPORTS_SECRET="another-secret-altogether")

    assert_fails_plainly(live.run("--once"), Exit.REFUSED, "the account is not authorized")
    why = json.loads(live.files.heartbeat.read_bytes())["last_error"]
    assert "the account is not authorized" in why
    assert f"No snapshot has been published here yet: {why}\n" in live.run("status").stdout


def test_a_live_list_that_is_not_in_the_plan_is_77(place: Place) -> None:
    with start(matches=1, odds="light", secret=SECRET, options=["--plan=match/recent/list"]) as vendor:
        place.ask(vendor)

        assert_fails_plainly(place.run("--once"), Exit.REFUSED, "not in the account's plan")


def test_an_address_that_is_not_whitelisted_is_77_and_the_line_names_it(place: Place) -> None:
    with start(matches=1, odds="light", secret=SECRET, options=["--refuse-ip"]) as vendor:
        place.ask(vendor)

        assert_fails_plainly(
            place.run("--once"), Exit.REFUSED, "the address to have whitelisted is 127.0.0.1"
        )


def test_a_host_that_does_not_resolve_is_69(live: Place) -> None:
    live.set(FOOTY_BASE_URL="http://nowhere.invalid/v1/football", FOOTY_BACKOFF=0.01)

    assert_fails_plainly(live.run("--once"), Exit.UNAVAILABLE, "the host name does not resolve")


def test_a_port_with_nothing_behind_it_is_69(live: Place) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        live.set(FOOTY_BASE_URL=f"http://127.0.0.1:{taken.getsockname()[1]}/v1/football", FOOTY_BACKOFF=0.01)

        assert_fails_plainly(live.run("--once"), Exit.UNAVAILABLE, "no connection (Connection refused)")


def test_a_path_that_holds_the_secret_shows_it_nowhere(live: Place) -> None:
    """It was put into the wrong line of `.env`."""
    live.environment["FOOTY_CA_BUNDLE"] = f"certificates/{SECRET}.pem"

    assert_fails_plainly(live.run("--once"), Exit.CONFIG, "FOOTY_CA_BUNDLE is 'certificates/***")
    assert not [file for file in live.files.folder.iterdir() if SECRET.encode() in file.read_bytes()]
    assert "FOOTY_CA_BUNDLE is 'certificates/***" in live.files.heartbeat.read_text(encoding="utf-8")


@pytest.mark.parametrize("size", ["99999999999999999999", "2000000000", "9" * 5000, "²", ""])
def test_a_terminal_of_an_impossible_size_is_one_of_a_large_size(live: Place, size: str) -> None:
    live.environment |= {"COLUMNS": size, "LINES": size}

    assert live.run("--once").returncode == Exit.OK


# --- the data folder


def test_a_file_in_place_of_the_data_folder_is_73(live: Place) -> None:
    live.files.folder.write_text("in the way", encoding="utf-8")

    assert_fails_plainly(live.run("--once"), Exit.CANNOT_WRITE, "cannot be written (File exists)")
    assert_fails_plainly(live.run("start"), Exit.CANNOT_WRITE, "cannot be written (File exists)")


_OUT_OF_REACH = """
import pathlib, sys

whatever = pathlib.Path.stat

def stat(path, **options):
    if path.parent.name == "of another":
        raise PermissionError(13, "Permission denied", str(path))
    return whatever(path, **options)

pathlib.Path.stat = stat
from footy.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("events", Exit.CANNOT_WRITE),
        ("match town", Exit.CANNOT_WRITE),
        ("logs", Exit.CANNOT_WRITE),
        ("export odds", Exit.CANNOT_WRITE),
        ("backup copy.db", Exit.CANNOT_WRITE),
        ("alerts outcomes", Exit.CANNOT_WRITE),
        ("replay --to phone", Exit.CANNOT_WRITE),
        ("--once", Exit.CONFIG),
    ],
)
def test_a_data_folder_that_only_another_user_may_read_is_one_line(
    place: Place, command: str, code: Exit
) -> None:
    """The tests may run as root, who may read everything: so the system's answer is a stand-in."""
    place.environment["FOOTY_DATA_DIR"] = str(place.folder / "of another")

    finished = place.run_program(sys.executable, "-c", _OUT_OF_REACH, *command.split())

    assert_fails_plainly(finished, code, "cannot be read (Permission denied): run this as the user who runs")


@pytest.mark.parametrize("name", ["log", "pid", "lock"])
def test_a_folder_in_place_of_a_file_that_must_be_written_is_73(live: Place, name: str) -> None:
    getattr(live.files, name).mkdir(parents=True)

    assert_fails_plainly(live.run("--once"), Exit.CANNOT_WRITE, "(Is a directory)")


def test_a_snapshot_that_cannot_be_written_is_73_and_is_shown_all_the_same(live: Place) -> None:
    live.files.matches.mkdir(parents=True)

    finished = live.run("--once")

    [line] = complaints(finished)
    assert "matches.json could not be written: Is a directory" in line
    assert finished.returncode == Exit.CANNOT_WRITE
    assert "4 from the live list" in finished.stdout


@pytest.mark.parametrize("name", ["cache", "checkpoint", "quota"])
def test_a_folder_in_place_of_a_file_that_only_helps_stops_nothing(live: Place, name: str) -> None:
    getattr(live.files, name).mkdir(parents=True)

    finished = live.run("--once")

    assert finished.returncode == Exit.OK
    assert complaints(finished) == []


def test_once_has_no_interval_that_cuts_it_short(place: Place) -> None:
    with start(matches=4, odds="light", secret=SECRET, latency=1.2) as vendor:
        place.ask(vendor)
        place.set(FOOTY_INTERVAL=2)
        finished = place.run("--once", "--json")

    assert finished.returncode == Exit.OK
    meta = json.loads(finished.stdout)["meta"]
    assert meta["complete"]
    assert meta["problems"] == []


def test_check_asks_every_endpoint_of_a_slow_vendor(place: Place) -> None:
    with start(matches=1, odds="light", secret=SECRET, latency=0.5) as vendor:
        place.ask(vendor)
        place.set(FOOTY_TIMEOUT=0.9)
        finished = place.run("check")

    assert finished.returncode == Exit.OK
    assert "every endpoint that footy uses is in its plan" in finished.stdout


# --- signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_once_ends_by_the_signal_it_gets_without_a_traceback(place: Place, number: signal.Signals) -> None:
    with start(matches=4, odds="light", secret=SECRET, faults=["hang@match/recent/list"]) as vendor:
        place.ask(vendor)
        running = place.begin("--once")
        wait_until(lambda: vendor.control.stats()["in_flight"] > 0)

        running.send_signal(number)
        _, said = running.communicate(timeout=60)

    assert running.returncode == -number
    assert said == f"footy: data folder {place.files.folder}\n"


def test_ctrl_c_before_a_cycle_begins_shows_no_traceback(place: Place) -> None:
    with start(matches=4, odds="light", secret=SECRET, faults=["hang"]) as vendor:
        place.ask(vendor)
        running = place.begin("check")
        wait_until(lambda: vendor.control.stats()["in_flight"] > 0)

        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)

    assert running.returncode == -signal.SIGINT
    assert said == f"footy: data folder {place.files.folder}\n"


# --- check


def test_check_says_that_all_is_well(live: Place) -> None:
    finished = live.run("check")

    assert finished.returncode == Exit.OK
    assert "127.0.0.1 (the one to have whitelisted)" in finished.stdout
    assert "every endpoint that footy uses is in its plan" in finished.stdout
    assert "REFUSED" not in finished.stdout
    assert SECRET not in finished.stdout


def test_check_says_which_endpoint_is_not_in_the_plan(place: Place) -> None:
    plan = "match/detail_live,match/recent/list,team/additional/list,competition/additional/list"
    with start(matches=1, odds="light", secret=SECRET, options=[f"--plan={plan}"]) as vendor:
        place.ask(vendor)

        finished = place.run("check")

    assert finished.returncode == Exit.OK
    [last] = [line for line in finished.stdout.splitlines() if "not in its plan" in line]
    assert "odds/history" in last
    assert "match/recent/list" not in last


def test_check_without_the_live_list_is_77_and_tells_the_rest(place: Place) -> None:
    with start(matches=1, odds="light", secret=SECRET, options=["--plan=odds/history"]) as vendor:
        place.ask(vendor)

        finished = place.run("check")

    assert finished.returncode == Exit.REFUSED
    told = dict(line.split(None, 1) for line in finished.stdout.splitlines() if line.startswith("  "))
    assert told["match/detail_live"] == "REFUSED: not in the account's plan"
    assert told["odds/history"].startswith("ok")


def test_check_of_a_refused_account_is_77(live: Place) -> None:
    live.set(THESPORTS_SECRET="another-secret-altogether")

    finished = live.run("check")

    assert finished.returncode == Exit.REFUSED
    assert "check THESPORTS_USER and THESPORTS_SECRET" in finished.stdout


def test_check_of_a_refused_address_is_77_and_names_the_address(place: Place) -> None:
    with start(matches=1, odds="light", secret=SECRET, options=["--refuse-ip"]) as vendor:
        place.ask(vendor)

        finished = place.run("check")

    assert finished.returncode == Exit.REFUSED
    assert "127.0.0.1 (the one to have whitelisted)" in finished.stdout
    assert "have the caller address above put on the vendor's list" in finished.stdout


def test_check_of_a_vendor_that_is_away_is_69(live: Place) -> None:
    live.set(FOOTY_BASE_URL="http://nowhere.invalid/v1/football")

    finished = live.run("check")

    assert finished.returncode == Exit.UNAVAILABLE
    assert "The vendor cannot be used now" in finished.stdout


def test_check_of_the_demo_asks_the_simulator(place: Place) -> None:
    finished = place.run("check", "--demo")

    assert finished.returncode == Exit.OK
    assert "The account works" in finished.stdout


# --- a bug


def test_a_bug_is_one_line_and_its_traceback_is_in_the_log(live: Place) -> None:
    script = "import sys; from footy.pipeline.cycle import Pipeline; Pipeline.run = None"
    finished = live.run_python("-c", f"{script}; from footy.cli import main; sys.exit(main(['--once']))")

    assert_fails_plainly(finished, Exit.BUG, f"its traceback is in {live.files.log}")
    assert "Traceback (most recent call last)" in live.files.log.read_text(encoding="utf-8")


def test_a_bug_before_there_is_a_log_leaves_its_traceback_without_the_secret(live: Place) -> None:
    script = f"def bug(*_): raise ValueError({SECRET!r})\nimport sys, footy.cli\n"
    script += "footy.cli.commands.say_folder = bug\n"
    finished = live.run_python("-c", f"{script}sys.exit(footy.cli.main(['--once']))")

    assert finished.returncode == Exit.BUG
    assert "Traceback (most recent call last)" in finished.stderr
    assert "ValueError: ***" in finished.stderr
    assert SECRET not in finished.stderr


# --- simulate


def test_a_simulator_can_be_served_and_ended(place: Place) -> None:
    running = place.begin("simulate", "--matches=1")
    assert running.stdout is not None
    assert running.stdout.readline().startswith("simulator listening on http://127.0.0.1:")

    running.send_signal(signal.SIGTERM)

    assert running.wait(timeout=60) == Exit.OK


def test_the_console_command_is_the_same_program() -> None:
    installed = Path(sys.executable).with_name("footy")

    finished = subprocess.run(
        [installed, "--version"], capture_output=True, text=True, check=True, timeout=30
    )

    assert finished.stdout.startswith("footy 0.")


# --- names


def test_names_lists_what_the_filters_accept(live: Place) -> None:
    live.run("--once")
    matches = json.loads(live.files.matches.read_bytes())["matches"]
    match = next(match for match in matches if match["competition"] and match["country_id"])

    finished = live.run("names", match["competition"].upper())

    assert finished.returncode == Exit.OK
    found = [line for line in finished.stdout.splitlines() if match["competition_id"] in line]
    assert [match["competition"] in line and match["country"] in line for line in found] == [True]
    everything = live.run("names").stdout
    assert "FOOTY_COUNTRIES:" in everything
    assert match["country_id"] in everything
    kept = live.run("--once", "--json")
    live.set(FOOTY_COMPETITIONS=match["competition_id"])
    chosen = json.loads(live.run("--once", "--json").stdout)["matches"]
    assert 0 < len(chosen) <= len(json.loads(kept.stdout)["matches"])


def test_names_says_what_to_do_if_nothing_is_known_or_nothing_matches(live: Place) -> None:
    assert live.run("names").stdout == (
        "No competition or country is known yet: run bash start.sh --once first.\n"
    )
    live.run("--once")
    assert live.run("names", "qqq").stdout.startswith("No known competition or country has 'qqq' in its name")


def test_names_reports_a_cache_file_that_cannot_be_read(live: Place) -> None:
    live.files.folder.mkdir()
    live.files.cache.write_bytes(b"this is no database, and long enough to be taken for one" * 40)

    assert_fails_plainly(live.run("names"), Exit.CANNOT_WRITE, "cache.sqlite cannot be read")


def test_flags_of_the_service_do_not_go_with_other_commands(place: Place) -> None:
    for flag in ("--once", "--continuous", "--json"):
        finished = place.run(flag, "start")

        assert finished.returncode == Exit.USAGE
        assert finished.stderr.startswith("footy: --once, --continuous and --json do not go with start")
        assert not place.files.folder.exists()


def test_a_check_without_credentials_says_that_there_are_none(place: Place) -> None:
    assert_fails_plainly(place.run("check"), Exit.CONFIG, "There are no credentials to check")


def test_every_file_of_the_data_folder_is_its_owners_alone(live: Place) -> None:
    live.files.folder.mkdir()
    old = [live.files.matches, live.files.folder / "footy_2026-01-01.log"]
    for file in old:
        file.write_text("of an earlier version")
        file.chmod(0o644)

    live.run("--once")

    files = list(live.files.folder.iterdir())
    assert {live.files.cache, live.files.lock, live.files.log, live.files.heartbeat, *old} <= set(files)
    assert {file.name: oct(file.stat().st_mode & 0o777) for file in files} == {
        file.name: "0o600" for file in files
    }


@pytest.mark.parametrize("command", ["stop", "status", "health", "logs"])
def test_what_looks_or_stops_loads_few_packages_so_that_it_works_while_others_are_missing(
    place: Place, command: str
) -> None:
    """After a pull the environment in use may lack what the new version needs."""
    script = (
        "import sys; from footy.cli import main; main([sys.argv[1]]); "
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    loaded = place.run_program(sys.executable, "-c", script, command).stdout.splitlines()[-1].split()

    assert "footy" in loaded
    needed = {"requests", "requests_cache", "apscheduler", "urllib3", "rich", "cachetools"}
    assert needed & set(loaded) == set()
