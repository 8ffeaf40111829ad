"""Peer: dlt's `rest_api` source with the fastest settings that we found.

Its children are `parallelized` on a pool of 30 threads, polled every millisecond, over a session with as many
pooled connections. Teams and competitions are requested once each, as soon as a detail names them. The rows
are taken directly from the source, without dlt's normalizing and loading.
"""

import importlib
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from requests.adapters import HTTPAdapter

from benchmarks.child import answer
from benchmarks.clients.joined import Replies, Row, joined
from benchmarks.clients.meter import Meter
from thesports_simulator.process import SimulatorControl

WORKERS = 30
SETTINGS = {
    "EXTRACT__WORKERS": str(WORKERS),
    "EXTRACT__MAX_PARALLEL_ITEMS": str(20 * WORKERS),
    "EXTRACT__FUTURES_POLL_INTERVAL": "0.001",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
}


def source(task: dict[str, Any]) -> Iterable[Row]:
    """Return all rows, each tagged with its resource."""
    # Imported by name and late: dlt is optional for the tests, and it reads SETTINGS on import.
    dlt: Any = importlib.import_module("dlt")
    rest_api: Any = importlib.import_module("dlt.sources.rest_api")
    session = importlib.import_module("dlt.sources.helpers.requests").Session()
    session.trust_env = False
    session.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=WORKERS, pool_block=True))
    client = {"base_url": task["base_url"], "session": session, "paginator": "single_page"}
    signed = {"user": task["user"], "secret": task["secret"]}

    def child(name: str, path: str, parent: str) -> dict[str, Any]:
        parameters = signed | {"uuid": f"{{resources.{parent}.id}}"}
        endpoint = {"path": path, "params": parameters, "data_selector": "results"}
        return _tagged(name, endpoint) | {"parallelized": True, "include_from_parent": ["id"]}

    def single(name: str, path: str) -> dict[str, Any]:
        return _tagged(name, {"path": path, "params": signed, "data_selector": "results"})

    resources = rest_api.rest_api_resources(
        {
            "client": client,
            "resources": [
                single("live", "match/detail_live"),
                child("details", "match/recent/list", "live"),
                child("odds", "odds/history", "live"),
                single("countries", "country/list") | {"parallelized": True},
            ],
        }
    )
    details = next(one for one in resources if one.name == "details")
    named = [
        dlt.transformer(
            _once("home_team_id", "away_team_id"), data_from=details, name="team_ids", selected=False
        ),
        dlt.transformer(_once("competition_id"), data_from=details, name="competition_ids", selected=False),
    ]
    whole: Iterable[Row] = rest_api.rest_api_source(
        {
            "client": client,
            "resources": [
                *resources,
                *named,
                child("teams", "team/additional/list", "team_ids"),
                child("competitions", "competition/additional/list", "competition_ids"),
            ],
        }
    )
    return whole


def _tagged(name: str, endpoint: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "endpoint": endpoint,
        "processing_steps": [{"map": lambda row: row | {"_of": name}}],
    }


def _once(*fields: str) -> Callable[[list[Row]], Iterator[list[Row]]]:
    """Return a function from details to the ids that they name, each once."""
    seen: set[str] = set()

    def ids(details: list[Row]) -> Iterator[list[Row]]:
        named = {detail[field] for detail in details for field in fields} - seen
        seen.update(named)
        yield [{"id": one} for one in named]

    return ids


def cycle(rows: Iterable[Row]) -> list[Row]:
    """Run one cycle from the rows of a source."""
    replies = Replies([])
    by_id = {
        "details": replies.details,
        "teams": replies.teams,
        "competitions": replies.competitions,
        "countries": replies.countries,
    }
    for row in rows:
        kind = row.get("_of")
        if kind == "live":
            replies.live.append(row)
        elif kind == "odds":
            replies.odds[row["_live_id"]] = {key: value for key, value in row.items() if key.isdecimal()}
        elif kind is not None:
            by_id[kind][row["id"]] = row
    return joined(replies)


def run(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Measure one cycle."""
    os.environ.update(SETTINGS)
    meter = Meter(SimulatorControl(task["host"], task["port"]))
    rows_to_come = source(task)
    lap, rows = meter.lap("dlt", lambda: cycle(rows_to_come))
    lap.matches = len(rows)
    return [lap.as_json()]


if __name__ == "__main__":
    answer(run)
