"""Documentation as tests: what exists is documented, what is documented exists, and what it shows is true."""

import argparse
import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import annotated_types
import pytest
from pydantic.fields import FieldInfo

from benchmarks import report
from footy.cli.arguments import build_parser
from footy.errors import Exit
from footy.events.types import Alert
from footy.history.sqlite_log import opened_for_reading
from footy.lease.keeper import Standing
from footy.record import Heartbeat, Meta, field_names
from footy.service.app import running_app
from footy.service.archivist import Archivist
from footy.service.instance_metrics import CycleFigures, instance_collector, sinks_source
from footy.service.leadership import lease_metrics
from footy.service.paths import Files
from footy.service.push_feed import push_feed
from footy.settings import SIMULATOR_VARIABLE, Mode, Settings, load, secret_files
from footy.telemetry.logs import LOG_NAME
from footy.thesports.client import Client
from footy.web.openapi import ROUTES, Route
from tests.alerts.matches import Matches
from tests.support.cycle_ends import cycle_end
from tests.support.place import SECRET, Place, heartbeat, wait_until
from tests.support.simulators import start
from thesports_simulator.faults import CATALOGUE

PROJECT = Path(__file__).parents[1]
README = PROJECT / "README.md"
OPERATIONS = PROJECT / "docs" / "operations.md"
CONFIGURATION = PROJECT / "docs" / "configuration.md"
ARCHITECTURE = PROJECT / "docs" / "architecture.md"
RECORD = PROJECT / "docs" / "record.md"
PERFORMANCE = PROJECT / "docs" / "performance.md"
RELIABILITY = PROJECT / "docs" / "reliability.md"
API = PROJECT / "docs" / "api.md"
SIMULATOR = PROJECT / "docs" / "simulator.md"
PAGES = sorted([*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("*.md")])

SETTINGS = {str(field.alias): field for field in Settings.model_fields.values()}
TAKES = {
    "THESPORTS_USER": "text",
    "THESPORTS_SECRET": "text",
    "FOOTY_BASE_URL": "an http or https address, without a query",
    "FOOTY_PROXY": "an address",
    "FOOTY_PUSH_URL": "a `wss:` address, on this machine also `ws:`",
    "FOOTY_CA_BUNDLE": "a path",
    "FOOTY_DATA_DIR": "a path",
    "FOOTY_ALERTS": "a path",
    "FOOTY_MQTT": "an address",
    "FOOTY_MQTT_USER": "text",
    "FOOTY_MQTT_PASSWORD": "text",
    "FOOTY_RATE_LIMITS": "`off`, or pairs separated by commas",
    "FOOTY_FALLBACK": "`stale`, `stale,mock`",
    "FOOTY_STATUSES": "whole numbers separated by commas",
    "FOOTY_COMPETITIONS": "names or ids separated by commas",
    "FOOTY_COUNTRIES": "names or ids separated by commas",
    "FOOTY_TIMEZONE": "a time zone's name",
    "FOOTY_HTTP_HOST": "an IP address of this machine, or `localhost`",
    "FOOTY_HTTP_HOSTS": "host names separated by commas",
    "FOOTY_HTTP_TOKEN": "text",
    "FOOTY_STORE": "a `postgresql://` address",
    "FOOTY_LEASE": "lower-case letters, digits and `_`",
    "PGPASSFILE": "a path",
    "FOOTY_BOOKMAKERS": "whole numbers separated by commas",
    "FOOTY_EARLY_WINDOW": "two minutes, such as `2-6`",
    "FOOTY_SOURCE": "a URI",
    "FOOTY_HISTORY_SIZE": "a size from 10 MB up, such as `500 MB` or `4 GB`",
}
"""What a setting takes, where its type does not say it."""


def read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def default(name: str, field: FieldInfo) -> str:
    """Write a setting's default as the operator would."""
    value = field.default
    if value is None or value in ({}, ()):
        return ""
    if name == "FOOTY_EARLY_WINDOW":
        return "-".join(map(str, value))
    if name == "FOOTY_HISTORY_SIZE":
        return f"{value // 10**9} GB"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value.value if isinstance(value, Enum) else value)


def takes(name: str, field: FieldInfo) -> str:
    """Say what a setting takes."""
    if name in TAKES:
        return TAKES[name]
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(field.annotation))
    if isinstance(field.annotation, type) and issubclass(field.annotation, Enum):
        return ", ".join(f"`{word.value}`" for word in field.annotation)
    words = "a whole number" if field.annotation is int else "a number"
    for bound in field.metadata:
        match bound:
            case annotated_types.Ge(ge=least):
                words += f" from {least}"
            case annotated_types.Gt(gt=least):
                words += f" above {least}"
            case annotated_types.Le(le=most):
                words += f" up to {most}"
            case annotated_types.Lt(lt=most):
                words += f" and below {most}"
    return words


def setting_row(name: str) -> str:
    """Write a setting's row of the tables in docs/configuration.md."""
    field = SETTINGS[name]
    shown = f"`{default(name, field)}`" if default(name, field) else ""
    return f"| `{name}` | {shown} | {takes(name, field)} | {field.description} |"


def example_lines(name: str) -> str:
    """Write a setting's lines of .env.example."""
    field = SETTINGS[name]
    return f"# {str(field.description).replace('`', '')}\n#{name}={default(name, field)}\n"


def commands() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Give every command's name ('' for footy itself) and its parser."""
    parser = build_parser()
    yield "", parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def flags(parser: argparse.ArgumentParser) -> set[str]:
    return {flag for action in parser._actions for flag in action.option_strings if flag.startswith("--")}


def fenced(page: Path, language: str) -> list[str]:
    """Give the blocks of code in this language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", read(page), re.MULTILINE | re.DOTALL)


def section(page: Path, title: str) -> str:
    """Give a section's text, up to the next heading of any level."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", read(page), re.MULTILINE | re.DOTALL)
    assert found, f"{page.name} has no section {title}"
    return found[1]


def first_column(table: str) -> list[str]:
    """Give the code spans in the first column of a Markdown table."""
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row.split(" | ")[0])]


# --- settings


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_is_in_the_configuration_page_with_its_default_and_meaning(name: str) -> None:
    assert setting_row(name) in read(CONFIGURATION).splitlines()


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_is_in_the_example_commented_out_with_its_default_and_meaning(name: str) -> None:
    assert example_lines(name) in read(PROJECT / ".env.example")


@pytest.mark.parametrize(("variable", "name"), secret_files().items())
def test_the_file_of_a_secret_is_in_the_configuration_page_and_the_example(variable: str, name: str) -> None:
    row = f"| `{variable}` |  | a path | A file that holds `{name}` and nothing else, instead of it. |"
    assert row in read(CONFIGURATION).splitlines()
    example = f"# A file that holds {name} and nothing else, instead of it.\n#{variable}=\n"
    assert example in read(PROJECT / ".env.example")


@pytest.mark.parametrize("page", [*PAGES, PROJECT / ".env.example"], ids=lambda page: page.name)
def test_a_setting_that_is_documented_exists(page: Path) -> None:
    named = set(re.findall(r"\b(?:FOOTY|THESPORTS)_[A-Z_]*[A-Z]\b", read(page)))

    assert named <= {*SETTINGS, *secret_files(), SIMULATOR_VARIABLE}


def test_the_example_changes_nothing_as_it_is() -> None:
    lines = read(PROJECT / ".env.example").splitlines()

    assert [line for line in lines if line and not line.startswith("#")] == []


def test_every_default_in_the_example_is_a_value_that_means_the_default(tmp_path: Path) -> None:
    lines = re.sub(r"^#(?=[A-Z_]+=)", "", read(PROJECT / ".env.example"), flags=re.MULTILINE)
    (tmp_path / ".env").write_text(lines, encoding="utf-8")

    loaded = load(environ={}, env_file=tmp_path / ".env")

    assert loaded.settings == Settings()
    assert loaded.warnings == ()


# --- the command line


def test_every_command_and_flag_of_footy_is_in_the_operations_page() -> None:
    table = section(OPERATIONS, "Commands and flags")
    documented = {word for span in re.findall(r"`([^`]+)`", table) for word in span.split()}

    assert flags(build_parser()) | {name for name, _ in commands() if name} <= documented


def test_every_option_of_the_simulator_is_in_its_page() -> None:
    [options] = [flags(parser) for name, parser in commands() if name == "simulate"]

    assert [option for option in options - {"--help"} if f"`{option}`" not in read(SIMULATOR)] == []


def test_what_becomes_of_every_fault_is_in_the_reliability_page() -> None:
    rows = [line.split("|") for line in read(RELIABILITY).splitlines() if line.startswith("| `")]
    assert [row[1].strip(" `") for row in rows] == list(CATALOGUE), "run: python -m benchmarks reliability"
    assert {row[3].split("(")[0].strip() for row in rows} == {"0"}, "wrong values"


def test_every_benchmark_has_its_section_in_the_performance_page() -> None:
    measured = re.compile(r"^Measured [\d-]+ by `python -m benchmarks (\w+)", re.MULTILINE)
    sections = measured.findall(read(PERFORMANCE))
    assert tuple(sections) == report.ORDER, "run: python -m benchmarks NAME"


def test_every_command_and_flag_has_help() -> None:
    helpless = [
        f"{name} {action.dest}"
        for name, parser in commands()
        for action in parser._actions
        if not action.help and not isinstance(action, argparse._SubParsersAction)
    ]

    assert helpless == []


def test_a_flag_that_is_documented_exists() -> None:
    ours = set().union(*(flags(parser) for _, parser in commands()))
    others = {"--env-file", "--no-cache-dir", "--no-deps", "--system", "--home-dir", "--shell", "--interval"}
    others |= {"--start-period", "--name", "--restart", "--rm", "--now", "--build", "--from", "--mode"}
    others |= {"--no-create-home", "--timeout", "--uid"}
    documented = {
        flag
        for page in (README, OPERATIONS, CONFIGURATION, ARCHITECTURE)
        for flag in re.findall(r"(?<![\w-])--[a-z][a-z-]+", read(page))
    }

    assert documented - others <= ours


def test_the_help_of_start_sh_names_what_it_takes() -> None:
    script = read(PROJECT / "start.sh")
    words = script.split("<<'HELP'")[1].split("\nHELP")[0]
    taken = set(re.findall(r"^    ([a-z| ]+)\) command=", script, re.MULTILINE)[0].split(" | "))

    assert taken - {"start"} | {"help"} == set(re.findall(r"bash start\.sh ([a-z]+)", words))
    assert taken <= {name for name, _ in commands()}


@pytest.mark.parametrize("page", [README, OPERATIONS, CONFIGURATION], ids=lambda page: page.name)
def test_what_is_shown_of_start_sh_and_footy_is_a_command_line_that_they_take(page: Path) -> None:
    script = set(re.findall(r"bash start\.sh ?([a-z]*)", read(PROJECT / "start.sh")))
    for line in re.findall(r"(?:bash (?:\S*/)?start\.sh|python -m footy)(?= |$|`)[^`|\n#>&;)]*", read(page)):
        program, words = line.split("start.sh" if "start.sh" in line else "-m footy", 1)
        arguments = shlex.split(words)
        if arguments in (["COMMAND"], ["--version"]):
            continue
        if "bash" in program and arguments and not arguments[0].startswith("-"):
            assert arguments[0] in script, line
        if arguments != ["help"]:
            build_parser().parse_args(arguments)


# --- the API


def test_every_route_is_in_the_page_of_the_api_and_none_that_is_not() -> None:
    assert set(first_column(section(API, "Routes"))) == {route.path for route in ROUTES}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_every_parameter_of_a_route_is_documented(route: Route) -> None:
    [row] = [line for line in section(API, "Routes").splitlines() if line.startswith(f"| `{route.path}` ")]
    assert [one.name for one in route.parameters if one.where == "query" and f"{one.name}=" not in row] == []


# --- exit codes, files, fields, log lines


def test_exit_codes_are_those_of_the_program() -> None:
    table = section(OPERATIONS, "Exit codes")

    assert first_column(table) == [str(code.value) for code in Exit]


def test_files_of_the_data_folder_are_those_of_the_program() -> None:
    folder = Path("data")
    files = Files(folder)
    ours = {path.name for path in vars(files).values()} - {folder.name}
    others = {"footy_YYYY-MM-DD.log", "footy_YYYY-MM-DD.2.log", "cache.sqlite-wal", "cache.sqlite-shm"}
    others |= {"catalogue.sqlite-wal", "catalogue.sqlite-shm", "cache.sqlite.corrupt-…", "demo/"}
    others |= {"sent.db-wal", "sent.db-shm", "sent.db.broken-…"}
    others |= {"footy.db-wal", "footy.db-shm", "footy.db.v…", "footy.db.broken-…", "events/YYYY-MM-DD.jsonl"}

    assert set(first_column(section(OPERATIONS, "The data folder"))) == ours | others
    assert files.log.name == LOG_NAME


@pytest.mark.parametrize("name", field_names(Heartbeat))
def test_a_field_of_the_heartbeat_is_documented(name: str) -> None:
    assert f"`{name}`" in section(OPERATIONS, "heartbeat.json")


@pytest.mark.parametrize("name", field_names(Meta))
def test_what_a_snapshot_says_of_itself_is_documented(name: str) -> None:
    assert f"`{name}`" in read(RECORD)


def test_a_metric_is_documented_with_its_labels(tmp_path: Path) -> None:
    rows = [line.split("|") for line in section(OPERATIONS, "Metrics").splitlines() if line.startswith("| `")]
    documented = {row[1].strip(" `"): re.findall(r"`(\w+)`", row[2]) for row in rows}
    settings, figures = load(environ={}, env_file=Path("absent")).settings, CycleFigures(60)
    figures.note(cycle_end())
    with running_app(settings, Mode.LIVE, Files(tmp_path)) as app:
        push = push_feed(settings.model_copy(update={"push": "on"}), Mode.LIVE)
        assert push is not None
        archivist = Archivist(Client(app.transport), lambda: opened_for_reading(tmp_path / "footy.db"))
        more = [
            lambda: lease_metrics(Standing()),
            push.metrics,
            archivist.metrics,
            sinks_source((), lambda: None),
        ]
        families = list(instance_collector(app, figures, Files(tmp_path), "live", more).collect())
        archivist.close()

    names = {one.name + ("_total" if one.type == "counter" else ""): one for one in families}
    exported = {name: list(one._labelnames) for name, one in names.items()}  # type: ignore[attr-defined]
    assert documented == exported


def test_every_alert_is_documented_with_what_to_do() -> None:
    rules = re.findall(r"- alert: (\w+)", read(PROJECT / "deploy" / "prometheus" / "alerts.yml"))

    assert first_column(section(OPERATIONS, "Alerts")) == rules


def test_a_log_line_that_is_documented_is_logged() -> None:
    sources = "\n".join(read(path) for path in (PROJECT / "footy").rglob("*.py"))
    sources = re.sub(r"%[sd]|%\.2f|\{[^}\n]*\}", "…", sources)
    lines = first_column(section(OPERATIONS, "The log"))

    assert len(lines) > 10
    for line in lines:
        pieces = [piece.strip() for piece in re.split(r"…|: |\d+\.\d+s", line) if len(piece) > 2]
        assert pieces, line
        assert [piece for piece in pieces if piece not in sources] == [], line


@pytest.mark.parametrize(
    ("figure", "normal", "setting", "to_warning", "to_critical"),
    [
        ("total cycle time", "up to 10 s", "CYCLE", "above", "above"),
        ("enrichment time", "up to 5 s", "ENRICH", "above", "above"),
        ("sleep time", "from 50 s", "SLEEP", "below", "below"),
        ("API error rate", "below 1%", "ERRORS", "from", "above"),
    ],
)
def test_an_indicator_is_documented_with_its_limits_and_their_settings(
    figure: str, normal: str, setting: str, to_warning: str, to_critical: str
) -> None:
    names = [f"FOOTY_{setting}_{level}" for level in ("WARNING", "CRITICAL")]
    shares = [float(SETTINGS[name].default) for name in names]
    warning, critical = (f"{one:.0%}" if setting == "ERRORS" else f"{one * 60:.0f} s" for one in shares)

    row = [figure, normal, f"{to_warning} {warning}", f"{to_critical} {critical}"]
    assert f"| {' | '.join(row)} | `{names[0]}`, `{names[1]}` |" in section(OPERATIONS, "What is normal")


def test_every_threshold_belongs_to_an_indicator_that_is_documented() -> None:
    thresholds = {name for name in SETTINGS if name.endswith(("_WARNING", "_CRITICAL"))}

    assert set(re.findall(r"FOOTY_\w+", section(OPERATIONS, "What is normal"))) == thresholds


def test_the_questions_to_the_log_find_their_lines(tmp_path: Path) -> None:
    """Ask a real log, of a service that met every trouble that a question is about."""
    table = section(OPERATIONS, "Troubleshooting")
    questions = [
        line[3:].partition("` | ")[0].replace("\\|", "|")
        for line in table.splitlines()
        if line[:6] == "| `gre"
    ]
    with (
        start(matches=4, odds="light", secret=SECRET, faults=["http500@match/detail_live"]) as vendor,
        Place(tmp_path, FOOTY_INTERVAL=2, FOOTY_BACKOFF=0) as place,
    ):
        place.ask(vendor)
        service = place.begin_service()
        troubles = (
            "http429x1@odds/history",
            "err_urlx1@team/additional/list",
            "wrong_typex1@match/recent/list",
        )
        vendor.control.set_faults(*troubles)
        wait_until(lambda: heartbeat(place.files)["last_success_at"])
        service.terminate()
        service.wait()
        unanswered = [one for one in questions if place.run_program("bash", "-c", one).stdout.strip() == ""]

    assert len(questions) == 10
    assert unanswered == [], place.files.log.read_text()


# --- the architecture, links, recipes


@pytest.mark.parametrize(
    "room", sorted(path.parent.name for path in (PROJECT / "footy").glob("*/__init__.py"))
)
def test_a_room_is_in_the_architecture_page(room: str) -> None:
    assert f"`footy/{room}/`" in read(ARCHITECTURE)


@pytest.mark.parametrize(
    "folder",
    sorted({path.parent for path in (PROJECT / "footy").rglob("*.py")}),
    ids=lambda folder: folder.name,
)
def test_every_module_is_in_the_row_of_its_package(folder: Path) -> None:
    table = section(ARCHITECTURE, "The packages")
    if folder == PROJECT / "footy":
        named, modules = table, [f"`footy/{path.name}`" for path in folder.glob("*.py")]
    else:
        start = f"| `{folder.relative_to(PROJECT).as_posix()}/` |"
        [named] = [line for line in table.splitlines() if line.startswith(start)]
        modules = [f"`{path.stem}`" for path in folder.glob("*.py")]
    modules = [module for module in modules if "__init__" not in module]

    assert [module for module in modules if module not in named] == []


def test_a_module_that_is_documented_exists() -> None:
    named = set(re.findall(r"`(footy/[\w/]+(?:\.py|/)?)`", read(ARCHITECTURE)))

    assert [name for name in named if not (PROJECT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", read(page), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        headings = re.findall(r"^#+ (.*)$", read(target), re.MULTILINE) if anchor else []
        assert not anchor or anchor in map(_anchor, headings), link


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def test_the_systemd_unit_runs_footy_itself_and_does_not_restart_what_cannot_run() -> None:
    [unit] = fenced(OPERATIONS, "ini")
    parsed = configparser.ConfigParser(interpolation=None, strict=False)
    parsed.optionxform = str  # type: ignore[assignment,method-assign]
    parsed.read_string(unit)

    assert unit == read(PROJECT / "deploy" / "footy.service")
    assert parsed["Service"]["ExecStart"].endswith("/.venv/bin/python -m footy")
    never = {int(code) for code in parsed["Service"]["RestartPreventExitStatus"].split()}
    assert never == {Exit.USAGE, Exit.LOCKED, Exit.CONFIG}


def test_the_image_is_built_from_what_is_there() -> None:
    [recipe] = fenced(OPERATIONS, "dockerfile")
    lines = [line for line in recipe.splitlines() if line.startswith("COPY") and "--from" not in line]
    copied = [line.split()[1:-1] for line in lines]

    assert recipe == read(PROJECT / "deploy" / "Dockerfile")
    assert copied
    assert [name for names in copied for name in names if not (PROJECT / name).exists()] == []


def test_a_container_is_judged_by_its_cycles_alone() -> None:
    [recipe] = fenced(OPERATIONS, "dockerfile")
    [command] = re.findall(r"^HEALTHCHECK .*CMD (\[.*\])$", recipe, re.MULTILINE)

    program, *arguments = json.loads(command)
    parsed = build_parser().parse_args(arguments)

    assert (program, parsed.command, parsed.cycles) == ("footy", "health", True)


# --- the README


def test_the_readme_names_the_two_commands() -> None:
    [setting_up, *_] = fenced(README, "bash")

    assert setting_up.split("\n")[:2] == ["bash start.sh --once", "bash tests/run.sh"]
    assert (PROJECT / "tests" / "run.sh").is_file()


def test_the_session_in_the_readme_is_what_the_program_shows(tmp_path: Path) -> None:
    [session] = fenced(README, "console")
    shown = session.split("\n")
    assert shown[0] == "$ bash start.sh --once"
    ran = _output(tmp_path, "--once")
    real = [*ran.stderr.splitlines(), *ran.stdout.splitlines()]
    assert shown[1].removeprefix("footy: setting up .venv") in read(PROJECT / "scripts" / "environment.sh")

    for line in filter(None, shown[2:-2]):
        assert any(_shape(line) == _shape(actual) for actual in real), line


def _shape(line: str) -> str:
    """Give a line without what differs from time to time: names, numbers, prices."""
    if line.startswith("footy: demo:"):
        return line.partition("/")[0]
    if line.startswith("• "):
        return "match"
    line = re.sub(r"─{2,}.*?─{2,}|^──.*", "country", line)
    line = re.sub(r"^ {2}(ML|Spread|O/U|Corners) .*", r"\1", line)
    line = re.sub(r"^ {2,}.*(°|Wind|No environment|No betting).*", "weather", line)
    line = re.sub(r"^ {2}kick-off .*", "statistics", line)
    line = re.sub(r"^ {2}([A-Z][a-z -]+ \d+( · )?)+$", "statuses", line)
    line = re.sub(r"^[A-Z][^a-z]+ \(\d+\)$", "competition", line)
    line = re.sub(r"(footy · )\w{3} \S+ \S+ \w+( · cycle) \d+ · [\d.]+ s", r"\1\2", line)
    return re.sub(r"(\d+ from the live list · ).*", r"\1", re.sub(r"\d+", "0", line))


def test_reading_the_snapshot_works_as_the_readme_says(tmp_path: Path) -> None:
    _output(tmp_path, "--once")
    snapshot = json.loads((tmp_path / "var" / "demo" / "matches.json").read_bytes())
    [reading] = fenced(README, "python")
    [filtering] = [block for block in fenced(README, "bash") if "jq " in block]
    ways = [[sys.executable, "-c", reading], *([["bash", "-c", filtering]] if shutil.which("jq") else [])]

    for way in ways:
        said = subprocess.run(way, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=30)

        assert len(said.stdout.splitlines()) == snapshot["meta"]["counts"]["in_play"]


def test_the_rule_of_the_readme_fires_once_for_each_match(tmp_path: Path) -> None:
    [rules] = fenced(README, "toml")
    fires = {"status_id": 3, "home_score": 0, "away_score": 0, "early_over_under_line": 3.0}
    cases: list[dict[str, Any]] = [
        fires,
        {**fires, "early_over_under_line": 2.75},
        {**fires, "early_over_under_line": None},
        {**fires, "away_score": 1},
        {**fires, "status_id": 2},
    ]

    said = []
    for number, fields in enumerate(cases):
        matches = Matches(tmp_path / f"{number}.toml", rules)
        events = [*matches.see(**fields), *matches.see(**fields)]
        said.append([one.data.text for one in events if isinstance(one.data, Alert)])

    assert said == [["Town – City: half-time, 0–0, early line 3"], [], [], [], []]


def _output(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment: dict[str, Any] = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("FOOTY_", "THESPORTS_", "COLUMNS"))
    }
    return subprocess.run(
        [sys.executable, "-m", "footy", *arguments],
        cwd=folder,
        env=environment | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
