"""What systemd is told, over a socket that stands in for its own."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from footy.errors import Exit
from footy.service.notify_socket import STATUS_LENGTH, NotifySocket
from tests.support.cycle_ends import cycle_end
from tests.support.place import SECRET, Place
from tests.support.simulators import start

WITHIN_S = 60.0
SILENCE_S = 180.0


class Systemd:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.settimeout(WITHIN_S)

    def receive(self) -> list[str]:
        """Return the states of the next datagram."""
        return self._socket.recv(4096).decode().split("\n")

    def close(self) -> None:
        self._socket.close()


@pytest.fixture(params=["a path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Systemd]:
    address = f"@footy-test-{os.getpid()}" if request.param == "abstract" else str(tmp_path / "notify")
    systemd = Systemd(address)
    yield systemd
    systemd.close()


def test_a_service_tells_when_it_is_ready_of_each_published_cycle_and_when_it_stops(tmp_path: Path) -> None:
    folder = tmp_path / "place"
    folder.mkdir()
    systemd = Systemd(str(tmp_path / "notify"))
    with start(matches=4, odds="light", secret=SECRET) as vendor, Place(folder, FOOTY_INTERVAL=2) as place:
        place.ask(vendor)
        place.set(NOTIFY_SOCKET=systemd.address, WATCHDOG_USEC=1_000_000)
        service = place.begin()
        ready, *cycles = [systemd.receive() for _ in range(3)]
        service.terminate()
        assert service.wait(WITHIN_S) == Exit.OK
        stopping = systemd.receive()
    systemd.close()

    assert ready == ["READY=1", "STATUS=The first cycle runs", "WATCHDOG_USEC=180000000"]
    assert [states[0] for states in cycles] == ["WATCHDOG=1"] * 2
    assert [states[1].partition(",")[0] for states in cycles] == [
        f"STATUS=Cycle {number}: 4 matches" for number in (1, 2)
    ]
    assert stopping == ["STOPPING=1", "STATUS=Stopping"]


def test_a_cycle_that_published_nothing_does_not_feed_the_watchdog(systemd: Systemd) -> None:
    notify = NotifySocket({"NOTIFY_SOCKET": systemd.address}, SILENCE_S)

    notify.cycle_ended(cycle_end(error="live list unavailable: no connection", published=False))
    notify.cycle_ended(cycle_end())

    assert systemd.receive() == ["STATUS=Cycle 7 failed: live list unavailable: no connection"]
    assert systemd.receive() == ["WATCHDOG=1", "STATUS=Cycle 7: 61 matches, 49 in play, incomplete"]


def test_what_the_vendor_says_is_one_line_and_no_state_of_its_own(systemd: Systemd) -> None:
    notify = NotifySocket({"NOTIFY_SOCKET": systemd.address}, SILENCE_S)

    notify.cycle_ended(cycle_end(error="it says\nSTOPPING=1\x1b[2J" + "x" * 500, published=False))

    [status] = systemd.receive()
    assert status.startswith("STATUS=Cycle 7 failed: it says STOPPING=1 [2Jxxx")
    assert len(status) == len("STATUS=") + STATUS_LENGTH


@pytest.mark.parametrize(
    ("environ", "silence_s", "asked_for"),
    [
        ({}, 180, None),
        ({"WATCHDOG_USEC": "600000000"}, 180, None),
        ({"WATCHDOG_USEC": "180000000"}, 180, None),
        ({"WATCHDOG_USEC": "30000000"}, 180, "180000000"),
        ({"WATCHDOG_USEC": "600000000"}, 10_800, "10800000000"),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 180, "180000000"),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, 180, None),
        ({"WATCHDOG_USEC": "0"}, 180, None),
        ({"WATCHDOG_USEC": "soon"}, 180, None),
    ],
)
def test_a_watchdog_that_would_bite_a_service_that_is_well_is_made_longer(
    systemd: Systemd, environ: dict[str, str], silence_s: float, asked_for: str | None
) -> None:
    NotifySocket({"NOTIFY_SOCKET": systemd.address, **environ}, silence_s).ready()

    [_, _, *longer] = systemd.receive()
    assert longer == ([] if asked_for is None else [f"WATCHDOG_USEC={asked_for}"])


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "relative/path"])
def test_without_a_socket_that_it_knows_nothing_happens(
    address: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    notify = NotifySocket({"NOTIFY_SOCKET": address} if address else {}, SILENCE_S)

    notify.ready()
    notify.cycle_ended(cycle_end())
    notify.stopping()

    assert caplog.records == []
    assert list(tmp_path.iterdir()) == []


def test_a_socket_that_is_gone_or_full_costs_a_line_and_no_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    NotifySocket({"NOTIFY_SOCKET": str(tmp_path / "gone")}, SILENCE_S).ready()
    systemd = Systemd(str(tmp_path / "full"))
    notify = NotifySocket({"NOTIFY_SOCKET": systemd.address}, SILENCE_S)
    for _ in range(2000):
        notify.cycle_ended(cycle_end())
    systemd.close()

    said = {record.getMessage() for record in caplog.records}
    assert "systemd could not be told READY=1: No such file or directory" in said
    assert "systemd could not be told WATCHDOG=1: Resource temporarily unavailable" in said
