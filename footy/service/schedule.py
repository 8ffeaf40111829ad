"""Schedule the cycles: every interval, even if the machine's clock is set."""

import contextlib
import datetime as dt
import itertools
import logging
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytz
from apscheduler.events import EVENT_JOB_MAX_INSTANCES
from apscheduler.executors.pool import BasePoolExecutor
from apscheduler.executors.pool import ThreadPoolExecutor as OneThread
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from footy.clock import SET_FROM_S
from footy.pipeline.plan import LISTEN_EVERY_S
from footy.service.app import App
from footy.service.cycle_job import CycleJob
from footy.service.fixtures import EVERY_S as FIXTURES_EVERY_S

log = logging.getLogger("footy")

CYCLE = "cycle"
"""The id of the cycle's job in the scheduler."""


FIXTURES = "fixtures"
FIRST_FIXTURES_S = 5.0
"""Seconds after the start, when the first cycle has asked for what cannot wait."""

ASK_AGAIN_WITHIN_S = 50.0
"""Longest wait for the next cycle after a `check`, in seconds; a running cycle can end before."""


class CycleThread:
    """The one thread that owns the state: cycles run on it, and what is pushed waits for it."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(1, thread_name_prefix="footy-cycles")

    def submit(self, work: Callable[[], None]) -> None:
        """Run something once the thread is free; nothing if it has ended."""
        with contextlib.suppress(RuntimeError):
            self.pool.submit(work)


class _OnCycleThread(BasePoolExecutor):  # type: ignore[misc]
    """The scheduler's executor for that thread."""

    def __init__(self, thread: CycleThread) -> None:
        super().__init__(thread.pool)


class EveryInterval(IntervalTrigger):  # type: ignore[misc]
    """An interval trigger that skips the runs missed when the machine's clock was set ahead.

    The library's own trigger iterates over all of them: decades, if the clock was set from 1970.
    """

    def get_next_fire_time(
        self, previous_fire_time: dt.datetime | None, now: dt.datetime
    ) -> dt.datetime | None:
        """Return the first time after `now` that is a whole number of intervals after the last run."""
        if previous_fire_time is not None and now > previous_fire_time:
            previous_fire_time += (now - previous_fire_time) // self.interval * self.interval
        following: dt.datetime | None = super().get_next_fire_time(previous_fire_time, now)
        return following


def scheduled(
    job: CycleJob,
    interval_s: float,
    is_slow: Callable[[], bool] = lambda: False,
    fixtures: Callable[[], None] | None = None,
    thread: CycleThread | None = None,
    count_skipped: Callable[[], int] | None = None,
) -> BackgroundScheduler:
    """Start the scheduler: the first cycle at once; skip a cycle that is due while another is running.

    Args:
        job: Runs a cycle, and the requests between cycles.
        interval_s: Seconds from one cycle to the next.
        is_slow: Whether the vendor is slow, and that has been logged.
        fixtures: Reads what kicks off tonight.
        thread: Where cycles run.
        count_skipped: Counts a cycle that is skipped, and returns how many were since the start.
    """
    scheduler = BackgroundScheduler(
        executors={
            "default": _OnCycleThread(thread or CycleThread()),
            FIXTURES: OneThread(1),
        },  # fixtures hold up no cycle
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        timezone=pytz.utc,
    )

    count = count_skipped or itertools.count(1).__next__

    def skipped(event: Any) -> None:
        if event.job_id == CYCLE:  # not the requests between cycles, which wait for a long cycle
            # If the vendor is slow, the skipped cycles have been announced once.
            level = logging.DEBUG if is_slow() else logging.WARNING
            log.log(level, "A cycle was skipped: the one before still runs (%d since the start)", count())

    scheduler.add_listener(skipped, EVENT_JOB_MAX_INSTANCES)
    now = dt.datetime.now(pytz.utc)
    scheduler.add_job(job, EveryInterval(seconds=interval_s), id=CYCLE, next_run_time=now)
    if interval_s > LISTEN_EVERY_S:
        between = interval_s / math.ceil(interval_s / LISTEN_EVERY_S)
        first = now + dt.timedelta(seconds=between)
        scheduler.add_job(job.listen, EveryInterval(seconds=between), next_run_time=first)
    if fixtures is not None:
        first = now + dt.timedelta(seconds=FIRST_FIXTURES_S)
        trigger = EveryInterval(seconds=FIXTURES_EVERY_S)
        scheduler.add_job(fixtures, trigger, id=FIXTURES, executor=FIXTURES, next_run_time=first)
    scheduler.start()
    return scheduler


def follow_clock(scheduler: BackgroundScheduler) -> None:
    """Run a job now if it is due in more than its interval: the machine's clock was set back.

    The scheduler uses that clock, and would wait until it reaches the time from before the change.
    """
    now = dt.datetime.now(pytz.utc)
    for job in scheduler.get_jobs():
        if job.next_run_time - now > job.trigger.interval + dt.timedelta(seconds=SET_FROM_S):
            job.modify(next_run_time=now)


def poll_now(scheduler: BackgroundScheduler) -> None:
    """Run the next cycle now."""
    cycle = scheduler.get_job(CYCLE)
    if cycle is not None:
        cycle.modify(next_run_time=dt.datetime.now(pytz.utc))


def retry_refused(app: App, scheduler: BackgroundScheduler, answered: Sequence[str]) -> None:
    """Retry the refused endpoints soon: someone has run `check`, perhaps after a change of the plan."""
    refused = app.transport.breaker.ask_again(answered)
    if not refused:
        return
    log.info("check was run: asking again for what was refused: %s", ", ".join(map(str, refused)))
    soon = dt.datetime.now(pytz.utc) + dt.timedelta(seconds=ASK_AGAIN_WITHIN_S)
    cycle = scheduler.get_job(CYCLE)
    if cycle.next_run_time > soon:
        cycle.modify(next_run_time=soon)
