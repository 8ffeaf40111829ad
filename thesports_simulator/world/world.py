"""A seeded world of football: a pure function of its options and the time."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Literal

import msgspec

from thesports_simulator.protocol.source import Kind
from thesports_simulator.world.directory import Directory
from thesports_simulator.world.fixtures import FIRST_GENERATION, Programme
from thesports_simulator.world.ids import Ids
from thesports_simulator.world.match import Match, goals
from thesports_simulator.world.odds import Fullness, Odds
from thesports_simulator.world.revisions import Reference
from thesports_simulator.world.storyline import Storyteller

HISTORY = 30 * 86_400  # seconds that the vendor looks back
_AFTERMATH = 300


@dataclass(frozen=True, slots=True)
class WorldOptions:
    """What tells one world from another. `epoch` is the unix second at which it is opened to the public."""

    epoch: int
    matches: int = 49
    seed: int = 1
    odds: Fullness = "full"


class World:
    """What is true at any time, as the vendor would say it.

    Times are whole unix seconds: a reply given at server time t shows the world at floor(t). Two worlds with
    equal options are equal at every time, in any process, and may be asked in any order. Values are fresh and
    the caller's to keep.
    """

    def __init__(self, options: WorldOptions) -> None:
        self.options = options
        self.ids = Ids(options.seed)
        self.directory = Directory(
            seed=options.seed, matches=options.matches, epoch=options.epoch, ids=self.ids
        )
        self.programme = Programme(
            seed=options.seed,
            matches=options.matches,
            epoch=options.epoch,
            ids=self.ids,
            directory=self.directory,
        )
        self.reference = Reference(self.directory, seed=options.seed, epoch=options.epoch, ids=self.ids)
        # Scripts of what is listed and of the matches next to those; older ones are written anew when asked
        # for.
        self._play = lru_cache(maxsize=4 * options.matches + 64)(self._played)
        self._price = lru_cache(maxsize=options.matches * 5 // 4 + 64)(self._priced)

    def live(self, at: int) -> list[Match]:
        """The matches on the live list, in its order."""
        listed = (self._play(slot, self.programme.generation(slot, at)) for slot in self.programme.slots)
        return [match for match in listed if match.is_listed(at)]

    def live_ids(self, at: int) -> list[str]:
        """The ids of the matches on the live list, in its order."""
        return [match.fixture.id for match in self.live(at)]

    def match(self, match_id: str, at: int) -> Match | None:
        """A match that the vendor knows at this time: listed, over, or the next one of its kind."""
        fixture = self.programme.by_id(match_id)
        if fixture is None:
            return None
        match = self._play(fixture.slot, fixture.generation)
        return match if match.is_known(at) else None

    def live_element(self, match_id: str, at: int) -> dict[str, Any] | None:
        """The match's element of match/detail_live; what match/live/history says once it is off the list."""
        match = self.match(match_id, at)
        return match.live_element(at) if match else None

    def detail_row(self, match_id: str, at: int) -> dict[str, Any] | None:
        """The match's row of match/recent/list."""
        match = self.match(match_id, at)
        return match.detail_row(at) if match else None

    def odds_of(self, match: Match) -> Odds:
        """The odds of a match, all its time."""
        return self._price(match.fixture.slot, match.fixture.generation)

    def odds(self, match_id: str, at: int) -> dict[str, Any]:
        """The `results` of odds/history; empty where there is nothing."""
        match = self.match(match_id, at)
        if match is None:
            return {}
        results: dict[str, Any] = msgspec.json.decode(self.odds_of(match).results(at))
        return results

    def team(self, team_id: str, at: int) -> dict[str, Any] | None:
        """The team's row of team/additional/list."""
        return self._reference_row("team", team_id, at)

    def competition(self, competition_id: str, at: int) -> dict[str, Any] | None:
        """The competition's row of competition/additional/list."""
        return self._reference_row("competition", competition_id, at)

    def countries(self) -> list[dict[str, Any]]:
        """The rows of country/list."""
        return self.directory.countries()

    def categories(self) -> list[dict[str, Any]]:
        """The rows of category/list."""
        return self.directory.categories()

    def matches(self, after: int, at: int) -> Iterator[Match]:
        """Every match known at `at` that may have changed after `after`: the next of each slot, and back."""
        after = max(after, at - HISTORY)
        for slot in self.programme.slots:
            generation = self.programme.generation(slot, at) + 1
            while generation >= FIRST_GENERATION:
                match = self._play(slot, generation)
                # The last changes of a detail row come soon after the match has left the list.
                if match.fixture.listed_until + _AFTERMATH < after:
                    break
                if match.is_known(at) or match.fixture.deleted_at <= at:
                    yield match
                generation -= 1

    def since(self, kind: Kind, time: int, at: int) -> list[dict[str, Any]]:
        """The rows of a list endpoint that changed at `time` or later, in order of their `updated_at`."""
        if kind != "match":
            return self.reference.since(kind, time, at)
        changed = [m for m in self.matches(time - 1, at) if m.is_known(at) and m.row_updated_at(at) >= time]
        rows = [match.detail_row(at) for match in changed]
        return sorted(rows, key=lambda row: (row["updated_at"], row["id"]))

    def page(self, kind: Kind, page: int, at: int, *, size: int) -> list[dict[str, Any]]:
        """The rows of one page of a list endpoint, counted from 1."""
        if kind != "match":
            return self.reference.page(kind, page, at, size=size)
        known = (match for match in self.matches(0, at) if match.is_known(at))
        return [match.detail_row(at) for match in islice(known, max(0, page - 1) * size, max(0, page) * size)]

    def _reference_row(
        self, kind: Literal["team", "competition"], id_: str, at: int
    ) -> dict[str, Any] | None:
        number = self.ids.number(id_)
        if number is None or number >= self.reference.count(kind):
            return None
        return self.reference.row(kind, number, at)

    def _played(self, slot: int, generation: int) -> Match:
        fixture = self.programme.fixture(slot, generation)
        first_leg, lead = None, 0
        if fixture.story == "second leg" and generation > FIRST_GENERATION:
            first_leg = self._play(slot, generation - 1).script
            home, away = goals(first_leg.final)
            lead = away - home
        seed = self.options.seed
        script = Storyteller(fixture, seed=seed, ids=self.ids, lead=lead).script()
        return Match(fixture, script, seed=seed, ids=self.ids, directory=self.directory, first_leg=first_leg)

    def _priced(self, slot: int, generation: int) -> Odds:
        match = self._play(slot, generation)
        return Odds(match.fixture, match.script, seed=self.options.seed, fullness=self.options.odds)
