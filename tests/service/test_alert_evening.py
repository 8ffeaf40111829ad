"""An evening with real processes: a kill, a restart, an outage, a slow answer, and each message once."""

import email
import email.policy
import html
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
from standardwebhooks.webhooks import Webhook

from footy.events.types import Alert
from footy.history.log import StoredEvent
from footy.history.sqlite_log import opened_for_reading
from footy.sinks.ledger import Ledger
from tests.support.place import SECRET, Place, wait_until
from tests.support.simulators import start
from tests.support.targets import Answer, Receiver, receiving, receiving_mail

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TOKEN = "t0ken-Of-Th3-Phone"


def rules(hook: Receiver, phone: Receiver, mail_port: int) -> str:
    targets = f"""
[targets.hook]
webhook = "{hook.url(f"/{TOKEN}")}"
secret = "{KEY}"
[targets.phone]
notify = "json://me:{TOKEN}@127.0.0.1:{phone.port}/"
timeout = 2
max_age = 600
[targets.mail]
notify = "mailto://127.0.0.1:{mail_port}?from=footy@example.com&to=me@example.com&mode=insecure"
max_age = 600
"""
    conditions = [f"event == 'goal' and number == {number}" for number in range(1, 8)]
    conditions += [f"minute >= {minute}" for minute in range(5, 95, 9)]
    conditions += ["status_id == 3", "home_score > away_score", "event == 'second_half'"]
    for number, condition in enumerate(conditions):
        targets += f'[rules.r{number}]\nwhen = "{condition}"\nonce = "event"\n'
        targets += 'say = "#{match_id} {home} {home_score} {away_score} {away}"\nto = ["phone", "mail"]\n'
    return targets


def logged(place: Place) -> list[StoredEvent]:
    log = opened_for_reading(place.files.events)
    found = log.read(0, 10_000)
    log.close()
    return found


def alerts(place: Place) -> list[Alert]:
    found = [one for one in logged(place) if one.type == "alert"]
    return [msgspec.json.decode(one.data, type=Alert) for one in found]


def hooked(hook: Receiver) -> list[dict[str, Any]]:
    return [json.loads(post.body) for post in hook.posts]


def test_each_message_arrives_once_whatever_happens(tmp_path: Path) -> None:
    with (
        receiving() as hook,
        receiving() as phone,
        receiving_mail() as (mailbox, mail_port),
        start(matches=12, odds="light", secret=SECRET) as vendor,
        Place(tmp_path, FOOTY_INTERVAL=2, FOOTY_LOG_LEVEL="DEBUG") as place,
    ):
        place.ask(vendor)
        place.files.folder.mkdir(parents=True, exist_ok=True)
        place.files.alerts.write_text(rules(hook, phone, mail_port), encoding="utf-8")
        place.files.alerts.chmod(0o600)
        service = place.begin_service()
        wait_until(lambda: alerts(place) and phone.posts)
        # An answer that comes too late; then the process is killed while a message is on its way.
        phone.answers = [Answer(waits=True)]
        before = len(phone.posts)
        vendor.control.advance(900)
        wait_until(lambda: len(phone.posts) > before)
        service.kill()
        service.wait()
        phone.released.set()
        # A target is out of order, and comes back.
        hook.always = Answer(503, {"Retry-After": "1"})
        service = place.begin_service()
        vendor.control.advance(900)
        known = len(alerts(place))
        wait_until(lambda: len(alerts(place)) > known)
        hook.always = None
        newest = logged(place)[-1].sequence
        wait_until(lambda: any(int(one["sequence"]) >= newest for one in hooked(hook)))
        wait_until(lambda: sum(states(place, "phone").values()) >= len(alerts(place)))
        wait_until(lambda: sum(states(place, "mail").values()) >= len(alerts(place)))
        service.terminate()
        service.wait()
        decided = logged(place)
        whole = [one.id for one in decided if one.type == "alert"]
        assert len({*whole}) == len(whole) > 20
        assert unknown(place) >= 1
        texts = Counter(one.text for one in alerts(place))
        for target, received in (("phone", said(phone)), ("mail", mailed(mailbox.mails))):
            counts = states(place, target)
            assert {*counts} <= {"sent", "unknown"}
            assert sum(counts.values()) == len(whole)
            assert received <= texts, "a message came twice"
            assert counts["sent"] <= received.total()
        check_hook(hook, decided)
        check_secrets(place)


def said(phone: Receiver) -> Counter[str]:
    """Return the lines of all messages."""
    return Counter(line for post in phone.posts for line in json.loads(post.body)["message"].splitlines())


def mailed(mails: list[bytes]) -> Counter[str]:
    """Return the lines of all mails."""
    found: Counter[str] = Counter()
    for content in mails:
        mail = email.message_from_bytes(content, policy=email.policy.default)
        part = mail.get_body(("html", "plain"))
        assert part is not None
        lines = re.split(r"<br ?/?>|\n", html.unescape(part.get_content()))
        found.update(line.replace("\xa0", " ").strip() for line in lines if "#" in line)
    return found


def states(place: Place, target: str) -> dict[str, int]:
    ledger = Ledger(place.files.sent, target)
    counts = ledger.counts()
    ledger.close()
    return counts


def unknown(place: Place, target: str = "phone") -> int:
    return states(place, target).get("unknown", 0)


def check_hook(hook: Receiver, decided: list[StoredEvent]) -> None:
    """Check that every event arrived, in order, with a signature that verifies."""
    first: dict[str, int] = {}
    for post in hook.posts:
        headers = {name.lower(): value for name, value in post.headers.items()}
        event = Webhook(KEY).verify(post.body, headers)
        first.setdefault(event["id"], int(event["sequence"]))
    began = min(first.values())
    assert [*first.values()] == sorted(first.values())
    arrived = [one.id for one in decided if began <= one.sequence <= max(first.values())]
    assert [*first] == arrived


def check_secrets(place: Place) -> None:
    """Check that no secret of a target is in a file of footy but the rules."""
    for path in place.files.folder.iterdir():
        if path.is_file() and path != place.files.alerts:
            content = path.read_bytes()
            assert TOKEN.encode() not in content, path.name
            assert KEY.encode() not in content, path.name
