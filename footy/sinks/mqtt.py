"""The sink of an MQTT broker: every event at QoS 1, and what is known of each match as a retained message.

Topics: `footy/events/{type}` has the envelope, `footy/match/{id}` a compact state, which is cleared when the
match is no longer listed, and `footy/status` says `online`, or `offline` by the last will.
"""

import secrets
import ssl
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlsplit

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from footy.events.envelope import Envelope, envelope_json
from footy.history.log import Position
from footy.record import MatchRecord
from footy.sinks.base import Again

if TYPE_CHECKING:
    from footy.sinks.ledger import Ledger
    from footy.sinks.store_ledger import StoreLedger

NAME = "mqtt"
STATUS = "footy/status"
CONNECT_WITHIN_S = 5.0
TAKEN_WITHIN_S = 10.0
"""Seconds within which a broker has to take a batch."""
KEEP_ALIVE_S = 30
SAY_EVERY_S = 60.0
"""Seconds after which it is said again that footy is online: the last will of a connection that was lost, or
of a machine that was replaced, can come later than what was said first."""
PORTS = {"mqtt": 1883, "mqtts": 8883, "ws": 80, "wss": 443}
STATE_FIELDS = (
    *("match_id", "competition", "country", "home", "away", "kickoff_at"),
    *("status_id", "status", "in_play", "minute", "clock"),
    *("home_score", "away_score", "home_score_pens", "away_score_pens"),
    *("home_red_cards", "away_red_cards", "live_source", "fetched_at"),
)
"""What a retained state has of the record."""
_UNSHOWN = frozenset({"fetched_at", "live_source"})
"""A state that differs in these alone is not published again."""
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class MqttTarget:
    """The operator's broker."""

    url: str
    user: str | None = None
    password: str = field(default="", repr=False)
    ca_bundle: str | None = None


class MqttSink:
    """Publishes at a broker, at least once; readers recognize an event that comes twice by its id.

    Args:
        target: The broker.
        ledger: Its part of the ledger.
        listed: The matches that were listed last, by this process or by one before it.
    """

    def __init__(
        self, target: MqttTarget, ledger: "Ledger | StoreLedger", listed: Iterable[str] = ()
    ) -> None:
        self.name = NAME
        self._target = target
        self._ledger = ledger
        self._connected = threading.Event()
        self._refused: str | None = None
        self._client: mqtt.Client | None = None
        self._lock = threading.Lock()
        self._slot: Sequence[MatchRecord] | None = None
        """The newest records that are not published yet."""
        self._shown: dict[str, Any] = {}
        self._retained = {*listed}
        """The matches whose states the broker may have."""
        self._said_at = 0.0
        """When it was last said that footy is online, by the monotonic clock."""
        self._is_new = True
        """The broker may have lost what was retained: all states are published again."""

    def position(self) -> Position | None:
        """Return the newest event that the broker has taken."""
        return self._ledger.position()

    def send(self, batch: Sequence[Envelope]) -> None:
        """Publish events, and wait until the broker has taken all of them."""
        client = self._ready()
        self._publish(
            client,
            [(f"footy/events/{one.type.removeprefix('footy.')}", envelope_json(one), False) for one in batch],
        )
        last = batch[-1]
        self._ledger.move(Position(last.footyepoch, int(last.sequence)))

    def show(self, records: Sequence[MatchRecord]) -> None:
        """Take the newest records, in place of those not published yet; from any thread, at once."""
        with self._lock:
            self._slot = records

    def send_states(self) -> None:
        """Publish the states that have changed, and clear those of matches that are gone.

        Raises:
            Again: The broker takes nothing now; the newest states are published later.
        """
        with self._lock:
            records, self._slot = self._slot, None
        if records is None:
            return
        try:
            client = self._ready()
            if time.monotonic() - self._said_at >= SAY_EVERY_S:
                self._say_online(client)
            if self._is_new:
                self._shown, self._is_new = {}, False
            listed = {record["match_id"] for record in records}
            messages = [*self._changed(records), *self._cleared(listed)]
            self._retained |= listed
            self._publish(client, messages)
            self._retained = listed
        except Again:
            with self._lock:
                if self._slot is None:
                    self._slot = records
            self._is_new = True
            raise

    def close(self) -> None:
        """Say that it is offline, and close the connection and the ledger."""
        if self._client is not None:
            if self._connected.is_set():
                self._client.publish(STATUS, b"offline", qos=1, retain=True).wait_for_publish(1.0)
            self._client.disconnect()
            self._client.loop_stop()
            self._client = None
        self._ledger.close()

    def _changed(self, records: Iterable[MatchRecord]) -> Iterator[tuple[str, bytes, bool]]:
        for record in records:
            state: Mapping[str, Any] = {name: record[name] for name in STATE_FIELDS}  # type: ignore[literal-required]
            match_id = record["match_id"]
            shown = {name: value for name, value in state.items() if name not in _UNSHOWN}
            if self._shown.get(match_id) != shown:
                self._shown[match_id] = shown
                yield _topic_of(match_id), _encode(state), True

    def _cleared(self, listed: Collection[str]) -> Iterator[tuple[str, bytes, bool]]:
        for match_id in self._retained.difference(listed):
            self._shown.pop(match_id, None)
            yield _topic_of(match_id), b"", True

    def _publish(self, client: mqtt.Client, messages: Sequence[tuple[str, bytes, bool]]) -> None:
        until = time.monotonic() + TAKEN_WITHIN_S
        try:
            sent = [client.publish(topic, payload, qos=1, retain=keep) for topic, payload, keep in messages]
            for one in sent:
                one.wait_for_publish(max(0.0, until - time.monotonic()))
        except (RuntimeError, ValueError) as error:
            raise Again(f"it takes nothing ({type(error).__name__})") from None
        if not all(one.is_published() for one in sent):
            self._drop()
            raise Again(f"it did not take a batch within {TAKEN_WITHIN_S:.0f} s")

    def _ready(self) -> mqtt.Client:
        """Return the client, connected.

        Raises:
            Again: There is no connection.
        """
        if self._client is None:
            self._client = self._opened()
        if not self._connected.wait(CONNECT_WITHIN_S):
            refused, self._refused = self._refused, None
            self._drop()
            raise Again(refused or "no answer")
        return self._client

    def _drop(self) -> None:
        """End a connection that does not work: what it still holds is not sent by it any more."""
        client, self._client = self._client, None
        self._connected.clear()
        if client is not None:
            client.disconnect()
            client.loop_stop()

    def _opened(self) -> mqtt.Client:
        parts = urlsplit(self._target.url)
        transport: Literal["tcp", "websockets"] = "websockets" if parts.scheme in {"ws", "wss"} else "tcp"
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=f"footy-{secrets.token_hex(6)}", transport=transport
        )
        client.connect_timeout = CONNECT_WITHIN_S
        client.max_inflight_messages_set(200)
        if transport == "websockets":
            client.ws_set_options(path=parts.path or "/mqtt")
        if self._target.user is not None:
            client.username_pw_set(self._target.user, self._target.password)
        client.will_set(STATUS, b"offline", qos=1, retain=True)
        client.on_connect = self._came
        client.on_disconnect = self._went
        try:
            if parts.scheme in {"mqtts", "wss"}:
                client.tls_set_context(ssl.create_default_context(cafile=self._target.ca_bundle))
            client.connect(parts.hostname or "", parts.port or PORTS[parts.scheme], KEEP_ALIVE_S)
        except OSError as error:
            raise Again(f"no connection ({error.strerror or type(error).__name__})") from None
        client.loop_start()
        return client

    def _came(self, client: mqtt.Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            self._refused = f"it answers: {code}"
            return
        self._is_new = True
        self._say_online(client)
        self._connected.set()

    def _say_online(self, client: mqtt.Client) -> None:
        self._said_at = time.monotonic()
        client.publish(STATUS, b"online", qos=1, retain=True)

    def _went(self, _client: Any, _data: Any, _flags: Any, _code: Any, _properties: Any) -> None:
        self._connected.clear()


def _topic_of(match_id: str) -> str:
    """Return the topic of a match; what a topic cannot have of the vendor's id is percent-encoded."""
    return f"footy/match/{quote(match_id, safe='')}"
