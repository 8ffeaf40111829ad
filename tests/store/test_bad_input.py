"""What is wrong with a store is one sentence, without a secret, with the right exit code."""

import contextlib
import json
import socket
import sys
import threading
from collections.abc import Collection, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg import sql

from footy.history.log import LogError, NewerLogError
from footy.history.sqlite_log import opened as opened_file
from footy.lease.table import LeaseTable
from footy.store import connect
from footy.store.address import StoreAddress
from footy.store.connect import connected
from footy.store.postgres_log import opened, opened_for_reading
from tests.support.place import SECRET, Finished, Place, complaints, wait_until
from tests.support.ports import free_port
from tests.support.postgres import URL, scratch_store

PASSWORD = "a-password-canary"
SSL_REQUEST, CLEARTEXT = (80877103).to_bytes(4), (3).to_bytes(4)
"""Codes of PostgreSQL's protocol."""


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


COMMANDS = {
    "events": ["events"],
    "match": ["match", "x"],
    "outcomes": ["alerts", "outcomes"],
    "test": ["alerts", "test"],
    "backtest": ["alerts", "backtest"],
    "export": ["export", "events"],
    "query": ["query", "SELECT 1"],
    "replay": ["replay", "--to", "bell"],
    "status": ["status"],
    "copy": ["store", "copy"],
    "serve": ["serve"],
}
"""Those that need the store."""
RUN_THEM = """
import contextlib, io, json, sys
from footy.lease.table import LeaseTable
from footy.store import connect
connect.OLDEST_SERVER = int(sys.argv[1])
from footy.cli import main
for argv in json.loads(sys.argv[2]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(argv)
    print(json.dumps([code, out.getvalue(), err.getvalue()]))
"""


@pytest.fixture
def machine(place: Place) -> Place:
    """Return a machine with rules, and with a log of its own from before it had a store."""
    place.files.folder.mkdir()
    place.files.alerts.write_text("[targets.bell]\ncommand = ['/bin/true']\n")
    place.files.alerts.chmod(0o600)
    opened_file(place.files.events)[0].close()
    place.set(THESPORTS_USER="user", THESPORTS_SECRET=SECRET, FOOTY_HTTP_PORT=free_port())
    return place


def refusals(
    machine: Place, address: StoreAddress, commands: Collection[str] = COMMANDS.keys(), *, oldest: int = 0
) -> dict[str, tuple[int, str]]:
    """Run commands in one process; return with which code each ended, and what it said."""
    machine.set(FOOTY_STORE=address.url, FOOTY_LEASE=address.schema)
    wanted = {name: words for name, words in COMMANDS.items() if name in commands}
    done = machine.run_python("-c", RUN_THEM, str(oldest), json.dumps([*wanted.values()]))
    assert done.returncode == 0, done.stderr
    ended = [json.loads(line) for line in done.stdout.splitlines()]
    found = {}
    for name, (code, printed, said) in zip(wanted, ended, strict=True):
        sentences = complaints(Finished([], code, printed, said))
        assert (printed, len(sentences)) == ("", 1), (name, printed, said)
        assert PASSWORD not in said, name
        found[name] = code, sentences[0]
    return found


def assert_all(found: dict[str, tuple[int, str]], code: int, why: str) -> None:
    assert {name: ended for name, ended in found.items() if ended[0] != code or why not in ended[1]} == {}


@pytest.fixture
def port() -> Iterator[int]:
    """Return a port at which nobody listens."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        yield nobody.getsockname()[1]


@pytest.fixture
def strict_port() -> Iterator[int]:
    """Return the port of a server that takes no password: it speaks as much as that takes."""

    def refuse(asked: socket.socket) -> None:
        with asked:
            length = int.from_bytes(asked.recv(4))
            if asked.recv(length - 4)[:4] == SSL_REQUEST:
                asked.sendall(b"N")
                asked.recv(1000)
            asked.sendall(b"R" + (8).to_bytes(4) + CLEARTEXT)
            asked.recv(1000)
            said = b'SFATAL\0C28P01\0Mpassword authentication failed for user "me"\0\0'
            asked.sendall(b"E" + (4 + len(said)).to_bytes(4) + said)

    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    refuse(server.accept()[0])

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_commands_end_with_69_if_the_store_is_not_reachable(machine: Place, port: int) -> None:
    address = StoreAddress(f"postgresql://me:{PASSWORD}@127.0.0.1:{port}/d")
    found = refusals(machine, address, COMMANDS.keys() - {"serve"})  # that one waits
    assert_all(found, 69, "cannot be reached")


def test_commands_end_with_78_if_the_password_is_wrong(machine: Place, strict_port: int) -> None:
    found = refusals(machine, StoreAddress(f"postgresql://me:{PASSWORD}@127.0.0.1:{strict_port}/d"))
    assert_all(found, 78, 'password authentication failed for user "me"')
    assert_service_refuses(machine, "password authentication failed")


def test_commands_end_with_78_without_rights(machine: Place, address: StoreAddress, role: str) -> None:
    opened(address).close()
    assert_all(refusals(machine, stranger(address, role)), 78, "permission denied")
    assert_service_refuses(machine, "permission denied")


def test_commands_end_with_78_if_the_schema_is_newer(machine: Place, address: StoreAddress) -> None:
    opened(address).close()
    with connected(address) as connection:
        connection.execute("UPDATE meta SET version = version + 1")
    assert_all(refusals(machine, address), 78, "newer version of footy")
    assert_service_refuses(machine, "newer version of footy")


def test_commands_end_with_78_if_the_server_is_too_old(machine: Place, address: StoreAddress) -> None:
    assert_all(refusals(machine, address, oldest=990000), 78, "which is too old")


def test_who_writes_ends_with_78_if_the_server_is_read_only(machine: Place, address: StoreAddress) -> None:
    opened(address).close()
    mark = "&" if "?" in address.url else "?"
    url = f"{address.url}{mark}options=-c%20default_transaction_read_only%3Don"
    found = refusals(machine, StoreAddress(url, address.schema), ["copy"])
    assert_all(found, 78, "is read-only")
    assert_service_refuses(machine, "is read-only")


def test_one_lease_for_two_accounts_is_refused(machine: Place, address: StoreAddress) -> None:
    opened(address).close()
    of_another = LeaseTable(address.schema, "a", 600.0, ("someone else", "https://vendor.example"))
    with connected(address) as session:
        assert of_another.take(session, *of_another.look(session))
    machine.set(FOOTY_STORE=address.url, FOOTY_LEASE=address.schema)
    assert_service_refuses(machine, "belongs to another account")


def assert_service_refuses(machine: Place, why: str) -> None:
    """Check that the service, with the same store, ends with 78."""
    done = machine.run()
    [said] = complaints(done)
    assert done.returncode == 78
    assert why in said
    assert PASSWORD not in said


def test_a_service_starts_and_waits_if_the_store_is_not_reachable(machine: Place, port: int) -> None:
    machine.set(FOOTY_STORE=f"postgresql://me:{PASSWORD}@127.0.0.1:{port}/d")
    service = machine.begin()
    wait_until(lambda: machine.files.log.exists() and "footy waits for it" in machine.files.log.read_text())
    assert service.poll() is None
    assert PASSWORD not in machine.files.log.read_text()
    service.terminate()
    assert service.wait(10) == 0


def test_a_log_that_is_still_written_is_not_copied(place: Place, address: StoreAddress) -> None:
    place.set(FOOTY_STORE=address.url, FOOTY_LEASE=address.schema)
    place.files.folder.mkdir(parents=True)
    me = psutil.Process()
    place.files.pid.write_text(f"{me.pid} {me.create_time()} service")
    done = place.run("store", "copy")
    assert (done.returncode, "stop it first" in done.stderr) == (75, True)


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
