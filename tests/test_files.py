"""Files written whole: whoever reads at whatever instant finds one version or the one before."""

import os
import stat
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from footy.files import remove_leftovers, write_atomically


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "matches.json"


def test_it_is_written_and_replaced_and_its_owners_alone(path: Path) -> None:
    for content in (b"first", b"", b"second\x00\xff"):
        write_atomically(path, content)
        assert path.read_bytes() == content
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_reader_never_finds_a_half(path: Path) -> None:
    versions = [bytes([number]) * 100_000 for number in range(5)]
    write_atomically(path, versions[0])
    over = threading.Event()
    wrong: list[bytes] = []

    def read() -> None:
        while not over.is_set():
            content = path.read_bytes()
            if content not in versions:
                wrong.append(content)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(200):
        write_atomically(path, versions[number % 5])
    over.set()
    reader.join()
    assert not wrong


# A child of its own, for forking beside other threads is not safe: it starts writers, and kills each at a
# random instant.
KILLER = """
import os, random, signal, sys, time
from pathlib import Path
from footy.files import write_atomically

path = Path(sys.argv[1])
versions = [bytes([number]) * 50_000 for number in range(256)]
write_atomically(path, versions[0])
for number in range(200):
    writer = os.fork()
    if not writer:
        while True:
            for version in versions:
                write_atomically(path, version)
    time.sleep(random.random() * 0.004)
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
    assert path.read_bytes() in versions, number
print(len({path.read_bytes()[:1]}), "whole")
"""


def test_a_writer_killed_at_any_instant_leaves_a_whole_file(path: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLER), str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.stdout == "1 whole\n", child.stderr
    leftovers = set(path.parent.iterdir()) - {path}
    assert leftovers, "some were killed in the middle of a write"
    remove_leftovers(path.parent)
    assert list(path.parent.iterdir()) == [path]


class TestFailure:
    def test_a_directory_in_its_place_is_an_error_and_leaves_nothing(self, path: Path) -> None:
        path.mkdir()
        with pytest.raises(OSError, match="directory"):
            write_atomically(path, b"x")
        assert list(path.parent.iterdir()) == [path]

    def test_a_folder_that_is_not_there_is_an_error(self, path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            write_atomically(path / "below", b"x")

    @pytest.mark.parametrize("step", ["fsync", "replace"])
    def test_what_fails_half_way_leaves_the_last_version(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        write_atomically(path, b"before")
        with monkeypatch.context() as disk:
            disk.setattr(os, step, full)
            disk.setattr(Path, "replace", full if step == "replace" else Path.replace)
            with pytest.raises(OSError, match="No space left"):
                write_atomically(path, b"after")
        assert path.read_bytes() == b"before"
        assert list(path.parent.iterdir()) == [path]

    def test_a_folder_that_cannot_be_flushed_does_not_make_a_written_file_a_failure(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        flush = os.fsync

        def only_files(descriptor: int) -> None:
            if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                raise OSError(22, "Invalid argument")
            flush(descriptor)

        monkeypatch.setattr(os, "fsync", only_files)
        write_atomically(path, b"after")
        assert path.read_bytes() == b"after"

    def test_a_file_system_without_modes_takes_it_too(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(*_: object) -> None:
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "fchmod", refuse)
        write_atomically(path, b"after")
        assert path.read_bytes() == b"after"


def test_the_file_and_its_folder_are_flushed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed = []
    flush = os.fsync

    def noting(descriptor: int) -> None:
        flushed.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    write_atomically(path, b"x")
    assert flushed == [False, True]


def test_only_leftovers_are_removed(tmp_path: Path) -> None:
    for name in ("matches.json", ".env", ".matches.json.abc.tmp", "note.tmp", ".x"):
        (tmp_path / name).touch()
    (tmp_path / ".folder.tmp").mkdir()
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        "matches.json",
        ".env",
        "note.tmp",
        ".x",
        ".folder.tmp",
    }
    remove_leftovers(tmp_path / "not there")
