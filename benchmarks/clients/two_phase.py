"""Peer: asyncio with aiohttp over 30 connections, in two phases with a barrier between them.

This is the design of footy's predecessor: first the live list, then details and odds of all matches together,
and after all of those the teams and competitions that they name, again in every cycle.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any, TypeVar

import aiohttp  # type: ignore[import-not-found, unused-ignore]

from benchmarks.child import answer
from benchmarks.clients.joined import Replies, Row, competition_ids, joined, team_ids
from benchmarks.clients.meter import Meter
from thesports_simulator.process import SimulatorControl

T = TypeVar("T")
CONNECTIONS = 30


async def cycle(task: dict[str, Any]) -> list[Row]:
    """Run one cycle."""
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def ask(path: str, **parameters: str) -> Any:
            signed = parameters | {"user": task["user"], "secret": task["secret"]}
            async with session.get(f"{task['base_url']}/{path}", params=signed) as response:
                reply = await response.json(content_type=None)
            return reply["results"]

        async def row(path: str, uuid: str) -> tuple[str, Row]:
            return uuid, (await ask(path, uuid=uuid))[0]

        async def odds(uuid: str) -> tuple[str, Row]:
            return uuid, await ask("odds/history", uuid=uuid)

        replies = Replies(await ask("match/detail_live"))
        ids = [element["id"] for element in replies.live]
        details, prices = await asyncio.gather(
            _together(row("match/recent/list", one) for one in ids), _together(odds(one) for one in ids)
        )
        replies.details, replies.odds = dict(details), dict(prices)
        teams, competitions, countries = await asyncio.gather(
            _together(row("team/additional/list", one) for one in team_ids(replies.details)),
            _together(row("competition/additional/list", one) for one in competition_ids(replies.details)),
            ask("country/list"),
        )
        replies.teams, replies.competitions = dict(teams), dict(competitions)
        replies.countries = {country["id"]: country for country in countries}
        return joined(replies)


async def _together(calls: Iterable[Awaitable[T]]) -> list[T]:
    return list(await asyncio.gather(*calls))


def run(task: dict[str, Any]) -> list[dict[str, Any]]:
    """Measure one cycle."""
    meter = Meter(SimulatorControl(task["host"], task["port"]))
    lap, rows = meter.lap("two-phase asyncio", lambda: asyncio.run(cycle(task)))
    lap.matches = len(rows)
    return [lap.as_json()]


if __name__ == "__main__":
    answer(run)
