"""A seeded world of football: a pure function of its options and the time."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from random import Random
from typing import Any, Literal

import msgspec

from thesports_simulator.protocol.source import Kind, Quirk
from thesports_simulator.world.directory import Directory
from thesports_simulator.world.fixtures import FIRST_GENERATION, Fixture, Programme
from thesports_simulator.world.ids import Ids
from thesports_simulator.world.match import Match, goals
from thesports_simulator.world.odds import Fullness, Odds
from thesports_simulator.world.quirks import QUIRKS
from thesports_simulator.world.revisions import Reference
from thesports_simulator.world.shown import Shown, shown
from thesports_simulator.world.storyline import ScriptWriter

HISTORY = 30 * 86_400  # seconds of past matches that the vendor keeps
_AFTERMATH = 300


@dataclass(frozen=True, slots=True)
class WorldOptions:
    """The options that define a world. `epoch` is the unix second at which it opens."""

    epoch: int
    matches: int = 49
    seed: int = 1
    odds: Fullness = "full"


class World:
    """The truth at any time, in the vendor's format.

    Times are whole unix seconds: a reply given at server time t shows the world at floor(t). Two worlds with
    equal options are equal at every time, in any process, for any order of calls. Returned values are new and
    may be changed.
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
        # Scripts of listed matches and their neighbours; older ones are generated again on demand.
        self._match_in = lru_cache(maxsize=4 * options.matches + 64)(self._make_match)
        self._shown_in = lru_cache(maxsize=2 * options.matches + 64)(self._make_shown)
        self._odds_in = lru_cache(maxsize=options.matches * 5 // 4 + 64)(self._make_odds)

    def live(self, at: int) -> list[Match]:
        """Return the matches on the live list, in its order."""
        listed = (
            self.programme.fixture(slot, self.programme.generation(slot, at)) for slot in self.programme.slots
        )
        return [self._match_of(fixture) for fixture in listed if fixture.is_listed(at)]

    def live_ids(self, at: int) -> list[str]:
        """Return the ids of the matches on the live list, in its order."""
        return [match.fixture.id for match in self.live(at)]

    def match(self, match_id: str, at: int) -> Match | None:
        """Return a match that the vendor knows at this time: listed, ended, or the next in its slot."""
        fixture = self.programme.by_id(match_id)
        return self._match_of(fixture) if fixture and fixture.is_known(at) else None

    def live_element(self, match_id: str, at: int) -> dict[str, Any] | None:
        """Return the match's element of match/detail_live, or of match/live/history after its listing."""
        match = self.match(match_id, at)
        return match.live_element(at) if match else None

    def shown(self, match: Match, quirks: tuple[Quirk, ...]) -> Shown:
        """Return what the live list shows of a match with these quirks."""
        return self._shown_in(match.fixture.slot, match.fixture.generation, quirks)

    def detail_row(self, match_id: str, at: int) -> dict[str, Any] | None:
        """Return the match's row of match/recent/list."""
        match = self.match(match_id, at)
        return match.detail_row(at) if match else None

    def odds_of(self, match: Match) -> Odds:
        """Return all odds of a match."""
        return self._odds_in(match.fixture.slot, match.fixture.generation)

    def odds(self, match_id: str, at: int) -> dict[str, Any]:
        """Return the `results` of odds/history; empty if there are none."""
        match = self.match(match_id, at)
        if match is None:
            return {}
        results: dict[str, Any] = msgspec.json.decode(self.odds_of(match).results(at))
        return results

    def team(self, team_id: str, at: int) -> dict[str, Any] | None:
        """Return the team's row of team/additional/list."""
        return self._reference_row("team", team_id, at)

    def competition(self, competition_id: str, at: int) -> dict[str, Any] | None:
        """Return the competition's row of competition/additional/list."""
        return self._reference_row("competition", competition_id, at)

    def countries(self) -> list[dict[str, Any]]:
        """Return the rows of country/list."""
        return self.directory.countries()

    def categories(self) -> list[dict[str, Any]]:
        """Return the rows of category/list."""
        return self.directory.categories()

    def known(self, after: int, at: int) -> Iterator[Fixture]:
        """Yield the matches known at `at` that may have changed after `after`, newest first per slot."""
        after = max(after, at - HISTORY)
        for slot in self.programme.slots:
            generation = self.programme.generation(slot, at) + 1
            while generation >= FIRST_GENERATION:
                fixture = self.programme.fixture(slot, generation)
                # The last changes of a detail row come soon after the match has left the list.
                if fixture.listed_until + _AFTERMATH < after:
                    break
                if fixture.is_known(at):
                    yield fixture
                generation -= 1

    def prepare(self, at: int) -> None:
        """Generate everything that is listed at this time, and its neighbours."""
        for match in self.live(at):
            self.odds_of(match)
        for fixture in self.known(at, at):
            self._match_of(fixture)

    def since(self, kind: Kind, time: int, at: int) -> list[dict[str, Any]]:
        """Return the rows of a list endpoint changed at `time` or later, in order of their `updated_at`."""
        if kind != "match":
            return self.reference.since(kind, time, at)
        known = self.known(time - 1, at)
        changed = [self._match_of(fixture) for fixture in known if fixture.may_change(time, at)]
        rows = [match.detail_row(at) for match in changed if match.row_updated_at(at) >= time]
        return sorted(rows, key=lambda row: (row["updated_at"], row["id"]))

    def diary(self, start: int, at: int) -> list[dict[str, Any]]:
        """Return the rows of the matches known at `at` that kick off in the 24 hours after `start`."""
        found = [one for one in self.known(start, at) if start <= one.kick_off < start + 86_400]
        rows = [self._match_of(fixture).detail_row(at) for fixture in found]
        return sorted(rows, key=lambda row: (row["match_time"], row["id"]))

    def page(self, kind: Kind, page: int, at: int, *, size: int) -> list[dict[str, Any]]:
        """Return the rows of one page of a list endpoint, counted from 1."""
        if kind != "match":
            return self.reference.page(kind, page, at, size=size)
        known = islice(self.known(0, at), max(0, page - 1) * size, max(0, page) * size)
        return [self._match_of(fixture).detail_row(at) for fixture in known]

    def _reference_row(
        self, kind: Literal["team", "competition"], id_: str, at: int
    ) -> dict[str, Any] | None:
        number = self.ids.number(id_)
        if number is None or number >= self.reference.count(kind):
            return None
        return self.reference.row(kind, number, at)

    def _match_of(self, fixture: Fixture) -> Match:
        return self._match_in(fixture.slot, fixture.generation)

    def _make_match(self, slot: int, generation: int) -> Match:
        fixture = self.programme.fixture(slot, generation)
        first_leg, lead = None, 0
        if fixture.story == "second leg" and generation > FIRST_GENERATION:
            first_leg = self._match_in(slot, generation - 1).script
            home, away = goals(first_leg.final)
            lead = away - home
        seed = self.options.seed
        script = ScriptWriter(fixture, seed=seed, ids=self.ids, lead=lead).script()
        return Match(fixture, script, seed=seed, ids=self.ids, directory=self.directory, first_leg=first_leg)

    def _make_shown(self, slot: int, generation: int, quirks: tuple[Quirk, ...]) -> Shown:
        match, rates = self._match_in(slot, generation), dict(quirks)
        drawn = []
        for name, quirk in QUIRKS.items():
            random = Random(f"{name}:{self.options.seed}:{match.fixture.number}")
            if name in rates and random.random() < rates[name]:
                drawn.append((quirk, random))
        return shown(match.fixture, match.script, drawn)

    def _make_odds(self, slot: int, generation: int) -> Odds:
        match = self._match_in(slot, generation)
        return Odds(match.fixture, match.script, seed=self.options.seed, fullness=self.options.odds)
