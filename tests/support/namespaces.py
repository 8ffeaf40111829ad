"""Network namespaces: a machine with a link to the store and one to the vendor, which can be set down."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support.network import changing


def _ip(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["ip", *words], capture_output=True, text=True, timeout=10, check=False, stdin=subprocess.DEVNULL
    )


def _must(*words: str) -> None:
    done = _ip(*words)
    assert done.returncode == 0, (words, done.stderr)


def need_namespaces() -> None:
    """Skip the test where namespaces cannot be made; fail it where `CI` is set and it runs as root."""
    if shutil.which("ip") is None:
        pytest.skip("iproute2 is not installed")
    name = f"footy-try-{os.getpid()}"
    done = _ip("netns", "add", name)
    if done.returncode:
        if os.environ.get("CI") and os.geteuid() == 0:
            pytest.fail(done.stderr)
        pytest.skip(f"network namespaces are not permitted here: {done.stderr.strip()}")
    _ip("netns", "delete", name)


@dataclass(frozen=True)
class Namespace:
    """A machine's network."""

    name: str
    vendor_address: str
    """From which its calls come."""
    _links: dict[str, str]

    @property
    def prefix(self) -> tuple[str, ...]:
        """The words before a program that runs in it."""
        return ("ip", "netns", "exec", self.name)

    def set_link(self, to: str, *, up: bool) -> None:
        """Set the link to the `vendor` or to the `store` up or down."""
        _must("link", "set", self._links[to], "up" if up else "down")


@contextlib.contextmanager
def namespaces(count: int) -> Iterator[tuple[list[Namespace], str, str]]:
    """Yield namespaces, and the addresses of the vendor and the store that all of them reach."""
    need_namespaces()
    net = f"10.{200 + os.getpid() % 50}"
    hosts = {"vendor": f"{net}.255.1", "store": f"{net}.255.2"}
    with contextlib.ExitStack() as undo:
        undo.enter_context(changing())
        for host in hosts.values():
            _must("addr", "add", f"{host}/32", "dev", "lo")
            undo.callback(_ip, "addr", "delete", f"{host}/32", "dev", "lo")
        made = []
        for number in range(count):
            name = f"footy-{os.getpid()}-{number}"
            _must("netns", "add", name)
            undo.callback(_ip, "netns", "delete", name)
            links = {}
            for link, (to, host) in enumerate(hosts.items()):
                outside, inside = f"f{os.getpid() % 100_000}-{number}{link}", f"to-{to}"
                subnet = f"{net}.{10 * number + link}"
                _must("link", "add", outside, "type", "veth", "peer", "name", inside, "netns", name)
                undo.callback(_ip, "link", "delete", outside)
                _must("addr", "add", f"{subnet}.1/24", "dev", outside)
                _must("link", "set", outside, "up")
                _must("-n", name, "addr", "add", f"{subnet}.2/24", "dev", inside)
                _must("-n", name, "link", "set", inside, "up")
                _must("-n", name, "route", "add", f"{host}/32", "via", f"{subnet}.1", "dev", inside)
                links[to] = outside
            _must("-n", name, "link", "set", "lo", "up")
            made.append(Namespace(name, f"{net}.{10 * number}.2", links))
        yield made, hosts["vendor"], hosts["store"]
