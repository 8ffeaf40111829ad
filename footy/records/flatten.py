"""Flatten a match: join it with the rows that its detail names, as one flat record.

A record has a part that changes only with the vendor's values, and a part that moves with time. A `Flattener`
remembers the first part of each match and computes only its changed fields again, so an unchanged match costs
next to nothing. Values are frozen: a value that is identical or equal to the one before is unchanged.
"""

import itertools
import re
from collections.abc import Iterable, Mapping
from math import inf
from typing import Any, NamedTuple, cast

import msgspec

from footy.mirror.state import MatchState, References
from footy.provenance import Held, Source
from footy.record import MatchRecord, field_names
from footy.records.incidents import half_time_was_whistled, incident_records
from footy.records.match_clock import clock, minute
from footy.records.prices import PriceRules, Score, current_fields, early_fields
from footy.records.values import count, flag, name
from footy.records.weather import weather_fields
from footy.thesports import codes
from footy.thesports.models import Aggregate, Competition, Detail, LiveMatch, Round, SideScore, StatRow, Team
from footy.times import moment_text, second_text

_NOTHING: Mapping[str, Any] = dict.fromkeys(field_names(MatchRecord))
_SOURCE_FIELDS = tuple(field for field in _NOTHING if field.endswith("_source"))

_NOT_NAMED: Held[Any] = Held(None, None, Source.NONE)
_MISSING: Held[Any] = Held(None, None, Source.MISSING)
_REFUSED: Held[Any] = Held(None, None, Source.REFUSED)
_NO_DETAIL = Detail(id="-")
_NO_ROUND = Round()
_NO_AGGREGATE = Aggregate()
_NO_TEAM = Team(id="-")
_NO_COMPETITION = Competition(id="-")
ELEMENT = "incidents[]"
"""The name of an unreadable incident in `LiveMatch.left_out`."""
_UNSEEN = object()
_RANK = re.compile("[0-9]{1,18}")


class Place(NamedTuple):
    """Where a competition is played."""

    country_id: str | None
    name: str | None
    """The country's name; the category's if the competition has no country."""
    source: Source
    """The source of the country list; `NONE` if the competition has no country."""


def competition_of(detail: Held[Detail], references: References) -> Held[Competition]:
    """Return the competition that a match detail names."""
    return _named(detail, "competition_id", references.competitions)


def place_of(competition: Held[Competition], references: References) -> Place:
    """Return the country of a competition, or its category if it has no country.

    A country whose id could not be read is missing: the category would be wrong.
    """
    if competition.value is None:
        return Place(None, None, competition.source)
    country_id = competition.value.country_id or None
    if country_id is None and "country_id" in competition.value.left_out:
        return Place(None, None, Source.MISSING)
    if country_id is None:
        return Place(None, _category_name(competition.value.category_id, references), Source.NONE)
    countries = references.countries
    if countries.value is None:
        return Place(country_id, None, countries.source)
    country = countries.value.get(country_id)
    if country is None:
        return Place(country_id, None, Source.MISSING)
    return Place(country_id, name(country.name), countries.source)


def _category_name(category_id: str | None, references: References) -> str | None:
    if not category_id:
        return None
    categories = references.categories.value
    if not categories:
        return codes.CATEGORIES.get(category_id)
    category = categories.get(category_id)
    return None if category is None else name(category.name)


def _named(detail: Held[Detail], field: str, held: Mapping[str, Held[Any]]) -> Held[Any]:
    """Return the row whose id is in a field of the detail; it is missing if that id could not be read."""
    if detail.value is None:
        return _REFUSED if detail.source is Source.REFUSED else _MISSING
    entity_id = getattr(detail.value, field)
    if entity_id:
        return held.get(entity_id, _MISSING)
    return _MISSING if field in detail.value.left_out else _NOT_NAMED


def _displayed(home: SideScore, away: SideScore) -> tuple[int | None, int | None]:
    """Return the score of 120 minutes if there is one, else of regular time.

    The score of 120 minutes includes regular time: it is ignored if it is below the goals of regular time.
    """
    if _extra_time_score(home, away) and not (_is_below_regular_time(home) or _is_below_regular_time(away)):
        return count(home.extra_time), count(away.extra_time)
    return count(home.goals), count(away.goals)


def _extra_time_score(home: SideScore, away: SideScore) -> bool:
    return bool(count(home.extra_time) or count(away.extra_time))


def _is_below_regular_time(side: SideScore) -> bool:
    goals, extra_time = count(side.goals), count(side.extra_time)
    return goals is not None and extra_time is not None and extra_time < goals


def _was_played(live: LiveMatch, *, has_stats: bool) -> bool:
    """Check whether an incident, a statistic or one of the seven counters shows that the match was played."""
    sides = (live.score.home, live.score.away)
    return (
        bool(live.incidents)
        or has_stats
        or any(count(counter) for side in sides for counter in msgspec.structs.astuple(side))
    )


def _score_fields(live: LiveMatch, *, has_stats: bool) -> dict[str, Any]:
    status_id, home, away = live.score.status_id, live.score.home, live.score.away
    home_score, away_score = _displayed(home, away)
    if (
        status_id in codes.BEFORE_PLAY
        and not home_score
        and not away_score
        and not _was_played(live, has_stats=has_stats)
    ):
        home_score = away_score = None
    half_time = status_id in codes.PAST_FIRST_HALF or (
        status_id in codes.BROKEN_OFF and half_time_was_whistled(live.incidents)
    )
    extra_time = _extra_time_score(home, away)
    shoot_out = status_id == codes.SHOOT_OUT or count(home.shoot_out) or count(away.shoot_out)
    return {
        "home_score": home_score,
        "away_score": away_score,
        "home_score_ht": count(home.half_time) if half_time else None,
        "away_score_ht": count(away.half_time) if half_time else None,
        "home_score_et": count(home.extra_time) if extra_time else None,
        "away_score_et": count(away.extra_time) if extra_time else None,
        "home_score_pens": count(home.shoot_out) if shoot_out else None,
        "away_score_pens": count(away.shoot_out) if shoot_out else None,
    }


def _counter_fields(live: LiveMatch, *, has_stats: bool) -> dict[str, Any]:
    """Return cards and corners; None if the match is not covered: no statistics, and no counter but 0.

    A counter that is not known says nothing: it must not turn the others into a 0 that nobody counted.
    """
    sides = {"home": live.score.home, "away": live.score.away}
    counters = {
        f"{side}_{what}": getattr(score, what)
        for side, score in sides.items()
        for what in ("red_cards", "yellow_cards", "corners")
    }
    if not has_stats and not any(counters.values()):
        return dict.fromkeys(counters)
    return {field: count(value) for field, value in counters.items()}


def _stat_fields(stats: Iterable[StatRow], *, has_stats: bool) -> dict[str, Any]:
    rows = {row.type: row for row in stats} if has_stats else {}
    fields: dict[str, Any] = {}
    for side in ("home", "away"):
        for type_id, what in codes.STAT_FIELDS.items():
            row = rows.get(type_id)
            fields[f"{side}_{what}"] = None if row is None else count(getattr(row, side))
    if not fields["home_possession"] and not fields["away_possession"]:
        fields["home_possession"] = fields["away_possession"] = None
    return fields


def _live_fields(live: LiveMatch) -> dict[str, Any]:
    """Return the fields that depend on the live element alone, without those that move with time."""
    status_id = live.score.status_id
    stats = live.stats or ()
    has_stats = any(count(row.home) or count(row.away) for row in stats)
    return {
        "match_id": live.id,
        "status_id": status_id,
        "status": codes.status_name(status_id),
        "in_play": status_id in codes.IN_PLAY,
        "period_started_at": second_text(live.score.period_started_at),
        "has_stats": has_stats,
        "incidents": incident_records(live.incidents),
        "incidents_complete": live.incidents is not None and ELEMENT not in live.left_out,
        **_score_fields(live, has_stats=has_stats),
        **_counter_fields(live, has_stats=has_stats),
        **_stat_fields(stats, has_stats=has_stats),
    }


def _extra_time(live: LiveMatch, detail: Detail | None) -> bool | None:
    score = live.score
    if score.status_id in codes.WENT_PAST_REGULAR_TIME or _extra_time_score(score.home, score.away):
        return True
    return None if detail is None or "has_ot" in detail.left_out else detail.has_ot == 1


def _position(value: str | int | None) -> int | None:
    if isinstance(value, str):
        digits = _RANK.fullmatch(value.strip())
        value = int(digits[0]) if digits else None
    return count(value) or None


def _detail_fields(detail: Detail | None) -> dict[str, Any]:
    if detail is None:
        detail = _NO_DETAIL
    phase = detail.round or _NO_ROUND
    aggregate = detail.agg_score or _NO_AGGREGATE
    return {
        "kickoff_at": second_text(detail.match_time),
        "ended_at": second_text(detail.ended),
        "competition_id": detail.competition_id or None,
        "season_id": detail.season_id or None,
        "stage_id": phase.stage_id or None,
        "round": phase.round_num or None,
        "group": phase.group_num or None,
        "venue_id": detail.venue_id or None,
        "referee_id": detail.referee_id or None,
        "related_id": detail.related_id or None,
        "note": name(detail.note),
        "neutral": flag(detail.neutral),
        "aggregate_home": aggregate.home,
        "aggregate_away": aggregate.away,
        "home_id": detail.home_team_id or None,
        "away_id": detail.away_team_id or None,
        "home_position": _position(detail.home_position),
        "away_position": _position(detail.away_position),
        **weather_fields(detail.environment),
    }


def _team_fields(side: str, team: Team | None) -> dict[str, Any]:
    if team is None:
        team = _NO_TEAM
    return {
        side: name(team.name),
        f"{side}_short": name(team.short_name),
        f"{side}_logo": team.logo or None,
        f"{side}_country_id": team.country_id or None,
        f"{side}_gender": _coded(codes.GENDERS, team.gender),
        f"{side}_national": flag(team.national),
    }


def _competition_fields(competition: Competition | None, place: Place) -> dict[str, Any]:
    if competition is None:
        competition = _NO_COMPETITION
    return {
        "competition": name(competition.name),
        "competition_type": _coded(codes.COMPETITION_TYPES, competition.type),
        "country_id": place.country_id,
        "country": place.name,
        "category_id": competition.category_id or None,
    }


def _coded(table: Mapping[int, str], code: int | None) -> str | None:
    return None if code is None else table.get(code)


class _Remembered:
    """The inputs of a match's last record, and the fields that change only with the vendor's values."""

    __slots__ = ("current_from", "current_until", "fields", "seen", "version")

    def __init__(self) -> None:
        self.fields: dict[str, Any] = dict(_NOTHING)
        self.seen: dict[str, object] = {}
        self.version = 0
        self.current_from = inf
        self.current_until = -inf

    def update(self, part: str, value: object) -> bool:
        """Store a part's value; return whether it differs from the one before."""
        before = self.seen.get(part, _UNSEEN)
        if before is value:
            return False
        self.seen[part] = value
        return before != value


class Flattener:
    """Makes records, and remembers the inputs of each match's last record.

    A returned record never changes afterwards. Not safe for concurrent use.
    """

    def __init__(self, rules: PriceRules) -> None:
        self._rules = rules
        self._remembered: dict[str, _Remembered] = {}
        self._next_version = itertools.count(1)

    def versions(self) -> dict[str, int]:
        """Return a number for each match of the last records, by id: another one after each change.

        Two records of the same version differ only in the fields that move with time: minute, clock, times of
        arrival and age.
        """
        return {match_id: known.version for match_id, known in self._remembered.items()}

    def records(
        self,
        matches: Mapping[str, MatchState],
        references: References,
        published_at: float,
        *,
        clock_offset_s: float = 0.0,
        forget_others: bool = True,
    ) -> list[MatchRecord]:
        """Return the records of all matches whose live element is held, in their order.

        Args:
            matches: The matches by id.
            references: The rows that their details name.
            published_at: Unix seconds.
            clock_offset_s: The vendor's clock minus ours. The minute of play and the age of a price compare
                vendor times with the arrival of a reply, so the arrival is converted to the vendor's clock.
            forget_others: Whether to forget the fields of all other matches, which are kept to be updated.
        """
        records = [
            self.record(match, references, published_at, clock_offset_s=clock_offset_s)
            for match in matches.values()
            if match.live.value is not None
        ]
        if forget_others and len(self._remembered) > len(records):
            listed = {record["match_id"] for record in records}
            self._remembered = {key: value for key, value in self._remembered.items() if key in listed}
        return records

    def record(
        self, match: MatchState, references: References, published_at: float, *, clock_offset_s: float = 0.0
    ) -> MatchRecord:
        """Return the record of one match.

        Raises:
            ValueError: The match has no live element.
        """
        live = match.live.value
        if live is None:
            raise ValueError("a match without its live element has no record")
        known = self._remembered.get(live.id)
        if known is None:
            known = self._remembered[live.id] = _Remembered()
        is_changed = self._update_vendor_fields(known, match, live, clock_offset_s)
        if _update_joined_fields(known, match, references) or is_changed:
            known.version = next(self._next_version)
        return _with_time_fields(known.fields.copy(), match, live, published_at, clock_offset_s)

    def _update_vendor_fields(
        self, known: _Remembered, match: MatchState, live: LiveMatch, clock_offset_s: float
    ) -> bool:
        """Update the fields of live list, detail and odds; return whether one may have changed."""
        fields, detail, book = known.fields, match.detail.value, match.odds.value
        live_changed = known.update("live", live)
        detail_changed = known.update("detail", detail)
        if live_changed:
            fields |= _live_fields(live)
        if detail_changed:
            fields |= _detail_fields(detail)
        if live_changed or detail_changed:
            fields["extra_time"] = _extra_time(live, detail)

        odds_changed = known.update("odds", book)
        if odds_changed:
            fields |= early_fields(book, self._rules)
        is_changed = live_changed or detail_changed or odds_changed
        arrived_at = inf if match.odds.fetched_at is None else match.odds.fetched_at + clock_offset_s
        if (
            (live_changed and known.update("in_play_at", _in_play_at(fields)))
            or odds_changed
            or not known.current_from <= arrived_at <= known.current_until
        ):
            in_play, score = _in_play_at(fields)
            current, until = current_fields(
                book, self._rules, in_play=in_play, score=score, arrived_at=arrived_at
            )
            fields |= current
            known.current_from, known.current_until = arrived_at, until
            is_changed = True
        return is_changed


def _in_play_at(fields: Mapping[str, Any]) -> tuple[bool, Score]:
    """Return the values of the live element that the choice of a current price depends on."""
    return fields["in_play"], (fields["home_score"], fields["away_score"])


def _update_joined_fields(known: _Remembered, match: MatchState, references: References) -> bool:
    """Update the fields of the names and sources; return whether one may have changed."""
    fields, detail = known.fields, match.detail
    is_changed = False
    home = _named(detail, "home_team_id", references.teams)
    away = _named(detail, "away_team_id", references.teams)
    competition = competition_of(detail, references)
    place = place_of(competition, references)
    if known.update("home", home.value):
        fields |= _team_fields("home", home.value)
        is_changed = True
    if known.update("away", away.value):
        fields |= _team_fields("away", away.value)
        is_changed = True
    if known.update("competition", (competition.value, place.country_id, place.name)):
        fields |= _competition_fields(competition.value, place)
        is_changed = True
    held = (match.live, detail, match.odds, home, away, competition, place)
    sources = tuple([part.source for part in held])
    if known.update("sources", sources):
        fields |= {field: source.value for field, source in zip(_SOURCE_FIELDS, sources, strict=True)}
        is_changed = True
    return is_changed


def _with_time_fields(
    fields: dict[str, Any], match: MatchState, live: LiveMatch, published_at: float, clock_offset_s: float
) -> MatchRecord:
    """Add the fields that move with time: minute, clock, times of arrival and age."""
    status_id = live.score.status_id
    arrived_at = match.live.fetched_at
    if arrived_at is not None:
        arrived_at += clock_offset_s
    minute_of_play = minute(
        status_id,
        live.score.period_started_at,
        arrived_at,
        first_half_at=match.periods.first_half_at,
        kickoff_at=None if match.detail.value is None else match.detail.value.match_time,
    )
    fields["minute"] = minute_of_play
    fields["clock"] = clock(status_id, minute_of_play)
    oldest = published_at
    for field, held in (
        ("fetched_at", match.live),
        ("detail_fetched_at", match.detail),
        ("odds_fetched_at", match.odds),
    ):
        fetched_at = None if held.value is None else held.fetched_at
        fields[field] = moment_text(fetched_at)
        if fetched_at is not None and fetched_at < oldest:
            oldest = fetched_at
    fields["data_age_s"] = round(published_at - oldest, 3)
    return cast("MatchRecord", fields)
