"""The calls of the last minute go with the lease: what another machine has spent is spent."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from footy.thesports.endpoints import LIVE, ODDS, RateLimit
from footy.thesports.errors import QuotaSpentError
from footy.thesports.quota import WindowQuota


class Kept:
    """A store that may be out of order."""

    def __init__(self, ages: Mapping[str, Sequence[float]]) -> None:
        self.ages = ages
        self.works = True

    def load(self) -> Mapping[str, Sequence[float]]:
        return self.ages

    def save(self, ages: Mapping[str, Sequence[float]]) -> bool:
        if self.works:
            self.ages = ages
        return self.works


@pytest.fixture
def quota() -> WindowQuota:
    return WindowQuota({ODDS.path: RateLimit(10, 60), LIVE.path: RateLimit(10, 60)}, now=lambda: 1000.0)


def test_what_another_machine_has_asked_counts(quota: WindowQuota) -> None:
    quota.keep_by(Kept({ODDS.path: [1.0, 50.0, 70.0]}))
    assert quota.left(ODDS) == 8


def test_a_call_per_worker_of_a_machine_that_was_stopped_counts_on_every_endpoint(quota: WindowQuota) -> None:
    quota.keep_by(Kept({ODDS.path: [1.0]}), stray=4)
    assert (quota.left(ODDS), quota.left(LIVE)) == (5, 6)


def test_what_is_asked_is_kept_for_the_next_machine(quota: WindowQuota) -> None:
    kept = Kept({})
    quota.keep_by(kept)
    quota.take(ODDS)
    quota.reserve(1)
    assert len(kept.ages[ODDS.path]) == 7  # a match may need 6 more
    quota.save()
    assert [*kept.ages[ODDS.path]] == [0.0]


def test_a_machine_that_leads_again_counts_its_own_calls_once(tmp_path: Path) -> None:
    limits = {ODDS.path: RateLimit(10, 60)}
    kept, file = Kept({}), tmp_path / "quota.json"
    for _ in range(3):
        quota = WindowQuota(limits)
        quota.keep_in(file)
        quota.keep_by(kept)
        quota.take(ODDS)
        quota.save()
    assert quota.left(ODDS) == 7


def test_its_file_counts_if_nobody_has_led_before(tmp_path: Path) -> None:
    limits = {ODDS.path: RateLimit(10, 60)}
    alone, file = WindowQuota(limits), tmp_path / "quota.json"
    alone.keep_in(file)
    alone.take(ODDS)
    alone.save()
    leader = WindowQuota(limits)
    leader.keep_in(file)
    leader.keep_by(Kept({}))
    assert leader.left(ODDS) == 9


def test_the_live_list_of_a_cycle_that_is_cut_off_counts(quota: WindowQuota) -> None:
    kept = Kept({})
    quota.keep_by(kept)
    quota.reserve(0)
    quota.take(LIVE)
    assert len(kept.ages[LIVE.path]) >= 1


def test_nothing_limited_is_asked_while_the_next_machine_could_not_know(quota: WindowQuota) -> None:
    kept = Kept({})
    quota.keep_by(kept)
    kept.works = False
    quota.reserve(1)
    with pytest.raises(QuotaSpentError):
        quota.take(ODDS)
    kept.works = True
    quota.reserve(1)
    quota.take(ODDS)
