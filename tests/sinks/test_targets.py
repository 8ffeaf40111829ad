"""Messages and webhooks over real sockets: each once, none late, nothing of a name takes effect."""

import base64
import contextlib
import email
import email.policy
import json
import logging
import socket
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from apprise.plugins.discord import NotifyDiscord
from standardwebhooks.webhooks import Webhook

from footy.events.envelope import Envelope, envelope
from footy.events.ids import event_id
from footy.events.types import Alert, Event, Score
from footy.history.log import Log, LogError, Position
from footy.history.sqlite_log import opened, opened_for_reading
from footy.plain_text import harmless
from footy.sinks.base import Again, Refused, Sink
from footy.sinks.command import CommandSink
from footy.sinks.ledger import Ledger
from footy.sinks.notify import NotifySink
from footy.sinks.registry import SinkOptions, Sinks
from footy.sinks.targets import Target
from footy.sinks.webhook import WebhookSink, retry_after
from footy.times import moment_text
from tests.sinks.sink_contract import SinkContract
from tests.support.place import wait_until
from tests.support.ports import free_port
from tests.support.targets import Answer, Mailbox, Receiver, receiving, receiving_mail

NOW = 1_795_460_400.0
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
EPOCH = "9f3a01c7"


def alert(
    sequence: int,
    text: str = "half-time, 0–0",
    *,
    rule: str = "goalless",
    to: tuple[str, ...] = ("t",),
    at: float = NOW,
    source: str = "urn:footy:live",
    **fields: Any,
) -> Envelope:
    own: dict[str, Any] = {
        "match_id": f"match{sequence}",
        "competition": "Premier League",
        "country": "England",
        "home": "Town",
        "away": "City",
        "status_id": 3,
        "minute": None,
        "clock": "HT",
        "late": False,
        "relates": None,
        "seen_at": moment_text(at),
        "vendor_at": None,
        "score": Score(0, 0),
        "rule": rule,
        "text": text,
        "to": to,
        "price": None,
        "event": None,
        "unseen_s": 0.0,
    }
    data = Alert(**(own | fields))
    event = Event(event_id(data.match_id, "alert", rule, 1), "alert", data)
    return envelope(event, sequence=sequence, epoch=EPOCH, source=source)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def mail() -> Iterator[tuple[Mailbox, int]]:
    with receiving_mail() as one:
        yield one


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def ledger(folder: Path, clock: Clock | None = None) -> Ledger:
    return Ledger(folder / "sent.db", "t", now=clock or time.time)


# --- webhooks


class TestWebhook(SinkContract):
    """A webhook is a sink as any other."""

    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path, receiver: Receiver) -> None:
        self.folder, self.receiver = tmp_path, receiver

    def again(self) -> Sink:
        target = Target("t", "webhook", url=self.receiver.url(), secret=KEY)
        return WebhookSink(target, ledger(self.folder))

    @pytest.fixture
    def sink(self) -> Sink:
        return self.again()

    def received(self) -> list[Envelope]:
        return [envelope_of(post.body) for post in self.receiver.posts]

    def test_its_signatures_verify_by_the_standard(self, sink: Sink, evening: list[Envelope]) -> None:
        sink.send(evening)
        sink.close()
        for post, one in zip(self.receiver.posts, evening, strict=True):
            headers = {name.lower(): value for name, value in post.headers.items()}
            assert Webhook(KEY).verify(post.body, headers)["id"] == one.id
            assert headers["webhook-id"] == one.id
            assert headers["content-type"] == "application/cloudevents+json"

    def test_what_was_taken_is_not_sent_again(self, sink: Sink, evening: list[Envelope]) -> None:
        self.receiver.answers = [Answer(), Answer(), Answer(503)]
        with pytest.raises(Again, match="it answered 503"):
            sink.send(evening)
        assert sink.position() == Position(evening[0].footyepoch, 2)
        sink.send(evening)
        sink.close()
        ids = [one.id for one in self.received()]
        assert ids == [one.id for one in (*evening[:3], *evening[2:])]

    def test_a_target_says_when_to_ask_again(self, sink: Sink, evening: list[Envelope]) -> None:
        self.receiver.answers = [Answer(429, {"Retry-After": "17"})]
        with pytest.raises(Again) as found:
            sink.send(evening)
        assert found.value.after_s == 17
        sink.close()

    def test_a_target_that_is_gone_gets_nothing_more(self, sink: Sink, evening: list[Envelope]) -> None:
        self.receiver.answers = [Answer(410)]
        with pytest.raises(Refused, match="410"):
            sink.send(evening)
        sink.close()

    def test_an_answer_elsewhere_is_not_followed(self, sink: Sink, evening: list[Envelope]) -> None:
        self.receiver.answers = [Answer(302, {"Location": self.receiver.url("/elsewhere")})]
        with pytest.raises(Again, match="302"):
            sink.send(evening)
        sink.close()
        assert {post.path for post in self.receiver.posts} == {"/hook"}


def envelope_of(body: bytes) -> Envelope:
    return msgspec.json.decode(body, type=Envelope)


def test_the_user_and_the_password_of_an_address_are_sent(tmp_path: Path, receiver: Receiver) -> None:
    url = receiver.url().replace("//", "//me:p%40ss:w%C3%B6rd@")
    sink = WebhookSink(Target("t", "webhook", url=url, secret=KEY), ledger(tmp_path))
    sink.send([alert(1)])
    sink.close()
    kind, _, said = receiver.posts[0].headers["authorization"].partition(" ")
    assert (kind, base64.b64decode(said).decode()) == ("Basic", "me:p@ss:wörd")


def test_an_answer_that_comes_too_late_is_asked_for_again(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answers = [Answer(waits=True)]
    target = Target("t", "webhook", url=receiver.url(), secret=KEY, timeout_s=0.2)
    sink = WebhookSink(target, ledger(tmp_path))
    with pytest.raises(Again, match="no answer"):
        sink.send([alert(1)])
    receiver.released.set()
    sink.send([alert(1)])
    sink.close()
    assert len({post.headers["webhook-id"] for post in receiver.posts}) == 1


@contextmanager
def dripping(begin: bytes) -> Iterator[str]:
    """Run a server that begins an answer, and then sends a byte now and then."""
    ended = threading.Event()

    def drip(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.sendall(begin)
            while not ended.wait(0.05):
                connection.sendall(b"x")

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                drip(server.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        ended.set()


def test_an_answer_that_drips_is_asked_for_again(tmp_path: Path) -> None:
    with dripping(b"HTTP/1.1 ") as url:
        sink = WebhookSink(Target("t", "webhook", url=url, secret=KEY, timeout_s=0.3), ledger(tmp_path))
        with pytest.raises(Again, match="no answer"):
            sink.send([alert(1)])
        sink.close()


def test_the_status_counts_although_the_rest_of_the_answer_drips(tmp_path: Path) -> None:
    with dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n") as url:
        sink = WebhookSink(Target("t", "webhook", url=url, secret=KEY, timeout_s=0.3), ledger(tmp_path))
        sink.send([alert(1)])
        assert sink.position() == Position(EPOCH, 1)
        sink.close()


def test_a_target_that_is_not_there_is_tried_again(tmp_path: Path, receiver: Receiver) -> None:
    target = Target("t", "webhook", url=receiver.url(), secret=KEY)
    receiver.close()
    sink = WebhookSink(target, ledger(tmp_path))
    with pytest.raises(Again, match=r"no answer \(NewConnectionError\)") as found:
        sink.send([alert(1)])
    assert str(receiver.port) not in str(found.value)
    assert sink.position() is None
    sink.close()


def test_a_new_webhook_begins_where_it_is_told(tmp_path: Path, receiver: Receiver) -> None:
    target = Target("t", "webhook", url=receiver.url(), secret=KEY)
    begin = Position(EPOCH, 7)
    sink = WebhookSink(target, ledger(tmp_path), begin)
    assert sink.position() == begin
    sink.close()
    sink = WebhookSink(target, ledger(tmp_path), Position(EPOCH, 9))
    assert sink.position() == begin
    sink.close()


def test_a_new_target_has_its_beginning_before_the_next_commit(tmp_path: Path) -> None:
    log, _ = opened(tmp_path / "footy.db")
    newest = log.extent()
    log.close()
    calls: list[str] = []

    def open_log() -> Log:
        calls.append(threading.current_thread().name)
        if len(calls) > 1:  # the sink's own thread gets no further
            raise LogError("not now")
        return opened_for_reading(tmp_path / "footy.db")

    sinks = Sinks(SinkOptions("urn:footy:test", ledger=tmp_path / "sent.db"), open_log)
    sinks.use([Target("t", "command", command=("/bin/true",))])
    sinks.close()
    of_target = ledger(tmp_path)
    assert of_target.position() == Position(newest.epoch, newest.newest)
    of_target.close()


def test_a_target_that_is_changed_in_the_middle_gets_every_event_in_order_and_once(
    tmp_path: Path, receiver: Receiver, evening_log: Path
) -> None:
    log = opened_for_reading(evening_log)
    sequences = [one.sequence for one in log.read(0, 40)]
    epoch = log.extent().epoch
    log.close()
    of_target = ledger(tmp_path)
    of_target.move(Position(epoch, 0))
    of_target.close()
    receiver.answers = [Answer(), Answer(), Answer(waits=True)]
    target = Target("t", "webhook", url=receiver.url(), secret=KEY)
    options = SinkOptions("urn:footy:test", ledger=tmp_path / "sent.db")
    sinks = Sinks(options, lambda: opened_for_reading(evening_log))
    sinks.use([target])
    wait_until(lambda: len(receiver.posts) == 3)
    sinks.use([])
    sinks.use([replace(target, timeout_s=9.0)])
    wait_until(lambda: sinks.problem is not None)
    assert "has not ended" in str(sinks.problem)
    receiver.released.set()
    wait_until(lambda: len(receiver.posts) >= len(sequences))
    sinks.close()
    arrived = [int(envelope_of(post.body).sequence) for post in receiver.posts]
    assert arrived[: len(sequences)] == sequences


def test_a_webhook_may_ask_for_some_types(tmp_path: Path, receiver: Receiver) -> None:
    target = Target("t", "webhook", url=receiver.url(), secret=KEY, events=("alert",))
    sink = WebhookSink(target, ledger(tmp_path))
    sink.send([alert(1, to=("other",)), alert(2), alert(3)])
    assert sink.position() == Position(EPOCH, 3)
    sink.close()
    assert [json.loads(post.body)["sequence"][-1] for post in receiver.posts] == ["2", "3"]


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        ("30", 30.0),
        ("999999", 3600.0),
        ("Mon, 23 Nov 2026 19:01:40 GMT", 100.0),
        ("0", 1.0),
        ("Mon, 23 Nov 2026 18:00:00 GMT", 1.0),
        ("soon", None),
        ("-3", None),
        ("", None),
    ],
)
def test_retry_after(text: str, wait_s: float | None) -> None:
    assert retry_after({"Retry-After": text}, NOW) == wait_s


# --- messages


class Recorded(CommandSink):
    """Messages that go nowhere, with outcomes that a test wants."""

    together = True

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.said: list[list[str]] = []
        self.outcomes: list[Any] = []

    def deliver(self, messages: Any) -> Any:
        outcome = self.outcomes.pop(0) if self.outcomes else "sent"
        if isinstance(outcome, BaseException):
            raise outcome
        self.said.append([one.line for one in messages])
        return outcome


@pytest.fixture
def messages(tmp_path: Path, clock: Clock) -> Iterator[Recorded]:
    target = Target("t", "command", command=("/bin/true",), events=("alert",))
    sink = Recorded(target, ledger(tmp_path, clock), now=clock)
    yield sink
    sink.close()


def test_a_message_is_sent_once(messages: Recorded) -> None:
    messages.send([alert(1, "one")])
    messages.send([alert(1, "one"), alert(2, "two")])
    assert messages.said == [["one"], ["two"]]
    assert messages.position() == Position(EPOCH, 2)


def test_messages_of_a_cycle_come_together(messages: Recorded) -> None:
    messages.send([alert(1, "a"), alert(2, "b"), alert(3, "c", at=NOW + 60)])
    assert messages.said == [["a", "b"], ["c"]]


def test_only_alerts_for_this_target_come(messages: Recorded, evening: list[Envelope]) -> None:
    messages.send([alert(1, "a", to=("other",)), alert(2, "b", to=("other", "t")), alert(3, "c", to=())])
    messages.send(evening)
    assert messages.said == [["b"]]


def test_what_is_too_old_is_not_sent_and_counted(
    messages: Recorded, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    clock.now = NOW + 301
    with caplog.at_level(logging.WARNING):
        messages.send([alert(1, "old"), alert(2, "new", at=NOW + 10)])
        messages.send([alert(3, "late", at=NOW + 300, unseen_s=1000.0)])
    assert messages.said == [["new"]]
    assert messages._ledger.counts() == {"too_old": 2, "sent": 1}
    assert "too old to be sent: match1:alert:goalless:1" in caplog.text


def test_what_surely_was_not_sent_is_tried_again_until_it_is_too_old(
    messages: Recorded, clock: Clock
) -> None:
    messages.outcomes = [Again("down"), Again("down"), "sent"]
    batch = [alert(1, "a"), alert(2, "b", at=NOW + 200)]
    for _ in range(2):
        with pytest.raises(Again):
            messages.send(batch)
    assert messages.position() is None
    clock.now = NOW + 310
    messages.send(batch)
    assert messages.said == [["b"]]
    assert messages._ledger.counts() == {"too_old": 1, "sent": 1}


def test_what_may_have_been_sent_is_not_repeated_but_counted(messages: Recorded) -> None:
    messages.outcomes = ["unknown"]
    messages.send([alert(1, "a")])
    messages.send([alert(1, "a"), alert(2, "b")])
    assert messages.said == [["a"], ["b"]]
    assert messages._ledger.counts() == {"unknown": 1, "sent": 1}


def test_what_was_being_sent_when_the_process_ended_is_unknown(
    tmp_path: Path, messages: Recorded, clock: Clock
) -> None:
    messages.outcomes = [KeyboardInterrupt()]
    with pytest.raises(KeyboardInterrupt):
        messages.send([alert(1, "a")])
    messages.close()
    after = Recorded(messages._target, ledger(tmp_path, clock), now=clock)
    assert after.position() is None
    after.send([alert(1, "a"), alert(2, "b", at=NOW + 1)])
    assert (after.said, after._ledger.counts()) == ([["b"]], {"unknown": 1, "sent": 1})
    after.close()


def test_a_broken_ledger_is_set_aside(tmp_path: Path, messages: Recorded) -> None:
    messages.close()
    for path in tmp_path.glob("sent.db*"):
        path.unlink()
    (tmp_path / "sent.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(Again, match=r"sent\.db cannot be used"):
        messages.send([alert(1)])
    messages.send([alert(1)])
    assert len(messages.said) == 1
    assert len(list(tmp_path.glob("sent.db.broken-*"))) == 1
    assert stat.S_IMODE((tmp_path / "sent.db").stat().st_mode) == 0o600


def test_a_ledger_that_is_lost_in_the_middle_of_a_batch_repeats_nothing(
    tmp_path: Path, messages: Recorded
) -> None:
    messages.outcomes = ["sent", "sent", Again("down")]
    batch = [alert(1, "a"), alert(2, "b", at=NOW + 1), alert(3, "c", at=NOW + 2)]
    with pytest.raises(Again):
        messages.send(batch)
    messages.close()  # as the ledger does when it cannot be used
    for path in tmp_path.glob("sent.db*"):
        path.unlink()
    messages.send(batch)
    assert messages.said == [["a"], ["b"], ["c"]]


# --- programs


def program(folder: Path, text: str) -> tuple[str, ...]:
    path = folder / "program.py"
    path.write_text(text, encoding="utf-8")
    return (sys.executable, str(path), "a b; touch injected", "$(touch injected)")


def run_program(folder: Path, clock: Clock, text: str, *events: Envelope) -> dict[str, int]:
    target = Target("t", "command", command=program(folder, text), events=("alert",), timeout_s=60)
    sink = CommandSink(target, ledger(folder, clock), now=clock)
    try:
        sink.send(events)
        return sink._ledger.counts()
    finally:
        sink.close()


def test_a_program_gets_each_event_on_its_standard_input(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THESPORTS_SECRET", "hunter2hunter2")
    out = tmp_path / "out"
    text = f"""
import os, sys
with open({str(out)!r}, "a") as file:
    file.write(sys.stdin.read() + repr(sys.argv[1:]) + repr("THESPORTS_SECRET" in os.environ) + "\\n")
"""
    counts = run_program(tmp_path, clock, text, alert(1, home="$(touch injected)"), alert(2))
    assert counts == {"sent": 2}
    event, rest, second, _ = out.read_text(encoding="utf-8").splitlines()
    assert json.loads(event)["data"]["home"] == "$(touch injected)"
    assert rest == "['a b; touch injected', '$(touch injected)']False"
    assert json.loads(second)["id"] == "match2:alert:goalless:1"
    assert not list(Path.cwd().glob("injected"))


def test_a_program_that_takes_too_long_is_ended_with_all_that_it_started(
    tmp_path: Path, clock: Clock
) -> None:
    pids = tmp_path / "pids"
    script = (
        f"sleep 60 & beside=$!; setsid sleep 60 & echo $$ $beside $! > {pids}.new; mv {pids}.new {pids}; wait"
    )
    target = Target("t", "command", command=("/bin/sh", "-c", script), events=("alert",), timeout_s=1.5)
    sink = CommandSink(target, ledger(tmp_path, clock), now=clock)
    sink.send([alert(1)])
    assert sink._ledger.counts() == {"unknown": 1}
    sink.close()
    all_of_them = [int(pid) for pid in pids.read_text().split()]
    wait_until(lambda: not any(map(is_running, all_of_them)), within_s=20)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in {"Z", "X"}


def test_a_program_may_ask_for_an_event_again_and_those_before_are_not_repeated(
    tmp_path: Path, clock: Clock
) -> None:
    out = tmp_path / "out"
    text = f"""
import sys
event = sys.stdin.read()
with open({str(out)!r}, "a") as file:
    file.write(event)
sys.exit(75 if "match2" in event else 0)
"""
    for _ in range(2):
        with pytest.raises(Again, match="asks for it again"):
            run_program(tmp_path, clock, text, alert(1), alert(2))
    found = [json.loads(line)["subject"] for line in out.read_text(encoding="utf-8").splitlines()]
    assert found == ["match1", "match2", "match2"]


def test_a_program_that_fails_is_not_repeated(tmp_path: Path, clock: Clock) -> None:
    assert run_program(tmp_path, clock, "raise SystemExit(3)", alert(1)) == {"refused": 1}
    assert run_program(tmp_path, clock, "raise SystemExit(0)", alert(1)) == {"refused": 1}


def test_a_program_that_is_not_there_is_tried_again(tmp_path: Path, clock: Clock) -> None:
    target = Target("t", "command", command=("/no/such",), events=("alert",))
    sink = CommandSink(target, ledger(tmp_path, clock), now=clock)
    with pytest.raises(Again, match="/no/such cannot be run: No such file or directory"):
        sink.send([alert(1)])
    sink.close()


# --- services for people

HOSTILE = "<b>T</b> [x](http://evil.example) @everyone <!channel> **y**\r\nBcc: me@evil.example"


def notify(folder: Path, clock: Clock, url: str, *, timeout_s: float = 10.0) -> NotifySink:
    target = Target("t", "notify", url=url, events=("alert", "indicator_changed"), timeout_s=timeout_s)
    return NotifySink(target, ledger(folder, clock), now=clock)


def test_a_service_gets_one_message_a_cycle(tmp_path: Path, clock: Clock, receiver: Receiver) -> None:
    sink = notify(tmp_path, clock, receiver.url(scheme="json"))
    sink.send([alert(1, "one"), alert(2, "two", rule="other")])
    sink.send([alert(3, "three", source="urn:footy:demo")])
    sink.close()
    said = [json.loads(post.body) for post in receiver.posts]
    assert [(one["title"], one["message"]) for one in said] == [
        ("2 alerts", "one\ntwo"),
        ("DEMO: goalless", "DEMO: three"),
    ]


def test_what_is_too_long_for_a_service_is_several_messages(
    tmp_path: Path, clock: Clock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.always = Answer(200)
    monkeypatch.setattr(NotifyDiscord, "notify_url", receiver.url("/discord"))
    sink = notify(tmp_path, clock, "discord://123456789012345678/" + "a" * 40)
    lines = [f"{number}: {'x' * 150}" for number in range(40)]
    sink.send([alert(number, line) for number, line in enumerate(lines, 1)])
    sink.close()
    said = [json.loads(post.body)["content"] for post in receiver.posts]
    assert max(map(len, said)) <= 2000
    assert [line for one in said for line in one.splitlines() if ": " in line] == lines
    assert len(said) == 5


def test_a_single_message_that_is_too_long_for_a_service_is_cut(
    tmp_path: Path, clock: Clock, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver.always = Answer(200)
    monkeypatch.setattr(NotifyDiscord, "notify_url", receiver.url("/discord"))
    monkeypatch.setattr(NotifyDiscord, "body_maxlen", 300)
    sink = notify(tmp_path, clock, "discord://123456789012345678/" + "a" * 40)
    sink.send([alert(1, "x" * 500), alert(2, "y")])
    sink.close()
    said = [json.loads(post.body)["content"] for post in receiver.posts]
    assert [len(one) <= 300 for one in said] == [True, True]


def test_a_service_that_refuses_is_tried_again(tmp_path: Path, clock: Clock, receiver: Receiver) -> None:
    receiver.answers = [Answer(500)]
    sink = notify(tmp_path, clock, receiver.url(scheme="json"))
    with pytest.raises(Again, match="the service did not take a message"):
        sink.send([alert(1)])
    sink.send([alert(1)])
    assert sink._ledger.counts() == {"sent": 1}
    sink.close()


def test_after_an_hours_outage_nothing_too_old_reaches_people(
    tmp_path: Path, clock: Clock, receiver: Receiver
) -> None:
    sink = notify(tmp_path, clock, receiver.url(scheme="json"))
    log = [alert(minute, f"minute {minute}", at=NOW + 60 * minute) for minute in range(61)]
    receiver.always = Answer(503)
    for minute in range(60):
        clock.now = NOW + 60 * minute
        with pytest.raises(Again):
            sink.send(log[: minute + 1])
    receiver.posts.clear()
    receiver.always = None
    clock.now = NOW + 3600
    sink.send(log)
    sink.send(log)
    said = [line for post in receiver.posts for line in json.loads(post.body)["message"].splitlines()]
    assert said == [f"minute {minute}" for minute in range(55, 61)]
    assert sink._ledger.counts() == {"too_old": 55, "sent": 6}
    sink.close()


def test_a_service_that_answers_too_late_gets_it_once(
    tmp_path: Path, clock: Clock, receiver: Receiver
) -> None:
    receiver.answers = [Answer(waits=True)]
    sink = notify(tmp_path, clock, receiver.url(scheme="json"), timeout_s=0.3)
    sink.send([alert(1)])
    receiver.released.set()
    sink.send([alert(1)])
    assert (len(receiver.posts), sink._ledger.counts()) == (1, {"unknown": 1})
    sink.close()


def test_a_message_whose_answer_is_lost_is_not_repeated(
    tmp_path: Path, clock: Clock, receiver: Receiver
) -> None:
    receiver.answers = [Answer(is_lost=True)]
    sink = notify(tmp_path, clock, receiver.url(scheme="json"))
    for _ in range(3):
        sink.send([alert(1)])
    assert (len(receiver.posts), sink._ledger.counts()) == (1, {"unknown": 1})
    sink.close()


def test_a_mail_whose_answer_is_lost_is_not_repeated(
    tmp_path: Path, clock: Clock, mail: tuple[Mailbox, int]
) -> None:
    mailbox, port = mail
    mailbox.loses = True
    url = f"mailto://127.0.0.1:{port}?from=footy@example.com&to=me@example.com&mode=insecure"
    sink = notify(tmp_path, clock, url)
    for _ in range(3):
        sink.send([alert(1)])
    assert (len(mailbox.mails), sink._ledger.counts()) == (1, {"unknown": 1})
    sink.close()


@pytest.mark.parametrize(
    "url",
    [
        "json://127.0.0.1:{port}/",
        "jsons://127.0.0.1:{other}/",
        "json://no-such-host.invalid/",
        "mailto://127.0.0.1:{port}?from=a@example.com&to=b@example.com&mode=insecure",
        "mailto://no-such-host.invalid?from=a@example.com&to=b@example.com&mode=insecure",
    ],
)
def test_what_surely_was_not_sent_to_a_service_is_tried_again(
    tmp_path: Path, clock: Clock, receiver: Receiver, url: str
) -> None:
    sink = notify(tmp_path, clock, url.format(port=free_port(), other=receiver.port))
    with pytest.raises(Again):
        sink.send([alert(1)])
    assert sink._ledger.counts() == {}
    sink.close()


def test_mail_arrives_and_nothing_of_a_name_takes_effect(
    tmp_path: Path, clock: Clock, mail: tuple[Mailbox, int]
) -> None:
    mailbox, port = mail
    url = f"mailto://127.0.0.1:{port}?from=footy@example.com&to=me@example.com&mode=insecure"
    sink = notify(tmp_path, clock, url)
    sink.send([alert(1, f"{harmless(HOSTILE)} 0–0")])
    sink.close()
    [content] = mailbox.mails
    found = email.message_from_bytes(content, policy=email.policy.default)
    assert (found["to"], found["bcc"]) == ("me@example.com", None)
    part = found.get_body(("html", "plain"))
    assert part is not None
    text = part.get_content()
    assert "0–0" in text
    for sign in ("<b>", "evil.example", "@everyone", "<!channel>", "**", "](", "\r\nBcc"):
        assert sign not in text


def test_mail_that_is_refused_for_now_is_tried_again(
    tmp_path: Path, clock: Clock, mail: tuple[Mailbox, int]
) -> None:
    mailbox, port = mail
    url = f"mailto://127.0.0.1:{port}?from=footy@example.com&to=me@example.com&mode=insecure"
    mailbox.refuses = lambda: True
    sink = notify(tmp_path, clock, url)
    with pytest.raises(Again):
        sink.send([alert(1)])
    mailbox.refuses = lambda: False
    sink.send([alert(1)])
    sink.close()
    assert len(mailbox.mails) == 1


def test_a_service_that_nobody_knows_is_refused(tmp_path: Path, clock: Clock) -> None:
    sink = notify(tmp_path, clock, "nosuch://token")
    sink.send([alert(1)])
    assert sink._ledger.counts() == {"refused": 1}
    sink.close()
