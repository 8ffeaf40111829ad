"""Third-party sinks: the documented example, installed by pip; broken ones cost only themselves."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from footy.errors import Exit
from footy.events.envelope import Envelope
from footy.history.log import Position
from footy.history.sqlite_log import opened_for_reading
from footy.service import alert_commands
from footy.service.paths import Files
from footy.sinks.base import Again, Refused, Sink
from footy.sinks.ledger import Ledger
from footy.sinks.registry import SinkOptions, Sinks
from footy.sinks.targets import Target
from footy.sinks.third_party import ThirdPartySink
from tests.sinks.sink_contract import SOURCE, SinkContract
from tests.support.evening import Evening
from tests.support.place import PROJECT, Place, wait_until
from tests.support.targets import Receiver, receiving

EXAMPLE = PROJECT / "docs" / "example-sink"
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the example as the page says, into a folder of its own."""
    folder = tmp_path_factory.mktemp("example")
    source = folder / "source"  # pip builds where the sources are
    source.mkdir()
    for path in EXAMPLE.iterdir():
        if path.is_file():
            (source / path.name).write_bytes(path.read_bytes())
    command = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-index"]
    command += ["--no-deps", "--no-build-isolation", "--target", str(folder / "packages"), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "packages"


@pytest.fixture
def example(installed: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(installed)
    yield
    sys.modules.pop("footy_table", None)


def table(folder: Path, **fields: object) -> Target:
    settings = msgspec.json.encode({"path": str(folder / "table.db")}).decode()
    return Target("t", "sink", sink="table", settings=settings, **fields)  # type: ignore[arg-type]


def rows(folder: Path) -> list[Envelope]:
    with sqlite3.connect(folder / "table.db") as connection:
        try:
            found = connection.execute("SELECT content FROM event ORDER BY rowid").fetchall()
        except sqlite3.OperationalError:  # nothing was written yet
            found = []
    connection.close()
    return [msgspec.json.decode(content, type=Envelope) for [content] in found]


@pytest.mark.usefixtures("example")
class TestExample(SinkContract):
    """The example is a sink as any other."""

    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def again(self) -> Sink:
        return ThirdPartySink(table(self.folder), Ledger(self.folder / "sent.db", "t"))

    @pytest.fixture
    def sink(self) -> Sink:
        return self.again()

    def received(self) -> list[Envelope]:
        return rows(self.folder)

    def test_its_own_position_counts_and_not_the_ledgers(self, sink: Sink, evening: list[Envelope]) -> None:
        sink.send(evening)
        with sqlite3.connect(self.folder / "table.db") as connection:
            connection.execute("DELETE FROM event WHERE sequence > 5")
        connection.close()
        sink.close()
        after = self.again()
        assert after.position() == Position(evening[0].footyepoch, 5)
        after.close()

    def test_a_target_may_ask_for_some_types(self, evening: list[Envelope]) -> None:
        sink = ThirdPartySink(table(self.folder, events=("goal",)), Ledger(self.folder / "sent.db", "t"))
        sink.send(evening)
        sink.close()
        goals = [one for one in evening if one.type == "footy.goal"]
        assert self.received() == goals != []


def test_the_example_runs_beside_footy_as_the_page_says(installed: Path, tmp_path: Path) -> None:
    rules = tmp_path / "alerts.toml"
    rules.write_text(
        f'[targets.archive]\nsink = "table"\nsettings = {{ path = "{tmp_path / "table.db"}" }}\n',
        encoding="utf-8",
    )
    rules.chmod(0o600)
    with Place(tmp_path, FOOTY_ALERTS=rules) as place:
        place.environment["PYTHONPATH"] += f":{installed}"
        check = place.run("alerts", "check")
        assert check.stdout.splitlines()[0] == "target archive: sink, all events", check
        sent = place.run("alerts", "send", "archive")
        assert (sent.returncode, sent.stdout) == (Exit.OK, "The target archive took the test message\n"), sent
        rules.write_text(rules.read_text(encoding="utf-8").replace("path =", "file ="), encoding="utf-8")
        wrong = place.run("alerts", "check")
        assert wrong.returncode == Exit.CONFIG
        assert "sink: its settings are wrong: the table takes path, the path of an SQLite" in wrong.stdout
    assert [one.type for one in rows(tmp_path)] == ["footy.alert"]


# --- broken ones

Install = Callable[[str], Target]

BROKEN = {
    "import": "raise ZeroDivisionError('at import')",
    "exit": "raise SystemExit(3)",
    "open": "def open_sink(name, settings): raise KeyError(name)",
    "settings": "def open_sink(name, settings): raise ValueError('takes host')",
    "no_sink": "def open_sink(name, settings): return 7",
    "no_function": "open_sink = None",
}
SENTENCES = {
    "import": "broken:open_sink cannot be imported (ZeroDivisionError: at import)",
    "exit": "broken:open_sink cannot be imported (SystemExit: 3)",
    "open": "broken:open_sink failed (KeyError), see the log",
    "settings": "its settings are wrong: takes host",
    "no_sink": "broken:open_sink returned no sink: it has no position",
    "no_function": "broken:open_sink failed (TypeError), see the log",
}
RAISES = """
class Sink:
    name = "broken"
    def position(self): return None
    def send(self, batch): raise {error}
    def close(self): raise OSError("no")
def open_sink(name, settings): return Sink()
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return a function that installs a module as a sink, as pip leaves it."""
    packages = tmp_path / "packages"

    def installed(source: str) -> Target:
        described = packages / "broken-1.dist-info"
        described.mkdir(parents=True)
        (packages / "broken.py").write_text(source, encoding="utf-8")
        (described / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
        (described / "entry_points.txt").write_text("[footy.sinks]\nbroken = broken:open_sink\n")
        monkeypatch.syspath_prepend(packages)
        return Target("t", "sink", sink="broken")

    yield installed
    sys.modules.pop("broken", None)


@pytest.mark.parametrize("kind", BROKEN)
def test_a_sink_that_cannot_be_opened_is_refused_with_a_sentence(
    kind: str, install: Install, tmp_path: Path
) -> None:
    sink = ThirdPartySink(install(BROKEN[kind]), Ledger(tmp_path / "sent.db", "t"))
    with pytest.raises(Refused) as refused:
        sink.position()
    assert str(refused.value) == SENTENCES[kind]
    sink.close()


def test_a_sink_that_no_package_has_is_refused(tmp_path: Path) -> None:
    sink = ThirdPartySink(Target("t", "sink", sink="nosuch"), Ledger(tmp_path / "sent.db", "t"))
    with pytest.raises(Refused, match="no installed package has a sink nosuch; there are"):
        sink.position()


@pytest.mark.parametrize("error", ["ZeroDivisionError()", "SystemExit(1)", "Again('busy', 3.0)"])
def test_whatever_a_sink_raises_the_batch_comes_again(
    error: str, install: Install, tmp_path: Path, evening: list[Envelope]
) -> None:
    source = "from footy.sinks.base import Again\n" + RAISES.format(error=error)
    sink = ThirdPartySink(install(source), Ledger(tmp_path / "sent.db", "t"))
    with pytest.raises(Again) as again:
        sink.send(evening)
    assert again.value.after_s == (3.0 if "busy" in error else None)
    assert sink.position() is None
    sink.close()


def test_a_broken_sink_costs_only_itself(install: Install, tmp_path: Path) -> None:
    # Its import does not end as long as the file is there.
    broken = install("import os, time\nwhile os.path.exists(__file__): time.sleep(0.02)")
    path = tmp_path / "footy.db"
    with Evening(path) as evening, receiving() as receiver:
        options = SinkOptions(SOURCE, ledger=tmp_path / "sent.db")
        sinks = Sinks(options, lambda: opened_for_reading(path))
        hook = Target("hook", "webhook", url=receiver.url(), secret=KEY)
        failing = Target("failing", "sink", sink="nosuch")
        sinks.use([broken, failing, hook])
        evening.see(a={})
        sinks.wake()
        wait_until(lambda: len(posted(receiver)) == 1)
        wait_until(lambda: sinks.problem is not None)
        assert "no installed package has a sink nosuch" in str(sinks.problem)
        (tmp_path / "packages" / "broken.py").unlink()
        sinks.close()


def posted(receiver: Receiver) -> list[bytes]:
    return [post.body for post in receiver.posts]


def test_check_says_what_is_wrong_with_a_sink_and_keeps_its_secrets(install: Install, tmp_path: Path) -> None:
    install("def open_sink(name, settings): raise ValueError(f'{settings} are odd')")
    files = Files(tmp_path)
    files.alerts.write_text(
        "[targets.t]\nsink = 'broken'\n"
        "settings = { token = 'Hunter2-Hunter2', deep = [{ a = 'S3cr3t-S3cr3t' }] }\n"
        "[targets.u]\nsink = 'broken'\nsettings = 7\n[targets.v]\nsink = 'a b'\n",
        encoding="utf-8",
    )
    files.alerts.chmod(0o600)
    said: list[str] = []
    assert alert_commands.check(files.alerts, said.append) == Exit.CONFIG
    assert [one.partition(": ")[2] for one in said] == [
        'target u, settings: takes a table, such as { path = "/var/lib/goals.db" }.',
        "target v, sink: takes the name of a sink that a package has in its entry points.",
    ]
    files.alerts.write_text(files.alerts.read_text(encoding="utf-8").partition("[targets.u]")[0])
    said.clear()
    assert alert_commands.check(files.alerts, said.append) == Exit.CONFIG
    [sentence] = said
    assert "target t, sink: its settings are wrong" in sentence
    assert "Hunter2" not in sentence
    assert "S3cr3t" not in sentence


def test_the_page_shows_the_entry_point_of_the_example() -> None:
    page = (PROJECT / "docs" / "sinks.md").read_text(encoding="utf-8")
    described = (EXAMPLE / "pyproject.toml").read_text(encoding="utf-8")
    group = described[described.index('[project.entry-points."footy.sinks"]') :].partition("\n\n")[0]
    assert group in page
