"""A record does not contradict itself: what has to hold between its fields, whatever the vendor sends.

Each function with `@always` is one such rule. They are tried on matches of the capture, of the simulated
world and of a few written rows, with some values changed to plausible ones, some to any of their JSON type.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from footy.record import MatchRecord
from tests.records.test_flatten import changed, flattened, pictured, thinned, unhurried
from tests.support.capture import MOMENT, real_or_written, written
from tests.support.oracle import Picture
from thesports_simulator.world.world import World, WorldOptions

SIDES = ("home", "away")
COUNTERS = tuple(f"{side}_{what}" for side in SIDES for what in ("red_cards", "yellow_cards", "corners"))
STATISTICS = tuple(
    f"{side}_{what}"
    for side in SIDES
    for what in (
        "shots_on_target",
        "shots_off_target",
        "attacks",
        "dangerous_attacks",
        "possession",
        "penalties",
    )
)
TEAM = ("", "_short", "_logo", "_country_id", "_gender", "_national")
GOALS = ("money_line", "spread", "over_under")
PRICES = tuple(f"{moment}_{market}" for moment in ("early", "current") for market in (*GOALS, "corners"))
HELD = ("fresh", "cache", "stale", "mock")


@dataclass(frozen=True)
class Told:
    """What is told of a match, and the replies that it was made of."""

    record: MatchRecord
    picture: Picture

    def __getitem__(self, field: str) -> Any:
        return self.record[field]  # type: ignore[literal-required]

    def pair(self, what: str) -> tuple[Any, Any]:
        return self[f"home_{what}"], self[f"away_{what}"]

    def fields(self, prefix: str) -> dict[str, Any]:
        """Fields of which the names begin so, without the prefix."""
        return {
            field.removeprefix(prefix): value
            for field, value in self.record.items()
            if field.startswith(prefix)
        }

    def prices(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for price in PRICES:
            yield price, self.fields(f"{price}_")


RULES: list[Callable[[Told], None]] = []


def always(rule: Callable[[Told], None]) -> Callable[[Told], None]:
    RULES.append(rule)
    return rule


# The status and the clock


@always
def a_match_is_in_play_in_the_statuses_2_to_7(told: Told) -> None:
    assert told["in_play"] is (2 <= told["status_id"] <= 7)


@always
def the_minute_is_one_of_the_period_that_the_status_names(told: Told) -> None:
    minutes = {2: range(1, 66), 4: range(46, 121), 5: range(91, 151)}.get(told["status_id"], ())
    assert told["minute"] is None or told["minute"] in minutes


@always
def the_clock_shows_the_minute_if_there_is_one_and_words_if_there_is_none(told: Told) -> None:
    clock = told["clock"]
    if told["minute"] is None:
        assert "'" not in clock
        assert clock in {told["status"], "HT", "ET", "PEN", "FT"}
    else:
        assert sum(int(part) for part in clock.rstrip("'").split("+")) == told["minute"]


@always
def the_clock_stands_in_the_breaks_and_after_the_end(told: Told) -> None:
    word = {3: "HT", 6: "ET", 7: "PEN", 8: "FT"}.get(told["status_id"])
    assert word is None or told["clock"] == word


@always
def a_minute_is_counted_from_the_start_of_the_period_that_the_record_shows(told: Told) -> None:
    if told["minute"] is not None:
        before = {2: 0, 4: 45, 5: 90}[told["status_id"]]
        elapsed = seconds(told["fetched_at"]) - seconds(told["period_started_at"])
        assert elapsed // 60 + 1 + before == told["minute"]


@always
def no_second_half_and_no_extra_time_runs_that_would_have_begun_before_it_could(told: Told) -> None:
    if told["minute"] is not None and told.picture.first_half_at is None and told["kickoff_at"]:
        begun = seconds(told["period_started_at"]) - seconds(told["kickoff_at"])
        assert begun >= {2: begun, 4: 50 * 60, 5: 100 * 60}[told["status_id"]]


# The score


@always
def a_match_that_has_no_score_because_it_is_not_played_shows_no_sign_of_play(told: Told) -> None:
    goals = [side[0] if side else None for side in told.picture.live["score"][2:4]]
    sent = all(isinstance(goal, int) and goal >= 0 for goal in goals)
    if sent and told.pair("score") == (None, None):
        assert not told["in_play"]
        assert told["status_id"] != 8
        for part in ("score_ht", "score_et", "score_pens"):
            assert told.pair(part) == (None, None)
        assert not told["incidents"]
        assert not told["has_stats"]
        assert not any(told[counter] for counter in COUNTERS)


@always
def a_match_in_play_or_over_has_a_score_if_one_was_sent(told: Told) -> None:
    for side, sent in zip(SIDES, told.picture.live["score"][2:4], strict=True):
        if 2 <= told["status_id"] <= 8 and len(sent) == 7 and all(0 <= count < 2**63 for count in sent):
            assert told[f"{side}_score"] is not None


@always
def the_score_is_that_of_120_minutes_or_that_is_no_such_score(told: Told) -> None:
    regular = tuple(side[0] if side else None for side in told.picture.live["score"][2:4])
    after = told.pair("score_et")
    if after != (None, None):
        assert told.pair("score") == after or any(
            goals is not None and late is not None and late < goals
            for goals, late in zip(regular, after, strict=True)
        )


@always
def a_half_time_score_is_there_only_if_there_may_have_been_a_half_time(told: Told) -> None:
    if told.pair("score_ht") != (None, None):
        whistled = any(incident["type_id"] == 11 for incident in told["incidents"] or [])
        assert 3 <= told["status_id"] <= 8 or (told["status_id"] in {0, 10, 11, 13} and whistled)


@always
def a_score_after_extra_time_says_that_there_was_extra_time(told: Told) -> None:
    if told.pair("score_et") != (None, None) or told["status_id"] in {5, 6}:
        assert told["extra_time"] is True


@always
def penalties_are_counted_in_a_shoot_out_or_if_somebody_scored(told: Told) -> None:
    pens = told.pair("score_pens")
    assert told["status_id"] == 7 or pens == (None, None) or any(pens)


# What is counted


@always
def there_are_no_statistics_of_a_match_that_has_none(told: Told) -> None:
    assert told["has_stats"] or all(told[field] is None for field in STATISTICS)


@always
def six_counters_of_0_are_told_only_of_a_match_that_is_covered(told: Told) -> None:
    assert told["has_stats"] or any(told[field] != 0 for field in COUNTERS)


@always
def nobody_has_the_ball_in_no_match(told: Told) -> None:
    assert told.pair("possession") != (0, 0)


@always
def no_count_is_negative(told: Told) -> None:
    for field in (*COUNTERS, *STATISTICS):
        assert told[field] is None or told[field] >= 0
    for part in ("score", "score_ht", "score_et", "score_pens"):
        assert all(count is None or count >= 0 for count in told.pair(part))


@always
def the_score_of_a_shoot_out_and_the_score_of_the_match_are_not_told_by_one_incident(told: Told) -> None:
    for incident in told["incidents"] or []:
        goals = (incident["home_score"], incident["away_score"])
        pens = (incident["home_pens"], incident["away_pens"])
        assert (goals if incident["type_id"] in {29, 30} else pens) == (None, None)


@always
def incidents_that_are_unknown_are_not_complete(told: Told) -> None:
    assert told["incidents"] is not None or not told["incidents_complete"]


@always
def a_name_of_a_code_has_its_code(told: Told) -> None:
    for incident in told["incidents"] or []:
        for code in ("type", "reason", "var_reason", "var_result"):
            assert incident[code] is None or incident[f"{code}_id"] is not None
    assert told["weather"] is None or told["weather_id"] is not None


# Who plays, and where


@always
def a_team_has_a_name_only_if_it_has_an_id_and_is_held(told: Told) -> None:
    for side in SIDES:
        team = {field: told[f"{side}{field}"] for field in TEAM}
        held = told[f"{side}_source"] in HELD
        assert not held or told[f"{side}_id"] is not None
        assert held or all(value is None for value in team.values())
        assert told[f"{side}_source"] != "none" or told[f"{side}_id"] is None


@always
def a_competition_has_a_name_only_if_it_has_an_id_and_is_held(told: Told) -> None:
    held = told["competition_source"] in HELD
    assert not held or told["competition_id"] is not None
    if not held:
        for field in ("competition", "competition_type", "country_id", "country", "category_id"):
            assert told[field] is None
        assert told["country_source"] == told["competition_source"]


@always
def a_country_without_an_id_is_a_category(told: Told) -> None:
    if told["country_id"] is None:
        assert told["country_source"] not in HELD
        assert told["country"] is None or told["category_id"] is not None
    else:
        assert told["country_source"] != "none"
        assert told["country"] is None or told["country_source"] in HELD


@always
def what_only_a_detail_tells_is_not_known_without_one(told: Told) -> None:
    held = told["detail_source"] in HELD
    assert held or told["detail_fetched_at"] is None
    if not held:
        assert told["extra_time"] in {None, True}
        for field in ("kickoff_at", "ended_at", "competition_id", "home_id", "away_id", "round", "neutral"):
            assert told[field] is None
        for source in ("home_source", "away_source", "competition_source", "country_source"):
            assert told[source] not in HELD


@always
def a_weather_is_told_in_all_its_units_or_in_none(told: Told) -> None:
    for units in (
        ("temperature_c", "temperature_f"),
        ("wind_ms", "wind_mph", "wind"),
        ("pressure_mmhg", "pressure_inhg", "pressure_hpa"),
    ):
        assert len({told[unit] is None for unit in units}) == 1


# Prices


@always
def a_price_is_that_of_one_row_or_there_is_none_of_it(told: Told) -> None:
    for _, price in told.prices():
        if price["bookmaker_id"] is None:
            assert set(price.values()) == {None}
        else:
            assert price["sealed"] is not None
            assert price["in_play"] is not None


@always
def there_are_no_prices_without_odds(told: Told) -> None:
    if told["odds_source"] not in HELD:
        assert told["odds_fetched_at"] is None
        assert all(price["bookmaker_id"] is None for _, price in told.prices())


@always
def american_odds_are_those_of_the_decimal_ones_beside_them(told: Told) -> None:
    for _, price in told.prices():
        for field in [field for field in price if field.endswith("_american")]:
            decimal, american = price[field.removesuffix("_american")], price[field]
            if decimal is None or decimal <= 1:
                assert american is None
            elif american is not None:
                assert (american >= 100) if decimal >= 2 else (american <= -100)


@always
def an_early_price_was_made_inside_the_window(told: Told) -> None:
    for name, price in told.prices():
        if name.startswith("early") and price["bookmaker_id"] is not None:
            assert told.picture.window[0] <= price["minute"] <= told.picture.window[1]


@always
def an_outdated_price_was_made_in_play_at_another_score_than_the_record_shows(told: Told) -> None:
    now = told.pair("score")
    for market in GOALS:
        price = told.fields(f"current_{market}_")
        if price["score"] is None or None in now:
            assert price["outdated"] is None
        else:
            another = price["score"] != f"{now[0]}-{now[1]}"
            assert price["outdated"] is (price["in_play"] and another)


# Where it comes from


@always
def a_value_that_was_read_has_a_time_and_another_has_none(told: Told) -> None:
    for part, fetched_at in (
        ("live", "fetched_at"),
        ("detail", "detail_fetched_at"),
        ("odds", "odds_fetched_at"),
    ):
        assert (told[fetched_at] is not None) is (told[f"{part}_source"] in {"fresh", "cache", "stale"})


@always
def the_age_is_that_of_the_oldest_part(told: Told) -> None:
    times = [told[field] for field in ("fetched_at", "detail_fetched_at", "odds_fetched_at")]
    oldest = min(seconds(at) for at in times if at is not None)
    assert abs(told["data_age_s"] - max(0.0, told.picture.published_at - oldest)) < 0.0021


def seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


# The matches on which they are tried

OPENED = int(MOMENT)


@cache
def world() -> World:
    return World(WorldOptions(OPENED, matches=24, seed=7, odds="light"))


@st.composite
def simulated(draw: st.DrawFn) -> Picture:
    """A match of the simulated world as it is at some time of four hours."""
    at = OPENED + draw(st.integers(0, 4 * 3600))
    match_id = draw(st.sampled_from(sorted(world().live_ids(at))))
    live, detail = world().live_element(match_id, at), world().detail_row(match_id, at)
    assert live is not None
    assert detail is not None
    competition = world().competition(detail["competition_id"], at)
    return Picture(
        live=live,
        detail=detail,
        odds=world().odds(match_id, at),
        teams={one: world().team(one, at) for one in (detail["home_team_id"], detail["away_team_id"])},
        competitions={detail["competition_id"]: competition},
        countries={row["id"]: row for row in world().countries()[:40]},
        live_at=at,
        detail_at=at,
        odds_at=at,
        published_at=at,
    )


few = st.sampled_from([-1, 0, 0, 0, 1, 1, 2, 3])
minutes_ago = st.sampled_from([0, 1, 10, 20, 46, 50, 63, 66, 76, 100, 120, 200]).map(lambda ago: ago * 60)


def nudge_live(draw: st.DrawFn, live: dict[str, Any], now: int) -> None:
    score = live["score"]
    if draw(st.booleans()):
        score[1] = draw(st.integers(0, 14))
    if draw(st.booleans()):
        score[4] = draw(st.just(0) | minutes_ago.map(now.__sub__))
    for side in score[2:4]:
        if draw(st.booleans()):
            side[:] = draw(st.lists(few, min_size=7, max_size=7) | st.just([0] * 7))
        if draw(st.booleans()):
            side[draw(st.integers(0, 6))] = draw(few)
    for part in ("stats", "incidents"):
        if draw(st.booleans()):
            live[part] = live.get(part, [])[: draw(st.integers(0, 2))]
    if draw(st.integers(0, 3)) == 0:  # nothing has happened, or only a whistle was heard
        score[2:4], live["stats"] = [[0] * 7, [0] * 7], []
        live["incidents"] = draw(st.sampled_from([[], [{"type": 11, "position": 0, "time": 46}]]))


def nudge_odds(draw: st.DrawFn, odds: dict[str, Any]) -> None:
    for rows in [rows for markets in odds.values() for rows in markets.values() if rows]:
        if draw(st.booleans()):
            rows[0][5] = draw(st.sampled_from([1, 2, 4, 5, 8]))
            rows[0][6] = draw(st.integers(0, 1))
            rows[0][7] = draw(st.sampled_from(["0-0", "1-0", "1-1", "2-1", "", "?"]))


def nudge(draw: st.DrawFn, picture: Picture) -> Picture:
    """Change a few values to others that a vendor may send: another status, start, score, price."""
    live, detail, odds = deepcopy((picture.live, picture.detail, thinned(picture.odds)))
    now = int(picture.live_at)
    nudge_live(draw, live, now)
    nudge_odds(draw, odds or {})
    if detail is not None and draw(st.booleans()):
        detail["match_time"] = draw(minutes_ago.map(now.__sub__))
        detail["has_ot"] = draw(st.integers(0, 1))
    seen = draw(st.none() | minutes_ago.map(now.__sub__))
    return replace(picture, live=live, detail=detail, odds=odds, first_half_at=seen)


@st.composite
def told_matches(draw: st.DrawFn) -> Picture:
    rows = draw(st.sampled_from([real_or_written(), written()]))
    plain = st.sampled_from(sorted(rows.live)).map(lambda match_id: pictured(rows, match_id))
    picture = nudge(draw, draw(plain | simulated()))
    return changed(draw, picture) if draw(st.booleans()) else picture


@unhurried
@given(told_matches())
def test_no_record_contradicts_itself(picture: Picture) -> None:
    told = Told(flattened(picture), picture)
    for rule in RULES:
        rule(told)
