"""One match as a page: now, with its prices and statistics, and what happened in it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console, RenderResult
from rich.console import ConsoleOptions as RichOptions
from rich.text import Text

from footy.events.envelope import Envelope
from footy.outputs.console.match_rows import headline, statistics, weather
from footy.outputs.console.options import ConsoleOptions
from footy.outputs.console.price_rows import PriceTable, price_rows
from footy.outputs.console.quality_notes import match_notes
from footy.outputs.console.styles import CLOCK, COUNTRY, FAINT, SCORE, STRONG, WARNING
from footy.outputs.console.terminal_text import INDENT, Glyphs, flow, rule
from footy.outputs.console.timeline import LONGEST_NAME, SMALLEST_WIDTH, Timeline
from footy.outputs.record_values import age_text
from footy.record import MatchRecord

OLD_S = 180.0
"""Age in seconds from which on a snapshot is no picture of now."""
BAR_CELLS = 20
_VALUE_CELLS = 5
_STATISTICS = (
    ("possession, %", "possession"),
    ("shots on target", "shots_on_target"),
    ("shots off target", "shots_off_target"),
    ("attacks", "attacks"),
    ("dangerous attacks", "dangerous_attacks"),
    ("corners", "corners"),
    ("penalties", "penalties"),
    ("yellow cards", "yellow_cards"),
    ("red cards", "red_cards"),
)
_LABEL_CELLS = max(len(label) for label, _ in _STATISTICS)


@dataclass(frozen=True, slots=True)
class PastMatch:
    """A match that is not listed now, as the log of events has it."""

    match_id: str
    home: str | None = None
    away: str | None = None
    competition: str | None = None
    country: str | None = None
    status: str = "Unknown"
    score: str = ""
    """Such as `2-1`; empty if it is not known."""
    details: Sequence[str] = ()
    """Other scores, such as `HT 1-1`."""
    seen_at: datetime | None = None
    """When it was seen last."""


@dataclass(frozen=True, slots=True)
class MatchPage:
    """What there is of one match, for rich to print at any width and in any encoding."""

    match: MatchRecord | PastMatch
    published_at: datetime | None
    """When the snapshot with it was published."""
    now: datetime
    events: Sequence[Envelope]
    notes: Sequence[str]
    """What is to be said beside, such as that there is no log of events."""
    options: ConsoleOptions
    demo: bool

    def __rich_console__(self, console: Console, options: RichOptions) -> RenderResult:
        """Yield the lines, none wider than the console."""
        width = max(SMALLEST_WIDTH, options.max_width)
        for line in _Page(self, console, Glyphs.of(options.encoding), width).lines():
            yield from line.render(console, end="\n")


@dataclass(frozen=True, slots=True)
class _Page:
    """One drawing of a page."""

    page: MatchPage
    console: Console
    glyphs: Glyphs
    width: int

    def lines(self) -> Iterator[Text]:
        page = self.page
        if isinstance(page.match, PastMatch):
            yield from self._past(page.match)
        else:
            yield from self._current(page.match)
        if page.events:
            yield Text()
            timeline = Timeline(page.options, demo=page.demo, of_match=True)
            yield from timeline.lines(self.console, page.events)
        elif not page.notes:
            yield from self._flow(Text("No event of it is kept", FAINT))
        if page.notes:
            yield Text()
        for note in page.notes:
            yield from self._flow(Text.assemble(("! ", WARNING), self.glyphs.clean(note)))

    def _current(self, match: MatchRecord) -> Iterator[Text]:
        page, glyphs = self.page, self.glyphs
        yield from self._place(match["competition"], match["country"])
        yield from self._flow(*headline(match, glyphs, status_cells=0), indent=2 * INDENT)
        facts = [*statistics(match, glyphs, page.options.timezone)[:1], *weather(match, glyphs)]
        yield from self._below(facts)
        yield from self._below([f"as of {self._when(page.published_at)}", f"id {match['match_id']}"])
        if page.published_at is None or (page.now - page.published_at).total_seconds() > OLD_S:
            age = age_text(page.published_at, page.now) or "unknown"
            words = f"the snapshot is old ({age}): is the service running?"
            yield from self._flow(Text(f"! {words}", WARNING))
        for note in match_notes(match, page.published_at, glyphs):
            yield from self._flow(Text("! ", WARNING), note)
        prices = price_rows(match, page.options, glyphs)
        for line in PriceTable([prices], self.width, glyphs).lines(prices):
            yield from self._flow(line, indent=2 * INDENT)
        rows = list(self._statistics(match))
        if rows:
            yield from self._heading("Statistics")
            yield from rows

    def _past(self, match: PastMatch) -> Iterator[Text]:
        glyphs = self.glyphs
        yield from self._place(match.competition, match.country)
        home, away = (glyphs.name(name or "", LONGEST_NAME) or "?" for name in (match.home, match.away))
        score = match.score.replace("-", f" {glyphs.dash} ") or glyphs.dash
        details = [one.replace("-", glyphs.dash) for one in match.details]
        yield from self._flow(
            Text(f"{glyphs.bullet} [{glyphs.clean(match.status)}] ", FAINT),
            Text(f"{home} ", STRONG),
            Text(f"{score} ", SCORE),
            *glyphs.dotted([Text(away, STRONG), *map(Text, details)]),
            indent=2 * INDENT,
        )
        seen = f"last seen {self._when(match.seen_at)}"
        yield from self._below([seen, f"id {match.match_id}", "statistics are not kept after a match"])

    def _statistics(self, match: MatchRecord) -> Iterator[Text]:
        """Yield the statistics, each between bars of the two sides' shares."""
        bar = max(0, min(BAR_CELLS, (self.width - 2 * INDENT - _LABEL_CELLS - 2 * _VALUE_CELLS - 2) // 2))
        for label, field in _STATISTICS:
            home, away = match.get(f"home_{field}"), match.get(f"away_{field}")
            if not isinstance(home, int) or not isinstance(away, int):
                continue
            total = home + away
            left = round(bar * home / total) if total else 0
            right = round(bar * away / total) if total else 0
            line = Text(" " * INDENT)
            line.append(f"{home:>{_VALUE_CELLS}} ", STRONG if home > away else FAINT)
            line.append(" " * (bar - left) + self.glyphs.block * left, CLOCK)
            line.append(f" {label:^{_LABEL_CELLS}} ")
            line.append(self.glyphs.block * right + " " * (bar - right), COUNTRY)
            line.append(f" {away}", STRONG if away > home else FAINT)
            yield from self._flow(line)

    def _place(self, competition: str | None, country: str | None) -> Iterator[Text]:
        names = (self.glyphs.name(name or "", LONGEST_NAME) for name in (competition, country))
        title = ", ".join(filter(None, names)) or "Competition not known"
        yield from self._heading(title, first=True)

    def _heading(self, title: str, *, first: bool = False) -> Iterator[Text]:
        if not first:
            yield Text()
        yield from rule(self.console, Text(title, COUNTRY), self.glyphs, self.width, demo=self.page.demo)

    def _when(self, at: datetime | None) -> str:
        if at is None:
            return "an unknown time"
        return f"{at.astimezone(self.page.options.timezone):%a %Y-%m-%d %H:%M:%S %Z}".rstrip()

    def _flow(self, *parts: Text, indent: int = INDENT) -> list[Text]:
        return flow(self.console, parts, self.width, indent)

    def _below(self, parts: Iterable[str]) -> list[Text]:
        return self._flow(Text(" " * INDENT), *self.glyphs.dotted(parts), indent=INDENT)


@dataclass(frozen=True, slots=True)
class MatchList:
    """Matches that a name fits, for the operator to choose one."""

    wanted: str
    rows: Sequence[tuple[str, str, str]]
    """Id, status, and the sides of each."""
    left: int
    """How many more there are."""

    def __rich_console__(self, console: Console, options: RichOptions) -> RenderResult:
        """Yield the lines, none wider than the console."""
        width, glyphs = max(SMALLEST_WIDTH, options.max_width), Glyphs.of(options.encoding)
        count = len(self.rows) + self.left
        head = f'{count} matches fit "{glyphs.clean(self.wanted)}"; show one by its id:'
        lines = flow(console, [Text(head, STRONG)], width, INDENT)
        statuses = max(len(glyphs.clean(status)) for _, status, _ in self.rows)
        for match_id, status, names in self.rows:
            parts = [
                Text(f"  {glyphs.clean(match_id)}  "),
                Text(f"{glyphs.clean(status):<{statuses}}  ", FAINT),
                Text(glyphs.name(names, 2 * LONGEST_NAME)),
            ]
            lines += flow(console, parts, width, 2 * INDENT)
        if self.left:
            lines += flow(console, [Text(f"  and {self.left} more", FAINT)], width, INDENT)
        for line in lines:
            yield from line.render(console, end="\n")
