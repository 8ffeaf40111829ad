"""The state on disk, so that a restart is not cold: bounded by the live list, atomic, versioned."""

import contextlib
import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import msgspec

from footy.files import write_atomically
from footy.mirror.state import PushHealth, References, State

log = logging.getLogger(__name__)

NAME = "board.msgpack"
VERSION = 3
"""Version of this file and of all types in it; a file of another version is ignored."""
TRUSTED_S = 3600.0
"""Seconds; an older state is ignored: requesting all changes since costs more than a cold start."""
SAVE_EVERY_S = 30.0


class Checkpoints(Protocol):
    """Where the state is kept."""

    def load(self) -> State:
        """Return the saved state; an empty one if there is none that can be trusted."""

    def save(self, state: State, *, now: float | None = None, at_once: bool = False) -> None:
        """Save the state, if it is time to."""


@dataclass(frozen=True, slots=True)
class _Saved:
    version: int
    asked: str
    """Base URL of the vendor: the matches of another server are different ones."""
    early_window: tuple[int, int]
    """The early window that the odds were reduced for; for another one they must be read again."""
    saved_at: float
    state: State


class Checkpoint:
    """Saves the state from time to time, and restores it after a restart."""

    def __init__(self, path: Path, asked: str, early_window: tuple[int, int]) -> None:
        self._path = path
        self._asked = asked
        self._early_window = early_window
        self._saved_at = 0.0

    def load(self) -> State:
        """Return the saved state; an empty one if there is none that can be trusted."""
        try:
            content = self._path.read_bytes()
        except OSError:
            return State()
        found = unpacked(content, self._asked, self._early_window)
        if found is None or not 0 <= time.time() - found[1] <= TRUSTED_S:
            return State()
        return found[0]

    def save(self, state: State, *, now: float | None = None, at_once: bool = False) -> None:
        """Save the state unless one was saved within `SAVE_EVERY_S`; if that fails, a restart is cold."""
        now = time.time() if now is None else now
        if not at_once and 0 <= now - self._saved_at < SAVE_EVERY_S:
            return
        self._saved_at = now
        lean = replace(state, references=References(), push=PushHealth())
        with contextlib.suppress(OSError):
            write_atomically(self._path, packed(lean, self._asked, self._early_window, now))


def packed(state: State, asked: str, early_window: tuple[int, int], now: float) -> bytes:
    """Return a state as bytes; the other arguments say for whom it can be used."""
    return msgspec.msgpack.encode(_Saved(VERSION, asked, early_window, now, state))


def unpacked(content: bytes, asked: str, early_window: tuple[int, int]) -> tuple[State, float] | None:
    """Return a state and when it was saved; None if it is of another version, vendor or early window."""
    try:
        saved = msgspec.msgpack.decode(content, type=_Saved)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        log.info("The saved state is of another version or broken, and is left: %s", error)
        return None
    ours = (saved.version, saved.asked, saved.early_window) == (VERSION, asked, early_window)
    return (saved.state, saved.saved_at) if ours else None
