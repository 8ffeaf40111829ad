"""Columns in each of their forms are the same values, as Python has them and as Arrow does."""

from array import array
from math import inf, isfinite, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footy.analysis.arrow import arrow_array
from footy.analysis.columns import Batch, Column, Kind, Numbers, Runs, Values, objects, time_text

VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    "text": st.text(st.characters(exclude_categories=["Cs"])),
    "int": st.integers(-(2**31), 2**31 - 1),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "bool": st.booleans(),
    "second": st.integers(0, 2**33),
}


def back(kind: Kind, values: Values, rows: int) -> list[Any]:
    import nanoarrow

    columns = [Column("c", kind, "")]
    array_of = arrow_array(columns, Batch("", rows, [values]))
    return [row["c"] for row in nanoarrow.Array(array_of).to_pylist()]


@pytest.mark.parametrize("kind", VALUES)
@given(st.data())
def test_a_list_and_runs_come_back_with_their_nulls(kind: Kind, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.none() | VALUES[kind], max_size=70))
    seen = back(kind, values, len(values))
    if kind == "second":
        seen = [None if one is None else one.timestamp() for one in seen]
    assert seen == values
    counts = [1 + number % 3 for number in range(len(values))]
    runs = Runs([*zip(values, counts, strict=True)])
    repeated = [value for value, count in runs.parts for _ in range(count)]
    assert [*objects(runs)] == repeated
    seen = back(kind, runs, len(repeated))
    assert seen == repeated or kind == "second"


@given(st.lists(st.tuples(st.integers(-(2**31), 2**31 - 1), st.booleans()), max_size=70))
def test_numbers_with_their_bytes_come_back(pairs: list[tuple[int, bool]]) -> None:
    values = Numbers(array("i", [one for one, _ in pairs]), bytes(known for _, known in pairs))
    want = [one if known else None for one, known in pairs]
    assert [*objects(values)] == want
    assert back("int", values, len(pairs)) == want


def test_what_is_no_number_of_its_column_is_null_and_costs_no_other() -> None:
    assert back("float", [1.5, nan, None, inf, -inf, 2.5], 6) == [1.5, None, None, None, None, 2.5]
    assert back("float", [nan, 1.0], 2) == [None, 1.0]
    assert back("int", [1, 2**31, "x", None, -5], 5) == [1, None, None, None, -5]
    assert back("moment", [None, nan], 2) == [None, None]
    assert back("text", ["a\udc80", None], 2) == ["a?", None]


@given(st.floats())
def test_a_time_is_a_text_or_unknown(moment: float) -> None:
    text = time_text("moment", moment)
    assert text is None or (isfinite(moment) and text.endswith("Z"))


def test_a_time_of_the_vendors_has_whole_seconds() -> None:
    assert time_text("second", 1_795_460_400) == "2026-11-23T19:00:00Z"
    assert time_text("moment", 1_795_460_400.25) == "2026-11-23T19:00:00.250Z"
