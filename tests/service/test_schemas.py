"""`footy schema`: JSON Schemas that a validator accepts, and that events fit."""

import copy
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from footy.events.envelope import envelope, envelope_json
from footy.events.types import DATA
from footy.service.schemas import schema
from tests.support.evening import busy_evening


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    content = json.loads(schema("events"))
    Draft202012Validator.check_schema(content)
    return Draft202012Validator(content)


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    path = tmp_path_factory.mktemp("evening") / "footy.db"
    return [
        json.loads(envelope_json(envelope(one, sequence=number, epoch="9f3a01c7")))
        for number, one in enumerate(busy_evening(path), start=1)
    ]


def test_every_event_fits_the_schema(validator: Draft202012Validator, evening: list[dict[str, Any]]) -> None:
    assert [error.message for one in evening for error in validator.iter_errors(one)] == []


@pytest.mark.parametrize(
    ("field", "value"), [("side", "left"), ("number", None), ("before", {"home": "1"}), ("match_id", 7)]
)
def test_an_event_that_says_something_else_does_not(
    validator: Draft202012Validator, evening: list[dict[str, Any]], field: str, value: object
) -> None:
    goal = copy.deepcopy(next(one for one in evening if one["type"] == "footy.goal"))
    goal["data"][field] = value
    assert not validator.is_valid(goal)


def test_the_data_must_be_that_of_the_type(
    validator: Draft202012Validator, evening: list[dict[str, Any]]
) -> None:
    goal = next(one for one in evening if one["type"] == "footy.goal")
    assert not validator.is_valid(goal | {"type": "footy.result"})
    assert not validator.is_valid(goal | {"dataschema": "urn:footy:schema:1:result"})


def test_a_type_of_a_later_version_and_a_field_of_one_fit(
    validator: Draft202012Validator, evening: list[dict[str, Any]]
) -> None:
    goal = next(one for one in evening if one["type"] == "footy.goal")
    assert validator.is_valid(goal | {"type": "footy.coin", "dataschema": "urn:footy:schema:1:coin"})
    assert validator.is_valid(goal | {"data": goal["data"] | {"foot": "left"}})


def test_every_type_has_its_schema_in_the_bundle() -> None:
    content = json.loads(schema("events"))
    assert [name for name in content["$defs"] if name != "envelope"] == list(DATA)
    Draft202012Validator.check_schema(json.loads(schema("record")))
