"""Checks of the match clock: one sentence for each kind of period that has lasted too long."""

from collections.abc import Collection

from footy.mirror.state import MatchState
from footy.records.match_clock import first_half_is_endless, half_time_is_endless
from footy.thesports.codes import FIRST_HALF, HALF_TIME


def implausible_clocks(matches: Collection[MatchState], *, clock_offset_s: float = 0.0) -> list[str]:
    """Return a sentence for each kind of period that has lasted too long, with the number of matches.

    `clock_offset_s` is the vendor's clock minus ours.
    """
    half_times = first_halves = 0
    for match in matches:
        live, arrived_at = match.live.value, match.live.fetched_at
        if live is None or arrived_at is None:
            continue
        kickoff_at = None if match.detail.value is None else match.detail.value.match_time
        if live.score.status_id == HALF_TIME:
            half_times += half_time_is_endless(
                arrived_at, periods=match.periods, kickoff_at=kickoff_at, clock_offset_s=clock_offset_s
            )
        elif live.score.status_id == FIRST_HALF:
            first_halves += first_half_is_endless(
                live.score.period_started_at,
                arrived_at,
                periods=match.periods,
                kickoff_at=kickoff_at,
                clock_offset_s=clock_offset_s,
            )
    notes = []
    if half_times:
        notes.append(f"In doubt: {half_times} of {len(matches)} live matches: half-time for more than 45 min")
    if first_halves:
        notes.append(f"In doubt: {first_halves} of {len(matches)} live matches: a first half without an end")
    return notes
