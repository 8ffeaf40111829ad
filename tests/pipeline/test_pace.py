"""Cycles with a slow vendor: how long one may last, and that each of them makes progress."""

import random
from collections import Counter
from collections.abc import Callable

import pytest

from footy.pipeline.pace import RECENT, Pace, deadline_s
from footy.records.selection import Selection
from footy.thesports import endpoints
from footy.thesports.endpoints import Endpoint
from tests.support.slow_vendor import HANGS, Following, Vendor

FAST = 0.3
MOST_CYCLES = 120
NAMES = (endpoints.TEAM, endpoints.COMPETITION)


def always(seconds: float) -> Callable[[Endpoint], float]:
    return lambda _endpoint: seconds


def only(slow: tuple[Endpoint, ...], seconds: float) -> Callable[[Endpoint], float]:
    return lambda endpoint: seconds if endpoint in slow else FAST


def whole_after(service: Following) -> int:
    """Run cycles until nothing is lacking; return how many it took."""
    for number in range(1, MOST_CYCLES + 1):
        service.cycle()
        if not service.lacking():
            return number
    raise AssertionError(f"still lacking: {dict(service.lacking())}")


@pytest.mark.parametrize(
    ("interval_s", "timeout_s", "round_trip_s", "expected_s"),
    [
        (60, 10, 0.0, 48),
        (60, 10, 0.3, 48),
        (60, 10, 9.9, 48),  # 48 s hold two round trips of any length that the timeout allows
        (10, 10, 0.0, 8),
        (10, 10, 3.6, 8),
        (10, 10, 3.7, 10),
        (10, 10, 9.9, 10),
        (5, 10, 0.3, 4),
        (5, 10, 1.9, 10),
        (2, 10, 0.28, 1.6),
        (2, 10, 1.0, 10),
        (2, 1, 0.9, 1.6),  # no attempt lasts longer than 1 s, so a longer cycle would not help
        (10, 60, 20.0, 60),
    ],
)
def test_a_cycle_that_cannot_hold_two_round_trips_lasts_as_long_as_an_attempt_may(
    interval_s: float, timeout_s: float, round_trip_s: float, expected_s: float
) -> None:
    assert deadline_s(interval_s, timeout_s, round_trip_s) == pytest.approx(expected_s)


def test_the_live_list_is_waited_for_as_long_as_an_attempt_may_last() -> None:
    assert Pace(10, 10).live_deadline_s == 10
    assert Pace(2, 60).live_deadline_s == 60
    assert Pace(60, 10).live_deadline_s == 48


def test_a_vendor_is_slow_until_a_few_lists_in_a_row_were_fast() -> None:
    pace = Pace(10, 10).answered(5.0)
    for _ in range(RECENT - 1):
        pace = pace.answered(FAST)
        assert pace.is_slow
    assert not pace.answered(FAST).is_slow


@pytest.mark.parametrize(
    ("interval_s", "round_trip_s", "apart_s"), [(60, 9, 60), (10, 3, 10), (10, 9, 20), (5, 3, 15), (2, 1, 12)]
)
def test_where_cycles_are_skipped_they_are_further_apart_than_the_interval(
    interval_s: float, round_trip_s: float, apart_s: float
) -> None:
    assert Pace(interval_s, 10).answered(round_trip_s).apart_s == apart_s


@pytest.mark.parametrize(("interval_s", "round_trip_s"), [(10, 3.7), (10, 9.9), (2, 1.0), (5, 1.9)])
def test_the_interval_that_is_advised_is_long_enough(interval_s: float, round_trip_s: float) -> None:
    pace = Pace(interval_s, 10).answered(round_trip_s)
    assert f"set FOOTY_INTERVAL to {pace.enough_s} or more" in pace.sentence()
    assert not Pace(pace.enough_s, 10).answered(round_trip_s).is_slow


@pytest.mark.parametrize("quotas", [False, True], ids=["no quotas", "quotas"])
@pytest.mark.parametrize("delta", [False, True], ids=["per-match", "delta"])
@pytest.mark.parametrize(
    ("matches", "latency_s", "interval_s"),
    [
        *[(10, latency_s, interval_s) for latency_s in (FAST, 1, 3, 5, 9, 9.9) for interval_s in (2, 10)],
        *[(102, latency_s, interval_s) for latency_s, interval_s in ((1, 2), (3, 5), (5, 10), (9, 2))],
        (102, 9, 60),
        (300, 3, 10),
    ],
)
def test_every_cycle_makes_progress_until_details_odds_and_names_are_whole(
    matches: int, latency_s: float, interval_s: float, delta: bool, quotas: bool
) -> None:
    service = Following(Vendor(matches, always(latency_s), quotas=quotas), interval_s, delta=delta)
    before: Counter[str] | None = None
    for _ in range(MOST_CYCLES):
        service.cycle()
        lacks = service.lacking()
        assert service.live_error is None
        waits_for_quota = quotas and service.vendor.answered[endpoints.ODDS] >= 120
        assert before is None or sum(lacks.values()) < sum(before.values()) or waits_for_quota
        assert service.took_s <= max(0.8 * interval_s, service.vendor.timeout_s)
        if not lacks:
            break
        before = lacks
    assert not service.lacking()
    # Nothing was sent that could not be answered in time: it would have spent a quota and a turn.
    assert len(service.vendor.asked) == service.vendor.answered.total()


@pytest.mark.parametrize(("latency_s", "interval_s"), [(1, 2), (1, 5), (3, 10), (9, 10), (9, 60)])
def test_per_match_every_match_has_its_turn_in_details_and_in_odds(
    latency_s: float, interval_s: float
) -> None:
    service = Following(Vendor(102, always(latency_s)), interval_s, delta=False)
    whole_after(service)
    asked: Counter[tuple[Endpoint, str]] = Counter()
    turns = 12
    for _ in range(turns):
        service.cycle()
        asked.update(service.asked)
    assert asked[endpoints.LIVE, ""] == turns
    times = [
        asked[endpoint, one]
        for endpoint in (endpoints.DETAIL, endpoints.ODDS)
        for one in service.state.matches
    ]
    assert min(times) >= 1
    assert max(times) <= 4 * min(times) + 1  # a second weighs four times as much in play


@pytest.mark.parametrize("delta", [False, True], ids=["per-match", "delta"])
@pytest.mark.parametrize(
    ("hanging", "lacking"),
    [
        ((endpoints.ODDS,), {"odds"}),
        ((endpoints.DETAIL,), {"details", "names"}),
        (NAMES, {"names"}),
        ((endpoints.ODDS, endpoints.ODDS_LIVE, endpoints.DELETED), {"odds"}),
    ],
)
@pytest.mark.parametrize("interval_s", [5, 10, 60])
def test_an_endpoint_that_hangs_keeps_no_other_from_being_asked(
    interval_s: float, hanging: tuple[Endpoint, ...], lacking: set[str], delta: bool
) -> None:
    service = Following(Vendor(102, only(hanging, HANGS)), interval_s, delta=delta)
    for _ in range(8):
        service.cycle()
    assert set(service.lacking()) == lacking
    assert service.took_s <= 0.8 * interval_s + service.pace.grace_s


def test_matches_that_are_new_are_read_although_the_odds_hang() -> None:
    """Calls that hang must not hold all workers when the live list names a new match."""
    vendor = Vendor(102, only((endpoints.ODDS,), HANGS))
    service = Following(vendor, 10, delta=True)
    for _ in range(4):
        service.cycle()
    vendor.list_more(10)
    service.cycle()
    assert set(service.lacking()) == {"odds"}


@pytest.mark.parametrize("delta", [False, True], ids=["per-match", "delta"])
@pytest.mark.parametrize(
    ("slow", "latency_s"), [(endpoints.LIVE, 9.5), (endpoints.ODDS, 5), (endpoints.DETAIL, 7)]
)
def test_one_slow_endpoint_delays_only_itself(slow: Endpoint, latency_s: float, delta: bool) -> None:
    service = Following(Vendor(102, only((slow,), latency_s)), 10, delta=delta)
    assert whole_after(service) <= 12


@pytest.mark.parametrize("delta", [False, True], ids=["per-match", "delta"])
def test_a_vendor_who_becomes_slow_costs_no_cycle(delta: bool) -> None:
    vendor = Vendor(102, always(FAST))
    service = Following(vendor, 10, delta=delta)
    whole_after(service)
    vendor.latency = always(9)
    vendor.list_more(20)
    for _ in range(10):
        service.cycle()
        assert service.live_error is None
    assert not service.lacking()

    vendor.latency = always(FAST)
    for _ in range(RECENT):
        service.cycle()
    assert not service.pace.is_slow
    vendor.list_more(20)
    service.cycle()
    assert not service.lacking()
    assert service.took_s < 8


@pytest.mark.parametrize("delta", [False, True], ids=["per-match", "delta"])
def test_latency_that_differs_from_call_to_call_keeps_no_match_waiting_for_ever(delta: bool) -> None:
    drawn = random.Random(7)
    service = Following(Vendor(40, lambda _: drawn.uniform(0, 9.5)), 10, delta=delta)
    whole_after(service)


@pytest.mark.parametrize(("delta", "workers"), [(False, 2), (True, 4)])
def test_a_few_workers_ask_for_one_kind_after_the_other_in_turn(delta: bool, workers: int) -> None:
    service = Following(Vendor(4, always(9)), 10, delta=delta, workers=workers)
    for _ in range(12):
        service.cycle()
    answered = service.vendor.answered
    assert min(answered[endpoints.DETAIL], answered[endpoints.ODDS], sum(answered[one] for one in NAMES)) >= 1


@pytest.mark.parametrize("delta", [False, True], ids=["per-match", "delta"])
def test_odds_of_chosen_competitions_come_although_the_live_list_takes_the_whole_cycle(delta: bool) -> None:
    chosen = Selection.of([f"c{number}" for number in range(10)])
    service = Following(Vendor(102, always(9)), 10, delta=delta, selection=chosen)
    for _ in range(25):
        service.cycle()
    wanted = [f"m{number:03}" for number in range(20)]
    assert all(service.state.matches[one].odds.value is not None for one in wanted)
    others = [
        key for endpoint, key in service.vendor.asked if endpoint is endpoints.ODDS and key not in wanted
    ]
    assert others == []


def test_with_time_for_all_one_kind_follows_the_other() -> None:
    """Details name what else is to be asked for, and the large bodies of odds keep the workers busy last."""
    service = Following(Vendor(102, always(FAST)), 60, delta=False)
    for _ in range(2):
        service.cycle()
    assert not service.pace.is_short_of_time
    kinds = [endpoint for endpoint, _ in service.asked]
    assert kinds == [endpoints.LIVE, *[endpoints.DETAIL] * 102, *[endpoints.ODDS] * 102]
