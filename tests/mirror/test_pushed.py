"""Pushed parts in the state, beside polled lists: who wins, what waits, and what costs trust."""

from dataclasses import replace

import msgspec
import pytest

from footy.mirror.answers import Answers
from footy.mirror.feed_health import DISTRUST_AFTER, TOLD_BEFORE_TRUST, TRUST_AGAIN_AFTER
from footy.mirror.merge import merge
from footy.mirror.pushed import SETTLED_S
from footy.mirror.state import Source, State
from footy.thesports.errors import TimedOutError
from footy.thesports.models import Incident, LiveMatch, LiveScore, SideScore, StatRow
from footy.thesports.push import PUSHED, Message, Part, Pushed, read_message
from footy.thesports.request import LIVE_LIST, Answer
from footy.thesports.tolerant import TOKENS
from tests.support.states import NOW, after, failed, inputs, live_list, match_state, playing


def score(home: int, away: int = 0, status_id: int = 2, reds: int = 0) -> LiveScore:
    return LiveScore("m", status_id, SideScore(home, red_cards=reds), SideScore(away), 0)


def pushed(at: float, *values: LiveScore | list[StatRow] | list[Incident]) -> Answer[object]:
    names = {LiveScore: "score", StatRow: "stats", Incident: "incidents"}
    parts = [
        Part("m", names[type(one if isinstance(one, LiveScore) else one[0])], one, at)  # type: ignore[arg-type]
        for one in values
    ]
    return Answer(PUSHED, Pushed(tuple(parts)), at)


def polled(value: LiveScore, sent_at: float, at: float | None = None) -> Answer[object]:
    element = msgspec.structs.replace(playing("m"), score=value)
    return replace(live_list(sent_at + 0.5 if at is None else at, element), sent_at=sent_at)


def held() -> State:
    state = State({"m": match_state("m")}, fetched_at=NOW)
    return through(state, polled(score(0), NOW, NOW))


def through(state: State, *answers: Answer[object]) -> State:
    for answer in answers:
        state = merge(state, answer, Answers(), inputs(answer.at or NOW))
    return state


def shown(state: State) -> tuple[LiveScore, Source]:
    live = state.matches["m"].live
    assert live.value is not None
    return live.value.score, live.source


def test_a_pushed_part_is_shown_with_its_own_time() -> None:
    state = through(held(), pushed(NOW + 3, score(1)))
    assert shown(state) == (score(1), Source.PUSH)
    assert state.matches["m"].live.fetched_at == NOW + 3


def test_a_message_that_changes_nothing_leaves_the_element_as_it_is() -> None:
    state = held()
    assert through(state, pushed(NOW + 3, score(0))).matches["m"].live is state.matches["m"].live


def test_a_list_requested_after_a_push_replaces_it() -> None:
    state = through(held(), pushed(NOW + 3, score(1)), polled(score(0), NOW + 4))
    assert shown(state) == (score(0), Source.FRESH)


def test_a_list_requested_before_a_push_does_not() -> None:
    state = through(held(), pushed(NOW + 3, score(1)), polled(score(0), NOW + 2, NOW + 4))
    assert shown(state) == (score(1), Source.PUSH)


def test_a_push_that_is_merged_after_a_list_requested_later_is_dropped() -> None:
    state = through(held(), polled(score(2), NOW + 4), pushed(NOW + 3, score(1)))
    assert shown(state) == (score(2), Source.FRESH)


def test_a_part_of_an_unknown_match_is_dropped() -> None:
    part = Part("another", "score", score(1), NOW + 3)
    state = held()
    assert through(state, Answer(PUSHED, Pushed((part,)), NOW + 3)) is state


@pytest.mark.parametrize("back", [score(0), score(1, status_id=1), score(0, 1)])
def test_a_score_that_goes_back_waits_for_the_list(back: LiveScore) -> None:
    state = through(held(), pushed(NOW + 1, score(1)), pushed(NOW + 2, back))
    assert shown(state) == (score(1), Source.PUSH)
    assert shown(through(state, polled(back, NOW + 3)))[0] == back
    assert shown(through(state, polled(score(1), NOW + 3)))[0] == score(1)


def test_while_a_score_waits_other_parts_do_not_make_the_shown_one_newer() -> None:
    rows = [StatRow(21, 1, 0)]
    state = through(held(), pushed(NOW + 1, score(1)), pushed(NOW + 2, score(0)), pushed(NOW + 3, rows))
    live = state.matches["m"].live
    assert live.value is not None
    assert (live.fetched_at, live.value.stats) == (NOW + 1, rows)


def test_a_list_requested_before_both_leaves_the_push_before_the_one_that_waits() -> None:
    state = through(
        held(), pushed(NOW + 2, score(1)), pushed(NOW + 3, score(0)), polled(score(0), NOW + 1, NOW + 4)
    )
    assert shown(state) == (score(1), Source.PUSH)


@pytest.mark.parametrize(("before", "after_it"), [(8, 5), (8, 7), (2, 10), (3, 11), (13, 2)])
def test_these_statuses_do_not_go_back(before: int, after_it: int) -> None:
    state = through(State({"m": match_state("m")}), polled(score(1, status_id=before), NOW, NOW))
    assert shown(through(state, pushed(NOW + 1, score(1, status_id=after_it))))[0].status_id == after_it


def test_counters_that_swap_sides_are_shown_as_they_come() -> None:
    ended = through(State({"m": match_state("m")}), polled(score(1, status_id=8, reds=1), NOW, NOW))
    assert shown(through(ended, pushed(NOW + 1, score(1, status_id=8))))[0].home.red_cards == 0


def test_unreadable_elements_of_a_part_make_only_that_part_incomplete() -> None:
    [part], unreadable = read_message(b'[{"id":"m","incidents":[{"type":1},{"x":1}]}]', NOW + 1)
    state = through(held(), Answer(PUSHED, Pushed((part,)), NOW + 1))
    element = state.matches["m"].live.value
    assert (unreadable, element and element.left_out) == (0, ("incidents[]",))


def test_a_push_outlives_a_failed_poll_for_an_interval() -> None:
    state = through(held(), pushed(NOW + 3, score(1)))
    failing = failed(LIVE_LIST, TimedOutError("no answer"))
    soon, _ = after(state, [failing], inputs(NOW + 10))
    later, _ = after(state, [failing], inputs(NOW + 60))
    assert (shown(soon)[1], shown(later)[1]) == (Source.PUSH, Source.STALE)


# Trust.


def contradicted(state: State, at: float, goals: int) -> State:
    """Push a goal that two lists, far enough apart, do not have."""
    wrong = score(goals + 5)
    return through(
        state, pushed(at, wrong), polled(score(goals), at + 1), polled(score(goals), at + 2 + SETTLED_S)
    )


def test_what_lists_contradict_again_and_again_is_no_longer_shown_and_trusted_again_later() -> None:
    state, at = held(), NOW
    for _ in range(DISTRUST_AFTER):
        assert state.push.health.trusted
        at += 100
        state = contradicted(state, at, 0)
    assert not state.push.health.trusted
    assert shown(through(state, pushed(at + 50, score(1)))) == (score(0), Source.FRESH)
    for number in range(1, TRUST_AGAIN_AFTER + 1):
        at += 100
        state = through(state, pushed(at, score(number)), polled(score(number), at + 1))
    assert state.push.health.trusted
    assert TOLD_BEFORE_TRUST < TRUST_AGAIN_AFTER


def test_a_message_that_comes_a_little_after_the_list_costs_no_trust() -> None:
    state, at = held(), NOW
    for number in range(1, 2 * DISTRUST_AFTER):
        at += 100
        state = through(
            state,
            pushed(at, score(2 * number)),
            polled(score(2 * number + 1), at + 1),
            pushed(at + 2, score(2 * number + 1)),
            polled(score(2 * number + 1), at + 60),
        )
    health = state.push.health
    assert (health.differences, health.agreements) == (0, 2 * DISTRUST_AFTER - 1)


def test_a_list_that_lags_behind_costs_no_trust() -> None:
    state = through(held(), pushed(NOW + 1, score(1)), polled(score(0), NOW + 2), polled(score(1), NOW + 10))
    assert (state.push.health.differences, state.push.health.agreements) == (0, 1)


def test_counters_of_a_finished_match_are_not_compared() -> None:
    state = through(State({"m": match_state("m")}), polled(score(1, status_id=8, reds=1), NOW, NOW))
    state = through(
        state,
        pushed(NOW + 1, score(1, status_id=8)),
        polled(score(1, status_id=8, reds=1), NOW + 2),
        polled(score(1, status_id=8, reds=1), NOW + 60),
    )
    assert state.push.health.differences == 0


@pytest.mark.parametrize("unread", ["message", "list"])
def test_a_value_that_could_not_be_read_contradicts_nothing(unread: str) -> None:
    state, at = held(), NOW
    whole, broken = score(1, reds=1), msgspec.structs.replace(score(1), home=SideScore(1, red_cards=None))
    mark = ("score.home.red_cards",)
    sent, shown_by_list = (broken, whole) if unread == "message" else (whole, broken)
    part = Part("m", "score", sent, at, mark if unread == "message" else ())
    element = msgspec.structs.replace(
        playing("m"), score=shown_by_list, left_out=mark if unread == "list" else ()
    )
    for _ in range(2 * DISTRUST_AFTER):
        at += 100
        state = through(
            state,
            Answer(PUSHED, Pushed((replace(part, at=at),)), at),
            *(replace(live_list(then, element), sent_at=then) for then in (at + 1, at + 2 + SETTLED_S)),
        )
    assert (state.push.health.trusted, state.push.health.differences) == (True, 0)


def test_the_times_go_with_the_clock_when_it_is_set() -> None:
    state = through(held(), pushed(NOW + 3, score(1))).shifted(-1000.0)
    assert shown(through(state, polled(score(0), NOW - 998, NOW - 990))) == (score(1), Source.PUSH)
    assert shown(through(state, polled(score(0), NOW - 996, NOW - 990))) == (score(0), Source.FRESH)


# Messages.


@pytest.mark.parametrize(
    ("payload", "parts", "unreadable"),
    [
        (b"", 0, 1),
        (b"{", 0, 1),
        (b"[]", 0, 0),
        (b'{"id":"m"}', 0, 1),
        (b'[{"id":"m","tlive":[]}]', 0, 0),
        (b'[{"id":"m","score":["other",2,[],[],0]}]', 0, 1),
        (b'[{"id":"","stats":[]}]', 0, 1),
        (b'[{"id":5,"stats":[]},{"id":"m","stats":[]}]', 1, 1),
        (b'[{"id":"m","score":5},{"id":"m","stats":[]}]', 1, 1),
        (b'[{"id":"m","score":["m",2,[],[],0],"stats":[]}]', 2, 0),
        (b'[{"id":"m","incidents":[' + b",".join([b'{"type":3}'] * 301) + b'],"stats":[]}]', 1, 1),
        (b'\xef\xbb\xbf[{"id":"m","stats":[]}]', 1, 0),
        (b"\xff\xfe", 0, 1),
        (b"[" * 100_000, 0, 1),
        (b"[" + b" " * 2_000_000 + b"]", 0, 1),
    ],
)
def test_what_cannot_be_read_of_a_message_costs_only_itself(
    payload: bytes, parts: int, unreadable: int
) -> None:
    message = read_message(payload, NOW)
    assert (len(message.parts), message.unreadable) == (parts, unreadable)


def test_a_text_that_is_cut_off_is_one_token_and_cannot_be_read() -> None:
    """If it were none, others would be looked for from each of its quotation marks: that takes minutes."""
    text = b'"' + b'\\"{' * 4_000
    assert TOKENS.findall(b'[{"id":' + text) == [b"[", b"{", b'"id"', text]
    assert read_message(b'[{"id":' + text, NOW) == Message([], 1)


def test_a_live_match_has_all_parts_that_are_pushed() -> None:
    assert {"score", "stats", "incidents"} <= set(LiveMatch.__struct_fields__)
