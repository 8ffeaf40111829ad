"""Ids, envelopes and schemas (events.md, The envelope)."""

import json
import typing
from typing import Any

import msgspec
import pytest

from footy.events import ids, types
from footy.events.envelope import Envelope, envelope, envelope_json, enveloped
from footy.events.schema import all_schemas, data_schema
from footy.events.types import DATA, Event, ServiceStarted
from tests.events.watch import Watch, incident


def told(event: Event) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(envelope_json(envelope(event, sequence=1234, epoch="9f3a01c7")))
    return content


def goal() -> Event:
    watch = Watch(home_score=1)
    return watch.see(home_score=2)[0]


def test_an_envelope_is_a_cloud_event() -> None:
    content = told(goal())
    data = content.pop("data")
    assert content == {
        "specversion": "1.0",
        "id": "4wyrn4h68yv6q86:goal:home:2",
        "source": "urn:footy:live",
        "type": "footy.goal",
        "subject": "4wyrn4h68yv6q86",
        "time": "2026-11-23T19:00:10.000Z",
        "datacontenttype": "application/json",
        "dataschema": "urn:footy:schema:1:goal",
        "sequence": "0000000000001234",
        "footyepoch": "9f3a01c7",
    }
    assert data["after"] == {"home": 2, "away": 0}
    assert data["lead"] == ["home", "home"]
    assert (data["kind"], data["player"], data["relates"], data["vendor_at"]) == (None, None, None, None)


def test_names_of_any_script_and_quotes_survive() -> None:
    watch = Watch(home='"Zürich" \u2028 FC', away="東京")
    data = told(watch.see(home_score=1)[0])["data"]
    assert (data["home"], data["away"]) == ('"Zürich" \u2028 FC', "東京")


def test_an_operational_event_has_no_subject() -> None:
    event = Event(
        ids.operational_id("service_started", 1_795_460_400_000, 1),
        "service_started",
        ServiceStarted(seen_at="2026-11-23T19:00:00.000Z", version="1.0", mode="live"),
    )
    content = told(event)
    assert (content["id"], "subject" in content) == ("footy:service_started:1795460400000:1", False)
    assert event.match_id is None


def test_an_envelope_of_the_log_is_that_of_the_event() -> None:
    event = goal()
    one = envelope(event, sequence=7, epoch="9f3a01c7", source="urn:footy:demo")
    again = enveloped(
        event_id=event.id,
        kind=event.type,
        match_id=event.match_id,
        seen_at="2026-11-23T19:00:10.000Z",
        data=msgspec.json.encode(event.data),
        sequence=7,
        epoch="9f3a01c7",
        source="urn:footy:demo",
    )
    assert envelope_json(one) == envelope_json(again)
    assert msgspec.json.decode(envelope_json(one), type=Envelope).source == "urn:footy:demo"


def test_an_id_is_at_most_64_characters() -> None:
    longest = ids.event_id("4wyrn4h68yv6q86", "withdrawn", "second_yellow", "home", 99, 99)
    assert longest == "4wyrn4h68yv6q86:withdrawn:second_yellow:home:99:99"
    assert len(ids.event_id("4wyrn4h68yv6q86", "alert_settled", "x" * 24, 99_999)) <= ids.MAX_LENGTH
    assert len(longest) <= ids.MAX_LENGTH


def test_a_side_that_is_nobodys_is_none_in_an_id() -> None:
    assert ids.event_id("m", "var", None, 1) == "m:var:none:1"


@pytest.mark.parametrize("kind", sorted(DATA))
def test_every_type_has_a_schema_that_describes_all_fields(kind: str) -> None:
    schema = data_schema(kind)
    assert schema["$id"] == f"urn:footy:schema:1:{kind}"
    name = schema["$ref"].rpartition("/")[2]
    assert list(schema["$defs"][name]["properties"]) == list(DATA[kind].__struct_fields__)


def test_the_schemas_are_those_of_all_types_and_of_the_envelope() -> None:
    assert all_schemas().keys() == {"envelope", *DATA}
    json.dumps(all_schemas())


def test_every_type_of_data_belongs_to_a_type_of_event() -> None:
    bases = {"MatchData", "ScoredData", "IncidentData", "OperationalData"}
    structs = {
        name
        for name, value in vars(types).items()
        if isinstance(value, type) and issubclass(value, typing.get_args(types.Data)) and name not in bases
    }
    assert structs == {data.__name__ for data in DATA.values()}


def test_what_is_emitted_reads_as_its_type_says() -> None:
    watch = Watch(status_id=1)
    watch.see(status_id=2, home_score=1, incidents=[incident(3), incident(9), incident(28), incident(29)])
    watch.twice(home_score=0, away_score=1)
    watch.see(status_id=8)
    for event in watch.events:
        again = msgspec.json.decode(msgspec.json.encode(event.data), type=DATA[event.type])
        assert again == event.data
