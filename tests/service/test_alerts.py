"""The operator's alerts in the recorder: decided once with the cycle's events, whatever happens then."""

import logging
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from footy.alerts.book import AlertBook
from footy.events.results import History
from footy.events.types import AlertSettled, Score
from footy.history.place import FilePlace
from footy.history.sqlite_log import opened_for_reading
from footy.service.alerts import Alerts
from footy.service.recorder import Recorder
from footy.service.results import ResultReader
from footy.sinks.registry import SinkOptions, Sinks
from footy.telemetry.redaction import Redactor
from tests.events.watch import KICK_OFF, record
from tests.service.test_recorder import KEEPING, Vendor, outcome

MATCH = "4wyrn4h68yv6q86"
GOALLESS = """
[rules.goalless]
when = "status_id == 3 and home_score == 0 and early_over_under_line >= 3"
won = "home_score + away_score >= 1"
"""


class Service:
    """A recorder with alerts, started again as often as a test wants."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rules = folder / "alerts.toml"
        self.path = folder / "footy.db"
        self.now = KICK_OFF
        self.redact = Redactor()
        self.recorder = self.start()

    def start(self) -> Recorder:
        options = SinkOptions("urn:footy:test", ledger=self.folder / "sent.db")
        self.sinks = Sinks(options, lambda: opened_for_reading(self.path))
        self.alerts = Alerts(self.rules, self.sinks, self.redact)
        self.results = ResultReader(Vendor())
        self.recorder = Recorder(FilePlace(self.path), KEEPING, self.results, alerts=self.alerts)
        self.recorder.start(self.now, "live")
        return self.recorder

    def write(self, text: str) -> None:
        self.rules.write_text(text, encoding="utf-8")
        self.rules.chmod(0o600)

    def cycle(self, *, after_s: float = 10.0, **fields: Any) -> list[str]:
        """Run a cycle with a match; return the ids that it wrote, without the match's."""
        self.now += after_s
        before = self.newest()
        self.recorder.record(outcome([record(match_id=MATCH, **fields)], self.now, {MATCH}))
        return self.ids(before)

    def unlisted(self) -> list[str]:
        """Run a cycle without the match."""
        self.now += 10
        before = self.newest()
        self.recorder.record(outcome([], self.now, set()))
        return self.ids(before)

    def end(self, home: int, away: int) -> list[str]:
        """Run a cycle after the final state was read."""
        self.recorder._finals[MATCH] = History(8, "Finished", Score(home, away))
        return self.cycle(after_s=600, status_id=8, home_score=home, away_score=away)

    def newest(self) -> int:
        log = opened_for_reading(self.path)
        newest = log.extent().newest
        log.close()
        return newest

    def ids(self, after: int) -> list[str]:
        log = opened_for_reading(self.path)
        found = [one.id.partition(":")[2] for one in log.read(after, 1000) if one.match_id]
        log.close()
        return found

    def outcome(self) -> str:
        """Return the outcome of the newest alert that was settled."""
        log = opened_for_reading(self.path)
        [newest] = log.newest(1, types=["alert_settled"])
        log.close()
        return msgspec.json.decode(newest.data, type=AlertSettled).outcome

    def stop(self) -> None:
        self.recorder.close()
        self.sinks.close()


@pytest.fixture
def service(tmp_path: Path) -> Any:
    one = Service(tmp_path)
    yield one
    one.stop()


def test_an_alert_is_written_with_the_events_that_made_it(service: Service) -> None:
    service.write(GOALLESS + "[rules.break]\nwhen = \"event == 'half_time'\"\n")
    assert service.cycle(status_id=2, early_over_under_line=3.0) == ["match_seen"]
    assert service.cycle(status_id=3, early_over_under_line=3.0) == [
        "half_time:1",
        "alert:goalless:1",
        "alert:break:1",
    ]
    assert service.cycle(status_id=3, early_over_under_line=3.0) == []


def test_it_is_decided_once_over_a_restart(service: Service) -> None:
    service.write(GOALLESS)
    assert service.cycle(status_id=3, early_over_under_line=3.0) == ["match_seen", "alert:goalless:1"]
    service.stop()
    service.start()
    assert service.cycle(status_id=3, early_over_under_line=3.0) == []
    assert service.cycle(after_s=3600, status_id=8, home_score=1, early_over_under_line=3.0) == [
        "goal:home:1",
        "full_time:1",
    ]
    assert service.end(1, 0) == ["result", "alert_settled:goalless:1"]
    assert service.cycle(status_id=8, home_score=1) == []


def test_a_cycle_that_could_not_be_written_decides_again(service: Service) -> None:
    service.write(GOALLESS)
    service.cycle(status_id=2, early_over_under_line=3.0)
    blocked = opened_for_reading(service.path)
    writer = sqlite3.connect(service.path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    assert service.cycle(status_id=3, early_over_under_line=3.0) == []
    writer.execute("ROLLBACK")
    writer.close()
    blocked.close()
    assert service.cycle(status_id=3, early_over_under_line=3.0) == ["half_time:1", "alert:goalless:1"]


def test_rules_may_come_change_break_and_go_while_it_runs(service: Service) -> None:
    late = "[rules.late]\nwhen = 'minute >= 80'\n"
    assert service.cycle(minute=85) == ["match_seen"]
    service.write(late)
    assert service.cycle(minute=85) == ["alert:late:1"]
    service.write(late + "[rules.score]\nwhen = 'home_scroe > 0'\n")
    assert service.cycle(minute=85, home_score=1) == ["goal:home:1"]
    assert "did you mean home_score? The rules before" in str(service.recorder.problem)
    service.write(late + "[rules.score]\nwhen = 'home_score > 0'\n")
    assert service.cycle(minute=85, home_score=1) == ["alert:score:1"]
    assert service.recorder.problem is None
    service.rules.unlink()
    assert service.cycle(minute=85, home_score=2) == ["goal:home:2"]


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("left", [None, "", "[rules.goalless]\nwhen = 'minute > 99'\n"])
def test_alerts_of_a_rule_that_was_removed_are_void_at_the_result(
    service: Service, left: str | None, restarts: bool
) -> None:
    service.write(GOALLESS)
    assert service.cycle(status_id=3, early_over_under_line=3.0) == ["match_seen", "alert:goalless:1"]
    if left is None:
        service.rules.unlink()
    else:
        service.write(left)
    if restarts:
        service.stop()
        service.start()
    service.cycle(after_s=3600, status_id=8, home_score=1)
    assert service.end(1, 0) == ["result", "alert_settled:goalless:1"]
    assert service.outcome() == "void"
    assert service.cycle(status_id=8, home_score=1) == []


def test_a_leader_without_the_file_says_that_open_alerts_will_be_void(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    service.write(GOALLESS)
    service.cycle(status_id=3, early_over_under_line=3.0)
    service.stop()
    service.rules.unlink()
    service.start()
    service.cycle(status_id=3)
    service.cycle(status_id=3)
    assert caplog.text.count(f"There is no rules file {service.rules}") == 1


def test_no_alert_is_void_because_the_file_cannot_be_read_after_a_restart(service: Service) -> None:
    service.write(GOALLESS)
    service.cycle(status_id=3, early_over_under_line=3.0)
    service.write("[rules")
    service.stop()
    service.start()
    assert service.cycle(after_s=3600, status_id=12) == ["status:12:1"]
    assert str(service.recorder.problem).endswith("No rules are in use.")


def test_what_is_mended_beside_the_file_is_noticed(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    service.write("[targets.t]\nnotify_file = 'address'\n" + GOALLESS)
    service.rules.chmod(0o620)
    for _ in range(3):
        service.cycle()
    assert "chmod go-w" in str(service.recorder.problem)
    assert caplog.text.count("chmod go-w") == 1
    service.rules.chmod(0o600)
    service.cycle()
    assert "notify_file: the file cannot be read" in str(service.recorder.problem)
    (service.folder / "address").write_text("json://127.0.0.1:1/", encoding="utf-8")
    service.cycle()
    assert service.recorder.problem is None
    assert [one.name for one in service.sinks] == ["t"]


CORNERS = """
[rules.corners]
when = "status_id == 3"
won = "home_corners >= 5 and home_score >= 1"
"""


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize(("mended", "outcome"), [(CORNERS, "won"), (None, "void")])
def test_an_outcome_that_could_not_be_known_comes_when_the_file_can_be_read(
    service: Service, mended: str | None, outcome: str, restarts: bool
) -> None:
    service.write(CORNERS)
    service.cycle(status_id=3, home_score=1, home_corners=3)
    service.stop()
    service.write("[rules")
    service.start()
    service.cycle(after_s=3600, status_id=8, home_score=1, home_corners=5)
    assert service.end(1, 0) == ["result"]
    if restarts:
        service.stop()
        service.start()
    service.unlisted()
    assert service.cycle(status_id=8, home_score=1) == []
    service.unlisted()
    service.write(mended) if mended else service.rules.unlink()
    assert service.unlisted() == ["alert_settled:corners:1"]
    assert service.outcome() == outcome
    assert service.unlisted() == []
    assert service.recorder.problem is None


def test_the_outcome_of_a_cancelled_match_comes_when_the_file_can_be_read(service: Service) -> None:
    service.write(GOALLESS)
    service.cycle(status_id=3, early_over_under_line=3.0)
    service.stop()
    service.write("[rules")
    service.start()
    service.cycle(status_id=11)
    service.cycle(status_id=2)
    service.write(GOALLESS)
    assert service.cycle(status_id=2) == []  # it goes on
    service.write("[rules")
    service.stop()
    service.start()
    service.cycle(status_id=12)
    service.write(GOALLESS)
    assert service.unlisted() == ["alert_settled:goalless:1"]
    assert service.outcome() == "void"


def test_a_bug_in_alerts_costs_no_event(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    service.write(GOALLESS)
    service.cycle(status_id=2, early_over_under_line=3.0)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch, caplog.at_level(logging.CRITICAL):
        patch.setattr(AlertBook, "after_cycle", broken)
        assert service.cycle(status_id=3, early_over_under_line=3.0) == ["half_time:1"]
    assert service.recorder.problem == "Alerts were not evaluated: ZeroDivisionError, see the log"
    assert service.cycle(status_id=3, early_over_under_line=3.0) == ["alert:goalless:1"]
    assert service.recorder.problem is None


def test_secrets_of_targets_are_redacted_as_soon_as_they_are_read(service: Service) -> None:
    service.write("[targets.t]\nnotify = 'json://me:s3cr3t-of-mine@127.0.0.1:1/'\n" + GOALLESS)
    service.cycle()
    assert service.redact("POST s3cr3t-of-mine") == "POST ***"


def test_targets_are_opened_and_closed_with_the_file(service: Service) -> None:
    service.cycle()
    assert list(service.sinks) == []
    service.write("[targets.t]\ncommand = ['/bin/true']\n[targets.u]\ncommand = ['/bin/true']\n")
    service.cycle()
    before = {one.name: one for one in service.sinks}
    assert sorted(before) == ["t", "u"]
    service.write("[targets.t]\ncommand = ['/bin/true']\n[targets.u]\ncommand = ['/bin/true', 'x']\n")
    service.cycle()
    after = {one.name: one for one in service.sinks}
    assert after["t"] is before["t"]
    assert after["u"] is not before["u"]
    service.rules.unlink()
    service.cycle()
    assert list(service.sinks) == []


def test_without_a_file_nothing_of_alerts_is_imported() -> None:
    script = """
import sys
from pathlib import Path
from footy.events.detector import Detection
from footy.service.alerts import Alerts
from footy.service.daemon import run
from footy.service.recorder import Recorder
from footy.sinks.registry import SinkOptions, Sinks
from footy.telemetry.redaction import Redactor
alerts = Alerts(Path("no-such"), Sinks(SinkOptions("urn:x"), None), Redactor())
found = alerts.after_cycle(None, Detection(), [], 0.0)
assert found == Detection() and alerts.problem is None
wrong = {"footy.alerts.book", "footy.sinks.runner", "footy.sinks.ledger", "apprise", "rule_engine"}
print(sorted(wrong & {*sys.modules}))
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout == "[]\n"
