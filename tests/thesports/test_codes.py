"""The vendor's code tables, against those of the oracle, which were written from its documentation."""

from collections.abc import Mapping

import pytest

from footy.thesports import codes
from tests.support import oracle


def numbered(words: list[str]) -> dict[int, str]:
    """Return words by their number, from 1."""
    return dict(enumerate(words[1:], start=1))


@pytest.mark.parametrize(
    ("table", "documented"),
    [
        (codes.STATUSES, oracle.STATUS),
        (codes.INCIDENTS, {int(code): name for code, name in oracle.INCIDENT.items()}),
        (codes.CARD_REASONS, numbered(oracle.REASON)),
        (codes.SUBSTITUTION_REASONS, numbered(oracle.REASON) | {3: "Injury", 4: "Tactical"}),
        (codes.VAR_REASONS, numbered(oracle.VAR_REASON)),
        (codes.VAR_RESULTS, numbered(oracle.VAR_RESULT)),
        (codes.WEATHER, numbered(oracle.WEATHER)),
        (codes.BOOKMAKERS, oracle.BOOKMAKER),
        (codes.CATEGORIES, oracle.CATEGORY),
    ],
    ids=[
        "statuses",
        "incidents",
        "reasons of cards",
        "reasons of substitutions",
        "reasons of the video referee",
        "results of the video referee",
        "weather",
        "bookmakers",
        "categories",
    ],
)
def test_a_table_is_as_documented(table: Mapping[object, str], documented: Mapping[object, str]) -> None:
    assert table == documented


def test_a_table_has_as_many_codes_as_the_vendor_documents() -> None:
    assert len(codes.CARD_REASONS) == 37
    assert (len(codes.VAR_REASONS), len(codes.VAR_RESULTS)) == (9, 12)
    assert len(codes.WEATHER) == 13


@pytest.mark.parametrize("status_id", [14, 99, -1])
def test_a_status_that_is_not_in_the_table_is_called_by_its_number(status_id: int) -> None:
    assert codes.status_name(status_id) == f"Status {status_id}"


def test_a_match_is_in_play_from_the_first_half_to_the_shoot_out() -> None:
    assert set(oracle.IN_PLAY) == codes.IN_PLAY


def test_the_statistics_of_a_live_match_are_no_incidents() -> None:
    assert not {21, 22, 23, 24, 25, 37} & codes.INCIDENTS.keys()


def test_kinds_of_competition_genders_and_sides() -> None:
    assert codes.COMPETITION_TYPES == {1: "league", 2: "cup", 3: "friendly"}
    assert codes.GENDERS == {1: "men", 2: "women"}
    assert codes.SIDES == {1: "home", 2: "away"}


def test_the_statistics_of_the_record_are_these_types() -> None:
    assert codes.STAT_FIELDS == {
        21: "shots_on_target",
        22: "shots_off_target",
        23: "attacks",
        24: "dangerous_attacks",
        25: "possession",
        8: "penalties",
    }
