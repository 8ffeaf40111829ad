"""The sink of services for people, by apprise: Telegram, e-mail, Slack, Discord, ntfy and many others."""

import functools
import logging
import math
import re
from collections.abc import Iterator, Sequence

import apprise
from apprise.logger import NotifyLogEntry
from apprise.result import AppriseResultStatus

from footy.sinks.base import Again
from footy.sinks.messages import Message, MessageSink, Sent, title_of

log = logging.getLogger("footy.sinks")

_LONGER_S = 5.0
"""How much longer than ours the service's own time-outs are: those would look like a certain failure."""


_FILLED, _TITLE = 0.8, 100
"""What share of a service's longest text is used, for what is escaped, and characters kept for the title."""
_NOT_SENT = re.compile(
    r"Caused by (?:NewConnection|ConnectTimeout|NameResolution|SSL|Proxy)"
    r"|\(\d{3}, b['\"]"  # an answer of a mail server, which did not accept it
    r"|Connection refused|No route to host|Network is unreachable|Name or service not known"
    r"|Temporary failure in name resolution|No address associated|CERTIFICATE_VERIFY_FAILED|not supported"
)
"""What the text of a failed connection has if nothing can have been sent."""


class _Onward(logging.Handler):
    """Passes on what the library logs, as far as footy's log wants it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on a record."""
        root = logging.getLogger()
        if record.levelno >= root.getEffectiveLevel():
            root.handle(record)


def _hear_everything() -> None:
    """Pass on the library's reasons of failures, which it logs at DEBUG, instead of all that it logs."""
    library = logging.getLogger("apprise")
    library.setLevel(logging.DEBUG)
    library.propagate = False
    library.addHandler(_Onward())


_hear_everything()


class NotifySink(MessageSink):
    """Sends the messages of a cycle as one text."""

    @functools.cached_property
    def _longest(self) -> float:
        """How many characters of a text the service surely takes: the title counts, and markup is escaped."""
        found = service(self._target.url, self._target.timeout_s)
        return math.inf if found is None else found.body_maxlen * _FILLED - _TITLE

    def parts(self, messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
        """Divide messages into texts that are not too long for the service, each of one at least."""
        part: list[Message] = []
        for one in messages:
            if part and sum(len(other.line) + 1 for other in (*part, one)) > self._longest:
                yield part
                part = []
            part.append(one)
        yield part

    def deliver(self, messages: Sequence[Message]) -> Sent:
        """Send one text; a time-out, or a lost answer, leaves it unknown whether it arrived."""
        outcome = notified(
            self._target.url,
            title_of(messages),
            "\n".join(one.line for one in messages),
            timeout_s=self._target.timeout_s,
        )
        if outcome is AppriseResultStatus.SUCCESS:
            return "sent"
        if outcome is AppriseResultStatus.TIMEOUT:
            return "unknown"
        if outcome is AppriseResultStatus.NOMATCH:
            return "refused"
        raise Again("the service did not take a message")


def service(url: str, timeout_s: float) -> apprise.NotifyBase | None:
    """Return the service behind an address; None if apprise knows none."""
    found = apprise.Apprise.instantiate(url, asset=apprise.AppriseAsset(secure_logging=True))
    if not isinstance(found, apprise.NotifyBase):
        return None
    if found.overflow_mode == apprise.OverflowMode.UPSTREAM:  # it would refuse what is too long, each time
        found.overflow_mode = apprise.OverflowMode.TRUNCATE
    found.socket_read_timeout = timeout_s + _LONGER_S
    is_mail = url.lower().startswith("mailto")
    # A connection that does not come about is a certain failure, but mail has one time-out for everything.
    found.socket_connect_timeout = found.socket_read_timeout if is_mail else timeout_s / 2
    return found


def notified(url: str, title: str, body: str, *, timeout_s: float) -> AppriseResultStatus:
    """Send one text to a service, and return the outcome; a lost answer counts as a time-out."""
    found = service(url, timeout_s)
    if found is None:
        return AppriseResultStatus.NOMATCH
    sender = apprise.Apprise()
    sender.add(found)
    failures: list[str] = []

    def note(entry: NotifyLogEntry, _service: object) -> None:
        """Note why a connection failed: the library tells it nowhere else."""
        if entry.message.startswith("Socket Exception"):
            failures.append(entry.message)

    result = sender.notify(
        body,
        title,
        body_format=apprise.NotifyFormat.TEXT,
        timeout=timeout_s,
        log_callback=note,
        log_level=logging.DEBUG,
    )
    status = AppriseResultStatus(result.status)
    if status is AppriseResultStatus.FAILURE and not all(map(_NOT_SENT.search, failures)):
        return AppriseResultStatus.TIMEOUT
    return status
