"""Cards, substitutions, kicks and reviews, which the vendor edits and inserts (events.md)."""

from typing import Any

import pytest

from tests.events.watch import Watch, incident, keys, only, said

YELLOW, RED, SUBSTITUTION, SECOND_YELLOW, MISSED, REVIEW, KICK, KICK_MISSED = 3, 4, 9, 15, 16, 28, 29, 30


def sub(minute: int, player_in: str | None = None, player_out: str | None = None) -> Any:
    return incident(SUBSTITUTION, "home", minute, player_in=player_in, player_out=player_out)


# How the vendor really behaves


def test_counters_of_cards_and_corners_that_swap_sides_are_no_events() -> None:
    watch = Watch(status_id=8, home_yellow_cards=3, away_yellow_cards=1, home_corners=4, away_corners=2)
    assert watch.see(home_yellow_cards=1, away_yellow_cards=3, home_corners=2, away_corners=4) == []
    watch = Watch(home_yellow_cards=3, away_yellow_cards=1)
    assert watch.twice(home_yellow_cards=1, away_yellow_cards=3) == []


@pytest.mark.parametrize(
    "edited", [{"minute": 40, "player": "Back"}, {"minute": 52}, {"minute": 52, "player": "Back"}]
)
def test_an_incident_that_is_edited_is_not_given_again(edited: dict[str, Any]) -> None:
    watch = Watch()
    watch.see(incidents=[incident(YELLOW, "home", 40)])
    events = watch.twice(incidents=[incident(YELLOW, "home") | edited])
    assert {event.type for event in events} <= {"yellow_detail"}
    assert [said(event).player for event in events] == ["Back"] * ("player" in edited)


def test_an_incident_that_is_inserted_before_others_is_the_new_one() -> None:
    watch = Watch()
    first = incident(YELLOW, "home", 60, player="First")
    assert keys(watch.see(incidents=[first])) == ["yellow:home:1"]
    events = watch.see(incidents=[incident(YELLOW, "home", 40, player="Late"), first])
    assert (keys(events), only(events).player) == (["yellow:home:2"], "Late")


def test_substitutions_that_trade_places_are_the_same() -> None:
    watch = Watch()
    one, two = sub(46, "A", "B"), sub(46, "C", "D")
    watch.see(incidents=[one, two])
    assert watch.twice(incidents=[two, one]) == []


def test_a_name_that_comes_and_goes_is_one_detail() -> None:
    watch = Watch()
    named, nameless = incident(YELLOW, "home", 40, player="Back"), incident(YELLOW, "home", 40)
    watch.see(incidents=[nameless])
    events = [event for one in (named, nameless) * 4 for event in watch.see(incidents=[one])]
    assert keys(events) == ["yellow_detail:home:1:1"]


@pytest.mark.parametrize("kind", [YELLOW, RED, SUBSTITUTION, KICK])
@pytest.mark.parametrize("listed", [{}, {"minute": 41}, {"player": "Back"}])
def test_a_side_that_cannot_be_read_for_a_while_changes_nothing(kind: int, listed: dict[str, Any]) -> None:
    watch = Watch()
    watch.see(
        incidents=[incident(kind, "home", 40, player="Back"), incident(kind, "away", 40, player="Other")]
    )
    unread = incident(kind, None, 40, player="Back") | listed
    others = [incident(kind, "away", 40, player="Other")]
    for incidents in (
        [unread, *others],
        [*others, unread],
        [incident(kind, "home", 40, player="Back"), *others],
    ):
        assert watch.see(after_s=70.0, incidents=incidents) == []
        assert watch.see() == []


def test_a_card_that_was_not_seen_before_is_one_of_neither_side_if_its_side_cannot_be_read() -> None:
    watch = Watch()
    watch.see(incidents=[incident(YELLOW, "home", 40, player="Back")])
    events = watch.see(incidents=[incident(YELLOW, None, 60), incident(YELLOW, "home", 40, player="Back")])
    assert keys(events) == ["yellow:none:1"]


def test_a_card_of_the_first_sight_whose_side_becomes_known_is_not_emitted() -> None:
    watch = Watch(incidents=[incident(YELLOW, None, 40)])
    assert watch.see(incidents=[incident(YELLOW, "home", 40)]) == []
    assert watch.see(after_s=70.0) == watch.see() == []


def test_what_becomes_null_is_still_told_by_a_detail() -> None:
    watch = Watch()
    watch.see(
        incidents=[
            incident(YELLOW, "home", 40, reason="Foul"),
            incident(REVIEW, "home", 50, var_reason_id=1, var_reason="Goal awarded"),
            incident(KICK, "home", 120, home_pens=1, away_pens=0),
        ]
    )
    card, review, kick = watch.see(
        incidents=[
            incident(YELLOW, "home", 40, player="Back"),
            incident(REVIEW, "home", 50, var_result_id=2, var_result="Goal cancelled"),
            incident(KICK, "home", 120, player="Back", away_pens=0),
        ]
    )
    assert said(card).reason == "Foul"
    assert (said(review).var_reason, said(review).var_result) == ("Goal awarded", "Goal cancelled")
    assert (said(kick).home_pens, said(kick).away_pens) == (1, 0)


def test_a_result_of_a_review_that_is_unknown_is_no_detail() -> None:
    watch = Watch()
    decided = {"var_result_id": 2, "var_result": "Goal cancelled"}
    watch.see(incidents=[incident(REVIEW, "home", 50)])
    results: list[dict[str, Any]] = [
        {"var_result_id": 0},
        decided,
        {"var_result_id": 0},
        decided,
        {},
        decided,
    ]
    events = [
        event for one in results for event in watch.see(incidents=[incident(REVIEW, "home", 50, **one)])
    ]
    assert keys(events) == ["var_detail:home:1:1"]


# What is emitted


@pytest.mark.parametrize(
    ("type_id", "kind"),
    [
        (YELLOW, "yellow"),
        (SECOND_YELLOW, "second_yellow"),
        (RED, "red"),
        (SUBSTITUTION, "substitution"),
        (MISSED, "penalty_missed"),
        (KICK, "kick_scored"),
        (KICK_MISSED, "kick_missed"),
        (REVIEW, "var"),
    ],
)
def test_kinds_of_incidents(type_id: int, kind: str) -> None:
    watch = Watch()
    assert keys(watch.see(incidents=[incident(type_id, "away")])) == [f"{kind}:away:1"]
    assert keys(watch.see(incidents=[incident(type_id, "away"), incident(type_id, None)])) == [
        f"{kind}:none:1"
    ]


@pytest.mark.parametrize("type_id", [1, 2, 5, 10, 11, 12, 13, 19, 26, 27, 38, None])
def test_other_incidents_are_no_events(type_id: int | None) -> None:
    assert Watch().see(incidents=[incident(type_id or 0, "home") | {"type_id": type_id}]) == []


def test_a_card_tells_whose_it_is() -> None:
    card = incident(YELLOW, "home", 40, player="Back", player_id="p1", reason="Foul")
    told = only(Watch().see(incidents=[card]))
    assert (told.side, told.number, told.minute) == ("home", 1, 40)
    assert (told.player, told.player_id, told.reason) == ("Back", "p1", "Foul")


def test_a_second_yellow_is_not_also_a_red() -> None:
    assert keys(Watch().see(incidents=[incident(SECOND_YELLOW)])) == ["second_yellow:home:1"]


def test_incidents_of_the_first_sight_are_numbered_and_not_emitted() -> None:
    card = incident(YELLOW, "home", 10, player="First")
    watch = Watch(incidents=[card])
    assert keys(watch.first) == ["match_seen"]
    assert keys(watch.see(incidents=[card, incident(YELLOW, "home", 50)])) == ["yellow:home:2"]


def test_the_first_list_that_is_known_is_the_baseline() -> None:
    watch = Watch(incidents=None)
    card = incident(YELLOW, "home", 10, player="First")
    assert watch.see(incidents=[card], incidents_complete=True) == []
    assert keys(watch.see(incidents=[card, incident(RED)])) == ["red:home:1"]


def test_before_play_a_list_that_is_null_is_empty() -> None:
    watch = Watch(status_id=1, incidents=None)
    events = watch.see(status_id=2, incidents=[incident(YELLOW)], incidents_complete=True)
    assert keys(events) == ["kickoff:1", "yellow:home:1"]


def test_a_player_of_another_name_is_a_detail_up_to_three_times() -> None:
    watch = Watch()
    watch.see(incidents=[incident(YELLOW, "home", 40, player="A")])
    events = [
        event
        for name in "BCDEF"
        for event in watch.see(incidents=[incident(YELLOW, "home", 40, player=name)])
    ]
    assert keys(events) == [f"yellow_detail:home:1:{k}" for k in (1, 2, 3)]
    assert said(events[0]).relates == "4wyrn4h68yv6q86:yellow:home:1"


def test_a_review_that_is_decided_is_a_detail() -> None:
    watch = Watch()
    watch.see(incidents=[incident(REVIEW, "home", 60, var_reason_id=2)])
    decided = incident(REVIEW, "home", 60, var_reason_id=2, var_result_id=2, var_result="Goal cancelled")
    detail = only(watch.see(incidents=[decided]))
    assert (keys(watch.events)[-1], detail.var_result) == ("var_detail:home:1:1", "Goal cancelled")


def test_a_kick_tells_the_score_of_the_shoot_out() -> None:
    kicks = [incident(KICK, "home", 120, home_pens=1, away_pens=0)]
    watch = Watch(status_id=7)
    told = only(watch.see(incidents=kicks))
    assert (told.home_pens, told.away_pens) == (1, 0)
    kicks += [incident(KICK, "home", 120, home_pens=2, away_pens=0)]
    assert keys(watch.see(incidents=kicks)) == ["kick_scored:home:2"]


# Similarity


def test_the_same_player_is_the_same_incident_at_any_minute() -> None:
    watch = Watch()
    watch.see(incidents=[incident(YELLOW, "home", 10, player="A"), incident(YELLOW, "home", 20)])
    events = watch.see(
        incidents=[incident(YELLOW, "home", 20, player="B"), incident(YELLOW, "home", 80, player="A")]
    )
    assert (keys(events), only(events).player) == (["yellow_detail:home:2:1"], "B")


def test_the_nearest_minute_is_the_same_incident_if_no_other_player_is_named() -> None:
    watch = Watch()
    watch.see(incidents=[incident(YELLOW, "home", 10), incident(YELLOW, "home", 50)])
    events = watch.see(
        incidents=[
            incident(YELLOW, "home", 30, player="New"),
            incident(YELLOW, "home", 11, player="A"),
            incident(YELLOW, "home", 49, player="B"),
        ]
    )
    assert keys(events) == ["yellow:home:3", "yellow_detail:home:1:1", "yellow_detail:home:2:1"]


def test_the_same_player_goes_before_the_same_minute() -> None:
    watch = Watch()
    watch.see(incidents=[incident(YELLOW, "home", 50), incident(YELLOW, "home", 10, player="A")])
    assert watch.see(incidents=[incident(YELLOW, "home", 50, player="A"), incident(YELLOW, "home", 10)]) == []


def test_in_the_order_those_go_first_of_which_no_other_player_is_named() -> None:
    watch = Watch()
    watch.see(incidents=[incident(YELLOW, "home", 10, player="A"), incident(YELLOW, "home", 50)])
    events = watch.see(incidents=[incident(YELLOW, "home", 80, player="B")])
    assert (keys(events), only(events).player) == (["yellow_detail:home:2:1"], "B")


def test_what_is_equal_goes_before_the_order() -> None:
    watch = Watch(status_id=7)
    first, second = (incident(KICK, "home", 120, home_pens=n, away_pens=0) for n in (1, 2))
    watch.see(incidents=[first, second])
    watch.see(incidents=[second])
    assert keys(watch.see(after_s=60)) == ["withdrawn:kick_scored:home:1:1"]


def test_players_are_told_apart_by_id_before_name() -> None:
    watch = Watch()
    watch.see(incidents=[incident(YELLOW, "home", 10, player="Müller", player_id="p1")])
    assert watch.see(incidents=[incident(YELLOW, "home", 10, player="Mueller", player_id="p1")]) == []


# Withdrawals


def test_an_incident_that_is_missing_for_a_minute_is_withdrawn() -> None:
    watch = Watch()
    watch.see(incidents=[incident(RED, "away", 40)])
    for _ in range(6):
        assert watch.see(incidents=[]) == []
    withdrawn = only(watch.see())
    assert keys(watch.events)[-1] == "withdrawn:red:away:1:1"
    assert (withdrawn.withdrawn, withdrawn.relates) == ("red", "4wyrn4h68yv6q86:red:away:1")


def test_one_list_without_an_incident_withdraws_nothing() -> None:
    watch = Watch()
    watch.see(incidents=[incident(RED)])
    assert watch.see(after_s=100, incidents=[]) == []
    assert watch.see(after_s=100, incidents=[incident(RED)]) == []
    assert watch.see(after_s=100, incidents=[]) == []


@pytest.mark.parametrize("unknown", [{"incidents": None}, {"incidents": [], "incidents_complete": False}])
def test_an_unknown_or_incomplete_list_withdraws_nothing(unknown: dict[str, Any]) -> None:
    watch = Watch()
    watch.see(incidents=[incident(RED)])
    assert [event for _ in range(10) for event in watch.see(**unknown)] == []
    assert watch.see(incidents=[incident(RED)], incidents_complete=True) == []


def test_push_does_not_confirm_a_withdrawal() -> None:
    watch = Watch()
    watch.see(incidents=[incident(RED)])
    assert [event for _ in range(10) for event in watch.see(incidents=[], live_source="push")] == []
    assert watch.see(live_source="fresh") == []
    assert keys(watch.see()) == ["withdrawn:red:home:1:1"]


def test_an_incident_that_comes_back_after_it_was_withdrawn_gets_the_next_number() -> None:
    watch = Watch()
    watch.see(incidents=[incident(RED)])
    watch.see(incidents=[])
    assert keys(watch.see(after_s=60)) == ["withdrawn:red:home:1:1"]
    assert keys(watch.see(incidents=[incident(RED)])) == ["red:home:2"]


def test_an_incident_of_the_first_sight_goes_without_an_event() -> None:
    watch = Watch(incidents=[incident(RED)])
    watch.see(incidents=[])
    assert watch.see(after_s=60) == []
    assert not watch.state.waits


# The end


def test_a_match_first_seen_after_full_time_emits_only_its_score_and_status() -> None:
    watch = Watch(status_id=8, home_score=1)
    assert watch.see(incidents=[incident(RED)]) == []
    assert keys(watch.see(home_score=2)) == ["goal:home:2"]
    assert keys(watch.see(status_id=7)) == ["penalties:1"]


def test_incidents_end_fifteen_minutes_after_full_time() -> None:
    watch = Watch()
    watch.see(status_id=8)
    assert keys(watch.see(after_s=900, incidents=[incident(RED)])) == ["red:home:1"]
    assert watch.see(after_s=1, incidents=[incident(RED), incident(RED, minute=90)]) == []
