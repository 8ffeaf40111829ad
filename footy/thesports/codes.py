"""The vendor's code tables: the names of its numeric codes.

Source: the vendor's documentation of each endpoint (2026), as compiled in tables 7.1 to 7.7 of its API notes.
Names are worded for readers of a record. A code that is not in its table has no name; nothing is guessed.
"""

from collections.abc import Mapping

STATUSES: Mapping[int, str] = {
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
"""Match statuses (table 7.1)."""

FIRST_HALF = 2
HALF_TIME = 3
SECOND_HALF = 4
OVERTIME = 5
SHOOT_OUT = 7

IN_PLAY = frozenset({2, 3, 4, 5, 6, 7})
"""Statuses of a match that is being played, including its breaks."""

BEFORE_PLAY = frozenset({1, 9, 12, 13})
"""Statuses in which a score of 0-0 means that play has not begun, unless there is a sign of play."""

PAST_FIRST_HALF = frozenset({3, 4, 5, 6, 7, 8})
"""Statuses in which the half-time score is valid."""

BROKEN_OFF = frozenset({0, 10, 11, 13})
"""Statuses in which a half-time score is valid only if the incidents include the half-time whistle."""

WENT_PAST_REGULAR_TIME = frozenset({5, 6})
"""Statuses that mean extra time."""

INCIDENTS: Mapping[int, str] = {
    1: "Goal",
    2: "Corner",
    3: "Yellow card",
    4: "Red card",
    5: "Offside",
    6: "Free kick",
    7: "Goal kick",
    8: "Penalty goal",
    9: "Substitution",
    10: "Start",
    11: "Half-time",
    12: "Full-time",
    13: "Half-time score",
    15: "Second yellow card",
    16: "Penalty missed",
    17: "Own goal",
    19: "Added time",
    26: "End of extra time",
    27: "End of shoot-out",
    28: "VAR",
    29: "Shoot-out penalty scored",
    30: "Shoot-out penalty missed",
    38: "Hydration break",
}
"""Incident types (table 7.2, without the statistics)."""

SUBSTITUTION = 9
HALF_TIME_WHISTLE = 11
SHOOT_OUT_PENALTIES = frozenset({29, 30})

SIDES: Mapping[int, str] = {1: "home", 2: "away"}
"""The side of an incident (`position`); 0 is neither side."""

STAT_FIELDS: Mapping[int, str] = {
    21: "shots_on_target",
    22: "shots_off_target",
    23: "attacks",
    24: "dangerous_attacks",
    25: "possession",
    8: "penalties",
}
"""The record's field for each type of statistic (table 7.2), in the record's order."""

CARD_REASONS: Mapping[int, str] = {
    1: "Foul",
    2: "Professional foul",
    3: "Encroachment",
    4: "Tactical foul",
    5: "Reckless",
    6: "Off the ball",
    7: "Persistent fouling",
    8: "Persistent infringement",
    9: "Violent conduct",
    10: "Dangerous play",
    11: "Handball",
    12: "Serious foul",
    13: "Professional foul, last man",
    14: "Denied chance",
    15: "Time wasting",
    16: "Video sync done",
    17: "Rescinded card",
    18: "Argument",
    19: "Dissent",
    20: "Abusive language",
    21: "Excessive celebration",
    22: "Not retreating",
    23: "Fight",
    24: "Extra flag to checker",
    25: "On bench",
    26: "Post match",
    27: "Other",
    28: "Unallowed field entering",
    29: "Entering field",
    30: "Leaving field",
    31: "Unsporting",
    32: "Not visible",
    33: "Flop",
    34: "Excessive review signal",
    35: "Entering review area",
    36: "Spitting",
    37: "Viral",
}
"""Why a card was given (table 7.4)."""

SUBSTITUTION_REASONS: Mapping[int, str] = {**CARD_REASONS, 3: "Injury", 4: "Tactical"}
"""Why a player was replaced (table 7.4)."""

VAR_REASONS: Mapping[int, str] = {
    1: "Goal awarded",
    2: "Goal not awarded",
    3: "Penalty awarded",
    4: "Penalty not awarded",
    5: "Red card given",
    6: "Card upgrade",
    7: "Mistaken identity",
    8: "Corner awarded",
    9: "Corner not awarded",
}
"""What the video assistant referee reviewed (table 7.3)."""

VAR_RESULTS: Mapping[int, str] = {
    1: "Goal confirmed",
    2: "Goal cancelled",
    3: "Penalty confirmed",
    4: "Penalty cancelled",
    5: "Red card confirmed",
    6: "Red card cancelled",
    7: "Card upgrade confirmed",
    8: "Card upgrade cancelled",
    9: "Original decision",
    10: "Original decision changed",
    11: "Corner confirmed",
    12: "Corner cancelled",
}
"""What the video assistant referee decided (table 7.3)."""

WEATHER: Mapping[int, str] = {
    1: "Partly cloudy",
    2: "Cloudy",
    3: "Partly cloudy with rain",
    4: "Snow",
    5: "Sunny",
    6: "Overcast with rain and partial thunderstorms",
    7: "Overcast",
    8: "Mist",
    9: "Overcast with rain",
    10: "Cloudy with rain",
    11: "Cloudy with rain and partial thunderstorms",
    12: "Clouds, rain and local thunderstorms",
    13: "Fog",
}
"""Weather at the ground (table 7.6)."""

BOOKMAKERS: Mapping[int, str] = {
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
"""Odds companies (table 7.7)."""

CATEGORIES: Mapping[str, str] = {
    "49vjxm8ghgr6odg": "Europe",
    "0gx7lm7ph0m2wdk": "Americas",
    "ngy0or5jh3qwzv3": "Asia",
    "9d23xmvkhxqg8ny": "Africa",
    "xkn54qllhjqvy9d": "Oceania",
    "kp3glrw7hwqdyjv": "International",
}
"""The six categories by id, for accounts without the category list (section 6.8: deduced from their countries)."""

COMPETITION_TYPES: Mapping[int, str] = {1: "league", 2: "cup", 3: "friendly"}
"""Types of competition (section 6.7); 0 is unknown."""

GENDERS: Mapping[int, str] = {1: "men", 2: "women"}
"""Genders of teams (section 6.6)."""


def status_name(status_id: int) -> str:
    """Return the name of a match status; `Status N` if it is not in the table."""
    return STATUSES.get(status_id) or f"Status {status_id}"
