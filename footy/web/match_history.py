"""The routes over what the log keeps of one match beside its events: its odds and its minutes."""

import asyncio
import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
from starlette.types import Receive, Scope, Send

from footy.history import minutes, odds
from footy.history.archive import MatchEntry
from footy.history.log import LogError
from footy.history.odds import BrokenBlobError, OddsBlob
from footy.history.place import KeptLog
from footy.times import moment_text
from footy.web import odds_view, queries
from footy.web.answers import JSON, Prepared, WebError, accepts_gzip, no_log
from footy.web.live import Live
from footy.web.odds_view import Rows
from footy.web.picture import Content

GZIP_LEVEL = 1
"""A sixth of the size in 2 ms; a higher one takes five times as long for a ninth."""
KEPT = 8
"""Matches whose odds stay unpacked: those that somebody looks at now."""


class _Unpacked(NamedTuple):
    made_of: tuple[Any, ...]
    """What tells the blobs from others."""
    rows: Rows


class MatchHistory:
    """Answers of what is kept of a match."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._lock = threading.Lock()
        self._unpacked: OrderedDict[str, _Unpacked] = OrderedDict()

    async def odds(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer every price of a match, and what they amount to."""
        given = queries.given(scope, "market", "bookmaker", "limit")
        markets, bookmaker_ids = (
            queries.markets(given.get("market")),
            queries.bookmaker_ids(given.get("bookmaker")),
        )
        limit = queries.rows(given.get("limit"), odds_view.MOST_ROWS)
        match_id = _match_id(scope)
        log = self._log()

        def encoded() -> bytes:
            # The tail first: what is written in between is then there twice, and not missing.
            tail = self._live.instance.odds_tail(match_id)
            entry, blobs = log.entry(match_id), log.odds_blobs(match_id)
            record = None if self._live.picture is None else self._live.picture.by_id.get(match_id)
            if entry is None and record is None and not (blobs or tail):
                raise _no_match()
            instance = self._live.instance
            try:
                rows = self._rows(match_id, blobs, tail)
            except BrokenBlobError as error:
                raise LogError(f"the odds of match {match_id} are damaged: {error}") from None
            series, left_out = odds_view.series(rows, markets, bookmaker_ids, limit)
            return msgspec.json.encode(
                {
                    "match_id": match_id,
                    **_archive(entry),
                    "read_at": moment_text(max((one.at for one in (*blobs, *tail)), default=None)),
                    "rows": rows.columns.rows,
                    "left_out": left_out,
                    "bookmakers": odds_view.bookmakers(
                        rows, instance.early_window, record, instance.price_max_age_s
                    ),
                    "series": series,
                }
            )

        await _send(scope, receive, send, encoded)

    async def minutes(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what the record of a match showed, minute by minute."""
        asked = queries.given(scope, "fields", "limit")
        names = queries.minute_fields(asked.get("fields"))
        limit = queries.rows(asked.get("limit"), queries.MOST_MINUTES)
        match_id = _match_id(scope)
        log = self._log()

        def encoded() -> bytes:
            blobs = log.minute_blobs(match_id)
            if not blobs and log.entry(match_id) is None:
                raise _no_match()
            try:
                rows = minutes.joined(blobs)
            except BrokenBlobError as error:
                raise LogError(f"the minutes of match {match_id} are damaged: {error}") from None
            shown = rows[max(0, len(rows) - limit) :]
            columns = dict(
                zip(minutes.FIELDS, zip(*(row.values for row in shown), strict=True), strict=False)
            )
            return msgspec.json.encode(
                {
                    "match_id": match_id,
                    "at": [int(row.at) for row in shown],
                    "fields": {name: columns.get(name, ()) for name in names},
                    "left_out": len(rows) - len(shown),
                }
            )

        await _send(scope, receive, send, encoded)

    def _log(self) -> KeptLog:
        log = self._live.log
        if log is None:
            raise no_log()
        return log

    def _rows(self, match_id: str, blobs: list[OddsBlob], tail: Sequence[OddsBlob]) -> Rows:
        """Return all rows of a match.

        Those in the log stay unpacked: whoever watches a match asks again and again, and seldom is anything
        new in it.
        """
        made_of = tuple((one.kind, one.rows, one.at, len(one.data)) for one in blobs)
        with self._lock:
            held = self._unpacked.get(match_id)
        if held is None or held.made_of != made_of:
            held = _Unpacked(made_of, Rows.of(odds.joined(blobs)))
        with self._lock:
            self._unpacked[match_id] = held
            self._unpacked.move_to_end(match_id)
            while len(self._unpacked) > KEPT:
                self._unpacked.popitem(last=False)
        if not tail:
            return held.rows
        return Rows.of(odds.united([odds.joined(tail), held.rows.columns]))


async def _send(scope: Scope, receive: Receive, send: Send, encoded: Callable[[], bytes]) -> None:
    """Send what `encoded` returns, compressed if the reader accepts that; 304 if the reader has it."""
    is_zipped = accepts_gzip(scope)

    def prepared() -> Prepared:
        plain = encoded()
        tag = hashlib.blake2b(plain, digest_size=8).hexdigest()
        gzipped = gzip.compress(plain, GZIP_LEVEL, mtime=0) if is_zipped else b""
        return Prepared(Content(plain, gzipped, tag), JSON)

    await (await asyncio.to_thread(prepared))(scope, receive, send)


def _match_id(scope: Scope) -> str:
    match_id: str = scope["path_params"]["match_id"]
    if not queries.is_id(match_id):
        raise _no_match()
    return match_id


def _no_match() -> WebError:
    return WebError(404, "Neither the snapshot nor the log has this match.")


def _archive(entry: MatchEntry | None) -> dict[str, Any]:
    state = None if entry is None else entry.archive
    return {
        "archive": state,
        "whole": state in {"whole", "empty"},
        "note": None if entry is None else entry.note,
    }
