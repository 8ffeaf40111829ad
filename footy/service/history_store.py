"""Opens the log and the archive of an instance, for the commands that only read them."""

from footy.analysis.tables import Store
from footy.errors import Exit, FootyError
from footy.service.log_place import log_place
from footy.settings import Mode, Settings


class NoHistoryError(FootyError):
    """There is no log of events to read."""

    exit_code = Exit.USAGE


def opened_store(settings: Settings, mode: Mode) -> Store:
    """Open what an instance has written; the caller closes it.

    Raises:
        NoHistoryError: There is nothing yet.
        LogError: It cannot be opened.
        ConfigError: A package is missing.
    """
    place = log_place(settings, mode)
    if place.exists():
        return place.read()
    if settings.events == "off":
        raise NoHistoryError("There are no events: FOOTY_EVENTS is off.")
    raise NoHistoryError(f"There is no log of events yet at {place.shown}: start footy first.")
