"""The state on disk, so that a restart does not start cold: bounded by the live list, atomic, versioned."""

import contextlib
import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from footy.files import write_atomically
from footy.mirror.state import References, State

log = logging.getLogger(__name__)

NAME = "board.msgpack"
VERSION = 2
"""Of this file and of all types in it: another one is not read."""
TRUSTED_S = 3600.0
"""A state older than this is left: asking for all changes since would be dearer than starting cold."""
SAVE_EVERY_S = 30.0


@dataclass(frozen=True, slots=True)
class _Saved:
    version: int
    asked: str
    """Whom the state was asked from: another server's matches are not these."""
    early_window: tuple[int, int]
    """The window that the odds were cut down for; for another one they must be read anew."""
    saved_at: float
    state: State


class Checkpoint:
    """Saves a state now and then, and gives it back after a restart."""

    def __init__(self, path: Path, asked: str, early_window: tuple[int, int]) -> None:
        self._path = path
        self._asked = asked
        self._early_window = early_window
        self._saved_at = 0.0

    def load(self) -> State:
        """Return the state that was saved; an empty one where there is none that can be trusted."""
        try:
            saved = msgspec.msgpack.decode(self._path.read_bytes(), type=_Saved)
        except OSError:
            return State()
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            log.info("The saved board is of another version or broken, and is left: %s", error)
            return State()
        age = time.time() - saved.saved_at
        ours = (saved.version, saved.asked, saved.early_window) == (VERSION, self._asked, self._early_window)
        return saved.state if ours and 0 <= age <= TRUSTED_S else State()

    def save(self, state: State, *, now: float | None = None, at_once: bool = False) -> None:
        """Save the state, unless one was saved a moment ago; where that fails, a restart is cold."""
        now = time.time() if now is None else now
        if not at_once and 0 <= now - self._saved_at < SAVE_EVERY_S:
            return
        self._saved_at = now
        lean = replace(state, references=References())
        with contextlib.suppress(OSError, OverflowError):  # the latter is a number beyond 64 bits
            saved = _Saved(VERSION, self._asked, self._early_window, now, lean)
            write_atomically(self._path, msgspec.msgpack.encode(saved))
