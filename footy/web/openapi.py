"""The OpenAPI document, made from the types of what is answered and from the table of routes."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from footy import __version__
from footy.events.envelope import Envelope
from footy.events.types import DATA
from footy.history.minutes import FIELDS as MINUTE_FIELDS
from footy.history.odds import MARKET_NAMES
from footy.record import MatchRecord, Snapshot, field_names
from footy.web import contract
from footy.web.odds_view import MOST_ROWS
from footy.web.queries import DEFAULT_EVENTS, MOST_BOOKMAKER, MOST_EVENTS, MOST_MINUTES, RULE

STREAMED = "text/event-stream"
_ID = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}
_TEXT = {"type": "string", "minLength": 1, "pattern": "^[^,]*[^, ][^,]*$"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a route."""

    name: str
    words: str
    schema: dict[str, Any]
    where: str = "query"


@dataclass(frozen=True, slots=True)
class Route:
    """A route as the document describes it."""

    path: str
    summary: str
    answers: Any = None
    """The type of the answer; None for a text or a schema."""
    parameters: tuple[Parameter, ...] = ()
    streams: bool = False
    """`Accept: text/event-stream` gets a stream."""
    errors: tuple[int, ...] = ()
    content_type: str = "application/json"


def _list_of(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": items}


_FIELDS = Parameter(
    "fields",
    "Fields of the record, in this order, with commas between; all without it.",
    _list_of({"enum": list(field_names(MatchRecord))}),
)

ROUTES: tuple[Route, ...] = (
    Route(
        "/api/matches",
        "Matches of the newest snapshot: all of them, whole, without parameters",
        contract.Matches,
        (
            _FIELDS,
            Parameter("in_play", "Only matches that are, or are not, in play.", {"type": "boolean"}),
            Parameter(
                "status",
                "Only matches in these statuses, by id.",
                _list_of({"type": "integer", "minimum": 0, "maximum": 9999}),
            ),
            Parameter("competition", "Only these competitions, by name or id.", _list_of(_TEXT)),
            Parameter("country", "Only these countries, by name or id.", _list_of(_TEXT)),
        ),
        errors=(400, 503),
    ),
    Route(
        "/api/matches/{match_id}",
        "One match of the newest snapshot",
        dict[str, Any],
        (
            Parameter("match_id", "The match's id.", _ID, "path"),
            _FIELDS,
        ),
        errors=(400, 404, 503),
    ),
    Route(
        "/api/matches/{match_id}/odds",
        "Every price of a match that is known, and opening, early and newest price of each bookmaker",
        contract.MatchOdds,
        (
            Parameter("match_id", "The match's id.", _ID, "path"),
            Parameter("market", "Only the prices of these markets.", _list_of({"enum": list(MARKET_NAMES)})),
            Parameter(
                "bookmaker",
                "Only the prices of these bookmakers, by id.",
                _list_of({"type": "integer", "minimum": 0, "maximum": MOST_BOOKMAKER}),
            ),
            Parameter(
                "limit",
                "How many prices at most, the newest; 0 for the table of bookmakers alone.",
                {"type": "integer", "minimum": 0, "maximum": MOST_ROWS},
            ),
        ),
        errors=(400, 404, 503),
    ),
    Route(
        "/api/matches/{match_id}/minutes",
        "What the record of a match showed, minute by minute",
        contract.MatchMinutes,
        (
            Parameter("match_id", "The match's id.", _ID, "path"),
            Parameter(
                "fields",
                "Fields that are kept by the minute, in this order, with commas between; all without it.",
                _list_of({"enum": list(MINUTE_FIELDS)}),
            ),
            Parameter(
                "limit",
                "How many minutes at most, the newest.",
                {"type": "integer", "minimum": 0, "maximum": MOST_MINUTES},
            ),
        ),
        errors=(400, 404, 503),
    ),
    Route(
        "/api/events",
        "Events of the log, or, as a stream, those that are still to come",
        contract.EventPage,
        (
            Parameter(
                "after",
                "A position such as 9f3a01c7-1234; `start` or, the default of a stream, `newest`.",
                {"type": "string", "pattern": "^([0-9a-f]{8}-[0-9]{1,16}|start|newest)$"},
            ),
            Parameter("types", "Only these types of events.", _list_of({"enum": list(DATA)})),
            Parameter(
                "match",
                "Only events of this match.",
                _ID,
            ),
            Parameter(
                "since",
                "Only events seen at or after this time (not of a stream).",
                {"type": "string", "pattern": r"^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])T"
                                              r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$"},
            ),
            Parameter(
                "limit",
                f"How many at most; {DEFAULT_EVENTS} without it (not of a stream).",
                {"type": "integer", "minimum": 1, "maximum": MOST_EVENTS},
            ),
        ),
        streams=True,
        errors=(400, 503),
    ),
    Route(
        "/api/alerts",
        "Alerts of the log with their outcomes, newest first, and what became of them by rule",
        contract.Alerts,
        (
            Parameter("rule", "Only alerts of this rule.", {"type": "string", "pattern": f"^{RULE}$"}),
            Parameter("match", "Only alerts of this match.", _ID),
            Parameter(
                "limit",
                f"How many at most; {DEFAULT_EVENTS} without it.",
                {"type": "integer", "minimum": 1, "maximum": MOST_EVENTS},
            ),
        ),
        errors=(400, 503),
    ),
    Route(
        "/api/live",
        "What the page shows, or, as a stream, that and then what changes",
        contract.LiveBoard,
        streams=True,
        errors=(400,),
    ),
    Route("/api/fixtures", "What kicks off in the next 12 hours", contract.Fixtures, errors=(400,)),
    Route("/api/status", "How the instance is", contract.Status, errors=(400,)),
    Route("/api/schema", "JSON Schemas of the record and of every event", dict[str, Any]),
    Route("/openapi.json", "This document", dict[str, Any]),
    Route("/healthz", "Whether cycles succeed (503 if not); free", contract.Health, errors=(503,)),
    Route("/readyz", "Whether the data is good too (503 if not)", contract.Health, errors=(400, 503)),
    Route(
        "/metrics", "Figures for Prometheus", errors=(400, 404), content_type="text/plain"
    ),
)  # fmt: skip


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    types = [route.answers for route in ROUTES if route.answers not in {None, dict[str, Any]}]
    _, components = msgspec.json.schema_components(
        [
            *types,
            MatchRecord,
            Snapshot,
            Envelope,
            *contract.PARTS,
            *DATA.values(),
        ],
        ref_template="#/components/schemas/{name}",
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "footy",
            "version": __version__,
            "description": "Live football matches: one true record each, and what happened. Read-only.",
        },
        "paths": {route.path: {"get": _operation(route)} for route in ROUTES},
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    }


def _operation(route: Route) -> dict[str, Any]:
    schema = _reference(route)
    content: dict[str, Any] = {route.content_type: {"schema": schema}}
    if route.streams:
        content[STREAMED] = {"schema": {"type": "string"}}
    answers: dict[str, Any] = {"200": {"description": route.summary, "content": content}}
    for status in (*route.errors, 401, 413, 421):
        error = {"$ref": "#/components/schemas/ApiError"}
        health = route.answers is contract.Health and status == 503  # noqa: PLR2004
        answers[str(status)] = {
            "description": _MEANS[status],
            "content": {"application/json": {"schema": schema if health else error}},
        }
    operation: dict[str, Any] = {
        "operationId": route.path.strip("/").replace("/", "_").replace("{", "").replace("}", ""),
        "summary": route.summary,
        "responses": answers,
    }
    if route.parameters:
        operation["parameters"] = [_parameter(one) for one in route.parameters]
    if route.path == "/healthz":
        operation["security"] = []
    return operation


def _reference(route: Route) -> dict[str, Any]:
    if route.answers is None:
        return {"type": "string"}
    if route.answers == dict[str, Any]:
        return {"type": "object"}
    return {"$ref": f"#/components/schemas/{route.answers.__name__}"}


def _parameter(one: Parameter) -> dict[str, Any]:
    said: dict[str, Any] = {
        "name": one.name,
        "in": one.where,
        "required": one.where == "path",
        "description": one.words,
        "schema": one.schema,
    }
    if one.schema.get("type") == "array":
        said |= {"style": "form", "explode": False}
    return said


_MEANS = {
    400: "A parameter is not known or takes another value",
    401: "The token is missing or wrong",
    404: "There is no such thing",
    413: "Requests have no body",
    421: "The host name is not among FOOTY_HTTP_HOSTS",
    503: "Not now; try again",
}
