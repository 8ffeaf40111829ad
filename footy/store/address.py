"""Where a store is; without a database driver, so that settings and commands can name it."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

SCHEMA = "footy"
"""The schema, unless FOOTY_LEASE names another instance."""


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """A database, and in it the schema of one instance."""

    url: str = field(repr=False)
    """As libpq takes it; it may hold a password."""
    schema: str = SCHEMA
    passfile: str | None = None
    """A file with passwords, as libpq's PGPASSFILE."""

    @property
    def shown(self) -> str:
        """Return the store as messages name it: hosts, database and schema, nothing secret."""
        parts = urlsplit(self.url)
        hosts = parts.netloc.rpartition("@")[2] or "the local socket"
        database = parts.path.strip("/")
        beside = "" if self.schema == SCHEMA else f", schema {self.schema}"
        return f"{hosts}/{database}{beside}" if database else f"{hosts}{beside}"
