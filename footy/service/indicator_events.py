"""Events of the indicators, in a module of their own: without events, no module of events is imported."""

from collections.abc import Iterator, Mapping

from footy.events.ids import operational_id
from footy.events.types import Event, IndicatorChanged
from footy.service.indicators import Reading, changed


def change_events(
    before: Mapping[str, Reading],
    after: Mapping[str, Reading],
    *,
    seen_at: str,
    started_ms: int,
    numbers: Iterator[int],
) -> list[Event]:
    """Return an `indicator_changed` event for each indicator whose level is another than before.

    Args:
        before: The readings of the cycle before.
        after: Those of the cycle that has ended.
        seen_at: When that was, ISO 8601 in UTC.
        started_ms: When the service started, in Unix milliseconds; part of the ids.
        numbers: Numbers the operational events of this start of the service, from 1.
    """
    return [
        Event(
            operational_id("indicator_changed", started_ms, next(numbers)),
            "indicator_changed",
            IndicatorChanged(
                seen_at=seen_at,
                indicator=name,
                before=before[name].sentence if name in before else None,
                after=reading.sentence,
            ),
        )
        for name, reading in changed(before, after).items()
    ]
