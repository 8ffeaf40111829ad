"""The scripts, as people run them: from another folder, and from a checkout whose path has spaces in it.

One checkout is set up for real, which takes some seconds; all tests that need one share it.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from footy.errors import Exit
from footy.service.lock import owner
from footy.service.paths import Files
from tests.support.place import PROJECT, SECRET, WITHIN_S, Finished, Place, gone, heartbeat, wait_until
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator

PARTS = (
    "footy",
    "thesports_simulator",
    "scripts",
    "setup.py",
    "README.md",
    "requirements.txt",
    "start.sh",
    "health_check.sh",
)
SET_UP = "footy: setting up .venv; this happens once"


def copy_project(folder: Path) -> Path:
    """Copy what a clone has of what the scripts need."""
    for part in PARTS:
        if (PROJECT / part).is_dir():
            shutil.copytree(PROJECT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / part, folder)
    return folder


class Checkout:
    """A checkout, its scripts run from another folder, its data in a third."""

    def __init__(self, folder: Path, place: Place) -> None:
        self.folder = folder
        self.place = place
        place.set(FOOTY_DATA_DIR=place.folder / "var")
        # Without the project's own path: the scripts have to find the package by themselves.
        del place.environment["PYTHONPATH"]

    def run(self, *arguments: str, script: str = "start.sh") -> Finished:
        return self.place.run_program("bash", str(self.folder / script), *arguments)

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        return self.place.begin_program("bash", str(self.folder / "start.sh"), *arguments)


@pytest.fixture(scope="module")
def vendor() -> Iterator[RunningSimulator]:
    with start(matches=4, odds="light", secret=SECRET) as simulator:
        yield simulator


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Place(tmp_path) as place:
        yield place


@pytest.fixture
def bare(place: Place) -> Checkout:
    """A checkout that has not been set up."""
    return Checkout(copy_project(place.folder / "a bare checkout"), place)


@pytest.fixture(scope="session")
def set_up_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Set a checkout up, once for all workers; give it and what was said meanwhile."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, told = shared / "a checkout with spaces", shared / "set-up.txt"
    with FileLock(shared / "set-up.lock"):
        if not told.exists():
            command = ["bash", str(copy_project(folder) / "start.sh"), "--version"]
            said = subprocess.run(
                command,
                cwd="/",
                # Most of the packages' modules are never imported.
                env=os.environ | {"PYTHON": sys.executable, "PIP_COMPILE": "0"},
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )
            assert said.returncode == 0, said.stderr
            told.write_text(said.stdout + said.stderr, encoding="utf-8")
    return folder, told.read_text(encoding="utf-8")


@pytest.fixture
def checkout(set_up_once: tuple[Path, str], place: Place, vendor: RunningSimulator) -> Checkout:
    place.ask(vendor)
    return Checkout(set_up_once[0], place)


# --- setting up


def test_setting_up_says_so_in_one_line(set_up_once: tuple[Path, str]) -> None:
    version, said = set_up_once[1].splitlines()

    assert version.startswith("footy 0.")
    assert said.startswith(SET_UP)


@pytest.mark.parametrize(("script", "code"), [("start.sh", Exit.OK), ("health_check.sh", Exit.UNHEALTHY)])
def test_the_home_of_another_python_is_not_looked_into(checkout: Checkout, script: str, code: Exit) -> None:
    checkout.place.environment["PYTHONHOME"] = "/nowhere"

    finished = checkout.run(*(["stop"] if script == "start.sh" else []), script=script)

    assert finished.returncode == code
    assert "is not running" in finished.stdout
    assert finished.stderr == ""


@pytest.mark.parametrize(("script", "code"), [("start.sh", Exit.OK), ("health_check.sh", Exit.UNHEALTHY)])
def test_a_link_to_a_script_is_the_script(checkout: Checkout, script: str, code: Exit) -> None:
    link = checkout.place.folder / "a link"
    link.symlink_to(checkout.folder / script)

    finished = checkout.place.run_program("bash", str(link), *(["stop"] if script == "start.sh" else []))

    assert finished.returncode == code
    assert "is not running" in finished.stdout
    assert finished.stderr == ""


def test_what_is_set_up_is_not_set_up_again(checkout: Checkout) -> None:
    stamp = checkout.folder / ".venv" / ".installed-from-requirements.txt"
    assert (checkout.folder / ".venv").is_symlink()
    before = stamp.stat().st_mtime_ns

    finished = checkout.run("--version")

    assert finished.stderr == ""
    assert stamp.stat().st_mtime_ns == before
    assert not (checkout.folder / ".environment.lock").exists()


@pytest.mark.parametrize("word", ["help", "-h", "--help"])
def test_help_sets_nothing_up(bare: Checkout, word: str) -> None:
    finished = bare.run(word)

    assert finished.returncode == Exit.OK
    assert finished.stdout.startswith("bash start.sh ")
    assert not (bare.folder / ".venv").exists()


def test_a_word_that_start_does_not_know_is_one_line_and_64(bare: Checkout) -> None:
    finished = bare.run("dance")

    assert finished.returncode == Exit.USAGE
    assert finished.stderr == "start.sh: unknown command: dance. See bash start.sh help.\n"
    assert not (bare.folder / ".venv").exists()


def test_health_before_setting_up_is_1(bare: Checkout) -> None:
    finished = bare.run(script="health_check.sh")

    assert finished.returncode == Exit.UNHEALTHY
    assert finished.stdout == "Pipeline is not running (it has not been set up: bash start.sh)\n"


def test_a_python_without_ensurepip_is_one_line_that_names_the_package(bare: Checkout) -> None:
    programs = bare.folder / "programs"
    programs.mkdir()
    lacking = f'#!/bin/sh\ncase "$*" in *ensurepip*) exit 1 ;; esac\nexec "{sys.executable}" "$@"\n'
    (programs / "python3").write_text(lacking, encoding="utf-8")
    (programs / "python3").chmod(0o755)
    bare.place.environment.pop("PYTHON", None)
    bare.place.set(PATH=f"{programs}:{os.environ['PATH']}")

    finished = bare.run("--once")

    version = "{}.{}".format(*sys.version_info[:2])
    assert finished.returncode == Exit.CONFIG
    assert finished.stderr == (
        "footy: this Python cannot make virtual environments: "
        f"install the package python{version}-venv and try again.\n"
    )


def test_a_python_that_is_too_old_is_one_line(bare: Checkout) -> None:
    programs = bare.folder / "programs"
    programs.mkdir()
    for name in ("dirname", "basename", "cat", "cksum"):
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    (programs / "python3").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (programs / "python3").chmod(0o755)
    bare.place.environment.pop("PYTHON", None)
    bash = shutil.which("bash")
    assert bash is not None
    bare.place.set(PATH=programs)

    finished = bare.place.run_program(bash, str(bare.folder / "start.sh"), "--once")

    assert finished.returncode == Exit.CONFIG
    [line] = finished.stderr.splitlines()
    assert line.startswith("footy: Python 3.11 or newer is needed")


@pytest.mark.parametrize(("works", "code"), [(True, 0), (False, 1)])
def test_an_environment_whose_python_was_upgraded_beneath_it_is_not_set_up(
    bare: Checkout, works: bool, code: int
) -> None:
    python = bare.folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\n{'exit 0' if works else 'exit 1'}\n", encoding="utf-8")
    python.chmod(0o755)

    script = (
        f'cd "{bare.folder}"; . scripts/environment.sh; '
        "stamp_of requirements.txt >.venv/.installed-from-requirements.txt; has_environment requirements.txt"
    )

    assert bare.place.run_program("bash", "-c", script).returncode == code


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("status", Exit.UNHEALTHY, "Pipeline is not running (it has not been set up: bash start.sh)"),
        ("health", Exit.UNHEALTHY, "Pipeline is not running (it has not been set up: bash start.sh)"),
        ("stop", Exit.OK, "footy is not running (it has not been set up: bash start.sh)"),
        ("logs", Exit.USAGE, "start.sh: nothing to show (it has not been set up: bash start.sh)"),
        ("--demo status", Exit.UNHEALTHY, "Pipeline is not running (it has not been set up: bash start.sh)"),
        ("names", Exit.USAGE, "start.sh: nothing to show (it has not been set up: bash start.sh)"),
    ],
)
def test_what_only_looks_or_stops_sets_nothing_up(bare: Checkout, command: str, code: int, said: str) -> None:
    finished = bare.run(*command.split())

    assert (finished.returncode, (finished.stdout + finished.stderr).strip()) == (code, said)
    assert not (bare.folder / ".venv").exists()
    assert not (bare.folder / ".venvs").exists()


@pytest.mark.parametrize("command", ["status", "health", "health_check.sh"])
def test_a_python_that_cannot_be_run_is_told_from_no_set_up(bare: Checkout, command: str) -> None:
    environment = bare.folder / ".venv"
    (environment / "bin").mkdir(parents=True)
    (environment / "bin" / "python").symlink_to("/somewhere/out/of/reach/bin/python3")
    (environment / "pyvenv.cfg").write_text("home = /somewhere/out/of/reach/bin\n", encoding="utf-8")

    finished = bare.run(script=command) if command.endswith(".sh") else bare.run(command)

    assert finished.returncode == Exit.UNHEALTHY
    assert finished.stdout == (
        "It is not known whether the pipeline runs "
        "(the Python that footy was set up with, in /somewhere/out/of/reach/bin, is gone: bash start.sh)\n"
    )
    assert bare.run("stop").returncode == Exit.LOCKED
    assert (environment / "bin" / "python").is_symlink()


def python_whose_environments_share_pip(checkout: Path, program: Path) -> Path:
    """Write a Python whose environments have the pip of a checkout: to install it takes seconds."""
    [packages] = (checkout / ".venv").resolve().glob("lib/python*/site-packages")
    program.write_text(
        f"""#!/bin/sh
[ "$1 $2" = "-m venv" ] || exec "{sys.executable}" "$@"
"{sys.executable}" -m venv --without-pip "$3"
echo "{packages}" >"$3/lib/{packages.parent.name}/site-packages/shared.pth"
""",
        encoding="utf-8",
    )
    program.chmod(0o755)
    return program


@pytest.fixture
def upgraded(set_up_once: tuple[Path, str], place: Place, vendor: RunningSimulator) -> Checkout:
    """A checkout that was set up, after a pull with a requirement that cannot be installed."""
    place.ask(vendor)
    folder = copy_project(place.folder / "an upgraded checkout")
    shutil.copytree(set_up_once[0] / ".venvs", folder / ".venvs", symlinks=True)
    [environment] = (folder / ".venvs").iterdir()
    (folder / ".venv").symlink_to(f".venvs/{environment.name}")
    with (folder / "requirements.txt").open("a", encoding="utf-8") as requirements:
        requirements.write("\n./no-such-package-of-footy.whl\n")
    place.set(PYTHON=python_whose_environments_share_pip(set_up_once[0], place.folder / "python"))
    return Checkout(folder, place)


def test_a_requirement_that_cannot_be_installed_leaves_a_service_as_it_is(upgraded: Checkout) -> None:
    environment = (upgraded.folder / ".venv").readlink()
    upgraded.place.environment["PYTHONPATH"] = str(PROJECT)
    service = upgraded.place.begin_service("--continuous")

    assert upgraded.run("status").returncode == Exit.OK
    assert upgraded.run(script="health_check.sh").returncode == Exit.OK
    restarted = upgraded.run("restart")
    assert restarted.returncode == Exit.UNAVAILABLE
    assert "What was installed before is unchanged." in restarted.stderr
    assert service.poll() is None
    assert (upgraded.folder / ".venv").readlink() == environment
    assert [one.name for one in (upgraded.folder / ".venvs").iterdir()] == [environment.name]
    assert not (upgraded.folder / ".environment.lock").exists()
    assert upgraded.run("stop").returncode == Exit.OK
    assert service.wait(WITHIN_S) == Exit.OK


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run a command as another user")
def test_another_user_is_told_that_it_cannot_know_and_deletes_nothing(checkout: Checkout) -> None:
    checkout.run()
    running = owner(checkout.place.files)
    assert running is not None
    for inside in (checkout.folder, checkout.place.folder):
        for folder in (inside, *inside.parents):
            if "pytest-of-" in str(folder):
                folder.chmod(0o755)
    before = (checkout.folder / ".venv").readlink()

    for command, code in (("status", 1), ("health", 1), ("stop", Exit.LOCKED)):
        words = ["bash", str(checkout.folder / "start.sh"), command]
        finished = subprocess.run(
            words,
            cwd="/",
            env=checkout.place.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            user="nobody",
        )
        assert finished.returncode == code, finished
        assert "not known whether" in finished.stdout or "cannot be stopped" in finished.stderr
    assert owner(checkout.place.files) == running
    assert (checkout.folder / ".venv").readlink() == before
    assert checkout.run("stop").returncode == Exit.OK


def test_an_environment_of_an_earlier_version_makes_room_and_unused_ones_go(bare: Checkout) -> None:
    (bare.folder / ".venv" / "bin").mkdir(parents=True)
    for name in ("unused", "new"):
        (bare.folder / ".venvs" / name / "bin").mkdir(parents=True)
    (bare.folder / ".venvs" / "new" / "bin" / "python").symlink_to(sys.executable)

    script = (
        f'cd "{bare.folder}"; . scripts/environment.sh; before=; '
        'switch_to .venvs/new && remove_unused .venvs/new "$before"'
    )

    assert bare.place.run_program("bash", "-c", script).returncode == Exit.OK
    assert str((bare.folder / ".venv").readlink()) == ".venvs/new"
    kept = sorted(one.name for one in (bare.folder / ".venvs").iterdir())
    assert kept[0].startswith("earlier-")
    assert kept[1:] == ["new"]


@pytest.mark.parametrize("extras", [{}, {"alerts": "apprise", "mqtt": "paho"}, {"query": "duckdb"}])
def test_a_new_environment_has_the_extras_of_the_one_before(bare: Checkout, extras: dict[str, str]) -> None:
    for package in extras.values():
        (bare.folder / ".venv" / "lib" / "python3.9" / "site-packages" / package).mkdir(parents=True)
    for name in ("alerts", "mqtt", "postgres", "query"):
        (bare.folder / f"requirements-{name}.txt").touch()
    installed, python = bare.folder / "installed", bare.place.folder / "python"
    new_python = f'#!/bin/sh\n[ "$1" = -c ] && exec {sys.executable} "$@"\necho "$@" >>"{installed}"\n'
    python.write_text(
        "#!/bin/sh\nmkdir -p $3/bin && cat >$3/bin/python <<'END'\n"
        f"{new_python}END\nchmod 755 $3/bin/python\n",
        encoding="utf-8",
    )
    python.chmod(0o755)

    script = (
        f'cd "{bare.folder}"; . scripts/environment.sh; lock=none; '
        f'make_environment "{python}" requirements.txt'
    )

    assert bare.place.run_program("bash", "-c", script).returncode == Exit.OK
    words = installed.read_text(encoding="utf-8").split()
    wanted = ["requirements.txt", *(f"requirements-{name}.txt" for name in extras)]
    assert [word for word in words if word.startswith("requirements")] == wanted


@pytest.fixture
def with_extras(bare: Checkout) -> Checkout:
    """A checkout in whose environments pip installs nothing, and notes what it is told."""
    for name in ("alerts", "mqtt", "postgres", "query"):
        (bare.folder / f"requirements-{name}.txt").write_text(f"{name}==1\n", encoding="utf-8")
    noted, packages = (
        bare.place.folder / "installed",
        {"alerts": "apprise", "mqtt": "paho", "postgres": "psycopg"},
    )
    pip = "\n".join(
        f'case "$*" in *-{name}.txt) mkdir -p "$folder/lib/python3/site-packages/{package}" ;; esac'
        for name, package in packages.items()
    )
    python = bare.place.folder / "python"
    python.write_text(
        f"""#!/bin/sh
case "$*" in
    "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    "-m pip "*) folder=$(dirname "$(dirname "$0")"); echo "$*" >>"{noted}"
{pip} ;;
    *) PYTHONPATH="{PROJECT}" exec {sys.executable} "$(printf %s "$1" | sed s/-I/-B/)" "${{@:2}}" ;;
esac
""".replace("#!/bin/sh", "#!/bin/bash"),
        encoding="utf-8",
    )
    python.chmod(0o755)
    bare.place.set(PYTHON=python)
    return bare


def installed(checkout: Checkout) -> list[str]:
    """Set up; return the lists from which pip was told to install since the last time."""
    noted = checkout.place.folder / "installed"
    noted.unlink(missing_ok=True)
    script = f'cd "{checkout.folder}"; . scripts/environment.sh; set_up_environment requirements.txt'
    finished = checkout.place.run_program("bash", "-euo", "pipefail", "-c", script)
    assert finished.returncode == Exit.OK, finished.stderr
    words = noted.read_text(encoding="utf-8").split() if noted.exists() else []
    return [word for word in words if word.startswith("requirements")]


def test_the_extras_that_the_settings_need_are_installed(with_extras: Checkout) -> None:
    assert installed(with_extras) == ["requirements.txt"]
    assert installed(with_extras) == []
    with_extras.place.set(FOOTY_PUSH="on")
    assert installed(with_extras) == ["requirements.txt", "requirements-mqtt.txt"]
    assert installed(with_extras) == []
    (with_extras.folder / ".env").write_text("FOOTY_STORE=postgresql://db/footy\n", encoding="utf-8")
    rules = with_extras.place.folder / "var" / "alerts.toml"
    rules.parent.mkdir()
    rules.write_text("[targets.desk]\nwebhook = 'https://example.com'\n", encoding="utf-8")
    every = ["requirements.txt", "requirements-mqtt.txt", "requirements-postgres.txt"]
    assert installed(with_extras) == every
    rules.write_text("[targets.phone]\nnotify = 'tgram://token/1'\n", encoding="utf-8")
    assert installed(with_extras) == ["requirements.txt", "requirements-alerts.txt", *every[1:]]
    rules.write_text("[targets", encoding="utf-8")
    with_extras.place.set(FOOTY_INTERVAL="never")  # what is wrong is said by the command
    assert installed(with_extras) == []


@pytest.mark.parametrize(
    ("may", "settings", "env_file", "rules"),
    [
        (False, {}, None, None),
        (False, {"FOOTY_INTERVAL": "5", "FOOTY_MQTT": ""}, "# FOOTY_PUSH=on\nFOOTY_INTERVAL=9\n", None),
        (True, {"FOOTY_ALERTS": "rules.toml"}, None, None),
        (True, {"FOOTY_MQTT": "mqtt://localhost"}, None, None),
        (True, {"FOOTY_PUSH": "on"}, None, None),
        (True, {"FOOTY_SIMULATE_MQTT": "mqtt://localhost"}, None, None),
        (True, {"FOOTY_STORE": "postgresql://db/footy"}, None, None),
        (True, {"FOOTY_STORE_FILE": "/run/secrets/store"}, None, None),
        (True, {"CREDENTIALS_DIRECTORY": "/run/credentials/footy"}, None, None),
        (True, {}, "FOOTY_INTERVAL=9\nexport FOOTY_PUSH=on # pushed\n", None),
        (True, {}, " 'FOOTY_STORE_FILE' = store\n", None),
        (True, {}, "FOOTY_DATA_DIR=elsewhere\n", None),
        (True, {}, None, "var"),
        (True, {"FOOTY_DATA_DIR": " "}, None, "var"),
        (True, {"FOOTY_DATA_DIR": "a b"}, None, "a b/demo"),
        (False, {"FOOTY_DATA_DIR": "a b"}, None, "var"),
        (True, {"FOOTY_DATA_DIR": "~/footy"}, None, None),
    ],
)
def test_whether_an_extra_may_be_needed_is_known_without_reading_the_settings(
    place: Place, may: bool, settings: dict[str, str], env_file: str | None, rules: str | None
) -> None:
    place.set(**settings)
    if env_file is not None:
        (place.folder / ".env").write_text(env_file, encoding="utf-8")
    if rules is not None:
        (place.folder / rules).mkdir(parents=True)
        (place.folder / rules / "alerts.toml").touch()
    script = f'. "{PROJECT}/scripts/environment.sh"; may_need_extras'
    assert (place.run_program("bash", "-c", script).returncode == 0) is may


def test_another_list_of_an_extra_makes_a_new_environment(with_extras: Checkout) -> None:
    with_extras.place.set(FOOTY_PUSH="on")
    installed(with_extras)
    (with_extras.folder / "requirements-mqtt.txt").write_text("mqtt==2\n", encoding="utf-8")
    assert installed(with_extras) == ["requirements.txt", "requirements-mqtt.txt"]
    (with_extras.folder / "requirements-alerts.txt").write_text("alerts==2\n", encoding="utf-8")
    assert installed(with_extras) == [], "nothing of this list is installed"
    by_hand = with_extras.folder / ".venv" / "lib" / "python3" / "site-packages" / "apprise"
    by_hand.mkdir(parents=True)
    assert installed(with_extras) == []
    (with_extras.folder / "requirements-alerts.txt").write_text("alerts==3\n", encoding="utf-8")
    assert installed(with_extras) == ["requirements.txt", "requirements-alerts.txt", "requirements-mqtt.txt"]


# --- running


def test_once_from_another_folder(checkout: Checkout) -> None:
    finished = checkout.run("--once", "--json")

    assert finished.returncode == Exit.OK
    assert finished.stderr == f"footy: data folder {checkout.place.files.folder}\n"
    assert len(json.loads(finished.stdout)["matches"]) == 4


def test_the_data_is_in_the_projects_folder_wherever_the_script_is_called_from(checkout: Checkout) -> None:
    del checkout.place.environment["FOOTY_DATA_DIR"]

    said = checkout.run("health").stdout

    assert said == f"Pipeline is not running – data folder {checkout.folder / 'var'}\n"


def test_a_service_from_start_to_stop(checkout: Checkout) -> None:
    files = checkout.place.files

    started = checkout.run()
    running = owner(files)
    assert running is not None
    assert started.returncode == Exit.OK
    assert started.stdout.splitlines() == [
        f"footy is running (PID: {running.pid}) – data folder {files.folder}",
        f"First snapshot: {files.matches}",
    ]

    again = checkout.run("start")
    assert again.returncode == Exit.OK
    assert again.stdout.startswith(f"footy is already running (PID: {running.pid})")
    assert owner(files) == running

    status = checkout.run("status")
    assert status.returncode == Exit.OK
    assert status.stdout.startswith(f"Pipeline is running (PID: {running.pid})")

    healthy = checkout.run(script="health_check.sh")
    assert healthy.returncode == Exit.OK
    assert healthy.stdout == f"Pipeline is running (PID: {running.pid}) – data folder {files.folder}\n"
    assert checkout.run("--cycles", script="health_check.sh").stdout == healthy.stdout

    restarted = checkout.run("restart")
    other = owner(files)
    assert other is not None
    assert restarted.returncode == Exit.OK
    assert f"footy is running (PID: {other.pid})" in restarted.stdout
    assert other.pid != running.pid
    process = psutil.Process(other.pid)

    stopped = checkout.run("stop")
    assert stopped.returncode == Exit.OK
    assert stopped.stdout == f"footy (PID: {other.pid}) stopped – data folder {files.folder}\n"
    assert gone([process])

    unhealthy = checkout.run(script="health_check.sh")
    assert unhealthy.returncode == Exit.UNHEALTHY
    assert unhealthy.stdout == f"Pipeline is not running – data folder {files.folder}\n"
    assert checkout.run("status").returncode == Exit.UNHEALTHY


def test_the_demo_from_start_to_stop(checkout: Checkout) -> None:
    started = checkout.run("--demo")
    running = owner(checkout.place.demo_files)
    assert running is not None
    processes = [psutil.Process(running.pid), *psutil.Process(running.pid).children()]

    stopped = checkout.run("stop", "--demo")

    assert "(demo)" in started.stdout
    assert "stopped" in stopped.stdout
    assert len(processes) == 2
    assert gone(processes)
    assert not checkout.place.files.matches.exists()


def test_refused_credentials_are_reported_after_the_first_cycle(checkout: Checkout) -> None:
    checkout.place.set(THESPORTS_SECRET="a-wrong-secret-of-the-tests")

    started = checkout.run()

    assert started.returncode == Exit.REFUSED
    refusal, going_on = started.stdout.splitlines()
    assert refusal.startswith("The vendor refuses: live list unavailable: the account is not")
    running = owner(checkout.place.files)
    assert running is not None
    assert going_on.startswith(f"footy (PID: {running.pid}) goes on trying; run bash start.sh check")
    checkout.place.set(THESPORTS_SECRET=SECRET)
    checkout.run("stop")


def test_two_starts_at_once_leave_one_service(checkout: Checkout) -> None:
    both = [checkout.begin(), checkout.begin()]

    said = [one.communicate(timeout=WITHIN_S)[0] for one in both]

    assert [one.returncode for one in both] == [0, 0]
    running = owner(checkout.place.files)
    assert running is not None
    assert all(f"running (PID: {running.pid})" in words for words in said)


def test_a_start_that_fails_says_the_last_line_and_has_its_exit_code(checkout: Checkout) -> None:
    checkout.place.files.log.mkdir(parents=True)

    finished = checkout.run()

    assert finished.returncode == Exit.CANNOT_WRITE
    assert "cannot be written (Is a directory)" in finished.stdout


def test_settings_that_make_no_sense_are_78_for_start_and_1_for_monitoring(checkout: Checkout) -> None:
    checkout.place.set(FOOTY_INTERVAL="often")

    assert checkout.run().returncode == Exit.CONFIG
    assert checkout.run(script="health_check.sh").returncode == Exit.UNHEALTHY


def test_logs_follow_the_log(checkout: Checkout) -> None:
    checkout.run()
    following = checkout.begin("logs")
    assert following.stdout is not None
    assert "footy starts" in following.stdout.readline()

    following.send_signal(signal.SIGINT)

    assert following.wait(WITHIN_S) == -signal.SIGINT
    assert checkout.run("health").returncode == Exit.OK


def test_a_stop_of_the_foreground_service_reaches_it(checkout: Checkout) -> None:
    service = checkout.begin("--continuous")
    wait_until(checkout.place.files.matches.exists)

    service.terminate()

    assert service.wait(WITHIN_S) == Exit.OK


@pytest.mark.parametrize("script", ["start.sh", "health_check.sh"])
def test_a_cdpath_leads_no_script_astray(checkout: Checkout, script: str) -> None:
    elsewhere = checkout.place.folder / "elsewhere" / checkout.folder.name
    elsewhere.mkdir(parents=True)
    checkout.place.set(CDPATH=elsewhere.parent)
    arguments = ["health"] if script == "start.sh" else []
    words = ["bash", f"{checkout.folder.name}/{script}", *arguments]

    finished = subprocess.run(
        words,
        cwd=checkout.folder.parent,
        env=checkout.place.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert finished.stdout == f"Pipeline is not running – data folder {checkout.place.files.folder}\n"


# --- the image


def image() -> list[tuple[str, str]]:
    """Return the instructions of the image, each with what it says."""
    text = (PROJECT / "deploy" / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, words) for name, _, words in (line.partition(" ") for line in lines)]


@pytest.fixture
def built(set_up_once: tuple[Path, str], place: Place) -> Path:
    """Run the instructions of the first stage; return the environment that it makes.

    It begins with the packages that the scripts have just installed from the same list, so that pip has
    nothing to load a second time.
    """
    stage, environment = place.folder / "src", place.folder / "opt"
    stage.mkdir()
    programs = place.folder / "programs"  # the image's Python is the tests'
    programs.mkdir()
    (programs / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    (programs / "python").chmod(0o755)
    path = {"PATH": f"{programs}:{os.environ['PATH']}"}
    made = (set_up_once[0] / ".venv").resolve()
    shutil.copytree(made, environment, symlinks=True)
    arguments = {}
    for name, words in image()[: [name for name, _ in image()].index("FROM", 1)]:
        if name == "COPY":
            *sources, target = words.split()
            for source in sources:
                if (PROJECT / source).is_dir():  # Docker copies what is in it
                    shutil.copytree(PROJECT / source, stage / target)
                else:
                    shutil.copy(PROJECT / source, stage / target)
        elif name == "ARG":
            argument, _, default = words.partition("=")
            arguments[argument] = default
        elif name == "RUN":
            command = words.replace("/opt/footy", str(environment))
            command = command.replace("-m venv", "-m venv --without-pip")  # pip is among those packages
            ran = subprocess.run(
                command,
                shell=True,
                cwd=stage,
                env=os.environ | arguments | path,
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )
            assert ran.returncode == 0, ran.stdout + ran.stderr
    return environment


def test_the_image_builds_and_its_command_is_healthy_as_long_as_it_runs(built: Path, place: Place) -> None:
    said = dict(image())
    data = place.folder / "data"
    place.environment["PATH"] = f"{built}/bin:{place.environment['PATH']}"
    del place.environment["PYTHONPATH"]
    place.set(FOOTY_MODE="demo", FOOTY_DATA_DIR=data)
    check = json.loads(said["HEALTHCHECK"].partition("CMD ")[2])
    before = place.run_program(*check)
    assert (before.returncode, before.stdout[:23]) == (Exit.UNHEALTHY, "Pipeline is not running"), before

    service = place.begin_program(*json.loads(said["ENTRYPOINT"]), *json.loads(said["CMD"]))
    files = Files(data / "demo")
    wait_until(lambda: service.poll() is not None or heartbeat(files, service.pid)["cycle"])
    assert service.poll() is None, service.communicate()[1]

    finished = place.run_program(*check)
    assert (finished.returncode, finished.stdout[:19]) == (Exit.OK, "Pipeline is running")
    program = psutil.Process(service.pid).cmdline()
    assert program[1] == f"{built}/bin/footy"
    installed = list(built.glob("lib/python*/site-packages/footy/cli/__init__.py"))
    assert len(installed) == 1, "a copy, not a link to the sources"
    service.terminate()
    assert service.wait(WITHIN_S) == Exit.OK
