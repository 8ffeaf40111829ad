"""Matches that tests of alerts let happen: records go through the detector and the rules, cycle by cycle."""

from pathlib import Path
from typing import Any

from footy.alerts.book import AlertBook
from footy.events.detector import Detector
from footy.events.emitted import AlertState, decoded, encoded
from footy.events.results import History
from footy.events.sighting import EventRules
from footy.events.types import Alert, AlertSettled, Event, Score
from tests.events.watch import KICK_OFF, record

TOWN = "4wyrn4h68yv6q86"


class Matches:
    """Lets matches happen under rules; what is seen of a match stays until it changes."""

    def __init__(self, path: Path, text: str, now: float = KICK_OFF) -> None:
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        self.book = AlertBook(path)
        self.book.refresh()
        assert self.book.problem is None, self.book.problem
        self.now = now
        self.detector = Detector(EventRules())
        self._fields: dict[str, dict[str, Any]] = {}

    def see(self, after_s: float = 10.0, /, *, match_id: str = TOWN, **fields: Any) -> list[Event]:
        """See a list so many seconds later, with what changed of a match; return what rules made of it."""
        self.now += after_s
        self._fields.setdefault(match_id, {}).update(fields)
        records = [record(match_id=one, **of_match) for one, of_match in self._fields.items()]
        found = self.detector.detect(records, self.now, listed=self._fields)
        found = self.book.after_cycle(self.detector, found, records, self.now)
        self.detector.commit(found)
        return of_rules(found.events)

    def end(self, home: int, away: int, match_id: str = TOWN, **periods: Any) -> list[Event]:
        """Read the final state of a match."""
        history = History(8, "Finished", Score(home, away), **periods)
        return self._conclude(match_id, history)

    def end_unread(self, match_id: str = TOWN) -> list[Event]:
        """End a match whose final state the account may not read."""
        return self._conclude(match_id, None)

    def _conclude(self, match_id: str, history: History | None) -> list[Event]:
        self.now += 600
        found = self.detector.conclude({match_id: history}, self.now)
        found = self.book.after_results(self.detector, found, self.now)
        self.detector.commit(found)
        return of_rules(found.events)

    def leave(self, match_id: str = TOWN, *, deleted: bool = True) -> list[Event]:
        """See a list without a match."""
        self.now += 10
        self._fields.pop(match_id)
        gone = {match_id} if deleted else set()
        found = self.detector.detect([], self.now, listed=self._fields, deleted=gone)
        found = self.book.after_cycle(self.detector, found, [], self.now)
        self.detector.commit(found)
        return of_rules(found.events)

    def restart(self) -> None:
        """Go on from what the log has, as after a restart."""
        states = [decoded(encoded(one)) for one in self.detector.states().values()]
        self.detector = Detector(EventRules(), states, listed_at=self.now)

    def state(self, rule: str, match_id: str = TOWN) -> AlertState:
        """Return what a rule has done in a match."""
        emitted = self.detector.state(match_id)
        assert emitted is not None
        return emitted.alerts.get(rule, AlertState())


def of_rules(events: tuple[Event, ...]) -> list[Event]:
    """Return the events that rules made."""
    return [one for one in events if isinstance(one.data, Alert | AlertSettled)]


def ids(events: list[Event]) -> list[str]:
    """Return the ids of events, without the match's."""
    return [one.id.partition(":")[2] for one in events]


def outcomes(events: list[Event]) -> list[str]:
    """Return the outcomes of alerts."""
    return [one.data.outcome for one in events if isinstance(one.data, AlertSettled)]
