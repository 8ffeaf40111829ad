"""The order in which readers get the records."""

from collections.abc import Iterable

from footy.record import MatchRecord


def ordered(records: Iterable[MatchRecord]) -> list[MatchRecord]:
    """Return the records by country, competition, kick-off and match id; unknown values come last."""
    return sorted(records, key=_place_in_order)


def _place_in_order(record: MatchRecord) -> tuple[bool, str, bool, str, bool, str, str]:
    country, competition, kickoff_at = record["country"], record["competition"], record["kickoff_at"]
    return (
        country is None,
        country or "",
        competition is None,
        competition or "",
        kickoff_at is None,
        kickoff_at or "",
        record["match_id"],
    )
