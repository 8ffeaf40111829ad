"""Publishes a world's push messages to a broker, second by second of the server's clock."""

import threading
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from thesports_simulator.messages import TOPIC, Messages
from thesports_simulator.protocol.clock import ServerClock

LOOK_EVERY_S = 0.05
MOST_SECONDS = 600
"""Server seconds that are told one by one after a jump of the clock; earlier ones are one change."""
PORTS = {"mqtt": 1883, "ws": 80}


class Publisher:
    """Publishes in a thread of its own; a broker that is away is waited for.

    Args:
        url: `mqtt://host:port`, or `ws://host:port/path`.
        user: The user name for the broker.
        secret: The password for it.
        messages: What to publish.
        clock: The server's clock.

    Raises:
        ValueError: The address is none.
    """

    def __init__(self, url: str, user: str, secret: str, messages: Messages, clock: ServerClock) -> None:
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError(f"{url} is not an address such as mqtt://127.0.0.1:1883")
        self._messages = messages
        self._clock = clock
        self._stopping = threading.Event()
        transport = "websockets" if parts.scheme == "ws" else "tcp"
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, transport=transport)  # type: ignore[arg-type]
        if parts.scheme == "ws":
            self._client.ws_set_options(path=parts.path or "/mqtt")
        if user:
            self._client.username_pw_set(user, secret)
        self._client.reconnect_delay_set(1, 2)
        self._client.max_queued_messages_set(10_000)
        self._client.connect_async(parts.hostname, parts.port or PORTS[parts.scheme])
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Begin to publish."""
        self._client.loop_start()
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._stopping.set()
        self._thread.join(2.0)
        self._client.disconnect()
        self._client.loop_stop()

    def _run(self) -> None:
        told = int(self._clock.now())
        for _ in self._messages.of_second(told):
            pass
        while not self._stopping.wait(LOOK_EVERY_S):
            now = int(self._clock.now())
            for at in range(max(told + 1, now - MOST_SECONDS), now + 1):
                for payload in self._messages.of_second(at):
                    if self._client.is_connected():  # the vendor keeps nothing for later
                        self._client.publish(TOPIC, payload, qos=1)
            told = now
