"""A server over a data folder, cycles that tests hand to it, and a client that sends what it is told."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self

import msgspec

from footy.events.detector import Detector
from footy.events.sighting import EventRules
from footy.events.types import Alert, AlertSettled, Event, Score
from footy.history import Commit, SqliteLog, minutes, odds, opened
from footy.history.odds import Kind, OddsBlob, OddsRow
from footy.record import MatchRecord
from footy.times import moment_text
from footy.web.instance import LOG, Instance, Judged
from footy.web.security import Access
from footy.web.server import Server, bind
from tests.outputs.console.samples import early_prices, named, quote, snapshot

WITHIN_S = 30.0
TOKEN = "a-token-of-the-tests-0123"


def match(number: int = 0, home: str | None = None, away: str | None = None, **changes: Any) -> MatchRecord:
    """Return a match in its second half, with prices, of now."""
    own: dict[str, Any] = {
        "match_id": f"m{number:05}",
        "minute": 67,
        "home_score": 1,
        "away_score": 0,
        "home_score_ht": 1,
        "away_score_ht": 0,
        "kickoff_at": moment_text(time.time() - 4_800),
        "period_started_at": moment_text(float(int(time.time() - 21.5 * 60))),  # 67th minute, for 30 s more
        "odds_fetched_at": moment_text(time.time()),
        "home_source": "cache",
        "away_source": "cache",
        "incidents_complete": True,
        "has_stats": True,
        "home_shots_on_target": 3,
        "away_shots_on_target": 2,
        "home_corners": 5,
        "away_corners": 4,
        **early_prices(),
        **_now("current_money_line", 2.1, 3.3, 3.6),
        **_now("current_spread", 1.9, -0.5, 1.95),
        **_now("current_over_under", 1.87, 2.5, 1.98),
    }
    return named(home or f"Home {number}", away or f"Away {number}", **(own | changes))


def _now(prefix: str, *prices: float) -> dict[str, Any]:
    american = [100] * (3 if prefix.endswith("money_line") else 2)
    made: dict[str, Any] = quote(prefix, *prices, american=american, minute=66)
    return made | {f"{prefix}_at": moment_text(time.time() - 30), f"{prefix}_outdated": False}


def instance(folder: Path, **settings: Any) -> Instance:
    """Return what a server is about, with settings other than the usual."""
    usual: dict[str, Any] = {
        "folder": folder,
        "mode": "live",
        "interval_s": 60.0,
        "stale_after_s": lambda _interval: 180.0,
        "price_max_age_s": 900.0,
        "timezone": "America/New_York",
        "odds_format": "decimal",
        "cycles": lambda: Judged(well=True, line="well"),
        "ready": lambda: Judged(well=True, line="well"),
    }
    return Instance(**(usual | settings))


class Stage:
    """A running server whose cycles a test performs."""

    def __init__(
        self, folder: Path, access: Access | None = None, *, log: bool = True, **settings: Any
    ) -> None:
        self.folder = folder
        self.log: SqliteLog | None = opened(folder / LOG)[0] if log else None
        self.detector = Detector(EventRules())
        self.cycle_number = 0
        self.heartbeat(None)
        self.instance = instance(folder, **settings)
        self.access = access or Access()
        self.port = 0
        self.start()

    def start(self) -> Self:
        """Start the server, at the port it had before."""
        bound = bind("127.0.0.1", self.port)
        self.port = bound.getsockname()[1]
        self.server = Server(self.instance, self.access, bound).start()
        return self

    def stop(self) -> None:
        """Stop the server."""
        self.server.close()
        self.server.join()

    def close(self) -> None:
        """Stop everything."""
        self.stop()
        if self.log is not None:
            self.log.close()

    @property
    def url(self) -> str:
        """The page's address."""
        return self.server.address

    def cycle(self, matches: Sequence[MatchRecord], *, events_ago_s: float = 0.0, **meta: Any) -> str:
        """Publish a cycle and write its events, seen so long ago; return the version of the page."""
        self.cycle_number += 1
        now = time.time()
        about = {"published_at": moment_text(now), "fetched_at": moment_text(now), "cycle": self.cycle_number}
        self.server.live.put(snapshot(*matches, **(about | meta)))
        if self.log is not None:
            at = now - events_ago_s
            found = self.detector.detect(matches, at, listed={one["match_id"] for one in matches})
            newest = self.log.append(Commit(at=at, states=found.changed, events=found.events))
            self.detector.commit(found)
            self.until(lambda: (extent := self.server.live.extent) is not None and extent.newest >= newest)
        self.until(lambda: self._shown() == self.cycle_number)
        return self.server.live.board.version

    def keep_odds(self, match_id: str, rows: Sequence[OddsRow], kind: Kind = Kind.BASE) -> None:
        """Write odds of a match to the log, each series newest first."""
        assert self.log is not None
        at = time.time()
        blob = OddsBlob(match_id, kind, len(rows), at, odds.pack(odds.columns_of(rows)))
        self.log.append(Commit(at=at, odds=[blob], listed=None))

    def keep_minutes(self, record: MatchRecord, ago_s: Sequence[float], **fields: Sequence[Any]) -> None:
        """Write minutes of a match to the log: its record, so long ago, with these values of fields."""
        assert self.log is not None
        now, before, blobs = time.time(), None, []
        for index, ago in enumerate(ago_s):
            changed: Any = {**record, **{name: values[index] for name, values in fields.items()}}
            row = minutes.row_of(changed, now - ago)
            blobs.append(minutes.loose(record["match_id"], row, before))
            before = row
        self.log.append(Commit(at=now, minutes=blobs, listed=None))

    def alert(
        self, of: MatchRecord, rule: str, number: int = 1, *, ago_s: float = 0.0, **changes: Any
    ) -> str:
        """Write that a rule fired; return the id of the alert."""
        said: dict[str, Any] = {"text": f"{of['home']} – {of['away']}", "price": 1.9, "to": ()}
        said |= {"event": None, "unseen_s": 0.0}
        return self._write(Alert, "alert", of, rule, number, ago_s, said | changes)

    def settle(
        self, of: MatchRecord, rule: str, number: int = 1, *, ago_s: float = 0.0, **changes: Any
    ) -> str:
        """Write what became of that alert."""
        said: dict[str, Any] = {"outcome": "won", "price": 1.9}
        said["relates"] = f"{of['match_id']}:alert:{rule}:{number}"
        return self._write(AlertSettled, "alert_settled", of, rule, number, ago_s, said | changes)

    def _write(
        self,
        data: Any,
        kind: str,
        of: MatchRecord,
        rule: str,
        number: int,
        ago_s: float,
        said: dict[str, Any],
    ) -> str:
        at = time.time() - ago_s
        record: Any = of
        names = ("match_id", "competition", "country", "home", "away", "status_id", "minute", "clock")
        known: dict[str, Any] = {name: record[name] for name in names}
        known |= {"late": False, "relates": None, "seen_at": moment_text(at), "vendor_at": None, "rule": rule}
        known["score"] = Score(of["home_score"] or 0, of["away_score"] or 0)
        event = Event(f"{of['match_id']}:{kind}:{rule}:{number}", kind, data(**(known | said)))
        assert self.log is not None
        newest = self.log.append(Commit(at=at, events=[event], listed=None))
        self.until(lambda: (extent := self.server.live.extent) is not None and extent.newest >= newest)
        return event.id

    def _shown(self) -> int:
        picture = self.server.live.picture
        return 0 if picture is None else picture.snapshot["meta"]["cycle"]

    def on_loop(self, call: Any) -> None:
        """Run something in the server's event loop, and wait for it."""
        done = threading.Event()

        def run() -> None:
            call()
            done.set()

        self.server.live._call(run)
        assert done.wait(WITHIN_S)

    def heartbeat(self, error: str | None, **changes: Any) -> None:
        """Write a heartbeat."""
        now = moment_text(time.time())
        beat = {"last_attempt_at": now, "last_success_at": now, "last_error": error, "interval_s": 60.0}
        beside = self.folder / "heartbeat.new"
        beside.write_bytes(msgspec.json.encode(beat | changes))
        beside.replace(self.folder / "heartbeat.json")

    @staticmethod
    def until(condition: Any) -> None:
        """Wait until something of the server's thread has happened."""
        end = time.monotonic() + WITHIN_S
        while not condition():
            assert time.monotonic() < end, "it did not happen"
            time.sleep(0.005)

    def get(self, path: str, **headers: str) -> "Reply":
        """Ask for a path, with these headers (`_` is `-`)."""
        return self.ask("GET", path, headers)

    def ask(self, method: str, path: str, headers: Any = None, body: bytes | None = None) -> "Reply":
        """Send a request."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=WITHIN_S)
        try:
            given = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
            connection.request(method, path, body=body, headers=given)
            reply = connection.getresponse()
            return Reply(reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read())
        finally:
            connection.close()

    def raw(self, sent: bytes) -> bytes:
        """Send these bytes; return what comes back until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=WITHIN_S + 10) as client:
            with contextlib.suppress(OSError):
                client.sendall(sent)
            received = b""
            while True:
                try:
                    piece = client.recv(65536)
                except ConnectionError:
                    return received
                if not piece:
                    return received
                received += piece

    @contextmanager
    def stream(self, path: str, **headers: str) -> Iterator["Stream"]:
        """Open a stream."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=WITHIN_S) as client:
            lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{self.port}", "Accept: text/event-stream"]
            lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
            client.sendall("\r\n".join([*lines, "", ""]).encode())
            yield Stream(client)


@dataclass
class Reply:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Message:
    """A message of a stream."""

    event: str
    identifier: str
    data: Any


class Stream:
    """The reading side of a stream."""

    def __init__(self, client: socket.socket) -> None:
        self._file = client.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        self.headers: dict[str, str] = {}
        while (line := self._file.readline().strip()) != b"":
            name, _, value = line.decode().partition(":")
            self.headers[name.lower()] = value.strip()
        self._rest = b""

    def next(self) -> Message:
        """Return the next message that has data."""
        while True:
            fields: dict[str, str] = {}
            for line in self._block().split(b"\n"):
                name, _, value = line.decode().partition(": ")
                fields[name] = value
            if "data" in fields:
                return Message(fields.get("event", ""), fields.get("id", ""), json.loads(fields["data"]))

    def until(self, event: str) -> Message:
        """Return the next message of this kind."""
        while (message := self.next()).event != event:
            pass
        return message

    def ended(self) -> bool:
        """Read on until the server ends the stream."""
        while self._chunk():
            pass
        return True

    def _block(self) -> bytes:
        while b"\n\n" not in self._rest:
            chunk = self._chunk()
            assert chunk, "the stream ended"
            self._rest += chunk
        block, _, self._rest = self._rest.partition(b"\n\n")
        return block

    def _chunk(self) -> bytes:
        length = int(self._file.readline() or b"0", 16)
        chunk = self._file.read(length)
        self._file.readline()
        return chunk
