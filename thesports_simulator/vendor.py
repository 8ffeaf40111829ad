"""The simulated vendor: answers requests by its clock, account, endpoints and faults."""

import asyncio
import time
import zlib
from dataclasses import dataclass
from email.utils import formatdate
from random import Random
from typing import Any

from thesports_simulator.faults import Fault, Mischief
from thesports_simulator.protocol.account import Account
from thesports_simulator.protocol.clock import ServerClock
from thesports_simulator.protocol.endpoints import BadParameterError, Endpoints
from thesports_simulator.protocol.ledger import Ledger
from thesports_simulator.protocol.replies import BAD_PARAMETER, TOO_MANY, Reply
from thesports_simulator.protocol.wire import Connection, Request

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
    date: bool = True
    """Whether replies carry the `Date` of the world."""


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
        mischief: Mischief,
        seed: int,
        identity: dict[str, Any],
    ) -> None:
        self.clock = clock
        self.account = account
        self.endpoints = endpoints
        self.manners = manners
        self.mischief = mischief
        self.identity = identity
        self.ledger = Ledger()
        self._random = Random(f"manners:{seed}")
        self._compressed: tuple[bytes, bytes] = b"", b""

    def opened(self) -> None:
        """A connection was accepted."""
        self.ledger.connected()

    def closed(self) -> None:
        """A connection ended."""
        self.ledger.disconnected()

    def finished(self, request: Request) -> None:
        """A request was answered, or its client hung up before."""
        del request
        self.ledger.done()

    def handle(self, request: Request, connection: Connection) -> None:
        """Answers now, or looks at the world after half the latency and replies after the other half."""
        now = time.monotonic()
        endpoint = request.path.removeprefix(BASE).removeprefix("/v1/")
        self.ledger.arrived(endpoint, now)
        call = _Call(
            request, connection, endpoint, self.mischief.choose(endpoint, request.asked.get("uuid", ""))
        )
        call.refusal = None if request.path == _IP_PROBE else self._refusal(request, endpoint, now)
        delay = self.manners.latency + self.manners.jitter * self._random.random()
        if not delay:
            self._send(call, *self._reply(call))
            return
        loop = asyncio.get_running_loop()

        def look() -> None:
            if connection.is_open:
                loop.call_later(delay / 2, self._send, call, *self._reply(call))

        loop.call_later(delay / 2, look)

    def _refusal(self, request: Request, endpoint: str, now: float) -> bytes | None:
        known = endpoint if request.path.startswith(BASE) else ""
        refusal = self.account.refusal(known, request.asked, request.address, now)
        if refusal is TOO_MANY:
            self.ledger.throttle(endpoint)
        return refusal

    def _reply(self, call: "_Call") -> tuple[Reply, dict[str, Any]]:
        """The reply, and what the log says of it: `at` is the server time of the world that it shows."""
        at = int(self.clock.now())
        reply = self._right_reply(call, at)
        touched: list[str] = []
        if call.fault:
            reply, touched = self.mischief.spoil(call.fault, reply, call.request.target)
        if call.request.takes_gzip and self.manners.gzip and len(reply.body) > _GZIP_FROM:
            reply.encoded = self._gzip(reply.body)
        fault = call.fault.text if call.fault else None
        asked = call.request.asked
        told = {"endpoint": call.endpoint, "uuid": asked.get("uuid", ""), "at": at, "fault": fault}
        return reply, told | ({"touched": touched} if touched else {})

    def _right_reply(self, call: "_Call", at: int) -> Reply:
        """What a vendor in good health says."""
        if call.request.method != "GET":
            return Reply(_NOT_ALLOWED, status=405, content_type=b"text/html")
        if call.request.path == _IP_PROBE:
            host = b'{"code":0,"results":{"host":"api.thesports.com","request_ip":"%b"}}'
            return Reply(host % call.request.address.encode())
        if call.refusal is not None:
            return Reply(call.refusal)
        try:
            return Reply(self.endpoints.answer(call.endpoint, call.request.asked, at))
        except BadParameterError:
            return Reply(BAD_PARAMETER)

    def _gzip(self, body: bytes) -> bytes:
        """The body compressed; the last one is remembered, since the live list goes to many."""
        if self._compressed[0] is not body:
            packer = zlib.compressobj(1, wbits=31)
            self._compressed = body, packer.compress(body) + packer.flush()
        return self._compressed[1]

    def _send(self, call: "_Call", reply: Reply, told: dict[str, Any]) -> None:
        connection, fault = call.connection, call.fault
        if not connection.is_open:
            return
        if self.manners.date:
            reply.headers += ((b"Date", formatdate(self.clock.now(), usegmt=True).encode()),)
        self.ledger.replied(told | {"sent": time.monotonic()})
        if fault:
            self.ledger.fault(fault.name)
        if fault and fault.kind.act:
            connection.play(fault.kind.act(connection, reply, fault.argument))
        else:
            self.ledger.bytes_sent += connection.send(reply)


@dataclass(slots=True)
class _Call:
    """A request on its way, with the fault that befalls it and the body that refuses it."""

    request: Request
    connection: Connection
    endpoint: str
    fault: Fault | None
    refusal: bytes | None = None
