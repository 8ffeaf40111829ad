"""The report of a benchmark: tables on the screen, a picture, and a section of docs/performance.md."""

import argparse
import datetime as dt
import shlex
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table as ScreenTable

from benchmarks import machine

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = "performance.md"
HEAD = """# Performance

Each section is written by the command that it names; nothing here is edited by hand. The vendor of every
benchmark is footy's simulator in its own process on the loopback interface. The peers of `cycle` come with
`pip install -r requirements-bench.txt`.
"""
HEADS = {PAGE: HEAD}
ORDER = (
    *("cycle", "quota", "freshness", "push", "flatten", "events", "archive", "export", "store"),
    *("failover", "alerts", "web", "memory", "soak"),
)


@dataclass(frozen=True, slots=True)
class Table:
    """A table: the first column is text, the others are figures."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Check:
    """One promised figure."""

    words: str
    limit: str
    measured: str
    holds: bool


@dataclass(slots=True)
class Report:
    """The results of one benchmark."""

    name: str
    title: str
    intro: str
    tables: list[Table] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    picture: str = ""
    """An SVG image."""
    caption: str = ""
    published: bool = True
    """Whether it becomes a section of the documentation by default."""
    page: str = PAGE
    """The page that it is a section of."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that every benchmark has."""
    parser.add_argument(
        "--quick", action="store_true", help="tiny figures, to see that it runs; not published"
    )
    parser.add_argument(
        "--docs",
        type=Path,
        help="folder to write the picture and the section into (default: docs, nothing with --quick)",
    )


def publish(report: Report, options: argparse.Namespace, argv: Sequence[str]) -> int:
    """Print a report and write it into the documentation; return the exit code, 1 if a promise is broken."""
    console = Console()
    for table in [*report.tables, *_check_tables(report)]:
        console.print(_on_screen(table))
    for note in report.notes:
        console.print("• " + " ".join(note.split()), highlight=False)
    folder: Path | None = options.docs or (None if options.quick or not report.published else DOCS)
    if folder is not None:
        write(report, folder, command(report.name, argv))
        picture = f", {folder / 'performance' / report.name}.svg" if report.picture else ""
        console.print(f"Written: {folder / report.page}{picture}", soft_wrap=True)
    return 0 if options.quick or all(check.holds for check in report.checks) else 1


def steady(what: str, values: Sequence[int]) -> Check:
    """Check that a resource does not grow: the last third must reach no new maximum."""
    third = max(1, len(values) // 3)
    before, after = max(values[:-third]), max(values[-third:])
    return Check(f"{what} in the last third", f"≤ {before}, as before", str(after), after <= before)


def command(name: str, argv: Sequence[str]) -> str:
    """Return the command that repeats the measurement, without its output folder."""
    parts = list(argv)
    while "--docs" in parts:
        place = parts.index("--docs")
        del parts[place : place + 2]
    return shlex.join(
        ["python", "-m", "benchmarks", name, *(one for one in parts if not one.startswith("--docs="))]
    )


def write(report: Report, folder: Path, command_line: str) -> None:
    """Write the picture, and replace the section of the page."""
    folder.mkdir(parents=True, exist_ok=True)
    if report.picture:
        pictures = folder / "performance"
        pictures.mkdir(exist_ok=True)
        (pictures / f"{report.name}.svg").write_text(report.picture, encoding="utf-8")
    page = folder / report.page
    text = page.read_text(encoding="utf-8") if page.exists() else HEADS.get(report.page, "")
    page.write_text(_with_section(text, report.name, _section(report, command_line)), encoding="utf-8")


def section_of(page: Path, name: str) -> str:
    """Return the section of a benchmark as it is in a page, empty if there is none."""
    start, end = _markers(name)
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    _, found, rest = text.partition(start)
    return found + rest.partition(end)[0] + end if found else ""


def _with_section(text: str, name: str, section: str) -> str:
    """Replace a section; insert a new one in the order of names."""
    start, end = _markers(name)
    before, found, rest = text.partition(start)
    if found:
        return before + section + rest.partition(end)[2]
    later = ORDER[ORDER.index(name) + 1 :] if name in ORDER else ()
    places = [text.index(marker) for other in later if (marker := _markers(other)[0]) in text]
    place = min(places, default=len(text))
    return f"{text[:place].rstrip()}\n\n{section}\n\n{text[place:]}".rstrip() + "\n"


def _markers(name: str) -> tuple[str, str]:
    return f"<!-- benchmark {name}: written by its command -->", f"<!-- end of benchmark {name} -->"


def _section(report: Report, command_line: str) -> str:
    start, end = _markers(report.name)
    day = dt.datetime.now(dt.UTC).date().isoformat()
    measured = f"Measured {day} by `{command_line}` on {machine.description()}."
    parts = [start, f"## {report.title}", _wrapped(report.intro), _wrapped(measured)]
    for table in [*report.tables, *_check_tables(report)]:
        parts += [f"**{table.title}**", _markdown(table)]
    if report.picture:
        parts.append(f"![{report.caption}](performance/{report.name}.svg)")
    if report.notes:
        parts.append("\n".join(_wrapped(f"* {note}", indent="  ") for note in report.notes))
    return "\n\n".join([*parts, end])


def _wrapped(words: str, indent: str = "") -> str:
    return textwrap.fill(
        " ".join(words.split()), 110, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


def _check_tables(report: Report) -> list[Table]:
    if not report.checks:
        return []
    rows = [(one.words, one.limit, one.measured, "yes" if one.holds else "**no**") for one in report.checks]
    return [Table("What is promised", ("", "promised", "measured", "holds"), rows)]


def _markdown(table: Table) -> str:
    lines = [_line(table.columns), _line(["---"] + ["---:"] * (len(table.columns) - 1))]
    return "\n".join([*lines, *(_line(row) for row in table.rows)])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _on_screen(table: Table) -> ScreenTable:
    drawn = ScreenTable(title=table.title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for number, column in enumerate(table.columns):
        drawn.add_column(column, justify="right" if number else "left", no_wrap=number > 0)
    for row in table.rows:
        drawn.add_row(*(cell.replace("**", "") for cell in row))
    return drawn
