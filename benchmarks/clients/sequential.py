"""Peer: one call after the other over one connection, like a simple script."""

from typing import Any

import requests

from benchmarks.child import answer
from benchmarks.clients.joined import Replies, Row, competition_ids, joined, team_ids
from benchmarks.clients.meter import Meter
from thesports_simulator.process import SimulatorControl


def cycle(task: dict[str, Any]) -> list[Row]:
    """Run one cycle."""
    with requests.Session() as session:
        session.trust_env = False

        def ask(path: str, **parameters: str) -> Any:
            signed = parameters | {"user": task["user"], "secret": task["secret"]}
            return session.get(f"{task['base_url']}/{path}", params=signed, timeout=10).json()["results"]

        replies = Replies(ask("match/detail_live"))
        for element in replies.live:
            match_id = element["id"]
            replies.details |= {row["id"]: row for row in ask("match/recent/list", uuid=match_id)}
            replies.odds[match_id] = ask("odds/history", uuid=match_id)
        for one in team_ids(replies.details):
            replies.teams |= {row["id"]: row for row in ask("team/additional/list", uuid=one)}
        for one in competition_ids(replies.details):
            replies.competitions |= {row["id"]: row for row in ask("competition/additional/list", uuid=one)}
        replies.countries = {row["id"]: row for row in ask("country/list")}
        return joined(replies)


def run(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Measure one cycle."""
    meter = Meter(SimulatorControl(task["host"], task["port"]))
    lap, rows = meter.lap("sequential", lambda: cycle(task))
    lap.matches = len(rows)
    return [lap.as_json()]


if __name__ == "__main__":
    answer(run)
