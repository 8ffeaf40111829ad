"""Alerts of a real process that is killed at any moment, and a target that is away for long."""

import contextlib
import json
import socket
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from footy.sinks.ledger import Ledger
from footy.times import unix_seconds
from tests.service.test_alert_evening import KEY, alerts, check_hook, hooked, logged, mailed, said, states
from tests.support.place import SECRET, Place, wait_until
from tests.support.simulators import start
from tests.support.targets import Answer, Mailbox, Post, Receiver, receiving, receiving_mail
from thesports_simulator.process import RunningSimulator

NAMES = ("phone", "mail", "hook")
NONE_FIRES = '[rules.early]\nwhen = "minute >= 999"\n'
FIRES = """
[rules.early]
when = "in_play"
say = "#{match_id} {home} {away}"
to = ["phone", "mail"]
"""


def targets(hook: Receiver, phone_port: int, mail_port: int, max_age_s: float = 600) -> str:
    return f"""
[targets.hook]
webhook = "{hook.url()}"
secret = "{KEY}"
[targets.phone]
notify = "json://127.0.0.1:{phone_port}/"
timeout = 60
max_age = {max_age_s}
[targets.mail]
notify = "mailto://127.0.0.1:{mail_port}?from=footy@example.com&to=me@example.com&mode=insecure"
timeout = 60
max_age = {max_age_s}
"""


class Surroundings:
    """A service with its targets, of which each rule tells once."""

    def __init__(
        self,
        place: Place,
        vendor: RunningSimulator,
        hook: Receiver,
        phone: Receiver,
        mailbox: Mailbox,
        mail_port: int,
    ) -> None:
        self.place, self.vendor = place, vendor
        self.hook, self.phone, self.mailbox, self.mail_port = hook, phone, mailbox, mail_port
        self.targets = targets(hook, phone.port, mail_port)

    def write(self, rules: str) -> None:
        new = self.place.files.alerts.with_suffix(".new")
        new.write_text(self.targets + rules, encoding="utf-8")
        new.chmod(0o600)
        new.rename(self.place.files.alerts)

    def texts(self) -> Counter[str]:
        return Counter(one.text for one in alerts(self.place))

    def wait_until_done(self, target: str) -> None:
        """Wait until it is known of every alert what became of its message."""

        def are_known() -> bool:
            counts = states(self.place, target)
            return sum(counts.values()) - counts.get("sending", 0) >= len(alerts(self.place))

        wait_until(are_known)

    def wait_for_more_than(self, known: int) -> None:
        """Wait until more alerts than so many are decided."""
        wait_until(lambda: len(alerts(self.place)) > known)

    def position_of(self, target: str) -> object:
        ledger = Ledger(self.place.files.sent, target)
        position = ledger.position()
        ledger.close()
        return position


def lines(posts: Sequence[Post]) -> list[str]:
    return [line for post in posts for line in json.loads(post.body)["message"].splitlines()]


@pytest.fixture
def around(tmp_path: Path) -> Iterator[Surroundings]:
    with (
        receiving() as hook,
        receiving() as phone,
        receiving_mail() as (mailbox, mail_port),
        start(matches=12, odds="light", secret=SECRET) as vendor,
        Place(tmp_path, FOOTY_INTERVAL=2) as place,
    ):
        place.ask(vendor)
        place.files.folder.mkdir(parents=True, exist_ok=True)
        yield Surroundings(place, vendor, hook, phone, mailbox, mail_port)


def test_what_was_decided_and_not_begun_is_sent_once_after_a_kill(around: Surroundings) -> None:
    around.write(NONE_FIRES)
    service = around.place.begin_service()
    wait_until(lambda: all(around.position_of(one) for one in NAMES))
    # While another process holds the ledger, alerts are decided, and no message can be begun.
    with contextlib.closing(sqlite3.connect(around.place.files.sent, isolation_level=None)) as held:
        held.execute("BEGIN IMMEDIATE")
        around.write(FIRES)
        wait_until(lambda: alerts(around.place))
        service.kill()
        service.wait()
    assert not around.phone.posts
    assert not around.mailbox.mails
    service = around.place.begin_service()
    assert {*around.texts().values()} == {1}
    for target in ("phone", "mail"):
        around.wait_until_done(target)
    newest = logged(around.place)[-1].sequence
    wait_until(lambda: any(int(one["sequence"]) >= newest for one in hooked(around.hook)))
    service.kill()
    service.wait()
    assert (said(around.phone), mailed(around.mailbox.mails)) == (around.texts(), around.texts())
    check_hook(around.hook, logged(around.place))


def test_a_message_whose_answer_a_kill_has_lost_is_unknown(around: Surroundings) -> None:
    around.write(FIRES)
    service = around.place.begin()
    killed = threading.Event()

    def kill() -> bool:
        """Take the mail, and kill the sender before the answer."""
        if not killed.is_set():
            service.kill()
            service.wait()
            killed.set()
        return False

    around.mailbox.refuses = kill
    around.phone.answers = [Answer(waits=True)]
    assert killed.wait(20)
    around.phone.released.set()
    begun = states(around.place, "mail")
    assert {*begun} == {"sending"}
    service = around.place.begin_service()
    for target in ("phone", "mail"):
        around.wait_until_done(target)
    service.kill()
    service.wait()
    assert states(around.place, "mail")["unknown"] == begun["sending"]
    assert mailed(around.mailbox.mails) == around.texts()
    assert said(around.phone) <= around.texts()


def test_a_message_that_was_begun_and_perhaps_not_sent_is_not_repeated(around: Surroundings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and never greets
        around.targets = targets(around.hook, around.phone.port, silent.getsockname()[1])
        around.write(FIRES)
        service = around.place.begin_service()
        wait_until(lambda: states(around.place, "mail").get("sending"))
        begun = states(around.place, "mail")["sending"]
        service.kill()
        service.wait()
    with receiving_mail() as (mailbox, port):
        around.targets = targets(around.hook, around.phone.port, port)
        around.write(FIRES)
        service = around.place.begin_service()
        around.wait_until_done("mail")
        service.kill()
        service.wait()
        assert states(around.place, "mail")["unknown"] == begun
        assert mailed(mailbox.mails).total() == len(alerts(around.place)) - begun


def test_after_a_long_outage_people_get_nothing_old_and_a_webhook_everything(around: Surroundings) -> None:
    # An hour of the simulated evening passes while no target takes anything, and several times `max_age`.
    max_age_s = 3.0
    around.targets = targets(around.hook, around.phone.port, around.mail_port, max_age_s)
    rules = "".join(
        f"[rules.at-{minute}]\nwhen = 'minute >= {minute}'\n"
        f"say = '{minute} #{{match_id}}'\nto = ['phone', 'mail']\n"
        for minute in range(3, 94, 3)
    )
    around.write(rules)
    service = around.place.begin_service()
    wait_until(lambda: said(around.phone) and mailed(around.mailbox.mails) and around.hook.posts)
    around.hook.always = around.phone.always = Answer(503, {"Retry-After": "1"})
    around.mailbox.refuses = lambda: True
    began = time.time()
    sent_before = len(around.phone.posts)
    for _ in range(3):
        known = len(alerts(around.place))
        around.vendor.control.advance(1200)
        around.wait_for_more_than(known)
    wait_until(lambda: time.time() > began + 2 * max_age_s and states(around.place, "phone").get("too_old"))
    tried = around.phone.posts[sent_before:]
    ended = time.time()
    around.hook.always = around.phone.always = None
    around.mailbox.refuses = lambda: False
    around.vendor.control.advance(1200)
    newest = logged(around.place)[-1].sequence
    wait_until(lambda: any(int(one["sequence"]) >= newest for one in hooked(around.hook)), within_s=60)
    for target in ("phone", "mail"):
        around.wait_until_done(target)
    service.terminate()
    service.wait()
    too_old = {
        one.text for one in alerts(around.place) if ended - max_age_s > unix_seconds(one.seen_at) > began
    }
    assert too_old
    for line in (*lines(around.phone.posts[sent_before + len(tried) :]), *mailed(around.mailbox.mails)):
        assert line not in too_old
    for target in ("phone", "mail"):
        assert states(around.place, target)["too_old"] >= len(too_old)
    check_hook(around.hook, logged(around.place))
