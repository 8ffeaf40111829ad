"""What analysts use of the history: its tables as typed batches, as files, and for SQL."""

from typing import Literal

TABLE_NAMES = ("matches", "events", "odds", "prices", "minutes")
Format = Literal["parquet", "csv", "jsonl"]
"""A file's format; its name ends in the same way."""
FORMATS: tuple[Format, ...] = ("parquet", "csv", "jsonl")
ResultForm = Literal["table", "csv", "json"]
"""How the result of a query is printed."""
RESULT_FORMS: tuple[ResultForm, ...] = ("table", "csv", "json")
TIME_LIMIT_S = 30.0
"""Seconds after which a query is stopped, if nothing else is said."""
