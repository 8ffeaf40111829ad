"""The webhook sink: POSTs each event in order, signed per Standard Webhooks.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. At least once: an
event whose answer was lost comes again with the same `webhook-id`, which is its id.
"""

import base64
import contextlib
import datetime as dt
import email.utils
import functools
import hashlib
import hmac
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlsplit

import urllib3

from footy.events.envelope import Envelope, envelope_json
from footy.history.log import Position
from footy.sinks.base import Again, Refused
from footy.sinks.target_sink import TargetSink

GONE = 410
SOONEST_S, LONGEST_WAIT_S = 1.0, 3600.0
"""Bounds in seconds for a target's `Retry-After`; 0 or a past time still waits 1 s."""
_ANSWER = 4096
"""Bytes of an answer that are read, so that its connection can be used again."""


_OF_IDS = "!$&'()*+,-./:;=@_~"
"""Characters besides letters and digits allowed unescaped in an id header."""


class WebhookSink(TargetSink):
    """Posts each event; the next one follows when the target has taken it."""

    _gap: str | None = None
    """The id of the gap that was posted last."""

    _connection: Any = None
    """The connection that was opened last."""

    @functools.cached_property
    def _pool(self) -> urllib3.PoolManager:
        timeout = urllib3.Timeout(total=self._target.timeout_s)
        manager = urllib3.PoolManager(num_pools=1, maxsize=1, timeout=timeout, retries=False)
        pool: Any = manager.connection_from_url(self._target.url)
        sink = self

        class Connection(pool.ConnectionCls):  # type: ignore[misc]
            def connect(self) -> None:
                super().connect()
                sink._connection = self

        pool.ConnectionCls = Connection
        return manager

    @functools.cached_property
    def _credentials(self) -> dict[str, str]:
        """The header for the user and the password in the address, if it has them."""
        user = urlsplit(self._target.url).netloc.rpartition("@")[0]
        basic = base64.b64encode(unquote_to_bytes(user)).decode()
        return {"authorization": f"Basic {basic}"} if user else {}

    @contextlib.contextmanager
    def _bounded(self) -> Iterator[None]:
        """Close the connection at the time limit: urllib3's timeout applies to each read."""
        timer = threading.Timer(self._target.timeout_s, self._abort)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _abort(self) -> None:
        sock = getattr(self._connection, "sock", None)
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def send(self, batch: Sequence[Envelope]) -> None:
        """Post the events one by one; those that were taken are not sent again."""
        taken = self._ledger.position()
        for one in batch:
            self._check_stopped()
            if one.type == "footy.gap":
                if one.id != self._gap:
                    self._post(one)
                self._gap = one.id
                continue
            at = Position(one.footyepoch, int(one.sequence))
            if taken is not None and at.epoch == taken.epoch and at.sequence <= taken.sequence:
                continue  # delivered before a later event of this batch failed
            if self._wants(one):
                self._post(one)
                self._reached(one)
        self._reached(batch[-1])

    def close(self) -> None:
        """Close the connection and the ledger."""
        self._pool.clear()
        super().close()

    def _post(self, one: Envelope) -> None:
        body = envelope_json(one)
        try:
            with self._bounded():
                answer = self._pool.request(
                    "POST",
                    self._target.url,
                    body=body,
                    headers=signed(self._target.secret, one.id, int(self._now()), body) | self._credentials,
                    redirect=False,
                    preload_content=False,
                )
                with contextlib.suppress(urllib3.exceptions.HTTPError, OSError):  # its status is what counts
                    answer.read(_ANSWER)
                answer.release_conn()
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise Again(f"no answer ({type(error).__name__})") from None
        if answer.status == GONE:
            raise Refused("it answered 410: it wants no more events")
        if not 200 <= answer.status < 300:  # noqa: PLR2004 - any 2xx
            raise Again(f"it answered {answer.status}", retry_after(answer.headers, self._now()))


def signed(secret: str, event_id: str, at: int, body: bytes) -> dict[str, str]:
    """Return the headers of a Standard Webhook.

    Args:
        secret: `whsec_` and the key in Base64.
        event_id: The event's id.
        at: Unix seconds.
        body: The body, exactly as it is sent.
    """
    event_id = quote(event_id, safe=_OF_IDS)  # the vendor's part may contain any character
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
    """Return the seconds that `Retry-After` asks for, from 1 to an hour; None if it says nothing."""
    text = (headers.get("Retry-After") or "").strip()
    if text.isdecimal():
        wait_s = float(text)
    else:
        try:
            at = email.utils.parsedate_to_datetime(text)
        except (TypeError, ValueError):
            return None
        wait_s = at.replace(tzinfo=at.tzinfo or dt.UTC).timestamp() - now
    return min(max(SOONEST_S, wait_s), LONGEST_WAIT_S)
