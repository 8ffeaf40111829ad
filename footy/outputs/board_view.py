"""The board: a snapshot as a screen of text, readable at any width, plain where it is piped."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from itertools import groupby

from rich.console import Console, ConsoleOptions, RenderResult

from footy.outputs.match_rows import (
    DOUBTFUL,
    PARTS,
    doubt_pieces,
    doubt_texts,
    doubts,
    environment_texts,
    headline,
    status_text,
)
from footy.outputs.price_rows import (
    MARKETS,
    Columns,
    OddsFormat,
    PriceRow,
    current_pieces,
    early_pieces,
    rows_of,
)
from footy.outputs.record_values import age_text, local, moment, number
from footy.outputs.styles import BANNER, COUNTRY, FAINT, MARKET, STRONG, WARNING
from footy.outputs.terminal_text import (
    Piece,
    Script,
    hard,
    pad,
    segments,
    width_of,
    wrap,
)
from footy.record import MatchRecord, Snapshot

SMALLEST_WIDTH = 20
WITH_CORNERS = 100
"""From this width on corners are shown, and the bookmaker of every newest price is named."""
WITH_WEATHER_BESIDE = 140
"""From this width on the weather stands beside the prices instead of below."""
MOST_PROBLEMS = 8
LIVE_LIST_OLD_S = 90
INDENT = 2
LABEL_CELLS = 8
BENEATH = 5
"""Where `now` begins on a line of its own, so that its prices stand under the early ones."""

Line = list[Piece]


def render(
    snapshot: Snapshot,
    *,
    odds_format: OddsFormat,
    timezone: tzinfo,
    statuses: frozenset[int],
    price_max_age_s: float,
) -> "BoardView":
    """Return the snapshot as something rich can print, laid out for the width and encoding it meets there.

    Args:
        snapshot: Every live match, with its meta.
        odds_format: How prices are written.
        timezone: The zone of every time shown.
        statuses: The status ids of the matches shown; the header counts all.
        price_max_age_s: Seconds after which the newest price of a match in play is called old.
    """
    return BoardView(snapshot, odds_format, timezone, statuses, price_max_age_s)


@dataclass(frozen=True, slots=True)
class BoardView:
    """A snapshot to be drawn; it knows neither its width nor its stream until then."""

    snapshot: Snapshot
    odds_format: OddsFormat
    timezone: tzinfo
    statuses: frozenset[int]
    price_max_age_s: float

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the board line by line, none wider than the console."""
        width = max(SMALLEST_WIDTH, options.max_width)
        drawing = _Drawing(self, width, Script.of(options.encoding), fill=options.is_terminal)
        for line, indent in drawing.lines():
            for wrapped in wrap(line, width, indent):
                yield from segments(wrapped)


class _Drawing:
    """One drawing of a view: at a width, in a script."""

    def __init__(self, view: BoardView, width: int, script: Script, *, fill: bool) -> None:
        self.view = view
        self.width = width
        self.script = script
        self.fill = fill
        self.meta = view.snapshot["meta"]
        self.demo = self.meta["mode"] == "demo"
        self.published = moment(self.meta["published_at"])
        self.shown = sorted(
            (match for match in view.snapshot["matches"] if match["status_id"] in view.statuses), key=_place
        )
        self.refused = frozenset(
            part
            for part, *_ in PARTS
            if all(match.get(f"{part}_source") == "refused" for match in self.shown)
        )
        markets = [market for market in MARKETS if market != "corners" or width >= WITH_CORNERS]
        self.price_rows = [
            rows_of(
                match,
                markets=markets,
                odds_format=view.odds_format,
                max_age_s=view.price_max_age_s,
                script=script,
            )
            for match in self.shown
        ]
        self.columns = Columns.fitting([row for rows in self.price_rows for row in rows])
        self.weather_at = 0
        if width >= WITH_WEATHER_BESIDE:
            widest = max(
                (width_of(self._price_line(row)) for rows in self.price_rows for row in rows), default=0
            )
            self.weather_at = min(widest, width - 48) + 3

    def lines(self) -> Iterator[tuple[Line, int]]:
        """Yield the lines of the board, each with the indent of its continuation."""
        for line in self._head():
            yield line, INDENT
        prices = iter(self.price_rows)
        for country, in_country in groupby(self.shown, key=lambda match: match["country"]):
            yield [], 0
            yield self._rule(self._name(country, "Country not known")), INDENT
            by_competition = groupby(
                in_country, key=lambda match: (match["competition"], match["competition_id"])
            )
            for (competition, _), group in by_competition:
                matches = list(group)
                name = self._name(competition and competition.upper(), "COMPETITION NOT KNOWN")
                yield [(f"{name} ({len(matches)})", STRONG)], INDENT
                status_cells = max(len(status_text(match, self.script)) for match in matches)
                for match in matches:
                    yield from self._match(match, next(prices), status_cells)
        if self.shown:
            yield [], 0
        yield self._foot(), INDENT

    def _name(self, name: str | None, unknown: str) -> str:
        return self.script.clean(name or "") or unknown

    def _rule(self, title: str) -> Line:
        mark = " DEMO " if self.demo else ""
        lead = self.script.rule * 2
        room = self.width - width_of([(title, None)]) - len(mark) - 6
        return [
            (f"{lead} ", FAINT),
            (title, COUNTRY),
            (" " + self.script.rule * max(2, room), FAINT),
            (hard(mark), BANNER),
            (lead, FAINT),
        ]

    def _match(
        self, match: MatchRecord, rows: list[PriceRow], status_cells: int
    ) -> Iterator[tuple[Line, int]]:
        yield (
            headline(
                match,
                status_cells=status_cells,
                script=self.script,
                timezone=self.view.timezone,
            ),
            2 * INDENT,
        )
        margin: Piece = (" " * INDENT, None)
        if texts := doubt_texts(match, self.published, self.script, unsaid=self.refused):
            yield [margin, *doubt_pieces(texts, self.script)], 2 * INDENT
        weather = environment_texts(match, self.script) or ["No environment data available"]
        if self.weather_at and rows:
            for position in range(max(len(rows), len(weather))):
                line = self._price_line(rows[position]) if position < len(rows) else []
                if position < len(weather):
                    gap = max(2, self.weather_at - width_of(line))
                    line += [(" " * gap, None), (hard(weather[position]), FAINT)]
                yield line, INDENT + LABEL_CELLS
            return
        for row in rows:
            line = self._price_line(row)
            if row.current is not None and width_of(line) > self.width:
                yield self._price_line(PriceRow(row.label, row.early, None)), INDENT + LABEL_CELLS
                yield [(" " * BENEATH, None), *self._current(row)], INDENT + LABEL_CELLS
            else:
                yield line, INDENT + LABEL_CELLS
        below = weather if rows else ["No betting odds available", *weather]
        yield [margin, *self.script.dotted([(text, FAINT) for text in below])], 2 * INDENT

    def _price_line(self, row: PriceRow) -> Line:
        line: Line = [(" " * INDENT, None), (pad(row.label, LABEL_CELLS), MARKET)]
        line += early_pieces(row, self.columns, self.script)
        return [*line, ("  ", None), *self._current(row)] if row.current is not None else line

    def _current(self, row: PriceRow) -> Line:
        return current_pieces(row, self.columns, name_all=self.width >= WITH_CORNERS)

    def _head(self) -> Iterator[Line]:
        if self.demo:
            banner = f" DEMO {self.script.dash} simulated matches, nothing here is real "
            yield [(hard(pad(banner, self.width)) if self.fill else banner.strip(), BANNER)]
        yield self.script.dotted([("footy", STRONG), *((text, None) for text in self._when())])
        counts = self.meta["counts"]
        shown = len(self.shown)
        totals: list[Piece] = [(f"{counts['live']} live", STRONG), (f"{counts['in_play']} in play", STRONG)]
        if shown != counts["live"]:
            totals.append((f"{shown} shown", None))
        yield self.script.dotted([*totals, *((text, None) for text in self._by_status())])
        if stale := self._live_list_doubt():
            yield [("! ", WARNING), (stale, WARNING)]
        if summary := self._doubts_by_kind():
            yield [("! ", WARNING), *self.script.dotted([(text, WARNING) for text in summary])]
        problems = self.meta["problems"]
        for problem in problems[:MOST_PROBLEMS]:
            yield [("! ", WARNING), (self.script.clean(problem), None)]
        if len(problems) > MOST_PROBLEMS:
            yield [
                ("! ", WARNING),
                (f"and {len(problems) - MOST_PROBLEMS} more problems, all in the log", None),
            ]
        if any(self.price_rows):
            yield from self._legend()

    def _legend(self) -> Iterator[Line]:
        labels = ["ML home draw away", "Spread home line away", "O/U over line under"]
        if self.width >= WITH_CORNERS:
            labels.append("Corners over line under")
        written = {"american": "American", "decimal": "decimal", "hongkong": "Hong Kong"}[
            self.view.odds_format
        ]
        yield self.script.dotted([(text, FAINT) for text in (*labels, f"{written} odds")])
        columns = ["Early price @minute bookmaker, then now, susp (suspended) or last (old)"]
        if self.width < WITH_CORNERS:
            columns.append("newest of the same bookmaker unless named")
        yield self.script.dotted([(text, FAINT) for text in columns])

    def _when(self) -> list[str]:
        texts = []
        if self.published is not None:
            at = local(self.published, self.view.timezone)
            texts.append(f"{at:%a %Y-%m-%d %H:%M:%S %Z}".rstrip())
        texts.append(f"cycle {self.meta['cycle']}")
        total = number(self.meta["timings"].get("total"))
        if total is not None:
            texts.append(f"{total:.2f} s")
        return texts

    def _by_status(self) -> list[str]:
        names: Mapping[int, str] = {
            match["status_id"]: match["status"] for match in self.view.snapshot["matches"]
        }
        counts = sorted((int(status), count) for status, count in self.meta["counts"]["status"].items())
        return [
            f"{self.script.clean(names.get(status, f'Status {status}'))} {count}" for status, count in counts
        ]

    def _live_list_doubt(self) -> str:
        """Return what is wrong with the live list as a whole, empty where it is as new as it should be."""
        fetched = moment(self.meta["fetched_at"])
        sources = {match["live_source"] for match in self.view.snapshot["matches"]}
        if fetched is None:
            return "LIVE LIST MISSING: it has not been read yet"
        if "mock" in sources:
            return "LIVE LIST IS MOCK: these matches are made up"
        old = self.published is not None and (self.published - fetched).total_seconds() > LIVE_LIST_OLD_S
        age = age_text(fetched, self.published)
        if "stale" in sources or (not sources and old):
            return f"LIVE LIST STALE {age}: what follows is the last that was known"
        return ""

    def _doubts_by_kind(self) -> list[str]:
        kinds = Counter((part, state) for match in self.shown for part, state, _ in doubts(match))
        return [
            f"{'MOCK' if state == 'mock' else state} {words} in {kinds[part, state]} of {len(self.shown)}"
            for part, words, _ in PARTS
            for state in DOUBTFUL
            if (part, state) in kinds
        ]

    def _foot(self) -> Line:
        if not self.shown:
            return [(self._nothing(), STRONG)]
        texts = [f"{len(self.shown)} of {self.meta['counts']['live']} live matches", *self._when()]
        mark: Line = [(" DEMO ", BANNER), (" ", None)] if self.demo else []
        return [*mark, *self.script.dotted([(text, FAINT) for text in texts])]

    def _nothing(self) -> str:
        """Say why no match is shown: that there is none only where no problem may be the reason."""
        if self.view.snapshot["matches"]:
            return "No live match has a status that is shown (FOOTY_STATUSES)"
        return "No live match to show" if self.meta["problems"] else "No live matches"


def _place(match: MatchRecord) -> tuple[object, ...]:
    """Return where a match stands: by country, competition, status, kick-off, id; what is not known last."""
    country, competition = match["country"], match["competition"]
    return (
        country is None,
        (country or "").casefold(),
        country or "",
        competition is None,
        (competition or "").casefold(),
        competition or "",
        match["competition_id"] or "",
        match["status_id"],
        match["kickoff_at"] is None,
        match["kickoff_at"] or "",
        match["match_id"],
    )
