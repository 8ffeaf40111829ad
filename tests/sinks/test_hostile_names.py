"""Names that are markup, mentions, links or lines take no effect in any target."""

import email
import email.policy
import html
import html.parser
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import msgspec
import pytest
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.slack import NotifySlack
from apprise.plugins.telegram import NotifyTelegram
from standardwebhooks.webhooks import Webhook

from footy.alerts.wording import text
from footy.events.envelope import Envelope
from footy.sinks.command import CommandSink
from footy.sinks.ledger import Ledger
from footy.sinks.mqtt import MqttSink, MqttTarget
from footy.sinks.notify import NotifySink
from footy.sinks.targets import Target
from footy.sinks.webhook import WebhookSink
from tests.events.watch import record
from tests.sinks.test_mqtt import Reader
from tests.sinks.test_targets import KEY, alert
from tests.support.broker import RunningBroker
from tests.support.targets import Answer, Post, receiving, receiving_mail

NAMES = (
    "<b>Town</b> <a href='https://evil.example'>x</a> <script>alert(1)</script>",
    "@everyone @here <@123456789> <@&1> <#1> <!channel> <!here|x>",
    "[Town](https://evil.example) ![x](http://evil.example/x.png)",
    "https://evil.example www.evil.example t.me/evil me@evil.example mailto:me@evil.example",
    "**Town** __x__ *y* _z_ ~~w~~ `v` ||u|| $TSLA #tag :smile: /stop",
    "&lt;b&gt; &#60;b&#62;",
    "Town\r\nBcc: me@evil.example\r\n\r\n<b>x</b>\u2028x\u2029x\x85x",
    "\u202eTown\u200f \u2066City\u200b\x1b[31m\x07",
    "- Town",
    "-# Town",
    "1. Town",
    "> Town",
    "# Town",
    "---",
    "+ Town",
    "==== Town",
    "    Town",
    "| a | b |",
)
SAY = "{home} 0–0 {away}"
LINES = [text(SAY, {"home": name, "away": name}) for name in NAMES]
_EFFECTS = (
    r"[<>*_~`|\[\]@#$\\]",
    r"://|\bwww\.|\w\.\w|mailto:",
    r"&#?\w+;",
    r":\w+:",
    r"(?:^|\s)/\w",
    r"^\s*(?:[-+=]|\d+[.)]\s)",
    r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2066-\u2069]",
)


class Shown(html.parser.HTMLParser):
    """What a reader of HTML sees, and by which tags."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.text += "\n" if tag == "br" else ""

    def handle_data(self, data: str) -> None:
        self.text += data


def of_telegram(post: Post) -> str:
    said = json.loads(post.body)
    assert (said["parse_mode"], said["disable_web_page_preview"]) == ("HTML", True)
    shown = Shown(said["text"])
    assert shown.tags <= {"b"}  # that of the title
    return shown.text


def of_discord(post: Post) -> str:
    said = json.loads(post.body)
    assert "embeds" not in said
    return str(said["content"])


def of_slack(post: Post) -> str:
    said = json.loads(post.body)
    [attachment] = said["attachments"]
    return html.unescape(str(attachment["text"]))


def of_json(key: str) -> Callable[[Post], str]:
    return lambda post: str(json.loads(post.body)[key])


def of_markdown(post: Post) -> str:
    said = str(json.loads(post.body)["message"])
    return re.sub(r"\\(?=[!-/:-@\[-`{-~])", "", said)  # escapes, as CommonMark has them


def of_form(post: Post) -> str:
    return parse_qs(post.body.decode())["message"][0]


def of_xml(post: Post) -> str:
    [said] = re.findall(r"<Message>(.*)</Message>", post.body.decode(), re.DOTALL)
    return html.unescape(said)


SERVICES: dict[str, tuple[str, Callable[[Post], str]]] = {
    "telegram": ("tgram://123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr/987654321", of_telegram),
    "discord": ("discord://123456789012345678/abcdefghijklmnopqrstuvwxyzabcdefghijklmnop", of_discord),
    "slack": ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/", of_slack),
    "ntfy": ("ntfy://127.0.0.1:{port}/topic", of_json("message")),
    "ntfy with Markdown": ("ntfy://127.0.0.1:{port}/topic?format=markdown", of_markdown),
    "mattermost": ("mmost://127.0.0.1:{port}/3ccdd113474722377935511fc85d3dd4", of_json("text")),
    "gotify": ("gotify://127.0.0.1:{port}/ABCDEFG12345678", of_json("message")),
    "json": ("json://127.0.0.1:{port}/", of_json("message")),
    "form": ("form://127.0.0.1:{port}/", of_form),
    "xml": ("xml://127.0.0.1:{port}/", of_xml),
}


def check(shown: str) -> None:
    """Check that lines are as they were written, one for each message, and that nothing in them acts."""
    import markdown

    found = shown.splitlines()
    assert found[-len(LINES) :] == LINES
    for line in LINES:
        for effect in _EFFECTS:
            assert re.search(effect, line) is None, (line, effect)
        assert markdown.markdown(line) == f"<p>{html.escape(line, quote=False)}</p>"


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_acts_in_a_message(tmp_path: Path, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url, read = SERVICES[service]
    with receiving() as receiver:
        receiver.always = Answer(200, body=b"ok" if service == "slack" else b"{}")
        monkeypatch.setattr(NotifyTelegram, "notify_url", receiver.url("/bot"))
        monkeypatch.setattr(NotifyDiscord, "notify_url", receiver.url("/discord"))
        monkeypatch.setattr(NotifySlack, "webhook_url", receiver.url("/slack"))
        target = Target("t", "notify", url=url.format(port=receiver.port), events=("alert",), max_age_s=1e12)
        sink = NotifySink(target, Ledger(tmp_path / "sent.db", "t"))
        sink.send([alert(number, line) for number, line in enumerate(LINES, 1)])
        assert sink._ledger.counts() == {"sent": len(LINES)}
        sink.close()
    check("\n".join(read(post).replace("\r\n", "\n") for post in receiver.posts))


def test_nothing_acts_in_a_mail(tmp_path: Path) -> None:
    with receiving_mail() as (mailbox, port):
        url = f"mailto://127.0.0.1:{port}?from=footy@example.com&to=me@example.com&mode=insecure"
        target = Target("t", "notify", url=url, events=("alert",), max_age_s=1e12)
        sink = NotifySink(target, Ledger(tmp_path / "sent.db", "t"))
        sink.send([alert(number, line) for number, line in enumerate(LINES, 1)])
        sink.close()
    [content] = mailbox.mails
    mail = email.message_from_bytes(content, policy=email.policy.default)
    assert {*mail} & {"Bcc", "Cc"} == set()
    for part in mail.walk():
        if part.get_content_type() == "text/html":
            shown = Shown(part.get_content())
            assert shown.tags <= {"html", "head", "body", "br", "p"}
            check(shown.text.strip().replace("\xa0", " "))
        elif part.get_content_type() == "text/plain":
            check(part.get_content().strip())


def hostile_event(number: int = 1) -> Envelope:
    names: dict[str, Any] = {"home": "\n".join(NAMES), "away": NAMES[6], "competition": NAMES[0]}
    return alert(number, LINES[0], **names, match_id="a b\r\nx: y/+/#\x00é")


def data_of(line: bytes) -> Any:
    return json.loads(line)["data"]


def test_a_webhook_gets_names_as_they_are_and_no_header_of_them(tmp_path: Path) -> None:
    with receiving() as receiver:
        target = Target("t", "webhook", url=receiver.url(), secret=KEY)
        sink = WebhookSink(target, Ledger(tmp_path / "sent.db", "t"))
        sink.send([hostile_event()])
        sink.close()
        [post] = receiver.posts
    headers = {name.lower(): value for name, value in post.headers.items()}
    assert Webhook(KEY).verify(post.body, headers)["data"]["home"] == "\n".join(NAMES)
    assert "x" not in headers
    assert headers["webhook-id"] == "a%20b%0D%0Ax:%20y/+/%23%00%C3%A9:alert:goalless:1"


def test_a_program_gets_one_line_and_its_own_arguments(tmp_path: Path) -> None:
    got = tmp_path / "got"
    script = (
        "import sys; sys.stdout.buffer.write(repr(sys.argv[1:]).encode() + b'|' + sys.stdin.buffer.read())"
    )
    script = script.replace("sys.stdout.buffer", f"open({str(got)!r}, 'wb')")
    command = (sys.executable, "-c", script, "--loud")
    target = Target("t", "command", command=command, events=("alert",), max_age_s=1e12)
    sink = CommandSink(target, Ledger(tmp_path / "sent.db", "t"))
    sink.send([hostile_event()])
    sink.close()
    arguments, line = got.read_bytes().split(b"|", 1)
    assert arguments == b"['--loud']"
    assert line.count(b"\n") == 1
    assert data_of(line)["home"] == "\n".join(NAMES)


def test_a_broker_gets_no_topic_of_a_name(tmp_path: Path) -> None:
    with RunningBroker(tmp_path / "broker") as broker:
        reader = Reader(broker)
        target = MqttTarget(broker.url, broker.user, broker.secret)
        sink = MqttSink(target, Ledger(tmp_path / "sent.db", "mqtt"))
        sink.send([hostile_event()])
        sink.show([record(match_id="a b/+/#\x00é", home=NAMES[0])])
        sink.send_states()
        assert data_of(reader.until("footy/events/alert"))["home"] == "\n".join(NAMES)
        state = reader.until("footy/match/a%20b%2F%2B%2F%23%00%C3%A9")
        assert json.loads(state)["home"] == NAMES[0]
        sink.close()
        reader.close()


def test_messages_of_events_without_a_text_are_as_harmless(tmp_path: Path) -> None:
    with receiving() as receiver:
        target = Target("t", "notify", url=receiver.url(scheme="json"), events=("alert",), max_age_s=1e12)
        sink = NotifySink(target, Ledger(tmp_path / "sent.db", "t"))
        one = hostile_event()
        data = msgspec.json.decode(one.data)
        without = one.__class__(
            **{
                **{name: getattr(one, name) for name in one.__struct_fields__},
                "data": msgspec.Raw(msgspec.json.encode(data | {"text": None})),
            }
        )
        sink.send([without])
        sink.close()
        [post] = receiver.posts
    line = json.loads(post.body)["message"]
    assert line.count("\n") == 0
    for effect in _EFFECTS:
        assert re.search(effect, line.partition(": ")[0]) is None, (line, effect)
