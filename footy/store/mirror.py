"""The leader's mirror, as bytes, so that the next leader is warm."""

from typing import NamedTuple

from footy.store.session import Session


class SavedMirror(NamedTuple):
    """A mirror that was saved."""

    state: bytes
    age_s: float
    """By the server's clock."""
    saved_at: float
    """Unix seconds, by the clock of the machine that saved it."""


class StoredMirror:
    """Saves the mirror of a leader, and gives it to the next one."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def save(self, state: bytes, *, at: float) -> None:
        """Save the mirror in place of the one before.

        Raises:
            LogError: It was not saved.
        """
        with self._session.transaction() as cursor:
            cursor.execute(
                "INSERT INTO mirror (at, saved_at, state) VALUES (clock_timestamp(), %s, %b)"
                " ON CONFLICT (singleton) DO UPDATE SET"
                " at = excluded.at, saved_at = excluded.saved_at, state = excluded.state",
                (at, state),
            )

    def load(self) -> SavedMirror | None:
        """Return the last saved mirror; None if there is none.

        Raises:
            LogError: It cannot be read.
        """
        rows = self._session.query(
            "SELECT state, extract(epoch FROM clock_timestamp() - at)::float8, saved_at FROM mirror"
        )
        return SavedMirror(*rows[0]) if rows else None
