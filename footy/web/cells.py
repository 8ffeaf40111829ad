"""What the page shows of each match, as flat cells, and what changed in them. Pure."""

from collections.abc import Collection, Mapping
from typing import Any, TypedDict

from footy.outputs.record_values import price_state
from footy.record import MatchRecord, Snapshot
from footy.times import moment_text, unix_seconds
from footy.web.marks import Marked

FRESH_S = 90.0
"""Seconds up to which the oldest part of a record needs no mention: details are asked for once a minute."""

_TAKEN = (
    "match_id",
    "status_id",
    "status",
    "in_play",
    "minute",
    "clock",
    "kickoff_at",
    "period_started_at",
    "competition_id",
    "competition",
    "country",
    "home",
    "away",
    "home_score",
    "away_score",
    "home_score_ht",
    "away_score_ht",
    "home_score_et",
    "home_score_pens",
    "away_score_pens",
    "aggregate_home",
    "aggregate_away",
    "home_red_cards",
    "away_red_cards",
    "home_shots_on_target",
    "away_shots_on_target",
    "home_corners",
    "away_corners",
)
MARKETS: Mapping[str, tuple[str, str, str]] = {
    "money_line": ("home", "draw", "away"),
    "spread": ("line", "home", "away"),
    "over_under": ("line", "over", "under"),
}
"""The markets of the page, each with its three columns."""
_PRICES = tuple(
    f"{moment}_{market}_{part}"
    for market, columns in MARKETS.items()
    for moment in ("early", "current")
    for part in (*columns, "bookmaker", "minute")
)
_SCORES = tuple(f"current_{market}_score" for market in MARKETS)
_STATED = (*MARKETS, "corners")
"""The markets whose current prices are judged: corners are in the panel of a match alone."""
_STATES = tuple(f"current_{market}_state" for market in _STATED)

COLUMNS = (*_TAKEN, *_PRICES, *_SCORES, *_STATES, "old_since", "doubts", "alerts", "goals")
"""The cells of a match, in order. All but the last four and the states are fields of the record:

`current_…_state` is `now`, `suspended`, `old` or None; `old_since` when the oldest part of the record was
read, if that is too long ago; `doubts` what of the record is missing, old or made up; `alerts` and `goals`
what the log knows of them (see `marks.py`).
"""

_PARTS = {
    "live": "score and clock",
    "detail": "details",
    "odds": "odds",
    "home": "home team",
    "away": "away team",
    "competition": "competition",
    "country": "country",
}
_DOUBTFUL = frozenset({"missing", "stale", "mock", "partial"})

_NOTHING = Marked()

Cells = tuple[Any, ...]


class Changes(TypedDict, total=False):
    """What changed from one set of cells to the next; a key that is absent says that nothing did."""

    changed: dict[str, dict[str, Any]]
    """Match id to the cells that changed, by name."""
    added: list[Cells]
    """Whole cells of matches that were not there."""
    gone: list[str]
    order: list[str]
    """All match ids, if they are others or in another order."""


def cells(match: MatchRecord, published_at: float, max_age_s: float, marked: Marked | None) -> Cells:
    """Return the cells of a match.

    Args:
        match: The record.
        published_at: When the snapshot was published, Unix seconds.
        max_age_s: Seconds a price may be old and still be one of now.
        marked: What the log knows; None if there is no log.
    """
    record: Mapping[str, Any] = match
    states = [
        price_state(record, f"current_{market}", max_age_s)
        if record[f"current_{market}_bookmaker_id"] is not None
        else None
        for market in _STATED
    ]
    age = record["data_age_s"]
    return (
        *(record[name] for name in _TAKEN),
        *(record[name] for name in _PRICES),
        *(record[name] for name in _SCORES),
        *states,
        None if age < FRESH_S else moment_text(float(round(published_at - age))),
        [
            f"{words} {source}"
            for part, words in _PARTS.items()
            if (source := record[f"{part}_source"]) in _DOUBTFUL
        ],
        *((None, None) if marked is None else (marked.alerts, marked.goals)),
    )


def board(snapshot: Snapshot, max_age_s: float, marks: Mapping[str, Marked] | None) -> dict[str, Cells]:
    """Return the cells of every match, by id, in the snapshot's order; `marks` is None if there is no log."""
    published_at = unix_seconds(snapshot["meta"]["published_at"])
    return {
        match["match_id"]: cells(
            match, published_at, max_age_s, None if marks is None else marks.get(match["match_id"], _NOTHING)
        )
        for match in snapshot["matches"]
    }


def pushed(
    snapshot: Snapshot,
    before: Mapping[str, Cells],
    changed: Collection[str],
    max_age_s: float,
    marks: Mapping[str, Marked] | None,
) -> dict[str, Cells]:
    """Return the cells of every match, if only the records of some have changed since those before."""
    published_at = unix_seconds(snapshot["meta"]["published_at"])
    rows: dict[str, Cells] = {}
    for match in snapshot["matches"]:
        match_id = match["match_id"]
        marked = None if marks is None else marks.get(match_id, _NOTHING)
        row = None if match_id in changed else before.get(match_id)
        if row is None:
            row = cells(match, published_at, max_age_s, marked)
        else:
            known = (None, None) if marked is None else (marked.alerts, marked.goals)
            row = row if row[-2:] == known else (*row[:-2], *known)
        rows[match_id] = row
    return rows


def changes(before: Mapping[str, Cells], after: Mapping[str, Cells]) -> Changes:
    """Return the changes."""
    found: Changes = {}
    changed = {
        match_id: {
            name: new for name, old, new in zip(COLUMNS, before[match_id], row, strict=True) if old != new
        }
        for match_id, row in after.items()
        if match_id in before and before[match_id] is not row and before[match_id] != row
    }
    if changed:
        found["changed"] = changed
    if added := [row for match_id, row in after.items() if match_id not in before]:
        found["added"] = added
    if gone := [match_id for match_id in before if match_id not in after]:
        found["gone"] = gone
    if list(before) != list(after):
        found["order"] = list(after)
    return found


def applied(before: Mapping[str, Cells], found: Changes) -> dict[str, Cells]:
    """Return the cells after these changes, as a reader of `/api/live` makes them."""
    rows = dict(before)
    for match_id in found.get("gone", ()):
        del rows[match_id]
    for row in found.get("added", ()):
        rows[row[0]] = tuple(row)
    for match_id, values in found.get("changed", {}).items():
        rows[match_id] = tuple(
            values.get(name, old) for name, old in zip(COLUMNS, rows[match_id], strict=True)
        )
    return {match_id: rows[match_id] for match_id in found.get("order", rows)}
