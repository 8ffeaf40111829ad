"""A simulator in a child process, for tests, benchmarks and the demo."""

import http.client
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

import msgspec

if TYPE_CHECKING:
    from thesports_simulator.world.odds import Fullness
    from thesports_simulator.world.world import World

USER = "demo"
SECRET = "simulated-secret"  # noqa: S105 - it opens nothing but a simulator on this machine
_START_TIMEOUT = 60.0
_PROJECT = Path(__file__).resolve().parents[1]

Begin = Callable[[Sequence[str], Mapping[str, str]], "subprocess.Popen[str]"]


class SimulatorError(Exception):
    """The simulator did not start, or its control path refused a request."""


class SimulatorControl:
    """The control path of a running simulator; see docs/simulator.md for its answers."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Send one call, with `path` after /_simulator/ and `body` as JSON; return the decoded answer."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=30)
        try:
            content = None if body is None else msgspec.json.encode(body)
            connection.request(method, f"/_simulator/{path}", content)
            response = connection.getresponse()
            answer = msgspec.json.decode(response.read())
        finally:
            connection.close()
        if response.status != http.client.OK:
            raise SimulatorError(f"{method} {path}: {answer.get('error')}")
        return answer

    def stats(self) -> dict[str, Any]:
        """Return the counts of requests, bytes, throttled calls, arrivals, connections and faults."""
        return self._dictionary("GET", "stats")

    def reset(self) -> None:
        """Reset the counts."""
        self.call("POST", "reset")

    def clock(self) -> dict[str, Any]:
        """Return the server time `now`, its `speed`, and the world's options."""
        return self._dictionary("GET", "clock")

    def advance(self, seconds: float) -> float:
        """Move the server's clock ahead; return its time afterwards."""
        return float(self.call("POST", "clock", {"advance": seconds})["now"])

    def set_clock(self, **changes: float) -> dict[str, Any]:
        """Change the clock: any of `set` (unix seconds), `advance` (seconds) and `speed` (0 stops it)."""
        return self._dictionary("POST", "clock", changes)

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Change settings of the running server; return all settings afterwards."""
        return self._dictionary("POST", "settings", changes)

    def log(self, since: int = 0) -> list[dict[str, Any]]:
        """Return the replies after sequence number `since`, each with the server time `at` of its content."""
        replies: list[dict[str, Any]] = self.call("GET", f"log?since={since}")["replies"]
        return replies

    def last_number(self) -> int:
        """Return the sequence number of the last reply; 0 before the first."""
        replies: list[dict[str, Any]] = self.call("GET", "log?last=1")["replies"]
        return int(replies[0]["seq"]) if replies else 0

    def faults(self) -> list[dict[str, Any]]:
        """Return the active faults."""
        faults: list[dict[str, Any]] = self.call("GET", "faults")["faults"]
        return faults

    def set_faults(self, *faults: str) -> None:
        """Switch exactly these faults on, in the syntax of --fault."""
        self.call("POST", "faults", {"set": list(faults)})

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self.call("DELETE", "faults")

    def _dictionary(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer: dict[str, Any] = self.call(method, path, body)
        return answer


@lru_cache(maxsize=2)
def _world(epoch: int, matches: int, seed: int, odds: "Fullness") -> "World":
    """Return a world, which is the same for all simulators with these options."""
    # Imported here, so that the demo does not load a world into its own process.
    from thesports_simulator.world.world import World, WorldOptions  # noqa: PLC0415

    return World(WorldOptions(epoch, matches=matches, seed=seed, odds=odds))


class RunningSimulator:
    """A simulator in a child process, listening. A context manager that stops it."""

    def __init__(self, child: "subprocess.Popen[str]", base_url: str, *, user: str, secret: str) -> None:
        self._child = child
        self.base_url = base_url
        self.user = user
        self.secret = secret
        host, _, port = base_url.removeprefix("http://").partition("/")[0].rpartition(":")
        self.host = host.strip("[]")
        self.port = int(port)
        self.control = SimulatorControl(self.host, self.port)
        # The last lines of its standard error, which show an error in the simulator itself.
        self.complaints: deque[str] = deque(maxlen=100)

    @property
    def pid(self) -> int:
        """Return the child's process id."""
        return self._child.pid

    @property
    def is_running(self) -> bool:
        """Return whether the child is running."""
        return self._child.poll() is None

    def world(self) -> "World":
        """Return the same world in this process, which knows the truth at any server time."""
        said = self.control.clock()
        return _world(said["epoch"], said["matches"], said["seed"], said["odds"])

    def stop(self) -> int:
        """Stop the child, wait for it, and return its exit code; may be called again."""
        if self._child.stdin and not self._child.stdin.closed:
            self._child.stdin.close()
        for force in (self._child.terminate, self._child.kill):
            try:
                return self._child.wait(timeout=2)
            except subprocess.TimeoutExpired:
                force()
        return self._child.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


def begin_process(options: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Start a process of a simulator, with pipes for its streams."""
    return subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
        [sys.executable, "-m", "thesports_simulator", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def launch(
    *options: str,
    user: str = USER,
    secret: str = SECRET,
    timeout: float = _START_TIMEOUT,
    begin: Begin = begin_process,
) -> RunningSimulator:
    """Start a simulator with command line options and wait until it listens.

    The child gets the credentials by environment, not on its command line. It ends with this process.
    `begin` starts its process.

    Raises:
        SimulatorError: It ended, or did not listen within `timeout` seconds.
    """
    paths = [str(_PROJECT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "THESPORTS_USER": user,
        "THESPORTS_SECRET": secret,
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
    }
    child = begin(["--exit-with-parent", *options], environment)
    line = _first_line(child, timeout)
    _, listening, base_url = line.strip().partition("simulator listening on ")
    if not listening:
        child.kill()
        _, complaint = child.communicate()
        reason = complaint.strip() or line.strip() or "it said nothing"
        raise SimulatorError(f"the simulator did not start: {reason}")
    assert child.stderr is not None  # noqa: S101 - piped above
    simulator = RunningSimulator(child, base_url, user=user, secret=secret)
    _drain(child.stderr, simulator.complaints)
    return simulator


def start(
    *,
    matches: int = 49,
    seed: int = 1,
    odds: str = "full",
    speed: float = 1.0,
    latency: float = 0.0,
    jitter: float = 0.0,
    capture: Path | None = None,
    quota: Sequence[str] = (),
    faults: Sequence[str] = (),
    options: Sequence[str] = (),
    user: str = USER,
    secret: str = SECRET,
    begin: Begin = begin_process,
) -> RunningSimulator:
    """Start a simulator, to be stopped or used as a context; `options` are more command line options.

    Raises:
        SimulatorError: It did not start.
    """
    given = [f"--matches={matches}", f"--seed={seed}", f"--odds={odds}", f"--speed={speed}"]
    given += [f"--latency={latency}", f"--jitter={jitter}"]
    given += [f"--capture={capture}"] if capture else []
    given += [f"--quota={text}" for text in quota] + [f"--fault={text}" for text in faults]
    return launch(*given, *options, user=user, secret=secret, begin=begin)


def _first_line(child: "subprocess.Popen[str]", timeout: float) -> str:
    """Return the child's first line, empty if none came in time; a thread, since a pipe has no timeout."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        assert child.stdout is not None  # noqa: S101 - piped by the caller
        with child.stdout:
            lines.put(child.stdout.readline())

    threading.Thread(target=read, name="simulator-line", daemon=True).start()
    try:
        return lines.get(timeout=timeout)
    except queue.Empty:
        return ""


def _drain(stream: IO[str], lines: deque[str]) -> None:
    """Read a pipe to its end in a thread, so that the child never blocks on a full pipe."""

    def read_lines() -> None:
        with stream:
            lines.extend(stream)

    threading.Thread(target=read_lines, name="simulator-complaints", daemon=True).start()
