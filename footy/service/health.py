"""The health of an instance: its process, its last successful cycle and its data."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from footy.outputs.record_values import duration_text
from footy.record import Degradation, Heartbeat, LeaseState
from footy.service.heartbeat import read_heartbeat
from footy.service.lock import Role, belongs_to_another, running_owner
from footy.service.paths import Files
from footy.settings import DEMO_FOLDER
from footy.times import unix_seconds

STALE_INTERVALS = 3
STALE_AT_LEAST_S = 180.0


@dataclass(frozen=True, slots=True)
class Health:
    """Whether an instance is healthy, and the line that reports it."""

    well: bool
    line: str
    pid: int | None


def health(  # noqa: PLR0911 - a line for each state
    files: Files, *, demo: bool, now: float | None = None, cycles_only: bool = False
) -> Health:
    """Check an instance's process, its last successful cycle and, unless `cycles_only`, its data."""
    marks = " (demo)" if demo else ""
    where = f" – data folder {files.folder}"
    if (stranger := belongs_to_another(files)) is not None:
        return Health(False, f"It is not known whether the pipeline runs{marks}: {stranger}{where}", None)
    held = running_owner(files)
    if held is None:
        beside = "" if demo else _demo_beside(files)
        return Health(False, f"Pipeline is not running{marks}{beside}{where}", None)
    holder, process = held
    of_it = f"(PID: {holder.pid}){where}"
    if holder.doing is Role.ONCE:
        return Health(False, f"Pipeline is not running{marks}, only a single cycle {of_it}", holder.pid)
    heartbeat = read_heartbeat(files)
    now = time.time() if now is None else now
    trouble = _staleness(heartbeat, now, process.create_time())
    if heartbeat is None or heartbeat["pid"] != holder.pid:
        trouble = "it has not written a heartbeat yet"
    elif (lease := heartbeat.get("lease")) is not None and lease["role"] == "standby":
        return _of_standby(lease, heartbeat, now, of_it, holder.pid)
    if trouble is not None:
        return Health(False, f"Pipeline is stale{marks}: {trouble} {of_it}", holder.pid)
    degraded = [] if heartbeat is None or cycles_only else heartbeat.get("degraded", [])
    if degraded:
        line = f"Pipeline is degraded{marks}: {degradation_text(degraded, now)} {of_it}"
        return Health(False, line, holder.pid)
    return Health(True, f"Pipeline is running (PID: {holder.pid}){marks}{where}", holder.pid)


def lease_text(lease: LeaseState) -> str:
    """Return who leads and who stands by, as a clause."""
    if lease["role"] == "leader":
        by = f"standing by: {', '.join(lease['standbys'])}" if lease["standbys"] else "nobody stands by"
        return f"this machine leads since {lease['since']}; {by}"
    if lease["leader"] is None:
        return "nobody is known to lead"
    return f"{lease['leader']} leads since {lease['since']}"


def stands_by(lease: LeaseState) -> bool:
    """Check whether an instance has seen that another one leads."""
    return lease["role"] == "standby" and lease["leader"] is not None


def _of_standby(lease: LeaseState, heartbeat: Heartbeat, now: float, of_it: str, pid: int) -> Health:
    """Judge an instance that makes no calls: it is well as long as it sees the store."""
    seen_at = heartbeat["started_at"] if lease["seen_at"] is None else lease["seen_at"]
    silence_s = now - unix_seconds(seen_at)
    if silence_s < longest_silence_s(heartbeat["interval_s"]):
        return Health(True, f"Pipeline is a standby: {lease_text(lease)} {of_it}", pid)
    why = f"; {lease['problem']}" if lease["problem"] else ""
    trouble = f"a standby that has not seen the store for {duration_text(silence_s)}{why}"
    return Health(False, f"Pipeline is stale: {trouble} {of_it}", pid)


def _demo_beside(files: Files) -> str:
    """Return a clause about a running demo of this data folder; empty if there is none."""
    held = running_owner(Files(files.folder / DEMO_FOLDER))
    if held is None or held[0].doing is not Role.SERVICE:
        return ""
    return f", only a demo in {DEMO_FOLDER}/ (PID: {held[0].pid})"


def longest_silence_s(interval_s: float) -> float:
    """Return the age of the last success, in seconds, from which an instance is stale."""
    return max(STALE_INTERVALS * interval_s, STALE_AT_LEAST_S)


def _staleness(heartbeat: Heartbeat | None, now: float, started_at: float) -> str | None:
    if heartbeat is None:
        return None
    last = heartbeat["last_success_at"]
    because = f"; last error: {heartbeat['last_error']}" if heartbeat["last_error"] else ""
    if last is None:
        return f"no cycle has succeeded in {duration_text(now - started_at)} since its start{because}"
    age = now - unix_seconds(last)
    if age < longest_silence_s(heartbeat["interval_s"]):
        return None
    return f"the last success is {duration_text(age)} old{because}"


def degradation_text(degraded: Iterable[Degradation], now: float) -> str:
    """Return a clause that says what most matches in play lack and for how long; `now` in Unix seconds."""
    kinds: dict[str, list[str]] = {}
    for one in degraded:
        length = duration_text(now - unix_seconds(one["since"]))
        clause = f"missing or old for {one['matches']} of {one['in_play']} matches in play for {length}"
        kinds.setdefault(clause, []).append(one["kind"])
    return "; ".join(f"{' and '.join(alike)} {clause}" for clause, alike in kinds.items())
