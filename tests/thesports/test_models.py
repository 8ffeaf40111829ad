"""The vendor's rows: what decodes, and that a value of a wrong type is an error of its own row."""

import json
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from footy.thesports.models import (
    Competition,
    Count,
    Country,
    Detail,
    Environment,
    Incident,
    LiveMatch,
    LiveScore,
    Markets,
    Odds,
    OddsRow,
    Round,
    SideScore,
    StatRow,
    Team,
    Text,
)
from tests.support.capture import needs_capture, replies, written

LIVE = written().live["m1"]


def decoded(row: Any, kind: Any) -> Any:
    return msgspec.json.decode(json.dumps(row).encode(), type=kind)


@needs_capture
def test_every_captured_row_decodes() -> None:
    rows = replies()
    for kind, found in (
        (LiveMatch, rows.live),
        (Detail, rows.details),
        (Odds, rows.odds),
        (Team, rows.teams),
        (Competition, rows.competitions),
        (Country, rows.countries),
    ):
        for row in found.values():
            decoded(row, kind)


def test_fields_that_are_not_read_do_not_matter_and_absent_ones_are_none() -> None:
    team = decoded({"id": "t1", "market_value": "new shape", "players": []}, Team)
    assert (team.id, team.name, team.national) == ("t1", None, None)


def test_a_short_or_long_list_of_scores_decodes() -> None:
    live = decoded({"id": "m1", "score": ["m1", 2, [1], [0, 0, 0, 0, 1, 0, 0, 9], 5, "", "new"]}, LiveMatch)
    assert live.score.home == SideScore(goals=1)
    assert live.score.away.shoot_out == 0


@pytest.mark.parametrize("score", [["m1"], []])
def test_a_score_without_a_status_is_refused(score: list[Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        decoded({"id": "m1", "score": score}, LiveMatch)


@pytest.mark.parametrize("score", [["m1", 2, [1]], ["m1", 2]])
def test_a_score_without_both_sides_has_unknown_ones(score: list[Any]) -> None:
    assert decoded({"id": "m1", "score": score}, LiveMatch).score.away == SideScore()


@pytest.mark.parametrize("status_id", [2**63, -(2**63) - 1, 10**30])
def test_a_status_that_no_reader_could_hold_is_refused(status_id: int) -> None:
    with pytest.raises(msgspec.ValidationError):
        decoded({"id": "m1", "score": ["m1", status_id, [], [], 0, ""]}, LiveMatch)


@pytest.mark.parametrize("kind", [LiveMatch, Detail, Team, Competition])
def test_a_row_without_an_id_is_refused(kind: Any) -> None:
    for row in ({}, {"id": ""}, {"id": None}):
        with pytest.raises(msgspec.ValidationError):
            decoded(row, kind)


def wrong_values() -> list[Any]:
    """(row type, field, value of a wrong JSON type) for each field of each row."""
    kinds = (Environment, Round, StatRow, Incident, LiveMatch, Detail, Team, Competition, Country, Markets)
    return [
        pytest.param(kind, field.name, value, id=f"{kind.__name__}.{field.name}-{value!r}")
        for kind in kinds
        for field in msgspec.structs.fields(kind)
        if field.name != "left_out"  # no field of the vendor's
        for value in (
            True,
            1.5,
            *(["7", 2**63, -(2**63)] if field.type == Count else []),
            *([7] if field.type == Text else []),
        )
    ]


ROWS = {"id": "x", "type": 1, "score": LIVE["score"]}


@pytest.mark.parametrize(("kind", "field", "value"), wrong_values())
def test_a_value_of_a_wrong_type_is_a_validation_error(kind: Any, field: str, value: Any) -> None:
    names = {field.name for field in msgspec.structs.fields(kind)}
    row = {name: right for name, right in ROWS.items() if name in names}
    decoded(row, kind)
    with pytest.raises(msgspec.ValidationError):
        decoded(row | {field: value}, kind)


@pytest.mark.parametrize(
    ("kind", "right"),
    [
        (LiveScore, ["m1", 2, [1], [0], 5]),
        (OddsRow, [1, "3", 1.5, 2, 1.5, 2, 0, "0-0"]),
        (SideScore, [0, 0, 0, 0, 0, 0, 0]),
    ],
)
def test_a_value_of_a_wrong_type_in_a_list_of_meanings_is_a_validation_error(
    kind: Any, right: list[Any]
) -> None:
    decoded(right, kind)
    for index in range(len(right)):
        with pytest.raises(msgspec.ValidationError):
            decoded([*right[:index], {}, *right[index + 1 :]], kind)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from([*LIVE]), json_values)
def test_a_row_decodes_or_is_refused_by_itself(field: str, value: Any) -> None:
    reply = json.dumps([LIVE | {field: value}, LIVE]).encode()
    changed, neighbour = msgspec.json.decode(reply, type=list[msgspec.Raw])
    with suppress(msgspec.ValidationError):
        msgspec.json.decode(changed, type=LiveMatch)
    assert msgspec.json.decode(neighbour, type=LiveMatch).id == "m1"
