"""The push messages of a world: what changed from second to second, and what can be wrong with it. Seeded."""

import copy
from collections import deque
from collections.abc import Iterator, Mapping
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from thesports_simulator.world.world import World

TOPIC = "thesports/football/match/v1"
PARTS = ("score", "stats", "incidents", "tlive")
LATEST = 3
"""Seconds by which a message may come late, at most."""
FLOOD = 200
FAULTS: Mapping[str, str] = {
    "gap": "the message is never sent",
    "twice": "it is sent twice, the second time up to three seconds later",
    "late": "it is sent up to three seconds later, and so after newer ones",
    "swap": "cards and corners of the two sides are exchanged, if the match is not in play",
    "edit": "the newest incident lacks its player, and is sent whole one second later",
    "flood": f"it is sent {FLOOD} times",
    "malformed": "it ends in the middle",
}
"""Name of a fault of messages, to its description."""

Message = dict[str, Any]
_encode = msgspec.json.Encoder().encode


class MessageFaultError(ValueError):
    """The text of a fault of messages cannot be read."""


def parse_fault(text: str) -> tuple[str, float]:
    """Read `NAME:RATE`; the rate is 1 by default.

    Raises:
        MessageFaultError: There is no such fault, or no such rate.
    """
    name, _, rate = text.partition(":")
    try:
        share = float(rate or 1)
    except ValueError:
        share = -1.0
    if name not in FAULTS or not 0 <= share <= 1:
        raise MessageFaultError(f"{text} is not one of {', '.join(FAULTS)}, with a rate from 0 to 1")
    return name, share


class Messages:
    """Makes the messages of each second, in order, with faults at their rates."""

    def __init__(self, world: "World", faults: Mapping[str, float] | None = None, *, seed: int = 1) -> None:
        self._world = world
        self._faults = dict(faults or {})
        self._random = Random(f"messages:{seed}")
        self._before: dict[str, Message] = {}
        self._later: deque[tuple[int, Message]] = deque()
        self.counts: dict[str, int] = dict.fromkeys(("sent", *FAULTS), 0)
        """Messages that were sent, and those that each fault has touched."""

    def of_second(self, at: int) -> Iterator[bytes]:
        """Yield the messages of a server second: the changes since the second of the call before."""
        due = [message for then, message in self._later if then <= at]
        self._later = deque((then, message) for then, message in self._later if then > at)
        for message in due:
            yield self._sent(message)
        for message in self._changes(at):
            yield from self._with_faults(message, at)

    def _changes(self, at: int) -> Iterator[Message]:
        elements = {match.fixture.id: match.live_element(at) for match in self._world.live(at)}
        before, self._before = self._before, elements
        for match_id, element in elements.items():
            was = before.get(match_id)
            if was is None:  # the list tells of new matches
                continue
            for part in PARTS:
                if element[part] != was[part]:
                    yield {"id": match_id, part: copy.deepcopy(element[part])}

    def _drawn(self, fault: str) -> bool:
        rate = self._faults.get(fault, 0.0)
        drawn = rate > 0 and self._random.random() < rate
        self.counts[fault] += drawn
        return drawn

    def _with_faults(self, message: Message, at: int) -> Iterator[bytes]:
        if self._drawn("gap"):
            return
        if self._drawn("late"):
            self._later.append((at + self._random.randint(1, LATEST), message))
            return
        wrong = self._edited(message, at) or self._swapped(message, at) or message
        if self._drawn("malformed"):
            text = self._sent(wrong)
            yield text[: len(text) // 2]
            return
        yield self._sent(wrong)
        if self._drawn("twice"):
            self._later.append((at + self._random.randint(0, LATEST), wrong))
        if self._drawn("flood"):
            for _ in range(FLOOD):
                yield self._sent(wrong)

    def _edited(self, message: Message, at: int) -> Message | None:
        incidents = message.get("incidents")
        if not incidents or "player_name" not in incidents[-1] or not self._drawn("edit"):
            return None
        self._later.append((at + 1, message))
        last = {key: value for key, value in incidents[-1].items() if not key.startswith("player_")}
        return {"id": message["id"], "incidents": [*incidents[:-1], last]}

    def _swapped(self, message: Message, at: int) -> Message | None:
        score = message.get("score")
        if score is None or score[1] in range(2, 8) or not self._drawn("swap"):
            return None
        self._later.append((at + self._random.randint(1, LATEST), message))
        home, away = list(score[2]), list(score[3])
        home[2:5], away[2:5] = away[2:5], home[2:5]
        return {"id": message["id"], "score": [*score[:2], home, away, *score[4:]]}

    def _sent(self, message: Message) -> bytes:
        self.counts["sent"] += 1
        return bytes(_encode([message]))
