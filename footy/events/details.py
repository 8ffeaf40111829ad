"""Details: what becomes known of a goal or an incident after its event."""

from footy.events.emitted import Person

MAX_COUNTED = 3
"""How many details may follow an event, not counting the first naming (events.md, `goal_detail`)."""


def same_person(one: Person, other: Person) -> bool | None:
    """Check whether two are one player: by id, else by name; None if that cannot be told."""
    if one.id is not None and other.id is not None:
        return one.id == other.id
    if one.name is not None and other.name is not None:
        return one.name == other.name
    return None


def completed(known: Person, seen: Person) -> Person:
    """Return a player as known now: what is null in a record leaves what was known as it is."""
    if same_person(known, seen) is False:
        return seen
    return Person(seen.id or known.id, seen.name or known.name)


def renamed(known: Person, now: Person) -> bool:
    """Check whether a player became known, or is another one; never for null, nor for another spelling."""
    if known == now or not now:
        return False
    return same_person(known, now) is not True or (known.name is None and now.name is not None)
