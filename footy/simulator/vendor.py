"""The simulated vendor: answers requests by its clock, account, endpoints and faults."""

import asyncio
import time
import zlib
from dataclasses import dataclass
from random import Random
from typing import Any

from footy.simulator.account import Account
from footy.simulator.clock import ServerClock
from footy.simulator.control import Control
from footy.simulator.endpoints import BadParameterError, Endpoints
from footy.simulator.ledger import Ledger
from footy.simulator.replies import BAD_PARAMETER, TOO_MANY, Reply
from footy.simulator.wire import Connection, Request

BASE = "/v1/football/"
_GZIP_FROM = 1_024
_IP_PROBE = "/v1/ip/demo"
_NOT_ALLOWED = b"<html><head><title>405 Not Allowed</title></head><body></body></html>"


@dataclass(slots=True)
class Manners:
    """How replies are given: seconds until one, more by chance, and whether large ones are compressed."""

    latency: float = 0.0
    jitter: float = 0.0
    gzip: bool = True


class Vendor:
    """Answers every request of every connection; implements `wire.Handler`.

    `identity` is what the control path tells of the world: enough to make the same one elsewhere.
    """

    def __init__(
        self,
        *,
        clock: ServerClock,
        account: Account,
        endpoints: Endpoints,
        manners: Manners,
        seed: int,
        identity: dict[str, Any],
    ) -> None:
        self.clock = clock
        self.account = account
        self.endpoints = endpoints
        self.manners = manners
        self.identity = identity
        self.ledger = Ledger()
        self.control = Control(self)
        self._random = Random(f"manners:{seed}")
        self._compressed: tuple[bytes, bytes] = b"", b""

    def opened(self) -> None:
        """A connection was accepted."""
        self.ledger.connected()

    def closed(self) -> None:
        """A connection ended."""
        self.ledger.disconnected()

    def given_up(self) -> None:
        """The client hung up before its answer."""
        self.ledger.done()

    def handle(self, request: Request, connection: Connection) -> None:
        """Answers now, or looks at the world after half the latency and replies after the other half."""
        if request.path.startswith("/_simulator/"):
            self.ledger.in_flight += 1
            reply = self.control.answer(request)
            self.ledger.done()
            connection.send(reply)
            return
        now = time.monotonic()
        endpoint = request.path.removeprefix(BASE)
        self.ledger.arrived(endpoint, now)
        refusal = None if request.path == _IP_PROBE else self._refusal(request, endpoint, now)
        delay = self.manners.latency + self.manners.jitter * self._random.random()
        if not delay:
            self._send(connection, request, endpoint, *self._reply(request, endpoint, refusal))
            return
        loop = asyncio.get_running_loop()

        def look() -> None:
            if connection.is_open:
                reply, at = self._reply(request, endpoint, refusal)
                loop.call_later(delay / 2, self._send, connection, request, endpoint, reply, at)

        loop.call_later(delay / 2, look)

    def _refusal(self, request: Request, endpoint: str, now: float) -> bytes | None:
        known = endpoint if request.path.startswith(BASE) else ""
        refusal = self.account.refusal(known, request.asked, request.address, now)
        if refusal is TOO_MANY:
            self.ledger.throttle(endpoint)
        return refusal

    def _reply(self, request: Request, endpoint: str, refusal: bytes | None) -> tuple[Reply, int]:
        """The reply, and the server time (whole unix seconds) of the world it shows."""
        at = int(self.clock.now())
        if request.method != "GET":
            return Reply(_NOT_ALLOWED, status=405, content_type=b"text/html"), at
        if request.path == _IP_PROBE:
            host = b'{"code":0,"results":{"host":"api.thesports.com","request_ip":"%b"}}'
            return Reply(host % request.address.encode()), at
        if refusal is not None:
            return Reply(refusal), at
        try:
            body = self.endpoints.answer(endpoint, request.asked, at)
        except BadParameterError:
            body = BAD_PARAMETER
        reply = Reply(body)
        if request.takes_gzip and self.manners.gzip and len(body) > _GZIP_FROM:
            reply.encoded = self._gzip(body)
        return reply, at

    def _gzip(self, body: bytes) -> bytes:
        """The body compressed; the last one is remembered, since the live list goes to many."""
        if self._compressed[0] is not body:
            packer = zlib.compressobj(1, wbits=31)
            self._compressed = body, packer.compress(body) + packer.flush()
        return self._compressed[1]

    def _send(self, connection: Connection, request: Request, endpoint: str, reply: Reply, at: int) -> None:
        if not connection.is_open:
            return
        self.ledger.done()
        self.ledger.bytes_sent += connection.send(reply)
        uuid = request.asked.get("uuid", "")
        self.ledger.replied({"endpoint": endpoint, "uuid": uuid, "at": at, "fault": None})
