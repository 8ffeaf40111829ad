"""The small made-up replies of `shared/cases`, served over a real socket, if this machine has them.

Each file lays its replies over `base.json`; a text such as `NOW-600` is a Unix time. They stay out of the
repository: tests that need them are skipped elsewhere.
"""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from footy.record import MatchRecord, Snapshot
from footy.service.app import running_app
from footy.service.paths import Files
from footy.settings import Mode, load

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "cases"
PRESENT = (FOLDER / "base.json").is_file()
needs_cases = pytest.mark.skipif(not PRESENT, reason=f"the cases are not in {FOLDER}")

Replies = dict[str, Any]


def replies(name: str, now: float) -> Replies:
    """Return the replies of a case by path, or `path?uuid=ID`, laid over those of the base."""
    laid: Replies = {}
    for file in (FOLDER / "base.json", *FOLDER.glob(f"{name}-*.json")):
        laid |= json.loads(file.read_text(encoding="utf-8"))["replies"]
    return {path: _at(reply, int(now)) for path, reply in laid.items()}


def _at(value: Any, now: int) -> Any:
    if isinstance(value, str) and (found := re.fullmatch(r"NOW([+-]\d+)?", value)):
        return now + int(found[1] or 0)
    if isinstance(value, list):
        return [_at(one, now) for one in value]
    if isinstance(value, dict):
        return {key: _at(one, now) for key, one in value.items()}
    return value


@contextmanager
def served(answers: Replies) -> Iterator[str]:
    """Serve these replies, which may be changed meanwhile, all others as empty; yield the base address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            path = parts.path.removeprefix("/v1/football/")
            [uuid] = parse_qs(parts.query).get("uuid", [""])
            body = _body(answers, path, uuid)
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/football"
    finally:
        server.shutdown()
        server.server_close()


def _body(answers: Replies, path: str, uuid: str) -> bytes:
    reply = answers.get(f"{path}?uuid={uuid}", answers.get(path))
    if reply is None:
        empty: Any = {} if path in {"odds/history", "odds/live", "deleted"} else []
        reply = {"code": 0, "results": empty}
    if "__raw" in reply:
        return str(reply["__raw"]).encode()
    return json.dumps(reply).encode()


class Cycles:
    """Cycles of footy over a set of replies."""

    def __init__(self, folder: Path, answers: Replies, base_url: str, **settings: str) -> None:
        given = {
            "THESPORTS_USER": "some-user",
            "THESPORTS_SECRET": "some-secret-text",
            "FOOTY_BASE_URL": base_url,
            "FOOTY_RATE_LIMITS": "off",
            "FOOTY_ATTEMPTS": "1",
            "FOOTY_WORKERS": "4",
        }
        self.answers = answers
        self.settings = load(given | settings, Path("absent")).settings
        self.files = Files(folder)
        self.snapshots: list[Snapshot] = []

    def run(self, count: int = 1) -> Snapshot:
        """Run so many cycles from an empty data folder, and return the last snapshot."""
        with running_app(self.settings, Mode.LIVE, self.files) as app:
            state = app.checkpoint.load()
            for number in range(1, count + 1):
                outcome = app.pipeline.run(state, number)
                state = outcome.state
                assert outcome.error is None, outcome.error
                assert outcome.snapshot is not None
                self.snapshots.append(outcome.snapshot)
        return self.snapshots[-1]


@contextmanager
def case(name: str, folder: Path, **settings: str) -> Iterator[Cycles]:
    """Serve a case, such as `04a`."""
    answers = replies(name, time.time())
    with served(answers) as base_url:
        yield Cycles(folder, answers, base_url, **settings)


def by_id(snapshot: Snapshot) -> dict[str, MatchRecord]:
    """Return the records by match id."""
    return {record["match_id"]: record for record in snapshot["matches"]}
