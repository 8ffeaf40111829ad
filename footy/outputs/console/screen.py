"""The screen: a snapshot as lines of text, at any width, plain if piped, cut to a terminal's height."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from rich.console import Console, RenderResult
from rich.console import ConsoleOptions as RichOptions
from rich.text import Text

from footy.outputs.console.match_rows import headline, statistics, status_text, weather
from footy.outputs.console.options import ConsoleOptions
from footy.outputs.console.price_rows import MARKETS, PriceTable, price_rows
from footy.outputs.console.quality_notes import (
    is_absent,
    is_known,
    live_list_note,
    match_notes,
    refused_parts,
    summary,
)
from footy.outputs.console.selection import fold, movement, selected
from footy.outputs.console.styles import BANNER, COUNTRY, FAINT, STRONG, WARNING
from footy.outputs.console.terminal_text import INDENT, Glyphs, flow, rule
from footy.outputs.record_values import duration_text, local, moment, number
from footy.record import Fixture, Fixtures, MatchRecord, Snapshot

SMALLEST_WIDTH = 20
MOST_PROBLEMS = 8
MOST_FIXTURES = 20
LINES_A_PROBLEM = 8
"""Lines of a terminal per problem shown, so that many problems leave room for matches."""
WEATHER_CELLS = 44
"""Width of the longest weather: it goes beside the prices if there is room, else below."""
ODDS_FORMATS = {"american": "American", "decimal": "Decimal", "hongkong": "Hong Kong"}
SORTS = {"league": "", "kickoff": "sorted by kick-off", "movement": "sorted by price movement"}


@dataclass(frozen=True, slots=True)
class Screen:
    """A snapshot that rich can print, at any width and in any encoding."""

    snapshot: Snapshot
    options: ConsoleOptions
    height: int | None = None
    """Lines of the terminal: matches in play come first, the rest may be cut. None draws everything."""
    fixtures: Fixtures | None = None
    """What kicks off soon; only a screen without a height has room for it."""

    def __rich_console__(self, console: Console, options: RichOptions) -> RenderResult:
        """Yield the lines, none wider than the console and no more than the height."""
        for line in _Drawing(self, console, options).lines():
            yield from line.render(console, end="\n")


class _Drawing:
    """One drawing of a screen, for one width and encoding."""

    def __init__(self, screen: Screen, console: Console, options: RichOptions) -> None:
        self.snapshot, self.options, self.height = screen.snapshot, screen.options, screen.height
        self.fixtures = screen.fixtures
        self.console = console
        self.width = max(SMALLEST_WIDTH, options.max_width)
        self.is_terminal = options.is_terminal
        self.glyphs = Glyphs.of(options.encoding)
        self.meta = self.snapshot["meta"]
        self.is_demo = self.meta["mode"] == "demo"
        self.published_at = moment(self.meta["published_at"])
        self.shown = selected(self.snapshot["matches"], self.options)
        if self.height is not None:
            self.shown.sort(key=lambda match: not match["in_play"])
        self.refused = refused_parts(self.shown)
        self.prices = {id(match): price_rows(match, self.options, self.glyphs) for match in self.shown}
        aligned = [self.prices[id(match)] for match in self.shown[: self.height]]
        self.table = PriceTable(aligned, self.width, self.glyphs)
        self.weather_at = self.table.cells + 3

    def lines(self) -> list[Text]:
        """Return the lines of the screen."""
        head, foot = self._head(), self._foot()
        if self.height is None:
            matches = (line for block in self._blocks() for line in block)
            return [*head, *matches, *self._tonight(), *foot]
        cut_foot = self._foot(len(self.shown))
        body, left = self._fitting(self.height - len(head) - max(len(foot), len(cut_foot)))
        if left:
            foot = self._foot(left)
        return [*[*head, *body][: max(0, self.height - len(foot))], *foot][: self.height]

    def _fitting(self, room: int) -> tuple[list[Text], int]:
        """Return the lines that fit into `room`, whole matches, then headlines; and the matches left over."""
        lines: list[Text] = []
        drawn = 0
        for block in self._blocks():
            if len(lines) + len(block) > room:
                break
            lines += block
            drawn += 1
        rest = self.shown[drawn:]
        headings = [Text(), *self._flow(Text("Without prices, for lack of room:", FAINT))]
        cells = self._status_cells(rest)
        for match in rest:
            block = [*headings, *self._flow(*headline(match, self.glyphs, status_cells=cells))]
            if len(lines) + len(block) > room:
                break
            lines += block
            drawn += 1
            headings = []
        return lines, len(self.shown) - drawn

    # --- the matches

    def _blocks(self) -> Iterator[list[Text]]:
        """Yield the lines of each match; the first match of a group begins with the group's headings."""
        if self.options.sort != "league":
            cells = self._status_cells(self.shown)
            for match in self.shown:
                yield self._match(match, cells, place=True)
            return
        for country, in_country in groupby(self.shown, key=lambda match: match["country"]):
            heading = [Text(), *self._rule(self._name(country, "Country not known"))]
            competitions = groupby(
                in_country, key=lambda match: (match["competition"], match["competition_id"])
            )
            for (competition, _), group in competitions:
                matches = list(group)
                heading += self._flow(Text(f"{self._competition(competition)} ({len(matches)})", STRONG))
                cells = self._status_cells(matches)
                for match in matches:
                    yield [*heading, *self._match(match, cells)]
                    heading = []

    def _status_cells(self, matches: Iterable[MatchRecord]) -> int:
        return max((len(status_text(match, self.glyphs)) for match in matches), default=0)

    def _name(self, name: str | None, unknown: str) -> str:
        return self.glyphs.clean(name or "") or unknown

    def _competition(self, name: str | None) -> str:
        return self._name(name and name.upper(), "COMPETITION NOT KNOWN")

    def _rule(self, title: str) -> list[Text]:
        return rule(self.console, Text(title, COUNTRY), self.glyphs, self.width, demo=self.is_demo)

    def _match(self, match: MatchRecord, status_cells: int, *, place: bool = False) -> list[Text]:
        lines = self._headline(match, status_cells, place=place)
        if notes := match_notes(match, self.published_at, self.glyphs, omitted=self.refused):
            lines += self._below([Text("! ", WARNING)], self.glyphs.dotted(notes))
        prices = self.table.lines(self.prices[id(match)])
        texts = weather(match, self.glyphs)
        if not texts and not is_absent(match, "detail"):
            texts = ["No environment data available"]
        if not prices and is_known(match, "odds"):
            texts.insert(0, "No betting odds available")
        if len(prices) >= len(texts) and self.weather_at + WEATHER_CELLS <= self.width:
            for line, text in zip(prices, texts, strict=False):
                line.pad_right(max(1, self.weather_at - line.cell_len))
                line.append(text, FAINT)
            texts = []
        for line in prices:
            lines += self._flow(line, indent=2 * INDENT)
        return lines + self._below([], self.glyphs.dotted(texts)) if texts else lines

    def _headline(self, match: MatchRecord, status_cells: int, *, place: bool) -> list[Text]:
        """Return names and score, with the statistics on the same line if they fit, else below."""
        facts = statistics(match, self.glyphs, self.options.timezone)
        if self.options.sort == "movement" and (moved := movement(match)) is not None:
            facts.insert(0, f"{MARKETS[moved.market][0]} moved {moved.points:.1f} points")
        if place:
            league = self._competition(match["competition"])
            facts.insert(0, f"{self._name(match['country'], 'Country not known')}, {league}")
        whole = headline(match, self.glyphs, status_cells=status_cells, facts=facts)
        if not facts or sum(part.cell_len for part in whole) <= self.width:
            return self._flow(*whole, indent=2 * INDENT)
        names = headline(match, self.glyphs, status_cells=status_cells)
        return self._flow(*names, indent=2 * INDENT) + self._below([], self.glyphs.dotted(facts))

    # --- what kicks off soon

    def _tonight(self) -> list[Text]:
        """Return the fixtures with the searched text, the next ones only."""
        found = [one for one in (self.fixtures or {"fixtures": []})["fixtures"] if self._is_searched(one)]
        if not found:
            return []
        lines = [Text(), *self._rule("Kick-off in the next 12 hours")]
        for fixture in found[:MOST_FIXTURES]:
            at = moment(fixture["kickoff_at"])
            time = f"{local(at, self.options.timezone):%H:%M}" if at is not None else self.glyphs.dash
            home, away = (self._name(fixture[side], self.glyphs.dash) for side in ("home", "away"))
            place = [self.glyphs.clean(text) for text in (fixture["country"], fixture["competition"]) if text]
            names = Text.assemble((f"{time} ", STRONG), f"{home} {self.glyphs.dash} {away}")
            lines += self._flow(*self.glyphs.dotted([names, *([", ".join(place)] if place else [])]))
        if len(found) > MOST_FIXTURES:
            lines += self._flow(Text(f"and {len(found) - MOST_FIXTURES} more", FAINT))
        return lines

    def _is_searched(self, fixture: Fixture) -> bool:
        text = self.options.search
        words = (fixture["home"], fixture["away"], fixture["competition"], fixture["country"])
        return not text or any(fold(text) in fold(word or "") for word in words)

    # --- the head and the foot

    def _head(self) -> list[Text]:
        lines: list[Text] = []
        if self.is_demo:
            lines += self._flow(
                Text(f"DEMO {self.glyphs.dash} simulated matches, nothing here is real", BANNER)
            )
            if self.is_terminal:
                lines[0].pad_right(self.width - lines[0].cell_len)
        lines += self._dotted(Text("footy", STRONG), *map(Text, self._when()))
        lines += self._dotted(*self._totals())
        if note := live_list_note(self.snapshot, self.published_at):
            lines += self._warning(Text(note, WARNING))
        if notes := summary(self.shown, omitted=self.refused):
            lines += self._warning(*(Text(note, WARNING) for note in notes))
        problems = self.meta["problems"]
        most = MOST_PROBLEMS if self.height is None else max(1, self.height // LINES_A_PROBLEM)
        for problem in problems[:most]:
            lines += self._warning(Text(self.glyphs.clean(problem)))
        if len(problems) > most:
            lines += self._warning(Text(f"and {len(problems) - most} more problems, all in the log"))
        if self.refused:
            lines += self._dotted(*(f"{words} not in the account's plan" for words in self.refused.values()))
        if any(self.prices.values()):
            lines += self._legend()
        if self.options.sort != "league":
            lines.append(Text())
        return lines

    def _when(self) -> list[str]:
        texts = []
        if self.published_at is not None:
            at = local(self.published_at, self.options.timezone)
            texts.append(f"{at:%a %Y-%m-%d %H:%M:%S %Z}".rstrip())
        texts.append(f"cycle {self.meta['cycle']}")
        total = number(self.meta["timings"].get("total"))
        if total is not None:
            texts.append(f"{total:.2f} s")
        return texts

    def _totals(self) -> Iterator[Text]:
        matches = self.snapshot["matches"]
        yield Text(f"{len(matches)} from the live list", STRONG)
        yield Text(f"{sum(match['in_play'] for match in matches)} in play", STRONG)
        if len(self.shown) != len(matches):
            yield Text(f"{len(self.shown)} shown")
        if self.options.search:
            yield Text(f'search "{self.glyphs.clean(self.options.search)}"')
        if sort := SORTS[self.options.sort]:
            yield Text(sort)
        names: Mapping[int, str] = {match["status_id"]: match["status"] for match in matches}
        for status, count in sorted(
            (int(key), count) for key, count in self.meta["counts"]["status"].items()
        ):
            yield Text(f"{self.glyphs.clean(names.get(status, f'Status {status}'))} {count}")

    def _legend(self) -> list[Text]:
        dash, age = self.glyphs.dash, duration_text(self.options.price_max_age_s)
        columns = ("ML home draw away", "Spread home line away", "O/U, Corners over line under")
        prices = (
            f"{ODDS_FORMATS[self.options.odds_format]} odds: early {self.glyphs.bar} now",
            "@6' minute",
            "@pre before kick-off",
            f"{dash} unknown",
            "susp suspended",
            f"old over {age}, before kick-off or at another score (at 1{dash}1)",
        )
        return self._dotted(*columns) + self._dotted(*prices)

    def _foot(self, left: int = 0) -> list[Text]:
        """Return the last line; `left` is the number of matches that did not fit."""
        if not self.shown:
            return self._flow(Text(self._nothing(), STRONG), indent=INDENT)
        if left:
            texts = [f"{left} more matches do not fit: enlarge the terminal or use --search"]
        else:
            texts = [f"{len(self.shown)} of {len(self.snapshot['matches'])} matches", *self._when()]
        mark = [Text.assemble((" DEMO ", BANNER), " ")] if self.is_demo else []
        lines = self._flow(*mark, *self.glyphs.dotted(texts), indent=INDENT)
        return lines if self.height is not None else [Text(), *lines]

    def _nothing(self) -> str:
        """Return why no match is shown; claim that there are none only if no problem was reported."""
        if not self.snapshot["matches"]:
            return "No live match to show" if self.meta["problems"] else "No live matches"
        if self.options.search:
            return "No match with that text and a status that is shown (FOOTY_STATUSES)"
        return "No live match has a status that is shown (FOOTY_STATUSES)"

    # --- lines

    def _flow(self, *parts: Text, indent: int = INDENT) -> list[Text]:
        return flow(self.console, parts, self.width, indent)

    def _dotted(self, *parts: Text | str) -> list[Text]:
        return self._flow(*self.glyphs.dotted(parts))

    def _warning(self, *parts: Text) -> list[Text]:
        return self._flow(Text("! ", WARNING), *self.glyphs.dotted(parts))

    def _below(self, marks: Iterable[Text], parts: Iterable[Text]) -> list[Text]:
        """Return an indented line below a match."""
        return self._flow(Text(" " * INDENT), *marks, *parts, indent=2 * INDENT)
