"""Compares the times of changes in the world with their first appearance in the snapshot file."""

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from thesports_simulator.world.match import Match
from thesports_simulator.world.odds import Series
from thesports_simulator.world.world import World

GOALS, LIVE, PRICES, DETAILS = "goals", "score, status, cards, corners", "prices", "details"
KINDS = (GOALS, LIVE, PRICES, DETAILS)
MARKETS = {"money_line": "eu", "spread": "asia", "over_under": "bs", "corners": "cr"}

Shown = tuple[Any, ...]


@dataclass(slots=True)
class _Followed:
    """The state of one match: the times up to which the world was read, and the unpublished changes."""

    live_at: int
    live: Shown
    detail_at: int
    unseen_live: list[tuple[int, Shown]] = field(default_factory=list)
    unseen_details: list[int] = field(default_factory=list)
    prices: dict[str, tuple[int, float]] = field(default_factory=dict)
    """The bookmaker shown and the time of its price, by market."""


class Watcher:
    """Compares each snapshot with the world; all times are the server's.

    A change counts as published with the first snapshot that shows it or a later change. So a change that was
    replaced before it was published waits as long as the one that replaced it.
    """

    def __init__(self, world: World, latency: float) -> None:
        self._world = world
        self._latency = latency
        self._followed: dict[str, _Followed] = {}
        self.waits: dict[str, list[float]] = {kind: [] for kind in KINDS}
        """Seconds from change to publication, by kind."""
        self.compared = 0
        """The number of prices compared with the world's."""
        self.wrong: list[str] = []
        """Prices that are not the newest of their second, a sentence each."""

    def see(self, snapshot: Mapping[str, Any], now: float) -> None:
        """Compare a new snapshot with the world; ignore all before the first complete one."""
        if not self._followed and not snapshot["meta"]["complete"]:
            return
        records = {record["match_id"]: record for record in snapshot["matches"]}
        self._followed = {key: one for key, one in self._followed.items() if key in records}
        for match_id, record in records.items():
            fetched_at, detail_at = seconds(record["fetched_at"]), seconds(record["detail_fetched_at"])
            match = self._world.match(match_id, int(fetched_at))
            if match is None or not detail_at:
                continue
            followed = self._followed.get(match_id)
            if followed is None:
                followed = _Followed(int(fetched_at), shown(record), int(detail_at))
                self._followed[match_id] = followed
            else:
                self._see_live(followed, match, record, now)
                self._see_detail(followed, match, detail_at, now)
            self._see_prices(followed, match, record, now)

    def _see_live(self, followed: _Followed, match: Match, record: Mapping[str, Any], now: float) -> None:
        before = followed.unseen_live[-1][1] if followed.unseen_live else followed.live
        until = int(seconds(record["fetched_at"]))
        for at in _changes(match.live_until, followed.live_at, until):
            value = true(match.live_element(at))
            if value != before:
                followed.unseen_live.append((at, value))
                before = value
        followed.live_at = max(followed.live_at, until)
        published_value = shown(record)
        places = [place for place, (_, value) in enumerate(followed.unseen_live) if value == published_value]
        if not places:
            return
        published = followed.unseen_live[: places[-1] + 1]
        del followed.unseen_live[: places[-1] + 1]
        for at, value in published:
            self.waits[LIVE].append(now - at)
            if value[:2] != followed.live[:2]:
                self.waits[GOALS].append(now - at)
            followed.live = value

    def _see_detail(self, followed: _Followed, match: Match, detail_at: float, now: float) -> None:
        followed.unseen_details += _changes(match.row_until, followed.detail_at, int(detail_at))
        followed.detail_at = max(followed.detail_at, int(detail_at))
        # A detail requested after the change shows it.
        published = [at for at in followed.unseen_details if at <= detail_at - self._latency]
        self.waits[DETAILS] += [now - at for at in published]
        del followed.unseen_details[: len(published)]

    def _see_prices(self, followed: _Followed, match: Match, record: Mapping[str, Any], now: float) -> None:
        for market, theirs in MARKETS.items():
            bookmaker, made_at = (record[f"current_{market}_{part}"] for part in ("bookmaker_id", "at"))
            if bookmaker is None or made_at is None:
                followed.prices.pop(market, None)
                continue
            at = seconds(made_at)
            before = followed.prices.get(market)
            followed.prices[market] = bookmaker, at
            for series in self._world.odds_of(match).series:
                if series.company != bookmaker or series.market != theirs:
                    continue
                self._compare(series, int(at), market, record)
                if before is not None and before[0] == bookmaker:
                    first, last = bisect_right(series.times, before[1]), bisect_right(series.times, at)
                    self.waits[PRICES] += [now - time for time in series.times[first:last]]

    def _compare(self, series: Series, at: int, market: str, record: Mapping[str, Any]) -> None:
        """Compare a price with the newest that its bookmaker made in that second."""
        newest = msgspec.json.decode(series.until(at).partition(b"],")[0].rstrip(b"]") + b"]")
        stake = market != "money_line"  # the vendor leaves the stake out of all other prices
        true = [round(price + stake, 4) if price > 0 else None for price in (newest[2], newest[4])]
        names = ("over", "under") if market in {"over_under", "corners"} else ("home", "away")
        printed = [record[f"current_{market}_{name}"] for name in names]
        self.compared += 1
        if [*printed, record[f"current_{market}_sealed"]] != [*true, bool(newest[6])]:
            self.wrong.append(f"{record['match_id']} {market} of {series.company}: {printed}, but {newest}")


def shown(record: Mapping[str, Any]) -> Shown:
    """Return a record's values of the live list, the score first."""
    sides = ("home", "away")
    scores = [record[f"{side}_score"] for side in sides]
    counts = [record[f"{side}_{what}"] for side in sides for what in ("red_cards", "yellow_cards", "corners")]
    return (*scores, record["status_id"], *counts)


def true(element: Mapping[str, Any]) -> Shown:
    """Return the same values of a live element; after 90 minutes the score is that of extra time."""
    status, home, away = element["score"][1:4]
    scores = [side[5] or side[0] for side in (home, away)]
    counts = [None if count < 0 else count for side in (home, away) for count in side[2:5]]
    return (*scores, status, *counts)


def seconds(text: str | None) -> float:
    """Return a record's time in Unix seconds; 0 if there is none."""
    return dt.datetime.fromisoformat(text).timestamp() if text else 0.0


def _changes(until: Any, after: int, last: int) -> Iterator[int]:
    """Yield the times later than `after` and up to `last` at which something changed."""
    at = after
    while (at := until(at)) <= last:
        yield at
