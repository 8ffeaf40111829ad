"""Prices: of the rows that an odds book holds, the two that a record shows of each market."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from math import inf

import msgspec

from footy.mirror.odds_book import KeyRows, OddsBook, minute_of
from footy.thesports.codes import BOOKMAKERS, IN_PLAY
from footy.thesports.models import OddsRow
from footy.times import second_text

_SCORE = re.compile(r"\s*([0-9]{1,3})\s*-\s*([0-9]{1,3})\s*")
_LARGEST = 2**63 - 1

Score = tuple[int | None, int | None]
"""Home and away; None if not known."""


@dataclass(frozen=True, slots=True)
class PriceRules:
    """The operator's rules for choosing prices."""

    bookmakers: tuple[int, ...]
    """Bookmaker ids in order of preference; all others follow by number."""
    early_window: tuple[int, int]
    """First and last minute of play of the early price, both included."""
    max_age_s: float
    """Greatest age of a current price in seconds, when the odds arrived."""


@lru_cache(maxsize=1024)
def score_of(text: str) -> tuple[int, int] | None:
    """Return the home and away score of a row, written `"1-0"`; None for a text that is no score."""
    found = _SCORE.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else None


class Choice(msgspec.Struct, frozen=True):
    """The row chosen for a market at one moment, and its bookmaker."""

    bookmaker_id: int
    row: OddsRow
    until: float = inf
    """For a current price: the choice stays the same if the same odds arrive again up to this time."""


def _in_order(market: Mapping[int, KeyRows], bookmakers: tuple[int, ...]) -> Iterator[tuple[int, KeyRows]]:
    for bookmaker_id in bookmakers:
        kept = market.get(bookmaker_id)
        if kept is not None:
            yield bookmaker_id, kept
    for bookmaker_id in sorted(market.keys() - bookmakers):
        yield bookmaker_id, market[bookmaker_id]


def choose_early(market: Mapping[int, KeyRows], rules: PriceRules) -> Choice | None:
    """Return the early price: of the first bookmaker in order with an open one, else with a suspended one."""
    sealed: Choice | None = None
    for bookmaker_id, kept in _in_order(market, rules.bookmakers):
        if kept.early_open is not None:
            return Choice(bookmaker_id, kept.early_open)
        if sealed is None and kept.early_sealed is not None:
            sealed = Choice(bookmaker_id, kept.early_sealed)
    return sealed


def choose_current(
    market: Mapping[int, KeyRows],
    rules: PriceRules,
    *,
    in_play: bool,
    score: Score | None,
    arrived_at: float,
    whole: bool = True,
) -> Choice | None:
    """Return the current price: of the first bookmaker in order with a good one, else the newest.

    A bookmaker's newest row is good if it is open and young enough when the odds arrived. If the match is in
    play, the row must also be made in play and at the score shown: after a goal the quick bookmakers suspend,
    and a slow bookmaker still shows its price from before the goal.

    Args:
        market: The rows of one market.
        rules: The order of bookmakers and the greatest age.
        in_play: Whether the match is in play.
        score: The score that the record shows; None for a market whose rows do not hold goals.
        arrived_at: Unix seconds by the vendor's clock, infinite if not known.
        whole: Whether all bookmakers' rows are known. If not, and none is good, no price is known: another
            bookmaker may have a good one, so it cannot be said that the market is suspended.
    """
    newest: Choice | None = None
    for bookmaker_id, kept in _in_order(market, rules.bookmakers):
        row = kept.newest
        if (
            not row.sealed
            and row.at >= arrived_at - rules.max_age_s
            and (
                not in_play or (row.status_id in IN_PLAY and (score is None or score_of(row.score) == score))
            )
        ):
            return Choice(bookmaker_id, row, min(row.at, _LARGEST) + rules.max_age_s)
        if newest is None or row.at > newest.row.at:
            newest = Choice(bookmaker_id, row)
    return newest if whole else None


def is_outdated(row: OddsRow, score: Score) -> bool | None:
    """Check whether a row was made in play at another score than this; None if either score is unknown."""
    made_at = score_of(row.score)
    if made_at is None or None in score:
        return None
    return row.status_id in IN_PLAY and made_at != score


def decimal_odds(price: float, *, hong_kong: bool) -> float | None:
    """Return a vendor's price as decimal odds, stake included; None for 0 and less, which is no price."""
    if not price > 0:
        return None
    return round(price + 1, 4) if hong_kong else price


@lru_cache(maxsize=1024)
def american_odds(decimal: float | None) -> int | None:
    """Return decimal odds as American ones, rounded half away from zero; None for 1.0 and less.

    From 2.0 on, American odds are the winnings of a stake of 100. Below 2.0, they are the stake that wins
    100, negative. Computed in decimals: 1.32 is exactly -312.5, hence -313.
    """
    if decimal is None or not decimal > 1:
        return None
    winnings = Decimal(repr(decimal)) - 1
    exact = winnings * 100 if winnings >= 1 else -100 / winnings
    if abs(exact) > _LARGEST:
        return None
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP))


_OUTCOMES: Mapping[str, tuple[str, str, str]] = {
    "money_line": ("home", "draw", "away"),
    "spread": ("home", "line", "away"),
    "over_under": ("over", "line", "under"),
    "corners": ("over", "line", "under"),
}


def _names(moment: str, market: str) -> tuple[str, ...]:
    outcomes = _OUTCOMES[market]
    american = tuple(f"{outcome}_american" for outcome in outcomes if outcome != "line")
    row = ("bookmaker_id", "bookmaker", "minute", "at", "sealed", "in_play", "score")
    return tuple(f"{moment}_{market}_{name}" for name in (*outcomes, *american, *row))


_EARLY = {market: _names("early", market) for market in _OUTCOMES}
_CURRENT = {market: _names("current", market) for market in _OUTCOMES}
_OUTDATED = {market: f"current_{market}_outdated" for market in _OUTCOMES if market != "corners"}
"""The markets whose rows hold the goals; rows of the corners market hold corners."""


def _score_text(text: str) -> str | None:
    score = score_of(text)
    return None if score is None else f"{score[0]}-{score[1]}"


def _values(market: str, choice: Choice) -> tuple[object, ...]:
    row = choice.row
    of_row = (
        choice.bookmaker_id,
        BOOKMAKERS.get(choice.bookmaker_id),
        minute_of(row.minute),
        second_text(row.at),
        bool(row.sealed),
        row.status_id in IN_PLAY,
        _score_text(row.score),
    )
    if market == "money_line":
        decimals = [decimal_odds(price, hong_kong=False) for price in (row.first, row.line, row.last)]
        return *decimals, *map(american_odds, decimals), *of_row
    first = decimal_odds(row.first, hong_kong=True)
    last = decimal_odds(row.last, hong_kong=True)
    # Subtracting from or adding 0.0 leaves no -0.0.
    line = 0.0 - row.line if market == "spread" else row.line + 0.0
    return first, line, last, american_odds(first), american_odds(last), *of_row


def _fields(names: tuple[str, ...], market: str, choice: Choice | None) -> dict[str, object]:
    if choice is None:
        return dict.fromkeys(names)
    return dict(zip(names, _values(market, choice), strict=True))


def early_fields(book: OddsBook | None, rules: PriceRules) -> dict[str, object]:
    """Return the record's `early_…` fields of all markets; all None without odds, or with partial ones.

    The choice of an early price needs all rows of the window, of all bookmakers.
    """
    fields: dict[str, object] = {}
    for market, names in _EARLY.items():
        choice = None if book is None or book.partial else choose_early(getattr(book, market), rules)
        fields |= _fields(names, market, choice)
    return fields


def current_fields(
    book: OddsBook | None, rules: PriceRules, *, in_play: bool, score: Score, arrived_at: float
) -> tuple[dict[str, object], float]:
    """Return the record's `current_…` fields of all markets, and the time until which they hold.

    `score` is the one that the record shows. Up to that time (Unix seconds), the same odds, `in_play` and
    `score` give the same rows.
    """
    fields: dict[str, object] = {}
    until = inf
    for market, names in _CURRENT.items():
        goals = score if market in _OUTDATED else None
        choice = None
        if book is not None:
            choice = choose_current(
                getattr(book, market),
                rules,
                in_play=in_play,
                score=goals,
                arrived_at=arrived_at,
                whole=not book.partial,
            )
        if choice is not None:
            until = min(until, choice.until)
        fields |= _fields(names, market, choice)
        if goals is not None:
            fields[_OUTDATED[market]] = None if choice is None else is_outdated(choice.row, goals)
    return fields, until
