"""The prices of a match as rows of the board: early beside newest, in aligned columns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rich.style import Style

from footy.outputs.record_values import moment, number
from footy.outputs.styles import FAINT, LINE, STRONG, SUSPENDED
from footy.outputs.terminal_text import HARD_SPACE, Piece, Script, hard, pad, pad_left

OddsFormat = Literal["american", "decimal", "hongkong"]

MARKETS: Mapping[str, tuple[str, tuple[str, str, str]]] = {
    "money_line": ("ML", ("home", "draw", "away")),
    "spread": ("Spread", ("home", "line", "away")),
    "over_under": ("O/U", ("over", "line", "under")),
    "corners": ("Corners", ("over", "line", "under")),
}
"""Market in the record's names → its label and its three columns."""

_DECIMAL_PLACES = 4
_WIDEST_PRICE = 5
_WIDEST_TAIL = 12


def price_text(match: Mapping[str, object], field: str, odds_format: OddsFormat, unknown: str) -> str:
    """Return the price in `field` (decimal, with its American twin) as bettors of the format write it."""
    if odds_format == "american":
        american = number(match.get(f"{field}_american"))
        return unknown if american is None else f"{american:+.0f}"
    decimal = number(match.get(field))
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
    """Return the value with at least so many decimals, and up to four where it has them."""
    text = f"{value:.{_DECIMAL_PLACES}f}"
    whole, decimals = text.split(".")
    return f"{whole}.{decimals.rstrip('0').ljust(places, '0')}"


@dataclass(frozen=True, slots=True)
class Quote:
    """One market of one bookmaker at one moment, as texts."""

    cells: tuple[str, str, str]
    has_line: bool
    when: str
    bookmaker: str
    sealed: bool
    outdated: bool = False
    """Of a match in play, and made before kick-off or too long ago."""


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A market of a match: what was quoted early and what is the newest."""

    label: str
    early: Quote | None
    current: Quote | None


@dataclass(frozen=True, slots=True)
class Columns:
    """How many cells each column of the board takes, the same for every match."""

    early: tuple[int, int, int]
    early_when: int
    early_tail: int
    current: tuple[int, int, int]
    current_when: int

    @classmethod
    def fitting(cls, rows: Sequence[PriceRow]) -> "Columns":
        """Return the narrowest columns for these rows; a few very wide cells may stand out of theirs."""
        early = [row.early for row in rows if row.early is not None]
        current = [row.current for row in rows if row.current is not None]
        return cls(
            early=_widths(early),
            early_when=max((len(quote.when) for quote in early), default=0),
            early_tail=min(_WIDEST_TAIL, max((_tail_width(quote) for quote in early), default=0)),
            current=_widths(current),
            current_when=max((len(quote.when) for quote in current), default=0),
        )

    @property
    def early_cells(self) -> int:
        """How many cells a row's early half takes, with the blanks between."""
        return sum(self.early) + 2 + 1 + self.early_when + 1 + self.early_tail


def _widths(quotes: Iterable[Quote]) -> tuple[int, int, int]:
    first = second = third = 1
    for quote in quotes:
        first = max(first, len(quote.cells[0]))
        second = max(second, len(quote.cells[1]))
        third = max(third, len(quote.cells[2]))
    return min(first, _WIDEST_PRICE), min(second, _WIDEST_PRICE), min(third, _WIDEST_PRICE)


def _tail_width(quote: Quote) -> int:
    return len(quote.bookmaker) + (len(" susp") if quote.sealed else 0)


def rows_of(
    match: Mapping[str, object],
    *,
    markets: Iterable[str],
    odds_format: OddsFormat,
    max_age_s: float,
    script: Script,
) -> list[PriceRow]:
    """Return a row for each market of which anything is known; a price in play is old after `max_age_s`."""
    rows = []
    for market in markets:
        label, columns = MARKETS[market]
        early = _quote(match, f"early_{market}", columns, odds_format, script)
        current = _quote(match, f"current_{market}", columns, odds_format, script)
        if current is not None and _is_old(match, f"current_{market}", max_age_s):
            current = replace(current, outdated=True)
        if early is not None or current is not None:
            rows.append(PriceRow(label, early, current))
    return rows


def _quote(
    match: Mapping[str, object],
    prefix: str,
    columns: tuple[str, str, str],
    odds_format: OddsFormat,
    script: Script,
) -> Quote | None:
    if match.get(f"{prefix}_bookmaker_id") is None and match.get(f"{prefix}_at") is None:
        return None
    first, second, third = (
        line_text(number(match.get(f"{prefix}_line")), signed=prefix.endswith("spread"), unknown=script.dash)
        if column == "line"
        else price_text(match, f"{prefix}_{column}", odds_format, script.dash)
        for column in columns
    )
    bookmaker = match.get(f"{prefix}_bookmaker")
    name = script.clean(bookmaker) if isinstance(bookmaker, str) else ""
    minute = number(match.get(f"{prefix}_minute"))
    in_play = match.get(f"{prefix}_in_play") is True
    return Quote(
        cells=(first, second, third),
        has_line="line" in columns,
        when=f"@{minute:.0f}'" if minute is not None else f"@{script.dash}" if in_play else "@pre",
        bookmaker=name or "?",
        sealed=match.get(f"{prefix}_sealed") is True,
    )


def _is_old(match: Mapping[str, object], prefix: str, max_age_s: float) -> bool:
    if match.get("in_play") is not True:
        return False
    made_at, arrived_at = moment(match.get(f"{prefix}_at")), moment(match.get("odds_fetched_at"))
    too_long_ago = (
        made_at is not None and arrived_at is not None and (arrived_at - made_at).total_seconds() > max_age_s
    )
    return too_long_ago or match.get(f"{prefix}_in_play") is not True


def early_pieces(row: PriceRow, columns: Columns, script: Script) -> list[Piece]:
    """Return the early half of a row, padded to its columns; dashes where nothing was quoted then."""
    if row.early is None:
        dashes = [pad_left(script.dash, width) for width in columns.early]
        return [(pad(" ".join(dashes), columns.early_cells), FAINT)]
    pieces = _quote_pieces(row.early, columns.early, columns.early_when, STRONG)
    pieces.append((" " + hard(row.early.bookmaker), FAINT))
    if row.early.sealed:
        pieces.append((f"{HARD_SPACE}susp", SUSPENDED))
    pieces.append((" " * (columns.early_tail - _tail_width(row.early)), None))
    return pieces


def current_pieces(row: PriceRow, columns: Columns, *, name_all: bool) -> list[Piece]:
    """Return the newest half of a row; its bookmaker named where the early one is another, or `name_all`."""
    if row.current is None:
        return []
    quote = row.current
    if quote.sealed:
        label = ("susp ", SUSPENDED)
    else:
        label = ("last ", SUSPENDED) if quote.outdated else ("now  ", FAINT)
    pieces = [label, *_quote_pieces(quote, columns.current, columns.current_when, None)]
    if name_all or row.early is None or row.early.bookmaker != quote.bookmaker:
        pieces.append((" " + hard(quote.bookmaker), FAINT))
    return pieces


def _quote_pieces(quote: Quote, widths: tuple[int, int, int], when: int, price: Style | None) -> list[Piece]:
    first, second, third = (pad_left(cell, width) for cell, width in zip(quote.cells, widths, strict=True))
    minute = pad(quote.when, when)
    middle = LINE if quote.has_line else price
    return [(f"{first} ", price), (f"{second} ", middle), (f"{third} ", price), (minute, FAINT)]
