"""What every test has."""

import fcntl
import gc
import time
from collections.abc import Generator

import pytest
from hypothesis import settings

from footy.clock import CLOCK

settings.register_profile("footy", deadline=None)  # machines are shared; speed belongs in benchmarks/
settings.load_profile("footy")

LONG = (
    "test_failover.py",
    "test_commands.py",
    "test_every_fault.py",
    "test_scripts.py",
    "test_deadline.py",
    "test_odds_order.py",
    "test_service.py",
    "test_page.py",
    "test_push.py",
    "test_quota.py",
    "test_cycle.py",
    "test_service_under_faults.py",
    "test_cli.py",
    "test_push_without_lists.py",
    "test_connections.py",
    "test_a_tenth_fails.py",
    "test_retries.py",
    "test_pace.py",
    "test_secrets.py",
    "test_alert_kills.py",
    "test_deploy.py",
    "test_cold_start.py",
    "test_truth.py",
)
"""Modules whose tests take long together, the longest first: each is run by one worker."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect no garbage while tests are collected, later less often than usual and not among what stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(100_000, 20, 50)  # 700, 10 and 10 by default: a tenth of the CPU
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Let one worker at a time import a module: only the first has to compile it, with what it imports."""
    if not isinstance(collector, pytest.Module):
        return (yield)
    with collector.path.open() as module:
        fcntl.flock(module, fcntl.LOCK_EX)
        return (yield)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Collect garbage once; pytest and Python look again for what is left, which takes a second each time."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long: a worker that began with it at the end would keep the others waiting."""
    begins = {name: number for number, name in enumerate(LONG)}
    items.sort(key=lambda item: begins.get(item.path.name, len(LONG)))


@pytest.fixture(autouse=True)
def _time_that_goes_with_the_machines(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let footy's time go with the machine's clock, which tests move, unless a test is about that."""
    if request.node.get_closest_marker("clock_is_set") is None:
        monkeypatch.setattr(CLOCK, "uptime", time.time)
        monkeypatch.setattr(CLOCK, "_offset", 0.0)
