"""Match listed incidents with goals, and take the details of the goals from them.

Incidents arrive after the score, are edited, and in some matches are more or fewer than the goals (events.md,
second and third point). They are matched by the running score of the goal's side, never by the minute.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from msgspec.structs import replace

from footy.events.details import MAX_COUNTED, completed, renamed, same_person
from footy.events.emitted import GoalState, Link, Person, Side
from footy.events.sighting import Sighting
from footy.events.types import Event, Score, SideName
from footy.record import IncidentRecord

Kind = Literal["goal", "penalty", "own_goal"]

KINDS: Mapping[int, Kind] = {1: "goal", 8: "penalty", 17: "own_goal"}
"""The record's incident types of goals (record.md, Incidents)."""
RETURNS_WITHIN_S = 180.0
"""A goal that counts again this soon after its cancellation without a review is the same goal."""
NEAR_MIN = 2
"""Maximum difference in minutes between an edited incident of a cancelled goal and the original."""


class ListedGoal(NamedTuple):
    """A goal in the list of incidents."""

    place: int
    """Its position in the list."""
    side: SideName
    kind: Kind
    minute: int | None
    player: Person
    assist: Person
    running: int | None
    """The running score of its side."""
    total: int | None
    """Goals of both sides after it."""

    @property
    def link(self) -> Link:
        """Return its features, by which it can be found again."""
        return Link(self.running, self.minute, self.player)


def listed_goals(incidents: Iterable[IncidentRecord]) -> dict[SideName, list[ListedGoal]]:
    """Return the goals of a list of incidents by side, each in the list's order."""
    found: dict[SideName, list[ListedGoal]] = {"home": [], "away": []}
    for place, incident in enumerate(incidents):
        kind, side = KINDS.get(incident["type_id"] or 0), side_of(incident)
        if kind is None or side is None:
            continue
        home, away = incident["home_score"], incident["away_score"]
        found[side].append(
            ListedGoal(
                place,
                side,
                kind,
                incident["minute"],
                Person(incident["player_id"], incident["player"]),
                Person(incident["assist_id"], incident["assist"]),
                home if side == "home" else away,
                None if home is None or away is None else home + away,
            )
        )
    return found


def side_of(incident: IncidentRecord) -> SideName | None:
    """Return the side of an incident; None if it belongs to neither."""
    side = incident["side"]
    if side == "home":
        return "home"
    return "away" if side == "away" else None


def without_cancelled(
    side: Side, listed: Sequence[ListedGoal], *, complete: bool
) -> tuple[Side, list[ListedGoal]]:
    """Return the side, and the listed incidents without those of cancelled goals.

    A cancelled goal's incident is removed from the side when it is no longer listed.
    """
    left = list(listed)
    kept: list[Link] = []
    for link in side.cancelled:
        found = next((one for one in left if _is_same(link, one.link)), None)
        if found is not None:
            left.remove(found)
            kept.append(replace(found.link, gone_at=link.gone_at))
        elif not complete:
            kept.append(link)
    cancelled = tuple(kept)
    return (side if cancelled == side.cancelled else replace(side, cancelled=cancelled)), left


def with_returned(side: Side, goals: int, now: float) -> Side:
    """Return a side whose score rises to this many goals and which may use the incidents of those again.

    A score that drops without a review mostly recovers within 100 s (events.md, fourth point): it is the same
    goal, and its incident, if it is still listed, is the only one that there will ever be.
    """
    cancelled = tuple(
        link
        for link in side.cancelled
        if link.gone_at is None
        or now - link.gone_at > RETURNS_WITHIN_S
        or (link.running is not None and not len(side.goals) < link.running <= goals)
    )
    return side if cancelled == side.cancelled else replace(side, cancelled=cancelled)


def _is_same(link: Link, other: Link) -> bool:
    if link.running is not None and other.running is not None and link.running != other.running:
        return False
    if same_person(link.player, other.player) is False:
        return False
    return link.minute is None or other.minute is None or abs(link.minute - other.minute) <= NEAR_MIN


def matched(side: Side, listed: Sequence[ListedGoal], goals: int) -> dict[int, ListedGoal]:
    """Return the incidents by the number of their goal, for numbers up to `goals`.

    An incident is matched by its side's running score. Without one, it is matched as before; otherwise, the
    newest such incident belongs to the newest goal without an incident (events.md, Matching).
    """
    found: dict[int, ListedGoal] = {}
    for one in listed:
        if one.running is not None and 1 <= one.running <= goals:
            found[one.running] = one
    left = [one for one in listed if one.running is None]
    if not left:
        return found
    for number, goal in enumerate(side.goals, start=1):
        if number not in found and goal.link is not None:
            again = next((one for one in left if _is_same(goal.link, one.link)), None)
            if again is not None:
                found[number] = again
                left.remove(again)
    for number in range(goals, 0, -1):
        if number not in found and left:
            found[number] = left.pop()
    return found


def detailed(
    side: Side,
    name: SideName,
    found: Mapping[int, ListedGoal],
    sighting: Sighting,
    score: Score | None,
) -> tuple[Side, list[tuple[int, Event]]]:
    """Return the side with its goals' details from the incidents, and a `goal_detail` for each change.

    Each event comes with the position of its incident in the list.
    """
    goals = list(side.goals)
    events: list[tuple[int, Event]] = []
    for number, listed in found.items():
        if number > len(goals):
            continue
        goal, event = _completed(goals[number - 1], name, number, listed, sighting, score)
        goals[number - 1] = goal
        if event is not None:
            events.append((listed.place, event))
    after = tuple(goals)
    return (side if after == side.goals else replace(side, goals=after)), events


def _completed(
    goal: GoalState,
    name: SideName,
    number: int,
    listed: ListedGoal,
    sighting: Sighting,
    score: Score | None,
) -> tuple[GoalState, Event | None]:
    player, assist = completed(goal.player, listed.player), completed(goal.assist, listed.assist)
    now = replace(goal, kind=listed.kind, player=player, assist=assist, link=listed.link)
    is_new = goal.kind != listed.kind or renamed(goal.player, player) or renamed(goal.assist, assist)
    names = not goal.player and bool(player)
    if goal.id is None or not is_new or (goal.counted >= MAX_COUNTED and not names):
        return now, None
    now = replace(now, details=goal.details + 1, counted=goal.counted + (not names))
    event = sighting.event(
        "goal_detail",
        *goal.id.split(":")[2:],
        now.details,
        side=name,
        number=number,
        kind=now.kind,
        player_id=player.id,
        player=player.name,
        assist_id=assist.id,
        assist=assist.name,
        minute=sighting.minute if listed.minute is None else listed.minute,
        score=score,
        relates=goal.id,
    )
    return now, event
