"""Real push messages, replayed as a live list that changes, through footy's own decoding and flattening."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from footy.events.detector import Detector
from footy.events.emitted import Emitted
from footy.events.sighting import EventRules
from footy.events.types import INCIDENT_TYPES, Event
from footy.mirror.state import MatchState, References
from footy.provenance import Held, Source
from footy.record import MatchRecord
from footy.records.flatten import Flattener
from footy.records.prices import PriceRules
from footy.thesports.decoders import read_live
from tests.events.watch import said
from tests.support.capture import FOLDER

MESSAGES = FOLDER / "push" / "messages.jsonl"
needs_messages = pytest.mark.skipif(not MESSAGES.is_file(), reason=f"the push messages are not in {MESSAGES}")
MISSING: Held[Any] = Held(None, None, Source.MISSING)
START = 1_748_453_500.0


@dataclass
class Replay:
    """What came of the messages."""

    first: dict[str, MatchRecord] = field(default_factory=dict)
    last: dict[str, MatchRecord] = field(default_factory=dict)
    known_from: dict[str, Counter[Any]] = field(default_factory=dict)
    """The incidents of the first list that was known, by match."""
    events: list[Event] = field(default_factory=list)
    states: dict[str, Emitted] = field(default_factory=dict)

    def of(self, match_id: str, *types: str) -> list[Event]:
        return [event for event in self.events if event.match_id == match_id and event.type in types]


def live_lists(per_poll: int, *, empty: bool) -> Iterator[bytes]:
    """Yield the live list after every so many messages; a match is in it once its score is known.

    Args:
        per_poll: Messages between two polls.
        empty: A match starts with an empty list of incidents, not with none.
    """
    matches: dict[str, dict[str, Any]] = {}
    lines = MESSAGES.read_text(encoding="utf-8").splitlines()
    for start in range(0, len(lines), per_poll):
        for message in lines[start : start + per_poll]:
            for part in json.loads(message):
                match = matches.setdefault(part["id"], {"incidents": []} if empty else {})
                match |= {name: value for name, value in part.items() if name != "tlive"}
        yield json.dumps([match for match in matches.values() if "score" in match]).encode()


def replayed(per_poll: int, every_s: float, *, empty: bool, restart_every: int = 0) -> Replay:
    replay, rules = Replay(), EventRules()
    detector, flattener = Detector(rules), Flattener(PriceRules((2, 3), (2, 6), 900))
    elements: Any = {}
    now = START
    lists = list(live_lists(per_poll, empty=empty))
    for number, results in enumerate([*lists, lists[-1], lists[-1]], start=1):
        now += every_s if number <= len(lists) else 100.0
        listed, elements = read_live(results, elements)
        assert not listed.broken
        held = {
            key: MatchState(Held(live, now, Source.FRESH), MISSING, MISSING)
            for key, live in listed.matches.items()
        }
        records = flattener.records(held, References(), now)
        detection = detector.detect(records, now, listed=set(held))
        detector.commit(detection)
        replay.events += detection.events
        for record in records:
            match_id = record["match_id"]
            replay.first.setdefault(match_id, record)
            replay.last[match_id] = record
            if record["incidents"] is not None:
                replay.known_from.setdefault(match_id, counted(record))
        if restart_every and number % restart_every == 0:
            states = [state for key in replay.last if (state := detector.state(key)) is not None]
            detector = Detector(rules, states, listed_at=now)
    replay.states = {key: state for key in replay.last if (state := detector.state(key)) is not None}
    return replay


def counted(record: MatchRecord) -> Counter[Any]:
    """Count the incidents that are events, by kind and side."""
    return Counter(
        (kind, incident["side"])
        for incident in record["incidents"] or ()
        if (kind := INCIDENT_TYPES.get(incident["type_id"] or 0)) is not None
    )


@needs_messages
@pytest.mark.parametrize("empty", [False, True])
@pytest.mark.parametrize(
    ("per_poll", "every_s", "restart_every"), [(1, 3, 0), (1, 10, 7), (9, 10, 0), (60, 60, 1)]
)
def test_the_messages_come_to_the_goals_and_incidents_of_the_final_lists(
    per_poll: int, every_s: float, restart_every: int, empty: bool
) -> None:
    replay = replayed(per_poll, every_s, empty=empty, restart_every=restart_every)

    ids = [event.id for event in replay.events]
    assert len(ids) == len(set(ids))
    for match_id, last in replay.last.items():
        first = replay.first[match_id]
        for side in ("home", "away"):
            rise = (last[f"{side}_score"] or 0) - (first[f"{side}_score"] or 0)  # type: ignore[literal-required]
            goals = [event for event in replay.of(match_id, "goal") if said(event).side == side]
            assert len(goals) == rise, (match_id, side)
        assert replay.states[match_id].status_id == last["status_id"]
        given = Counter(
            (event.type, said(event).side) for event in replay.of(match_id, *INCIDENT_TYPES.values())
        )
        if first["status_id"] == 8:
            assert not given
        elif last["incidents"] is not None:
            assert given + replay.known_from[match_id] == counted(last), match_id
