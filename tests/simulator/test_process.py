"""A simulator starts, prints one line, and ends on request in every state."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.caller import Caller, eventually
from thesports_simulator.process import SECRET, SimulatorError, launch, start

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def run(*options: str, **more: Any) -> Iterator["subprocess.Popen[str]"]:
    child = subprocess.Popen(
        [sys.executable, "-m", "thesports_simulator", "--matches=1", "--odds=light", *options],
        cwd=ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        **more,
    )
    with child:
        try:
            yield child
        finally:
            child.kill()


def line(child: "subprocess.Popen[str]") -> str:
    assert child.stdout is not None
    return child.stdout.readline()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_prints_one_line_and_ends_on_a_signal_with_exit_0(stop: signal.Signals) -> None:
    with run() as child:
        assert line(child).startswith("simulator listening on http://127.0.0.1:")
        child.send_signal(stop)
        assert child.communicate(timeout=60) == ("", "")
        assert child.returncode == 0


def test_it_ends_with_its_parents_pipe_and_leaves_ctrl_c_to_the_parent() -> None:
    with run("--exit-with-parent") as child:
        line(child)
        child.send_signal(signal.SIGINT)
        assert child.poll() is None
        assert child.stdin is not None
        child.stdin.close()
        assert child.wait(timeout=60) == 0


def test_it_ends_although_its_parent_had_blocked_signals() -> None:
    def block() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})

    with run(preexec_fn=block) as child:
        line(child)
        child.terminate()
        assert child.wait(timeout=60) == 0


def test_it_ends_over_hung_dripping_and_huge_replies() -> None:
    simulator = launch("--matches=1", "--odds=light", "--fault=hangx1", "--fault=drip=0x1", "--fault=huge=9")
    sockets = [socket.create_connection((simulator.host, simulator.port)) for _ in range(3)]
    for connection in sockets:
        connection.sendall(b"GET /v1/football/deleted HTTP/1.1\r\nHost: x\r\n\r\n")
    eventually(lambda: bool(simulator.control.stats()["total"] == 3))
    assert simulator.stop() == 0
    assert simulator.stop() == 0
    for connection in sockets:
        connection.close()


def test_it_ends_while_it_generates_its_world() -> None:
    with run("--matches=5000", "--odds=full", "--prepare") as child:
        process = psutil.Process(child.pid)
        eventually(lambda: process.cpu_times().user > 0.5)
        child.terminate()
        assert child.communicate(timeout=60) == ("", "")
        assert child.returncode == 0


def test_it_dies_with_a_killed_parent() -> None:
    script = """
        import os, signal
        from thesports_simulator.process import launch
        simulator = launch("--matches=1", "--odds=light")
        print(simulator.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    parent = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, stdout=subprocess.PIPE, check=False
    )
    assert parent.returncode == -signal.SIGKILL
    with suppress(psutil.NoSuchProcess):
        psutil.Process(int(parent.stdout)).wait(timeout=60)


def test_the_secret_is_in_the_environment_and_not_on_the_command_line() -> None:
    with start(matches=1, odds="light") as simulator:
        assert not any(SECRET in word for word in psutil.Process(simulator.pid).cmdline())
        assert Caller(simulator).results("deleted") == {}


def test_without_configured_credentials_it_accepts_any_non_empty_ones() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("THESPORTS")}
    with run(env=environment) as child:
        base = line(child).split()[-1]
        host, port = base.removeprefix("http://").split("/")[0].split(":")
        for query, expected in (
            ("user=a&secret=b", b'"code":0'),
            ("user=a", b"Unauthorized"),
            ("", b"Unauthorized"),
        ):
            with socket.create_connection((host, int(port))) as connection:
                request = f"GET /v1/football/deleted?{query} HTTP/1.1\r\nConnection: close\r\n\r\n"
                connection.sendall(request.encode())
                received = b""
                while data := connection.recv(65_536):
                    received += data
                assert expected in received
        child.terminate()


@pytest.mark.parametrize(
    ("option", "code", "complaint"),
    [
        ("--fault=nothing", 64, "there is no fault 'nothing'"),
        ("--capture=/nowhere", 64, "match_detail_live.json"),
        ("--port=1", 73, "cannot listen on 203.0.113.1:1"),
        ("--matches=0", 64, "not from 1 to 5000"),
        ("--epoch=0", 64, "0 is not from 946684800 to 4102444800: 2000 to 2100"),
        ("--epoch=999999999999", 64, "999999999999 is not from"),
        ("--quota=often", 64, "not ENDPOINT=COUNT/SECONDS"),
        ("--quota=odds/histroy=1/60", 64, "no such endpoint: odds/histroy"),
        ("--port=99999", 64, "99999 is not from 0 to 65535"),
        ("--plan=schedules", 64, "no such endpoint: schedules"),
    ],
)
def test_a_usage_error_is_one_clear_line(option: str, code: int, complaint: str) -> None:
    host = ["--host=203.0.113.1"] if option.startswith("--port") else []
    with run(option, *host) as child:
        output, complaints = child.communicate(timeout=60)
        assert output == ""
        assert complaint in complaints.splitlines()[-1]
        assert child.returncode == code


def test_a_child_that_does_not_start_is_an_error_with_its_reason() -> None:
    with pytest.raises(SimulatorError, match="there is no fault 'nothing'"):
        launch("--fault=nothing")


def test_a_world_can_be_rebuilt_from_the_options_of_a_simulator() -> None:
    with start(matches=5, seed=9, odds="light", speed=0) as simulator:
        world, caller = simulator.world(), Caller(simulator)
        at = int(simulator.control.clock()["now"])
        assert json.loads(caller.raw("match/detail_live")[1])["results"] == [
            world.live_element(match_id, at) for match_id in world.live_ids(at)
        ]
