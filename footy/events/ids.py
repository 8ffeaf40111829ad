"""Ids of events: readable, stable across restarts, at most 64 characters (events.md, Ids)."""

MAX_LENGTH = 64


def event_id(match_id: str, kind: str, *key: str | int | None) -> str:
    """Return `{match_id}:{type}:{key}`; a part of the key that is None becomes `none`."""
    return ":".join([match_id, kind, *("none" if part is None else str(part) for part in key)])


def generation_key(generation: int) -> tuple[int, ...]:
    """Return the end of a goal's key: empty the first time that its number is reached, then 2, 3, …."""
    return () if generation == 1 else (generation,)


def operational_id(kind: str, started_ms: int, number: int) -> str:
    """Return the id of an event without a match: `footy:{type}:{start of the service, Unix ms}:{n}`."""
    return f"footy:{kind}:{started_ms}:{number}"
