"""The JSON Lines sink: files by day, a position that is never lost, and lines that are never torn."""

import resource
import stat
from pathlib import Path

import msgspec
import pytest

from footy.events.envelope import Envelope
from footy.history.log import Position
from footy.sinks.base import Again
from footy.sinks.jsonl import JsonlSink
from tests.events.watch import KICK_OFF
from tests.sinks.sink_contract import SinkContract

DAY_S = 86_400.0
FIRST = "2026-11-23.jsonl"


class TestJsonlSink(SinkContract):
    now: float

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path / "events"
        self.now = KICK_OFF

    @pytest.fixture
    def sink(self, _folder: None) -> JsonlSink:
        return self.again()

    def again(self) -> JsonlSink:
        return JsonlSink(self.folder, keep_days=2, now=lambda: self.now)

    def received(self) -> list[Envelope]:
        lines = [line for path in sorted(self.folder.glob("*")) for line in path.read_bytes().splitlines()]
        return [msgspec.json.decode(line, type=Envelope) for line in lines]

    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def test_files_are_for_their_user_alone(self, sink: JsonlSink, evening: list[Envelope]) -> None:
        sink.send(evening[:1])
        assert stat.S_IMODE((self.folder / FIRST).stat().st_mode) == 0o600
        assert stat.S_IMODE(self.folder.stat().st_mode) == 0o700

    def test_a_day_has_its_file_and_old_ones_are_removed(
        self, sink: JsonlSink, evening: list[Envelope]
    ) -> None:
        for number in range(5):
            sink.send(evening[number : number + 1])
            self.now += DAY_S
        assert self.files() == [f"2026-11-{day}.jsonl" for day in (25, 26, 27)]
        assert self.again().position() == Position(evening[0].footyepoch, 5)

    def test_what_is_not_ours_is_left_alone(self, sink: JsonlSink, evening: list[Envelope]) -> None:
        self.folder.mkdir()
        for name in ("2020-01-01.jsonl.gz", "notes.txt", "2020-02-31.jsonl"):
            (self.folder / name).write_bytes(b"")
        sink.send(evening[:1])
        assert self.files() == ["2020-01-01.jsonl.gz", "2020-02-31.jsonl", FIRST, "notes.txt"]

    def test_a_clock_that_is_set_back_keeps_writing_to_the_newest_file(
        self, sink: JsonlSink, evening: list[Envelope]
    ) -> None:
        sink.send(evening[:1])
        sink.close()
        self.now -= 400 * DAY_S
        after = self.again()
        assert after.position() == Position(evening[0].footyepoch, 1)
        after.send(evening[1:2])
        assert self.files() == [FIRST]

    @pytest.mark.parametrize(
        "torn", [b'{"specversion":"1.0","id":"x', b"\0" * 100_000, b'{"sequence":"1"}\n', b"\n\n", b"{}\nx"]
    )
    def test_a_torn_last_line_is_cut_at_the_start(
        self, sink: JsonlSink, evening: list[Envelope], torn: bytes
    ) -> None:
        sink.send(evening[:2])
        sink.close()
        with (self.folder / FIRST).open("ab") as file:
            file.write(torn)
        after = self.again()
        assert after.position() == Position(evening[0].footyepoch, 2)
        after.send(evening[2:])
        assert self.received() == evening

    def test_a_file_with_a_torn_line_alone_leaves_the_position_to_the_day_before(
        self, sink: JsonlSink, evening: list[Envelope]
    ) -> None:
        sink.send(evening[:2])
        sink.close()
        (self.folder / "2026-11-24.jsonl").write_bytes(b'{"specversion"')
        self.now += DAY_S
        after = self.again()
        assert after.position() == Position(evening[0].footyepoch, 2)
        after.send(evening[2:])
        assert self.received() == evening

    def test_a_long_line_is_read_from_its_end(self, sink: JsonlSink, evening: list[Envelope]) -> None:
        long = msgspec.structs.replace(evening[1], data=msgspec.Raw(b'"' + b"x" * 300_000 + b'"'))
        sink.send([evening[0], long])
        assert self.again().position() == Position(evening[0].footyepoch, 2)

    def test_a_full_disk_writes_nothing_of_the_batch_and_is_tried_again(
        self, sink: JsonlSink, evening: list[Envelope]
    ) -> None:
        sink.send(evening[:2])
        size = (self.folder / FIRST).stat().st_size
        # The largest size of a file stands for the end of the disk: the write stops in the middle of a line.
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 1000, hard))
        try:
            with pytest.raises(Again, match="File too large"):
                sink.send(evening[2:])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert (self.folder / FIRST).stat().st_size == size
        sink.send(evening[2:])
        assert self.received() == evening

    def test_a_folder_that_cannot_be_made_is_tried_again(
        self, sink: JsonlSink, evening: list[Envelope]
    ) -> None:
        self.folder.write_bytes(b"a file")
        with pytest.raises(Again, match=r"Not a directory|File exists"):
            sink.position()
        with pytest.raises(Again):
            sink.send(evening)
        self.folder.unlink()
        sink.send(evening)
        assert self.received() == evening

    def test_a_file_that_somebody_moves_away_is_begun_anew(
        self, sink: JsonlSink, evening: list[Envelope], tmp_path: Path
    ) -> None:
        sink.send(evening[:2])
        (self.folder / FIRST).rename(tmp_path / "moved.jsonl")
        sink.send(evening[2:])
        assert self.received() == evening[2:]
