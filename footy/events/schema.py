"""JSON Schemas of the events, generated from their types."""

from typing import Any

import msgspec

from footy.events.envelope import Envelope, schema_name
from footy.events.types import DATA


def data_schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema of a type's `data`, with the name from `dataschema`.

    Raises:
        KeyError: There is no such type.
    """
    return _named(msgspec.json.schema(DATA[kind]), schema_name(kind), f"footy.{kind}")


def envelope_schema() -> dict[str, Any]:
    """Return the JSON Schema of the envelope, with any `data`."""
    return _named(msgspec.json.schema(Envelope), schema_name("envelope"), "footy event")


def all_schemas() -> dict[str, dict[str, Any]]:
    """Return the schemas of the envelope and of the data of every type, by type."""
    return {"envelope": envelope_schema(), **{kind: data_schema(kind) for kind in DATA}}


def events_schema() -> dict[str, Any]:
    """Return one schema of all events: the envelope, and the `data` that belongs to each `type`.

    The others are embedded in it under their own `$id`, as JSON Schema 2020-12 bundles them.
    """
    envelope = envelope_schema()
    pairs = [
        {
            "if": {"properties": {"type": {"const": f"footy.{kind}"}}},
            "then": {
                "properties": {
                    "data": {"$ref": schema_name(kind)},
                    "dataschema": {"const": schema_name(kind)},
                }
            },
        }
        for kind in DATA
    ]
    return _named(
        {"$ref": envelope["$id"], "allOf": pairs, "$defs": all_schemas()},
        schema_name("events"),
        "footy events",
    )


def _named(schema: dict[str, Any], name: str, title: str) -> dict[str, Any]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": name, "title": title, **schema}
