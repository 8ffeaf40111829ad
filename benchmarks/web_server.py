"""The server of the benchmark `web`, in a process of its own: it obeys lines of JSON, and answers each."""

import contextlib
import gzip
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from starlette.types import Receive, Scope, Send

from benchmarks import measure
from benchmarks.flatten import MOMENT, Evening
from footy.mirror.odds_book import digest
from footy.record import SCHEMA, MatchRecord, Snapshot
from footy.records.flatten import Flattener
from footy.records.order import ordered
from footy.times import moment_text
from footy.web.answers import accepts_gzip, answer
from footy.web.instance import Instance, Judged
from footy.web.picture import GZIP_LEVEL
from footy.web.protocol import BoundedProtocol
from footy.web.security import Access
from footy.web.server import Server, bind

SETTLE_S = 1.0
"""Before a measurement, so that what came before has ended."""


def snapshot(matches: int) -> Snapshot:
    """Return the records of an evening, with prices, as a cycle publishes them."""
    evening = Evening(matches)
    flattener = Flattener(evening.rules)
    records = []
    for (live, detail), odds in zip(evening.decoded, evening.decoded_odds, strict=True):
        held = evening.held(live, detail, digest(odds, evening.window))
        records.append(flattener.record(held, evening.references, MOMENT))
    counts: Any = {"live": len(records), "in_play": sum(one["in_play"] for one in records), "status": {}}
    now = moment_text(time.time()) or ""
    return {
        "meta": {
            "schema": SCHEMA,
            "mode": "demo",
            "cycle": 0,
            "fetched_at": now,
            "published_at": now,
            "complete": True,
            "counts": counts,
            "requests": 5,
            "timings": {"live": 0.1, "enrich": 0.1, "flatten": 0, "filter": 0, "publish": 0, "total": 0.2},
            "problems": [],
        },
        "matches": ordered(records),
    }


def later(before: Snapshot, number: int) -> Snapshot:
    """Return the next cycle: a minute later, and every money line has moved."""
    moved = (number % 5) / 100
    matches: list[MatchRecord] = [
        {
            **match,
            "clock": f"{number % 90 + 1}'",
            "minute": number % 90 + 1,
            "current_money_line_home": 2.0 + moved,
            "current_money_line_draw": 3.0 + moved,
            "current_money_line_away": 4.0 + moved,
        }
        for match in before["matches"]
    ]
    now = moment_text(time.time()) or ""
    return {
        "meta": {**before["meta"], "cycle": number, "fetched_at": now, "published_at": now},
        "matches": matches,
    }


class Naive:
    """The same answer as `/api/matches`, serialised and compressed for every request."""

    def __init__(self, given: Snapshot) -> None:
        self._given = given

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        del receive
        body = msgspec.json.encode(self._given)
        headers = [(b"content-type", b"application/json")]
        if accepts_gzip(scope):
            body = gzip.compress(body, GZIP_LEVEL)
            headers.append((b"content-encoding", b"gzip"))
        await answer(send, 200, headers, body)


class Bench:
    """The server, and what it is told to do."""

    def __init__(self, folder: Path, matches: int) -> None:
        self.snapshot = snapshot(matches)
        self.number = 0
        well = Judged(well=True, line="well")
        instance = Instance(
            folder=folder,
            mode="demo",
            interval_s=1.0,
            stale_after_s=lambda _: 180.0,
            price_max_age_s=1e9,
            timezone="UTC",
            odds_format="decimal",
            cycles=lambda: well,
            ready=lambda: well,
        )
        self.server = Server(instance, Access(), bind("127.0.0.1", 0)).start()
        self.publish({})
        while self.server.live.picture is None:
            time.sleep(0.01)
        naive = bind("127.0.0.1", 0)
        config = uvicorn.Config(
            Naive(self.snapshot),
            http=BoundedProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
        )
        threading.Thread(target=uvicorn.Server(config).run, kwargs={"sockets": [naive]}, daemon=True).start()
        self.ports = {
            "port": self.server._socket.getsockname()[1],  # noqa: SLF001 - of this benchmark's own server
            "naive": naive.getsockname()[1],
        }

    def publish(self, _: dict[str, Any]) -> dict[str, Any]:
        """Publish the next cycle."""
        self.number += 1
        self.server.live.put(later(self.snapshot, self.number))
        return {}

    def cycles(self, given: dict[str, Any]) -> dict[str, Any]:
        """Publish a cycle every second or so; return how late each began, and the CPU time of one."""
        every = given.get("every", 1.0)
        prepared = [later(self.snapshot, self.number + one) for one in range(5)]
        time.sleep(SETTLE_S)
        late, started, cpu = [], time.monotonic(), time.process_time()
        for one in range(given["cycles"]):
            due = started + one * every
            time.sleep(max(0.0, due - time.monotonic()))
            late.append(time.monotonic() - due)
            self.number += 1
            now = moment_text(time.time()) or ""
            chosen = prepared[self.number % 5]
            meta: Any = {**chosen["meta"], "cycle": self.number, "published_at": now}
            self.server.live.put({"meta": meta, "matches": chosen["matches"]})
        time.sleep(max(0.0, started + given["cycles"] * every - time.monotonic()))
        return {
            "late_ms": [1000 * one for one in late],
            "cpu_ms": 1000 * (time.process_time() - cpu) / given["cycles"],
            "memory_mb": measure.held_mb(),
            "readers": len(self.server.live.page),
        }

    def state(self, _: dict[str, Any]) -> dict[str, Any]:
        """Return the readers and the memory."""
        return {"readers": len(self.server.live.page), "memory_mb": measure.held_mb()}


def main() -> None:
    """Obey until stdin ends."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), int(sys.argv[1]))
        print(json.dumps(bench.ports), flush=True)
        for line in sys.stdin:
            given = json.loads(line)
            print(json.dumps(getattr(bench, given["do"])(given)), flush=True)
        with contextlib.suppress(RuntimeError):
            bench.server.close()
            bench.server.join()


if __name__ == "__main__":
    main()
