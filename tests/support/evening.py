"""A log of events as an evening leaves it: records go through the detector into a file, cycle by cycle."""

import functools
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from footy.events.detector import Detection, Detector
from footy.events.ids import operational_id
from footy.events.results import History
from footy.events.sighting import EventRules
from footy.events.types import Event, Score, ServiceStarted
from footy.history.log import Commit
from footy.history.sqlite_log import opened
from footy.times import moment_text
from tests.events.watch import KICK_OFF, incident, money_line, record, spread

TOWN, ROVERS, BAY = "4wyrn4h68yv6q86", "n54qllhpo1vqvy9", "k82rekhx0vyrepz"
"""Matches of `busy_evening`: Town – City, Rovers – Wanderers, and one that was in play when footy started."""


EVERY_S = 50.0


class Evening:
    """Lets matches happen; what is seen of a match stays until it changes."""

    def __init__(self, path: Path, rules: EventRules | None = None, *, now: float = KICK_OFF) -> None:
        """Open the log at this path, a new one if there is none, and go on from it."""
        self.path = path
        self.log, _ = opened(path)
        self.now = now
        self.detector = Detector(rules or EventRules(), self.log.states(), listed_at=self.log.listed_at())
        self._fields: dict[str, dict[str, Any]] = {}

    def see(self, after_s: float = 10.0, **matches: dict[str, Any]) -> list[Event]:
        """See a list so many seconds later, with what changed of these matches; before, one each minute.

        Returns the events of all these lists.
        """
        until = self.now + after_s
        events: list[Event] = []
        while self._fields and until - self.now > EVERY_S:
            self.now += EVERY_S
            events += self._list()
        return events + self.look_away(until - self.now, **matches)

    def look_away(self, after_s: float, **matches: dict[str, Any]) -> list[Event]:
        """See a list so many seconds later, and nothing until then, as if footy had been stopped."""
        self.now += after_s
        for match_id, fields in matches.items():
            self._fields.setdefault(match_id, {}).update(fields)
        return self._list()

    def _list(self) -> list[Event]:
        records = [record(match_id=match_id, **fields) for match_id, fields in self._fields.items()]
        found = self.detector.detect(records, self.now, listed=self._fields)
        return self._write(found, list(self._fields))

    def end(self, match_id: str, history: History | None) -> list[Event]:
        """Read the final state of a match, None if the account may not."""
        return self._write(self.detector.conclude({match_id: history}, self.now))

    def leave(self, match_id: str) -> None:
        """Take a match off the list."""
        self._fields.pop(match_id)

    def note(self, *events: Event) -> None:
        """Write events without a match."""
        self.log.append(Commit(self.now, events=events, listed=None))

    def _write(self, found: Detection, listed: list[str] | None = None) -> list[Event]:
        self.log.append(Commit(self.now, found.changed, found.events, listed))
        self.detector.commit(found)
        return list(found.events)

    def close(self) -> None:
        """Close the file."""
        self.log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def started(now: float, version: str = "0.1.0") -> Event:
    """Return what the service says of its start."""
    said = ServiceStarted(seen_at=moment_text(now) or "", version=version, mode="live")
    return Event(operational_id("service_started", int(now * 1000), 1), "service_started", said)


def at(minute: int, status_id: int = 2, clock: str = "") -> dict[str, Any]:
    """Return the fields of a record at a minute of play."""
    return {"status_id": status_id, "minute": minute, "clock": clock or f"{minute}'"}


def still(status_id: int, clock: str) -> dict[str, Any]:
    """Return the fields of a record while no clock runs."""
    return {"status_id": status_id, "minute": None, "clock": clock}


def busy_evening(path: Path, now: float = KICK_OFF - 600) -> list[Event]:
    """Write a log with most types of events in it: three matches, from before kick-off to the results."""
    events: list[Event] = []
    smith = incident(1, "home", 12, player="J. Smith", home_score=1, away_score=0)
    assisted = smith | {"assist": "A. Jones"}
    brown = incident(3, "away", 25, player="P. Brown", reason="Foul")
    again = incident(15, "away", 84, player="P. Brown")
    swap = incident(9, "home", 58, player_in="L. Adams", player_out="J. Smith", reason="Injury")
    var = incident(28, "away", 31, var_reason="Goal not awarded", var_result="Goal cancelled")
    var |= {"var_result_id": 2}
    with Evening(path, now=now) as evening:

        def town(after_s: float, **fields: Any) -> None:
            events.extend(evening.see(after_s, **{TOWN: fields}))

        def rovers(after_s: float, **fields: Any) -> None:
            events.extend(evening.see(after_s, **{ROVERS: fields}))

        def bay(after_s: float, **fields: Any) -> None:
            events.extend(evening.see(after_s, **{BAY: fields}))

        evening.note(started(now))
        before = still(1, "Not started") | {"home_score": None, "away_score": None}
        town(0, **before, **money_line(in_play=False))
        rovers(0, **before, home="Rovers", away="Wanderers", competition="Championship")
        bay(0, **at(71, 4), home="Half Moon Bay", away="Port Albert", home_score=2, away_score=2)
        bay(10, competition="Coastal Cup", country=None)
        town(600, **at(1), home_score=0, away_score=0, current_money_line_sealed=True)
        town(60, **at(2), **money_line())
        rovers(0, **at(1), home_score=0, away_score=0)
        town(420, **at(9), **money_line(home=1.8, draw=4.2, away=5.0))
        town(180, **at(12), home_score=1, current_money_line_sealed=True)
        town(20, incidents=[smith])
        town(40, **at(13), incidents=[assisted], **money_line(home=1.4, draw=5.0, away=9.0))
        bay(300, **at(91, 4, "90+1'"))
        town(400, **at(25), incidents=[assisted, brown])
        bay(10, **at(95, 4, "90+5'"), home_score=3)
        town(300, **at(30), away_score=1, **spread(-0.5))
        bay(10, **still(8, "FT"))
        town(20, **at(31), away_score=0, incidents=[assisted, brown, var])
        town(10, **spread(-0.75))
        town(900, **at(47, 2, "45+2'"), away_score=1)
        town(60, **still(3, "HT"), home_score_ht=1, away_score_ht=1)
        rovers(0, **still(10, "Interrupted"))
        events += evening.end(BAY, History(8, "Finished", Score(3, 2), half_time=Score(1, 0)))
        rovers(600, **at(30))
        town(300, **at(46, 4))
        town(720, **at(58, 4), incidents=[assisted, var, swap])
        town(62, **at(59, 4))
        evening.leave(ROVERS)
        town(1260, **at(80, 4))
        missed = at(90, 4) | {"home_score": 2, "incidents": [assisted, var, swap, again]}
        events += evening.look_away(600, **{TOWN: missed})
        town(300, **still(8, "FT"))
        events += evening.end(TOWN, History(8, "Finished", Score(2, 1), half_time=Score(1, 1)))
    return events


@functools.cache
def _written() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "footy.db"
        busy_evening(path)
        return path.read_bytes()


def write_busy_evening(path: Path) -> None:
    """Write the log of a busy evening, made once."""
    path.write_bytes(_written())
