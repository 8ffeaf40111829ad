"""Ids look like the vendor's and can be converted back to their numbers."""

from hypothesis import given
from hypothesis import strategies as st

from thesports_simulator.world.ids import ALPHABET, LENGTH, Ids


@given(st.integers(0, 5), st.integers(0, 10**15))
def test_an_id_is_15_characters_and_converts_back_to_its_number(seed: int, number: int) -> None:
    text = Ids(seed).text(number)
    assert len(text) == LENGTH
    assert set(text) <= set(ALPHABET)
    assert Ids(seed).number(text) == number


def test_neighbours_look_unlike_and_other_seeds_differ() -> None:
    ids = Ids(1)
    assert len({ids.text(number)[-6:] for number in range(1_000)}) == 1_000
    assert ids.text(7) != Ids(2).text(7)


def test_a_text_that_is_no_id_has_no_number() -> None:
    assert [Ids(1).number(text) for text in ("", "x" * 14, "a" * 15, "X" * 15)] == [None] * 4
