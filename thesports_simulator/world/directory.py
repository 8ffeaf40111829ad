"""The directory: countries, competitions and teams, as in the vendor's reference lists."""

from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

from thesports_simulator.world.ids import Ids
from thesports_simulator.world.places import (
    CATEGORIES,
    CLUB_FORMS,
    COUNTRIES,
    INTERNATIONAL,
    NATIONAL_SIDES,
    SUFFIXES,
    YOUTH_SIDES,
    Country,
)

TEAMS_OF_A_SLOT = 8
_IMAGES = "https://img.thesports.com/football"
_DAY = 86_400

# Every twenty competitions have these kinds, in an order that makes small worlds varied too.
_KINDS = (
    "league", "league", "women", "cup", "lower league", "league", "lower league", "continental cup", "league",
    "international friendly", "youth", "league", "lower league", "cup", "league", "unfiled cup", "women",
    "lower league", "league", "club friendly",
)  # fmt: skip
_SIDES_BY_KIND = {"women": " (W)", "youth": " U19", "unfiled cup": " U17"}
_LEAGUE, _CUP, _FRIENDLY = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Competition:
    """A competition, independent of the vendor's format.

    `country` and `category` index `COUNTRIES` and `CATEGORIES`; the vendor leaves None empty.
    """

    number: int
    kind: str
    home: int

    @property
    def edition(self) -> int:
        """Return the number of earlier competitions of its country."""
        return self.number // len(COUNTRIES)

    @property
    def occurrence(self) -> int:
        """Return the approximate number of earlier competitions of its kind."""
        return self.number // len(_KINDS)

    @property
    def country(self) -> int | None:
        """Return the country, None for competitions of several countries."""
        return None if self.is_across_borders else self.home

    @property
    def category(self) -> int | None:
        """Return the continent or "International"; one kind has no category."""
        if self.kind == "unfiled cup":
            return None
        if self.kind in {"international friendly", "club friendly"}:
            return INTERNATIONAL
        return COUNTRIES[self.home].category

    @property
    def is_across_borders(self) -> bool:
        """Return whether teams of several countries play."""
        return self.kind in {"continental cup", "international friendly", "club friendly", "unfiled cup"}

    @property
    def is_national_sides(self) -> bool:
        """Return whether national sides play, not clubs."""
        return self.kind in {"international friendly", "unfiled cup"}

    @property
    def is_knock_out(self) -> bool:
        """Return whether some of its matches must have a winner."""
        return self.kind in {"cup", "continental cup"}

    @property
    def has_table(self) -> bool:
        """Return whether its teams have table positions."""
        return self.kind in {"league", "women", "youth"}

    @property
    def has_season(self) -> bool:
        """Return whether the vendor sends its season."""
        return self.kind not in {"lower league", "international friendly", "club friendly"}


class Directory:
    """The countries, competitions and teams of a world; rows as first published.

    Each slot belongs to the competition `competition_of(slot)` and owns the teams 8s … 8s + 7, so that no
    team plays two matches at once. After those come spare teams that never play, as targets
    of merged duplicates.
    """

    def __init__(self, *, seed: int, matches: int, epoch: int, ids: Ids) -> None:
        self._seed = seed
        self._epoch = epoch
        self._ids = ids
        self._turn = Random(f"countries:{seed}").randrange(len(COUNTRIES))
        self.playing_teams = matches * TEAMS_OF_A_SLOT
        self.spare_teams = 8 + matches // 5
        self.team_count = self.playing_teams + self.spare_teams
        self.competition_count = self.competition_of(matches - 1) + 1
        self.competition = lru_cache(maxsize=1024)(self._competition)
        self._country_rows = lru_cache(maxsize=1)(self._countries)
        self.first_team_row = lru_cache(maxsize=4096)(self._first_team_row)
        self.first_competition_row = lru_cache(maxsize=1024)(self._first_competition_row)

    @staticmethod
    def competition_of(slot: int) -> int:
        """Return the competition of this slot: two or three slots each, five per two competitions."""
        return slot * 2 // 5

    def country_id(self, country: int) -> str:
        """Return a country's id; the first six are also category ids, as at the vendor."""
        return CATEGORIES[country][0] if country < len(CATEGORIES) else self._ids.text(500 + country)

    def countries(self) -> list[dict[str, Any]]:
        """Return all rows of country/list."""
        return [row.copy() for row in self._country_rows()]

    def _countries(self) -> list[dict[str, Any]]:
        return [
            {
                "id": self.country_id(number),
                "category_id": CATEGORIES[country.category][0],
                "name": country.name,
                "logo": self._logo("country", number),
                "updated_at": self._epoch - 900 * _DAY + number,
            }
            for number, country in enumerate(COUNTRIES)
        ]

    def categories(self) -> list[dict[str, Any]]:
        """Return all rows of category/list."""
        return [
            {"id": id_, "name": name, "updated_at": self._epoch - 900 * _DAY + number}
            for number, (id_, name) in enumerate(CATEGORIES)
        ]

    def team_name(self, number: int) -> str:
        """Return a team's name as first published."""
        if number >= self.playing_teams:
            return self._club_name(COUNTRIES[number % len(COUNTRIES)], 300 + number - self.playing_teams)
        competition = self.competition(self.competition_of(number // TEAMS_OF_A_SLOT))
        side = _SIDES_BY_KIND.get(competition.kind, "")
        rank = self._rank(number, competition)
        if competition.is_national_sides:
            round_, country = divmod(competition.occurrence * 24 + rank, len(COUNTRIES))
            sides = NATIONAL_SIDES if competition.kind == "international friendly" else YOUTH_SIDES
            return COUNTRIES[country].name + sides[round_ % len(sides)]
        if competition.is_across_borders:
            pool = self._club_countries(competition)
            round_, country = divmod(competition.occurrence * 24 + rank, len(pool))
            return self._club_name(COUNTRIES[pool[country]], 200 + round_)
        return self._club_name(COUNTRIES[competition.home], competition.edition * 24 + rank) + side

    def _competition(self, number: int) -> Competition:
        home = (self._turn + number * 5) % len(COUNTRIES)
        return Competition(number, _KINDS[number % len(_KINDS)], home)

    def _rank(self, team: int, competition: Competition) -> int:
        first_slot = -(-competition.number * 5 // 2)
        return team - first_slot * TEAMS_OF_A_SLOT

    @staticmethod
    def _club_countries(competition: Competition) -> list[int]:
        everywhere = competition.category == INTERNATIONAL
        continent = COUNTRIES[competition.home].category
        return [i for i, country in enumerate(COUNTRIES) if everywhere or country.category == continent]

    @staticmethod
    def _club_name(country: Country, rank: int) -> str:
        forms = CLUB_FORMS[country.style].split(", ")
        row, town = divmod(rank, len(country.towns))
        suffix, form = divmod(row, len(forms))
        return (
            forms[(form + 3 * town) % len(forms)].format(country.towns[town])
            + SUFFIXES[suffix % len(SUFFIXES)]
        )

    def _logo(self, kind: str, number: int) -> str:
        return f"{_IMAGES}/{kind}/{Random(f'{kind}:{self._seed}:{number}').getrandbits(128):032x}.png"

    def _first_team_row(self, number: int) -> dict[str, Any]:
        random = Random(f"team:{self._seed}:{number}")
        name = self.team_name(number)
        playing = number < self.playing_teams
        competition = self.competition(
            self.competition_of(min(number, self.playing_teams - 1) // TEAMS_OF_A_SLOT)
        )
        national = playing and competition.is_national_sides
        country = competition.home if playing else number % len(COUNTRIES)
        if playing and competition.is_national_sides:
            country = next(i for i, country in enumerate(COUNTRIES) if name.startswith(country.name))
        elif playing and competition.is_across_borders:
            pool = self._club_countries(competition)
            country = pool[(competition.occurrence * 24 + self._rank(number, competition)) % len(pool)]
        at_home = playing and not competition.is_across_borders
        known = random.random()  # the share of fields that the vendor fills
        squad = random.randint(18, 34) if known > 0.4 else 0
        return {
            "id": self._ids.text(number),
            "competition_id": self._ids.text(competition.number) if at_home and known > 0.1 else "",
            "country_id": self.country_id(country) if national or known > 0.1 else "",
            "name": name,
            "short_name": name.replace("Deportivo", "Dep.").replace("United", "Utd") if known > 0.2 else "",
            "logo": self._logo("team", number),
            "national": int(national),
            "country_logo": self._logo("country", country) if national else "",
            "foundation_time": random.randint(1890, 2007) if known > 0.5 else 0,
            "website": f"https://www.club{number}.example" if known > 0.6 else "",
            "coach_id": self._ids.text(100_000 + number) if known > 0.3 else "",
            "venue_id": self._ids.text(200_000 + number) if known > 0.4 else "",
            "market_value": random.randint(3, 900) * 100_000 if known > 0.6 else 0,
            "market_value_currency": "€" if known > 0.6 and random.random() < 0.9 else "",
            "total_players": squad,
            "foreign_players": squad // 4,
            "national_players": squad // 8,
            "virtual": 0,
            # The vendor lists a few women's teams as men's, too.
            "gender": 2 if "(W)" in name and random.random() < 0.95 else 1,
            "updated_at": self._epoch - random.randint(1 * _DAY, 400 * _DAY),
        }

    def _first_competition_row(self, number: int) -> dict[str, Any]:
        random = Random(f"competition:{self._seed}:{number}")
        competition = self.competition(number)
        name, short_name, type_ = self._competition_name(competition)
        first_team = -(-number * 5 // 2) * TEAMS_OF_A_SLOT
        teams = [self._ids.text(first_team + i) for i in range(TEAMS_OF_A_SLOT)]
        renowned = competition.kind in {"league", "continental cup"} and random.random() < 0.7
        titles = random.randint(2, 30)
        above, below = number - len(COUNTRIES), number + len(COUNTRIES)
        return {
            "id": self._ids.text(number),
            "category_id": "" if competition.category is None else CATEGORIES[competition.category][0],
            "country_id": "" if competition.country is None else self.country_id(competition.country),
            "name": name,
            "short_name": short_name,
            "logo": self._logo("competition", number),
            "type": type_,
            "cur_season_id": self.season_id(number) if competition.has_season else "",
            "cur_stage_id": self.stage_id(number) if competition.has_season else "",
            "cur_round": random.randint(1, 34) if competition.has_table else 0,
            "round_count": 38 if competition.has_table else 0,
            "title_holder": [teams[0], titles] if renowned else [],
            "most_titles": [[teams[0], teams[1]], titles + 2] if renowned else [],
            "newcomers": [teams[2:4], []] if renowned else [],
            "divisions": [
                [self._ids.text(above)] if above >= 0 else [],
                [self._ids.text(below)] if below < self.competition_count else [],
            ]
            if renowned
            else [],
            "host": {"country": COUNTRIES[competition.home].name}
            if competition.kind == "continental cup"
            else {},
            "primary_color": f"#{random.getrandbits(24):06x}" if renowned else "",
            "secondary_color": f"#{random.getrandbits(32):08x}" if renowned else "",
            "updated_at": self._epoch - random.randint(1 * _DAY, 400 * _DAY),
        }

    def season_id(self, competition: int) -> str:
        """Return the id of a competition's current season."""
        return self._ids.text(300_000 + competition)

    def stage_id(self, competition: int) -> str:
        """Return the id of a competition's current stage."""
        return self._ids.text(400_000 + competition)

    @staticmethod
    def _competition_name(competition: Competition) -> tuple[str, str, int]:
        country = COUNTRIES[competition.home]
        continent = CATEGORIES[country.category][1]
        tier = competition.edition + 1
        count = competition.occurrence if competition.is_across_borders else competition.edition
        number = f" {count + 1}" if count else ""
        return {
            "league": (f"{country.adjective} Division {tier}", f"{country.code} D{tier}", _LEAGUE),
            "lower league": (
                f"{country.adjective} Regional League {tier}",
                f"{country.code} RL{tier}",
                _LEAGUE,
            ),
            "women": (f"{country.adjective} Women's League{number}", f"{country.code} WL{number}", _LEAGUE),
            "youth": (
                f"{country.adjective} Youth League U19{number}",
                f"{country.code} U19{number}",
                _LEAGUE,
            ),
            "cup": (f"{country.adjective} Cup{number}", f"{country.code} Cup{number}", _CUP),
            "continental cup": (
                f"{continent} Champions Cup{number}",
                f"{continent[:2].upper()} CC{number}",
                _CUP,
            ),
            "international friendly": (
                f"International Friendly{number}",
                f"Int. Friendly{number}",
                _FRIENDLY,
            ),
            "club friendly": (f"Club Friendly{number}", "", _FRIENDLY),
            "unfiled cup": (f"{country.code} Invitational U17{number}", "", _CUP),
        }[competition.kind]
