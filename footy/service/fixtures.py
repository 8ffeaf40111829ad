"""The fixtures: what kicks off in the next 12 hours, read once in ten minutes, beside the cycles."""

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar, cast

import msgspec

from footy.clock import CLOCK
from footy.files import write_atomically
from footy.mirror.state import Held, References, Source
from footy.record import Fixtures
from footy.records.selection import Selection
from footy.records.tonight import upcoming
from footy.reference.lookup import Lookup
from footy.thesports import endpoints
from footy.thesports.client import Client
from footy.thesports.decoders import Diary
from footy.thesports.endpoints import DIARY, Endpoint
from footy.thesports.errors import RefusedError, StoppedError
from footy.thesports.models import Competition, Country, Team
from footy.thesports.request import CATEGORY_LIST, COUNTRY_LIST, Answer, Priority, Request
from footy.thesports.retry_budget import RetryBudget
from footy.times import moment_text, unix_seconds

log = logging.getLogger(__name__)

EVERY_S = DIARY.cadence_s
WITHIN_S = 30.0
NONE_YET: Fixtures = {"fetched_at": None, "source": None, "fixtures": []}

T = TypeVar("T")


class FixtureReader:
    """Reads the fixtures, and keeps them in a file; not for two threads at a time."""

    def __init__(self, path: Path, client: Client, lookup: Lookup, selection: Selection) -> None:
        self._path = path
        self._client = client
        self._lookup = lookup
        self._selection = selection
        self._lock = threading.Lock()

    def __call__(self) -> None:
        """Renew the file; whatever happens in it, the next call tries again."""
        try:
            self.read()
        except Exception:
            log.exception("Reading the fixtures failed")

    def read(self) -> Fixtures:
        """Return the fixtures: those of the file if they are new enough, else the vendor's, else the old."""
        with self._lock:
            held = read_fixtures(self._path)
            if held["source"] == "fresh" and _age_s(held) < EVERY_S:
                return held
            found = self._asked(held)
            if found is not held:
                try:
                    write_atomically(self._path, msgspec.json.encode(found) + b"\n")
                except OSError as error:
                    log.error("fixtures.json could not be written: %s", error.strerror or error)
            return found

    def _asked(self, held: Fixtures) -> Fixtures:
        transport = self._client.transport
        start = CLOCK.now() + transport.vendor_clock.offset_s
        request = Request(DIARY, start=int(start), priority=Priority.CHECK)
        answer: Answer[object] = self._client.ask(request, RetryBudget(time.monotonic() + WITHIN_S))
        if isinstance(answer.error, StoppedError):
            return held
        if isinstance(answer.error, RefusedError) and transport.breaker.is_refused(DIARY):
            return {"fetched_at": held["fetched_at"], "source": "refused", "fixtures": []}
        if not isinstance(answer.value, Diary) or answer.at is None:
            if held["fetched_at"] is None:
                return held
            return {**held, "source": "stale"}
        fixtures = upcoming(
            answer.value, self._references(answer.value), start, self._selection, fetched_at=answer.at
        )
        return {"fetched_at": moment_text(answer.at), "source": "fresh", "fixtures": fixtures}

    def _references(self, diary: Diary) -> References:
        """Return the teams, competitions and countries that are in memory or on disk, without a request."""
        competition_ids = {row.competition_id for row in diary.rows if row.competition_id}
        team_ids = {one for row in diary.rows for one in (row.home_team_id, row.away_team_id) if one}
        return References(
            teams=self._held(endpoints.TEAM, team_ids, Team),
            competitions=self._held(endpoints.COMPETITION, competition_ids, Competition),
            countries=self._list(COUNTRY_LIST),
            categories=self._list(CATEGORY_LIST),
        )

    def _held(self, endpoint: Endpoint, ids: Iterable[str], kind: type[T]) -> dict[str, Held[T]]:
        held = ((one, self._lookup.held(Request(endpoint, one))) for one in ids)
        return {
            one: cast("Held[T]", value)
            for one, value in held
            if value is not None and isinstance(value.value, kind)
        }

    def _list(self, request: Request) -> Held[Mapping[str, Country]]:
        held = self._lookup.held(request)
        if held is None or not isinstance(held.value, dict):
            return Held(None, None, Source.MISSING)
        return cast("Held[Mapping[str, Country]]", held)


def read_fixtures(path: Path) -> Fixtures:
    """Return the fixtures of a file; none yet where there is no such file, or none of this version."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Fixtures)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return NONE_YET


def _age_s(held: Fixtures) -> float:
    at = held["fetched_at"]
    age_s = float("inf") if at is None else time.time() - unix_seconds(at)
    return age_s if age_s >= 0 else float("inf")
