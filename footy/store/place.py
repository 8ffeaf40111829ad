"""A log in the store, for whatever reads it."""

from pathlib import Path

from footy.history.log import LogError
from footy.history.place import KeptLog, WrittenLog
from footy.store.address import StoreAddress
from footy.store.connect import APPLICATION, TIMEOUT_S, connected, translated
from footy.store.migrations import version_of
from footy.store.postgres_log import check_version, opened, opened_for_reading
from footy.store.published import Published
from footy.store.session import Fence, Session, no_fence


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
        with (
            connected(self._address, application_name="footy reader", read_only=True) as connection,
            translated(self._address, "read"),
        ):
            return version_of(connection, self._address) is not None

    def identity(self) -> object:
        """Return the same for every log: one that is made anew there has another epoch."""
        return True

    def read(self) -> KeptLog:
        """Open the log for reading."""
        return opened_for_reading(self._address)

    def published(self, name: str) -> bytes | None:
        """Return what the leader published last.

        Raises:
            LogError: The store cannot be read.
        """
        session = Session(self._address, application_name="footy reader", read_only=True)
        try:
            check_version(session)
            return Published(session).read(name)
        finally:
            session.close()


class StoreWriterPlace:
    """The log of the leader.

    Args:
        address: Where the store is.
        application_name: How its session is named in `pg_stat_activity`.
        fence: The lease's, see `footy.store.session`.
        timeout_s: The longest wait for the server.
    """

    def __init__(
        self,
        address: StoreAddress,
        *,
        application_name: str = APPLICATION,
        fence: Fence = no_fence,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._address = address
        self._application_name = application_name
        self._fence = fence
        self._timeout_s = timeout_s

    @property
    def name(self) -> str:
        """Return hosts, database and schema."""
        return f"in the store {self._address.shown}"

    @property
    def is_shared(self) -> bool:
        """Return True: another leader may have written."""
        return True

    def identity(self) -> object:
        """Return the same for every log: one that is made anew there has another epoch."""
        return True

    def open(self) -> tuple[WrittenLog, Path | None]:
        """Open the log for writing; make or migrate its schema."""
        log = opened(
            self._address,
            application_name=self._application_name,
            fence=self._fence,
            timeout_s=self._timeout_s,
        )
        return log, None

    def set_aside(self) -> Path:
        """Refuse: nobody but its administrator replaces a database.

        Raises:
            LogError: Always.
        """
        raise LogError("it is left as it is: restore a backup of the database, see docs/store.md")
