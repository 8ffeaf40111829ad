"""`footy status --watch`: the figures of a running instance on a terminal, kept up to date."""

import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.style import Style
from rich.table import Table
from rich.text import Text

from footy.errors import Exit, FootyError
from footy.outputs.console.styles import FAINT, STRONG, WARNING
from footy.outputs.console.terminal_text import printable
from footy.outputs.record_values import duration_text
from footy.service import status
from footy.service.figures import CUT_OFF, KINDS, Figures, process_texts, read_figures
from footy.service.health import health
from footy.service.paths import Files
from footy.telemetry.attempts import OK

EVERY_S = 1.0
PANEL_CELLS = 39
"""Width of a panel: two of them fit on 80 columns, four on 160."""
WELL = Style(bold=True, color="green")
ILL = Style(bold=True, color="red")
PLAIN = Style()
LEVELS = {0.0: PLAIN, 1.0: WARNING, 2.0: ILL}
STEPS = {"live": "live list", "enrich": "enrichment"}
IN_A_PANEL = "Requests: "
"""Start of the line of `status` whose figures the panels have."""


class NoTerminalError(FootyError):
    """There is no terminal to keep up to date."""

    exit_code = Exit.USAGE


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a panel."""

    name: str
    value: str
    style: Style = PLAIN


def watch(files: Files, *, demo: bool) -> Exit:
    """Show the status until SIGINT or SIGTERM.

    Raises:
        NoTerminalError: Standard output is none.
    """
    console = Console(highlight=False)
    if not sys.stdout.isatty() or console.is_dumb_terminal:
        raise NoTerminalError("--watch needs a terminal; without it, status prints the same once.")
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    with Live(console=console, auto_refresh=False) as live:
        while True:
            live.update(screen(files, demo=demo, now=time.time(), width=console.width), refresh=True)
            if stopping.wait(EVERY_S):
                return Exit.OK


def screen(files: Files, *, demo: bool, now: float, width: int) -> RenderableType:
    """Return the screen: the lines of `status`, and below them the figures in panels."""
    judged = health(files, demo=demo, now=now)
    [first, *others] = status.lines(files, demo=demo, with_figures=False)[1]
    said = [Text(printable(first), WELL if judged.well else ILL), *(_line(other) for other in others)]
    figures = read_figures(files, judged, now)
    if figures is None:
        return Group(*said)
    said = [line for line in said if not line.plain.startswith(IN_A_PANEL)]
    drawn = [_panel(title, rows) for title, rows in panels(figures) if rows]
    across = max(1, min(len(drawn), (width + 1) // (PANEL_CELLS + 1)))
    process = [f"{name} {value}" for name, value in process_texts(figures)]
    footer = Text(" · ".join([*process, f"{duration_text(figures.age_s)} ago"]), FAINT)
    return Group(*said, _in_columns(drawn, across), footer)


def _line(text: str) -> Text:
    """Return a line of `status`, in the colour of a warning if it names something wrong."""
    wrong = text.startswith(("Problem:", "Indicator:", "Last cycle failed", "The account is also"))
    return Text(printable(text), WARNING if wrong else PLAIN)


def _panel(title: str, rows: Sequence[Row]) -> tuple[int, Panel]:
    """Return a panel and its height."""
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(overflow="ellipsis", no_wrap=True, ratio=1)
    table.add_column(justify="right", no_wrap=True)
    for row in rows:
        table.add_row(Text(row.name, FAINT), Text(row.value, row.style))
    panel = Panel(table, title=Text(title, STRONG), title_align="left", width=PANEL_CELLS, border_style=FAINT)
    return len(rows) + 2, panel


def _in_columns(panels: Sequence[tuple[int, Panel]], across: int) -> RenderableType:
    """Return the panels in columns of about the same height, in their order from the top."""
    columns: list[list[Panel]] = [[] for _ in range(across)]
    heights = [0] * across
    for height, panel in panels:
        lowest = heights.index(min(heights))
        columns[lowest].append(panel)
        heights[lowest] += height
    return Columns([Group(*column) for column in columns], padding=(0, 1, 0, 0))


def panels(figures: Figures) -> Iterator[tuple[str, list[Row]]]:
    """Yield the title and the rows of each panel; no rows if its figures are not known."""
    yield "Cycle", list(_cycle(figures))
    yield "Calls since the start", list(_calls(figures))
    yield "Data", list(_data(figures))
    matches = figures.by_label("footy_matches")
    yield "Matches", [Row(name, f"{count:.0f}") for name, count in matches.items() if count]
    limits = figures.by_label("footy_quota_limit")
    quotas = figures.by_label("footy_quota_left")
    yield (
        "Quota left",
        [
            Row(name, f"{left:.0f} of {limits.get(name, 0):.0f}", PLAIN if left else WARNING)
            for name, left in quotas.items()
        ],
    )


def _cycle(figures: Figures) -> Iterator[Row]:
    took, level = figures.by_label("footy_cycle_seconds"), figures.by_label("footy_indicator_level")
    interval = figures.one("footy_interval_seconds") or 0
    for step, name, indicator in (("total", "total", "cycle"), ("sleep", "sleep", "sleep")):
        if step in took:
            yield Row(name, f"{took[step]:.2f} s of {interval:g} s", LEVELS[level.get(indicator, 0)])
    for step, name in STEPS.items():
        if step in took:
            style = LEVELS[level.get("enrich", 0)] if step == "enrich" else PLAIN
            yield Row(name, f"{took[step]:.2f} s", style)
    for outcome, count in figures.by_label("footy_cycles_total").items():
        if outcome == OK or count:
            yield Row("succeeded" if outcome == OK else outcome.replace("_", " "), f"{count:.0f}")


def _data(figures: Figures) -> Iterator[Row]:
    for kind, age in figures.ages_s().items():
        yield Row(f"age of {KINDS[kind]}", duration_text(age))
    degraded = figures.by_label("footy_degraded")
    in_play = figures.one("footy_matches_in_play") or 0
    lacking = figures.by_label("footy_matches_lacking")
    for kind, count in lacking.items():
        if count:
            style = ILL if degraded.get(kind) else WARNING
            yield Row(f"{KINDS[kind]} lacking", f"{count:.0f} of {in_play:.0f} in play", style)
    if lacking and not any(lacking.values()):
        yield Row("lacking", "nothing")
    if waiting := figures.one("footy_archive_waiting"):
        yield Row("waiting for all their odds", f"{waiting:.0f} matches")
    for sink, lag in figures.by_label("footy_sink_lag_events").items():
        if lag:
            yield Row(f"{sink} behind", f"{lag:.0f} events", WARNING)
    for feed, trusted in figures.by_label("footy_feed_trusted").items():
        if not trusted:
            yield Row(f"feed of {feed}", "not trusted", WARNING)


def _calls(figures: Figures) -> Iterator[Row]:
    for endpoint, outcomes in sorted(figures.calls().items()):
        failed = outcomes.total() - outcomes[OK] - outcomes[CUT_OFF]
        text = f"{outcomes.total()}, {failed} failed" if failed else f"{outcomes.total()}"
        yield Row(endpoint, text, WARNING if failed else PLAIN)
    rate, level = figures.one("footy_error_ratio"), figures.one("footy_indicator_level", "errors")
    if rate is not None:
        yield Row("error rate", f"{rate:.1%}", LEVELS[level or 0])
