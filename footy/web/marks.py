"""What the page marks: the goals of each match, cancelled ones too, and the newest events. Pure.

All of it comes from the log's events; differences between snapshots are not events.
"""

from collections import deque
from collections.abc import Mapping
from typing import Any

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
TYPES = tuple(dict.fromkeys((*GOAL_TYPES, *LATEST_TYPES)))
"""Types of events that marks are made from."""
KEPT_LATEST = 30

_LATEST_FIELDS = (
    "match_id", "home", "away", "competition", "clock", "minute", "side", "player", "kind", "before", "after",
    "score", "cause", "seen_at", "late",
)  # fmt: skip


class Marks:
    """Collects what is marked, event by event in the log's order. For one thread."""

    def __init__(self) -> None:
        self._goals: dict[str, dict[str, dict[str, Any]]] = {}
        """By match: goal event id to what is said of it."""
        self._latest: deque[dict[str, Any]] = deque(maxlen=KEPT_LATEST)
        self._views: dict[str, tuple[dict[str, Any], ...]] = {}

    def take(self, event: StoredEvent) -> bool:
        """Take one event; return whether it changed anything."""
        if event.type not in TYPES or event.match_id is None:
            return False
        data: dict[str, Any] = msgspec.json.decode(event.data)
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
        self._views.pop(event.match_id, None)
        if event.type != "goal_detail":
            said = {key: data.get(key) for key in _LATEST_FIELDS}
            self._latest.append({"id": event.id, "type": event.type, **said})
        return True

    def _complete(self, goals: dict[str, dict[str, Any]], data: Mapping[str, Any]) -> None:
        """Add what has become known of a goal."""
        known = {"player": data["player"], "kind": data["kind"]}
        self._set(goals, data["relates"], **known)
        for one in self._latest:
            if one["id"] == data["relates"]:
                one.update(known)

    @staticmethod
    def _set(goals: dict[str, dict[str, Any]], goal_id: str | None, **values: object) -> None:
        if goal_id in goals:
            goals[goal_id] = {**goals[goal_id], **values}

    def goals(self) -> Mapping[str, tuple[dict[str, Any], ...]]:
        """Return the goals of every match, cancelled ones too, oldest first."""
        for match_id in self._goals.keys() - self._views.keys():
            self._views[match_id] = tuple(self._goals[match_id].values())
        return dict(self._views)

    def latest(self) -> list[dict[str, Any]]:
        """Return the newest events, newest first."""
        return [dict(one) for one in reversed(self._latest)]

    def keep(self, match_ids: set[str]) -> None:
        """Forget the goals of all other matches."""
        for match_id in self._goals.keys() - match_ids:
            del self._goals[match_id]
            self._views.pop(match_id, None)


def _goal(goal_id: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page says of a goal (`contract.Goal`)."""
    taken = ("side", "minute", "player", "kind", "seen_at", "late")
    return {
        "id": goal_id,
        **{key: data[key] for key in taken},
        "score": data["after"],
        "cancelled_at": None,
        "cause": None,
    }
