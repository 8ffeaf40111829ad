"""An evening of the simulated world with a service that collects and archives odds, its clocks held together.

The service is begun again and again, with or without its end having been written, and the vendor is down for
an hour. What is in the log afterwards is compared with what the world served.
"""

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Self

import time_machine

from footy.clock import CLOCK
from footy.events import EventRules
from footy.history import Retention
from footy.history.archive import ArchiveState, MatchEntry, all_entries, match_odds
from footy.history.odds import OddsColumns, rows_of
from footy.history.place import FilePlace
from footy.history.sqlite_log import SqliteLog, opened_for_reading
from footy.mirror.state import State
from footy.service.app import App, running_app
from footy.service.archivist import Archivist
from footy.service.paths import Files
from footy.service.recorder import Keeping, Recorder
from footy.service.results import ResultReader
from footy.settings import Mode, load
from footy.thesports.client import Client
from tests.support.harness import QUICK, shift_gates
from thesports_simulator.process import RunningSimulator

QUIRKS = ("status_early", "match_flickers", "score_flaps", "score_back", "period_moved")
DOWN = ("http503", "truncated@odds/history")
"""Nothing comes back, or half an answer."""
JUST_OVER_S = 900
"""Seconds after its end in which a match need not be archived yet."""


@dataclass
class ArchivedEvening:
    """A service beside a vendor, cycle by cycle."""

    simulator: RunningSimulator
    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.simulator.control.clear_faults()
        self.clock: Any = None
        self.app: App
        self.archivist: Archivist
        self.recorder: Recorder
        self.cycles = self.starts = 0
        self._open: contextlib.ExitStack | None = None
        self._state = State()

    @property
    def path(self) -> Path:
        return self.folder / "footy.db"

    def __enter__(self) -> Self:
        self._travel = time_machine.travel(self.simulator.control.clock()["now"], tick=False)
        self.clock = self._travel.start()
        self._before = CLOCK.uptime, CLOCK._offset
        CLOCK.uptime, CLOCK._offset = time.time, 0.0  # type: ignore[method-assign]
        self.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        CLOCK.uptime, CLOCK._offset = self._before  # type: ignore[method-assign]
        self._travel.stop()

    def begin(self) -> None:
        """Start the service, as from nothing but its files."""
        settings = load(
            {
                "THESPORTS_USER": self.simulator.user,
                "THESPORTS_SECRET": self.simulator.secret,
                "FOOTY_BASE_URL": self.simulator.base_url,
                **QUICK,
                **self.settings,
            },
            Path("absent"),
        ).settings
        self._open = contextlib.ExitStack()
        self.app = self._open.enter_context(running_app(settings, Mode.LIVE, Files(self.folder)))
        client = Client(self.app.transport)
        self.archivist = Archivist(client, lambda: opened_for_reading(self.path))
        self.app.pipeline.odds_keeper = self.archivist
        self.recorder = Recorder(
            FilePlace(self.path),
            Keeping(EventRules(), Retention()),
            ResultReader(client),
            archivist=self.archivist,
        )
        self._state = self.app.checkpoint.load()
        self.recorder.start(self.simulator.control.clock()["now"], "live")
        self.starts += 1

    def end(self, *, killed: bool = False) -> None:
        """End the service: as on a signal, or as if it had been killed between two cycles."""
        if self._open is None:
            return
        self.app.transport.stop()
        if killed:
            self.recorder._close_log()
            self.recorder._results.close()
            self.archivist.close()
        else:
            self.app.checkpoint.save(self._state, at_once=True)
            self.recorder.close()
        self._open.close()
        self._open = None

    def cycle(self, after_s: float) -> None:
        """Let time pass, run a cycle, and let the archivist do all that it does until the next one."""
        self.simulator.control.advance(after_s)
        self.clock.shift(after_s)
        shift_gates(self.app, after_s)
        self.cycles += 1
        outcome = self.app.pipeline.run(self._state, self.cycles)
        self._state = outcome.state
        self.recorder.record(outcome)
        self.recorder.confirm_results(5.0)
        self.wait()

    def wait(self) -> None:
        """Wait until nothing is being read or packed."""
        for running in (self.recorder._results._running, self.archivist._asked):
            if running is not None:
                running.result(30)
        self.archivist._packing.submit(int).result(30)

    def reading(self) -> SqliteLog:
        return opened_for_reading(self.path)

    def differences(self) -> tuple[list[str], int]:
        """Compare each archive with what the world serves; return what differs, and how many are whole."""
        world, wrong, whole = self.simulator.world(), [], 0
        log, now = self.reading(), self.simulator.control.clock()["now"]
        for entry in all_entries(log):
            if entry.ended_at is None or now - entry.ended_at < JUST_OVER_S:
                continue
            found = match_odds(log, entry.id)
            served = world.odds(entry.id, int(entry.archived_at or entry.ended_at))
            if not found.is_whole:
                wrong.append(f"{entry.id}: ended, and its archive is {entry.archive}: {entry.note}")
            elif as_served(found.columns) != served:
                wrong.append(f"{entry.id}: not the rows that were served")
            else:
                whole += 1
        log.close()
        return wrong, whole


def as_served(columns: OddsColumns) -> dict[str, Any]:
    """Return rows in the shape of `odds/history`."""
    found: dict[str, dict[str, list[Any]]] = {}
    for row in rows_of(columns):
        company = found.setdefault(str(row.bookmaker_id), {})
        company.setdefault(row.market, []).append([*row[2:]])
    return found


def live_through(
    evening: ArchivedEvening, seconds: int, *, seed: int, steps: Sequence[int], restarts: int
) -> Iterator[int]:
    """Live through an evening, with an hour of outage in it and so many restarts; yield after each cycle.

    Args:
        evening: The evening.
        seconds: How long it lasts; at its end the last matches are given time to be archived.
        seed: Of what happens when.
        steps: Seconds between two cycles, one of which is drawn each time.
        restarts: How often the service is begun again; every other time it is killed.
    """
    random = Random(seed)
    outage = seconds * 2 // 5
    ends = sorted(random.sample(range(600, seconds), restarts))
    passed, is_down = 0, False
    control = evening.simulator.control
    control.set_faults(*QUIRKS)
    while passed < seconds:
        step = random.choice(steps)
        passed += step
        if is_down != (outage <= passed < outage + 3600):
            is_down = not is_down
            evening.simulator.control.set_faults(
                *DOWN
            ) if is_down else evening.simulator.control.clear_faults()
        evening.cycle(step)
        yield passed
        while ends and ends[0] <= passed:
            ends.pop(0)
            evening.end(killed=len(ends) % 2 == 0)
            evening.begin()
    control.clear_faults()


def wait_for_archives(evening: ArchivedEvening, within: int = 60) -> list[MatchEntry]:
    """Run cycles until every match that has ended is archived; return those that are not."""
    for _ in range(within):
        evening.cycle(120)
        log = evening.reading()
        now = evening.simulator.control.clock()["now"]
        waiting = [one for one in all_entries(log) if one.archive is ArchiveState.WAITING]
        left = [one for one in waiting if one.ended_at is not None and now - one.ended_at >= JUST_OVER_S]
        log.close()
        if not left:
            break
    return left
