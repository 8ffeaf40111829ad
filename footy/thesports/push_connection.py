"""One connection to the vendor's broker: MQTT over WebSocket and TLS, until it ends. Each end has a name."""

import secrets
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from footy.thesports.push import TOPIC, Outcome

KEEP_ALIVE_S = 30
CONNECT_WITHIN_S = 5.0
"""Seconds within which TCP and TLS each have to be there, and each byte of the WebSocket's handshake."""
OPEN_WITHIN_S = 12.0
"""Seconds within which all of it has to be there."""
ANSWER_WITHIN_S = 10.0
"""Seconds within which a broker has to accept the connection, and then the subscription."""
STEP_S = 0.25
"""Seconds after which a connection without messages looks at what may end it."""


class PushEndedError(Exception):
    """A connection has ended, or there was none. Its text is the reason in a few words, without a secret."""

    outcome: Outcome = "unreachable"


class UnreachableError(PushEndedError):
    """The broker cannot be reached, or the connection was lost."""


class RefusedPushError(PushEndedError):
    """The broker does not accept this account, or not its subscription."""

    outcome = "refused"


class SilentError(PushEndedError):
    """The broker accepts the connection and says nothing."""

    outcome = "silent"


class FloodingError(PushEndedError):
    """There are more messages than matches can have."""

    outcome = "flooding"


@dataclass(frozen=True, slots=True)
class Broker:
    """Where the messages come from, and the credentials for it."""

    url: str
    user: str
    secret: str = field(repr=False)
    ca_bundle: str | None = None


class _Socket(ssl.SSLSocket):
    """A TLS connection that does not wait for ever for a server that sends a byte now and then."""

    until = float("inf")

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Read as usual, up to a moment."""
        if time.monotonic() > self.until:
            raise TimeoutError
        return super().recv(buflen, flags)


class PushConnection:
    """A connection that passes on each message of the topic; for one thread.

    Args:
        broker: The broker.
        on_message: Takes the payload of each message.
        on_open: Is called when the subscription has been accepted.
    """

    def __init__(
        self, broker: Broker, on_message: Callable[[bytes], None], on_open: Callable[[], None]
    ) -> None:
        self._broker = broker
        self._on_open = on_open
        self._ended: PushEndedError | None = None
        self._is_open = self._is_reached = False
        self._socket: _Socket | None = None
        parts = urlsplit(broker.url)
        self._secure = parts.scheme == "wss"
        self._host, self._port = parts.hostname or "", parts.port or (443 if self._secure else 80)
        client = self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"footy-{secrets.token_hex(6)}",
            transport="websockets",
            reconnect_on_failure=False,
        )
        client.connect_timeout = CONNECT_WITHIN_S
        client.ws_set_options(path=parts.path or "/mqtt", headers=self._headers)
        client.username_pw_set(broker.user, broker.secret)
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._message
        self._on_message = on_message

    def run(self, check: Callable[[], None]) -> None:
        """Connect and pass on messages until the connection ends.

        Args:
            check: Is called several times a second; raises `PushEndedError` to end the connection.

        Raises:
            PushEndedError: Always, in the end.
        """
        try:
            self._open()
            until = time.monotonic() + ANSWER_WITHIN_S
            while True:
                code = self._client.loop(STEP_S)
                if self._ended is not None:
                    raise self._ended
                if code is not MQTTErrorCode.MQTT_ERR_SUCCESS:
                    raise UnreachableError("the connection was lost")
                if not self._is_open and time.monotonic() > until:
                    raise SilentError("it accepts the connection and says nothing")
                check()
        finally:
            self._client.disconnect()
            self._client.loop(0.0)

    def _open(self) -> None:
        try:
            if self._secure:
                self._client.tls_set_context(self._trusting())
            self._client.connect(self._host, self._port, keepalive=KEEP_ALIVE_S)
            if self._socket is not None:
                self._socket.until = float("inf")
        except TimeoutError:
            if self._is_reached:
                raise SilentError("it accepts the connection and says nothing") from None
            raise UnreachableError("no answer") from None
        except mqtt.WebsocketConnectionError:
            raise UnreachableError("it is no WebSocket, or refuses to be one") from None
        except ssl.SSLError as error:
            raise UnreachableError(f"TLS failed ({error.reason or 'no reason given'})") from None
        except OSError as error:
            raise UnreachableError(error.strerror or type(error).__name__) from None
        except ValueError:
            raise UnreachableError("its address is none") from None

    def _trusting(self) -> ssl.SSLContext:
        """Return a TLS context with the operator's authorities, else those of the system and of requests."""
        bundle = self._broker.ca_bundle
        is_folder = bundle is not None and Path(bundle).is_dir()
        context = ssl.create_default_context(
            cafile=None if is_folder else bundle, capath=bundle if is_folder else None
        )
        if bundle is None:
            context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
        until, connection = time.monotonic() + OPEN_WITHIN_S, self

        class Socket(_Socket):
            def do_handshake(self, block: bool = False) -> None:
                connection._is_reached, connection._socket, self.until = True, self, until
                super().do_handshake(block)

        context.sslsocket_class = Socket
        return context

    def _headers(self, headers: dict[str, str]) -> dict[str, str]:
        self._is_reached = True
        return headers

    def _connected(self, client: mqtt.Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            self._ended = RefusedPushError(f"it answers: {code}")
        else:
            client.subscribe(TOPIC, qos=1)

    def _message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        # What a broker has kept may be of any age, and the list is polled at once after each connection.
        if not message.retain:
            self._on_message(bytes(message.payload))

    def _subscribed(self, _client: Any, _data: Any, _number: Any, codes: Any, _properties: Any) -> None:
        if any(code.is_failure for code in codes):
            self._ended = RefusedPushError("it does not allow the subscription")
        elif not self._is_open:
            self._is_open = True
            self._on_open()
