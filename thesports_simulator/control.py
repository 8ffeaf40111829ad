"""The control path: how tests and benchmarks look behind the simulated vendor and change it while it runs."""

import time
from typing import TYPE_CHECKING, Any

import msgspec

from thesports_simulator.protocol.quota import parse_quota
from thesports_simulator.protocol.replies import Reply
from thesports_simulator.protocol.wire import Connection, Request
from thesports_simulator.vendor import Vendor

if TYPE_CHECKING:
    from collections.abc import Callable

PREFIX = "/_simulator/"
_LOOPBACK = ("127.", "::1")


class ControlError(Exception):
    """The control path was asked for something it does not do."""


class Control:
    """Answers under /_simulator/, to callers from this machine only, and leaves the rest to the vendor.

    Implements `wire.Handler`, as the vendor does.
    """

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._paths: dict[str, Callable[[Request], Any]] = {
            "GET stats": lambda _: self._vendor.ledger.stats(),
            "POST reset": lambda _: self._vendor.ledger.reset(),
            "GET clock": lambda _: self._clock(),
            "POST clock": self._set_clock,
            "POST settings": self._set,
            "GET faults": lambda _: {"faults": self._vendor.mischief.told()},
            "POST faults": self._set_faults,
            "DELETE faults": lambda _: self._vendor.mischief.clear(),
            "GET log": lambda request: {
                "replies": self._vendor.ledger.log(int(request.asked.get("since", "0")))
            },
        }

    def opened(self) -> None:
        """Note that a connection was accepted."""
        self._vendor.opened()

    def closed(self) -> None:
        """Note that a connection ended."""
        self._vendor.closed()

    def finished(self, request: Request) -> None:
        """Note that a request was answered, or that its client hung up before."""
        if not request.path.startswith(PREFIX):
            self._vendor.finished(request)

    def handle(self, request: Request, connection: Connection) -> None:
        """Answer a request of the control path; pass any other on."""
        if request.path.startswith(PREFIX):
            connection.send(self.answer(request))
        else:
            self._vendor.handle(request, connection)

    def answer(self, request: Request) -> Reply:
        """The reply: JSON, or `{"error": …}` with status 400, 403 or 404."""
        if not request.address.startswith(_LOOPBACK):
            return Reply(b'{"error":"only from this machine"}', status=403)
        answer = self._paths.get(f"{request.method} {request.path.removeprefix(PREFIX)}")
        if answer is None:
            return Reply(b'{"error":"no such control"}', status=404)
        try:
            return Reply(msgspec.json.encode(answer(request) or {}))
        except (ControlError, ValueError, TypeError, KeyError, msgspec.MsgspecError) as error:
            return Reply(msgspec.json.encode({"error": str(error)}), status=400)

    def _clock(self) -> dict[str, Any]:
        clock = self._vendor.clock
        return {
            "now": clock.now(),
            "speed": clock.speed,
            "monotonic": time.monotonic(),
        } | self._vendor.identity

    def _set_clock(self, request: Request) -> dict[str, Any]:
        clock, wish = self._vendor.clock, msgspec.json.decode(request.body)
        if "speed" in wish:
            clock.run_at(float(wish["speed"]))
        if "set" in wish:
            clock.advance(float(wish["set"]) - clock.now())
        clock.advance(float(wish.get("advance", 0)))
        return self._clock()

    def _set(self, request: Request) -> dict[str, Any]:
        """Changes what is named, and tells all as it is now."""
        vendor, wish = self._vendor, msgspec.json.decode(request.body)
        unknown = wish.keys() - self._settings().keys()
        if unknown:
            raise ControlError(f"no such setting: {', '.join(sorted(unknown))}")
        vendor.manners.latency = float(wish.get("latency", vendor.manners.latency))
        vendor.manners.jitter = float(wish.get("jitter", vendor.manners.jitter))
        vendor.manners.gzip = bool(wish.get("gzip", vendor.manners.gzip))
        vendor.manners.date = bool(wish.get("date", vendor.manners.date))
        vendor.account.is_accepted = bool(wish.get("accepted", vendor.account.is_accepted))
        if "plan" in wish:
            vendor.account.plan = frozenset(wish["plan"])
        if "addresses" in wish:
            vendor.account.addresses = None if wish["addresses"] is None else frozenset(wish["addresses"])
        if "quota" in wish:
            vendor.account.turnstile.quotas = dict(parse_quota(text) for text in wish["quota"])
        if "odds_live_form" in wish:
            if wish["odds_live_form"] not in {"text", "values"}:
                raise ControlError("odds_live_form is text or values")
            vendor.endpoints.odds_form = wish["odds_live_form"]
        if "odds_live_order" in wish:
            if wish["odds_live_order"] not in {"newest", "oldest"}:
                raise ControlError("odds_live_order is newest or oldest")
            vendor.endpoints.odds_order = wish["odds_live_order"]
        if "frozen" in wish:
            vendor.endpoints.listed_at = int(vendor.clock.now()) if wish["frozen"] else None
        return self._settings()

    def _set_faults(self, request: Request) -> dict[str, Any]:
        """Switches faults on beside those that are (`add`) or in their place (`set`)."""
        mischief, wish = self._vendor.mischief, msgspec.json.decode(request.body)
        before = mischief.faults
        if "set" in wish:
            mischief.clear()
        try:
            mischief.add([*wish.get("set", ()), *wish.get("add", ())])
        except ValueError:
            mischief.faults = before
            raise
        return {"faults": mischief.told()}

    def _settings(self) -> dict[str, Any]:
        vendor = self._vendor
        account = vendor.account
        return {
            "latency": vendor.manners.latency,
            "jitter": vendor.manners.jitter,
            "gzip": vendor.manners.gzip,
            "date": vendor.manners.date,
            "accepted": account.is_accepted,
            "plan": sorted(account.plan),
            "addresses": None if account.addresses is None else sorted(account.addresses),
            "quota": [
                f"{name}={quota.calls}/{quota.seconds:g}" for name, quota in account.turnstile.quotas.items()
            ],
            "odds_live_form": vendor.endpoints.odds_form,
            "odds_live_order": vendor.endpoints.odds_order,
            "frozen": vendor.endpoints.listed_at is not None,
        }
