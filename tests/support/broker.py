"""A real mosquitto with a configuration of its own: a plain listener, and a WebSocket one for footy."""

import socket
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from footy.thesports.push import TOPIC
from tests.support.ports import free_port
from tests.support.tools import tool

USER, SECRET = "demo", "simulated-secret"
WITHIN_S = 60.0


class RunningBroker:
    """A mosquitto in a child process; it can be killed and started again on the same ports."""

    def __init__(
        self, folder: Path, *, user: str = USER, secret: str = SECRET, certificate: Path | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._program = tool("mosquitto", comes_with="Debian's mosquitto")
        self.port, self.ws_port, self.wss_port = free_port(), free_port(), free_port()
        self.user, self.secret = user, secret
        passwords = folder / "passwords"
        passwords.unlink(missing_ok=True)
        command = [tool("mosquitto_passwd", comes_with="Debian's mosquitto"), "-b", "-c", str(passwords)]
        subprocess.run([*command, user, secret], check=True, capture_output=True)
        self._configuration = folder / "mosquitto.conf"
        self._configuration.write_text(
            f"user root\nallow_anonymous false\npassword_file {passwords}\n"
            "max_queued_messages 100000\nset_tcp_nodelay true\n"
            f"listener {self.port} 127.0.0.1\n"
            f"listener {self.ws_port} 127.0.0.1\nprotocol websockets\n"
            + (
                f"listener {self.wss_port} 127.0.0.1\nprotocol websockets\n"
                f"certfile {certificate}\nkeyfile {certificate}\n"
                if certificate is not None
                else ""
            )
        )
        self._ports = [self.port, self.ws_port] + [self.wss_port] * (certificate is not None)
        self._child: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def ws_url(self) -> str:
        """The address for FOOTY_PUSH_URL."""
        return f"ws://127.0.0.1:{self.ws_port}/mqtt"

    @property
    def wss_url(self) -> str:
        """The same with TLS, if there is a certificate."""
        return f"wss://127.0.0.1:{self.wss_port}/mqtt"

    @property
    def url(self) -> str:
        """The address of the plain listener."""
        return f"mqtt://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until all ports answer."""
        command = [self._program, "-c", str(self._configuration)]
        self._child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for port in self._ports:
            _wait_for(port, self._child)

    def kill(self) -> None:
        """Kill it, as a crash would."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()


def _wait_for(port: int, child: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + WITHIN_S
    while time.monotonic() < until and child.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
        except OSError:
            time.sleep(0.02)  # there is no event to wait for
        else:
            return
    raise AssertionError("mosquitto did not start")


class Publisher:
    """Publishes messages of the vendor's topic at the plain listener."""

    def __init__(self, broker: RunningBroker) -> None:
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.username_pw_set(broker.user, broker.secret)
        connected = threading.Event()
        self._client.on_connect = lambda *_: connected.set()
        self._client.max_inflight_messages_set(1000)
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        assert connected.wait(WITHIN_S)

    def publish(self, payload: bytes, topic: str = TOPIC, *, wait: bool = True, retain: bool = False) -> None:
        """Publish a message; unless told otherwise, wait until the broker has it."""
        sent = self._client.publish(topic, payload, qos=1, retain=retain)
        if wait:
            sent.wait_for_publish(WITHIN_S)

    def close(self) -> None:
        """End the connection."""
        self._client.disconnect()
        self._client.loop_stop()
