"""The cache file fails: cycles go on complete and at full speed, and the file is repaired."""

import contextlib
import logging
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from footy.reference import disk_cache
from footy.service.paths import Files
from tests.support.caller import eventually
from tests.support.harness import COMPETITION, TEAM, Cycle, Trial, begin, seconds_of
from thesports_simulator.process import RunningSimulator

TTL_S = 600
SHORT_LIVED = {f"FOOTY_TTL_{kind}": str(TTL_S) for kind in ("TEAM", "COMPETITION", "COUNTRY")}
REFERENCES = {TEAM, COMPETITION, "country/list", "category/list"}
NOBODY = 65534
ROOM = 40_000
"""Bytes: enough for SQLite to open a file and its index, too little for what is to be kept."""

FileFault = Callable[[Path], AbstractContextManager[None]]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what failed tried again at once, and reads waited for however busy the machine is."""
    monkeypatch.setattr(disk_cache, "LOAD_WITHIN_S", 10.0)
    monkeypatch.setattr(disk_cache, "RETRY_S", 0.05)


@pytest.fixture
def path() -> Iterator[Path]:
    """A cache file's path in a folder that everyone may use, however tightly the tests' own is kept."""
    with tempfile.TemporaryDirectory() as above:
        Path(above).chmod(0o755)
        folder = Path(above, "data")
        folder.mkdir()
        folder.chmod(0o777)
        yield Files(folder).cache


def checkpointed(path: Path) -> None:
    """Have all of the log put into the file, as SQLite does from time to time."""
    with contextlib.closing(sqlite3.connect(path)) as other:
        assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


def garbled(path: Path) -> None:
    checkpointed(path)
    path.write_bytes(b"not a database " * 9999)


def truncated(path: Path) -> None:
    checkpointed(path)
    os.truncate(path, path.stat().st_size // 2)


def with_a_hole(path: Path) -> None:
    checkpointed(path)
    content = path.read_bytes()
    path.write_bytes(content[:4096] + bytes(len(content) - 8192) + content[-4096:])


def zeroed(path: Path) -> None:
    checkpointed(path)
    path.write_bytes(bytes(path.stat().st_size))


def replaced(path: Path, *statements: str) -> None:
    for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        name.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(path)) as other:
        for statement in statements:
            other.execute(statement)
        other.commit()


def of_an_older_version(path: Path) -> None:
    replaced(path, "CREATE TABLE responses(key TEXT PRIMARY KEY, value BLOB)")


def of_another_application(path: Path) -> None:
    replaced(path, "CREATE TABLE responses(id INTEGER, body TEXT)", "INSERT INTO responses VALUES(1, 'x')")


def deleted(path: Path) -> None:
    path.unlink()


def deleted_with_its_log(path: Path) -> None:
    for one in path.parent.glob(f"{path.name}*"):
        one.unlink()


def without_its_log(path: Path) -> None:
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink()


def without_its_folder(path: Path) -> None:
    path.parent.rename(path.parent.with_name("aside"))  # at once: files may come into it meanwhile


def once(spoil: Callable[[Path], None]) -> FileFault:
    """An fault of which nothing but the file has to heal."""

    @contextmanager
    def fault(path: Path) -> Iterator[None]:
        spoil(path)
        yield

    return fault


LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute(f"PRAGMA journal_mode={sys.argv[2]}")
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


def locked(journal: str) -> FileFault:
    @contextmanager
    def fault(path: Path) -> Iterator[None]:
        child = subprocess.Popen(
            [sys.executable, "-c", LOCKER, str(path), journal],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with child:
            assert child.stdout is not None
            assert child.stdout.readline() == "locked\n"
            yield
            child.kill()

    return fault


def permitting(mode: int) -> FileFault:
    """The file was put back by somebody else, for whom alone it is to be written, or even to be read."""

    @contextmanager
    def fault(path: Path) -> Iterator[None]:
        checkpointed(path)
        content = path.read_bytes()
        deleted_with_its_log(path)
        path.write_bytes(content)
        path.chmod(mode)
        user = os.geteuid()
        if user == 0:  # who may write everything
            os.seteuid(NOBODY)
        try:
            yield
        finally:
            os.seteuid(user)
        path.chmod(0o644)

    return fault


@contextmanager
def folder_in_its_place(path: Path) -> Iterator[None]:
    deleted_with_its_log(path)
    path.mkdir()
    yield
    path.rmdir()


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """No file may grow: to a writer this is what a full disk is."""
    log = Path(f"{path}-wal")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    most = max(ROOM, log.stat().st_size if log.exists() else 0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


ASIDE, UNUSABLE, REPLACED = "is set aside as", "cannot be used", "was deleted or replaced"
FAULTS: dict[str, tuple[FileFault, list[str] | None, list[str] | None]] = {
    "garbled": (once(garbled), [ASIDE], [ASIDE]),
    "truncated": (once(truncated), [ASIDE], [ASIDE]),
    "with a hole": (once(with_a_hole), [ASIDE], [ASIDE]),
    "zeroed": (once(zeroed), [ASIDE], [ASIDE]),
    "of an older version": (once(of_an_older_version), [ASIDE], [ASIDE]),
    "of another application": (once(of_another_application), [ASIDE], [ASIDE]),
    "locked to writers": (locked("wal"), [UNUSABLE], [UNUSABLE]),
    "locked to all": (locked("delete"), [UNUSABLE], None),
    "read-only": (permitting(0o444), [UNUSABLE], [REPLACED, UNUSABLE]),
    "without permission": (permitting(0o000), [UNUSABLE], [UNUSABLE]),
    "a folder in its place": (folder_in_its_place, [UNUSABLE], [UNUSABLE]),
    "on a full disk": (full_disk, [UNUSABLE], [UNUSABLE]),
    "deleted": (once(deleted), [], [REPLACED]),
    "deleted with its log": (once(deleted_with_its_log), [], [REPLACED]),
    "without its log": (once(without_its_log), None, [REPLACED]),
    "without its folder": (once(without_its_folder), [], [REPLACED]),
}
"""What is said of each at the start and in mid-service; None where there is no such fault then."""


def asked(*cycles: Cycle) -> list[tuple[str, str]]:
    """Name the references that the vendor was asked for, with repetitions."""
    return [
        (reply["endpoint"], reply["uuid"] or "")
        for cycle in cycles
        for reply in cycle.replies
        if reply["endpoint"] in REFERENCES
    ]


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Give the warnings about the file, in order."""
    return [
        next((words for words in (ASIDE, UNUSABLE, REPLACED) if words in one.getMessage()), one.getMessage())
        for one in caplog.records
        if one.name == disk_cache.__name__ and one.levelno >= logging.WARNING
    ]


def whole(trial: Trial) -> Cycle:
    """Run a cycle and hold that it is whole and true."""
    before = trial.cycles[-1] if trial.cycles else None
    cycle = trial.cycle()
    assert cycle.complaints(before) == []
    assert cycle.problems == []
    assert cycle.complete
    return cycle


def kept(path: Path, names: list[tuple[str, str]]) -> bool:
    """Tell whether another process finds all of these in the file, as they came within the last minute."""
    wanted = {f"{endpoint}?uuid={uuid}" if uuid else endpoint for endpoint, uuid in names}
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT key, json_extract(value, '$.created_at') FROM responses")
            return wanted <= {key for key, at in rows if seconds_of(at) > time.time() - 60}
    except sqlite3.Error:
        return False


def asides(path: Path) -> int:
    return len(list(path.parent.glob(f"{path.name}.corrupt-*")))


def heals(vendor: RunningSimulator, path: Path) -> None:
    """Hold that all that is held is on disk by now, for a new process too."""
    with begin(vendor, path.parent, **SHORT_LIVED) as trial:
        assert asked(whole(trial)) == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [pytest.param(one, words, id=name) for name, (one, words, _) in FAULTS.items() if words is not None],
)
def test_it_fails_at_the_start(
    vendor: RunningSimulator, path: Path, caplog: pytest.LogCaptureFixture, fault: FileFault, words: list[str]
) -> None:
    with begin(vendor, path.parent, **SHORT_LIVED) as earlier:
        whole(earlier)
        earlier.wait(TTL_S)
    with contextlib.ExitStack() as closing:
        with fault(path):
            trial = closing.enter_context(begin(vendor, path.parent, **SHORT_LIVED))
            first = whole(trial)
            eventually(lambda: said(caplog) == words)
            assert len(asked(first)) == len(set(asked(first))) > len(REFERENCES)
            trial.wait(2)
            assert asked(whole(trial)) == []
        eventually(lambda: kept(path, asked(first)))
        assert said(caplog) == words
    assert asides(path) == words.count(ASIDE)
    heals(vendor, path)


@pytest.mark.parametrize(
    ("fault", "words"),
    [pytest.param(one, words, id=name) for name, (one, _, words) in FAULTS.items() if words is not None],
)
def test_it_fails_in_mid_service(
    vendor: RunningSimulator, path: Path, caplog: pytest.LogCaptureFixture, fault: FileFault, words: list[str]
) -> None:
    with begin(vendor, path.parent, **SHORT_LIVED) as trial:
        well = whole(trial)
        eventually(lambda: kept(path, asked(well)))
        with fault(path):
            trial.wait(62)
            assert set(asked(whole(trial))).isdisjoint(asked(well))
            trial.wait(TTL_S)
            anew = whole(trial)
            assert len(asked(anew)) == len(set(asked(anew))) > len(REFERENCES)
            eventually(lambda: said(caplog) == words)
            trial.wait(2)
            assert asked(whole(trial)) == []
        eventually(lambda: kept(path, asked(anew)))
        assert said(caplog) == words
    assert asides(path) == words.count(ASIDE)
    heals(vendor, path)
