"""The sink of webhooks: every event in order, each a POST, signed as the Standard Webhooks have it.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. At least once: an
event whose answer was lost comes again with the same `webhook-id`, which is its id.
"""

import base64
import datetime as dt
import email.utils
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec
import urllib3

from footy.events.envelope import Envelope, envelope_json
from footy.history.log import Position
from footy.sinks.base import Again, Refused
from footy.sinks.ledger import Ledger
from footy.sinks.targets import Target

GONE = 410
LONGEST_WAIT_S = 3600.0
"""Seconds after which a target is asked again, whatever its `Retry-After` says."""
_ANSWER = 4096
"""Bytes of an answer that are read, so that its connection can be used again."""


class _To(msgspec.Struct, frozen=True):
    to: tuple[str, ...] | None = None


class WebhookSink:
    """Posts each event; the next one follows when the target has taken it.

    Args:
        target: Its address, its key, and which events it gets.
        ledger: Its part of the ledger.
        begin: Where a new target begins; None to give it all events that are kept.
        now: Returns Unix seconds.
    """

    def __init__(
        self,
        target: Target,
        ledger: Ledger,
        begin: Position | None = None,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.name = target.name
        self._target = target
        self._ledger = ledger
        self._begin = begin
        self._now = now
        self._gap: str | None = None
        """The id of the gap that was posted last."""
        self._pool = urllib3.PoolManager(
            num_pools=1, maxsize=1, timeout=urllib3.Timeout(total=target.timeout_s), retries=False
        )

    def position(self) -> Position | None:
        """Return the newest event that the target has taken."""
        position = self._ledger.position()
        if position is None and (position := self._begin) is not None:
            self._ledger.move(position)
        return position

    def send(self, batch: Sequence[Envelope]) -> None:
        """Post the events one by one; those that were taken are not sent again."""
        taken = self._ledger.position()
        for one in batch:
            if one.type == "footy.gap":
                if one.id != self._gap:
                    self._post(one)
                self._gap = one.id
                continue
            at = Position(one.footyepoch, int(one.sequence))
            if taken is not None and at.epoch == taken.epoch and at.sequence <= taken.sequence:
                continue  # taken before a later one of this batch was not
            if self._wants(one):
                self._post(one)
                self._ledger.move(at)
        last = batch[-1]
        self._ledger.move(Position(last.footyepoch, int(last.sequence)))

    def close(self) -> None:
        """Close the connection and the ledger."""
        self._pool.clear()
        self._ledger.close()

    def _wants(self, one: Envelope) -> bool:
        if self._target.events is None:
            return True
        kind = one.type.removeprefix("footy.")
        to = msgspec.json.decode(one.data, type=_To).to if kind == "alert" else None
        return self._target.wants(kind, to)

    def _post(self, one: Envelope) -> None:
        body = envelope_json(one)
        try:
            answer = self._pool.request(
                "POST",
                self._target.url,
                body=body,
                headers=signed(self._target.secret, one.id, int(self._now()), body),
                redirect=False,
                preload_content=False,
            )
            try:
                answer.read(_ANSWER)
            finally:
                answer.release_conn()
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise Again(f"no answer ({type(error).__name__})") from None
        if answer.status == GONE:
            raise Refused("it answered 410: it wants no more events")
        if not 200 <= answer.status < 300:  # noqa: PLR2004 - the successful ones of HTTP
            raise Again(f"it answered {answer.status}", retry_after(answer.headers, self._now()))


def signed(secret: str, event_id: str, at: int, body: bytes) -> dict[str, str]:
    """Return the headers of a Standard Webhook.

    Args:
        secret: `whsec_` and the key in Base64.
        event_id: The event's id.
        at: Unix seconds.
        body: The body, exactly as it is sent.
    """
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, b"%s.%d.%s" % (event_id.encode(), at, body), hashlib.sha256).digest()
    return {
        "content-type": "application/cloudevents+json",
        "user-agent": "footy",
        "webhook-id": event_id,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that `Retry-After` asks for, an hour at most; None if it says nothing."""
    text = (headers.get("Retry-After") or "").strip()
    if text.isdecimal():
        return min(float(text), LONGEST_WAIT_S)
    try:
        at = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    wait_s = at.replace(tzinfo=at.tzinfo or dt.UTC).timestamp() - now
    return min(max(0.0, wait_s), LONGEST_WAIT_S)
