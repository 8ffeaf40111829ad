"""A client of the simulator."""

import json
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlencode

from thesports_simulator.process import RunningSimulator

EPOCH = 1_750_000_000


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds in another process; fail after a minute."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.002)


class Caller:
    """Sends requests to a simulator with the right credentials."""

    def __init__(self, simulator: RunningSimulator) -> None:
        self.simulator = simulator
        self.control = simulator.control

    def raw(
        self,
        endpoint: str,
        parameters: Mapping[str, object] | None = None,
        *,
        headers: dict[str, str] | None = None,
        method: str = "GET",
    ) -> tuple[HTTPResponse, bytes]:
        """Return the response and its body as received; parameters that are None are left out."""
        query_parameters = {"user": self.simulator.user, "secret": self.simulator.secret} | dict(
            parameters or {}
        )
        query = urlencode({name: value for name, value in query_parameters.items() if value is not None})
        connection = HTTPConnection(self.simulator.host, self.simulator.port, timeout=10)
        try:
            path = endpoint if endpoint.startswith("/") else f"/v1/football/{endpoint}"
            connection.request(method, f"{path}?{query}", headers=headers or {})
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    def ask(self, endpoint: str, **parameters: object) -> Any:
        """Return the decoded body."""
        return json.loads(self.raw(endpoint, parameters)[1])

    def results(self, endpoint: str, **parameters: object) -> Any:
        """Return the results of a good reply."""
        body = self.ask(endpoint, **parameters)
        assert body["code"] == 0
        return body["results"]
