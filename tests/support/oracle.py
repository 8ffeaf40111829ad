"""The record once more, naively, from plain decoded JSON: written from the contract, not from footy's code.

It imports nothing of footy, takes no short cut, and remembers only how it read a text, a price, an incident,
the weather, or an object that nobody changes. Where it and the pipeline differ, one of them misreads the
contract.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeVar, TypeVarTuple

STATUS = {
    0: "Abnormal",
    1: "Not started",
    2: "First half",
    3: "Half-time",
    4: "Second half",
    5: "Overtime",
    6: "Overtime (deprecated)",
    7: "Penalty shoot-out",
    8: "Finished",
    9: "Delayed",
    10: "Interrupted",
    11: "Cut in half",
    12: "Cancelled",
    13: "To be determined",
}


def listed(words: str) -> list[str]:
    return words.split("|")


INCIDENT = dict(
    pair.split("=")
    for pair in listed(
        "1=Goal|2=Corner|3=Yellow card|4=Red card|5=Offside|6=Free kick|7=Goal kick|8=Penalty goal"
        "|9=Substitution|10=Start|11=Half-time|12=Full-time|13=Half-time score|15=Second yellow card"
        "|16=Penalty missed|17=Own goal|19=Added time|26=End of extra time|27=End of shoot-out|28=VAR"
        "|29=Shoot-out penalty scored|30=Shoot-out penalty missed|38=Hydration break"
    )
)
REASON = listed(
    "|Foul|Professional foul|Encroachment|Tactical foul|Reckless|Off the ball|Persistent fouling"
    "|Persistent infringement|Violent conduct|Dangerous play|Handball|Serious foul"
    "|Professional foul, last man|Denied chance|Time wasting|Video sync done|Rescinded card|Argument"
    "|Dissent|Abusive language|Excessive celebration|Not retreating|Fight|Extra flag to checker|On bench"
    "|Post match|Other|Unallowed field entering|Entering field|Leaving field|Unsporting|Not visible|Flop"
    "|Excessive review signal|Entering review area|Spitting|Viral"
)
VAR_REASON = listed(
    "|Goal awarded|Goal not awarded|Penalty awarded|Penalty not awarded|Red card given|Card upgrade"
    "|Mistaken identity|Corner awarded|Corner not awarded"
)
VAR_RESULT = listed(
    "|Goal confirmed|Goal cancelled|Penalty confirmed|Penalty cancelled|Red card confirmed|Red card cancelled"
    "|Card upgrade confirmed|Card upgrade cancelled|Original decision|Original decision changed"
    "|Corner confirmed|Corner cancelled"
)
WEATHER = listed(
    "|Partly cloudy|Cloudy|Partly cloudy with rain|Snow|Sunny|Overcast with rain and partial thunderstorms"
    "|Overcast|Mist|Overcast with rain|Cloudy with rain|Cloudy with rain and partial thunderstorms"
    "|Clouds, rain and local thunderstorms|Fog"
)
BOOKMAKER = {
    2: "BET365",
    3: "Crown",
    4: "10BET",
    5: "Ladbrokes",
    6: "Mansion88",
    7: "Macauslot",
    8: "SNAI",
    9: "William Hill",
    10: "Easybets",
    11: "Vcbet",
    12: "EuroBet",
    13: "Interwetten",
    14: "12bet",
    15: "Sbobet",
    16: "Wewbet",
    17: "18Bet",
    18: "Fun88",
    21: "188bet",
    22: "Pinnacle",
    136: "HKJC",
}
CATEGORY = {
    "49vjxm8ghgr6odg": "Europe",
    "0gx7lm7ph0m2wdk": "Americas",
    "ngy0or5jh3qwzv3": "Asia",
    "9d23xmvkhxqg8ny": "Africa",
    "xkn54qllhjqvy9d": "Oceania",
    "kp3glrw7hwqdyjv": "International",
}
ORDER = (2, 3, 4, 5, 6, 9, 10, 11, 13, 14, 15, 16, 17, 21, 22)
IN_PLAY = (2, 3, 4, 5, 6, 7)


Row = dict[str, Any]
More = TypeVarTuple("More")
Result = TypeVar("Result")
REMEMBERED = 8192


def remembered(read: Callable[[Row], Row]) -> Callable[[Row], Row]:
    """Read each row once; the result must not be changed."""
    results: dict[str, Row] = {}

    def by_text(row: Row) -> Row:
        text = repr(row)
        if text not in results:
            if len(results) == REMEMBERED:
                results.clear()
            results[text] = read(row)
        return results[text]

    return by_text


class Unchanging(dict[str, Any]):
    """An object of the vendor's that nobody changes; it remembers what was read in it."""

    __slots__ = ("results",)
    __hash__ = object.__hash__  # type: ignore[assignment]

    def __init__(self, content: Row) -> None:
        super().__init__(content)
        self.results: dict[tuple[Any, ...], Any] = {}

    def __eq__(self, other: object) -> bool:
        """Be equal to itself only."""
        return self is other


def remembered_of_unchanging(read: Callable[[Row, *More], Result]) -> Callable[[Row, *More], Result]:
    """Read an object that nobody changes once for all equal arguments; the result must not be changed."""

    def by_object(row: Row, *more: *More) -> Result:
        if not isinstance(row, Unchanging):
            return read(row, *more)
        key = read, *more
        if key not in row.results:
            row.results[key] = read(row, *more)
        result: Result = row.results[key]
        return result

    return by_object


@dataclass
class Picture:
    """What is held of one match, as plain JSON; None for what is missing."""

    live: dict[str, Any]
    detail: dict[str, Any] | None
    odds: dict[str, Any] | None
    teams: dict[str, Any]
    competitions: dict[str, Any]
    countries: dict[str, Any] | None
    live_at: float
    detail_at: float
    odds_at: float
    published_at: float
    window: tuple[int, int] = (2, 6)
    max_age: float = 900
    order: tuple[int, ...] = field(default=ORDER)
    first_half_at: int | None = None
    """When the first half began, where that was seen."""
    told: Mapping[str, Collection[int]] | None = None
    """Where the odds are `partial`: the bookmakers that the feed told of, by the vendor's market."""


MOST = 2**63 - 1


def fits(number: int) -> bool:
    """Whether a number fits 64 bits; another one cannot be read."""
    return -MOST <= number <= MOST


def whole(value: Any) -> int | None:
    """A number that fits 64 bits."""
    return value if value is not None and fits(value) else None


def counted(value: Any) -> int | None:
    """A count; below 0 the vendor has no data."""
    return value if value is not None and 0 <= value < 2**63 else None


def known(value: Any) -> Any:
    """What is neither empty nor 0."""
    return value or None


def stripped(value: str | None) -> str | None:
    return (value or "").strip() or None


def named(words: list[str], code: int | None) -> str | None:
    return words[code] if code is not None and 0 < code < len(words) else None


def element(row: list[Any], index: int) -> Any:
    return row[index] if len(row) > index else None


def flag(value: int | None) -> bool | None:
    return {0: False, 1: True}.get(value) if value is not None else None


@lru_cache(maxsize=4096)
def time_text(seconds: float | None, *, millis: bool = False) -> str | None:
    if not seconds or seconds < 0:
        return None
    try:
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(seconds))
    except OverflowError:
        return None
    fraction = f".{int(seconds * 1000) % 1000:03d}" if millis else ""
    return at.strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"


def minute_of_play(picture: Picture) -> int | None:
    status, started = picture.live["score"][1], element(picture.live["score"], 4)
    if status not in (2, 4, 5) or not started:
        return None
    result: int = (int(picture.live_at) - started) // 60 + 1 + {2: 0, 4: 45, 5: 90}[status]
    least, most = {2: (1, 65), 4: (46, 120), 5: (91, 150)}[status]
    if result < least or result > most:
        return None
    match_time = (picture.detail or {}).get("match_time")
    kick_off = match_time if time_text(match_time) else None
    seen = picture.first_half_at
    if status == 4 and seen is not None and -20 * 60 <= started - seen <= 20 * 60:
        return None
    if status == 4 and seen is None and kick_off is not None and started < kick_off + 50 * 60:
        return None
    first = kick_off if seen is None else seen
    if status == 5 and first is not None and started < first + 100 * 60:
        return None
    return result


def minute_and_clock(picture: Picture) -> tuple[int | None, str]:
    status, minute = picture.live["score"][1], minute_of_play(picture)
    name = STATUS.get(status, f"Status {status}")
    if minute is None:
        return None, {3: "HT", 6: "ET", 7: "PEN", 8: "FT"}.get(status, name)
    regular = {2: 45, 4: 90, 5: 120}[status]
    return minute, f"{minute}'" if minute <= regular else f"{regular}+{minute - regular}'"


@remembered_of_unchanging
def scores(live: dict[str, Any]) -> dict[str, Any]:
    status, home, away = live["score"][1:4]

    def both(index: int) -> list[int | None]:
        return [counted(element(home, index)), counted(element(away, index))]

    went_on = any(both(5))
    below = any(
        regular is not None and whole_time is not None and whole_time < regular
        for regular, whole_time in zip(both(0), both(5), strict=True)
    )
    shown = both(5) if went_on and not below else both(0)
    signs = [counted(value) for side in (home, away) for value in side]
    signs += [counted(row.get(side)) for row in live.get("stats") or [] for side in ("home", "away")]
    played = any(signs) or live.get("incidents")
    if status in (1, 9, 12, 13) and not any(shown) and not played:
        shown = [None, None]
    whistled = any(incident["type"] == 11 for incident in live.get("incidents") or [])
    half_time = both(1) if 3 <= status <= 8 or (status in (0, 10, 11, 13) and whistled) else [None, None]
    pens = both(6) if status == 7 or any(both(6)) else [None, None]
    result: dict[str, Any] = {}
    for name, pair in (
        ("score", shown),
        ("score_ht", half_time),
        ("score_et", both(5) if went_on else [None, None]),
        ("score_pens", pens),
    ):
        result[f"home_{name}"], result[f"away_{name}"] = pair
    return result


@remembered_of_unchanging
def statistics(live: dict[str, Any]) -> dict[str, Any]:
    stats = live.get("stats") or []
    has_stats = any(counted(row.get(side)) for row in stats for side in ("home", "away"))
    result: dict[str, Any] = {"has_stats": has_stats}
    home, away = live["score"][2:4]
    six = [whole(element(side, index)) for side in (home, away) for index in (2, 3, 4)]
    uncovered = not has_stats and all(value in (0, None) for value in six)
    for name, value in zip(
        [f"{side}_{what}" for side in ("home", "away") for what in ("red_cards", "yellow_cards", "corners")],
        six,
        strict=True,
    ):
        result[name] = None if uncovered else counted(value)
    wanted = {
        21: "shots_on_target",
        22: "shots_off_target",
        23: "attacks",
        24: "dangerous_attacks",
        25: "possession",
        8: "penalties",
    }
    for side in ("home", "away"):
        for type_id, name in wanted.items():
            value = None
            for row in stats:
                if row["type"] == type_id and has_stats:
                    value = counted(row.get(side))
            result[f"{side}_{name}"] = value
    if not result["home_possession"] and not result["away_possession"]:
        result["home_possession"] = result["away_possession"] = None
    return result


@remembered
def incident(row: dict[str, Any]) -> dict[str, Any]:
    shoot_out = row["type"] in (29, 30)
    reason = named(REASON, row.get("reason_type"))
    if row["type"] == 9:
        reason = {3: "Injury", 4: "Tactical"}.get(row.get("reason_type") or 0, reason)
    result: dict[str, Any] = {
        "minute": whole(row.get("time")),
        "added_time": whole(row.get("add_time")),
        "type_id": whole(row["type"]),
        "type": INCIDENT.get(str(row["type"])),
        "side": {1: "home", 2: "away"}.get(row.get("position") or 0),
        "reason_id": whole(row.get("reason_type")),
        "reason": reason,
        "var_reason_id": whole(row.get("var_reason")),
        "var_reason": named(VAR_REASON, row.get("var_reason")),
        "var_result_id": whole(row.get("var_result")),
        "var_result": named(VAR_RESULT, row.get("var_result")),
    }
    for ours, theirs in (
        ("player", "player"),
        ("assist", "assist1"),
        ("player_in", "in_player"),
        ("player_out", "out_player"),
    ):
        result[f"{ours}_id"] = known(row.get(f"{theirs}_id"))
        result[ours] = stripped(row.get(f"{theirs}_name"))
    for side in ("home", "away"):
        running = whole(row.get(f"{side}_score"))
        result[f"{side}_score"] = None if shoot_out else running
        result[f"{side}_pens"] = running if shoot_out else None
    return result


@lru_cache(maxsize=4096)
def measured(text: str | None) -> tuple[Decimal, str] | None:
    found = re.match(
        r"^\s*([+\u2212-]?)(\d{1,9}\.?\d{0,9}|\.\d{1,9})\s*(\S.*)$", text or "", re.ASCII | re.DOTALL
    )
    if found is None:
        return None
    number = Decimal(found[2])
    return (number if found[1] in ("", "+") else -number), re.sub(r"\s", "", found[3]).lower()


def rounded(value: Decimal | Fraction, places: int) -> float:
    return round(float(value), places) + 0.0


@remembered
def weather(environment: dict[str, Any]) -> dict[str, Any]:
    code = known(whole(environment.get("weather")))
    result: dict[str, Any] = dict.fromkeys(
        (
            "temperature_c",
            "temperature_f",
            "wind_ms",
            "wind_mph",
            "wind",
            "humidity",
            "pressure_mmhg",
            "pressure_inhg",
            "pressure_hpa",
        )
    )
    result["weather_id"], result["weather"] = code, named(WEATHER, code)

    match measured(environment.get("temperature")):
        case degrees, ("°c" | "c" | "\u2103" | "\u00bac" | "\u02dac"):
            result["temperature_c"] = float(degrees) + 0.0
            result["temperature_f"] = rounded(degrees * 9 / 5 + 32, 1)
        case degrees, ("°f" | "f" | "\u2109" | "\u00baf" | "\u02daf"):
            result["temperature_f"] = float(degrees) + 0.0
            result["temperature_c"] = rounded((degrees - 32) * 5 / 9, 1)

    match measured(environment.get("wind")):
        case speed, ("m/s" | "mps") if speed >= 0:
            metres = speed
            result["wind_ms"], result["wind_mph"] = float(speed), rounded(speed * Decimal("2.236936"), 1)
            result["wind"] = beaufort(metres)
        case speed, ("km/h" | "kmh" | "kph") if speed >= 0:
            metres = speed / Decimal("3.6")
            result["wind_ms"] = rounded(metres, 1)
            result["wind_mph"] = rounded(metres * Decimal("2.236936"), 1)
            result["wind"] = beaufort(metres)
        case speed, ("mph" | "mi/h") if speed >= 0:
            metres = speed / Decimal("2.236936")
            result["wind_ms"], result["wind_mph"] = rounded(metres, 1), float(speed)
            result["wind"] = beaufort(metres)

    match measured(environment.get("humidity")):
        case percent, "%" if percent >= 0:
            result["humidity"] = min(100, int(percent.quantize(Decimal(1), ROUND_HALF_UP)))

    match measured(environment.get("pressure")):
        case value, ("mmhg" | "inhg" | "hpa" | "mbar" | "mb") as unit if value >= 0:
            millimetres = {"mmhg": value, "inhg": value * Decimal("25.4")}.get(
                unit, value / Decimal("1.33322")
            )
            result["pressure_mmhg"] = rounded(millimetres, 1)
            result["pressure_inhg"] = rounded(millimetres / Decimal("25.4"), 2)
            result["pressure_hpa"] = rounded(millimetres * Decimal("1.33322"), 1)
            as_read = {"mmhg": "pressure_mmhg", "inhg": "pressure_inhg"}.get(unit, "pressure_hpa")
            result[as_read] = float(value)
    return result


def beaufort(metres: Decimal) -> str:
    for limit, name in (
        ("0.3", "Calm"),
        ("1.6", "Light air"),
        ("3.4", "Light breeze"),
        ("5.5", "Gentle breeze"),
        ("8.0", "Moderate breeze"),
        ("10.8", "Fresh breeze"),
        ("13.9", "Strong breeze"),
        ("17.2", "Near gale"),
        ("20.8", "Gale"),
        ("24.5", "Strong gale"),
        ("28.5", "Storm"),
        ("32.7", "Violent storm"),
    ):
        if metres < Decimal(limit):
            return name
    return "Hurricane"


def position(value: str | int | None) -> int | None:
    text = str(value).strip() if value is not None else ""
    return known(int(text)) if re.fullmatch("[0-9]{1,18}", text) else None


@remembered_of_unchanging
def incidents(live: dict[str, Any]) -> dict[str, Any]:
    rows = live.get("incidents")
    return {
        "incidents": None if rows is None else [incident(row) for row in rows],
        "incidents_complete": rows is not None,
    }


@remembered_of_unchanging
def of_detail_alone(detail: dict[str, Any]) -> dict[str, Any]:
    phase = detail.get("round") or {}
    aggregate = detail.get("agg_score") or []
    result = {
        "kickoff_at": time_text(detail.get("match_time")),
        "ended_at": time_text(detail.get("ended")),
        "season_id": known(detail.get("season_id")),
        "stage_id": known(phase.get("stage_id")),
        "round": known(whole(phase.get("round_num"))),
        "group": known(whole(phase.get("group_num"))),
        "venue_id": known(detail.get("venue_id")),
        "referee_id": known(detail.get("referee_id")),
        "related_id": known(detail.get("related_id")),
        "note": stripped(detail.get("note")),
        "neutral": flag(detail.get("neutral")),
        "aggregate_home": whole(element(aggregate, 0)),
        "aggregate_away": whole(element(aggregate, 1)),
        "competition_id": known(detail.get("competition_id")),
    }
    return result | weather(detail.get("environment") or {})


def of_detail(
    live: dict[str, Any],
    detail: dict[str, Any] | None,
    home: dict[str, Any] | None,
    away: dict[str, Any] | None,
) -> dict[str, Any]:
    row = {} if detail is None else detail
    result = {**of_detail_alone(row)}
    score = live["score"]
    went_on = any((counted(element(side, 5)) or 0) != 0 for side in score[2:4])
    if score[1] in (5, 6) or went_on:
        result["extra_time"] = True
    else:
        flag_sent = row.get("has_ot")
        unread = flag_sent is not None and not fits(flag_sent)
        result["extra_time"] = flag_sent == 1 if detail is not None and not unread else None

    for side, team in (("home", home), ("away", away)):
        team_id = known(row.get(f"{side}_team_id"))
        if detail is None:
            source = "missing"
        elif team_id is None:
            source = "none"
        else:
            source = "missing" if team is None else "fresh"
        of_team = team or {}
        result |= {
            f"{side}_id": team_id,
            side: stripped(of_team.get("name")),
            f"{side}_short": stripped(of_team.get("short_name")),
            f"{side}_logo": known(of_team.get("logo")),
            f"{side}_country_id": known(of_team.get("country_id")),
            f"{side}_gender": {1: "men", 2: "women"}.get(of_team.get("gender") or 0),
            f"{side}_national": flag(of_team.get("national")),
            f"{side}_position": position(row.get(f"{side}_position")),
            f"{side}_source": source,
        }
    return result


def of_competition(
    detail: dict[str, Any] | None, competition: dict[str, Any] | None, countries: dict[str, Any] | None
) -> dict[str, Any]:
    result: dict[str, Any] = dict.fromkeys(
        ("competition", "competition_type", "country_id", "country", "category_id")
    )
    if detail is not None and not detail.get("competition_id"):
        return result | {"competition_source": "none", "country_source": "none"}
    if competition is None:
        return result | {"competition_source": "missing", "country_source": "missing"}
    result["competition_source"] = "fresh"
    result["competition"] = stripped(competition.get("name"))
    result["competition_type"] = {1: "league", 2: "cup", 3: "friendly"}.get(competition.get("type") or 0)
    result["country_id"] = known(competition.get("country_id"))
    result["category_id"] = known(competition.get("category_id"))
    if result["country_id"] is None:
        result["country"] = CATEGORY.get(result["category_id"])
        result["country_source"] = "none"
    elif countries is None or result["country_id"] not in countries:
        result["country_source"] = "missing"
    else:
        result["country"] = stripped(countries[result["country_id"]].get("name"))
        result["country_source"] = "fresh"
    return result


@remembered_of_unchanging
def without_prices(
    live: dict[str, Any],
    detail: dict[str, Any] | None,
    home: dict[str, Any] | None,
    away: dict[str, Any] | None,
    competition: dict[str, Any] | None,
    countries: dict[str, Any] | None,
) -> dict[str, Any]:
    """All that depends on no time and on no odds."""
    result = incidents(live) | scores(live) | statistics(live)
    return result | of_detail(live, detail, home, away) | of_competition(detail, competition, countries)


@lru_cache(maxsize=1024)
def row_minute(text: str) -> int | None:
    if text == "midfield":
        return 45
    found = re.fullmatch(r"([0-9]{1,3})\+?", text)
    return int(found[1]) if found else None


def newest(rows: list[list[Any]]) -> list[Any]:
    best = rows[0]
    for row in rows:
        if row[0] > best[0]:
            best = row
    return best


@lru_cache(maxsize=1024)
def is_number(key: str) -> bool:
    return re.fullmatch("[0-9]{1,18}", key) is not None


Offer = tuple[int, tuple[Any, ...]]
"""A bookmaker and one of its rows."""
Goals = tuple[int | None, int | None]


@remembered_of_unchanging
def in_order(odds: dict[str, Any], market: str, order: tuple[int, ...]) -> list[tuple[int, list[list[Any]]]]:
    offers = {}
    for key, markets in odds.items():
        rows = [
            row
            for row in markets.get(market) or ()
            # As `fits` says, written out: there are millions.
            if -MOST <= row[0] <= MOST and -MOST <= row[5] <= MOST and -MOST <= row[6] <= MOST
        ]
        if rows and is_number(key):
            offers[int(key)] = rows
    numbers = [*order, *sorted(number for number in offers if number not in order)]
    return [(number, offers[number]) for number in numbers if number in offers]


@remembered_of_unchanging
def early(odds: dict[str, Any], market: str, order: tuple[int, ...], window: tuple[int, int]) -> Offer | None:
    first, last = window
    within = [
        (
            number,
            [row for row in rows if (minute := row_minute(row[1])) is not None and first <= minute <= last],
        )
        for number, rows in in_order(odds, market, order)
    ]
    for suspended in (False, True):
        for number, rows in within:
            fitting = [row for row in rows if bool(row[6]) == suspended]
            if fitting:
                return number, tuple(newest(fitting))
    return None


@remembered_of_unchanging
def newest_of_each(odds: dict[str, Any], market: str, order: tuple[int, ...]) -> list[Offer]:
    return [(number, tuple(newest(rows))) for number, rows in in_order(odds, market, order)]


@lru_cache(maxsize=1024)
def goals(text: str) -> tuple[int, int] | None:
    found = re.fullmatch(r"([0-9]{1,3})\s*-\s*([0-9]{1,3})", text.strip())
    return (int(found[1]), int(found[2])) if found else None


def goals_then(row: Sequence[Any]) -> tuple[int, int] | None:
    """The two numbers of a row's last element, `"1-0"`; None if there are no two."""
    return goals(row[7])


def current(picture: Picture, market: str, odds: dict[str, Any], now: Goals) -> Offer | None:
    playing = picture.live["score"][1] in IN_PLAY
    candidates = newest_of_each(odds, market, picture.order)
    if picture.told is not None:
        told = picture.told.get(market, ())
        candidates = [(number, row) for number, row in candidates if number in told]
    for number, row in candidates:
        young = row[0] >= picture.odds_at - picture.max_age  # a huge number cannot be subtracted
        of_now = row[5] in IN_PLAY and (market == "cr" or goals_then(row) == now)
        if not row[6] and young and (not playing or of_now):
            return number, row
    if picture.told is not None:  # another bookmaker may have an open price
        return None
    best = None
    for number, row in candidates:
        if best is None or row[0] > best[1][0]:
            best = number, row
    return best


def outdated(row: Sequence[Any] | None, now: Goals) -> bool | None:
    """Made in play at another score than the record's; null where either is unknown, or without a row."""
    if row is None:
        return None
    then = goals_then(row)
    if then is None or now[0] is None or now[1] is None:
        return None
    return row[5] in IN_PLAY and then != now


@lru_cache(maxsize=4096)
def american(price: float | None) -> int | None:
    if price is None or price <= 1:
        return None
    more = Fraction(str(price)) - 1
    size = more * 100 if more >= 1 else 100 / more
    number = int(size + Fraction(1, 2))
    if number >= 2**63:
        return None
    return number if more >= 1 else -number


def bookmakers_shown(record: Mapping[str, Any]) -> dict[str, list[int]]:
    """The bookmaker whose current price a record shows, by the vendor's name of the market."""
    names = {"eu": "money_line", "asia": "spread", "bs": "over_under", "cr": "corners"}
    shown = {market: record[f"current_{name}_bookmaker_id"] for market, name in names.items()}
    return {market: [number] for market, number in shown.items() if number is not None}


@lru_cache(maxsize=8192)
def price_of_row(
    p: str, market: str, sides: tuple[str, ...], number: int | None, row: tuple[Any, ...] | None
) -> dict[str, Any]:
    """The fields of a price, whose names begin with `p`; the result must not be changed."""
    result: dict[str, Any] = {}
    for side, index in zip(sides, (2, 3, 4), strict=True):
        if side == "line":
            line = None if row is None else row[index]
            result[f"{p}_line"] = line if line is None else (-line if market == "asia" else line) + 0.0
            continue
        price = None if row is None or row[index] <= 0 else row[index]
        if price is not None and market != "eu":
            price = round(price + 1, 4)
        result[f"{p}_{side}"] = price
        result[f"{p}_{side}_american"] = american(price)
    result[f"{p}_bookmaker_id"] = number
    result[f"{p}_bookmaker"] = BOOKMAKER.get(number) if number is not None else None
    result[f"{p}_minute"] = row_minute(row[1]) if row else None
    result[f"{p}_at"] = time_text(row[0]) if row else None
    result[f"{p}_sealed"] = bool(row[6]) if row else None
    result[f"{p}_in_play"] = row[5] in IN_PLAY if row else None
    then = goals_then(row) if row else None
    result[f"{p}_score"] = f"{then[0]}-{then[1]}" if then else None
    return result


MARKETS = (
    ("eu", "money_line", ("home", "draw", "away")),
    ("asia", "spread", ("home", "line", "away")),
    ("bs", "over_under", ("over", "line", "under")),
    ("cr", "corners", ("over", "line", "under")),
)


@remembered_of_unchanging
def early_prices(
    odds: dict[str, Any], order: tuple[int, ...], window: tuple[int, int] | None
) -> dict[str, Any]:
    """The early prices; without a window, whose rows are not known then, there are none."""
    result: dict[str, Any] = {}
    for market, name, sides in MARKETS:
        number, row = (early(odds, market, order, window) if window else None) or (None, None)
        result |= price_of_row(f"early_{name}", market, sides, number, row)
    return result


def price_fields(picture: Picture, now: Goals) -> dict[str, Any]:
    odds = picture.odds if isinstance(picture.odds, Unchanging) else Unchanging(picture.odds or {})
    window = picture.window if picture.told is None else None
    result = {**early_prices(odds, picture.order, window)}
    for market, name, sides in MARKETS:
        p = f"current_{name}"
        number, row = current(picture, market, odds, now) or (None, None)
        result |= price_of_row(p, market, sides, number, row)
        if market != "cr":
            result[f"{p}_outdated"] = outdated(row, now)
    return result


def beside(picture: Picture) -> list[Row | None]:
    """The detail, the rows of both teams and of the competition that it names, and the countries."""
    detail = picture.detail or {}
    home, away = (picture.teams.get(known(detail.get(f"{side}_team_id"))) for side in ("home", "away"))
    competition = picture.competitions.get(known(detail.get("competition_id")))
    return [picture.detail, home, away, competition, picture.countries]


def record(picture: Picture) -> dict[str, Any]:
    """The whole record; every source is `fresh` where there is something, else `missing` or `none`."""
    status = picture.live["score"][1]
    minute, clock = minute_and_clock(picture)
    held = [picture.live_at]
    held += [picture.detail_at] if picture.detail is not None else []
    held += [picture.odds_at] if picture.odds is not None else []
    result = {
        "match_id": picture.live["id"],
        "status_id": status,
        "status": STATUS.get(status, f"Status {status}"),
        "in_play": status in IN_PLAY,
        "minute": minute,
        "clock": clock,
        "period_started_at": time_text(element(picture.live["score"], 4)),
        "fetched_at": time_text(picture.live_at, millis=True),
        "detail_fetched_at": time_text(picture.detail_at, millis=True)
        if picture.detail is not None
        else None,
        "odds_fetched_at": time_text(picture.odds_at, millis=True) if picture.odds is not None else None,
        "live_source": "fresh",
        "detail_source": "missing" if picture.detail is None else "fresh",
        "odds_source": "missing" if picture.odds is None else "fresh" if picture.told is None else "partial",
        "data_age_s": max(0.0, round(picture.published_at - min(held), 3)),
    }
    result |= without_prices(picture.live, *beside(picture))
    result |= price_fields(picture, (result["home_score"], result["away_score"]))
    return result
