"""The control path: tests and benchmarks use it to inspect and change the running simulator."""

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
    """A request to the control path is invalid."""


class Control:
    """Answers requests under /_simulator/ from this machine only, and passes all others to the vendor.

    Implements `wire.Handler`, like the vendor.
    """

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._paths: dict[str, Callable[[Request], Any]] = {
            "GET stats": lambda _: self._vendor.ledger.stats(),
            "POST reset": lambda _: self._vendor.ledger.reset(),
            "GET clock": lambda _: self._clock(),
            "POST clock": self._set_clock,
            "POST settings": self._set,
            "GET faults": lambda _: {"faults": self._vendor.faults.described()},
            "POST faults": self._set_faults,
            "DELETE faults": lambda _: self._vendor.faults.clear(),
            "GET log": self._log,
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
        """Return the reply: JSON, or `{"error": …}` with status 400, 403 or 404."""
        if not request.address.startswith(_LOOPBACK):
            return Reply(b'{"error":"only from this machine"}', status=403)
        answer = self._paths.get(f"{request.method} {request.path.removeprefix(PREFIX)}")
        if answer is None:
            return Reply(b'{"error":"no such control"}', status=404)
        try:
            return Reply(msgspec.json.encode(answer(request) or {}))
        except (ControlError, ValueError, TypeError, KeyError, msgspec.MsgspecError) as error:
            return Reply(msgspec.json.encode({"error": str(error)}), status=400)

    def _log(self, request: Request) -> dict[str, Any]:
        parameters, ledger = request.parameters, self._vendor.ledger
        if "last" in parameters:
            return {"replies": ledger.last(int(parameters["last"]))}
        return {"replies": ledger.log(int(parameters.get("since", "0")))}

    def _clock(self) -> dict[str, Any]:
        clock = self._vendor.clock
        return {
            "now": clock.now(),
            "speed": clock.speed,
            "monotonic": time.monotonic(),
        } | self._vendor.identity

    def _set_clock(self, request: Request) -> dict[str, Any]:
        clock, changes = self._vendor.clock, msgspec.json.decode(request.body)
        if "speed" in changes:
            clock.run_at(float(changes["speed"]))
        if "set" in changes:
            clock.advance(float(changes["set"]) - clock.now())
        clock.advance(float(changes.get("advance", 0)))
        return self._clock()

    def _set(self, request: Request) -> dict[str, Any]:
        """Change the named settings; return all settings."""
        vendor, changes = self._vendor, msgspec.json.decode(request.body)
        unknown = changes.keys() - self._settings().keys()
        if unknown:
            raise ControlError(f"no such setting: {', '.join(sorted(unknown))}")
        vendor.reply_options.latency = float(changes.get("latency", vendor.reply_options.latency))
        vendor.reply_options.jitter = float(changes.get("jitter", vendor.reply_options.jitter))
        vendor.reply_options.gzip = bool(changes.get("gzip", vendor.reply_options.gzip))
        vendor.reply_options.date = bool(changes.get("date", vendor.reply_options.date))
        vendor.account.is_accepted = bool(changes.get("accepted", vendor.account.is_accepted))
        if "plan" in changes:
            vendor.account.plan = frozenset(changes["plan"])
        if "addresses" in changes:
            vendor.account.addresses = (
                None if changes["addresses"] is None else frozenset(changes["addresses"])
            )
        if "quota" in changes:
            vendor.account.quota.quotas = dict(parse_quota(text) for text in changes["quota"])
        if "odds_live_form" in changes:
            if changes["odds_live_form"] not in {"text", "values"}:
                raise ControlError("odds_live_form is text or values")
            vendor.endpoints.odds_form = changes["odds_live_form"]
        if "odds_live_order" in changes:
            if changes["odds_live_order"] not in {"newest", "oldest"}:
                raise ControlError("odds_live_order is newest or oldest")
            vendor.endpoints.odds_order = changes["odds_live_order"]
        if "frozen" in changes:
            vendor.endpoints.listed_at = int(vendor.clock.now()) if changes["frozen"] else None
        return self._settings()

    def _set_faults(self, request: Request) -> dict[str, Any]:
        """Switch faults on, in addition to the others (`add`) or in their place (`set`)."""
        faults, changes = self._vendor.faults, msgspec.json.decode(request.body)
        before = faults.active
        if "set" in changes:
            faults.clear()
        try:
            faults.add([*changes.get("set", ()), *changes.get("add", ())])
        except ValueError:
            faults.active = before
            raise
        return {"faults": faults.described()}

    def _settings(self) -> dict[str, Any]:
        vendor = self._vendor
        account = vendor.account
        return {
            "latency": vendor.reply_options.latency,
            "jitter": vendor.reply_options.jitter,
            "gzip": vendor.reply_options.gzip,
            "date": vendor.reply_options.date,
            "accepted": account.is_accepted,
            "plan": sorted(account.plan),
            "addresses": None if account.addresses is None else sorted(account.addresses),
            "quota": [
                f"{name}={quota.calls}/{quota.seconds:g}" for name, quota in account.quota.quotas.items()
            ],
            "odds_live_form": vendor.endpoints.odds_form,
            "odds_live_order": vendor.endpoints.odds_order,
            "frozen": vendor.endpoints.listed_at is not None,
        }
