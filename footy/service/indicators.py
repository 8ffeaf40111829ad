"""Indicators: cycle, enrichment and sleep time, and API error rate, each normal, warning or critical."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from footy.settings import ServiceSettings

if TYPE_CHECKING:  # `health` rates nothing: it imports only what a level is
    from footy.mirror.state import Held, State

log = logging.getLogger(__name__)


TIMES = frozenset({"cycle", "enrich", "sleep"})
"""Indicators that are not rated during a cold start."""


class Level(StrEnum):
    """The level of an indicator."""

    NORMAL = "normal"
    WARNING = "warning"
    CRITICAL = "critical"


LOGGED = {
    Level.NORMAL: (logging.INFO, "Back to normal: %s"),
    Level.WARNING: (logging.WARNING, "WARNING: %s"),
    Level.CRITICAL: (logging.CRITICAL, "CRITICAL: %s"),
}
"""The level and the words with which a change of an indicator is logged."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of an indicator, as shares of the interval or of the calls."""

    warning: float
    critical: float


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The limits of all indicators."""

    cycle: Limits
    enrich: Limits
    sleep: Limits
    errors: Limits

    @classmethod
    def of(cls, settings: ServiceSettings) -> "Thresholds":
        """Return the limits in the settings."""
        return cls(
            cycle=Limits(settings.cycle_warning, settings.cycle_critical),
            enrich=Limits(settings.enrich_warning, settings.enrich_critical),
            sleep=Limits(settings.sleep_warning, settings.sleep_critical),
            errors=Limits(settings.errors_warning, settings.errors_critical),
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """One indicator after a cycle."""

    level: Level
    words: str
    """The figure with its unit, such as `total cycle time 16.20 s of 60 s`."""

    @property
    def sentence(self) -> str:
        """The level and the figure, such as `warning: total cycle time 16.20 s of 60 s`."""
        return f"{self.level}: {self.words}"


def read(
    thresholds: Thresholds,
    *,
    interval_s: float,
    cycle_s: float,
    enrich_s: float,
    sleep_s: float,
    error_rate: float | None,
) -> dict[str, Reading]:
    """Rate one cycle. Times in seconds; the error rate from 0 to 1, None before the first call."""
    of = f"of {interval_s:g} s"

    def share(seconds: float) -> float:
        # Rounded to four places like the thresholds, so that 8 s of 60 s are not above 8 s of 60 s.
        return round(seconds / interval_s, 4)

    readings = {
        "cycle": Reading(_above(share(cycle_s), thresholds.cycle), f"total cycle time {cycle_s:.2f} s {of}"),
        "enrich": Reading(
            _above(share(enrich_s), thresholds.enrich), f"enrichment time {enrich_s:.2f} s {of}"
        ),
        "sleep": Reading(_below(share(sleep_s), thresholds.sleep), f"sleep time {sleep_s:.2f} s {of}"),
    }
    if error_rate is not None:
        reached = error_rate >= thresholds.errors.warning
        level = _above(error_rate, thresholds.errors)
        readings["errors"] = Reading(
            Level.WARNING if reached and level is Level.NORMAL else level, f"API error rate {error_rate:.1%}"
        )
    return readings


def without_times(before: Mapping[str, Reading], after: Mapping[str, Reading]) -> dict[str, Reading]:
    """Return the readings after a cycle whose times are not rated: those keep their readings from before."""
    kept = {name: reading for name, reading in before.items() if name in TIMES}
    return kept | {name: reading for name, reading in after.items() if name not in TIMES}


def fills_gaps(before: "State", after: "State") -> bool:
    """Check whether a cycle fetched data that was missing before it, as the cycles of a cold start do."""
    for match_id, match in after.matches.items():
        held = before.matches.get(match_id)
        if match.detail.value is not None and (held is None or held.detail.value is None):
            return True
        if match.has_full_odds and (held is None or not held.has_full_odds):
            return True
    new, old = after.references, before.references
    return not (
        _known(new.teams) <= _known(old.teams) and _known(new.competitions) <= _known(old.competitions)
    )


def _known(held: "Mapping[str, Held[Any]]") -> set[str]:
    return {key for key, one in held.items() if one.value is not None}


def changed(before: Mapping[str, Reading], after: Mapping[str, Reading]) -> dict[str, Reading]:
    """Return the readings whose level is another than before; an indicator without one before was normal."""
    return {
        name: reading
        for name, reading in after.items()
        if reading.level is not (before[name].level if name in before else Level.NORMAL)
    }


def log_changes(before: Mapping[str, Reading], after: Mapping[str, Reading]) -> None:
    """Log each indicator whose level has changed."""
    for reading in changed(before, after).values():
        log.log(*LOGGED[reading.level], reading.words)


def _above(share: float, limits: Limits) -> Level:
    if share > limits.critical:
        return Level.CRITICAL
    return Level.WARNING if share > limits.warning else Level.NORMAL


def _below(share: float, limits: Limits) -> Level:
    return _above(-share, Limits(-limits.warning, -limits.critical))
