"""The sink of services for people, by apprise: Telegram, e-mail, Slack, Discord, ntfy and many others."""

import logging
from collections.abc import Sequence

import apprise
from apprise.result import AppriseResultStatus

from footy.sinks.base import Again
from footy.sinks.messages import Message, MessageSink, Sent, title_of

log = logging.getLogger("footy.sinks")

_LONGER_S = 5.0
"""How much longer than ours the service's own time-outs are: those would look like a certain failure."""


class NotifySink(MessageSink):
    """Sends the messages of a cycle as one text."""

    def deliver(self, messages: Sequence[Message]) -> Sent:
        """Send one text; a time-out leaves it unknown whether it arrived."""
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
    found.socket_read_timeout = timeout_s + _LONGER_S
    is_mail = url.lower().startswith("mailto")
    # A connection that does not come about is a certain failure, but mail has one time-out for everything.
    found.socket_connect_timeout = found.socket_read_timeout if is_mail else timeout_s / 2
    return found


def notified(url: str, title: str, body: str, *, timeout_s: float) -> AppriseResultStatus:
    """Send one text to a service, and return what became of it."""
    found = service(url, timeout_s)
    if found is None:
        return AppriseResultStatus.NOMATCH
    sender = apprise.Apprise()
    sender.add(found)
    result = sender.notify(body, title, body_format=apprise.NotifyFormat.TEXT, timeout=timeout_s)
    return AppriseResultStatus(result.status)
