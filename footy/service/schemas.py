"""`footy schema`: the JSON Schema of events, or of the match record, from the types."""

from typing import Any, Literal

import msgspec

from footy import record
from footy.events.schema import events_schema


def schema(of: Literal["events", "record"]) -> bytes:
    """Return the schema as indented JSON."""
    content = events_schema() if of == "events" else _record_schema()
    return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"


def _record_schema() -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:footy:schema:record:{record.SCHEMA}",
        "title": "footy match record",
        **msgspec.json.schema(record.MatchRecord),
    }
