"""Tails: rows of running matches are collected once each, and full at different times."""

from typing import Any

from footy.history.odds import OddsBlob, OddsRow, joined, rows_of, unpack
from footy.history.tails import LEAST_ROWS, MOST_AGE_S, MOST_ROWS, OddsTails
from footy.thesports.decoders import PriceChange
from footy.thesports.models import OddsRow as VendorRow

NOW = 1_748_450_000


def change(at: int, match_id: str = "m", price: float = 1.9, **changes: Any) -> PriceChange:
    values = {"market": "eu", "bookmaker_id": 2} | changes
    row = VendorRow(NOW + at, "5", price, 3.2, 4.0, 2, 0, "0-0")
    return PriceChange(match_id, row=row, **values)  # type: ignore[arg-type]


def ats(blobs: list[OddsBlob]) -> list[int]:
    return [row.at - NOW for row in rows_of(joined(blobs))]


def test_a_change_that_comes_in_several_replies_is_collected_once() -> None:
    tails = OddsTails()
    tails.add([change(10), change(5)], NOW + 12, {"m"})
    tails.add([change(20), change(10), change(5)], NOW + 22, {"m"})
    [blob] = tails.take(NOW + 30, everything=True)
    assert (blob.rows, ats([blob])) == (3, [20, 10, 5])


def test_matches_that_are_not_kept_are_left_out() -> None:
    tails = OddsTails()
    tails.add([change(10, "other"), change(5, "m")], NOW + 12, {"m"})
    assert [blob.match_id for blob in tails.take(NOW, everything=True)] == ["m"]


def test_of_one_second_the_newest_comes_first_in_either_direction() -> None:
    for newest_first in (True, False):
        listed = [change(10, price=2.1), change(10, price=2.0), change(9)]
        tails = OddsTails()
        tails.add(listed if newest_first else listed[::-1], NOW, {"m"}, newest_first=newest_first)
        [blob] = tails.take(NOW, everything=True)
        assert [row.first for row in rows_of(unpack(blob.data))] == [2.1, 2.0, 1.9]


def test_a_tail_is_full_by_rows_or_by_age_and_not_all_at_once() -> None:
    tails, names = OddsTails(), {f"match{number}" for number in range(60)}
    full_at: dict[str, int] = {}
    for second in range(1, MOST_ROWS + 1):
        tails.add([change(second, name) for name in names], NOW + 1, names)
        full_at |= {blob.match_id: second for blob in tails.take(NOW + 1)}
    assert full_at.keys() == names
    assert LEAST_ROWS <= min(full_at.values()) <= max(full_at.values()) < MOST_ROWS
    assert len({*full_at.values()}) > 20
    tails = OddsTails()
    tails.add([change(1000, name) for name in names], NOW + 2000, names)
    assert tails.take(NOW + 2010) == []
    assert len(tails.take(NOW + 2000 + MOST_AGE_S)) == 60


def test_a_clock_that_is_set_back_does_not_hold_a_tail_for_ever() -> None:
    tails = OddsTails()
    tails.add([change(1)], NOW + 5000, {"m"})
    assert len(tails.take(NOW)) == 1


def test_what_was_dropped_is_not_taken() -> None:
    tails = OddsTails()
    tails.add([change(1)], NOW, {"m"})
    tails.drop("m")
    assert tails.take(NOW, everything=True) == []


def test_rows_are_kept_as_the_vendor_sent_them() -> None:
    tails = OddsTails()
    tails.add([change(7, market="asia", bookmaker_id=22)], NOW, {"m"})
    [blob] = tails.take(NOW, everything=True)
    assert [*rows_of(unpack(blob.data))] == [OddsRow(22, "asia", NOW + 7, "5", 1.9, 3.2, 4.0, 2, 0, "0-0")]
