"""The packages of the extra `query`, or the sentence that says how to install them."""

from typing import TYPE_CHECKING, Any

from footy.errors import ConfigError

if TYPE_CHECKING:
    import duckdb

INSTALL = ".venv/bin/pip install -r requirements-query.txt"


class MissingExtraError(ConfigError):
    """Packages that are not installed are needed."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} needs the packages duckdb and nanoarrow: {INSTALL}")


def require(what: str) -> None:
    """Check that the packages are there.

    Raises:
        MissingExtraError: They are not.
    """
    try:
        import duckdb  # noqa: F401, PLC0415 - 66 MB that only analysts need
        import nanoarrow  # noqa: F401, PLC0415
    except ImportError:
        raise MissingExtraError(what) from None


def connect(**config: Any) -> "duckdb.DuckDBPyConnection":
    """Open an empty database in memory that uses no more of the machine than it is given.

    Args:
        config: Settings of DuckDB.
    """
    import duckdb  # noqa: PLC0415

    return duckdb.connect(
        ":memory:",
        config={
            "threads": 2,
            "temp_directory": "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
            **config,
        },
    )
