"""Canaries for what targets and brokers are given, in a running service at DEBUG: none of them gets out.

Every target fails once, and then takes what it gets; so whatever is said of both is looked through.
"""

import json
import sys
from pathlib import Path

from footy.history.sqlite_log import opened_for_reading
from tests.reliability.test_secrets import all_traces, command_lines, everything, kept_in
from tests.service.test_page import ask
from tests.support.broker import RunningBroker
from tests.support.place import SECRET, Place, family, wait_until
from tests.support.ports import free_port
from tests.support.simulators import start
from tests.support.targets import Answer, receiving, receiving_mail

PATH_TOKEN = "Zx81Kq77Lm20Vb45Tn93"
PASSWORD = "hW4nT6yU8iO0pA2sD1fG"
MAIL_PASSWORD = "mN3bV5cX7zL9kJ1hG2fD"
KEY = "whsec_qJ7wE2rT9yU4iO6pA8sD1fG3hJ5kL0zX"
SETTING = "c0VnB5mQ8wE1rT4yU7iO"
MQTT_PASSWORD = "tR5eW3qA1sD9fG7hJ6kL"
HTTP_TOKEN = "gH6jK8lZ0xC2vB4nM1qW"
ALL = (
    PATH_TOKEN,
    PASSWORD,
    MAIL_PASSWORD,
    KEY.removeprefix("whsec_"),
    SETTING,
    MQTT_PASSWORD,
    HTTP_TOKEN,
    SECRET,
)
PAGES = (
    "/",
    "/api/matches",
    "/api/alerts",
    "/api/events",
    "/api/status",
    "/api/schema",
    "/openapi.json",
    "/metrics",
)
BELL = """
import json, os, sys, time
event, shown = sys.stdin.read(), json.dumps(dict(os.environ))
open(sys.argv[1] + ".new", "w").write(shown)
os.rename(sys.argv[1] + ".new", sys.argv[1])
while not os.path.exists(sys.argv[1] + ".seen"):
    time.sleep(0.02)
"""


def test_no_secret_of_a_target_gets_out(tmp_path: Path) -> None:
    bell = tmp_path / "bell"
    with (
        receiving() as hook,
        receiving() as phone,
        receiving_mail() as (_, mail_port),
        RunningBroker(tmp_path / "broker", user="me", secret=MQTT_PASSWORD) as broker,
        start(matches=8, odds="light", secret=SECRET) as vendor,
        Place(tmp_path, FOOTY_INTERVAL=2, FOOTY_LOG_LEVEL="DEBUG", FOOTY_HTTP_TOKEN=HTTP_TOKEN) as place,
    ):
        place.ask(vendor)
        port, away = free_port(), free_port()
        place.set(FOOTY_HTTP_PORT=port, FOOTY_MQTT=broker.url, FOOTY_MQTT_USER="me")
        place.set(
            FOOTY_MQTT_PASSWORD=MQTT_PASSWORD, FOOTY_PUSH="on", FOOTY_PUSH_URL=f"ws://127.0.0.1:{away}/mqtt"
        )
        place.files.folder.mkdir(parents=True, exist_ok=True)
        (tmp_path / "hook.url").write_text(hook.url(f"/hooks/{PATH_TOKEN}"), encoding="utf-8")
        (tmp_path / "hook.key").write_text(KEY, encoding="utf-8")
        place.files.alerts.write_text(
            f"""
[targets.hook]
webhook_file = "{tmp_path / "hook.url"}"
secret_file = "{tmp_path / "hook.key"}"
[targets.phone]
notify = "json://me:{PASSWORD}@127.0.0.1:{phone.port}/{PATH_TOKEN}"
[targets.mail]
notify = "mailto://me:{MAIL_PASSWORD}@127.0.0.1:{mail_port}?from=footy@example.com&to=me@example.com&mode=insecure"
[targets.bell]
command = ["{sys.executable}", "-c", '''{BELL}''', "{bell}"]
[targets.other]
sink = "nosuch"
settings = {{ token = "{SETTING}" }}
[rules.early]
when = "in_play"
to = ["phone", "mail", "bell"]
""",
            encoding="utf-8",
        )
        place.files.alerts.chmod(0o600)
        hook.answers, phone.answers = [Answer(500), Answer(302)], [Answer(401)]
        broker.kill()
        service = place.begin_service()
        wait_until(lambda: bell.exists() and len(hook.posts) > 2 and len(phone.posts) > 1)
        broker.start()
        wait_until(lambda: b"Sink mqtt takes events again" in place.files.log.read_bytes())
        processes = family(service)
        assert len(processes) > 1, "the program of a target runs"
        said = {"ps": command_lines(*processes), "what the program has": bell.read_text()}
        said |= {f"environ of {one.pid}": json.dumps(one.environ()) for one in processes[1:]}
        for path in PAGES:
            status, page = ask(port, path, Authorization=f"Bearer {HTTP_TOKEN}")
            assert status == 200, path
            said[path] = page.decode()
        for command in (["status"], ["alerts", "check"], ["alerts", "outcomes"], ["alerts", "test"]):
            said[" ".join(command)] = everything(place.run(*command))
        (tmp_path / "bell.seen").touch()
        hook.always = phone.always = Answer(500)
        for target in ("hook", "phone", "mail", "nosuch"):
            said[f"alerts send {target}"] = everything(place.run("alerts", "send", target))
        service.terminate()
        said["the service"] = "".join(service.communicate())
        log = opened_for_reading(place.files.events)
        said["events"] = "\n".join(one.data.decode() for one in log.read(0, 100_000))
        log.close()
        place.files.alerts.unlink()
        found = kept_in(place.files.folder) | {name: words.encode() for name, words in said.items()}
    failures = [words.decode() for name, words in found.items() if name.endswith("footy.log")]
    for target in (
        "hook",
        "phone",
        "mail",
        "other",
        "mqtt",
    ):  # or there would have been nothing to keep secret
        assert any(f"Sink {target}" in words for words in failures)
    for secret in ALL:
        assert all_traces(secret, found) == {}
