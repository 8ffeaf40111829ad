"""A quarter of an hour of a simulated world, pushed with every fault; the whole hour is a benchmark."""

from pathlib import Path

from tests.support.pushed_hour import observed


def test_every_fault_of_messages_costs_no_truth_and_no_event(tmp_path: Path) -> None:
    hour = observed(tmp_path, seconds=900, matches=40, seed=5)

    assert hour.compared > 500
    assert hour.pushed > 100
    assert hour.wrong == []
    assert (hour.twice, hour.invented, hour.missed) == (0, set(), set())
    assert {fault for fault, count in hour.messages.items() if count} >= {
        "gap",
        "late",
        "twice",
        "edit",
        "swap",
    }
