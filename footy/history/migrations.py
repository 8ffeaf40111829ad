"""The schema of `footy.db` by version: each script migrates from the previous version to its own."""

SCRIPTS: tuple[str, ...] = (
    """
    CREATE TABLE match (
        id TEXT PRIMARY KEY,
        emitted BLOB NOT NULL,
        first REAL NOT NULL,
        last REAL NOT NULL,
        finished REAL,
        home TEXT,
        away TEXT,
        competition TEXT,
        open INTEGER NOT NULL
    );
    CREATE INDEX match_last ON match (last);
    CREATE INDEX match_open ON match (last) WHERE open;
    CREATE TABLE event (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        type TEXT NOT NULL,
        match TEXT,
        at REAL NOT NULL,
        seen_at TEXT NOT NULL,
        data BLOB NOT NULL
    );
    CREATE INDEX event_match ON event (match, seq);
    CREATE INDEX event_at ON event (at);
    CREATE INDEX event_price ON event (at)
        WHERE type IN ('line_moved', 'price_moved', 'reopened', 'suspended');
    CREATE TABLE cycle (
        at REAL NOT NULL,
        listed INTEGER NOT NULL,
        matches INTEGER NOT NULL,
        events INTEGER NOT NULL
    );
    CREATE INDEX cycle_at ON cycle (at);
    CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB) WITHOUT ROWID;
    INSERT INTO meta VALUES ('newest', 0), ('complete_after', 0), ('newest_at', 0.0), ('listed_at', NULL),
        ('listed', '[]');
    """,
    # Alerts are few among millions of events, and are read all together.
    """
    CREATE INDEX event_alert ON event (seq) WHERE type IN ('alert', 'alert_settled');
    """,
)
"""`PRAGMA user_version` is the number of scripts that were run on a file."""

VERSION = len(SCRIPTS)
