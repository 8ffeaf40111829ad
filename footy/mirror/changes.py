"""Fold the changes of a feed into held values, and compare the result with a full read. Pure."""

from collections.abc import Iterable, Mapping

from footy.mirror.answers import OddsChanges
from footy.mirror.odds_book import MARKETS, KeyRows, OddsBook, fold, without
from footy.mirror.state import Held, Source, State
from footy.thesports.decoders import PriceChange, PriceChanges
from footy.thesports.models import Detail, OddsRow

GAP_MARGIN_S = 5.0
"""Seconds by which a feed is assumed to reach back less than its window."""
DETAIL_OVERLAP_S = 120
"""Seconds before the latest known change from which to request details: a vendor may publish a bit late."""
AHEAD_S = 300.0
"""Seconds that a price change may lie in the future; a later one would hide all others until then."""
REFOLDED_S = 30
"""Seconds before the latest known change from which to fold again: a vendor may publish a bit late."""


def covers(polled_at: float, fetched_at: float | None, window_s: float) -> bool:
    """Check whether a reply received at `polled_at` contains every change since a value was fetched."""
    return fetched_at is not None and polled_at - fetched_at <= window_s - GAP_MARGIN_S


def pending(updates: Mapping[str, int], announced: Mapping[str, tuple[int, bool]]) -> frozenset[str]:
    """Return the ids of matches with a change of odds since they were last read in full.

    Args:
        updates: The vendor's time of the newest change by match; 0 if unknown.
        announced: The same from earlier replies, and whether the match has been read in full since.
    """
    return frozenset(one for one, at in updates.items() if not at or announced.get(one) != (at, True))


def odds_changes(reply: PriceChanges, at: float) -> OddsChanges:
    """Return a reply of `odds/live`, which arrived at this time (Unix seconds), with its directions."""
    return OddsChanges(reply.listed, directions(reply.listed, at + AHEAD_S), reply.unreadable)


def directions(changes: Iterable[PriceChange], believed_until: float) -> frozenset[bool]:
    """Return the directions of the series in a reply: True for newest first, False for oldest first.

    A series is one match, bookmaker and market. Only two different times in one series show a direction, so
    the result may be empty. If it contains both directions, the reply contradicts itself.

    Args:
        changes: In the vendor's order.
        believed_until: Unix seconds; a later change, or one without a time, is ignored.
    """
    found: set[bool] = set()
    times: dict[tuple[str, int, str], int] = {}
    for change in changes:
        at = change.row.at
        if not 0 < at <= believed_until:
            continue
        series = change.match_id, change.bookmaker_id, change.market
        before = times.get(series)
        if at != before:
            times[series] = at
            if before is not None:
                found.add(at < before)
    return frozenset(found)


def lists_newest_first(found: frozenset[bool], known: bool | None) -> bool | None:
    """Return whether a reply lists the newest change of a series first; None if that is not known.

    A reply that shows no direction is assumed to have the known one. A reply that contradicts itself has
    none, and makes the known direction doubtful too.
    """
    if not found:
        return known
    return next(iter(found)) if len(found) == 1 else None


def by_match(changes: OddsChanges, before: State) -> dict[str, list[PriceChange]]:
    """Group changes by match, without those already folded.

    A change is already folded if the feed has reported it before and the match was up to date after the last
    reply. A match that was not updated then, or has no odds yet, gets every change of the reply.
    """
    feed = before.odds_feed
    watermark, polled_at = feed.latest - REFOLDED_S, feed.polled_at or 0.0
    behind = {one for one, match in before.matches.items() if (match.odds.fetched_at or 0.0) < polled_at}
    grouped: dict[str, list[PriceChange]] = {}
    for change in changes.listed:
        if change.row.at >= watermark or change.match_id in behind:
            grouped.setdefault(change.match_id, []).append(change)
    return grouped


def unordered(changes: OddsChanges, before: State) -> dict[str, int]:
    """Return the held matches with changes that only `odds/history` can put in order.

    They have different rows of one series with the same time, and the direction of the reply is unknown.
    The value is the vendor's time of the latest such rows.
    """
    if lists_newest_first(changes.directions, before.odds_feed.newest_first) is not None:
        return {}
    return {
        match_id: max(at for _, _, at in tied)
        for match_id, listed in by_match(changes, before).items()
        if match_id in before.matches and (tied := _tied(listed))
    }


def _tied(changes: Iterable[PriceChange]) -> set[tuple[int, str, int]]:
    """Return each bookmaker, market and time for which a match has several different rows."""
    first: dict[tuple[int, str, int], OddsRow] = {}
    tied = set()
    for change in changes:
        moment = change.bookmaker_id, change.market, change.row.at
        if first.setdefault(moment, change.row) != change.row:
            tied.add(moment)
    return tied


def with_changes(
    book: OddsBook, changes: list[PriceChange], early_window: tuple[int, int], *, newest_first: bool | None
) -> OddsBook:
    """Fold a reply's changes of one match into its odds, from the oldest to the newest.

    If the direction of the reply is unknown (None), rows of one series with the same time are left out.
    """
    if newest_first is None:
        tied = _tied(changes)
        changes = [one for one in changes if (one.bookmaker_id, one.market, one.row.at) not in tied]
    for change in reversed(changes) if newest_first else changes:
        book = fold(book, change.bookmaker_id, change.market, change.row, early_window)
    return book


def with_certain_changes(
    book: OddsBook,
    changes: list[PriceChange],
    early_window: tuple[int, int],
    *,
    newest_first: bool | None,
) -> OddsBook:
    """Fold a reply's changes of one match into a partial book; leave out what may not be the newest.

    If the direction of the reply is unknown (None), that is each series whose latest change shares its second
    with a different one. Nothing else is known of such a series: its older rows are not the newest either.
    """
    book = with_changes(book, changes, early_window, newest_first=newest_first)
    if newest_first is None:
        for bookmaker_id, market, at in _tied(changes):
            book = without(book, bookmaker_id, market, at)
    return book


def same_detail(held: Detail, full: Detail, watermark: int) -> bool | None:
    """Compare a detail updated by a feed with one read in full; None if they cannot be compared.

    A value of only one of them may be unreadable, or the feed may not have reported a change yet that is not
    older than its watermark.
    """
    if {*held.left_out} != {*full.left_out}:
        return None
    if (full.updated_at or 0) >= watermark and full.updated_at != held.updated_at:
        return None
    return held == full


def same_odds(held: OddsBook, settled: OddsBook, watermark: int) -> bool:
    """Compare odds updated by a feed with the settled rows of a full read.

    `settled` is the digest of the full reply's rows before `watermark`, in the vendor's time.
    """
    return all(
        _same_market(getattr(held, market), getattr(settled, market), watermark)
        for market in MARKETS.values()
    )


def any_rows(book: OddsBook) -> bool:
    """Check whether any market has a row."""
    return any(getattr(book, market) for market in MARKETS.values())


def _same_market(held: Mapping[int, KeyRows], settled: Mapping[int, KeyRows], watermark: int) -> bool:
    for bookmaker_id, full in settled.items():
        mine = held.get(bookmaker_id)
        if mine is None:
            return False
        for moment in ("newest", "early_open", "early_sealed"):
            row, should = getattr(mine, moment), getattr(full, moment)
            if row is not None and row.at >= watermark:
                continue
            if row != should:
                return False
    return all(bookmaker_id in settled or kept.newest.at >= watermark for bookmaker_id, kept in held.items())


def confirmed(held: Held[Detail], changed: Detail | None, at: float) -> Held[Detail]:
    """Return a detail after a feed's reply: changed, or confirmed unchanged."""
    return Held(changed if changed is not None else held.value, at, Source.FRESH)
