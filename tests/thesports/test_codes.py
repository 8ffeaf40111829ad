"""The vendor's code tables, entry by entry, as its documentation has them."""

import pytest

from footy.thesports import codes


def test_each_status_has_its_name() -> None:
    assert [codes.status_name(status_id) for status_id in range(14)] == [
        "Abnormal",
        "Not started",
        "First half",
        "Half-time",
        "Second half",
        "Overtime",
        "Overtime (deprecated)",
        "Penalty shoot-out",
        "Finished",
        "Delayed",
        "Interrupted",
        "Cut in half",
        "Cancelled",
        "To be determined",
    ]


@pytest.mark.parametrize("status_id", [14, 99, -1])
def test_a_status_that_is_not_in_the_table_is_called_by_its_number(status_id: int) -> None:
    assert codes.status_name(status_id) == f"Status {status_id}"


def test_a_match_is_in_play_from_the_first_half_to_the_shoot_out() -> None:
    assert {2, 3, 4, 5, 6, 7} == codes.IN_PLAY


def test_the_incidents_of_the_table_have_names_and_its_statistics_have_none() -> None:
    assert codes.INCIDENTS == {
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
    assert not {21, 22, 23, 24, 25, 37} & codes.INCIDENTS.keys()


def test_cards_have_37_reasons_and_code_0_is_none_of_them() -> None:
    assert list(codes.CARD_REASONS) == list(range(1, 38))
    assert [codes.CARD_REASONS[code] for code in (1, 2, 3, 4)] == [
        "Foul",
        "Professional foul",
        "Encroachment",
        "Tactical foul",
    ]
    assert [codes.CARD_REASONS[code] for code in range(5, 38)] == [
        "Reckless",
        "Off the ball",
        "Persistent fouling",
        "Persistent infringement",
        "Violent conduct",
        "Dangerous play",
        "Handball",
        "Serious foul",
        "Professional foul, last man",
        "Denied chance",
        "Time wasting",
        "Video sync done",
        "Rescinded card",
        "Argument",
        "Dissent",
        "Abusive language",
        "Excessive celebration",
        "Not retreating",
        "Fight",
        "Extra flag to checker",
        "On bench",
        "Post match",
        "Other",
        "Unallowed field entering",
        "Entering field",
        "Leaving field",
        "Unsporting",
        "Not visible",
        "Flop",
        "Excessive review signal",
        "Entering review area",
        "Spitting",
        "Viral",
    ]


def test_a_substitution_has_two_reasons_of_its_own() -> None:
    differing = {
        code for code, name in codes.SUBSTITUTION_REASONS.items() if codes.CARD_REASONS[code] != name
    }
    assert differing == {3, 4}
    assert (codes.SUBSTITUTION_REASONS[3], codes.SUBSTITUTION_REASONS[4]) == ("Injury", "Tactical")


def test_the_video_referee_has_nine_reasons_and_twelve_results() -> None:
    assert list(codes.VAR_REASONS.items()) == list(
        enumerate(
            (
                "Goal awarded",
                "Goal not awarded",
                "Penalty awarded",
                "Penalty not awarded",
                "Red card given",
                "Card upgrade",
                "Mistaken identity",
                "Corner awarded",
                "Corner not awarded",
            ),
            start=1,
        )
    )
    assert list(codes.VAR_RESULTS.items()) == list(
        enumerate(
            (
                "Goal confirmed",
                "Goal cancelled",
                "Penalty confirmed",
                "Penalty cancelled",
                "Red card confirmed",
                "Red card cancelled",
                "Card upgrade confirmed",
                "Card upgrade cancelled",
                "Original decision",
                "Original decision changed",
                "Corner confirmed",
                "Corner cancelled",
            ),
            start=1,
        )
    )


def test_there_are_thirteen_kinds_of_weather() -> None:
    assert list(codes.WEATHER.items()) == list(
        enumerate(
            (
                "Partly cloudy",
                "Cloudy",
                "Partly cloudy with rain",
                "Snow",
                "Sunny",
                "Overcast with rain and partial thunderstorms",
                "Overcast",
                "Mist",
                "Overcast with rain",
                "Cloudy with rain",
                "Cloudy with rain and partial thunderstorms",
                "Clouds, rain and local thunderstorms",
                "Fog",
            ),
            start=1,
        )
    )


def test_bookmakers_are_known_by_the_vendors_numbers() -> None:
    assert codes.BOOKMAKERS == {
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


def test_six_categories_are_known_without_the_category_list() -> None:
    assert codes.CATEGORIES == {
        "49vjxm8ghgr6odg": "Europe",
        "0gx7lm7ph0m2wdk": "Americas",
        "ngy0or5jh3qwzv3": "Asia",
        "9d23xmvkhxqg8ny": "Africa",
        "xkn54qllhjqvy9d": "Oceania",
        "kp3glrw7hwqdyjv": "International",
    }


def test_kinds_of_competition_genders_and_sides() -> None:
    assert codes.COMPETITION_TYPES == {1: "league", 2: "cup", 3: "friendly"}
    assert codes.GENDERS == {1: "men", 2: "women"}
    assert codes.SIDES == {1: "home", 2: "away"}


def test_the_statistics_of_the_record_are_these_types() -> None:
    assert codes.STAT_FIELDS == {
        21: "shots_on_target",
        22: "shots_off_target",
        23: "attacks",
        24: "dangerous_attacks",
        25: "possession",
        8: "penalties",
    }
