"""Events as lines of text: when, what, in which match; a correction says what it takes back."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import singledispatchmethod
from typing import TextIO

from rich.console import Console
from rich.style import Style
from rich.text import Text

from footy.events.envelope import Envelope, event_in
from footy.events.types import (
    Alert,
    AlertSettled,
    Event,
    Gap,
    Goal,
    GoalCancelled,
    GoalDetail,
    IncidentData,
    IndicatorChanged,
    Kick,
    Market,
    MarketState,
    MatchBack,
    MatchData,
    MatchLeft,
    MatchSeen,
    Period,
    PlayerIncident,
    Price,
    PriceChange,
    Result,
    Score,
    ScoreCorrected,
    ScoredData,
    ServiceStarted,
    StatusChange,
    Substitution,
    VideoReview,
    Withdrawn,
)
from footy.history.log import Position
from footy.outputs.console.options import ConsoleOptions
from footy.outputs.console.price_rows import MARKETS, decimal_text, line_text
from footy.outputs.console.styles import (
    CLOCK,
    CORRECTION,
    COUNTRY,
    FAINT,
    MARKET,
    RED_CARD,
    SCORE,
    STRONG,
    WARNING,
    YELLOW_CARD,
)
from footy.outputs.console.terminal_text import INDENT, Glyphs, flow, rule, stream_console
from footy.outputs.record_values import local, moment

SMALLEST_WIDTH = 20
WIDE = 120
"""Cells from which on the match has a column, and the competition is shown."""
_MATCH_CELLS = 44
LONGEST_NAME = 40
"""Cells that a team's or a player's name takes at most."""
_CLOCK_CELLS = 6
_LABEL_CELLS = 15
_INDENT = 8 + 1 + _CLOCK_CELLS + 1 + 2 + _LABEL_CELLS + 1
"""Cells before the match: time, clock, mark and type."""

CORRECTED, COMPLETED, NOTHING = "!", "+", " "
"""Marks: it takes back or corrects an event; it completes one; neither."""

_STYLES = {
    "goal": SCORE,
    "red": RED_CARD,
    "second_yellow": RED_CARD,
    "yellow": YELLOW_CARD,
    "alert": WARNING,
    "gap": WARNING,
    **dict.fromkeys(("result", "full_time", "kickoff", "half_time", "second_half"), STRONG),
    **dict.fromkeys(("extra_time", "penalties"), STRONG),
    **dict.fromkeys(("price_moved", "line_moved", "suspended", "reopened"), MARKET),
    **dict.fromkeys(("match_seen", "goal_detail", "service_started"), FAINT),
}


class Timeline:
    """Turns events into lines; each new day begins with its date.

    Args:
        options: The operator's zone and format of prices.
        demo: Mark them as simulated.
        of_match: All are of one match, whose names stand above: lines have the score alone.
    """

    def __init__(self, options: ConsoleOptions, *, demo: bool, of_match: bool = False) -> None:
        self._options = options
        self._demo = demo
        self._of_match = of_match
        self._day = ""

    def lines(self, console: Console, envelopes: Iterable[Envelope]) -> Iterator[Text]:
        """Yield the lines of these events, none wider than the console."""
        width = max(SMALLEST_WIDTH, console.width)
        glyphs = Glyphs.of(console.encoding)
        for one in envelopes:
            seen_at = moment(one.time)
            at = None if seen_at is None else local(seen_at, self._options.timezone)
            yield from self._new_day(at, console, glyphs, width)
            row = _Row(one, event_in(one), self._options, glyphs, of_match=self._of_match, width=width)
            yield from row.lines(console, at)

    def _new_day(self, at: datetime | None, console: Console, glyphs: Glyphs, width: int) -> Iterator[Text]:
        day = "" if at is None else f"{at:%a %Y-%m-%d %Z}".rstrip()
        if day and day != self._day:
            self._day = day
            yield from rule(console, Text(day, COUNTRY), glyphs, width, demo=self._demo)


class TimelinePrinter:
    """Prints events as they come, in the width that the terminal has by then.

    Args:
        timeline: Turns them into lines.
        stream: Standard output: its width, its encoding, and whether it shows colours.
        write: Writes to it, and flushes it.
    """

    def __init__(self, timeline: Timeline, stream: TextIO, write: Callable[[bytes], None]) -> None:
        self._timeline = timeline
        self._stream = stream
        self._write = write

    def show(self, batch: Sequence[Envelope]) -> None:
        """Print events."""
        console = stream_console(self._stream)
        self.print(console, self._timeline.lines(console, batch))

    def end(self, shown: int, position: Position, *, more: bool) -> None:
        """Print how many events were shown, and the position to go on from."""
        console = stream_console(self._stream)
        glyphs = Glyphs.of(console.encoding)
        words = [f"{shown} event{'s' if shown > 1 else ''}" if shown else "No event to show"]
        if more:
            words[0] = f"The newest {shown} events"
            words.append("--limit, --since and --after show others")
        words.append(f"position {position}")
        lines = flow(console, glyphs.dotted(words), max(SMALLEST_WIDTH, console.width), INDENT)
        self.print(console, [Text(), *lines] if shown else lines)

    def print(self, console: Console, lines: Iterable[Text]) -> None:
        """Print lines."""
        with console.capture() as capture:
            for line in lines:
                console.print(line, crop=False, soft_wrap=True)
        self._write(capture.get().encode(console.encoding, errors="replace"))


class _Row:
    """One event, for one width and encoding."""

    def __init__(
        self,
        envelope: Envelope,
        event: Event | None,
        options: ConsoleOptions,
        glyphs: Glyphs,
        *,
        of_match: bool,
        width: int,
    ) -> None:
        self.envelope, self.event, self.options, self.glyphs = envelope, event, options, glyphs
        self.of_match, self.width = of_match, width
        self.kind = glyphs.clean(envelope.type.removeprefix("footy."))

    def lines(self, console: Console, at: datetime | None) -> list[Text]:
        """Return the event in one line, or what is said of it below if that is too long.

        The competition is there if the line has room for it.
        """
        head, match, said = self._head(at), self._match(), self._said()
        for facts in (self._with_place(said), said):
            line = [head, *match, *self._gap(match, facts), *self.glyphs.dotted(facts)]
            if sum(part.cell_len for part in line) <= self.width or not match:
                return flow(console, line, self.width, _INDENT)
        below = [Text(" " * min(_INDENT, self.width // 2)), *self.glyphs.dotted(said)]
        return flow(console, [head, *match], self.width, _INDENT) + flow(console, below, self.width, _INDENT)

    def _head(self, at: datetime | None) -> Text:
        """Return when it was seen, the minute, the mark and the type."""
        mark = self._mark()
        style = CORRECTION if mark == CORRECTED else _STYLES.get(self.kind, Style())
        label = self.kind.removesuffix("_detail").replace("_", " ")
        return Text.assemble(
            (f"{at:%H:%M:%S}" if at is not None else " " * 8, FAINT),
            (f" {self._clock():>{_CLOCK_CELLS}} ", CLOCK),
            (f"{mark} ", WARNING if mark == CORRECTED else FAINT),
            (f"{label:<{_LABEL_CELLS}} ", style),
        )

    def _said(self) -> list[Text]:
        """Return the words beside the match."""
        data = None if self.event is None else self.event.data
        facts = [Text(fact) if isinstance(fact, str) else fact for fact in self._facts(data) if fact]
        is_late = isinstance(data, MatchData) and data.late
        return [*facts, Text("late", WARNING)] if is_late else facts

    def _with_place(self, facts: list[Text]) -> list[Text]:
        """Return them with the competition on a wide screen of many matches."""
        data = None if self.event is None else self.event.data
        if self.of_match or self.width < WIDE or not isinstance(data, MatchData):
            return facts
        names = [self._name(place) for place in (data.competition, data.country) if place]
        return [*facts, Text(", ".join(names), FAINT)] if names else facts

    def _mark(self) -> str:
        data = None if self.event is None else self.event.data
        if self.kind.endswith("_detail"):
            return COMPLETED
        takes_back = (
            isinstance(data, GoalCancelled | ScoreCorrected | Withdrawn)
            or (isinstance(data, Period) and data.relates is not None)
            or (isinstance(data, StatusChange) and data.change == "corrected")
        )
        return CORRECTED if takes_back else NOTHING

    def _clock(self) -> str:
        """Return the minute of what happened, in the form of the record's clock if it is that one."""
        data = None if self.event is None else self.event.data
        if not isinstance(data, MatchData):
            return ""
        clock = self.glyphs.clean(data.clock or "")
        base, _, added = clock.rstrip("'").partition("+")
        shown = sum(int(part) for part in (base, added) if part.isdecimal())
        if data.minute is not None and data.minute != shown:
            return f"{data.minute}'"
        return clock if len(clock) <= _CLOCK_CELLS else ""

    def _match(self) -> list[Text]:
        """Return the match with its score after the event; nothing for an event without one."""
        data = None if self.event is None else self.event.data
        if not isinstance(data, MatchData):
            return []
        score = data.score if isinstance(data, ScoredData) else None
        if isinstance(data, Goal | GoalCancelled | ScoreCorrected):
            score = data.after
        shown = Text(self._score(score), SCORE)
        if self.of_match:
            return [shown]
        home, away = Text(f"{self._name(data.home)} ", STRONG), Text(self._name(data.away), STRONG)
        return [home, shown.append(" "), away]

    def _gap(self, match: list[Text], facts: list[Text]) -> list[Text]:
        """Return the separator between the match and the words beside it: blanks, or a dot."""
        if not match or not facts:
            return []
        if self.width >= WIDE and not self.of_match:
            return [Text(" " * (2 + max(0, _MATCH_CELLS - sum(part.cell_len for part in match))))]
        return [Text(f" {self.glyphs.dot} ", FAINT)]

    def _score(self, score: Score | None) -> str:
        dash = self.glyphs.dash
        return dash if score is None else f"{score.home} {dash} {score.away}"

    def _named(self, words: str, score: Score | None) -> str:
        return "" if score is None else f"{words} {score.home}{self.glyphs.dash}{score.away}"

    def _name(self, name: str | None) -> str:
        return self.glyphs.name(name or "", LONGEST_NAME) or "?"

    def _person(self, name: str | None) -> str:
        return self.glyphs.name(name or "", LONGEST_NAME)

    def _text(self, text: str | None) -> str:
        return self.glyphs.clean(text or "")

    @singledispatchmethod
    def _facts(self, _data: object) -> Iterator[str | Text]:
        """Yield the facts of an event apart from its match; an unknown one is empty."""
        yield Text("of a newer version of footy", FAINT)

    @_facts.register
    def _(self, data: Goal) -> Iterator[str | Text]:
        yield data.side
        yield self._scorer(data.kind, data.player, data.assist)
        yield "after full time" if data.after_full_time else ""

    @_facts.register
    def _(self, data: GoalDetail) -> Iterator[str | Text]:
        words = self._scorer(data.kind, data.player, data.assist)
        yield f"{data.side} goal {data.number}: {words or data.kind or '?'}"

    @_facts.register
    def _(self, data: GoalCancelled) -> Iterator[str | Text]:
        player = self._person(data.player)
        yield self._back(f"{data.side} goal {data.number}" + (f" ({player})" if player else ""))
        yield "by VAR" if data.cause == "var" else ""

    @_facts.register
    def _(self, data: ScoreCorrected) -> Iterator[str | Text]:
        related = () if data.relates is None else (data.relates,)
        yield self._back(*map(self._subject, data.removed or related))
        yield self._named("was", data.before)

    @_facts.register
    def _(self, data: Period) -> Iterator[str | Text]:
        yield self._back(self._subject(data.relates)) if data.relates else ""

    @_facts.register
    def _(self, data: StatusChange) -> Iterator[str | Text]:
        yield self._text(data.status)
        yield data.change or ""
        yield self._back(self._subject(data.relates)) if data.relates else ""

    @_facts.register
    def _(self, data: IncidentData) -> Iterator[str | Text]:
        words = list(filter(None, self._incident_words(data)))
        if self.kind.endswith("_detail"):
            kind = self.kind.removesuffix("_detail")
            yield f"{_incident(kind, data.side, data.number)}: {', '.join(words)}"
        else:
            yield data.side or ""
            yield from words

    @_facts.register
    def _(self, data: Withdrawn) -> Iterator[str | Text]:
        yield self._back(_incident(self._text(data.withdrawn), data.side, data.number))

    @_facts.register
    def _(self, data: PriceChange) -> Iterator[str | Text]:
        yield self._prices(data.market, data.before, data.after)
        yield self._text(data.after.bookmaker)

    @_facts.register
    def _(self, data: MarketState) -> Iterator[str | Text]:
        shown = data.after if data.after.open else data.before
        yield self._prices(data.market, shown)
        yield "" if shown is None else self._text(shown.bookmaker)

    @_facts.register
    def _(self, data: MatchSeen) -> Iterator[str | Text]:
        yield "in play" if data.in_play else ""
        yield self._prices("money_line", data.money_line) if data.money_line is not None else ""

    @_facts.register
    def _(self, data: MatchLeft) -> Iterator[str | Text]:
        yield "deleted by the vendor" if data.deleted else "no longer listed"

    @_facts.register
    def _(self, _data: MatchBack) -> Iterator[str | Text]:
        yield "listed again"

    @_facts.register
    def _(self, data: Result) -> Iterator[str | Text]:
        yield self._named("HT", data.half_time)
        yield self._named("after extra time", data.extra_time)
        yield self._named("pens", data.shoot_out)
        yield "" if data.confirmed else "not confirmed"

    @_facts.register
    def _(self, data: Alert) -> Iterator[str | Text]:
        yield Text(self._text(data.rule), STRONG)
        yield self._text(data.text)

    @_facts.register
    def _(self, data: AlertSettled) -> Iterator[str | Text]:
        yield Text(self._text(data.rule), STRONG)
        yield data.outcome

    @_facts.register
    def _(self, data: IndicatorChanged) -> Iterator[str | Text]:
        before, after = (self._text(one) or self.glyphs.dash for one in (data.before, data.after))
        yield f"{self._text(data.indicator)}: {before} {self.glyphs.arrow} {after}"

    @_facts.register
    def _(self, data: Gap) -> Iterator[str | Text]:
        first, last = (self._text(one) or "?" for one in (data.first, data.last))
        yield Text(f"events are missing: {first} to {last}", WARNING)

    @_facts.register
    def _(self, data: ServiceStarted) -> Iterator[str | Text]:
        yield f"footy {self._text(data.version)}, {self._text(data.mode)}"

    def _scorer(self, kind: str | None, player: str | None, assist: str | None) -> str:
        words = [self._person(player)]
        if kind is not None and kind != "goal":
            words.append(kind.replace("_", " "))
        if assist:
            words.append(f"assist {self._person(assist)}")
        return ", ".join(filter(None, words))

    def _incident_words(self, data: IncidentData) -> Iterator[str]:
        if isinstance(data, Substitution):
            one, other = self._person(data.player_in), self._person(data.player_out)
            yield f"{one or '?'} for {other or '?'}" if one or other else ""
            yield self._text(data.reason)
        elif isinstance(data, Kick):
            yield self._person(data.player)
            if data.home_pens is not None and data.away_pens is not None:
                yield self._named("pens", Score(data.home_pens, data.away_pens))
        elif isinstance(data, VideoReview):
            yield self._person(data.player)
            yield self._text(data.var_reason)
            yield self._text(data.var_result)
        elif isinstance(data, PlayerIncident):
            yield self._person(data.player)
            yield self._text(data.reason)

    def _back(self, *subjects: str) -> Text:
        return Text(f"takes back {', '.join(subjects)}" if subjects else "", CORRECTION)

    def _subject(self, event_id: str) -> str:
        """Return which event an id names, in words: `home goal 2`, `full time`."""
        match self.glyphs.clean(event_id).split(":"):
            case [_, kind, ("home" | "away") as side, number, *_]:
                return _incident(kind, side, number)
            case [_, kind, "none", number, *_]:
                return _incident(kind, None, number)
            case [_, kind, *_]:
                return kind.replace("_", " ")
        return self.glyphs.clean(event_id)

    def _prices(self, market: Market, *prices: Price | None) -> str:
        """Return a market with its prices before and after, in the order of the console's columns."""
        label, columns = MARKETS[market]
        dash = self.glyphs.dash
        shown = [
            " ".join(
                line_text(price.line, signed=market == "spread", unknown=dash)
                if column == "line"
                else decimal_text(price.prices.get(column), self.options.odds_format, dash)
                for column in columns
            )
            for price in prices
            if price is not None
        ]
        return " ".join([label, f" {self.glyphs.arrow} ".join(shown)]).rstrip()


def _incident(kind: str, side: str | None, number: object) -> str:
    """Return an incident in words: `home yellow 2`."""
    return " ".join(filter(None, (side, kind.replace("_", " "), str(number))))
