"""A writer of the log that is killed at many instants, and what is left each time; run as a program.

It forks: 200 processes that each import footy would take minutes. The matches go on while no writer lives.
"""

import contextlib
import logging
import mmap
import os
import random
import select
import shutil
import signal
import sqlite3
import struct
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from footy.events import EventRules
from footy.history import Commit, Retention
from footy.history.archive import Archived, ArchiveState
from footy.history.minutes import MinuteBlob
from footy.history.odds import Kind, OddsBlob, OddsRow, columns_of, pack, unpack
from footy.history.place import FilePlace
from footy.history.sqlite_log import opened_for_reading
from footy.mirror.state import State
from footy.record import MatchRecord
from footy.service.archivist import Archivist
from footy.service.recorder import Keeping, Recorder
from footy.service.results import ResultReader
from tests.events.watch import KICK_OFF, incident, record
from tests.service.test_recorder import Vendor, outcome

MATCHES = 5
CYCLE_S = 10.0
A_CYCLE_S, OPENING_S = 0.004, 0.02
"""How long at most until a writer is killed, from the beginning of a cycle or of the process."""
_ORDER = struct.Struct("q")


def records(cycle: int) -> list[MatchRecord]:
    """Return the matches as they are in a cycle: every third of them somebody scores or is booked."""
    return [
        record(
            match_id=f"m{number}",
            home_score=goals(cycle, number),
            incidents=[
                incident(3, "away", minute=one, player=f"P{one}") for one in range(cards(cycle, number))
            ],
        )
        for number in range(MATCHES)
    ]


def goals(cycle: int, number: int) -> int:
    return min((cycle + number) // 3, 90)


def cards(cycle: int, number: int) -> int:
    return min((cycle + number) // 5, 8)


class Collector(Archivist):
    """Brings a chunk of each match in each cycle, and now and then all rows of one."""

    def added(
        self, commit: Commit, records: Sequence[MatchRecord], versions: Mapping[str, int], state: State
    ) -> Commit:
        del versions, state
        cycle = round((commit.at - KICK_OFF) / CYCLE_S)
        chunks = [_blob(one["match_id"], Kind.CHUNK, cycle, 3, commit.at) for one in records]
        whole = _blob(f"m{cycle % MATCHES}", Kind.ARCHIVE, cycle, 60, commit.at)
        archive = Archived(whole.match_id, ArchiveState.WHOLE, commit.at, 1, rows=60, odds=whole)
        minutes = [MinuteBlob(one["match_id"], cycle, 0, b"") for one in records]
        return replace(commit, odds=chunks, minutes=minutes, archives=[archive] if cycle % 3 == 0 else [])


def _blob(match_id: str, kind: Kind, cycle: int, rows: int, at: float) -> OddsBlob:
    columns = columns_of(
        OddsRow(2, "eu", 100 * cycle - number, "", 1.5 + number, 3.0, 4.0, 2, 0, "0-0")
        for number in range(rows)
    )
    return OddsBlob(match_id, kind, rows, at, pack(columns))


def recorder(path: Path) -> Recorder:
    client: Any = None
    return Recorder(
        FilePlace(path),
        Keeping(EventRules(), Retention()),
        ResultReader(Vendor()),
        archivist=Collector(client, lambda: opened_for_reading(path)),
    )


def write_for_ever(path: Path, cycles: mmap.mmap, ready: int) -> None:
    os.write(ready, b".")
    writer = recorder(path)
    writer.start(time.time(), "live")
    while True:
        cycle = _ORDER.unpack(cycles[:8])[0] + 1
        cycles[:8] = _ORDER.pack(cycle)
        writer.record(outcome(records(cycle), KICK_OFF + cycle * CYCLE_S))
        if writer.problem is not None:
            os.write(2, f"{writer.problem}\n".encode())


def fork(path: Path, cycles: mmap.mmap) -> int:
    """Start a writer; return its PID once it runs."""
    reader, ready = os.pipe()
    pid = os.fork()
    if pid == 0:
        write_for_ever(path, cycles, ready)
    select.select([reader], [], [], 10)
    os.close(reader)
    os.close(ready)
    return pid


def complaints(path: Path) -> list[str]:
    """Say what is wrong with a file: damage, a gap, an event that its head does not count."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        said = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        count, last = connection.execute("SELECT count(*), coalesce(max(seq), 0) FROM event").fetchone()
        [newest] = connection.execute("SELECT value FROM meta WHERE key = 'newest'").fetchone()
        said += half_written(connection)
    return said if count == last == newest else [*said, f"{count} events, the last {last}, newest {newest}"]


def half_written(connection: sqlite3.Connection) -> list[str]:
    """Say which odds are not whole, or without the events of their cycle."""
    said = []
    for match_id, kind, rows, data in connection.execute("SELECT match, kind, rows, data FROM odds"):
        if unpack(data).rows != rows:
            said.append(f"{match_id}: a blob of kind {kind} has not its {rows} rows")
    for match_id, count in connection.execute(
        "SELECT match, (SELECT count(*) FROM odds WHERE match = archive.match AND kind = 2) FROM archive"
    ):
        if count != 1:
            said.append(f"{match_id}: {count} archives")
    [[of_minutes, at]] = connection.execute(
        "SELECT (SELECT max(minute) FROM minute), (SELECT max(at) FROM cycle WHERE listed)"
    ).fetchall()
    of_cycle = round((at - KICK_OFF) / CYCLE_S)
    return said if of_minutes == of_cycle else [*said, f"minutes up to {of_minutes}, cycles to {of_cycle}"]


def misses(path: Path, cycle: int) -> list[str]:
    """Say which events are missing, twice or invented, by how the matches are in a cycle."""
    said = []
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for number in range(MATCHES):
            for kind, side, count in (("goal", "home", goals), ("yellow", "away", cards)):
                want = [
                    f"m{number}:{kind}:{side}:{one}"
                    for one in range(count(0, number) + 1, count(cycle, number) + 1)
                ]
                found = [
                    row[0]
                    for row in connection.execute(
                        "SELECT id FROM event WHERE match = ? AND type = ? ORDER BY seq", (f"m{number}", kind)
                    )
                ]
                if found != want:
                    said.append(f"m{number}: missing {set(want) - {*found}}, wrong {set(found) - {*want}}")
    return said


def copied(path: Path) -> Path:
    """Copy the file with its write-ahead log, if there is one at this moment."""
    copy = path.with_name("copy.db")
    for suffix in ("", "-wal"):
        copy.with_name(f"{copy.name}{suffix}").unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
    return copy


def main(path: Path, kills: int) -> int:
    logging.disable()
    cycles = mmap.mmap(-1, 8)
    cycles[:8] = _ORDER.pack(0)
    first = recorder(path)
    first.start(time.time(), "live")
    first.record(outcome(records(0), KICK_OFF))
    first.close()
    chance = random.Random(14)
    said: list[str] = []
    for number in range(kills):
        pid = fork(path, cycles)
        if number % 5:
            reached = _ORDER.unpack(cycles[:8])[0] + chance.randint(1, 3)
            while _ORDER.unpack(cycles[:8])[0] < reached:
                time.sleep(0.0002)
            time.sleep(chance.uniform(0.0, A_CYCLE_S))
        else:  # while it opens the file
            time.sleep(chance.uniform(0.0, OPENING_S))
        if number % 10 == 0:  # as a snapshot of the disk has it: both files of one moment
            os.kill(pid, signal.SIGSTOP)
            said += complaints(copied(path))
            os.kill(pid, signal.SIGCONT)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        if number % 3 == 0:  # else the next writer finds what this one left
            said += complaints(path)
    last = recorder(path)
    last.start(time.time(), "live")
    cycle = _ORDER.unpack(cycles[:8])[0]
    last.record(outcome(records(cycle), KICK_OFF + cycle * CYCLE_S))
    last.close()
    said += complaints(path)
    said += misses(path, cycle)
    print(cycle, *said, sep="\n")  # noqa: T201 - what the test reads
    return len(said)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
