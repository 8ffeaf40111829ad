"""The schema of the store by version: each script migrates from the previous version to its own."""

import psycopg
from psycopg import sql

from footy.history.log import LogError
from footy.store.address import StoreAddress
from footy.store.connect import APPLICATION, TIMEOUT_S, Connection, as_log_error, connected
from footy.store.errors import NewerStoreError

SCRIPTS: tuple[str, ...] = (
    """
    CREATE TABLE meta (
        singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
        version integer NOT NULL,
        epoch text NOT NULL,
        newest bigint NOT NULL DEFAULT 0,
        newest_at double precision NOT NULL DEFAULT 0,
        complete_after bigint NOT NULL DEFAULT 0,
        bytes bigint NOT NULL DEFAULT 0,
        listed_at double precision,
        listed jsonb NOT NULL DEFAULT '[]'
    ) WITH (fillfactor = 50);
    INSERT INTO meta (version, epoch) VALUES (1, substr(md5(gen_random_uuid()::text), 1, 8));
    CREATE TABLE match (
        id text PRIMARY KEY,
        emitted bytea NOT NULL,
        first double precision NOT NULL,
        last double precision NOT NULL,
        finished double precision,
        home text,
        away text,
        competition text,
        open boolean NOT NULL,
        archived boolean NOT NULL DEFAULT false
    );
    CREATE INDEX match_last ON match (last);
    CREATE INDEX match_open ON match (last) WHERE open;
    CREATE TABLE event (
        seq bigint PRIMARY KEY,
        id text NOT NULL UNIQUE,
        type text NOT NULL,
        match text,
        at double precision NOT NULL,
        seen_at text NOT NULL,
        data jsonb NOT NULL,
        bytes integer NOT NULL
    );
    CREATE INDEX event_match ON event (match, seq);
    CREATE INDEX event_at ON event (at);
    CREATE INDEX event_price ON event (at)
        WHERE type IN ('line_moved', 'price_moved', 'reopened', 'suspended');
    CREATE INDEX event_alert ON event (seq) WHERE type IN ('alert', 'alert_settled');
    CREATE INDEX event_operational ON event (at) WHERE match IS NULL;
    CREATE TABLE cycle (
        at double precision NOT NULL,
        listed boolean NOT NULL,
        matches integer NOT NULL,
        events integer NOT NULL
    );
    CREATE INDEX cycle_at ON cycle (at);
    CREATE INDEX match_waiting ON match (last) WHERE NOT archived;
    CREATE TABLE odds (
        number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        match text NOT NULL,
        kind smallint NOT NULL,
        rows integer NOT NULL,
        at double precision NOT NULL,
        data bytea NOT NULL
    );
    ALTER TABLE odds ALTER COLUMN data SET STORAGE EXTERNAL;
    CREATE INDEX odds_match ON odds (match);
    CREATE TABLE minute (
        match text NOT NULL,
        minute bigint NOT NULL,
        rows integer NOT NULL,
        data bytea NOT NULL,
        PRIMARY KEY (match, minute)
    );
    CREATE TABLE archive (
        match text PRIMARY KEY,
        state text NOT NULL,
        at double precision NOT NULL,
        tries integer NOT NULL,
        next_at double precision NOT NULL,
        rows integer NOT NULL,
        left_out integer NOT NULL,
        note text
    );
    CREATE TABLE record (
        match text PRIMARY KEY,
        at timestamptz NOT NULL DEFAULT now(),
        record jsonb NOT NULL
    );
    CREATE TABLE published (
        name text PRIMARY KEY,
        at timestamptz NOT NULL DEFAULT now(),
        body bytea
    );
    ALTER TABLE published ALTER COLUMN body SET STORAGE EXTERNAL;
    CREATE TABLE mirror (
        singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
        at timestamptz NOT NULL,
        saved_at double precision NOT NULL,
        state bytea NOT NULL
    );
    ALTER TABLE mirror ALTER COLUMN state SET STORAGE EXTERNAL;
    CREATE TABLE quota (
        singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
        at timestamptz NOT NULL,
        ages jsonb NOT NULL
    ) WITH (fillfactor = 50);
    CREATE TABLE lease (
        name text PRIMARY KEY,
        holder text NOT NULL,
        epoch bigint NOT NULL,
        until timestamptz NOT NULL,
        since timestamptz NOT NULL,
        released boolean NOT NULL,
        account text NOT NULL,
        salt text NOT NULL,
        ahead_s double precision NOT NULL
    );
    CREATE TABLE standby (
        name text NOT NULL,
        holder text NOT NULL,
        seen_at timestamptz NOT NULL,
        PRIMARY KEY (name, holder)
    );
    """,
    """
    CREATE TABLE cursor (
        target text PRIMARY KEY,
        epoch text NOT NULL,
        sequence bigint NOT NULL
    );
    CREATE TABLE sent (
        target text NOT NULL,
        event text NOT NULL,
        state text NOT NULL,
        at double precision NOT NULL,
        PRIMARY KEY (target, event)
    );
    """,
)
"""`meta.version` is the number of scripts that were run on a schema."""

VERSION = len(SCRIPTS)


def migrate(
    address: StoreAddress, *, application_name: str = APPLICATION, timeout_s: float = TIMEOUT_S
) -> None:
    """Create the schema, or bring it to this version; of several processes one does it, the others wait.

    Raises:
        NewerStoreError: A newer version of footy made it.
        StoreRefusedError: The user may not create or change it.
        LogError: It failed, and the schema is as it was.
    """
    with connected(address, application_name=application_name, timeout_s=timeout_s) as connection:
        try:
            if version_of(connection, address) == VERSION:
                return
            with connection.transaction():
                lock = f"footy {address.schema}"
                connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (lock,))
                _migrate(connection, address)
        except psycopg.Error as error:
            raise as_log_error(address, error, "prepared") from None


def _migrate(connection: Connection, address: StoreAddress) -> None:
    version = version_of(connection, address)  # again: another process may have done it meanwhile
    if version == VERSION:
        return
    connection.execute("SET LOCAL statement_timeout = 0")  # a migration may rewrite a large table
    if version is None:
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(address.schema)))
    connection.timeout_s = 3600.0
    for script in SCRIPTS[version or 0 :]:
        connection.execute(script)
    connection.execute("UPDATE meta SET version = %s", (VERSION,))


def version_of(connection: Connection, address: StoreAddress) -> int | None:
    """Return the version of the schema; None if there is none.

    Raises:
        NewerStoreError: It is newer than this footy.
    """
    row = connection.execute(
        "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = %s AND c.relname = 'meta'",
        (address.schema,),
    ).fetchone()
    if row is None:
        return None
    found = connection.execute("SELECT version FROM meta").fetchone()
    if found is None:
        raise LogError(f"The store {address.shown} has lost its head: restore a backup")
    version: int = found[0]
    if version > VERSION:
        raise NewerStoreError(f"The store {address.shown} was made by a newer version of footy")
    return version
