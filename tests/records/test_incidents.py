"""Incidents: codes in words, the vendor's order, nothing invented."""

from typing import Any

import pytest

from footy.record import IncidentRecord, field_names
from footy.records.incidents import half_time_was_whistled, incident_records
from footy.thesports.models import Incident


def one(**values: Any) -> IncidentRecord:
    [record] = incident_records([Incident(**values)]) or []
    return record


def told(record: IncidentRecord) -> dict[str, Any]:
    return {field: value for field, value in record.items() if value is not None}


def test_an_incident_has_every_field_of_its_contract_in_order() -> None:
    assert tuple(one(type=1)) == field_names(IncidentRecord)


def test_a_goal_in_stoppage_time_runs_on_and_names_who_scored_and_who_assisted() -> None:
    goal = one(
        type=1,
        position=1,
        time=47,
        add_time=2,
        player_id="p1",
        player_name=" Scorer ",
        assist1_id="p2",
        assist1_name="Winger",
        home_score=1,
        away_score=0,
    )
    assert told(goal) == {
        "minute": 47,
        "added_time": 2,
        "type_id": 1,
        "type": "Goal",
        "side": "home",
        "player_id": "p1",
        "player": "Scorer",
        "assist_id": "p2",
        "assist": "Winger",
        "home_score": 1,
        "away_score": 0,
    }


def test_a_substitution_names_both_players_and_has_reasons_of_its_own() -> None:
    change = one(
        type=9,
        position=2,
        time=60,
        in_player_id="p1",
        in_player_name="On",
        out_player_id="p2",
        out_player_name="Off",
        reason_type=3,
    )
    assert (change["player_in_id"], change["player_in"]) == ("p1", "On")
    assert (change["player_out_id"], change["player_out"]) == ("p2", "Off")
    assert (change["side"], change["reason_id"], change["reason"]) == ("away", 3, "Injury")


def test_a_card_is_given_for_a_reason_of_cards() -> None:
    assert one(type=3, reason_type=3)["reason"] == "Encroachment"
    assert one(type=15, reason_type=13)["reason"] == "Professional foul, last man"


def test_the_video_referee_has_a_reason_and_a_result() -> None:
    review = one(type=28, var_reason=2, var_result=9)
    assert (review["var_reason_id"], review["var_reason"]) == (2, "Goal not awarded")
    assert (review["var_result_id"], review["var_result"]) == (9, "Original decision")


@pytest.mark.parametrize("type_id", [29, 30])
def test_a_shoot_out_penalty_moves_the_score_of_the_shoot_out(type_id: int) -> None:
    penalty = one(type=type_id, home_score=4, away_score=3)
    assert (penalty["home_pens"], penalty["away_pens"]) == (4, 3)
    assert (penalty["home_score"], penalty["away_score"]) == (None, None)


@pytest.mark.parametrize("position", [0, 3, -1, None])
def test_an_incident_of_neither_side_has_no_side(position: int | None) -> None:
    assert one(type=11, position=position)["side"] is None


def test_an_unknown_code_keeps_its_number_and_has_no_name() -> None:
    odd = one(type=99, reason_type=77, var_reason=55, var_result=44)
    assert told(odd) == {"type_id": 99, "reason_id": 77, "var_reason_id": 55, "var_result_id": 44}


def test_code_0_of_a_reason_or_a_result_has_no_name() -> None:
    odd = one(type=28, reason_type=0, var_reason=0, var_result=0)
    assert told(odd) == {
        "type_id": 28,
        "type": "VAR",
        "reason_id": 0,
        "var_reason_id": 0,
        "var_result_id": 0,
    }


def test_empty_names_and_ids_are_not_known() -> None:
    assert told(one(type=3, player_id="", player_name=" ")) == {"type_id": 3, "type": "Yellow card"}


def test_the_order_is_the_vendors_though_the_minutes_are_not() -> None:
    minutes = [47, 45, 46, 46, 3]
    records = incident_records([Incident(type=1, time=minute) for minute in minutes]) or []
    assert [record["minute"] for record in records] == minutes


def test_no_incidents_are_an_empty_list_and_unreadable_ones_are_unknown() -> None:
    assert incident_records([]) == []
    assert incident_records(None) is None


def test_a_half_time_whistle_is_type_11() -> None:
    assert half_time_was_whistled([Incident(type=1), Incident(type=11)])
    assert not half_time_was_whistled([Incident(type=13)])
    assert not half_time_was_whistled(None)
