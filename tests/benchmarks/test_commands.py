"""Each benchmark runs and writes its page; what it measures is for a quiet machine to say."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as command
from benchmarks import cycle, report
from tests.support import warm
from tests.support.place import Finished, finished
from tests.support.postgres import need_postgres

PROJECT = Path(__file__).parents[2]
QUICK = {
    "cycle": ["--no-peers"],
    "quota": [],
    "freshness": [],
    "flatten": [],
    "events": [],
    "archive": [],
    "web": ["--no-page"],
    "alerts": [],
    "failover": [],
    "memory": [],
    "soak": [],
    "push": [],
    "store": [],
}


def run(*words: str) -> Finished:
    """Run benchmarks in a process that has imported footy already, where there can be one."""
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    python_words = ["-m", "benchmarks", *words]
    started = warm.begin(python_words, PROJECT, environment) or subprocess.Popen(
        [sys.executable, *python_words],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return finished(started)


@pytest.mark.parametrize("name", QUICK)
def test_a_quick_run_prints_its_table_and_writes_its_picture_and_section(name: str, tmp_path: Path) -> None:
    if name == "store":
        need_postgres()
    ended = run(name, "--quick", f"--docs={tmp_path}", *QUICK[name])
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "─" in ended.stdout
    page = (tmp_path / report.PAGE).read_text()
    assert f"`python -m benchmarks {' '.join([name, '--quick', *QUICK[name]])}`" in page
    assert str(tmp_path) not in page
    assert f"](performance/{name}.svg)" in page
    assert (tmp_path / "performance" / f"{name}.svg").read_text().startswith("<svg ")


def test_a_quick_evening_prints_its_events_and_becomes_a_section_of_the_reliability_page(
    tmp_path: Path,
) -> None:
    ended = run("evening", "--quick", f"--docs={tmp_path}")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    section = report.section_of(tmp_path / "reliability.md", "evening")
    assert "| goal |" in section
    assert "| 0 | 0 | yes |" in section
    assert section in (tmp_path / "reliability.md").read_text()


def test_a_quick_export_becomes_a_section(tmp_path: Path) -> None:
    ended = run("export", "--quick", f"--docs={tmp_path}")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    section = report.section_of(tmp_path / report.PAGE, "export")
    assert "| odds |" in section
    assert "| bytes a row | ≤ 4 B |" in section


def test_a_quick_comparison_of_a_commit_with_itself_prints_ratios_and_writes_nothing() -> None:
    before = {page: page.read_bytes() for page in (PROJECT / "docs").glob("*.md")}
    ended = run("compare", "HEAD", "--quick")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "cold: calls" in ended.stdout
    assert "delta: CPU" in ended.stdout
    assert {page: page.read_bytes() for page in (PROJECT / "docs").glob("*.md")} == before


def test_a_comparison_with_no_commit_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["compare", "nonsense"]) == 64
    assert capsys.readouterr().err == "nonsense is not a commit of this repository.\n"


def test_an_unknown_name_shows_the_names_and_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["nonsense"]) == 64
    assert command.main(["--help"]) == 0
    assert "freshness" in capsys.readouterr().out


def test_peers_that_are_not_installed_are_named_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cycle, "PEER_PACKAGES", ("aiohttp_that_nobody_has",))
    assert command.main(["cycle", "--quick", f"--docs={tmp_path}"]) == 69
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.splitlines() == [
        "The peers need aiohttp_that_nobody_has: pip install -r requirements-bench.txt, or give --no-peers."
    ]
    assert list(tmp_path.iterdir()) == []
