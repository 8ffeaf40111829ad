"""What is wrong with a store is one sentence, without a secret, with the right exit code."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from footy.history.log import LogError, NewerLogError
from footy.store import connect
from footy.store.address import StoreAddress
from footy.store.connect import connected
from footy.store.postgres_log import opened, opened_for_reading
from tests.support.place import Place
from tests.support.postgres import URL, scratch_store

PASSWORD = "a-password-canary"


@pytest.fixture
def address() -> Iterator[StoreAddress]:
    with scratch_store() as address:
        yield address


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Place(tmp_path) as place:
        yield place


def stranger(address: StoreAddress, user: str) -> StoreAddress:
    """Return the same store for a user that has no rights there."""
    return StoreAddress(f"postgresql://{user}:{PASSWORD}@{address.url.rpartition('@')[2]}", address.schema)


@pytest.fixture
def role(address: StoreAddress) -> Iterator[str]:
    name = f"{address.schema}_user"
    with psycopg.connect(URL, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
        yield name
        connection.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(sql.Identifier(name)))
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def complaint(address: StoreAddress, *, code: int) -> str:
    with pytest.raises(LogError) as raised:
        opened(address, timeout_s=1.0)
    assert raised.value.exit_code == code, raised.value
    assert PASSWORD not in str(raised.value)
    assert raised.value.__cause__ is None
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_user_that_does_not_exist_is_refused(address: StoreAddress) -> None:
    assert "does not exist" in complaint(stranger(address, "footy_nobody"), code=78)


def test_an_address_that_cannot_be_read_is_not_repeated(address: StoreAddress) -> None:
    said = complaint(StoreAddress(f"postgresql://me:{PASSWORD}%zz@h/d", address.schema), code=78)
    assert said.startswith("FOOTY_STORE is not an address")


def test_a_user_without_rights_is_refused(address: StoreAddress, role: str) -> None:
    assert "permission denied" in complaint(stranger(address, role), code=78)


def test_a_user_may_read_without_the_right_to_write(address: StoreAddress, role: str) -> None:
    opened(address).close()
    with connected(address) as connection:
        schema, user = sql.Identifier(address.schema), sql.Identifier(role)
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, user))
        connection.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}").format(schema, user))
    log = opened_for_reading(stranger(address, role))
    assert log.read(0, 10) == []
    log.close()


def test_a_server_that_is_not_there_is_unavailable(address: StoreAddress) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        said = complaint(StoreAddress(f"postgresql://me:{PASSWORD}@127.0.0.1:{port}/d"), code=69)
    assert said.startswith(f"The store 127.0.0.1:{port}/d cannot be reached: ")
    del address


def test_a_server_that_accepts_and_says_nothing_is_unavailable_in_time() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        complaint(StoreAddress(f"postgresql://me:{PASSWORD}@127.0.0.1:{port}/d"), code=69)


def test_a_newer_schema_is_refused_and_left_as_it_is(address: StoreAddress) -> None:
    opened(address).close()
    with connected(address) as connection:
        connection.execute("UPDATE meta SET version = version + 1")
    assert "newer version of footy" in complaint(address, code=78)
    with pytest.raises(NewerLogError):
        opened_for_reading(address)


def test_a_schema_that_is_not_there_is_one_sentence_for_readers(address: StoreAddress) -> None:
    with pytest.raises(LogError, match="start footy with this FOOTY_STORE first") as raised:
        opened_for_reading(address)
    assert raised.value.exit_code == 78


def test_a_server_that_only_reads_is_refused(address: StoreAddress) -> None:
    mark = "&" if "?" in address.url else "?"
    url = f"{address.url}{mark}options=-c%20default_transaction_read_only%3Don"
    assert "is read-only" in complaint(StoreAddress(url, address.schema), code=78)


def test_a_server_that_is_too_old_is_refused(address: StoreAddress, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "OLDEST_SERVER", 990000)
    assert "which is too old: footy needs 99 or newer" in complaint(address, code=78)


# Commands


@pytest.mark.parametrize("command", [("events",), ("match", "x"), ("alerts", "outcomes")])
def test_a_command_ends_with_69_if_the_store_is_not_reachable(place: Place, command: tuple[str, ...]) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        place.set(FOOTY_STORE=f"postgresql://me:{PASSWORD}@127.0.0.1:{nobody.getsockname()[1]}/d")
        done = place.run(*command)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (69, "", 1)
    assert PASSWORD not in done.stderr


def test_a_wrong_address_is_78_for_a_command_that_reads(place: Place) -> None:
    place.set(FOOTY_STORE=f"mysql://me:{PASSWORD}@h/d")
    done = place.run("events")
    assert (done.returncode, PASSWORD in done.stderr) == (78, False)
    assert place.run("health").returncode == 1, "a wrong setting keeps nobody from the instance"


def test_a_password_on_the_command_line_is_refused(place: Place) -> None:
    done = place.run("events", f"postgresql://me:{PASSWORD}@h/d")
    assert (done.returncode, PASSWORD in done.stderr) == (64, False)
    assert "FOOTY_STORE_FILE" in done.stderr


def test_nothing_of_it_is_imported_without_a_store(place: Place) -> None:
    code = (
        "import sys, footy.cli, footy.service.daemon, footy.service.page\n"
        "import footy.service.recorder, footy.web.server\n"
        "from footy.service.log_place import log_place, writer_place\n"
        "from footy.settings import Mode, load\n"
        "settings = load().settings\n"
        "log_place(settings, Mode.LIVE), writer_place(settings, Mode.LIVE)\n"
        "print([name for name in sys.modules if name.startswith(('psycopg', 'footy.store'))])\n"
    )
    assert place.run_program(sys.executable, "-c", code).stdout == "[]\n"


def test_a_demo_never_touches_the_store(place: Place) -> None:
    place.set(FOOTY_STORE=f"postgresql://me:{PASSWORD}@127.0.0.1:1/d")
    assert "There is no log of events yet at" in place.run("events", "--demo").stderr
