"""The tables of the history for notebooks: `footy.read.matches()` and the others, as Arrow tables.

pandas, polars and DuckDB take what these functions return as it is:

    pandas.DataFrame.from_arrow(footy.read.prices(since="30d"))
    polars.DataFrame(footy.read.prices(since="30d"))

They read while the service writes, and need the packages of requirements-query.txt.
"""

import contextlib
import datetime as dt
import os
import time
import warnings
from pathlib import Path
from typing import Any

import pytz

from footy.analysis import extra
from footy.analysis.all_tables import TABLES
from footy.analysis.tables import Wanted
from footy.history.span import Span
from footy.service import event_query
from footy.service.history_store import opened_store
from footy.settings import Mode, load

When = str | dt.datetime | float | None
"""A time: a text as `footy events --since` takes it or a datetime, in UTC without a zone; or Unix seconds."""


def matches(**which: Any) -> Any:
    """Return the matches. For the arguments of all these functions see `table`."""
    return table("matches", **which)


def events(**which: Any) -> Any:
    """Return the events of the log."""
    return table("events", **which)


def odds(**which: Any) -> Any:
    """Return every price change that the vendor has of the matches."""
    return table("odds", **which)


def prices(**which: Any) -> Any:
    """Return the opening, early and closing prices, and their range, by match, market and bookmaker."""
    return table("prices", **which)


def minutes(**which: Any) -> Any:
    """Return what the records of the matches showed, minute by minute."""
    return table("minutes", **which)


def table(
    name: str,
    *,
    since: When = None,
    until: When = None,
    after: str | None = None,
    match: str | None = None,
    folder: str | os.PathLike[str] | None = None,
) -> Any:
    """Return a table as an Arrow table: an object with `__arrow_c_stream__`, of nanoarrow.

    Args:
        name: `matches`, `events`, `odds`, `prices` or `minutes`.
        since: Only what was seen, or changed, at or after this time.
        until: Only what was seen before this time.
        after: Only what came after this position, `epoch-sequence`.
        match: Only of the match with this id.
        folder: A data folder; by default that of the settings, as every command finds it.

    Raises:
        FootyError: There is no log, it cannot be read, or the packages are not installed.
    """
    extra.require("footy.read")
    from footy.analysis.arrow import arrow_table  # noqa: PLC0415 - packages of an extra

    settings = load(only_where=True).settings
    if folder is None:
        mode = settings.observed_mode()
    else:
        settings, mode = settings.model_copy(update={"data_dir": Path(folder), "store": None}), Mode.LIVE
    wanted = Wanted(
        Span(
            _seconds(since, "since"),
            _seconds(until, "until"),
            None if after is None else event_query.position(after),
        ),
        match_id=match,
        early_window=settings.early_window,
        warn=lambda sentence: warnings.warn(sentence, stacklevel=4),
    )
    with contextlib.closing(opened_store(settings, mode)) as store:
        return arrow_table(TABLES[name], store, wanted)


def _seconds(when: When, flag: str) -> float | None:
    if isinstance(when, dt.datetime):
        return (when if when.tzinfo is not None else when.replace(tzinfo=dt.UTC)).timestamp()
    if isinstance(when, str):
        return event_query.time(when, pytz.utc, time.time(), flag)
    return when
