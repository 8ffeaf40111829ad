"""A simulated evening: live lists with every quirk, and a consumer that detects events and writes the log.

    python -m tests.support.quirky_evening LOG SEED MATCHES SECONDS

runs the consumer from where its log ends, and prints each cycle that it has committed; a test kills it.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from footy.events.detector import Detector
from footy.events.results import History
from footy.events.sighting import EventRules
from footy.events.types import Score
from footy.history import Commit, Log, opened
from footy.mirror.state import MatchState, References
from footy.provenance import Held, Source
from footy.records.flatten import Flattener
from footy.records.prices import PriceRules
from footy.thesports.decoders import Elements, read_live
from tests.support.event_oracle import Element, Poll, Tale, tale
from tests.support.oracle import STATUS, Unchanging, scores
from thesports_simulator.protocol.source import Quirk
from thesports_simulator.world import feeds
from thesports_simulator.world.quirks import QUIRKS
from thesports_simulator.world.world import World, WorldOptions
from thesports_simulator.world_source import WorldSource

EPOCH = 1_750_000_000
ALL_QUIRKS = tuple(Quirk(name) for name in QUIRKS)
_WITHIN_S = 30 * 86_400.0
_MISSING: Held[Any] = Held(None, None, Source.MISSING)


class Cycle(msgspec.Struct, frozen=True):
    """A cycle of the consumer: when, and whether it reads the live list."""

    at: float
    reads: bool


@dataclass(frozen=True)
class Evening:
    """What happens, and when it is looked at. Equal values are the same evening in every process."""

    seed: int
    matches: int
    """How many are listed at a time."""
    seconds: int
    slow: bool = False
    """Look every minute or so, not every few seconds."""
    chosen_of: int = 0
    """Choose the matches from a world of so many, so that a few matches show every course of a match."""
    quirks: tuple[Quirk, ...] = ALL_QUIRKS

    @cached_property
    def world(self) -> World:
        options = WorldOptions(
            epoch=EPOCH, matches=max(self.matches, self.chosen_of), seed=self.seed, odds="light"
        )
        world = World(options)
        if self.chosen_of:
            world.programme.slots = self._chosen(world)  # type: ignore[assignment]
        return world

    def _chosen(self, world: World) -> list[int]:
        """Return slots that have every course between them, and more up to the number of matches."""
        chosen: dict[int, None] = {}
        covered: set[Any] = set()
        for slot in range(self.chosen_of):
            new = self._courses(world, slot) - covered
            if new:
                chosen[slot] = None
                covered |= new
        chosen |= dict.fromkeys(range(self.chosen_of))
        return sorted(list(chosen)[: self.matches])

    def _courses(self, world: World, slot: int) -> set[Any]:
        found: set[Any] = set()
        for generation in (0, 1):
            match = world._match_in(slot, generation)
            if match.fixture.listed_until < EPOCH + self.seconds:
                kinds = {incident["type"] for incident in match.script.final.incidents}
                statuses = {state.status for state in match.script.states}
                found |= {match.fixture.story, *statuses, *(("type", kind) for kind in kinds)}
                found |= {"kicks that are not listed"} if 7 in statuses and 29 not in kinds else set()
        return found

    @cached_property
    def source(self) -> WorldSource:
        return WorldSource(self.world)

    @cached_property
    def cycles(self) -> list[Cycle]:
        """Return the cycles: mostly 5 to 25 s apart, some without a list, some after minutes of nothing."""
        random, at, cycles = Random(f"evening:{self.seed}"), EPOCH + 0.5, []
        shortest, longest = (40, 120) if self.slow else (5, 25)
        while at < EPOCH + self.seconds:
            cycles.append(Cycle(at, reads=random.random() > 0.04))
            at += random.randint(70, 400) if random.random() < 0.006 else random.randint(shortest, longest)
        return cycles

    def live_list(self, at: float) -> bytes:
        """Return the live list as it is served."""
        return self.source.live_list(int(at), quirks=self.quirks)

    def deleted(self, at: float) -> set[str]:
        """Return the ids that the vendor says it deleted."""
        return set(feeds.deleted(self.world, int(at)).get("match", ()))

    def history(self, match_id: str, at: float) -> Element:
        """Return the match as match/live/history serves it."""
        element: Element = msgspec.json.decode(self.source.live_history(match_id, int(at)))
        return element

    def tale(self, cycles: list[Cycle]) -> Tale:
        """Return what a consumer of these cycles has to emit."""
        parsed: dict[bytes, Element] = {}

        def listed(at: float) -> dict[str, Element]:
            rows = msgspec.json.decode(self.live_list(at), type=list[msgspec.Raw])
            texts = [bytes(row) for row in rows]
            elements = [parsed.get(text) or Unchanging(msgspec.json.decode(text)) for text in texts]
            parsed.clear()
            parsed.update(zip(texts, elements, strict=True))
            return {one["id"]: one for one in elements}

        polls = [Poll(cycle.at, listed(cycle.at) if cycle.reads else None) for cycle in cycles]
        return tale(polls, self.deleted, self.history)


class Consumer:
    """The service in small: it decodes and flattens live lists, detects events and commits them."""

    def __init__(self, evening: Evening, log: Log) -> None:
        self._evening = evening
        self._log = log
        self.restart()
        self._flattener = Flattener(PriceRules((2, 3), (2, 6), 900))
        self._elements: Elements = {}
        self._held: dict[str, MatchState] = {}

    def restart(self) -> None:
        """Forget everything that is not in the log; load what the service does."""
        listed = self._log.states(self._log.listed())
        self._detector = Detector(EventRules(), listed, listed_at=self._log.listed_at())
        self._detector.add(self._log.open_states(_WITHIN_S))

    def run(self, cycle: Cycle, *, fails: bool = False) -> None:
        """Run a cycle; if it fails, nothing of it is committed."""
        at, listed = cycle.at, None
        if cycle.reads:
            live, self._elements = read_live(self._evening.live_list(at), self._elements)
            assert not live.broken
            self._held = {
                key: MatchState(Held(one, at, Source.FRESH), _MISSING, _MISSING)
                for key, one in live.matches.items()
            }
            listed = set(self._held)
        else:
            self._held = {
                key: replace(one, live=replace(one.live, source=Source.STALE))
                for key, one in self._held.items()
            }
        records = self._flattener.records(self._held, References(), at)
        deleted = self._evening.deleted(at)
        if new := {record["match_id"] for record in records} - self._detector.states().keys():
            self._detector.add(self._log.states(new))
        found = self._detector.detect(records, at, listed=listed, deleted=deleted)
        if fails:
            return
        self._log.append(Commit(at, found.changed, found.events, listed))
        self._detector.commit(found)
        if listed is not None:
            self._detector.drop_closed(listed, at - _WITHIN_S)
        due = self._detector.results_due(at)
        if due:
            final = {one: history_of(self._evening.history(one, at)) for one in due}
            found = self._detector.conclude(final, at)
            self._log.append(Commit(at, found.changed, found.events, listed=None))
            self._detector.commit(found)


def history_of(element: Element) -> History:
    """Return the final state that an element tells."""
    status, shown = element["score"][1], scores(element)

    def pair(name: str) -> Score | None:
        home, away = shown[f"home_{name}"], shown[f"away_{name}"]
        return None if home is None or away is None else Score(home, away)

    return History(
        status, STATUS[status], pair("score"), pair("score_ht"), pair("score_et"), pair("score_pens")
    )


def cycles_after(evening: Evening, log: Log) -> Iterator[Cycle]:
    """Yield the cycles that the log does not hold yet."""
    [[done]] = log._query("SELECT max(at) FROM cycle")  # type: ignore[attr-defined]
    return (cycle for cycle in evening.cycles if done is None or cycle.at > done)


def main(say: Callable[[str], object] = print) -> None:
    path, seed, matches, seconds = sys.argv[1:5]
    evening = Evening(int(seed), int(matches), int(seconds))
    log, _ = opened(Path(path))
    consumer = Consumer(evening, log)
    for cycle in cycles_after(evening, log):
        consumer.run(cycle)
        say(f"{cycle.at}", flush=True)  # type: ignore[call-arg]
    log.close()


if __name__ == "__main__":
    main()
