"""Details: facts about a goal or an incident that become known after its event."""

from footy.events.emitted import Person

MAX_COUNTED = 3
"""Maximum number of details of an event, not counting the first with a name (events.md, `goal_detail`)."""


def same_person(one: Person, other: Person) -> bool | None:
    """Check whether two are the same player, by id or else by name; None if that is unknown."""
    if one.id is not None and other.id is not None:
        return one.id == other.id
    if one.name is not None and other.name is not None:
        return one.name == other.name
    return None


def completed(known: Person, seen: Person) -> Person:
    """Return a player with what a record adds; a null in the record does not replace a known value."""
    if same_person(known, seen) is False:
        return seen
    return Person(seen.id or known.id, seen.name or known.name)


def renamed(known: Person, now: Person) -> bool:
    """Check whether a player became known or is another one. A null or another spelling does not count."""
    if known == now or not now:
        return False
    return same_person(known, now) is not True or (known.name is None and now.name is not None)
