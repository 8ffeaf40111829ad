"""The machine's clock is set back under a running service: its cycles go on."""

import datetime as dt
import threading

import pytz
import time_machine
from apscheduler.schedulers.background import BackgroundScheduler

from footy.service.schedule import follow_clock

INTERVAL_S = 60.0
NOON = dt.datetime(2026, 5, 28, 12, tzinfo=pytz.utc)


def test_what_is_due_only_after_more_than_an_interval_runs_now() -> None:
    ran = threading.Event()
    scheduler = BackgroundScheduler(timezone=pytz.utc)
    with time_machine.travel(NOON, tick=True) as clock:
        scheduler.add_job(ran.set, "interval", seconds=INTERVAL_S)
        scheduler.start()
        try:
            clock.shift(-86_400)
            follow_clock(scheduler)
            assert ran.wait(5)
            (job,) = scheduler.get_jobs()
            assert job.next_run_time <= dt.datetime.now(pytz.utc) + dt.timedelta(seconds=INTERVAL_S)
        finally:
            scheduler.shutdown()


def test_what_is_due_within_the_interval_is_left_to_its_time() -> None:
    scheduler = BackgroundScheduler(timezone=pytz.utc)
    scheduler.add_job(print, "interval", seconds=INTERVAL_S)
    scheduler.start()
    try:
        (job,) = scheduler.get_jobs()
        due = job.next_run_time
        follow_clock(scheduler)
        (job,) = scheduler.get_jobs()
        assert job.next_run_time == due
    finally:
        scheduler.shutdown()
