"""The flags of `footy events`: what they take, and one sentence for what they do not."""

import pytest
import pytz

from footy.history.log import Position
from footy.service import event_query
from footy.service.event_query import QueryError

ZONE = pytz.timezone("America/New_York")
NOW = 1_795_460_400.0
"""2026-11-23T19:00:00Z, 14:00 in New York."""


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-11-23T18:00Z", NOW - 3600),
        ("2026-11-23T18:00:00.500+00:00", NOW - 3599.5),
        ("2026-11-23T13:00", NOW - 3600),
        ("2026-11-23", NOW - 14 * 3600),
        ("13:30", NOW - 1800),
        ("9:00", NOW - 5 * 3600),
        ("13:30:30", NOW - 1770),
        ("45s", NOW - 45),
        ("90min", NOW - 5400),
        ("2 h", NOW - 7200),
        ("3d", NOW - 3 * 86_400),
        ("9999999d", 0.0),
    ],
)
def test_a_time_is_one_of_the_operators_zone_or_an_age(text: str, at: float) -> None:
    assert event_query.time(text, ZONE, NOW) == at


@pytest.mark.parametrize(
    "text", ["", "yesterday", "25:00", "2026-13-01", "-5min", "5 weeks", "99999-01-01", "1e5"]
)
def test_what_is_no_time_is_one_sentence(text: str) -> None:
    with pytest.raises(QueryError, match=r"^--since takes a time such as .*, not '"):
        event_query.time(text, ZONE, NOW)


@pytest.mark.parametrize(
    "text", ["", "1234", "9f3a01c7", "9f3a01c7-", "9F3A01C7-1", "x9f3a01c-1", "9f3a01c7--1"]
)
def test_what_is_no_position_is_one_sentence(text: str) -> None:
    with pytest.raises(QueryError, match=r"^--after takes a position, .* such as 9f3a01c7-1234, not '"):
        event_query.position(text)


def test_a_position_may_have_the_zeros_of_an_envelope() -> None:
    assert event_query.position("9f3a01c7-0000000000001234") == Position("9f3a01c7", 1234)


def test_types_are_named_as_in_the_envelope_or_without_its_prefix() -> None:
    assert event_query.types("goal, footy.red,goal") == ("goal", "red")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("yelow", "'yelow' is no type of event: did you mean yellow?"),
        ("goal,goal_canceled", "did you mean goal_cancelled?"),
        ("§", "'§' is no type of event: there are match_seen, kickoff"),
        (" , ", "--type takes types of events"),
    ],
)
def test_an_unknown_type_names_the_nearest(text: str, words: str) -> None:
    with pytest.raises(QueryError) as caught:
        event_query.types(text)
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["0", "-1", "x", "10001", "1.5", ""])
def test_what_is_no_number_of_events_is_one_sentence(text: str) -> None:
    with pytest.raises(QueryError, match="--limit takes a number from 1 to 10000"):
        event_query.limit(text)
    assert event_query.limit("10000") == 10_000
