"""The figures of a running instance, read from its `metrics.prom`: what `footy status` shows."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from footy.outputs.record_values import duration_text
from footy.service.health import Health
from footy.service.heartbeat import read_heartbeat
from footy.service.paths import Files
from footy.telemetry.attempts import OK
from footy.telemetry.metrics import Samples, read_samples
from footy.thesports.errors import OutOfTimeError
from footy.times import unix_seconds

MEBI = 2**20
GIBI = 2**30
CUT_OFF = OutOfTimeError.outcome
KINDS = {"live_list": "live list", "details": "details", "odds": "odds", "names": "names"}


@dataclass(frozen=True, slots=True)
class Figures:
    """The metrics as the last cycle left them, and how long ago that was."""

    samples: Samples
    age_s: float

    def one(self, name: str, *labels: str) -> float | None:
        """Return a sample's value, None if it is not known."""
        return self.samples.get(name, {}).get(labels)

    def by_label(self, name: str) -> dict[str, float]:
        """Return the values of a metric by the value of its only label."""
        return {labels[0]: value for labels, value in self.samples.get(name, {}).items() if labels}

    def calls(self) -> dict[str, Counter[str]]:
        """Return the calls since the start: by endpoint, a counter of outcomes."""
        found: dict[str, Counter[str]] = {}
        for (endpoint, outcome), count in self.samples.get("footy_calls_total", {}).items():
            found.setdefault(endpoint, Counter())[outcome] = int(count)
        return found

    def ages_s(self) -> dict[str, float]:
        """Return how old each kind of data is now, in seconds."""
        return {kind: age + self.age_s for kind, age in self.by_label("footy_data_age_seconds").items()}


def read_figures(files: Files, judged: Health, now: float) -> Figures | None:
    """Return the figures of the process that runs; None if there are none, or an earlier one left them.

    Args:
        files: The instance's files.
        judged: Its health, which names the process.
        now: Unix seconds.
    """
    beat = read_heartbeat(files)
    if beat is None or beat["pid"] != judged.pid:
        return None
    try:
        written_at = files.metrics.stat().st_mtime
        samples = read_samples(files.metrics.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if written_at < unix_seconds(beat["started_at"]):
        return None
    return Figures(samples, max(0.0, now - written_at))


def lines(figures: Figures) -> Iterator[str]:
    """Yield the figures as lines of text; what is not known is left out."""
    cycles = figures.by_label("footy_cycles_total")
    if cycles:
        failed = {name: count for name, count in cycles.items() if name != OK and count}
        yield f"Cycles: {sum(cycles.values()):.0f} since the start, {_failures(failed)}"
    outcomes: Counter[str] = Counter()
    for of_endpoint in figures.calls().values():
        outcomes += of_endpoint
    if outcomes:
        failed = {name: count for name, count in outcomes.items() if name not in (OK, CUT_OFF)}
        cut = f", {outcomes[CUT_OFF]} cut off by the end of a cycle" if outcomes[CUT_OFF] else ""
        rate = figures.one("footy_error_ratio")
        errors = "" if rate is None else f"; error rate {rate:.1%}"
        yield f"Calls: {outcomes.total()} since the start, {_failures(failed)}{cut}{errors}"
    if quotas := figures.by_label("footy_quota_left"):
        limits = figures.by_label("footy_quota_limit")
        left = (f"{name} {left:.0f} of {limits.get(name, 0):.0f}" for name, left in quotas.items())
        yield f"Quota left: {', '.join(left)}"
    if (waiting := figures.one("footy_archive_waiting")) is not None:
        lost = figures.by_label("footy_archive_reads_total")
        missed = "".join(f", {lost[state]:.0f} {state}" for state in ("partial", "lost") if lost.get(state))
        yield f"Archive: {waiting:.0f} matches wait for all their odds{missed}"
    if ages := figures.ages_s():
        yield f"Data age: {', '.join(f'{KINDS[kind]} {duration_text(age)}' for kind, age in ages.items())}"
    if process := list(process_texts(figures)):
        yield f"Process: {', '.join(f'{name} {value}' for name, value in process)}"


def process_texts(figures: Figures) -> Iterator[tuple[str, str]]:
    """Yield what the process and its disk use, each with its name."""
    memory = figures.one("process_resident_memory_bytes")
    if memory is not None:
        yield "memory", f"{memory / MEBI:.0f} MB"
    for name, metric in (("threads", "footy_threads"), ("open files", "process_open_fds")):
        if (value := figures.one(metric)) is not None:
            yield name, f"{value:.0f}"
    if (free := figures.one("footy_data_disk_free_bytes")) is not None:
        yield "disk left", f"{free / GIBI:.1f} GB"


def _failures(failed: Mapping[str, float]) -> str:
    if not failed:
        return "none failed"
    reasons = ", ".join(f"{name} {count:.0f}" for name, count in failed.items())
    return f"{sum(failed.values()):.0f} failed ({reasons})"
