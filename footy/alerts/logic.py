"""What conditions are made of: functions of a scene that return a value, or None for unknown.

`and`, `or` and `not` follow Kleene's logic.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Scope = Literal["record", "event", "then"]
Run = Callable[["Scene"], Any]


@dataclass(slots=True)
class Scene:
    """What a condition is evaluated on."""

    record: Mapping[str, Any]
    """The record's fields; one that is missing is unknown."""
    event: Mapping[str, Any] = field(default_factory=dict)
    """An event's fields (`fields.event_fields`); empty for rules over records."""
    then: Mapping[str, Any] = field(default_factory=dict)
    """The record's fields when the alert fired."""
    is_open: bool = False
    """Whether a missing field may have any value; then unknown is what may be true or not."""


def getter(scope: Scope, name: str) -> Run:
    """Return the value of a field."""
    if scope == "record":
        return lambda scene: scene.record.get(name)
    if scope == "event":
        return lambda scene: scene.event.get(name)
    return lambda scene: scene.then.get(name)


def all_of(runs: Sequence[Run]) -> Run:
    """Return `and` of conditions: false if one is, else unknown if one is."""

    def run(scene: Scene) -> bool | None:
        outcome: bool | None = True
        for one in runs:
            found = one(scene)
            if found is False:
                return False
            if found is None:
                outcome = None
        return outcome

    return run


def any_of(runs: Sequence[Run]) -> Run:
    """Return `or` of conditions: true if one is, else unknown if one is."""

    def run(scene: Scene) -> bool | None:
        outcome: bool | None = False
        for one in runs:
            found = one(scene)
            if found is True:
                return True
            if found is None:
                outcome = None
        return outcome

    return run


def negation(inner: Run) -> Run:
    """Return `not` of a condition."""

    def run(scene: Scene) -> bool | None:
        found = inner(scene)
        return None if found is None else not found

    return run


def is_null(inner: Run) -> Run:
    """Return whether a value is unknown."""

    def run(scene: Scene) -> bool | None:
        if inner(scene) is not None:
            return False
        return None if scene.is_open else True

    return run


def comparison(of: Callable[[Any, Any], bool], left: Run, right: Run) -> Run:
    """Return the comparison of two values; with an unknown one it is unknown."""

    def run(scene: Scene) -> bool | None:
        value, with_value = left(scene), right(scene)
        return None if value is None or with_value is None else of(value, with_value)

    return run


def comparison_with(of: Callable[[Any, Any], bool], left: Run, constant: Any) -> Run:
    """Return the comparison of a value with one that is known beforehand."""

    def run(scene: Scene) -> bool | None:
        value = left(scene)
        return None if value is None else of(value, constant)

    return run


def computed(of: Callable[..., Any], runs: Sequence[Run]) -> Run:
    """Return a number computed from others; unknown if one of them is, or if there is no such number."""

    def run(scene: Scene) -> Any:
        values = [one(scene) for one in runs]
        if None in values:
            return None
        try:
            return of(*values)
        except (ZeroDivisionError, OverflowError):
            return None

    return run
