"""Real push messages, replayed as a live list that changes, through footy's own decoding, flattening and log.

2,279 messages follow them that are not here. So they are also replayed with mutations: messages that are
lost, late or repeated, lists of incidents that are edited, and scores and statuses that come and go.
"""

import copy
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from footy.events.detector import Detector
from footy.events.emitted import Emitted
from footy.events.sighting import EventRules
from footy.events.types import INCIDENT_TYPES, Event
from footy.history import Commit, opened
from footy.mirror.state import MatchState, References
from footy.provenance import Held, Source
from footy.record import MatchRecord
from footy.records.flatten import Flattener
from footy.records.prices import PriceRules
from footy.thesports.decoders import read_live
from tests.events.watch import goals_told, said
from tests.support.capture import FOLDER

MESSAGES = FOLDER / "push" / "messages.jsonl"
needs_messages = pytest.mark.skipif(not MESSAGES.is_file(), reason=f"the push messages are not in {MESSAGES}")
MISSING: Held[Any] = Held(None, None, Source.MISSING)
START = 1_748_453_500.0
KINDS = tuple(INCIDENT_TYPES.values())


class Part(NamedTuple):
    """What a message says of a match."""

    match_id: str
    name: str
    """`score`, `stats` or `incidents`."""
    value: Any


@cache
def messages() -> list[list[Part]]:
    lines = MESSAGES.read_text(encoding="utf-8").splitlines()
    return [
        [
            Part(part["id"], name, value)
            for part in json.loads(line)
            for name, value in part.items()
            if name in {"score", "stats", "incidents"}
        ]
        for line in lines
    ]


@dataclass
class Replay:
    """What came of the messages."""

    first: dict[str, MatchRecord] = field(default_factory=dict)
    last: dict[str, MatchRecord] = field(default_factory=dict)
    known_from: dict[str, Counter[Any]] = field(default_factory=dict)
    """The incidents of the first list that was known, by match."""
    events: list[Event] = field(default_factory=list)
    states: dict[str, Emitted] = field(default_factory=dict)
    logged: list[tuple[int, str]] = field(default_factory=list)
    """Sequence and id of each event in the log."""

    def of(self, match_id: str, *types: str) -> list[Event]:
        return [event for event in self.events if event.match_id == match_id and event.type in types]


def live_lists(sent: Sequence[Sequence[Part]], per_poll: int, *, empty: bool) -> Iterator[bytes]:
    """Yield the live list after every so many messages; a match is in it once its score is known.

    Args:
        sent: The messages.
        per_poll: Messages between two polls.
        empty: A match starts with an empty list of incidents, not with none.
    """
    matches: dict[str, dict[str, Any]] = {}
    for start in range(0, len(sent), per_poll):
        for message in sent[start : start + per_poll]:
            for part in message:
                match = matches.setdefault(part.match_id, {"incidents": []} if empty else {})
                match |= {"id": part.match_id, part.name: part.value}
        yield msgspec.json.encode([match for match in matches.values() if "score" in match])


def replayed(lists: Sequence[bytes], every_s: float, path: Path, *, restart_every: int = 0) -> Replay:
    """Replay live lists; the last one is seen twice more. A restart begins from the log."""
    replay, rules = Replay(), EventRules()
    log, _ = opened(path)
    detector, flattener = Detector(rules), Flattener(PriceRules((2, 3), (2, 6), 900))
    elements: Any = {}
    now = START
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
        log.append(Commit(now, detection.changed, detection.events, set(held)))
        detector.commit(detection)
        replay.events += detection.events
        for record in records:
            match_id = record["match_id"]
            replay.first.setdefault(match_id, record)
            replay.last[match_id] = record
            if record["incidents"] is not None:
                replay.known_from.setdefault(match_id, counted(record))
        if restart_every and number % restart_every == 0:
            detector = Detector(rules, log.states(), listed_at=log.listed_at())
    replay.states = {state.match_id: state for state in log.states()}
    replay.logged = [(one.sequence, one.id) for one in log.read(0, 10_000)]
    log.close()
    return replay


def counted(record: MatchRecord) -> Counter[Any]:
    """Count the incidents that are events, by kind and side."""
    return Counter(
        (kind, incident["side"])
        for incident in record["incidents"] or ()
        if (kind := INCIDENT_TYPES.get(incident["type_id"] or 0)) is not None
    )


def assert_logged_once(replay: Replay) -> None:
    """Hold that the log has every event once, in order and without a gap."""
    assert replay.logged == list(enumerate((event.id for event in replay.events), start=1))
    assert len({one for _, one in replay.logged}) == len(replay.logged)


@needs_messages
@pytest.mark.parametrize("empty", [False, True])
@pytest.mark.parametrize(
    ("per_poll", "every_s", "restart_every"), [(1, 3, 0), (1, 10, 7), (4, 15, 3), (9, 10, 0), (60, 60, 1)]
)
def test_the_messages_come_to_the_goals_and_incidents_of_the_final_lists(
    tmp_path: Path, per_poll: int, every_s: float, restart_every: int, empty: bool
) -> None:
    lists = list(live_lists(messages(), per_poll, empty=empty))
    replay = replayed(lists, every_s, tmp_path / "footy.db", restart_every=restart_every)

    assert_logged_once(replay)
    for match_id, last in replay.last.items():
        first = replay.first[match_id]
        for side in ("home", "away"):
            rise = (last[f"{side}_score"] or 0) - (first[f"{side}_score"] or 0)  # type: ignore[literal-required]
            goals = [event for event in replay.of(match_id, "goal") if said(event).side == side]
            assert len(goals) == rise, (match_id, side)
        assert replay.states[match_id].status_id == last["status_id"]
        given_now = Counter((event.type, said(event).side) for event in replay.of(match_id, *KINDS))
        if first["status_id"] == 8:
            assert not given_now
        elif last["incidents"] is not None:
            assert given_now + replay.known_from[match_id] == counted(last), match_id
    kinds = {event.type for event in replay.events}
    assert not kinds & {"goal_cancelled", "score_corrected", "withdrawn", "match_left"}


# Mutations

ROUND = 40
"""Messages by which one may come later."""
MUTATIONS = (
    *("drop", "repeat", "late"),
    *("swap", "fall", "rise", "sides", "status", "unknown"),
    *("unname", "rename", "minute", "shuffle", "lose", "double", "empty"),
)


def mutated(parts: list[Part], place: int, kind: str, random: Random) -> list[Part]:
    """Return messages of which the one at this place is wrong, late, lost or sent again."""
    before, part, after = parts[:place], parts[place], parts[place + 1 :]
    if kind == "drop":
        return before + after
    if kind == "repeat":
        older = [one for one in before if one[:2] == part[:2]]
        return [*before, part, *([random.choice(older)] if older else []), *after]
    if kind == "late":
        by = random.randint(1, ROUND)
        return [*before, *after[:by], part, *after[by:]]
    wrong = copy.deepcopy(part)
    if part.name == "score":
        wrong = wrong._replace(value=_wrong_score(wrong.value, kind, random))
    elif part.name == "incidents" and part.value:
        wrong = wrong._replace(value=_wrong_incidents(wrong.value, kind, random))
    return [*before, wrong, *after]


def _wrong_score(score: Any, kind: str, random: Random) -> Any:
    home, away = score[2:4]
    side = random.choice((home, away))
    if kind == "swap":
        home[2:5], away[2:5] = away[2:5], home[2:5]
    elif kind == "sides":
        score[2], score[3] = away, home
    elif kind == "fall":
        side[0] = max(0, side[0] - random.randint(1, 2))
    elif kind == "rise":
        side[0] += random.randint(1, 2)
    elif kind == "status":
        score[1] = random.choice((1, 2, 3, 4, 5, 7, 8, 8, 10, 13))
    elif kind == "unknown":
        side[0] = -1
    return score


def _wrong_incidents(incidents: Any, kind: str, random: Random) -> Any:
    place = random.randrange(len(incidents))
    one = incidents[place]
    if kind == "unname":
        incidents[place] = {key: one[key] for key in one if "player" not in key}
    elif kind == "rename" and "player_name" in one:
        incidents[place] = {**one, "player_id": "another", "player_name": "Another"}
    elif kind == "minute":
        one["time"] = max(1, one["time"] + random.choice((-5, -2, -1, 1, 2, 5)))
    elif kind == "shuffle":
        random.shuffle(incidents)
    elif kind == "lose":
        del incidents[place]
    elif kind == "double":
        incidents.insert(random.randrange(len(incidents) + 1), dict(one))
    elif kind == "empty":
        incidents.clear()
    return incidents


@cache
def of_matches_that_change() -> list[Part]:
    """Return the parts of matches of which the score or the incidents change, one after another."""
    parts = [part for message in messages() for part in message if part.name != "stats"]
    values: dict[str, set[str]] = {}
    for part in parts:
        values.setdefault(part.match_id, set()).add(f"{part.name} {part.value}")
    return [part for part in parts if len(values[part.match_id]) > 1]


@needs_messages
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.sampled_from(MUTATIONS), st.integers(0, 999)), min_size=10, max_size=100
    ),
    st.sampled_from([(1, 1.0, 0), (3, 2.0, 5), (3, 4.0, 0), (7, 12.0, 1), (25, 60.0, 2)]),
)
def test_whatever_becomes_of_the_messages_the_events_come_to_the_final_lists(
    mutations: list[tuple[float, str, int]], pace: tuple[int, float, int]
) -> None:
    true = of_matches_that_change()
    parts = true
    for where, kind, seed in mutations:
        parts = mutated(parts, int(where * (len(parts) - 1)), kind, Random(seed))
    # In the end the vendor says what is true.
    final = list({part[:2]: part for part in true}.values())
    per_poll, every_s, restart_every = pace
    lists = list(live_lists([[part] for part in parts] + [final], per_poll, empty=True))
    with TemporaryDirectory() as folder:
        replay = replayed(lists, every_s, Path(folder, "footy.db"), restart_every=restart_every)

    assert_logged_once(replay)
    known: set[str] = set()
    for event in replay.events:
        assert said(event).relates is None or said(event).relates in known, event
        known.add(event.id)
    for match_id, last in replay.last.items():
        first, state = replay.first[match_id], replay.states[match_id]
        events = [event for event in replay.events if event.match_id == match_id]
        assert state.status_id == last["status_id"]
        assert state.score is not None
        shown = (last["home_score"], last["away_score"])
        assert (state.score.home, state.score.away) == shown, match_id
        if first["home_score"] is not None and first["away_score"] is not None:
            assert goals_told(events, (first["home_score"], first["away_score"])) == shown, match_id
        given_now = Counter((event.type, said(event).side) for event in events if event.type in KINDS)
        given_now.subtract(
            (said(event).withdrawn, said(event).side) for event in events if event.type == "withdrawn"
        )
        if first["status_id"] == 8:
            assert not +given_now
        elif state.ended_at is None:
            held = Counter((INCIDENT_TYPES[one.type_id], one.side) for one in state.incidents or ())
            assert held == counted(last), match_id
            if not replay.known_from[match_id]:
                assert +given_now == held, match_id
