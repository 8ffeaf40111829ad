"""Strict parsing of query parameters: an unknown name is an error."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from starlette.datastructures import QueryParams
from starlette.types import Scope

from footy.events.types import DATA
from footy.history.log import Position
from footy.history.minutes import FIELDS as MINUTE_FIELDS
from footy.history.odds import MARKET_NAMES
from footy.record import MatchRecord, field_names
from footy.times import unix_seconds
from footy.web.answers import WebError

FIELDS = frozenset(field_names(MatchRecord))
MOST_EVENTS = 1_000
DEFAULT_EVENTS = 100
MOST_BOOKMAKER = 99_999
MOST_MINUTES = 1_000
"""Maximum minute rows per answer; a match with extra time has some 170."""
RULE = r"[a-z0-9-]{1,24}"
START, NEWEST = "start", "newest"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

T = TypeVar("T")


def given(scope: Scope, *names: str) -> Mapping[str, str]:
    """Return the parameters of a request; see `known`."""
    if not scope["query_string"]:
        return {}
    return known(QueryParams(scope["query_string"]), names)


def known(params: QueryParams, names: Collection[str]) -> Mapping[str, str]:
    """Return the parameters of a request.

    Raises:
        WebError: A parameter is unknown or repeated.
    """
    pairs = params.multi_items()
    for name, _ in pairs:
        if name not in names:
            raise WebError(
                400, f"Unknown parameter {name[:40]!r}; known ones are {', '.join(sorted(names))}."
            )
    if len(pairs) != len({name for name, _ in pairs}):
        raise WebError(400, "A parameter is given once, with commas between its values.")
    return dict(pairs)


def _list(name: str, text: str) -> list[str]:
    items = [item.strip(" ") for item in text.split(",")]
    if not all(items):
        raise WebError(400, f"{name} takes comma-separated values.")
    return items


def fields(text: str | None) -> list[str] | None:
    """Return the requested fields of the record, in that order; None for all."""
    if text is None:
        return None
    found = _list("fields", text)
    for name in found:
        if name not in FIELDS:
            raise WebError(400, f"{name[:60]!r} is not a field of a match.")
    return list(dict.fromkeys(found))


def match_filter(given: Mapping[str, str]) -> Callable[[MatchRecord], bool] | None:
    """Return a function that decides whether a match is requested; None if all are."""
    tests: list[Callable[[MatchRecord], bool]] = []
    if "in_play" in given:
        wanted = _boolean("in_play", given["in_play"])
        tests.append(lambda match: match["in_play"] is wanted)
    if "status" in given:
        statuses = {_number("status", item, 0, 9_999) for item in _list("status", given["status"])}
        tests.append(lambda match: match["status_id"] in statuses)
    for name in ("competition", "country"):
        if name in given:
            names = {item.casefold() for item in _list(name, given[name])}
            tests.append(_named(name, names))
    if not tests:
        return None
    return lambda match: all(test(match) for test in tests)


def _named(name: str, names: Collection[str]) -> Callable[[MatchRecord], bool]:
    def test(match: MatchRecord) -> bool:
        record: Mapping[str, Any] = match
        return (record[name] or "").casefold() in names or (record[f"{name}_id"] or "").casefold() in names

    return test


def _boolean(name: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise WebError(400, f"{name} takes true or false.")
    return text == "true"


def _number(name: str, text: str, least: int, most: int) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
        raise WebError(400, f"{name} takes whole numbers from {least} to {most}.")
    return int(text)


def limit(text: str | None) -> int:
    """Return the requested number of events or alerts."""
    return DEFAULT_EVENTS if text is None else _number("limit", text, 1, MOST_EVENTS)


def markets(text: str | None) -> list[str]:
    """Return the requested markets; empty for all."""
    if text is None:
        return []
    found = _list("market", text)
    for name in found:
        if name not in MARKET_NAMES:
            raise WebError(400, f"There is no market {name[:40]!r}; there are {', '.join(MARKET_NAMES)}.")
    return found


def bookmaker_ids(text: str | None) -> list[int]:
    """Return the requested bookmakers; empty for all."""
    if text is None:
        return []
    return [_number("bookmaker", item, 0, MOST_BOOKMAKER) for item in _list("bookmaker", text)]


def rows(text: str | None, most: int) -> int:
    """Return the maximum number of rows; the largest allowed if none is requested."""
    return most if text is None else _number("limit", text, 0, most)


def minute_fields(text: str | None) -> list[str]:
    """Return the requested fields of minute rows; all if none is requested."""
    if text is None:
        return list(MINUTE_FIELDS)
    found = _list("fields", text)
    for name in found:
        if name not in MINUTE_FIELDS:
            raise WebError(400, f"{name[:60]!r} is not a field that is kept by the minute.")
    return list(dict.fromkeys(found))


def types(text: str | None) -> list[str]:
    """Return the requested types of events; empty for all."""
    if text is None:
        return []
    found = [item.removeprefix("footy.") for item in _list("types", text)]
    for name in found:
        if name not in DATA:
            raise WebError(400, f"There is no type of event {name[:40]!r}; there are {', '.join(DATA)}.")
    return found


def is_id(text: str) -> bool:
    """Check whether a text can be the id of a match."""
    return _ID.fullmatch(text) is not None


def match_id(text: str | None) -> str | None:
    """Return the match whose events are requested."""
    if text is not None and not is_id(text):
        raise WebError(400, "match takes the id of a match.")
    return text


def rule(text: str | None) -> str | None:
    """Return the rule whose alerts are requested."""
    if text is not None and not re.fullmatch(RULE, text):
        raise WebError(400, "rule takes the name of a rule: a-z, 0-9 and -, at most 24 of them.")
    return text


def since(text: str | None) -> float | None:
    """Return the time (Unix seconds) from which on events are requested."""
    if text is None:
        return None
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", text):
        raise WebError(400, "since takes a time in UTC, such as 2026-11-26T20:30:00Z.")
    try:
        return unix_seconds(text)
    except ValueError:
        raise WebError(400, "since takes a time in UTC, such as 2026-11-26T20:30:00Z.") from None


def position(text: str, *, name: str) -> Position | str:
    """Return a position of the log, `start` or `newest`."""
    if text in {START, NEWEST}:
        return text
    try:
        return Position.read(text)
    except ValueError:
        raise WebError(400, f"{name} takes a position such as 9f3a01c7-1234, {START} or {NEWEST}.") from None
