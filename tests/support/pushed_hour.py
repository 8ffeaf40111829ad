"""A simulated world that is pushed with every fault and polled beside it, second by second, without sockets.

The world knows what was true at any second. What is published of a match is compared with it at the record's
own time; what is emitted, with what polling at every second emits.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from footy.events.detector import Detector
from footy.events.sighting import EventRules
from footy.events.types import INCIDENT_TYPES, Event
from footy.history import Commit, opened
from footy.mirror.answers import Answers
from footy.mirror.merge import end_cycle, merge
from footy.mirror.state import References, State
from footy.record import MatchRecord
from footy.records.flatten import Flattener
from footy.records.prices import PriceRules
from footy.thesports.decoders import Elements, read_live
from footy.thesports.errors import TimedOutError
from footy.thesports.push import PUSHED, Pushed, read_message
from footy.thesports.request import LIVE_LIST, Answer
from footy.times import unix_seconds
from tests.support.states import inputs
from thesports_simulator.messages import FAULTS, Messages
from thesports_simulator.world.world import World, WorldOptions

EPOCH = 1_748_450_000
INTERVAL_S = 10
RATES = dict.fromkeys(FAULTS, 0.02) | {"late": 0.1, "twice": 0.1, "edit": 0.5, "swap": 0.5, "flood": 0.001}
KINDS = {"goal", *INCIDENT_TYPES.values(), "kickoff", "half_time", "second_half", "full_time"}
MAY_BE_OLD_S = 1
"""Seconds: a list shows the second in which it was requested."""


@dataclass
class Hour:
    """What came of it."""

    compared: int = 0
    pushed: int = 0
    """Records that a push changed."""
    wrong: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    perfect: list[Event] = field(default_factory=list)
    """What polling at every second emits."""
    messages: dict[str, int] = field(default_factory=dict)
    trusted: int = 0
    """Seconds in which the push was trusted."""

    @property
    def twice(self) -> int:
        return len(self.events) - len({event.id for event in self.events})

    @property
    def invented(self) -> set[str]:
        """Return the goals, incidents and periods that polling at every second does not emit."""
        return _ids(self.events) - _ids(self.perfect)

    @property
    def missed(self) -> set[str]:
        """Return the goals that polling at every second emits, and that were not."""
        return {one for one in _ids(self.perfect) - _ids(self.events) if ":goal:" in one}


def _ids(events: Sequence[Event]) -> set[str]:
    return {event.id for event in events if event.type in KINDS}


class _Observer:
    """The cycles' thread: lists and pushes, merged, flattened, detected and written."""

    def __init__(self, path: Path) -> None:
        self.state = State()
        self.events: list[Event] = []
        self._elements: Elements = {}
        self._flattener = Flattener(PriceRules((2, 3), (2, 6), 900))
        self._detector = Detector(EventRules())
        self._log, _ = opened(path)

    def poll(self, results: bytes | None, sent_at: float, now: float) -> list[MatchRecord]:
        if results is None:
            answer: Answer[Any] = Answer(LIVE_LIST, error=TimedOutError("no answer"))
        else:
            listed, self._elements = read_live(results, self._elements)
            answer = Answer(LIVE_LIST, listed, now, sent_at=sent_at)
        received, given, before = Answers(), inputs(now, INTERVAL_S), self.state
        received.add(answer)
        state = merge(before, answer, received, given)
        self.state, _ = end_cycle(state, before, received, References(), given)
        return self._seen(set(self.state.matches), now, is_listed=results is not None)

    def push(self, payloads: Sequence[bytes], now: float) -> list[MatchRecord]:
        parts = {
            (part.match_id, part.name): part for one in payloads for part in read_message(one, now).parts
        }
        before = self.state
        answer: Answer[object] = Answer(PUSHED, Pushed(tuple(parts.values())), now)
        self.state = merge(before, answer, Answers(), inputs(now, INTERVAL_S))
        changed = {
            key for key, match in self.state.matches.items() if match.live is not before.matches[key].live
        }
        return self._seen(changed, now, is_listed=None)

    def _seen(self, match_ids: set[str], now: float, *, is_listed: bool | None) -> list[MatchRecord]:
        matches = [match for key, match in self.state.matches.items() if key in match_ids]
        records = [self._flattener.record(match, References(), now) for match in matches]
        known = self._detector.states()
        detected = [one for one in records if is_listed is not None or one["match_id"] in known]
        listed = match_ids if is_listed else None
        found = self._detector.detect(detected, now, listed=listed, versions=self._flattener.versions())
        if found.changed or found.events:
            self._log.append(Commit(now, found.changed, found.events, listed))
        self._detector.commit(found)
        self.events += found.events
        return records

    def close(self) -> None:
        self._log.close()


def observed(folder: Path, *, seconds: int, matches: int, seed: int = 1) -> Hour:
    """Run so many seconds of a world: one tenth of them without REST, another one without the broker."""
    world = World(WorldOptions(EPOCH, matches=matches, seed=seed, odds="light"))
    messages, random, hour = Messages(world, RATES, seed=seed), Random(seed), Hour()
    footy, perfect = _Observer(folder / "pushed.db"), _Observer(folder / "perfect.db")
    truth: dict[int, dict[str, tuple[Any, ...]]] = {}
    no_rest = range(seconds // 2, seconds // 2 + seconds // 12)
    no_broker = range(seconds // 4, seconds // 4 + seconds // 10)
    for second in range(seconds):
        at = EPOCH + second
        results = live_list(world, at)
        truth[at] = said(results)
        sent = list(messages.of_second(at))
        perfect.poll(results, at, at + 0.1)
        if second % INTERVAL_S == 0:
            found = footy.poll(None if second in no_rest else results, at + 0.05, at + 0.2)
            _compare(hour, found, truth)
        if sent and second not in no_broker:
            random_at = at + 0.3 + 0.5 * random.random()
            found = footy.push(sent, random_at)
            hour.pushed += len(found)
            _compare(hour, found, truth)
        hour.trusted += footy.state.push.health.trusted
        truth.pop(at - 400, None)
    for _ in range(3):  # in the end all see the same
        at += INTERVAL_S
        results = live_list(world, at)
        footy.poll(results, at, at + 0.1)
        perfect.poll(results, at, at + 0.1)
    footy.close()
    perfect.close()
    hour.events, hour.perfect, hour.messages = footy.events, perfect.events, messages.counts
    return hour


def live_list(world: World, at: int) -> bytes:
    """Return the live list of a second."""
    return bytes(msgspec.json.encode([match.live_element(at) for match in world.live(at)]))


def said(results: bytes) -> dict[str, tuple[Any, ...]]:
    """Return status, score and period of each match in a list."""
    listed, _ = read_live(results, {})
    return {
        key: (one.score.status_id, one.score.home.goals, one.score.away.goals)
        for key, one in listed.matches.items()
    }


def _compare(hour: Hour, records: Sequence[MatchRecord], truth: dict[int, dict[str, Any]]) -> None:
    """Compare records with the world at their own time."""
    for record in records:
        if record["fetched_at"] is None or record["home_score_et"] is not None:
            continue
        own = int(unix_seconds(record["fetched_at"]))
        hour.compared += 1
        shown = record["status_id"], record["home_score"] or 0, record["away_score"] or 0
        held = [
            truth[then][record["match_id"]]
            for then in range(own - MAY_BE_OLD_S, own + 1)
            if then in truth and record["match_id"] in truth[then]
        ]
        if held and shown not in held:
            hour.wrong.append(
                f"{record['match_id']} {record['live_source']} at {own - EPOCH}: {shown}, not {held[-1]}"
            )
