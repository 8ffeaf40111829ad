"""A log in the store, for whatever reads it."""

from footy.history.log import Log
from footy.store.address import StoreAddress
from footy.store.connect import connected
from footy.store.migrations import version_of
from footy.store.postgres_log import opened_for_reading
from footy.store.published import Published
from footy.store.session import Session


class StorePlace:
    """A schema in PostgreSQL."""

    def __init__(self, address: StoreAddress) -> None:
        self._address = address

    @property
    def shown(self) -> str:
        """Return hosts, database and schema."""
        return f"the store {self._address.shown}"

    @property
    def where(self) -> str:
        """Return the same: all is in one schema."""
        return self.shown

    def exists(self) -> bool:
        """Check whether the schema is there.

        Raises:
            LogError: The store cannot be reached, or refuses.
        """
        with connected(self._address, application_name="footy reader", read_only=True) as connection:
            return version_of(connection, self._address) is not None

    def identity(self) -> object:
        """Return the same for every log: one that is made anew there has another epoch."""
        return True

    def read(self) -> Log:
        """Open the log for reading."""
        return opened_for_reading(self._address)

    def published(self, name: str) -> bytes | None:
        """Return what the leader published last.

        Raises:
            LogError: The store cannot be read.
        """
        session = Session(self._address, application_name="footy reader", read_only=True)
        try:
            return Published(session).read(name)
        finally:
            session.close()
