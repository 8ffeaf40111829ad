"""The real push messages, through a real broker and footy's own fold, beside polled lists.

What is held in the end is what the messages came to, and what is emitted are the goals and cards that polling
alone emits.
"""

import json
import queue
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from footy.events.detector import Detector
from footy.events.sighting import EventRules
from footy.events.types import INCIDENT_TYPES, Event
from footy.history import Commit, opened
from footy.mirror.answers import Answers
from footy.mirror.merge import merge
from footy.mirror.state import References, State
from footy.records.flatten import Flattener
from footy.records.prices import PriceRules
from footy.service.push_feed import PushFeed
from footy.thesports.decoders import read_live
from footy.thesports.push import PUSHED, Pushed, read_message
from footy.thesports.push_connection import Broker, PushConnection
from footy.thesports.request import LIVE_LIST, Answer
from tests.events.test_push_replay import (
    MESSAGES,
    START,
    live_lists,
    messages,
    mutated,
    needs_messages,
    replayed,
)
from tests.support.broker import WITHIN_S, Publisher, RunningBroker
from tests.support.states import inputs

SAME = {"goal", *INCIDENT_TYPES.values()}
"""Types of events whose ids do not depend on the rate of polling."""
PER_POLL, EVERY_S = 100, 30.0

Send = Callable[[bytes], list[Answer[object]]]


class Fold:
    """The state of the cycles' thread, and the log: lists and pushes are merged, flattened and detected."""

    def __init__(self, path: Path) -> None:
        self.state = State()
        self.now = START
        self.events: list[Event] = []
        self._log, _ = opened(path)
        self._detector = Detector(EventRules())
        self._flattener = Flattener(PriceRules((2, 3), (2, 6), 900))

    def poll(self, results: bytes) -> None:
        listed, _ = read_live(results, {})
        assert not listed.broken
        self.state = merge(
            self.state,
            Answer(LIVE_LIST, listed, self.now, sent_at=self.now),
            Answers(),
            inputs(self.now),
        )
        self._detect(set(self.state.matches), is_listed=True)

    def push(self, answer: Answer[object]) -> None:
        assert isinstance(answer.value, Pushed)
        parts = tuple(replace(part, at=self.now) for part in answer.value.parts)
        before = self.state
        self.state = merge(before, Answer(PUSHED, Pushed(parts), self.now), Answers(), inputs(self.now))
        changed = {
            match_id
            for match_id, match in self.state.matches.items()
            if match.live is not before.matches[match_id].live
        }
        self._detect(changed, is_listed=False)

    def _detect(self, match_ids: set[str], *, is_listed: bool) -> None:
        matches = {key: match for key, match in self.state.matches.items() if key in match_ids}
        records = [self._flattener.record(match, References(), self.now) for match in matches.values()]
        known = self._detector.states()
        if not is_listed:
            records = [record for record in records if record["match_id"] in known]
        listed = match_ids if is_listed else None
        found = self._detector.detect(records, self.now, listed=listed)
        if is_listed or found.changed:
            self._log.append(Commit(self.now, found.changed, found.events, listed))
        self._detector.commit(found)
        self.events += found.events

    def close(self) -> None:
        self._log.close()


@contextmanager
def through_a_broker(folder: Path) -> Iterator[Send]:
    """Yield what publishes a message at a real broker, and returns the answers that have come since."""
    received: queue.SimpleQueue[Answer[object]] = queue.SimpleQueue()
    with RunningBroker(folder) as broker:
        account = Broker(broker.ws_url, broker.user, broker.secret)
        feed = PushFeed(lambda heard, opened: PushConnection(account, heard, opened))
        opened_at: queue.SimpleQueue[bool] = queue.SimpleQueue()
        feed.start(received.put, lambda: opened_at.put(True))
        opened_at.get(timeout=WITHIN_S)

        def send(payload: bytes) -> list[Answer[object]]:
            publisher.publish(payload, wait=payload == LAST)
            answers: list[Answer[object]] = []
            while payload == LAST:
                answer = received.get(timeout=WITHIN_S)
                assert isinstance(answer.value, Pushed)
                answers.append(answer)
                if any(part.match_id == "last" for part in answer.value.parts):
                    break
            return answers

        with closing(Publisher(broker)) as publisher:
            yield send
        feed.close()


LAST = b'[{"id":"last","stats":[]}]'
"""A message about no match: all before it have come."""


def straight(payload: bytes) -> list[Answer[object]]:
    """Return the answer of one message, without a broker."""
    return [Answer(PUSHED, Pushed(tuple(read_message(payload, START).parts)), START)]


def folded(path: Path, lists: Sequence[bytes], payloads: Sequence[bytes], send: Send) -> Fold:
    """Push the messages after each list until the next one, which says what they came to."""
    fold = Fold(path)
    for number, results in enumerate(lists):
        fold.now += 1.0
        for payload in payloads[number * PER_POLL : (number + 1) * PER_POLL]:
            for answer in send(payload):
                fold.push(answer)
        for answer in send(LAST):
            fold.push(answer)
        fold.now += EVERY_S - 1.0
        if number == len(lists) - 1:
            break
        fold.poll(results)
    return fold


def same(events: Sequence[Event]) -> set[str]:
    """Return the ids of the goals and incidents."""
    return {event.id for event in events if event.type in SAME}


def accumulated(payloads: Sequence[bytes]) -> dict[str, dict[str, Any]]:
    elements: dict[str, dict[str, Any]] = {}
    for payload in payloads:
        for part in json.loads(payload):
            elements.setdefault(part["id"], {}).update(part)
    return elements


@pytest.fixture(scope="module")
def by_polling(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[str], set[str]]:
    """Return the goals and incidents by polling as seldom as here, and at every message."""
    folder = tmp_path_factory.mktemp("polled")
    seldom, often = (
        replayed(list(live_lists(messages(), per_poll, empty=True)), every_s, folder / f"{per_poll}.db")
        for per_poll, every_s in ((PER_POLL, EVERY_S), (1, 3.0))
    )
    return same(seldom.events), same(often.events)


@needs_messages
@pytest.mark.parametrize("by_broker", [False, True])
def test_the_real_messages_come_to_their_elements_and_to_the_events_of_polling(
    tmp_path: Path, by_broker: bool, by_polling: tuple[set[str], set[str]]
) -> None:
    payloads = MESSAGES.read_bytes().splitlines()
    lists = list(live_lists(messages(), PER_POLL, empty=True))
    if by_broker:
        with through_a_broker(tmp_path / "broker") as send:
            fold = folded(tmp_path / "footy.db", lists, payloads, send)
    else:
        fold = folded(tmp_path / "footy.db", lists, payloads, straight)

    final, _ = read_live(lists[-1], {})
    waiting = {match_id for match_id, _ in fold.state.push.doubted}  # scores that the next list decides
    for match_id, match in fold.state.matches.items():
        assert match_id in waiting or match.live.value == final.matches[match_id], match_id
    assert accumulated(payloads).keys() >= fold.state.matches.keys()
    fold.poll(lists[-1])
    assert {key: match.live.value for key, match in fold.state.matches.items()} == final.matches
    fold.close()
    # What came and went between two lists can be seen by polling more often, and by push.
    assert by_polling[0] <= same(fold.events) <= by_polling[1]
    assert len({event.id for event in fold.events}) == len(fold.events)


@needs_messages
@pytest.mark.parametrize("seed", range(1))
def test_messages_that_come_late_twice_or_never_make_no_event_that_is_not_so(
    tmp_path: Path, seed: int
) -> None:
    random = Random(seed)
    true = messages()
    lists = list(live_lists(true, PER_POLL, empty=True))
    sent: list[bytes] = []
    for start in range(0, len(true), PER_POLL):
        parts = [part for message in true[start : start + PER_POLL] for part in message]
        for _ in range(25):
            kind = random.choice(("drop", "repeat", "late"))
            parts = mutated(parts, random.randrange(len(parts)), kind, random)[:PER_POLL]
        sent += [json.dumps([{"id": one.match_id, one.name: one.value}]).encode() for one in parts]
        sent += [b"[]"] * (PER_POLL - len(parts))
    fold = folded(tmp_path / "footy.db", lists, sent, straight)
    for _ in range(3):
        fold.poll(lists[-1])
        fold.now += 100.0
    fold.close()

    polled = replayed(lists, EVERY_S, tmp_path / "polled.db")
    assert {event.id for event in fold.events if event.type == "goal"} == {
        event.id for event in polled.events if event.type == "goal"
    }
    assert len({event.id for event in fold.events}) == len(fold.events)
    wrong = {event.id for event in fold.events if event.type in {"goal_cancelled", "score_corrected"}}
    assert not wrong
    final, _ = read_live(lists[-1], {})
    assert {key: match.live.value for key, match in fold.state.matches.items()} == final.matches
