"""Folding what feeds of changes say into what is held, and comparing it with what was read in full. Pure."""

from collections.abc import Iterable, Mapping

from footy.pipeline.board import Held, Source
from footy.pipeline.prices import MARKETS, Kept, Quotes, fold
from footy.thesports.client import PriceChange
from footy.thesports.payloads import Detail

GAP_MARGIN_S = 5.0
"""A feed of the last minute is taken to reach back this much less."""
DETAIL_OVERLAP_S = 120
"""Details are asked for from this much before the latest change seen: a vendor may publish a little late."""


def covers(heard_at: float, fetched_at: float | None, window_s: float) -> bool:
    """Tell whether a reply heard at one time tells of every change since a value was fetched."""
    return fetched_at is not None and heard_at - fetched_at <= window_s - GAP_MARGIN_S


def unread(updates: Mapping[str, int], told: Mapping[str, tuple[int, bool]]) -> frozenset[str]:
    """Name the matches with a change of odds since they were last read in full.

    Args:
        updates: The vendor's time of the newest change by match, 0 where it is not told.
        told: What was told before: that time, and whether the match has been read in full since.
    """
    return frozenset(one for one, at in updates.items() if not at or told.get(one) != (at, True))


def by_match(changes: Iterable[PriceChange], settled_before: int) -> dict[str, list[PriceChange]]:
    """Group changes by match, leaving out those that a feed without a gap has told of before."""
    grouped: dict[str, list[PriceChange]] = {}
    for change in changes:
        if change.row.at >= settled_before:
            grouped.setdefault(change.match_id, []).append(change)
    return grouped


def with_changes(quotes: Quotes, changes: list[PriceChange], early_window: tuple[int, int]) -> Quotes:
    """Fold a reply's changes of one match into its quotes.

    The feed lists the newest first, and among equal times the first listed is the newest; so they are folded
    from the last to the first.
    """
    for change in reversed(changes):
        quotes = fold(quotes, change.bookmaker_id, change.market, change.row, early_window)
    return quotes


def same_detail(held: Detail, full: Detail, settled_before: int) -> bool | None:
    """Compare a detail that a feed made with one read in full; None where they cannot be compared.

    A change that is not older than the feed's latest may not have been told of yet.
    """
    if (full.updated_at or 0) >= settled_before and full.updated_at != held.updated_at:
        return None
    return held == full


def same_quotes(held: Quotes, settled: Quotes, settled_before: int) -> bool:
    """Compare quotes that a feed made with those of the rows read in full that are settled.

    `settled` is the digest of the full reply's rows before `settled_before`, the vendor's time.
    """
    return all(
        _same_market(getattr(held, market), getattr(settled, market), settled_before)
        for market in MARKETS.values()
    )


def any_rows(quotes: Quotes) -> bool:
    """Tell whether there is a row in any market."""
    return any(getattr(quotes, market) for market in MARKETS.values())


def _same_market(held: Mapping[int, Kept], settled: Mapping[int, Kept], settled_before: int) -> bool:
    for bookmaker_id, full in settled.items():
        mine = held.get(bookmaker_id)
        if mine is None:
            return False
        for moment in ("newest", "early_open", "early_sealed"):
            row, should = getattr(mine, moment), getattr(full, moment)
            if row is not None and row.at >= settled_before:
                continue
            if row != should:
                return False
    return all(
        bookmaker_id in settled or kept.newest.at >= settled_before for bookmaker_id, kept in held.items()
    )


def confirmed(held: Held[Detail], changed: Detail | None, at: float) -> Held[Detail]:
    """Give a detail after a feed's reply: changed, or known unchanged."""
    return Held(changed if changed is not None else held.value, at, Source.FRESH)
