"""With a tenth of all replies failing at random: nothing false, nearly everything fresh in every cycle."""

from pathlib import Path

import pytest

from tests.support.harness import EPOCH, begin, mixed
from tests.support.simulators import start
from thesports_simulator.faults import CATALOGUE

FAILING = (
    *("http500", "http503", "html", "empty", "reset_before", "reset_body", "truncated", "wrong_length"),
    *("gzip_broken", "body_list", "body_string", "body_null", "body_broken", "code_missing", "code_text"),
    *("results_missing", "results_null", "results_string", "results_swapped"),
)
"""Faults that spoil one reply whole, at once, and leave the next alone."""
ENOUGH = 0.995


@pytest.mark.parametrize(
    ("strategy", "matches", "cycles"),
    # In one cycle of 204 details and odds, one may be missing; a cycle of 60 would have to be without fault.
    [("delta", 102, 200), ("per-match", 102, 25)],
)
def test_a_tenth_of_all_replies_fails(tmp_path: Path, strategy: str, matches: int, cycles: int) -> None:
    assert set(FAILING) <= set(CATALOGUE)
    world = [f"--epoch={EPOCH}"]
    with (
        start(matches=matches, odds="light", speed=0, options=world) as vendor,
        begin(vendor, tmp_path, strategy=strategy, FOOTY_TIMEOUT="5", FOOTY_INTERVAL="20") as trial,
    ):
        first = trial.cycle()
        assert first.complete
        vendor.control.reset()
        trial.inject(*mixed(0.1, FAILING))
        for _ in range(cycles):
            trial.wait(20)
            cycle = trial.cycle()
            assert cycle.complaints(trial.cycles[-2]) == []
            sources = cycle.sources("detail", "odds")
            settled = sum(one in {"fresh", "cache"} for one in sources)
            assert settled >= ENOUGH * len(sources), cycle.problems
            del trial.cycles[:-1]
        faults = vendor.control.stats()["faults"]
        assert len(faults) == len(FAILING)
        assert 0.07 <= sum(faults.values()) / vendor.control.stats()["total"] <= 0.13
