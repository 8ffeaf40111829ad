"""Filter: wanted competitions and countries, matches in play, the order of the snapshot."""

from typing import Any, cast

import pytest

from footy.mirror.state import References
from footy.provenance import Held, Source
from footy.record import MatchRecord
from footy.records.order import ordered
from footy.records.selection import Selection, Verdict, misspelt
from footy.thesports.models import Competition, Country, Detail

YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN


def fresh(value: Any) -> Held[Any]:
    return Held(value, 1.0, Source.FRESH)


def lacking(source: Source) -> Held[Any]:
    return Held(None, None, source)


DETAIL = fresh(Detail(id="m1", competition_id="c1"))
LEAGUE = Competition(id="c1", name=" Premier League ", country_id="n1", category_id="g1")
CUP = Competition(id="c1", name="Nations Cup", country_id="", category_id="kp3glrw7hwqdyjv")
COUNTRIES = fresh({"n1": Country(id="n1", name="England")})


def references(competition: Competition | None = LEAGUE, countries: Held[Any] = COUNTRIES) -> References:
    held = {} if competition is None else {"c1": fresh(competition)}
    return References(competitions=held, countries=countries)


@pytest.mark.parametrize("detail", [DETAIL, lacking(Source.MISSING), fresh(Detail(id="m1"))])
def test_where_nothing_is_selected_everything_is_wanted(detail: Held[Detail]) -> None:
    assert Selection.of().judge(detail, References()) is YES
    assert Selection.of([" "], [""]).keeps_all


@pytest.mark.parametrize("wanted", ["Premier League", "premier LEAGUE", " premier league ", "c1", "C1"])
def test_a_competition_is_wanted_by_name_or_id(wanted: str) -> None:
    assert Selection.of([wanted, "Other"]).judge(DETAIL, references()) is YES


@pytest.mark.parametrize("wanted", ["England", "ENGLAND", "n1"])
def test_a_country_is_wanted_by_name_or_id(wanted: str) -> None:
    assert Selection.of(countries=[wanted]).judge(DETAIL, references()) is YES


@pytest.mark.parametrize("wanted", ["International", "international", "kp3glrw7hwqdyjv"])
def test_a_competition_without_a_country_is_wanted_by_its_category(wanted: str) -> None:
    assert Selection.of(countries=[wanted]).judge(DETAIL, references(CUP)) is YES


def test_another_competition_or_country_is_not_wanted() -> None:
    assert Selection.of(["League Two"]).judge(DETAIL, references()) is NO
    assert Selection.of(countries=["Spain"]).judge(DETAIL, references()) is NO
    assert Selection.of(countries=["England"]).judge(DETAIL, references(CUP)) is NO


def test_a_match_has_to_satisfy_both_selections() -> None:
    assert Selection.of(["Premier League"], ["England"]).judge(DETAIL, references()) is YES
    assert Selection.of(["Premier League"], ["Ukraine"]).judge(DETAIL, references()) is NO
    assert Selection.of(["Championship"], ["England"]).judge(DETAIL, references()) is NO


@pytest.mark.parametrize("source", [Source.MISSING, Source.REFUSED])
def test_a_match_without_its_detail_is_not_known_to_be_wanted(source: Source) -> None:
    for selection in (Selection.of(["c1"]), Selection.of(countries=["n1"])):
        assert selection.judge(lacking(source), references()) is UNKNOWN


def test_a_competition_not_held_is_wanted_by_id_and_not_known_by_name() -> None:
    assert Selection.of(["c1"]).judge(DETAIL, references(None)) is YES
    assert Selection.of(["Premier League"]).judge(DETAIL, references(None)) is UNKNOWN
    assert Selection.of(countries=["England"]).judge(DETAIL, references(None)) is UNKNOWN


def test_what_could_not_be_read_is_not_known_to_be_unwanted() -> None:
    competition_id = fresh(Detail(id="m1", left_out=("competition_id",)))
    for selection in (Selection.of(["Premier League"]), Selection.of(countries=["England"])):
        assert selection.judge(competition_id, references()) is UNKNOWN
    country_id = Competition(id="c1", name="Premier League", category_id="g1", left_out=("country_id",))
    for country in ("England", "g1"):
        assert Selection.of(countries=[country]).judge(DETAIL, references(country_id)) is UNKNOWN
    name = Competition(id="c1", country_id="n1", left_out=("name",))
    assert Selection.of(["Premier League"]).judge(DETAIL, references(name)) is UNKNOWN


def test_without_the_country_list_a_country_is_wanted_by_id_and_not_known_by_name() -> None:
    without = references(countries=lacking(Source.MISSING))
    assert Selection.of(countries=["n1"]).judge(DETAIL, without) is YES
    assert Selection.of(countries=["England"]).judge(DETAIL, without) is UNKNOWN


def test_what_is_not_wanted_for_one_reason_need_not_be_asked_about_for_another() -> None:
    selection = Selection.of(["Championship"], ["England"])
    assert selection.judge(DETAIL, references(countries=lacking(Source.MISSING))) is NO


def test_a_match_that_names_no_competition_is_not_wanted() -> None:
    nameless = fresh(Detail(id="m1", competition_id=""))
    assert Selection.of(["c1"]).judge(nameless, references()) is NO
    assert Selection.of(countries=["n1"]).judge(nameless, references()) is NO


def test_a_competition_without_country_and_category_is_in_no_country() -> None:
    stateless = Competition(id="c1", name="CA U17 C", country_id="", category_id="")
    assert Selection.of(countries=["Europe"]).judge(DETAIL, references(stateless)) is NO


def record(match_id: str, **values: Any) -> MatchRecord:
    whole = {
        "country": "England",
        "competition": "League",
        "kickoff_at": "2025-05-28T15:00:00Z",
        "status_id": 2,
    }
    return cast("MatchRecord", whole | {"match_id": match_id} | values)


def names(records: list[MatchRecord]) -> str:
    return "".join(item["match_id"] for item in records)


def test_the_order_is_country_competition_kick_off_match_id() -> None:
    records = [
        record("g", country="Wales"),
        record("f", competition="Premier"),
        record("e", kickoff_at="2025-05-28T17:00:00Z"),
        record("d", kickoff_at="2025-05-28T16:00:00Z"),
        record("c"),
        record("b"),
        record("a", country="Albania", competition="Z"),
    ]
    assert names(ordered(records)) == "abcdefg"


def test_what_is_not_known_comes_last() -> None:
    records = [
        record("d", country=None),
        record("c", competition=None),
        record("b", kickoff_at=None),
        record("a"),
    ]
    assert names(ordered(records)) == "abcd"


KNOWN = {
    "c1": "Premier League",
    "c2": "Serie A",
    "c3": "Bundesliga",
    "c4": "UEFA Youth League U19",
    "c5": "La Liga",
}
PLACES = {"n1": "England", "n2": "Spain", "g1": "International"}


@pytest.mark.parametrize(
    ("written", "meant"),
    [("Premier Leage", "Premier League"), ("bundeslga", "Bundesliga"), ("La Lig", "La Liga")],
)
def test_a_misspelt_competition_among_good_ones_is_named_with_the_nearest(written: str, meant: str) -> None:
    [sentence] = misspelt(Selection.of(["serie a", written, "c3"]), KNOWN, PLACES)

    assert sentence.startswith(f"FOOTY_COMPETITIONS has {written}, and no competition")
    assert sentence.endswith(f"did you mean {meant}?")


@pytest.mark.parametrize(
    "written", ["Serie B", "UEFA Youth League U20", "Eredivisie", "gy0or5jhg6qwzv3", "Premier League 2"]
)
def test_a_competition_that_may_just_not_have_been_live_is_not_doubted(written: str) -> None:
    assert misspelt(Selection.of([written]), KNOWN, PLACES) == []


def test_a_country_that_is_not_on_the_list_is_doubted_with_or_without_a_near_one() -> None:
    near, far = misspelt(Selection.of(countries=["Englnd", "Atlantis", "Spain", "international"]), {}, PLACES)

    assert near.endswith("did you mean England?")
    assert far.startswith("FOOTY_COUNTRIES has Atlantis, and no country that footy knows")
    assert misspelt(Selection.of(countries=["Atlantis"]), {}, {}) == []
