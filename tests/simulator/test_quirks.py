"""Every quirk changes the served live list as the vendor does, for the same matches each time."""

from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from tests.support.caller import EPOCH, Caller
from thesports_simulator.faults import CATALOGUE
from thesports_simulator.protocol.source import Quirk
from thesports_simulator.world.quirks import QUIRKS
from thesports_simulator.world.world import World, WorldOptions
from thesports_simulator.world_source import WorldSource

LIVE = "match/detail_live"
EVERY_S = 10
EVENING_S = 10_800
ALL = tuple(Quirk(name) for name in QUIRKS)
PEOPLE = ("player_id", "player_name", "in_player_id", "in_player_name", "out_player_id", "out_player_name")
Element = dict[str, Any]


@cache
def world() -> World:
    return World(WorldOptions(epoch=EPOCH, matches=30, seed=9, odds="light"))


@cache
def element(body: bytes) -> Element:
    parsed: Element = msgspec.json.decode(body)
    return parsed


def served(source: WorldSource, at: int, *quirks: Quirk) -> dict[str, Element]:
    rows = msgspec.json.decode(source.live_list(at, quirks=quirks), type=list[msgspec.Raw])
    elements = [element(bytes(row)) for row in rows]
    return {one["id"]: one for one in elements}


@cache
def evening(*quirks: Quirk) -> list[tuple[int, dict[str, Element]]]:
    """Return the live list of every few seconds of an evening, as it is served; by id."""
    source = WorldSource(world())
    return [(at, served(source, at, *quirks)) for at in range(EPOCH, EPOCH + EVENING_S, EVERY_S)]


def true_of(match_id: str) -> dict[int, Element]:
    """Return a match without quirks, by time."""
    return {at: shown[match_id] for at, shown in evening() if match_id in shown}


def pairs(quirk: str, *, present: bool = True) -> Iterator[tuple[int, Element, Element]]:
    """Yield time, true element and shown element, where they differ (in presence too, if asked)."""
    for (at, true), (_, shown) in zip(evening(), evening(Quirk(quirk)), strict=True):
        for match_id, element in true.items():
            other = shown.get(match_id)
            if other is not None and other != element:
                yield at, element, other
            elif other is None and not present:
                yield at, element, {}


def displayed(element: Element) -> tuple[int, int]:
    home, away = element["score"][2:4]
    place = 5 if home[5] or away[5] else 0
    return home[place], away[place]


def without(element: Element, *fields: str) -> list[Element]:
    return [{name: one[name] for name in one if name not in fields} for one in element["incidents"]]


def matches_with(name: str) -> dict[str, list[tuple[int, Element]]]:
    """Return what is shown of every match with a quirk, in order of time, by id."""
    found: dict[str, list[tuple[int, Element]]] = {}
    for at, shown in evening(Quirk(name)):
        for match_id, element in shown.items():
            found.setdefault(match_id, []).append((at, element))
    return found


def test_cards_and_corners_change_sides_after_the_end() -> None:
    swaps = 0
    for _, true, shown in pairs("cards_swapped"):
        assert true["score"][1] == 8
        home, away = true["score"][2:4]
        assert shown["score"][2] == home[:2] + away[2:5] + home[5:]
        assert shown["score"][3] == away[:2] + home[2:5] + away[5:]
        assert shown["incidents"] == true["incidents"]
        swaps += 1
    assert swaps > 500


def test_players_are_late_and_come_and_go() -> None:
    for _, true, shown in pairs("player_late"):
        assert without(shown, *PEOPLE, "assist1_id", "assist1_name") == without(
            true, *PEOPLE, "assist1_id", "assist1_name"
        )
        assert all(
            one.items() <= other.items()
            for one, other in zip(shown["incidents"], true["incidents"], strict=True)
        )
    gone: Counter[str] = Counter()
    for match_id, history in matches_with("player_late").items():
        named = [sum("player_id" in one for one in element["incidents"]) for _, element in history]
        gone[match_id] = sum(after < before for before, after in pairwise(named))
    assert max(gone.values()) >= 3


def test_minutes_are_edited_by_two_at_most() -> None:
    by: Counter[int] = Counter()
    for _, true, shown in pairs("minute_edited"):
        assert without(shown, "time") == without(true, "time")
        by.update(
            one["time"] - other["time"]
            for one, other in zip(shown["incidents"], true["incidents"], strict=True)
        )
    assert {1, -1, 2, -2} <= by.keys() <= set(range(-2, 3))


def test_the_score_comes_before_the_incident_of_its_goal() -> None:
    together = before = 0
    for history in matches_with("incident_late").values():
        for (_, one), (_, other) in pairwise(history):
            if sum(displayed(other)) <= sum(displayed(one)):
                continue
            goals = [sum(i["type"] in {1, 8, 17} for i in element["incidents"]) for element in (one, other)]
            together += goals[1] > goals[0]
            before += goals[1] == goals[0]
    assert before > 10 * together
    ends = [history[-1][1] for history in matches_with("incident_late").values()]
    assert any(
        sum(i["type"] in {1, 8, 17} for i in element["incidents"]) < sum(displayed(element))
        for element in ends
        if element["score"][1] == 8
    )


def test_incidents_are_inserted_before_others_and_substitutions_trade_places() -> None:
    inserted = traded = 0
    for history in matches_with("incident_inserted").values():
        for (_, one), (_, other) in pairwise(history):
            before, after = one["incidents"], other["incidents"]
            if len(after) > len(before) and after[: len(before)] != before:
                inserted += 1
                kept = [incident for incident in after if incident in before]
                assert kept == before or sorted(map(str, kept)) == sorted(map(str, before))
            elif len(after) == len(before) and after != before:
                changed = [
                    place for place, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]
                ]
                traded += len(changed) == 2 and {after[place]["type"] for place in changed} == {9}
    assert inserted > 20
    assert traded > 5


def test_a_goal_is_counted_and_cancelled_with_a_video_review_or_without() -> None:
    reviews: Counter[bool] = Counter()
    for match_id, history in matches_with("score_back").items():
        true = true_of(match_id)
        for (_, one), (at, other) in pairwise(history):
            assert sum(displayed(other)) - sum(displayed(true[at])) in {0, 1}
            if sum(displayed(other)) < sum(displayed(one)) and sum(displayed(true[at])) >= sum(
                displayed(true[at - EVERY_S])
            ):
                final = history[-1][1]["incidents"]
                reviews[
                    any(i not in true[history[-1][0]]["incidents"] and i["type"] == 28 for i in final)
                ] += 1
    assert reviews[True] > 3
    assert reviews[False] > 3


def test_scores_drop_for_up_to_100_s_and_recover() -> None:
    drops = []
    for match_id, history in matches_with("score_flaps").items():
        true = true_of(match_id)
        low = [at for at, element in history if displayed(element) != displayed(true[at])]
        assert all(sum(displayed(element)) <= sum(displayed(true[at])) for at, element in history)
        starts = [at for at in low if at - EVERY_S not in low]
        drops += [sum(start <= at <= start + 100 for at in low) * EVERY_S for start in starts]
    assert len(drops) > 20
    assert 5 <= min(drops) < 20
    assert 60 < max(drops) <= 105


def test_full_time_comes_before_the_last_goal_and_before_extra_time() -> None:
    late_goals, followers = 0, Counter[int]()
    for history in matches_with("status_early").values():
        for (_, one), (_, other) in pairwise(history):
            status, then = one["score"][1], other["score"][1]
            late_goals += status == then == 8 and sum(displayed(other)) == sum(displayed(one)) + 1
            if status == 8 != then:
                followers[then] += 1
    assert late_goals > 3
    assert followers.keys() == {4, 5, 7}


def test_the_start_of_a_half_is_moved_by_a_minute_and_a_second() -> None:
    moves: Counter[int] = Counter()
    for _, true, shown in pairs("period_moved"):
        assert shown | {"score": true["score"]} == true
        assert shown["score"][:4] == true["score"][:4]
        moves[true["score"][4] - shown["score"][4]] += 1
    assert moves.keys() == {61}
    assert moves.total() > 1_000


def test_a_match_is_off_the_list_and_on_it_again() -> None:
    absences: dict[str, list[int]] = {}
    for at, true, shown in pairs("match_flickers", present=False):
        assert shown == {}
        absences.setdefault(true["id"], []).append(at)
    assert len(absences) > 30
    runs = [
        sum(start <= other < start + 600 for other in times) * EVERY_S
        for times in absences.values()
        for start in times
        if start - EVERY_S not in times
    ]
    assert min(runs) < 20
    assert max(runs) > 180


@pytest.mark.parametrize("name", QUIRKS)
def test_a_quirk_leaves_the_rest_of_a_match_as_it_is(name: str) -> None:
    """In the end the score is the true one, so that a result can be confirmed."""
    for at, true, shown in pairs(name):
        ended = world().match(true["id"], at).script.ended  # type: ignore[union-attr]
        assert (shown["id"], shown["score"][0]) == (true["id"], true["score"][0])
        if ended and at >= ended + 1_100:
            assert displayed(shown) == displayed(true)
            assert shown["score"][1] == true["score"][1]


def test_all_quirks_at_once_show_what_each_shows() -> None:
    together = evening(*ALL)
    differing: Counter[str] = Counter()
    for (_, true), (_, shown) in zip(evening(), together, strict=True):
        for match_id, element in shown.items():
            other = true[match_id]
            assert element.keys() == other.keys()
            for place, name in ((1, "status"), (2, "home"), (3, "away"), (4, "start")):
                differing[name] += element["score"][place] != other["score"][place]
            differing["incidents"] += element["incidents"] != other["incidents"]
        differing["absent"] += len(true) - len(shown)
    assert min(differing[name] for name in ("status", "home", "away", "start", "incidents", "absent")) > 50
    fresh = WorldSource(World(WorldOptions(epoch=EPOCH, matches=30, seed=9, odds="light")))
    assert together == [(at, served(fresh, at, *ALL[::-1])) for at, _ in together]


def test_the_rate_of_a_quirk_is_the_share_of_matches_that_have_it() -> None:
    source, at = WorldSource(world()), EPOCH + 1_500
    all_of_them = source.misreported(at, [Quirk("period_moved")])
    some = source.misreported(at, [Quirk("period_moved", 0.5)])
    assert source.misreported(at, [Quirk("period_moved", 0.0)]) == []
    assert set(some) < set(all_of_them)
    assert 0.2 < len(some) / len(all_of_them) < 0.8
    assert some == source.misreported(at, [Quirk("period_moved", 0.5)])


def test_quirks_are_switched_like_faults_and_the_log_names_what_they_changed(caller: Caller) -> None:
    right = {row["id"]: row for row in caller.results(LIVE)}
    caller.control.advance(1_500)
    caller.control.set_faults("period_movedx1", "match_flickers:0.5", f"body429x1@{LIVE}")
    assert caller.ask(LIVE)["code"] == 429
    caller.control.set_faults("period_movedx1", "cards_swapped", "match_flickers:0")
    shown = {row["id"]: row for row in caller.results(LIVE)}
    entry = caller.control.log()[-1]
    caller.control.clear_faults()
    true = {row["id"]: row for row in caller.results(LIVE)}
    assert entry["quirks"] == ["period_moved", "cards_swapped", "match_flickers"]
    assert entry["touched"] == [one for one in true if true[one] != shown.get(one)] != []
    assert entry["fault"] is None
    assert caller.control.stats()["faults"]["period_moved"] == 2
    assert caller.results("match/live/history", uuid=entry["touched"][0]) == true[entry["touched"][0]]
    assert right.keys() & shown.keys()


def test_the_catalogue_holds_every_quirk() -> None:
    assert [name for name, kind in CATALOGUE.items() if kind.is_quirk] == list(QUIRKS)
