"""The record's contract: what the code declares and what docs/record.md tells consumers are the same."""

import re
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import pytest

from footy import record
from footy.record import (
    Counts,
    Heartbeat,
    IncidentRecord,
    MatchRecord,
    Meta,
    Snapshot,
    Timings,
    field_names,
)

CONTRACTS = (MatchRecord, IncidentRecord, Meta, Counts, Timings, Snapshot, Heartbeat)
PAGE = (Path(__file__).parents[1] / "docs" / "record.md").read_text(encoding="utf-8")
PRICES = [
    f"{moment}_{market}"
    for moment, market in product(("early", "current"), ("money_line", "spread", "over_under", "corners"))
]


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def code_words(text: str) -> list[str]:
    """What stands in backquotes and looks like a field."""
    return re.findall(r"`([a-z_{}]+)`", text)


def first_cells(text: str) -> list[str]:
    """Fields named in the first column of a section's tables."""
    return [
        word
        for line in text.splitlines()
        if line.startswith("| `")
        for word in code_words(line.split("|")[1])
    ]


def documented_prices() -> list[str]:
    rows = dict(re.findall(r"^\| ([a-z/ ]+) \| (`\{p\}.*) \|$", section("Prices"), re.MULTILINE))
    by_market = {
        "money_line": rows["money line"],
        "spread": rows["spread"],
        "over_under": rows["over/under and corners"],
        "corners": rows["over/under and corners"],
    }
    outdated = rows["each current one except corners"]
    return [
        word.replace("{p}", price)
        for price in PRICES
        for word in code_words(
            by_market[price.split("_", 1)[1]]
            + rows["each"]
            + (outdated if price.startswith("current_") and price != "current_corners" else "")
        )
    ]


def test_the_page_documents_the_fields_of_a_match_and_no_others_in_order_of_the_contract() -> None:
    sources = first_cells(section("Age and source"))
    told = [
        *first_cells(section("The match")),
        *(word for word in sources if word.endswith(("_at", "_source", "_s"))),
        *documented_prices(),
    ]
    declared = field_names(MatchRecord)
    assert sorted(told) == sorted(declared)
    assert [field for field in told if not field.startswith("incidents")] == [
        field for field in declared if not field.startswith("incidents")
    ]


def test_the_page_names_every_prefix_of_a_price() -> None:
    assert set(PRICES) <= set(code_words(section("Prices")))


def test_the_page_documents_the_fields_of_an_incident_and_no_others_in_order() -> None:
    assert first_cells(section("Incidents")) == list(field_names(IncidentRecord))


@pytest.mark.parametrize("contract", [Meta, Counts, Timings, Heartbeat, Snapshot])
def test_the_page_names_every_field_of_the_files(contract: Any) -> None:
    files = section("Files")
    assert set(field_names(contract)) <= set(re.findall(r"[a-z_]+", files))


def test_the_page_documents_no_field_of_the_files_that_is_not_there() -> None:
    named = {word for contract in (Meta, Heartbeat) for word in field_names(contract)}
    assert set(first_cells(section("Files"))) == named


def test_the_page_names_both_files_and_every_source() -> None:
    for word in ("matches.json", "heartbeat.json"):
        assert f"`{word}`" in section("Files")
    told = section("Age and source")
    assert {"fresh", "cache", "stale", "missing", "none", "refused", "mock"} <= set(code_words(told))


def test_the_page_gives_the_version_of_the_contract() -> None:
    assert f"version of this contract: {record.SCHEMA}" in PAGE


def test_a_record_is_flat_but_for_its_incidents() -> None:
    for contract in (MatchRecord, IncidentRecord):
        for field, annotation in contract.__annotations__.items():
            expected = (
                list[IncidentRecord] | None if field == "incidents" else str | int | float | bool | None
            )
            assert annotation == expected or set(_parts(annotation)) <= set(_parts(expected))


def _parts(annotation: Any) -> tuple[Any, ...]:
    return getattr(annotation, "__args__", (annotation,))


def test_field_names_are_in_the_contract_s_order_and_each_is_there_once() -> None:
    names = field_names()
    assert names[:6] == ("match_id", "status_id", "status", "in_play", "minute", "clock")
    assert len(set(names)) == len(names)
    assert (
        names.index("incidents") < names.index("early_money_line_home") < names.index("current_corners_score")
    )


def test_a_snapshot_that_keeps_the_contract_is_accepted_and_another_is_not() -> None:
    meta = {
        "schema": record.SCHEMA,
        "mode": "demo",
        "cycle": 1,
        "fetched_at": "2025-05-28T17:14:51.000Z",
        "published_at": "2025-05-28T17:14:52.000Z",
        "complete": True,
        "counts": {"live": 0, "in_play": 0, "status": {"2": 0}},
        "requests": 1,
        "timings": {"live": 0.1, "enrich": 0.0, "flatten": 0.0, "filter": 0.0, "publish": None, "total": 0.1},
        "problems": [],
    }
    msgspec.convert({"meta": meta, "matches": []}, Snapshot, strict=True)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"meta": meta, "matches": [{"match_id": "m1"}]}, Snapshot, strict=True)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"meta": meta | {"cycle": "1"}, "matches": []}, Snapshot, strict=True)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_part_of_the_contract_says_what_it_is(contract: Any) -> None:
    assert contract.__doc__
