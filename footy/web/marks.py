"""What the page marks: goals of each match, cancelled ones too, its alerts, and the newest events. Pure.

All of it comes from the log's events; differences between snapshots are not events.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from footy.history.log import StoredEvent

GOAL_TYPES = ("goal", "goal_detail", "goal_cancelled", "score_corrected")
LATEST_TYPES = (
    "goal",
    "goal_detail",
    "goal_cancelled",
    "score_corrected",
    "red",
    "second_yellow",
    "full_time",
)
ALERT_TYPES = ("alert", "alert_settled")
TYPES = tuple(dict.fromkeys((*GOAL_TYPES, *LATEST_TYPES, *ALERT_TYPES)))
"""Types of events that marks are made from."""
KEPT_LATEST = 30

_LATEST_FIELDS = (
    "match_id", "home", "away", "competition", "clock", "minute", "side", "player", "kind", "before", "after",
    "score", "cause", "seen_at", "late",
)  # fmt: skip


class Marked(NamedTuple):
    """What is marked of a match."""

    goals: Sequence[Mapping[str, Any]] = ()
    """`contract.Goal`, oldest first."""
    alerts: Sequence[Mapping[str, Any]] = ()
    """`contract.AlertMark`, oldest first."""


class Marks:
    """Collects what is marked, event by event in the log's order. For one thread."""

    def __init__(self) -> None:
        self._goals: dict[str, dict[str, dict[str, Any]]] = {}
        """By match: goal event id to what is said of it."""
        self._alerts: dict[str, dict[str, dict[str, Any]]] = {}
        """By match: alert event id to what is said of it."""
        self._latest: deque[dict[str, Any]] = deque(maxlen=KEPT_LATEST)
        self._views: dict[str, Marked] = {}

    def take(self, event: StoredEvent) -> bool:
        """Take one event; return whether it changed anything."""
        if event.type not in TYPES or event.match_id is None:
            return False
        data: dict[str, Any] = msgspec.json.decode(event.data)
        self._views.pop(event.match_id, None)
        if event.type in ALERT_TYPES:
            self._take_alert(event, event.match_id, data)
            return True
        goals = self._goals.setdefault(event.match_id, {})
        if event.type == "goal":
            goals[event.id] = _goal(event.id, data)
        elif event.type == "goal_detail":
            self._complete(goals, data)
        elif event.type == "goal_cancelled":
            self._set(goals, data["relates"], cancelled_at=data["seen_at"], cause=data["cause"])
        elif event.type == "score_corrected":
            for removed in data["removed"]:
                self._set(goals, removed, cancelled_at=data["seen_at"])
        if event.type != "goal_detail":
            said = {key: data.get(key) for key in _LATEST_FIELDS}
            self._latest.append({"id": event.id, "type": event.type, **said})
        return True

    def _take_alert(self, event: StoredEvent, match_id: str, data: Mapping[str, Any]) -> None:
        if event.type == "alert":
            said = {"id": event.id, "rule": data["rule"], "seen_at": data["seen_at"], "outcome": None}
            self._alerts.setdefault(match_id, {})[event.id] = said
        elif match_id in self._alerts:  # else it fired before what marks are made from
            self._set(self._alerts[match_id], data["relates"], outcome=data["outcome"])

    def _complete(self, goals: dict[str, dict[str, Any]], data: Mapping[str, Any]) -> None:
        """Add what has become known of a goal."""
        known = {"player": data["player"], "kind": data["kind"]}
        self._set(goals, data["relates"], **known)
        for one in self._latest:
            if one["id"] == data["relates"]:
                one.update(known)

    @staticmethod
    def _set(marks: dict[str, dict[str, Any]], event_id: str | None, **values: object) -> None:
        if event_id in marks:
            marks[event_id] = {**marks[event_id], **values}

    def of_matches(self) -> Mapping[str, Marked]:
        """Return the marks of every match that has one."""
        for match_id in (self._goals.keys() | self._alerts.keys()) - self._views.keys():
            found = (held.get(match_id, {}) for held in (self._goals, self._alerts))
            self._views[match_id] = Marked(*(tuple(one.values()) for one in found))
        return dict(self._views)

    def latest(self) -> list[dict[str, Any]]:
        """Return the newest events, newest first."""
        return [dict(one) for one in reversed(self._latest)]

    def keep(self, match_ids: set[str]) -> None:
        """Forget the marks of all other matches."""
        for match_id in (self._goals.keys() | self._alerts.keys()) - match_ids:
            self._goals.pop(match_id, None)
            self._alerts.pop(match_id, None)
            self._views.pop(match_id, None)


def _goal(goal_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a goal as the page shows it (`contract.Goal`)."""
    taken = ("side", "minute", "player", "kind", "seen_at", "late")
    return {
        "id": goal_id,
        **{key: data[key] for key in taken},
        "score": data["after"],
        "cancelled_at": None,
        "cause": None,
    }
