"""The messages of a world: they say what changes, and go wrong at the rate that is asked for."""

from typing import Any

import msgspec
import pytest

from thesports_simulator.messages import FAULTS, FLOOD, LATEST, MessageFaultError, Messages, parse_fault
from thesports_simulator.world.world import World, WorldOptions

EPOCH = 1_748_450_000
SECONDS = 90


@pytest.fixture(scope="module")
def world() -> World:
    return World(WorldOptions(EPOCH, matches=12, odds="light"))


def told(messages: Messages, seconds: int = SECONDS) -> list[list[bytes]]:
    return [list(messages.of_second(EPOCH + second)) for second in range(seconds + 1)]


def read(sent: list[list[bytes]]) -> list[dict[str, Any]]:
    return [part for second in sent for payload in second for part in msgspec.json.decode(payload)]


def test_what_was_told_comes_to_the_list(world: World) -> None:
    first = {one: world.live_element(one, EPOCH) for one in world.live_ids(EPOCH)}
    for part in read(told(Messages(world))):
        element = first.get(part.pop("id"))
        if element is not None:
            element |= part
    for match_id, element in first.items():
        if match_id in world.live_ids(EPOCH + SECONDS):
            assert element == world.live_element(match_id, EPOCH + SECONDS)


def test_each_message_has_one_part_of_one_match(world: World) -> None:
    parts = read(told(Messages(world)))
    assert parts
    assert {len(part) for part in parts} == {2}


def test_draws_are_seeded(world: World) -> None:
    faults = dict.fromkeys(("gap", "twice", "late", "edit", "swap"), 0.3)
    assert told(Messages(world, faults, seed=3)) == told(Messages(world, faults, seed=3))
    assert told(Messages(world, faults, seed=3)) != told(Messages(world, faults, seed=4))


def test_each_fault_is_what_it_says(world: World) -> None:
    right = [payload for second in told(Messages(world)) for payload in second]
    assert told(Messages(world, {"gap": 1})) == [[]] * (SECONDS + 1)
    late = [payload for second in told(Messages(world, {"late": 1}), SECONDS + LATEST) for payload in second]
    assert set(right) <= set(late)
    assert late[: len(right)] != right
    twice = [p for second in told(Messages(world, {"twice": 1}), SECONDS + LATEST) for p in second]
    assert all(twice.count(payload) >= 2 * right.count(payload) for payload in right)
    flooded = [payload for second in told(Messages(world, {"flood": 1})) for payload in second]
    assert len(flooded) == (FLOOD + 1) * len(right)
    for payload in told(Messages(world, {"malformed": 1}))[-1]:
        with pytest.raises(msgspec.DecodeError):
            msgspec.json.decode(payload)


@pytest.mark.parametrize("text", ["", "no", "gap:2", "gap:x", "gap:-1", "gap:nan"])
def test_a_fault_that_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(MessageFaultError):
        parse_fault(text)


def test_a_rate_is_one_by_default() -> None:
    assert [parse_fault(name) for name in FAULTS] == [(name, 1.0) for name in FAULTS]
