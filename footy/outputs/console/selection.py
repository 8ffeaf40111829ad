"""The matches that the console shows, and their order."""

import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from footy.outputs.console.options import ConsoleOptions, Sort
from footy.outputs.record_values import moment, number
from footy.record import MatchRecord

_SEARCHED = ("home", "home_short", "away", "away_short", "competition", "country")
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
"""Letters with a stroke or a ligature: Unicode does not take these apart into a letter and an accent."""
_OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "money_line": ("home", "draw", "away"),
    "spread": ("home", "away"),
    "over_under": ("over", "under"),
}


def selected(matches: Iterable[MatchRecord], options: ConsoleOptions) -> list[MatchRecord]:
    """Return the matches with a selected status that match the search, in the selected order."""
    wanted = fold(options.search)
    return in_order(
        (match for match in matches if match["status_id"] in options.statuses and _is_found(match, wanted)),
        options.sort,
    )


def fold(text: str) -> str:
    """Return the text without case, accents and repeated blanks, for the search."""
    letters = unicodedata.normalize("NFKD", text).casefold()
    parts = unicodedata.normalize("NFKD", letters).translate(_LETTERS)
    return " ".join("".join(part for part in parts if not unicodedata.combining(part)).split())


def _is_found(match: Mapping[str, object], wanted: str) -> bool:
    names = (match.get(field) for field in _SEARCHED) if wanted else ()
    return not wanted or any(isinstance(name, str) and wanted in fold(name) for name in names)


def in_order(matches: Iterable[MatchRecord], sort: Sort) -> list[MatchRecord]:
    """Return the matches by league, by kick-off or by price movement, largest first; unknown values last."""
    if sort == "kickoff":
        return sorted(
            matches, key=lambda match: (match["kickoff_at"] is None, match["kickoff_at"], *_place(match))
        )
    if sort == "movement":
        return sorted(matches, key=lambda match: (-(movement(match) or _UNKNOWN).points, *_place(match)))
    return sorted(matches, key=_place)


class Movement(NamedTuple):
    """The movement of a market's prices since the early ones."""

    points: float
    """Change of implied probability, in percentage points."""
    market: str


_UNKNOWN = Movement(-1.0, "")


def movement(match: Mapping[str, object]) -> Movement | None:
    """Return the largest change of implied probability (1 / decimal odds) from early to current.

    A main market counts if its current price is not older than the early one and has the same line: prices of
    different lines cannot be compared. None if no market counts.
    """
    moves = [
        Movement(100 * abs(1 / current - 1 / early), market)
        for market, outcomes in _OUTCOMES.items()
        if _can_be_compared(match, market)
        for outcome in outcomes
        if (early := number(match.get(f"early_{market}_{outcome}"))) is not None and early > 1
        if (current := number(match.get(f"current_{market}_{outcome}"))) is not None and current > 1
    ]
    return max(moves, default=None)


def _can_be_compared(match: Mapping[str, object], market: str) -> bool:
    early_at, current_at = (moment(match.get(f"{when}_{market}_at")) for when in ("early", "current"))
    if early_at is None or current_at is None or current_at < early_at:
        return False
    return match.get(f"early_{market}_line") == match.get(f"current_{market}_line")


def _place(match: MatchRecord) -> tuple[object, ...]:
    """Return the sort key: country, competition, status, kick-off and id; unknown values last."""
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
