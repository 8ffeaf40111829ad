"""The catalogue of faults: what each does, and on which endpoints."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from thesports_simulator.faults import answers, shapes, values, wires
from thesports_simulator.protocol.endpoints import LIVE
from thesports_simulator.protocol.replies import Reply
from thesports_simulator.protocol.source import Paging
from thesports_simulator.protocol.wire import Connection

DETAIL = "match/recent/list"
ODDS = ("odds/history", "odds/live")
ONE_MATCH = ("odds/history", "match/live/history")
LISTS = (DETAIL, "team/additional/list", "competition/additional/list")

Answer = Callable[[str], Reply]
Change = Callable[[Any, Random, str], tuple[Any, list[str]]]
Act = Callable[[Connection, Reply, str], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: `answer` (another reply), `change` (of the body), `act` (on the wire), `paging`.

    A fault of `paging` befalls only the calls of a list by page or by time.

    A quirk is none of these: the world itself misreports a match for as long as it is switched on. Its RATE
    is a share of the matches, and any number of quirks applies to one reply.

    `default` is the argument if none is given. `endpoints` are those it can be injected on (empty: all). If
    it `echoes`, its argument is the target of the request as received, with the credentials.
    """

    summary: str
    answer: Answer | None = None
    change: Change | None = None
    act: Act | None = None
    paging: Paging | None = None
    default: str = ""
    is_numeric: bool = True
    takes_argument: bool = False
    echoes: bool = False
    is_quirk: bool = False
    endpoints: tuple[str, ...] = ()


def _instead(summary: str, answer: Answer, **more: Any) -> Kind:
    return Kind(summary, answer=answer, **more)


def _changed(summary: str, change: Change, *endpoints: str, **more: Any) -> Kind:
    return Kind(summary, change=change, endpoints=endpoints, **more)


def _wire(summary: str, act: Act, **more: Any) -> Kind:
    return Kind(summary, act=act, **more)


def _paged(summary: str, paging: Paging) -> Kind:
    return Kind(summary, paging=paging, endpoints=LISTS)


def _quirk(summary: str) -> Kind:
    return Kind(summary, is_quirk=True, endpoints=(LIVE,))


CATALOGUE: dict[str, Kind] = {
    "http500": _instead("HTTP 500 with a page", partial(answers.status, 500)),
    "http503": _instead(
        "HTTP 503; the argument is Retry-After in seconds", partial(answers.status, 503), takes_argument=True
    ),
    "http429": _instead(
        "HTTP 429; the argument is Retry-After in seconds", partial(answers.status, 429), takes_argument=True
    ),
    "body429": _instead("HTTP 200 with the vendor's 429 body", answers.too_many),
    "err_ip": _instead("the address is not authorized", answers.not_this_address),
    "err_url": _instead("the URL is not authorized", answers.not_this_url),
    "err_unauthorized": _instead("the account is not authorized", answers.not_this_account),
    "code100003": _instead("a bad parameter, says the vendor", answers.bad_parameter),
    "html": _instead("HTTP 200 with an HTML page", answers.page),
    "empty": _instead("HTTP 200 with no body", answers.nothing),
    "redirect": _instead(
        "HTTP 302; the argument is the address",
        answers.redirect, default="http://redirected.invalid/", is_numeric=False,
    ),
    "echo_message": _instead("an error that repeats the request", answers.echo_message, echoes=True),
    "echo_page": _instead("HTTP 400 with a page that repeats the request", answers.echo_page, echoes=True),
    "body_list": _changed("the body is a list", shapes.body_list),
    "body_string": _changed("the body is a string", shapes.body_string),
    "body_null": _changed("the body is null", shapes.body_null),
    "body_number": _changed("the body is a number", shapes.body_number),
    "body_broken": _changed("the body is cut JSON of the right length", shapes.body_broken),
    "code_missing": _changed("the body has no code", shapes.code_missing),
    "code_text": _changed("code is a text", shapes.code_text),
    "results_missing": _changed("the body has no results", shapes.results_missing),
    "results_null": _changed("results is null", shapes.results_null),
    "results_string": _changed("results is a text", shapes.results_string),
    "results_swapped": _changed("results is a list for an object or vice versa", shapes.results_swapped),
    "results_junk": _changed("results holds values of all types", shapes.results_junk),
    "element_null": _changed("one element of results is null", shapes.element_null),
    "element_list": _changed("one element of results is a list", shapes.element_list),
    "element_string": _changed("one element of results is a text", shapes.element_string),
    "field_missing": _changed("one element lacks a field", shapes.field_missing),
    "row_object": _changed("one list inside an element is an object", shapes.row_object),
    "row_empty": _changed("one list inside an element is empty", shapes.row_empty),
    "row_short": _changed("one list inside an element lacks its last", shapes.row_short),
    "row_long": _changed("one list inside an element has one too many", shapes.row_long),
    "wrong_type": _changed("so many single fields hold another type", values.wrong_type, default="1"),
    "echo_field": _changed(
        "one name or note repeats the request", values.echo_field, LIVE, *LISTS, echoes=True
    ),
    "unknown_status": _changed("a match in a status", values.unknown_status, LIVE, DETAIL, default="77"),
    "unknown_incident": _changed(
        "one match has an incident of this type", values.unknown_incident, LIVE, default="99"
    ),
    "unknown_bookmaker": _changed("odds of such a company", values.unknown_bookmaker, *ODDS, default="999"),
    "duplicate": _changed("so many matches are listed twice", values.duplicate, LIVE, default="1"),
    "empty_list": _changed("the list is empty", values.empty_list, LIVE),
    "clock_jump": _changed(
        "all times in the list are so many seconds off, ahead or back",
        values.clock_jump, LIVE, default="3600",
    ),
    "unknown_uuid": _changed("the id is unknown", values.unknown_uuid, *LISTS, *ONE_MATCH),
    "vanish": _changed(
        "the same matches, RATE of all, are unknown each time though listed",
        values.unknown_uuid, DETAIL, *ONE_MATCH,
    ),
    "pages_stuck": _paged("every page of a list is the same one", "stuck"),
    "pages_unordered": _paged("the rows of a list are in no order", "unordered"),
    "pages_overlapping": _paged("a page of a list repeats rows of the page before", "overlapping"),
    "pages_empty": _paged("every page of a list is empty", "empty"),
    "pages_refused": _paged("a list is not authorized but by id", "refused"),
    "cards_swapped": _quirk("home and away cards and corners change places after the end"),
    "player_late": _quirk("incidents come without their players, which follow, and go and come"),
    "minute_edited": _quirk("incidents have another minute at first"),
    "incident_late": _quirk("the score comes before the incident of its goal, which may never come"),
    "incident_inserted": _quirk("incidents are inserted before others; substitutions trade places"),
    "score_back": _quirk("a goal is counted, then cancelled, with a video review or without"),
    "score_flaps": _quirk("the score drops for 10 to 100 s and recovers"),
    "status_early": _quirk("8 before the last goal, before extra time and before the shoot-out"),
    "period_moved": _quirk("the start of a half moves 61 s back in the middle of it"),
    "match_flickers": _quirk("a match is off the list for a while, mostly for seconds"),
    "reset_before": _wire("connection reset before the first byte", wires.reset_before),
    "reset_body": _wire("connection reset in the middle of the body", wires.reset_body),
    "truncated": _wire("connection closed in the middle of the body", wires.truncated),
    "wrong_length": _wire("Content-Length is ten too small", wires.wrong_length),
    "slow": _wire("first byte after so many seconds", wires.slow, default="5"),
    "drip": _wire("a byte every so many seconds, for ever", wires.drip, default="0.1"),
    "hang": _wire("no answer, ever", wires.hang),
    "gzip_broken": _wire("a gzipped body with a hole", wires.gzip_broken),
    "gzip_bomb": _wire("a small gzipped body that inflates to so many MB", wires.gzip_bomb, default="200"),
    "huge": _wire("a body of so many MB", wires.huge, default="200"),
}  # fmt: skip
