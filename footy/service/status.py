"""`footy status`: the health line, a summary of the last snapshot, and the known problems."""

import time

import msgspec

from footy.outputs.record_values import duration_text
from footy.record import Heartbeat, Meta
from footy.service import figures
from footy.service.figures import read_figures
from footy.service.health import Health, health, lease_text
from footy.service.heartbeat import read_heartbeat
from footy.service.paths import Files
from footy.times import unix_seconds

TOGETHER = "together they exceed the vendor's quota"


class _Head(msgspec.Struct):
    """The meta of a snapshot file."""

    meta: Meta


def lines(files: Files, *, demo: bool, with_figures: bool = True) -> tuple[bool, list[str]]:
    """Return whether the instance is healthy, and the lines that describe it.

    Args:
        files: The instance's files.
        demo: Whether it is the demo.
        with_figures: Whether to add the figures of its metrics.
    """
    judged, beat = health(files, demo=demo), read_heartbeat(files)
    of_now = _heartbeat_lines(beat, judged)
    said = " ".join([judged.line, *of_now])
    of_account = [*_account_lines(beat), *_shared_account(beat)]
    found = read_figures(files, judged, time.time()) if with_figures else None
    measured = [*_page_lines(beat, judged), *([] if found is None else figures.lines(found))]
    described = [*_lease_lines(beat, judged)]
    if not _is_standby(beat, judged):  # what is in its folder is of when it last led
        described = [*_snapshot_lines(files, beat, said), *described]
    return judged.well, [judged.line, *described, *measured, *of_now, *of_account]


def _is_standby(beat: Heartbeat | None, judged: Health) -> bool:
    lease = None if beat is None or beat["pid"] != judged.pid else beat.get("lease")
    return lease is not None and lease["role"] == "standby"


def _lease_lines(beat: Heartbeat | None, judged: Health) -> list[str]:
    """Return who leads and who stands by, if there is a lease."""
    lease = None if beat is None or beat["pid"] != judged.pid else beat.get("lease")
    if lease is None:
        return []
    said = [f"Lease {lease['name']}: {lease_text(lease)}"]
    if lease["problem"] is not None:
        said.append(f"The store does not answer: {lease['problem']}")
    return said


def _page_lines(beat: Heartbeat | None, judged: Health) -> list[str]:
    """Return where the running process serves its page."""
    page = None if beat is None or beat["pid"] != judged.pid else beat.get("page")
    return [] if page is None else [f"Page: {page}"]


def _shared_account(beat: Heartbeat | None) -> list[str]:
    """Return a line if another process on this machine uses the account."""
    other = None if beat is None else beat.get("account_shared_with")
    return [f"The account is also used by {other}: {TOGETHER}"] if other else []


def _account_lines(beat: Heartbeat | None) -> list[str]:
    """Return a line with the endpoints that the account lacks; an earlier process's findings count too."""
    lacking = [] if beat is None else beat.get("not_in_plan", [])
    return [f"Not in the account's plan: {', '.join(lacking)}"] if lacking else []


def _heartbeat_lines(beat: Heartbeat | None, judged: Health) -> list[str]:
    """Return the problems of the running process; ignore the heartbeat of an earlier one."""
    if beat is None or beat["pid"] != judged.pid:
        return []
    said = [f"Indicator: {words}" for words in beat["indicators"].values()]
    if problem := beat.get("events_problem"):
        said.append(f"Events: {problem}")
    if (push := beat.get("push")) is not None:
        since = duration_text(time.time() - unix_seconds(push["since"]))
        why = "" if push["why"] is None else f": {push['why']}"
        said.append(f"Push: {push['state']} for {since}{why}")
    if judged.well and beat["last_error"] is not None:
        last = beat["last_success_at"]
        since = "none yet" if last is None else f"{duration_text(time.time() - unix_seconds(last))} ago"
        said.insert(0, f"Last cycle failed: {beat['last_error']}; last success {since}")
    return said


def _snapshot_lines(files: Files, beat: Heartbeat | None, said: str) -> list[str]:
    """Describe the snapshot, or say why there is none; leave out problems that `said` already names."""
    try:
        meta = msgspec.json.decode(files.matches.read_bytes(), type=_Head).meta
    except FileNotFoundError:
        why = beat["last_error"] if beat is not None else None
        because = f": {why}" if why is not None and why not in said else "."
        return [f"No snapshot has been published here yet{because}"]
    except OSError as error:
        return [f"{files.matches} cannot be read ({error.strerror})."]
    except msgspec.DecodeError as error:
        return [f"{files.matches} is not a snapshot of this version: {error}"]
    counts, timings = meta["counts"], meta["timings"]
    age = time.time() - unix_seconds(meta["published_at"])
    whole = "complete" if meta["complete"] else "incomplete: something in it is missing, stale or made up"
    steps = (
        f"live {timings['live']:.2f}, enrich {timings['enrich']:.2f}, "
        f"flatten {timings['flatten']:.2f}, filter {timings['filter']:.2f}"
    )
    described = [
        f"Snapshot: cycle {meta['cycle']}, {duration_text(age)} old, {whole}",
        f"Matches: {counts['live']} from the live list, {counts['in_play']} in play",
        f"Requests: {meta['requests']} in {timings['total']:.2f} s ({steps})",
    ]
    new = [problem for problem in meta["problems"] if problem.casefold() not in said.casefold()]
    return [*described, *(f"Problem: {problem}" for problem in new)]
