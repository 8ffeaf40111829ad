"""A PostgreSQL server of a test's own, that may be stopped and started."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.ports import free_port

_UNPRIVILEGED = "nobody"


def missing(reason: str) -> None:
    """Skip a test whose server is missing; on CI that fails."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def _programs() -> Path:
    """Return the folder of PostgreSQL's programs."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        missing("initdb and pg_ctl are not installed")
    return folders[-1]


class OwnServer:
    """A PostgreSQL server in a folder, run by an unprivileged user, that a test may stop and start."""

    def __init__(self, folder: Path, host: str = "127.0.0.1") -> None:
        self._programs = _programs()
        self._folder = folder
        self.host = host
        self.port = free_port()
        self.url = f"postgresql://footy@{host}:{self.port}/postgres"
        self._run("initdb", "-D", str(folder), "-U", "footy", "-A", "trust", "--no-sync")
        (folder / "pg_hba.conf").write_text("host all all all trust\n")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-h {self.host} -p {self.port} -k {self._folder} -F"
        log = str(self._folder / "server.log")
        self._run("pg_ctl", "-D", str(self._folder), "-w", "-t", "30", "-l", log, "-o", options, "start")

    def stop(self) -> None:
        """Stop it at once, as in a crash."""
        self._run("pg_ctl", "-D", str(self._folder), "-w", "-m", "immediate", "stop")

    def _run(self, program: str, *arguments: str) -> None:
        user = pwd.getpwnam(_UNPRIVILEGED).pw_uid if os.geteuid() == 0 else None
        done = subprocess.run(
            [self._programs / program, *arguments],
            user=user,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr


@contextlib.contextmanager
def own_server(host: str = "127.0.0.1") -> Iterator[OwnServer]:
    """Yield a running server in a temporary folder; it is stopped afterwards."""
    with tempfile.TemporaryDirectory(prefix="footy-postgres-") as folder:
        if os.geteuid() == 0:
            os.chown(folder, pwd.getpwnam(_UNPRIVILEGED).pw_uid, -1)
        server = OwnServer(Path(folder), host)
        server.start()
        try:
            yield server
        finally:
            with contextlib.suppress(AssertionError):
                server.stop()
