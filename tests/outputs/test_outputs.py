"""What holds for every output, whatever it writes to."""

import io
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from footy.outputs.base import Output, Update
from footy.outputs.console.consoles import LiveConsole, OnceConsole
from footy.outputs.json_printer import JsonPrinter
from footy.outputs.publish import publish
from footy.outputs.registry import OUTPUTS, OutputContext, open_outputs
from footy.outputs.snapshot_file import SnapshotFile
from footy.web.output import LivePage
from tests.outputs.console.test_consoles import OPTIONS, snapshot
from tests.support.web import Stage


@dataclass
class Written:
    """An output, and what has come out of it so far."""

    output: Output
    content: Callable[[], str]


class OutputContract:
    """The tests of one kind of output; a subclass makes it, by a fixture `written`."""

    def test_it_takes_one_update_after_another(self, written: Written) -> None:
        for cycle in (1, 2, 3):
            published = publish(Update(snapshot(cycle)), [written.output])
            assert published.failures == {}
            assert written.content()

    def test_closing_it_twice_is_closing_it(self, written: Written) -> None:
        written.output.publish(Update(snapshot()))
        written.output.close()
        written.output.close()

    def test_it_does_not_change_what_it_is_given(self, written: Written) -> None:
        given = snapshot(matches=5)
        before = msgspec.json.encode(given)
        written.output.publish(Update(given))
        assert msgspec.json.encode(given) == before


class TestSnapshotFile(OutputContract):
    @pytest.fixture
    def written(self, tmp_path: Path) -> Written:
        return Written(SnapshotFile(tmp_path), (tmp_path / "matches.json").read_text)


class TestJsonPrinter(OutputContract):
    @pytest.fixture
    def written(self, capfd: pytest.CaptureFixture[str]) -> Written:
        return Written(JsonPrinter(), lambda: capfd.readouterr().out)


class TestOnceConsole(OutputContract):
    @pytest.fixture
    def written(self) -> Written:
        stream = io.StringIO()
        return Written(OnceConsole(OPTIONS, stream), stream.getvalue)


class TestLivePage(OutputContract):
    @pytest.fixture
    def written(self, tmp_path: Path) -> Iterator[Written]:
        stage = Stage(tmp_path, log=False)
        yield Written(LivePage(stage.server), lambda: self._answer(stage))
        stage.close()

    @staticmethod
    def _answer(stage: Stage) -> str:
        stage.until(lambda: stage.server.live.picture is not None)
        return stage.get("/api/matches").body.decode()


def test_a_service_whose_output_goes_to_a_file_draws_nothing_there(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as stream:
        console = LiveConsole(OPTIONS, stream)
        assert publish(Update(snapshot()), [console]).failures == {}
        console.close()
    assert (tmp_path / "out").stat().st_size == 0


class _Failing:
    def __init__(self, error: Exception) -> None:
        self.name, self._error = "failing", error

    def publish(self, update: Update) -> None:
        del update
        raise self._error

    def close(self) -> None:
        pass


@pytest.mark.parametrize("error", [OSError(28, os.strerror(28)), ValueError("a bug")])
def test_the_failure_of_one_output_stops_no_other(tmp_path: Path, error: Exception) -> None:
    published = publish(Update(snapshot()), [_Failing(error), SnapshotFile(tmp_path)])

    assert published.failures.keys() == {"failing"}
    assert published.failure is None
    assert (tmp_path / "matches.json").exists()


def test_the_service_publishes_to_every_registered_output(tmp_path: Path) -> None:
    page = SnapshotFile(tmp_path)
    outputs = open_outputs(OutputContext(tmp_path, OPTIONS, sys.stdout, page))

    assert [one.name for one in outputs] == ["matches.json", "matches.json", "console"]
    assert outputs[1] is page
    assert len(outputs) == len(OUTPUTS)
    assert len(open_outputs(OutputContext(tmp_path, OPTIONS, sys.stdout))) == len(OUTPUTS) - 1
