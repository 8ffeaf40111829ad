"""The fixtures: an endless programme that keeps the number of listed matches about constant."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from thesports_simulator.world.directory import TEAMS_OF_A_SLOT, Directory
from thesports_simulator.world.ids import Ids

FIRST_GENERATION = -2
NEVER = 1 << 40
DETAILS_FROM_S = 60
"""Seconds before the kick-off from which on the detail row of a match that is not listed yet may change."""
_SLOTS = 10_000
_MINUTE = 60

# Seconds after the start of its listing in which a match has the status, for any delay and added time.
_CERTAIN = {2: (250, 2_700), 3: (3_240, 3_560), 4: (4_270, 6_380), 8: (7_380, 7_790)}


@dataclass(frozen=True, slots=True)
class Fixture:
    """One match of the programme, as planned. Times are unix seconds.

    `story` is its course: "played", "knock-out", "first leg", "second leg", "awaited" (status 13
    throughout), "lost" (13 after some play), "postponed", "cancelled", "abandoned", "interrupted" or
    "deleted". `related` is the id of the other leg of a tie.
    """

    number: int
    id: str
    slot: int
    generation: int
    story: str
    competition: int
    home: int
    away: int
    announced_at: int
    listed_from: int
    listed_until: int
    kick_off: int
    related: str | None
    is_covered: bool
    goals_expected: tuple[float, float]

    @property
    def deleted_at(self) -> int:
        """Return the time at which the vendor deletes it; `NEVER` for most matches."""
        if self.story != "deleted":
            return NEVER
        return self.listed_from + (self.listed_until - self.listed_from) * 2 // 5

    def is_listed(self, at: int) -> bool:
        """Return whether the live list holds it."""
        return self.listed_from <= at < min(self.listed_until, self.deleted_at)

    def is_known(self, at: int) -> bool:
        """Return whether the vendor knows it: it is announced and not deleted."""
        return self.announced_at <= at < self.deleted_at

    def may_change(self, time: int, at: int) -> bool:
        """Return whether its detail row may have changed at `time` or later, up to `at`."""
        return self.announced_at >= time or at >= min(self.listed_from, self.kick_off - DETAILS_FROM_S)


class Programme:
    """All fixtures of a world: one sequence of generations per slot.

    A slot always lists one match. Its matches are evenly spaced, so the match at any time is found by
    division, without a memory of the past.
    """

    def __init__(self, *, seed: int, matches: int, epoch: int, ids: Ids, directory: Directory) -> None:
        self._seed = seed
        self._epoch = epoch
        self._ids = ids
        self._directory = directory
        self.slots = range(matches)
        self.spacing = lru_cache(maxsize=None)(self._spacing)
        self.fixture = lru_cache(maxsize=6 * matches + 64)(self._fixture)

    def generation(self, slot: int, at: int) -> int:
        """Return the generation listed in a slot at this time."""
        first, period = self.spacing(slot)
        return (at - first) // period

    def deleted(self, after: int, at: int) -> Iterator[Fixture]:
        """Yield the matches deleted later than `after` and up to `at`."""
        for slot in self.slots:
            if self._kind(slot) != "odd":
                continue
            first = max(FIRST_GENERATION, self.generation(slot, after))
            for generation in range(first, self.generation(slot, at) + 1):
                fixture = self.fixture(slot, generation)
                if after < fixture.deleted_at <= at:
                    yield fixture

    def by_id(self, match_id: str) -> Fixture | None:
        """Return the match with this id, even in the future; None if no match has it."""
        number = self._ids.number(match_id)
        if number is None:
            return None
        generation, slot = divmod(number, _SLOTS)
        if slot not in self.slots or generation > 1_000_000:
            return None
        return self.fixture(slot, generation + FIRST_GENERATION)

    def _kind(self, slot: int) -> str:
        competition = self._directory.competition_of(slot)
        if slot % 12 == 5:
            return "odd"
        last_of_its_competition = self._directory.competition_of(slot + 1) != competition
        if last_of_its_competition and self._directory.competition(competition).is_knock_out:
            return "knock-out"
        return "regular"

    def _spacing(self, slot: int) -> tuple[int, int]:
        """Return when generation 0 of a slot is listed, and the seconds of each generation.

        At the epoch the statuses are mixed as in the vendor's capture; later the slots are independent.
        """
        random = Random(f"slot:{self._seed}:{slot}")
        period = {"regular": 7_800, "knock-out": 10_800, "odd": 9_600}[self._kind(slot)] + random.randrange(
            600
        )
        share = (slot * 0.618034 + 0.33) % 1
        status = 2 if share < 0.465 else 4 if share < 0.735 else 8 if share < 0.885 else 3
        return self._epoch - random.randint(*_CERTAIN[status]), period

    def _story(self, random: Random, slot: int, generation: int) -> str:
        kind = self._kind(slot)
        if kind == "odd":
            stories = ("awaited", "lost", "postponed", "abandoned", "interrupted", "cancelled", "deleted")
            return random.choices(stories, (50, 14, 12, 8, 8, 5, 3))[0]
        if kind == "knock-out":
            tie, leg = divmod(generation, 2)
            return ("first leg", "second leg")[leg] if (tie + slot) % 2 == 0 else "knock-out"
        return "played"

    def _teams(self, slot: int, generation: int, story: str) -> tuple[int, int]:
        """Return two of the slot's eight teams; only the legs of a tie have the same teams in a row."""
        round_ = 2 * (generation // 2) + 1 if story.endswith("leg") else generation
        first = slot * TEAMS_OF_A_SLOT
        home = first + 2 * round_ % TEAMS_OF_A_SLOT
        away = first + (2 * round_ + 1 + 2 * (round_ // 4 % 4)) % TEAMS_OF_A_SLOT
        turned = story == "second leg" if story.endswith("leg") else round_ // 16 % 2 == 1
        return (away, home) if turned else (home, away)

    def _fixture(self, slot: int, generation: int) -> Fixture:
        random = Random(f"fixture:{self._seed}:{slot}:{generation}")
        first, period = self.spacing(slot)
        listed_from = first + generation * period
        story = self._story(random, slot, generation)
        competition = self._directory.competition(self._directory.competition_of(slot))
        home, away = self._teams(slot, generation, story)
        lead = random.randint(1, 4) * _MINUTE if random.random() < 0.3 or story == "cancelled" else 0
        strength = random.gauss(0.25, 0.55)
        total = max(1.2, random.gauss(2.9, 0.5))
        related = {"first leg": generation + 1, "second leg": generation - 1}.get(story)
        covered = random.random() < (0.25 if competition.kind in {"lower league", "unfiled cup"} else 0.9)
        return Fixture(
            number=self._number(slot, generation),
            id=self.match_id(slot, generation),
            slot=slot,
            generation=generation,
            story=story,
            competition=competition.number,
            home=home,
            away=away,
            announced_at=listed_from - period,
            listed_from=listed_from,
            listed_until=listed_from + period,
            kick_off=listed_from + lead,
            related=None if related is None else self.match_id(slot, related),
            is_covered=covered and story not in {"awaited", "postponed", "cancelled", "deleted"},
            goals_expected=(max(0.15, (total + strength) / 2), max(0.15, (total - strength) / 2)),
        )

    def match_id(self, slot: int, generation: int) -> str:
        """Return the id of the match in a slot's generation."""
        return self._ids.text(self._number(slot, generation))

    @staticmethod
    def _number(slot: int, generation: int) -> int:
        return (generation - FIRST_GENERATION) * _SLOTS + slot
