"""Start the service in the background, wait for its first snapshot, stop it, and show its log."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from footy.errors import CannotWriteError, Exit, FootyError
from footy.record import Heartbeat
from footy.service.health import lease_text, stands_by
from footy.service.heartbeat import read_heartbeat
from footy.service.lock import Role, belongs_to_another, running_owner
from footy.service.paths import Files, prepare_folder
from footy.settings import Mode, Settings

FIRST_SNAPSHOT_S = 60.0
TERM_S = 10.0
POLL_S = 0.1
TRY_AGAIN_S = 0.5

Say = Callable[[str], None]


class NoLogError(FootyError):
    """There is no log to show."""

    exit_code = Exit.USAGE


class CannotStopError(FootyError):
    """The service belongs to another user."""

    exit_code = Exit.LOCKED


def start(settings: Settings, mode: Mode, say: Say) -> Exit:  # noqa: PLR0911 - one for each end
    """Start the service unless it is running, and wait for its first snapshot.

    Raises:
        FootyError: The data folder cannot be written.
    """
    files = Files(settings.folder(mode))
    where = _where(files, demo=mode is Mode.DEMO)
    prepare_folder(files.folder)
    end = time.monotonic() + FIRST_SNAPSHOT_S
    child: subprocess.Popen[bytes] | None = None
    while time.monotonic() < end:
        if child is None:
            if (running := _service(files)) is not None:
                say(f"footy is already running (PID: {running.pid}){where}")
                _say_page(_heartbeat(files, running.pid), say)
                return Exit.OK
            child = _spawn(files, mode)
        code = child.poll()
        if code == Exit.LOCKED:
            # Another start was faster, or a single cycle holds the lock and will end soon.
            child = None
        elif code is not None:
            return _ended(files, code, say)
        elif (beat := _heartbeat(files, child.pid)) is not None and beat["last_success_at"] is not None:
            say(f"footy is running (PID: {child.pid}){where}")
            say(f"First snapshot: {files.matches}")
            _say_page(beat, say)
            return Exit.OK
        elif beat is not None and (lease := beat.get("lease")) is not None and stands_by(lease):
            say(f"footy stands by (PID: {child.pid}): {lease_text(lease)}{where}")
            return Exit.OK
        elif beat is not None and beat.get("last_error_code") == Exit.REFUSED:
            say(f"The vendor refuses: {beat['last_error']}")
            say(f"footy (PID: {child.pid}) goes on trying; run bash start.sh check for details{where}")
            return Exit.REFUSED
        time.sleep(POLL_S if child is not None else TRY_AGAIN_S)
    if child is None:
        return _ended(files, Exit.LOCKED, say)
    beat = _heartbeat(files, child.pid)
    why = (beat and beat["last_error"]) or "the first cycle is not over yet"
    say(f"footy is running (PID: {child.pid}) but has published no snapshot yet: {why}{where}")
    say(f"It goes on trying; see {files.log}")
    return Exit.OK


def stop(settings: Settings, mode: Mode, say: Say) -> Exit:
    """Stop the service: SIGTERM, then SIGKILL after `TERM_S`; stop a demo if only that is running.

    Raises:
        CannotStopError: This user may not stop it.
    """
    tried = {one: Files(settings.folder(one)) for one in (mode, Mode.DEMO)}
    for one_mode, files in tried.items():
        if (stranger := belongs_to_another(files)) is not None:
            raise CannotStopError(f"footy cannot be stopped by this user: {stranger}.")
        held = running_owner(files)
        if held is None:
            continue
        process = held[1]
        family = [process, *_children(process)]
        try:
            process.terminate()
        except psutil.AccessDenied:
            raise CannotStopError(
                f"footy (PID: {process.pid}) belongs to {process.username()}, who alone can stop it."
            ) from None
        except psutil.NoSuchProcess:
            pass
        alive = _left_of(family, TERM_S)
        for one in alive:
            with contextlib.suppress(psutil.Error):
                one.kill()
        _left_of(alive, TERM_S)
        how = "stopped" if not alive else f"did not stop within {TERM_S:.0f} s and was killed"
        say(f"footy (PID: {process.pid}) {how}{_where(files, demo=one_mode is Mode.DEMO)}")
        return Exit.OK
    say(f"footy is not running{_where(tried[mode], demo=mode is Mode.DEMO)}")
    return Exit.OK


def follow_log(settings: Settings, mode: Mode, complain: Say) -> Exit:
    """Replace this process by `tail -F` on the log; on the demo's, with a notice, if there is no other.

    Raises:
        NoLogError: Nothing has been logged in this folder.
    """
    log = Files(settings.folder(mode)).log
    if not log.exists() and running_owner(Files(settings.folder(mode))) is not None:
        complain(f"{log} was removed or renamed; the next entry begins a new one")
    elif not log.exists():
        absent, log = log, Files(settings.folder(Mode.DEMO)).log
        if not log.exists():
            raise NoLogError(f"There is no log yet at {absent}: start footy first.")
        complain(f"there is no log yet at {absent}: this is the demo's, {log}")
    sys.stdout.flush()
    os.execvp("tail", ["tail", "-n", "50", "-F", str(log)])  # noqa: S606, S607 - the user's own tail


def _where(files: Files, *, demo: bool) -> str:
    """Return the end of a line, which names the instance."""
    return f"{' (demo)' if demo else ''} – data folder {files.folder}"


def _say_page(beat: Heartbeat | None, say: Say) -> None:
    """Print the address of the page, if the service serves one."""
    page = None if beat is None else beat.get("page")
    if page is not None:
        say(f"Page: {page}")


def _service(files: Files) -> psutil.Process | None:
    held = running_owner(files)
    return held[1] if held is not None and held[0].doing is Role.SERVICE else None


def _heartbeat(files: Files, pid: int) -> Heartbeat | None:
    """Return the heartbeat if this process wrote it, not an earlier one."""
    beat = read_heartbeat(files)
    return beat if beat is not None and beat["pid"] == pid else None


def _ended(files: Files, code: int, say: Say) -> Exit:
    """Print why the service ended before its first snapshot, and return its exit code."""
    if code < 0:
        say(f"footy was ended by signal {-code} before its first snapshot.")
    elif last_line := _last_line(files.start_out):
        say(last_line)
    else:
        say(f"footy ended with exit code {code} and wrote nothing to {files.start_out}: is the disk full?")
    return Exit(code) if code in set(Exit) else Exit.BUG


def _left_of(processes: list[psutil.Process], within_s: float) -> list[psutil.Process]:
    """Wait for the processes to end, and return those that are still running."""
    end = time.monotonic() + within_s
    while (alive := [one for one in processes if _lives(one)]) and time.monotonic() < end:
        time.sleep(POLL_S / 2)
    return alive


def _lives(process: psutil.Process) -> bool:
    """Check whether a process is running. A zombie, which its parent has not reaped, is not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _spawn(files: Files, mode: Mode) -> "subprocess.Popen[bytes]":
    """Start the service in a session of its own, with its output in start.out."""
    flags = ["--demo"] if mode is Mode.DEMO else []
    try:
        with files.start_out.open("wb") as out:
            return subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
                [sys.executable, "-m", "footy", "--continuous", *flags],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
    except OSError as error:
        raise CannotWriteError(f"{files.start_out} cannot be written ({error.strerror}).") from None


def _last_line(path: Path) -> str:
    with contextlib.suppress(OSError):
        lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else ""
    return ""
