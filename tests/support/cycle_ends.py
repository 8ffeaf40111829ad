"""Cycles that have ended, as those who watch the service are told of them."""

from collections.abc import Mapping

from footy.errors import Exit
from footy.mirror.state import State
from footy.record import Meta
from footy.service.cycle_end import CycleEnd
from footy.service.indicators import Reading

META: Meta = {
    "schema": 2,
    "mode": "live",
    "cycle": 7,
    "fetched_at": None,
    "published_at": "",
    "complete": False,
    "counts": {"live": 61, "in_play": 49, "status": {"2": 40, "4": 9, "8": 11, "77": 1}},
    "requests": 7,
    "timings": {"live": 0, "enrich": 0, "flatten": 0, "filter": 0, "publish": None, "total": 0},
    "problems": ["one", "another"],
}


def cycle_end(
    *,
    error: str | None = None,
    code: Exit = Exit.UNAVAILABLE,
    ended_at: float = 0.0,
    published: bool = True,
    meta: Meta | None = META,
    state: State | None = None,
    readings: Mapping[str, Reading] | None = None,
    lacking: Mapping[str, int] | None = None,
) -> CycleEnd:
    """Return a cycle that went well, but for what is said."""
    return CycleEnd(
        number=7,
        attempted_at=ended_at - 1,
        ended_at=ended_at,
        error=error,
        code=Exit.OK if error is None else code,
        published=published,
        timings={"live": 0.29, "enrich": 0.31, "flatten": 0.01, "filter": 0.0, "total": 0.61},
        publish_s=None,
        sleep_s=59.4,
        meta=meta,
        state=state or State(),
        readings=readings or {},
        lacking=lacking or {},
        degraded=[{"kind": "odds", "matches": 38, "in_play": 39, "since": ""}],
    )
