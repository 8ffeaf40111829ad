"""The simulated vendor: answers requests by its clock, account, endpoints and faults."""

import asyncio
import time
import zlib
from dataclasses import dataclass
from email.utils import formatdate
from random import Random
from typing import Any

from thesports_simulator.faults import Fault, FaultInjector
from thesports_simulator.protocol.account import Account
from thesports_simulator.protocol.clock import ServerClock
from thesports_simulator.protocol.endpoints import BadParameterError, Endpoints
from thesports_simulator.protocol.ledger import Ledger
from thesports_simulator.protocol.replies import BAD_PARAMETER, TOO_MANY, Reply
from thesports_simulator.protocol.source import Quirk
from thesports_simulator.protocol.wire import Connection, Request

BASE = "/v1/football/"
_GZIP_FROM = 1_024
_IP_PROBE = "/v1/ip/demo"
_NOT_ALLOWED = b"<html><head><title>405 Not Allowed</title></head><body></body></html>"


@dataclass(slots=True)
class ReplyOptions:
    """How replies are sent: seconds of latency and of random jitter, compression and `Date`."""

    latency: float = 0.0
    jitter: float = 0.0
    gzip: bool = True
    date: bool = True
    """Whether replies carry the `Date` of the world."""


class Vendor:
    """Answers every request of every connection; implements `wire.Handler`.

    `identity` describes the world for the control path, so that a client can build the same world.
    """

    def __init__(
        self,
        *,
        clock: ServerClock,
        account: Account,
        endpoints: Endpoints,
        reply_options: ReplyOptions,
        faults: FaultInjector,
        seed: int,
        identity: dict[str, Any],
    ) -> None:
        self.clock = clock
        self.account = account
        self.endpoints = endpoints
        self.reply_options = reply_options
        self.faults = faults
        self.identity = identity
        self.ledger = Ledger()
        # The text of the seed decides every draw, so it must not change.
        self._random = Random(f"manners:{seed}")
        self._compressed: tuple[bytes, bytes] = b"", b""

    def opened(self) -> None:
        """Note that a connection was accepted."""
        self.ledger.connected()

    def closed(self) -> None:
        """Note that a connection ended."""
        self.ledger.disconnected()

    def finished(self, request: Request) -> None:
        """Note that a request was answered, or that its client disconnected before."""
        del request
        self.ledger.done()

    def handle(self, request: Request, connection: Connection) -> None:
        """Answer now, or read the world after half of the latency and reply after the other half."""
        now = time.monotonic()
        endpoint = request.path.removeprefix(BASE).removeprefix("/v1/")
        self.ledger.arrived(endpoint, now)
        fault = self.faults.choose(endpoint, request.parameters.get("uuid", ""))
        call = _Call(request, connection, endpoint, fault, self.faults.quirks(endpoint))
        call.refusal = None if request.path == _IP_PROBE else self._refusal(request, endpoint, now)
        delay = self.reply_options.latency + self.reply_options.jitter * self._random.random()
        if not delay:
            self._send(call, *self._reply(call))
            return
        loop = asyncio.get_running_loop()

        def reply_later() -> None:
            if connection.is_open:
                loop.call_later(delay / 2, self._send, call, *self._reply(call))

        loop.call_later(delay / 2, reply_later)

    def _refusal(self, request: Request, endpoint: str, now: float) -> bytes | None:
        known = endpoint if request.path.startswith(BASE) else ""
        refusal = self.account.refusal(known, request.parameters, request.address, now)
        if refusal is TOO_MANY:
            self.ledger.throttle(endpoint)
        return refusal

    def _reply(self, call: "_Call") -> tuple[Reply, dict[str, Any]]:
        """Return the reply and its log entry; the entry's `at` is the server time that the reply shows."""
        at = int(self.clock.now())
        reply = self._right_reply(call, at)
        touched: list[str] = []
        if call.fault:
            reply, touched = self.faults.apply(call.fault, reply, call.request.target)
        if call.quirks:
            touched = [*self.endpoints.source.misreported(at, call.quirks), *touched]
        if call.request.takes_gzip and self.reply_options.gzip and len(reply.body) > _GZIP_FROM:
            reply.encoded = self._gzip(reply.body)
        fault = call.fault.text if call.fault else None
        parameters = call.request.parameters
        entry = {"endpoint": call.endpoint, "uuid": parameters.get("uuid", ""), "at": at, "fault": fault}
        entry["from"] = call.request.address
        entry |= {name: parameters[name] for name in ("page", "time") if name in parameters}
        quirks = {"quirks": [quirk.name for quirk in call.quirks]} if call.quirks else {}
        return reply, entry | quirks | ({"touched": touched} if touched else {})

    def _right_reply(self, call: "_Call", at: int) -> Reply:
        """Return the reply without a fault."""
        if call.request.method != "GET":
            return Reply(_NOT_ALLOWED, status=405, content_type=b"text/html")
        if call.request.path == _IP_PROBE:
            host = b'{"code":0,"results":{"host":"api.thesports.com","request_ip":"%b"}}'
            return Reply(host % call.request.address.encode())
        if call.refusal is not None:
            return Reply(call.refusal)
        try:
            paging = call.fault.kind.paging if call.fault else None
            answer = self.endpoints.answer(call.endpoint, call.request.parameters, at, call.quirks, paging)
            return Reply(answer)
        except BadParameterError:
            return Reply(BAD_PARAMETER)

    def _gzip(self, body: bytes) -> bytes:
        """Return the compressed body; keep the last one, because many clients get the same live list."""
        if self._compressed[0] is not body:
            packer = zlib.compressobj(1, wbits=31)
            self._compressed = body, packer.compress(body) + packer.flush()
        return self._compressed[1]

    def _send(self, call: "_Call", reply: Reply, entry: dict[str, Any]) -> None:
        connection, fault = call.connection, call.fault
        if not connection.is_open:
            return
        if self.reply_options.date:
            reply.headers += ((b"Date", formatdate(self.clock.now(), usegmt=True).encode()),)
        self.ledger.replied(entry | {"sent": time.monotonic()})
        if fault:
            self.ledger.fault(fault.name)
        for quirk in call.quirks:
            self.ledger.fault(quirk.name)
        if fault and fault.kind.act:
            connection.run_fault(fault.kind.act(connection, reply, fault.argument))
        else:
            self.ledger.bytes_sent += connection.send(reply)


@dataclass(slots=True)
class _Call:
    """A request in progress, with its fault, its quirks and the body that refuses it, if any."""

    request: Request
    connection: Connection
    endpoint: str
    fault: Fault | None
    quirks: tuple[Quirk, ...] = ()
    refusal: bytes | None = None
