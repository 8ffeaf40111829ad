"""The newest of everything: taken from the cycle and the data folder, made into bytes once, and sent on.

The cycle hands over a snapshot and goes on; bytes are made in a thread of the server's. A thread looks at the
files of the data folder and at the log. All else runs in the server's event loop.
"""

import asyncio
import contextlib
import logging
import secrets
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from footy.events.envelope import envelope_json, enveloped
from footy.history.log import Extent, LogError, Position, StoredEvent
from footy.history.place import FilePlace, KeptLog, LogPlace
from footy.record import Snapshot
from footy.times import moment_text
from footy.web import picture
from footy.web.instance import FIXTURES, HEARTBEAT, LOG, MATCHES, Instance
from footy.web.marks import ALERT_TYPES, TYPES, Marked, Marks
from footy.web.picture import Board, Picture
from footy.web.streams import HEARTBEAT_S, Count, Hub, message

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.2
"""Seconds between two looks at the data folder and the log."""
MARKS_S = 12 * 3600.0
"""Seconds of events that marks are made from at the start."""
BATCH = 500
_UNREADABLE = (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Sent:
    """New events of the log, made into messages once for all readers."""

    def __init__(self, events: list[StoredEvent], epoch: str, source: str) -> None:
        self.messages = [(one, event_message(one, epoch, source)) for one in events]


def event_message(event: StoredEvent, epoch: str, source: str) -> bytes:
    """Return an event as a message of `/api/events`."""
    return message(event_json(event, epoch, source), identifier=str(Position(epoch, event.sequence)))


def event_json(event: StoredEvent, epoch: str, source: str) -> bytes:
    """Return the envelope of an event of the log."""
    return envelope_json(
        enveloped(
            event_id=event.id,
            kind=event.type,
            match_id=event.match_id,
            seen_at=event.seen_at,
            data=event.data,
            sequence=event.sequence,
            epoch=epoch,
            source=source,
        )
    )


class Live:
    """What is served, as it is now."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.boot = secrets.token_hex(4)
        """Part of every tag and version: another process's are never taken for this one's."""
        count = Count()
        self.page = Hub(count)
        """Readers of `/api/live`."""
        self.events = Hub(count)
        """Readers of `/api/events`."""
        self.picture: Picture | None = None
        self.heartbeat: Mapping[str, Any] | None = None
        self.fixtures: Mapping[str, Any] | None = None
        self.log: KeptLog | None = None
        self.extent: Extent | None = None
        """Which events have been sent to the readers of `/api/events`; None if there is no log."""
        self.newest_alert: str | None = None
        """The position of the newest alert or outcome of one."""
        self.board = Board(f"{self.boot}-0", {}, self.about(None), ())
        self._first: tuple[Board | None, bytes] = (None, b"")
        self._marks = Marks()
        self._number = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self._slot_lock = threading.Lock()
        self._slot: Snapshot | None = None
        """The newest snapshot that has not been made into a picture."""
        self._slot_changed: frozenset[str] | None = None
        self._news = threading.Event()
        """Something was committed to the log: it is looked at now."""
        self._stopping = threading.Event()

    # --- from the cycle's thread

    def put(self, snapshot: Snapshot, changed: frozenset[str] | None = None) -> None:
        """Take the newest snapshot, in place of one not served yet; return at once.

        Args:
            snapshot: The snapshot.
            changed: The matches whose records differ from the one put before; None if all may.
        """
        with self._slot_lock:
            if self._slot is not None:
                waiting = self._slot_changed
                changed = None if changed is None or waiting is None else waiting | changed
            self._slot, self._slot_changed = snapshot, changed
            loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop was closed in between
                loop.call_soon_threadsafe(self._changed.set)

    def wake(self) -> None:
        """Look at the log now, from any thread: something was committed."""
        self._news.set()

    def stop(self) -> None:
        """End every stream, from any thread: the server stops."""
        self._stopping.set()
        self._news.set()
        self._call(self.end_streams)

    # --- in the server's event loop

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep everything up to date for as long as the caller is inside."""
        with self._slot_lock:
            self._loop = asyncio.get_running_loop()
        self._changed.set()
        looking = threading.Thread(target=self._look, name="footy-web-look", daemon=True)
        looking.start()
        tasks = [asyncio.create_task(self._renew()), asyncio.create_task(self._beat())]
        try:
            yield
        finally:
            with self._slot_lock:
                self._loop = None
            self._stopping.set()
            self._news.set()
            self.end_streams()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def end_streams(self) -> None:
        """End every stream: the server stops."""
        self.page.close()
        self.events.close()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            self.events.beat()
            self.page.publish(self.tick())

    @staticmethod
    def tick() -> bytes:
        """Return the time, as a message of `/api/live`: the page knows that it is still connected."""
        return message(msgspec.json.encode({"now": moment_text(time.time())}), event="tick")

    async def _renew(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            with self._slot_lock:
                snapshot, self._slot = self._slot, None
                changed_ids = self._slot_changed if snapshot is not None else frozenset()
            self._number += 1
            version = f"{self.boot}-{self._number}"
            marks = None if self.extent is None else self._marks.of_matches()
            try:
                made = await asyncio.to_thread(
                    self._made, version, snapshot, changed_ids, marks, self._marks.latest()
                )
            except Exception:
                log.exception("The page could not be brought up to date")
                continue
            self.picture, self.board, changed = made
            if changed:
                self.page.publish(message(changed, event="changes", identifier=version))
            if self.picture is not None:
                self._marks.keep({*self.picture.by_id})

    def _made(
        self,
        version: str,
        snapshot: Snapshot | None,
        changed_ids: frozenset[str] | None,
        marks: Mapping[str, Marked] | None,
        latest: list[dict[str, Any]],
    ) -> tuple[Picture | None, Board, bytes]:
        """Make the next picture and board, with the message that says the changes."""
        before, shown = self.board, self.picture
        if snapshot is not None:
            shown = Picture.of(snapshot, version, is_pushed=changed_ids is not None)
        after = picture.board(
            version,
            shown,
            max_age_s=self.instance.price_max_age_s,
            marks=marks,
            latest=latest,
            about=self.about(shown),
            before=before,
            changed=changed_ids,
        )
        changed = picture.difference(before, after)
        return shown, after if changed else before, changed

    def first_message(self) -> bytes:
        """Return everything that the page shows, as the first message of `/api/live`."""
        board, made = self._first
        if board is not self.board:
            made = message(self.board.message(), event="all", identifier=self.board.version)
            self._first = (self.board, made)
        return made

    def about(self, shown: Picture | None) -> dict[str, Any]:
        """Return the words above and around the matches; the same as `/api/status`."""
        beat = self.heartbeat or {}
        meta = None if shown is None else shown.snapshot["meta"]
        interval_s = beat.get("interval_s", self.instance.interval_s)
        return {
            "mode": self.instance.mode,
            "snapshot": meta,
            "started_at": beat.get("started_at"),
            "last_attempt_at": beat.get("last_attempt_at"),
            "last_success_at": beat.get("last_success_at"),
            "last_error": beat.get("last_error"),
            "interval_s": interval_s,
            "stale_after_s": self.instance.stale_after_s(interval_s),
            "indicators": beat.get("indicators", {}),
            "degraded": beat.get("degraded", []),
            "not_in_plan": beat.get("not_in_plan", []),
            "quota_left": dict(self.instance.quota_left()),
            "timezone": self.instance.timezone,
            "odds_format": self.instance.odds_format,
            "events": self.extent is not None,
            "alerts": self.newest_alert,
            "position": None if self.extent is None else str(Position(self.extent.epoch, self.extent.newest)),
            "fixtures_at": None if self.fixtures is None else self.fixtures.get("fetched_at"),
        }

    def _take_events(self, events: list[StoredEvent], extent: Extent) -> None:
        """Take what is new in the log, and send it on."""
        if self.extent is None or self.extent.epoch != extent.epoch:
            self._marks = Marks()
            self.events.close()  # their positions are of another log: they come back, and get a gap
            self.newest_alert = None
        self.extent = extent
        for event in events:
            self._marks.take(event)
            if event.type in ALERT_TYPES:
                self.newest_alert = str(Position(extent.epoch, event.sequence))
        if len(self.events) and events:
            self.events.publish(Sent(events, extent.epoch, self.instance.source))
        self._changed.set()

    def _no_log(self) -> None:
        self.extent = self.newest_alert = None
        self._marks = Marks()
        self.events.close()
        self._changed.set()

    def _take_files(self, heartbeat: Mapping[str, Any] | None, fixtures: Mapping[str, Any] | None) -> None:
        self.heartbeat, self.fixtures = heartbeat, fixtures
        self._changed.set()

    # --- in a thread of its own

    def _look(self) -> None:
        folder = self.instance.folder
        watched = self.instance.watched() if self.instance.watched else _Folder(folder)
        follower = _Follower(self, self.instance.place or FilePlace(folder / LOG))
        watched.start(self._news.set)
        while True:
            changed = watched.renew()
            if changed & {HEARTBEAT, FIXTURES}:
                self._call(self._take_files, watched.value(HEARTBEAT), watched.value(FIXTURES))
            if self.instance.watches_snapshot and MATCHES in changed and watched.value(MATCHES) is not None:
                self.put(watched.value(MATCHES))
            follower.look()
            self._news.wait(watched.look_every_s)
            self._news.clear()
            if self._stopping.is_set():
                break
        follower.close()
        watched.close()

    def _call(self, function: Any, *arguments: Any) -> None:
        with self._slot_lock:
            loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(function, *arguments)

    def follow(self, found: KeptLog | None, events: list[StoredEvent], extent: Extent | None) -> None:
        """Take from the thread that looks what is new in the log; None where there is none any more."""
        self.log = found
        if extent is None:
            self._call(self._no_log)
        else:
            self._call(self._take_events, events, extent)


class _File:
    """A JSON file that is replaced whole now and then."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self.value: Any = None

    def renew(self) -> bool:
        """Read the file if it is another one than before; return whether the value may have changed."""
        try:
            found = self._path.stat()
            seen = (found.st_ino, found.st_mtime_ns)
            if seen == self._seen:
                return False
            self.value = msgspec.json.decode(self._path.read_bytes())
        except FileNotFoundError:
            changed = self._seen is not None
            self._seen, self.value = None, None
            return changed
        except _UNREADABLE:
            return False
        self._seen = seen
        return True


class _Folder:
    """The files of a data folder that are served."""

    look_every_s = LOOK_EVERY_S

    def __init__(self, folder: Path) -> None:
        self._files = {name: _File(folder / name) for name in (HEARTBEAT, FIXTURES, MATCHES)}

    def start(self, wake: Callable[[], None]) -> None:
        """Do nothing: nobody says when a file was replaced."""

    def renew(self) -> frozenset[str]:
        """Read the files that were replaced, and return their names."""
        return frozenset(name for name, file in self._files.items() if file.renew())

    def value(self, name: str) -> Any:
        """Return the content of a file; None if there is none."""
        return self._files[name].value

    def close(self) -> None:
        """Do nothing: no file is open."""


class _Follower:
    """Follows the log of an instance, which may come late and be replaced."""

    def __init__(self, live: Live, place: LogPlace) -> None:
        self._live = live
        self._place = place
        self._log: KeptLog | None = None
        self._identity: object = None
        self._epoch: str | None = None
        self._at = 0

    def look(self) -> None:
        """Take what is new."""
        identity = self._place.identity()
        if self._log is not None and identity != self._identity:
            self.close()
            self._epoch = None
            self._live.follow(None, [], None)
        try:
            if self._log is None and identity is not None:
                self._open(identity)
            if self._log is not None:
                self._read(self._log)
        except LogError as error:
            log.debug("The log cannot be read now: %s", error)
            self.close()

    def _open(self, identity: object) -> None:
        found = self._place.read()
        try:
            extent = found.extent()
            if extent.epoch == self._epoch and self._at <= extent.newest:
                self._log, self._identity = found, identity
                self._live.follow(found, [], extent._replace(newest=self._at))
                return  # it could not be read for a while: its readers have got all up to there
            since, after = time.time() - MARKS_S, 0
            events: list[StoredEvent] = []
            while batch := found.read(after, 10_000, types=TYPES, since=since):
                events += [one for one in batch if one.sequence <= extent.newest]
                after = batch[-1].sequence
            if not any(one.type in ALERT_TYPES for one in events):
                # The page asks for the list of alerts if there is one, however old.
                events[:0] = [
                    one for one in found.newest(1, types=ALERT_TYPES) if one.sequence <= extent.newest
                ]
        except LogError:
            found.close()
            raise
        self._log, self._identity = found, identity
        self._epoch, self._at = extent.epoch, extent.newest
        self._live.follow(found, events, extent)

    def _read(self, found: KeptLog) -> None:
        while (extent := found.extent()).newest > self._at:
            events = found.read(self._at, BATCH)
            if not events:  # retention was quicker
                self._at = extent.newest
                break
            self._at = events[-1].sequence
            self._epoch = extent.epoch
            self._live.follow(found, events, extent._replace(newest=self._at))

    def close(self) -> None:
        """Close the log."""
        if self._log is not None:
            self._live.log = None
            self._log.close()
            self._log = None
