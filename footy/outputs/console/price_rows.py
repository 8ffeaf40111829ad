"""The prices of a match as rows of the screen: early and current side by side, in aligned columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

from rich.style import Style
from rich.text import Text

from footy.outputs.console.options import ConsoleOptions, OddsFormat
from footy.outputs.console.styles import CURRENT, FAINT, LINE, MARKET, NOT_OPEN
from footy.outputs.console.terminal_text import Glyphs
from footy.outputs.record_values import PriceState, number, price_state
from footy.records.prices import american_odds

MARKETS: Mapping[str, tuple[str, tuple[str, str, str]]] = {
    "money_line": ("ML", ("home", "draw", "away")),
    "spread": ("Spread", ("home", "line", "away")),
    "over_under": ("O/U", ("over", "line", "under")),
    "corners": ("Corners", ("over", "line", "under")),
}
"""Market in the record's names → its label and its three columns."""

_WORDS: Mapping[PriceState, str] = {"now": "now", "suspended": "susp", "old": "old"}
NOW, SUSPENDED = _WORDS["now"], _WORDS["suspended"]

_DECIMAL_PLACES = 4
_WIDEST_PRICE = 8
"""Largest width of a price column in cells; a wider price is not aligned in its own row only."""
_MARGIN = "  "
_LABEL_CELLS = 8
_STATE_CELLS = 5
_INDENT_BELOW = " " * (len(_MARGIN) + _LABEL_CELLS - _STATE_CELLS)
"""Indent of a current price on a separate line: its prices begin under the early ones."""


def price_text(match: Mapping[str, object], field: str, odds_format: OddsFormat, unknown: str) -> str:
    """Return the price in `field` (decimal, with its American twin) in the operator's format."""
    if odds_format == "american":
        american = number(match.get(f"{field}_american"))
        return unknown if american is None else f"{american:+.0f}"
    return decimal_text(number(match.get(field)), odds_format, unknown)


def decimal_text(decimal: float | None, odds_format: OddsFormat, unknown: str) -> str:
    """Return a decimal price, that is with the stake, in the operator's format."""
    if odds_format == "american":
        american = american_odds(decimal)
        return unknown if american is None else f"{american:+d}"
    if decimal is None:
        return unknown
    return _at_least(2, decimal if odds_format == "decimal" else decimal - 1)


def line_text(line: float | None, *, signed: bool, unknown: str) -> str:
    """Return a handicap or goal line: -0.5, +0.25, 2.75, 3.0."""
    if line is None:
        return unknown
    text = _at_least(1, line)
    return f"+{text}" if signed and line > 0 else text


def _at_least(places: int, value: float) -> str:
    """Return the value with at least `places` decimals, and up to four if it has them."""
    text = f"{value:.{_DECIMAL_PLACES}f}"
    whole, decimals = text.split(".")
    return f"{whole}.{decimals.rstrip('0').ljust(places, '0')}"


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of one bookmaker in one market at one moment, as texts."""

    cells: tuple[str, str, str]
    has_line: bool
    made: str
    """The minute, `@6'`, or `@pre` before kick-off."""
    score: str
    """` at 1–1` if the score was different then, else empty."""
    bookmaker: str
    state: str
    """`now`, `susp` or `old`."""


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A market of a match: its early and its current price."""

    label: str
    early: Quote | None
    current: Quote | None


def price_rows(match: Mapping[str, object], options: ConsoleOptions, glyphs: Glyphs) -> list[PriceRow]:
    """Return a row for each market with a known price."""
    rows = [
        PriceRow(
            label,
            _quote(match, f"early_{market}", columns, options, glyphs),
            _quote(match, f"current_{market}", columns, options, glyphs),
        )
        for market, (label, columns) in MARKETS.items()
    ]
    return [row for row in rows if row.early is not None or row.current is not None]


def _quote(
    match: Mapping[str, object],
    prefix: str,
    columns: tuple[str, str, str],
    options: ConsoleOptions,
    glyphs: Glyphs,
) -> Quote | None:
    if match.get(f"{prefix}_bookmaker_id") is None and match.get(f"{prefix}_at") is None:
        return None
    first, second, third = (
        line_text(number(match.get(f"{prefix}_line")), signed=prefix.endswith("spread"), unknown=glyphs.dash)
        if column == "line"
        else price_text(match, f"{prefix}_{column}", options.odds_format, glyphs.dash)
        for column in columns
    )
    bookmaker, score = match.get(f"{prefix}_bookmaker"), match.get(f"{prefix}_score")
    is_outdated = match.get(f"{prefix}_outdated") is True
    return Quote(
        cells=(first, second, third),
        has_line="line" in columns,
        made=_made(match, prefix, glyphs),
        score=f" at {glyphs.clean(score).replace('-', glyphs.dash)}"
        if is_outdated and isinstance(score, str)
        else "",
        bookmaker=(glyphs.clean(bookmaker) if isinstance(bookmaker, str) else "") or glyphs.dash,
        state=_WORDS[price_state(match, prefix, options.price_max_age_s)],
    )


def _made(match: Mapping[str, object], prefix: str, glyphs: Glyphs) -> str:
    minute = number(match.get(f"{prefix}_minute"))
    if minute is not None:
        return f"@{minute:.0f}'"
    return f"@{glyphs.dash}" if match.get(f"{prefix}_in_play") is True else "@pre"


class _Columns(NamedTuple):
    """Column widths for some quotes, in cells."""

    prices: tuple[int, int, int]
    made: int

    @classmethod
    def fitting(cls, quotes: Sequence[Quote]) -> Self:
        """Return the narrowest columns for these quotes."""
        first, second, third = (
            min(_WIDEST_PRICE, max((len(quote.cells[column]) for quote in quotes), default=1))
            for column in range(3)
        )
        return cls((first, second, third), max((len(quote.made) for quote in quotes), default=0))

    def text(self, quote: Quote, price: Style | None = None, line: Style | None = None) -> Text:
        """Return prices, minute and bookmaker in these columns."""
        text = Text()
        styles = (price, line if quote.has_line else price, price)
        for cell, cells, style in zip(quote.cells, self.prices, styles, strict=True):
            text.append(f"{cell.rjust(cells)} ", style)
        return text.append(f"{quote.made.ljust(self.made)}{quote.score} {quote.bookmaker}", FAINT)


class PriceTable:
    """Lays price rows out: early prices in columns shared by all matches, current ones per match.

    A long price such as +31500, in a match that is nearly decided, changes the columns of no other match.

    Args:
        matches: The rows of each match.
        width: Width of the screen in cells. A current price that does not fit beside
            the early one goes below it.
        glyphs: The signs that the stream can encode.
    """

    def __init__(self, matches: Sequence[Sequence[PriceRow]], width: int, glyphs: Glyphs) -> None:
        rows = [row for rows in matches for row in rows]
        self._columns = _Columns.fitting([row.early for row in rows if row.early is not None])
        self._width = width
        self._between = f" {glyphs.bar} "
        self._nothing = Quote((glyphs.dash,) * 3, has_line=False, made="", score="", bookmaker="", state=NOW)
        early = [(row.early, self._early(row).cell_len) for row in rows]
        longest_current = max((line.cell_len for rows in matches for line in self._currents(rows)), default=0)
        self._bar_at = max((cells for _, cells in early), default=0)
        self.cells = self._bar_at + len(self._between) + longest_current
        """Width of the longest row."""
        if self.cells > width:  # then the rows with suspended early prices are not aligned
            open_early = (cells for quote, cells in early if quote is None or quote.state != SUSPENDED)
            self._bar_at = max(open_early, default=0)

    def lines(self, rows: Sequence[PriceRow]) -> list[Text]:
        """Return the rows of a match, each as one line, or as two if it is too long for one."""
        return [
            line
            for row, current in zip(rows, self._currents(rows), strict=True)
            for line in self._lines(row, current)
        ]

    def _lines(self, row: PriceRow, current: Text) -> list[Text]:
        early = self._early(row)
        if not current:
            return [early]
        room = self._width - early.cell_len - len(self._between) - current.cell_len
        if room < 0:
            return [early, Text(_INDENT_BELOW).append_text(current)]
        early.pad_right(min(room, max(0, self._bar_at - early.cell_len)))
        return [early.append(self._between, FAINT).append_text(current)]

    def _early(self, row: PriceRow) -> Text:
        text = Text(_MARGIN).append(row.label.ljust(_LABEL_CELLS), MARKET)
        text.append_text(self._columns.text(row.early or self._nothing))
        if row.early is not None and row.early.state == SUSPENDED:
            text.append(f" {SUSPENDED}", NOT_OPEN)
        return text

    def _currents(self, rows: Sequence[PriceRow]) -> list[Text]:
        """Return the current prices of a match, aligned with each other; empty for an unknown price."""
        columns = _Columns.fitting([row.current for row in rows if row.current is not None])
        return [Text() if row.current is None else _current(row.current, columns) for row in rows]


def _current(quote: Quote, columns: _Columns) -> Text:
    is_now = quote.state == NOW
    text = Text().append(quote.state.ljust(_STATE_CELLS), FAINT if is_now else NOT_OPEN)
    return text.append_text(columns.text(quote, CURRENT, LINE) if is_now else columns.text(quote))
