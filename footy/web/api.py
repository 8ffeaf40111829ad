"""The routes of the API: they read the requests and make the answers."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.types import Receive, Scope, Send

from footy.events.ids import operational_id
from footy.events.schema import all_schemas
from footy.events.types import Gap
from footy.history.log import Extent, LogError, Position, StoredEvent, resumed
from footy.history.place import KeptLog
from footy.times import moment_text
from footy.web import queries
from footy.web.alert_list import MOST_ALERT_EVENTS, AlertList
from footy.web.answers import JSON, Prepared, WebError, answer, header, no_log, send_error, send_json
from footy.web.instance import Judged
from footy.web.live import Live, Sent, event_json
from footy.web.marks import ALERT_TYPES
from footy.web.match_history import MatchHistory
from footy.web.openapi import document
from footy.web.picture import Content, Picture
from footy.web.protocol import CONNECTION
from footy.web.queries import NEWEST, START
from footy.web.streams import Hub, Reader, message

STREAM = b"text/event-stream"
JUDGED_FOR_S = 1.0
"""How long a judgement of the instance's health is repeated, however often it is asked for."""
PUSHED_EVERY_S = 1.0
"""Seconds after which the bytes of all matches are made anew, if something was pushed."""
_CATCH_UP = 200

Handler = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route: an ASGI application whose refusals become answers."""

    handle: Handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        try:
            await self.handle(scope, receive, send)
        except WebError as error:
            await send_error(send, error)
        except LogError:
            await send_error(
                send, WebError(503, "The log of events cannot be read now.", {"retry-after": "5"})
            )


def _wants_stream(scope: Scope) -> bool:
    return STREAM in header(scope, b"accept")


class Api:
    """The routes over what is served now."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._matches: tuple[object, Prepared] | None = None
        self._matches_at = 0.0
        self._making = asyncio.Lock()
        self._alerts: tuple[str | None, AlertList] = (None, AlertList.of([]))
        """The alerts as of this position of the log."""
        self._judged: dict[str, tuple[float, Judged]] = {}
        self.history = MatchHistory(live)
        boot = live.boot
        schema = msgspec.json.encode({"record": document()["components"]["schemas"], "events": all_schemas()})
        self.schema = Prepared(Content.of(schema, f"{boot}-schema"), JSON)
        self.openapi = Prepared(Content.of(msgspec.json.encode(document()), f"{boot}-openapi"), JSON)

    # --- matches

    async def matches(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer all matches from bytes made once a cycle, or those asked for."""
        shown = self._live.picture
        if shown is None:
            raise WebError(503, "No snapshot has been published yet.", {"retry-after": "5"})
        given = queries.given(scope, "fields", "in_play", "status", "competition", "country")
        if not given:
            await (await self._prepared(shown))(scope, receive, send)
            return
        fields, wanted = queries.fields(given.get("fields")), queries.match_filter(given)

        def encoded() -> bytes:
            found: Any = [one for one in shown.snapshot["matches"] if wanted is None or wanted(one)]
            if fields is not None:
                found = [{name: one[name] for name in fields} for one in found]
            return msgspec.json.encode({"meta": shown.snapshot["meta"], "matches": found})

        await send_json(send, await asyncio.to_thread(encoded))

    async def _prepared(self, shown: Picture) -> Prepared:
        """Return the bytes of all matches; those of a push are made anew once a second at most."""
        async with self._making:
            now = time.monotonic()
            known = self._matches
            is_due = shown.made is not None or now - self._matches_at >= PUSHED_EVERY_S
            if known is None or (known[0] is not shown and is_due):
                content = await asyncio.to_thread(shown.whole) if shown.made is None else shown.made
                known = self._matches = (shown, Prepared(content, JSON))
                self._matches_at = now
            return known[1]

    async def match(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one match."""
        del receive
        shown = self._live.picture
        if shown is None:
            raise WebError(503, "No snapshot has been published yet.", {"retry-after": "5"})
        fields = queries.fields(queries.given(scope, "fields").get("fields"))
        found: Any = shown.by_id.get(scope["path_params"]["match_id"])
        if found is None:
            raise WebError(404, "This match is not in the snapshot.")
        await send_json(send, found if fields is None else {name: found[name] for name in fields})

    # --- the page's stream

    async def live(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what the page shows: whole, and then, as a stream, what changes."""
        queries.given(scope)
        if not _wants_stream(scope):
            await send_json(send, self._live.board.message())
            return

        def joined(reader: Reader) -> None:
            reader.put(self._live.first_message())
            reader.put(self._live.tick())

        await _stream(self._live.page, joined, None, scope, receive, send)

    # --- events

    async def events(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer events of the log, as JSON or as a stream."""
        given = queries.given(scope, "after", "types", "match", "since", "limit")
        log, extent = self._live.log, self._live.extent
        types, match_id = queries.types(given.get("types")), queries.match_id(given.get("match"))
        since, limit = queries.since(given.get("since")), queries.limit(given.get("limit"))
        after = given.get("after")
        last = header(scope, b"last-event-id").decode("latin-1").strip()
        place = (
            queries.position(last, name="Last-Event-ID")
            if last and _wants_stream(scope)
            else queries.position(after, name="after")
            if after is not None
            else None
        )
        if log is None or extent is None:
            raise no_log()
        if _wants_stream(scope):
            await self._event_stream(log, place or NEWEST, types, match_id, scope, receive, send)
            return
        body = await asyncio.to_thread(self._event_page, log, place or START, types, match_id, since, limit)
        await send_json(send, body)

    def _event_page(
        self,
        log: KeptLog,
        place: Position | str,
        types: list[str],
        match_id: str | None,
        since: float | None,
        limit: int,
    ) -> bytes:
        extent = log.extent()
        start, gap = _start(place, extent)
        found = log.read(start, limit, match_id=match_id, types=types, since=since)
        end = found[-1].sequence if len(found) == limit else max(start, extent.newest)
        events = [msgspec.Raw(event_json(one, extent.epoch, self._live.instance.source)) for one in found]
        if gap is not None:
            events.insert(0, msgspec.Raw(self._gap(gap, start, extent.epoch)))
        return msgspec.json.encode(
            {
                "position": str(Position(extent.epoch, end)),
                "newest": str(Position(extent.epoch, extent.newest)),
                "gap": gap is not None,
                "events": events,
            }
        )

    def _gap(self, gap: tuple[str, str], start: int, epoch: str) -> bytes:
        """Return the event that tells a reader what it missed."""
        now = time.time()
        at = moment_text(now) or ""
        data = msgspec.json.encode(Gap(seen_at=at, first=gap[0], last=gap[1]))
        event = StoredEvent(start, operational_id("gap", int(now * 1000), 1), "gap", None, at, data)
        return event_json(event, epoch, self._live.instance.source)

    async def _event_stream(
        self,
        log: KeptLog,
        place: Position | str,
        types: list[str],
        match_id: str | None,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        extent = log.extent()
        start, gap = _start(place, extent)
        wanted = frozenset(types)
        at = start

        def wants(sent: Sent) -> bytes:
            """Return the new events that this reader wants."""
            return b"".join(
                data
                for event, data in sent.messages
                if event.sequence > at
                and (not wanted or event.type in wanted)
                and (match_id is None or event.match_id == match_id)
            )

        async def catch_up(write: Callable[[bytes], Awaitable[None]], join: Callable[[], None]) -> None:
            """Send what the log has; join the readers of what is new at the moment when nothing is left."""
            nonlocal at
            place = str(Position(extent.epoch, at))
            if gap is not None:
                await write(message(self._gap(gap, at, extent.epoch), identifier=place))
            else:
                await write(b"id: %s\n\n" % place.encode())
            while True:
                newest = self._live.extent
                if newest is None or newest.epoch != extent.epoch:
                    return
                if at >= newest.newest:
                    join()
                    return
                found = await asyncio.to_thread(log.read, at, _CATCH_UP, match_id=match_id, types=types)
                due = [one for one in found if one.sequence <= newest.newest]
                if due:
                    await write(
                        b"".join(_message(one, extent.epoch, self._live.instance.source) for one in due)
                    )
                at = due[-1].sequence if len(found) == _CATCH_UP and due else newest.newest

        await _stream(self._live.events, None, wants, scope, receive, send, catch_up)

    # --- alerts

    async def alerts(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer alerts of the log with their outcomes."""
        del receive
        given = queries.given(scope, "rule", "match", "limit")
        rule, match_id = queries.rule(given.get("rule")), queries.match_id(given.get("match"))
        limit = queries.limit(given.get("limit"))
        log, extent, newest = self._live.log, self._live.extent, self._live.newest_alert
        if log is None or extent is None:
            raise no_log()

        def encoded() -> bytes:
            kept = self._alerts[1]
            if self._alerts[0] != newest:
                kept = AlertList.of(log.newest(MOST_ALERT_EVENTS, types=ALERT_TYPES))
                self._alerts = (newest, kept)
            position = str(Position(extent.epoch, extent.newest))
            return msgspec.json.encode({"position": position, **kept.answer(rule, match_id, limit)})

        await send_json(send, await asyncio.to_thread(encoded))

    # --- how it is

    async def status(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer how the instance is."""
        del receive
        queries.given(scope)
        ready = await self._judge("ready", self._live.instance.ready)
        about = await asyncio.to_thread(self._live.about, self._live.picture)
        await send_json(send, {"well": ready.well, "health": ready.line, **about})

    async def health(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer whether cycles succeed, and nothing else."""
        del scope, receive
        judged = await self._judge("cycles", self._live.instance.cycles)
        await send_json(send, {"well": judged.well}, 200 if judged.well else 503)

    async def ready(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer whether the data is good too, in one line."""
        del receive
        queries.given(scope)
        judged = await self._judge("ready", self._live.instance.ready)
        well = judged.well and self._live.picture is not None
        line = judged.line if well or not judged.well else "No snapshot has been published yet."
        await send_json(send, {"well": well, "health": line}, 200 if well else 503)

    async def _judge(self, name: str, judge: Callable[[], Judged]) -> Judged:
        held = self._judged.get(name)
        now = time.monotonic()
        if held is not None and now - held[0] < JUDGED_FOR_S:
            return held[1]
        judged = await asyncio.to_thread(judge)
        self._judged[name] = (now, judged)
        return judged

    async def fixtures(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what kicks off in the next hours, without what has kicked off since it was read."""
        del receive
        queries.given(scope)
        held = self._live.fixtures or {"fetched_at": None, "source": None, "fixtures": []}
        now = moment_text(time.time()) or ""
        await send_json(
            send, {**held, "fixtures": [one for one in held["fixtures"] if one["kickoff_at"] > now]}
        )

    async def metrics(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer figures for Prometheus."""
        del receive
        queries.given(scope)
        if self._live.instance.metrics is None:
            raise WebError(404, "This process counts nothing: ask the service.")
        body, content_type = await asyncio.to_thread(self._live.instance.metrics)
        headers = [(b"content-type", content_type.encode()), (b"cache-control", b"no-store")]
        await answer(send, 200, headers, body)


def _message(event: StoredEvent, epoch: str, source: str) -> bytes:
    return Sent([event], epoch, source).messages[0][1]


def _start(place: Position | str, extent: Extent) -> tuple[int, tuple[str, str] | None]:
    """Return the sequence after which to read, and what a reader with this position missed."""
    if place == NEWEST:
        return extent.newest, None
    start, gap = resumed(place if isinstance(place, Position) else None, extent)
    return start, gap


CatchUp = Callable[[Callable[[bytes], Awaitable[None]], Callable[[], None]], Awaitable[None]]


async def _stream(
    hub: Hub,
    joined: Callable[[Reader], None] | None,
    wants: Callable[[Any], bytes] | None,
    scope: Scope,
    receive: Receive,
    send: Send,
    catch_up: CatchUp | None = None,
) -> None:
    """Answer a stream until either side ends it."""
    connection = scope.get(CONNECTION)
    reader = hub.reader(connection.abort if connection is not None else lambda: None, wants)
    if reader is None:
        raise WebError(503, "There are too many streams.", {"retry-after": "30"})

    async def gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        reader.close()

    async def write(data: bytes) -> None:
        await send({"type": "http.response.body", "body": data, "more_body": True})

    watching = asyncio.create_task(gone())
    try:
        headers = [(b"content-type", STREAM), (b"cache-control", b"no-store"), (b"x-accel-buffering", b"no")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if scope["method"] != "HEAD":
            if catch_up is not None:
                await catch_up(write, lambda: hub.join(reader))
            else:
                hub.join(reader)
            if joined is not None:
                joined(reader)
            while (data := await reader.next()) is not None:
                await write(data)
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        watching.cancel()
        hub.leave(reader)
