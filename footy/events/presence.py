"""Presence: matches in play that leave the live list, and return to it."""

from msgspec.structs import replace

from footy.events.emitted import Absence, Emitted, counted
from footy.events.sighting import EventRules, Sighting, unseen
from footy.events.statuses import IN_PLAY
from footy.events.types import Event

LISTS = 3
"""Number of fresh lists in a row without a match before it has left (events.md, `match_left`)."""
LEFT_AFTER_S = 180.0
"""Minimum time from the first of them to the event, in seconds."""


def absent(
    emitted: Emitted, now: float, rules: EventRules, *, deleted: bool = False
) -> tuple[Emitted, list[Event]]:
    """Return the state after a fresh list without the match, and `match_left` if that is confirmed.

    Args:
        emitted: The state.
        now: The current time, in Unix seconds.
        rules: The operator's rules for events.
        deleted: Whether the vendor reports the match as deleted, which needs no confirmation.
    """
    if emitted.left or emitted.status_id not in IN_PLAY:
        return emitted, []
    absence = emitted.absence or Absence(now, 0)
    absence = Absence(absence.since, min(absence.lists + 1, LISTS))
    if not deleted and (absence.lists < LISTS or now - absence.since < LEFT_AFTER_S):
        return (emitted if absence == emitted.absence else replace(emitted, absence=absence)), []
    number, counts = counted(emitted.counts, "match_left")
    event = unseen(emitted, now, rules, late=False).event(
        "match_left", number, score=emitted.score, deleted=deleted
    )
    return replace(emitted, absence=absence, left=True, counts=counts), [event]


def present(emitted: Emitted, sighting: Sighting) -> tuple[Emitted, list[Event]]:
    """Return the state after a record of the match, and `match_back` if it had left."""
    if not emitted.left:
        return (replace(emitted, absence=None) if emitted.absence else emitted), []
    number, counts = counted(emitted.counts, "match_back")
    event = sighting.event("match_back", number, score=emitted.score)
    return replace(emitted, absence=None, left=False, counts=counts), [event]
