"""The errors that footy raises, each with its exit code."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every footy command (after BSD's sysexits.h)."""

    OK = 0
    UNHEALTHY = 1
    """Only from health and status, if the instance is not healthy."""
    USAGE = 64
    UNAVAILABLE = 69
    BUG = 70
    CANNOT_WRITE = 73
    LOCKED = 75
    REFUSED = 77
    CONFIG = 78


class FootyError(Exception):
    """An expected failure; its text is one plain sentence for the operator, without any secret."""

    exit_code: Exit = Exit.BUG


class ConfigError(FootyError):
    """A setting is missing or wrong."""

    exit_code = Exit.CONFIG


class CannotWriteError(FootyError):
    """The data folder or a file in it cannot be written."""

    exit_code = Exit.CANNOT_WRITE


class LockedError(FootyError):
    """Another instance holds the lock of this data folder."""

    exit_code = Exit.LOCKED
