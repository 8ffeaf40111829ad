"""`footy status`: the health line, and what the last snapshot says of itself."""

import time

import msgspec

from footy.outputs.record_values import duration_text
from footy.record import Meta
from footy.service.instance import Files, Health, health, read_heartbeat, unix_seconds


class _Head(msgspec.Struct):
    """Of a snapshot file, what it says of itself."""

    meta: Meta


def lines(files: Files, *, demo: bool) -> tuple[bool, list[str]]:
    """Tell whether the instance is well, and describe it, a line each."""
    judged = health(files, demo=demo)
    return judged.well, [judged.line, *_snapshot_lines(files), *_heartbeat_lines(files, judged)]


def _heartbeat_lines(files: Files, judged: Health) -> list[str]:
    """Say what is wrong with the process that runs; what an earlier one left says nothing of now."""
    beat = read_heartbeat(files)
    if beat is None or beat["pid"] != judged.pid:
        return []
    said = [f"Indicator: {words}" for words in beat["indicators"].values()]
    if judged.well and beat["last_error"] is not None:
        last = beat["last_success_at"]
        since = "none yet" if last is None else f"{duration_text(time.time() - unix_seconds(last))} ago"
        said.insert(0, f"Last cycle failed: {beat['last_error']}; last success {since}")
    return said


def _snapshot_lines(files: Files) -> list[str]:
    try:
        meta = msgspec.json.decode(files.matches.read_bytes(), type=_Head).meta
    except FileNotFoundError:
        return ["No snapshot has been published here yet."]
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
    said = [
        f"Snapshot: cycle {meta['cycle']}, {duration_text(age)} old, {whole}",
        f"Matches: {counts['live']} live, {counts['in_play']} in play",
        f"Requests: {meta['requests']} in {timings['total']:.2f} s ({steps})",
    ]
    return [*said, *(f"Problem: {problem}" for problem in meta["problems"])]
