"""`footy alerts`: what it says, and its exit code."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from footy.errors import Exit
from footy.events.results import History
from footy.events.types import Score
from footy.history.place import FilePlace
from footy.service import alert_commands
from footy.service.alert_commands import NotDeliveredError, NothingYetError
from footy.service.paths import Files
from footy.sinks.ledger import Ledger
from tests.events.watch import record
from tests.service.test_alerts import MATCH, Service
from tests.support.place import SECRET, Place
from tests.support.targets import Answer, Receiver, receiving

EXAMPLES = Path(__file__).parents[2] / "docs" / "alerts.example.toml"
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


class Folder:
    """A data folder, and what the command says about it."""

    def __init__(self, folder: Path) -> None:
        self.files = Files(folder)
        self.place = FilePlace(self.files.events)
        self.said: list[str] = []

    def rules(self, text: str) -> None:
        self.files.alerts.write_text(text, encoding="utf-8")
        self.files.alerts.chmod(0o600)

    def snapshot(self, *records: Any) -> None:
        self.files.matches.write_text(json.dumps({"meta": {}, "matches": records}), encoding="utf-8")

    def say(self, line: str) -> None:
        self.said.append(line)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_the_command_checks_the_file_of_the_setting(tmp_path: Path) -> None:
    rules = tmp_path / "mine.toml"
    rules.write_bytes(EXAMPLES.read_bytes())
    rules.chmod(0o600)
    settings = {"THESPORTS_USER": "someone", "THESPORTS_SECRET": SECRET, "FOOTY_ALERTS": rules}
    with Place(tmp_path, **settings) as place:
        good = place.run("alerts", "check")
        assert (good.returncode, good.stderr) == (Exit.OK, "")
        assert good.stdout.splitlines()[-1] == f"{rules}: 5 rules and 1 target, nothing wrong"
        rules.write_text(rules.read_text(encoding="utf-8").replace("status_id ==", "status =="))
        wrong = place.run("alerts", "check")
        assert wrong.returncode == Exit.CONFIG
        assert "compares a text (status) with a number (3); the number is status_id." in wrong.stdout
        missing = place.run("alerts", "send")
        assert (missing.returncode, missing.stdout) == (Exit.USAGE, "")


def test_a_service_that_nobody_knows_is_wrong(folder: Folder) -> None:
    folder.rules("[targets.t]\nnotify = 'nosuch://hunter2hunter2'\n")
    assert alert_commands.check(folder.files.alerts, folder.say) == Exit.CONFIG
    [sentence] = folder.said
    assert "target t, notify: no service takes this address that begins with nosuch://" in sentence
    assert "hunter2" not in sentence


def test_every_rule_and_match_gets_its_verdict(folder: Folder) -> None:
    folder.rules(EXAMPLES.read_text(encoding="utf-8"))
    at_break = {"status_id": 3, "clock": "HT", "minute": None}
    folder.snapshot(
        record(**at_break, early_over_under_line=3.25, current_over_under_line=1.5),
        record(home="Rovers", **at_break, early_over_under_line=2.5),
        record(home="Bay", **at_break),
        record(home="Old", live_source="stale"),
    )
    assert alert_commands.test_on_snapshot(folder.files.alerts, folder.place, folder.say) == Exit.OK
    assert folder.said[1:5] == [
        "  YES  Town – City: Town – City: half-time, 0–0, early line 3.25, now 1.5 (Premier League)",
        "  no   Rovers – City: early_over_under_line >= 3.0 is false (early_over_under_line is 2.5)",
        "  no   Bay – City: early_over_under_line >= 3.0 is unknown (early_over_under_line is unknown)",
        "  no   Old – City: the record is not fresh, its source is stale",
    ]
    assert "  asks for events, which a snapshot has none of" in folder.said


def test_without_a_snapshot_there_is_nothing_to_test(folder: Folder) -> None:
    folder.rules(EXAMPLES.read_text(encoding="utf-8"))
    with pytest.raises(NothingYetError, match="There is no snapshot"):
        alert_commands.test_on_snapshot(folder.files.alerts, folder.place, folder.say)


def test_a_test_message_is_marked_and_counts_nowhere(folder: Folder, receiver: Receiver) -> None:
    folder.rules(
        f"[targets.hook]\nwebhook = '{receiver.url()}'\nsecret = '{KEY}'\nevents = ['goal']\n"
        f"[targets.phone]\nnotify = '{receiver.url(scheme='json')}'\n"
    )
    for name in ("hook", "phone"):
        assert alert_commands.send(folder.files.alerts, name, "urn:footy:demo", folder.say) == Exit.OK
    assert folder.said == [f"The target {name} took the test message" for name in ("hook", "phone")]
    hook, phone = (json.loads(post.body) for post in receiver.posts)
    assert hook["data"]["text"] == alert_commands.MARK
    assert phone["message"] == f"DEMO: {alert_commands.MARK}"
    assert not folder.files.sent.exists()


def test_a_test_message_that_does_not_arrive_is_a_failure(folder: Folder, receiver: Receiver) -> None:
    folder.rules(
        f"[targets.hook]\nwebhook = '{receiver.url()}'\nsecret = '{KEY}'\n"
        "[targets.bell]\ncommand = ['/bin/false']\n"
    )
    receiver.answers = [Answer(500)]
    with pytest.raises(NotDeliveredError, match="The target hook took nothing: it answered 500"):
        alert_commands.send(folder.files.alerts, "hook", "urn:x", folder.say)
    with pytest.raises(NotDeliveredError, match="The test message to bell: it was refused"):
        alert_commands.send(folder.files.alerts, "bell", "urn:x", folder.say)


def test_outcomes_are_a_table_by_rule(tmp_path: Path, folder: Folder) -> None:
    service = Service(tmp_path)
    service.write(
        "[targets.bell]\ncommand = ['/bin/true']\n"
        "[rules.over]\nwhen = 'minute > 60'\nwon = 'home_score > 0'\nprice = 'current_over_under_over'\n"
        "[rules.any]\nwhen = 'home_score == 0'\n"
    )
    service.cycle(current_over_under_over=1.8)
    service.cycle(after_s=3600, status_id=8, home_score=1)
    service.recorder._finals[MATCH] = History(8, "Finished", Score(1, 0))
    service.cycle(after_s=600, status_id=8, home_score=1)
    service.stop()
    ledger = Ledger(folder.files.sent, "bell")
    ledger.note(["a", "b"], "sent")
    ledger.note(["c"], "unknown")
    ledger.close()
    assert (
        alert_commands.show_outcomes(Ledger(folder.files.sent, ""), folder.place, "urn:x", folder.say)
        == Exit.OK
    )
    assert folder.said == [
        "rule  alerts  won  lost  void  open     rate      95 %  break-even    yield",
        "any        1    0     0     0     1        –         –           –        –",
        "over       1    1     0     0     0  100.0 %  21–100 %      55.6 %  +80.0 %",
        "messages to bell: 2 sent, 1 sent or not, unknown",
    ]


def test_without_a_log_there_are_no_outcomes(folder: Folder) -> None:
    with pytest.raises(NothingYetError, match="There are no events"):
        alert_commands.show_outcomes(None, folder.place, "urn:x", folder.say)
