"""A warm takeover: the next leader has the mirror, the names in it, and the calls of the last minute."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from footy.clock import CLOCK, SET_FROM_S
from footy.history.log import LogError
from footy.mirror.checkpoint import TRUSTED_S, packed, unpacked
from footy.mirror.state import Held, References, State
from footy.reference.lookup import Lookup
from footy.service.store_of_term import StoreOfTerm
from footy.store.mirror import StoredMirror
from footy.store.quota import StoredQuota
from footy.thesports import endpoints
from footy.thesports.request import CATEGORY_LIST, COUNTRY_LIST, Request

log = logging.getLogger("footy")


class StoredCheckpoint:
    """Keeps the state in the store, after each cycle and each poll between two cycles.

    Args:
        store: The store, for this term.
        asked: Base URL of the vendor.
        early_window: The early window that the odds were reduced for.
        lookup: Gets the names in the saved state, so that no machine asks for them again.
    """

    def __init__(self, store: StoreOfTerm, asked: str, early_window: tuple[int, int], lookup: Lookup) -> None:
        self._store = store
        self._mirror = StoredMirror(store.session())
        self._for = asked, early_window
        self._lookup = lookup

    def load(self) -> State:
        """Return the state that the former leader saved, its times as this machine's clock has them.

        An empty one if there is none that can be trusted.
        """
        try:
            saved = self._mirror.load()
        except LogError as error:
            log.warning("The state of the former leader cannot be read, this start is cold: %s", error)
            return State()
        found = None if saved is None else unpacked(saved.state, *self._for)
        if saved is None or found is None or saved.age_s > TRUSTED_S:
            return State()
        step_s = CLOCK.now() - saved.age_s - saved.saved_at
        state = found[0].shifted(step_s) if abs(step_s) >= SET_FROM_S else found[0]
        self._lookup.recall(_known(state.references))
        log.info("The state of the former leader is %.0f s old", saved.age_s)
        return state

    def save(self, state: State, *, now: float | None = None, at_once: bool = False) -> None:  # noqa: ARG002
        """Save the state; if that fails, the next leader's start is colder."""
        if self._store.is_down():
            return
        now = CLOCK.now() if now is None else now
        try:
            self._mirror.save(packed(state, *self._for, now), at=now)
        except LogError as error:
            log.warning("The state was not saved for the next leader: %s", error)


def _known(references: References) -> Mapping[Request, Held[Any]]:
    """Return references by the request that asks for each."""
    return {
        **{Request(endpoints.TEAM, key): held for key, held in references.teams.items()},
        **{Request(endpoints.COMPETITION, key): held for key, held in references.competitions.items()},
        COUNTRY_LIST: references.countries,
        CATEGORY_LIST: references.categories,
    }


class CallsInStore:
    """Keeps the calls of the last minute in the store: ages by the server's clock."""

    def __init__(self, store: StoreOfTerm) -> None:
        self._store = store
        self._saved = StoredQuota(store.session())

    def load(self) -> Mapping[str, Sequence[float]]:
        """Return how many seconds ago the calls on each endpoint were made.

        Raises:
            LogError: They cannot be read: nobody may ask without them.
        """
        return self._saved.load()

    def save(self, ages: Mapping[str, Sequence[float]]) -> bool:
        """Save the calls; return whether that was done."""
        if self._store.is_down():
            return False
        try:
            self._saved.save(ages)
        except LogError as error:
            log.warning("The calls were not saved for the next leader: %s", error)
            return False
        return True
