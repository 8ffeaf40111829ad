"""States of the service for systemd: sd_notify(3), a datagram to the socket that it names.

`READY=1` is sent when the scheduler runs, not after the first published cycle: while the vendor is down or
refuses the account, footy goes on trying and has nothing to publish, and `systemctl start` would end it after
its time-out. `WATCHDOG=1` is sent for each published cycle, so that a service that publishes nothing for the
watchdog's time is started again. Without `NOTIFY_SOCKET` nothing happens.
"""

import contextlib
import logging
import os
import socket
from collections.abc import Mapping

from footy.service.cycle_end import CycleEnd

log = logging.getLogger(__name__)

STATUS_LENGTH = 200
"""Characters of the one line that `systemctl status` shows."""


class NotifySocket:
    """Sends states to the service manager; never blocks, and a failure stops nothing."""

    def __init__(self, environ: Mapping[str, str], longest_silence_s: float) -> None:
        """Take the address from the environment.

        Args:
            environ: The process's environment.
            longest_silence_s: How long a service that is well may go without a published cycle, in seconds.
                A watchdog of the unit that would bite sooner is made as long as that.
        """
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._longer_watchdog_us = _longer_watchdog_us(environ, longest_silence_s)

    def ready(self) -> None:
        """Say that the service has started: its scheduler runs."""
        states = ["READY=1", "STATUS=The first cycle runs"]
        if self._longer_watchdog_us is not None:
            states.append(f"WATCHDOG_USEC={self._longer_watchdog_us}")
        self._send(states)

    def cycle_ended(self, end: CycleEnd) -> None:
        """Say how a cycle ended, and, if it published a snapshot, that the service lives."""
        self._send([*(["WATCHDOG=1"] if end.published else []), f"STATUS={_status(end)}"])

    def stands_by(self, status: str) -> None:
        """Say that the service has started and lives, as a standby: it publishes nothing."""
        self._send(["READY=1", "WATCHDOG=1", f"STATUS={status[:STATUS_LENGTH]}"])

    def stopping(self) -> None:
        """Say that the service stops."""
        self._send(["STOPPING=1", "STATUS=Stopping"])

    def _send(self, states: list[str]) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
                sending.setblocking(False)
                sending.sendto("\n".join(states).encode(), self._address)
        except OSError as error:
            log.warning("systemd could not be told %s: %s", states[0], error.strerror or error)


def _address(text: str) -> str | None:
    """Return where to send to: a path, or `@` and an abstract name; None if it is none of these."""
    if text.startswith("@"):
        return f"\0{text[1:]}"
    return text if text.startswith("/") else None


def _longer_watchdog_us(environ: Mapping[str, str], longest_silence_s: float) -> int | None:
    """Return the time that this process's watchdog needs, in µs, if it is set to less; else None."""
    needed = round(longest_silence_s * 1_000_000)
    with contextlib.suppress(ValueError):
        ours = int(environ.get("WATCHDOG_PID") or os.getpid()) == os.getpid()
        if ours and 0 < int(environ.get("WATCHDOG_USEC") or 0) < needed:
            return needed
    return None


def _status(end: CycleEnd) -> str:
    """Return one line that says how a cycle ended; the vendor's words in it cannot begin another state."""
    if end.error is not None:
        line = f"Cycle {end.number} failed: {end.error}"
    elif end.meta is not None:
        counts = end.meta["counts"]
        whole = "complete" if end.meta["complete"] else "incomplete"
        line = f"Cycle {end.number}: {counts['live']} matches, {counts['in_play']} in play, {whole}"
    else:
        line = f"Cycle {end.number}"
    line = "".join(character if character.isprintable() else " " for character in line)
    return line[:STATUS_LENGTH]
