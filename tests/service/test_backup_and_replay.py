"""`footy backup` and `footy replay`: a copy that can be restored, and the log's events once more."""

import json
import re
import resource
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from footy.errors import Exit
from footy.history.log import Commit, LogError, Position
from footy.history.odds import Kind, OddsBlob
from footy.history.span import Span
from footy.history.sqlite_log import opened, opened_for_reading
from footy.service.replay import NotReplayedError, replay
from footy.sinks.targets import Target
from footy.times import unix_seconds
from tests.support.evening import TOWN, write_busy_evening
from tests.support.place import PROJECT, SECRET, Place, complaints, wait_until
from tests.support.simulators import start
from tests.support.targets import Answer, Receiver, receiving, receiving_mail

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Place(tmp_path, THESPORTS_USER="someone", THESPORTS_SECRET=SECRET) as place:
        place.files.folder.mkdir()
        write_busy_evening(place.files.events)
        yield place


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


def events(path: Path) -> list[Any]:
    with closing(opened_for_reading(path)) as log:
        return log.read(0, 10_000)


def position(path: Path) -> Position:
    with closing(opened_for_reading(path)) as log:
        return Position(log.extent().epoch, log.extent().newest)


def bodies(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(post.body) for post in receiver.posts]


# --- backup


def test_a_backup_is_the_whole_log_of_its_moment_and_its_users_alone(place: Place) -> None:
    copy = place.folder / "copies" / "footy.db"
    copy.parent.mkdir()
    done = place.run("backup", str(copy))
    assert (done.returncode, done.stderr) == (Exit.OK, "")
    assert done.stdout == f"Written: {copy}, 0.1 MB, all events up to {position(place.files.events)}\n"
    assert events(copy) == events(place.files.events)
    assert position(copy) == position(place.files.events)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in copy.parent.iterdir()] == ["footy.db"]


def test_an_existing_file_is_not_replaced(place: Place) -> None:
    copy = place.folder / "precious.txt"
    copy.write_text("mine")
    done = place.run("backup", "precious.txt")
    assert (done.returncode, done.stdout) == (Exit.CANNOT_WRITE, "")
    assert complaints(done) == [f"footy: The copy {copy} exists already: name another file."]
    assert copy.read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["no/such/folder/copy.db"], Exit.CANNOT_WRITE, "cannot be written: No such file or directory."),
        ([], Exit.USAGE, "the following arguments are required: FILE"),
    ],
)
def test_a_backup_that_cannot_be_made_is_one_sentence(
    place: Place, arguments: list[str], code: Exit, words: str
) -> None:
    done = place.run("backup", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    [line] = complaints(done)
    assert words in line


def test_a_full_disk_leaves_no_half_backup(place: Place) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    copy = place.folder / "copy.db"
    with closing(opened(place.files.events)[0]) as log:  # of a size at which SQLite leaves its journal
        log.append(Commit(1.0, odds=[OddsBlob(TOWN, Kind.BASE, 1, 1.0, bytes(4_000_000))], listed=None))
    with closing(opened_for_reading(place.files.events)) as log:
        resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, hard))
        try:
            with pytest.raises(LogError, match=f"^The copy {copy} cannot be written: "):
                log.backup(copy)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [one.name for one in place.folder.iterdir()] == ["var"]


def test_a_backup_of_a_damaged_log_is_refused(place: Place) -> None:
    content = bytearray(place.files.events.read_bytes())
    with closing(sqlite3.connect(place.files.events)) as connection:
        [[root]] = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'event'").fetchall()
        [page] = connection.execute("PRAGMA page_size").fetchone()
    content[(root - 1) * page : root * page] = b"\xff" * page
    place.files.events.write_bytes(content)
    done = place.run("backup", "copy.db")
    assert done.returncode == Exit.CANNOT_WRITE
    assert "The log footy.db cannot be read: database disk image is malformed." in done.stderr
    assert not (place.folder / "copy.db").exists()


def test_a_restore_as_the_page_has_it_begins_a_new_epoch_and_goes_on(tmp_path: Path) -> None:
    page = (PROJECT / "docs" / "operations.md").read_text(encoding="utf-8")
    [block] = re.findall(r"^```bash\n(bash start.sh stop\nrm [^`]*?)```$", page, re.MULTILINE)
    stop, *commands, start_again = block.splitlines()
    assert (stop, start_again) == ("bash start.sh stop", "bash start.sh")
    copy = tmp_path / "copy.db"
    with start(matches=3, odds="light", secret=SECRET) as vendor, Place(tmp_path, FOOTY_INTERVAL=2) as place:
        place.ask(vendor)
        service = place.begin_service()
        assert place.run("backup", str(copy)).returncode == Exit.OK
        backed_up = position(copy)
        vendor.control.advance(1200)
        wait_until(lambda: position(place.files.events).sequence > backed_up.sequence)
        service.terminate()
        assert service.wait() == 0
        before = position(place.files.events)
        for command in commands:
            words = shlex.split(command.replace("/backups/footy.db", str(copy)))
            assert place.run_program(*words).returncode == 0
        assert position(place.files.events) == backed_up

        service = place.begin_service()
        wait_until(lambda: position(place.files.events).sequence > backed_up.sequence)
        service.terminate()
        assert service.wait() == 0
        assert position(place.files.events).epoch != before.epoch
        first, *rest = place.run("events", "--json", "--after", str(before)).stdout.splitlines()
        assert json.loads(first)["type"] == "footy.gap"
        assert [json.loads(one)["id"] for one in rest] == [one.id for one in events(place.files.events)]
    assert events(copy) == events(place.files.events)[: backed_up.sequence]


# --- replay


def test_events_go_once_more_to_a_target_marked_and_in_order(place: Place, receiver: Receiver) -> None:
    place.files.alerts.write_text(f"[targets.hook]\nwebhook = '{receiver.url()}'\nsecret = '{KEY}'\n")
    place.files.alerts.chmod(0o600)
    kept = events(place.files.events)
    done = place.run("replay", "--to", "hook")
    assert (done.returncode, done.stderr) == (Exit.OK, "")
    assert done.stdout == f"Replayed to hook: {len(kept)} events, up to {position(place.files.events)}\n"
    assert [one["id"] for one in bodies(receiver)] == [one.id for one in kept]
    assert {one["footyreplay"] for one in bodies(receiver)} == {True}
    assert not place.files.sent.exists(), "the target's own place in the log is not touched"

    receiver.posts.clear()
    middle = kept[20]
    tenth = f"{position(place.files.events).epoch}-10"
    some = place.run("replay", "--after", tenth, "--until", middle.seen_at, "--to", "hook")
    assert some.returncode == Exit.OK
    assert [one["id"] for one in bodies(receiver)] == [
        one.id for one in kept[10:] if one.seen_at < middle.seen_at
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--to", "nobody"], Exit.CONFIG, "nobody is no target of "),
        ([], Exit.USAGE, "the following arguments are required: --to"),
        (["--to", "hook", "--until", "soon"], Exit.USAGE, "--until takes a time such as "),
        (["--to", "hook", "--after", "7"], Exit.USAGE, "--after takes a position"),
    ],
)
def test_a_replay_that_cannot_be_is_one_sentence(
    place: Place, arguments: list[str], code: Exit, words: str
) -> None:
    place.files.alerts.write_text("[targets.hook]\ncommand = ['/bin/true']\n")
    place.files.alerts.chmod(0o600)
    done = place.run("replay", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    [line] = complaints(done)
    assert words in line


def test_a_position_of_another_log_is_a_warning(place: Place, receiver: Receiver) -> None:
    place.files.alerts.write_text(f"[targets.hook]\nwebhook = '{receiver.url()}'\nsecret = '{KEY}'\n")
    place.files.alerts.chmod(0o600)
    done = place.run("replay", "--to", "hook", "--after", "00000000-3")
    assert done.returncode == Exit.OK
    assert complaints(done)[0].startswith("footy: warning: The position 00000000-3 is not in this log: ")
    assert len(receiver.posts) == len(events(place.files.events))


def test_a_target_that_fails_for_a_while_gets_all_and_one_that_goes_on_is_named(
    place: Place, receiver: Receiver
) -> None:
    target = Target("hook", "webhook", url=receiver.url(), secret=KEY)
    slept: list[float] = []
    receiver.answers = [Answer(), Answer(503), Answer(503, {"Retry-After": "7"})]
    with closing(opened_for_reading(place.files.events)) as log:
        replay(log, Span(), target, source="urn:footy:live", sleep=slept.append)
        assert slept == [0.5, 7.0]
        accepted = [one["id"] for one in bodies(receiver)]
        kept = events(place.files.events)
        assert accepted == [kept[0].id, *[kept[1].id] * 3, *(one.id for one in kept[2:])]

        receiver.answers, receiver.always = [Answer(), Answer()], None
        receiver.answers += [Answer(503)] * 20
        with pytest.raises(NotReplayedError) as stopped:
            replay(log, Span(), target, source="urn:footy:live", sleep=slept.append)
    epoch = position(place.files.events).epoch
    assert str(stopped.value) == (
        f"The target hook took the events up to {epoch}-2 (go on with --after), and then nothing: "
        "it answered 503"
    )
    assert stopped.value.exit_code == Exit.UNAVAILABLE


def test_a_replayed_message_to_people_says_so_and_may_be_old(place: Place) -> None:
    with receiving_mail() as (mailbox, port), closing(opened_for_reading(place.files.events)) as log:
        target = Target(
            "mail",
            "notify",
            url=f"mailto://127.0.0.1:{port}/?from=footy@example.com&to=me@example.com",
            events=("goal",),
        )
        first = next(one for one in log.read(0, 10_000) if one.type == "goal")
        at = unix_seconds(first.seen_at)
        line = replay(log, Span(at, at + 1), target, source="urn:footy:live")
    assert line.startswith("Replayed to mail: ")
    [mail] = mailbox.mails
    assert b"REPLAY: " in mail
    assert b"Town 1" in mail


def test_what_is_replayed_is_the_same_event(place: Place, receiver: Receiver) -> None:
    target = Target("hook", "webhook", url=receiver.url(), secret=KEY, events=("goal",))
    with closing(opened_for_reading(place.files.events)) as log:
        replay(log, Span(), target, source="urn:footy:live")
        goals = log.read(0, 10_000, types=["goal"])
    assert TOWN in {one["subject"] for one in bodies(receiver)}
    assert [msgspec.json.encode(one["data"]) for one in bodies(receiver)] == [
        msgspec.json.encode(msgspec.json.decode(one.data)) for one in goals
    ]
