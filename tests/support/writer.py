"""What a child process runs that is killed in the middle of it; it imports little, so that it starts soon."""

from itertools import count
from pathlib import Path

from footy.outputs.base import Update
from footy.outputs.snapshot_file import SnapshotFile


def write_for_ever(folder: Path) -> None:
    """Replace the snapshot again and again; each says in its head how many matches follow."""
    output = SnapshotFile(folder)
    for cycle in count(1):
        matches = [{"match_id": name_of(cycle, number)} for number in range(50 + cycle % 7 * 40)]
        snapshot = {"meta": {"cycle": cycle, "live": len(matches)}, "matches": matches}
        output.publish(Update(snapshot))  # type: ignore[arg-type]


def name_of(cycle: int, number: int) -> str:
    """Give a match id that only this snapshot has; long, so that writing takes a while."""
    return f"{cycle}-{number}" * 20
