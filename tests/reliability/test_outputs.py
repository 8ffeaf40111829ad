"""A reader finds a whole snapshot, the last or the one before, whatever becomes of process and disk."""

import multiprocessing
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from footy.errors import Exit
from footy.files import remove_leftovers
from tests.support import writer
from tests.support.place import SECRET, Place, complaints, heartbeat, wait_until
from tests.support.simulators import start
from thesports_simulator.process import RunningSimulator

KILLS = 200
WRITERS = multiprocessing.get_context("forkserver")
"""Each writer is forked off a process that has loaded footy and has no other thread."""
WRITERS.set_forkserver_preload([writer.__name__])


def whole(path: Path) -> int:
    """Read the snapshot, hold that it is whole, and give its cycle."""
    snapshot: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    cycle, live = snapshot["meta"]["cycle"], snapshot["meta"]["live"]
    assert [one["match_id"] for one in snapshot["matches"]] == [
        writer.name_of(cycle, one) for one in range(live)
    ]
    return int(cycle)


def test_kill_9_at_200_instants_leaves_a_whole_snapshot(tmp_path: Path) -> None:
    matches, chance, left = tmp_path / "matches.json", random.Random(3), 0
    for _ in range(KILLS):
        matches.unlink(missing_ok=True)
        child = WRITERS.Process(target=writer.write_for_ever, args=(tmp_path,))
        child.start()
        while not matches.exists():
            assert child.is_alive()
        end = time.monotonic() + chance.uniform(0, 0.02)
        cycles = [whole(matches)]
        while time.monotonic() < end:
            cycles.append(whole(matches))
        child.kill()
        child.join()
        cycles.append(whole(matches))
        assert cycles == sorted(cycles)
        left += len(list(tmp_path.glob(".matches.json.*")))
        remove_leftovers(tmp_path)
    # Had none been killed in the middle of a write, this would have shown nothing.
    assert left >= KILLS // 10


@pytest.fixture(scope="module")
def vendor() -> Iterator[RunningSimulator]:
    with start(matches=8, odds="light", secret=SECRET) as simulator:
        yield simulator


@pytest.fixture
def place(vendor: RunningSimulator, tmp_path: Path) -> Iterator[Place]:
    with Place(tmp_path, FOOTY_INTERVAL=2) as place:
        place.ask(vendor)
        yield place


def test_a_full_disk_is_73_and_leaves_the_snapshot_of_before(place: Place) -> None:
    assert place.run("--once").returncode == Exit.OK
    before = place.files.matches.read_bytes()
    # No file may grow beyond 8 kB: to a writer this is what a full disk is.
    ended = place.run_program(
        "bash", "-c", 'ulimit -f 8; exec "$@"', "-", sys.executable, "-m", "footy", "--once"
    )
    assert ended.returncode == Exit.CANNOT_WRITE
    assert len(complaints(ended)) == 1
    assert "matches.json could not be written" in ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout
    assert place.files.matches.read_bytes() == before
    assert list(place.files.folder.glob(".*.tmp")) == []


def test_a_service_on_a_full_disk_goes_on_says_so_and_recovers(place: Place) -> None:
    service = place.begin_service()
    before = place.files.matches.read_bytes()
    aside = place.files.folder / "aside.json"
    # A folder where the file belongs cannot be replaced by a file.
    place.files.matches.rename(aside)
    place.files.matches.mkdir()
    (place.files.matches / "in the way").touch()
    wait_until(lambda: heartbeat(place.files)["last_error"])
    assert "matches.json could not be written" in heartbeat(place.files)["last_error"]
    assert aside.read_bytes() == before
    (place.files.matches / "in the way").unlink()
    place.files.matches.rmdir()
    wait_until(place.files.matches.is_file)
    wait_until(lambda: heartbeat(place.files)["last_error"] is None)
    service.terminate()
    assert service.wait(timeout=5) == Exit.OK
