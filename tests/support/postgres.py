"""A schema of a test's own in the PostgreSQL of the tests, dropped afterwards."""

import contextlib
import functools
import os
import secrets
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from footy.store.address import StoreAddress

URL = os.environ.get("FOOTY_TEST_POSTGRES") or "postgresql://postgres@127.0.0.1:5432/postgres"


@functools.cache
def _missing() -> str | None:
    try:
        with psycopg.connect(URL, connect_timeout=3):
            return None
    except psycopg.Error as error:
        return f"no PostgreSQL at FOOTY_TEST_POSTGRES: {str(error).splitlines()[0]}"


def need_postgres() -> None:
    """Skip the test if there is no server; fail it where `CI` is set."""
    if (why := _missing()) is not None:
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)


@contextlib.contextmanager
def scratch_store() -> Iterator[StoreAddress]:
    """Yield the address of an empty store; drop its schema afterwards."""
    need_postgres()
    address = StoreAddress(URL, schema=f"test_{secrets.token_hex(6)}")
    try:
        yield address
    finally:
        with psycopg.connect(URL, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(address.schema))
            )
