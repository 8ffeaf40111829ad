"""How a store fails: each a log's failure too, so that whatever reads or writes a log deals with it."""

from footy.errors import Exit
from footy.history.log import LogError, NewerLogError


class StoreUnreachableError(LogError):
    """The server does not answer, or the connection was lost."""

    exit_code = Exit.UNAVAILABLE


class StoreRefusedError(LogError):
    """The server refuses the user, the database or what is asked: somebody must change a setting."""

    exit_code = Exit.CONFIG


class NewerStoreError(NewerLogError):
    """A newer version of footy made the schema."""

    exit_code = Exit.CONFIG
