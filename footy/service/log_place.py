"""Where the log of an instance is: in its data folder, or in the store."""

import time
from typing import TYPE_CHECKING, Any

import msgspec

from footy.errors import ConfigError
from footy.outputs.record_values import duration_text
from footy.record import Heartbeat
from footy.service.health import longest_silence_s
from footy.service.paths import Files
from footy.settings import Mode, Settings
from footy.times import unix_seconds

if TYPE_CHECKING:
    from footy.history.place import LogPlace, WriterPlace
    from footy.sinks.ledger import Ledger
    from footy.sinks.store_ledger import StoreLedger
    from footy.store.address import StoreAddress

MISSING = "FOOTY_STORE needs the package psycopg: .venv/bin/pip install -r requirements-postgres.txt"
"""What is said if the extra `postgres` is not installed."""


def store_address(settings: Settings, mode: Mode) -> "StoreAddress | None":
    """Return where the store is; None if there is none. The demo, a world of its own, never touches it.

    Raises:
        ConfigError: The package is missing.
    """
    if settings.store is None or mode is Mode.DEMO:
        return None
    try:
        import psycopg  # noqa: F401, PLC0415 - only if there is a store
    except ImportError:
        raise ConfigError(MISSING) from None
    from footy.store.address import StoreAddress  # noqa: PLC0415

    passfile = None if settings.passfile is None else str(settings.passfile.expanduser())
    return StoreAddress(settings.store_url(), settings.lease, passfile)


def log_place(settings: Settings, mode: Mode) -> "LogPlace":
    """Return where the log of an instance in this mode is.

    Raises:
        ConfigError: A package is missing.
    """
    address = store_address(settings, mode)
    if address is None:
        from footy.history.place import FilePlace  # noqa: PLC0415 - only if there is a log

        return FilePlace(Files(settings.folder(mode)).events)
    from footy.store.place import StorePlace  # noqa: PLC0415 - only if there is a store

    return StorePlace(address)


def writer_place(settings: Settings, mode: Mode, **session: Any) -> "WriterPlace":
    """Return where the service writes its log; `session` is how it does in a store: see `StoreWriterPlace`.

    Raises:
        ConfigError: A package is missing.
    """
    address = store_address(settings, mode)
    if address is None:
        from footy.history.place import FilePlace  # noqa: PLC0415 - only if there is a log

        return FilePlace(Files(settings.folder(mode)).events)
    from footy.store.place import StoreWriterPlace  # noqa: PLC0415 - only if there is a store

    return StoreWriterPlace(address, **session)


def message_ledger(settings: Settings, mode: Mode) -> "Ledger | StoreLedger | None":
    """Return the ledger of messages of an instance in this mode, for reading; None if none were sent.

    Raises:
        ConfigError: A package is missing.
    """
    address = store_address(settings, mode)
    if address is None:
        from footy.sinks.ledger import Ledger  # noqa: PLC0415 - only where it is asked for

        sent = Files(settings.folder(mode)).sent
        return Ledger(sent, "") if sent.exists() else None
    from footy.sinks.store_ledger import StoreLedger  # noqa: PLC0415 - only if there is a store
    from footy.store.session import Session  # noqa: PLC0415 - as above

    return StoreLedger(Session(address, application_name="footy reader", read_only=True), "")


def reader_health(beat: Heartbeat | None, problem: str | None, now: float) -> tuple[bool, str]:
    """Return whether the leader is well, and a line for people, as a reader on any machine can know it.

    Args:
        beat: The heartbeat that was published last.
        problem: Why the store cannot be read; None if it can.
        now: Unix seconds.
    """
    if problem is not None:
        return False, f"Pipeline is not known: {problem}"
    if beat is None:
        return False, "Pipeline has not published a heartbeat yet"
    last = beat["last_success_at"]
    because = f"; last error: {beat['last_error']}" if beat["last_error"] else ""
    if last is None:
        return False, f"Pipeline has had no successful cycle yet{because}"
    age = now - unix_seconds(last)
    if age >= longest_silence_s(beat["interval_s"]):
        return False, f"Pipeline is silent: its last success is {duration_text(age)} old{because}"
    return True, f"Pipeline is running, its last success is {duration_text(age)} old"


def leader_health(settings: Settings, mode: Mode) -> tuple[bool, str]:
    """Return how the leader is by what it published in the store, for a machine without a service.

    Raises:
        LogError: The store cannot be read.
    """
    place = log_place(settings, mode)
    content = place.published("heartbeat.json")
    beat = None if content is None else msgspec.json.decode(content, type=Heartbeat)
    is_well, line = reader_health(beat, None, time.time())
    return is_well, f"{line} – {place.where}"
