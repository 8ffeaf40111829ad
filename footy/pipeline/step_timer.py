"""Measure and log how long each step of a cycle takes."""

import logging
import time

from footy.record import Timings

log = logging.getLogger(__name__)


class StepTimer:
    """Measures and logs the time of each step, in seconds."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        """The time of each step that has ended, by its name in `Timings`, and their `total`."""
        self.started = self._last = time.monotonic()
        """When the cycle began, by the monotonic clock."""

    def lap(self, name: str, words: str) -> None:
        """End a step; `words` is its label in the log."""
        now = time.monotonic()
        self.laps[name] = round(now - self._last, 4)
        self._last = now
        log.info("%s: %.2fs", words, self.laps[name])

    def total(self) -> float:
        """Return the time of all steps, once the last one has ended."""
        self.laps["total"] = round(self._last - self.started, 4)
        return self.laps["total"]

    def timings(self, publish_s: float | None) -> Timings:
        """Return the times of a finished cycle; `publish_s` is that of the cycle before."""
        laps = self.laps
        return {
            "live": laps["live"],
            "enrich": laps["enrich"],
            "flatten": laps["flatten"],
            "filter": laps["filter"],
            "publish": publish_s,
            "total": laps["total"],
        }

    def so_far(self) -> Timings:
        """Return the times of a cycle that is still making requests."""
        spent_s = round(time.monotonic() - self.started, 4)
        return {
            "live": spent_s,
            "enrich": 0.0,
            "flatten": 0.0,
            "filter": 0.0,
            "publish": None,
            "total": spent_s,
        }
