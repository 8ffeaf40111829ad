"""`footy check`: request every endpoint once and report whether the account works."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from footy.errors import Exit
from footy.pipeline.lasting import CLOCK_OFF_S
from footy.service import check_note, push_feed
from footy.service.app import VendorAccount, transport_for
from footy.service.paths import Files
from footy.settings import Mode, Settings
from footy.telemetry.counters import Counters
from footy.thesports import endpoints
from footy.thesports.client import Client
from footy.thesports.decoders import LiveList
from footy.thesports.endpoints import ENDPOINTS, Endpoint
from footy.thesports.errors import NoSuchRowError, RefusedError, VendorError
from footy.thesports.request import LIVE_LIST, Request
from footy.thesports.retry_budget import RetryBudget
from footy.thesports.vendor_clock import clock_text

ANY_ID = "0"
"""Requested if no match is known: the reply to an unknown id also shows whether the endpoint works."""

BY_ID = frozenset({endpoints.DETAIL, endpoints.FINAL, endpoints.ODDS, endpoints.TEAM, endpoints.COMPETITION})

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Finding:
    words: str
    error: VendorError | None


def run(settings: Settings, asked: VendorAccount, files: Files, say: Say) -> Exit:
    """Request each endpoint once, print the outcomes, and return the exit code for them.

    A service that runs in this data folder then retries the refused endpoints soon.
    """
    say(f"Asking {asked.base_url} as {asked.user}.")
    transport = transport_for(settings.model_copy(update={"attempts": 1}), asked, Counters())
    try:
        client, budget = Client(transport), RetryBudget(time.monotonic() + _longest_s(settings))
        say(f"  {'caller address':<30} {_address(client, budget)}")
        match_id, first = _live(client, budget)
        findings = {endpoints.LIVE: first}
        for endpoint in ENDPOINTS.values():
            if endpoint is not endpoints.LIVE and not _hopeless(first.error):
                findings[endpoint] = _probe(client, endpoint, match_id, budget)
        measured_s = transport.vendor_clock.measured_s
    finally:
        transport.close()
    if measured_s is not None:
        mark = "ok" if abs(measured_s) < CLOCK_OFF_S else "WRONG"
        say(f"  {'clock':<30} {mark}, this machine's is {clock_text(measured_s)}")
    for endpoint, finding in findings.items():
        say(f"  {endpoint.path:<30} {finding.words}")
    if settings.push == "on" and settings.resolve_mode() is not Mode.DEMO:
        say(f"  {'push':<30} {push_feed.tried(settings)}")
        if settings.proxy:
            say("Push does not go through FOOTY_PROXY: it connects to FOOTY_PUSH_URL directly.")
    try:
        check_note.leave(files, [one.path for one, finding in findings.items() if finding.error is None])
    except OSError as error:
        why = error.strerror or error
        say(f"{files.check} cannot be written ({why}): a running service asks again within 15 minutes.")
    return _verdict(findings, say)


def _longest_s(settings: Settings) -> float:
    """Return the time limit in seconds: one request per endpoint, and at most two for the address."""
    return (len(ENDPOINTS) + 2) * settings.timeout


def _address(client: Client, budget: RetryBudget) -> str:
    try:
        return f"{client.address(budget)} (the one to have whitelisted)"
    except VendorError as error:
        return f"not known: {error}"


def _live(client: Client, budget: RetryBudget) -> tuple[str, _Finding]:
    started = time.monotonic()
    answer = client.ask(LIVE_LIST, budget)
    if not isinstance(answer.value, LiveList):
        return ANY_ID, _Finding(_words(answer.error), answer.error)
    latency, matches = time.monotonic() - started, answer.value.matches
    return next(iter(matches), ANY_ID), _Finding(f"ok, {len(matches)} matches, {latency:.2f} s", None)


def _probe(client: Client, endpoint: Endpoint, match_id: str, budget: RetryBudget) -> _Finding:
    """Request an endpoint once. The id of a match serves for all of them: unknown ids are answered too."""
    started = time.monotonic()
    start = int(time.time()) if endpoint is endpoints.DIARY else None
    answer = client.ask(Request(endpoint, match_id if endpoint in BY_ID else "", start=start), budget)
    if answer.error is not None and not isinstance(answer.error, NoSuchRowError):
        return _Finding(_words(answer.error), answer.error)
    return _Finding(f"ok, {time.monotonic() - started:.2f} s", None)


def _hopeless(error: VendorError | None) -> bool:
    """Check whether requests to the other endpoints would only repeat this failure."""
    return error is not None and not (isinstance(error, RefusedError) and error.what == "endpoint")


def _words(error: VendorError | None) -> str:
    if isinstance(error, RefusedError):
        return "REFUSED: not in the account's plan" if error.what == "endpoint" else f"REFUSED: {error}"
    return f"FAILED: {error}"


def _verdict(findings: dict[Endpoint, _Finding], say: Say) -> Exit:
    live = findings[endpoints.LIVE].error
    failed = [endpoint for endpoint, finding in findings.items() if finding.error is not None]
    if isinstance(live, RefusedError):
        advice = {
            "account": "check THESPORTS_USER and THESPORTS_SECRET, then the contract with the vendor.",
            "address": "have the caller address above put on the vendor's list.",
            "endpoint": "footy cannot work without the live list; ask the vendor for it.",
        }
        say(f"The vendor refuses this account: {advice[live.what]}")
        return Exit.REFUSED
    if live is not None:
        say(f"The vendor cannot be used now: {live}.")
        return Exit.UNAVAILABLE
    if any(not isinstance(findings[one].error, RefusedError) for one in failed):
        say("The account works, but not every endpoint answered; ask again.")
        return Exit.UNAVAILABLE
    if failed:
        say(f"The account works; not in its plan: {', '.join(one.path for one in failed)}.")
    else:
        say("The account works, and every endpoint that footy uses is in its plan.")
    return Exit.OK
