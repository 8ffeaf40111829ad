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
    """
    ALTER TABLE match ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX match_to_archive ON match (last) WHERE NOT archived;
    CREATE TABLE odds (
        match TEXT NOT NULL,
        kind INTEGER NOT NULL,
        rows INTEGER NOT NULL,
        at REAL NOT NULL,
        data BLOB NOT NULL
    );
    CREATE INDEX odds_match ON odds (match);
    CREATE TABLE minute (
        match TEXT NOT NULL,
        minute INTEGER NOT NULL,
        rows INTEGER NOT NULL,
        data BLOB NOT NULL,
        PRIMARY KEY (match, minute)
    );
    CREATE TABLE archive (
        match TEXT PRIMARY KEY,
        state TEXT NOT NULL,
        at REAL NOT NULL,
        tries INTEGER NOT NULL,
        next_at REAL NOT NULL,
        rows INTEGER NOT NULL,
        left_out INTEGER NOT NULL,
        note TEXT
    );
    """,
)
"""`PRAGMA user_version` is the number of scripts that were run on a file."""

VERSION = len(SCRIPTS)
